//! The interface for host tools (crate `zonda-compiler`): the translator, the verifier, and the
//! code of loaded modules.
//!
//! It is hidden from the documentation and has no promise of stability. Only the feature
//! `toolchain` builds it, which no device image enables.

mod sections;
mod walk;

pub use sections::{code_section, kept};
pub use walk::{walk, BlockKind, Body, BodyVisitor, Declared, Instr, Targets};

use crate::alloc::TryVec;
use crate::code::fast::precompiled::{self, Precompiled};
use crate::code::Code;
use crate::error::{ArtifactErrorKind, Error};
use crate::module::{positions_for, translate_for, verify_precompiled, Module};
use core::ops::{Deref, Range};
use zonda_exec::FastFunc;

/// Constants of the format (docs/precompiled-module.md).
pub mod format {
    pub use crate::code::fast::precompiled::{
        EXCEPTIONS, FLOAT, HASH, LEGACY_EXCEPTIONS, MAGIC, REGISTER_BYTECODE, SECTIONS,
        SECTIONS_AT, SECTION_ENTRY, SIMD, TAIL_CALL, VERSION,
    };

    /// The offset of the hash.
    pub const HASH_AT: usize = 16;
}

/// The functions and the register bytecode of a module.
pub struct Translation<'a>(Code<'a>);

impl Translation<'_> {
    /// The records of the functions that the module defines.
    pub fn funcs(&self) -> &[FastFunc] {
        match &self.0 {
            Code::Fast(fast) => fast.funcs.as_slice(),
            _ => &[],
        }
    }

    /// The register bytecode of all functions.
    pub fn code(&self) -> &[u8] {
        match &self.0 {
            Code::Fast(fast) => fast.code.as_slice(),
            _ => &[],
        }
    }

    /// The handlers of exceptions of all functions.
    #[cfg(feature = "exceptions")]
    pub fn handlers(&self) -> &[zonda_exec::unwind::Handler] {
        match &self.0 {
            Code::Fast(fast) => fast.handlers.as_slice(),
            _ => &[],
        }
    }
}

/// Validates a module and translates it for a device with this pointer size in bytes.
///
/// # Errors
/// Those of loading the module, and [`ArtifactErrorKind::PointerSize`] where the pointer size is
/// not 4 or 8.
pub fn translate(module: &[u8], word_size: u8) -> Result<Translation<'_>, Error> {
    if !matches!(word_size, 4 | 8) {
        return Err(ArtifactErrorKind::PointerSize.at(0));
    }
    Ok(Translation(translate_for(module, precompiled::overhead(word_size))?))
}

/// The map from register bytecode to the module that [`translate`] makes it of: for each
/// instruction its offset in the code and in the module, in ascending order.
///
/// # Errors
/// Those of [`translate`].
pub fn positions(module: &[u8], word_size: u8) -> Result<impl Deref<Target = [(u32, u32)]>, Error> {
    if !matches!(word_size, 4 | 8) {
        return Err(ArtifactErrorKind::PointerSize.at(0));
    }
    positions_for(module, precompiled::overhead(word_size))
}

/// Where the sections of a precompiled module are.
pub struct Sections {
    /// The size of a pointer on the device in bytes.
    pub word_size: u8,
    /// The module, which may lack its code section.
    pub module: Range<usize>,
    /// The function records.
    pub funcs: Range<usize>,
    /// The register bytecode and the guard.
    pub code: Range<usize>,
}

/// Verifies a precompiled module for a device of any pointer size. The bytes start at a multiple of
/// 4.
///
/// # Errors
/// Those of loading it on its device.
pub fn verify(bytes: &[u8]) -> Result<Sections, Error> {
    let Precompiled { word_size, module, funcs, code, at, .. } = verify_precompiled(bytes)?;
    let section = |at: u32, len: usize| at as usize..at as usize + len;
    let [module_at, funcs_at, code_at] = at;
    Ok(Sections {
        word_size,
        module: section(module_at, module.len()),
        funcs: section(funcs_at, size_of_val(funcs)),
        code: section(code_at, code.len()),
    })
}

/// The register bytecode of a loaded module, and the offsets that it was made from.
pub struct RegisterBytecode<'m> {
    /// The number of functions that the module imports; their indices precede those of `funcs`.
    pub imported_funcs: u32,
    /// The records of the functions that the module defines.
    pub funcs: &'m [FastFunc],
    /// The register bytecode of all functions.
    pub code: &'m [u8],
    /// The handlers of exceptions of all functions.
    #[cfg(feature = "exceptions")]
    pub handlers: &'m [zonda_exec::unwind::Handler],
    positions: TryVec<(u32, u32)>,
}

impl RegisterBytecode<'_> {
    /// For each instruction its offset in the register bytecode and in the module, in ascending
    /// order. Empty where the module has no code section.
    pub fn positions(&self) -> &[(u32, u32)] {
        &self.positions
    }
}

/// The register bytecode of a module; `None` where it was loaded for another mode.
///
/// # Errors
/// [`Error::OutOfMemory`]: the module is translated again to find the offsets.
pub fn register_bytecode<'m>(
    module: &'m Module<'_>,
) -> Result<Option<RegisterBytecode<'m>>, Error> {
    let Code::Fast(fast) = &module.data.code else { return Ok(None) };
    Ok(Some(RegisterBytecode {
        imported_funcs: module.data.imported_funcs,
        funcs: fast.funcs.as_slice(),
        code: fast.code.as_slice(),
        #[cfg(feature = "exceptions")]
        handlers: fast.handlers.as_slice(),
        positions: module.data.positions()?,
    }))
}

/// Constants of native modules (docs/native-code.md).
#[cfg(feature = "native")]
pub mod native_format {
    pub use crate::code::native::artifact::{
        cpu, ALIGN, ENTRY, FIXED_MEMORY, FLOAT, HASH, MAGIC, NATIVE, SECTIONS, TABLE_AT, TAIL_CALL,
        TARGET, VERSION,
    };
}
