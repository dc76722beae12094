//! The validator's view of a module's functions, for compilers on the host: each validated
//! instruction with its immediates, and what the module declares.

use crate::binary::reader::Parsed;
use crate::binary::types::{Code, GlobalType, MemoryType, TableType, ValType};
use crate::error::Error;
use crate::module::walk as walk_module;
use crate::validate::env::Env;
use crate::validate::locals::Locals;
use crate::validate::visitor::*;
use zonda_exec::op::codes::{
    CATCH, CATCH_ALL, DELEGATE, LOCAL_GET, RETHROW, THROW, THROW_REF, TRY, TRY_TABLE,
};

/// An instruction with its immediates.
pub enum Instr<'i> {
    Unreachable,
    Block(BlockKind),
    Loop(BlockKind),
    If(BlockKind),
    Else,
    End,
    /// A branch out of so many labels.
    Br(u32),
    BrIf(u32),
    BrTable(Targets<'i>),
    Return,
    Call(u32),
    CallIndirect {
        ty: u32,
        table: u32,
    },
    ReturnCall(u32),
    ReturnCallIndirect {
        ty: u32,
        table: u32,
    },
    Drop,
    Select,
    LocalGet(u32),
    LocalSet(u32),
    LocalTee(u32),
    GlobalGet(u32),
    GlobalSet(u32),
    /// A constant, by the opcode of its instruction, with its bits.
    Const(u8, u64),
    RefNull(ValType),
    /// A numeric instruction, by its opcode.
    Numeric(u16),
    Load {
        opcode: u8,
        offset: u32,
        memory: u32,
    },
    Store {
        opcode: u8,
        offset: u32,
        memory: u32,
    },
    /// An instruction on references, tables, memories or segments, by its opcode, with its
    /// indices.
    Object(u16, [u32; 2]),
    /// A vector instruction, by its opcode behind the prefix.
    Vector(u32),
    /// `try_table`, `throw`, `throw_ref` or one of the older exceptions, by its opcode. `try_table`
    /// and `try` have the label of a block, which `delegate` ends as `end` does.
    Exception(u8),
    /// An instruction of function references or GC, by its first opcode.
    Typed(u8),
    /// An atomic instruction, by its opcode behind the prefix.
    Atomic(u32),
}

/// The type of a block.
#[derive(Clone, Copy, Debug)]
pub enum BlockKind {
    Empty,
    Value(ValType),
    /// The index of a function type.
    Func(u32),
}

impl BlockKind {
    fn of(ty: BlockType) -> BlockKind {
        match ty {
            BlockType::Empty => BlockKind::Empty,
            BlockType::Value(code) => {
                ValType::from_code(code).map_or(BlockKind::Empty, BlockKind::Value)
            }
            BlockType::Func(index) => BlockKind::Func(index as u32),
        }
    }
}

/// The targets of `br_table`.
pub struct Targets<'i>(&'i BrTable<'i>);

impl Targets<'_> {
    /// Labels to leave for each target in order; the last one is the default.
    pub fn depths(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.clone().labels().map(|label| label.depth)
    }
}

/// What a module declares.
pub struct Declared<'e> {
    env: &'e Env<'e>,
    imported_funcs: u32,
    start: Option<u32>,
}

impl Declared<'_> {
    /// The number of function types.
    pub fn types(&self) -> usize {
        self.env.types.len()
    }

    /// Parameters and results of a function type.
    pub fn ty(
        &self,
        index: u32,
    ) -> Option<(impl Iterator<Item = ValType> + '_, impl Iterator<Item = ValType> + '_)> {
        let entry = self.env.ty(index).ok()?;
        Some((types(self.env.params(entry)), types(self.env.results(entry))))
    }

    /// Whether types, globals or tables are those of function references or GC.
    #[cfg(feature = "function-references")]
    pub fn has_typed_references(&self) -> bool {
        let is_typed = |ty: ValType| matches!(ty, ValType::Ref(_));
        let in_type = |index| match self.ty(index) {
            Some((mut params, mut results)) => params.any(is_typed) || results.any(is_typed),
            None => true,
        };
        (0..self.types() as u32).any(in_type)
            || self.env.globals.iter().any(|global| is_typed(global.content))
            || self.env.tables.iter().any(|table| is_typed(table.element))
    }

    /// Whether types, globals or tables are those of function references or GC: this build has
    /// neither.
    #[cfg(not(feature = "function-references"))]
    pub fn has_typed_references(&self) -> bool {
        false
    }

    /// The first type that is equal to this one.
    pub fn canonical(&self, index: u32) -> u32 {
        self.env.ty(index).map_or(index, |entry| entry.canonical as u32)
    }

    /// The number of functions, imported ones included.
    pub fn funcs(&self) -> usize {
        self.env.funcs.len()
    }

    /// The type of a function.
    pub fn func(&self, index: u32) -> u32 {
        self.env.funcs.get(index as usize).map_or(0, |&ty| ty as u32)
    }

    /// The number of functions that the module imports.
    pub fn imported_funcs(&self) -> u32 {
        self.imported_funcs
    }

    /// Whether something outside of the code can call a function: an export, an element segment, a
    /// global, the start of the module.
    pub fn is_reachable(&self, func: u32) -> bool {
        self.env.is_declared(func) || self.start == Some(func)
    }

    /// The globals, imported ones first.
    pub fn globals(&self) -> &[GlobalType] {
        &self.env.globals
    }

    /// The number of globals that the module imports.
    pub fn imported_globals(&self) -> u32 {
        self.env.imported_globals
    }

    /// Whether a memory has 64-bit addresses, or a table 64-bit indices.
    pub fn has_64_bit_indices(&self) -> bool {
        self.env.memories.iter().any(|ty| ty.index.is_64())
            || self.env.tables.iter().any(|ty| ty.index.is_64())
    }

    /// The memories, imported ones first.
    pub fn memories(&self) -> &[MemoryType] {
        &self.env.memories
    }

    /// The tables, imported ones first.
    pub fn tables(&self) -> &[TableType] {
        &self.env.tables
    }
}

/// Value types by their codes.
fn types(codes: &[Code]) -> impl Iterator<Item = ValType> + '_ {
    codes.iter().filter_map(|&code| ValType::from_code(code))
}

/// A function body that starts.
pub struct Body<'l> {
    locals: &'l Locals,
}

impl Body<'_> {
    /// The number of locals, parameters included.
    pub fn locals(&self) -> u32 {
        self.locals.count()
    }

    /// The type of a local.
    pub fn local(&self, index: u32) -> Option<ValType> {
        ValType::from_code(self.locals.ty(index).ok()? as Code)
    }
}

/// Receives the functions of a module.
pub trait BodyVisitor {
    /// What the module declares; before the first body.
    fn declared(&mut self, declared: &Declared);
    /// The next function of those that the module defines starts.
    fn begin(&mut self, body: &Body);
    /// An instruction at an offset in the module. Those that cannot be reached are left out, but
    /// for `block`, `loop`, `if`, `else` and `end`.
    fn instruction(&mut self, offset: u32, live: bool, instr: Instr);
    /// The function ends.
    fn finish(&mut self);
}

/// Validates a module and visits its functions.
///
/// # Errors
/// Those of loading the module.
pub fn walk(module: &[u8], visitor: &mut dyn BodyVisitor) -> Result<(), Error> {
    walk_module(module, &mut Adapter(visitor), &mut |adapter, env, imported_funcs, start| {
        adapter.0.declared(&Declared { env, imported_funcs, start });
    })
}

struct Adapter<'v>(&'v mut dyn BodyVisitor);

impl Adapter<'_> {
    fn pass(&mut self, site: &Site, instr: Instr) -> Parsed<()> {
        self.0.instruction(site.pos().wrapping_sub(1) as u32, site.live(), instr);
        Ok(())
    }
}

impl Visitor for Adapter<'_> {
    fn begin(&mut self, _: usize, locals: &Locals) -> Parsed<()> {
        self.0.begin(&Body { locals });
        Ok(())
    }
    #[cfg(feature = "function-references")]
    fn instruction(&mut self, pos: usize, opcode: u8) -> Parsed<()> {
        // call_ref, return_call_ref, ref.eq, ref.as_non_null, br_on_null, br_on_non_null, and what
        // stands behind the prefix of GC.
        if matches!(opcode, 0x14 | 0x15 | 0xd3..=0xd6 | 0xfb) {
            self.0.instruction(pos as u32, true, Instr::Typed(opcode));
        }
        Ok(())
    }
    fn finish(&mut self, _: usize, _: u32) -> Parsed<()> {
        self.0.finish();
        Ok(())
    }
    fn visit_unreachable(&mut self, site: &Site) -> Parsed<()> {
        self.pass(site, Instr::Unreachable)
    }
    fn visit_block(&mut self, site: &Site, block: Block) -> Parsed<()> {
        self.pass(site, Instr::Block(BlockKind::of(block.ty)))
    }
    fn visit_loop(&mut self, site: &Site, block: Block) -> Parsed<()> {
        self.pass(site, Instr::Loop(BlockKind::of(block.ty)))
    }
    fn visit_if(&mut self, site: &Site, block: Block) -> Parsed<()> {
        self.pass(site, Instr::If(BlockKind::of(block.ty)))
    }
    fn visit_try_table(&mut self, site: &Site, _: Block, _: Catches<'_>) -> Parsed<()> {
        self.pass(site, Instr::Exception(TRY_TABLE))
    }
    fn visit_throw(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.pass(site, Instr::Exception(THROW))
    }
    fn visit_throw_ref(&mut self, site: &Site) -> Parsed<()> {
        self.pass(site, Instr::Exception(THROW_REF))
    }
    fn visit_try(&mut self, site: &Site, _: Block) -> Parsed<()> {
        self.pass(site, Instr::Exception(TRY))
    }
    fn visit_catch(&mut self, site: &Site, _: u32, _: u32) -> Parsed<()> {
        self.pass(site, Instr::Exception(CATCH))
    }
    fn visit_rethrow(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.pass(site, Instr::Exception(RETHROW))
    }
    fn visit_delegate(&mut self, site: &Site, _: u32, _: u32) -> Parsed<()> {
        self.pass(site, Instr::Exception(DELEGATE))
    }
    fn visit_catch_all(&mut self, site: &Site) -> Parsed<()> {
        self.pass(site, Instr::Exception(CATCH_ALL))
    }
    fn visit_else(&mut self, site: &Site) -> Parsed<()> {
        self.pass(site, Instr::Else)
    }
    fn visit_end(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.pass(site, Instr::End)
    }
    fn visit_br(&mut self, site: &Site, label: Label) -> Parsed<()> {
        self.pass(site, Instr::Br(label.depth))
    }
    fn visit_br_if(&mut self, site: &Site, label: Label) -> Parsed<()> {
        self.pass(site, Instr::BrIf(label.depth))
    }
    fn visit_br_table(&mut self, site: &Site, targets: BrTable<'_>) -> Parsed<()> {
        self.pass(site, Instr::BrTable(Targets(&targets)))
    }
    fn visit_return(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.pass(site, Instr::Return)
    }
    fn visit_call(&mut self, site: &Site, callee: Func) -> Parsed<()> {
        self.pass(site, Instr::Call(callee.index))
    }
    fn visit_call_indirect(&mut self, site: &Site, callee: IndirectFunc) -> Parsed<()> {
        self.pass(site, Instr::CallIndirect { ty: callee.ty, table: callee.table })
    }
    fn visit_return_call(&mut self, site: &Site, callee: Func) -> Parsed<()> {
        self.pass(site, Instr::ReturnCall(callee.index))
    }
    fn visit_return_call_indirect(&mut self, site: &Site, callee: IndirectFunc) -> Parsed<()> {
        self.pass(site, Instr::ReturnCallIndirect { ty: callee.ty, table: callee.table })
    }
    fn visit_drop(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.pass(site, Instr::Drop)
    }
    fn visit_select(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.pass(site, Instr::Select)
    }
    fn visit_select_typed(&mut self, site: &Site, _: u32) -> Parsed<()> {
        self.pass(site, Instr::Select)
    }
    fn visit_local(&mut self, site: &Site, opcode: u8, local: Local) -> Parsed<()> {
        let instr = match opcode {
            LOCAL_GET => Instr::LocalGet(local.index),
            zonda_exec::op::codes::LOCAL_SET => Instr::LocalSet(local.index),
            _ => Instr::LocalTee(local.index),
        };
        self.pass(site, instr)
    }
    fn visit_global_get(&mut self, site: &Site, global: Global) -> Parsed<()> {
        self.pass(site, Instr::GlobalGet(global.index))
    }
    fn visit_global_set(&mut self, site: &Site, global: Global) -> Parsed<()> {
        self.pass(site, Instr::GlobalSet(global.index))
    }
    fn visit_const(&mut self, site: &Site, opcode: u8, bits: u64) -> Parsed<()> {
        self.pass(site, Instr::Const(opcode, bits))
    }
    fn visit_ref_null(&mut self, site: &Site, ty: ValType) -> Parsed<()> {
        self.pass(site, Instr::RefNull(ty))
    }
    fn visit_numeric(&mut self, site: &Site, opcode: u16) -> Parsed<()> {
        self.pass(site, Instr::Numeric(opcode))
    }
    fn visit_load(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
        let MemArg { offset, memory, .. } = memarg;
        self.pass(site, Instr::Load { opcode, offset, memory })
    }
    fn visit_store(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
        let MemArg { offset, memory, .. } = memarg;
        self.pass(site, Instr::Store { opcode, offset, memory })
    }
    #[cfg(feature = "simd")]
    fn visit_vector(&mut self, site: &Site, code: u32, _: Row, _: Option<MemArg>) -> Parsed<()> {
        self.pass(site, Instr::Vector(code))
    }
    #[cfg(feature = "threads")]
    fn visit_atomic(&mut self, site: &Site, code: u32, _: Option<MemArg>) -> Parsed<()> {
        self.pass(site, Instr::Atomic(code))
    }
    fn visit_object(&mut self, site: &Site, opcode: u16, indices: [u32; 2]) -> Parsed<()> {
        self.pass(site, Instr::Object(opcode, indices))
    }
}
