//! Programs on structures, arrays, 31-bit integers and casts: a generator, an interpreter of what
//! it makes as the oracle, and a comparison with Zonda in each execution mode with heaps as small
//! as the program can do with.
//!
//! The oracle shares nothing with the runtime: it interprets the tree that the generator makes,
//! never frees an object, and decides by itself which types are equal. References are kept in
//! locals, operands, globals, a table, element segments, fields, elements and exceptions while
//! objects are made, and everything that can be reached is observed.

mod gen;
mod model;
mod run;
mod text;
mod types;

pub use gen::generate;
pub use model::{interpret, End};
pub use run::{check, Checked};
pub use text::print;

use types::{Ref, Ty, Types};

/// What the functions of a module do, as trees.
pub struct Program {
    types: Types,
    /// Mutable globals, with what constant expressions set them to.
    globals: Vec<(Ty, Expr)>,
    /// The type of the table's elements, and how many there are.
    table: (Ref, u32),
    /// Passive segments: bytes, and references of a type.
    data: Vec<Vec<u8>>,
    elements: Vec<(Ref, Vec<Expr>)>,
    /// Each may call those before it. The last takes no parameters, and the host calls it.
    funcs: Vec<Func>,
    /// How often the host calls it.
    calls: u32,
}

struct Func {
    params: Vec<Ty>,
    locals: Vec<Ty>,
    /// Locals that count the iterations of loops, and that hold exceptions.
    counters: u32,
    exceptions: u32,
    body: Vec<Stmt>,
    result: Expr,
    ty: Ty,
}

enum Stmt {
    Set(usize, Expr),
    SetGlobal(usize, Expr),
    SetTable(Expr, Expr),
    /// Gives a local a value where it is null.
    Ensure(usize, Expr),
    SetField {
        def: usize,
        field: usize,
        of: Expr,
        value: Expr,
    },
    SetElement {
        def: usize,
        of: Expr,
        at: Expr,
        value: Expr,
    },
    Fill {
        def: usize,
        of: Expr,
        at: Expr,
        value: Expr,
        len: Expr,
    },
    Copy {
        to_def: usize,
        to: Expr,
        at: Expr,
        from_def: usize,
        from: Expr,
        source: Expr,
        len: Expr,
    },
    /// From a segment: of bytes, or else of references.
    Init {
        def: usize,
        bytes: bool,
        segment: usize,
        of: Expr,
        at: Expr,
        source: Expr,
        len: Expr,
    },
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    Loop {
        counter: u32,
        count: u32,
        body: Vec<Stmt>,
    },
    /// Adds a value to what is observed.
    Mix(Expr),
    MixLong(Expr),
    /// The same of all that a reference leads to.
    Observe(Expr),
    Drop(Expr),
}

#[derive(Clone, Copy)]
enum Op {
    Add,
    Sub,
    Mul,
    And,
    Xor,
    RemU,
    LtS,
}

#[derive(Clone)]
enum Expr {
    I32(i32),
    I64(i64),
    F64(u64),
    V128([u64; 2]),
    Null(types::Heap),
    Local(usize),
    Global(usize),
    Binary {
        wide: bool,
        op: Op,
        a: Box<Expr>,
        b: Box<Expr>,
    },
    /// `i32.wrap_i64`, `i64.extend_i32_s`, `i64.reinterpret_f64`, `i64x2.extract_lane`.
    Wrap(Box<Expr>),
    Extend(Box<Expr>),
    Reinterpret(Box<Expr>),
    Lane(u8, Box<Expr>),
    New(usize, Vec<Expr>),
    NewDefault(usize),
    Field {
        def: usize,
        field: usize,
        signed: bool,
        of: Box<Expr>,
    },
    Array {
        def: usize,
        value: Box<Expr>,
        len: Box<Expr>,
    },
    ArrayDefault {
        def: usize,
        len: Box<Expr>,
    },
    ArrayFixed(usize, Vec<Expr>),
    /// From a segment: of bytes, or else of references.
    ArrayOf {
        def: usize,
        bytes: bool,
        segment: usize,
        source: Box<Expr>,
        len: Box<Expr>,
    },
    Element {
        def: usize,
        signed: bool,
        of: Box<Expr>,
        at: Box<Expr>,
    },
    Len(Box<Expr>),
    Test(Ref, Box<Expr>),
    Cast(Ref, Box<Expr>),
    /// The value where it has the type, else another one; by `br_on_cast`, or `br_on_cast_fail`.
    CastOr {
        fail: bool,
        from: Ref,
        to: Ref,
        of: Box<Expr>,
        other: Box<Expr>,
    },
    /// The value where it is not null, else another one, by `br_on_non_null`.
    Or {
        heap: types::Heap,
        of: Box<Expr>,
        other: Box<Expr>,
    },
    /// One number where the value is null, else another one, by `br_on_null`.
    IfNull {
        of: Box<Expr>,
        null: Box<Expr>,
        other: Box<Expr>,
    },
    AsNonNull(Box<Expr>),
    IsNull(Box<Expr>),
    Same(Box<Expr>, Box<Expr>),
    I31(Box<Expr>),
    I31Get(bool, Box<Expr>),
    TableGet(Box<Expr>),
    Call(usize, Vec<Expr>),
    ToExtern(Box<Expr>),
    ToAny(Box<Expr>),
    /// An `externref` of the host's with this number, and the number of one.
    FromHost(Box<Expr>),
    HostNumber(Box<Expr>),
    Select {
        ty: Ty,
        cond: Box<Expr>,
        a: Box<Expr>,
        b: Box<Expr>,
    },
    If {
        ty: Ty,
        cond: Box<Expr>,
        a: Box<Expr>,
        b: Box<Expr>,
    },
    /// The value, thrown and caught; kept as an exception while the number is computed.
    Thrown {
        of: Box<Expr>,
        kept: Option<(u32, Box<Expr>)>,
    },
}
