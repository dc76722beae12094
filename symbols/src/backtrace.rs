//! The calls of a trap record, with what programs say of them.

use crate::lines::Source;
use crate::program::Program;
use crate::record::{Frame, Mode, Record};
use std::fmt;
use wasmparser::ValType;

/// What to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The values of locals.
    pub locals: bool,
    /// The bytes of memory.
    pub memory: bool,
}

/// A record with the programs that it is of, through [`fmt::Display`].
pub struct Backtrace<'r, 'm> {
    record: &'r Record,
    /// For each module of the record the program, and what its offsets are less by.
    programs: Vec<Option<(&'r Program<'m>, u32)>>,
    options: Options,
}

/// A frame with its place.
pub struct Place<'r, 'm> {
    pub frame: &'r Frame,
    pub program: Option<&'r Program<'m>>,
    /// The offset in the module.
    pub offset: Option<u32>,
    /// Inlined calls first.
    pub sources: Vec<Source>,
}

impl<'r, 'm> Backtrace<'r, 'm> {
    /// The backtrace of a record. With `force`, a module of the record that is of none of the
    /// programs is taken to be the first one: with or without debug information, for example.
    ///
    /// # Errors
    /// None of the programs is one of the record's.
    pub fn new(
        record: &'r Record,
        programs: &'r [Program<'m>],
        force: bool,
        options: Options,
    ) -> Result<Backtrace<'r, 'm>, String> {
        let find = |id| {
            let mut known =
                programs.iter().filter_map(|program| Some((program, program.matches(id)?)));
            known.next().or_else(|| programs.first().filter(|_| force).map(|program| (program, 0)))
        };
        let found: Vec<_> = record.modules.iter().map(find).collect();
        if found.iter().all(Option::is_none) {
            return Err(
                "the record was made from another module; --force uses this module all the same"
                    .into(),
            );
        }
        Ok(Backtrace { record, programs: found, options })
    }

    /// The frames with their places, the innermost first.
    pub fn places(&self) -> impl Iterator<Item = Place<'r, 'm>> + '_ {
        self.record.frames.iter().enumerate().map(|(number, frame)| {
            let known = frame.module.and_then(|module| *self.programs.get(module)?);
            let Some((program, moved)) = known else {
                return Place { frame, program: None, offset: None, sources: Vec::new() };
            };
            let offset = match frame.mode {
                Mode::Fast => program.of_register_bytecode(frame.offset, self.record.word_size),
                Mode::Classic => Some(frame.offset.wrapping_add(moved)),
                Mode::Native => Some(frame.offset),
            };
            let start = |offset| program.instruction(frame.func, offset).unwrap_or(offset);
            let offset = offset.map(|offset| if number == 0 { offset } else { start(offset) });
            let sources = offset.map_or(Vec::new(), |offset| program.source(offset));
            Place { frame, program: Some(program), offset, sources }
        })
    }
}

impl fmt::Display for Backtrace<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, place) in self.places().enumerate() {
            let offset = place.offset.map_or(" ?".into(), |offset| format!("0x{offset:05x}"));
            let name = match (place.program, place.frame.func) {
                (_, u32::MAX) => "?".into(),
                (Some(program), func) => program.name_or_index(func),
                (None, func) => format!("function {func} of an unknown module"),
            };
            writeln!(f, "  #{number:<2} {offset} {name}")?;
            let count = place.sources.len();
            for (depth, source) in place.sources.iter().enumerate() {
                write!(f, "        at {}", source.file)?;
                if source.line != 0 {
                    write!(f, ":{}", source.line)?;
                    if source.column != 0 {
                        write!(f, ":{}", source.column)?;
                    }
                }
                // What was inlined has no name but this.
                match &source.function {
                    Some(function) if count > 1 => {
                        let inlined = if depth + 1 < count { ", inlined" } else { "" };
                        writeln!(f, " ({function}{inlined})")?;
                    }
                    _ => writeln!(f)?,
                }
            }
            if self.options.locals {
                self.locals(f, &place)?;
            }
        }
        if self.record.more_frames {
            writeln!(f, "  and more calls")?;
        }
        match &self.record.memory {
            Some((address, bytes)) if self.options.memory => dump(f, *address, bytes),
            _ => Ok(()),
        }
    }
}

/// A local of a frame, with the slots that the record has of it.
pub struct Local<'m> {
    /// Its name in the name section.
    pub name: Option<&'m str>,
    pub ty: ValType,
    slots: [u32; 4],
    count: usize,
}

impl Local<'_> {
    /// Its value, lowest byte first.
    pub fn bytes(&self) -> Vec<u8> {
        self.slots.iter().take(self.count).flat_map(|slot| slot.to_le_bytes()).collect()
    }

    /// The bits of a value of at most 64 bits.
    fn bits(&self) -> u64 {
        let [low, high, ..] = self.slots;
        u64::from(high) << 32 | u64::from(low)
    }
}

impl<'m> Place<'_, 'm> {
    /// The locals of which the record has a value, parameters first.
    pub fn locals(&self) -> Vec<Local<'m>> {
        let (Some(slots), Some(program)) = (&self.frame.locals, self.program) else {
            return Vec::new();
        };
        let mut rest = slots.iter().copied();
        let local = |(name, ty): (Option<&'m str>, ValType)| {
            let count = match ty {
                ValType::I64 | ValType::F64 => 2,
                ValType::V128 => 4,
                _ => 1,
            };
            let mut slots = [rest.next()?, 0, 0, 0];
            for slot in slots.iter_mut().take(count).skip(1) {
                *slot = rest.next().unwrap_or(0);
            }
            Some(Local { name, ty, slots, count })
        };
        program.locals(self.frame.func).into_iter().map_while(local).collect()
    }
}

impl Backtrace<'_, '_> {
    fn locals(&self, f: &mut fmt::Formatter<'_>, place: &Place) -> fmt::Result {
        for (index, local) in place.locals().into_iter().enumerate() {
            let (ty, bits) = (local.ty, local.bits());
            let value = match ty {
                ValType::I32 => format!("{} (0x{bits:x})", bits as i32),
                ValType::I64 => format!("{} (0x{bits:x})", bits as i64),
                ValType::F32 => f32::from_bits(bits as u32).to_string(),
                ValType::F64 => f64::from_bits(bits).to_string(),
                _ => format!("0x{:x}", bits as u32),
            };
            let name = local.name.map_or(String::new(), |name| format!(" {name}"));
            writeln!(f, "        local {index}{name}: {ty} = {value}")?;
        }
        Ok(())
    }
}

/// Bytes of memory, 16 in a line.
fn dump(f: &mut fmt::Formatter<'_>, address: u32, bytes: &[u8]) -> fmt::Result {
    writeln!(f, "memory around the stack pointer:")?;
    let mut before: Option<&[u8]> = None;
    let mut repeated = false;
    for (line, bytes) in bytes.chunks(16).enumerate() {
        // As `hexdump` does.
        if before == Some(bytes) {
            if !std::mem::replace(&mut repeated, true) {
                writeln!(f, "  *")?;
            }
            continue;
        }
        (before, repeated) = (Some(bytes), false);
        let hex: String = bytes.iter().map(|byte| format!(" {byte:02x}")).collect();
        let shown = |&byte: &u8| {
            if byte.is_ascii_graphic() || byte == b' ' {
                char::from(byte)
            } else {
                '.'
            }
        };
        let text: String = bytes.iter().map(shown).collect();
        writeln!(f, "  {:08x} {hex:48}  {text}", u64::from(address) + line as u64 * 16)?;
    }
    Ok(())
}
