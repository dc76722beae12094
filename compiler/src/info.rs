//! Reads precompiled modules on the host, for a device of any pointer size.

use zonda::toolchain::{self, format, Sections};
use zonda::Error;
use zonda_exec::fast::verify::GUARD;
use zonda_exec::FastFunc;

/// Whether the bytes begin as a precompiled module does. They may still be damaged.
pub fn is_precompiled(bytes: &[u8]) -> bool {
    bytes.starts_with(format::MAGIC)
}

/// The contents of a precompiled module.
#[derive(Clone, Copy, Debug)]
pub struct PrecompiledInfo<'a> {
    /// The size of a pointer on the device in bytes.
    pub word_size: u8,
    /// The SHA-256 of the module that was compiled.
    pub hash: &'a [u8],
    /// The module; without its code section unless [`crate::CompileOptions::keep_code`] was set.
    pub module: &'a [u8],
    /// The number of functions that the module defines.
    pub funcs: u32,
    /// The size of the register bytecode in bytes.
    pub code_bytes: u32,
}

impl<'a> PrecompiledInfo<'a> {
    /// Verifies a precompiled module and describes its contents.
    ///
    /// # Errors
    /// Those of loading it on its device.
    pub fn read(bytes: &'a [u8]) -> Result<PrecompiledInfo<'a>, Error> {
        let Sections { word_size, module, funcs, code } = verify(bytes)?;
        Ok(PrecompiledInfo {
            word_size,
            hash: &bytes[format::HASH_AT..][..format::HASH],
            module: &bytes[module],
            funcs: (funcs.len() / size_of::<FastFunc>()) as u32,
            code_bytes: code.len().saturating_sub(GUARD) as u32,
        })
    }
}

/// Verifies a precompiled module at any address and returns where its sections are.
pub(crate) fn verify(bytes: &[u8]) -> Result<Sections, Error> {
    // The runtime reads function records in place, so the copy starts at a multiple of 4.
    let mut copy = vec![0; bytes.len() + 3];
    let start = copy.as_ptr().addr().wrapping_neg() % 4;
    let aligned = &mut copy[start..][..bytes.len()];
    aligned.copy_from_slice(bytes);
    toolchain::verify(aligned)
}
