//! The script format: how commands are laid out in bytes, read without copying.
//!
//! Depends on nothing. Owns the invariant that a [`Script`] is complete: its header was checked,
//! and whatever a damaged body holds, reading it ends with [`Malformed`], never with a panic.
//! `docs/spec-suite.md` specifies the format byte by byte; the writer is in `write.rs`.

use core::fmt;

pub(crate) const MAGIC: [u8; 4] = *b"ZSCR";
pub(crate) const VERSION: u8 = 1;
/// Magic, version, three zero bytes, total length.
pub(crate) const HEADER: usize = 12;

/// Where a module that was converted (`compile::Convert`) begins, behind bytes [`PAD`].
pub const ALIGN: usize = 16;
pub const PAD: u8 = 0xff;

/// Command codes, in the order of docs/spec-suite.md.
pub(crate) mod op {
    pub const MODULE: u8 = 1;
    pub const DEFINITION: u8 = 2;
    pub const REGISTER: u8 = 3;
    pub const ACTION: u8 = 4;
    pub const ASSERT_RETURN: u8 = 5;
    pub const ASSERT_TRAP: u8 = 6;
    pub const ASSERT_EXHAUSTION: u8 = 7;
    pub const ASSERT_INVALID: u8 = 8;
    pub const ASSERT_MALFORMED: u8 = 9;
    pub const ASSERT_UNLINKABLE: u8 = 10;
    pub const ASSERT_UNINSTANTIABLE: u8 = 11;
    pub const UNSUPPORTED: u8 = 12;
    pub const TEXT: u8 = 13;
    pub const RESET: u8 = 14;
}

/// Codes of values and expectations.
pub(crate) mod kind {
    pub const I32: u8 = 0;
    pub const I64: u8 = 1;
    pub const F32: u8 = 2;
    pub const F64: u8 = 3;
    pub const NULL_FUNC: u8 = 4;
    pub const NULL_EXTERN: u8 = 5;
    pub const EXTERN: u8 = 6;
    pub const F32_CANONICAL: u8 = 7;
    pub const F32_ARITHMETIC: u8 = 8;
    pub const F64_CANONICAL: u8 = 9;
    pub const F64_ARITHMETIC: u8 = 10;
    pub const ANY_FUNC: u8 = 11;
    pub const NULL_ANY: u8 = 12;
    pub const ANY_EXTERN: u8 = 13;
    pub const V128: u8 = 14;
    pub const V128_F32: u8 = 15;
    pub const V128_F64: u8 = 16;
    pub const OR: u8 = 17;
    pub const NULL_EXN: u8 = 18;
    pub const NULL_OBJECT: u8 = 19;
    pub const HOST: u8 = 20;
    pub const ANY_OBJECT: u8 = 21;
    pub const ANY_EQ: u8 = 22;
    pub const ANY_I31: u8 = 23;
    pub const ANY_STRUCT: u8 = 24;
    pub const ANY_ARRAY: u8 = 25;
}

/// A script that cannot be read, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Offset from the start of the script.
    pub at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed script at byte {}", self.at)
    }
}

#[cfg(feature = "std")]
impl std::error::Error for Malformed {}

/// A value: an argument, or a pattern that a result has to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    I32(i32),
    I64(i64),
    /// Bits.
    F32(u32),
    /// Bits.
    F64(u64),
    /// Bits.
    V128(u128),
    NullFunc,
    NullExtern,
    Extern(u32),
    // Patterns, in expectations only.
    F32Canonical,
    F32Arithmetic,
    F64Canonical,
    F64Arithmetic,
    AnyFunc,
    NullAny,
    AnyExtern,
    /// Four lanes of f32: their bits, and two bits for each lane, the first in the lowest: 0 these
    /// bits, 1 a canonical NaN, 2 an arithmetic one.
    V128F32(u128, u8),
    /// The same for two lanes of f64.
    V128F64(u128, u8),
    /// The next value is one of several that may match; the one behind it is another.
    Or,
    /// Null of type exnref.
    NullExn,
    /// Null of type anyref.
    NullObject,
    /// An external reference of a number, as a value of type anyref.
    Host(u32),
    /// A value of type anyref that is not null, whatever it is, or of a certain type.
    AnyObject,
    AnyEq,
    AnyI31,
    AnyStruct,
    AnyArray,
}

/// A function to call or a global to read.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    pub kind: ActionKind<'a>,
    /// Name of the instance; empty for the current one.
    pub instance: &'a str,
    /// Name of the export.
    pub field: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub enum ActionKind<'a> {
    Invoke { arguments: Values<'a> },
    Get,
}

/// One directive of the script.
#[derive(Clone, Copy, Debug)]
pub enum Command<'a> {
    /// Instantiates a module, which becomes the current instance.
    Module {
        name: &'a str,
        bytes: &'a [u8],
    },
    /// Only decodes and validates.
    Definition {
        bytes: &'a [u8],
    },
    Register {
        alias: &'a str,
        instance: &'a str,
    },
    Action(Action<'a>),
    AssertReturn {
        action: Action<'a>,
        expected: Values<'a>,
    },
    AssertTrap {
        action: Action<'a>,
        text: &'a str,
    },
    AssertExhaustion {
        action: Action<'a>,
        text: &'a str,
    },
    AssertInvalid {
        bytes: &'a [u8],
        text: &'a str,
    },
    AssertMalformed {
        bytes: &'a [u8],
        text: &'a str,
    },
    AssertUnlinkable {
        bytes: &'a [u8],
        text: &'a str,
    },
    AssertUninstantiable {
        bytes: &'a [u8],
        text: &'a str,
    },
    /// A directive that this project does not run, and why. `instance`: it would have made a new
    /// current instance, so there is none now.
    Unsupported {
        instance: bool,
        reason: &'a str,
    },
    /// An assertion about the text format, checked by the compiler of the script.
    Text {
        held: bool,
        text: &'a str,
    },
    /// Nothing that follows refers to what came before: everything may be freed.
    Reset,
}

/// A script in memory.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    name: &'a str,
    /// The whole script, header included, so that offsets in errors mean something.
    bytes: &'a [u8],
    first: usize,
}

impl<'a> Script<'a> {
    /// Reads the header. `bytes` may be longer than the script.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let header = bytes.get(..HEADER).ok_or(Malformed { at: 0 })?;
        if header[..4] != MAGIC || header[4..8] != [VERSION, 0, 0, 0] {
            return Err(Malformed { at: 0 });
        }
        let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
        let bytes = bytes.get(..length).ok_or(Malformed { at: 8 })?;
        let mut reader = Reader { bytes, at: HEADER };
        let name = reader.str()?;
        Ok(Self { name, bytes, first: reader.at })
    }

    /// Name of the .wast file.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Every command with its line in the .wast file.
    pub fn commands(&self) -> Commands<'a> {
        Commands { reader: Reader { bytes: self.bytes, at: self.first } }
    }
}

/// Iterator over the commands of a script; ends after the first error.
#[derive(Clone, Debug)]
pub struct Commands<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Commands<'a> {
    type Item = Result<(u32, Command<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.at >= self.reader.bytes.len() {
            return None;
        }
        let command = self.reader.command();
        if command.is_err() {
            self.reader.at = self.reader.bytes.len();
        }
        Some(command)
    }
}

/// A counted run of values that is known to be well-formed.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Values<'a> {
    pub fn len(&self) -> usize {
        self.count as usize
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = Value> + 'a {
        let mut reader = Reader { bytes: self.bytes, at: 0 };
        (0..self.count).map_while(move |_| reader.value().ok())
    }
}

#[derive(Clone, Debug)]
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn malformed<T>(&self) -> Result<T, Malformed> {
        Err(Malformed { at: self.at })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(length).ok_or(Malformed { at: self.at })?;
        let taken = self.bytes.get(self.at..end).ok_or(Malformed { at: self.at })?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    fn number(&mut self) -> Result<u32, Malformed> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            let part = u32::from(byte & 0x7f);
            if shift == 28 && byte > 0x0f {
                return self.malformed();
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        self.malformed()
    }

    fn blob(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.number()?;
        self.take(length as usize)
    }

    fn str(&mut self) -> Result<&'a str, Malformed> {
        let at = self.at;
        core::str::from_utf8(self.blob()?).map_err(|_| Malformed { at })
    }

    fn value(&mut self) -> Result<Value, Malformed> {
        Ok(match self.byte()? {
            kind::I32 => Value::I32(i32::from_le_bytes(self.array()?)),
            kind::I64 => Value::I64(i64::from_le_bytes(self.array()?)),
            kind::F32 => Value::F32(u32::from_le_bytes(self.array()?)),
            kind::F64 => Value::F64(u64::from_le_bytes(self.array()?)),
            kind::NULL_FUNC => Value::NullFunc,
            kind::NULL_EXTERN => Value::NullExtern,
            kind::EXTERN => Value::Extern(u32::from_le_bytes(self.array()?)),
            kind::F32_CANONICAL => Value::F32Canonical,
            kind::F32_ARITHMETIC => Value::F32Arithmetic,
            kind::F64_CANONICAL => Value::F64Canonical,
            kind::F64_ARITHMETIC => Value::F64Arithmetic,
            kind::ANY_FUNC => Value::AnyFunc,
            kind::NULL_ANY => Value::NullAny,
            kind::ANY_EXTERN => Value::AnyExtern,
            kind::V128 => Value::V128(u128::from_le_bytes(self.array()?)),
            kind::V128_F32 => Value::V128F32(u128::from_le_bytes(self.array()?), self.byte()?),
            kind::V128_F64 => Value::V128F64(u128::from_le_bytes(self.array()?), self.byte()?),
            kind::OR => Value::Or,
            kind::NULL_EXN => Value::NullExn,
            kind::NULL_OBJECT => Value::NullObject,
            kind::HOST => Value::Host(u32::from_le_bytes(self.array()?)),
            kind::ANY_OBJECT => Value::AnyObject,
            kind::ANY_EQ => Value::AnyEq,
            kind::ANY_I31 => Value::AnyI31,
            kind::ANY_STRUCT => Value::AnyStruct,
            kind::ANY_ARRAY => Value::AnyArray,
            _ => return self.malformed(),
        })
    }

    fn values(&mut self) -> Result<Values<'a>, Malformed> {
        let count = self.number()?;
        let start = self.at;
        for _ in 0..count {
            self.value()?;
        }
        Ok(Values { count, bytes: &self.bytes[start..self.at] })
    }

    fn action(&mut self) -> Result<Action<'a>, Malformed> {
        let kind = self.byte()?;
        let instance = self.str()?;
        let field = self.str()?;
        let kind = match kind {
            0 => ActionKind::Invoke { arguments: self.values()? },
            1 => ActionKind::Get,
            _ => return self.malformed(),
        };
        Ok(Action { kind, instance, field })
    }

    fn command(&mut self) -> Result<(u32, Command<'a>), Malformed> {
        let code = self.byte()?;
        let line = self.number()?;
        let command = match code {
            op::MODULE => Command::Module { name: self.str()?, bytes: self.blob()? },
            op::DEFINITION => Command::Definition { bytes: self.blob()? },
            op::REGISTER => Command::Register { alias: self.str()?, instance: self.str()? },
            op::ACTION => Command::Action(self.action()?),
            op::ASSERT_RETURN => {
                Command::AssertReturn { action: self.action()?, expected: self.values()? }
            }
            op::ASSERT_TRAP => Command::AssertTrap { action: self.action()?, text: self.str()? },
            op::ASSERT_EXHAUSTION => {
                Command::AssertExhaustion { action: self.action()?, text: self.str()? }
            }
            op::ASSERT_INVALID => Command::AssertInvalid { bytes: self.blob()?, text: self.str()? },
            op::ASSERT_MALFORMED => {
                Command::AssertMalformed { bytes: self.blob()?, text: self.str()? }
            }
            op::ASSERT_UNLINKABLE => {
                Command::AssertUnlinkable { bytes: self.blob()?, text: self.str()? }
            }
            op::ASSERT_UNINSTANTIABLE => {
                Command::AssertUninstantiable { bytes: self.blob()?, text: self.str()? }
            }
            op::UNSUPPORTED => {
                Command::Unsupported { instance: self.byte()? == 1, reason: self.str()? }
            }
            op::TEXT => Command::Text { held: self.byte()? == 1, text: self.str()? },
            op::RESET => Command::Reset,
            _ => return self.malformed(),
        };
        Ok((line, command))
    }
}
