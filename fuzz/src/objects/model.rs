//! The oracle: an interpreter of the trees that the generator makes. Objects are never freed.

use super::gen::bytes_of;
use super::text::{BUDGET, DEPTH, ELEMENTS, FACTOR};
use super::types::{Heap, Kind, Ref, Ty};
use super::{Expr, Op, Program, Stmt};

/// How a program ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What each call gives, up to the first that traps: the sum of what was observed, or the
    /// trap's text.
    pub calls: Vec<Result<u64, &'static str>>,
    /// The sum after all that globals and table lead to was observed.
    pub observed: u64,
}

/// Why evaluation stops.
enum Stop {
    Trap(&'static str),
    /// The program takes too long to be of use.
    TooLong,
}

type Eval<T> = Result<T, Stop>;

const NULL_STRUCT: Stop = Stop::Trap("null structure reference");
const NULL_ARRAY: Stop = Stop::Trap("null array reference");
const OUTSIDE: Stop = Stop::Trap("out of bounds array access");
const CAST: Stop = Stop::Trap("cast failure");

/// Evaluated expressions and statements of one program, and objects that it makes.
const STEPS: u32 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Null,
    I31(u32),
    Object(usize),
    /// An `externref` of the host's, in either hierarchy.
    Host(u32),
    I32(u32),
    I64(u64),
    F64(u64),
    V128([u64; 2]),
}

struct Object {
    def: usize,
    values: Vec<Value>,
}

struct Machine<'p> {
    program: &'p Program,
    objects: Vec<Object>,
    globals: Vec<Value>,
    table: Vec<Value>,
    elements: Vec<Vec<Value>>,
    sum: u64,
    budget: u32,
    steps: u32,
}

/// What a program does; `None` for one that takes too long.
pub fn interpret(program: &Program) -> Option<End> {
    let mut machine = Machine {
        program,
        objects: Vec::new(),
        globals: Vec::new(),
        table: vec![Value::Null; program.table.1 as usize],
        elements: Vec::new(),
        sum: 0,
        budget: 0,
        steps: 0,
    };
    for (_, init) in &program.globals {
        let value = machine.expr(&mut Vec::new(), init).ok()?;
        machine.globals.push(value);
    }
    for (_, list) in &program.elements {
        let values = list.iter().map(|init| machine.expr(&mut Vec::new(), init));
        let values = values.collect::<Eval<Vec<_>>>().ok()?;
        machine.elements.push(values);
    }
    let mut calls = Vec::new();
    for _ in 0..program.calls {
        match machine.call(program.funcs.len() - 1, Vec::new()) {
            Ok(value) => {
                let Value::I64(value) = value else { return None };
                machine.mix(value);
                calls.push(Ok(machine.sum));
            }
            Err(Stop::Trap(text)) => {
                calls.push(Err(text));
                break;
            }
            Err(Stop::TooLong) => return None,
        }
    }
    for at in 0..machine.globals.len() {
        let value = machine.globals[at];
        machine.look(program.globals[at].0, value, true);
    }
    for at in 0..machine.table.len() {
        let value = machine.table[at];
        machine.look(Ty::Ref(program.table.0), value, true);
    }
    Some(End { calls, observed: machine.sum })
}

fn default_of(ty: Ty) -> Value {
    match ty {
        Ty::I8 | Ty::I16 | Ty::I32 => Value::I32(0),
        Ty::I64 => Value::I64(0),
        Ty::F64 => Value::F64(0),
        Ty::V128 => Value::V128([0; 2]),
        Ty::Ref(_) => Value::Null,
    }
}

/// What a field keeps of a value.
fn stored(ty: Ty, value: Value) -> Value {
    match (ty, value) {
        (Ty::I8, Value::I32(bits)) => Value::I32(bits & 0xff),
        (Ty::I16, Value::I32(bits)) => Value::I32(bits & 0xffff),
        _ => value,
    }
}

/// What an instruction reads of a field.
fn loaded(ty: Ty, value: Value, signed: bool) -> Value {
    match (ty, value, signed) {
        (Ty::I8, Value::I32(bits), true) => Value::I32(bits as u8 as i8 as u32),
        (Ty::I16, Value::I32(bits), true) => Value::I32(bits as u16 as i16 as u32),
        _ => value,
    }
}

fn from_bytes(ty: Ty, bytes: &[u8]) -> Value {
    let mut all = [0; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    let bits = u128::from_le_bytes(all);
    match ty {
        Ty::I64 => Value::I64(bits as u64),
        Ty::F64 => Value::F64(bits as u64),
        Ty::V128 => Value::V128([bits as u64, (bits >> 64) as u64]),
        _ => Value::I32(bits as u32),
    }
}

impl Machine<'_> {
    fn step(&mut self) -> Eval<()> {
        self.steps += 1;
        (self.steps < STEPS).then_some(()).ok_or(Stop::TooLong)
    }

    fn mix(&mut self, value: u64) {
        self.sum = self.sum.wrapping_mul(FACTOR) ^ value;
    }

    // --- observation, as the module's `$observe` ---

    fn look(&mut self, ty: Ty, value: Value, anew: bool) {
        match value {
            Value::I32(bits) => self.mix(bits as i32 as u64),
            Value::I64(bits) | Value::F64(bits) => self.mix(bits),
            Value::V128([low, high]) => {
                self.mix(low);
                self.mix(high);
            }
            _ if anew => self.see(value),
            _ => debug_assert!(matches!(ty, Ty::Ref(_))),
        }
    }

    fn see(&mut self, value: Value) {
        self.budget = BUDGET;
        self.observe(value, DEPTH);
    }

    fn observe(&mut self, value: Value, depth: u32) {
        if self.budget == 0 {
            return;
        }
        self.budget -= 1;
        if value == Value::Null {
            return self.mix(1);
        }
        if depth == 0 {
            return self.mix(2);
        }
        let object = match value {
            Value::I31(bits) => return self.mix(((bits << 1) as i32 >> 1) as u64),
            Value::Object(object) => object,
            Value::Host(number) => return self.mix(number as u64),
            _ => return,
        };
        let types = &self.program.types;
        let own = self.objects[object].def;
        let seen = (0..types.defs.len()).rev().find(|&def| types.is_instance(own, def));
        let def = seen.unwrap_or(own);
        self.mix(types.canonical[def] as u64 + 100);
        let fields = match &types.defs[def].kind {
            Kind::Struct(fields) => fields.clone(),
            Kind::Array(element) => {
                let len = self.objects[object].values.len();
                self.mix(len as u64);
                vec![*element; len.min(ELEMENTS as usize)]
            }
        };
        for (at, field) in fields.iter().enumerate() {
            let value = loaded(field.ty, self.objects[object].values[at], true);
            match field.ty {
                Ty::Ref(_) => self.observe(value, depth - 1),
                ty => self.look(ty, value, false),
            }
        }
    }

    // --- types ---

    fn has_type(&self, value: Value, ty: Ref) -> bool {
        match (value, ty.heap) {
            (Value::Null, _) => ty.null,
            (Value::I31(_), heap) => matches!(heap, Heap::I31 | Heap::Eq | Heap::Any),
            (Value::Host(_), heap) => matches!(heap, Heap::Any),
            (Value::Object(_), Heap::Any | Heap::Eq) => true,
            (Value::Object(object), heap) => {
                let own = self.objects[object].def;
                let is_array = matches!(self.program.types.defs[own].kind, Kind::Array(_));
                match heap {
                    Heap::Struct => !is_array,
                    Heap::Array => is_array,
                    Heap::Def(def) => self.program.types.is_instance(own, def),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// The type of a field, or of the elements of an array.
    fn field(&self, def: usize, field: usize) -> Ty {
        self.program.types.defs[def].kind.fields()[field].ty
    }

    fn make(&mut self, def: usize, values: Vec<Value>) -> Value {
        self.objects.push(Object { def, values });
        Value::Object(self.objects.len() - 1)
    }

    // --- code ---

    fn call(&mut self, func: usize, mut locals: Vec<Value>) -> Eval<Value> {
        self.step()?;
        let func = &self.program.funcs[func];
        locals.extend(func.locals.iter().map(|&ty| default_of(ty)));
        self.stmts(&mut locals, &func.body)?;
        self.expr(&mut locals, &func.result)
    }

    fn stmts(&mut self, locals: &mut Vec<Value>, stmts: &[Stmt]) -> Eval<()> {
        stmts.iter().try_for_each(|stmt| self.stmt(locals, stmt))
    }

    fn int(&mut self, locals: &mut Vec<Value>, expr: &Expr) -> Eval<u32> {
        match self.expr(locals, expr)? {
            Value::I32(bits) => Ok(bits),
            other => unreachable!("an i32 is {other:?}"),
        }
    }

    /// The elements of an array that an instruction names, checked, with the position of the first.
    fn elements(&mut self, of: Value, at: u32, len: u32) -> Eval<(usize, usize)> {
        let Value::Object(object) = of else { return Err(NULL_ARRAY) };
        let count = self.objects[object].values.len() as u64;
        if at as u64 + len as u64 > count {
            return Err(OUTSIDE);
        }
        Ok((object, at as usize))
    }

    /// `len` values from a segment.
    fn segment_values(
        &self,
        ty: Ty,
        bytes: bool,
        segment: usize,
        source: u32,
        len: u32,
    ) -> Eval<Vec<Value>> {
        let (first, len) = (source as usize, len as usize);
        if bytes {
            let width = bytes_of(ty).unwrap_or(1) as usize;
            let all = self.program.data[segment].get(first..);
            let all = all.and_then(|all| all.get(..len * width));
            let all = all.ok_or(Stop::Trap("out of bounds memory access"))?;
            return Ok(all.chunks_exact(width).map(|bytes| from_bytes(ty, bytes)).collect());
        }
        let all = self.elements[segment].get(first..).and_then(|all| all.get(..len));
        all.map(<[_]>::to_vec).ok_or(Stop::Trap("out of bounds table access"))
    }

    fn stmt(&mut self, locals: &mut Vec<Value>, stmt: &Stmt) -> Eval<()> {
        self.step()?;
        match stmt {
            Stmt::Set(local, value) => locals[*local] = self.expr(locals, value)?,
            Stmt::SetGlobal(global, value) => self.globals[*global] = self.expr(locals, value)?,
            Stmt::SetTable(at, value) => {
                let (at, value) = (self.int(locals, at)?, self.expr(locals, value)?);
                let place = self.table.get_mut(at as usize);
                *place.ok_or(Stop::Trap("out of bounds table access"))? = value;
            }
            Stmt::Ensure(local, value) => {
                if locals[*local] == Value::Null {
                    locals[*local] = self.expr(locals, value)?;
                }
            }
            Stmt::SetField { def, field, of, value } => {
                let (of, value) = (self.expr(locals, of)?, self.expr(locals, value)?);
                let Value::Object(object) = of else { return Err(NULL_STRUCT) };
                self.objects[object].values[*field] = stored(self.field(*def, *field), value);
            }
            Stmt::SetElement { def, of, at, value } => {
                let (of, at) = (self.expr(locals, of)?, self.int(locals, at)?);
                let value = self.expr(locals, value)?;
                let (object, at) = self.elements(of, at, 1)?;
                self.objects[object].values[at] = stored(self.field(*def, 0), value);
            }
            Stmt::Fill { def, of, at, value, len } => {
                let (of, at) = (self.expr(locals, of)?, self.int(locals, at)?);
                let (value, len) = (self.expr(locals, value)?, self.int(locals, len)?);
                let (object, at) = self.elements(of, at, len)?;
                let value = stored(self.field(*def, 0), value);
                self.objects[object].values[at..at + len as usize].fill(value);
            }
            Stmt::Copy { to, at, from, source, len, .. } => {
                let (to, at) = (self.expr(locals, to)?, self.int(locals, at)?);
                let (from, source) = (self.expr(locals, from)?, self.int(locals, source)?);
                let len = self.int(locals, len)?;
                if to == Value::Null || from == Value::Null {
                    return Err(NULL_ARRAY);
                }
                let (to, at) = self.elements(to, at, len)?;
                let (from, source) = self.elements(from, source, len)?;
                let values = self.objects[from].values[source..source + len as usize].to_vec();
                self.objects[to].values[at..at + values.len()].copy_from_slice(&values);
            }
            Stmt::Init { def, bytes, segment, of, at, source, len } => {
                let (of, at) = (self.expr(locals, of)?, self.int(locals, at)?);
                let (source, len) = (self.int(locals, source)?, self.int(locals, len)?);
                let (object, at) = self.elements(of, at, len)?;
                let values =
                    self.segment_values(self.field(*def, 0), *bytes, *segment, source, len)?;
                self.objects[object].values[at..at + values.len()].copy_from_slice(&values);
            }
            Stmt::If(cond, yes, no) => {
                let taken = if self.int(locals, cond)? != 0 { yes } else { no };
                self.stmts(locals, taken)?;
            }
            Stmt::Loop { count, body, .. } => {
                for _ in 0..*count {
                    self.stmts(locals, body)?;
                }
            }
            Stmt::Mix(value) => {
                let value = self.int(locals, value)?;
                self.mix(value as i32 as u64);
            }
            Stmt::MixLong(value) => {
                let value = self.expr(locals, value)?;
                self.look(Ty::I64, value, false);
            }
            Stmt::Observe(value) => {
                let value = self.expr(locals, value)?;
                self.see(value);
            }
            Stmt::Drop(value) => {
                self.expr(locals, value)?;
            }
        }
        Ok(())
    }

    fn list(&mut self, locals: &mut Vec<Value>, list: &[Expr]) -> Eval<Vec<Value>> {
        list.iter().map(|expr| self.expr(locals, expr)).collect()
    }

    fn expr(&mut self, locals: &mut Vec<Value>, expr: &Expr) -> Eval<Value> {
        self.step()?;
        Ok(match expr {
            Expr::I32(value) => Value::I32(*value as u32),
            Expr::I64(value) => Value::I64(*value as u64),
            Expr::F64(bits) => Value::F64(*bits),
            Expr::V128(halves) => Value::V128(*halves),
            Expr::Null(_) => Value::Null,
            Expr::Local(local) => locals[*local],
            Expr::Global(global) => self.globals[*global],
            Expr::Binary { op, a, b, .. } => {
                let (a, b) = (self.expr(locals, a)?, self.expr(locals, b)?);
                binary(*op, a, b)?
            }
            Expr::Wrap(of) => match self.expr(locals, of)? {
                Value::I64(bits) => Value::I32(bits as u32),
                other => other,
            },
            Expr::Extend(of) => Value::I64(self.int(locals, of)? as i32 as u64),
            Expr::Reinterpret(of) => match self.expr(locals, of)? {
                Value::F64(bits) => Value::I64(bits),
                other => other,
            },
            Expr::Lane(lane, of) => match self.expr(locals, of)? {
                Value::V128(halves) => Value::I64(halves[*lane as usize]),
                other => other,
            },
            Expr::New(def, values) => {
                let mut values = self.list(locals, values)?;
                for (at, value) in values.iter_mut().enumerate() {
                    *value = stored(self.field(*def, at), *value);
                }
                self.make(*def, values)
            }
            Expr::NewDefault(def) => {
                let fields = self.program.types.defs[*def].kind.fields();
                self.make(*def, fields.iter().map(|field| default_of(field.ty)).collect())
            }
            Expr::Field { def, field, signed, of } => {
                let Value::Object(object) = self.expr(locals, of)? else { return Err(NULL_STRUCT) };
                loaded(self.field(*def, *field), self.objects[object].values[*field], *signed)
            }
            Expr::Array { def, value, len } => {
                let (value, len) = (self.expr(locals, value)?, self.int(locals, len)?);
                self.make(*def, vec![stored(self.field(*def, 0), value); len as usize])
            }
            Expr::ArrayDefault { def, len } => {
                let len = self.int(locals, len)?;
                self.make(*def, vec![default_of(self.field(*def, 0)); len as usize])
            }
            Expr::ArrayFixed(def, values) => {
                let ty = self.field(*def, 0);
                let values = self.list(locals, values)?;
                self.make(*def, values.into_iter().map(|value| stored(ty, value)).collect())
            }
            Expr::ArrayOf { def, bytes, segment, source, len } => {
                let (source, len) = (self.int(locals, source)?, self.int(locals, len)?);
                let ty = self.field(*def, 0);
                let values = self.segment_values(ty, *bytes, *segment, source, len)?;
                self.make(*def, values)
            }
            Expr::Element { def, signed, of, at } => {
                let (of, at) = (self.expr(locals, of)?, self.int(locals, at)?);
                let (object, at) = self.elements(of, at, 1)?;
                loaded(self.field(*def, 0), self.objects[object].values[at], *signed)
            }
            Expr::Len(of) => match self.expr(locals, of)? {
                Value::Object(object) => Value::I32(self.objects[object].values.len() as u32),
                _ => return Err(NULL_ARRAY),
            },
            Expr::Test(ty, of) => {
                let value = self.expr(locals, of)?;
                Value::I32(self.has_type(value, *ty) as u32)
            }
            Expr::Cast(ty, of) => {
                let value = self.expr(locals, of)?;
                self.has_type(value, *ty).then_some(value).ok_or(CAST)?
            }
            Expr::CastOr { to, of, other, .. } => {
                let value = self.expr(locals, of)?;
                if self.has_type(value, *to) {
                    value
                } else {
                    self.expr(locals, other)?
                }
            }
            Expr::Or { of, other, .. } => match self.expr(locals, of)? {
                Value::Null => self.expr(locals, other)?,
                value => value,
            },
            Expr::IfNull { of, null, other } => match self.expr(locals, of)? {
                Value::Null => self.expr(locals, null)?,
                _ => self.expr(locals, other)?,
            },
            Expr::AsNonNull(of) => match self.expr(locals, of)? {
                Value::Null => return Err(Stop::Trap("null reference")),
                value => value,
            },
            Expr::IsNull(of) => Value::I32((self.expr(locals, of)? == Value::Null) as u32),
            Expr::Same(a, b) => {
                let (a, b) = (self.expr(locals, a)?, self.expr(locals, b)?);
                Value::I32((a == b) as u32)
            }
            Expr::I31(of) => Value::I31(self.int(locals, of)? & 0x7fff_ffff),
            Expr::I31Get(signed, of) => match self.expr(locals, of)? {
                Value::I31(bits) if *signed => Value::I32(((bits << 1) as i32 >> 1) as u32),
                Value::I31(bits) => Value::I32(bits),
                _ => return Err(Stop::Trap("null i31 reference")),
            },
            Expr::TableGet(at) => {
                let at = self.int(locals, at)? as usize;
                *self.table.get(at).ok_or(Stop::Trap("out of bounds table access"))?
            }
            Expr::Call(func, args) => {
                let args = self.list(locals, args)?;
                self.call(*func, args)?
            }
            Expr::ToExtern(of) | Expr::ToAny(of) | Expr::Thrown { of, kept: None } => {
                self.expr(locals, of)?
            }
            Expr::FromHost(of) => Value::Host(self.int(locals, of)? % 1000),
            Expr::HostNumber(of) => Value::I32(match self.expr(locals, of)? {
                Value::Host(number) => number,
                Value::Null => u32::MAX,
                _ => u32::MAX - 1,
            }),
            Expr::Select { cond, a, b, .. } => {
                let (a, b) = (self.expr(locals, a)?, self.expr(locals, b)?);
                if self.int(locals, cond)? != 0 {
                    a
                } else {
                    b
                }
            }
            Expr::If { cond, a, b, .. } => {
                let taken = if self.int(locals, cond)? != 0 { a } else { b };
                self.expr(locals, taken)?
            }
            Expr::Thrown { of, kept: Some((_, between)) } => {
                let value = self.expr(locals, of)?;
                self.expr(locals, between)?;
                value
            }
        })
    }
}

fn binary(op: Op, a: Value, b: Value) -> Eval<Value> {
    Ok(match (a, b) {
        (Value::I32(a), Value::I32(b)) => Value::I32(match op {
            Op::Add => a.wrapping_add(b),
            Op::Sub => a.wrapping_sub(b),
            Op::Mul => a.wrapping_mul(b),
            Op::And => a & b,
            Op::Xor => a ^ b,
            Op::RemU => a.checked_rem(b).ok_or(Stop::Trap("integer divide by zero"))?,
            Op::LtS => ((a as i32) < b as i32) as u32,
        }),
        (Value::I64(a), Value::I64(b)) => Value::I64(match op {
            Op::Add => a.wrapping_add(b),
            Op::Sub => a.wrapping_sub(b),
            Op::Mul => a.wrapping_mul(b),
            Op::And => a & b,
            _ => a ^ b,
        }),
        _ => unreachable!("operands of {a:?} and {b:?}"),
    })
}
