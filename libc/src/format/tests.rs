//! Random formats against the snprintf of the host, and what is outside of the memory.

use super::*;
use crate::memory::Program;
use core::ffi::{c_char, c_int};
use std::string::String;
use std::vec::Vec;

extern "C" {
    fn snprintf(buffer: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
}

/// xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len() as u64) as usize]
    }

    fn integer(&mut self) -> u64 {
        match self.below(4) {
            0 => self.below(100),
            1 => (self.below(100) as i64).wrapping_neg() as u64,
            2 => [0, u64::MAX, 1 << 63, i64::MAX as u64, 0x8000_0000, 0xffff_ffff]
                [self.below(6) as usize],
            _ => self.next() >> self.below(64),
        }
    }

    fn float(&mut self) -> f64 {
        match self.below(6) {
            0 => (self.below(2_000_001) as f64 - 1_000_000.0) / 1000.0,
            1 => [
                0.0,
                -0.0,
                0.5,
                1.5,
                2.5,
                9.5,
                99.95,
                0.0001,
                0.00009999995,
                1e15,
                999999.5,
                f64::MAX,
                5e-324,
            ][self.below(13) as usize],
            2 => [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][self.below(3) as usize],
            3 => (self.below(1000) as f64) * [1e-5, 1e-4, 1e3, 1e5, 1e20][self.below(5) as usize],
            _ => f64::from_bits(self.next()),
        }
    }
}

/// What a format prints to the console, or to memory with room for the text and a NUL; how many
/// bytes these are, if all accesses were inside.
fn format(
    bytes: &mut Program,
    console: bool,
    at: u32,
    room: u32,
    text: u32,
    args: u32,
) -> Option<u32> {
    let mut memory = Memory { bytes, outside: false };
    let mut printer = Printer::new(&mut memory, console, at, room);
    printer.print(text, args, true);
    let count = printer.end();
    (!memory.outside).then_some(count)
}

const TEXT: u32 = 8;
const ARGS: u32 = 512;
const STRING: u32 = 640;

/// What `format` prints into `room` bytes, and what it returns.
fn ours(memory: &mut [u8], text: &[u8], args: &[u8], room: u32) -> (Option<u32>, Vec<u8>) {
    memory[TEXT as usize..][..text.len()].copy_from_slice(text);
    memory[TEXT as usize + text.len()] = 0;
    memory[ARGS as usize..][..args.len()].copy_from_slice(args);
    let mut program = Program { memory, printed: Vec::new() };
    let count = format(&mut program, true, 0, 0, TEXT, ARGS);
    let printed = core::mem::take(&mut program.printed);
    // Into the memory it is the same, up to the room.
    const TO: u32 = 1024;
    let before = program.memory.to_vec();
    let again = format(&mut program, false, TO, room, TEXT, ARGS);
    let memory = program.memory;
    assert_eq!(again, count);
    let mut kept = 0;
    if room != 0 {
        kept = printed.len().min(room as usize - 1);
        assert_eq!(memory[TO as usize..][..kept], printed[..kept]);
        assert_eq!(memory[TO as usize + kept], 0);
        kept += 1;
    }
    assert_eq!(memory[TO as usize + kept..], before[TO as usize + kept..]);
    assert_eq!(memory[..TO as usize], before[..TO as usize]);
    (count, printed)
}

fn flags(random: &mut Random, from: &[&'static str]) -> String {
    (0..random.below(3)).map(|_| random.pick(from)).collect()
}

fn size(random: &mut Random, dot: &str) -> String {
    match random.below(3) {
        0 => std::format!("{dot}{}", random.below(40)),
        1 if !dot.is_empty() => dot.into(),
        _ => String::new(),
    }
}

#[test]
fn formats_are_those_of_the_host() {
    let mut random = Random(0x5eed);
    let mut memory = std::vec![0xaa; 16 * 1024];
    for round in 0..30_000 {
        let before = random.pick(&["", "x", "%%", "abc "]);
        let behind = random.pick(&["", "y", "%%%%", " end"]);
        let (width, precision) = (size(&mut random, ""), size(&mut random, "."));
        let kind =
            random.pick(&["d", "i", "u", "o", "x", "X", "c", "s", "e", "E", "f", "F", "g", "G"]);
        let (length, host_length);
        let mut args = Vec::new();
        let mut expected = std::vec![0u8; 8192];
        let (at, len) = (expected.as_mut_ptr().cast(), expected.len());
        let text = |flags: &str, precision: &str, length: &str| {
            std::format!("{before}%{flags}{width}{precision}{length}{kind}{behind}\0")
        };
        let (own, count) = match kind {
            "c" | "s" => {
                let flags = flags(&mut random, &["-"]);
                let precision = if kind == "c" { "" } else { &precision };
                let host = text(&flags, precision, "");
                let string =
                    std::format!("{}\0", random.pick(&["", "z", "zonda", "a longer text"]));
                let byte = 1 + random.below(255) as u32;
                memory[STRING as usize..][..string.len()].copy_from_slice(string.as_bytes());
                args.extend(if kind == "c" { byte } else { STRING }.to_le_bytes());
                // SAFETY: the format has one conversion, for this argument; the buffer has that
                // size.
                let count = unsafe {
                    match kind {
                        "c" => snprintf(at, len, host.as_ptr().cast(), byte),
                        _ => snprintf(at, len, host.as_ptr().cast(), string.as_ptr()),
                    }
                };
                (host, count)
            }
            "d" | "i" | "u" | "o" | "x" | "X" => {
                // In WebAssembly long, size_t and ptrdiff_t have 32 bits.
                (length, host_length) = [
                    ("", ""),
                    ("h", "h"),
                    ("hh", "hh"),
                    ("l", ""),
                    ("z", ""),
                    ("t", ""),
                    ("ll", "ll"),
                    ("j", "ll"),
                ][random.below(8) as usize];
                let signed = kind == "d" || kind == "i";
                let flags = match signed {
                    true => flags(&mut random, &["-", "0", "+", " "]),
                    false if kind == "u" => flags(&mut random, &["-", "0"]),
                    false => flags(&mut random, &["-", "0", "#"]),
                };
                let value = random.integer();
                let host = text(&flags, &precision, host_length);
                // SAFETY: as above.
                let count = unsafe {
                    if host_length == "ll" {
                        args.extend(value.to_le_bytes());
                        snprintf(at, len, host.as_ptr().cast(), value)
                    } else {
                        args.extend((value as u32).to_le_bytes());
                        snprintf(at, len, host.as_ptr().cast(), value as u32)
                    }
                };
                (text(&flags, &precision, length), count)
            }
            _ => {
                // glibc forgets the digits of %#g where rounding adds one in front of the point.
                let general = kind.eq_ignore_ascii_case("g");
                let all = ["-", "0", "+", " ", "#"];
                let flags = flags(&mut random, if general { &all[..4] } else { &all });
                let value = random.float();
                args.extend(value.to_le_bytes());
                let host = text(&flags, &precision, "");
                // SAFETY: as above.
                let count = unsafe { snprintf(at, len, host.as_ptr().cast(), value) };
                (host, count)
            }
        };
        let own = own.trim_end_matches('\0');
        let (got, printed) = ours(&mut memory, own.as_bytes(), &args, random.below(60) as u32);
        let expected = &expected[..count as usize];
        assert!(
            got == Some(count as u32) && printed == expected,
            "round {round}: {own:?} {args:?}: {:?}, expected {:?}",
            String::from_utf8_lossy(&printed),
            String::from_utf8_lossy(expected)
        );
    }
}

#[test]
fn several_arguments_and_stars() {
    let mut memory = std::vec![0; 16 * 1024];
    let mut args = Vec::new();
    // An i32, then an f64 at the next multiple of 8.
    for word in [7u32, 0] {
        args.extend(word.to_le_bytes());
    }
    args.extend(1.5f64.to_le_bytes());
    for word in [-6i32 as u32, 42, 3, 5, 255] {
        args.extend(word.to_le_bytes());
    }
    let (count, printed) = ours(&mut memory, b"%d %g|%*d|%.*d|%p", &args, 100);
    assert_eq!(printed, b"7 1.5|42    |005|0xff");
    assert_eq!(count, Some(printed.len() as u32));
    for (text, expected) in [
        (&b"100%"[..], &b"100%"[..]),
        (b"%q %", b"%q %"),
        (b"%-", b"%"),
        (b"%lln%d", b"0"),
        (b"%s", b"(null)"),
        (b"%.3s|", b"|"),
    ] {
        assert_eq!(ours(&mut memory, text, &[0; 16], 100).1, expected, "{text:?}");
    }
    let args = 999_999.5f64.to_le_bytes();
    assert_eq!(ours(&mut memory, b"%#G %.3s|", &args, 100).1, b"1.00000E+06 |");
    // The largest width.
    assert_eq!(ours(&mut memory, b"%99999999999d", &[0; 4], 9000).0, Some(MOST as u32));
}

#[test]
fn what_is_outside_of_the_memory_is_refused() {
    let mut memory = std::vec![b'x'; 64];
    let run = |memory: &mut [u8], text: u32, args: u32| {
        let mut program = Program { memory, printed: Vec::new() };
        format(&mut program, true, 0, 0, text, args)
    };
    // No NUL, and no byte.
    assert_eq!(run(&mut memory, 0, 0), None);
    assert_eq!(run(&mut memory, 64, 0), None);
    assert_eq!(run(&mut memory, u32::MAX, 0), None);
    for (text, most) in [(&b"%d\0"[..], 60), (b"%lld\0", 56), (b"%f\0", 56), (b"%s\0", 60)] {
        memory[..text.len()].copy_from_slice(text);
        memory[32..].fill(0);
        for args in 32..=70 {
            let inside = if most == 56 { (args + 7) & !7 } else { args } <= most;
            assert_eq!(run(&mut memory, 0, args).is_some(), inside, "{text:?} {args}");
        }
        assert_eq!(run(&mut memory, 0, u32::MAX), None);
        assert_eq!(run(&mut memory, 0, u32::MAX - 7), None);
    }
    // Printed is what stands in front of what failed, and nothing else.
    memory[..5].copy_from_slice(b"a%db\0");
    for (console, printed) in [(true, &b"a"[..]), (false, b"")] {
        let mut program = Program { memory: &mut memory, printed: Vec::new() };
        assert_eq!(format(&mut program, console, 40, 2, 0, 64), None);
        assert_eq!(program.printed, printed);
    }
    // A string that is not terminated, and what a precision says of it.
    memory[..5].copy_from_slice(b"%.4s\0");
    memory[8..12].copy_from_slice(&60u32.to_le_bytes());
    memory[60..].fill(b'y');
    assert_eq!(run(&mut memory, 0, 8), Some(4));
    memory[2] = b'5';
    assert_eq!(run(&mut memory, 0, 8), None);
    // A result that does not fit.
    memory[..3].copy_from_slice(b"%d\0");
    memory[8..12].copy_from_slice(&12345u32.to_le_bytes());
    for (at, fits) in [(58, true), (59, false), (64, false), (u32::MAX, false)] {
        let mut program = Program { memory: &mut memory, printed: Vec::new() };
        let count = format(&mut program, false, at, u32::MAX, 0, 8);
        assert_eq!(count.is_some(), fits, "{at}");
        memory[8..12].copy_from_slice(&12345u32.to_le_bytes());
    }
}
