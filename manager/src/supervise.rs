//! What happens at its time: events that take too long end, applications that failed start again,
//! updates stay or are taken back, threads that ended are freed.

use zonda_storage::{Storage, Version};

use crate::platform::{Mutex, Platform};
use crate::shared::{App, Shared, State};
use crate::Manager;

/// What has to be done with an application, under the lock of the storage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Reap,
    Revert,
    Confirm,
    Restart,
}

/// The next thing to do with an application.
fn action<C>(app: &App<C>, now: u64, trial_ms: u32) -> Option<Action> {
    if app.is_held {
        None
    } else if app.trial && app.state == State::Failed {
        Some(Action::Revert)
    } else if app.restart_at.is_some_and(|at| at <= now) {
        Some(Action::Restart)
    } else if app.has_thread && !app.state.is_live() {
        Some(Action::Reap)
    } else {
        trial_end(app, trial_ms).filter(|&end| end <= now).map(|_| Action::Confirm)
    }
}

/// When an update on trial stays.
fn trial_end<C>(app: &App<C>, trial_ms: u32) -> Option<u64> {
    let is_tried = app.trial && app.state == State::Running;
    is_tried.then(|| app.running_since.saturating_add(trial_ms.into()))
}

impl<C> Shared<C> {
    /// Ends events that have taken too long.
    fn end_late_events(&mut self, now: u64) {
        for app in self.apps.iter_mut().flatten() {
            if !app.is_over && app.event_end().is_some_and(|end| end <= now) {
                app.is_over = true;
                if let Some(interrupt) = &app.interrupt {
                    interrupt.terminate();
                }
            }
        }
    }

    /// When something has to be done next.
    fn next_look(&self, trial_ms: u32) -> u64 {
        let times = |app: &App<C>| {
            let event = app.event_end().filter(|_| !app.is_over);
            let [restart, trial] =
                [app.restart_at, trial_end(app, trial_ms)].map(|at| at.filter(|_| !app.is_held));
            [event, restart, trial].into_iter().flatten().min()
        };
        self.apps.iter().flatten().filter_map(times).min().unwrap_or(u64::MAX)
    }
}

impl<P: Platform> Manager<P> {
    /// Does what has to be done now; returns when to call it again at the latest, by the platform's
    /// clock, `u64::MAX` for never. One thread of the firmware calls it, and waits between
    /// ([`Manager::wait_supervisor`]).
    pub fn supervise(&self) -> u64 {
        let now = self.platform.now();
        let trial_ms = self.policy.trial_ms;
        let has_action = self.shared(|shared| {
            shared.end_late_events(now);
            shared.apps.iter().flatten().any(|app| action(app, now, trial_ms).is_some())
        });
        if has_action {
            self.storage.with(|storage| self.act(storage, now));
        }
        self.shared(|shared| {
            shared.supervisor_next = shared.next_look(trial_ms);
            shared.supervisor_next
        })
    }

    /// Waits until [`Manager::supervise`] has to be called.
    pub fn wait_supervisor(&self, until: u64) {
        let slot = self.shared(|shared| shared.apps.len() + 1);
        self.platform.wait(slot, (until != u64::MAX).then_some(until));
    }

    /// Ends [`Manager::wait_supervisor`], for whoever wants the thread to end.
    pub fn wake_supervisor(&self) {
        self.shared(Shared::wake_supervisor);
    }

    fn act(&self, storage: &mut Storage<P::Flash>, now: u64) {
        let slots = self.shared(|shared| shared.apps.len());
        for slot in 0..slots {
            let todo =
                self.app(slot, |app| Some((action(app, now, self.policy.trial_ms)?, app.name)));
            let Some((action, name)) = todo.flatten() else { continue };
            self.reap(slot);
            let done = match action {
                Action::Reap => Ok(()),
                Action::Confirm => {
                    storage.confirm(&name).map_err(Into::into).map(|()| self.end_trial(slot))
                }
                Action::Restart => {
                    self.app(slot, |app| {
                        app.statistics.restarts = app.statistics.restarts.saturating_add(1);
                    });
                    self.launch(storage, slot, Version::Installed)
                }
                Action::Revert => {
                    self.end_trial(slot);
                    let why = self.app(slot, |app| {
                        app.reverted = app.failure.clone();
                        app.reverted.clone()
                    });
                    let why = why.flatten();
                    self.platform.changed(name.as_str(), State::Failed, why.as_ref());
                    let reverted = storage.revert(&name).map_err(Into::into);
                    reverted.and_then(|()| self.launch(storage, slot, Version::Installed))
                }
            };
            self.app(slot, |app| {
                if action != Action::Reap {
                    app.is_held = false;
                }
                // The application stays as it is, and is not tried again and again.
                if done.is_err() {
                    app.trial = false;
                    app.restart_at = None;
                }
            });
        }
    }

    fn end_trial(&self, slot: usize) {
        self.app(slot, |app| app.trial = false);
    }
}
