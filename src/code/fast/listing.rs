//! Register code for readers: each operation with where it lies, what it was made from, and its text.

use crate::alloc::TryVec;
use crate::error::Error;
use crate::module::Module;
use core::fmt;
use zonda_exec::fast::decode::Instruction;
use zonda_exec::fast::op::{Accumulator, Kind};
use zonda_exec::fast::RegOp;

/// An operation of register code, where it stands.
#[derive(Clone, Copy, Debug)]
pub struct RegisterOp<'c> {
    /// The function, by its index in the module.
    pub func: u32,
    /// Offset in the code.
    pub code: u32,
    /// Offset in the module of the operation of WebAssembly that it was written for, the last one where several became one; 0 when that is not known.
    pub offset: u32,
    /// What it does, as text through [`fmt::Display`].
    pub text: RegisterText<'c>,
    /// Its bytes.
    pub bytes: &'c [u8],
}

/// The text of an operation.
#[derive(Clone, Copy, Debug)]
pub struct RegisterText<'c> {
    instruction: Instruction<'c>,
    at: u32,
}

/// The register code of a module, with what it was made from.
pub struct RegisterCode<'m> {
    module: &'m Module<'m>,
    positions: TryVec<(u32, u32)>,
}

impl<'m> Module<'m> {
    /// Its register code; `None` when its code is for another mode.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]: where each operation comes from is found by making the code once more.
    pub fn register_code(&'m self) -> Result<Option<RegisterCode<'m>>, Error> {
        let crate::code::Code::Fast(_) = &self.data.code else { return Ok(None) };
        Ok(Some(RegisterCode { module: self, positions: self.data.positions()? }))
    }
}

impl RegisterCode<'_> {
    /// All its operations, function by function.
    pub fn ops(&self) -> impl Iterator<Item = RegisterOp<'_>> {
        let data = &*self.module.data;
        let (funcs, code) = match &data.code {
            crate::code::Code::Fast(fast) => (fast.funcs.as_slice(), fast.code.as_slice()),
            _ => (&[][..], &[][..]),
        };
        let mut func = 0;
        let mut at = 0;
        let mut position = 0;
        core::iter::from_fn(move || {
            let instruction = Instruction::read(code, at as usize)?;
            while funcs.get(func + 1).is_some_and(|next| next.code <= at) {
                func += 1;
            }
            while self.positions.get(position + 1).is_some_and(|next| next.0 <= at) {
                position += 1;
            }
            let bytes = code.get(at as usize..)?.get(..instruction.len)?;
            let op = RegisterOp {
                func: data.imported_funcs + func as u32,
                code: at,
                offset: self.positions.get(position).map_or(0, |position| position.1),
                text: RegisterText { instruction, at },
                bytes,
            };
            at += instruction.len as u32;
            Some(op)
        })
    }
}

impl RegisterText<'_> {
    /// The operation's name in the table.
    pub fn op(&self) -> RegOp {
        self.instruction.op
    }
}

impl fmt::Display for RegisterText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let i = &self.instruction;
        let op = i.op;
        let sets = matches!(op.accumulator(), Accumulator::Set | Accumulator::Both);
        if sets
            && !matches!(
                op,
                RegOp::Runtime | RegOp::Memory | RegOp::Call | RegOp::CallImport | RegOp::RetS
            )
        {
            f.write_str("a = ")?;
        }
        for (kind, value) in i.operands() {
            if matches!(kind, Kind::Write | Kind::WritePair) {
                write!(f, "s{value} = ")?;
            }
        }
        match op {
            RegOp::Num1 | RegOp::Num2 => {
                let mut slots = i.operands();
                if let Some((_, result)) = slots.next() {
                    write!(f, "s{result} = ")?;
                }
                match zonda_exec::Op::from_code(i.code) {
                    Some(op) => f.write_str(op.name())?,
                    None => write!(f, "0x{:02x}", i.code)?,
                }
                return slots.try_for_each(|(_, slot)| write!(f, " s{slot}"));
            }
            RegOp::Runtime | RegOp::Memory => {
                match zonda_exec::Op::from_code(i.code) {
                    Some(op) => f.write_str(op.name())?,
                    None => write!(f, "0x{:02x}", i.code)?,
                }
                let [first, second] = i.immediates();
                write!(f, " {first} {second}")?;
                return i.operands().try_for_each(|(_, slot)| write!(f, " below s{slot}"));
            }
            _ => f.write_str(op.name())?,
        }
        for (kind, value) in i.operands() {
            match kind {
                Kind::Read | Kind::ReadPair | Kind::Args => write!(f, " s{value}")?,
                Kind::I8 | Kind::WideSlot | Kind::U16 => write!(f, " {value}")?,
                Kind::Offset => write!(f, " +{value}")?,
                Kind::U32 => write!(f, " 0x{:x}", value as u32)?,
                Kind::Branch | Kind::BranchLong => write!(f, " → {}", self.at as i32 + value)?,
                Kind::Global => write!(f, " g{value}")?,
                Kind::Func => write!(f, " f{value}")?,
                Kind::Write | Kind::WritePair | Kind::None | Kind::Special => {}
            }
        }
        i.distances().try_for_each(|distance| write!(f, " → {}", self.at as i32 + distance))
    }
}
