//! Exports, read from the module's bytes each time: names stay in flash.

use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::ExternKind;
use crate::error::ErrorKind;

use super::ModuleData;

/// An export.
#[derive(Clone, Copy)]
pub(crate) struct ExportEntry<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: ExternKind,
    pub(crate) index: u32,
}

impl<'a> ExportEntry<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Parsed<ExportEntry<'a>> {
        let name = reader.name()?;
        let kind = ExternKind::read(reader, ErrorKind::BadExportKind)?;
        let index = reader.u32()?;
        Ok(ExportEntry { name, kind, index })
    }
}

/// All exports of a module, in its order.
pub(crate) struct Exports<'a> {
    reader: Reader<'a>,
    left: u32,
}

impl<'a> Iterator for Exports<'a> {
    type Item = ExportEntry<'a>;

    fn next(&mut self) -> Option<ExportEntry<'a>> {
        self.left = self.left.checked_sub(1)?;
        ExportEntry::read(&mut self.reader).ok()
    }
}

impl<'a> ModuleData<'a> {
    pub(crate) fn exports(&self) -> Exports<'a> {
        Exports { reader: Reader::new(self.bytes, self.exports.0 as usize), left: self.exports.1 }
    }

    /// The export with this name.
    pub(crate) fn export(&self, name: &str) -> Option<ExportEntry<'a>> {
        self.exports().find(|entry| entry.name == name)
    }

    /// The two names of an import.
    pub(crate) fn import_names(&self, offset: u32) -> (&'a str, &'a str) {
        let mut reader = Reader::new(self.bytes, offset as usize);
        let module = reader.name().unwrap_or("");
        (module, reader.name().unwrap_or(""))
    }
}
