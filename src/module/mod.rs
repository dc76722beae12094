//! A module: what loading keeps of it. Bytes, names and segments stay where the embedder has them.

mod info;
mod load;
mod names;
mod sort;

pub use info::{CustomSection, ExportType, ExternType, FuncInfo, FuncType, ImportType, ModuleInfo};
use load::translate;
pub(crate) use load::{DataHeader, ElementHeader};
pub(crate) use names::ExportEntry;

use crate::alloc::{List, Shared};
#[cfg(feature = "fast")]
use crate::code::fast::Positions;
use crate::code::Code;
use crate::binary::types::{ExternKind, GlobalType, MemoryType, TableType};
use crate::error::Error;
use crate::validate::env::TypeEntry;
use zonda_exec::Mode;
use crate::Engine;

/// An import: where its entry stands, and its kind.
#[derive(Clone, Copy)]
pub(crate) struct ImportEntry {
    /// Offset of the entry.
    pub(crate) offset: u32,
    pub(crate) kind: ExternKind,
    /// For a function, its type.
    pub(crate) ty: u16,
}

/// A global that the module defines or imports.
#[derive(Clone, Copy)]
pub(crate) struct GlobalEntry {
    pub(crate) ty: GlobalType,
    /// Offset of the expression for its initial value; 0 for an imported one.
    pub(crate) init: u32,
}

/// What loading keeps.
pub(crate) struct ModuleData<'a> {
    pub(crate) bytes: &'a [u8],
    /// Keeps `bytes` alive where the module owns them.
    owned: List<u8>,
    pub(crate) types: List<TypeEntry>,
    pub(crate) imports: List<ImportEntry>,
    /// Imported functions.
    pub(crate) imported_funcs: u32,
    pub(crate) tables: List<TableType>,
    pub(crate) imported_tables: u32,
    pub(crate) memories: List<MemoryType>,
    pub(crate) imported_memories: u32,
    pub(crate) globals: List<GlobalEntry>,
    pub(crate) imported_globals: u32,
    /// The functions that the module defines.
    pub(crate) code: Code<'a>,
    /// Offset of the first one's body.
    pub(crate) bodies: u32,
    /// Offsets of the element segments.
    pub(crate) elements: List<u32>,
    /// Offsets of the data segments.
    pub(crate) data: List<u32>,
    pub(crate) start: Option<u32>,
    /// Offset and number of the exports.
    pub(crate) exports: (u32, u32),
}

// SAFETY: the raw pointers in the function records point into `bytes` and into lists of the module, which live as long and are not written.
unsafe impl Send for ModuleData<'_> {}
// SAFETY: as above.
unsafe impl Sync for ModuleData<'_> {}

/// A module that was decoded and validated. Cheap to clone; instances keep it alive.
///
/// The bytes stay where they are, may lie in flash, and are never written.
#[derive(Clone)]
pub struct Module<'a> {
    pub(crate) data: Shared<ModuleData<'a>>,
}

impl<'a> Module<'a> {
    /// Decodes and validates a module in the binary format, and makes its code for the engine's mode.
    ///
    /// # Errors
    /// [`Error::Module`] with the offset of what is wrong, or [`Error::OutOfMemory`].
    pub fn new(engine: &Engine, bytes: &'a [u8]) -> Result<Module<'a>, Error> {
        Ok(Module { data: load::load(bytes, engine.mode())? })
    }

    /// Checks that a module would be accepted, and keeps nothing.
    ///
    /// # Errors
    /// As for [`Module::new`].
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<(), Error> {
        let _ = engine;
        load::validate(bytes)
    }

    /// The module's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.data.bytes
    }
}

impl Module<'static> {
    /// The same for bytes that the module shall own. They are copied once.
    ///
    /// # Errors
    /// As for [`Module::new`].
    pub fn from_vec(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module<'static>, Error> {
        let bytes = bytes.as_ref();
        let mut owned = List::with_capacity(bytes.len())?;
        for &byte in bytes {
            owned.push(byte)?;
        }
        // SAFETY: the list is moved into the module and neither written nor freed before it; its items do not move with it.
        let bytes: &'static [u8] = unsafe { core::slice::from_raw_parts(owned.as_mut_ptr(), owned.len()) };
        let mut data = load::load(bytes, engine.mode())?;
        if let Some(data) = data.get_mut() {
            data.owned = owned;
        }
        Ok(Module { data })
    }
}

impl<'a> ModuleData<'a> {
    /// The offset in the module of what register code at this offset was made from: found by translating once more. 0 where memory for that is missing, and without the
    /// feature `error-text`.
    #[cfg(feature = "fast")]
    pub(crate) fn offset_of(&self, code: u32) -> u32 {
        if !cfg!(feature = "error-text") {
            return 0;
        }
        match load::positions(self.bytes, Positions::Of(code, 0)) {
            Ok(Positions::Of(_, offset)) => offset,
            _ => 0,
        }
    }

    /// For each operation of the module its offset in the register code and in the module.
    #[cfg(feature = "fast")]
    pub(crate) fn positions(&self) -> Result<List<(u32, u32)>, Error> {
        match load::positions(self.bytes, Positions::All(List::new()))? {
            Positions::All(positions) => Ok(positions),
            _ => Ok(List::new()),
        }
    }

    /// Makes the code of all functions for a mode.
    pub(crate) fn translate(&self, mode: Mode) -> Result<Code<'a>, Error> {
        translate(self.bytes, mode)
    }

    /// The type of a function of the whole index space.
    pub(crate) fn func_type(&self, func: u32) -> Option<&TypeEntry> {
        let ty = match func.checked_sub(self.imported_funcs) {
            Some(defined) => self.code.shape(defined)?.type_index,
            None => self.imports.iter().filter(|import| import.kind == ExternKind::Func).nth(func as usize)?.ty,
        };
        self.types.get(ty as usize)
    }
}
