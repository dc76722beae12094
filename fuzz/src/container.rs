//! Files that `zonda compile` makes, damaged: refused, or run without harm. No oracle; what is looked for is what a sanitizer, the feature `strict` or a time limit see.

use arbitrary::Unstructured;
use zonda::{Engine, Extern, ExternType, Linker, Mode, Module, Store, StoreConfig, Val};
use zonda_compiler::{compile, CompileOptions};

use super::smith;

/// Where the first section begins.
const SECTIONS: usize = 88;

/// A file as it is, or one made of a module of wasm-smith in which some bytes are changed, most of them in records and code. The input's first byte chooses.
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
    compile(&module, &CompileOptions { word_size: size_of::<usize>() as u8, keep_code: false }).ok()
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
    // At an address that is a multiple of 8, and no byte longer than it is.
    let words = bytes.len().div_ceil(8);
    let pad = words * 8 - bytes.len();
    let mut room = vec![0u64; words];
    // SAFETY: the words are as many bytes; they are read through this slice alone.
    let room: &mut [u8] =
        unsafe { core::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), words * 8) };
    // What is not a multiple of 8 long gets its own allocation, whose end a sanitizer guards.
    let owned: Vec<u8>;
    let file = if pad == 0 {
        room.copy_from_slice(bytes);
        &*room
    } else {
        owned = bytes.to_vec();
        &owned
    };
    let engine = Engine::new(Mode::Fast);
    let Ok(module) = Module::new(&engine, file) else { return };
    let mut linker = Linker::new();
    for import in module.imports() {
        if let ExternType::Func(ty) = import.ty {
            let (params, results): (Vec<_>, Vec<_>) =
                (ty.params().collect(), ty.results().collect());
            let _ = linker.func_new(
                import.module,
                import.name,
                &params,
                &results,
                |_, _: &[Val], results: &mut [Val]| {
                    results.iter_mut().for_each(|result| *result = Val::zero(result.ty()));
                    Ok(())
                },
            );
        }
    }
    let config =
        StoreConfig { stack_bytes: 8 << 10, memory_limit: 1 << 18, ..StoreConfig::default() };
    let Ok(mut store) = Store::with_config(&engine, (), config) else { return };
    store.set_fuel(1000);
    let Ok(instance) = linker.instantiate(&mut store, &module) else { return };
    for export in module.exports() {
        if let Some(Extern::Func(func)) = instance.get_export(&store, export.name) {
            let Ok(ty) = func.ty(&store) else { continue };
            let arguments: Vec<Val> = ty.params().map(Val::zero).collect();
            let mut results: Vec<Val> = ty.results().map(Val::zero).collect();
            store.set_fuel(1000);
            let _ = func.call(&mut store, &arguments, &mut results);
        }
    }
}
