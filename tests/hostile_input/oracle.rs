//! The bodies of the fuzz targets on their seeds and on all modules of the official suite, on
//! stable Rust.

use crate::zonda_fuzz;

use std::path::Path;

use zonda_script::{suite, Command, Script};

/// Every module in every file of the suite, also those that need what Zonda lacks. Equal modules
/// once.
fn suite_modules(each: impl FnMut(&str, u32, &[u8])) {
    modules_of(|_| true, each)
}

/// Every module in these files.
pub fn modules_of(files: impl Fn(&str) -> bool, mut each: impl FnMut(&str, u32, &[u8])) {
    let mut seen = std::collections::HashSet::new();
    for file in suite::files().into_iter().filter(|file| files(&file.name)) {
        let bytes = file.whole_script().unwrap();
        for command in Script::new(&bytes).unwrap().commands() {
            let (line, command) = command.unwrap();
            match command {
                Command::Module { bytes, .. }
                | Command::Definition { bytes }
                | Command::AssertInvalid { bytes, .. }
                | Command::AssertMalformed { bytes, .. }
                | Command::AssertUnlinkable { bytes, .. }
                | Command::AssertUninstantiable { bytes, .. }
                    if seen.insert(bytes.to_vec()) =>
                {
                    each(&file.name, line, bytes)
                }
                _ => {}
            }
        }
    }
}

#[test]
fn verdicts_on_the_suite_are_those_of_wasmparser() {
    let mut count = 0;
    suite_modules(|name, line, bytes| {
        let agreed = std::panic::catch_unwind(|| zonda_fuzz::compare_verdicts(bytes));
        assert!(agreed.is_ok(), "{name}:{line}");
        count += 1;
    });
    assert!(count > 5_000, "only {count} modules: is the suite complete?");
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn seeds_of_validate() {
    seeds("validate").iter().for_each(|seed| zonda_fuzz::validate(seed));
}

#[test]
fn seeds_of_execute() {
    seeds("execute").iter().for_each(|seed| zonda_fuzz::execute(seed));
}

#[test]
fn seeds_of_script() {
    seeds("script").iter().for_each(|seed| zonda_fuzz::script(seed));
}

#[test]
fn seeds_of_container() {
    seeds("container").iter().for_each(|seed| zonda_fuzz::container(seed));
}

#[test]
fn damaged_files_do_no_harm() {
    for seed in 0..3000 {
        zonda_fuzz::container(
            &[&[1 + seed as u8 % 7], &noise(seed * 2 + 1, 200 + seed as usize % 3000)[..]].concat(),
        );
    }
}

#[test]
fn forged_files_do_no_harm() {
    seeds("forged").iter().for_each(|seed| zonda_fuzz::forged(seed));
    for seed in 0..3000 {
        zonda_fuzz::forged(&noise(seed * 2 + 1, 64 + seed as usize % 2000));
    }
}

/// The C API has one runtime in a process: a test locks it.
#[cfg(feature = "capi")]
static RUNTIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[test]
#[cfg(feature = "capi")]
fn sequences_of_calls_of_the_c_api() {
    let _alone = RUNTIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    seeds("capi").iter().for_each(|seed| zonda_fuzz::capi(seed));
    for seed in 0..3000 {
        zonda_fuzz::capi(&noise(seed * 2 + 1, 20 + seed as usize % 3000));
    }
}

#[test]
#[cfg(feature = "capi")]
fn native_functions_with_any_signature() {
    let _alone = RUNTIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    seeds("natives").iter().for_each(|seed| zonda_fuzz::natives(seed));
    for seed in 0..10_000 {
        zonda_fuzz::natives(&noise(seed * 2 + 1, 20 + seed as usize % 300));
    }
}

/// Bytes without any order, but the same every time.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut x = seed | 1;
    (0..length)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 24) as u8
        })
        .collect()
}

#[test]
fn generated_modules_are_judged_as_by_wasmparser() {
    for seed in 0..1500 {
        zonda_fuzz::validate(&noise(seed * 2 + 1, 200 + seed as usize % 3000));
    }
}

#[test]
fn generated_modules_run_as_in_wasmi() {
    for seed in 0..1500 {
        zonda_fuzz::execute(&noise(seed * 2 + 1, 200 + seed as usize % 4000));
    }
}

/// Of the runner's first seeds (`cargo xtask fuzz --programs`), as many as take some seconds.
#[test]
fn generated_programs_agree_in_all_modes_and_with_wasmi() {
    use zonda_fuzz::program::{check, encode, exceptions, generate, Judge};
    let mut judge = Judge::default();
    let (mut returned, mut trapped, mut values, mut thrown) = (0, 0, 0, 0);
    for seed in 0..1_000 {
        let program = generate(seed);
        thrown += exceptions::variant(&program).is_some() as u32;
        let outcome = match check(&program, &encode(&program), &mut judge, None) {
            Ok(outcome) => outcome,
            Err(what) => panic!("seed {seed}: {what}"),
        };
        returned += outcome.returned;
        trapped += outcome.trapped;
        values += outcome.values;
    }
    // That programs do something is what the generator is for.
    assert!(returned > 20 * trapped, "{returned} calls returned, {trapped} trapped");
    assert!(values > 20_000, "only {values} values were compared");
    assert!(thrown > 50 || cfg!(not(feature = "exceptions")), "only {thrown} programs throw");
}

/// Vectors in both modes, in wasmi, and through the checker of translations; a part of the modules
/// has large functions.
#[cfg(feature = "simd")]
#[test]
fn vectors_are_those_of_wasmi_and_translations_are_right() {
    let mut steps = 0;
    for seed in 0..400 {
        let bytes = zonda_fuzz::vectors(seed);
        zonda_fuzz::compare_verdicts(&bytes);
        zonda_fuzz::execute_module(&bytes, seed);
        match zonda_fuzz::checker::check_module(&bytes) {
            Ok(checked) => steps += checked.steps,
            Err(what) => panic!("seed {seed}: {what}"),
        }
    }
    assert!(steps > 5_000, "only {steps} steps were compared");
}

#[test]
fn translations_of_generated_and_real_modules_are_right() {
    use zonda_fuzz::program::{encode, generate};
    let check = |bytes: &[u8]| match zonda_fuzz::checker::check_module(bytes) {
        Ok(checked) => checked.steps,
        Err(what) => panic!("{what}"),
    };
    let mut steps = 0;
    for seed in 0..1_000 {
        steps += encode(&generate(seed)).iter().map(|bytes| check(bytes)).sum::<u64>();
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/modules");
    for file in std::fs::read_dir(folder).unwrap().flatten().map(|file| file.path()) {
        // The checker does not know exceptions.
        let is_known = !file.ends_with("unwind.wasm");
        if is_known && file.extension().is_some_and(|ext| ext == "wasm") {
            steps += check(&std::fs::read(&file).unwrap());
        }
    }
    assert!(steps > 100_000, "only {steps} steps were compared");
}
