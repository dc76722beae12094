//! Blocks, loops that end, branches with values, and ways out of a function.

use super::super::ast::{op, Instr, Ty};
use super::body::{Body, Label, Target, Value};
use super::numbers::constant;

impl Body<'_> {
    /// Generates a nested sequence whose parameters are the topmost values, and takes it out.
    fn nested(&mut self, params: usize, label: Label, inner: impl FnOnce(&mut Self)) -> Vec<Instr> {
        let out = std::mem::take(&mut self.out);
        let floor = std::mem::replace(&mut self.floor, self.stack.len() - params);
        let at = self.floor;
        for value in &mut self.stack[at..] {
            forget(value);
        }
        self.labels.push(label);
        inner(self);
        self.labels.pop();
        self.stack.truncate(self.floor);
        self.floor = floor;
        std::mem::replace(&mut self.out, out)
    }

    fn push_all(&mut self, types: &[Ty]) {
        types.iter().for_each(|&ty| self.pushed(ty, false));
    }

    /// Types of the topmost values, at most `most` of them.
    fn params(&mut self, most: u32) -> Vec<Ty> {
        let count = (self.rng.below(most + 1) as usize).min(self.height());
        self.stack[self.stack.len() - count..].iter().map(|value| value.ty).collect()
    }

    fn some_types(&mut self, most: u32) -> Vec<Ty> {
        let count = match self.rng.below(12) {
            0 => self.rng.below(self.swarm.results + 1),
            _ => self.rng.below(most + 1),
        };
        (0..count).map(|_| self.swarm.ty(self.rng)).collect()
    }

    fn part(&mut self) -> u32 {
        self.rng.range(1, self.swarm.steps.min(8))
    }

    pub(super) fn block(&mut self) {
        let params = self.params(3);
        let results = self.some_types(3);
        let ty = self.block_type(&params, &results);
        let label = Label { types: results.clone(), target: Target::Block, continued: false };
        let steps = self.part();
        let body = self.nested(params.len(), label, |body| {
            body.sequence(steps);
            body.settle(&results);
        });
        self.emit(Instr::Block(ty, body));
        self.push_all(&results);
    }

    /// A loop that is counted by a local, in one of several ways.
    pub(super) fn repeat(&mut self) {
        let turns = self.rng.range(1, self.swarm.turns);
        if !self.affords(turns * 20) {
            return;
        }
        let params = self.params(3);
        let results = if self.rng.chance(1, 2) { params.clone() } else { self.some_types(2) };
        let ty = self.block_type(&params, &results);
        let of = if self.rng.chance(1, 5) { Ty::I64 } else { Ty::I32 };
        let up = self.rng.chance(1, 3);
        let counter = self.add_local(of, false);
        self.emit(constant(of, if up { 0 } else { u64::from(turns) }));
        self.emit(Instr::LocalSet(counter));
        let before = self.turns;
        self.turns = before.saturating_mul(turns);
        let label = Label {
            types: params.clone(),
            target: if up { Target::OwnBranchOnly } else { Target::Loop(counter, of) },
            continued: false,
        };
        let steps = self.part();
        let body = self.nested(params.len(), label, |body| {
            body.sequence(steps);
            body.settle(&params);
            let continued = body.labels.last().is_some_and(|label| label.continued);
            body.count(counter, of, up, turns, continued);
            body.emit(Instr::BrIf(0));
            for value in body.stack.iter_mut().skip(body.floor) {
                forget(value);
            }
            body.settle(&results);
        });
        self.turns = before;
        self.emit(Instr::Loop(ty, body));
        self.push_all(&results);
    }

    /// Counts a turn, and leaves whether there is one more.
    fn count(&mut self, counter: u32, of: Ty, up: bool, turns: u32, continued: bool) {
        let (add, sub, gt) = match of {
            Ty::I32 => (op::I32_ADD, op::I32_SUB, op::I32_GT_S),
            _ => (op::I64_ADD, op::I64_SUB, op::I64_GT_S),
        };
        self.emit(Instr::LocalGet(counter));
        if up {
            self.emit(constant(of, 1));
            self.emit(Instr::Op(add));
            self.emit(Instr::LocalTee(counter));
            self.emit(constant(of, u64::from(turns)));
            let less: [u16; 3] =
                if of == Ty::I32 { [0x48, 0x49, 0x47] } else { [0x53, 0x54, 0x52] };
            let code = *self.rng.pick(&less);
            self.emit(Instr::Op(code));
            return;
        }
        if self.rng.chance(1, 3) {
            self.emit(constant(of, u64::MAX));
            self.emit(Instr::Op(add));
        } else {
            self.emit(constant(of, 1));
            self.emit(Instr::Op(sub));
        }
        self.emit(Instr::LocalTee(counter));
        if continued || of == Ty::I64 || self.rng.chance(1, 2) {
            self.emit(constant(of, 0));
            self.emit(Instr::Op(gt));
        }
    }

    pub(super) fn condition(&mut self) {
        let params = self.params(2);
        let results = if self.rng.chance(1, 2) { params.clone() } else { self.some_types(2) };
        let ty = self.block_type(&params, &results);
        self.push_condition();
        self.take(1);
        let operands: Vec<Value> = self.stack[self.stack.len() - params.len()..].to_vec();
        let arm = |this: &mut Self, results: &[Ty]| {
            let label = Label { types: results.to_vec(), target: Target::Block, continued: false };
            let steps = this.part();
            let leaves = this.rng.chance(1, 10);
            this.nested(params.len(), label, |body| {
                body.sequence(steps);
                if leaves {
                    body.leave();
                } else {
                    body.settle(results);
                }
            })
        };
        let cost = self.cost;
        let then = arm(self, &results);
        let otherwise = if params == results && self.rng.chance(1, 2) {
            Vec::new()
        } else {
            self.stack.extend(operands);
            let after = self.cost;
            self.cost = cost;
            let arm = arm(self, &results);
            self.cost = self.cost.max(after);
            arm
        };
        self.emit(Instr::If(ty, then, otherwise));
        self.push_all(&results);
    }

    /// A conditional branch to any label, with its values; a branch to a loop counts a turn.
    pub(super) fn branch_if(&mut self) {
        let depth = self.rng.below(self.labels.len() as u32);
        let index = self.labels.len() - 1 - depth as usize;
        let types = self.labels[index].types.clone();
        if types.len() > 6 && !self.rng.chance(1, 4) {
            return;
        }
        if self.labels[index].target == Target::OwnBranchOnly {
            return;
        }
        self.want(&types);
        self.push_condition();
        if let Target::Loop(counter, of) = self.labels[index].target {
            self.labels[index].continued = true;
            let (sub, gt) = match of {
                Ty::I32 => (op::I32_SUB, op::I32_GT_S),
                _ => (op::I64_SUB, op::I64_GT_S),
            };
            for instr in [
                Instr::LocalGet(counter),
                constant(of, 1),
                Instr::Op(sub),
                Instr::LocalTee(counter),
                constant(of, 0),
                Instr::Op(gt),
                Instr::Op(op::I32_AND),
            ] {
                self.emit(instr);
            }
        }
        self.take(1);
        self.emit(Instr::BrIf(depth));
    }

    /// Nested blocks, a `br_table` in the innermost, and code for each target.
    pub(super) fn switch(&mut self) {
        let kept = self.some_types(2);
        let cases = self.rng.range(1, 3);
        let ty = self.block_type(&[], &kept);
        let types = kept.clone();
        let outer = Label { types: kept.clone(), target: Target::Block, continued: false };
        let body = self.nested(0, outer, |body| body.case(cases, ty, &types));
        self.emit(Instr::Block(ty, body));
        self.push_all(&kept);
    }

    fn case(&mut self, left: u32, ty: u32, types: &[Ty]) {
        if left == 0 {
            self.sequence(2);
            self.want(types);
            self.push_value(Ty::I32);
            if self.rng.chance(1, 2) {
                self.emit(Instr::I32(3));
                self.emit(Instr::Op(op::I32_AND));
            }
            let targets: Vec<u32> = (0..self.labels.len() as u32)
                .filter(|&depth| {
                    let label = &self.labels[self.labels.len() - 1 - depth as usize];
                    label.types == types && label.target == Target::Block
                })
                .collect();
            let count = match self.swarm.limit {
                super::swarm::Limit::Targets(count) => count,
                _ => self.rng.below(5),
            };
            let depths = (0..count).map(|_| *self.rng.pick(&targets)).collect();
            let default = *self.rng.pick(&targets);
            self.emit(Instr::BrTable(depths, default));
            return;
        }
        let label = Label { types: types.to_vec(), target: Target::Block, continued: false };
        let body = self.nested(0, label, |body| body.case(left - 1, ty, types));
        self.emit(Instr::Block(ty, body));
        self.push_all(types);
        self.sequence(2);
        self.settle(types);
        if self.rng.chance(1, 2) {
            let depth = self.rng.below(left.min(self.labels.len() as u32));
            let label = &self.labels[self.labels.len() - 1 - depth as usize];
            if label.types == types && label.target == Target::Block {
                self.emit(Instr::Br(depth));
            }
        }
    }

    /// Leaves the function, or a block, where a condition holds.
    pub(super) fn conditional_exit(&mut self) {
        let ty = self.block_type(&[], &[]);
        self.push_condition();
        self.take(1);
        let label = Label { types: Vec::new(), target: Target::Block, continued: false };
        let cost = self.cost;
        let then = self.nested(0, label, |body| {
            body.sequence(2);
            body.leave();
        });
        self.cost = self.cost.max(cost);
        self.emit(Instr::If(ty, then, Vec::new()));
    }

    /// Ends a sequence with a branch, a return or a tail call.
    fn leave(&mut self) {
        match self.rng.below(8) {
            0..=2 if self.tail_call() => {}
            3 | 4 => {
                let results = self.results.clone();
                self.want(&results);
                self.emit(Instr::Op(op::RETURN));
            }
            5 if self.rng.chance(self.swarm.traps, 256) => self.emit(Instr::Op(op::UNREACHABLE)),
            _ => {
                let depth = self.rng.below(self.labels.len() as u32);
                let label = &self.labels[self.labels.len() - 1 - depth as usize];
                let (depth, types) = if label.target == Target::Block {
                    (depth, label.types.clone())
                } else {
                    (self.labels.len() as u32 - 1, self.results.clone())
                };
                self.want(&types);
                self.emit(Instr::Br(depth));
            }
        }
    }
}

/// Forgets what is known of a value: another one may come from elsewhere.
fn forget(value: &mut Value) {
    value.exact = !matches!(value.ty, Ty::F32 | Ty::F64);
    value.func = None;
    value.local = None;
}
