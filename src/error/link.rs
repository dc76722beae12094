//! Errors of linking: which import cannot be resolved, what was expected, and what was found.
//!
//! The texts are copied to the heap, as names lie in the module's bytes. Where memory for them is
//! missing, and without the feature `error-text`, a link error has its number and kind alone.

use crate::alloc::{OutOfMemory, TryArc, TryVec};
use crate::capability::Capability;
use core::fmt::{self, Write as _};

/// What is wrong with an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkErrorKind {
    /// Nothing is provided under its names.
    Unknown,
    /// What is provided has another kind or type.
    Incompatible,
    /// The host function that is provided needs this capability, which the embedder does not
    /// grant.
    Denied(Capability),
}

/// An import that cannot be resolved.
#[derive(Clone)]
pub struct LinkError {
    /// What is wrong.
    pub kind: LinkErrorKind,
    /// Position among the module's imports, from 0.
    pub import: u32,
    text: Option<TryArc<LinkText>>,
}

/// The texts of a link error.
#[derive(Default)]
pub(crate) struct LinkText {
    module: TryVec<u8>,
    name: TryVec<u8>,
    /// The type that the module declares.
    pub(crate) expected: TryVec<u8>,
    /// The type of what is provided.
    pub(crate) found: TryVec<u8>,
}

impl LinkText {
    /// The names of an import.
    pub(crate) fn new(module: &str, name: &str) -> Result<LinkText, OutOfMemory> {
        let mut text = LinkText::default();
        text.module.append(module.as_bytes())?;
        text.name.append(name.as_bytes())?;
        Ok(text)
    }
}

fn str(bytes: &TryVec<u8>) -> &str {
    core::str::from_utf8(bytes).unwrap_or("")
}

impl LinkError {
    pub(crate) fn new(kind: LinkErrorKind, import: u32) -> LinkError {
        LinkError { kind, import, text: None }
    }

    /// The same error with texts.
    pub(crate) fn with(self, text: Option<TryArc<LinkText>>) -> LinkError {
        LinkError { text, ..self }
    }

    fn text(&self, part: impl FnOnce(&LinkText) -> &TryVec<u8>) -> &str {
        self.text.as_deref().map_or("", |text| str(part(text)))
    }

    /// The first name of the import, its module's; empty where there is no text.
    pub fn module(&self) -> &str {
        self.text(|text| &text.module)
    }

    /// The second name of the import; empty where there is no text.
    pub fn name(&self) -> &str {
        self.text(|text| &text.name)
    }

    /// The type that the module declares, as in `func (i32) -> (i64)`; empty where there is no
    /// text.
    pub fn expected(&self) -> &str {
        self.text(|text| &text.expected)
    }

    /// The type of what is provided, likewise; empty where nothing is.
    pub fn found(&self) -> &str {
        self.text(|text| &text.found)
    }
}

impl PartialEq for LinkError {
    fn eq(&self, other: &LinkError) -> bool {
        (self.kind, self.import, self.module(), self.name(), self.expected(), self.found())
            == (
                other.kind,
                other.import,
                other.module(),
                other.name(),
                other.expected(),
                other.found(),
            )
    }
}

impl Eq for LinkError {}

impl fmt::Debug for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Writes a name in quotes, with what would end them, or would do something to a terminal, escaped.
/// `{:?}` would bring tables of Unicode: 2 KB of flash.
fn quote(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    f.write_str(" \"")?;
    for character in name.chars() {
        match character {
            '"' | '\\' => f.write_char('\\').and_then(|()| f.write_char(character))?,
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => write!(f, "\\u{{{:x}}}", character as u32)?,
            _ => f.write_char(character)?,
        }
    }
    f.write_char('"')
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            LinkErrorKind::Unknown => "unknown import",
            LinkErrorKind::Incompatible => "incompatible import type",
            LinkErrorKind::Denied(_) => "import is not permitted:",
        })?;
        if let LinkErrorKind::Denied(capability) = self.kind {
            write!(f, " capability {} is not granted:", capability.name())?;
        }
        if self.text.is_none() {
            return write!(f, " (number {})", self.import);
        }
        quote(f, self.module())?;
        quote(f, self.name())?;
        write!(f, ": expected {}, ", self.expected())?;
        match self.kind {
            LinkErrorKind::Unknown => f.write_str("nothing is defined under these names"),
            _ => write!(f, "found {}", self.found()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn names_of_imports_are_quoted() {
        let text = LinkText::new("a\"b\\", "\x1b[2J\u{9b}é\n").unwrap();
        let error =
            LinkError::new(LinkErrorKind::Unknown, 3).with(Some(TryArc::new(text).unwrap()));
        let text = error.to_string();
        assert!(text.contains(r#" "a\"b\\" "\u{1b}[2J\u{9b}é\u{a}": "#), "{text}");
    }

    #[test]
    fn an_error_names_import_and_types_or_its_number() {
        let texts = |expected: &str, found: &str| {
            let mut text = LinkText::new("env", "inc").unwrap();
            text.expected.append(expected.as_bytes()).unwrap();
            text.found.append(found.as_bytes()).unwrap();
            Some(TryArc::new(text).unwrap())
        };
        let error = LinkError::new(LinkErrorKind::Unknown, 3).with(texts("func () -> ()", ""));
        let expected = "unknown import \"env\" \"inc\": expected func () -> (), \
                        nothing is defined under these names";
        assert_eq!(error.to_string(), expected);
        let error =
            LinkError::new(LinkErrorKind::Incompatible, 3).with(texts("memory", "global i32"));
        let expected =
            "incompatible import type \"env\" \"inc\": expected memory, found global i32";
        assert_eq!(error.to_string(), expected);
        assert_eq!((error.module(), error.name()), ("env", "inc"));
        assert_eq!((error.expected(), error.found()), ("memory", "global i32"));
        let error = LinkError::new(LinkErrorKind::Incompatible, 3);
        assert_eq!(error.to_string(), "incompatible import type (number 3)");
        assert_eq!(error.module(), "");
    }
}
