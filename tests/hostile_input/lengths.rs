//! What modules take: bytes of register bytecode and of side tables, and slots of frames. A special
//! case that the translator loses gives the same results in longer code, and nothing else shows
//! that.
//!
//! `lengths.txt` has the sums. Where a change makes them larger, its commit says why;
//! `ZONDA_WRITE_LENGTHS=1` writes the file.

use crate::large_frames::widened;
use crate::{modules, oracle, zonda_fuzz};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use zonda::{Engine, Mode, Module};

/// Bytes of code, and slots of all frames.
#[derive(Default)]
struct Lengths {
    modules: usize,
    code: u64,
    slots: u64,
}

impl Lengths {
    /// Adds a module. What this build does not accept, counts nothing.
    fn add(&mut self, mode: Mode, bytes: &[u8]) {
        let Ok(module) = Module::from_vec(&Engine::new(mode), bytes) else { return };
        self.modules += 1;
        self.code += u64::from(module.info().code_bytes);
        let funcs = module.funcs();
        self.slots += funcs
            .map(|func| u64::from(func.local_slots) + u64::from(func.operand_slots))
            .sum::<u64>();
    }
}

/// Modules of the suite's folders for WebAssembly 1.0 and 2.0, of tests/modules, and of the first
/// seeds of the generator.
fn all(mut each: impl FnMut(&'static str, &[u8])) {
    let files = |name: &str| name.starts_with("wasm-v1/") || name.starts_with("wasm-v2/");
    oracle::modules_of(files, |_, _, bytes| each("suite", bytes));
    modules::MODULES.iter().for_each(|module| each("real", module.bytes));
    for seed in 0..1_000 {
        let program = zonda_fuzz::program::generate(seed);
        zonda_fuzz::program::encode(&program).iter().for_each(|bytes| each("generated", bytes));
    }
}

/// Real and generated modules whose frames end on both sides of the last slot that one byte names,
/// which is where the translator decides between its two encodings.
fn around_the_last_near_slot(mut each: impl FnMut(&[u8])) {
    let generated = (0..40).flat_map(|seed| {
        let program = zonda_fuzz::program::generate(seed);
        zonda_fuzz::program::encode(&program)
    });
    let real = modules::MODULES.iter().map(|module| module.bytes.to_vec());
    for (index, bytes) in generated.chain(real).enumerate() {
        // Every number of locals for some of the modules.
        for more in (200..256).filter(|more| (*more as usize + index).is_multiple_of(3)) {
            each(&widened(&bytes, more));
        }
    }
}

#[test]
fn modules_take_what_they_took() {
    let mut found: BTreeMap<(&str, &str), Lengths> = BTreeMap::new();
    all(|kind, bytes| {
        for (mode, name) in [(Mode::Classic, "classic"), (Mode::Fast, "fast")] {
            found.entry((kind, name)).or_default().add(mode, bytes);
        }
    });
    let mut text =
        String::from("# modules, their mode: how many, bytes of code, slots of frames\n");
    around_the_last_near_slot(|bytes| {
        found.entry(("near the last slot of a byte", "fast")).or_default().add(Mode::Fast, bytes);
    });
    for ((kind, mode), Lengths { modules, code, slots }) in &found {
        let _ = writeln!(text, "{kind} {mode}: {modules} {code} {slots}");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile_input/lengths.txt");
    if std::env::var_os("ZONDA_WRITE_LENGTHS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let recorded = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        text == recorded,
        "modules take\n{text}and took\n{recorded}ZONDA_WRITE_LENGTHS=1 writes {}",
        file.display()
    );
}
