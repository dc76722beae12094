//! Parameters of declared host functions. A pointer is a type that is checked before the function
//! is called: all that it refers to lies within the linear memory of the calling instance, else the
//! call traps with `MemoryOutOfBounds`.
//!
//! Such a parameter is a range of addresses, no Rust reference: two of them may overlap, and a
//! memory that grows moves. A reference comes from a range and a borrow of the memory
//! ([`Call::memory`](super::Call::memory)), so the compiler keeps two mutable slices of one memory
//! apart.

use super::sealed;
use super::signature::nibble;
use super::value::Value;
use core::marker::PhantomData;
use zonda_exec::Memory;

/// The type of a parameter: a number ([`Value`]), a pointer of this module, or an `Option` of a
/// pointer, which is `None` when the address is 0.
pub trait HostParam: Sized + sealed::HostParam {
    /// The WebAssembly parameters that it stands for, packed, and their number.
    #[doc(hidden)]
    const CODES: u64;
    #[doc(hidden)]
    const COUNT: u32;
    #[doc(hidden)]
    const SLOTS: usize;
    /// Whether `take` looks at the memory.
    #[doc(hidden)]
    const POINTER: bool;
    /// `None` when something is outside of the memory.
    ///
    /// # Safety
    /// `at` points at `SLOTS` slots that hold values of these types.
    #[doc(hidden)]
    unsafe fn take(memory: &Memory, at: *const u32) -> Option<Self>;
}

macro_rules! numbers {
    ($($t:ty)*) => { $(
        impl sealed::HostParam for $t {}
        impl HostParam for $t {
            const CODES: u64 = nibble(<$t as Value>::CODE) as u64;
            const COUNT: u32 = 1;
            const SLOTS: usize = <$t as Value>::SLOTS;
            const POINTER: bool = false;
            #[inline(always)]
            unsafe fn take(_: &Memory, at: *const u32) -> Option<$t> {
                // SAFETY: as many slots are there, by the contract of this function.
                Some(unsafe { <$t as Value>::get(at) })
            }
        }
    )* };
}
numbers! { i32 u32 i64 u64 f32 f64 }

/// A value with a fixed layout in linear memory: little-endian, at any address. Structures
/// implement it field by field.
pub trait GuestValue: Copy {
    /// Bytes that a value takes, and the distance of elements in a slice.
    const SIZE: usize;
    /// Reads a value from `SIZE` bytes.
    fn read(bytes: &[u8]) -> Self;
    /// Writes a value to `SIZE` bytes.
    fn write(self, bytes: &mut [u8]);
}

macro_rules! guest_values {
    ($($t:ty)*) => { $(
        impl GuestValue for $t {
            const SIZE: usize = size_of::<$t>();
            #[inline]
            fn read(bytes: &[u8]) -> $t {
                let mut own = [0; size_of::<$t>()];
                own.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                <$t>::from_le_bytes(own)
            }
            #[inline]
            fn write(self, bytes: &mut [u8]) {
                bytes.iter_mut().zip(self.to_le_bytes()).for_each(|(to, from)| *to = from);
            }
        }
    )* };
}
guest_values! { u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 }

/// A checked range of bytes. Not trusted when it is used: a memory never shrinks, but a handle may
/// be used with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    at: u32,
    len: u32,
}

impl Range {
    /// `count` elements of `size` bytes at `at`.
    #[inline]
    fn check(memory: &Memory, at: u32, count: u32, size: usize) -> Option<Range> {
        let len = u32::try_from((count as u64).checked_mul(size as u64)?).ok()?;
        memory.check(at, 0, len as usize).map(|_| Range { at, len })
    }

    #[inline]
    fn of(self, memory: &[u8]) -> &[u8] {
        memory.get(self.at as usize..).and_then(|rest| rest.get(..self.len as usize)).unwrap_or(&[])
    }

    #[inline]
    fn of_mut(self, memory: &mut [u8]) -> &mut [u8] {
        memory
            .get_mut(self.at as usize..)
            .and_then(|rest| rest.get_mut(..self.len as usize))
            .unwrap_or(&mut [])
    }

    /// One element.
    fn element(self, index: usize, size: usize) -> Option<Range> {
        let offset = u32::try_from(index.checked_mul(size)?).ok()?;
        let end = offset.checked_add(size as u32)?;
        (end <= self.len).then_some(Range { at: self.at + offset, len: size as u32 })
    }
}

/// Reads a value; zeros where `memory` is not the one that the range was checked with.
fn load<T: GuestValue>(range: Range, memory: &[u8]) -> T {
    T::read(range.of(memory))
}

fn store<T: GuestValue>(range: Range, memory: &mut [u8], value: T) {
    value.write(range.of_mut(memory));
}

macro_rules! pointers {
    ($($(#[$doc:meta])* $name:ident $(<$t:ident>)?, $codes:literal, $count:literal, |$memory:ident, $at:ident| $take:expr;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name $(<$t>)? {
            range: Range,
            $(element: PhantomData<$t>,)?
        }

        impl $(<$t>)? Clone for $name $(<$t>)? {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl $(<$t>)? Copy for $name $(<$t>)? {}

        impl $(<$t>)? From<Range> for $name $(<$t>)? {
            #[inline]
            fn from(range: Range) -> Self {
                $name { range, $(element: PhantomData::<$t>)? }
            }
        }

        impl $(<$t>)? $name $(<$t>)? {
            /// The address of the first byte.
            pub fn address(&self) -> u32 {
                self.range.at
            }

            /// The bytes in `memory`.
            #[inline]
            pub fn bytes<'m>(&self, memory: &'m [u8]) -> &'m [u8] {
                self.range.of(memory)
            }
        }

        impl $(<$t>)? sealed::HostParam for $name $(<$t>)? {}

        impl $(<$t: GuestValue>)? HostParam for $name $(<$t>)? {
            const CODES: u64 = $codes;
            const COUNT: u32 = $count;
            const SLOTS: usize = $count;
            const POINTER: bool = true;
            #[inline]
            unsafe fn take($memory: &Memory, $at: *const u32) -> Option<Self> {
                // SAFETY: `SLOTS` slots are there, by the contract of this function.
                unsafe { $take }.map(Self::from)
            }
        }

        impl $(<$t>)? sealed::HostParam for Option<$name $(<$t>)?> {}

        impl $(<$t: GuestValue>)? HostParam for Option<$name $(<$t>)?> {
            const CODES: u64 = $codes;
            const COUNT: u32 = $count;
            const SLOTS: usize = $count;
            const POINTER: bool = true;
            #[inline]
            unsafe fn take(memory: &Memory, at: *const u32) -> Option<Self> {
                // SAFETY: as above.
                unsafe {
                    if *at == 0 {
                        return Some(None);
                    }
                    <$name $(<$t>)? as HostParam>::take(memory, at).map(Some)
                }
            }
        }
    )* };
}

pointers! {
    /// A pointer and a number of elements (two parameters): `len` elements of type `T` that are
    /// read. `GuestSlice<u8>` is bytes.
    GuestSlice<T>, 0x11, 2, |memory, at| Range::check(memory, *at, *at.add(1), T::SIZE);
    /// The same, to be written.
    GuestSliceMut<T>, 0x11, 2, |memory, at| Range::check(memory, *at, *at.add(1), T::SIZE);
    /// A pointer to one value of type `T` that is read (one parameter).
    GuestPtr<T>, 0x1, 1, |memory, at| Range::check(memory, *at, 1, T::SIZE);
    /// The same, to be written.
    GuestPtrMut<T>, 0x1, 1, |memory, at| Range::check(memory, *at, 1, T::SIZE);
    /// A pointer to a string that ends with NUL (one parameter). The NUL is not part of it. Nothing
    /// says that it is UTF-8.
    GuestStr, 0x1, 1, |memory, at| find_nul(memory, *at).map(|len| Range { at: *at, len });
}

/// The number of bytes from `at` up to the first NUL, when that lies within the memory.
fn find_nul(memory: &Memory, at: u32) -> Option<u32> {
    let len = memory.size().checked_sub(at as usize)?;
    // SAFETY: `base` points at `memory.size()` bytes, of which `len` remain from `at` on; nothing
    // writes them while the arguments of a host function are converted.
    let bytes = unsafe { core::slice::from_raw_parts(memory.base().add(at as usize), len) };
    // A string that begins at 0 and fills 4 GiB but for its NUL is the longest: its length fits.
    bytes.iter().position(|&byte| byte == 0).and_then(|len| u32::try_from(len).ok())
}

impl<T: GuestValue> GuestSlice<T> {
    /// `count` elements at `at`, for a function of a list ([`HostList`](super::HostList)), which
    /// gets numbers; `None` when they do not lie within the memory.
    pub fn new(memory: &[u8], at: u32, count: u32) -> Option<GuestSlice<T>> {
        let len = u32::try_from((count as u64).checked_mul(T::SIZE as u64)?).ok()?;
        memory.get(at as usize..)?.get(..len as usize)?;
        Some(Range { at, len }.into())
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.range.len as usize / T::SIZE.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.range.len == 0
    }

    /// An element; `None` beyond the end.
    pub fn get(&self, memory: &[u8], index: usize) -> Option<T> {
        self.range.element(index, T::SIZE).map(|range| load(range, memory))
    }
}

impl<T: GuestValue> GuestSliceMut<T> {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.range.len as usize / T::SIZE.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.range.len == 0
    }

    /// The bytes in `memory`, to be written.
    pub fn bytes_mut<'m>(&self, memory: &'m mut [u8]) -> &'m mut [u8] {
        self.range.of_mut(memory)
    }

    /// An element; `None` beyond the end.
    pub fn get(&self, memory: &[u8], index: usize) -> Option<T> {
        self.range.element(index, T::SIZE).map(|range| load(range, memory))
    }

    /// Writes an element; false beyond the end.
    pub fn set(&self, memory: &mut [u8], index: usize, value: T) -> bool {
        self.range.element(index, T::SIZE).map(|range| store(range, memory, value)).is_some()
    }
}

impl<T: GuestValue> GuestPtr<T> {
    /// The value.
    pub fn read(&self, memory: &[u8]) -> T {
        load(self.range, memory)
    }
}

impl<T: GuestValue> GuestPtrMut<T> {
    /// The value.
    pub fn read(&self, memory: &[u8]) -> T {
        load(self.range, memory)
    }

    /// Writes the value.
    pub fn write(&self, memory: &mut [u8], value: T) {
        store(self.range, memory, value);
    }
}

impl GuestStr {
    /// The string as UTF-8, if it is that.
    pub fn to_str<'m>(&self, memory: &'m [u8]) -> Option<&'m str> {
        core::str::from_utf8(self.range.of(memory)).ok()
    }
}
