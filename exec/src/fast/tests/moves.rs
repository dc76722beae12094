//! Moves, constants, selections and globals.

use super::*;
use crate::GlobalRef;

#[test]
fn moves_and_constants() {
    let body = code()
        .op(Const32, &[0x8765_4321])
        .op(Set, &[2])
        .op(Const8, &[-5])
        .op(Set, &[3])
        .op(Put8, &[-6, 4])
        .op(Put32, &[0x1234_5678, 5])
        .op(Copy, &[0, 6])
        .op(CopyW, &[0, 7])
        .op(Get, &[1])
        .op(Set, &[9])
        .op(RetN, &[2, 8]);
    let expected = vec![0x8765_4321, -5i32 as u32, -6i32 as u32, 0x1234_5678, 11, 11, 22, 22];
    assert_eq!(run(function(2, 10, 8, 0, body), &[11, 22]), Ok(expected));
    // The halves of a pair move as one.
    let body = code().op(CopyW, &[0, 1]).op(RetN, &[0, 3]);
    assert_eq!(run(function(3, 3, 3, 0, body), &[1, 2, 3]), Ok(vec![1, 1, 2]));
    let body = code().op(Move, &[1, 0, 3]).op(RetN, &[0, 4]);
    assert_eq!(run(function(4, 4, 4, 0, body), &[1, 2, 3, 4]), Ok(vec![2, 3, 4, 4]));
}

#[test]
fn select_takes_the_first_unless_the_accumulator_is_zero() {
    for condition in [0, 1, 0x8000_0000] {
        let (a, b) = if condition != 0 { (5, 6) } else { (6, 7) };
        let body = code()
            .op(Get, &[0])
            .op(SelectW, &[1, 2, 4])
            .op(Select, &[1, 2])
            .op(Set, &[6])
            .op(Get, &[0])
            .op(SelectD, &[1, 2, 7])
            .op(RetN, &[4, 4]);
        assert_eq!(run(function(4, 8, 4, 0, body), &[condition, 5, 6, 7]), Ok(vec![a, b, a, a]));
    }
}

#[test]
fn globals_of_one_slot_and_of_two() {
    let body = code()
        .op(GlobalGet, &[1])
        .op(Set, &[2])
        .op(Set, &[3])
        .op(GlobalGetW, &[0, 4])
        .op(Get, &[0])
        .op(GlobalSet, &[1])
        .op(GlobalSetW, &[0, 0])
        .op(RetN, &[2, 4]);
    let mut world = fast(vec![function(2, 6, 4, 0, body)]);
    world.cells = vec![0x2222_2222_1111_1111, 0x7777_7777_3333_3333];
    let cells = world.cells.as_mut_ptr().cast::<u32>();
    world.globals = vec![GlobalRef::new(cells, 2), GlobalRef::new(cells.wrapping_add(2), 1)];
    assert_eq!(
        world.call(0, &[5, 6]),
        Ok(vec![0x3333_3333, 0x3333_3333, 0x1111_1111, 0x2222_2222])
    );
    assert_eq!(world.cells, [0x6_0000_0005, 0x7777_7777_0000_0005]);
}
