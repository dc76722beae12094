//! Swarm testing: each seed switches features off, and weighs the others, so that programs differ
//! in kind and not only in detail.

use super::super::ast::Ty;
use super::super::rng::Rng;

/// What the generator can do next in a function body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Action {
    Push,
    Numeric,
    LocalSet,
    LocalTee,
    SetWhileOnStack,
    Load,
    Store,
    Global,
    Select,
    Block,
    Loop,
    If,
    BrIf,
    Switch,
    Call,
    CallIndirect,
    CallHost,
    Exit,
    Reference,
    BulkMemory,
    BulkTable,
    Grow,
    Sink,
    Drop,
    Nop,
}

const ACTIONS: [(Action, u32); 25] = [
    (Action::Push, 10),
    (Action::Numeric, 30),
    (Action::LocalSet, 10),
    (Action::LocalTee, 6),
    (Action::SetWhileOnStack, 6),
    (Action::Load, 6),
    (Action::Store, 6),
    (Action::Global, 4),
    (Action::Select, 5),
    (Action::Block, 4),
    (Action::Loop, 3),
    (Action::If, 4),
    (Action::BrIf, 5),
    (Action::Switch, 2),
    (Action::Call, 6),
    (Action::CallIndirect, 4),
    (Action::CallHost, 2),
    (Action::Exit, 2),
    (Action::Reference, 4),
    (Action::BulkMemory, 1),
    (Action::BulkTable, 1),
    (Action::Grow, 1),
    (Action::Sink, 2),
    (Action::Drop, 1),
    (Action::Nop, 1),
];

/// The weights of one program.
pub struct Swarm {
    table: Vec<Action>,
    /// Types of values, those that occur often more than once.
    pub types: Vec<Ty>,
    /// Whether references occur as values. Without them a program can be precompiled.
    pub references: bool,
    /// Whether host functions may be imported.
    pub host: bool,
    /// Actions in a function body.
    pub steps: u32,
    /// Operands that are kept on the stack at most, unless something needs more.
    pub depth: u32,
    /// How often out of 16 an instruction takes what lies on the stack instead of fresh values.
    pub reuse: u32,
    /// How often out of 16 a local that is pushed is one of those that were set last.
    pub recent: u32,
    /// Functions of a module.
    pub funcs: u32,
    pub modules: usize,
    /// Parameters of a function, at most; results likewise.
    pub params: u32,
    pub results: u32,
    /// Locals behind the parameters.
    pub locals: u32,
    /// Instructions that may trap are left unguarded this often out of 256.
    pub traps: u32,
    /// A condition is joined with another one this often out of 16.
    pub joins: u32,
    /// Turns of a loop, at most.
    pub turns: u32,
    /// Constants are edge values this often out of 16.
    pub edges: u32,
    /// Memories, which may be 0, and whether they have pages of one byte.
    pub memories: u32,
    pub bytes_pages: bool,
    /// One encoding limit that this program is about.
    pub limit: Limit,
}

/// An encoding limit that a program exceeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    None,
    /// More operands than the register cache holds, or than a byte names.
    Operands(u32),
    /// More globals, functions or types than one byte of LEB128 names, or than 256.
    Globals(u32),
    Funcs(u32),
    Types(u32),
    /// A branch over this many bytes.
    Distance(u32),
    /// A `br_table` with this many targets.
    Targets(u32),
}

/// Numbers of locals around what one byte counts: as index, as slot, and as one of several groups.
const LOCALS: [u32; 20] =
    [0, 1, 2, 3, 120, 124, 126, 127, 128, 129, 130, 200, 240, 246, 250, 254, 256, 258, 300, 520];

impl Swarm {
    /// The weights that belong to a seed.
    pub fn new(rng: &mut Rng) -> Swarm {
        let mut table = Vec::with_capacity(512);
        for (action, weight) in ACTIONS {
            let factor = match rng.below(8) {
                0 => 0,
                1 => 1,
                7 => 9,
                _ => 3,
            };
            let count = match action {
                // Something has to be computed.
                Action::Push | Action::Numeric => weight * factor.max(1),
                _ => weight * factor,
            };
            table.resize(table.len() + count as usize, action);
        }
        let mut types = types(rng);
        let references = !rng.chance(1, 3);
        if !references {
            types.retain(|ty| !ty.is_ref());
        }
        if types.iter().all(|ty| ty.is_ref()) {
            types.push(Ty::I32);
        }
        let limit = match rng.below(200) {
            0 => {
                Limit::Operands(*rng.pick(&[15, 16, 17, 18, 33, 100, 120, 128, 230, 245, 256, 300]))
            }
            1 => Limit::Globals(*rng.pick(&[126, 128, 130, 254, 256, 260])),
            2 => Limit::Funcs(*rng.pick(&[126, 128, 130, 254, 256, 258])),
            3 => Limit::Types(*rng.pick(&[62, 64, 66, 126, 128, 130])),
            4 if rng.chance(1, 8) => Limit::Distance(*rng.pick(&[9_000, 16_000, 17_000, 40_000])),
            5 => Limit::Targets(*rng.pick(&[16, 126, 128, 254, 256, 300])),
            _ => Limit::None,
        };
        let locals = match rng.below(10) {
            0 => *rng.pick(&LOCALS),
            1 => rng.below(40),
            _ => rng.range(2, 8),
        };
        Swarm {
            table,
            types,
            references,
            host: true,
            steps: *rng.pick(&[2, 3, 4, 5, 6, 8, 8, 10, 14, 24]),
            depth: *rng.pick(&[3, 5, 8, 14, 20]),
            reuse: *rng.pick(&[4, 8, 12, 14, 16]),
            recent: *rng.pick(&[0, 6, 12, 15]),
            funcs: *rng.pick(&[0, 1, 1, 2, 2, 3, 3, 5]),
            modules: if limit == Limit::None { *rng.pick(&[1, 1, 1, 1, 1, 2, 2, 3]) } else { 1 },
            params: if rng.chance(1, 12) { *rng.pick(&[12, 20, 33]) } else { rng.range(1, 5) },
            results: if rng.chance(1, 16) { *rng.pick(&[8, 17, 20]) } else { rng.range(1, 3) },
            locals,
            traps: if rng.chance(1, 8) { *rng.pick(&[2, 10, 60]) } else { 0 },
            joins: *rng.pick(&[0, 0, 1, 8]),
            turns: *rng.pick(&[1, 2, 3, 5]),
            edges: *rng.pick(&[2, 6, 12]),
            memories: *rng.pick(&[0, 1, 1, 1, 1, 2]),
            bytes_pages: !rng.chance(1, 8),
            limit,
        }
    }

    /// What comes next.
    pub fn action(&self, rng: &mut Rng) -> Action {
        *rng.pick(&self.table)
    }

    /// A type.
    pub fn ty(&self, rng: &mut Rng) -> Ty {
        *rng.pick(&self.types)
    }
}

fn types(rng: &mut Rng) -> Vec<Ty> {
    let mut types = Vec::new();
    let all =
        [(Ty::I32, 5), (Ty::I64, 3), (Ty::F32, 2), (Ty::F64, 2), (Ty::Func, 2), (Ty::Extern, 1)];
    for (ty, weight) in all {
        let factor = *rng.pick(&[0, 1, 1, 1, 3]);
        types.resize(types.len() + weight * factor, ty);
    }
    types
}
