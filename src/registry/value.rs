//! Numbers as Rust types, and how they lie in slots of the operand stack.

use crate::binary::types::{Code, ValType};
use zonda_exec::frame::{read64, write64};

/// Nobody else can implement the traits: what an implementation says of types and slots is trusted.
pub(crate) mod sealed {
    pub trait Number {}
    pub trait Values {}
    pub trait HostResult {}
    pub trait HostParam {}
    pub trait HostFn<S, Args> {}
}

/// A Rust type that stands for a number type: i32, u32, i64, u64, f32, f64.
///
/// ```compile_fail,E0277
/// #[derive(Clone, Copy)]
/// struct Wide;
/// impl zonda::Value for Wide {
///     const CODE: u8 = 0x7f;
///     const SLOTS: usize = 1_000_000;
///     unsafe fn get(_: *const u32) -> Wide {
///         Wide
///     }
///     unsafe fn put(self, _: *mut u32) {}
/// }
/// ```
pub trait Value: Copy + sealed::Number {
    #[doc(hidden)]
    const CODE: Code;
    #[doc(hidden)]
    const SLOTS: usize;
    /// # Safety
    /// `at` points at `SLOTS` slots that hold a value of the type.
    #[doc(hidden)]
    unsafe fn get(at: *const u32) -> Self;
    /// # Safety
    /// `at` points at `SLOTS` slots.
    #[doc(hidden)]
    unsafe fn put(self, at: *mut u32);
}

macro_rules! values {
    ($($t:ty, $ty:ident, $slots:literal, |$at:ident| $get:expr, |$v:ident, $to:ident| $put:expr;)*) => { $(
        impl sealed::Number for $t {}
        impl Value for $t {
            const CODE: Code = ValType::$ty.code();
            const SLOTS: usize = $slots;
            #[inline(always)]
            unsafe fn get($at: *const u32) -> $t {
                // SAFETY: reads `SLOTS` slots, which are at `at` by the trait's contract. Every bit
                // pattern is a value.
                unsafe { $get }
            }
            #[inline(always)]
            unsafe fn put(self, $to: *mut u32) {
                let $v = self;
                // SAFETY: writes `SLOTS` slots, which are at `at` by the trait's contract.
                unsafe { $put }
            }
        }
    )* };
}

values! {
    i32, I32, 1, |at| *at as i32, |v, to| *to = v as u32;
    u32, I32, 1, |at| *at, |v, to| *to = v;
    i64, I64, 2, |at| read64(at) as i64, |v, to| write64(to, v as u64);
    u64, I64, 2, |at| read64(at), |v, to| write64(to, v);
    f32, F32, 1, |at| f32::from_bits(*at), |v, to| *to = v.to_bits();
    f64, F64, 2, |at| f64::from_bits(read64(at)), |v, to| write64(to, v.to_bits());
}
