//! Every numeric instruction, conversion, load and store, with each operand wherever an operand can
//! be (a local, a constant, the accumulator, its stack slot, a comparison that is not written yet),
//! and with its result used in several ways: both modes agree, and the register bytecode is no
//! longer than it was. A special case that the translator loses makes it longer, and nothing else
//! shows that.

use crate::encode::{self, body, func_type, number, op, section, vector, Encoder, I32, I64};
use zonda::{Engine, Instance, Linker, Mode, Module, Store, Trap, TypedFunc};

/// Locals of each function: x and y (i32), z and w (i64), then one i32 and one i64 for results.
const PARAMS: [u8; 4] = [I32, I32, I64, I64];
const WORD: u32 = 4;
const PAIR: u32 = 5;

const F32: u8 = 0x7d;
const F64: u8 = 0x7c;

/// Values for the parameters.
const INPUTS: [(i32, i32, i64, i64); 4] = [
    (7, 3, 0x1234_5678_9abc_def0, 5),
    (-1, i32::MIN, i64::MIN, -1),
    (0x4049_0fdb, 0x3f80_0001, 0x4009_21fb_5444_2d18, 0x3ff0_0000_0000_0001),
    (0, 31, 0, 0xffff_ffff),
];

fn i32_const(value: i32) -> Vec<u8> {
    signed(0x41, value.into())
}

fn signed(code: u8, mut value: i64) -> Vec<u8> {
    let mut out = vec![code];
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 && byte & 0x40 == 0 || value == -1 && byte & 0x40 != 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

fn get(local: u32) -> Vec<u8> {
    op(0x20, local)
}

/// Code that leaves an operand of this type on the stack, for each place where its value can be.
fn operands(ty: u8) -> Vec<Vec<u8>> {
    let xy = |code: u8| [get(1), get(0), vec![code]].concat();
    let words = || {
        let mut all = vec![get(0), get(1)];
        all.extend([7, -1, 0, 0xff, 0xffff, 0x1234_5678].map(i32_const));
        // In the accumulator; a product there; in the stack slot; in a local and the accumulator; a
        // comparison.
        all.push(xy(0x6b));
        all.push(xy(0x6c));
        all.push([get(2), get(3), vec![0x85, 0xa7]].concat());
        all.push([xy(0x6a), op(0x22, WORD)].concat());
        all.push(xy(0x49));
        all
    };
    let pairs = || {
        let mut all = vec![get(2), get(3)];
        all.extend(
            [5, -1, 0, 32, 1 << 32, 0xffff_ffff, 0x12_3456_789a].map(|value| signed(0x42, value)),
        );
        // In the stack slot; extended from 32 bits, in a local and in the accumulator; halves that
        // come from elsewhere.
        all.push([get(2), get(3), vec![0x85]].concat());
        all.push([get(0), vec![0xad]].concat());
        all.push([xy(0x6b), vec![0xad]].concat());
        all.push([xy(0x6b), vec![0xac]].concat());
        all.push([get(2), signed(0x42, 32), vec![0x88]].concat());
        all.push([get(2), signed(0x42, 32), vec![0x86]].concat());
        all
    };
    let bits = |all: Vec<Vec<u8>>, code: u8, chosen: &[usize]| {
        chosen.iter().map(|&index| [all[index].clone(), vec![code]].concat()).collect()
    };
    match ty {
        I32 => words(),
        I64 => pairs(),
        F32 => bits(words(), 0xbe, &[0, 1, 7, 8, 10]),
        _ => bits(pairs(), 0xbf, &[0, 1, 8, 9, 11]),
    }
}

/// Makes a value of this type one of i64.
fn widened(ty: u8) -> &'static [u8] {
    match ty {
        I32 => &[0xad],
        I64 => &[],
        F32 => &[0xbc, 0xad],
        _ => &[0xbd],
    }
}

/// Ways to use a result.
const USES: usize = 8;

/// A body that computes an expression and uses its result in a way.
fn used(expression: &[u8], ty: u8, how: usize) -> Vec<u8> {
    // As i32 or i64, and how to make that i64, 1 or 0, and to add and subtract.
    let (local, old, convert, widen, test) = if ty == I32 {
        (WORD, 0, &[][..], &[0xad][..], &[][..])
    } else {
        (PAIR, 2, widened(ty), &[][..], &[0x50][..])
    };
    let (add, sub) = if ty == I32 { (0x6a, 0x6b) } else { (0x7c, 0x7d) };
    let value = [expression, convert].concat();
    let set = op(0x21, local);
    let tee = op(0x22, local);
    let code: &[&[u8]] = match how {
        // Returned.
        0 => &[&value, widen],
        // To a local, while others wait.
        1 => &[&get(3), &get(2), &value, &set, &[0x7c], &get(local), widen, &[0x85]],
        // To a local, and twice from there.
        2 => &[&value, &tee, &get(local), &[add], widen],
        // To a parameter whose old value waits.
        3 => &[&get(old), &value, &op(0x21, old), &get(old), &[sub], widen],
        // A condition of a branch that carries a value.
        4 => &[&[0x02, I64], &get(2), &value, test, &[0x0d, 0, 0x1a], &get(3), &[0x0b]],
        // A condition of `select`, negated.
        5 => &[&get(2), &get(3), &value, test, &[0x45, 0x1b]],
        // A condition of a branch that moves the value that it carries, and of one to the function.
        6 => &[
            &[0x02, I64],
            &get(0),
            &[0x02, I64],
            &get(2),
            &value,
            test,
            &[0x0d, 1],
            &get(0),
            &[0x0d, 2, 0x0b],
            &op(0x21, PAIR),
            &[0x1a],
            &get(PAIR),
            &[0x0b],
        ],
        // The index of a `br_table`, some of whose branches move the value.
        _ => &[
            &[0x02, I64],
            &get(0),
            &[0x02, I64],
            &get(2),
            &value,
            test,
            &[0x0e, 4, 0, 1, 2, 1, 0, 0x0b],
            &[0x42, 3, 0x7c],
            &op(0x21, PAIR),
            &[0x1a],
            &get(PAIR),
            &[0x0b],
        ],
    };
    code.concat()
}

/// The instructions from `first` to `last`, with the types of their operands and result.
type Family = (u8, u8, &'static [u8], u8);

/// Expressions with each instruction of a family and each place of its operands.
fn expressions(&(first, last, params, _): &Family) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for code in first..=last {
        for left in operands(params[0]) {
            match params.get(1) {
                None => all.push([&left[..], &[code]].concat()),
                Some(&ty) => {
                    let right = operands(ty);
                    all.extend(right.iter().map(|right| [&left[..], right, &[code]].concat()));
                }
            }
        }
    }
    all
}

/// A module with these bodies, and `run`, which calls one of them. Locals of 32 bits come behind
/// the others.
fn module(bodies: &[Vec<u8>], locals: u32) -> Vec<u8> {
    let params = [&[I32][..], &PARAMS].concat();
    let types = [func_type(&PARAMS, &[I64]), func_type(&params, &[I64])];
    let count = bodies.len() as u32;
    let run = [get(1), get(2), get(3), get(4), get(0), vec![0x11, 0, 0]].concat();
    let groups = [(1, I32), (1, I64), (locals, I32)];
    let code = bodies.iter().map(|code| body(&groups, code)).chain([body(&[], &run)]);
    let indices = bodies.iter().map(|_| number(0)).chain([number(1)]);
    let globals = [
        [&[I32, 1][..], &i32_const(1), &[0x0b]].concat(),
        [&[I64, 1][..], &signed(0x42, 1), &[0x0b]].concat(),
        [&[F32, 1, 0x43][..], &[0; 4], &[0x0b]].concat(),
        [&[F64, 1, 0x44][..], &[0; 8], &[0x0b]].concat(),
    ];
    let elements = vector((0..count).map(number));
    Encoder::new()
        .list(section::TYPE, &types)
        .list(section::FUNCTION, indices)
        .list(section::TABLE, [[&[encode::FUNC_REF, 0][..], &number(count)].concat()])
        .list(section::MEMORY, [[0, 1]])
        .list(section::GLOBAL, globals)
        .list(section::EXPORT, [encode::export(b"run", 0, count), encode::export(b"memory", 2, 0)])
        .list(section::ELEMENT, [[&[0, 0x41, 0, 0x0b][..], &elements].concat()])
        .list(section::CODE, code)
        .list(section::DATA, [[&[0, 0x41, 0, 0x0b][..], &encode::sized(&DATA)].concat()])
        .bytes()
}

const DATA: [u8; 16] = [
    0x80, 0x7f, 0xff, 0x01, 0x9c, 0xfe, 0x23, 0x88, 0x40, 0xc1, 0x3d, 0xaa, 0x55, 0x07, 0xf0, 0x90,
];

type Run = TypedFunc<(i32, i32, i32, i64, i64), i64>;

struct Machine {
    store: Store<'static, ()>,
    run: Run,
    instance: Instance,
}

impl Machine {
    fn new(mode: Mode, bytes: Vec<u8>) -> Machine {
        let engine = Engine::new(mode);
        let module = Module::from_vec(&engine, bytes).expect("the module is valid");
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func(&store, "run").unwrap();
        Machine { store, run, instance }
    }

    fn call(&mut self, index: usize, (x, y, z, w): (i32, i32, i64, i64)) -> Result<i64, Trap> {
        match self.run.call(&mut self.store, (index as i32, x, y, z, w)) {
            Ok(value) => Ok(value),
            Err(zonda::Error::Trap(trap)) => Err(trap),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Functions in a module: the place of a trap is found by translating the module once more.
const FUNCTIONS: usize = 100;

/// Runs bodies in both modes, with each of the inputs, and compares results, traps with their
/// places, and memories.
fn agree(bodies: &[Vec<u8>], locals: u32) {
    bodies.chunks(FUNCTIONS).for_each(|bodies| agree_in_module(bodies, locals));
}

fn agree_in_module(bodies: &[Vec<u8>], locals: u32) {
    let bytes = module(bodies, locals);
    let [mut classic, mut fast] =
        [Mode::Classic, Mode::Fast].map(|mode| Machine::new(mode, bytes.clone()));
    for (index, body) in bodies.iter().enumerate() {
        for input in INPUTS {
            let (expected, found) = (classic.call(index, input), fast.call(index, input));
            assert_eq!(expected, found, "{body:02x?} of {input:?} with {locals} locals");
        }
    }
    let memory = |machine: &Machine| {
        let memory = machine.instance.get_memory(&machine.store, "memory").expect("exported");
        memory.data(&machine.store).expect("of this store").to_vec()
    };
    assert!(memory(&classic) == memory(&fast), "memories differ");
}

/// Bytes of the register bytecode of these bodies.
fn code_bytes(bodies: &[Vec<u8>]) -> usize {
    code_bytes_of(&module(bodies, 0))
}

/// Bytes of the register bytecode of a module.
fn code_bytes_of(module: &[u8]) -> usize {
    let options = zonda_compiler::CompileOptions {
        word_size: size_of::<usize>() as u8,
        keep_code: false,
        debug: false,
    };
    let file = zonda_compiler::compile(module, &options).expect("it can be compiled");
    // The third section's size (docs/precompiled-module.md).
    let size: [u8; 4] = file[84..88].try_into().expect("a table of sections");
    u32::from_le_bytes(size) as usize
}

/// Expressions with each of their uses.
fn bodies(expressions: &[Vec<u8>], ty: u8) -> Vec<Vec<u8>> {
    expressions.iter().flat_map(|code| (0..USES).map(|how| used(code, ty, how))).collect()
}

/// Bodies agree, and their code is at most this long.
#[track_caller]
fn check(bodies: &[Vec<u8>], most: usize) {
    agree(bodies, 0);
    let long = code_bytes(bodies);
    assert!(
        long <= most,
        "{long} bytes of register bytecode in place of {most}: a special case of the translator is lost"
    );
    if long < most {
        println!("the register bytecode has become shorter: {most} can be {long}");
    }
}

fn families(families: &[Family], most: usize) {
    let all: Vec<_> =
        families.iter().flat_map(|family| bodies(&expressions(family), family.3)).collect();
    check(&all, most);
}

#[test]
fn i32_arithmetic() {
    families(
        &[(0x67, 0x69, &[I32], I32), (0x6a, 0x78, &[I32, I32], I32), (0xc0, 0xc1, &[I32], I32)],
        558_412,
    );
}

#[test]
fn i32_comparisons() {
    families(&[(0x45, 0x45, &[I32], I32), (0x46, 0x4f, &[I32, I32], I32)], 368_125);
}

#[test]
fn i64_arithmetic() {
    families(
        &[(0x79, 0x7b, &[I64], I64), (0x7c, 0x8a, &[I64, I64], I64), (0xc2, 0xc4, &[I64], I64)],
        840_583,
    );
}

#[test]
fn i64_comparisons() {
    families(&[(0x50, 0x50, &[I64], I32), (0x51, 0x5a, &[I64, I64], I32)], 556_168);
}

#[test]
fn floats_and_conversions() {
    families(
        &[
            (0x5b, 0x60, &[F32, F32], I32),
            (0x61, 0x66, &[F64, F64], I32),
            (0x8b, 0x91, &[F32], F32),
            (0x92, 0x98, &[F32, F32], F32),
            (0x99, 0x9f, &[F64], F64),
            (0xa0, 0xa6, &[F64, F64], F64),
            (0xa7, 0xa7, &[I64], I32),
            (0xa8, 0xa9, &[F32], I32),
            (0xaa, 0xab, &[F64], I32),
            (0xac, 0xad, &[I32], I64),
            (0xae, 0xaf, &[F32], I64),
            (0xb0, 0xb1, &[F64], I64),
            (0xb2, 0xb3, &[I32], F32),
            (0xb4, 0xb5, &[I64], F32),
            (0xb6, 0xb6, &[F64], F32),
            (0xb7, 0xb8, &[I32], F64),
            (0xb9, 0xba, &[I64], F64),
            (0xbb, 0xbb, &[F32], F64),
        ],
        224_583,
    );
}

/// Places of an address below 16, so that it is inside of memory, or far outside with a large
/// offset.
fn addresses() -> Vec<Vec<u8>> {
    let low = [get(0), i32_const(7), vec![0x71]].concat();
    vec![
        // A local that is 0; constants; the accumulator; a sum there; the stack slot; a local and
        // the accumulator.
        get(WORD),
        i32_const(0),
        i32_const(9),
        i32_const(0x1001),
        low.clone(),
        [&low[..], &get(WORD), &[0x6a]].concat(),
        [&[0x02, I32][..], &low, &[0x0b]].concat(),
        [low, op(0x22, WORD)].concat(),
    ]
}

const OFFSETS: [u32; 6] = [0, 3, 255, 256, 0x2000, 0xffff_fff8];

/// The type of what a load or store transfers.
fn transferred(code: u8) -> u8 {
    match code {
        0x28 | 0x2c..=0x2f | 0x36 | 0x3a | 0x3b => I32,
        0x2a | 0x38 => F32,
        0x2b | 0x39 => F64,
        _ => I64,
    }
}

fn access(code: u8, offset: u32) -> Vec<u8> {
    [&[code, 0][..], &number(offset)].concat()
}

fn load_bodies() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for code in 0x28..=0x35 {
        let mut these = Vec::new();
        for address in addresses() {
            for offset in OFFSETS {
                these.push([&address[..], &access(code, offset)].concat());
                // Another operand is in the accumulator.
                let below = [get(1), get(0), vec![0x6b]].concat();
                let load = [&below[..], &address, &access(code, offset)].concat();
                these.push(
                    [&load[..], widened(transferred(code)), &[0xa7, 0x6a], back(code)].concat(),
                );
            }
        }
        all.extend(bodies(&these, transferred(code)));
    }
    all
}

#[test]
fn loads() {
    check(&load_bodies(), 339_890);
}

/// Addresses that are computed from a masked index, so that the translator knows that they are
/// small and folds constants into the offset.
#[test]
fn addresses_of_bounded_indices() {
    let steps = [
        vec![],
        [i32_const(2), vec![0x74]].concat(),
        [i32_const(1), vec![0x76]].concat(),
        [i32_const(64), vec![0x6a]].concat(),
        [i32_const(0x1000), vec![0x6a]].concat(),
        [i32_const(0x3c), vec![0x71]].concat(),
        [get(1), vec![0x6a]].concat(),
    ];
    let mut all = Vec::new();
    for mask in [0x7c, 0xff0, -16] {
        for first in &steps {
            for second in &steps {
                for offset in [0, 64, 0x4000, 0xffff_ff00] {
                    let index = [get(0), i32_const(mask), vec![0x71]].concat();
                    let load = access(0x28, offset);
                    all.push([&index[..], first, second, &load, &[0xad]].concat());
                }
            }
        }
    }
    check(&all, 12_061);
}

/// A masked or shifted index with a constant that makes the sum wrap to address 0: it is none that
/// can be folded into the offset, which does not wrap.
#[test]
fn sums_of_bounded_indices_wrap() {
    let run = |mode: Mode, index: &str, constant: u32, x: u32| {
        let text = format!(
            "(module (memory 1) (data (i32.const 0) \"\\2a\")
                (func (export \"f\") (param i32) (result i32)
                    (i32.load8_u (i32.add {index} (i32.const {})))))",
            constant as i32
        );
        let engine = Engine::new(mode);
        let module = Module::from_vec(&engine, wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let f = instance.get_typed_func::<(i32,), i32>(&store, "f").unwrap();
        f.call(&mut store, (x as i32,))
    };
    let x = 0xe765_4321_u32;
    for mode in [Mode::Classic, Mode::Fast] {
        for k in [1, 2, 7, 16, 31, 33, 39, 63] {
            let shifted = format!("(i32.shr_u (local.get 0) (i32.const {k}))");
            let value = x >> (k & 31);
            assert_eq!(run(mode, &shifted, value.wrapping_neg(), x), Ok(42), "{mode:?}: {shifted}");
            let mask = u32::MAX >> (k & 31) >> 1;
            let masked = format!("(i32.and (local.get 0) (i32.const {}))", mask as i32);
            let shifted = format!("(i32.shl {masked} (i32.const {k}))");
            let value = (x & mask) << (k & 31);
            assert_eq!(run(mode, &shifted, value.wrapping_neg(), x), Ok(42), "{mode:?}: {shifted}");
            assert_eq!(
                run(mode, &masked, (x & mask).wrapping_neg(), x),
                Ok(42),
                "{mode:?}: {masked}"
            );
        }
    }
}

/// Makes an i32 the type that a load gives.
fn back(code: u8) -> &'static [u8] {
    match transferred(code) {
        I32 => &[],
        I64 => &[0xad],
        F32 => &[0xbe],
        _ => &[0xad, 0xbf],
    }
}

fn store_bodies() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for code in 0x36..=0x3e {
        for address in addresses() {
            for value in operands(transferred(code)) {
                for offset in OFFSETS {
                    let mut body = [&address[..], &value, &access(code, offset)].concat();
                    // What was stored, by a load that is no special case.
                    for place in [0, 8, 256, 264, 0x2000] {
                        body.extend([i32_const(0), access(0x29, place)].concat());
                    }
                    body.extend([0x85; 4]);
                    all.push(body);
                }
            }
        }
    }
    all
}

#[test]
fn stores() {
    check(&store_bodies(), 346_319);
}

/// The address is a local as well, and what is stored is that local: both are in the accumulator.
#[test]
fn stores_of_their_own_address() {
    let mut all = Vec::new();
    for code in [0x36, 0x38, 0x3a, 0x3b] {
        for mask in [8, 0xfc] {
            for offset in OFFSETS {
                let address = [get(0), i32_const(mask), vec![0x71], op(0x22, WORD)].concat();
                let value = [get(WORD), back(code).to_vec()].concat();
                let load = [get(WORD), access(0x29, offset.min(0x2000))].concat();
                all.push([address, value, access(code, offset), load].concat());
            }
        }
    }
    check(&all, 990);
}

fn select_and_global_bodies() -> Vec<Vec<u8>> {
    let conditions = [0, 8, 12].map(|index| operands(I32)[index].clone());
    let mut all = Vec::new();
    for ty in [I32, I64, F32, F64] {
        let mut these = Vec::new();
        for first in operands(ty) {
            for second in operands(ty) {
                for condition in &conditions {
                    these.push([&first[..], &second, condition, &[0x1b]].concat());
                }
            }
            let global = match ty {
                I32 => 0,
                I64 => 1,
                F32 => 2,
                _ => 3,
            };
            these.push([&first[..], &op(0x24, global), &op(0x23, global)].concat());
        }
        all.extend(bodies(&these, ty));
    }
    all
}

#[test]
fn selects_and_globals() {
    check(&select_and_global_bodies(), 369_848);
}

/// Operands on both sides of the last slot that one byte names, and functions that are large
/// because of their locals.
#[test]
fn slots_that_one_byte_cannot_name() {
    let families: [Family; 9] = [
        (0x6a, 0x6c, &[I32, I32], I32),
        (0x48, 0x49, &[I32, I32], I32),
        (0x7d, 0x7e, &[I64, I64], I64),
        (0x86, 0x86, &[I64, I64], I64),
        (0x53, 0x54, &[I64, I64], I32),
        (0x92, 0x92, &[F32, F32], F32),
        (0xac, 0xac, &[I32], I64),
        (0xb9, 0xb9, &[I64], F64),
        (0x99, 0x9a, &[F64], F64),
    ];
    let mut all = Vec::new();
    for family in &families {
        all.extend(bodies(&expressions(family), family.3));
    }
    let rest = [load_bodies(), store_bodies(), select_and_global_bodies()].concat();
    let mut long = 0;
    for (index, locals) in (224..=236).chain([300]).enumerate() {
        // A part of them for each number of locals.
        let rest = rest.iter().skip(index).step_by(20);
        let some: Vec<_> = all.iter().skip(index).step_by(5).chain(rest).cloned().collect();
        agree(&some, locals);
        // The rest for nothing but its length, on each side of the limit.
        if locals.is_multiple_of(3) {
            long += code_bytes_of(&module(&all, locals));
        }
        long += code_bytes_of(&module(&some, locals));
    }
    let most = 9_998_597;
    assert!(long <= most, "{long} bytes of register bytecode in place of {most}");
}

/// Results go straight to the local that they are for, whichever of those it is that one byte
/// names.
#[test]
fn results_go_to_any_local() {
    for (value, ty) in [
        ("(i64.mul (local.get 3) (local.get 5))", "i64"),
        ("(i64.add (local.get 3) (local.get 5))", "i64"),
        ("(i64.xor (local.get 3) (local.get 5))", "i64"),
        ("(i64.extend_i32_s (i32.wrap_i64 (local.get 5)))", "i64"),
        ("(i64.load (i32.wrap_i64 (local.get 5)))", "i64"),
        ("(f64.add (local.get 3) (local.get 5))", "f64"),
        ("(i32.mul (local.get 3) (local.get 5))", "i32"),
        ("(i32.load (local.get 5))", "i32"),
    ] {
        let count = if ty == "i32" { 240 } else { 120 };
        let bytes = |local: usize| {
            let params = format!("{ty} ").repeat(8);
            let locals = format!("{ty} ").repeat(count - 8);
            let text = format!(
                "(module (memory 1) (func (param {params}) (result {ty}) (local {locals})
                   (local.set {local} {value}) (local.get {local})))"
            );
            code_bytes_of(&wat::parse_str(text).expect("the module is WebAssembly text"))
        };
        let expected = bytes(7);
        for local in 0..count {
            assert_eq!(bytes(local), expected, "{value} in local {local}");
        }
    }
}
