//! Modules of functions that work on vectors: every instruction of fixed-width SIMD, on operands
//! from everywhere, through locals, globals, blocks, branches, calls and memory. NaNs that
//! arithmetic may choose become 0 at once, so that all engines agree.

use zonda_exec::vector::op::{Row, Shape, VectorOp};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ty {
    I32 = 0x7f,
    I64 = 0x7e,
    F32 = 0x7d,
    F64 = 0x7c,
    V128 = 0x7b,
}

use Ty::{F32, F64, I32, I64, V128};

/// Parameters and results of every function.
const PARAMS: [Ty; 4] = [V128, I32, V128, I64];
const RESULTS: [Ty; 2] = [V128, I32];
const GLOBALS: [Ty; 3] = [V128, I32, V128];

struct Generator {
    state: u64,
    code: Vec<u8>,
    locals: Vec<Ty>,
    /// The function that may be called, if there is one.
    callee: Option<u32>,
}

impl Generator {
    /// splitmix64
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    fn leb(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.code.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.code.push(value as u8);
    }

    fn op(&mut self, code: u8, immediate: u32) {
        self.code.push(code);
        self.leb(immediate);
    }

    fn vector(&mut self, code: u32) {
        self.op(0xfd, code);
    }

    fn i32(&mut self, value: i32) {
        self.code.push(0x41);
        // Five bytes, whatever the value is.
        let bits = value as u32;
        self.code.extend((0..4).map(|i| (bits >> (7 * i)) as u8 | 0x80));
        self.code.push((value >> 28) as u8 & 0x7f);
    }

    fn local(&mut self, ty: Ty) -> u32 {
        let all: Vec<usize> = (0..self.locals.len()).filter(|&at| self.locals[at] == ty).collect();
        all[self.below(all.len())] as u32
    }

    /// Bytes that are often edges of lanes.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x3f, 0xc0];
        let same = self.next().is_multiple_of(3);
        let first = EDGES[self.below(8)];
        (0..count)
            .map(|_| match self.next() % 4 {
                _ if same => first,
                0 | 1 => EDGES[self.below(8)],
                _ => self.next() as u8,
            })
            .collect()
    }

    fn leaf(&mut self, ty: Ty) {
        if !self.next().is_multiple_of(3) {
            let local = self.local(ty);
            return self.op(0x20, local);
        }
        match ty {
            I32 => {
                let value = self.next() as i32 >> (self.next() % 32);
                self.i32(value);
            }
            I64 => self.code.extend([0x42, 0x80, 0x7f]),
            F32 => self.code.extend([0x43, 0, 0, 0xc0, 0x3f]),
            F64 => self.code.extend([0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0xbf]),
            V128 => {
                self.vector(VectorOp::V128Const as u32);
                let bytes = self.bytes(16);
                self.code.extend(bytes);
            }
        }
    }

    /// An address that is mostly inside.
    fn address(&mut self, depth: u32) {
        self.expression(I32, depth);
        self.i32(0x3fff);
        self.code.push(0x71);
    }

    fn memarg(&mut self, row: Row) {
        let align = self.below(row.log2_width() as usize + 1) as u32;
        self.leb(align);
        let offset = match self.next() % 60 {
            0 => 65_530,
            _ => self.next() as u32 % 300,
        };
        self.leb(offset);
    }

    /// An instruction with its operands.
    fn instruction(&mut self, op: VectorOp, depth: u32) {
        let row = Row::of(op as u32).expect("a row of the table");
        let number = match row.from().value() {
            zonda_exec::op::NumType::I32 => I32,
            zonda_exec::op::NumType::I64 => I64,
            zonda_exec::op::NumType::F32 => F32,
            zonda_exec::op::NumType::F64 => F64,
        };
        for (index, slots) in row.operands().into_iter().enumerate() {
            match slots {
                0 => {}
                4 => self.expression(V128, depth),
                _ if row.is_access() && index == 0 => self.address(depth),
                _ if row.shape() == Shape::Shift => self.expression(I32, depth),
                _ => self.expression(number, depth),
            }
        }
        self.vector(op as u32);
        if row.is_access() {
            self.memarg(row);
        }
        let lanes = match row.shape() {
            Shape::Const => 256,
            Shape::Shuffle => 32,
            _ => row.lanes().into(),
        };
        for _ in 0..row.immediates() {
            let lane = self.below(lanes) as u8;
            self.code.push(lane);
        }
        // x & (x == x), by a local of its own, the last one.
        let computes = matches!(row.shape(), Shape::Unary | Shape::Binary | Shape::Ternary);
        let is_equal = match (computes && row.is_float(), row.to().value()) {
            (true, zonda_exec::op::NumType::F32) => VectorOp::F32x4Eq,
            (true, zonda_exec::op::NumType::F64) => VectorOp::F64x2Eq,
            _ => return,
        };
        let own = self.locals.len() as u32 - 1;
        self.op(0x22, own);
        self.op(0x20, own);
        self.op(0x20, own);
        self.vector(is_equal as u32);
        self.vector(VectorOp::V128And as u32);
    }

    /// One of the instructions whose result has this type.
    fn chosen(&mut self, fits: impl Fn(Row) -> bool, depth: u32) {
        let all: Vec<VectorOp> = VectorOp::ALL
            .iter()
            .copied()
            .filter(|&op| (op as u32) < 0x100 && Row::of(op as u32).is_some_and(&fits))
            .collect();
        let op = all[self.below(all.len())];
        self.instruction(op, depth);
    }

    fn expression(&mut self, ty: Ty, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return self.leaf(ty) };
        match (ty, self.next() % 16) {
            (V128, 0) => {
                self.expression(V128, depth);
                self.expression(V128, depth);
                self.expression(I32, depth);
                self.code.push(0x1b);
            }
            (V128, 1) => {
                self.expression(I32, depth);
                self.code.extend([0x04, V128 as u8]);
                self.expression(V128, depth);
                self.code.push(0x05);
                self.expression(V128, depth);
                self.code.push(0x0b);
            }
            (V128, 2) => {
                // A branch that carries a vector over one that it drops.
                self.code.extend([0x02, V128 as u8]);
                self.expression(V128, depth);
                self.expression(V128, depth);
                self.expression(I32, depth);
                self.op(0x0d, 0);
                self.code.push(0x1a);
                self.code.push(0x0b);
            }
            (V128, 3) => self.op(0x23, 2 * (depth & 1)),
            (_, 4) => {
                self.expression(ty, depth);
                let local = self.local(ty);
                self.op(0x22, local);
            }
            (V128, 5) if self.callee.is_some() => {
                for ty in PARAMS {
                    self.expression(ty, depth / 2);
                }
                let callee = self.callee.unwrap_or(0);
                self.op(0x10, callee);
                self.code.push(0x1a);
            }
            (_, 6) => self.leaf(ty),
            (V128, _) => self.chosen(|row| row.results() == 4, depth),
            (I32, 7 | 8) => {
                self.expression(I32, depth);
                self.expression(I32, depth);
                self.code.push([0x6a, 0x73, 0x6c][depth as usize % 3]);
            }
            (I32, _) => self.chosen(|row| row.results() == 1 && !row.is_float(), depth),
            (I64, _) => self.instruction(VectorOp::I64x2ExtractLane, depth),
            (F32, _) => self.instruction(VectorOp::F32x4ExtractLane, depth),
            (F64, _) => self.instruction(VectorOp::F64x2ExtractLane, depth),
        }
    }

    fn statement(&mut self, depth: u32) {
        match self.next() % 8 {
            0 => self.chosen(|row| row.results() == 0, depth),
            1 => {
                self.expression(V128, depth);
                self.op(0x24, 2);
            }
            2 => {
                self.expression(V128, depth);
                self.code.push(0x1a);
            }
            _ => {
                let ty = [V128, V128, V128, I32, I64][self.below(5)];
                self.expression(ty, depth);
                let local = self.local(ty);
                self.op(0x21, local);
            }
        }
    }

    /// A body with its size.
    fn body(&mut self) -> Vec<u8> {
        self.code.clear();
        self.locals = PARAMS.to_vec();
        let mut groups = vec![(1, I64), (1, F32), (1, F64)];
        for _ in 0..self.below(4) {
            let (count, ty) = (self.below(3) as u32 + 1, [V128, I32, V128, F64][self.below(4)]);
            groups.push((count, ty));
        }
        // Locals that a byte does not name, in a few functions.
        if self.next().is_multiple_of(8) {
            let at = self.below(groups.len());
            groups.insert(at, (300, I32));
        }
        groups.push((1, V128));
        self.leb(groups.len() as u32);
        for &(count, ty) in &groups {
            self.leb(count);
            self.code.push(ty as u8);
            self.locals.extend((0..count).map(|_| ty));
        }
        for _ in 0..3 + self.below(6) {
            let depth = 1 + self.below(4) as u32;
            self.statement(depth);
        }
        for ty in RESULTS {
            self.expression(ty, 3);
        }
        self.code.push(0x0b);
        std::mem::take(&mut self.code)
    }
}

/// A section of these items.
fn section(id: u8, items: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = Generator { state: 0, code: Vec::new(), locals: Vec::new(), callee: None };
    writer.leb(items.len() as u32);
    items.iter().for_each(|item| writer.code.extend(item));
    let content = std::mem::take(&mut writer.code);
    writer.op(id, content.len() as u32);
    writer.code.extend(content);
    writer.code
}

/// The module with this number.
pub fn vectors(seed: u64) -> Vec<u8> {
    let mut generator =
        Generator { state: seed, code: Vec::new(), locals: Vec::new(), callee: None };
    let funcs = 1 + generator.below(3) as u32;
    let types = |list: &[Ty]| -> Vec<u8> {
        std::iter::once(list.len() as u8).chain(list.iter().map(|&ty| ty as u8)).collect()
    };
    let globals = GLOBALS.map(|ty| {
        let mut global = vec![ty as u8, 1];
        match ty {
            V128 => {
                global.extend([0xfd, 12]);
                global.extend(generator.bytes(16));
            }
            _ => global.extend([0x41, 5]),
        }
        global.push(0x0b);
        global
    });
    let mut bodies = Vec::new();
    for index in 0..funcs {
        generator.callee = (index + 1 < funcs).then_some(index + 1);
        let body = generator.body();
        generator.leb(body.len() as u32);
        let mut sized = std::mem::take(&mut generator.code);
        sized.extend(body);
        bodies.push(sized);
    }
    let export = |name: u8, kind: u8, index: u8| vec![1, name, kind, index];
    let mut data = vec![0, 0x41, 0, 0x0b, 64];
    data.extend(generator.bytes(64));
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[[vec![0x60], types(&PARAMS), types(&RESULTS)].concat()]),
        section(3, &vec![vec![0]; funcs as usize]),
        section(5, &[vec![1, 1, 1]]),
        section(6, &globals),
        section(
            7,
            &[export(b'f', 0, 0), export(b'm', 2, 0), export(b'g', 3, 0), export(b'h', 3, 2)],
        ),
        section(10, &bodies),
        section(11, &[data]),
    ]
    .concat()
}
