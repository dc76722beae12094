//! Installing, starting, stopping, updating, removing.
//!
//! A thread is made under the lock of the storage only, and a thread that ended is joined under it,
//! so that a join never waits for another thread than it means. Whoever starts, stops or removes an
//! application holds it (`is_held`) meanwhile, and waits for it to stop without the lock.

use zonda::TryVec;
use zonda_manifest::is_name;
use zonda_storage::{Error as StorageError, Install, Name, Progress, Storage, Version};

use crate::check::{check, Package};
use crate::error::{Error, ErrorOf, Failure};
use crate::platform::{Mutex, Platform};
use crate::shared::{App, Profile, State};
use crate::Manager;

/// Bit of the storage's flags: the application is started when the system starts.
const AUTOSTART: u8 = 1;

/// What whoever installs may decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct InstallOptions {
    /// Install a version that is lower than the installed one. The security version is not
    /// affected.
    pub allow_older: bool,
}

/// A package on its way into the flash.
#[must_use]
pub struct Transfer {
    install: Install,
    name: Name,
}

impl Transfer {
    /// Bytes that have come: where a sender continues.
    pub fn written(&self) -> u32 {
        self.install.written()
    }
}

impl<P: Platform> Manager<P> {
    /// Finds the applications in the storage and starts those that were on. An update on trial is
    /// taken back: the system started again in its first minute.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::OutOfMemory`], [`Error::Code`]. One application that is damaged
    /// is no error: it failed.
    pub fn boot(&self) -> Result<(), ErrorOf<P>> {
        self.storage.with(|storage| {
            let mut found = TryVec::new();
            let mut result = Ok(());
            storage.applications(|record| {
                let pushed = found.push((record.name, record.version, record.flags));
                result = result.and(pushed);
            })?;
            result?;
            for (name, _, _) in found.iter().filter(|(_, version, _)| *version == Version::Trial) {
                storage.revert(name)?;
            }
            for &(name, version, flags) in &found[..] {
                if version == Version::Trial {
                    continue;
                }
                let Some((slot, is_damaged)) = self.place_found(storage, name)? else { continue };
                if flags & AUTOSTART != 0 && !is_damaged {
                    // What fails is seen in its state.
                    let _ = self.launch(storage, slot, Version::Installed);
                }
            }
            Ok(())
        })
    }

    /// Puts an application of the storage into a place, and tells whether it is damaged. Those that
    /// find no place stay in the flash and are not seen.
    #[inline(never)]
    fn place_found(
        &self,
        storage: &mut Storage<P::Flash>,
        name: Name,
    ) -> Result<Option<(usize, bool)>, ErrorOf<P>> {
        let (profile, failure) = match self.profile(storage, &name) {
            Ok(profile) => (profile, None),
            Err(Error::Package(error)) => (default_profile(), Some(Failure::Package(error))),
            Err(error) => return Err(error),
        };
        let Ok(slot) = self.place(name, profile) else { return Ok(None) };
        let is_damaged = failure.is_some();
        self.app(slot, |app| {
            if is_damaged {
                app.state = State::Failed;
            }
            app.failure = failure;
        });
        Ok(Some((slot, is_damaged)))
    }

    /// What the manifest of the installed version says.
    #[inline(never)]
    fn profile(&self, storage: &mut Storage<P::Flash>, name: &Name) -> Result<Profile, ErrorOf<P>> {
        let record = storage.find(name, Version::Installed)?;
        let code = self.platform.code(storage.flash(), record.offset, record.len)?;
        let package = Package::parse(&code)?;
        Ok(Profile::new(&package.manifest, record.security_version))
    }

    /// Puts an application into a free place.
    #[inline(never)]
    fn place(&self, name: Name, profile: Profile) -> Result<usize, ErrorOf<P>> {
        let slot = self.shared(|shared| {
            let free = shared.apps.iter_mut().enumerate().find(|(_, place)| place.is_none());
            free.map(|(slot, place)| {
                *place = Some(App::new(name, profile));
                slot
            })
        });
        slot.ok_or(Error::Full)
    }

    /// Begins to install a package of this length under the name that its manifest has. What is
    /// installed under the name goes on running.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Trial`], [`Error::Storage`].
    #[inline(never)]
    pub fn begin(&self, name: &str, len: u32) -> Result<Transfer, ErrorOf<P>> {
        let name = Name::new(name).filter(|_| is_name(name.as_bytes())).ok_or(Error::Name)?;
        let has_place = self.shared(|shared| {
            shared.find(&name).is_some() || shared.apps.iter().any(Option::is_none)
        });
        if !has_place {
            return Err(Error::Full);
        }
        self.storage.with(|storage| {
            if storage.find(&name, Version::Trial).is_ok() {
                return Err(Error::Trial);
            }
            let install = match storage.install(name, len) {
                Err(StorageError::NoSpace { wanted, free, .. }) if free >= wanted => {
                    self.make_room(storage)?;
                    storage.install(name, len)?
                }
                install => install?,
            };
            Ok(Transfer { install, name })
        })
    }

    /// Moves applications together that do not run.
    #[inline(never)]
    fn make_room(&self, storage: &mut Storage<P::Flash>) -> Result<(), ErrorOf<P>> {
        let is_idle = |record: &zonda_storage::Application| {
            self.shared(|shared| {
                let slot = shared.find(&record.name);
                slot.and_then(|slot| shared.app(slot)).is_none_or(|app| !app.state.is_live())
            })
        };
        while storage.defragment(is_idle)? == Progress::Moved {}
        Ok(())
    }

    /// Writes the next bytes of a package.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn write(&self, transfer: &mut Transfer, bytes: &[u8]) -> Result<(), ErrorOf<P>> {
        Ok(self.storage.with(|storage| storage.write(&mut transfer.install, bytes))?)
    }

    /// Gives up a transfer.
    pub fn abort(&self, transfer: Transfer) {
        self.storage.with(|storage| storage.abort(transfer.install));
    }

    /// Checks a package that has come and makes it the application of its name. Where that runs,
    /// the new version is started in its place and stays on trial.
    ///
    /// # Errors
    /// Everything was left as it was, except with [`Error::Thread`] and [`Error::Code`], which can
    /// also mean that the new version could not be started.
    #[inline(never)]
    pub fn finish(&self, transfer: Transfer, options: InstallOptions) -> Result<(), ErrorOf<P>> {
        let Transfer { install, name } = transfer;
        let held = self.hold_if_there(&name);
        let result = match held {
            Err(error) => {
                self.storage.with(|storage| storage.abort(install));
                return Err(error);
            }
            Ok(slot) => self.finish_held(install, name, slot, options),
        };
        if let Ok(Some(slot)) = held {
            self.release(slot);
        }
        result
    }

    #[inline(never)]
    fn finish_held(
        &self,
        install: Install,
        name: Name,
        slot: Option<usize>,
        options: InstallOptions,
    ) -> Result<(), ErrorOf<P>> {
        let is_live = |slot| self.app(slot, |app| app.state.is_live()).unwrap_or(false);
        let live = slot.filter(|&slot| is_live(slot));
        let profile = self.storage.with(|storage| {
            let mut install = install;
            let checked = self.checked(storage, &mut install, &name, slot, options);
            let (profile, flags) = match checked {
                Ok(checked) => checked,
                Err(error) => {
                    storage.abort(install);
                    return Err(error);
                }
            };
            let version = if live.is_some() { Version::Trial } else { Version::Installed };
            storage.finish(install, version, profile.security_version, flags)?;
            Ok(profile)
        })?;
        let Some(running) = live else {
            match slot {
                // A thread that ended is joined by whoever starts the application.
                Some(slot) => drop(self.app(slot, |app| {
                    app.profile = profile;
                    app.state = State::Installed;
                    app.restart_at = None;
                    (app.failure.take(), app.reverted.take())
                })),
                None => drop(self.place(name, profile)?),
            }
            return Ok(());
        };
        self.stop_run(running);
        self.storage.with(|storage| {
            let started = self.launch(storage, running, Version::Trial);
            if started.is_err() {
                storage.revert(&name)?;
                self.launch(storage, running, Version::Installed)?;
            }
            started
        })
    }

    /// Checks a package that was written, against what is installed; its profile, and the flags
    /// that it gets.
    #[inline(never)]
    fn checked(
        &self,
        storage: &mut Storage<P::Flash>,
        install: &mut Install,
        name: &Name,
        slot: Option<usize>,
        options: InstallOptions,
    ) -> Result<(Profile, u8), ErrorOf<P>> {
        storage.complete(install)?;
        let offset = storage.offset(install);
        let code = self.platform.code(storage.flash(), offset, install.length())?;
        check(&code, &self.platform, &self.policy)?;
        self.compared(storage, &code, name, slot, options)
    }

    /// Compares a package that was checked with what is installed.
    #[inline(never)]
    fn compared(
        &self,
        storage: &mut Storage<P::Flash>,
        code: &[u8],
        name: &Name,
        slot: Option<usize>,
        options: InstallOptions,
    ) -> Result<(Profile, u8), ErrorOf<P>> {
        let package = Package::parse(code)?;
        if package.manifest.name != name.as_str() {
            return Err(Error::Name);
        }
        let profile = Profile::new(&package.manifest, package.security_version);
        if slot.is_none() {
            return Ok((profile, 0));
        }
        let record = storage.find(name, Version::Installed)?;
        let installed = self.profile(storage, name).unwrap_or(default_profile());
        let (old, new) = (record.security_version, package.security_version);
        if new < old {
            return Err(Error::Rollback { installed: old, package: new });
        }
        package.signed_by(installed.key)?;
        if profile.version < installed.version && !options.allow_older {
            let (installed, package) = (installed.version, profile.version);
            return Err(Error::Older { installed, package });
        }
        Ok((profile, record.flags))
    }

    /// Installs a package that is at hand.
    ///
    /// # Errors
    /// As for [`Manager::begin`] and [`Manager::finish`].
    pub fn install(&self, package: &[u8], options: InstallOptions) -> Result<(), ErrorOf<P>> {
        let name = name_of(package)?;
        let len = u32::try_from(package.len()).map_err(|_| Error::OutOfMemory)?;
        let mut transfer = self.begin(name.as_str(), len)?;
        if let Err(error) = self.write(&mut transfer, package) {
            self.abort(transfer);
            return Err(error);
        }
        self.finish(transfer, options)
    }

    /// Holds an application, so that nobody else starts or stops it; None if there is none.
    fn hold_if_there(&self, name: &Name) -> Result<Option<usize>, ErrorOf<P>> {
        self.shared(|shared| {
            let Some(slot) = shared.find(name) else { return Ok(None) };
            match shared.app(slot) {
                Some(app) if app.is_held => Err(Error::State(app.state)),
                Some(app) => {
                    app.is_held = true;
                    Ok(Some(slot))
                }
                None => Ok(None),
            }
        })
    }

    fn release(&self, slot: usize) {
        self.shared(|shared| {
            if let Some(app) = shared.app(slot) {
                app.is_held = false;
            }
            shared.wake_supervisor();
        });
    }

    /// Holds an application while `f` runs.
    fn held<R>(
        &self,
        name: &str,
        f: impl FnOnce(usize, &Name) -> Result<R, ErrorOf<P>>,
    ) -> Result<R, ErrorOf<P>> {
        let name = Name::new(name).ok_or(Error::Unknown)?;
        let slot = self.hold_if_there(&name)?.ok_or(Error::Unknown)?;
        let result = f(slot, &name);
        self.release(slot);
        result
    }

    /// Starts an application, and each time that the system starts until it is stopped. Returns
    /// when its thread begins; [`Manager::info`] tells how it goes on.
    ///
    /// # Errors
    /// [`Error::State`] if it runs, [`Error::Damaged`], [`Error::Thread`], [`Error::Code`],
    /// [`Error::Storage`].
    pub fn start(&self, name: &str) -> Result<(), ErrorOf<P>> {
        self.held(name, |slot, name| {
            let state = self.app(slot, |app| app.state).ok_or(Error::Unknown)?;
            if state.is_live() {
                return Err(Error::State(state));
            }
            self.app(slot, |app| {
                app.failures = 0;
                app.reverted = None;
            });
            self.storage.with(|storage| {
                let version = match storage.find(name, Version::Trial) {
                    Ok(_) => Version::Trial,
                    Err(_) => Version::Installed,
                };
                set_autostart(storage, name, true)?;
                self.launch(storage, slot, version)
            })
        })
    }

    /// Starts a thread for this version. Nothing of the application runs, and it is held, or the
    /// system starts.
    #[inline(never)]
    pub(crate) fn launch(
        &self,
        storage: &mut Storage<P::Flash>,
        slot: usize,
        version: Version,
    ) -> Result<(), ErrorOf<P>> {
        let name = self.app(slot, |app| app.name).ok_or(Error::Unknown)?;
        self.reap(slot);
        let record = storage.find(&name, version)?;
        if !storage.is_intact(&record)? {
            return Err(Error::Damaged);
        }
        let code = self.platform.code(storage.flash(), record.offset, record.len)?;
        let profile = Profile::new(&Package::parse(&code)?.manifest, record.security_version);
        self.shared(|shared| shared.begin(slot, code, profile, version == Version::Trial));
        self.platform.changed(name.as_str(), State::Starting, None);
        if self.platform.spawn(slot, name.as_str(), &profile.limits).is_err() {
            let now = self.platform.now();
            self.shared(|shared| {
                shared.end(slot, now, Some(Failure::Thread));
                shared.app(slot).map(|app| app.has_thread = false)
            });
            return Err(Error::Thread);
        }
        Ok(())
    }

    /// Frees the thread of an application that has ended. For whoever has the lock of the storage.
    pub(crate) fn reap(&self, slot: usize) {
        let has_ended = |app: &mut App<_>| app.has_thread && !app.state.is_live();
        if self.app(slot, has_ended).unwrap_or(false) {
            self.platform.join(slot);
            self.app(slot, |app| app.has_thread = false);
        }
    }

    /// Asks an application that is held to stop, and waits until it has. The supervisor ends it if
    /// it takes too long.
    #[inline(never)]
    fn stop_run(&self, slot: usize) {
        let now = self.platform.now();
        let name = self.app(slot, |app| {
            let is_live = app.state.is_live();
            if is_live {
                app.state = State::Stopping;
            }
            is_live.then_some(app.name)
        });
        // Before the application knows, so that what it does then comes after.
        if let Some(name) = name.flatten() {
            self.platform.changed(name.as_str(), State::Stopping, None);
        }
        self.shared(|shared| {
            // It may have failed meanwhile.
            if let Some(app) = shared.app(slot).filter(|app| app.state == State::Stopping) {
                app.stop_at = Some(now);
            }
            shared.wake(slot);
            shared.wake_supervisor();
        });
        self.platform.join(slot);
        self.app(slot, |app| app.has_thread = false);
    }

    /// Stops an application: it gets `on_destroy`. It is not started when the system starts.
    ///
    /// # Errors
    /// [`Error::State`] if it does not run, [`Error::Storage`].
    pub fn stop(&self, name: &str) -> Result<(), ErrorOf<P>> {
        self.held(name, |slot, name| {
            let waits = |app: &mut App<_>| {
                let is_waiting = app.restart_at.take().is_some();
                if is_waiting {
                    app.state = State::Stopped;
                }
                (app.state, is_waiting)
            };
            let (state, is_waiting) = self.app(slot, waits).ok_or(Error::Unknown)?;
            if !state.is_live() && !is_waiting {
                return Err(Error::State(state));
            }
            self.stop_run(slot);
            self.storage.with(|storage| set_autostart(storage, name, false))
        })
    }

    /// Stops an application if it runs, and starts it.
    ///
    /// # Errors
    /// As for [`Manager::start`].
    pub fn restart(&self, name: &str) -> Result<(), ErrorOf<P>> {
        self.held(name, |slot, _| {
            self.stop_run(slot);
            Ok(())
        })?;
        self.start(name)
    }

    /// Stops and removes an application, its update on trial as well.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::State`], [`Error::Storage`].
    pub fn uninstall(&self, name: &str) -> Result<(), ErrorOf<P>> {
        self.held(name, |slot, name| {
            self.stop_run(slot);
            self.storage.with(|storage| storage.remove(name))?;
            self.platform().forget_settings(name.as_str());
            let removed = self.shared(|shared| shared.apps.get_mut(slot).and_then(Option::take));
            drop(removed);
            Ok(())
        })
    }

    /// Stops all applications, and changes nothing in the storage: before the system is switched
    /// off.
    pub fn end_all(&self) {
        for slot in 0..self.shared(|shared| shared.apps.len()) {
            if self.app(slot, |app| core::mem::replace(&mut app.is_held, true)) == Some(false) {
                self.stop_run(slot);
            }
        }
    }

    /// Makes an update on trial stay.
    ///
    /// # Errors
    /// [`Error::NoTrial`], [`Error::State`], [`Error::Storage`].
    pub fn confirm(&self, name: &str) -> Result<(), ErrorOf<P>> {
        self.held(name, |slot, name| {
            self.storage.with(|storage| storage.confirm(name))?;
            self.app(slot, |app| app.trial = false);
            Ok(())
        })
    }

    /// Takes an update on trial back, and starts the version before it if the update ran.
    ///
    /// # Errors
    /// [`Error::NoTrial`], [`Error::State`], [`Error::Storage`].
    pub fn revert(&self, name: &str) -> Result<(), ErrorOf<P>> {
        self.held(name, |slot, name| {
            self.storage.with(|storage| storage.find(name, Version::Trial))?;
            let is_live = self.app(slot, |app| app.state.is_live()).unwrap_or(false);
            self.stop_run(slot);
            self.storage.with(|storage| {
                storage.revert(name)?;
                let profile = self.profile(storage, name)?;
                self.app(slot, |app| {
                    app.profile = profile;
                    app.trial = false;
                });
                if is_live {
                    self.launch(storage, slot, Version::Installed)?;
                }
                Ok(())
            })
        })
    }
}

/// The name in the manifest of a package.
#[inline(never)]
fn name_of<E>(package: &[u8]) -> Result<Name, Error<E>> {
    Name::new(Package::parse(package)?.manifest.name).ok_or(Error::Name)
}

fn set_autostart<F: zonda_storage::Flash>(
    storage: &mut Storage<F>,
    name: &Name,
    is_on: bool,
) -> Result<(), Error<F::Error>> {
    for version in [Version::Installed, Version::Trial] {
        let record = match storage.find(name, version) {
            Ok(record) => record,
            Err(StorageError::NotFound | StorageError::NoTrial) => continue,
            Err(error) => return Err(error.into()),
        };
        let flags = record.flags & !AUTOSTART | if is_on { AUTOSTART } else { 0 };
        if flags != record.flags {
            storage.set_flags(name, version, flags)?;
        }
    }
    Ok(())
}

/// Of an application whose manifest cannot be read.
fn default_profile() -> Profile {
    Profile {
        version: Default::default(),
        security_version: 0,
        limits: Default::default(),
        restart: Default::default(),
        key: None,
    }
}
