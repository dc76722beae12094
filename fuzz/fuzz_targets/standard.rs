//! Sequences of calls of the standard C API (wasm_c_api.h): objects of every kind, of two stores that
//! may be gone, in any order that their ownership allows, with an allocator that fails on demand. Objects
//! of the wrong kind or of another store are refused; nothing dangles; every finalizer is called once;
//! no block is left at the end.
#![no_main]

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::mem::zeroed;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use zonda::capi::{
    wasm_val_of_t, wasm_val_t, Alloc_With_Allocator, LoadArgs, MemAllocFunctions, MemAllocOption,
};
use zonda_capi_standard::*;
use zonda_fuzz::calls::count;
use zonda_fuzz::memory::{enter, fail_at, failures, free, leave, live, malloc, realloc};

use types::{func_type, types};

#[path = "standard/types.rs"]
mod types;

type Object = wasm_extern_t;

const TEXTS: [&str; 4] = [
    r#"(module
        (import "" "f" (func $f (param i32) (result i32)))
        (import "" "g" (global $g i32))
        (memory (export "memory") 1 3)
        (table (export "table") 2 5 funcref)
        (elem (i32.const 0) $f)
        (global (export "global") (mut i32) (global.get $g))
        (global (export "ref") (mut externref) (ref.null extern))
        (func (export "call") (param i32) (result i32) (call $f (local.get 0)))
        (func (export "through") (param i32 i32) (result i32)
            (call_indirect (param i32) (result i32) (local.get 0) (local.get 1)))
        (func (export "swap") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
            local.get 3 local.get 2 local.get 1 local.get 0)
        (func (export "trap") unreachable)
        (func (export "same") (param externref funcref) (result funcref externref) local.get 1 local.get 0)
        (func (export "set") (param i32 funcref) (table.set 0 (local.get 0) (local.get 1)))
        (table 1 4 funcref)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
    r#"(module (func $start unreachable) (start $start))"#,
    r#"(module
        (import "" "m" (memory 1))
        (import "" "t" (table 1 funcref))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
        (func (export "get") (param i32) (result funcref) (table.get 0 (local.get 0))))"#,
    r#"(module (func (export "nothing")))"#,
];

fn binary(number: usize) -> &'static [u8] {
    static BINARIES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let parse = |text: &&str| wat::parse_str(text).expect("the text is a module");
    &BINARIES.get_or_init(|| TEXTS.iter().map(parse).collect())[number]
}

thread_local! {
    /// Finalizers that have been called, and those that were given.
    static ENDED: Cell<usize> = const { Cell::new(0) };
    static GIVEN: Cell<usize> = const { Cell::new(0) };
    /// What the next host function that runs does, on which store and with which function.
    static NEXT: Cell<(u8, *mut wasm_store_t, *mut Object)> = const { Cell::new((0, null_mut(), null_mut())) };
    /// Whether it has deleted the store.
    static DELETED: Cell<bool> = const { Cell::new(false) };
}

unsafe extern "C" fn finalize(_: *mut c_void) {
    ENDED.set(ENDED.get() + 1);
}

/// A function of the application: it answers with zeros, or does what [`NEXT`] says, once.
unsafe extern "C" fn host(
    _: *mut c_void,
    args: *const wasm_val_vec_t,
    results: *mut wasm_val_vec_t,
) -> *mut wasm_trap_t {
    let (what, store, func) = NEXT.replace((0, null_mut(), null_mut()));
    // SAFETY: the runtime passes vectors; the store and the function are live.
    unsafe {
        assert!((*args).num_elems <= (*args).size);
        match what {
            1 => return wasm_trap_new(store, null()),
            2 => {
                let mut out: wasm_val_vec_t = zeroed();
                let trap = wasm_func_call(func, args, &raw mut out);
                wasm_val_vec_delete(&raw mut out);
                return trap;
            }
            3 => {
                wasm_store_delete(store);
                DELETED.set(true);
            }
            4 => return wasm_trap_copy(func),
            // A result of a wrong kind.
            5 if (*results).size > 0 => (*(*results).data).kind = 200,
            _ => {}
        }
    }
    null_mut()
}

unsafe extern "C" fn plain(
    args: *const wasm_val_vec_t,
    results: *mut wasm_val_vec_t,
) -> *mut wasm_trap_t {
    // SAFETY: handed on.
    unsafe { host(null_mut(), args, results) }
}

/// What the application has of an object.
#[derive(Clone, Copy)]
struct Held {
    at: *mut Object,
    /// Which store it is of.
    store: usize,
    /// References end with their store.
    is_ref: bool,
}

struct World {
    engine: *mut wasm_engine_t,
    /// Null once it is deleted.
    stores: Vec<*mut wasm_store_t>,
    modules: Vec<(*mut wasm_module_t, usize)>,
    held: Vec<Held>,
}

fn values(kinds: &[u8], mut each: impl FnMut(u8) -> Result<wasm_val_t>) -> Result<Vec<wasm_val_t>> {
    kinds.iter().map(|&kind| each(kind)).collect()
}

impl World {
    fn keep(&mut self, at: *mut Object, store: usize, is_ref: bool) {
        if at.is_null() {
        } else if is_ref && self.stores[store].is_null() {
            panic!("a reference of a store that is gone");
        } else if self.held.len() < 60 {
            self.held.push(Held { at, store, is_ref });
        } else {
            // SAFETY: it is ours.
            unsafe { enter(|| wasm_extern_delete(at)) };
        }
    }

    fn held(&self, u: &mut Unstructured) -> Result<Held> {
        if self.held.is_empty() || u.ratio(1, 30)? {
            return Ok(Held { at: null_mut(), store: 0, is_ref: false });
        }
        Ok(self.held[u.choose_index(self.held.len())?])
    }

    /// Mostly one of this kind, if there is one.
    fn of_kind(&self, u: &mut Unstructured, kind: u8) -> Result<Held> {
        // SAFETY: what is held is live.
        let is = |held: &&Held| unsafe { enter(|| wasm_extern_kind(held.at)) } == kind;
        let those: Vec<Held> = self.held.iter().filter(is).copied().collect();
        if those.is_empty() || u.ratio(1, 4)? {
            return self.held(u);
        }
        Ok(those[u.choose_index(those.len())?])
    }

    fn store(&self, u: &mut Unstructured) -> Result<(usize, *mut wasm_store_t)> {
        let at = u.choose_index(self.stores.len())?;
        Ok((at, self.stores[at]))
    }

    fn value(&self, u: &mut Unstructured, kind: u8) -> Result<wasm_val_t> {
        let mut value = wasm_val_t { kind, _paddings: [0; 7], of: wasm_val_of_t { i64: 0 } };
        if kind < WASM_EXTERNREF {
            value.of.i64 = if u.arbitrary()? { u.int_in_range(0..=5)? } else { u.arbitrary()? };
        } else {
            value.of.r#ref = self.held(u)?.at.cast();
        }
        Ok(value)
    }

    /// References go with their store; a second deletion would be the application's fault.
    fn deleted(&mut self, store: usize) {
        self.stores[store] = null_mut();
        self.held.retain(|held| held.store != store || !held.is_ref);
    }

    fn step(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=24u8)? {
            0 => self.stores(u),
            1 | 2 => self.load(u),
            3 => self.modules(u),
            4..=6 => self.instantiate(u),
            7 | 8 => self.exports(u),
            9..=12 => self.call(u),
            13 => self.func(u),
            14 => self.global(u),
            15 => self.table(u),
            16 => self.memory(u),
            17 | 18 => self.references(u),
            19 => self.trap(u),
            20 => types(u),
            21 | 22 => {
                if !self.held.is_empty() {
                    let held = self.held.swap_remove(u.choose_index(self.held.len())?);
                    // SAFETY: it is ours.
                    unsafe { enter(|| wasm_extern_delete(held.at)) };
                }
                Ok(())
            }
            23 => self.vectors(u),
            _ => {
                fail_at(u.int_in_range(0..=30)?);
                Ok(())
            }
        }
    }

    /// Deletes a store, or makes one where there is none.
    fn stores(&mut self, u: &mut Unstructured) -> Result<()> {
        let (at, store) = self.store(u)?;
        let before = failures();
        // SAFETY: the engine is live, and the store is null or live.
        unsafe {
            if store.is_null() {
                // Handles of the one before stay what they are.
                let new = enter(|| wasm_store_new(self.engine));
                assert!(!new.is_null() || failures() > before, "no store");
                self.stores.push(new);
            } else if self.stores.len() < 6 && u.ratio(1, 2)? {
                self.deleted(at);
                enter(|| wasm_store_delete(store));
            }
        }
        Ok(())
    }

    fn load(&mut self, u: &mut Unstructured) -> Result<()> {
        if self.modules.len() > 8 {
            return Ok(());
        }
        let (_, store) = self.store(u)?;
        let number = u.choose_index(TEXTS.len())?;
        let mut bytes = binary(number).to_vec();
        let damaged = u.ratio(1, 5)?;
        if damaged {
            bytes.truncate(u.choose_index(bytes.len() + 1)?);
        }
        let before = failures();
        // SAFETY: the store is null or live; the bytes are copied.
        unsafe {
            let mut vector: wasm_byte_vec_t = zeroed();
            (vector.size, vector.data) = (bytes.len(), bytes.as_mut_ptr().cast::<c_char>());
            let valid = enter(|| wasm_module_validate(store, &raw const vector));
            assert!(valid || damaged || failures() > before);
            let mut args: LoadArgs = zeroed();
            args.clone_wasm_binary = true;
            let new = enter(|| match u.arbitrary().unwrap_or(false) {
                true => wasm_module_new_ex(store, &raw mut vector, &raw mut args),
                false => wasm_module_new(store, &raw const vector),
            });
            count("module_new", !new.is_null());
            bytes.fill(0xee);
            assert!(valid || new.is_null() || failures() > before);
            if !new.is_null() {
                self.modules.push((new, if damaged { TEXTS.len() } else { number }));
            }
        }
        Ok(())
    }

    /// Looks at a module, shares it, or deletes it: its instances stay.
    fn modules(&mut self, u: &mut Unstructured) -> Result<()> {
        if self.modules.is_empty() {
            return Ok(());
        }
        let at = u.choose_index(self.modules.len())?;
        let (module, number) = self.modules[at];
        let (_, store) = self.store(u)?;
        let before = failures();
        // SAFETY: the module is live; what is made here is deleted here.
        unsafe {
            match u.int_in_range(0..=3)? {
                0 => {
                    self.modules.swap_remove(at);
                    enter(|| wasm_module_delete(module));
                }
                1 => {
                    let shared = enter(|| wasm_module_share(module));
                    let again = enter(|| wasm_module_obtain(store, shared));
                    assert!(!again.is_null() || store.is_null() || failures() > before);
                    enter(|| wasm_shared_module_delete(shared));
                    if !again.is_null() {
                        self.modules.push((again, number));
                    }
                }
                2 => {
                    let mut imports: wasm_importtype_vec_t = zeroed();
                    let mut exports: wasm_exporttype_vec_t = zeroed();
                    enter(|| wasm_module_imports(module, &raw mut imports));
                    enter(|| wasm_module_exports(module, &raw mut exports));
                    let expected = [(2, 11), (0, 0), (2, 3), (0, 1)];
                    if let Some(&(wanted, offered)) = expected.get(number) {
                        let short = failures() > before;
                        assert!(imports.size == wanted || short, "imports: {}", imports.size);
                        assert!(exports.size == offered || short, "exports: {}", exports.size);
                    }
                    for at in 0..exports.num_elems {
                        let export = *exports.data.add(at);
                        let ty = enter(|| wasm_exporttype_type(export));
                        assert!(enter(|| wasm_externtype_kind(ty)) <= WASM_EXTERN_MEMORY);
                        assert!(!enter(|| wasm_exporttype_name(export)).is_null());
                    }
                    let mut again: wasm_importtype_vec_t = zeroed();
                    enter(|| wasm_importtype_vec_copy(&raw mut again, &raw const imports));
                    for vector in [&raw mut imports, &raw mut again] {
                        enter(|| wasm_importtype_vec_delete(vector));
                    }
                    enter(|| wasm_exporttype_vec_delete(&raw mut exports));
                }
                _ => {
                    let mut bytes: wasm_byte_vec_t = zeroed();
                    enter(|| wasm_module_serialize(module, &raw mut bytes));
                    let again = enter(|| wasm_module_deserialize(store, &raw const bytes));
                    enter(|| wasm_byte_vec_delete(&raw mut bytes));
                    if !again.is_null() {
                        self.modules.push((again, number));
                    }
                }
            }
        }
        Ok(())
    }

    fn instantiate(&mut self, u: &mut Unstructured) -> Result<()> {
        if self.modules.is_empty() {
            return Ok(());
        }
        let (module, number) = self.modules[u.choose_index(self.modules.len())?];
        let (at, store) = self.store(u)?;
        // Mostly what fits, if it is there.
        let wanted: &[u8] = match number {
            0 => &[WASM_EXTERN_FUNC, WASM_EXTERN_GLOBAL],
            2 => &[WASM_EXTERN_MEMORY, WASM_EXTERN_TABLE],
            _ => &[],
        };
        let mut imports = Vec::new();
        for &kind in wanted {
            let fitting = |held: &&Held| {
                // SAFETY: it is ours.
                held.store == at && unsafe { enter(|| wasm_extern_kind(held.at)) } == kind
            };
            let known: Vec<*mut Object> =
                self.held.iter().filter(fitting).map(|held| held.at).collect();
            imports.push(match u.ratio(1, 10)? || known.is_empty() {
                true => self.held(u)?.at,
                false => known[u.choose_index(known.len())?],
            });
        }
        // SAFETY: everything is null or live; a store that is gone is null.
        unsafe {
            let mut vector: wasm_extern_vec_t = zeroed();
            (vector.size, vector.data) = (imports.len(), imports.as_mut_ptr());
            let mut trap: *mut wasm_trap_t = null_mut();
            let to = if u.ratio(1, 10)? { null_mut() } else { &raw mut trap };
            let before = failures();
            let new = enter(|| wasm_instance_new(store, module, &raw const vector, to));
            count("instance_new", !new.is_null());
            assert!(new.is_null() || number != 1 && trap.is_null(), "whether it starts");
            assert!(number != 3 || store.is_null() || !new.is_null() || failures() > before);
            self.keep(new, at, false);
            self.keep(trap, at, false);
        }
        Ok(())
    }

    fn exports(&mut self, u: &mut Unstructured) -> Result<()> {
        let held = self.held(u)?;
        // SAFETY: it is null or ours; what it is is checked.
        unsafe {
            let mut out: wasm_extern_vec_t = zeroed();
            enter(|| wasm_instance_exports(held.at, &raw mut out));
            for at in 0..out.num_elems {
                let item = *out.data.add(at);
                let ty = enter(|| wasm_extern_type(item));
                let kind = enter(|| wasm_externtype_kind(ty));
                assert!(ty.is_null() || kind == enter(|| wasm_extern_kind(item)));
                enter(|| wasm_externtype_delete(ty));
                if u.arbitrary()? {
                    let copy = enter(|| wasm_extern_copy(item));
                    assert!(enter(|| wasm_extern_same(copy, item)));
                    self.keep(copy, held.store, false);
                }
            }
            enter(|| wasm_extern_vec_delete(&raw mut out));
        }
        Ok(())
    }

    fn call(&mut self, u: &mut Unstructured) -> Result<()> {
        let held = self.held(u)?;
        let other = self.held(u)?;
        let store = self.stores.get(held.store).copied().unwrap_or(null_mut());
        // SAFETY: everything is null or live.
        unsafe {
            let params = enter(|| wasm_func_param_arity(held.at));
            let results = enter(|| wasm_func_result_arity(held.at));
            let ty = enter(|| wasm_func_type(held.at));
            let types = enter(|| wasm_functype_params(ty));
            let mut kinds = Vec::new();
            if let Some(types) = types.as_ref() {
                assert!(types.size == params);
                for at in 0..params {
                    kinds.push(enter(|| wasm_valtype_kind(*types.data.add(at))));
                }
            }
            enter(|| wasm_functype_delete(ty));
            if u.ratio(1, 10)? {
                kinds.truncate(u.choose_index(kinds.len() + 1)?);
            } else if u.ratio(1, 10)? && !kinds.is_empty() {
                let at = u.choose_index(kinds.len())?;
                kinds[at] = *u.choose(&[0, 1, 2, 3, 4, WASM_EXTERNREF, WASM_FUNCREF, 77])?;
            }
            let mut args = values(&kinds, |kind| self.value(u, kind))?;
            let mut vector: wasm_val_vec_t = zeroed();
            (vector.size, vector.data) = (args.len(), args.as_mut_ptr());
            let room = if u.ratio(1, 10)? { u.int_in_range(0..=6)? } else { results };
            let mut out: wasm_val_vec_t = zeroed();
            enter(|| wasm_val_vec_new_uninitialized(&raw mut out, room));
            // The second object is the application's for as long as the call is.
            NEXT.set((u.int_in_range(0..=5)?, store, other.at));
            if other.at.is_null() || other.store != held.store || store.is_null() {
                NEXT.set((0, null_mut(), null_mut()));
            }
            // It may end with its store, which the host function deletes.
            let is_func = ty_is_func(held.at);
            let trap = enter(|| wasm_func_call(held.at, &raw const vector, &raw mut out));
            NEXT.set((0, null_mut(), null_mut()));
            count("func_call", trap.is_null() && is_func);
            if DELETED.replace(false) {
                // Results that are references have ended with it.
                out.num_elems = 0;
                for at in 0..out.size {
                    (*out.data.add(at)).kind = WASM_I32;
                }
                self.deleted(held.store);
            }
            for at in 0..if trap.is_null() { out.num_elems } else { 0 } {
                let value = &*out.data.add(at);
                if value.kind >= WASM_EXTERNREF && !value.of.r#ref.is_null() {
                    let copy = enter(|| wasm_ref_copy(value.of.r#ref.cast()));
                    self.keep(copy, held.store, true);
                }
            }
            enter(|| wasm_val_vec_delete(&raw mut out));
            self.keep(trap, held.store, false);
        }
        Ok(())
    }

    fn func(&mut self, u: &mut Unstructured) -> Result<()> {
        let (at, store) = self.store(u)?;
        let (params, results) = if u.arbitrary()? {
            (vec![WASM_I32], vec![WASM_I32])
        } else {
            let some = |u: &mut Unstructured| -> Result<Vec<u8>> {
                let len: usize = if u.ratio(1, 20)? { 40 } else { u.int_in_range(0..=4)? };
                let kind = |u: &mut Unstructured| {
                    u.choose(&[0, 1, 2, 3, WASM_EXTERNREF, WASM_FUNCREF]).copied()
                };
                (0..len).map(|_| kind(u)).collect()
            };
            (some(u)?, some(u)?)
        };
        // SAFETY: the store is null or live.
        unsafe {
            let ty = func_type(&params, &results);
            let new = if u.arbitrary()? {
                let env = null_mut();
                let new =
                    enter(|| wasm_func_new_with_env(store, ty, Some(host), env, Some(finalize)));
                GIVEN.set(GIVEN.get() + usize::from(!new.is_null()));
                new
            } else {
                enter(|| wasm_func_new(store, ty, Some(plain)))
            };
            count("func_new", !new.is_null());
            enter(|| wasm_functype_delete(ty));
            self.keep(new, at, false);
        }
        Ok(())
    }

    fn global(&mut self, u: &mut Unstructured) -> Result<()> {
        let (at, store) = self.store(u)?;
        let kind = *u.choose(&[0, 0, 1, 2, 3, WASM_EXTERNREF, WASM_FUNCREF])?;
        let value = self.value(u, kind)?;
        // SAFETY: everything is null or live.
        unsafe {
            if u.arbitrary()? {
                let content = enter(|| wasm_valtype_new(kind));
                let ty = enter(|| {
                    wasm_globaltype_new(content, u.arbitrary::<bool>().unwrap_or(true).into())
                });
                let new = enter(|| wasm_global_new(store, ty, &raw const value));
                enter(|| wasm_globaltype_delete(ty));
                self.keep(new, at, false);
                return Ok(());
            }
            let held = self.of_kind(u, WASM_EXTERN_GLOBAL)?;
            let ty = enter(|| wasm_global_type(held.at));
            let content = enter(|| wasm_valtype_kind(wasm_globaltype_content(ty)));
            let mutable = !ty.is_null() && enter(|| wasm_globaltype_mutability(ty)) == 1;
            enter(|| wasm_globaltype_delete(ty));
            let (mut before, mut after): (wasm_val_t, wasm_val_t) = (zeroed(), zeroed());
            enter(|| wasm_global_get(held.at, &raw mut before));
            enter(|| wasm_global_set(held.at, &raw const value));
            enter(|| wasm_global_get(held.at, &raw mut after));
            if !ty.is_null() && content < WASM_EXTERNREF {
                let bits = |value: &wasm_val_t| match content {
                    WASM_I64 | 3 => value.of.i64,
                    _ => i64::from(value.of.i32),
                };
                let taken = mutable && kind == content;
                let expected = if taken { &value } else { &before };
                assert_eq!(bits(&after), bits(expected), "a global of kind {content}");
            }
            enter(|| wasm_val_delete(&raw mut before));
            enter(|| wasm_val_delete(&raw mut after));
        }
        Ok(())
    }

    fn table(&mut self, u: &mut Unstructured) -> Result<()> {
        let (at, store) = self.store(u)?;
        let held = self.of_kind(u, WASM_EXTERN_TABLE)?;
        let other = self.held(u)?;
        let before = failures();
        // SAFETY: everything is null or live.
        unsafe {
            if u.ratio(1, 4)? {
                let limits =
                    wasm_limits_t { min: u.int_in_range(0..=8)?, max: u.int_in_range(0..=9)? };
                let element = *u.choose(&[WASM_FUNCREF, WASM_EXTERNREF, WASM_I32])?;
                let content = enter(|| wasm_valtype_new(element));
                let ty = enter(|| wasm_tabletype_new(content, &raw const limits));
                let new = enter(|| wasm_table_new(store, ty, other.at));
                assert!(new.is_null() || element != WASM_I32 && limits.min <= limits.max);
                enter(|| wasm_tabletype_delete(ty));
                self.keep(new, at, false);
                return Ok(());
            }
            let size = enter(|| wasm_table_size(held.at));
            let index = if u.ratio(1, 4)? { u.arbitrary()? } else { u.int_in_range(0..=6)? };
            let set = enter(|| wasm_table_set(held.at, index, other.at));
            count("table_set", set);
            assert!(!set || index < size, "an element outside");
            let got = enter(|| wasm_table_get(held.at, index));
            assert!(got.is_null() || index < size);
            if set {
                assert_eq!(
                    got.is_null(),
                    other.at.is_null() || failures() > before && got.is_null()
                );
            }
            self.keep(got, held.store, !got.is_null());
            let delta = if u.ratio(1, 4)? { u.arbitrary()? } else { u.int_in_range(0..=2)? };
            if enter(|| wasm_table_grow(held.at, delta, other.at)) {
                assert_eq!(enter(|| wasm_table_size(held.at)), size + delta);
            }
        }
        Ok(())
    }

    fn memory(&mut self, u: &mut Unstructured) -> Result<()> {
        let (at, store) = self.store(u)?;
        let held = self.of_kind(u, WASM_EXTERN_MEMORY)?;
        // SAFETY: everything is null or live; a memory has the bytes that it says.
        unsafe {
            if u.ratio(1, 4)? {
                let limits =
                    wasm_limits_t { min: u.int_in_range(0..=2)?, max: u.int_in_range(0..=3)? };
                let ty = enter(|| wasm_memorytype_new(&raw const limits));
                let new = enter(|| wasm_memory_new(store, ty));
                assert!(new.is_null() || limits.min <= limits.max);
                enter(|| wasm_memorytype_delete(ty));
                self.keep(new, at, false);
                return Ok(());
            }
            let pages = enter(|| wasm_memory_size(held.at));
            let delta = if u.ratio(1, 3)? { u.arbitrary()? } else { u.int_in_range(0..=1)? };
            let grown = enter(|| wasm_memory_grow(held.at, delta));
            count("memory_grow", grown);
            let now = enter(|| wasm_memory_size(held.at));
            assert_eq!(now, if grown { pages + delta } else { pages }, "pages");
            let (data, len) =
                (enter(|| wasm_memory_data(held.at)), enter(|| wasm_memory_data_size(held.at)));
            assert_eq!(len, now as usize * 65536);
            if len > 0 {
                data.write(1);
                data.add(len - 1).write(2);
            }
        }
        Ok(())
    }

    /// Conversions, copies, and host information with a finalizer.
    fn references(&mut self, u: &mut Unstructured) -> Result<()> {
        let (held, other) = (self.held(u)?, self.held(u)?);
        if held.at.is_null() {
            return Ok(());
        }
        let there = !self.stores[held.store].is_null();
        // SAFETY: both are null or live.
        unsafe {
            assert!(enter(|| wasm_ref_same(held.at, held.at)));
            enter(|| wasm_extern_same(held.at, other.at));
            match u.int_in_range(0..=5)? {
                0 if there => {
                    let made = enter(|| wasm_extern_as_ref(held.at));
                    for to in [
                        enter(|| wasm_ref_as_func(made)),
                        enter(|| wasm_ref_as_table(made)),
                        enter(|| wasm_ref_as_instance(made)),
                    ] {
                        self.keep(to, held.store, true);
                    }
                    self.keep(made, held.store, true);
                }
                1 => {
                    let given = enter(|| wasm_extern_as_memory(held.at));
                    assert!(given.is_null() || given == held.at);
                }
                2 => {
                    let copy = enter(|| wasm_extern_copy(held.at));
                    self.keep(copy, held.store, false);
                }
                3 if there => {
                    let info = std::ptr::without_provenance_mut(8 + GIVEN.get());
                    enter(|| {
                        wasm_extern_set_host_info_with_finalizer(held.at, info, Some(finalize))
                    });
                    GIVEN.set(GIVEN.get() + 1);
                    assert_eq!(enter(|| wasm_extern_get_host_info(held.at)), info);
                }
                4 => {
                    let (at, store) = self.store(u)?;
                    let new = enter(|| wasm_foreign_new(store));
                    self.keep(new, at, false);
                }
                _ => {
                    let (at, store) = self.store(u)?;
                    let new = enter(|| wasm_extern_new_empty(store, u.arbitrary().unwrap_or(0)));
                    self.keep(new, at, false);
                }
            }
        }
        Ok(())
    }

    fn trap(&mut self, u: &mut Unstructured) -> Result<()> {
        let (at, store) = self.store(u)?;
        let held = self.held(u)?;
        // SAFETY: everything is null or live; vectors are deleted.
        unsafe {
            if u.arbitrary()? {
                let len: usize = u.int_in_range(0..=20)?;
                let text = vec![b'x'; len];
                let mut message: wasm_byte_vec_t = zeroed();
                enter(|| wasm_byte_vec_new(&raw mut message, len, text.as_ptr().cast()));
                let new = enter(|| wasm_trap_new(store, &raw const message));
                enter(|| wasm_byte_vec_delete(&raw mut message));
                self.keep(new, at, false);
            }
            let mut text: wasm_byte_vec_t = zeroed();
            enter(|| wasm_trap_message(held.at, &raw mut text));
            if text.size > 0 {
                assert_eq!(*text.data.add(text.size - 1), 0, "a message does not end with NUL");
            }
            enter(|| wasm_byte_vec_delete(&raw mut text));
            let mut frames: wasm_frame_vec_t = zeroed();
            enter(|| wasm_trap_trace(held.at, &raw mut frames));
            for at in 0..frames.num_elems {
                let frame = *frames.data.add(at);
                enter(|| wasm_frame_instance(frame));
                enter(|| wasm_frame_func_index(frame));
                enter(|| wasm_frame_module_offset(frame));
            }
            enter(|| wasm_frame_vec_delete(&raw mut frames));
            let origin = enter(|| wasm_trap_origin(held.at));
            enter(|| wasm_frame_delete(origin));
        }
        Ok(())
    }

    /// Vectors of objects own what they have.
    fn vectors(&mut self, u: &mut Unstructured) -> Result<()> {
        let mut objects = Vec::new();
        for _ in 0..u.int_in_range(0..=4)? {
            // SAFETY: it is null or ours.
            objects.push(unsafe {
                let at = self.held(u)?.at;
                enter(|| wasm_extern_copy(at))
            });
        }
        let len = objects.len();
        // SAFETY: the vectors own the copies.
        unsafe {
            let (mut one, mut other): (wasm_extern_vec_t, wasm_extern_vec_t) = (zeroed(), zeroed());
            enter(|| wasm_extern_vec_new(&raw mut one, len, objects.as_ptr()));
            enter(|| wasm_extern_vec_copy(&raw mut other, &raw const one));
            enter(|| wasm_extern_vec_delete(&raw mut one));
            assert!(one.data.is_null() && one.size == 0);
            enter(|| wasm_extern_vec_delete(&raw mut other));
            enter(|| wasm_extern_vec_delete(&raw mut other));
            let mut huge: wasm_byte_vec_t = zeroed();
            enter(|| wasm_byte_vec_new_uninitialized(&raw mut huge, usize::MAX));
            assert!(huge.data.is_null() && huge.size == 0);
        }
        Ok(())
    }

    fn end(mut self) {
        fail_at(0);
        // SAFETY: all of it is ours; references go before their stores.
        unsafe {
            for held in self.held.drain(..).filter(|held| held.is_ref) {
                enter(|| wasm_ref_delete(held.at));
            }
            for store in self.stores.drain(..) {
                enter(|| wasm_store_delete(store));
            }
            for (module, _) in self.modules.drain(..) {
                enter(|| wasm_module_delete(module));
            }
            enter(|| wasm_engine_delete(self.engine));
        }
    }
}

/// Whether it is a function; one whose store is gone is none.
fn ty_is_func(object: *mut Object) -> bool {
    // SAFETY: null or live.
    !object.is_null() && unsafe { enter(|| wasm_extern_kind(object)) } == WASM_EXTERN_FUNC
}

fn session(u: &mut Unstructured) {
    let functions = MemAllocFunctions {
        malloc_func: malloc as *mut c_void,
        realloc_func: realloc as *mut c_void,
        free_func: free as *mut c_void,
        user_data: null_mut(),
    };
    let option = MemAllocOption { allocator: functions };
    let (blocks, given, ended) = (live(), GIVEN.get(), ENDED.get());
    // SAFETY: the functions are those of C.
    let engine =
        unsafe { enter(|| wasm_engine_new_with_args(Alloc_With_Allocator, &raw const option)) };
    assert!(!engine.is_null());
    let (stores, modules, held) = (Vec::new(), Vec::new(), Vec::new());
    let mut world = World { engine, stores, modules, held };
    for _ in 0..2 {
        // SAFETY: the engine is live.
        world.stores.push(unsafe { enter(|| wasm_store_new(engine)) });
    }
    for _ in 0..200 {
        if u.is_empty() || leave(|| world.step(u)).is_err() {
            break;
        }
    }
    let handles: Vec<Held> = world.held.iter().copied().filter(|held| !held.is_ref).collect();
    world.held.retain(|held| held.is_ref);
    world.end_with(handles);
    assert_eq!(ENDED.get() - ended, GIVEN.get() - given, "finalizers");
    assert_eq!(live(), blocks, "blocks are left that nobody has");
}

impl World {
    /// Deletes what is left of objects after their stores, and before the engine.
    fn end_with(mut self, handles: Vec<Held>) {
        fail_at(0);
        let engine = std::mem::replace(&mut self.engine, null_mut());
        self.end();
        for held in handles {
            // SAFETY: it is ours, and outlives its store.
            unsafe { enter(|| wasm_extern_delete(held.at)) };
        }
        // SAFETY: the last engine.
        unsafe { enter(|| wasm_engine_delete(engine)) };
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    zonda_fuzz::calls::write_at_exit();
    session(&mut Unstructured::new(data));
});
