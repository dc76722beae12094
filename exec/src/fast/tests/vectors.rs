//! Vector instructions: what runs of them compute on a host is what the loop over lanes computes,
//! which the specification suite compares with WebAssembly.

use super::super::code::Code;
use super::super::vector::layout;
use super::super::vector_run;
use crate::linear_memory::Memory;
use crate::slot::Frame;
use crate::testing::Noise;
use crate::vector;
use crate::vector::op::{Row, Shape, VectorOp};
use std::vec::Vec;

/// Lanes of every width that are edges, and any.
fn lane(noise: &mut Noise) -> u32 {
    const EDGES: [u32; 16] = [
        0,
        1,
        0x7f,
        0x80,
        0xff,
        0x7fff_7fff,
        0x8000_8000,
        0x8080_8080,
        0x7f7f_7f7f,
        0xffff_ffff,
        0x8000_0000,
        0x7fff_ffff,
        // f32 and f64: 1.0, a NaN, infinities, large ones.
        0x3f80_0000,
        0x7fc0_0001,
        0x7ff0_0000,
        0x4f80_0000,
    ];
    let word = noise.next();
    match word % 3 {
        0 => EDGES[(word / 3 % 16) as usize],
        _ => noise.next(),
    }
}

/// Whether the slots are the same, where lanes of floats may be any NaN.
fn same(row: Row, a: &[u32], b: &[u32]) -> bool {
    let width = if row.to().log2() == 3 { 2 } else { 1 };
    let is_nan = |lane: &[u32]| match lane {
        [bits] => f32::from_bits(*bits).is_nan(),
        [low, high] => f64::from_bits(*low as u64 | (*high as u64) << 32).is_nan(),
        _ => false,
    };
    let mut lanes = a.chunks(width).zip(b.chunks(width));
    lanes.all(|(a, b)| a == b || row.is_float() && is_nan(a) && is_nan(b))
}

#[test]
fn runs_compute_what_the_loop_over_lanes_does() {
    let mut noise = Noise(0x5eed);
    let mut bytes: Vec<u8> = (0..64u8).map(|i| i.wrapping_mul(37)).collect();
    let mut memory = Memory::empty();
    // SAFETY: the bytes outlive the memory.
    unsafe { memory.set(bytes.as_mut_ptr(), bytes.len()) };
    let (mut here, mut compared) = (0, 0);
    for &op in VectorOp::ALL {
        let row = Row::of(op as u32).unwrap();
        // The results at slot 0, operands at 4, 8 and 12.
        let (slots, rest) = layout(op as u16).unwrap();
        let rounds = if cfg!(miri) { 2 } else { 300 };
        let mut known = false;
        for _ in 0..rounds {
            let mut frame: Vec<u32> = (0..16).map(|_| lane(&mut noise)).collect();
            let mut code = Vec::from([0xff, op as u16 as u8, (op as u16 >> 8) as u8]);
            let places = slots.into_iter().zip([0, 4, 8, 12]);
            code.extend(places.filter(|(slots, _)| *slots != 0).map(|(_, place)| place));
            if row.is_access() {
                frame[4] = noise.next() % 60;
            }
            let lanes = match row.shape() {
                Shape::Const => 255,
                Shape::Shuffle => 32,
                _ => row.lanes(),
            };
            let immediates: Vec<u8> =
                (0..row.immediates()).map(|_| (noise.next() % lanes as u32) as u8).collect();
            code.extend(&immediates);
            if row.is_access() {
                code.extend(3u32.to_le_bytes());
            }
            let len = code.len();
            assert_eq!(len, 3 + slots.iter().filter(|&&slots| slots != 0).count() + rest);
            // The loop over lanes, on copies.
            let (mut want, mut want_bytes) = (frame.clone(), bytes.clone());
            let mut other = Memory::empty();
            let start = want.as_mut_ptr();
            let at = |place: usize| start.wrapping_add(place);
            let operands = [at(4), at(8), at(12)].map(|place| place.cast_const());
            // SAFETY: the frame has the slots, and the immediates are complete.
            let done = unsafe {
                other.set(want_bytes.as_mut_ptr(), want_bytes.len());
                if row.is_access() {
                    let lane = immediates.first().copied().unwrap_or(0);
                    vector::access(row, &other, *operands[0], 3, at(0), operands[1], lane).is_ok()
                } else {
                    vector::compute(row, at(0), operands, immediates.as_ptr());
                    true
                }
            };
            // SAFETY: the instruction is complete, and its slots lie in the frame.
            let length =
                unsafe { vector_run::one(&memory, Code(code.as_ptr()), Frame(frame.as_mut_ptr())) };
            if length == 0 {
                continue;
            }
            known = true;
            assert!(done && length == len, "{}: {length}", op.name());
            assert!(same(row, &frame, &want), "{}: {frame:x?} {want:x?}", op.name());
            assert_eq!(bytes, want_bytes, "{}", op.name());
            compared += 1;
        }
        here += known as u32;
    }
    assert!(here > 180 && compared > here, "{here} instructions are in runs");
}
