//! What parts of the API keep for an instance or a module, if they are used at all: a list of
//! allocations, each with the function that ends it. An image pays for a part only if it links it.

use crate::alloc::{OutOfMemory, TryBox};
use core::ptr::null_mut;

/// Which part an entry belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)]
pub(super) enum Part {
    /// A pointer of the application under a key: `context`.
    Context,
    /// Objects of the application that the module knows as references: `externref`.
    Objects,
    /// Names of imports and exports: `reflect`.
    Name,
    /// The shared heap that an instance has: `shared_heap`.
    SharedHeap,
    /// What a module imports from: `modules`.
    Dependencies,
    /// The frames of a trap: `diagnostics`.
    Frames,
    /// The module's own name: `package`.
    ModuleName,
}

/// The head of an entry.
#[repr(C)]
struct Head {
    next: *mut Head,
    part: Part,
    /// Ends the entry and frees it. The second argument is the owner of the list.
    end: unsafe fn(*mut Head, *mut ()),
}

/// An entry.
#[repr(C)]
struct Entry<T> {
    head: Head,
    value: T,
}

/// The value of an entry, which is told when the owner of the list goes.
pub(super) trait Extra {
    const PART: Part;
    /// The owner, an instance or a module, is about to be freed and still live.
    ///
    /// # Safety
    /// `owner` is what the list belongs to.
    unsafe fn end(&mut self, owner: *mut ());
}

/// The entries of an instance or a module.
pub(super) struct Extras(*mut Head);

impl Extras {
    pub(super) const fn new() -> Extras {
        Extras(null_mut())
    }

    /// Adds an entry; returns its value, which stays where it is until the owner goes.
    pub(super) fn add<T: Extra>(&mut self, value: T) -> Result<*mut T, OutOfMemory> {
        /// # Safety
        /// `head` is that of an `Entry<T>` which no list has, `owner` what its list belongs to.
        unsafe fn end<T: Extra>(head: *mut Head, owner: *mut ()) {
            // SAFETY: the entry was made by `add` with this `T`, by the contract of this function.
            unsafe {
                let mut entry = TryBox::from_raw(head.cast::<Entry<T>>());
                entry.value.end(owner);
            }
        }
        let entry = Entry { head: Head { next: self.0, part: T::PART, end: end::<T> }, value };
        let entry = TryBox::new(entry)?.into_raw();
        self.0 = entry.cast();
        // SAFETY: the entry is live.
        Ok(unsafe { &raw mut (*entry).value })
    }

    /// The value of the first entry of a part that `wanted` accepts.
    pub(super) fn find<T: Extra>(&self, mut wanted: impl FnMut(&T) -> bool) -> Option<*mut T> {
        let mut at = self.0;
        // SAFETY: entries of the list are live. An entry of this part is an `Entry<T>`, for `add`
        // took the part from the type, and each part has one type.
        unsafe {
            while let Some(head) = at.as_ref() {
                if head.part == T::PART {
                    let value = &raw mut (*at.cast::<Entry<T>>()).value;
                    if wanted(&*value) {
                        return Some(value);
                    }
                }
                at = head.next;
            }
        }
        None
    }

    /// Ends all entries, the last one first. An end may add others.
    ///
    /// # Safety
    /// `list` is that of `owner`, which is live, and to which no reference is.
    pub(super) unsafe fn end(list: *mut Extras, owner: *mut ()) {
        // SAFETY: the list is live by the contract of this function; an entry is taken out of it
        // before it is ended, and `add` has stored the function for its type.
        unsafe {
            while let Some(head) = (*list).0.as_ref() {
                let (entry, end) = ((*list).0, head.end);
                (*list).0 = head.next;
                end(entry, owner);
            }
        }
    }
}
