//! Numeric instructions, constants, locals and globals.

use super::*;
use crate::numeric;
use crate::side_table::TWO_SLOTS;
use crate::testing::{is_nan, numeric_edges, numeric_sig, FLOATS, INTEGERS, RELATIONS};
use crate::GlobalRef;

type Two = fn(u32, u32) -> u32;

macro_rules! words {
    ($($code:literal $op:ident $text:literal $method:ident $arity:ident $a:ident $r:ident $f:ident;)*) => {
        &[$(($code, words!(@ $arity $f)),)*]
    };
    (@ unop $f:ident) => { (true, |a, _| numeric::$f(a)) };
    (@ binop $f:ident) => { (false, |a, b| numeric::$f(a, b)) };
}

#[test]
fn instructions_on_i32_compute_what_webassembly_says() {
    let words: &[(u8, (bool, Two))] = crate::word_ops! { words };
    let mut noise = Noise(1);
    for &(opcode, (is_unary, f)) in words {
        for a in noise.values() {
            for b in noise.values() {
                let operands: &[u8] =
                    if is_unary { &[LocalGet, 0] } else { &[LocalGet, 0, LocalGet, 1] };
                let body = body().op(operands).op(&[opcode, LocalGet, 0, I32Sub, End]);
                let expected = f(a, b).wrapping_sub(a);
                assert_eq!(run(body.function(2, 2, 1), &[a, b]), Ok(vec![expected]), "{opcode:#x}");
            }
        }
    }
}

#[test]
fn numeric_instructions_out_of_the_loop() {
    let mut noise = Noise(2);
    for &opcode in RELATIONS.iter().chain(INTEGERS).chain(FLOATS) {
        let sig = numeric_sig(opcode);
        // The loop leaves the saturating truncations to the runtime.
        let Ok(byte) = u8::try_from(opcode) else { continue };
        let slots = sig.operand().slots() as usize;
        let results = sig.value().slots() as usize;
        let values = numeric_edges(&mut noise);
        for &high in &values {
            for &other in values.iter().step_by(3) {
                let args = [noise.next(), high, [high, other][other as usize % 2], other];
                let first: &[u8] =
                    if slots == 2 { &[LocalGet, 0, LocalGet, 1] } else { &[LocalGet, 1] };
                let second: &[u8] =
                    if slots == 2 { &[LocalGet, 2, LocalGet, 3] } else { &[LocalGet, 3] };
                let body = body().op(first).op(if sig.is_binary() { second } else { &[] });
                let at = body.code.len();
                let got = run(body.op(&[byte, End]).function(4, 4, results as u16), &args);
                let mut expected = vec![0; 2];
                // SAFETY: the operands and the result have their slots.
                let trap = unsafe {
                    numeric::on_slots(
                        opcode,
                        expected.as_mut_ptr(),
                        args.as_ptr().add(2 - slots),
                        args.as_ptr().add(4 - slots),
                    )
                };
                expected.truncate(results);
                match TrapCode::from_code(trap) {
                    // Which NaN an instruction makes is left open.
                    None if is_nan(sig, &expected) => assert!(is_nan(sig, &got.unwrap())),
                    None => assert_eq!(got, Ok(expected), "{opcode:#x} {args:x?}"),
                    Some(trap) => assert_eq!(got, Err((trap, 0, at)), "{opcode:#x} {args:x?}"),
                }
            }
        }
    }
}

#[test]
fn constants_of_each_length() {
    for value in [0, -1, 63, -64, 64, -65, 8191, 8192, 0xf_ffff, 0x7ff_ffff, i32::MAX, i32::MIN] {
        let body = body().i32_const(value).op(&[End]);
        assert_eq!(run(body.function(0, 0, 1), &[]), Ok(vec![value as u32]));
        let long = (value as i64) << 30 | 5;
        let body = super::body().op(&[I64Const]).leb(long).op(&[End]);
        assert_eq!(run(body.function(0, 0, 2), &[]), Ok(vec![long as u32, (long >> 32) as u32]));
    }
    let body = body().op(&[F32Const, 1, 2, 3, 4, F64Const, 5, 6, 7, 8, 9, 10, 11, 12, End]);
    let expected = vec![0x0403_0201, 0x0807_0605, 0x0c0b_0a09];
    assert_eq!(run(body.function(0, 0, 3), &[]), Ok(expected));
}

#[test]
fn locals_that_are_narrow() {
    // Parameters 0 and 1, local 2 is 0.
    let body = body().op(&[LocalGet, 0, LocalTee, 2, LocalSet, 1, LocalGet, 1, LocalGet, 2, End]);
    assert_eq!(run(body.function(2, 3, 2), &[5, 6]), Ok(vec![5, 5]));
    let body = super::body().op(&[LocalGet, 2, End]);
    assert_eq!(run(body.function(2, 3, 1), &[5, 6]), Ok(vec![0]));
}

/// Locals of the types i32, i64, i32, f64: what the code does with each.
fn mapped(function: &mut Function) -> &[u8] {
    function.narrow = 1;
    // An index of five bytes, as linkers write it.
    &[
        LocalGet, 1, LocalTee, 3, LocalSet, 0x81, 0x80, 0x80, 0x80, 0, LocalGet, 2, LocalSet, 0,
        LocalGet, 0, LocalGet, 3, LocalGet, 1, End,
    ]
}

#[test]
fn locals_with_a_map() {
    let mut function = Function::new(6, 6, 5, 16, Vec::new());
    function.code = mapped(&mut function).to_vec();
    // Backwards: for each local its slot, and whether it has two.
    function.map = vec![4 | TWO_SLOTS, 3, 1 | TWO_SLOTS, 0];
    let args = [1, 20, 21, 3, 40, 41];
    assert_eq!(run(function.clone(), &args), Ok(vec![3, 20, 21, 20, 21]));
    // The same in groups: their number, then each with its first local and slot.
    function.grouped = true;
    function.map = vec![4 | TWO_SLOTS, 3, 3, 2, 1 | TWO_SLOTS, 1, 0, 0, 4];
    assert_eq!(run(function, &args), Ok(vec![3, 20, 21, 20, 21]));
    // A local behind the first one of its group.
    let mut function = Function::new(6, 6, 2, 16, vec![LocalGet, 2, End]);
    (function.narrow, function.grouped) = (0, true);
    function.map = vec![TWO_SLOTS, 0, 1];
    assert_eq!(run(function, &args), Ok(vec![40, 41]));
}

#[test]
fn globals_of_one_slot_and_of_two() {
    let body = body()
        .op(&[GlobalGet, 1, GlobalGet, 0x80, 0x80, 0x80, 0x80, 0])
        .op(&[LocalGet, 0, GlobalSet, 1, LocalGet, 0, LocalGet, 1, GlobalSet, 0, End]);
    let mut world = classic(vec![body.function(2, 2, 3)]);
    world.cells = vec![0x2222_2222_1111_1111, 0x7777_7777_3333_3333];
    let cells = world.cells.as_mut_ptr().cast::<u32>();
    world.globals = vec![GlobalRef::new(cells, 2), GlobalRef::new(cells.wrapping_add(2), 1)];
    assert_eq!(world.call(0, &[5, 6]), Ok(vec![0x3333_3333, 0x1111_1111, 0x2222_2222]));
    assert_eq!(world.cells, [0x6_0000_0005, 0x7777_7777_0000_0005]);
}
