//! Expressions that have a wanted type.

use super::super::types::{non_null, nullable, Field, Heap, Kind, Ref, Ty};
use super::super::{Expr, Op};
use super::Generator;

fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

/// Bytes of a number in a segment; `None` for references.
pub fn bytes_of(ty: Ty) -> Option<u32> {
    match ty {
        Ty::I8 => Some(1),
        Ty::I16 => Some(2),
        Ty::I32 => Some(4),
        Ty::I64 | Ty::F64 => Some(8),
        Ty::V128 => Some(16),
        Ty::Ref(_) => None,
    }
}

impl Generator {
    // --- choices ---

    pub(super) fn locals_of(&self, fits: impl Fn(Ty) -> bool) -> Vec<usize> {
        (0..self.locals.len()).filter(|&local| fits(self.locals[local])).collect()
    }

    fn one_of(&mut self, all: &[usize]) -> Option<usize> {
        (!all.is_empty()).then(|| *self.rng.pick(all))
    }

    pub(super) fn arrays(&self, fits: impl Fn(Field) -> bool) -> Vec<usize> {
        (0..self.types.defs.len())
            .filter(|&def| match self.types.defs[def].kind {
                Kind::Array(element) => fits(element),
                Kind::Struct(_) => false,
            })
            .collect()
    }

    pub(super) fn pick_array(&mut self, fits: impl Fn(Field) -> bool) -> Option<(usize, Field)> {
        let all = self.arrays(fits);
        let def = self.one_of(&all)?;
        Some((def, self.types.defs[def].kind.fields()[0]))
    }

    /// Arrays from which elements of this type can be copied; there is one, that of the type.
    pub(super) fn arrays_below(&self, ty: Ty) -> Vec<usize> {
        self.arrays(|field| self.types.is_sub(field.ty, ty))
    }

    pub(super) fn pick_field(&mut self, fits: impl Fn(Field) -> bool) -> Option<(usize, usize)> {
        let mut all = Vec::new();
        for (number, def) in self.types.defs.iter().enumerate() {
            if let Kind::Struct(fields) = &def.kind {
                let fields = fields.iter().enumerate().filter(|&(_, &field)| fits(field));
                all.extend(fields.map(|(field, _)| (number, field)));
            }
        }
        (!all.is_empty()).then(|| *self.rng.pick(&all))
    }

    /// A segment that an array of such elements can be set from, and whether it has bytes.
    pub(super) fn segment(&mut self, ty: Ty) -> Option<(bool, usize)> {
        if bytes_of(ty).is_some() {
            return Some((true, self.rng.below(self.data.len() as u32) as usize));
        }
        let fits = |&at: &usize| self.types.is_sub(Ty::Ref(self.elements[at].0), ty);
        let all: Vec<_> = (0..self.elements.len()).filter(fits).collect();
        self.one_of(&all).map(|at| (false, at))
    }

    /// An index of the table, mostly.
    pub(super) fn table_index(&mut self) -> Expr {
        let size = self.table.1 + self.rng.chance(1, 150) as u32;
        Expr::I32(self.rng.below(size) as i32)
    }

    /// A small length.
    pub(super) fn short(&mut self) -> Expr {
        Expr::I32(if self.rng.chance(1, 60) { self.rng.below(5) } else { self.rng.below(2) } as i32)
    }

    /// An array and an index, which mostly is inside of it.
    pub(super) fn place(&mut self, def: usize) -> (Expr, Expr) {
        let all = self.locals_of(|ty| match ty {
            Ty::Ref(ty) => self.types.is_below(ty.heap, Heap::Def(def)),
            _ => false,
        });
        let at = self.int(1);
        match self.one_of(&all) {
            Some(local) if self.rng.chance(9, 10) => {
                let len = Expr::Len(boxed(Expr::Local(local)));
                (
                    Expr::Local(local),
                    Expr::Binary { wide: false, op: Op::RemU, a: boxed(at), b: boxed(len) },
                )
            }
            _ => (self.operand(def, 1), Expr::I32(self.rng.chance(1, 80) as i32)),
        }
    }

    /// An object of a type, rarely null.
    pub(super) fn operand(&mut self, def: usize, depth: u32) -> Expr {
        let null = self.rng.chance(1, 200);
        self.reference(Ref { heap: Heap::Def(def), null }, depth)
    }

    // --- numbers ---

    pub(super) fn expr(&mut self, ty: Ty, depth: u32) -> Expr {
        match ty {
            Ty::I32 | Ty::I8 | Ty::I16 => self.int(depth),
            Ty::Ref(ty) => self.reference(ty, depth),
            _ => self.number(ty, depth),
        }
    }

    fn constant_number(&mut self, ty: Ty) -> Expr {
        const EDGES: [u64; 8] =
            [0, 1, 2, 0x7f, 0xff80, 0x7fff_ffff, 0x8000_0000, 0x1234_5678_9abc_def0];
        const FLOATS: [f64; 4] = [0.5, -2.25, 1e300, -0.0];
        let bits = match self.rng.below(3) {
            0 => *self.rng.pick(&EDGES),
            // Handles and positions are small numbers, too.
            1 => self.rng.below(40).into(),
            _ => self.rng.next(),
        };
        match ty {
            Ty::I64 => Expr::I64(bits as i64),
            Ty::F64 => Expr::F64(self.rng.pick(&FLOATS).to_bits()),
            Ty::V128 => Expr::V128([bits, self.rng.below(60).into()]),
            _ => Expr::I32(bits as i32),
        }
    }

    fn binary(&mut self, wide: bool, depth: u32) -> Expr {
        let op = *self.rng.pick(&[Op::Add, Op::Sub, Op::Mul, Op::And, Op::Xor]);
        let op = if !wide && self.rng.chance(1, 5) { Op::LtS } else { op };
        let ty = if wide { Ty::I64 } else { Ty::I32 };
        let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
        Expr::Binary { wide, op, a: boxed(a), b: boxed(b) }
    }

    /// What any type can come from: variables, fields, elements, calls, choices.
    fn common(&mut self, ty: Ty, chosen: u32, depth: u32) -> Option<Expr> {
        let fits = |field: Field| field.ty.unpacked() == ty;
        Some(match chosen {
            0..=1 => {
                let all = self.locals_of(|local| local == ty);
                Expr::Local(self.one_of(&all)?)
            }
            2 => {
                let all: Vec<_> =
                    (0..self.globals.len()).filter(|&at| self.globals[at] == ty).collect();
                Expr::Global(self.one_of(&all)?)
            }
            3..=4 => {
                let (def, field) = self.pick_field(fits)?;
                let (signed, of) = (self.rng.chance(1, 2), boxed(self.operand(def, depth)));
                Expr::Field { def, field, signed, of }
            }
            5 => {
                let (def, _) = self.pick_array(fits)?;
                let (of, at) = self.place(def);
                Expr::Element { def, signed: self.rng.chance(1, 2), of: boxed(of), at: boxed(at) }
            }
            6 => self.call(|result| result == ty)?,
            7 => {
                let cond = boxed(self.int(depth));
                let (a, b) = (boxed(self.expr(ty, depth)), boxed(self.expr(ty, depth)));
                if self.rng.chance(1, 2) {
                    Expr::Select { ty, cond, a, b }
                } else {
                    Expr::If { ty, cond, a, b }
                }
            }
            _ => return None,
        })
    }

    fn call(&mut self, fits: impl Fn(Ty) -> bool) -> Option<Expr> {
        let all: Vec<_> =
            (0..self.signatures.len()).filter(|&at| fits(self.signatures[at].result)).collect();
        let func = self.one_of(&all)?;
        let params = self.signatures[func].params.clone();
        Some(Expr::Call(func, params.into_iter().map(|ty| self.expr(ty, 1)).collect()))
    }

    fn number(&mut self, ty: Ty, depth: u32) -> Expr {
        let Some(depth) = depth.checked_sub(1) else { return self.constant_number(ty) };
        let chosen = self.rng.below(13);
        let made = match (ty, chosen) {
            (Ty::I64, 8) => Some(self.binary(true, depth)),
            (Ty::I64, 9) => Some(Expr::Extend(boxed(self.int(depth)))),
            (Ty::I64, 10) => Some(Expr::Reinterpret(boxed(self.number(Ty::F64, depth)))),
            (Ty::I64, 11) => {
                let lane = self.rng.below(2) as u8;
                Some(Expr::Lane(lane, boxed(self.number(Ty::V128, depth))))
            }
            _ => self.common(ty, chosen, depth),
        };
        made.unwrap_or_else(|| self.constant_number(ty))
    }

    pub(super) fn int(&mut self, depth: u32) -> Expr {
        let Some(depth) = depth.checked_sub(1) else {
            let all = self.locals_of(|ty| ty == Ty::I32);
            return match self.one_of(&all) {
                Some(local) if self.rng.chance(1, 2) => Expr::Local(local),
                _ => self.constant_number(Ty::I32),
            };
        };
        let chosen = self.rng.below(22);
        let made = match chosen {
            8..=9 => Some(self.binary(false, depth)),
            10 => {
                let def = self.pick_array(|_| true).map(|(def, _)| def);
                def.map(|def| Expr::Len(boxed(self.operand(def, depth))))
            }
            11..=12 => {
                let (to, of) = (
                    self.cast_type(nullable(Heap::Any)),
                    self.reference(nullable(Heap::Any), depth),
                );
                Some(Expr::Test(to, boxed(of)))
            }
            13 => {
                let ty = self.any_ref();
                Some(Expr::IsNull(boxed(self.reference(nullable(ty.heap), depth))))
            }
            14 => {
                let eq = nullable(Heap::Eq);
                Some(Expr::Same(boxed(self.reference(eq, depth)), boxed(self.reference(eq, depth))))
            }
            15..=16 => {
                let null = self.rng.chance(1, 200);
                let of = boxed(self.reference(Ref { heap: Heap::I31, null }, depth));
                Some(Expr::I31Get(self.rng.chance(1, 2), of))
            }
            17 => Some(Expr::Wrap(boxed(self.number(Ty::I64, depth)))),
            18 => Some(Expr::HostNumber(boxed(self.reference(nullable(Heap::Extern), depth)))),
            19 => {
                let heap = self.any_ref().heap;
                let of = boxed(self.reference(nullable(heap), depth));
                let (null, other) = (boxed(self.int(depth)), boxed(self.int(depth)));
                Some(Expr::IfNull { of, null, other })
            }
            _ => self.common(Ty::I32, chosen, depth),
        };
        made.unwrap_or_else(|| self.constant_number(Ty::I32))
    }

    // --- references ---

    /// A type that values of another one may have.
    fn cast_type(&mut self, from: Ref) -> Ref {
        let mut all = vec![from.heap];
        for heap in [Heap::Eq, Heap::I31, Heap::Struct, Heap::Array] {
            if self.types.is_below(heap, from.heap) {
                all.push(heap);
            }
        }
        let defs = (0..self.types.defs.len()).map(Heap::Def);
        all.extend(defs.filter(|&def| self.types.is_below(def, from.heap)));
        Ref { heap: *self.rng.pick(&all), null: from.null && self.rng.chance(1, 2) }
    }

    /// A value that may be null where another one is wanted.
    fn coerced(&mut self, of: Expr, from: Ref, to: Ref, depth: u32) -> Expr {
        if to.null || !from.null {
            return of;
        }
        if self.rng.chance(1, 200) {
            return Expr::AsNonNull(boxed(of));
        }
        let other = boxed(self.reference(non_null(from.heap), depth.min(1)));
        Expr::Or { heap: from.heap, of: boxed(of), other }
    }

    pub(super) fn reference(&mut self, ty: Ref, depth: u32) -> Expr {
        let Some(depth) = depth.checked_sub(1) else { return self.simple(ty) };
        let chosen = self.rng.below(24);
        self.chosen_reference(ty, chosen, depth).unwrap_or_else(|| self.fresh(ty, depth))
    }

    fn chosen_reference(&mut self, ty: Ref, chosen: u32, depth: u32) -> Option<Expr> {
        let is_below = |other: Ty| match other {
            Ty::Ref(other) => self.types.is_below(other.heap, ty.heap),
            _ => false,
        };
        let (of, from) = match chosen {
            0 if ty.null => return Some(Expr::Null(ty.heap)),
            1..=5 => {
                let all = self.locals_of(is_below);
                let local = self.one_of(&all)?;
                (Expr::Local(local), self.locals[local])
            }
            6..=7 => {
                let all: Vec<_> =
                    (0..self.globals.len()).filter(|&at| is_below(self.globals[at])).collect();
                let global = self.one_of(&all)?;
                (Expr::Global(global), self.globals[global])
            }
            8..=9 => {
                let mut all = Vec::new();
                for (number, def) in self.types.defs.iter().enumerate() {
                    if let Kind::Struct(fields) = &def.kind {
                        let fields = fields.iter().enumerate();
                        let fields = fields.filter(|(_, field)| is_below(field.ty));
                        all.extend(fields.map(|(field, _)| (number, field)));
                    }
                }
                let &(def, field) = (!all.is_empty()).then(|| self.rng.pick(&all))?;
                let of = boxed(self.operand(def, depth));
                let from = self.types.defs[def].kind.fields()[field].ty;
                (Expr::Field { def, field, signed: false, of }, from)
            }
            10 => {
                let all = self.arrays(|field| is_below(field.ty));
                let def = self.one_of(&all)?;
                let (of, at) = self.place(def);
                let from = self.types.defs[def].kind.fields()[0].ty;
                (Expr::Element { def, signed: false, of: boxed(of), at: boxed(at) }, from)
            }
            11 => {
                let table = self.table.0;
                self.types.is_below(table.heap, ty.heap).then_some(())?;
                (Expr::TableGet(boxed(self.table_index())), Ty::Ref(table))
            }
            12..=13 => {
                let results: Vec<_> =
                    self.signatures.iter().map(|signature| is_below(signature.result)).collect();
                let all: Vec<_> = (0..results.len()).filter(|&at| results[at]).collect();
                let func = self.one_of(&all)?;
                let result = self.signatures[func].result;
                let params = self.signatures[func].params.clone();
                let args = params.into_iter().map(|ty| self.expr(ty, 1)).collect();
                (Expr::Call(func, args), result)
            }
            14..=15 if ty.heap != Heap::Extern => {
                // From a type above.
                let mut from = nullable(*self.rng.pick(&[Heap::Any, Heap::Eq, ty.heap]));
                if !self.types.is_below(ty.heap, from.heap) {
                    from = nullable(Heap::Any);
                }
                let of = boxed(self.reference(from, depth));
                if self.rng.chance(1, 80) {
                    return Some(Expr::Cast(ty, of));
                }
                let (other, fail) = (boxed(self.reference(ty, depth)), self.rng.chance(1, 2));
                return Some(Expr::CastOr { fail, from, to: ty, of, other });
            }
            16 => {
                let cond = boxed(self.int(depth));
                let (a, b) = (boxed(self.reference(ty, depth)), boxed(self.reference(ty, depth)));
                let ty = Ty::Ref(ty);
                return Some(if self.rng.chance(1, 2) {
                    Expr::Select { ty, cond, a, b }
                } else {
                    Expr::If { ty, cond, a, b }
                });
            }
            17..=18 if ty.heap == Heap::Any => {
                let any = nullable(Heap::Any);
                let of = boxed(match self.rng.below(3) {
                    0 => return Some(self.converted(ty, depth)),
                    1 => self.reference(any, depth),
                    _ => self.fresh(any, depth),
                });
                // Objects are made while nothing but the exception has the value.
                let kept = self.rng.chance(2, 3).then(|| {
                    let number = self.exceptions;
                    self.exceptions += 1;
                    let made = self.arrays(|_| true);
                    let def = *self.rng.pick(&made);
                    let len = Expr::Len(boxed(self.object(def, 2)));
                    let other = boxed(self.int(depth));
                    let between =
                        Expr::Binary { wide: false, op: Op::Add, a: boxed(len), b: other };
                    (number, boxed(between))
                });
                (Expr::Thrown { of, kept }, Ty::Ref(any))
            }
            17..=18 if ty.heap == Heap::Extern => {
                let of = self.reference(Ref { heap: Heap::Any, null: ty.null }, depth);
                return Some(Expr::ToExtern(boxed(of)));
            }
            _ => return None,
        };
        let Ty::Ref(from) = from else { return None };
        Some(self.coerced(of, from, ty, depth))
    }

    fn converted(&mut self, ty: Ref, depth: u32) -> Expr {
        let of = self.reference(Ref { heap: Heap::Extern, null: ty.null }, depth);
        Expr::ToAny(boxed(of))
    }

    /// A definition whose objects have a type.
    fn def_below(&mut self, heap: Heap) -> Option<usize> {
        let all: Vec<_> = (0..self.types.defs.len())
            .filter(|&def| self.types.is_below(Heap::Def(def), heap))
            .collect();
        self.one_of(&all)
    }

    /// A new value.
    fn fresh(&mut self, ty: Ref, depth: u32) -> Expr {
        match ty.heap {
            Heap::Extern | Heap::I31 => self.simple(non_null(ty.heap)),
            Heap::Any | Heap::Eq if self.rng.chance(1, 4) => self.simple(non_null(ty.heap)),
            heap => match self.def_below(heap) {
                Some(def) => self.object(def, depth),
                None => self.simple(ty),
            },
        }
    }

    /// A value that takes few instructions.
    fn simple(&mut self, ty: Ref) -> Expr {
        match ty.heap {
            Heap::Extern if ty.null && self.rng.chance(1, 2) => Expr::Null(Heap::Extern),
            Heap::Extern => Expr::FromHost(boxed(Expr::I32(self.rng.below(1000) as i32))),
            heap if ty.null && self.rng.chance(1, 3) => Expr::Null(heap),
            Heap::Any | Heap::Eq | Heap::I31 => Expr::I31(boxed(self.constant_number(Ty::I32))),
            heap if ty.null => Expr::Null(heap),
            Heap::Def(def) => self.object(def, 0),
            // There is a structure and an array; it takes no fields that cannot be made.
            heap => match self.def_below(heap) {
                Some(def) => self.object(def, 0),
                None => Expr::Null(heap),
            },
        }
    }

    /// A new object.
    fn object(&mut self, def: usize, depth: u32) -> Expr {
        let inner = depth.saturating_sub(1);
        let kind = self.types.defs[def].kind.clone();
        let element = match kind {
            Kind::Array(element) => element,
            Kind::Struct(fields) => {
                let has_default = fields.iter().all(|field| field.ty.has_default());
                if has_default && self.rng.chance(1, 6) {
                    return Expr::NewDefault(def);
                }
                let values = fields.iter().map(|field| self.expr(field.ty.unpacked(), inner));
                return Expr::New(def, values.collect());
            }
        };
        let len = Expr::I32(match self.rng.below(60) {
            0 => 0,
            1..=2 => self.rng.range(20, 60),
            _ => self.rng.range(1, 7),
        } as i32);
        match self.rng.below(5) {
            0 if element.ty.has_default() => Expr::ArrayDefault { def, len: boxed(len) },
            1 => {
                let value = boxed(self.expr(element.ty.unpacked(), inner));
                Expr::Array { def, value, len: boxed(len) }
            }
            2 => match self.segment(element.ty) {
                Some((bytes, segment)) => {
                    let most = match bytes_of(element.ty) {
                        Some(width) => self.data[segment].len() as u32 / width,
                        None => self.elements[segment].1,
                    };
                    let most = most + self.rng.chance(1, 150) as u32;
                    let count = self.rng.range(1, most.max(1));
                    let source =
                        boxed(Expr::I32(self.rng.below(most - count.min(most) + 1) as i32));
                    Expr::ArrayOf {
                        def,
                        bytes,
                        segment,
                        source,
                        len: boxed(Expr::I32(count as i32)),
                    }
                }
                None => self.fixed(def, element, inner),
            },
            _ => self.fixed(def, element, inner),
        }
    }

    fn fixed(&mut self, def: usize, element: Field, depth: u32) -> Expr {
        let count = self.rng.range(1, 4);
        Expr::ArrayFixed(def, (0..count).map(|_| self.expr(element.ty.unpacked(), depth)).collect())
    }

    // --- constant expressions ---

    pub(super) fn constant(&mut self, ty: Ty) -> Expr {
        let Ty::Ref(ty) = ty else { return self.constant_number(ty.unpacked()) };
        if ty.null && self.rng.chance(1, 3) {
            return Expr::Null(ty.heap);
        }
        let def = match ty.heap {
            Heap::Extern => {
                let of = self.constant(Ty::Ref(Ref { heap: Heap::Any, null: ty.null }));
                return Expr::ToExtern(boxed(of));
            }
            Heap::Any | Heap::Eq if self.rng.chance(1, 2) => self.def_below(ty.heap),
            Heap::Any | Heap::Eq | Heap::I31 => None,
            heap => self.def_below(heap),
        };
        match def {
            Some(def) => self.constant_object(def),
            None => Expr::I31(boxed(self.constant_number(Ty::I32))),
        }
    }

    /// An object whose fields are null where they may be.
    fn constant_object(&mut self, def: usize) -> Expr {
        let kind = self.types.defs[def].kind.clone();
        let mut value = |field: &Field| match field.ty {
            Ty::Ref(ty) if ty.null && self.rng.chance(4, 5) => Expr::Null(ty.heap),
            ty => self.constant(ty),
        };
        match kind {
            Kind::Struct(fields) => Expr::New(def, fields.iter().map(value).collect()),
            Kind::Array(element) => {
                Expr::ArrayFixed(def, (0..3).map(|_| value(&element)).collect())
            }
        }
    }
}
