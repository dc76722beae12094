//! The manager, which exists once, and the package that is coming.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use zonda::{TryBox, TryVec};
use zonda_manager::platform::Mutex;
use zonda_manager::{capability_names, ErrorOf, Manager, Policy, Transfer, Unsigned};
use zonda_storage::{Geometry, Name, Storage};

use crate::lock::Lock;
use crate::platform::{Firmware, FlashError, Partition};
use crate::system::{self, zonda_apps_flash_open, zonda_apps_get_config};
use crate::text;

/// A package that is coming.
pub struct Upload {
    pub transfer: Transfer,
    pub name: Name,
    pub len: u32,
    pub id: [u8; 32],
}

/// What exists once it is started.
pub struct Started {
    pub manager: Manager<Firmware>,
    pub upload: Lock<Option<Upload>>,
}

static STARTED: AtomicPtr<Started> = AtomicPtr::new(null_mut());

/// The manager, once it is started.
pub fn started() -> Option<&'static Started> {
    // SAFETY: `start` stores a pointer to a box that it never frees, once it is complete.
    unsafe { STARTED.load(Ordering::Acquire).as_ref() }
}

/// Why the manager does not start.
pub enum StartError {
    Before,
    /// A capability that does not exist.
    Grant(&'static str),
    Manager(ErrorOf<Firmware>),
}

impl<E: Into<ErrorOf<Firmware>>> From<E> for StartError {
    fn from(error: E) -> StartError {
        StartError::Manager(error.into())
    }
}

/// Opens the partition, makes the manager and boots. Called once, by one thread.
pub fn start() -> Result<(), StartError> {
    if started().is_some() {
        return Err(StartError::Before);
    }
    // SAFETY: the platform returns a pointer to constant data that stays.
    let config = unsafe { &*zonda_apps_get_config() };
    let policy = Policy {
        unsigned: match config.unsigned_packages {
            0 => Unsigned::Refused,
            1 => Unsigned::Verified,
            _ => Unsigned::Accepted,
        },
        grants: grants(config)?,
        trial_ms: config.trial_ms,
    };
    let started = make(policy, config.slots as usize)?;
    STARTED.store(started, Ordering::Release);
    // SAFETY: the box is never freed.
    let started = unsafe { &*started };
    started.manager.boot()?;
    started.manager.wake_supervisor();
    Ok(())
}

/// The manager in the heap.
#[inline(never)]
fn make(policy: Policy, slots: usize) -> Result<*mut Started, ErrorOf<Firmware>> {
    let manager = Manager::new(Firmware, open()?, policy, slots)?;
    Ok(TryBox::new(Started { manager, upload: Lock::new(None) })?.into_raw())
}

/// The capabilities that the firmware grants, which stay.
fn grants(config: &system::Config) -> Result<&'static [&'static str], StartError> {
    // SAFETY: the text of the configuration ends with NUL and is constant.
    let text = unsafe { text::read(config.grants) }.unwrap_or("");
    let mut grants: TryVec<&'static str> = TryVec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let known = capability_names().find(|name| *name == word);
        grants.push(known.ok_or(StartError::Grant(word))?)?;
    }
    let grants = TryBox::new(grants)?.into_raw();
    // SAFETY: the box is never freed: the manager that it is for exists until the system ends.
    Ok(unsafe { &*grants })
}

/// Opens the storage; formats it where the partition is erased.
#[inline(never)]
fn open() -> Result<Storage<Partition>, zonda_storage::Error<FlashError>> {
    let mut sizes = system::Geometry::default();
    // SAFETY: the function fills in the structure.
    let opened = unsafe { zonda_apps_flash_open(&mut sizes) };
    if opened < 0 {
        return Err(zonda_storage::Error::Flash(FlashError(opened)));
    }
    let system::Geometry { sector_size, sectors, write_size, directory_sectors } = sizes;
    // Larger units than the storage knows are refused by it, as 0 is.
    let write_size = u8::try_from(write_size).unwrap_or(0);
    let geometry = Geometry { sector_size, sectors, write_size, directory_sectors };
    match Storage::mount(Partition, geometry) {
        Err(zonda_storage::Error::NotFormatted) => Storage::format(Partition, geometry),
        storage => storage,
    }
}
