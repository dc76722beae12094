//! Files that `zonda compile` makes, damaged: refused, or run without harm. No oracle; what is
//! looked for is what a sanitizer, the feature `strict` or a time limit see.

use arbitrary::Unstructured;
use zonda::{Mode, StoreConfig};
use zonda_compiler::{compile, CompileOptions};

use super::run::{run_all, Aligned};
use super::smith;

/// Where the first section begins.
const SECTIONS: usize = 88;

/// A file as it is, or one made of a module of wasm-smith in which some bytes are changed, most of
/// them in records and code. The input's first byte chooses.
pub fn container(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else { return };
    if how % 4 == 0 {
        return run(rest);
    }
    let mut u = Unstructured::new(rest);
    let Some(mut file) = made(&mut u) else { return };
    damage(&mut u, &mut file, how);
    run(&file);
}

fn made(u: &mut Unstructured) -> Option<Vec<u8>> {
    let module = smith::numeric(u).ok()?;
    compile(
        &module,
        &CompileOptions { word_size: size_of::<usize>() as u8, keep_code: false, debug: false },
    )
    .ok()
}

/// Changes up to eight bytes. `how` says whether anywhere, or in records and code alone.
fn damage(u: &mut Unstructured, file: &mut [u8], how: u8) {
    let module_end =
        file.get(60..64).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
            as usize;
    let first =
        if how & 4 == 0 { (SECTIONS + module_end).min(file.len().saturating_sub(1)) } else { 0 };
    for _ in 0..u.int_in_range(0..=8).unwrap_or(0) {
        let Ok(at) = u.int_in_range(first..=file.len() - 1) else { return };
        let Ok(value) = u.arbitrary::<u8>() else { return };
        // Small changes of an operand and of a code are what comes closest to what is allowed.
        file[at] = if value < 32 { file[at].wrapping_add(value).wrapping_sub(16) } else { value };
    }
}

/// Loads a file; when it is accepted, calls everything that it exports.
pub(super) fn run(bytes: &[u8]) {
    let config =
        StoreConfig { stack_bytes: 8 << 10, memory_limit: 1 << 18, ..StoreConfig::default() };
    let _ = run_all(Mode::Fast, Aligned::new(bytes).bytes(), config, 1000);
}
