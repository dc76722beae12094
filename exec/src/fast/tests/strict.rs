//! The feature `strict` notices code that breaks a rule of the loops.

use super::*;

/// With vectors, all 256 opcodes are known, and the last one is that of the vector instructions,
/// whose own codes follow.
#[cfg(feature = "strict")]
#[test]
#[cfg_attr(not(feature = "simd"), should_panic(expected = "unknown"))]
#[cfg_attr(feature = "simd", should_panic(expected = "not complete"))]
fn strict_mode_knows_all_instructions() {
    let _ = run(function(0, 0, 0, 0, Code(vec![0xff; 16])), &[]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "header")]
fn strict_mode_knows_the_header() {
    let _ = run(function(1, 1, 0, 0, code().op(Get, &[1]).op(Ret, &[])), &[1]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "outside of the function")]
fn strict_mode_knows_the_end_of_the_code() {
    let _ = run(function(0, 0, 0, 0, code().op(Const8, &[1])), &[]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "outside of the function")]
fn strict_mode_knows_the_end_of_a_function_that_another_follows() {
    let first = function(0, 0, 0, 0, code().op(Const8, &[1]));
    let _ = fast(vec![first, function(0, 0, 0, 0, code().op(Ret, &[]))]).call(0, &[]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "outside of the function")]
fn strict_mode_knows_a_branch_that_leads_out() {
    let _ = run(function(0, 0, 0, 0, code().op(Br, &[-1]).op(Ret, &[])), &[]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "not complete")]
fn strict_mode_knows_the_end_of_an_instruction() {
    let _ = run(function(0, 0, 0, 0, Code(vec![Const32 as u8, 1, 2, 3])), &[]);
}
