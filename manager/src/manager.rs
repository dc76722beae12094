//! The manager as the firmware sees it: what is there, requests, events. `admin` has what changes
//! applications.

use zonda::{OutOfMemory, TryVec};
use zonda_manifest::{Limits, Version};
use zonda_storage::{Name, Storage, Usage};

use crate::check::Policy;
use crate::error::{ErrorOf, Failure};
use crate::packet::{Request, Response, EVENT};
use crate::platform::{Answer, Mutex, Owner, Platform};
use crate::route::HOST_ID;
use crate::shared::{App, Message, Shared, State, Statistics, MOST_SLOTS};

/// Runs the applications of a storage.
pub struct Manager<P: Platform> {
    pub(crate) platform: P,
    pub(crate) policy: Policy,
    pub(crate) storage: P::Mutex<Storage<P::Flash>>,
    shared: P::Mutex<Shared<P::Code>>,
    /// One request of the firmware at a time.
    requests: P::Mutex<()>,
    slots: usize,
}

/// What is known of an application.
#[derive(Clone, Debug)]
pub struct Info {
    /// Its name.
    pub name: Name,
    /// The version that runs, or ran last, or would run.
    pub version: Version,
    /// The number by which older ones are refused.
    pub security_version: u32,
    /// What it is doing.
    pub state: State,
    /// It is an update on trial.
    pub trial: bool,
    /// Why it failed; of a stopped one, what went wrong when it stopped.
    pub failure: Option<Failure>,
    /// Why its last update was taken back.
    pub reverted: Option<Failure>,
    /// When it is started again, by the platform's clock.
    pub restart_at: Option<u64>,
    /// Messages that wait.
    pub queued: usize,
    /// Resources and events that it registered.
    pub subscriptions: usize,
    /// Its requests that wait.
    pub requests: usize,
    /// What it may take.
    pub limits: Limits,
    /// What was counted since the system started.
    pub statistics: Statistics,
}

/// Why a request of the firmware has no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// Not in time.
    Timeout,
    /// No memory.
    OutOfMemory,
}

impl core::fmt::Display for RequestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            RequestError::Timeout => "no response in time",
            RequestError::OutOfMemory => "out of memory",
        })
    }
}

impl<P: Platform> Manager<P> {
    /// A manager with places for so many applications, at most 62. [`Manager::boot`] follows.
    ///
    /// # Errors
    /// No memory.
    pub fn new(
        platform: P,
        storage: Storage<P::Flash>,
        policy: Policy,
        slots: usize,
    ) -> Result<Manager<P>, OutOfMemory> {
        let slots = slots.min(MOST_SLOTS);
        Ok(Manager {
            platform,
            policy,
            storage: Mutex::new(storage),
            shared: Mutex::new(Shared::new(slots)?),
            requests: Mutex::new(()),
            slots,
        })
    }

    /// The platform.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Uses what all threads see, and then wakes those that have something to do.
    pub(crate) fn shared<R>(&self, f: impl FnOnce(&mut Shared<P::Code>) -> R) -> R {
        let (result, mut wakes) = self.shared.with(|shared| {
            let result = f(shared);
            (result, core::mem::take(&mut shared.wakes))
        });
        while wakes != 0 {
            self.platform.wake(wakes.trailing_zeros() as usize);
            wakes &= wakes - 1;
        }
        result
    }

    /// Uses an application, if the place has one.
    pub(crate) fn app<R>(&self, slot: usize, f: impl FnOnce(&mut App<P::Code>) -> R) -> Option<R> {
        self.shared(|shared| shared.app(slot).map(f))
    }

    /// Places for applications.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Calls `each` with every application.
    pub fn list(&self, mut each: impl FnMut(&Info)) {
        for slot in 0..self.slots {
            if let Some(info) = self.app(slot, info) {
                each(&info);
            }
        }
    }

    /// An application.
    pub fn info(&self, name: &str) -> Option<Info> {
        self.find(name).map(|(info, _)| info)
    }

    /// An application, and its place.
    pub fn find(&self, name: &str) -> Option<(Info, usize)> {
        let name = Name::new(name)?;
        self.shared(|shared| {
            let slot = shared.find(&name)?;
            Some((shared.app(slot).map(info)?, slot))
        })
    }

    /// The application in a place, if there is one.
    pub fn info_at(&self, slot: usize) -> Option<Info> {
        self.app(slot, info)
    }

    /// Room and wear of the storage.
    ///
    /// # Errors
    /// The flash failed.
    pub fn usage(&self) -> Result<Usage, ErrorOf<P>> {
        Ok(self.storage.with(Storage::usage)?)
    }

    /// Sends a request of the firmware, and calls `answer` with the response. `sender` and `mid`
    /// are filled in.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn request<R>(
        &self,
        request: &Request<'_>,
        timeout_ms: u32,
        answer: impl FnOnce(&Response<'_>) -> R,
    ) -> Result<R, RequestError> {
        if let Some(own) = self.platform.answer(&Request { sender: HOST_ID, ..*request }) {
            let Answer { status, fmt, ref payload } = own;
            return Ok(answer(&Response { mid: 0, status, fmt, receiver: HOST_ID, payload }));
        }
        let bytes = self.requests.with(|()| self.wait_for_response(request, timeout_ms))?;
        let response = Response::parse(&bytes).map_err(|_| RequestError::OutOfMemory)?;
        Ok(answer(&response))
    }

    fn wait_for_response(
        &self,
        request: &Request<'_>,
        timeout_ms: u32,
    ) -> Result<TryVec<u8>, RequestError> {
        let end = self.platform.now().saturating_add(timeout_ms.into());
        self.shared(|shared| {
            shared.host.next_mid = shared.host.next_mid.wrapping_add(1);
            shared.host.response = None;
            let mid = shared.host.next_mid;
            shared.post(HOST_ID, &Request { mid, ..*request });
        });
        loop {
            if let Some(bytes) = self.shared(|shared| shared.host.response.take()) {
                return Ok(bytes);
            }
            if self.platform.now() >= end {
                self.shared(|shared| shared.host.pending = None);
                return Err(RequestError::Timeout);
            }
            self.platform.wait(self.slots, Some(end));
        }
    }

    /// Publishes an event of the firmware.
    pub fn publish(&self, url: &str, fmt: u16, payload: &[u8]) {
        let event = Request { mid: 0, action: EVENT, fmt, sender: HOST_ID, url, payload };
        self.shared(|shared| shared.post(HOST_ID, &event));
    }

    /// A connection has received data, or with no data was closed; false if the application has no
    /// room for it now.
    pub fn received(&self, owner: Owner, data: &[u8]) -> bool {
        let Ok(bytes) = crate::list::copy(data) else { return false };
        let Owner { slot, id, connection: handle } = owner;
        let message = Message { entry: zonda_manifest::Entry::Connection, handle, bytes };
        self.shared(|shared| {
            let Some(app) = shared.app(slot) else { return false };
            // The place may have another application meanwhile.
            let is_there = app.id == id && app.is_reachable();
            let is_taken = is_there && app.queue.push(&app.profile.limits, message);
            if is_taken {
                shared.wake(slot);
            }
            is_taken
        })
    }
}

fn info<C>(app: &mut App<C>) -> Info {
    Info {
        name: app.name,
        version: app.profile.version,
        security_version: app.profile.security_version,
        state: app.state,
        trial: app.trial,
        failure: app.failure.clone(),
        reverted: app.reverted.clone(),
        restart_at: app.restart_at,
        queued: app.queue.len(),
        subscriptions: app.resources.len() + app.events.len(),
        requests: app.pending.len(),
        limits: app.profile.limits,
        statistics: app.statistics,
    }
}
