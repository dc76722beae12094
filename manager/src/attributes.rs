//! Attribute containers: keys with typed values as bytes, as WAMR's framework lays them out.
//! docs/apps.md specifies them. Numbers have their lowest byte first.

use core::fmt;

use zonda::{OutOfMemory, TryVec};

/// A value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Types 0 to 3.
    Signed(i64),
    /// Types 4 to 7.
    Unsigned(u64),
    /// Type 10.
    Float(f32),
    /// Type 11.
    Double(f64),
    /// Type 12.
    Boolean(bool),
    /// Type 13, without the NUL.
    Text(&'a [u8]),
    /// Type 14.
    Bytes(&'a [u8]),
}

/// Why bytes are no attribute container: the offset, and what was expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeError {
    /// Offset in the container.
    pub offset: usize,
    /// What was expected.
    pub expected: &'static str,
}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset 0x{:x}: expected {}", self.offset, self.expected)
    }
}

/// A container that is read. Everything in it was checked.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    tag: &'a [u8],
    count: u16,
    values: Reader<'a>,
}

#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize, expected: &'static str) -> Result<&'a [u8], AttributeError> {
        let error = AttributeError { offset: self.at, expected };
        let taken = self.at.checked_add(len).and_then(|end| self.bytes.get(self.at..end));
        self.at += taken.map_or(0, <[u8]>::len);
        taken.ok_or(error)
    }

    /// A number of so many bytes, at most 8.
    fn number(&mut self, len: usize) -> Result<u64, AttributeError> {
        let bytes = self.take(len, "a number")?;
        Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    /// A text with its length before it, which counts the NUL at its end.
    fn text(&mut self) -> Result<&'a [u8], AttributeError> {
        let len = self.number(2)? as usize;
        let offset = self.at;
        let text = self.take(len, "a text")?.strip_suffix(&[0]);
        text.filter(|text| !text.contains(&0))
            .ok_or(AttributeError { offset, expected: "a text that ends with NUL" })
    }

    fn value(&mut self) -> Result<Value<'a>, AttributeError> {
        let offset = self.at;
        let ty = self.number(1)?;
        let width = 1 << (ty & 3);
        Ok(match ty {
            0..=3 => {
                let unused = 64 - 8 * width as u32;
                Value::Signed((self.number(width)? << unused) as i64 >> unused)
            }
            4..=7 => Value::Unsigned(self.number(width)?),
            10 => Value::Float(f32::from_bits(self.number(4)? as u32)),
            11 => Value::Double(f64::from_bits(self.number(8)?)),
            12 => Value::Boolean(self.number(1)? != 0),
            13 => Value::Text(self.text()?),
            14 => {
                let len = self.number(4)? as usize;
                Value::Bytes(self.take(len, "as many bytes as their number says")?)
            }
            _ => return Err(AttributeError { offset, expected: "the number of a type" }),
        })
    }
}

impl<'a> Attributes<'a> {
    /// Reads a container. Bytes behind its last attribute are room that it has left.
    ///
    /// # Errors
    /// [`AttributeError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Attributes<'a>, AttributeError> {
        let mut reader = Reader { bytes, at: 0 };
        reader.number(2)?;
        let length = reader.number(4)?;
        if bytes.len().checked_sub(2).map(|len| len as u64) != Some(length) {
            let expected = "the length of the container without its first 2 bytes";
            return Err(AttributeError { offset: 2, expected });
        }
        let tag = reader.text()?;
        let count = reader.number(2)? as u16;
        let values = reader;
        for _ in 0..count {
            reader.text()?;
            reader.value()?;
        }
        Ok(Attributes { tag, count, values })
    }

    /// Its tag.
    pub fn tag(&self) -> &'a [u8] {
        self.tag
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> + use<'a> {
        let mut reader = self.values;
        (0..self.count).filter_map(move |_| Some((reader.text().ok()?, reader.value().ok()?)))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.iter().find(|(own, _)| *own == key.as_bytes()).map(|(_, value)| value)
    }
}

/// A container that is written.
pub struct Builder {
    bytes: TryVec<u8>,
    /// Offset of the number of attributes.
    count_at: usize,
}

impl Builder {
    /// An empty container.
    ///
    /// # Errors
    /// No memory, or a tag of more than 65,534 bytes.
    pub fn new(tag: &str) -> Result<Builder, OutOfMemory> {
        let mut bytes = TryVec::new();
        // Flags: read only.
        bytes.append(&[1 << 2, 0, 0, 0, 0, 0])?;
        text(&mut bytes, tag)?;
        let count_at = bytes.len();
        bytes.append(&[0, 0])?;
        Ok(Builder { bytes, count_at })
    }

    fn value(&mut self, key: &str, ty: u8, value: &[u8]) -> Result<(), OutOfMemory> {
        text(&mut self.bytes, key)?;
        self.bytes.push(ty)?;
        self.bytes.append(value)?;
        let count = self.bytes.get_mut(self.count_at..).and_then(<[u8]>::first_chunk_mut);
        if let Some(count) = count {
            *count = u16::from_le_bytes(*count).saturating_add(1).to_le_bytes();
        }
        Ok(())
    }

    /// Adds an i32.
    ///
    /// # Errors
    /// No memory.
    pub fn int(&mut self, key: &str, value: i32) -> Result<(), OutOfMemory> {
        self.value(key, 2, &value.to_le_bytes())
    }

    /// Adds an f64.
    ///
    /// # Errors
    /// No memory.
    pub fn double(&mut self, key: &str, value: f64) -> Result<(), OutOfMemory> {
        self.value(key, 11, &value.to_le_bytes())
    }

    /// Adds a text without a NUL.
    ///
    /// # Errors
    /// No memory, or a text of more than 65,534 bytes.
    pub fn text(&mut self, key: &str, value: &str) -> Result<(), OutOfMemory> {
        let mut bytes = TryVec::new();
        text(&mut bytes, value)?;
        self.value(key, 13, &bytes)
    }

    /// The bytes.
    pub fn finish(mut self) -> TryVec<u8> {
        let length = (self.bytes.len() as u32).saturating_sub(2);
        if let Some(to) = self.bytes.get_mut(2..).and_then(<[u8]>::first_chunk_mut) {
            *to = length.to_le_bytes();
        }
        self.bytes
    }
}

/// A text with its length before it and a NUL behind it.
fn text(to: &mut TryVec<u8>, text: &str) -> Result<(), OutOfMemory> {
    let len = u16::try_from(text.len() + 1).map_err(|_| OutOfMemory)?;
    to.append(&len.to_le_bytes())?;
    to.append(text.as_bytes())?;
    to.push(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn example() -> Vec<u8> {
        let mut builder = Builder::new("tag").unwrap();
        builder.int("int", -2).unwrap();
        builder.text("text", "value").unwrap();
        builder.double("double", 1.5).unwrap();
        builder.finish().to_vec()
    }

    #[test]
    fn containers_are_those_of_the_specification() {
        let mut builder = Builder::new("t").unwrap();
        builder.int("k", -2).unwrap();
        let expected = b"\x04\0\x13\0\0\0\x02\0t\0\x01\0\x02\0k\0\x02\xfe\xff\xff\xff";
        assert_eq!(&builder.finish()[..], expected);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = example();
        let attributes = Attributes::parse(&bytes).unwrap();
        assert_eq!(attributes.tag(), b"tag");
        assert_eq!(attributes.get("int"), Some(Value::Signed(-2)));
        assert_eq!(attributes.get("text"), Some(Value::Text(b"value")));
        assert_eq!(attributes.get("double"), Some(Value::Double(1.5)));
        assert_eq!(attributes.get("other"), None);
        assert_eq!(attributes.iter().count(), 3);
    }

    #[test]
    fn every_type_is_read() {
        let mut bytes = b"\0\0\0\0\0\0\x01\0\0\x09\0".to_vec();
        let values: [(u8, &[u8]); 9] = [
            (0, &[0x80]),
            (1, &[0xfe, 0xff]),
            (3, &[0xff; 8]),
            (4, &[0x80]),
            (5, &[1, 2]),
            (7, &[0xff; 8]),
            (10, &[0, 0, 0x80, 0x3f]),
            (12, &[1]),
            (14, &[2, 0, 0, 0, 5, 6]),
        ];
        for (ty, value) in values {
            bytes.extend([2, 0, b'a' + ty, 0, ty]);
            bytes.extend(value);
        }
        let len = bytes.len() as u32 - 2;
        bytes[2..6].copy_from_slice(&len.to_le_bytes());
        let read: Vec<_> =
            Attributes::parse(&bytes).unwrap().iter().map(|(_, value)| value).collect();
        let expected = [
            Value::Signed(-128),
            Value::Signed(-2),
            Value::Signed(-1),
            Value::Unsigned(128),
            Value::Unsigned(0x201),
            Value::Unsigned(u64::MAX),
            Value::Float(1.0),
            Value::Boolean(true),
            Value::Bytes(&[5, 6]),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn damaged_containers_are_refused_or_other_ones() {
        let bytes = example();
        for len in 0..bytes.len() {
            assert!(Attributes::parse(&bytes[..len]).is_err());
        }
        for at in 0..bytes.len() {
            for value in 0..=255 {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                if let Ok(attributes) = Attributes::parse(&damaged) {
                    let count = u16::from_le_bytes([damaged[12], damaged[13]]);
                    assert_eq!(attributes.iter().count(), usize::from(count));
                }
            }
        }
    }
}
