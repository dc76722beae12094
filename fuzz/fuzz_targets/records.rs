//! What a host reads of a device and of a program: trap records, logs with them, names and DWARF of
//! modules. Refused, or read without harm; a record that is written to a log is read as the same
//! bytes.
#![no_main]

use zonda_symbols::record::{in_log, lines, Record};
use zonda_symbols::{Backtrace, Options, Program};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&what, rest)) = data.split_first() else { return };
    match what % 4 {
        0 => record(rest),
        1 => log(rest),
        2 => program(rest),
        _ => both(rest),
    }
});

/// With the right checksum.
fn corrected(bytes: &[u8]) -> Vec<u8> {
    const LENGTH: usize = 8;
    const CHECKSUM: usize = 4;
    let mut bytes = bytes.to_vec();
    let len = bytes.len() as u32;
    if let Some(place) = bytes.get_mut(LENGTH..LENGTH + 4) {
        place.copy_from_slice(&len.to_le_bytes());
    }
    let Some(end) = bytes.len().checked_sub(CHECKSUM) else { return bytes };
    let (contents, checksum) = bytes.split_at_mut(end);
    checksum.copy_from_slice(&crc(contents).to_le_bytes());
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 0 { 0 } else { 0xedb8_8320 }
        })
    })
}

fn record(bytes: &[u8]) {
    let _ = Record::parse(bytes);
    let bytes = corrected(bytes);
    if let Ok(record) = Record::parse(&bytes) {
        let _ = record.message();
        let log: Vec<String> = lines(&bytes).map(|line| format!("<err> {line}\r")).collect();
        assert_eq!(in_log(&log.join("\n")), Ok(vec![bytes]));
    }
}

fn log(bytes: &[u8]) {
    let log = String::from_utf8_lossy(bytes);
    for record in in_log(&log).unwrap_or_default() {
        let _ = Record::parse(&record);
    }
}

/// A module whose names and lines are asked for everywhere.
fn program(bytes: &[u8]) {
    let Ok(program) = Program::new(bytes) else { return };
    for func in 0..program.funcs().min(20) {
        let _ = (program.name_or_index(func), program.locals(func));
    }
    let end = bytes.len().min(400) as u32;
    for offset in 0..end {
        let _ = (program.source(offset), program.instruction(program.imported(), offset));
        let _ = program.behind(program.imported(), offset);
    }
    if let Some(lines) = program.lines() {
        let _ = lines.in_range(0..end);
    }
    let _ = program.of_register_bytecode(10, 4);
}

/// A record and a program, of any lengths.
fn both(bytes: &[u8]) {
    let Some((&len, rest)) = bytes.split_first() else { return };
    let (record, module) = rest.split_at(usize::from(len).min(rest.len()));
    let (Ok(record), Ok(program)) = (Record::parse(&corrected(record)), Program::new(module))
    else {
        return;
    };
    let programs = [program];
    let options = Options { locals: true, memory: true };
    if let Ok(backtrace) = Backtrace::new(&record, &programs, true, options) {
        let _ = backtrace.to_string();
        for place in backtrace.places() {
            place.locals().iter().for_each(|local| assert!(local.bytes().len() <= 16));
        }
    }
}
