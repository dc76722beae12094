//! Functions with many parameter lists, called through the layout of the host's own ABI.

use super::{call_words, Arguments, Returned};

macro_rules! layout {
    ($name:ident, $result:ty, ($($arg:ident: $ty:ty = $push:ident $value:expr, $bits:expr;)*), $returned:ident) => {
        #[test]
        fn $name() {
            extern "C" fn callee(env: *mut (), $($arg: $ty),*) -> $result {
                assert_eq!(env.addr(), 0x1234);
                $(assert_eq!($arg, $value, stringify!($arg));)*
                result()
            }
            fn result() -> $result { 42 as $result }
            #[allow(unused_mut)]
            let mut arguments = Arguments::new(core::ptr::without_provenance_mut(0x1234));
            $(arguments.$push($bits);)*
            assert!(arguments.fit());
            // SAFETY: `callee` takes what was pushed.
            let bits = unsafe { arguments.call(callee as *const (), Returned::$returned) };
            let size = size_of::<$result>() * 8;
            let bits = if size < 64 { bits & ((1 << size) - 1) } else { bits };
            assert_eq!(bits, result().bits());
        }
    };
}
trait Bits {
    fn bits(self) -> u64;
}
impl Bits for u32 {
    fn bits(self) -> u64 {
        self as u64
    }
}
impl Bits for u64 {
    fn bits(self) -> u64 {
        self
    }
}
impl Bits for f32 {
    fn bits(self) -> u64 {
        self.to_bits() as u64
    }
}
impl Bits for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

layout!(none, u32, (), Integer);
layout!(ints, u32, (a: i32 = int -1, -1i32 as u32; b: i32 = int 2, 2; c: i32 = int 3, 3;), Integer);
layout!(longs, u64, (a: u64 = long 1 << 40, 1 << 40; b: i32 = int 2, 2; c: u64 = long 3 << 40, 3 << 40;), Integer);
layout!(single, f32, (a: f32 = single 1.5, 1.5f32.to_bits();), Single);
layout!(double, f64, (a: f64 = double 1.5, 1.5f64.to_bits(); b: f32 = single 2.5, 2.5f32.to_bits();), Double);
layout!(mixed, f64, (a: i32 = int 1, 1; b: f64 = double 2.0, 2f64.to_bits(); c: u64 = long 3, 3; d: f32 = single 4.0, 4f32.to_bits();
    e: i32 = int 5, 5; f: f64 = double 6.0, 6f64.to_bits();), Double);
layout!(many_ints, u64, (a: i32 = int 1, 1; b: i32 = int 2, 2; c: i32 = int 3, 3; d: i32 = int 4, 4; e: i32 = int 5, 5; f: i32 = int 6, 6;
    g: i32 = int 7, 7; h: u64 = long 8 << 40, 8 << 40; i: i32 = int -9, -9i32 as u32; j: i32 = int 10, 10; k: u64 = long 11, 11; l: i32 = int 12, 12;), Integer);
layout!(many_floats, f32, (a: f32 = single 1.0, 1f32.to_bits(); b: f64 = double 2.0, 2f64.to_bits(); c: f32 = single 3.0, 3f32.to_bits();
    d: f64 = double 4.0, 4f64.to_bits(); e: f32 = single 5.0, 5f32.to_bits(); f: f64 = double 6.0, 6f64.to_bits(); g: f32 = single 7.0, 7f32.to_bits();
    h: f64 = double 8.0, 8f64.to_bits(); i: f32 = single 9.0, 9f32.to_bits(); j: i32 = int 10, 10; k: f64 = double 11.0, 11f64.to_bits();), Single);

#[test]
fn words() {
    extern "C" fn callee(env: *mut (), a: u32, b: u32) -> u32 {
        env.addr() as u32 + a * b
    }
    // SAFETY: `callee` takes the environment and two words.
    assert_eq!(
        // SAFETY: `callee` takes exactly these words.
        unsafe { call_words(callee as *const (), core::ptr::without_provenance_mut(1), [6, 7, 0]) }
            as u32,
        43
    );
}
