//! Addresses as programs have them in memory (`wasi_socket_ext.h` of WAMR's lib-socket): a kind, 0
//! for IPv4 and 1 for IPv6, and bytes or 16-bit words of the address with the port behind them. All
//! numbers are little-endian.

use crate::types::Errno;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes of `__wasi_addr_t`.
pub(super) const ADDRESS: usize = 24;
/// Bytes of `__wasi_addr_ip_t`.
pub(super) const IP: usize = 20;
/// Bytes of `__wasi_addr_info_t`: an address, and the type of a socket.
pub(super) const INFO: usize = 28;

const IPV4: [u8; 4] = [0; 4];
const IPV6: [u8; 4] = [1, 0, 0, 0];

fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.iter_mut().zip(bytes.iter().skip(at)).for_each(|(to, from)| *to = *from);
    part
}

/// The address without a port; `protonosupport` for another kind, as WAMR has it.
pub(super) fn read_ip(bytes: &[u8]) -> Result<IpAddr, Errno> {
    match part(bytes, 0) {
        IPV4 => Ok(Ipv4Addr::from(part::<4>(bytes, 4)).into()),
        IPV6 => {
            let words = part::<16>(bytes, 4);
            let mut own = [0u16; 8];
            own.iter_mut()
                .zip(words.as_chunks().0)
                .for_each(|(to, from)| *to = u16::from_le_bytes(*from));
            Ok(Ipv6Addr::from(own).into())
        }
        _ => Err(Errno::Protonosupport),
    }
}

/// The address with its port.
pub(super) fn read(bytes: &[u8]) -> Result<SocketAddr, Errno> {
    let ip = read_ip(bytes)?;
    let port = part(bytes, if ip.is_ipv4() { 8 } else { 20 });
    Ok(SocketAddr::new(ip, u16::from_le_bytes(port)))
}

/// The bytes of an address.
pub(super) fn write(address: SocketAddr) -> [u8; ADDRESS] {
    let mut bytes = [0; ADDRESS];
    let mut to = bytes.iter_mut();
    let mut put = |part: &[u8]| to.by_ref().zip(part).for_each(|(to, from)| *to = *from);
    match address.ip() {
        IpAddr::V4(ip) => {
            put(&IPV4);
            put(&ip.octets());
        }
        IpAddr::V6(ip) => {
            put(&IPV6);
            ip.segments().iter().for_each(|word| put(&word.to_le_bytes()));
        }
    }
    put(&address.port().to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `by_ref().zip()` must not lose a byte between two parts.
    #[test]
    fn layouts_are_those_of_the_header() {
        let v4 = SocketAddr::from(([127, 0, 0, 1], 8080));
        let mut bytes = [0; ADDRESS];
        bytes[4..10].copy_from_slice(&[127, 0, 0, 1, 0x90, 0x1f]);
        assert_eq!(write(v4), bytes);
        assert_eq!(read(&bytes), Ok(v4));
        let address = [0xfe80, 0, 0, 0, 0x3ba2, 0x893b, 0x4be0, 0xe3dd];
        let v6 = SocketAddr::from((address, 258));
        let bytes = [
            1, 0, 0, 0, 0x80, 0xfe, 0, 0, 0, 0, 0, 0, 0xa2, 0x3b, 0x3b, 0x89, 0xe0, 0x4b, 0xdd,
            0xe3, 2, 1, 0, 0,
        ];
        assert_eq!(write(v6), bytes);
        assert_eq!(read(&bytes), Ok(v6));
        assert_eq!(read(&[2; ADDRESS]), Err(Errno::Protonosupport));
    }
}
