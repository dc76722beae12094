//! The manager as a device with remote management: SMP over UDP, and over a pseudo terminal that
//! takes the place of a UART.

use std::fs::File;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::time::Duration;

use zonda_manager::host::smp::{Server, GROUP};
use zonda_manager::host::{Printed, Running};

use crate::device::{frames, Frames};
use crate::failure::Failure;

/// A socket at this address.
pub fn udp(address: &str) -> Result<UdpSocket, Failure> {
    let socket = UdpSocket::bind(address);
    socket.map_err(|error| Failure::Input(format!("{address}: {error}; expected HOST:PORT")))
}

/// Answers packets, for as long as the process lives.
pub fn serve_udp(socket: &UdpSocket, manager: &Running, printed: &Printed) {
    let mut server = Server::new(manager, printed, GROUP);
    let mut packet = vec![0; 65_536];
    loop {
        let Ok((len, from)) = socket.recv_from(&mut packet) else {
            // An error of an earlier answer, or one that stays.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        if let Some(answer) = server.answer(&packet[..len]) {
            // A client that is gone asks no more.
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// A pseudo terminal: the device's end, and the other one, which is kept open so that clients come
/// and go.
pub struct Uart {
    port: File,
    _other: OwnedFd,
    /// What clients open.
    pub name: String,
}

pub fn uart() -> Result<Uart, Failure> {
    use rustix::fs::{open, Mode, OFlags};
    use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
    use rustix::termios::{tcgetattr, tcsetattr, OptionalActions};
    let bad = |error: rustix::io::Errno| Failure::Input(format!("pseudo terminal: {error}"));
    let port = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).map_err(bad)?;
    grantpt(&port).map_err(bad)?;
    unlockpt(&port).map_err(bad)?;
    let name = ptsname(&port, Vec::new()).map_err(bad)?;
    let other = open(&*name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
    let other = other.map_err(bad)?;
    let mut attributes = tcgetattr(&other).map_err(bad)?;
    attributes.make_raw();
    tcsetattr(&other, OptionalActions::Now, &attributes).map_err(bad)?;
    let name = name.to_string_lossy().into_owned();
    Ok(Uart { port: File::from(port), _other: other, name })
}

/// Answers packets, for as long as the process lives.
pub fn serve_uart(uart: &Uart, manager: &Running, printed: &Printed) {
    let mut server = Server::new(manager, printed, GROUP);
    let mut received = Frames::default();
    let mut bytes = [0; 512];
    while let Ok(len) = (&uart.port).read(&mut bytes) {
        received.push(&bytes[..len]);
        while let Some(packet) = received.next() {
            let answer = server.answer(&packet).and_then(|answer| frames(&answer).ok());
            if let Some(answer) = answer {
                if (&uart.port).write_all(&answer).is_err() {
                    return;
                }
            }
        }
    }
}
