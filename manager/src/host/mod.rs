//! The platform of a host: threads, locks and clock of the standard library, a flash in a file or
//! in RAM, sensors that count, simulated devices, TCP and UDP, and remote management.

pub mod devices;
mod flash;
mod net;
mod printed;
pub mod smp;

use std::boxed::Box;
use std::string::{String, ToString};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex as StdMutex, MutexGuard, OnceLock, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::vec::Vec;

use zonda_manifest::Limits;
use zonda_signature::software::{verify_parsed, PublicKey};
use zonda_signature::{Algorithm, SignatureError, SignedFile};
use zonda_storage::{Flash, Geometry, Storage};

use crate::attributes::Builder;
use crate::packet::Request;
use crate::platform::{CodeError, Endpoint, Mutex, NoThread, Owner, Platform};
use crate::{Error, Failure, Manager, Policy, State};

use devices::{Settings, Simulated, SimulatedDevices};
pub use flash::HostFlash;
use net::Connections;
pub use printed::Printed;

/// A lock of the standard library. A thread that panicked while it had the lock left the value as
/// it was then.
pub struct HostMutex<T>(StdMutex<T>);

impl<T: Send> Mutex<T> for HostMutex<T> {
    fn new(value: T) -> HostMutex<T> {
        HostMutex(StdMutex::new(value))
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut lock(&self.0))
    }
}

fn lock<T>(mutex: &StdMutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What happens, for whoever shows it.
#[derive(Debug)]
pub enum Event<'a> {
    /// An application has printed this.
    Printed(&'a [u8]),
    /// The state has changed.
    State(State, Option<&'a Failure>),
    /// The application with this number of its run has published an event.
    Published(&'a Request<'a>),
}

/// Who is told what happens.
pub type Events = Box<dyn Fn(&str, &Event<'_>) + Send + Sync>;

/// The names of all capabilities.
pub const ALL_CAPABILITIES: [&str; 12] = [
    "request",
    "resource",
    "subscribe",
    "sensor",
    "connection",
    "gpio",
    "pwm",
    "adc",
    "i2c",
    "keyvalue",
    "logging",
    "clocks",
];

/// How the host is set up.
pub struct Options {
    /// Keys that are trusted.
    pub keys: Vec<(Algorithm, Vec<u8>)>,
    /// What is permitted.
    pub policy: Policy,
    /// Places for applications.
    pub slots: usize,
    /// Names of sensors that count up from 0, each as index 0.
    pub sensors: Vec<String>,
    /// Simulated devices, with the names that applications open them by.
    pub devices: Vec<(String, Simulated)>,
    /// Where settings of applications are.
    pub settings: Settings,
    /// Called with the name of an application, which is empty where it is not known.
    pub events: Events,
}

impl Default for Options {
    /// No keys, packages without signatures that are verified, all capabilities, 16 applications.
    fn default() -> Options {
        Options {
            keys: Vec::new(),
            policy: Policy {
                unsigned: crate::Unsigned::Verified,
                grants: &ALL_CAPABILITIES,
                ..Policy::default()
            },
            slots: 16,
            sensors: Vec::new(),
            devices: Vec::new(),
            settings: Settings::default(),
            events: Box::new(|_, _| {}),
        }
    }
}

/// Wakes one thread.
#[derive(Default)]
struct Signal {
    is_raised: StdMutex<bool>,
    condvar: Condvar,
}

/// The host as platform.
pub struct Host {
    begin: Instant,
    signals: Vec<Signal>,
    threads: StdMutex<Vec<Option<JoinHandle<()>>>>,
    manager: OnceLock<Weak<Manager<Host>>>,
    sensors: Vec<(String, AtomicI32)>,
    devices: SimulatedDevices,
    connections: Connections,
    keys: Vec<(Algorithm, Vec<u8>)>,
    events: Events,
}

impl Host {
    /// The simulated devices, for whoever plays the world outside.
    pub fn devices(&self) -> &SimulatedDevices {
        &self.devices
    }
}

impl Platform for Host {
    type Mutex<T: Send> = HostMutex<T>;
    type Flash = HostFlash;
    type Code = Vec<u8>;
    type Handle = Arc<Manager<Host>>;

    fn now(&self) -> u64 {
        self.begin.elapsed().as_millis() as u64
    }

    fn print(&self, application: &str, text: &[u8]) {
        (self.events)(application, &Event::Printed(text));
    }

    fn code(&self, flash: &mut HostFlash, at: u32, len: u32) -> Result<Vec<u8>, CodeError> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len as usize).map_err(|_| CodeError::OutOfMemory)?;
        bytes.resize(len as usize, 0);
        flash.read(at, &mut bytes).map_err(|_| CodeError::Flash)?;
        Ok(bytes)
    }

    fn verify(&self, file: &SignedFile<'_>) -> Result<(), SignatureError> {
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(|(algorithm, bytes)| PublicKey { algorithm: *algorithm, bytes })
            .collect();
        verify_parsed(file, &keys)
    }

    fn spawn(&self, slot: usize, application: &str, limits: &Limits) -> Result<(), NoThread> {
        let manager = self.manager.get().and_then(Weak::upgrade).ok_or(NoThread)?;
        // Frames of a host are larger than a device's.
        let stack = (limits.thread_stack as usize).max(512 * 1024);
        let thread = std::thread::Builder::new()
            .name(application.to_string())
            .stack_size(stack)
            .spawn(move || crate::run::<Host>(&manager, slot))
            .map_err(|_| NoThread)?;
        if let Some(place) = lock(&self.threads).get_mut(slot) {
            *place = Some(thread);
        }
        Ok(())
    }

    fn join(&self, slot: usize) {
        let thread = lock(&self.threads).get_mut(slot).and_then(Option::take);
        if let Some(thread) = thread {
            // A panic of the thread is a defect of the runtime; it was printed.
            let _ = thread.join();
        }
    }

    fn wait(&self, slot: usize, until: Option<u64>) {
        let Some(signal) = self.signals.get(slot) else { return };
        let mut is_raised = lock(&signal.is_raised);
        while !*is_raised {
            let Some(until) = until else {
                let waited = signal.condvar.wait(is_raised);
                is_raised = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_sub(self.now());
            if left == 0 {
                return;
            }
            let waited = signal.condvar.wait_timeout(is_raised, Duration::from_millis(left));
            is_raised = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        *is_raised = false;
    }

    fn wake(&self, slot: usize) {
        if let Some(signal) = self.signals.get(slot) {
            *lock(&signal.is_raised) = true;
            signal.condvar.notify_one();
        }
    }

    fn changed(&self, application: &str, state: State, why: Option<&Failure>) {
        (self.events)(application, &Event::State(state, why));
    }

    fn published(&self, event: &Request<'_>) {
        (self.events)("", &Event::Published(event));
    }

    fn sensor(&self, name: &str, index: u32) -> Option<u32> {
        let place = self.sensors.iter().position(|(own, _)| own == name);
        place.filter(|_| index == 0).map(|place| place as u32 + 1)
    }

    fn configure_sensor(&self, _: u32, _: &[u8]) -> bool {
        true
    }

    fn read_sensor(&self, sensor: u32) -> Option<Builder> {
        let (name, value) = self.sensors.get(sensor.checked_sub(1)? as usize)?;
        let mut builder = Builder::new("sensor").ok()?;
        builder.text("name", name).ok()?;
        builder.int("value", value.fetch_add(1, Ordering::Relaxed)).ok()?;
        Some(builder)
    }

    fn connect(&self, owner: Owner, endpoint: &Endpoint<'_>) -> bool {
        let manager = self.manager.get().cloned().unwrap_or_default();
        self.connections.open(owner, endpoint, manager)
    }

    fn send(&self, owner: Owner, data: &[u8]) -> Option<usize> {
        self.connections.send(owner, data)
    }

    fn disconnect(&self, owner: Owner) {
        self.connections.close(owner);
    }
}

/// A manager that runs on this host, with its supervisor. Dropping it stops the applications.
pub struct Running {
    manager: Arc<Manager<Host>>,
    is_ending: Arc<AtomicBool>,
    supervisor: Option<JoinHandle<()>>,
}

impl Running {
    /// Opens the flash, which is formatted if it has no directory, and boots.
    ///
    /// # Errors
    /// As for [`Manager::boot`].
    pub fn start(
        flash: HostFlash,
        geometry: Geometry,
        options: Options,
    ) -> Result<Running, Error<std::io::ErrorKind>> {
        let storage = match Storage::mount(flash.again()?, geometry) {
            Err(zonda_storage::Error::NotFormatted) => Storage::format(flash, geometry)?,
            storage => storage?,
        };
        let Options { keys, policy, slots, sensors, devices, settings, events } = options;
        let host = Host {
            begin: Instant::now(),
            signals: (0..slots + 2).map(|_| Signal::default()).collect(),
            threads: StdMutex::new((0..slots).map(|_| None).collect()),
            manager: OnceLock::new(),
            sensors: sensors.into_iter().map(|name| (name, AtomicI32::new(0))).collect(),
            devices: SimulatedDevices::new(devices, settings)
                .map_err(|error| zonda_storage::Error::Flash(error.kind()))?,
            connections: Connections::default(),
            keys,
            events,
        };
        let manager = Arc::new(Manager::new(host, storage, policy, slots)?);
        let _ = manager.platform().manager.set(Arc::downgrade(&manager));
        let is_ending = Arc::new(AtomicBool::new(false));
        let (supervised, ends) = (manager.clone(), is_ending.clone());
        let supervisor = std::thread::spawn(move || {
            while !ends.load(Ordering::Acquire) {
                let next = supervised.supervise();
                supervised.wait_supervisor(next);
            }
        });
        let running = Running { manager, is_ending, supervisor: Some(supervisor) };
        running.manager.boot()?;
        Ok(running)
    }

    /// Stops all applications without changing what is started next time, as switching off does.
    fn end(&mut self) {
        self.manager.end_all();
        self.is_ending.store(true, Ordering::Release);
        self.manager.wake_supervisor();
        if let Some(supervisor) = self.supervisor.take() {
            let _ = supervisor.join();
        }
    }
}

impl core::ops::Deref for Running {
    type Target = Manager<Host>;

    fn deref(&self) -> &Manager<Host> {
        &self.manager
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
