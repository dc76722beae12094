//! Checks a translation instead of testing it: walks the WebAssembly and the register bytecode of a
//! function together, on symbolic values, in one pass, and proves that both have the same effects
//! in the same order on the same values, take the same branches, and that every live local and
//! operand is where the translator has to leave it where control meets.
//!
//! It knows nothing of what the translator believes: it reads the module with `wasmparser`, and the
//! code with the decoder of listings. fuzz/README.md says which faults it sees.

mod machine;
mod values;
mod vectors;
mod wasm;

use machine::Machine;
use values::{Sym, Values};
use wasm::{Wasm, OPEN};
use wasmparser::{FunctionBody, Parser, Payload, ValType};
use zonda::{Engine, Mode, Module};

/// Slots between the locals and the operands of a function.
const OVERHEAD: usize = zonda_exec::fast::OVERHEAD;
/// Slots before the operands of a large function that belong to single instructions.
const SCRATCH: usize = 8;

/// Types and index spaces that function bodies refer to.
#[derive(Default)]
struct Env {
    types: Vec<wasmparser::FuncType>,
    /// Types of functions, imported ones first.
    funcs: Vec<u32>,
    globals: Vec<ValType>,
    tables: Vec<ValType>,
}

/// What was checked.
#[derive(Clone, Copy, Default, Debug)]
pub struct Checked {
    pub funcs: u32,
    /// Those whose check ended before their last instruction, at a condition that `and` and `or`
    /// make of constants or twice of the same part: values do not tell whose branch it meets.
    pub ended: u32,
    /// Effects, branches and ends that were compared.
    pub steps: u64,
}

/// Checks all functions of a module.
///
/// # Errors
/// The first difference: function, offset of the instruction of WebAssembly, what differs.
pub fn check_module(bytes: &[u8]) -> Result<Checked, String> {
    let module = Module::new(&Engine::new(Mode::Fast), bytes).map_err(|e| e.to_string())?;
    let bytecode = zonda::toolchain::register_bytecode(&module).map_err(|e| e.to_string())?;
    let bytecode = bytecode.ok_or("the module has no register bytecode")?;
    let mut env = Env::default();
    let mut checked = Checked::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| error.to_string())? {
            Payload::TypeSection(types) => {
                for ty in types.into_iter_err_on_gc_types() {
                    env.types.push(ty.map_err(|error| error.to_string())?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    match import.map_err(|error| error.to_string())?.ty {
                        wasmparser::TypeRef::Func(ty) => env.funcs.push(ty),
                        wasmparser::TypeRef::Global(ty) => env.globals.push(ty.content_type),
                        wasmparser::TypeRef::Table(ty) => {
                            env.tables.push(ValType::Ref(ty.element_type));
                        }
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(funcs) => {
                for ty in funcs {
                    env.funcs.push(ty.map_err(|error| error.to_string())?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let table = table.map_err(|error| error.to_string())?;
                    env.tables.push(ValType::Ref(table.ty.element_type));
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global.map_err(|error| error.to_string())?;
                    env.globals.push(global.ty.content_type);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let index = checked.funcs;
                let func = bytecode.imported_funcs + index;
                let record = bytecode.funcs.get(index as usize).ok_or("a record is missing")?;
                let end = bytecode.funcs.get(index as usize + 1).map(|next| next.code);
                let end = end.unwrap_or(bytecode.code.len() as u32);
                let code = &bytecode.code[..end as usize];
                let frame = usize::from(record.layout.params) + record.layout.frame as usize;
                let machine = Machine::new(code, record.code, frame);
                let (steps, ended) = check_func(&env, func, &body, machine, bytes)?;
                checked.steps += steps;
                checked.ended += u32::from(ended);
                checked.funcs += 1;
            }
            _ => {}
        }
    }
    Ok(checked)
}

/// Returns how much was compared, and whether that ended before the end.
fn check_func(
    env: &Env,
    func: u32,
    body: &FunctionBody,
    machine: Machine,
    bytes: &[u8],
) -> Result<(u64, bool), String> {
    let ty = env.funcs.get(func as usize).and_then(|&ty| env.types.get(ty as usize));
    let ty = ty.ok_or("a function without a type")?;
    let mut wasm = Wasm::new(env, ty, Values::default(), machine);
    let mut reader = body.get_locals_reader().map_err(|error| error.to_string())?;
    for _ in 0..reader.get_count() {
        let (count, ty) = reader.read().map_err(|error| error.to_string())?;
        wasm.add_locals(count, ty);
    }
    wasm.begin()?;
    for item in body.get_operators_reader().map_err(|e| e.to_string())?.into_iter_with_offsets() {
        let (operator, offset) = item.map_err(|error| error.to_string())?;
        let own = bytes.get(offset as usize..).unwrap_or(&[]);
        match wasm.instruction(&operator, own) {
            Ok(()) => {}
            Err(what) if what == OPEN => return Ok((wasm.steps, true)),
            Err(what) => {
                return Err(format!("function {func}, offset {offset:#x}, {operator:?}: {what}"))
            }
        }
    }
    Ok((wasm.steps, false))
}

/// Slots of a value.
fn slots(ty: ValType) -> usize {
    match ty {
        ValType::I64 | ValType::F64 => 2,
        ValType::V128 => 4,
        _ => 1,
    }
}

/// Slots of each operand of a numeric instruction, their number, slots of the result.
fn signature(code: u16) -> Option<(usize, u32, usize)> {
    use super::program::ast::Ty;
    let of = |ty: Ty| if matches!(ty, Ty::I64 | Ty::F64) { 2 } else { 1 };
    super::program::gen::numbers::signature(code).map(|(a, n, r)| (of(a), n, of(r)))
}

/// Whether a numeric instruction may trap, so that its place among effects counts.
fn may_trap(code: u16) -> bool {
    matches!(code, 0x6d..=0x70 | 0x7f..=0x82 | 0xa8..=0xab | 0xae..=0xb1)
}

/// A load or store by what it does to slots: the opcode of the one that does the same in 32 bits or
/// as a pair, the slots of the value on the operand stack, and those that are loaded or stored.
fn narrowed(code: u16) -> (u16, usize, usize) {
    match code {
        0x28 | 0x2a => (0x28, 1, 1),
        0x29 | 0x2b => (0x29, 2, 2),
        0x2c..=0x2f => (code, 1, 1),
        0x30..=0x33 => (code - 4, 2, 1),
        0x34 | 0x35 => (0x28, 2, 1),
        0x36 | 0x38 => (0x36, 1, 1),
        0x37 | 0x39 => (0x37, 2, 2),
        0x3a | 0x3b => (code, 1, 1),
        0x3c | 0x3d => (code - 2, 2, 1),
        _ => (0x36, 2, 1),
    }
}

/// Texts of values, for messages.
fn texts(values: &Values, list: &[Sym]) -> String {
    list.iter().map(|&sym| values.text(sym)).collect::<Vec<_>>().join(", ")
}

/// The opcode of a numeric instruction, load or store, with offset and memory.
fn opcode(operator: &wasmparser::Operator) -> Option<(u16, Option<(u32, u32)>)> {
    // The names of wasmparser are those of the text format: they are compared as Zonda's table has
    // them.
    let text = format!("{operator:?}");
    let name: &str = text.split([' ', '{', '(']).next().unwrap_or("");
    let code = codes().iter().find(|(known, _)| known == name)?.1;
    let memarg = match operator {
        wasmparser::Operator::I32Load { memarg }
        | wasmparser::Operator::I64Load { memarg }
        | wasmparser::Operator::F32Load { memarg }
        | wasmparser::Operator::F64Load { memarg }
        | wasmparser::Operator::I32Load8S { memarg }
        | wasmparser::Operator::I32Load8U { memarg }
        | wasmparser::Operator::I32Load16S { memarg }
        | wasmparser::Operator::I32Load16U { memarg }
        | wasmparser::Operator::I64Load8S { memarg }
        | wasmparser::Operator::I64Load8U { memarg }
        | wasmparser::Operator::I64Load16S { memarg }
        | wasmparser::Operator::I64Load16U { memarg }
        | wasmparser::Operator::I64Load32S { memarg }
        | wasmparser::Operator::I64Load32U { memarg }
        | wasmparser::Operator::I32Store { memarg }
        | wasmparser::Operator::I64Store { memarg }
        | wasmparser::Operator::F32Store { memarg }
        | wasmparser::Operator::F64Store { memarg }
        | wasmparser::Operator::I32Store8 { memarg }
        | wasmparser::Operator::I32Store16 { memarg }
        | wasmparser::Operator::I64Store8 { memarg }
        | wasmparser::Operator::I64Store16 { memarg }
        | wasmparser::Operator::I64Store32 { memarg } => match memarg.target {
            wasmparser::MemArgTarget::Memory(memory) => Some((memarg.offset as u32, memory)),
            wasmparser::MemArgTarget::Array(_) => None,
        },
        _ => None,
    };
    Some((code, memarg))
}

/// Names of instructions with their opcodes, of the specification's table from 0x28 on.
fn codes() -> &'static [(String, u16)] {
    static CODES: std::sync::OnceLock<Vec<(String, u16)>> = std::sync::OnceLock::new();
    CODES.get_or_init(|| {
        let names = "I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U \
            I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U \
            I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32 \
            - - - - - - \
            I32Eqz I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU \
            I64Eqz I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU \
            F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge \
            I32Clz I32Ctz I32Popcnt I32Add I32Sub I32Mul I32DivS I32DivU I32RemS I32RemU \
            I32And I32Or I32Xor I32Shl I32ShrS I32ShrU I32Rotl I32Rotr \
            I64Clz I64Ctz I64Popcnt I64Add I64Sub I64Mul I64DivS I64DivU I64RemS I64RemU \
            I64And I64Or I64Xor I64Shl I64ShrS I64ShrU I64Rotl I64Rotr \
            F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt F32Add F32Sub F32Mul F32Div \
            F32Min F32Max F32Copysign F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt \
            F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign \
            I32WrapI64 I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U \
            I64ExtendI32S I64ExtendI32U I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U \
            F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U F32DemoteF64 \
            F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U F64PromoteF32 \
            I32ReinterpretF32 I64ReinterpretF64 F32ReinterpretI32 F64ReinterpretI64 \
            I32Extend8S I32Extend16S I64Extend8S I64Extend16S I64Extend32S";
        // 0x3f to 0x44 are no numeric instructions: sizes and constants.
        let single = names.split_whitespace().zip(0x28..);
        let saturating = "I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U \
            I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U";
        let prefixed = saturating.split_whitespace().zip(0xfc00..);
        single.chain(prefixed).map(|(name, code)| (name.to_string(), code)).collect()
    })
}
