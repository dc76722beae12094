//! The loop of classic mode in Rust, for targets without Thumb-2.
//!
//! One function, `loop { match }`, whose state is meant to stay in registers: next byte, home of the top of the stack, the
//! top itself, frame, next side-table entry, first byte and limit of memory 0, and the number of narrow locals.
//! Everything that is long or rare is elsewhere: [`numeric::execute`], [`access`], and `Context::runtime`.

use super::strict::check;
use super::{access, big_branch, call_before, map_local};
use crate::bounds;
use crate::frame::{ClassicFunc, Context, Header, HEADER, OTHER_MODE, SWITCHED};
use crate::instance::ImportedFunc;
use crate::side_table::{ENTRY, WIDE};
use crate::{leb128, linear_memory, numeric, TrapCode};

/// Why the inner loop was left.
enum Leave {
    /// Call this function of the same instance.
    Call(*const ClassicFunc),
    /// Call this imported function.
    ImportedFunc(*const ImportedFunc),
    /// Return from the function.
    Return,
    /// Execute this operation with `Context::runtime`.
    Runtime(u8),
    /// Execute this load or store completely; the immediates start at the program counter.
    Memory(u8),
    /// Stop.
    Trap(u32),
}

/// Whether the entry at `stp` says that the drop or select whose code ends at `pc` works on two slots.
///
/// # Safety
/// `stp` points at an entry of a finished side table.
#[inline(always)]
unsafe fn is_wide(stp: *const u16, pc: *const u8) -> bool {
    // SAFETY: the side table ends with an entry of zeros, so there always is a next one.
    unsafe {
        *stp as i16 == WIDE && {
            let low = *stp.add(1) as u32 | (*stp.add(2) as u32) << 16;
            // The low 32 bits of the address identify the position: a module is smaller than 4 GiB.
            low == pc.addr() as u32
        }
    }
}

/// In place of a trap's number: the meter says why.
const STOPPED: u32 = 0;

/// Runs until the call by the host returns or traps, or another mode has to go on. Gives 0, the number of a trap, or [`OTHER_MODE`].
///
/// # Safety
/// The context is complete and describes a function that [`Context::enter`] has entered for the host, of an instance whose invariants hold.
#[inline(never)]
pub(crate) unsafe fn run(context: &mut Context) -> u32 {
    // SAFETY: the caller's promise, and for each access the invariant that its comment names; see the head of this file.
    unsafe {
        let ctx: *mut Context = context;
        let mut pc;
        let mut sp;
        let mut tos;
        let mut fp;
        let mut stp;
        let mut mem;
        let mut limit: usize;
        let mut narrow: u32;

        // The running function; the context has its first field.
        macro_rules! func {
            () => {
                (*ctx).func.cast::<ClassicFunc>()
            };
        }
        // Writes what others may look at back to the context.
        macro_rules! save {
            () => {{
                *sp = tos;
                (*ctx).pc = pc;
                (*ctx).sp = sp;
                (*ctx).fp = fp;
                (*ctx).stp = stp;
            }};
        }
        // Reads memory 0 anew.
        macro_rules! reload_memory {
            () => {{
                let memory = &*(*ctx).memory;
                mem = memory.base;
                limit = memory.fast_limit;
            }};
        }
        macro_rules! reload {
            () => {{
                pc = (*ctx).pc;
                sp = (*ctx).sp;
                tos = *sp;
                fp = (*ctx).fp;
                stp = (*ctx).stp;
                narrow = (*func!()).narrow as u32;
                reload_memory!();
            }};
        }
        // Ends execution with a trap whose operation starts at `at`.
        macro_rules! stop {
            ($code:expr, $at:expr) => {{
                let code = $code;
                (*ctx).pc = $at;
                return code;
            }};
        }
        reload!();

        loop {
            macro_rules! push {
                ($value:expr) => {{
                    let value = $value;
                    *sp = tos;
                    sp = sp.add(1);
                    tos = value;
                }};
            }
            macro_rules! pop {
                () => {{
                    let value = tos;
                    sp = sp.sub(1);
                    tos = *sp;
                    value
                }};
            }
            // Reads an index that is mostly one byte.
            macro_rules! index {
                () => {{
                    let (index, next) = leb128::u32(pc);
                    pc = next;
                    index
                }};
            }
            macro_rules! branch {
                () => {{
                    let dpc = *stp as i16 as isize;
                    let kept = *stp.add(2) as usize;
                    if dpc == 0 {
                        save!();
                        match big_branch(&mut *ctx) {
                            numeric::OK => reload!(),
                            code => break Leave::Trap(code),
                        }
                    } else {
                        if dpc < 0 && !(*(*ctx).meter).pass() {
                            break Leave::Trap(STOPPED);
                        }
                        pc = pc.offset(dpc);
                        stp = stp.offset(*stp.add(1) as i16 as isize);
                        if kept < 0x1000 {
                            if kept != 0 {
                                sp = sp.sub(kept);
                                tos = *sp;
                            }
                        } else if kept < 0x2000 {
                            sp = sp.sub(kept & 0xfff);
                        } else {
                            *sp = tos;
                            let (keep, drop) = (kept >> 12, kept & 0xfff);
                            core::ptr::copy(sp.add(1).sub(keep), sp.add(1).sub(keep + drop), keep);
                            sp = sp.sub(drop);
                            tos = *sp;
                        }
                    }
                }};
            }
            macro_rules! load {
                ($op:ident $cell:ty) => {{
                    // The alignment is one byte, or `limit` is 0 (ExecInstance::memory).
                    let offset = *pc.add(1);
                    if offset >= 0x80 {
                        let (offset, next) = leb128::u32_long(pc.add(1));
                        let Some(at) = bounds::near(tos, offset, limit) else {
                            break Leave::Memory($op);
                        };
                        pc = next;
                        tos = <$cell as linear_memory::Cell>::load(mem.add(at)) as u32;
                        continue;
                    }
                    let Some(at) = bounds::near(tos, offset as u32, limit) else {
                        break Leave::Memory($op);
                    };
                    pc = pc.add(2);
                    tos = <$cell as linear_memory::Cell>::load(mem.add(at)) as u32;
                }};
            }
            macro_rules! store {
                ($op:ident $cell:ty) => {{
                    let offset = *pc.add(1);
                    let address = *sp.sub(1);
                    if offset >= 0x80 {
                        let (offset, next) = leb128::u32_long(pc.add(1));
                        let Some(at) = bounds::near(address, offset, limit) else {
                            break Leave::Memory($op);
                        };
                        pc = next;
                        linear_memory::Cell::store(tos as $cell, mem.add(at));
                        sp = sp.sub(2);
                        tos = *sp;
                        continue;
                    }
                    let Some(at) = bounds::near(address, offset as u32, limit) else {
                        break Leave::Memory($op);
                    };
                    pc = pc.add(2);
                    linear_memory::Cell::store(tos as $cell, mem.add(at));
                    sp = sp.sub(2);
                    tos = *sp;
                }};
            }
            macro_rules! word {
                (unop $f:ident) => {
                    tos = numeric::$f(tos)
                };
                (binop $f:ident) => {{
                    sp = sp.sub(1);
                    tos = numeric::$f(*sp, tos);
                }};
            }

            let leave = 'dispatch: loop {
                check(ctx, pc, sp, fp, stp);
                let op = *pc;
                pc = pc.add(1);
                macro_rules! arms {
                    ($($code:literal $name:ident $text:literal $method:ident $arity:ident $a:ident $r:ident $f:ident;)*) => {
                        match op {
                            $($code => word!($arity $f),)*

                            // --- control (spec: 4.4.8) ---
                            0x00 => break Leave::Trap(TrapCode::Unreachable as u32),
                            0x01 => {}
                            // block, loop: the block type is skipped.
                            0x02 | 0x03 => pc = leb128::skip(pc),
                            // if
                            0x04 => {
                                if pop!() != 0 {
                                    pc = leb128::skip(pc);
                                    stp = stp.add(ENTRY);
                                } else {
                                    branch!();
                                }
                            }
                            // else, reached from the end of the first arm; br
                            0x05 | 0x0c => branch!(),
                            // end
                            0x0b => {
                                if pc == (*func!()).end {
                                    break Leave::Return;
                                }
                            }
                            // br_if
                            0x0d => {
                                if pop!() != 0 {
                                    branch!();
                                } else {
                                    pc = leb128::skip(pc);
                                    stp = stp.add(ENTRY);
                                }
                            }
                            // br_table
                            0x0e => {
                                let (count, _) = leb128::u32(pc);
                                let index = pop!();
                                let index = if index < count { index } else { count };
                                stp = stp.add(index as usize * ENTRY);
                                branch!();
                            }
                            // return
                            0x0f => break Leave::Return,
                            // call
                            0x10 => {
                                let index = index!();
                                let instance = &*(*ctx).instance;
                                break if index >= instance.import_count {
                                    Leave::Call(instance.funcs.wrapping_add(index as usize))
                                } else {
                                    Leave::ImportedFunc(instance.imports.add(index as usize))
                                };
                            }

                            // --- parametric (spec: 4.4.3) ---
                            // drop
                            0x1a => {
                                if is_wide(stp, pc) {
                                    stp = stp.add(ENTRY);
                                    sp = sp.sub(1);
                                }
                                sp = sp.sub(1);
                                tos = *sp;
                            }
                            // select
                            0x1b => {
                                let condition = pop!();
                                if is_wide(stp, pc) {
                                    stp = stp.add(ENTRY);
                                    select_wide!(condition);
                                } else {
                                    sp = sp.sub(1);
                                    if condition != 0 {
                                        tos = *sp;
                                    }
                                }
                            }
                            // select with types: a vector of exactly one
                            0x1c => {
                                pc = leb128::skip(pc);
                                let ty = *pc;
                                pc = pc.add(1);
                                let condition = pop!();
                                if matches!(ty, 0x7e | 0x7c) {
                                    select_wide!(condition);
                                } else {
                                    sp = sp.sub(1);
                                    if condition != 0 {
                                        tos = *sp;
                                    }
                                }
                            }

                            // --- variables (spec: 4.4.5) ---
                            // local.get
                            0x20 => {
                                let index = *pc as u32;
                                if index < narrow {
                                    pc = pc.add(1);
                                    push!(*fp.add(index as usize));
                                } else {
                                    let (slot, wide) = map_local(func!(), index!());
                                    push!(*fp.add(slot));
                                    if wide {
                                        push!(*fp.add(slot + 1));
                                    }
                                }
                            }
                            // local.set
                            0x21 => {
                                let index = *pc as u32;
                                if index < narrow {
                                    pc = pc.add(1);
                                    *fp.add(index as usize) = pop!();
                                } else {
                                    let (slot, wide) = map_local(func!(), index!());
                                    if wide {
                                        *fp.add(slot + 1) = pop!();
                                    }
                                    *fp.add(slot) = pop!();
                                }
                            }
                            // local.tee
                            0x22 => {
                                let index = *pc as u32;
                                if index < narrow {
                                    pc = pc.add(1);
                                    *fp.add(index as usize) = tos;
                                } else {
                                    let (slot, wide) = map_local(func!(), index!());
                                    if wide {
                                        *fp.add(slot) = *sp.sub(1);
                                        *fp.add(slot + 1) = tos;
                                    } else {
                                        *fp.add(slot) = tos;
                                    }
                                }
                            }
                            // global.get
                            0x23 => {
                                let index = index!();
                                let global = *(*(*ctx).instance).globals.add(index as usize);
                                let cell = global.cell();
                                push!(*cell);
                                if global.is_wide() {
                                    push!(*cell.add(1));
                                }
                            }
                            // global.set
                            0x24 => {
                                let index = index!();
                                let global = *(*(*ctx).instance).globals.add(index as usize);
                                let cell = global.cell();
                                if global.is_wide() {
                                    *cell.add(1) = pop!();
                                }
                                *cell = pop!();
                            }

                            // --- memory (spec: 4.4.7) ---
                            0x28 | 0x2a => load!(op u32),
                            0x2c => load!(op i8),
                            0x2d => load!(op u8),
                            0x2e => load!(op i16),
                            0x2f => load!(op u16),
                            0x36 | 0x38 => store!(op u32),
                            0x3a => store!(op u8),
                            0x3b => store!(op u16),
                            0x29 | 0x2b | 0x30..=0x35 | 0x37 | 0x39 | 0x3c..=0x3e => break Leave::Memory(op),

                            // --- constants (spec: 4.4.1) ---
                            // i32.const
                            0x41 => {
                                let first = *pc;
                                if first < 0x80 {
                                    pc = pc.add(1);
                                    push!((((first << 1) as i8) >> 1) as u32);
                                } else {
                                    let (value, next) = leb128::i32_long(pc);
                                    pc = next;
                                    push!(value as u32);
                                }
                            }
                            // i64.const
                            0x42 => {
                                let (value, next) = leb128::i64_long(pc);
                                pc = next;
                                push!(value as u32);
                                push!((value >> 32) as u32);
                            }
                            // f32.const
                            0x43 => {
                                let value = pc.cast::<u32>().read_unaligned();
                                pc = pc.add(4);
                                push!(value);
                            }
                            // f64.const
                            0x44 => {
                                let low = pc.cast::<u32>().read_unaligned();
                                let high = pc.add(4).cast::<u32>().read_unaligned();
                                pc = pc.add(8);
                                push!(low);
                                push!(high);
                            }

                            // --- numbers that are not above (spec: 4.4.1) ---
                            0x50..=0xc4 => {
                                *sp = tos;
                                let (top, code) = numeric::execute(op as u16, sp.add(1));
                                if code != numeric::OK {
                                    break Leave::Trap(code);
                                }
                                sp = top.sub(1);
                                tos = *sp;
                            }

                            _ => break 'dispatch Leave::Runtime(op),
                        }
                    };
                }
                macro_rules! select_wide {
                    ($condition:ident) => {{
                        // Operands: first, second (two slots each, the topmost in `tos`).
                        if $condition != 0 {
                            tos = *sp.sub(2);
                        } else {
                            *sp.sub(3) = *sp.sub(1);
                        }
                        sp = sp.sub(2);
                    }};
                }
                crate::word_ops! { arms }
            };

            match leave {
                Leave::Call(func) => {
                    let callee = &*func;
                    if !(*(*ctx).meter).pass() {
                        stop!((*(*ctx).meter).reason() as u32, call_before(pc));
                    }
                    *sp = tos;
                    let next = sp.add(1);
                    // The caller's `sp` is inside of the stack, so the difference is not negative.
                    if !bounds::has_slots(next.addr(), callee.layout.frame, (*ctx).stack_end.addr())
                    {
                        stop!(TrapCode::StackOverflow as u32, call_before(pc));
                    }
                    let new_fp = next.sub(callee.layout.params as usize);
                    let header = new_fp.add(callee.layout.locals as usize);
                    let mut local = next;
                    while local != header {
                        *local = 0;
                        local = local.add(1);
                    }
                    Header::write(header, Header { pc, fp, stp, func: (*ctx).func });
                    (*ctx).func = func.cast();
                    fp = new_fp;
                    sp = header.add(HEADER);
                    pc = callee.code;
                    stp = callee.side_table;
                    narrow = callee.narrow as u32;
                }
                Leave::Return => {
                    let func = &*func!();
                    let header = Header::read(fp.add(func.layout.locals as usize));
                    if header.pc.is_null() {
                        save!();
                        match (*ctx).leave() {
                            SWITCHED => reload!(),
                            done => return done,
                        }
                        continue;
                    }
                    let results = func.layout.results as usize;
                    if results == 1 {
                        sp = fp;
                    } else {
                        *sp = tos;
                        core::ptr::copy(sp.add(1).sub(results), fp, results);
                        sp = fp.wrapping_add(results).wrapping_sub(1);
                        tos = *sp;
                    }
                    pc = header.pc;
                    fp = header.fp;
                    stp = header.stp;
                    (*ctx).func = header.func;
                    narrow = (*header.func.cast::<ClassicFunc>()).narrow as u32;
                }
                Leave::ImportedFunc(import) => {
                    let import = &*import;
                    save!();
                    let code = match import.call {
                        Some(call) => call(&mut *ctx, import, import.args(sp)),
                        None => (*ctx).cross(import),
                    };
                    match code {
                        numeric::OK => {
                            sp = import.after(sp);
                            tos = *sp;
                            reload_memory!();
                        }
                        SWITCHED => reload!(),
                        OTHER_MODE => return OTHER_MODE,
                        code => stop!(code, call_before(pc)),
                    }
                }
                Leave::Runtime(op) => {
                    save!();
                    match ((*ctx).runtime)(&mut *ctx, op) {
                        numeric::OK | SWITCHED => reload!(),
                        OTHER_MODE => return OTHER_MODE,
                        code => stop!(code, pc.sub(1)),
                    }
                }
                Leave::Memory(op) => {
                    save!();
                    match access(&mut *ctx, op as u32) {
                        numeric::OK => reload!(),
                        code => stop!(code, pc.sub(1)),
                    }
                }
                Leave::Trap(STOPPED) => stop!((*(*ctx).meter).reason() as u32, pc.sub(1)),
                Leave::Trap(code) => stop!(code, pc.sub(1)),
            }
        }
    }
}
