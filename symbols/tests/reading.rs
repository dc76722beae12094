//! Trap records byte for byte (docs/traps.md): what is read, and what is refused where.

use zonda::TrapCode;
use zonda_symbols::record::{in_log, lines, Frame, Mode, ModuleId, Record};
use zonda_symbols::{Backtrace, Options, Program};

/// A record of these parts, with its length and its checksum.
fn record(flags: u8, parts: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = b"\0ztr\x01\x08\x03".to_vec();
    bytes.extend([flags, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12]);
    for (number, contents) in parts {
        bytes.push(*number);
        bytes.extend((contents.len() as u16).to_le_bytes());
        bytes.extend(*contents);
    }
    closed(bytes)
}

/// With length and checksum.
fn closed(mut bytes: Vec<u8>) -> Vec<u8> {
    let len = bytes.len() as u32 + 4;
    bytes[8..12].copy_from_slice(&len.to_le_bytes());
    bytes.extend(crc32(&bytes).to_le_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 0 { 0 } else { 0xedb8_8320 }
        })
    })
}

const SECTIONS: [u8; 13] = [0, 0x11, 0x22, 0, 0, 0xef, 0xbe, 0xad, 0xde, 0x40, 0, 0, 0];
const FRAMES: [u8; 16] = [0, 5, 0, 0x80, 2, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0x10, 4, 9, 2];
/// The offset of the last frame.
const LAST: [u8; 1] = [0x20];
const LOCALS: [u8; 14] = [2, 1, 0, 0, 0, 2, 3, 4, 5, 1, 0xff, 0xff, 0xff, 0xff];

#[test]
fn every_part_is_read() {
    let hash = [&[1][..], &[7; 32]].concat();
    let frames = [&FRAMES[..], &LAST].concat();
    let memory = [0x40, 1, 0, 0, 1, 2, 3];
    let bytes = record(
        1,
        &[
            (1, &SECTIONS),
            (1, &hash),
            (2, &frames),
            // Of a later version.
            (9, &[1, 2, 3]),
            (3, &LOCALS),
            (4, &memory),
            (5, &[0x50, 1, 0, 0]),
        ],
    );
    let frame = |module, func, mode, offset, locals: Option<&[u32]>| Frame {
        module,
        func,
        mode,
        offset,
        locals: locals.map(<[u32]>::to_vec),
    };
    let expected = Record {
        word_size: 8,
        code: 3,
        host: 0x1234_5678,
        modules: vec![
            ModuleId::Sections { len: 0x2211, crc: 0xdead_beef, bodies: 0x40 },
            ModuleId::Sha256([7; 32]),
        ],
        frames: vec![
            frame(Some(0), 5, Mode::Classic, 0x100, Some(&[1, 0x0504_0302])),
            frame(Some(1), u32::MAX, Mode::Fast, 0x10, Some(&[u32::MAX])),
            // The record does not list its module, and has no locals of it.
            frame(None, 9, Mode::Native, 0x20, None),
        ],
        more_frames: true,
        memory: Some((0x140, vec![1, 2, 3])),
        stack_pointer: Some(0x150),
    };
    assert_eq!(Record::parse(&bytes), Ok(expected.clone()));
    // What lies behind it is not looked at.
    assert_eq!(Record::parse(&[&bytes[..], b"zz"].concat()), Ok(expected));
    let other = record(2 | 4, &[(1, &SECTIONS)]);
    assert!(!Record::parse(&other).unwrap().more_frames);
}

#[test]
fn what_is_no_record_is_refused_at_its_offset() {
    let offset = |bytes: &[u8]| Record::parse(bytes).unwrap_err().offset;
    let good = record(0, &[(1, &SECTIONS), (5, &[1, 2, 3, 4])]);
    assert!(Record::parse(&good).is_ok());
    for (at, value, expected) in
        [(0, 1, 0), (3, b'x', 0), (4, 2, 4), (5, 2, 5), (8, 0xff, 8), (8, 0, 8), (8, 19, 8)]
    {
        let mut bytes = good.clone();
        bytes[at] = value;
        assert_eq!(offset(&bytes), expected, "{at}");
    }
    // Each bit of the checksum, and of what it covers.
    for at in 12..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            assert_eq!(offset(&bytes), good.len() - 4, "{at}");
        }
    }
    for len in 0..good.len() {
        assert!(offset(&good[..len]) <= 15, "{len}");
    }
    // A record without parts, and one that is shorter than any.
    assert!(Record::parse(&record(0, &[])).is_ok());
    let mut short = record(0, &[]);
    short[8] = 16;
    assert_eq!(offset(&short), 8);
    for (part, expected) in [
        ((1, &[2][..]), 20),
        ((1, &[0, 1, 2]), 20),
        ((1, &[1; 32]), 20),
        ((2, &[0, 5, 3, 1]), 22),
        ((2, &[0, 5, 0]), 22),
        // A number of more than 32 bits, and one that does not end.
        ((2, &[0, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 1]), 25),
        ((2, &[0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 1]), 25),
        ((5, &[1, 2, 3]), 19),
    ] {
        // The part that follows is none of its contents.
        assert_eq!(offset(&record(0, &[part, (5, &[0; 4])])), expected, "{part:?}");
    }
    let frames = [0, 1, 0, 1];
    assert!(Record::parse(&record(0, &[(2, &frames), (3, &[2, 0, 0, 0, 0])])).is_err());
    let mut bytes = record(0, &[(5, &[0; 4])]);
    // A part that is longer than the record.
    bytes.truncate(bytes.len() - 4);
    bytes[17] = 5;
    assert_eq!(offset(&closed(bytes)), 19);
}

#[test]
fn logs_are_read_as_they_were_written() {
    let first: Vec<u8> = (0..70).collect();
    let second: Vec<u8> = (100..140).collect();
    let log = |bytes: &[u8]| {
        lines(bytes).map(|line| format!("[00:01] <err> {line} |\r\n")).collect::<Vec<_>>()
    };
    let (first_lines, second_lines) = (log(&first), log(&second));
    assert_eq!(first_lines.len(), 3);
    let both = [&first_lines[..], &["other\n".to_owned()], &second_lines].concat().concat();
    assert_eq!(in_log(&both), Ok(vec![first.clone(), second]));
    // A line is missing in the middle, at the start, or is there twice.
    for bad in [[0, 2, 2], [1, 2, 2], [0, 0, 2], [0, 1, 1]] {
        let text: String = bad.map(|line| &*first_lines[line]).concat();
        let error = in_log(&text);
        assert!(
            error.as_ref().is_err_and(|error| error.contains("is missing")),
            "{bad:?}: {error:?}"
        );
    }
    assert_eq!(
        in_log("zonda-trap 0000: 007").unwrap_err(),
        "line 1: expected an even number of hexadecimal digits"
    );
    assert!(in_log("\nzonda-trap 00x0: 0070").unwrap_err().starts_with("line 2: "));
    assert!(in_log("zonda-trap 0000").unwrap_err().starts_with("line 1: "));
}

/// Locals of each size in the frame that traps, behind a call.
const MODULE: &str = r#"(module
    (func $inner (param $a i32) (param $b i64) (local $c f64) (local $d v128) (local $e f32) (local $f i32)
        (nop) (unreachable))
    (func (export "outer") (nop) (call $inner (i32.const 1) (i64.const 2)) (nop)))"#;

#[test]
fn frames_have_their_instructions_and_locals() {
    let plain = wat::parse_str(MODULE).unwrap();
    // The same behind a custom section: its offsets are greater by 9.
    let moved = [&plain[..8], &[0, 7, 3, b'a', b'b', b'c', 1, 2, 3], &plain[8..]].concat();
    let find = |bytes: &[u8], what: &[u8]| {
        bytes.windows(what.len()).position(|at| at == what).unwrap() as u32
    };
    // nop, unreachable, end; and call, its immediate, nop, end.
    let trap = find(&plain, &[1, 0, 0x0b]) + 1;
    let call = find(&plain, &[0x10, 0, 1, 0x0b]);
    let slots: Vec<u8> = (1..=11u32).flat_map(u32::to_le_bytes).collect();
    let locals = [&[11][..], &slots].concat();
    let frames = [0, 0, 0, trap as u8, 0, 1, 0, call as u8 + 1];
    for (bytes, shift) in [(&plain, 0), (&moved, 9)] {
        let program = Program::new(bytes).unwrap();
        let id = sections(&plain, &program, shift);
        let record = record(0, &[(1, &id), (2, &frames), (3, &locals)]);
        let record = Record::parse(&record).unwrap();
        assert_eq!(record.trap(), TrapCode::from_code(3));
        let programs = [program];
        let backtrace = Backtrace::new(&record, &programs, false, Options::default())
            .expect("the record is of it");
        let places: Vec<_> = backtrace.places().collect();
        // The outer frame has a byte of its call.
        let offsets: Vec<_> = places.iter().map(|place| place.offset).collect();
        assert_eq!(offsets, [Some(trap + shift), Some(call + shift)]);
        let found: Vec<Vec<u8>> = places[0].locals().iter().map(|local| local.bytes()).collect();
        let expected: Vec<Vec<u8>> = [0..1, 1..3, 3..5, 5..9, 9..10, 10..11]
            .map(|slots: std::ops::Range<usize>| {
                locals[1 + 4 * slots.start..1 + 4 * slots.end].to_vec()
            })
            .to_vec();
        assert_eq!(found, expected);
        let names: Vec<_> = places[0].locals().iter().map(|local| local.name).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "f"].map(Some));
    }
}

/// The identity of a module as part 1 has it: of the plain one, which lies `shift` bytes before.
fn sections(plain: &[u8], program: &Program, shift: u32) -> Vec<u8> {
    // Ids and contents of the sections that are not custom; each has a length of one byte.
    let (mut at, mut len, mut covered) = (8, 0, Vec::new());
    while at < plain.len() {
        let size = usize::from(plain[at + 1]);
        if plain[at] != 0 {
            covered.push(plain[at]);
            covered.extend(&plain[at + 2..at + 2 + size]);
            len += size as u32;
        }
        at += 2 + size;
    }
    let crc = crc32(&covered);
    // Behind the number of bodies.
    let bodies = program.code_start() as u32 + 1 - shift;
    [&[0][..], &len.to_le_bytes(), &crc.to_le_bytes(), &bodies.to_le_bytes()].concat()
}
