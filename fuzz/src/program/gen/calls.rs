//! Calls in all their forms.

use super::super::ast::{op, Instr, Ty, CALLBACK};
use super::body::Body;
use super::scope::{Kind, Region};

impl Body<'_> {
    /// What a call of this function may execute at most; `None` when this one must not call it.
    fn cost_of(&self, func: u32) -> Option<u32> {
        let info = &self.scope.funcs[func as usize];
        match info.kind {
            Kind::Host => Some(60),
            Kind::Entry => None,
            // What it executes is paid for with fuel.
            Kind::Guarded => Some(16),
            Kind::Plain => (info.imported || func > self.me).then_some(info.cost + 4),
        }
    }

    /// A function for which a condition holds, which this one may call at this place.
    fn callee(&mut self, wanted: impl Fn(&Self, u32) -> bool) -> Option<u32> {
        let count = self.scope.funcs.len() as u32;
        let start = self.rng.below(count);
        (0..count.min(12)).map(|i| (start + i) % count).find(|&func| {
            self.cost_of(func).is_some_and(|cost| self.affords(cost)) && wanted(self, func)
        })
    }

    pub(super) fn call_any(&mut self, host: bool) {
        let found =
            self.callee(|body, func| (body.scope.funcs[func as usize].kind == Kind::Host) == host);
        if let Some(func) = found {
            self.call(func);
        }
    }

    fn call(&mut self, func: u32) {
        let ty = self.scope.func_type(func).clone();
        let cost = self.cost_of(func).unwrap_or(0);
        self.want(&ty.params);
        self.take(ty.params.len() as u32);
        self.emit(Instr::Call(func));
        self.cost = self.cost.saturating_add(cost.saturating_mul(self.turns));
        // A host function returns floats that are determined.
        let exact = self.scope.funcs[func as usize].kind == Kind::Host;
        ty.results.iter().for_each(|&ty| self.pushed(ty, exact));
    }

    /// Shows the topmost value to the host. False when no host function is imported that takes it.
    pub(super) fn trace_top(&mut self) -> bool {
        let Some(value) = self.top() else { return false };
        let found = self.callee(|body, func| {
            let ty = body.scope.func_type(func);
            body.scope.funcs[func as usize].kind == Kind::Host
                && ty.params.last() == Some(&value.ty)
        });
        let Some(func) = found else { return false };
        let ty = self.scope.func_type(func).clone();
        if ty.params.len() > 1 {
            // The others lie below it.
            let local = self.scratch(value.ty, value.exact);
            self.take(1);
            self.emit(Instr::LocalSet(local));
            ty.params[..ty.params.len() - 1].iter().for_each(|&ty| self.push_value(ty));
            self.emit(Instr::LocalGet(local));
            self.pushed(value.ty, value.exact);
        }
        self.take(ty.params.len() as u32);
        self.emit(Instr::Call(func));
        self.cost = self.cost.saturating_add(self.turns.saturating_mul(60));
        ty.results.iter().for_each(|&ty| self.pushed(ty, true));
        while self.height() > 0 && !ty.results.is_empty() && self.rng.chance(1, 2) {
            self.emit(Instr::Op(op::DROP));
            self.take(1);
        }
        true
    }

    /// Pushes an index of an element in a region.
    fn region_index(&mut self, region: Region) {
        if self.rng.chance(1, 4) {
            let index = region.base + self.rng.below(region.mask + 1);
            return self.push_constant(Ty::I32, u64::from(index));
        }
        // Not what is on the stack already, for that is the last argument.
        self.push_value(Ty::I32);
        if self.rng.chance(self.swarm.traps, 256) {
            return;
        }
        self.emit(Instr::I32(region.mask as i32));
        self.emit(Instr::Op(op::I32_AND));
        if region.base != 0 {
            self.emit(Instr::I32(region.base as i32));
            self.emit(Instr::Op(op::I32_ADD));
        }
    }

    pub(super) fn call_indirect(&mut self) {
        if !self.affords(20) {
            return;
        }
        let Some((table, region)) = self.scope.any_region(self.rng) else { return };
        let ty = self.scope.module.types[region.ty as usize].clone();
        self.want(&ty.params);
        self.region_index(region);
        self.take(ty.params.len() as u32 + 1);
        self.emit(Instr::CallIndirect(region.ty, table));
        self.cost = self.cost.saturating_add(self.turns.saturating_mul(20));
        ty.results.iter().for_each(|&ty| self.pushed(ty, false));
    }

    /// Ends the sequence with a tail call of a function that returns what this one does. False when
    /// there is none.
    pub(super) fn tail_call(&mut self) -> bool {
        if self.rng.chance(1, 3) {
            let wanted = self.results.clone();
            if let Some((table, region)) =
                self.scope.region_where(self.rng, |ty| ty.results == wanted)
            {
                let ty = self.scope.module.types[region.ty as usize].clone();
                self.want(&ty.params);
                self.region_index(region);
                self.emit(Instr::ReturnCallIndirect(region.ty, table));
                return true;
            }
        }
        let results = self.results.clone();
        let found = self.callee(|body, func| body.scope.func_type(func).results == results);
        let Some(func) = found else { return false };
        let params = self.scope.func_type(func).params.clone();
        let cost = self.cost_of(func).unwrap_or(0);
        self.want(&params);
        self.emit(Instr::ReturnCall(func));
        self.cost = self.cost.saturating_add(cost.saturating_mul(self.turns));
        true
    }

    /// The prologue of a function that anybody may call: without fuel it returns at once.
    pub fn guard(&mut self) {
        let fuel = self.scope.fuel;
        let results = self.results.clone();
        let ty = self.block_type(&[], &[]);
        for instr in [
            Instr::GlobalGet(fuel),
            Instr::I32(1),
            Instr::Op(op::I32_SUB),
            Instr::GlobalSet(fuel),
            Instr::GlobalGet(fuel),
            Instr::I32(0),
            Instr::Op(op::I32_LT_S),
        ] {
            self.emit(instr);
        }
        let out = std::mem::take(&mut self.out);
        let floor = std::mem::replace(&mut self.floor, self.stack.len());
        results.iter().for_each(|&ty| {
            let local = (0..self.params).find(|&i| self.locals[i].ty == ty);
            match local {
                Some(local) => self.push_local(local as u32),
                None if ty.is_ref() => self.push_null(ty),
                None => self.push_constant(ty, 0),
            }
        });
        self.emit(Instr::Op(op::RETURN));
        self.stack.truncate(self.floor);
        self.floor = floor;
        let then = std::mem::replace(&mut self.out, out);
        self.emit(Instr::If(ty, then, Vec::new()));
    }

    /// The host function that calls back, if it is imported.
    pub(super) fn callback(&mut self) -> bool {
        let Some(func) = self.scope.host_func(CALLBACK) else { return false };
        if !self.affords(80) {
            return false;
        }
        let ty = self.scope.func_type(func).clone();
        // Its argument is of the type that it calls, or null.
        let found = self.scope.callback_target(self.rng);
        match found {
            Some(target) => self.push_func(target),
            None => self.push_null(Ty::Func),
        }
        self.push_value(Ty::I32);
        self.take(2);
        self.emit(Instr::Call(func));
        self.cost = self.cost.saturating_add(self.turns.saturating_mul(80));
        ty.results.iter().for_each(|&ty| self.pushed(ty, true));
        true
    }
}
