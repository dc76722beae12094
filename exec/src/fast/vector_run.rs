//! Runs of vector instructions, on CPUs whose pointers have 64 bits (feature `simd`).
//!
//! A loop of its own executes `Vector` instructions that follow each other, with what often stands
//! between them, as `numeric_run` does for numeric ones. Each instruction that programs execute
//! often is here with the types of its lanes, so that the compiler makes it instructions of the
//! CPU; [`super::vector`] executes the others, and all that trap. On other CPUs nothing is executed
//! here.
//!
//! Depends on [`crate::vector::op`] for opcodes. The SAFETY comments cite the rules by the names
//! that the head of [`super`] gives them.

// Opcodes have the names of their instructions.
#![allow(non_upper_case_globals)]

use super::code::Code;
use super::dispatch::reg_op;
use super::vector::COPY;
use super::RegOp;
use crate::frame::Context;
use crate::linear_memory::Memory;
use crate::slot::Frame;
use crate::vector::op::VectorOp;

/// Executes instructions from `pc` on. Returns the position of the first that is not executed, and
/// the accumulator.
///
/// # Safety
/// COMPLETE, SLOTS and TARGETS hold for the instructions from `pc` on, which belong to the
/// context's running function, whose frame is `fp`.
#[inline(never)]
pub(super) unsafe fn execute(
    context: &Context,
    mut pc: Code,
    fp: Frame,
    mut acc: u32,
) -> (Code, u32) {
    // SAFETY: RECORDS: memory 0 and the meter are live; nothing here changes a memory.
    let (memory, meter) = unsafe { (&*context.memory, &*context.meter) };
    while cfg!(all(target_pointer_width = "64", not(feature = "strict"))) {
        // SAFETY: COMPLETE and SLOTS: the operand there names a slot of the frame.
        let slot = |at: usize| unsafe { fp.at(pc.slot(at)) };
        // SAFETY: COMPLETE: an instruction of this length has another behind it.
        let next = |length: usize| unsafe { pc.after(length) };
        // SAFETY: COMPLETE: the distance of the target lies there. TARGETS: it leads to an
        // instruction of the function.
        let branch = |at: usize, taken: bool| unsafe {
            if taken {
                pc.at_distance(pc.i16(at))
            } else {
                pc.after(at + 2)
            }
        };
        // SAFETY: COMPLETE: `pc` is at a register instruction.
        let op = unsafe { reg_op(pc.byte(0)) };
        pc = match op {
            RegOp::Vector => {
                // SAFETY: COMPLETE and SLOTS hold for the instruction.
                match unsafe { one(memory, pc, fp) } {
                    0 => break,
                    length => next(length),
                }
            }
            RegOp::Meter if meter.pass() => next(1),
            // SAFETY: SLOTS: the operands name slots of the frame. COMPLETE: constants are there.
            RegOp::AddInc | RegOp::AddBrNeSK | RegOp::AddBrNeSS => unsafe {
                acc = (*slot(1)).wrapping_add(pc.i8(2));
                *slot(1) = acc;
                match op {
                    RegOp::AddInc => next(3),
                    RegOp::AddBrNeSK => branch(4, acc != pc.i8(3)),
                    _ => branch(4, acc != *slot(3)),
                }
            },
            // SAFETY: as above.
            RegOp::AddSKD => unsafe {
                acc = (*slot(1)).wrapping_add(pc.i8(2));
                *slot(3) = acc;
                next(4)
            },
            // SAFETY: as above.
            RegOp::AddSSD => unsafe {
                acc = (*slot(1)).wrapping_add(*slot(2));
                *slot(3) = acc;
                next(4)
            },
            RegOp::Copy => {
                // SAFETY: SLOTS: both are slots of the frame.
                unsafe { *slot(2) = *slot(1) };
                next(3)
            }
            // SAFETY: SLOTS: the operand names a slot of the frame.
            RegOp::BrNzS => branch(2, unsafe { *slot(1) } != 0),
            // SAFETY: as above.
            RegOp::BrZS => branch(2, unsafe { *slot(1) } == 0),
            // SAFETY: as above.
            RegOp::LoopNeSK => branch(3, unsafe { *slot(1) != pc.i8(2) }),
            // SAFETY: as above.
            RegOp::BrNeSS => branch(3, unsafe { *slot(1) != *slot(2) }),
            _ => break,
        };
    }
    (pc, acc)
}

/// A lane that a value of an array is made of.
trait Lane: Copy + Default {}

macro_rules! lanes {
    ($($t:ty)*) => { $(impl Lane for $t {})* };
}

lanes! { u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 }

/// Reads a vector.
///
/// # Safety
/// `at` points at four slots; `N` lanes have 16 bytes.
#[inline(always)]
unsafe fn get<T: Lane, const N: usize>(at: *const u32) -> [T; N] {
    const { assert!(size_of::<[T; N]>() == 16) };
    // SAFETY: the contract of this function; any bits are a lane.
    unsafe { at.cast::<[T; N]>().read_unaligned() }
}

/// Writes a vector.
///
/// # Safety
/// As for [`get`].
#[inline(always)]
unsafe fn put<T: Lane, const N: usize>(to: *mut u32, value: [T; N]) {
    const { assert!(size_of::<[T; N]>() == 16) };
    // SAFETY: the contract of this function.
    unsafe { to.cast::<[T; N]>().write_unaligned(value) }
}

/// A vector of each lane's result.
#[inline(always)]
fn each<A: Copy, B: Copy, R: Lane, const N: usize>(
    a: [A; N],
    b: [B; N],
    f: impl Fn(A, B) -> R,
) -> [R; N] {
    let mut result = [R::default(); N];
    for ((result, a), b) in result.iter_mut().zip(a).zip(b) {
        *result = f(a, b);
    }
    result
}

/// The lanes of half a vector, from this one on.
#[inline(always)]
fn half<T: Lane, const N: usize, const H: usize>(a: [T; N], first: usize) -> [T; H] {
    let mut result = [T::default(); H];
    for (result, a) in result.iter_mut().zip(a.iter().skip(first)) {
        *result = *a;
    }
    result
}

/// Neighbours: the lanes with even numbers, and those with odd ones.
#[inline(always)]
fn pairs<T: Lane, const N: usize, const H: usize>(a: [T; N]) -> ([T; H], [T; H]) {
    let mut result = ([T::default(); H], [T::default(); H]);
    for (index, pair) in a.as_chunks::<2>().0.iter().enumerate() {
        if let (&[one, other], Some(even), Some(odd)) =
            (pair, result.0.get_mut(index), result.1.get_mut(index))
        {
            (*even, *odd) = (one, other);
        }
    }
    result
}

/// All ones where a relation holds.
macro_rules! mask {
    ($t:ty) => {
        |holds: bool| if holds { !0 } else { 0 as $t }
    };
}

/// Executes one `Vector`. Returns its length, or 0 where it is not executed: when it would trap, or
/// is not here.
///
/// # Safety
/// COMPLETE and SLOTS hold for the instruction at `pc`, whose frame is `fp`; memory 0 is `memory`.
#[inline(always)]
pub(super) unsafe fn one(memory: &Memory, pc: Code, fp: Frame) -> usize {
    use VectorOp as V;
    macro_rules! opcodes {
        ($($name:ident)*) => { $(const $name: u16 = V::$name as u16;)* };
    }
    opcodes! {
        V128Load V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
        V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat V128Store V128Const
        V128Load32Zero V128Load64Zero
        I8x16Shuffle I8x16Swizzle I8x16Splat I16x8Splat I32x4Splat I64x2Splat F32x4Splat F64x2Splat
        I8x16ExtractLaneS I8x16ExtractLaneU I16x8ExtractLaneS I16x8ExtractLaneU I32x4ExtractLane
        I64x2ExtractLane F32x4ExtractLane F64x2ExtractLane
        I8x16Eq I8x16Ne I8x16LtS I8x16LtU I8x16GtS I8x16GtU I8x16LeS I8x16LeU I8x16GeS I8x16GeU
        I16x8Eq I16x8Ne I16x8LtS I16x8LtU I16x8GtS I16x8GtU I16x8LeS I16x8LeU I16x8GeS I16x8GeU
        I32x4Eq I32x4Ne I32x4LtS I32x4LtU I32x4GtS I32x4GtU I32x4LeS I32x4LeU I32x4GeS I32x4GeU
        F32x4Eq F32x4Ne F32x4Lt F32x4Gt F32x4Le F32x4Ge F64x2Eq F64x2Ne F64x2Lt F64x2Gt F64x2Le F64x2Ge
        V128Not V128And V128Andnot V128Or V128Xor V128Bitselect V128AnyTrue
        I8x16Add I8x16AddSatS I8x16AddSatU I8x16Sub I8x16SubSatS I8x16SubSatU I8x16MinS I8x16MinU
        I8x16MaxS I8x16MaxU I8x16AvgrU I8x16Abs I8x16Neg I8x16Popcnt I8x16Bitmask I8x16Shl I8x16ShrS I8x16ShrU
        I8x16NarrowI16x8S I8x16NarrowI16x8U
        I16x8Add I16x8AddSatS I16x8AddSatU I16x8Sub I16x8SubSatS I16x8SubSatU I16x8Mul I16x8MinS I16x8MinU
        I16x8MaxS I16x8MaxU I16x8AvgrU I16x8Abs I16x8Neg I16x8Shl I16x8ShrS I16x8ShrU I16x8NarrowI32x4S
        I16x8NarrowI32x4U I16x8ExtendLowI8x16S I16x8ExtendHighI8x16S I16x8ExtendLowI8x16U
        I16x8ExtendHighI8x16U I16x8ExtmulLowI8x16S I16x8ExtmulHighI8x16S I16x8ExtmulLowI8x16U
        I16x8ExtmulHighI8x16U I16x8ExtaddPairwiseI8x16S I16x8ExtaddPairwiseI8x16U
        I32x4Add I32x4Sub I32x4Mul I32x4MinS I32x4MinU I32x4MaxS I32x4MaxU I32x4Abs I32x4Neg I32x4Shl
        I32x4ShrS I32x4ShrU I32x4DotI16x8S I32x4ExtendLowI16x8S I32x4ExtendHighI16x8S I32x4ExtendLowI16x8U
        I32x4ExtendHighI16x8U I32x4ExtmulLowI16x8S I32x4ExtmulHighI16x8S I32x4ExtmulLowI16x8U
        I32x4ExtmulHighI16x8U I32x4ExtaddPairwiseI16x8S I32x4ExtaddPairwiseI16x8U
        I64x2Add I64x2Sub I64x2Mul I64x2Shl I64x2ShrS I64x2ShrU I64x2ExtendLowI32x4S I64x2ExtendHighI32x4S
        I64x2ExtendLowI32x4U I64x2ExtendHighI32x4U I64x2ExtmulLowI32x4S I64x2ExtmulHighI32x4S
        I64x2ExtmulLowI32x4U I64x2ExtmulHighI32x4U
        F32x4Add F32x4Sub F32x4Mul F32x4Div F32x4Abs F32x4Neg F32x4Pmin F32x4Pmax F64x2Add F64x2Sub F64x2Mul
        F64x2Div F64x2Abs F64x2Neg F64x2Pmin F64x2Pmax F32x4ConvertI32x4S F32x4ConvertI32x4U
        F64x2ConvertLowI32x4S F64x2ConvertLowI32x4U I32x4TruncSatF32x4S I32x4TruncSatF32x4U
        F64x2PromoteLowF32x4 F32x4RelaxedMadd F32x4RelaxedNmadd F64x2RelaxedMadd F64x2RelaxedNmadd
    }
    // SAFETY: COMPLETE: the code, the slots and the immediates are there.
    let (code, byte) = unsafe { (pc.u16(1) as u16, |at: usize| pc.byte(at)) };
    // SAFETY: COMPLETE and SLOTS: the operand there names slots of the frame, as many as its type
    // has.
    let slot = |at: usize| unsafe { fp.at(pc.slot(at)) };
    // SAFETY: SLOTS: the first operands are vectors where they are read as such.
    macro_rules! a {
        () => {
            // SAFETY: see above.
            unsafe { get(slot(4)) }
        };
    }
    macro_rules! b {
        () => {
            // SAFETY: see above.
            unsafe { get(slot(5)) }
        };
    }
    macro_rules! set {
        ($length:expr, $value:expr) => {{
            let value = $value;
            // SAFETY: SLOTS: the result is a vector.
            unsafe { put(slot(3), value) };
            $length
        }};
    }
    // Of two vectors of N lanes, and of one.
    macro_rules! two {
        ($t:ty, $n:literal, $f:expr) => {{
            let (a, b): ([$t; $n], [$t; $n]) = (a!(), b!());
            set!(6, each(a, b, $f))
        }};
    }
    macro_rules! unary {
        ($t:ty, $n:literal, $f:expr) => {{
            let a: [$t; $n] = a!();
            set!(5, each(a, a, |a, _| $f(a)))
        }};
    }
    macro_rules! relation {
        ($t:ty, $n:literal, $r:ty, $op:tt) => {
            two!($t, $n, |a, b| mask!($r)(a $op b))
        };
    }
    macro_rules! shift {
        ($t:ty, $n:literal, $f:ident) => {{
            let a: [$t; $n] = a!();
            // SAFETY: SLOTS: the second operand is a slot.
            let by = unsafe { *slot(5) };
            set!(6, each(a, a, |a, _| a.$f(by)))
        }};
    }
    // Of half the lanes, from this one on, in twice the width.
    macro_rules! extend {
        ($t:ty, $n:literal, $r:ty, $h:literal, $first:expr) => {{
            let a: [$t; $h] = half::<$t, $n, $h>(a!(), $first);
            set!(5, each(a, a, |a, _| a as $r))
        }};
    }
    macro_rules! product {
        ($t:ty, $n:literal, $r:ty, $h:literal, $first:expr) => {{
            let a: [$t; $h] = half::<$t, $n, $h>(a!(), $first);
            let b: [$t; $h] = half::<$t, $n, $h>(b!(), $first);
            set!(6, each(a, b, |a, b| (a as $r).wrapping_mul(b as $r)))
        }};
    }
    macro_rules! sums {
        ($t:ty, $n:literal, $r:ty, $h:literal) => {{
            let (even, odd): ([$t; $h], [$t; $h]) = pairs::<$t, $n, $h>(a!());
            set!(5, each(even, odd, |a, b| (a as $r).wrapping_add(b as $r)))
        }};
    }
    macro_rules! narrow {
        ($t:ty, $h:literal, $r:ty, $n:literal) => {{
            let (a, b): ([$t; $h], [$t; $h]) = (a!(), b!());
            let mut both = [0 as $t; $n];
            for (to, from) in both.iter_mut().zip(a.into_iter().chain(b)) {
                *to = from;
            }
            set!(6, each(both, both, |a, _| a.clamp(<$r>::MIN as $t, <$r>::MAX as $t) as $r))
        }};
    }
    macro_rules! ternary {
        ($t:ty, $n:literal, $f:expr) => {{
            let (a, b): ([$t; $n], [$t; $n]) = (a!(), b!());
            // SAFETY: SLOTS: the third operand is a vector.
            let c: [$t; $n] = unsafe { get(slot(6)) };
            let mut result = [<$t>::default(); $n];
            for (((result, a), b), c) in result.iter_mut().zip(a).zip(b).zip(c) {
                *result = $f(a, b, c);
            }
            set!(7, result)
        }};
    }
    macro_rules! splat {
        ($t:ty, $n:literal) => {{
            // SAFETY: SLOTS: the operand has as many slots as the lane.
            let value = unsafe { slot(4).cast::<$t>().read_unaligned() };
            set!(5, [value; $n])
        }};
    }
    macro_rules! extract {
        ($t:ty, $n:literal, $r:ty) => {{
            let a: [$t; $n] = a!();
            let value = a.get(byte(5) as usize).copied().unwrap_or_default();
            // SAFETY: SLOTS: the result has as many slots as the number.
            unsafe { slot(3).cast::<$r>().write_unaligned(value as $r) };
            6
        }};
    }
    // The bytes that a load or store accesses; 0 where one is out of bounds.
    macro_rules! place {
        ($address:expr, $offset:expr, $width:literal) => {{
            // SAFETY: SLOTS: the address is a slot. COMPLETE: the offset is there.
            let (address, offset) = unsafe { (*slot($address), pc.u32($offset)) };
            match memory.check(address, offset, $width) {
                Some(place) => place,
                None => return 0,
            }
        }};
    }
    macro_rules! load {
        ($t:ty, $width:literal, |$value:ident| $result:expr) => {{
            let place = place!(4, 5, $width);
            // SAFETY: `check` has found all bytes of the access in bounds.
            let $value = unsafe { place.cast::<$t>().read_unaligned() };
            set!(9, $result)
        }};
    }
    match code {
        COPY => {
            let a: [u64; 2] = a!();
            set!(5, a)
        }
        V128Load => load!([u64; 2], 16, |value| value),
        V128Load8x8S => load!([i8; 8], 8, |value| each(value, value, |a, _| a as i16)),
        V128Load8x8U => load!([u8; 8], 8, |value| each(value, value, |a, _| a as u16)),
        V128Load16x4S => load!([i16; 4], 8, |value| each(value, value, |a, _| a as i32)),
        V128Load16x4U => load!([u16; 4], 8, |value| each(value, value, |a, _| a as u32)),
        V128Load32x2S => load!([i32; 2], 8, |value| each(value, value, |a, _| a as i64)),
        V128Load32x2U => load!([u32; 2], 8, |value| each(value, value, |a, _| a as u64)),
        V128Load8Splat => load!(u8, 1, |value| [value; 16]),
        V128Load16Splat => load!(u16, 2, |value| [value; 8]),
        V128Load32Splat => load!(u32, 4, |value| [value; 4]),
        V128Load64Splat => load!(u64, 8, |value| [value; 2]),
        V128Load32Zero => load!(u32, 4, |value| [value, 0, 0, 0]),
        V128Load64Zero => load!(u64, 8, |value| [value, 0]),
        V128Store => {
            let place = place!(3, 5, 16);
            let value: [u64; 2] = a!();
            // SAFETY: `check` has found all bytes of the access in bounds.
            unsafe { place.cast::<[u64; 2]>().write_unaligned(value) };
            9
        }
        V128Const => {
            // SAFETY: COMPLETE: sixteen bytes.
            let value = unsafe { pc.0.add(4).cast::<[u64; 2]>().read_unaligned() };
            set!(20, value)
        }
        I8x16Shuffle => {
            let (a, b): ([u8; 16], [u8; 16]) = (a!(), b!());
            // SAFETY: COMPLETE: sixteen lanes.
            let lanes = unsafe { pc.0.add(6).cast::<[u8; 16]>().read_unaligned() };
            let mut both = [0; 32];
            for (to, from) in both.iter_mut().zip(a.into_iter().chain(b)) {
                *to = from;
            }
            set!(22, each(lanes, lanes, |lane, _| both.get(lane as usize).copied().unwrap_or(0)))
        }
        I8x16Swizzle => {
            let a: [u8; 16] = a!();
            two!(u8, 16, |_, lane| a.get(lane as usize).copied().unwrap_or(0))
        }
        I8x16Splat => splat!(u8, 16),
        I16x8Splat => splat!(u16, 8),
        I32x4Splat | F32x4Splat => splat!(u32, 4),
        I64x2Splat | F64x2Splat => splat!(u64, 2),
        I8x16ExtractLaneS => extract!(i8, 16, i32),
        I8x16ExtractLaneU => extract!(u8, 16, u32),
        I16x8ExtractLaneS => extract!(i16, 8, i32),
        I16x8ExtractLaneU => extract!(u16, 8, u32),
        I32x4ExtractLane | F32x4ExtractLane => extract!(u32, 4, u32),
        I64x2ExtractLane | F64x2ExtractLane => extract!(u64, 2, u64),
        I8x16Eq => relation!(u8, 16, u8, ==),
        I8x16Ne => relation!(u8, 16, u8, !=),
        I8x16LtS => relation!(i8, 16, u8, <),
        I8x16LtU => relation!(u8, 16, u8, <),
        I8x16GtS => relation!(i8, 16, u8, >),
        I8x16GtU => relation!(u8, 16, u8, >),
        I8x16LeS => relation!(i8, 16, u8, <=),
        I8x16LeU => relation!(u8, 16, u8, <=),
        I8x16GeS => relation!(i8, 16, u8, >=),
        I8x16GeU => relation!(u8, 16, u8, >=),
        I16x8Eq => relation!(u16, 8, u16, ==),
        I16x8Ne => relation!(u16, 8, u16, !=),
        I16x8LtS => relation!(i16, 8, u16, <),
        I16x8LtU => relation!(u16, 8, u16, <),
        I16x8GtS => relation!(i16, 8, u16, >),
        I16x8GtU => relation!(u16, 8, u16, >),
        I16x8LeS => relation!(i16, 8, u16, <=),
        I16x8LeU => relation!(u16, 8, u16, <=),
        I16x8GeS => relation!(i16, 8, u16, >=),
        I16x8GeU => relation!(u16, 8, u16, >=),
        I32x4Eq => relation!(u32, 4, u32, ==),
        I32x4Ne => relation!(u32, 4, u32, !=),
        I32x4LtS => relation!(i32, 4, u32, <),
        I32x4LtU => relation!(u32, 4, u32, <),
        I32x4GtS => relation!(i32, 4, u32, >),
        I32x4GtU => relation!(u32, 4, u32, >),
        I32x4LeS => relation!(i32, 4, u32, <=),
        I32x4LeU => relation!(u32, 4, u32, <=),
        I32x4GeS => relation!(i32, 4, u32, >=),
        I32x4GeU => relation!(u32, 4, u32, >=),
        F32x4Eq => relation!(f32, 4, u32, ==),
        F32x4Ne => relation!(f32, 4, u32, !=),
        F32x4Lt => relation!(f32, 4, u32, <),
        F32x4Gt => relation!(f32, 4, u32, >),
        F32x4Le => relation!(f32, 4, u32, <=),
        F32x4Ge => relation!(f32, 4, u32, >=),
        F64x2Eq => relation!(f64, 2, u64, ==),
        F64x2Ne => relation!(f64, 2, u64, !=),
        F64x2Lt => relation!(f64, 2, u64, <),
        F64x2Gt => relation!(f64, 2, u64, >),
        F64x2Le => relation!(f64, 2, u64, <=),
        F64x2Ge => relation!(f64, 2, u64, >=),
        V128Not => unary!(u64, 2, |a: u64| !a),
        V128And => two!(u64, 2, |a, b| a & b),
        V128Andnot => two!(u64, 2, |a, b| a & !b),
        V128Or => two!(u64, 2, |a, b| a | b),
        V128Xor => two!(u64, 2, |a, b| a ^ b),
        V128Bitselect => ternary!(u64, 2, |a: u64, b: u64, c: u64| a & c | b & !c),
        V128AnyTrue => {
            let [low, high]: [u64; 2] = a!();
            // SAFETY: SLOTS: the result is a slot.
            unsafe { *slot(3) = (low | high != 0) as u32 };
            5
        }
        I8x16Add => two!(u8, 16, u8::wrapping_add),
        I8x16AddSatS => two!(i8, 16, i8::saturating_add),
        I8x16AddSatU => two!(u8, 16, u8::saturating_add),
        I8x16Sub => two!(u8, 16, u8::wrapping_sub),
        I8x16SubSatS => two!(i8, 16, i8::saturating_sub),
        I8x16SubSatU => two!(u8, 16, u8::saturating_sub),
        I8x16MinS => two!(i8, 16, i8::min),
        I8x16MinU => two!(u8, 16, u8::min),
        I8x16MaxS => two!(i8, 16, i8::max),
        I8x16MaxU => two!(u8, 16, u8::max),
        I8x16AvgrU => two!(u8, 16, |a, b| ((a as u16 + b as u16 + 1) >> 1) as u8),
        I8x16Abs => unary!(i8, 16, i8::wrapping_abs),
        I8x16Neg => unary!(i8, 16, i8::wrapping_neg),
        I8x16Popcnt => unary!(u8, 16, |a: u8| a.count_ones() as u8),
        I8x16Bitmask => {
            let a: [i8; 16] = a!();
            let mut bits = 0u32;
            for (index, lane) in a.into_iter().enumerate() {
                bits |= ((lane < 0) as u32) << index;
            }
            // SAFETY: SLOTS: the result is a slot.
            unsafe { *slot(3) = bits };
            5
        }
        I8x16Shl => shift!(u8, 16, wrapping_shl),
        I8x16ShrS => shift!(i8, 16, wrapping_shr),
        I8x16ShrU => shift!(u8, 16, wrapping_shr),
        I8x16NarrowI16x8S => narrow!(i16, 8, i8, 16),
        I8x16NarrowI16x8U => narrow!(i16, 8, u8, 16),
        I16x8Add => two!(u16, 8, u16::wrapping_add),
        I16x8AddSatS => two!(i16, 8, i16::saturating_add),
        I16x8AddSatU => two!(u16, 8, u16::saturating_add),
        I16x8Sub => two!(u16, 8, u16::wrapping_sub),
        I16x8SubSatS => two!(i16, 8, i16::saturating_sub),
        I16x8SubSatU => two!(u16, 8, u16::saturating_sub),
        I16x8Mul => two!(u16, 8, u16::wrapping_mul),
        I16x8MinS => two!(i16, 8, i16::min),
        I16x8MinU => two!(u16, 8, u16::min),
        I16x8MaxS => two!(i16, 8, i16::max),
        I16x8MaxU => two!(u16, 8, u16::max),
        I16x8AvgrU => two!(u16, 8, |a, b| ((a as u32 + b as u32 + 1) >> 1) as u16),
        I16x8Abs => unary!(i16, 8, i16::wrapping_abs),
        I16x8Neg => unary!(i16, 8, i16::wrapping_neg),
        I16x8Shl => shift!(u16, 8, wrapping_shl),
        I16x8ShrS => shift!(i16, 8, wrapping_shr),
        I16x8ShrU => shift!(u16, 8, wrapping_shr),
        I16x8NarrowI32x4S => narrow!(i32, 4, i16, 8),
        I16x8NarrowI32x4U => narrow!(i32, 4, u16, 8),
        I16x8ExtendLowI8x16S => extend!(i8, 16, i16, 8, 0),
        I16x8ExtendHighI8x16S => extend!(i8, 16, i16, 8, 8),
        I16x8ExtendLowI8x16U => extend!(u8, 16, u16, 8, 0),
        I16x8ExtendHighI8x16U => extend!(u8, 16, u16, 8, 8),
        I16x8ExtmulLowI8x16S => product!(i8, 16, i16, 8, 0),
        I16x8ExtmulHighI8x16S => product!(i8, 16, i16, 8, 8),
        I16x8ExtmulLowI8x16U => product!(u8, 16, u16, 8, 0),
        I16x8ExtmulHighI8x16U => product!(u8, 16, u16, 8, 8),
        I16x8ExtaddPairwiseI8x16S => sums!(i8, 16, i16, 8),
        I16x8ExtaddPairwiseI8x16U => sums!(u8, 16, u16, 8),
        I32x4Add => two!(u32, 4, u32::wrapping_add),
        I32x4Sub => two!(u32, 4, u32::wrapping_sub),
        I32x4Mul => two!(u32, 4, u32::wrapping_mul),
        I32x4MinS => two!(i32, 4, i32::min),
        I32x4MinU => two!(u32, 4, u32::min),
        I32x4MaxS => two!(i32, 4, i32::max),
        I32x4MaxU => two!(u32, 4, u32::max),
        I32x4Abs => unary!(i32, 4, i32::wrapping_abs),
        I32x4Neg => unary!(i32, 4, i32::wrapping_neg),
        I32x4Shl => shift!(u32, 4, wrapping_shl),
        I32x4ShrS => shift!(i32, 4, wrapping_shr),
        I32x4ShrU => shift!(u32, 4, wrapping_shr),
        I32x4DotI16x8S => {
            let (a0, a1): ([i16; 4], [i16; 4]) = pairs::<i16, 8, 4>(a!());
            let (b0, b1): ([i16; 4], [i16; 4]) = pairs::<i16, 8, 4>(b!());
            let one = each(a0, b0, |a, b| a as i32 * b as i32);
            let other = each(a1, b1, |a, b| a as i32 * b as i32);
            set!(6, each(one, other, i32::wrapping_add))
        }
        I32x4ExtendLowI16x8S => extend!(i16, 8, i32, 4, 0),
        I32x4ExtendHighI16x8S => extend!(i16, 8, i32, 4, 4),
        I32x4ExtendLowI16x8U => extend!(u16, 8, u32, 4, 0),
        I32x4ExtendHighI16x8U => extend!(u16, 8, u32, 4, 4),
        I32x4ExtmulLowI16x8S => product!(i16, 8, i32, 4, 0),
        I32x4ExtmulHighI16x8S => product!(i16, 8, i32, 4, 4),
        I32x4ExtmulLowI16x8U => product!(u16, 8, u32, 4, 0),
        I32x4ExtmulHighI16x8U => product!(u16, 8, u32, 4, 4),
        I32x4ExtaddPairwiseI16x8S => sums!(i16, 8, i32, 4),
        I32x4ExtaddPairwiseI16x8U => sums!(u16, 8, u32, 4),
        I64x2Add => two!(u64, 2, u64::wrapping_add),
        I64x2Sub => two!(u64, 2, u64::wrapping_sub),
        I64x2Mul => two!(u64, 2, u64::wrapping_mul),
        I64x2Shl => shift!(u64, 2, wrapping_shl),
        I64x2ShrS => shift!(i64, 2, wrapping_shr),
        I64x2ShrU => shift!(u64, 2, wrapping_shr),
        I64x2ExtendLowI32x4S => extend!(i32, 4, i64, 2, 0),
        I64x2ExtendHighI32x4S => extend!(i32, 4, i64, 2, 2),
        I64x2ExtendLowI32x4U => extend!(u32, 4, u64, 2, 0),
        I64x2ExtendHighI32x4U => extend!(u32, 4, u64, 2, 2),
        I64x2ExtmulLowI32x4S => product!(i32, 4, i64, 2, 0),
        I64x2ExtmulHighI32x4S => product!(i32, 4, i64, 2, 2),
        I64x2ExtmulLowI32x4U => product!(u32, 4, u64, 2, 0),
        I64x2ExtmulHighI32x4U => product!(u32, 4, u64, 2, 2),
        F32x4Add => two!(f32, 4, |a, b| a + b),
        F32x4Sub => two!(f32, 4, |a, b| a - b),
        F32x4Mul => two!(f32, 4, |a, b| a * b),
        F32x4Div => two!(f32, 4, |a, b| a / b),
        // Signs, also of a NaN.
        F32x4Abs => unary!(u32, 4, |a: u32| a & !(1 << 31)),
        F32x4Neg => unary!(u32, 4, |a: u32| a ^ 1 << 31),
        F32x4Pmin => two!(f32, 4, |a, b| if b < a { b } else { a }),
        F32x4Pmax => two!(f32, 4, |a, b| if a < b { b } else { a }),
        F64x2Add => two!(f64, 2, |a, b| a + b),
        F64x2Sub => two!(f64, 2, |a, b| a - b),
        F64x2Mul => two!(f64, 2, |a, b| a * b),
        F64x2Div => two!(f64, 2, |a, b| a / b),
        F64x2Abs => unary!(u64, 2, |a: u64| a & !(1 << 63)),
        F64x2Neg => unary!(u64, 2, |a: u64| a ^ 1 << 63),
        F64x2Pmin => two!(f64, 2, |a, b| if b < a { b } else { a }),
        F64x2Pmax => two!(f64, 2, |a, b| if a < b { b } else { a }),
        // Saturating truncations are those of Rust.
        F32x4ConvertI32x4S => unary!(i32, 4, |a: i32| a as f32),
        F32x4ConvertI32x4U => unary!(u32, 4, |a: u32| a as f32),
        I32x4TruncSatF32x4S => unary!(f32, 4, |a: f32| a as i32),
        I32x4TruncSatF32x4U => unary!(f32, 4, |a: f32| a as u32),
        F64x2ConvertLowI32x4S => extend!(i32, 4, f64, 2, 0),
        F64x2ConvertLowI32x4U => extend!(u32, 4, f64, 2, 0),
        F64x2PromoteLowF32x4 => extend!(f32, 4, f64, 2, 0),
        F32x4RelaxedMadd => ternary!(f32, 4, |a: f32, b: f32, c: f32| a * b + c),
        F32x4RelaxedNmadd => ternary!(f32, 4, |a: f32, b: f32, c: f32| -(a * b) + c),
        F64x2RelaxedMadd => ternary!(f64, 2, |a: f64, b: f64, c: f64| a * b + c),
        F64x2RelaxedNmadd => ternary!(f64, 2, |a: f64, b: f64, c: f64| -(a * b) + c),
        _ => 0,
    }
}
