//! The tables of native functions that the application registers. They stay where the application
//! has them, may be constant, and are never written: a lookup goes through them one by one, once
//! for each import of an instance.
//!
//! An entry that is wrong is refused when its table is registered: the log names it and the reason,
//! and a lookup passes over it. Invariant: what `lookup` returns has a function, and a signature of
//! the right form.

use super::runtime::{log_error, log_warning};
use super::signature;
use super::text::c_bytes;
use super::types::NativeSymbol;
use crate::alloc::TryBox;
use crate::platform;
use core::cell::UnsafeCell;
use core::ffi::c_char;
use core::ptr::null_mut;
use zonda_exec::HostCall;

/// Allows `*` without `~` in the signatures of a table. Only one byte at the pointer is checked
/// then, as in WAMR. The log says so once for a table that makes use of it.
/// CONFIG_ZONDA_NATIVES_BARE_POINTERS sets this flag for all tables.
pub const ZONDA_NATIVES_BARE_POINTERS: u32 = 1;

struct Table {
    next: *mut Table,
    module: *const c_char,
    symbols: *const NativeSymbol,
    count: u32,
    flags: u32,
    /// How its functions are called, if not by their signature.
    call: Option<HostCall>,
}

struct Tables(UnsafeCell<*mut Table>);
// SAFETY: touched under the platform's lock only.
unsafe impl Sync for Tables {}

static TABLES: Tables = Tables(UnsafeCell::new(null_mut()));

/// Returns the link to the first table that `wanted` accepts, or the last link, which is null.
///
/// # Safety
/// The caller holds the platform's lock.
unsafe fn find_link(mut wanted: impl FnMut(&Table) -> bool) -> *mut *mut Table {
    let mut link = TABLES.0.get();
    // SAFETY: tables in the list are live, and the lock keeps them so.
    unsafe {
        while let Some(table) = (*link).as_mut() {
            if wanted(table) {
                break;
            }
            link = &mut table.next;
        }
    }
    link
}

impl Table {
    fn symbols(&self) -> &[NativeSymbol] {
        if self.count == 0 {
            return &[];
        }
        // SAFETY: the application keeps the table for as long as it is registered.
        unsafe { core::slice::from_raw_parts(self.symbols, self.count as usize) }
    }

    /// Why an entry is refused.
    fn refusal(&self, symbol: &NativeSymbol) -> Option<&'static str> {
        if symbol.symbol.is_null() || symbol.func_ptr.is_null() {
            return Some("name or function is missing");
        }
        // SAFETY: signatures of a table are strings that the application keeps.
        let signature = unsafe { c_bytes(symbol.signature) };
        if signature.is_empty() {
            return None;
        }
        signature::check(signature, self.flags & ZONDA_NATIVES_BARE_POINTERS != 0).err()
    }

    fn find(&self, module: &[u8], name: &[u8]) -> Option<&NativeSymbol> {
        // SAFETY: names of a registered table are strings that the application keeps.
        unsafe {
            if c_bytes(self.module) != module {
                return None;
            }
            let mut symbols = self.symbols().iter();
            symbols.find(|symbol| c_bytes(symbol.symbol) == name && self.refusal(symbol).is_none())
        }
    }

    /// Logs which entries are refused. False when that is all of them.
    fn report(&self) -> bool {
        // SAFETY: names and signatures of a table are strings that the application keeps.
        let module = unsafe { c_bytes(self.module) };
        let (mut accepted, mut bare) = (self.count == 0, false);
        for (index, symbol) in self.symbols().iter().enumerate() {
            // SAFETY: as above.
            let (name, signature) = unsafe { (c_bytes(symbol.symbol), c_bytes(symbol.signature)) };
            let known = || {
                // SAFETY: as above.
                let is_same = |other: &NativeSymbol| unsafe { c_bytes(other.symbol) } == name;
                self.symbols().iter().take(index).any(is_same) || lookup(module, name).is_some()
            };
            let refusal = self.refusal(symbol);
            match refusal.or_else(|| known().then_some("the symbol is registered already")) {
                Some(reason) => log_error(|text| {
                    text.str("native ").bytes(module).str(".").bytes(name);
                    text.str(" refused: ").str(reason);
                }),
                None => {
                    accepted = true;
                    bare |= signature::check(signature, false).is_err() && !signature.is_empty();
                }
            }
        }
        if bare && accepted {
            log_warning(|text| {
                text.str("natives of ").bytes(module);
                text.str(": of a pointer * without its length ~ one byte is checked");
            });
        }
        accepted
    }
}

/// The function that is registered under the names.
pub(super) fn lookup(
    module: &[u8],
    name: &[u8],
) -> Option<(*const NativeSymbol, Option<HostCall>)> {
    platform::locked(|| {
        let mut found = None;
        // SAFETY: the lock is held.
        unsafe {
            find_link(|table| {
                found = table.find(module, name).map(|symbol| (&raw const *symbol, table.call));
                found.is_some()
            })
        };
        found
    })
}

/// Registers a table, unless all of it is refused.
///
/// # Safety
/// `module` is null or a string, and `symbols` is null or an array of `count` symbols, whose names
/// and signatures are null or strings. All of it stays, unchanged, until the table is unregistered.
unsafe fn register(
    module: *const c_char,
    symbols: *const NativeSymbol,
    count: u32,
    flags: u32,
    call: Option<HostCall>,
) -> bool {
    if module.is_null() || (symbols.is_null() && count != 0) {
        return false;
    }
    let default = platform::defaults().bare_pointers as u32 * ZONDA_NATIVES_BARE_POINTERS;
    let table = Table { next: null_mut(), module, symbols, count, flags: flags | default, call };
    if !table.report() {
        return false;
    }
    let Ok(table) = TryBox::new(table) else { return false };
    platform::locked(|| {
        // SAFETY: the lock is held.
        unsafe { *find_link(|_| false) = table.into_raw() };
    });
    true
}

/// Takes a table out of the list and frees its record. `module` null stands for any table.
///
/// # Safety
/// `module` is null or a string.
pub(super) unsafe fn unregister(module: *const c_char, symbols: *const NativeSymbol) -> bool {
    let table = platform::locked(|| {
        // SAFETY: the lock is held. `module` is a string by the contract of this function, and
        // those of the tables stay.
        unsafe {
            let link = find_link(|table| {
                module.is_null()
                    || table.symbols == symbols && c_bytes(table.module) == c_bytes(module)
            });
            let table = *link;
            if !table.is_null() {
                *link = (*table).next;
            }
            table
        }
    });
    if !table.is_null() {
        // SAFETY: the table was given up by `register`, and is no longer in the list.
        drop(unsafe { TryBox::from_raw(table) });
    }
    !table.is_null()
}

/// Registers native functions under a module name for modules that are instantiated from now on.
/// The table and its strings are used in place and never written, so they may be constant; they
/// must stay until they are unregistered. An entry is refused if its signature is malformed or has
/// a pointer `*` without its length `~` (see ZONDA_NATIVES_BARE_POINTERS), or if the symbol is
/// registered already: the log names the symbol and the reason, and modules cannot import it.
/// Returns false if all entries are refused. Other threads may use the runtime during the call, but
/// not register the same names.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_register_natives(
    module_name: *const c_char,
    native_symbols: *mut NativeSymbol,
    n_native_symbols: u32,
) -> bool {
    // SAFETY: the application passes strings and an array of that size, which stay.
    unsafe { register(module_name, native_symbols, n_native_symbols, 0, None) }
}

/// The same for a constant table, with flags: 0, or ZONDA_NATIVES_BARE_POINTERS for a table that
/// was written for WAMR.
#[no_mangle]
pub unsafe extern "C" fn zonda_register_natives_with(
    module_name: *const c_char,
    native_symbols: *const NativeSymbol,
    n_native_symbols: u32,
    flags: u32,
) -> bool {
    // SAFETY: as for `wasm_runtime_register_natives`.
    unsafe { register(module_name, native_symbols, n_native_symbols, flags, None) }
}

/// Registers native functions that read their arguments from an array, with the type
/// `void (*)(wasm_exec_env_t, uint64_t *args)`: each argument takes 8 bytes, and the result is
/// written over the first. Pointers are checked and converted as the signature says. A function has
/// at most 16 parameters.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_register_natives_raw(
    module_name: *const c_char,
    native_symbols: *mut NativeSymbol,
    n_native_symbols: u32,
) -> bool {
    // SAFETY: as for `wasm_runtime_register_natives`.
    unsafe { register(module_name, native_symbols, n_native_symbols, 0, Some(super::native::raw)) }
}

/// Unregisters a table. No instance may exist that uses its functions. Returns false if the table
/// is not registered under this module name.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_unregister_natives(
    module_name: *const c_char,
    native_symbols: *mut NativeSymbol,
) -> bool {
    // SAFETY: the application passes a string.
    !module_name.is_null() && unsafe { unregister(module_name, native_symbols) }
}
