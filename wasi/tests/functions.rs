//! Functions as the specification has them, where the official suite does not look.

mod common;

use common::{folder, Probe, DATA, FUNCS, MEMORY, RESULT};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};
use zonda::TrapCode;
use zonda_wasi::host::{Host, HostDir, HostSocket};
use zonda_wasi::rights::{ALL, FD_READ, FD_WRITE};
use zonda_wasi::{Errno, Preview1, Sockets, Stream, Wasi};

/// The functions are those of the specification and of the extension.
#[test]
fn all_functions_are_declared() {
    let mut declared: Vec<&str> = Preview1::<Host>::MODULE.names().collect();
    assert_eq!(declared.len(), 46);
    declared.extend(Sockets::<Host>::MODULE.names());
    let mut expected: Vec<&str> = FUNCS.iter().map(|(name, _)| *name).collect();
    declared.sort_unstable();
    expected.sort_unstable();
    assert_eq!(declared, expected);
}

#[test]
fn arguments_and_variables_are_what_the_embedder_gave() {
    let mut wasi = Wasi::new(Host::new()).unwrap();
    wasi.arg(b"name").unwrap().arg(b"").unwrap().arg(b"a b").unwrap();
    wasi.env(b"HOME", b"/").unwrap().env(b"EMPTY", b"").unwrap();
    assert!(wasi.arg(b"a\0b").is_err());
    assert!(wasi.env(b"A=B", b"").is_err());
    assert!(wasi.env(b"", b"x").is_err());
    let mut probe = Probe::with(wasi);
    for (sizes, get, expected) in [
        ("args_sizes_get", "args_get", vec![&b"name"[..], b"", b"a b"]),
        ("environ_sizes_get", "environ_get", vec![&b"HOME=/"[..], b"EMPTY="]),
    ] {
        probe.call(sizes, &[0, 4]).unwrap();
        let (count, bytes) = (probe.word(0) as usize, probe.word(4));
        assert_eq!(count, expected.len());
        assert_eq!(bytes as usize, expected.iter().map(|text| text.len() + 1).sum::<usize>());
        probe.call(get, &[64, DATA.into()]).unwrap();
        for (index, text) in expected.iter().enumerate() {
            let at = probe.word(64 + 4 * index as u32) as usize;
            assert_eq!(&probe.memory()[at..][..text.len()], *text);
            assert_eq!(probe.memory()[at + text.len()], 0);
        }
        // The last byte that fits, and one more.
        let end = MEMORY as u64 - u64::from(bytes);
        probe.call(get, &[64, end]).unwrap();
        assert_eq!(probe.try_call(get, &[64, end + 1]), Err(TrapCode::MemoryOutOfBounds));
        assert_eq!(probe.try_call(get, &[MEMORY as u64 - 4, 0]), Err(TrapCode::MemoryOutOfBounds));
    }
}

#[test]
fn exit_stops_the_call_and_leaves_the_code() {
    for code in [0, 1, 255, 256, u32::MAX] {
        let mut probe = Probe::new(&[]);
        assert_eq!(probe.store.data().exit_code(), None);
        assert_eq!(probe.try_call("proc_exit", &[code.into()]), Err(TrapCode::Host));
        assert_eq!(probe.store.data().exit_code(), Some(code));
    }
}

#[test]
fn clocks_advance() {
    let mut probe = Probe::new(&[]);
    for clock in 0..4 {
        probe.call("clock_res_get", &[clock, 0]).unwrap();
        assert!(probe.long(0) > 0);
        probe.call("clock_time_get", &[clock, 0, 8]).unwrap();
        let before = probe.long(8);
        std::hint::black_box((0..100_000).sum::<u64>());
        probe.call("clock_time_get", &[clock, 0, 8]).unwrap();
        assert!(probe.long(8) >= before && probe.long(8) > 0);
    }
    assert_eq!(probe.call("clock_time_get", &[4, 0, 8]), Err(Errno::Inval));
}

#[test]
fn random_bytes_differ() {
    let mut probe = Probe::new(&[]);
    probe.call("random_get", &[0, 32]).unwrap();
    let first = probe.memory()[..32].to_vec();
    probe.call("random_get", &[0, 32]).unwrap();
    assert_ne!(probe.memory()[..32], first);
    probe.call("random_get", &[MEMORY as u64, 0]).unwrap();
    assert_eq!(
        probe.try_call("random_get", &[MEMORY as u64 - 1, 2]),
        Err(TrapCode::MemoryOutOfBounds)
    );
}

/// A vector of buffers is read in order, and one that lies outside of the memory traps.
#[test]
fn buffers_are_filled_in_order() {
    let root = folder("buffers");
    fs::write(root.join("file"), b"abcdefghij").unwrap();
    let mut probe = Probe::new(&[(&root, "/", ALL)]);
    let fd = probe.open(3, "file").unwrap();
    for (index, (at, len)) in [(100u32, 3u32), (0, 0), (200, 4), (300, 50)].iter().enumerate() {
        probe.put(512 + 8 * index as u32, &at.to_le_bytes());
        probe.put(516 + 8 * index as u32, &len.to_le_bytes());
    }
    probe.call("fd_read", &[fd.into(), 512, 4, RESULT.into()]).unwrap();
    assert_eq!(probe.word(RESULT), 10);
    assert_eq!(&probe.memory()[100..103], b"abc");
    assert_eq!(&probe.memory()[200..204], b"defg");
    assert_eq!(&probe.memory()[300..303], b"hij");
    probe.call("fd_pread", &[fd.into(), 512, 4, 8, RESULT.into()]).unwrap();
    assert_eq!((probe.word(RESULT), &probe.memory()[100..103]), (2, &b"ijc"[..]));
    // The position is that of the read before.
    probe.call("fd_tell", &[fd.into(), RESULT.into()]).unwrap();
    assert_eq!(probe.long(RESULT), 10);
    probe.put(512, &(MEMORY as u32 - 2).to_le_bytes());
    let outside = probe.try_call("fd_read", &[fd.into(), 512, 4, RESULT.into()]);
    assert_eq!(outside, Err(TrapCode::MemoryOutOfBounds));
    for count in [0x2000_0000u64, 0x1fff_ffff, u64::from(u32::MAX)] {
        let many = probe.try_call("fd_read", &[fd.into(), 512, count, RESULT.into()]);
        assert_eq!(many, Err(TrapCode::MemoryOutOfBounds));
    }
}

#[test]
fn a_table_of_descriptors_has_a_limit() {
    let root = folder("limit");
    fs::write(root.join("file"), b"x").unwrap();
    let mut wasi = Wasi::new(Host::new()).unwrap();
    wasi.limit_descriptors(6);
    let dir = zonda_wasi::host::HostDir::open_ambient(&root).unwrap();
    wasi.preopen(b"/", dir, ALL).unwrap();
    let mut probe = Probe::with(wasi);
    assert_eq!(probe.open(3, "file"), Ok(4));
    assert_eq!(probe.open(3, "file"), Ok(5));
    assert_eq!(probe.open(3, "file"), Err(Errno::Mfile));
    // Nothing is created that could not be opened.
    assert_eq!(probe.open_with(3, "new", (1, 1, FD_WRITE, 0)), Err(Errno::Mfile));
    assert!(!root.join("new").exists());
    probe.call("fd_close", &[4]).unwrap();
    assert_eq!(probe.open(3, "file"), Ok(4));
}

/// A subscription to a clock.
fn clock(userdata: u64, timeout: u64, flags: u16) -> [u8; 48] {
    let mut record = [0; 48];
    record[..8].copy_from_slice(&userdata.to_le_bytes());
    record[16] = 1;
    record[24..32].copy_from_slice(&timeout.to_le_bytes());
    record[40..42].copy_from_slice(&flags.to_le_bytes());
    record
}

/// A subscription to a descriptor.
fn descriptor(userdata: u64, tag: u8, fd: u32) -> [u8; 48] {
    let mut record = [0; 48];
    record[..8].copy_from_slice(&userdata.to_le_bytes());
    record[8] = tag;
    record[16..20].copy_from_slice(&fd.to_le_bytes());
    record
}

/// Waits; returns user data, error and tag of the events. They are written over the subscriptions.
fn poll(probe: &mut Probe, subscriptions: &[[u8; 48]]) -> Result<Vec<(u64, u32, u8)>, Errno> {
    probe.put(DATA, &subscriptions.concat());
    let count = subscriptions.len() as u64;
    probe.call("poll_oneoff", &[DATA.into(), DATA.into(), count, RESULT.into()])?;
    let happened = probe.word(RESULT);
    Ok((0..happened)
        .map(|index| {
            let at = DATA + 32 * index;
            let word = probe.word(at + 8);
            (probe.long(at), word & 0xffff, (word >> 16) as u8)
        })
        .collect())
}

#[test]
fn waiting_ends_with_the_first_event() {
    let mut probe = Probe::new(&[]);
    assert_eq!(poll(&mut probe, &[]), Err(Errno::Inval));
    let begin = Instant::now();
    let events = poll(&mut probe, &[clock(7, 60_000_000, 0), clock(8, 3_600_000_000_000, 0)]);
    assert_eq!(events, Ok(vec![(7, 0, 0)]));
    assert!(begin.elapsed() >= Duration::from_millis(60));
    // A time that has passed.
    assert_eq!(poll(&mut probe, &[clock(9, 1, 1), clock(8, u64::MAX, 0)]), Ok(vec![(9, 0, 0)]));
    // Bad descriptors, clocks and tags are events, and nothing is waited for.
    let bad = Errno::Badf as u32;
    let events = poll(&mut probe, &[descriptor(1, 1, 99), clock(2, u64::MAX, 0)]);
    assert_eq!(events, Ok(vec![(1, bad, 1)]));
    let inval = Errno::Inval as u32;
    let events = poll(&mut probe, &[descriptor(1, 9, 0), clock(2, 5, 4)]);
    assert_eq!(events, Ok(vec![(1, inval, 9), (2, inval, 0)]));
    // Standard output can be written, or is closed; standard input cannot be written.
    let events = poll(&mut probe, &[descriptor(3, 2, 1)]).unwrap();
    assert_eq!(events[0].0, 3);
}

/// A program that waits ends when it is told to.
#[test]
fn waiting_ends_with_a_termination_request() {
    let mut probe = Probe::new(&[]);
    let handle = probe.store.interrupt_handle();
    let ending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        handle.terminate();
    });
    let begin = Instant::now();
    probe.put(DATA, &clock(1, 3_600_000_000_000, 0));
    let args = [DATA.into(), DATA.into(), 1, RESULT.into()];
    assert_eq!(probe.try_call("poll_oneoff", &args), Err(TrapCode::Terminated));
    assert!(begin.elapsed() < Duration::from_secs(10));
    ending.join().unwrap();
}

/// Streams are those that the embedder gives; reading one that has nothing waits, and ends with a
/// termination request.
#[test]
fn streams_that_the_embedder_gives() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut host = Host::new();
    host.redirect(Stream::Stdin, reader.into());
    let mut probe = Probe::with(Wasi::new(host).unwrap());
    let words = [DATA + 64, 8].map(u32::to_le_bytes);
    probe.put(DATA, &words.concat());
    let args = [0, DATA.into(), 1, RESULT.into()];
    let handle = probe.store.interrupt_handle();
    let ending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        handle.terminate();
    });
    let begin = Instant::now();
    assert_eq!(probe.try_call("fd_read", &args), Err(TrapCode::Terminated));
    assert!(begin.elapsed() < Duration::from_secs(10));
    ending.join().unwrap();
    // It waits for what comes, and finds the end.
    let writing = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        writer.write_all(b"given").unwrap();
    });
    probe.call("fd_read", &args).unwrap();
    assert_eq!(
        (probe.word(RESULT), &probe.memory()[DATA as usize + 64..][..5]),
        (5, &b"given"[..])
    );
    writing.join().unwrap();
    probe.call("fd_read", &args).unwrap();
    assert_eq!(probe.word(RESULT), 0);
}

/// A program accepts connections on a socket that the embedder opened, and has no other.
#[test]
fn sockets_that_the_embedder_opened() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut wasi = Wasi::new(Host::new()).unwrap();
    wasi.socket(HostSocket::listener(listener).unwrap()).unwrap();
    let mut probe = Probe::with(wasi);
    let client = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"ping").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    assert_eq!(probe.call("sock_accept", &[3, 1, RESULT.into()]), Err(Errno::Inval));
    probe.call("sock_accept", &[3, 0, RESULT.into()]).unwrap();
    let fd = probe.word(RESULT);
    assert_eq!(fd, 4);
    assert_eq!(poll(&mut probe, &[descriptor(5, 1, fd)]).unwrap(), [(5, 0, 1)]);
    probe.iovec(DATA, 100);
    // Once to look, once to take.
    for flags in [1, 0] {
        probe.call("sock_recv", &[fd.into(), 512, 1, flags, 0, 4]).unwrap();
        assert_eq!(probe.word(0), 4);
        assert_eq!(&probe.memory()[DATA as usize..][..4], b"ping");
    }
    probe.put(DATA, b"pong");
    probe.iovec(DATA, 4);
    probe.call("sock_send", &[fd.into(), 512, 1, 0, 0]).unwrap();
    probe.call("sock_shutdown", &[fd.into(), 2]).unwrap();
    assert_eq!(probe.call("sock_shutdown", &[fd.into(), 4]), Err(Errno::Inval));
    assert_eq!(client.join().unwrap(), b"pong");
    assert_eq!(probe.call("sock_accept", &[1, 0, 0]), Err(Errno::Notsock));
    assert_eq!(probe.call("fd_seek", &[fd.into(), 0, 0, 0]), Err(Errno::Spipe));
}

/// A file that is open to append is written at an offset by `fd_pwrite`, as POSIX says.
#[test]
fn pwrite_does_not_append() {
    let root = folder("append");
    fs::write(root.join("file"), b"abcdef").unwrap();
    let mut probe = Probe::new(&[(&root, "/", ALL)]);
    let fd = probe.open_with(3, "file", (1, 0, ALL & (FD_READ | FD_WRITE | 4 | 8), 0)).unwrap();
    probe.call("fd_fdstat_set_flags", &[fd.into(), 1]).unwrap();
    probe.put(DATA, b"XY");
    probe.iovec(DATA, 2);
    probe.call("fd_pwrite", &[fd.into(), 512, 1, 1, RESULT.into()]).unwrap();
    assert_eq!(fs::read(root.join("file")).unwrap(), b"aXYdef");
    probe.write(fd, b"Z").unwrap();
    assert_eq!(fs::read(root.join("file")).unwrap(), b"aXYdefZ");
}

/// `wasi_unstable` has the same functions, four of them with other numbers or structures.
#[test]
fn the_version_before_preview_1() {
    let root = folder("unstable");
    fs::write(root.join("file"), b"abcdef").unwrap();
    let mut wasi = Wasi::new(Host::new()).unwrap();
    wasi.preopen(b"/", HostDir::open_ambient(&root).unwrap(), ALL).unwrap();
    let mut probe = Probe::of("wasi_unstable", wasi);
    let fd = probe.open_with(3, "file", (1, 0, ALL, 0)).unwrap();
    // From the end, then from the position, then from the beginning.
    for (offset, whence, expected) in [(-2i64, 1, 4), (1, 0, 5), (3, 2, 3)] {
        probe.call("fd_seek", &[fd.into(), offset as u64, whence, RESULT.into()]).unwrap();
        assert_eq!(probe.long(RESULT), expected);
    }
    let args = [fd.into(), 0, 3, RESULT.into()];
    assert_eq!(probe.call("fd_seek", &args), Err(Errno::Inval));
    for by_path in [false, true] {
        probe.put(RESULT, &[0xee; 64]);
        if by_path {
            probe.stat(3, "file", true).unwrap();
        } else {
            probe.call("fd_filestat_get", &[fd.into(), RESULT.into()]).unwrap();
        }
        let stat = fs::metadata(root.join("file")).unwrap();
        assert_eq!(probe.long(RESULT + 8), stat.ino());
        assert_eq!((probe.word(RESULT + 16), probe.word(RESULT + 20)), (4, 1));
        assert_eq!(probe.long(RESULT + 24), 6);
        assert_eq!(probe.long(RESULT + 40) as i64 / 1_000_000_000, stat.mtime());
        assert_eq!(probe.long(RESULT + 56), 0xeeee_eeee_eeee_eeee);
    }
    // A clock with a number of the program's own, and a descriptor.
    let mut records = [0; 112];
    records[0] = 5;
    records[16..24].fill(0xff);
    records[24] = 1;
    records[32..40].copy_from_slice(&30_000_000u64.to_le_bytes());
    records[56] = 6;
    records[64] = 1;
    records[72] = 99;
    let begin = Instant::now();
    probe.put(DATA, &records[..56]);
    probe.call("poll_oneoff", &[DATA.into(), 512, 1, RESULT.into()]).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(30));
    assert_eq!((probe.word(RESULT), probe.long(512)), (1, 5));
    probe.put(DATA, &records);
    probe.call("poll_oneoff", &[DATA.into(), 512, 2, RESULT.into()]).unwrap();
    assert_eq!((probe.word(RESULT), probe.long(512)), (1, 6));
    assert_eq!(probe.word(520) & 0xffff, Errno::Badf as u32);
    // The others are the same.
    assert_eq!(probe.read(fd).unwrap(), b"def");
}
