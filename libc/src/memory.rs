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

/// memcmp, strncmp and strncasecmp: the difference of the first of `len` bytes that differ; `strings`
/// end with NUL, and letters are equal whatever their case where they are `folded`.
#[inline(never)]
pub(crate) fn compare<B: Bytes>(
    bytes: &mut B,
    [a, b, len]: [u32; 3],
    strings: bool,
    folded: bool,
) -> Option<u32> {
    for index in 0..len {
        let mut both = [a, b];
        for at in &mut both {
            let byte = byte(bytes, at.checked_add(index)?)?;
            *at = byte as u32 + if folded && byte.is_ascii_uppercase() { 32 } else { 0 };
        }
        let [a, b] = both;
        if a != b || strings && a == 0 {
            return Some(a.wrapping_sub(b));
        }
    }
    Some(0)
}
