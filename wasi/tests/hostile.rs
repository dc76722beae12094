//! Calls with hostile pointers, lengths, vectors of buffers, paths and descriptors, in sequences.
//! Nothing outside of the preopened directory is read or changed, and a call returns an error
//! number or traps because of memory: no panic, no access outside of the linear memory.
//!
//! `ZONDA_FUZZ_SECONDS=600` runs for so long, from another seed each time.

mod common;

use common::{folder, hurry, Probe, FUNCS, MEMORY};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use zonda::TrapCode;
use zonda_wasi::host::{Host, HostDir};
use zonda_wasi::rights::{ALL, CHANGE};
use zonda_wasi::Wasi;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }
    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

const SECRET: &[u8] = b"what lies outside of the preopen";
const PATHS: &[&str] = &[
    "a",
    "b",
    "dir",
    "dir/a",
    "dir/b",
    ".",
    "..",
    "../out/secret",
    "../out/new",
    "dir/../../out/secret",
    "/etc/passwd",
    "/",
    "link",
    "link/secret",
    "link/new",
    "absolute",
    "absolute/secret",
    "file",
    "up/out/secret",
    "dir/",
    "a/",
    "//",
    "./.././out/secret",
    "localhost\0\0",
    "",
    "dir/../a",
    "loop",
    "dir/dir/dir",
    "up",
    "\u{fffd}",
];
/// Where the paths are.
const TEXT: u32 = 4096;

fn memory(random: &mut Random, memory: &mut [u8]) {
    for word in memory.as_chunks_mut::<8>().0 {
        let value = match random.below(5) {
            // A buffer: address and length.
            0 => random.below(MEMORY as u64) | random.below(300) << 32,
            1 => random.next(),
            2 => random.below(16),
            // An address that is allowed, with the port behind it.
            3 => u64::from(u32::from_le_bytes([127, 77, 0, random.below(2) as u8])) << 32,
            _ => 0,
        };
        word.copy_from_slice(&value.to_le_bytes());
    }
    let mut at = TEXT as usize;
    for path in PATHS {
        memory[at..][..path.len()].copy_from_slice(path.as_bytes());
        at += 64;
    }
}

/// A parameter of 32 bits. `last` is the one before it.
fn word(random: &mut Random, last: u64) -> u64 {
    match random.below(12) {
        0..=3 => random.below(10),
        4 | 5 => {
            // A path and, next time, its length.
            u64::from(TEXT) + 64 * random.below(PATHS.len() as u64)
        }
        6 | 7 if last >= TEXT.into() && (last - u64::from(TEXT)).is_multiple_of(64) => {
            let index = (last - u64::from(TEXT)) / 64;
            PATHS.get(index as usize).map_or(1, |path| path.len() as u64)
        }
        6 | 7 => random.below(64) * 8,
        8 => random.below(MEMORY as u64),
        9 => MEMORY as u64 - random.below(70),
        10 => random.one_of(&[u32::MAX as u64, 1 << 31, (1 << 31) - 1, 0x2000_0000, MEMORY as u64]),
        _ => random.next() & 0xffff_ffff,
    }
}

fn world(root: &Path) {
    fs::create_dir_all(root.join("in/dir")).unwrap();
    fs::create_dir_all(root.join("ro")).unwrap();
    fs::create_dir_all(root.join("out")).unwrap();
    fs::write(root.join("in/a"), b"inside").unwrap();
    fs::write(root.join("ro/a"), b"constant").unwrap();
    fs::write(root.join("out/secret"), SECRET).unwrap();
    symlink("../out", root.join("in/link")).unwrap();
    symlink(root.join("out"), root.join("in/absolute")).unwrap();
    symlink("../out/secret", root.join("in/file")).unwrap();
    symlink("loop", root.join("in/loop")).unwrap();
    symlink("..", root.join("in/up")).unwrap();
}

/// One program: a sequence of calls. Returns how many succeeded, and how many sockets were opened.
fn program(random: &mut Random, root: &Path, calls: u64) -> (u64, u64) {
    let _ = fs::remove_dir_all(root);
    fs::create_dir_all(root).unwrap();
    world(root);
    let mut wasi = Wasi::new(Host::new()).unwrap();
    for (name, path, rights) in [("/", "in", ALL), ("/ro", "ro", ALL & !CHANGE)] {
        let dir = HostDir::open_ambient(&root.join(path)).unwrap();
        wasi.preopen(name.as_bytes(), dir, rights).unwrap();
    }
    // An address where nobody listens but the program itself.
    wasi.allow_network(b"127.77.0.0/16").unwrap().allow_lookup(b"localhost").unwrap();
    wasi.limit_descriptors(100);
    let mut probe = Probe::with(wasi);
    // Output would go to the test's own, and input would wait.
    for fd in 0..3 {
        probe.call("fd_close", &[fd]).unwrap();
    }
    let (mut done, mut sockets) = (0, 0);
    for number in 0..calls {
        if number % 50 == 0 {
            memory(random, probe.memory());
        }
        let (name, params) = random.one_of(&FUNCS);
        let mut args: Vec<u64> = Vec::new();
        for ty in params.chars() {
            let last = args.last().copied().unwrap_or(0);
            args.push(match ty {
                'w' => word(random, last),
                // Files stay small.
                _ if name.starts_with("path_open") || name.ends_with("rights") => {
                    random.one_of(&[ALL, !0, 0, 2, 64, random.0])
                }
                _ if name == "fd_pread" || name == "fd_seek" && random.below(4) == 0 => {
                    random.one_of(&[u64::MAX, 1 << 63, i64::MAX as u64, random.0])
                }
                _ => random.below(5000),
            });
        }
        if name == "poll_oneoff" {
            hurry(probe.memory(), args[0], args[2]);
        }
        // Half of the sockets are opened properly.
        if name == "sock_open" && random.below(2) == 0 {
            args = vec![3, random.below(2), random.below(2), random.below(1000) * 8];
        }
        if name == "fd_fdstat_set_flags" {
            args[1] |= 4;
        }
        if name == "fd_seek" {
            args[1] = args[1].min(1 << 20);
        }
        match probe.try_call(name, &args) {
            Ok(0) => {
                done += 1;
                // A socket does not wait here either.
                if name == "sock_open" || name == "sock_accept" {
                    let to = args[if name == "sock_open" { 3 } else { 2 }];
                    let fd = probe.word(to as u32);
                    probe.call("fd_fdstat_set_flags", &[fd.into(), 4]).unwrap();
                    sockets += 1;
                }
            }
            Ok(number) => assert!(number <= 76, "{name}{args:?}: error number {number}"),
            Err(TrapCode::MemoryOutOfBounds) => {}
            Err(TrapCode::Host) if name == "proc_exit" => {}
            Err(code) => panic!("{name}{args:?}: {code:?}"),
        }
        if number % 100 == 99 {
            let found = probe.memory().windows(SECRET.len()).any(|part| part == SECRET);
            assert!(!found, "{name}{args:?}: the secret was read");
        }
    }
    assert_eq!(fs::read(root.join("out/secret")).unwrap(), SECRET);
    assert_eq!(fs::read_dir(root.join("out")).unwrap().count(), 1);
    assert_eq!(fs::read(root.join("ro/a")).unwrap(), b"constant");
    assert_eq!(fs::read_dir(root.join("ro")).unwrap().count(), 1);
    let mut around: Vec<_> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    around.sort();
    assert_eq!(around, ["in", "out", "ro"]);
    (done, sockets)
}

#[test]
fn hostile_calls_stay_inside() {
    let root = folder("hostile");
    let seconds = std::env::var("ZONDA_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let (seed, end) = match seconds {
        Some(seconds) => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            (now.as_nanos() as u64 | 1, Some(Instant::now() + Duration::from_secs(seconds)))
        }
        None => (0x5eed_0001, None),
    };
    let mut random = Random(seed);
    let (mut calls, mut done, mut sockets, mut programs) = (0u64, 0, 0, 0);
    while end.map_or(programs < 40, |end| Instant::now() < end) {
        println!("seed {:#x}", random.0);
        let (succeeded, opened) = program(&mut random, &root, 1000);
        (done, sockets) = (done + succeeded, sockets + opened);
        calls += 1000;
        programs += 1;
    }
    println!("{calls} calls, {done} succeeded, {sockets} sockets");
    // Calls that all fail would test nothing.
    assert!(done > calls / 20, "{done} of {calls} calls succeeded");
    assert!(sockets > programs, "{sockets} sockets in {programs} programs");
}
