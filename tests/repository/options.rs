//! Criterion: an option has one name. What Kconfig calls `ZONDA_NAME` is the cargo feature `name`,
//! `CMakeLists.txt` connects the two, and `tests/common/features.rs` has it for tests, sizes and
//! mutants.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The words between two texts, once.
fn words(text: &str, from: &str, to: &str) -> BTreeSet<String> {
    let (_, rest) = text.split_once(from).expect(from);
    let (inside, _) = rest.split_once(to).expect(to);
    let words: Vec<&str> = inside.split_whitespace().collect();
    let set: BTreeSet<String> = words.iter().map(|&word| word.to_owned()).collect();
    assert_eq!(words.len(), set.len(), "a name stands twice behind {from:?}");
    set
}

/// The names of cargo features of a manifest.
fn cargo_features(path: &str) -> BTreeSet<String> {
    let manifest = read(path);
    let (_, rest) = manifest.split_once("[features]\n").expect("there are features");
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    let names =
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" ="));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The names of Kconfig's options, as features are written.
fn kconfig_options() -> BTreeSet<String> {
    let texts = ["Kconfig", "zephyr/Kconfig.apps"].map(read).concat();
    let options = texts.lines().filter_map(|line| line.trim().strip_prefix("config ZONDA_"));
    options.map(|option| option.to_lowercase().replace('_', "-")).collect()
}

#[test]
fn options_are_features_of_the_same_name() {
    let cmake = read("CMakeLists.txt");
    let of_the_crate = words(&cmake, "set(names\n", ")");
    let of_the_library = words(&cmake, "foreach(name apps", ")");
    let kconfig = kconfig_options();
    for (names, features) in [
        (&of_the_crate, cargo_features("Cargo.toml")),
        (&of_the_library, cargo_features("clib/Cargo.toml")),
    ] {
        for name in names {
            assert!(features.contains(name), "{name} of CMakeLists.txt is no cargo feature");
            assert!(kconfig.contains(name), "{name} of CMakeLists.txt is no option of Kconfig");
        }
    }
}

#[test]
fn the_list_of_features_is_complete() {
    use crate::features::{C_API, LANGUAGE, MODES, OFF_BY_DEFAULT, SERVICES, SPECIAL};
    let listed: BTreeSet<String> =
        [&MODES[..], &LANGUAGE, &OFF_BY_DEFAULT, &SERVICES, &C_API, &SPECIAL]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect();
    let of_the_crate = words(&read("CMakeLists.txt"), "set(names\n", ")");
    assert_eq!(listed, of_the_crate, "tests/common/features.rs and CMakeLists.txt differ");
    // What Kconfig does not offer has its place elsewhere.
    let others = [
        "default",
        "std",
        "log",
        "capi",
        "built-in-modules",
        "wasi",
        "wasi-sockets-ext",
        "debug",
        "debug-instances",
        "toolchain",
        "signed-files",
    ];
    let features = cargo_features("Cargo.toml");
    let known: BTreeSet<String> = listed.into_iter().chain(others.map(str::to_owned)).collect();
    assert_eq!(features, known, "tests/common/features.rs and Cargo.toml differ");
}
