//! Loads, stores, bulk operations and growth: within bounds, unless the program is about traps.

use super::super::ast::{op, Instr, Ty};
use super::body::Body;
use super::numbers::number;

/// Opcodes of loads with the type they push and log2 of their width.
const LOADS: [(u8, Ty, u32); 14] = [
    (0x28, Ty::I32, 2),
    (0x29, Ty::I64, 3),
    (0x2a, Ty::F32, 2),
    (0x2b, Ty::F64, 3),
    (0x2c, Ty::I32, 0),
    (0x2d, Ty::I32, 0),
    (0x2e, Ty::I32, 1),
    (0x2f, Ty::I32, 1),
    (0x30, Ty::I64, 0),
    (0x31, Ty::I64, 0),
    (0x32, Ty::I64, 1),
    (0x33, Ty::I64, 1),
    (0x34, Ty::I64, 2),
    (0x35, Ty::I64, 2),
];

/// The same for stores.
const STORES: [(u8, Ty, u32); 9] = [
    (0x36, Ty::I32, 2),
    (0x37, Ty::I64, 3),
    (0x38, Ty::F32, 2),
    (0x39, Ty::F64, 3),
    (0x3a, Ty::I32, 0),
    (0x3b, Ty::I32, 1),
    (0x3c, Ty::I64, 0),
    (0x3d, Ty::I64, 1),
    (0x3e, Ty::I64, 2),
];

const OFFSETS: [u32; 12] = [0, 0, 1, 2, 4, 8, 127, 128, 255, 256, 257, 1000];

impl Body<'_> {
    fn memory(&mut self) -> (u32, u32) {
        let index = self.rng.below(self.scope.memories.len() as u32);
        (index, self.scope.memories[index as usize])
    }

    /// Has an address be topmost for an access of `width` bytes; returns the offset that belongs to
    /// it.
    fn address(&mut self, bytes: u32, width: u32, constant: bool) -> u32 {
        let mut offset = *self.rng.pick(&OFFSETS);
        if self.rng.chance(1, 8) {
            offset = self.rng.below(bytes);
        }
        if offset + width > bytes {
            offset = 0;
        }
        let left = bytes - width - offset;
        if constant || self.rng.chance(1, 6) {
            let address = if self.rng.chance(1, 4) { left } else { self.rng.below(left + 1) };
            self.push_constant(Ty::I32, u64::from(address));
            return offset;
        }
        self.want(&[Ty::I32]);
        if !self.rng.chance(self.swarm.traps, 256) {
            let mask = (left + 1).checked_ilog2().map_or(0, |bits| (1u32 << bits) - 1);
            self.emit(Instr::I32(mask as i32));
            self.emit(Instr::Op(op::I32_AND));
        }
        offset
    }

    fn align(&mut self, log2: u32) -> u8 {
        self.rng.range(0, log2) as u8
    }

    /// Pushes a value of a type from memory.
    pub(super) fn load_of(&mut self, ty: Ty, constant: bool) {
        let fitting: Vec<_> = LOADS.iter().filter(|load| load.1 == ty).collect();
        let &&(code, _, log2) = self.rng.pick(&fitting);
        let (memory, bytes) = self.memory();
        let offset = self.address(bytes, 1 << log2, constant);
        self.take(1);
        let align = self.align(log2);
        self.emit(Instr::Mem { op: code, align, offset, memory });
        self.pushed(ty, true);
    }

    /// Stores a value whose address is computed from what is on the stack.
    pub(super) fn store(&mut self) {
        if self.top().is_some_and(|top| top.ty != Ty::I32 && !top.ty.is_ref())
            && self.rng.chance(1, 2)
        {
            return self.store_top();
        }
        let &(code, ty, log2) = self.rng.pick(&STORES);
        let (memory, bytes) = self.memory();
        let offset = self.address(bytes, 1 << log2, false);
        self.push_value(ty);
        if self.rng.chance(1, 4) {
            let codes = self.tables.of(ty);
            let code = *self.rng.pick(codes);
            if super::numbers::signature(code).is_some_and(|sig| sig.1 == 1 && sig.2 == ty) {
                self.emit(Instr::Op(code));
                self.take(1);
                self.pushed(ty, false);
            }
        }
        self.make_exact();
        self.take(2);
        let align = self.align(log2);
        self.emit(Instr::Mem { op: code, align, offset, memory });
    }

    /// Stores the topmost value, which is a number.
    pub(super) fn store_top(&mut self) {
        let Some(value) = self.top() else { return };
        self.make_exact();
        let fitting: Vec<_> = STORES.iter().filter(|store| store.1 == value.ty).collect();
        let &&(code, ty, log2) = self.rng.pick(&fitting);
        let (memory, bytes) = self.memory();
        let local = self.scratch(ty, true);
        self.take(1);
        self.emit(Instr::LocalSet(local));
        let offset = self.address(bytes, 1 << log2, self.height() == 0);
        self.emit(Instr::LocalGet(local));
        self.take(1);
        let align = self.align(log2);
        self.emit(Instr::Mem { op: code, align, offset, memory });
    }

    /// Pushes a start and a length within `size`.
    fn range(&mut self, size: u32, most: u32) -> (u32, u32) {
        let len = self.rng.below(size.min(most) + 1);
        let at = if self.rng.chance(1, 4) { size - len } else { self.rng.below(size - len + 1) };
        (at, len)
    }

    pub(super) fn bulk_memory(&mut self) {
        if self.scope.memories.is_empty() || !self.affords(30) {
            return;
        }
        let (memory, bytes) = self.memory();
        let unguarded = if self.rng.chance(self.swarm.traps, 256) { bytes } else { 0 };
        match self.rng.below(4) {
            0 => {
                let (at, len) = self.range(bytes, 64);
                self.emit(Instr::I32((at + unguarded) as i32));
                let byte = number(self.rng, Ty::I32, 8);
                self.emit(Instr::I32(byte as i32));
                self.emit(Instr::I32(len as i32));
                self.emit(Instr::MemoryFill(memory));
            }
            1 => {
                let (from, source) = self.memory();
                let (at, len) = self.range(bytes.min(source), 64);
                let start = self.rng.below(source - len + 1);
                self.emit(Instr::I32((at + unguarded) as i32));
                self.emit(Instr::I32(start as i32));
                self.emit(Instr::I32(len as i32));
                self.emit(Instr::MemoryCopy(memory, from));
            }
            _ => {
                let passive: Vec<u32> = self.scope.passive_datas();
                if passive.is_empty() {
                    return;
                }
                let data = *self.rng.pick(&passive);
                let size = self.scope.module.datas[data as usize].bytes.len() as u32;
                // A dropped segment has no bytes, so that only nothing can be copied from it
                // without a trap.
                let dropped = self.scope.droppable_datas.contains(&data);
                if dropped && self.rng.chance(1, 2) {
                    return self.emit(Instr::DataDrop(data));
                }
                let len = if dropped { 0 } else { self.rng.below(size.min(bytes) + 1) };
                let at = self.rng.below(bytes - len + 1);
                let start = if dropped { 0 } else { self.rng.below(size - len + 1) };
                self.emit(Instr::I32((at + unguarded) as i32));
                self.emit(Instr::I32(start as i32));
                self.emit(Instr::I32(len as i32));
                self.emit(Instr::MemoryInit(data, memory));
            }
        }
    }

    /// Sizes, and growth within what the type allows and what it does not.
    pub(super) fn grow(&mut self) {
        let tables = self.scope.tables.len() as u32;
        let memories = self.scope.memories.len() as u32;
        if memories > 0 && self.rng.chance(1, 2) {
            let (memory, _) = self.memory();
            if self.rng.chance(1, 2) {
                self.emit(Instr::MemorySize(memory));
            } else {
                // All of them have a maximum near their size, so that growth soon fails, in all
                // engines alike.
                let pages = self.rng.below(4);
                self.emit(Instr::I32(pages as i32));
                self.emit(Instr::MemoryGrow(memory));
            }
            self.pushed(Ty::I32, true);
        } else if tables > 0 && self.swarm.references {
            let table = self.rng.below(tables);
            if self.rng.chance(1, 2) {
                self.emit(Instr::TableSize(table));
            } else {
                let ty = self.scope.tables[table as usize].ty;
                self.push_value(ty);
                self.take(1);
                let elements = self.rng.below(3);
                self.emit(Instr::I32(elements as i32));
                self.emit(Instr::TableGrow(table));
            }
            self.pushed(Ty::I32, true);
        }
    }
}
