//! Criterion: the SMP group of applications has the same numbers everywhere: in the firmware, in
//! the manager of a host (which `zonda device` uses too), in the messages for Python, and in the
//! documentation.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The part of a text between two others.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("'{begin}' is not there"));
    rest.split_once(end).unwrap_or_else(|| panic!("'{end}' is not there")).0
}

/// `NAME = NUMBER` of each line that has it, without a prefix of the name.
fn numbers(text: &str, prefix: &str) -> BTreeMap<String, u32> {
    let number = |line: &str| {
        let (name, value) = line.trim().split_once(" = ")?;
        let name = name.trim_start_matches("pub const ").split(':').next()?;
        let is_name =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let name = name.strip_prefix(prefix).filter(|name| is_name(name))?;
        let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
        Some((name.to_owned(), digits.parse().ok()?))
    };
    text.lines().filter_map(number).collect()
}

#[test]
fn commands_have_the_same_numbers() {
    let firmware = numbers(between(&read("zephyr/zonda_apps_smp.c"), "enum command {", "};"), "");
    assert_eq!(firmware.len(), 15);
    let host = read("manager/src/host/smp.rs");
    assert_eq!(numbers(between(&host, "pub mod command {", "\n}"), ""), firmware);
    // Each is executed.
    let handlers = read("zephyr/zonda_apps_smp.c");
    let handlers = between(&handlers, "handlers[] = {", "};");
    for name in firmware.keys() {
        assert!(handlers.contains(&format!("[{name}] = {{.mh_")), "{name}");
        assert!(
            host.contains(&format!("(READ, {name})")) || host.contains(&format!("(WRITE, {name})"))
        );
        // Whether it reads or writes.
        let reads = handlers.contains(&format!("[{name}] = {{.mh_read"));
        assert_eq!(host.contains(&format!("(READ, {name})")), reads, "{name}");
    }
    // The messages for Python: a class with its number, or a call that makes one.
    let messages = read("tools/smp/zonda_smp/messages.py");
    let mut python = BTreeMap::new();
    let mut class = String::new();
    for line in messages.lines() {
        if let Some(rest) = line.strip_prefix("class ") {
            class = rest.split(['(', ':']).next().unwrap().to_uppercase();
        }
        if let Some(number) = line.trim().strip_prefix("_COMMAND_ID = ") {
            if let Ok(number) = number.parse::<u32>() {
                python.insert(class.trim_end_matches("RESPONSE").to_owned(), number);
            }
        }
        if let Some((name, number)) = line.split_once(" = _by_name(") {
            let number = number.split([' ', ')']).nth(1).unwrap();
            python.insert(name.to_uppercase(), number.parse().unwrap());
        }
    }
    assert_eq!(python, firmware);
    // The group.
    assert!(read("zephyr/Kconfig.apps").contains(
        "config ZONDA_APPS_SMP_GROUP\n\tint \"Number of the SMP group\"\n\tdefault 74\n"
    ));
    assert!(host.contains("pub const GROUP: u16 = 74;"));
    assert!(messages.contains("\nGROUP = 74\n"));
}

#[test]
fn results_have_the_same_numbers() {
    let header = read("include/zonda_apps.h");
    let header = numbers(between(&header, "enum zonda_app_result_t {", "}"), "ZONDA_APP_");
    assert_eq!(header.len(), 21);
    let mut all: Vec<u32> = header.values().copied().collect();
    all.sort();
    assert!(all.into_iter().eq(0..21));
    assert_eq!(
        numbers(between(&read("manager/src/outcome.rs"), "outcomes! {\n    ///", "\n}"), ""),
        header
    );
    let messages = read("tools/smp/zonda_smp/messages.py");
    assert_eq!(numbers(between(&messages, "class Result(IntEnum):", "class ErrorV1"), ""), header);
}

#[test]
fn states_have_the_same_names() {
    let manager = read("manager/src/shared.rs");
    let names = between(&manager, "pub const fn name(self)", "\n    }\n");
    let manager: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
    let firmware = read("zephyr/zonda_apps.c");
    let names = between(&firmware, "const char *const names[] = {", "};");
    let firmware: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
    assert_eq!(manager.len(), 6);
    assert_eq!(manager, firmware);
}
