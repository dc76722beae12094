//! What libFuzzer writes, read.

use std::collections::BTreeMap;

/// Calls by the name of the function: how many were made, and how many of them succeeded.
pub type Calls = BTreeMap<String, (u64, u64)>;

/// Adds calls to others.
pub fn add(to: &mut Calls, name: &str, (made, succeeded): (u64, u64)) {
    let sum = to.entry(name.to_owned()).or_default();
    *sum = (sum.0 + made, sum.1 + succeeded);
}

/// Figures of one run.
#[derive(Debug, Default, PartialEq)]
pub struct Numbers {
    pub executions: u64,
    pub edges: u64,
    pub features: u64,
    pub new_inputs: u64,
    pub calls: Calls,
}

impl Numbers {
    pub fn of(text: &str) -> Numbers {
        let mut numbers = Numbers::default();
        for line in text.lines() {
            if let Some(value) = line.strip_prefix("stat::number_of_executed_units:") {
                numbers.executions = number(value);
            } else if let Some(value) = line.strip_prefix("stat::new_units_added:") {
                numbers.new_inputs = number(value);
            } else if let Some(value) = line.strip_prefix("stat::calls:") {
                // What `zonda_fuzz::calls` writes: NAME MADE SUCCEEDED
                let mut words = value.split_whitespace();
                let name = words.next().unwrap_or_default();
                let mut count = || words.next().map_or(0, number);
                let counts = (count(), count());
                add(&mut numbers.calls, name, counts);
            } else if line.starts_with('#') {
                // #8192	pulse  cov: 5063 ft: 17312 corp: 141/12Kb …
                let mut words = line.split_whitespace();
                while let Some(word) = words.next() {
                    match word {
                        "cov:" => numbers.edges = words.next().map_or(0, number),
                        "ft:" => numbers.features = words.next().map_or(0, number),
                        _ => {}
                    }
                }
            }
        }
        numbers
    }
}

fn number(text: &str) -> u64 {
    text.trim().parse().unwrap_or(0)
}

/// The words that tell one failure from another: of a panic its place and its message, else what
/// the sanitizer or libFuzzer says.
pub fn what_failed(text: &str) -> Option<String> {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some((_, place)) = line.split_once("panicked at ") {
            return Some(format!("panic at {place} {}", lines.next().unwrap_or_default().trim()));
        }
    }
    let summary = text.lines().find_map(|line| line.split_once("SUMMARY: "))?;
    Some(summary.1.to_owned())
}

/// Where libFuzzer put the input that failed.
pub fn saved(text: &str) -> Option<&str> {
    text.lines()
        .find_map(|line| line.split_once("Test unit written to "))
        .map(|(_, path)| path.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read() {
        let text = "INFO: seed corpus: files: 3\n#4\tINITED cov: 10 ft: 20 corp: 1/1b exec/s: 0 rss: 50Mb\n\
            #9\tNEW    cov: 5063 ft: 17312 corp: 141/12Kb lim: 21\nDone\nstat::number_of_executed_units: 300\nstat::new_units_added:        7\n\
            stat::calls: fd_read 20 3\nstat::calls: fd_close 5 5\n";
        let calls = [("fd_close".to_owned(), (5, 5)), ("fd_read".to_owned(), (20, 3))];
        let expected = Numbers {
            executions: 300,
            edges: 5063,
            features: 17312,
            new_inputs: 7,
            calls: calls.into(),
        };
        assert_eq!(Numbers::of(text), expected);
        assert_eq!(what_failed(text), None);
    }

    #[test]
    fn failures_are_told_apart() {
        let panic = "thread '<unnamed>' panicked at src/a.rs:3:5:\nno\nnote: x\nSUMMARY: libFuzzer: deadly signal\n";
        let written = "artifact_prefix='/a/'; Test unit written to /a/crash-1\nBase64: AA==\n";
        assert_eq!((saved(written), saved(panic)), (Some("/a/crash-1"), None));
        assert_eq!(what_failed(panic).as_deref(), Some("panic at src/a.rs:3:5: no"));
        let sanitizer = "==1==ERROR: AddressSanitizer: heap\nSUMMARY: AddressSanitizer: heap-use-after-free a.rs:1 in f\n";
        assert_eq!(
            what_failed(sanitizer).as_deref(),
            Some("AddressSanitizer: heap-use-after-free a.rs:1 in f")
        );
    }
}
