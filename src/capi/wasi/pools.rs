//! Addresses and names of the network that the application lets the programs of a module use.

use super::Strings;

/// Both.
#[derive(Clone, Copy)]
pub(super) struct Pools {
    addresses: Strings,
    names: Strings,
}

impl Pools {
    pub(super) const NONE: Pools = Pools { addresses: Strings::NONE, names: Strings::NONE };

    pub(super) fn set_addresses(&mut self, strings: Strings) {
        self.addresses = strings;
    }

    pub(super) fn set_names(&mut self, strings: Strings) {
        self.names = strings;
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &[u8]> {
        self.addresses.iter()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter()
    }
}
