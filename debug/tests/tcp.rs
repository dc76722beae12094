//! The TCP port of a host, with a client that sends packets: attaching, interrupts, the end of a
//! connection while the program is stopped and while it runs, and the next one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zonda::{Engine, Linker, Mode, Module, Store};
use zonda_debug::tcp::Port;
use zonda_debug::{Names, Stub, PACKET};

const SOON: Duration = Duration::from_secs(20);

/// Runs until a debugger has changed its memory.
const MODULE: &str = r#"(module
    (import "env" "tick" (func $tick))
    (memory 1)
    (func (export "run") (result i32)
        (loop $l (call $tick) (br_if $l (i32.eqz (i32.load (i32.const 64)))))
        (i32.load (i32.const 64))))"#;

struct NoNames;

impl Names for NoNames {
    fn name(&self, _: u32) -> Option<&[u8]> {
        None
    }
}

struct Client(TcpStream);

impl Client {
    fn connect(address: SocketAddr) -> Client {
        Client::of(TcpStream::connect(address).unwrap())
    }

    fn of(stream: TcpStream) -> Client {
        stream.set_read_timeout(Some(SOON)).unwrap();
        let mut client = Client(stream);
        assert_eq!(client.ask("$QStartNoAckMode#b0"), "OK");
        client
    }

    fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).unwrap();
    }

    /// The body of the next packet.
    fn answer(&mut self) -> String {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while bytes.len() < 3 || bytes[bytes.len() - 3] != b'#' {
            self.0.read_exact(&mut byte).expect("no answer");
            bytes.push(byte[0]);
        }
        let text = String::from_utf8(bytes).unwrap();
        text.split(['$', '#']).nth(1).unwrap().to_owned()
    }

    fn ask(&mut self, packet: &str) -> String {
        self.send(packet);
        self.answer()
    }
}

#[test]
fn debuggers_come_and_go() {
    let engine = Engine::new(Mode::Classic);
    let module = Module::from_vec(&engine, wat::parse_str(MODULE).unwrap()).unwrap();
    let ticks = Arc::new(AtomicU32::new(0));
    let packet = Box::into_raw(Box::new([0; PACKET]));
    let mut store = Store::new(&engine, ()).unwrap();
    let port = Port::open(0).unwrap();
    let address = port.address().unwrap();
    let tcp = port.serve(store.stop_handle()).unwrap();
    // SAFETY: the buffer lives longer than the stub.
    let stub = Stub::new(tcp, NoNames, unsafe { &mut *packet });
    let debugger = Box::into_raw(Box::new(stub));
    // SAFETY: the stub lives longer than the store.
    store.set_debugger(unsafe { &mut *debugger });
    let mut linker = Linker::new();
    let counted = ticks.clone();
    let tick = move || _ = counted.fetch_add(1, Ordering::Relaxed);
    linker.func_wrap("env", "tick", tick).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
    let runs_on = || {
        let (before, start) = (ticks.load(Ordering::Relaxed), Instant::now());
        // Some calls may be under way.
        while ticks.load(Ordering::Relaxed) < before + 1_000 {
            assert!(start.elapsed() < SOON, "the program stands still");
            std::thread::yield_now();
        }
    };
    let stands_still = || {
        let start = Instant::now();
        loop {
            let seen = ticks.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(50));
            if ticks.load(Ordering::Relaxed) == seen {
                return;
            }
            assert!(start.elapsed() < SOON, "the program runs on");
        }
    };
    let client = || {
        runs_on();
        // The program stops when a debugger connects, before it sends anything.
        let stream = TcpStream::connect(address).unwrap();
        stands_still();
        let mut first = Client::of(stream);
        assert!(first.ask("$?#3f").starts_with("T05"));
        stands_still();
        // An interrupt while it runs, and one that comes with the packet.
        first.send("$c#63");
        runs_on();
        assert!(first.ask("\u{3}").starts_with("T02"));
        // The stub waits for a packet when they come.
        std::thread::sleep(Duration::from_millis(50));
        assert!(first.ask("$c#63\u{3}").starts_with("T02"));
        // The connection ends while the program is stopped, and while it runs.
        drop(first);
        runs_on();
        let mut second = Client::connect(address);
        assert_eq!(second.ask("$Z2,40,4#7c"), "OK");
        second.send("$c#63");
        runs_on();
        drop(second);
        runs_on();
        // The stub ends the connection of a debugger that detaches.
        let mut third = Client::connect(address);
        assert_eq!(third.ask("$D#44"), "OK");
        assert_eq!(third.0.read(&mut [0]).unwrap(), 0);
        runs_on();
        let mut last = Client::connect(address);
        assert_eq!(last.ask("$M40,4:2a000000#fe"), "OK");
        assert_eq!(last.ask("$D#44"), "OK");
    };
    // A client that fails leaves the program in its loop.
    store.set_fuel(1 << 30);
    let result = std::thread::scope(|scope| {
        let client = scope.spawn(client);
        let result = run.call(&mut store, ());
        client.join().unwrap();
        result
    });
    assert_eq!(result, Ok(42));
    drop(store);
    // SAFETY: the store, which borrowed the stub, is gone, and then the stub.
    unsafe {
        drop(Box::from_raw(debugger));
        drop(Box::from_raw(packet));
    }
}
