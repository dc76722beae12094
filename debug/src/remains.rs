//! A program that has trapped, as a trap record keeps it (feature `std`): a debugger opens it as if
//! the program was stopped at the trap. It can be read as far as the record goes, and not be changed.
//!
//! Owns the session over such a record. What the debugger is told has the terms of `target`; what
//! reads a record is the crate `zonda-symbols`.

use crate::address::Address;
use crate::commands::{exited, report, Next, Place, Reason, Session, Signal, Target, Value, VALUE};
use crate::libraries;
use crate::packet::Output;
use crate::stub::{signal, INTERRUPT, PACKET};
use crate::target::copy;
use crate::text::Part;
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
struct Sent<W> {
    to: W,
    written: Vec<u8>,
}

impl<W: Write> Output for Sent<W> {
    fn write(&mut self, byte: u8) {
        self.written.push(byte);
    }

    fn flush(&mut self) {
        let _ = self.to.write_all(&self.written);
        self.written.clear();
    }
}

impl Remains {
    /// Serves a debugger until it goes. It finds the program stopped; the first time that it
    /// continues the program, the trap is reported, and the second time the end.
    ///
    /// # Errors
    /// Those of the connection.
    pub fn serve(&self, input: impl Read, output: impl Write) -> io::Result<()> {
        let mut packet = std::vec![0; PACKET];
        let mut output = Sent { to: output, written: Vec::new() };
        let (mut session, mut remains) = (Session::new(), Stopped(self));
        let mut told = false;
        for byte in BufReader::new(input).bytes() {
            let byte = byte?;
            // The program has stopped already.
            if byte == INTERRUPT {
                continue;
            }
            match session.take(byte, &mut packet, &mut remains, &mut output) {
                Next::Read => {}
                Next::Resume if told => {
                    exited(&mut output, 1);
                    return Ok(());
                }
                Next::Resume => {
                    let signal = self.trap.map_or(Signal::ABRT, signal);
                    report(&mut output, Reason::Signal(signal), remains.pc());
                    told = true;
                }
                Next::Detach | Next::Kill => return Ok(()),
            }
        }
        Ok(())
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
struct Stopped<'r>(&'r Remains);

impl Target for Stopped<'_> {
    fn pc(&self) -> Option<u64> {
        self.0.frames.first().map(|frame| Address::module(frame.module, frame.offset))
    }

    fn read(&self, address: u64, to: &mut [u8]) -> usize {
        copy(to, self.0.bytes(address).unwrap_or(&[]))
    }

    fn write(&mut self, _: u64, _: &[u8]) -> bool {
        false
    }

    fn frames(&self, each: &mut dyn FnMut(u64)) {
        for frame in &self.0.frames {
            each(Address::module(frame.module, frame.offset));
        }
    }

    fn value(&self, what: Value, frame: u32, index: u32, to: &mut [u8; VALUE]) -> usize {
        let value = || {
            let frame = self.0.frames.get(frame as usize)?;
            match what {
                Value::Local => frame.locals.get(index as usize).cloned(),
                Value::Global => {
                    let innermost = self.0.frames.first()?.module;
                    let global = self.0.global.filter(|_| index == 0 && frame.module == innermost);
                    global.map(|value| value.to_le_bytes().to_vec())
                }
                Value::Operand => None,
            }
        };
        let bytes = value().filter(|bytes| bytes.len() <= VALUE).unwrap_or_default();
        copy(to, &bytes)
    }

    fn set(&mut self, _: Place, _: bool) -> bool {
        false
    }

    fn modules(&self, part: &mut Part) {
        libraries::write(part, self.0.modules.len() as u32, |number| {
            self.0.modules.get(number as usize).map(|module| module.name.as_bytes())
        });
    }

    fn trap(&self) -> &[u8] {
        self.0.message.as_bytes()
    }

    fn resume(&mut self, _: bool) {}
}
