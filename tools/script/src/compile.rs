//! Compiles a `.wast` file to a script. Host only; parses text with the crate `wast`.
//!
//! Owns two promises: every directive of the file becomes exactly one command that is counted, and
//! a [`reset`](crate::Command::Reset) is written only where nothing that follows can see what came
//! before. What this build of the runtime has no feature for becomes unsupported, with the reason
//! (`missing.rs`).

use std::collections::HashMap;
use std::fmt;

use wasmparser::{Parser, Payload};
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

use crate::format::{op, Value};
use crate::missing;
use crate::write::{Action, Writer};

/// A `.wast` file that cannot be read as text.
#[derive(Debug)]
pub struct CompileError {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for CompileError {}

/// Compiles the text of a `.wast` file. Messages call it `name`.
pub fn compile(name: &str, source: &str) -> Result<Vec<u8>, CompileError> {
    compile_except(name, source, Some(true), &mut |_| None, |_| None)
}

/// Makes another form of a module that is instantiated, for example native code.
pub type Convert<'c> = &'c mut dyn FnMut(&[u8]) -> Option<Vec<u8>>;

/// As [`compile`], but counts the directives on lines for which `except` has a reason as
/// unsupported, and converts modules. `complete` says whether Zonda has all features that the file
/// is about; without it, missing features leave nothing out.
pub(crate) fn compile_except<'r>(
    name: &str,
    source: &str,
    complete: Option<bool>,
    convert: Convert,
    except: impl Fn(u32) -> Option<&'r str>,
) -> Result<Vec<u8>, CompileError> {
    let fail = |error: wast::Error| {
        let (line, column) = error.span().linecol_in(source);
        CompileError {
            file: name.into(),
            line: line + 1,
            column: column + 1,
            message: error.message(),
        }
    };
    let mut lexer = Lexer::new(source);
    // The suite has identifiers and comments with characters that look like others, on purpose.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(fail)?;
    let wast = parser::parse::<Wast>(&buffer).map_err(fail)?;

    let mut directives: Vec<(u32, Directive)> = Vec::new();
    // The modules that `module instance` may name; the last one has the name "" as well.
    let mut definitions = HashMap::new();
    for directive in wast.directives {
        let line = directive.span().linecol_in(source).0 as u32 + 1;
        let lowered = lower(directive, &mut definitions);
        let lowered = match except(line) {
            Some(reason) => {
                let instance = match lowered {
                    Directive::Module { name, .. } => Some(name),
                    _ => None,
                };
                Directive::Unsupported { instance, reason: reason.into() }
            }
            None => lowered,
        };
        directives.push((line, lowered));
    }
    if let Some(complete) = complete {
        missing::mark(&mut directives, complete);
    }

    let resets = resets(&directives);
    let mut writer = Writer::new(name);
    for ((line, directive), reset) in directives.iter().zip(resets) {
        if reset {
            writer.reset(*line);
        }
        write(&mut writer, *line, directive, convert);
    }
    Ok(writer.finish())
}

/// A directive in the terms of the script format, not yet written.
pub(crate) enum Directive {
    Module {
        name: String,
        bytes: Vec<u8>,
    },
    Definition {
        bytes: Vec<u8>,
    },
    Register {
        alias: String,
        instance: String,
    },
    Action(Action),
    AssertReturn {
        action: Action,
        expected: Vec<Value>,
    },
    AssertTrap {
        action: Action,
        text: String,
    },
    AssertExhaustion {
        action: Action,
        text: String,
    },
    /// Assertions about a module; `code` is the command's.
    AssertModule {
        code: u8,
        bytes: Vec<u8>,
        text: String,
    },
    Unsupported {
        /// The name of the instance that it would have made, maybe empty.
        instance: Option<String>,
        reason: String,
    },
    Text {
        held: bool,
        text: String,
    },
}

fn unsupported(reason: impl Into<String>) -> Directive {
    Directive::Unsupported { instance: None, reason: reason.into() }
}

/// The bytes of modules by their names.
type Definitions = HashMap<String, Vec<u8>>;

fn lower(directive: WastDirective, definitions: &mut Definitions) -> Directive {
    let instance = match &directive {
        WastDirective::Module(module) => Some(id(module.name())),
        WastDirective::ModuleInstance { instance, .. } => Some(id(*instance)),
        _ => None,
    };
    let mut define = |name: String, bytes: &Vec<u8>| {
        definitions.insert(String::new(), bytes.clone());
        definitions.insert(name, bytes.clone());
    };
    let lowered = match directive {
        WastDirective::ModuleDefinition(mut module) => encoded(&mut module).map(|bytes| {
            define(id(module.name()), &bytes);
            Directive::Definition { bytes }
        }),
        WastDirective::ModuleInstance { instance, module, .. } => {
            match definitions.get(&id(module)) {
                Some(bytes) => Ok(Directive::Module { name: id(instance), bytes: bytes.clone() }),
                None => Err("no such module".into()),
            }
        }
        directive => try_lower(directive),
    };
    lowered.unwrap_or_else(|reason| Directive::Unsupported { instance, reason })
}

fn encoded(module: &mut QuoteWat) -> Result<Vec<u8>, String> {
    module.encode().map_err(|error| format!("text: {}", error.message()))
}

/// `Err` holds the reason why the directive is not supported.
fn try_lower(directive: WastDirective) -> Result<Directive, String> {
    Ok(match directive {
        WastDirective::Module(mut module) => {
            let name = id(module.name());
            Directive::Module { name, bytes: encoded(&mut module)? }
        }
        WastDirective::ModuleDefinition(_) | WastDirective::ModuleInstance { .. } => {
            return Err("a definition".into())
        }
        WastDirective::Register { name, module, .. } => {
            Directive::Register { alias: name.into(), instance: id(module) }
        }
        WastDirective::Invoke(call) => Directive::Action(invoke(call)?),
        WastDirective::AssertReturn { exec, results, .. } => {
            let mut expected = Vec::new();
            for result in &results {
                expectation(result, &mut expected)?;
            }
            match exec {
                WastExecute::Wat(_) => unsupported("assert_return of a module"),
                exec => Directive::AssertReturn { action: action(exec)?, expected },
            }
        }
        WastDirective::AssertTrap { exec: WastExecute::Wat(mut module), message, .. } => {
            let bytes = module.encode().map_err(|error| error.message())?;
            Directive::AssertModule { code: op::ASSERT_UNINSTANTIABLE, bytes, text: message.into() }
        }
        WastDirective::AssertTrap { exec, message, .. } => {
            Directive::AssertTrap { action: action(exec)?, text: message.into() }
        }
        WastDirective::AssertExhaustion { call, message, .. } => {
            Directive::AssertExhaustion { action: invoke(call)?, text: message.into() }
        }
        WastDirective::AssertInvalid { module, message, .. } => {
            rejected(op::ASSERT_INVALID, module, message)
        }
        WastDirective::AssertMalformed { module, message, .. } => {
            rejected(op::ASSERT_MALFORMED, module, message)
        }
        WastDirective::AssertUnlinkable { mut module, message, .. } => {
            let bytes = module.encode().map_err(|error| error.message())?;
            Directive::AssertModule { code: op::ASSERT_UNLINKABLE, bytes, text: message.into() }
        }
        WastDirective::AssertInvalidCustom { module, message, .. }
        | WastDirective::AssertMalformedCustom { module, message, .. } => {
            match rejected(op::ASSERT_MALFORMED, module, message) {
                Directive::AssertModule { .. } => unsupported("contents of custom sections"),
                text => text,
            }
        }
        // An exception that nobody catches is a trap.
        WastDirective::AssertException { exec, .. } => {
            Directive::AssertTrap { action: action(exec)?, text: "uncaught wasm exception".into() }
        }
        WastDirective::AssertSuspension { .. } => unsupported("needs stack switching"),
        WastDirective::Thread(_) | WastDirective::Wait { .. } => unsupported("needs threads"),
    })
}

/// A module that must be rejected. When the text cannot even be turned into binary, that is the
/// rejection that was asked for: the assertion is about the text format. What can be turned into
/// binary is checked by the runtime.
fn rejected(code: u8, mut module: QuoteWat, text: &str) -> Directive {
    match module.encode() {
        Ok(bytes) => Directive::AssertModule { code, bytes, text: text.into() },
        Err(_) => Directive::Text { held: true, text: text.into() },
    }
}

fn id(id: Option<Id>) -> String {
    id.map_or(String::new(), |id| id.name().into())
}

fn action(exec: WastExecute) -> Result<Action, String> {
    match exec {
        WastExecute::Invoke(call) => invoke(call),
        WastExecute::Get { module, global, .. } => {
            Ok(Action { instance: id(module), field: global.into(), arguments: None })
        }
        WastExecute::Wat(_) => Err("module as an action".into()),
    }
}

fn invoke(call: WastInvoke) -> Result<Action, String> {
    let arguments = call.args.iter().map(argument).collect::<Result<_, _>>()?;
    Ok(Action { instance: id(call.module), field: call.name.into(), arguments: Some(arguments) })
}

fn null(heap_type: &HeapType) -> Result<Value, String> {
    use AbstractHeapType::*;
    let HeapType::Abstract { shared: false, ty } = heap_type else {
        return Err("a type of another module".into());
    };
    match ty {
        Func => Ok(Value::NullFunc),
        NoFunc if cfg!(feature = "function-references") => Ok(Value::NullFunc),
        Extern => Ok(Value::NullExtern),
        NoExtern if cfg!(feature = "function-references") => Ok(Value::NullExtern),
        Exn | NoExn if cfg!(feature = "exceptions") => Ok(Value::NullExn),
        Exn | NoExn => Err("needs exceptions".into()),
        Any | Eq | Struct | Array | I31 | None if cfg!(feature = "gc") => Ok(Value::NullObject),
        _ => Err("needs GC".into()),
    }
}

fn argument(argument: &WastArg) -> Result<Value, String> {
    let WastArg::Core(argument) = argument else { return Err("component value".into()) };
    Ok(match argument {
        WastArgCore::I32(v) => Value::I32(*v),
        WastArgCore::I64(v) => Value::I64(*v),
        WastArgCore::F32(v) => Value::F32(v.bits),
        WastArgCore::F64(v) => Value::F64(v.bits),
        WastArgCore::RefNull(heap_type) => null(heap_type)?,
        WastArgCore::RefExtern(v) => Value::Extern(*v),
        WastArgCore::V128(v) if cfg!(feature = "simd") => {
            Value::V128(u128::from_le_bytes(v.to_le_bytes()))
        }
        WastArgCore::V128(_) => return Err("needs SIMD".into()),
        WastArgCore::RefHost(v) if cfg!(feature = "gc") => Value::Host(*v),
        WastArgCore::RefHost(_) => return Err("needs GC".into()),
    })
}

/// Appends what a result has to be: one value, or several of which each but the last has `Or`
/// before it.
fn expectation(result: &WastRet, to: &mut Vec<Value>) -> Result<(), String> {
    let WastRet::Core(result) = result else { return Err("component value".into()) };
    if let WastRetCore::Either(all) = result {
        for (index, one) in all.iter().enumerate() {
            if index + 1 < all.len() {
                to.push(Value::Or);
            }
            to.push(pattern(one)?);
        }
        return Ok(());
    }
    to.push(pattern(result)?);
    Ok(())
}

fn pattern(result: &WastRetCore) -> Result<Value, String> {
    Ok(match result {
        WastRetCore::I32(v) => Value::I32(*v),
        WastRetCore::I64(v) => Value::I64(*v),
        WastRetCore::F32(NanPattern::Value(v)) => Value::F32(v.bits),
        WastRetCore::F32(NanPattern::CanonicalNan) => Value::F32Canonical,
        WastRetCore::F32(NanPattern::ArithmeticNan) => Value::F32Arithmetic,
        WastRetCore::F64(NanPattern::Value(v)) => Value::F64(v.bits),
        WastRetCore::F64(NanPattern::CanonicalNan) => Value::F64Canonical,
        WastRetCore::F64(NanPattern::ArithmeticNan) => Value::F64Arithmetic,
        WastRetCore::RefNull(None) => Value::NullAny,
        WastRetCore::RefNull(Some(heap_type)) => null(heap_type)?,
        WastRetCore::RefExtern(Some(v)) => Value::Extern(*v),
        WastRetCore::RefExtern(None) => Value::AnyExtern,
        WastRetCore::RefFunc(None) => Value::AnyFunc,
        WastRetCore::V128(pattern) if cfg!(feature = "simd") => vector(pattern),
        WastRetCore::V128(_) => return Err("needs SIMD".into()),
        WastRetCore::RefHost(v) if cfg!(feature = "gc") => Value::Host(*v),
        WastRetCore::RefAny if cfg!(feature = "gc") => Value::AnyObject,
        WastRetCore::RefEq if cfg!(feature = "gc") => Value::AnyEq,
        WastRetCore::RefI31 if cfg!(feature = "gc") => Value::AnyI31,
        WastRetCore::RefStruct if cfg!(feature = "gc") => Value::AnyStruct,
        WastRetCore::RefArray if cfg!(feature = "gc") => Value::AnyArray,
        WastRetCore::RefFunc(Some(_)) => return Err("a certain function".into()),
        _ => return Err("needs GC".into()),
    })
}

/// What a vector has to be.
fn vector(pattern: &V128Pattern) -> Value {
    fn bits<const N: usize>(lanes: impl IntoIterator<Item = [u8; N]>) -> u128 {
        let bytes: Vec<u8> = lanes.into_iter().flatten().collect();
        bytes.iter().rev().fold(0, |bits, &byte| bits << 8 | u128::from(byte))
    }
    fn floats<T: Copy, const N: usize>(
        lanes: &[NanPattern<T>],
        bytes: impl Fn(T) -> [u8; N],
    ) -> (u128, u8) {
        let lane = |pattern: &NanPattern<T>| match pattern {
            NanPattern::Value(value) => bytes(*value),
            _ => [0; N],
        };
        let nans = lanes.iter().rev().fold(0, |nans, pattern| {
            nans << 2
                | match pattern {
                    NanPattern::Value(_) => 0,
                    NanPattern::CanonicalNan => 1,
                    NanPattern::ArithmeticNan => 2,
                }
        });
        (bits(lanes.iter().map(lane)), nans)
    }
    match pattern {
        V128Pattern::I8x16(lanes) => Value::V128(bits(lanes.map(i8::to_le_bytes))),
        V128Pattern::I16x8(lanes) => Value::V128(bits(lanes.map(i16::to_le_bytes))),
        V128Pattern::I32x4(lanes) => Value::V128(bits(lanes.map(i32::to_le_bytes))),
        V128Pattern::I64x2(lanes) => Value::V128(bits(lanes.map(i64::to_le_bytes))),
        V128Pattern::F32x4(lanes) => {
            let (bits, nans) = floats(lanes, |lane| lane.bits.to_le_bytes());
            Value::V128F32(bits, nans)
        }
        V128Pattern::F64x2(lanes) => {
            let (bits, nans) = floats(lanes, |lane| lane.bits.to_le_bytes());
            Value::V128F64(bits, nans)
        }
    }
}

/// For each directive, whether a reset may stand before it: it and all that follow refer only to
/// modules from there on. That keeps the memory of one epoch small, which a device needs: a file
/// may have a hundred modules with a page of memory each.
fn resets(directives: &[(u32, Directive)]) -> Vec<bool> {
    // The earliest module that each directive refers to.
    let mut earliest = vec![usize::MAX; directives.len()];
    let mut current = 0;
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut aliases: HashMap<&str, usize> = HashMap::new();
    for (index, (_, directive)) in directives.iter().enumerate() {
        let instance = |name: &str, names: &HashMap<&str, usize>| {
            if name.is_empty() {
                current
            } else {
                names.get(name).copied().unwrap_or(0)
            }
        };
        earliest[index] = match directive {
            Directive::Module { bytes, .. } | Directive::AssertModule { bytes, .. } => {
                imported_modules(bytes)
                    .iter()
                    .filter_map(|name| aliases.get(name.as_str()).copied())
                    .min()
            }
            Directive::Register { instance: name, .. } => Some(instance(name, &names)),
            Directive::Action(action)
            | Directive::AssertReturn { action, .. }
            | Directive::AssertTrap { action, .. }
            | Directive::AssertExhaustion { action, .. } => {
                Some(instance(&action.instance, &names))
            }
            Directive::Definition { .. }
            | Directive::Unsupported { .. }
            | Directive::Text { .. } => None,
        }
        .unwrap_or(usize::MAX);
        match directive {
            Directive::Module { name, .. } => {
                current = index;
                if !name.is_empty() {
                    names.insert(name, index);
                }
            }
            Directive::Register { alias, .. } => {
                // Whoever imports it needs the instance and all that the instance itself imports.
                aliases.insert(alias, earliest[index]);
            }
            _ => {}
        }
    }
    let mut resets = vec![false; directives.len()];
    let mut needed = usize::MAX;
    for index in (0..directives.len()).rev() {
        needed = needed.min(earliest[index]);
        // Instances live in their store, so what an instance imports needs no entry of its own; a
        // reset is worth writing only before a module and only when there is something to drop.
        resets[index] =
            index > 0 && needed >= index && matches!(directives[index].1, Directive::Module { .. });
    }
    resets
}

/// Names of the modules that a binary imports from; what cannot be decoded cannot be linked.
pub(crate) fn imported_modules(bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::ImportSection(section)) => {
                names.extend(
                    section.into_imports().flatten().map(|import| import.module.to_string()),
                );
                break;
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    names
}

fn write(writer: &mut Writer, line: u32, directive: &Directive, convert: Convert) {
    match directive {
        Directive::Module { name, bytes } => match convert(bytes) {
            Some(converted) => writer.aligned_module(line, name, &converted),
            None => writer.module(line, name, bytes),
        },
        Directive::Definition { bytes } => writer.definition(line, bytes),
        Directive::Register { alias, instance } => writer.register(line, alias, instance),
        Directive::Action(action) => writer.action(line, action),
        Directive::AssertReturn { action, expected } => {
            writer.assert_return(line, action, expected)
        }
        Directive::AssertTrap { action, text } => writer.assert_trap(line, action, text),
        Directive::AssertExhaustion { action, text } => {
            writer.assert_exhaustion(line, action, text)
        }
        Directive::AssertModule { code, bytes, text } => {
            let is_instantiated =
                matches!(*code, op::ASSERT_UNLINKABLE | op::ASSERT_UNINSTANTIABLE);
            match is_instantiated.then(|| convert(bytes)).flatten() {
                Some(converted) => writer.assert_aligned_module(*code, line, &converted, text),
                None => writer.assert_module(*code, line, bytes, text),
            }
        }
        Directive::Unsupported { instance, reason } => {
            writer.unsupported(line, instance.is_some(), reason)
        }
        Directive::Text { held, text } => writer.text(line, *held, text),
    }
}
