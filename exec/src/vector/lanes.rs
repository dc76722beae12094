//! What vector instructions compute, lane by lane, for every target.
//!
//! One loop serves all instructions on integers: the row of the table says which lanes it reads, of
//! which width and sign, and a lane is computed in 64 bits. Lanes of floats are computed by the
//! scalar instructions ([`crate::numeric`]). This is written for size.

use super::op::{Lane, Map, Operation, Row, Shape};
use crate::numeric;

/// A vector in slots, or a number in the first one or two of them.
pub(super) type Quad = [u32; 4];

/// A slot; 0 for one that does not exist.
#[inline(always)]
fn slot(v: &Quad, index: usize) -> u64 {
    v.get(index).copied().unwrap_or(0) as u64
}

/// A lane, extended to 64 bits.
#[inline(never)]
fn get(v: &Quad, lane: Lane, index: usize) -> i64 {
    let at = index << lane.log2();
    if lane.log2() == 3 {
        return (slot(v, at / 4) | slot(v, at / 4 + 1) << 32) as i64;
    }
    let unused = 32 - (8 << lane.log2());
    let value = (slot(v, at / 4) as u32 >> (at % 4 * 8)) << unused;
    if lane.is_signed() {
        (value as i32 >> unused) as i64
    } else {
        (value >> unused) as i64
    }
}

/// Sets a lane to the lowest bits of a value.
#[inline(never)]
fn set(v: &mut Quad, lane: Lane, index: usize, value: i64) {
    let at = index << lane.log2();
    let shift = at % 4 * 8;
    let mask = if lane.log2() > 1 { u32::MAX } else { (1 << (8 << lane.log2())) - 1 };
    if let Some(slot) = v.get_mut(at / 4) {
        *slot = *slot & !(mask << shift) | (value as u32 & mask) << shift;
    }
    if lane.log2() == 3 {
        if let Some(slot) = v.get_mut(at / 4 + 1) {
            *slot = (value >> 32) as u32;
        }
    }
}

/// The nearest number that the lane can have.
fn saturate(value: i64, lane: Lane) -> i64 {
    // At most 16 bits.
    let bits = 8 << lane.log2();
    let (least, most) = if lane.is_signed() {
        (-1 << (bits - 1), (1 << (bits - 1)) - 1)
    } else {
        (0, (1 << bits) - 1)
    };
    value.clamp(least, most)
}

/// What an operation computes of two lanes, of which it may use one.
fn integer(operation: Operation, from: Lane, a: i64, b: i64) -> i64 {
    use Operation::*;
    let shift = b as u32 & ((8 << from.log2()) - 1);
    match operation {
        Id | IdSat => a,
        Add | AddSat => a.wrapping_add(b),
        Sub | SubSat => a.wrapping_sub(b),
        Mul => a.wrapping_mul(b),
        Abs => a.wrapping_abs(),
        Neg => a.wrapping_neg(),
        Not => !a,
        And => a & b,
        AndNot => a & !b,
        Or => a | b,
        Xor => a ^ b,
        Eq => -((a == b) as i64),
        Ne => -((a != b) as i64),
        Lt => -((a < b) as i64),
        Gt => -((a > b) as i64),
        Le => -((a <= b) as i64),
        Ge => -((a >= b) as i64),
        Min => a.min(b),
        Max => a.max(b),
        Average => (a + b + 1) >> 1,
        Popcnt => a.count_ones() as i64,
        Shl => a.wrapping_shl(shift),
        Shr if from.is_signed() => a.wrapping_shr(shift),
        Shr => (a as u64).wrapping_shr(shift) as i64,
        Q15Sat => (a * b + 0x4000) >> 15,
    }
}

/// An instruction whose lanes are integers.
#[inline(never)]
fn integers(row: Row, map: Map, a: &Quad, b: &Quad) -> Quad {
    let (from, to) = (row.from(), row.to());
    let operation = row.operation();
    let count = 16 >> to.log2();
    let mut result = [0; 4];
    for index in 0..count {
        let (x, y) = match map {
            Map::Low => (get(a, from, index), get(b, from, index)),
            Map::High => (get(a, from, count + index), get(b, from, count + index)),
            Map::Pairs => (get(a, from, 2 * index), get(a, from, 2 * index + 1)),
            Map::Dot => {
                let product = |at| get(a, from, at) * get(b, from, at);
                (product(2 * index), product(2 * index + 1))
            }
            Map::Narrow if index < count / 2 => (get(a, from, index), 0),
            Map::Narrow => (get(b, from, index - count / 2), 0),
            Map::Splat => (get(a, from, 0), 0),
            // A distance is the first slot of the second operand.
            _ if row.shape() == Shape::Shift => (get(a, from, index), slot(b, 0) as i64),
            _ => (get(a, from, index), get(b, from, index)),
        };
        let mut value = integer(operation, from, x, y);
        if operation.saturates() {
            value = saturate(value, to);
        }
        set(&mut result, to, index, value);
    }
    result
}

/// Executes a scalar instruction that cannot trap on lanes that start at these slots.
fn scalar(code: u16, to: &mut [u32], a: &[u32], b: &[u32]) {
    let (mut result, mut first, mut second) = ([0; 2], [0; 2], [0; 2]);
    let copy = |to: &mut [u32], from: &[u32]| {
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
        }
    };
    copy(&mut first, a);
    copy(&mut second, b);
    // SAFETY: each place has two slots, as many as any scalar has, and the table's scalar
    // instructions are numeric.
    unsafe { numeric::on_slots(code, result.as_mut_ptr(), first.as_ptr(), second.as_ptr()) };
    copy(to, &result);
}

/// An instruction whose lanes a scalar instruction computes.
#[inline(never)]
fn scalars(row: Row, map: Map, [a, b, c]: &[Quad; 3]) -> Quad {
    opcodes! { u16: F32Eq F64Ge F32Mul F64Mul }
    let code = row.scalar();
    let (from, to) = (row.from().value().slots() as usize, row.to().value().slots() as usize);
    let compares = (F32Eq..=F64Ge).contains(&code);
    let mut result = [0; 4];
    // As many lanes as both have: a conversion to wider ones uses the lower half, one to narrower
    // ones fills it.
    for index in 0..4 / from.max(to) {
        let lane = |v: &Quad| {
            let at = |i: usize| v.get(index * from + i).copied().unwrap_or(0);
            [at(0), if from == 2 { at(1) } else { 0 }]
        };
        let (x, y) = (lane(a), lane(b));
        let mut value = [0; 2];
        match map {
            Map::Pseudo => {
                // pmin: b < a ? b : a; pmax: b > a ? b : a.
                scalar(code, &mut value, &y, &x);
                value = if value[0] != 0 { y } else { x };
            }
            Map::Madd | Map::Nmadd => {
                let times = if from == 1 { F32Mul } else { F64Mul };
                scalar(times, &mut value, &x, &y);
                if map == Map::Nmadd {
                    if let Some(high) = value.get_mut(from - 1) {
                        *high ^= 1 << 31;
                    }
                }
                let product = value;
                scalar(code, &mut value, &product, &lane(c));
            }
            _ => {
                scalar(code, &mut value, &x, &y);
                if compares {
                    value = [value[0].wrapping_neg(); 2];
                }
            }
        }
        for (i, value) in value.into_iter().enumerate().take(to) {
            if let Some(slot) = result.get_mut(index * to + i) {
                *slot = value;
            }
        }
    }
    result
}

/// The lane of two vectors of bytes, one behind the other; 0 beyond them.
fn byte(a: &Quad, b: &Quad, index: usize) -> i64 {
    let lane = Lane::BYTE;
    if index < 16 {
        get(a, lane, index)
    } else {
        get(b, lane, index - 16)
    }
}

/// The result of an instruction that accesses no memory. Its immediate starts at `immediate`.
///
/// # Safety
/// `immediate` points at as many bytes as [`Row::immediates`] says, of which lanes are below
/// [`Row::lanes`].
#[inline(never)]
pub(super) unsafe fn compute(row: Row, operands: &[Quad; 3], immediate: *const u8) -> Quad {
    let [a, b, c] = operands;
    let map = row.map();
    let from = row.from();
    let mut result = [0; 4];
    match (row.shape(), map) {
        (Shape::Const, _) => {
            // SAFETY: the contract: sixteen bytes. No alignment is assumed.
            result = unsafe { immediate.cast::<Quad>().read_unaligned() };
        }
        (Shape::Extract, _) => {
            // SAFETY: the contract: a byte.
            let value = get(a, from, unsafe { *immediate } as usize);
            result = [value as u32, (value >> 32) as u32, 0, 0];
        }
        (Shape::Replace, _) => {
            result = *a;
            let value = (slot(b, 0) | slot(b, 1) << 32) as i64;
            // SAFETY: the contract: a byte.
            set(&mut result, from, unsafe { *immediate } as usize, value);
        }
        (_, Map::Shuffle) => {
            for index in 0..16 {
                // SAFETY: the contract: sixteen bytes.
                let lane = unsafe { *immediate.add(index) } as usize;
                set(&mut result, from, index, byte(a, b, lane));
            }
        }
        (_, Map::Swizzle) => {
            for index in 0..16 {
                let lane = get(b, from, index) as usize;
                set(&mut result, from, index, byte(a, &[0; 4], lane));
            }
        }
        (_, Map::Bitselect) => {
            for (index, result) in result.iter_mut().enumerate() {
                let [a, b, c] = [a, b, c].map(|v| slot(v, index) as u32);
                *result = a & c | b & !c;
            }
        }
        (_, Map::Any) => result[0] = (*a != [0; 4]) as u32,
        (_, Map::All | Map::Bitmask) => {
            let lanes = row.lanes() as usize;
            let mut bits = 0u32;
            for index in 0..lanes {
                let value = get(a, from, index);
                let bit = if map == Map::All {
                    value != 0
                } else {
                    value >> ((8 << from.log2()) - 1) & 1 != 0
                };
                bits |= (bit as u32) << index;
            }
            result[0] = if map == Map::All { (bits == (1 << lanes) - 1) as u32 } else { bits };
        }
        (_, Map::DotAdd) => {
            // The sums of four products, of which pairs wrap at 16 bits.
            let row16 = row.to_16_bits();
            let (products, half) = (integers(row16, Map::Dot, a, b), row16.to());
            for index in 0..4 {
                let sum = get(&products, half, 2 * index) + get(&products, half, 2 * index + 1);
                set(&mut result, row.to(), index, sum.wrapping_add(get(c, row.to(), index)));
            }
        }
        (_, Map::Scalar | Map::Pseudo | Map::Madd | Map::Nmadd) => {
            result = scalars(row, map, operands)
        }
        _ => result = integers(row, map, a, b),
    }
    result
}

/// What a load of this instruction makes of the bytes that it has read.
pub(super) fn loaded(row: Row, bytes: &Quad) -> Quad {
    match row.map() {
        Map::Zero | Map::Same => *bytes,
        map => integers(row, map, bytes, &[0; 4]),
    }
}

/// A vector with one lane replaced by the lowest bits of others.
pub(super) fn with_lane(row: Row, mut vector: Quad, index: u8, bytes: &Quad) -> Quad {
    set(&mut vector, row.from(), index as usize, get(bytes, row.from(), 0));
    vector
}

/// A lane, in the lowest bits.
pub(super) fn lane(row: Row, vector: &Quad, index: u8) -> Quad {
    let value = get(vector, row.from(), index as usize);
    [value as u32, (value >> 32) as u32, 0, 0]
}
