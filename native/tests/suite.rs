//! The specification suite as native code of this machine, all of it and a random half of the
//! functions. `ZONDA_SUITE_ONLY` chooses files by a part of their names.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use zonda::{Engine, Error, Mode, Module, StoreConfig};
use zonda_native::{compile, Executable, Options as CompileOptions, Target};
use zonda_script::{suite, Counts, Options};

/// Native modules by the bytes that they were made of.
type Made = Mutex<Option<HashMap<Vec<u8>, &'static [u8]>>>;

/// Modules of a script that are equal are compiled once.
static WHOLE: Made = Mutex::new(None);
static HALVES: Made = Mutex::new(None);

fn load_whole<'a>(engine: &Engine, bytes: &'a [u8]) -> Result<Module<'a>, Error> {
    load(engine, bytes, &WHOLE, None)
}

/// About half of the functions, chosen by the bytes of the module, are native code.
fn load_half<'a>(engine: &Engine, bytes: &'a [u8]) -> Result<Module<'a>, Error> {
    let mut state = bytes.iter().fold(1u64, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
    });
    let only = (0..4096)
        .filter(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            state >> 63 != 0
        })
        .collect();
    load(engine, bytes, &HALVES, Some(only))
}

fn load<'a>(
    engine: &Engine,
    bytes: &'a [u8],
    made: &'static Made,
    only: Option<BTreeSet<u32>>,
) -> Result<Module<'a>, Error> {
    // The errors of a module that is not valid are those of the runtime.
    Module::new(engine, bytes)?;
    let mut made = made.lock().unwrap();
    let made = made.get_or_insert_default();
    let artifact = match made.get(bytes) {
        Some(artifact) => artifact,
        None => {
            let options = CompileOptions { only, ..CompileOptions::new(Target::host().unwrap()) };
            let artifact = match compile(bytes, &options) {
                // What native code does not have runs in fast mode.
                Err(zonda_native::Error::Unsupported(_)) => {
                    return Module::from_vec(engine, bytes);
                }
                compiled => compiled.unwrap_or_else(|error| panic!("{error}")),
            };
            let artifact = Executable::new(&artifact).unwrap().leak();
            made.insert(bytes.to_vec(), artifact);
            artifact
        }
    };
    // SAFETY: the compiler of this version has made the module, for this machine.
    unsafe { Module::new_trusted(engine, artifact) }
}

#[test]
fn the_specification_suite_has_the_counts_of_fast_mode() {
    run(load_whole);
}

#[test]
fn the_specification_suite_has_them_with_half_of_the_functions() {
    run(load_half);
}

fn run(load: for<'a> fn(&Engine, &'a [u8]) -> Result<Module<'a>, Error>) {
    let only = std::env::var("ZONDA_SUITE_ONLY").unwrap_or_default();
    let options = Options {
        engine: Engine::new(Mode::Fast),
        store: StoreConfig { stack_bytes: 1 << 20, ..StoreConfig::default() },
        load: Some(load),
        ..Options::default()
    };
    let mut counts: Vec<(String, Counts)> = Vec::new();
    let files = suite::files();
    let chosen = |file: &&suite::SuiteFile| match only.as_str() {
        "" => file.runs_everywhere,
        only => file.name.contains(only),
    };
    for file in files.iter().filter(chosen) {
        if !only.is_empty() {
            eprintln!("{}", file.name);
        }
        let found = suite::run_file(file, &options, &mut |line| eprintln!("{line}"));
        counts.push((file.name.clone(), found));
    }
    if only.is_empty() {
        suite::add_others(&mut counts);
        suite::compare(&counts).unwrap();
    } else {
        let failed: u32 = counts.iter().map(|(_, counts)| counts.failed).sum();
        assert_eq!(failed, 0);
    }
}

/// Many locals and loops: labels and locals have names of their own in LLVM's text.
#[test]
fn labels_do_not_clash_with_locals() {
    let locals = "i32 ".repeat(40);
    let mut body = String::from("(br_if 0 (local.get 39))");
    for _ in 0..30 {
        body = format!("(loop (block {body}))");
    }
    let text = format!("(module (func (export \"run\") (local {locals}) {body}))");
    let module = wat::parse_str(&text).unwrap();
    for name in Target::names() {
        compile(&module, &CompileOptions::new(Target::named(name).unwrap())).unwrap();
    }
}
