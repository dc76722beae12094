//! A module: what loading keeps of it. Bytes, names and segments stay where the embedder has them.

mod info;
mod load;
mod names;
mod segments;
#[cfg(not(feature = "function-references"))]
mod types;
#[cfg(feature = "function-references")]
#[path = "typed.rs"]
mod types;

pub use info::{CustomSection, ExportType, ExternType, FuncInfo, FuncType, ImportType, ModuleInfo};
#[cfg(feature = "debug")]
pub(crate) use load::operand_before;
use load::translate;
#[cfg(feature = "toolchain")]
pub(crate) use load::{positions_for, translate_for, verify_precompiled, walk};
pub(crate) use names::ExportEntry;
pub(crate) use segments::{DataHeader, ElementHeader};

use crate::alloc::{TryArc, TryVec};
use crate::binary::types::{ExternKind, GlobalType, IndexType, MemoryType, TableType};
#[cfg(feature = "precompiled")]
use crate::code::fast::precompiled::is_precompiled;
#[cfg(feature = "fast")]
use crate::code::fast::Positions;
#[cfg(feature = "native")]
pub(crate) use crate::code::native::artifact::is_native;
use crate::code::{Code, CompiledCode, Offset};
use crate::error::{ArtifactErrorKind, Error};
use crate::validate::env::TypeEntry;
use crate::validate::tags::Tags;
use crate::validate::type_table::Types;
use crate::Engine;
use zonda_exec::Mode;

/// The version of precompiled modules that are loaded; 0 for none.
#[cfg(feature = "precompiled")]
#[cfg_attr(not(feature = "capi"), allow(unused_imports))]
pub(crate) use crate::code::fast::precompiled::VERSION as PRECOMPILED_VERSION;
#[cfg(not(feature = "precompiled"))]
#[allow(dead_code)]
pub(crate) const PRECOMPILED_VERSION: u16 = 0;

/// An import: the offset of its entry, and its kind.
#[derive(Clone, Copy)]
pub(crate) struct ImportEntry {
    /// Offset of the entry.
    pub(crate) offset: u32,
    pub(crate) kind: ExternKind,
    /// For a function or a tag, its type.
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
    /// What was loaded: `bytes`, or the precompiled module that contains them.
    file: &'a [u8],
    /// Owns the bytes if the module does.
    owned: TryVec<u8>,
    pub(crate) types: TryVec<TypeEntry>,
    /// What is known of types that refer to each other.
    pub(crate) table: Types,
    pub(crate) tags: Tags,
    pub(crate) imports: TryVec<ImportEntry>,
    /// Number of imported functions.
    pub(crate) imported_funcs: u32,
    pub(crate) tables: TryVec<TableType>,
    /// Offsets of the expressions for elements of the tables that it defines; 0 for null.
    #[cfg(feature = "function-references")]
    pub(crate) table_inits: TryVec<u32>,
    pub(crate) imported_tables: u32,
    pub(crate) memories: TryVec<MemoryType>,
    pub(crate) imported_memories: u32,
    pub(crate) globals: TryVec<GlobalEntry>,
    pub(crate) imported_globals: u32,
    /// The functions that the module defines.
    pub(crate) code: Code<'a>,
    /// Offset of the first body; the length of the module if it defines functions but has no code
    /// section.
    pub(crate) bodies: u32,
    /// Offsets of the element segments.
    pub(crate) elements: TryVec<u32>,
    /// Offsets of the data segments.
    pub(crate) data: TryVec<u32>,
    pub(crate) start: Option<u32>,
    /// Offset and number of the exports.
    pub(crate) exports: (u32, u32),
    /// Whether code reads or changes the size of a memory; true where that is not known.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) sizes_memory: bool,
    /// Whether a memory or table has 64-bit addresses or indices.
    pub(crate) index: IndexType,
}

// SAFETY: the raw pointers in the function records point into `bytes` and into vectors of the
// module, which live as long as it and are not written.
unsafe impl Send for ModuleData<'_> {}
// SAFETY: nothing is written through a shared module, see above.
unsafe impl Sync for ModuleData<'_> {}

/// A module that was decoded and validated. Cheap to clone; instances keep it alive.
///
/// The bytes stay where they are, may lie in flash, and are never written.
#[derive(Clone)]
pub struct Module<'a> {
    pub(crate) data: TryArc<ModuleData<'a>>,
}

impl<'a> Module<'a> {
    /// Decodes and validates a module in the binary format, and builds its code for the engine's
    /// mode.
    ///
    /// With the feature `precompiled`, `bytes` may be a precompiled module
    /// (docs/precompiled-module.md): its code is verified and executed in place.
    ///
    /// # Errors
    /// [`Error::Module`] with the offset of what is wrong, or [`Error::OutOfMemory`].
    pub fn new(engine: &Engine, bytes: &'a [u8]) -> Result<Module<'a>, Error> {
        Ok(Module { data: open(bytes, engine.mode())? })
    }

    /// Loads a precompiled module without verifying its code: the time to load does not depend on
    /// the size of the code. With the feature `native`, `bytes` may be a native module
    /// (docs/native-code.md), which is executed where it lies, in executable memory.
    ///
    /// # Errors
    /// As for [`Module::new`].
    ///
    /// # Safety
    /// The precompiled module is exactly what this version of `zonda compile` wrote, for example
    /// since its signature was checked. Forged or damaged code can read and write any memory.
    #[cfg(any(feature = "precompiled", feature = "native"))]
    pub unsafe fn new_trusted(engine: &Engine, bytes: &'a [u8]) -> Result<Module<'a>, Error> {
        #[cfg(feature = "native")]
        if is_native(bytes) {
            return Ok(Module { data: load::load_native(bytes)? });
        }
        #[cfg(feature = "precompiled")]
        if is_precompiled(bytes) {
            return Ok(Module { data: load::load_precompiled(bytes, engine.mode(), true)? });
        }
        Module::new(engine, bytes)
    }

    /// Validates a module and keeps nothing.
    ///
    /// # Errors
    /// As for [`Module::new`].
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<(), Error> {
        validate(bytes, engine.mode())
    }

    /// The module's bytes: of a precompiled module, the module in it, which may lack its code
    /// section.
    // Not for `'a`: a module that owns its bytes may live shorter than that.
    pub fn bytes(&self) -> &[u8] {
        self.data.bytes
    }
}

impl Module<'static> {
    /// Loads a copy of the bytes that the module owns. What is read out of them lives no longer
    /// than the module:
    ///
    /// ```compile_fail,E0505
    /// let module = zonda::Module::from_vec(&zonda::Engine::default(), b"\0asm\x01\0\0\0").unwrap();
    /// let bytes: &[u8] = module.bytes();
    /// drop(module);
    /// assert_eq!(bytes[0], 0);
    /// ```
    ///
    /// # Errors
    /// As for [`Module::new`].
    pub fn from_vec(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module<'static>, Error> {
        let bytes = bytes.as_ref();
        refuse_copy(bytes)?;
        let mut owned = TryVec::with_capacity(bytes.len())?;
        for &byte in bytes {
            owned.push(byte)?;
        }
        Module::from_owned(engine, owned)
    }

    /// Loads bytes that the module takes over, as [`Module::from_vec`] does a copy.
    pub(crate) fn from_owned(engine: &Engine, owned: TryVec<u8>) -> Result<Module<'static>, Error> {
        // SAFETY: the vector is moved into the module, neither written nor freed before the module
        // is, and its items do not move with it.
        let bytes: &'static [u8] =
            unsafe { core::slice::from_raw_parts(owned.as_mut_ptr(), owned.len()) };
        let mut data = open(bytes, engine.mode())?;
        if let Some(data) = data.get_mut() {
            data.owned = owned;
        }
        Ok(Module { data })
    }
}

/// Whether modules in the binary format are loaded, and code is made of them: not with the feature
/// `precompiled-only`, and not where native code is all that is executed.
const FROM_SOURCE: bool =
    cfg!(any(feature = "classic", feature = "fast")) && !cfg!(feature = "precompiled-only");

/// Why a module in the binary format is refused otherwise.
#[cfg(any(feature = "fast", not(feature = "native")))]
const NOT_FROM_SOURCE: ArtifactErrorKind = ArtifactErrorKind::NotPrecompiled;
#[cfg(all(feature = "native", not(feature = "fast")))]
const NOT_FROM_SOURCE: ArtifactErrorKind = ArtifactErrorKind::NotNative;

/// Fails where only what was made on the host is loaded. What is called behind it is not in the
/// image then.
#[inline(always)]
fn from_source() -> Result<(), Error> {
    if FROM_SOURCE {
        Ok(())
    } else {
        Err(NOT_FROM_SOURCE.at(0))
    }
}

/// Refuses what is executed where it lies.
#[inline(always)]
fn refuse_copy(bytes: &[u8]) -> Result<(), Error> {
    #[cfg(feature = "native")]
    if is_native(bytes) {
        return Err(ArtifactErrorKind::Copied.at(0));
    }
    let _ = bytes;
    Ok(())
}

/// Loads a module whose source is not trusted.
#[cfg(feature = "native")]
fn open(bytes: &[u8], mode: Mode) -> Result<TryArc<ModuleData<'_>>, Error> {
    if is_native(bytes) {
        return Err(ArtifactErrorKind::Untrusted.at(0));
    }
    open_any(bytes, mode)
}

#[cfg(not(feature = "native"))]
use open_any as open;

/// Loads a module.
#[cfg(not(feature = "precompiled"))]
fn open_any(bytes: &[u8], mode: Mode) -> Result<TryArc<ModuleData<'_>>, Error> {
    from_source()?;
    load::load(bytes, mode)
}

/// Whether precompiled modules are trusted: see the feature.
#[cfg(feature = "precompiled")]
const TRUSTED: bool = cfg!(feature = "trust-precompiled");

/// Loads a module or a precompiled module.
#[cfg(feature = "precompiled")]
fn open_any(bytes: &[u8], mode: Mode) -> Result<TryArc<ModuleData<'_>>, Error> {
    if is_precompiled(bytes) {
        load::load_precompiled(bytes, mode, TRUSTED)
    } else {
        from_source()?;
        load::load(bytes, mode)
    }
}

#[cfg(not(feature = "precompiled"))]
fn validate(bytes: &[u8], _: Mode) -> Result<(), Error> {
    from_source()?;
    load::validate(bytes)
}

#[cfg(feature = "precompiled")]
fn validate(bytes: &[u8], mode: Mode) -> Result<(), Error> {
    if is_precompiled(bytes) {
        load::load_precompiled(bytes, mode, false).map(drop)
    } else {
        from_source()?;
        load::validate(bytes)
    }
}

impl<'a> ModuleData<'a> {
    /// The offset in the module of the instruction at `pc`, of which a backend knows `offset`.
    ///
    /// For register bytecode it is found by translating the module again; it is 0 without memory
    /// for that, and without the feature `error-text`. In a precompiled module without its code
    /// section it is the offset in the precompiled module.
    pub(crate) fn offset_of(&self, offset: Offset, pc: *const u8) -> u32 {
        match offset {
            Offset::Module(offset) => offset,
            Offset::Code(_) if !self.has_bodies() => {
                pc.addr().wrapping_sub(self.file.as_ptr().addr()) as u32
            }
            Offset::Code(code) => self.offset_of_code(code),
        }
    }

    #[cfg(feature = "fast")]
    fn offset_of_code(&self, code: u32) -> u32 {
        if !cfg!(feature = "error-text") || !FROM_SOURCE {
            return 0;
        }
        match load::positions(self.bytes, Positions::Of(code, 0)) {
            Ok(Positions::Of(_, offset)) => offset,
            _ => 0,
        }
    }

    /// No backend of this image makes code of its own.
    #[cfg(not(feature = "fast"))]
    fn offset_of_code(&self, _: u32) -> u32 {
        0
    }

    /// The file: the module, or the precompiled module that contains it.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) fn file(&self) -> &'a [u8] {
        self.file
    }

    /// Whether the module owns its bytes.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) fn owns_bytes(&self) -> bool {
        !self.owned.is_empty()
    }

    /// Bytes that native code takes for granted of memory 0.
    #[cfg(feature = "native")]
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) fn least_memory(&self) -> u32 {
        #[allow(irrefutable_let_patterns, reason = "native code may be the only code")]
        if let Code::Native(code) = &self.code {
            return code.needs.least_memory;
        }
        0
    }

    /// Whether there is a code section: a precompiled module may lack it.
    pub(crate) fn has_bodies(&self) -> bool {
        self.code.len() == 0 || self.bodies as usize != self.bytes.len()
    }

    /// The offset in the register bytecode and in the module of each instruction; empty where the
    /// module has no code section.
    #[cfg(feature = "toolchain")]
    pub(crate) fn positions(&self) -> Result<TryVec<(u32, u32)>, Error> {
        if !self.has_bodies() {
            return Ok(TryVec::new());
        }
        match load::positions(self.bytes, Positions::All(TryVec::new()))? {
            Positions::All(positions) => Ok(positions),
            _ => Ok(TryVec::new()),
        }
    }

    /// Builds the code of all functions for a mode.
    pub(crate) fn translate(&self, mode: Mode) -> Result<Code<'a>, Error> {
        if !self.has_bodies() {
            return Err(ArtifactErrorKind::NoBodies.at(0));
        }
        from_source()?;
        translate(self.bytes, mode)
    }

    /// The list in which its types have their value types.
    #[cfg(not(feature = "function-references"))]
    #[inline(always)]
    pub(crate) fn value_types(&self) -> &'a [crate::binary::types::Code] {
        self.bytes
    }

    /// The list in which its types have their value types.
    #[cfg(feature = "function-references")]
    pub(crate) fn value_types(&self) -> &[crate::binary::types::Code] {
        &self.table.table().codes
    }

    /// The type of a function, by its index in the index space.
    pub(crate) fn func_type(&self, func: u32) -> Option<&TypeEntry> {
        let ty = match func.checked_sub(self.imported_funcs) {
            Some(defined) => self.code.layout(defined)?.type_index,
            None => {
                self.imports
                    .iter()
                    .filter(|import| import.kind == ExternKind::Func)
                    .nth(func as usize)?
                    .ty
            }
        };
        self.types.get(ty as usize)
    }
}

#[cfg(feature = "exceptions")]
impl ModuleData<'_> {
    /// The type of a tag, by its index in the index space.
    pub(crate) fn tag_type(&self, index: u32) -> Option<FuncType<'_>> {
        let ty = *self.tags.0.get(index as usize)?;
        self.types.get(ty as usize).map(|ty| FuncType::of(self.value_types(), ty))
    }
}
