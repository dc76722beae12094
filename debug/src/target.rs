//! What the debugger reads and changes of a stopped program, in the terms of the protocol.

use crate::address::Address;
use crate::breakpoints::Breakpoints;
use crate::commands::{Place, Target, Value, VALUE};
use crate::libraries;
use crate::stub::Names;
use crate::text::Part;
use core::ptr::NonNull;
use zonda::debug::{Position, Program};
use zonda::TrapCode;

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
    pub(crate) fn forget(&mut self) {
        (self.step, self.trap) = (false, None);
        self.breakpoints.clear();
    }

    /// The debugger has gone.
    pub(crate) fn detach(&mut self) {
        self.forget();
        if let Some(program) = self.program_mut() {
            program.detach();
        }
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
}

/// Copies as many bytes as both have. Returns how many that are.
pub(crate) fn copy(to: &mut [u8], from: &[u8]) -> usize {
    to.iter_mut().zip(from).map(|(to, from)| *to = *from).count()
}

/// The position in code that an address names.
fn position(address: u64) -> Option<Position> {
    match Address::decode(address)? {
        Address::Module(instance, offset) => Some(Position { instance, offset }),
        Address::Memory(..) => None,
    }
}

impl<N: Names> Target for Stopped<N> {
    fn pc(&self) -> Option<u64> {
        let at = self.shown.or_else(|| self.program()?.here())?;
        Some(Address::module(at.instance, at.offset))
    }

    fn read(&self, address: u64, to: &mut [u8]) -> usize {
        let mut read = || {
            let program = self.program()?;
            let (bytes, at) = match Address::decode(address)? {
                Address::Memory(instance, at) => {
                    (program.memory(instance.or_else(|| self.running())?)?, at)
                }
                Address::Module(instance, at) => (program.module(instance)?, at),
            };
            Some(copy(to, bytes.get(at as usize..)?))
        };
        read().unwrap_or(0)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> bool {
        let mut write = || {
            let (instance, (at, len)) = self.memory(address, bytes.len() as u64)?;
            let memory = self.program_mut()?.memory_mut(instance)?;
            let end = (at as usize).checked_add(len as usize)?;
            copy(memory.get_mut(at as usize..end)?, bytes);
            Some(())
        };
        write().is_some()
    }

    fn frames(&self, each: &mut dyn FnMut(u64)) {
        let Some(program) = self.program() else { return };
        let mut shown = self.shown;
        let mut frame = program.frame(0);
        while let Some(active) = frame {
            if let Some(at) = shown.take().or_else(|| program.position(&active)) {
                each(Address::module(at.instance, at.offset));
            }
            frame = active.caller();
        }
    }

    fn value(&self, what: Value, frame: u32, index: u32, to: &mut [u8; VALUE]) -> usize {
        let value = || {
            let program = self.program()?;
            let frame = program.frame(frame as usize)?;
            match what {
                Value::Local => program.local(&frame, index),
                Value::Global => program.global(&frame, index),
                Value::Operand => program.operand(&frame, index),
            }
        };
        value().map_or(0, |bytes| copy(to, &bytes))
    }

    fn set(&mut self, place: Place, set: bool) -> bool {
        match place {
            Place::Breakpoint(address) => {
                let Some(at) = position(address) else { return false };
                let Some((breakpoints, program)) = self.split() else { return false };
                if set {
                    breakpoints.add(program, at)
                } else {
                    breakpoints.remove(at)
                }
            }
            Place::Watchpoint(kind, address, len) => {
                let Some((instance, range)) = self.memory(address, len) else { return false };
                let Some((breakpoints, program)) = self.split() else { return false };
                if set {
                    breakpoints.watch(program, address, instance, range, kind)
                } else {
                    breakpoints.unwatch(instance, range, kind)
                }
            }
        }
    }

    fn modules(&self, part: &mut Part) {
        let count = self.program().map_or(0, |program| program.instances());
        libraries::write(part, count, |number| self.names.name(number));
    }

    fn trap(&self) -> &[u8] {
        self.trap.map_or(&[], |code| code.message().as_bytes())
    }

    fn resume(&mut self, step: bool) {
        self.step = step;
    }
}
