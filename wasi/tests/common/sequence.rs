//! Sequences of calls with hostile pointers, lengths, vectors of buffers, paths and descriptors, from any
//! source of choices: a test and the fuzz target `wasi` make them.
//!
//! Nothing outside of the preopened directory is read or changed, and a call returns an error
//! number or traps because of memory: no panic, no access outside of the linear memory.

use super::{hurry, Outcome, Probe, FUNCS, MEMORY, RESULT};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use zonda::TrapCode;
use zonda_wasi::host::{Host, HostDir};
use zonda_wasi::rights::{ALL, CHANGE, FD_FILESTAT_GET, FD_READ, FD_SEEK, FD_TELL, FD_WRITE};
use zonda_wasi::{Rights, Wasi};

/// Where choices come from.
pub trait Source {
    fn next(&mut self) -> u64;
    /// Whether there are no more.
    fn is_done(&self) -> bool {
        false
    }
    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }
    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

/// xorshift64*.
pub struct Random(pub u64);

impl Source for Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
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
/// Where vectors of buffers are, each of which lies in the memory.
const VECTORS: u32 = 512;

/// What the i32 parameters of a function mean, for calls that may succeed: `F` a descriptor, `P` a
/// path and `N` its length, `V` a vector of buffers and `C` their number, `B` a buffer and `L` its
/// length, `A` where a result goes, `O` a small number, `1` 0 or 1.
const MEANINGS: &[(&str, &str)] = &[
    ("fd_advise", "FO"),
    ("fd_allocate", "F"),
    ("fd_datasync", "F"),
    ("fd_fdstat_get", "FA"),
    ("fd_filestat_get", "FA"),
    ("fd_filestat_set_size", "F"),
    ("fd_filestat_set_times", "FO"),
    ("fd_pread", "FVCA"),
    ("fd_prestat_dir_name", "FBL"),
    ("fd_prestat_get", "FA"),
    ("fd_pwrite", "FVCA"),
    ("fd_read", "FVCA"),
    ("fd_readdir", "FBLA"),
    ("fd_seek", "F1A"),
    ("fd_sync", "F"),
    ("fd_tell", "FA"),
    ("fd_write", "FVCA"),
    ("path_create_directory", "FPN"),
    ("path_filestat_get", "F1PNA"),
    ("path_filestat_set_times", "F1PNO"),
    ("path_link", "F1PNFPN"),
    ("path_open", "F1PNO1A"),
    ("path_readlink", "FPNBLA"),
    ("path_remove_directory", "FPN"),
    ("path_rename", "FPNFPN"),
    ("path_symlink", "PNFPN"),
    ("path_unlink_file", "FPN"),
    ("sock_accept", "F1A"),
    ("sock_addr_local", "FA"),
    ("sock_addr_remote", "FA"),
    ("sock_bind", "FA"),
    ("sock_close", "F"),
    ("sock_connect", "FA"),
    ("sock_listen", "FO"),
    ("sock_recv", "FVC1AA"),
    ("sock_recv_from", "FBL1AA"),
    ("sock_send", "FVC1A"),
    ("sock_send_to", "FBL1AA"),
    ("sock_shutdown", "FO"),
];

/// A parameter with this meaning.
fn meant(random: &mut impl Source, meaning: u8, last: u64) -> u64 {
    match meaning {
        // The first numbers were closed and are given again; 3 is the first preopen.
        b'F' if random.below(3) == 0 => 3,
        b'F' => random.below(10),
        b'P' if random.below(2) == 0 => u64::from(TEXT) + 64 * random.below(5),
        b'P' => u64::from(TEXT) + 64 * random.below(PATHS.len() as u64),
        b'N' => PATHS[((last - u64::from(TEXT)) / 64) as usize].len() as u64,
        b'V' => u64::from(VECTORS) + 8 * random.below(8),
        b'C' => random.below(4),
        b'B' => 16384 + random.below(1 << 14),
        b'L' => random.below(400),
        b'A' => 1024 + 8 * random.below(64),
        b'O' if random.below(2) == 0 => 0,
        b'O' => random.below(16),
        _ => random.below(2),
    }
}

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
    for vector in 0..8 {
        let (base, len) = (16384 + random.below(1 << 14), random.below(400));
        memory[VECTORS as usize + 8 * vector..][..8]
            .copy_from_slice(&(base | len << 32).to_le_bytes());
    }
    let mut at = TEXT as usize;
    for path in PATHS {
        memory[at..][..path.len()].copy_from_slice(path.as_bytes());
        at += 64;
    }
}

/// A parameter of 32 bits. `last` is the one before it.
fn word(random: &mut impl Source, last: u64) -> u64 {
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

/// Writes a file and reads it back as a program does that means no harm, in between its other calls.
/// An error when it cannot be opened; what is open behaves.
fn round_trip(random: &mut impl Source, probe: &mut Probe) -> Outcome {
    const RIGHTS: Rights = FD_READ | FD_WRITE | FD_SEEK | FD_TELL | FD_FILESTAT_GET;
    // The descriptor of the preopen, unless it was closed or moved.
    let dir = 3 + random.below(2) as u32;
    let (name, other) = random.one_of(&[("mine", "dir/mine"), ("dir/mine", "yours")]);
    let (first, len) = (random.below(256) as u8, random.below(4000) as usize);
    let bytes: Vec<u8> = (0..len).map(|at| first.wrapping_add((at * at) as u8)).collect();
    let (create, truncate) = (1, 8);
    let fd = probe.open_with(dir, name, (0, create | truncate, RIGHTS, 0))?;
    let half = len / 2;
    assert_eq!(probe.write(fd, &bytes[..half]), Ok(half as u32));
    assert_eq!(probe.write(fd, &bytes[half..]), Ok((len - half) as u32));
    let fd = u64::from(fd);
    let long = |probe: &mut Probe, name: &str, args: &[u64], at| {
        assert_eq!(probe.call(name, args), Ok(()), "{name}");
        probe.long(at)
    };
    let result = u64::from(RESULT);
    assert_eq!(long(probe, "fd_tell", &[fd, result], RESULT), len as u64);
    assert_eq!(long(probe, "fd_filestat_get", &[fd, result], RESULT + 32), len as u64);
    let back = random.below(len as u64 + 1);
    assert_eq!(long(probe, "fd_seek", &[fd, back, 0, result], RESULT), back);
    assert_eq!(probe.read(fd as u32).as_deref(), Ok(&bytes[back as usize..]), "what was written");
    if random.below(4) == 0 {
        // It stays open, for what comes.
        return Ok(());
    }
    assert_eq!(probe.call("fd_close", &[fd]), Ok(()));
    // Renamed, if that is allowed, it is the same.
    let moved = probe.rename(dir, name, dir, other).is_ok();
    if let Ok(fd) = probe.open_with(dir, if moved { other } else { name }, (0, 0, FD_READ, 0)) {
        assert_eq!(probe.read(fd).as_deref(), Ok(&bytes[..]), "what was written, by name");
        assert_eq!(probe.call("fd_close", &[fd.into()]), Ok(()));
    }
    Ok(())
}

/// One program: a sequence of calls. `called` is told each function's name and whether the call
/// succeeded.
pub fn program(
    random: &mut impl Source,
    root: &Path,
    calls: u64,
    mut called: impl FnMut(&'static str, bool),
) {
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
    for number in 0..calls {
        if random.is_done() {
            break;
        }
        if number % 50 == 0 {
            memory(&mut Random(random.next() | 1), probe.memory());
        }
        if random.below(16) == 0 {
            called("round trip", round_trip(random, &mut probe).is_ok());
            continue;
        }
        let (name, params) = random.one_of(&FUNCS);
        let mut args: Vec<u64> = Vec::new();
        // Half of the calls are meant well.
        let known = MEANINGS.iter().find(|(func, _)| *func == name);
        let meanings = known.filter(|_| random.below(2) == 0).map_or("", |(_, meanings)| meanings);
        let mut meanings = meanings.bytes();
        for ty in params.chars() {
            let last = args.last().copied().unwrap_or(0);
            let meaning = if ty == 'w' { meanings.next() } else { None };
            args.push(match ty {
                'w' if meaning.is_some() => meant(random, meaning.unwrap_or_default(), last),
                'w' => word(random, last),
                // Files stay small.
                _ if name.starts_with("path_open") || name.ends_with("rights") => {
                    let any = random.next();
                    random.one_of(&[ALL, ALL, ALL, !0, 0, 2, 64, any])
                }
                _ if name == "fd_pread" || name == "fd_seek" && random.below(4) == 0 => {
                    let any = random.next();
                    random.one_of(&[u64::MAX, 1 << 63, i64::MAX as u64, any])
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
        let outcome = probe.try_call(name, &args);
        called(name, outcome == Ok(0));
        match outcome {
            Ok(0) => {
                // A socket does not wait here either.
                if name == "sock_open" || name == "sock_accept" {
                    let to = args[if name == "sock_open" { 3 } else { 2 }];
                    let fd = probe.word(to as u32);
                    probe.call("fd_fdstat_set_flags", &[fd.into(), 4]).unwrap();
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
}
