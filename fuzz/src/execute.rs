//! Execution in both modes, against each other and against wasmi: results, traps, calls of host
//! functions, memories, globals, tables. The modes are held to the places of traps and to the fuel
//! as well.

use std::fmt::Debug;

use arbitrary::Unstructured;
use zonda::Mode;

use super::smith;

mod ours;
mod theirs;

/// A module of wasm-smith, chosen by the bytes; every exported function is called.
pub fn execute(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(seed) = u.arbitrary::<u64>() else { return };
    let Ok(bytes) = smith::executable(&mut u) else { return };
    execute_module(&bytes, seed);
}

/// Runs the module in both modes and in wasmi, and panics when they disagree. `seed` chooses the
/// arguments, and for one in four an amount of fuel that may not last.
pub fn execute_module(bytes: &[u8], seed: u64) {
    let fuel = if seed & 3 == 3 { seed >> 2 & 0xfff } else { u64::MAX };
    let (Some(classic), Some(fast)) =
        (ours::run(bytes, seed, Mode::Classic, fuel), ours::run(bytes, seed, Mode::Fast, fuel))
    else {
        return;
    };
    // Frames of one mode are larger than the other's, so that only one of them may run out of
    // stack: then the rest differs.
    let limit = |run: &ours::Run| {
        run.events.iter().any(|event| matches!(event, Event::Trapped(TrapKind::Limit)))
    };
    if !limit(&classic) && !limit(&fast) {
        assert_eq!(classic, fast, "the modes differ (left: classic, right: fast)");
    }
    if fuel != u64::MAX {
        return;
    }
    let (ours, Some(theirs)) = (fast.events, theirs::run(bytes, seed)) else { return };
    for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        // What follows depends on where an engine's own limit struck.
        if matches!(ours, Event::Trapped(TrapKind::Limit))
            || matches!(theirs, Event::Trapped(TrapKind::Limit))
        {
            return;
        }
        // wasmi does not say of every segment that it traps.
        if matches!((ours, theirs), (Event::Trapped(_), Event::NotInstantiated)) {
            return;
        }
        assert_eq!(ours, theirs, "event {index} differs (left: Zonda, right: wasmi)");
    }
    assert_eq!(ours.len(), theirs.len(), "one engine saw more events");
}

/// Everything that can be observed, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// A call of a host function.
    Host(&'static str, Vec<Value>),
    Instantiated,
    /// Instantiating failed for another reason than a trap.
    NotInstantiated,
    Called(String),
    Returned(Vec<Value>),
    Trapped(TrapKind),
    Global(String, Value),
    Memory(String, usize, u64),
    Table(String, Vec<Value>),
}

/// A value that both engines can tell; references only by whether they are null, and externrefs by
/// number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    Func(bool),
    Extern(Option<u32>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TrapKind {
    Unreachable,
    MemoryOutOfBounds,
    TableOutOfBounds,
    NullElement,
    SignatureMismatch,
    DivideByZero,
    Overflow,
    BadConversion,
    /// Stack or memory of the engine is used up: no statement about the module.
    Limit,
    Fuel,
    Other,
}

#[derive(Clone, Copy)]
pub(crate) enum Type {
    I32,
    I64,
    F32,
    F64,
    V128,
    Func,
    Extern,
}

/// Arguments that both engines are given: a sequence that depends on the seed only.
pub(crate) struct Arguments(u64);

impl Arguments {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (splitmix64).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number that is often small or extreme.
    fn number(&mut self) -> u64 {
        match self.next() % 6 {
            0 => self.next() % 8,
            1 => 0u64.wrapping_sub(self.next() % 4),
            2 => 1 << (self.next() % 64),
            3 => self.next() % 0x2_0010,
            _ => self.next(),
        }
    }

    pub(crate) fn value(&mut self, ty: Type) -> Value {
        match ty {
            Type::I32 => Value::I32(self.number() as i32),
            Type::I64 => Value::I64(self.number() as i64),
            Type::F32 => Value::F32(self.f32()),
            Type::F64 => Value::F64(self.f64()),
            Type::V128 => Value::V128(u128::from(self.next()) << 64 | u128::from(self.number())),
            Type::Func => Value::Func(true),
            Type::Extern => {
                Value::Extern((self.next() & 1 == 0).then_some(self.next() as u32 % 1000))
            }
        }
    }

    // NaNs that are not canonical may come out of arithmetic in more than one way (spec: 4.3.3).
    fn f32(&mut self) -> u32 {
        match self.next() % 4 {
            0 => (self.number() as i64 as f32).to_bits(),
            1 => 0x7fc0_0000,
            _ => Some(f32::from_bits(self.next() as u32))
                .filter(|v| !v.is_nan())
                .unwrap_or(-0.0)
                .to_bits(),
        }
    }

    fn f64(&mut self) -> u64 {
        match self.next() % 4 {
            0 => (self.number() as i64 as f64).to_bits(),
            1 => 0x7ff8_0000_0000_0000,
            _ => {
                Some(f64::from_bits(self.next())).filter(|v| !v.is_nan()).unwrap_or(-0.0).to_bits()
            }
        }
    }
}

/// What the host functions return: something that depends on what they are given.
pub(crate) fn host(name: &'static str, arguments: &[Value]) -> Vec<Value> {
    match (name, arguments) {
        ("a", [Value::I32(x)]) => vec![Value::I32(x.wrapping_mul(3) ^ 5)],
        ("b", [Value::I64(x), Value::F32(_)]) => vec![Value::F64((*x as f64 * 0.5).to_bits())],
        ("c", []) => vec![],
        ("d", [Value::Extern(x), Value::Func(null)]) => {
            vec![Value::I64(x.map_or(-1, i64::from)), Value::I32(i32::from(*null))]
        }
        other => panic!("host function called with the wrong types: {other:?}"),
    }
}

pub(crate) const HOST: [&str; 4] = ["a", "b", "c", "d"];

/// The order in which exports are called and looked at; engines list them in orders of their own.
pub(crate) fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

/// FNV-1a of a memory, so that a difference is reported in a line.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}
