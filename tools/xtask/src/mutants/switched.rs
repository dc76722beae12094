//! Mutants as switches in one build (`src/bin/mutate`): a copy of the repository gets a random
//! sample of them, is built once, and each test runs once to see which mutants it reaches. Then
//! each mutant is chosen in turn, and the tests that reach it run, the shortest first, until one
//! fails.

use super::{equivalent, part, PARTS};
use crate::{features, shell, test};
use anyhow::{bail, Context, Result};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the tests of `cargo xtask test` are built with on the host, besides the features of a
/// library for applications in C.
const OF_THE_HOST: [&str; 5] = ["std", "log", "capi", "signed-files", "trace"];

/// The words that `src/bin/mutate/switch.rs` leaves in what is built, before the job's number and
/// the mutant's: the switch was compiled, its function has code, the switch itself has.
const COMPILED: u32 = 0x7a6d_7501;
const FUNCTION: u32 = 0x7a6d_7502;
const SWITCH: u32 = 0x7a6d_7503;

/// So many more mutants are built than tried, since some cannot count.
const SPARE: usize = 6;

/// Tests that do not run the code of this build.
const LEFT_OUT: [&str; 4] = ["arrows::", "lints::", "rebuild::", "requirements::"];

/// Of the longest tests, the one that runs what no other does: precompiled modules of proposals.
const FROM_FILES: &str = "suite::the_official_suite_from_files";

/// What a test may take when it runs first, and builds applications in C.
const FIRST: Duration = Duration::from_secs(300);

/// The binary of tests about the repository itself.
const REPOSITORY: &str = "repository";

/// What of the mutants is in the files that were built.
#[derive(Default)]
struct Present {
    compiled: BTreeSet<usize>,
    functions: BTreeSet<usize>,
    switches: BTreeSet<usize>,
}

impl Present {
    /// Adds what a file has.
    fn read(&mut self, bytes: &[u8], job: u32) {
        let job = job.to_le_bytes();
        let tail = COMPILED.to_le_bytes();
        for (at, window) in bytes.windows(12).enumerate() {
            if window[1..4] != tail[1..] || window[4..8] != job {
                continue;
            }
            let word = |from: usize| {
                bytes
                    .get(at + from..at + from + 4)
                    .map_or(0, |word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            };
            let number = word(8) as usize;
            _ = match word(0) {
                COMPILED => self.compiled.insert(number),
                FUNCTION => self.functions.insert(number),
                SWITCH => self.switches.insert(number),
                _ => false,
            };
        }
    }

    /// Adds what all libraries and programs of a folder have.
    fn read_all(&mut self, folder: &Path, job: u32) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // Tests leave links, also such that lead round in a circle.
            let kind = entry.file_type()?;
            let path = entry.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if kind.is_dir() {
                let skipped = ["incremental", "build", ".fingerprint"];
                if !skipped.contains(&name) {
                    self.read_all(&path, job)?;
                }
                continue;
            }
            let is_library =
                name.starts_with("libzonda") && (name.ends_with(".rlib") || name.ends_with(".a"));
            if kind.is_file() && (is_library || !name.contains('.')) {
                self.read(&fs::read(&path)?, job);
            }
        }
        Ok(())
    }

    /// Whether a mutant that no test reaches is not in this build: what it is in was not compiled;
    /// or its function has code, and the compiler has found that the mutant is never executed; or
    /// it has found so of the function, whose code would be there if anybody could call it.
    fn lacks(&self, number: usize, is_generic: bool) -> bool {
        // Without any, this is a CPU for which the switch leaves nothing.
        if self.switches.is_empty() || self.switches.contains(&number) {
            return false;
        }
        let is_compiled = self.compiled.contains(&number);
        !is_compiled || self.functions.contains(&number) || !is_generic
    }
}

/// A test with the time that it took, and the places that it reached.
pub(super) struct Test {
    program: PathBuf,
    folder: PathBuf,
    pub(super) name: String,
    pub(super) time: Duration,
    reached: Vec<u8>,
}

impl Test {
    pub(super) fn reaches(&self, number: usize) -> bool {
        self.reached.get(number) == Some(&1)
    }
}

pub(super) fn count(value: &Value) -> usize {
    value.as_u64().unwrap_or(0) as usize
}

/// The files that git knows.
fn listed() -> Result<Vec<String>> {
    let listed = shell::output(Command::new("git").current_dir(shell::root()).args(["ls-files"]))?;
    Ok(listed.lines().map(str::to_owned).collect())
}

/// Copies files, and leaves those alone that are the same, so that they are not compiled again.
fn copy(root: &Path, files: &[String], tree: &Path) -> Result<()> {
    for file in files {
        let (from, to) = (root.join(file), tree.join(file));
        let Ok(bytes) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        fs::create_dir_all(to.parent().context("a file has a folder")?)?;
        fs::write(&to, bytes)?;
    }
    Ok(())
}

/// What building gave: the programs of tests with their folders, or the files and ranges of errors.
enum Built {
    Programs(Vec<(PathBuf, PathBuf)>),
    Errors(Vec<(String, Range<usize>)>),
}

/// Which tests the first stage builds: those of all default members, which run the runtime as well,
/// the command line's in a process of its own.
pub(super) fn of_the_first_stage() -> Vec<String> {
    let features = features::of_c_api_tests();
    ["--features", &features, "--lib", "--tests"].map(str::to_owned).to_vec()
}

/// Builds the tests that these arguments of `cargo test` choose.
fn build(tree: &Path, arguments: &[String]) -> Result<Built> {
    let mut command = shell::cargo();
    command.current_dir(tree).args(["test", "--quiet", "--no-run", "--message-format=json"]);
    command.args(arguments);
    // Cargo names the products of both copies of a package alike.
    command.env("CARGO_TARGET_DIR", tree.with_file_name("target"));
    let output = command.stderr(Stdio::null()).output()?;
    let (mut programs, mut errors) = (Vec::new(), Vec::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        if let (Some(program), true) =
            (message["executable"].as_str(), message["profile"]["test"] == Value::Bool(true))
        {
            let manifest = Path::new(message["manifest_path"].as_str().unwrap_or_default());
            let folder = manifest.parent().unwrap_or(tree);
            let is_runtime = !folder.ends_with("tools/xtask");
            if is_runtime && message["target"]["name"] != REPOSITORY {
                programs.push((PathBuf::from(program), folder.to_owned()));
            }
        }
        let compiler = &message["message"];
        if compiler["level"] == "error" {
            let folder = Path::new(message["manifest_path"].as_str().unwrap_or_default());
            let folder = folder.parent().unwrap_or(tree);
            for span in compiler["spans"].as_array().into_iter().flatten() {
                // Paths of members are relative to the workspace.
                let file = span["file_name"].as_str().unwrap_or_default();
                let file =
                    if tree.join(file).is_file() { tree.join(file) } else { folder.join(file) };
                let file = file.strip_prefix(tree).unwrap_or(&file).display().to_string();
                errors.push((file, count(&span["byte_start"])..count(&span["byte_end"])));
            }
        }
    }
    if output.status.success() {
        return Ok(Built::Programs(programs));
    }
    if errors.is_empty() {
        bail!("the copy with mutants does not compile, and no error has a place");
    }
    Ok(Built::Errors(errors))
}

/// How a test ended.
#[derive(PartialEq, Clone, Copy)]
pub(super) enum End {
    Passed,
    Failed,
    Endless,
}

/// Runs one test with a variable that says what it does about mutants.
pub(super) fn run_test(
    test: &Test,
    variable: (&str, &str),
    limit: Duration,
) -> Result<(End, Duration)> {
    let start = Instant::now();
    let mut command = Command::new(&test.program);
    command.current_dir(&test.folder).args(["--exact", &test.name, "--test-threads=1", "--quiet"]);
    command.env(variable.0, variable.1).env("CARGO_MANIFEST_DIR", &test.folder);
    // What chooses a mutant makes the linker take a part of Rust's library that names the function
    // for panics that unwind. An application in C has none, and needs none.
    command.env("ZONDA_C_CFLAGS", "-Wl,--defsym=rust_eh_personality=0");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A group of its own: a test of the C API starts an application, which may be what does not
    // end.
    let mut child = command.process_group(0).spawn()?;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((if status.success() { End::Passed } else { End::Failed }, start.elapsed()));
        }
        if start.elapsed() > limit {
            shell::end_group(&mut child);
            return Ok((End::Endless, start.elapsed()));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Which tests of the programs are run, and how long each may take.
pub(super) struct Selection<'a> {
    pub(super) wanted: &'a dyn Fn(&str) -> bool,
    /// What a test may take when it runs first, and builds applications in C.
    pub(super) first: Duration,
    /// What it may take again.
    pub(super) longest: Duration,
}

/// The chosen tests, each run once, the shortest first; and the names of those that took too long or
/// fail without a mutant.
pub(super) fn tests(
    programs: &[(PathBuf, PathBuf)],
    folder: &Path,
    selection: &Selection,
) -> Result<(Vec<Test>, Vec<String>)> {
    let reached = folder.join("reached");
    let (mut tests, mut left_out) = (Vec::new(), Vec::new());
    for (program, at) in programs {
        let listed = shell::output(
            Command::new(program).current_dir(at).args(["--list", "--format", "terse"]),
        )?;
        for name in listed.lines().filter_map(|line| line.strip_suffix(": test")) {
            if !(selection.wanted)(name) {
                continue;
            }
            let mut test = Test {
                program: program.clone(),
                folder: at.clone(),
                name: name.to_owned(),
                time: Duration::ZERO,
                reached: Vec::new(),
            };
            let _ = fs::remove_file(&reached);
            let variable = ("ZONDA_MUTANTS_REACHED", reached.to_str().unwrap_or_default());
            let (mut end, mut time) = run_test(&test, variable, selection.first)?;
            if end == End::Passed && time > selection.longest {
                (end, time) = run_test(&test, variable, selection.longest)?;
            }
            if end != End::Passed {
                eprintln!("    left out: {name}, which takes too long or fails without a mutant");
                left_out.push(test.name);
                continue;
            }
            test.time = time;
            test.reached = fs::read(&reached).unwrap_or_default();
            tests.push(test);
        }
    }
    tests.sort_by_key(|test| test.time);
    eprintln!("    {} tests; {} left out", tests.len(), left_out.len());
    Ok((tests, left_out))
}

/// Whether a test is one of the longest, which the second stage runs.
pub(super) fn is_long(name: &str) -> bool {
    test::LONG.iter().any(|long| *long != FROM_FILES && name.contains(long))
}

/// Whether the first stage runs a test.
fn is_of_the_first_stage(name: &str) -> bool {
    runs_the_code(name) && !is_long(name)
}

/// Whether a test runs the code of this build.
pub(super) fn runs_the_code(name: &str) -> bool {
    !LEFT_OUT.iter().any(|skipped| name.contains(skipped))
}

/// What names a mutant in two runs on the same sources.
pub(super) fn name(mutant: &Value) -> (Option<u64>, String) {
    (mutant["number"].as_u64(), describe(mutant))
}

/// The results of the last run for mutants of this sample, without those that are tried again.
fn earlier(path: &Path, chosen: &[Value]) -> Result<BTreeMap<usize, Value>> {
    let text = fs::read_to_string(path).context("there is no earlier run to try again")?;
    let json: Value = serde_json::from_str(&text)?;
    let names: BTreeSet<_> = chosen.iter().map(name).collect();
    let known = json["results"].as_array().into_iter().flatten();
    let known = known.filter(|result| names.contains(&name(result)));
    let noticed = ["noticed", "endless"];
    Ok(known
        .filter(|result| noticed.contains(&result["end"].as_str().unwrap_or_default()))
        .map(|result| (count(&result["number"]), result.clone()))
        .collect())
}

/// A sample of mutants, and where the copy of the sources with them is.
pub(super) struct Sample<'a> {
    pub(super) sample: usize,
    pub(super) seed: u64,
    pub(super) files: &'a [String],
    /// The folder of all that the harness writes.
    pub(super) folder: PathBuf,
    mutate: PathBuf,
    /// Numbers of mutants that do not compile.
    pub(super) dropped: BTreeSet<usize>,
}

impl Sample<'_> {
    pub(super) fn new(sample: usize, seed: u64, files: &[String]) -> Result<Sample<'_>> {
        let folder = std::path::absolute(shell::target_dir())?.join("mutants");
        fs::create_dir_all(folder.join("tree"))?;
        let mut build = shell::cargo();
        build.args(["build", "--quiet", "--package", "xtask", "--features", "mutants"]);
        shell::run(build.args(["--bin", "mutate"]))?;
        let mutate = shell::target_dir().join("debug").join("mutate");
        Ok(Sample { sample, seed, files, folder, mutate, dropped: BTreeSet::new() })
    }

    pub(super) fn results(&self) -> PathBuf {
        self.folder.join("results.json")
    }

    /// Writes the sample into the copy of the sources, and returns what was written.
    fn render(&self) -> Result<Value> {
        let (tree, sources) = (self.folder.join("tree"), self.folder.join("sources"));
        let mut files_of_tree = listed()?;
        copy(shell::root(), &files_of_tree, &sources)?;
        let path = self.folder.join("job.json");
        let features: Vec<&str> = features::of_the_library().chain(OF_THE_HOST).collect();
        let asked = json!({
            "features": features, "files": self.files, "seed": self.seed, "dropped": self.dropped,
            "sample": self.sample.saturating_add(self.sample / SPARE),
        });
        fs::write(&path, asked.to_string())?;
        shell::run(Command::new(&self.mutate).arg(&sources).arg(&path))?;
        // The same mutants of the same sources are not built twice.
        files_of_tree.push("exec/src/mutant.rs".to_owned());
        copy(&sources, &files_of_tree, &tree)?;
        Ok(serde_json::from_str(&fs::read_to_string(&path)?)?)
    }

    /// Builds the tests that arguments of `cargo test` choose, without the mutants that do not
    /// compile: the job, and the programs with their folders.
    pub(super) fn build(
        &mut self,
        arguments: &[String],
    ) -> Result<(Value, Vec<(PathBuf, PathBuf)>)> {
        loop {
            let job = self.render()?;
            shell::step(&format!(
                "building {} mutants; {} do not compile",
                job["chosen"].as_array().map_or(0, Vec::len) - self.dropped.len(),
                self.dropped.len()
            ));
            match build(&self.folder.join("tree"), arguments)? {
                Built::Programs(programs) => return Ok((job, programs)),
                Built::Errors(errors) => self.drop_mutants(&job, &errors)?,
            }
        }
    }

    /// Leaves out the mutants that errors of the compiler are about.
    fn drop_mutants(&mut self, job: &Value, errors: &[(String, Range<usize>)]) -> Result<()> {
        let before = self.dropped.len();
        let range = |placed: &Value| count(&placed["start"])..count(&placed["end"]);
        for (file, at) in errors {
            let placed = || {
                let all = job["placed"].as_array().into_iter().flatten();
                all.filter(|placed| placed["file"].as_str() == Some(file))
            };
            // The shortest range around the error: the mutant itself rather than all of a place.
            let around = placed().filter(|placed| range(placed).contains(&at.start));
            match around.min_by_key(|placed| range(placed).len()) {
                Some(placed) => _ = self.dropped.insert(count(&placed["mutant"])),
                // An expression that is constant, and no longer with what is in it.
                None => self.dropped.extend(
                    placed()
                        .filter(|placed| at.contains(&range(placed).start))
                        .map(|placed| count(&placed["mutant"])),
                ),
            }
        }
        if self.dropped.len() == before {
            bail!("an error in no mutant: {}, byte {}", errors[0].0, errors[0].1.start);
        }
        Ok(())
    }
}

/// Tries a sample of `sample` mutants; with `again` those of it that the last run did not notice.
/// Mutants that are equivalent, do not compile or are not in this build have others in their place.
pub fn run(sample: usize, seed: u64, files: &[String], seconds: u64, again: bool) -> Result<()> {
    let mut drawn = Sample::new(sample, seed, files)?;
    let (job, programs) = drawn.build(&of_the_first_stage())?;
    let Sample { folder, dropped, .. } = &drawn;
    shell::step(&format!("each test of {} programs alone", programs.len()));
    let longest = Duration::from_secs(seconds);
    let selection = Selection { wanted: &is_of_the_first_stage, first: FIRST, longest };
    let (tests, left_out) = tests(&programs, folder, &selection)?;
    let chosen = job["chosen"].as_array().cloned().unwrap_or_default();
    let mut results = Vec::new();
    let known = if again { earlier(&drawn.results(), &chosen)? } else { BTreeMap::new() };
    shell::step(&format!("{} mutants", sample.min(chosen.len())));
    let mut present = None;
    let mut tried = 0;
    let mut useful: BTreeMap<String, usize> = BTreeMap::new();
    for mutant in &chosen {
        if tried == sample {
            break;
        }
        let number = count(&mutant["number"]);
        let mut mutant = mutant.clone();
        if dropped.contains(&number) {
            mutant["end"] = "does not compile".into();
            results.push(mutant);
            continue;
        }
        if let Some(result) = known.get(&number) {
            results.push(result.clone());
            tried += 1;
            continue;
        }
        if equivalent::reason(&mutant).is_some() {
            mutant["end"] = "equivalent".into();
            results.push(mutant);
            continue;
        }
        let file = mutant["file"].as_str().unwrap_or_default().to_owned();
        let mut reaching: Vec<(usize, &Test)> =
            tests.iter().enumerate().filter(|(_, test)| test.reaches(number)).collect();
        if reaching.is_empty() {
            if present.is_none() {
                let mut read = Present::default();
                read.read_all(&folder.join("target"), count(&job["nonce"]) as u32)?;
                present = Some(read);
            }
            let is_generic = mutant["generic"] == Value::Bool(true);
            if present.as_ref().is_some_and(|present| present.lacks(number, is_generic)) {
                mutant["end"] = "not in this build".into();
                results.push(mutant);
                continue;
            }
        }
        tried += 1;
        // What noticed a mutant of the same file is likely to notice this one.
        if let Some(first) = useful.get(&file) {
            if let Some(at) = reaching.iter().position(|(index, _)| index == first) {
                reaching[..=at].rotate_right(1);
            }
        }
        let (mut end, mut by) = (End::Passed, String::new());
        for (index, test) in &reaching {
            let limit = Duration::from_secs(5) + test.time * 10;
            end = run_test(test, ("ZONDA_MUTANT", &number.to_string()), limit)?.0;
            if end != End::Passed {
                by = test.name.clone();
                useful.insert(file.clone(), *index);
                break;
            }
        }
        let text = match end {
            End::Failed => "noticed",
            End::Endless => "endless",
            End::Passed if reaching.is_empty() => "not reached",
            End::Passed => "not noticed",
        };
        if end == End::Passed {
            eprintln!("    {text}: {}", describe(&mutant));
        }
        mutant["end"] = text.into();
        mutant["by"] = by.into();
        mutant["tests"] = reaching.len().into();
        results.push(mutant);
        let so_far = json!({"places": job["places"], "results": results, "left_out": left_out});
        fs::write(drawn.results(), so_far.to_string())?;
    }
    print!("{}", table(&job["places"], &results));
    Ok(())
}

fn describe(mutant: &Value) -> String {
    let text = |key: &str| mutant[key].as_str().unwrap_or_default().to_owned();
    format!("{}:{} `{}`: {}", text("file"), mutant["line"], text("function"), text("what"))
}

/// Wilson's interval at 95 % for `hits` of `tries`, in per cent.
fn interval(hits: usize, tries: usize) -> (f64, f64) {
    if tries == 0 {
        return (0.0, 100.0);
    }
    let (n, p, z) = (tries as f64, hits as f64 / tries as f64, 1.96_f64);
    let middle = p + z * z / (2.0 * n);
    let width = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 100.0 / (1.0 + z * z / n);
    ((middle - width) * scale, (middle + width) * scale)
}

/// Counts by part, with the mutants that no test noticed.
pub(super) fn table(places: &Value, results: &[Value]) -> String {
    let mut text = "| part | places | equivalent | not in this build | tried | noticed | noticed, % | 95 % interval | endless | do not compile |\n\
        |---|---:|---:|---:|---:|---:|---:|---|---:|---:|\n"
        .to_owned();
    let ends = |of: Option<&str>, wanted: &[&str]| {
        results
            .iter()
            .filter(|result| {
                let file = result["file"].as_str().unwrap_or_default();
                let end = result["end"].as_str().unwrap_or_default();
                of.is_none_or(|of| part(file) == of) && wanted.contains(&end)
            })
            .count()
    };
    let names = PARTS.iter().map(|(name, _)| Some(*name)).chain([Some("other"), None]);
    for name in names {
        let all: usize = places
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(file, _)| name.is_none_or(|name| part(file) == name))
            .map(|(_, places)| count(places))
            .sum();
        let noticed = ends(name, &["noticed", "endless"]);
        let tried = noticed + ends(name, &["not noticed", "not reached"]);
        if tried == 0 {
            continue;
        }
        let (low, high) = interval(noticed, tried);
        text += &format!(
            "| {} | {all} | {} | {} | {tried} | {noticed} | {:.1} | {low:.0} to {high:.0} % | {} | {} |\n",
            name.unwrap_or("all"),
            ends(name, &["equivalent"]),
            ends(name, &["not in this build"]),
            100.0 * noticed as f64 / tried as f64,
            ends(name, &["endless"]),
            ends(name, &["does not compile"])
        );
    }
    let missed = ["not noticed", "not reached"];
    for result in results.iter().filter(|r| missed.contains(&r["end"].as_str().unwrap_or_default()))
    {
        text +=
            &format!("\n- {} ({})", describe(result), result["end"].as_str().unwrap_or_default());
    }
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for result in results.iter().filter(|result| result["end"] == "equivalent") {
        let reason = equivalent::reason(result).unwrap_or_default();
        reasons.entry(reason).or_default().push(describe(result));
    }
    let absent: Vec<String> =
        results.iter().filter(|r| r["end"] == "not in this build").map(describe).collect();
    if !absent.is_empty() {
        text += &format!("\n\nNot in this build:\n- {}", absent.join("\n- "));
    }
    for (reason, mutants) in reasons {
        text += &format!("\n\nEquivalent: {reason}\n- {}", mutants.join("\n- "));
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_by_part() {
        let result = |file: &str, end: &str| json!({"file": file, "end": end, "line": 3, "function": "f", "what": "+ by -"});
        let places =
            json!({"src/validate/func.rs": 7, "src/module/load.rs": 5, "exec/src/meter.rs": 4});
        let results = [
            result("src/validate/func.rs", "noticed"),
            result("src/module/load.rs", "not reached"),
            result("exec/src/meter.rs", "endless"),
            result("exec/src/meter.rs", "does not compile"),
            result("exec/src/meter.rs", "equivalent"),
            result("exec/src/meter.rs", "not in this build"),
        ];
        let table = table(&places, &results);
        assert!(
            table.contains("| validator | 12 | 0 | 0 | 2 | 1 | 50.0 | 9 to 91 % | 0 | 0 |"),
            "{table}"
        );
        assert!(
            table.contains(
                "| interpreter loops | 4 | 1 | 1 | 1 | 1 | 100.0 | 21 to 100 % | 1 | 1 |"
            ),
            "{table}"
        );
        assert!(table.contains("- src/module/load.rs:3 `f`: + by - (not reached)"), "{table}");
        assert_eq!(table.matches("\n- ").count(), 3, "{table}");
    }

    #[test]
    fn what_is_in_no_file_is_not_in_this_build() {
        let mut bytes = vec![0; 5];
        let mut add = |kind: u32, job: u32, number: u32| {
            bytes.extend([kind, job, number].map(u32::to_le_bytes).concat());
            bytes.push(7);
        };
        for number in 1..=3 {
            add(COMPILED, 9, number);
        }
        add(FUNCTION, 9, 1);
        add(SWITCH, 9, 1);
        add(FUNCTION, 9, 2);
        // Of another job.
        add(SWITCH, 8, 2);
        let mut present = Present::default();
        present.read(&bytes, 9);
        assert!(!present.lacks(1, false), "it has code");
        assert!(present.lacks(2, true), "its function has code, and it has none");
        assert!(!present.lacks(3, true), "nobody has used the function, which says nothing");
        assert!(present.lacks(3, false), "nobody can call the function");
        assert!(present.lacks(4, true), "not compiled");
        assert!(!Present::default().lacks(4, true));
    }
}
