//! Memory that instances share, at the end of the 32-bit address range, above each one's own linear
//! memory (feature `shared-heap`).
//!
//! Only accesses that are not inside of the linear memory itself look here, so the fast paths of
//! the loops do not know of it. Owns the invariant of [`SharedRegion`]: `base` is valid for `len`
//! bytes.

/// A piece of shared memory, and the one behind it.
#[repr(C)]
pub struct SharedRegion {
    /// The address of its first byte in every instance that has it.
    pub start: u32,
    /// Its bytes; `start` + `len` is at most 2^32.
    pub len: u32,
    /// Where they are.
    pub base: *mut u8,
    /// The region at higher addresses; null behind the last.
    pub next: *const SharedRegion,
}

/// The regions that a memory has besides its own bytes.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Shared(*const SharedRegion);

impl Shared {
    /// None.
    pub const NONE: Shared = Shared(core::ptr::null());

    /// The regions from `first` on.
    ///
    /// # Safety
    /// Each region is live, with as many bytes as it says, and does not change while a memory has
    /// them.
    pub unsafe fn new(first: *const SharedRegion) -> Shared {
        Shared(first)
    }

    /// The regions, in the order of their addresses.
    pub fn iter(self) -> impl Iterator<Item = &'static SharedRegion> {
        let mut at = self.0;
        core::iter::from_fn(move || {
            // SAFETY: by the contract of `Shared::new` every region of the list is live. The
            // lifetime is as long as that of the memory that has them: nothing here keeps one.
            let region = unsafe { at.as_ref() }?;
            at = region.next;
            Some(region)
        })
    }

    /// The position of the `len` bytes at `at`, when one region has all of them.
    pub fn place(self, at: u64, len: usize) -> Option<*mut u8> {
        let inside = |region: &&SharedRegion| {
            let offset = at.checked_sub(region.start as u64);
            offset.is_some_and(|offset| {
                offset < region.len as u64 && len as u64 <= region.len as u64 - offset
            })
        };
        let region = self.iter().find(inside)?;
        // SAFETY: `inside` has found the position in the region, whose bytes are valid.
        Some(unsafe { region.base.add((at - region.start as u64) as usize) })
    }

    /// The position of the byte at `at` and how many bytes its region has from there on.
    pub fn rest(self, at: u32) -> Option<(*mut u8, usize)> {
        let place = self.place(at as u64, 1)?;
        let inside = |region: &&SharedRegion| {
            at.checked_sub(region.start).is_some_and(|offset| offset < region.len)
        };
        let region = self.iter().find(inside)?;
        Some((place, (region.len - (at - region.start)) as usize))
    }

    /// The address of the `len` bytes at a position, when one region has all of them.
    pub fn address(self, place: *const u8, len: u64) -> Option<u32> {
        self.iter().find_map(|region| {
            let offset = place.addr().checked_sub(region.base.addr())? as u64;
            let inside = offset < region.len as u64 && len <= region.len as u64 - offset;
            inside.then(|| region.start + offset as u32)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    #[test]
    fn an_access_lies_in_one_region() {
        let (mut low, mut high) = ([1u8; 32], [2u8; 16]);
        let last = SharedRegion {
            start: u32::MAX - 15,
            len: 16,
            base: high.as_mut_ptr(),
            next: core::ptr::null(),
        };
        let first =
            SharedRegion { start: last.start - 32, len: 32, base: low.as_mut_ptr(), next: &last };
        let mut own = [0u8; 16];
        let mut memory = Memory::empty();
        // SAFETY: the bytes and the regions outlive the memory, and nothing else changes them.
        unsafe {
            memory.set(own.as_mut_ptr(), 16);
            memory.share(Shared::new(&first));
        }
        let start = first.start;
        for (address, offset, len, expected) in [
            (0, 0, 16, Some(0)),
            (start, 0, 8, Some(1)),
            (start - 1, 1, 32, Some(1)),
            (start, 24, 8, Some(1)),
            // From the first region into the second one.
            (start, 25, 8, None),
            (start, 32, 16, Some(2)),
            (u32::MAX, 0, 1, Some(2)),
            (u32::MAX, 0, 2, None),
            // Addresses do not wrap around.
            (u32::MAX, 1, 1, None),
            (u32::MAX, u32::MAX, 1, None),
            (start - 1, 0, 1, None),
            (16, 0, 1, None),
            (start, 0, 0, Some(1)),
            (start, 31, u32::MAX as usize, None),
        ] {
            let place = memory.check_any(address, offset, len);
            // SAFETY: the position is inside, or is that of the own bytes with a length of 0.
            let found = place.map(|place| unsafe { *place });
            assert_eq!(found, expected, "{address:x} + {offset:x}, {len} bytes");
            assert!(expected == Some(0) || memory.check(address, offset, len).is_none());
        }
        let shared = memory.shared();
        assert_eq!(shared.rest(start + 3).map(|(_, len)| len), Some(29));
        assert_eq!(shared.rest(u32::MAX).map(|(_, len)| len), Some(1));
        assert!(shared.rest(start - 1).is_none());
        assert_eq!(shared.address(&high[15], 1), Some(u32::MAX));
        assert_eq!((shared.address(&high[15], 2), shared.address(&own[0], 1)), (None, None));
    }
}
