//! Loads and stores: the fast path, long memargs, and the path with all checks.

use super::*;
use crate::op::{sig, InstrClass};

/// A memarg of one memory, with the offset in at least so many bytes.
fn memarg(memory: u8, offset: u32, bytes: usize) -> Vec<u8> {
    let mut memarg = if memory == 0 { vec![0] } else { vec![0x40, memory] };
    let (mut rest, mut count) = (offset, 0);
    loop {
        count += 1;
        let more = rest >= 0x80 || count < bytes;
        memarg.push(rest as u8 & 0x7f | if more { 0x80 } else { 0 });
        rest >>= 7;
        if !more {
            return memarg;
        }
    }
}

#[test]
fn loads_and_stores_reach_each_byte_of_memory_and_none_beyond() {
    let mut noise = Noise(3);
    let mut seen = 0;
    for opcode in 0..=u8::MAX {
        let sig = sig(opcode);
        let is_store = sig.class() == InstrClass::Store;
        if !is_store && sig.class() != InstrClass::Load {
            continue;
        }
        seen += 1;
        let (width, slots) = (1usize << sig.log2_width(), sig.value().slots() as usize);
        for len in if cfg!(miri) { vec![17] } else { vec![0, 1, 3, 7, 8, 9, 16, 40] } {
            let bytes: Vec<u8> = (0..len).map(|_| noise.next() as u8).collect();
            // The offset, and the least number of its bytes.
            let offsets = [(3, 5), (0, 1), (3, 1), (300, 1), (u32::MAX - 3, 1)];
            for &(offset, length) in &offsets[..if cfg!(miri) { 1 } else { offsets.len() }] {
                let addresses = (0..20).flat_map(|i| {
                    [
                        i,
                        (len as u32).wrapping_sub(10).wrapping_add(i),
                        0u32.wrapping_sub(offset).wrapping_add(i).wrapping_sub(8),
                    ]
                });
                for address in addresses.step_by(if cfg!(miri) { 31 } else { 1 }) {
                    // Memory 0, then memory 1, whose memarg the fast path does not read: its limit
                    // is 0.
                    for memory in 0..2 {
                        let value = [noise.next(), noise.next()];
                        let operands: &[u8] = match (is_store, slots) {
                            (false, _) => &[],
                            (true, 1) => &[LocalGet, 1],
                            (true, _) => &[LocalGet, 1, LocalGet, 2],
                        };
                        let before = body().op(&[I32Const, 55, LocalGet, 0]).op(operands);
                        let at = before.code.len();
                        let code = before.op(&[opcode]).op(&memarg(memory, offset, length));
                        let results = if is_store { 1 } else { 1 + slots as u16 };
                        let mut world = classic(vec![code.op(&[End]).function(3, 3, results)]);
                        let mut live = World::live();
                        (world.bytes, world.more) = match memory {
                            0 => (bytes.clone(), Vec::new()),
                            _ => (Vec::new(), bytes.clone()),
                        };
                        world.link(&mut live);
                        let got = world.call_in(
                            &raw const live.instance,
                            0,
                            &[address, value[0], value[1]],
                        );
                        let after = if memory == 0 { &world.bytes } else { &world.more };

                        let start = address as u64 + offset as u64;
                        let what = std::format!("{opcode:#x} {address:#x} + {offset:#x} of {len}");
                        if start + width as u64 > len as u64 {
                            assert_eq!(got, Err((TrapCode::MemoryOutOfBounds, 0, at)), "{what}");
                            assert_eq!(*after, bytes, "{what}");
                            continue;
                        }
                        let place = start as usize..start as usize + width;
                        if is_store {
                            let word = (value[0] as u64 | (value[1] as u64) << 32).to_le_bytes();
                            let mut expected = bytes.clone();
                            expected[place].copy_from_slice(&word[..width]);
                            assert_eq!(got, Ok(vec![55]), "{what}");
                            assert_eq!(*after, expected, "{what}");
                            continue;
                        }
                        let mut word = [0; 8];
                        word[..width].copy_from_slice(&bytes[place]);
                        let unused = 64 - 8 * width;
                        let mut word = u64::from_le_bytes(word);
                        if sig.is_signed_load() {
                            word = ((word << unused) as i64 >> unused) as u64;
                        }
                        let expected = [55, word as u32, (word >> 32) as u32];
                        assert_eq!(got, Ok(expected[..1 + slots].to_vec()), "{what}");
                    }
                }
            }
        }
    }
    assert_eq!(seen, 23);
}
