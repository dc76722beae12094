//! What loading a hostile module costs for each of its bytes: instructions, counted by valgrind,
//! and heap, for families of modules that are made to be expensive (`tests/common/hostile.rs`),
//! in each mode, and for the verifier of register bytecode. Linear means that the figure does not
//! grow with the module.

mod plot;

use crate::{packages, shell};
use anyhow::{bail, Context, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What loads: the modes, and the verifier.
pub const WAYS: [&str; 3] = ["classic", "fast", "verify"];
const SIZES: [usize; 4] = [64 << 10, 256 << 10, 1 << 20, 4 << 20];
/// For the test: as small as shows it.
const TEST_SIZES: [usize; 2] = [24 << 10, 120 << 10];
/// Grows more than linear: the costs of a byte at the largest size, over those at the second
/// smallest (of the test: the smallest).
const GROWTH: f64 = 1.3;
/// Most instructions and bytes of heap for each byte of any module. The most that is known are
/// 13,200, where instructions of two bytes take and give 1,000 operands of unknown
/// type (`unknown-arity`); everything else stays below 3,000.
const INSTRUCTIONS: f64 = 16000.0;
const HEAP: f64 = 256.0;

#[derive(clap::Args)]
pub struct Options {
    /// Measure only these families of modules, separated by commas
    #[arg(long)]
    families: Option<String>,
    /// Largest size of a module in bytes
    #[arg(long, default_value_t = 4 << 20)]
    most: usize,
    /// Draw docs/charts/validation.svg
    #[arg(long)]
    plot: bool,
}

/// One load.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub family: String,
    pub way: String,
    pub bytes: f64,
    pub instructions: f64,
    pub heap: f64,
}

impl Point {
    /// Instructions for each byte.
    pub fn each(&self) -> f64 {
        self.instructions / self.bytes
    }
}

fn program() -> Result<PathBuf> {
    shell::step("building the runtime for this machine");
    let mut command = shell::cargo();
    shell::run(command.args([
        "build",
        "--quiet",
        "--profile",
        "host",
        "--package",
        "xtask",
        "--features",
        "curve",
        "--bin",
        "curve-host",
    ]))?;
    Ok(shell::target_dir().join("host/curve-host"))
}

/// Loads a family in some ways and sizes under valgrind. Callgrind writes a file after each load,
/// numbered from 1.
fn measure(program: &Path, family: &str, ways: &[&str], sizes: &[usize]) -> Result<Vec<Point>> {
    let out = std::env::temp_dir().join(format!("zonda-curve-{}-{family}", std::process::id()));
    let mut command = Command::new(packages::VALGRIND.0);
    command.args([
        "--tool=callgrind",
        "--toggle-collect=curve_measured",
        "--dump-after=curve_measured",
    ]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(program);
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    let output = command
        .args([family, &ways.join(","), &sizes.join(",")])
        .output()
        .context("could not start valgrind")?;
    if !output.status.success() {
        bail!("{family}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut points = Vec::new();
    for (index, line) in String::from_utf8_lossy(&output.stdout).lines().enumerate() {
        let dump = out.with_file_name(format!(
            "{}.{}",
            out.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            index + 1
        ));
        let text = std::fs::read_to_string(&dump)
            .with_context(|| format!("{} was not written", dump.display()))?;
        std::fs::remove_file(&dump)?;
        let total = text.lines().find_map(|line| {
            line.strip_prefix("summary: ").or_else(|| line.strip_prefix("totals: "))
        });
        let instructions: f64 = total.context("valgrind wrote no total")?.trim().parse()?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [family, way, bytes, _, heap] = words[..] else { bail!("the program printed {line}") };
        let (family, way) = (family.to_owned(), way.to_owned());
        points.push(Point {
            family,
            way,
            bytes: bytes.parse()?,
            instructions,
            heap: heap.parse()?,
        });
    }
    let _ = std::fs::remove_file(&out);
    Ok(points)
}

/// Names of the families, and what they press on.
fn families(program: &Path, only: Option<&str>) -> Result<Vec<(String, String)>> {
    let listed = shell::output(Command::new(program).arg("list"))?;
    let all = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, what)| (name.to_owned(), what.to_owned()));
    let all: Vec<(String, String)> = all.collect();
    let Some(only) = only else { return Ok(all) };
    if let Some(unknown) = only.split(',').find(|wanted| all.iter().all(|(name, _)| name != wanted))
    {
        let names: Vec<&str> = all.iter().map(|(name, _)| &name[..]).collect();
        bail!("there is no family {unknown}; there are: {}", names.join(", "));
    }
    Ok(all.into_iter().filter(|(name, _)| only.split(',').any(|wanted| wanted == name)).collect())
}

/// The points of each family and way, in the order of their sizes.
type Curves = BTreeMap<(String, String), Vec<Point>>;

fn curves(program: &Path, names: &[(String, String)], sizes: &[usize]) -> Result<Curves> {
    let mut curves = Curves::new();
    // Two at a time: one for each processor that there is at least.
    for pair in names.chunks(2) {
        let results: Vec<Result<Vec<Point>>> = std::thread::scope(|scope| {
            let threads: Vec<_> = pair
                .iter()
                .map(|(name, _)| scope.spawn(move || measure(program, name, &WAYS, sizes)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| bail!("a measurement panicked")))
                .collect()
        });
        for point in results.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten() {
            curves.entry((point.family.clone(), point.way.clone())).or_default().push(point);
        }
    }
    Ok(curves)
}

/// What is wrong with a curve: that it grows, from its `first` point on, or that it is too high.
fn wrong(points: &[Point], first: usize, growth: f64) -> Option<String> {
    let (Some(from), Some(to)) = (points.get(first), points.last()) else {
        return Some("was not measured".into());
    };
    // A precompiled module may be small whatever the module is; what loading costs at all then
    // counts, not what a byte does.
    let is_comparable = to.bytes >= 2.0 * from.bytes && from.bytes >= 8192.0;
    let times = to.each() / from.each();
    let each = to.each();
    let heap = to.heap / to.bytes;
    if is_comparable && times > growth {
        return Some(format!(
            "takes {times:.2} times the instructions for a byte when it grows from {} to {} bytes",
            from.bytes, to.bytes
        ));
    }
    let is_large = to.bytes >= 8192.0;
    if is_large && (each > INSTRUCTIONS || heap > HEAP) {
        return Some(format!("takes {each:.0} instructions (at most {INSTRUCTIONS}) and {heap:.1} bytes of heap (at most {HEAP}) for a byte"));
    }
    None
}

fn judge(curves: &Curves, first: usize, growth: f64) -> Result<()> {
    let wrong = |((family, way), points): (&(String, String), &Vec<Point>)| {
        Some(format!("{family}, {way}: {}", wrong(points, first, growth)?))
    };
    let all: Vec<String> = curves.iter().filter_map(wrong).collect();
    if all.is_empty() {
        Ok(())
    } else {
        bail!("{}", all.join("\n  "))
    }
}

pub fn run(options: &Options) -> Result<()> {
    let sizes: Vec<usize> = SIZES.into_iter().filter(|&size| size <= options.most).collect();
    if sizes.is_empty() {
        bail!("--most {} leaves no size: the smallest is {} bytes", options.most, SIZES[0]);
    }
    packages::need(&[packages::VALGRIND])?;
    let program = program()?;
    let names = families(&program, options.families.as_deref())?;
    shell::step("loading hostile modules under valgrind, which takes a while");
    let curves = curves(&program, &names, &sizes)?;
    println!(
        "| family | way | instructions for a byte at {} KB | heap for a byte |",
        sizes.iter().map(|size| (size >> 10).to_string()).collect::<Vec<_>>().join(", ")
    );
    println!("|---|---|---|---|");
    for (name, _) in &names {
        for way in WAYS {
            let Some(points) = curves.get(&(name.clone(), way.to_owned())) else { continue };
            let each: Vec<String> =
                points.iter().map(|point| format!("{:.1}", point.each())).collect();
            let heap = points.last().map_or(0.0, |point| point.heap / point.bytes);
            println!("| {name} | {way} | {} | {heap:.1} |", each.join(", "));
        }
    }
    if options.plot {
        plot::draw(&curves)?;
    }
    judge(&curves, 1.min(sizes.len() - 1), GROWTH)
}

/// Whether valgrind is installed, or can be.
pub fn is_possible() -> Result<()> {
    packages::need(&[packages::VALGRIND])
}

/// As a test: no family is more than linear.
pub fn check() -> Result<()> {
    let program = program()?;
    let names = families(&program, None)?;
    // Small modules do not reach what costs twice as much in larger ones, such as the long form of
    // a br_table; what is quadratic grows by five.
    judge(&curves(&program, &names, &TEST_SIZES)?, 0, 2.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(each: &[f64]) -> Vec<Point> {
        let at = |(i, &each): (usize, &f64)| {
            let bytes = 65536.0 * 4f64.powi(i as i32);
            Point {
                family: "f".into(),
                way: "fast".into(),
                bytes,
                instructions: bytes * each,
                heap: bytes,
            }
        };
        each.iter().enumerate().map(at).collect()
    }

    #[test]
    fn what_grows_is_seen() {
        assert_eq!(wrong(&points(&[500.0, 100.0, 101.0, 110.0]), 1, GROWTH), None);
        assert!(wrong(&points(&[100.0, 100.0, 200.0, 400.0]), 1, GROWTH).is_some());
        assert!(wrong(&points(&[INSTRUCTIONS + 1.0, INSTRUCTIONS + 1.0]), 1, GROWTH).is_some());
        assert!(wrong(&points(&[]), 1, GROWTH).is_some());
        let mut large = points(&[10.0, 10.0]);
        large[1].heap *= 1000.0;
        assert!(wrong(&large, 1, GROWTH).is_some());
    }
}
