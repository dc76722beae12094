//! The feature `strict`: what the loop assumes of its state, checked before each operation.
//!
//! A failure is a bug of the translator, of the verifier or of the loop, and no module can be blamed for it: it panics. Tests and fuzzers run
//! with and without it; no device is meant to.

use crate::frame::{Context, FuncLayout};
#[cfg(feature = "strict")]
use {
    super::decode::Instruction,
    super::op::{Kind, RegOp},
    super::OVERHEAD,
    crate::frame::FastFunc,
};

/// Checks the loop's registers, and the operation's slots.
///
/// # Safety
/// `func` is the running function's record, and `pc` points at an operation.
#[cfg(feature = "strict")]
pub(super) unsafe fn check(
    context: *const Context,
    func: *const FuncLayout,
    pc: *const u8,
    fp: *const u32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let next = func.cast::<FastFunc>().wrapping_add(1);
        let (context, func) = (&*context, &*func.cast::<FastFunc>());
        let instance = &*context.instance;
        let code = instance.code.wrapping_add(func.code as usize);
        // Functions follow each other in the order of their records, without a gap.
        let end = if next < instance.funcs_end.cast() {
            instance.code.wrapping_add((*next).code as usize)
        } else {
            instance.code_end
        };
        assert!(pc >= code && pc < end, "the next operation lies outside of the function");
        let body = core::slice::from_raw_parts(code, end.addr() - code.addr());
        let Some(op) = RegOp::from_code(*pc) else { panic!("the next operation is unknown") };
        assert!(
            Instruction::read(body, pc.addr() - code.addr()).is_some(),
            "the next operation is not complete"
        );
        // A large function's frame pointer moves, and it has no slots in common with the header then.
        let is_large = *code == RegOp::Frame as u8;
        let layout = &func.layout;
        let (locals, slots) =
            (layout.locals as usize, layout.params as usize + layout.frame as usize);
        let slot = |slot: usize| {
            assert!(
                fp.wrapping_add(slot) < context.stack_end.cast_const(),
                "a slot lies outside of the stack"
            );
            assert!(is_large || slot < slots, "a slot lies outside of the frame");
            assert!(
                is_large || !(locals..locals + OVERHEAD).contains(&slot),
                "a slot lies in the header"
            );
        };
        let mut at = pc.add(1);
        for kind in op.operands() {
            match kind {
                Kind::Read | Kind::Write => slot(*at as usize),
                Kind::ReadPair | Kind::WritePair => {
                    slot(*at as usize);
                    slot(*at as usize + 1);
                }
                Kind::Args => assert!(
                    is_large || *at as usize >= locals + OVERHEAD,
                    "a call's arguments are no operands"
                ),
                _ => {}
            }
            at = at.add(kind.bytes());
        }
        assert!(
            fp.is_aligned() && (is_large || fp.wrapping_add(slots) <= context.stack_end),
            "the frame lies outside of the stack"
        );
    }
}

/// Checks nothing.
///
/// # Safety
/// None is needed.
#[cfg(not(feature = "strict"))]
#[inline(always)]
pub(super) unsafe fn check(_: *const Context, _: *const FuncLayout, _: *const u8, _: *const u32) {}
