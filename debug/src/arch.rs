//! The architecture: one register, the program counter. Locals, globals and operands are asked for
//! with packets of their own.

use core::num::NonZeroUsize;
use gdbstub::arch::{Arch, RegId, Registers};

pub(crate) enum Wasm {}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pc(pub(crate) u64);

#[derive(Debug)]
pub(crate) struct PcId;

impl RegId for PcId {
    fn from_raw_id(id: usize) -> Option<(PcId, Option<NonZeroUsize>)> {
        (id == 0).then_some((PcId, NonZeroUsize::new(8)))
    }

    fn to_raw_id(&self) -> Option<usize> {
        Some(0)
    }
}

impl Registers for Pc {
    type ProgramCounter = u64;

    fn pc(&self) -> u64 {
        self.0
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        for byte in self.0.to_le_bytes() {
            write_byte(Some(byte));
        }
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let bytes = bytes.first_chunk().ok_or(())?;
        self.0 = u64::from_le_bytes(*bytes);
        Ok(())
    }
}

/// The registers, for the debugger.
pub(crate) const REGISTERS: &[u8] = b"<target version=\"1.0\"><feature name=\"wasm\">\
    <reg name=\"pc\" bitsize=\"64\" regnum=\"0\" generic=\"pc\" gcc_regnum=\"16\" dwarf_regnum=\"16\"/>\
    </feature></target>";

impl Arch for Wasm {
    type Usize = u64;
    type Registers = Pc;
    type BreakpointKind = usize;
    type RegId = PcId;
}
