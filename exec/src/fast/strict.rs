//! The feature `strict`: checks the rules COMPLETE, SLOTS and FRAME before each register
//! instruction (see the head of [`super`]).
//!
//! A failure is a bug of the translator, the verifier or the loop, whatever the module is, and
//! panics. Tests and fuzzers run with and without the feature; devices run without it. Depends on
//! [`super::decode`].

use crate::frame::{Context, FuncLayout};
#[cfg(feature = "strict")]
use {
    super::decode::Instruction,
    super::op::{Kind, RegOp},
    super::OVERHEAD,
    crate::frame::FastFunc,
};

/// Checks the registers of the loop, and the operands of the instruction.
///
/// # Safety
/// `func` is the running function of the context's instance, and the context is complete.
#[cfg(feature = "strict")]
pub(super) unsafe fn check(
    context: *const Context,
    func: *const FuncLayout,
    pc: *const u8,
    fp: *const u32,
) {
    // SAFETY: RECORDS: the context, the instance and the function's record are live, and the
    // records and the code of the instance end where `funcs_end` and `code_end` say; `pc` is read
    // once it lies in the code.
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
        assert!(pc >= code && pc < end, "the next instruction lies outside of the function");
        let body = core::slice::from_raw_parts(code, end.addr() - code.addr());
        let Some(op) = RegOp::from_code(*pc) else { panic!("the next instruction is unknown") };
        assert!(
            Instruction::read(body, pc.addr() - code.addr()).is_some(),
            "the next instruction is not complete"
        );
        // The frame pointer of a large function moves, so that its slots are not those of the
        // header.
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
        #[cfg(feature = "simd")]
        if op == RegOp::Vector {
            let code = pc.add(1).cast::<u16>().read_unaligned();
            let (all, _) = super::vector::layout(code).unwrap_or(([0; 4], 0));
            for (at, count) in (3..).zip(all.into_iter().filter(|&count| count != 0)) {
                (0..count as usize).for_each(|i| slot(*pc.add(at) as usize + i));
            }
        }
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
                    "the arguments of a call are not operands"
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

/// Checks nothing without the feature.
///
/// # Safety
/// There is no requirement.
#[cfg(not(feature = "strict"))]
#[inline(always)]
pub(super) unsafe fn check(_: *const Context, _: *const FuncLayout, _: *const u8, _: *const u32) {}
