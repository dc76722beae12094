//! Rewrites a module so that it counts what it executes (docs/profiling.md, decision 0038).
//!
//! Nothing of the module gets another index: what is added stands at the end of each index space,
//! and bodies are copied with instructions in front of each *block*: a straight piece of code,
//! which is executed from its start to its end or traps. Counters are globals. They are read all at
//! once: an added function writes them to an added memory.

use wasmparser::{FunctionBody, Operator, Parser, Payload, TypeRef, Validator, WasmFeatures};

/// Names of the exports that are added.
pub const DUMP: &str = "zonda.dump";
pub const MEMORY: &str = "zonda.counters";
pub const BUDGET: &str = "zonda.budget";
pub const TABLE: &str = "zonda.sample";

/// More counters than a module may have globals are not possible.
const MOST_COUNTERS: usize = 60_000;

/// A straight piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The index of its function.
    pub func: u32,
    /// Offsets in the module.
    pub start: u32,
    pub end: u32,
    /// Instructions, without `block`, `loop`, `else` and `end`.
    pub instructions: u32,
    /// The offset of the innermost `loop` around it in its function; 0 for none.
    pub inside: u32,
    /// Whether it is the first one of its function.
    pub entry: bool,
    /// Whether it is the first one of its loop.
    pub header: bool,
}

/// What to add at the start of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Adds a number to a counter.
    Add(usize, u32),
    /// Takes the instructions of the block with this number out of the budget, and calls the host
    /// when it is used up.
    Sample(usize),
}

/// The blocks of a module, in order.
///
/// # Errors
/// What is wrong with the module.
pub fn blocks(module: &[u8]) -> Result<Vec<Block>, String> {
    let mut imported = 0;
    let mut blocks = Vec::new();
    let mut func = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(text)? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import.map_err(text)?.ty, TypeRef::Func(_)));
                }
                func = imported;
            }
            Payload::CodeSectionEntry(body) => {
                of_body(&body, func, &mut blocks).map_err(text)?;
                func += 1;
            }
            _ => {}
        }
    }
    Ok(blocks)
}

fn text(error: wasmparser::Error) -> String {
    error.to_string()
}

/// Adds the blocks of a body.
fn of_body(body: &FunctionBody, func: u32, blocks: &mut Vec<Block>) -> wasmparser::Result<()> {
    let mut operators = body.get_operators_reader()?;
    // For each label the loop around its contents.
    let mut labels = vec![0];
    let mut live = true;
    let start = operators.original_position() as u32;
    let empty = |start, inside| Block {
        func,
        start,
        end: start,
        instructions: 0,
        inside,
        entry: false,
        header: false,
    };
    let mut block = Block { entry: true, ..empty(start, 0) };
    while !operators.eof() {
        let at = operators.original_position() as u32;
        let operator = operators.read()?;
        let next = operators.original_position() as u32;
        let mut ends = false;
        let mut header = false;
        let mut counts = true;
        match operator {
            Operator::Block { .. } | Operator::TryTable { .. } | Operator::Try { .. } => {
                labels.push(labels.last().copied().unwrap_or(0));
                counts = false;
            }
            Operator::Loop { .. } => {
                labels.push(at);
                (ends, header, counts) = (true, true, false);
            }
            Operator::If { .. } => {
                labels.push(labels.last().copied().unwrap_or(0));
                ends = true;
            }
            Operator::Else | Operator::Catch { .. } | Operator::CatchAll => {
                (ends, counts) = (true, false);
            }
            Operator::End | Operator::Delegate { .. } => {
                labels.pop();
                (ends, counts) = (true, false);
            }
            Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Rethrow { .. }
            | Operator::Unreachable
            // The callee may end the program.
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::BrIf { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. } => ends = true,
            _ => {}
        }
        block.instructions += u32::from(counts && live);
        if ends {
            // What only ends a block is no code of its own.
            block.end = if counts { next } else { at };
            if live && (block.instructions != 0 || block.entry || block.header) {
                blocks.push(block);
            }
            // Behind a jump nothing is reached up to the next `else`, `end` or clause.
            let jumps = matches!(
                operator,
                Operator::Br { .. }
                    | Operator::BrTable { .. }
                    | Operator::Return
                    | Operator::ReturnCall { .. }
                    | Operator::ReturnCallIndirect { .. }
                    | Operator::ReturnCallRef { .. }
                    | Operator::Throw { .. }
                    | Operator::ThrowRef
                    | Operator::Rethrow { .. }
                    | Operator::Unreachable
            );
            let joins = matches!(
                operator,
                Operator::Else
                    | Operator::End
                    | Operator::Catch { .. }
                    | Operator::CatchAll
                    | Operator::Delegate { .. }
            );
            live = !jumps && (live || joins);
            let inside = labels.last().copied().unwrap_or(0);
            block = Block { header, ..empty(next, inside) };
        }
    }
    Ok(())
}

const TYPE: u8 = 1;
const FUNCTION: u8 = 3;
const TABLES: u8 = 4;
const MEMORIES: u8 = 5;
const GLOBALS: u8 = 6;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;
/// The ids of sections in the order of a module (spec: 5.5.16).
const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/// A section: its id and its contents.
type Section<'m> = (u8, &'m [u8]);

/// Entries that are added to a section.
#[derive(Default)]
struct Added {
    count: u32,
    entries: Vec<u8>,
}

/// How many there are of what is indexed.
#[derive(Default)]
struct Spaces {
    types: u32,
    imported: u32,
    funcs: u32,
    tables: u32,
    memories: u32,
    globals: u32,
}

/// A module in which each block has the probes that `probes` gives it, and as many counters as
/// those need.
///
/// # Errors
/// What is wrong with the module, or too many counters.
pub fn instrument(
    module: &[u8],
    blocks: &[Block],
    counters: usize,
    probes: impl Fn(usize) -> Vec<Probe>,
) -> Result<Vec<u8>, String> {
    if counters > MOST_COUNTERS {
        return Err(format!(
            "the module has {counters} places to count, more than the {MOST_COUNTERS} that can be counted"
        ));
    }
    let (sections, spaces, bodies) = read(module)?;
    // The counts that are added to below stay far from the largest number.
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(module)
        .map_err(|error| error.to_string())?;
    let sampler = Sampler { ty: spaces.types + 1, table: spaces.tables, budget: spaces.globals };
    let counter = |number: usize| spaces.globals + 1 + number as u32;
    let mut added: [Added; 14] = Default::default();
    // () -> (), and the sampler's (i32, i32) -> i32.
    added[TYPE as usize] =
        Added { count: 2, entries: vec![0x60, 0, 0, 0x60, 2, 0x7f, 0x7f, 1, 0x7f] };
    added[FUNCTION as usize] = Added { count: 1, entries: leb(spaces.types) };
    // A table of one funcref.
    added[TABLES as usize] = Added { count: 1, entries: vec![0x70, 0, 1] };
    let pages = (counters * 8).div_ceil(1 << 16) as u32;
    added[MEMORIES as usize] = Added { count: 1, entries: [vec![0], leb(pages)].concat() };
    // The budget is used up when the program has executed 2^31 instructions, unless the host sets
    // another one.
    let mut globals = vec![0x7f, 1, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0b];
    globals.extend([0x7e, 1, 0x42, 0, 0x0b].repeat(counters));
    added[GLOBALS as usize] = Added { count: 1 + counters as u32, entries: globals };
    let mut exports = Vec::new();
    for (name, kind, index) in [
        (DUMP, 0, spaces.imported + spaces.funcs),
        (TABLE, 1, spaces.tables),
        (MEMORY, 2, spaces.memories),
        (BUDGET, 3, spaces.globals),
    ] {
        exports.extend(leb(name.len() as u32));
        exports.extend(name.bytes());
        exports.push(kind);
        exports.extend(leb(index));
    }
    added[EXPORTS as usize] = Added { count: 4, entries: exports };
    let mut dump = vec![0];
    for number in 0..counters {
        // The address, the counter, and a store to the memory.
        dump.push(0x41);
        dump.extend(signed(number as i32 * 8));
        dump.push(0x23);
        dump.extend(leb(counter(number)));
        match spaces.memories {
            0 => dump.extend([0x37, 3, 0]),
            memory => {
                dump.extend([0x37, 0x43]);
                dump.extend(leb(memory));
                dump.push(0);
            }
        }
    }
    dump.push(0x0b);
    let mut code = Vec::new();
    let mut numbered = blocks.iter().enumerate().peekable();
    for (func, body) in (spaces.imported..).zip(&bodies) {
        let range = body.range();
        let (start, end) = (range.start as usize, range.end as usize);
        let mut new = Vec::new();
        let mut copied = start;
        while let Some((number, block)) = numbered.next_if(|(_, block)| block.func == func) {
            new.extend_from_slice(module.get(copied..block.start as usize).unwrap_or(&[]));
            copied = block.start as usize;
            for probe in probes(number) {
                match probe {
                    Probe::Add(number, by) => add(&mut new, counter(number), by),
                    Probe::Sample(number) => sampler.probe(&mut new, number, block.instructions),
                }
            }
        }
        new.extend_from_slice(module.get(copied..end).unwrap_or(&[]));
        code.extend(leb(new.len() as u32));
        code.extend(new);
    }
    code.extend(leb(dump.len() as u32));
    code.extend(dump);
    let mut out = module.get(..8).unwrap_or(&[]).to_vec();
    let mut section = |id: u8, contents: &[&[u8]]| {
        out.push(id);
        out.extend(leb(contents.iter().map(|part| part.len() as u32).sum()));
        out.extend(contents.concat());
    };
    for id in ORDER {
        let old = sections.iter().find(|(old, _)| *old == id).map(|(_, contents)| *contents);
        let more = added.get(id as usize).filter(|more| more.count != 0);
        match (old, more) {
            _ if id == CODE => section(id, &[&leb(bodies.len() as u32 + 1), &code]),
            (Some(old), None) => section(id, &[old]),
            (Some(old), Some(more)) => {
                let (count, entries) = split_count(old)?;
                section(id, &[&leb(count + more.count), entries, &more.entries]);
            }
            (None, Some(more)) => section(id, &[&leb(more.count), &more.entries]),
            (None, None) => {}
        }
    }
    // Names behind the rest, as compilers have them. Lines of the source are left out: offsets have
    // changed.
    let custom = sections.iter().filter(|(id, contents)| *id == 0 && !is_dwarf(contents));
    custom.for_each(|(id, contents)| section(*id, &[contents]));
    Ok(out)
}

/// Whether a custom section has DWARF.
fn is_dwarf(contents: &[u8]) -> bool {
    // A name of less than 128 bytes.
    contents.get(1..).is_some_and(|name| name.starts_with(b".debug_"))
}

/// Sections, index spaces and bodies of a module.
#[allow(clippy::type_complexity)]
fn read(module: &[u8]) -> Result<(Vec<Section<'_>>, Spaces, Vec<FunctionBody<'_>>), String> {
    let (mut sections, mut spaces, mut bodies) = (Vec::new(), Spaces::default(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(text)?;
        if let Some((id, range)) = payload.as_section() {
            let contents = module.get(range.start as usize..range.end as usize);
            sections.push((id, contents.ok_or("a section is not complete")?));
        }
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    spaces.types += group.map_err(text)?.types().len() as u32;
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import.map_err(text)?.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => spaces.imported += 1,
                        TypeRef::Table(_) => spaces.tables += 1,
                        TypeRef::Memory(_) => spaces.memories += 1,
                        TypeRef::Global(_) => spaces.globals += 1,
                        TypeRef::Tag(_) => {}
                    }
                }
            }
            Payload::FunctionSection(section) => spaces.funcs += section.count(),
            Payload::TableSection(section) => spaces.tables += section.count(),
            Payload::MemorySection(section) => spaces.memories += section.count(),
            Payload::GlobalSection(section) => spaces.globals += section.count(),
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    Ok((sections, spaces, bodies))
}

/// What calls the host when the budget is used up.
struct Sampler {
    ty: u32,
    table: u32,
    budget: u32,
}

impl Sampler {
    /// `budget -= instructions; if (budget < 0) budget = sample(block, budget);`
    fn probe(&self, out: &mut Vec<u8>, block: usize, instructions: u32) {
        let budget = leb(self.budget);
        let (get, set) = ([&[0x23], &budget[..]].concat(), [&[0x24], &budget[..]].concat());
        out.extend_from_slice(&get);
        out.push(0x41);
        out.extend(signed(instructions as i32));
        out.push(0x6b);
        out.extend_from_slice(&set);
        out.extend_from_slice(&get);
        out.extend_from_slice(&[0x41, 0, 0x48, 0x04, 0x40, 0x41]);
        out.extend(signed(block as i32));
        out.extend_from_slice(&get);
        out.extend_from_slice(&[0x41, 0, 0x11]);
        out.extend(leb(self.ty));
        out.extend(leb(self.table));
        out.extend_from_slice(&set);
        out.push(0x0b);
    }
}

/// `counter += by`
fn add(out: &mut Vec<u8>, counter: u32, by: u32) {
    out.push(0x23);
    out.extend(leb(counter));
    out.push(0x42);
    out.extend(signed(by as i32));
    out.extend_from_slice(&[0x7c, 0x24]);
    out.extend(leb(counter));
}

/// The number of entries of a section, and the entries.
fn split_count(contents: &[u8]) -> Result<(u32, &[u8]), String> {
    let mut reader = wasmparser::BinaryReader::new(contents, 0);
    let count = reader.read_var_u32().map_err(text)?;
    let behind = reader.original_position() as usize;
    Ok((count, contents.get(behind..).unwrap_or(&[])))
}

/// An unsigned number in LEB128 (spec: 5.2.2).
fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A signed one.
fn signed(mut number: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !(-64..64).contains(&number) {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8 & 0x7f);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn blocks_end_where_control_may_go_elsewhere() {
        let module = module(
            r#"(module (import "m" "f" (func $f)) (func (param i32) (result i32)
                (call $f)
                (loop
                    (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                    (br_if 0 (local.get 0)))
                (if (result i32) (local.get 0) (then (return (i32.const 1)) (drop (i32.const 2))) (else (i32.const 3)))
                (drop) (i32.const 4)))"#,
        );
        let blocks = blocks(&module).unwrap();
        let shape: Vec<_> = blocks
            .iter()
            .map(|block| (block.instructions, block.inside != 0, block.entry, block.header))
            .collect();
        assert_eq!(
            shape,
            [
                (1, false, true, false),
                (6, true, false, true),
                // Behind the loop the condition of `if`.
                (2, false, false, false),
                (2, false, false, false),
                (1, false, false, false),
                (2, false, false, false),
            ]
        );
        assert!(blocks.iter().all(|block| block.func == 1));
    }

    #[test]
    fn an_instrumented_module_is_valid() {
        for source in [
            "(module)",
            "(module (func))",
            r#"(module (memory 1) (data "x") (global i32 (i32.const 0)) (table 1 funcref) (elem (i32.const 0) 0)
                (func (export "f") (result i32) (loop (br 0)) (i32.const 1)) (start 1) (func))"#,
            r#"(module (import "m" "t" (table 1 funcref)) (import "m" "m" (memory 1)) (import "m" "g" (global i64))
                (func (param i32) (loop (br_table 0 1 (local.get 0)))))"#,
        ] {
            let module = module(source);
            let blocks = blocks(&module).unwrap();
            let probes = |number: usize| vec![Probe::Add(number, 1_000_000), Probe::Sample(number)];
            let made = instrument(&module, &blocks, blocks.len(), probes).unwrap();
            wasmparser::validate(&made).unwrap();
        }
        assert!(instrument(&module("(module)"), &[], 60_001, |_| Vec::new()).is_err());
    }

    #[test]
    fn numbers_are_leb128() {
        assert_eq!((leb(127), leb(128)), (vec![127], vec![0x80, 1]));
        assert_eq!((signed(63), signed(64), signed(-1)), (vec![63], vec![0xc0, 0], vec![0x7f]));
        assert_eq!(signed(i32::MIN), [0x80, 0x80, 0x80, 0x80, 0x78]);
    }
}
