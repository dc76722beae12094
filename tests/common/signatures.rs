//! Generates native functions with up to 16 parameters of all types, and a module that calls each
//! of them, to show that arguments and results arrive as the ABI of a CPU says. What passes the
//! arguments is the runtime; what receives them is a C compiler; what is expected are the values
//! themselves.
//!
//! `tests/embedding_c` runs them on the host, `cargo xtask natives` in QEMU.

use std::fmt::Write;

/// Most parameters of a function.
const PARAMS: usize = 16;

/// How many functions a test has, and which.
pub const COUNT: usize = 320;
pub const SEED: u64 = 12;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    I32,
    I64,
    F32,
    F64,
}
use Type::{F32, F64, I32, I64};

const TYPES: [Type; 4] = [I32, I64, F32, F64];

impl Type {
    fn code(self) -> u8 {
        [0x7f, 0x7e, 0x7d, 0x7c][self as usize]
    }

    fn letter(self) -> char {
        ['i', 'I', 'f', 'F'][self as usize]
    }

    fn c(self) -> &'static str {
        ["int32_t", "int64_t", "float", "double"][self as usize]
    }

    fn is_wide(self) -> bool {
        matches!(self, I64 | F64)
    }
}

/// A value by its bits.
#[derive(Clone, Copy, Debug)]
struct Value {
    ty: Type,
    bits: u64,
}

/// A native function and one call of it: the arguments, and the result, which is one of them (by
/// its number) where there is one of its type.
pub struct Case {
    params: Vec<Value>,
    result: Option<(Value, Option<usize>)>,
}

/// Numbers that look random: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Any bits but those of a signalling NaN, which C may make quiet; among them the values at the
    /// ends.
    fn value(&mut self, ty: Type) -> Value {
        let bits = match (self.below(8), ty) {
            (0, I32) => 0x8000_0000,
            (0, I64) => 1 << 63,
            // Minus zero.
            (0, F32) => 0x8000_0000,
            (0, F64) => 1 << 63,
            (1, I32 | I64) => u64::MAX,
            // A quiet NaN with a payload.
            (1, F32) => 0xffc0_1234,
            (1, F64) => 0xfff8_0000_1234_5678,
            (2, _) => 0,
            _ => self.next(),
        };
        let bits = if ty.is_wide() { bits } else { bits & 0xffff_ffff };
        let signalling = match ty {
            F32 => f32::from_bits(bits as u32).is_nan() && bits & 1 << 22 == 0,
            F64 => f64::from_bits(bits).is_nan() && bits & 1 << 51 == 0,
            _ => false,
        };
        if signalling {
            return self.value(ty);
        }
        Value { ty, bits }
    }

    fn case(&mut self, types: &[Type], result: Option<Type>) -> Case {
        let params: Vec<Value> = types.iter().map(|ty| self.value(*ty)).collect();
        let result = result.map(|ty| {
            let fitting: Vec<usize> =
                (0..params.len()).filter(|&index| params[index].ty == ty).collect();
            match fitting.len() {
                0 => (self.value(ty), None),
                len => {
                    let index = fitting[self.below(len)];
                    (params[index], Some(index))
                }
            }
        });
        Case { params, result }
    }
}

/// Functions with all numbers of parameters of one type and of two types in turn, then any.
pub fn cases(seed: u64, count: usize) -> Vec<Case> {
    let mut random = Random(seed);
    let mut cases = Vec::new();
    for first in TYPES {
        for len in [1, 3, 4, 7, 8, 9, PARAMS] {
            cases.push(random.case(&vec![first; len], Some(first)));
        }
        for second in TYPES {
            let types: Vec<Type> = [first, second].into_iter().cycle().take(PARAMS).collect();
            cases.push(random.case(&types, Some(second)));
        }
    }
    while cases.len() < count {
        let len = match random.below(3) {
            0 => PARAMS,
            _ => random.below(PARAMS + 1),
        };
        let types: Vec<Type> = (0..len).map(|_| TYPES[random.below(4)]).collect();
        let result = TYPES.get(random.below(5)).copied();
        cases.push(random.case(&types, result));
    }
    cases.truncate(count);
    cases
}

/// A file in C: the native functions, the table of them, the module, and what compares.
pub fn source(cases: &[Case]) -> String {
    let mut text = String::from(HEAD);
    for (number, case) in cases.iter().enumerate() {
        function(&mut text, number, case);
    }
    text.push_str("\nconst NativeSymbol signature_natives[] = {\n");
    for (number, case) in cases.iter().enumerate() {
        let params: String = case.params.iter().map(|value| value.ty.letter()).collect();
        let result: String = case.result.iter().map(|(value, _)| value.ty.letter()).collect();
        let _ =
            writeln!(text, "    {{\"f{number}\", (void *)f{number}, \"({params}){result}\", 0}},");
    }
    text.push_str("};\n\nstatic const struct expected expected[] = {\n");
    for case in cases {
        let values: Vec<String> =
            case.params.iter().map(|value| format!("{:#x}ull", value.bits)).collect();
        let (cells, result) = match case.result {
            Some((value, _)) => (1 + u32::from(value.ty.is_wide()), value.bits),
            None => (0, 0),
        };
        let len = case.params.len();
        let values = if len == 0 { "0".to_owned() } else { values.join(", ") };
        let _ = writeln!(text, "    {{{len}, {cells}, {result:#x}ull, {{{values}}}}},");
    }
    let module = module(cases);
    let bytes: Vec<String> = module.iter().map(u8::to_string).collect();
    let _ = write!(
        text,
        "}};\n\nconst uint32_t signature_count = {};\nconst uint32_t signature_module_size = {};\n\
         const _Alignas(8) uint8_t signature_module[] = {{{}}};\n{TAIL}",
        cases.len(),
        module.len(),
        bytes.join(",")
    );
    text
}

const HEAD: &str = r#"/* Generated by tests/common/signatures.rs. */
#include <stdint.h>
#include "wasm_export.h"

struct expected {
    uint32_t count;
    uint32_t cells;
    uint64_t result;
    uint64_t values[16];
};

static uint64_t seen[16];
static uint32_t seen_count, seen_number;
static const void *seen_env;

static void start(uint32_t number, const void *env)
{
    seen_number = number;
    seen_env = env;
    seen_count = 0;
}

static void see(uint64_t bits)
{
    seen[seen_count++] = bits;
}

static uint64_t single_bits(float value)
{
    union { float value; uint32_t bits; } both = { value };
    return both.bits;
}

static uint64_t double_bits(double value)
{
    union { double value; uint64_t bits; } both = { value };
    return both.bits;
}

static float single(uint32_t bits)
{
    union { uint32_t bits; float value; } both = { bits };
    return both.value;
}

static double twice(uint64_t bits)
{
    union { uint64_t bits; double value; } both = { bits };
    return both.value;
}

"#;

const TAIL: &str = r#"
/* Whether the function with this number was the last one that was called, by this environment, and what it got and the
 * caller has got, in `cells`, is right. 0, or what is wrong: 1 for the first argument, 100 the result, 101 the
 * environment, 102 the function. */
uint32_t signature_check(uint32_t number, const void *env, const uint32_t *cells)
{
    const struct expected *wanted = &expected[number];
    uint64_t result = wanted->cells == 2 ? (uint64_t)cells[1] << 32 | cells[0] : cells[0];

    if (seen_number != number || seen_count != wanted->count) {
        return 102;
    }
    seen_number = UINT32_MAX;
    if (seen_env != env) {
        return 101;
    }
    for (uint32_t index = 0; index < wanted->count; index++) {
        if (seen[index] != wanted->values[index]) {
            return index + 1;
        }
    }
    return wanted->cells != 0 && result != wanted->result ? 100 : 0;
}
"#;

fn function(text: &mut String, number: usize, case: &Case) {
    let result = case.result.map_or("void", |(value, _)| value.ty.c());
    let _ = write!(text, "static {result} f{number}(wasm_exec_env_t env");
    for (index, value) in case.params.iter().enumerate() {
        let _ = write!(text, ", {} a{index}", value.ty.c());
    }
    let _ = write!(text, ")\n{{\n    start({number}, env);\n");
    for (index, value) in case.params.iter().enumerate() {
        let bits = match value.ty {
            I32 => format!("(uint32_t)a{index}"),
            I64 => format!("(uint64_t)a{index}"),
            F32 => format!("single_bits(a{index})"),
            F64 => format!("double_bits(a{index})"),
        };
        let _ = writeln!(text, "    see({bits});");
    }
    if let Some((value, index)) = case.result {
        let value = match (index, value.ty) {
            (Some(index), _) => format!("a{index}"),
            (None, I32) => format!("(int32_t){:#x}u", value.bits),
            (None, I64) => format!("(int64_t){:#x}ull", value.bits),
            (None, F32) => format!("single({:#x}u)", value.bits),
            (None, F64) => format!("twice({:#x}ull)", value.bits),
        };
        let _ = writeln!(text, "    return {value};");
    }
    text.push_str("}\n");
}

/// A module that imports `env.f0` and so on, and exports `r0` and so on, each of which calls one
/// with its arguments.
fn module(cases: &[Case]) -> Vec<u8> {
    let (mut types, mut imports) = (Vec::new(), Vec::new());
    let (mut funcs, mut exports, mut code) = (Vec::new(), Vec::new(), Vec::new());
    for (number, case) in cases.iter().enumerate() {
        let params: Vec<u8> = case.params.iter().map(|value| value.ty.code()).collect();
        let results: Vec<u8> = case.result.iter().map(|(value, _)| value.ty.code()).collect();
        for params in [&params[..], &[]] {
            types.push(0x60);
            list(&mut types, params);
            list(&mut types, &results);
        }
        list(&mut imports, b"env");
        list(&mut imports, format!("f{number}").as_bytes());
        imports.push(0);
        unsigned(&mut imports, number * 2);
        unsigned(&mut funcs, number * 2 + 1);
        list(&mut exports, format!("r{number}").as_bytes());
        exports.push(0);
        unsigned(&mut exports, cases.len() + number);
        // No locals.
        let mut body = vec![0];
        case.params.iter().for_each(|value| constant(&mut body, value));
        body.push(0x10);
        unsigned(&mut body, number);
        body.push(0x0b);
        list(&mut code, &body);
    }
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (id, count, content) in [
        (1, 2 * cases.len(), types),
        (2, cases.len(), imports),
        (3, cases.len(), funcs),
        (7, cases.len(), exports),
        (10, cases.len(), code),
    ] {
        let mut section = Vec::new();
        unsigned(&mut section, count);
        section.extend(content);
        bytes.push(id);
        list(&mut bytes, &section);
    }
    bytes
}

fn constant(body: &mut Vec<u8>, value: &Value) {
    let bits = value.bits;
    match value.ty {
        I32 => {
            body.push(0x41);
            signed(body, i64::from(bits as u32 as i32));
        }
        I64 => {
            body.push(0x42);
            signed(body, bits as i64);
        }
        F32 => {
            body.push(0x43);
            body.extend((bits as u32).to_le_bytes());
        }
        F64 => {
            body.push(0x44);
            body.extend(bits.to_le_bytes());
        }
    }
}

/// A vector of bytes: their number, then the bytes.
fn list(bytes: &mut Vec<u8>, content: &[u8]) {
    unsigned(bytes, content.len());
    bytes.extend(content);
}

fn unsigned(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn signed(bytes: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if value == if byte & 0x40 == 0 { 0 } else { -1 } {
            bytes.push(byte);
            return;
        }
        bytes.push(byte | 0x80);
    }
}
