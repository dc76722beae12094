//! The official tests of WASI: the programs for preview 1 of a copy of wasi-testsuite (branch
//! `prod/testsuite-base`, which has them built), run in each mode by `zonda run`, or on Zephyr with
//! files on littlefs, and compared with the list that is checked in.

use crate::{modes, native, shell, zephyr};
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
    /// Run them on Zephyr (native_sim) instead of the host
    #[arg(long)]
    zephyr: bool,
    /// Run them as native code of the host, by LLVM 19
    #[arg(long, conflicts_with = "zephyr")]
    native: bool,
}

/// The mode of programs that LLVM has compiled.
const NATIVE: &str = "native";

/// Where a language has its programs.
const PROGRAMS: &str = "testsuite/wasm32-wasip1";
/// Seconds that a program may take.
const SECONDS: &str = "60";

/// What runs a program.
enum Runner {
    /// `zonda run`.
    Host(PathBuf),
    /// The application tests/zephyr/wasi, for native_sim.
    Zephyr(PathBuf),
}

/// What a program is given.
#[derive(Default)]
struct Given {
    env: Vec<String>,
    args: Vec<String>,
    /// A folder of the suite.
    root: Option<PathBuf>,
}

impl Runner {
    fn new(options: &Options) -> Result<Runner> {
        if options.native {
            return Ok(Runner::Host(native::tool()?));
        }
        if options.zephyr {
            let base =
                zephyr::find().with_context(|| format!("no Zephyr in {}", zephyr::SEARCHED))?;
            let folder = shell::target_dir().join("zephyr-wasi");
            zephyr::build(&base, "native_sim", "tests/zephyr/wasi", &folder)?;
            return Ok(Runner::Zephyr(folder.join("zephyr/zephyr.exe").canonicalize()?));
        }
        shell::run(shell::cargo().args(["build", "--quiet", "--package", "zonda-cli"]))?;
        Ok(Runner::Host(shell::target_dir().join("debug/zonda")))
    }

    /// Each program with its outcome: `pass`, or `fail` and the reason.
    fn expected(&self) -> &'static str {
        match self {
            Runner::Host(_) => "tests/wasi-expected.txt",
            Runner::Zephyr(_) => "tests/wasi-expected-zephyr.txt",
        }
    }

    fn command(&self, mode: &str, program: &Path, given: &Given) -> Result<Command> {
        match self {
            Runner::Host(zonda) => {
                let mut command = Command::new(zonda);
                command.args(["run", "--timeout", SECONDS]);
                match mode {
                    NATIVE => command.arg("--native"),
                    mode => command.args(["--mode", mode]),
                };
                for variable in &given.env {
                    command.args(["--env", variable]);
                }
                if let Some(root) = &given.root {
                    let copy = shell::target_dir().join("wasi-suite");
                    let _ = fs::remove_dir_all(&copy);
                    copy_folder(root, &copy)?;
                    command.args(["--dir", &format!("{}::/", copy.display())]);
                }
                command.arg(program).args(&given.args);
                Ok(command)
            }
            Runner::Zephyr(image) => {
                const SEPARATOR: &str = "\x1f";
                let mut command = Command::new(image);
                command.arg("--flash_in_ram").arg(format!("--stop_at={SECONDS}"));
                command.env("ZONDA_PROGRAM", program).env("ZONDA_MODE", mode);
                command.env("ZONDA_ARGS", given.args.join(SEPARATOR));
                command.env("ZONDA_ENV", given.env.join(SEPARATOR));
                if let Some(root) = &given.root {
                    let mut files = Vec::new();
                    list_folder(root, "", &mut files)?;
                    command.env("ZONDA_FILES", files.join(SEPARATOR));
                }
                Ok(command)
            }
        }
    }
}

pub fn run(options: &Options) -> Result<()> {
    let runner = Runner::new(options)?;
    let list = runner.expected();
    let expected = expected(list)?;
    let programs = programs(&options.suite.canonicalize()?.join("tests"))?;
    let names: Vec<&String> = programs.keys().collect();
    ensure!(
        names == expected.keys().collect::<Vec<_>>(),
        "{list} lists other programs than the suite has: {names:?}"
    );
    let mut unlike = Vec::new();
    let modes: &[&str] =
        if options.native { &[NATIVE] } else { &[modes::FAST.name, modes::CLASSIC.name] };
    for &mode in modes {
        shell::step(&format!("running {} programs ({mode})", programs.len()));
        let mut passed = 0;
        for (name, program) in &programs {
            let outcome = test(&runner, mode, program);
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
        bail!("unlike {list}:\n{}", unlike.join("\n"));
    }
    Ok(())
}

/// Whether each program passes, by its name.
fn expected(list: &str) -> Result<BTreeMap<String, bool>> {
    let path = shell::root().join(list);
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
                _ => bail!("{list}: expected NAME pass, or NAME fail REASON, found: {line}"),
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

/// What a program is given and has to do, as docs of the suite describe it: either a list of
/// operations, or an object with what they would say.
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
fn test(runner: &Runner, mode: &str, program: &Path) -> Result<()> {
    let operations = operations(program)?;
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let (mut input, mut given) = (String::new(), Given::default());
    for operation in &operations {
        match operation["type"].as_str() {
            Some("run") => {
                let env = operation["env"].as_object().into_iter().flatten();
                given.env.extend(
                    env.map(|(name, value)| {
                        format!("{name}={}", value.as_str().unwrap_or_default())
                    }),
                );
                given.root = operation["root"].as_str().map(|root| program.with_file_name(root));
                let args = operation["args"].as_array().into_iter().flatten();
                given.args.extend(args.filter_map(|arg| arg.as_str().map(str::to_owned)));
            }
            Some("write") => input += &text(operation, "payload"),
            Some("read" | "wait") => {}
            other => bail!("unknown operation {other:?}"),
        }
    }
    let mut command = runner.command(mode, program, &given)?;
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
                // The console of Zephyr ends every line.
                let same = match runner {
                    Runner::Host(_) => **found == payload,
                    Runner::Zephyr(_) => found.trim_end() == payload.trim_end(),
                };
                ensure!(same, "wrote {found:?}, expected {payload:?}");
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

/// The contents of a folder as the application takes them: `HOST=PATH`, with nothing for HOST and
/// `/` behind it for a folder.
fn list_folder(from: &Path, below: &str, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files.push(format!("={name}/"));
            list_folder(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push(format!("{}={name}", entry.path().display()));
        }
    }
    Ok(())
}
