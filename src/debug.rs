//! What a debugger sees of a stopped program, and how it stops one (feature `debug`).
//!
//! A [`Debugger`] is called by the thread that runs the code, before an instruction that it asked
//! for, and when a call traps. It looks at the program and changes it through [`Program`]. The
//! crate `zonda-debug` is the debugger of the project: a GDB remote stub.
//!
//! Code runs in classic mode while a debugger is attached, whatever the mode of its instance is:
//! positions are offsets in the module then, and locals and operands are where the validator says
//! (docs/decisions/0034-debugging-in-classic-mode.md). Instances in other modes change at the next
//! call by the host that no other encloses, and change back after the debugger has detached.
//!
//! Depends on `store` and `module`. Everything that it reads through raw pointers belongs to the
//! store of the context, which no other thread uses meanwhile (docs/threads.md).

use crate::alloc::TryArc;
use crate::binary::reader::Reader;
use crate::binary::types::{ExternKind, ValType};
use crate::code::CompiledCode;
use crate::host::Store;
use crate::store::instance::StoreInstance;
use crate::store::memory::MemoryData;
use crate::store::StoreData;
use crate::{Mode, TrapCode};
use core::marker::PhantomData;
use zonda_exec::debug::{CALL, INSTRUCTION};
use zonda_exec::frame::{Context, HEADER};
use zonda_exec::trace::Frame as ExecFrame;
use zonda_exec::{ExecInstance, Meter, Op};

/// Why a debugger is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The instruction at the position of the innermost frame comes next.
    Instruction,
    /// A call has trapped at the position of the innermost frame, and ends.
    Trap(TrapCode),
}

/// How the program goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It goes on.
    Continue,
    /// The running call ends with [`TrapCode::Terminated`].
    Terminate,
}

/// What is called when a program stops.
pub trait Debugger {
    /// The program has stopped, on this thread. It runs on when this function returns.
    fn stopped(&mut self, program: &mut Program, stop: Stop) -> Resume;
}

/// A position in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The number of the instance in its store.
    pub instance: u32,
    /// The offset in the module of the instance.
    pub offset: u32,
}

/// The bytes of a value: as many as its type has, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    bytes: [u8; 16],
    len: usize,
}

impl Bytes {
    /// Reads slots.
    ///
    /// # Safety
    /// `slots` slots are live at `at`.
    unsafe fn read(at: *const u32, slots: u32) -> Bytes {
        let len = (slots as usize * 4).min(16);
        let mut bytes = [0; 16];
        // SAFETY: the contract of this function; `bytes` has 16.
        unsafe { core::ptr::copy_nonoverlapping(at.cast(), bytes.as_mut_ptr(), len) };
        Bytes { bytes, len }
    }
}

impl core::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// An active call of a stopped program.
#[derive(Clone, Copy)]
pub struct Frame<'p> {
    frame: ExecFrame,
    /// The slot behind the topmost operand.
    top: *const u32,
    /// The call by the host in which it is.
    context: *const Context,
    program: PhantomData<&'p Context>,
}

/// Whether operands and header of a frame lie where classic mode has them: a frame of fast mode is
/// among those of a program that was not in classic mode when a debugger came.
fn is_classic(frame: &Frame) -> bool {
    // SAFETY: the frame is one that `Program::frames` has found, so its instance is live.
    unsafe { (*frame.frame.instance).mode == Mode::Classic }
}

/// A stopped program.
pub struct Program<'p> {
    context: &'p mut Context,
}

impl<'p> Program<'p> {
    fn store(&self) -> &StoreData<'static> {
        // SAFETY: the context's store is live while its call runs, and used by this thread alone.
        // The lifetime of its modules is longer than that of this borrow, which is as long as
        // anything that is read through it.
        unsafe { &*self.context.store.cast() }
    }

    fn meter(&self) -> &Meter {
        // SAFETY: the meter of a context is live.
        unsafe { &*self.context.meter }
    }

    /// How many instances the store has. They are numbered from 0.
    pub fn instances(&self) -> u32 {
        self.store().instances.len() as u32
    }

    fn instance(&self, number: u32) -> Option<&StoreInstance<'static>> {
        self.store().instances.get(number as usize).map(|instance| &**instance)
    }

    fn number(&self, seen: *const ExecInstance) -> Option<u32> {
        let instances = self.store().instances.iter();
        instances.zip(0..).find(|(other, _)| core::ptr::eq(&other.seen, seen)).map(|(_, n)| n)
    }

    /// The module of an instance, in the binary format.
    pub fn module(&self, instance: u32) -> Option<&[u8]> {
        Some(self.instance(instance)?.module.data.bytes)
    }

    /// The active calls, the innermost one first.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        core::iter::successors(Some(self.running()), Frame::caller)
    }

    /// The running frame.
    fn running(&self) -> Frame<'_> {
        Frame {
            frame: ExecFrame {
                func: self.context.func,
                pc: self.context.pc,
                instance: self.context.instance,
                fp: self.context.fp,
            },
            top: self.context.sp.wrapping_add(1),
            context: &raw const *self.context,
            program: PhantomData,
        }
    }

    /// An active call; 0 is the innermost one.
    pub fn frame(&self, number: usize) -> Option<Frame<'_>> {
        let mut frame = self.running();
        for _ in 0..number {
            frame = frame.caller()?;
        }
        Some(frame)
    }

    /// Where the innermost frame is.
    pub fn here(&self) -> Option<Position> {
        self.position(&self.running())
    }

    /// Where a frame is: the innermost one at its next instruction, another one behind its call.
    pub fn position(&self, frame: &Frame) -> Option<Position> {
        let ExecFrame { func, pc, instance, .. } = frame.frame;
        let number = self.number(instance)?;
        let (_, offset) = self.instance(number)?.place(func, pc);
        Some(Position { instance: number, offset })
    }

    /// The first instruction at a position or behind it. Debug information names the start of a
    /// function's body, where the declarations of its locals are; every other position is returned
    /// as it is.
    pub fn instruction_at(&self, position: Position) -> Position {
        let first = self.instance(position.instance).and_then(|instance| {
            let data = &*instance.module.data;
            let mut reader = Reader::new(data.bytes, data.bodies as usize);
            for _ in 0..data.code.len() {
                let size = reader.u32().ok()? as usize;
                let start = reader.pos();
                if (start..start + size).contains(&(position.offset as usize)) {
                    let mut body = reader.part(size).ok()?;
                    for _ in 0..body.u32().ok()? {
                        body.u32().ok()?;
                        ValType::read(&mut body).ok()?;
                    }
                    return Some(body.pos() as u32);
                }
                reader.take(size).ok()?;
            }
            None
        });
        let offset = first.map_or(position.offset, |first| first.max(position.offset));
        Position { offset, ..position }
    }

    /// The value of a local.
    pub fn local(&self, frame: &Frame, index: u32) -> Option<Bytes> {
        let instance = self.instance(self.number(frame.frame.instance)?)?;
        let (func, _) = instance.place(frame.frame.func, frame.frame.pc);
        let (slot, ty) = local(instance, func, index)?;
        // SAFETY: the frame is one that `frames` has found, so its instance and record are live.
        let (start, count) = unsafe { frame.frame.locals()? };
        // SAFETY: so many slots of locals lie from there on.
        ((slot + ty.slots()) as usize <= count)
            .then(|| unsafe { Bytes::read(start.add(slot as usize), ty.slots()) })
    }

    /// An operand of a frame in classic mode, from the lowest one on. Finds its type by validating the
    /// function up to the frame's position, which needs memory.
    pub fn operand(&self, frame: &Frame, index: u32) -> Option<Bytes> {
        if !is_classic(frame) {
            return None;
        }
        let instance = self.instance(self.number(frame.frame.instance)?)?;
        let (func, offset) = instance.place(frame.frame.func, frame.frame.pc);
        let bytes = instance.module.data.bytes;
        let (slot, slots) = crate::module::operand_before(bytes, func, offset, index)?;
        // SAFETY: the record of a frame's function is live.
        let locals = unsafe { (*frame.frame.func).locals } as usize;
        // The first operand lies behind the pad, or behind the boundary and the pad.
        // SAFETY: a frame has its header behind its locals; its second field is `pc`, null in front
        // of a boundary.
        let first = unsafe {
            let header = frame.frame.fp.add(locals);
            let pc = header.cast::<*const ()>().add(1).read_unaligned();
            let boundary = if pc.is_null() { zonda_exec::frame::BOUNDARY } else { 0 };
            header.add(HEADER + boundary + zonda_exec::frame::PAD).cast_const()
        };
        let at = first.wrapping_add(slot as usize);
        let behind = at.wrapping_add(slots as usize);
        // SAFETY: the slots are those of operands: from the first one on, and before the top.
        (behind.addr() <= frame.top.addr()).then(|| unsafe { Bytes::read(at, slots) })
    }

    /// The value of a global of the frame's instance.
    pub fn global(&self, frame: &Frame, index: u32) -> Option<Bytes> {
        let instance = self.instance(self.number(frame.frame.instance)?)?;
        let ty = instance.module.data.globals.get(index as usize)?.ty.content;
        let global = instance.globals.get(index as usize)?;
        // SAFETY: the store has the global's slots, as many as its type says.
        Some(unsafe { Bytes::read(global.cell(), ty.slots()) })
    }

    /// Memory 0 of an instance.
    pub fn memory(&self, instance: u32) -> Option<&[u8]> {
        let memory = *self.instance(instance)?.memories.first()?;
        // SAFETY: memories live as long as their store; no code runs while the program is stopped.
        Some(unsafe { (*memory).bytes() })
    }

    /// Whether memory 0 of an instance has addresses of 64 bits.
    pub fn has_wide_addresses(&self, instance: u32) -> bool {
        let memories = self.instance(instance).map(|instance| &instance.module.data.memories);
        memories.and_then(|memories| memories.first()).is_some_and(|ty| ty.index.is_64())
    }

    /// Memory 0 of an instance, to be changed.
    pub fn memory_mut(&mut self, instance: u32) -> Option<&mut [u8]> {
        let memory: *mut MemoryData = *self.instance(instance)?.memories.first()?;
        // SAFETY: as in `memory`; `self` is borrowed mutably, so there is no other reference.
        Some(unsafe { (*memory).bytes_mut() })
    }

    /// The instruction that comes next: its bytes, and those of the module behind it.
    pub fn code(&self) -> &[u8] {
        self.here()
            .and_then(|at| self.module(at.instance)?.get(at.offset as usize..))
            .unwrap_or(&[])
    }

    /// The topmost slots of the running frame's operands, the topmost one first. `None` where it is
    /// not in classic mode.
    pub fn top(&self, depth: u32) -> Option<u32> {
        let frame = Some(self.running()).filter(is_classic)?;
        let at = frame.top.wrapping_sub(1 + depth as usize);
        // SAFETY: the slot lies in the frame, behind its start.
        (at.addr() > frame.frame.fp.addr()).then(|| unsafe { *at })
    }

    /// Whether the debugger is called before every instruction.
    pub fn stop_at_every_instruction(&mut self, every: bool) {
        self.meter().debug.set_every(every);
    }

    /// Replaces the positions before which the debugger is called. It is called before others, too:
    /// see [`Program::position`].
    pub fn stop_at(&mut self, positions: impl Iterator<Item = Position>) {
        let debug = &self.meter().debug;
        debug.clear_filter();
        for position in positions {
            if let Some(bytes) = self.module(position.instance) {
                debug.add_to_filter(bytes.as_ptr().wrapping_add(position.offset as usize));
            }
        }
    }

    /// Whether another thread has asked for the stop. The request is served.
    pub fn take_request(&mut self) -> bool {
        self.meter().debug.take_request()
    }

    /// The debugger is not called any more, until somebody asks for a stop again.
    pub fn detach(&mut self) {
        let meter = self.meter();
        meter.debug.clear_filter();
        meter.debug.set_every(false);
        meter.set_active(false);
    }

    /// The names of the imported function that the instruction at the position of the innermost
    /// frame calls, if it does.
    pub fn called_import(&self) -> Option<(&str, &str)> {
        let position = self.here()?;
        let data = &*self.instance(position.instance)?.module.data;
        let mut reader = Reader::new(data.bytes, position.offset as usize);
        if reader.byte() != Ok(Op::Call as u8) {
            return None;
        }
        let index = reader.u32().ok()?;
        let mut imports = data.imports.iter().filter(|import| import.kind == ExternKind::Func);
        imports.nth(index as usize).map(|import| data.import_names(import.offset))
    }
}

impl<'p> Frame<'p> {
    /// The caller, in the same call by the host or in the one that encloses it.
    pub fn caller(&self) -> Option<Frame<'p>> {
        // SAFETY: the frame is active: the running one of a stopped call, or one that this function
        // has found from there, and the program stays stopped while it is borrowed.
        if let Some(outer) = unsafe { self.frame.caller() } {
            // The arguments have become the callee's first locals.
            return Some(Frame { frame: outer, top: self.frame.fp, ..*self });
        }
        // SAFETY: the calls are live while an inner one runs, and so is their meter.
        let context = unsafe { (*self.context).outer().as_ref() }?;
        Some(Frame {
            frame: ExecFrame::running(context)?,
            top: context.sp.wrapping_add(1),
            context,
            program: PhantomData,
        })
    }
}

/// The first slot of a local in its frame, and its type.
fn local(instance: &StoreInstance, func: u32, index: u32) -> Option<(u32, ValType)> {
    let data = &*instance.module.data;
    let ty = data.func_type(func)?;
    let params = crate::module::FuncType::of(data.value_types(), ty);
    let (mut slot, mut first) = (0, 0);
    for ty in params.params() {
        if first == index {
            return Some((slot, ty));
        }
        (slot, first) = (slot + ty.slots(), first + 1);
    }
    let mut reader = Reader::new(data.bytes, data.bodies as usize);
    for _ in 0..func.checked_sub(data.imported_funcs)? {
        let size = reader.u32().ok()?;
        reader.take(size as usize).ok()?;
    }
    reader.u32().ok()?;
    for _ in 0..reader.u32().ok()? {
        let count = reader.u32().ok()?;
        let ty = ValType::read(&mut reader).ok()?;
        if index - first < count {
            return Some((slot + (index - first) * ty.slots(), ty));
        }
        (slot, first) = (slot + count * ty.slots(), first + count);
    }
    None
}

/// Called by the loops.
///
/// # Safety
/// `data` is a `D` that lives as long as the store.
pub(crate) unsafe extern "C" fn hook<D: Debugger>(
    data: *mut (),
    context: &mut Context,
    event: u32,
) -> u32 {
    if event == CALL {
        // SAFETY: the store is live, and its call begins.
        unsafe { change_modes(context) };
        return 0;
    }
    let stop = match event {
        INSTRUCTION => Stop::Instruction,
        code => Stop::Trap(TrapCode::from_code(code).unwrap_or(TrapCode::Host)),
    };
    // SAFETY: the contract of this function.
    let debugger = unsafe { &mut *data.cast::<D>() };
    match debugger.stopped(&mut Program { context }, stop) {
        Resume::Continue => 0,
        Resume::Terminate => TrapCode::Terminated as u32,
    }
}

/// Makes all instances of the store run in classic mode while a debugger is attached, and in their
/// own mode otherwise. An instance without memory for the code of classic mode, or whose module has
/// no bodies, stays as it is: it runs, and the debugger does not see it.
///
/// # Safety
/// The context's store and meter are live, and a call in the context begins.
unsafe fn change_modes(context: &Context) {
    // SAFETY: the contract of this function.
    let (store, meter) = unsafe { (&mut *context.store.cast::<StoreData>(), &*context.meter) };
    // The code of functions that run must not be freed.
    if !store.is_outermost() {
        return;
    }
    let active = meter.debug.is_active();
    let mut changed = false;
    for instance in store.instances.iter_mut() {
        let (own, mode) = (instance.own_mode, instance.seen.mode);
        let wanted = match own {
            // Not native code, whose module has no bodies.
            None if active && mode != Mode::Classic && Mode::ALL.contains(&mode) => {
                Some(Mode::Classic)
            }
            Some(own) if !active => Some(own),
            _ => None,
        };
        if let Some(wanted) = wanted {
            if instance.set_mode(wanted).is_ok() {
                instance.own_mode = active.then_some(mode);
            }
        }
        changed |= instance.own_mode.is_some();
    }
    meter.set_changed(changed);
}

/// Asks the program of a store to stop, from any thread.
#[derive(Clone)]
pub struct StopHandle {
    meter: TryArc<Meter>,
}

// SAFETY: a handle accesses of the meter what is atomic. Its owners are counted atomically, and a
// `Meter` is `Send`.
unsafe impl Send for StopHandle {}
// SAFETY: as for `Send`.
unsafe impl Sync for StopHandle {}

impl StopHandle {
    pub(crate) fn of(meter: &TryArc<Meter>) -> StopHandle {
        StopHandle { meter: meter.clone() }
    }

    /// Stops the program before an instruction that follows its next call or loop iteration; where
    /// nothing runs, at the next call into the store.
    pub fn stop(&self) {
        self.meter.attention();
    }
}

impl<'a, T> Store<'a, T> {
    /// Sets what is called when the program stops. Nothing stops before [`StopHandle::stop`] is
    /// called.
    pub fn set_debugger<D: Debugger + Send>(&mut self, debugger: &'a mut D) {
        let data = core::ptr::from_mut(debugger).cast();
        // SAFETY: the debugger lives as long as the store, which alone has it, and `hook` casts to
        // its type.
        unsafe { self.inner.meter.debug.set_hook(Some(hook::<D>), data) };
    }

    /// A handle by which another thread stops the program.
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle::of(&self.inner.meter)
    }
}
