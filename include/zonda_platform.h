/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The platform interface of Zonda: functions that a firmware defines. zephyr/zonda_platform.c defines them for Zephyr.
 *
 * Generated from src/platform/interface.rs by cbindgen. Do not edit.
 */

#ifndef ZONDA_PLATFORM_H
#define ZONDA_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a thread is about to do on its native stack.
typedef int zonda_stack_use_t;

// Size and use of the memory that zonda_platform_alloc() allocates from, in bytes.
typedef struct zonda_heap_info_t {
    uint32_t total;
    uint32_t free;
    // Maximum use so far.
    uint32_t peak;
} zonda_heap_info_t;

// Configuration of the firmware, for whatever an application does not choose itself.
typedef struct zonda_defaults_t {
    // Size of an operand stack in bytes.
    uint32_t stack_size;
    // Maximum size of a linear memory in bytes; 0 for no limit.
    uint32_t memory_limit;
    // Maximum size in bytes of all linear memories, tables and records of an instance together; 0
    // for no limit. A module of a few bytes can declare 100 memories and 100 tables.
    uint32_t total_limit;
    // Execution mode: a RunningMode of wasm_export.h; 0 for fast mode where it is built in, else
    // classic mode.
    uint32_t running_mode;
    // Maximum number of nested calls into one instance by its native functions.
    uint32_t nested_calls;
    // Fuel of a start function: calls and loop iterations; 0 for no limit. Not used without
    // CONFIG_ZONDA_FUEL.
    uint32_t start_fuel;
    // Allows `*` without `~` in the signatures of all native functions, as
    // ZONDA_NATIVES_BARE_POINTERS does for a table.
    bool bare_pointers;
    // Gives each module the linear memory that it declares, also where a C program cannot use
    // what lies behind `__heap_base`.
    bool whole_memory;
} zonda_defaults_t;

// How a file is signed; docs/signatures.md specifies it.
typedef uint32_t zonda_signature_algorithm_t;

// A public key.
typedef struct zonda_public_key_t {
    zonda_signature_algorithm_t algorithm;
    // Length in bytes, as the algorithm wants it; another key is not used.
    uint32_t len;
    const uint8_t *bytes;
} zonda_public_key_t;

// Whose files the firmware loads.
typedef struct zonda_public_keys_t {
    const struct zonda_public_key_t *keys;
    uint32_t count;
    // Refuses files without a signature. Otherwise they are loaded like signed ones: what is
    // validated or verified needs no signature to be safe.
    bool required;
} zonda_public_keys_t;

// What checking a signature says.
typedef int zonda_signature_result_t;

// A signature and what it is for.
typedef struct zonda_signature_t {
    zonda_signature_algorithm_t algorithm;
    uint32_t key_len;
    const uint8_t *key;
    size_t payload_len;
    const uint8_t *payload;
    size_t header_len;
    const uint8_t *header;
    // 64 bytes: of Ed25519 R and S, of ECDSA r and s with the highest byte first.
    const uint8_t *signature;
} zonda_signature_t;

// Load or instantiate a module.
#define ZONDA_STACK_LOAD 0

// Call a WebAssembly function.
#define ZONDA_STACK_CALL 1

// Ed25519; a public key has 32 bytes.
#define ZONDA_ED25519 1

// ECDSA on P-256 with SHA-256; a public key has 65 bytes: 4, x, y.
#define ZONDA_ECDSA_P256 2

// The signature is the key's, of the SHA-256 of payload and header.
#define ZONDA_SIGNATURE_VALID 0

// It is not.
#define ZONDA_SIGNATURE_WRONG 1

// The platform's cryptography lacks the algorithm, or failed.
#define ZONDA_SIGNATURE_NOT_CHECKED 2

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Allocates `size` bytes at an address that is a multiple of `align`, a power of two. Returns
// NULL when there is no memory. May be called by several threads at once.
extern void *zonda_platform_alloc(size_t size, size_t align);

// Frees what zonda_platform_alloc() returned. NULL is ignored.
extern void zonda_platform_free(void *memory);

// Logs `len` bytes of text without a NUL. `level` is 1 for an error, 2 for a warning, 3 for
// information, more for debugging.
extern void zonda_platform_log(int level, const char *text, size_t len);

// Prints `len` bytes of a program's output, without a NUL.
extern void zonda_platform_console(const char *text, size_t len);

// Returns whether the native stack of the current thread is large enough; true if the platform
// cannot tell. Reports what is missing.
extern bool zonda_platform_stack_suffices(zonda_stack_use_t purpose);

// Returns how many bytes of the current thread's native stack native code may use, leaving
// what native functions need; SIZE_MAX if the platform cannot tell. Called with
// CONFIG_ZONDA_NATIVE only.
extern size_t zonda_platform_native_stack(void);

// Returns the microseconds of a clock that is never set back. Called with
// CONFIG_ZONDA_EXEC_TIME only.
extern uint64_t zonda_platform_uptime(void);

// Stores size and use of the memory; returns false if the platform cannot tell.
extern bool zonda_platform_heap_info(struct zonda_heap_info_t *info);

// Locks what all threads share, the heap and the registered functions: waits until no other
// thread has the lock. Not nested.
extern void zonda_platform_lock(void);

// Unlocks it, on the thread that has locked it.
extern void zonda_platform_unlock(void);

// The firmware's configuration: constant, and valid for ever.
extern const struct zonda_defaults_t *zonda_platform_get_defaults(void);

// The keys: constant, and valid for ever. Called with CONFIG_ZONDA_SIGNED_FILES only, like
// zonda_platform_check_signature().
extern const struct zonda_public_keys_t *zonda_platform_get_public_keys(void);

// Checks a signature. Both algorithms sign a digest of 32 bytes, the SHA-256 of payload and
// header: ECDSA as its hash, Ed25519 as its message.
extern zonda_signature_result_t zonda_platform_check_signature(const struct zonda_signature_t *signature);

// Reports `len` bytes of text and stops the system. The panic handler calls it; the runtime
// does not panic.
extern void zonda_platform_abort(const char *text, size_t len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZONDA_PLATFORM_H */
