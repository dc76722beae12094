//! The thread of an application: it loads the module, calls `on_init`, then waits for events and calls the functions for
//! them one at a time, and at the end frees everything.

use zonda::{Engine, Grants, Instance, Linker, Memory, Module, Store, StoreConfig, TypedFunc};
use zonda_libc::Env as Libc;
use zonda_manifest::{Entry, Limits, Manifest};

use crate::api::{Api, Context, Due};
use crate::attributes::Builder;
use crate::check::{imports, Package};
use crate::error::Failure;
use crate::packet::{Request, EVENT};
use crate::platform::Platform;
use crate::shared::{Message, State, STOP_MS};
use crate::Manager;

/// Runs the application in this place until it stops or fails. The platform's thread calls it once.
pub fn run<P: Platform>(manager: &P::Handle, slot: usize) {
    let begin = manager.app(slot, |app| Some((app.code.take()?, app.id, app.name)));
    let Some((code, id, name)) = begin.flatten() else { return };
    let result = live::<P>(manager, slot, id, &code);
    drop(code);
    let failure = result.err();
    let now = manager.platform().now();
    let told = failure.clone();
    let state = manager.shared(|shared| {
        shared.end(slot, now, failure);
        shared.app(slot).map_or(State::Failed, |app| app.state)
    });
    manager.platform().changed(name.as_str(), state, told.as_ref());
}

/// What the thread has to do next.
enum Next {
    Stop,
    Message(Message),
    Nothing,
}

fn live<P: Platform>(
    manager: &P::Handle,
    slot: usize,
    id: u32,
    code: &[u8],
) -> Result<(), Failure> {
    let package = Package::parse(code).map_err(Failure::Package)?;
    let manifest = package.manifest;
    let limits = manifest.limits;
    let module = Module::new(&Engine::default(), package.module).map_err(Failure::Load)?;
    imports(&module, &manifest, &manager.policy).map_err(Failure::Import)?;
    let own = [module.info().loaded_bytes, limits.stack, limits.queue_bytes];
    let wanted = own.iter().map(|&bytes| u64::from(bytes)).sum::<u64>();
    let left = u64::from(limits.heap).checked_sub(wanted);
    let config = StoreConfig {
        stack_bytes: limits.stack,
        memory_limit: limits.memory.into(),
        total_limit: left.ok_or(Failure::Heap { wanted, limit: limits.heap })?,
        nested_calls: 1,
    };
    let name = manager.app(slot, |app| app.name).ok_or(Failure::OutOfMemory)?;
    let context = Context::<P>::new(manager.clone(), slot, id, name, limits);
    let engine = Engine::default();
    let store = Store::with_config(&engine, context, config).map_err(Failure::Load)?;
    let interrupt = store.interrupt_handle();
    manager.app(slot, |app| app.interrupt = Some(interrupt));
    let mut linker = Linker::new();
    linker
        .define_module(Libc::<Context<P>>::MODULE, Grants::All, |context| context)
        .map_err(Failure::Load)?;
    // Which functions an application may import was checked above.
    linker
        .define_module(Api::<P>::MODULE, Grants::All, |context| context)
        .map_err(Failure::Load)?;
    let mut events = Events { store, limits, is_counted: false };
    // The start function is part of the first event.
    let instance =
        events.run(Entry::Init, |store| linker.instantiate(store, &module)).map_err(|failure| {
            match failure {
                Failure::Event {
                    error: error @ (zonda::Error::Link(_) | zonda::Error::Shortage(_)),
                    ..
                } => Failure::Load(error),
                failure => failure,
            }
        })?;
    let application = Application::new(events, instance, &manifest)?;
    application.serve(manager, slot)
}

/// Runs events within their limits.
struct Events<'a, P: Platform> {
    store: Store<'a, Context<P>>,
    limits: Limits,
    /// Whether events are counted: instantiation is none.
    is_counted: bool,
}

impl<'a, P: Platform> Events<'a, P> {
    /// Runs an event: `f` calls functions of the application.
    fn run<R>(
        &mut self,
        entry: Entry,
        f: impl FnOnce(&mut Store<'a, Context<P>>) -> Result<R, zonda::Error>,
    ) -> Result<R, Failure> {
        let fuel = match self.limits.fuel {
            0 => u64::MAX,
            fuel => fuel.into(),
        };
        self.store.set_fuel(fuel);
        let (manager, slot) = self.store.data().place();
        let now = manager.platform().now();
        manager.shared(|shared| {
            let next = shared.supervisor_next;
            let end = shared.app(slot).and_then(|app| {
                app.event_since = Some(now);
                app.event_end()
            });
            if end.is_some_and(|end| end < next) {
                shared.wake_supervisor();
            }
        });
        let result = f(&mut self.store);
        let used = fuel.saturating_sub(self.store.fuel());
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        let count = u32::from(self.is_counted);
        let is_over = manager.app(slot, |app| {
            app.event_since = None;
            app.statistics.events = app.statistics.events.saturating_add(count);
            app.statistics.most_fuel = app.statistics.most_fuel.max(used);
            app.is_over
        });
        if is_over.unwrap_or(false) {
            // Without a limit of its own it has been ended because it shall stop.
            let limit_ms = match self.limits.event_ms {
                0 => STOP_MS as u32,
                limit => limit,
            };
            return Err(Failure::Time { entry, limit_ms });
        }
        result.map_err(|error| Failure::Event { entry, error })
    }
}

/// A function `(buffer, size)`.
type Buffer = TypedFunc<(u32, u32), ()>;
/// A function `(handle, buffer, size)`.
type Handle = TypedFunc<(u32, u32, u32), ()>;

/// A loaded application.
struct Application<'a, P: Platform> {
    events: Events<'a, P>,
    memory: Option<Memory>,
    init: TypedFunc<(), ()>,
    destroy: Option<TypedFunc<(), ()>>,
    request: Option<Buffer>,
    response: Option<Buffer>,
    timer: Option<TypedFunc<u32, ()>>,
    sensor: Option<Handle>,
    connection: Option<Handle>,
    allocate: Option<TypedFunc<u32, u32>>,
    free: Option<TypedFunc<u32, ()>>,
}

impl<'a, P: Platform> Application<'a, P> {
    fn new(
        events: Events<'a, P>,
        instance: Instance,
        manifest: &Manifest<'_>,
    ) -> Result<Application<'a, P>, Failure> {
        let store = &events.store;
        macro_rules! export {
            ($entry:expr) => {
                match instance.get_typed_func(store, manifest.entry($entry)) {
                    Ok(func) => Some(func),
                    Err(zonda::Error::UnknownExport) => None,
                    Err(_) => return Err(Failure::Export($entry)),
                }
            };
        }
        Ok(Application {
            memory: instance.get_memory(store, "memory"),
            init: export!(Entry::Init).ok_or(Failure::Export(Entry::Init))?,
            destroy: export!(Entry::Destroy),
            request: export!(Entry::Request),
            response: export!(Entry::Response),
            timer: export!(Entry::Timer),
            sensor: export!(Entry::Sensor),
            connection: export!(Entry::Connection),
            allocate: export!(Entry::Allocate),
            free: export!(Entry::Free),
            events,
        })
    }

    /// From `on_init` to `on_destroy`.
    fn serve(mut self, manager: &Manager<P>, slot: usize) -> Result<(), Failure> {
        let init = self.init;
        self.events.is_counted = true;
        self.events.run(Entry::Init, |store| init.call(store, ()))?;
        let now = manager.platform().now();
        let running = manager.app(slot, |app| {
            let is_started = app.state == State::Starting;
            if is_started {
                app.state = State::Running;
                app.running_since = now;
            }
            is_started.then_some(app.name)
        });
        if let Some(name) = running.flatten() {
            manager.platform().changed(name.as_str(), State::Running, None);
            // It may be an update on trial.
            manager.wake_supervisor();
        }
        loop {
            let next = manager.app(slot, |app| match app.stop_at {
                Some(_) => Next::Stop,
                None => app.queue.pop().map_or(Next::Nothing, Next::Message),
            });
            let now = manager.platform().now();
            let due = self.events.store.data_mut().take_due(now);
            match (next.unwrap_or(Next::Stop), due) {
                (Next::Stop, _) => break,
                (Next::Nothing, None) => {
                    manager.platform().wait(slot, self.events.store.data().next_due());
                }
                (Next::Nothing, Some(due)) => self.due(manager, due)?,
                (Next::Message(message), due) => {
                    self.deliver(manager, &message)?;
                    if let Some(due) = due {
                        self.due(manager, due)?;
                    }
                }
            }
        }
        if let Some(destroy) = self.destroy {
            self.events.run(Entry::Destroy, |store| destroy.call(store, ()))?;
        }
        Ok(())
    }

    /// A timer has expired, or a sensor is to be read.
    fn due(&mut self, manager: &Manager<P>, due: Due) -> Result<(), Failure> {
        match due {
            Due::Timer(number) => {
                let Some(timer) = self.timer else { return self.dropped(manager) };
                self.events.run(Entry::Timer, |store| timer.call(store, number))
            }
            Due::Sensor(sensor) => {
                let value = manager.platform().read_sensor(sensor).map(Builder::finish);
                let Some(bytes) = value else { return Ok(()) };
                self.deliver(manager, &Message { entry: Entry::Sensor, handle: sensor, bytes })
            }
        }
    }

    fn dropped(&self, manager: &Manager<P>) -> Result<(), Failure> {
        let (_, slot) = self.events.store.data().place();
        manager.app(slot, |app| {
            app.statistics.dropped = app.statistics.dropped.saturating_add(1);
        });
        Ok(())
    }

    /// Copies a message into memory that the application allocates, and calls the function for it.
    fn deliver(&mut self, manager: &Manager<P>, message: &Message) -> Result<(), Failure> {
        let entry = message.entry;
        let (buffer, handle) = match entry {
            Entry::Request => (self.request, None),
            Entry::Response => (self.response, None),
            Entry::Sensor => (None, self.sensor),
            _ => (None, self.connection),
        };
        let parts = (self.memory, self.allocate, self.free);
        let (Some(memory), Some(allocate), Some(free)) = parts else {
            return self.dropped(manager);
        };
        if buffer.is_none() && handle.is_none() {
            return self.dropped(manager);
        }
        let Message { handle: number, bytes, .. } = message;
        let len = bytes.len() as u32;
        let is_taken = self.events.run(entry, |store| {
            // A connection that was closed has no bytes.
            let at = if len == 0 { 0 } else { allocate.call(&mut *store, len)? };
            if len != 0 && at == 0 {
                return Ok(false);
            }
            memory.write(&mut *store, at, bytes)?;
            if let Some(func) = buffer {
                func.call(&mut *store, (at, len))?;
            }
            if let Some(func) = handle {
                func.call(&mut *store, (*number, at, len))?;
            }
            if at != 0 {
                free.call(&mut *store, at)?;
            }
            Ok(true)
        })?;
        if is_taken {
            Ok(())
        } else {
            self.dropped(manager)
        }
    }
}

/// Sends a request or an event of the application with this number, and tells the firmware about an event.
pub(crate) fn post<P: Platform>(manager: &Manager<P>, id: u32, request: &Request<'_>) {
    manager.shared(|shared| shared.post(id, request));
    if request.action == EVENT {
        manager.platform().published(&Request { sender: id, ..*request });
    }
}
