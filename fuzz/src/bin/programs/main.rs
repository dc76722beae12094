//! Generates programs by seed, runs them in all ways, and reports what was covered and where
//! engines disagree.
//!
//!     cargo run --release --bin programs -- --seeds 0..100000 --jobs 2
//!
//! Each job works in processes of its own, so that a crash costs a part of the seeds and names the
//! one that did it.

// With the feature `capi` the library has an allocator of its own.
#[cfg(not(feature = "capi"))]
mod guard;

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use zonda_fuzz::checker::check_module;
use zonda_fuzz::program::ast::Program;
use zonda_fuzz::program::coverage::{Coverage, OPCODES};
use zonda_fuzz::program::exceptions;
use zonda_fuzz::program::reduce::reduce;
use zonda_fuzz::program::script::{with_state_shown, Script};
use zonda_fuzz::program::{check, classic, encode, fits, generate, generate_for, Judge, Outcome};

#[derive(Clone)]
struct Options {
    first: u64,
    end: u64,
    jobs: u64,
    mode: Option<String>,
    /// Whether wasmtime judges, in place of wasmi.
    wasmtime: bool,
    reduce: Duration,
    print: bool,
    worker: bool,
    /// Findings after which a worker stops.
    most: u64,
    minutes: Option<f64>,
    /// Where to write scripts.
    scripts: Option<String>,
    /// The target whose native code they have in place of the modules.
    target: Option<String>,
}

const USAGE: &str = "\
usage: programs --seeds A..B [--jobs N] [--mode classic|fast|mixed|precompiled|native|translation] [--reduce SECONDS]
                [--minutes M] [--findings N] [--judge wasmi|wasmtime]
       programs --print SEED      the program's modules as text
       programs --seeds A..B --scripts FOLDER [--native TARGET]
                                  scripts of programs without host functions, for the image that runs
                                  the official suite on an emulated board; with native code of a target";

fn options() -> Result<Options, String> {
    let mut options = Options {
        first: 0,
        end: 10_000,
        jobs: 1,
        mode: None,
        wasmtime: false,
        reduce: Duration::from_secs(40),
        print: false,
        worker: false,
        most: 3,
        minutes: None,
        scripts: None,
        target: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| text.replace('_', "").parse::<u64>().map_err(|e| e.to_string());
        match arg.as_str() {
            "--seeds" => {
                let text = value()?;
                let (first, end) = text.split_once("..").ok_or("--seeds A..B")?;
                options.first = number(first.into())?;
                options.end = number(end.into())?;
            }
            "--jobs" => options.jobs = number(value()?)?.max(1),
            "--mode" => options.mode = Some(value()?),
            "--judge" => {
                options.wasmtime = match value()?.as_str() {
                    "wasmi" => false,
                    "wasmtime" => true,
                    other => return Err(format!("there is no judge {other}")),
                };
            }
            "--reduce" => options.reduce = Duration::from_secs(number(value()?)?),
            "--findings" => options.most = number(value()?)?,
            "--minutes" => {
                options.minutes = Some(value()?.parse().map_err(|_| "--minutes M")?);
            }
            "--print" => {
                options.print = true;
                options.first = number(value()?)?;
            }
            "--scripts" => options.scripts = Some(value()?),
            "--native" => options.target = Some(value()?),
            "--worker" => options.worker = true,
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if options.print {
        println!("{}", text(&generate(options.first)));
        return ExitCode::SUCCESS;
    }
    if let Some(folder) = &options.scripts {
        return finish(scripts(&options, folder));
    }
    if options.worker {
        return finish(work(&options));
    }
    // What is missing is said before any work begins.
    if let Err(error) = judge(&options) {
        return finish(Err(error));
    }
    lead(&options)
}

fn finish(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The modules of a program and its calls as text.
fn text(program: &Program) -> String {
    let mut text = String::new();
    for (index, bytes) in encode(program).iter().enumerate() {
        text += &format!(";; module {index}\n");
        text += &{
            let mut out = String::new();
            let mut config = wasmprinter::Config::new();
            config.print_offsets(std::env::var_os("OFFSETS").is_some());
            match config.print(bytes, &mut wasmprinter::PrintFmtWrite(&mut out)) {
                Ok(()) => out,
                Err(error) => format!(";; {error}\n"),
            }
        };
        let mut validator =
            wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
        if let Err(error) = validator.validate_all(bytes) {
            text += &format!(";; not valid: {error}\n");
        }
    }
    for call in &program.calls {
        text +=
            &format!(";; call f{} of module {} with {:x?}\n", call.func, call.module, call.args);
    }
    text
}

// --- scripts ---

/// Bytes of a script: what the firmware looks at.
const SCRIPT_BYTES: usize = (2 << 20) - (64 << 10);

/// Bytes of the operand stack there. Frames of the host are larger, so what fits here fits there.
const STACK: u32 = 64 << 10;

/// Makes native code of a program's modules.
type Compile = Box<dyn Fn(&[Vec<u8>]) -> Result<Vec<Vec<u8>>, String>>;

/// What compiles for a target.
#[cfg(feature = "native")]
fn compiler(target: &str) -> Result<Compile, String> {
    use zonda_native::{compile, Options, Target};
    let target = Target::named(target)?;
    Ok(Box::new(move |modules| {
        // As large as users have it, and without fuel, which the board does not count.
        let compile = |module: &Vec<u8>| compile(module, &Options::new(target.clone()));
        modules.iter().map(compile).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }))
}

#[cfg(not(feature = "native"))]
fn compiler(_: &str) -> Result<Compile, String> {
    Err("native code needs the feature `native` of this package, and LLVM 19".into())
}

/// Writes scripts of the programs of all seeds, after the engines of the host agreed on them.
fn scripts(options: &Options, folder: &str) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut judge = Judge::default();
    let compile = options.target.as_deref().map(compiler).transpose()?;
    let (mut number, mut programs, mut asserted, mut skipped) = (0, 0, 0, 0);
    let mut script = Script::new("programs");
    for seed in options.first..=options.end {
        if seed == options.end || script.len() > SCRIPT_BYTES {
            let full = std::mem::replace(&mut script, Script::new("programs"));
            programs += full.programs;
            asserted += full.asserted;
            if !full.is_empty() {
                let file = format!("{folder}/{number:04}.script");
                std::fs::write(file, full.finish()).map_err(|error| error.to_string())?;
                number += 1;
            }
            if seed == options.end {
                break;
            }
        }
        let program = with_state_shown(&generate_for(seed, false));
        let bytes = encode(&program);
        if let Err(what) = check(&program, &bytes, &mut judge, None) {
            return Err(format!("seed {seed}: {what}"));
        }
        // On the board some throw and catch, too. The native compiler refuses these.
        let variant = if compile.is_some() { None } else { exceptions::variant(&program) };
        let program = variant.unwrap_or(program);
        let bytes = encode(&program);
        let size: usize = bytes.iter().map(Vec::len).sum();
        let seen = classic(&program, &bytes)?;
        if size > 40 << 10 || !fits(&program, &bytes, STACK) {
            skipped += 1;
            continue;
        }
        let modules = match &compile {
            Some(compile) => compile(&bytes).map_err(|error| format!("seed {seed}: {error}"))?,
            None => bytes,
        };
        if !script.add(&program, &modules, &seen) {
            skipped += 1;
        }
    }
    println!(
        "{number} scripts, {programs} programs, {asserted} calls, {skipped} programs left out"
    );
    Ok(())
}

// --- workers ---

/// Sums of a range of seeds.
#[derive(Default, Clone, Copy)]
struct Sums {
    programs: u64,
    /// Programs of which every call returned.
    ended: u64,
    limited: u64,
    values: u64,
    bytes: u64,
    returned: u64,
    trapped: u64,
    corrected: u64,
}

impl Sums {
    fn fields(&mut self) -> [&mut u64; 8] {
        [
            &mut self.programs,
            &mut self.ended,
            &mut self.limited,
            &mut self.values,
            &mut self.bytes,
            &mut self.returned,
            &mut self.trapped,
            &mut self.corrected,
        ]
    }
}

/// The engine that judges.
fn judge(options: &Options) -> Result<Judge, String> {
    if options.wasmtime {
        Judge::wasmtime()
    } else {
        Ok(Judge::default())
    }
}

fn work(options: &Options) -> Result<(), String> {
    std::panic::set_hook(Box::new(|_| {}));
    let mode = options.mode.as_deref();
    let mut judge = judge(options)?;
    let mut sums = Sums::default();
    let (mut wasm, mut register) = (Coverage::default(), Coverage::default());
    let mut found = 0;
    for seed in options.first..options.end {
        let program = generate(seed);
        let bytes = encode(&program);
        sums.programs += 1;
        sums.bytes += bytes.iter().map(|module| module.len() as u64).sum::<u64>();
        match outcome(&program, &bytes, &mut judge, mode) {
            Ok(outcome) => {
                sums.ended += u64::from(outcome.trapped == 0 && !outcome.limited);
                sums.limited += u64::from(outcome.limited);
                sums.values += outcome.values;
                sums.returned += u64::from(outcome.returned);
                sums.trapped += u64::from(outcome.trapped);
                sums.corrected += u64::from(outcome.corrected);
            }
            Err(what) => {
                found += 1;
                println!("FOUND {seed} {what}");
                if !options.reduce.is_zero() && !is_refusal(&what) {
                    let small = reduce(&program, options.reduce, |candidate| {
                        let bytes = encode(candidate);
                        outcome(candidate, &bytes, &mut judge, mode)
                            .is_err_and(|what| !is_refusal(&what))
                    });
                    let what = outcome(&small, &encode(&small), &mut judge, mode);
                    println!(";; reduced: {}", what.err().unwrap_or_default());
                    println!("{}", text(&small));
                }
                println!("END");
                if found >= options.most {
                    break;
                }
            }
        }
        if seed % 32 == 0 {
            wasm.add(&program);
            bytes.iter().for_each(|module| register_codes(module, &mut register));
        }
    }
    let numbers = sums.fields().map(|number| number.to_string()).join(" ");
    println!("SUMS {numbers}");
    println!("WASM {}", wasm.to_text());
    println!("REGISTER {}", register.to_text());
    Ok(())
}

/// Whether a module was refused, which says that the reducer made nonsense.
fn is_refusal(what: &str) -> bool {
    what.contains("the generator disagree")
}

/// What came of a program; a panic is a finding as well.
fn outcome(
    program: &Program,
    bytes: &[Vec<u8>],
    judge: &mut Judge,
    mode: Option<&str>,
) -> Result<Outcome, String> {
    let run = std::panic::AssertUnwindSafe(|| {
        if mode == Some("translation") {
            return translation(bytes);
        }
        check(program, bytes, judge, mode).map_err(|what| what.to_string())
    });
    match std::panic::catch_unwind(run) {
        Ok(result) => result,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or(panic.downcast_ref::<&str>().map(|text| text.to_string()));
            Err(format!("panic: {}", text.unwrap_or_default()))
        }
    }
}

/// Checks the register bytecode instead of running it. What counts as observed are the steps that
/// were compared.
fn translation(bytes: &[Vec<u8>]) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    for module in bytes {
        match check_module(module) {
            Ok(checked) => {
                outcome.values += checked.steps;
                outcome.limited |= checked.ended > 0;
            }
            Err(what) if what.starts_with("offset") => {
                return Err(format!("{what}; classic and the generator disagree"));
            }
            Err(what) => return Err(format!("translation: {what}")),
        }
    }
    Ok(outcome)
}

fn register_codes(module: &[u8], coverage: &mut Coverage) {
    let engine = zonda::Engine::new(zonda::Mode::Fast);
    let Ok(module) = zonda::Module::new(&engine, module) else { return };
    let Ok(Some(listing)) = zonda_compiler::Listing::new(&module) else { return };
    coverage.add_codes(listing.instructions().filter_map(|listed| listed.bytes.first().copied()));
}

// --- the process that leads ---

/// Seeds that a worker process is given.
const PART: u64 = 20_000;

#[derive(Default)]
struct Totals {
    sums: Sums,
    wasm: Coverage,
    register: Coverage,
    findings: Vec<String>,
}

fn lead(options: &Options) -> ExitCode {
    let start = Instant::now();
    let next = AtomicU64::new(options.first);
    let totals = Mutex::new(Totals::default());
    let over = || {
        let minutes = options.minutes.unwrap_or(f64::INFINITY);
        start.elapsed().as_secs_f64() > minutes * 60.0
    };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| loop {
                let first = next.fetch_add(PART, Ordering::Relaxed);
                if first >= options.end || over() {
                    return;
                }
                let part = Options { first, end: options.end.min(first + PART), ..options.clone() };
                run_part(&part, &totals);
                let mut totals = lock(&totals);
                if totals.findings.len() as u64 >= options.most {
                    next.store(options.end, Ordering::Relaxed);
                }
                let seconds = start.elapsed().as_secs_f64();
                let programs = *totals.sums.fields()[0];
                let speed = programs as f64 / seconds;
                eprint!("\r{programs} programs, {speed:.0}/s, {} findings ", totals.findings.len());
            });
        }
    });
    let mut totals = lock(&totals);
    report(&mut totals, start.elapsed());
    if totals.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn lock(totals: &Mutex<Totals>) -> std::sync::MutexGuard<'_, Totals> {
    totals.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs a worker for a range; halves the range where it crashes, until the seed is known.
fn run_part(part: &Options, totals: &Mutex<Totals>) {
    let Ok(this) = std::env::current_exe() else { return };
    let mut command = Command::new(this);
    command.args(["--worker", "--seeds", &format!("{}..{}", part.first, part.end)]);
    command.args(["--reduce", &part.reduce.as_secs().to_string()]);
    command.args(["--findings", &part.most.to_string()]);
    if part.wasmtime {
        command.args(["--judge", "wasmtime"]);
    }
    if let Some(mode) = &part.mode {
        command.args(["--mode", mode]);
    }
    let output = match command.stdin(Stdio::null()).stderr(Stdio::inherit()).output() {
        Ok(output) => output,
        Err(error) => {
            lock(totals).findings.push(format!("could not start a worker: {error}"));
            return;
        }
    };
    if !output.status.success() {
        if part.end - part.first <= 1 {
            found(totals, format!("FOUND {} the process ended with {}", part.first, output.status));
            return;
        }
        let middle = part.first + (part.end - part.first) / 2;
        // Enough has been found when one half crashes as well.
        run_part(&Options { end: middle, ..part.clone() }, totals);
        if (lock(totals).findings.len() as u64) < part.most {
            run_part(&Options { first: middle, ..part.clone() }, totals);
        }
        return;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut finding: Option<String> = None;
    for line in text.lines() {
        if let Some(numbers) = line.strip_prefix("SUMS ") {
            let mut totals = lock(totals);
            let fields = totals.sums.fields();
            for (field, number) in fields.into_iter().zip(numbers.split(' ')) {
                *field += number.parse::<u64>().unwrap_or(0);
            }
        } else if let Some(text) = line.strip_prefix("WASM ") {
            lock(totals).wasm.merge(&Coverage::from_text(text));
        } else if let Some(text) = line.strip_prefix("REGISTER ") {
            lock(totals).register.merge(&Coverage::from_text(text));
        } else if line.starts_with("FOUND ") {
            finding = Some(line.to_string());
        } else if line == "END" {
            if let Some(text) = finding.take() {
                found(totals, text);
            }
        } else if let Some(text) = &mut finding {
            text.push('\n');
            text.push_str(line);
        }
    }
}

fn found(totals: &Mutex<Totals>, text: String) {
    let mut totals = lock(totals);
    println!("\n{text}");
    let _ = std::io::stdout().flush();
    totals.findings.push(text);
}

fn report(totals: &mut Totals, time: Duration) {
    let sums = totals.sums;
    let programs = sums.programs.max(1) as f64;
    let seconds = time.as_secs_f64();
    println!("\nprograms            {}", sums.programs);
    println!("time                {seconds:.1} s, {:.0} programs a second", programs / seconds);
    println!("size                {:.0} bytes a program", sums.bytes as f64 / programs);
    let calls = (sums.returned + sums.trapped).max(1) as f64;
    println!(
        "ran to the end      {:.2} % of the programs, {:.2} % of the calls",
        100.0 * sums.ended as f64 / programs,
        100.0 * sums.returned as f64 / calls
    );
    println!("limit of an engine  {:.3} %", 100.0 * sums.limited as f64 / programs);
    println!(
        "wrong in wasmi      {} programs, on a br_if with four values or more",
        sums.corrected
    );
    println!("values observed     {:.1} a program", sums.values as f64 / programs);
    let (codes, pairs) = totals.wasm.counts();
    println!("opcodes             {codes} of {OPCODES}, {pairs} pairs (one program in 32)");
    let (codes, pairs) = totals.register.counts();
    println!("register opcodes    {codes} of {}, {pairs} pairs", register_opcodes());
    println!("disagreements       {}", totals.findings.len());
}

/// Register instructions that exist.
fn register_opcodes() -> usize {
    (0..=255u8).filter(|&code| zonda_exec::fast::RegOp::from_code(code).is_some()).count()
}
