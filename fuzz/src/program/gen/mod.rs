//! From a seed to a program: modules with what they import of each other, and calls.
//!
//! Programs are valid and end: functions call directly only those with a higher index, and all
//! others take fuel from a global; loops are counted. What each function may execute is estimated
//! while it is generated, and bounded.

mod body;
mod calls;
mod control;
mod memory;
pub mod numbers;
mod references;
mod scope;
mod swarm;

use super::ast::{
    Call, Data, Elem, Func, FuncType, Global, Init, Instr, Item, Memory, Program, Source, Table,
    Ty, HOST,
};
use super::rng::Rng;
use body::Body;
use scope::{FuncInfo, GlobalInfo, Kind, Region, Scope, TableInfo, Tables};
use swarm::{Limit, Swarm};

/// The program that belongs to a seed.
pub fn generate(seed: u64) -> Program {
    generate_for(seed, true)
}

/// The same; without `host` for where there are no host functions and a small memory: pages are of
/// one byte then.
pub fn generate_for(seed: u64, host: bool) -> Program {
    let mut rng = Rng::new(seed);
    let mut swarm = Swarm::new(&mut rng);
    swarm.host = host;
    swarm.bytes_pages |= !host;
    let tables = Tables::default();
    let mut scopes: Vec<Scope> = Vec::new();
    let results: Vec<Vec<Ty>> = (0..3).map(|_| types(&mut rng, &swarm, swarm.results)).collect();
    for index in 0..swarm.modules {
        let scope = module(&mut rng, &swarm, tables, &scopes, &results, index);
        scopes.push(scope);
    }
    let calls = calls(&mut rng, &scopes);
    let modules = scopes.into_iter().map(|scope| scope.module).collect();
    Program { seed, modules, calls }
}

fn types(rng: &mut Rng, swarm: &Swarm, most: u32) -> Vec<Ty> {
    (0..rng.below(most + 1)).map(|_| swarm.ty(rng)).collect()
}

fn module(
    rng: &mut Rng,
    swarm: &Swarm,
    tables: Tables,
    earlier: &[Scope],
    results: &[Vec<Ty>],
    index: usize,
) -> Scope {
    let mut scope = Scope::default();
    if let Limit::Types(count) = swarm.limit {
        for i in 0..count {
            let bits = (0..7).map(|bit| if i >> bit & 1 == 0 { Ty::I32 } else { Ty::F64 });
            scope.module.intern(FuncType { params: bits.collect(), results: vec![Ty::I64] });
        }
    }
    import_funcs(rng, swarm, &mut scope, earlier);
    declare_funcs(rng, swarm, &mut scope, results, index + 1 == swarm.modules);
    memories(rng, swarm, &mut scope, earlier);
    make_tables(rng, swarm, &mut scope, earlier);
    globals(rng, swarm, &mut scope, earlier);
    segments(rng, &mut scope);
    define_funcs(rng, swarm, tables, &mut scope);
    scope.module.exported = (0..scope.funcs.len() as u32).collect();
    if rng.chance(1, 12) {
        let start = (0..scope.funcs.len() as u32).find(|&func| {
            let kind = scope.funcs[func as usize].kind;
            let ty = scope.func_type(func);
            ty.params.is_empty()
                && ty.results.is_empty()
                && matches!(kind, Kind::Guarded | Kind::Plain)
        });
        scope.module.start = start;
    }
    scope
}

fn import_funcs(rng: &mut Rng, swarm: &Swarm, scope: &mut Scope, earlier: &[Scope]) {
    for which in 0..HOST.len() as u32 {
        let takes_references = HOST[which as usize].params.iter().any(|ty| ty.is_ref());
        if rng.chance(1, 4) && (swarm.references || !takes_references) && swarm.host {
            let ty = scope.module.intern(Scope::host_type(which));
            scope.module.imports.push((Item::Func(ty), Source::Host(which)));
            scope.funcs.push(FuncInfo { ty, kind: Kind::Host, imported: true, cost: 0 });
        }
    }
    for (from, other) in earlier.iter().enumerate() {
        for (index, func) in other.funcs.iter().enumerate().take(40) {
            if func.imported
                || !matches!(func.kind, Kind::Guarded | Kind::Plain)
                || rng.chance(1, 3)
            {
                continue;
            }
            let ty = scope.module.intern(other.func_type(index as u32).clone());
            scope.module.imports.push((Item::Func(ty), Source::Module(from, index as u32)));
            scope.funcs.push(FuncInfo { ty, imported: true, ..*func });
        }
    }
}

fn declare_funcs(rng: &mut Rng, swarm: &Swarm, scope: &mut Scope, results: &[Vec<Ty>], last: bool) {
    let mut count = swarm.funcs;
    let mut fillers = 0;
    if let Limit::Funcs(least) = swarm.limit {
        fillers = least;
        count += least;
    }
    let entries = if last { rng.range(1, 2) } else { rng.below(2) };
    // Functions that have something to do come first or last.
    let first = if rng.chance(1, 2) { 0 } else { fillers };
    for i in 0..count + entries {
        let kind = if i >= first && i < first + entries {
            Kind::Entry
        } else if rng.chance(1, 2) {
            Kind::Guarded
        } else {
            Kind::Plain
        };
        let ty = match rng.below(8) {
            // What the host can call, and what can be a start function.
            0 if kind == Kind::Guarded => {
                FuncType { params: vec![Ty::I32], results: vec![Ty::I32] }
            }
            1 if kind != Kind::Entry => FuncType::default(),
            // What a function that was declared is as well, for tail calls and tables.
            2 | 3 if !scope.funcs.is_empty() => {
                let func = rng.below(scope.funcs.len() as u32);
                scope.func_type(func).clone()
            }
            _ => {
                let params = types(rng, swarm, swarm.params);
                FuncType { params, results: rng.pick(results).clone() }
            }
        };
        let ty = scope.module.intern(ty);
        scope.funcs.push(FuncInfo { ty, kind, imported: false, cost: 0 });
    }
}

fn memories(rng: &mut Rng, swarm: &Swarm, scope: &mut Scope, earlier: &[Scope]) {
    let mut count = swarm.memories;
    for (from, other) in earlier.iter().enumerate() {
        let imported = other.module.imported()[1];
        for (index, memory) in other.module.memories.iter().enumerate() {
            if count > 0 && rng.chance(1, 2) {
                count -= 1;
                let source = Source::Module(from, imported + index as u32);
                scope.module.imports.push((Item::Memory(*memory), source));
                scope.memories.push(bytes_of(memory));
            }
        }
    }
    for _ in 0..count {
        let memory = if swarm.bytes_pages {
            let min = *rng.pick(&[16, 64, 100, 255, 256, 300, 1024, 2000]);
            Memory { log2_page: 0, min, max: Some(min + rng.below(4)) }
        } else {
            Memory { log2_page: 16, min: 1, max: Some(rng.range(1, 2)) }
        };
        scope.module.memories.push(memory);
        scope.memories.push(bytes_of(&memory));
    }
}

fn bytes_of(memory: &Memory) -> u32 {
    memory.min << memory.log2_page
}

fn make_tables(rng: &mut Rng, swarm: &Swarm, scope: &mut Scope, earlier: &[Scope]) {
    for (from, other) in earlier.iter().enumerate() {
        let imported = other.module.imported()[2];
        for (index, table) in other.module.tables.iter().enumerate() {
            if !rng.chance(1, 2) {
                continue;
            }
            let index = imported + index as u32;
            scope.module.imports.push((Item::Table(*table), Source::Module(from, index)));
            let mut info = other.tables[index as usize].clone();
            for region in &mut info.regions {
                region.ty = scope.module.intern(other.module.types[region.ty as usize].clone());
            }
            // Some functions of this module take the places of others of their type.
            for region in info.regions.clone() {
                if let Some(func) = scope.func_of_type(rng, region.ty) {
                    if rng.chance(1, 2) {
                        let at = region.base + rng.below(region.mask + 1);
                        let active = Some((scope.tables.len() as u32, at));
                        let items = vec![Init::Func(func)];
                        scope.module.elems.push(Elem { ty: Ty::Func, active, items });
                    }
                }
            }
            scope.tables.push(info);
        }
    }
    for ty in [Ty::Func, Ty::Extern, Ty::Func] {
        let wanted = if scope.tables.is_empty() { 6 } else { 2 };
        if !rng.chance(wanted, 8) || ty == Ty::Extern && !swarm.references {
            continue;
        }
        let table = scope.tables.len() as u32;
        let mut regions: Vec<Region> = Vec::new();
        let mut size = 0;
        for _ in 0..3 {
            if ty == Ty::Extern {
                break;
            }
            let Some(func) = scope.any_reference(rng) else { break };
            let of = scope.funcs[func as usize].ty;
            let mask = *rng.pick(&[0, 1, 3]);
            let items: Vec<Init> =
                (0..=mask).filter_map(|_| scope.func_of_type(rng, of).map(Init::Func)).collect();
            scope.module.elems.push(Elem { ty, active: Some((table, size)), items });
            regions.push(Region { ty: of, base: size, mask });
            size += mask + 1;
        }
        let free = size;
        size += rng.below(7);
        if size == 0 {
            size = 4;
        }
        scope.module.tables.push(Table { ty, min: size, max: Some(size + rng.below(4)) });
        scope.tables.push(TableInfo { ty, size, free, regions });
    }
}

fn globals(rng: &mut Rng, swarm: &Swarm, scope: &mut Scope, earlier: &[Scope]) {
    let mut constants = Vec::new();
    for (from, other) in earlier.iter().enumerate() {
        let imported = other.module.imported()[3];
        for (index, global) in other.module.globals.iter().enumerate() {
            let index = imported + index as u32;
            let info = other.globals[index as usize];
            if rng.chance(1, 3) {
                let item = Item::Global(global.ty, global.mutable);
                scope.module.imports.push((item, Source::Module(from, index)));
                if !global.mutable {
                    constants.push((scope.globals.len() as u32, global.ty));
                }
                scope.globals.push(info);
            }
        }
    }
    let mut own = vec![(Ty::I32, 0), (Ty::I32, 1), (Ty::I64, 2)];
    let mut count = rng.below(5);
    if let Limit::Globals(least) = swarm.limit {
        count += least;
    }
    for _ in 0..count {
        let at = rng.below(own.len() as u32 + 1) as usize;
        own.insert(at, (swarm.ty(rng), 3));
    }
    for (ty, role) in own {
        let index = scope.globals.len() as u32;
        let constant = constants.iter().find(|known| known.1 == ty);
        let mut init = match (ty, constant) {
            (_, Some(&(index, _))) if rng.chance(1, 3) => Init::Global(index),
            (Ty::Func, _) => scope.any_reference(rng).map_or(Init::Null, Init::Func),
            (Ty::Extern, _) => Init::Null,
            _ => Init::Bits(numbers::number(rng, ty, swarm.edges)),
        };
        match role {
            0 => {
                scope.fuel = index;
                init = Init::Bits(20);
            }
            1 => scope.acc32 = index,
            2 => scope.acc64 = index,
            _ => {}
        }
        let mutable = role < 3 || rng.chance(4, 5);
        scope.module.globals.push(Global { ty, mutable, init });
        let exact = role < 3 || !mutable || rng.chance(1, 2);
        scope.globals.push(GlobalInfo { ty, exact, free: role == 3 && mutable, mutable });
    }
}

fn segments(rng: &mut Rng, scope: &mut Scope) {
    for memory in 0..scope.memories.len() as u32 {
        let bytes = scope.memories[memory as usize];
        let len = rng.below(bytes.min(40) + 1);
        let content = (0..len).map(|_| rng.next() as u8).collect();
        let active = Some((memory, rng.below(bytes - len + 1)));
        scope.module.datas.push(Data { active, bytes: content });
    }
    for _ in 0..rng.below(3) {
        let content = (0..rng.below(20)).map(|_| rng.next() as u8).collect();
        if rng.chance(1, 3) {
            scope.droppable_datas.push(scope.module.datas.len() as u32);
        }
        scope.module.datas.push(Data { active: None, bytes: content });
    }
    for _ in 0..rng.below(2) {
        let items = (0..rng.below(6)).map(|_| match scope.any_reference(rng) {
            Some(func) if rng.chance(3, 4) => Init::Func(func),
            _ => Init::Null,
        });
        let items = items.collect();
        if rng.chance(1, 3) {
            scope.droppable_elems.push(scope.module.elems.len() as u32);
        }
        scope.module.elems.push(Elem { ty: Ty::Func, active: None, items });
    }
}

fn define_funcs(rng: &mut Rng, swarm: &Swarm, tables: Tables, scope: &mut Scope) {
    let imported = scope.module.imported()[0];
    let count = scope.funcs.len() as u32;
    // From the last on, so that what those execute that may be called is known.
    let mut funcs: Vec<Func> = Vec::new();
    for me in (imported..count).rev() {
        let info = scope.funcs[me as usize];
        let fuel = scope.fuel;
        let small = count - imported > 40 && info.kind != Kind::Entry && rng.chance(15, 16);
        let mut body = Body::new(rng, swarm, tables, scope, me);
        match info.kind {
            Kind::Entry => {
                body.emit(Instr::I32(20));
                body.emit(Instr::GlobalSet(fuel));
            }
            Kind::Guarded => body.guard(),
            _ => {}
        }
        if small {
            body.steps = 1;
        } else {
            body.limits();
        }
        body.generate();
        let locals = body.locals[body.params..].iter().map(|local| local.ty).collect();
        let cost = body.cost;
        funcs.push(Func { ty: info.ty, locals, body: std::mem::take(&mut body.out) });
        scope.funcs[me as usize].cost = cost;
    }
    funcs.reverse();
    scope.module.funcs = funcs;
}

impl Body<'_> {
    /// What exceeds an encoding limit in a body, where the program is about one.
    fn limits(&mut self) {
        match self.swarm.limit {
            Limit::Operands(count) if self.rng.chance(1, 2) => {
                for _ in 0..count {
                    let ty = self.swarm.ty(self.rng);
                    self.push_value(ty);
                }
                self.cost = 0;
            }
            Limit::Distance(bytes) if self.scope.funcs[self.me as usize].kind == Kind::Entry => {
                let ty = self.block_type(&[], &[]);
                let acc = self.scope.acc32;
                self.push_condition();
                self.take(1);
                let mut body = Vec::new();
                for i in 0..bytes / 8 {
                    let value = self.rng.next() as i32 >> 16;
                    body.extend([
                        Instr::GlobalGet(acc),
                        Instr::I32(value),
                        Instr::Op(if i % 2 == 0 { 0x73 } else { 0x6a }),
                        Instr::GlobalSet(acc),
                    ]);
                }
                self.emit(Instr::If(ty, body, Vec::new()));
            }
            _ => {}
        }
    }
}

fn calls(rng: &mut Rng, scopes: &[Scope]) -> Vec<Call> {
    let mut calls = Vec::new();
    for (module, scope) in scopes.iter().enumerate() {
        for func in 0..scope.funcs.len() as u32 {
            if scope.funcs[func as usize].kind != Kind::Entry {
                continue;
            }
            for _ in 0..rng.range(1, 3) {
                let params = &scope.func_type(func).params;
                let args = params.iter().map(|&ty| match ty {
                    Ty::Func => 0,
                    Ty::Extern => u64::from(rng.below(5)),
                    _ => numbers::number(rng, ty, 8),
                });
                calls.push(Call { module, func, args: args.collect() });
            }
        }
    }
    calls
}
