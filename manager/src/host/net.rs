//! TCP and UDP for applications. Each connection has a thread that reads.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::Duration;
use std::vec::Vec;

use super::{lock, Host};
use crate::attributes::{Attributes, Value};
use crate::platform::{Endpoint, Owner};
use crate::Manager;

/// How long an application waits to be connected, and a reader before it looks whether it has to
/// end.
const WAIT: Duration = Duration::from_millis(500);
/// Bytes that are read at once.
const CHUNK: usize = 512;

enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Socket {
    fn open(kind: &str, address: SocketAddr) -> std::io::Result<Socket> {
        let socket = if kind == "TCP" {
            Socket::Tcp(TcpStream::connect_timeout(&address, WAIT)?)
        } else {
            let any: SocketAddr =
                if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
            let socket = UdpSocket::bind(any)?;
            socket.connect(address)?;
            Socket::Udp(socket)
        };
        match &socket {
            Socket::Tcp(stream) => {
                stream.set_read_timeout(Some(WAIT))?;
                stream.set_write_timeout(Some(WAIT))?;
            }
            Socket::Udp(socket) => socket.set_read_timeout(Some(WAIT))?,
        }
        Ok(socket)
    }

    fn read(&self, to: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Socket::Tcp(stream) => (&*stream).read(to),
            Socket::Udp(socket) => socket.recv(to),
        }
    }

    fn write(&self, data: &[u8]) -> std::io::Result<usize> {
        match self {
            Socket::Tcp(stream) => (&*stream).write(data),
            Socket::Udp(socket) => socket.send(data),
        }
    }
}

struct Connection {
    owner: Owner,
    socket: Arc<Socket>,
    is_ending: Arc<AtomicBool>,
    reader: JoinHandle<()>,
}

/// All connections.
#[derive(Default)]
pub(super) struct Connections(Mutex<Vec<Connection>>);

impl Connections {
    pub fn open(
        &self,
        owner: Owner,
        endpoint: &Endpoint<'_>,
        manager: Weak<Manager<Host>>,
    ) -> bool {
        let Some(address) = address(endpoint) else { return false };
        let Ok(socket) = Socket::open(endpoint.kind, address) else { return false };
        let (socket, is_ending) = (Arc::new(socket), Arc::new(AtomicBool::new(false)));
        let (read, ends) = (socket.clone(), is_ending.clone());
        let reader = std::thread::spawn(move || receive(&read, &ends, owner, &manager));
        lock(&self.0).push(Connection { owner, socket, is_ending, reader });
        true
    }

    pub fn send(&self, owner: Owner, data: &[u8]) -> Option<usize> {
        let find = |connection: &Connection| {
            (connection.owner == owner).then(|| connection.socket.clone())
        };
        let socket = lock(&self.0).iter().find_map(find)?;
        socket.write(data).ok()
    }

    pub fn close(&self, owner: Owner) {
        let mut connections = lock(&self.0);
        let place = connections.iter().position(|connection| connection.owner == owner);
        let Some(connection) = place.map(|place| connections.swap_remove(place)) else { return };
        drop(connections);
        connection.is_ending.store(true, Ordering::Release);
        if let Socket::Tcp(stream) = &*connection.socket {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = connection.reader.join();
    }
}

/// Gives what comes to the application, until either side closes the connection.
fn receive(socket: &Socket, ends: &AtomicBool, owner: Owner, manager: &Weak<Manager<Host>>) {
    let mut chunk = [0; CHUNK];
    while !ends.load(Ordering::Acquire) {
        let result = socket.read(&mut chunk);
        if ends.load(Ordering::Acquire) {
            return;
        }
        let is_udp = matches!(socket, Socket::Udp(_));
        let len = match result {
            Ok(0) if is_udp => continue,
            Ok(len) => len,
            Err(error) if is_udp || is_timeout(&error) => continue,
            Err(_) => 0,
        };
        let Some(manager) = manager.upgrade() else { return };
        // Of a stream nothing is lost: the application reads when it has room.
        while !manager.received(owner, &chunk[..len]) && !is_udp && !ends.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if len == 0 {
            return;
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

/// `address` and `port` of the arguments.
fn address(endpoint: &Endpoint<'_>) -> Option<SocketAddr> {
    if !["TCP", "UDP"].contains(&endpoint.kind) {
        return None;
    }
    let args = Attributes::parse(endpoint.args).ok()?;
    let Value::Text(address) = args.get("address")? else { return None };
    let address: IpAddr = std::str::from_utf8(address).ok()?.parse().ok()?;
    let port = match args.get("port")? {
        Value::Unsigned(port) => u16::try_from(port).ok()?,
        Value::Signed(port) => u16::try_from(port).ok()?,
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}
