//! Precompiled modules built by hand from docs/precompiled-module.md, independent of the code that
//! writes them.

use crate::run::{run_all, Aligned};
use zonda::{ArtifactErrorKind, Engine, Error, Mode, Module, StoreConfig};
use zonda_exec::fast::RegOp;

/// Slots between locals and operands on this machine.
pub const OVERHEAD: u16 = if size_of::<usize>() == 8 { 13 } else { 7 };

/// Bytes behind the code of the last function.
pub const GUARD: usize = 8;

/// A function: its record, and its code.
#[derive(Clone)]
pub struct Func {
    pub params: u16,
    pub locals: u16,
    pub results: u16,
    pub type_index: u16,
    pub frame: u32,
    pub code: Vec<u8>,
}

impl Func {
    /// With as many operands, of a type that has as many parameters and results.
    pub fn new(
        type_index: u16,
        (params, locals, results): (u16, u16, u16),
        operands: u16,
        code: Vec<u8>,
    ) -> Func {
        let frame = u32::from(locals - params + OVERHEAD + operands);
        Func { params, locals, results, type_index, frame, code }
    }
}

/// The code of a function: instructions with their operands, branches by the number of bytes.
pub fn code(ops: &[(RegOp, &[u8])]) -> Vec<u8> {
    ops.iter().flat_map(|(op, operands)| [&[*op as u8], *operands].concat()).collect()
}

/// A file of a module without its code section.
pub fn file(wasm: &[u8], funcs: &[Func]) -> Vec<u8> {
    let module = without_code(wasm);
    let (mut records, mut code) = (Vec::new(), Vec::new());
    for func in funcs {
        for number in [func.params, func.locals, func.results, func.type_index] {
            records.extend(number.to_le_bytes());
        }
        records.extend(func.frame.to_le_bytes());
        records.extend((code.len() as u32).to_le_bytes());
        code.extend(&func.code);
    }
    code.extend([0; GUARD]);
    sections([&module, &records, &code])
}

/// A file with these sections.
pub fn sections(sections: [&[u8]; 3]) -> Vec<u8> {
    let mut table = Vec::new();
    let mut contents = Vec::new();
    for (id, section) in (1u32..).zip(sections) {
        while contents.len() % 4 != 0 {
            contents.push(0);
        }
        for number in [id, 88 + contents.len() as u32, section.len() as u32] {
            table.extend(number.to_le_bytes());
        }
        contents.extend(section);
    }
    let mut file = b"\0znd\x02\0\x01".to_vec();
    file.push(size_of::<usize>() as u8);
    file.extend(0u32.to_le_bytes());
    file.extend((88 + contents.len() as u32).to_le_bytes());
    file.extend([0x5a; 32]);
    file.extend(3u32.to_le_bytes());
    file.extend(table);
    file.extend(contents);
    file
}

/// Leaves the code section out.
fn without_code(wasm: &[u8]) -> Vec<u8> {
    let mut kept = wasm[..8].to_vec();
    let mut at = 8;
    while at < wasm.len() {
        let start = at;
        at += 1;
        let (mut size, mut shift) = (0, 0);
        loop {
            size |= usize::from(wasm[at] & 0x7f) << shift;
            shift += 7;
            at += 1;
            if wasm[at - 1] < 0x80 {
                break;
            }
        }
        at += size;
        if wasm[start] != 10 {
            kept.extend(&wasm[start..at]);
        }
    }
    kept
}

/// Where the three sections of a file lie.
pub fn parts(file: &[u8]) -> [std::ops::Range<usize>; 3] {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    [52, 64, 76].map(|entry| word(entry + 4)..word(entry + 4) + word(entry + 8))
}

pub fn load(file: &[u8]) -> Result<(), Error> {
    Module::new(&Engine::new(Mode::Fast), Aligned::new(file).bytes()).map(drop)
}

pub fn kind(result: Result<(), Error>) -> Option<ArtifactErrorKind> {
    match result {
        Err(Error::Artifact(error)) => Some(error.kind),
        Err(error) => panic!("{error}"),
        Ok(()) => None,
    }
}

/// Loads a file that may be anything; when it loads, runs all that it exports.
pub fn survives(file: &Aligned) -> bool {
    let config = StoreConfig { stack_bytes: 4096, memory_limit: 1 << 20, ..StoreConfig::default() };
    run_all(Mode::Fast, file.bytes(), config, 200).is_ok()
}
