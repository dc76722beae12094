//! The format of the side table: the branch targets of a function for classic mode.
//!
//! Branches of WebAssembly name labels, not positions. The builder of the side table
//! (`src/code/side_table.rs` of the runtime crate) writes an entry for each branch that can be
//! taken, in the order of the code. The loop keeps a pointer to the next entry, and each entry says
//! how far to move the program counter and that pointer. The side table is an array of `u16`:
//!
//! ```text
//! a function's part  = [ 0 map of locals ]  entry*  [ 0 big* ]
//! entry   i16 dpc    from the position behind the branch's opcode to the target; 0 for a big entry
//!         i16 dstp   from this entry to the target's next entry, in units of u16
//!         u16        bits 15..12 slots to keep, bits 11..0 slots to drop below them
//! big     an entry whose dpc is 0: the other two are the low and high half of the distance, in units of u16, to
//!         i32 dpc, i32 dstp, u16 keep, u16 drop  (each i32 low half first)
//! wide    an entry whose dpc is WIDE: a drop or select works on values of two slots; the other two are the low and
//!         high half of the address behind its opcode (its lowest 32 bits), which tells it from a later instruction
//! vector  the same whose dpc is VECTOR, for four slots
//! map of locals, only where some local's index is not below `ClassicFunc::narrow`; read backwards from the first entry:
//!         up to MAPPED locals: for local 0, 1, …  u16: bits 14..0 the slot, bit 15 set when it takes two
//!         more: u16 number of groups, then for each group of locals of one type, the first group first:
//!         u16 index of its first local, u16 slot of that one, with bit 15 as above; bit 15 of the index is set when
//!         the locals take four slots. A function with such locals has a map of groups, however few locals it has
//! ```
//!
//! The array ends with one entry of zeros, so that there always is a next entry. Behind a
//! function's last entry there is no mark of that function: the next word is a 0, or belongs to an
//! entry of the next function, whose marks have other addresses.
//!
//! Depends on [`crate::vector`] for whether values take four slots, and owns the format alone: the
//! builder writes tables, and the loops of classic mode read them.

use crate::vector;

/// Length of an entry, in units of u16.
pub const ENTRY: usize = 3;
/// Length of the branch that a big entry refers to, in units of u16.
pub const BIG: usize = 6;
/// `dpc` of an entry that marks a `drop` or `select` of two slots.
pub const WIDE: i16 = i16::MIN;
/// `dpc` of an entry that marks a `drop` or `select` of four slots.
pub const VECTOR: i16 = i16::MIN + 1;
/// The largest number of locals that a map has one by one.
pub const MAPPED: usize = 256;
/// Bit in the map of locals: the local has two slots.
pub const TWO_SLOTS: u16 = 0x8000;
/// Bit in the index of a group's first local: the locals have four slots.
pub const FOUR_SLOTS: u16 = 0x8000;
/// The largest number of slots that an entry can keep without being big.
pub const MAX_KEEP: u32 = 15;
/// The largest number of slots that an entry can drop without being big.
pub const MAX_DROP: u32 = 4095;

/// A branch: what it adds to the program counter and to the pointer to the next entry, and the
/// slots that it keeps and drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    pub dpc: i32,
    pub dstp: i32,
    pub keep: u32,
    pub drop: u32,
}

impl Branch {
    /// The words of an entry, or `None` when the branch needs a big one.
    pub fn pack(self) -> Option<[u16; ENTRY]> {
        let dpc = i16::try_from(self.dpc)
            .ok()
            .filter(|&d| d != 0 && d != WIDE && !(vector::ENABLED && d == VECTOR))?;
        let dstp = i16::try_from(self.dstp).ok()?;
        if self.keep > MAX_KEEP || self.drop > MAX_DROP {
            return None;
        }
        Some([dpc as u16, dstp as u16, (self.keep << 12 | self.drop) as u16])
    }

    /// The words that a big entry refers to. `None` when the branch keeps or drops more than 65,535
    /// slots.
    pub fn pack_big(self) -> Option<[u16; BIG]> {
        Some([
            self.dpc as u16,
            (self.dpc >> 16) as u16,
            self.dstp as u16,
            (self.dstp >> 16) as u16,
            u16::try_from(self.keep).ok()?,
            u16::try_from(self.drop).ok()?,
        ])
    }

    /// Reads a big branch through its entry.
    ///
    /// # Safety
    /// `entry` points at an entry of a finished side table whose `dpc` is 0.
    #[inline(never)]
    pub unsafe fn read_big(entry: *const u16) -> Branch {
        // SAFETY: the distance leads to `BIG` words of the same side table: the builder has written
        // both.
        unsafe {
            let distance = *entry.add(1) as usize | (*entry.add(2) as usize) << 16;
            let big = entry.add(distance);
            let word = |i: usize| *big.add(i) as u32 | (*big.add(i + 1) as u32) << 16;
            Branch {
                dpc: word(0) as i32,
                dstp: word(2) as i32,
                keep: *big.add(4) as u32,
                drop: *big.add(5) as u32,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_that_do_not_fit_an_entry_become_big() {
        let small = Branch { dpc: -5, dstp: 9, keep: 15, drop: 4095 };
        assert_eq!(small.pack(), Some([-5i16 as u16, 9, 0xffff]));
        for big in [
            Branch { dpc: 40_000, ..small },
            Branch { dpc: i16::MIN as i32, ..small },
            Branch { dpc: 0, ..small },
            Branch { dstp: -70_000, ..small },
            Branch { keep: 16, ..small },
            Branch { drop: 4096, ..small },
        ] {
            assert_eq!(big.pack(), None);
            let mut words = [0u16; ENTRY + BIG];
            words[1] = ENTRY as u16;
            words[ENTRY..].copy_from_slice(&big.pack_big().unwrap());
            // SAFETY: the words are laid out as the format says.
            assert_eq!(unsafe { Branch::read_big(words.as_ptr()) }, big);
        }
        assert_eq!(Branch { keep: 70_000, ..small }.pack_big(), None);
    }
}
