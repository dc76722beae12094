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

#include <stdarg.h>
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

/* For raw native functions. */
#define native_raw_return_type(type, args) type *raw_ret = (type *)(args)
#define native_raw_get_arg(type, name, args) type name = *((type *)(args++))
#define native_raw_set_return(val) *raw_ret = (val)

/* WAMR's name for what a wasm_function_inst_t points at. */
typedef void WASMFunctionInstanceCommon;


// Allows `*` without `~` in the signatures of a table. Only one byte at the pointer is checked
// then, as in WAMR. The log says so once for a table that makes use of it.
// CONFIG_ZONDA_NATIVES_BARE_POINTERS sets this flag for all tables.
#define ZONDA_NATIVES_BARE_POINTERS 1

// Source of the runtime's memory.
typedef enum mem_alloc_type_t {
    // A buffer of the application.
    Alloc_With_Pool = 0,
    // Functions of the application.
    Alloc_With_Allocator = 1,
    // The system: zonda_platform_alloc().
    Alloc_With_System_Allocator = 2,
    // Makes the type 32 bits wide.
    Alloc_With_32_Bits = 2147483647,
} mem_alloc_type_t;

// Execution mode. 0 is the same as Mode_Interp.
typedef enum RunningMode {
    // The interpreter that is the firmware's default: fast mode if it is built in and not
    // configured otherwise.
    Mode_Interp = 1,
    Mode_Fast_JIT = 2,
    Mode_LLVM_JIT = 3,
    Mode_Multi_Tier_JIT = 4,
    // Classic mode: executes the module in place, with the least RAM. Not in WAMR.
    Mode_Zonda_Classic = 256,
    // Fast mode: executes register bytecode, which takes RAM and is several times faster. Not in
    // WAMR.
    Mode_Zonda_Fast = 257,
    // Makes the type 32 bits wide.
    Mode_32_Bits = 2147483647,
} RunningMode;

// Importance of a message.
typedef enum log_level_t {
    WASM_LOG_LEVEL_FATAL = 0,
    WASM_LOG_LEVEL_ERROR = 1,
    WASM_LOG_LEVEL_WARNING = 2,
    WASM_LOG_LEVEL_DEBUG = 3,
    WASM_LOG_LEVEL_VERBOSE = 4,
    // Makes the type 32 bits wide.
    WASM_LOG_LEVEL_32_BITS = 2147483647,
} log_level_t;

// What is imported or exported.
typedef enum wasm_import_export_kind_t {
    WASM_IMPORT_EXPORT_KIND_FUNC = 0,
    WASM_IMPORT_EXPORT_KIND_TABLE = 1,
    WASM_IMPORT_EXPORT_KIND_MEMORY = 2,
    WASM_IMPORT_EXPORT_KIND_GLOBAL = 3,
    // Makes the type 32 bits wide.
    WASM_IMPORT_EXPORT_KIND_32_BITS = 2147483647,
} wasm_import_export_kind_t;

// Format of a module.
typedef enum package_type_t {
    Wasm_Module_Bytecode = 0,
    // A precompiled module of Zonda.
    Wasm_Module_AoT = 1,
    Package_Type_Unknown = 65535,
    // Makes the type 32 bits wide.
    Package_Type_32_Bits = 2147483647,
} package_type_t;

// Values of a wasm_valkind_t.
typedef enum wasm_valkind_enum {
    WASM_I32 = 0,
    WASM_I64 = 1,
    WASM_F32 = 2,
    WASM_F64 = 3,
    WASM_V128 = 4,
    WASM_EXTERNREF = 128,
    WASM_FUNCREF = 129,
} wasm_valkind_enum;

// Arguments of wasm_runtime_instantiate_ex2(), opaque for the application.
typedef struct InstantiationArgs2 InstantiationArgs2;

typedef struct WASMExecEnv WASMExecEnv;

// Opaque for the application.
typedef struct WASMFuncType WASMFuncType;

// Opaque for the application.
typedef struct WASMGlobalType WASMGlobalType;

// Opaque for the application.
typedef struct WASMMemory WASMMemory;

// A memory, opaque for the application.
typedef struct WASMMemoryInstance WASMMemoryInstance;

typedef struct WASMModuleCommon WASMModuleCommon;

typedef struct WASMModuleInstanceCommon WASMModuleInstanceCommon;

// Opaque for the application.
typedef struct WASMTableType WASMTableType;

// A reference of wasm_c_api.h.
typedef struct wasm_ref_t wasm_ref_t;

// The buffer for Alloc_With_Pool.
typedef struct MemAllocPool {
    // Used by the runtime alone from wasm_runtime_full_init() to wasm_runtime_destroy().
    void *heap_buf;
    // Its size in bytes.
    uint32_t heap_size;
} MemAllocPool;

// The functions for Alloc_With_Allocator, with the types of C's malloc, realloc and free.
typedef struct MemAllocFunctions {
    void *malloc_func;
    // May be NULL; then blocks are copied.
    void *realloc_func;
    void *free_func;
    // Not used.
    void *user_data;
} MemAllocFunctions;

// The details of a mem_alloc_type_t.
typedef union MemAllocOption {
    struct MemAllocPool pool;
    struct MemAllocFunctions allocator;
} MemAllocOption;

// A function that modules can import.
//
// The signature is "(parameters)result" with a letter for each: `i` i32, `I` i64, `f` f32, `F`
// f64, `r` externref, `*` a pointer into linear memory, `~` the number of bytes at the pointer
// before it, `$` a pointer to a NUL-terminated string. Pointers are checked and converted before
// the function is called; a pointer or length outside of the memory traps.
//
// A NULL or empty signature is "()": no parameters and no result. An import of another type is not
// linked to the function: the log names it when the module is instantiated, and a call of it
// traps. (WAMR accepts any type then, so that a module can read registers of the native code.)
typedef struct NativeSymbol {
    // Name that modules import.
    const char *symbol;
    // The function. Its first parameter is the wasm_exec_env_t of the call.
    void *func_ptr;
    // Its signature, or NULL.
    const char *signature;
    // What wasm_runtime_get_function_attachment() returns while the function runs.
    void *attachment;
} NativeSymbol;

// Arguments of wasm_runtime_full_init(). Zero is a good value for everything but the memory.
typedef struct RuntimeInitArgs {
    enum mem_alloc_type_t mem_alloc_type;
    union MemAllocOption mem_alloc_option;
    // A first table of native functions, as for wasm_runtime_register_natives(); may be NULL.
    const char *native_module_name;
    struct NativeSymbol *native_symbols;
    uint32_t n_native_symbols;
    // Of the members below only running_mode is used; the others exist for applications that set
    // them.
    uint32_t max_thread_num;
    char ip_addr[128];
    int unused;
    int instance_port;
    uint32_t fast_jit_code_cache_size;
    uint32_t gc_heap_size;
    // As for wasm_runtime_set_default_running_mode().
    enum RunningMode running_mode;
    uint32_t llvm_jit_opt_level;
    uint32_t llvm_jit_size_level;
    uint32_t segue_flags;
    bool enable_linux_perf;
} RuntimeInitArgs;

// Size and use of the pool in bytes.
typedef struct mem_alloc_info_t {
    uint32_t total_size;
    uint32_t total_free_size;
    // Maximum use so far.
    uint32_t highmark_size;
} mem_alloc_info_t;

// A loaded module.
typedef struct WASMModuleCommon *wasm_module_t;

// Options of wasm_runtime_load_ex().
typedef struct LoadArgs {
    // Not used.
    char *name;
    // Not used.
    bool clone_wasm_binary;
    // Copies the module, so that the application can free its bytes after loading.
    bool wasm_binary_freeable;
    // Not used: imports are resolved when the module is instantiated.
    bool no_resolve;
} LoadArgs;

// A section of a module, for wasm_runtime_load_from_sections().
typedef struct wasm_section_t {
    // The next one; NULL behind the last.
    struct wasm_section_t *next;
    // Its number: 0 for a custom section.
    int section_type;
    // Its content, without the number and the size.
    uint8_t *section_body;
    // Bytes of the content.
    uint32_t section_body_size;
} wasm_section_t;

typedef struct wasm_section_t *wasm_section_list_t;

// An instance of a module.
typedef struct WASMModuleInstanceCommon *wasm_module_inst_t;

// Options of wasm_runtime_instantiate_ex().
typedef struct InstantiationArgs {
    // Size in bytes of the operand stack of calls without an execution environment of the
    // application; 0 for the default.
    uint32_t default_stack_size;
    // Bytes that are appended to linear memory for wasm_runtime_module_malloc(), unless the
    // module exports malloc and free.
    uint32_t host_managed_heap_size;
    // Maximum size of the linear memory in pages; 0 for the firmware's limit.
    uint32_t max_memory_pages;
} InstantiationArgs;

// A function of an instance. Valid as long as the instance, and never freed.
typedef void *wasm_function_inst_t;

// An execution environment: an operand stack for one call at a time and the calls nested in it.
typedef struct WASMExecEnv *wasm_exec_env_t;

// The kind of a wasm_val_t: a wasm_valkind_enum.
typedef uint8_t wasm_valkind_t;

// The value of a wasm_val_t.
typedef union wasm_val_of_t {
    // An i32; of a funcref, the index of the function, -1 for null.
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    // An externref: an object of the application, by its address or a number; 0 for null.
    size_t foreign;
    // Not used.
    struct wasm_ref_t *ref;
} wasm_val_of_t;

// A value and its kind.
typedef struct wasm_val_t {
    wasm_valkind_t kind;
    uint8_t _paddings[7];
    union wasm_val_of_t of;
} wasm_val_t;

// A memory of an instance, valid as long as the instance.
typedef struct WASMMemoryInstance *wasm_memory_inst_t;

// A global of an instance.
typedef struct wasm_global_inst_t {
    wasm_valkind_t kind;
    bool is_mutable;
    // Its value: 4 bytes, or 8 that are aligned to 4. A funcref is the index of the function plus
    // 1, an externref the number that the module has; 0 is null. Only a mutable global may be
    // written, with a value of its type.
    void *global_data;
} wasm_global_inst_t;

// A table of an instance.
typedef struct wasm_table_inst_t {
    wasm_valkind_t elem_kind;
    // Elements that it has.
    uint32_t cur_size;
    // Elements that it can grow to.
    uint32_t max_size;
    // For wasm_table_get_func_inst(). Until the table grows.
    void *elems;
} wasm_table_inst_t;

// The type of a function.
typedef struct WASMFuncType *wasm_func_type_t;

// The type of a table.
typedef struct WASMTableType *wasm_table_type_t;

// The type of a global.
typedef struct WASMGlobalType *wasm_global_type_t;

// The type of a memory.
typedef struct WASMMemory *wasm_memory_type_t;

// The type of an import or export; which member it is says the kind.
typedef union wasm_extern_type_t {
    wasm_func_type_t func_type;
    wasm_table_type_t table_type;
    wasm_global_type_t global_type;
    wasm_memory_type_t memory_type;
} wasm_extern_type_t;

// An import. Names and type are valid until the module is unloaded.
typedef struct wasm_import_t {
    const char *module_name;
    const char *name;
    enum wasm_import_export_kind_t kind;
    // Whether a native function is registered for it now.
    bool linked;
    union wasm_extern_type_t u;
} wasm_import_t;

// An export. Name and type are valid until the module is unloaded.
typedef struct wasm_export_t {
    const char *name;
    enum wasm_import_export_kind_t kind;
    union wasm_extern_type_t u;
} wasm_export_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Initializes the runtime with memory from the system. Returns true. No other thread may use the
// runtime during the call.
bool wasm_runtime_init(void);

// Initializes the runtime: where its memory comes from, the default running mode, and a first
// table of native functions. Returns false if the memory is too small, the mode is not supported,
// or the table is refused. No other thread may use the runtime during the call.
bool wasm_runtime_full_init(struct RuntimeInitArgs *init_args);

// Ends the use of the runtime. All modules must be unloaded and all instances freed before.
// Unregisters all native functions and resets the memory and the default running mode. No other
// thread may use the runtime during the call.
void wasm_runtime_destroy(void);

// Sets the lowest importance of messages that are logged. The initial level is
// WASM_LOG_LEVEL_WARNING.
void wasm_runtime_set_log_level(enum log_level_t level);

// Stores the version of the runtime.
void wasm_runtime_get_version(uint32_t *major, uint32_t *minor, uint32_t *patch);

// Returns whether this running mode is built in.
bool wasm_runtime_is_running_mode_supported(enum RunningMode running_mode);

// Sets the running mode of modules and instances that are loaded and instantiated from now on. A
// module gets code for the mode that is the default when it is loaded; an instance in another mode
// gets code of its own, which takes memory. Returns false if the mode is not supported.
bool wasm_runtime_set_default_running_mode(enum RunningMode running_mode);

// For compatibility: threads need no preparation. Returns true.
bool wasm_runtime_init_thread_env(void);

// For compatibility: does nothing.
void wasm_runtime_destroy_thread_env(void);

// For compatibility: returns true.
bool wasm_runtime_thread_env_inited(void);

// Allocates `size` bytes from the runtime's heap, aligned to 8 bytes. Returns NULL if there is no
// memory. Any thread may call this, and may free a block of another thread.
void *wasm_runtime_malloc(unsigned int size);

// The same at a multiple of `alignment`, a power of two. Returns NULL also for any other
// `alignment`, and for a `size` that is 0 or no multiple of it. wasm_runtime_realloc() does not
// keep the alignment.
void *wasm_runtime_aligned_alloc(unsigned int size, unsigned int alignment);

// Changes the size of a block of wasm_runtime_malloc() to `size` bytes and returns its new
// address. With a NULL `ptr` it allocates. Returns NULL if there is no memory; then the block is
// unchanged.
void *wasm_runtime_realloc(void *ptr, unsigned int size);

// Frees a block of wasm_runtime_malloc() or wasm_runtime_aligned_alloc(). NULL is ignored, and
// with a pool any address outside of it.
void wasm_runtime_free(void *ptr);

// Stores the size and the use, in bytes, of the pool, or of the platform's heap if the memory
// comes from there. Returns false if neither is known.
bool wasm_runtime_get_mem_alloc_info(struct mem_alloc_info_t *mem_alloc_info);

// Registers native functions under a module name for modules that are instantiated from now on.
// The table and its strings are used in place and never written, so they may be constant; they
// must stay until they are unregistered. An entry is refused if its signature is malformed or has
// a pointer `*` without its length `~` (see ZONDA_NATIVES_BARE_POINTERS), or if the symbol is
// registered already: the log names the symbol and the reason, and modules cannot import it.
// Returns false if all entries are refused. Other threads may use the runtime during the call, but
// not register the same names.
bool wasm_runtime_register_natives(const char *module_name,
                                   struct NativeSymbol *native_symbols,
                                   uint32_t n_native_symbols);

// The same for a constant table, with flags: 0, or ZONDA_NATIVES_BARE_POINTERS for a table that
// was written for WAMR.
bool zonda_register_natives_with(const char *module_name,
                                 const struct NativeSymbol *native_symbols,
                                 uint32_t n_native_symbols,
                                 uint32_t flags);

// Registers native functions that read their arguments from an array, with the type
// `void (*)(wasm_exec_env_t, uint64_t *args)`: each argument takes 8 bytes, and the result is
// written over the first. Pointers are checked and converted as the signature says. A function has
// at most 16 parameters.
bool wasm_runtime_register_natives_raw(const char *module_name,
                                       struct NativeSymbol *native_symbols,
                                       uint32_t n_native_symbols);

// Unregisters a table. No instance may exist that uses its functions. Returns false if the table
// is not registered under this module name.
bool wasm_runtime_unregister_natives(const char *module_name, struct NativeSymbol *native_symbols);

// Loads a module of `size` bytes. The bytes may be constant, for example in flash (the parameter
// is not `const` because WAMR's is not). They are not copied and never written, and must stay
// until wasm_runtime_unload(). In classic mode on a Cortex-M up to two bytes behind them are read
// (and ignored), so the module must not end where readable memory ends. Returns NULL on failure,
// with the reason in `error_buf`. Several threads may use one module at once.
wasm_module_t wasm_runtime_load(uint8_t *buf, uint32_t size, char *error_buf, uint32_t error_buf_size);

// The same with options, for example to copy the bytes.
wasm_module_t wasm_runtime_load_ex(uint8_t *buf,
                                   uint32_t size,
                                   const struct LoadArgs *args,
                                   char *error_buf,
                                   uint32_t error_buf_size);

// Loads a module from its sections, in the order of the list, which are copied. Sections of WAMR's
// AOT files are refused, and any where modules have to be signed.
wasm_module_t wasm_runtime_load_from_sections(wasm_section_list_t section_list,
                                              bool is_aot,
                                              char *error_buf,
                                              uint32_t error_buf_size);

// Frees a module that has no instance. NULL is ignored.
void wasm_runtime_unload(wasm_module_t module);

// Sets the running mode of an instance from its next call on. If the module was loaded for another
// mode, code for this one is made now, which takes as long as loading. Returns false, without any
// change, if the mode is not supported, there is no memory, or a function of the instance is
// running.
bool wasm_runtime_set_running_mode(wasm_module_inst_t module_inst, enum RunningMode running_mode);

// Returns the running mode of an instance: Mode_Interp, unless the application has chosen one of
// the interpreters.
enum RunningMode wasm_runtime_get_running_mode(wasm_module_inst_t module_inst);

// Instantiates a module: links its imports to registered functions, copies its segments and runs
// its start function. `default_stack_size` is the size in bytes of the operand stack of calls
// without an execution environment of the application, 0 for the firmware's default.
// `host_managed_heap_size` bytes are appended to linear memory for wasm_runtime_module_malloc(),
// unless the module exports malloc and free. Returns NULL on failure, with the reason in
// `error_buf`. An instance and its execution environments are used by one thread at a time; only
// wasm_runtime_terminate() may be called by others.
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

// Frees an instance, except for execution environments that the application has created. NULL is
// ignored.
void wasm_runtime_deinstantiate(wasm_module_inst_t module_inst);

// Returns the module of an instance.
wasm_module_t wasm_runtime_get_module(wasm_module_inst_t module_inst);

// Returns the exported function with this name, or NULL.
wasm_function_inst_t wasm_runtime_lookup_function(wasm_module_inst_t module_inst, const char *name);

// Returns the text of the pending exception, which begins with "Exception: ", or NULL if there is
// none.
const char *wasm_runtime_get_exception(wasm_module_inst_t module_inst);

// Sets the exception. If a native function does that, the call traps when the native function
// returns. NULL clears the exception. `exception` must not be the text that
// wasm_runtime_get_exception() returned.
void wasm_runtime_set_exception(wasm_module_inst_t module_inst, const char *exception);

// Clears the exception.
void wasm_runtime_clear_exception(wasm_module_inst_t module_inst);

// Requests that the code which the instance runs stops at its next call or loop iteration, with
// the exception "terminated by user". May be called by other threads and by interrupt handlers
// while the instance exists; no other function may. If nothing runs, the next call is stopped.
void wasm_runtime_terminate(wasm_module_inst_t module_inst);

// Stores a pointer of the application with the instance.
void wasm_runtime_set_custom_data(wasm_module_inst_t module_inst, void *custom_data);

// Returns the pointer of wasm_runtime_set_custom_data(), NULL before.
void *wasm_runtime_get_custom_data(wasm_module_inst_t module_inst);

// Creates arguments with the defaults, for wasm_runtime_instantiate_ex2(). Returns false if there
// is no memory.
bool wasm_runtime_instantiation_args_create(struct InstantiationArgs2 **p);

// Frees arguments. NULL is ignored.
void wasm_runtime_instantiation_args_destroy(struct InstantiationArgs2 *p);

// Sets InstantiationArgs::default_stack_size.
void wasm_runtime_instantiation_args_set_default_stack_size(struct InstantiationArgs2 *p, uint32_t v);

// Sets InstantiationArgs::host_managed_heap_size.
void wasm_runtime_instantiation_args_set_host_managed_heap_size(struct InstantiationArgs2 *p, uint32_t v);

// Sets InstantiationArgs::max_memory_pages.
void wasm_runtime_instantiation_args_set_max_memory_pages(struct InstantiationArgs2 *p, uint32_t v);

// Sets what wasm_runtime_get_custom_data() returns, also while the start function runs.
void wasm_runtime_instantiation_args_set_custom_data(struct InstantiationArgs2 *p, void *custom_data);

// As wasm_runtime_instantiate_ex().
wasm_module_inst_t wasm_runtime_instantiate_ex2(wasm_module_t module,
                                                const struct InstantiationArgs2 *args,
                                                char *error_buf,
                                                uint32_t error_buf_size);

// Creates an execution environment with an operand stack of `stack_size` bytes, 0 for the
// firmware's default. It is used by the thread that uses the instance. Returns NULL if there is no
// memory.
wasm_exec_env_t wasm_runtime_create_exec_env(wasm_module_inst_t module_inst, uint32_t stack_size);

// Frees an execution environment that no call uses. NULL is ignored.
void wasm_runtime_destroy_exec_env(wasm_exec_env_t exec_env);

// Returns the execution environment that belongs to the instance. The first call creates it, with
// the stack size of wasm_runtime_instantiate(). Returns NULL if there is no memory.
wasm_exec_env_t wasm_runtime_get_exec_env_singleton(wasm_module_inst_t module_inst);

// Returns the instance of an execution environment.
wasm_module_inst_t wasm_runtime_get_module_inst(wasm_exec_env_t exec_env);

// Makes an execution environment that of another instance, for a native function that calls that
// one; it restores the first one before it returns. Pointers of native functions are then checked
// against the memory of the other instance.
void wasm_runtime_set_module_inst(wasm_exec_env_t exec_env, wasm_module_inst_t module_inst);

// Stores a pointer of the application with the execution environment.
void wasm_runtime_set_user_data(wasm_exec_env_t exec_env, void *user_data);

// Returns the pointer of wasm_runtime_set_user_data(), NULL before.
void *wasm_runtime_get_user_data(wasm_exec_env_t exec_env);

// Returns the `attachment` of the native function that runs in the execution environment, or NULL
// if none does.
void *wasm_runtime_get_function_attachment(wasm_exec_env_t exec_env);

// Calls a function. `argv` has `argc` arguments in cells of 32 bits, two cells for i64 and f64,
// and receives the results, so it must be large enough for either. A module decides how many
// results its functions have: for a module that is not trusted, check wasm_func_get_result_count()
// and wasm_func_get_result_types(), or use wasm_runtime_call_wasm_a(). Returns false if the call
// fails; wasm_runtime_get_exception() returns the reason. While an exception is pending, a call
// fails and changes nothing: wasm_runtime_clear_exception() clears it. An externref is a pointer
// of the application: on a 64-bit host it takes two cells.
bool wasm_runtime_call_wasm(wasm_exec_env_t exec_env,
                            wasm_function_inst_t function,
                            uint32_t argc,
                            uint32_t *argv);

// Calls a function with typed values. Returns false if the call fails, if an argument has another
// kind than the parameter, or if `num_args` or `num_results` is not the function's;
// wasm_runtime_get_exception() returns the reason.
bool wasm_runtime_call_wasm_a(wasm_exec_env_t exec_env,
                              wasm_function_inst_t function,
                              uint32_t num_results,
                              struct wasm_val_t *results,
                              uint32_t num_args,
                              struct wasm_val_t *args);

// Returns the number of parameters of a function.
uint32_t wasm_func_get_param_count(wasm_function_inst_t func_inst, wasm_module_inst_t module_inst);

// Returns the number of results of a function.
uint32_t wasm_func_get_result_count(wasm_function_inst_t func_inst, wasm_module_inst_t module_inst);

// Stores the kinds of the parameters of a function; `param_types` has room for all of them.
void wasm_func_get_param_types(wasm_function_inst_t func_inst,
                               wasm_module_inst_t module_inst,
                               wasm_valkind_t *param_types);

// Stores the kinds of the results of a function; `result_types` has room for all of them.
void wasm_func_get_result_types(wasm_function_inst_t func_inst,
                                wasm_module_inst_t module_inst,
                                wasm_valkind_t *result_types);

// Sets the lowest address of the native stack that calls on the execution environment may use. A
// call that begins below it fails with "native stack overflow". NULL, the initial value, leaves
// the check to the platform. Native code that was made ahead of time uses the stack down to there
// as well: what native functions need lies below.
void wasm_runtime_set_native_stack_boundary(wasm_exec_env_t exec_env, uint8_t *native_stack_boundary);

// Returns whether the native stack suffices for a call; if not, sets the exception "native stack
// overflow".
bool wasm_runtime_detect_native_stack_overflow(wasm_exec_env_t exec_env);

// The same for a native function that needs `required_size` bytes itself. On a device where
// wasm_runtime_set_native_stack_boundary() has set no boundary, the size is not considered.
bool wasm_runtime_detect_native_stack_overflow_size(wasm_exec_env_t exec_env, uint32_t required_size);

// Says that the calling native function is about to block. Returns false if a termination request
// is pending: then it should return instead. A request that comes while it blocks is served when
// the native function returns; nothing wakes it up.
bool wasm_runtime_begin_blocking_op(wasm_exec_env_t exec_env);

// Says that the native function has blocked.
void wasm_runtime_end_blocking_op(wasm_exec_env_t exec_env);

// Stores the reference by which a module knows an object of the application, and remembers the
// object for the instance. Returns false if there is no memory.
bool wasm_externref_obj2ref(wasm_module_inst_t module_inst, void *extern_obj, uint32_t *p_externref_idx);

// Stores the object that a reference stands for, NULL for 0. Returns false if there is none.
bool wasm_externref_ref2obj(uint32_t externref_idx, void **p_extern_obj);

// Forgets an object of an instance, after its cleanup function was called. Returns false if the
// instance was not given it.
bool wasm_externref_objdel(wasm_module_inst_t module_inst, void *extern_obj);

// Sets the function that is called with an object of an instance when it is deleted, or when the
// instance is freed. Returns false if the instance was not given the object.
bool wasm_externref_set_cleanup(wasm_module_inst_t module_inst,
                                void *extern_obj,
                                void (*extern_obj_cleanup)(void *extern_obj));

// Keeps an object when its instance is freed, until wasm_externref_objdel(). Returns false if the
// reference is none of an object that an instance was given.
bool wasm_externref_retain(uint32_t externref_idx);

// Creates a key for pointers of instances. `dtor`, unless it is NULL, is called with each pointer
// that was set under the key when its instance is freed. Returns NULL if all 8 keys are in use.
void *wasm_runtime_create_context_key(void (*dtor)(wasm_module_inst_t inst, void *ctx));

// Frees a key. Pointers that instances have under it are forgotten: nothing is called for them.
void wasm_runtime_destroy_context_key(void *key);

// Stores a pointer of the application with the instance, under a key. The first pointer under a
// key needs memory; without it, nothing is stored and the log says so.
void wasm_runtime_set_context(wasm_module_inst_t inst, void *key, void *ctx);

// The same. Environments that are spawned later have it as well.
void wasm_runtime_set_context_spread(wasm_module_inst_t inst, void *key, void *ctx);

// Returns the pointer that the instance has under a key, or NULL.
void *wasm_runtime_get_context(wasm_module_inst_t inst, void *key);

// Returns the exported memory with this name, or NULL.
wasm_memory_inst_t wasm_runtime_lookup_memory(wasm_module_inst_t module_inst, const char *name);

// Returns the memory with this index, or NULL.
wasm_memory_inst_t wasm_runtime_get_memory(wasm_module_inst_t module_inst, uint32_t index);

// Returns the first memory, or NULL.
wasm_memory_inst_t wasm_runtime_get_default_memory(wasm_module_inst_t module_inst);

// Returns the size of a memory in pages. The heap of the instance counts as the pages that it
// begins.
uint64_t wasm_memory_get_cur_page_count(wasm_memory_inst_t memory_inst);

// Returns the number of pages that a memory may grow to.
uint64_t wasm_memory_get_max_page_count(wasm_memory_inst_t memory_inst);

// Returns the size of a page: 65536, or 1 with custom page sizes.
uint64_t wasm_memory_get_bytes_per_page(wasm_memory_inst_t memory_inst);

// Returns whether a memory is declared to be shared.
bool wasm_memory_get_shared(wasm_memory_inst_t memory_inst);

// Returns the address of the first byte of a memory. Until it grows.
void *wasm_memory_get_base_address(wasm_memory_inst_t memory_inst);

// Grows a memory by `inc_page_count` pages, which moves it. Returns false if there is no memory,
// or if it would be larger than it may be.
bool wasm_memory_enlarge(wasm_memory_inst_t memory_inst, uint64_t inc_page_count);

// The same for the first memory of an instance; false if there is none.
bool wasm_runtime_enlarge_memory(wasm_module_inst_t module_inst, uint64_t inc_page_count);

// Describes the exported global with this name. Returns false if there is none.
bool wasm_runtime_get_export_global_inst(wasm_module_inst_t module_inst,
                                         const char *name,
                                         struct wasm_global_inst_t *global_inst);

// Describes the exported table with this name. Returns false if there is none.
bool wasm_runtime_get_export_table_inst(wasm_module_inst_t module_inst,
                                        const char *name,
                                        struct wasm_table_inst_t *table_inst);

// Returns the function at an index of a table, or NULL if the element is null, no function of this
// instance, or outside.
wasm_function_inst_t wasm_table_get_func_inst(wasm_module_inst_t module_inst,
                                              const struct wasm_table_inst_t *table_inst,
                                              uint32_t idx);

// Calls the function at an index of the first table, as wasm_runtime_call_wasm() does.
bool wasm_runtime_call_indirect(wasm_exec_env_t exec_env,
                                uint32_t element_index,
                                uint32_t argc,
                                uint32_t *argv);

// Returns the number of imports, -1 for a NULL module.
int32_t wasm_runtime_get_import_count(wasm_module_t module);

// Describes an import, by its index. What there is not, or has no memory, is zero.
void wasm_runtime_get_import_type(wasm_module_t module,
                                  int32_t import_index,
                                  struct wasm_import_t *import_type);

// Returns the number of exports, -1 for a NULL module.
int32_t wasm_runtime_get_export_count(wasm_module_t module);

// Describes an export, by its index. What there is not, or has no memory, is zero.
void wasm_runtime_get_export_type(wasm_module_t module,
                                  int32_t export_index,
                                  struct wasm_export_t *export_type);

// Returns the number of parameters of a function's type.
uint32_t wasm_func_type_get_param_count(wasm_func_type_t func_type);

// Returns the kind of a parameter; WASM_I32 if there is none with this index.
wasm_valkind_t wasm_func_type_get_param_valkind(wasm_func_type_t func_type, uint32_t param_index);

// Returns the number of results of a function's type.
uint32_t wasm_func_type_get_result_count(wasm_func_type_t func_type);

// Returns the kind of a result; WASM_I32 if there is none with this index.
wasm_valkind_t wasm_func_type_get_result_valkind(wasm_func_type_t func_type, uint32_t result_index);

// Returns the kind of a global.
wasm_valkind_t wasm_global_type_get_valkind(wasm_global_type_t global_type);

// Returns whether a global is mutable.
bool wasm_global_type_get_mutable(wasm_global_type_t global_type);

// Returns whether a memory is declared to be shared.
bool wasm_memory_type_get_shared(wasm_memory_type_t memory_type);

// Returns the pages that a memory begins with.
uint32_t wasm_memory_type_get_init_page_count(wasm_memory_type_t memory_type);

// Returns the pages that a memory may grow to.
uint32_t wasm_memory_type_get_max_page_count(wasm_memory_type_t memory_type);

// Returns the kind of a table's elements.
wasm_valkind_t wasm_table_type_get_elem_kind(wasm_table_type_t table_type);

// Returns false: tables of threads do not exist.
bool wasm_table_type_get_shared(wasm_table_type_t table_type);

// Returns the elements that a table begins with.
uint32_t wasm_table_type_get_init_size(wasm_table_type_t table_type);

// Returns the elements that a table may grow to.
uint32_t wasm_table_type_get_max_size(wasm_table_type_t table_type);

// Returns the format of a file: Wasm_Module_Bytecode, Wasm_Module_AoT for a precompiled module of
// Zonda, or Package_Type_Unknown.
enum package_type_t get_package_type(const uint8_t *buf, uint32_t size);

// The same.
enum package_type_t wasm_runtime_get_file_package_type(const uint8_t *buf, uint32_t size);

// Returns the format of a module.
enum package_type_t wasm_runtime_get_module_package_type(wasm_module_t module);

// Returns the version of a file's format, 0 if the format is unknown.
uint32_t wasm_runtime_get_file_package_version(const uint8_t *buf, uint32_t size);

// Returns the version of a module's format.
uint32_t wasm_runtime_get_module_package_version(wasm_module_t module);

// Returns the version of a format that this runtime loads, 0 if it does not load the format.
uint32_t wasm_runtime_get_current_package_version(enum package_type_t package_type);

// Returns whether a file is executed in place: a precompiled module is.
bool wasm_runtime_is_xip_file(const uint8_t *buf, uint32_t size);

// Returns whether native functions are registered for all functions that a module imports. Imports
// are resolved when the module is instantiated.
bool wasm_runtime_resolve_symbols(wasm_module_t module);

// Returns whether a native function is registered under these names.
bool wasm_runtime_is_import_func_linked(const char *module_name, const char *func_name);

// Returns false: there are no globals that modules can import without another module.
bool wasm_runtime_is_import_global_linked(const char *module_name, const char *global_name);

// Names a module. The name is copied. Returns false if there is no memory, with the reason in
// `error_buf`.
bool wasm_runtime_set_module_name(wasm_module_t module,
                                  const char *name,
                                  char *error_buf,
                                  uint32_t error_buf_size);

// Returns the name of wasm_runtime_set_module_name(), "" before. Valid until the module is named
// anew or unloaded.
const char *wasm_runtime_get_module_name(wasm_module_t module);

// Returns whether the bytes that a module was loaded from can be freed: it has a copy.
bool wasm_runtime_is_underlying_binary_freeable(wasm_module_t module);

// Returns the bytes of the first custom section with this name, which lie in the module, and
// stores their number; NULL if there is none.
const uint8_t *wasm_runtime_get_custom_section(wasm_module_t module, const char *name, uint32_t *len);

// Returns whether the module of an instance imports functions of WASI.
bool wasm_runtime_is_wasi_mode(wasm_module_inst_t module_inst);

// Returns the function `_start`, or NULL.
wasm_function_inst_t wasm_runtime_lookup_wasi_start_function(wasm_module_inst_t module_inst);

// For compatibility: does nothing. Accesses are always checked.
void wasm_runtime_set_bounds_checks(wasm_module_inst_t module_inst, bool enable);

// Returns true.
bool wasm_runtime_is_bounds_checks_enabled(wasm_module_inst_t module_inst);

// For compatibility: does nothing. Threads of a module do not exist.
void wasm_runtime_set_max_thread_num(uint32_t num);

// Stores NULL and returns 0: there is no table of native functions that every module gets.
uint32_t get_base_lib_export_apis(struct NativeSymbol **p_base_lib_apis);

// Returns whether `size` bytes at `app_offset` are within the linear memory. If not, sets the
// exception.
bool wasm_runtime_validate_app_addr(wasm_module_inst_t module_inst, uint64_t app_offset, uint64_t size);

// Returns whether a NUL-terminated string at `app_str_offset` is within the linear memory. If not,
// sets the exception.
bool wasm_runtime_validate_app_str_addr(wasm_module_inst_t module_inst, uint64_t app_str_offset);

// Returns whether `size` bytes at `native_ptr` are within the linear memory. If not, sets the
// exception.
bool wasm_runtime_validate_native_addr(wasm_module_inst_t module_inst, void *native_ptr, uint64_t size);

// Returns the pointer for an address in linear memory, or NULL if the address is outside. The
// pointer is valid until the memory grows.
void *wasm_runtime_addr_app_to_native(wasm_module_inst_t module_inst, uint64_t app_offset);

// Returns the address for a pointer into linear memory, or 0 if the pointer is outside.
uint64_t wasm_runtime_addr_native_to_app(wasm_module_inst_t module_inst, void *native_ptr);

// Stores the first address of the linear memory and the one behind its last. Returns false if
// `app_offset` is outside. Either pointer may be NULL.
bool wasm_runtime_get_app_addr_range(wasm_module_inst_t module_inst,
                                     uint64_t app_offset,
                                     uint64_t *p_app_start_offset,
                                     uint64_t *p_app_end_offset);

// Stores pointers to the first byte of the linear memory and behind its last. Returns false if
// `native_ptr` is outside. Either pointer may be NULL.
bool wasm_runtime_get_native_addr_range(wasm_module_inst_t module_inst,
                                        uint8_t *native_ptr,
                                        uint8_t **p_native_start_addr,
                                        uint8_t **p_native_end_addr);

// Allocates `size` bytes in linear memory, with the malloc that the module exports or else in the
// heap that was appended at instantiation. Returns the address, or 0 if there is no memory. Stores
// the pointer in `p_native_addr` unless that is NULL. The module's malloc may grow the memory,
// which invalidates earlier pointers.
uint64_t wasm_runtime_module_malloc(wasm_module_inst_t module_inst, uint64_t size, void **p_native_addr);

// Frees a block of wasm_runtime_module_malloc(). 0 is ignored.
void wasm_runtime_module_free(wasm_module_inst_t module_inst, uint64_t ptr);

// Copies `size` bytes into newly allocated linear memory. Returns the address, or 0 if there is no
// memory.
uint64_t wasm_runtime_module_dup_data(wasm_module_inst_t module_inst, const char *src, uint64_t size);

// Calls the main function of a program: `_start` if it is there, else `main`, `__main_argc_argv`
// or `_main` with copies of the arguments in linear memory if it has parameters. Stores its result
// in `*(int *)argv` if there are arguments. Returns false if the call fails;
// wasm_runtime_get_exception() returns the reason.
bool wasm_application_execute_main(wasm_module_inst_t module_inst, int32_t argc, char **argv);

// Calls an exported function with `argc` arguments as text, and prints its results to the console.
// Returns false if that fails; wasm_runtime_get_exception() returns the reason.
bool wasm_application_execute_func(wasm_module_inst_t module_inst,
                                   const char *name,
                                   int32_t argc,
                                   char **argv);

// Sets the fuel of the instance: the number of calls and loop iterations (not instructions, as in
// WAMR) that it may execute from now on. A call that needs more fails with the exception
// "instruction limit exceeded". A negative number removes the limit.
void wasm_runtime_set_instruction_count_limit(wasm_exec_env_t exec_env, int instruction_count);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WASM_EXPORT_H */

#ifndef ZONDA_CALL_WASM_V
#define ZONDA_CALL_WASM_V

#ifdef __cplusplus
extern "C" {
#endif

/* Calls a function as wasm_runtime_call_wasm_a() does, with arguments of the C types int32_t, int64_t, float or double, and
 * uintptr_t for an externref. Needs memory for the arguments. */
static inline bool wasm_runtime_call_wasm_v(wasm_exec_env_t exec_env, wasm_function_inst_t function, uint32_t num_results,
                                            wasm_val_t *results, uint32_t num_args, ...)
{
    wasm_module_inst_t instance = wasm_runtime_get_module_inst(exec_env);
    uint32_t count = wasm_func_get_param_count(function, instance);
    wasm_valkind_t *kinds = (wasm_valkind_t *)wasm_runtime_malloc(count + 1);
    wasm_val_t *args = (wasm_val_t *)wasm_runtime_malloc((count + 1) * (uint32_t)sizeof(wasm_val_t));
    bool done = false;

    if (kinds == NULL || args == NULL) {
        wasm_runtime_set_exception(instance, "allocate memory failed");
    } else if (count != num_args) {
        wasm_runtime_set_exception(instance, "invalid argument count");
    } else {
        va_list list;

        wasm_func_get_param_types(function, instance, kinds);
        va_start(list, num_args);
        for (uint32_t i = 0; i < count; i++) {
            args[i].kind = kinds[i];
            args[i].of.i64 = 0;
            switch (kinds[i]) {
            case WASM_I64:
                args[i].of.i64 = va_arg(list, int64_t);
                break;
            case WASM_F32:
                args[i].of.f32 = (float)va_arg(list, double);
                break;
            case WASM_F64:
                args[i].of.f64 = va_arg(list, double);
                break;
            case WASM_EXTERNREF:
                args[i].of.foreign = va_arg(list, uintptr_t);
                break;
            default:
                args[i].of.i32 = va_arg(list, int32_t);
                break;
            }
        }
        va_end(list);
        done = wasm_runtime_call_wasm_a(exec_env, function, num_results, results, num_args, args);
    }
    wasm_runtime_free(args);
    wasm_runtime_free(kinds);
    return done;
}

#ifdef __cplusplus
}
#endif

#endif

/* Functions for programs with WASI. */
#include "wasm_export_wasi.h"

/* Functions of parts that are off by default. */
#include "wasm_export_options.h"
