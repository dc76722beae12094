//! Branches with small and big entries, loops and the meter, returns, `drop` and `select`.

use super::*;

/// Sums the numbers from the parameter down to 1.
fn sum() -> Body {
    body()
        .op(&[Block, EMPTY, Loop, EMPTY])
        .label(1)
        .op(&[LocalGet, 0, LocalGet, 1, I32Add, LocalSet, 1])
        .op(&[LocalGet, 0, I32Const, 1, I32Sub, LocalTee, 0])
        .branch(BrIf, 1, 0, 0)
        .op(&[0, End, End])
        .op(&[LocalGet, 1, End])
}

#[test]
fn loops_and_the_meter() {
    for big in [false, true] {
        let mut body = sum();
        body.big = big;
        let mut world = classic(vec![body.function(1, 2, 1)]);
        assert_eq!(world.call(0, &[10]), Ok(vec![55]));
        assert_eq!(world.call(0, &[1]), Ok(vec![1]));
        let br_if = 4 + 7 + 7;
        #[cfg(feature = "fuel")]
        for (fuel, expected) in [(9, Ok(vec![55])), (8, Err((TrapCode::OutOfFuel, 0, br_if)))] {
            world.meter.set_fuel(fuel);
            assert_eq!(world.call(0, &[10]), expected);
            assert_eq!(world.meter.fuel(), 0);
        }
        world.meter = crate::Meter::new();
        world.meter.termination.raise();
        assert_eq!(world.call(0, &[10]), Err((TrapCode::Terminated, 0, br_if)));
        assert_eq!(world.call(0, &[1]), Ok(vec![1]));
    }
}

#[test]
fn both_arms_of_an_if() {
    for big in [false, true] {
        let mut body = body()
            .op(&[LocalGet, 0])
            .branch(If, 1, 0, 0)
            .op(&[EMPTY, I32Const, 5, LocalSet, 1])
            .branch(Else, 2, 0, 0)
            .label(1)
            .op(&[I32Const, 6, LocalSet, 1, Nop])
            .label(2)
            .op(&[End, LocalGet, 1, End]);
        body.big = big;
        let function = body.function(1, 2, 1);
        assert_eq!(run(function.clone(), &[7]), Ok(vec![5]));
        assert_eq!(run(function, &[0]), Ok(vec![6]));
    }
}

#[test]
fn branches_keep_and_drop() {
    let numbers: Vec<u8> = (0..8).flat_map(|i| [I32Const, i]).collect();
    for big in [false, true] {
        let step = if cfg!(miri) { 3 } else { 1 };
        for keep in (0..8u16).step_by(step) {
            for drop in (0..8 - keep).step_by(step) {
                let mut body = body()
                    .op(&[Block, EMPTY])
                    .op(&numbers)
                    .branch(Br, 1, keep as u32, drop as u32)
                    .op(&[0, Unreachable])
                    .label(1)
                    .op(&[End, End]);
                body.big = big;
                let results = 8 - drop;
                let expected: Vec<u32> =
                    (0..8 - (keep + drop) as u32).chain(8 - keep as u32..8).collect();
                assert_eq!(
                    run(body.function(0, 0, results), &[]),
                    Ok(expected),
                    "{keep} kept, {drop} dropped, big {big}"
                );
            }
        }
    }
}

#[test]
fn tables_of_branches() {
    let body = || {
        let labels = [(1, 1, 1), (2, 1, 1), (3, 0, 2)];
        let case = |body: Body, label: u32| {
            body.label(label).op(&[I32Const, 10 + label as u8, I32Add, Return])
        };
        let start = super::body().op(&[I32Const, 50, I32Const, 60, LocalGet, 0]).br_table(&labels);
        let body = case(case(start, 1), 2);
        body.label(3).op(&[I32Const, 33, End])
    };
    for big in [false, true] {
        for (index, expected) in [(0, 71), (1, 72), (2, 33), (3, 33), (u32::MAX, 33)] {
            let mut body = body();
            body.big = big;
            assert_eq!(run(body.function(1, 1, 1), &[index]), Ok(vec![expected]));
        }
    }
}

#[test]
fn returns_of_any_number_of_slots() {
    let numbers: Vec<u8> = (0..6).flat_map(|i| [I32Const, i]).collect();
    for results in 0..=6 {
        for end in [&[Return, Unreachable, End][..], &[End]] {
            let got = run(body().op(&numbers).op(end).function(1, 2, results), &[9]);
            assert_eq!(got, Ok((6 - results as u32..6).collect()));
        }
    }
    let got = run(body().op(&[Nop, Unreachable, End]).function(0, 0, 0), &[]);
    assert_eq!(got, Err((TrapCode::Unreachable, 0, 1)));
}

/// A function whose instruction that ends at each of these positions works on values of two slots.
fn with_marks(code: &[u8], ends: &[usize], results: u16) -> Outcome {
    let function = Function::new(5, 5, results, 16, code.to_vec());
    // The mark has the address of the code, which is known when the world has been made.
    let mut probe = function.clone();
    probe.side_table = vec![0; 3 * ends.len()];
    let mut world = classic(vec![probe]);
    let code = world.code().addr();
    let marks = ends.iter().flat_map(|end| {
        let low = (code + end) as u32;
        [crate::side_table::WIDE as u16, low as u16, (low >> 16) as u16]
    });
    world.set_side_table(&marks.collect::<Vec<u16>>());
    world.call(0, &[1, 2, 3, 4, 0])
}

#[test]
fn drop_and_select_of_one_slot_and_of_two() {
    let pairs = [LocalGet, 0, LocalGet, 1, LocalGet, 2, LocalGet, 3];
    assert_eq!(with_marks(&[&pairs[..], &[Drop, End]].concat(), &[9], 2), Ok(vec![1, 2]));
    assert_eq!(with_marks(&[&pairs[..], &[Drop, End]].concat(), &[], 3), Ok(vec![1, 2, 3]));
    // A mark is that of the next instruction only.
    let two = [&pairs[..], &[Drop, Drop, End]].concat();
    assert_eq!(with_marks(&two, &[10], 1), Ok(vec![1]));
    for (condition, one, wide) in [(0u8, 4, vec![3, 4]), (1, 3, vec![1, 2])] {
        let code = |select: &[u8]| [&pairs[..], &[I32Const, condition], select, &[End]].concat();
        assert_eq!(with_marks(&code(&[Select]), &[11], 2), Ok(wide.clone()));
        assert_eq!(with_marks(&code(&[Select]), &[], 1), Ok(vec![one]));
        // i64, then i32.
        assert_eq!(with_marks(&code(&[SelectTyped, 1, 0x7e]), &[], 2), Ok(wide));
        assert_eq!(with_marks(&code(&[SelectTyped, 1, 0x7f]), &[], 1), Ok(vec![one]));
    }
}
