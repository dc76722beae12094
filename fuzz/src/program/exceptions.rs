//! The same program with exceptions: branches and returns become throws, which a `try_table` around
//! the body of the label's block catches. What it computes is the same, so that an engine without
//! exceptions judges it.
//!
//! Some throws happen in a function of their own that is called, and some of those catch the
//! exception with its reference and throw it again; other clauses and other `try_table`s lie
//! between.

use super::ast::{op, FuncType, Instr, Module, Program, Thrower, Ty};
use super::rng::Rng;

/// The program with exceptions; `None` where the seed says that it stays without, or there is no
/// branch to replace.
pub fn variant(program: &Program) -> Option<Program> {
    let mut rng = Rng::new(program.seed ^ 0x7468_726f_7773);
    if !cfg!(feature = "exceptions") || !rng.chance(1, 3) {
        return None;
    }
    let mut program = program.clone();
    let mut thrown = false;
    for module in &mut program.modules {
        for index in 0..module.funcs.len() {
            let body = std::mem::take(&mut module.funcs[index].body);
            let ty = module.funcs[index].ty;
            let results = module.types[ty as usize].results.clone();
            let mut change = Change { rng: &mut rng, module, labels: Vec::new(), thrown: false };
            let body = change.label(ty, results, body, true);
            thrown |= change.thrown;
            module.funcs[index].body = body;
        }
    }
    thrown.then_some(program)
}

/// A label of the original.
struct Label {
    /// Whether a `try_table` lies directly inside of it.
    wrapped: bool,
    types: Vec<Ty>,
}

struct Change<'c> {
    rng: &'c mut Rng,
    module: &'c mut Module,
    labels: Vec<Label>,
    thrown: bool,
}

impl Change<'_> {
    /// The body of a block or a function, of this type, in a `try_table` or as it is.
    fn label(&mut self, ty: u32, types: Vec<Ty>, body: Vec<Instr>, can_wrap: bool) -> Vec<Instr> {
        let wrapped = can_wrap && self.rng.chance(1, 2);
        self.labels.push(Label { wrapped, types: types.clone() });
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
        vec![Instr::TryTable(ty, clauses, body)]
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

    /// The depth of a label with the `try_table`s that are inside of it.
    fn depth(&self, depth: u32) -> u32 {
        let inside = self.labels.iter().rev().take(depth as usize);
        depth + inside.filter(|label| label.wrapped).count() as u32
    }

    /// A branch to a label: a throw, perhaps, if that label catches.
    fn branch(&mut self, depth: u32) -> Option<Vec<Instr>> {
        let label = self.labels.iter().rev().nth(depth as usize).filter(|label| label.wrapped)?;
        let types = label.types.clone();
        if self.rng.chance(1, 4) {
            return None;
        }
        // A clause for all tags in between would catch first, at a label with the wrong values.
        let between = self.labels.iter().rev().take(depth as usize);
        if between
            .clone()
            .any(|label| label.wrapped && (label.types.is_empty() || label.types == types))
        {
            return None;
        }
        self.thrown = true;
        let tag = self.tag(&types);
        let reference = self.rng.chance(1, 3);
        Some(if self.rng.chance(1, 2) {
            vec![Instr::Throw(tag)]
        } else {
            let thrower = Thrower { tag, reference };
            let known = self.module.throwers.iter().position(|known| *known == thrower);
            let index = known.unwrap_or_else(|| {
                self.module.throwers.push(thrower);
                self.module.throwers.len() - 1
            });
            vec![Instr::ThrowIn(index as u32), Instr::Op(op::UNREACHABLE)]
        })
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
