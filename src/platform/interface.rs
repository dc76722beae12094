//! The platform interface: what a firmware defines for the C API, as Zephyr's
//! `zephyr/zonda_platform.c` does. The header `include/zonda_platform.h` is generated from this
//! file.
#![allow(non_camel_case_types)]

use core::ffi::{c_char, c_int, c_void};

/// Configuration of the firmware, for whatever an application does not choose itself.
#[repr(C)]
pub struct zonda_defaults_t {
    /// Size of an operand stack in bytes.
    pub stack_size: u32,
    /// Maximum size of a linear memory in bytes; 0 for no limit.
    pub memory_limit: u32,
    /// Maximum size in bytes of all linear memories, tables and records of an instance together; 0
    /// for no limit. A module of a few bytes can declare 100 memories and 100 tables.
    pub total_limit: u32,
    /// Execution mode: a RunningMode of wasm_export.h; 0 for fast mode where it is built in, else
    /// classic mode.
    pub running_mode: u32,
    /// Maximum number of nested calls into one instance by its native functions.
    pub nested_calls: u32,
    /// Fuel of a start function: calls and loop iterations; 0 for no limit. Not used without
    /// CONFIG_ZONDA_FUEL.
    pub start_fuel: u32,
    /// Allows `*` without `~` in the signatures of all native functions, as
    /// ZONDA_NATIVES_BARE_POINTERS does for a table.
    pub bare_pointers: bool,
    /// Gives each module the linear memory that it declares, also where a C program cannot use
    /// what lies behind `__heap_base`.
    pub whole_memory: bool,
}

/// What a thread is about to do on its native stack.
pub type zonda_stack_use_t = c_int;
/// Load or instantiate a module.
pub const ZONDA_STACK_LOAD: zonda_stack_use_t = 0;
/// Call a WebAssembly function.
pub const ZONDA_STACK_CALL: zonda_stack_use_t = 1;

/// Size and use of the memory that zonda_platform_alloc() allocates from, in bytes.
#[repr(C)]
pub struct zonda_heap_info_t {
    pub total: u32,
    pub free: u32,
    /// Maximum use so far.
    pub peak: u32,
}

/// How a file is signed; docs/signatures.md specifies it.
pub type zonda_signature_algorithm_t = u32;
/// Ed25519; a public key has 32 bytes.
pub const ZONDA_ED25519: zonda_signature_algorithm_t = 1;
/// ECDSA on P-256 with SHA-256; a public key has 65 bytes: 4, x, y.
pub const ZONDA_ECDSA_P256: zonda_signature_algorithm_t = 2;

/// A public key.
#[repr(C)]
pub struct zonda_public_key_t {
    pub algorithm: zonda_signature_algorithm_t,
    /// Length in bytes, as the algorithm wants it; another key is not used.
    pub len: u32,
    pub bytes: *const u8,
}

/// Whose files the firmware loads.
#[repr(C)]
pub struct zonda_public_keys_t {
    pub keys: *const zonda_public_key_t,
    pub count: u32,
    /// Refuses files without a signature. Otherwise they are loaded like signed ones: what is
    /// validated or verified needs no signature to be safe.
    pub required: bool,
}

/// A signature and what it is for.
#[repr(C)]
pub struct zonda_signature_t {
    pub algorithm: zonda_signature_algorithm_t,
    pub key_len: u32,
    pub key: *const u8,
    pub payload_len: usize,
    pub payload: *const u8,
    pub header_len: usize,
    pub header: *const u8,
    /// 64 bytes: of Ed25519 R and S, of ECDSA r and s with the highest byte first.
    pub signature: *const u8,
}

/// What checking a signature says.
pub type zonda_signature_result_t = c_int;
/// The signature is the key's, of the SHA-256 of payload and header.
pub const ZONDA_SIGNATURE_VALID: zonda_signature_result_t = 0;
/// It is not.
pub const ZONDA_SIGNATURE_WRONG: zonda_signature_result_t = 1;
/// The platform's cryptography lacks the algorithm, or failed.
pub const ZONDA_SIGNATURE_NOT_CHECKED: zonda_signature_result_t = 2;

extern "C" {
    /// Allocates `size` bytes at an address that is a multiple of `align`, a power of two. Returns
    /// NULL when there is no memory. May be called by several threads at once.
    pub fn zonda_platform_alloc(size: usize, align: usize) -> *mut c_void;

    /// Frees what zonda_platform_alloc() returned. NULL is ignored.
    pub fn zonda_platform_free(memory: *mut c_void);

    /// Logs `len` bytes of text without a NUL. `level` is 1 for an error, 2 for a warning, 3 for
    /// information, more for debugging.
    pub fn zonda_platform_log(level: c_int, text: *const c_char, len: usize);

    /// Prints `len` bytes of a program's output, without a NUL.
    pub fn zonda_platform_console(text: *const c_char, len: usize);

    /// Returns whether the native stack of the current thread is large enough; true if the platform
    /// cannot tell. Reports what is missing.
    pub fn zonda_platform_stack_suffices(purpose: zonda_stack_use_t) -> bool;

    /// Returns how many bytes of the current thread's native stack native code may use, leaving
    /// what native functions need; SIZE_MAX if the platform cannot tell. Called with
    /// CONFIG_ZONDA_NATIVE only.
    pub fn zonda_platform_native_stack() -> usize;

    /// Returns the microseconds of a clock that is never set back. Called with
    /// CONFIG_ZONDA_EXEC_TIME only.
    pub fn zonda_platform_uptime() -> u64;

    /// Stores size and use of the memory; returns false if the platform cannot tell.
    pub fn zonda_platform_heap_info(info: *mut zonda_heap_info_t) -> bool;

    /// Locks what all threads share, the heap and the registered functions: waits until no other
    /// thread has the lock. Not nested.
    pub fn zonda_platform_lock();

    /// Unlocks it, on the thread that has locked it.
    pub fn zonda_platform_unlock();

    /// The firmware's configuration: constant, and valid for ever.
    pub fn zonda_platform_get_defaults() -> *const zonda_defaults_t;

    /// The keys: constant, and valid for ever. Called with CONFIG_ZONDA_SIGNED_FILES only, like
    /// zonda_platform_check_signature().
    pub fn zonda_platform_get_public_keys() -> *const zonda_public_keys_t;

    /// Checks a signature. Both algorithms sign a digest of 32 bytes, the SHA-256 of payload and
    /// header: ECDSA as its hash, Ed25519 as its message.
    pub fn zonda_platform_check_signature(
        signature: *const zonda_signature_t,
    ) -> zonda_signature_result_t;

    /// Reports `len` bytes of text and stops the system. The panic handler calls it; the runtime
    /// does not panic.
    pub fn zonda_platform_abort(text: *const c_char, len: usize) -> !;
}
