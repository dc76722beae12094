//! Sequences of WASI calls about sockets: those of preview 1 and of WAMR's extension, with hostile
//! pointers, lengths, vectors of buffers, addresses and descriptors. A call returns an error number or
//! traps because of memory. Whatever a program binds, connects or sends to lies in the network that it
//! was given.
#![no_main]

#[path = "../../wasi/tests/common/funcs.rs"]
mod funcs;

use arbitrary::{Result, Unstructured};
use funcs::{hurry, FUNCS};
use std::sync::OnceLock;
use zonda::{Engine, Error, Grants, Instance, Linker, Memory, Module, Store, TrapCode, Val};
use zonda_wasi::host::Host;
use zonda_wasi::{Preview1, Sockets, Wasi};

/// Bytes of the linear memory.
const MEMORY: u32 = 65536;
/// Where addresses lie, 32 bytes each.
const SLOTS: u32 = 256;
/// Addresses that are allowed begin with these: nobody listens there but the program itself.
const NETWORK: [u8; 2] = [127, 77];
const NONBLOCK: u64 = 4;

fn text() -> String {
    let mut text = String::from("(module");
    for (name, params) in FUNCS {
        let params: Vec<&str> =
            params.chars().map(|ty| if ty == 'w' { "i32" } else { "i64" }).collect();
        let result = if name == "proc_exit" { "" } else { "(result i32)" };
        text += &format!(
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param {}) {result}))",
            params.join(" ")
        );
    }
    for (name, _) in FUNCS {
        text += &format!("(export \"{name}\" (func ${name}))");
    }
    text + "(memory (export \"memory\") 1 1))"
}

struct World {
    store: Store<'static, Wasi<Host>>,
    instance: Instance,
    memory: Memory,
}

impl World {
    fn new() -> World {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        let bytes = BYTES.get_or_init(|| wat::parse_str(text()).expect("the text is a module"));
        let mut wasi = Wasi::new(Host::new()).unwrap();
        wasi.allow_network(b"127.77.0.0/16").unwrap().allow_lookup(b"localhost").unwrap();
        wasi.limit_descriptors(64);
        let engine = Engine::default();
        let module = Module::from_vec(&engine, bytes).unwrap();
        let mut store = Store::new(&engine, wasi).unwrap();
        let mut linker = Linker::new();
        linker.define_module(Preview1::MODULE, Grants::All, |wasi: &mut Wasi<Host>| wasi).unwrap();
        linker.define_module(Sockets::MODULE, Grants::All, |wasi: &mut Wasi<Host>| wasi).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let mut world = World { store, instance, memory };
        // Output would go to the fuzzer's own, and input would wait.
        for fd in 0..3 {
            world.call("fd_close", &[fd]);
        }
        world
    }

    fn bytes(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.store).unwrap()
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        let place = self.bytes().get_mut(at as usize..).unwrap_or(&mut []);
        place.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    }

    fn word(&mut self, at: u64) -> u32 {
        let bytes = self.bytes().get(at as usize..at as usize + 4);
        bytes.map_or(0, |bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
    }

    /// Calls a function; `None` when the call has trapped.
    fn call(&mut self, name: &str, args: &[u64]) -> Option<u32> {
        let (_, params) = FUNCS.iter().find(|(func, _)| *func == name).unwrap();
        let value = |(ty, arg): (char, &u64)| match ty {
            'w' => Val::I32(*arg as i32),
            _ => Val::I64(*arg as i64),
        };
        let vals: Vec<Val> = params.chars().zip(args).map(value).collect();
        let mut results = [Val::I32(0)];
        let count = usize::from(name != "proc_exit");
        let func = self.instance.get_func(&self.store, name).unwrap();
        match func.call(&mut self.store, &vals, &mut results[..count]) {
            Ok(()) => match results[0] {
                Val::I32(number @ 0..=76) => Some(number as u32),
                result => panic!("{name}{args:?} returns {result:?}"),
            },
            Err(Error::Trap(trap)) if trap.code == TrapCode::MemoryOutOfBounds => None,
            Err(Error::Trap(trap)) if trap.code == TrapCode::Host && name == "proc_exit" => None,
            Err(error) => panic!("{name}{args:?}: {error}"),
        }
    }

    /// An address that a function has accepted is one that is allowed.
    fn check(&mut self, name: &str, at: u64) {
        let record = self.bytes().get(at as usize..at as usize + 6).map(<[u8]>::to_vec);
        assert!(
            record.is_some_and(|record| record[..4] == [0; 4] && record[4..] == NETWORK),
            "{name} accepts an address that is not allowed"
        );
    }
}

fn word(u: &mut Unstructured) -> Result<u64> {
    Ok(match u.int_in_range(0..=7)? {
        0..=2 => u.int_in_range(0..=12)?,
        3 | 4 => u64::from(SLOTS) + 32 * u.int_in_range(0..=7u64)?,
        5 => u64::from(MEMORY) - u.int_in_range(0..=40u64)?,
        6 => *u.choose(&[u32::MAX.into(), 1 << 31, (1 << 31) - 1, 0x2000_0000, MEMORY.into()])?,
        _ => u.arbitrary::<u32>()?.into(),
    })
}

fn step(u: &mut Unstructured, world: &mut World) -> Result<()> {
    match u.int_in_range(0..=9)? {
        // Anything anywhere.
        0 => {
            let at = u.arbitrary::<u16>()?;
            let len = u.int_in_range(0..=64)?;
            let bytes = u.bytes(len)?;
            world.put(at.into(), bytes);
            return Ok(());
        }
        // An address, in most cases one that is allowed.
        1 => {
            let slot = SLOTS + 32 * u.int_in_range(0..=7)?;
            let last = u.int_in_range(0..=1u8)?;
            let mut record = [0, 0, 0, 0, NETWORK[0], NETWORK[1], 0, last, 0, 0];
            if u.ratio(1, 3)? {
                let at = u.choose_index(record.len())?;
                record[at] = u.arbitrary()?;
            }
            world.put(slot, &record);
            return Ok(());
        }
        // A name, and a vector of buffers.
        2 => {
            world.put(SLOTS, b"localhost\0\0");
            let (buffer, len) = (word(u)? as u32, word(u)? as u32);
            world.put(SLOTS + 32, &[buffer.to_le_bytes(), len.to_le_bytes()].concat());
            return Ok(());
        }
        _ => {}
    }
    let (name, params) = *u.choose(&FUNCS)?;
    // Files are what other tests try.
    if name.starts_with("path_") {
        return Ok(());
    }
    let mut args = Vec::new();
    for ty in params.chars() {
        args.push(if ty == 'w' { word(u)? } else { u.int_in_range(0..=5000)? });
    }
    match name {
        "sock_open" if u.arbitrary()? => {
            args[1] %= 2;
            args[2] %= 2;
            args[3] = 64;
        }
        // Nothing waits.
        "fd_fdstat_set_flags" => args[1] |= NONBLOCK,
        "sock_set_linger" => args[2] = 0,
        "poll_oneoff" => hurry(world.bytes(), args[0], args[2]),
        _ => {}
    }
    // Where the call finds an address: it is read before anything is written.
    let address = match name {
        "sock_bind" | "sock_connect" => Some(args[1]),
        "sock_send_to" => Some(args[4]),
        _ => None,
    };
    let outcome = world.call(name, &args);
    zonda_fuzz::calls::count(name, outcome == Some(0));
    if outcome != Some(0) {
        return Ok(());
    }
    match address {
        // The number of bytes sent may be written over the address.
        Some(at) if name != "sock_send_to" || args[5].abs_diff(at) > 8 => world.check(name, at),
        _ => {}
    }
    let opened = match name {
        "sock_open" => args[3],
        "sock_accept" => args[2],
        _ => return Ok(()),
    };
    let fd = world.word(opened);
    assert_eq!(world.call("fd_fdstat_set_flags", &[fd.into(), NONBLOCK]), Some(0));
    Ok(())
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    zonda_fuzz::calls::write_at_exit();
    let mut u = Unstructured::new(data);
    let mut world = World::new();
    for _ in 0..400 {
        if u.is_empty() || step(&mut u, &mut world).is_err() {
            break;
        }
    }
});
