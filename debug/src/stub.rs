//! The session with a debugger: when the program stops, and what happens until it runs on.
//!
//! ```text
//!             stop asked for, link connected
//!   detached ────────────────────────────────► stopped ◄──────────────┐
//!      ▲                                        │   │                 │ breakpoint, step, watchpoint,
//!      │ detach, connection closed              │   │ continue, step  │ trap, interrupt
//!      └────────────────────────────────────────┘   └──► running ─────┘
//! ```
//!
//! Owns the state machine of the protocol. It exists while a debugger is attached.

use crate::arch::PcId;
use crate::target::Stopped;
use core::convert::Infallible;
use core::ptr::NonNull;
use gdbstub::common::{Signal, Tid};
use gdbstub::conn::Connection;
use gdbstub::stub::state_machine::GdbStubStateMachine as State;
use gdbstub::stub::{DisconnectReason, GdbStub, MultiThreadStopReason};
use zonda::debug::{Debugger, Program, Resume, Stop};
use zonda::TrapCode;

/// A size for the buffer of packets that suffices for LLDB.
pub const PACKET: usize = if cfg!(feature = "std") { 8192 } else { 512 };

/// A handle to the connection with a debugger. All clones are of one connection.
pub trait Link: Clone {
    /// Whether a debugger is connected, or was and has sent bytes that were not read.
    fn is_connected(&self) -> bool;
    /// The next byte, when it has come. `None` when the connection has ended.
    fn read(&self) -> Option<u8>;
    /// The next byte, if it is there.
    fn try_read(&self) -> Option<u8>;
    /// Sends a byte, perhaps not before `flush`.
    fn write(&self, byte: u8);
    /// Sends what was written.
    fn flush(&self);
    /// Ends the connection. The program runs, and the next debugger that connects asks for a stop:
    /// not the end of this connection, at which nobody would be found.
    fn close(&self);
    /// The program runs, or has stopped. While it runs, whoever receives bytes, or the end of the
    /// connection, asks for a stop.
    fn set_running(&self, running: bool);
}

/// The names of modules for the debugger, which looks for files of these names, and reads the
/// module from the program where it finds none.
pub trait Names {
    /// The name of the module of an instance, by its number in the store: UTF-8, which nothing here
    /// has to check.
    fn name(&self, instance: u32) -> Option<&[u8]>;
}

/// A link as the state machine uses it. What is not sent is noticed when the next byte is read:
/// without an error that can occur, the compiler leaves out what would handle it everywhere.
struct Output<L>(L);

impl<L: Link> Connection for Output<L> {
    type Error = Infallible;

    fn write(&mut self, byte: u8) -> Result<(), Infallible> {
        self.0.write(byte);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.0.flush();
        Ok(())
    }
}

type Machine<L, N> = State<'static, Stopped<N>, Output<L>>;
pub(crate) type Reason = MultiThreadStopReason<u64>;

/// What a debugger sends, in no packet, to interrupt the program.
pub(crate) const INTERRUPT: u8 = 3;
/// The only thread.
const THREAD: Tid = Tid::MIN;

/// The debugger's side in the runtime: set it with [`zonda::Store::set_debugger`].
pub struct Stub<L: Link + 'static, N: Names + 'static> {
    link: L,
    stopped: Stopped<N>,
    /// Exists while a debugger is attached. In state `Running` while the program runs.
    machine: Option<Machine<L, N>>,
    /// The debugger has asked for a stop, which was not reported.
    interrupted: bool,
    /// The buffer of packets, which the machine borrows.
    packet: NonNull<[u8]>,
}

// SAFETY: `packet` is a buffer that belongs to the stub.
unsafe impl<L: Link + Send, N: Names + Send> Send for Stub<L, N> {}

impl<L: Link, N: Names> Stub<L, N> {
    /// A stub on a link, with a buffer for packets ([`PACKET`]).
    pub fn new(link: L, names: N, packet: &'static mut [u8]) -> Stub<L, N> {
        let stopped = Stopped::new(names);
        Stub { link, stopped, machine: None, interrupted: false, packet: packet.into() }
    }

    /// The program has ended and does not run again: tells the debugger, and ends the connection.
    pub fn ended(&mut self) {
        if let Some(State::Running(machine)) = self.machine.take() {
            let none = &mut core::iter::empty();
            let _ = machine.report_stop_with_regs(&mut self.stopped, Reason::Exited(0), none);
            self.link.close();
        }
    }

    /// A new session, in which the program is stopped.
    fn start(&mut self) -> Option<Machine<L, N>> {
        // SAFETY: `new` has got the buffer for good. The machine that borrowed it before is gone:
        // there is none.
        let packet: &'static mut [u8] = unsafe { self.packet.as_mut() };
        let stub = GdbStub::builder(Output(self.link.clone())).with_packet_buffer(packet).build();
        stub.ok()?.run_state_machine(&mut self.stopped).ok()
    }

    /// Why the program stops here, if it does.
    fn reason(&mut self, stop: Stop) -> Option<Reason> {
        let (breakpoints, program) = self.stopped.split()?;
        if let Stop::Trap(code) = stop {
            return (!is_exit(program)).then(|| reply(signal(code)));
        }
        if let Some((kind, addr)) = breakpoints.accessed(program) {
            return Some(Reason::Watch { tid: THREAD, kind, addr });
        }
        if core::mem::take(&mut self.interrupted) {
            return Some(reply(Signal::SIGINT));
        }
        if let Some(set) = program.here().and_then(|at| breakpoints.find(at)) {
            self.stopped.shown = Some(set);
            return Some(Reason::SwBreak(THREAD));
        }
        self.stopped.step.then(|| reply(Signal::SIGTRAP))
    }

    /// Reads what the debugger has sent while the program ran: nothing but a request to interrupt
    /// it has a meaning then. Returns false when the debugger has gone.
    fn receive(&mut self) -> bool {
        while let Some(byte) = self.link.try_read() {
            self.interrupted |= byte == INTERRUPT;
        }
        self.link.is_connected()
    }

    /// Serves the debugger until the program may go on, or the debugger has detached or gone.
    fn serve(&mut self, mut machine: Machine<L, N>) -> Result<Machine<L, N>, Resume> {
        loop {
            machine = match machine {
                State::Idle(idle) => {
                    let byte = loop {
                        match self.link.read().ok_or(Resume::Continue)? {
                            // The program has stopped already.
                            INTERRUPT => {}
                            byte => break byte,
                        }
                    };
                    idle.incoming_data(&mut self.stopped, byte).map_err(|_| Resume::Continue)?
                }
                State::Disconnected(end) => {
                    return Err(match end.get_reason() {
                        DisconnectReason::Kill => Resume::Terminate,
                        _ => Resume::Continue,
                    });
                }
                State::Running(running) => return Ok(running.into()),
                // `INTERRUPT` has not reached the machine.
                State::CtrlCInterrupt(_) => return Err(Resume::Continue),
            }
        }
    }

    /// The program has come to where it may stop. `Err` when no debugger is attached afterwards.
    fn session(&mut self, stop: Stop) -> Result<(), Resume> {
        self.stopped.shown = None;
        let asked = self.stopped.program_mut().is_some_and(|program| program.take_request());
        let machine = match self.machine.take() {
            None if !self.link.is_connected() => return Err(Resume::Continue),
            None => self.start().ok_or(Resume::Continue)?,
            Some(_) if asked && !self.receive() => return Err(Resume::Continue),
            Some(State::Running(running)) => match self.reason(stop) {
                Some(reason) => {
                    // LLDB 22 takes the program counter of the stop before for that of this one
                    // unless it is told.
                    let pc = self.stopped.pc().unwrap_or(0).to_le_bytes();
                    let mut registers = core::iter::once((PcId, &pc[..]));
                    running
                        .report_stop_with_regs(&mut self.stopped, reason, &mut registers)
                        .map_err(|_| Resume::Continue)?
                }
                None => {
                    self.machine = Some(running.into());
                    return Ok(());
                }
            },
            Some(other) => other,
        };
        self.link.set_running(false);
        self.stopped.trap = match stop {
            Stop::Trap(code) => Some(code),
            Stop::Instruction => None,
        };
        let machine = self.serve(machine)?;
        self.machine = Some(machine);
        self.link.set_running(true);
        Ok(())
    }
}

impl<L: Link, N: Names> Debugger for Stub<L, N> {
    fn stopped(&mut self, program: &mut Program, stop: Stop) -> Resume {
        self.stopped.enter(program);
        let result = self.session(stop);
        let resume = match result {
            Ok(()) => {
                self.stopped.prepare();
                Resume::Continue
            }
            Err(resume) => {
                self.machine = None;
                self.stopped.detach();
                self.link.close();
                resume
            }
        };
        self.stopped.leave();
        resume
    }
}

/// A stop by a signal, in the form of reply that can have registers.
pub(crate) fn reply(signal: Signal) -> Reason {
    Reason::SignalWithThread { tid: THREAD, signal }
}

/// Whether the program has trapped because it ends itself.
fn is_exit(program: &Program) -> bool {
    matches!(program.called_import(), Some((_, "proc_exit" | "exit")))
}

/// What a debugger of machine code would see in the place of a trap.
pub(crate) fn signal(trap: TrapCode) -> Signal {
    match trap {
        TrapCode::Unreachable => Signal::SIGILL,
        TrapCode::IntegerDivideByZero | TrapCode::IntegerOverflow => Signal::SIGFPE,
        TrapCode::MemoryOutOfBounds | TrapCode::StackOverflow => Signal::SIGSEGV,
        TrapCode::Terminated => Signal::SIGTERM,
        _ => Signal::SIGABRT,
    }
}
