//! Types of references beyond the first ones (spec: 2.3.3, 5.3.3; feature `function-references`):
//! those that name a type of the module or exclude null, and with `gc` the hierarchy of objects.
//!
//! A type is one number ([`Code`]): the encoding of an abstract heap type in one byte, as in the
//! binary format, or [`CONCRETE`] with the index of a type above it; and [`NON_NULL`] where null is
//! excluded. So `funcref`, `externref` and `exnref` have the number that they have without the
//! feature, and so have number types.

use super::reader::{Parsed, Reader};
use super::types::{Code, ValType};
use crate::error::ErrorKind;

/// Null is excluded.
pub(crate) const NON_NULL: Code = 1 << 8;
/// A type of the module; its index is in the upper 16 bits.
pub(crate) const CONCRETE: Code = 1 << 9;
/// With [`CONCRETE`]: the type is that of a function. Types have the mark where an embedder sees
/// them.
pub(crate) const FUNCTION: Code = 1 << 11;
/// A reference of unknown type, in code that cannot be reached.
pub(crate) const BOTTOM: Code = 1;

/// Abstract heap types.
pub(crate) mod heap {
    use super::Code;
    pub(crate) const NO_EXN: Code = 0x74;
    pub(crate) const NO_FUNC: Code = 0x73;
    pub(crate) const NO_EXTERN: Code = 0x72;
    pub(crate) const NONE: Code = 0x71;
    pub(crate) const FUNC: Code = 0x70;
    pub(crate) const EXTERN: Code = 0x6f;
    pub(crate) const ANY: Code = 0x6e;
    pub(crate) const EQ: Code = 0x6d;
    pub(crate) const I31: Code = 0x6c;
    pub(crate) const STRUCT: Code = 0x6b;
    pub(crate) const ARRAY: Code = 0x6a;
    pub(crate) const EXN: Code = 0x69;
}

/// The heap type of a reference type.
pub(crate) const fn heap_of(code: Code) -> Code {
    code & !NON_NULL
}

/// The index of a concrete heap type.
pub(crate) const fn index_of(code: Code) -> Option<u32> {
    if code & CONCRETE != 0 {
        Some(code >> 16)
    } else {
        None
    }
}

/// The heap type with this index.
pub(crate) const fn concrete(index: u32) -> Code {
    CONCRETE | index << 16
}

/// Whether the number is that of a reference type.
pub(crate) const fn is_ref(code: Code) -> bool {
    code & CONCRETE != 0 || matches!(code & !NON_NULL, 0x69..=0x74 | BOTTOM)
}

/// What references of a type refer to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hierarchy {
    Func,
    Extern,
    #[cfg(feature = "exceptions")]
    Exn,
    #[cfg(feature = "gc")]
    Any,
}

/// The type of a reference that is not `funcref`, `externref` or `exnref`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct RefType(Code);

impl RefType {
    /// Any function.
    pub(crate) const FUNC: RefType = RefType(heap::FUNC | NON_NULL);

    pub(crate) const fn from_code(code: Code) -> Option<RefType> {
        if is_ref(code) {
            Some(RefType(code))
        } else {
            None
        }
    }

    pub(crate) const fn code(self) -> Code {
        self.0
    }

    /// Whether null is one of its values.
    pub const fn is_nullable(self) -> bool {
        self.0 & NON_NULL == 0
    }

    /// The index of the type that it names, in the module that uses it.
    pub const fn index(self) -> Option<u32> {
        index_of(self.0)
    }

    pub(crate) const fn hierarchy(self) -> Hierarchy {
        match heap_of(self.0) {
            heap::EXTERN | heap::NO_EXTERN => Hierarchy::Extern,
            #[cfg(feature = "exceptions")]
            heap::EXN | heap::NO_EXN => Hierarchy::Exn,
            #[cfg(feature = "gc")]
            heap::ANY | heap::EQ | heap::I31 | heap::STRUCT | heap::ARRAY | heap::NONE => {
                Hierarchy::Any
            }
            #[cfg(feature = "gc")]
            code if code & CONCRETE != 0 && code & FUNCTION == 0 => Hierarchy::Any,
            _ => Hierarchy::Func,
        }
    }

    /// Its name in the text format; that of a type of the module is `$type`.
    pub const fn name(self) -> &'static str {
        match (self.is_nullable(), heap_of(self.0)) {
            (true, heap::ANY) => "anyref",
            (true, heap::EQ) => "eqref",
            (true, heap::I31) => "i31ref",
            (true, heap::STRUCT) => "structref",
            (true, heap::ARRAY) => "arrayref",
            (true, heap::NONE) => "nullref",
            (true, heap::NO_FUNC) => "nullfuncref",
            (true, heap::NO_EXTERN) => "nullexternref",
            (true, heap::NO_EXN) => "nullexnref",
            (true, _) => "(ref null $type)",
            (false, heap::FUNC) => "(ref func)",
            (false, heap::EXTERN) => "(ref extern)",
            (false, heap::ANY) => "(ref any)",
            (false, heap::EQ) => "(ref eq)",
            (false, heap::I31) => "(ref i31)",
            (false, heap::STRUCT) => "(ref struct)",
            (false, heap::ARRAY) => "(ref array)",
            (false, heap::EXN) => "(ref exn)",
            (false, heap::NONE) => "(ref none)",
            (false, heap::NO_FUNC) => "(ref nofunc)",
            (false, heap::NO_EXTERN) => "(ref noextern)",
            (false, heap::NO_EXN) => "(ref noexn)",
            (false, _) => "(ref $type)",
        }
    }

    /// Reads a type of references; `None`, and nothing is read, where none stands there.
    pub(crate) fn read(reader: &mut Reader) -> Parsed<Option<ValType>> {
        Ok(Some(match reader.peek() {
            Some(byte @ (0x63 | 0x64)) => {
                reader.byte()?;
                RefType::read_heap(reader, byte == 0x63)?
            }
            Some(0x69..=0x74) => RefType::read_heap(reader, true)?,
            _ => return Ok(None),
        }))
    }

    /// Reads a heap type; returns the type of references to it.
    pub(crate) fn read_heap(reader: &mut Reader, nullable: bool) -> Parsed<ValType> {
        let at = reader.pos();
        let number = reader.i33()?;
        let code = match u32::try_from(number) {
            Ok(index) => {
                if index >= reader.types || index > u16::MAX as u32 {
                    return reader.refuse_at(at, ErrorKind::UnknownType);
                }
                concrete(index)
            }
            // One byte whose sign is that of a negative number.
            Err(_) if number >= -64 => {
                let code = (number & 0x7f) as Code;
                match code {
                    heap::FUNC | heap::EXTERN => {}
                    heap::NO_FUNC | heap::NO_EXTERN => {}
                    heap::EXN | heap::NO_EXN if cfg!(feature = "exceptions") => {}
                    heap::ARRAY..=heap::ANY | heap::NONE if cfg!(feature = "gc") => {}
                    0x68..=0x74 => return reader.refuse_at(at, ErrorKind::Unsupported),
                    _ => return reader.refuse_at(at, ErrorKind::BadReferenceType),
                }
                code
            }
            Err(_) => return reader.refuse_at(at, ErrorKind::BadReferenceType),
        };
        let code = if nullable { code } else { code | NON_NULL };
        ValType::from_code(code).ok_or(ErrorKind::BadReferenceType)
    }
}
