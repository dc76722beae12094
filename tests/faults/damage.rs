//! Criterion: every file that we read may end anywhere and have any byte changed: it is refused,
//! with an offset inside of it, or it is a module (a script) that runs with fuel without incident;
//! nothing leaks, nothing panics.
//!
//! Small files get all 255 other values at every position; larger ones some, at every position or
//! at positions that lie evenly apart. tests/hostile_input/truncation.rs compares the verdicts with
//! wasmparser's; the C API's are in tests/capi/faults.c; the command line's in tools/zonda/tests.

use crate::modules;

use crate::failing::{watch, Fail};
use crate::run::{run_all, Aligned};
use zonda::{ArtifactError, Error, Mode, ModuleError, StoreConfig};

#[derive(Default)]
struct Counts {
    cut: u64,
    changed: u64,
    refused: u64,
    ran: u64,
}

impl Counts {
    fn print(&self, what: &str) {
        println!(
            "injected: {what}: {} cut, {} with a byte changed; {} refused, {} accepted and run",
            self.cut, self.changed, self.refused, self.ran
        );
    }
}

/// One damaged file.
fn survive(mode: Mode, file: &[u8], what: &dyn Fn() -> String, counts: &mut Counts) {
    let config = StoreConfig { stack_bytes: 4096, memory_limit: 1 << 16, ..StoreConfig::default() };
    let (result, watched) = watch(Fail::Never, || run_all(mode, file, config, 30));
    assert_eq!((watched.leaked, watched.leaked_blocks), (0, 0), "{}: leaked", what());
    match result {
        Ok(()) => counts.ran += 1,
        Err(
            Error::Module(ModuleError { offset, .. })
            | Error::Artifact(ArtifactError { offset, .. }),
        ) => {
            assert!(offset as usize <= file.len(), "{}: {offset}", what());
            counts.refused += 1;
        }
        Err(error) => panic!("{}: {error}", what()),
    }
}

/// Cuts a file everywhere, or at about `cuts` places, and changes bytes: at about `positions`
/// places, to all others or to some.
fn damage(
    name: &str,
    bytes: &[u8],
    mode: Mode,
    (cuts, positions): (usize, usize),
    all: bool,
    counts: &mut Counts,
) {
    for length in (0..bytes.len()).step_by(bytes.len().div_ceil(cuts)) {
        // A copy of exactly this length, for what watches reads behind the end.
        let cut = Aligned::new(&bytes[..length]);
        survive(mode, cut.bytes(), &|| format!("{name} cut at {length}"), counts);
        counts.cut += 1;
    }
    let mut damaged = bytes.to_vec();
    for at in (0..bytes.len()).step_by(bytes.len().div_ceil(positions)) {
        let original = bytes[at];
        let some = [0, 0xff, original.wrapping_add(1), original.wrapping_sub(1)]
            .into_iter()
            .chain((0..8).map(|bit| original ^ 1 << bit));
        let every = original.wrapping_add(1)..=u8::MAX;
        let values: Vec<u8> = if all {
            (0..original).chain(every).collect()
        } else {
            some.filter(|&value| value != original).collect()
        };
        for value in values {
            damaged[at] = value;
            let file = Aligned::new(&damaged);
            survive(mode, file.bytes(), &|| format!("{name} with 0x{value:02x} at {at}"), counts);
            counts.changed += 1;
        }
        damaged[at] = original;
    }
}

#[test]
fn modules_of_webassembly() {
    for mode in Mode::ALL {
        let mut counts = Counts::default();
        for real in modules::MODULES {
            let small = real.bytes.len() < 330;
            let places = if real.bytes.len() > 5_000 {
                (300, 150)
            } else {
                (2_000, if small { 2_000 } else { 300 })
            };
            damage(real.name, real.bytes, *mode, places, small, &mut counts);
        }
        counts.print(&format!("modules in {} mode", mode.name()));
        assert!(
            counts.cut > 5_000
                && counts.changed > 150_000
                && counts.refused > 50_000
                && counts.ran > 5_000
        );
    }
}

#[test]
fn files_of_register_code() {
    let mut counts = Counts::default();
    for real in modules::MODULES {
        for keep_code in [false, true] {
            let options = zonda_compiler::CompileOptions {
                word_size: size_of::<usize>() as u8,
                keep_code,
                debug: false,
            };
            let file = zonda_compiler::compile(real.bytes, &options).unwrap();
            let small = file.len() < 500 && !keep_code;
            let places = if file.len() > 5_000 {
                (300, 150)
            } else {
                (2_000, if small { 2_000 } else { 200 })
            };
            damage(real.name, &file, Mode::Fast, places, small, &mut counts);
        }
    }
    counts.print("precompiled modules");
    assert!(
        counts.cut > 5_000
            && counts.changed > 100_000
            && counts.refused > 30_000
            && counts.ran > 5_000
    );
}

#[test]
fn scripts() {
    use zonda_script::{compile, run, Malformed, Options, Script};
    let text = r#"
        (module $a (func (export "add") (param i32 i64) (result i64) (i64.add (i64.extend_i32_u (local.get 0)) (local.get 1)))
            (global (export "g") f64 (f64.const 2.5)) (func (export "trap") unreachable) (memory (export "m") 1))
        (register "a" $a)
        (assert_return (invoke "add" (i32.const 1) (i64.const 2)) (i64.const 3))
        (assert_return (get $a "g") (f64.const 2.5))
        (assert_trap (invoke "trap") "unreachable")
        (module (import "a" "add" (func (param i32 i64) (result i64))))
        (assert_unlinkable (module (import "a" "none" (func))) "unknown import")
        (assert_invalid (module (func (result i32))) "type mismatch")"#;
    let bytes = compile("damage.wast", text).unwrap();
    let store = StoreConfig { stack_bytes: 4096, memory_limit: 1 << 16, ..StoreConfig::default() };
    let mut counts = Counts::default();
    let mut survive = |file: &[u8]| {
        let mut messages = 0;
        let (result, watched) = watch(Fail::Never, || {
            let options = Options { fuel: Some(100), store, ..Options::default() };
            Script::new(file).and_then(|script| run(&script, &options, &mut |_| messages += 1))
        });
        assert_eq!((watched.leaked, watched.leaked_blocks), (0, 0));
        match result {
            Ok(_) => counts.ran += 1,
            Err(Malformed { at }) => {
                assert!(at <= file.len(), "{at}");
                counts.refused += 1;
            }
        }
        messages
    };
    assert_eq!(survive(&bytes), 0);
    let mut changed = 0;
    for length in 0..bytes.len() {
        survive(&bytes[..length]);
        // With a length that is true again.
        let mut cut = bytes[..length].to_vec();
        if let Some(field) = cut.get_mut(8..12) {
            field.copy_from_slice(&(length as u32).to_le_bytes());
            survive(&cut);
        }
    }
    for at in 0..bytes.len() {
        for change in 1..=255 {
            let mut damaged = bytes.clone();
            damaged[at] ^= change;
            survive(&damaged);
            changed += 1;
        }
    }
    (counts.cut, counts.changed) = (2 * bytes.len() as u64 - 12, changed);
    counts.print("scripts");
    assert!(changed > 50_000 && counts.refused > 10_000 && counts.ran > 10_000);
}
