//! Calls: within an instance, between instances and modes, of host functions and by them, and
//! runtime instructions.

use super::*;
use crate::testing::{call_back, import, runtime, subtract};
use crate::ExecInstance;

/// fib(n), recursively.
fn fib() -> Function {
    let first = 1 + OVERHEAD as i64;
    let rest = code()
        .op(AddSKD, &[0, -1, first])
        .op(Call, &[0, first])
        .op(Set, &[first])
        .op(AddSKD, &[0, -2, first + 1])
        .op(Call, &[0, first + 1])
        .op(AddAS, &[first])
        .op(RetA, &[]);
    let code = code().op(BrLtUSK, &[0, 2, 5 + rest.len() as i64]);
    function(1, 1, 1, 2, Code([code.0, rest.0, bytes(RetS, &[0])].concat()))
}

#[test]
fn calls_within_an_instance() {
    assert_eq!(run(fib(), &[10]), Ok(vec![55]));
    // Locals are 0 whatever was there; a caller's slots and the accumulator's result.
    let first = 2 + OVERHEAD as i64;
    let caller = code()
        .op(Const8, &[55])
        .op(Put8, &[3, first])
        .op(Put8, &[4, first + 1])
        .op(Put8, &[5, first + 2])
        .op(Call, &[1, first + 1])
        .op(Set, &[0])
        .op(CopyW, &[first, first + 3])
        .op(Copy, &[first + 3, 1])
        .op(RetN, &[0, 2]);
    let callee = code().op(AddSS, &[2, 3]).op(AddAS, &[1]).op(AddAS, &[0]).op(RetA, &[]);
    let mut world = fast(vec![function(2, 2, 2, 30, caller), function(2, 4, 1, 0, callee)]);
    assert_eq!(world.call(0, &[1, 2]), Ok(vec![9, 3]));
}

#[test]
fn a_frame_that_does_not_fit_is_a_trap_of_the_call() {
    let mut world = fast(vec![fib()]);
    // Each level takes the argument's distance, and its own frame at the end.
    let level = 1 + OVERHEAD;
    for depth in [1, 2, 5] {
        let enough = 1 + (depth - 1) * level + 1 + world.layout(0).frame as usize + 1;
        // The second call of a level starts one slot higher.
        world.stack = vec![7; enough];
        assert!(world.call(0, &[depth as u32]).is_ok());
        world.stack = vec![7; enough - 2];
        let expected = if depth == 1 {
            (TrapCode::StackOverflow, usize::MAX, 0)
        } else {
            (TrapCode::StackOverflow, 0, 9)
        };
        assert_eq!(world.call(0, &[depth as u32]), Err(expected));
    }
}

#[test]
fn calls_of_the_host() {
    let first = 2 + OVERHEAD as i64;
    let before = code().op(Copy, &[0, first]).op(Copy, &[1, first + 1]);
    let at = before.len();
    let body = before
        .op(CallImport, &[1, first])
        .op(Set, &[0])
        .op(Load8US, &[1, 0])
        .op(Set, &[1])
        .op(RetN, &[0, 2]);
    let mut world = fast(vec![function(2, 2, 2, 2, body)]);
    world.imports = vec![import(Some(subtract), core::ptr::null(), 0, 2, 1); 2];
    world.bytes = vec![10, 11, 12, 13, 14, 15, 16, 17];
    assert_eq!(world.call(2, &[5, 2]), Ok(vec![3, 12]));
    assert_eq!(world.call(2, &[2, 5]), Err((TrapCode::Host, 2, at)));
    // The memory has moved meanwhile.
    let mut live = World::live();
    world.link(&mut live);
    world.imports[1] = import(Some(subtract), live.pointers[0].cast_const().cast(), 0, 2, 1);
    assert_eq!(world.call_in(&raw const live.instance, 2, &[5, 2]), Ok(vec![3, 16]));
}

#[test]
fn calls_between_instances() {
    // The callee: a trap when its arguments are equal, else their difference in two slots, and the
    // byte at 0 of its memory.
    let body = code().op(Get, &[0]).op(BrNeAS, &[1, 5]).op(Unreachable, &[]);
    let body = body
        .op(SubSSD, &[0, 1, 1])
        .op(Const8, &[0])
        .op(Load8UA, &[0])
        .op(Set, &[0])
        .op(RetN, &[0, 2]);
    let mut other = fast(vec![
        function(2, 3, 2, 2, body),
        function(1, 1, 1, 0, code().op(AddSK, &[0, 1]).op(RetA, &[])),
    ]);
    other.bytes = vec![200; 8];
    let mut there = World::live();
    other.link(&mut there);

    let first = 2 + OVERHEAD as i64;
    let before = code().op(Put8, &[1, first]).op(Copy, &[0, first + 1]).op(Copy, &[1, first + 2]);
    let at = before.len();
    let body = before.op(CallImport, &[0, first + 1]).op(Load8US, &[first, 0]).op(Set, &[first]);
    let body = body
        .op(CallImport, &[1, first + 2])
        .op(AddAS, &[first])
        .op(Set, &[first])
        .op(RetN, &[first, 3]);
    let mut world = fast(vec![function(2, 2, 3, 5, body)]);
    world.bytes = vec![100; 8];
    let instance: *const ExecInstance = &there.instance;
    world.imports =
        vec![import(None, instance.cast(), 0, 2, 2), import(None, instance.cast(), 1, 1, 1)];
    assert_eq!(world.call(2, &[9, 2]), Ok(vec![108, 200, 8]));
    assert_eq!(world.call(2, &[9, 9]), Err((TrapCode::Unreachable, 0, 2 + 4)));
    // The callee's frame does not fit: the call traps.
    world.stack = vec![0; 1 + 2 + world.layout(0).frame as usize];
    assert_eq!(world.call(2, &[9, 2]), Err((TrapCode::StackOverflow, 2, at)));
}

#[cfg(feature = "classic")]
#[test]
fn calls_of_functions_in_the_other_mode() {
    opcodes! { u8: LocalGet I32Const I32Add End }
    let wasm = vec![LocalGet, 0, I32Const, 1, I32Add, End];
    let mut other = World::new(Mode::Classic, vec![Function::new(1, 1, 1, 2, wasm)]);
    let mut there = World::live();
    other.link(&mut there);

    let first = 1 + OVERHEAD as i64;
    let body =
        code().op(Copy, &[0, first]).op(CallImport, &[0, first]).op(AddAS, &[0]).op(RetA, &[]);
    let mut world = fast(vec![function(1, 1, 1, 1, body)]);
    let instance: *const ExecInstance = &there.instance;
    world.imports = vec![import(None, instance.cast(), 0, 1, 1)];
    assert_eq!(world.call(1, &[20]), Ok(vec![41]));
}

#[test]
fn runtime_instructions() {
    let first = 1 + OVERHEAD as i64;
    let runtime_code = |what: i64| [0x40, first + 1, 0, what];
    let functions = |what: i64| {
        let body = code()
            .op(Copy, &[0, first])
            .op(Runtime, &runtime_code(what))
            .op(AddAK, &[1])
            .op(Set, &[first])
            .op(Load8US, &[first, 0])
            .op(RetA, &[]);
        vec![
            function(1, 1, 1, 2, body),
            function(1, 1, 1, 0, code().op(MulSS, &[0, 0]).op(RetA, &[])),
        ]
    };
    let call = |what, arg| {
        let mut world = fast(functions(what));
        world.runtime = runtime;
        world.bytes = (0..64).collect();
        world.size = Some(8);
        world.call(0, &[arg])
    };
    let load = 3 + 5 + 2 + 2;
    assert_eq!(call(0, 5), Ok(vec![7]));
    assert_eq!(call(0, 9), Ok(vec![11]));
    assert_eq!(call(0, 10), Err((TrapCode::MemoryOutOfBounds, 0, load)));
    // A call returns its result to the operand's stack slot.
    assert_eq!(call(1, 1), Ok(vec![5]));
    assert_eq!(call(1, 2), Err((TrapCode::MemoryOutOfBounds, 0, load)));
    assert_eq!(call(2, 6), Ok(vec![49]));
    assert_eq!(call(3, 5), Err((TrapCode::OutOfMemory, 0, 3)));
}

/// n!, through a host function that calls the function 1 of an instance.
fn factorial() -> Function {
    let first = 1 + OVERHEAD as i64;
    let body = code()
        .op(BrGeSSK, &[0, 2, 8])
        .op(Const8, &[1])
        .op(RetA, &[])
        .op(AddSKD, &[0, -1, first])
        .op(CallImport, &[0, first])
        .op(MulAS, &[0])
        .op(RetA, &[]);
    function(1, 1, 1, 1, body)
}

#[test]
fn host_functions_call_back() {
    let mut world = fast(vec![factorial()]);
    let mut live = World::live();
    let instance = &raw const live.instance;
    world.imports = vec![import(Some(call_back), instance.cast(), 1, 1, 1)];
    world.link(&mut live);
    let instance = &raw const live.instance;
    world.imports[0] = import(Some(call_back), instance.cast(), 1, 1, 1);
    assert_eq!(world.call_in(instance, 1, &[5]), Ok(vec![120]));
    // The innermost frame does not fit: each call of the host function traps.
    assert_eq!(world.call_in(instance, 1, &[200]), Err((TrapCode::StackOverflow, 1, 9 + 3)));
}

#[cfg(feature = "classic")]
#[test]
fn host_functions_call_back_into_the_other_mode() {
    let mut world = fast(vec![factorial()]);
    let mut other = World::new(Mode::Classic, vec![crate::classic::tests::factorial()]);
    let (mut here, mut there) = (World::live(), World::live());
    let to = |live: &crate::testing::Live| {
        import(Some(call_back), (&raw const live.instance).cast(), 1, 1, 1)
    };
    (world.imports, other.imports) = (vec![to(&there)], vec![to(&here)]);
    world.link(&mut here);
    other.link(&mut there);
    (world.imports[0], other.imports[0]) = (to(&there), to(&here));
    assert_eq!(world.call_in(&raw const here.instance, 1, &[6]), Ok(vec![720]));
}
