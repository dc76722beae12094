//! Instances.

use crate::module::wasm_module_t;
use crate::object::{live, Object, What};
use crate::store::{wasm_store_t, Entered};
use crate::trap::{self, Text};
use crate::types::*;
use crate::vector::{self, wasm_extern_vec_t, Vector};
use crate::{wasm_extern_t, wasm_instance_t, wasm_trap_t};
use core::ffi::c_char;
use core::ptr::{null, null_mut};
use zonda::capi::{stack_suffices_to_load, InstantiationArgs};
use zonda::{
    Error, Extern, ExternType, Func, ImportType, Instance, Module, Trap, TrapCode, TryVec, ValType,
};

/// Why there is no instance.
enum Failure {
    Trap(Trap),
    Text(Text),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Trap(trap) => Failure::Trap(trap),
            Error::OutOfMemory | Error::Shortage(_) => {
                Failure::Text(Text::Constant("allocate memory failed"))
            }
            _ => Failure::Text(Text::Constant("an implementation limit is exceeded")),
        }
    }
}

/// Why an import cannot be resolved.
fn unresolved(reason: &'static str, import: Option<ImportType<'_>>) -> Failure {
    let (module, name) = import.map_or(("", ""), |import| (import.module, import.name));
    Failure::Text(Text::of(reason, &[" (", module, ", ", name, ")"]))
}

/// What is provided for an import.
fn provided(
    entered: &mut Entered<'_>,
    given: Option<&Object>,
    store: &wasm_store_t,
    import: ImportType<'_>,
) -> Result<Extern, Failure> {
    if let Some(given) = given {
        if !core::ptr::eq(given.store(), store) {
            return Err(unresolved("import belongs to another store", Some(import)));
        }
        if let What::Extern(item) = given.what() {
            return Ok(*item);
        }
    }
    let ExternType::Func(ty) = import.ty else {
        return Err(unresolved("failed to link import", Some(import)));
    };
    // Nothing is provided: a call of the function traps.
    let (params, results) = (ty.params(), ty.results());
    let mut types = [ValType::I32; MOST_TYPES];
    let count = params.len();
    if count + results.len() > MOST_TYPES {
        return Err(unresolved(
            "an import that nothing is provided for has too many parameters",
            Some(import),
        ));
    }
    let end = count + results.len();
    for (place, ty) in types.iter_mut().zip(params.chain(results)) {
        *place = ty;
    }
    let all = types.get(..end).unwrap_or(&[]);
    let (params, results) = all.split_at_checked(count).unwrap_or((&[], &[]));
    let unlinked =
        Func::new(&mut *entered, params, results, |_, _, _| Err(Trap::new(TrapCode::Unlinked)))?;
    Ok(Extern::Func(unlinked))
}

fn instantiate(
    entered: &mut Entered<'_>,
    store: &wasm_store_t,
    module: &Module<'static>,
    imports: &[*mut wasm_extern_t],
) -> Result<Instance, Failure> {
    if !stack_suffices_to_load() {
        return Err(Failure::Text(Text::Constant("native stack overflow")));
    }
    let mut items = TryVec::new();
    for (index, import) in module.imports().enumerate() {
        let given = imports.get(index).copied().unwrap_or(null_mut());
        // SAFETY: null or live, as elements of vectors are.
        let item = provided(entered, unsafe { live(given) }, store, import)?;
        items.push(item).map_err(Error::from)?;
    }
    match Instance::new(&mut *entered, module, &items) {
        Ok(instance) => Ok(instance),
        Err(Error::Link(error)) => {
            let import = module.imports().nth(error.import as usize);
            Err(unresolved("incompatible import type", import))
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes an instance, with the imports in the module's order, and runs its start function. Returns
/// NULL on failure, with the reason in `trap`, unless that is NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_instance_new(
    store: *mut wasm_store_t,
    module: *const wasm_module_t,
    imports: *const wasm_extern_vec_t,
    trap: *mut *mut wasm_trap_t,
) -> *mut wasm_instance_t {
    // SAFETY: null, or live and a place for a pointer; vectors have the elements that they say.
    unsafe {
        if !trap.is_null() {
            trap.write(null_mut());
        }
        let (Some(store), Some(module)) = (store.as_ref(), module.as_ref()) else {
            return null_mut();
        };
        let imports = imports.as_ref().map_or(&[][..], |imports| imports.as_slice());
        let module = module.module.clone();
        let failed = match store.with(|entered| instantiate(entered, store, &module, imports)) {
            Some(Ok(instance)) => {
                let object = Object::new(store, What::Instance(instance, module));
                if let Some(object) = object.as_ref() {
                    // The instance lasts as long as the store, and frames of traps name it.
                    object.pin();
                    return &raw const *object as *mut wasm_instance_t;
                }
                Failure::Trap(Trap::new(TrapCode::OutOfMemory))
            }
            Some(Err(failed)) => failed,
            None => Failure::Text(Text::Constant("the store was deleted")),
        };
        let made = match failed {
            Failure::Trap(trap) => trap::of_call(store, trap),
            Failure::Text(text) => trap::make(store, false, text),
        };
        match trap.as_mut() {
            Some(trap) => *trap = made,
            None => crate::wasm_trap_delete(made),
        }
        null_mut()
    }
}

/// The same. The sizes have no effect: calls use the store's operand stack, and there is no
/// application heap.
#[no_mangle]
pub unsafe extern "C" fn wasm_instance_new_with_args(
    store: *mut wasm_store_t,
    module: *const wasm_module_t,
    imports: *const wasm_extern_vec_t,
    trap: *mut *mut wasm_trap_t,
    _stack_size: u32,
    _heap_size: u32,
) -> *mut wasm_instance_t {
    // SAFETY: the same contract.
    unsafe { wasm_instance_new(store, module, imports, trap) }
}

/// The same with a structure.
#[no_mangle]
pub unsafe extern "C" fn wasm_instance_new_with_args_ex(
    store: *mut wasm_store_t,
    module: *const wasm_module_t,
    imports: *const wasm_extern_vec_t,
    trap: *mut *mut wasm_trap_t,
    _args: *const InstantiationArgs,
) -> *mut wasm_instance_t {
    // SAFETY: the same contract.
    unsafe { wasm_instance_new(store, module, imports, trap) }
}

/// Stores what the instance exports, in the module's order. An empty vector where there is no
/// memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_instance_exports(
    instance: *const wasm_instance_t,
    out: *mut wasm_extern_vec_t,
) {
    // SAFETY: null, or live and a place for a vector.
    unsafe {
        if out.is_null() {
            return;
        }
        out.write(Vector::EMPTY);
        let Some(object) = live(instance) else { return };
        let (store, Some(instance)) = (object.store(), object.instance()) else { return };
        let made = store.with(|entered| {
            if !vector::make(out, instance.exports(&*entered).count(), null()) {
                return false;
            }
            for (_, item) in instance.exports(&*entered) {
                let item = Object::new(store, What::Extern(item));
                if item.is_null() {
                    return false;
                }
                vector::push(out, item);
            }
            true
        });
        if made == Some(false) {
            vector::delete(out);
        }
    }
}

/// For compatibility: time is not measured. Returns 0.
#[no_mangle]
pub extern "C" fn wasm_instance_sum_wasm_exec_time(_instance: *const wasm_instance_t) -> f64 {
    0.0
}

/// For compatibility: time is not measured. Returns 0.
#[no_mangle]
pub extern "C" fn wasm_instance_get_wasm_func_exec_time(
    _instance: *const wasm_instance_t,
    _name: *const c_char,
) -> f64 {
    0.0
}
