//! Stops for a debugger (feature `debug`).
//!
//! A debugger that is attached gets control before each instruction that it asks for, and when a
//! call traps. Nothing is patched, since code may lie in flash: while a debugger is attached,
//! classic mode executes with a second form of its loop, which asks `before` in front of every
//! instruction. Without one the usual loop runs. It changes to the other form where it checks the
//! meter anyway, at calls and loop iterations: the termination request then has a second bit. So
//! nothing is executed for debugging while no debugger is attached, except for a test of that word
//! at each call by the host and, in Thumb-2, six machine instructions after a runtime instruction.
//!
//! Depends on [`crate::frame`] and [`crate::meter`]. Owns one invariant: the context is complete
//! (as for [`crate::frame::RuntimeFn`]) whenever the hook is called.

use crate::frame::{Context, OTHER_MODE};
use crate::instance::ExecInstance;
use crate::meter::Meter;
use core::cell::Cell;
use core::ptr::null;
use core::sync::atomic::{AtomicU32, Ordering};

#[cfg(not(target_has_atomic = "32"))]
compile_error!("the feature `debug` needs a CPU with atomic operations of 32 bits");

/// Whether the feature is on.
pub(crate) const ON: bool = true;

/// The bit of the termination request that asks for a change of the loop.
const ATTENTION: u32 = 2;
/// The bit for instances whose mode a debugger has changed, until they have their own again.
const CHANGED: u32 = 4;

/// Called before an instruction, with [`INSTRUCTION`]; when a call traps, with the number of the
/// trap; and before a call by the host, while a
/// debugger is attached or has changed modes, with [`CALL`]. The context is complete;
/// before a call it has nothing but the instance, whose mode the hook may change. The hook may
/// change what the context points at. Returns 0, or the number of a trap that ends the call.
pub type Hook = unsafe extern "C" fn(data: *mut (), context: &mut Context, event: u32) -> u32;

/// An event for the [`Hook`]: an instruction comes next.
pub const INSTRUCTION: u32 = 0;
/// An event for the [`Hook`]: a call by the host comes next.
pub const CALL: u32 = u32::MAX;

/// Words of the filter.
const WORDS: usize = 8;

/// What a store has for its debugger.
pub struct Debug {
    /// Not 0 while a debugger is attached: read by the loop in Thumb-2 instructions.
    active: Cell<u32>,
    /// Another thread asks for a stop.
    request: AtomicU32,
    hook: Cell<Option<Hook>>,
    data: Cell<*mut ()>,
    /// Whether the hook is called before every instruction.
    every: Cell<bool>,
    /// Bits of the positions before which the hook is called, and of others with the same last
    /// bits.
    filter: [Cell<u32>; WORDS],
    /// The innermost call by the host that has begun since the debugger has attached.
    innermost: Cell<*const Context>,
}

#[allow(unused_imports, reason = "for the loop in Thumb-2 instructions")]
pub(crate) use crate::frame::HANDLERS;

/// The offset of `active` in a meter.
#[allow(dead_code)]
pub(crate) const ACTIVE: usize =
    core::mem::offset_of!(Meter, debug) + core::mem::offset_of!(Debug, active);

impl Debug {
    pub(crate) const fn new() -> Debug {
        Debug {
            active: Cell::new(0),
            request: AtomicU32::new(0),
            hook: Cell::new(None),
            data: Cell::new(core::ptr::null_mut()),
            every: Cell::new(false),
            filter: [const { Cell::new(0) }; WORDS],
            innermost: Cell::new(null()),
        }
    }

    /// Sets what is called; `None` for nothing.
    ///
    /// # Safety
    /// `hook` may be called with `data` by each thread that runs code of the store, until another
    /// one is set.
    pub unsafe fn set_hook(&self, hook: Option<Hook>, data: *mut ()) {
        self.hook.set(hook);
        self.data.set(data);
    }

    /// Whether a debugger is attached.
    pub fn is_active(&self) -> bool {
        self.active.get() != 0
    }

    /// Whether another thread asks for a stop; the request is served.
    pub fn take_request(&self) -> bool {
        let asked = self.request.load(Ordering::Acquire) != 0;
        if asked {
            self.request.store(0, Ordering::Release);
        }
        asked
    }

    /// Whether another thread asks for a stop.
    pub fn is_requested(&self) -> bool {
        self.request.load(Ordering::Acquire) != 0
    }

    /// Whether the hook is called before every instruction.
    pub fn set_every(&self, every: bool) {
        self.every.set(every);
    }

    /// Forgets all positions.
    pub fn clear_filter(&self) {
        for word in &self.filter {
            word.set(0);
        }
    }

    /// Adds a position to those before which the hook is called.
    pub fn add_to_filter(&self, pc: *const u8) {
        let (word, bit) = place(pc);
        if let Some(word) = self.filter.get(word) {
            word.set(word.get() | bit);
        }
    }

    fn is_wanted(&self, pc: *const u8) -> bool {
        let (word, bit) = place(pc);
        self.every.get() || self.filter.get(word).is_some_and(|word| word.get() & bit != 0)
    }
}

/// The bit of a position in the filter.
fn place(pc: *const u8) -> (usize, u32) {
    let at = pc.addr();
    (at / 32 % WORDS, 1 << (at % 32))
}

impl Meter {
    /// Asks for a stop, from any thread: the hook is called before the next instruction that runs
    /// behind a call or a loop iteration.
    pub fn attention(&self) {
        self.debug.request.store(1, Ordering::Release);
        self.termination.set(ATTENTION);
    }

    /// Attaches a debugger, or detaches it.
    pub fn set_active(&self, active: bool) {
        self.debug.active.set(active as u32);
        if active {
            self.termination.set(ATTENTION);
        } else {
            self.termination.unset(ATTENTION);
        }
    }

    /// Whether instances have another mode than their own: the hook is called at each call by the
    /// host then.
    pub fn set_changed(&self, changed: bool) {
        if changed {
            self.termination.set(CHANGED);
        } else {
            self.termination.unset(CHANGED);
        }
    }

    /// After [`Meter::pass`] has returned false: whether execution goes on nevertheless, as nothing
    /// but attention was asked for.
    #[cold]
    pub fn noticed(&self) -> bool {
        if self.termination.is_pending() || !self.termination.is_set() {
            return false;
        }
        self.notice();
        self.pass_fuel()
    }

    /// Attaches the debugger that has asked for it.
    fn notice(&self) {
        if self.debug.is_requested() {
            if self.debug.hook.get().is_some() {
                self.debug.active.set(1);
            } else {
                self.debug.request.store(0, Ordering::Release);
            }
        }
        if !self.debug.is_active() {
            self.termination.unset(ATTENTION);
        }
    }
}

/// Whether the loop that asks [`before`] has to run.
#[inline(always)]
pub(crate) fn is_active(context: &Context) -> bool {
    // SAFETY: the meter of a context is live.
    unsafe { (*context.meter).debug.is_active() }
}

/// A call by the host into `instance` begins. Returns whether [`end`] has to follow.
///
/// # Safety
/// The context's meter and the instance are live.
#[inline(always)]
pub(crate) unsafe fn begin(context: &mut Context, instance: *const ExecInstance) -> bool {
    // SAFETY: the contract of this function.
    unsafe { (*context.meter).termination.is_set() && begin_attached(context, instance) }
}

/// The same while a debugger is attached or asks for it. It may change the mode of instances.
///
/// # Safety
/// As for [`begin`].
#[cold]
#[inline(never)]
unsafe fn begin_attached(context: &mut Context, instance: *const ExecInstance) -> bool {
    // SAFETY: the contract of this function.
    let meter = unsafe { &*context.meter };
    meter.notice();
    (context.func, context.instance) = (null(), instance);
    // SAFETY: the contract of this function. Nothing runs in the context.
    unsafe { call_hook(context, CALL) };
    // `switch` asks for no change of the loop where nothing runs.
    context.instance = null();
    context.outer = meter.debug.innermost.replace(context);
    true
}

/// The call has ended, with this code. `begun` is what [`begin`] has returned.
///
/// # Safety
/// As for [`begin`], of the innermost call.
#[inline(always)]
pub(crate) unsafe fn end(context: &mut Context, code: u32, begun: bool) {
    if begun || code != 0 {
        // SAFETY: the contract of this function.
        unsafe { end_attached(context, code, begun) };
    }
}

/// # Safety
/// As for [`end`].
#[cold]
#[inline(never)]
unsafe fn end_attached(context: &mut Context, code: u32, begun: bool) {
    // SAFETY: the contract of this function.
    let meter = unsafe { &*context.meter };
    if code != 0 && meter.debug.is_active() {
        // SAFETY: the loop of classic mode has completed the context where it has stopped.
        unsafe { call_hook(context, code) };
    }
    if begun {
        meter.debug.innermost.set(core::mem::replace(&mut context.outer, null()));
    }
}

/// Before the instruction at `context.pc`. Returns 0, the number of a trap, or [`OTHER_MODE`] where
/// no debugger is attached any more.
///
/// # Safety
/// The context is complete, and its instance is in classic mode.
pub(crate) unsafe extern "C" fn before(context: &mut Context) -> u32 {
    // SAFETY: the contract of this function: the meter is live.
    let meter = unsafe { &*context.meter };
    let debug = &meter.debug;
    if debug.is_wanted(context.pc) || debug.is_requested() {
        // SAFETY: the contract of this function.
        let code = unsafe { call_hook(context, INSTRUCTION) };
        if code != 0 {
            return code;
        }
    }
    if debug.is_active() {
        0
    } else {
        OTHER_MODE
    }
}

/// # Safety
/// The context is complete.
#[cold]
unsafe fn call_hook(context: &mut Context, code: u32) -> u32 {
    // SAFETY: the contract of this function: the meter is live.
    let debug = unsafe { &(*context.meter).debug };
    match debug.hook.get() {
        // SAFETY: the contract of `set_hook`.
        Some(hook) => unsafe { hook(debug.data.get(), context, code) },
        None => 0,
    }
}
