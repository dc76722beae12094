//! The WebAssembly side, which drives: each instruction is executed on symbolic values; where one
//! has an effect, branches or ends, the machine has to come to the same.

mod conditions;

pub use self::conditions::OPEN;
use super::machine::{self, Machine, Place, Step};
use super::values::{same, Sym, Values, UNKNOWN};
use super::{may_trap, narrowed, signature, slots, texts, Env, OVERHEAD, SCRATCH};
use std::collections::VecDeque;
use wasmparser::{BlockType, FuncType, Operator, ValType};
use zonda_exec::op::codes::VECTOR_PREFIX;

/// A value on the operand stack: one slot, two, or four.
type Operand = Vec<Sym>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Func,
    Block,
    Loop,
    If,
    Else,
}

struct Label {
    kind: Kind,
    /// Types of the operands that branches to it bring, and of those that it leaves at its end.
    branch: Vec<ValType>,
    results: Vec<ValType>,
    params: Vec<ValType>,
    /// Operands below its own, and their slots.
    height: usize,
    /// Whether it can be reached.
    live: bool,
    /// Where branches to it go in the register bytecode, once one was seen.
    target: Option<u32>,
    /// Where the false branch of an `if` goes.
    otherwise: Option<u32>,
}

/// Both sides.
pub struct Wasm<'e, 'c> {
    env: &'e Env,
    ty: &'e FuncType,
    pub(super) values: Values,
    machine: Machine<'c>,
    locals: Vec<(ValType, usize)>,
    /// Values of the locals, slot by slot.
    local_slots: Vec<Sym>,
    pub(super) stack: Vec<Operand>,
    labels: Vec<Label>,
    /// Whether the instruction that comes can be reached.
    live: bool,
    /// Whether a constant is a part of the condition that is being joined: values do not tell its
    /// branch from that of the whole.
    constant_part: bool,
    /// Whether `i32.const` pushed the topmost operand.
    literal: bool,
    pub steps: u64,
}

pub(super) type Result<T> = std::result::Result<T, String>;

impl<'e, 'c> Wasm<'e, 'c> {
    pub fn new(env: &'e Env, ty: &'e FuncType, values: Values, machine: Machine<'c>) -> Self {
        let mut this = Wasm {
            env,
            ty,
            values,
            machine,
            locals: Vec::new(),
            local_slots: Vec::new(),
            stack: Vec::new(),
            labels: Vec::new(),
            live: true,
            constant_part: false,
            literal: false,
            steps: 0,
        };
        for &param in ty.params() {
            this.locals.push((param, this.local_slots.len()));
            for _ in 0..slots(param) {
                let value = this.values.fresh();
                this.local_slots.push(value);
            }
        }
        this
    }

    pub fn add_locals(&mut self, count: u32, ty: ValType) {
        let zero = self.values.constant(0);
        for _ in 0..count {
            self.locals.push((ty, self.local_slots.len()));
            self.local_slots.extend(vec![zero; slots(ty)]);
        }
    }

    /// Puts the locals into the frame.
    pub fn begin(&mut self) -> Result<()> {
        for (slot, &value) in self.local_slots.iter().enumerate() {
            self.machine.set(slot as i32, value);
        }
        let results = self.ty.results().to_vec();
        self.labels.push(Label {
            kind: Kind::Func,
            branch: results.clone(),
            results,
            params: Vec::new(),
            height: 0,
            live: true,
            target: None,
            otherwise: None,
        });
        Ok(())
    }

    // --- the operand stack ---

    fn pop(&mut self) -> Result<Operand> {
        self.stack.pop().ok_or_else(|| "no operand".into())
    }

    fn pop_one(&mut self) -> Result<Sym> {
        self.pop()?.first().copied().ok_or_else(|| "no slot".into())
    }

    /// Takes operands, and gives their slots.
    pub(super) fn pop_slots(&mut self, count: usize) -> Result<Vec<Sym>> {
        let at = self.stack.len().checked_sub(count).ok_or("no operands")?;
        Ok(self.stack.split_off(at).concat())
    }

    fn top_slots(&self, count: usize) -> Vec<Sym> {
        self.stack[self.stack.len() - count..].concat()
    }

    fn push_slots(&mut self, types: &[ValType], list: &[Sym]) {
        let mut at = 0;
        for &ty in types {
            self.stack.push(list[at..at + slots(ty)].to_vec());
            at += slots(ty);
        }
    }

    // --- the register side ---

    /// The absolute slot of the operand slot with this number.
    fn home(&self, number: usize) -> i32 {
        let scratch = if self.machine.bias != 0 { SCRATCH } else { 0 };
        (self.local_slots.len() + OVERHEAD + scratch + number) as i32 - self.machine.bias
    }

    fn step(&mut self) -> Result<Step> {
        self.steps += 1;
        match self.machine.run(&mut self.values, None)? {
            Some(step) => Ok(step),
            None => Err("the register code ends".into()),
        }
    }

    /// Both sides have an effect; the results, of so many slots, are the same values on both.
    pub(super) fn effect(
        &mut self,
        code: u16,
        immediates: [u64; 2],
        args: &[Sym],
        results: usize,
    ) -> Result<Vec<Sym>> {
        let place = match self.step()? {
            Step::Effect { code: c, immediates: i, args: a, results: place } => {
                let exact = !matches!(place, Place::Call(_) | Place::Runtime(_));
                let (given, place) = match place {
                    // Arguments are as many as WebAssembly says, from a slot on or up to one.
                    Place::Call(first) if c == 0x10 && !a.is_empty() && a.len() > 2_000 => {
                        (a.get(..args.len()).unwrap_or(&[]).to_vec(), Place::Call(first))
                    }
                    Place::Call(top) | Place::Runtime(top) => {
                        let from = a.len().checked_sub(args.len()).ok_or("too few operands")?;
                        let first = top - args.len() as i32;
                        let place = match place {
                            Place::Call(_) => Place::Call(first),
                            _ => Place::Runtime(first),
                        };
                        (a[from..].to_vec(), place)
                    }
                    place => (a, place),
                };
                let _ = exact;
                let alike =
                    given.len() == args.len() && given.iter().zip(args).all(|(&a, &b)| same(a, b));
                if c != code || i != immediates || !alike {
                    return Err(format!(
                        "effect {code:#x} {immediates:?} ({}) is {c:#x} {i:?} ({})",
                        texts(&self.values, args),
                        texts(&self.values, &given)
                    ));
                }
                place
            }
            other => return Err(format!("effect {code:#x} is {other:?}")),
        };
        let results: Vec<Sym> = (0..results).map(|_| self.values.fresh()).collect();
        self.machine.put(place, &results);
        Ok(results)
    }

    /// Whether every local, and every operand below the label's own and among the `kept` topmost,
    /// is in its slot.
    fn check_homes(&self, machine: &Machine, height: usize, kept: &[Sym]) -> Result<()> {
        let wrong = |what: &str, at: usize, want: Sym, have: Sym| {
            format!(
                "{what} {at} is {}, but its slot has {}",
                self.values.text(want),
                self.values.text(have)
            )
        };
        for (slot, &value) in self.local_slots.iter().enumerate() {
            let have = machine.get(slot as i32 - machine.bias);
            if !same(have, value) {
                return Err(wrong("slot of local", slot, value, have));
            }
        }
        let below = self.stack[..height].concat();
        for (at, &value) in below.iter().chain(kept).enumerate() {
            let have = machine.get(self.home(at));
            if !same(have, value) {
                return Err(wrong("operand slot", at, value, have));
            }
        }
        Ok(())
    }

    /// Goes on where control meets: of values nothing is known but that they are in their slots.
    fn meet(&mut self, pc: u32, height: usize, types: &[ValType]) {
        self.stack.truncate(height);
        for operand in &mut self.stack {
            for value in operand {
                *value = self.values.fresh();
            }
        }
        for &ty in types {
            let value = (0..slots(ty)).map(|_| self.values.fresh()).collect();
            self.stack.push(value);
        }
        self.machine.slots.iter_mut().for_each(|slot| *slot = UNKNOWN);
        self.machine.accumulator = UNKNOWN;
        self.machine.pc = pc;
        for slot in 0..self.local_slots.len() {
            let value = self.values.fresh();
            self.local_slots[slot] = value;
            self.machine.set(slot as i32 - self.machine.bias, value);
        }
        for (at, value) in self.stack.concat().into_iter().enumerate() {
            self.machine.set(self.home(at), value);
        }
        self.live = true;
    }

    // --- branches ---

    fn label(&self, depth: u32) -> Result<usize> {
        self.labels.len().checked_sub(1 + depth as usize).ok_or_else(|| "no label".into())
    }

    /// The machine goes to a label, or returns, with the topmost operands: `machine` is at the
    /// jump, or there if `at` says so.
    fn arrive(&mut self, machine: &mut Machine<'c>, index: usize, at: Option<u32>) -> Result<()> {
        let count = self.labels[index].branch.len();
        let kept = self.top_slots(count);
        let target = match at {
            Some(target) if self.labels[index].kind != Kind::Func => target,
            _ => {
                if let Some(at) = at {
                    machine.pc = at;
                }
                self.steps += 1;
                match machine.run(&mut self.values, None)? {
                    Some(Step::Jump(target)) if self.labels[index].kind != Kind::Func => target,
                    Some(Step::Return(list)) if self.labels[index].kind == Kind::Func => {
                        return self.compare_results(&kept, &list);
                    }
                    other => return Err(format!("branch to label {index} is {other:?}")),
                }
            }
        };
        let label = &mut self.labels[index];
        match label.target {
            Some(known) if known != target => {
                return Err(format!("branch to {target:#x}, the label is at {known:#x}"));
            }
            _ => label.target = Some(target),
        }
        let height = label.height;
        self.check_homes(machine, height, &kept)
    }

    /// The same where moves may stand before the jump: `at` is the label, or where moves for it
    /// begin.
    fn arrive_at(&mut self, index: usize, at: u32) -> Result<()> {
        let mut machine = self.machine.clone();
        let label = &self.labels[index];
        // Operands that lie where the label wants them are not moved.
        let kept = label.branch.len();
        if label.kind != Kind::Func && (kept == 0 || self.stack.len() - kept == label.height) {
            return self.arrive(&mut machine, index, Some(at));
        }
        machine.pc = at;
        machine.accumulator = UNKNOWN;
        self.arrive(&mut machine, index, None)
    }

    fn compare_results(&self, want: &[Sym], have: &[Sym]) -> Result<()> {
        if want.len() == have.len() && want.iter().zip(have).all(|(&a, &b)| same(a, b)) {
            return Ok(());
        }
        Err(format!(
            "returns ({}) instead of ({})",
            texts(&self.values, have),
            texts(&self.values, want)
        ))
    }

    fn jump(&mut self, depth: u32) -> Result<()> {
        let index = self.label(depth)?;
        let mut machine = self.machine.clone();
        self.arrive(&mut machine, index, None)?;
        self.live = false;
        Ok(())
    }

    fn branch_if(&mut self, depth: u32) -> Result<()> {
        let value = self.pop_one()?;
        let index = self.label(depth)?;
        let condition = self.conditional(value)?;
        let mut machine = self.machine.clone();
        // If the branch is not taken, it leads around what has to be done where it is.
        self.arrive(&mut machine, index, condition.jumps.then_some(condition.holds))?;
        self.machine.pc = condition.fails;
        for (holds, mut machine) in condition.decided {
            if holds {
                let at = machine.pc;
                self.arrive(&mut machine, index, Some(at))?;
            } else {
                self.join(&machine)?;
            }
        }
        Ok(())
    }

    fn table(&mut self, depths: Vec<u32>) -> Result<()> {
        let value = self.pop_one()?;
        let step = self.step()?;
        let Step::Table { index, targets } = step else {
            return Err(format!("br_table is {step:?}"));
        };
        if !same(index, value) {
            return Err(format!(
                "br_table of {} instead of {}",
                self.values.text(index),
                self.values.text(value)
            ));
        }
        if targets.len() != depths.len() {
            return Err(format!("br_table has {} targets", targets.len()));
        }
        let mut pairs: VecDeque<(u32, u32)> = depths.into_iter().zip(targets).collect();
        pairs.make_contiguous().sort_unstable();
        let mut last = None;
        for pair in pairs {
            if last != Some(pair) {
                let index = self.label(pair.0)?;
                self.arrive_at(index, pair.1)?;
            }
            last = Some(pair);
        }
        self.live = false;
        Ok(())
    }

    // --- structured control ---

    fn block_types(&self, ty: BlockType) -> Result<(Vec<ValType>, Vec<ValType>)> {
        Ok(match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), vec![ty]),
            BlockType::FuncType(index) => {
                let ty = self.env.types.get(index as usize).ok_or("no type")?;
                (ty.params().to_vec(), ty.results().to_vec())
            }
        })
    }

    fn enter(&mut self, kind: Kind, ty: BlockType) -> Result<()> {
        let (params, results) = self.block_types(ty)?;
        let branch = if kind == Kind::Loop { params.clone() } else { results.clone() };
        let mut label = Label {
            kind,
            branch,
            results,
            params,
            height: 0,
            live: self.live,
            target: None,
            otherwise: None,
        };
        if !self.live {
            self.labels.push(label);
            return Ok(());
        }
        let condition = if kind == Kind::If { Some(self.pop_one()?) } else { None };
        let height = self.stack.len().checked_sub(label.params.len()).ok_or("no parameters")?;
        label.height = height;
        if let Some(condition) = condition {
            let kept = self.top_slots(label.params.len());
            let condition = self.conditional(condition)?;
            let mut machine = self.machine.clone();
            let otherwise = if condition.jumps {
                // A large function: the long branch to the other arm comes first.
                match machine.run(&mut self.values, None)? {
                    Some(Step::Jump(target)) => target,
                    other => return Err(format!("the branch of an if is {other:?}")),
                }
            } else {
                condition.fails
            };
            self.check_homes(&machine, height, &kept)?;
            label.otherwise = Some(otherwise);
            self.machine.pc = condition.holds;
            for (holds, machine) in condition.decided {
                if holds {
                    self.join(&machine)?;
                } else if machine.pc == otherwise {
                    self.check_homes(&machine, height, &kept)?;
                } else {
                    return Err("a decided condition goes elsewhere than the if".into());
                }
            }
        }
        if kind == Kind::Loop {
            let step = self.step()?;
            if !matches!(step, Step::Loop) {
                return Err(format!("the entry of a loop is {step:?}"));
            }
            let kept = self.top_slots(label.params.len());
            let machine = self.machine.clone();
            self.check_homes(&machine, height, &kept)?;
            label.target = Some(self.machine.pc);
            let params = label.params.clone();
            let pc = self.machine.pc;
            self.meet(pc, height, &params);
        }
        self.labels.push(label);
        Ok(())
    }

    fn otherwise(&mut self) -> Result<()> {
        let index = self.labels.len() - 1;
        if self.labels[index].live {
            if self.live {
                let mut machine = self.machine.clone();
                self.arrive(&mut machine, index, None)?;
            }
            let label = &mut self.labels[index];
            label.kind = Kind::Else;
            let at = label.otherwise.take().ok_or("an else without a branch to it")?;
            let (height, params) = (label.height, label.params.clone());
            self.meet(at, height, &params);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let index = self.labels.len() - 1;
        if !self.labels[index].live {
            self.labels.pop();
            return Ok(());
        }
        if self.labels[index].kind == Kind::Func {
            if self.live {
                let mut machine = self.machine.clone();
                self.arrive(&mut machine, index, None)?;
            }
            self.labels.pop();
            return Ok(());
        }
        let label = &self.labels[index];
        // Without an else the false branch goes to the end, with the parameters as results.
        let target = match (label.kind, label.otherwise, label.target) {
            (Kind::Loop, ..) => None,
            (_, Some(at), Some(target)) if at != target => {
                return Err("the branch of an if goes elsewhere".into());
            }
            (_, at, target) => target.or(at),
        };
        let (height, results) = (label.height, label.results.clone());
        if let Some(target) = target {
            if self.live {
                self.steps += 1;
                if let Some(step) = self.machine.run(&mut self.values, Some(target))? {
                    return Err(format!("before the end of a block there is {step:?}"));
                }
                let kept = self.top_slots(results.len());
                let machine = self.machine.clone();
                self.check_homes(&machine, height, &kept)?;
            }
            self.labels.pop();
            self.meet(target, height, &results);
        } else {
            self.labels.pop();
        }
        Ok(())
    }

    // --- instructions ---

    /// The next instruction, whose bytes are the first of these.
    pub fn instruction(&mut self, operator: &Operator, bytes: &[u8]) -> Result<()> {
        self.note_parts(operator);
        let done = self.compared(operator, bytes);
        self.forget_parts(bytes.first());
        done
    }

    fn compared(&mut self, operator: &Operator, bytes: &[u8]) -> Result<()> {
        match operator {
            Operator::Block { blockty } => return self.enter(Kind::Block, *blockty),
            Operator::Loop { blockty } => return self.enter(Kind::Loop, *blockty),
            Operator::If { blockty } => return self.enter(Kind::If, *blockty),
            Operator::Else => return self.otherwise(),
            Operator::End => return self.end(),
            _ if !self.live => return Ok(()),
            _ if bytes.first() == Some(&VECTOR_PREFIX) => return self.vector(bytes),
            _ => {}
        }
        match *operator {
            Operator::Nop => {}
            Operator::Unreachable => {
                let step = self.step()?;
                if !matches!(step, Step::Unreachable) {
                    return Err(format!("unreachable is {step:?}"));
                }
                self.live = false;
            }
            Operator::Br { relative_depth } => self.jump(relative_depth)?,
            Operator::BrIf { relative_depth } => self.branch_if(relative_depth)?,
            Operator::BrTable { ref targets } => {
                let mut depths = Vec::new();
                for depth in targets.targets() {
                    depths.push(depth.map_err(|error| error.to_string())?);
                }
                depths.push(targets.default());
                self.table(depths)?;
            }
            Operator::Return => self.jump(self.labels.len() as u32 - 1)?,
            Operator::Call { function_index } => {
                let ty = self.env.funcs.get(function_index as usize).copied();
                self.call(ty.ok_or("no function")?, 0x10, [u64::from(function_index), 0])?;
            }
            Operator::CallIndirect { type_index, table_index } => {
                self.call(type_index, 0x11, [u64::from(type_index), u64::from(table_index)])?;
            }
            Operator::ReturnCall { function_index } => {
                let ty = self.env.funcs.get(function_index as usize).copied();
                self.tail_call(ty.ok_or("no function")?, 0x12, [u64::from(function_index), 0])?;
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                let immediates = [u64::from(type_index), u64::from(table_index)];
                self.tail_call(type_index, 0x13, immediates)?;
            }
            Operator::Drop => {
                self.pop()?;
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                let value = self.pop_one()?;
                let condition = self.values.condition(value);
                let (b, a) = (self.pop()?, self.pop()?);
                let chosen = a
                    .iter()
                    .zip(&b)
                    .map(|(&a, &b)| self.values.word(0x1b, &[condition, a, b]))
                    .collect();
                self.stack.push(chosen);
            }
            Operator::LocalGet { local_index } => {
                let (ty, at) = self.locals[local_index as usize];
                self.stack.push(self.local_slots[at..at + slots(ty)].to_vec());
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                let value = self.pop()?;
                let (ty, at) = self.locals[local_index as usize];
                self.local_slots[at..at + slots(ty)].copy_from_slice(&value);
                if matches!(operator, Operator::LocalTee { .. }) {
                    self.stack.push(value);
                }
            }
            Operator::GlobalGet { global_index } => {
                let ty = self.env.globals[global_index as usize];
                let value = self.effect(0x23, [u64::from(global_index), 0], &[], slots(ty))?;
                self.stack.push(value);
            }
            Operator::GlobalSet { global_index } => {
                let value = self.pop()?;
                self.effect(0x24, [u64::from(global_index), 0], &value, 0)?;
            }
            Operator::I32Const { value } => {
                let value = self.values.constant(value as u32);
                self.stack.push(vec![value]);
            }
            Operator::F32Const { value } => {
                let value = self.values.constant(value.bits());
                self.stack.push(vec![value]);
            }
            Operator::I64Const { value } => self.wide(value as u64),
            Operator::F64Const { value } => self.wide(value.bits()),
            Operator::RefNull { .. } => {
                let null = self.values.constant(0);
                self.stack.push(vec![null]);
            }
            _ => return self.by_opcode(operator),
        }
        Ok(())
    }

    fn wide(&mut self, bits: u64) {
        let low = self.values.constant(bits as u32);
        let high = self.values.constant((bits >> 32) as u32);
        self.stack.push(vec![low, high]);
    }

    fn call(&mut self, ty: u32, code: u16, immediates: [u64; 2]) -> Result<()> {
        let ty = self.env.types.get(ty as usize).ok_or("no type")?;
        let indices = usize::from(code == 0x11);
        let args = self.pop_slots(ty.params().len() + indices)?;
        let count: usize = ty.results().iter().map(|&ty| slots(ty)).sum();
        let results = self.effect(code, immediates, &args, count)?;
        self.push_slots(ty.results(), &results);
        Ok(())
    }

    fn tail_call(&mut self, ty: u32, code: u16, immediates: [u64; 2]) -> Result<()> {
        let ty = self.env.types.get(ty as usize).ok_or("no type")?;
        let args = self.pop_slots(ty.params().len() + usize::from(code == 0x13))?;
        let bias = self.machine.bias;
        self.effect(code, immediates, &args, 0)?;
        self.machine.bias = bias;
        self.live = false;
        Ok(())
    }

    /// What is told by its opcode: numeric instructions, loads and stores, and what the runtime
    /// executes.
    fn by_opcode(&mut self, operator: &Operator) -> Result<()> {
        let runtime = match *operator {
            Operator::TableGet { table } => Some((0x25, [table, 0], 1, 1)),
            Operator::TableSet { table } => Some((0x26, [table, 0], 2, 0)),
            Operator::MemorySize { mem } => Some((0x3f, [mem, 0], 0, 1)),
            Operator::MemoryGrow { mem } => Some((0x40, [mem, 0], 1, 1)),
            Operator::RefIsNull => Some((0xd1, [0, 0], 1, 1)),
            Operator::RefFunc { function_index } => Some((0xd2, [function_index, 0], 0, 1)),
            Operator::MemoryInit { data_index, mem } => Some((0xfc08, [data_index, mem], 3, 0)),
            Operator::DataDrop { data_index } => Some((0xfc09, [data_index, 0], 0, 0)),
            Operator::MemoryCopy { dst_mem, src_mem } => Some((0xfc0a, [dst_mem, src_mem], 3, 0)),
            Operator::MemoryFill { mem } => Some((0xfc0b, [mem, 0], 3, 0)),
            Operator::TableInit { elem_index, table } => Some((0xfc0c, [elem_index, table], 3, 0)),
            Operator::ElemDrop { elem_index } => Some((0xfc0d, [elem_index, 0], 0, 0)),
            Operator::TableCopy { dst_table, src_table } => {
                Some((0xfc0e, [dst_table, src_table], 3, 0))
            }
            Operator::TableGrow { table } => Some((0xfc0f, [table, 0], 2, 1)),
            Operator::TableSize { table } => Some((0xfc10, [table, 0], 0, 1)),
            Operator::TableFill { table } => Some((0xfc11, [table, 0], 3, 0)),
            _ => None,
        };
        if let Some((code, immediates, params, results)) = runtime {
            let args = self.pop_slots(params)?;
            let results = self.effect(code, immediates.map(u64::from), &args, results)?;
            if !results.is_empty() {
                self.stack.push(results);
            }
            return Ok(());
        }
        let (code, memarg) = super::opcode(operator).ok_or("an instruction that is not known")?;
        if let Some((offset, memory)) = memarg {
            return self.access(code, offset, memory);
        }
        let (_, count, results) = signature(code).ok_or("a numeric instruction is not known")?;
        let args = self.pop_slots(count as usize)?;
        let value = if may_trap(code) {
            self.effect(code, [0, 0], &args, results)?
        } else {
            self.values.numeric(code, &args, results)
        };
        self.stack.push(value);
        Ok(())
    }

    fn access(&mut self, code: u16, offset: u32, memory: u32) -> Result<()> {
        let (narrow, slots, moved) = narrowed(code);
        if code >= 0x36 {
            let value = self.pop()?;
            let address = self.pop_one()?;
            let stored = value[..moved].to_vec();
            let step = machine::store(&self.values, narrow, offset, memory, address, stored);
            let Step::Effect { code, immediates, args, .. } = step else { return Ok(()) };
            self.effect(code, immediates, &args, 0)?;
            return Ok(());
        }
        let address = self.pop_one()?;
        let step = machine::load(&self.values, narrow, offset, memory, address, Place::Nowhere);
        let Step::Effect { code: effect, immediates, args, .. } = step else { return Ok(()) };
        let height = self.stack.concat().len();
        let mut value = self.effect(effect, immediates, &args, moved)?;
        if slots == 2 && moved == 1 {
            // Extended with its sign: i64.load8_s, 16_s, 32_s.
            let high = if matches!(code, 0x30 | 0x32 | 0x34) {
                let by = self.values.constant(31);
                self.values.word(0x75, &[value[0], by])
            } else {
                self.values.constant(0)
            };
            value.push(high);
            // The instruction of all loads writes both slots of the operand.
            if same(self.machine.get(self.home(height)), value[0]) && self.machine.wrote_pair {
                let slot = self.home(height) + 1;
                self.machine.set(slot, high);
            }
        }
        self.stack.push(value);
        Ok(())
    }
}
