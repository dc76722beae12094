//! Criterion: for every rule of the verifier (docs/precompiled-module.md) about what instructions
//! name of the module, a file that breaks it is refused: functions, types, tables, memories,
//! segments, globals, numeric instructions, records, references.

use crate::forge::{self, code, kind, load, survives, Func, OVERHEAD};
use crate::rules::*;
use crate::run::Aligned;
use zonda::{ArtifactErrorKind, Error};
use zonda_exec::fast::RegOp::{self, *};

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
    // The first function that is not imported leaves nothing here, and has no return behind it.
    accepted(3, &[(Runtime, &[0x12, END - 1, 0, 1])]);
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
    // Code, immediates, operands taken and given, and for each immediate what does not exist, with
    // the reason.
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

/// Addresses and indices of 64 bits take two slots, a length as many as the narrower of both.
#[test]
#[cfg(feature = "memory64")]
fn rule_slow_operations_on_64_bit_memories_and_tables() {
    use ArtifactErrorKind::Slot;
    let wasm = wat::parse_str(
        "(module
            (type (func)) (type (func (result i32 i32 i32)))
            (func (export \"run\") (type 0) unreachable)
            (memory 1) (memory i64 1)
            (table 1 funcref) (table i64 1 funcref)
            (elem func 0) (data \"x\"))",
    )
    .unwrap();
    // Code, immediates, slots taken and given. 0 is of 32 bits, 1 of 64.
    let rows: &[(&[u8], u8, u8)] = &[
        (&[0x11, 1, 0], 1, 3),
        (&[0x11, 1, 1], 2, 3),
        (&[0x3f, 0], 0, 1),
        (&[0x3f, 1], 0, 2),
        (&[0x40, 0], 1, 1),
        (&[0x40, 1], 2, 2),
        (&[0xfc, 8, 0, 0], 3, 0),
        (&[0xfc, 8, 0, 1], 4, 0),
        (&[0xfc, 10, 0, 0], 3, 0),
        (&[0xfc, 10, 0, 1], 4, 0),
        (&[0xfc, 10, 1, 0], 4, 0),
        (&[0xfc, 10, 1, 1], 6, 0),
        (&[0xfc, 11, 0], 3, 0),
        (&[0xfc, 11, 1], 5, 0),
        (&[0xfc, 12, 0, 0], 3, 0),
        (&[0xfc, 12, 0, 1], 4, 0),
        (&[0xfc, 14, 0, 0], 3, 0),
        (&[0xfc, 14, 0, 1], 4, 0),
        (&[0xfc, 14, 1, 0], 4, 0),
        (&[0xfc, 14, 1, 1], 6, 0),
        (&[0xfc, 16, 0], 0, 1),
        (&[0xfc, 16, 1], 0, 2),
    ];
    let memory: &[(&[u8], u8, u8)] = &[
        (&[0x28, 0x40, 0, 0], 1, 1),
        (&[0x28, 0x40, 1, 0], 2, 1),
        (&[0x29, 0x40, 1, 0], 2, 2),
        (&[0x36, 0x40, 0, 0], 2, 0),
        (&[0x36, 0x40, 1, 0], 3, 0),
        (&[0x37, 0x40, 1, 0], 4, 0),
    ];
    let rows = rows.iter().map(|row| (Runtime, row)).chain(memory.iter().map(|row| (Memory, row)));
    for (op, &(bytes, taken, given)) in rows {
        let most = taken.max(given);
        for (top, is_good) in [
            (FIRST + taken, true),
            // Where it takes nothing, its results may be anywhere but in the header.
            (FIRST + taken - 1, false),
            (END - most + taken, true),
            (END - most + taken + 1, false),
        ] {
            let operation = [&[bytes[0], top, 0], &bytes[1..]].concat();
            let code = code(&[(op, &operation), (Ret, &[])]);
            let file = forge::file(&wasm, &[Func::new(0, (0, LOCALS, 0), OPERANDS, code)]);
            assert_eq!(kind(load(&file)), (!is_good).then_some(Slot), "{bytes:x?} below {top}");
        }
    }
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
            (Ret, &[]),
        ],
    );
    for (op, operands, expected) in [
        (GlobalGet, &[3u8, 0][..], UnknownGlobal),
        (GlobalGet, &[0, 1], UnknownGlobal),
        (GlobalSet, &[0xff, 0xff], UnknownGlobal),
        (GlobalGetW, &[3, 0, 0], UnknownGlobal),
        (GlobalSetW, &[0, 3, 0], UnknownGlobal),
        (GlobalGet, &[2, 0], TypeMismatch),
        (GlobalSet, &[2, 0], TypeMismatch),
        (GlobalGetW, &[0, 0, 0], TypeMismatch),
        (GlobalSetW, &[0, 0, 0], TypeMismatch),
        (GlobalSet, &[1, 0], ImmutableGlobal),
    ] {
        refused(&format!("{op:?} {operands:?}"), 0, &[(op, operands), (Ret, &[])], expected);
    }
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
        let file = forge::file(&module, &funcs);
        let Err(Error::Artifact(error)) = load(&file) else { panic!("rule: {rule}") };
        let at = forge::parts(&file)[1].start as u32;
        assert_eq!((error.kind, error.offset), (ArtifactErrorKind::Record, at), "rule: {rule}");
        // The same of the next record, where it is the next one's fault.
        let mut funcs = good.clone();
        funcs[1].results += 1;
        let Err(Error::Artifact(error)) = load(&forge::file(&module, &funcs)) else { panic!() };
        assert_eq!((error.kind, error.offset), (ArtifactErrorKind::Record, at + 16));
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
