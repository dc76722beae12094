//! Sockets that programs open: TCP and UDP over the loopback, what is denied, options, pointers.

mod common;

use common::{Probe, DATA, FUNCS, MEMORY, RESULT};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use zonda::TrapCode;
use zonda_wasi::host::Host;
use zonda_wasi::{Errno, Wasi};

/// Where an address lies in memory.
const ADDRESS: u32 = 32768;
/// Where the records of buffers lie.
const IOVECS: u32 = 40960;

const STREAM: u32 = 1;
const DGRAM: u32 = 0;

/// A program that may use these networks and names.
fn program(networks: &[&str], names: &[&str]) -> Probe {
    let mut wasi = Wasi::new(Host::new()).unwrap();
    for network in networks {
        wasi.allow_network(network.as_bytes()).unwrap();
    }
    for name in names {
        wasi.allow_lookup(name.as_bytes()).unwrap();
    }
    Probe::with(wasi)
}

fn open(probe: &mut Probe, ipv6: bool, ty: u32) -> Result<u32, Errno> {
    probe.call("sock_open", &[u64::MAX, ipv6.into(), ty.into(), RESULT.into()])?;
    Ok(probe.word(RESULT))
}

/// Calls a function with a descriptor and an address.
fn with_address(probe: &mut Probe, name: &str, fd: u32, address: &str) -> Result<(), Errno> {
    let address: SocketAddr = address.parse().unwrap();
    let mut bytes = [0; 24];
    let port = match address.ip() {
        IpAddr::V4(ip) => {
            bytes[4..8].copy_from_slice(&ip.octets());
            8
        }
        IpAddr::V6(ip) => {
            bytes[0] = 1;
            for (to, word) in bytes[4..].chunks_mut(2).zip(ip.segments()) {
                to.copy_from_slice(&word.to_le_bytes());
            }
            20
        }
    };
    bytes[port..port + 2].copy_from_slice(&address.port().to_le_bytes());
    probe.put(ADDRESS, &bytes);
    match name {
        "sock_send_to" => {
            probe.call(name, &[fd.into(), IOVECS.into(), 2, 0, ADDRESS.into(), RESULT.into()])
        }
        "sock_set_ip_add_membership" | "sock_set_ip_drop_membership" => {
            probe.call(name, &[fd.into(), ADDRESS.into(), 0])
        }
        _ => probe.call(name, &[fd.into(), ADDRESS.into()]),
    }
}

/// The port of an IPv4 address that a function wrote, behind its address.
fn address_of(probe: &mut Probe, name: &str, fd: u32) -> SocketAddr {
    probe.put(ADDRESS, &[0xff; 24]);
    probe.call(name, &[fd.into(), ADDRESS.into()]).unwrap();
    read_address(probe)
}

fn read_address(probe: &mut Probe) -> SocketAddr {
    let bytes: [u8; 24] = probe.memory()[ADDRESS as usize..][..24].try_into().unwrap();
    assert_eq!(bytes[..4], [0; 4]);
    let ip: [u8; 4] = bytes[4..8].try_into().unwrap();
    SocketAddr::from((ip, u16::from_le_bytes([bytes[8], bytes[9]])))
}

/// Two buffers, of 3 bytes and of 97.
fn buffers(probe: &mut Probe) {
    let records: Vec<u8> =
        [DATA, 3, DATA + 100, 97].iter().flat_map(|word| word.to_le_bytes()).collect();
    probe.put(IOVECS, &records);
}

/// What the two buffers have.
fn buffered(probe: &mut Probe, len: usize) -> Vec<u8> {
    let memory = probe.memory();
    let (first, second) = (&memory[DATA as usize..][..3], &memory[DATA as usize + 100..][..97]);
    [first, second].concat()[..len].to_vec()
}

fn send(probe: &mut Probe, fd: u32, bytes: &[u8]) -> Result<u32, Errno> {
    probe.put(DATA, bytes);
    probe.iovec(DATA, bytes.len() as u32);
    probe.call("sock_send", &[fd.into(), 512, 1, 0, RESULT.into()])?;
    Ok(probe.word(RESULT))
}

fn receive(probe: &mut Probe, fd: u32, flags: u64) -> Result<Vec<u8>, Errno> {
    buffers(probe);
    probe.call("sock_recv", &[fd.into(), IOVECS.into(), 2, flags, RESULT.into(), 4])?;
    let len = probe.word(RESULT) as usize;
    Ok(buffered(probe, len))
}

/// A listening socket of the program on a port of its own.
fn listener(probe: &mut Probe) -> (u32, String) {
    let fd = open(probe, false, STREAM).unwrap();
    with_address(probe, "sock_bind", fd, "127.0.0.1:0").unwrap();
    probe.call("sock_listen", &[fd.into(), 4]).unwrap();
    let own = address_of(probe, "sock_addr_local", fd);
    assert_eq!(own.ip().to_string(), "127.0.0.1");
    (fd, own.to_string())
}

/// A connection: both ends are descriptors of the program.
fn connection(probe: &mut Probe) -> (u32, u32) {
    let (listener, address) = listener(probe);
    let client = open(probe, false, STREAM).unwrap();
    with_address(probe, "sock_connect", client, &address).unwrap();
    probe.call("sock_accept", &[listener.into(), 0, RESULT.into()]).unwrap();
    let server = probe.word(RESULT);
    let remote = address_of(probe, "sock_addr_remote", client);
    assert_eq!(remote.to_string(), address);
    let (one, other) = (
        address_of(probe, "sock_addr_local", client),
        address_of(probe, "sock_addr_remote", server),
    );
    assert_eq!(one, other);
    probe.call("fd_close", &[listener.into()]).unwrap();
    (client, server)
}

#[test]
fn tcp() {
    let mut probe = program(&["127.0.0.1/32"], &[]);
    let (client, server) = connection(&mut probe);
    assert_eq!(send(&mut probe, client, b"hello"), Ok(5));
    // Looked at, then taken: the first buffer alone is filled, then the rest.
    assert_eq!(receive(&mut probe, server, 1).unwrap(), b"hel");
    assert_eq!(receive(&mut probe, server, 0).unwrap(), b"hel");
    assert_eq!(receive(&mut probe, server, 0).unwrap(), b"lo");
    // With `waitall` both buffers are filled from two packets, or as far as the connection goes.
    send(&mut probe, client, &[b'a'; 60]).unwrap();
    send(&mut probe, client, &[b'b'; 30]).unwrap();
    probe.call("sock_shutdown", &[client.into(), 2]).unwrap();
    assert_eq!(
        receive(&mut probe, server, 2).unwrap(),
        [[b'a'; 60].as_slice(), &[b'b'; 30]].concat()
    );
    assert_eq!(receive(&mut probe, server, 0).unwrap(), b"");
    // The functions of files serve as well, and the type is that of a stream.
    assert_eq!(probe.write(server, b"back"), Ok(4));
    assert_eq!(probe.read(client).unwrap(), b"back");
    probe.call("fd_fdstat_get", &[client.into(), RESULT.into()]).unwrap();
    assert_eq!(probe.memory()[RESULT as usize], 6);
    // The sender of a stream has no address.
    send(&mut probe, server, b"more").unwrap();
    buffers(&mut probe);
    probe.put(ADDRESS, &[0xff; 24]);
    let args = [client.into(), IOVECS.into(), 2, 0, ADDRESS.into(), RESULT.into()];
    probe.call("sock_recv_from", &args).unwrap();
    assert_eq!(read_address(&mut probe).to_string(), "0.0.0.0:0");
    probe.call("fd_close", &[client.into()]).unwrap();
    assert_eq!(receive(&mut probe, client, 0), Err(Errno::Badf));
}

/// More than the system takes at once: a socket that waits sends all of it.
#[test]
fn everything_is_sent() {
    let mut probe = program(&["127.0.0.1/32"], &[]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let reader = std::thread::spawn(move || {
        use std::io::Read;
        let (mut stream, _) = listener.accept().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        all.len()
    });
    let fd = open(&mut probe, false, STREAM).unwrap();
    with_address(&mut probe, "sock_connect", fd, &address).unwrap();
    probe.call("sock_set_send_buf_size", &[fd.into(), 4096]).unwrap();
    probe.iovec(0, MEMORY as u32);
    for _ in 0..200 {
        probe.iovec(0, MEMORY as u32);
        probe.call("sock_send", &[fd.into(), 512, 1, 0, RESULT.into()]).unwrap();
        assert_eq!(probe.word(RESULT), MEMORY as u32);
    }
    probe.call("fd_close", &[fd.into()]).unwrap();
    assert_eq!(reader.join().unwrap(), 200 * MEMORY);
}

#[test]
fn udp() {
    let mut probe = program(&["127.0.0.0/8"], &[]);
    let socket = |probe: &mut Probe| {
        let fd = open(probe, false, DGRAM).unwrap();
        with_address(probe, "sock_bind", fd, "127.0.0.1:0").unwrap();
        (fd, address_of(probe, "sock_addr_local", fd))
    };
    let (one, one_address) = socket(&mut probe);
    let (other, other_address) = socket(&mut probe);
    probe.call("fd_fdstat_get", &[one.into(), RESULT.into()]).unwrap();
    assert_eq!(probe.memory()[RESULT as usize], 5);
    // The buffers are one datagram, and it is received into several.
    buffers(&mut probe);
    probe.put(DATA, b"abc");
    probe.put(DATA + 100, &[b'd'; 97]);
    with_address(&mut probe, "sock_send_to", one, &other_address.to_string()).unwrap();
    assert_eq!(probe.word(RESULT), 100);
    probe.put(DATA, &[0; 200]);
    let args = [other.into(), IOVECS.into(), 2, 0, ADDRESS.into(), RESULT.into()];
    probe.call("sock_recv_from", &args).unwrap();
    assert_eq!(probe.word(RESULT), 100);
    assert_eq!(buffered(&mut probe, 100), [b"abc".as_slice(), &[b'd'; 97]].concat());
    assert_eq!(read_address(&mut probe), one_address);
    // Without an address, and cut off at the buffers.
    with_address(&mut probe, "sock_connect", one, &other_address.to_string()).unwrap();
    send(&mut probe, one, &[b'x'; 99]).unwrap();
    probe.iovec(DATA, 10);
    probe.call("sock_recv_from", &[other.into(), 512, 1, 0, 0, RESULT.into()]).unwrap();
    assert_eq!(probe.word(RESULT), 10);
    // An empty datagram, and one that is too large.
    assert_eq!(send(&mut probe, one, b""), Ok(0));
    assert_eq!(receive(&mut probe, other, 0).unwrap(), b"");
    probe.iovec(0, MEMORY as u32);
    let args = [one.into(), 512, 1, 0, RESULT.into()];
    assert_eq!(probe.call("sock_send", &args), Err(Errno::Msgsize));
    // A socket of datagrams does not listen.
    assert_eq!(probe.call("sock_listen", &[one.into(), 1]), Err(Errno::Notsup));
}

#[test]
fn what_is_not_allowed_is_denied() {
    let mut probe = program(&[], &[]);
    assert_eq!(open(&mut probe, false, STREAM), Err(Errno::Acces));

    let mut probe = program(&["127.0.0.1/32", "10.1.0.0/16", "fe80::/10"], &["localhost", "*.org"]);
    assert_eq!(probe.call("sock_open", &[0, 2, 1, 0]), Err(Errno::Afnosupport));
    assert_eq!(probe.call("sock_open", &[0, 0, 2, 0]), Err(Errno::Prototype));
    for (ipv6, ty, address) in [
        (false, STREAM, "0.0.0.0:0"),
        (false, STREAM, "127.0.0.2:80"),
        (false, STREAM, "10.2.0.1:80"),
        (false, DGRAM, "255.255.255.255:9"),
        (true, STREAM, "[::]:0"),
        (true, STREAM, "[::1]:80"),
        (true, STREAM, "[fec0::1]:80"),
        // IPv4 in another dress.
        (true, STREAM, "[::ffff:127.0.0.2]:80"),
        (true, DGRAM, "[::ffff:0.0.0.0]:80"),
    ] {
        // A machine without IPv6 has no such sockets.
        let Ok(fd) = open(&mut probe, ipv6, ty) else { continue };
        buffers(&mut probe);
        for name in [
            "sock_bind",
            "sock_connect",
            "sock_send_to",
            "sock_set_ip_add_membership",
            "sock_set_ip_drop_membership",
        ] {
            let outcome = with_address(&mut probe, name, fd, address);
            assert_eq!(outcome, Err(Errno::Acces), "{name} {address}");
        }
        probe.call("fd_close", &[fd.into()]).unwrap();
    }
    // What is allowed comes to the system.
    let fd = open(&mut probe, false, STREAM).unwrap();
    assert_eq!(
        with_address(&mut probe, "sock_bind", fd, "10.1.255.255:0"),
        Err(Errno::Addrnotavail)
    );
    // Without an address of its own a socket would listen on all.
    assert_eq!(probe.call("sock_listen", &[fd.into(), 1]), Err(Errno::Inval));
    // No kind of addresses.
    probe.put(ADDRESS, &[2; 24]);
    let denied = Err(Errno::Protonosupport);
    assert_eq!(probe.call("sock_bind", &[fd.into(), ADDRESS.into()]), denied);
    // Other descriptors are no sockets.
    assert_eq!(with_address(&mut probe, "sock_bind", 1, "127.0.0.1:0"), Err(Errno::Notsock));
    assert_eq!(with_address(&mut probe, "sock_bind", 99, "127.0.0.1:0"), Err(Errno::Badf));
    assert_eq!(probe.call("sock_close", &[fd.into()]), Err(Errno::Nosys));
    // Names.
    for name in ["localhost.", "Localhost", "example.com", "orgs", "org"] {
        assert_eq!(lookup(&mut probe, name, "", None, 4), Err(Errno::Acces), "{name}");
    }
}

#[test]
fn zero_is_every_address_of_its_kind() {
    let mut probe = program(&["0.0.0.0/15"], &[]);
    let fd = open(&mut probe, false, STREAM).unwrap();
    with_address(&mut probe, "sock_bind", fd, "0.0.0.0:0").unwrap();
    let Ok(fd) = open(&mut probe, true, STREAM) else { return };
    assert_eq!(with_address(&mut probe, "sock_bind", fd, "[::1]:0"), Err(Errno::Acces));
    for bad in ["", "1.2.3.4", "1.2.3.4/33", "1.2.3/8", "::/129", "a/b", "1.2.3.4/-1", "1.2.3.4/8/"]
    {
        let mut wasi = Wasi::new(Host::new()).unwrap();
        assert_eq!(wasi.allow_network(bad.as_bytes()).err(), Some(Errno::Inval), "{bad}");
    }
}

/// Looks a name up: how many addresses there are. `hints` are a type and a family.
fn lookup(
    probe: &mut Probe,
    host: &str,
    service: &str,
    hints: Option<(i32, i32)>,
    room: u32,
) -> Result<u32, Errno> {
    probe.put(DATA, format!("{host}\0{service}\0").as_bytes());
    let service = DATA as u64 + host.len() as u64 + 1;
    let (ty, family) = hints.unwrap_or((7, 7));
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&ty.to_le_bytes());
    bytes[4..8].copy_from_slice(&family.to_le_bytes());
    bytes[8] = hints.is_some().into();
    probe.put(512, &bytes);
    probe.put(ADDRESS, &[0xee; 280]);
    probe.call(
        "sock_addr_resolve",
        &[DATA.into(), service, 512, ADDRESS.into(), room.into(), RESULT.into()],
    )?;
    Ok(probe.word(RESULT))
}

#[test]
fn names() {
    let mut probe = program(&["127.0.0.1/32"], &["local*", "*host", "*.invalid"]);
    // TCP and IPv4 alone.
    assert!(lookup(&mut probe, "localhost", "8080", Some((1, 0)), 10).unwrap() >= 1);
    assert_eq!(read_address(&mut probe).to_string(), "127.0.0.1:8080");
    assert_eq!(probe.word(ADDRESS + 24), STREAM);
    let all = lookup(&mut probe, "localhost", "", None, 10).unwrap();
    assert!(all >= 2);
    // What does not fit is counted.
    assert_eq!(lookup(&mut probe, "localhost", "", None, 1), Ok(all));
    assert_eq!(probe.word(ADDRESS + 28), 0xeeee_eeee);
    assert_eq!(lookup(&mut probe, "localhost", "", None, 0), Ok(all));
    assert_eq!(lookup(&mut probe, "localhost", "no such service", None, 1), Err(Errno::Noent));
    assert_eq!(lookup(&mut probe, &"x".repeat(300), "", None, 1), Err(Errno::Nametoolong));
}

#[test]
fn options() {
    let mut probe = program(&["127.0.0.1/32"], &[]);
    let tcp = open(&mut probe, false, STREAM).unwrap();
    let udp = open(&mut probe, false, DGRAM).unwrap();
    for (fd, name) in [
        (udp, "broadcast"),
        (tcp, "keep_alive"),
        (tcp, "reuse_addr"),
        (tcp, "reuse_port"),
        (tcp, "tcp_no_delay"),
        (tcp, "tcp_quick_ack"),
    ] {
        for value in [1, 0] {
            probe.call(&format!("sock_set_{name}"), &[fd.into(), value]).unwrap();
            probe.put(RESULT, &[0xee; 4]);
            probe.call(&format!("sock_get_{name}"), &[fd.into(), RESULT.into()]).unwrap();
            assert_eq!(probe.word(RESULT), 0xeeee_ee00 + value as u32, "{name}");
        }
    }
    for (name, value) in [("ip_ttl", 7), ("ip_multicast_ttl", 9)] {
        probe.call(&format!("sock_set_{name}"), &[udp.into(), value]).unwrap();
        probe.put(RESULT, &[0xee; 4]);
        probe.call(&format!("sock_get_{name}"), &[udp.into(), RESULT.into()]).unwrap();
        assert_eq!(probe.word(RESULT), 0xeeee_ee00 + value as u32, "{name}");
    }
    for (name, value) in [("tcp_keep_idle", 33), ("tcp_keep_intvl", 44)] {
        probe.call(&format!("sock_set_{name}"), &[tcp.into(), value]).unwrap();
        probe.call(&format!("sock_get_{name}"), &[tcp.into(), RESULT.into()]).unwrap();
        assert_eq!(probe.word(RESULT), value as u32, "{name}");
    }
    for name in ["recv_buf_size", "send_buf_size"] {
        probe.call(&format!("sock_set_{name}"), &[tcp.into(), 8192]).unwrap();
        probe.call(&format!("sock_get_{name}"), &[tcp.into(), RESULT.into()]).unwrap();
        // Linux doubles it.
        assert!(probe.word(RESULT) >= 8192, "{name}");
    }
    for name in ["recv_timeout", "send_timeout"] {
        probe.call(&format!("sock_set_{name}"), &[tcp.into(), 123_456_789_012]).unwrap();
        probe.call(&format!("sock_get_{name}"), &[tcp.into(), RESULT.into()]).unwrap();
        assert_eq!(probe.long(RESULT), 123_456_789_012, "{name}");
    }
    for (set, on, time) in [([1, 3], 1, 3), ([0, 3], 0, 0), ([1, 10], 1, 10), ([1, 1000], 1, 10)] {
        probe.call("sock_set_linger", &[tcp.into(), set[0], set[1]]).unwrap();
        probe.call("sock_get_linger", &[tcp.into(), RESULT.into(), 8]).unwrap();
        assert_eq!((probe.word(RESULT) & 0xff, probe.word(8)), (on, time));
    }
    for value in [0, 1] {
        probe.call("sock_set_ip_multicast_loop", &[udp.into(), 0, value]).unwrap();
        probe.call("sock_get_ip_multicast_loop", &[udp.into(), 0, RESULT.into()]).unwrap();
        assert_eq!(probe.word(RESULT) & 0xff, value as u32);
    }
    if let Ok(fd) = open(&mut probe, true, DGRAM) {
        for value in [0, 1] {
            probe.call("sock_set_ipv6_only", &[fd.into(), value]).unwrap();
            probe.call("sock_get_ipv6_only", &[fd.into(), RESULT.into()]).unwrap();
            assert_eq!(probe.word(RESULT) & 0xff, value as u32);
            probe.call("sock_set_ip_multicast_loop", &[fd.into(), 1, value]).unwrap();
            probe.call("sock_get_ip_multicast_loop", &[fd.into(), 1, RESULT.into()]).unwrap();
            assert_eq!(probe.word(RESULT) & 0xff, value as u32);
        }
    }
    let fastopen = probe.call("sock_set_tcp_fastopen_connect", &[tcp.into(), 1]);
    assert_eq!(fastopen, Err(Errno::Noprotoopt));
}

/// Every function with each of its parameters, one after the other, outside of the memory: it
/// traps, or the parameter is no address.
#[test]
fn pointers_are_checked() {
    let mut probe = program(&["0.0.0.0/0"], &["*"]);
    let fd = open(&mut probe, false, STREAM).unwrap();
    let mut trapped = Vec::new();
    for (name, params) in FUNCS.iter().filter(|(name, _)| name.starts_with("sock_")) {
        for index in 0..params.len() {
            for address in [u32::MAX, MEMORY as u32, MEMORY as u32 - 3, MEMORY as u32 - 1] {
                let mut args = vec![64; params.len()];
                // No request waits, and no name is asked for that is not there.
                args[0] = if *name == "sock_addr_resolve" { 64 } else { fd.into() };
                args[index] = address.into();
                probe.put(64, &[0; 256]);
                probe.call("fd_fdstat_set_flags", &[fd.into(), 4]).unwrap();
                match probe.try_call(name, &args) {
                    Err(TrapCode::MemoryOutOfBounds) => trapped.push((*name, index)),
                    Ok(_) => {}
                    other => panic!("{name} {args:?}: {other:?}"),
                }
            }
        }
    }
    trapped.dedup();
    let expected: [(&str, &[usize]); 32] = [
        ("sock_accept", &[2]),
        ("sock_recv", &[1, 2, 4, 5]),
        ("sock_send", &[1, 2, 4]),
        ("sock_addr_local", &[1]),
        ("sock_addr_remote", &[1]),
        ("sock_addr_resolve", &[0, 1, 2, 3, 4, 5]),
        ("sock_bind", &[1]),
        ("sock_connect", &[1]),
        ("sock_open", &[3]),
        ("sock_recv_from", &[1, 2, 4, 5]),
        ("sock_send_to", &[1, 2, 4, 5]),
        ("sock_set_ip_add_membership", &[1]),
        ("sock_set_ip_drop_membership", &[1]),
        ("sock_get_broadcast", &[1]),
        ("sock_get_keep_alive", &[1]),
        ("sock_get_linger", &[1, 2]),
        ("sock_get_recv_buf_size", &[1]),
        ("sock_get_recv_timeout", &[1]),
        ("sock_get_reuse_addr", &[1]),
        ("sock_get_reuse_port", &[1]),
        ("sock_get_send_buf_size", &[1]),
        ("sock_get_send_timeout", &[1]),
        ("sock_get_tcp_fastopen_connect", &[1]),
        ("sock_get_tcp_keep_idle", &[1]),
        ("sock_get_tcp_keep_intvl", &[1]),
        ("sock_get_tcp_no_delay", &[1]),
        ("sock_get_tcp_quick_ack", &[1]),
        ("sock_get_ip_multicast_loop", &[2]),
        ("sock_get_ip_multicast_ttl", &[1]),
        ("sock_get_ip_ttl", &[1]),
        ("sock_get_ipv6_only", &[1]),
        ("", &[]),
    ];
    let expected: Vec<_> = expected
        .iter()
        .flat_map(|(name, indexes)| indexes.iter().map(move |index| (*name, *index)))
        .collect();
    assert_eq!(trapped, expected);
}

#[test]
fn waiting() {
    let mut probe = program(&["127.0.0.1/32"], &[]);
    let (client, server) = connection(&mut probe);
    // A time to receive.
    probe.call("sock_set_recv_timeout", &[client.into(), 30_000]).unwrap();
    let begin = Instant::now();
    assert_eq!(receive(&mut probe, client, 0), Err(Errno::Again));
    assert!(begin.elapsed() >= Duration::from_millis(30));
    // A descriptor that does not wait.
    probe.call("sock_set_recv_timeout", &[client.into(), 0]).unwrap();
    probe.call("fd_fdstat_set_flags", &[client.into(), 4]).unwrap();
    assert_eq!(receive(&mut probe, client, 0), Err(Errno::Again));
    assert_eq!(probe.call("fd_fdstat_set_flags", &[client.into(), 1]), Err(Errno::Notsup));
    // A program that is to end, in each function that waits.
    let (listener, _) = listener(&mut probe);
    let calls: [(&str, Vec<u64>); 3] = [
        ("sock_accept", vec![listener.into(), 0, RESULT.into()]),
        ("sock_recv", vec![server.into(), IOVECS.into(), 2, 0, 0, 4]),
        ("fd_read", vec![server.into(), IOVECS.into(), 2, 0]),
    ];
    buffers(&mut probe);
    for (name, args) in calls {
        let handle = probe.store.interrupt_handle();
        let ending = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(60));
            handle.terminate();
        });
        let begin = Instant::now();
        assert_eq!(probe.try_call(name, &args), Err(TrapCode::Terminated), "{name}");
        assert!(begin.elapsed() < Duration::from_secs(10));
        ending.join().unwrap();
    }
}

#[test]
fn nobody_listens() {
    let mut probe = program(&["127.0.0.1/32"], &[]);
    let (listener, address) = listener(&mut probe);
    probe.call("fd_close", &[listener.into()]).unwrap();
    let fd = open(&mut probe, false, STREAM).unwrap();
    assert_eq!(with_address(&mut probe, "sock_connect", fd, &address), Err(Errno::Connrefused));
    assert_eq!(probe.call("sock_addr_remote", &[fd.into(), ADDRESS.into()]), Err(Errno::Notconn));
}
