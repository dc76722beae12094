//! Criterion: for every rule of the verifier (docs/precompiled-module.md) about instructions,
//! slots, branches and returns a file that breaks it is refused. verifier_module.rs has the rules
//! about what instructions name of the module.

use crate::forge::{self, code, kind, load};
use crate::rules::*;
use zonda::ArtifactErrorKind;
use zonda_exec::fast::RegOp::{self, *};

#[test]
fn rule_operations_are_known_and_complete() {
    use ArtifactErrorKind::Instruction;
    // Unknown without vectors, and not complete with them.
    refused_code("unknown", 0, vec![0xff, Ret as u8], Instruction);
    refused_code("unknown", 0, vec![0xff], Instruction);
    for bytes in [
        &[Get as u8][..],
        &[Const32 as u8, 0, 0, 0],
        &[BrTable as u8, 1, 0, 0, 0],
        &[Runtime as u8, 0x10, FIRST, 0],
        &[Num1 as u8, 0x67, 0],
        &[Ret as u8, AddSSD as u8, 0, 0],
    ] {
        refused_code("complete", 0, bytes.to_vec(), Instruction);
    }
    refused_code(
        "table that ends far behind",
        0,
        vec![BrTableLong as u8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        Instruction,
    );
}

#[test]
fn rule_slots_are_inside_of_the_frame_and_outside_of_its_header() {
    use ArtifactErrorKind::Slot;
    // For each operation each of its slots, at each edge.
    let mut seen = 0;
    for &op in RegOp::ALL {
        let kinds: Vec<_> = op.operands().collect();
        if kinds.iter().any(|kind| matches!(kind.bytes(), 0))
            || matches!(op, Call | CallImport | RetN | Move | Frame | Br | BrLong | Meter | Skip)
            // They branch back: see `rule_a_loop_that_counts_branches_back_to_a_meter`.
            || matches!(op, AddBrNeSK | AddBrNeSS | LoopNeSK)
            || kinds.is_empty()
        {
            continue;
        }
        // Good operands: slots of locals, distances to the next operation, global 0 or, for pairs,
        // 2.
        let mut good: Vec<u8> = vec![op as u8];
        let mut slots = Vec::new();
        let length = 1 + kinds.iter().map(|kind| kind.bytes()).sum::<usize>();
        for kind in &kinds {
            use zonda_exec::fast::op::Kind::*;
            if matches!(kind, Read | Write | ReadPair | WritePair) {
                slots.push((good.len(), matches!(kind, ReadPair | WritePair)));
            }
            let value = match kind {
                Branch => length as u32,
                Global => {
                    if matches!(op, GlobalGetW | GlobalSetW) {
                        2
                    } else {
                        0
                    }
                }
                // The number of a test of floats.
                I8 if matches!(op, CompareS | BrS) => 6,
                _ => 0,
            };
            good.extend(&value.to_le_bytes()[..kind.bytes()]);
        }
        let ty = if op == RetS { 6 } else { 0 };
        let finish = if op == RetS { Unreachable } else { Ret };
        let file = |bytes: &[u8]| forged(ty, [bytes, &[finish as u8]].concat());
        assert_eq!(load(&file(&good)), Ok(()), "{op:?}");
        for (at, pair) in slots {
            let pair = u8::from(pair);
            for (slot, good_slot) in [
                (H - 1 - pair, true),
                (H - 1, pair == 0),
                (H, false),
                (FIRST - 1, false),
                (FIRST, true),
                (LAST - pair, true),
                (LAST, pair == 0),
                (END, false),
                (255, false),
            ] {
                let mut bytes = good.clone();
                bytes[at] = slot;
                let expected = (!good_slot).then_some(Slot);
                assert_eq!(kind(load(&file(&bytes))), expected, "{op:?}, slot {slot} at {at}");
                seen += 1;
            }
        }
    }
    assert!(seen > 2000, "{seen}");
}

#[test]
fn rule_a_loop_that_counts_branches_back_to_a_meter() {
    use ArtifactErrorKind::{Branch, Slot};
    for (op, operands, third) in [(AddBrNeSK, 3, false), (AddBrNeSS, 3, true), (LoopNeSK, 2, false)]
    {
        let loops = |slots: [u8; 2], distance: i16| {
            let operands = &[slots[0], 1, slots[1]][..operands];
            let head = [Skip as u8, Meter as u8, Get as u8, 0, op as u8];
            let [low, high] = distance.to_le_bytes();
            forged(0, [&head[..], operands, &[low, high, Meter as u8, Ret as u8]].concat())
        };
        assert_eq!(load(&loops([0, 0], -3)), Ok(()), "{op:?}");
        let length = operands as i16 + 3;
        // To `Get`, into it, itself, the `Meter` and the `Ret` behind, to before the function.
        for distance in [-2, -1, 0, length, length + 1, -5, i16::MIN] {
            assert_eq!(kind(load(&loops([0, 0], distance))), Some(Branch), "{op:?} {distance}");
        }
        for slot in [H, FIRST - 1, END] {
            assert_eq!(kind(load(&loops([slot, 0], -3))), Some(Slot), "{op:?} {slot}");
            let expected = third.then_some(Slot);
            assert_eq!(kind(load(&loops([0, slot], -3))), expected, "{op:?} {slot}");
        }
    }
}

#[test]
fn rule_tests_have_numbers() {
    for number in 0..=255u8 {
        for (op, wide) in [(CompareW, true), (CompareS, false)] {
            let known = if wide { number < 12 } else { (6..12).contains(&number) };
            let expected = (!known).then_some(ArtifactErrorKind::Instruction);
            let compare = [op as u8, number, 0, 0, Ret as u8];
            assert_eq!(kind(load(&forged(0, compare.to_vec()))), expected, "{op:?} {number}");
            let op = if wide { BrW } else { BrS };
            let branch = [op as u8, number, 0, 0, 6, 0, Ret as u8];
            assert_eq!(kind(load(&forged(0, branch.to_vec()))), expected, "{op:?} {number}");
        }
        let expected = (number >= 2).then_some(ArtifactErrorKind::Instruction);
        let branch = [BrWK as u8, number, 0, 0, 6, 0, Ret as u8];
        assert_eq!(kind(load(&forged(0, branch.to_vec()))), expected, "{number}");
    }
}

#[test]
fn rule_slots_behind_a_frame_that_is_moved() {
    use ArtifactErrorKind::{Flow, Slot};
    let n = i16::from(FIRST);
    let (up, down) = (n.to_le_bytes(), (-n).to_le_bytes());
    let last = OPERANDS as u8 - 1;
    accepted(
        0,
        &[
            (Frame, &up),
            (Get, &[0]),
            (Get, &[last]),
            (CopyW, &[0, last - 1]),
            (Frame, &down),
            (Ret, &[]),
        ],
    );
    refused("near slot", 0, &[(Frame, &up), (Get, &[last + 1]), (Frame, &down), (Ret, &[])], Slot);
    refused("near pair", 0, &[(Frame, &up), (CopyW, &[0, last]), (Frame, &down), (Ret, &[])], Slot);
    // Far ones: locals are 0 to 3 from the start of the frame.
    for (j, good) in [
        (-n, true),
        (-n + 3, true),
        (-n + 4, false),
        (-1, false),
        (0, true),
        (i16::from(last), true),
        (i16::from(last) + 1, false),
        (-n - 1, false),
        (i16::MIN, false),
        (i16::MAX, false),
    ] {
        let [low, high] = j.to_le_bytes();
        for ops in [
            [(Frame, &up[..]), (CopyIn, &[low, high, 0]), (Frame, &down), (Ret, &[])],
            [(Frame, &up), (CopyOut, &[0, low, high]), (Frame, &down), (Ret, &[])],
        ] {
            if good {
                accepted(0, &ops);
            } else {
                refused("far slot", 0, &ops, Slot);
            }
        }
    }
    refused(
        "near slot of a far copy",
        0,
        &[(Frame, &up), (CopyIn, &[0, 0, last + 1]), (Frame, &down), (Ret, &[])],
        Slot,
    );
    // Where the frame may move, and what stands behind it.
    let wrong = (n + 1).to_le_bytes();
    refused("first by another number", 0, &[(Frame, &wrong), (Frame, &down), (Ret, &[])], Flow);
    refused("not first", 0, &[(Get, &[0]), (Frame, &up), (Frame, &down), (Ret, &[])], Flow);
    refused("twice", 0, &[(Frame, &up), (Frame, &up), (Frame, &down), (Ret, &[])], Flow);
    refused(
        "down by another number",
        0,
        &[(Frame, &up), (Frame, &(-n + 1).to_le_bytes()), (Ret, &[])],
        Flow,
    );
    refused("down where it is not up", 0, &[(Frame, &down), (Ret, &[])], Flow);
    refused("return without", 0, &[(Frame, &up), (Ret, &[])], Flow);
    refused("return without", 6, &[(Frame, &up), (RetA, &[])], Flow);
    refused("return without", 3, &[(Frame, &up), (RetN, &[0, 0, 3, 0])], Flow);
    refused(
        "tail call without",
        0,
        &[(Frame, &up), (Runtime, &[0x13, 1, 0, 0, 0]), (Frame, &down), (Ret, &[])],
        Flow,
    );
    refused(
        "something else behind it",
        0,
        &[(Frame, &up), (Frame, &down), (Get, &[0]), (Ret, &[])],
        Flow,
    );
    refused(
        "branch behind it",
        0,
        &[(Frame, &up), (BrNzA, &[6, 0]), (Frame, &down), (Ret, &[])],
        ArtifactErrorKind::Branch,
    );
    refused(
        "branch to its return",
        0,
        &[(Frame, &up), (BrNzA, &[6, 0]), (Frame, &down), (Ret, &[]), (Ret, &[])],
        Flow,
    );
    accepted(
        0,
        &[(Frame, &up), (Frame, &down), (Runtime, &[0x13, FIRST + 1, 0, 0, 0]), (Ret, &[])],
    );
    accepted(3, &[(Frame, &up), (Frame, &down), (Runtime, &[0x12, FIRST, 0, 2])]);
    accepted(
        3,
        &[(Frame, &up), (Frame, &down), (Runtime, &[0x12, FIRST, 0, 0]), (RetN, &[FIRST, 0, 3, 0])],
    );
    refused(
        "tail call of an imported function without a return",
        3,
        &[(Frame, &up), (Frame, &down), (Runtime, &[0x12, FIRST, 0, 0]), (Unreachable, &[])],
        Flow,
    );
    refused(
        "indirect tail call without a return",
        0,
        &[(Frame, &up), (Frame, &down), (Runtime, &[0x13, FIRST + 1, 0, 0, 0]), (Unreachable, &[])],
        Flow,
    );
    refused(
        "its operands",
        0,
        &[(Frame, &up), (Frame, &down), (Runtime, &[0x13, FIRST, 0, 0, 0]), (Ret, &[])],
        Slot,
    );
    refused(
        "results of a large function",
        3,
        &[(Frame, &up), (Frame, &down), (RetN, &[FIRST + 4, 0, 3, 0])],
        Slot,
    );
}

#[test]
fn rule_branches_go_to_operations_of_the_function() {
    use ArtifactErrorKind::Branch;
    accepted(0, &[(BrNzA, &[3, 0]), (Ret, &[])]);
    accepted(0, &[(BrLong, &[7, 0, 0, 0]), (Get, &[0]), (Ret, &[])]);
    accepted(0, &[(BrTable, &[1, 0, 7, 0, 9, 0]), (Get, &[0]), (Ret, &[])]);
    accepted(0, &[(Meter, &[]), (BrNzS, &[0, 0xff, 0xff]), (Ret, &[])]);
    accepted(0, &[(Skip, &[]), (Meter, &[]), (Get, &[0]), (BrNzS, &[0, 0xfd, 0xff]), (Ret, &[])]);
    for distance in [-32768, -2, -1, 0, 1, 2, 4, 6, 7, 100, 32767i16] {
        let [low, high] = distance.to_le_bytes();
        // Nothing starts so far from here but, by 3 and by 5, the next two.
        refused(
            &format!("by {distance}"),
            0,
            &[(BrNzA, &[low, high]), (Get, &[0]), (Ret, &[])],
            Branch,
        );
        refused(
            &format!("from elsewhere, by {distance}"),
            0,
            &[(Get, &[0]), (Get, &[0]), (BrNzA, &[low, high]), (Get, &[0]), (Ret, &[])],
            Branch,
        );
    }
    for distance in [i32::MIN, -10_000, -1, 0, 1, 4, 6, 8, 10, 1 << 20, i32::MAX] {
        let bytes = distance.to_le_bytes();
        refused(
            &format!("long by {distance}"),
            0,
            &[(BrLong, &bytes), (Get, &[0]), (Ret, &[])],
            Branch,
        );
    }
    for distance in [-5i16, -1, 0, 1, 3, 5, 6, 8, 10, 11] {
        let [low, high] = distance.to_le_bytes();
        for table in [[low, high, 7, 0], [7, 0, low, high]] {
            refused(
                &format!("table by {distance}"),
                0,
                &[(BrTable, &[&[1, 0], &table[..]].concat()), (Get, &[0]), (Ret, &[])],
                Branch,
            );
        }
    }
    refused(
        "back to what is no meter",
        0,
        &[(Get, &[0]), (BrNzA, &[0xfe, 0xff]), (Ret, &[])],
        Branch,
    );
    refused(
        "back into an operand that looks like one",
        0,
        &[(Get, &[Meter as u8]), (BrNzA, &[0xff, 0xff]), (Ret, &[])],
        Branch,
    );
    refused("to itself", 0, &[(Br, &[0, 0])], Branch);
    // Into another function, where a meter stands.
    let ops = |distance: i16| code(&[(BrNzA, &distance.to_le_bytes()), (Ret, &[])]);
    let mut funcs = funcs(0, code(&[(Meter, &[]), (Ret, &[])]));
    for (distance, good) in [(3, true), (-1, false), (-2, false)] {
        funcs[1].code = [&ops(distance)[..], &[Unreachable as u8]].concat();
        funcs[1].code[3] = Unreachable as u8;
        let result = load(&forge::file(&module(0), &funcs));
        assert_eq!(kind(result), (!good).then_some(Branch), "into another function, by {distance}");
    }
    // What follows a `skip` is a `meter`.
    refused("skip", 0, &[(Skip, &[]), (Ret, &[]), (Ret, &[])], ArtifactErrorKind::Flow);
    refused("skip over the end", 0, &[(Br, &[3, 0]), (Skip, &[])], ArtifactErrorKind::Flow);
    refused(
        "skip over the end",
        0,
        &[(Br, &[3, 0]), (Skip, &[]), (Meter, &[])],
        ArtifactErrorKind::Flow,
    );
    // Across words of the marks, and behind a table that is longer than a word.
    let mut long = vec![(BrTable, [&[40, 0][..], &[85, 0].repeat(40), &[87, 0]].concat())];
    long.extend((0..50).map(|_| (Get, vec![0])));
    long.push((Ret, vec![]));
    let ops: Vec<(RegOp, &[u8])> = long.iter().map(|(op, operands)| (*op, &operands[..])).collect();
    accepted(0, &ops);
    long[0].1[10] += 1;
    let ops: Vec<(RegOp, &[u8])> = long.iter().map(|(op, operands)| (*op, &operands[..])).collect();
    refused("table across words", 0, &ops, Branch);
}

/// Starts of instructions are marked in words of 32 bytes, which instructions reach across: a
/// branch leads to each start, and to nothing else, wherever a long instruction ends.
#[test]
fn rule_branches_lead_to_starts_wherever_a_word_of_marks_ends() {
    const GETS: u16 = 24;
    for entries in 0..48u16 {
        for pad in 0..2u16 {
            let table = 3 + 2 * (entries + 1);
            let result = |target: u16| {
                let mut bytes = vec![Meter as u8; pad as usize];
                bytes.extend([BrTable as u8, entries as u8, 0]);
                (0..=entries).for_each(|_| bytes.extend(target.to_le_bytes()));
                (0..GETS).for_each(|_| bytes.extend([Get as u8, 0]));
                bytes.push(Ret as u8);
                kind(load(&forged(0, bytes)))
            };
            for get in 0..=GETS {
                let start = table + 2 * get;
                assert_eq!(result(start), None, "{entries} entries, {pad}, instruction {get}");
                let expected = Some(ArtifactErrorKind::Branch);
                assert_eq!(result(start + 1), expected, "{entries} entries, {pad}, behind {get}");
            }
        }
    }
}

/// Marks are two bits for each byte of the longest function, and no more than two words besides.
#[test]
fn the_verifier_takes_two_bits_for_each_byte() {
    for bytes in (0..5_000).chain([65_535, 1 << 20]) {
        let words = zonda_exec::fast::verify::marks(bytes);
        let least = 2 * (bytes as usize).div_ceil(32);
        assert!((least..=least + 4).contains(&words), "{words} words for {bytes} bytes");
    }
}

#[test]
fn rule_a_function_ends() {
    use ArtifactErrorKind::Flow;
    for (op, operands) in [
        (Get, &[0][..]),
        (Meter, &[]),
        (BrNzA, &[0, 0]),
        (Call, &[2, 0, FIRST]),
        (Clz, &[]),
        (CompareS, &[6, 0, 0]),
        (Runtime, &[0x10, FIRST, 0, 2]),
    ] {
        let start: &[(RegOp, &[u8])] = if op == BrNzA { &[(Meter, &[])] } else { &[] };
        let back = [0xff, 0xff];
        let operands = if op == BrNzA { &back } else { operands };
        refused("falls off the end", 0, &[start, &[(op, operands)]].concat(), Flow);
    }
    refused(
        "falls off the end behind an indirect tail call",
        0,
        &[(Runtime, &[0x13, FIRST + 1, 0, 0, 0])],
        Flow,
    );
    let (n, minus) = (i16::from(FIRST).to_le_bytes(), (-i16::from(FIRST)).to_le_bytes());
    refused("nothing but a frame", 0, &[(Frame, &n)], Flow);
    refused(
        "nothing behind it",
        0,
        &[(Frame, &n), (Frame, &minus)],
        ArtifactErrorKind::Instruction,
    );
    let long = [0xff; 4];
    let ends = [(Unreachable, &[][..]), (Ret, &[]), (Br, &[0xff, 0xff]), (BrLong, &long)];
    for (op, operands) in ends {
        accepted(0, &[(Meter, &[]), (op, operands)]);
    }
    accepted(3, &[(Runtime, &[0x12, FIRST, 0, 2])]);
}

#[test]
fn rule_returns_are_those_of_the_type() {
    use ArtifactErrorKind::{Flow, Slot};
    let n = |from: u8, count: u8| [from, 0, count, 0];
    accepted(6, &[(RetA, &[])]);
    accepted(6, &[(RetS, &[0])]);
    accepted(6, &[(RetN, &n(FIRST, 1))]);
    accepted(2, &[(RetN, &n(END - 2, 2))]);
    accepted(3, &[(RetN, &n(FIRST, 3))]);
    refused("a value where there is none", 0, &[(RetA, &[])], Flow);
    refused("a value where there is none", 0, &[(RetS, &[0])], Flow);
    refused("no value", 6, &[(Ret, &[])], Flow);
    refused("one of two", 2, &[(RetA, &[])], Flow);
    refused("one of three", 3, &[(RetN, &n(FIRST, 1))], Flow);
    refused("four of three", 3, &[(RetN, &n(FIRST, 4))], Flow);
    refused("none as a range", 0, &[(RetN, &n(FIRST, 0))], Slot);
    for from in [0, H - 1, H, FIRST - 1, END - 2, END - 1, END, 255] {
        refused(&format!("three from slot {from}"), 3, &[(RetN, &n(from, 3))], Slot);
    }
    refused("from far away", 3, &[(RetN, &[0xff, 0xff, 3, 0])], Slot);
    refused("so many", 3, &[(RetN, &[FIRST, 0, 0xff, 0xff])], Flow);
}

#[test]
fn rule_moves_are_inside_of_the_operands() {
    let operands = |from: u8, to: u8, count: u8| [from, 0, to, 0, count, 0];
    accepted(0, &[(Move, &operands(END - 3, FIRST, 3)), (Ret, &[])]);
    accepted(0, &[(Move, &operands(FIRST + 1, FIRST, 5)), (Ret, &[])]);
    for (from, to, count) in [
        (FIRST + 1, FIRST, 6),
        (FIRST + 1, FIRST, 0),
        (FIRST, FIRST, 3),
        (FIRST, FIRST + 1, 3),
        (FIRST, FIRST - 1, 3),
        (FIRST, 0, 3),
        (H - 1, 0, 1),
        (END, FIRST, 1),
        (255, FIRST, 1),
    ] {
        refused(
            &format!("move of {count} from {from} to {to}"),
            0,
            &[(Move, &operands(from, to, count)), (Ret, &[])],
            ArtifactErrorKind::Slot,
        );
    }
    refused(
        "move of too many",
        0,
        &[(Move, &[FIRST + 1, 0, FIRST, 0, 0xff, 0xff]), (Ret, &[])],
        ArtifactErrorKind::Slot,
    );
}

/// Vectors: `Vector` names known instructions, quads, pairs and slots, lanes that exist, and
/// globals of four slots; the same instructions as runtime instructions have their operands among
/// those of the function.
#[cfg(feature = "simd")]
#[test]
fn rule_vectors() {
    use ArtifactErrorKind::{Instruction, Slot, TypeMismatch};
    let shuffle = |lane: u8| [&[13, 0, 0, 0, FIRST][..], &[lane; 16]].concat();
    // i8x16.add, a copy, v128.load, i64x2.splat, i8x16.extract_lane_s, v128.store8_lane,
    // i8x16.shuffle.
    for operands in [
        &[110, 0, 0, 0, FIRST][..],
        &[0, 2, FIRST + 2, 0],
        &[0, 0, 0, LAST, 0, 0, 0, 0],
        &[18, 0, 0, FIRST + 4],
        &[21, 0, LAST, FIRST + 2, 15],
        &[88, 0, LAST, 0, 15, 0, 0, 0, 0],
        &shuffle(31),
    ] {
        accepted(0, &[(Vector, operands), (Ret, &[])]);
    }
    for operands in [
        &[110, 0, 1, 0, FIRST][..],
        &[110, 0, 0, H, FIRST],
        &[110, 0, 0, 0, FIRST + 3],
        &[0, 2, FIRST - 1, 0],
        &[0, 0, 0, END, 0, 0, 0, 0],
        &[18, 0, 0, LAST],
        &[21, 0, H, FIRST, 15],
        &[88, 0, FIRST, LAST, 15, 0, 0, 0, 0],
        &[0, 2, u8::MAX, 0],
    ] {
        refused("slots of vectors", 0, &[(Vector, operands), (Ret, &[])], Slot);
    }
    for operands in [
        &[154, 0, 0, 0, FIRST][..],
        &[20, 1, 0, 0, FIRST],
        &[3, 2, 0, 0],
        &[21, 0, LAST, FIRST, 16],
        &[88, 0, LAST, 0, 16, 0, 0, 0, 0],
        &shuffle(32),
        &[12, 0, 0, 1, 2, 3],
    ] {
        refused("vector instructions", 0, &[(Vector, operands)], Instruction);
    }
    // Global 0 has one slot, global 2 two.
    for global in [0, 2] {
        refused("globals", 0, &[(Vector, &[1, 2, 0, global, 0]), (Ret, &[])], TypeMismatch);
        refused("globals", 0, &[(Vector, &[2, 2, 0, global, 0]), (Ret, &[])], TypeMismatch);
    }
    // v128.not and i8x16.add on stack slots: the second needs eight.
    accepted(0, &[(Runtime, &[0xfd, FIRST + 4, 0, 77]), (Ret, &[])]);
    for (top, code) in [(FIRST + 3, 77), (END + 1, 77), (END, 110)] {
        refused("runtime", 0, &[(Runtime, &[0xfd, top, 0, code]), (Ret, &[])], Slot);
    }
    refused("runtime", 0, &[(Runtime, &[0xfd, END, 0, 0x9a, 1]), (Ret, &[])], Instruction);
}

/// A loop without a meter, and a chain of branches, take no time when they are verified, and are
/// stopped when they run.
#[test]
fn rule_time() {
    let many: Vec<(RegOp, &[u8])> =
        (0..200_000).map(|_| (BrNzA, &[3, 0][..])).chain([(Ret, &[][..])]).collect();
    let start = std::time::Instant::now();
    accepted(0, &many);
    // And all to one far place.
    let far: Vec<[u8; 2]> = (0..10_000u16).map(|i| (30_000 - 3 * i).to_le_bytes()).collect();
    let ops: Vec<(RegOp, &[u8])> =
        far.iter().map(|distance| (BrNzA, &distance[..])).chain([(Ret, &[][..])]).collect();
    accepted(0, &ops);
    assert!(start.elapsed().as_secs() < 20);
    accepted(0, &[(Meter, &[]), (Br, &[0xff, 0xff])]);
}

/// Not a rule, but what they rest on: a file that says version 2 was made for these operations.
#[test]
fn operations_are_those_of_the_version() {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    // Vectors are a feature that the header names.
    for op in RegOp::ALL.iter().filter(|&&op| op as u8 != 0xff) {
        format!("{op:?}").bytes().for_each(&mut add);
        op.operands().for_each(|kind| add(kind as u8));
    }
    assert_eq!(hash, OPERATIONS, "the table of register instructions has changed: if a release had the one before, raise VERSION in src/code/fast/precompiled.rs and docs/precompiled-module.md; check that the verifier knows what is new");
}

/// A hash of the table of operations in version 2.
const OPERATIONS: u64 = 0x31a6_d384_6905_b26d;
