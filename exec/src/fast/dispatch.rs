//! How the loop in Rust comes from one operation to the next.
//!
//! It is a `match` on the code, of which a compiler makes a jump through a table. Two things cost more than the rest of many an operation, and are
//! taken out of its hands:
//! - It moves what all arms end with to one place, so that each arm has a jump more, and the length of the operation as a number in a register: see [`settled`] and [`leaving`].
//! - Where the program may be loaded anywhere, which is what Rust makes on Linux, the table holds distances, and a jump takes four instructions and
//!   not two. On x86-64 `dispatch` is written in assembly there, with a table of addresses and a label for each arm, as Linux does for its static keys.

/// Whether `dispatch` is written in assembly.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri), not(feature = "strict")))]
macro_rules! dispatch {
    // The table's address, for a register.
    (table $run:ident) => {{
        let table: *const usize;
        // The address of the table that is made below.
        core::arch::asm!("lea {table}, [rip + {run}.table]", table = out(reg) table, run = sym $run, options(pure, nomem, nostack, preserves_flags));
        table
    }};
    // Goes to the arm of the operation at `pc`. The rest is the table of operations.
    ($run:ident $table:ident $pc:ident { $($name:ident => $arm:block)* } $($code:literal $op:ident $text:literal [$($kind:ident)*] $acc:ident;)*) => {
        // The jump goes to one of the labels, for the code is that of an operation, and each of them has a label in the place of its code.
        // Were the assembly emitted twice, the table would be, which is an error.
        core::arch::asm!(
            "movzx {code:e}, byte ptr [{pc}]",
            "jmp qword ptr [{table} + {code:r} * 8]",
            ".pushsection .data.rel.ro.zonda, \"aw\", @progbits",
            ".balign 8",
            "{run}.table:",
            concat!($(".quad {", stringify!($op), "}\n"),*),
            ".popsection",
            code = out(reg) _,
            pc = in(reg) $pc,
            table = in(reg) $table,
            run = sym $run,
            $($name = label {
                #[allow(unused_unsafe)]
                // SAFETY: as around the whole loop.
                unsafe { $arm }
            },)*
            options(noreturn, nostack, readonly)
        )
    };
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri), not(feature = "strict"))))]
macro_rules! dispatch {
    (table $run:ident) => {
        ()
    };
    ($run:ident $table:ident $pc:ident { $($name:ident => $arm:block)* } $($rest:tt)*) => {{
        let () = $table;
        match $crate::fast::dispatch::operation(*$pc) {
            $($crate::fast::RegOp::$name => $arm)*
        }
    }};
}

pub(super) use dispatch;

use super::RegOp;

/// The operation with a code that was made by the translator or verified.
///
/// # Safety
/// There is one.
#[inline(always)]
pub(super) unsafe fn operation(code: u8) -> RegOp {
    if cfg!(feature = "strict") {
        return RegOp::from_code(code).expect("the next operation is unknown");
    }
    // SAFETY: the caller's promise; codes are the enum's discriminants, without a gap.
    unsafe { core::mem::transmute::<u8, RegOp>(code) }
}

/// The same address, of which a compiler no longer knows how it was computed. Not on small ARM CPUs, where it costs a kilobyte.
#[inline(always)]
pub(super) fn settled<T>(at: *const T) -> *const T {
    #[cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv32")))]
    {
        let mut at = at;
        #[allow(clippy::pointers_in_nomem_asm_block)]
        // SAFETY: no instruction.
        unsafe { core::arch::asm!("/* {0} */", inout(reg) at, options(pure, nomem, nostack, preserves_flags)) }
        at
    }
    #[cfg(not(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv32"))))]
    at
}

/// Makes of an arm's way out of the loop a block of its own.
#[inline(always)]
pub(super) fn leaving() {
    #[cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "arm", target_arch = "riscv32")))]
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("", options(nomem, nostack, preserves_flags))
    }
}
