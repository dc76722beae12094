//! The official tests of WASI: the programs for preview 1 of a copy of wasi-testsuite (branch `prod/testsuite-base`,
//! which has them built), run by `zonda run` in each mode and compared with the list that is checked in.

use crate::{modes, shell};
use anyhow::{bail, ensure, Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(clap::Args)]
pub struct Options {
    /// A copy of the repository WebAssembly/wasi-testsuite, branch prod/testsuite-base
    #[arg(long, value_name = "DIR")]
    suite: PathBuf,
}

/// Each program with its outcome: `pass`, or `fail` and the reason.
const EXPECTED: &str = "tests/wasi-expected.txt";
/// Where a language has its programs.
const PROGRAMS: &str = "testsuite/wasm32-wasip1";
/// Seconds that a program may take.
const SECONDS: &str = "60";

pub fn run(options: &Options) -> Result<()> {
    let expected = expected()?;
    let programs = programs(&options.suite.join("tests"))?;
    let names: Vec<&String> = programs.keys().collect();
    ensure!(
        names == expected.keys().collect::<Vec<_>>(),
        "{EXPECTED} lists other programs than the suite has: {names:?}"
    );
    shell::run(shell::cargo().args(["build", "--quiet", "--package", "zonda-cli"]))?;
    let zonda = shell::target_dir().join("debug/zonda");
    let mut unlike = Vec::new();
    for mode in [modes::FAST.name, modes::CLASSIC.name] {
        shell::step(&format!("running {} programs ({mode})", programs.len()));
        let mut passed = 0;
        for (name, program) in &programs {
            let outcome = test(&zonda, mode, program);
            passed += usize::from(outcome.is_ok());
            let pass = expected.get(name).is_some_and(|pass| *pass);
            if outcome.is_ok() != pass {
                let outcome = outcome.err().map_or("passes".into(), |error| format!("{error:#}"));
                unlike.push(format!("{name} ({mode}): {outcome}"));
            }
        }
        println!("{mode}: {passed} of {} programs pass", programs.len());
    }
    if !unlike.is_empty() {
        bail!("unlike {EXPECTED}:\n{}", unlike.join("\n"));
    }
    Ok(())
}

/// Whether each program passes, by its name.
fn expected() -> Result<BTreeMap<String, bool>> {
    let path = shell::root().join(EXPECTED);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some(name), Some("pass")) => Ok((name.to_owned(), true)),
                (Some(name), Some("fail")) if words.next().is_some() => {
                    Ok((name.to_owned(), false))
                }
                _ => bail!("{EXPECTED}: expected NAME pass, or NAME fail REASON, found: {line}"),
            }
        })
        .collect()
}

/// The programs by name: `LANGUAGE/PROGRAM`.
fn programs(tests: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut programs = BTreeMap::new();
    let languages = fs::read_dir(tests).with_context(|| tests.display().to_string())?;
    for language in languages {
        let language = language?;
        let Ok(files) = fs::read_dir(language.path().join(PROGRAMS)) else { continue };
        for file in files {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let language = language.file_name().to_string_lossy().into_owned();
                programs.insert(format!("{language}/{stem}"), path);
            }
        }
    }
    ensure!(!programs.is_empty(), "{}: no */{PROGRAMS}/*.wasm", tests.display());
    Ok(programs)
}

/// What a program is given and has to do, as docs of the suite describe it: either a list of operations, or an object
/// with what they would say.
fn operations(program: &Path) -> Result<Vec<Value>> {
    let path = program.with_extension("json");
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(vec![
            serde_json::json!({ "type": "run" }),
            serde_json::json!({ "type": "wait" }),
        ]);
    };
    let mut spec: Value =
        serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    if let Some(operations) = spec.get("operations").and_then(Value::as_array) {
        return Ok(operations.clone());
    }
    let mut operations = vec![];
    for id in ["stdout", "stderr"] {
        if let Some(payload) = spec.get(id) {
            operations.push(serde_json::json!({ "type": "read", "id": id, "payload": payload }));
        }
    }
    let code = spec.get("exit_code").cloned().unwrap_or(0.into());
    operations.push(serde_json::json!({ "type": "wait", "exit_code": code }));
    spec["type"] = "run".into();
    operations.insert(0, spec);
    Ok(operations)
}

/// Runs a program and compares what it does.
fn test(zonda: &Path, mode: &str, program: &Path) -> Result<()> {
    let operations = operations(program)?;
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut command = Command::new(zonda);
    command.args(["run", "--mode", mode, "--timeout", SECONDS]);
    let (mut input, mut arguments) = (String::new(), Vec::new());
    for operation in &operations {
        match operation["type"].as_str() {
            Some("run") => {
                for (name, value) in operation["env"].as_object().into_iter().flatten() {
                    command
                        .args(["--env", &format!("{name}={}", value.as_str().unwrap_or_default())]);
                }
                if let Some(root) = operation["root"].as_str() {
                    let copy = shell::target_dir().join("wasi-suite");
                    let _ = fs::remove_dir_all(&copy);
                    copy_folder(&program.with_file_name(root), &copy)?;
                    command.args(["--dir", &format!("{}::/", copy.display())]);
                }
                let args = operation["args"].as_array().into_iter().flatten();
                arguments.extend(args.filter_map(|arg| arg.as_str().map(str::to_owned)));
            }
            Some("write") => input += &text(operation, "payload"),
            Some("read" | "wait") => {}
            other => bail!("unknown operation {other:?}"),
        }
    }
    command.arg(program).args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // A program that ends without reading closes the pipe.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for operation in &operations {
        match operation["type"].as_str() {
            Some("wait") => {
                let code = operation["exit_code"].as_i64().unwrap_or(0);
                let found = output.status.code().map(i64::from);
                ensure!(found == Some(code), "exit code {found:?}, expected {code}: {stderr}");
            }
            Some("read") => {
                let payload = text(operation, "payload");
                let found = if text(operation, "id") == "stderr" { &stderr } else { &stdout };
                ensure!(**found == payload, "wrote {found:?}, expected {payload:?}");
            }
            _ => {}
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
