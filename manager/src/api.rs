//! The functions that applications import from `env`, besides the C library: those on which WAMR's
//! application framework builds its API. docs/apps.md lists them.
//!
//! Timers, open sensors and open connections belong to the thread of the application, which is the
//! only one that uses them, and go with it.

use core::marker::PhantomData;

use zonda::{Call, HostError, HostModule, TrapCode, TryVec};
use zonda_libc::{Env as Libc, Host};
use zonda_manifest::Limits;
use zonda_storage::Name;

use crate::attributes::{Attributes, Builder};
use crate::devices;
use crate::list::remove;
use crate::packet::{Request, Response};
use crate::platform::{Endpoint, Owner, Platform};
use crate::run::post;

/// Name of the module that applications import from.
const MODULE: &str = "env";

/// Functions with their signatures, and the capability that each needs.
macro_rules! functions {
    ($($name:ident $signature:literal $capability:expr;)*) => {
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy)]
        enum Func { $($name),* }

        /// All of them, by their numbers.
        const FUNCS: &[Func] = &[$(Func::$name),*];
        /// Their names and capabilities.
        const CAPABILITIES: &[(&str, Option<&str>)] = &[$((stringify!($name), $capability)),*];
        /// The signature of each, and its name.
        const LIST: &str = concat!($($signature, " ", stringify!($name), " "),*);
    };
}

functions! {
    wasm_register_resource "(i)" Some("resource");
    wasm_response_send "(ii)i" None;
    wasm_post_request "(ii)" Some("request");
    wasm_sub_event "(i)" Some("subscribe");
    wasm_create_timer "(iii)i" None;
    wasm_timer_destroy "(i)" None;
    wasm_timer_cancel "(i)" None;
    wasm_timer_restart "(ii)" None;
    wasm_get_sys_tick_ms "()i" None;
    wasm_sensor_open "(ii)i" Some("sensor");
    wasm_sensor_config "(iiii)i" Some("sensor");
    wasm_sensor_config_with_attr_container "(iii)i" Some("sensor");
    wasm_sensor_close "(i)i" Some("sensor");
    wasm_open_connection "(iii)i" Some("connection");
    wasm_close_connection "(i)" Some("connection");
    wasm_send_on_connection "(iii)i" Some("connection");
    wasm_config_connection "(iii)i" Some("connection");
}

/// The names of all capabilities.
pub fn capability_names() -> impl Iterator<Item = &'static str> {
    let named = |index: usize| CAPABILITIES.get(index).and_then(|(_, capability)| *capability);
    devices::with_capabilities((0..CAPABILITIES.len()).filter_map(move |index| {
        let own = named(index)?;
        (0..index).all(|before| named(before) != Some(own)).then_some(own)
    }))
}

/// What the import of these names needs: `Some(None)` for nothing; None if there is no such
/// function.
pub fn import_capability(module: &str, name: &str) -> Option<Option<&'static str>> {
    if module != MODULE {
        return devices::capability(module, name).map(Some);
    }
    if let Some((_, capability)) = CAPABILITIES.iter().find(|(own, _)| *own == name) {
        return Some(*capability);
    }
    Libc::<NoHost>::MODULE.names().any(|own| own == name).then_some(None)
}

/// For the names of the C library alone.
struct NoHost;

impl Host for NoHost {
    fn print(&mut self, _: &[u8]) {}
}

/// A timer.
struct Timer {
    number: u32,
    interval: u32,
    is_periodic: bool,
    /// None while it does not run.
    due: Option<u64>,
}

/// A sensor that is open.
struct Sensor {
    number: u32,
    interval: u32,
    due: Option<u64>,
}

/// What has to be done now.
pub(crate) enum Due {
    Timer(u32),
    Sensor(u32),
}

/// How much of what is here an application may have. The manifest has at most 256 of each.
struct Most {
    timers: u16,
    sensors: u16,
    connections: u16,
}

/// What belongs to a running application. Kept small: there is one for each.
pub(crate) struct Context<P: Platform> {
    manager: P::Handle,
    slot: usize,
    id: u32,
    most: Most,
    timers: TryVec<Timer>,
    sensors: TryVec<Sensor>,
    connections: TryVec<u32>,
    /// For timers and connections; never 0.
    last_number: u32,
}

impl<P: Platform> Context<P> {
    pub fn new(manager: P::Handle, slot: usize, id: u32, limits: &Limits) -> Context<P> {
        let most = |limit| u16::try_from(limit).unwrap_or(u16::MAX);
        Context {
            manager,
            slot,
            id,
            most: Most {
                timers: most(limits.timers),
                sensors: most(limits.sensors),
                connections: most(limits.connections),
            },
            timers: TryVec::new(),
            sensors: TryVec::new(),
            connections: TryVec::new(),
            last_number: 0,
        }
    }

    /// The name of the application.
    pub fn name(&self) -> Option<Name> {
        self.manager.app(self.slot, |app| app.name)
    }

    /// The manager and the place of the application.
    pub fn place(&self) -> (P::Handle, usize) {
        (self.manager.clone(), self.slot)
    }

    fn now(&self) -> u64 {
        self.manager.platform().now()
    }

    fn number(&mut self) -> u32 {
        self.last_number = self.last_number % 0x7FFF_FFFF + 1;
        self.last_number
    }

    /// The first timer or sensor that is due, which is set to its next time.
    pub fn take_due(&mut self, now: u64) -> Option<Due> {
        let timers = self.timers.iter_mut().map(|timer| &mut timer.due);
        let sensors = self.sensors.iter_mut().map(|sensor| &mut sensor.due);
        let first = timers.chain(sensors).flat_map(|due| due.as_ref().copied()).min()?;
        if first > now {
            return None;
        }
        if let Some(timer) = self.timers.iter_mut().find(|timer| timer.due == Some(first)) {
            timer.due = timer.is_periodic.then(|| after(first, timer.interval, now));
            return Some(Due::Timer(timer.number));
        }
        let sensor = self.sensors.iter_mut().find(|sensor| sensor.due == Some(first))?;
        sensor.due = Some(after(first, sensor.interval, now));
        Some(Due::Sensor(sensor.number))
    }

    /// When the next one is due.
    pub fn next_due(&self) -> Option<u64> {
        let timers = self.timers.iter().filter_map(|timer| timer.due);
        timers.chain(self.sensors.iter().filter_map(|sensor| sensor.due)).min()
    }

    fn timer(&mut self, number: u32) -> Option<&mut Timer> {
        self.timers.iter_mut().find(|timer| timer.number == number)
    }

    fn create_timer(&mut self, interval: u32, is_periodic: bool, is_started: bool) -> Option<u32> {
        if self.timers.len() >= self.most.timers.into() {
            return None;
        }
        let due = is_started.then(|| self.now().saturating_add(interval.into()));
        let number = self.number();
        self.timers.push(Timer { number, interval, is_periodic, due }).ok()?;
        Some(number)
    }

    fn open_sensor(&mut self, name: &str, index: u32) -> Option<u32> {
        let number = self.manager.platform().sensor(name, index)?;
        let is_open = self.sensors.iter().any(|sensor| sensor.number == number);
        if is_open || self.sensors.len() >= self.most.sensors.into() {
            return None;
        }
        self.sensors.push(Sensor { number, interval: 0, due: None }).ok()?;
        Some(number)
    }

    fn configure_sensor(&mut self, number: u32, [interval, bits, delay]: [u32; 3]) -> bool {
        let due = (interval != 0).then(|| self.now().saturating_add(interval.into()));
        let Some(sensor) = self.sensors.iter_mut().find(|sensor| sensor.number == number) else {
            return false;
        };
        (sensor.interval, sensor.due) = (interval, due);
        let config = || {
            let mut config = Builder::new("config sensor")?;
            config.int("interval", interval as i32)?;
            config.int("bit_cfg", bits as i32)?;
            config.int("delay", delay as i32)?;
            Ok::<_, zonda::OutOfMemory>(config.finish())
        };
        if let Ok(config) = config() {
            self.manager.platform().configure_sensor(number, &config);
        }
        true
    }

    fn owner(&self, connection: u32) -> Option<Owner> {
        let is_own = self.connections.contains(&connection);
        is_own.then_some(Owner { slot: self.slot, id: self.id, connection })
    }

    fn connect(&mut self, kind: &str, args: &[u8]) -> Option<u32> {
        if self.connections.len() >= self.most.connections.into() {
            return None;
        }
        Attributes::parse(args).ok()?;
        let connection = self.number();
        self.connections.push(connection).ok()?;
        let owner = Owner { slot: self.slot, id: self.id, connection };
        let is_open = self.manager.platform().connect(owner, &Endpoint { kind, args });
        if !is_open {
            self.connections.pop();
        }
        is_open.then_some(connection)
    }

    fn close(&mut self, connection: u32) {
        let Some(owner) = self.owner(connection) else { return };
        self.manager.platform().disconnect(owner);
        let index = self.connections.iter().position(|&own| own == connection);
        index.and_then(|index| remove(&mut self.connections, index));
    }
}

/// The time after `first` in steps of `interval` that is later than now. Times that were missed are
/// left out.
fn after(first: u64, interval: u32, now: u64) -> u64 {
    let interval = u64::from(interval).max(1);
    let missed = now.saturating_sub(first) / interval;
    first.saturating_add(missed.saturating_add(1).saturating_mul(interval))
}

impl<P: Platform> Drop for Context<P> {
    fn drop(&mut self) {
        while let Some(&connection) = self.connections.last() {
            self.close(connection);
        }
        self.manager.platform().close_all(self.slot);
    }
}

impl<P: Platform> Host for Context<P> {
    fn print(&mut self, text: &[u8]) {
        if let Some(name) = self.name() {
            self.manager.platform().print(name.as_str(), text);
        }
    }

    fn clock(&mut self, number: u32) -> Option<u64> {
        (number == 1).then(|| self.now().saturating_mul(1_000_000))
    }
}

const OUTSIDE: HostError = HostError::Trap(TrapCode::MemoryOutOfBounds);
/// What stands for no sensor or connection.
const NONE: u32 = u32::MAX;

/// Bytes of the linear memory, and the context.
pub(crate) fn bytes<'c, P: Platform>(
    call: &'c mut Call<'_, Context<P>>,
    at: u32,
    len: u32,
) -> Result<(&'c [u8], &'c mut Context<P>), HostError> {
    let (memory, context) = call.memory_and_state();
    let rest = memory.get(at as usize..).ok_or(OUTSIDE)?;
    Ok((rest.get(..len as usize).ok_or(OUTSIDE)?, context))
}

/// A text that ends with NUL, and the context. What is no text is empty.
pub(crate) fn text<'c, P: Platform>(
    call: &'c mut Call<'_, Context<P>>,
    at: u32,
) -> Result<(&'c str, &'c mut Context<P>), HostError> {
    let len = call.string(at).ok_or(OUTSIDE)?.len() as u32;
    let (bytes, context) = bytes(call, at, len)?;
    Ok((core::str::from_utf8(bytes).unwrap_or(""), context))
}

/// Executes a function by its number.
fn execute<P: Platform>(
    call: &mut Call<'_, Context<P>>,
    index: usize,
    args: &[u32],
) -> Result<u64, HostError> {
    let func = FUNCS.get(index).copied().ok_or(OUTSIDE)?;
    let mut words = [0; 4];
    words.iter_mut().zip(args).for_each(|(to, from)| *to = *from);
    let [a, b, c, d] = words;
    let result = match func {
        Func::wasm_register_resource | Func::wasm_sub_event => {
            let is_event = matches!(func, Func::wasm_sub_event);
            let (url, context) = text(call, a)?;
            let slot = context.slot;
            let is_done =
                context.manager.shared(|shared| shared.register(slot, url.as_bytes(), is_event));
            if let Some(name) = context.name().filter(|_| !is_done) {
                let platform = context.manager.platform();
                platform.print(name.as_str(), b"(not registered: ");
                platform.print(name.as_str(), url.as_bytes());
                platform.print(name.as_str(), b")\n");
            }
            0
        }
        Func::wasm_post_request => {
            let (packet, context) = bytes(call, a, b)?;
            if let Ok(request) = Request::parse(packet) {
                post(&*context.manager, context.id, &request);
            }
            0
        }
        Func::wasm_response_send => {
            let (packet, context) = bytes(call, a, b)?;
            let id = context.id;
            let is_sent = Response::parse(packet).is_ok_and(|response| {
                context.manager.shared(|shared| shared.respond(id, &response))
            });
            is_sent.into()
        }
        Func::wasm_create_timer => {
            call.state().create_timer(a, b & 0xff != 0, c & 0xff != 0).unwrap_or(NONE)
        }
        Func::wasm_timer_destroy => {
            let timers = &mut call.state().timers;
            let index = timers.iter().position(|timer| timer.number == a);
            index.and_then(|index| remove(timers, index));
            0
        }
        Func::wasm_timer_cancel => {
            if let Some(timer) = call.state().timer(a) {
                timer.due = None;
            }
            0
        }
        Func::wasm_timer_restart => {
            let context = call.state();
            let due = context.now().saturating_add(b.into());
            if let Some(timer) = context.timer(a) {
                (timer.interval, timer.due) = (b, Some(due));
            }
            0
        }
        Func::wasm_get_sys_tick_ms => call.state().now() as u32,
        Func::wasm_sensor_open => {
            let (name, context) = text(call, a)?;
            context.open_sensor(name, b).unwrap_or(NONE)
        }
        Func::wasm_sensor_config => call.state().configure_sensor(a, [b, c, d]).into(),
        Func::wasm_sensor_config_with_attr_container => {
            let (config, context) = bytes(call, b, c)?;
            let is_open = context.sensors.iter().any(|sensor| sensor.number == a);
            let is_valid = is_open && Attributes::parse(config).is_ok();
            (is_valid && context.manager.platform().configure_sensor(a, config)).into()
        }
        Func::wasm_sensor_close => {
            let sensors = &mut call.state().sensors;
            let index = sensors.iter().position(|sensor| sensor.number == a);
            index.is_some_and(|index| remove(sensors, index).is_some()).into()
        }
        Func::wasm_open_connection => {
            // The memory is borrowed once: name and arguments are in it.
            let len = call.string(a).ok_or(OUTSIDE)?.len();
            let (memory, context) = call.memory_and_state();
            let memory = &*memory;
            let part =
                |at: u32, len: usize| memory.get(at as usize..).and_then(|rest| rest.get(..len));
            let name = core::str::from_utf8(part(a, len).ok_or(OUTSIDE)?).unwrap_or("");
            let args = part(b, c as usize).ok_or(OUTSIDE)?;
            context.connect(name, args).unwrap_or(NONE)
        }
        Func::wasm_close_connection => {
            call.state().close(a);
            0
        }
        Func::wasm_send_on_connection => {
            let (data, context) = bytes(call, b, c)?;
            let sent = context
                .owner(a)
                .and_then(|owner| context.manager.platform().send(owner, data))
                .and_then(|sent| u32::try_from(sent).ok());
            sent.unwrap_or(NONE)
        }
        // No connection of a platform has anything to configure yet.
        Func::wasm_config_connection => {
            bytes(call, b, c)?;
            0
        }
    };
    Ok(result.into())
}

/// The module `env`.
pub(crate) struct Api<P>(PhantomData<fn(P)>);

impl<P: Platform> Api<P> {
    /// The functions.
    pub const MODULE: HostModule<Context<P>> = HostModule::listed(MODULE, LIST, execute::<P>);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn each_import_has_its_capability() {
        let names: Vec<&str> = capability_names().take(5).collect();
        assert_eq!(names, ["resource", "request", "subscribe", "sensor", "connection"]);
        assert_eq!(import_capability("env", "wasm_sub_event"), Some(Some("subscribe")));
        assert_eq!(import_capability("env", "wasm_create_timer"), Some(None));
        assert_eq!(import_capability("env", "printf"), Some(None));
        assert_eq!(import_capability("env", "unknown"), None);
        assert_eq!(import_capability("wasi_snapshot_preview1", "printf"), None);
        assert_eq!(import_capability("gpio", "printf"), None);
    }

    #[test]
    fn times_that_were_missed_are_left_out() {
        assert_eq!(after(100, 10, 100), 110);
        assert_eq!(after(100, 10, 109), 110);
        assert_eq!(after(100, 10, 110), 120);
        assert_eq!(after(100, 10, 155), 160);
        assert_eq!(after(100, 0, 155), 156);
        assert_eq!(after(u64::MAX, u32::MAX, u64::MAX), u64::MAX);
    }
}
