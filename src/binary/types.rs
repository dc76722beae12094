//! Types in the binary format (spec: 2.3, 5.3).

use super::reader::{Parsed, Reader};
#[cfg(feature = "function-references")]
pub use super::references::RefType;
use crate::error::ErrorKind;
pub use zonda_exec::{IndexType, Sharing};

/// A value type as the validator and lists of value types have it: its encoding in the binary
/// format.
#[cfg(not(feature = "function-references"))]
pub(crate) type Code = u8;
/// The same where types of references take more than a byte (`references.rs`).
#[cfg(feature = "function-references")]
pub(crate) type Code = u32;

/// The type of a value. The number is its encoding in the binary format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum ValType {
    I32 = 0x7f,
    I64 = 0x7e,
    F32 = 0x7d,
    F64 = 0x7c,
    #[cfg(feature = "simd")]
    V128 = 0x7b,
    FuncRef = 0x70,
    ExternRef = 0x6f,
    #[cfg(feature = "exceptions")]
    ExnRef = 0x69,
    /// Any other reference.
    #[cfg(feature = "function-references")]
    Ref(RefType) = 0,
}

impl ValType {
    /// The type of references to functions that an element segment names by their indices.
    #[cfg(not(feature = "function-references"))]
    pub(crate) const FUNCTIONS: ValType = ValType::FuncRef;
    /// The type of references to functions that an element segment names by their indices.
    #[cfg(feature = "function-references")]
    pub(crate) const FUNCTIONS: ValType = ValType::Ref(RefType::FUNC);

    /// Its encoding.
    #[cfg(not(feature = "function-references"))]
    #[inline(always)]
    pub(crate) const fn code(self) -> Code {
        self as u8
    }

    /// Its encoding.
    #[cfg(feature = "function-references")]
    pub(crate) const fn code(self) -> Code {
        match self {
            ValType::I32 => 0x7f,
            ValType::I64 => 0x7e,
            ValType::F32 => 0x7d,
            ValType::F64 => 0x7c,
            #[cfg(feature = "simd")]
            ValType::V128 => 0x7b,
            ValType::FuncRef => 0x70,
            ValType::ExternRef => 0x6f,
            #[cfg(feature = "exceptions")]
            ValType::ExnRef => 0x69,
            ValType::Ref(ty) => ty.code(),
        }
    }

    /// The type with this encoding.
    pub(crate) fn from_code(code: Code) -> Option<ValType> {
        Some(match code {
            0x7f => ValType::I32,
            0x7e => ValType::I64,
            0x7d => ValType::F32,
            0x7c => ValType::F64,
            #[cfg(feature = "simd")]
            0x7b => ValType::V128,
            0x70 => ValType::FuncRef,
            0x6f => ValType::ExternRef,
            #[cfg(feature = "exceptions")]
            0x69 => ValType::ExnRef,
            #[cfg(feature = "function-references")]
            code => ValType::Ref(RefType::from_code(code)?),
            #[cfg(not(feature = "function-references"))]
            _ => return None,
        })
    }

    /// Slots that a value of the type takes on the operand stack: 1, 2, or 4 for a vector.
    #[inline]
    pub const fn slots(self) -> u32 {
        match self {
            ValType::I64 | ValType::F64 => 2,
            #[cfg(feature = "simd")]
            ValType::V128 => 4,
            _ => 1,
        }
    }

    /// Whether it is a reference.
    pub const fn is_ref(self) -> bool {
        match self {
            ValType::FuncRef | ValType::ExternRef => true,
            #[cfg(feature = "exceptions")]
            ValType::ExnRef => true,
            #[cfg(feature = "function-references")]
            ValType::Ref(_) => true,
            _ => false,
        }
    }

    /// Its name in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            ValType::I32 => "i32",
            ValType::I64 => "i64",
            ValType::F32 => "f32",
            ValType::F64 => "f64",
            #[cfg(feature = "simd")]
            ValType::V128 => "v128",
            ValType::FuncRef => "funcref",
            ValType::ExternRef => "externref",
            #[cfg(feature = "exceptions")]
            ValType::ExnRef => "exnref",
            #[cfg(feature = "function-references")]
            ValType::Ref(ty) => ty.name(),
        }
    }

    /// Whether a local of the type has a value before it is set.
    #[cfg(feature = "function-references")]
    pub(crate) const fn is_defaultable(self) -> bool {
        match self {
            ValType::Ref(ty) => ty.is_nullable(),
            _ => true,
        }
    }

    pub(crate) fn read(reader: &mut Reader) -> Parsed<ValType> {
        let code = reader.peek().ok_or(ErrorKind::UnexpectedEnd)?;
        #[cfg(feature = "function-references")]
        if let Some(ty) = RefType::read(reader)? {
            return Ok(ty);
        }
        let Some(ty) = ValType::from_code(code as Code) else {
            return Err(match code {
                // v128, and the heads of types of later proposals.
                0x7b | 0x63..=0x6e | 0x71..=0x74 => ErrorKind::Unsupported,
                _ => ErrorKind::BadValueType,
            });
        };
        if !cfg!(feature = "float") && matches!(ty, ValType::F32 | ValType::F64) {
            return Err(ErrorKind::SwitchedOff);
        }
        reader.byte()?;
        Ok(ty)
    }

    /// Reads the immediate of `ref.null`: the type of its result.
    #[cfg(not(feature = "function-references"))]
    #[inline(always)]
    pub(crate) fn read_null(reader: &mut Reader) -> Parsed<ValType> {
        ValType::read_ref(reader)
    }

    /// Reads the immediate of `ref.null`: the type of its result.
    #[cfg(feature = "function-references")]
    pub(crate) fn read_null(reader: &mut Reader) -> Parsed<ValType> {
        RefType::read_heap(reader, true)
    }

    pub(crate) fn read_ref(reader: &mut Reader) -> Parsed<ValType> {
        #[cfg(feature = "function-references")]
        if let Some(ty) = RefType::read(reader)? {
            return Ok(ty);
        }
        match reader.peek() {
            Some(0x70) => reader.byte().map(|_| ValType::FuncRef),
            Some(0x6f) => reader.byte().map(|_| ValType::ExternRef),
            #[cfg(feature = "exceptions")]
            Some(0x69) => reader.byte().map(|_| ValType::ExnRef),
            Some(0x63..=0x6e | 0x71..=0x74) => Err(ErrorKind::Unsupported),
            Some(_) => Err(ErrorKind::BadReferenceType),
            None => Err(ErrorKind::UnexpectedEnd),
        }
    }
}

/// Minimum and maximum size of a memory (pages) or table (elements).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub min: u32,
    pub max: Option<u32>,
}

impl Limits {
    /// Whether an object of `size` and maximum `max` matches these limits (spec: 3.4.1).
    pub(crate) fn admit(&self, size: u32, max: Option<u32>) -> bool {
        size >= self.min
            && match (self.max, max) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(wanted), Some(given)) => given <= wanted,
            }
    }
}

/// The type of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryType {
    /// In pages.
    pub limits: Limits,
    /// log2 of the page size in bytes: 16, or 0 with custom-page-sizes.
    pub page_shift: u8,
    /// The type of its addresses; i64 with memory64.
    pub index: IndexType,
    /// Whether it is shared.
    pub sharing: Sharing,
}

impl MemoryType {
    pub(crate) fn read(reader: &mut Reader) -> Parsed<MemoryType> {
        let flags = reader.byte()?;
        // Bit 0: a maximum; 1: shared; 2: 64-bit; 3: a page size.
        if flags & !0x0f != 0 {
            return Err(ErrorKind::BadLimits);
        }
        let unsupported = if Sharing::POSSIBLE { 0 } else { SHARED_FLAG };
        if flags & (unsupported | UNSUPPORTED_FLAGS & !SHARED_FLAG) != 0 {
            return Err(ErrorKind::Unsupported);
        }
        let sharing = Sharing::new(flags & SHARED_FLAG != 0);
        #[cfg(feature = "threads")]
        if sharing.is_shared() && flags & 1 == 0 {
            return Err(ErrorKind::SharedWithoutMaximum);
        }
        let index = IndexType::new(flags & INDEX_FLAG != 0);
        if IndexType::WIDE {
            let sizes = Sizes::read(reader, flags & 1 != 0)?;
            let page_shift = MemoryType::read_page_shift(reader, flags)?;
            let most = match (index.is_64(), page_shift) {
                (true, 16) => 1 << 48,
                (true, _) => u64::MAX,
                (false, 16) => 0x1_0000,
                (false, _) => u32::MAX as u64,
            };
            if sizes.exceed(most) {
                return Err(ErrorKind::MemorySize);
            }
            return Ok(MemoryType { limits: sizes.limits()?, page_shift, index, sharing });
        }
        let limits = Limits::read_rest(reader, flags & 1 != 0)?;
        let page_shift = MemoryType::read_page_shift(reader, flags)?;
        let most = if page_shift == 16 { 0x1_0000 } else { u32::MAX };
        if limits.min > most || limits.max.is_some_and(|max| max > most) {
            return Err(ErrorKind::MemorySize);
        }
        limits.check_order()?;
        Ok(MemoryType { limits, page_shift, index, sharing })
    }

    #[cfg_attr(not(feature = "memory64"), inline(always))]
    fn read_page_shift(reader: &mut Reader, flags: u8) -> Parsed<u8> {
        if flags & 0x08 == 0 {
            return Ok(16);
        }
        if !cfg!(feature = "custom-page-sizes") {
            return Err(ErrorKind::SwitchedOff);
        }
        let log2 = reader.u32()?;
        if log2 >= 64 {
            return Err(ErrorKind::BadLimits);
        }
        if log2 != 0 && log2 != 16 {
            return Err(ErrorKind::PageSize);
        }
        Ok(log2 as u8)
    }

    /// The largest number of pages that such a memory can have. A 64-bit memory has a page less
    /// than 4 GiB, so that an address that does not fit into 32 bits is never inside.
    pub(crate) fn most_pages(&self) -> u32 {
        let most = if self.page_shift == 16 { 0x1_0000 } else { u32::MAX };
        let most = if self.index.is_64() { most - 1 } else { most };
        self.limits.max.unwrap_or(most).min(most)
    }

    /// Whether no memory has so many pages: the type declares more than 32 bits count.
    pub(crate) fn is_too_large(&self) -> bool {
        self.index.is_64() && self.limits.min > self.most_pages()
    }
}

/// In the flags of limits: that addresses or indices have 64 bits.
const INDEX_FLAG: u8 = 0x04;
/// In the flags of limits: what is known and not supported.
const UNSUPPORTED_FLAGS: u8 = if IndexType::WIDE { SHARED_FLAG } else { SHARED_FLAG | INDEX_FLAG };
/// In the flags of limits: shared. No table is.
const SHARED_FLAG: u8 = 0x02;

/// Limits as they are written where 64-bit memories and tables exist: in 64 bits for all (spec:
/// 5.3.12).
struct Sizes {
    min: u64,
    max: Option<u64>,
}

impl Sizes {
    fn read(reader: &mut Reader, has_max: bool) -> Parsed<Sizes> {
        let min = reader.u64()?;
        let max = if has_max { Some(reader.u64()?) } else { None };
        Ok(Sizes { min, max })
    }

    fn exceed(&self, most: u64) -> bool {
        self.min > most || self.max.is_some_and(|max| max > most)
    }

    /// The same in 32 bits: a number that does not fit becomes the largest one, which nothing has.
    fn limits(self) -> Parsed<Limits> {
        let narrow = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
        match self.max {
            Some(max) if max < self.min => Err(ErrorKind::LimitsOrder),
            max => Ok(Limits { min: narrow(self.min), max: max.map(narrow) }),
        }
    }
}

impl Limits {
    fn read_rest(reader: &mut Reader, has_max: bool) -> Parsed<Limits> {
        let min = reader.u32()?;
        let max = if has_max { Some(reader.u32()?) } else { None };
        Ok(Limits { min, max })
    }

    fn check_order(&self) -> Parsed<()> {
        match self.max {
            Some(max) if max < self.min => Err(ErrorKind::LimitsOrder),
            _ => Ok(()),
        }
    }
}

/// The type of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableType {
    /// Type of the elements, a reference.
    pub element: ValType,
    /// In elements.
    pub limits: Limits,
    /// The type of its indices; i64 with memory64.
    pub index: IndexType,
}

impl TableType {
    pub(crate) fn read(reader: &mut Reader) -> Parsed<TableType> {
        let element = ValType::read_ref(reader)?;
        let flags = reader.byte()?;
        if flags & !0x07 != 0 {
            return Err(ErrorKind::BadLimits);
        }
        if flags & UNSUPPORTED_FLAGS != 0 {
            return Err(ErrorKind::Unsupported);
        }
        let index = IndexType::new(flags & INDEX_FLAG != 0);
        if IndexType::WIDE {
            let sizes = Sizes::read(reader, flags & 1 != 0)?;
            if !index.is_64() && sizes.exceed(u32::MAX as u64) {
                return Err(ErrorKind::IntegerTooLarge);
            }
            return Ok(TableType { element, limits: sizes.limits()?, index });
        }
        let limits = Limits::read_rest(reader, flags & 1 != 0)?;
        limits.check_order()?;
        Ok(TableType { element, limits, index })
    }
}

/// The type of a global.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalType {
    pub content: ValType,
    pub mutable: bool,
}

impl GlobalType {
    pub(crate) fn read(reader: &mut Reader) -> Parsed<GlobalType> {
        let content = ValType::read(reader)?;
        let mutable = match reader.byte()? {
            0 => false,
            1 => true,
            _ => return Err(ErrorKind::BadMutability),
        };
        Ok(GlobalType { content, mutable })
    }
}

/// The kind of an import or export. The number is its encoding in the binary format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ExternKind {
    Func = 0,
    Table = 1,
    Memory = 2,
    Global = 3,
    #[cfg(feature = "exceptions")]
    Tag = 4,
}

impl ExternKind {
    /// Reads the kind; fails with `kind` for another byte.
    pub(crate) fn read(reader: &mut Reader, kind: ErrorKind) -> Parsed<ExternKind> {
        let at = reader.pos();
        Ok(match reader.byte()? {
            0 => ExternKind::Func,
            1 => ExternKind::Table,
            2 => ExternKind::Memory,
            3 => ExternKind::Global,
            #[cfg(feature = "exceptions")]
            4 => ExternKind::Tag,
            _ => return reader.refuse_at(at, kind),
        })
    }
}
