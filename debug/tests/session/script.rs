//! A debugger that sends the packets of a script and compares each answer, on the thread of the
//! program: no socket, no second thread.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use zonda::debug::StopHandle;
use zonda::{Caller, Engine, Error, Instance, Linker, Mode, Module, Store, Trap, TrapCode};
use zonda_debug::{Link, Names, Stub, PACKET};

/// A byte of the debugger that interrupts the program.
const INTERRUPT: u8 = 3;

#[derive(Default)]
struct State {
    /// What is sent next, and the answer to it.
    steps: VecDeque<(String, String)>,
    /// What was sent last, and the answer to it.
    sent: Option<(String, String)>,
    to_stub: VecDeque<u8>,
    from_stub: Vec<u8>,
    connected: bool,
    running: bool,
    /// Behind the script the program is continued until it ends, and the answers are kept.
    continues: bool,
    stops: Vec<String>,
    /// Where an answer is not that of the script, and what else is wrong.
    differences: Vec<String>,
    /// How many packets the stub has acknowledged.
    acknowledged: usize,
    stop: Option<StopHandle>,
}

/// The connection.
#[derive(Clone, Default)]
pub struct Line(Arc<Mutex<State>>);

/// The bodies of the packets that the stub has sent, with spaces between them, and without the
/// escapes. A wrong checksum is in the text.
fn bodies(mut bytes: &[u8]) -> String {
    let mut texts = Vec::new();
    while let Some(start) = bytes.iter().position(|&byte| byte == b'$') {
        bytes = &bytes[start + 1..];
        let Some(end) = bytes.iter().position(|&byte| byte == b'#') else { break };
        let (body, rest) = bytes.split_at(end);
        let sum = body.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
        let mut text = Vec::new();
        let mut each = body.iter();
        while let Some(&byte) = each.next() {
            text.push(if byte == b'}' { each.next().unwrap() ^ 0x20 } else { byte });
        }
        let mut text = String::from_utf8(text).unwrap();
        if rest.get(1..3) != Some(format!("{sum:02x}").as_bytes()) {
            text += " (wrong checksum)";
        }
        texts.push(text);
        bytes = rest;
    }
    texts.join(" ")
}

impl State {
    /// Compares what was answered to what was sent last.
    fn check(&mut self) {
        let sent = std::mem::take(&mut self.from_stub);
        self.acknowledged += usize::from(sent.first() == Some(&b'+'));
        let answer = bodies(&sent);
        match self.sent.take() {
            Some((packet, expected)) if answer != expected => {
                self.differences.push(format!("{packet}: '{answer}', expected '{expected}'"));
            }
            None if !answer.is_empty() => self.stops.push(answer),
            _ => {}
        }
    }

    fn send(&mut self, packet: &str) {
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        self.to_stub.extend(format!("+${packet}#{sum:02x}").bytes());
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A debugger connects, which sends these packets and expects these answers.
    fn attach(&self, steps: &[(&str, &str)]) {
        let mut state = self.state();
        let step = |&(packet, answer): &(&str, &str)| (packet.to_owned(), answer.to_owned());
        state.steps = steps.iter().map(step).collect();
        state.connected = true;
        state.running = true;
        state.stop.as_ref().unwrap().stop();
    }

    /// While the program runs, a byte comes that means nothing, an interrupt, a packet of another
    /// debugger, that behind an interrupt, or the end of the connection.
    pub fn poke(&self, what: i32) {
        let mut state = self.state();
        if !state.running {
            state.differences.push("the link does not know that the program runs".into());
        }
        match what {
            _ if !state.connected => return,
            0 => state.to_stub.push_back(b'+'),
            1 => state.to_stub.push_back(INTERRUPT),
            2 => state.send("qAttached"),
            3 => {
                state.to_stub.push_back(INTERRUPT);
                state.send("qAttached");
            }
            _ => state.connected = false,
        }
        state.stop.as_ref().unwrap().stop();
    }
}

impl Link for Line {
    fn is_connected(&self) -> bool {
        let state = self.state();
        state.connected || !state.to_stub.is_empty()
    }

    fn read(&self) -> Option<u8> {
        let state = &mut *self.state();
        if let Some(byte) = state.to_stub.pop_front() {
            return Some(byte);
        }
        state.check();
        if let Some((packet, answer)) = state.steps.pop_front() {
            state.send(&packet);
            state.sent = Some((packet, answer));
        } else if state.continues {
            state.send("c");
        } else {
            state.connected = false;
        }
        state.to_stub.pop_front()
    }

    fn try_read(&self) -> Option<u8> {
        self.state().to_stub.pop_front()
    }

    fn write(&self, byte: u8) {
        self.state().from_stub.push(byte);
    }

    fn flush(&self) {}

    fn close(&self) {
        let mut state = self.state();
        state.connected = false;
        state.running = true;
        state.to_stub.clear();
    }

    fn set_running(&self, running: bool) {
        self.state().running = running;
    }
}

/// The names of the modules; the second has none.
pub struct First;

pub const NAME: &str = "a<\"&*}#$.wasm";

impl Names for First {
    fn name(&self, instance: u32) -> Option<&[u8]> {
        (instance == 0).then_some(NAME.as_bytes())
    }
}

/// A program under the stub.
pub struct Debugged<'s> {
    pub store: Store<'s, ()>,
    pub instances: Vec<Instance>,
    pub bytes: Vec<u8>,
    line: Line,
}

/// Makes instances of a module, which may import `env.poke`, `env.write`, `env.again` and `wasi.proc_exit`, and
/// hands them to `body`.
pub fn debugged(mode: Mode, text: &str, instances: usize, body: impl FnOnce(&mut Debugged)) {
    let bytes = wat::parse_str(text).unwrap();
    let engine = Engine::new(mode);
    let module = Module::from_vec(&engine, &bytes).unwrap();
    let line = Line::default();
    let packet = Box::into_raw(Box::new([0; PACKET]));
    // SAFETY: the buffer lives longer than the stub.
    let stub = Stub::new(line.clone(), First, unsafe { &mut *packet });
    let debugger = Box::into_raw(Box::new(stub));
    {
        let mut store = Store::new(&engine, ()).unwrap();
        // SAFETY: the stub lives longer than the store.
        store.set_debugger(unsafe { &mut *debugger });
        line.state().stop = Some(store.stop_handle());
        let mut linker = Linker::new();
        let poked = line.clone();
        let again = |mut caller: Caller<'_, '_, ()>, n: i32| -> Result<i32, Trap> {
            let inner = caller.get_export("inner").and_then(|item| item.into_func()).unwrap();
            let inner = inner.typed::<(i32,), i32>(&caller).unwrap();
            Ok(inner.call(&mut caller, (n,)).unwrap())
        };
        let exit = |_: i32| -> Result<(), Trap> { Err(Trap::from(TrapCode::Host)) };
        linker.func_wrap("env", "poke", move |what: i32| poked.poke(what)).unwrap();
        let (poked, own) = (line.clone(), |caller: &Caller<'_, '_, ()>| {
            caller.get_export("memory").and_then(|item| item.into_memory())
        });
        let write = move |mut caller: Caller<'_, '_, ()>, at: i32| {
            let memory = own(&caller).unwrap();
            memory.data_mut(&mut caller).unwrap()[at as usize] += 1;
            poked.poke(1);
        };
        linker.func_wrap("env", "write", write).unwrap();
        linker.func_wrap("env", "again", again).unwrap();
        linker.func_wrap("wasi", "proc_exit", exit).unwrap();
        let make = |_| linker.instantiate(&mut store, &module).unwrap();
        let instances = (0..instances).map(make).collect();
        body(&mut Debugged { store, instances, bytes, line: line.clone() });
    }
    line.state().stop = None;
    // SAFETY: the store, which borrowed the stub, is gone, and then the stub.
    unsafe {
        drop(Box::from_raw(debugger));
        drop(Box::from_raw(packet));
    }
}

impl Debugged<'_> {
    /// Calls an export of an instance.
    pub fn call(&mut self, instance: usize, name: &str, n: i32) -> Result<i32, Error> {
        let func = self.instances[instance].get_typed_func::<i32, i32>(&self.store, name).unwrap();
        func.call(&mut self.store, n)
    }

    /// A debugger attaches before the next call, and the one before goes if it is still there: the
    /// stub finds that out in a call of `run`.
    pub fn attach(&mut self, steps: &[(&str, &str)]) {
        if std::mem::take(&mut self.line.state().connected) {
            self.line.state().stop.as_ref().unwrap().stop();
            self.call(0, "run", 0).unwrap();
        }
        self.line.attach(steps);
    }

    /// Calls `run` of the first instance under a debugger with this script: see [`Debugged::check`].
    pub fn run(&mut self, n: i32, steps: &[(&str, &str)]) -> Result<i32, Error> {
        self.attach(steps);
        let result = self.call(0, "run", n);
        self.check();
        result
    }

    /// All packets of the script were sent, and each was answered as it says. The answer to the last
    /// one is all that was sent until the program had ended.
    pub fn check(&self) {
        let mut state = self.line.state();
        state.check();
        let left: Vec<_> =
            state.steps.iter().map(|(packet, _)| format!("{packet}: not sent")).collect();
        let stops =
            std::mem::take(&mut state.stops).into_iter().map(|stop| format!("also: {stop}"));
        let all: Vec<_> =
            std::mem::take(&mut state.differences).into_iter().chain(left).chain(stops).collect();
        assert!(all.is_empty(), "{}", all.join("\n"));
    }

    /// Calls `run` of an instance under a debugger that sends these packets, each of which is done,
    /// and then continues at every stop. Returns the stops.
    pub fn stops(&mut self, instance: usize, packets: &[&str]) -> Vec<String> {
        let steps: Vec<_> = packets.iter().map(|&packet| (packet, "OK")).collect();
        self.attach(&steps);
        self.line.state().continues = true;
        self.call(instance, "run", 0).unwrap();
        let mut state = self.line.state();
        state.check();
        state.continues = false;
        assert_eq!(state.differences, [""; 0]);
        std::mem::take(&mut state.stops)
    }

    /// How many packets the stub has acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.line.state().acknowledged
    }

    /// Whether a debugger is connected.
    pub fn is_connected(&self) -> bool {
        self.line.is_connected()
    }

    /// The address in the first instance's module of bytes that occur there once.
    pub fn find(&self, bytes: &[u8]) -> u64 {
        let mut found = self.bytes.windows(bytes.len()).enumerate().filter(|(_, at)| *at == bytes);
        let (offset, _) = found.next().unwrap();
        assert!(found.next().is_none(), "{bytes:x?} is there twice");
        0x4000_0001_0000_0000 + offset as u64
    }

    /// The address of `i32.const` with a number from 1,000 on.
    pub fn marker(&self, number: u32) -> u64 {
        self.find(&[0x41, number as u8 | 0x80, (number >> 7) as u8])
    }
}

/// An address as answers have it.
pub fn hex(address: u64) -> String {
    address.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The answer of a stop: its signal, what else it says, and its address.
pub fn stop(signal: u8, why: &str, address: u64) -> String {
    format!("T{signal:02x}thread:1;{why}00:{};", hex(address))
}
