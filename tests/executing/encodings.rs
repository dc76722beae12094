//! Encodings that ordinary functions do not need: indices that take several bytes, and loads and
//! stores with each place of their operands. Mutation testing found that no other test runs them
//! (docs/mutants.md).

use std::fmt::Write;
use zonda::{Engine, Instance, Linker, Mode, Module, Store};

fn instantiate(mode: Mode, texts: &[&str]) -> (Store<'static, ()>, Instance) {
    let mut store = Store::new(&Engine::new(mode), ()).unwrap();
    let mut linker = Linker::new();
    let mut last = None;
    for text in texts {
        let bytes = wat::parse_str(text).expect("the test's module is well formed");
        let module = Module::from_vec(&Engine::new(mode), bytes).expect("the module is valid");
        let instance = linker.instantiate(&mut store, &module).unwrap();
        linker.instance(&store, "m", instance).unwrap();
        last = Some(instance);
    }
    (store, last.expect("there is a module"))
}

/// Indices of functions and globals around those that one byte of LEB128 holds, and two.
#[test]
fn indices_of_several_bytes_name_what_they_say() {
    const COUNT: usize = 16_500;
    let mut exports = String::from("(module");
    let mut imports = String::from("(module");
    let mut globals = String::new();
    for i in 0..COUNT {
        let _ = write!(exports, "(func (export \"{i}\") (result i32) i32.const {i})");
        let _ = write!(imports, "(import \"m\" \"{i}\" (func (result i32)))");
        let _ = write!(globals, "(global i32 (i32.const {}))", i * 3);
    }
    imports.push_str(&globals);
    let asked = [0, 1, 127, 128, 129, 255, 256, 300, 16_383, 16_384, COUNT - 1];
    for i in asked {
        let _ = write!(
            imports,
            "(func (export \"call {i}\") (result i32) call {i})
             (func (export \"global {i}\") (result i32) global.get {i})"
        );
    }
    exports.push(')');
    imports.push(')');
    for &mode in Mode::ALL {
        let (mut store, instance) = instantiate(mode, &[&exports, &imports]);
        let mut value = |name: String| {
            let func = instance.get_typed_func::<(), i32>(&store, &name).unwrap();
            func.call(&mut store, ()).unwrap()
        };
        for i in asked {
            assert_eq!(value(format!("call {i}")), i as i32, "{mode:?}");
            assert_eq!(value(format!("global {i}")), i as i32 * 3, "{mode:?}");
        }
    }
}

/// Address and value of every store, and address of every load, as a constant, a local, and what
/// was just computed, in both orders.
#[test]
fn operands_of_loads_and_stores_lie_anywhere() {
    let stores = [
        ("i32.store", "i32"),
        ("i32.store8", "i32"),
        ("i32.store16", "i32"),
        ("i64.store", "i64"),
        ("i64.store8", "i64"),
        ("i64.store16", "i64"),
        ("i64.store32", "i64"),
        ("f32.store", "f32"),
        ("f64.store", "f64"),
    ];
    let loads = [
        ("i32.load", "i32"),
        ("i32.load8_s", "i32"),
        ("i32.load16_u", "i32"),
        ("i64.load", "i64"),
        ("i64.load32_s", "i64"),
        ("f32.load", "f32"),
        ("f64.load", "f64"),
    ];
    // Offsets that fit a byte of an instruction, and that do not.
    let offsets = [0, 8, 300];
    let mut text = String::from("(module (memory (export \"memory\") 1)");
    let mut names = Vec::new();
    for (op, ty) in stores {
        // Parameters: the address, then the value.
        let addresses =
            ["(i32.const 24)", "(local.get 0)", "(i32.add (local.get 0) (i32.const 4))"];
        let negated = if ty.starts_with('i') {
            format!("({ty}.xor (local.get 1) ({ty}.const -1))")
        } else {
            format!("({ty}.neg (local.get 1))")
        };
        let values = [format!("({ty}.const 77)"), "(local.get 1)".into(), negated];
        for (a, address) in addresses.iter().enumerate() {
            for (v, value) in values.iter().enumerate() {
                for offset in offsets {
                    let name = format!("{op} {a} {v} {offset}");
                    let _ = write!(
                        text,
                        "(func (export \"{name}\") (param i32 {ty}) ({op} offset={offset} {address} {value}))"
                    );
                    // The value is computed first and waits in a local: what is in the accumulator
                    // is the address, or neither.
                    let _ = write!(
                        text,
                        "(func (export \"{name} late\") (param i32 {ty}) (local {ty})
                           (local.set 2 {value}) ({op} offset={offset} {address} (local.get 2)))"
                    );
                    names.push((name.clone(), ty));
                    names.push((format!("{name} late"), ty));
                }
            }
        }
    }
    for (op, ty) in loads {
        for (a, address) in
            ["(i32.const 24)", "(local.get 0)", "(i32.add (local.get 0) (i32.const 4))"]
                .iter()
                .enumerate()
        {
            for offset in offsets {
                let _ = write!(
                    text,
                    "(func (export \"{op} {a} {offset}\") (param i32) (result {ty}) ({op} offset={offset} {address}))"
                );
            }
        }
    }
    text.push(')');
    let size = |op: &str, ty: &str| match op {
        op if op.contains('8') => 1,
        op if op.contains("16") => 2,
        op if op.contains("store32") || op.contains("load32") => 4,
        _ => ty[1..].parse::<usize>().unwrap() / 8,
    };
    for &mode in Mode::ALL {
        let (mut store, instance) = instantiate(mode, &[&text]);
        let memory = instance.get_memory(&store, "memory").unwrap();
        for (name, ty) in &names {
            let words: Vec<&str> = name.split(' ').collect();
            let (op, offset) = (words[0], words[3].parse::<usize>().unwrap());
            let at = [24, 40, 44][words[1].parse::<usize>().unwrap()] + offset;
            memory.data_mut(&mut store).unwrap().fill(0xAA);
            let bits: u64 = 0x0123_4567_89ab_cdef;
            let (constant, given, negated) = match *ty {
                "i32" => {
                    let func = instance.get_typed_func::<(i32, i32), ()>(&store, name).unwrap();
                    func.call(&mut store, (40, bits as i32)).unwrap();
                    (77, bits, !bits)
                }
                "i64" => {
                    let func = instance.get_typed_func::<(i32, i64), ()>(&store, name).unwrap();
                    func.call(&mut store, (40, bits as i64)).unwrap();
                    (77, bits, !bits)
                }
                "f32" => {
                    let func = instance.get_typed_func::<(i32, f32), ()>(&store, name).unwrap();
                    func.call(&mut store, (40, f32::from_bits(bits as u32))).unwrap();
                    (u64::from(77f32.to_bits()), bits, bits ^ 0x8000_0000)
                }
                _ => {
                    let func = instance.get_typed_func::<(i32, f64), ()>(&store, name).unwrap();
                    func.call(&mut store, (40, f64::from_bits(bits))).unwrap();
                    (77f64.to_bits(), bits, bits ^ 1 << 63)
                }
            };
            let value = [constant, given, negated][words[2].parse::<usize>().unwrap()];
            let mut expected = vec![0xAAu8; 65536];
            let size = size(op, ty);
            expected[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
            assert!(memory.data(&store).unwrap() == expected, "{name}, {mode:?}");
        }
        let data: Vec<u8> = (0..65536u32).map(|i| (i * 37 + 129) as u8).collect();
        memory.data_mut(&mut store).unwrap().copy_from_slice(&data);
        for (op, ty) in loads {
            for (a, at) in [24, 40, 44].into_iter().enumerate() {
                for offset in offsets {
                    let name = format!("{op} {a} {offset}");
                    let mut bytes = [0; 8];
                    let size = size(op, ty);
                    bytes[..size].copy_from_slice(&data[at + offset..at + offset + size]);
                    let raw = i64::from_le_bytes(bytes);
                    let shift = 64 - 8 * size as u32;
                    let value = if op.ends_with("_s") { raw << shift >> shift } else { raw };
                    let found = match ty {
                        "i32" => {
                            let func = instance.get_typed_func::<i32, i32>(&store, &name).unwrap();
                            i64::from(func.call(&mut store, 40).unwrap()) & 0xffff_ffff
                        }
                        "i64" => {
                            let func = instance.get_typed_func::<i32, i64>(&store, &name).unwrap();
                            func.call(&mut store, 40).unwrap()
                        }
                        "f32" => {
                            let func = instance.get_typed_func::<i32, f32>(&store, &name).unwrap();
                            i64::from(func.call(&mut store, 40).unwrap().to_bits())
                        }
                        _ => {
                            let func = instance.get_typed_func::<i32, f64>(&store, &name).unwrap();
                            func.call(&mut store, 40).unwrap().to_bits() as i64
                        }
                    };
                    let value = if ty == "i32" { value & 0xffff_ffff } else { value };
                    assert_eq!(found, value, "{name}, {mode:?}");
                }
            }
        }
    }
}

/// Locals of two slots around the last slot that a byte names, read and written alone and as
/// operands.
#[test]
fn pairs_lie_across_the_last_slot_that_a_byte_names() {
    for count in 244..=258 {
        let wide = [count + 1, count + 2, count + 3];
        let text = format!(
            "(module (memory 1) (func (export \"run\") (param i32) (result i64) (local {}) (local i64 i64 i64)
               (local.set {a} (i64.extend_i32_s (local.get 0)))
               (local.set {b} (i64.mul (local.get {a}) (i64.const 0x100000003)))
               (local.set {c} (i64.sub (local.get {b}) (local.get {a})))
               (local.set {last} (i32.wrap_i64 (i64.shr_u (local.get {c}) (i64.const 7))))
               (local.set {b} (i64.add (local.get {b}) (local.tee {b} (i64.xor (local.get {b}) (local.get {c})))))
               (i64.store offset=16 (i32.const 0) (local.get {b}))
               (local.set {a} (i64.add (i64.load offset=16 (i32.const 0)) (i64.extend_i32_u (local.get {last}))))
               (i64.rotl (i64.xor (local.get {a}) (local.get {c})) (local.get {b}))))",
            "i32 ".repeat(count),
            a = wide[0],
            b = wide[1],
            c = wide[2],
            last = count,
        );
        for &mode in Mode::ALL {
            let (mut store, instance) = instantiate(mode, &[&text]);
            let run = instance.get_typed_func::<i32, i64>(&store, "run").unwrap();
            for x in [1, -3, 0x1234_5678] {
                let a = i64::from(x);
                let b = a.wrapping_mul(0x1_0000_0003);
                let c = b.wrapping_sub(a);
                let last = (c as u64 >> 7) as u32;
                let b = b.wrapping_add(b ^ c);
                let a = b.wrapping_add(i64::from(last));
                let expected = (a ^ c).rotate_left((b & 63) as u32);
                assert_eq!(run.call(&mut store, x), Ok(expected), "{count} locals, {mode:?}");
            }
        }
    }
}
