//! The same program with exceptions: branches and returns become throws, which a `try_table` around
//! the body of the label's block catches. What it computes is the same, so that an engine without
//! exceptions judges it.
//!
//! Some throws happen in a function of their own that is called, and some of those catch the
//! exception with its reference and throw it again; other clauses and other `try_table`s lie
//! between. Half of the programs have the older `try`, `catch`, `rethrow` and `delegate` instead,
//! which leads past clauses that would catch.

use super::ast::{op, FuncType, Instr, Module, Program, Thrower, Ty};
use super::rng::Rng;

/// The program with exceptions; `None` where the seed says that it stays without, or there is no
/// branch to replace.
pub fn variant(program: &Program) -> Option<Program> {
    let mut rng = Rng::new(program.seed ^ 0x7468_726f_7773);
    if !cfg!(feature = "exceptions") || !rng.chance(1, 3) {
        return None;
    }
    let older = Rng::new(program.seed ^ 0x006f_6c64_6572).chance(1, 2);
    let older = cfg!(feature = "legacy-exceptions") && older;
    let mut program = program.clone();
    let mut thrown = false;
    for module in &mut program.modules {
        for index in 0..module.funcs.len() {
            let body = std::mem::take(&mut module.funcs[index].body);
            let ty = module.funcs[index].ty;
            let results = module.types[ty as usize].results.clone();
            let mut change =
                Change { rng: &mut rng, module, older, labels: Vec::new(), thrown: false };
            let body = change.label(ty, results, body, true);
            thrown |= change.thrown;
            module.funcs[index].body = body;
        }
    }
    thrown.then_some(program)
}

/// A label of the original.
struct Label {
    /// The number of `try_table`s or `try`s that lie directly inside of it.
    inside: u32,
    types: Vec<Ty>,
}

struct Change<'c> {
    rng: &'c mut Rng,
    module: &'c mut Module,
    /// Whether exceptions are the older ones.
    older: bool,
    labels: Vec<Label>,
    thrown: bool,
}

impl Change<'_> {
    /// The body of a block or a function, of this type, in a `try_table` or as it is.
    fn label(&mut self, ty: u32, types: Vec<Ty>, body: Vec<Instr>, can_wrap: bool) -> Vec<Instr> {
        let wrapped = can_wrap && self.rng.chance(1, 2);
        let twice = wrapped && self.older && self.rng.chance(1, 4);
        self.labels.push(Label { inside: wrapped as u32 + twice as u32, types: types.clone() });
        let body = self.list(body);
        self.labels.pop();
        if !wrapped {
            return body;
        }
        let own = self.tag(&types);
        let mut clauses = Vec::new();
        // Another tag, with values of the same types.
        if self.rng.chance(1, 4) {
            clauses.push((Some(self.other_tag(&types)), 0));
        }
        clauses.push(if types.is_empty() && self.rng.chance(1, 2) {
            (None, 0)
        } else {
            (Some(own), 0)
        });
        if self.rng.chance(1, 4) {
            clauses.push((Some(own), 0));
        }
        // Functions have their parameters in locals, blocks on the stack.
        let ty = if self.labels.is_empty() {
            self.module.intern(FuncType { params: Vec::new(), results: types })
        } else {
            ty
        };
        if self.older {
            return self.older_try(ty, body, clauses, twice.then_some(own));
        }
        vec![Instr::TryTable(ty, clauses, body)]
    }

    /// A `try` whose clauses pass on what they get, perhaps with another one in it that throws an
    /// exception with this tag again.
    fn older_try(
        &mut self,
        ty: u32,
        mut body: Vec<Instr>,
        clauses: Vec<(Option<u32>, u32)>,
        again: Option<u32>,
    ) -> Vec<Instr> {
        if let Some(tag) = again {
            let values = &self.module.types[self.module.tags[tag as usize] as usize].params;
            let dropped = self.rng.below(values.len() as u32 + 1) as usize;
            let mut handler = vec![Instr::Op(op::DROP); dropped];
            handler.push(Instr::Rethrow(0));
            body = vec![Instr::Try(ty, body, vec![(Some(tag), handler)])];
        }
        let mut kept: Vec<(Option<u32>, Vec<Instr>)> = Vec::new();
        for (tag, _) in clauses {
            kept.push((tag, Vec::new()));
            // Nothing stands behind `catch_all`.
            if tag.is_none() {
                break;
            }
        }
        vec![Instr::Try(ty, body, kept)]
    }

    fn tag(&mut self, types: &[Ty]) -> u32 {
        let ty = self.module.intern(FuncType { params: types.to_vec(), results: Vec::new() });
        match self.module.tags.iter().position(|&known| known == ty) {
            Some(tag) => tag as u32,
            None => self.add_tag(ty),
        }
    }

    fn other_tag(&mut self, types: &[Ty]) -> u32 {
        let ty = self.module.intern(FuncType { params: types.to_vec(), results: Vec::new() });
        self.add_tag(ty)
    }

    fn add_tag(&mut self, ty: u32) -> u32 {
        self.module.tags.push(ty);
        self.module.tags.len() as u32 - 1
    }

    /// The depth of a label with the `try_table`s that are inside of it: that of the innermost one
    /// which lies directly inside of the label.
    fn depth(&self, depth: u32) -> u32 {
        let inside = self.labels.iter().rev().take(depth as usize);
        depth + inside.map(|label| label.inside).sum::<u32>()
    }

    /// A branch to a label: a throw, perhaps, if that label catches.
    fn branch(&mut self, depth: u32) -> Option<Vec<Instr>> {
        let label =
            self.labels.iter().rev().nth(depth as usize).filter(|label| label.inside != 0)?;
        let types = label.types.clone();
        if self.rng.chance(1, 4) {
            return None;
        }
        // A clause for all tags in between would catch first, at a label with the wrong values.
        let between = self.labels.iter().rev().take(depth as usize);
        let mut between = between.filter(|label| label.inside != 0);
        let blocked = between.any(|label| label.types.is_empty() || label.types == types);
        if blocked && !self.older {
            return None;
        }
        let delegated = self.older && (blocked || self.rng.chance(1, 3));
        self.thrown = true;
        let tag = self.tag(&types);
        let reference = self.rng.chance(1, 3);
        let thrown = if self.rng.chance(1, 2) {
            vec![Instr::Throw(tag)]
        } else {
            let thrower = Thrower { tag, reference, older: self.older };
            let known = self.module.throwers.iter().position(|known| *known == thrower);
            let index = known.unwrap_or_else(|| {
                self.module.throwers.push(thrower);
                self.module.throwers.len() - 1
            });
            vec![Instr::ThrowIn(index as u32), Instr::Op(op::UNREACHABLE)]
        };
        if !delegated {
            return Some(thrown);
        }
        let ty = self.module.intern(FuncType { params: types, results: Vec::new() });
        let delegate = Instr::Delegate(ty, thrown, self.depth(depth));
        Some(vec![delegate, Instr::Op(op::UNREACHABLE)])
    }

    fn list(&mut self, list: Vec<Instr>) -> Vec<Instr> {
        let mut out = Vec::with_capacity(list.len());
        for instr in list {
            out.push(match instr {
                Instr::Block(ty, body) => {
                    let results = self.module.types[ty as usize].results.clone();
                    Instr::Block(ty, self.label(ty, results, body, true))
                }
                Instr::Loop(ty, body) => {
                    let params = self.module.types[ty as usize].params.clone();
                    Instr::Loop(ty, self.label(ty, params, body, false))
                }
                Instr::If(ty, then, otherwise) => {
                    let results = self.module.types[ty as usize].results.clone();
                    let then = self.label(ty, results.clone(), then, false);
                    Instr::If(ty, then, self.label(ty, results, otherwise, false))
                }
                Instr::Br(depth) => match self.branch(depth) {
                    Some(thrown) => {
                        out.extend(thrown);
                        continue;
                    }
                    None => Instr::Br(self.depth(depth)),
                },
                Instr::Op(op::RETURN) => match self.branch(self.labels.len() as u32 - 1) {
                    Some(thrown) => {
                        out.extend(thrown);
                        continue;
                    }
                    None => Instr::Op(op::RETURN),
                },
                Instr::BrIf(depth) => Instr::BrIf(self.depth(depth)),
                Instr::BrTable(depths, default) => {
                    let depths = depths.into_iter().map(|depth| self.depth(depth)).collect();
                    Instr::BrTable(depths, self.depth(default))
                }
                other => other,
            });
        }
        out
    }
}
