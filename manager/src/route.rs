//! Where requests, responses and events go. Who sends is known from the thread, not from the
//! packet: an application can neither speak for another one nor answer what it was not asked.

use zonda_manifest::Entry;

use crate::list::{copy, remove};
use crate::packet::{Request, Response, EVENT, NOT_FOUND, UNAVAILABLE};
use crate::shared::{Message, Pending, Shared};
use crate::uri::{matches, target, MOST_URI};

/// The firmware, as sender and receiver; WAMR's framework has the same number.
pub(crate) const HOST_ID: u32 = -3i32 as u32;

impl<C> Shared<C> {
    /// Registers a resource, or an event with `is_event`; false if somebody else has the resource,
    /// or the application has too many.
    pub fn register(&mut self, slot: usize, url: &[u8], is_event: bool) -> bool {
        if url.is_empty() || url.len() > MOST_URI {
            return false;
        }
        let has = |list: &[zonda::TryVec<u8>]| list.iter().any(|own| own[..] == *url);
        let taken = self.apps.iter().flatten().any(|app| has(&app.resources));
        let Some(app) = self.app(slot) else { return false };
        if if is_event { has(&app.events) } else { taken } {
            // What it has already is no failure.
            return is_event || has(&app.resources);
        }
        let count = app.resources.len() + app.events.len();
        if count >= app.profile.limits.subscriptions as usize {
            return false;
        }
        let list = if is_event { &mut app.events } else { &mut app.resources };
        copy(url).and_then(|url| list.push(url)).is_ok()
    }

    /// Puts a message into the queue of an application; false if it cannot take it.
    pub fn enqueue(&mut self, slot: usize, message: Message) -> bool {
        let Some(app) = self.app(slot) else { return false };
        let taken = app.is_reachable() && app.queue.push(&app.profile.limits, message);
        if taken {
            self.wake(slot);
        } else {
            app.statistics.dropped = app.statistics.dropped.saturating_add(1);
        }
        taken
    }

    /// Sends a request or an event of this sender, whatever the packet says of it.
    pub fn post(&mut self, sender: u32, request: &Request<'_>) {
        let request = Request { sender, ..*request };
        if request.action == EVENT {
            self.publish(&request);
        } else if let Err(status) = self.dispatch(&request) {
            self.reply(sender, request.mid, status);
        }
    }

    fn publish(&mut self, event: &Request<'_>) {
        for slot in 0..self.apps.len() {
            let Some(app) = self.app(slot) else { continue };
            let is_subscribed = app.events.iter().any(|url| url[..] == *event.url.as_bytes());
            if !is_subscribed {
                continue;
            }
            match event.pack() {
                Ok(bytes) => {
                    self.enqueue(slot, Message { entry: Entry::Request, handle: 0, bytes });
                }
                Err(_) => app.statistics.dropped = app.statistics.dropped.saturating_add(1),
            }
        }
    }

    /// Puts a request into the queue of who answers it; else the status of the response.
    fn dispatch(&mut self, request: &Request<'_>) -> Result<(), u8> {
        let (slot, url) = self.handler(request.url).ok_or(NOT_FOUND)?;
        let to = self.app(slot).map_or(0, |app| app.id);
        let pending = Pending { mid: request.mid, to };
        if request.sender == HOST_ID {
            self.host.pending = Some(pending);
        } else {
            let (_, app) = self.running(request.sender).ok_or(UNAVAILABLE)?;
            if app.pending.len() >= app.profile.limits.requests as usize {
                return Err(UNAVAILABLE);
            }
            app.pending.push(pending).map_err(|_| UNAVAILABLE)?;
        }
        let bytes = Request { url, ..*request }.pack();
        let message = bytes.map(|bytes| Message { entry: Entry::Request, handle: 0, bytes });
        let is_sent = message.is_ok_and(|message| self.enqueue(slot, message));
        if !is_sent {
            self.take_pending(request.sender, request.mid, to);
        }
        is_sent.then_some(()).ok_or(UNAVAILABLE)
    }

    /// Who answers a URI, and the URI as it knows it.
    fn handler<'u>(&self, url: &'u str) -> Option<(usize, &'u str)> {
        let mut apps = self.apps.iter().enumerate();
        let mut apps = apps.by_ref().filter_map(|(slot, app)| Some((slot, app.as_ref()?)));
        if let Some((name, rest)) = target(url) {
            let (slot, app) = apps.find(|(_, app)| app.name.as_str() == name)?;
            return (app.is_reachable() && !rest.is_empty()).then_some((slot, rest));
        }
        let answers = |resource: &zonda::TryVec<u8>| matches(url.as_bytes(), resource);
        let (slot, _) =
            apps.find(|(_, app)| app.is_reachable() && app.resources.iter().any(answers))?;
        Some((slot, url))
    }

    /// Takes a request of a sender from those that wait for `to`.
    fn take_pending(&mut self, sender: u32, mid: u32, to: u32) -> bool {
        let is_it = |pending: &Pending| (pending.mid, pending.to) == (mid, to);
        if sender == HOST_ID {
            return self.host.pending.take_if(|pending| is_it(pending)).is_some();
        }
        let Some((_, app)) = self.running(sender) else { return false };
        let index = app.pending.iter().position(is_it);
        index.is_some_and(|index| remove(&mut app.pending, index).is_some())
    }

    /// Sends a response of the application with this number; false if it was not asked.
    pub fn respond(&mut self, from: u32, response: &Response<'_>) -> bool {
        if !self.take_pending(response.receiver, response.mid, from) {
            return false;
        }
        self.give(response);
        true
    }

    /// Answers a request in the name of the manager.
    fn reply(&mut self, to: u32, mid: u32, status: u8) {
        self.give(&Response { mid, status, fmt: 0, receiver: to, payload: &[] });
    }

    /// Gives a response to its receiver. Where there is no memory for it, the receiver waits in
    /// vain.
    pub fn give(&mut self, response: &Response<'_>) {
        let Ok(bytes) = response.pack() else { return };
        if response.receiver == HOST_ID {
            self.host.response = Some(bytes);
            self.wake_host();
        } else if let Some((slot, _)) = self.running(response.receiver) {
            self.enqueue(slot, Message { entry: Entry::Response, handle: 0, bytes });
        }
    }

    /// Answers everybody who waits for an application that has ended.
    pub fn unanswered(&mut self, id: u32) {
        if let Some(pending) = self.host.pending.take_if(|pending| pending.to == id) {
            self.reply(HOST_ID, pending.mid, UNAVAILABLE);
        }
        for slot in 0..self.apps.len() {
            while let Some(app) = self.app(slot) {
                let Some(index) = app.pending.iter().position(|pending| pending.to == id) else {
                    break;
                };
                let (mid, own) =
                    (remove(&mut app.pending, index).map(|pending| pending.mid), app.id);
                if let Some(mid) = mid {
                    self.reply(own, mid, UNAVAILABLE);
                }
            }
        }
    }
}
