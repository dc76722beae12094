//! Runs a script through the public API of the runtime and counts the directives that passed and
//! failed.
//!
//! Depends on the format and on `zonda`, allocates through the global allocator, needs no operating
//! system. Owns the meaning of every assertion; what a directive needs from earlier ones (named
//! instances, registered names, the current instance) is in [`Epoch`].

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "gc")]
use zonda::{AnyKind, AnyRef};
use zonda::{
    Engine, Error, ErrorClass, Extern, Instance, LinkErrorKind, Linker, Module, ModuleErrorKind,
    Store, StoreConfig, TrapCode, Val,
};

use crate::format::{Action, ActionKind, Command, Malformed, Script, Value, Values};
use crate::spectest;

/// Converts a module to the bytes that are loaded in its place.
pub type Prepare = fn(&[u8]) -> Option<Vec<u8>>;

/// Loads a module, in place of [`Module::new`].
pub type Load = for<'a> fn(&Engine, &'a [u8]) -> Result<Module<'a>, Error>;

/// Configures a store that was made.
pub type Configure = fn(&mut Store<()>);

/// Options of [`run`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The engine, with the execution mode.
    pub engine: Engine,
    pub store: StoreConfig,
    /// Fuel for all calls between two resets; `None` for no limit.
    pub fuel: Option<u64>,
    /// Converts each module before it is instantiated, for example to a precompiled module.
    pub prepare: Option<Prepare>,
    /// Loads each module that is instantiated, for example as native code.
    pub load: Option<Load>,
    /// Configures each store, beyond [`Options::store`].
    pub configure: Option<Configure>,
}

/// The number of directives of a script, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u32,
    pub failed: u32,
    /// Directives that this project does not run.
    pub unsupported: u32,
    /// Assertions about the text format that held; they were checked when the script was compiled.
    pub text: u32,
}

impl Counts {
    pub fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.unsupported += other.unsupported;
        self.text += other.text;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { passed, failed, unsupported, text } = self;
        write!(f, "passed={passed} failed={failed} unsupported={unsupported} text={text}")
    }
}

/// Runs every command; `message` gets one line for each directive that failed.
pub fn run(
    script: &Script,
    options: &Options,
    message: &mut dyn FnMut(fmt::Arguments),
) -> Result<Counts, Malformed> {
    let mut counts = Counts::default();
    let mut epoch = None;
    for command in script.commands() {
        let (line, command) = command?;
        match command {
            Command::Reset => {
                epoch = None;
                continue;
            }
            Command::Unsupported { instance, .. } => {
                if let (true, Some(epoch)) = (instance, &mut epoch) {
                    Epoch::forget_current(epoch);
                }
                counts.unsupported += 1;
                continue;
            }
            Command::Text { held: true, .. } => {
                counts.text += 1;
                continue;
            }
            _ => {}
        }
        if epoch.is_none() {
            match Epoch::new(options) {
                Ok(new) => epoch = Some(new),
                Err(error) => {
                    message(format_args!("{}:{line}: cannot make a store: {error}", script.name()))
                }
            }
        }
        let outcome = match &mut epoch {
            Some(epoch) => epoch.command(&command),
            None => Err(Failure::Because("no store")),
        };
        match outcome {
            Ok(()) => counts.passed += 1,
            Err(failure) => {
                counts.failed += 1;
                message(format_args!("{}:{line}: {}: {failure}", script.name(), name(&command)));
            }
        }
    }
    Ok(counts)
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Module { .. } => "module",
        Command::Definition { .. } => "module definition",
        Command::Register { .. } => "register",
        Command::Action(_) => "action",
        Command::AssertReturn { .. } => "assert_return",
        Command::AssertTrap { .. } => "assert_trap",
        Command::AssertExhaustion { .. } => "assert_exhaustion",
        Command::AssertInvalid { .. } => "assert_invalid",
        Command::AssertMalformed { .. } => "assert_malformed",
        Command::AssertUnlinkable { .. } => "assert_unlinkable",
        Command::AssertUninstantiable { .. } => "assert_trap of a module",
        Command::Unsupported { .. } => "unsupported",
        Command::Text { .. } => "text",
        Command::Reset => "reset",
    }
}

/// Why a directive failed.
enum Failure {
    /// It should have succeeded.
    Unexpected(Error),
    /// It should have failed with this message.
    Succeeded(String),
    /// It failed, but not as it should have.
    Other(String, Error),
    /// It returned other results.
    Results {
        expected: Vec<Value>,
        got: Vec<Val>,
    },
    Because(&'static str),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unexpected(error) => write!(f, "{error}"),
            Failure::Succeeded(text) => write!(f, "expected \"{text}\", but it succeeded"),
            Failure::Other(text, error) => write!(f, "expected \"{text}\", got \"{error}\""),
            Failure::Results { expected, got } => write!(f, "expected {expected:x?}, got {got:x?}"),
            Failure::Because(text) => f.write_str(text),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Unexpected(error)
    }
}

type Outcome = Result<(), Failure>;

/// Everything between two resets.
struct Epoch<'a> {
    engine: Engine,
    prepare: Option<Prepare>,
    load: Option<Load>,
    store: Store<'a, ()>,
    linker: Linker<()>,
    current: Option<Instance>,
    named: Vec<(&'a str, Instance)>,
}

impl<'a> Epoch<'a> {
    fn new(options: &Options) -> Result<Self, Error> {
        let engine = options.engine;
        let mut store = Store::with_config(&engine, (), options.store)?;
        if let Some(fuel) = options.fuel {
            store.set_fuel(fuel);
        }
        if let Some(configure) = options.configure {
            configure(&mut store);
        }
        let mut linker = Linker::new();
        spectest::define(&mut store, &mut linker)?;
        Ok(Self {
            engine,
            prepare: options.prepare,
            load: options.load,
            store,
            linker,
            current: None,
            named: Vec::new(),
        })
    }

    fn forget_current(&mut self) {
        self.current = None;
    }

    fn command(&mut self, command: &Command<'a>) -> Outcome {
        match *command {
            Command::Module { name, bytes } => {
                self.current = None;
                let instance = self.instantiate(bytes)?;
                self.current = Some(instance);
                if !name.is_empty() {
                    self.named.retain(|(other, _)| *other != name);
                    self.named.push((name, instance));
                }
                Ok(())
            }
            Command::Definition { bytes } => Ok(Module::new(&self.engine, bytes).map(drop)?),
            Command::Register { alias, instance } => {
                let instance = self.instance(instance)?;
                self.linker.instance(&self.store, alias, instance)?;
                Ok(())
            }
            Command::Action(action) => self.act(&action).map(drop),
            Command::AssertReturn { action, expected } => {
                let got = self.act(&action)?;
                results(&self.store, &got, expected)
            }
            Command::AssertTrap { action, text } => match self.act(&action) {
                Err(Failure::Unexpected(error)) => trapped(error, text),
                other => succeeded(other.map(drop), text),
            },
            Command::AssertExhaustion { action, text } => match self.act(&action) {
                Err(Failure::Unexpected(Error::Trap(trap)))
                    if trap.code == TrapCode::StackOverflow =>
                {
                    Ok(())
                }
                Err(Failure::Unexpected(error)) => Err(Failure::Other(text.into(), error)),
                other => succeeded(other.map(drop), text),
            },
            Command::AssertInvalid { bytes, text } | Command::AssertMalformed { bytes, text } => {
                // The specification leaves open which of several things that are wrong with a
                // module is reported, and what is wrong may be the mark of a feature that is not
                // there. But that the module is too large for this runtime says nothing about it.
                match Module::new(&self.engine, bytes) {
                    Err(Error::Module(error)) if is_verdict(error.kind) => Ok(()),
                    Err(error) => Err(Failure::Other(text.into(), error)),
                    Ok(_) => Err(Failure::Succeeded(text.into())),
                }
            }
            Command::AssertUnlinkable { bytes, text } => match self.instantiate(bytes) {
                Err(Error::Link(error)) => {
                    let expected = match error.kind {
                        LinkErrorKind::Unknown => "unknown import",
                        LinkErrorKind::Incompatible => "incompatible import type",
                        LinkErrorKind::Denied(_) => "capability is not granted",
                    };
                    if text.starts_with(expected) {
                        Ok(())
                    } else {
                        Err(Failure::Other(text.into(), Error::Link(error)))
                    }
                }
                Err(error) => Err(Failure::Other(text.into(), error)),
                Ok(_) => Err(Failure::Succeeded(text.into())),
            },
            Command::AssertUninstantiable { bytes, text } => match self.instantiate(bytes) {
                Err(error) => trapped(error, text),
                Ok(_) => Err(Failure::Succeeded(text.into())),
            },
            Command::Text { .. } => Err(Failure::Because("the text was accepted")),
            Command::Unsupported { .. } | Command::Reset => Ok(()),
        }
    }

    fn instantiate(&mut self, bytes: &'a [u8]) -> Result<Instance, Error> {
        if let Some(load) = self.load {
            let module = load(&self.engine, bytes)?;
            return self.linker.instantiate(&mut self.store, &module);
        }
        let module = match self.prepare.and_then(|prepare| prepare(bytes)) {
            Some(file) => Module::from_vec(&self.engine, file)?,
            None => Module::new(&self.engine, bytes)?,
        };
        self.linker.instantiate(&mut self.store, &module)
    }

    fn instance(&self, name: &str) -> Result<Instance, Failure> {
        let found = match name {
            "" => self.current,
            name => {
                self.named.iter().find(|(other, _)| *other == name).map(|(_, instance)| *instance)
            }
        };
        found.ok_or(Failure::Because("there is no such instance"))
    }

    fn act(&mut self, action: &Action<'a>) -> Result<Vec<Val>, Failure> {
        let instance = self.instance(action.instance)?;
        let export = instance.get_export(&self.store, action.field);
        match (action.kind, export) {
            (ActionKind::Invoke { arguments }, Some(Extern::Func(func))) => {
                let arguments: Vec<Val> = arguments
                    .iter()
                    .map(|argument| value(&mut self.store, argument))
                    .collect::<Option<_>>()
                    .ok_or(Failure::Because("a pattern as argument"))?;
                let count = func.ty(&self.store)?.results().len();
                let mut results = alloc::vec![Val::I32(0); count];
                func.call(&mut self.store, &arguments, &mut results)?;
                Ok(results)
            }
            (ActionKind::Get, Some(Extern::Global(global))) => {
                Ok(alloc::vec![global.get(&self.store)?])
            }
            _ => Err(Failure::Because("there is no such export")),
        }
    }
}

fn is_verdict(kind: ModuleErrorKind) -> bool {
    kind.class() != ErrorClass::Limit
        || matches!(kind, ModuleErrorKind::Unsupported | ModuleErrorKind::SwitchedOff)
}

/// An action that should have trapped did not: it succeeded, or could not be executed.
fn succeeded(outcome: Outcome, text: &str) -> Outcome {
    outcome.and_then(|()| Err(Failure::Succeeded(text.into())))
}

/// Whether the error is the trap that the script names. The message of the script may be longer
/// ("uninitialized element 2") or shorter ("indirect call") than the runtime's.
fn trapped(error: Error, text: &str) -> Outcome {
    match error {
        Error::Trap(trap)
            if text.starts_with(trap.code.message()) || trap.code.message().starts_with(text) =>
        {
            Ok(())
        }
        _ => Err(Failure::Other(text.into(), error)),
    }
}

fn results(store: &Store<()>, got: &[Val], expected: Values) -> Outcome {
    let mut patterns = expected.iter();
    // A result matches one of the patterns up to the first that `Or` does not precede.
    let mut one = |got: &Val| loop {
        let (pattern, more) = match patterns.next() {
            Some(Value::Or) => (patterns.next(), true),
            pattern => (pattern, false),
        };
        let found = pattern.is_some_and(|pattern| matches(store, got, pattern));
        match (found, more) {
            (true, false) => return true,
            (true, true) => {
                // The other patterns.
                while let Some(Value::Or) = patterns.next() {
                    patterns.next();
                }
                return true;
            }
            (false, false) => return false,
            (false, true) => {}
        }
    };
    let matched = got.iter().all(&mut one) && patterns.next().is_none();
    if matched {
        Ok(())
    } else {
        Err(Failure::Results { expected: expected.iter().collect(), got: got.to_vec() })
    }
}

fn value(_store: &mut Store<()>, value: Value) -> Option<Val> {
    Some(match value {
        Value::I32(v) => Val::I32(v),
        Value::I64(v) => Val::I64(v),
        Value::F32(v) => Val::F32(v),
        Value::F64(v) => Val::F64(v),
        Value::NullFunc => Val::FuncRef(None),
        Value::NullExtern => Val::ExternRef(None),
        Value::Extern(v) => Val::ExternRef(Some(v)),
        #[cfg(feature = "simd")]
        Value::V128(v) => Val::V128(v),
        #[cfg(feature = "exceptions")]
        Value::NullExn => Val::ExnRef(None),
        #[cfg(feature = "gc")]
        Value::NullObject => Val::AnyRef(None),
        #[cfg(feature = "gc")]
        Value::Host(v) => Val::AnyRef(Some(AnyRef::from_extern(_store, v).ok()?)),
        _ => return None,
    })
}

/// Whether an object is what is expected.
#[cfg(feature = "gc")]
fn is_object(store: &Store<()>, got: AnyRef, expected: Value) -> bool {
    let Ok(kind) = got.kind(store) else { return false };
    match expected {
        Value::AnyObject => kind != AnyKind::Freed,
        Value::AnyEq => !matches!(kind, AnyKind::Freed | AnyKind::Extern(_)),
        Value::AnyI31 => matches!(kind, AnyKind::I31(_)),
        Value::AnyStruct => kind == AnyKind::Struct,
        Value::AnyArray => matches!(kind, AnyKind::Array(_)),
        Value::Host(v) => kind == AnyKind::Extern(v),
        _ => false,
    }
}

fn matches(_store: &Store<()>, got: &Val, expected: Value) -> bool {
    const F32_NAN: u32 = 0x7fc0_0000;
    const F64_NAN: u64 = 0x7ff8_0000_0000_0000;
    match (*got, expected) {
        (Val::I32(got), Value::I32(v)) => got == v,
        (Val::I64(got), Value::I64(v)) => got == v,
        (Val::F32(got), Value::F32(v)) => got == v,
        (Val::F64(got), Value::F64(v)) => got == v,
        // Canonical: only the top bit of the payload; arithmetic: at least that bit. The sign is
        // free.
        (Val::F32(got), Value::F32Canonical) => got & 0x7fff_ffff == F32_NAN,
        (Val::F32(got), Value::F32Arithmetic) => got & F32_NAN == F32_NAN,
        (Val::F64(got), Value::F64Canonical) => got & 0x7fff_ffff_ffff_ffff == F64_NAN,
        (Val::F64(got), Value::F64Arithmetic) => got & F64_NAN == F64_NAN,
        #[cfg(feature = "simd")]
        (Val::V128(got), Value::V128(v)) => got == v,
        #[cfg(feature = "simd")]
        (Val::V128(got), Value::V128F32(v, nans)) => (0..4).all(|lane| {
            let (got, v) = ((got >> (32 * lane)) as u32, (v >> (32 * lane)) as u32);
            match nans >> (2 * lane) & 3 {
                0 => got == v,
                1 => got & 0x7fff_ffff == F32_NAN,
                _ => got & F32_NAN == F32_NAN,
            }
        }),
        #[cfg(feature = "simd")]
        (Val::V128(got), Value::V128F64(v, nans)) => (0..2).all(|lane| {
            let (got, v) = ((got >> (64 * lane)) as u64, (v >> (64 * lane)) as u64);
            match nans >> (2 * lane) & 3 {
                0 => got == v,
                1 => got & 0x7fff_ffff_ffff_ffff == F64_NAN,
                _ => got & F64_NAN == F64_NAN,
            }
        }),
        (Val::FuncRef(got), Value::NullFunc) => got.is_none(),
        (Val::FuncRef(got), Value::AnyFunc) => got.is_some(),
        (Val::ExternRef(got), Value::NullExtern) => got.is_none(),
        (Val::ExternRef(got), Value::Extern(v)) => got == Some(v),
        (Val::ExternRef(got), Value::AnyExtern) => got.is_some(),
        (Val::FuncRef(None) | Val::ExternRef(None), Value::NullAny) => true,
        #[cfg(feature = "exceptions")]
        (Val::ExnRef(None), Value::NullAny | Value::NullExn) => true,
        #[cfg(feature = "gc")]
        (Val::AnyRef(None), Value::NullAny | Value::NullObject) => true,
        #[cfg(feature = "gc")]
        (Val::AnyRef(Some(got)), expected) => is_object(_store, got, expected),
        _ => false,
    }
}
