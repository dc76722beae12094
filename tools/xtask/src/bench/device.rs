//! Measuring on the emulated board: the firmware `bench` runs a task and reports what it cost.

use super::cycles::Plugin;
use super::{Options, Row, Task};
use crate::firmware::{self, Arithmetic};
use crate::job::Job;
use crate::modes::{self, Mode};
use crate::native;
use crate::qemu::Run;
use crate::shell;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Builds one image with these modes.
pub fn image(options: &Options, modes: &[Mode]) -> Result<PathBuf> {
    let (image, api): (_, &[&str]) =
        if options.api == "c" { ("bench_c", &["capi"]) } else { ("bench", &[]) };
    let mut names: Vec<&str> = modes.iter().map(|mode| mode.name).collect();
    if options.precompiled {
        names.push("precompiled");
    }
    if options.debug {
        names.push("debug");
    }
    names.extend(options.features.iter().map(String::as_str));
    let arithmetic = if options.libgcc { Arithmetic::Libgcc } else { Arithmetic::Rust };
    firmware::build_with(image, options.board, &[&["full"], api, &names].concat(), arithmetic)
}

/// Runs one task in one mode. The row has the keys that the firmware reports, in its order.
pub fn measure(image: &Path, options: &Options, task: &Task, mode: Mode) -> Result<Row> {
    let path = if mode == modes::NATIVE {
        let flags = [("--size", options.size), ("--meter", options.meter)];
        let flags: Vec<&str> = flags.iter().filter(|flag| flag.1).map(|flag| flag.0).collect();
        native::compile(&task.path, options.board.target, &flags)?
    } else if options.precompiled {
        precompile(&task.path)?
    } else {
        task.path.clone()
    };
    let module = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let job = Job {
        mode: mode.number,
        repeat: task.repeat,
        stack_bytes: options.stack.unwrap_or(options.board.stack),
        memory_limit: task.memory_limit.min(options.board.memory_limit),
        call: &task.call,
        module: &module,
    };
    let file = shell::target_dir().join(format!("bench-{}.job", std::process::id()));
    fs::write(&file, job.bytes())?;
    let plugin = plugin(options)?;
    let run = Run {
        board: options.board,
        image,
        load: Some((file.clone(), options.board.job)),
        count: true,
        plugin: plugin.as_ref().map(Plugin::option),
        deadline: Duration::from_secs(300),
    };
    let lines = run.output();
    fs::remove_file(&file)?;

    let mut row = task.row(mode.name, options.board.name);
    add(&mut row, &task.name, &lines.with_context(|| task.name.clone())?);
    if let Some(plugin) = &plugin {
        plugin.read(&mut row)?;
    }
    Ok(row)
}

/// Makes a precompiled module for a board, whose pointers have 4 bytes. A precompiled module stays
/// what it is.
fn precompile(module: &Path) -> Result<PathBuf> {
    if module.extension().is_some_and(|extension| extension == "zonda") {
        return Ok(module.to_owned());
    }
    let output = shell::target_dir().join(format!("bench-{}.zonda", std::process::id()));
    let mut command = shell::cargo();
    command.args(["run", "--quiet", "--package", "zonda-cli", "--", "compile", "--word-size", "4"]);
    shell::run(command.arg("--output").arg(&output).arg(module))?;
    Ok(output)
}

fn plugin(options: &Options) -> Result<Option<Plugin>> {
    options.cycles.as_deref().map(|model| Plugin::new(options.board, model)).transpose()
}

/// Runs an image that is a program by itself.
pub fn measure_native(image: &Path, options: &Options, task: &Task) -> Result<Row> {
    let plugin = plugin(options)?;
    let run = Run {
        board: options.board,
        image,
        load: None,
        count: true,
        plugin: plugin.as_ref().map(Plugin::option),
        deadline: Duration::from_secs(300),
    };
    let mut row = task.row("native", options.board.name);
    add(&mut row, &task.name, &run.output().with_context(|| task.name.clone())?);
    if let Some(plugin) = &plugin {
        plugin.read(&mut row)?;
    }
    Ok(row)
}

/// Adds what the firmware reports to the row.
fn add(row: &mut Row, name: &str, lines: &[String]) {
    for line in lines {
        if let Some(pairs) = line.strip_prefix("zonda-bench ") {
            for (key, value) in pairs.split_whitespace().filter_map(|pair| pair.split_once('=')) {
                row.insert(
                    key.to_owned(),
                    serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
                );
            }
        } else {
            eprintln!("{name}: {line}");
        }
    }
}
