//! Code for every target that this machine does not run: it has to compile.

use std::fmt::Write;
use zonda_native::{compile, Options, Target};

/// The types of values and an instruction that makes another value of one.
const TYPES: [(&str, &str); 4] =
    [("i32", "i32.ctz"), ("i64", "i64.ctz"), ("f32", "f32.neg"), ("f64", "f64.neg")];

/// Parameter lists as indices of [`TYPES`]: all of up to three, and longer ones by chance.
fn lists() -> Vec<Vec<usize>> {
    let mut lists = vec![vec![]];
    let mut last: Vec<Vec<usize>> = lists.clone();
    for _ in 0..3 {
        last = last
            .iter()
            .flat_map(|list| (0..TYPES.len()).map(|ty| [&list[..], &[ty]].concat()))
            .collect();
        lists.extend(last.iter().cloned());
    }
    let mut random = 1u32;
    for _ in 0..60 {
        let mut next = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) as usize
        };
        let len = 5 + next() % 20;
        lists.push((0..len).map(|_| next() % TYPES.len()).collect());
    }
    lists
}

/// A module whose functions call themselves in tail position, directly and through the table, with
/// arguments that are not where their parameters are.
fn tail_calls() -> Vec<u8> {
    let mut text = String::from("(module (memory 1)");
    let mut table = String::new();
    for (number, list) in lists().iter().enumerate() {
        let params: String = list.iter().map(|&ty| format!(" {}", TYPES[ty].0)).collect();
        let arguments: String = (0..list.len()).fold(String::new(), |mut all, index| {
            let _ = write!(all, "({} (local.get {index}))", TYPES[list[index]].1);
            all
        });
        let result = ["", "i32", "i64", "f32", "f64", "i64 i32 f64"][number % 6];
        let _ = write!(
            text,
            "(type $t{number} (func (param{params}) (result {result})))
             (func $f{number} (type $t{number})
                (if (i32.load (i32.const {number})) (then {arguments} (return_call $f{number})))
                {arguments} (i32.load (i32.const {number}))
                (return_call_indirect (type $t{number})))"
        );
        let _ = write!(table, " $f{number}");
    }
    let _ = write!(text, "(table funcref (elem{table})))");
    wat::parse_str(&text).expect("the text is a module")
}

/// LLVM ends the process where a call that has to be a jump cannot be one.
#[test]
fn tail_calls_of_every_type_compile_for_every_target() {
    let module = tail_calls();
    for name in Target::names() {
        let target = Target::named(name).expect("a name of the table");
        if let Err(error) = compile(&module, &Options::new(target)) {
            panic!("{name}: {error}");
        }
    }
}
