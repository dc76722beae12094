//! What all threads see, behind one lock: which applications there are, in which state, what waits
//! for them.
//!
//! Nothing here waits or calls the platform. Who has to be woken is noted in `wakes`, and done when
//! the lock is open again.

use core::fmt;

use zonda::{InterruptHandle, OutOfMemory, TryVec};
use zonda_manifest::{Entry, Limits, Manifest, Restart, Version};
use zonda_storage::Name;

use crate::error::Failure;
use crate::list::remove;
use crate::record::Kept;

/// Most places for applications: a bit each says whose thread is woken.
pub(crate) const MOST_SLOTS: usize = 62;
/// How long an application that is to stop may take for its present event and `on_destroy`
/// together.
pub(crate) const STOP_MS: u64 = 5_000;
/// An application that failed later than this is not failing in a row.
pub(crate) const STABLE_MS: u64 = 60_000;

/// What an application is doing. docs/apps.md has the diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not started since the system did.
    Installed,
    /// Being loaded, and in `on_init`.
    Starting,
    /// Waiting for events, or in one.
    Running,
    /// Asked to stop: in its last event, or in `on_destroy`.
    Stopping,
    /// Stopped on request.
    Stopped,
    /// Stopped by itself, or never got to run.
    Failed,
}

impl State {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            State::Installed => "installed",
            State::Starting => "starting",
            State::Running => "running",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
            State::Failed => "failed",
        }
    }

    /// Whether a thread executes it.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, State::Starting | State::Running | State::Stopping)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What waits in a queue.
pub(crate) struct Message {
    pub entry: Entry,
    /// The connection.
    pub handle: u32,
    pub bytes: TryVec<u8>,
}

/// The queue of an application.
#[derive(Default)]
pub(crate) struct Queue {
    messages: TryVec<Message>,
    bytes: u32,
}

impl Queue {
    /// Appends a message; false if the queue has no room, or there is no memory.
    pub fn push(&mut self, limits: &Limits, message: Message) -> bool {
        let bytes =
            u32::try_from(message.bytes.len()).ok().and_then(|len| len.checked_add(self.bytes));
        let Some(bytes) = bytes.filter(|&bytes| bytes <= limits.queue_bytes) else { return false };
        if self.messages.len() >= limits.queue as usize || self.messages.push(message).is_err() {
            return false;
        }
        self.bytes = bytes;
        true
    }

    pub fn pop(&mut self) -> Option<Message> {
        let message = remove(&mut self.messages, 0)?;
        self.bytes -= message.bytes.len() as u32;
        Some(message)
    }

    pub fn len(&self) -> usize {
        self.messages.len()
    }
}

/// A request that waits for its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub mid: u32,
    /// The run of the application that shall answer.
    pub to: u32,
}

/// What a manifest says, as far as it does not have to be read again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub version: Version,
    pub security_version: u32,
    pub limits: Limits,
    pub restart: Restart,
    pub key: Option<[u8; 8]>,
}

impl Profile {
    pub fn new(manifest: &Manifest<'_>, security_version: u32) -> Profile {
        let Manifest { version, limits, restart, key, .. } = *manifest;
        Profile { version, security_version, limits, restart, key }
    }
}

/// An application in its place.
pub(crate) struct App<C> {
    pub name: Name,
    pub profile: Profile,
    pub state: State,
    /// Number of this run: the sender in its packets. 0 before the first.
    pub id: u32,
    /// What the thread takes when it begins.
    pub code: Option<C>,
    /// The version that runs, or ran last, is on trial.
    pub trial: bool,
    /// Since when it is running.
    pub running_since: u64,
    /// Somebody exchanges its versions: nobody else starts or stops it.
    pub is_held: bool,
    /// There is a thread that was not joined.
    pub has_thread: bool,
    /// Since when it shall stop.
    pub stop_at: Option<u64>,
    pub queue: Queue,
    /// Of the running store.
    pub interrupt: Option<InterruptHandle>,
    /// Since when the present event runs.
    pub event_since: Option<u64>,
    /// The present event was ended for its time.
    pub is_over: bool,
    pub resources: TryVec<TryVec<u8>>,
    pub events: TryVec<TryVec<u8>>,
    pub pending: TryVec<Pending>,
    pub failure: Option<Failure>,
    /// An update was taken back for this.
    pub reverted: Option<Failure>,
    /// Failures in a row.
    pub failures: u32,
    pub restart_at: Option<u64>,
    pub statistics: Statistics,
    /// Of its last trap.
    pub record: Kept,
}

/// What is counted of an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Events that were delivered.
    pub events: u32,
    /// Messages that were lost: no room in the queue, no handler, or no memory for them in the
    /// application.
    pub dropped: u32,
    /// Most fuel that an event took.
    pub most_fuel: u32,
    /// Times that it was started again because it failed.
    pub restarts: u32,
}

impl<C> App<C> {
    pub fn new(name: Name, profile: Profile) -> App<C> {
        App {
            name,
            profile,
            state: State::Installed,
            id: 0,
            code: None,
            trial: false,
            running_since: 0,
            is_held: false,
            has_thread: false,
            stop_at: None,
            queue: Queue::default(),
            interrupt: None,
            event_since: None,
            is_over: false,
            resources: TryVec::new(),
            events: TryVec::new(),
            pending: TryVec::new(),
            failure: None,
            reverted: None,
            failures: 0,
            restart_at: None,
            statistics: Statistics::default(),
            record: Kept::default(),
        }
    }

    /// Whether it takes messages.
    pub fn is_reachable(&self) -> bool {
        matches!(self.state, State::Starting | State::Running)
    }

    /// When the present event has to end.
    pub fn event_end(&self) -> Option<u64> {
        let since = self.event_since?;
        let limit = u64::from(self.profile.limits.event_ms);
        let end = (limit != 0).then(|| since.saturating_add(limit));
        let stop = self.stop_at.map(|at| at.saturating_add(STOP_MS));
        [end, stop].into_iter().flatten().min()
    }

    /// Frees what a run held.
    fn clear(&mut self) {
        self.code = None;
        self.queue = Queue::default();
        self.interrupt = None;
        self.event_since = None;
        self.is_over = false;
        self.stop_at = None;
        self.resources = TryVec::new();
        self.events = TryVec::new();
        self.pending = TryVec::new();
    }
}

/// The request of [`crate::Manager::request`].
#[derive(Default)]
pub(crate) struct HostSide {
    pub next_mid: u32,
    pub pending: Option<Pending>,
    pub response: Option<TryVec<u8>>,
}

/// Everything behind the lock.
pub(crate) struct Shared<C> {
    pub apps: TryVec<Option<App<C>>>,
    next_id: u32,
    pub host: HostSide,
    /// When the supervisor looks again, whatever happens.
    pub supervisor_next: u64,
    /// A bit for each slot whose thread has something to do.
    pub wakes: u64,
}

impl<C> Shared<C> {
    pub fn new(slots: usize) -> Result<Shared<C>, OutOfMemory> {
        let mut apps = TryVec::with_capacity(slots)?;
        for _ in 0..slots {
            apps.push(None)?;
        }
        Ok(Shared {
            apps,
            next_id: 1,
            host: HostSide::default(),
            supervisor_next: u64::MAX,
            wakes: 0,
        })
    }

    pub fn find(&self, name: &Name) -> Option<usize> {
        self.apps.iter().position(|app| app.as_ref().is_some_and(|app| app.name == *name))
    }

    pub fn app(&mut self, slot: usize) -> Option<&mut App<C>> {
        self.apps.get_mut(slot)?.as_mut()
    }

    /// The live application with this number of its run.
    pub fn running(&mut self, id: u32) -> Option<(usize, &mut App<C>)> {
        let apps = self.apps.iter_mut().enumerate();
        apps.filter_map(|(slot, app)| Some((slot, app.as_mut()?)))
            .find(|(_, app)| app.id == id && app.state.is_live())
    }

    pub fn wake(&mut self, slot: usize) {
        self.wakes |= 1 << (slot as u32 & 63);
    }

    pub fn wake_host(&mut self) {
        self.wake(self.apps.len());
    }

    pub fn wake_supervisor(&mut self) {
        self.wake(self.apps.len() + 1);
    }

    /// Begins a run.
    pub fn begin(&mut self, slot: usize, code: C, profile: Profile, trial: bool) {
        let id = self.next_id;
        // The numbers of the firmware are the highest ones.
        self.next_id = if id >= 0x7FFF_FFFF { 1 } else { id + 1 };
        let Some(app) = self.app(slot) else { return };
        app.clear();
        app.id = id;
        app.profile = profile;
        app.trial = trial;
        app.code = Some(code);
        app.state = State::Starting;
        app.failure = None;
        app.restart_at = None;
        app.has_thread = true;
    }

    /// Ends a run: frees what it held, answers those who wait for it, and notes when it is started
    /// again.
    pub fn end(&mut self, slot: usize, now: u64, failure: Option<Failure>) {
        let Some(app) = self.app(slot) else { return };
        let id = app.id;
        let is_stop = app.stop_at.is_some() || failure.is_none();
        let was_running = app.state == State::Running;
        app.clear();
        app.state = if is_stop { State::Stopped } else { State::Failed };
        if is_stop {
            app.failures = 0;
        } else {
            let is_stable = was_running && now.saturating_sub(app.running_since) >= STABLE_MS;
            app.failures = if is_stable { 1 } else { app.failures.saturating_add(1) };
            let wait = app.profile.restart.wait_ms(app.failures).filter(|_| !app.trial);
            app.restart_at = wait.map(|wait| now.saturating_add(wait.into()));
        }
        app.failure = failure;
        self.unanswered(id);
        self.wake_supervisor();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::copy;

    fn message(len: usize) -> Message {
        Message { entry: Entry::Request, handle: 0, bytes: copy(&std::vec![0; len]).unwrap() }
    }

    #[test]
    fn a_queue_is_bounded_by_messages_and_bytes() {
        let limits = Limits { queue: 2, queue_bytes: 10, ..Limits::default() };
        let mut queue = Queue::default();
        assert!(!queue.push(&limits, message(11)));
        assert!(queue.push(&limits, message(10)));
        assert!(!queue.push(&limits, message(1)));
        assert!(queue.push(&limits, message(0)));
        assert!(!queue.push(&limits, message(0)));
        assert_eq!(queue.pop().unwrap().bytes.len(), 10);
        assert!(queue.push(&limits, message(9)));
        assert_eq!((queue.len(), queue.bytes), (2, 9));
    }
}
