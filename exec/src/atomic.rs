//! Atomic instructions (the proposal threads; feature `threads`): those behind the prefix 0xFE.
//!
//! One thread at a time executes code of a store, and a memory belongs to one store
//! (docs/decisions/0053-atomics-in-one-store.md). So nothing comes between the load and the store
//! of an instruction here, and nothing happens while one waits.

use crate::frame::{read64, write64, Context};
use crate::index;
use crate::linear_memory::{memarg, Memory, Scalar};
use crate::trap::TrapCode;

/// Whether a memory is declared to be shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Sharing {
    #[default]
    Unshared,
    Shared,
}

impl Sharing {
    /// Whether there is a choice.
    pub const POSSIBLE: bool = true;

    /// [`Sharing::Shared`] if `is_shared`.
    #[inline(always)]
    pub const fn new(is_shared: bool) -> Sharing {
        if is_shared {
            Sharing::Shared
        } else {
            Sharing::Unshared
        }
    }

    /// Whether it is shared.
    #[inline(always)]
    pub const fn is_shared(self) -> bool {
        matches!(self, Sharing::Shared)
    }
}

/// The code of an instruction of register bytecode: this number with the opcode behind the prefix
/// added. (Vector instructions have more opcodes than 0xFDnn can count.)
pub const CODE: u16 = 0xff00;

/// What an instruction does. `Modify` stores the result of an operation and returns what was there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Notify,
    Wait,
    Fence,
    Load,
    Store,
    Modify(Operation),
    CompareExchange,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Exchange,
}

/// An atomic instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    pub kind: Kind,
    /// Whether its values are of 64 bits.
    pub is_wide: bool,
    /// log2 of the bytes that it accesses.
    pub log2_width: u32,
}

/// Opcodes of loads, stores and modifications come in groups of one instruction for each type and
/// width.
const FIRST: u32 = 0x10;
const GROUPS: [Kind; 9] = [
    Kind::Load,
    Kind::Store,
    Kind::Modify(Operation::Add),
    Kind::Modify(Operation::Sub),
    Kind::Modify(Operation::And),
    Kind::Modify(Operation::Or),
    Kind::Modify(Operation::Xor),
    Kind::Modify(Operation::Exchange),
    Kind::CompareExchange,
];
const SHAPES: [(bool, u8); 7] =
    [(false, 2), (true, 3), (false, 0), (false, 1), (true, 0), (true, 1), (true, 2)];

impl Row {
    /// The instruction with this opcode behind the prefix.
    pub fn of(code: u32) -> Option<Row> {
        let row = |kind, is_wide, log2_width| Some(Row { kind, is_wide, log2_width });
        match code {
            0 => return row(Kind::Notify, false, 2),
            1 => return row(Kind::Wait, false, 2),
            2 => return row(Kind::Wait, true, 3),
            3 => return row(Kind::Fence, false, 0),
            _ => {}
        }
        let place = code.checked_sub(FIRST)? as usize;
        let shapes = SHAPES.len();
        let (is_wide, log2_width) = *SHAPES.get(place % shapes)?;
        row(*GROUPS.get(place / shapes)?, is_wide, log2_width as u32)
    }

    /// Slots of its operands above the address.
    pub fn operands(self) -> u32 {
        let value = 1 + self.is_wide as u32;
        match self.kind {
            Kind::Fence | Kind::Load => 0,
            Kind::Notify | Kind::Store | Kind::Modify(_) => value,
            Kind::CompareExchange => 2 * value,
            Kind::Wait => value + 2,
        }
    }

    /// Slots of its result.
    pub fn results(self) -> u32 {
        match self.kind {
            Kind::Fence | Kind::Store => 0,
            Kind::Notify | Kind::Wait => 1,
            _ => 1 + self.is_wide as u32,
        }
    }

    /// Writes its name in the text format, in pieces.
    pub fn name(self, write: &mut dyn FnMut(&str)) {
        let (ty, width) = if self.is_wide { ("i64", 3) } else { ("i32", 2) };
        let bits = match (self.kind, self.log2_width) {
            (_, same) if same == width => "",
            (_, 0) => "8",
            (_, 1) => "16",
            _ => "32",
        };
        let operation = match self.kind {
            Kind::Notify => return write("memory.atomic.notify"),
            Kind::Wait => {
                return write(
                    ["memory.atomic.wait32", "memory.atomic.wait64"][self.is_wide as usize],
                )
            }
            Kind::Fence => return write("atomic.fence"),
            Kind::Load => "load",
            Kind::Store => "store",
            Kind::Modify(Operation::Add) => "add",
            Kind::Modify(Operation::Sub) => "sub",
            Kind::Modify(Operation::And) => "and",
            Kind::Modify(Operation::Or) => "or",
            Kind::Modify(Operation::Xor) => "xor",
            Kind::Modify(Operation::Exchange) => "xchg",
            Kind::CompareExchange => "cmpxchg",
        };
        write(ty);
        write(".atomic.");
        let is_access = matches!(self.kind, Kind::Load | Kind::Store);
        let suffix = if bits.is_empty() || self.kind == Kind::Store { "" } else { "_u" };
        if is_access {
            [operation, bits, suffix].into_iter().for_each(write);
        } else {
            ["rmw", bits, ".", operation, suffix].into_iter().for_each(write);
        }
    }
}

/// Executes an operation on numbers, of which the lower bits count.
fn apply(operation: Operation, old: u64, value: u64) -> u64 {
    match operation {
        Operation::Add => old.wrapping_add(value),
        Operation::Sub => old.wrapping_sub(value),
        Operation::And => old & value,
        Operation::Or => old | value,
        Operation::Xor => old ^ value,
        Operation::Exchange => value,
    }
}

/// Loads a number of so many bytes.
///
/// # Safety
/// `at` points at as many bytes of a linear memory.
unsafe fn load(at: *const u8, width: usize) -> u64 {
    // SAFETY: the contract of this function.
    unsafe {
        match width {
            1 => u8::load(at) as u64,
            2 => u16::load(at) as u64,
            4 => u32::load(at) as u64,
            _ => u64::load(at),
        }
    }
}

/// Stores the lower bytes of a number.
///
/// # Safety
/// As for [`load`].
unsafe fn store(at: *mut u8, width: usize, value: u64) {
    // SAFETY: the contract of this function.
    unsafe {
        match width {
            1 => (value as u8).store(at),
            2 => (value as u16).store(at),
            4 => (value as u32).store(at),
            _ => value.store(at),
        }
    }
}

/// Executes the instruction with this opcode, whose immediates start at `context.pc` and whose
/// operands end at `context.sp`. Moves both on.
///
/// # Safety
/// The context is that of running code whose instruction has this opcode, which the validator or
/// the verifier accepted, and whose operands are in their stack slots.
#[allow(clippy::unnecessary_cast, reason = "addresses are as wide as they can be in the build")]
pub unsafe fn execute(context: &mut Context, code: u32) -> Result<(), TrapCode> {
    let row = Row::of(code).ok_or(TrapCode::Unreachable)?;
    if row.kind == Kind::Fence {
        // SAFETY: the instruction has a byte behind its opcode.
        context.pc = unsafe { context.pc.add(1) };
        return Ok(());
    }
    // SAFETY: the contract of this function: a memarg starts there, of a memory of the instance.
    let (offset, memory, next) = unsafe {
        let (offset, index, next) = memarg(context.pc);
        let memory: &Memory = &**(*context.instance).memories.add(index as usize);
        (offset, memory, next)
    };
    let width = 1usize << row.log2_width;
    // SAFETY: the contract of this function: the operands are an address and what `operands` says.
    // `index::place` has found all `width` bytes in bounds. The frame has the slots of the result.
    unsafe {
        let values = context.sp.add(1).sub(row.operands() as usize);
        let (base, address) = index::address(memory, values.sub(1));
        let place =
            index::place(memory, address, offset, width).ok_or(TrapCode::MemoryOutOfBounds)?;
        // Inside of the memory, the sum did not wrap.
        if (address as u64).wrapping_add(offset as u64) & (width as u64 - 1) != 0 {
            return Err(TrapCode::UnalignedAtomic);
        }
        let slots = 1 + row.is_wide as usize;
        let operand = |at: *const u32| match row.is_wide {
            true => read64(at),
            false => *at as u64,
        };
        let mask = u64::MAX >> (64 - 8 * width);
        let mut result = load(place, width);
        match row.kind {
            Kind::Load | Kind::Fence => {}
            Kind::Store => store(place, width, operand(values)),
            Kind::Modify(operation) => {
                store(place, width, apply(operation, result, operand(values)));
            }
            Kind::CompareExchange => {
                if operand(values) & mask == result {
                    store(place, width, operand(values.add(slots)));
                }
            }
            // Nobody else can wait.
            Kind::Notify => result = 0,
            Kind::Wait => {
                if !memory.sharing.is_shared() {
                    return Err(TrapCode::UnsharedWait);
                }
                result = match operand(values) == result {
                    false => 1,
                    true if (read64(values.add(slots)) as i64) < 0 => {
                        return Err(TrapCode::Deadlock)
                    }
                    true => 2,
                };
            }
        }
        match row.results() {
            0 => {}
            1 => *base = result as u32,
            _ => write64(base, result),
        }
        context.sp = base.wrapping_add(row.results() as usize).wrapping_sub(1);
    }
    context.pc = next;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    #[test]
    fn opcodes_have_the_names_of_the_proposal() {
        let name = |code| {
            let mut text = String::new();
            if let Some(row) = Row::of(code) {
                row.name(&mut |piece| text.push_str(piece));
            }
            text
        };
        let known = [
            (0x00, "memory.atomic.notify"),
            (0x01, "memory.atomic.wait32"),
            (0x02, "memory.atomic.wait64"),
            (0x03, "atomic.fence"),
            (0x10, "i32.atomic.load"),
            (0x11, "i64.atomic.load"),
            (0x12, "i32.atomic.load8_u"),
            (0x16, "i64.atomic.load32_u"),
            (0x17, "i32.atomic.store"),
            (0x1a, "i32.atomic.store16"),
            (0x1e, "i32.atomic.rmw.add"),
            (0x22, "i64.atomic.rmw8.add_u"),
            (0x2b, "i64.atomic.rmw32.sub_u"),
            (0x2c, "i32.atomic.rmw.and"),
            (0x34, "i64.atomic.rmw.or"),
            (0x3a, "i32.atomic.rmw.xor"),
            (0x43, "i32.atomic.rmw8.xchg_u"),
            (0x48, "i32.atomic.rmw.cmpxchg"),
            (0x4e, "i64.atomic.rmw32.cmpxchg_u"),
        ];
        for (code, text) in known {
            assert_eq!(name(code), text);
        }
        for code in [0x04, 0x0f, 0x4f, 0x50, u32::MAX] {
            assert_eq!(Row::of(code), None);
        }
    }
}
