//! A program in the binary format, as far as its names, bodies and lines go.

use crate::lines::{Lines, Source};
use crate::record::{crc32, ModuleId};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;
use wasmparser::{
    BinaryReader, ExternalKind, FuncType, FunctionBody, KnownCustom, Name, Parser, Payload,
    TypeRef, ValType,
};

/// A module and what it says of itself.
pub struct Program<'m> {
    bytes: &'m [u8],
    imported: u32,
    types: Vec<FuncType>,
    /// The type of each function.
    funcs: Vec<u32>,
    names: HashMap<u32, &'m str>,
    locals: HashMap<(u32, u32), &'m str>,
    bodies: Vec<FunctionBody<'m>>,
    /// The contents of the code section.
    code: Range<usize>,
    id: (u32, u32),
    custom: HashMap<&'m str, &'m [u8]>,
    lines: OnceLock<Option<Lines<'m>>>,
    /// For each word size the map from register bytecode to the module.
    positions: [OnceLock<Vec<(u32, u32)>>; 2],
}

impl<'m> Program<'m> {
    /// Reads a module.
    ///
    /// # Errors
    /// What is wrong with it, with the offset.
    pub fn new(bytes: &'m [u8]) -> Result<Program<'m>, String> {
        let mut program = Program {
            bytes,
            imported: 0,
            types: Vec::new(),
            funcs: Vec::new(),
            names: HashMap::new(),
            locals: HashMap::new(),
            bodies: Vec::new(),
            code: 0..0,
            id: (0, 0),
            custom: HashMap::new(),
            lines: OnceLock::new(),
            positions: [OnceLock::new(), OnceLock::new()],
        };
        program.read().map_err(|error| error.to_string())?;
        Ok(program)
    }

    fn read(&mut self) -> wasmparser::Result<()> {
        let mut exports = Vec::new();
        let mut named = Vec::new();
        for payload in Parser::new(0).parse_all(self.bytes) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        self.types.push(ty?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if let TypeRef::Func(ty) = import?.ty {
                            self.funcs.push(ty);
                            self.imported += 1;
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        self.funcs.push(ty?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            exports.push((export.index, export.name));
                        }
                    }
                }
                Payload::CodeSectionStart { unchecked_range: range, .. } => {
                    self.code = range.start as usize..range.end as usize;
                }
                Payload::CodeSectionEntry(body) => self.bodies.push(body),
                Payload::CustomSection(section) => {
                    self.custom.insert(section.name(), section.data());
                    if let KnownCustom::Name(names) = section.as_known() {
                        named.push(names);
                    }
                }
                _ => {}
            }
        }
        // What is wrong in a name section has no effect on the program: the rest of it is skipped.
        for name in named.into_iter().flatten().map_while(Result::ok) {
            match name {
                Name::Function(map) => {
                    for naming in map.into_iter().map_while(Result::ok) {
                        self.names.insert(naming.index, naming.name);
                    }
                }
                Name::Local(map) => {
                    for func in map.into_iter().map_while(Result::ok) {
                        for naming in func.names.map_while(Result::ok) {
                            self.locals.insert((func.index, naming.index), naming.name);
                        }
                    }
                }
                _ => {}
            }
        }
        for (index, name) in exports {
            self.names.entry(index).or_insert(name);
        }
        self.id = sections(self.bytes);
        Ok(())
    }

    /// The module.
    pub fn bytes(&self) -> &'m [u8] {
        self.bytes
    }

    /// The number of functions, imported ones included.
    pub fn funcs(&self) -> u32 {
        self.funcs.len() as u32
    }

    /// The number of functions that it imports.
    pub fn imported(&self) -> u32 {
        self.imported
    }

    /// The name of a function: of the name section, else of an export.
    pub fn name(&self, func: u32) -> Option<&'m str> {
        self.names.get(&func).copied()
    }

    /// The name of a function, or its index.
    pub fn name_or_index(&self, func: u32) -> String {
        self.name(func).map_or_else(|| format!("function {func}"), str::to_owned)
    }

    /// The functions that it defines: index and body.
    pub fn bodies(&self) -> impl Iterator<Item = (u32, &FunctionBody<'m>)> {
        (self.imported..).zip(&self.bodies)
    }

    /// The offset of the code section's contents, from which DWARF counts.
    pub fn code_start(&self) -> usize {
        self.code.start
    }

    /// Whether a record is of this program; the number by which its offsets are less than those
    /// here.
    pub fn matches(&self, id: &ModuleId) -> Option<u32> {
        match id {
            ModuleId::Sections { len, crc, bodies } => {
                let first = self.first_body();
                ((*len, *crc) == self.id).then(|| first.wrapping_sub(*bodies))
            }
            ModuleId::Sha256(hash) => (Sha256::digest(self.bytes)[..] == hash[..]).then_some(0),
        }
    }

    /// The offset of the first body, with its size.
    fn first_body(&self) -> u32 {
        // Behind the number of bodies.
        let mut reader = BinaryReader::new(self.bytes.get(self.code.clone()).unwrap_or(&[]), 0);
        let _ = reader.read_var_u32();
        (self.code.start as u32).wrapping_add(reader.original_position() as u32)
    }

    /// The offset of the module for one in register bytecode that was made of it for pointers of
    /// this size.
    pub fn of_register_bytecode(&self, code: u32, word_size: u8) -> Option<u32> {
        let [narrow, wide] = &self.positions;
        let positions = if word_size == 8 { wide } else { narrow };
        let positions = positions.get_or_init(|| {
            let made = zonda::toolchain::positions(self.bytes, word_size);
            made.map_or(Vec::new(), |positions| positions.to_vec())
        });
        let after = positions.partition_point(|position| position.0 <= code);
        positions.get(after.checked_sub(1)?).map(|position| position.1)
    }

    /// The offset of the instruction to which a byte belongs.
    pub fn instruction(&self, func: u32, offset: u32) -> Option<u32> {
        let body = self.bodies.get(func.checked_sub(self.imported)? as usize)?;
        let offset = u64::from(offset);
        if !body.range().contains(&offset) {
            return None;
        }
        let operators = body.get_operators_reader().ok()?.into_iter_with_offsets();
        let starts = operators.map_while(Result::ok).map(|(_, start)| start);
        starts.take_while(|&start| start <= offset).last().map(|start| start as u32)
    }

    /// The offset behind the instruction that starts at an offset.
    pub fn behind(&self, func: u32, offset: u32) -> Option<u32> {
        let body = self.bodies.get(func.checked_sub(self.imported)? as usize)?;
        let offset = u64::from(offset);
        if !body.range().contains(&offset) {
            return None;
        }
        let operators = body.get_operators_reader().ok()?.into_iter_with_offsets();
        let mut starts = operators.map_while(Result::ok).map(|(_, start)| start);
        starts.find(|&start| start > offset).map(|start| start as u32)
    }

    /// The source of an instruction, by its offset in the module; inlined calls first.
    pub fn source(&self, offset: u32) -> Vec<Source> {
        let Some(lines) = self.lines() else { return Vec::new() };
        (offset as usize)
            .checked_sub(self.code.start)
            .map_or(Vec::new(), |offset| lines.find(offset as u32))
    }

    /// The line table, if the module has DWARF.
    pub fn lines(&self) -> Option<&Lines<'m>> {
        self.lines.get_or_init(|| Lines::new(|name| self.custom.get(name).copied())).as_ref()
    }

    /// The locals of a function, parameters first: index, name and type.
    pub fn locals(&self, func: u32) -> Vec<(Option<&'m str>, ValType)> {
        let ty = self.funcs.get(func as usize).and_then(|&ty| self.types.get(ty as usize));
        let mut types: Vec<ValType> = ty.map_or(Vec::new(), |ty| ty.params().to_vec());
        let defined = func.checked_sub(self.imported);
        if let Some(body) = defined.and_then(|defined| self.bodies.get(defined as usize)) {
            if let Ok(locals) = body.get_locals_reader() {
                for (count, ty) in locals.into_iter().map_while(Result::ok) {
                    // A module that is executed has fewer; another one may say anything.
                    let count = (count as usize).min(MOST_LOCALS.saturating_sub(types.len()));
                    types.extend(std::iter::repeat_n(ty, count));
                }
            }
        }
        let name = |index: usize| self.locals.get(&(func, index as u32)).copied();
        types.into_iter().enumerate().map(|(index, ty)| (name(index), ty)).collect()
    }
}

/// More locals than a function can have here (docs/limits.md).
const MOST_LOCALS: usize = 50_000;

/// Length and CRC-32 of all sections but the custom ones.
fn sections(bytes: &[u8]) -> (u32, u32) {
    let mut reader = BinaryReader::new(bytes.get(8..).unwrap_or(&[]), 8);
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut len = 0u32;
    while !reader.eof() {
        let start = reader.original_position() as usize;
        let (Ok(id), Ok(size)) = (reader.read_u8(), reader.read_var_u32()) else { break };
        let Ok(contents) = reader.read_bytes(size as usize) else { break };
        if id != 0 {
            parts.push(bytes.get(start..=start).unwrap_or(&[]));
            parts.push(contents);
            len = len.wrapping_add(size);
        }
    }
    (len, crc32(&parts))
}
