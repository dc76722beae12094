//! Branches, returns, the meter, and functions that move their frame.

use super::*;

#[test]
fn branches_go_where_the_relation_says() {
    let mut noise = Noise(2);
    let mut seen = 0;
    for &op in RegOp::ALL {
        let name = format!("{op:?}");
        let Some(name) = name.strip_prefix("Br") else { continue };
        let zero: Option<(Two, &str, bool)> = match name {
            "NzA" => Some((|a, _| Ok((a != 0) as u32), "A", false)),
            "NzS" => Some((|a, _| Ok((a != 0) as u32), "S", false)),
            "ZA" => Some((|a, _| Ok((a == 0) as u32), "A", false)),
            "ZS" => Some((|a, _| Ok((a == 0) as u32), "S", false)),
            _ => None,
        };
        let Some((f, form, false)) = zero.or_else(|| parse(name)) else { continue };
        seen += 1;
        for a in noise.values() {
            for b in noise.values().into_iter().chain([a, a as i8 as u32]) {
                let acc = if form.starts_with('A') { a } else { b };
                let slots = if form.starts_with('S') { [a, b] } else { [b, a] };
                let (mut operands, [x, y]) = form_operands(form, acc, slots, b as i8, b);
                // Back when it holds: 9, else on: 8. The accumulator is as before.
                let before = code()
                    .op(Get, &[0])
                    .op(Br, &[13])
                    .op(Put8, &[9, 3])
                    .op(Set, &[4])
                    .op(RetN, &[3, 2]);
                operands.push(-10);
                let body =
                    before.op(op, &operands).op(Put8, &[8, 3]).op(Set, &[4]).op(RetN, &[3, 2]);
                let got = run(function(4, 5, 2, 0, body), &[acc, slots[0], slots[1], 77]);
                let expected = if f(x, y).unwrap() != 0 { 9 } else { 8 };
                assert_eq!(got, Ok(vec![expected, acc]), "{op:?} {x:#x} {y:#x}");
            }
        }
    }
    assert!(seen >= 31);
}

#[test]
fn tables_of_branches() {
    for (op, width) in [(BrTable, 2), (BrTableLong, 4)] {
        // Two targets and one for all else: each returns its number. The table starts at 2.
        let table = 1 + width + 3 * width;
        let mut operands = 2i64.to_le_bytes()[..width].to_vec();
        for i in 0..3 {
            operands.extend(&(table as i64 + i * 3).to_le_bytes()[..width]);
        }
        let operands: Vec<i64> = operands.iter().map(|&byte| byte as i64).collect();
        let body = code().op(Get, &[0]).op(op, &operands);
        let body = (0..3).fold(body, |body, i| body.op(Const8, &[10 + i]).op(RetA, &[]));
        for (index, expected) in [(0, 10), (1, 11), (2, 12), (3, 12), (u32::MAX, 12)] {
            assert_eq!(run(function(1, 1, 1, 0, body.clone()), &[index]), Ok(vec![expected]));
        }
    }
    // Targets behind.
    let body = code()
        .op(Br, &[6])
        .op(Const8, &[1])
        .op(RetA, &[])
        .op(Get, &[0])
        .op(BrTable, &[0, 0, -5, -1]);
    assert_eq!(run(function(1, 1, 1, 0, body), &[7]), Ok(vec![1]));
    let body = code().op(BrLong, &[8]).op(Const8, &[1]).op(RetA, &[]).op(BrLong, &[-3]);
    assert_eq!(run(function(0, 0, 1, 0, body), &[]), Ok(vec![1]));
}

#[test]
fn returns_of_any_number_of_slots() {
    assert_eq!(run(function(1, 1, 0, 0, code().op(Ret, &[])), &[1]), Ok(vec![]));
    assert_eq!(run(function(3, 3, 1, 0, code().op(RetS, &[2])), &[1, 2, 3]), Ok(vec![3]));
    assert_eq!(run(function(1, 1, 1, 0, code().op(Const8, &[9]).op(RetA, &[])), &[1]), Ok(vec![9]));
    let args = [1, 2, 3, 4, 5];
    for from in 0..5 {
        for count in 0..=5 - from {
            let got = run(function(5, 5, count as u16, 0, code().op(RetN, &[from, count])), &args);
            assert_eq!(got, Ok(args[from as usize..][..count as usize].to_vec()));
        }
    }
}

#[test]
fn results_may_lie_where_the_header_was() {
    let numbers: Vec<u32> = (10..40).collect();
    for locals in 0..3 {
        for count in (0..30).step_by(if cfg!(miri) { 14 } else { 1 }) {
            let first = locals as i64 + OVERHEAD as i64;
            let body = (0..count).fold(code(), |body, i| body.op(Put8, &[10 + i, first + i]));
            let mut body = body.op(Put8, &[10, first]).op(Get, &[first]);
            body = match count {
                0 => body.op(Ret, &[]),
                1 if locals == 1 => body.op(RetS, &[first]),
                1 => body.op(RetA, &[]),
                _ => body.op(RetN, &[first, count]),
            };
            let callee = function(0, locals, count as u16, 30, body);
            let start = OVERHEAD as i64;
            let caller = function(
                0,
                0,
                count as u16,
                40,
                code().op(Call, &[1, start]).op(Set, &[start + 30]).op(RetN, &[start, count]),
            );
            let mut world = fast(vec![caller, callee]);
            let expected = Ok(numbers[..count as usize].to_vec());
            assert_eq!(world.call(1, &[]), expected, "{count} of {locals}");
            assert_eq!(world.call(0, &[]), expected, "{count} of {locals}");
        }
    }
}

#[test]
fn the_meter_counts_calls_and_loop_iterations() {
    // A loop is entered behind its meter.
    let body = code().op(Skip, &[]).op(Meter, &[]).op(Ret, &[]);
    let mut world = fast(vec![function(0, 0, 0, 0, body)]);
    world.meter.termination.raise();
    assert_eq!(world.call(0, &[]), Ok(vec![]));
    // Three iterations and a call.
    let body = code()
        .op(Br, &[4])
        .op(Meter, &[])
        .op(AddInc, &[0, -1])
        .op(BrNzS, &[0, -4])
        .op(Call, &[1, 1 + OVERHEAD as i64])
        .op(Ret, &[]);
    let functions = |body: &Code| {
        vec![function(1, 1, 0, 3, body.clone()), function(0, 0, 0, 0, code().op(Ret, &[]))]
    };
    let mut world = fast(functions(&body));
    assert_eq!(world.call(0, &[4]), Ok(vec![]));
    #[cfg(feature = "fuel")]
    for (fuel, expected) in [
        (4, Ok(vec![])),
        (3, Err((TrapCode::OutOfFuel, 0, 11))),
        (2, Err((TrapCode::OutOfFuel, 0, 3))),
        (0, Err((TrapCode::OutOfFuel, 0, 3))),
    ] {
        world.meter.set_fuel(fuel);
        assert_eq!(world.call(0, &[4]), expected);
        assert_eq!(world.meter.fuel(), 0);
    }
    let mut world = fast(functions(&body));
    world.meter.termination.raise();
    assert_eq!(world.call(0, &[2]), Err((TrapCode::Terminated, 0, 3)));
    assert_eq!(world.call(0, &[1]), Err((TrapCode::Terminated, 0, 11)));
    assert_eq!(
        run(function(0, 0, 0, 0, code().op(Const8, &[1]).op(Unreachable, &[])), &[]),
        Err((TrapCode::Unreachable, 0, 2))
    );
}

#[test]
fn loops_that_count_add_compare_and_branch_back() {
    let last = [7, 0, -1, -128, 127];
    for (step, last) in [1, -1, 3, 127, -128].into_iter().flat_map(|k| last.map(|last| (k, last))) {
        // Slot 1 counts in twos beside slot 0, which takes five steps to `last`.
        let start = (last as u32).wrapping_sub((step as u32).wrapping_mul(5));
        for by_slot in [false, true] {
            let code = code().op(Skip, &[]).op(Meter, &[]).op(AddInc, &[1, 2]);
            let code = match by_slot {
                true => code.op(AddBrNeSS, &[0, step, 2, -4]),
                false => code.op(AddBrNeSK, &[0, step, last, -4]),
            };
            let body = code.op(Set, &[3]).op(RetN, &[0, 4]);
            let function = || function(4, 4, 4, 0, body.clone());
            let args = [start, 0, last as u32, 77];
            let expected = vec![last as u32, 10, last as u32, last as u32];
            let mut world = fast(vec![function()]);
            assert_eq!(world.call(0, &args), Ok(expected), "{step} {last} {by_slot}");
            #[cfg(feature = "fuel")]
            for fuel in 0..6 {
                world.meter.set_fuel(fuel);
                // Four branches back are taken, and one more for the call.
                let stopped = Err((TrapCode::OutOfFuel, 0, 1));
                let got = world.call(0, &args);
                assert_eq!(got.is_ok(), fuel >= 4, "{fuel}");
                if fuel < 4 {
                    assert_eq!(got, stopped);
                }
            }
            let mut world = fast(vec![function()]);
            world.meter.termination.raise();
            assert_eq!(world.call(0, &args), Err((TrapCode::Terminated, 0, 1)));
        }
    }
    // Of a slot, while it is not a constant.
    let code = code().op(Skip, &[]).op(Meter, &[]).op(AddInc, &[0, -3]).op(LoopNeSK, &[0, -5, -4]);
    let body = code.op(Set, &[1]).op(RetN, &[0, 2]);
    let function = || function(2, 2, 2, 0, body.clone());
    let mut world = fast(vec![function()]);
    assert_eq!(world.call(0, &[7, 0]), Ok(vec![-5i32 as u32, -5i32 as u32]));
    world.meter.termination.raise();
    assert_eq!(world.call(0, &[7, 0]), Err((TrapCode::Terminated, 0, 1)));
    assert_eq!(world.call(0, &[-2i32 as u32, 0]), Ok(vec![-5i32 as u32, -5i32 as u32]));
    // The slot that counts is its own bound: the sum is compared with itself.
    let body =
        self::code().op(Skip, &[]).op(Meter, &[]).op(AddBrNeSS, &[0, 5, 0, -1]).op(RetA, &[]);
    assert_eq!(run(self::function(1, 1, 1, 0, body), &[9]), Ok(vec![14]));
}

#[test]
fn a_large_function_moves_its_frame() {
    let locals = 300;
    let n = locals as i64 + OVERHEAD as i64;
    // Local 299 = local 0 + 1 through operands; a call with its frame behind them.
    let body = code()
        .op(Frame, &[n])
        .op(CopyIn, &[-n, 0])
        .op(AddSKD, &[0, 1, 0])
        .op(CopyOut, &[0, 299 - n])
        .op(CopyIn, &[299 - n, 1])
        .op(Call, &[1, 1])
        .op(CopyOut, &[1, -n])
        .op(AddAS, &[0])
        .op(Frame, &[-n])
        .op(Set, &[1])
        .op(RetN, &[0, 2]);
    let twice = code().op(AddSSD, &[0, 0, 0]).op(RetS, &[0]);
    let mut world = fast(vec![function(1, locals, 2, 4, body), function(1, 1, 1, 0, twice)]);
    assert_eq!(world.call(0, &[20]), Ok(vec![42, 63]));
}
