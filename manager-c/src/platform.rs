//! The platform of the manager: what the firmware's functions in C do.

use core::cell::Cell;
use core::ffi::c_void;
use core::fmt;
use core::ops::Deref;

use zonda::TryVec;
use zonda_manager::attributes::Builder;
use zonda_manager::packet::{Request, UNAVAILABLE};
use zonda_manager::platform::{Answer, CodeError, Endpoint, NoThread, Owner, Platform};
use zonda_manager::{matches_uri, Failure, Manager, State};
use zonda_manifest::Limits;
use zonda_signature::{SignatureError, SignedFile};
use zonda_storage::Flash;

use crate::lock::Lock;
use crate::net;
use crate::system::*;
use crate::text;

/// The system, whose state is in C.
pub struct Firmware;

/// A number that a function of the flash returned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlashError(pub i32);

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {}", self.0)
    }
}

/// The partition, whose state is in C.
pub struct Partition;

fn outcome(number: i32) -> Result<(), FlashError> {
    if number < 0 {
        return Err(FlashError(number));
    }
    Ok(())
}

impl Flash for Partition {
    type Error = FlashError;

    fn read(&mut self, at: u32, to: &mut [u8]) -> Result<(), FlashError> {
        // SAFETY: the function writes `to.len()` bytes at most.
        outcome(unsafe { zonda_apps_flash_read(at, to.as_mut_ptr(), to.len()) })
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), FlashError> {
        // SAFETY: the function reads `from.len()` bytes.
        outcome(unsafe { zonda_apps_flash_write(at, from.as_ptr(), from.len()) })
    }

    fn erase(&mut self, sector: u16) -> Result<(), FlashError> {
        // SAFETY: the function has no precondition; what is erased is the store's to know.
        outcome(unsafe { zonda_apps_flash_erase(sector) })
    }
}

/// The bytes of an application.
pub enum Code {
    /// In the flash.
    InPlace(&'static [u8]),
    /// Where the flash is not in memory.
    Copy(TryVec<u8>),
}

impl Deref for Code {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Code::InPlace(bytes) => bytes,
            Code::Copy(bytes) => bytes,
        }
    }
}

/// An entry of a table of the firmware that `f` accepts.
fn find<T: 'static, R>(
    table: unsafe extern "C" fn(*mut usize) -> *const T,
    f: impl Fn(usize, &'static T) -> Option<R>,
) -> Option<R> {
    let mut count = 0;
    // SAFETY: the function stores a number.
    let first = unsafe { table(&mut count) };
    (0..count).find_map(|index| {
        // SAFETY: the table has `count` entries, which are constant and stay.
        f(index, unsafe { &*first.add(index) })
    })
}

/// A request as C gets it.
fn request_for_c(request: &Request<'_>) -> crate::system::Request {
    crate::system::Request {
        method: request.action,
        format: request.fmt,
        sender: request.sender as i32,
        url: request.url.as_ptr().cast(),
        url_len: request.url.len(),
        payload: request.payload.as_ptr().cast(),
        payload_len: request.payload.len(),
    }
}

/// A name that ends with NUL.
pub fn name_for_c(name: &str) -> [u8; NAME_SIZE] {
    let mut bytes = [0; NAME_SIZE];
    text::store(&mut bytes, &name);
    bytes
}

impl Platform for Firmware {
    type Mutex<T: Send> = Lock<T>;
    type Flash = Partition;
    type Code = Code;
    type Handle = &'static Manager<Firmware>;

    fn now(&self) -> u64 {
        // SAFETY: the function has no precondition, like others below without a comment on
        // pointers.
        unsafe { zonda_apps_now() }
    }

    fn print(&self, application: &str, printed: &[u8]) {
        let name = name_for_c(application);
        // SAFETY: the name ends with NUL, and the text has this length.
        unsafe { zonda_apps_print(name.as_ptr().cast(), printed.as_ptr(), printed.len()) };
    }

    fn code(&self, flash: &mut Partition, at: u32, len: u32) -> Result<Code, CodeError> {
        // SAFETY: the function has no precondition.
        let mapped = unsafe { zonda_apps_flash_mapped() };
        if !mapped.is_null() {
            // SAFETY: the store passes an extent inside of the partition, which is in memory from
            // `mapped` on. It writes and erases free sectors only, and those of an application that
            // it moves, which does not run then; so the bytes stay while they are executed, and
            // while the lock of the storage is held, as it is now.
            let bytes =
                unsafe { core::slice::from_raw_parts(mapped.add(at as usize), len as usize) };
            return Ok(Code::InPlace(bytes));
        }
        let mut bytes = TryVec::<u8>::zeroed(len as usize).map_err(|_| CodeError::OutOfMemory)?;
        flash.read(at, &mut bytes).map_err(|_| CodeError::Flash)?;
        Ok(Code::Copy(bytes))
    }

    #[cfg(feature = "signed-files")]
    fn verify(&self, file: &SignedFile<'_>) -> Result<(), SignatureError> {
        zonda::capi::verify_signature(file)
    }

    #[cfg(not(feature = "signed-files"))]
    fn verify(&self, file: &SignedFile<'_>) -> Result<(), SignatureError> {
        Err(SignatureError::NotChecked(file.algorithm))
    }

    fn spawn(&self, slot: usize, application: &str, limits: &Limits) -> Result<(), NoThread> {
        let name = name_for_c(application);
        let Limits { thread_stack, priority, .. } = *limits;
        // SAFETY: the name ends with NUL, and is copied.
        let is_made =
            unsafe { zonda_apps_spawn(slot as u32, name.as_ptr().cast(), thread_stack, priority) };
        is_made.then_some(()).ok_or(NoThread)
    }

    fn join(&self, slot: usize) {
        // SAFETY: no precondition.
        unsafe { zonda_apps_join(slot as u32) }
    }

    fn wait(&self, slot: usize, until: Option<u64>) {
        // SAFETY: no precondition.
        unsafe { zonda_apps_wait(slot as u32, until.unwrap_or(u64::MAX)) }
    }

    fn wake(&self, slot: usize) {
        // SAFETY: no precondition.
        unsafe { zonda_apps_wake(slot as u32) }
    }

    fn changed(&self, application: &str, state: State, why: Option<&Failure>) {
        let name = name_for_c(application);
        let mut reason = [0; 96];
        if let Some(why) = why {
            text::store(&mut reason, why);
        }
        // SAFETY: both texts end with NUL.
        unsafe {
            zonda_apps_changed(name.as_ptr().cast(), state as i32, reason.as_ptr().cast());
        }
    }

    fn published(&self, event: &Request<'_>) {
        let given = request_for_c(event);
        find(zonda_apps_subscribers, |_, subscriber: &Subscriber| {
            // SAFETY: the URL of an entry is NULL or ends with NUL, and is constant.
            let url = unsafe { text::read(subscriber.url) };
            let takes = subscriber.take.filter(|_| url.is_none_or(|url| url == event.url));
            if let Some(take) = takes {
                // SAFETY: the request and its slices live during the call; `data` is the firmware's
                // own.
                unsafe { take(&given, subscriber.data) };
            }
            None::<()>
        });
    }

    fn answer(&self, request: &Request<'_>) -> Option<Answer> {
        let resource = find(zonda_apps_resources, |_, resource: &Resource| {
            // SAFETY: as for subscribers.
            let url = unsafe { text::read(resource.url) }?;
            matches_uri(request.url.as_bytes(), url.as_bytes()).then_some(resource)
        })?;
        let handle = resource.handle?;
        let mut answer = Answer { status: UNAVAILABLE, fmt: 0, payload: TryVec::new() };
        // SAFETY: as for subscribers; the answer lives during the call, and nobody else uses it.
        unsafe { handle(&request_for_c(request), (&raw mut answer).cast(), resource.data) };
        Some(answer)
    }

    fn sensor(&self, name: &str, index: u32) -> Option<u32> {
        find(zonda_apps_sensors, |number, sensor: &Sensor| {
            // SAFETY: as for subscribers.
            let own = unsafe { text::read(sensor.name) }?;
            (own == name && sensor.index == index).then_some(number as u32 + 1)
        })
    }

    fn connect(&self, owner: Owner, endpoint: &Endpoint<'_>) -> bool {
        net::connect(owner, endpoint)
    }

    fn send(&self, owner: Owner, data: &[u8]) -> Option<usize> {
        net::send(owner, data)
    }

    fn disconnect(&self, owner: Owner) {
        net::disconnect(owner);
    }

    fn configure_sensor(&self, _: u32, _: &[u8]) -> bool {
        // The interval is the manager's; sensors of the firmware have nothing else to configure.
        true
    }

    fn read_sensor(&self, sensor: u32) -> Option<Builder> {
        let (read, data) = find(zonda_apps_sensors, |number, entry: &Sensor| {
            let is_it = number as u32 + 1 == sensor;
            is_it.then_some((entry.read?, entry.data))
        })?;
        let value = Cell::new(Some(Builder::new("sensor").ok()?));
        // SAFETY: the value lives during the call, and nobody else uses it.
        let is_there = unsafe { read((&raw const value).cast_mut().cast::<c_void>(), data) };
        value.take().filter(|_| is_there)
    }
}
