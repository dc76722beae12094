//! Stops for a debugger (feature `debug`).
//!
//! A debugger that is attached gets control before each instruction that it asks for, and when a
//! call traps. Nothing is patched, since code may lie in flash: while a debugger is attached,
//! classic mode executes with a second form of its loop, which asks `before` in front of every
//! instruction. Without one the usual loop runs. It changes to the other form where it checks the
//! meter anyway, at calls and loop iterations: the termination request then has a second bit. So
//! nothing is executed for debugging while no debugger is attached, except for a test of that word
//! at each call by the host (`is_noticed`) and, in Thumb-2, one load more where the loop takes the
//! address of its table of handlers.
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

#[cfg(all(thumb2, not(feature = "portable")))]
extern "C" {
    // The tables of handlers of classic mode, in `classic/thumb.rs`.
    static zonda_exec_usual: u32;
    static zonda_exec_asking: u32;
}

/// An event for the [`Hook`]: an instruction comes next.
pub const INSTRUCTION: u32 = 0;
/// An event for the [`Hook`]: a call by the host comes next.
pub const CALL: u32 = u32::MAX;

/// Words of the filter.
const WORDS: usize = 8;

/// What a store has for its debugger.
pub struct Debug {
    /// The table of handlers that the loop in Thumb-2 instructions uses.
    #[cfg(all(thumb2, not(feature = "portable")))]
    handlers: Cell<*const u32>,
    /// Whether a debugger is attached.
    active: Cell<bool>,
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

/// The offset of the table in a meter.
#[cfg(all(thumb2, not(feature = "portable")))]
pub(crate) const HANDLERS: usize =
    core::mem::offset_of!(Meter, debug) + core::mem::offset_of!(Debug, handlers);

impl Debug {
    pub(crate) const fn new() -> Debug {
        Debug {
            #[cfg(all(thumb2, not(feature = "portable")))]
            handlers: Cell::new(&raw const zonda_exec_usual),
            active: Cell::new(false),
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
        self.active.get()
    }

    fn set_active(&self, active: bool) {
        self.active.set(active);
        #[cfg(all(thumb2, not(feature = "portable")))]
        self.handlers.set(if active {
            &raw const zonda_exec_asking
        } else {
            &raw const zonda_exec_usual
        });
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
        self.debug.set_active(active);
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
                self.debug.set_active(true);
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

/// Not 0 where a call by the host has to be made with [`begin`] and [`end`]: a debugger is attached,
/// or somebody has asked for something.
///
/// # Safety
/// The meter is live.
#[inline(always)]
pub(crate) unsafe fn notices(meter: *const Meter) -> u32 {
    // SAFETY: the contract of this function.
    unsafe { (*meter).termination.word() }
}

/// A call by the host into `instance` begins. It may change the mode of instances. [`end`] follows.
///
/// # Safety
/// The context's meter and the instance are live; nothing runs in the context.
pub(crate) unsafe fn begin(context: &mut Context, instance: *const ExecInstance) {
    // SAFETY: the contract of this function.
    let meter = unsafe { &*context.meter };
    meter.notice();
    context.instance = instance;
    context.outer.write(meter.debug.innermost.get());
    // SAFETY: the contract of this function.
    unsafe { call_hook(context, CALL) };
    // `switch` asks for no change of the loop where nothing runs.
    context.instance = null();
    meter.debug.innermost.set(context);
}

/// The call has trapped, with this code.
///
/// # Safety
/// The context is that of the innermost call, and its meter is live.
#[cold]
#[inline(never)]
pub(crate) unsafe fn trapped(context: &mut Context, code: u32) {
    if is_active(context) {
        // SAFETY: the contract of this function. The loop of classic mode has completed the context
        // where it has stopped.
        unsafe { call_hook(context, code) };
    }
}

/// The call has ended.
///
/// # Safety
/// As for [`begin`], which was called with the context, of the innermost call.
pub(crate) unsafe fn end(context: &Context) {
    // SAFETY: the contract of this function; `begin` has set `outer`.
    unsafe { (*context.meter).debug.innermost.set(context.outer.assume_init()) };
}

impl Context {
    /// The call by the host that encloses this one and has begun since a debugger is attached; null
    /// for none.
    ///
    /// # Safety
    /// The meter is live.
    pub unsafe fn outer(&self) -> *const Context {
        // SAFETY: the contract of this function.
        let innermost = unsafe { (*self.meter).debug.innermost.get() };
        // A call that has begun before is not in the chain, and nothing encloses it that is.
        let mut begun = innermost;
        while !begun.is_null() {
            // SAFETY: contexts in the chain are those of calls that have begun and not ended, and
            // `begin` has set their `outer`.
            let outer = unsafe { (*begun).outer.assume_init() };
            if core::ptr::eq(begun, self) {
                return outer;
            }
            begun = outer;
        }
        null()
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
