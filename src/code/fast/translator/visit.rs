//! The translator as a visitor: what becomes of each WebAssembly instruction.

use super::calls::index_slots;
use super::conditions::Decided;
use super::{Label, Translator, Value, ROOM};
use crate::binary::reader::Parsed;
use crate::code::fast::emit::{NONE, SCRATCH};
use crate::code::handlers::Catching;
use crate::error::ErrorKind;
use crate::validate::locals::Locals;
#[cfg(feature = "exceptions")]
use crate::validate::visitor::Catches;
#[cfg(feature = "function-references")]
use crate::validate::visitor::RefFunc;
#[cfg(feature = "simd")]
use crate::validate::visitor::Row;
use crate::validate::visitor::{
    Block, BrTable, Func, Global, IndirectFunc, Label as Target, LabelKind, Local, MemArg, Site,
    Visitor,
};
use crate::ValType;
use zonda_exec::fast::RegOp;
use zonda_exec::op::codes::*;

impl Translator<'_> {
    fn enter(&mut self, site: &Site, kind: LabelKind, params: u32) -> Parsed<()> {
        let mut label = Label {
            kind,
            live: site.live(),
            height: 0,
            params,
            start: 0,
            chain: NONE,
            condition: NONE,
            moves: (0, 0),
            catching: Catching::NONE,
        };
        if label.live {
            if kind == LabelKind::If {
                let mut condition = self.condition();
                self.spill_all()?;
                condition = condition.opposite();
                let chain = self.take_otherwise();
                label.condition = self.jump_if(&mut condition, None, chain)?;
                self.arrive()?;
            } else {
                self.spill_all()?;
            }
            if kind == LabelKind::Loop {
                // Control enters the loop behind the instruction with which each iteration begins.
                self.emit.op(RegOp::Skip, 0, 0)?;
                label.start = self.emit.here();
                self.emit.op(RegOp::Meter, 0, 0)?;
                self.emit.forget();
            }
            label.height = self.height.saturating_sub(params);
            self.reset(self.height);
        }
        Ok(self.labels.push(label)?)
    }

    /// Writes the return of what handlers have brought to the label of the function.
    fn return_caught(&mut self, catching: Catching, results: u32) -> Parsed<()> {
        if !catching.is_some() {
            return Ok(());
        }
        self.emit.forget();
        self.handlers.resolve(catching, self.emit.here(), 0);
        self.reset(results);
        self.return_values(results)
    }

    /// Branches and handlers lead here, behind a block with so many slots of results.
    pub(super) fn leave(&mut self, label: &Label, results: u32) -> Parsed<()> {
        self.emit.resolve(label.chain)?;
        self.emit.resolve(label.condition)?;
        if label.catching.is_some() {
            self.emit.forget();
            self.handlers.resolve(label.catching, self.emit.here(), 0);
        }
        self.reset(label.height + results);
        Ok(())
    }

    /// Finds the label of a branch, and reserves code for the branch.
    #[inline(never)]
    fn target(&mut self, target: Target) -> Parsed<(usize, Label)> {
        self.emit.code.make_room(ROOM)?;
        let index = self.labels.len().wrapping_sub(1 + target.depth as usize);
        match self.labels.get(index) {
            Some(&label) => Ok((index, label)),
            // Not reached: the validator has found the label.
            None => Err(ErrorKind::UnknownLabel),
        }
    }
}

impl Visitor for Translator<'_> {
    fn begin(&mut self, _: usize, locals: &Locals) -> Parsed<()> {
        if self.handlers.begin(self.emit.too_small, locals.slots()) {
            // The same function again, as a large one, or with more slots behind the locals.
            self.emit.large |= self.emit.too_small;
            self.emit.too_small = false;
            self.emit.code.truncate(self.start as usize);
            self.positions.forget_from(self.start);
        } else {
            self.emit.large = false;
        }
        self.locals = locals.slots() + self.handlers.reserved();
        self.start = self.emit.here();
        self.reset(0);
        self.labels.truncate(0);
        self.stubs.truncate(0);
        self.emit.begin();
        self.decided = Decided::NOTHING;
        if let Some(func) = self.funcs.get_mut(self.next) {
            func.code = self.start;
            func.layout.locals = self.locals as u16;
            self.results = func.layout.results as u32;
        }
        if self.emit.large {
            let bias = i16::try_from(self.bias()).map_err(|_| ErrorKind::FrameTooLarge)?;
            self.emit.op(RegOp::Frame, bias as u16 as u32, 2)?;
        }
        let (kind, live, chain, condition) = (LabelKind::Func, true, NONE, NONE);
        let label = Label {
            kind,
            live,
            height: 0,
            params: 0,
            start: 0,
            chain,
            condition,
            moves: (0, 0),
            catching: Catching::NONE,
        };
        Ok(self.labels.push(label)?)
    }

    fn finish(&mut self, _: usize, operands: u32) -> Parsed<()> {
        if self.handlers.is_short() {
            return Err(ErrorKind::Repeat);
        }
        let scratch = if self.emit.large { SCRATCH as u32 } else { 0 };
        let overhead = self.overhead;
        if let Some(func) = self.funcs.get_mut(self.next) {
            // One more slot, which an instruction without a result may read.
            let locals = (func.layout.locals - func.layout.params) as u32;
            func.layout.frame = locals + overhead + scratch + operands + 1;
        }
        if !self.emit.large && self.locals + overhead + operands > 255 {
            // A one-byte operand cannot name all slots.
            return self.emit.refuse();
        }
        self.next += 1;
        Ok(())
    }

    fn instruction(&mut self, pos: usize, opcode: u8) -> Parsed<()> {
        self.note(pos)?;
        // A comparison waits for the instruction that takes it.
        if self.comparison.is_some()
            && !matches!(opcode, I32_EQZ | SELECT | SELECT_TYPED | NOP | IF | BR_IF)
        {
            let pos = pos.saturating_sub(1);
            match opcode {
                LOCAL_GET | I32_CONST if self.decide(pos, false)? => return Ok(()),
                I32_OR if !self.changes_nothing(opcode) => {
                    self.decide(pos, true)?;
                }
                _ => {}
            }
            if self.changes_nothing(opcode) {
                return Ok(());
            }
            return self.write_comparison();
        }
        Ok(())
    }

    fn visit_unreachable(&mut self, _: &Site) -> Parsed<()> {
        self.emit.op(RegOp::Unreachable, 0, 0)
    }

    fn visit_block(&mut self, site: &Site, block: Block) -> Parsed<()> {
        self.enter(site, LabelKind::Block, block.params)
    }

    fn visit_loop(&mut self, site: &Site, block: Block) -> Parsed<()> {
        self.enter(site, LabelKind::Loop, block.params)
    }

    fn visit_if(&mut self, site: &Site, block: Block) -> Parsed<()> {
        self.enter(site, LabelKind::If, block.params)
    }

    #[cfg(feature = "exceptions")]
    fn visit_try_table(&mut self, site: &Site, block: Block, catches: Catches) -> Parsed<()> {
        if site.live() {
            self.try_table(catches)?;
        }
        self.enter(site, LabelKind::Block, block.params)
    }

    #[cfg(feature = "exceptions")]
    fn visit_throw(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.throw(site, THROW)
    }

    #[cfg(feature = "exceptions")]
    fn visit_throw_ref(&mut self, site: &Site) -> Parsed<()> {
        self.throw(site, THROW_REF)
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_try(&mut self, site: &Site, block: Block) -> Parsed<()> {
        if site.live() {
            self.enter_try()?;
        }
        self.enter(site, LabelKind::Try, block.params)
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_catch(&mut self, site: &Site, tag: u32, params: u32) -> Parsed<()> {
        self.clause(site, Some(tag), params)
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_catch_all(&mut self, site: &Site) -> Parsed<()> {
        self.clause(site, None, 0)
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_delegate(&mut self, site: &Site, depth: u32, results: u32) -> Parsed<()> {
        self.delegate(site, depth, results)
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_rethrow(&mut self, _: &Site, depth: u32) -> Parsed<()> {
        self.rethrow(depth)
    }

    fn visit_else(&mut self, site: &Site) -> Parsed<()> {
        let Some(&label) = self.labels.last() else { return Ok(()) };
        if !label.live {
            return Ok(());
        }
        let index = self.labels.len() - 1;
        if site.live() {
            self.flush_comparison()?;
            self.spill_all()?;
            self.go_to(index)?;
        }
        self.emit.resolve(label.condition)?;
        self.emit.forget();
        self.reset(label.height + label.params);
        if let Some(label) = self.labels.get_mut(index) {
            label.kind = LabelKind::Else;
            label.condition = NONE;
        }
        Ok(())
    }

    fn visit_end(&mut self, site: &Site, results: u32) -> Parsed<()> {
        let Some(label) = self.labels.pop() else { return Ok(()) };
        if !label.live {
            return Ok(());
        }
        if site.live() {
            if label.kind == LabelKind::Func {
                self.return_values(results)?;
                return self.return_caught(label.catching, results);
            }
            self.spill_all()?;
        }
        if label.kind == LabelKind::Func {
            return self.return_caught(label.catching, results);
        }
        if self.handlers.close(self.labels.len(), self.emit.here()) {
            self.emit.forget();
        }
        self.leave(&label, results)
    }

    fn visit_br(&mut self, _: &Site, target: Target) -> Parsed<()> {
        let (index, label) = self.target(target)?;
        self.br(index, &label, target.arity)
    }

    fn visit_br_if(&mut self, _: &Site, target: Target) -> Parsed<()> {
        let (index, label) = self.target(target)?;
        self.br_if(index, &label, target.arity)?;
        self.arrive()
    }

    fn visit_br_table(&mut self, _: &Site, targets: BrTable) -> Parsed<()> {
        self.br_table(targets.count)?;
        for target in targets.labels() {
            let (index, _) = self.target(target)?;
            self.table_target(index, target.depth, target.arity)?;
        }
        Ok(())
    }

    fn visit_return(&mut self, _: &Site, results: u32) -> Parsed<()> {
        self.return_values(results)
    }

    fn visit_call(&mut self, site: &Site, callee: Func) -> Parsed<()> {
        self.call(callee.index, callee.params, site.height())
    }

    fn visit_call_indirect(&mut self, site: &Site, callee: IndirectFunc) -> Parsed<()> {
        self.call_indirect(site, callee)
    }

    #[cfg(feature = "function-references")]
    fn visit_call_ref(&mut self, site: &Site, callee: RefFunc) -> Parsed<()> {
        self.call_ref(site, callee)
    }

    #[cfg(feature = "function-references")]
    fn visit_return_call_ref(&mut self, site: &Site, callee: RefFunc) -> Parsed<()> {
        // The callee may be a host function.
        self.tail_call(site, RETURN_CALL_REF, Some(callee.params + 1))
    }

    #[cfg(feature = "function-references")]
    fn visit_br_on_null(&mut self, _: &Site, target: Target) -> Parsed<()> {
        let (index, label) = self.target(target)?;
        self.br_on_null(index, &label, target.arity)
    }

    #[cfg(feature = "function-references")]
    fn visit_br_on_non_null(&mut self, _: &Site, target: Target) -> Parsed<()> {
        let (index, label) = self.target(target)?;
        self.br_on_non_null(index, &label, target.arity)
    }

    #[cfg(feature = "threads")]
    fn visit_atomic(&mut self, site: &Site, _: u32, _: Option<MemArg>) -> Parsed<()> {
        self.runtime_instr(site, zonda_exec::atomic::CODE)
    }

    #[cfg(feature = "gc")]
    fn visit_gc(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.runtime_instr(site, (GC_PREFIX as u16) << 8)
    }

    #[cfg(feature = "gc")]
    fn visit_br_on_cast(&mut self, site: &Site, target: Target) -> Parsed<()> {
        let (index, label) = self.target(target)?;
        self.br_on_cast(site, index, &label, target.arity)
    }

    fn visit_return_call(&mut self, site: &Site, callee: Func) -> Parsed<()> {
        let is_import = callee.index < self.imported;
        self.tail_call(site, RETURN_CALL, is_import.then_some(callee.params))
    }

    fn visit_return_call_indirect(&mut self, site: &Site, callee: IndirectFunc) -> Parsed<()> {
        // The table's element may be a host function.
        self.tail_call(site, RETURN_CALL_INDIRECT, Some(callee.params + index_slots(callee.index)))
    }

    fn visit_drop(&mut self, _: &Site, slots: u32) -> Parsed<()> {
        for _ in 0..slots {
            self.pop();
        }
        Ok(())
    }

    fn visit_select(&mut self, _: &Site, slots: u32) -> Parsed<()> {
        self.select(slots)
    }

    fn visit_select_typed(&mut self, _: &Site, slots: u32) -> Parsed<()> {
        self.select(slots)
    }

    fn visit_local(&mut self, _: &Site, opcode: u8, local: Local) -> Parsed<()> {
        match opcode {
            LOCAL_GET => self.local_get(local.slot, local.slots()),
            _ => self.local_set(local.slot, local.slots(), opcode == LOCAL_TEE),
        }
    }

    fn visit_global(&mut self, _: &Site, opcode: u8, global: Global) -> Parsed<()> {
        self.global(opcode == GLOBAL_GET, global.index, global.slots())
    }

    fn visit_const(&mut self, _: &Site, opcode: u8, bits: u64) -> Parsed<()> {
        self.push(Value::Constant(bits as u32))?;
        match opcode {
            I64_CONST | F64_CONST => self.push(Value::Constant((bits >> 32) as u32)),
            _ => Ok(()),
        }
    }

    fn visit_ref_null(&mut self, _: &Site, _: ValType) -> Parsed<()> {
        self.push(Value::Constant(0))
    }

    fn visit_numeric(&mut self, _: &Site, opcode: u16) -> Parsed<()> {
        match opcode as u8 {
            short @ I32_ADD..=I32_ROTR if opcode <= 0xff => self.binary(short),
            _ => self.numeric(opcode),
        }
    }

    #[cfg(feature = "simd")]
    fn visit_vector(
        &mut self,
        site: &Site,
        code: u32,
        row: Row,
        memarg: Option<MemArg>,
    ) -> Parsed<()> {
        self.vector(site, code, row, memarg)
    }

    fn visit_load(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
        self.load(site, opcode, memarg)
    }

    fn visit_store(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
        self.store(site, opcode, memarg)
    }

    fn visit_object(&mut self, site: &Site, opcode: u16, _: [u32; 2]) -> Parsed<()> {
        self.runtime_instr(site, opcode)
    }
}
