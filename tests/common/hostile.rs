//! Families of modules that are made to be expensive to load: each can be of any size, is valid,
//! and presses on one thing that a careless loader does in more than linear time or memory. Used by
//! `cargo xtask curve` and by tests.

#![allow(dead_code)] // Every program that includes this file uses some of it.

use super::encode::*;

/// A module of about so many bytes.
pub type Make = fn(usize) -> Vec<u8>;

pub struct Family {
    pub name: &'static str,
    /// What it presses on.
    pub what: &'static str,
    pub make: Make,
}

const fn family(name: &'static str, what: &'static str, make: Make) -> Family {
    Family { name, what, make }
}

pub const FAMILIES: &[Family] = &[
    family("straight", "plain arithmetic, for comparison", straight),
    family("blocks", "one function of blocks inside of each other", |size| {
        nested(size, &[0x02, 0x40])
    }),
    family("loops", "the same with loops", |size| nested(size, &[0x03, 0x40])),
    family("ifs", "the same with conditions", |size| nested(size, &[0x41, 0, 0x04, 0x40])),
    family("branches", "far branches out of 10,000 blocks", branches),
    family("table", "one br_table", |size| table(size, size / 2)),
    family("tables", "many br_tables of 50 targets", |size| table(size, 50)),
    family(
        "table-arity",
        "one br_table, each target with 1,000 results, of two types in turn",
        table_arity,
    ),
    family("call-arity", "calls with 1,000 parameters and results", call_arity),
    family(
        "unknown-arity",
        "the same in code that is not reached, on operands of unknown type",
        unknown_arity,
    ),
    family("block-arity", "blocks with 1,000 parameters and results", block_arity),
    family(
        "branch-arity",
        "conditional branches with 1,000 operands, which are moved",
        branch_arity,
    ),
    family("local-groups", "functions that declare 30,000 locals in as many groups", local_groups),
    family("local-counts", "functions of ten bytes that declare 32,700 locals", local_counts),
    family("local-maps", "functions of seven bytes that declare 255 locals of two slots", |size| {
        many(&[none()], size, &body(&[(255, I64)], &[]))
    }),
    family(
        "params",
        "functions with 1,000 parameters of two types in turn, as many for each byte as may be",
        |size| params(size, &[]),
    ),
    family("params-used", "the same that name the last one", |size| {
        params(size, &[0x20, 0xe7, 0x07, 0x1a])
    }),
    family("functions", "functions without code", functions_empty),
    family("types", "types that differ at the end", types),
    family("types-equal", "types of 1,000 parameters that are all the same", types_equal),
    family("types-called", "call_indirect of each of 65,000 types", types_called),
    family("imports", "imports with long equal beginnings", imports),
    family("exports", "exports with long equal beginnings", exports),
    family(
        "exports-sort",
        "exports in an order that has a sort compare two long names again and again",
        exports_sort,
    ),
    family("data", "data segments", data),
    family("elements", "element segments of expressions", elements),
    family("globals", "globals with initial values that are long expressions", globals),
    family("const-depth", "an initial value of operands above each other", const_depth),
    family("operands", "operand stacks of 30,000", operands),
    family("unreachable", "code that is not reached", unreachable),
    family(
        "large",
        "functions that turn out to be too large for the short encoding at their end",
        large,
    ),
    family("locals-changed", "locals that change while they are operands", locals_changed),
    family("customs", "custom sections of three bytes", customs),
    family("gc-deep", "structures, each with a reference to the one before", gc_deep),
    family("gc-group", "one recursion group of structures that refer to each other", gc_group),
    family("gc-equal", "recursion groups of four types that are all the same", gc_equal),
    family("gc-chains", "chains of 63 subtypes with 40 fields of types of other chains", gc_chains),
    family("gc-casts", "casts from the first of a chain of 63 types to the last", gc_casts),
    family(
        "gc-locals",
        "locals without a default value, set in blocks inside of each other",
        gc_locals,
    ),
    family("gc-constants", "an initial value of structures inside of each other", gc_constants),
    family("name", "one custom section with a long name", name),
];

const NOTHING: (u32, u8) = (0, I32);

fn one(types: &[Vec<u8>], locals: &[(u32, u8)], code: &[u8]) -> Vec<u8> {
    functions(types, [(0, &body(locals, code)[..])]).bytes()
}

fn none() -> Vec<u8> {
    func_type(&[], &[])
}

/// Code for a function of at most a megabyte, as often as it takes.
fn many(types: &[Vec<u8>], size: usize, body: &[u8]) -> Vec<u8> {
    let count = (size / (body.len() + 1)).clamp(1, 1_000_000);
    functions(types, core::iter::repeat_n((0, body), count)).bytes()
}

fn straight(size: usize) -> Vec<u8> {
    let unit = [0x20, 0, 0x20, 1, 0x6a, 0x41, 3, 0x6c, 0x21, 0];
    many(&[none()], size, &body(&[(2, I32)], &unit.repeat((size / 10).min(2000))))
}

fn nested(size: usize, open: &[u8]) -> Vec<u8> {
    let depth = size / (open.len() + 1);
    let mut code = open.repeat(depth);
    code.extend(vec![0x0b; depth]);
    one(&[none()], &[NOTHING], &code)
}

fn branches(size: usize) -> Vec<u8> {
    let depth = (size / 6).min(10_000);
    let mut code = [0x02, 0x40].repeat(depth);
    let mut i = 0;
    while code.len() + depth < size {
        code.extend([0x41, 0]);
        code.extend(op(0x0d, (i * 7919) % depth as u32));
        i += 1;
    }
    code.extend(vec![0x0b; depth]);
    one(&[none()], &[NOTHING], &code)
}

fn table(size: usize, targets: usize) -> Vec<u8> {
    let mut unit = vec![0x02, 0x40, 0x02, 0x40, 0x41, 0];
    unit.extend(op(0x0e, targets as u32));
    unit.extend((0..=targets).map(|i| (i % 2) as u8));
    unit.extend([0x0b, 0x0b]);
    let code = unit.repeat((size / unit.len()).max(1));
    one(&[none()], &[NOTHING], &code)
}

const ARITY: usize = 1000;

/// Types: a function of nothing; from nothing to the results; from them to nothing; from them to
/// them.
fn arity_types() -> [Vec<u8>; 4] {
    let many = [I32; ARITY];
    [none(), func_type(&[], &many), func_type(&many, &[]), func_type(&many, &many)]
}

/// A function that returns the results, one that has them as parameters, one that does both, and
/// one with this body. (Index 0 to 3.)
fn with_arity(code: &[u8]) -> Vec<u8> {
    let trap = body(&[], &[0x00]);
    let code = body(&[(1, I32)], code);
    functions(&arity_types(), [(1, &trap[..]), (2, &trap), (3, &trap), (0, &code)]).bytes()
}

fn table_arity(size: usize) -> Vec<u8> {
    // The outer block has other parameters than the inner one, so the two are different types.
    let mut code = vec![0x10, 0, 0x02, 3, 0x10, 1, 0x02, 1, 0x10, 0, 0x41, 0];
    let targets = size.saturating_sub(6000).max(1);
    code.extend(op(0x0e, targets as u32));
    code.extend((0..=targets).map(|i| (i % 2) as u8));
    code.extend([0x0b, 0x0b, 0x10, 1]);
    with_arity(&code)
}

fn call_arity(size: usize) -> Vec<u8> {
    let mut code = vec![0x10, 0];
    code.extend([0x10, 2].repeat(size.saturating_sub(6000) / 2));
    code.extend([0x10, 1]);
    with_arity(&code)
}

fn unknown_arity(size: usize) -> Vec<u8> {
    let mut code = vec![0x00];
    // An operand of unknown type, 999 above it by a call that returns 1,000 and a drop below:
    // select leaves the unknown one lowest.
    let unit = [0x1b, 0x10, 0, 0x1a, 0x10, 1];
    code.extend(unit.repeat(size.saturating_sub(6000) / unit.len()));
    with_arity(&code)
}

fn block_arity(size: usize) -> Vec<u8> {
    let mut code = vec![0x10, 0];
    code.extend([0x02, 3, 0x0b].repeat(size.saturating_sub(6000) / 3));
    code.extend([0x10, 1]);
    with_arity(&code)
}

fn branch_arity(size: usize) -> Vec<u8> {
    // One operand below the block's keeps what is carried from lying in its place.
    let mut code = vec![0x02, 1, 0x41, 0, 0x10, 0];
    code.extend([0x41, 0, 0x0d, 0].repeat(size.saturating_sub(6000) / 4));
    code.extend([0x0c, 0, 0x0b, 0x10, 1]);
    with_arity(&code)
}

fn local_groups(size: usize) -> Vec<u8> {
    let groups: Vec<(u32, u8)> = (0..(size / 2).min(20_000))
        .map(|i| (1, if i.is_multiple_of(2) { I32 } else { I64 }))
        .collect();
    many(&[none()], size, &body(&groups, &[]))
}

fn local_counts(size: usize) -> Vec<u8> {
    many(&[none()], size, &body(&[(32_700, I32)], &[0x20, 0xb0, 0xea, 0x01, 0x1a]))
}

fn params(size: usize, code: &[u8]) -> Vec<u8> {
    let mixed = |offset: usize| -> Vec<u8> {
        (0..ARITY).map(|i| if (i + offset).is_multiple_of(2) { I32 } else { I64 }).collect()
    };
    let types = [func_type(&mixed(0), &[]), func_type(&mixed(1), &[])];
    // 1,000 parameters for 63 bytes.
    let mut padded = code.to_vec();
    padded.resize(60, 0x01);
    let body = body(&[], &padded);
    let count = size.saturating_sub(2000) / (body.len() + 1);
    functions(&types, (0..count as u32).map(|i| (i % 2, &body[..]))).bytes()
}

fn functions_empty(size: usize) -> Vec<u8> {
    many(&[none()], size, &body(&[], &[]))
}

/// A type whose parameters differ at the end from those of all others.
fn nth_type(index: usize, len: usize) -> Vec<u8> {
    let mut params = vec![I32; len];
    for (bit, place) in params.iter_mut().rev().take(16).enumerate() {
        *place = if index >> bit & 1 == 0 { I32 } else { I64 };
    }
    func_type(&params, &[])
}

fn types(size: usize) -> Vec<u8> {
    let len = (size / 65_000).clamp(20, 990);
    let count = (size / (len + 4)).min(65_000);
    Encoder::new().list(section::TYPE, (0..count).map(|i| nth_type(i, len))).bytes()
}

fn types_equal(size: usize) -> Vec<u8> {
    let ty = func_type(&[I32; ARITY], &[]);
    Encoder::new().section(section::TYPE, &same(&ty, (size / ty.len()).max(1))).bytes()
}

fn types_called(size: usize) -> Vec<u8> {
    let count = (size / 30).min(65_000);
    let mut types = vec![none()];
    types.extend((1..count).map(|i| nth_type(i, 16)));
    let mut code = vec![0x00];
    let mut i = 0;
    while code.len() + count * 20 < size {
        code.extend(op(0x11, (i * 7919 % count) as u32));
        code.push(0);
        i += 1;
    }
    let body = body(&[], &code);
    Encoder::new()
        .list(section::TYPE, types)
        .list(section::FUNCTION, [[0]])
        .list(section::TABLE, [[FUNC_REF, 0, 0]])
        .list(section::CODE, [body])
        .bytes()
}

/// A name that differs at the end from all others.
fn nth_name(index: usize) -> Vec<u8> {
    let mut name = vec![b'a'; 200];
    name.extend(format!("{index:07}").into_bytes());
    name
}

fn imports(size: usize) -> Vec<u8> {
    let imports = (0..size / 215).map(|i| import(b"m", &nth_name(i), &[0, 0]));
    Encoder::new().list(section::TYPE, [none()]).list(section::IMPORT, imports).bytes()
}

/// A module with a memory that is exported under these names.
fn exporting(names: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    Encoder::new()
        .list(section::MEMORY, [[0, 0]])
        .list(section::EXPORT, names.map(|name| export(&name, 2, 0)))
        .bytes()
}

fn exports(size: usize) -> Vec<u8> {
    exporting((0..size / 211).map(|i| nth_name(i * 7919 % 9_999_991)))
}

/// A heap already, with the two long names side by side where each step of a sort by extraction may
/// compare them: below one of the two largest; the other half is larger than they.
fn exports_sort(size: usize) -> Vec<u8> {
    let count = ((size / 2 / 10).next_power_of_two() / 2).max(8) - 1;
    let long = |end: u8| {
        let mut name = vec![b'm'; size / 4];
        name.push(end);
        name
    };
    let is_below = |mut at: usize, root: usize| {
        while at > root {
            at = (at - 1) / 2;
        }
        at == root
    };
    exporting((0..count).map(|at| match at {
        0 => b"z".to_vec(),
        1 => b"y".to_vec(),
        3 => long(b'1'),
        4 => long(b'2'),
        _ if is_below(at, 2) => format!("n{:07}", 9_999_999 - at).into_bytes(),
        _ => format!("a{:07}", 9_999_999 - at).into_bytes(),
    }))
}

fn data(size: usize) -> Vec<u8> {
    let len = size / 100_000;
    let mut segment = vec![0, 0x41, 0, 0x0b];
    segment.extend(sized(&vec![7; len.max(1)]));
    let count = (size / segment.len()).min(100_000);
    Encoder::new()
        .list(section::MEMORY, [[0, 1]])
        .section(section::DATA_COUNT, &number(count as u32))
        .section(section::DATA, &same(&segment, count))
        .bytes()
}

fn elements(size: usize) -> Vec<u8> {
    // Passive, of expressions: references to no function.
    let per = (size / 100_000 / 3).max(1);
    let mut segment = vec![5, FUNC_REF];
    segment.extend(same(&[0xd0, FUNC_REF, 0x0b], per));
    let count = (size / segment.len()).min(100_000);
    Encoder::new().section(section::ELEMENT, &same(&segment, count)).bytes()
}

fn globals(size: usize) -> Vec<u8> {
    let per = (size / 65_000 / 3).max(1);
    let mut global = vec![I32, 0, 0x41, 0];
    global.extend([0x41, 1, 0x6a].repeat(per));
    global.push(0x0b);
    let count = (size / global.len()).min(65_000);
    Encoder::new().section(section::GLOBAL, &same(&global, count)).bytes()
}

fn const_depth(size: usize) -> Vec<u8> {
    let depth = size / 3;
    let mut global = vec![I32, 0];
    global.extend([0x41, 1].repeat(depth + 1));
    global.extend(vec![0x6a; depth]);
    global.push(0x0b);
    Encoder::new().section(section::GLOBAL, &vector([global])).bytes()
}

fn operands(size: usize) -> Vec<u8> {
    let depth = 30_000.min(size / 3);
    let mut unit = [0x41, 1].repeat(depth);
    unit.extend(vec![0x1a; depth]);
    one(&[none()], &[NOTHING], &unit.repeat((size / unit.len()).max(1)))
}

fn unreachable(size: usize) -> Vec<u8> {
    let mut code = vec![0x00];
    code.extend([0x6a, 0x1b, 0x1a, 0x02, 0x40, 0x0b].repeat(size / 6));
    one(&[none()], &[NOTHING], &code)
}

fn large(size: usize) -> Vec<u8> {
    // 100 operands and 200 locals are too many slots together.
    let mut code = [0x20, 0, 0x20, 1, 0x6a, 0x21, 1].repeat((size / 7).min(20_000));
    code.extend([0x41, 1].repeat(100));
    code.extend([0x1a; 100]);
    many(&[none()], size, &body(&[(200, I32)], &code))
}

fn locals_changed(size: usize) -> Vec<u8> {
    let mut unit = [0x20, 0].repeat(14);
    unit.extend([0x41, 1, 0x21, 0].repeat(30));
    unit.extend([0x1a; 14]);
    many(&[none()], size, &body(&[(2, I32)], &unit.repeat((size / unit.len()).clamp(1, 100))))
}

fn customs(size: usize) -> Vec<u8> {
    let mut bytes = Encoder::new().bytes();
    bytes.extend([0, 1, 0].repeat(size / 3));
    bytes
}

fn name(size: usize) -> Vec<u8> {
    Encoder::new().section(0, &sized("é".repeat(size / 2).as_bytes())).bytes()
}

// --- types of objects (feature `gc`) ---

/// A type index as a heap type, which is a signed number.
fn heap_type(index: usize) -> Vec<u8> {
    let (mut value, mut out) = (index, Vec::new());
    while value >= 0x40 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A field with a reference, which may be null.
fn ref_field(index: usize, mutable: bool) -> Vec<u8> {
    [&[0x63], &heap_type(index)[..], &[mutable as u8]].concat()
}

fn structure(fields: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    [vec![0x5f], vector(fields)].concat()
}

/// A structure that is open to subtypes, below another one.
fn subtype(parent: Option<usize>, ty: Vec<u8>) -> Vec<u8> {
    let parents = parent.map(|parent| number(parent as u32));
    [vec![0x50], vector(parents), ty].concat()
}

fn gc_deep(size: usize) -> Vec<u8> {
    let types = (0..(size / 7).min(65_000))
        .map(|at| structure([ref_field(at.saturating_sub(1), at % 2 == 0)]));
    Encoder::new().list(section::TYPE, types).bytes()
}

fn gc_group(size: usize) -> Vec<u8> {
    let count = (size / 12).min(65_000);
    let types = (0..count).map(|at| {
        structure([ref_field(at * 7919 % count, true), ref_field(count - 1 - at, false)])
    });
    let group = [vec![0x4e], vector(types)].concat();
    Encoder::new().list(section::TYPE, [group]).bytes()
}

fn gc_equal(size: usize) -> Vec<u8> {
    let groups = (0..(size / 40).min(16_000)).map(|group| {
        let first = 4 * group;
        let types = (0..4).map(|at| {
            let parent = (at > 0).then(|| first + at - 1);
            // The next one of the group, and what the supertypes have before it.
            subtype(parent, structure((0..=at).map(|_| ref_field(first + 3, true))))
        });
        [vec![0x4e], vector(types)].concat()
    });
    Encoder::new().list(section::TYPE, groups).bytes()
}

/// Chains of 63 types, each below the one before, with fields that are references to the last type
/// of the chain before, or to types ever further below.
fn chains(count: usize, fields: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|at| {
            let (chain, depth) = (at / 63, at % 63);
            let field = |_| match chain.checked_sub(1) {
                Some(before) => ref_field(63 * before + depth, false),
                None => vec![0x7f, 0],
            };
            subtype((depth > 0).then(|| at - 1), structure((0..fields).map(field)))
        })
        .collect()
}

fn gc_chains(size: usize) -> Vec<u8> {
    Encoder::new().list(section::TYPE, chains((size / 200).clamp(63, 65_000), 40)).bytes()
}

fn gc_casts(size: usize) -> Vec<u8> {
    let mut types = chains(63, 1);
    types.push(none());
    let mut code = vec![0xd0, 0];
    for _ in 0..size / 5 {
        // To the last type, and on as the first again.
        code.extend([0xfb, 0x17, 62, 0xfb, 0x17, 0]);
    }
    code.push(0x1a);
    functions(&types, [(63, &body(&[NOTHING], &code)[..])]).bytes()
}

fn gc_locals(size: usize) -> Vec<u8> {
    // Each is set by itself in turn: (ref i31), which is two bytes.
    let count = 16_000.min(size / 8).max(1);
    let mut function = number(1);
    function.extend(number(count as u32));
    function.extend([0x64, 0x6c]);
    let mut at = 0;
    while function.len() < size.min(1 << 20) {
        function.extend([0x02, 0x40, 0x41, 1, 0xfb, 0x1c]);
        function.extend(op(0x21, at as u32));
        function.extend(op(0x20, at as u32));
        function.extend([0x1a, 0x0b]);
        at = (at + 1) % count;
    }
    function.push(0x0b);
    let function = sized(&function);
    let times = (size / function.len()).max(1);
    functions(&[none()], core::iter::repeat_n((0, &function[..]), times)).bytes()
}

fn gc_constants(size: usize) -> Vec<u8> {
    let depth = size / 3;
    let mut global = vec![0x63, 0, 0, 0xd0, 0];
    global.extend([0xfb, 0, 0].repeat(depth));
    global.push(0x0b);
    Encoder::new()
        .list(section::TYPE, [structure([ref_field(0, false)])])
        .section(section::GLOBAL, &vector([global]))
        .bytes()
}
