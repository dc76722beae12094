//! References: in tables, globals, locals, calls, and seen by the host.

use super::super::ast::{op, Instr, Ty};
use super::body::{Body, Value};
use super::scope::TableInfo;

impl Body<'_> {
    fn table_of(&mut self, ty: Ty) -> Option<(u32, TableInfo)> {
        let fitting: Vec<u32> = (0..self.scope.tables.len() as u32)
            .filter(|&index| self.scope.tables[index as usize].ty == ty)
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let index = *self.rng.pick(&fitting);
        Some((index, self.scope.tables[index as usize].clone()))
    }

    /// Pushes an element from a constant place. False when there is no such table.
    pub(super) fn table_get_constant(&mut self, ty: Ty) -> bool {
        let Some((table, info)) = self.table_of(ty) else { return false };
        let at = self.rng.below(info.size);
        self.emit(Instr::I32(at as i32));
        self.emit(Instr::TableGet(table));
        self.pushed(ty, true);
        let func = info.regions.iter().find(|region| at.wrapping_sub(region.base) <= region.mask);
        if let Some(value) = self.stack.last_mut() {
            value.func = func.map(|region| region.ty);
        }
        true
    }

    /// Takes the topmost reference to where it is observed.
    pub(super) fn sink_reference(&mut self, value: Value) {
        match self.rng.below(8) {
            0..=3 if self.table_set_top(value) => return,
            4 => {
                if let Some(global) =
                    self.scope.find_global(self.rng, |global| global.ty == value.ty && global.free)
                {
                    return self.global_set(global);
                }
            }
            5 if self.trace_top() => return,
            6 if self.set_local(None, false) => return,
            _ => {}
        }
        self.take(1);
        self.emit(Instr::Op(op::REF_IS_NULL));
        self.pushed(Ty::I32, true);
        if self.rng.chance(1, 2) {
            self.sink();
        }
    }

    /// Puts the topmost reference into a table.
    fn table_set_top(&mut self, value: Value) -> bool {
        let Some((table, info)) = self.table_of(value.ty) else { return false };
        // Among functions of its type, or where any may lie.
        let region = info.regions.iter().find(|region| Some(region.ty) == value.func);
        let (base, len) = match region {
            Some(region) if self.rng.chance(1, 2) => (region.base, region.mask + 1),
            _ => (info.free, info.size - info.free),
        };
        if len == 0 {
            return false;
        }
        let local = self.add_local_for(value);
        self.take(1);
        self.emit(Instr::LocalSet(local));
        let at = base + self.rng.below(len);
        self.emit(Instr::I32(at as i32));
        self.emit(Instr::LocalGet(local));
        self.emit(Instr::TableSet(table));
        true
    }

    fn add_local_for(&mut self, value: Value) -> u32 {
        if self.rng.chance(1, 6) {
            self.add_local(value.ty, true)
        } else {
            self.scratch(value.ty, true)
        }
    }

    /// Something with references.
    pub(super) fn reference(&mut self) {
        let ty = if self.rng.chance(2, 3) { Ty::Func } else { Ty::Extern };
        match self.rng.below(6) {
            0 => {
                self.push_value(ty);
            }
            1 => {
                self.want(&[ty]);
                self.take(1);
                self.emit(Instr::Op(op::REF_IS_NULL));
                self.pushed(Ty::I32, true);
            }
            2 if self.callback() => {}
            3 => {
                // An element that is found by a computed index.
                let Some((table, info)) = self.table_of(ty) else { return };
                let Some(bits) = info.size.checked_ilog2() else { return };
                self.want(&[Ty::I32]);
                if !self.rng.chance(self.swarm.traps, 256) {
                    self.emit(Instr::I32((1 << bits) - 1));
                    self.emit(Instr::Op(op::I32_AND));
                }
                self.take(1);
                self.emit(Instr::TableGet(table));
                self.pushed(ty, true);
            }
            4 => {
                // Directly, with the index below the value.
                let Some((table, info)) = self.table_of(ty) else { return };
                if info.size == info.free {
                    return;
                }
                let at = info.free + self.rng.below(info.size - info.free);
                self.push_constant(Ty::I32, u64::from(at));
                self.push_value(ty);
                if self.rng.chance(1, 2) {
                    self.push_value(ty);
                    self.push_condition();
                    self.take(2);
                    self.emit(Instr::SelectTyped(ty));
                }
                if self.rng.chance(1, 3) {
                    let number = self.swarm.ty(self.rng);
                    self.push_value(number);
                    if self.set_local(None, false) {
                    } else {
                        self.take(1);
                        self.emit(Instr::Op(op::DROP));
                    }
                }
                self.take(2);
                self.emit(Instr::TableSet(table));
            }
            _ => {
                self.want(&[ty]);
                self.set_local(None, false);
            }
        }
    }

    pub(super) fn bulk_table(&mut self) {
        let ty = if self.rng.chance(2, 3) { Ty::Func } else { Ty::Extern };
        let Some((table, info)) = self.table_of(ty) else { return };
        let (base, size) = (info.free, info.size - info.free);
        if size == 0 || !self.affords(20) {
            return;
        }
        let unguarded = if self.rng.chance(self.swarm.traps, 256) { 1000 } else { 0 };
        let len = self.rng.below(size.min(6) + 1);
        let at = base + self.rng.below(size - len + 1);
        match self.rng.below(3) {
            0 => {
                self.emit(Instr::I32((at + unguarded) as i32));
                self.push_value(ty);
                self.take(1);
                self.emit(Instr::I32(len as i32));
                self.emit(Instr::TableFill(table));
            }
            1 => {
                let Some((from, source)) = self.table_of(ty) else { return };
                let len = len.min(source.size);
                let start = self.rng.below(source.size - len + 1);
                self.emit(Instr::I32((at + unguarded) as i32));
                self.emit(Instr::I32(start as i32));
                self.emit(Instr::I32(len as i32));
                self.emit(Instr::TableCopy(table, from));
            }
            _ => {
                let passive = self.scope.passive_elems(ty);
                if passive.is_empty() {
                    return;
                }
                let elem = *self.rng.pick(&passive);
                let dropped = self.scope.droppable_elems.contains(&elem);
                if dropped && self.rng.chance(1, 2) {
                    return self.emit(Instr::ElemDrop(elem));
                }
                let items = self.scope.module.elems[elem as usize].items.len() as u32;
                let len = if dropped { 0 } else { len.min(items) };
                let start = if dropped { 0 } else { self.rng.below(items - len + 1) };
                self.emit(Instr::I32((at + unguarded) as i32));
                self.emit(Instr::I32(start as i32));
                self.emit(Instr::I32(len as i32));
                self.emit(Instr::TableInit(elem, table));
            }
        }
    }
}
