//! One function body: a stack machine that knows the types on its stack and emits instructions
//! which are valid there.
//!
//! Nothing that is computed is thrown away unseen: what a sequence leaves behind is folded into
//! accumulator globals, stored, or handed to the host ([`Body::sink`]).

use super::super::ast::{op, FuncType, Instr, Ty};
use super::super::rng::Rng;
use super::numbers::{constant, number};
use super::scope::{Kind, Scope, Tables};
use super::swarm::{Action, Swarm};

/// What is known of a value on the operand stack.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    pub ty: Ty,
    /// Whether the specification determines all its bits: false for floats that may be NaNs of any
    /// payload.
    pub exact: bool,
    /// A reference to a function of this type, and not null.
    pub func: Option<u32>,
    /// The local that it was read from.
    pub local: Option<u32>,
}

/// A local.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    pub ty: Ty,
    /// Only such values are assigned to it.
    pub exact: bool,
    /// Only references to functions of this type are.
    pub func: Option<u32>,
    /// Whether instructions may assign to it; counters of loops are not free.
    pub free: bool,
    /// Whether something was assigned to it.
    pub set: bool,
}

/// What a label is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Block,
    /// A loop, with its counter, which each branch to it decrements.
    Loop(u32, Ty),
    /// A loop that no branch but the one at its end goes to.
    OwnBranchOnly,
}

/// A label that branches may go to.
pub struct Label {
    pub types: Vec<Ty>,
    pub target: Target,
    /// Whether a branch other than that at the end goes there.
    pub continued: bool,
}

/// The body under construction.
pub struct Body<'a> {
    pub rng: &'a mut Rng,
    pub swarm: &'a Swarm,
    pub tables: Tables,
    pub scope: &'a mut Scope,
    /// Index of the function.
    pub me: u32,
    pub results: Vec<Ty>,
    pub locals: Vec<Local>,
    pub params: usize,
    pub stack: Vec<Value>,
    /// What lies below belongs to the sequences outside.
    pub floor: usize,
    pub labels: Vec<Label>,
    pub out: Vec<Instr>,
    /// Actions that are left.
    pub steps: u32,
    /// Instructions that the body executes at most, and what that is multiplied with inside of
    /// loops.
    pub cost: u32,
    pub turns: u32,
}

/// Instructions that one activation may execute, as estimated.
const MOST_COST: u32 = 1500;

impl<'a> Body<'a> {
    /// A body for the function with this index.
    pub fn new(
        rng: &'a mut Rng,
        swarm: &'a Swarm,
        tables: Tables,
        scope: &'a mut Scope,
        me: u32,
    ) -> Body<'a> {
        let ty = scope.func_type(me).clone();
        let param = |&ty| Local { ty, exact: false, func: None, free: true, set: true };
        let mut locals: Vec<Local> = ty.params.iter().map(param).collect();
        let params = locals.len();
        for _ in 0..rng.range(swarm.locals / 2, swarm.locals) {
            let ty = swarm.ty(rng);
            let exact = rng.chance(1, 2);
            locals.push(Local { ty, exact, func: None, free: true, set: false });
        }
        for local in &mut locals[params..] {
            if local.ty == Ty::Func && rng.chance(1, 3) {
                local.func = scope.any_region_type(rng);
            }
        }
        Body {
            rng,
            swarm,
            tables,
            scope,
            me,
            results: ty.results,
            locals,
            params,
            stack: Vec::new(),
            floor: 0,
            labels: Vec::new(),
            out: Vec::new(),
            steps: swarm.steps,
            cost: 0,
            turns: 1,
        }
    }

    /// Generates everything between prologue and end.
    pub fn generate(&mut self) {
        self.labels.push(Label {
            types: self.results.clone(),
            target: Target::Block,
            continued: false,
        });
        // A local for functions of one type begins with one.
        for index in self.params..self.locals.len() {
            if let Some(ty) = self.locals[index].func {
                match self.scope.func_of_type(self.rng, ty) {
                    Some(func) => {
                        self.emit(Instr::RefFunc(func));
                        self.emit(Instr::LocalSet(index as u32));
                    }
                    None => self.locals[index].func = None,
                }
            }
        }
        self.sequence(self.swarm.steps);
        self.epilogue();
        let results = self.results.clone();
        self.settle(&results);
    }

    /// Folds the locals into what is observed.
    fn epilogue(&mut self) {
        let mut left = 10;
        for index in 0..self.locals.len() {
            if self.locals[index].set && left > 0 && self.rng.chance(3, 4) {
                left -= 1;
                self.push_local(index as u32);
                self.sink();
            }
        }
    }

    // --- the stack ---

    /// Writes an instruction.
    pub fn emit(&mut self, instr: Instr) {
        self.cost = self.cost.saturating_add(self.turns);
        self.out.push(instr);
    }

    /// Says that a value lies on the stack.
    pub fn pushed(&mut self, ty: Ty, exact: bool) {
        let exact = exact || !matches!(ty, Ty::F32 | Ty::F64);
        self.stack.push(Value { ty, exact, func: None, local: None });
    }

    /// Takes values from the stack, deepest first.
    pub fn take(&mut self, count: u32) -> Vec<Value> {
        let at = self.stack.len() - count as usize;
        self.stack.split_off(at)
    }

    /// The topmost value of this sequence.
    pub fn top(&self) -> Option<Value> {
        self.stack.get(self.floor..).and_then(<[Value]>::last).copied()
    }

    /// Values of this sequence.
    pub fn height(&self) -> usize {
        self.stack.len() - self.floor
    }

    /// Has values of these types be topmost: some that are there, and fresh ones above them.
    pub fn want(&mut self, types: &[Ty]) {
        let have = &self.stack[self.floor..];
        let mut reused = 0;
        if self.rng.chance(self.swarm.reuse, 16) {
            for count in (1..=types.len().min(have.len())).rev() {
                let top = &have[have.len() - count..];
                if top.iter().map(|value| value.ty).eq(types[..count].iter().copied()) {
                    reused = count;
                    break;
                }
            }
        }
        for &ty in &types[reused..] {
            self.push_value(ty);
        }
    }

    /// Pushes a number.
    pub fn push_constant(&mut self, ty: Ty, bits: u64) {
        self.emit(constant(ty, bits));
        self.pushed(ty, true);
    }

    /// Pushes a local.
    pub fn push_local(&mut self, index: u32) {
        let local = self.locals[index as usize];
        self.emit(Instr::LocalGet(index));
        self.pushed(local.ty, local.exact);
        if let Some(value) = self.stack.last_mut() {
            value.func = local.func;
            value.local = Some(index);
        }
    }

    /// A local that fulfils a condition; one that was set if there is one, mostly.
    fn find_local(&mut self, wanted: impl Fn(&Local) -> bool) -> Option<u32> {
        let count = self.locals.len();
        if count == 0 {
            return None;
        }
        let start = self.rng.below(count as u32) as usize;
        let order = (0..count).map(|i| (start + i) % count);
        let prefer_set = self.rng.chance(self.swarm.recent, 16);
        if prefer_set {
            let found = order.clone().find(|&i| self.locals[i].set && wanted(&self.locals[i]));
            if found.is_some() {
                return found.map(|i| i as u32);
            }
        }
        order.clone().find(|&i| wanted(&self.locals[i])).map(|i| i as u32)
    }

    /// Pushes any value of a type.
    pub fn push_value(&mut self, ty: Ty) {
        match self.rng.below(16) {
            0..=7 => {
                if let Some(local) = self.find_local(|local| local.ty == ty) {
                    return self.push_local(local);
                }
            }
            8 | 9 => {
                if let Some(global) = self.scope.find_global(self.rng, |global| global.ty == ty) {
                    return self.push_global(global);
                }
            }
            10 if !ty.is_ref() && !self.scope.memories.is_empty() => {
                return self.load_of(ty, true);
            }
            10 if ty.is_ref() && self.table_get_constant(ty) => return,
            _ => {}
        }
        match ty {
            Ty::Func if self.rng.chance(3, 4) => match self.scope.any_reference(self.rng) {
                Some(func) => self.push_func(func),
                None => self.push_null(ty),
            },
            Ty::Func | Ty::Extern => self.push_null(ty),
            _ => {
                let bits = number(self.rng, ty, self.swarm.edges);
                self.push_constant(ty, bits);
            }
        }
    }

    /// Pushes null.
    pub fn push_null(&mut self, ty: Ty) {
        self.emit(Instr::RefNull(ty));
        self.pushed(ty, true);
    }

    /// Pushes a reference to a function.
    pub fn push_func(&mut self, func: u32) {
        self.emit(Instr::RefFunc(func));
        self.pushed(Ty::Func, true);
        let ty = self.scope.funcs[func as usize].ty;
        if let Some(value) = self.stack.last_mut() {
            value.func = Some(ty);
        }
    }

    /// Pushes a global.
    pub fn push_global(&mut self, index: u32) {
        let global = self.scope.globals[index as usize];
        self.emit(Instr::GlobalGet(index));
        self.pushed(global.ty, global.exact);
    }

    /// A free local of a type that any value of it can be assigned to.
    pub fn scratch(&mut self, ty: Ty, exact: bool) -> u32 {
        let fits = |local: &Local| {
            local.ty == ty && local.free && local.func.is_none() && (exact || !local.exact)
        };
        if let Some(local) = self.find_local(fits) {
            self.locals[local as usize].set = true;
            return local;
        }
        self.add_local(ty, true)
    }

    /// A new local.
    pub fn add_local(&mut self, ty: Ty, free: bool) -> u32 {
        self.locals.push(Local { ty, exact: false, func: None, free, set: free });
        self.locals.len() as u32 - 1
    }

    // --- what becomes of values ---

    /// Takes the topmost value to where it is observed.
    pub fn sink(&mut self) {
        let Some(value) = self.top() else { return };
        if value.ty.is_ref() {
            return self.sink_reference(value);
        }
        match self.rng.below(12) {
            0 => {
                if let Some(global) =
                    self.scope.find_global(self.rng, |global| global.ty == value.ty && global.free)
                {
                    return self.global_set(global);
                }
            }
            1 | 2 if !self.scope.memories.is_empty() => return self.store_top(),
            3 if self.set_local(None, false) => return,
            4 if self.rng.chance(1, 3) && self.trace_top() => return,
            _ => {}
        }
        let (mut ty, into) = match value.ty {
            Ty::F32 => (Ty::I32, Some(op::I32_REINTERPRET)),
            Ty::F64 => (Ty::I64, Some(op::I64_REINTERPRET)),
            ty => (ty, None),
        };
        if let Some(code) = into {
            self.make_exact();
            self.emit(Instr::Op(code));
        }
        if ty == Ty::I64 && self.rng.chance(1, 8) {
            self.emit(Instr::Op(0xa7));
            ty = Ty::I32;
        }
        self.take(1);
        let (acc, rotl) = match ty {
            Ty::I32 => (self.scope.acc32, op::I32_ROTL),
            _ => (self.scope.acc64, op::I64_ROTL),
        };
        let code = match (ty, self.rng.below(3)) {
            (Ty::I32, 0) => op::I32_ADD,
            (Ty::I32, 1) => op::I32_SUB,
            (Ty::I32, _) => op::I32_XOR,
            (_, 0) => op::I64_ADD,
            (_, 1) => op::I64_SUB,
            _ => op::I64_XOR,
        };
        self.emit(Instr::GlobalGet(acc));
        if self.rng.chance(3, 4) {
            self.emit(constant(ty, 7));
            self.emit(Instr::Op(rotl));
        }
        self.emit(Instr::Op(code));
        self.emit(Instr::GlobalSet(acc));
    }

    /// Has exactly these types lie above the floor.
    pub fn settle(&mut self, target: &[Ty]) {
        // A sink may take what lies below as well, for an address.
        let same = loop {
            let have = self.stack[self.floor..].iter().map(|value| value.ty);
            let same = have.zip(target).take_while(|(have, want)| have == *want).count();
            if self.height() == same {
                break same;
            }
            self.sink();
        };
        for &ty in &target[same..] {
            self.push_value(ty);
        }
    }

    /// Assigns the topmost value to a local, to this one if it is named. False when no local is
    /// suitable.
    pub fn set_local(&mut self, to: Option<u32>, tee: bool) -> bool {
        let Some(value) = self.top() else { return false };
        let fits = |local: &Local| {
            local.ty == value.ty && local.free && (local.func.is_none() || local.func == value.func)
        };
        let found = match to {
            Some(to) => fits(&self.locals[to as usize]).then_some(to),
            None => self.find_local(fits),
        };
        let Some(index) = found else { return false };
        if self.locals[index as usize].exact {
            self.make_exact();
        }
        let local = &mut self.locals[index as usize];
        local.set = true;
        if tee {
            self.emit(Instr::LocalTee(index));
            if let Some(value) = self.stack.last_mut() {
                value.local = Some(index);
            }
        } else {
            self.take(1);
            self.emit(Instr::LocalSet(index));
        }
        true
    }

    /// Assigns the topmost value to a global.
    pub fn global_set(&mut self, index: u32) {
        if self.scope.globals[index as usize].exact {
            self.make_exact();
        }
        self.take(1);
        self.emit(Instr::GlobalSet(index));
    }

    // --- sequences ---

    /// Some actions.
    pub fn sequence(&mut self, count: u32) {
        for _ in 0..count {
            if self.steps == 0 || self.cost > MOST_COST {
                return;
            }
            self.steps -= 1;
            if self.height() as u32 >= self.swarm.depth {
                if self.rng.chance(1, 2) {
                    self.numeric();
                } else {
                    self.sink();
                }
            }
            let action = self.swarm.action(self.rng);
            self.action(action);
        }
    }

    /// Whether something that executes as many instructions may be added.
    pub fn affords(&self, cost: u32) -> bool {
        self.cost.saturating_add(cost.saturating_mul(self.turns)) <= MOST_COST
    }

    fn action(&mut self, action: Action) {
        match action {
            Action::Push => {
                let ty = self.swarm.ty(self.rng);
                self.push_value(ty);
            }
            Action::Numeric => self.numeric(),
            Action::LocalSet | Action::LocalTee => {
                if self.top().is_none() {
                    let ty = self.swarm.ty(self.rng);
                    self.push_value(ty);
                }
                self.set_local(None, action == Action::LocalTee);
            }
            Action::SetWhileOnStack => self.set_while_on_stack(),
            Action::Load => {
                let ty = self.swarm.ty(self.rng);
                if !ty.is_ref() && !self.scope.memories.is_empty() {
                    self.load_of(ty, false);
                }
            }
            Action::Store => {
                if !self.scope.memories.is_empty() {
                    self.store();
                }
            }
            Action::Global => {
                if self.rng.chance(1, 2) {
                    if let Some(global) = self.scope.find_global(self.rng, |_| true) {
                        return self.push_global(global);
                    }
                }
                if let Some(global) = self.scope.find_global(self.rng, |global| global.free) {
                    let ty = self.scope.globals[global as usize].ty;
                    self.want(&[ty]);
                    self.global_set(global);
                }
            }
            Action::Select => self.select(),
            Action::Block => self.block(),
            Action::Loop => self.repeat(),
            Action::If => self.condition(),
            Action::BrIf => self.branch_if(),
            Action::Switch => self.switch(),
            Action::Call => self.call_any(false),
            Action::CallHost => self.call_any(true),
            Action::CallIndirect => self.call_indirect(),
            Action::Exit => self.conditional_exit(),
            Action::Reference | Action::BulkTable if !self.swarm.references => {}
            Action::Reference => self.reference(),
            Action::BulkMemory => self.bulk_memory(),
            Action::BulkTable => self.bulk_table(),
            Action::Grow => self.grow(),
            Action::Sink => self.sink(),
            Action::Drop => {
                if self.top().is_some() {
                    self.take(1);
                    self.emit(Instr::Op(op::DROP));
                }
            }
            Action::Nop => self.emit(Instr::Op(op::NOP)),
        }
    }

    /// Assigns to a local of which the stack holds an earlier value.
    fn set_while_on_stack(&mut self) {
        let held: Vec<u32> = self.stack.iter().filter_map(|value| value.local).collect();
        let target = if held.is_empty() {
            let Some(local) = self.find_local(|local| local.free) else { return };
            self.push_local(local);
            local
        } else {
            *self.rng.pick(&held)
        };
        let local = self.locals[target as usize];
        if !local.free || local.func.is_some() {
            return;
        }
        // Something lies above it, often.
        if self.rng.chance(1, 3) {
            let ty = self.swarm.ty(self.rng);
            self.push_value(ty);
        }
        if self.rng.chance(1, 2) && !local.ty.is_ref() {
            let bits = number(self.rng, local.ty, self.swarm.edges);
            self.push_constant(local.ty, bits);
        } else {
            self.push_value(local.ty);
        }
        let tee = self.rng.chance(1, 4);
        self.set_local(Some(target), tee);
    }

    fn select(&mut self) {
        let ty = match self.top() {
            Some(value) if self.rng.chance(2, 3) => value.ty,
            _ => self.swarm.ty(self.rng),
        };
        self.want(&[ty, ty]);
        self.push_condition();
        self.take(1);
        let pair = self.take(2);
        if ty.is_ref() || self.rng.chance(1, 3) {
            self.emit(Instr::SelectTyped(ty));
        } else {
            self.emit(Instr::Op(op::SELECT));
        }
        self.pushed(ty, pair.iter().all(|value| value.exact));
        if pair[0].func == pair[1].func {
            if let Some(value) = self.stack.last_mut() {
                value.func = pair[0].func;
            }
        }
    }

    /// Pushes an i32 for a branch or `select`: one condition, or several that `and` and `or` join,
    /// as compilers write them.
    pub fn push_condition(&mut self) {
        self.push_comparison();
        while self.rng.chance(self.swarm.joins, 16) {
            self.push_comparison();
            self.take(2);
            let code = if self.rng.chance(1, 2) { op::I32_AND } else { op::I32_OR };
            self.emit(Instr::Op(code));
            if self.rng.chance(1, 5) {
                self.emit(Instr::Op(op::I32_EQZ));
            }
            self.pushed(Ty::I32, true);
        }
    }

    /// Pushes an i32: a comparison, often.
    fn push_comparison(&mut self) {
        match self.rng.below(6) {
            0..=2 => {
                let ty = match self.swarm.ty(self.rng) {
                    ty if ty.is_ref() => Ty::I32,
                    ty => ty,
                };
                self.push_value(ty);
                if ty == Ty::I32 && self.rng.chance(1, 5) {
                    self.take(1);
                    self.emit(Instr::Op(op::I32_EQZ));
                } else {
                    if self.rng.chance(1, 2) {
                        let bits = number(self.rng, ty, self.swarm.edges);
                        self.push_constant(ty, bits);
                    } else {
                        self.push_value(ty);
                    }
                    self.take(2);
                    let first = match ty {
                        Ty::I32 => 0x46,
                        Ty::I64 => 0x51,
                        Ty::F32 => 0x5b,
                        _ => 0x61,
                    };
                    let count = if matches!(ty, Ty::I32 | Ty::I64) { 10 } else { 6 };
                    let code = first + self.rng.below(count) as u16;
                    self.emit(Instr::Op(code));
                }
                self.pushed(Ty::I32, true);
            }
            3 if self.top().is_some_and(|value| value.ty == Ty::I32 && value.local.is_some()) => {
                let local = self.top().and_then(|value| value.local).unwrap_or(0);
                self.push_local(local);
            }
            _ => self.push_value(Ty::I32),
        }
    }

    /// The index of a block type, added to the module when it is new.
    pub fn block_type(&mut self, params: &[Ty], results: &[Ty]) -> u32 {
        self.scope.module.intern(FuncType { params: params.to_vec(), results: results.to_vec() })
    }

    /// Whether this is a function that every other one may call.
    pub fn is_guarded(&self) -> bool {
        self.scope.funcs[self.me as usize].kind == Kind::Guarded
    }
}
