//! Errors of modules: what the decoder and the validator refuse, and where.

use super::kinds::kinds;
use core::fmt;

kinds! {
    /// What is wrong with a module.
    ModuleErrorKind {
        NotWasm Malformed "magic header not detected";
        Version Malformed "unknown binary version";
        UnexpectedEnd Malformed "unexpected end";
        IntegerTooLong Malformed "integer representation too long";
        IntegerTooLarge Malformed "integer too large";
        BadUtf8 Malformed "malformed UTF-8 encoding";
        BadSectionId Malformed "malformed section id";
        SectionOrder Malformed "unexpected content after last section (section out of order or repeated)";
        SectionSize Malformed "section size mismatch";
        BodyCount Malformed "function and code section have inconsistent lengths";
        DataCount Malformed "data count and data section have inconsistent lengths";
        DataCountRequired Malformed "data count section required";
        BodySize Malformed "function body does not end where its size says";
        BadValueType Malformed "malformed value type";
        BadReferenceType Malformed "malformed reference type";
        BadTypeForm Malformed "malformed type: expected a function type";
        BadMutability Malformed "malformed mutability";
        BadLimits Malformed "malformed limits flags";
        BadImportKind Malformed "malformed import kind";
        BadExportKind Malformed "malformed export kind";
        BadElementKind Malformed "malformed elements segment kind";
        BadDataKind Malformed "malformed data segment kind";
        BadMemArg Malformed "malformed memop flags";
        BadBlockType Malformed "malformed block type";
        ZeroByte Malformed "zero byte expected";
        UnknownOperation Malformed "illegal opcode";
        TooManyLocals Malformed "too many locals";
        EndExpected Malformed "END opcode expected";
        ConstantExpressionExpected Invalid "constant expression required";
        UnknownType Invalid "unknown type";
        UnknownFunc Invalid "unknown function";
        UnknownTable Invalid "unknown table";
        UnknownMemory Invalid "unknown memory";
        UnknownGlobal Invalid "unknown global";
        UnknownLocal Invalid "unknown local";
        UnknownLabel Invalid "unknown label";
        UnknownData Invalid "unknown data segment";
        UnknownElem Invalid "unknown elem segment";
        TypeMismatch Invalid "type mismatch";
        ImmutableGlobal Invalid "global is immutable";
        UndeclaredReference Invalid "undeclared function reference";
        #[cfg(feature = "simd")]
        UnknownLane Invalid "invalid lane index";
        Alignment Invalid "alignment must not be larger than natural";
        #[cfg(feature = "threads")]
        AtomicAlignment Invalid "atomic alignment must be natural";
        #[cfg(feature = "threads")]
        SharedWithoutMaximum Invalid "shared memory must have maximum";
        LimitsOrder Invalid "size minimum must not be greater than maximum";
        MemorySize Invalid "memory size must be at most 65536 pages (4GiB)";
        TableSize Invalid "table size must be at most 2^32-1";
        PageSize Invalid "invalid custom page size";
        MultipleMemories Invalid "multiple memories";
        DuplicateExport Invalid "duplicate export name";
        StartType Invalid "start function";
        SelectArity Invalid "invalid result arity";
        OffsetRange Invalid "offset out of range";
        ElseWithoutIf Malformed "else found outside of an if";
        Unsupported Limit "this feature of WebAssembly is not supported";
        SwitchedOff Limit "this feature of WebAssembly is switched off in this build";
        TooLarge Limit "an implementation limit is exceeded";
        FrameTooLarge Limit "the frame of a function is too large";
        OutOfMemory Limit "out of memory";
        #[cfg(feature = "exceptions")]
        UnknownTag Invalid "unknown tag";
        #[cfg(feature = "exceptions")]
        TagType Invalid "non-empty tag result type";
        #[cfg(feature = "exceptions")]
        BadTag Malformed "malformed tag attribute";
        #[cfg(feature = "exceptions")]
        BadCatch Malformed "malformed catch clause";
        #[cfg(feature = "legacy-exceptions")]
        CatchWithoutTry Malformed "catch found outside of a try, or behind a catch_all";
        #[cfg(feature = "legacy-exceptions")]
        DelegateWithoutTry Malformed "delegate found outside of a try, or behind a catch";
        #[cfg(feature = "legacy-exceptions")]
        RethrowLabel Invalid "invalid rethrow label";
        #[cfg(feature = "function-references")]
        UninitializedLocal Invalid "uninitialized local";
        #[cfg(feature = "function-references")]
        SubType Invalid "sub type does not match super type";
        #[cfg(feature = "gc")]
        BadCast Malformed "malformed flags of a cast";
        #[cfg(feature = "gc")]
        UnknownField Invalid "unknown field";
        #[cfg(feature = "gc")]
        FieldAccess Invalid "field or array is immutable, packed or not numeric";
        #[doc(hidden)]
        Repeat Limit "the function is validated again";
    }
}

/// Why a module was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleError {
    /// What is wrong.
    pub kind: ModuleErrorKind,
    /// Offset in the module, in bytes.
    pub offset: u32,
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset 0x{:x}: {}", self.offset, self.kind.message())
    }
}
