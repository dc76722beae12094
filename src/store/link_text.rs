//! The texts of link errors: names and types, written without `core::fmt`, which would cost more
//! flash.

use crate::alloc::{OutOfMemory, TryArc, TryVec};
use crate::binary::types::{IndexType, Limits, ValType};
use crate::error::LinkText;
use crate::module::ExternType;

type Written = Result<(), OutOfMemory>;

/// Whether link errors have texts.
const TEXTS: bool = cfg!(feature = "error-text");

/// The texts for an import, if there is memory for them.
#[cold]
#[inline(never)]
pub(super) fn link_text(
    module: &str,
    name: &str,
    expected: Option<ExternType>,
    found: Option<ExternType>,
) -> Option<TryArc<LinkText>> {
    if !TEXTS {
        return None;
    }
    let mut text = LinkText::new(module, name).ok()?;
    for (text, ty) in [(&mut text.expected, expected), (&mut text.found, found)] {
        if let Some(ty) = ty {
            describe(text, ty).ok()?;
        }
    }
    TryArc::new(text).ok()
}

/// Appends the text of a type.
fn describe(text: &mut TryVec<u8>, ty: ExternType) -> Written {
    match ty {
        ExternType::Func(ty) => {
            text.append(b"func (")?;
            values(text, ty.params())?;
            text.append(b") -> (")?;
            values(text, ty.results())?;
            text.append(b")")
        }
        ExternType::Table(ty) => {
            text.append(b"table ")?;
            limits(text, ty.limits, ty.index)?;
            text.append(b" ")?;
            text.append(ty.element.name().as_bytes())
        }
        ExternType::Memory(ty) => {
            text.append(if ty.sharing.is_shared() { b"shared memory " } else { b"memory " })?;
            limits(text, ty.limits, ty.index)?;
            text.append(if ty.page_shift == 0 { b" bytes" } else { b" pages" })
        }
        ExternType::Global(ty) => {
            text.append(if ty.mutable { b"mutable global " } else { b"global " })?;
            text.append(ty.content.name().as_bytes())
        }
        #[cfg(feature = "exceptions")]
        ExternType::Tag(ty) => {
            text.append(b"tag (")?;
            values(text, ty.params())?;
            text.append(b")")
        }
    }
}

fn values(text: &mut TryVec<u8>, types: impl Iterator<Item = ValType>) -> Written {
    for (index, ty) in types.enumerate() {
        if index != 0 {
            text.append(b", ")?;
        }
        text.append(ty.name().as_bytes())?;
    }
    Ok(())
}

fn limits(text: &mut TryVec<u8>, limits: Limits, index: IndexType) -> Written {
    if index.is_64() {
        text.append(b"i64 ")?;
    }
    number(text, limits.min)?;
    match limits.max {
        Some(max) => {
            text.append(b"..=")?;
            number(text, max)
        }
        None => text.append(b".."),
    }
}

fn number(text: &mut TryVec<u8>, number: u32) -> Written {
    let mut digits = [0; 10];
    let mut left = number;
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
        start -= 1;
        if left == 0 {
            break;
        }
    }
    text.append(digits.get(start..).unwrap_or(&[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::types::{GlobalType, MemoryType, Sharing, TableType};
    use crate::module::FuncType;

    fn is(ty: ExternType, expected: &str) {
        let mut text = TryVec::new();
        describe(&mut text, ty).unwrap();
        assert_eq!(core::str::from_utf8(&text), Ok(expected));
    }

    #[test]
    fn types_are_written_as_people_write_them() {
        use ValType::*;
        let (params, results) =
            ([I32.code(), I64.code(), F32.code(), F64.code()], [FuncRef.code(), ExternRef.code()]);
        let ty = FuncType::from_codes(&params, &results);
        is(ExternType::Func(ty), "func (i32, i64, f32, f64) -> (funcref, externref)");
        is(ExternType::Func(FuncType::from_codes(&[], &[])), "func () -> ()");
        let limits = Limits { min: 0, max: Some(u32::MAX) };
        let ty = TableType { element: FuncRef, limits, index: IndexType::I32 };
        is(ExternType::Table(ty), "table 0..=4294967295 funcref");
        let limits = Limits { min: 10, max: None };
        let ty = MemoryType {
            limits,
            page_shift: 16,
            index: IndexType::I32,
            sharing: Sharing::Unshared,
        };
        is(ExternType::Memory(ty), "memory 10.. pages");
        is(ExternType::Memory(MemoryType { page_shift: 0, ..ty }), "memory 10.. bytes");
        let ty = GlobalType { content: I64, mutable: true };
        is(ExternType::Global(ty), "mutable global i64");
        is(ExternType::Global(GlobalType { mutable: false, ..ty }), "global i64");
    }
}
