//! Attribute containers (docs/apps.md). Numbers have their lowest byte first. What came in a
//! message is read with checks: it may be anything.

use alloc::vec::Vec;

/// A container that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    bytes: Vec<u8>,
    /// Where the number of attributes is.
    count: usize,
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u16 + 1).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
}

impl Attributes {
    /// A container without attributes. The tag, keys and texts have less than 65,535 bytes and no
    /// NUL.
    pub fn new(tag: &str) -> Attributes {
        let mut bytes = Vec::from([0; 6]);
        text(&mut bytes, tag);
        let count = bytes.len();
        bytes.extend_from_slice(&[0; 2]);
        Attributes { bytes, count }.measured()
    }

    /// Writes the length: of everything behind the flags.
    fn measured(mut self) -> Attributes {
        let len = (self.bytes.len() as u32 - 2).to_le_bytes();
        self.bytes[2..6].copy_from_slice(&len);
        self
    }

    fn with(mut self, key: &str, kind: u8, value: &[u8]) -> Attributes {
        text(&mut self.bytes, key);
        self.bytes.push(kind);
        self.bytes.extend_from_slice(value);
        let count = u16::from_le_bytes([self.bytes[self.count], self.bytes[self.count + 1]]) + 1;
        self.bytes[self.count..self.count + 2].copy_from_slice(&count.to_le_bytes());
        self.measured()
    }

    /// With a number.
    pub fn int(self, key: &str, number: i32) -> Attributes {
        self.with(key, 2, &number.to_le_bytes())
    }

    /// With a number.
    pub fn double(self, key: &str, number: f64) -> Attributes {
        self.with(key, 11, &number.to_le_bytes())
    }

    /// With a truth.
    pub fn bool(self, key: &str, is: bool) -> Attributes {
        self.with(key, 12, &[is.into()])
    }

    /// With a text.
    pub fn text(self, key: &str, value: &str) -> Attributes {
        let mut bytes = Vec::new();
        text(&mut bytes, value);
        self.with(key, 13, &bytes)
    }

    /// With bytes.
    pub fn bytes_of(self, key: &str, value: &[u8]) -> Attributes {
        let len = (value.len() as u32).to_le_bytes();
        self.with(key, 14, &[&len, value].concat())
    }

    /// As they are sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// The attributes of a container that has come: keys and values, up to the first that is damaged.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    rest: &'a [u8],
    left: u16,
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (first, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some(first)
}

fn take_number(rest: &mut &[u8], len: usize) -> Option<u64> {
    Some(take(rest, len)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = take_number(rest, 2)? as usize;
    core::str::from_utf8(take(rest, len)?.strip_suffix(&[0])?).ok()
}

impl<'a> Values<'a> {
    pub(crate) fn of(is_container: bool, payload: &'a [u8]) -> Values<'a> {
        let begin = || {
            let mut rest = payload.get(2..).filter(|_| is_container)?;
            let len = take_number(&mut rest, 4)? as usize;
            rest = rest.get(..len.checked_sub(4)?)?;
            take_text(&mut rest)?;
            let left = take_number(&mut rest, 2)? as u16;
            Some(Values { rest, left })
        };
        begin().unwrap_or(Values { rest: &[], left: 0 })
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        let mut all = *self;
        all.find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    /// A whole number.
    pub fn int(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Value::Int(number)) => Some(number),
            _ => None,
        }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<(&'a str, Value<'a>)> {
        self.left = self.left.checked_sub(1)?;
        let rest = &mut self.rest;
        let key = take_text(rest)?;
        let value = match take_number(rest, 1)? {
            kind @ 0..=3 => {
                let unused = 64 - (8 << kind);
                Value::Int((take_number(rest, 1 << kind)? << unused) as i64 >> unused)
            }
            kind @ 4..=7 => Value::Int(take_number(rest, 1 << (kind - 4))? as i64),
            10 => Value::Float(f32::from_bits(take_number(rest, 4)? as u32).into()),
            11 => Value::Float(f64::from_bits(take_number(rest, 8)?)),
            12 => Value::Bool(take_number(rest, 1)? != 0),
            13 => Value::Text(take_text(rest)?),
            14 => {
                let len = take_number(rest, 4)? as usize;
                Value::Bytes(take(rest, len)?)
            }
            _ => return None,
        };
        Some((key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let made = Attributes::new("tag").int("i", -5).double("d", 0.5).bool("b", true);
        let made = made.text("t", "text").bytes_of("y", &[1, 2]);
        let values = Values::of(true, made.bytes());
        assert_eq!(values.count(), 5);
        assert_eq!(values.int("i"), Some(-5));
        assert_eq!(values.get("d"), Some(Value::Float(0.5)));
        assert_eq!(values.get("b"), Some(Value::Bool(true)));
        assert_eq!(values.get("t"), Some(Value::Text("text")));
        assert_eq!(values.get("y"), Some(Value::Bytes(&[1, 2])));
        assert_eq!(values.get("z"), None);
        assert_eq!(Values::of(false, made.bytes()).count(), 0);
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let made = Attributes::new("t").int("k", 7);
        assert_eq!(made.bytes(), b"\0\0\x13\0\0\0\x02\0t\0\x01\0\x02\0k\0\x02\x07\0\0\0");
    }

    #[test]
    fn damaged_containers_do_no_harm() {
        let made = Attributes::new("tag").int("i", 1).text("t", "text").bytes_of("y", &[1, 2]);
        for at in 0..made.bytes().len() {
            for value in 0..=255 {
                let mut bytes = made.bytes().to_vec();
                bytes[at] = value;
                assert!(Values::of(true, &bytes).count() <= 3);
                assert!(Values::of(true, &bytes[..at]).count() <= 3);
            }
        }
    }
}
