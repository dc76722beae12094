//! Damaged trap records, logs and modules: refused, or read without harm. ZONDA_RECORDS is the number
//! of rounds, ZONDA_SEED the start of the numbers. The fuzz target `records` does the same with
//! coverage.

use zonda::{Engine, Linker, Mode, Module, Store};
use zonda_symbols::record::{in_log, lines, Record};
use zonda_symbols::{Backtrace, Options, Program};

/// A generator of numbers: xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// Exchanges, removes and inserts a few bytes.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..1 + self.below(4) {
            let at = self.below(bytes.len());
            let value = [0, 1, 0x7f, 0x80, 0xff, self.below(256) as u8][self.below(6)];
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, value),
                2 if !bytes.is_empty() => {
                    bytes.remove(at);
                }
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = value;
                    }
                }
            }
        }
    }
}

/// With the right length and checksum.
fn corrected(mut bytes: Vec<u8>) -> Vec<u8> {
    let Some(end) = bytes.len().checked_sub(4).filter(|&end| end >= 16) else { return bytes };
    let len = bytes.len() as u32;
    bytes[8..12].copy_from_slice(&len.to_le_bytes());
    let crc = !bytes[..end].iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 0 { 0 } else { 0xedb8_8320 }
        })
    });
    bytes[end..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// A record of the trap in `divide.wasm`.
fn record(module: &[u8], mode: Mode) -> Vec<u8> {
    let engine = Engine::new(mode);
    let module = Module::from_vec(&engine, module).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    store.keep_trap_record(1024, 128).unwrap();
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    run.call(&mut store, 5).unwrap_err();
    store.trap_record().unwrap().to_vec()
}

/// Asks for all that a backtrace has. Returns how many places it has.
fn read(record: &Record, program: Program) -> usize {
    let programs = [program];
    let options = Options { locals: true, memory: true };
    let Ok(backtrace) = Backtrace::new(record, &programs, true, options) else { return 0 };
    let mut count = 0;
    for place in backtrace.places() {
        count += 1;
        assert!(place.locals().iter().all(|local| local.bytes().len() <= 16));
        if let (Some(program), Some(offset)) = (place.program, place.offset) {
            let behind = program.behind(place.frame.func, offset);
            assert!(behind.is_none_or(|behind| behind > offset));
        }
    }
    assert!(!record.message().is_empty());
    let _ = backtrace.to_string();
    count
}

#[test]
fn damaged_records_and_modules() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/modules/divide.wasm");
    let module = std::fs::read(path).unwrap();
    let records = [Mode::Classic, Mode::Fast].map(|mode| record(&module, mode));
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let mut numbers = Numbers(number("ZONDA_SEED").unwrap_or(0x5eed_0016));
    let rounds = number("ZONDA_RECORDS").unwrap_or(600);
    let (mut readable, mut places, mut modules, mut logs) = (0, 0, 0, 0);
    for round in 0..rounds {
        let mut bytes = records[round as usize % 2].clone();
        numbers.damage(&mut bytes);
        let is_right = numbers.below(20) != 0;
        let bytes = if is_right { corrected(bytes) } else { bytes };
        let log: Vec<String> = lines(&bytes).map(|line| format!("<err> {line}\r")).collect();
        if !bytes.is_empty() {
            assert_eq!(in_log(&log.join("\n")), Ok(vec![bytes.clone()]));
        }
        let mut log = log.join("\n").into_bytes();
        numbers.damage(&mut log);
        logs += u32::from(in_log(&String::from_utf8_lossy(&log)).is_ok());
        let parsed = Record::parse(&bytes);
        if let Ok(record) = &parsed {
            readable += 1;
            places += read(record, Program::new(&module).unwrap());
        }
        // A damaged module with this record, or with the one that it was made of.
        let mut other = module.clone();
        numbers.damage(&mut other);
        if let Ok(program) = Program::new(&other) {
            modules += 1;
            for _ in 0..4 {
                let offset = numbers.below(other.len() + 9) as u32;
                let _ = (program.source(offset), program.instruction(2, offset));
            }
            let record = parsed.or_else(|_| Record::parse(&records[0])).unwrap();
            places += read(&record, program);
        }
    }
    println!(
        "{rounds} rounds: {readable} records, {modules} modules, {logs} logs, {places} places"
    );
    let least = rounds as usize / 5;
    assert!(readable > least && modules > least && places > rounds as usize, "nothing is read");
}
