//! Writes mutants of the runtime into a copy of its sources, as switches: `a + b` becomes `(if
//! is::<7>() { a - b } else { a + b })`, where `is::<7>()` holds in a process that the variable
//! `ZONDA_MUTANT` names 7 for. One build then has all of them. `cargo xtask mutants` builds
//! the copy and runs the tests.
//!
//!     mutate TREE JOB     JOB is a JSON file, which is written again with what was found

mod find;
mod render;

use anyhow::{bail, Context, Result};
use find::{Finder, Mutant};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Crates that are changed: the folder of their sources, and how they name the module that knows
/// which mutant a process has.
const CRATES: [(&str, &str); 2] = [("src", "zonda_exec::mutant"), ("exec/src", "crate::mutant")];

/// What a process reads to know which mutant it has.
const SWITCH: &str = include_str!("switch.rs");

/// splitmix64, so that a sample depends on its seed alone.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The source files of a crate that are compiled with these features, from its root on.
fn files(root: &Path, file: &Path, features: &[String], found: &mut Vec<PathBuf>) -> Result<()> {
    let text = fs::read_to_string(root.join(file)).with_context(|| file.display().to_string())?;
    let parsed = syn::parse_file(&text).with_context(|| file.display().to_string())?;
    found.push(file.to_owned());
    let stem = file.file_stem().unwrap_or_default();
    let folder = file.parent().unwrap_or(Path::new(""));
    let folder = if stem == "lib" || stem == "mod" { folder.to_owned() } else { folder.join(stem) };
    for (name, path) in find::modules(&parsed, features) {
        let candidates = match path {
            Some(path) => vec![file.parent().unwrap_or(Path::new("")).join(path)],
            None => vec![folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")],
        };
        match candidates.iter().find(|path| root.join(path).is_file()) {
            Some(path) => files(root, path, features, found)?,
            None => bail!("{}: no file for the module {name}", file.display()),
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(tree), Some(job_path)) = (args.next(), args.next()) else { bail!("mutate TREE JOB") };
    let tree = Path::new(&tree);
    let job: Value = serde_json::from_str(&fs::read_to_string(&job_path)?)?;
    let names = |key: &str| -> Vec<String> {
        let list = job[key].as_array().into_iter().flatten();
        list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let features = names("features");
    let only = names("files");
    let dropped: BTreeSet<usize> = job["dropped"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|n| Some(n.as_u64()? as usize))
        .collect();
    // All places, in the order of files.
    let mut all: Vec<(PathBuf, Mutant)> = Vec::new();
    let mut texts = BTreeMap::new();
    for (folder, _) in CRATES {
        let mut found = Vec::new();
        files(tree, &Path::new(folder).join("lib.rs"), &features, &mut found)?;
        found.sort();
        for file in found {
            if !only.is_empty() && !only.iter().any(|prefix| file.starts_with(prefix)) {
                continue;
            }
            let text = fs::read_to_string(tree.join(&file))?;
            let mut finder = Finder::new(&text, &features);
            finder.file(&syn::parse_file(&text)?);
            all.extend(finder.found.into_iter().map(|mutant| (file.clone(), mutant)));
            texts.insert(file, text);
        }
    }
    // The sample: a shuffle's first ones, so that a larger sample contains a smaller one.
    let mut order: Vec<usize> = (0..all.len()).collect();
    let mut state = job["seed"].as_u64().unwrap_or(1);
    for at in (1..order.len()).rev() {
        order.swap(at, (random(&mut state) % (at as u64 + 1)) as usize);
    }
    order.truncate(job["sample"].as_u64().map_or(usize::MAX, |sample| sample as usize));
    let mut by_file: BTreeMap<&Path, Vec<(usize, &Mutant)>> = BTreeMap::new();
    for &number in order.iter().filter(|number| !dropped.contains(number)) {
        by_file.entry(&all[number].0).or_default().push((number, &all[number].1));
    }
    let mut placed = Vec::new();
    for (file, mutants) in &by_file {
        let module = CRATES.iter().find(|(folder, _)| file.starts_with(folder)).map_or("", |c| c.1);
        let (text, ranges) = render::render(&texts[*file], mutants, module);
        fs::write(tree.join(file), text)?;
        for (number, start, end) in ranges {
            placed.push(json!({"mutant": number, "file": file, "start": start, "end": end}));
        }
    }
    let lib = tree.join("exec/src/lib.rs");
    let text = fs::read_to_string(&lib)?;
    fs::write(&lib, format!("{text}\n#[doc(hidden)]\npub mod mutant;\n"))?;
    // A number for these mutants of these sources.
    let mut nonce = job["seed"].as_u64().unwrap_or(1);
    for byte in texts.values().flat_map(|text| text.bytes()) {
        nonce = (nonce ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    order.iter().for_each(|&number| nonce = random(&mut nonce) ^ number as u64);
    let nonce = random(&mut nonce) as u32;
    let switch = SWITCH.replace("COUNT", &all.len().to_string());
    let switch = switch.replace("NONCE", &nonce.to_string());
    fs::write(tree.join("exec/src/mutant.rs"), switch)?;
    let mut places = BTreeMap::new();
    for (file, _) in &all {
        *places.entry(file.display().to_string()).or_insert(0) += 1;
    }
    let chosen: Vec<Value> = order
        .iter()
        .map(|&number| {
            let (file, mutant) = &all[number];
            json!({
                "number": number, "file": file, "line": mutant.line, "function": mutant.function,
                "what": mutant.what, "unsafe": mutant.is_unsafe, "generic": mutant.is_generic,
                "text": texts[file].lines().nth(mutant.line - 1).unwrap_or_default().trim(),
            })
        })
        .collect();
    let result = json!({"places": places, "chosen": chosen, "placed": placed, "nonce": nonce});
    fs::write(&job_path, serde_json::to_string_pretty(&result)?)?;
    Ok(())
}
