//! A program that has trapped, as a trap record keeps it (feature `std`): a debugger opens it as if
//! the program was stopped at the trap. It can be read as far as the record goes, and not be changed.
//!
//! Owns the session over such a record. What the debugger is told has the terms of `target`; what
//! reads a record is the crate `zonda-symbols`.

use crate::address::Address;
use crate::arch::{Pc, PcId, Wasm, REGISTERS};
use crate::libraries;
use crate::stub::{reply, signal, INTERRUPT, PACKET};
use crate::target::{PROCESS, TRIPLE};
use crate::text;
use core::convert::Infallible;
use core::ops::Deref;
use gdbstub::common::{Signal, Tid};
use gdbstub::conn::Connection;
use gdbstub::stub::state_machine::GdbStubStateMachine as State;
use gdbstub::stub::{GdbStub, MultiThreadStopReason};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps,
};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::libraries::{Libraries, LibrariesOps};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::process_info::{ProcessInfo, ProcessInfoOps, ProcessInfoResponse};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::ext::wasm::{Wasm as WasmExt, WasmOps};
use gdbstub::target::{Target, TargetError, TargetResult};
use std::io::{self, BufReader, Read, Write};
use std::string::String;
use std::vec::Vec;
use zonda::TrapCode;

/// A module of the program, with the debugger's name for its file.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The path of its file.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// An active call.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The number of its module.
    pub module: u32,
    /// The offset in the module: of the innermost frame the instruction that trapped, else the one
    /// behind the call.
    pub offset: u32,
    /// The bytes of its locals, lowest first, as many as the record has.
    pub locals: Vec<Vec<u8>>,
}

/// What is left of a program.
#[derive(Clone, Debug, Default)]
pub struct Remains {
    /// All of its modules.
    pub modules: Vec<Module>,
    /// The innermost one first.
    pub frames: Vec<Frame>,
    /// Global 0 of the innermost frame's module.
    pub global: Option<u32>,
    /// A part of memory 0 of the innermost frame's module: its address and its bytes.
    pub memory: Option<(u32, Vec<u8>)>,
    /// Why it has trapped.
    pub trap: Option<TrapCode>,
    /// The same as text.
    pub message: String,
}

/// Sends a packet at once when it is complete. What is not sent is noticed when the next byte is
/// read.
struct Output<W> {
    to: W,
    written: Vec<u8>,
}

impl<W: Write> Connection for Output<W> {
    type Error = Infallible;

    fn write(&mut self, byte: u8) -> Result<(), Infallible> {
        self.written.push(byte);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        let _ = self.to.write_all(&self.written);
        self.written.clear();
        Ok(())
    }
}

impl Remains {
    /// Serves a debugger until it goes. It finds the program stopped; the first time that it
    /// continues the program, the trap is reported, and the second time the end.
    ///
    /// # Errors
    /// Those of the connection.
    pub fn serve(&self, input: impl Read, output: impl Write) -> io::Result<()> {
        let failed = || io::Error::other("the debugger sent what is no packet");
        let mut input = BufReader::new(input).bytes();
        let mut packet = std::vec![0; PACKET];
        let output = Output { to: output, written: Vec::new() };
        let session = &mut Session(self);
        let stub = GdbStub::builder(output).with_packet_buffer(&mut packet).build();
        let mut machine =
            stub.map_err(|_| failed())?.run_state_machine(session).map_err(|_| failed())?;
        let mut told = false;
        loop {
            machine = match machine {
                State::Idle(idle) => match input.next() {
                    None => return Ok(()),
                    // The program has stopped already.
                    Some(Ok(INTERRUPT)) => idle.into(),
                    Some(byte) => idle.incoming_data(session, byte?).map_err(|_| failed())?,
                },
                State::Running(running) => {
                    let reason = match core::mem::replace(&mut told, true) {
                        false => reply(self.trap.map_or(Signal::SIGABRT, signal)),
                        true => MultiThreadStopReason::Exited(1),
                    };
                    let pc = self.pc().unwrap_or(0).to_le_bytes();
                    let mut registers = core::iter::once((PcId, &pc[..]));
                    running
                        .report_stop_with_regs(session, reason, &mut registers)
                        .map_err(|_| failed())?
                }
                State::CtrlCInterrupt(_) | State::Disconnected(_) => return Ok(()),
            }
        }
    }

    /// The address of the innermost frame.
    fn pc(&self) -> Option<u64> {
        self.frames.first().map(|frame| Address::module(frame.module, frame.offset))
    }

    /// The bytes of an address and behind it.
    fn bytes(&self, address: u64) -> Option<&[u8]> {
        match Address::decode(address)? {
            Address::Memory(module, at) => {
                let innermost = self.frames.first()?.module;
                let (start, bytes) = self.memory.as_ref()?;
                if module.is_some_and(|module| module != innermost) {
                    return None;
                }
                bytes.get(at.checked_sub(*start)? as usize..)
            }
            Address::Module(module, at) => {
                self.modules.get(module as usize)?.bytes.get(at as usize..)
            }
        }
    }
}

/// Remains that a debugger looks at.
struct Session<'r>(&'r Remains);

impl Deref for Session<'_> {
    type Target = Remains;

    fn deref(&self) -> &Remains {
        self.0
    }
}

/// Copies a value to where the debugger wants it.
fn value(bytes: Option<&[u8]>, to: &mut [u8]) -> Result<usize, Infallible> {
    let copied = bytes.and_then(|bytes| {
        to.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(bytes.len())
    });
    Ok(copied.unwrap_or(0))
}

impl Target for Session<'_> {
    type Arch = Wasm;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Wasm, Infallible> {
        BaseOps::SingleThread(self)
    }

    // What LLDB is asked to use is the same as in `target`.
    fn use_lldb_register_info(&self) -> bool {
        false
    }

    fn use_x_upcase_packet(&self) -> bool {
        false
    }

    fn use_rle(&self) -> bool {
        false
    }

    // There are no breakpoints, and the memory of a record is not that of a debugger to write them.
    fn guard_rail_implicit_sw_breakpoints(&self) -> bool {
        true
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

impl SingleThreadBase for Session<'_> {
    fn read_registers(&mut self, registers: &mut Pc) -> TargetResult<(), Self> {
        registers.0 = self.pc().ok_or(TargetError::NonFatal)?;
        Ok(())
    }

    fn write_registers(&mut self, _: &Pc) -> TargetResult<(), Self> {
        Err(TargetError::NonFatal)
    }

    fn read_addrs(&mut self, address: u64, to: &mut [u8]) -> TargetResult<usize, Self> {
        let bytes = self.bytes(address).filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or(TargetError::NonFatal)?;
        let len = bytes.len().min(to.len());
        to.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
        Ok(len)
    }

    fn write_addrs(&mut self, _: u64, _: &[u8]) -> TargetResult<(), Self> {
        Err(TargetError::NonFatal)
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadResume for Session<'_> {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        Ok(())
    }
}

impl ProcessInfo for Session<'_> {
    fn process_info(
        &self,
        write: &mut dyn FnMut(&ProcessInfoResponse<'_>),
    ) -> Result<(), Infallible> {
        write(&ProcessInfoResponse::Pid(PROCESS));
        write(&ProcessInfoResponse::Triple(TRIPLE));
        Ok(())
    }
}

impl TargetDescriptionXmlOverride for Session<'_> {
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

impl Libraries for Session<'_> {
    fn get_libraries(
        &self,
        offset: u64,
        length: usize,
        to: &mut [u8],
    ) -> TargetResult<usize, Self> {
        Ok(text::part(offset, length, to, |part| {
            libraries::write(part, self.modules.len() as u32, |number| {
                self.modules.get(number as usize).map(|module| module.name.as_bytes())
            });
        }))
    }
}

impl WasmExt for Session<'_> {
    fn wasm_call_stack(&self, _: Tid, next_pc: &mut dyn FnMut(u64)) -> Result<(), Infallible> {
        for frame in &self.frames {
            next_pc(Address::module(frame.module, frame.offset));
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
        let frame = self.frames.get(frame);
        value(frame.and_then(|frame| frame.locals.get(local)).map(Vec::as_slice), to)
    }

    fn read_wasm_stack(
        &self,
        _: Tid,
        _: usize,
        _: usize,
        _: &mut [u8],
    ) -> Result<usize, Infallible> {
        Ok(0)
    }

    fn read_wasm_global(
        &self,
        _: Tid,
        frame: usize,
        global: usize,
        to: &mut [u8],
    ) -> Result<usize, Infallible> {
        let module = self.frames.get(frame).map(|frame| frame.module);
        let innermost = self.frames.first().map(|frame| frame.module);
        let known = self.global.filter(|_| global == 0 && module == innermost);
        value(known.map(u32::to_le_bytes).as_ref().map(|bytes| &bytes[..]), to)
    }
}

impl MonitorCmd for Session<'_> {
    fn handle_monitor_cmd(
        &mut self,
        command: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        match command {
            b"trap" => {
                out.write_raw(b"trap: ");
                out.write_raw(self.message.as_bytes());
                out.write_raw(b"\n");
            }
            _ => out.write_raw(b"commands: trap (prints why the program has trapped)\n"),
        }
        Ok(())
    }
}
