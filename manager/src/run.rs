//! The thread of an application: it loads the module, calls `on_init`, then waits for events and
//! calls the functions for them one at a time, and at the end frees everything.

use zonda::{
    Engine, Grants, Instance, Linker, Memory, Module, Params, Results, Store, StoreConfig, TryBox,
    TypedFunc,
};
use zonda_libc::Env as Libc;
use zonda_manifest::{Entry, Limits};

use crate::api::{Api, Context, Due};
use crate::attributes::Builder;
use crate::check::{check_imports, load, Package, PackageError};
use crate::devices;
use crate::error::Failure;
use crate::packet::{Request, Response, EVENT};
use crate::platform::{Answer, Platform};
use crate::record;
use crate::shared::{Message, Shared, State, STOP_MS};
use crate::Manager;

/// Runs the application in this place until it stops or fails. The platform's thread calls it once.
pub fn run<P: Platform>(manager: &P::Handle, slot: usize) {
    let begin = manager.app(slot, |app| Some((app.code.take()?, app.id)));
    let Some((code, id)) = begin.flatten() else { return };
    let result = live::<P>(manager, slot, id, &code);
    drop(code);
    end(&**manager, slot, result.err());
}

/// Notes how an application has ended.
#[inline(never)]
fn end<P: Platform>(manager: &Manager<P>, slot: usize, failure: Option<Failure>) {
    let now = manager.platform().now();
    let told = failure.clone();
    let ended = manager.shared(|shared| {
        shared.end(slot, now, failure);
        shared.app(slot).map(|app| (app.name, app.state))
    });
    if let Some((name, state)) = ended {
        manager.platform().changed(name.as_str(), state, told.as_ref());
    }
}

/// What the thread has to do next.
enum Next {
    Stop,
    Message(Message),
    Nothing,
}

/// Loads, runs, and frees. What stays while the application runs is in the heap, and each step has
/// a frame of its own: the stack of the thread holds this function's few words below everything
/// else.
fn live<P: Platform>(
    manager: &P::Handle,
    slot: usize,
    id: u32,
    code: &[u8],
) -> Result<(), Failure> {
    let file = Package::module(code).map_err(Failure::Package)?;
    let module = load(file).map_err(Failure::Load)?;
    check_imports(code, &module, &manager.policy).map_err(|error| match error {
        PackageError::Import(denied) => Failure::Import(denied),
        error => Failure::Package(error),
    })?;
    let mut events = prepare::<P>(manager, slot, id, code, &module)?;
    let instance = instantiate(&mut events, &module)?;
    let functions = Functions::find(&events.store, instance, code)?;
    begin(&mut events, instance, code, &**manager, slot)?;
    serve(&mut events, &functions, &**manager, slot)?;
    drop(functions);
    end_well(&mut events, instance, code)
}

/// What the manifest permits.
#[inline(never)]
fn limits(code: &[u8]) -> Result<Limits, Failure> {
    Ok(Package::parse(code).map_err(Failure::Package)?.manifest.limits)
}

/// Makes the store, within the limits of the manifest.
#[inline(never)]
fn prepare<'a, P: Platform>(
    manager: &P::Handle,
    slot: usize,
    id: u32,
    code: &[u8],
    module: &Module<'a>,
) -> Result<TryBox<Events<'a, P>>, Failure> {
    let limits = limits(code)?;
    let own = [module.info().loaded_bytes, limits.stack, limits.queue_bytes];
    let wanted = own.iter().map(|&bytes| u64::from(bytes)).sum::<u64>();
    let left = u64::from(limits.heap).checked_sub(wanted);
    #[allow(clippy::needless_update, reason = "with GC there is one more field")]
    let config = StoreConfig {
        stack_bytes: limits.stack,
        memory_limit: limits.memory.into(),
        total_limit: left.ok_or(Failure::Heap { wanted, limit: limits.heap })?,
        nested_calls: 1,
        ..StoreConfig::default()
    };
    let context = Context::<P>::new(manager.clone(), slot, id, &limits);
    let mut store =
        Store::with_config(&Engine::default(), context, config).map_err(Failure::Load)?;
    record::prepare(&mut store);
    let interrupt = store.interrupt_handle();
    manager.app(slot, |app| app.interrupt = Some(interrupt));
    let Limits { fuel, event_ms, .. } = limits;
    Ok(TryBox::new(Events { store, fuel, event_ms, is_counted: false })?)
}

/// Instantiates the module. The start function is part of the first event.
#[inline(never)]
fn instantiate<'a, P: Platform>(
    events: &mut Events<'a, P>,
    module: &'a Module<'a>,
) -> Result<Instance, Failure> {
    let mut linker = Linker::new();
    linker
        .define_module(Libc::<Context<P>>::MODULE, Grants::All, |context| context)
        .map_err(Failure::Load)?;
    // Which functions an application may import was checked when it was loaded.
    linker
        .define_module(Api::<P>::MODULE, Grants::All, |context| context)
        .map_err(Failure::Load)?;
    devices::define(&mut linker).map_err(Failure::Load)?;
    let result = events.run(Entry::Init, |store| linker.instantiate(store, module));
    result.map_err(|failure| match failure {
        Failure::Event {
            error: error @ (zonda::Error::Link(_) | zonda::Error::Shortage(_)),
            ..
        } => Failure::Load(error),
        failure => failure,
    })
}

/// Runs events within their limits.
struct Events<'a, P: Platform> {
    store: Store<'a, Context<P>>,
    /// Limits of an event.
    fuel: u32,
    event_ms: u32,
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
        let (manager, slot) = self.store.data().place();
        let now = manager.platform().now();
        manager.shared(|shared| begin_event(shared, slot, now));
        self.run_begun(entry, f)
    }

    /// Runs an event of which [`begin_event`] was called.
    fn run_begun<R>(
        &mut self,
        entry: Entry,
        f: impl FnOnce(&mut Store<'a, Context<P>>) -> Result<R, zonda::Error>,
    ) -> Result<R, Failure> {
        let fuel = match self.fuel {
            0 => u64::MAX,
            fuel => fuel.into(),
        };
        self.store.set_fuel(fuel);
        let result = f(&mut self.store);
        let used = fuel.saturating_sub(self.store.fuel());
        if result.is_err() {
            record::keep(&self.store);
        }
        match self.end_event(used) {
            true => Err(self.too_long(entry)),
            false => result.map_err(|error| Failure::Event { entry, error }),
        }
    }

    /// Notes the end of an event, and how much fuel it used; whether it has been ended for its
    /// time.
    fn end_event(&mut self, used: u64) -> bool {
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        let count = u32::from(self.is_counted);
        let (manager, slot) = self.store.data().place();
        let is_over = manager.app(slot, |app| {
            app.event_since = None;
            app.statistics.events = app.statistics.events.saturating_add(count);
            app.statistics.most_fuel = app.statistics.most_fuel.max(used);
            app.is_over
        });
        is_over.unwrap_or(false)
    }

    #[cold]
    fn too_long(&self, entry: Entry) -> Failure {
        // Without a limit of its own it has been ended because it shall stop.
        let limit_ms = match self.event_ms {
            0 => STOP_MS as u32,
            limit => limit,
        };
        Failure::Time { entry, limit_ms }
    }
}

/// Notes that an event begins, and wakes the supervisor if it has to end before the supervisor
/// looks again.
fn begin_event<C>(shared: &mut Shared<C>, slot: usize, now: u64) {
    let next = shared.supervisor_next;
    let end = shared.app(slot).and_then(|app| {
        app.event_since = Some(now);
        app.event_end()
    });
    if end.is_some_and(|end| end < next) {
        shared.wake_supervisor();
    }
}

/// A function `(buffer, size)`.
type Buffer = TypedFunc<(u32, u32), ()>;
/// A function `(handle, buffer, size)`.
type Handle = TypedFunc<(u32, u32, u32), ()>;

/// The functions that a module exports for the manager, but for the first and the last one.
struct Functions {
    memory: Option<Memory>,
    request: Option<Buffer>,
    response: Option<Buffer>,
    timer: Option<TypedFunc<u32, ()>>,
    sensor: Option<Handle>,
    connection: Option<Handle>,
    allocate: Option<TypedFunc<u32, u32>>,
    free: Option<TypedFunc<u32, ()>>,
}

impl Functions {
    #[inline(never)]
    fn find<T>(
        store: &Store<'_, T>,
        instance: Instance,
        code: &[u8],
    ) -> Result<TryBox<Functions>, Failure> {
        let manifest = Package::parse(code).map_err(Failure::Package)?.manifest;
        macro_rules! export {
            ($entry:expr) => {
                export(store, instance, manifest.entry($entry))
                    .map_err(|OtherType| Failure::Export($entry))?
            };
        }
        Ok(TryBox::new(Functions {
            memory: instance.get_memory(store, "memory"),
            request: export!(Entry::Request),
            response: export!(Entry::Response),
            timer: export!(Entry::Timer),
            sensor: export!(Entry::Sensor),
            connection: export!(Entry::Connection),
            allocate: export!(Entry::Allocate),
            free: export!(Entry::Free),
        })?)
    }
}

/// An export has another type.
struct OtherType;

/// An exported function; None if there is none of this name.
#[inline(never)]
fn export<T, A, R>(
    store: &Store<'_, T>,
    instance: Instance,
    name: &str,
) -> Result<Option<TypedFunc<A, R>>, OtherType>
where
    A: Params,
    R: Results,
{
    match instance.get_typed_func(store, name) {
        Ok(func) => Ok(Some(func)),
        Err(zonda::Error::UnknownExport) => Ok(None),
        Err(_) => Err(OtherType),
    }
}

/// A function without parameters that the manifest names, such as `on_init`.
fn entry_point<P: Platform>(
    events: &Events<'_, P>,
    instance: Instance,
    code: &[u8],
    entry: Entry,
) -> Result<Option<TypedFunc<(), ()>>, Failure> {
    let manifest = Package::parse(code).map_err(Failure::Package)?.manifest;
    export(&events.store, instance, manifest.entry(entry))
        .map_err(|OtherType| Failure::Export(entry))
}

/// Calls `on_init`; the application runs then.
#[inline(never)]
fn begin<P: Platform>(
    events: &mut Events<'_, P>,
    instance: Instance,
    code: &[u8],
    manager: &Manager<P>,
    slot: usize,
) -> Result<(), Failure> {
    let init = entry_point(events, instance, code, Entry::Init)?;
    let init = init.ok_or(Failure::Export(Entry::Init))?;
    // What it exports has the right types, before anything of it runs.
    entry_point(events, instance, code, Entry::Destroy)?;
    events.is_counted = true;
    events.run(Entry::Init, |store| init.call(store, ()))?;
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
    Ok(())
}

/// Calls `on_destroy`.
#[inline(never)]
fn end_well<P: Platform>(
    events: &mut Events<'_, P>,
    instance: Instance,
    code: &[u8],
) -> Result<(), Failure> {
    match entry_point(events, instance, code, Entry::Destroy)? {
        Some(destroy) => events.run(Entry::Destroy, |store| destroy.call(store, ())),
        None => Ok(()),
    }
}

/// Waits for events and delivers them, until the application shall stop.
#[inline(never)]
fn serve<P: Platform>(
    events: &mut Events<'_, P>,
    functions: &Functions,
    manager: &Manager<P>,
    slot: usize,
) -> Result<(), Failure> {
    loop {
        let now = manager.platform().now();
        // A message that is taken begins an event, so that the lock is taken once for both.
        let next = manager.shared(|shared| {
            let app = shared.app(slot)?;
            if app.stop_at.is_some() {
                return Some(Next::Stop);
            }
            let Some(message) = app.queue.pop() else { return Some(Next::Nothing) };
            begin_event(shared, slot, now);
            Some(Next::Message(message))
        });
        let due = events.store.data_mut().take_due(now);
        match (next.unwrap_or(Next::Stop), due) {
            (Next::Stop, _) => return Ok(()),
            (Next::Nothing, None) => {
                manager.platform().wait(slot, events.store.data().next_due());
            }
            (Next::Nothing, Some(due)) => happen(events, functions, manager, due)?,
            (Next::Message(message), due) => {
                deliver(events, functions, manager, &message)?;
                if let Some(due) = due {
                    happen(events, functions, manager, due)?;
                }
            }
        }
    }
}

/// A timer has expired, or a sensor is to be read.
#[inline(never)]
fn happen<P: Platform>(
    events: &mut Events<'_, P>,
    functions: &Functions,
    manager: &Manager<P>,
    due: Due,
) -> Result<(), Failure> {
    match due {
        Due::Timer(number) => {
            let Some(timer) = functions.timer else { return dropped(events, manager) };
            events.run(Entry::Timer, |store| timer.call(store, number))
        }
        Due::Sensor(sensor) => {
            let value = manager.platform().read_sensor(sensor).map(Builder::finish);
            let Some(bytes) = value else { return Ok(()) };
            let message = Message { entry: Entry::Sensor, handle: sensor, bytes };
            let (_, slot) = events.store.data().place();
            let now = manager.platform().now();
            manager.shared(|shared| begin_event(shared, slot, now));
            deliver(events, functions, manager, &message)
        }
    }
}

/// An event that has begun ends before it reaches the application.
fn not_taken<P: Platform>(events: &Events<'_, P>, manager: &Manager<P>) -> Result<(), Failure> {
    let (_, slot) = events.store.data().place();
    manager.app(slot, |app| app.event_since = None);
    dropped(events, manager)
}

fn dropped<P: Platform>(events: &Events<'_, P>, manager: &Manager<P>) -> Result<(), Failure> {
    let (_, slot) = events.store.data().place();
    manager.app(slot, |app| {
        app.statistics.dropped = app.statistics.dropped.saturating_add(1);
    });
    Ok(())
}

/// Copies a message into memory that the application allocates, and calls the function for it. The
/// event has begun.
#[inline(never)]
fn deliver<P: Platform>(
    events: &mut Events<'_, P>,
    functions: &Functions,
    manager: &Manager<P>,
    message: &Message,
) -> Result<(), Failure> {
    let entry = message.entry;
    let (buffer, handle) = match entry {
        Entry::Request => (functions.request, None),
        Entry::Response => (functions.response, None),
        Entry::Sensor => (None, functions.sensor),
        _ => (None, functions.connection),
    };
    let parts = (functions.memory, functions.allocate, functions.free);
    let (Some(memory), Some(allocate), Some(free)) = parts else {
        return not_taken(events, manager);
    };
    if buffer.is_none() && handle.is_none() {
        return not_taken(events, manager);
    }
    let Message { handle: number, bytes, .. } = message;
    let len = bytes.len() as u32;
    let is_taken = events.run_begun(entry, |store| {
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
        dropped(events, manager)
    }
}

/// Sends a request or an event of the application with this number. The firmware is told about an
/// event, and answers a request to a resource of its own.
pub(crate) fn post<P: Platform>(manager: &Manager<P>, id: u32, request: &Request<'_>) {
    let request = &Request { sender: id, ..*request };
    if request.action == EVENT {
        manager.shared(|shared| shared.post(id, request));
        manager.platform().published(request);
    } else if let Some(answer) = manager.platform().answer(request) {
        let Answer { status, fmt, ref payload } = answer;
        let response = Response { mid: request.mid, status, fmt, receiver: id, payload };
        manager.shared(|shared| shared.give(&response));
    } else {
        manager.shared(|shared| shared.post(id, request));
    }
}
