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
    // Gives each module the linear memory that it declares, also where a C program cannot use what
    // lies behind `__heap_base`.
    bool whole_memory;
} zonda_defaults_t;

// Load or instantiate a module.
#define ZONDA_STACK_LOAD 0

// Call a WebAssembly function.
#define ZONDA_STACK_CALL 1

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

// Stores size and use of the memory; returns false if the platform cannot tell.
extern bool zonda_platform_heap_info(struct zonda_heap_info_t *info);

// Locks what all threads share, the heap and the registered functions: waits until no other
// thread has the lock. Not nested.
extern void zonda_platform_lock(void);

// Unlocks it, on the thread that has locked it.
extern void zonda_platform_unlock(void);

// The firmware's configuration: constant, and valid for ever.
extern const struct zonda_defaults_t *zonda_platform_get_defaults(void);

// Reports `len` bytes of text and stops the system. The panic handler calls it; the runtime
// does not panic.
extern void zonda_platform_abort(const char *text, size_t len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZONDA_PLATFORM_H */
