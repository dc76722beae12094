//! Validation of instructions on references whose types say what they refer to: calls, and tests
//! for null (spec: 3.3.1, 3.3.8; feature `function-references`).

use super::func::Walk;
use super::stacks::UNKNOWN;
use super::visitor::{LabelKind, RefFunc, Visitor};
use crate::binary::reader::Parsed;
use crate::binary::references::{concrete, is_ref, BOTTOM, NON_NULL};
use crate::binary::types::Code;
use crate::error::ErrorKind;
use crate::validate::env::Env;
use zonda_exec::op::codes::*;

impl<'w, V: Visitor> Walk<'w, '_, '_, V> {
    /// Pops a reference of any type.
    pub(super) fn pop_reference(&mut self) -> Parsed<Code> {
        match self.site.stacks.pop_any()? as Code {
            UNKNOWN => Ok(BOTTOM),
            code if is_ref(code) => Ok(code),
            _ => Err(ErrorKind::TypeMismatch),
        }
    }

    /// An instruction of 0x14, 0x15, 0xd4 to 0xd6.
    #[inline(never)]
    pub(super) fn typed_reference(&mut self, opcode: u8) -> Parsed<()> {
        match opcode {
            CALL_REF | RETURN_CALL_REF => {
                let index = self.site.reader.u32()?;
                let env: &'w Env = self.site.env;
                let ty = env.ty(index)?;
                self.site.stacks.pop(concrete(index))?;
                let callee = RefFunc { params: ty.param_slots as u32 };
                if opcode == CALL_REF {
                    self.call(ty)?;
                    if self.site.live {
                        self.visitor.visit_call_ref(&self.site, callee)?;
                    }
                } else {
                    self.tail_call(ty)?;
                    if self.site.live {
                        self.visitor.visit_return_call_ref(&self.site, callee)?;
                    }
                    self.site.stacks.set_unreachable();
                }
            }
            REF_AS_NON_NULL => {
                let ty = self.pop_reference()?;
                self.site.stacks.push(ty | NON_NULL)?;
                self.object(opcode as u16, [0; 2])?;
            }
            BR_ON_NULL => {
                let ty = self.pop_reference()?;
                let (label, types) = self.branch()?;
                if self.site.live {
                    self.visitor.visit_br_on_null(&self.site, label)?;
                }
                self.push_label(types)?;
                self.site.stacks.push(ty | NON_NULL)?;
            }
            _ => {
                let ty = self.pop_reference()?;
                let label = self.branch_with(ty | NON_NULL)?;
                if self.site.live {
                    self.visitor.visit_br_on_non_null(&self.site, label.0)?;
                }
                self.push_label(label.1)?;
                self.site.stacks.pop_any()?;
            }
        }
        Ok(())
    }

    /// Reads the label of a branch that carries a reference of this type, which is not on the
    /// stack, above its other operands, which are. Pops them.
    pub(super) fn branch_with(&mut self, ty: Code) -> Parsed<super::func::Branch> {
        self.site.stacks.push(ty)?;
        let (label, types) = self.branch()?;
        let (kind, block) = types;
        let count =
            self.with_types(block, kind != LabelKind::Loop, |_, codes, _| Ok(codes.len()))?;
        if count == 0 {
            return Err(ErrorKind::TypeMismatch);
        }
        Ok((label, types))
    }
}
