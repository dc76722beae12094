//! Validation of atomic instructions (the proposal threads; feature `threads`).

use super::func::{code, index_code, Walk};
use super::visitor::Visitor;
use crate::binary::reader::Parsed;
use crate::error::ErrorKind;
use zonda_exec::atomic::{Kind, Row};
use zonda_exec::op::NumType;

impl<V: Visitor> Walk<'_, '_, '_, V> {
    /// An instruction behind the prefix 0xFE.
    #[inline(never)]
    pub(super) fn atomic(&mut self) -> Parsed<()> {
        let at = self.site.reader.pos() - 1;
        let opcode = self.site.reader.u32()?;
        let Some(row) = Row::of(opcode) else {
            return self.site.reader.refuse_at(at, ErrorKind::UnknownOperation);
        };
        let mut memarg = None;
        if row.kind == Kind::Fence {
            if self.site.reader.byte()? != 0 {
                return Err(ErrorKind::ZeroByte);
            }
        } else {
            let exactly = self.site.reader.peek().map(|flags| u32::from(flags) & 0x3f);
            let read = self.memarg(row.log2_width)?;
            if exactly != Some(row.log2_width) {
                return Err(ErrorKind::AtomicAlignment);
            }
            let value = code(if row.is_wide { NumType::I64 } else { NumType::I32 });
            let (mut left, wait) = (row.operands(), row.kind == Kind::Wait);
            if wait {
                self.site.stacks.pop(code(NumType::I64))?;
                left -= 2;
            }
            while left != 0 {
                self.site.stacks.pop(value)?;
                left -= 1 + row.is_wide as u32;
            }
            self.site.stacks.pop(index_code(read.index))?;
            match row.results() {
                0 => {}
                _ if wait => self.site.stacks.push(code(NumType::I32))?,
                _ => self.site.stacks.push(value)?,
            }
            memarg = Some(read);
        }
        if self.site.live {
            self.visitor.visit_atomic(&self.site, opcode, memarg)?;
        }
        Ok(())
    }
}
