//! What the debugger asks, and the answers: the commands of the GDB remote protocol that LLDB 22
//! sends to a program in WebAssembly. Every other one is answered as unknown, with an empty packet.
//!
//! A command for each purpose is enough: memory is read with `m` and written with `M`, registers are
//! read with `g`, and the program goes on with `c` and `s`. The only thread is number 1.
//!
//! Depends on `packet`. Owns the session: whether packets are acknowledged.

use crate::breakpoints::WatchKind;
use crate::packet::{decode, Args, Output, Received, Receiver, Reply};
use crate::text::{part, Part};

/// A signal, by its number in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal(pub(crate) u8);

impl Signal {
    pub(crate) const INT: Signal = Signal(2);
    pub(crate) const ILL: Signal = Signal(4);
    pub(crate) const TRAP: Signal = Signal(5);
    pub(crate) const ABRT: Signal = Signal(6);
    pub(crate) const FPE: Signal = Signal(8);
    pub(crate) const SEGV: Signal = Signal(11);
    pub(crate) const TERM: Signal = Signal(15);
}

/// Why the program has stopped.
#[derive(Clone, Copy)]
pub(crate) enum Reason {
    Signal(Signal),
    Breakpoint,
    /// A watchpoint, and its address.
    Watch(WatchKind, u64),
}

/// Values that have a number in a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Local,
    Global,
    Operand,
}

/// Most bytes of a value.
pub(crate) const VALUE: usize = 16;

/// Where the debugger wants the program to stop.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// Before the instruction at an address.
    Breakpoint(u64),
    /// At an access to so many bytes from an address on.
    Watchpoint(WatchKind, u64, u64),
}

/// A stopped program.
pub(crate) trait Target {
    /// The address of the next instruction.
    fn pc(&self) -> Option<u64>;
    /// Reads memory, or the module, from an address on. Returns how many bytes could be read.
    fn read(&self, address: u64, to: &mut [u8]) -> usize;
    /// Writes memory. Returns whether all of it was written; otherwise nothing is.
    fn write(&mut self, address: u64, bytes: &[u8]) -> bool;
    /// The addresses of the active calls, the innermost one first.
    fn frames(&self, each: &mut dyn FnMut(u64));
    /// Reads a value of a frame. Returns how many bytes it has; 0 where there is none.
    fn value(&self, what: Value, frame: u32, index: u32, to: &mut [u8; VALUE]) -> usize;
    /// Sets or removes a breakpoint or watchpoint. Returns false where that is not possible.
    fn set(&mut self, place: Place, set: bool) -> bool;
    /// Writes the list of modules, as XML.
    fn modules(&self, part: &mut Part);
    /// Why the program has trapped; empty where it has not.
    fn trap(&self) -> &[u8];
    /// The program goes on, for one instruction if `step` says so.
    fn resume(&mut self, step: bool);
}

/// What follows a byte of the debugger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next byte.
    Read,
    /// The program goes on.
    Resume,
    /// The debugger has detached.
    Detach,
    /// The program ends.
    Kill,
}

/// The registers, for the debugger.
const REGISTERS: &[u8] = b"<target version=\"1.0\"><feature name=\"wasm\">\
    <reg name=\"pc\" bitsize=\"64\" regnum=\"0\" generic=\"pc\" gcc_regnum=\"16\" dwarf_regnum=\"16\"/>\
    </feature></target>";

/// How the program is built, for the debugger.
const TRIPLE: &[u8] = b"wasm32-unknown-unknown-wasm";

/// What the stub can do, behind the size of a packet.
const FEATURES: &[u8] =
    b";QStartNoAckMode+;swbreak+;hwbreak+;qXfer:features:read+;qXfer:libraries:read+";

/// A session with a debugger.
pub(crate) struct Session {
    receiver: Receiver,
    acknowledges: bool,
}

impl Session {
    pub(crate) const fn new() -> Session {
        Session { receiver: Receiver::new(), acknowledges: true }
    }

    /// Takes a byte of the debugger, and answers the packet that it completes. `buffer` is that of
    /// the packets of the session.
    pub(crate) fn take(
        &mut self,
        byte: u8,
        buffer: &mut [u8],
        target: &mut impl Target,
        output: &mut impl Output,
    ) -> Next {
        let received = self.receiver.take(byte, buffer);
        if received == Received::Nothing {
            return Next::Read;
        }
        if self.acknowledges {
            output.write(if received == Received::Damaged { b'-' } else { b'+' });
        }
        match received {
            Received::Packet(len) => self.answer(buffer, len, target, output),
            Received::TooLong => {
                let mut reply = Reply::new(output);
                reply.text(b"E01");
                reply.send();
                Next::Read
            }
            _ => {
                output.flush();
                Next::Read
            }
        }
    }

    /// Answers the packet of this length in the buffer, which is used for what the answer needs.
    fn answer(
        &mut self,
        buffer: &mut [u8],
        len: usize,
        target: &mut impl Target,
        output: &mut impl Output,
    ) -> Next {
        let mut args = Args(buffer.get(..len).unwrap_or(&[]));
        let command = args.byte();
        match command {
            b'c' | b'C' | b's' | b'S' => {
                target.resume(command == b's' || command == b'S');
                output.flush();
                return Next::Resume;
            }
            b'k' => return Next::Kill,
            _ => {}
        }
        let mut reply = Reply::new(output);
        let answer = match command {
            b'?' => stopped(&mut reply, Reason::Signal(Signal::TRAP), target.pc()),
            b'g' => registers(&mut reply, target),
            b'm' => read(args.two(16), buffer, target, &mut reply),
            b'M' => {
                let range = args.two(16);
                let from = len - args.0.len() + 1;
                write(range, from..len, buffer, target)
            }
            b'z' | b'Z' => set(args, command == b'Z', target),
            b'q' if args.skip(b"Xfer:libraries:read::") => {
                transfer(args.two(16), |part| target.modules(part), buffer, &mut reply)
            }
            b'q' if args.skip(b"Xfer:features:read:target.xml:") => {
                transfer(args.two(16), |part| _ = part.text(REGISTERS), buffer, &mut reply)
            }
            b'q' if args.skip(b"Wasm") => wasm(args, target, &mut reply),
            b'q' => query(args, buffer.len(), target, &mut reply),
            b'Q' if args.skip(b"StartNoAckMode") => {
                self.acknowledges = false;
                Answer::Ok
            }
            b'H' | b'T' | b'D' => Answer::Ok,
            _ => Answer::Written,
        };
        match answer {
            Answer::Ok => reply.text(b"OK"),
            Answer::Error => reply.text(b"E01"),
            Answer::Written => {}
        }
        reply.send();
        if command == b'D' {
            Next::Detach
        } else {
            Next::Read
        }
    }
}

/// How a command is answered.
enum Answer {
    Ok,
    Error,
    /// By what was written: nothing for one that is unknown.
    Written,
}

/// Tells the debugger why the program has stopped.
pub(crate) fn report(output: &mut impl Output, reason: Reason, pc: Option<u64>) {
    let mut reply = Reply::new(output);
    stopped(&mut reply, reason, pc);
    reply.send();
}

/// Tells the debugger that the program has ended, with this exit code.
pub(crate) fn exited(output: &mut impl Output, code: u8) {
    let mut reply = Reply::new(output);
    reply.byte(b'W');
    reply.digits(&[code]);
    reply.send();
}

fn stopped(reply: &mut Reply<impl Output>, reason: Reason, pc: Option<u64>) -> Answer {
    let signal = match reason {
        Reason::Signal(signal) => signal,
        _ => Signal::TRAP,
    };
    reply.byte(b'T');
    reply.digits(&[signal.0]);
    reply.text(b"thread:1;");
    match reason {
        Reason::Signal(_) => {}
        Reason::Breakpoint => reply.text(b"swbreak:;"),
        Reason::Watch(kind, address) => {
            reply.text(match kind {
                WatchKind::Write => b"watch:",
                WatchKind::Read => b"rwatch:",
                WatchKind::ReadWrite => b"awatch:",
            });
            reply.digits(&address.to_be_bytes());
            reply.byte(b';');
        }
    }
    // LLDB 22 takes the program counter of the stop before for that of this one unless it is told.
    reply.text(b"00:");
    reply.digits(&pc.unwrap_or(0).to_le_bytes());
    reply.byte(b';');
    Answer::Written
}

fn registers(reply: &mut Reply<impl Output>, target: &impl Target) -> Answer {
    let Some(pc) = target.pc() else { return Answer::Error };
    reply.digits(&pc.to_le_bytes());
    Answer::Written
}

/// Reads at most as many bytes as fit the buffer; the debugger asks for more by itself.
fn read(
    range: Option<(u64, u64)>,
    buffer: &mut [u8],
    target: &impl Target,
    reply: &mut Reply<impl Output>,
) -> Answer {
    let Some((address, len)) = range else { return Answer::Error };
    let len = buffer.len().min(usize::try_from(len).unwrap_or(usize::MAX));
    let to = buffer.get_mut(..len).unwrap_or(&mut []);
    match target.read(address, to) {
        0 => Answer::Error,
        count => {
            reply.digits(to.get(..count).unwrap_or(&[]));
            Answer::Written
        }
    }
}

/// Writes the bytes whose digits lie in a part of the buffer.
fn write(
    range: Option<(u64, u64)>,
    digits: core::ops::Range<usize>,
    buffer: &mut [u8],
    target: &mut impl Target,
) -> Answer {
    let mut write = || {
        let (address, len) = range?;
        let count = decode(buffer, digits.start, digits.end)?;
        let bytes = buffer.get(..count).filter(|bytes| bytes.len() as u64 == len)?;
        Some(target.write(address, bytes))
    };
    done(write())
}

/// The answer to what was tried.
fn done(tried: Option<bool>) -> Answer {
    if tried == Some(true) {
        Answer::Ok
    } else {
        Answer::Error
    }
}

/// Sets or removes a breakpoint or watchpoint.
fn set(mut args: Args, set: bool, target: &mut impl Target) -> Answer {
    let kind = match args.byte() {
        b'0' => None,
        b'2' => Some(WatchKind::Write),
        b'3' => Some(WatchKind::Read),
        b'4' => Some(WatchKind::ReadWrite),
        _ => return Answer::Written,
    };
    args.byte();
    done(args.two(16).map(|(address, len)| {
        let place = match kind {
            None => Place::Breakpoint(address),
            Some(kind) => Place::Watchpoint(kind, address, len),
        };
        target.set(place, set)
    }))
}

/// `qXfer`: a part of a text.
fn transfer(
    range: Option<(u64, u64)>,
    write: impl FnOnce(&mut Part),
    buffer: &mut [u8],
    reply: &mut Reply<impl Output>,
) -> Answer {
    let Some((offset, len)) = range else { return Answer::Error };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let count = part(offset, len, buffer, write);
    reply.byte(if count == 0 { b'l' } else { b'm' });
    reply.binary(buffer.get(..count).unwrap_or(&[]));
    Answer::Written
}

/// `qWasm`: what LLDB's WebAssembly plugin asks.
fn wasm(mut args: Args, target: &impl Target, reply: &mut Reply<impl Output>) -> Answer {
    if args.skip(b"CallStack:") {
        target.frames(&mut |pc| reply.digits(&pc.to_le_bytes()));
        return Answer::Written;
    }
    let what = if args.skip(b"Local:") {
        Value::Local
    } else if args.skip(b"Global:") {
        Value::Global
    } else if args.skip(b"StackValue:") {
        Value::Operand
    } else {
        return Answer::Written;
    };
    let mut value = || {
        let (frame, index) = args.two(10)?;
        let mut bytes = [0; VALUE];
        let (frame, index) = (frame.try_into().ok()?, index.try_into().ok()?);
        let len = target.value(what, frame, index, &mut bytes);
        reply.digits(bytes.get(..len).filter(|bytes| !bytes.is_empty())?);
        Some(())
    };
    value().map_or(Answer::Error, |()| Answer::Written)
}

/// The queries of the protocol itself.
fn query(
    mut args: Args,
    room: usize,
    target: &impl Target,
    reply: &mut Reply<impl Output>,
) -> Answer {
    if args.skip(b"Supported") {
        reply.text(b"PacketSize=");
        reply.digits(&(room as u32).to_be_bytes());
        reply.text(FEATURES);
    } else if args.skip(b"ProcessInfo") {
        reply.text(b"pid:1;triple:");
        reply.digits(TRIPLE);
        reply.byte(b';');
    } else if args.skip(b"Attached") {
        reply.byte(b'1');
    } else if args.skip(b"fThreadInfo") {
        reply.text(b"m1");
    } else if args.skip(b"sThreadInfo") {
        reply.byte(b'l');
    } else if args.skip(b"Rcmd,") {
        monitor(args, target, reply);
        return Answer::Ok;
    }
    Answer::Written
}

/// A command of the user to the stub, in digits: prints why the program has trapped.
fn monitor(args: Args, target: &impl Target, reply: &mut Reply<impl Output>) {
    reply.byte(b'O');
    if args.0 != b"74726170" {
        reply.digits(b"commands: trap (prints why the program has trapped)");
    } else if target.trap().is_empty() {
        reply.digits(b"no trap");
    } else {
        reply.digits(b"trap: ");
        reply.digits(target.trap());
    }
    reply.digits(b"\n");
    reply.next();
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    /// A program whose memory is 16 bytes at address 0x100, with one frame.
    #[derive(Default)]
    struct Program {
        bytes: [u8; 16],
        set: Vec<(u64, bool)>,
        step: Option<bool>,
        trap: &'static [u8],
    }

    impl Target for Program {
        fn pc(&self) -> Option<u64> {
            Some(0x4000_0001_0000_00bf)
        }
        fn read(&self, address: u64, to: &mut [u8]) -> usize {
            let at = usize::try_from(address.saturating_sub(0x100)).unwrap();
            let bytes = self.bytes.get(at..).unwrap_or(&[]);
            to.iter_mut().zip(bytes).map(|(to, byte)| *to = *byte).count()
        }
        fn write(&mut self, address: u64, bytes: &[u8]) -> bool {
            let at = usize::try_from(address.saturating_sub(0x100)).unwrap();
            let place = self.bytes.get_mut(at..at + bytes.len());
            place.map(|place| place.copy_from_slice(bytes)).is_some()
        }
        fn frames(&self, each: &mut dyn FnMut(u64)) {
            each(1);
            each(0x20);
        }
        fn value(&self, what: Value, frame: u32, index: u32, to: &mut [u8; VALUE]) -> usize {
            to[..3].copy_from_slice(&[what as u8, frame as u8, index as u8]);
            if frame < 2 {
                3
            } else {
                0
            }
        }
        fn set(&mut self, place: Place, set: bool) -> bool {
            let (Place::Breakpoint(address) | Place::Watchpoint(_, address, _)) = place;
            self.set.push((address, set));
            address != 0
        }
        fn modules(&self, part: &mut Part) {
            part.text(b"<a#b>");
        }
        fn trap(&self) -> &[u8] {
            self.trap
        }
        fn resume(&mut self, step: bool) {
            self.step = Some(step);
        }
    }

    struct Kept(Vec<u8>);

    impl Output for Kept {
        fn write(&mut self, byte: u8) {
            self.0.push(byte);
        }
        fn flush(&mut self) {}
    }

    /// Sends packets in a session in which they are not acknowledged. Returns what was answered,
    /// without checksums, and what comes next.
    fn ask(program: &mut Program, packets: &[&str]) -> (String, Next) {
        let (mut session, mut kept) = (Session::new(), Kept(Vec::new()));
        session.acknowledges = false;
        let mut buffer = [0; 32];
        let mut next = Next::Read;
        for packet in packets {
            let sum = packet.bytes().fold(0u8, u8::wrapping_add);
            for byte in std::format!("${packet}#{sum:02x}").bytes() {
                assert_eq!(next, Next::Read);
                next = session.take(byte, &mut buffer, program, &mut kept);
            }
        }
        let answers = String::from_utf8(kept.0).unwrap();
        let bodies = answers.split('$').skip(1).map(|answer| answer.rsplit_once('#').unwrap().0);
        (bodies.collect::<Vec<_>>().join(" "), next)
    }

    fn answer(packet: &str) -> String {
        ask(&mut Program::default(), &[packet]).0
    }

    #[test]
    fn memory_is_read_and_written() {
        let mut program = Program::default();
        let packets = ["M102,3:0aff01", "m100,6", "m10e,8", "m110,1", "M10f,2:0102", "m10f,1"];
        assert_eq!(ask(&mut program, &packets).0, "OK 00000aff0100 0000 E01 E01 00");
        // More than the buffer of packets has is read in parts.
        assert_eq!(answer("m100,ffffffffffffffff"), "00".repeat(16));
        for bad in ["m", "m100", "m100,", "mx,1", "M102,2:01", "M102,1:0101", "M102,1:0x", "M102,1"]
        {
            assert_eq!(answer(bad), "E01", "{bad}");
        }
        // A packet that does not fit the buffer changes nothing.
        let long = std::format!("M100,10:{}", "ff".repeat(16));
        assert_eq!(ask(&mut program, &[&long]).0, "E01");
        assert_eq!(program.bytes[..6], [0, 0, 0x0a, 0xff, 1, 0]);
    }

    #[test]
    fn the_program_goes_on_at_the_end_of_the_packet() {
        for (packet, step) in [("c", false), ("C05", false), ("s", true), ("S0b", true)] {
            let mut program = Program::default();
            assert_eq!(ask(&mut program, &[packet]), (String::new(), Next::Resume));
            assert_eq!(program.step, Some(step));
        }
        assert_eq!(ask(&mut Program::default(), &["k"]), (String::new(), Next::Kill));
        assert_eq!(ask(&mut Program::default(), &["D"]), ("OK".into(), Next::Detach));
    }

    #[test]
    fn stops_say_why_and_where() {
        let pc = "bf00000001000040";
        assert_eq!(answer("?"), std::format!("T05thread:1;00:{pc};"));
        assert_eq!(answer("g"), pc);
        for (reason, text) in [
            (Reason::Signal(Signal::SEGV), "T0bthread:1;"),
            (Reason::Breakpoint, "T05thread:1;swbreak:;"),
            (Reason::Watch(WatchKind::Write, 0x1_0000_0420), "T05thread:1;watch:0000000100000420;"),
            (Reason::Watch(WatchKind::Read, 1), "T05thread:1;rwatch:0000000000000001;"),
            (Reason::Watch(WatchKind::ReadWrite, 1), "T05thread:1;awatch:0000000000000001;"),
        ] {
            let mut kept = Kept(Vec::new());
            report(&mut kept, reason, Some(0x4000_0001_0000_00bf));
            let sent = String::from_utf8(kept.0).unwrap();
            assert!(sent.starts_with(&std::format!("${text}00:{pc};#")), "{sent}");
        }
        let mut kept = Kept(Vec::new());
        exited(&mut kept, 1);
        assert_eq!(kept.0, b"$W01#b8");
    }

    #[test]
    fn places_are_set_and_removed() {
        let mut program = Program::default();
        let packets = ["Z0,40,1", "z0,40,1", "Z2,8,4", "z4,8,4", "Z0,0,1", "Z1,8,1", "Z0,x", "Z"];
        assert_eq!(ask(&mut program, &packets).0, "OK OK OK OK E01  E01 ");
        assert_eq!(program.set, [(64, true), (64, false), (8, true), (8, false), (0, true)]);
    }

    #[test]
    fn what_the_plugin_asks() {
        assert_eq!(answer("qWasmCallStack:1"), "01000000000000002000000000000000");
        assert_eq!(answer("qWasmLocal:1;12"), "00010c");
        assert_eq!(answer("qWasmGlobal:0;2"), "010002");
        assert_eq!(answer("qWasmStackValue:0;0"), "020000");
        for bad in ["qWasmLocal:2;0", "qWasmLocal:1", "qWasmLocal:0;4294967296", "qWasmLocal:a;0"] {
            assert_eq!(answer(bad), "E01", "{bad}");
        }
    }

    #[test]
    fn texts_come_in_parts() {
        assert_eq!(answer("qXfer:libraries:read::0,ff"), "m<a}\u{3}b>");
        assert_eq!(answer("qXfer:libraries:read::1,2"), "ma}\u{3}");
        assert_eq!(answer("qXfer:libraries:read::5,2"), "l");
        assert_eq!(answer("qXfer:libraries:read::"), "E01");
        // As much as the buffer has room for.
        let part = answer("qXfer:features:read:target.xml:0,fff");
        assert_eq!(part, "E01", "the packet itself is too long");
    }

    #[test]
    fn the_user_asks_for_the_trap() {
        let hex =
            |text: &str| text.bytes().map(|byte| std::format!("{byte:02x}")).collect::<String>();
        assert_eq!(answer("qRcmd,74726170"), std::format!("O{} OK", hex("no trap\n")));
        let mut program = Program { trap: b"unreachable", ..Program::default() };
        let told = std::format!("O{} OK", hex("trap: unreachable\n"));
        assert_eq!(ask(&mut program, &["qRcmd,74726170"]).0, told);
        assert!(answer("qRcmd,00").starts_with(&std::format!("O{}", hex("commands:"))));
    }

    #[test]
    fn packets_are_acknowledged_until_the_debugger_says_otherwise() {
        let (mut session, mut kept) = (Session::new(), Kept(Vec::new()));
        let mut buffer = [0; 8];
        for &byte in b"$?#00$H#48" {
            session.take(byte, &mut buffer, &mut Program::default(), &mut kept);
        }
        assert_eq!(kept.0, b"-+$OK#9a");
        let mut buffer = [0; 16];
        kept.0.clear();
        for &byte in b"$QStartNoAckMode#b0$H#48$H#49" {
            session.take(byte, &mut buffer, &mut Program::default(), &mut kept);
        }
        assert_eq!(kept.0, b"+$OK#9a$OK#9a");
    }

    #[test]
    fn what_is_unknown_has_an_empty_answer() {
        let packets =
            ["", "X10,1:a", "qHostInfo", "qXfer:auxv:read::0,1", "vCont?", "G00", "QX", "qWasm"];
        assert_eq!(ask(&mut Program::default(), &packets).0, " ".repeat(packets.len() - 1));
        assert_eq!(
            answer("qProcessInfo"),
            std::format!(
                "pid:1;triple:{};",
                "7761736d33322d756e6b6e6f776e2d756e6b6e6f776e2d7761736d"
            )
        );
        assert!(
            answer("qSupported:xmlRegisters").starts_with("PacketSize=00000020;QStartNoAckMode+;")
        );
        assert_eq!(
            ask(
                &mut Program::default(),
                &["qAttached", "qfThreadInfo", "qsThreadInfo", "T1", "Hg0"]
            )
            .0,
            "1 m1 l OK OK"
        );
    }
}
