//! Precompiled modules in which single register instructions are changed, with all offsets, lengths
//! and branch distances corrected, so that much of it passes the verifier
//! (docs/precompiled-module.md). What the verifier accepts has to run without harm, under a
//! sanitizer and with the feature `strict`.

use arbitrary::{Result, Unstructured};
use zonda_compiler::{compile, CompileOptions};
use zonda_exec::fast::decode::Instruction;
use zonda_exec::fast::op::Kind;
use zonda_exec::fast::RegOp;

use super::{container, smith};

/// Modules that use all of register bytecode; modules of wasm-smith are added.
const MODULES: [&[u8]; 8] = [
    include_bytes!("../../tests/bench/crc32.wasm"),
    include_bytes!("../../tests/bench/fib.wasm"),
    include_bytes!("../../tests/bench/impcall.wasm"),
    include_bytes!("../../tests/modules/calls.wasm"),
    include_bytes!("../../tests/modules/machine.wasm"),
    include_bytes!("../../tests/modules/matrix.wasm"),
    include_bytes!("../../tests/modules/tail.wasm"),
    include_bytes!("../../tests/modules/wide.wasm"),
];

/// Changes some operations of a file and runs it.
pub fn forged(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = forge(&mut u);
}

fn forge(u: &mut Unstructured) -> Result<()> {
    let made;
    let which = u.int_in_range(0..=MODULES.len() + 3)?;
    // Chosen first: wasm-smith takes all bytes that it gets.
    let mut edits = Unstructured::new(u.bytes(u.len().min(64))?);
    let module = match MODULES.get(which) {
        Some(module) => module,
        None => {
            made = smith::numeric(u)?;
            &made[..]
        }
    };
    let options =
        CompileOptions { word_size: size_of::<usize>() as u8, keep_code: false, debug: false };
    let Ok(bytes) = compile(module, &options) else { return Ok(()) };
    let mut file = File::read(&bytes);
    assert_eq!(file.write(), bytes, "what was not changed is written as it was");
    for _ in 0..edits.int_in_range(1..=6)? {
        if file.change(&mut edits).is_err() {
            break;
        }
    }
    container::run(&file.write());
    Ok(())
}

/// An operation: its bytes, and for each branch in it where its distance is, how many bytes that
/// has, and the number of the operation that it goes to.
#[derive(Clone)]
struct Op {
    bytes: Vec<u8>,
    branches: Vec<(usize, usize, usize)>,
}

struct Function {
    /// Without the offset of the code.
    record: [u8; 12],
    ops: Vec<Op>,
}

struct File {
    header: [u8; 48],
    module: Vec<u8>,
    functions: Vec<Function>,
}

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
}

impl File {
    /// Reads what `compile` wrote.
    fn read(bytes: &[u8]) -> File {
        let [module, records, code] =
            [52, 64, 76].map(|entry| &bytes[word(bytes, entry + 4)..][..word(bytes, entry + 8)]);
        let starts: Vec<usize> = records.chunks(16).map(|record| word(record, 12)).collect();
        let ends = starts.iter().skip(1).copied().chain([code.len() - 8]);
        let functions =
            records.chunks(16).zip(starts.iter().zip(ends)).map(|(record, (&start, end))| {
                Function {
                    record: record[..12].try_into().expect("12 bytes"),
                    ops: ops(&code[start..end]),
                }
            });
        File {
            header: bytes[..48].try_into().expect("a header"),
            module: module.to_vec(),
            functions: functions.collect(),
        }
    }

    fn write(&self) -> Vec<u8> {
        let (mut records, mut code) = (Vec::new(), Vec::new());
        for function in &self.functions {
            records.extend(function.record);
            records.extend((code.len() as u32).to_le_bytes());
            code.extend(function.code());
        }
        code.extend([0; 8]);
        let mut contents = Vec::new();
        let mut table = 3u32.to_le_bytes().to_vec();
        for (id, section) in (1u32..).zip([&self.module, &records, &code]) {
            contents.resize(usize::next_multiple_of(contents.len(), 4), 0);
            for number in [id, 88 + contents.len() as u32, section.len() as u32] {
                table.extend(number.to_le_bytes());
            }
            contents.extend(section);
        }
        let mut file = self.header.to_vec();
        file[12..16].copy_from_slice(&(88 + contents.len() as u32).to_le_bytes());
        file.extend(table);
        file.extend(contents);
        file
    }

    /// One change.
    fn change(&mut self, u: &mut Unstructured) -> Result<()> {
        let with_code: Vec<usize> = (0..self.functions.len())
            .filter(|&index| !self.functions[index].ops.is_empty())
            .collect();
        let (&to, &from) = (u.choose(&with_code)?, u.choose(&with_code)?);
        // An operation that any function has.
        let other = u.choose(&self.functions[from].ops)?.clone();
        let function = &mut self.functions[to];
        let at = u.choose_index(function.ops.len())?;
        match u.int_in_range(0..=9)? {
            0..=3 => function.ops[at].change_operand(u)?,
            4 | 5 => function.ops[at].change_code(u)?,
            6 => function.insert(at, other),
            7 if function.ops.len() > 1 => function.remove(at),
            8 => {
                let places = function.ops.len();
                let branches = &mut function.ops[at].branches;
                if let Some(branch) =
                    (!branches.is_empty()).then(|| u.choose_index(branches.len())).transpose()?
                {
                    branches[branch].2 = u.choose_index(places)?;
                }
            }
            _ => {
                let place = u.choose_index(6)? * 2;
                let number =
                    u16::from_le_bytes([function.record[place], function.record[place + 1]]);
                let changed = number.wrapping_add_signed(u.int_in_range(-3..=3)?);
                function.record[place..place + 2].copy_from_slice(&changed.to_le_bytes());
            }
        }
        Ok(())
    }
}

/// The operations of a function's code.
fn ops(code: &[u8]) -> Vec<Op> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at < code.len() {
        starts.push(at);
        at += Instruction::read(code, at).expect("code that was translated").len;
    }
    let place = |at: usize, distance: i32| {
        starts
            .binary_search(&at.wrapping_add_signed(distance as isize))
            .expect("the start of an operation")
    };
    let op = |&at: &usize| {
        let instruction = Instruction::read(code, at).expect("read before");
        let mut branches = Vec::new();
        let mut operand = 1;
        for (kind, value) in instruction.operands().take_while(|_| {
            !matches!(instruction.op, RegOp::Num1 | RegOp::Num2 | RegOp::Runtime | RegOp::Memory)
        }) {
            if matches!(kind, Kind::Branch | Kind::BranchLong) {
                branches.push((operand, kind.bytes(), place(at, value)));
            }
            operand += kind.bytes();
        }
        let width = if instruction.op == RegOp::BrTable { 2 } else { 4 };
        let table = instruction.len - instruction.targets.len();
        branches.extend(
            instruction
                .distances()
                .enumerate()
                .map(|(index, value)| (table + index * width, width, place(at, value))),
        );
        Op { bytes: code[at..at + instruction.len].to_vec(), branches }
    };
    starts.iter().map(op).collect()
}

impl Function {
    /// Its code, with the distances that the branches have now.
    fn code(&self) -> Vec<u8> {
        let mut starts = vec![0];
        for op in &self.ops {
            starts.push(starts.last().copied().unwrap_or(0) + op.bytes.len());
        }
        let mut code = Vec::new();
        for (op, &start) in self.ops.iter().zip(&starts) {
            let mut bytes = op.bytes.clone();
            for &(place, width, to) in &op.branches {
                let to = starts.get(to).copied().unwrap_or(0);
                let distance = (to as i32).wrapping_sub(start as i32).to_le_bytes();
                if let Some(room) = bytes.get_mut(place..place + width) {
                    room.copy_from_slice(&distance[..width]);
                }
            }
            code.extend(bytes);
        }
        code
    }

    fn insert(&mut self, at: usize, mut op: Op) {
        for branch in
            op.branches.iter_mut().chain(self.ops.iter_mut().flat_map(|op| &mut op.branches))
        {
            branch.2 += usize::from(branch.2 > at);
        }
        self.ops.insert(at, op);
    }

    fn remove(&mut self, at: usize) {
        self.ops.remove(at);
        let last = self.ops.len() - 1;
        for branch in self.ops.iter_mut().flat_map(|op| &mut op.branches) {
            branch.2 = (branch.2 - usize::from(branch.2 > at)).min(last);
        }
    }
}

impl Op {
    /// Another number in a byte behind the code, close to the one that is there, or to a limit.
    fn change_operand(&mut self, u: &mut Unstructured) -> Result<()> {
        if self.bytes.len() > 1 {
            let at = 1 + u.choose_index(self.bytes.len() - 1)?;
            let byte = self.bytes[at];
            self.bytes[at] = match u.int_in_range(0..=5)? {
                0 => u.arbitrary()?,
                1 => *u.choose(&[0, 1, 0x7f, 0x80, 0xff, 12, 13, 14])?,
                _ => byte.wrapping_add_signed(u.int_in_range(-4..=4)?),
            };
        }
        Ok(())
    }

    /// Another operation with the same operands, or of the same length.
    fn change_code(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(own) = RegOp::from_code(self.bytes[0]) else { return Ok(()) };
        let alike = u.arbitrary::<bool>()?;
        let len = |op: RegOp| op.operands().map(Kind::bytes).sum::<usize>();
        let fits = |op: &RegOp| {
            if alike {
                op.operands().eq(own.operands())
            } else {
                len(*op) == len(own)
            }
        };
        let choices: Vec<RegOp> = RegOp::ALL.iter().copied().filter(fits).collect();
        self.bytes[0] = *u.choose(&choices)? as u8;
        Ok(())
    }
}
