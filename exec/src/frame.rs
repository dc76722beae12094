//! Frames, calls across the boundary of an instance, and the state of a call by the host.
//!
//! All values of a call lie on one operand stack of 32-bit slots, whose size the embedder chooses;
//! calls between Wasm functions use no other memory. The stack grows upwards:
//!
//! ```text
//!        caller's operands …  arguments
//!                             ├─────────┬───────────────┬──────────────┬──────┬────────────────────
//!   fp ──────────────────────►│ params  │ other locals  │ Header       │ pad  │ operands … top ◄── sp
//!                             └─────────┴───────────────┴──────────────┴──────┴────────────────────
//! ```
//!
//! The arguments become the callee's first locals where they lie. The results are written from `fp`
//! on, where the caller expects them. `sp` points at the stack slot of the topmost operand, which
//! the loops keep in a register; without operands it points at the pad. A frame that was not
//! entered by code of the same instance (but by the host, or by code of another instance) has a
//! null [`Header::pc`] and a [`Boundary`] behind its header.
//!
//! Depends on [`crate::instance`] for the records of functions and on `bounds` for the arithmetic.
//! Owns two invariants, which each way to make a frame checks (here, in [`crate::call`] and in the
//! loops): a frame, as large as validation computed, fits below the end of the operand stack; and a
//! frame's header and boundary are those of its caller until it returns.

use crate::bounds;
use crate::debug;
use crate::instance::ExecInstance;
use crate::linear_memory::Memory;
use crate::meter::Meter;
use crate::sampling::Before;
pub use crate::slot::{read64, write64};
use crate::trace::Trace;
use crate::TrapCode;

/// What a call needs to know of a function, in every execution mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct FuncLayout {
    /// Slots of the parameters.
    pub params: u16,
    /// Slots of parameters and other locals together.
    pub locals: u16,
    /// Slots of the results.
    pub results: u16,
    /// Index of its type in the module, the first among equal types.
    pub type_index: u16,
    /// Slots of a frame beyond the parameters: other locals, header, boundary, pad and operands.
    pub frame: u32,
}

/// A function of a module, as classic mode executes it.
#[repr(C)]
pub struct ClassicFunc {
    pub layout: FuncLayout,
    /// The first instruction.
    pub code: *const u8,
    /// Behind the final `end`.
    pub end: *const u8,
    /// The first entry of its side table.
    pub side_table: *const u16,
    /// Each local with an index below this has one slot, with the same number as the index. At
    /// most 127, so that such an index has one byte.
    pub narrow: u8,
    /// Whether the map of locals has groups (more than [`crate::side_table::MAPPED`] locals).
    pub grouped: bool,
}

/// A function of a module, as fast mode executes it. It has no pointers, since it may lie in flash:
/// docs/precompiled-module.md specifies its bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FastFunc {
    pub layout: FuncLayout,
    /// Offset of the first register instruction in [`ExecInstance::code`].
    pub code: u32,
}

/// Where a call goes, in the execution mode of the function's instance.
#[derive(Clone, Copy)]
pub struct Callee {
    pub layout: *const FuncLayout,
    /// The first instruction.
    pub code: *const u8,
    /// The first entry of its side table; null in fast mode.
    pub side_table: *const u16,
}

/// The caller's state, in the callee's frame behind the locals.
#[repr(C)]
pub struct Header {
    /// The caller.
    pub func: *const FuncLayout,
    /// Where the caller continues; null when there is a [`Boundary`].
    pub pc: *const u8,
    /// The caller's frame.
    pub fp: *mut u32,
    /// The caller's next entry in the side table.
    pub stp: *const u16,
}

/// More of the caller's state, where the caller is not code of the same instance.
#[repr(C)]
pub struct Boundary {
    /// The caller's instance. Null when the host is the caller: then nothing else in the boundary
    /// or the header is set.
    pub instance: *const ExecInstance,
    /// Where the caller continues.
    pub pc: *const u8,
}

/// Slots of a [`Header`].
pub const HEADER: usize = size_of::<Header>() / 4;
/// Slots of a [`Boundary`].
pub const BOUNDARY: usize = size_of::<Boundary>() / 4;
/// Slots of the pad.
pub const PAD: usize = 1;
/// Slots of every frame beyond locals and operands.
pub const OVERHEAD: usize = HEADER + BOUNDARY + PAD;

/// The state of a call by the host. The loops keep most of it in registers, and write it here
/// before anything else runs.
#[repr(C)]
pub struct Context {
    /// The next byte of code. After a trap: the instruction that trapped.
    pub pc: *const u8,
    /// The stack slot of the topmost operand.
    pub sp: *mut u32,
    pub fp: *mut u32,
    pub stp: *const u16,
    /// The running function: the first field of its [`ClassicFunc`] or [`FastFunc`].
    pub func: *const FuncLayout,
    /// Its instance.
    pub instance: *const ExecInstance,
    /// [`ExecInstance::memory`] of that instance.
    pub memory: *const Memory,
    /// One past the last slot of the operand stack.
    pub stack_end: *mut u32,
    pub meter: *const Meter,
    /// Executes runtime instructions.
    pub runtime: RuntimeFn,
    /// The runtime crate's store.
    pub store: *mut (),
    /// What host functions receive: the embedder's store or execution environment.
    pub host: *mut (),
    /// The call by the host that encloses this one: see [`Context::outer`].
    #[cfg(feature = "debug")]
    pub(crate) outer: core::mem::MaybeUninit<*const Context>,
    /// What ran before the call.
    pub(crate) before: Before,
}

/// What a call by the host provides.
#[derive(Clone, Copy)]
pub struct Host {
    /// One past the last slot of the operand stack.
    pub stack_end: *mut u32,
    pub meter: *const Meter,
    pub runtime: RuntimeFn,
    /// See [`Context::store`].
    pub store: *mut (),
    /// See [`Context::host`].
    pub host: *mut (),
}

/// Where execution stopped.
#[derive(Clone, Copy)]
pub struct Place {
    /// The instruction.
    pub pc: *const u8,
    pub func: *const FuncLayout,
    pub instance: *const ExecInstance,
    /// The frame.
    pub trace: Trace,
}

/// Executes the runtime instruction `code`, whose immediates `context.pc` points at, on the
/// operands in their stack slots, and updates the context. Returns 0, [`SWITCHED`], [`OTHER_MODE`]
/// or the number of a trap.
pub type RuntimeFn = unsafe extern "C" fn(context: &mut Context, code: u8) -> u32;

/// The result of a host function or a [`RuntimeFn`] that has changed all of the context: the loop
/// reads it again.
pub const SWITCHED: u32 = 0x100;
/// As [`SWITCHED`], and the running instance now has another execution mode, whose loop has to
/// continue.
pub const OTHER_MODE: u32 = 0x101;

/// How a call by the host ended.
#[derive(Clone, Copy)]
pub enum Exit {
    /// The function has returned; its results lie where its arguments lay.
    Returned,
    /// The function was not entered: its frame does not fit.
    Refused(TrapCode),
    /// Execution stopped there.
    Trapped(TrapCode, Place),
}

impl Header {
    /// Writes the header at `at`.
    ///
    /// # Safety
    /// `at` points at [`HEADER`] slots of a frame that fits into the operand stack.
    #[inline(always)]
    pub(crate) unsafe fn write(at: *mut u32, header: Header) {
        // SAFETY: the contract of this function. Slots are aligned to 4 bytes, less than a pointer
        // of a 64-bit host.
        unsafe { at.cast::<Header>().write_unaligned(header) }
    }

    /// Writes the header at `at` without `stp`, which has no meaning in fast mode.
    ///
    /// # Safety
    /// As for [`Header::write`].
    #[inline(always)]
    #[allow(dead_code)]
    pub(crate) unsafe fn write_caller(
        at: *mut u32,
        func: *const FuncLayout,
        pc: *const u8,
        fp: *mut u32,
    ) {
        let header = at.cast::<Header>();
        // SAFETY: the contract of this function, as in `write`.
        unsafe {
            (&raw mut (*header).func).write_unaligned(func);
            (&raw mut (*header).pc).write_unaligned(pc);
            (&raw mut (*header).fp).write_unaligned(fp);
        }
    }

    /// Reads the header at `at`.
    ///
    /// # Safety
    /// `at` points at the header of a frame: at its `fp` plus the function's slots of locals.
    #[inline(always)]
    pub(crate) unsafe fn read(at: *const u32) -> Header {
        // SAFETY: the contract of this function. Fields that a call did not write have values, too:
        // the slots of a stack are initialized.
        unsafe { at.cast::<Header>().read_unaligned() }
    }
}

/// Sets the locals from `local` up to the header to 0.
///
/// # Safety
/// They lie in a frame that fits into the operand stack.
#[inline(always)]
unsafe fn clear_locals(mut local: *mut u32, header: *mut u32) {
    while local < header {
        // SAFETY: the contract of this function: `local` is below the header, in the frame.
        unsafe {
            *local = 0;
            local = local.add(1);
        }
    }
}

impl Context {
    /// A context in which nothing runs yet, with the topmost operand at `sp`.
    #[inline(always)]
    pub fn new(host: &Host, sp: *mut u32) -> Context {
        Context {
            pc: core::ptr::null(),
            sp,
            fp: core::ptr::null_mut(),
            stp: core::ptr::null(),
            func: core::ptr::null(),
            instance: core::ptr::null(),
            memory: core::ptr::null(),
            stack_end: host.stack_end,
            meter: host.meter,
            runtime: host.runtime,
            store: host.store,
            host: host.host,
            #[cfg(feature = "debug")]
            outer: core::mem::MaybeUninit::uninit(),
            before: Before::NOTHING,
        }
    }

    /// Makes `instance` the running one. Returns [`SWITCHED`] or [`OTHER_MODE`].
    ///
    /// # Safety
    /// It is live and has code for its mode, and so has the running instance unless that is null.
    unsafe fn switch(&mut self, instance: *const ExecInstance) -> u32 {
        // SAFETY: the contract of this function.
        let (same, memory) = unsafe {
            let same = self.instance.is_null() || (*self.instance).mode == (*instance).mode;
            // A debugger that has attached needs the other form of the loop.
            let same = same && !debug::is_active(self);
            (same, (*instance).memory)
        };
        self.instance = instance;
        self.memory = memory;
        if same {
            SWITCHED
        } else {
            OTHER_MODE
        }
    }

    /// Accounts for a call, as each way to call does: functions that call each other without end
    /// are a loop, too.
    ///
    /// # Safety
    /// The meter is live.
    #[inline]
    unsafe fn count(&self) -> Result<(), TrapCode> {
        // SAFETY: the contract of this function.
        let meter = unsafe { &*self.meter };
        if meter.pass() || meter.noticed() {
            Ok(())
        } else {
            Err(meter.reason())
        }
    }

    /// Makes the frame of a function, whose arguments end at `sp` (inclusive), and enters it across
    /// a boundary; the loops make the frames of calls within an instance. Returns [`SWITCHED`] or
    /// [`OTHER_MODE`].
    ///
    /// # Safety
    /// `to` is a function that the live `instance` defines, and its arguments lie on the operand
    /// stack, as its type says. The context's meter and end of the stack are those of the call, and
    /// `caller` and the running function live as long.
    #[inline]
    pub unsafe fn enter(
        &mut self,
        to: Callee,
        instance: *const ExecInstance,
        return_pc: *const u8,
        caller: *const ExecInstance,
    ) -> Result<u32, TrapCode> {
        // SAFETY: the contract of this function: the function's record is live.
        let callee = unsafe { &*to.layout };
        // SAFETY: the contract of this function: the arguments end at `sp`, which is a slot of the
        // operand stack.
        let (next, fp) = unsafe {
            let next = self.sp.add(1);
            (next, next.sub(callee.params as usize))
        };
        if !bounds::has_slots(next.addr(), callee.frame, self.stack_end.addr()) {
            return Err(TrapCode::StackOverflow);
        }
        // SAFETY: the contract of this function: the meter is live.
        unsafe { self.count() }?;
        // SAFETY: `has_slots` has found the slots of the frame below the end of the stack: locals,
        // header and boundary, in this order (`FuncLayout::frame`).
        unsafe {
            let header = fp.add(callee.locals as usize);
            clear_locals(next, header);
            Header::write(
                header,
                Header { pc: core::ptr::null(), fp: self.fp, stp: self.stp, func: self.func },
            );
            let boundary = header.add(HEADER);
            boundary
                .cast::<Boundary>()
                .write_unaligned(Boundary { instance: caller, pc: return_pc });
            self.sp = boundary.add(BOUNDARY);
        }
        self.fp = fp;
        self.pc = to.code;
        self.stp = to.side_table;
        self.func = to.layout;
        // SAFETY: the contract of this function: `instance` is live.
        Ok(unsafe { self.switch(instance) })
    }

    /// Calls a function that another instance defines: makes its frame and enters it. Returns
    /// [`SWITCHED`], [`OTHER_MODE`] or the number of a trap.
    ///
    /// # Safety
    /// The import is one of the running instance and has no `call`; its arguments end at `sp`
    /// (inclusive).
    pub(crate) unsafe fn cross(&mut self, import: &crate::ImportedFunc) -> u32 {
        let (pc, caller) = (self.pc, self.instance);
        let instance: *const ExecInstance = import.data.cast();
        // SAFETY: the linker of the runtime crate stores in an import without `call` a live
        // instance, and the index of a function that it defines.
        let to = unsafe { (*instance).callee(import.extra.addr() as u32) };
        // SAFETY: `to` is a function of `instance`, whose type linking has compared with that of
        // the import, so the arguments are those that the validator found on the stack.
        match unsafe { self.enter(to, instance, pc, caller) } {
            Ok(switched) => switched,
            Err(trap) => trap as u32,
        }
    }

    /// Makes the frame of a function of the running instance, whose arguments end at `sp`
    /// (inclusive), and enters it; it returns to `pc`.
    ///
    /// # Safety
    /// `to` is a function that the running instance defines, and its arguments lie on the stack, as
    /// its type says.
    pub unsafe fn call(&mut self, to: Callee) -> Result<u32, TrapCode> {
        let (pc, instance) = (self.pc, self.instance);
        // SAFETY: the contract of this function; the running instance and its function are live.
        let switched = unsafe { self.enter(to, instance, core::ptr::null(), core::ptr::null()) }?;
        // SAFETY: `enter` has made the frame at `fp`, whose header lies behind the locals. A header
        // with `pc` has no boundary behind it, whose slots become the pad.
        unsafe {
            let header = self.fp.add((*to.layout).locals as usize);
            Header::write(header, Header { pc, ..Header::read(header) });
            self.sp = header.add(HEADER);
        }
        Ok(switched)
    }

    /// Where the running function returns to. Both parts of the boundary are null when the caller
    /// is code of the same instance.
    ///
    /// # Safety
    /// A function is running.
    unsafe fn return_address(&self) -> (Header, Boundary) {
        // SAFETY: every frame has its header behind its locals, and a boundary behind that when its
        // `pc` is null.
        unsafe {
            let at = self.fp.add((*self.func).locals as usize);
            let header = Header::read(at);
            let boundary = if header.pc.is_null() {
                at.add(HEADER).cast::<Boundary>().read_unaligned()
            } else {
                Boundary { instance: core::ptr::null(), pc: core::ptr::null() }
            };
            (header, boundary)
        }
    }

    /// Replaces the running frame by that of a function of `instance`, whose arguments end at `sp`
    /// (inclusive).
    ///
    /// # Safety
    /// As for [`Context::enter`].
    pub unsafe fn tail_call(
        &mut self,
        to: Callee,
        instance: *const ExecInstance,
    ) -> Result<u32, TrapCode> {
        // SAFETY: the contract of this function: the function's record is live.
        let callee = unsafe { &*to.layout };
        // SAFETY: the function that makes a tail call is running.
        let (mut header, mut boundary) = unsafe { self.return_address() };
        let params = callee.params as usize;
        if !bounds::has_slots(
            self.fp.addr(),
            callee.params as u32 + callee.frame,
            self.stack_end.addr(),
        ) {
            return Err(TrapCode::StackOverflow);
        }
        // SAFETY: the contract of this function: the meter is live.
        unsafe { self.count() }?;
        if !core::ptr::eq(instance, self.instance) && !header.pc.is_null() {
            boundary = Boundary { instance: self.instance, pc: header.pc };
            header.pc = core::ptr::null();
        }
        // SAFETY: `has_slots` has found the slots of the callee's frame from `fp` on below the end
        // of the stack. The arguments are moved down from where they end; what they overwrite of
        // the running frame, its header and boundary, was read.
        unsafe {
            core::ptr::copy(self.sp.add(1).sub(params), self.fp, params);
            let at = self.fp.add(callee.locals as usize);
            clear_locals(self.fp.add(params), at);
            self.sp = at.add(HEADER);
            if header.pc.is_null() {
                self.sp.cast::<Boundary>().write_unaligned(boundary);
                self.sp = self.sp.add(BOUNDARY);
            }
            Header::write(at, header);
        }
        self.pc = to.code;
        self.stp = to.side_table;
        self.func = to.layout;
        // SAFETY: the contract of this function: `instance` is live.
        Ok(unsafe { self.switch(instance) })
    }

    /// Returns from the running function through its boundary: moves the results, which end at
    /// `sp`, to where the arguments lay. Returns 0 when the caller is the host, else [`SWITCHED`]
    /// or [`OTHER_MODE`].
    ///
    /// # Safety
    /// The running frame has a boundary.
    pub(crate) unsafe fn leave(&mut self) -> u32 {
        // SAFETY: the running function's record is live.
        let func = unsafe { &*self.func };
        // SAFETY: the contract of this function: the frame was made with a boundary, which lies
        // behind its header.
        let (header, boundary) = unsafe {
            let at = self.fp.add(func.locals as usize);
            (Header::read(at), at.add(HEADER).cast::<Boundary>().read_unaligned())
        };
        // SAFETY: the results end at `sp`: as many slots as validation computed from the function's
        // type.
        let results = unsafe {
            let results = func.results as usize;
            core::ptr::copy(self.sp.add(1).sub(results), self.fp, results);
            results
        };
        // Without operands below, `sp` is the slot before the frame, which is not read then.
        self.sp = self.fp.wrapping_add(results).wrapping_sub(1);
        if boundary.instance.is_null() {
            return 0;
        }
        self.fp = header.fp;
        self.stp = header.stp;
        self.func = header.func;
        self.pc = boundary.pc;
        // SAFETY: an instance lives until no call of it runs.
        unsafe { self.switch(boundary.instance) }
    }
}
