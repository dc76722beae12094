//! Criterion: for every rule of the verifier (docs/precompiled-module.md) a file that breaks it is refused.

use crate::forge::{self, code, kind, load, survives, Aligned, Func, OVERHEAD};
use zonda::{ArtifactErrorKind, Engine, Error, Mode, Module};
use zonda_exec::fast::RegOp::{self, *};

/// Types 0 to 6, one function imported (0), one defined (1) of a type.
fn module(ty: u32) -> Vec<u8> {
    wat::parse_str(format!(
        "(module
            (type (func)) (type (func (param i32) (result i32))) (type (func (param i64) (result i64))) (type (func (result i32 i32 i32)))
            (type (func (param i32 i32 i32))) (type (func)) (type (func (result f32)))
            (import \"env\" \"host\" (func (type 3)))
            (func (export \"run\") (type {ty}) unreachable)
            (func (type 3) unreachable)
            (table 1 funcref) (table 1 externref)
            (memory 1)
            (global (mut i32) (i32.const 0)) (global i32 (i32.const 0)) (global (mut i64) (i64.const 0))
            (elem func 0) (elem externref) (data \"x\"))"
    ))
    .unwrap()
}

/// Slots of parameters and results of the types.
const TYPES: [(u16, u16); 7] = [(0, 0), (1, 1), (2, 2), (0, 3), (3, 0), (0, 0), (0, 1)];
/// Locals of the function, and its operands.
const LOCALS: u16 = 4;
const OPERANDS: u16 = 6;
/// Its first slot of operands.
const FIRST: u8 = LOCALS as u8 + OVERHEAD as u8;
/// Behind the last one.
const END: u8 = FIRST + OPERANDS as u8;

/// The function of this type with this code, and a second one.
fn forged(ty: u16, code: Vec<u8>) -> Vec<u8> {
    forge::file(&module(ty.into()), &funcs(ty, code))
}

fn funcs(ty: u16, code: Vec<u8>) -> [Func; 2] {
    let (params, results) = TYPES[ty as usize];
    // Equal types are one.
    let canonical = if ty == 5 { 0 } else { ty };
    [
        Func::new(canonical, (params, LOCALS, results), OPERANDS, code),
        Func::new(3, (0, 0, 3), 4, forge::code(&[(Unreachable, &[])])),
    ]
}

/// The file is refused for this reason, at this operation of the code.
#[track_caller]
fn refused(rule: &str, ty: u16, ops: &[(RegOp, &[u8])], expected: ArtifactErrorKind) {
    refused_code(rule, ty, code(ops), expected);
}

#[track_caller]
fn refused_code(rule: &str, ty: u16, code: Vec<u8>, expected: ArtifactErrorKind) {
    let file = forged(ty, code);
    let [_, _, section] = forge::parts(&file);
    match Module::new(&Engine::new(Mode::Fast), Aligned::new(&file).bytes()) {
        Err(Error::Artifact(error)) => {
            assert_eq!(error.kind, expected, "rule: {rule}");
            assert!(section.contains(&(error.offset as usize)), "rule: {rule}: {}", error.offset);
        }
        other => panic!("rule: {rule}: {:?}", other.err()),
    }
}

#[track_caller]
fn accepted(ty: u16, ops: &[(RegOp, &[u8])]) {
    let file = Aligned::new(&forged(ty, code(ops)));
    assert_eq!(load(file.bytes()), Ok(()), "{ops:?}");
    survives(&file);
}

const LAST: u8 = END - 1;
const H: u8 = LOCALS as u8;

#[test]
fn rule_operations_are_known_and_complete() {
    use ArtifactErrorKind::Instruction;
    refused_code("unknown", 0, vec![RegOp::ALL.len() as u8, Ret as u8], Instruction);
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
            || kinds.is_empty()
        {
            continue;
        }
        // Good operands: slots of locals, distances to the next operation, global 0 or, for pairs, 2.
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

#[test]
fn rule_a_function_ends() {
    use ArtifactErrorKind::Flow;
    for (op, operands) in [
        (Get, &[0][..]),
        (Meter, &[]),
        (BrNzA, &[0, 0]),
        (Call, &[2, 0, FIRST]),
        (Clz, &[]),
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
    for (op, operands) in [(Unreachable, &[][..]), (Ret, &[]), (Br, &[0xff, 0xff])] {
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
fn rule_calls_have_their_slots() {
    use ArtifactErrorKind::{Slot, UnknownFunc};
    // Function 0 is imported, 2 is defined; both give three.
    for (good, bad) in [(Call, CallImport), (CallImport, Call)] {
        let func = if good == Call { 2 } else { 0 };
        accepted(0, &[(good, &[func, 0, FIRST]), (Ret, &[])]);
        accepted(0, &[(good, &[func, 0, END - 3]), (Ret, &[])]);
        for args in [0, H - 1, H, FIRST - 1, END - 2, END - 1, END, 255] {
            refused(
                &format!("{good:?} with slot {args}"),
                0,
                &[(good, &[func, 0, args]), (Ret, &[])],
                Slot,
            );
        }
        let file = forged(0, code(&[(bad, &[func, 0, FIRST]), (Ret, &[])]));
        assert!(load(&file).is_err(), "{bad:?} of function {func}");
        for (low, high) in [(3, 0), (0, 1), (0xff, 0xff)] {
            let file = forged(0, code(&[(good, &[low, high, FIRST]), (Ret, &[])]));
            assert!(load(&file).is_err(), "{good:?} of function {low} {high}");
        }
    }
    // Without parameters and results there is one slot to look at: the function itself, of type 0.
    accepted(0, &[(Call, &[1, 0, LAST]), (Ret, &[])]);
    refused("call with nothing, behind the frame", 0, &[(Call, &[1, 0, END]), (Ret, &[])], Slot);
    // Parameters.
    accepted(4, &[(Call, &[1, 0, END - 3]), (Ret, &[])]);
    refused("parameters behind the frame", 4, &[(Call, &[1, 0, END - 2]), (Ret, &[])], Slot);
    // The same as `slow`.
    accepted(0, &[(Runtime, &[0x10, FIRST, 0, 2]), (Ret, &[])]);
    accepted(0, &[(Runtime, &[0x10, FIRST, 0, 0]), (Ret, &[])]);
    refused(
        "slow call of a function that is not there",
        0,
        &[(Runtime, &[0x10, FIRST, 0, 3]), (Ret, &[])],
        UnknownFunc,
    );
    refused(
        "slow call with results behind the frame",
        0,
        &[(Runtime, &[0x10, END - 2, 0, 2]), (Ret, &[])],
        Slot,
    );
    refused(
        "slow call with parameters in the header",
        4,
        &[(Runtime, &[0x10, FIRST + 2, 0, 1]), (Ret, &[])],
        Slot,
    );
    refused("slow call below slot 0", 4, &[(Runtime, &[0x10, 2, 0, 1]), (Ret, &[])], Slot);
}

#[test]
fn rule_tail_calls_return_what_the_function_returns() {
    use ArtifactErrorKind::{Slot, TypeMismatch, UnknownFunc, UnknownTable, UnknownType};
    accepted(3, &[(Runtime, &[0x12, FIRST, 0, 2])]);
    accepted(3, &[(Runtime, &[0x13, FIRST + 1, 0, 3, 0]), (RetN, &[FIRST, 0, 3, 0])]);
    accepted(3, &[(Runtime, &[0x12, FIRST, 0, 0]), (RetN, &[FIRST, 0, 3, 0])]);
    refused(
        "tail call of an imported function, and nothing behind it",
        3,
        &[(Runtime, &[0x12, FIRST, 0, 0])],
        ArtifactErrorKind::Flow,
    );
    refused(
        "its results behind the frame",
        3,
        &[(Runtime, &[0x12, END - 2, 0, 0]), (RetN, &[FIRST, 0, 3, 0])],
        Slot,
    );
    refused("tail call of nothing", 3, &[(Runtime, &[0x12, FIRST, 0, 3])], UnknownFunc);
    refused("tail call with other results", 0, &[(Runtime, &[0x12, FIRST, 0, 2])], TypeMismatch);
    refused(
        "tail call with other results of one slot",
        6,
        &[(Runtime, &[0x13, FIRST + 2, 0, 1, 0]), (RetA, &[])],
        TypeMismatch,
    );
    refused(
        "indirect tail call of no type",
        3,
        &[(Runtime, &[0x13, FIRST + 1, 0, 7, 0]), (Unreachable, &[])],
        UnknownType,
    );
    refused(
        "indirect tail call through no table",
        3,
        &[(Runtime, &[0x13, FIRST + 1, 0, 3, 2]), (Unreachable, &[])],
        UnknownTable,
    );
    refused(
        "indirect tail call through a table of others",
        3,
        &[(Runtime, &[0x13, FIRST + 1, 0, 3, 1]), (Unreachable, &[])],
        TypeMismatch,
    );
    refused(
        "results behind the frame",
        3,
        &[(Runtime, &[0x13, END - 1, 0, 3, 0]), (RetN, &[FIRST, 0, 3, 0])],
        Slot,
    );
    refused(
        "element in the header",
        3,
        &[(Runtime, &[0x13, FIRST, 0, 3, 0]), (RetN, &[FIRST, 0, 3, 0])],
        Slot,
    );
}

#[test]
fn rule_slow_operations_name_what_is_there() {
    use ArtifactErrorKind::*;
    let three = FIRST + 3;
    // Code, immediates, operands taken and given, and for each immediate what does not exist, with the reason.
    let zero = [0u8];
    let good: &[(&[u8], u8, u8)] = &[
        (&[0x11, 3, 0], 1, 3),
        (&[0x3f, 0], 0, 1),
        (&[0x40, 0], 1, 1),
        (&[0xfc, 8, 0, 0], 3, 0),
        (&[0xfc, 9, 0], 0, 0),
        (&[0xfc, 10, 0, 0], 3, 0),
        (&[0xfc, 11, 0], 3, 0),
        (&[0xfc, 12, 0, 0], 3, 0),
        (&[0xfc, 12, 1, 1], 3, 0),
        (&[0xfc, 13, 1], 0, 0),
        (&[0xfc, 14, 1, 1], 3, 0),
        (&[0xfc, 16, 1], 0, 1),
    ];
    let operation = |bytes: &[u8], top: u8| [&[bytes[0], top, 0], &bytes[1..]].concat();
    for &(bytes, taken, given) in good {
        let most = taken.max(given);
        for (top, is_good) in [
            (FIRST + taken, true),
            (END - most + taken, true),
            (END - most + taken + 1, false),
            (0, false),
            (255, false),
        ] {
            // With no operands `u` may be where they would begin and end.
            let file = forged(0, code(&[(Runtime, &operation(bytes, top)), (Ret, &[])]));
            assert_eq!(kind(load(&file)), (!is_good).then_some(Slot), "{bytes:x?} below {top}");
            if is_good {
                survives(&Aligned::new(&file));
            }
        }
        if taken != 0 {
            refused(
                &format!("{bytes:x?} in the header"),
                0,
                &[(Runtime, &operation(bytes, FIRST + taken - 1)), (Ret, &[])],
                Slot,
            );
        }
    }
    let bad: &[(&[u8], ArtifactErrorKind)] = &[
        (&[0x11, 7, 0], UnknownType),
        (&[0x11, 0, 2], UnknownTable),
        (&[0x11, 0, 1], TypeMismatch),
        (&[0x3f, 1], UnknownMemory),
        (&[0x40, 1], UnknownMemory),
        (&[0xfc, 8, 1, 0], UnknownData),
        (&[0xfc, 8, 0, 1], UnknownMemory),
        (&[0xfc, 9, 1], UnknownData),
        (&[0xfc, 10, 1, 0], UnknownMemory),
        (&[0xfc, 10, 0, 1], UnknownMemory),
        (&[0xfc, 11, 1], UnknownMemory),
        (&[0xfc, 12, 2, 0], UnknownElem),
        (&[0xfc, 12, 0, 2], UnknownTable),
        (&[0xfc, 12, 0, 1], TypeMismatch),
        (&[0xfc, 13, 2], UnknownElem),
        (&[0xfc, 14, 2, 0], UnknownTable),
        (&[0xfc, 14, 0, 2], UnknownTable),
        (&[0xfc, 14, 0, 1], TypeMismatch),
        (&[0xfc, 16, 2], UnknownTable),
        // References as values.
        (&[0x25, 0], References),
        (&[0x26, 0], References),
        (&[0xd1], References),
        (&[0xd2, 1], References),
        (&[0xfc, 15, 0], References),
        (&[0xfc, 17, 0], References),
        // What is no operation for this.
        (&[0xd0, 0x70], Instruction),
        (&[0x6a], Instruction),
        (&[0x28, 2, 0], Instruction),
        (&[0x0f], Instruction),
        (&[0xfc, 0], Instruction),
        (&[0xfc, 18], Instruction),
        (&[0x3f, 0x80, 0x80, 0x80, 0x80, 0x10], Instruction),
    ];
    for &(bytes, expected) in bad {
        refused(
            &format!("slow {bytes:x?}"),
            0,
            &[(Runtime, &operation(bytes, three)), (Ret, &[])],
            expected,
        );
    }
    let _ = zero;
}

#[test]
fn rule_loads_and_stores_have_their_operands() {
    use ArtifactErrorKind::*;
    // Code, slots taken and given.
    for (op, taken, given) in [
        (0x28u8, 1u8, 1u8),
        (0x29, 1, 2),
        (0x2b, 1, 2),
        (0x35, 1, 2),
        (0x36, 2, 0),
        (0x37, 3, 0),
        (0x39, 3, 0),
        (0x3e, 3, 0),
    ] {
        let most = taken.max(given);
        for (top, good) in [
            (FIRST + taken - 1, false),
            (FIRST + taken, true),
            (END - most + taken, true),
            (END - most + taken + 1, false),
        ] {
            let file = forged(0, code(&[(Memory, &[op, top, 0, 0, 0]), (Ret, &[])]));
            assert_eq!(kind(load(&file)), (!good).then_some(Slot), "0x{op:x} below {top}");
        }
        refused(
            "another memory",
            0,
            &[(Memory, &[op, FIRST + taken, 0, 0x40, 1, 0]), (Ret, &[])],
            UnknownMemory,
        );
        refused(
            "flags",
            0,
            &[(Memory, &[op, FIRST + taken, 0, 0x80, 1, 0]), (Ret, &[])],
            Instruction,
        );
    }
    for op in [0x27, 0x3f, 0x6a, 0xfc, 0x10] {
        refused("no load", 0, &[(Memory, &[op, FIRST + 3, 0, 0, 0]), (Ret, &[])], Instruction);
    }
    // Without a memory all accesses trap.
    let wasm = wat::parse_str("(module (func (export \"run\") unreachable))").unwrap();
    let bare = |ops: &[(RegOp, &[u8])]| {
        forge::file(&wasm, &[Func::new(0, (0, LOCALS, 0), OPERANDS, code(ops))])
    };
    assert_eq!(
        kind(load(&bare(&[(Memory, &[0x28, FIRST + 1, 0, 0, 0]), (Ret, &[])]))),
        Some(UnknownMemory)
    );
    let file = Aligned::new(&bare(&[
        (Load32S, &[0, 0]),
        (Store32SA, &[0, 0]),
        (Load64S, &[0, 0, 0]),
        (Ret, &[]),
    ]));
    assert!(survives(&file));
}

#[test]
fn rule_numeric_operations_are_known() {
    use zonda_exec::op::{prefixed_sig, sig, InstrClass};
    use ArtifactErrorKind::{Instruction, Slot};
    let mut known = 0;
    for op in 0..=255u8 {
        let (sig, numeric) = if op < 8 {
            (prefixed_sig(op), true)
        } else {
            (sig(op), sig(op).class() == InstrClass::Numeric)
        };
        for form in [Num1, Num2] {
            let operands = if form == Num1 { 2 } else { 3 };
            let good = [&[op][..], &vec![0; operands]].concat();
            let result = kind(load(&forged(0, code(&[(form, &good), (Ret, &[])]))));
            if !numeric || sig.is_binary() != (form == Num2) {
                assert_eq!(result, Some(Instruction), "{form:?} 0x{op:x}");
                continue;
            }
            if result.is_some() {
                // The loops have operations of their own for it.
                assert_eq!((result, sig.operand().slots()), (Some(Instruction), 1), "0x{op:x}");
                continue;
            }
            known += 1;
            for slot in 0..operands {
                let slots =
                    if slot == 0 { sig.value().slots() } else { sig.operand().slots() } as u8;
                for (place, is_good) in [
                    (H - slots, true),
                    (H - slots + 1, false),
                    (FIRST - 1, false),
                    (FIRST, true),
                    (END - slots, true),
                    (END - slots + 1, false),
                ] {
                    let mut bytes = good.clone();
                    bytes[1 + slot] = place;
                    let result = kind(load(&forged(0, code(&[(form, &bytes), (Ret, &[])]))));
                    assert_eq!(
                        result,
                        (!is_good).then_some(Slot),
                        "{form:?} 0x{op:x}, slot {place}"
                    );
                }
            }
        }
    }
    assert!(known > 80, "{known}");
    for op in [I64ShlK, I64ShrSK, I64ShrUK, I64RotlK] {
        accepted(0, &[(op, &[0, 63, 0]), (Ret, &[])]);
        refused("distance", 0, &[(op, &[0, 64, 0]), (Ret, &[])], Instruction);
        refused("distance", 0, &[(op, &[0, 0xff, 0]), (Ret, &[])], Instruction);
    }
}

#[test]
fn rule_globals_exist_and_have_their_width() {
    use ArtifactErrorKind::{ImmutableGlobal, TypeMismatch, UnknownGlobal};
    accepted(
        0,
        &[
            (GlobalGet, &[1, 0]),
            (GlobalSet, &[0, 0]),
            (GlobalGetW, &[2, 0, 0]),
            (GlobalSetW, &[0, 2, 0]),
            (GlobalGetD, &[1, 0, 0]),
            (Ret, &[]),
        ],
    );
    for (op, operands, expected) in [
        (GlobalGet, &[3u8, 0][..], UnknownGlobal),
        (GlobalGet, &[0, 1], UnknownGlobal),
        (GlobalGetD, &[3, 0, 0], UnknownGlobal),
        (GlobalSet, &[0xff, 0xff], UnknownGlobal),
        (GlobalGetW, &[3, 0, 0], UnknownGlobal),
        (GlobalSetW, &[0, 3, 0], UnknownGlobal),
        (GlobalGet, &[2, 0], TypeMismatch),
        (GlobalGetD, &[2, 0, 0], TypeMismatch),
        (GlobalSet, &[2, 0], TypeMismatch),
        (GlobalGetW, &[0, 0, 0], TypeMismatch),
        (GlobalSetW, &[0, 0, 0], TypeMismatch),
        (GlobalSet, &[1, 0], ImmutableGlobal),
    ] {
        refused(&format!("{op:?} {operands:?}"), 0, &[(op, operands), (Ret, &[])], expected);
    }
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

#[test]
fn rule_records_are_those_of_the_types() {
    let good = funcs(1, code(&[(RetA, &[])]));
    let module = module(1);
    assert_eq!(load(&forge::file(&module, &good)), Ok(()));
    // Function 5 has the type that is equal to 0; its record says 0.
    assert_eq!(load(&forged(5, code(&[(Ret, &[])]))), Ok(()));
    let check = |rule: &str, change: &dyn Fn(&mut Func)| {
        let mut funcs = good.clone();
        change(&mut funcs[0]);
        assert_eq!(
            kind(load(&forge::file(&module, &funcs))),
            Some(ArtifactErrorKind::Record),
            "rule: {rule}"
        );
    };
    check("parameters", &|func| func.params = 0);
    check("parameters", &|func| func.params = 2);
    check("results", &|func| func.results = 0);
    check("results", &|func| func.results = 2);
    check("type", &|func| func.type_index = 0);
    check("type", &|func| func.type_index = 6);
    check("type", &|func| func.type_index = 0xffff);
    check("locals are the parameters at least", &|func| func.locals = 0);
    check("most locals", &|func| (func.locals, func.frame) = (32_768, 40_000));
    check("no operand", &|func| func.frame = u32::from(LOCALS + OVERHEAD - 1));
    check("no operand", &|func| func.frame = 0);
    check("most slots", &|func| func.frame = 131_071);
    check("most slots", &|func| func.frame = u32::MAX);
    check("code", &|func| func.code = vec![]);
    let mut one = good.clone();
    one[0].frame = 131_070;
    assert_eq!(load(&forge::file(&module, &one)), Ok(()));
    assert_eq!(kind(load(&forge::file(&module, &good[..1]))), Some(ArtifactErrorKind::Record));
    assert_eq!(
        kind(load(&forge::file(&module, &[&good[..], &good[..1]].concat()))),
        Some(ArtifactErrorKind::Record)
    );
    // Where code begins.
    let file = forge::file(&module, &good);
    let [_, records, section] = forge::parts(&file);
    for (function, at) in [
        (0, 1),
        (1, 0),
        (1, 2),
        (1, section.len() as u32 - 8),
        (1, section.len() as u32),
        (1, u32::MAX),
    ] {
        let mut file = file.clone();
        let place = records.start + 16 * function + 12;
        file[place..place + 4].copy_from_slice(&u32::to_le_bytes(at));
        assert!(load(&file).is_err(), "function {function} at {at}");
    }
    // The guard.
    for at in section.end - 8..section.end {
        let mut file = file.clone();
        file[at] = 1;
        assert_eq!(kind(load(&file)), Some(ArtifactErrorKind::Layout));
    }
    let module_part = forge::parts(&file)[0].clone();
    assert_eq!(
        kind(load(&forge::sections([&file[module_part], &file[records], &[0; 7]]))),
        Some(ArtifactErrorKind::Layout)
    );
}

#[test]
fn rule_no_references_as_values() {
    for text in [
        "(module (type (func (param funcref))) (func unreachable))",
        "(module (type (func (result externref))) (func unreachable))",
        "(module (global funcref (ref.null func)) (func unreachable))",
        "(module (import \"a\" \"b\" (global (mut externref))) (func unreachable))",
    ] {
        let wasm = wat::parse_str(text).unwrap();
        let func =
            Func::new(if text.contains("type") { 1 } else { 0 }, (0, 0, 0), 2, code(&[(Ret, &[])]));
        assert_eq!(
            kind(load(&forge::file(&wasm, &[func]))),
            Some(ArtifactErrorKind::References),
            "{text}"
        );
    }
}

/// A loop without a meter, and a chain of branches, take no time when they are verified, and are stopped when they run.
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
    for op in RegOp::ALL {
        format!("{op:?}").bytes().for_each(&mut add);
        op.operands().for_each(|kind| add(kind as u8));
    }
    assert_eq!(hash, OPERATIONS, "the table of register instructions has changed: if a release had the one before, raise VERSION in src/code/fast/precompiled.rs and docs/precompiled-module.md; check that the verifier knows what is new");
}

/// A hash of the table of operations in version 2.
const OPERATIONS: u64 = 0xe7fe_ff45_1320_75fa;
