//! `cargo xtask mutants`: how much of what can be broken the tests notice. [`switched`] changes a
//! random sample of the places of the Rust sources (a condition, an operator, a returned value) in
//! one build; with `--one-by-one` cargo-mutants changes and builds one place at a time; [`thumb`]
//! damages the loops in Thumb-2.
//!
//! docs/mutants.md has the figures.

mod equivalent;
mod second;
mod switched;
mod thumb;

use crate::{features, install, modes, shell, test};
use anyhow::{bail, Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

#[derive(clap::Args)]
pub struct Options {
    /// Damage single instructions of the loops in Thumb-2 in place of the Rust sources
    #[arg(long)]
    thumb: bool,
    /// Damage only the loop of this execution mode
    #[arg(long, requires = "thumb", value_parser = [modes::FAST.name, modes::CLASSIC.name])]
    mode: Option<String>,
    /// Try about this many mutants; all of them if not given
    #[arg(long)]
    sample: Option<usize>,
    /// Change only these files (a folder or file; for cargo-mutants a glob; can be repeated), in
    /// place of all parts of the runtime
    #[arg(long, conflicts_with = "thumb")]
    file: Vec<String>,
    /// Which random sample of the Rust sources is tried
    #[arg(long, default_value_t = 1, conflicts_with = "thumb")]
    seed: u64,
    /// Leave out tests that take longer, in seconds
    #[arg(long, default_value_t = 20, conflicts_with = "thumb")]
    seconds: u64,
    /// Try those of the sample again that the last run did not notice: what changed may be tests,
    /// and not the sources
    #[arg(long, conflicts_with_all = ["thumb", "one_by_one"])]
    again: bool,
    /// Try those that the last run did not notice with what it leaves out of `cargo xtask test`: the
    /// longest tests, and builds with other features
    #[arg(long, conflicts_with_all = ["thumb", "one_by_one", "again"])]
    second_stage: bool,
    /// Let cargo-mutants build each mutant alone, which takes a minute for each
    #[arg(long, conflicts_with_all = ["thumb", "seed"])]
    one_by_one: bool,
}

/// What is changed, by the name of its row in the table.
const PARTS: [(&str, &[&str]); 7] = [
    ("validator", &["src/binary/**", "src/validate/**", "src/module/**"]),
    ("translator and side table", &["src/code/*.rs", "src/code/classic/**", "src/code/fast/**"]),
    ("interpreter loops", &["exec/src/**"]),
    ("store", &["src/store/**", "src/alloc.rs"]),
    ("Rust API", &["src/host/**"]),
    ("C API", &["src/capi/**", "src/platform/**"]),
    ("registry of host functions", &["src/registry/**"]),
];

/// What cannot be tested on the host, or is compiled into no test.
const EXCLUDED: [&str; 10] = [
    "**/thumb.rs",
    "**/thumb_calls.rs",
    "**/strict.rs",
    "**/tests.rs",
    "src/platform/firmware.rs",
    "src/capi/invoke/*.rs",
    "src/message.rs",
    // Its tests need LLVM.
    "exec/src/native/*.rs",
    "src/code/native/*.rs",
    "src/store/native.rs",
];

fn rust(options: &Options) -> Result<()> {
    let program = install::program("cargo-mutants")?;
    let globs: Vec<&str> = if options.file.is_empty() {
        PARTS.iter().flat_map(|(_, globs)| globs.iter().copied()).collect()
    } else {
        options.file.iter().map(String::as_str).collect()
    };
    let command = || {
        let mut command = Command::new(&program);
        command.current_dir(shell::root()).arg("mutants").args(["--package", "zonda"]);
        command.args(["--package", "zonda-exec", "--features", &features::of_c_api_tests()]);
        for glob in &globs {
            command.args(["--file", glob]);
        }
        for glob in EXCLUDED {
            command.args(["--exclude", glob]);
        }
        command
    };
    let all = shell::output(command().arg("--list"))?.lines().count();
    let shards = options.sample.map_or(1, |sample| (all / sample.max(1)).max(1));
    shell::step(&format!("{} of {all} mutants", all.div_ceil(shards)));
    let folder = shell::target_dir().join("mutants");
    fs::create_dir_all(&folder)?;
    let mut run = command();
    run.arg("--output").arg(&folder).args(["--no-shuffle", "--colors", "never"]);
    run.args(["--test-package", "zonda,zonda-exec"]).env_remove("CARGO_TARGET_DIR");
    if shards > 1 {
        // Every so many-th mutant.
        run.args(["--sharding", "round-robin", "--shard", &format!("0/{shards}")]);
    }
    // As `cargo xtask test --quick`, without what does not depend on the runtime's code.
    run.args(["--", "--lib", "--tests", "--"]);
    let not_of_code = ["arrows::", "lints::", "rebuild::", "requirements::"];
    run.args(test::LONG.iter().chain(&not_of_code).flat_map(|test| ["--skip", test]));
    // Its status says whether mutants were missed, which is a result and no failure.
    let status = run.stdout(std::io::stderr()).status().context("could not start cargo-mutants")?;
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        bail!("cargo-mutants failed ({status})");
    }
    let outcomes = fs::read_to_string(folder.join("mutants.out/outcomes.json"))?;
    print!("{}", table(&serde_json::from_str(&outcomes)?));
    Ok(())
}

/// Whether a path matches a glob of [`PARTS`]: a folder, or the files of one.
fn matches(path: &str, glob: &str) -> bool {
    if let Some(folder) = glob.strip_suffix("**") {
        return path.starts_with(folder);
    }
    match glob.strip_suffix("*.rs") {
        Some(folder) => path.strip_prefix(folder).is_some_and(|rest| !rest.contains('/')),
        None => path == glob,
    }
}

/// The part of the runtime that a file belongs to.
fn part(file: &str) -> &'static str {
    let part = PARTS.iter().find(|(_, globs)| globs.iter().any(|glob| matches(file, glob)));
    part.map_or("other", |(name, _)| name)
}

/// Mutants that the tests could have noticed, and those that they did.
#[derive(Default)]
struct Row {
    caught: usize,
    timeouts: usize,
    missed: usize,
    unviable: usize,
}

/// The results as tables: counts for each part of the runtime, and the mutants that no test
/// noticed.
fn table(outcomes: &Value) -> String {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut missed = Vec::new();
    for outcome in outcomes["outcomes"].as_array().into_iter().flatten() {
        let mutant = &outcome["scenario"]["Mutant"];
        let Some(file) = mutant["file"].as_str() else { continue };
        let row = rows.entry(part(file)).or_default();
        match outcome["summary"].as_str().unwrap_or_default() {
            "CaughtMutant" => row.caught += 1,
            "Timeout" => row.timeouts += 1,
            "Unviable" => row.unviable += 1,
            "MissedMutant" => {
                row.missed += 1;
                missed.push(mutant["name"].as_str().unwrap_or_default().to_owned());
            }
            _ => {}
        }
    }
    let mut text = "| part | tried | noticed | by running for ever | not noticed | noticed, % | do not compile |\n|---|---:|---:|---:|---:|---:|---:|\n".to_owned();
    for (name, row) in &rows {
        let noticed = row.caught + row.timeouts;
        let tried = noticed + row.missed;
        let percent = 100.0 * noticed as f64 / tried.max(1) as f64;
        text += &format!(
            "| {name} | {tried} | {noticed} | {} | {} | {percent:.1} | {} |\n",
            row.timeouts, row.missed, row.unviable
        );
    }
    for name in missed {
        text += &format!("\n- `{name}`");
    }
    text + "\n"
}

pub fn run(options: &Options) -> Result<()> {
    if options.thumb {
        return thumb::run(options.sample.unwrap_or(usize::MAX), options.mode.as_deref());
    }
    if options.one_by_one {
        return rust(options);
    }
    let sample = options.sample.unwrap_or(usize::MAX);
    if options.second_stage {
        return second::run(switched::Sample::new(sample, options.seed, &options.file)?);
    }
    switched::run(sample, options.seed, &options.file, options.seconds, options.again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_by_part() {
        let outcome = |file: &str, summary: &str| serde_json::json!({"scenario": {"Mutant": {"file": file, "name": format!("{file}: replace")}}, "summary": summary});
        let outcomes = serde_json::json!({"outcomes": [
            {"scenario": "Baseline", "summary": "Success"},
            outcome("src/validate/func.rs", "CaughtMutant"),
            outcome("src/module/load.rs", "MissedMutant"),
            outcome("src/code/mod.rs", "Timeout"),
            outcome("src/code/fast/emit.rs", "Unviable"),
        ]});
        let table = table(&outcomes);
        assert!(table.contains("| validator | 2 | 1 | 0 | 1 | 50.0 | 0 |"), "{table}");
        assert!(
            table.contains("| translator and side table | 1 | 1 | 1 | 0 | 100.0 | 1 |"),
            "{table}"
        );
        assert!(table.contains("- `src/module/load.rs: replace`"), "{table}");
    }
}
