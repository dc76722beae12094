//! Runs a program in Zonda, in each of its ways, and in wasmi or wasmtime, and compares everything
//! that can be observed: results, kinds of traps, calls of host functions with their arguments,
//! memories, globals, and which function each element of a table is.

mod judge;
#[cfg(feature = "native")]
mod native;
#[cfg(not(feature = "native"))]
#[path = "native_off.rs"]
mod native;
mod ours;
mod outside;
mod rewrite;

use super::ast::{Program, Ty, HOST};
use super::exceptions;
use std::fmt;

pub use ours::{ways, Way, OVERRUNS};

/// The engine that Zonda is compared with.
pub enum Judge {
    /// Linked, and fast.
    Wasmi(Box<judge::Wasmi>),
    /// A process of its own, which has wasmtime.
    Wasmtime(outside::Outside),
}

impl Default for Judge {
    fn default() -> Judge {
        Judge::Wasmi(Box::default())
    }
}

impl Judge {
    /// wasmtime, in Python.
    ///
    /// # Errors
    /// It is not installed; the text says how to.
    pub fn wasmtime() -> Result<Judge, String> {
        outside::Outside::start().map(Judge::Wasmtime)
    }

    fn name(&self) -> &'static str {
        match self {
            Judge::Wasmi(_) => "wasmi",
            Judge::Wasmtime(_) => "wasmtime",
        }
    }

    fn run(&mut self, program: &Program, bytes: &[Vec<u8>]) -> Result<(String, Run), Disagreement> {
        let run = match self {
            Judge::Wasmi(wasmi) => wasmi.run(program, bytes),
            Judge::Wasmtime(outside) => outside.run(program, bytes),
        };
        let name = self.name().to_string();
        match run {
            Ok(run) => Ok((name, run)),
            Err(what) => Err(Disagreement { left: name, right: "the generator".into(), what }),
        }
    }
}

/// Something that was observed, in order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Obs {
    /// A module was instantiated.
    Instantiated(u32),
    /// It was not, for another reason than a trap.
    NotInstantiated,
    /// A call begins, by its number.
    Call(u32),
    Returned,
    Trapped(Trap),
    /// A host function is called.
    Host(u32),
    Value(Ty, u64),
    /// Length and hash.
    Memory(u64, u64),
    Table(u32),
}

/// Why execution stopped, as far as engines say it alike.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Trap {
    Unreachable,
    Memory,
    Table,
    NullElement,
    Signature,
    DivideByZero,
    Overflow,
    Conversion,
    /// A limit of the engine: no statement about the program.
    Limit,
    Fuel,
    Other,
}

/// What a run shows.
#[derive(Debug, Default)]
pub struct Run {
    pub seen: Vec<Obs>,
    /// What is left of the fuel, and where traps were; engines other than Zonda have neither.
    pub fuel: u64,
    pub places: Vec<(u32, u32)>,
}

impl Run {
    /// Where a limit ended the run's meaning.
    fn limit(&self) -> usize {
        let limited = |obs: &Obs| matches!(obs, Obs::Trapped(Trap::Limit | Trap::Fuel));
        self.seen.iter().position(limited).unwrap_or(self.seen.len())
    }
}

/// Two ways of execution that saw different things.
pub struct Disagreement {
    pub left: String,
    pub right: String,
    pub what: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {} disagree: {}", self.left, self.right, self.what)
    }
}

/// What came of a program on which all agree.
#[derive(Clone, Copy, Default, Debug)]
pub struct Outcome {
    /// Calls that returned, and that trapped.
    pub returned: u32,
    pub trapped: u32,
    /// Values that were compared: results, arguments of host functions, globals, elements, words
    /// of memory that are not 0.
    pub values: u64,
    /// An engine met a limit of its own, so that only a part was compared.
    pub limited: bool,
    /// wasmi agreed only without the `br_if`s that it is known to be wrong on.
    pub corrected: bool,
}

/// Runs a program in all ways that `only` leaves, and in the judge.
///
/// # Errors
/// The first disagreement.
pub fn check(
    program: &Program,
    bytes: &[Vec<u8>],
    judge: &mut Judge,
    only: Option<&str>,
) -> Result<Outcome, Disagreement> {
    let mut runs: Vec<(String, Run)> = Vec::new();
    // The judge gets the program without exceptions, and so does native code.
    let thrown = if only == Some("native") { None } else { exceptions::variant(program) };
    let thrown = thrown.map(|program| (super::encode(&program), program));
    for way in ways(program, only) {
        let (program, bytes) =
            thrown.as_ref().map_or((program, bytes), |(bytes, program)| (program, &bytes[..]));
        let run = ours::run(program, bytes, way).map_err(|what| Disagreement {
            left: way.to_string(),
            right: if what.contains("beyond") { "its bounds" } else { "the generator" }.into(),
            what,
        })?;
        let too_long = run.seen.contains(&Obs::Trapped(Trap::Fuel));
        runs.push((way.to_string(), run));
        if too_long {
            break;
        }
    }
    let Some((first, rest)) = runs.split_first() else { return Ok(Outcome::default()) };
    for other in rest {
        compare(first, other, true)?;
    }
    // A stack that is too small on purpose says nothing about the program.
    let usual = runs.iter().filter(|run| !run.0.contains("of stack"));
    let mut corrected = false;
    let mut limit = usual.map(|run| run.1.limit()).min().unwrap_or(0);
    if !first.1.seen.contains(&Obs::Trapped(Trap::Fuel)) {
        let mut theirs = judge.run(program, bytes)?;
        if let Err(found) = compare(first, &theirs, false) {
            // wasmi is wrong on some `br_if`s. It is believed on the same program without them.
            let rewritten =
                matches!(judge, Judge::Wasmi(_)).then(|| rewrite::without_wide_br_if(program));
            let Some(rewritten) = rewritten.flatten() else { return Err(found) };
            theirs = judge.run(&rewritten, &super::encode(&rewritten))?;
            if compare(first, &theirs, false).is_err() {
                return Err(found);
            }
            corrected = true;
        }
        limit = limit.min(theirs.1.limit());
    }
    let seen = &first.1.seen;
    let count = |wanted: fn(&Obs) -> bool| seen.iter().filter(|obs| wanted(obs)).count() as u32;
    Ok(Outcome {
        returned: count(|obs| matches!(obs, Obs::Returned)),
        trapped: count(|obs| matches!(obs, Obs::Trapped(_))),
        values: u64::from(count(|obs| matches!(obs, Obs::Value(..) | Obs::Memory(..)))),
        limited: limit < seen.len(),
        corrected,
    })
}

/// What classic mode sees of a program.
///
/// # Errors
/// As for [`check`].
pub fn classic(program: &Program, bytes: &[Vec<u8>]) -> Result<Vec<Obs>, String> {
    ours::run(program, bytes, Way::Classic).map(|run| run.seen)
}

/// Whether a program needs at most so many bytes of operand stack, in both modes.
pub fn fits(program: &Program, bytes: &[Vec<u8>], stack: u32) -> bool {
    [zonda::Mode::Classic, zonda::Mode::Fast].into_iter().all(|mode| {
        ours::run(program, bytes, Way::Cramped(mode, stack))
            .is_ok_and(|run| run.limit() == run.seen.len())
    })
}

/// A function whose identity is not known, because it belongs to a module that was not
/// instantiated.
const SOME_FUNC: u64 = u64::MAX - 1;

/// Whether two observations are the same, as far as both are known.
fn alike(a: Obs, b: Obs) -> bool {
    match (a, b) {
        (Obs::Value(Ty::Func, a), Obs::Value(Ty::Func, b)) if a == SOME_FUNC || b == SOME_FUNC => {
            (a == 0) == (b == 0)
        }
        _ => a == b,
    }
}

fn compare(left: &(String, Run), right: &(String, Run), places: bool) -> Result<(), Disagreement> {
    let limit = left.1.limit().min(right.1.limit());
    let found = |what: String| Disagreement { left: left.0.clone(), right: right.0.clone(), what };
    let (a, b) = (&left.1.seen, &right.1.seen);
    for index in 0..limit {
        if !alike(a[index], b[index]) {
            let from = index.saturating_sub(3);
            return Err(found(format!(
                "after {:?} observation {index} is {:?} and {:?}",
                &a[from..index],
                a[index],
                b[index]
            )));
        }
    }
    let whole = limit == a.len() && limit == b.len();
    if !whole && left.1.limit() == a.len() && right.1.limit() == b.len() {
        return Err(found(format!("{} and {} observations", a.len(), b.len())));
    }
    if places && whole && left.1.fuel != right.1.fuel {
        return Err(found(format!("fuel {} and {}", left.1.fuel, right.1.fuel)));
    }
    if places && whole && left.1.places != right.1.places {
        return Err(found(format!("places of traps {:?} and {:?}", left.1.places, right.1.places)));
    }
    Ok(())
}

/// The bits of a value as they are compared: a NaN is a NaN.
fn observed(ty: Ty, bits: u64) -> u64 {
    match ty {
        Ty::F32 if f32::from_bits(bits as u32).is_nan() => 0x7fc0_0000,
        Ty::F64 if f64::from_bits(bits).is_nan() => 0x7ff8_0000_0000_0000,
        _ => bits,
    }
}

/// What a host function returns, which depends on its arguments; the callback's is made of its
/// callee's.
pub fn host(which: u32, args: &[u64]) -> Vec<u64> {
    let int = |index: usize| args.get(index).copied().unwrap_or(0);
    match HOST[which as usize].name {
        "i" => vec![u64::from((int(0) as u32).wrapping_mul(3) ^ 5)],
        "l" => vec![((int(0) >> 12) as f64 * 0.5).to_bits()],
        "m" => {
            let x = int(0);
            let float = f64::from(x as u32 as i32 >> 3) * 0.25;
            vec![
                u64::from(x as u32 ^ 0xffff),
                x.wrapping_mul(0x1_0000_0001),
                float.to_bits(),
                x & 0xff,
            ]
        }
        "r" => vec![int(1), int(0)],
        "c" => vec![u64::from((int(0) as u32).wrapping_mul(2) ^ 9)],
        _ => vec![],
    }
}

/// FNV-1a over words, with the length.
fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let (words, rest) = bytes.as_chunks();
    for &word in words {
        let word = u64::from_le_bytes(word);
        hash = (hash ^ word).wrapping_mul(0x100_0000_01b3).rotate_left(23);
    }
    for &byte in rest {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    hash
}

/// What a function is, for engines that number their functions differently: the module that defines
/// it and its index there. Functions are numbered for each program; 0 is null.
struct Identities<F> {
    /// Functions as the engine names them, with the number of what they are.
    known: Vec<(F, u64)>,
}

impl<F: PartialEq + Copy> Identities<F> {
    /// The number of a function; one that was never given to the program has none.
    fn of(&self, func: F) -> u64 {
        self.known.iter().find(|known| known.0 == func).map_or(u64::MAX, |known| known.1)
    }
}

/// Numbers for the functions of a program's module, by index: of those that it imports, the number
/// that they have where they are defined.
fn identities(program: &Program, module: usize) -> Vec<u64> {
    use super::ast::{Item, Source};
    let this = &program.modules[module];
    let mut numbers = Vec::new();
    for (item, from) in &this.imports {
        if let Item::Func(_) = item {
            numbers.push(match from {
                Source::Host(which) => 1 + u64::from(*which),
                Source::Module(from, index) => identity(program, *from, *index),
            });
        }
    }
    let imported = numbers.len() as u64;
    numbers
        .extend((0..this.funcs.len() as u64).map(|i| (module as u64 + 1) << 32 | (imported + i)));
    numbers
}

fn identity(program: &Program, module: usize, index: u32) -> u64 {
    identities(program, module).get(index as usize).copied().unwrap_or(u64::MAX)
}
