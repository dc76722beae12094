//! Numeric register instructions compute what WebAssembly says (docs/register-bytecode.md).

use super::*;
use crate::fast::op::Test;
use crate::frame::{read64, write64};
use crate::testing::{is_nan, numeric_edges, numeric_sig, FLOATS, INTEGERS, RELATIONS};

type One = fn(u32) -> u32;
type TwoPairs = fn(u64, u64) -> u64;

#[test]
fn instructions_on_two_slots_compute_what_webassembly_says() {
    let mut noise = Noise(1);
    let mut seen = 0;
    for &op in RegOp::ALL {
        let name = format!("{op:?}");
        let Some((f, form, to)) = parse(&name) else { continue };
        seen += 1;
        for a in noise.values() {
            for b in noise.values() {
                let k = noise.next() as i8;
                let k = if k % 3 == 0 { b as i8 } else { k };
                // In each form one of the operands is `a` and the other `b`.
                let acc = if form.starts_with('A') { a } else { b };
                let slots = if form.starts_with('S') { [a, b] } else { [b, a] };
                let (mut operands, [x, y]) = form_operands(form, acc, slots, k, b);
                let before = code().op(Get, &[0]);
                let at = before.len();
                if to {
                    operands.push(3);
                }
                let body = before.op(op, &operands).op(Set, &[4]).op(RetN, &[3, 2]);
                let got = run(function(4, 5, 2, 0, body), &[acc, slots[0], slots[1], 77]);
                let expected = match f(x, y) {
                    Ok(value) => Ok(vec![if to { value } else { 77 }, value]),
                    Err(trap) => Err((trap, 0, at)),
                };
                assert_eq!(got, expected, "{name} {x:#x} {y:#x}");
            }
        }
    }
    assert!(seen >= 83);
}

#[test]
fn instructions_on_one_slot_compute_what_webassembly_says() {
    let table: &[(RegOp, One)] = &[
        (Clz, numeric::i32_clz),
        (Ctz, numeric::i32_ctz),
        (Ext8S, numeric::i32_extend8_s),
        (Ext16S, numeric::i32_extend16_s),
        (Ext16SD, numeric::i32_extend16_s),
        (Zext8, |a| a & 0xff),
        (Zext8D, |a| a & 0xff),
        (Zext16, |a| a & 0xffff),
    ];
    for &(op, f) in table {
        for a in Noise(3).values() {
            let to: &[i64] = if op.operands().next().is_some() { &[1] } else { &[] };
            let body = code().op(Get, &[0]).op(op, to).op(Set, &[2]).op(RetN, &[1, 2]);
            assert_eq!(
                run(function(2, 3, 2, 0, body), &[a, 77]),
                Ok(vec![if to.is_empty() { 77 } else { f(a) }, f(a)]),
                "{op:?} {a:#x}"
            );
        }
    }
    for (op, mask) in [(Zext8S, 0xff), (Zext16S, 0xffff)] {
        for a in Noise(3).values() {
            let to = RegOp::ALL[op as usize + 1];
            let body = code()
                .op(op, &[0])
                .op(Set, &[2])
                .op(Const8, &[1])
                .op(to, &[0, 1])
                .op(RetN, &[1, 2]);
            assert_eq!(
                run(function(2, 3, 2, 0, body), &[a, 77]),
                Ok(vec![a & mask, a & mask]),
                "{op:?} {a:#x}"
            );
        }
    }
    let body = code().op(AddInc, &[0, -3]).op(Set, &[1]).op(RetN, &[0, 2]);
    assert_eq!(run(function(2, 2, 2, 0, body), &[1, 77]), Ok(vec![-2i32 as u32, -2i32 as u32]));
}

#[test]
fn numeric_instructions_are_those_of_webassembly() {
    let mut noise = Noise(5);
    for &wasm in RELATIONS.iter().chain(INTEGERS).chain(FLOATS) {
        let sig = numeric_sig(wasm);
        let values = numeric_edges(&mut noise);
        for &high in &values {
            for &other in &values {
                let low = noise.next();
                // A pair at 0, one at 2, the result at 4; some in the place of an operand.
                let slots = [[low, high], [other, low], [high, other]][low as usize % 3];
                let second = [high, other];
                let to = [0, 4, 4][noise.next() as usize % 3];
                let operands = [wasm as i64, to, 0, 2];
                let (op, count) = if sig.is_binary() { (Num2, 4) } else { (Num1, 3) };
                let body = code()
                    .op(Const8, &[5])
                    .op(op, &operands[..count])
                    .op(Set, &[6])
                    .op(RetN, &[0, 7]);
                let args = [slots[0], slots[1], second[0], second[1], 77, 78, 0];
                let got = run(function(7, 7, 7, 0, body), &args);
                let mut expected = args;
                expected[6] = 5;
                // SAFETY: the operands are there.
                let trap = unsafe {
                    numeric::on_slots(
                        wasm,
                        expected.as_mut_ptr().add(to as usize),
                        args.as_ptr(),
                        args.as_ptr().add(2),
                    )
                };
                match TrapCode::from_code(trap) {
                    // The specification leaves open which NaN it is.
                    None if expected != got.as_ref().unwrap()[..]
                        && is_nan(sig, &expected[to as usize..]) =>
                    {
                        assert!(is_nan(sig, &got.unwrap()[to as usize..]), "{wasm:#x} {args:x?}")
                    }
                    None => assert_eq!(got, Ok(expected.to_vec()), "{wasm:#x} {args:x?}"),
                    Some(trap) => assert_eq!(got, Err((trap, 0, 2)), "{wasm:#x} {args:x?}"),
                }
            }
        }
    }
}

#[test]
fn instructions_on_pairs() {
    let fs: [(RegOp, TwoPairs); 10] = [
        (I64Add, numeric::i64_add),
        (I64Sub, numeric::i64_sub),
        (I64Mul, numeric::i64_mul),
        (I64And, numeric::i64_and),
        (I64Or, numeric::i64_or),
        (I64Xor, numeric::i64_xor),
        (I64ShlK, numeric::i64_shl),
        (I64ShrSK, numeric::i64_shr_s),
        (I64ShrUK, numeric::i64_shr_u),
        (I64RotlK, numeric::i64_rotl),
    ];
    let mut noise = Noise(6);
    for (op, f) in fs {
        let by_constant = op.operands().nth(1) == Some(Kind::I8);
        for a in noise.values() {
            let args = [noise.next(), a, a, noise.next(), 1, 2];
            let k = (a % 64) as i64;
            // Also where the result overlaps an operand halfway.
            for to in [4, 1] {
                let body =
                    code().op(op, &[0, if by_constant { k } else { 2 }, to]).op(RetN, &[0, 6]);
                let mut expected = args;
                // SAFETY: all are pairs of the array.
                unsafe {
                    let second = if by_constant { k as u64 } else { read64(args.as_ptr().add(2)) };
                    write64(
                        expected.as_mut_ptr().add(to as usize),
                        f(read64(args.as_ptr()), second),
                    );
                }
                assert_eq!(run(function(6, 6, 6, 0, body), &args), Ok(expected.to_vec()), "{op:?}");
            }
        }
    }
}

/// What a test holds for, as the comparison of WebAssembly with this opcode says.
fn holds(test: Test, wide: bool, a: u64, b: u64) -> bool {
    let (first, at, opposite) = match test {
        Test::Eq => (0x51, 0, false),
        Test::Ne => (0x51, 1, false),
        Test::LtS => (0x51, 2, false),
        Test::LtU => (0x51, 3, false),
        Test::GeS => (0x51, 8, false),
        Test::GeU => (0x51, 9, false),
        _ => {
            let (at, opposite) = match test {
                Test::FloatEq => (0, false),
                Test::FloatNe => (1, false),
                Test::FloatLt => (2, false),
                Test::FloatLe => (4, false),
                Test::FloatNotLt => (2, true),
                _ => (4, true),
            };
            (if wide { 0x61 } else { 0x5b }, at, opposite)
        }
    };
    let (a, b) = ([a as u32, (a >> 32) as u32], [b as u32, (b >> 32) as u32]);
    let mut result = 0;
    // SAFETY: all operands are pairs.
    let trap = unsafe { numeric::on_slots(first + at, &mut result, a.as_ptr(), b.as_ptr()) };
    assert_eq!(trap, 0);
    (result != 0) != opposite
}

#[test]
fn tests_of_i64_and_floats_hold_as_webassembly_says() {
    let mut noise = Noise(8);
    for number in 0..12 {
        let test = Test::from_code(number).unwrap();
        assert_eq!(test.opposite().opposite(), test);
        for (wide, compare, branch) in [(true, CompareW, BrW), (false, CompareS, BrS)] {
            if !Test::fits(number as i32, wide) {
                assert!(!wide || !cfg!(feature = "float"));
                continue;
            }
            let values = numeric_edges(&mut noise);
            for &high in &values {
                for &other in &values {
                    for low in [high, 0, 1].into_iter().take(if cfg!(miri) { 1 } else { 3 }) {
                        let args = [low, high, noise.next() & 1, other];
                        let (a, b) = match wide {
                            true => {
                                let args = args.as_ptr();
                                // SAFETY: both are pairs of the array.
                                unsafe { (read64(args), read64(args.add(2))) }
                            }
                            false => (high as u64, other as u64),
                        };
                        let (first, second) = if wide { (0, 2) } else { (1, 3) };
                        let operands = [number as i64, first, second];
                        let is = holds(test, wide, a, b);
                        let body = code().op(compare, &operands).op(RetA, &[]);
                        let got = run(function(4, 4, 1, 0, body), &args);
                        assert_eq!(got, Ok(vec![is as u32]), "{test:?} {wide} {a:#x} {b:#x}");
                        let taken = code()
                            .op(branch, &[operands[0], operands[1], operands[2], 9])
                            .op(Const8, &[0])
                            .op(RetA, &[])
                            .op(Const8, &[1])
                            .op(RetA, &[]);
                        let got = run(function(4, 4, 1, 0, taken), &args);
                        assert_eq!(got, Ok(vec![is as u32]), "{test:?} {wide} {a:#x} {b:#x}");
                    }
                }
            }
        }
    }
}

#[test]
fn pairs_are_compared_with_constants() {
    let mut noise = Noise(21);
    for a in noise.values().into_iter().chain([0x7f, 0xffff_ff80]) {
        for k in [0i8, 1, -1, 127, -128, a as i8] {
            for high in [0, u32::MAX, a] {
                let holds = a as u64 | (high as u64) << 32 == k as i64 as u64;
                for (number, expected) in [(0, holds), (1, !holds)] {
                    let body = code()
                        .op(BrWK, &[number, 0, k as i64, 9])
                        .op(Const8, &[0])
                        .op(RetA, &[])
                        .op(Const8, &[1])
                        .op(RetA, &[]);
                    let got = run(function(2, 2, 1, 0, body), &[a, high]);
                    assert_eq!(got, Ok(vec![expected as u32]), "{number} {a:#x} {high:#x} {k}");
                }
            }
        }
    }
}

#[test]
fn rotations_are_combined() {
    let mut noise = Noise(22);
    for a in noise.values() {
        let b = noise.next();
        for k in 0..32 {
            let body = code().op(Get, &[0]).op(XorRotrSK, &[1, k]).op(RetA, &[]);
            let expected = a ^ b.rotate_right(k as u32);
            assert_eq!(run(function(2, 2, 1, 0, body), &[a, b]), Ok(vec![expected]), "{k}");
        }
    }
}

#[test]
fn indices_are_scaled() {
    let mut noise = Noise(23);
    for a in noise.values() {
        let b = noise.next();
        let sum = (a << 2).wrapping_add(b);
        let body = code().op(Add4SS, &[0, 1, 2]).op(Set, &[3]).op(RetN, &[0, 4]);
        assert_eq!(run(function(4, 4, 4, 0, body), &[a, b, 7, 8]), Ok(vec![a, b, sum, sum]));
        let body = code().op(Add4SS, &[0, 1, 0]).op(RetN, &[0, 2]);
        assert_eq!(run(function(2, 2, 2, 0, body), &[a, b]), Ok(vec![sum, b]));
    }
}

#[test]
fn products_are_added() {
    let mut noise = Noise(11);
    for a in noise.values() {
        let (b, c) = (noise.next(), noise.next());
        let sum = a.wrapping_mul(b).wrapping_add(c);
        let before = code().op(Get, &[0]);
        let body = before.clone().op(MlaAS, &[1, 2]).op(Set, &[4]).op(RetN, &[3, 2]);
        assert_eq!(run(function(5, 5, 2, 0, body), &[a, b, c, 7, 8]), Ok(vec![7, sum]));
        let body = before.op(MlaASD, &[1, 2, 3]).op(Set, &[4]).op(RetN, &[3, 2]);
        assert_eq!(run(function(5, 5, 2, 0, body), &[a, b, c, 7, 8]), Ok(vec![sum, sum]));
    }
}

#[test]
fn halves_of_pairs() {
    let mut noise = Noise(9);
    for a in noise.values() {
        let b = noise.next();
        let pair = a as u64 | (b as u64) << 32;
        let signed = a as i32 as i64 as u64;
        let k = b as i8;
        let product = a as u64 * b as u64;
        let small = k as i64 as u64;
        for (op, operands, expected) in [
            (I64ExtUA, vec![2], a as u64),
            (I64ExtUS, vec![0, 2], a as u64),
            (I64ExtSA, vec![2], signed),
            (PutW8, vec![k as i64, 2], small),
            (I64AddK, vec![0, k as i64, 2], pair.wrapping_add(small)),
            (I64MulU, vec![0, 1, 2], product),
        ] {
            let body = code().op(Get, &[0]).op(op, &operands).op(Set, &[4]).op(RetN, &[2, 3]);
            let got = run(function(5, 5, 3, 0, body), &[a, b, 7, 8, 9]);
            let expected = vec![expected as u32, (expected >> 32) as u32, a];
            assert_eq!(got, Ok(expected), "{op:?} {a:#x} {b:#x}");
        }
        for args in [[a, b], [a, 0], [0, b], [0, 0]] {
            let body = code().op(I64Any, &[0]).op(RetA, &[]);
            assert_eq!(run(function(2, 2, 1, 0, body), &args), Ok(vec![args[0] | args[1]]));
        }
    }
}
