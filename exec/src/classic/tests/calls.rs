//! Calls: within an instance, between instances, of host functions and by them, and runtime
//! instructions.

use super::*;
use crate::frame::{BOUNDARY, HEADER, PAD};
use crate::testing::{call_back, import, runtime, subtract};
use crate::ExecInstance;

/// n!, through function 0: a host function that calls back, or this function.
pub(crate) fn factorial() -> Function {
    body()
        .op(&[LocalGet, 0, I32Const, 2, I32LtU])
        .branch(If, 1, 0, 0)
        .op(&[0x7f, I32Const, 1])
        .branch(Else, 2, 0, 0)
        .label(1)
        .op(&[LocalGet, 0, LocalGet, 0, I32Const, 1, I32Sub, Call, 0, I32Mul])
        .label(2)
        .op(&[End, End])
        .function(1, 1, 1)
}

#[test]
fn calls_within_an_instance() {
    assert_eq!(run(factorial(), &[6]), Ok(vec![720]));
    // Locals are 0 whatever was there; the caller's operands stay.
    let caller =
        body().op(&[I32Const, 7, LocalGet, 0, LocalGet, 1, Call, 1, I32Add, End]).function(2, 2, 1);
    let callee = body()
        .op(&[LocalGet, 0, LocalGet, 1, I32Sub, LocalGet, 2, LocalGet, 3, I32Add, I32Add, End])
        .function(2, 4, 1);
    assert_eq!(classic(vec![caller, callee]).call(0, &[9, 4]), Ok(vec![12]));
    // Without results, and with two.
    let caller = body().op(&[I32Const, 7, Call, 1, Call, 2, I32Sub, I32Add, End]).function(0, 0, 1);
    let none = body().op(&[End]).function(0, 0, 0);
    let two = body().op(&[I32Const, 50, I32Const, 8, End]).function(0, 0, 2);
    assert_eq!(classic(vec![caller, none, two]).call(0, &[]), Ok(vec![49]));
}

#[test]
fn a_frame_that_does_not_fit_is_a_trap_of_the_call() {
    let mut world = classic(vec![factorial()]);
    let frame = world.layout(0).frame as usize;
    // From frame to frame: the local, the header, the pad, and the operand below the argument; in
    // the first one a boundary.
    let level = 1 + HEADER + PAD + 1;
    for depth in [1, 2, 4] {
        let start = if depth == 1 { 0 } else { BOUNDARY + (depth - 1) * level };
        let enough = 1 + start + 1 + frame;
        world.stack = vec![7; enough];
        assert!(world.call(0, &[depth as u32]).is_ok());
        world.stack = vec![7; enough - 1];
        let place = if depth == 1 { (usize::MAX, 0) } else { (0, factorial().code.len() - 5) };
        let expected = (TrapCode::StackOverflow, place.0, place.1);
        assert_eq!(world.call(0, &[depth as u32]), Err(expected));
    }
}

#[test]
fn calls_of_the_host() {
    let body = body()
        .op(&[I32Const, 9, LocalGet, 0, LocalGet, 1, Call, 1])
        .op(&[LocalGet, 1, I32Load8U, 0, 0, End]);
    let mut world = classic(vec![body.function(2, 2, 3)]);
    world.imports = vec![import(Some(subtract), core::ptr::null(), 0, 2, 1); 2];
    world.bytes = (10..22).collect();
    assert_eq!(world.call(2, &[5, 2]), Ok(vec![9, 3, 12]));
    assert_eq!(world.call(2, &[2, 5]), Err((TrapCode::Host, 2, 6)));
    // The memory moves meanwhile.
    let mut live = World::live();
    world.link(&mut live);
    world.imports[1] = import(Some(subtract), live.pointers[0].cast_const().cast(), 0, 2, 1);
    assert_eq!(world.call_in(&raw const live.instance, 2, &[5, 2]), Ok(vec![9, 3, 16]));
}

#[test]
fn host_functions_call_back() {
    let mut world = classic(vec![factorial()]);
    let mut live = World::live();
    let to = |instance: *const ExecInstance| import(Some(call_back), instance.cast(), 1, 1, 1);
    world.imports = vec![to(core::ptr::null())];
    world.link(&mut live);
    let instance = &raw const live.instance;
    world.imports[0] = to(instance);
    assert_eq!(world.call_in(instance, 1, &[5]), Ok(vec![120]));
    let call = factorial().code.len() - 5;
    assert_eq!(world.call_in(instance, 1, &[200]), Err((TrapCode::StackOverflow, 1, call)));
}

#[test]
fn calls_between_instances() {
    // The callee: a trap when its arguments are equal, else their difference and the byte at 0 of
    // its memory.
    let body_of_callee = body()
        .op(&[LocalGet, 0, LocalGet, 1, I32Sub, LocalTee, 2])
        .branch(If, 1, 0, 0)
        .op(&[EMPTY])
        .branch(Else, 2, 0, 0)
        .label(1)
        .op(&[Unreachable])
        .label(2)
        .op(&[End, LocalGet, 2, I32Const, 0, I32Load8U, 0, 0, End]);
    let mut other = classic(vec![body_of_callee.function(2, 3, 2)]);
    other.bytes = vec![200; 8];
    let mut there = World::live();
    other.link(&mut there);

    let body = body()
        .op(&[I32Const, 1, LocalGet, 0, LocalGet, 1, Call, 0])
        .op(&[LocalGet, 0, I32Load8U, 0, 0, End]);
    let mut world = classic(vec![body.function(2, 2, 4)]);
    world.bytes = vec![100; 17];
    let instance: *const ExecInstance = &there.instance;
    world.imports = vec![import(None, instance.cast(), 0, 2, 2)];
    assert_eq!(world.call(1, &[9, 2]), Ok(vec![1, 7, 200, 100]));
    assert_eq!(world.call(1, &[9, 9]), Err((TrapCode::Unreachable, 0, 10)));
    // The callee's frame does not fit: the call traps.
    world.stack = vec![0; 1 + 2 + world.layout(0).frame as usize];
    assert_eq!(world.call(1, &[9, 2]), Err((TrapCode::StackOverflow, 1, 6)));
}

#[test]
fn runtime_instructions() {
    let call = |what: u8, arg: u32| {
        let body = body()
            .op(&[LocalGet, 0, MemoryGrow, what, I32Const, 1, I32Add, LocalTee, 0])
            .op(&[I32Load8U, 0, 0, End]);
        let twice = super::body().op(&[LocalGet, 0, LocalGet, 0, I32Mul, End]);
        let functions = vec![body.function(1, 1, 1), twice.function(1, 1, 1)];
        let mut world = classic(functions);
        world.runtime = runtime;
        world.bytes = (0..64).collect();
        world.size = Some(8);
        world.call(0, &[arg])
    };
    let load = 9;
    assert_eq!(call(0, 5), Ok(vec![7]));
    assert_eq!(call(0, 9), Ok(vec![11]));
    assert_eq!(call(0, 10), Err((TrapCode::MemoryOutOfBounds, 0, load)));
    assert_eq!(call(1, 1), Ok(vec![5]));
    assert_eq!(call(1, 2), Err((TrapCode::MemoryOutOfBounds, 0, load)));
    assert_eq!(call(2, 6), Ok(vec![49]));
    assert_eq!(call(3, 5), Err((TrapCode::OutOfMemory, 0, 2)));
}
