//! What can go wrong, as values: a kind, a place, and a text where the feature `error-text` is on.

use crate::alloc::OutOfMemory;
use core::fmt;
use zonda_exec::TrapCode;

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $class:ident $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        // As wide as a register, so that a result of it and a number comes back in two.
        #[repr(u32)]
        pub enum $name { $($(#[$vdoc])* #[doc = $text] $variant,)* }

        impl $name {
            /// What was expected or found; empty without the feature `error-text`.
            pub const fn message(self) -> &'static str {
                #[cfg(feature = "error-text")]
                { match self { $($name::$variant => $text,)* } }
                #[cfg(not(feature = "error-text"))]
                { "" }
            }

            /// What the specification calls it.
            pub const fn class(self) -> ErrorClass {
                match self { $($name::$variant => ErrorClass::$class,)* }
            }
        }
    };
}

/// How the specification classes what is wrong with a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// It cannot be decoded (spec: 5).
    Malformed,
    /// It cannot be validated (spec: 3).
    Invalid,
    /// It may be right, but goes beyond what this build or this runtime takes.
    Limit,
}

kinds! {
    /// What is wrong with a module.
    ErrorKind {
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
        Alignment Invalid "alignment must not be larger than natural";
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
        #[doc(hidden)]
        Repeat Limit "the function is validated again";
        Unaligned Limit "a precompiled module has to lie at an address that is a multiple of 4";
        ContainerVersion Limit "precompiled by another version: compile the module again";
        WordSize Limit "precompiled for pointers of another size: compile the module for this device";
        BadContainer Malformed "damaged header or table of sections of a precompiled module";
        BadRecord Malformed "damaged record of a precompiled function";
        RegisterCode Malformed "unknown or incomplete operation of register code";
        RegisterSlot Malformed "register code names a slot outside of its frame";
        RegisterBranch Malformed "register code branches to what is no place for it";
        RegisterFlow Malformed "register code goes on behind its end, or returns what it should not";
        References Limit "a module that handles references as values cannot be precompiled";
        NoBodies Limit "precompiled without the code section: compile the module with --keep-code";
    }
}

/// Why a module was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Offset in the module, in bytes.
    pub offset: u32,
}

/// What is wrong with an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkErrorKind {
    /// Nothing was provided under its names.
    Unknown,
    /// What was provided has another kind or type.
    Incompatible,
}

/// Why a call stopped (spec: "trap"), and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// The reason.
    pub code: TrapCode,
    /// Index of the function in its module; `u32::MAX` when no function of the module was running.
    pub func: u32,
    /// Offset in the module of the operation, in bytes.
    pub offset: u32,
    /// What a host function reported: any number, 0 if it gave none.
    pub host: u32,
}

impl Trap {
    /// A trap that a host function causes; the runtime adds the place.
    pub const fn new(code: TrapCode) -> Trap {
        Trap { code, func: u32::MAX, offset: 0, host: 0 }
    }

    /// The failure of a host function, with a number of its own that the caller of the module gets back.
    pub const fn host(code: u32) -> Trap {
        Trap { code: TrapCode::Host, func: u32::MAX, offset: 0, host: code }
    }
}

impl From<TrapCode> for Trap {
    fn from(code: TrapCode) -> Trap {
        Trap::new(code)
    }
}

/// Everything that this API can refuse or report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The module is not accepted.
    Module(ModuleError),
    /// An import cannot be satisfied.
    Link {
        /// What is wrong.
        kind: LinkErrorKind,
        /// Position among the module's imports, from 0.
        import: u32,
    },
    /// Execution stopped.
    Trap(Trap),
    /// The host has no memory left.
    OutOfMemory,
    /// A linker has something under this name already.
    Duplicate,
    /// Nothing is exported under this name, or it is of another kind.
    UnknownExport,
    /// Arguments, results or a value have other types than asked for.
    TypeMismatch,
    /// A handle belongs to another store.
    WrongStore,
    /// An index or a range lies outside of a memory or table.
    OutOfBounds,
    /// A memory or table cannot grow that far.
    CannotGrow,
    /// The global cannot be written.
    Immutable,
    /// More of something than an implementation limit allows.
    TooLarge,
    /// Not while a call into the store runs.
    Running,
}

impl Error {
    /// The same about what lies `by` bytes further on.
    #[cfg(feature = "precompiled")]
    pub(crate) fn moved(self, by: u32) -> Error {
        match self {
            Error::Module(error) => {
                Error::Module(ModuleError { offset: error.offset.saturating_add(by), ..error })
            }
            error => error,
        }
    }
}

impl From<OutOfMemory> for Error {
    fn from(_: OutOfMemory) -> Error {
        Error::OutOfMemory
    }
}

impl From<Trap> for Error {
    fn from(trap: Trap) -> Error {
        Error::Trap(trap)
    }
}

impl From<TrapCode> for Error {
    fn from(code: TrapCode) -> Error {
        Error::Trap(Trap::new(code))
    }
}

impl From<ModuleError> for Error {
    fn from(error: ModuleError) -> Error {
        Error::Module(error)
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset 0x{:x}: {}", self.offset, self.kind.message())
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message())?;
        if self.host != 0 {
            write!(f, " ({})", self.host)?;
        }
        if self.func != u32::MAX {
            write!(f, " (function {}, offset 0x{:x})", self.func, self.offset)?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Module(error) => error.fmt(f),
            Error::Link { kind: LinkErrorKind::Unknown, import } => {
                write!(f, "unknown import (number {import})")
            }
            Error::Link { kind: LinkErrorKind::Incompatible, import } => {
                write!(f, "incompatible import type (number {import})")
            }
            Error::Trap(trap) => trap.fmt(f),
            Error::OutOfMemory => f.write_str("out of memory"),
            Error::Duplicate => f.write_str("defined twice"),
            Error::UnknownExport => f.write_str("no such export"),
            Error::TypeMismatch => f.write_str("type mismatch"),
            Error::WrongStore => f.write_str("the handle belongs to another store"),
            Error::OutOfBounds => f.write_str("out of bounds"),
            Error::CannotGrow => f.write_str("cannot grow beyond the limit"),
            Error::Immutable => f.write_str("the global is immutable"),
            Error::TooLarge => f.write_str("an implementation limit is exceeded"),
            Error::Running => f.write_str("not while code of the store runs"),
        }
    }
}

#[cfg(feature = "std")]
mod hosted {
    extern crate std;
    impl std::error::Error for super::Error {}
    impl std::error::Error for super::ModuleError {}
    impl std::error::Error for super::Trap {}
}
