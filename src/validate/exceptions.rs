//! Validation of exceptions: `throw`, `throw_ref`, `try_table` (spec: 3.3.8).

use super::func::Walk;
use super::visitor::{Block, Catch, Catches, LabelKind, Visitor};
use crate::binary::reader::Parsed;
use crate::binary::types::{Code, ValType};
use crate::error::ErrorKind;
use zonda_exec::op::codes::{THROW, THROW_REF};

/// A clause of no known kind.
pub(super) const BAD_CATCH: ErrorKind = ErrorKind::BadCatch;

const EXN_REF: Code = ValType::ExnRef.code();
/// The type of a reference that a clause brings: it is not null.
#[cfg(not(feature = "function-references"))]
const CAUGHT: Code = EXN_REF;
#[cfg(feature = "function-references")]
const CAUGHT: Code = EXN_REF | crate::binary::references::NON_NULL;

impl<V: Visitor> Walk<'_, '_, '_, V> {
    #[inline(never)]
    pub(super) fn exception(&mut self, opcode: u8) -> Parsed<()> {
        match opcode {
            THROW => {
                let tag = self.site.reader.u32()?;
                let ty = self.site.env.tag(tag)?;
                self.site.stacks.pop_all(self.site.env.params(ty), ty.param_slots as u32)?;
                if self.site.live {
                    self.visitor.visit_throw(&self.site, tag)?;
                }
            }
            THROW_REF => {
                self.site.stacks.pop(EXN_REF)?;
                if self.site.live {
                    self.visitor.visit_throw_ref(&self.site)?;
                }
            }
            _ => return self.try_table(),
        }
        self.site.stacks.set_unreachable();
        Ok(())
    }

    fn try_table(&mut self) -> Parsed<()> {
        let ty = self.block_type()?;
        let count = self.site.reader.count()?;
        let first = self.site.reader.clone();
        for _ in 0..count {
            self.catch()?;
        }
        let params = self.enter_typed(LabelKind::Block, ty)?;
        let block = Block { ty, params };
        self.visitor.visit_try_table(&self.site, block, Catches::new(first, count))
    }

    /// Reads a clause. Its label is one outside of the `try_table`, and takes what the exception
    /// carries.
    fn catch(&mut self) -> Parsed<()> {
        let catch = Catch::read(self.site.reader)?;
        let (params, param_slots) = match catch.tag {
            Some(tag) => {
                let ty = self.site.env.tag(tag)?;
                (self.site.env.params(ty), ty.param_slots as u32)
            }
            None => (&[][..], 0),
        };
        let (kind, ty) = self.site.stacks.label(catch.depth)?;
        let types = &self.site.env.table;
        let fits = self.with_types(ty, kind != LabelKind::Loop, |_, codes, _| {
            Ok(match codes.split_last() {
                Some((&last, before)) if catch.reference => {
                    (last == EXN_REF || types.is_sub(CAUGHT, last))
                        && types.are_subs(params, before)
                }
                _ => !catch.reference && types.are_subs(params, codes),
            })
        })?;
        if !fits {
            return Err(ErrorKind::TypeMismatch);
        }
        let slots = param_slots + catch.reference as u32;
        self.site.stacks.reserve(catch.depth, slots)
    }
}
