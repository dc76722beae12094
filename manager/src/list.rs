//! Lists: what `TryVec` does not have, and short texts in place.

use core::fmt;

use zonda::{OutOfMemory, TryVec};

/// Removes the item at an index; those behind it move up.
pub(crate) fn remove<T>(list: &mut TryVec<T>, index: usize) -> Option<T> {
    list.get_mut(index..).filter(|rest| !rest.is_empty())?.rotate_left(1);
    list.pop()
}

/// A copy of bytes.
pub(crate) fn copy(bytes: &[u8]) -> Result<TryVec<u8>, OutOfMemory> {
    let mut list = TryVec::with_capacity(bytes.len())?;
    list.append(bytes)?;
    Ok(list)
}

/// Bytes of a [`Text`].
const TEXT: usize = 39;

/// A short text without an allocation; what does not fit is cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; TEXT],
    len: u8,
}

impl Text {
    pub(crate) fn new(text: &str) -> Text {
        let mut len = text.len().min(TEXT);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        let mut bytes = [0; TEXT];
        bytes.iter_mut().zip(text.bytes().take(len)).for_each(|(to, from)| *to = from);
        Text { bytes, len: len as u8 }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len.into()).unwrap_or(&[]);
        core::str::from_utf8(bytes).unwrap_or("")
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removing_keeps_the_order() {
        let mut list = copy(&[1, 2, 3]).unwrap();
        assert_eq!(remove(&mut list, 3), None);
        assert_eq!(remove(&mut list, 0), Some(1));
        assert_eq!(&list[..], [2, 3]);
        assert_eq!(remove(&mut list, 1), Some(3));
        assert_eq!(remove(&mut list, 0), Some(2));
        assert_eq!(remove(&mut list, 0), None);
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(Text::new("short").as_str(), "short");
        let long = "ä".repeat(30);
        assert_eq!(Text::new(&long).as_str(), "ä".repeat(19));
        let odd = std::format!("a{long}");
        assert_eq!(Text::new(&odd).as_str().len(), 39);
    }
}
