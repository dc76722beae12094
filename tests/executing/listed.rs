//! Listings of register bytecode: an instruction stands beside the WebAssembly instruction that it
//! was made from, also when the translator has moved it; and traps name the same place.

use zonda::{Engine, Error, Linker, Mode, Module, Store};
use zonda_compiler::Listing;

/// `old` is what waits on the operand stack while `(OP (local.get 0) (local.get 1))` is computed
/// and replaces local 0.
fn module(old: &str, op: &str, last: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (memory 1)
          (func (export "f") (param i32 i32) (result i32)
            {old} (local.get 0) (local.get 1) {op} (local.set 0)
            (i32.add (local.get 0)) {last}))"#
    );
    wat::parse_str(text).expect("the test's module is well formed")
}

/// Where the instruction is that takes locals 0 and 1.
fn place(bytes: &[u8]) -> u32 {
    let operands = [0x20, 0, 0x20, 1];
    let found = bytes.windows(operands.len()).rposition(|window| window == operands);
    (found.expect("the operands are there") + operands.len()) as u32
}

/// The names of the register instructions that were made from the WebAssembly instruction at this
/// place.
fn made_from(bytes: &[u8], at: u32) -> Vec<String> {
    let module = Module::new(&Engine::new(Mode::Fast), bytes).expect("the module is valid");
    let listing = Listing::new(&module).expect("there is memory").expect("it is fast mode's");
    let made = listing.instructions().filter(|listed| listed.wasm_offset == Some(at));
    made.map(|listed| format!("{:?}", listed.text.op())).collect()
}

const OPS: [&str; 18] = [
    "i32.add",
    "i32.sub",
    "i32.mul",
    "i32.div_s",
    "i32.div_u",
    "i32.rem_s",
    "i32.rem_u",
    "i32.and",
    "i32.or",
    "i32.xor",
    "i32.shl",
    "i32.shr_s",
    "i32.shr_u",
    "i32.rotl",
    "i32.rotr",
    "f32.convert_i32_s (i32.trunc_f32_s) i32.add",
    "i32.eq",
    "i32.lt_s",
];

/// The value of the local that waits is copied before the instruction that replaces it, which moves
/// that.
#[test]
fn an_instruction_that_was_moved_stands_at_its_place() {
    let mut moved = 0;
    for op in OPS {
        let [free, waits] = ["(i32.const 0)", "(local.get 0)"].map(|old| module(old, op, ""));
        let (expected, found) = (made_from(&free, place(&free)), made_from(&waits, place(&waits)));
        assert_eq!(expected, found, "{op}");
        moved += usize::from(!found.is_empty());
    }
    assert!(moved >= 12, "{moved}");
}

/// What divides by zero, or reads outside of memory, is listed where the trap says that it is.
#[test]
fn traps_are_where_the_listing_says() {
    for op in ["i32.div_s", "i32.rem_u", "(i32.mul) (i32.load offset=0xfffffff0)", "i32.div_u"] {
        for old in ["(i32.const 0)", "(local.get 0)"] {
            let bytes = module(old, op, "");
            for mode in [Mode::Classic, Mode::Fast] {
                let engine = Engine::new(mode);
                let module = Module::new(&engine, &bytes).expect("the module is valid");
                let mut store = Store::new(&engine, ()).unwrap();
                let instance = Linker::new().instantiate(&mut store, &module).unwrap();
                let f = instance.get_typed_func::<(i32, i32), i32>(&store, "f").unwrap();
                let Err(Error::Trap(trap)) = f.call(&mut store, (77, 0)) else {
                    panic!("{op} does not trap")
                };
                let at = place(&bytes) + u32::from(op.contains("load"));
                assert_eq!(trap.offset, at, "{op} {old} {mode:?}");
                assert!(!made_from(&bytes, at).is_empty(), "{op} {old}");
            }
        }
    }
}
