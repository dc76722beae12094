//! Register code that was put together by hand, run through [`crate::call`] and compared with what docs/register-code.md says.

use super::op::{Kind, RegOp};
use super::OVERHEAD;
use crate::frame::{read64, write64, Context, FastFunc, FuncLayout, Host, OTHER_MODE};
use crate::{numeric, ExecInstance, Exit, GlobalRef, ImportedFunc, Memory, Meter, Mode, TrapCode};
use std::vec::Vec;
use std::{format, vec};
use RegOp::*;

const EDGES: [u32; 14] =
    [0, 1, 2, 7, 31, 32, 33, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, u32::MAX];

/// Numbers that look random.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 32) as u32
    }
    /// Edges, and a few others. Under Miri, where a run takes a tenth of a second, one: every operation, but not every result.
    fn values(&mut self) -> Vec<u32> {
        if cfg!(miri) {
            return vec![EDGES[self.next() as usize % EDGES.len()]];
        }
        EDGES.into_iter().chain((0..8).map(|_| self.next())).collect()
    }
}

/// An operation's bytes, with its operands in order; what the table calls special is written byte by byte.
fn bytes(op: RegOp, operands: &[i64]) -> Vec<u8> {
    let mut bytes = vec![op as u8];
    let mut given = operands.iter();
    for kind in op.operands() {
        if kind == Kind::Special {
            bytes.extend(given.by_ref().map(|&byte| byte as u8));
            break;
        }
        let value = given.next().expect("an operand is missing");
        bytes.extend(&value.to_le_bytes()[..kind.bytes()]);
    }
    assert!(given.next().is_none(), "{op:?} has less operands");
    bytes
}

/// Code of one function.
#[derive(Default)]
struct Code(Vec<u8>);

impl Code {
    fn op(mut self, op: RegOp, operands: &[i64]) -> Code {
        self.0.extend(bytes(op, operands));
        self
    }
    fn len(&self) -> usize {
        self.0.len()
    }
}

fn code() -> Code {
    Code::default()
}

/// A function: parameters, locals with them, results, operands, all in slots.
fn function(
    params: u16,
    locals: u16,
    results: u16,
    operands: u32,
    code: Code,
) -> (FuncLayout, Code) {
    let frame = (locals - params) as u32 + OVERHEAD as u32 + operands;
    (FuncLayout { params, locals, results, type_index: 0, frame }, code)
}

type HostFunction = unsafe extern "C" fn(&mut Context, &ImportedFunc, *mut u32) -> u32;

/// An instance, and what it points at.
struct World {
    stack: Vec<u32>,
    code: Vec<u8>,
    funcs: Vec<FastFunc>,
    imports: Vec<ImportedFunc>,
    cells: Vec<u64>,
    globals: Vec<GlobalRef>,
    bytes: Vec<u8>,
    more: Vec<u8>,
    meter: Meter,
    runtime: crate::frame::RuntimeFn,
}

unsafe extern "C" fn no_runtime(_: &mut Context, _: u8) -> u32 {
    TrapCode::Unlinked as u32
}

/// The instance and its memories, which point at a [`World`].
struct Live {
    instance: ExecInstance,
    memories: [Memory; 2],
    pointers: [*mut Memory; 2],
}

impl World {
    fn new(functions: Vec<(FuncLayout, Code)>) -> World {
        let (mut code, mut funcs) = (Vec::new(), Vec::new());
        for (layout, body) in functions {
            funcs.push(FastFunc { layout, code: code.len() as u32 });
            code.extend(body.0);
        }
        // What is not written before it is read shows.
        World {
            stack: vec![0xdead_beef; 400],
            code,
            funcs,
            imports: Vec::new(),
            cells: Vec::new(),
            globals: Vec::new(),
            bytes: Vec::new(),
            more: Vec::new(),
            meter: Meter::new(),
            runtime: no_runtime,
        }
    }

    /// The instance, linked to this.
    fn link(&mut self, live: &mut Live) {
        // SAFETY: the bytes are this world's, which outlives its instance and does not change them meanwhile.
        unsafe {
            live.memories[0].set(self.bytes.as_mut_ptr(), self.bytes.len());
            live.memories[1].set(self.more.as_mut_ptr(), self.more.len());
        }
        live.pointers = [&raw mut live.memories[0], &raw mut live.memories[1]];
        live.instance = ExecInstance {
            funcs: self.funcs.as_ptr().wrapping_sub(self.imports.len()).cast(),
            code: self.code.as_ptr(),
            #[cfg(feature = "strict")]
            code_end: self.code.as_ptr_range().end,
            #[cfg(feature = "strict")]
            funcs_end: self.funcs.as_ptr_range().end.cast(),
            imports: self.imports.as_ptr(),
            import_count: self.imports.len() as u32,
            globals: self.globals.as_ptr(),
            memory: live.pointers[0],
            memories: live.pointers.as_ptr(),
            owner: core::ptr::null_mut(),
            mode: Mode::Fast,
        };
    }

    fn live() -> std::boxed::Box<Live> {
        let (memory, null) = (Memory::empty, core::ptr::null());
        std::boxed::Box::new(Live {
            instance: ExecInstance {
                funcs: core::ptr::null(),
                code: null,
                #[cfg(feature = "strict")]
                code_end: null,
                #[cfg(feature = "strict")]
                funcs_end: core::ptr::null(),
                imports: core::ptr::null(),
                import_count: 0,
                globals: core::ptr::null(),
                memory: core::ptr::null(),
                memories: core::ptr::null(),
                owner: core::ptr::null_mut(),
                mode: Mode::Fast,
            },
            memories: [memory(), memory()],
            pointers: [core::ptr::null_mut(); 2],
        })
    }

    /// Calls a function: its results, or a trap with the function and the offset in its code.
    fn call(&mut self, func: u32, args: &[u32]) -> Result<Vec<u32>, (TrapCode, usize, usize)> {
        let mut live = World::live();
        self.link(&mut live);
        self.call_in(&raw const live.instance, func, args)
    }

    fn call_in(
        &mut self,
        instance: *const ExecInstance,
        func: u32,
        args: &[u32],
    ) -> Result<Vec<u32>, (TrapCode, usize, usize)> {
        let stack = self.stack.as_mut_ptr_range();
        let host = Host {
            stack_end: stack.end,
            meter: &self.meter,
            runtime: self.runtime,
            store: core::ptr::null_mut(),
            host: core::ptr::null_mut(),
        };
        // One slot below the first, as `Stack::args` has it.
        let fp = stack.start.wrapping_add(1);
        let layout = self.funcs[func as usize - self.imports.len()].layout;
        assert_eq!(args.len(), layout.params as usize);
        // SAFETY: the instance is complete, and the code keeps to its frame.
        unsafe {
            fp.copy_from_nonoverlapping(args.as_ptr(), args.len());
            match crate::call(host, fp, func, instance) {
                Exit::Returned => {
                    Ok(core::slice::from_raw_parts(fp, layout.results as usize).to_vec())
                }
                Exit::Refused(trap) => Err((trap, usize::MAX, 0)),
                Exit::Trapped(trap, place) => {
                    let records = (*place.instance).funcs.addr();
                    let at = place.func.addr().wrapping_sub(records) / size_of::<FastFunc>();
                    let start = (*place.instance).code.addr()
                        + (*place.func.cast::<FastFunc>()).code as usize;
                    Err((trap, at, place.pc.addr() - start))
                }
            }
        }
    }
}

/// Runs one function.
fn run(function: (FuncLayout, Code), args: &[u32]) -> Result<Vec<u32>, (TrapCode, usize, usize)> {
    World::new(vec![function]).call(0, args)
}

type One = fn(u32) -> u32;
type Two = fn(u32, u32) -> Result<u32, TrapCode>;
type TwoPairs = fn(u64, u64) -> u64;

macro_rules! twos {
    ($($name:literal $f:ident)* ; $($try_name:literal $try_f:ident)*) => {
        &[$(($name, |a, b| Ok(numeric::$f(a, b))),)* $(($try_name, |a, b| numeric::$try_f(a, b)),)*]
    };
}

const TWOS: &[(&str, Two)] = twos! {
    "Add" i32_add "Sub" i32_sub "Mul" i32_mul "And" i32_and "Or" i32_or "Xor" i32_xor "Shl" i32_shl "ShrS" i32_shr_s "ShrU" i32_shr_u
    "Rotr" i32_rotr "Rotl" i32_rotl "Eq" i32_eq "Ne" i32_ne "LtS" i32_lt_s "LtU" i32_lt_u "GeS" i32_ge_s "GeU" i32_ge_u "GtS" i32_gt_s
    "GtU" i32_gt_u "LeS" i32_le_s "LeU" i32_le_u; "DivS" i32_div_s "DivU" i32_div_u "RemS" i32_rem_s "RemU" i32_rem_u
};

/// What an operation of two i32 computes, where its operands are, and whether it writes to a slot.
fn parse(name: &str) -> Option<(Two, &str, bool)> {
    TWOS.iter().find_map(|&(prefix, f)| {
        let form = name.strip_prefix(prefix)?;
        let (form, to) = form.strip_suffix('D').map_or((form, false), |form| (form, true));
        ["SS", "SK", "AS", "SA", "AK", "KA", "AX", "SX"].contains(&form).then_some((f, form, to))
    })
}

/// The operands of an operation of this form in code, with slots 1 and 2, and what they are.
fn form_operands(form: &str, acc: u32, slots: [u32; 2], k: i8, x: u32) -> (Vec<i64>, [u32; 2]) {
    let (mut encoded, mut used) = (Vec::new(), 0);
    let mut values = [0; 2];
    for (letter, value) in form.chars().zip(&mut values) {
        match letter {
            'S' => {
                *value = slots[used];
                used += 1;
                encoded.push(used as i64);
            }
            'K' => {
                *value = k as u32;
                encoded.push(k as i64);
            }
            'X' => {
                *value = x;
                encoded.push(x as i64);
            }
            _ => *value = acc,
        }
    }
    (encoded, values)
}

#[test]
fn operations_on_two_words_compute_what_webassembly_says() {
    let mut noise = Noise(1);
    let mut seen = 0;
    for &op in RegOp::ALL {
        let name = format!("{op:?}");
        let Some((f, form, to)) = parse(&name) else { continue };
        seen += 1;
        for a in noise.values() {
            for b in noise.values() {
                let k = noise.next() as i8;
                let k = if k % 3 == 0 { b as i8 } else { k };
                // In each form one of the operands is `a` and the other `b`.
                let acc = if form.starts_with('A') { a } else { b };
                let slots = if form.starts_with('S') { [a, b] } else { [b, a] };
                let (mut operands, [x, y]) = form_operands(form, acc, slots, k, b);
                let before = code().op(Get, &[0]);
                let at = before.len();
                if to {
                    operands.push(3);
                }
                let body = before.op(op, &operands).op(Set, &[4]).op(RetN, &[3, 2]);
                let got = run(function(4, 5, 2, 0, body), &[acc, slots[0], slots[1], 77]);
                let expected = match f(x, y) {
                    Ok(value) => Ok(vec![if to { value } else { 77 }, value]),
                    Err(trap) => Err((trap, 0, at)),
                };
                assert_eq!(got, expected, "{name} {x:#x} {y:#x}");
            }
        }
    }
    assert!(seen >= 97);
}

#[test]
fn branches_go_where_the_relation_says() {
    let mut noise = Noise(2);
    let mut seen = 0;
    for &op in RegOp::ALL {
        let name = format!("{op:?}");
        let Some(name) = name.strip_prefix("Br") else { continue };
        let zero: Option<(Two, &str, bool)> = match name {
            "NzA" => Some((|a, _| Ok((a != 0) as u32), "A", false)),
            "NzS" => Some((|a, _| Ok((a != 0) as u32), "S", false)),
            "ZA" => Some((|a, _| Ok((a == 0) as u32), "A", false)),
            "ZS" => Some((|a, _| Ok((a == 0) as u32), "S", false)),
            _ => None,
        };
        let Some((f, form, false)) = zero.or_else(|| parse(name)) else { continue };
        seen += 1;
        for a in noise.values() {
            for b in noise.values().into_iter().chain([a, a as i8 as u32]) {
                let acc = if form.starts_with('A') { a } else { b };
                let slots = if form.starts_with('S') { [a, b] } else { [b, a] };
                let (mut operands, [x, y]) = form_operands(form, acc, slots, b as i8, b);
                // Back when it holds: 9, else on: 8. The accumulator is as before.
                let before = code()
                    .op(Get, &[0])
                    .op(Br, &[13])
                    .op(Put8, &[9, 3])
                    .op(Set, &[4])
                    .op(RetN, &[3, 2]);
                operands.push(-10);
                let body =
                    before.op(op, &operands).op(Put8, &[8, 3]).op(Set, &[4]).op(RetN, &[3, 2]);
                let got = run(function(4, 5, 2, 0, body), &[acc, slots[0], slots[1], 77]);
                let expected = if f(x, y).unwrap() != 0 { 9 } else { 8 };
                assert_eq!(got, Ok(vec![expected, acc]), "{op:?} {x:#x} {y:#x}");
            }
        }
    }
    assert!(seen >= 34);
}

#[test]
fn operations_on_one_word_compute_what_webassembly_says() {
    let table: &[(RegOp, One)] = &[
        (Clz, numeric::i32_clz),
        (Ctz, numeric::i32_ctz),
        (Ext8S, numeric::i32_extend8_s),
        (Ext8SD, numeric::i32_extend8_s),
        (Ext16S, numeric::i32_extend16_s),
        (Ext16SD, numeric::i32_extend16_s),
        (Zext8, |a| a & 0xff),
        (Zext8D, |a| a & 0xff),
        (Zext16, |a| a & 0xffff),
        (Zext16D, |a| a & 0xffff),
    ];
    for &(op, f) in table {
        for a in Noise(3).values() {
            let to: &[i64] = if op.operands().next().is_some() { &[1] } else { &[] };
            let body = code().op(Get, &[0]).op(op, to).op(Set, &[2]).op(RetN, &[1, 2]);
            assert_eq!(
                run(function(2, 3, 2, 0, body), &[a, 77]),
                Ok(vec![if to.is_empty() { 77 } else { f(a) }, f(a)]),
                "{op:?} {a:#x}"
            );
        }
    }
    for (op, mask) in [(Zext8S, 0xff), (Zext16S, 0xffff)] {
        for a in Noise(3).values() {
            let to = RegOp::ALL[op as usize + 1];
            let body = code()
                .op(op, &[0])
                .op(Set, &[2])
                .op(Const8, &[1])
                .op(to, &[0, 1])
                .op(RetN, &[1, 2]);
            assert_eq!(
                run(function(2, 3, 2, 0, body), &[a, 77]),
                Ok(vec![a & mask, a & mask]),
                "{op:?} {a:#x}"
            );
        }
    }
    let body = code().op(AddInc, &[0, -3]).op(Set, &[1]).op(RetN, &[0, 2]);
    assert_eq!(run(function(2, 2, 2, 0, body), &[1, 77]), Ok(vec![-2i32 as u32, -2i32 as u32]));
}

/// What a load or store is: bytes, signed, in words of 64 bits, where address and value are.
fn access_form(name: &str) -> Option<(bool, usize, bool, &str)> {
    let (store, rest) = match name.strip_prefix("Load") {
        Some(rest) => (false, rest),
        None => (true, name.strip_prefix("Store")?),
    };
    let widths: &[(&str, usize, bool)] = match store {
        false => &[
            ("32", 4, false),
            ("8S", 1, true),
            ("8U", 1, false),
            ("16S", 2, true),
            ("16U", 2, false),
            ("64", 8, false),
        ],
        true => &[("32", 4, false), ("8", 1, false), ("16", 2, false), ("64", 8, false)],
    };
    let (width, signed, form) = widths
        .iter()
        .find_map(|&(text, width, signed)| Some((width, signed, rest.strip_prefix(text)?)))?;
    Some((store, width, signed, form))
}

#[test]
fn loads_and_stores_reach_each_byte_of_memory_and_none_beyond() {
    let mut noise = Noise(4);
    let mut seen = 0;
    for &op in RegOp::ALL {
        let name = format!("{op:?}");
        let Some((store, width, signed, form)) = access_form(&name) else { continue };
        seen += 1;
        let long = form.contains('X');
        let (form, to) = form.strip_suffix('D').map_or((form, false), |form| (form, true));
        for len in if cfg!(miri) { vec![17] } else { vec![0, 1, 2, 3, 4, 7, 8, 9, 16, 40] } {
            let bytes: Vec<u8> = (0..len).map(|_| noise.next() as u8).collect();
            for offset in if cfg!(miri) {
                vec![3]
            } else if long {
                vec![0, 3, 300, u32::MAX - 3, u32::MAX]
            } else {
                vec![0, 3, 255]
            } {
                let near = (0..20).flat_map(|i| {
                    [
                        i,
                        (len as u32).wrapping_sub(10).wrapping_add(i),
                        0u32.wrapping_sub(offset).wrapping_add(i).wrapping_sub(8),
                    ]
                });
                for address in near.step_by(if cfg!(miri) { 31 } else { 1 }) {
                    let value = [noise.next(), noise.next()];
                    // Slots: 0 the accumulator, 1 an address, 2 and 3 a value, 4 and 5 where the result goes, 6 the accumulator after it.
                    let mut acc = noise.next();
                    let mut slot = [address, value[0], value[1]];
                    let mut operands: Vec<i64> = Vec::new();
                    match (store, form) {
                        (false, "A" | "AX") => acc = address,
                        (false, "S") => operands.push(1),
                        (true, "SA" | "SAX") => {
                            acc = value[0];
                            operands.push(1);
                        }
                        (true, "AS" | "A") => {
                            acc = address;
                            slot[0] = 99;
                            operands.push(2);
                        }
                        (true, "SS" | "S") => operands.extend([1, 2]),
                        _ => panic!("{name}"),
                    }
                    operands.push(offset as i64);
                    if to || !store && width == 8 {
                        operands.push(4);
                    }
                    let before = code().op(Get, &[0]);
                    let at = before.len();
                    let body = before.op(op, &operands).op(Set, &[6]).op(RetN, &[4, 3]);
                    let mut world = World::new(vec![function(6, 7, 3, 0, body)]);
                    world.bytes = bytes.clone();
                    let got = world.call(0, &[acc, slot[0], slot[1], slot[2], 77, 78]);

                    let start = address as u64 + offset as u64;
                    let what = format!("{name} {address:#x} + {offset:#x} of {len}");
                    if start + width as u64 > len as u64 {
                        assert_eq!(got, Err((TrapCode::MemoryOutOfBounds, 0, at)), "{what}");
                        assert_eq!(world.bytes, bytes, "{what}");
                        continue;
                    }
                    let place = start as usize..start as usize + width;
                    if store {
                        let word = (value[0] as u64 | (value[1] as u64) << 32).to_le_bytes();
                        let mut expected = bytes.clone();
                        expected[place].copy_from_slice(&word[..width]);
                        assert_eq!(got, Ok(vec![77, 78, acc]), "{what}");
                        assert_eq!(world.bytes, expected, "{what}");
                        continue;
                    }
                    let mut word = [0; 8];
                    word[..width].copy_from_slice(&bytes[place]);
                    let word = u64::from_le_bytes(word);
                    let unused = 64 - 8 * width;
                    let word =
                        if signed { ((word << unused) as i64 >> unused) as u64 } else { word };
                    let expected = match (width, to) {
                        (8, _) => [word as u32, (word >> 32) as u32, acc],
                        (_, true) => [word as u32, 78, word as u32],
                        (_, false) => [77, 78, word as u32],
                    };
                    assert_eq!(got, Ok(expected.to_vec()), "{what}");
                }
            }
        }
    }
    assert!(seen >= 41);
}

macro_rules! codes {
    ($name:ident $($code:literal $op:ident $text:literal $method:ident $arity:ident $a:ident $r:ident $f:ident;)*) => {
        const $name: &[u16] = &[$($code),*];
    };
}
crate::relation_ops! { codes RELATIONS }
crate::integer_ops! { codes INTEGERS }
#[cfg(feature = "float")]
crate::float_ops! { codes FLOATS }
#[cfg(not(feature = "float"))]
const FLOATS: &[u16] = &[];

/// Whether the result of an operation of this type is a quiet NaN.
fn is_nan(sig: crate::op::Sig, result: &[u32]) -> bool {
    match sig.value() {
        crate::op::NumType::F32 => f32::from_bits(result[0]).is_nan() && result[0] >> 22 & 1 != 0,
        crate::op::NumType::F64 => {
            f64::from_bits(result[0] as u64 | (result[1] as u64) << 32).is_nan()
                && result[1] >> 19 & 1 != 0
        }
        _ => false,
    }
}

#[test]
fn numeric_operations_are_those_of_webassembly() {
    let mut noise = Noise(5);
    for &wasm in RELATIONS.iter().chain(INTEGERS).chain(FLOATS) {
        let sig = if wasm < 0x100 {
            crate::op::sig(wasm as u8)
        } else {
            crate::op::prefixed_sig(wasm as u8)
        };
        let mut values = noise.values();
        values.extend([
            f32::NAN.to_bits(),
            1.5f32.to_bits(),
            (-0.75f32).to_bits(),
            0x7fa0_0000,
            0x7ff8_0000,
            0x3ff8_0000,
        ]);
        // Around the bounds of truncations.
        values.extend([
            0x4f00_0000,
            0xcf00_0000,
            0xcf00_0001,
            0x4f7f_ffff,
            0x4f80_0000,
            0x5f00_0000,
            0xdf00_0000,
            0x5f80_0000,
            0xbf7f_ffff,
        ]);
        values.extend([
            0x41df_ffff,
            0x41e0_0000,
            0xc1e0_0000,
            0xc1e0_0001,
            0x41ef_ffff,
            0x41f0_0000,
            0x43e0_0000,
            0xc3e0_0000,
            0xc3e0_0001,
            0x43f0_0000,
        ]);
        values.extend([0xbfef_ffff, 0xbff0_0000, 0xffc0_0000, 0xff80_0000, 0x7f80_0000]);
        let values: Vec<u32> =
            values.into_iter().step_by(if cfg!(miri) { 40 } else { 1 }).collect();
        for &high in &values {
            for &other in &values {
                let low = noise.next();
                // A pair at 0, one at 2, the result at 4; some with the place of an operand.
                let slots = [[low, high], [other, low], [high, other]][low as usize % 3];
                let second = [high, other];
                let to = [0, 4, 4][noise.next() as usize % 3];
                let operands = [wasm as i64, to, 0, 2];
                let (op, count) = if sig.is_binary() { (Num2, 4) } else { (Num1, 3) };
                let body = code()
                    .op(Const8, &[5])
                    .op(op, &operands[..count])
                    .op(Set, &[6])
                    .op(RetN, &[0, 7]);
                let args = [slots[0], slots[1], second[0], second[1], 77, 78, 0];
                let got = run(function(7, 7, 7, 0, body), &args);
                let mut expected = args;
                expected[6] = 5;
                // SAFETY: the operands are there.
                let trap = unsafe {
                    numeric::on_slots(
                        wasm,
                        expected.as_mut_ptr().add(to as usize),
                        args.as_ptr(),
                        args.as_ptr().add(2),
                    )
                };
                match TrapCode::from_code(trap) {
                    // Which NaN an operation makes is left open.
                    None if expected != got.as_ref().unwrap()[..]
                        && is_nan(sig, &expected[to as usize..]) =>
                    {
                        assert!(is_nan(sig, &got.unwrap()[to as usize..]), "{wasm:#x} {args:x?}")
                    }
                    None => assert_eq!(got, Ok(expected.to_vec()), "{wasm:#x} {args:x?}"),
                    Some(trap) => assert_eq!(got, Err((trap, 0, 2)), "{wasm:#x} {args:x?}"),
                }
            }
        }
    }
}

#[test]
fn operations_on_pairs() {
    let fs: [(RegOp, TwoPairs); 10] = [
        (I64Add, numeric::i64_add),
        (I64Sub, numeric::i64_sub),
        (I64Mul, numeric::i64_mul),
        (I64And, numeric::i64_and),
        (I64Or, numeric::i64_or),
        (I64Xor, numeric::i64_xor),
        (I64ShlK, numeric::i64_shl),
        (I64ShrSK, numeric::i64_shr_s),
        (I64ShrUK, numeric::i64_shr_u),
        (I64RotlK, numeric::i64_rotl),
    ];
    let mut noise = Noise(6);
    for (op, f) in fs {
        let by_constant = op.operands().nth(1) == Some(Kind::I8);
        for a in noise.values() {
            let args = [noise.next(), a, a, noise.next(), 1, 2];
            let k = (a % 64) as i64;
            // Also where the result overlaps an operand halfway.
            for to in [4, 1] {
                let body =
                    code().op(op, &[0, if by_constant { k } else { 2 }, to]).op(RetN, &[0, 6]);
                let mut expected = args;
                // SAFETY: all are pairs of the array.
                unsafe {
                    let second = if by_constant { k as u64 } else { read64(args.as_ptr().add(2)) };
                    write64(
                        expected.as_mut_ptr().add(to as usize),
                        f(read64(args.as_ptr()), second),
                    );
                }
                assert_eq!(run(function(6, 6, 6, 0, body), &args), Ok(expected.to_vec()), "{op:?}");
            }
        }
    }
}

#[test]
fn moves_and_constants() {
    let body = code()
        .op(Const32, &[0x8765_4321])
        .op(Set, &[2])
        .op(Const8, &[-5])
        .op(Set, &[3])
        .op(Put8, &[-6, 4])
        .op(Put32, &[0x1234_5678, 5])
        .op(Copy, &[0, 6])
        .op(CopyW, &[0, 7])
        .op(Get, &[1])
        .op(Set, &[9])
        .op(RetN, &[2, 8]);
    let expected = vec![0x8765_4321, -5i32 as u32, -6i32 as u32, 0x1234_5678, 11, 11, 22, 22];
    assert_eq!(run(function(2, 10, 8, 0, body), &[11, 22]), Ok(expected));
    // The halves of a pair move as one.
    let body = code().op(CopyW, &[0, 1]).op(RetN, &[0, 3]);
    assert_eq!(run(function(3, 3, 3, 0, body), &[1, 2, 3]), Ok(vec![1, 1, 2]));
    let body = code().op(Move, &[1, 0, 3]).op(RetN, &[0, 4]);
    assert_eq!(run(function(4, 4, 4, 0, body), &[1, 2, 3, 4]), Ok(vec![2, 3, 4, 4]));
}

#[test]
fn select_takes_the_first_unless_the_accumulator_is_zero() {
    for condition in [0, 1, 0x8000_0000] {
        let (a, b) = if condition != 0 { (5, 6) } else { (6, 7) };
        let body = code()
            .op(Get, &[0])
            .op(SelectW, &[1, 2, 4])
            .op(Select, &[1, 2])
            .op(Set, &[6])
            .op(Get, &[0])
            .op(SelectD, &[1, 2, 7])
            .op(RetN, &[4, 4]);
        assert_eq!(run(function(4, 8, 4, 0, body), &[condition, 5, 6, 7]), Ok(vec![a, b, a, a]));
    }
}

#[test]
fn globals_of_one_slot_and_of_two() {
    let body = code()
        .op(GlobalGet, &[1])
        .op(Set, &[2])
        .op(GlobalGetD, &[1, 3])
        .op(GlobalGetW, &[0, 4])
        .op(Get, &[0])
        .op(GlobalSet, &[1])
        .op(GlobalSetW, &[0, 0])
        .op(RetN, &[2, 4]);
    let mut world = World::new(vec![function(2, 6, 4, 0, body)]);
    world.cells = vec![0x2222_2222_1111_1111, 0x7777_7777_3333_3333];
    let cells = world.cells.as_mut_ptr().cast::<u32>();
    world.globals = vec![GlobalRef::new(cells, true), GlobalRef::new(cells.wrapping_add(2), false)];
    assert_eq!(
        world.call(0, &[5, 6]),
        Ok(vec![0x3333_3333, 0x3333_3333, 0x1111_1111, 0x2222_2222])
    );
    assert_eq!(world.cells, [0x6_0000_0005, 0x7777_7777_0000_0005]);
}

#[test]
fn tables_of_branches() {
    for (op, width) in [(BrTable, 2), (BrTableLong, 4)] {
        // Two targets and one for all else: each returns its number. The table starts at 2.
        let table = 1 + width + 3 * width;
        let mut operands = 2i64.to_le_bytes()[..width].to_vec();
        for i in 0..3 {
            operands.extend(&(table as i64 + i * 3).to_le_bytes()[..width]);
        }
        let operands: Vec<i64> = operands.iter().map(|&byte| byte as i64).collect();
        let body = code().op(Get, &[0]).op(op, &operands);
        let body = (0..3).fold(body, |body, i| body.op(Const8, &[10 + i]).op(RetA, &[]));
        for (index, expected) in [(0, 10), (1, 11), (2, 12), (3, 12), (u32::MAX, 12)] {
            assert_eq!(
                run(function(1, 1, 1, 0, Code(body.0.clone())), &[index]),
                Ok(vec![expected])
            );
        }
    }
    // Targets behind.
    let body = code()
        .op(Br, &[6])
        .op(Const8, &[1])
        .op(RetA, &[])
        .op(Get, &[0])
        .op(BrTable, &[0, 0, -5, -1]);
    assert_eq!(run(function(1, 1, 1, 0, body), &[7]), Ok(vec![1]));
    let body = code().op(BrLong, &[8]).op(Const8, &[1]).op(RetA, &[]).op(BrLong, &[-3]);
    assert_eq!(run(function(0, 0, 1, 0, body), &[]), Ok(vec![1]));
}

#[test]
fn returns_of_any_number_of_slots() {
    assert_eq!(run(function(1, 1, 0, 0, code().op(Ret, &[])), &[1]), Ok(vec![]));
    assert_eq!(run(function(3, 3, 1, 0, code().op(RetS, &[2])), &[1, 2, 3]), Ok(vec![3]));
    assert_eq!(run(function(1, 1, 1, 0, code().op(Const8, &[9]).op(RetA, &[])), &[1]), Ok(vec![9]));
    let args = [1, 2, 3, 4, 5];
    for from in 0..5 {
        for count in 0..=5 - from {
            let got = run(function(5, 5, count as u16, 0, code().op(RetN, &[from, count])), &args);
            assert_eq!(got, Ok(args[from as usize..][..count as usize].to_vec()));
        }
    }
}

#[test]
fn results_may_lie_where_the_header_was() {
    let numbers: Vec<u32> = (10..40).collect();
    for locals in 0..3 {
        for count in (0..30).step_by(if cfg!(miri) { 14 } else { 1 }) {
            let home = locals as i64 + OVERHEAD as i64;
            let body = (0..count).fold(code(), |body, i| body.op(Put8, &[10 + i, home + i]));
            let mut body = body.op(Put8, &[10, home]).op(Get, &[home]);
            body = match count {
                0 => body.op(Ret, &[]),
                1 if locals == 1 => body.op(RetS, &[home]),
                1 => body.op(RetA, &[]),
                _ => body.op(RetN, &[home, count]),
            };
            let callee = function(0, locals, count as u16, 30, body);
            let start = OVERHEAD as i64;
            let caller = function(
                0,
                0,
                count as u16,
                40,
                code().op(Call, &[1, start]).op(Set, &[start + 30]).op(RetN, &[start, count]),
            );
            let mut world = World::new(vec![caller, callee]);
            let expected = Ok(numbers[..count as usize].to_vec());
            assert_eq!(world.call(1, &[]), expected, "{count} of {locals}");
            assert_eq!(world.call(0, &[]), expected, "{count} of {locals}");
        }
    }
}

/// fib(n), recursively.
fn fib() -> (FuncLayout, Code) {
    let home = 1 + OVERHEAD as i64;
    let rest = code()
        .op(AddSKD, &[0, -1, home])
        .op(Call, &[0, home])
        .op(Set, &[home])
        .op(AddSKD, &[0, -2, home + 1])
        .op(Call, &[0, home + 1])
        .op(AddAS, &[home])
        .op(RetA, &[]);
    let code = code().op(BrLtUSK, &[0, 2, 5 + rest.len() as i64]);
    function(1, 1, 1, 2, Code([code.0, rest.0, bytes(RetS, &[0])].concat()))
}

#[test]
fn calls_within_an_instance() {
    assert_eq!(run(fib(), &[10]), Ok(vec![55]));
    // Locals are 0 whatever was there; a caller's slots and the accumulator's result.
    let home = 2 + OVERHEAD as i64;
    let caller = code()
        .op(Const8, &[55])
        .op(Put8, &[3, home])
        .op(Put8, &[4, home + 1])
        .op(Put8, &[5, home + 2])
        .op(Call, &[1, home + 1])
        .op(Set, &[0])
        .op(CopyW, &[home, home + 3])
        .op(Copy, &[home + 3, 1])
        .op(RetN, &[0, 2]);
    let callee = code().op(AddSS, &[2, 3]).op(AddAS, &[1]).op(AddAS, &[0]).op(RetA, &[]);
    let mut world = World::new(vec![function(2, 2, 2, 30, caller), function(2, 4, 1, 0, callee)]);
    assert_eq!(world.call(0, &[1, 2]), Ok(vec![9, 3]));
}

#[test]
fn a_frame_without_room_is_a_trap_of_the_call() {
    let mut world = World::new(vec![fib()]);
    // Each level takes the argument's distance, and its own frame at the end.
    let level = 1 + OVERHEAD;
    for depth in [1, 2, 5] {
        let enough = 1 + (depth - 1) * level + 1 + world.funcs[0].layout.frame as usize + 1;
        // The second call of a level starts one slot higher.
        world.stack = vec![7; enough];
        assert!(world.call(0, &[depth as u32]).is_ok());
        world.stack = vec![7; enough - 2];
        let expected = if depth == 1 {
            (TrapCode::StackOverflow, usize::MAX, 0)
        } else {
            (TrapCode::StackOverflow, 0, 9)
        };
        assert_eq!(world.call(0, &[depth as u32]), Err(expected));
    }
}

#[test]
fn the_meter_counts_calls_and_turns_of_loops() {
    // A loop is entered behind its meter.
    let body = code().op(Skip, &[]).op(Meter, &[]).op(Ret, &[]);
    let mut world = World::new(vec![function(0, 0, 0, 0, body)]);
    world.meter.termination.raise();
    assert_eq!(world.call(0, &[]), Ok(vec![]));
    // Three turns and a call.
    let body = code()
        .op(Br, &[4])
        .op(Meter, &[])
        .op(AddInc, &[0, -1])
        .op(BrNzS, &[0, -4])
        .op(Call, &[1, 1 + OVERHEAD as i64])
        .op(Ret, &[]);
    let functions = |body: &Code| {
        vec![function(1, 1, 0, 3, Code(body.0.clone())), function(0, 0, 0, 0, code().op(Ret, &[]))]
    };
    let mut world = World::new(functions(&body));
    assert_eq!(world.call(0, &[4]), Ok(vec![]));
    #[cfg(feature = "fuel")]
    for (fuel, expected) in [
        (4, Ok(vec![])),
        (3, Err((TrapCode::OutOfFuel, 0, 11))),
        (2, Err((TrapCode::OutOfFuel, 0, 3))),
        (0, Err((TrapCode::OutOfFuel, 0, 3))),
    ] {
        world.meter.set_fuel(fuel);
        assert_eq!(world.call(0, &[4]), expected);
        assert_eq!(world.meter.fuel(), 0);
    }
    let mut world = World::new(functions(&body));
    world.meter.termination.raise();
    assert_eq!(world.call(0, &[2]), Err((TrapCode::Terminated, 0, 3)));
    assert_eq!(world.call(0, &[1]), Err((TrapCode::Terminated, 0, 11)));
    assert_eq!(
        run(function(0, 0, 0, 0, code().op(Const8, &[1]).op(Unreachable, &[])), &[]),
        Err((TrapCode::Unreachable, 0, 2))
    );
}

#[test]
fn a_large_function_moves_its_frame() {
    let locals = 300;
    let n = locals as i64 + OVERHEAD as i64;
    // Local 299 = local 0 + 1 through operands; a call with its frame behind them.
    let body = code()
        .op(Frame, &[n])
        .op(CopyIn, &[-n, 0])
        .op(AddSKD, &[0, 1, 0])
        .op(CopyOut, &[0, 299 - n])
        .op(CopyIn, &[299 - n, 1])
        .op(Call, &[1, 1])
        .op(CopyOut, &[1, -n])
        .op(AddAS, &[0])
        .op(Frame, &[-n])
        .op(Set, &[1])
        .op(RetN, &[0, 2]);
    let twice = code().op(AddSSD, &[0, 0, 0]).op(RetS, &[0]);
    let mut world = World::new(vec![function(1, locals, 2, 4, body), function(1, 1, 1, 0, twice)]);
    assert_eq!(world.call(0, &[20]), Ok(vec![42, 63]));
}

unsafe extern "C" fn subtract(context: &mut Context, import: &ImportedFunc, args: *mut u32) -> u32 {
    // SAFETY: the import has two parameters and one result; its data is the instance's memory, or null.
    unsafe {
        let memory = import.data.cast::<Memory>().cast_mut();
        if !memory.is_null() {
            (*memory).set((*memory).base.wrapping_add(4), (*memory).size - 4);
        }
        assert!(!context.instance.is_null());
        *args = (*args).wrapping_sub(*args.add(1));
        if (*args as i32) < 0 {
            TrapCode::Host as u32
        } else {
            0
        }
    }
}

fn import(
    call: Option<HostFunction>,
    data: *const (),
    extra: usize,
    params: u32,
    results: u32,
) -> ImportedFunc {
    ImportedFunc::new(call, data, core::ptr::without_provenance(extra), params, results)
}

#[test]
fn calls_of_the_host() {
    let home = 2 + OVERHEAD as i64;
    let before = code().op(Copy, &[0, home]).op(Copy, &[1, home + 1]);
    let at = before.len();
    let body = before
        .op(CallImport, &[1, home])
        .op(Set, &[0])
        .op(Load8US, &[1, 0])
        .op(Set, &[1])
        .op(RetN, &[0, 2]);
    let mut world = World::new(vec![function(2, 2, 2, 2, body)]);
    world.imports = vec![import(Some(subtract), core::ptr::null(), 0, 2, 1); 2];
    world.bytes = vec![10, 11, 12, 13, 14, 15, 16, 17];
    assert_eq!(world.call(2, &[5, 2]), Ok(vec![3, 12]));
    assert_eq!(world.call(2, &[2, 5]), Err((TrapCode::Host, 2, at)));
    // The memory has moved meanwhile.
    let mut live = World::live();
    world.link(&mut live);
    world.imports[1] = import(Some(subtract), live.pointers[0].cast_const().cast(), 0, 2, 1);
    assert_eq!(world.call_in(&raw const live.instance, 2, &[5, 2]), Ok(vec![3, 16]));
}

#[test]
fn calls_between_instances() {
    // The callee: a trap when its arguments are equal, else their difference in two slots, and the byte at 0 of its memory.
    let body = code().op(Get, &[0]).op(BrNeAS, &[1, 5]).op(Unreachable, &[]);
    let body = body
        .op(SubSSD, &[0, 1, 1])
        .op(Const8, &[0])
        .op(Load8UA, &[0])
        .op(Set, &[0])
        .op(RetN, &[0, 2]);
    let mut other = World::new(vec![
        function(2, 3, 2, 2, body),
        function(1, 1, 1, 0, code().op(AddSK, &[0, 1]).op(RetA, &[])),
    ]);
    other.bytes = vec![200; 8];
    let mut there = World::live();
    other.link(&mut there);

    let home = 2 + OVERHEAD as i64;
    let before = code().op(Put8, &[1, home]).op(Copy, &[0, home + 1]).op(Copy, &[1, home + 2]);
    let at = before.len();
    let body = before.op(CallImport, &[0, home + 1]).op(Load8US, &[home, 0]).op(Set, &[home]);
    let body = body
        .op(CallImport, &[1, home + 2])
        .op(AddAS, &[home])
        .op(Set, &[home])
        .op(RetN, &[home, 3]);
    let mut world = World::new(vec![function(2, 2, 3, 5, body)]);
    world.bytes = vec![100; 8];
    let instance: *const ExecInstance = &there.instance;
    world.imports =
        vec![import(None, instance.cast(), 0, 2, 2), import(None, instance.cast(), 1, 1, 1)];
    assert_eq!(world.call(2, &[9, 2]), Ok(vec![108, 200, 8]));
    assert_eq!(world.call(2, &[9, 9]), Err((TrapCode::Unreachable, 0, 2 + 4)));
    // No room for the callee: the call traps.
    world.stack = vec![0; 1 + 2 + world.funcs[0].layout.frame as usize];
    assert_eq!(world.call(2, &[9, 2]), Err((TrapCode::StackOverflow, 2, at)));
}

#[cfg(feature = "classic")]
#[test]
fn calls_of_functions_in_the_other_mode() {
    // local.get 0, i32.const 1, i32.add, end
    let wasm = [0x20, 0, 0x41, 1, 0x6a, 0x0b];
    let side_table = [0u16; 3];
    let layout =
        FuncLayout { params: 1, locals: 1, results: 1, type_index: 0, frame: OVERHEAD as u32 + 2 };
    let func = crate::ClassicFunc {
        layout,
        code: wasm.as_ptr(),
        end: wasm.as_ptr_range().end,
        side_table: side_table.as_ptr(),
        narrow: 1,
        grouped: false,
    };
    let mut there = World::live();
    World::new(vec![]).link(&mut there);
    there.instance.mode = Mode::Classic;
    there.instance.funcs = (&raw const func).cast();

    let home = 1 + OVERHEAD as i64;
    let body = code().op(Copy, &[0, home]).op(CallImport, &[0, home]).op(AddAS, &[0]).op(RetA, &[]);
    let mut world = World::new(vec![function(1, 1, 1, 1, body)]);
    let instance: *const ExecInstance = &there.instance;
    world.imports = vec![import(None, instance.cast(), 0, 1, 1)];
    assert_eq!(world.call(1, &[20]), Ok(vec![41]));
}

/// The immediate is what to do; the operand is incremented.
unsafe extern "C" fn runtime(context: &mut Context, code: u8) -> u32 {
    assert_eq!(code, 0x40);
    // SAFETY: the operation has one byte of immediates, one operand and one result.
    unsafe {
        let what = *context.pc;
        context.pc = context.pc.add(1);
        *context.sp += 1;
        let callee = (*context.instance).callee(1);
        match what {
            0 => {
                // As if memory had grown.
                let memory = &mut *context.memory.cast_mut();
                memory.set(memory.base, memory.size + 4);
                0
            }
            1 => context.call(callee).unwrap_or_else(|trap| trap as u32),
            2 => context.tail_call(callee, context.instance).unwrap_or_else(|trap| trap as u32),
            3 => TrapCode::OutOfMemory as u32,
            _ => OTHER_MODE,
        }
    }
}

#[test]
fn slow_operations() {
    let home = 1 + OVERHEAD as i64;
    let runtime_code = |what: i64| [0x40, home + 1, 0, what];
    let functions = |what: i64| {
        let body = code()
            .op(Copy, &[0, home])
            .op(Runtime, &runtime_code(what))
            .op(AddAK, &[1])
            .op(Set, &[home])
            .op(Load8US, &[home, 0])
            .op(RetA, &[]);
        vec![
            function(1, 1, 1, 2, body),
            function(1, 1, 1, 0, code().op(MulSS, &[0, 0]).op(RetA, &[])),
        ]
    };
    let call = |what, arg| {
        let mut world = World::new(functions(what));
        world.runtime = runtime;
        world.bytes = (0..64).collect();
        let mut live = World::live();
        world.link(&mut live);
        // SAFETY: the bytes outlive the instance.
        unsafe { live.memories[0].set(world.bytes.as_mut_ptr(), 8) };
        live.pointers = [&raw mut live.memories[0], &raw mut live.memories[1]];
        live.instance.memory = live.pointers[0];
        world.call_in(&raw const live.instance, 0, &[arg])
    };
    let load = 3 + 5 + 2 + 2;
    assert_eq!(call(0, 5), Ok(vec![7]));
    assert_eq!(call(0, 9), Ok(vec![11]));
    assert_eq!(call(0, 10), Err((TrapCode::MemoryOutOfBounds, 0, load)));
    // A call returns its result to the operand's home.
    assert_eq!(call(1, 1), Ok(vec![5]));
    assert_eq!(call(1, 2), Err((TrapCode::MemoryOutOfBounds, 0, load)));
    assert_eq!(call(2, 6), Ok(vec![49]));
    assert_eq!(call(3, 5), Err((TrapCode::OutOfMemory, 0, 3)));
}

#[test]
fn loads_and_stores_with_all_checks() {
    let home = OVERHEAD as i64 + 2;
    // i64.store of memory 1 with an offset of 2, then i32.load16_s of memory 0 at 6.
    let before = code().op(Copy, &[0, home]).op(CopyW, &[0, home + 1]);
    let store = before.len();
    let before = before.op(Memory, &[0x37, home + 3, 0, 0x43, 1, 2]).op(Put8, &[4, home]);
    let load = before.len();
    let body = before.op(Memory, &[0x2e, home + 1, 0, 1, 2]).op(RetS, &[home]);
    let mut world = World::new(vec![function(2, 2, 1, 3, body)]);
    world.bytes = vec![0x80; 8];
    world.more = vec![0; 16];
    assert_eq!(world.call(0, &[6, 0x0403_0201]), Ok(vec![0xffff_8080]));
    assert_eq!(world.more, [0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1, 2, 3, 4]);
    assert_eq!(world.call(0, &[7, 0]), Err((TrapCode::MemoryOutOfBounds, 0, store)));
    world.bytes = vec![0; 7];
    assert_eq!(world.call(0, &[6, 0]), Err((TrapCode::MemoryOutOfBounds, 0, load)));
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "unknown")]
fn strict_mode_knows_all_operations() {
    let _ = run(function(0, 0, 0, 0, Code(vec![0xff])), &[]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "header")]
fn strict_mode_knows_the_header() {
    let _ = run(function(1, 1, 0, 0, code().op(Get, &[1]).op(Ret, &[])), &[1]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "outside of the function")]
fn strict_mode_knows_the_end_of_the_code() {
    let _ = run(function(0, 0, 0, 0, code().op(Const8, &[1])), &[]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "outside of the function")]
fn strict_mode_knows_the_end_of_a_function_that_another_follows() {
    let first = function(0, 0, 0, 0, code().op(Const8, &[1]));
    let _ = World::new(vec![first, function(0, 0, 0, 0, code().op(Ret, &[]))]).call(0, &[]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "outside of the function")]
fn strict_mode_knows_a_branch_that_leads_out() {
    let _ = run(function(0, 0, 0, 0, code().op(Br, &[-1]).op(Ret, &[])), &[]);
}

#[cfg(feature = "strict")]
#[test]
#[should_panic(expected = "not complete")]
fn strict_mode_knows_the_end_of_an_operation() {
    let _ = run(function(0, 0, 0, 0, Code(vec![Const32 as u8, 1, 2, 3])), &[]);
}
