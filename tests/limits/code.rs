//! Limits of function bodies.

use super::encode::*;
use super::{accepted, refused, MODES};
use zonda::{Engine, Linker, Mode, Module, ModuleErrorKind, Store, StoreConfig};

fn one(results: &[u8], locals: &[(u32, u8)], code: &[u8]) -> Encoder {
    let body = body(locals, code);
    functions(&[func_type(&[], results)], [(0, &body[..])]).section(0, &sized(b""))
}

/// Where the body of the one function begins whose code section is the last one but an empty custom
/// section.
fn body_at(module: &[u8], locals: &[(u32, u8)], code: &[u8]) -> usize {
    module.len() - 3 - content(locals, code).len()
}

/// The body without its size.
fn content(locals: &[(u32, u8)], code: &[u8]) -> Vec<u8> {
    let body = body(locals, code);
    let size = (1..6).find(|&size| number((body.len() - size) as u32).len() == size).unwrap();
    body[size..].to_vec()
}

/// What the function `f`, which is added as an export, returns.
fn run(mode: Mode, module: &[u8]) -> i32 {
    let engine = Engine::new(mode);
    let module = Module::new(&engine, module).unwrap();
    let mut store = Store::with_config(
        &engine,
        (),
        StoreConfig { stack_bytes: 1 << 20, ..StoreConfig::default() },
    )
    .unwrap();
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    instance.get_typed_func::<(), i32>(&store, "f").unwrap().call(&mut store, ()).unwrap()
}

fn exported(locals: &[(u32, u8)], code: &[u8]) -> Vec<u8> {
    Encoder::new()
        .list(section::TYPE, [func_type(&[], &[I32])])
        .list(section::FUNCTION, [[0]])
        .list(section::EXPORT, [export(b"f", 0, 0)])
        .list(section::CODE, [body(locals, code)])
        .bytes()
}

#[test]
fn bytes_of_a_body() {
    // Locals take one byte, the last `end` another.
    let code = vec![0x01; 7_654_321 - 2];
    accepted(&one(&[], &[], &code).bytes());
    let code = vec![0x01; 7_654_322 - 2];
    let module = one(&[], &[], &code).bytes();
    let at = body_at(&module, &[], &code);
    refused(&module, ModuleErrorKind::TooLarge, at - 4);
}

#[test]
fn locals() {
    // Their slots have a lower limit, so that what is at this one is refused for that one.
    for (count, kind) in
        [(50_000, ModuleErrorKind::FrameTooLarge), (50_001, ModuleErrorKind::TooManyLocals)]
    {
        let module = one(&[], &[(count, I32)], &[]).bytes();
        let at = body_at(&module, &[(count, I32)], &[]);
        refused(&module, kind, at + 5);
    }
}

#[test]
fn slots_of_locals() {
    // The last one is written and read; one of two slots lies at the end as well.
    let mut code = [0x41, 42].to_vec();
    code.extend(op(0x21, 32_699));
    code.extend(op(0x20, 32_699));
    for mode in MODES {
        assert_eq!(run(mode, &exported(&[(32_700, I32)], &code)), 42);
        let mut code = vec![0x42, 43];
        code.extend(op(0x21, 16_349));
        code.extend(op(0x20, 16_349));
        code.push(0xa7);
        assert_eq!(run(mode, &exported(&[(16_350, I64)], &code)), 43);
    }
    for locals in [vec![(32_701, I32)], vec![(32_699, I32), (1, I64)]] {
        let module = one(&[], &locals, &[]).bytes();
        let at = body_at(&module, &locals, &[]);
        refused(&module, ModuleErrorKind::FrameTooLarge, at + content(&locals, &[]).len() - 1);
    }
}

#[test]
fn slots_of_operands() {
    // All are added up, with as many locals as there may be below them.
    let sum = |count: usize| {
        let mut code = [0x41, 1].repeat(count);
        code.extend(vec![0x6a; count - 1]);
        code
    };
    for mode in MODES {
        for locals in [0, 32_700] {
            assert_eq!(
                run(mode, &exported(&[(locals, I32)], &sum(32_700))),
                32_700,
                "{mode:?}, {locals}"
            );
        }
    }
    let code = sum(32_701);
    let module = one(&[I32], &[], &code).bytes();
    let at = body_at(&module, &[], &code);
    // Behind the constant that is one too many.
    refused(&module, ModuleErrorKind::FrameTooLarge, at + 1 + 2 * 32_701);
}

#[test]
fn nesting_has_no_limit_of_its_own() {
    for open in [&[0x02, 0x40][..], &[0x03, 0x40], &[0x41, 0, 0x04, 0x40]] {
        let depth = 300_000;
        let mut code = open.repeat(depth);
        // Out of all of them.
        code.extend(op(0x0c, depth as u32 - 1));
        code.extend(vec![0x0b; depth]);
        accepted(&one(&[], &[], &code).bytes());
    }
}

#[test]
fn tables_of_branches_have_no_limit_of_their_own() {
    let mut code = vec![0x41, 0];
    code.extend(op(0x0e, 2_000_000));
    code.extend(vec![0; 2_000_001]);
    accepted(&one(&[], &[], &code).bytes());
}

#[test]
fn the_last_global_is_the_one_that_is_meant() {
    // i64 and i32 alternate, so that another one would have another type.
    let global = |i: u32| {
        if i.is_multiple_of(2) {
            vec![I64, 1, 0x42, 1, 0x0b]
        } else {
            [vec![I32, 1, 0x41], signed(i), vec![0x0b]].concat()
        }
    };
    let mut code = vec![];
    code.extend(op(0x23, 65_535));
    code.extend([0x41, 1, 0x6a]);
    code.extend(op(0x24, 65_535));
    code.extend(op(0x23, 65_535));
    let module = Encoder::new()
        .list(section::TYPE, [func_type(&[], &[I32])])
        .list(section::FUNCTION, [[0]])
        .list(section::GLOBAL, (0..65_536).map(global))
        .list(section::EXPORT, [export(b"f", 0, 0)])
        .list(section::CODE, [body(&[], &code)])
        .bytes();
    for mode in MODES {
        assert_eq!(run(mode, &module), 65_536);
    }
}

/// A small number that is not negative, as a signed one is written.
fn signed(value: u32) -> Vec<u8> {
    let mut bytes = number(value);
    if bytes.last().is_some_and(|last| last & 0x40 != 0) {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push(0);
    }
    bytes
}
