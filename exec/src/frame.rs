//! Slots, frames, and the state of a call.
//!
//! All values of a call live on one value stack of 32-bit slots that the embedder sized; calls between Wasm
//! functions use nothing else. i64 and f64 take two slots, the low half first. It grows upwards:
//!
//! ```text
//!        caller's operands …  arguments
//!                             ├─────────┬───────────────┬──────────────┬──────┬────────────────────
//!   fp ──────────────────────►│ params  │ other locals  │ Header       │ pad  │ operands … top ◄── sp
//!                             └─────────┴───────────────┴──────────────┴──────┴────────────────────
//! ```
//!
//! The arguments become the callee's first locals where they lie; the results are written from `fp` on, where the
//! caller expects them. `sp` points at the home of the topmost operand, which the loops keep in a register; with no operand
//! it points at the pad. A frame entered from outside of the running loop (a call by the host, a call from another
//! instance) has `Header::pc` null and a [`Boundary`] behind its header.

use crate::bounds;
use crate::instance::ExecInstance;
use crate::linear_memory::Memory;
use crate::meter::Meter;
pub use crate::slot::{read64, write64};

/// What a call needs to know of a function, in every mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct FuncLayout {
    /// Slots of the parameters.
    pub params: u16,
    /// Slots of parameters and other locals together.
    pub locals: u16,
    /// Slots of the results.
    pub results: u16,
    /// Index of its type in the module, the first among equal ones.
    pub type_index: u16,
    /// Slots that a frame takes beyond the parameters: other locals, header, boundary, pad and operands.
    pub frame: u32,
}

/// A function that a module defines, ready to be executed in place.
#[repr(C)]
pub struct ClassicFunc {
    pub layout: FuncLayout,
    /// First operation.
    pub code: *const u8,
    /// Behind the final `end`.
    pub end: *const u8,
    /// First entry in the side table.
    pub side_table: *const u16,
    /// Locals with an index below this have it as their slot, and take one slot. At most 127, so such an index is one byte.
    pub narrow: u8,
    /// Whether the map of locals is in groups (more than [`crate::side_table::MAPPED`] locals).
    pub grouped: bool,
}

/// The same function as register code. Without pointers, for it may lie in flash; docs/container.md has its bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FastFunc {
    pub layout: FuncLayout,
    /// Offset of the first operation in [`ExecInstance::code`].
    pub code: u32,
}

/// Where a call goes, in the mode of the function's instance.
#[derive(Clone, Copy)]
pub struct Callee {
    pub layout: *const FuncLayout,
    /// First operation.
    pub code: *const u8,
    /// First entry in the side table; null in fast mode.
    pub side_table: *const u16,
}

/// What a call has to find again, in the callee's frame behind the locals.
#[repr(C)]
pub struct Header {
    /// The caller.
    pub func: *const FuncLayout,
    /// Where the caller goes on; null when there is a [`Boundary`].
    pub pc: *const u8,
    /// The caller's frame.
    pub fp: *mut u32,
    /// The caller's next entry in the side table.
    pub stp: *const u16,
}

/// More of that, where the caller is not code of the same instance.
#[repr(C)]
pub struct Boundary {
    /// The caller's instance; null when the host called, and nothing else here or in the header means anything.
    pub instance: *const ExecInstance,
    /// Where the caller goes on.
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

/// The state of a call by the host, from which and to which the loops read and write their registers around everything that is
/// executed elsewhere.
#[repr(C)]
pub struct Context {
    /// Next byte of code. After a trap: the operation that trapped.
    pub pc: *const u8,
    /// Home of the topmost operand.
    pub sp: *mut u32,
    pub fp: *mut u32,
    pub stp: *const u16,
    /// The function that runs: the first field of its [`ClassicFunc`] or [`FastFunc`].
    pub func: *const FuncLayout,
    /// Its instance.
    pub instance: *const ExecInstance,
    /// [`ExecInstance::memory`] of that.
    pub memory: *const Memory,
    /// One past the last slot of the value stack.
    pub stack_end: *mut u32,
    pub meter: *const Meter,
    /// Executes what the loops do not hold: see [`RuntimeFn`].
    pub runtime: RuntimeFn,
    /// The runtime crate's store.
    pub store: *mut (),
    /// What host functions are given: the embedder's store or execution environment.
    pub host: *mut (),
}

/// What a call by the host brings.
#[derive(Clone, Copy)]
pub struct Host {
    /// One past the last slot of the value stack.
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
    /// The operation.
    pub pc: *const u8,
    pub func: *const FuncLayout,
    pub instance: *const ExecInstance,
}

/// Executes the operation `code` whose immediates `context.pc` points at, on the operands in memory, and updates the context. Gives 0, [`SWITCHED`] or the number of a trap.
pub type RuntimeFn = unsafe extern "C" fn(context: &mut Context, code: u8) -> u32;

/// What a function of the embedder or of [`RuntimeFn`] gives when the context has changed as a whole: read everything anew.
pub const SWITCHED: u32 = 0x100;
/// The same, and what runs now has to be run by another mode's loop.
pub const OTHER_MODE: u32 = 0x101;

/// How a loop ended.
#[derive(Clone, Copy)]
pub enum Exit {
    /// The function that the host called has returned; its results lie where its arguments lay.
    Returned,
    /// The function was not entered: its frame has no room.
    Refused(crate::TrapCode),
    /// Execution stopped there.
    Trapped(crate::TrapCode, Place),
}

impl Header {
    /// Writes the header at `at`.
    ///
    /// # Safety
    /// `at` points at [`HEADER`] slots that the check of the frame's size has reserved.
    #[inline(always)]
    pub unsafe fn write(at: *mut u32, header: Header) {
        // SAFETY: the caller's promise; slots are aligned to 4 bytes, which on a 64-bit host is less than a pointer's alignment.
        unsafe { at.cast::<Header>().write_unaligned(header) }
    }

    /// Reads the header of the running function.
    ///
    /// # Safety
    /// `at` points at a header, that is, at `fp` plus the function's slots of locals.
    #[inline(always)]
    pub unsafe fn read(at: *const u32) -> Header {
        // SAFETY: the caller's promise.
        unsafe { at.cast::<Header>().read_unaligned() }
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
        }
    }

    /// Makes `instance` the running one. Gives [`SWITCHED`] or [`OTHER_MODE`].
    ///
    /// # Safety
    /// It is live and published.
    unsafe fn switch(&mut self, instance: *const ExecInstance) -> u32 {
        // SAFETY: the caller's promise; the instance that ran before is live, too, where there is one.
        unsafe {
            let same = self.instance.is_null() || (*self.instance).mode == (*instance).mode;
            self.instance = instance;
            self.memory = (*instance).memory;
            if same {
                SWITCHED
            } else {
                OTHER_MODE
            }
        }
    }

    /// Accounts for a call. Each way to call does, for functions that call each other without end are a loop, too.
    ///
    /// # Safety
    /// The meter is live.
    #[inline]
    unsafe fn count(&self) -> Result<(), crate::TrapCode> {
        // SAFETY: the caller's promise.
        let meter = unsafe { &*self.meter };
        if meter.pass() {
            Ok(())
        } else {
            Err(meter.reason())
        }
    }

    /// Makes the frame of a function, whose arguments end at `sp` (inclusive), and goes there. Used for calls that cross a boundary; the loops have this
    /// inline for their own calls. Gives [`SWITCHED`] or [`OTHER_MODE`].
    ///
    /// # Safety
    /// The arguments lie on the stack as the function's type says, and `instance` is the one that defines it.
    #[inline]
    pub unsafe fn enter(
        &mut self,
        to: Callee,
        instance: *const ExecInstance,
        return_pc: *const u8,
        caller: *const ExecInstance,
    ) -> Result<u32, crate::TrapCode> {
        // SAFETY: `to` is a live function of `instance` by the caller's promise, so its numbers are those that validation computed: the check
        // of `frame` against the end of the stack covers every slot that is written here and by the function's operations.
        unsafe {
            let callee = &*to.layout;
            let fp = self.sp.add(1).sub(callee.params as usize);
            if !bounds::has_slots(self.sp.add(1).addr(), callee.frame, self.stack_end.addr()) {
                return Err(crate::TrapCode::StackOverflow);
            }
            self.count()?;
            let header = fp.add(callee.locals as usize);
            let mut local = self.sp.add(1);
            while local < header {
                *local = 0;
                local = local.add(1);
            }
            Header::write(
                header,
                Header { pc: core::ptr::null(), fp: self.fp, stp: self.stp, func: self.func },
            );
            let boundary = header.add(HEADER);
            boundary
                .cast::<Boundary>()
                .write_unaligned(Boundary { instance: caller, pc: return_pc });
            self.sp = boundary.add(BOUNDARY);
            self.fp = fp;
            self.pc = to.code;
            self.stp = to.side_table;
            self.func = to.layout;
            Ok(self.switch(instance))
        }
    }

    /// Calls a function that another instance defines: makes its frame and goes there. Gives [`SWITCHED`], [`OTHER_MODE`] or a trap's number.
    ///
    /// # Safety
    /// The import has no `call`, and its arguments lie on the stack.
    pub unsafe fn cross(&mut self, import: &crate::ImportedFunc) -> u32 {
        let (pc, caller) = (self.pc, self.instance);
        // SAFETY: `data` and `extra` of such an import are an instance and the index of a function that it defines.
        unsafe {
            let instance: *const ExecInstance = import.data.cast();
            match self.enter((*instance).callee(import.extra.addr() as u32), instance, pc, caller) {
                Ok(switched) => switched,
                Err(trap) => trap as u32,
            }
        }
    }

    /// Makes the frame of a function of the running instance, whose arguments end at `sp` (inclusive), and goes there; it returns to `pc`.
    ///
    /// # Safety
    /// The arguments lie on the stack as the function's type says.
    pub unsafe fn call(&mut self, to: Callee) -> Result<u32, crate::TrapCode> {
        // SAFETY: as in `enter`; a boundary is made room for and left out.
        unsafe {
            let (pc, instance) = (self.pc, self.instance);
            let switched = self.enter(to, instance, core::ptr::null(), core::ptr::null())?;
            let header = self.fp.add((*to.layout).locals as usize);
            Header::write(header, Header { pc, ..Header::read(header) });
            self.sp = header.add(HEADER);
            Ok(switched)
        }
    }

    /// Where the running function returns to. The boundary is null in both parts when the caller is code of the same instance.
    ///
    /// # Safety
    /// A function is running.
    unsafe fn return_address(&self) -> (Header, Boundary) {
        // SAFETY: every frame has its header behind its locals, and a boundary behind that when its `pc` is null.
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

    /// Replaces the running frame by that of a function of `instance`, whose arguments end at `sp` (inclusive).
    ///
    /// # Safety
    /// The arguments lie on the stack as the function's type says, and `instance` is the one that defines it.
    pub unsafe fn tail_call(
        &mut self,
        to: Callee,
        instance: *const ExecInstance,
    ) -> Result<u32, crate::TrapCode> {
        // SAFETY: the arguments are copied down to the start of the running frame, of which everything that is needed was read before;
        // the check of the callee's frame covers what is written.
        unsafe {
            let callee = &*to.layout;
            let (mut header, mut boundary) = self.return_address();
            let params = callee.params as usize;
            if !bounds::has_slots(
                self.fp.addr(),
                callee.params as u32 + callee.frame,
                self.stack_end.addr(),
            ) {
                return Err(crate::TrapCode::StackOverflow);
            }
            self.count()?;
            if !core::ptr::eq(instance, self.instance) && !header.pc.is_null() {
                boundary = Boundary { instance: self.instance, pc: header.pc };
                header.pc = core::ptr::null();
            }
            core::ptr::copy(self.sp.add(1).sub(params), self.fp, params);
            let at = self.fp.add(callee.locals as usize);
            let mut local = self.fp.add(params);
            while local < at {
                *local = 0;
                local = local.add(1);
            }
            self.sp = at.add(HEADER);
            if header.pc.is_null() {
                self.sp.cast::<Boundary>().write_unaligned(boundary);
                self.sp = self.sp.add(BOUNDARY);
            }
            Header::write(at, header);
            self.pc = to.code;
            self.stp = to.side_table;
            self.func = to.layout;
            Ok(self.switch(instance))
        }
    }

    /// Returns from the running function through its boundary: the results, which end at `sp`, go to where the arguments lay. Gives 0 when the caller
    /// is the host, else [`SWITCHED`] or [`OTHER_MODE`].
    ///
    /// # Safety
    /// The running frame has a boundary.
    pub unsafe fn leave(&mut self) -> u32 {
        // SAFETY: the frame was made by `enter`, so header and boundary lie behind its locals.
        unsafe {
            let func = &*self.func;
            let at = self.fp.add(func.locals as usize);
            let header = Header::read(at);
            let boundary = at.add(HEADER).cast::<Boundary>().read_unaligned();
            let results = func.results as usize;
            core::ptr::copy(self.sp.add(1).sub(results), self.fp, results);
            // With nothing below, `sp` is one slot before the frame; never read then, as no operand is there.
            self.sp = self.fp.wrapping_add(results).wrapping_sub(1);
            if boundary.instance.is_null() {
                return 0;
            }
            self.fp = header.fp;
            self.stp = header.stp;
            self.func = header.func;
            self.pc = boundary.pc;
            self.switch(boundary.instance)
        }
    }
}
