//! What the functions of the modules do, computed without the runtime.

use std::collections::HashMap;

use arbitrary::{Result, Unstructured};

use super::app::BACKS;
use super::modules::RICH;

/// The state of an instance, as far as it is known.
pub struct State {
    pub count: u32,
    /// What was stored below [`KNOWN`], where nothing else writes.
    pub bytes: HashMap<u32, u8>,
}

/// Addresses below this are written by `store` alone.
pub const KNOWN: u32 = 1000;

/// What has to come of a call, if nothing runs out and nobody stops it.
#[derive(Debug, PartialEq)]
pub enum Expected {
    /// The cells of the results.
    Cells(Vec<u32>),
    /// A trap whose text has these words.
    Trap(&'static str),
    Unknown,
}

/// A call: the function's name, its arguments in cells, and the number of cells of its results.
pub struct Call {
    pub name: &'static str,
    pub cells: Vec<u32>,
    pub expected: Expected,
    /// At least so many calls and turns of loops.
    pub cost: u32,
}

fn number(u: &mut Unstructured) -> Result<u32> {
    Ok(match u.int_in_range(0..=5)? {
        0 => u.int_in_range(0..=20)?,
        1 => 0u32.wrapping_sub(u.int_in_range(0..=8)?),
        2 => (0x1_0000u32 * u.int_in_range(0..=4)? + u.int_in_range(0..=8)?).wrapping_sub(4),
        3 => u.int_in_range(0..=KNOWN - 1)?,
        _ => u.arbitrary()?,
    })
}

fn wide(cells: &[u32]) -> u64 {
    u64::from(cells[0]) | u64::from(cells[1]) << 32
}

fn narrow(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// What is there for an instance to use.
pub struct Surroundings {
    /// Whether its imports are there, and the one that only raw functions provide.
    pub linked: bool,
    pub raw: bool,
    /// Bytes of its memory.
    pub len: u64,
    /// The first address that it shares with others, or the end of all.
    pub shared: u64,
}

/// Chooses a call of an instance of the module with this number.
pub fn choose(
    u: &mut Unstructured,
    module: usize,
    around: &Surroundings,
    state: &State,
) -> Result<Call> {
    let &Surroundings { linked, raw, len, shared } = around;
    use Expected::{Cells, Trap, Unknown};
    let (a, b) = (number(u)?, number(u)?);
    let (c, d) = (number(u)?, number(u)?);
    let which = if module == RICH { u.int_in_range(0..=17)? } else { 0 };
    let link = |expected| if linked { expected } else { Trap("unlinked import") };
    let mut cost = 1;
    let (name, cells, expected) = match which {
        0 => ("add", vec![a, b], Cells(vec![a.wrapping_add(b)])),
        1 => (
            "add64",
            vec![a, b, c, d],
            Cells(narrow(wide(&[a, b]).wrapping_add(wide(&[c, d]))).to_vec()),
        ),
        2 => ("swap", vec![a, b, c, d, a, b], Cells(vec![a, b, d, b, c, a])),
        3 => ("trap", vec![], Trap("unreachable")),
        4 => (
            "div",
            vec![a, b],
            a.checked_div(b).map_or(Trap("divide by zero"), |value| Cells(vec![value])),
        ),
        5 => ("count", vec![a], Cells(vec![state.count.wrapping_add(a)])),
        6 => {
            let turns = a % 5000;
            cost = turns.max(1);
            ("spin", vec![turns], Cells(vec![turns.max(1)]))
        }
        7 => {
            let depth = a % 3000;
            cost = depth.max(1);
            ("deep", vec![depth], Cells(vec![depth]))
        }
        8 => ("grow", vec![a % 5], Unknown),
        9 => {
            let expected = match a {
                _ if u64::from(a) >= len && u64::from(a) < shared => Trap("out of bounds memory"),
                _ if a < KNOWN => Cells(vec![u32::from(state.bytes.get(&a).copied().unwrap_or(0))]),
                _ => Unknown,
            };
            ("load", vec![a], expected)
        }
        10 => ("store", vec![a % KNOWN, b], Cells(vec![])),
        11 => {
            // A reference is a pointer, which takes two cells on a 64-bit host.
            let mut cells = vec![a];
            cells.resize(size_of::<usize>() / size_of::<u32>(), 0);
            ("same", cells.clone(), Cells(cells))
        }
        12 => ("twice", vec![a], link(Cells(vec![a.wrapping_mul(2)]))),
        13 => {
            let expected = if u64::from(a) + u64::from(b) > len && u64::from(a) < shared {
                Trap("out of bounds memory")
            } else {
                Unknown
            };
            ("sum", vec![a, b], link(expected))
        }
        14 => {
            let what = a % (20 * BACKS);
            let expected = match what % BACKS {
                0 | 4 | 5 | 7 | 9 | 10 => Cells(vec![what]),
                1 => Trap("from native"),
                6 => Trap("unreachable"),
                _ => Unknown,
            };
            ("back", vec![what], link(expected))
        }
        15 if raw => ("missing", vec![], Cells(vec![])),
        15 => ("missing", vec![], Trap("unlinked import")),
        16 => {
            let place = b % 6;
            let expected = match place {
                0 => link(Cells(vec![a.wrapping_mul(2)])),
                1 => Trap("type mismatch"),
                2 => Unknown,
                3 => Trap("uninitialized element"),
                _ => Trap("undefined element"),
            };
            let a = if place == 2 { a % 1000 } else { a };
            ("indirect", vec![a, place], expected)
        }
        _ => ("same_func", vec![0], Cells(vec![0])),
    };
    Ok(Call { name, cells, expected, cost })
}

impl State {
    pub fn new() -> State {
        State { count: 7, bytes: HashMap::new() }
    }

    /// What is different after a call that has succeeded.
    pub fn called(&mut self, call: &Call) {
        match call.name {
            "count" => self.count = self.count.wrapping_add(call.cells[0]),
            "store" => drop(self.bytes.insert(call.cells[0], call.cells[1] as u8)),
            _ => {}
        }
    }
}
