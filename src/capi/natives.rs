//! The tables of native functions that the application registers. They stay where the application
//! has them, may be constant, and are never written: a lookup goes through them one by one, once
//! for each import of an instance.
//!
//! Invariant: every signature in a registered table has the right form.

use super::signature;
use super::text::c_bytes;
use super::types::NativeSymbol;
use crate::alloc::TryBox;
use crate::platform;
use core::cell::UnsafeCell;
use core::ffi::c_char;
use core::ptr::null_mut;

/// Allows `*` without `~` in the signatures of a table. Only one byte at the pointer is checked
/// then, as in WAMR.
pub const ZONDA_NATIVES_BARE_POINTERS: u32 = 1;

struct Table {
    next: *mut Table,
    module: *const c_char,
    symbols: *const NativeSymbol,
    count: u32,
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

    fn find(&self, module: &[u8], name: &[u8]) -> Option<&NativeSymbol> {
        // SAFETY: names of a registered table are strings that the application keeps.
        unsafe {
            if c_bytes(self.module) != module {
                return None;
            }
            self.symbols().iter().find(|symbol| c_bytes(symbol.symbol) == name)
        }
    }

    /// Whether the table may be registered, else why not: the symbol and the reason.
    fn check(&self, bare: bool) -> Result<(), (&[u8], &'static str)> {
        // SAFETY: names and signatures of a table are strings that the application keeps.
        unsafe {
            let module = c_bytes(self.module);
            for (index, symbol) in self.symbols().iter().enumerate() {
                let name = c_bytes(symbol.symbol);
                let signature = c_bytes(symbol.signature);
                if symbol.symbol.is_null() || symbol.func_ptr.is_null() {
                    return Err((name, "name or function is missing"));
                }
                if !signature.is_empty() {
                    signature::check(signature, bare).map_err(|reason| (name, reason))?;
                }
                let before =
                    self.symbols().iter().take(index).any(|other| c_bytes(other.symbol) == name);
                if before || lookup(module, name).is_some() {
                    return Err((name, "the symbol is registered already"));
                }
            }
        }
        Ok(())
    }
}

/// The function that is registered under the names.
pub(super) fn lookup(module: &[u8], name: &[u8]) -> Option<*const NativeSymbol> {
    platform::locked(|| {
        let mut found = None;
        // SAFETY: the lock is held.
        unsafe {
            find_link(|table| {
                found = table.find(module, name).map(|symbol| &raw const *symbol);
                found.is_some()
            })
        };
        found
    })
}

/// Registers a table, if nothing is wrong with it.
///
/// # Safety
/// `module` is null or a string, and `symbols` is null or an array of `count` symbols, whose names
/// and signatures are null or strings. All of it stays, unchanged, until the table is unregistered.
unsafe fn register(
    module: *const c_char,
    symbols: *const NativeSymbol,
    count: u32,
    flags: u32,
) -> bool {
    if module.is_null() || (symbols.is_null() && count != 0) {
        return false;
    }
    let table = Table { next: null_mut(), module, symbols, count };
    if let Err((name, reason)) = table.check(flags & ZONDA_NATIVES_BARE_POINTERS != 0) {
        // SAFETY: `module` is a string, by the contract of this function.
        let module = unsafe { c_bytes(module) };
        super::runtime::log_error(|text| {
            text.str("native ").bytes(module).str(".").bytes(name).str(" refused: ").str(reason);
        });
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
/// must stay until they are unregistered. Returns false if a signature is malformed or has a
/// pointer `*` without its length `~`, or if a symbol is registered already; then nothing of the
/// table is registered, and the log names the symbol and the reason. Other threads may use the
/// runtime during the call, but not register the same names.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_register_natives(
    module_name: *const c_char,
    native_symbols: *const NativeSymbol,
    n_native_symbols: u32,
) -> bool {
    // SAFETY: the application passes strings and an array of that size, which stay.
    unsafe { register(module_name, native_symbols, n_native_symbols, 0) }
}

/// The same with flags: ZONDA_NATIVES_BARE_POINTERS for tables that were written for WAMR.
#[no_mangle]
pub unsafe extern "C" fn zonda_register_natives_with(
    module_name: *const c_char,
    native_symbols: *const NativeSymbol,
    n_native_symbols: u32,
    flags: u32,
) -> bool {
    // SAFETY: as for `wasm_runtime_register_natives`.
    unsafe { register(module_name, native_symbols, n_native_symbols, flags) }
}

/// Unregisters a table. No instance may exist that uses its functions. Returns false if the table
/// is not registered under this module name.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_unregister_natives(
    module_name: *const c_char,
    native_symbols: *const NativeSymbol,
) -> bool {
    // SAFETY: the application passes a string.
    !module_name.is_null() && unsafe { unregister(module_name, native_symbols) }
}
