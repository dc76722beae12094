//! The generator: a program for each seed. Most operands are such that the program goes on; some
//! are null, of another type or out of bounds, so that it traps there.

mod values;

use super::super::program::rng::Rng;
use super::types::{non_null, nullable, Def, Field, Heap, Kind, Ref, Ty, Types};
use super::{Expr, Func, Program, Stmt};

pub(super) use values::bytes_of;

/// What a function takes and gives.
#[derive(Clone)]
struct Signature {
    params: Vec<Ty>,
    result: Ty,
}

struct Generator {
    rng: Rng,
    types: Types,
    globals: Vec<Ty>,
    table: (Ref, u32),
    data: Vec<Vec<u8>>,
    elements: Vec<(Ref, u32)>,
    signatures: Vec<Signature>,
    /// Of the function that is being made.
    locals: Vec<Ty>,
    counters: u32,
    exceptions: u32,
}

/// The program of a seed.
pub fn generate(seed: u64) -> Program {
    let generator = Generator {
        rng: Rng::new(seed),
        types: Types::default(),
        globals: Vec::new(),
        table: (nullable(Heap::Any), 0),
        data: Vec::new(),
        elements: Vec::new(),
        signatures: Vec::new(),
        locals: Vec::new(),
        counters: 0,
        exceptions: 0,
    };
    generator.program()
}

impl Generator {
    fn program(mut self) -> Program {
        self.make_types();
        let globals: Vec<_> = (0..self.rng.range(3, 6))
            .map(|_| {
                let ty = match self.rng.below(6) {
                    0 => Ty::I32,
                    1 => Ty::I64,
                    _ => Ty::Ref(Ref { null: true, ..self.any_ref() }),
                };
                (ty, self.constant(ty))
            })
            .collect();
        self.globals = globals.iter().map(|&(ty, _)| ty).collect();
        self.table = (Ref { null: true, ..self.any_ref() }, self.rng.range(3, 6));
        for _ in 0..2 {
            let len = self.rng.range(16, 70);
            let bytes = (0..len).map(|_| self.rng.next() as u8).collect();
            self.data.push(bytes);
        }
        let elements: Vec<_> = (0..2)
            .map(|_| {
                let ty = Ref { null: true, ..self.any_ref() };
                let count = self.rng.range(2, 6);
                (ty, (0..count).map(|_| self.constant(Ty::Ref(ty))).collect::<Vec<_>>())
            })
            .collect();
        self.elements = elements.iter().map(|(ty, list)| (*ty, list.len() as u32)).collect();
        let count = self.rng.range(2, 5);
        let funcs = (0..count).map(|number| self.func(number + 1 == count)).collect();
        Program {
            types: self.types,
            globals,
            table: self.table,
            data: self.data,
            elements,
            funcs,
            calls: self.rng.range(1, 3),
        }
    }

    // --- types ---

    fn make_types(&mut self) {
        for _ in 0..self.rng.range(2, 5) {
            let first = self.types.defs.len();
            if !self.types.groups.is_empty() && self.rng.chance(1, 4) {
                self.copy_group(first);
            } else {
                let end = first + self.rng.range(2, 4) as usize;
                for at in first..end {
                    let def = self.def(at, end);
                    self.types.defs.push(def);
                }
            }
            self.types.groups.push(self.types.defs.len());
        }
        self.types.canonicalize();
    }

    /// A group equal to an earlier one.
    fn copy_group(&mut self, at: usize) {
        let group = self.rng.below(self.types.groups.len() as u32) as usize;
        let (end, first) = (
            self.types.groups[group],
            group.checked_sub(1).map_or(0, |before| self.types.groups[before]),
        );
        let shift = |def: usize| if def >= first { def - first + at } else { def };
        let copies: Vec<_> = self.types.defs[first..end]
            .iter()
            .map(|def| {
                let field = |field: &Field| match field.ty {
                    Ty::Ref(Ref { heap: Heap::Def(def), null }) => {
                        Field { ty: Ty::Ref(Ref { heap: Heap::Def(shift(def)), null }), ..*field }
                    }
                    _ => *field,
                };
                let kind = match &def.kind {
                    Kind::Struct(fields) => Kind::Struct(fields.iter().map(field).collect()),
                    Kind::Array(element) => Kind::Array(field(element)),
                };
                Def { parent: def.parent.map(shift), is_final: def.is_final, kind }
            })
            .collect();
        self.types.defs.extend(copies);
    }

    /// The definition with number `at`, in a group before `end`. The first two are a structure and
    /// an array, so that there is one of each.
    fn def(&mut self, at: usize, end: usize) -> Def {
        let parent = (at > 1 && self.rng.chance(2, 5))
            .then(|| self.rng.below(at as u32) as usize)
            .filter(|&parent| !self.types.defs[parent].is_final);
        let kind = match parent.map(|parent| self.types.defs[parent].kind.clone()) {
            Some(Kind::Array(element)) => Kind::Array(self.narrowed(element, at)),
            Some(Kind::Struct(fields)) => {
                let mut fields: Vec<_> =
                    fields.into_iter().map(|field| self.narrowed(field, at)).collect();
                for _ in 0..self.rng.below(3) {
                    fields.push(self.field(at, end));
                }
                Kind::Struct(fields)
            }
            None if at == 1 || at > 1 && self.rng.chance(1, 3) => Kind::Array(self.field(at, end)),
            None => Kind::Struct((0..self.rng.range(0, 4)).map(|_| self.field(at, end)).collect()),
        };
        Def { parent, is_final: at > 1 && self.rng.chance(1, 5), kind }
    }

    fn field(&mut self, at: usize, end: usize) -> Field {
        let ty = match self.rng.below(11) {
            0 => Ty::I8,
            1 => Ty::I16,
            2 => Ty::I32,
            3 => Ty::I64,
            4 if self.rng.chance(1, 2) => Ty::F64,
            4 => Ty::V128,
            _ => Ty::Ref(self.ref_type(at, end)),
        };
        Field { ty, mutable: self.rng.chance(2, 3) }
    }

    /// A field of a subtype, in the place of this one. A field that cannot be null is of a type
    /// with a lower number, so that there are values of each type.
    fn narrowed(&mut self, field: Field, at: usize) -> Field {
        let Ty::Ref(ty) = field.ty else { return field };
        if field.mutable || self.rng.chance(1, 2) {
            return field;
        }
        let below: Vec<_> =
            (0..at).filter(|&def| self.types.is_below(Heap::Def(def), ty.heap)).collect();
        if below.is_empty() {
            return field;
        }
        let heap = Heap::Def(*self.rng.pick(&below));
        Field { ty: Ty::Ref(Ref { heap, null: ty.null && self.rng.chance(4, 5) }), ..field }
    }

    fn ref_type(&mut self, at: usize, end: usize) -> Ref {
        let heap = match self.rng.below(10) {
            0 => Heap::Any,
            1 => Heap::Eq,
            2 => Heap::I31,
            3 => Heap::Struct,
            4 => Heap::Array,
            5 => Heap::Extern,
            _ => Heap::Def(self.rng.below(end as u32) as usize),
        };
        let made = match heap {
            Heap::Any | Heap::Eq | Heap::I31 => true,
            Heap::Def(def) => def < at,
            _ => false,
        };
        Ref { heap, null: !made || self.rng.chance(5, 6) }
    }

    /// A type for variables and results.
    fn any_ref(&mut self) -> Ref {
        let end = self.types.defs.len();
        self.ref_type(0, end)
    }

    fn value_type(&mut self) -> Ty {
        match self.rng.below(8) {
            0 => Ty::I32,
            1 => Ty::I64,
            2 if self.rng.chance(1, 2) => Ty::V128,
            _ => Ty::Ref(Ref { null: true, ..self.any_ref() }),
        }
    }

    // --- functions ---

    fn func(&mut self, is_last: bool) -> Func {
        let mut params = Vec::new();
        if !is_last {
            params = (0..self.rng.below(4)).map(|_| self.value_type()).collect();
        }
        self.locals = params.clone();
        self.locals.extend([Ty::I32, Ty::I32, Ty::I64, Ty::Ref(nullable(Heap::Extern))]);
        for _ in 0..self.rng.range(3, 7) {
            let ty = Ty::Ref(Ref { null: true, ..self.any_ref() });
            self.locals.push(ty);
        }
        // An array is in a local, for instructions with indices.
        let arrays = self.arrays(|_| true);
        for _ in 0..2 {
            let def = *self.rng.pick(&arrays);
            self.locals.push(Ty::Ref(nullable(Heap::Def(def))));
        }
        (self.counters, self.exceptions) = (0, 0);
        let mut body = Vec::new();
        for local in 0..self.locals.len() {
            if let Ty::Ref(ty) = self.locals[local] {
                if self.rng.chance(3, 4) {
                    body.push(Stmt::Ensure(local, self.reference(non_null(ty.heap), 2)));
                }
            }
        }
        let count = self.rng.range(6, 16);
        body.extend(self.block(count, 2));
        // What is left in locals is observed, or most of it.
        for local in params.len()..self.locals.len() {
            let is_seen = self.rng.chance(2, 3);
            let value = Expr::Local(local);
            match self.locals[local] {
                Ty::I32 => body.push(Stmt::Mix(value)),
                Ty::I64 => body.push(Stmt::MixLong(value)),
                Ty::Ref(Ref { heap: Heap::Extern, .. }) if is_seen => {
                    body.push(Stmt::Observe(Expr::ToAny(Box::new(value))));
                }
                Ty::Ref(_) if is_seen => body.push(Stmt::Observe(value)),
                _ => {}
            }
        }
        let ty = if is_last { Ty::I64 } else { self.value_type() };
        let result = self.expr(ty, 3);
        self.signatures.push(Signature { params: params.clone(), result: ty });
        let locals = self.locals.split_off(params.len());
        Func {
            params,
            locals,
            counters: self.counters,
            exceptions: self.exceptions,
            body,
            result,
            ty,
        }
    }

    fn block(&mut self, count: u32, depth: u32) -> Vec<Stmt> {
        (0..count).map(|_| self.stmt(depth)).collect()
    }

    fn stmt(&mut self, depth: u32) -> Stmt {
        let chosen = self.rng.below(22);
        self.chosen_stmt(chosen, depth).unwrap_or_else(|| {
            let local = self.rng.below(self.locals.len() as u32) as usize;
            Stmt::Set(local, self.expr(self.locals[local], 3))
        })
    }

    fn chosen_stmt(&mut self, chosen: u32, depth: u32) -> Option<Stmt> {
        Some(match chosen {
            0 => {
                let global = self.rng.below(self.globals.len() as u32) as usize;
                Stmt::SetGlobal(global, self.expr(self.globals[global], 3))
            }
            1 => {
                let at = self.table_index();
                Stmt::SetTable(at, self.expr(Ty::Ref(self.table.0), 3))
            }
            2..=4 => {
                let (def, field) = self.pick_field(|field| field.mutable)?;
                let ty = self.types.defs[def].kind.fields()[field].ty;
                let of = self.operand(def, 2);
                Stmt::SetField { def, field, of, value: self.expr(ty.unpacked(), 2) }
            }
            5..=6 => {
                let (def, element) = self.pick_array(|field| field.mutable)?;
                let (of, at) = self.place(def);
                Stmt::SetElement { def, of, at, value: self.expr(element.ty.unpacked(), 2) }
            }
            7 => {
                let (def, element) = self.pick_array(|field| field.mutable)?;
                let (of, at) = self.place(def);
                let value = self.expr(element.ty.unpacked(), 2);
                Stmt::Fill { def, of, at, value, len: self.short() }
            }
            8..=9 => {
                let (to_def, element) = self.pick_array(|field| field.mutable)?;
                let from = self.arrays_below(element.ty);
                let from_def = *self.rng.pick(&from);
                let ((to, at), (from, source)) = (self.place(to_def), self.place(from_def));
                Stmt::Copy { to_def, to, at, from_def, from, source, len: self.short() }
            }
            10 => {
                let (def, element) = self.pick_array(|field| field.mutable)?;
                let (bytes, segment) = self.segment(element.ty)?;
                let (of, at) = self.place(def);
                let source = Expr::I32(self.rng.below(2) as i32);
                Stmt::Init { def, bytes, segment, of, at, source, len: self.short() }
            }
            11 if depth > 0 => {
                let cond = self.expr(Ty::I32, 2);
                let (yes, no) = (self.rng.range(1, 3), self.rng.below(3));
                Stmt::If(cond, self.block(yes, depth - 1), self.block(no, depth - 1))
            }
            12..=13 if depth > 0 => {
                let counter = self.counters;
                self.counters += 1;
                let (count, len) = (self.rng.range(1, 5), self.rng.range(1, 4));
                Stmt::Loop { counter, count, body: self.block(len, depth - 1) }
            }
            14 => Stmt::Mix(self.expr(Ty::I32, 3)),
            15 => Stmt::MixLong(self.expr(Ty::I64, 3)),
            16 => Stmt::Observe(self.expr(Ty::Ref(nullable(Heap::Any)), 3)),
            17 => {
                let ty = self.value_type();
                Stmt::Drop(self.expr(ty, 3))
            }
            18 => {
                let locals = self.locals_of(|ty| matches!(ty, Ty::Ref(_)));
                let local = *self.rng.pick(&locals);
                let Ty::Ref(ty) = self.locals[local] else { return None };
                Stmt::Ensure(local, self.reference(non_null(ty.heap), 2))
            }
            _ => return None,
        })
    }
}
