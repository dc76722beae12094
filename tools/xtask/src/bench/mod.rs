//! What modules cost in each mode: instructions, heap and native stack on an emulated Cortex-M;
//! instructions and time on this machine.
//!
//! | room | owns |
//! |---|---|
//! | [`cycles`] | estimates of cycles by a plugin of QEMU |
//! | [`device`] | running a task in QEMU |
//! | [`host`] | running a task here |
//! | [`embench`] | the programs of Embench, and what native code and others need for them |
//! | [`plot`] | charts of what was measured |
//! | [`peers`] | what others need for the same, measured elsewhere |

mod cycles;
mod device;
mod embench;
mod host;
mod peers;
mod plot;

use crate::firmware::{self, Board};
use crate::job::{Argument, Call};
use crate::modes::{self, Mode};
use crate::shell;
use crate::workloads::{self, Limits};
use anyhow::{bail, Result};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// What the columns of the table of one mode are, in order; `--json` gives every key that was
/// measured.
const COLUMNS: [&str; 10] =
    ["result", "call", "timed", "cycles", "load", "heap", "linker", "stack", "load_stack", "peak"];
/// The tables of several modes: a row for each workload, a column for each mode.
const TABLES: [(&str, &str); 8] = [
    (COST, "instructions of the call, or of its timed part where the module marks one"),
    (CYCLES, "the same in cycles, estimated"),
    ("load_cycles", "cycles of loading and instantiating, estimated"),
    ("ns", "nanoseconds of the call, the shortest of several"),
    ("load", "instructions of loading and instantiating"),
    ("heap", "bytes of heap beyond operand stack and linear memory"),
    ("stack", "bytes of native stack while executing"),
    ("load_stack", "bytes of native stack while loading"),
];
/// Stands for [`Task::cost`], not a key of a row.
const COST: &str = "cost";
/// Divided by the parts of the call, as its cost is.
const CYCLES: &str = "cycles";

#[derive(clap::Args)]
pub struct Options {
    /// Execution mode to measure; `all` measures each with one image that has all of them
    #[arg(long, default_value = "all", value_parser = ["all", modes::CLASSIC.name, modes::FAST.name, modes::NATIVE.name])]
    mode: String,
    /// Measure on an emulated board, or on this machine: its instructions are counted by valgrind
    /// where it is installed, and its time is measured
    #[arg(long, default_value = "qemu", value_parser = ["qemu", "host"])]
    target: String,
    /// The board that is emulated
    #[arg(long, default_value = firmware::default().name, value_parser = firmware::named)]
    board: &'static Board,
    /// Measure this module instead of the standard workloads
    #[arg(long, value_name = "FILE", requires = "call")]
    wasm: Option<PathBuf>,
    /// The call to measure in the module of --module, such as 'run(24)'
    #[arg(long, value_name = "CALL", requires = "wasm")]
    call: Option<String>,
    /// The result that the call must return
    #[arg(long, value_name = "N", requires = "wasm", allow_negative_numbers = true)]
    expect: Option<i64>,
    /// Also measure EEMBC's CoreMark, which is not part of the repository: a module whose export
    /// `run` takes a number of iterations
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wasm", "only"])]
    coremark: Option<PathBuf>,
    /// Measure the programs of Embench 1.0 instead of the standard workloads; they are not part of
    /// the repository: a folder with their modules
    #[arg(long, value_name = "DIR", conflicts_with_all = ["wasm", "coremark"])]
    embench: Option<PathBuf>,
    /// With --embench, also build the C sources of Embench 1.0 with gcc and measure them as native
    /// code: the folder with `src` and `support`
    #[arg(long, value_name = "DIR", requires = "embench")]
    native: Option<PathBuf>,
    /// Also estimate cycles: of the core alone with memory without wait states, or with the flash
    /// and the instruction cache of the nRF52840 (docs/cycles.md)
    #[arg(long, value_name = "MODEL", num_args = 0..=1, default_missing_value = cycles::CORE, value_parser = [cycles::CORE, cycles::NRF52840])]
    cycles: Option<String>,
    /// Measure only the workload with this name
    #[arg(long, value_name = "NAME", conflicts_with = "wasm")]
    only: Option<String>,
    /// Embed the runtime through the Rust API or the C API
    #[arg(long, default_value = "rust", value_parser = ["rust", "c"])]
    api: String,
    /// With --mode native: compile for size
    #[arg(long)]
    size: bool,
    /// With --mode native: code that counts fuel and can be stopped
    #[arg(long)]
    meter: bool,
    /// Link GCC's routines for floats and 64-bit integers (--target qemu, Arm)
    #[arg(long)]
    libgcc: bool,
    /// With --mode fast: compile the modules on this machine, so that the board loads and verifies
    /// precompiled modules
    #[arg(long)]
    precompiled: bool,
    /// With --target qemu: measure an image with source debugging, to which no debugger attaches
    #[arg(long)]
    debug: bool,
    /// With --target qemu: also build these features of the runtime, which the firmware has an
    /// option for, such as `gc`
    #[arg(long, value_name = "NAME")]
    features: Vec<String>,
    /// Size of the operand stack in bytes
    #[arg(long, value_name = "BYTES")]
    stack: Option<u32>,
    /// Largest size of the linear memory in bytes
    #[arg(long, value_name = "BYTES", default_value_t = u32::MAX)]
    memory_limit: u32,
    /// Draw charts of all execution modes and of other runtimes into docs/charts
    #[arg(long, conflicts_with_all = ["wasm", "only"])]
    plot: bool,
    /// Print one JSON object per row in place of the table
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
    memory_limit: u32,
    /// Parts of the call, by which its cost is divided before it is compared: CoreMark's
    /// iterations.
    parts: u64,
    limits: [Limits; 2],
}

impl Task {
    fn row(&self, mode: &str, machine: &str) -> Row {
        let mut row = Map::new();
        row.insert("workload".into(), self.name.clone().into());
        row.insert("mode".into(), mode.into());
        row.insert("machine".into(), machine.into());
        row
    }

    /// Instructions of the row, of one part of the call.
    fn cost(&self, row: &Row) -> u64 {
        let timed = number(row, "timed");
        (if timed != 0 { timed } else { number(row, "call") }) / self.parts
    }
}

/// CoreMark, ten iterations, in the memory that the peers had.
fn coremark(path: &std::path::Path) -> Result<Task> {
    let call = Call::parse("run(10)")?;
    Ok(Task {
        memory_limit: 4400,
        parts: 10,
        limits: workloads::COREMARK,
        ..given("coremark".into(), path, call)
    })
}

fn given(name: String, path: &std::path::Path, call: Call) -> Task {
    let limits = [Limits::default(); 2];
    Task {
        name,
        path: path.to_owned(),
        call,
        repeat: 0,
        expect: None,
        memory_limit: u32::MAX,
        parts: 1,
        limits,
    }
}

fn tasks(options: &Options) -> Result<Vec<Task>> {
    if let (Some(path), Some(call)) = (&options.wasm, &options.call) {
        let name = path
            .file_stem()
            .map_or_else(|| "module".into(), |name| name.to_string_lossy().into_owned());
        let call = Call::parse(call)?;
        let mut task = given(name, path, call);
        if let (true, [Argument::I32(iterations @ 1..)]) =
            (task.name.starts_with("coremark"), &task.call.arguments[..])
        {
            (task.parts, task.limits) = (*iterations as u64, workloads::COREMARK);
        }
        return Ok(vec![Task {
            expect: options.expect,
            memory_limit: options.memory_limit,
            ..task
        }]);
    }
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    if let Some(folder) = &options.embench {
        return embench::tasks(folder, wanted);
    }
    let mut tasks = Vec::new();
    for workload in workloads::STANDARD.iter().filter(|workload| wanted(workload.name)) {
        let task = given(
            workload.name.into(),
            &shell::root().join("tests/bench").join(workload.file),
            Call::parse(workload.call)?,
        );
        let (expect, memory_limit) = (Some(workload.expect), options.memory_limit);
        tasks.push(Task {
            repeat: workload.repeat,
            expect,
            memory_limit,
            limits: workload.limits,
            ..task
        });
    }
    if tasks.is_empty() {
        bail!(
            "there is no such workload; there are: {}",
            workloads::STANDARD.iter().map(|w| w.name).collect::<Vec<_>>().join(", ")
        );
    }
    if let Some(path) = &options.coremark {
        tasks.push(coremark(path)?);
    }
    Ok(tasks)
}

fn number(row: &Row, key: &str) -> u64 {
    row.get(key).and_then(Value::as_u64).unwrap_or(0)
}

/// The result has to be the one that is expected.
fn check_result(task: &Task, row: &Row) -> Result<()> {
    match row.get("result") {
        None => bail!("{}: no result was reported", task.name),
        Some(result) if task.expect.is_some_and(|expect| result.as_i64() != Some(expect)) => {
            bail!(
                "{}: the result is {result}, expected {}",
                task.name,
                task.expect.unwrap_or_default()
            )
        }
        Some(_) => Ok(()),
    }
}

/// What of the row is more than it may be, in words.
fn excess(task: &Task, row: &Row, mode: Mode, api: &str) -> Vec<String> {
    // Native mode has no limits yet.
    let Some(limits) = task.limits.get(mode.number as usize) else { return Vec::new() };
    let limited = [
        ("instructions", task.cost(row), limits.call[usize::from(api == "c")]),
        ("heap", number(row, "heap"), limits.heap),
        ("stack", number(row, "stack"), workloads::STACK_EXECUTING),
        ("load_stack", number(row, "load_stack"), workloads::STACK_LOADING),
    ];
    let over = limited.iter().filter(|(_, cost, most)| *most != 0 && cost > most);
    over.map(|(key, cost, most)| {
        format!("{}, {}: {key} {cost}, at most {most} allowed", task.name, mode.name)
    })
    .collect()
}

/// What was measured of one task, by mode.
struct Measured {
    task: Task,
    rows: Vec<(Mode, Row)>,
}

/// Measures; returns what came out and what is over its limit.
fn measure(options: &Options) -> Result<(Vec<Measured>, Vec<String>)> {
    let modes = modes::named(&options.mode);
    let on_device = options.target != "host";
    if !on_device && options.cycles.is_some() {
        bail!("cycles are estimated of an emulated board");
    }
    if !on_device && options.api != "rust" {
        bail!("on this machine only the Rust API is measured");
    }
    if options.precompiled && (!on_device || options.mode != modes::FAST.name) {
        bail!("precompiled modules are measured with --target qemu and --mode fast");
    }
    let program = if on_device { device::image(options, &modes)? } else { host::program()? };
    let mut measured = Vec::new();
    let mut over = Vec::new();
    for task in tasks(options)? {
        let mut rows = Vec::new();
        for mode in &modes {
            shell::step(&format!("measuring {} ({})", task.name, mode.name));
            let row = if on_device {
                device::measure(&program, options, &task, *mode)
            } else {
                host::measure(&program, &task, *mode)
            };
            let row = match row {
                Err(error) if on_device && options.board.partial => {
                    eprintln!("{} does not run on {}: {error:#}", task.name, options.board.name);
                    continue;
                }
                row => row?,
            };
            check_result(&task, &row)?;
            // The limits are those of the default board.
            if on_device && options.board == firmware::default() {
                over.extend(excess(&task, &row, *mode, &options.api));
            }
            if options.json {
                println!("{}", Value::Object(row.clone()));
            }
            rows.push((*mode, row));
        }
        if rows.len() == modes.len() {
            measured.push(Measured { task, rows });
        }
    }
    Ok((measured, over))
}

/// One mode: a row for each workload, a column for each quantity.
fn print_one(measured: &[Measured]) {
    let cell = |row: &Row, key: &str| match row.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".to_owned(),
        Some(value) => value.to_string(),
    };
    let rows: Vec<&Row> =
        measured.iter().flat_map(|measured| measured.rows.iter().map(|(_, row)| row)).collect();
    let columns: Vec<&str> = COLUMNS
        .into_iter()
        .chain(["ns"])
        .filter(|key| rows.iter().any(|row| row.contains_key(*key)))
        .collect();
    print!("{:<10} {:<8}", "workload", "mode");
    columns.iter().for_each(|column| print!(" {column:>11}"));
    println!();
    for row in rows {
        print!("{:<10} {:<8}", cell(row, "workload"), cell(row, "mode"));
        columns.iter().for_each(|column| print!(" {:>11}", cell(row, column)));
        println!();
    }
    println!(
        "\ncall, timed, load: instructions. heap: bytes beyond operand stack and linear memory."
    );
    println!("stack, load_stack: bytes of native stack while executing and while loading. ns: nanoseconds of the call.");
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    (!head.is_empty())
        .then(|| head.to_owned())
        .into_iter()
        .chain(groups)
        .collect::<Vec<_>>()
        .join(",")
}

/// Several modes side by side, a table for each quantity.
fn print_side_by_side(measured: &[Measured]) {
    for (key, title) in TABLES {
        let cost = |task: &Task, row: &Row| match key {
            COST => task.cost(row),
            CYCLES => number(row, key) / task.parts,
            _ => number(row, key),
        };
        let any = measured
            .iter()
            .any(|measured| measured.rows.iter().any(|(_, row)| cost(&measured.task, row) != 0));
        if !any {
            continue;
        }
        println!("\n{title}:");
        print!("{:<24}", "workload");
        measured[0].rows.iter().for_each(|(mode, _)| print!(" {:>14}", mode.name));
        println!(
            "  {}",
            measured[0].rows.iter().map(|(mode, _)| mode.name).collect::<Vec<_>>().join(" / ")
        );
        for Measured { task, rows } in measured {
            let parts = if [COST, CYCLES].contains(&key) && task.parts != 1 {
                ", per iteration"
            } else {
                ""
            };
            print!("{:<24}", format!("{}{parts}", task.name));
            let costs: Vec<u64> = rows.iter().map(|(_, row)| cost(task, row)).collect();
            costs.iter().for_each(|cost| print!(" {:>14}", grouped(*cost)));
            match costs[..] {
                [first, second] if second != 0 => println!("  {:.2}", first as f64 / second as f64),
                _ => println!(),
            }
        }
    }
}

fn print(measured: &[Measured]) {
    match measured.first().map(|measured| measured.rows.len()) {
        None | Some(1) => print_one(measured),
        Some(_) => print_side_by_side(measured),
    }
}

pub fn run(options: &Options) -> Result<()> {
    if options.plot && options.mode != "all" {
        bail!("charts show every mode: leave --mode out");
    }
    if options.plot
        && options.embench.is_some()
        && options.cycles.as_deref() != Some(cycles::NRF52840)
    {
        bail!("the chart of Embench shows times on an nRF52840: add --cycles nrf52840");
    }
    let (measured, over) = measure(options)?;
    let native = embench::native(options)?;
    if !options.json {
        match options.embench {
            Some(_) => embench::print(options, &measured, &native),
            None => print(&measured),
        }
    }
    over.iter().for_each(|text| eprintln!("over the limit: {text}"));
    match (options.plot, &options.embench) {
        (false, _) => {}
        (true, None) => plot::draw(&options.target, &measured)?,
        (true, Some(_)) => plot::draw_embench(&measured, &native)?,
    }
    Ok(())
}

/// The standard workloads through one API, as a test: results and limits hold in every mode.
pub fn check(api: &str) -> Result<()> {
    let options = Options {
        mode: "all".into(),
        target: "qemu".into(),
        wasm: None,
        call: None,
        expect: None,
        coremark: None,
        embench: None,
        native: None,
        cycles: None,
        only: None,
        board: firmware::default(),
        libgcc: false,
        precompiled: false,
        debug: false,
        size: false,
        meter: false,
        api: api.into(),
        features: Vec::new(),
        stack: None,
        memory_limit: u32::MAX,
        plot: false,
        json: false,
    };
    let (measured, over) = measure(&options)?;
    print(&measured);
    if !over.is_empty() {
        bail!("over the limit:\n  {}", over.join("\n  "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            [0, 7, 999, 1000, 19_472_480].map(grouped),
            ["0", "7", "999", "1,000", "19,472,480"]
        );
    }

    #[test]
    fn what_is_over_its_limit_is_said() {
        let limits = [Limits::default(), Limits { call: [10, 0], heap: 100 }];
        let task = Task {
            parts: 2,
            limits,
            ..given("work".into(), std::path::Path::new("work.wasm"), Call::parse("run()").unwrap())
        };
        let mut row = task.row(modes::FAST.name, "board");
        row.extend(
            [("call", 50), ("timed", 20), ("heap", 100)]
                .map(|(key, value)| (key.to_owned(), Value::from(value))),
        );
        assert_eq!(excess(&task, &row, modes::FAST, "rust"), Vec::<String>::new());
        row.insert("timed".into(), 22.into());
        row.insert("heap".into(), 101.into());
        let over = [
            "work, fast: instructions 11, at most 10 allowed",
            "work, fast: heap 101, at most 100 allowed",
        ];
        assert_eq!(excess(&task, &row, modes::FAST, "rust"), over);
        assert_eq!(excess(&task, &row, modes::FAST, "c"), over[1..]);
        assert_eq!(excess(&task, &row, modes::CLASSIC, "rust"), Vec::<String>::new());
    }
}
