//! The file that tells the firmware what to run. `firmware/src/job.rs` reads it and describes it.

use anyhow::{bail, Context, Result};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
}

/// What to call: `name(arguments)`, as in `run(24)`. Integers are i32; `7i64`, `1.5f32` and
/// `1.5f64` say otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<Argument>,
}

impl Call {
    pub fn parse(text: &str) -> Result<Call> {
        let (name, rest) = text
            .trim()
            .split_once('(')
            .with_context(|| format!("`{text}` is not a call such as run(24)"))?;
        let Some(list) = rest.strip_suffix(')') else {
            bail!("`{text}` lacks a closing parenthesis")
        };
        let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
        let arguments = words.map(Argument::parse).collect::<Result<_>>()?;
        Ok(Call { name: name.to_owned(), arguments })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<String> = self.arguments.iter().map(ToString::to_string).collect();
        write!(f, "{}({})", self.name, arguments.join(", "))
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::I32(value) => write!(f, "{value}"),
            Argument::I64(value) => write!(f, "{value}i64"),
            Argument::F32(value) => write!(f, "{value}f32"),
            Argument::F64(value) => write!(f, "{value}f64"),
        }
    }
}

impl Argument {
    fn parse(text: &str) -> Result<Argument> {
        let bad = || format!("`{text}` is not a number such as 7, 7i64, 1.5f32 or 1.5f64");
        if let Some(number) = text.strip_suffix("i64") {
            return number.parse().map(Argument::I64).with_context(bad);
        }
        if let Some(number) = text.strip_suffix("f32") {
            return number.parse().map(Argument::F32).with_context(bad);
        }
        if let Some(number) = text.strip_suffix("f64") {
            return number.parse().map(Argument::F64).with_context(bad);
        }
        let number: i64 = text.strip_suffix("i32").unwrap_or(text).parse().with_context(bad)?;
        // 0xffffffff and -1 are the same i32.
        i32::try_from(number)
            .or_else(|_| u32::try_from(number).map(|n| n as i32))
            .map(Argument::I32)
            .with_context(bad)
    }

    fn words(self) -> [u32; 3] {
        let wide = |kind, bits: u64| [kind, bits as u32, (bits >> 32) as u32];
        match self {
            Argument::I32(value) => wide(0, value as u32 as u64),
            Argument::I64(value) => wide(1, value as u64),
            Argument::F32(value) => wide(2, value.to_bits() as u64),
            Argument::F64(value) => wide(3, value.to_bits()),
        }
    }
}

pub struct Job<'a> {
    pub mode: u32,
    pub repeat: u32,
    pub stack_bytes: u32,
    pub memory_limit: u32,
    pub call: &'a Call,
    pub module: &'a [u8],
}

impl Job<'_> {
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"ZJOB".to_vec();
        let lengths = [self.call.arguments.len(), self.call.name.len(), self.module.len()]
            .map(|len| len as u32);
        for word in
            [self.mode, self.repeat, self.stack_bytes, self.memory_limit].into_iter().chain(lengths)
        {
            bytes.extend(word.to_le_bytes());
        }
        for word in self.call.arguments.iter().flat_map(|argument| argument.words()) {
            bytes.extend(word.to_le_bytes());
        }
        for part in [self.call.name.as_bytes(), self.module] {
            bytes.extend(part);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read() {
        let call = Call::parse("add(1, -2, 3i64, 1.5f32, 4294967295)").unwrap();
        let arguments = [
            Argument::I32(1),
            Argument::I32(-2),
            Argument::I64(3),
            Argument::F32(1.5),
            Argument::I32(-1),
        ];
        assert_eq!(call, Call { name: "add".into(), arguments: arguments.into() });
        assert_eq!(call.to_string(), "add(1, -2, 3i64, 1.5f32, -1)");
        assert_eq!(Call::parse("main()").unwrap().arguments, []);
        for bad in ["run", "run(1", "run(x)", "run(4294967296)"] {
            assert!(Call::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_are_padded() {
        let call = Call::parse("run(24)").unwrap();
        let job = Job {
            mode: 0,
            repeat: 0,
            stack_bytes: 1,
            memory_limit: 2,
            call: &call,
            module: &[1, 2, 3, 4, 5],
        };
        let bytes = job.bytes();
        assert_eq!(bytes.len(), 8 * 4 + 12 + 4 + 8);
        assert_eq!(bytes[44..], *b"run\0\x01\x02\x03\x04\x05\0\0\0");
    }
}
