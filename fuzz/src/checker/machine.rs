//! Register bytecode, executed on symbolic values up to the next effect, branch or end.

use super::values::{Sym, Values, UNKNOWN};
use zonda_exec::fast::decode::Instruction;
use zonda_exec::fast::op::{Accumulator, Kind, Test, VECTOR};
use zonda_exec::fast::RegOp;

/// What the machine stopped at.
#[derive(Clone, Debug)]
pub enum Step {
    /// Something whose order counts, or that may trap: opcode of WebAssembly, immediates,
    /// operands; where its results go.
    Effect {
        code: u16,
        immediates: [u64; 2],
        args: Vec<Sym>,
        results: Place,
    },
    /// A branch that is taken when the value is not 0; else the next instruction follows.
    Branch {
        condition: Sym,
        target: u32,
    },
    Jump(u32),
    Table {
        index: Sym,
        targets: Vec<u32>,
    },
    Return(Vec<Sym>),
    /// A loop is entered: its first instruction follows.
    Loop,
    Unreachable,
}

/// Where the results of an effect go.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    Nowhere,
    /// The accumulator, and a slot.
    Accumulator(Option<i32>),
    /// Slots from this one on; the accumulator is lost.
    Slots(i32),
    /// The same, and the accumulator keeps its value.
    SlotsOnly(i32),
    /// Slots from this one on, and the accumulator is the topmost slot then: what the runtime
    /// leaves.
    Runtime(i32),
    /// Slots from this one on, above which everything is lost; the accumulator is the result if
    /// that is one slot.
    Call(i32),
}

/// The state of a frame.
#[derive(Clone)]
pub struct Machine<'c> {
    pub(super) code: &'c [u8],
    pub pc: u32,
    pub slots: Vec<Sym>,
    pub accumulator: Sym,
    /// What the frame pointer was moved by.
    pub bias: i32,
    /// Whether the load that was executed last was the instruction for all of them, which writes
    /// pairs.
    pub wrote_pair: bool,
}

impl<'c> Machine<'c> {
    /// At the entry of a function whose frame has so many slots.
    pub fn new(code: &'c [u8], pc: u32, slots: usize) -> Machine<'c> {
        Machine {
            code,
            pc,
            slots: vec![UNKNOWN; slots],
            accumulator: UNKNOWN,
            bias: 0,
            wrote_pair: false,
        }
    }

    /// Control comes from elsewhere, too: what differs there is unknown.
    pub fn join(&mut self, other: &Machine) {
        for (slot, value) in self.slots.iter_mut().enumerate() {
            if other.slots.get(slot) != Some(value) {
                *value = UNKNOWN;
            }
        }
        if self.accumulator != other.accumulator {
            self.accumulator = UNKNOWN;
        }
    }

    pub fn get(&self, slot: i32) -> Sym {
        self.slots.get((slot + self.bias) as usize).copied().unwrap_or(UNKNOWN)
    }

    pub(super) fn range(&self, slot: i32, count: usize) -> Vec<Sym> {
        (0..count as i32).map(|i| self.get(slot + i)).collect()
    }

    pub fn set(&mut self, slot: i32, value: Sym) {
        let at = (slot + self.bias) as usize;
        if at >= self.slots.len() {
            self.slots.resize(at + 1, UNKNOWN);
        }
        self.slots[at] = value;
    }

    /// Puts the results of an effect where they go.
    pub fn put(&mut self, place: Place, results: &[Sym]) {
        let first = match place {
            Place::Nowhere => return,
            Place::Accumulator(slot) => {
                self.accumulator = results.first().copied().unwrap_or(UNKNOWN);
                if let Some(slot) = slot {
                    self.set(slot, self.accumulator);
                }
                return;
            }
            Place::Slots(first) | Place::SlotsOnly(first) | Place::Runtime(first) => first,
            Place::Call(first) => {
                let keep = (first + self.bias).max(0) as usize;
                self.slots.iter_mut().skip(keep).for_each(|slot| *slot = UNKNOWN);
                first
            }
        };
        for (at, &result) in results.iter().enumerate() {
            self.set(first + at as i32, result);
        }
        match place {
            Place::SlotsOnly(_) => {}
            Place::Runtime(_) => self.accumulator = self.get(first + results.len() as i32 - 1),
            Place::Call(_) if results.len() == 1 => self.accumulator = results[0],
            _ => self.accumulator = UNKNOWN,
        }
    }

    /// Runs until something happens, or until the instruction at `stop`, for which there is no
    /// step.
    pub fn run(&mut self, values: &mut Values, stop: Option<u32>) -> Result<Option<Step>, String> {
        loop {
            if Some(self.pc) == stop {
                return Ok(None);
            }
            let at = self.pc;
            let instruction = Instruction::read(self.code, at as usize)
                .ok_or_else(|| format!("no register instruction at {at:#x}"))?;
            self.pc += instruction.len as u32;
            if let Some(step) = self.execute(values, &instruction, at)? {
                return Ok(Some(step));
            }
        }
    }

    fn execute(
        &mut self,
        values: &mut Values,
        instruction: &Instruction,
        at: u32,
    ) -> Result<Option<Step>, String> {
        let operands: Vec<(Kind, i32)> = instruction.operands().collect();
        let n = |index: usize| operands.get(index).map_or(0, |operand| operand.1);
        let target = |distance: i32| at.wrapping_add(distance as u32);
        let op = instruction.op;
        let name = format!("{op:?}");
        match op {
            RegOp::Meter => {}
            RegOp::Skip => {
                // Goes on behind the meter, where branches to the loop go.
                return Ok(Some(Step::Loop));
            }
            RegOp::Unreachable => return Ok(Some(Step::Unreachable)),
            RegOp::Br | RegOp::BrLong => return Ok(Some(Step::Jump(target(n(0))))),
            RegOp::BrTable | RegOp::BrTableLong => {
                let targets = instruction.distances().map(target).collect();
                return Ok(Some(Step::Table { index: self.accumulator, targets }));
            }
            RegOp::Ret => return Ok(Some(Step::Return(Vec::new()))),
            RegOp::RetA => return Ok(Some(Step::Return(vec![self.accumulator]))),
            RegOp::RetS => return Ok(Some(Step::Return(vec![self.get(n(0))]))),
            RegOp::RetN => return Ok(Some(Step::Return(self.range(n(0), n(1) as usize)))),
            RegOp::Call | RegOp::CallImport => {
                return Ok(Some(Step::Effect {
                    code: 0x10,
                    immediates: [n(0) as u16 as u64, 0],
                    // How many there are says the function's type.
                    args: self.range(n(1), 2_100),
                    results: Place::Call(n(1)),
                }));
            }
            RegOp::Runtime if instruction.code >= VECTOR => {
                return self.vector_below(values, instruction, at, n(0));
            }
            RegOp::Vector => return self.vector(values, instruction, at),
            RegOp::Runtime => return Ok(Some(self.runtime(instruction, n(0)))),
            RegOp::Memory => {
                self.wrote_pair = true;
                return Ok(Some(self.memory(values, instruction, n(0))));
            }
            RegOp::Num1 | RegOp::Num2 => {
                let (operand, count, result) = super::signature(instruction.code)
                    .ok_or_else(|| format!("no numeric instruction {:#x}", instruction.code))?;
                let mut args = self.range(n(1), operand);
                if count == 2 {
                    args.extend(self.range(n(2), operand));
                }
                if super::may_trap(instruction.code) {
                    return Ok(Some(Step::Effect {
                        code: instruction.code,
                        immediates: [0, 0],
                        args,
                        results: Place::SlotsOnly(n(0)),
                    }));
                }
                let results = values.numeric(instruction.code, &args, result);
                for (part, result) in results.into_iter().enumerate() {
                    self.set(n(0) + part as i32, result);
                }
            }
            RegOp::Get => self.accumulator = self.get(n(0)),
            RegOp::Set => self.set(n(0), self.accumulator),
            RegOp::Copy | RegOp::CopyIn => self.set(n(1), self.get(n(0))),
            RegOp::CopyOut => self.set(n(1), self.get(n(0))),
            RegOp::CopyW => {
                let pair = self.range(n(0), 2);
                self.set(n(1), pair[0]);
                self.set(n(1) + 1, pair[1]);
            }
            RegOp::Const8 | RegOp::Const32 => self.accumulator = values.constant(n(0) as u32),
            RegOp::Put8 | RegOp::Put32 => {
                let value = values.constant(n(0) as u32);
                self.set(n(1), value);
            }
            RegOp::Move => {
                let all = self.range(n(0), n(2) as usize);
                for (at, value) in all.into_iter().enumerate() {
                    self.set(n(1) + at as i32, value);
                }
            }
            RegOp::Frame => self.bias += n(0),
            RegOp::GlobalGet => {
                return Ok(Some(effect(0x23, n(0), vec![], Place::Accumulator(None))));
            }
            RegOp::GlobalGetW => {
                return Ok(Some(effect(0x23, n(0), vec![], Place::SlotsOnly(n(1)))));
            }
            RegOp::GlobalSet => {
                return Ok(Some(effect(0x24, n(0), vec![self.accumulator], Place::Nowhere)));
            }
            RegOp::GlobalSetW => {
                return Ok(Some(effect(0x24, n(1), self.range(n(0), 2), Place::Nowhere)));
            }
            RegOp::Select | RegOp::SelectD => {
                let condition = values.condition(self.accumulator);
                let value = values.word(0x1b, &[condition, self.get(n(0)), self.get(n(1))]);
                self.accumulator = value;
                if op == RegOp::SelectD {
                    self.set(n(2), value);
                }
            }
            RegOp::SelectW => {
                let condition = values.condition(self.accumulator);
                let (a, b) = (self.range(n(0), 2), self.range(n(1), 2));
                for part in 0..2 {
                    let value = values.word(0x1b, &[condition, a[part], b[part]]);
                    self.set(n(2) + part as i32, value);
                }
            }
            RegOp::XorRotrSK => {
                let k = values.constant(n(1) as u32);
                let rotated = values.word(0x78, &[self.get(n(0)), k]);
                self.accumulator = values.word(0x73, &[self.accumulator, rotated]);
            }
            RegOp::Add4SS => {
                let two = values.constant(2);
                let index = values.word(0x74, &[self.get(n(0)), two]);
                self.accumulator = values.word(0x6a, &[index, self.get(n(1))]);
                self.set(n(2), self.accumulator);
            }
            RegOp::MlaAS | RegOp::MlaASD => {
                let product = values.word(0x6c, &[self.accumulator, self.get(n(0))]);
                self.accumulator = values.word(0x6a, &[product, self.get(n(1))]);
                if op == RegOp::MlaASD {
                    self.set(n(2), self.accumulator);
                }
            }
            RegOp::PutW8 => {
                let (low, high) = (n(0) as u32, (n(0) >> 31) as u32);
                let halves = [values.constant(low), values.constant(high)];
                self.set_pair(n(1), halves);
            }
            RegOp::I64ExtUA | RegOp::I64ExtUS | RegOp::I64ExtSA => {
                let (from, to) = match op {
                    RegOp::I64ExtUS => (self.get(n(0)), n(1)),
                    _ => (self.accumulator, n(0)),
                };
                let code = if op == RegOp::I64ExtSA { 0xac } else { 0xad };
                let pair = values.numeric(code, &[from], 2);
                self.set_pair(to, [pair[0], pair[1]]);
            }
            RegOp::I64Any => {
                let pair = self.range(n(0), 2);
                self.accumulator = values.any(pair[0], pair[1]);
            }
            RegOp::I64AddK => {
                let mut args = self.range(n(0), 2);
                args.extend([values.constant(n(1) as u32), values.constant((n(1) >> 31) as u32)]);
                let pair = values.numeric(0x7c, &args, 2);
                self.set_pair(n(2), [pair[0], pair[1]]);
            }
            RegOp::I64MulU => {
                let zero = values.constant(0);
                let args = [self.get(n(0)), zero, self.get(n(1)), zero];
                let pair = values.numeric(0x7e, &args, 2);
                self.set_pair(n(2), [pair[0], pair[1]]);
            }
            RegOp::CompareW | RegOp::BrW | RegOp::CompareS | RegOp::BrS => {
                let slots = if matches!(op, RegOp::CompareW | RegOp::BrW) { 2 } else { 1 };
                let mut args = self.range(n(1), slots);
                args.extend(self.range(n(2), slots));
                let value = self.tested(values, n(0), &args)?;
                if matches!(op, RegOp::BrW | RegOp::BrS) {
                    return Ok(Some(Step::Branch { condition: value, target: target(n(3)) }));
                }
                self.accumulator = value;
            }
            RegOp::BrWK => {
                let mut args = self.range(n(1), 2);
                args.extend([values.constant(n(2) as u32), values.constant((n(2) >> 31) as u32)]);
                let condition = self.tested(values, n(0), &args)?;
                return Ok(Some(Step::Branch { condition, target: target(n(3)) }));
            }
            RegOp::LoopNeSK => {
                let args = [self.get(n(0)), values.constant(n(1) as u32)];
                let condition = values.word(0x47, &args);
                return Ok(Some(Step::Branch { condition, target: target(n(2)) }));
            }
            RegOp::AddInc | RegOp::AddBrNeSK | RegOp::AddBrNeSS => {
                let k = values.constant(n(1) as u32);
                let sum = values.word(0x6a, &[self.get(n(0)), k]);
                self.set(n(0), sum);
                self.accumulator = sum;
                let last = match op {
                    RegOp::AddInc => return Ok(None),
                    RegOp::AddBrNeSK => values.constant(n(2) as u32),
                    _ => self.get(n(2)),
                };
                let condition = values.word(0x47, &[sum, last]);
                return Ok(Some(Step::Branch { condition, target: target(n(3)) }));
            }
            _ => return self.family(values, op, &name, &operands, at),
        }
        Ok(None)
    }

    fn set_pair(&mut self, first: i32, halves: [Sym; 2]) {
        self.set(first, halves[0]);
        self.set(first + 1, halves[1]);
    }

    /// The value of a test of i64 or floats, on all slots of its operands.
    fn tested(&self, values: &mut Values, test: i32, args: &[Sym]) -> Result<Sym, String> {
        let test = u8::try_from(test).ok().and_then(Test::from_code).ok_or("no such test")?;
        let first = match (test.is_float(), args.len()) {
            (false, _) => 0x51,
            (true, 4) => 0x61,
            (true, _) => 0x5b,
        };
        // From the first opcode of the comparisons on, and whether the opposite holds.
        let (at, opposite) = match test {
            Test::Eq | Test::FloatEq => (0, false),
            Test::Ne | Test::FloatNe => (1, false),
            Test::LtS | Test::FloatLt => (2, false),
            Test::LtU => (3, false),
            Test::GeS => (8, false),
            Test::GeU => (9, false),
            Test::FloatLe => (4, false),
            Test::FloatNotLt => (2, true),
            Test::FloatNotLe => (4, true),
        };
        let value = values.numeric(first + at, args, 1)[0];
        Ok(if opposite { values.opposite(value) } else { value })
    }

    /// Instructions whose operands the letters at the end of their name tell.
    fn family(
        &mut self,
        values: &mut Values,
        op: RegOp,
        name: &str,
        operands: &[(Kind, i32)],
        at: u32,
    ) -> Result<Option<Step>, String> {
        let n = |index: usize| operands.get(index).map_or(0, |operand| operand.1);
        if let Some(rest) = name.strip_prefix("I64") {
            let (code, by_constant) = match rest {
                "Add" => (0x7c, false),
                "Sub" => (0x7d, false),
                "Mul" => (0x7e, false),
                "And" => (0x83, false),
                "Or" => (0x84, false),
                "Xor" => (0x85, false),
                "ShlK" => (0x86, true),
                "ShrSK" => (0x87, true),
                "ShrUK" => (0x88, true),
                "RotlK" => (0x89, true),
                _ => return Err(format!("{name} is not known")),
            };
            let mut args = self.range(n(0), 2);
            if by_constant {
                args.push(values.constant(n(1) as u32 & 63));
                args.push(values.constant(0));
            } else {
                args.extend(self.range(n(1), 2));
            }
            let results = values.numeric(code, &args, 2);
            self.set(n(2), results[0]);
            self.set(n(2) + 1, results[1]);
            return Ok(None);
        }
        if name.starts_with("Load") || name.starts_with("Store") {
            self.wrote_pair = false;
            return self.access(values, name, operands).map(Some);
        }
        // Operands that are read, in order, then the slot that is written.
        let accumulator = matches!(op.accumulator(), Accumulator::Get | Accumulator::Both);
        let mut args = Vec::new();
        let mut written = None;
        let mut distance = 0;
        for &(kind, value) in operands {
            match kind {
                Kind::Read => args.push(self.get(value)),
                Kind::I8 | Kind::U32 => args.push(values.constant(value as u32)),
                Kind::Write => written = Some(value),
                Kind::Branch => distance = value,
                _ => return Err(format!("{name} has an operand that is not known")),
            }
        }
        let base = if written.is_some() { &name[..name.len() - 1] } else { name };
        if accumulator {
            // `SA` and `KA`: the accumulator is the second operand.
            let second = base.ends_with("SA") || base.ends_with("KA");
            args.insert(if second { 1 } else { 0 }, self.accumulator);
        }
        if let Some(rest) = name.strip_prefix("Br") {
            let code = match relation(rest) {
                Some((code, _)) => code,
                None if rest.starts_with("Nz") => 0,
                None => 0x45,
            };
            let condition = match code {
                0 => values.condition(args[0]),
                _ => values.word(code, &args),
            };
            let target = at.wrapping_add(distance as u32);
            return Ok(Some(Step::Branch { condition, target }));
        }
        let code = code_of(base).ok_or_else(|| format!("{name} is not known"))?;
        if matches!(code, ZEXT8 | ZEXT16) {
            args.push(values.constant(if code == ZEXT8 { 0xff } else { 0xffff }));
            let value = values.word(0x71, &args);
            self.accumulator = value;
            if let Some(slot) = written {
                self.set(slot, value);
            }
            return Ok(None);
        }
        if super::may_trap(code) {
            let results = Place::Accumulator(written);
            return Ok(Some(Step::Effect { code, immediates: [0, 0], args, results }));
        }
        let value = values.numeric(code, &args, 1)[0];
        self.accumulator = value;
        if let Some(slot) = written {
            self.set(slot, value);
        }
        Ok(None)
    }

    /// Loads and stores of memory 0.
    fn access(
        &mut self,
        values: &mut Values,
        name: &str,
        operands: &[(Kind, i32)],
    ) -> Result<Step, String> {
        let n = |index: usize| operands.get(index).map_or(0, |operand| operand.1);
        let (is_store, rest) = match name.strip_prefix("Store") {
            Some(rest) => (true, rest),
            None => (false, &name[4..]),
        };
        // The widths, then letters of the operands.
        let (code, letters) = [
            ("32", 0x28, 0x36),
            ("8S", 0x2c, 0),
            ("8U", 0x2d, 0),
            ("16S", 0x2e, 0),
            ("16U", 0x2f, 0),
            ("64", 0x29, 0x37),
            ("8", 0, 0x3a),
            ("16", 0, 0x3b),
        ]
        .iter()
        .find_map(|&(width, load, store)| {
            let code = if is_store { store } else { load };
            rest.strip_prefix(width).filter(|_| code != 0).map(|letters| (code, letters))
        })
        .ok_or_else(|| format!("{name} is not known"))?;
        let wide = code == 0x29 || code == 0x37;
        let a = self.accumulator;
        if !is_store {
            let (address, offset, to) = match letters {
                "A" | "AX" | "AD" | "AXD" => (a, n(0), n(1)),
                "S" | "SD" => (self.get(n(0)), n(1), n(2)),
                "X" | "XD" => (values.constant(0), n(0), n(1)),
                "SSI" => (values.word(0x6a, &[self.get(n(0)), self.get(n(1))]), 0, 0),
                "AJ" => {
                    let two = values.constant(2);
                    let index = values.word(0x74, &[a, two]);
                    (values.word(0x6a, &[index, self.get(n(0))]), 0, 0)
                }
                "AI" | "AID" => (values.word(0x6a, &[a, self.get(n(0))]), 0, n(1)),
                "SI" | "SID" => {
                    let two = values.constant(2);
                    let index = values.word(0x74, &[self.get(n(0)), two]);
                    (values.word(0x6a, &[index, self.get(n(1))]), 0, n(2))
                }
                _ => return Err(format!("{name} is not known")),
            };
            let results = if wide {
                Place::SlotsOnly(to)
            } else {
                Place::Accumulator(letters.ends_with('D').then_some(to))
            };
            return Ok(load(values, code, offset as u32, 0, address, results));
        }
        let count = if wide { 2 } else { 1 };
        let (address, value, offset) = match letters {
            // One slot: its value is in the accumulator, or it is the value.
            "SA" | "SAX" => (self.get(n(0)), vec![a], n(1)),
            "AS" | "A" | "AX" => (a, self.range(n(0), count), n(1)),
            "X" => (values.constant(0), vec![a], n(0)),
            "SI" => {
                let two = values.constant(2);
                let index = values.word(0x74, &[self.get(n(0)), two]);
                (values.word(0x6a, &[index, self.get(n(1))]), self.range(n(2), 1), 0)
            }
            "SS" | "S" => (self.get(n(0)), self.range(n(1), count), n(2)),
            _ => return Err(format!("{name} is not known")),
        };
        Ok(store(values, code, offset as u32, 0, address, value))
    }

    /// A load or store in the terms of WebAssembly: operands below the slot `top`.
    fn memory(&mut self, values: &mut Values, instruction: &Instruction, top: i32) -> Step {
        let [offset, memory] = instruction.immediates();
        let (code, slots, value) = super::narrowed(instruction.code);
        if code >= 0x36 {
            let address = self.get(top - slots as i32 - 1);
            let stored = self.range(top - slots as i32, value);
            return store(values, code, offset, memory, address, stored);
        }
        let address = self.get(top - 1);
        // The caller writes both halves where there are two: see `Wasm::load`.
        load(values, code, offset, memory, address, Place::Slots(top - 1))
    }

    /// What the runtime executes: operands below the slot `top`.
    fn runtime(&mut self, instruction: &Instruction, top: i32) -> Step {
        let [first, second] = instruction.immediates().map(u64::from);
        // How many operands there are says the WebAssembly side; they end here.
        let below = (top + self.bias).max(0) as usize;
        let args = self.slots.get(..below.min(self.slots.len())).unwrap_or(&[]).to_vec();
        let results = match instruction.code {
            0x10 | 0x11 => Place::Call(top),
            _ => Place::Runtime(top),
        };
        Step::Effect { code: instruction.code, immediates: [first, second], args, results }
    }
}

pub(super) fn effect(code: u16, index: i32, args: Vec<Sym>, results: Place) -> Step {
    Step::Effect { code, immediates: [index as u16 as u64, 0], args, results }
}

/// A load; a constant address is part of the offset.
pub fn load(
    values: &Values,
    code: u16,
    offset: u32,
    memory: u32,
    address: Sym,
    results: Place,
) -> Step {
    let (immediates, args) = effective(values, offset, memory, address);
    Step::Effect { code, immediates, args, results }
}

/// A store.
pub fn store(
    values: &Values,
    code: u16,
    offset: u32,
    memory: u32,
    address: Sym,
    value: Vec<Sym>,
) -> Step {
    let (immediates, mut args) = effective(values, offset, memory, address);
    args.extend(value);
    Step::Effect { code, immediates, args, results: Place::Nowhere }
}

pub(super) fn effective(
    values: &Values,
    offset: u32,
    memory: u32,
    address: Sym,
) -> ([u64; 2], Vec<Sym>) {
    let (address, offset) = values.address(address, offset);
    match values.as_constant(address) {
        Some(constant) => {
            ([u64::from(offset) + u64::from(constant), u64::from(memory)], Vec::new())
        }
        None => ([u64::from(offset), u64::from(memory)], vec![address]),
    }
}

const ZEXT8: u16 = 0xffe0;
const ZEXT16: u16 = 0xffe1;

/// The opcode of a relation that a name begins with, and what follows it.
fn relation(name: &str) -> Option<(u16, &str)> {
    let all = [
        ("Eq", 0x46),
        ("Ne", 0x47),
        ("LtS", 0x48),
        ("LtU", 0x49),
        ("GtS", 0x4a),
        ("GtU", 0x4b),
        ("LeS", 0x4c),
        ("LeU", 0x4d),
        ("GeS", 0x4e),
        ("GeU", 0x4f),
    ];
    all.iter().find_map(|&(text, code)| Some((code, name.strip_prefix(text)?)))
}

/// The opcode of the instruction of WebAssembly that a register instruction executes.
fn code_of(name: &str) -> Option<u16> {
    if let Some((code, _)) = relation(name) {
        return Some(code);
    }
    let all = [
        ("Zext8", ZEXT8),
        ("Zext16", ZEXT16),
        ("Ext8S", 0xc0),
        ("Ext16S", 0xc1),
        ("Clz", 0x67),
        ("Ctz", 0x68),
        ("Add", 0x6a),
        ("Sub", 0x6b),
        ("Mul", 0x6c),
        ("DivS", 0x6d),
        ("DivU", 0x6e),
        ("RemS", 0x6f),
        ("RemU", 0x70),
        ("And", 0x71),
        ("Or", 0x72),
        ("Xor", 0x73),
        ("Shl", 0x74),
        ("ShrS", 0x75),
        ("ShrU", 0x76),
        ("Rotl", 0x77),
        ("Rotr", 0x78),
    ];
    all.iter().find(|(text, _)| name.starts_with(text)).map(|&(_, code)| code)
}
