//! Native mode: calls code that a compiler made on the host (docs/native-code.md).
//!
//! Native code runs on the native stack and has one pointer, to the [`State`] of its instance. This
//! module makes its calls: [`run`] enters a function whose frame another mode or the host has made,
//! and the functions of [`helpers`] are what native code calls back.
//!
//! Native code is trusted: nothing here can check it. What this module relies on is what the
//! compiler promises (docs/native-code.md, "What native code promises"). SAFETY comments cite:
//!
//! - CODE: the code is what the compiler of this version made for the module and for this CPU. The
//!   embedder vouches for that when it loads a native module.
//! - STATE: the state belongs to a live instance in native mode, and while native code runs its
//!   dynamic fields are those of the innermost call ([`run`] sets and restores them).

pub mod again;
mod entry;
#[cfg(feature = "exceptions")]
pub(crate) mod frames;
pub mod helpers;
mod layout;

pub use layout::{memory, slot, IMPORT_WORDS, LAYOUT_VERSION, SLICE};

use crate::bounds;
use crate::frame::{Callee, Context, Exit, FuncLayout, Place, BOUNDARY, HEADER, OVERHEAD};
use crate::instance::{ExecInstance, GlobalRef, ImportedFunc};
use crate::linear_memory::Memory;
use crate::meter::Meter;
use crate::trace::Trace;
use crate::TrapCode;
use core::cell::Cell;
use helpers::Helpers;

/// What native code sees of its instance. Each field is one word; [`slot`] has their numbers.
#[repr(C)]
pub struct State {
    /// Memory 0, read again after everything that can change it.
    pub(crate) memory_base: Cell<*mut u8>,
    pub(crate) memory_size: Cell<usize>,
    /// A function whose native stack would begin below this address traps.
    pub(crate) stack_limit: Cell<usize>,
    helpers: *const Helpers,
    /// Slots of the globals that the module defines, in order.
    cells: *mut u32,
    globals: *const GlobalRef,
    imports: *const ImportedFunc,
    pub(crate) context: Cell<*mut Context>,
    /// Where operands of host functions and runtime instructions lie, and their results.
    pub(crate) args: Cell<*mut u32>,
    /// The native stack to which a trap returns.
    pub(crate) saved_sp: Cell<usize>,
    meter: Cell<*const Meter>,
    memory: *const Memory,
    memories: *const *mut Memory,
    // What native code does not read.
    /// Bytes of native stack that functions of this module take without a check.
    reserve: usize,
    /// Native code assumes that memory 0 has at least so many bytes.
    least_memory: usize,
    /// The same instance as register bytecode sees it, where a part of the module is that.
    bytecode: *const ExecInstance,
}

/// A function of a module, as native mode executes it. It lies in flash and has no pointers.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct NativeFunc {
    pub layout: FuncLayout,
    /// Offset of its code in the text; [`NO_CODE`] where nothing outside of the text calls it.
    pub body: u32,
    /// Offset of the code that calls a function of its type with operands in slots.
    pub entry: u32,
}

/// What the CPU that this runtime was compiled for has, where it is an Arm: the bits of the runtime
/// crate's `code::native::artifact::cpu`.
pub const ARM_FEATURES: u32 = (cfg!(thumb2) as u32) << 8
    | (cfg!(dsp) as u32) << 9
    | (cfg!(v8m) as u32) << 10
    | (cfg!(fpu) as u32) << 16;

/// See [`NativeFunc::body`].
pub const NO_CODE: u32 = u32::MAX;

const _: () = assert!(size_of::<NativeFunc>() == 20 && align_of::<NativeFunc>() == 4);

impl State {
    /// The state of an instance without code.
    pub const fn new() -> State {
        State {
            memory_base: Cell::new(core::ptr::null_mut()),
            memory_size: Cell::new(0),
            stack_limit: Cell::new(0),
            helpers: &helpers::HELPERS,
            cells: core::ptr::null_mut(),
            globals: core::ptr::null(),
            imports: core::ptr::null(),
            context: Cell::new(core::ptr::null_mut()),
            args: Cell::new(core::ptr::null_mut()),
            saved_sp: Cell::new(0),
            meter: Cell::new(core::ptr::null()),
            memory: core::ptr::null(),
            memories: core::ptr::null(),
            reserve: 0,
            least_memory: 0,
            bytecode: core::ptr::null(),
        }
    }

    /// Reads memory 0 again.
    ///
    /// # Safety
    /// STATE holds.
    #[inline(always)]
    pub(crate) unsafe fn refresh(&self) {
        // SAFETY: STATE: `publish` has set `memory` to that of the instance, which is live.
        let memory = unsafe { &*self.memory };
        self.memory_base.set(memory.base);
        self.memory_size.set(memory.size);
    }
}

impl Default for State {
    fn default() -> State {
        State::new()
    }
}

/// What the runtime crate knows of a module's native code.
#[derive(Clone, Copy)]
pub struct Needs {
    /// Number of globals that the module imports.
    pub imported_globals: u32,
    /// See [`State::reserve`].
    pub reserve: u32,
    /// See [`State::least_memory`].
    pub least_memory: u32,
}

/// Fills in what native code sees, once the other fields of the instance are set.
pub fn publish(instance: &mut ExecInstance, needs: &Needs, global_count: usize) {
    let state = &mut instance.native;
    state.globals = instance.globals;
    state.imports = instance.imports;
    state.memory = instance.memory;
    state.memories = instance.memories;
    state.reserve = needs.reserve as usize;
    state.least_memory = needs.least_memory as usize;
    if (needs.imported_globals as usize) < global_count {
        // SAFETY: the list has `global_count` elements, and `imported_globals` is less.
        state.cells = unsafe { (*instance.globals.add(needs.imported_globals as usize)).cell() };
    }
}

/// Sets what executes the functions that are not native code.
pub fn publish_bytecode(instance: &mut ExecInstance, bytecode: *const ExecInstance) {
    instance.native.bytecode = bytecode;
}

/// Whether a function is native code that can be called from outside of the text.
///
/// # Safety
/// `func` is a defined function of an instance in native mode.
#[inline(always)]
pub unsafe fn has_code(instance: &ExecInstance, func: u32) -> bool {
    let func = instance.funcs.cast::<NativeFunc>().wrapping_add(func as usize);
    // SAFETY: the records of an instance in native mode are of this type, and `func` is one of its
    // functions.
    unsafe { (*func).body != NO_CODE }
}

/// Where a call of a function goes that the instance defines.
///
/// # Safety
/// `func` is a defined function of an instance in native mode.
#[inline(always)]
pub(crate) unsafe fn callee(instance: &ExecInstance, func: u32) -> Callee {
    let func = instance.funcs.cast::<NativeFunc>().wrapping_add(func as usize);
    // SAFETY: the records of an instance in native mode are of this type, and `func` is one of its
    // functions.
    unsafe {
        Callee {
            layout: &raw const (*func).layout,
            code: instance.code.wrapping_add((*func).body as usize),
            side_table: core::ptr::null(),
        }
    }
}

/// The bit that marks an address as that of Thumb instructions.
const THUMB: usize = cfg!(target_arch = "arm") as usize;

/// The native stack here, as nearly as native code's check needs it.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let here = 0u8;
    (&raw const here).addr()
}

crate::mode::loop_of! {
    /// Executes the function whose frame is the running one, and returns from it.
    ///
    /// # Safety
    /// The context is complete, its instance is in native mode, and its function was entered and not
    /// begun: native code is never continued, because it waits on the native stack for what it calls.
    run_loop
}

/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn run_loop(context: &mut Context) -> u32 {
    // SAFETY: the contract of this function: the function is live.
    let func = unsafe { &*context.func.cast::<NativeFunc>() };
    let (sp, fp) = (context.sp, context.fp);
    // Where results do not fit over the parameters they go among the operands, since the header
    // is still needed. The code takes the parameters from where it leaves the results.
    let operands = sp.wrapping_add(1);
    let (params, results) = (func.layout.params as usize, func.layout.results as usize);
    let slots = if results <= params { fp } else { operands };
    // SAFETY: the contract of this function: the function's frame is the running one, which has
    // slots for results among its operands (`FuncLayout::frame`): more than parameters, where they
    // are used.
    let code = unsafe {
        if results > params {
            core::ptr::copy_nonoverlapping(fp, slots, params);
        }
        enter(context, func, operands, slots)
    };
    if code != 0 {
        return code;
    }
    context.sp = slots.wrapping_add(results).wrapping_sub(1);
    // SAFETY: every frame that is entered here has a boundary behind its header (see
    // `Context::enter`): native code makes no frames.
    unsafe { context.leave() }
}

/// A call by the host. Its frame has no header: nothing but native code sees it, and that returns
/// here.
///
/// # Safety
/// As for [`crate::run::call_in`], of an instance in native mode.
#[inline(always)]
pub(crate) unsafe fn call_in(
    context: &mut Context,
    fp: *mut u32,
    func: u32,
    instance: &ExecInstance,
) -> Exit {
    // SAFETY: the contract of this function: `func` is a defined function, whose record is live.
    let func = unsafe { &*instance.funcs.cast::<NativeFunc>().wrapping_add(func as usize) };
    let params = func.layout.params as usize;
    // Neither number is near the largest one: see `FuncLayout`.
    if !bounds::has_slots(fp.addr(), params as u32 + func.layout.frame, context.stack_end.addr()) {
        return Exit::Refused(TrapCode::StackOverflow);
    }
    let args = fp.wrapping_add(params + OVERHEAD);
    // Where a call is refused before anything of it runs.
    context.pc = instance.code.wrapping_add(func.body as usize);
    (context.sp, context.fp, context.func) = (args, fp, &raw const func.layout);
    (context.instance, context.memory) = (instance, instance.memory);
    // SAFETY: the context is complete; `has_slots` has found the slots of the frame, which include
    // those that the runtime takes operands from, behind what is the header in other modes.
    match unsafe { enter(context, func, args, fp) } {
        0 => Exit::Returned,
        code => {
            let Context { pc, func, instance, .. } = *context;
            let place = Place { pc, func, instance, trace: Trace::of(context) };
            Exit::Trapped(TrapCode::from_code(code).unwrap_or(TrapCode::Host), place)
        }
    }
}

/// Enters the code of a function, whose parameters lie at `slots`, where its results come. The
/// runtime takes operands at `args`. Returns 0 or the number of a trap.
///
/// # Safety
/// The context is complete, its instance is in native mode and has the function. The slots are on
/// the operand stack, as many as the function's record says.
#[inline(never)]
unsafe fn enter(context: &mut Context, func: &NativeFunc, args: *mut u32, slots: *mut u32) -> u32 {
    // SAFETY: the contract of this function: the instance and the meter of the call are live.
    let (instance, meter) = unsafe { (&*context.instance, &*context.meter) };
    let state = &instance.native;
    // SAFETY: STATE: the instance is live and published.
    unsafe { state.refresh() };
    if state.memory_size.get() < state.least_memory {
        return TrapCode::MemoryOutOfBounds as u32;
    }
    let outer_limit = meter.native.limit.get();
    let limit = if outer_limit == 0 {
        stack_pointer().saturating_sub(meter.native.bytes.get()).max(1)
    } else {
        outer_limit
    };
    // What the code takes without a check of its own.
    let own_limit = limit.saturating_add(state.reserve);
    if stack_pointer() < own_limit {
        return TrapCode::StackOverflow as u32;
    }
    if outer_limit != 0 {
        // SAFETY: the contract of this function.
        return unsafe { enter_nested(context, func, args, slots, own_limit) };
    }
    // No native code of the store runs, so what the state has of a call is of none.
    meter.native.limit.set(limit);
    state.stack_limit.set(own_limit);
    state.context.set(context);
    state.args.set(args);
    state.meter.set(context.meter);
    // SAFETY: STATE was set above; CODE, and the contract of this function.
    let code = unsafe { enter_code(instance, func, slots) };
    meter.native.limit.set(0);
    code
}

/// Enters code while other native code of the store waits, perhaps of the same instance.
///
/// # Safety
/// As for [`enter`], which has read the memory.
#[cold]
#[inline(never)]
unsafe fn enter_nested(
    context: &mut Context,
    func: &NativeFunc,
    args: *mut u32,
    slots: *mut u32,
    own_limit: usize,
) -> u32 {
    // SAFETY: the contract of this function: the instance of the call is live.
    let instance = unsafe { &*context.instance };
    let state = &instance.native;
    let before = (
        state.meter.replace(context.meter),
        state.context.replace(context),
        state.args.replace(args),
        state.saved_sp.get(),
        state.stack_limit.replace(own_limit),
    );
    // SAFETY: STATE was set above; CODE, and the contract of this function.
    let code = unsafe { enter_code(instance, func, slots) };
    state.meter.set(before.0);
    state.context.set(before.1);
    state.args.set(before.2);
    state.saved_sp.set(before.3);
    state.stack_limit.set(before.4);
    code
}

/// # Safety
/// CODE, and STATE with the dynamic fields of this call.
#[inline(always)]
unsafe fn enter_code(instance: &ExecInstance, func: &NativeFunc, slots: *mut u32) -> u32 {
    let (body, entry) = (address(instance, func.body), address(instance, func.entry));
    // SAFETY: CODE: `entry` is the code for the function's type, which reads the parameters from
    // `slots` and writes the results there; each is as many slots as the type says, inside of the
    // frame (`FuncLayout::frame`, which the caller has checked). STATE: the contract of this
    // function.
    unsafe { entry::enter(entry, &instance.native, body, slots) }
}

/// The address of code, as a call needs it.
#[inline(always)]
fn address(instance: &ExecInstance, offset: u32) -> *const u8 {
    instance.code.wrapping_add((offset as usize) | THUMB)
}

const _: () = assert!(HEADER + BOUNDARY < OVERHEAD);
