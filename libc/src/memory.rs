//! Bytes of the program: its linear memory, and the shared heap that it has.

use crate::Host;
use zonda::Call;

/// What printf reads and writes.
pub(crate) trait Bytes {
    /// `len` bytes; `None` when one of them is outside.
    fn at(&mut self, at: u32, len: u32) -> Option<&mut [u8]>;

    /// To the console.
    fn print(&mut self, text: &[u8]);
}

impl<S: Host> Bytes for Call<'_, S> {
    fn at(&mut self, at: u32, len: u32) -> Option<&mut [u8]> {
        self.bytes_mut(at, len)
    }

    fn print(&mut self, text: &[u8]) {
        self.state().print(text);
    }
}

#[inline(never)]
pub(crate) fn byte<B: Bytes>(bytes: &mut B, at: u32) -> Option<u8> {
    bytes.at(at, 1)?.first().copied()
}

#[inline(never)]
pub(crate) fn set<B: Bytes>(bytes: &mut B, at: u32, value: u8) -> Option<()> {
    *bytes.at(at, 1)?.first_mut()? = value;
    Some(())
}

#[inline(never)]
pub(crate) fn write<B: Bytes>(bytes: &mut B, at: u32, from: &[u8]) -> Option<()> {
    let to = bytes.at(at, from.len() as u32)?;
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    Some(())
}

/// memcmp and strncmp: the difference of the first bytes that differ.
#[inline(never)]
pub(crate) fn compare<B: Bytes>(
    bytes: &mut B,
    a: u32,
    b: u32,
    len: u32,
    strings: bool,
) -> Option<u32> {
    for index in 0..len {
        let (a, b) = (byte(bytes, a.checked_add(index)?)?, byte(bytes, b.checked_add(index)?)?);
        if a != b || strings && a == 0 {
            return Some((a as u32).wrapping_sub(b as u32));
        }
    }
    Some(0)
}

/// Where a byte is first.
pub(crate) fn index(bytes: &[u8], value: u8) -> Option<u32> {
    bytes.iter().position(|&byte| byte == value).map(|index| index as u32)
}

/// strlen.
pub(crate) fn len<S>(call: &Call<'_, S>, at: u32) -> Option<u32> {
    call.string(at).map(|text| text.len() as u32)
}
