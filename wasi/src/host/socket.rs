//! Sockets of TCP and UDP. The system's are all such that do not wait.

use super::Result;
use crate::platform::{Lookup, SocketKind, SocketOption};
use crate::socket_state::SocketState;
use crate::types::{Errno, FdFlags, RiFlags, SdFlags};
use rustix::net::{
    accept_with, bind, connect, getpeername, getsockname, listen, recv, recvfrom, send, sendto,
    shutdown, socket_with, sockopt, AddressFamily, RecvFlags, SendFlags, Shutdown, SocketAddrAny,
    SocketFlags, SocketType,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// A socket.
pub struct HostSocket {
    fd: OwnedFd,
    pub(super) state: SocketState,
}

impl AsFd for HostSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// No operation waits; processes that this one starts do not get the socket.
const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// Closing waits for this time at most: nothing ends it, not even the end of the program.
const LINGER: Duration = Duration::from_secs(10);

fn address(any: SocketAddrAny) -> Result<SocketAddr> {
    SocketAddr::try_from(any).map_err(|_| Errno::Afnosupport)
}

fn receive_flags(how: RiFlags) -> RecvFlags {
    if how.has(RiFlags::RECV_PEEK) {
        RecvFlags::PEEK
    } else {
        RecvFlags::empty()
    }
}

impl HostSocket {
    fn new(fd: OwnedFd, stream: bool) -> HostSocket {
        HostSocket { fd, state: SocketState::new(stream) }
    }

    /// A socket that accepts connections.
    ///
    /// # Errors
    /// As the system has them.
    pub fn listener(listener: TcpListener) -> Result<HostSocket> {
        listener.set_nonblocking(true)?;
        Ok(HostSocket::new(listener.into(), true))
    }

    pub(super) fn open(SocketKind { ipv6, stream }: SocketKind) -> Result<HostSocket> {
        let family = if ipv6 { AddressFamily::INET6 } else { AddressFamily::INET };
        let ty = if stream { SocketType::STREAM } else { SocketType::DGRAM };
        Ok(HostSocket::new(socket_with(family, ty, FLAGS, None)?, stream))
    }

    pub(super) fn accept(&mut self, _: FdFlags) -> Result<HostSocket> {
        Ok(HostSocket::new(accept_with(&*self, FLAGS)?, true))
    }

    pub(super) fn receive(&mut self, to: &mut [u8], how: RiFlags) -> Result<usize> {
        let (count, _) = recv(&*self, &mut *to, receive_flags(how))?;
        Ok(count)
    }

    pub(super) fn receive_from(
        &mut self,
        to: &mut [u8],
        how: RiFlags,
    ) -> Result<(usize, Option<SocketAddr>)> {
        let (count, _, from) = recvfrom(&*self, &mut *to, receive_flags(how))?;
        Ok((count, from.and_then(|from| address(from).ok())))
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(send(&*self, bytes, SendFlags::NOSIGNAL)?)
    }

    pub(super) fn send_to(&mut self, bytes: &[u8], to: SocketAddr) -> Result<usize> {
        Ok(sendto(&*self, bytes, SendFlags::NOSIGNAL, &to)?)
    }

    pub(super) fn shutdown(&mut self, how: SdFlags) -> Result<()> {
        let how = match (how.has(SdFlags::RD), how.has(SdFlags::WR)) {
            (true, true) => Shutdown::Both,
            (true, false) => Shutdown::Read,
            _ => Shutdown::Write,
        };
        Ok(shutdown(&*self, how)?)
    }

    pub(super) fn bind(&mut self, to: SocketAddr) -> Result<()> {
        Ok(bind(&*self, &to)?)
    }

    pub(super) fn listen(&mut self, backlog: u32) -> Result<()> {
        Ok(listen(&*self, backlog.min(i32::MAX as u32) as i32)?)
    }

    pub(super) fn connect(&mut self, to: SocketAddr) -> Result<()> {
        Ok(connect(&*self, &to)?)
    }

    pub(super) fn error(&mut self) -> Result<()> {
        Ok(sockopt::socket_error(&*self)??)
    }

    pub(super) fn address(&mut self, remote: bool) -> Result<SocketAddr> {
        address(if remote {
            getpeername(&*self)?.ok_or(Errno::Notconn)?
        } else {
            getsockname(&*self)?
        })
    }

    pub(super) fn option(&mut self, option: SocketOption) -> Result<i32> {
        use SocketOption::*;
        let seconds = |time: Duration| i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
        let bytes = |size: usize| i32::try_from(size).unwrap_or(i32::MAX);
        let fd = &*self;
        Ok(match option {
            Broadcast => sockopt::socket_broadcast(fd)?.into(),
            KeepAlive => sockopt::socket_keepalive(fd)?.into(),
            ReuseAddr => sockopt::socket_reuseaddr(fd)?.into(),
            ReusePort => sockopt::socket_reuseport(fd)?.into(),
            TcpNoDelay => sockopt::tcp_nodelay(fd)?.into(),
            TcpQuickAck => sockopt::tcp_quickack(fd)?.into(),
            Ipv6Only => sockopt::ipv6_v6only(fd)?.into(),
            IpMulticastLoop => sockopt::ip_multicast_loop(fd)?.into(),
            Ipv6MulticastLoop => sockopt::ipv6_multicast_loop(fd)?.into(),
            IpMulticastTtl => sockopt::ip_multicast_ttl(fd)? as i32,
            IpTtl => sockopt::ip_ttl(fd)? as i32,
            RecvBufSize => bytes(sockopt::socket_recv_buffer_size(fd)?),
            SendBufSize => bytes(sockopt::socket_send_buffer_size(fd)?),
            TcpKeepIdle => seconds(sockopt::tcp_keepidle(fd)?),
            TcpKeepIntvl => seconds(sockopt::tcp_keepintvl(fd)?),
            Linger => sockopt::socket_linger(fd)?.map_or(-1, seconds),
            TcpFastopenConnect => return Err(Errno::Noprotoopt),
        })
    }

    pub(super) fn set_option(&mut self, option: SocketOption, to: i32) -> Result<()> {
        use SocketOption::*;
        let seconds = || Duration::from_secs(to.max(0) as u64);
        let (fd, switch, number) = (&*self, to != 0, to.max(0) as u32);
        match option {
            Broadcast => sockopt::set_socket_broadcast(fd, switch)?,
            KeepAlive => sockopt::set_socket_keepalive(fd, switch)?,
            ReuseAddr => sockopt::set_socket_reuseaddr(fd, switch)?,
            ReusePort => sockopt::set_socket_reuseport(fd, switch)?,
            TcpNoDelay => sockopt::set_tcp_nodelay(fd, switch)?,
            TcpQuickAck => sockopt::set_tcp_quickack(fd, switch)?,
            Ipv6Only => sockopt::set_ipv6_v6only(fd, switch)?,
            IpMulticastLoop => sockopt::set_ip_multicast_loop(fd, switch)?,
            Ipv6MulticastLoop => sockopt::set_ipv6_multicast_loop(fd, switch)?,
            IpMulticastTtl => sockopt::set_ip_multicast_ttl(fd, number)?,
            IpTtl => sockopt::set_ip_ttl(fd, number)?,
            RecvBufSize => sockopt::set_socket_recv_buffer_size(fd, number as usize)?,
            SendBufSize => sockopt::set_socket_send_buffer_size(fd, number as usize)?,
            TcpKeepIdle => sockopt::set_tcp_keepidle(fd, seconds())?,
            TcpKeepIntvl => sockopt::set_tcp_keepintvl(fd, seconds())?,
            Linger => {
                let time = (to >= 0).then(|| seconds().min(LINGER));
                sockopt::set_socket_linger(fd, time)?;
            }
            TcpFastopenConnect => return Err(Errno::Noprotoopt),
        }
        Ok(())
    }

    pub(super) fn membership(&mut self, group: IpAddr, interface: u32, join: bool) -> Result<()> {
        let fd = &*self;
        match group {
            IpAddr::V4(group) => {
                // The word is the address of the interface, in the order of the network.
                let interface = Ipv4Addr::from(interface.to_le_bytes());
                if join {
                    sockopt::set_ip_add_membership(fd, &group, &interface)?;
                } else {
                    sockopt::set_ip_drop_membership(fd, &group, &interface)?;
                }
            }
            IpAddr::V6(group) if join => sockopt::set_ipv6_add_membership(fd, &group, interface)?,
            IpAddr::V6(group) => sockopt::set_ipv6_drop_membership(fd, &group, interface)?,
        }
        Ok(())
    }
}

/// The port of a service: a number, or a name of the system's list; 0 for none.
fn port(service: &str) -> Result<u16> {
    if service.is_empty() {
        return Ok(0);
    }
    if let Ok(port) = service.parse() {
        return Ok(port);
    }
    let list = std::fs::read_to_string("/etc/services")?;
    let port = list.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (name, port) = (words.next()?, words.next()?);
        (name == service).then(|| port.split('/').next()?.parse().ok())?
    });
    port.ok_or(Errno::Noent)
}

/// Asks the system, which may take as long as its name servers do.
pub(super) fn resolve(
    host: &str,
    service: &str,
    wanted: Lookup,
    each: &mut dyn FnMut(SocketAddr, bool),
) -> Result<()> {
    let port = port(service)?;
    // An unknown name has no number of the system.
    let found = (host, port).to_socket_addrs().map_err(|error| match error.raw_os_error() {
        Some(_) => error.into(),
        None => Errno::Noent,
    })?;
    for address in found.filter(|address| wanted.ipv6.is_none_or(|ipv6| ipv6 == address.is_ipv6()))
    {
        for stream in [true, false] {
            if wanted.stream.is_none_or(|only| only == stream) {
                each(address, stream);
            }
        }
    }
    Ok(())
}
