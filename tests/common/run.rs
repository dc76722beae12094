//! Runs what may be a module and may be anything: it is refused, or all that it exports is called.

use std::alloc::{alloc, dealloc, handle_alloc_error, Layout};
use std::ptr::NonNull;
use zonda::{Engine, Error, Extern, ExternType, Linker, Mode, Module, Store, StoreConfig, Val};

/// Bytes at an address that is a multiple of 8, as a precompiled module has to be, in a block of
/// exactly their length, for what watches reads behind the end.
pub struct Aligned {
    at: NonNull<u8>,
    len: usize,
}

impl Aligned {
    pub fn new(bytes: &[u8]) -> Aligned {
        let layout = Aligned::layout(bytes.len());
        // SAFETY: the layout is not empty; the block has room for as many bytes, and nothing else
        // refers to it.
        let at = unsafe {
            let Some(at) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            at.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            at
        };
        Aligned { at, len: bytes.len() }
    }

    fn layout(len: usize) -> Layout {
        Layout::from_size_align(len.max(1), 8).expect("a file has a size")
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `new` has written as many bytes.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }

    #[allow(dead_code)] // Not every test that includes this file changes bytes.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; this is the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.at.as_ptr(), self.len) }
    }
}

impl Drop for Aligned {
    fn drop(&mut self) {
        // SAFETY: `new` has allocated it with this layout.
        unsafe { dealloc(self.at.as_ptr(), Aligned::layout(self.len)) }
    }
}

/// Loads a file, links host functions that return zeros to its imports, and calls all that it
/// exports with zeros, each with `fuel`. What happens then does not matter here.
///
/// # Errors
/// The file is refused, or there is no memory for a store.
pub fn run_all(mode: Mode, file: &[u8], config: StoreConfig, fuel: u64) -> Result<(), Error> {
    let engine = Engine::new(mode);
    let module = Module::new(&engine, file)?;
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
    let mut store = Store::with_config(&engine, (), config)?;
    store.set_fuel(fuel);
    let Ok(instance) = linker.instantiate(&mut store, &module) else { return Ok(()) };
    for export in module.exports() {
        if let Some(Extern::Func(func)) = instance.get_export(&store, export.name) {
            let Ok(ty) = func.ty(&store) else { panic!("{} has no type", export.name) };
            let arguments: Vec<Val> = ty.params().map(Val::zero).collect();
            let mut results: Vec<Val> = ty.results().map(Val::zero).collect();
            store.set_fuel(fuel);
            let _ = func.call(&mut store, &arguments, &mut results);
        }
    }
    Ok(())
}
