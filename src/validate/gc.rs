//! Validation of instructions on structures, arrays and 31-bit integers, and of casts (spec: 3.3.5,
//! 3.3.8; feature `gc`).

use super::func::Walk;
use super::type_table::{Def, Kind, I16, I8, MUTABLE};
use super::visitor::Visitor;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::references::{concrete, heap, heap_of, is_ref, RefType, BOTTOM, NON_NULL};
use crate::binary::types::{Code, ValType};
use crate::error::ErrorKind;
use crate::limits::MAX_FIELDS;
use crate::validate::env::Env;
use zonda_exec::gc::*;
use zonda_exec::op::codes::REF_EQ;

const I32: Code = ValType::I32.code();

/// The type of the value that a field has on the operand stack.
pub(crate) fn unpacked(field: Code) -> Code {
    match field & !MUTABLE {
        I8 | I16 => I32,
        code => code,
    }
}

/// Whether the values of a field are no references.
fn is_number(field: Code) -> bool {
    !is_ref(field & !MUTABLE)
}

fn is_packed(field: Code) -> bool {
    matches!(field & !MUTABLE, I8 | I16)
}

impl Env<'_> {
    /// A structure or array type.
    pub(crate) fn aggregate(&self, index: u32, kind: Kind) -> Parsed<&Def> {
        let def = self.table.table().def(index).ok_or(ErrorKind::UnknownType)?;
        if def.kind == kind {
            Ok(def)
        } else {
            Err(ErrorKind::TypeMismatch)
        }
    }

    /// The fields of a structure, or the one of an array.
    pub(crate) fn fields(&self, index: u32, kind: Kind) -> Parsed<&[Code]> {
        Ok(self.table.table().lists(self.aggregate(index, kind)?).0)
    }

    /// The field of the elements of an array.
    pub(crate) fn element_field(&self, index: u32) -> Parsed<Code> {
        self.fields(index, Kind::Array)?.first().copied().ok_or(ErrorKind::UnknownField)
    }
}

/// Reads the types of a cast that branches: that of the operand, and that of the result.
pub(crate) fn cast_types(reader: &mut Reader, flags: u8) -> Parsed<(Code, Code)> {
    let from = RefType::read_heap(reader, flags & 1 != 0)?.code();
    let to = RefType::read_heap(reader, flags & 2 != 0)?.code();
    Ok((from, to))
}

impl<V: Visitor> Walk<'_, '_, '_, V> {
    fn pop3(&mut self) -> Parsed<()> {
        for _ in 0..3 {
            self.site.stacks.pop(I32)?;
        }
        Ok(())
    }

    pub(super) fn ref_eq(&mut self) -> Parsed<()> {
        self.site.stacks.pop(heap::EQ)?;
        self.site.stacks.pop(heap::EQ)?;
        self.site.stacks.push(I32)?;
        self.object(REF_EQ as u16, [0; 2])
    }

    /// Pops values for fields, which may be many where code cannot be reached.
    fn pop_fields(&mut self, fields: &[Code]) -> Parsed<()> {
        for &field in fields.iter().rev() {
            if self.site.stacks.is_bare() {
                break;
            }
            self.site.stacks.pop(unpacked(field))?;
        }
        Ok(())
    }

    /// Pops a value of a type so many times.
    fn pop_times(&mut self, code: Code, count: u32) -> Parsed<()> {
        for _ in 0..count {
            if self.site.stacks.is_bare() {
                break;
            }
            self.site.stacks.pop(code)?;
        }
        Ok(())
    }

    /// The field that can be changed, else an error.
    fn mutable(field: Code) -> Parsed<Code> {
        if field & MUTABLE == 0 {
            return Err(ErrorKind::FieldAccess);
        }
        Ok(field)
    }

    /// Checks the kind of an access: packed fields are read with a sign or without one.
    fn readable(field: Code, plain: bool) -> Parsed<Code> {
        if is_packed(field) == plain {
            return Err(ErrorKind::FieldAccess);
        }
        Ok(unpacked(field))
    }

    /// An instruction behind the prefix 0xFB.
    #[inline(never)]
    pub(super) fn gc(&mut self) -> Parsed<()> {
        let at = self.site.reader.pos() - 1;
        let code = self.site.reader.u32()?;
        let env = self.site.env;
        let non_null = |index: u32| concrete(index) | NON_NULL;
        match code {
            STRUCT_NEW | STRUCT_NEW_DEFAULT => {
                let index = self.site.reader.u32()?;
                let def = *env.aggregate(index, Kind::Struct)?;
                if code == STRUCT_NEW {
                    self.pop_fields(env.table.table().lists(&def).0)?;
                } else if !def.is_defaultable {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.site.stacks.push(non_null(index))?;
            }
            STRUCT_GET | STRUCT_GET_S | STRUCT_GET_U | STRUCT_SET => {
                let index = self.site.reader.u32()?;
                let fields = env.fields(index, Kind::Struct)?;
                let field = self.site.reader.u32()?;
                let field = *fields.get(field as usize).ok_or(ErrorKind::UnknownField)?;
                if code == STRUCT_SET {
                    self.site.stacks.pop(unpacked(Self::mutable(field)?))?;
                    self.site.stacks.pop(concrete(index))?;
                } else {
                    let ty = Self::readable(field, code == STRUCT_GET)?;
                    self.site.stacks.pop(concrete(index))?;
                    self.site.stacks.push(ty)?;
                }
            }
            ARRAY_NEW | ARRAY_NEW_DEFAULT => {
                let index = self.site.reader.u32()?;
                let field = env.element_field(index)?;
                self.site.stacks.pop(I32)?;
                if code == ARRAY_NEW {
                    self.site.stacks.pop(unpacked(field))?;
                } else if !env.aggregate(index, Kind::Array)?.is_defaultable {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.site.stacks.push(non_null(index))?;
            }
            ARRAY_NEW_FIXED => {
                let index = self.site.reader.u32()?;
                let field = env.element_field(index)?;
                let count = self.site.reader.u32()?;
                if count > MAX_FIELDS {
                    return Err(ErrorKind::TooLarge);
                }
                self.pop_times(unpacked(field), count)?;
                self.site.stacks.push(non_null(index))?;
            }
            ARRAY_NEW_DATA | ARRAY_NEW_ELEM | ARRAY_INIT_DATA | ARRAY_INIT_ELEM => {
                let index = self.site.reader.u32()?;
                let mut field = env.element_field(index)?;
                let segment = self.site.reader.u32()?;
                let is_new = matches!(code, ARRAY_NEW_DATA | ARRAY_NEW_ELEM);
                if !is_new {
                    field = Self::mutable(field)?;
                }
                if matches!(code, ARRAY_NEW_DATA | ARRAY_INIT_DATA) {
                    self.data(segment)?;
                    if !is_number(field) {
                        return Err(ErrorKind::FieldAccess);
                    }
                } else {
                    let from = env.element(segment)?.code();
                    if !env.table.table().is_sub(from, field & !MUTABLE) {
                        return Err(ErrorKind::TypeMismatch);
                    }
                }
                if is_new {
                    self.site.stacks.pop(I32)?;
                    self.site.stacks.pop(I32)?;
                    self.site.stacks.push(non_null(index))?;
                } else {
                    self.pop3()?;
                    self.site.stacks.pop(concrete(index))?;
                }
            }
            ARRAY_GET | ARRAY_GET_S | ARRAY_GET_U | ARRAY_SET => {
                let index = self.site.reader.u32()?;
                let field = env.element_field(index)?;
                if code == ARRAY_SET {
                    self.site.stacks.pop(unpacked(Self::mutable(field)?))?;
                }
                self.site.stacks.pop(I32)?;
                self.site.stacks.pop(concrete(index))?;
                if code != ARRAY_SET {
                    self.site.stacks.push(Self::readable(field, code == ARRAY_GET)?)?;
                }
            }
            ARRAY_LEN => {
                self.site.stacks.pop(heap::ARRAY)?;
                self.site.stacks.push(I32)?;
            }
            ARRAY_FILL => {
                let index = self.site.reader.u32()?;
                let field = Self::mutable(env.element_field(index)?)?;
                self.site.stacks.pop(I32)?;
                self.site.stacks.pop(unpacked(field))?;
                self.site.stacks.pop(I32)?;
                self.site.stacks.pop(concrete(index))?;
            }
            ARRAY_COPY => {
                let to = self.site.reader.u32()?;
                let from = self.site.reader.u32()?;
                let to_field = Self::mutable(env.element_field(to)?)?;
                let from_field = env.element_field(from)?;
                if !env.table.table().is_sub(from_field & !MUTABLE, to_field & !MUTABLE) {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.site.stacks.pop(I32)?;
                self.site.stacks.pop(I32)?;
                self.site.stacks.pop(concrete(from))?;
                self.site.stacks.pop(I32)?;
                self.site.stacks.pop(concrete(to))?;
            }
            REF_TEST | REF_TEST_NULL | REF_CAST | REF_CAST_NULL => {
                let nullable = matches!(code, REF_TEST_NULL | REF_CAST_NULL);
                let to = RefType::read_heap(self.site.reader, nullable)?.code();
                let from = self.pop_reference()?;
                // The operand is of the same hierarchy.
                if heap_of(from) != BOTTOM
                    && env.table.table().top(heap_of(from)) != env.table.table().top(heap_of(to))
                {
                    return Err(ErrorKind::TypeMismatch);
                }
                let is_test = matches!(code, REF_TEST | REF_TEST_NULL);
                self.site.stacks.push(if is_test { I32 } else { to })?;
            }
            BR_ON_CAST | BR_ON_CAST_FAIL => return self.branch_on_cast(code),
            ANY_CONVERT_EXTERN | EXTERN_CONVERT_ANY => {
                let (from, to) = match code {
                    ANY_CONVERT_EXTERN => (heap::EXTERN, heap::ANY),
                    _ => (heap::ANY, heap::EXTERN),
                };
                let ty = self.pop_reference()?;
                if !env.table.table().is_sub(ty, from) {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.site.stacks.push(to | ty & NON_NULL)?;
            }
            REF_I31 => {
                self.site.stacks.pop(I32)?;
                self.site.stacks.push(heap::I31 | NON_NULL)?;
            }
            I31_GET_S | I31_GET_U => {
                self.site.stacks.pop(heap::I31)?;
                self.site.stacks.push(I32)?;
            }
            // Custom descriptors.
            32..=38 => return self.site.reader.refuse_at(at, ErrorKind::Unsupported),
            _ => return self.site.reader.refuse_at(at, ErrorKind::UnknownOperation),
        }
        if self.site.live {
            self.visitor.visit_gc(&self.site, code)?;
        }
        Ok(())
    }

    fn branch_on_cast(&mut self, code: u32) -> Parsed<()> {
        let at = self.site.reader.pos();
        let flags = self.site.reader.byte()?;
        if flags > 3 {
            return self.site.reader.refuse_at(at, ErrorKind::BadCast);
        }
        // The label stands before the types.
        let before = self.site.reader.clone();
        self.site.reader.u32()?;
        let (from, to) = cast_types(self.site.reader, flags)?;
        let after = core::mem::replace(self.site.reader, before);
        if !self.site.env.table.table().is_sub(to, from) {
            return Err(ErrorKind::TypeMismatch);
        }
        let other = if to & NON_NULL == 0 { from | NON_NULL } else { from };
        let (taken, stays) = if code == BR_ON_CAST { (to, other) } else { (other, to) };
        self.site.stacks.pop(from)?;
        let (label, types) = self.branch_with(taken)?;
        *self.site.reader = after;
        if self.site.live {
            self.visitor.visit_br_on_cast(&self.site, label)?;
        }
        self.push_label(types)?;
        self.site.stacks.pop_any()?;
        self.site.stacks.push(stays)
    }
}
