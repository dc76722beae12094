//! Which directives a runtime with certain features cannot run, and why.
//!
//! The crate `wasmparser` validates each module, with the features that Zonda is compiled with and
//! with all that the suite uses. Where the verdicts differ, the features that make the difference
//! are the reason. Host only; the runtime itself is not asked, so a mistake in it is not taken for
//! a missing feature.

use std::collections::HashMap;

use wasmparser::{Validator, WasmFeatures};

use crate::compile::{imported_modules, Directive};
use crate::format::op;

/// Features of the suite beyond 2.0 without SIMD, with their names; one that builds on others
/// stands before them.
const OPTIONAL: [(WasmFeatures, &str); 15] = [
    (WasmFeatures::CUSTOM_DESCRIPTORS, "custom descriptors"),
    (WasmFeatures::COMPACT_IMPORTS, "compact imports"),
    (WasmFeatures::GC, "GC"),
    (WasmFeatures::EXCEPTIONS, "exceptions"),
    (WasmFeatures::LEGACY_EXCEPTIONS, "legacy exceptions"),
    (WasmFeatures::FUNCTION_REFERENCES, "function references"),
    (WasmFeatures::RELAXED_SIMD, "relaxed SIMD"),
    (WasmFeatures::SIMD, "SIMD"),
    (WasmFeatures::THREADS, "threads"),
    (WasmFeatures::WIDE_ARITHMETIC, "wide arithmetic"),
    (WasmFeatures::MEMORY64, "memory64"),
    (WasmFeatures::CUSTOM_PAGE_SIZES, "custom page sizes"),
    (WasmFeatures::EXTENDED_CONST, "extended constant expressions"),
    (WasmFeatures::MULTI_MEMORY, "multi-memory"),
    (WasmFeatures::TAIL_CALL, "tail calls"),
];

/// Parts of 2.0, which take assertions of 1.0 and of each other's folders back.
const PARTS: [(WasmFeatures, &str); 6] = [
    (WasmFeatures::BULK_MEMORY, "bulk memory"),
    (WasmFeatures::REFERENCE_TYPES, "reference types"),
    (WasmFeatures::MULTI_VALUE, "multi-value"),
    (WasmFeatures::SIGN_EXTENSION, "sign extension"),
    (WasmFeatures::SATURATING_FLOAT_TO_INT, "saturating conversions"),
    (WasmFeatures::MUTABLE_GLOBAL, "mutable globals"),
];

/// What Zonda has in this build.
fn ours() -> WasmFeatures {
    let mut features = WasmFeatures::WASM2;
    features.set(WasmFeatures::SIMD, cfg!(feature = "simd"));
    features.set(WasmFeatures::RELAXED_SIMD, cfg!(feature = "simd"));
    features.set(WasmFeatures::MULTI_MEMORY, cfg!(feature = "multi-memory"));
    let proposals = cfg!(feature = "proposals");
    features.set(WasmFeatures::EXTENDED_CONST, proposals);
    features.set(WasmFeatures::TAIL_CALL, proposals);
    features.set(WasmFeatures::CUSTOM_PAGE_SIZES, proposals);
    features.set(WasmFeatures::MEMORY64, cfg!(feature = "memory64"));
    features.set(WasmFeatures::WIDE_ARITHMETIC, cfg!(feature = "wide-arithmetic"));
    features.set(WasmFeatures::EXCEPTIONS, cfg!(feature = "exceptions"));
    features.set(WasmFeatures::LEGACY_EXCEPTIONS, cfg!(feature = "legacy-exceptions"));
    features.set(WasmFeatures::FUNCTION_REFERENCES, cfg!(feature = "function-references"));
    features.set(WasmFeatures::GC, cfg!(feature = "gc"));
    features.set(WasmFeatures::THREADS, cfg!(feature = "threads"));
    features
}

/// What the suite uses.
fn all() -> WasmFeatures {
    OPTIONAL.iter().fold(ours(), |features, (feature, _)| features.union(*feature))
}

type Verdict = Result<(), (u64, String)>;

fn verdict(bytes: &[u8], features: WasmFeatures) -> Verdict {
    match Validator::new_with_features(features).validate_all(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err((error.offset(), error.message().to_string())),
    }
}

/// The features that the module needs and Zonda lacks. A module that is not valid needs those
/// without which it would be refused for another reason.
fn needs(bytes: &[u8]) -> Option<String> {
    let wanted = verdict(bytes, all());
    if verdict(bytes, ours()) == wanted {
        return None;
    }
    let mut features = all();
    let mut names = Vec::new();
    for (feature, name) in OPTIONAL {
        if ours().contains(feature) {
            continue;
        }
        let fewer = features.difference(feature);
        if verdict(bytes, fewer) == wanted {
            features = fewer;
        } else {
            names.push(name);
        }
    }
    Some(format!("needs {}", names.join(", ")))
}

/// The feature that made a module valid which an older folder says is not.
fn superseded(bytes: &[u8]) -> Option<String> {
    verdict(bytes, ours()).ok()?;
    let (_, name) = PARTS
        .iter()
        .chain(&OPTIONAL)
        .filter(|(feature, _)| ours().contains(*feature))
        .find(|(feature, _)| verdict(bytes, ours().difference(*feature)).is_err())?;
    Some(format!("superseded by {name}"))
}

/// Replaces the directives that cannot run by [`Directive::Unsupported`]. If Zonda has all features
/// of the file (`complete`), it has to refuse what the file says is not valid, whatever later
/// features make of it.
pub(crate) fn mark(directives: &mut [(u32, Directive)], complete: bool) {
    // For each instance and each name under which one is registered, why it is not there. The
    // current instance has the name "".
    let mut instances: HashMap<String, Option<String>> = HashMap::new();
    let mut aliases: HashMap<String, Option<String>> = HashMap::new();
    for (_, directive) in directives {
        let linked = |bytes: &[u8], aliases: &HashMap<String, Option<String>>| {
            let missing = || {
                let mut names = imported_modules(bytes).into_iter();
                names.find_map(|name| aliases.get(&name).cloned().flatten())
            };
            needs(bytes).or_else(missing)
        };
        let gone = |name: &str, instances: &HashMap<String, Option<String>>| {
            instances.get(name).cloned().flatten()
        };
        let mut created = None;
        let reason = match directive {
            Directive::Module { name, bytes } => {
                created = Some(name.clone());
                linked(bytes, &aliases)
            }
            Directive::Definition { bytes } => needs(bytes),
            Directive::Register { alias, instance } => {
                let reason = gone(instance, &instances);
                aliases.insert(alias.clone(), reason.clone());
                reason
            }
            Directive::Action(action)
            | Directive::AssertReturn { action, .. }
            | Directive::AssertTrap { action, .. }
            | Directive::AssertExhaustion { action, .. } => gone(&action.instance, &instances),
            Directive::AssertModule { code, bytes, .. } => match *code {
                op::ASSERT_INVALID | op::ASSERT_MALFORMED => {
                    let needed = if complete { None } else { needs(bytes) };
                    needed.or_else(|| superseded(bytes))
                }
                _ => linked(bytes, &aliases),
            },
            Directive::Unsupported { instance, reason } => {
                created = instance.clone();
                Some(reason.clone())
            }
            Directive::Text { .. } => None,
        };
        if let Some(name) = &created {
            instances.insert(String::new(), reason.clone());
            instances.insert(name.clone(), reason.clone());
        }
        if let Some(reason) = reason {
            *directive = Directive::Unsupported { instance: created, reason };
        }
    }
}
