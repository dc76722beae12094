//! Makes a program smaller while something is still wrong with it: calls, whole functions,
//! sequences and single instructions are removed or replaced, then what nothing refers to any more.
//!
//! A candidate need not be what the generator would make: one that is not valid, or does not end,
//! does not count as failing.

use super::ast::{op, Func, Init, Instr, Item, Module, Program, Ty};
use super::gen::numbers::constant;
use std::time::{Duration, Instant};

/// Reduces a program as long as `fails` holds for what is left, for a limited time.
pub fn reduce(
    program: &Program,
    time: Duration,
    mut fails: impl FnMut(&Program) -> bool,
) -> Program {
    let mut reducer =
        Reducer { best: program.clone(), end: Instant::now() + time, fails: &mut fails };
    loop {
        let before = size(&reducer.best);
        reducer.calls();
        reducer.functions();
        reducer.sequences();
        reducer.replacements();
        reducer.unused();
        reducer.modules();
        if size(&reducer.best) >= before || reducer.is_over() {
            return reducer.best;
        }
    }
}

/// Instructions and items, about.
pub fn size(program: &Program) -> usize {
    let module = |module: &Module| {
        module.types.len()
            + module.imports.len()
            + module.exported.len()
            + module.globals.len()
            + module.tables.len()
            + module.memories.len()
            + module.elems.iter().map(|elem| 1 + elem.items.len()).sum::<usize>()
            + module.datas.iter().map(|data| 1 + data.bytes.len()).sum::<usize>()
            + module
                .funcs
                .iter()
                .map(|func| 1 + func.locals.len() + count(&func.body))
                .sum::<usize>()
    };
    program.modules.iter().map(module).sum::<usize>() + program.calls.len()
}

fn count(list: &[Instr]) -> usize {
    list.iter()
        .map(|instr| match instr {
            Instr::Block(_, body) | Instr::Loop(_, body) => 2 + count(body),
            Instr::If(_, then, otherwise) => 3 + count(then) + count(otherwise),
            Instr::BrTable(depths, _) => 2 + depths.len(),
            Instr::I32(0) | Instr::I64(0) | Instr::F32(0) | Instr::F64(0) => 1,
            Instr::I32(_) | Instr::I64(_) | Instr::F32(_) | Instr::F64(_) => 2,
            _ => 2,
        })
        .sum()
}

struct Reducer<'f> {
    best: Program,
    end: Instant,
    fails: &'f mut dyn FnMut(&Program) -> bool,
}

impl Reducer<'_> {
    fn is_over(&self) -> bool {
        Instant::now() > self.end
    }

    /// Keeps a change if the program still fails.
    fn try_change(&mut self, change: impl FnOnce(&mut Program)) -> bool {
        if self.is_over() {
            return false;
        }
        let mut candidate = self.best.clone();
        change(&mut candidate);
        if size(&candidate) >= size(&self.best) || !(self.fails)(&candidate) {
            return false;
        }
        self.best = candidate;
        true
    }

    fn calls(&mut self) {
        let mut at = self.best.calls.len();
        while at > 0 {
            at -= 1;
            self.try_change(|program| {
                program.calls.remove(at);
            });
        }
    }

    fn functions(&mut self) {
        for module in (0..self.best.modules.len()).rev() {
            for func in (0..self.best.modules[module].funcs.len()).rev() {
                self.try_change(|program| {
                    let module = &mut program.modules[module];
                    let results = module.types[module.funcs[func].ty as usize].results.clone();
                    let body = results.into_iter().map(zero).collect();
                    module.funcs[func] =
                        Func { locals: Vec::new(), body, ..module.funcs[func].clone() };
                });
            }
            self.try_change(|program| program.modules[module].elems.clear());
            self.try_change(|program| program.modules[module].datas.clear());
            self.try_change(|program| program.modules[module].start = None);
        }
    }

    /// Removes parts of sequences: halves, quarters, single instructions; replaces blocks by what
    /// they contain.
    fn sequences(&mut self) {
        for module in 0..self.best.modules.len() {
            for func in 0..self.best.modules[module].funcs.len() {
                let mut path = 0;
                loop {
                    let body = &self.best.modules[module].funcs[func].body;
                    let Some(len) = nth(body, path).map(<[Instr]>::len) else { break };
                    self.sequence(module, func, path, len);
                    path += 1;
                    if self.is_over() {
                        return;
                    }
                }
            }
        }
    }

    fn sequence(&mut self, module: usize, func: usize, path: usize, len: usize) {
        let mut part = len;
        while part > 0 {
            let mut at = self.len(module, func, path).saturating_sub(part);
            loop {
                let changed = self.try_change(|program| {
                    if let Some(list) = nth_mut(&mut program.modules[module].funcs[func].body, path)
                    {
                        let end = (at + part).min(list.len());
                        list.drain(at.min(end)..end);
                    }
                });
                let _ = changed;
                if at == 0 || self.is_over() {
                    break;
                }
                at = at.saturating_sub(part.div_ceil(2).max(1));
            }
            part /= 2;
        }
        for at in (0..self.len(module, func, path)).rev() {
            self.try_change(|program| {
                if let Some(list) = nth_mut(&mut program.modules[module].funcs[func].body, path) {
                    let inner = match list.get(at) {
                        Some(Instr::Block(_, body) | Instr::Loop(_, body)) => body.clone(),
                        Some(Instr::If(_, then, _)) => {
                            let mut inner = vec![Instr::Op(op::DROP)];
                            inner.extend(then.iter().cloned());
                            inner
                        }
                        _ => return,
                    };
                    list.splice(at..=at, inner);
                }
            });
            self.try_change(|program| {
                if let Some(list) = nth_mut(&mut program.modules[module].funcs[func].body, path) {
                    if let Some(Instr::If(_, _, otherwise)) = list.get(at) {
                        let mut inner = vec![Instr::Op(op::DROP)];
                        inner.extend(otherwise.iter().cloned());
                        list.splice(at..=at, inner);
                    }
                }
            });
        }
    }

    fn len(&self, module: usize, func: usize, path: usize) -> usize {
        nth(&self.best.modules[module].funcs[func].body, path).map_or(0, <[Instr]>::len)
    }

    /// Replaces instructions, with up to two before them, by constants, and constants by simpler
    /// ones.
    fn replacements(&mut self) {
        for module in 0..self.best.modules.len() {
            for func in 0..self.best.modules[module].funcs.len() {
                let mut path = 0;
                while nth(&self.best.modules[module].funcs[func].body, path).is_some() {
                    let mut at = self.len(module, func, path);
                    while at > 0 {
                        at -= 1;
                        for before in (0..=2usize.min(at)).rev() {
                            for with in SIMPLE {
                                self.replace(module, func, path, at - before..at + 1, with);
                                if self.is_over() {
                                    return;
                                }
                            }
                            at = at.min(self.len(module, func, path).saturating_sub(1));
                            if before > at {
                                break;
                            }
                        }
                    }
                    path += 1;
                }
            }
        }
    }

    fn replace(
        &mut self,
        module: usize,
        func: usize,
        path: usize,
        range: std::ops::Range<usize>,
        with: &[Instr],
    ) {
        self.try_change(|program| {
            if let Some(list) = nth_mut(&mut program.modules[module].funcs[func].body, path) {
                if range.end <= list.len() && range.start < range.end {
                    list.splice(range, with.iter().cloned());
                }
            }
        });
    }

    /// Removes modules from which the others import nothing, and imports of memories and tables.
    fn modules(&mut self) {
        for module in (0..self.best.modules.len()).rev() {
            self.try_change(|program| {
                program.modules.remove(module);
                program.calls.retain(|call| call.module != module);
                for call in &mut program.calls {
                    call.module -= usize::from(call.module > module);
                }
                let imports = program.modules.iter_mut().flat_map(|other| &mut other.imports);
                for (_, source) in imports {
                    if let super::ast::Source::Module(from, _) = source {
                        match (*from).cmp(&module) {
                            std::cmp::Ordering::Equal => *from = usize::MAX,
                            std::cmp::Ordering::Greater => *from -= 1,
                            std::cmp::Ordering::Less => {}
                        }
                    }
                }
            });
        }
    }

    /// Removes what nothing refers to: locals, exports, and at the end of each index space
    /// functions, globals, tables, memories, types.
    fn unused(&mut self) {
        for module in 0..self.best.modules.len() {
            for at in (0..self.best.modules[module].exported.len()).rev() {
                self.try_change(|program| {
                    program.modules[module].exported.remove(at);
                });
            }
            for func in (0..self.best.modules[module].funcs.len()).rev() {
                for local in (0..self.best.modules[module].funcs[func].locals.len()).rev() {
                    self.try_change(|program| {
                        remove_local(&mut program.modules[module], func, local)
                    });
                }
                self.try_change(|program| remove_func(program, module, func));
            }
            for elem in (0..self.best.modules[module].elems.len()).rev() {
                self.try_change(|program| {
                    program.modules[module].elems.remove(elem);
                });
            }
            for data in (0..self.best.modules[module].datas.len()).rev() {
                self.try_change(|program| {
                    program.modules[module].datas.remove(data);
                });
            }
            for global in (0..self.best.modules[module].globals.len()).rev() {
                self.try_change(|program| remove_global(program, module, global));
            }
            self.try_change(|program| {
                program.modules[module].memories.pop();
            });
            for table in (0..self.best.modules[module].tables.len()).rev() {
                self.try_change(|program| {
                    program.modules[module].tables.remove(table);
                });
            }
            for import in (0..self.best.modules[module].imports.len()).rev() {
                self.try_change(|program| remove_import(program, module, import));
            }
            for ty in (0..self.best.modules[module].types.len()).rev() {
                self.try_change(|program| remove_type(&mut program.modules[module], ty as u32));
            }
        }
    }
}

/// What sequences of up to three instructions are replaced by.
const SIMPLE: &[&[Instr]] = &[
    &[],
    &[Instr::I32(0)],
    &[Instr::I32(1)],
    &[Instr::I64(0)],
    &[Instr::I64(1)],
    &[Instr::F32(0)],
    &[Instr::F64(0)],
    &[Instr::RefNull(Ty::Func)],
    &[Instr::RefNull(Ty::Extern)],
    &[Instr::Op(op::DROP)],
];

fn zero(ty: Ty) -> Instr {
    if ty.is_ref() {
        Instr::RefNull(ty)
    } else {
        constant(ty, 0)
    }
}

/// The sequence with a number, in the order in which they begin.
fn nth(list: &[Instr], path: usize) -> Option<&[Instr]> {
    fn find<'a>(list: &'a [Instr], left: &mut usize) -> Option<&'a [Instr]> {
        if *left == 0 {
            return Some(list);
        }
        *left -= 1;
        for instr in list {
            let (first, second): (&[Instr], &[Instr]) = match instr {
                Instr::Block(_, body) | Instr::Loop(_, body) => (body, &[]),
                Instr::If(_, then, otherwise) => (then, otherwise),
                _ => continue,
            };
            if let Some(found) = find(first, left) {
                return Some(found);
            }
            if matches!(instr, Instr::If(..)) {
                if let Some(found) = find(second, left) {
                    return Some(found);
                }
            }
        }
        None
    }
    let mut left = path;
    find(list, &mut left)
}

fn nth_mut(list: &mut Vec<Instr>, path: usize) -> Option<&mut Vec<Instr>> {
    fn find<'a>(list: &'a mut Vec<Instr>, left: &mut usize) -> Option<&'a mut Vec<Instr>> {
        if *left == 0 {
            return Some(list);
        }
        *left -= 1;
        for instr in list {
            match instr {
                Instr::Block(_, body) | Instr::Loop(_, body) => {
                    if let Some(found) = find(body, left) {
                        return Some(found);
                    }
                }
                Instr::If(_, then, otherwise) => {
                    if let Some(found) = find(then, left) {
                        return Some(found);
                    }
                    if let Some(found) = find(otherwise, left) {
                        return Some(found);
                    }
                }
                _ => {}
            }
        }
        None
    }
    let mut left = path;
    find(list, &mut left)
}

/// Calls `each` for every instruction of a list.
fn visit(list: &mut [Instr], each: &mut impl FnMut(&mut Instr)) {
    for instr in list {
        each(instr);
        match instr {
            Instr::Block(_, body) | Instr::Loop(_, body) => visit(body, each),
            Instr::If(_, then, otherwise) => {
                visit(then, each);
                visit(otherwise, each);
            }
            _ => {}
        }
    }
}

/// An index after one was removed; what referred to that refers to one that does not exist.
fn down(index: &mut u32, removed: u32) {
    if *index == removed {
        *index = u32::MAX / 2;
    } else if *index > removed {
        *index -= 1;
    }
}

fn remove_local(module: &mut Module, func: usize, local: usize) {
    let params = module.types[module.funcs[func].ty as usize].params.len() as u32;
    let func = &mut module.funcs[func];
    func.locals.remove(local);
    visit(&mut func.body, &mut |instr| {
        if let Instr::LocalGet(index) | Instr::LocalSet(index) | Instr::LocalTee(index) = instr {
            down(index, params + local as u32);
        }
    });
}

fn func_removed(program: &mut Program, module: usize, removed: u32) {
    let this = &mut program.modules[module];
    for func in &mut this.funcs {
        visit(&mut func.body, &mut |instr| {
            if let Instr::Call(index) | Instr::ReturnCall(index) | Instr::RefFunc(index) = instr {
                down(index, removed);
            }
        });
    }
    let inits = this.elems.iter_mut().flat_map(|elem| &mut elem.items);
    for init in inits.chain(this.globals.iter_mut().map(|global| &mut global.init)) {
        if let Init::Func(index) = init {
            down(index, removed);
        }
    }
    this.exported.retain(|index| *index != removed);
    this.exported.iter_mut().for_each(|index| down(index, removed));
    if let Some(start) = &mut this.start {
        down(start, removed);
    }
    for call in &mut program.calls {
        if call.module == module {
            down(&mut call.func, removed);
        }
    }
    imports_removed(program, module, removed, |item| matches!(item, Item::Func(_)));
}

/// Mends imports of other modules.
fn imports_removed(
    program: &mut Program,
    module: usize,
    removed: u32,
    kind: impl Fn(&Item) -> bool,
) {
    for other in &mut program.modules {
        for (item, source) in &mut other.imports {
            if let super::ast::Source::Module(from, index) = source {
                if *from == module && kind(item) {
                    down(index, removed);
                }
            }
        }
    }
}

fn remove_func(program: &mut Program, module: usize, func: usize) {
    let index = program.modules[module].imported()[0] + func as u32;
    program.modules[module].funcs.remove(func);
    func_removed(program, module, index);
}

fn global_removed(program: &mut Program, module: usize, removed: u32) {
    let this = &mut program.modules[module];
    for func in &mut this.funcs {
        visit(&mut func.body, &mut |instr| {
            if let Instr::GlobalGet(index) | Instr::GlobalSet(index) = instr {
                down(index, removed);
            }
        });
    }
    for global in &mut this.globals {
        if let Init::Global(index) = &mut global.init {
            down(index, removed);
        }
    }
    imports_removed(program, module, removed, |item| matches!(item, Item::Global(..)));
}

fn remove_global(program: &mut Program, module: usize, global: usize) {
    let index = program.modules[module].imported()[3] + global as u32;
    program.modules[module].globals.remove(global);
    global_removed(program, module, index);
}

/// Removes an import. Memories and tables keep their numbers: it has to be the last one that is
/// used.
fn remove_import(program: &mut Program, module: usize, import: usize) {
    let imports = &program.modules[module].imports;
    let item = imports[import].0;
    let same = |other: &Item| std::mem::discriminant(other) == std::mem::discriminant(&item);
    let index = imports[..import].iter().filter(|(other, _)| same(other)).count() as u32;
    match item {
        Item::Func(_) => {
            program.modules[module].imports.remove(import);
            func_removed(program, module, index);
        }
        Item::Global(..) => {
            program.modules[module].imports.remove(import);
            global_removed(program, module, index);
        }
        _ => {
            program.modules[module].imports.remove(import);
        }
    }
}

fn remove_type(module: &mut Module, removed: u32) {
    module.types.remove(removed as usize);
    for (item, _) in &mut module.imports {
        if let Item::Func(ty) = item {
            down(ty, removed);
        }
    }
    for func in &mut module.funcs {
        down(&mut func.ty, removed);
        visit(&mut func.body, &mut |instr| {
            if let Instr::CallIndirect(ty, _)
            | Instr::ReturnCallIndirect(ty, _)
            | Instr::Block(ty, _)
            | Instr::Loop(ty, _)
            | Instr::If(ty, ..) = instr
            {
                down(ty, removed);
            }
        });
    }
}
