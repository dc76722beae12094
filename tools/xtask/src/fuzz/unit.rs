//! One target in one variant for its share of the time: libFuzzer is started again after each
//! finding, so that one does not hide the next.

use super::build::folder;
use super::{output, variant};
use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any input may take, also on a machine that does other things at the same time.
const TIMEOUT_SECONDS: u32 = 25;
/// With AddressSanitizer's shadow and quarantine.
const MEMORY_MIB: u32 = 2560;
/// The longest input: wasm-smith makes modules of some hundred instructions of it.
const LONGEST: u32 = 8192;
/// So many files of findings that end with the same words are kept.
const KEPT: usize = 3;

/// What to run.
pub struct Unit {
    pub target: String,
    pub strict: bool,
    pub program: PathBuf,
    pub time: Duration,
    /// Where new inputs go, and old ones are taken from; nowhere, when only the seeds are.
    pub corpus: Option<PathBuf>,
    /// For the choices that libFuzzer makes; 0 is another one each time.
    pub seed: u32,
}

/// What came of it.
#[derive(Default)]
pub struct Outcome {
    pub executions: u64,
    pub seconds: f64,
    pub edges: u64,
    pub features: u64,
    pub new_inputs: u64,
    /// What the target has called, where it counts that.
    pub calls: output::Calls,
    pub findings: Vec<Finding>,
}

pub struct Finding {
    /// The panic, what the sanitizer says, or that it took too long.
    pub what: String,
    pub inputs: Vec<PathBuf>,
    pub times: u32,
}

impl Unit {
    pub fn run(&self) -> Result<Outcome> {
        let variant = variant(self.strict);
        let work =
            shell::target_dir().join("fuzz").join("run").join(format!("{}-{variant}", self.target));
        let _ = fs::remove_dir_all(&work);
        let seeds = work.join("seeds");
        let corpus = self.corpus.clone().unwrap_or_else(|| work.join("corpus"));
        let artifacts = folder("artifacts").join(&self.target);
        for folder in [&seeds, &corpus, &artifacts] {
            fs::create_dir_all(folder)
                .with_context(|| format!("could not create {}", folder.display()))?;
        }
        copy_files(&folder("seeds").join(&self.target), &seeds)?;

        let mut outcome = Outcome::default();
        let start = Instant::now();
        for run in 0.. {
            let left = self.time.saturating_sub(start.elapsed());
            if left.as_secs() == 0 && run > 0 {
                break;
            }
            let log = work.join(format!("log-{run}.txt"));
            let status = self
                .command(left, &corpus, &seeds, &artifacts, &log)?
                .status()
                .context("could not start a fuzz target")?;
            let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
            outcome.add(&output::Numbers::of(&text));
            if status.success() {
                let _ = fs::remove_file(log);
                break;
            }
            // It may have been found before: then the file is no new one.
            let input = output::saved(&text).map(PathBuf::from).filter(|path| path.is_file());
            let stuck = input.is_none();
            if let Some(input) = &input {
                // What fails is not tried again, else nothing would come behind it.
                remove_equal(&seeds, input)?;
                remove_equal(&corpus, input)?;
            }
            let what = output::what_failed(&text)
                .unwrap_or_else(|| format!("ended with {status}, see {}", log.display()));
            outcome.found(what, input);
            if stuck {
                break;
            }
        }
        outcome.seconds = start.elapsed().as_secs_f64();
        Ok(outcome)
    }

    fn command(
        &self,
        left: Duration,
        corpus: &Path,
        seeds: &Path,
        artifacts: &Path,
        log: &Path,
    ) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.args([corpus, seeds]).current_dir(shell::root());
        command
            .arg(format!("-max_total_time={}", left.as_secs().max(1)))
            .arg("-print_final_stats=1");
        command
            .arg(format!("-timeout={TIMEOUT_SECONDS}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
            .arg(format!("-max_len={LONGEST}"));
        command
            .arg(format!("-artifact_prefix={}/{}-", artifacts.display(), variant(self.strict)))
            .arg(format!("-seed={}", self.seed));
        // libFuzzer writes to stderr; stdout is what modules print.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(log)?);
        Ok(command)
    }
}

impl Outcome {
    fn add(&mut self, numbers: &output::Numbers) {
        self.executions += numbers.executions;
        self.new_inputs += numbers.new_inputs;
        self.edges = self.edges.max(numbers.edges);
        self.features = self.features.max(numbers.features);
        for (name, counts) in &numbers.calls {
            output::add(&mut self.calls, name, *counts);
        }
    }

    fn found(&mut self, what: String, input: Option<PathBuf>) {
        let same = self.findings.iter_mut().find(|finding| finding.what == what);
        let Some(same) = same else {
            return self.findings.push(Finding { what, inputs: Vec::from_iter(input), times: 1 });
        };
        same.times += 1;
        match input {
            Some(input) if same.inputs.len() < KEPT => same.inputs.push(input),
            Some(input) => drop(fs::remove_file(input)),
            None => {}
        }
    }
}

/// The files of a folder; none, if it is not there.
fn names(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|files| files.flatten().map(|file| file.path()).collect())
        .unwrap_or_default()
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for path in names(from) {
        fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

fn remove_equal(folder: &Path, file: &Path) -> Result<()> {
    let bytes = fs::read(file)?;
    for path in names(folder) {
        if fs::read(&path)? == bytes {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
