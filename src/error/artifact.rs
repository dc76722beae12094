//! Errors of artifacts: why a precompiled module is refused, and where. What is wrong with the
//! WebAssembly module inside of it is a [`ModuleError`](super::ModuleError), with its offset in the
//! artifact.

use super::kinds::kinds;
use super::{Error, ErrorKind};
use core::fmt;

kinds! {
    /// What is wrong with a precompiled module.
    ArtifactErrorKind {
        Unaligned Limit "a precompiled module must lie at an address that is a multiple of 4";
        FormatVersion Limit "precompiled by another version of Zonda: compile the module again";
        PointerSize Limit "precompiled for another pointer size: compile the module for this device";
        SwitchedOff Limit "precompiled for a feature that this build does not have";
        Layout Malformed "malformed header or section table of a precompiled module";
        Record Malformed "function record does not match the module";
        Instruction Malformed "unknown or incomplete register instruction";
        Slot Malformed "register instruction names a stack slot outside of the frame's locals and operands";
        Branch Malformed "branch target is not an instruction boundary";
        Flow Malformed "register bytecode runs past the end of its function, or returns an operand that is not there";
        UnknownType Invalid "register instruction names an unknown type";
        UnknownFunc Invalid "register instruction names an unknown function";
        UnknownTable Invalid "register instruction names an unknown table";
        UnknownMemory Invalid "register instruction names an unknown memory";
        UnknownGlobal Invalid "register instruction names an unknown global";
        UnknownData Invalid "register instruction names an unknown data segment";
        UnknownElem Invalid "register instruction names an unknown element segment";
        TypeMismatch Invalid "register instruction names something of another type";
        ImmutableGlobal Invalid "register instruction writes an immutable global";
        References Limit "a module with values of reference type cannot be precompiled";
        NotPrecompiled Limit "this build loads precompiled modules only: compile the module with `zonda compile`";
        NoBodies Limit "the code section was left out: compile the module with --keep-code";
        OutOfMemory Limit "out of memory";
        #[cfg(feature = "native")] Untrusted Limit "native code cannot be verified: sign it, or load it with Module::new_trusted or zonda_load_trusted()";
        #[cfg(feature = "native")] NotNative Limit "this build executes native code only: compile the module with `zonda compile --native`";
        #[cfg(feature = "native")] Copied Limit "native code is executed where it lies: load it without a copy";
        #[cfg(feature = "native")] Architecture Limit "native code for another architecture: compile it with the --target of this device";
        #[cfg(feature = "native")] CpuFeature Limit "native code for a CPU with more instructions: compile it with the --target of this device";
        #[cfg(feature = "native")] FloatAbi Limit "native code for another float ABI: hard float and soft float do not mix";
        #[cfg(feature = "native")] RuntimeLayout Limit "native code for another version of the runtime: compile the module again";
    }
}

/// Why a precompiled module was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtifactError {
    /// What is wrong.
    pub kind: ArtifactErrorKind,
    /// Offset in the artifact, in bytes.
    pub offset: u32,
}

/// For rules of validation that the verifier asks the module about.
impl From<ErrorKind> for ArtifactErrorKind {
    fn from(kind: ErrorKind) -> ArtifactErrorKind {
        match kind {
            ErrorKind::UnknownType => ArtifactErrorKind::UnknownType,
            ErrorKind::UnknownFunc => ArtifactErrorKind::UnknownFunc,
            ErrorKind::UnknownTable => ArtifactErrorKind::UnknownTable,
            ErrorKind::UnknownMemory => ArtifactErrorKind::UnknownMemory,
            ErrorKind::UnknownGlobal => ArtifactErrorKind::UnknownGlobal,
            ErrorKind::UnknownElem => ArtifactErrorKind::UnknownElem,
            ErrorKind::OutOfMemory => ArtifactErrorKind::OutOfMemory,
            // The header ends before its fields do.
            _ => ArtifactErrorKind::Layout,
        }
    }
}

impl From<crate::alloc::OutOfMemory> for ArtifactErrorKind {
    fn from(_: crate::alloc::OutOfMemory) -> ArtifactErrorKind {
        ArtifactErrorKind::OutOfMemory
    }
}

impl ArtifactErrorKind {
    /// The error for the embedder.
    pub(crate) fn at(self, offset: u32) -> Error {
        match self {
            ArtifactErrorKind::OutOfMemory => Error::OutOfMemory,
            kind => Error::Artifact(ArtifactError { kind, offset }),
        }
    }
}

impl fmt::Display for ArtifactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset 0x{:x}: {}", self.offset, self.kind.message())
    }
}
