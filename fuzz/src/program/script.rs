//! Programs as a script in the format of docs/spec-suite.md, for the loops in Thumb-2: the image
//! that runs the official suite on an emulated Cortex-M3 runs thousands of programs from one file.
//! What each call has to return is what classic mode returned on the host, after all engines of the
//! host agreed.
//!
//! A script shows only calls, so each module gets one more function, which returns what would be
//! looked at from outside: globals, and hashes of memories and of which elements of tables are
//! null.

use super::ast::{op, Call, Func, FuncType, Instr, Module, Program, Ty};
use super::run::{Obs, Trap};
use zonda_script::{ALIGN, PAD};

/// Codes of commands and values.
mod code {
    pub const MODULE: u8 = 1;
    pub const REGISTER: u8 = 3;
    pub const ACTION: u8 = 4;
    pub const ASSERT_RETURN: u8 = 5;
    pub const ASSERT_TRAP: u8 = 6;
    pub const RESET: u8 = 14;
    pub const NULL_FUNC: u8 = 4;
    pub const NULL_EXTERN: u8 = 5;
    pub const EXTERN: u8 = 6;
    pub const ANY_FUNC: u8 = 11;
}

/// Adds to each module the function that shows its state, and calls of them at the end.
pub fn with_state_shown(program: &Program) -> Program {
    let mut program = program.clone();
    for index in 0..program.modules.len() {
        let module = &mut program.modules[index];
        show_state(module);
        let func = module.func_types().len() as u32 - 1;
        module.exported.push(func);
        program.calls.push(Call { module: index, func, args: Vec::new() });
    }
    program
}

fn show_state(module: &mut Module) {
    let [_, memories, tables, globals] = module.imported();
    let mut results = Vec::new();
    let mut body = Vec::new();
    for (index, global) in module.globals.iter().enumerate().take(40) {
        results.push(global.ty);
        body.push(Instr::GlobalGet(globals + index as u32));
    }
    let empty = module.intern(FuncType::default());
    // Local 0 counts, local 1 is the hash.
    for index in 0..module.memories.len() as u32 {
        let (memory, page) = (memories + index, 1 << module.memories[index as usize].log2_page);
        let element =
            vec![Instr::LocalGet(0), Instr::Mem { op: 0x2d, align: 0, offset: 0, memory }];
        let size = vec![Instr::MemorySize(memory), Instr::I32(page), Instr::Op(0x6c)];
        body.extend(hash(empty, size, element, if page == 1 { 1 } else { 61 }));
        results.push(Ty::I32);
    }
    for index in 0..module.tables.len() as u32 {
        let table = tables + index;
        // The number of the element counts as well, or all that are not null were alike.
        let element = vec![Instr::LocalGet(0), Instr::TableGet(table), Instr::Op(op::REF_IS_NULL)];
        // Loading references would keep a module from being precompiled.
        if module.types.iter().any(|ty| ty.params.iter().chain(&ty.results).any(|ty| ty.is_ref())) {
            body.extend(hash(empty, vec![Instr::TableSize(table)], element, 1));
            results.push(Ty::I32);
        }
    }
    let ty = module.intern(FuncType { params: Vec::new(), results });
    module.funcs.push(Func { ty, locals: vec![Ty::I32, Ty::I32], body });
}

/// Pushes a hash of what `element` pushes for each number below what `size` pushes.
fn hash(empty: u32, size: Vec<Instr>, element: Vec<Instr>, step: i32) -> Vec<Instr> {
    let mut turn = vec![Instr::LocalGet(0)];
    turn.extend(size);
    turn.extend([Instr::Op(0x4f), Instr::BrIf(1), Instr::LocalGet(1), Instr::I32(5)]);
    turn.push(Instr::Op(op::I32_ROTL));
    turn.extend(element);
    turn.extend([
        Instr::Op(op::I32_XOR),
        Instr::I32(0x0101_4321),
        Instr::Op(0x6c),
        Instr::LocalSet(1),
        Instr::LocalGet(0),
        Instr::I32(step),
        Instr::Op(op::I32_ADD),
        Instr::LocalSet(0),
        Instr::Br(0),
    ]);
    vec![
        Instr::I32(0),
        Instr::LocalSet(0),
        Instr::I32(0),
        Instr::LocalSet(1),
        Instr::Block(empty, vec![Instr::Loop(empty, turn)]),
        Instr::LocalGet(1),
    ]
}

/// A script under construction.
pub struct Script {
    bytes: Vec<u8>,
    /// Programs and assertions in it.
    pub programs: u32,
    pub asserted: u32,
}

impl Script {
    /// Without programs.
    pub fn new(name: &str) -> Script {
        let mut script =
            Script { bytes: b"ZSCR\x01\0\0\0\0\0\0\0".to_vec(), programs: 0, asserted: 0 };
        script.blob(name.as_bytes());
        script
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it has no programs.
    pub fn is_empty(&self) -> bool {
        self.programs == 0
    }

    /// The script.
    pub fn finish(mut self) -> Vec<u8> {
        let len = self.bytes.len() as u32;
        self.bytes[8..12].copy_from_slice(&len.to_le_bytes());
        self.bytes
    }

    /// Adds a program whose modules were all instantiated and whose calls met no limit; false for
    /// others. The line of its commands is its seed.
    pub fn add(&mut self, program: &Program, modules: &[Vec<u8>], seen: &[Obs]) -> bool {
        let limit = |obs: &Obs| matches!(obs, Obs::Trapped(Trap::Limit | Trap::Fuel));
        let instantiated = seen.iter().filter(|obs| matches!(obs, Obs::Instantiated(_))).count();
        if instantiated != modules.len() || seen.iter().any(limit) {
            return false;
        }
        self.op(code::RESET, program.seed);
        for (index, bytes) in modules.iter().enumerate() {
            let name = index.to_string();
            self.op(code::MODULE, program.seed);
            self.blob(name.as_bytes());
            self.module(bytes);
            self.op(code::REGISTER, program.seed);
            self.blob(name.as_bytes());
            self.blob(name.as_bytes());
        }
        for (number, call) in program.calls.iter().enumerate() {
            let begin = seen.iter().position(|obs| *obs == Obs::Call(number as u32));
            let Some(begin) = begin else { return false };
            let is_end = |obs: &Obs| matches!(obs, Obs::Returned | Obs::Trapped(_));
            let Some(len) = seen[begin..].iter().position(is_end) else { return false };
            let results = &seen[begin + 1..begin + len];
            let module = &program.modules[call.module];
            let ty = &module.types[module.func_types()[call.func as usize] as usize];
            match seen[begin + len] {
                // Which bits a NaN has is not for the script to say: what is computed of it is seen
                // later.
                Obs::Returned if results.iter().any(is_nan) => {
                    self.call(code::ACTION, program, call, &ty.params);
                }
                Obs::Returned => {
                    self.call(code::ASSERT_RETURN, program, call, &ty.params);
                    self.number(results.len() as u64);
                    for result in results {
                        if let Obs::Value(ty, bits) = result {
                            self.value(*ty, *bits);
                        }
                    }
                }
                Obs::Trapped(trap) => {
                    self.call(code::ASSERT_TRAP, program, call, &ty.params);
                    self.blob(text(trap).as_bytes());
                }
                _ => return false,
            }
            self.asserted += 1;
        }
        self.programs += 1;
        true
    }

    fn call(&mut self, code: u8, program: &Program, call: &Call, params: &[Ty]) {
        self.op(code, program.seed);
        self.bytes.push(0);
        self.blob(call.module.to_string().as_bytes());
        self.blob(format!("f{}", call.func).as_bytes());
        self.number(call.args.len() as u64);
        for (&ty, &bits) in params.iter().zip(&call.args) {
            self.value(ty, bits);
        }
    }

    fn value(&mut self, ty: Ty, bits: u64) {
        match ty {
            Ty::I32 | Ty::F32 => {
                self.bytes.push(if ty == Ty::I32 { 0 } else { 2 });
                self.bytes.extend_from_slice(&(bits as u32).to_le_bytes());
            }
            Ty::I64 | Ty::F64 => {
                self.bytes.push(if ty == Ty::I64 { 1 } else { 3 });
                self.bytes.extend_from_slice(&bits.to_le_bytes());
            }
            Ty::Func if bits == 0 => self.bytes.push(code::NULL_FUNC),
            Ty::Func => self.bytes.push(code::ANY_FUNC),
            Ty::Extern if bits == 0 => self.bytes.push(code::NULL_EXTERN),
            Ty::Extern => {
                self.bytes.push(code::EXTERN);
                self.bytes.extend_from_slice(&(bits as u32 - 1).to_le_bytes());
            }
        }
    }

    fn op(&mut self, code: u8, line: u64) {
        self.bytes.push(code);
        self.number(line & 0xffff_ffff);
    }

    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A module; native code behind padding, since it is executed where it lies.
    fn module(&mut self, bytes: &[u8]) {
        if bytes.starts_with(b"\0asm") {
            return self.blob(bytes);
        }
        // Less padding each time, until the module is in place.
        let mut padded = vec![PAD; ALIGN * 2];
        padded.extend_from_slice(bytes);
        let begin = self.bytes.len();
        for pad in 0..ALIGN * 2 {
            self.blob(&padded[pad..]);
            if (self.bytes.len() - bytes.len()).is_multiple_of(ALIGN) {
                return;
            }
            self.bytes.truncate(begin);
        }
        unreachable!("the length takes the same bytes in one of two rounds");
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }
}

fn is_nan(obs: &Obs) -> bool {
    match obs {
        Obs::Value(Ty::F32, bits) => f32::from_bits(*bits as u32).is_nan(),
        Obs::Value(Ty::F64, bits) => f64::from_bits(*bits).is_nan(),
        _ => false,
    }
}

/// How the specification's scripts name a trap. The two traps of tables are one kind here.
fn text(trap: Trap) -> &'static str {
    match trap {
        Trap::Unreachable => "unreachable",
        Trap::Memory => "out of bounds memory access",
        Trap::NullElement => "uninitialized element",
        Trap::Signature => "indirect call type mismatch",
        Trap::DivideByZero => "integer divide by zero",
        Trap::Overflow => "integer overflow",
        Trap::Conversion => "invalid conversion to integer",
        _ => "",
    }
}
