//! Addresses of 64 bits, as LLDB's WebAssembly plugin has them: the offset in the low 32 bits, the
//! number of a module above, and in the two highest bits whether it is one in memory or in the
//! module.
//!
//! Modules are numbered from 1. Addresses of memory come from the program, which knows offsets
//! only, so module 0 stands for the one whose code runs in the innermost frame.

/// What an address refers to. The module is the number of the instance, if the address has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Memory 0.
    Memory(Option<u32>, u32),
    /// The bytes of the module.
    Module(u32, u32),
}

const MODULE: u64 = 1 << 62;
const KIND: u64 = 3 << 62;

impl Address {
    pub(crate) fn decode(address: u64) -> Option<Address> {
        let number = (address >> 32) as u32 & 0x3fff_ffff;
        let offset = address as u32;
        match address & KIND {
            0 => Some(Address::Memory(number.checked_sub(1), offset)),
            MODULE => Some(Address::Module(number.checked_sub(1)?, offset)),
            _ => None,
        }
    }

    /// The address of an offset in the module of an instance.
    pub(crate) fn module(instance: u32, offset: u32) -> u64 {
        MODULE | (instance as u64 + 1) << 32 | offset as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_name_a_module_and_an_offset() {
        assert_eq!(Address::decode(0x1234), Some(Address::Memory(None, 0x1234)));
        assert_eq!(Address::decode(0x2_0000_0010), Some(Address::Memory(Some(1), 0x10)));
        assert_eq!(Address::module(1, 0x10), 0x4000_0002_0000_0010);
        assert_eq!(Address::decode(Address::module(7, 9)), Some(Address::Module(7, 9)));
        assert_eq!(Address::decode(1 << 62), None);
        assert_eq!(Address::decode(1 << 63), None);
        assert_eq!(Address::decode(u64::MAX), None);
    }
}
