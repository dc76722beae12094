//! Generated programs as trees: what the generator makes, the encoder writes and the reducer
//! shrinks.

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ty {
    I32,
    I64,
    F32,
    F64,
    Func,
    Extern,
}

impl Ty {
    /// Whether it is a reference type.
    pub fn is_ref(self) -> bool {
        matches!(self, Ty::Func | Ty::Extern)
    }
}

/// The type of a function or block.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FuncType {
    pub params: Vec<Ty>,
    pub results: Vec<Ty>,
}

/// One instruction, or a structured one with its body. Types are named by index.
#[derive(Clone, Debug, PartialEq)]
pub enum Instr {
    /// An instruction without immediates, by its opcode; 0xFC00 to 0xFC07 with the prefix.
    Op(u16),
    SelectTyped(Ty),
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    LocalGet(u32),
    LocalSet(u32),
    LocalTee(u32),
    GlobalGet(u32),
    GlobalSet(u32),
    /// A load or store.
    Mem {
        op: u8,
        align: u8,
        offset: u32,
        memory: u32,
    },
    MemorySize(u32),
    MemoryGrow(u32),
    MemoryFill(u32),
    /// To, from.
    MemoryCopy(u32, u32),
    /// Segment, memory.
    MemoryInit(u32, u32),
    DataDrop(u32),
    TableGet(u32),
    TableSet(u32),
    TableSize(u32),
    TableGrow(u32),
    TableFill(u32),
    /// To, from.
    TableCopy(u32, u32),
    /// Segment, table.
    TableInit(u32, u32),
    ElemDrop(u32),
    RefNull(Ty),
    RefFunc(u32),
    Call(u32),
    /// Type, table.
    CallIndirect(u32, u32),
    ReturnCall(u32),
    /// Type, table.
    ReturnCallIndirect(u32, u32),
    Br(u32),
    BrIf(u32),
    BrTable(Vec<u32>, u32),
    Block(u32, Vec<Instr>),
    Loop(u32, Vec<Instr>),
    If(u32, Vec<Instr>, Vec<Instr>),
    /// Clauses: a tag or all, and the label.
    TryTable(u32, Vec<(Option<u32>, u32)>, Vec<Instr>),
    /// The older `try` with its clauses: a tag or all, and what follows.
    Try(u32, Vec<Instr>, Vec<(Option<u32>, Vec<Instr>)>),
    /// The older `try` that ends with `delegate` to this label.
    Delegate(u32, Vec<Instr>, u32),
    Rethrow(u32),
    /// With this tag.
    Throw(u32),
    /// In the thrower with this number.
    ThrowIn(u32),
}

/// Opcodes that are named in the generator; the others stand in its tables.
pub mod op {
    pub const UNREACHABLE: u16 = 0x00;
    pub const NOP: u16 = 0x01;
    pub const RETURN: u16 = 0x0f;
    pub const DROP: u16 = 0x1a;
    pub const SELECT: u16 = 0x1b;
    pub const REF_IS_NULL: u16 = 0xd1;
    pub const I32_EQZ: u16 = 0x45;
    pub const I32_LT_S: u16 = 0x48;
    pub const I32_GT_S: u16 = 0x4a;
    pub const I64_GT_S: u16 = 0x55;
    pub const F32_EQ: u16 = 0x5b;
    pub const F64_EQ: u16 = 0x61;
    pub const I32_ADD: u16 = 0x6a;
    pub const I32_SUB: u16 = 0x6b;
    pub const I32_AND: u16 = 0x71;
    pub const I32_OR: u16 = 0x72;
    pub const I32_XOR: u16 = 0x73;
    pub const I32_ROTL: u16 = 0x77;
    pub const I64_SUB: u16 = 0x7d;
    pub const I64_ADD: u16 = 0x7c;
    pub const I64_AND: u16 = 0x83;
    pub const I64_OR: u16 = 0x84;
    pub const I64_XOR: u16 = 0x85;
    pub const I64_ROTL: u16 = 0x89;
    pub const F32_MIN: u16 = 0x96;
    pub const F32_MAX: u16 = 0x97;
    pub const F64_MIN: u16 = 0xa4;
    pub const F64_MAX: u16 = 0xa5;
    pub const I32_REINTERPRET: u16 = 0xbc;
    pub const I64_REINTERPRET: u16 = 0xbd;
}

/// A function that a module defines.
#[derive(Clone, Debug, Default)]
pub struct Func {
    pub ty: u32,
    /// Types of the locals behind the parameters.
    pub locals: Vec<Ty>,
    pub body: Vec<Instr>,
}

/// A memory: page size as a power of two, and limits in pages.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub log2_page: u32,
    pub min: u32,
    pub max: Option<u32>,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub ty: Ty,
    pub min: u32,
    pub max: Option<u32>,
}

/// The initial value of a global, or an element of a segment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// The bits of a number.
    Bits(u64),
    Null,
    Func(u32),
    /// Of an imported immutable global.
    Global(u32),
}

/// A global.
#[derive(Clone, Copy, Debug)]
pub struct Global {
    pub ty: Ty,
    pub mutable: bool,
    pub init: Init,
}

/// An element segment, active in a table at an offset, or passive.
#[derive(Clone, Debug)]
pub struct Elem {
    pub ty: Ty,
    pub active: Option<(u32, u32)>,
    pub items: Vec<Init>,
}

/// A data segment, active in a memory at an offset, or passive.
#[derive(Clone, Debug)]
pub struct Data {
    pub active: Option<(u32, u32)>,
    pub bytes: Vec<u8>,
}

/// What an import is.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// With its type.
    Func(u32),
    Memory(Memory),
    Table(Table),
    /// Type, mutable.
    Global(Ty, bool),
}

/// Where an import comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The host function with this number.
    Host(u32),
    /// An earlier module of the program, and an index there.
    Module(usize, u32),
}

/// A function, behind all others, that throws what it is given; with `reference` it catches that
/// with its reference first, or with the older `catch_all` and `rethrow`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thrower {
    pub tag: u32,
    pub reference: bool,
    pub older: bool,
}

/// A module. Imports of a kind come before its own items in the index space, as everywhere.
#[derive(Clone, Debug, Default)]
pub struct Module {
    pub types: Vec<FuncType>,
    pub imports: Vec<(Item, Source)>,
    pub funcs: Vec<Func>,
    pub memories: Vec<Memory>,
    pub tables: Vec<Table>,
    pub globals: Vec<Global>,
    pub elems: Vec<Elem>,
    pub datas: Vec<Data>,
    pub start: Option<u32>,
    /// Types of tags.
    pub tags: Vec<u32>,
    pub throwers: Vec<Thrower>,
    /// Functions that are exported; memories, tables and globals are exported all.
    pub exported: Vec<u32>,
}

impl Module {
    /// The index of a type, which is added when it is new.
    pub fn intern(&mut self, ty: FuncType) -> u32 {
        match self.types.iter().position(|known| *known == ty) {
            Some(index) => index as u32,
            None => {
                self.types.push(ty);
                self.types.len() as u32 - 1
            }
        }
    }

    /// Types of all functions, imported ones first.
    pub fn func_types(&self) -> Vec<u32> {
        let imported = self.imports.iter().filter_map(|(item, _)| match item {
            Item::Func(ty) => Some(*ty),
            _ => None,
        });
        imported.chain(self.funcs.iter().map(|func| func.ty)).collect()
    }

    /// Numbers of imported functions, memories, tables and globals.
    pub fn imported(&self) -> [u32; 4] {
        let mut counts = [0; 4];
        for (item, _) in &self.imports {
            let kind = match item {
                Item::Func(_) => 0,
                Item::Memory(_) => 1,
                Item::Table(_) => 2,
                Item::Global(..) => 3,
            };
            counts[kind] += 1;
        }
        counts
    }
}

/// A call of an exported function, with the bits of its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    pub module: usize,
    pub func: u32,
    pub args: Vec<u64>,
}

/// A program: modules that are instantiated in order, and calls.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub seed: u64,
    pub modules: Vec<Module>,
    pub calls: Vec<Call>,
}

/// A host function: its name and type. What it does is in `run::host`.
pub struct HostFunc {
    pub name: &'static str,
    pub params: &'static [Ty],
    pub results: &'static [Ty],
}

/// Host functions that a program may import from the module `h`.
pub const HOST: &[HostFunc] = &[
    HostFunc { name: "i", params: &[Ty::I32], results: &[Ty::I32] },
    HostFunc { name: "l", params: &[Ty::I64, Ty::F32], results: &[Ty::F64] },
    HostFunc { name: "v", params: &[Ty::I32, Ty::I64, Ty::F32, Ty::F64], results: &[] },
    HostFunc { name: "m", params: &[Ty::I32], results: &[Ty::I32, Ty::I64, Ty::F64, Ty::I32] },
    HostFunc { name: "r", params: &[Ty::Func, Ty::Extern], results: &[Ty::Extern, Ty::Func] },
    HostFunc { name: "c", params: &[Ty::Func, Ty::I32], results: &[Ty::I32] },
    HostFunc { name: "n", params: &[], results: &[] },
];

/// The one that calls its first argument, a function from i32 to i32, or null.
pub const CALLBACK: u32 = 5;
