//! Programs in the text format.

use super::types::{Field, Heap, Kind, Ref, Ty, Types};
use super::{Expr, Func, Op, Program, Stmt};
use std::fmt::Write;

/// How many objects one observation looks at, and how far it follows references.
pub(super) const BUDGET: u32 = 60;
pub(super) const DEPTH: u32 = 5;
/// How many elements of an array it looks at.
pub(super) const ELEMENTS: u32 = 6;
/// The factor of the sum of what was observed.
pub(super) const FACTOR: u64 = 0x1_0000_01b3;

/// Imports, the exception's tag, and the functions that observe. The last part of `$observe` is
/// made for the types.
const HEAD: &str = r#"
(import "env" "from" (func $from (param i32) (result externref)))
(import "env" "number" (func $number (param externref) (result i32)))
(tag $tag (param anyref))
(global $sum (mut i64) (i64.const 0))
(global $budget (mut i32) (i32.const 0))
(func $mix (param i64)
  (global.set $sum (i64.xor (i64.mul (global.get $sum) (i64.const 0x1000001b3)) (local.get 0))))
(func $see (param anyref)
  (global.set $budget (i32.const 60)) (call $observe (local.get 0) (i32.const 5)))
"#;

struct Text<'p> {
    program: &'p Program,
    text: String,
    labels: usize,
}

/// The module of a program. It exports `run`, which returns the sum of all that was observed, and
/// `final`, which observes globals and table first.
pub fn print(program: &Program) -> String {
    let mut text = Text { program, text: String::from("(module"), labels: 0 };
    text.module();
    text.text
}

pub(super) fn heap(heap: Heap) -> String {
    match heap {
        Heap::Any => "any".into(),
        Heap::Eq => "eq".into(),
        Heap::I31 => "i31".into(),
        Heap::Struct => "struct".into(),
        Heap::Array => "array".into(),
        Heap::Extern => "extern".into(),
        Heap::Def(def) => format!("$t{def}"),
    }
}

fn reference(ty: Ref) -> String {
    format!("(ref {}{})", if ty.null { "null " } else { "" }, heap(ty.heap))
}

fn value_type(ty: Ty) -> String {
    match ty {
        Ty::I8 => "i8".into(),
        Ty::I16 => "i16".into(),
        Ty::I32 => "i32".into(),
        Ty::I64 => "i64".into(),
        Ty::F64 => "f64".into(),
        Ty::V128 => "v128".into(),
        Ty::Ref(ty) => reference(ty),
    }
}

fn field_type(field: &Field) -> String {
    let ty = value_type(field.ty);
    if field.mutable {
        format!("(mut {ty})")
    } else {
        ty
    }
}

fn definitions(types: &Types) -> String {
    let mut text = String::new();
    let mut first = 0;
    for &end in &types.groups {
        text += "\n(rec";
        for (number, def) in types.defs.iter().enumerate().take(end).skip(first) {
            let body = match &def.kind {
                Kind::Array(element) => format!("(array {})", field_type(element)),
                Kind::Struct(fields) => {
                    let fields: String = fields
                        .iter()
                        .map(|field| format!(" (field {})", field_type(field)))
                        .collect();
                    format!("(struct{fields})")
                }
            };
            let is_final = if def.is_final { " final" } else { "" };
            let parent = def.parent.map_or(String::new(), |parent| format!(" $t{parent}"));
            let _ = write!(text, "\n  (type $t{number} (sub{is_final}{parent} {body}))");
        }
        text += ")";
        first = end;
    }
    text
}

/// The suffix of an instruction that reads a field.
fn extension(ty: Ty, signed: bool) -> &'static str {
    match (ty, signed) {
        (Ty::I8 | Ty::I16, true) => "_s",
        (Ty::I8 | Ty::I16, false) => "_u",
        _ => "",
    }
}

impl Text<'_> {
    fn put(&mut self, text: &str) {
        self.text += text;
    }

    fn module(&mut self) {
        let program = self.program;
        let types = definitions(&program.types);
        self.put(&types);
        self.put(HEAD);
        for (number, (ty, init)) in program.globals.iter().enumerate() {
            let _ = write!(self.text, "(global $g{number} (mut {}) ", value_type(*ty));
            self.expr(init);
            self.put(")\n");
        }
        let (ty, size) = program.table;
        let _ = writeln!(self.text, "(table $tab {size} {})", reference(ty));
        for (number, bytes) in program.data.iter().enumerate() {
            let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
            let _ = writeln!(self.text, "(data $d{number} \"{bytes}\")");
        }
        for (number, (ty, list)) in program.elements.iter().enumerate() {
            let _ = write!(self.text, "(elem $e{number} {}", reference(*ty));
            for init in list {
                self.put(" (item ");
                self.expr(init);
                self.put(")");
            }
            self.put(")\n");
        }
        self.observer();
        for (number, func) in program.funcs.iter().enumerate() {
            self.func(number, func);
        }
        let last = program.funcs.len() - 1;
        let _ = write!(
            self.text,
            "(func (export \"run\") (result i64) (call $mix (call $f{last})) (global.get $sum))\n\
            (func (export \"final\") (result i64)"
        );
        for (number, (ty, _)) in program.globals.iter().enumerate() {
            let global = format!("(global.get $g{number})");
            let seen = match ty {
                Ty::I32 => format!(" (call $mix (i64.extend_i32_s {global}))"),
                Ty::Ref(Ref { heap: Heap::Extern, .. }) => {
                    format!(" (call $see (any.convert_extern {global}))")
                }
                Ty::Ref(_) => format!(" (call $see {global})"),
                _ => format!(" (call $mix {global})"),
            };
            self.put(&seen);
        }
        for index in 0..size {
            let element = format!("(table.get $tab (i32.const {index}))");
            let seen = match ty.heap {
                Heap::Extern => format!(" (call $see (any.convert_extern {element}))"),
                _ => format!(" (call $see {element})"),
            };
            self.put(&seen);
        }
        self.put(" (global.get $sum)))\n");
    }

    /// The function that observes a value of the hierarchy `any`: its own number or kind, and all
    /// fields, with what they lead to.
    fn observer(&mut self) {
        let types = &self.program.types;
        let mut text = String::from(
            "(func $observe (param $r anyref) (param $d i32) (local $i i32)
  (if (i32.eqz (global.get $budget)) (then (return)))
  (global.set $budget (i32.sub (global.get $budget) (i32.const 1)))
  (if (ref.is_null (local.get $r)) (then (call $mix (i64.const 1)) (return)))
  (if (i32.eqz (local.get $d)) (then (call $mix (i64.const 2)) (return)))
  (if (ref.test (ref i31) (local.get $r)) (then
    (call $mix (i64.extend_i32_s (i31.get_s (ref.cast (ref i31) (local.get $r))))) (return)))
",
        );
        for (number, def) in types.defs.iter().enumerate().rev() {
            let object = format!("(ref.cast (ref $t{number}) (local.get $r))");
            let _ = write!(
                text,
                "  (if (ref.test (ref $t{number}) (local.get $r)) (then (call $mix (i64.const {}))",
                types.canonical[number] + 100
            );
            match &def.kind {
                Kind::Struct(fields) => {
                    for (at, field) in fields.iter().enumerate() {
                        let suffix = extension(field.ty, true);
                        let got = format!("(struct.get{suffix} $t{number} {at} {object})");
                        text += &observation(field.ty, &got);
                    }
                }
                Kind::Array(element) => {
                    let suffix = extension(element.ty, true);
                    let got = format!("(array.get{suffix} $t{number} {object} (local.get $i))");
                    let _ = write!(
                        text,
                        "\n    (call $mix (i64.extend_i32_s (array.len {object})))
    (loop $next (if (i32.lt_u (local.get $i) (array.len {object})) (then{}
      (br_if $next (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {ELEMENTS}))))))",
                        observation(element.ty, &got)
                    );
                }
            }
            text += " (return)))\n";
        }
        text += "  (call $mix (i64.extend_i32_s (call $number (extern.convert_any (local.get $r))))))\n";
        self.put(&text);
    }

    fn func(&mut self, number: usize, func: &Func) {
        let _ = write!(self.text, "(func $f{number}");
        for (at, ty) in func.params.iter().enumerate() {
            let _ = write!(self.text, " (param $l{at} {})", value_type(*ty));
        }
        let _ = write!(self.text, " (result {})", value_type(func.ty));
        for (at, ty) in func.locals.iter().enumerate() {
            let _ = write!(self.text, " (local $l{} {})", at + func.params.len(), value_type(*ty));
        }
        for counter in 0..func.counters {
            let _ = write!(self.text, " (local $c{counter} i32)");
        }
        for kept in 0..func.exceptions {
            let _ = write!(self.text, " (local $x{kept} exnref)");
        }
        self.stmts(&func.body);
        self.put("\n ");
        self.expr(&func.result);
        self.put(")\n");
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            self.put("\n  ");
            self.stmt(stmt);
        }
    }

    /// An instruction with its operands.
    fn with(&mut self, instruction: &str, operands: &[&Expr]) {
        self.put("(");
        self.put(instruction);
        for operand in operands {
            self.put(" ");
            self.expr(operand);
        }
        self.put(")");
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Set(local, value) => self.with(&format!("local.set $l{local}"), &[value]),
            Stmt::SetGlobal(global, value) => {
                self.with(&format!("global.set $g{global}"), &[value])
            }
            Stmt::SetTable(at, value) => self.with("table.set $tab", &[at, value]),
            Stmt::Ensure(local, value) => {
                let _ = write!(self.text, "(if (ref.is_null (local.get $l{local})) (then ");
                self.with(&format!("local.set $l{local}"), &[value]);
                self.put("))");
            }
            Stmt::SetField { def, field, of, value } => {
                self.with(&format!("struct.set $t{def} {field}"), &[of, value]);
            }
            Stmt::SetElement { def, of, at, value } => {
                self.with(&format!("array.set $t{def}"), &[of, at, value]);
            }
            Stmt::Fill { def, of, at, value, len } => {
                self.with(&format!("array.fill $t{def}"), &[of, at, value, len]);
            }
            Stmt::Copy { to_def, to, at, from_def, from, source, len } => {
                let instruction = format!("array.copy $t{to_def} $t{from_def}");
                self.with(&instruction, &[to, at, from, source, len]);
            }
            Stmt::Init { def, bytes, segment, of, at, source, len } => {
                let instruction = match bytes {
                    true => format!("array.init_data $t{def} $d{segment}"),
                    false => format!("array.init_elem $t{def} $e{segment}"),
                };
                self.with(&instruction, &[of, at, source, len]);
            }
            Stmt::If(cond, yes, no) => {
                self.put("(if ");
                self.expr(cond);
                self.put(" (then");
                self.stmts(yes);
                self.put(") (else");
                self.stmts(no);
                self.put("))");
            }
            Stmt::Loop { counter, count, body } => {
                let _ = write!(
                    self.text,
                    "(local.set $c{counter} (i32.const {count})) (loop $loop{counter}"
                );
                self.stmts(body);
                let _ = write!(
                    self.text,
                    "\n  (br_if $loop{counter} (local.tee $c{counter} \
                    (i32.sub (local.get $c{counter}) (i32.const 1)))))"
                );
            }
            Stmt::Mix(value) => {
                self.put("(call $mix ");
                self.with("i64.extend_i32_s", &[value]);
                self.put(")");
            }
            Stmt::MixLong(value) => self.with("call $mix", &[value]),
            Stmt::Observe(value) => self.with("call $see", &[value]),
            Stmt::Drop(value) => self.with("drop", &[value]),
        }
    }

    fn label(&mut self) -> usize {
        self.labels += 1;
        self.labels
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::I32(value) => self.put(&format!("(i32.const {value})")),
            Expr::I64(value) => self.put(&format!("(i64.const {value})")),
            Expr::F64(bits) => self.put(&format!("(f64.const {:?})", f64::from_bits(*bits))),
            Expr::V128([low, high]) => self.put(&format!("(v128.const i64x2 {low} {high})")),
            Expr::Null(ty) => self.put(&format!("(ref.null {})", heap(*ty))),
            Expr::Local(local) => self.put(&format!("(local.get $l{local})")),
            Expr::Global(global) => self.put(&format!("(global.get $g{global})")),
            Expr::Binary { wide, op, a, b } => {
                let op = match op {
                    Op::Add => "add",
                    Op::Sub => "sub",
                    Op::Mul => "mul",
                    Op::And => "and",
                    Op::Xor => "xor",
                    Op::RemU => "rem_u",
                    Op::LtS => "lt_s",
                };
                self.with(&format!("{}.{op}", if *wide { "i64" } else { "i32" }), &[a, b]);
            }
            Expr::Wrap(of) => self.with("i32.wrap_i64", &[of]),
            Expr::Extend(of) => self.with("i64.extend_i32_s", &[of]),
            Expr::Reinterpret(of) => self.with("i64.reinterpret_f64", &[of]),
            Expr::Lane(lane, of) => self.with(&format!("i64x2.extract_lane {lane}"), &[of]),
            Expr::New(def, values) => {
                let values: Vec<_> = values.iter().collect();
                self.with(&format!("struct.new $t{def}"), &values);
            }
            Expr::NewDefault(def) => self.put(&format!("(struct.new_default $t{def})")),
            Expr::Field { def, field, signed, of } => {
                let suffix =
                    extension(self.program.types.defs[*def].kind.fields()[*field].ty, *signed);
                self.with(&format!("struct.get{suffix} $t{def} {field}"), &[of]);
            }
            Expr::Array { def, value, len } => {
                self.with(&format!("array.new $t{def}"), &[value, len]);
            }
            Expr::ArrayDefault { def, len } => {
                self.with(&format!("array.new_default $t{def}"), &[len]);
            }
            Expr::ArrayFixed(def, values) => {
                let values: Vec<_> = values.iter().collect();
                self.with(&format!("array.new_fixed $t{def} {}", values.len()), &values);
            }
            Expr::ArrayOf { def, bytes, segment, source, len } => {
                let instruction = match bytes {
                    true => format!("array.new_data $t{def} $d{segment}"),
                    false => format!("array.new_elem $t{def} $e{segment}"),
                };
                self.with(&instruction, &[source, len]);
            }
            Expr::Element { def, signed, of, at } => {
                let suffix = extension(self.program.types.defs[*def].kind.fields()[0].ty, *signed);
                self.with(&format!("array.get{suffix} $t{def}"), &[of, at]);
            }
            Expr::Len(of) => self.with("array.len", &[of]),
            Expr::Test(ty, of) => self.with(&format!("ref.test {}", reference(*ty)), &[of]),
            Expr::Cast(ty, of) => self.with(&format!("ref.cast {}", reference(*ty)), &[of]),
            Expr::CastOr { fail, from, to, of, other } => {
                self.cast_or(*fail, *from, *to, of, other)
            }
            Expr::Or { heap: ty, of, other } => {
                let label = self.label();
                self.put(&format!("(block $b{label} (result (ref {})) ", heap(*ty)));
                self.with(&format!("br_on_non_null $b{label}"), &[of]);
                self.put(" ");
                self.expr(other);
                self.put(")");
            }
            Expr::IfNull { of, null, other } => {
                let label = self.label();
                self.put(&format!(
                    "(block $b{label} (result i32) (block $n{label} (br $b{label} (block (result i32) (drop "
                ));
                self.with(&format!("br_on_null $n{label}"), &[of]);
                self.put(") ");
                self.expr(other);
                self.put("))) ");
                self.expr(null);
                self.put(")");
            }
            Expr::AsNonNull(of) => self.with("ref.as_non_null", &[of]),
            Expr::IsNull(of) => self.with("ref.is_null", &[of]),
            Expr::Same(a, b) => self.with("ref.eq", &[a, b]),
            Expr::I31(of) => self.with("ref.i31", &[of]),
            Expr::I31Get(signed, of) => {
                self.with(if *signed { "i31.get_s" } else { "i31.get_u" }, &[of]);
            }
            Expr::TableGet(at) => self.with("table.get $tab", &[at]),
            Expr::Call(func, args) => {
                let args: Vec<_> = args.iter().collect();
                self.with(&format!("call $f{func}"), &args);
            }
            Expr::ToExtern(of) => self.with("extern.convert_any", &[of]),
            Expr::ToAny(of) => self.with("any.convert_extern", &[of]),
            Expr::FromHost(of) => {
                self.put("(ref.as_non_null ");
                self.with("call $from", &[of]);
                self.put(")");
            }
            Expr::HostNumber(of) => self.with("call $number", &[of]),
            Expr::Select { ty, cond, a, b } => {
                self.with(&format!("select (result {})", value_type(*ty)), &[a, b, cond]);
            }
            Expr::If { ty, cond, a, b } => {
                self.put(&format!("(if (result {}) ", value_type(*ty)));
                self.expr(cond);
                self.put(" (then ");
                self.expr(a);
                self.put(") (else ");
                self.expr(b);
                self.put("))");
            }
            Expr::Thrown { of, kept } => self.thrown(of, kept.as_ref()),
        }
    }

    fn cast_or(&mut self, fail: bool, from: Ref, to: Ref, of: &Expr, other: &Expr) {
        let label = self.label();
        let types = format!("{} {}", reference(from), reference(to));
        self.put(&format!("(block $b{label} (result {}) ", reference(to)));
        if fail {
            let rest = Ref { null: from.null && !to.null, ..from };
            self.put(&format!("(block $f{label} (result {}) (br $b{label} ", reference(rest)));
            self.with(&format!("br_on_cast_fail $f{label} {types}"), &[of]);
            self.put("))");
        } else {
            self.with(&format!("br_on_cast $b{label} {types}"), &[of]);
        }
        self.put(" (drop) ");
        self.expr(other);
        self.put(")");
    }

    fn thrown(&mut self, of: &Expr, kept: Option<&(u32, Box<Expr>)>) {
        let label = self.label();
        self.put(&format!("(block $h{label} (result anyref) "));
        match kept {
            None => {
                self.put(&format!("(try_table (catch $tag $h{label}) "));
                self.with("throw $tag", &[of]);
                self.put(")");
            }
            Some((local, between)) => {
                self.put(&format!(
                    "(block $k{label} (result anyref exnref) (try_table (catch_ref $tag $k{label}) "
                ));
                self.with("throw $tag", &[of]);
                self.put(&format!(") (unreachable)) (local.set $x{local}) (drop) (drop "));
                self.expr(between);
                self.put(&format!(
                    ") (try_table (catch $tag $h{label}) (throw_ref (local.get $x{local})))"
                ));
            }
        }
        self.put(" (unreachable))");
    }
}

/// The observation of a field's value.
fn observation(ty: Ty, got: &str) -> String {
    let deeper = "(i32.sub (local.get $d) (i32.const 1))";
    let seen = match ty {
        Ty::I8 | Ty::I16 | Ty::I32 => format!("(call $mix (i64.extend_i32_s {got}))"),
        Ty::I64 => format!("(call $mix {got})"),
        Ty::F64 => format!("(call $mix (i64.reinterpret_f64 {got}))"),
        Ty::V128 => format!(
            "(call $mix (i64x2.extract_lane 0 {got})) (call $mix (i64x2.extract_lane 1 {got}))"
        ),
        Ty::Ref(Ref { heap: Heap::Extern, .. }) => {
            format!("(call $observe (any.convert_extern {got}) {deeper})")
        }
        Ty::Ref(_) => format!("(call $observe {got} {deeper})"),
    };
    format!("\n    {seen}")
}

const _: () = assert!(BUDGET == 60 && DEPTH == 5 && FACTOR == 0x1000001b3, "`HEAD` has them, too");
