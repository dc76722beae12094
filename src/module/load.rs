//! Loads a module: walks its sections (spec: 5.5), checks each, and keeps what execution needs.

#[cfg(any(feature = "precompiled", feature = "native"))]
mod artifact;

#[cfg(feature = "native")]
pub(super) use artifact::load_native;
#[cfg(feature = "precompiled")]
pub(super) use artifact::load_precompiled;
#[cfg(feature = "toolchain")]
pub(crate) use artifact::verify_precompiled;

use super::segments::{DataHeader, ElementHeader};
use super::types;
use super::{ExportEntry, GlobalEntry, ImportEntry, ModuleData};
use crate::alloc::{OutOfMemory, TryArc, TryBox, TryVec};
use crate::binary::reader::{error, Parsed, Reader};
use crate::binary::types::{ExternKind, GlobalType, IndexType, MemoryType, TableType, ValType};
#[cfg(feature = "fast")]
use crate::code::fast::Positions;
use crate::code::{Code, CodeBuilder, CompiledCode};
use crate::error::{Error, ErrorKind};
use crate::limits::*;
use crate::message::message;
use crate::validate::const_expr;
use crate::validate::env::Env;
use crate::validate::func::FuncValidator;
use crate::validate::sort::heapsort;
use crate::validate::tags::Tags;
use crate::validate::type_table::Types;
use crate::validate::visitor::{Nothing, Visitor};
use core::cell::Cell;
use zonda_exec::{FuncLayout, Mode};

/// Sections by id, in the order in which they may stand; data count comes before code (spec:
/// 5.5.2).
#[cfg(not(feature = "exceptions"))]
const ORDER: [u8; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10];
/// The same with tags, which come before globals.
#[cfg(feature = "exceptions")]
const ORDER: [u8; 14] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];

/// What is known of a module while it is read. The functions that read sections are not inlined, so
/// that the native stack holds the frame of one of them at a time.
struct Loader<'a> {
    env: Env<'a>,
    imports: TryVec<ImportEntry>,
    imported_funcs: u32,
    imported_tables: u32,
    imported_memories: u32,
    global_inits: TryVec<u32>,
    /// Offsets of the expressions for elements of tables; 0 for null.
    #[cfg(feature = "function-references")]
    table_inits: TryVec<u32>,
    elements: TryVec<u32>,
    data: TryVec<u32>,
    start: Option<u32>,
    exports: (u32, u32),
    bodies: bool,
    /// Offset of the first body.
    code: u32,
    /// `None` while code is read, and where code is not kept.
    builder: Option<CodeBuilder<'a>>,
}

/// Loads a module for an execution mode.
#[inline(never)]
pub(super) fn load(bytes: &[u8], mode: Mode) -> Result<TryArc<ModuleData<'_>>, Error> {
    let mut loader = Loader::walk(bytes, Some(mode))?;
    let kept = loader.take_code().and_then(|code| loader.keep(code, bytes));
    let loaded = kept.map_err(|kind| error(kind, bytes.len()))?;
    message!(
        debug,
        "module of {} bytes loaded, {} functions, {} bytes made of their code",
        bytes.len(),
        loaded.code.len(),
        loaded.code.ram()
    );
    Ok(loaded)
}

/// Translates a module for a device whose frames have `overhead` slots between locals and operands.
#[cfg(feature = "toolchain")]
pub(crate) fn translate_for(bytes: &[u8], overhead: u32) -> Result<Code<'_>, Error> {
    let mut loader = Loader::new(bytes, Some(CodeBuilder::new(Mode::Fast, bytes)?))?;
    if let Some(CodeBuilder::Fast(builder)) = &mut loader.builder {
        builder.overhead = overhead;
    }
    loader.read()?;
    loader.take_code().map_err(|kind| error(kind, bytes.len()))
}

/// The offset in the register bytecode and in the module of each instruction, as translated for a
/// device whose frames have `overhead` slots between locals and operands.
#[cfg(feature = "toolchain")]
pub(crate) fn positions_for(bytes: &[u8], overhead: u32) -> Result<TryVec<(u32, u32)>, Error> {
    let mut loader = Loader::new(bytes, Some(CodeBuilder::new(Mode::Fast, bytes)?))?;
    if let Some(CodeBuilder::Fast(builder)) = &mut loader.builder {
        builder.overhead = overhead;
        builder.positions = Positions::All(TryVec::new());
    }
    loader.read()?;
    match &mut loader.builder {
        Some(CodeBuilder::Fast(builder)) => {
            match core::mem::replace(&mut builder.positions, Positions::Unknown) {
                Positions::All(positions) => Ok(positions),
                _ => Ok(TryVec::new()),
            }
        }
        _ => Ok(TryVec::new()),
    }
}

/// Receives what a module declares, the number of its imported functions, and its start function.
#[cfg(feature = "toolchain")]
type Declared<'d, V> = dyn FnMut(&mut V, &Env, u32, Option<u32>) + 'd;

/// Drives a visitor with all functions of a module. `declared` gets what the module declares and
/// the number of its imported functions, before the first body.
#[cfg(feature = "toolchain")]
pub(crate) fn walk<V: Visitor>(
    bytes: &[u8],
    visitor: &mut V,
    declared: &mut Declared<'_, V>,
) -> Result<(), Error> {
    let mut reader = Reader::new(bytes, 0);
    let mut loader = Loader::new(bytes, None)?;
    let result = loader.sections(&mut reader, &mut |loader, code| {
        declared(visitor, &loader.env, loader.imported_funcs, loader.start);
        loader.bodies(code, visitor)
    });
    result.map_err(|kind| error(kind, reader.pos()))?;
    if !loader.bodies {
        declared(visitor, &loader.env, loader.imported_funcs, loader.start);
    }
    Ok(())
}

/// Builds the code of a module again, for another mode.
#[inline(never)]
pub(crate) fn translate(bytes: &[u8], mode: Mode) -> Result<Code<'_>, Error> {
    let mut loader = Loader::walk(bytes, Some(mode))?;
    loader.take_code().map_err(|kind| error(kind, bytes.len()))
}

/// Translates again to map register instructions to offsets in the module.
#[cfg(feature = "fast")]
#[inline(never)]
pub(super) fn positions(bytes: &[u8], wanted: Positions) -> Result<Positions, Error> {
    let mut loader = Loader::new(bytes, Some(CodeBuilder::new(Mode::Fast, bytes)?))?;
    if let Some(CodeBuilder::Fast(builder)) = &mut loader.builder {
        builder.positions = wanted;
    }
    loader.read()?;
    match &mut loader.builder {
        Some(CodeBuilder::Fast(builder)) => {
            Ok(core::mem::replace(&mut builder.positions, Positions::Unknown))
        }
        _ => Ok(Positions::Unknown),
    }
}

/// Where an operand of a function lies before the instruction at an offset in the module: its first
/// slot among those of the operands, and its slots. Operands count from the lowest one. Validates the
/// function up to there.
#[cfg(feature = "debug")]
#[inline(never)]
pub(crate) fn operand_before(
    bytes: &[u8],
    func: u32,
    offset: u32,
    index: u32,
) -> Option<(u32, u32)> {
    // The only visitor for which the library of a device has the validator.
    let mut visitor = CodeBuilder::new(Mode::Classic, bytes).ok()?;
    let mut loader = Loader::new(bytes, None).ok()?;
    let mut found = None;
    // Ends with an error behind what is looked for.
    let _ = loader.sections(&mut Reader::new(bytes, 0), &mut |loader, code| {
        code.u32()?;
        for _ in loader.imported_funcs..func {
            let size = code.u32()?;
            code.take(size as usize)?;
        }
        code.u32()?;
        let ty = *loader.env.funcs.get(func as usize).ok_or(ErrorKind::UnknownType)? as u32;
        let before = (offset as usize).checked_sub(code.pos()).ok_or(ErrorKind::BodySize)?;
        let mut body = code.part(before)?;
        let mut validator = FuncValidator::new(&loader.env.table)?;
        // Ends with an error where the next instruction is missing.
        let _ = validator.validate(&loader.env, ty, &mut body, &mut visitor);
        if body.is_empty() {
            found = validator.operand(index);
        }
        Err(ErrorKind::BodyCount)
    });
    found
}

/// Validates a module and keeps nothing.
pub(super) fn validate(bytes: &[u8]) -> Result<(), Error> {
    let mut reader = Reader::new(bytes, 0);
    let mut loader = Loader::new(bytes, None)?;
    let result =
        loader.sections(&mut reader, &mut |loader, code| loader.bodies(code, &mut Nothing));
    result.map_err(|kind| error(kind, reader.pos()))
}

type CodeSection<'c, 'a> = dyn FnMut(&mut Loader<'a>, &mut Reader<'a>) -> Parsed<()> + 'c;

impl<'a> Loader<'a> {
    /// Heap-allocated to keep native stack use small.
    #[inline(never)]
    fn new(
        bytes: &'a [u8],
        builder: Option<CodeBuilder<'a>>,
    ) -> Result<TryBox<Loader<'a>>, OutOfMemory> {
        TryBox::new(Loader {
            env: Env {
                bytes,
                types: TryVec::new(),
                table: Types::new()?,
                funcs: TryVec::new(),
                tables: TryVec::new(),
                memories: TryVec::new(),
                globals: TryVec::new(),
                imported_globals: 0,
                elements: TryVec::new(),
                data_count: None,
                declared: TryVec::new(),
                tags: Tags::new(),
                sizes_memory: Cell::new(false),
            },
            imports: TryVec::new(),
            imported_funcs: 0,
            imported_tables: 0,
            imported_memories: 0,
            global_inits: TryVec::new(),
            #[cfg(feature = "function-references")]
            table_inits: TryVec::new(),
            elements: TryVec::new(),
            data: TryVec::new(),
            start: None,
            exports: (0, 0),
            bodies: false,
            code: 0,
            builder,
        })
    }

    /// Reads a whole module.
    #[inline(never)]
    fn walk(bytes: &'a [u8], mode: Option<Mode>) -> Result<TryBox<Loader<'a>>, Error> {
        let builder = match mode {
            Some(mode) => Some(CodeBuilder::new(mode, bytes)?),
            None => None,
        };
        let mut loader = Loader::new(bytes, builder)?;
        loader.read()?;
        Ok(loader)
    }

    /// Reads the module that the loader was made for.
    #[inline(never)]
    fn read(&mut self) -> Result<(), Error> {
        let mut reader = Reader::new(self.env.bytes, 0);
        let result = self.sections(&mut reader, &mut |loader, code| {
            let Some(mut builder) = loader.builder.take() else {
                return Err(ErrorKind::SectionOrder);
            };
            let result = loader.bodies(code, &mut builder);
            loader.builder = Some(builder);
            result
        });
        match result {
            Ok(()) => Ok(()),
            Err(kind) => {
                message!(
                    debug,
                    "module refused at offset 0x{:x}: {}",
                    reader.pos(),
                    kind.message()
                );
                Err(error(kind, reader.pos()))
            }
        }
    }

    /// Number of functions that the module defines.
    fn defined(&self) -> u32 {
        self.env.funcs.len() as u32 - self.imported_funcs
    }

    #[inline(never)]
    fn sections(&mut self, reader: &mut Reader<'a>, code: &mut CodeSection<'_, 'a>) -> Parsed<()> {
        // Offsets are kept in 32 bits.
        if u32::try_from(reader.left()).is_err() {
            return Err(ErrorKind::TooLarge);
        }
        #[cfg(feature = "function-references")]
        {
            // Those of the type section are the first.
            reader.types = 0;
        }
        if reader.take(4)? != b"\0asm" {
            return reader.refuse_at(0, ErrorKind::NotWasm);
        }
        if reader.take(4)? != [1, 0, 0, 0] {
            return reader.refuse_at(4, ErrorKind::Version);
        }
        let mut last = 0;
        while !reader.is_empty() {
            let at = reader.pos();
            let id = reader.byte()?;
            let Some(&order) = ORDER.get(id as usize) else {
                return reader.refuse_at(at, ErrorKind::BadSectionId);
            };
            let size = reader.u32()? as usize;
            if id != 0 {
                if order <= last {
                    return reader.refuse_at(at, ErrorKind::SectionOrder);
                }
                // Everything that code may name is known before the code is read.
                last = order;
            }
            reader
                .inside(size, ErrorKind::SectionSize, |section| self.section(id, section, code))?;
        }
        if !self.bodies && self.defined() != 0 {
            return Err(ErrorKind::BodyCount);
        }
        if self.env.data_count.is_some_and(|count| count != self.data.len() as u32) {
            return Err(ErrorKind::DataCount);
        }
        Ok(())
    }

    #[inline(never)]
    fn section(
        &mut self,
        id: u8,
        reader: &mut Reader<'a>,
        code: &mut CodeSection<'_, 'a>,
    ) -> Parsed<()> {
        match id {
            0 => {
                reader.name()?;
                reader.take(reader.left()).map(|_| ())
            }
            1 => types::read(&mut self.env, reader),
            2 => self.imports(reader),
            3 => self.functions(reader),
            4 => {
                for _ in 0..limited(reader, MAX_TABLES)? {
                    self.table(reader)?;
                }
                Ok(())
            }
            5 => {
                for _ in 0..limited(reader, MAX_MEMORIES)? {
                    let ty = MemoryType::read(reader)?;
                    self.add_memory(ty)?;
                }
                Ok(())
            }
            6 => self.globals(reader),
            7 => self.exports(reader),
            8 => {
                let func = reader.u32()?;
                let ty = self.env.func(func)?;
                if ty.param_count != 0 || ty.result_count != 0 {
                    return Err(ErrorKind::StartType);
                }
                self.start = Some(func);
                Ok(())
            }
            9 => self.element_segments(reader),
            10 => {
                self.bodies = true;
                code(self, reader)
            }
            11 => self.data_segments(reader),
            #[cfg(feature = "exceptions")]
            13 => {
                for _ in 0..limited(reader, MAX_TYPES)? {
                    self.env.add_tag(reader)?;
                }
                Ok(())
            }
            _ => {
                self.env.data_count = Some(reader.u32()?);
                Ok(())
            }
        }
    }

    #[inline(never)]
    fn imports(&mut self, reader: &mut Reader<'a>) -> Parsed<()> {
        let count = limited(reader, MAX_IMPORTS)?;
        self.imports.reserve_exact(count as usize)?;
        for _ in 0..count {
            let offset = reader.pos() as u32;
            reader.name()?;
            reader.name()?;
            let kind = ExternKind::read(reader, ErrorKind::BadImportKind)?;
            let mut ty = 0;
            match kind {
                ExternKind::Func => {
                    let index = reader.u32()?;
                    ty = self.env.ty(index)?.canonical;
                    self.env.funcs.push(ty)?;
                    self.imported_funcs += 1;
                }
                ExternKind::Table => {
                    let ty = TableType::read(reader)?;
                    self.add_table(ty)?;
                    self.imported_tables += 1;
                }
                ExternKind::Memory => {
                    let ty = MemoryType::read(reader)?;
                    self.add_memory(ty)?;
                    self.imported_memories += 1;
                }
                ExternKind::Global => {
                    if self.env.imported_globals >= MAX_GLOBALS {
                        return Err(ErrorKind::TooLarge);
                    }
                    let ty = GlobalType::read(reader)?;
                    self.env.globals.push(ty)?;
                    self.global_inits.push(0)?;
                    self.env.imported_globals += 1;
                }
                #[cfg(feature = "exceptions")]
                ExternKind::Tag => ty = self.env.add_tag(reader)?,
            }
            self.imports.push(ImportEntry { offset, kind, ty })?;
        }
        self.declare_room()
    }

    /// Reserves one bit for each function.
    fn declare_room(&mut self) -> Parsed<()> {
        let words = self.env.funcs.len().div_ceil(32);
        self.env.declared.resize(words, 0)?;
        Ok(())
    }

    #[inline(never)]
    fn functions(&mut self, reader: &mut Reader<'a>) -> Parsed<()> {
        let count = limited(reader, MAX_FUNCS.saturating_sub(self.imported_funcs))?;
        if let Some(builder) = &mut self.builder {
            builder.reserve(count as usize, self.imported_funcs)?;
        }
        self.env.funcs.reserve(count as usize)?;
        // A function of four bytes may have a thousand parameters, each of which takes time, and
        // memory in classic mode. Neither is needed where bodies are not read.
        let mut params_left = if self.bodies {
            u32::MAX
        } else {
            (self.env.bytes.len() as u32).saturating_mul(MAX_PARAMS_PER_BYTE)
        };
        for _ in 0..count {
            let at = reader.pos();
            let index = reader.u32()?;
            let ty = *self.env.ty(index)?;
            match params_left.checked_sub(ty.param_count as u32) {
                Some(left) => params_left = left,
                None => return reader.refuse_at(at, ErrorKind::TooLarge),
            }
            self.env.funcs.push(ty.canonical)?;
            if let Some(builder) = &mut self.builder {
                builder.declare(FuncLayout {
                    params: ty.param_slots,
                    locals: ty.param_slots,
                    results: ty.result_slots,
                    type_index: ty.canonical,
                    frame: 0,
                })?;
            }
        }
        self.declare_room()
    }

    /// Reads a table that the module defines.
    #[cfg(not(feature = "function-references"))]
    #[inline(always)]
    fn table(&mut self, reader: &mut Reader<'a>) -> Parsed<()> {
        let ty = TableType::read(reader)?;
        self.add_table(ty)
    }

    /// Reads a table that the module defines, and checks the expression for its elements.
    #[cfg(feature = "function-references")]
    fn table(&mut self, reader: &mut Reader<'a>) -> Parsed<()> {
        let mut init = 0;
        if reader.peek() == Some(0x40) {
            reader.byte()?;
            if reader.byte()? != 0 {
                return Err(ErrorKind::ZeroByte);
            }
            let ty = TableType::read(reader)?;
            init = reader.pos() as u32;
            const_expr::check(reader, &mut self.env, ty.element)?;
            self.add_table(ty)?;
        } else {
            let ty = TableType::read(reader)?;
            if !ty.element.is_defaultable() {
                return Err(ErrorKind::TypeMismatch);
            }
            self.add_table(ty)?;
        }
        Ok(self.table_inits.push(init)?)
    }

    fn add_table(&mut self, ty: TableType) -> Parsed<()> {
        if self.env.tables.len() as u32 >= MAX_TABLES {
            return Err(ErrorKind::TooLarge);
        }
        Ok(self.env.tables.push(ty)?)
    }

    fn add_memory(&mut self, ty: MemoryType) -> Parsed<()> {
        if !self.env.memories.is_empty() && !cfg!(feature = "multi-memory") {
            return Err(ErrorKind::MultipleMemories);
        }
        if self.env.memories.len() as u32 >= MAX_MEMORIES {
            return Err(ErrorKind::TooLarge);
        }
        Ok(self.env.memories.push(ty)?)
    }

    #[inline(never)]
    fn globals(&mut self, reader: &mut Reader<'a>) -> Parsed<()> {
        let count = limited(reader, MAX_GLOBALS.saturating_sub(self.env.imported_globals))?;
        for _ in 0..count {
            let ty = GlobalType::read(reader)?;
            let init = reader.pos() as u32;
            const_expr::check(reader, &mut self.env, ty.content)?;
            self.env.globals.push(ty)?;
            self.global_inits.push(init)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn exports(&mut self, reader: &mut Reader<'a>) -> Parsed<()> {
        let count = limited(reader, MAX_EXPORTS)?;
        let first = reader.pos() as u32;
        self.exports = (first, count);
        let mut order = TryVec::with_capacity(count as usize)?;
        for _ in 0..count {
            order.push(reader.pos() as u32)?;
            let entry = ExportEntry::read(reader)?;
            match entry.kind {
                ExternKind::Func => {
                    self.env.func(entry.index)?;
                    self.env.declare(entry.index);
                }
                ExternKind::Table => self.env.table(entry.index).map(|_| ())?,
                ExternKind::Memory => self.env.memory(entry.index).map(|_| ())?,
                ExternKind::Global => self.env.global(entry.index).map(|_| ())?,
                #[cfg(feature = "exceptions")]
                ExternKind::Tag => self.env.tag(entry.index).map(|_| ())?,
            }
        }
        // No name appears twice: equal names are adjacent after sorting.
        let bytes = self.env.bytes;
        let name = |at: u32| Reader::new(bytes, at as usize).name_bytes().unwrap_or(&[]);
        // Names are sorted by length first, and then among those of equal length: a long name is
        // not read each time that a short one is compared, and sorting takes n·log n steps for n
        // bytes of names.
        heapsort(&mut order, &|a, b| name(a).len() < name(b).len());
        for same in order.chunk_by_mut(|&a, &b| name(a).len() == name(b).len()) {
            heapsort(same, &|a, b| name(a) < name(b));
            let mut rest = &*same;
            while let [a, left @ ..] = rest {
                if let Some(b) = left.first().filter(|&&b| name(*a) == name(b)) {
                    return reader.refuse_at(*a.max(b) as usize, ErrorKind::DuplicateExport);
                }
                rest = left;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn element_segments(&mut self, reader: &mut Reader<'a>) -> Parsed<()> {
        let count = limited(reader, MAX_ELEMENT_SEGMENTS)?;
        self.elements.reserve_exact(count as usize)?;
        self.env.elements.reserve_exact(count as usize)?;
        for _ in 0..count {
            self.elements.push(reader.pos() as u32)?;
            let segment = ElementHeader::read(reader, &mut |reader| self.offset_type(reader))?;
            if let Some(table) = segment.table {
                let ty = self.env.table(table)?;
                let fits = ty.element == segment.ty
                    || self.env.table.is_sub(segment.ty.code(), ty.element.code());
                if !fits || ty.index != segment.index {
                    return Err(ErrorKind::TypeMismatch);
                }
            }
            for _ in 0..segment.count {
                if segment.expressions {
                    const_expr::check(reader, &mut self.env, segment.ty)?;
                } else {
                    let func = reader.u32()?;
                    self.env.func(func)?;
                    self.env.declare(func);
                }
            }
            self.env.elements.push(segment.ty)?;
        }
        Ok(())
    }

    /// Checks the offset of an active segment; returns its type.
    fn offset_type(&mut self, reader: &mut Reader<'a>) -> Parsed<IndexType> {
        if IndexType::WIDE {
            return match const_expr::walk(reader, &mut self.env, &mut const_expr::AnyValue)? {
                (ValType::I32, _) => Ok(IndexType::I32),
                (ValType::I64, _) => Ok(IndexType::new(true)),
                _ => Err(ErrorKind::TypeMismatch),
            };
        }
        const_expr::check(reader, &mut self.env, ValType::I32).map(|()| IndexType::I32)
    }

    #[inline(never)]
    fn data_segments(&mut self, reader: &mut Reader<'a>) -> Parsed<()> {
        let count = limited(reader, MAX_DATA_SEGMENTS)?;
        self.data.reserve_exact(count as usize)?;
        for _ in 0..count {
            self.data.push(reader.pos() as u32)?;
            let segment = DataHeader::read(reader, &mut |reader| self.offset_type(reader))?;
            if let Some(memory) = segment.memory {
                if self.env.memory(memory)?.index != segment.index {
                    return Err(ErrorKind::TypeMismatch);
                }
            }
            reader.take(segment.len as usize)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn bodies<V: Visitor>(&mut self, reader: &mut Reader<'a>, visitor: &mut V) -> Parsed<()> {
        let count = reader.u32()?;
        if count != self.defined() {
            return Err(ErrorKind::BodyCount);
        }
        self.code = reader.pos() as u32;
        let mut validator = FuncValidator::new(&self.env.table)?;
        for index in self.imported_funcs..self.imported_funcs + count {
            let at = reader.pos();
            let size = reader.u32()?;
            if size > MAX_BODY {
                return reader.refuse_at(at, ErrorKind::TooLarge);
            }
            let ty = *self.env.funcs.get(index as usize).ok_or(ErrorKind::UnknownType)? as u32;
            reader.inside(size as usize, ErrorKind::BodySize, |body| {
                validator.validate(&self.env, ty, body, visitor)
            })?;
        }
        Ok(())
    }

    fn take_code(&mut self) -> Parsed<Code<'a>> {
        match &mut self.builder {
            Some(builder) => builder.complete(),
            None => Err(ErrorKind::SectionOrder),
        }
    }

    #[inline(never)]
    fn keep(&mut self, code: Code<'a>, file: &'a [u8]) -> Parsed<TryArc<ModuleData<'a>>> {
        use core::mem::take;
        // Frees the rest of the builder before more is allocated.
        self.builder = None;
        let mut globals = TryVec::with_capacity(self.env.globals.len())?;
        for (&ty, &init) in self.env.globals.iter().zip(self.global_inits.iter()) {
            globals.push(GlobalEntry { ty, init })?;
        }
        self.env.tables.shrink();
        self.env.memories.shrink();
        let wide = IndexType::WIDE
            && (self.env.tables.iter().any(|ty| ty.index.is_64())
                || self.env.memories.iter().any(|ty| ty.index.is_64()));
        Ok(TryArc::new(ModuleData {
            bytes: self.env.bytes,
            file,
            owned: TryVec::new(),
            types: take(&mut self.env.types),
            table: self.env.table.clone(),
            tags: take(&mut self.env.tags),
            imports: take(&mut self.imports),
            imported_funcs: self.imported_funcs,
            tables: take(&mut self.env.tables),
            #[cfg(feature = "function-references")]
            table_inits: take(&mut self.table_inits),
            imported_tables: self.imported_tables,
            memories: take(&mut self.env.memories),
            imported_memories: self.imported_memories,
            globals,
            imported_globals: self.env.imported_globals,
            code,
            bodies: self.code,
            elements: take(&mut self.elements),
            data: take(&mut self.data),
            start: self.start,
            exports: self.exports,
            sizes_memory: self.env.sizes_memory.get(),
            index: IndexType::new(wide),
        })?)
    }
}

/// Reads the length of a vector, which may be at most `most`.
pub(super) fn limited(reader: &mut Reader, most: u32) -> Parsed<u32> {
    let at = reader.pos();
    let count = reader.count()?;
    if count > most {
        return reader.refuse_at(at, ErrorKind::TooLarge);
    }
    Ok(count)
}
