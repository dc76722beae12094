//! Packets that no debugger sends: the stub refuses them or ends the session, and the program runs
//! on.
//!
//! Packets are made of those that LLDB sends, with pieces exchanged and bytes damaged, with a right
//! checksum or a wrong one. Each session is a program that runs under the stub until the bytes are
//! used up. ZONDA_PACKETS is the number of sessions, ZONDA_SEED the start of the numbers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use zonda::{Engine, Error, Linker, Mode, Module, Store, TrapCode};
use zonda_debug::{Link, Names, Stub, PACKET};

/// Bytes for the stub, and what it has answered.
#[derive(Default)]
struct State {
    to_stub: VecDeque<u8>,
    from_stub: Vec<u8>,
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<State>>);

impl Link for Memory {
    fn is_connected(&self) -> bool {
        !self.0.lock().unwrap().to_stub.is_empty()
    }
    fn read(&self) -> Option<u8> {
        self.0.lock().unwrap().to_stub.pop_front()
    }
    fn try_read(&self) -> Option<u8> {
        self.read()
    }
    fn write(&self, byte: u8) {
        self.0.lock().unwrap().from_stub.push(byte);
    }
    fn flush(&self) {}
    fn close(&self) {
        self.0.lock().unwrap().to_stub.clear();
    }
    fn set_running(&self, _: bool) {}
}

struct NoNames;

impl Names for NoNames {
    fn name(&self, _: u32) -> Option<&[u8]> {
        None
    }
}

/// What LLDB sends, and some packets that it could send.
const PACKETS: [&str; 52] = [
    "QStartNoAckMode",
    "qSupported:xmlRegisters=i386,arm;multiprocess+;swbreak+",
    "qHostInfo",
    "qProcessInfo",
    "?",
    "qRegisterInfo0",
    "qRegisterInfo1",
    "qXfer:libraries:read::0,1fff",
    "qXfer:libraries:read::72,7",
    "qfThreadInfo",
    "qsThreadInfo",
    "Hg1",
    "Hc-1",
    "p0",
    "p1",
    "P0=00",
    "g",
    "G0000000000000000",
    "qWasmCallStack:1",
    "qWasmLocal:0;0",
    "qWasmLocal:1;2",
    "qWasmLocal:0;4294967295",
    "qWasmGlobal:0;0",
    "qWasmGlobal:0;9",
    "qWasmStackValue:0;0",
    "qWasmStackValue:0;1000000",
    "m0,200",
    "mffff,8",
    "m4000000100000000,200",
    "m4000000200000000,8",
    "M10,4:01020304",
    "M4000000100000010,1:00",
    "X10,2:ab",
    "Z0,4000000100000040,1",
    "z0,4000000100000040,1",
    "Z2,10,4",
    "z2,10,4",
    "Z3,10,8",
    "Z4,fffffffffffffff0,8",
    "Z2,0,ffffffffffffffff",
    "vCont?",
    "vCont;s:1",
    "vCont;c",
    "s",
    "c",
    "vCont;s:p1.1",
    "qRcmd,74726170",
    "x0,0",
    "qMemoryRegionInfo:0",
    "D",
    "k",
    "qXfer:features:read:target.xml:0,ffb",
];

/// A generator of numbers: xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn packet(&mut self) -> Vec<u8> {
        let mut body = PACKETS[self.below(PACKETS.len())].as_bytes().to_vec();
        match self.below(6) {
            0 => {
                // A piece of another one behind a piece of this one.
                let other = PACKETS[self.below(PACKETS.len())].as_bytes();
                body.truncate(self.below(body.len() + 1));
                body.extend(&other[self.below(other.len())..]);
            }
            1 => {
                for _ in 0..1 + self.below(3) {
                    if !body.is_empty() {
                        let at = self.below(body.len());
                        body[at] = self.below(256) as u8;
                    }
                }
            }
            2 => {
                let at = self.below(body.len() + 1);
                let digit = b"0123456789abcdef;:,.-=*$"[self.below(24)];
                for _ in 0..self.below(24) {
                    body.insert(at, digit);
                }
            }
            _ => {}
        }
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let sum = if self.below(40) == 0 { self.below(256) as u8 } else { sum };
        let mut packet = vec![b'$'];
        packet.extend(body);
        packet.extend(format!("#{sum:02x}").bytes());
        if self.below(30) == 0 {
            packet.push(3);
        }
        packet
    }
}

fn sessions(seed: u64, count: usize) {
    let bytes = std::fs::read(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/debug/story-O0.wasm"),
    )
    .unwrap();
    let mut numbers = Numbers(seed);
    let (mut packets, mut answers, mut ended) = (0, 0, 0);
    for number in 0..count {
        let mode = if number % 2 == 0 { Mode::Classic } else { Mode::Fast };
        let engine = Engine::new(mode);
        let module = Module::from_vec(&engine, &bytes).unwrap();
        let link = Memory::default();
        let packet = Box::into_raw(Box::new([0; PACKET]));
        // SAFETY: the buffer lives longer than the stub.
        let stub = Stub::new(link.clone(), NoNames, unsafe { &mut *packet });
        let debugger = Box::into_raw(Box::new(stub));
        {
            let mut store = Store::new(&engine, ()).unwrap();
            // SAFETY: the stub lives longer than the store.
            store.set_debugger(unsafe { &mut *debugger });
            let stop = store.stop_handle();
            let instance = Linker::new().instantiate(&mut store, &module).unwrap();
            for _ in 0..1 + numbers.below(40) {
                link.0.lock().unwrap().to_stub.extend(numbers.packet());
                packets += 1;
            }
            stop.stop();
            let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
            match run.call(&mut store, 3) {
                Ok(_) => {}
                // What a debugger may do: end the call, or change what it works on.
                Err(Error::Trap(trap)) => {
                    ended += 1;
                    let code = trap.code;
                    assert!(
                        matches!(code, TrapCode::Terminated | TrapCode::MemoryOutOfBounds),
                        "seed {seed}, session {number}: {code:?}"
                    );
                }
                Err(error) => panic!("seed {seed}, session {number}: {error}"),
            }
        }
        // SAFETY: the store, which borrowed the stub, is gone, and then the stub.
        unsafe {
            drop(Box::from_raw(debugger));
            drop(Box::from_raw(packet));
        }
        answers += link.0.lock().unwrap().from_stub.len();
    }
    println!(
        "{count} sessions, {packets} packets, {answers} bytes of answers, {ended} calls ended"
    );
    assert!(answers > count, "the stub does not answer");
}

#[test]
fn sessions_of_hostile_packets() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("ZONDA_SEED").unwrap_or(0x5eed_0016);
    sessions(seed, number("ZONDA_PACKETS").unwrap_or(400) as usize);
}

/// The same packets at a trap record: each session ends.
#[cfg(feature = "std")]
#[test]
fn hostile_packets_at_a_record() {
    use zonda_debug::remains::{Frame, Module, Remains};
    let module = Module { name: "a&b.wasm".into(), bytes: vec![7; 300] };
    let frame = |offset| Frame { module: 0, offset, locals: vec![vec![1; 4], vec![2; 16]] };
    let remains = Remains {
        modules: vec![module, Module::default()],
        frames: vec![frame(16), frame(u32::MAX), Frame { module: 9, ..Frame::default() }],
        global: Some(64),
        memory: Some((64, vec![3; 40])),
        trap: Some(TrapCode::Unreachable),
        message: "unreachable".into(),
    };
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let mut numbers = Numbers(number("ZONDA_SEED").unwrap_or(0x5eed_0055));
    let (mut answers, mut packets) = (0, 0);
    for _ in 0..number("ZONDA_PACKETS").unwrap_or(2_000) {
        let mut input = Vec::new();
        for _ in 0..1 + numbers.below(40) {
            input.extend(numbers.packet());
            packets += 1;
        }
        let mut output = Vec::new();
        // A packet that is none ends the session.
        let _ = remains.serve(&input[..], &mut output);
        answers += output.len();
    }
    println!("{packets} packets at a record, {answers} bytes of answers");
    assert!(answers > packets, "the record does not answer");
}
