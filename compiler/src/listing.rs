//! Lists register bytecode: each instruction with its offset, the WebAssembly instruction that it
//! was made from, and its text.

use std::fmt;
use zonda::toolchain::{self, RegisterBytecode};
use zonda::{Error, Module};
use zonda_exec::fast::decode::Instruction;
use zonda_exec::fast::op::{Accumulator, Kind};
use zonda_exec::fast::RegOp;

/// A register instruction.
#[derive(Clone, Copy, Debug)]
pub struct ListedInstruction<'c> {
    /// The index of its function in the module.
    pub func: u32,
    /// Its offset in the register bytecode.
    pub code_offset: u32,
    /// The offset in the module of the WebAssembly instruction that it was made from; of the last
    /// one where the translator combined several. `None` where the module has no code section.
    pub wasm_offset: Option<u32>,
    /// Its text, through [`fmt::Display`].
    pub text: InstructionText<'c>,
    /// Its bytes.
    pub bytes: &'c [u8],
}

/// The text of a register instruction.
#[derive(Clone, Copy, Debug)]
pub struct InstructionText<'c> {
    instruction: Instruction<'c>,
    at: u32,
}

/// The register bytecode of a module.
pub struct Listing<'m> {
    bytecode: RegisterBytecode<'m>,
}

impl<'m> Listing<'m> {
    /// The register bytecode of a module; `None` where the module was loaded for another mode.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]: the module is translated again to find the offsets.
    pub fn new(module: &'m Module<'_>) -> Result<Option<Listing<'m>>, Error> {
        Ok(toolchain::register_bytecode(module)?.map(|bytecode| Listing { bytecode }))
    }

    /// All instructions, function by function.
    pub fn instructions(&self) -> impl Iterator<Item = ListedInstruction<'_>> {
        let RegisterBytecode { imported_funcs, funcs, code, .. } = self.bytecode;
        let positions = self.bytecode.positions();
        let mut func = 0;
        let mut at = 0;
        let mut position = 0;
        std::iter::from_fn(move || {
            let instruction = Instruction::read(code, at as usize)?;
            while funcs.get(func + 1).is_some_and(|next| next.code <= at) {
                func += 1;
            }
            while positions.get(position + 1).is_some_and(|next| next.0 <= at) {
                position += 1;
            }
            let listed = ListedInstruction {
                func: imported_funcs + func as u32,
                code_offset: at,
                wasm_offset: positions.get(position).map(|position| position.1),
                text: InstructionText { instruction, at },
                bytes: code.get(at as usize..)?.get(..instruction.len)?,
            };
            at += instruction.len as u32;
            Some(listed)
        })
    }
}

/// The handlers of exceptions.
#[cfg(feature = "exceptions")]
impl Listing<'_> {
    /// The text of each: `12 to 40: catch tag 0 → 45, values from s9`.
    pub fn handlers(&self) -> impl Iterator<Item = impl fmt::Display> + '_ {
        self.bytecode.handlers.iter().map(|handler| HandlerText(*handler))
    }
}

#[cfg(not(feature = "exceptions"))]
impl Listing<'_> {
    /// Nothing catches.
    pub fn handlers(&self) -> impl Iterator<Item = &'static str> {
        std::iter::empty()
    }
}

#[cfg(feature = "exceptions")]
struct HandlerText(zonda_exec::unwind::Handler);

#[cfg(feature = "exceptions")]
impl fmt::Display for HandlerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handler = &self.0;
        write!(f, "{} to {}: ", handler.start, handler.end)?;
        if passes_on(handler) {
            return match handler.target {
                zonda_exec::unwind::NO_HANDLER => f.write_str("delegate to the caller"),
                number => write!(f, "delegate to handler {number}"),
            };
        }
        f.write_str("catch ")?;
        match handler.tag_index() {
            Some(tag) => write!(f, "tag {tag}")?,
            None => f.write_str("all")?,
        }
        if handler.wants_reference() {
            f.write_str(" with reference")?;
        }
        if let Some(kept) = kept(handler) {
            write!(f, " in s{kept}")?;
        }
        write!(f, " → {}, values from s{}", handler.target, handler.first_slot())
    }
}

/// Whether it is a `delegate`.
#[cfg(feature = "legacy-exceptions")]
fn passes_on(handler: &zonda_exec::unwind::Handler) -> bool {
    handler.is_delegate()
}

/// The slot that keeps the reference.
#[cfg(feature = "legacy-exceptions")]
fn kept(handler: &zonda_exec::unwind::Handler) -> Option<u32> {
    handler.kept()
}

#[cfg(all(feature = "exceptions", not(feature = "legacy-exceptions")))]
fn passes_on(_: &zonda_exec::unwind::Handler) -> bool {
    false
}

#[cfg(all(feature = "exceptions", not(feature = "legacy-exceptions")))]
fn kept(_: &zonda_exec::unwind::Handler) -> Option<u32> {
    None
}

impl InstructionText<'_> {
    /// The opcode.
    pub fn op(&self) -> RegOp {
        self.instruction.op
    }
}

impl fmt::Display for InstructionText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.op() {
            RegOp::Num1 | RegOp::Num2 => self.numeric(f),
            RegOp::Runtime | RegOp::Memory => self.in_wasm_terms(f),
            #[cfg(feature = "simd")]
            RegOp::Vector => self.vector(f),
            _ => self.plain(f),
        }
    }
}

impl InstructionText<'_> {
    /// A numeric WebAssembly instruction on slots: `s5 = i32.popcnt s4`.
    fn numeric(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut slots = self.instruction.operands();
        if let Some((_, result)) = slots.next() {
            write!(f, "s{result} = ")?;
        }
        self.wasm_name(f)?;
        slots.try_for_each(|(_, slot)| write!(f, " s{slot}"))
    }

    /// A vector instruction on slots: `s5 = i32x4.add s1 s9`, with offset and lane where it has
    /// them.
    #[cfg(feature = "simd")]
    fn vector(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use zonda_exec::fast::vector::{layout, COPY, GLOBAL_GET, GLOBAL_SET};
        use zonda_exec::vector::op::{Row, VectorOp};
        let code = self.instruction.code;
        let mut slots = self.instruction.operands();
        if layout(code).is_some_and(|([result, ..], _)| result != 0) {
            if let Some((_, result)) = slots.next() {
                write!(f, "s{result} = ")?;
            }
        }
        match code {
            COPY => f.write_str("v128.copy")?,
            GLOBAL_GET => f.write_str("global.get.v")?,
            GLOBAL_SET => f.write_str("global.set.v")?,
            _ => f.write_str(VectorOp::from_code(code.into()).map_or("?", VectorOp::name))?,
        }
        slots.try_for_each(|(_, slot)| write!(f, " s{slot}"))?;
        let [number, lane] = self.instruction.immediates();
        match Row::of(code.into()) {
            None if code != COPY => write!(f, " g{number}")?,
            Some(row) if row.is_access() => write!(f, " +{number}")?,
            _ => {}
        }
        if Row::of(code.into()).is_some_and(|row| row.immediates() == 1) {
            write!(f, " lane {lane}")?;
        }
        Ok(())
    }

    /// A WebAssembly instruction with its immediates, on operands below a slot: `memory.fill 0 0
    /// below s7`.
    fn in_wasm_terms(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wasm_name(f)?;
        let [first, second] = self.instruction.immediates();
        write!(f, " {first} {second}")?;
        self.instruction.operands().try_for_each(|(_, slot)| write!(f, " below s{slot}"))
    }

    fn wasm_name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "simd")]
        if let Some(code) = self.instruction.code.checked_sub(zonda_exec::fast::op::VECTOR) {
            if let Some(op) = zonda_exec::vector::op::VectorOp::from_code(code.into()) {
                return f.write_str(op.name());
            }
        }
        #[cfg(feature = "threads")]
        if let Some(code) = self.instruction.code.checked_sub(zonda_exec::atomic::CODE) {
            if let Some(row) = zonda_exec::atomic::Row::of(code.into()) {
                let mut written = Ok(());
                row.name(&mut |piece| written = written.and_then(|()| f.write_str(piece)));
                return written;
            }
        }
        #[cfg(feature = "gc")]
        if self.instruction.code >> 8 == zonda_exec::op::codes::GC_PREFIX.into() {
            let name = zonda_exec::gc::name((self.instruction.code & 0xff).into());
            return f.write_str(name.unwrap_or("?"));
        }
        match zonda_exec::Op::from_code(self.instruction.code) {
            Some(op) => f.write_str(op.name()),
            None => write!(f, "0x{:02x}", self.instruction.code),
        }
    }

    /// Any other instruction: `a = s6 = add s1 s2`, where `a` is the accumulator.
    fn plain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = self.op();
        let sets = matches!(op.accumulator(), Accumulator::Set | Accumulator::Both);
        if sets && !matches!(op, RegOp::Call | RegOp::CallImport | RegOp::RetS) {
            f.write_str("a = ")?;
        }
        for (kind, value) in self.instruction.operands() {
            if matches!(kind, Kind::Write | Kind::WritePair) {
                write!(f, "s{value} = ")?;
            }
        }
        f.write_str(op.name())?;
        for (kind, value) in self.instruction.operands() {
            match kind {
                Kind::Read | Kind::ReadPair | Kind::Args => write!(f, " s{value}")?,
                Kind::I8 | Kind::WideSlot | Kind::U16 => write!(f, " {value}")?,
                Kind::Offset => write!(f, " +{value}")?,
                Kind::U32 => write!(f, " 0x{:x}", value as u32)?,
                Kind::Branch | Kind::BranchLong => self.target(f, value)?,
                Kind::Global => write!(f, " g{value}")?,
                Kind::Func => write!(f, " f{value}")?,
                Kind::Write | Kind::WritePair | Kind::None | Kind::Special => {}
            }
        }
        self.instruction.distances().try_for_each(|distance| self.target(f, distance))
    }

    /// The offset of a branch target.
    fn target(&self, f: &mut fmt::Formatter<'_>, distance: i32) -> fmt::Result {
        write!(f, " → {}", i64::from(self.at) + i64::from(distance))
    }
}
