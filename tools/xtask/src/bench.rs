//! Instructions, heap and native stack of a module on an emulated Cortex-M: what the firmware `bench` measured, as rows.

use crate::firmware::{self, Board};
use crate::job::{self, Call, Job};
use crate::qemu::Run;
use crate::shell;
use crate::workloads::{self, Limits};
use anyhow::{bail, Context, Result};
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The modes, by name and by the number that the firmware knows.
pub const MODES: [(&str, u32); 1] = [("classic", 0)];

const MACHINE: Board = Board::Mps2;
/// What the columns of the table are, in order; `--json` gives every key that the firmware reports.
const COLUMNS: [&str; 9] = ["result", "call", "timed", "load", "heap", "linker", "stack", "load_stack", "peak"];

#[derive(clap::Args)]
pub struct Options {
    /// Mode of execution
    #[arg(long, default_value = "classic", value_parser = MODES.map(|(name, _)| name))]
    mode: String,
    /// Measure this module instead of the standard workloads
    #[arg(long, value_name = "FILE", requires = "call")]
    wasm: Option<PathBuf>,
    /// What to call in it, such as 'run(24)'
    #[arg(long, value_name = "CALL", requires = "wasm")]
    call: Option<String>,
    /// The result that the call has to have
    #[arg(long, value_name = "N", requires = "wasm", allow_negative_numbers = true)]
    expect: Option<i64>,
    /// Only the standard workloads with this name
    #[arg(long, value_name = "NAME", conflicts_with = "wasm")]
    only: Option<String>,
    /// Embed through the Rust API or the C API
    #[arg(long, default_value = "rust", value_parser = ["rust", "c"])]
    api: String,
    /// Bytes of Wasm operand stack
    #[arg(long, value_name = "BYTES", default_value_t = 4096)]
    stack: u32,
    /// The most bytes of linear memory that the module gets
    #[arg(long, value_name = "BYTES", default_value_t = u32::MAX)]
    memory_limit: u32,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

/// What one run cost, by the keys that `--json` prints.
type Row = Map<String, Value>;

struct Task {
    name: String,
    path: PathBuf,
    call: Call,
    repeat: u32,
    expect: Option<i64>,
    limits: Limits,
}

fn tasks(options: &Options) -> Result<Vec<Task>> {
    if let (Some(path), Some(call)) = (&options.wasm, &options.call) {
        let name = path.file_stem().map_or_else(|| "module".into(), |name| name.to_string_lossy().into_owned());
        let call = Call::parse(call)?;
        return Ok(vec![Task { name, path: path.clone(), call, repeat: 0, expect: options.expect, limits: Limits::default() }]);
    }
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    let standard = workloads::STANDARD.iter().filter(|workload| wanted(workload.name));
    let tasks = standard.map(|workload| {
        Ok(Task {
            name: workload.name.to_owned(),
            path: shell::root().join("tests/bench").join(workload.file),
            call: Call::parse(workload.call)?,
            repeat: workload.repeat,
            expect: Some(workload.expect),
            limits: workload.limits,
        })
    });
    let tasks = tasks.collect::<Result<Vec<_>>>()?;
    if tasks.is_empty() {
        bail!("there is no such workload; there are: {}", workloads::STANDARD.iter().map(|w| w.name).collect::<Vec<_>>().join(", "));
    }
    Ok(tasks)
}

/// Runs one task; the row has the keys in the order in which the firmware reports them.
fn measure(image: &Path, options: &Options, task: &Task) -> Result<Row> {
    let module = fs::read(&task.path).with_context(|| format!("cannot read {}", task.path.display()))?;
    let mode = MODES.iter().find(|(name, _)| *name == options.mode).map_or(0, |(_, number)| *number);
    let job = Job {
        mode,
        repeat: task.repeat,
        stack_bytes: options.stack,
        memory_limit: options.memory_limit,
        call: &task.call,
        module: &module,
    };
    let file = shell::target_dir().join(format!("bench-{}.job", std::process::id()));
    fs::write(&file, job.bytes())?;
    let run = Run { board: MACHINE, image, load: Some((file.clone(), job::ADDRESS)), count: true, deadline: Duration::from_secs(300) };
    let lines = run.output();
    fs::remove_file(&file)?;

    let mut row = Map::new();
    row.insert("workload".into(), task.name.clone().into());
    row.insert("mode".into(), options.mode.clone().into());
    row.insert("machine".into(), MACHINE.machine().into());
    for line in lines.with_context(|| task.name.clone())? {
        if let Some(pairs) = line.strip_prefix("zonda-bench ") {
            for (key, value) in pairs.split_whitespace().filter_map(|pair| pair.split_once('=')) {
                row.insert(key.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into()));
            }
        } else {
            eprintln!("{}: {line}", task.name);
        }
    }
    match row.get("result") {
        None => bail!("{}: the firmware reported no result", task.name),
        Some(result) if task.expect.is_some_and(|expect| result.as_i64() != Some(expect)) => {
            bail!("{}: the result is {result}, expected {}", task.name, task.expect.unwrap_or_default())
        }
        Some(_) => Ok(row),
    }
}

fn number(row: &Row, key: &str) -> u64 {
    row.get(key).and_then(Value::as_u64).unwrap_or(0)
}

/// What of the row is more than it may be, in words.
fn excess(row: &Row, limits: &Limits, api: &str) -> Vec<String> {
    let call = if number(row, "timed") != 0 { "timed" } else { "call" };
    let limited = [
        (call, limits.call[usize::from(api == "c")]),
        ("heap", limits.heap),
        ("stack", workloads::STACK_EXECUTING),
        ("load_stack", workloads::STACK_LOADING),
    ];
    let name = row.get("workload").and_then(Value::as_str).unwrap_or_default();
    let over = limited.iter().filter(|(key, most)| *most != 0 && number(row, key) > *most);
    over.map(|(key, most)| format!("{name}: {key} is {}, at most {most} allowed", number(row, key))).collect()
}

/// Builds the firmware and measures; returns the rows and what is over its limit.
fn rows(options: &Options) -> Result<(Vec<Row>, Vec<String>)> {
    let tasks = tasks(options)?;
    let (image, api): (_, &[&str]) = if options.api == "c" { ("bench_c", &["capi"]) } else { ("bench", &[]) };
    let features = [&["full", options.mode.as_str()], api].concat();
    let image = firmware::build(image, MACHINE, &features)?;
    let mut rows = Vec::new();
    let mut over = Vec::new();
    for task in &tasks {
        shell::step(&format!("measuring {}", task.name));
        let row = measure(&image, options, task)?;
        over.extend(excess(&row, &task.limits, &options.api));
        if options.json {
            println!("{}", Value::Object(row.clone()));
        }
        rows.push(row);
    }
    Ok((rows, over))
}

fn print_table(rows: &[Row]) {
    let cell = |row: &Row, key: &str| match row.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".to_owned(),
        Some(value) => value.to_string(),
    };
    print!("{:<10} {:<8}", "workload", "mode");
    COLUMNS.iter().for_each(|column| print!(" {column:>11}"));
    println!();
    for row in rows {
        print!("{:<10} {:<8}", cell(row, "workload"), cell(row, "mode"));
        COLUMNS.iter().for_each(|column| print!(" {:>11}", cell(row, column)));
        println!();
    }
    println!("\ncall, timed, load: instructions on {} (steps of 40). heap: bytes beyond operand stack and linear memory.", MACHINE.machine());
    println!("stack, load_stack: bytes of native stack while executing and while loading.");
}

pub fn run(options: &Options) -> Result<()> {
    let (rows, over) = rows(options)?;
    if !options.json {
        print_table(&rows);
    }
    over.iter().for_each(|text| eprintln!("over the limit: {text}"));
    Ok(())
}

/// The standard workloads through one API, as a test: results and limits hold.
pub fn check(api: &str) -> Result<()> {
    let options = Options {
        mode: "classic".into(),
        wasm: None,
        call: None,
        expect: None,
        only: None,
        api: api.into(),
        stack: 4096,
        memory_limit: u32::MAX,
        json: false,
    };
    let (rows, over) = rows(&options)?;
    print_table(&rows);
    if !over.is_empty() {
        bail!("over the limit:\n  {}", over.join("\n  "));
    }
    Ok(())
}
