//! What the manager asks of the system. `host` implements it with the standard library; a firmware
//! implements it over its own threads, locks and drivers.

use core::ops::Deref;

use zonda::TryVec;
use zonda_manifest::Limits;
use zonda_signature::{SignatureError, SignedFile};
use zonda_storage::Flash;

use crate::attributes::Builder;
use crate::devices::Devices;
use crate::packet::Request;
use crate::Manager;

/// A lock with what it protects.
pub trait Mutex<T>: Send + Sync {
    /// An open lock.
    fn new(value: T) -> Self;

    /// Calls `f` with the value, while nobody else has it.
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R;
}

/// The system could not make a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoThread;

/// The bytes of an application cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// The flash failed.
    Flash,
    /// No memory for a copy.
    OutOfMemory,
}

/// What an application wants to be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// `TCP`, `UDP` or `UART`.
    pub kind: &'a str,
    /// Attribute container with what belongs to the kind: `address` and `port`.
    pub args: &'a [u8],
}

/// Who owns a connection: what it receives goes to [`Manager::received`] with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Place of the application.
    pub slot: usize,
    /// Number of this run of it.
    pub id: u32,
    /// Number of the connection, which the manager chose.
    pub connection: u32,
}

/// The answer of the firmware to a request.
pub struct Answer {
    /// CoAP's code.
    pub status: u8,
    /// Format of the payload.
    pub fmt: u16,
    /// Payload.
    pub payload: TryVec<u8>,
}

/// The system.
///
/// Threads are numbered by *slots*: 0 to the number of applications less 1 for their threads, then
/// one for whoever calls [`Manager::request`], then one for the thread that calls
/// [`Manager::supervise`].
pub trait Platform: Devices + Sized + Send + Sync + 'static {
    /// A lock.
    type Mutex<T: Send>: Mutex<T>;
    /// The flash with the applications.
    type Flash: Flash<Error: core::fmt::Debug + core::fmt::Display> + Send;
    /// The bytes of an installed application: where they are, or a copy in RAM.
    type Code: Deref<Target = [u8]> + Send;
    /// How threads refer to the manager.
    type Handle: Deref<Target = Manager<Self>> + Clone + Send + 'static;

    /// Milliseconds of a clock that only rises.
    fn now(&self) -> u64;

    /// Prints what an application prints.
    fn print(&self, application: &str, text: &[u8]);

    /// The bytes of an installed application.
    ///
    /// # Errors
    /// [`CodeError`].
    fn code(&self, flash: &mut Self::Flash, at: u32, len: u32) -> Result<Self::Code, CodeError>;

    /// Checks the signature of a file against the keys that the system trusts.
    ///
    /// # Errors
    /// [`SignatureError`].
    fn verify(&self, file: &SignedFile<'_>) -> Result<(), SignatureError>;

    /// Makes a thread that calls [`run`](crate::run()) with this slot and then ends.
    ///
    /// # Errors
    /// [`NoThread`].
    fn spawn(&self, slot: usize, application: &str, limits: &Limits) -> Result<(), NoThread>;

    /// Waits until the thread of this slot has ended, and frees it. Returns at once if there is
    /// none.
    fn join(&self, slot: usize);

    /// Waits until [`Platform::wake`] is called for this slot, which may have happened already, or
    /// until this time.
    fn wait(&self, slot: usize, until: Option<u64>);

    /// Ends one [`Platform::wait`] of this slot, the present or the next one.
    fn wake(&self, slot: usize);

    /// The state of an application has changed, or its update was taken back.
    fn changed(&self, application: &str, state: crate::State, why: Option<&crate::Failure>) {
        let _ = (application, state, why);
    }

    /// An application has published an event: for firmware that takes part. Called by the
    /// application's thread.
    fn published(&self, event: &Request<'_>) {
        let _ = event;
    }

    /// Answers a request, if the firmware has the resource. Called by the thread that asks, with no
    /// lock.
    fn answer(&self, request: &Request<'_>) -> Option<Answer> {
        let _ = request;
        None
    }

    /// The number of a sensor; None if there is none.
    fn sensor(&self, name: &str, index: u32) -> Option<u32> {
        let _ = (name, index);
        None
    }

    /// Passes a configuration to a sensor, as an attribute container that was checked. Whether it
    /// is accepted.
    fn configure_sensor(&self, sensor: u32, config: &[u8]) -> bool {
        let _ = (sensor, config);
        false
    }

    /// Reads a sensor; None if there is no value now.
    fn read_sensor(&self, sensor: u32) -> Option<Builder> {
        let _ = sensor;
        None
    }

    /// Opens a connection. Whether it is open.
    fn connect(&self, owner: Owner, endpoint: &Endpoint<'_>) -> bool {
        let _ = (owner, endpoint);
        false
    }

    /// Sends without waiting; how many bytes were taken, None if the connection is closed or has no
    /// room.
    fn send(&self, owner: Owner, data: &[u8]) -> Option<usize> {
        let _ = (owner, data);
        None
    }

    /// Closes a connection. Afterwards [`Manager::received`] is not called for it.
    fn disconnect(&self, owner: Owner) {
        let _ = owner;
    }
}
