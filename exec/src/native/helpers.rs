//! The functions of the runtime that native code calls, through a table that its state points at.
//!
//! Depends on [`super`] for the state, and on [`crate::float`] for instructions on floats. A helper
//! that can trap takes the address that native code returns to, which tells the place of the trap.
//! Floats are passed as their bits, so that no ABI for floats matters.

use super::entry::leave;
use super::{stack_pointer, NativeFunc, State, THUMB};
use crate::frame::{Exit, Host};
use crate::instance::ExecInstance;
use crate::run::call;
use crate::{ImportedFunc, TrapCode};

macro_rules! helpers {
    ($($(#[$on:meta])* $constant:ident $field:ident: $ty:ty = $function:expr;)*) => {
        /// The table of helpers. [`index`] has the numbers of its fields.
        #[repr(C)]
        pub struct Helpers { $($field: $ty,)* }

        pub(super) static HELPERS: Helpers = Helpers { $($field: $function,)* };

        /// Numbers of the helpers, in words of the table.
        pub mod index {
            helpers!(@ 0usize; $($constant)*);
        }
        const _: () = {
            $(assert!(core::mem::offset_of!(Helpers, $field) == index::$constant * size_of::<usize>());)*
        };
    };
    (@ $n:expr; $constant:ident $($rest:ident)*) => {
        pub const $constant: usize = $n;
        helpers!(@ $n + 1; $($rest)*);
    };
    (@ $n:expr;) => {};
}

type Unary = extern "C" fn(u32) -> u32;
type Binary = extern "C" fn(u32, u32) -> u32;
type Wide = extern "C" fn(u64, u64) -> u64;
type WideUnary = extern "C" fn(u64) -> u64;
type WideTest = extern "C" fn(u64, u64) -> u32;
type Narrow = extern "C" fn(u64) -> u32;
type Widen = extern "C" fn(u32) -> u64;

helpers! {
    TRAP trap: unsafe extern "C" fn(&State, u32, *const u8) -> ! = trap;
    IMPORT import: unsafe extern "C" fn(&State, &ImportedFunc, *const u8) = import;
    RUNTIME runtime: unsafe extern "C" fn(&State, u32, u32, u32, *const u8) = runtime;
    RESOLVE resolve: unsafe extern "C" fn(&State, u32, u32, u32, *const u8) -> usize = resolve;
    REFERENCE reference: unsafe extern "C" fn(&State, u32, u32, u32, *const u8) = reference;
    METER meter: unsafe extern "C" fn(&State, *const u8) = meter;
    COPY copy: unsafe extern "C" fn(&State, u32, u32, u32, *const u8) = copy;
    FILL fill: unsafe extern "C" fn(&State, u32, u32, u32, *const u8) = fill;
    FLOAT float: extern "C" fn(u32, u64, u64) -> u64 = float;
    FLOAT_TRAP float_trap: unsafe extern "C" fn(&State, u32, u64, *const u8) -> u64 = float_trap;
    DIV_U64 div_u64: Wide = div_u64;
    DIV_S64 div_s64: Wide = div_s64;
    REM_U64 rem_u64: Wide = rem_u64;
    REM_S64 rem_s64: Wide = rem_s64;
    DIV_U32 div_u32: Binary = div_u32;
    DIV_S32 div_s32: Binary = div_s32;
    REM_U32 rem_u32: Binary = rem_u32;
    REM_S32 rem_s32: Binary = rem_s32;
    MUL64 mul64: Wide = mul64;
    ADD_F32 add_f32: Binary = add_f32;
    SUB_F32 sub_f32: Binary = sub_f32;
    MUL_F32 mul_f32: Binary = mul_f32;
    DIV_F32 div_f32: Binary = div_f32;
    EQ_F32 eq_f32: Binary = eq_f32;
    LT_F32 lt_f32: Binary = lt_f32;
    LE_F32 le_f32: Binary = le_f32;
    ADD_F64 add_f64: Wide = add_f64;
    SUB_F64 sub_f64: Wide = sub_f64;
    MUL_F64 mul_f64: Wide = mul_f64;
    DIV_F64 div_f64: Wide = div_f64;
    EQ_F64 eq_f64: WideTest = eq_f64;
    LT_F64 lt_f64: WideTest = lt_f64;
    LE_F64 le_f64: WideTest = le_f64;
    DEMOTE demote: Narrow = demote;
    PROMOTE promote: Widen = promote;
    S32_TO_F32 s32_to_f32: Unary = s32_to_f32;
    U32_TO_F32 u32_to_f32: Unary = u32_to_f32;
    S64_TO_F32 s64_to_f32: Narrow = s64_to_f32;
    U64_TO_F32 u64_to_f32: Narrow = u64_to_f32;
    S32_TO_F64 s32_to_f64: Widen = s32_to_f64;
    U32_TO_F64 u32_to_f64: Widen = u32_to_f64;
    S64_TO_F64 s64_to_f64: WideUnary = s64_to_f64;
    U64_TO_F64 u64_to_f64: WideUnary = u64_to_f64;
    F32_TO_S32 f32_to_s32: Unary = f32_to_s32;
    F32_TO_U32 f32_to_u32: Unary = f32_to_u32;
    F64_TO_S32 f64_to_s32: Narrow = f64_to_s32;
    F64_TO_U32 f64_to_u32: Narrow = f64_to_u32;
    BYTECODE bytecode: unsafe extern "C" fn(&State, u32, *const u8) = bytecode;
}

/// Codes of [`Context::runtime`](crate::Context::runtime) that only native mode uses: opcodes that
/// WebAssembly does not have. The immediates are a type and a table, the topmost operand is the
/// index of the element.
pub const RESOLVE_CODE: u8 = 0xf0;
/// See [`RESOLVE_CODE`]: the arguments lie below the index. A host function is called. A function
/// that an instance defines is left for native mode to call: the instance in
/// [`Context::stp`](crate::Context::stp), which native mode does not use, and the number of the
/// function in [`Context::pc`](crate::Context::pc).
pub const REFERENCE_CODE: u8 = 0xf1;

/// Native stack that a helper may use without a check.
const HELPER_STACK: usize = 512;

/// Stops the running call.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn trap(state: &State, code: u32, return_address: *const u8) -> ! {
    // SAFETY: STATE: the context is that of the running call.
    unsafe {
        (*state.context.get()).pc = return_address;
        leave(state, code)
    }
}

/// Calls an imported function that another instance defines, whose arguments lie at `args`. Native
/// code calls host functions itself.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn import(state: &State, import: &ImportedFunc, return_address: *const u8) {
    // SAFETY: CODE: the import is one of the instance without a host function, and its arguments
    // lie at `args`, where the frame has slots for them and for the results. The linker of the
    // runtime crate stores in such an import a live instance, and the index of a function that it
    // defines.
    unsafe { cross(state, import.data.cast(), import.extra.addr() as u32, return_address) }
}

/// Calls a function of the running instance that is not native code, with its arguments at `args`.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn bytecode(state: &State, func: u32, return_address: *const u8) {
    // SAFETY: CODE: a module with such a call has the function as register bytecode, for which
    // instantiation has published an instance (`publish_bytecode`).
    unsafe { cross(state, state.bytecode, func, return_address) }
}

/// Calls a function that an instance defines, with its arguments at `args`, on the native stack.
///
/// # Safety
/// The function is one of the live instance and has the type that native code expects.
#[inline(never)]
unsafe fn cross(
    state: &State,
    instance: *const ExecInstance,
    func: u32,
    return_address: *const u8,
) {
    // SAFETY: STATE: the context is that of the running call. The contract of this function: the
    // arguments are those of the function, at the free end of the operand stack.
    unsafe {
        let context = &mut *state.context.get();
        if stack_pointer() < state.stack_limit.get().saturating_add(HELPER_STACK) {
            trap(state, TrapCode::StackOverflow as u32, return_address);
        }
        // As in the other modes, a call of another instance counts. The host's calls, by `call`, do
        // not.
        meter(state, return_address);
        let host = Host {
            stack_end: context.stack_end,
            meter: context.meter,
            runtime: context.runtime,
            store: context.store,
            host: context.host,
        };
        match call(host, state.args.get(), func, instance) {
            Exit::Returned => state.refresh(),
            Exit::Refused(code) => trap(state, code as u32, return_address),
            Exit::Trapped(code, place) => {
                context.pc = place.pc;
                context.func = place.func;
                context.instance = place.instance;
                leave(state, code as u32)
            }
        }
    }
}

/// Writes an unsigned LEB128 integer; returns how many bytes it takes.
fn write_index(to: &mut [u8], mut value: u32) -> usize {
    let mut at = 0;
    for byte in to.iter_mut().take(5) {
        *byte = value as u8 & 0x7f | ((value > 0x7f) as u8) << 7;
        at += 1;
        value >>= 7;
        if value == 0 {
            break;
        }
    }
    at
}

/// Executes a runtime instruction on `slots` slots of operands at `args`, where its result comes.
///
/// # Safety
/// The instruction has the immediates, and the operands lie at `args`.
unsafe fn execute(state: &State, code: u32, slots: usize, immediates: [u32; 2]) -> u32 {
    let mut bytes = [0u8; 16];
    let mut at = 0;
    let opcode = if code > 0xff {
        // The second opcode is read as an immediate.
        at = write_index(&mut bytes, code & 0xff);
        (code >> 8) as u8
    } else {
        code as u8
    };
    for immediate in immediates {
        at += write_index(bytes.get_mut(at..).unwrap_or(&mut []), immediate);
    }
    // SAFETY: STATE: the context is that of the running call; the contract of this function.
    unsafe {
        let context = &mut *state.context.get();
        context.pc = bytes.as_ptr();
        context.sp = state.args.get().wrapping_add(slots).wrapping_sub(1);
        (context.runtime)(context, opcode)
    }
}

/// Executes a runtime instruction: `code` has its opcode in the low 16 bits and the slots of its
/// operands above.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn runtime(
    state: &State,
    code: u32,
    first: u32,
    second: u32,
    return_address: *const u8,
) {
    // SAFETY: CODE: the instruction is one of WebAssembly that validation has accepted with these
    // immediates, and its operands lie at `args`.
    unsafe {
        let trapped = execute(state, code & 0xffff, (code >> 16) as usize, [first, second]);
        if trapped != 0 {
            trap(state, trapped, return_address);
        }
        state.refresh();
    }
}

/// The address of the code of the function that an element of a table refers to; 0 where another
/// instance or the host defines it.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn resolve(
    state: &State,
    ty: u32,
    table: u32,
    index: u32,
    return_address: *const u8,
) -> usize {
    // SAFETY: CODE: type and table exist. The frame has a slot at `args`.
    unsafe {
        *state.args.get() = index;
        let trapped = execute(state, RESOLVE_CODE as u32, 1, [ty, table]);
        if trapped != 0 {
            trap(state, trapped, return_address);
        }
        let func = *state.args.get();
        if func == 0 {
            return 0;
        }
        let instance = &*(*state.context.get()).instance;
        let record = instance.funcs.cast::<NativeFunc>().wrapping_add(func as usize - 1);
        (instance.code.wrapping_add((*record).body as usize)).addr() | THUMB
    }
}

/// Calls the function that an element of a table refers to, which the running instance does not
/// define. Its arguments lie at `args`, in `slots` slots, the upper half of `table`.
///
/// # Safety
/// Native code of this state calls it, after `resolve` has returned 0.
unsafe extern "C" fn reference(
    state: &State,
    ty: u32,
    table: u32,
    index: u32,
    return_address: *const u8,
) {
    let slots = (table >> 16) as usize;
    // SAFETY: CODE: type and table exist; the frame has slots for the arguments and one more.
    unsafe {
        *state.args.get().add(slots) = index;
        let trapped = execute(state, REFERENCE_CODE as u32, slots + 1, [ty, table & 0xffff]);
        if trapped != 0 {
            trap(state, trapped, return_address);
        }
        let context = &mut *state.context.get();
        // What another instance defines is left to us.
        let instance = core::mem::replace(&mut context.stp, core::ptr::null());
        if !instance.is_null() {
            return cross(state, instance.cast(), context.pc.addr() as u32, return_address);
        }
        state.refresh();
    }
}

/// Stops the running call where the termination request or the end of the fuel says so.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn meter(state: &State, return_address: *const u8) {
    // SAFETY: STATE: the meter is that of the running call.
    unsafe {
        let meter = &*(*state.context.get()).meter;
        if !meter.pass_native() && !meter.noticed() {
            trap(state, meter.reason() as u32, return_address);
        }
    }
}

/// `memory.copy` within memory 0.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn copy(state: &State, to: u32, from: u32, len: u32, return_address: *const u8) {
    // SAFETY: STATE: the memory is live. Both ranges are checked before they are copied.
    unsafe {
        let memory = &*state.memory;
        let inside = |at: u32| at as u64 + len as u64 <= memory.size as u64;
        if !inside(to) || !inside(from) {
            trap(state, TrapCode::MemoryOutOfBounds as u32, return_address);
        }
        let (to, from) = (memory.base.add(to as usize), memory.base.add(from as usize));
        core::ptr::copy(from, to, len as usize);
    }
}

/// `memory.fill` of memory 0.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn fill(state: &State, to: u32, value: u32, len: u32, return_address: *const u8) {
    // SAFETY: STATE: the memory is live. The range is checked before it is written.
    unsafe {
        let memory = &*state.memory;
        if to as u64 + len as u64 > memory.size as u64 {
            trap(state, TrapCode::MemoryOutOfBounds as u32, return_address);
        }
        memory.base.add(to as usize).write_bytes(value as u8, len as usize);
    }
}

/// An instruction on floats that cannot trap, by its opcode.
extern "C" fn float(code: u32, a: u64, b: u64) -> u64 {
    compute(code, a, b).unwrap_or(0)
}

/// An instruction on floats that can trap, by its opcode.
///
/// # Safety
/// Native code of this state calls it.
unsafe extern "C" fn float_trap(
    state: &State,
    code: u32,
    a: u64,
    return_address: *const u8,
) -> u64 {
    match compute(code, a, 0) {
        Ok(value) => value,
        // SAFETY: the contract of this function.
        Err(trapped) => unsafe { trap(state, trapped as u32, return_address) },
    }
}

#[cfg(feature = "float")]
fn compute(code: u32, a: u64, b: u64) -> Result<u64, TrapCode> {
    crate::float::compute(code as u16, a, b)
}

/// Without floats the validator refuses their instructions.
#[cfg(not(feature = "float"))]
fn compute(_: u32, _: u64, _: u64) -> Result<u64, TrapCode> {
    Err(TrapCode::Unreachable)
}

/// Operations that native code has checked: a divisor that is not zero, a quotient that fits.
macro_rules! integers {
    ($($name:ident $u:ident $s:ident $method:ident;)*) => {
        $(extern "C" fn $name(a: $u, b: $u) -> $u {
            (a as $s).$method(b as $s).unwrap_or(0) as $u
        })*
    };
}
integers! {
    div_u64 u64 u64 checked_div;
    div_s64 u64 i64 checked_div;
    rem_u64 u64 u64 checked_rem;
    rem_s64 u64 i64 checked_rem;
    div_u32 u32 u32 checked_div;
    div_s32 u32 i32 checked_div;
    rem_u32 u32 u32 checked_rem;
    rem_s32 u32 i32 checked_rem;
}

extern "C" fn mul64(a: u64, b: u64) -> u64 {
    a.wrapping_mul(b)
}

macro_rules! floats {
    ($u:ident $f:ident: [$($name:ident $op:tt;)*] $($test:ident $relation:tt;)*) => {
        $(extern "C" fn $name(a: $u, b: $u) -> $u {
            ($f::from_bits(a) $op $f::from_bits(b)).to_bits()
        })*
        $(extern "C" fn $test(a: $u, b: $u) -> u32 {
            ($f::from_bits(a) $relation $f::from_bits(b)) as u32
        })*
    };
}
floats! { u32 f32: [add_f32 +; sub_f32 -; mul_f32 *; div_f32 /;] eq_f32 ==; lt_f32 <; le_f32 <=; }
floats! { u64 f64: [add_f64 +; sub_f64 -; mul_f64 *; div_f64 /;] eq_f64 ==; lt_f64 <; le_f64 <=; }

extern "C" fn demote(a: u64) -> u32 {
    let narrow = f64::from_bits(a) as f32;
    narrow.to_bits() | (narrow.is_nan() as u32) << 22
}
/// A NaN becomes quiet, which Rust's routine for CPUs without FPU leaves out.
extern "C" fn promote(a: u32) -> u64 {
    let wide = f32::from_bits(a) as f64;
    wide.to_bits() | (wide.is_nan() as u64) << 51
}

macro_rules! conversions {
    ($($name:ident $from:ident $int:ident $float:ident $to:ident;)*) => {
        $(extern "C" fn $name(a: $from) -> $to { (a as $int as $float).to_bits() })*
    };
}
conversions! {
    s32_to_f32 u32 i32 f32 u32;
    u32_to_f32 u32 u32 f32 u32;
    s64_to_f32 u64 i64 f32 u32;
    u64_to_f32 u64 u64 f32 u32;
    s32_to_f64 u32 i32 f64 u64;
    u32_to_f64 u32 u32 f64 u64;
    s64_to_f64 u64 i64 f64 u64;
    u64_to_f64 u64 u64 f64 u64;
}

macro_rules! truncations {
    ($($name:ident $from:ident $float:ident $int:ident;)*) => {
        $(extern "C" fn $name(a: $from) -> u32 { $float::from_bits(a) as $int as u32 })*
    };
}
truncations! {
    f32_to_s32 u32 f32 i32;
    f32_to_u32 u32 f32 u32;
    f64_to_s32 u64 f64 i32;
    f64_to_u32 u64 f64 u32;
}
