/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Zonda's C embedding API. Source compatible with the header of the same name of the WebAssembly Micro Runtime: an application
 * that was written for that compiles with this one.
 *
 * Generated from src/capi by cbindgen. Do not edit.
 */

#ifndef WASM_EXPORT_H
#define WASM_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Entries of a table of native functions, named as the function is. The second form is for a function NAME_wrapper. */
#define EXPORT_WASM_API(symbol) { #symbol, (void *)symbol, NULL, NULL }
#define EXPORT_WASM_API2(symbol) { #symbol, (void *)symbol##_wrapper, NULL, NULL }
#define EXPORT_WASM_API_WITH_SIG(symbol, signature) { #symbol, (void *)symbol, signature, NULL }
#define EXPORT_WASM_API_WITH_SIG2(symbol, signature) { #symbol, (void *)symbol##_wrapper, signature, NULL }
#define EXPORT_WASM_API_WITH_ATT(symbol, signature, attachment) { #symbol, (void *)symbol, signature, attachment }
#define EXPORT_WASM_API_WITH_ATT2(symbol, signature, attachment) { #symbol, (void *)symbol##_wrapper, signature, attachment }

/* Short names for native functions, which call their instance module_inst. */
#define get_module_inst(exec_env) wasm_runtime_get_module_inst(exec_env)
#define validate_app_addr(offset, size) wasm_runtime_validate_app_addr(module_inst, offset, size)
#define validate_app_str_addr(offset) wasm_runtime_validate_app_str_addr(module_inst, offset)
#define addr_app_to_native(offset) wasm_runtime_addr_app_to_native(module_inst, offset)
#define addr_native_to_app(ptr) wasm_runtime_addr_native_to_app(module_inst, ptr)
#define module_malloc(size, p_native_addr) wasm_runtime_module_malloc(module_inst, size, p_native_addr)
#define module_free(offset) wasm_runtime_module_free(module_inst, offset)


// Allow `*` without `~` in the signatures of a table: only one byte at the pointer is checked then, as WAMR does.
#define ZONDA_NATIVES_BARE_POINTERS 1

typedef struct WASMExecEnv WASMExecEnv;

typedef struct WASMModuleCommon WASMModuleCommon;

typedef struct WASMModuleInstanceCommon WASMModuleInstanceCommon;

// Where the runtime takes its memory from.
typedef uint32_t mem_alloc_type_t;

// The buffer for Alloc_With_Pool.
typedef struct MemAllocPool {
    // Belongs to the runtime from wasm_runtime_full_init() to wasm_runtime_destroy().
    void *heap_buf;
    // In bytes.
    uint32_t heap_size;
} MemAllocPool;

// The functions for Alloc_With_Allocator; those of C's malloc, realloc and free will do.
typedef struct MemAllocFunctions {
    void *malloc_func;
    // May be NULL: then blocks are copied.
    void *realloc_func;
    void *free_func;
    // Not used.
    void *user_data;
} MemAllocFunctions;

// What goes with a mem_alloc_type_t.
typedef union MemAllocOption {
    struct MemAllocPool pool;
    struct MemAllocFunctions allocator;
} MemAllocOption;

// A function that modules can import.
//
// The signature is "(parameters)result" with a letter for each: `i` i32, `I` i64, `f` f32, `F` f64, `r` externref, `*` a pointer
// into linear memory, `~` the number of bytes at the pointer before it, `$` a pointer to a NUL-terminated string. Pointers are
// checked and converted before the function is called; a pointer or length outside of the memory traps.
//
// A NULL or empty signature is "()": no parameters and no result. An import of another type is not linked to the function: the
// log names it when the module is instantiated, and a call of it traps. (WAMR accepts any type then, so that a module can read
// registers of the native code.)
typedef struct NativeSymbol {
    // Name under which modules import it.
    const char *symbol;
    // The function. Its first parameter is the wasm_exec_env_t of the call.
    void *func_ptr;
    // Its signature, or NULL.
    const char *signature;
    // What wasm_runtime_get_function_attachment() gives the function.
    void *attachment;
} NativeSymbol;

// How code is executed. 0 is the same as Mode_Interp.
typedef uint32_t RunningMode;

// What wasm_runtime_full_init() takes. All zero but for the memory is a good choice.
typedef struct RuntimeInitArgs {
    mem_alloc_type_t mem_alloc_type;
    union MemAllocOption mem_alloc_option;
    // A first table of native functions, as for wasm_runtime_register_natives(); may be NULL.
    const char *native_module_name;
    const struct NativeSymbol *native_symbols;
    uint32_t n_native_symbols;
    // Of what follows, only running_mode is used; the rest is there for applications that set it.
    uint32_t max_thread_num;
    char ip_addr[16];
    int unused;
    int instance_port;
    uint32_t fast_jit_code_cache_size;
    uint32_t gc_heap_size;
    // As for wasm_runtime_set_default_running_mode().
    RunningMode running_mode;
    uint32_t llvm_jit_opt_level;
    uint32_t llvm_jit_size_level;
    uint32_t segue_flags;
    bool enable_linux_perf;
} RuntimeInitArgs;

// How important a message is.
typedef uint32_t log_level_t;

// How full the pool is, in bytes.
typedef struct mem_alloc_info_t {
    uint32_t total_size;
    uint32_t total_free_size;
    // The most that was ever in use.
    uint32_t highmark_size;
} mem_alloc_info_t;

// A loaded module.
typedef struct WASMModuleCommon *wasm_module_t;

// How a module is loaded.
typedef struct LoadArgs {
    // Not used.
    char *name;
    // Not used.
    bool clone_wasm_binary;
    // Copy the module, so that the application can free its bytes after loading.
    bool wasm_binary_freeable;
    // Not used: imports are resolved when the module is instantiated.
    bool no_resolve;
} LoadArgs;

// An instance of a module.
typedef struct WASMModuleInstanceCommon *wasm_module_inst_t;

// How a module is instantiated.
typedef struct InstantiationArgs {
    // Bytes of the operand stack of calls for which the application makes no execution environment; 0 for the default.
    uint32_t default_stack_size;
    // Bytes that are appended to linear memory for wasm_runtime_module_malloc(), unless the module exports malloc and free.
    uint32_t host_managed_heap_size;
    // Most pages that the linear memory may have; 0 for the firmware's limit.
    uint32_t max_memory_pages;
} InstantiationArgs;

// A function of an instance. Not a pointer: nothing to free, valid as long as the instance.
typedef void *wasm_function_inst_t;

// An execution environment: the operand stack of calls that do not overlap.
typedef struct WASMExecEnv *wasm_exec_env_t;

// The type of a wasm_val_t.
typedef uint8_t wasm_valkind_t;

// The bits of a wasm_val_t.
typedef union wasm_val_of_t {
    // Also a function's index, -1 for null.
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    // An externref: an object of the application, 0 for null. Values beyond 32 bits are refused.
    size_t foreign;
} wasm_val_of_t;

// A value with its type.
typedef struct wasm_val_t {
    wasm_valkind_t kind;
    uint8_t _paddings[7];
    union wasm_val_of_t of;
} wasm_val_t;

// From a buffer that the application passes.
#define Alloc_With_Pool 0

// From functions that the application passes.
#define Alloc_With_Allocator 1

// From the system.
#define Alloc_With_System_Allocator 2

// By the interpreter that the firmware's configuration prefers: in fast mode where that is built in, unless it says otherwise.
#define Mode_Interp 1

#define Mode_Fast_JIT 2

#define Mode_LLVM_JIT 3

#define Mode_Multi_Tier_JIT 4

// In place, with the least RAM. Not in WAMR.
#define Mode_Zonda_Classic 256

// As register code, which takes RAM and is several times faster. Not in WAMR.
#define Mode_Zonda_Fast 257

#define WASM_I32 0

#define WASM_I64 1

#define WASM_F32 2

#define WASM_F64 3

#define WASM_V128 4

#define WASM_EXTERNREF 128

#define WASM_FUNCREF 129

#define WASM_LOG_LEVEL_FATAL 0

#define WASM_LOG_LEVEL_ERROR 1

#define WASM_LOG_LEVEL_WARNING 2

#define WASM_LOG_LEVEL_DEBUG 3

#define WASM_LOG_LEVEL_VERBOSE 4

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Sets the runtime up with memory from the system. No other thread uses the runtime meanwhile.
bool wasm_runtime_init(void);

// Sets the runtime up: where its memory comes from, the default running mode, and a first table of native functions. False when the memory is of no
// use, the mode is not supported, or the table is refused. No other thread uses the runtime meanwhile.
bool wasm_runtime_full_init(const struct RuntimeInitArgs *init_args);

// Ends the use of the runtime: modules are unloaded and instances freed before. Forgets all registered functions, the memory and the default
// running mode. No other thread uses the runtime meanwhile.
void wasm_runtime_destroy(void);

// Sets how important messages are that go to the log; warnings at the start.
void wasm_runtime_set_log_level(log_level_t level);

// The version of the runtime.
void wasm_runtime_get_version(uint32_t *major, uint32_t *minor, uint32_t *patch);

// Whether code can be executed this way.
bool wasm_runtime_is_running_mode_supported(RunningMode running_mode);

// Says how instances that are made from now on are executed. Choose before loading: a module is prepared for the mode that is the default then, and an
// instance in another one takes memory of its own for that. False when the mode is not supported.
bool wasm_runtime_set_default_running_mode(RunningMode running_mode);

// Prepares a thread for calling functions. Nothing to do.
bool wasm_runtime_init_thread_env(void);

// The end of that.
void wasm_runtime_destroy_thread_env(void);

// Whether the thread is prepared: always.
bool wasm_runtime_thread_env_inited(void);

// Memory from the runtime's heap, aligned to 8 bytes; NULL when there is none left. Any thread may allocate, and free what another has allocated.
void *wasm_runtime_malloc(unsigned int size);

// Makes a block of wasm_runtime_malloc() larger or smaller; it may move. A NULL `ptr` is allocated.
// NULL when there is not enough memory; then the block stays as it is.
void *wasm_runtime_realloc(void *ptr, unsigned int size);

// Gives a block of wasm_runtime_malloc() back. NULL is ignored.
void wasm_runtime_free(void *ptr);

// How full the pool is, in bytes. False when the memory does not come from a pool.
bool wasm_runtime_get_mem_alloc_info(struct mem_alloc_info_t *mem_alloc_info);

// Makes functions known to modules that are instantiated later, under the module name `module_name`. The table and its strings
// stay in use and are not written, so they may be constant. False, with a message in the log that names symbol and reason,
// when a signature is malformed, has a pointer `*` without its length `~`, or a symbol is registered already; nothing of the table is registered then.
// Other threads may use the runtime meanwhile, but not register the same names.
bool wasm_runtime_register_natives(const char *module_name,
                                   const struct NativeSymbol *native_symbols,
                                   uint32_t n_native_symbols);

// The same with flags: ZONDA_NATIVES_BARE_POINTERS, for tables that were written for WAMR.
bool zonda_register_natives_with(const char *module_name,
                                 const struct NativeSymbol *native_symbols,
                                 uint32_t n_native_symbols,
                                 uint32_t flags);

// Takes a table back. No instance may be left that uses its functions. False when it is not registered under the name.
bool wasm_runtime_unregister_natives(const char *module_name,
                                     const struct NativeSymbol *native_symbols);

// Loads a module. Its bytes may be constant, for example in flash; they are not copied and not written, and have to stay until
// wasm_runtime_unload(). In classic mode on a Cortex-M up to two bytes behind them are read as well (and not used), so they must not lie at the very end of what can
// be read. NULL on failure; `error_buf` gets the reason. Several threads may use the module at once.
wasm_module_t wasm_runtime_load(const uint8_t *buf,
                                uint32_t size,
                                char *error_buf,
                                uint32_t error_buf_size);

// The same with a choice to copy the bytes.
wasm_module_t wasm_runtime_load_ex(const uint8_t *buf,
                                   uint32_t size,
                                   const struct LoadArgs *args,
                                   char *error_buf,
                                   uint32_t error_buf_size);

// Frees a module of which no instance is left. NULL is ignored.
void wasm_runtime_unload(wasm_module_t module);

// Has the instance executed in a mode from its next call on. When the module was not loaded for that, code is made now, as when loading. False, and
// all stays as it is, when the mode is not supported, there is no memory, or a function of the instance runs.
bool wasm_runtime_set_running_mode(wasm_module_inst_t module_inst,
                                   RunningMode running_mode);

// How the instance is executed: Mode_Interp, or which interpreter where the application has said that.
RunningMode wasm_runtime_get_running_mode(wasm_module_inst_t module_inst);

// Makes an instance of a module: links its imports to registered functions, copies its segments, runs its start
// function. `default_stack_size` is the operand stack, in bytes, of calls without an execution environment of the application's, 0 for the firmware's
// default. `host_managed_heap_size` bytes are appended to linear memory for wasm_runtime_module_malloc(), unless the module exports malloc and free.
// NULL on failure; `error_buf` gets the reason. The instance, with its execution environments, is used by one thread at a time, but for wasm_runtime_terminate().
wasm_module_inst_t wasm_runtime_instantiate(wasm_module_t module,
                                            uint32_t default_stack_size,
                                            uint32_t host_managed_heap_size,
                                            char *error_buf,
                                            uint32_t error_buf_size);

// The same with a limit for the linear memory.
wasm_module_inst_t wasm_runtime_instantiate_ex(wasm_module_t module,
                                               const struct InstantiationArgs *args,
                                               char *error_buf,
                                               uint32_t error_buf_size);

// Frees an instance and all it has, but for execution environments that the application has made. NULL is ignored.
void wasm_runtime_deinstantiate(wasm_module_inst_t module_inst);

// The module of an instance.
wasm_module_t wasm_runtime_get_module(wasm_module_inst_t module_inst);

// The exported function with this name; NULL when there is none.
wasm_function_inst_t wasm_runtime_lookup_function(wasm_module_inst_t module_inst, const char *name);

// The text of the exception, with "Exception: " before it; NULL when there is none.
const char *wasm_runtime_get_exception(wasm_module_inst_t module_inst);

// Sets the exception: a native function that does so makes the call trap when it returns. NULL clears it. Not to be called with the text that
// wasm_runtime_get_exception() gave.
void wasm_runtime_set_exception(wasm_module_inst_t module_inst,
                                const char *exception);

// Forgets the exception.
void wasm_runtime_clear_exception(wasm_module_inst_t module_inst);

// Stops the code that the instance runs at its next call or loop, with the exception "terminated by user". May be called from another thread and from an
// interrupt handler, as nothing else here may, while the instance is live. When nothing runs, the next call that comes to a call or a loop is stopped.
void wasm_runtime_terminate(wasm_module_inst_t module_inst);

// Any pointer of the application's, kept with the instance.
void wasm_runtime_set_custom_data(wasm_module_inst_t module_inst, void *custom_data);

// What wasm_runtime_set_custom_data() set; NULL before.
void *wasm_runtime_get_custom_data(wasm_module_inst_t module_inst);

// Makes an operand stack of `stack_size` bytes, 0 for the default, on which functions of the instance can be called, by the thread that uses the
// instance. NULL when there is no memory.
wasm_exec_env_t wasm_runtime_create_exec_env(wasm_module_inst_t module_inst,
                                             uint32_t stack_size);

// Frees an execution environment, on which nothing runs. NULL is ignored.
void wasm_runtime_destroy_exec_env(wasm_exec_env_t exec_env);

// The environment of the instance's own, made when it is first asked for with the stack size that was given to
// wasm_runtime_instantiate(). NULL when there is no memory.
wasm_exec_env_t wasm_runtime_get_exec_env_singleton(wasm_module_inst_t module_inst);

// The instance of an environment.
wasm_module_inst_t wasm_runtime_get_module_inst(wasm_exec_env_t exec_env);

// Any pointer of the application's, kept with the environment.
void wasm_runtime_set_user_data(wasm_exec_env_t exec_env, void *user_data);

// What wasm_runtime_set_user_data() set; NULL before.
void *wasm_runtime_get_user_data(wasm_exec_env_t exec_env);

// The `attachment` of the native function that runs on the environment; NULL when none does.
void *wasm_runtime_get_function_attachment(wasm_exec_env_t exec_env);

// Calls a function. `argv` holds the arguments in cells of 32 bits, two for i64 and f64, and receives the results, so it has to be large
// enough for either: a module decides how many results its functions have, so of one that is not trusted ask wasm_func_get_result_count() and
// wasm_func_get_result_types(), or use wasm_runtime_call_wasm_a(). False when the call has failed: then wasm_runtime_get_exception() says why.
bool wasm_runtime_call_wasm(wasm_exec_env_t exec_env,
                            wasm_function_inst_t function,
                            uint32_t argc,
                            uint32_t *argv);

// Calls a function with typed values. False when the call has failed, or when the kind of an argument, the number of `args` or the
// number of `results` is not the function's: wasm_runtime_get_exception() says why.
bool wasm_runtime_call_wasm_a(wasm_exec_env_t exec_env,
                              wasm_function_inst_t function,
                              uint32_t num_results,
                              struct wasm_val_t *results,
                              uint32_t num_args,
                              struct wasm_val_t *args);

// The number of a function's parameters.
uint32_t wasm_func_get_param_count(wasm_function_inst_t func_inst, wasm_module_inst_t module_inst);

// The number of a function's results.
uint32_t wasm_func_get_result_count(wasm_function_inst_t func_inst, wasm_module_inst_t module_inst);

// The kinds of a function's parameters.
void wasm_func_get_param_types(wasm_function_inst_t func_inst,
                               wasm_module_inst_t module_inst,
                               wasm_valkind_t *param_types);

// The kinds of a function's results.
void wasm_func_get_result_types(wasm_function_inst_t func_inst,
                                wasm_module_inst_t module_inst,
                                wasm_valkind_t *result_types);

// Whether `size` bytes at `app_offset` lie within the linear memory; if not, the exception is set.
bool wasm_runtime_validate_app_addr(wasm_module_inst_t module_inst, uint64_t app_offset, uint64_t size);

// Whether there is a string at `app_str_offset` that ends with NUL within the linear memory; if not, the exception is set.
bool wasm_runtime_validate_app_str_addr(wasm_module_inst_t module_inst,
                                        uint64_t app_str_offset);

// Whether `size` bytes at `native_ptr` lie within the linear memory; if not, the exception is set.
bool wasm_runtime_validate_native_addr(wasm_module_inst_t module_inst, void *native_ptr, uint64_t size);

// The pointer to an address; NULL when it lies outside of the linear memory. Valid until the memory grows.
void *wasm_runtime_addr_app_to_native(wasm_module_inst_t module_inst, uint64_t app_offset);

// The address of a pointer; 0 when it does not point into the linear memory.
uint64_t wasm_runtime_addr_native_to_app(wasm_module_inst_t module_inst, void *native_ptr);

// The addresses that go with `app_offset`: those of the linear memory. False when it lies outside. Either place may be NULL.
bool wasm_runtime_get_app_addr_range(wasm_module_inst_t module_inst,
                                     uint64_t app_offset,
                                     uint64_t *p_app_start_offset,
                                     uint64_t *p_app_end_offset);

// The pointers that go with `native_ptr`: those into the linear memory. False when it points elsewhere. Either place may be NULL.
bool wasm_runtime_get_native_addr_range(wasm_module_inst_t module_inst,
                                        uint8_t *native_ptr,
                                        uint8_t **p_native_start_addr,
                                        uint8_t **p_native_end_addr);

// Allocates `size` bytes in linear memory: with the malloc that the module exports, else in the heap that was appended at instantiation. Gives the
// address and, in `p_native_addr` if that is not NULL, the pointer; 0 when there is no room. The module's malloc may grow the memory, which moves it.
uint64_t wasm_runtime_module_malloc(wasm_module_inst_t module_inst,
                                    uint64_t size,
                                    void **p_native_addr);

// Frees what wasm_runtime_module_malloc() gave. 0 is ignored.
void wasm_runtime_module_free(wasm_module_inst_t module_inst, uint64_t ptr);

// Copies `size` bytes into linear memory that is allocated for them. Gives the address; 0 when there is no room.
uint64_t wasm_runtime_module_dup_data(wasm_module_inst_t module_inst,
                                      const char *src,
                                      uint64_t size);

// Runs the program's main function (`main`, `__main_argc_argv` or `_main`), with copies of the arguments if it takes them. What it returns goes to
// `*(int *)argv` when there are arguments. False when the call has failed: then wasm_runtime_get_exception() says why.
bool wasm_application_execute_main(wasm_module_inst_t module_inst,
                                   int32_t argc,
                                   char **argv);

// Calls an exported function with arguments in text, and prints its results to the console. False when that has
// failed: then wasm_runtime_get_exception() says why.
bool wasm_application_execute_func(wasm_module_inst_t module_inst,
                                   const char *name,
                                   int32_t argc,
                                   char **argv);

// Bounds what the environment's instance may execute from now on; a call that needs more has the exception "instruction limit exceeded". Counted are calls and
// turns of loops, not instructions as in WAMR. Negative for no bound.
void wasm_runtime_set_instruction_count_limit(wasm_exec_env_t exec_env,
                                              int instruction_count);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WASM_EXPORT_H */
