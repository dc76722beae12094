//! What the debugger reads and changes of a stopped program, in the terms of the protocol.

use crate::address::Address;
use crate::arch::{Pc, Wasm, REGISTERS};
use crate::breakpoints::Breakpoints;
use crate::libraries;
use crate::stub::Names;
use crate::text;
use core::convert::Infallible;
use core::ptr::NonNull;
use gdbstub::common::{Signal, Tid};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::breakpoints::{
    Breakpoints as BreakpointsExt, BreakpointsOps, HwWatchpoint, HwWatchpointOps, SwBreakpoint,
    SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::libraries::{Libraries, LibrariesOps};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::process_info::{ProcessInfo, ProcessInfoOps, ProcessInfoResponse};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::ext::wasm::{Wasm as WasmExt, WasmOps};
use gdbstub::target::{Target, TargetError, TargetResult};
use zonda::debug::{Bytes, Frame, Position, Program};
use zonda::TrapCode;

/// How the program is built, for the debugger.
pub(crate) const TRIPLE: &str = "wasm32-unknown-unknown-wasm";
/// The only process.
pub(crate) const PROCESS: core::num::NonZeroUsize = core::num::NonZeroUsize::MIN;

/// A stopped program, and what the debugger has set.
pub(crate) struct Stopped<N> {
    /// The program while it is stopped.
    program: Option<NonNull<Program<'static>>>,
    pub(crate) breakpoints: Breakpoints,
    /// Whether the program stops behind its next instruction.
    pub(crate) step: bool,
    /// The position of the breakpoint at which the program has stopped: the debugger compares it
    /// with where it has set the breakpoint, which may be before the instruction.
    pub(crate) shown: Option<Position>,
    /// The trap at which it has stopped.
    pub(crate) trap: Option<TrapCode>,
    names: N,
}

// SAFETY: the pointer is set while the thread runs that has stopped the program, so none is sent.
unsafe impl<N: Send> Send for Stopped<N> {}

impl<N: Names> Stopped<N> {
    pub(crate) fn new(names: N) -> Stopped<N> {
        Stopped {
            program: None,
            breakpoints: Breakpoints::new(),
            step: false,
            shown: None,
            trap: None,
            names,
        }
    }

    /// The program has stopped. [`Stopped::leave`] follows before the reference ends, and `program`
    /// is not used before.
    pub(crate) fn enter(&mut self, program: &mut Program<'_>) {
        self.program = Some(NonNull::from(program).cast());
    }

    /// The program goes on.
    pub(crate) fn leave(&mut self) {
        self.program = None;
    }

    /// The program, between `enter` and `leave`.
    fn program(&self) -> Option<&Program<'_>> {
        // SAFETY: `enter` has set the pointer from a reference that lives until `leave`, and is not
        // used meanwhile. The program is borrowed as long as `self` is.
        self.program.map(|program| unsafe { program.cast().as_ref() })
    }

    pub(crate) fn program_mut(&mut self) -> Option<&mut Program<'_>> {
        // SAFETY: as in `program`; `self` is borrowed mutably, so there is no other reference.
        self.program.map(|program| unsafe { program.cast().as_mut() })
    }

    /// What is set, and the program.
    pub(crate) fn split(&mut self) -> Option<(&mut Breakpoints, &mut Program<'_>)> {
        // SAFETY: as in `program_mut`; the program is no part of `self`.
        let program = self.program.map(|program| unsafe { program.cast().as_mut() })?;
        Some((&mut self.breakpoints, program))
    }

    /// Before the program goes on: it stops where the debugger wants.
    pub(crate) fn prepare(&mut self) {
        let step = self.step;
        let Some((breakpoints, program)) = self.split() else { return };
        program.stop_at(breakpoints.all());
        program.stop_at_every_instruction(step || breakpoints.watches());
        breakpoints.resume(program);
    }

    /// Forgets what the debugger has set.
    pub(crate) fn detach(&mut self) {
        (self.step, self.trap) = (false, None);
        self.breakpoints.clear();
        if let Some(program) = self.program_mut() {
            program.detach();
        }
    }

    /// The address of the next instruction.
    pub(crate) fn pc(&self) -> Option<u64> {
        let at = self.shown.or_else(|| self.program()?.here())?;
        Some(Address::module(at.instance, at.offset))
    }

    /// The instance of the innermost frame.
    fn running(&self) -> Option<u32> {
        Some(self.program()?.here()?.instance)
    }

    /// A range of memory 0, and its instance.
    fn memory(&self, address: u64, len: u64) -> Option<(u32, (u32, u32))> {
        match Address::decode(address)? {
            Address::Memory(instance, at) => {
                Some((instance.or_else(|| self.running())?, (at, len.try_into().ok()?)))
            }
            Address::Module(..) => None,
        }
    }

    /// A value of a frame.
    fn value(
        &self,
        frame: usize,
        index: usize,
        to: &mut [u8],
        read: fn(&Program, &Frame, u32) -> Option<Bytes>,
    ) -> usize {
        let value = || {
            let program = self.program()?;
            let frame = program.frame(frame)?;
            read(program, &frame, index.try_into().ok()?)
        };
        let Some(bytes) = value() else { return 0 };
        let Some(to) = to.get_mut(..bytes.len()) else { return 0 };
        to.copy_from_slice(&bytes);
        bytes.len()
    }
}

impl<N: Names> Target for Stopped<N> {
    type Arch = Wasm;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Wasm, Infallible> {
        BaseOps::SingleThread(self)
    }

    // LLDB asks for the description of the registers in this form or in that of `qRegisterInfo`,
    // and for memory with `X` or `M`. One of each is enough.
    fn use_lldb_register_info(&self) -> bool {
        false
    }

    fn use_x_upcase_packet(&self) -> bool {
        false
    }

    fn use_resume_stub(&self) -> bool {
        false
    }

    // It saves bytes on a line, but costs a device flash.
    fn use_rle(&self) -> bool {
        cfg!(feature = "std")
    }

    fn use_fork_stop_reason(&self) -> bool {
        false
    }

    fn use_vfork_stop_reason(&self) -> bool {
        false
    }

    fn use_vforkdone_stop_reason(&self) -> bool {
        false
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }

    fn support_process_info(&mut self) -> Option<ProcessInfoOps<'_, Self>> {
        Some(self)
    }

    fn support_libraries(&mut self) -> Option<LibrariesOps<'_, Self>> {
        Some(self)
    }

    fn support_wasm(&mut self) -> Option<WasmOps<'_, Self>> {
        Some(self)
    }
}

impl<N: Names> SingleThreadBase for Stopped<N> {
    fn read_registers(&mut self, registers: &mut Pc) -> TargetResult<(), Self> {
        registers.0 = self.pc().ok_or(TargetError::NonFatal)?;
        Ok(())
    }

    fn write_registers(&mut self, _: &Pc) -> TargetResult<(), Self> {
        // The side table's position would not fit.
        Err(TargetError::NonFatal)
    }

    fn read_addrs(&mut self, address: u64, to: &mut [u8]) -> TargetResult<usize, Self> {
        let mut read = || {
            let program = self.program()?;
            let (bytes, at) = match Address::decode(address)? {
                Address::Memory(instance, at) => {
                    (program.memory(instance.or_else(|| self.running())?)?, at)
                }
                Address::Module(instance, at) => (program.module(instance)?, at),
            };
            let from = bytes.get(at as usize..)?;
            let len = from.len().min(to.len());
            to.get_mut(..len)?.copy_from_slice(from.get(..len)?);
            (len > 0).then_some(len)
        };
        read().ok_or(TargetError::NonFatal)
    }

    fn write_addrs(&mut self, address: u64, bytes: &[u8]) -> TargetResult<(), Self> {
        let mut write = || {
            let (instance, (at, len)) = self.memory(address, bytes.len() as u64)?;
            let memory = self.program_mut()?.memory_mut(instance)?;
            let end = (at as usize).checked_add(len as usize)?;
            memory.get_mut(at as usize..end)?.copy_from_slice(bytes);
            Some(())
        };
        write().ok_or(TargetError::NonFatal)
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl<N: Names> SingleThreadResume for Stopped<N> {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        self.step = false;
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
}

impl<N: Names> SingleThreadSingleStep for Stopped<N> {
    fn step(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        self.step = true;
        Ok(())
    }
}

impl<N: Names> BreakpointsExt for Stopped<N> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

/// The position in code that an address names.
fn position(address: u64) -> Option<Position> {
    match Address::decode(address)? {
        Address::Module(instance, offset) => Some(Position { instance, offset }),
        Address::Memory(..) => None,
    }
}

impl<N: Names> SwBreakpoint for Stopped<N> {
    fn add_sw_breakpoint(&mut self, address: u64, _: usize) -> TargetResult<bool, Self> {
        let Some((breakpoints, program)) = self.split() else { return Ok(false) };
        Ok(position(address).is_some_and(|at| breakpoints.add(program, at)))
    }

    fn remove_sw_breakpoint(&mut self, address: u64, _: usize) -> TargetResult<bool, Self> {
        Ok(position(address).is_some_and(|at| self.breakpoints.remove(at)))
    }
}

impl<N: Names> HwWatchpoint for Stopped<N> {
    fn add_hw_watchpoint(
        &mut self,
        address: u64,
        len: u64,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        let Some((instance, range)) = self.memory(address, len) else { return Ok(false) };
        let Some((breakpoints, program)) = self.split() else { return Ok(false) };
        Ok(breakpoints.watch(program, address, instance, range, kind))
    }

    fn remove_hw_watchpoint(
        &mut self,
        address: u64,
        len: u64,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        let Some((instance, range)) = self.memory(address, len) else { return Ok(false) };
        Ok(self.breakpoints.unwatch(instance, range, kind))
    }
}

impl<N: Names> ProcessInfo for Stopped<N> {
    fn process_info(
        &self,
        write: &mut dyn FnMut(&ProcessInfoResponse<'_>),
    ) -> Result<(), Infallible> {
        write(&ProcessInfoResponse::Pid(PROCESS));
        write(&ProcessInfoResponse::Triple(TRIPLE));
        Ok(())
    }
}

impl<N: Names> TargetDescriptionXmlOverride for Stopped<N> {
    fn target_description_xml(
        &self,
        _: &[u8],
        offset: u64,
        length: usize,
        to: &mut [u8],
    ) -> TargetResult<usize, Self> {
        Ok(text::part(offset, length, to, |part| {
            part.text(REGISTERS);
        }))
    }
}

impl<N: Names> Libraries for Stopped<N> {
    fn get_libraries(
        &self,
        offset: u64,
        length: usize,
        to: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let count = self.program().map_or(0, |program| program.instances());
        Ok(text::part(offset, length, to, |part| {
            libraries::write(part, count, |number| self.names.name(number));
        }))
    }
}

impl<N: Names> WasmExt for Stopped<N> {
    fn wasm_call_stack(&self, _: Tid, next_pc: &mut dyn FnMut(u64)) -> Result<(), Infallible> {
        let Some(program) = self.program() else { return Ok(()) };
        let mut shown = self.shown;
        let mut frame = program.frame(0);
        while let Some(active) = frame {
            if let Some(at) = shown.take().or_else(|| program.position(&active)) {
                next_pc(Address::module(at.instance, at.offset));
            }
            frame = active.caller();
        }
        Ok(())
    }

    fn read_wasm_local(
        &self,
        _: Tid,
        frame: usize,
        local: usize,
        to: &mut [u8],
    ) -> Result<usize, Infallible> {
        Ok(self.value(frame, local, to, |program, frame, index| program.local(frame, index)))
    }

    fn read_wasm_stack(
        &self,
        _: Tid,
        frame: usize,
        index: usize,
        to: &mut [u8],
    ) -> Result<usize, Infallible> {
        Ok(self.value(frame, index, to, |program, frame, index| program.operand(frame, index)))
    }

    fn read_wasm_global(
        &self,
        _: Tid,
        frame: usize,
        global: usize,
        to: &mut [u8],
    ) -> Result<usize, Infallible> {
        Ok(self.value(frame, global, to, |program, frame, index| program.global(frame, index)))
    }
}

impl<N: Names> MonitorCmd for Stopped<N> {
    fn handle_monitor_cmd(
        &mut self,
        command: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        match command {
            b"trap" => match self.trap {
                Some(code) => {
                    out.write_raw(b"trap: ");
                    out.write_raw(code.message().as_bytes());
                    out.write_raw(b"\n");
                }
                None => out.write_raw(b"no trap\n"),
            },
            _ => out.write_raw(b"commands: trap (prints why the program has trapped)\n"),
        }
        Ok(())
    }
}
