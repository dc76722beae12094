//! Reads trap records: docs/traps.md specifies each byte.

use std::fmt;
use zonda::TrapCode;

const MAGIC: [u8; 4] = *b"\0ztr";
const VERSION: u8 = 1;
const HEADER: usize = 16;
const CHECKSUM: usize = 4;
/// Every line of a record in a log has this in front.
pub const MARK: &str = "zonda-trap ";

/// What tells a module from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleId {
    /// Of a module that is executed where it lies: length and CRC-32 of its sections without the
    /// custom ones, and the offset of its first body.
    Sections { len: u32, crc: u32, bodies: u32 },
    /// The SHA-256 of the module that a precompiled or native one was made from.
    Sha256([u8; 32]),
}

/// What an offset is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In the module.
    Classic,
    /// In register bytecode.
    Fast,
    /// In the module.
    Native,
}

/// An active call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The number of its module among [`Record::modules`]; `None` where the record does not name
    /// it.
    pub module: Option<usize>,
    /// The index of the function; `u32::MAX` where it is not known.
    pub func: u32,
    pub mode: Mode,
    /// Of the innermost frame the instruction that trapped, else a byte of the call.
    pub offset: u32,
    /// The slots of its locals, if the record has them.
    pub locals: Option<Vec<u32>>,
}

/// What a trap left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Bytes of a pointer on the device.
    pub word_size: u8,
    /// The number of the trap.
    pub code: u8,
    /// What a host function reported.
    pub host: u32,
    pub modules: Vec<ModuleId>,
    /// The innermost one first.
    pub frames: Vec<Frame>,
    /// Whether there were more frames.
    pub more_frames: bool,
    /// An address in the linear memory of the innermost frame's instance, and bytes from there on.
    pub memory: Option<(u32, Vec<u8>)>,
    /// The stack pointer of a C or Rust program: the first global of that instance.
    pub stack_pointer: Option<u32>,
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// The offset at which something else was expected.
    pub offset: usize,
    pub expected: &'static str,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trap record: offset 0x{:x}: expected {}", self.offset, self.expected)
    }
}

impl std::error::Error for RecordError {}

struct Bytes<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Bytes<'b> {
    fn fail<T>(&self, expected: &'static str) -> Result<T, RecordError> {
        Err(RecordError { offset: self.at, expected })
    }

    fn take(&mut self, len: usize, expected: &'static str) -> Result<&'b [u8], RecordError> {
        let end = self.at.checked_add(len);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(taken) => {
                self.at += len;
                Ok(taken)
            }
            None => self.fail(expected),
        }
    }

    fn byte(&mut self, expected: &'static str) -> Result<u8, RecordError> {
        Ok(self.take(1, expected)?.iter().fold(0, |_, &byte| byte))
    }

    fn word(&mut self, expected: &'static str) -> Result<u32, RecordError> {
        let bytes = self.take(4, expected)?;
        Ok(bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte)))
    }

    fn leb(&mut self, expected: &'static str) -> Result<u32, RecordError> {
        let mut value = 0u32;
        for shift in (0..35u32).step_by(7) {
            let byte = self.byte(expected)?;
            let part = u32::from(byte & 0x7f);
            if part.leading_zeros() < shift {
                return self.fail(expected);
            }
            value |= part.checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        self.fail(expected)
    }

    fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

/// Whether bytes begin as a record does.
pub fn is_record(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// CRC-32 as in zip.
pub(crate) fn crc32(parts: &[&[u8]]) -> u32 {
    let mut crc = !0u32;
    for &byte in parts.iter().copied().flatten() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 != 0 { 0xedb8_8320 } else { 0 };
        }
    }
    !crc
}

impl Record {
    /// Reads a record; bytes behind it are ignored.
    ///
    /// # Errors
    /// Names the first offset at which the bytes are not those of a record.
    pub fn parse(bytes: &[u8]) -> Result<Record, RecordError> {
        let mut header = Bytes { bytes, at: 0 };
        if header.take(MAGIC.len(), "the bytes 00 7a 74 72")? != MAGIC {
            return RecordError::at(0, "the bytes 00 7a 74 72");
        }
        if header.byte("a version")? != VERSION {
            return RecordError::at(4, "version 1 of the format");
        }
        let word_size = header.byte("the size of a pointer")?;
        if !matches!(word_size, 4 | 8) {
            return RecordError::at(5, "4 or 8, the size of a pointer");
        }
        let code = header.byte("the number of a trap")?;
        let flags = header.byte("flags")?;
        let len = header.word("the length of the record")? as usize;
        let host = header.word("the number of a host function")?;
        let Some(record) = bytes.get(..len).filter(|_| len >= HEADER + CHECKSUM) else {
            return RecordError::at(8, "the length of a complete record");
        };
        let (contents, checksum) = record.split_at(len - CHECKSUM);
        if crc32(&[contents]).to_le_bytes() != checksum {
            return RecordError::at(len - CHECKSUM, "the CRC-32 of the record");
        }
        let mut record = Record {
            word_size,
            code,
            host,
            modules: Vec::new(),
            frames: Vec::new(),
            more_frames: flags & 1 != 0,
            memory: None,
            stack_pointer: None,
        };
        let mut parts = Bytes { bytes: contents, at: HEADER };
        while !parts.is_empty() {
            let number = parts.byte("the number of a part")?;
            let size = parts.take(2, "the length of a part")?;
            let size = size.iter().rev().fold(0, |size, &byte| size << 8 | usize::from(byte));
            let start = parts.at;
            parts.take(size, "a complete part")?;
            let end = contents.get(..parts.at).unwrap_or(contents);
            record.part(number, &mut Bytes { bytes: end, at: start })?;
        }
        Ok(record)
    }

    fn part(&mut self, number: u8, part: &mut Bytes) -> Result<(), RecordError> {
        match number {
            1 => self.modules.push(match part.byte("the kind of an identity")? {
                0 => ModuleId::Sections {
                    len: part.word("a length")?,
                    crc: part.word("a CRC-32")?,
                    bodies: part.word("the offset of the first body")?,
                },
                1 => {
                    let mut hash = [0; 32];
                    hash.copy_from_slice(part.take(32, "a SHA-256")?);
                    ModuleId::Sha256(hash)
                }
                _ => return part.fail("a known kind of identity"),
            }),
            2 => {
                while !part.is_empty() {
                    let module = part.leb("the number of a module")? as usize;
                    let func = part.leb("the index of a function")?;
                    let mode = match part.byte("an execution mode")? {
                        0 => Mode::Classic,
                        1 => Mode::Fast,
                        2 => Mode::Native,
                        _ => return part.fail("a known execution mode"),
                    };
                    let offset = part.leb("an offset")?;
                    let module = Some(module).filter(|&module| module < self.modules.len());
                    self.frames.push(Frame { module, func, mode, offset, locals: None });
                }
            }
            3 => {
                for frame in &mut self.frames {
                    if part.is_empty() {
                        break;
                    }
                    let count = part.leb("a number of slots")? as usize;
                    let slots = part.take(count.saturating_mul(4), "the slots of locals")?;
                    let slots = slots.as_chunks().0.iter().map(|&slot| u32::from_le_bytes(slot));
                    frame.locals = Some(slots.collect());
                }
            }
            4 => {
                let address = part.word("an address")?;
                let rest = part.bytes.get(part.at..).unwrap_or(&[]);
                self.memory = Some((address, rest.to_vec()));
            }
            5 => self.stack_pointer = Some(part.word("an address")?),
            // Of a later version that this one can be read without.
            _ => {}
        }
        Ok(())
    }

    /// The trap.
    pub fn trap(&self) -> Option<TrapCode> {
        TrapCode::from_code(u32::from(self.code))
    }

    /// The text of the trap.
    pub fn message(&self) -> String {
        let text = match self.trap() {
            Some(trap) => trap.message().to_owned(),
            None => format!("unknown trap {}", self.code),
        };
        if self.host == 0 {
            text
        } else {
            format!("{text} ({})", self.host)
        }
    }
}

impl RecordError {
    fn at<T>(offset: usize, expected: &'static str) -> Result<T, RecordError> {
        Err(RecordError { offset, expected })
    }
}

/// The lines of a record, as a device writes them to its log.
pub fn lines(record: &[u8]) -> impl Iterator<Item = String> + '_ {
    record.chunks(LINE).enumerate().map(|(number, bytes)| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{MARK}{:04x}: {hex}", number * LINE)
    })
}

/// Bytes of a record in one line of a log.
pub const LINE: usize = 32;

/// The records in the log of a console: whatever stands before the mark of a line and behind its
/// digits is skipped. A record of which a line is missing is an error.
///
/// # Errors
/// Names the line of the log, and what is wrong with it.
pub fn in_log(log: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut records: Vec<Vec<u8>> = Vec::new();
    for (number, line) in log.lines().enumerate() {
        let Some((_, rest)) = line.split_once(MARK) else { continue };
        let bad = |what: String| format!("line {}: {what}", number + 1);
        let (offset, hex) = rest
            .split_once(": ")
            .ok_or_else(|| bad("expected an offset, a colon and hexadecimal digits".into()))?;
        let offset = usize::from_str_radix(offset, 16)
            .map_err(|_| bad(format!("expected an offset in hexadecimal, found '{offset}'")))?;
        let digits =
            hex.bytes().map_while(|byte| char::from(byte).to_digit(16)).collect::<Vec<_>>();
        let (pairs, []) = digits.as_chunks::<2>() else {
            return Err(bad("expected an even number of hexadecimal digits".into()));
        };
        if offset == 0 {
            records.push(Vec::new());
        }
        let record =
            records.last_mut().filter(|record| record.len() == offset).ok_or_else(|| {
                bad(format!("a line of the record is missing before offset {offset:04x}"))
            })?;
        record.extend(pairs.iter().map(|&[high, low]| (high << 4 | low) as u8));
    }
    Ok(records)
}
