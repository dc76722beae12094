//! A module for the tests of the verifier's rules, and what they expect of the files that they
//! forge of it.

use crate::forge::{self, code, load, survives, Func, OVERHEAD};
use crate::run::Aligned;
use zonda::{ArtifactErrorKind, Engine, Error, Mode, Module};
use zonda_exec::fast::RegOp::{self, *};

/// Types 0 to 6, one function imported (0), one defined (1) of a type.
pub fn module(ty: u32) -> Vec<u8> {
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
pub const TYPES: [(u16, u16); 7] = [(0, 0), (1, 1), (2, 2), (0, 3), (3, 0), (0, 0), (0, 1)];
/// Locals of the function, and its operands.
pub const LOCALS: u16 = 4;
pub const OPERANDS: u16 = 6;
/// Its first slot of operands.
pub const FIRST: u8 = LOCALS as u8 + OVERHEAD as u8;
/// Behind the last one.
pub const END: u8 = FIRST + OPERANDS as u8;

/// The function of this type with this code, and a second one.
pub fn forged(ty: u16, code: Vec<u8>) -> Vec<u8> {
    forge::file(&module(ty.into()), &funcs(ty, code))
}

pub fn funcs(ty: u16, code: Vec<u8>) -> [Func; 2] {
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
pub fn refused(rule: &str, ty: u16, ops: &[(RegOp, &[u8])], expected: ArtifactErrorKind) {
    refused_code(rule, ty, code(ops), expected);
}

#[track_caller]
pub fn refused_code(rule: &str, ty: u16, code: Vec<u8>, expected: ArtifactErrorKind) {
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
pub fn accepted(ty: u16, ops: &[(RegOp, &[u8])]) {
    let file = Aligned::new(&forged(ty, code(ops)));
    assert_eq!(load(file.bytes()), Ok(()), "{ops:?}");
    survives(&file);
}

pub const LAST: u8 = END - 1;
pub const H: u8 = LOCALS as u8;
