//! Which addresses and names a program may use: those that the embedder allows, none by itself.

use crate::context::Wasi;
use crate::platform::Platform;
use crate::types::Errno;
use core::net::IpAddr;
use zonda::TryVec;

/// A network: addresses that agree in their first bits.
#[derive(Clone, Copy)]
struct Net {
    address: IpAddr,
    bits: u32,
}

impl Net {
    /// `ADDRESS/BITS`.
    fn parse(text: &[u8]) -> Option<Net> {
        let (address, bits) = core::str::from_utf8(text).ok()?.split_once('/')?;
        let (address, bits): (IpAddr, _) = (address.parse().ok()?, bits.parse().ok()?);
        let all = if address.is_ipv4() { 32 } else { 128 };
        (bits <= all).then_some(Net { address, bits })
    }

    fn has(&self, address: IpAddr) -> bool {
        // As WAMR has it, whatever the bits are: 0.0.0.0 is every address of IPv4, :: of IPv6.
        let equal = |one: u128, other: u128, all: u32| {
            one == 0 || (one ^ other).checked_shr(all - self.bits).unwrap_or(0) == 0
        };
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(address)) => {
                equal(own.to_bits().into(), address.to_bits().into(), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(address)) => equal(own.to_bits(), address.to_bits(), 128),
            _ => false,
        }
    }
}

/// What a program may use of the network.
#[derive(Default)]
pub(crate) struct Network {
    nets: TryVec<Net>,
    names: TryVec<TryVec<u8>>,
}

impl Network {
    /// Whether anything is allowed.
    pub(super) fn is_empty(&self) -> bool {
        self.nets.is_empty()
    }

    /// `acces` unless the address is allowed. An address of IPv4 that is written as one of IPv6
    /// (`::ffff:10.0.0.1`) reaches the one of IPv4, and has to be allowed as such.
    pub(super) fn require(&self, address: IpAddr) -> Result<(), Errno> {
        let address = address.to_canonical();
        if self.nets.iter().any(|net| net.has(address)) {
            return Ok(());
        }
        Err(Errno::Acces)
    }

    /// `acces` unless the name is allowed.
    pub(super) fn require_name(&self, name: &[u8]) -> Result<(), Errno> {
        let matches = |allowed: &TryVec<u8>| match allowed.strip_prefix(b"*") {
            Some(end) => name.ends_with(end),
            None => **allowed == *name,
        };
        if self.names.iter().any(matches) {
            return Ok(());
        }
        Err(Errno::Acces)
    }
}

impl<P: Platform> Wasi<P> {
    /// Lets the program bind to the addresses of a network, connect and send to them:
    /// `10.0.0.0/8`, `fe80::/10`. The addresses `0.0.0.0` and `::` stand for every one of their
    /// kind. Without a network it opens no socket.
    ///
    /// # Errors
    /// [`Errno::Inval`] for anything else, [`Errno::Nomem`].
    pub fn allow_network(&mut self, network: &[u8]) -> Result<&mut Self, Errno> {
        self.network.nets.push(Net::parse(network).ok_or(Errno::Inval)?)?;
        Ok(self)
    }

    /// Lets the program look up a name, or with `*` at the beginning every name with this end.
    ///
    /// # Errors
    /// [`Errno::Nomem`].
    pub fn allow_lookup(&mut self, name: &[u8]) -> Result<&mut Self, Errno> {
        let mut own = TryVec::with_capacity(name.len())?;
        own.append(name)?;
        self.network.names.push(own)?;
        Ok(self)
    }
}
