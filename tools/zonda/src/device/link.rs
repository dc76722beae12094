//! The way to a device: UDP, a packet in each datagram, or a UART, where packets are lines of text
//! (`frames`). Its errors say what to look at.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Write};
use std::net::{ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::frames::{frames, Frames, MOST};
use crate::failure::Failure;

/// Bytes of a request that every device takes.
const SHORT: usize = 100;

pub struct Link {
    way: Way,
    /// For messages: where the device is.
    place: String,
    /// Bytes that have come, packets or not.
    received: usize,
}

enum Way {
    Udp(UdpSocket),
    Uart { port: File, received: Receiver<Vec<u8>>, frames: Frames },
}

impl Link {
    /// A device at HOST:PORT.
    pub fn udp(address: &str) -> Result<Link, Failure> {
        let bad = |error: Error| {
            Failure::Input(format!(
                "{address}: {error}; expected HOST:PORT, for example 192.0.2.1:1337"
            ))
        };
        let to = address.to_socket_addrs().map_err(bad)?.next();
        let to = to.ok_or_else(|| bad(ErrorKind::NotFound.into()))?;
        let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).map_err(bad)?;
        socket.connect(to).map_err(bad)?;
        Ok(Link { way: Way::Udp(socket), place: address.into(), received: 0 })
    }

    /// A device at a UART.
    pub fn uart(path: &Path, baud: u32) -> Result<Link, Failure> {
        use rustix::fs::{open, Mode, OFlags};
        use rustix::io::Errno;
        use rustix::termios::{tcflush, tcgetattr, tcsetattr, OptionalActions, QueueSelector};
        let place = path.display();
        let bad = |error: Errno| {
            let help = match error {
                Errno::NOENT => "; is the device plugged in? `ls /dev/ttyACM* /dev/ttyUSB*`",
                Errno::ACCESS => "; members of the group `dialout` may open a UART",
                Errno::BUSY => "; another program has it open",
                _ => "",
            };
            Failure::Input(format!("{place}: {error}{help}"))
        };
        let port = open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        let port = port.map_err(bad)?;
        let mut attributes = tcgetattr(&port)
            .map_err(|error| Failure::Input(format!("{place}: not a UART: {error}")))?;
        attributes.make_raw();
        attributes
            .set_speed(baud)
            .and_then(|()| tcsetattr(&port, OptionalActions::Now, &attributes))
            .map_err(|error| {
                Failure::Input(format!("{place}: it has no baud rate {baud} (--baud): {error}"))
            })?;
        tcflush(&port, QueueSelector::IOFlush).map_err(bad)?;
        let port = File::from(port);
        let mut reader = port.try_clone().map_err(|error| Failure::Input(error.to_string()))?;
        let (sender, received) = channel();
        // Ends with the process, or when the port does.
        std::thread::spawn(move || {
            let mut bytes = [0; 256];
            while let Ok(len @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..len].to_vec()).is_err() {
                    break;
                }
            }
        });
        let way = Way::Uart { port, received, frames: Frames::default() };
        Ok(Link { way, place: format!("{place} with {baud} baud"), received: 0 })
    }

    fn failed(&self, error: &Error) -> Failure {
        let place = &self.place;
        Failure::Call(match (error.kind(), &self.way) {
            (ErrorKind::ConnectionRefused, _) => format!(
                "{place}: nothing listens there; the port is CONFIG_MCUMGR_TRANSPORT_UDP_PORT of \
                 the firmware, 1337 by default"
            ),
            (_, Way::Udp(_)) => format!("{place}: {error}; is the device in this network?"),
            (_, Way::Uart { .. }) => format!("{place}: {error}; was the device unplugged?"),
        })
    }

    /// Why no response may have come to a request of this length.
    pub fn silence(&self, len: usize) -> Failure {
        let place = &self.place;
        let why = match &self.way {
            Way::Udp(_) => format!(
                "{place}: no response. Is the device there and its network up, is the port \
                 CONFIG_MCUMGR_TRANSPORT_UDP_PORT, and has the firmware CONFIG_ZONDA_APPS_SMP?"
            ),
            Way::Uart { .. } if self.received == 0 => format!(
                "{place}: no response, and nothing at all has come. Is the device on, and is this \
                 the UART that `zephyr,uart-mcumgr` names in its devicetree?"
            ),
            Way::Uart { .. } => format!(
                "{place}: no response, but {} bytes that are none. Is the baud rate right (--baud; \
                 `current-speed` in the devicetree), does no other program read this UART, and has \
                 the firmware CONFIG_ZONDA_APPS_SMP?",
                self.received
            ),
        };
        // What its buffers do not hold, a device drops.
        let size = if len <= SHORT {
            String::new()
        } else {
            format!(
                " The request has {len} bytes: CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE and _UART_MTU \
                 have to be as large, or --mtu less."
            )
        };
        Failure::Call(why + &size)
    }

    pub fn send(&mut self, packet: &[u8]) -> Result<(), Failure> {
        let sent = match &mut self.way {
            Way::Udp(socket) => socket.send(packet).map(|_| ()),
            Way::Uart { port, .. } => port.write_all(&frames(packet)?),
        };
        sent.map_err(|error| self.failed(&error))
    }

    /// The next packet; None if there is none in time.
    pub fn receive(&mut self, timeout: Duration) -> Result<Option<Vec<u8>>, Failure> {
        match &mut self.way {
            Way::Udp(socket) => {
                let timeout = timeout.max(Duration::from_millis(1));
                let mut packet = vec![0; MOST];
                let received =
                    socket.set_read_timeout(Some(timeout)).and_then(|()| socket.recv(&mut packet));
                match received {
                    Ok(len) => {
                        self.received += len;
                        packet.truncate(len);
                        Ok(Some(packet))
                    }
                    Err(error)
                        if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                    {
                        Ok(None)
                    }
                    Err(error) => Err(self.failed(&error)),
                }
            }
            Way::Uart { received, frames, .. } => {
                let end = Instant::now() + timeout;
                loop {
                    if let Some(packet) = frames.next() {
                        return Ok(Some(packet));
                    }
                    match received.recv_timeout(end.saturating_duration_since(Instant::now())) {
                        Ok(bytes) => {
                            self.received += bytes.len();
                            frames.push(&bytes);
                        }
                        Err(RecvTimeoutError::Timeout) => return Ok(None),
                        Err(RecvTimeoutError::Disconnected) => {
                            return Err(self.failed(&ErrorKind::BrokenPipe.into()));
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(link: Result<Link, Failure>) -> String {
        link.err().expect("it is refused").to_string()
    }

    #[test]
    fn errors_say_what_to_do() {
        assert!(error(Link::udp("192.0.2.1")).contains("expected HOST:PORT, for example"));
        assert!(error(Link::uart(Path::new("/dev/no-uart"), 115_200)).contains("plugged in"));
        assert!(error(Link::uart(Path::new("/dev/null"), 115_200)).contains("not a UART"));
    }

    #[test]
    fn a_port_without_a_device_is_named() {
        // A port that was just free.
        let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut link = Link::udp(&address.to_string()).unwrap();
        link.send(b"packet").unwrap();
        let failure = link.receive(Duration::from_secs(5)).unwrap_err().to_string();
        assert!(failure.contains("nothing listens there"), "{failure}");
        let silence = link.silence(20).to_string();
        assert!(silence.contains(&address.to_string()) && !silence.contains("--mtu"), "{silence}");
        assert!(link.silence(512).to_string().contains("512 bytes"));
    }
}
