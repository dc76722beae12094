//! The portable loop of classic mode, for targets without Thumb-2.
//!
//! One function, `loop { match }`, whose state is meant to stay in registers: the next byte of
//! code, the stack slot of the topmost operand and that operand itself, the frame, the next entry
//! of the side table, what the fast path of loads and stores needs of memory 0, and the number of
//! narrow locals. What is long or rare is done outside of the inner loop, which is left with a
//! [`Leave`]: calls, returns, traps, runtime instructions, and loads and stores with all checks.
//!
//! The SAFETY comments cite the rules by the names that the head of [`super`] gives them.

// Opcodes have the names of their instructions.
#![allow(non_upper_case_globals)]

use super::strict::check;
use super::view::{Bytecode, Entry, Operands};
use super::{access, big_branch, call_before, map_local};
use crate::bounds;
use crate::debug;
use crate::frame::{ClassicFunc, Context, Header, HEADER, OTHER_MODE, SWITCHED};
use crate::instance::{GlobalRef, ImportedFunc};
use crate::linear_memory::FastMemory;
use crate::slot::Frame;
use crate::{numeric, vector, TrapCode};

/// The types of two slots, as `select` with a type has them (spec: 5.3.1).
const I64_TYPE: u8 = 0x7e;
const F64_TYPE: u8 = 0x7c;
/// The type of four slots.
const V128_TYPE: u8 = 0x7b;

/// Why the inner loop was left.
enum Leave {
    /// Call this function of the same instance.
    Call(*const ClassicFunc),
    /// Call this imported function.
    ImportedFunc(*const ImportedFunc),
    /// Return from the function.
    Return,
    /// Execute this runtime instruction.
    Runtime(u8),
    /// Execute this load or store with all checks; the immediates start at the program counter.
    Memory(u8),
    /// Stop, with the number of a trap.
    Trap(u32),
    /// Stop: the meter says why.
    Stopped,
}

/// The running function's record, of which the context has the first field.
///
/// # Safety
/// A function of classic mode is running.
#[inline(always)]
unsafe fn running<'c>(context: &Context) -> &'c ClassicFunc {
    // SAFETY: the contract of this function. RECORDS: the record is live.
    unsafe { &*context.func.cast::<ClassicFunc>() }
}

/// A global of the running instance.
///
/// # Safety
/// The instance has a global with this index.
#[inline(always)]
unsafe fn global(context: &Context, index: u32) -> GlobalRef {
    // SAFETY: the contract of this function. RECORDS: `globals` points at as many elements as the
    // index space has.
    unsafe { *(*context.instance).globals.add(index as usize) }
}

/// Makes the frame of a call within an instance, whose arguments end at `sp` (inclusive): clears
/// the other locals and writes the header. Returns the frame and the header's address, or `None`
/// when the frame does not fit.
///
/// # Safety
/// The arguments of `callee` end at `sp`, which lies below `stack_end`; `header` is the caller's
/// state.
#[inline(always)]
unsafe fn make_frame(
    callee: &ClassicFunc,
    sp: *mut u32,
    stack_end: *mut u32,
    header: Header,
) -> Option<(Frame, *mut u32)> {
    // SAFETY: the contract of this function: `sp` is a slot of the operand stack.
    let next = unsafe { sp.add(1) };
    // `sp` lies inside of the stack, so the difference is not negative.
    if !bounds::has_slots(next.addr(), callee.layout.frame, stack_end.addr()) {
        return None;
    }
    // SAFETY: `has_slots` has found all slots of the frame below the end of the stack: locals and
    // header. The parameters end at `sp`.
    unsafe {
        let fp = next.sub(callee.layout.params as usize);
        let at = fp.add(callee.layout.locals as usize);
        let mut local = next;
        while local != at {
            *local = 0;
            local = local.add(1);
        }
        Header::write(at, header);
        Some((Frame(fp), at))
    }
}

crate::mode::loop_of! {
    /// Runs until the call by the host returns or traps, or until another mode's loop has to continue.
    /// Returns 0, the number of a trap, or [`OTHER_MODE`].
    ///
    /// # Safety
    /// The context is complete and describes a function of a live instance that [`crate::call`] or
    /// [`Context::enter`] has entered; the rules at the head of [`super`] hold for the instance's code.
    #[inline(never)]
    run_loop
}

/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn run_loop(context: &mut Context) -> u32 {
    // SAFETY: the contract of this function.
    unsafe {
        if debug::ON && debug::is_active(context) {
            run_checked(context)
        } else {
            run_form::<false>(context)
        }
    }
}

/// # Safety
/// As for [`run`].
#[inline(never)]
unsafe fn run_checked(context: &mut Context) -> u32 {
    // SAFETY: the contract of this function.
    unsafe { run_form::<true>(context) }
}

/// One form of the loop: with `CHECKED`, a debugger is asked before each instruction.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn run_form<const CHECKED: bool>(context: &mut Context) -> u32 {
    let mut pc: Bytecode;
    let mut operands: Operands;
    let mut fp: Frame;
    let mut stp: Entry;
    let mut mem: FastMemory;
    let mut narrow: u32;

    macro_rules! func {
        () => {
            // SAFETY: the contract of this function: a function of classic mode is running.
            unsafe { running(context) }
        };
    }
    // The context's function runs from now on.
    macro_rules! runs {
        () => {
            // SAFETY: RECORDS: the meter is live.
            unsafe { (*context.meter).running.set(context.func) }
        };
    }
    // Writes to the context what a called function may read.
    macro_rules! save {
        () => {{
            // SAFETY: HEIGHT: `sp` points at a slot of the frame.
            unsafe { operands.spill() };
            context.pc = pc.0;
            context.sp = operands.sp;
            context.fp = fp.0;
            context.stp = stp.0;
        }};
    }
    // Reads memory 0 again, after what may have changed it.
    macro_rules! reload_memory {
        () => {{
            // SAFETY: RECORDS: memory 0 is live. It does not change before the next call out of the
            // loop.
            mem = unsafe { FastMemory::of(context.memory) };
        }};
    }
    macro_rules! reload {
        () => {{
            pc = Bytecode(context.pc);
            // SAFETY: HEIGHT: `sp` points at a slot of the running frame.
            operands = Operands { sp: context.sp, top: unsafe { *context.sp } };
            fp = Frame(context.fp);
            stp = Entry(context.stp);
            narrow = func!().narrow as u32;
            runs!();
            reload_memory!();
        }};
    }
    // Stops with a trap of the instruction at `at`.
    macro_rules! stop {
        ($code:expr, $at:expr) => {{
            let code = $code;
            context.pc = $at;
            crate::trace::stop(context, fp.0);
            return code;
        }};
    }
    // The position of the running instruction, whose opcode ends at the program counter.
    macro_rules! opcode_at {
        () => {
            // SAFETY: the loop has moved behind the opcode, and not further.
            unsafe { pc.0.sub(1) }
        };
    }
    // The position of the running call, whose immediate ends at the program counter.
    macro_rules! call_at {
        () => {
            // SAFETY: VALID: a call's opcode and its index were read before `pc`.
            unsafe { call_before(pc.0) }
        };
    }
    reload!();

    loop {
        macro_rules! push {
            ($value:expr) => {{
                let value = $value;
                // SAFETY: HEIGHT: the frame has a slot for each operand that the instruction
                // pushes.
                unsafe { operands.push(value) }
            }};
        }
        macro_rules! pop {
            () => {
                // SAFETY: OPERANDS: the instruction has this operand.
                unsafe { operands.pop() }
            };
        }
        macro_rules! index {
            () => {
                // SAFETY: VALID: the instruction's immediate is an index.
                unsafe { pc.take_index() }
            };
        }
        macro_rules! skip_integer {
            () => {
                // SAFETY: VALID: an immediate, a block type or a label, is here.
                unsafe { pc.skip_integer() }
            };
        }
        macro_rules! skip_type {
            () => {{
                skip_integer!();
                // The heap type follows that of a reference. No index of a type ends so.
                // SAFETY: VALID: an integer was just passed.
                let last = unsafe { *pc.0.sub(1) };
                if cfg!(feature = "function-references") && matches!(last, 0x63 | 0x64) {
                    skip_integer!();
                }
            }};
        }
        // Passes the entry of a branch that is not taken, or of a mark.
        macro_rules! pass_entry {
            () => {
                // SAFETY: ENTRIES: the next entry is that of this instruction.
                stp = unsafe { stp.after(1) }
            };
        }
        macro_rules! branch {
            () => {{
                // SAFETY: ENTRIES: the next entry is that of this branch.
                let (distance, keep_drop) = unsafe { (stp.pc_distance(), stp.keep_drop()) };
                if distance == 0 {
                    save!();
                    // SAFETY: ENTRIES: the entry is that of a big branch, whose operands are in
                    // their stack slots.
                    match unsafe { big_branch(context) } {
                        numeric::OK if debug::ON && !CHECKED && debug::is_active(context) => {
                            return OTHER_MODE;
                        }
                        numeric::OK => reload!(),
                        code => break Leave::Trap(code),
                    }
                } else {
                    let mut attached = false;
                    // SAFETY: RECORDS: the meter is live.
                    if distance < 0 && !unsafe { &*context.meter }.pass() {
                        // SAFETY: as above.
                        if !unsafe { &*context.meter }.noticed() {
                            break Leave::Stopped;
                        }
                        attached = !CHECKED;
                    }
                    // SAFETY: ENTRIES: the distances lead to the branch's target and its next
                    // entry.
                    unsafe {
                        pc = pc.at_distance(distance);
                        stp = stp.at_target();
                    }
                    // SAFETY: OPERANDS: the operands that the entry keeps and drops are on the
                    // stack.
                    unsafe {
                        if keep_drop < 0x1000 {
                            if keep_drop != 0 {
                                operands.drop(keep_drop);
                            }
                        } else if keep_drop < 0x2000 {
                            operands.drop_below(keep_drop & 0xfff);
                        } else {
                            operands.drop_below_many(keep_drop >> 12, keep_drop & 0xfff);
                        }
                    }
                    // The other form of the loop goes on at the branch's target.
                    if debug::ON && attached && debug::is_active(context) {
                        save!();
                        return OTHER_MODE;
                    }
                }
            }};
        }
        // The offset of a memarg, and the position behind it. The alignment has one byte, or the
        // fast limit is 0 (`ExecInstance::memory`), so that whatever is read here, `Leave::Memory`
        // reads the memarg again.
        macro_rules! load {
            ($op:ident $t:ty) => {{
                // SAFETY: VALID: a memarg has at least two bytes.
                let offset = unsafe { pc.byte_at(1) };
                if offset >= 0x80 {
                    // SAFETY: VALID: a memarg is here; a further integer follows its first byte in
                    // any case.
                    let (offset, next) = unsafe { pc.long_offset() };
                    let Some(value) = mem.load::<$t>(operands.top, offset) else {
                        break Leave::Memory($op);
                    };
                    pc = next;
                    operands.top = value as u32;
                    continue;
                }
                let Some(value) = mem.load::<$t>(operands.top, offset as u32) else {
                    break Leave::Memory($op);
                };
                // SAFETY: VALID: the memarg has two bytes.
                pc = unsafe { pc.after(2) };
                operands.top = value as u32;
            }};
        }
        macro_rules! store {
            ($op:ident $t:ty) => {{
                // SAFETY: VALID: a memarg has at least two bytes.
                let offset = unsafe { pc.byte_at(1) };
                // SAFETY: OPERANDS: the address is below the value.
                let address = unsafe { operands.below(1) };
                if offset >= 0x80 {
                    // SAFETY: VALID: a memarg is here; a further integer follows its first byte in
                    // any case.
                    let (offset, next) = unsafe { pc.long_offset() };
                    if mem.store(address, offset, operands.top as $t).is_none() {
                        break Leave::Memory($op);
                    }
                    pc = next;
                    // SAFETY: OPERANDS: address and value are on the stack.
                    unsafe { operands.drop(2) };
                    continue;
                }
                if mem.store(address, offset as u32, operands.top as $t).is_none() {
                    break Leave::Memory($op);
                }
                // SAFETY: VALID: the memarg has two bytes. OPERANDS: address and value are on the
                // stack.
                unsafe {
                    pc = pc.after(2);
                    operands.drop(2);
                }
            }};
        }
        // An instruction on i32 that cannot trap.
        macro_rules! word {
            (unop $f:ident) => {
                operands.top = numeric::$f(operands.top)
            };
            (binop $f:ident) => {{
                // SAFETY: OPERANDS: there are two.
                unsafe { operands.drop_below(1) };
                // SAFETY: as above: the first one is where the topmost operand now is.
                operands.top = numeric::$f(unsafe { operands.below(0) }, operands.top);
            }};
        }
        // Selects between two values of one slot, or of two.
        macro_rules! select {
            ($condition:ident) => {{
                // SAFETY: OPERANDS: there are two values of one slot.
                unsafe { operands.drop_below(1) };
                if $condition != 0 {
                    // SAFETY: as above: the first value is where the topmost operand now is.
                    operands.top = unsafe { operands.below(0) };
                }
            }};
        }
        macro_rules! select_wide {
            ($condition:ident) => {{
                // SAFETY: OPERANDS: there are two values of two slots; the last slot is in `top`.
                unsafe {
                    if $condition != 0 {
                        operands.top = operands.below(2);
                    } else {
                        operands.set_below(3, operands.below(1));
                    }
                    operands.drop_below(2);
                }
            }};
        }
        // The slot of the local that an instruction names, when that is narrow.
        macro_rules! narrow_local {
            () => {{
                // SAFETY: VALID: the immediate has at least one byte.
                let index = unsafe { pc.byte() } as u32;
                // A byte with its highest bit set is not below `narrow`, so that the index has this
                // byte only.
                if index < narrow {
                    // SAFETY: VALID: the immediate is the index of a local, in one byte.
                    pc = unsafe { pc.after(1) };
                    Some(index as usize)
                } else {
                    None
                }
            }};
        }
        // The first slot of the local that an instruction names, and whether it has two. The
        // runtime executes instructions on locals of four.
        macro_rules! mapped_local {
            ($op:ident) => {{
                let immediate = pc;
                let index = index!();
                let func = func!();
                // SAFETY: VALID: the index is that of a local. It is not narrow, so the function
                // has a map of its locals.
                let (slot, wide, is_vector) = unsafe { map_local(func, index) };
                if is_vector {
                    pc = immediate;
                    break Leave::Runtime($op);
                }
                (slot, wide)
            }};
        }
        macro_rules! local {
            ($slot:expr) => {{
                let slot = $slot;
                // SAFETY: VALID: the slot is that of a local, which lies in the frame.
                unsafe { fp.read(slot) }
            }};
        }
        macro_rules! set_local {
            ($slot:expr, $value:expr) => {{
                let (slot, value) = ($slot, $value);
                // SAFETY: VALID: the slot is that of a local, which lies in the frame.
                unsafe { fp.write(slot, value) }
            }};
        }
        macro_rules! global {
            () => {{
                let index = index!();
                // SAFETY: SPACES: the index is that of a global.
                unsafe { global(context, index) }
            }};
        }

        let leave = 'dispatch: loop {
            // SAFETY: a function of classic mode is running.
            unsafe { check(context, pc.0, operands.sp, fp.0, stp.0) };
            if CHECKED {
                save!();
                // SAFETY: the context is complete now.
                match unsafe { debug::before(context) } {
                    numeric::OK => reload!(),
                    OTHER_MODE => return OTHER_MODE,
                    code => stop!(code, context.pc),
                }
            }
            // SAFETY: VALID: `pc` is at an instruction.
            let op = unsafe { pc.take() };
            opcodes! { u8:
                Unreachable Nop Block Loop If Else End Br BrIf BrTable Return Call TryTable
                Try Catch CatchAll Delegate
                Drop Select SelectTyped
                LocalGet LocalSet LocalTee GlobalGet GlobalSet
                I32Load F32Load I32Load8S I32Load8U I32Load16S I32Load16U
                I32Store F32Store I32Store8 I32Store16
                I64Load F64Load I64Load8S I64Load32U
                I64Store F64Store I64Store8 I64Store16 I64Store32
                I32Const I64Const F32Const F64Const I64Eqz I64Extend32S
            }
            macro_rules! arms {
                ($($code:literal $name:ident $text:literal $method:ident $arity:ident $a:ident $r:ident $f:ident;)*) => {
                    match op {
                        $($code => word!($arity $f),)*

                        // --- control (spec: 4.4.8) ---
                        Unreachable => break Leave::Trap(TrapCode::Unreachable as u32),
                        Nop => {}
                        Block | Loop => skip_type!(),
                        If => {
                            if pop!() != 0 {
                                skip_type!();
                                pass_entry!();
                            } else {
                                branch!();
                            }
                        }
                        // `else` is reached from the end of the first arm.
                        Else | Br => branch!(),
                        // Skips its clauses: they have an entry of the side table.
                        TryTable if cfg!(feature = "exceptions") => branch!(),
                        Try if cfg!(feature = "legacy-exceptions") => skip_type!(),
                        // Reached from the end of the part before; `delegate` skips its label.
                        Catch | CatchAll | Delegate if cfg!(feature = "legacy-exceptions") => {
                            branch!()
                        }
                        End => {
                            if pc.0 == func!().end {
                                break Leave::Return;
                            }
                        }
                        BrIf => {
                            if pop!() != 0 {
                                branch!();
                            } else {
                                skip_integer!();
                                pass_entry!();
                            }
                        }
                        BrTable => {
                            let mut table = pc;
                            // SAFETY: VALID: the number of labels is here.
                            let count = unsafe { table.take_index() };
                            let index = pop!();
                            let index = if index < count { index } else { count };
                            // SAFETY: ENTRIES: the table has an entry for each label, the default
                            // one last.
                            stp = unsafe { stp.after(index as usize) };
                            branch!();
                        }
                        Return => break Leave::Return,
                        Call => {
                            let index = index!();
                            // SAFETY: RECORDS: the running instance is live.
                            let instance = unsafe { &*context.instance };
                            break if index >= instance.import_count {
                                let funcs = instance.funcs.cast::<ClassicFunc>();
                                Leave::Call(funcs.wrapping_add(index as usize))
                            } else {
                                // SAFETY: SPACES: the index is that of an imported function.
                                Leave::ImportedFunc(unsafe { instance.imports.add(index as usize) })
                            };
                        }

                        // --- parametric (spec: 4.4.3) ---
                        Drop => {
                            // SAFETY: ENTRIES: there is a next entry, if only the one behind the
                            // last.
                            if unsafe { stp.is_vector(pc) } {
                                break Leave::Runtime(op);
                            }
                            // SAFETY: as above.
                            if unsafe { stp.is_wide(pc) } {
                                pass_entry!();
                                // SAFETY: OPERANDS: the operand has two slots.
                                unsafe { operands.drop_below(1) };
                            }
                            pop!();
                        }
                        Select => {
                            // SAFETY: ENTRIES: there is a next entry, if only the one behind the
                            // last.
                            if unsafe { stp.is_vector(pc) } {
                                break Leave::Runtime(op);
                            }
                            let condition = pop!();
                            // SAFETY: as above.
                            if unsafe { stp.is_wide(pc) } {
                                pass_entry!();
                                select_wide!(condition);
                            } else {
                                select!(condition);
                            }
                        }
                        // The immediate is a vector of exactly one type.
                        SelectTyped => {
                            skip_integer!();
                            // SAFETY: VALID: the type has one byte, or a heap type behind it.
                            let ty = unsafe { pc.take() };
                            if vector::ENABLED && ty == V128_TYPE {
                                break Leave::Runtime(op);
                            }
                            if cfg!(feature = "function-references") && matches!(ty, 0x63 | 0x64) {
                                skip_integer!();
                            }
                            let condition = pop!();
                            if matches!(ty, I64_TYPE | F64_TYPE) {
                                select_wide!(condition);
                            } else {
                                select!(condition);
                            }
                        }

                        // --- variables (spec: 4.4.5) ---
                        LocalGet => match narrow_local!() {
                            Some(slot) => push!(local!(slot)),
                            None => {
                                let (slot, wide) = mapped_local!(op);
                                push!(local!(slot));
                                if wide {
                                    push!(local!(slot + 1));
                                }
                            }
                        },
                        LocalSet => match narrow_local!() {
                            Some(slot) => set_local!(slot, pop!()),
                            None => {
                                let (slot, wide) = mapped_local!(op);
                                if wide {
                                    set_local!(slot + 1, pop!());
                                }
                                set_local!(slot, pop!());
                            }
                        },
                        LocalTee => match narrow_local!() {
                            Some(slot) => set_local!(slot, operands.top),
                            None => {
                                let (slot, wide) = mapped_local!(op);
                                if wide {
                                    // SAFETY: OPERANDS: the value has two slots.
                                    set_local!(slot, unsafe { operands.below(1) });
                                    set_local!(slot + 1, operands.top);
                                } else {
                                    set_local!(slot, operands.top);
                                }
                            }
                        },
                        GlobalGet => {
                            let immediate = pc;
                            let global = global!();
                            if global.is_vector() {
                                pc = immediate;
                                break Leave::Runtime(op);
                            }
                            let cell = global.cell();
                            // SAFETY: RECORDS: the global is live.
                            push!(unsafe { *cell });
                            if global.is_wide() {
                                // SAFETY: RECORDS: the global is live; it has two slots.
                                push!(unsafe { *cell.add(1) });
                            }
                        }
                        GlobalSet => {
                            let immediate = pc;
                            let global = global!();
                            if global.is_vector() {
                                pc = immediate;
                                break Leave::Runtime(op);
                            }
                            let cell = global.cell();
                            if global.is_wide() {
                                let value = pop!();
                                // SAFETY: RECORDS: the global is live; it has two slots.
                                unsafe { *cell.add(1) = value };
                            }
                            let value = pop!();
                            // SAFETY: RECORDS: the global is live.
                            unsafe { *cell = value };
                        }

                        // --- memory (spec: 4.4.7) ---
                        I32Load | F32Load => load!(op u32),
                        I32Load8S => load!(op i8),
                        I32Load8U => load!(op u8),
                        I32Load16S => load!(op i16),
                        I32Load16U => load!(op u16),
                        I32Store | F32Store => store!(op u32),
                        I32Store8 => store!(op u8),
                        I32Store16 => store!(op u16),
                        I64Load | F64Load | I64Load8S..=I64Load32U | I64Store | F64Store | I64Store8
                        | I64Store16 | I64Store32 => break Leave::Memory(op),

                        // --- constants (spec: 4.4.1) ---
                        I32Const => {
                            // SAFETY: VALID: the immediate has at least one byte.
                            let first = unsafe { pc.byte() };
                            if first < 0x80 {
                                // SAFETY: VALID: the immediate has this byte only.
                                pc = unsafe { pc.after(1) };
                                push!((((first << 1) as i8) >> 1) as u32);
                            } else {
                                // SAFETY: VALID: the immediate is an i32.
                                push!(unsafe { pc.take_long_i32() });
                            }
                        }
                        I64Const => {
                            // SAFETY: VALID: the immediate is an i64.
                            let value = unsafe { pc.take_i64() };
                            push!(value as u32);
                            push!((value >> 32) as u32);
                        }
                        F32Const => {
                            // SAFETY: VALID: the immediate has four bytes.
                            push!(unsafe { pc.take_bits() });
                        }
                        F64Const => {
                            // SAFETY: VALID: the immediate has eight bytes.
                            let (low, high) = unsafe { (pc.take_bits(), pc.take_bits()) };
                            push!(low);
                            push!(high);
                        }

                        // --- numeric instructions that are not above (spec: 4.4.1) ---
                        I64Eqz..=I64Extend32S => {
                            // SAFETY: HEIGHT: `sp` points at a slot of the frame.
                            unsafe { operands.spill() };
                            // SAFETY: OPERANDS: the operands end at `sp`. HEIGHT: the frame has the
                            // slots of the result.
                            let executed = unsafe {
                                numeric::execute(op as u16, operands.sp.add(1))
                            };
                            let (top, code) = executed;
                            if code != numeric::OK {
                                break Leave::Trap(code);
                            }
                            // SAFETY: `execute` has left its result below `top`.
                            operands = unsafe { Operands { sp: top.sub(1), top: *top.sub(1) } };
                        }

                        _ => break 'dispatch Leave::Runtime(op),
                    }
                };
            }
            crate::word_ops! { arms }
        };

        match leave {
            Leave::Call(func) => {
                // SAFETY: SPACES: the index is that of a function that the module defines. RECORDS:
                // its record is live, and so is the meter.
                let (callee, meter) = unsafe { (&*func, &*context.meter) };
                if !meter.pass() {
                    if !meter.noticed() {
                        stop!(meter.reason() as u32, call_at!());
                    }
                    if debug::ON && !CHECKED && debug::is_active(context) {
                        // The other form of the loop executes the call.
                        save!();
                        context.pc = call_at!();
                        return OTHER_MODE;
                    }
                }
                // SAFETY: HEIGHT: `sp` points at a slot of the frame.
                unsafe { operands.spill() };
                let header = Header { pc: pc.0, fp: fp.0, stp: stp.0, func: context.func };
                // SAFETY: OPERANDS: the callee's arguments end at `sp`.
                let made = unsafe { make_frame(callee, operands.sp, context.stack_end, header) };
                let Some((frame, header)) = made else {
                    stop!(TrapCode::StackOverflow as u32, call_at!());
                };
                context.func = func.cast();
                runs!();
                fp = frame;
                // The topmost operand's value is not read before another is pushed. SAFETY: the
                // frame has a boundary's slots and the pad behind its header; the first of them is
                // the pad here.
                operands.sp = unsafe { header.add(HEADER) };
                pc = Bytecode(callee.code);
                stp = Entry(callee.side_table);
                narrow = callee.narrow as u32;
            }
            Leave::Return => {
                let layout = &func!().layout;
                // SAFETY: FRAME: the header lies behind the locals.
                let header = unsafe { Header::read(fp.at(layout.locals as usize)) };
                if header.pc.is_null() {
                    save!();
                    // SAFETY: a frame whose header has no `pc` has a boundary; the results end at
                    // `sp`.
                    match unsafe { context.leave() } {
                        SWITCHED => reload!(),
                        done => return done,
                    }
                    continue;
                }
                let results = layout.results as usize;
                if results == 1 {
                    operands.sp = fp.0;
                } else {
                    // SAFETY: OPERANDS: the results end at `sp`. FRAME: the caller's frame has
                    // their slots, from `fp` on; without results `sp` becomes a slot of the caller,
                    // at least its pad.
                    unsafe {
                        operands.spill();
                        core::ptr::copy(operands.sp.add(1).sub(results), fp.0, results);
                        operands.sp = fp.0.wrapping_add(results).wrapping_sub(1);
                        operands.top = *operands.sp;
                    }
                }
                pc = Bytecode(header.pc);
                fp = Frame(header.fp);
                stp = Entry(header.stp);
                context.func = header.func;
                runs!();
                narrow = func!().narrow as u32;
            }
            Leave::ImportedFunc(import) => {
                // SAFETY: SPACES: the index was that of an imported function. RECORDS: its record
                // is live.
                let import = unsafe { &*import };
                save!();
                let code = match import.call {
                    // SAFETY: the contract of `HostCall`: `call` belongs to this import, whose
                    // arguments end at `sp`.
                    Some(call) => unsafe { call(context, import, import.args(operands.sp)) },
                    // SAFETY: the import has no `call`, and its arguments end at `sp`.
                    None => unsafe { context.cross(import) },
                };
                match code {
                    numeric::OK => {
                        let sp = import.after(operands.sp);
                        // SAFETY: the results end at `sp`; without operands it points at the pad.
                        operands = Operands { sp, top: unsafe { *sp } };
                        reload_memory!();
                    }
                    SWITCHED => reload!(),
                    OTHER_MODE => return OTHER_MODE,
                    code => stop!(code, call_at!()),
                }
            }
            Leave::Runtime(op) => {
                save!();
                // SAFETY: the contract of `RuntimeFn`: immediates and operands are where the
                // context says.
                match unsafe { (context.runtime)(context, op) } {
                    numeric::OK | SWITCHED => reload!(),
                    OTHER_MODE => return OTHER_MODE,
                    code => stop!(code, opcode_at!()),
                }
            }
            Leave::Memory(op) => {
                save!();
                // SAFETY: VALID: `op` is a load or store whose memarg starts at `pc`. OPERANDS: its
                // operands are in their slots.
                match unsafe { access(context, op as u32) } {
                    numeric::OK => reload!(),
                    code => stop!(code, opcode_at!()),
                }
            }
            Leave::Stopped => {
                // SAFETY: RECORDS: the meter is live.
                let reason = unsafe { &*context.meter }.reason();
                stop!(reason as u32, opcode_at!())
            }
            Leave::Trap(code) => stop!(code, opcode_at!()),
        }
    }
}
