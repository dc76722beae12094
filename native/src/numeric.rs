//! Numeric instructions: constants, integers, floats, conversions.
//!
//! What the CPU has an instruction for is an instruction of LLVM. Floats that it does not have, and
//! 64-bit divisions on a 32-bit CPU, are calls of the runtime, never of a library: LLVM must not
//! write the name of a function that the code does not have.

use crate::function::{Function, Value};
use crate::module::{Module, NO_MERGE, PURE};
use zonda::{TrapCode, ValType};
use zonda_exec::native::helpers::index as helper;
use zonda_exec::op::{codes, Op};
use ValType::{F32, F64, I32, I64};

/// The integer type with the bits of a float.
fn bits(ty: ValType) -> &'static str {
    match ty {
        F64 | I64 => "i64",
        _ => "i32",
    }
}

impl Function {
    pub(crate) fn constant(&mut self, opcode: u8, value: u64) {
        match opcode {
            codes::I32_CONST => self.push(I32, (value as u32 as i32).to_string()),
            codes::I64_CONST => self.push(I64, (value as i64).to_string()),
            codes::F32_CONST => {
                self.push(F32, format!("bitcast (i32 {} to float)", value as u32 as i32))
            }
            _ => self.push(F64, format!("bitcast (i64 {} to double)", value as i64)),
        }
    }

    fn push_set(&mut self, ty: ValType, instruction: &str) {
        let text = self.set(instruction);
        self.push(ty, text);
    }

    /// Two operands of LLVM's instruction.
    fn binary(&mut self, ty: ValType, instruction: &str) {
        let (b, a) = (self.pop(), self.pop());
        self.push_set(ty, &format!("{instruction} {}, {}", a.typed(), b.text));
    }

    fn compare(&mut self, instruction: &str) {
        let (b, a) = (self.pop(), self.pop());
        let holds = self.set(&format!("{instruction} {}, {}", a.typed(), b.text));
        self.push_set(I32, &format!("zext i1 {holds} to i32"));
    }

    fn cast(&mut self, instruction: &str, ty: ValType) {
        let a = self.pop();
        self.push_set(ty, &format!("{instruction} {} to {}", a.typed(), crate::shape::ir(ty)));
    }

    fn shift(&mut self, ty: ValType, instruction: &str) {
        let (b, a) = (self.pop(), self.pop());
        let mask = if ty == I64 { 63 } else { 31 };
        let by = self.set(&format!("and {}, {mask}", b.typed()));
        self.push_set(ty, &format!("{instruction} {}, {by}", a.typed()));
    }

    fn rotate(&mut self, module: &mut Module, ty: ValType, direction: &str) {
        let (b, a) = (self.pop(), self.pop());
        let t = bits(ty);
        let name = module.intrinsic(t, &format!("llvm.{direction}.{t}"), &format!("{t}, {t}, {t}"));
        let location = self.debug_node(module);
        self.push_set(
            ty,
            &format!(
                "call {t} {name}({}, {}, {}), !dbg !{location}",
                a.typed(),
                a.typed(),
                b.typed()
            ),
        );
    }

    /// The location of a call that cannot trap.
    fn debug_node(&mut self, module: &mut Module) -> u32 {
        self.locate(module)
    }

    /// An intrinsic with one operand, and perhaps a flag.
    fn intrinsic(&mut self, module: &mut Module, name: &str, ty: ValType, flag: bool) {
        let a = self.pop();
        self.intrinsic_on(module, name, ty, &a.typed(), flag);
    }

    fn intrinsic_on(
        &mut self,
        module: &mut Module,
        name: &str,
        ty: ValType,
        operand: &str,
        flag: bool,
    ) {
        let t = crate::shape::ir(ty);
        let suffix = match ty {
            F32 => "f32",
            F64 => "f64",
            ty => bits(ty),
        };
        let (params, arguments) = if flag {
            (format!("{t}, i1"), format!("{operand}, i1 false"))
        } else {
            (t.into(), operand.to_owned())
        };
        let name = module.intrinsic(t, &format!("llvm.{name}.{suffix}"), &params);
        let location = self.debug_node(module);
        self.push_set(ty, &format!("call {t} {name}({arguments}), !dbg !{location}"));
    }

    /// Calls a helper that computes something of integers.
    fn pure(
        &mut self,
        module: &mut Module,
        number: usize,
        result: &str,
        params: &[&str],
        values: &[String],
    ) -> String {
        let stub = module.pure(number, result, params);
        let arguments: String =
            params.iter().zip(values).map(|(ty, value)| format!("{ty} {value}, ")).collect();
        let location = self.debug_node(module);
        self.set(&format!(
            "call fastcc {result} {stub}({arguments}{}) #{PURE}, !dbg !{location}",
            module.ctx()
        ))
    }

    /// The bits of an operand.
    fn pop_bits(&mut self) -> String {
        let a = self.pop();
        match a.ty {
            F32 => self.set(&format!("bitcast {} to i32", a.typed())),
            F64 => self.set(&format!("bitcast {} to i64", a.typed())),
            _ => a.text,
        }
    }

    fn push_bits(&mut self, ty: ValType, text: String) {
        match ty {
            F32 => self.push_set(F32, &format!("bitcast i32 {text} to float")),
            F64 => self.push_set(F64, &format!("bitcast i64 {text} to double")),
            ty => self.push(ty, text),
        }
    }

    /// Division and remainder.
    fn divide(&mut self, module: &mut Module, ty: ValType, signed: bool, remainder: bool) {
        let (b, a) = (self.pop(), self.pop());
        let t = bits(ty);
        let zero = self.set(&format!("icmp eq {t} {}, 0", b.text));
        self.trap_if(module, &zero, TrapCode::IntegerDivideByZero);
        let mut divisor = b.text;
        if signed {
            let minus_one = self.set(&format!("icmp eq {t} {divisor}, -1"));
            if remainder {
                // The least number by -1 leaves nothing, and neither does any number by 1.
                divisor = self.set(&format!("select i1 {minus_one}, {t} 1, {t} {divisor}"));
            } else {
                let least = if ty == I64 { i64::MIN } else { i64::from(i32::MIN) };
                let is_least = self.set(&format!("icmp eq {t} {}, {least}", a.text));
                let over = self.set(&format!("and i1 {minus_one}, {is_least}"));
                self.trap_if(module, &over, TrapCode::IntegerOverflow);
            }
        }
        if ty == I64 && module.target().word() == 4 {
            let number = match (signed, remainder) {
                (false, false) => helper::DIV_U64,
                (true, false) => helper::DIV_S64,
                (false, true) => helper::REM_U64,
                (true, true) => helper::REM_S64,
            };
            let text = self.pure(module, number, "i64", &["i64", "i64"], &[a.text, divisor]);
            return self.push(I64, text);
        }
        // LLVM divides by a power of two without an instruction that divides.
        let power =
            Value { ty, text: divisor.clone() }.constant().is_some_and(u64::is_power_of_two);
        if !module.target().has_division() && (signed || !power) {
            let number = match (signed, remainder) {
                (false, false) => helper::DIV_U32,
                (true, false) => helper::DIV_S32,
                (false, true) => helper::REM_U32,
                (true, true) => helper::REM_S32,
            };
            let text = self.pure(module, number, "i32", &["i32", "i32"], &[a.text, divisor]);
            return self.push(I32, text);
        }
        let sign = if signed { "s" } else { "u" };
        let name = if remainder { "rem" } else { "div" };
        self.push_set(ty, &format!("{sign}{name} {t} {}, {divisor}", a.text));
    }

    /// Whether the CPU has instructions on this type of floats.
    fn is_hard(module: &Module, ty: ValType) -> bool {
        match ty {
            F32 => module.target().has_f32(),
            F64 => module.target().has_f64(),
            _ => true,
        }
    }

    /// Keeps LLVM from combining an operation with this operand: it would drop the operation that
    /// makes a signalling NaN quiet.
    fn fence(&mut self, module: &mut Module, ty: ValType, text: &str) -> String {
        let (t, suffix) = if ty == F32 { ("float", "f32") } else { ("double", "f64") };
        let name = module.intrinsic(t, &format!("llvm.arithmetic.fence.{suffix}"), t);
        let location = self.debug_node(module);
        self.set(&format!("call {t} {name}({t} {text}), !dbg !{location}"))
    }

    fn float_binary(&mut self, module: &mut Module, ty: ValType, instruction: &str, number: usize) {
        if Function::is_hard(module, ty) {
            let (mut b, mut a) = (self.pop(), self.pop());
            for operand in [&mut a, &mut b] {
                if operand.text.starts_with("bitcast") {
                    operand.text = self.fence(module, ty, &operand.text.clone());
                }
            }
            return self.push_set(ty, &format!("{instruction} {}, {}", a.typed(), b.text));
        }
        let (b, a) = (self.pop_bits(), self.pop_bits());
        let text = self.pure(module, number, bits(ty), &[bits(ty); 2], &[a, b]);
        self.push_bits(ty, text);
    }

    /// A comparison: LLVM's name, the helper for equality, less than, or at most; whether its
    /// operands change places, and whether the result is negated.
    fn float_compare(
        &mut self,
        module: &mut Module,
        ty: ValType,
        name: &str,
        number: usize,
        swap: bool,
        not: bool,
    ) {
        if Function::is_hard(module, ty) {
            return self.compare(&format!("fcmp {name}"));
        }
        let (b, a) = (self.pop_bits(), self.pop_bits());
        let operands = if swap { [b, a] } else { [a, b] };
        let text = self.pure(module, number, "i32", &[bits(ty); 2], &operands);
        if not {
            return self.push_set(I32, &format!("xor i32 {text}, 1"));
        }
        self.push(I32, text);
    }

    /// Any instruction on floats that cannot trap, computed by the runtime.
    fn generic(&mut self, module: &mut Module, opcode: u16, operands: usize, result: ValType) {
        let mut values = Vec::new();
        for _ in 0..operands {
            let is_wide = self.stack.last().is_some_and(|value| value.ty.slots() == 2);
            let text = self.pop_bits();
            values.push(if is_wide { text } else { self.set(&format!("zext i32 {text} to i64")) });
        }
        values.reverse();
        values.resize(2, "0".into());
        values.insert(0, opcode.to_string());
        let wide = self.pure(module, helper::FLOAT, "i64", &["i32", "i64", "i64"], &values);
        self.push_low(result, wide);
    }

    /// Pushes a result that a helper returned in 64 bits.
    fn push_low(&mut self, ty: ValType, wide: String) {
        let text =
            if ty.slots() == 2 { wide } else { self.set(&format!("trunc i64 {wide} to i32")) };
        self.push_bits(ty, text);
    }

    /// A truncation that can trap, computed by the runtime.
    fn generic_trap(&mut self, module: &mut Module, opcode: u16, result: ValType) {
        self.barrier(module);
        let is_wide = self.stack.last().is_some_and(|value| value.ty.slots() == 2);
        let mut text = self.pop_bits();
        if !is_wide {
            text = self.set(&format!("zext i32 {text} to i64"));
        }
        let stub = module.fallible(helper::FLOAT_TRAP, "i64", &["i32", "i64"]);
        let location = self.locate(module);
        let wide = self.set(&format!(
            "call fastcc i64 {stub}(i32 {opcode}, i64 {text}, {}) #{NO_MERGE}, !dbg !{location}",
            module.ctx()
        ));
        self.push_low(result, wide);
    }

    /// A truncation of `from` to `to`.
    fn truncate(
        &mut self,
        module: &mut Module,
        opcode: u16,
        from: ValType,
        to: ValType,
        signed: bool,
    ) {
        if !Function::is_hard(module, from) || to == I64 && module.target().word() == 4 {
            return self.generic_trap(module, opcode, to);
        }
        let a = self.pop();
        let (t, digits) = if from == F32 { ("float", 24) } else { ("double", 53) };
        let nan = self.set(&format!("fcmp uno {}, {}", a.typed(), a.text));
        self.trap_if(module, &nan, TrapCode::InvalidConversionToInteger);
        let width = if to == I64 { 64 } else { 32 };
        let power = |exponent: i32| 2f64.powi(exponent);
        let high = power(if signed { width - 1 } else { width });
        // Where one below the least integer is a float, it is the first that does not fit; else the
        // least integer itself is the last that does.
        let (low, inclusive) = match (signed, width < digits) {
            (false, _) => (-1.0, false),
            (true, true) => (-power(width - 1) - 1.0, false),
            (true, false) => (-power(width - 1), true),
        };
        let literal = |value: f64| format!("0x{:016X}", value.to_bits());
        let below = self.set(&format!("fcmp olt {t} {}, {}", a.text, literal(high)));
        let relation = if inclusive { "oge" } else { "ogt" };
        let above = self.set(&format!("fcmp {relation} {t} {}, {}", a.text, literal(low)));
        let fits = self.set(&format!("and i1 {below}, {above}"));
        let over = self.set(&format!("xor i1 {fits}, true"));
        self.trap_if(module, &over, TrapCode::IntegerOverflow);
        let sign = if signed { "s" } else { "u" };
        self.push_set(to, &format!("fpto{sign}i {} to {}", a.typed(), bits(to)));
    }

    fn saturate(
        &mut self,
        module: &mut Module,
        opcode: u16,
        from: ValType,
        to: ValType,
        signed: bool,
    ) {
        if !Function::is_hard(module, from) || to == I64 && module.target().word() == 4 {
            return self.generic(module, opcode, 1, to);
        }
        let a = self.pop();
        let sign = if signed { "s" } else { "u" };
        let (t, suffix) = if from == F32 { ("float", "f32") } else { ("double", "f64") };
        let name =
            module.intrinsic(bits(to), &format!("llvm.fpto{sign}i.sat.{}.{suffix}", bits(to)), t);
        let location = self.debug_node(module);
        self.push_set(to, &format!("call {} {name}({}), !dbg !{location}", bits(to), a.typed()));
    }

    fn convert(
        &mut self,
        module: &mut Module,
        from: ValType,
        to: ValType,
        signed: bool,
        number: usize,
    ) {
        if Function::is_hard(module, to) && (from == I32 || module.target().word() == 8) {
            let name = if signed { "sitofp" } else { "uitofp" };
            return self.cast(name, to);
        }
        let a = self.pop();
        let text = self.pure(module, number, bits(to), &[bits(from)], &[a.text]);
        self.push_bits(to, text);
    }

    /// The lesser or greater of two floats.
    fn extremum(&mut self, module: &mut Module, opcode: u16, ty: ValType, least: bool) {
        if !Function::is_hard(module, ty) {
            return self.generic(module, opcode, 2, ty);
        }
        let (b, a) = (self.pop(), self.pop());
        let (t, i) = (crate::shape::ir(ty), bits(ty));
        // Of two equal numbers, which may be zeros of either sign, the signs decide.
        let (x, y) = (
            self.set(&format!("bitcast {} to {i}", a.typed())),
            self.set(&format!("bitcast {} to {i}", b.typed())),
        );
        let both = self.set(&format!("{} {i} {x}, {y}", if least { "or" } else { "and" }));
        let equal = self.set(&format!("bitcast {i} {both} to {t}"));
        let sum = self.set(&format!("fadd {}, {}", a.typed(), b.text));
        let first = self.set(&format!(
            "fcmp {} {}, {}",
            if least { "olt" } else { "ogt" },
            a.typed(),
            b.text
        ));
        let picked = self.set(&format!("select i1 {first}, {}, {}", a.typed(), b.typed()));
        let same = self.set(&format!("fcmp oeq {}, {}", a.typed(), b.text));
        let number = self.set(&format!("select i1 {same}, {t} {equal}, {t} {picked}"));
        let nan = self.set(&format!("fcmp uno {}, {}", a.typed(), b.text));
        self.push_set(ty, &format!("select i1 {nan}, {t} {sum}, {t} {number}"));
    }

    /// An operation on the bits of a float: with this mask, or with the sign of another operand.
    fn sign(&mut self, ty: ValType, which: &str) {
        let (i, mask) = if ty == F64 { ("i64", i64::MIN) } else { ("i32", i64::from(i32::MIN)) };
        let rest = if ty == F64 { i64::MAX } else { i64::from(i32::MAX) };
        let other = (which == "copysign").then(|| self.pop_bits());
        let a = self.pop_bits();
        let text = match (which, other) {
            ("neg", _) => self.set(&format!("xor {i} {a}, {mask}")),
            (_, Some(other)) => {
                let kept = self.set(&format!("and {i} {a}, {rest}"));
                let sign = self.set(&format!("and {i} {other}, {mask}"));
                self.set(&format!("or {i} {kept}, {sign}"))
            }
            _ => self.set(&format!("and {i} {a}, {rest}")),
        };
        self.push_bits(ty, text);
    }

    fn equal_to_zero(&mut self) {
        let a = self.pop();
        let holds = self.set(&format!("icmp eq {}, 0", a.typed()));
        self.push_set(I32, &format!("zext i1 {holds} to i32"));
    }

    fn extend(&mut self, ty: ValType, width: u32) {
        let a = self.pop();
        let narrow = self.set(&format!("trunc {} to i{width}", a.typed()));
        self.push_set(ty, &format!("sext i{width} {narrow} to {}", bits(ty)));
    }

    pub(crate) fn numeric(&mut self, module: &mut Module, opcode: u16) {
        let Some(op) = Op::from_code(opcode) else { return };
        let name = op.name();
        module.float |= name.contains('f');
        let (prefix, rest) = name.split_once('.').unwrap_or((name, ""));
        match prefix {
            "i32" => self.integer(module, opcode, I32, rest),
            "i64" => self.integer(module, opcode, I64, rest),
            "f32" => self.float(module, opcode, F32, rest),
            _ => self.float(module, opcode, F64, rest),
        }
        // What computes a float can make any NaN; the others move bits, or convert integers.
        let computes = matches!(
            rest,
            "add"
                | "sub"
                | "mul"
                | "div"
                | "min"
                | "max"
                | "sqrt"
                | "ceil"
                | "floor"
                | "trunc"
                | "nearest"
                | "demote_f64"
                | "promote_f32"
        );
        if module.options.canonical_nan && prefix.starts_with('f') && computes {
            self.canonical(if prefix == "f32" { F32 } else { F64 });
        }
    }

    /// Makes a NaN on top the canonical one.
    fn canonical(&mut self, ty: ValType) {
        let text = self.pop_bits();
        let (i, rest, infinity, nan) = if ty == F64 {
            ("i64", i64::MAX, 0x7ffu64 << 52, 0xfffu64 << 51)
        } else {
            ("i32", i64::from(i32::MAX), 0xffu64 << 23, 0x1ffu64 << 22)
        };
        let magnitude = self.set(&format!("and {i} {text}, {rest}"));
        let is_nan = self.set(&format!("icmp ugt {i} {magnitude}, {infinity}"));
        let text = self.set(&format!("select i1 {is_nan}, {i} {nan}, {i} {text}"));
        self.push_bits(ty, text);
    }

    fn integer(&mut self, module: &mut Module, opcode: u16, ty: ValType, name: &str) {
        match name {
            "eqz" => self.equal_to_zero(),
            "eq" => self.compare("icmp eq"),
            "ne" => self.compare("icmp ne"),
            "lt_s" => self.compare("icmp slt"),
            "lt_u" => self.compare("icmp ult"),
            "gt_s" => self.compare("icmp sgt"),
            "gt_u" => self.compare("icmp ugt"),
            "le_s" => self.compare("icmp sle"),
            "le_u" => self.compare("icmp ule"),
            "ge_s" => self.compare("icmp sge"),
            "ge_u" => self.compare("icmp uge"),
            "clz" => self.intrinsic(module, "ctlz", ty, true),
            "ctz" => self.intrinsic(module, "cttz", ty, true),
            "popcnt" => self.intrinsic(module, "ctpop", ty, false),
            "add" | "sub" | "mul" | "and" | "or" | "xor" => self.binary(ty, name),
            "div_s" => self.divide(module, ty, true, false),
            "div_u" => self.divide(module, ty, false, false),
            "rem_s" => self.divide(module, ty, true, true),
            "rem_u" => self.divide(module, ty, false, true),
            "shl" => self.shift(ty, "shl"),
            "shr_s" => self.shift(ty, "ashr"),
            "shr_u" => self.shift(ty, "lshr"),
            "rotl" => self.rotate(module, ty, "fshl"),
            "rotr" => self.rotate(module, ty, "fshr"),
            "wrap_i64" => self.cast("trunc", I32),
            "extend_i32_s" => self.cast("sext", I64),
            "extend_i32_u" => self.cast("zext", I64),
            "extend8_s" => self.extend(ty, 8),
            "extend16_s" => self.extend(ty, 16),
            "extend32_s" => self.extend(ty, 32),
            "reinterpret_f32" => {
                let text = self.pop_bits();
                self.push(I32, text);
            }
            "reinterpret_f64" => {
                let text = self.pop_bits();
                self.push(I64, text);
            }
            _ => {
                let from = if name.contains("f32") { F32 } else { F64 };
                let signed = name.ends_with("_s");
                if name.starts_with("trunc_sat") {
                    self.saturate(module, opcode, from, ty, signed);
                } else {
                    self.truncate(module, opcode, from, ty, signed);
                }
            }
        }
    }

    fn float(&mut self, module: &mut Module, opcode: u16, ty: ValType, name: &str) {
        let by_type = |single: usize, double: usize| if ty == F32 { single } else { double };
        let (eq, lt, le) = (
            by_type(helper::EQ_F32, helper::EQ_F64),
            by_type(helper::LT_F32, helper::LT_F64),
            by_type(helper::LE_F32, helper::LE_F64),
        );
        match name {
            "eq" => self.float_compare(module, ty, "oeq", eq, false, false),
            "ne" => self.float_compare(module, ty, "une", eq, false, true),
            "lt" => self.float_compare(module, ty, "olt", lt, false, false),
            "gt" => self.float_compare(module, ty, "ogt", lt, true, false),
            "le" => self.float_compare(module, ty, "ole", le, false, false),
            "ge" => self.float_compare(module, ty, "oge", le, true, false),
            "add" => {
                self.float_binary(module, ty, "fadd", by_type(helper::ADD_F32, helper::ADD_F64))
            }
            "sub" => {
                self.float_binary(module, ty, "fsub", by_type(helper::SUB_F32, helper::SUB_F64))
            }
            "mul" => {
                self.float_binary(module, ty, "fmul", by_type(helper::MUL_F32, helper::MUL_F64))
            }
            "div" => {
                self.float_binary(module, ty, "fdiv", by_type(helper::DIV_F32, helper::DIV_F64))
            }
            "abs" | "neg" | "copysign" => self.sign(ty, name),
            "min" => self.extremum(module, opcode, ty, true),
            "max" => self.extremum(module, opcode, ty, false),
            "sqrt" if Function::is_hard(module, ty) => self.intrinsic(module, "sqrt", ty, false),
            "ceil" | "floor" | "trunc" | "nearest" | "sqrt" => self.generic(module, opcode, 1, ty),
            "demote_f64" if Function::is_hard(module, F64) => self.cast("fptrunc", F32),
            "demote_f64" => {
                let a = self.pop_bits();
                let text = self.pure(module, helper::DEMOTE, "i32", &["i64"], &[a]);
                self.push_bits(F32, text);
            }
            "promote_f32" if Function::is_hard(module, F64) => {
                self.cast("fpext", F64);
                let wide = self.pop();
                let text = self.fence(module, F64, &wide.text);
                self.push(F64, text);
            }
            "promote_f32" => {
                let a = self.pop_bits();
                let text = self.pure(module, helper::PROMOTE, "i64", &["i32"], &[a]);
                self.push_bits(F64, text);
            }
            "reinterpret_i32" | "reinterpret_i64" => {
                let a = self.pop();
                self.push_bits(ty, a.text);
            }
            _ => {
                let from = if name.contains("i32") { I32 } else { I64 };
                let signed = name.ends_with("_s");
                let number = match (from, ty, signed) {
                    (I32, F32, true) => helper::S32_TO_F32,
                    (I32, F32, false) => helper::U32_TO_F32,
                    (I64, F32, true) => helper::S64_TO_F32,
                    (I64, F32, false) => helper::U64_TO_F32,
                    (I32, _, true) => helper::S32_TO_F64,
                    (I32, _, false) => helper::U32_TO_F64,
                    (_, _, true) => helper::S64_TO_F64,
                    (_, _, false) => helper::U64_TO_F64,
                };
                self.convert(module, from, ty, signed, number);
            }
        }
    }
}
