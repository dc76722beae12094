//! The second stage of `cargo xtask mutants`: what the first one did not notice is tried with what
//! `cargo xtask test` runs besides. That takes long, so a test runs with all mutants that it reaches
//! at once. Where it fails, halves of them follow, down to single ones; a mutant counts as noticed
//! where a test fails with it alone, and passes again without.

use super::switched::{self, count, run_test, End, Sample, Selection, Test};
use crate::{features, shell};
use anyhow::{Context, Result};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// What the longest test may take, on a machine with other work.
const LONGEST: Duration = Duration::from_secs(900);

/// The part of `cargo xtask test` that a build is, and the arguments of `cargo test`.
fn builds() -> [(&'static str, Vec<String>); 4] {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    [
        ("the longest tests", switched::of_the_first_stage()),
        ("specification suite, 2.0 without proposals", words(features::WITHOUT_PROPOSALS)),
        ("nothing but precompiled modules", words(features::ONLY_PRECOMPILED)),
        ("unit and integration tests, strict", words(features::STRICT)),
    ]
}

/// The mutants of a group that a test notices.
fn noticed_by(test: &Test, group: &[usize]) -> Result<Vec<usize>> {
    if group.is_empty() {
        return Ok(Vec::new());
    }
    let limit = Duration::from_secs(20) + test.time * 4;
    let numbers: Vec<String> = group.iter().map(usize::to_string).collect();
    if run_test(test, ("ZONDA_MUTANT", &numbers.join(",")), limit)?.0 == End::Passed {
        return Ok(Vec::new());
    }
    if group.len() == 1 {
        let still_passes = run_test(test, ("ZONDA_MUTANT", ""), limit)?.0 == End::Passed;
        return Ok(if still_passes { group.to_vec() } else { Vec::new() });
    }
    let (first, second) = group.split_at(group.len() / 2);
    Ok([noticed_by(test, first)?, noticed_by(test, second)?].concat())
}

/// What the second stage knows of a mutant.
#[derive(Default)]
struct Found {
    /// Tests that reach it.
    reached: usize,
    /// The part and the test that notices it.
    by: Option<String>,
}

/// Runs the tests of one build on what is open.
fn stage(part: &str, tests: &[Test], open: &mut BTreeMap<usize, Found>) -> Result<()> {
    for test in tests {
        let mut group = Vec::new();
        for (&number, found) in open.iter_mut().filter(|(number, _)| test.reaches(**number)) {
            found.reached += 1;
            if found.by.is_none() {
                group.push(number);
            }
        }
        for number in noticed_by(test, &group)? {
            if let Some(found) = open.get_mut(&number) {
                found.by = Some(format!("{part}: {}", test.name));
            }
        }
    }
    Ok(())
}

/// The end of a mutant after both stages. One that is not in the first build counts if a test
/// reaches it in another one.
fn end<'a>(first: &'a str, found: &Found) -> &'a str {
    match (&found.by, first) {
        (Some(_), _) => "noticed",
        (None, "not in this build" | "not reached") if found.reached > 0 => "not noticed",
        (None, first) => first,
    }
}

/// The results that the first stage did not notice, of mutants of this job.
fn survivors(results: &[Value], job: &Value) -> BTreeMap<usize, Found> {
    let chosen = job["chosen"].as_array().into_iter().flatten();
    let names: BTreeSet<_> = chosen.map(switched::name).collect();
    let survived = ["not noticed", "not reached", "not in this build"];
    let of_this_sample = results.iter().filter(|result| {
        let end = result["end"].as_str().unwrap_or_default();
        survived.contains(&end) && names.contains(&switched::name(result))
    });
    of_this_sample.map(|result| (count(&result["number"]), Found::default())).collect()
}

/// Notes what the second stage has found beside the results of the first one.
fn note(results: &mut [Value], open: &BTreeMap<usize, Found>) {
    for result in results {
        if let Some(found) = open.get(&count(&result["number"])) {
            let end = end(result["end"].as_str().unwrap_or_default(), found);
            result["second"] = json!({"end": end, "by": found.by});
        }
    }
}

/// Tries what the last run of this sample did not notice.
pub fn run(mut sample: Sample) -> Result<()> {
    let text = fs::read_to_string(sample.results()).context("there is no first stage")?;
    let mut json: Value = serde_json::from_str(&text)?;
    let names = json["left_out"].as_array().into_iter().flatten();
    let left_out: BTreeSet<String> =
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let mut results = json["results"].as_array().cloned().unwrap_or_default();
    let mut open = BTreeMap::new();
    for (number, (part, arguments)) in builds().iter().enumerate() {
        let (job, programs) = sample.build(arguments)?;
        if number == 0 {
            open = survivors(&results, &job);
        }
        shell::step(&format!("{part}: {} mutants, {} programs", open.len(), programs.len()));
        let wanted = |name: &str| match number {
            0 => left_out.contains(name) || switched::is_long(name),
            _ => switched::runs_the_code(name),
        };
        let selection = Selection { wanted: &wanted, first: LONGEST, longest: LONGEST };
        let (tests, _) = switched::tests(&programs, &sample.folder, &selection)?;
        stage(part, &tests, &mut open)?;
        note(&mut results, &open);
        json["results"] = results.clone().into();
        fs::write(sample.results(), json.to_string())?;
    }
    println!("First stage:\n\n{}", switched::table(&json["places"], &results));
    for result in results.iter_mut().filter(|result| result["second"].is_object()) {
        result["end"] = result["second"]["end"].take();
    }
    println!("Both stages:\n\n{}", switched::table(&json["places"], &results));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_build_has_does_not_count_and_what_one_has_does() {
        let found = |reached, by: Option<&str>| Found { reached, by: by.map(str::to_owned) };
        assert_eq!(end("not in this build", &found(0, None)), "not in this build");
        assert_eq!(end("not in this build", &found(2, None)), "not noticed");
        assert_eq!(end("not in this build", &found(2, Some("strict: a"))), "noticed");
        assert_eq!(end("not noticed", &found(0, None)), "not noticed");
        assert_eq!(end("not reached", &found(0, None)), "not reached");
        assert_eq!(end("not reached", &found(1, None)), "not noticed");
        assert_eq!(end("not noticed", &found(1, Some("suite: b"))), "noticed");
    }

    #[test]
    fn only_what_the_first_stage_did_not_notice_is_tried() {
        let mutant = |number: usize, end: &str| {
            json!({"number": number, "file": "src/a.rs", "line": 1, "function": "f",
                "what": "+ by -", "end": end})
        };
        let mut results = [
            mutant(1, "noticed"),
            mutant(2, "not noticed"),
            mutant(3, "endless"),
            mutant(4, "not in this build"),
            mutant(5, "equivalent"),
            // Of another sample.
            mutant(6, "not reached"),
        ];
        let job = json!({"chosen": results[..5]});
        let mut open = survivors(&results, &job);
        assert_eq!(open.keys().copied().collect::<Vec<_>>(), [2, 4]);
        open.insert(2, Found { reached: 3, by: Some("strict: a".to_owned()) });
        note(&mut results, &open);
        assert_eq!(results[1]["second"], json!({"end": "noticed", "by": "strict: a"}));
        assert_eq!(results[3]["second"], json!({"end": "not in this build", "by": null}));
        assert!(results.iter().filter(|result| result["second"].is_object()).count() == 2);
    }
}
