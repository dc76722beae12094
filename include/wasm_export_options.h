/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The functions of the C API that a library has only if it is built with an option of their own: shared heaps
 * (CONFIG_ZONDA_SHARED_HEAP), modules that import from modules (CONFIG_ZONDA_MULTI_MODULE), call stacks and memory consumption
 * (CONFIG_ZONDA_DIAGNOSTICS), native code (CONFIG_ZONDA_NATIVE), records of traps (CONFIG_ZONDA_TRAP_RECORD), times of
 * calls (CONFIG_ZONDA_EXEC_TIME), the running function (CONFIG_ZONDA_SAMPLING), execution environments for other threads
 * (CONFIG_ZONDA_SPAWN). wasm_export.h includes this file.
 *
 * Generated from src/capi by cbindgen. Do not edit.
 */

#ifndef WASM_EXPORT_OPTIONS_H
#define WASM_EXPORT_OPTIONS_H

#include "wasm_export.h"

// Why a memory has not grown.
typedef enum enlarge_memory_error_reason_t {
    // There is no memory.
    INTERNAL_ERROR,
    // It would be larger than its maximum, or than the embedder allows.
    MAX_SIZE_REACHED,
} enlarge_memory_error_reason_t;

// A heap, opaque for the application. Chained by `region`.
typedef struct WASMSharedHeap WASMSharedHeap;

// A shared heap. Valid until wasm_runtime_destroy().
typedef struct WASMSharedHeap *wasm_shared_heap_t;

// What wasm_runtime_create_shared_heap() makes.
typedef struct SharedHeapInitArgs {
    // Its size in bytes. A heap of the runtime has a multiple of 16; a buffer of the application
    // has exactly this.
    uint32_t size;
    // A buffer of the application, which stays until wasm_runtime_destroy(), or NULL for a heap
    // of the runtime.
    void *pre_allocated_addr;
} SharedHeapInitArgs;

// Reads the module with a name: stores its bytes and their number, which stay until the
// module_destroyer gets them, and returns true.
typedef bool (*module_reader)(package_type_t module_type,
                              const char *module_name,
                              uint8_t **p_buffer,
                              uint32_t *p_size);

// Gets back what a module_reader has stored.
typedef void (*module_destroyer)(uint8_t *buffer, uint32_t size);

// A frame of a call stack.
typedef struct WASMCApiFrame {
    // The wasm_module_inst_t.
    void *instance;
    // 0.
    uint32_t module_offset;
    // The function's index, imported ones counted.
    uint32_t func_index;
    // Offset in the module of the instruction that runs, or inside of the call that does.
    uint32_t func_offset;
    // NULL: wasm_runtime_dump_call_stack_to_buf() has the names.
    const char *func_name_wp;
    // NULL.
    uint32_t *sp;
    // NULL.
    uint8_t *frame_ref;
    // NULL.
    uint32_t *lp;
} WASMCApiFrame;

// What an execution environment and its instance use, in bytes.
typedef struct zonda_usage_t {
    // All linear memories of the instance. They do not shrink, so it is the maximum as well.
    uint32_t linear_memory;
    // The operand stack of the environment.
    uint32_t operand_stack;
    // How much of it calls have used so far: up to the last slot that was not left 0. A call
    // needs room for its whole frame, so a stack of this size may still be too small by the
    // operands of the deepest call.
    uint32_t operand_stack_peak;
    // What is allocated in the application heap.
    uint32_t app_heap;
} zonda_usage_t;

// Called when `memory.grow` of a program fails.
typedef void (*enlarge_memory_error_callback_t)(uint32_t inc_page_count,
                                                uint64_t current_memory_size,
                                                uint32_t memory_index,
                                                enum enlarge_memory_error_reason_t failure_reason,
                                                wasm_module_inst_t instance,
                                                wasm_exec_env_t exec_env,
                                                void *user_data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Creates a shared heap of 256 bytes to 1 GiB. Returns NULL if the size is another, or without
// memory.
wasm_shared_heap_t wasm_runtime_create_shared_heap(struct SharedHeapInitArgs *init_args);

// Puts a heap in front of another one, or of a chain, which lies behind it then: for an instance
// all of it is one range of addresses. Neither may be attached to an instance or stand in another
// chain, and one heap of a chain at most is one of the runtime. Returns `head`, or NULL.
wasm_shared_heap_t wasm_runtime_chain_shared_heaps(wasm_shared_heap_t head, wasm_shared_heap_t body);

// Takes the first heap out of a chain, or undoes the whole chain. Nothing of it may be attached.
// Returns the first heap of what is left of the chain, of a whole chain its last heap; NULL if
// there is no chain, `head` is not its first heap, or it is attached.
wasm_shared_heap_t wasm_runtime_unchain_shared_heaps(wasm_shared_heap_t head, bool entire_chain);

// Fills the heaps of a chain with zeros, and frees all that was allocated. False while it is
// attached, and for a heap that is not its first.
bool wasm_runtime_reset_shared_heap_chain(wasm_shared_heap_t shared_heap);

// Gives an instance a shared heap, or a chain by its first heap, until
// wasm_runtime_detach_shared_heap() or its end. Returns false if it has one already, has no linear
// memory, if the linear memory is so large that the addresses are taken, or without memory.
// `shared_heap` must be the first of its chain.
bool wasm_runtime_attach_shared_heap(wasm_module_inst_t module_inst, wasm_shared_heap_t shared_heap);

// Takes the shared heap from an instance, if it has one. Its addresses are outside of the memory
// then.
void wasm_runtime_detach_shared_heap(wasm_module_inst_t module_inst);

// Allocates `size` bytes in the shared heap of an instance. Returns the address, which is the same
// in all instances that have the same chain, or 0 without memory or without a heap of the runtime
// in the chain. Stores the pointer in `p_native_addr` unless that is NULL.
uint64_t wasm_runtime_shared_heap_malloc(wasm_module_inst_t module_inst, uint64_t size, void **p_native_addr);

// Frees a block of wasm_runtime_shared_heap_malloc(), by its address. What is none is ignored.
void wasm_runtime_shared_heap_free(wasm_module_inst_t module_inst, uint64_t ptr);

// Sets the function that reads modules from which others import, and the one that gets their bytes
// back. The reader is called when a module is loaded, for each module that it imports from and
// that has neither native functions nor been registered; if it returns false, loading fails.
// Modules that are read so are loaded once, and unloaded by wasm_runtime_destroy(). Modules that
// import from modules are loaded by one thread at a time.
void wasm_runtime_set_module_reader(module_reader reader, module_destroyer destroyer);

// Gives a module a name from which modules can import that are loaded afterwards. Returns false if
// the name or the module is registered already, with a reason in `error_buf`; true if both are
// together. wasm_runtime_unload() removes the name; modules that import from it must be unloaded
// before.
bool wasm_runtime_register_module(const char *module_name,
                                  wasm_module_t module,
                                  char *error_buf,
                                  uint32_t error_buf_size);

// Returns the module that has a name, or NULL.
wasm_module_t wasm_runtime_find_module_registered(const char *module_name);

// Prints the call stack of the last trap of the environment's instance to the console: an empty
// line, a line "#number: offset - name" for each frame, the innermost first, and an empty line.
// Nothing once the exception was cleared.
void wasm_runtime_dump_call_stack(wasm_exec_env_t exec_env);

// Returns how many bytes wasm_runtime_dump_call_stack_to_buf() needs, with the NUL; 0 without a
// call stack.
uint32_t wasm_runtime_get_call_stack_buf_size(wasm_exec_env_t exec_env);

// Stores the same text, with a NUL, cut off at `len` bytes. Returns the number of bytes without
// the NUL.
uint32_t wasm_runtime_dump_call_stack_to_buf(wasm_exec_env_t exec_env, char *buf, uint32_t len);

// Stores the frames of the running call, the innermost first, for a native function: `length` at
// most, after `skip_n` that are skipped. Returns their number, 0 outside of a native function,
// with the reason in `error_buf`. Frames of calls that enclose this one are not among them: the
// call by the application, or by a native function, is the last.
uint32_t wasm_copy_callstack(wasm_exec_env_t exec_env,
                             struct WASMCApiFrame *buffer,
                             uint32_t length,
                             uint32_t skip_n,
                             char *error_buf,
                             uint32_t error_buf_size);

// Prints to the console how many bytes the environment and its instance take, and for what.
void wasm_runtime_dump_mem_consumption(wasm_exec_env_t exec_env);

// Stores what an execution environment and its instance use, and have used at most. Looks at each
// slot of the operand stack: there is no cost for calls.
void zonda_get_usage(wasm_exec_env_t exec_env, struct zonda_usage_t *usage);

// Sets the function that is called when `memory.grow` of a program fails, with `user_data`; NULL
// for none. It calls no function of the instance, and does not change the memory. Until
// wasm_runtime_destroy().
void wasm_runtime_set_enlarge_mem_error_callback(enlarge_memory_error_callback_t callback, void *user_data);

// Loads a file as wasm_runtime_load() does, native code included: the application vouches that the
// file is exactly what this version of `zonda compile` wrote, for example since it is a part of
// the firmware. Forged or damaged code can read and write any memory. A precompiled module is not
// verified. wasm_runtime_load() accepts native code if it is signed (CONFIG_ZONDA_SIGNED_FILES).
// The bytes lie in memory that can be executed, at a multiple of 16, on Arm of 4.
wasm_module_t zonda_load_trusted(uint8_t *buf, uint32_t size, char *error_buf, uint32_t error_buf_size);

// Has a record of each trap of the instance written to `buf`, of at most `size` bytes, with at
// most `memory_size` bytes of the linear memory that a C or Rust program uses as its stack, a
// quarter of them below the stack pointer; `NULL` ends that. 256 bytes are enough for some twenty
// calls, with locals 512. The runtime writes to the buffer when a call traps, and allocates nothing
// then. A trap of a start function is not recorded. docs/traps.md specifies the record.
void zonda_set_trap_record(wasm_module_inst_t module_inst, void *buf, uint32_t size, uint32_t memory_size);

// Returns how many bytes of the buffer of zonda_set_trap_record() are a record; 0 until a call
// traps, or if the buffer is too small for the least record. The record stays until the next trap.
uint32_t zonda_get_trap_record(wasm_module_inst_t module_inst);

// Logs a record, or other bytes, as lines that `zonda symbolize` and `zonda postmortem` read: an
// offset and 32 bytes in hexadecimal each.
void zonda_log_trap_record(const void *record, uint32_t size);

// Returns how many milliseconds the application's calls of all functions of the instance have
// taken.
double wasm_runtime_sum_wasm_exec_time(wasm_module_inst_t module_inst);

// Returns how many milliseconds the application's calls of an exported function have taken, with
// all that it has called; 0 for a function that only others call. Of the first eight functions
// that the application calls; the time of others is in the sum only.
double wasm_runtime_get_wasm_func_exec_time(wasm_module_inst_t inst, const char *func_name);

// Prints to the console a line for each function that the application has called: the index, the
// calls, and the microseconds that they took.
void wasm_runtime_dump_perf_profiling(wasm_module_inst_t module_inst);

// Returns the index of the function that runs in an instance, imported ones counted; UINT32_MAX if
// none does, and for native code. A native function runs as a part of the function that has called
// it. May be called by other threads and by interrupt handlers while the instance exists, as
// wasm_runtime_terminate().
uint32_t zonda_running_function(wasm_module_inst_t module_inst);

// Creates an execution environment for another thread, with an instance of its own: of the module
// and from the arguments of the environment's instance, with its custom data, contexts and running
// mode. It has memory, globals and WASI descriptors of its own, and what instantiation calls runs
// in it. The strings that were given for WASI must still be there. wasm_runtime_terminate(), and
// an exception, of one of the instances stops all of them, and wasm_runtime_get_exception() returns
// it of each; while an exception is pending, nothing can be spawned. From the first spawned
// environment on, wasm_runtime_terminate() takes a lock: interrupt handlers must not call it.
// Returns NULL on failure. wasm_runtime_destroy_spawned_exec_env() frees the environment.
wasm_exec_env_t wasm_runtime_spawn_exec_env(wasm_exec_env_t exec_env);

// Frees a spawned execution environment and its instance. Nothing may use them; the thread that has
// used them may call this. Any other environment is left alone, and NULL.
void wasm_runtime_destroy_spawned_exec_env(wasm_exec_env_t exec_env);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WASM_EXPORT_OPTIONS_H */
