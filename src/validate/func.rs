//! Validation of a function body (spec: 3.3, appendix A.3), front to back in one pass.
//!
//! Numeric instructions, loads and stores are checked by their signature in the table of
//! instructions; the others each have a rule here. Every immediate is read and checked here, so
//! execution can read it again unchecked.

use super::env::{Env, TypeEntry};
use super::locals::Locals;
use super::stacks::{slots, Stacks, UNKNOWN};
use super::type_table::Types;
use super::visitor::{
    Block, BlockType, BrTable, Func, Global, IndirectFunc, Label, LabelKind, Local, MemArg, Site,
    Visitor,
};
use crate::alloc::{OutOfMemory, TryBox};
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::{Code, IndexType, ValType};
use crate::error::ErrorKind;
use zonda_exec::op::codes::*;
use zonda_exec::op::{self, InstrClass, NumType};

const I32: Code = ValType::I32.code();
const I64: Code = ValType::I64.code();
const F32: Code = ValType::F32.code();
const F64: Code = ValType::F64.code();
const FUNC_REF: Code = ValType::FuncRef.code();

/// The encoding of a number type (spec: 5.3.1).
#[inline]
pub(super) fn code(num: NumType) -> Code {
    I32 - num as Code
}

/// The encoding of an index type.
#[inline(always)]
pub(super) fn index_code(index: IndexType) -> Code {
    if index.is_64() {
        I64
    } else {
        I32
    }
}

/// The type of a length in two memories or tables (spec: 3.3.7, 3.3.8).
#[inline(always)]
fn narrower(a: IndexType, b: IndexType) -> IndexType {
    IndexType::new(a.is_64() && b.is_64())
}

/// The state of validation, kept between bodies so that it is allocated once for a module.
pub(crate) struct FuncValidator {
    stacks: Stacks,
    pub(crate) locals: Locals,
    /// Room for the encoding of a block type that is one value type.
    single: [Code; 1],
}

impl FuncValidator {
    /// Heap-allocated to keep native stack use small.
    #[inline(never)]
    pub(crate) fn new(types: &Types) -> Result<TryBox<FuncValidator>, OutOfMemory> {
        let stacks = Stacks::new(types.clone());
        TryBox::new(FuncValidator { stacks, locals: Locals::new(), single: [0] })
    }

    /// Checks the body that `reader` holds, of a function of type `ty`, and drives `visitor` with
    /// it, again from the start when the visitor asks for that.
    pub(crate) fn validate<V: Visitor>(
        &mut self,
        env: &Env,
        ty: u32,
        reader: &mut Reader<'_>,
        visitor: &mut V,
    ) -> Parsed<()> {
        let start = reader.clone();
        loop {
            match self.walk(env, ty, reader, visitor) {
                Err(ErrorKind::Repeat) => *reader = start.clone(),
                result => return result,
            }
        }
    }

    /// The first slot of an operand among those of the operands, and its slots, where validation
    /// has ended. Operands count from the lowest one.
    #[cfg(feature = "debug")]
    pub(crate) fn operand(&self, index: u32) -> Option<(u32, u32)> {
        self.stacks.operand(index)
    }

    fn walk<V: Visitor>(
        &mut self,
        env: &Env,
        ty: u32,
        reader: &mut Reader<'_>,
        visitor: &mut V,
    ) -> Parsed<()> {
        let entry = env.ty(ty)?;
        self.stacks.reset();
        self.locals.read(env.params(entry), reader)?;
        visitor.begin(reader.pos(), &self.locals)?;
        // Canonical indices fit in 16 bits.
        self.stacks.enter(LabelKind::Func, BlockType::Func(entry.canonical))?;
        let stacks = &mut self.stacks;
        let site = Site { env, reader, stacks, locals: &self.locals, pos: 0, live: true };
        let mut walk = Walk { site, visitor, single: &mut self.single };
        while !walk.site.stacks.controls.is_empty() {
            walk.instruction()?;
        }
        let operands = walk.site.stacks.max_height;
        visitor.finish(reader.pos(), operands)
    }
}

/// The label of a branch, and what the branch carries.
pub(super) type Branch = (Label, (LabelKind, BlockType));

/// Visits the current instruction if it can be reached.
macro_rules! visit {
    ($walk:ident, $method:ident($($argument:expr),*)) => {
        if $walk.site.live {
            $walk.visitor.$method(&$walk.site, $($argument),*)?;
        }
    };
}

pub(super) struct Walk<'w, 'e, 'r, V> {
    pub(super) site: Site<'w, 'e, 'r>,
    pub(super) visitor: &'w mut V,
    single: &'w mut [Code; 1],
}

impl<'w, 'e, 'r, V: Visitor> Walk<'w, 'e, 'r, V> {
    fn instruction(&mut self) -> Parsed<()> {
        let start = self.site.reader.pos();
        let Some(opcode) = self.site.reader.next() else { return Err(ErrorKind::EndExpected) };
        let result = self.known_instruction(opcode);
        if let Err(kind) = result {
            // An error of validation is reported at the instruction's start, a malformed byte at
            // its own offset.
            if kind.class() == crate::error::ErrorClass::Invalid {
                return self.site.reader.refuse_at(start, kind);
            }
        }
        result
    }

    fn known_instruction(&mut self, opcode: u8) -> Parsed<()> {
        let site = &mut self.site;
        site.pos = site.reader.pos();
        site.live = site.stacks.live;
        if site.live && opcode != ELSE {
            self.visitor.instruction(site.pos, opcode)?;
        }
        let sig = op::sig(opcode);
        if sig.is_float() && !cfg!(feature = "float") {
            return Err(ErrorKind::SwitchedOff);
        }
        match sig.class() {
            InstrClass::Numeric => self.numeric(sig, opcode as u16),
            InstrClass::Load => {
                let memarg = self.memarg(sig.log2_width())?;
                self.site.stacks.replace(index_code(memarg.index), code(sig.value()))?;
                visit!(self, visit_load(opcode, memarg));
                Ok(())
            }
            InstrClass::Store => {
                let memarg = self.memarg(sig.log2_width())?;
                self.site.stacks.pop(code(sig.value()))?;
                self.site.stacks.pop(index_code(memarg.index))?;
                visit!(self, visit_store(opcode, memarg));
                Ok(())
            }
            InstrClass::Plain => self.plain(opcode),
        }
    }

    fn numeric(&mut self, sig: op::Sig, opcode: u16) -> Parsed<()> {
        let operand = code(sig.operand());
        if sig.is_binary() {
            self.site.stacks.pop(operand)?;
        }
        self.site.stacks.replace(operand, code(sig.value()))?;
        visit!(self, visit_numeric(opcode));
        Ok(())
    }

    /// Reads the immediates of a load or store.
    #[inline(never)]
    pub(super) fn memarg(&mut self, log2_width: u32) -> Parsed<MemArg> {
        let at = self.site.reader.pos();
        let flags = self.site.reader.u32()?;
        let mut memory = 0;
        if flags >= 0x40 {
            if !cfg!(feature = "multi-memory") || flags >= 0x80 {
                return self.site.reader.refuse_at(at, ErrorKind::BadMemArg);
            }
            memory = self.site.reader.u32()?;
        }
        let is_short = self.site.reader.pos() == at + 1;
        let index = self.site.env.memory_index(memory);
        let offset = if IndexType::WIDE {
            // The encoding is the same for all memories (spec: 5.4.7).
            match u32::try_from(self.site.reader.u64()?) {
                Err(_) if !index.is_64() => return Err(ErrorKind::IntegerTooLarge),
                offset => offset.unwrap_or(u32::MAX),
            }
        } else {
            self.site.reader.u32()?
        };
        self.site.env.memory(memory)?;
        if flags & 0x3f > log2_width {
            return Err(ErrorKind::Alignment);
        }
        Ok(MemArg { offset, memory, index, is_short })
    }

    /// An index of a memory, which is a zero byte without multi-memory.
    fn memory(&mut self) -> Parsed<u32> {
        let index = if cfg!(feature = "multi-memory") {
            self.site.reader.u32()?
        } else {
            match self.site.reader.byte()? {
                0 => 0,
                _ => return Err(ErrorKind::ZeroByte),
            }
        };
        self.site.env.memory(index).map(|_| index)
    }

    /// Reads the index of a table; returns it with the encoding of the element type.
    fn table(&mut self) -> Parsed<(u32, Code)> {
        let index = self.site.reader.u32()?;
        Ok((index, self.site.env.table(index)?.element.code()))
    }

    #[inline(never)]
    pub(super) fn block_type(&mut self) -> Parsed<BlockType> {
        match self.site.reader.peek() {
            Some(0x40) => {
                self.site.reader.byte()?;
                Ok(BlockType::Empty)
            }
            Some(0x41..=0x7f) => Ok(BlockType::Value(ValType::read(self.site.reader)?.code())),
            _ => {
                let index = self.site.reader.i33()?;
                let index = u32::try_from(index).map_err(|_| ErrorKind::BadBlockType)?;
                Ok(BlockType::Func(self.site.env.ty(index)?.canonical))
            }
        }
    }

    /// An `if` without `else` passes its parameters on as results, so both have the same types.
    fn check_one_armed(&self, ty: BlockType) -> Parsed<()> {
        let same = match ty {
            BlockType::Empty => true,
            BlockType::Value(_) => false,
            BlockType::Func(index) => {
                let entry = self.site.env.ty(index as u32)?;
                {
                    let env = self.site.env;
                    env.table.are_subs(env.params(entry), env.results(entry))
                }
            }
        };
        if same {
            Ok(())
        } else {
            Err(ErrorKind::TypeMismatch)
        }
    }

    /// Calls `f` with the types and slots of a block's results, or of its parameters.
    pub(super) fn with_types<R>(
        &mut self,
        ty: BlockType,
        results: bool,
        f: impl FnOnce(&mut Stacks, &[Code], u32) -> Parsed<R>,
    ) -> Parsed<R> {
        match ty {
            BlockType::Value(code) if results => {
                self.single[0] = code;
                f(self.site.stacks, self.single, slots(code))
            }
            BlockType::Func(index) => {
                let entry = self.site.env.ty(index as u32)?;
                if results {
                    f(self.site.stacks, self.site.env.results(entry), entry.result_slots as u32)
                } else {
                    f(self.site.stacks, self.site.env.params(entry), entry.param_slots as u32)
                }
            }
            _ => f(self.site.stacks, &[], 0),
        }
    }

    /// Pops the operands that a branch to the label carries; returns their slots.
    fn pop_label(&mut self, (kind, ty): (LabelKind, BlockType)) -> Parsed<u32> {
        self.with_types(ty, kind != LabelKind::Loop, |stacks, codes, slots| {
            stacks.pop_all(codes, slots).map(|()| slots)
        })
    }

    pub(super) fn push_label(&mut self, (kind, ty): (LabelKind, BlockType)) -> Parsed<u32> {
        self.with_types(ty, kind != LabelKind::Loop, |stacks, codes, slots| {
            stacks.push_all(codes, slots).map(|()| slots)
        })
    }

    fn enter(&mut self, kind: LabelKind) -> Parsed<()> {
        let ty = self.block_type()?;
        if kind == LabelKind::If {
            self.site.stacks.pop(I32)?;
        }
        let params = self.enter_typed(kind, ty)?;
        let block = Block { ty, params };
        match kind {
            LabelKind::Block => self.visitor.visit_block(&self.site, block),
            LabelKind::Loop => self.visitor.visit_loop(&self.site, block),
            _ => self.visitor.visit_if(&self.site, block),
        }
    }

    /// Enters a block of this type, whose parameters are on the stack; returns their slots.
    #[cfg_attr(feature = "exceptions", inline(never))]
    #[cfg_attr(not(feature = "exceptions"), inline(always))]
    pub(super) fn enter_typed(&mut self, kind: LabelKind, ty: BlockType) -> Parsed<u32> {
        self.with_types(ty, false, |stacks, codes, slots| {
            stacks.pop_all(codes, slots)?;
            stacks.enter(kind, ty)?;
            stacks.push_all(codes, slots).map(|()| slots)
        })
    }

    /// Pops the results of the innermost block and closes it.
    pub(super) fn close(&mut self) -> Parsed<(LabelKind, BlockType)> {
        let (_, ty) = self.site.stacks.label(0)?;
        self.with_types(ty, true, |stacks, codes, slots| stacks.pop_all(codes, slots))?;
        self.site.stacks.leave()
    }

    /// Reads the label of a branch, and pops the operands that the branch carries.
    pub(super) fn branch(&mut self) -> Parsed<Branch> {
        let depth = self.site.reader.u32()?;
        let label = self.site.stacks.label(depth)?;
        let arity = self.pop_label(label)?;
        Ok((Label { depth, arity }, label))
    }

    #[inline(never)]
    fn otherwise(&mut self) -> Parsed<()> {
        let (kind, ty) = self.close()?;
        if kind != LabelKind::If {
            return Err(ErrorKind::ElseWithoutIf);
        }
        self.visitor.visit_else(&self.site)?;
        self.site.stacks.enter(LabelKind::Else, ty)?;
        self.with_types(ty, false, |stacks, codes, slots| stacks.push_all(codes, slots))
    }

    #[inline(never)]
    fn end(&mut self) -> Parsed<()> {
        let (kind, ty) = self.close()?;
        if kind == LabelKind::If {
            self.check_one_armed(ty)?;
        }
        let results = self.with_types(ty, true, |_, _, slots| Ok(slots))?;
        self.visitor.visit_end(&self.site, results)?;
        if kind != LabelKind::Func {
            self.with_types(ty, true, |stacks, codes, slots| stacks.push_all(codes, slots))?;
        }
        Ok(())
    }

    #[inline(never)]
    fn branch_table(&mut self) -> Parsed<()> {
        let count = self.site.reader.count()?;
        self.site.stacks.pop(I32)?;
        let first = self.site.reader.clone();
        let mut arity = None;
        let mut last = (LabelKind::Func, BlockType::Empty);
        for _ in 0..=count {
            let depth = self.site.reader.u32()?;
            last = self.site.stacks.label(depth)?;
            let (kind, ty) = last;
            let types = self.with_types(ty, kind != LabelKind::Loop, |stacks, codes, _| {
                stacks.check_all(codes).map(|()| codes.len())
            })?;
            if *arity.get_or_insert(types) != types {
                return Err(ErrorKind::TypeMismatch);
            }
        }
        // All targets carry operands of the same types.
        let arity = self.pop_label(last)?;
        if self.site.live {
            self.visitor.visit_br_table(&self.site, BrTable::new(first, count, arity))?;
        }
        self.site.stacks.set_unreachable();
        Ok(())
    }

    /// The label of the function.
    fn outermost(&self) -> Parsed<(LabelKind, BlockType)> {
        self.site.stacks.label((self.site.stacks.controls.len() as u32).wrapping_sub(1))
    }

    /// Pops the parameters of a call and pushes its results; returns the slots of the parameters.
    pub(super) fn call(&mut self, ty: &TypeEntry) -> Parsed<u32> {
        let params = ty.param_slots as u32;
        self.site.stacks.pop_all(self.site.env.params(ty), params)?;
        self.site.stacks.push_all(self.site.env.results(ty), ty.result_slots as u32)?;
        Ok(params)
    }

    /// Does the same for a tail call.
    #[inline(never)]
    pub(super) fn tail_call(&mut self, ty: &TypeEntry) -> Parsed<u32> {
        if !cfg!(feature = "tail-call") {
            return Err(ErrorKind::SwitchedOff);
        }
        let (_, BlockType::Func(outer)) = self.outermost()? else {
            return Err(ErrorKind::TypeMismatch);
        };
        let outer = self.site.env.ty(outer as u32)?;
        let env = self.site.env;
        if !env.table.are_subs(env.results(ty), env.results(outer)) {
            return Err(ErrorKind::TypeMismatch);
        }
        // A host function leaves its results here, so the frame needs room for them.
        self.call(ty)
    }

    /// Reads the type and the table of an indirect call.
    #[inline(never)]
    fn indirect(&mut self) -> Parsed<(IndirectFunc, &'w TypeEntry)> {
        let index = self.site.reader.u32()?;
        let (table, element) = self.table()?;
        let env: &'w Env = self.site.env;
        let ty = env.ty(index)?;
        if element != FUNC_REF && !env.table.is_sub(element, FUNC_REF) {
            return Err(ErrorKind::TypeMismatch);
        }
        let ty_index = index;
        let index = env.table_index(table);
        self.site.stacks.pop(index_code(index))?;
        Ok((IndirectFunc { ty: ty_index, table, params: ty.param_slots as u32, index }, ty))
    }

    fn plain(&mut self, opcode: u8) -> Parsed<()> {
        match opcode {
            UNREACHABLE => {
                visit!(self, visit_unreachable());
                self.site.stacks.set_unreachable();
            }
            NOP => visit!(self, visit_nop()),
            BLOCK => self.enter(LabelKind::Block)?,
            LOOP => self.enter(LabelKind::Loop)?,
            IF => self.enter(LabelKind::If)?,
            ELSE => self.otherwise()?,
            END => self.end()?,
            BR => {
                let (label, _) = self.branch()?;
                visit!(self, visit_br(label));
                self.site.stacks.set_unreachable();
            }
            BR_IF => {
                self.site.stacks.pop(I32)?;
                // The operands that the branch carries stay for what follows.
                let (label, types) = self.branch()?;
                visit!(self, visit_br_if(label));
                self.push_label(types)?;
            }
            BR_TABLE => self.branch_table()?,
            RETURN => {
                let label = self.outermost()?;
                let results = self.pop_label(label)?;
                visit!(self, visit_return(results));
                self.site.stacks.set_unreachable();
            }
            CALL => {
                let index = self.site.reader.u32()?;
                let params = self.call(self.site.env.func(index)?)?;
                visit!(self, visit_call(Func { index, params }));
            }
            CALL_INDIRECT => {
                let (callee, ty) = self.indirect()?;
                self.call(ty)?;
                visit!(self, visit_call_indirect(callee));
            }
            RETURN_CALL => {
                let index = self.site.reader.u32()?;
                let params = self.tail_call(self.site.env.func(index)?)?;
                visit!(self, visit_return_call(Func { index, params }));
                self.site.stacks.set_unreachable();
            }
            RETURN_CALL_INDIRECT => {
                let (callee, ty) = self.indirect()?;
                self.tail_call(ty)?;
                visit!(self, visit_return_call_indirect(callee));
                self.site.stacks.set_unreachable();
            }
            DROP => {
                let ty = self.site.stacks.pop_any()? as Code;
                visit!(self, visit_drop(slots(ty)));
            }
            SELECT => {
                self.site.stacks.pop(I32)?;
                let second = self.site.stacks.pop_any()? as Code;
                let first = self.site.stacks.pop_any()? as Code;
                let is_ref = |ty| ValType::from_code(ty).is_some_and(ValType::is_ref);
                if is_ref(first)
                    || is_ref(second)
                    || first != second && first != UNKNOWN && second != UNKNOWN
                {
                    return Err(ErrorKind::TypeMismatch);
                }
                let ty = if first == UNKNOWN { second } else { first };
                self.site.stacks.push(ty)?;
                visit!(self, visit_select(slots(ty)));
            }
            SELECT_TYPED => {
                let count = self.site.reader.u32()?;
                if count != 1 {
                    return Err(ErrorKind::SelectArity);
                }
                let ty = ValType::read(self.site.reader)?.code();
                self.site.stacks.pop(I32)?;
                self.site.stacks.pop(ty)?;
                self.site.stacks.pop(ty)?;
                self.site.stacks.push(ty)?;
                visit!(self, visit_select_typed(slots(ty)));
            }
            LOCAL_GET | LOCAL_SET | LOCAL_TEE => {
                let local = self.local()?;
                match opcode {
                    LOCAL_GET => {
                        self.check_initialized(&local)?;
                        self.site.stacks.push(local.ty)?
                    }
                    LOCAL_SET => self.site.stacks.pop(local.ty)?,
                    _ => self.site.stacks.replace(local.ty, local.ty)?,
                }
                if opcode != LOCAL_GET {
                    self.initialize(&local)?;
                }
                visit!(self, visit_local(opcode, local));
            }
            GLOBAL_GET | GLOBAL_SET => {
                let index = self.site.reader.u32()?;
                let global = self.site.env.global(index)?;
                let ty = global.content.code();
                if opcode == GLOBAL_GET {
                    self.site.stacks.push(ty)?;
                } else {
                    if !global.mutable {
                        return Err(ErrorKind::ImmutableGlobal);
                    }
                    self.site.stacks.pop(ty)?;
                }
                visit!(self, visit_global(opcode, Global { index, ty }));
            }
            TABLE_GET => {
                let (table, ty) = self.table()?;
                self.site.stacks.pop(index_code(self.site.env.table_index(table)))?;
                self.site.stacks.push(ty)?;
                self.object(opcode as u16, [table, 0])?;
            }
            TABLE_SET => {
                let (table, ty) = self.table()?;
                self.site.stacks.pop(ty)?;
                self.site.stacks.pop(index_code(self.site.env.table_index(table)))?;
                self.object(opcode as u16, [table, 0])?;
            }
            MEMORY_SIZE => {
                let memory = self.memory()?;
                self.site.env.sizes_memory.set(true);
                self.site.stacks.push(index_code(self.site.env.memory_index(memory)))?;
                self.object(opcode as u16, [memory, 0])?;
            }
            MEMORY_GROW => {
                let memory = self.memory()?;
                self.site.env.sizes_memory.set(true);
                let ty = index_code(self.site.env.memory_index(memory));
                self.site.stacks.pop(ty)?;
                self.site.stacks.push(ty)?;
                self.object(opcode as u16, [memory, 0])?;
            }
            I32_CONST | I64_CONST => {
                let (ty, bits) = match opcode {
                    I32_CONST => (I32, self.site.reader.i32()? as u32 as u64),
                    _ => (I64, self.site.reader.i64()? as u64),
                };
                self.constant(opcode, ty, bits)?;
            }
            F32_CONST | F64_CONST => {
                if !cfg!(feature = "float") {
                    return Err(ErrorKind::SwitchedOff);
                }
                let (ty, bytes) = if opcode == F32_CONST { (F32, 4) } else { (F64, 8) };
                let bits = super::const_expr::little_endian(self.site.reader.take(bytes)?);
                self.constant(opcode, ty, bits)?;
            }
            REF_NULL => {
                let ty = ValType::read_null(self.site.reader)?;
                self.site.stacks.push(ty.code())?;
                visit!(self, visit_ref_null(ty));
            }
            REF_IS_NULL => {
                let ty = self.site.stacks.pop_any()? as Code;
                if ty != UNKNOWN && !ValType::from_code(ty).is_some_and(ValType::is_ref) {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.site.stacks.push(I32)?;
                self.object(opcode as u16, [0; 2])?;
            }
            REF_FUNC => {
                let index = self.site.reader.u32()?;
                self.site.env.func(index)?;
                if !self.site.env.is_declared(index) {
                    return Err(ErrorKind::UndeclaredReference);
                }
                self.site.stacks.push(self.site.env.func_ref(index)?)?;
                self.object(opcode as u16, [index, 0])?;
            }
            PREFIX => {
                let opcode = self.site.reader.u32()?;
                self.prefixed(opcode)?;
            }
            #[cfg(feature = "simd")]
            VECTOR_PREFIX => self.vector()?,
            #[cfg(not(feature = "simd"))]
            VECTOR_PREFIX => return Err(ErrorKind::Unsupported),
            #[cfg(feature = "threads")]
            ATOMIC_PREFIX => self.atomic()?,
            THROW | THROW_REF | TRY_TABLE => return self.exception(opcode),
            #[cfg(feature = "legacy-exceptions")]
            TRY | CATCH | RETHROW | DELEGATE | CATCH_ALL => return self.legacy_exception(opcode),
            #[cfg(feature = "function-references")]
            CALL_REF | RETURN_CALL_REF | REF_AS_NON_NULL | BR_ON_NULL | BR_ON_NON_NULL => {
                self.typed_reference(opcode)?
            }
            #[cfg(feature = "gc")]
            REF_EQ => self.ref_eq()?,
            #[cfg(feature = "gc")]
            GC_PREFIX => self.gc()?,
            // Legacy exceptions, function references, GC, threads.
            #[allow(unreachable_patterns, reason = "what is supported stands above")]
            0x06 | 0x07 | 0x09 | 0x14 | 0x15 | 0x18 | 0x19 | 0xd3..=0xd6 | 0xfb | 0xfe => {
                return Err(ErrorKind::Unsupported)
            }
            _ => {
                let pos = self.site.pos - 1;
                return self.site.reader.refuse_at(pos, ErrorKind::UnknownOperation);
            }
        }
        Ok(())
    }

    fn constant(&mut self, opcode: u8, ty: Code, bits: u64) -> Parsed<()> {
        self.site.stacks.push(ty)?;
        visit!(self, visit_const(opcode, bits));
        Ok(())
    }

    pub(super) fn object(&mut self, opcode: u16, indices: [u32; 2]) -> Parsed<()> {
        visit!(self, visit_object(opcode, indices));
        Ok(())
    }

    fn local(&mut self) -> Parsed<Local> {
        let index = self.site.reader.u32()?;
        let ty = self.site.locals.ty(index)? as Code;
        Ok(Local {
            index,
            ty,
            #[cfg(feature = "fast")]
            slot: self.site.locals.slot(index),
        })
    }

    #[inline(never)]
    fn prefixed(&mut self, opcode: u32) -> Parsed<()> {
        if opcode < 8 {
            if !cfg!(feature = "float") {
                return Err(ErrorKind::SwitchedOff);
            }
            return self
                .numeric(op::prefixed_sig(opcode as u8), (PREFIX as u16) << 8 | opcode as u16);
        }
        if opcode > u8::MAX as u32 {
            return Err(ErrorKind::UnknownOperation);
        }
        let opcode = (PREFIX as u16) << 8 | opcode as u16;
        if cfg!(feature = "wide-arithmetic") && (I64_ADD128..=I64_MUL_WIDE_U).contains(&opcode) {
            return self.wide_arithmetic(opcode);
        }
        let indices = match opcode {
            MEMORY_INIT => {
                let data = self.site.reader.u32()?;
                let memory = self.memory()?;
                self.data(data)?;
                self.range([self.site.env.memory_index(memory), IndexType::I32, IndexType::I32])?;
                [data, memory]
            }
            DATA_DROP => {
                let data = self.site.reader.u32()?;
                self.data(data)?;
                [data, 0]
            }
            MEMORY_COPY => {
                let to = self.memory()?;
                let from = self.memory()?;
                let (a, b) = (self.site.env.memory_index(to), self.site.env.memory_index(from));
                self.range([a, b, narrower(a, b)])?;
                [to, from]
            }
            MEMORY_FILL => {
                let memory = self.memory()?;
                let index = self.site.env.memory_index(memory);
                self.range([index, IndexType::I32, index])?;
                [memory, 0]
            }
            TABLE_INIT => {
                let element = self.site.reader.u32()?;
                let (table, ty) = self.table()?;
                let from = self.site.env.element(element)?.code();
                if from != ty && !self.site.env.table.is_sub(from, ty) {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.range([self.site.env.table_index(table), IndexType::I32, IndexType::I32])?;
                [element, table]
            }
            ELEM_DROP => {
                let element = self.site.reader.u32()?;
                self.site.env.element(element)?;
                [element, 0]
            }
            TABLE_COPY => {
                let (to, to_type) = self.table()?;
                let (from, from_type) = self.table()?;
                if to_type != from_type && !self.site.env.table.is_sub(from_type, to_type) {
                    return Err(ErrorKind::TypeMismatch);
                }
                let (a, b) = (self.site.env.table_index(to), self.site.env.table_index(from));
                self.range([a, b, narrower(a, b)])?;
                [to, from]
            }
            TABLE_GROW => {
                let (table, ty) = self.table()?;
                let index = index_code(self.site.env.table_index(table));
                self.site.stacks.pop(index)?;
                self.site.stacks.pop(ty)?;
                self.site.stacks.push(index)?;
                [table, 0]
            }
            TABLE_SIZE => {
                let (table, _) = self.table()?;
                self.site.stacks.push(index_code(self.site.env.table_index(table)))?;
                [table, 0]
            }
            TABLE_FILL => {
                let (table, ty) = self.table()?;
                let index = index_code(self.site.env.table_index(table));
                self.site.stacks.pop(index)?;
                self.site.stacks.pop(ty)?;
                self.site.stacks.pop(index)?;
                [table, 0]
            }
            _ => return Err(ErrorKind::UnknownOperation),
        };
        self.object(opcode, indices)
    }

    /// Sums and differences of 128 bits, and products of 64 bits with 128: two or four operands,
    /// two results.
    fn wide_arithmetic(&mut self, opcode: u16) -> Parsed<()> {
        let operands: &[Code] = if opcode < I64_MUL_WIDE_S { &[I64; 4] } else { &[I64; 2] };
        self.site.stacks.pop_all(operands, 2 * operands.len() as u32)?;
        self.site.stacks.push_all(&[I64; 2], 4)?;
        self.object(opcode, [0; 2])
    }

    pub(super) fn data(&self, index: u32) -> Parsed<()> {
        match self.site.env.data_count {
            None => Err(ErrorKind::DataCountRequired),
            Some(count) if index >= count => Err(ErrorKind::UnknownData),
            Some(_) => Ok(()),
        }
    }

    /// Pops the operands of a bulk instruction: two positions, or a position and a value, and a
    /// length.
    #[inline(always)]
    fn range(&mut self, [to, from, len]: [IndexType; 3]) -> Parsed<()> {
        if !IndexType::WIDE {
            return self.three();
        }
        self.site.stacks.pop(index_code(len))?;
        self.site.stacks.pop(index_code(from))?;
        self.site.stacks.pop(index_code(to))
    }

    /// Pops the three i32 operands of a bulk instruction.
    fn three(&mut self) -> Parsed<()> {
        self.site.stacks.pop(I32)?;
        self.site.stacks.pop(I32)?;
        self.site.stacks.pop(I32)
    }
}
