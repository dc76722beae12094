//! The side table: where the branches of code that is executed in place go.
//!
//! Wasm's branches name labels, not positions. The validator writes an entry for each branch that can be
//! taken, in the order of the code; the loop keeps a pointer to the next one, and each entry says how far to move both
//! pointers. It is an array of `u16`:
//!
//! ```text
//! a function's part  = [ 0 map of locals ]  entry*  [ 0 big* ]
//! entry   i16 dpc    from the position behind the branch's code to the target; 0 for a big one
//!         i16 dstp   from this entry to the target's next entry, in units of u16
//!         u16        bits 15..12 slots to keep, bits 11..0 slots to drop below them
//! big     entry whose dpc is 0: the other two are the low and high half of the distance, in units of u16, to
//!         i32 dpc, i32 dstp, u16 keep, u16 drop  (each i32 low half first)
//! wide    entry whose dpc is WIDE: a drop or select works on values of two slots; the other two are low and high
//!         half of the address behind its code (its lowest 32 bits), which tells it from a later one
//! map of locals, only where some local's index is not below `ClassicFunc::narrow`; read backwards from the first entry:
//!         up to MAPPED locals: for local 0, 1, …  u16: bits 14..0 the slot, bit 15 set when it takes two
//!         more: u16 number of groups, then for each group of locals of one type, the first group first:
//!         u16 index of its first local, u16 slot of that one, with bit 15 as above
//! ```
//!
//! The array ends with one entry of zeros, so that looking at the next entry is always allowed. Behind a function's last entry the next word is none that tells a
//! wide one: a 0, or the first entry of the next function, which is of another address.

/// Length of an entry, in units of u16.
pub const ENTRY: usize = 3;
/// Length of what a big entry refers to, in units of u16.
pub const BIG: usize = 6;
/// `dpc` of an entry that marks a drop or select of two slots.
pub const WIDE: i16 = i16::MIN;
/// Most locals that are mapped one by one.
pub const MAPPED: usize = 256;
/// Bit in the map of locals: the local takes two slots.
pub const TWO_SLOTS: u16 = 0x8000;
/// Most slots that an entry can keep without being big.
pub const MAX_KEEP: u32 = 15;
/// Most slots that an entry can drop without being big.
pub const MAX_DROP: u32 = 4095;

/// A branch, as the loop needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    pub dpc: i32,
    pub dstp: i32,
    pub keep: u32,
    pub drop: u32,
}

impl Branch {
    /// The three words of an entry, when the branch fits in one.
    pub fn pack(self) -> Option<[u16; ENTRY]> {
        let dpc = i16::try_from(self.dpc).ok().filter(|&d| d != 0 && d != WIDE)?;
        let dstp = i16::try_from(self.dstp).ok()?;
        if self.keep > MAX_KEEP || self.drop > MAX_DROP {
            return None;
        }
        Some([dpc as u16, dstp as u16, (self.keep << 12 | self.drop) as u16])
    }

    /// The words that a big entry refers to. `None` when the branch keeps or drops more than 65,535 slots.
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
        // SAFETY: the distance leads to BIG words of the same side table: that is how the validator's sink wrote it.
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
    fn what_does_not_fit_becomes_big_and_comes_back() {
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
