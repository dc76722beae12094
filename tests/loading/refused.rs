//! Modules that are refused, with the place of the mistake. Mutation testing found that no other
//! test has them (docs/mutants.md).

use zonda::{Engine, Error, Mode, Module};

/// A module with one memory and one function, whose code is this.
fn with_code(code: &[u8]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x05\x03\x01\0\x01".to_vec();
    bytes.extend([0x0a, code.len() as u8 + 4, 1, code.len() as u8 + 2, 0]);
    bytes.extend_from_slice(code);
    bytes.push(0x0b);
    bytes
}

fn refusal(mode: Mode, bytes: &[u8]) -> Option<(u32, String)> {
    match Module::new(&Engine::new(mode), bytes) {
        Ok(_) => None,
        Err(Error::Module(error)) => Some((error.offset, error.to_string())),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn flags_of_a_memory_access_have_seven_bits() {
    for &mode in Mode::ALL {
        // i32.const 0, i32.load with these flags, an offset of 0, drop.
        let with_flags = |flags: &[u8], index: &[u8]| {
            with_code(&[&[0x41, 0, 0x28], flags, index, &[0, 0x1a]].concat())
        };
        assert_eq!(refusal(mode, &with_flags(&[2], &[])), None);
        if cfg!(feature = "multi-memory") {
            assert_eq!(refusal(mode, &with_flags(&[0x42], &[0])), None);
        }
        for flags in [&[0x80, 0x01][..], &[0xc0, 0x01], &[0xc2, 0x01], &[0x82, 0x80, 0x01]] {
            let bytes = with_flags(flags, &[0]);
            let (offset, text) = refusal(mode, &bytes).expect("the flags are too large");
            assert_eq!(bytes[offset as usize..][..flags.len()], *flags, "{text}");
        }
    }
}

#[test]
fn a_name_that_is_not_utf8_is_named_by_its_place() {
    for &mode in Mode::ALL {
        // An export of memory 0 under this name, without code.
        let with_name = |name: &[u8]| {
            let mut bytes = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01".to_vec();
            bytes.extend([7, name.len() as u8 + 4, 1, name.len() as u8]);
            bytes.extend_from_slice(name);
            bytes.extend([2, 0]);
            bytes
        };
        assert_eq!(refusal(mode, &with_name("größe".as_bytes())), None);
        for name in [&b"abc\xff"[..], b"\xc3", b"ok\xed\xa0\x80"] {
            let bytes = with_name(name);
            let (offset, text) = refusal(mode, &bytes).expect("the name is not UTF-8");
            assert_eq!(bytes[offset as usize..][..name.len()], *name, "{text}");
        }
    }
}

#[test]
fn a_type_of_another_form_is_named_by_its_place() {
    for &mode in Mode::ALL {
        // Two function types, the second with this form.
        let with_form =
            |form: u8| [&b"\0asm\x01\0\0\0\x01\x07\x02\x60\0\0"[..], &[form, 0, 0]].concat();
        assert_eq!(refusal(mode, &with_form(0x60)), None);
        let (offset, text) = refusal(mode, &with_form(0x40)).expect("the form is unknown");
        assert_eq!(offset, 14, "{text}");
    }
}

/// The labels of a `br_table` have as many values each; the types of each count.
#[test]
fn every_label_of_a_branch_table_has_its_types() {
    let text = |outer: &str, operands: &str, labels: &str| {
        format!(
            "(module (func (result {outer}) (block (result i32 i64) {operands} (i32.const 0) (br_table {labels})) (unreachable)))"
        )
    };
    let good = "(i32.const 1) (i64.const 2)";
    for &mode in Mode::ALL {
        for (outer, operands, is_valid) in [
            ("i32 i64", good, true),
            ("i32 i32", good, false),
            ("i64 i64", good, false),
            ("f32 i64", good, false),
            ("i32 i64", "(i64.const 1) (i64.const 2)", false),
            ("i32 i64", "(unreachable)", true),
            ("i32 i64", "(unreachable) (i64.const 2)", true),
            ("f32 i64", "(unreachable) (i64.const 2)", true),
            ("i32 f32", "(unreachable) (i64.const 2)", false),
        ] {
            for labels in ["0 1", "1 0", "0 1 0", "1 0 1"] {
                let bytes = wat::parse_str(text(outer, operands, labels)).unwrap();
                let refused = refusal(mode, &bytes);
                assert_eq!(
                    refused.is_none(),
                    is_valid,
                    "{outer}: {operands}, {labels}: {refused:?}"
                );
            }
        }
    }
}

#[test]
fn a_link_error_equals_one_with_the_same_names_and_types() {
    let error = |text: &str| {
        let bytes = wat::parse_str(text).unwrap();
        let engine = Engine::default();
        let module = Module::new(&engine, &bytes).unwrap();
        let mut store = zonda::Store::new(&engine, ()).unwrap();
        match zonda::Linker::new().instantiate(&mut store, &module) {
            Err(Error::Link(error)) => error,
            other => panic!("{:?}", other.err()),
        }
    };
    let one = error("(module (import \"a\" \"b\" (func (param i32))))");
    assert_eq!(one, error("(module (import \"a\" \"b\" (func (param i32))))"));
    for other in [
        "(module (import \"x\" \"b\" (func (param i32))))",
        "(module (import \"a\" \"x\" (func (param i32))))",
        "(module (import \"a\" \"b\" (func (param i64))))",
    ] {
        assert_ne!(one, error(other), "{other}");
    }
}

#[test]
fn limits_of_memories_and_tables() {
    for &mode in Mode::ALL {
        for (bytes, expected) in [
            // A section of memories with one; flags, least and most pages.
            (&b"\x05\x04\x01\x01\x02\x02"[..], None),
            (b"\x05\x04\x01\x01\x02\x01", Some("size minimum must not be greater than maximum")),
            (b"\x05\x08\x01\x01\x80\x80\x04\x80\x80\x04", None),
            (b"\x05\x06\x01\x01\x00\x81\x80\x04", Some("at most 65536 pages")),
            (b"\x05\x06\x01\x01\x00\x80\x81\x04", Some("at most 65536 pages")),
            (b"\x05\x05\x01\x00\x81\x80\x04", Some("at most 65536 pages")),
            // Of tables.
            (b"\x04\x05\x01\x70\x01\x02\x02", None),
            (
                b"\x04\x05\x01\x70\x01\x02\x01",
                Some("size minimum must not be greater than maximum"),
            ),
        ] {
            let refused = refusal(mode, &[b"\0asm\x01\0\0\0", bytes].concat());
            match (&refused, expected) {
                (None, None) => {}
                (Some((_, text)), Some(part)) if text.contains(part) => {}
                _ => panic!("{bytes:x?}: {refused:?}, not {expected:?}"),
            }
        }
    }
}

#[test]
fn modes_have_names() {
    for &mode in Mode::ALL {
        assert_eq!(Mode::named(mode.name()), Some(mode));
    }
    assert_eq!(Mode::named("slow"), None);
}

/// What WebAssembly does not know is told from what this runtime does not have.
#[test]
fn unknown_opcodes_are_told_from_unsupported_ones() {
    let says = |code: &[u8], what: &str| {
        for &mode in Mode::ALL {
            let (_, text) = refusal(mode, &with_code(code)).expect("it is refused");
            assert!(text.contains(what), "{code:x?}: {text}");
        }
    };
    // Legacy exceptions.
    let (try_says, delegate_says) = match cfg!(feature = "legacy-exceptions") {
        true => ("END opcode expected", "delegate found outside of a try"),
        false => ("not supported", "not supported"),
    };
    says(&[0x06, 0x40], try_says);
    says(&[0x18, 0], delegate_says);
    says(&[0xfe, 0x4f], if cfg!(feature = "threads") { "illegal opcode" } else { "not supported" });
    // Nothing has these opcodes. Behind the prefix, numbers of more than 8 bits are no others.
    for code in [&[0x27][..], &[0xff], &[0xfc, 0xff, 1], &[0xfc, 0x80, 2], &[0xfc, 0x8a, 0x80, 4]] {
        says(code, "illegal opcode");
    }
}

#[test]
fn an_unknown_opcode_in_a_constant_expression_is_not_one_that_is_not_constant() {
    for &mode in Mode::ALL {
        // A global of type i32 with this initializer.
        let with_init = |code: u8| {
            let mut bytes = b"\0asm\x01\0\0\0\x06\x05\x01\x7f\0".to_vec();
            bytes.extend([code, 0x0b]);
            refusal(mode, &bytes).expect("it is not constant").1
        };
        for code in [0x27, 0xff, 0xc5, 0xf0] {
            assert!(with_init(code).contains("illegal opcode"), "{code:x}: {}", with_init(code));
        }
        for code in [0x00, 0x1a, 0x45, 0xc4] {
            assert!(with_init(code).contains("constant expression"), "{code:x}");
        }
    }
}
