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
//! Owns the session. It exists while a debugger is attached.

use crate::commands::{exited, report, Next, Reason, Session, Signal, Target};
use crate::packet::Output;
use crate::target::Stopped;
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

/// A link as the session writes to it. What is not sent is noticed when the next byte is read.
struct Line<'l, L>(&'l L);

impl<L: Link> Output for Line<'_, L> {
    fn write(&mut self, byte: u8) {
        self.0.write(byte);
    }

    fn flush(&mut self) {
        self.0.flush();
    }
}

/// What a debugger sends, in no packet, to interrupt the program.
pub(crate) const INTERRUPT: u8 = 3;

/// What has come while the program ran.
enum Came {
    /// Nothing, or a request to interrupt.
    Nothing,
    /// A debugger, which waits for answers.
    Debugger,
    /// The end of the connection.
    End,
}

/// The debugger's side in the runtime: set it with [`zonda::Store::set_debugger`].
pub struct Stub<L: Link + 'static, N: Names + 'static> {
    link: L,
    stopped: Stopped<N>,
    /// Exists while a debugger is attached.
    session: Option<Session>,
    /// The debugger has asked for a stop, which was not reported.
    interrupted: bool,
    /// The buffer of packets.
    packet: &'static mut [u8],
}

impl<L: Link, N: Names> Stub<L, N> {
    /// A stub on a link, with a buffer for packets ([`PACKET`]).
    pub fn new(link: L, names: N, packet: &'static mut [u8]) -> Stub<L, N> {
        Stub { link, stopped: Stopped::new(names), session: None, interrupted: false, packet }
    }

    /// The program has ended and does not run again: tells the debugger, and ends the connection.
    pub fn ended(&mut self) {
        if self.session.take().is_some() {
            exited(&mut Line(&self.link), 0);
            self.link.close();
        }
    }

    /// Why the program stops here, if it does.
    fn reason(&mut self, stop: Stop) -> Option<Reason> {
        // Another reason answers the request, too.
        let interrupted = core::mem::take(&mut self.interrupted);
        let (breakpoints, program) = self.stopped.split()?;
        if let Stop::Trap(code) = stop {
            return (!is_exit(program)).then(|| Reason::Signal(signal(code)));
        }
        if let Some((kind, addr)) = breakpoints.accessed(program) {
            return Some(Reason::Watch(kind, addr));
        }
        if interrupted {
            return Some(Reason::Signal(Signal::INT));
        }
        if let Some(set) = program.here().and_then(|at| breakpoints.find(at)) {
            self.stopped.shown = Some(set);
            return Some(Reason::Breakpoint);
        }
        self.stopped.step.then_some(Reason::Signal(Signal::TRAP))
    }

    /// Reads what was sent while the program ran. The debugger that is attached sends nothing then
    /// but a request to interrupt: a packet is that of another one, which came after the first was
    /// killed and finds nothing of what that one has set.
    fn receive(&mut self) -> Came {
        while let Some(byte) = self.link.try_read() {
            self.interrupted |= byte == INTERRUPT;
            if byte == b'$' {
                self.stopped.forget();
                let session = self.session.insert(Session::new());
                session.take(byte, self.packet, &mut self.stopped, &mut Line(&self.link));
                return Came::Debugger;
            }
        }
        if self.link.is_connected() {
            Came::Nothing
        } else {
            Came::End
        }
    }

    /// Serves the debugger until the program may go on. `Err` when it has detached or gone.
    fn serve(&mut self) -> Result<(), Resume> {
        loop {
            let byte = match self.link.read().ok_or(Resume::Continue)? {
                // The program has stopped already.
                INTERRUPT => continue,
                byte => byte,
            };
            let session = self.session.as_mut().ok_or(Resume::Continue)?;
            let line = &mut Line(&self.link);
            match session.take(byte, self.packet, &mut self.stopped, line) {
                Next::Read => {}
                Next::Resume => return Ok(()),
                Next::Detach => return Err(Resume::Continue),
                Next::Kill => return Err(Resume::Terminate),
            }
        }
    }

    /// The program has come to where it may stop. `Err` when no debugger is attached afterwards.
    fn session(&mut self, stop: Stop) -> Result<(), Resume> {
        self.stopped.shown = None;
        let asked = self.stopped.program_mut().is_some_and(|program| program.take_request());
        let came = match &self.session {
            None if self.link.is_connected() => {
                self.session = Some(Session::new());
                Came::Debugger
            }
            None => Came::End,
            Some(_) if asked => self.receive(),
            Some(_) => Came::Nothing,
        };
        match came {
            Came::End => return Err(Resume::Continue),
            Came::Debugger => self.interrupted = false,
            Came::Nothing => {
                let Some(reason) = self.reason(stop) else { return Ok(()) };
                report(&mut Line(&self.link), reason, self.stopped.pc());
            }
        }
        self.link.set_running(false);
        self.stopped.trap = match stop {
            Stop::Trap(code) => Some(code),
            Stop::Instruction => None,
        };
        self.serve()?;
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
                self.session = None;
                self.stopped.detach();
                self.link.close();
                resume
            }
        };
        self.stopped.leave();
        resume
    }
}

/// Whether the program has trapped because it ends itself.
fn is_exit(program: &Program) -> bool {
    matches!(program.called_import(), Some((_, "proc_exit" | "exit")))
}

/// What a debugger of machine code would see in the place of a trap.
pub(crate) fn signal(trap: TrapCode) -> Signal {
    match trap {
        TrapCode::Unreachable => Signal::ILL,
        TrapCode::IntegerDivideByZero | TrapCode::IntegerOverflow => Signal::FPE,
        TrapCode::MemoryOutOfBounds | TrapCode::StackOverflow => Signal::SEGV,
        TrapCode::Terminated => Signal::TERM,
        _ => Signal::ABRT,
    }
}
