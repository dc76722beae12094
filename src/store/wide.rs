//! Runtime instructions on memories with 64-bit addresses and tables with 64-bit indices (feature
//! `memory64`).
//!
//! No memory has 2^32 bytes then, and no table as many elements. So an operand of 64 bits is inside
//! only if its upper half is zero: the operands become ones of 32 bits before the instruction is
//! executed, and its result one of 64 bits afterwards. Instructions of a module without such
//! memories and tables take one comparison for it.

use super::runtime_instr::RuntimeInstr;
use crate::binary::types::IndexType;
use zonda_exec::op::codes as op;
use zonda_exec::{leb128, TrapCode};

impl RuntimeInstr<'_> {
    /// Replaces each operand of 64 bits by one of 32; returns whether the result has to become one
    /// of 64. An operand that does not fit is outside of every memory and table, and more than any
    /// can grow.
    ///
    /// # Safety
    /// The instruction with this opcode has not been executed: its immediates are at the program
    /// counter, and its operands on the stack.
    #[inline(always)]
    pub(super) unsafe fn narrow(&mut self, code: u8) -> Result<bool, TrapCode> {
        if !self.instance().module.data.index.is_64() {
            return Ok(false);
        }
        // SAFETY: the contract of this function.
        unsafe { self.narrow_operands(code) }
    }

    /// # Safety
    /// As for [`RuntimeInstr::narrow`].
    #[inline(never)]
    unsafe fn narrow_operands(&mut self, code: u8) -> Result<bool, TrapCode> {
        let data = &*self.instance().module.data;
        let mut pc = self.context.pc;
        // SAFETY: called for immediates that the instruction has, in their order.
        let mut immediate = || unsafe {
            let (value, next) = leb128::u32(pc);
            pc = next;
            value
        };
        let is_64 = |index: Option<IndexType>| index.is_some_and(IndexType::is_64);
        let memory = |index: u32| is_64(data.memories.get(index as usize).map(|ty| ty.index));
        let table = |index: u32| is_64(data.tables.get(index as usize).map(|ty| ty.index));
        // Which operands have 64 bits, the lowest one first, and whether the result has.
        let (wide, count, result, outside) = match code {
            op::TABLE_GET => {
                ([table(immediate()), false, false], 1, false, TrapCode::TableOutOfBounds)
            }
            op::TABLE_SET => {
                ([table(immediate()), false, false], 2, false, TrapCode::TableOutOfBounds)
            }
            op::CALL_INDIRECT | op::RETURN_CALL_INDIRECT => {
                immediate();
                ([table(immediate()), false, false], 1, false, TrapCode::UndefinedElement)
            }
            op::MEMORY_SIZE => ([false; 3], 0, memory(immediate()), TrapCode::MemoryOutOfBounds),
            op::MEMORY_GROW => {
                let wide = memory(immediate());
                ([wide, false, false], 1, wide, TrapCode::MemoryOutOfBounds)
            }
            op::PREFIX => {
                let code = immediate();
                // Neither conversions nor sums of 128 bits have immediates.
                let first = if (8..=17).contains(&code) { immediate() } else { return Ok(false) };
                let trap = if code < 12 {
                    TrapCode::MemoryOutOfBounds
                } else {
                    TrapCode::TableOutOfBounds
                };
                match code {
                    // memory.init, table.init
                    8 => ([memory(immediate()), false, false], 3, false, trap),
                    12 => ([table(immediate()), false, false], 3, false, trap),
                    // memory.copy, table.copy
                    10 | 14 => {
                        let is = |index| if code == 10 { memory(index) } else { table(index) };
                        let (to, from) = (is(first), is(immediate()));
                        ([to, from, to && from], 3, false, trap)
                    }
                    // memory.fill, table.fill
                    11 | 17 => {
                        let wide = if code == 11 { memory(first) } else { table(first) };
                        ([wide, false, wide], 3, false, trap)
                    }
                    // table.grow, table.size
                    15 => ([false, table(first), false], 2, table(first), trap),
                    16 => ([false; 3], 0, table(first), trap),
                    _ => return Ok(false),
                }
            }
            _ => return Ok(false),
        };
        let slots = count + wide.iter().filter(|&&wide| wide).count();
        // SAFETY: the operands are the topmost slots, `sp` points at the last of them, and they
        // take so many.
        let mut from = unsafe { self.context.sp.add(1).sub(slots) };
        let mut to = from;
        for wide in wide.into_iter().take(count) {
            // SAFETY: `from` is at the next operand, of two slots when it is wide; `to` is not
            // behind it.
            unsafe {
                *to = *from;
                if wide {
                    from = from.add(1);
                    if *from != 0 {
                        if !result {
                            return Err(outside);
                        }
                        // More than a memory or a table grows by.
                        *to = u32::MAX;
                    }
                }
                (from, to) = (from.add(1), to.add(1));
            }
        }
        // SAFETY: `to` is behind the last operand now; below the lowest one is the frame's pad or
        // another operand.
        self.context.sp = unsafe { to.sub(1) };
        Ok(result)
    }

    /// Makes the result one of 64 bits. A size fits into 32 bits and is less than their largest
    /// number, which stands for -1.
    ///
    /// # Safety
    /// The result is the topmost slot, and its type takes two.
    #[inline(always)]
    pub(super) unsafe fn widen(&mut self) {
        // SAFETY: the contract of this function; the validator computed the highest operand stack
        // with this result.
        unsafe {
            let low = *self.context.sp;
            self.push(if low == u32::MAX { u32::MAX } else { 0 });
        }
    }
}
