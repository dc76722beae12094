//! Loads and stores: the fast path, and the one with all checks.

use super::*;

/// What a load or store is: bytes, signed, in two slots, where address and value are.
fn access_form(name: &str) -> Option<(bool, usize, bool, &str)> {
    let (store, rest) = match name.strip_prefix("Load") {
        Some(rest) => (false, rest),
        None => (true, name.strip_prefix("Store")?),
    };
    let widths: &[(&str, usize, bool)] = match store {
        false => &[
            ("32", 4, false),
            ("8S", 1, true),
            ("8U", 1, false),
            ("16S", 2, true),
            ("16U", 2, false),
            ("64", 8, false),
        ],
        true => &[("32", 4, false), ("8", 1, false), ("16", 2, false), ("64", 8, false)],
    };
    let (width, signed, form) = widths
        .iter()
        .find_map(|&(text, width, signed)| Some((width, signed, rest.strip_prefix(text)?)))?;
    Some((store, width, signed, form))
}

#[test]
fn loads_and_stores_reach_each_byte_of_memory_and_none_beyond() {
    let mut noise = Noise(4);
    let mut seen = 0;
    for &op in RegOp::ALL {
        let name = format!("{op:?}");
        let Some((store, width, signed, form)) = access_form(&name) else { continue };
        seen += 1;
        let long = form.contains('X');
        let (form, to) = form.strip_suffix('D').map_or((form, false), |form| (form, true));
        for len in if cfg!(miri) { vec![17] } else { vec![0, 1, 2, 3, 4, 7, 8, 9, 16, 40] } {
            let bytes: Vec<u8> = (0..len).map(|_| noise.next() as u8).collect();
            for offset in if cfg!(miri) {
                vec![3]
            } else if long {
                vec![0, 3, 300, u32::MAX - 3, u32::MAX]
            } else {
                vec![0, 3, 255]
            } {
                let near = (0..20).flat_map(|i| {
                    [
                        i,
                        (len as u32).wrapping_sub(10).wrapping_add(i),
                        0u32.wrapping_sub(offset).wrapping_add(i).wrapping_sub(8),
                    ]
                });
                for address in near.step_by(if cfg!(miri) { 31 } else { 1 }) {
                    let mut value = [noise.next(), noise.next()];
                    // Slots: 0 the accumulator, 1 an address, 2 and 3 a value, 4 and 5 where the
                    // result goes, 6 the accumulator after it.
                    let mut acc = noise.next();
                    let mut slot = [
                        if form.starts_with("S") && form.ends_with("I") {
                            noise.next()
                        } else {
                            address
                        },
                        value[0],
                        value[1],
                    ];
                    let mut operands: Vec<i64> = Vec::new();
                    match (store, form) {
                        (false, "A" | "AX") => acc = address,
                        (false, "X") => {}
                        (false, "AJ") => {
                            slot[1] = address.wrapping_sub(acc << 2);
                            operands.push(2);
                        }
                        (false, "SSI") => {
                            slot[1] = address.wrapping_sub(slot[0]);
                            operands.extend([1, 2]);
                        }
                        (true, "SI") => {
                            value.swap(0, 1);
                            slot[1] = address.wrapping_sub(slot[0] << 2);
                            operands.extend([1, 2, 3]);
                        }
                        (true, "X") => acc = value[0],
                        // The sum is the address, modulo 2^32.
                        (false, "AI") => {
                            acc = address.wrapping_sub(slot[1]);
                            operands.push(2);
                        }
                        // Four times the first slot and the second.
                        (false, "SI") => {
                            slot[1] = address.wrapping_sub(slot[0] << 2);
                            operands.extend([1, 2]);
                        }
                        (false, "S") => operands.push(1),
                        (true, "SA" | "SAX") => {
                            acc = value[0];
                            operands.push(1);
                        }
                        (true, "AS" | "A" | "AX") => {
                            acc = address;
                            slot[0] = 99;
                            operands.push(2);
                        }
                        (true, "SS" | "S") => operands.extend([1, 2]),
                        _ => panic!("{name}"),
                    }
                    if !form.ends_with(['I', 'J']) {
                        operands.push(offset as i64);
                    }
                    if to || !store && width == 8 {
                        operands.push(4);
                    }
                    let before = code().op(Get, &[0]);
                    let at = before.len();
                    let body = before.op(op, &operands).op(Set, &[6]).op(RetN, &[4, 3]);
                    let mut world = fast(vec![function(6, 7, 3, 0, body)]);
                    world.bytes = bytes.clone();
                    let got = world.call(0, &[acc, slot[0], slot[1], slot[2], 77, 78]);

                    let start = match form {
                        "X" => offset as u64,
                        "AI" | "AJ" | "SI" | "SSI" => address as u64,
                        _ => address as u64 + offset as u64,
                    };
                    let what = format!("{name} {address:#x} + {offset:#x} of {len}");
                    if start + width as u64 > len as u64 {
                        assert_eq!(got, Err((TrapCode::MemoryOutOfBounds, 0, at)), "{what}");
                        assert_eq!(world.bytes, bytes, "{what}");
                        continue;
                    }
                    let place = start as usize..start as usize + width;
                    if store {
                        let word = (value[0] as u64 | (value[1] as u64) << 32).to_le_bytes();
                        let mut expected = bytes.clone();
                        expected[place].copy_from_slice(&word[..width]);
                        assert_eq!(got, Ok(vec![77, 78, acc]), "{what}");
                        assert_eq!(world.bytes, expected, "{what}");
                        continue;
                    }
                    let mut word = [0; 8];
                    word[..width].copy_from_slice(&bytes[place]);
                    let word = u64::from_le_bytes(word);
                    let unused = 64 - 8 * width;
                    let word =
                        if signed { ((word << unused) as i64 >> unused) as u64 } else { word };
                    let expected = match (width, to) {
                        (8, _) => [word as u32, (word >> 32) as u32, acc],
                        (_, true) => [word as u32, 78, word as u32],
                        (_, false) => [77, 78, word as u32],
                    };
                    assert_eq!(got, Ok(expected.to_vec()), "{what}");
                }
            }
        }
    }
    assert!(seen >= 61);
}

#[test]
fn loads_and_stores_with_all_checks() {
    let first = OVERHEAD as i64 + 2;
    // i64.store of memory 1 with an offset of 2, then i32.load16_s of memory 0 at 6.
    let before = code().op(Copy, &[0, first]).op(CopyW, &[0, first + 1]);
    let store = before.len();
    let before = before.op(Memory, &[0x37, first + 3, 0, 0x43, 1, 2]).op(Put8, &[4, first]);
    let load = before.len();
    let body = before.op(Memory, &[0x2e, first + 1, 0, 1, 2]).op(RetS, &[first]);
    let mut world = fast(vec![function(2, 2, 1, 3, body)]);
    world.bytes = vec![0x80; 8];
    world.more = vec![0; 16];
    assert_eq!(world.call(0, &[6, 0x0403_0201]), Ok(vec![0xffff_8080]));
    assert_eq!(world.more, [0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1, 2, 3, 4]);
    assert_eq!(world.call(0, &[7, 0]), Err((TrapCode::MemoryOutOfBounds, 0, store)));
    world.bytes = vec![0; 7];
    assert_eq!(world.call(0, &[6, 0]), Err((TrapCode::MemoryOutOfBounds, 0, load)));
}
