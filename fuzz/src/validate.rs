//! The decoder and validator against wasmparser.

use arbitrary::Unstructured;
use wasmparser::{Validator, WasmFeatures};
use zonda::{Engine, Error, ErrorClass, Module};

use super::smith;

/// What begins like a module is taken as one; other bytes choose a module of wasm-smith and damage
/// it.
pub fn validate(data: &[u8]) {
    if data.starts_with(b"\0asm") {
        compare_verdicts(data);
    } else {
        let _ = generated(data);
    }
}

fn generated(data: &[u8]) -> arbitrary::Result<()> {
    let mut u = Unstructured::new(data);
    // Chosen first: wasm-smith takes all bytes that it gets.
    let mutations = u.int_in_range(0..=3)?;
    let mut damage = Vec::new();
    for _ in 0..mutations {
        damage.push((u.arbitrary::<u32>()?, u.int_in_range(0..=3)?, u.arbitrary::<u8>()?));
    }
    let config = smith::config(&mut u)?;
    let mut bytes = wasm_smith::Module::new(config, &mut u)?.to_bytes();
    compare_verdicts(&bytes);
    for (place, kind, byte) in damage {
        let at = place as usize % bytes.len();
        match kind {
            0 => bytes[at] = byte,
            1 => bytes[at] ^= 1 << (byte & 7),
            2 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        compare_verdicts(&bytes);
    }
    Ok(())
}

/// The features that Zonda has been built with.
fn features() -> WasmFeatures {
    let mut features = WasmFeatures::WASM2;
    features.set(WasmFeatures::SIMD, cfg!(feature = "simd"));
    features.set(WasmFeatures::RELAXED_SIMD, cfg!(feature = "simd"));
    features.set(WasmFeatures::EXTENDED_CONST, cfg!(feature = "extended-const"));
    features.set(WasmFeatures::TAIL_CALL, cfg!(feature = "tail-call"));
    features.set(WasmFeatures::MULTI_MEMORY, cfg!(feature = "multi-memory"));
    features.set(WasmFeatures::MEMORY64, cfg!(feature = "memory64"));
    features.set(WasmFeatures::WIDE_ARITHMETIC, cfg!(feature = "wide-arithmetic"));
    features.set(WasmFeatures::EXCEPTIONS, cfg!(feature = "exceptions"));
    features.set(WasmFeatures::LEGACY_EXCEPTIONS, cfg!(feature = "legacy-exceptions"));
    features.set(WasmFeatures::FUNCTION_REFERENCES, cfg!(feature = "function-references"));
    features.set(WasmFeatures::GC, cfg!(feature = "gc"));
    features.set(WasmFeatures::THREADS, cfg!(feature = "threads"));
    features.set(WasmFeatures::CUSTOM_PAGE_SIZES, cfg!(feature = "custom-page-sizes"));
    features
}

/// Panics if only one of the two accepts the module. A module that one of them refuses for a limit
/// of its own says nothing.
pub fn compare_verdicts(bytes: &[u8]) {
    let ours = Module::validate(&Engine::default(), bytes);
    let theirs = Validator::new_with_features(features()).validate_all(bytes).map(drop);
    match (&ours, theirs) {
        (Ok(()), Ok(())) | (Err(Error::Module(_)), Err(_)) => {
            // Loading makes the side tables as well, and must come to the same verdict.
            let loaded = Module::new(&Engine::default(), bytes).map(drop);
            assert_eq!(loaded, ours, "loading and validating disagree");
        }
        (Err(Error::Module(error)), Ok(())) if error.kind.class() == ErrorClass::Limit => {}
        (Ok(()), Err(error)) if is_limit(error.message()) => {}
        (Ok(()), Err(error)) => panic!("we accept what wasmparser refuses: {error}"),
        (Err(error), theirs) => panic!("we refuse: {error}; wasmparser: {theirs:?}"),
    }
}

/// wasmparser's words for its limits.
fn is_limit(message: &str) -> bool {
    [
        "implementation limit",
        "exceeds limit",
        "count exceeds",
        "size out of bounds",
        "count is out of bounds",
        "too large",
    ]
    .iter()
    .any(|words| message.contains(words))
}
