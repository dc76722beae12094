//! Criterion: a module that is cut off anywhere is refused, without a crash, and exactly where
//! wasmparser refuses it.

use crate::modules;
use crate::zonda_fuzz;

use zonda::{Engine, Error, Module};

#[test]
fn ten_real_modules_cut_at_every_byte() {
    assert!(modules::MODULES.len() >= 10);
    let engine = Engine::default();
    for module in modules::MODULES {
        Module::validate(&engine, module.bytes)
            .unwrap_or_else(|error| panic!("{}: {error}", module.name));
        for length in 0..module.bytes.len() {
            // A copy of exactly this length: reading behind the end is visible to Miri and
            // sanitizers.
            let cut = module.bytes[..length].to_vec();
            let ours = Module::validate(&engine, &cut);
            if at_section_end(module.bytes, length) {
                // May be a module of its own.
                zonda_fuzz::compare_verdicts(&cut);
            } else {
                assert!(
                    matches!(ours, Err(Error::Module(_))),
                    "{} cut at {length}: {ours:?}",
                    module.name
                );
            }
        }
    }
}

#[test]
fn ten_real_modules_with_one_byte_changed() {
    // Every byte for the small ones, a sample for the large one: wasmparser is asked as well.
    for module in modules::MODULES {
        let step = module.bytes.len() / 2000 + 1;
        let mut bytes = module.bytes.to_vec();
        for at in (0..bytes.len()).step_by(step) {
            let original = bytes[at];
            for changed in [original ^ 1, original ^ 0x80, 0x00, 0x0b, 0xff] {
                bytes[at] = changed;
                zonda_fuzz::compare_verdicts(&bytes);
            }
            bytes[at] = original;
        }
    }
}

/// Whether the module's first `length` bytes end where a section does.
fn at_section_end(bytes: &[u8], length: usize) -> bool {
    let mut at = 8;
    while at < length {
        let (mut size, mut shift) = (0usize, 0);
        at += 1;
        loop {
            let byte = bytes[at];
            at += 1;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        at += size;
    }
    at == length
}
