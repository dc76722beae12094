//! The same program without an instruction that wasmi 1.1.0 is wrong on: a `br_if` that takes four
//! values or more may lose one of them, where the last is a fresh operand and others are locals. An
//! `if` with the values as parameters and a `br` in it does the same.

use super::super::ast::{FuncType, Instr, Module, Program, Ty};

/// Values from which on wasmi copies them together.
const WIDE: usize = 4;

/// The program with each such `br_if` replaced; `None` if it has none.
pub fn without_wide_br_if(program: &Program) -> Option<Program> {
    let mut program = program.clone();
    let mut any = false;
    for module in &mut program.modules {
        for index in 0..module.funcs.len() {
            let body = std::mem::take(&mut module.funcs[index].body);
            let ty = module.funcs[index].ty as usize;
            let mut labels = vec![module.types[ty].results.clone()];
            let body = list(module, body, &mut labels, &mut any);
            module.funcs[index].body = body;
        }
    }
    any.then_some(program)
}

/// The instructions of one sequence, inside of labels that take values of these types.
fn list(
    module: &mut Module,
    body: Vec<Instr>,
    labels: &mut Vec<Vec<Ty>>,
    any: &mut bool,
) -> Vec<Instr> {
    let mut inside = |module: &mut Module, ty: u32, body: Vec<Instr>, is_loop: bool| {
        let ty = &module.types[ty as usize];
        labels.push(if is_loop { ty.params.clone() } else { ty.results.clone() });
        let body = list(module, body, labels, any);
        labels.pop();
        body
    };
    let mut out = Vec::with_capacity(body.len());
    let mut branches = Vec::new();
    for instr in body {
        out.push(match instr {
            Instr::Block(ty, body) => Instr::Block(ty, inside(module, ty, body, false)),
            Instr::Loop(ty, body) => Instr::Loop(ty, inside(module, ty, body, true)),
            Instr::If(ty, then, otherwise) => {
                let then = inside(module, ty, then, false);
                Instr::If(ty, then, inside(module, ty, otherwise, false))
            }
            Instr::BrIf(depth) => {
                branches.push((out.len(), depth));
                Instr::BrIf(depth)
            }
            other => other,
        });
    }
    for (at, depth) in branches {
        let label = labels.iter().rev().nth(depth as usize).cloned().unwrap_or_default();
        if label.len() >= WIDE {
            let ty = module.intern(FuncType { params: label.clone(), results: label });
            out[at] = Instr::If(ty, vec![Instr::Br(depth + 1)], Vec::new());
            *any = true;
        }
    }
    out
}
