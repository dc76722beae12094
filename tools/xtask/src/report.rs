//! Runs the parts of a test, each of them even if one before it failed, and says in a summary at
//! the end what became of each and how long it took.

use crate::shell;
use anyhow::{Context, Result};
use serde_json::{json, Value};
use std::fmt::{Display, Formatter, Write};
use std::time::{Duration, Instant};

/// The error of a part that cannot run on this machine: it is reported as skipped, not as failed.
#[derive(Debug)]
pub struct NotRun(pub String);

impl Display for NotRun {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for NotRun {}

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

struct Part {
    name: String,
    time: Duration,
    /// CPU time of the processes that it started.
    cpu: Duration,
    outcome: Outcome,
}

/// CPU time of all processes that this one started and that have ended, where Linux tells it; 0
/// elsewhere.
fn cpu_of_children() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the program's name, which is in parentheses: the 14th and 15th field, in hundredths of
    // a second.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: u64 = fields.skip(13).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// What became of the parts so far.
pub struct Report {
    parts: Vec<Part>,
    /// Only parts whose name contains one of these run; all of them if there is none.
    only: Vec<String>,
    start: Instant,
}

/// A text of several lines in one, not too long for a summary.
fn one_line(text: &str) -> String {
    const MOST: usize = 400;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

impl Report {
    pub fn new() -> Report {
        Report::only(&[])
    }

    /// A report of the parts whose name contains one of these texts.
    pub fn only(names: &[String]) -> Report {
        Report { parts: Vec::new(), only: names.to_vec(), start: Instant::now() }
    }

    /// Whether a part of this name was asked for.
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.contains(only))
    }

    /// Runs a part. Its error fails it, unless the error is [`NotRun`].
    pub fn part(&mut self, name: &str, test: impl FnOnce() -> Result<()>) {
        if !self.wants(name) {
            return;
        }
        shell::step(&format!("test: {name}"));
        let (start, cpu) = (Instant::now(), cpu_of_children());
        let result = test();
        let (time, cpu) = (start.elapsed(), cpu_of_children().saturating_sub(cpu));
        let outcome = match result {
            Ok(()) => Outcome::Passed,
            Err(error) if error.downcast_ref::<NotRun>().is_some() => {
                Outcome::Skipped(format!("{error:#}"))
            }
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        let seconds = time.as_secs();
        match &outcome {
            Outcome::Passed => eprintln!("    passed: {name} ({seconds} s)"),
            Outcome::Failed(why) => eprintln!("    FAILED: {name} ({seconds} s): {why}"),
            Outcome::Skipped(why) => eprintln!("    NOT RUN: {name}: {why}"),
        }
        self.parts.push(Part { name: name.to_owned(), time, cpu, outcome });
    }

    /// All parts, for [`Report::add_rows`] of another process.
    pub fn rows(&self) -> String {
        let row = |part: &Part| {
            let (kind, why) = match &part.outcome {
                Outcome::Passed => ("passed", ""),
                Outcome::Failed(why) => ("failed", why.as_str()),
                Outcome::Skipped(why) => ("skipped", why.as_str()),
            };
            json!({"name": part.name, "time": part.time.as_secs_f64(), "cpu": part.cpu.as_secs_f64(), "outcome": kind, "why": why})
        };
        Value::from(self.parts.iter().map(row).collect::<Vec<_>>()).to_string()
    }

    /// Adds the parts of another process.
    pub fn add_rows(&mut self, rows: &str) -> Result<()> {
        let rows: Vec<Value> = serde_json::from_str(rows)?;
        for row in rows {
            let text = |key: &str| row[key].as_str().map(str::to_owned).context("a damaged report");
            let seconds = |key: &str| Duration::from_secs_f64(row[key].as_f64().unwrap_or(0.0));
            let why = text("why")?;
            let outcome = match text("outcome")?.as_str() {
                "passed" => Outcome::Passed,
                "skipped" => Outcome::Skipped(why),
                _ => Outcome::Failed(why),
            };
            let (time, cpu) = (seconds("time"), seconds("cpu"));
            self.parts.push(Part { name: text("name")?, time, cpu, outcome });
        }
        Ok(())
    }

    /// Runs a part if what it needs is there, or can be installed.
    pub fn part_if(
        &mut self,
        name: &str,
        needs: impl FnOnce() -> Result<()>,
        test: impl FnOnce() -> Result<()>,
    ) {
        self.part(name, || {
            needs().map_err(|error| NotRun(format!("{error:#}")))?;
            test()
        });
    }

    fn count(&self, of: fn(&Outcome) -> bool) -> usize {
        self.parts.iter().filter(|part| of(&part.outcome)).count()
    }

    /// Whether parts ran or were skipped, and none failed.
    pub fn passed(&self) -> bool {
        !self.parts.is_empty() && self.count(|outcome| matches!(outcome, Outcome::Failed(_))) == 0
    }

    /// A line for each part, and the counts.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for Part { name, time, cpu, outcome } in &self.parts {
            let times = format!("{:>7.1} s  CPU {:>7.1} s", time.as_secs_f64(), cpu.as_secs_f64());
            let _ = match outcome {
                Outcome::Passed => writeln!(text, "passed  {times}  {name}"),
                Outcome::Failed(why) => {
                    writeln!(text, "FAILED  {times}  {name}: {}", one_line(why))
                }
                Outcome::Skipped(why) => {
                    writeln!(text, "NOT RUN {times}  {name}: {}", one_line(why))
                }
            };
        }
        let minutes = self.start.elapsed().as_secs_f64() / 60.0;
        let cpu: Duration = self.parts.iter().map(|part| part.cpu).sum();
        let _ = writeln!(
            text,
            "{minutes:.1} minutes in all, {:.1} of CPU time",
            cpu.as_secs_f64() / 60.0
        );
        let _ = writeln!(
            text,
            "{} passed, {} failed, {} skipped",
            self.count(|outcome| matches!(outcome, Outcome::Passed)),
            self.count(|outcome| matches!(outcome, Outcome::Failed(_))),
            self.count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{bail, Context};

    #[test]
    fn each_part_runs_and_has_its_line() {
        let mut report = Report::new();
        report.part("first", || Ok(()));
        assert!(report.passed());
        report.part("second", || bail!("two\n\n  lines"));
        report.part_if("third", || bail!("no emulator"), || panic!("runs without what it needs"));
        report.part("fourth", || Err(NotRun("no sources".to_owned())).context("the tests"));
        report.part("fifth", || Ok(()));
        assert!(!report.passed());
        let summary = report.summary();
        let lines: Vec<&str> = summary.lines().collect();
        let starts = ["passed ", "FAILED ", "NOT RUN", "NOT RUN", "passed "];
        let ends = [
            "first",
            "second: two lines",
            "third: no emulator",
            "fourth: the tests: no sources",
            "fifth",
        ];
        for ((line, start), end) in lines.iter().zip(starts).zip(ends) {
            assert!(line.starts_with(start) && line.ends_with(&format!("s  {end}")), "{line}");
        }
        assert_eq!(lines.last(), Some(&"2 passed, 1 failed, 2 skipped"));
        // Another process gets the same.
        let mut other = Report::new();
        other.add_rows(&report.rows()).unwrap();
        assert_eq!(other.rows(), report.rows());
        assert!(!other.passed());
        assert_eq!(other.summary().lines().nth(1), Some(lines[1]));
        assert!(other.add_rows("").is_err() && other.add_rows("[{}]").is_err());
    }

    #[test]
    fn cpu_time_of_children_is_counted() {
        let mut report = Report::new();
        report.part("busy", || {
            let count = "n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done";
            shell::run(std::process::Command::new("sh").args(["-c", count]))
        });
        let part = &report.parts[0];
        assert!(part.cpu >= Duration::from_millis(10), "{:?}", part.cpu);
        assert!(part.cpu <= part.time + Duration::from_millis(20));
    }

    #[test]
    fn only_what_was_asked_for_runs() {
        let mut report = Report::only(&["32-bit".to_owned(), "size".to_owned()]);
        report.part("tests on a 32-bit target", || Ok(()));
        report.part("demo", || panic!("nobody asked for it"));
        assert!(report.passed());
        assert_eq!(report.summary().lines().last(), Some("1 passed, 0 failed, 0 skipped"));
        // A name that is no part's is not a success.
        let mut report = Report::only(&["64-bit".to_owned()]);
        report.part("tests on a 32-bit target", || Ok(()));
        assert!(!report.passed());
    }
}
