//! Modules that are refused, with the place of the mistake. Mutation testing found that no other test has them (docs/mutants.md).

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
