//! TCP sockets that the embedder opened, and their connections.

use super::Result;
use crate::types::{Errno, FdFlags, RiFlags, SdFlags};
use rustix::fs::{fcntl_getfl, fcntl_setfl, OFlags};
use rustix::net::{recv, send, shutdown, RecvFlags, SendFlags, Shutdown};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

/// A socket.
pub enum HostSocket {
    /// One that accepts connections.
    Listener(TcpListener),
    /// A connection.
    Stream(TcpStream),
}

impl AsFd for HostSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            HostSocket::Listener(socket) => socket.as_fd(),
            HostSocket::Stream(socket) => socket.as_fd(),
        }
    }
}

impl HostSocket {
    pub(super) fn accept(&mut self, flags: FdFlags) -> Result<HostSocket> {
        let HostSocket::Listener(listener) = self else { return Err(Errno::Inval) };
        let socket = HostSocket::Stream(listener.accept()?.0);
        socket.set_flags(flags)?;
        Ok(socket)
    }

    pub(super) fn receive(&mut self, to: &mut [u8], how: RiFlags) -> Result<usize> {
        let mut flags = RecvFlags::empty();
        if how.has(RiFlags::RECV_PEEK) {
            flags |= RecvFlags::PEEK;
        }
        if how.has(RiFlags::RECV_WAITALL) {
            flags |= RecvFlags::WAITALL;
        }
        let (count, _) = recv(&*self, &mut *to, flags)?;
        Ok(count)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(send(&*self, bytes, SendFlags::NOSIGNAL)?)
    }

    pub(super) fn shutdown(&mut self, how: SdFlags) -> Result<()> {
        let how = match (how.has(SdFlags::RD), how.has(SdFlags::WR)) {
            (true, true) => Shutdown::Both,
            (true, false) => Shutdown::Read,
            _ => Shutdown::Write,
        };
        Ok(shutdown(&*self, how)?)
    }

    pub(super) fn set_flags(&self, flags: FdFlags) -> Result<()> {
        let mut new = fcntl_getfl(self)? - OFlags::NONBLOCK;
        if flags.has(FdFlags::NONBLOCK) {
            new |= OFlags::NONBLOCK;
        }
        Ok(fcntl_setfl(self, new)?)
    }
}
