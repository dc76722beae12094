//! Sockets of a firmware: numbers of the platform's. Its functions do not wait, but for connecting
//! and looking up names, for which it has limits of its own.

use super::outcome;
use super::Result;
use crate::platform::{Lookup, SocketKind, SocketOption};
use crate::socket_state::SocketState;
use crate::types::{RiFlags, SdFlags};
use core::ffi::{c_char, c_int, c_void};
use core::net::{IpAddr, SocketAddr};
use core::ptr::{from_ref, null, null_mut};
use zonda::TryVec;

/// `zonda_wasi_address_t`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Address {
    ip: [u8; 16],
    port: u16,
    ipv6: bool,
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        let mut own =
            Address { port: address.port(), ipv6: address.is_ipv6(), ..Address::default() };
        let mut put =
            |octets: &[u8]| own.ip.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        match address.ip() {
            IpAddr::V4(ip) => put(&ip.octets()),
            IpAddr::V6(ip) => put(&ip.octets()),
        }
        own
    }
}

impl From<Address> for SocketAddr {
    fn from(address: Address) -> SocketAddr {
        let [a, b, c, d, ..] = address.ip;
        let ip = if address.ipv6 { IpAddr::from(address.ip) } else { IpAddr::from([a, b, c, d]) };
        SocketAddr::new(ip, address.port)
    }
}

extern "C" {
    fn zonda_wasi_socket_open(ipv6: bool, stream: bool, socket: *mut c_int) -> c_int;
    fn zonda_wasi_socket_close(socket: c_int);
    fn zonda_wasi_socket_bind(socket: c_int, to: *const Address) -> c_int;
    fn zonda_wasi_socket_listen(socket: c_int, backlog: u32) -> c_int;
    fn zonda_wasi_socket_connect(socket: c_int, to: *const Address) -> c_int;
    fn zonda_wasi_socket_address(socket: c_int, remote: bool, address: *mut Address) -> c_int;
    fn zonda_wasi_socket_accept(socket: c_int, accepted: *mut c_int) -> c_int;
    fn zonda_wasi_socket_receive(
        socket: c_int,
        to: *mut u8,
        len: usize,
        peek: bool,
        from: *mut Address,
        count: *mut usize,
    ) -> c_int;
    fn zonda_wasi_socket_send(
        socket: c_int,
        from: *const u8,
        len: usize,
        to: *const Address,
        count: *mut usize,
    ) -> c_int;
    fn zonda_wasi_socket_shutdown(socket: c_int, how: u32) -> c_int;
    fn zonda_wasi_socket_option(socket: c_int, option: u32, value: *mut i32) -> c_int;
    fn zonda_wasi_socket_set_option(socket: c_int, option: u32, value: i32) -> c_int;
    fn zonda_wasi_socket_membership(
        socket: c_int,
        group: *const Address,
        interface: u32,
        join: bool,
    ) -> c_int;
    fn zonda_wasi_resolve(
        host: *const c_char,
        service: *const c_char,
        family: u32,
        each: unsafe extern "C" fn(data: *mut c_void, address: *const Address),
        data: *mut c_void,
    ) -> c_int;
}

/// A socket.
pub struct FirmwareSocket {
    number: c_int,
    pub(super) state: SocketState,
}

impl Drop for FirmwareSocket {
    fn drop(&mut self) {
        // SAFETY: the platform has opened or accepted it, and it is closed once.
        unsafe { zonda_wasi_socket_close(self.number) }
    }
}

impl FirmwareSocket {
    fn new(number: c_int, stream: bool) -> FirmwareSocket {
        FirmwareSocket { number, state: SocketState::new(stream) }
    }

    pub(super) fn open(SocketKind { ipv6, stream }: SocketKind) -> Result<FirmwareSocket> {
        let mut number = 0;
        // SAFETY: stores a number.
        outcome(unsafe { zonda_wasi_socket_open(ipv6, stream, &mut number) })?;
        Ok(FirmwareSocket::new(number, stream))
    }

    pub(super) fn number(&self) -> c_int {
        self.number
    }

    pub(super) fn accept(&mut self) -> Result<FirmwareSocket> {
        let mut number = 0;
        // SAFETY: the socket is open as long as its owner lives; stores a number.
        outcome(unsafe { zonda_wasi_socket_accept(self.number, &mut number) })?;
        Ok(FirmwareSocket::new(number, true))
    }

    /// `from` is null or a place for an address.
    fn receive_raw(&mut self, to: &mut [u8], how: RiFlags, from: *mut Address) -> Result<usize> {
        let mut count = 0;
        let peek = how.has(RiFlags::RECV_PEEK);
        // SAFETY: the socket is open; the buffer has its length; the callers pass `from` as null or
        // the address of a record of their own.
        outcome(unsafe {
            zonda_wasi_socket_receive(
                self.number,
                to.as_mut_ptr(),
                to.len(),
                peek,
                from,
                &mut count,
            )
        })?;
        Ok(count.min(to.len()))
    }

    pub(super) fn receive(&mut self, to: &mut [u8], how: RiFlags) -> Result<usize> {
        self.receive_raw(to, how, null_mut())
    }

    pub(super) fn receive_from(
        &mut self,
        to: &mut [u8],
        how: RiFlags,
    ) -> Result<(usize, Option<SocketAddr>)> {
        let mut from = Address::default();
        let count = self.receive_raw(to, how, &raw mut from)?;
        Ok((count, Some(from.into())))
    }

    pub(super) fn send(&mut self, bytes: &[u8], to: Option<SocketAddr>) -> Result<usize> {
        let mut count = 0;
        let to = to.map(Address::from);
        let to = to.as_ref().map_or(null(), from_ref);
        // SAFETY: the socket is open; the buffer has its length; `to` is null or an address.
        outcome(unsafe {
            zonda_wasi_socket_send(self.number, bytes.as_ptr(), bytes.len(), to, &mut count)
        })?;
        Ok(count.min(bytes.len()))
    }

    pub(super) fn shutdown(&mut self, how: SdFlags) -> Result<()> {
        // SAFETY: the socket is open.
        outcome(unsafe { zonda_wasi_socket_shutdown(self.number, how.0.into()) })
    }

    pub(super) fn bind(&mut self, to: SocketAddr) -> Result<()> {
        // SAFETY: the socket is open; the address is only read.
        outcome(unsafe { zonda_wasi_socket_bind(self.number, &to.into()) })
    }

    pub(super) fn listen(&mut self, backlog: u32) -> Result<()> {
        // SAFETY: the socket is open.
        outcome(unsafe { zonda_wasi_socket_listen(self.number, backlog) })
    }

    pub(super) fn connect(&mut self, to: SocketAddr) -> Result<()> {
        // SAFETY: the socket is open; the address is only read.
        outcome(unsafe { zonda_wasi_socket_connect(self.number, &to.into()) })
    }

    pub(super) fn address(&mut self, remote: bool) -> Result<SocketAddr> {
        let mut address = Address::default();
        // SAFETY: the socket is open; stores an address.
        outcome(unsafe { zonda_wasi_socket_address(self.number, remote, &mut address) })?;
        Ok(address.into())
    }

    pub(super) fn option(&mut self, option: SocketOption) -> Result<i32> {
        let mut value = 0;
        // SAFETY: the socket is open; stores a number.
        outcome(unsafe { zonda_wasi_socket_option(self.number, option as u32, &mut value) })?;
        Ok(value)
    }

    pub(super) fn set_option(&mut self, option: SocketOption, to: i32) -> Result<()> {
        // SAFETY: the socket is open.
        outcome(unsafe { zonda_wasi_socket_set_option(self.number, option as u32, to) })
    }

    pub(super) fn membership(&mut self, group: IpAddr, interface: u32, join: bool) -> Result<()> {
        let group = Address::from(SocketAddr::new(group, 0));
        // SAFETY: the socket is open; the address is only read.
        outcome(unsafe { zonda_wasi_socket_membership(self.number, &group, interface, join) })
    }
}

/// A string that ends with NUL.
fn c_string(text: &str) -> Result<TryVec<u8>> {
    let mut own = TryVec::with_capacity(text.len() + 1)?;
    own.append(text.as_bytes())?;
    own.push(0)?;
    Ok(own)
}

/// Asks the platform, which may take as long as its name servers do.
pub(super) fn resolve(
    host: &str,
    service: &str,
    wanted: Lookup,
    each: &mut dyn FnMut(SocketAddr, bool),
) -> Result<()> {
    /// What the addresses are passed to.
    struct Found<'f> {
        each: &'f mut dyn FnMut(SocketAddr, bool),
        stream: Option<bool>,
    }
    /// # Safety
    /// `data` is the `Found` that `resolve` passes, `address` an address.
    unsafe extern "C" fn take(data: *mut c_void, address: *const Address) {
        // SAFETY: by the contract of this function; nobody else has the record meanwhile.
        let (found, address) = unsafe { (&mut *data.cast::<Found>(), *address) };
        for stream in [true, false] {
            if found.stream.is_none_or(|only| only == stream) {
                (found.each)(address.into(), stream);
            }
        }
    }
    let (host, service) = (c_string(host)?, c_string(service)?);
    let family = match wanted.ipv6 {
        None => 0,
        Some(false) => 4,
        Some(true) => 6,
    };
    let mut found = Found { each, stream: wanted.stream };
    let data = (&raw mut found).cast();
    // SAFETY: the strings end with NUL; `take` gets what it expects.
    outcome(unsafe {
        zonda_wasi_resolve(host.as_ptr().cast(), service.as_ptr().cast(), family, take, data)
    })
}

/// The methods of the platform that are about sockets.
macro_rules! methods {
    () => {
        fn socket_type(&mut self, socket: &FirmwareSocket) -> Filetype {
            socket.state.filetype()
        }
        fn accept(&mut self, socket: &mut FirmwareSocket, _: FdFlags) -> Result<FirmwareSocket> {
            socket.accept()
        }
        fn receive(
            &mut self,
            socket: &mut FirmwareSocket,
            to: &mut [u8],
            how: crate::types::RiFlags,
        ) -> Result<usize> {
            socket.receive(to, how)
        }
        fn send(&mut self, socket: &mut FirmwareSocket, bytes: &[u8]) -> Result<usize> {
            socket.send(bytes, None)
        }
        fn shutdown(
            &mut self,
            socket: &mut FirmwareSocket,
            how: crate::types::SdFlags,
        ) -> Result<()> {
            socket.shutdown(how)
        }
        fn open_socket(&mut self, kind: crate::platform::SocketKind) -> Result<FirmwareSocket> {
            FirmwareSocket::open(kind)
        }
        fn bind(&mut self, socket: &mut FirmwareSocket, to: core::net::SocketAddr) -> Result<()> {
            socket.bind(to)
        }
        fn listen(&mut self, socket: &mut FirmwareSocket, backlog: u32) -> Result<()> {
            socket.listen(backlog)
        }
        fn connect(
            &mut self,
            socket: &mut FirmwareSocket,
            to: core::net::SocketAddr,
        ) -> Result<()> {
            socket.connect(to)
        }
        fn address(
            &mut self,
            socket: &mut FirmwareSocket,
            remote: bool,
        ) -> Result<core::net::SocketAddr> {
            socket.address(remote)
        }
        fn receive_from(
            &mut self,
            socket: &mut FirmwareSocket,
            to: &mut [u8],
            how: crate::types::RiFlags,
        ) -> Result<(usize, Option<core::net::SocketAddr>)> {
            socket.receive_from(to, how)
        }
        fn send_to(
            &mut self,
            socket: &mut FirmwareSocket,
            bytes: &[u8],
            to: core::net::SocketAddr,
        ) -> Result<usize> {
            socket.send(bytes, Some(to))
        }
        fn socket_option(
            &mut self,
            socket: &mut FirmwareSocket,
            option: crate::platform::SocketOption,
        ) -> Result<i32> {
            socket.option(option)
        }
        fn set_socket_option(
            &mut self,
            socket: &mut FirmwareSocket,
            option: crate::platform::SocketOption,
            to: i32,
        ) -> Result<()> {
            socket.set_option(option, to)
        }
        fn timeout<'s>(
            &mut self,
            socket: &'s mut FirmwareSocket,
            send: bool,
        ) -> Option<&'s mut u64> {
            Some(socket.state.timeout(send))
        }
        fn membership(
            &mut self,
            socket: &mut FirmwareSocket,
            group: core::net::IpAddr,
            interface: u32,
            join: bool,
        ) -> Result<()> {
            socket.membership(group, interface, join)
        }
        fn resolve(
            &mut self,
            host: &str,
            service: &str,
            wanted: crate::platform::Lookup,
            each: &mut dyn FnMut(core::net::SocketAddr, bool),
        ) -> Result<()> {
            socket::resolve(host, service, wanted, each)
        }
    };
}
pub(super) use methods;
