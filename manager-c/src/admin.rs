//! Functions of `zonda_apps.h` that look at applications and change them.

use core::ffi::{c_char, c_void};
use core::fmt::Display;

use zonda_manager::platform::{Mutex, Platform};
use zonda_manager::{ErrorOf, InstallOptions, Manager};
use zonda_storage::Name;

use crate::platform::Firmware;
use crate::state::{start, started, StartError, Started, Upload};
use crate::system::{
    ErrorText, Info, Outcome, Usage, INVALID, NAME as NAME_REFUSED, NOT_STARTED, OK, TRANSFER,
    UNKNOWN,
};
use crate::text;

type Refused = (Outcome, &'static str);

const NOT_THERE: Refused = (NOT_STARTED, "the application manager is not started");
const NO_NAME: Refused = (UNKNOWN, "no application has this name");
const NO_TRANSFER: Refused = (TRANSFER, "no package is being transferred");

/// Stores why a function failed.
///
/// # Safety
/// `error` is NULL or points to a place for a text that nobody else uses.
unsafe fn explain(error: *mut ErrorText, why: &dyn Display) {
    // SAFETY: by the contract of this function, where it is not NULL.
    if let Some(error) = unsafe { error.as_mut() } {
        text::store(&mut error.text, why);
    }
}

/// The outcome of `f`, with its text.
///
/// # Safety
/// As for [`explain`].
unsafe fn outcome(
    error: *mut ErrorText,
    f: impl FnOnce(&'static Started) -> Result<(), Problem>,
) -> Outcome {
    let result = started().ok_or(Problem::Refused(NOT_THERE)).and_then(f);
    let problem = match result {
        Ok(()) => return OK,
        Err(problem) => problem,
    };
    match problem {
        Problem::Refused((outcome, why)) => {
            // SAFETY: by the contract of this function.
            unsafe { explain(error, &why) };
            outcome
        }
        Problem::Manager(why) => {
            // SAFETY: as above.
            unsafe { explain(error, &why) };
            why.number()
        }
    }
}

enum Problem {
    Refused(Refused),
    Manager(ErrorOf<Firmware>),
}

impl From<ErrorOf<Firmware>> for Problem {
    fn from(error: ErrorOf<Firmware>) -> Problem {
        Problem::Manager(error)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        Problem::Refused(refused)
    }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_apps_start(error: *mut ErrorText) -> Outcome {
    let problem = match start() {
        Ok(()) => return OK,
        Err(problem) => problem,
    };
    // SAFETY: the caller passes NULL or a place for a text.
    unsafe {
        match problem {
            StartError::Before => {
                explain(error, &"the application manager was started before");
                NOT_STARTED
            }
            StartError::Grant(name) => {
                explain(error, &format_args!("there is no capability {name}"));
                INVALID
            }
            StartError::Manager(why) => {
                explain(error, &why);
                why.number()
            }
        }
    }
}

#[no_mangle]
pub extern "C" fn zonda_apps_end() {
    if let Some(started) = started() {
        started.manager.end_all();
    }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_apps_usage(usage: *mut Usage, error: *mut ErrorText) -> Outcome {
    let store = |started: &Started| {
        let zonda_storage::Usage { total, free, largest, erases, directory_erases } =
            started.manager.usage()?;
        // SAFETY: the caller passes a place for the structure.
        unsafe { usage.write(Usage { total, free, largest, erases, directory_erases }) };
        Ok(())
    };
    // SAFETY: the caller passes NULL or a place for a text.
    unsafe { outcome(error, store) }
}

/// What C gets to know of an application.
fn info_for_c(manager: &Manager<Firmware>, info: &zonda_manager::Info, slot: usize) -> Info {
    let now = manager.platform().now();
    let wait = info.restart_at.map(|at| at.saturating_sub(now));
    let mut stored = Info {
        name: [0; crate::system::NAME_SIZE],
        on_trial: info.trial,
        version: info.version.0,
        state: info.state as u32,
        security_version: info.security_version,
        restart_in_ms: wait.map_or(u32::MAX, |wait| u32::try_from(wait).unwrap_or(u32::MAX - 1)),
        queued: info.queued as u32,
        subscriptions: info.subscriptions as u32,
        requests: info.requests as u32,
        events: info.statistics.events,
        dropped: info.statistics.dropped,
        most_fuel: info.statistics.most_fuel,
        restarts: info.statistics.restarts,
        memory: info.limits.memory,
        stack: info.limits.stack,
        heap: info.limits.heap,
        queue: info.limits.queue,
        fuel: info.limits.fuel,
        event_ms: info.limits.event_ms,
        thread_stack: info.limits.thread_stack,
        priority: info.limits.priority,
        slot: slot as u32,
        failure: [0; 96],
    };
    text::store(&mut stored.name, &info.name.as_str());
    if let Some(why) = info.failure.as_ref().or(info.reverted.as_ref()) {
        text::store(&mut stored.failure, why);
    }
    stored
}

/// Stores what `find` finds.
///
/// # Safety
/// `to` is a place for the structure.
unsafe fn store_info(
    to: *mut Info,
    find: impl FnOnce(&Manager<Firmware>) -> Option<(zonda_manager::Info, usize)>,
) -> Outcome {
    let Some(started) = started() else { return NOT_STARTED };
    let Some((info, slot)) = find(&started.manager) else { return UNKNOWN };
    // SAFETY: by the contract of this function.
    unsafe { to.write(info_for_c(&started.manager, &info, slot)) };
    OK
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_info(name: *const c_char, info: *mut Info) -> Outcome {
    // SAFETY: the caller passes a text that ends with NUL, and a place.
    unsafe { store_info(info, |manager| manager.find(text::read(name)?)) }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_info_at(slot: u32, info: *mut Info) -> Outcome {
    // SAFETY: the caller passes a place.
    unsafe { store_info(info, |manager| Some((manager.info_at(slot as usize)?, slot as usize))) }
}

/// Functions with the name of an application.
macro_rules! by_name {
    ($($function:ident $method:ident;)*) => {
        $(#[no_mangle]
        pub unsafe extern "C" fn $function(name: *const c_char, error: *mut ErrorText) -> Outcome {
            // SAFETY: the caller passes a text that ends with NUL, and NULL or a place for a text.
            unsafe {
                let name = text::read(name);
                outcome(error, |started| {
                    Ok(started.manager.$method(name.ok_or(NO_NAME)?)?)
                })
            }
        })*
    };
}

by_name! {
    zonda_app_start start;
    zonda_app_stop stop;
    zonda_app_restart restart;
    zonda_app_uninstall uninstall;
    zonda_app_confirm confirm;
    zonda_app_revert revert;
}

fn options(flags: u32) -> InstallOptions {
    InstallOptions { allow_older: flags & 1 != 0 }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_install(
    package: *const c_void,
    len: usize,
    flags: u32,
    error: *mut ErrorText,
) -> Outcome {
    // SAFETY: the caller passes a package of this length, and NULL or a place for a text.
    unsafe {
        let package = bytes(package, len);
        outcome(error, |started| Ok(started.manager.install(package, options(flags))?))
    }
}

/// Bytes of C.
///
/// # Safety
/// There are `len` bytes, which stay as they are while the result is used; or `len` is 0.
pub unsafe fn bytes<'b>(at: *const c_void, len: usize) -> &'b [u8] {
    if at.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: by the contract of this function.
    unsafe { core::slice::from_raw_parts(at.cast(), len) }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_upload_begin(
    name: *const c_char,
    len: u32,
    id: *const u8,
    offset: *mut u32,
    error: *mut ErrorText,
) -> Outcome {
    // SAFETY: the caller passes a text that ends with NUL, 32 bytes, and a place for a number.
    let (name, id) = unsafe { (text::read(name).and_then(Name::new), *id.cast::<[u8; 32]>()) };
    let begin = |started: &Started| {
        let name = name.ok_or((NAME_REFUSED, "the name of an application has 1 to 32 bytes"))?;
        started.upload.with(|upload| {
            let is_same = |old: &Upload| old.name == name && old.len == len && old.id == id;
            if !upload.as_ref().is_some_and(is_same) {
                if let Some(old) = upload.take() {
                    started.manager.abort(old.transfer);
                }
                let transfer = started.manager.begin(name.as_str(), len)?;
                *upload = Some(Upload { transfer, name, len, id });
            }
            let written = upload.as_ref().map_or(0, |upload| upload.transfer.written());
            // SAFETY: the caller passes a place for a number.
            unsafe { offset.write(written) };
            Ok(())
        })
    };
    // SAFETY: the caller passes NULL or a place for a text.
    unsafe { outcome(error, begin) }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_upload_write(
    offset: *mut u32,
    data: *const c_void,
    len: u32,
    error: *mut ErrorText,
) -> Outcome {
    let write = |started: &Started| {
        started.upload.with(|upload| {
            let upload = upload.as_mut().ok_or(NO_TRANSFER)?;
            // SAFETY: the caller passes a number, and data of this length.
            let (at, data) = unsafe { (*offset, bytes(data, len as usize)) };
            let is_next = at == upload.transfer.written();
            let result = if is_next {
                started.manager.write(&mut upload.transfer, data).map_err(Problem::from)
            } else {
                Err((TRANSFER, "the transfer is at another offset").into())
            };
            // SAFETY: the caller passes a place for a number.
            unsafe { offset.write(upload.transfer.written()) };
            result
        })
    };
    // SAFETY: the caller passes NULL or a place for a text.
    unsafe { outcome(error, write) }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_upload_finish(flags: u32, error: *mut ErrorText) -> Outcome {
    let finish = |started: &Started| {
        let upload = started.upload.with(Option::take).ok_or(NO_TRANSFER)?;
        Ok(started.manager.finish(upload.transfer, options(flags))?)
    };
    // SAFETY: the caller passes NULL or a place for a text.
    unsafe { outcome(error, finish) }
}

#[no_mangle]
pub extern "C" fn zonda_app_upload_abort() {
    let Some(started) = started() else { return };
    if let Some(upload) = started.upload.with(Option::take) {
        started.manager.abort(upload.transfer);
    }
}

/// The thread of an application.
#[no_mangle]
pub extern "C" fn zonda_apps_run(slot: u32) {
    if let Some(started) = started() {
        zonda_manager::run::<Firmware>(&&started.manager, slot as usize);
    }
}

/// A turn of the supervisor.
#[no_mangle]
pub extern "C" fn zonda_apps_supervise() {
    if let Some(started) = started() {
        let next = started.manager.supervise();
        started.manager.wait_supervisor(next);
    }
}
