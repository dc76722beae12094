//! Validation of a function body (spec: 3.3, appendix A.3), front to back in one pass.
//!
//! Numeric operations, loads and stores are checked by their signature in the table of operations; the others each
//! have their rule here. Every immediate is read and checked here, so that execution can read it again unchecked.

use super::env::{Env, TypeEntry};
use super::locals::Locals;
use super::sink::{At, How, LabelKind, Plain, Sink};
use super::stacks::{slots, BlockType, Stacks, UNKNOWN};
use crate::alloc::{OutOfMemory, TryBox};
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::ValType;
use crate::error::ErrorKind;
use zonda_exec::op::codes::*;
use zonda_exec::op::{self, InstrClass, NumType};

const I32: u8 = ValType::I32 as u8;
const I64: u8 = ValType::I64 as u8;
const F32: u8 = ValType::F32 as u8;
const F64: u8 = ValType::F64 as u8;
const FUNC_REF: u8 = ValType::FuncRef as u8;

/// Whether a sink wants to be told each operation: only fast mode's does.
const TOLD: bool = cfg!(feature = "fast");

/// The code of a number type.
#[inline]
fn code(num: NumType) -> u8 {
    I32 - num as u8
}

/// What validation needs from one body to the next: kept, so that it is allocated once for a module.
pub(crate) struct FuncValidator {
    stacks: Stacks,
    pub(crate) locals: Locals,
    /// A place for the single code of a block type that is a value type.
    single: [u8; 1],
    /// What a sink is told of an operation: here, for the stack of a device is for what is deep.
    plain: Plain,
}

impl FuncValidator {
    /// In memory of its own: the stack of a device is for what is deep.
    #[inline(never)]
    pub(crate) fn new() -> Result<TryBox<FuncValidator>, OutOfMemory> {
        TryBox::new(FuncValidator {
            stacks: Stacks::new(),
            locals: Locals::new(),
            single: [0],
            plain: Plain::NOTHING,
        })
    }

    /// Checks the body that `reader` holds, of a function of type `ty`, and drives `sink` with it.
    pub(crate) fn validate<S: Sink>(
        &mut self,
        env: &Env,
        ty: u32,
        reader: &mut Reader<'_>,
        sink: &mut S,
    ) -> Parsed<()> {
        let entry = env.ty(ty)?;
        self.stacks.reset();
        self.locals.read(env.params(entry), reader)?;
        sink.begin(reader.pos(), &self.locals)?;
        // Canonical indices fit in 16 bits.
        self.stacks.enter(LabelKind::Func, BlockType::Func(entry.canonical))?;
        let mut walk = Walk {
            env,
            reader,
            sink,
            stacks: &mut self.stacks,
            locals: &self.locals,
            single: &mut self.single,
            plain: &mut self.plain,
        };
        let start = walk.at();
        walk.sink.enter(start, LabelKind::Func, 0)?;
        while !walk.stacks.controls.is_empty() {
            walk.operation()?;
        }
        let operands = walk.stacks.max_height;
        sink.finish(reader.pos(), operands)
    }
}

struct Walk<'w, 'e, 'r, S> {
    env: &'w Env<'e>,
    reader: &'w mut Reader<'r>,
    sink: &'w mut S,
    stacks: &'w mut Stacks,
    locals: &'w Locals,
    single: &'w mut [u8; 1],
    /// What the sink is told of the operation.
    plain: &'w mut Plain,
}

impl<'w, S: Sink> Walk<'w, '_, '_, S> {
    fn at(&self) -> At {
        At { pos: self.reader.pos(), height: self.stacks.height, live: self.stacks.live }
    }

    fn operation(&mut self) -> Parsed<()> {
        let start = self.reader.pos();
        let Some(code) = self.reader.next() else { return Err(ErrorKind::EndExpected) };
        let result = self.known_operation(code);
        if let Err(kind) = result {
            // Rules that fail are reported where the operation starts, bytes that cannot be read where they stand.
            if kind.class() == crate::error::ErrorClass::Invalid {
                return self.reader.refuse_at(start, kind);
            }
        }
        result
    }

    fn known_operation(&mut self, byte: u8) -> Parsed<()> {
        self.plain.live = self.stacks.live;
        self.plain.pos = self.reader.pos();
        let code = self.checked_operation(byte)?;
        if !TOLD || matches!(byte, BLOCK..=END | BR..=BR_TABLE) {
            return Ok(());
        }
        self.plain.code = code;
        self.plain.after = self.stacks.height;
        self.plain.end = self.reader.pos();
        self.sink.operation(self.plain)
    }

    /// Notes immediates for the sink: see [`Plain`].
    #[inline(always)]
    fn tell(&mut self, first: u32, second: u32) {
        self.tell_first(first);
        self.tell_second(second);
    }

    #[inline(always)]
    fn tell_first(&mut self, first: u32) {
        if TOLD {
            self.plain.immediates.0 = first;
        }
    }

    #[inline(always)]
    fn tell_second(&mut self, second: u32) {
        if TOLD {
            self.plain.immediates.1 = second;
        }
    }

    /// Checks an operation and gives its code.
    fn checked_operation(&mut self, byte: u8) -> Parsed<u16> {
        let sig = op::sig(byte);
        if sig.is_float() && !cfg!(feature = "float") {
            return Err(ErrorKind::SwitchedOff);
        }
        match sig.class() {
            InstrClass::Numeric => self.numeric(sig)?,
            InstrClass::Load => {
                self.memarg(sig.log2_width())?;
                self.stacks.replace(I32, code(sig.value()))?;
            }
            InstrClass::Store => {
                self.memarg(sig.log2_width())?;
                self.stacks.pop(code(sig.value()))?;
                self.stacks.pop(I32)?;
            }
            InstrClass::Plain => return self.plain(byte),
        }
        Ok(byte as u16)
    }

    fn numeric(&mut self, sig: op::Sig) -> Parsed<()> {
        let operand = code(sig.operand());
        if sig.is_binary() {
            self.stacks.pop(operand)?;
        }
        self.stacks.replace(operand, code(sig.value()))
    }

    /// Reads the immediates of a load or store.
    #[inline(never)]
    fn memarg(&mut self, log2_width: u32) -> Parsed<()> {
        let at = self.reader.pos();
        let flags = self.reader.u32()?;
        let mut memory = 0;
        if flags >= 0x40 {
            if !cfg!(feature = "multi-memory") || flags >= 0x80 {
                return self.reader.refuse_at(at, ErrorKind::BadMemArg);
            }
            memory = self.reader.u32()?;
        }
        if self.reader.pos() != at + 1 {
            self.sink.long_memarg();
        }
        let offset = self.reader.u32()?;
        self.tell(offset, memory);
        self.env.memory(memory)?;
        if flags & 0x3f > log2_width {
            return Err(ErrorKind::Alignment);
        }
        Ok(())
    }

    /// An index of a memory, which is a zero byte without multi-memory.
    fn memory(&mut self) -> Parsed<()> {
        let index = if cfg!(feature = "multi-memory") {
            self.reader.u32()?
        } else {
            match self.reader.byte()? {
                0 => 0,
                _ => return Err(ErrorKind::ZeroByte),
            }
        };
        self.env.memory(index).map(|_| ())
    }

    fn table(&mut self) -> Parsed<u32> {
        let index = self.reader.u32()?;
        Ok(self.env.table(index)?.element as u32)
    }

    #[inline(never)]
    fn block_type(&mut self) -> Parsed<BlockType> {
        match self.reader.peek() {
            Some(0x40) => {
                self.reader.byte()?;
                Ok(BlockType::Empty)
            }
            Some(0x41..=0x7f) => Ok(BlockType::Value(ValType::read(self.reader)? as u8)),
            _ => {
                let index = self.reader.i33()?;
                let index = u32::try_from(index).map_err(|_| ErrorKind::BadBlockType)?;
                Ok(BlockType::Func(self.env.ty(index)?.canonical))
            }
        }
    }

    /// An `if` without `else` hands its parameters on as its results, so they have to have the same types.
    fn check_one_armed(&self, ty: BlockType) -> Parsed<()> {
        let same = match ty {
            BlockType::Empty => true,
            BlockType::Value(_) => false,
            BlockType::Func(index) => {
                let entry = self.env.ty(index as u32)?;
                self.env.params(entry) == self.env.results(entry)
            }
        };
        if same {
            Ok(())
        } else {
            Err(ErrorKind::TypeMismatch)
        }
    }

    /// The types and the slots of the results of a block, or of its parameters.
    fn with_types<R>(
        &mut self,
        ty: BlockType,
        results: bool,
        f: impl FnOnce(&mut Stacks, &[u8], u32) -> Parsed<R>,
    ) -> Parsed<R> {
        match ty {
            BlockType::Value(code) if results => {
                self.single[0] = code;
                f(self.stacks, self.single, slots(code))
            }
            BlockType::Func(index) => {
                let entry = self.env.ty(index as u32)?;
                if results {
                    f(self.stacks, self.env.results(entry), entry.result_slots as u32)
                } else {
                    f(self.stacks, self.env.params(entry), entry.param_slots as u32)
                }
            }
            _ => f(self.stacks, &[], 0),
        }
    }

    /// Takes what a branch to the label carries and gives its slots.
    fn pop_label(&mut self, (kind, ty): (LabelKind, BlockType)) -> Parsed<u32> {
        self.with_types(ty, kind != LabelKind::Loop, |stacks, codes, slots| {
            stacks.pop_all(codes, slots).map(|()| slots)
        })
    }

    fn push_label(&mut self, (kind, ty): (LabelKind, BlockType)) -> Parsed<u32> {
        self.with_types(ty, kind != LabelKind::Loop, |stacks, codes, slots| {
            stacks.push_all(codes, slots).map(|()| slots)
        })
    }

    fn enter(&mut self, kind: LabelKind) -> Parsed<()> {
        let mut at = self.at();
        let ty = self.block_type()?;
        if kind == LabelKind::If {
            self.stacks.pop(I32)?;
            at.height = self.stacks.height;
        }
        let params = self.with_types(ty, false, |stacks, codes, slots| {
            stacks.pop_all(codes, slots)?;
            stacks.enter(kind, ty)?;
            stacks.push_all(codes, slots).map(|()| slots)
        })?;
        // A loop is entered behind its block type.
        at.height = self.stacks.height;
        if kind == LabelKind::Loop {
            at.pos = self.reader.pos();
        }
        self.sink.enter(at, kind, params)
    }

    /// Takes the results of the innermost block and closes it.
    fn close(&mut self) -> Parsed<(LabelKind, BlockType)> {
        let (_, ty) = self.stacks.label(0)?;
        self.with_types(ty, true, |stacks, codes, slots| stacks.pop_all(codes, slots))?;
        self.stacks.leave()
    }

    /// Takes what the branch carries, and gives its label.
    fn branch(&mut self, pos: usize, how: How) -> Parsed<(LabelKind, BlockType)> {
        let depth = self.reader.u32()?;
        let label = self.stacks.label(depth)?;
        let at = At { pos, ..self.at() };
        let keep = self.pop_label(label)?;
        self.sink.branch(at, how, depth, keep)?;
        Ok(label)
    }

    #[inline(never)]
    fn otherwise(&mut self) -> Parsed<()> {
        let at = self.at();
        let (kind, ty) = self.close()?;
        if kind != LabelKind::If {
            return Err(ErrorKind::ElseWithoutIf);
        }
        self.sink.otherwise(at)?;
        self.stacks.enter(LabelKind::Else, ty)?;
        self.with_types(ty, false, |stacks, codes, slots| stacks.push_all(codes, slots))
    }

    #[inline(never)]
    fn end(&mut self) -> Parsed<()> {
        let at = self.at();
        let (kind, ty) = self.close()?;
        if kind == LabelKind::If {
            self.check_one_armed(ty)?;
        }
        let results = self.with_types(ty, true, |_, _, slots| Ok(slots))?;
        self.sink.end(at, results)?;
        if kind != LabelKind::Func {
            self.with_types(ty, true, |stacks, codes, slots| stacks.push_all(codes, slots))?;
        }
        Ok(())
    }

    #[inline(never)]
    fn branch_table(&mut self, pos: usize) -> Parsed<()> {
        let count = self.reader.count()?;
        self.stacks.pop(I32)?;
        let mut arity = None;
        for target in 0..=count {
            let depth = self.reader.u32()?;
            let (kind, ty) = self.stacks.label(depth)?;
            let at = At { pos, ..self.at() };
            let (keep, types) =
                self.with_types(ty, kind != LabelKind::Loop, |stacks, codes, slots| {
                    stacks.check_all(codes).map(|()| (slots, codes.len()))
                })?;
            if *arity.get_or_insert(types) != types {
                return Err(ErrorKind::TypeMismatch);
            }
            let how = if target == 0 { How::Table(count) } else { How::Next };
            self.sink.branch(at, how, depth, keep)?;
        }
        self.stacks.set_unreachable();
        Ok(())
    }

    /// The label of the function.
    fn outermost(&self) -> Parsed<(LabelKind, BlockType)> {
        self.stacks.label((self.stacks.controls.len() as u32).wrapping_sub(1))
    }

    fn call(&mut self, ty: &TypeEntry) -> Parsed<()> {
        self.tell_second(ty.param_slots as u32);
        self.stacks.pop_all(self.env.params(ty), ty.param_slots as u32)?;
        self.stacks.push_all(self.env.results(ty), ty.result_slots as u32)
    }

    #[inline(never)]
    fn tail_call(&mut self, ty: &TypeEntry) -> Parsed<()> {
        if !cfg!(feature = "tail-call") {
            return Err(ErrorKind::SwitchedOff);
        }
        let (_, BlockType::Func(outer)) = self.outermost()? else {
            return Err(ErrorKind::TypeMismatch);
        };
        let outer = self.env.ty(outer as u32)?;
        self.tell_second(ty.param_slots as u32);
        if self.env.results(outer) != self.env.results(ty) {
            return Err(ErrorKind::TypeMismatch);
        }
        self.stacks.pop_all(self.env.params(ty), ty.param_slots as u32)?;
        // A function of the host gives its results here, where the frame has to have room for them.
        self.stacks.push_all(self.env.results(ty), ty.result_slots as u32)?;
        self.stacks.set_unreachable();
        Ok(())
    }

    #[inline(never)]
    fn indirect(&mut self) -> Parsed<&'w TypeEntry> {
        let ty = self.reader.u32()?;
        let table = self.table()? as u8;
        let env: &'w Env = self.env;
        let ty = env.ty(ty)?;
        if table != FUNC_REF {
            return Err(ErrorKind::TypeMismatch);
        }
        self.stacks.pop(I32)?;
        Ok(ty)
    }

    fn plain(&mut self, byte: u8) -> Parsed<u16> {
        let (pos, live) = (self.plain.pos, self.plain.live);
        match byte {
            UNREACHABLE => self.stacks.set_unreachable(),
            NOP => {}
            BLOCK => self.enter(LabelKind::Block)?,
            LOOP => self.enter(LabelKind::Loop)?,
            IF => self.enter(LabelKind::If)?,
            ELSE => self.otherwise()?,
            END => self.end()?,
            BR => {
                self.branch(pos, How::Br)?;
                self.stacks.set_unreachable();
            }
            BR_IF => {
                self.stacks.pop(I32)?;
                // The label's operands stay for what follows.
                let label = self.branch(pos, How::BrIf)?;
                self.push_label(label)?;
            }
            BR_TABLE => self.branch_table(pos)?,
            RETURN => {
                let label = self.outermost()?;
                let results = self.pop_label(label)?;
                self.tell_first(results);
                self.stacks.set_unreachable();
            }
            CALL => {
                let index = self.reader.u32()?;
                self.tell_first(index);
                let ty = self.env.func(index)?;
                self.call(ty)?;
            }
            CALL_INDIRECT => {
                let ty = self.indirect()?;
                self.call(ty)?;
            }
            RETURN_CALL => {
                let index = self.reader.u32()?;
                self.tell_first(index);
                let ty = self.env.func(index)?;
                self.tail_call(ty)?;
            }
            RETURN_CALL_INDIRECT => {
                let ty = self.indirect()?;
                self.tail_call(ty)?;
            }
            DROP => {
                let ty = self.stacks.pop_any()? as u8;
                self.tell_first(slots(ty));
                if slots(ty) == 2 {
                    self.sink.wide(pos, live)?;
                }
            }
            SELECT => {
                self.stacks.pop(I32)?;
                let second = self.stacks.pop_any()? as u8;
                let first = self.stacks.pop_any()? as u8;
                let is_ref = |ty| ValType::from_code(ty).is_some_and(ValType::is_ref);
                if is_ref(first)
                    || is_ref(second)
                    || first != second && first != UNKNOWN && second != UNKNOWN
                {
                    return Err(ErrorKind::TypeMismatch);
                }
                let ty = if first == UNKNOWN { second } else { first };
                self.tell_first(slots(ty));
                if slots(ty) == 2 {
                    self.sink.wide(pos, live)?;
                }
                self.stacks.push(ty)?;
            }
            SELECT_TYPED => {
                let count = self.reader.u32()?;
                if count != 1 {
                    return Err(ErrorKind::SelectArity);
                }
                let ty = ValType::read(self.reader)? as u8;
                self.stacks.pop(I32)?;
                self.stacks.pop(ty)?;
                self.stacks.pop(ty)?;
                self.stacks.push(ty)?;
                self.tell_first(slots(ty));
            }
            LOCAL_GET => {
                let ty = self.local()? as u8;
                self.stacks.push(ty)?;
            }
            LOCAL_SET => {
                let ty = self.local()? as u8;
                self.stacks.pop(ty)?;
            }
            LOCAL_TEE => {
                let ty = self.local()? as u8;
                self.stacks.replace(ty, ty)?;
            }
            GLOBAL_GET => {
                let index = self.reader.u32()?;
                let ty = self.env.global(index)?.content as u8;
                self.tell(index, slots(ty));
                self.stacks.push(ty)?;
            }
            GLOBAL_SET => {
                let index = self.reader.u32()?;
                let global = self.env.global(index)?;
                if !global.mutable {
                    return Err(ErrorKind::ImmutableGlobal);
                }
                self.tell(index, slots(global.content as u8));
                self.stacks.pop(global.content as u8)?;
            }
            TABLE_GET => {
                let ty = self.table()? as u8;
                self.stacks.pop(I32)?;
                self.stacks.push(ty)?;
            }
            TABLE_SET => {
                let ty = self.table()? as u8;
                self.stacks.pop(ty)?;
                self.stacks.pop(I32)?;
            }
            MEMORY_SIZE => {
                self.memory()?;
                self.stacks.push(I32)?;
            }
            MEMORY_GROW => {
                self.memory()?;
                self.stacks.pop(I32)?;
                self.stacks.push(I32)?;
            }
            I32_CONST => {
                let value = self.reader.i32()?;
                self.tell_first(value as u32);
                self.stacks.push(I32)?;
            }
            I64_CONST => {
                let value = self.reader.i64()?;
                self.tell(value as u32, (value >> 32) as u32);
                self.stacks.push(I64)?;
            }
            F32_CONST | F64_CONST => {
                if !cfg!(feature = "float") {
                    return Err(ErrorKind::SwitchedOff);
                }
                let (ty, bytes) = if byte == F32_CONST { (F32, 4) } else { (F64, 8) };
                let value = super::const_expr::little_endian(self.reader.take(bytes)?);
                self.tell(value as u32, (value >> 32) as u32);
                self.stacks.push(ty)?;
            }
            REF_NULL => {
                let ty = ValType::read_ref(self.reader)? as u8;
                self.stacks.push(ty)?;
            }
            REF_IS_NULL => {
                let ty = self.stacks.pop_any()? as u8;
                if ty != UNKNOWN && !ValType::from_code(ty).is_some_and(ValType::is_ref) {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.stacks.push(I32)?;
            }
            REF_FUNC => {
                let index = self.reader.u32()?;
                self.env.func(index)?;
                if !self.env.is_declared(index) {
                    return Err(ErrorKind::UndeclaredReference);
                }
                self.stacks.push(FUNC_REF)?;
            }
            PREFIX => {
                let code = self.reader.u32()?;
                self.prefixed(code)?;
                return Ok(0xfc00 | code as u16);
            }
            // Exceptions, function references, GC, SIMD, threads.
            0x06..=0x0a | 0x14 | 0x15 | 0x18 | 0x19 | 0x1f | 0xd3..=0xd6 | 0xfb | 0xfd | 0xfe => {
                return Err(ErrorKind::Unsupported)
            }
            _ => return self.reader.refuse_at(pos - 1, ErrorKind::UnknownOperation),
        }
        Ok(byte as u16)
    }

    fn local(&mut self) -> Parsed<u32> {
        let index = self.reader.u32()?;
        let ty = self.locals.ty(index)?;
        #[cfg(feature = "fast")]
        {
            self.tell(self.locals.slot(index), slots(ty as u8));
        }
        Ok(ty)
    }

    #[inline(never)]
    fn prefixed(&mut self, code: u32) -> Parsed<()> {
        match code {
            0..=7 => {
                if !cfg!(feature = "float") {
                    return Err(ErrorKind::SwitchedOff);
                }
                self.numeric(op::prefixed_sig(code as u8))
            }
            // memory.init
            8 => {
                let data = self.reader.u32()?;
                self.memory()?;
                self.data(data)?;
                self.three()
            }
            // data.drop
            9 => {
                let data = self.reader.u32()?;
                self.data(data)
            }
            // memory.copy
            10 => {
                self.memory()?;
                self.memory()?;
                self.three()
            }
            // memory.fill
            11 => {
                self.memory()?;
                self.three()
            }
            // table.init
            12 => {
                let element = self.reader.u32()?;
                let table = self.table()? as u8;
                if self.env.element(element)? as u8 != table {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.three()
            }
            // elem.drop
            13 => {
                let element = self.reader.u32()?;
                self.env.element(element).map(|_| ())
            }
            // table.copy
            14 => {
                let to = self.table()?;
                let from = self.table()?;
                if to != from {
                    return Err(ErrorKind::TypeMismatch);
                }
                self.three()
            }
            // table.grow
            15 => {
                let ty = self.table()? as u8;
                self.stacks.pop(I32)?;
                self.stacks.pop(ty)?;
                self.stacks.push(I32)
            }
            // table.size
            16 => {
                self.table()?;
                self.stacks.push(I32)
            }
            // table.fill
            17 => {
                let ty = self.table()? as u8;
                self.stacks.pop(I32)?;
                self.stacks.pop(ty)?;
                self.stacks.pop(I32)
            }
            _ => Err(ErrorKind::UnknownOperation),
        }
    }

    fn data(&self, index: u32) -> Parsed<()> {
        match self.env.data_count {
            None => Err(ErrorKind::DataCountRequired),
            Some(count) if index >= count => Err(ErrorKind::UnknownData),
            Some(_) => Ok(()),
        }
    }

    /// The three i32 operands of a bulk operation.
    fn three(&mut self) -> Parsed<()> {
        self.stacks.pop(I32)?;
        self.stacks.pop(I32)?;
        self.stacks.pop(I32)
    }
}
