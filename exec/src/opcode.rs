//! Opcodes as constants, so that a `match` on the number of an instruction names the instruction.
//!
//! Depends on [`crate::op`], which has the numbers.

/// Defines for each of these instructions a constant with its name: the opcode as a number of type
/// `$t`. A prefixed opcode has the prefix in its upper byte; in a `u8`, only its second part
/// remains.
#[allow(unused_macros)]
macro_rules! opcodes {
    ($t:ident: $($op:ident)*) => {
        $(#[allow(non_upper_case_globals)] const $op: $t = $crate::op::Op::$op as u16 as $t;)*
    };
}
