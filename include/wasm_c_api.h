/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The standard C API of WebAssembly ("wasm-c-api") with the additions of the WebAssembly Micro Runtime, in a library that is
 * built with CONFIG_ZONDA_STANDARD_C_API. docs/standard-c-api.md says how to use it, and docs/wamr-compat.md what each function
 * does.
 *
 * Written by hand, as most of it is made by macros, which programs use as well. tests/standard_c_api compares it with the library.
 */

#ifndef WASM_C_API_H
#define WASM_C_API_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Types that both APIs have: values, kinds, options of memory, loading and instantiation. */
#include "wasm_export.h"

#ifndef WASM_API_EXTERN
#define WASM_API_EXTERN
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef char byte_t;
typedef float float32_t;
typedef double float64_t;

/*
 * Marks what has an owner. An owned parameter passes to the callee, an owned result to the caller, who deletes it with the
 * function of its type. What is not marked is borrowed, and lasts as long as its owner.
 */
#define own

/* ---- What every type has --------------------------------------------------------------------------------------------- */

#define WASM_DECLARE_TYPE_NAME(name) typedef struct wasm_##name##_t wasm_##name##_t;

#define WASM_DECLARE_DELETE(name) WASM_API_EXTERN void wasm_##name##_delete(own wasm_##name##_t *);

#define WASM_DECLARE_OWN(name)   \
    WASM_DECLARE_TYPE_NAME(name) \
    WASM_DECLARE_DELETE(name)

/*
 * A vector. `size` is the number of elements that there is room for; functions of this API also set `num_elems` to the number of
 * those that are stored. A program that leaves it 0 fills all of them.
 */
#define WASM_DECLARE_VEC(name, ptr_or_none)                                                                          \
    typedef struct wasm_##name##_vec_t {                                                                             \
        size_t size;                                                                                                 \
        wasm_##name##_t ptr_or_none *data;                                                                           \
        size_t num_elems;                                                                                            \
        size_t size_of_elem;                                                                                         \
        void *lock;                                                                                                  \
    } wasm_##name##_vec_t;                                                                                           \
    WASM_API_EXTERN void wasm_##name##_vec_new_empty(own wasm_##name##_vec_t *out);                                  \
    WASM_API_EXTERN void wasm_##name##_vec_new_uninitialized(own wasm_##name##_vec_t *out, size_t);                  \
    WASM_API_EXTERN void wasm_##name##_vec_new(own wasm_##name##_vec_t *out, size_t,                                 \
                                               own wasm_##name##_t ptr_or_none const[]);                             \
    WASM_API_EXTERN void wasm_##name##_vec_copy(own wasm_##name##_vec_t *out, const wasm_##name##_vec_t *);          \
    WASM_API_EXTERN void wasm_##name##_vec_delete(own wasm_##name##_vec_t *);

#define WASM_DECLARE_TYPE(name)    \
    WASM_DECLARE_OWN(name)         \
    WASM_DECLARE_VEC(name, *)      \
    WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *);

/* Host information belongs to what the handle stands for. Its finalizer is called when that ends. */
#define WASM_DECLARE_REF_FUNCTIONS(name)                                                             \
    WASM_DECLARE_DELETE(name)                                                                        \
    WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *);                \
    WASM_API_EXTERN bool wasm_##name##_same(const wasm_##name##_t *, const wasm_##name##_t *);       \
    WASM_API_EXTERN void *wasm_##name##_get_host_info(const wasm_##name##_t *);                      \
    WASM_API_EXTERN void wasm_##name##_set_host_info(wasm_##name##_t *, void *);                     \
    WASM_API_EXTERN void wasm_##name##_set_host_info_with_finalizer(wasm_##name##_t *, void *,       \
                                                                    void (*)(void *));

#define WASM_DECLARE_REF_BASE(name) \
    WASM_DECLARE_TYPE_NAME(name)    \
    WASM_DECLARE_REF_FUNCTIONS(name)

/* What a conversion returns may be deleted, as with WAMR, or not, as in the standard. It lasts as long as the store. */
#define WASM_DECLARE_REF(name)                                                               \
    WASM_DECLARE_REF_BASE(name)                                                              \
    WASM_API_EXTERN wasm_ref_t *wasm_##name##_as_ref(wasm_##name##_t *);                     \
    WASM_API_EXTERN wasm_##name##_t *wasm_ref_as_##name(wasm_ref_t *);                       \
    WASM_API_EXTERN const wasm_ref_t *wasm_##name##_as_ref_const(const wasm_##name##_t *);   \
    WASM_API_EXTERN const wasm_##name##_t *wasm_ref_as_##name##_const(const wasm_ref_t *);

/* ---- Bytes and names ------------------------------------------------------------------------------------------------- */

typedef byte_t wasm_byte_t;
WASM_DECLARE_VEC(byte, )

typedef wasm_byte_vec_t wasm_name_t;

#define wasm_name wasm_byte_vec
#define wasm_name_new wasm_byte_vec_new
#define wasm_name_new_empty wasm_byte_vec_new_empty
#define wasm_name_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_new_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_copy wasm_byte_vec_copy
#define wasm_name_delete wasm_byte_vec_delete

static inline void wasm_name_new_from_string(own wasm_name_t *out, const char *s)
{
    wasm_name_new(out, strlen(s), s);
}

static inline void wasm_name_new_from_string_nt(own wasm_name_t *out, const char *s)
{
    wasm_name_new(out, strlen(s) + 1, s);
}

/* ---- Configuration, engine, store ------------------------------------------------------------------------------------ */

/* There is one configuration, which wasm_config_new() resets. */
struct wasm_config_t {
    uint32_t mem_alloc_type;
    MemAllocOption mem_alloc_option;
    /* Without effect. */
    uint32_t segue_flags;
    bool enable_linux_perf;
};

WASM_DECLARE_OWN(config)

WASM_API_EXTERN own wasm_config_t *wasm_config_new(void);
WASM_API_EXTERN own wasm_config_t *wasm_config_set_mem_alloc_opt(wasm_config_t *, mem_alloc_type_t, MemAllocOption *);
WASM_API_EXTERN own wasm_config_t *wasm_config_set_linux_perf_opt(wasm_config_t *, bool);
WASM_API_EXTERN wasm_config_t *wasm_config_set_segue_flags(wasm_config_t *, uint32_t segue_flags);

WASM_DECLARE_OWN(engine)

/*
 * There is one engine, which is counted. The first one chooses where memory comes from, if its configuration says so, and is made
 * before other threads use the runtime. Otherwise memory is what wasm_runtime_full_init() has chosen, or the system's.
 */
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new(void);
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *);
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new_with_args(mem_alloc_type_t type, const MemAllocOption *opts);

WASM_DECLARE_OWN(store)

/* A store, its objects and everything that runs in it are used by one thread at a time. Deleting it frees all that it has. */
WASM_API_EXTERN own wasm_store_t *wasm_store_new(wasm_engine_t *);

/* ---- Types ----------------------------------------------------------------------------------------------------------- */

typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum {
    WASM_CONST,
    WASM_VAR,
};

typedef struct wasm_limits_t {
    uint32_t min;
    uint32_t max;
} wasm_limits_t;

/* A maximum that is none. */
static const uint32_t wasm_limits_max_default = 0xffffffff;

WASM_DECLARE_TYPE(valtype)

WASM_API_EXTERN own wasm_valtype_t *wasm_valtype_new(wasm_valkind_t);
WASM_API_EXTERN wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *);

static inline bool wasm_valkind_is_num(wasm_valkind_t k)
{
    return k < WASM_EXTERNREF;
}

static inline bool wasm_valkind_is_ref(wasm_valkind_t k)
{
    return k >= WASM_EXTERNREF;
}

static inline bool wasm_valtype_is_num(const wasm_valtype_t *t)
{
    return wasm_valkind_is_num(wasm_valtype_kind(t));
}

static inline bool wasm_valtype_is_ref(const wasm_valtype_t *t)
{
    return wasm_valkind_is_ref(wasm_valtype_kind(t));
}

WASM_DECLARE_TYPE(functype)

WASM_API_EXTERN own wasm_functype_t *wasm_functype_new(own wasm_valtype_vec_t *params, own wasm_valtype_vec_t *results);
WASM_API_EXTERN const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *);
WASM_API_EXTERN const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *);

WASM_DECLARE_TYPE(globaltype)

WASM_API_EXTERN own wasm_globaltype_t *wasm_globaltype_new(own wasm_valtype_t *, wasm_mutability_t);
WASM_API_EXTERN const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *);
WASM_API_EXTERN wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t *);

WASM_DECLARE_TYPE(tabletype)

WASM_API_EXTERN own wasm_tabletype_t *wasm_tabletype_new(own wasm_valtype_t *, const wasm_limits_t *);
WASM_API_EXTERN const wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *);
WASM_API_EXTERN const wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *);

WASM_DECLARE_TYPE(memorytype)

/* Limits are in pages. */
WASM_API_EXTERN own wasm_memorytype_t *wasm_memorytype_new(const wasm_limits_t *);
WASM_API_EXTERN const wasm_limits_t *wasm_memorytype_limits(const wasm_memorytype_t *);

WASM_DECLARE_TYPE(externtype)

typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum {
    WASM_EXTERN_FUNC,
    WASM_EXTERN_GLOBAL,
    WASM_EXTERN_TABLE,
    WASM_EXTERN_MEMORY,
};

WASM_API_EXTERN wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *);

/* A type of a function, global, table or memory is an externtype: the same pointer. The other way NULL for another kind. */
#define WASM_DECLARE_AS_EXTERNTYPE(name)                                                                            \
    WASM_API_EXTERN wasm_externtype_t *wasm_##name##_as_externtype(wasm_##name##_t *);                              \
    WASM_API_EXTERN wasm_##name##_t *wasm_externtype_as_##name(wasm_externtype_t *);                                \
    WASM_API_EXTERN const wasm_externtype_t *wasm_##name##_as_externtype_const(const wasm_##name##_t *);            \
    WASM_API_EXTERN const wasm_##name##_t *wasm_externtype_as_##name##_const(const wasm_externtype_t *);

WASM_DECLARE_AS_EXTERNTYPE(functype)
WASM_DECLARE_AS_EXTERNTYPE(globaltype)
WASM_DECLARE_AS_EXTERNTYPE(tabletype)
WASM_DECLARE_AS_EXTERNTYPE(memorytype)

WASM_DECLARE_TYPE(importtype)

WASM_API_EXTERN own wasm_importtype_t *wasm_importtype_new(own wasm_name_t *module, own wasm_name_t *name,
                                                           own wasm_externtype_t *);
WASM_API_EXTERN const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *);
WASM_API_EXTERN const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *);
WASM_API_EXTERN const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *);
/* False: imports are provided to wasm_instance_new(), and never before. */
WASM_API_EXTERN bool wasm_importtype_is_linked(const wasm_importtype_t *);

WASM_DECLARE_TYPE(exporttype)

WASM_API_EXTERN own wasm_exporttype_t *wasm_exporttype_new(own wasm_name_t *, own wasm_externtype_t *);
WASM_API_EXTERN const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *);
WASM_API_EXTERN const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *);

/* ---- Values and references ------------------------------------------------------------------------------------------- */

WASM_API_EXTERN void wasm_val_delete(own wasm_val_t *v);
WASM_API_EXTERN void wasm_val_copy(own wasm_val_t *out, const wasm_val_t *);

WASM_DECLARE_VEC(val, )

/* wasm_export.h has the name of the type. */
WASM_DECLARE_REF_FUNCTIONS(ref)

WASM_DECLARE_TYPE_NAME(instance)

WASM_DECLARE_OWN(frame)
WASM_DECLARE_VEC(frame, *)

WASM_API_EXTERN own wasm_frame_t *wasm_frame_copy(const wasm_frame_t *);
WASM_API_EXTERN struct wasm_instance_t *wasm_frame_instance(const wasm_frame_t *);
WASM_API_EXTERN uint32_t wasm_frame_func_index(const wasm_frame_t *);
WASM_API_EXTERN size_t wasm_frame_func_offset(const wasm_frame_t *);
WASM_API_EXTERN size_t wasm_frame_module_offset(const wasm_frame_t *);

/* Ends with NUL. */
typedef wasm_name_t wasm_message_t;

WASM_DECLARE_REF(trap)

/* A trap for a function of the program to return. */
WASM_API_EXTERN own wasm_trap_t *wasm_trap_new(wasm_store_t *store, const wasm_message_t *);
/* The message of a trap that a call returns begins with "Exception: ", as WAMR's do. */
WASM_API_EXTERN void wasm_trap_message(const wasm_trap_t *, own wasm_message_t *out);
WASM_API_EXTERN own wasm_frame_t *wasm_trap_origin(const wasm_trap_t *);
WASM_API_EXTERN void wasm_trap_trace(const wasm_trap_t *, own wasm_frame_vec_t *out);

WASM_DECLARE_REF(foreign)

WASM_API_EXTERN own wasm_foreign_t *wasm_foreign_new(wasm_store_t *);

/* ---- Modules --------------------------------------------------------------------------------------------------------- */

/* Copies the bytes. NULL if the module is invalid. */
WASM_API_EXTERN own wasm_module_t *wasm_module_new(wasm_store_t *, const wasm_byte_vec_t *binary);
/* With clone_wasm_binary false the bytes stay until the module is deleted; they may be constant, for example in flash. */
WASM_API_EXTERN own wasm_module_t *wasm_module_new_ex(wasm_store_t *, wasm_byte_vec_t *binary, LoadArgs *args);
WASM_API_EXTERN void wasm_module_delete(own wasm_module_t *);
WASM_API_EXTERN bool wasm_module_validate(wasm_store_t *, const wasm_byte_vec_t *binary);
WASM_API_EXTERN void wasm_module_imports(const wasm_module_t *, own wasm_importtype_vec_t *out);
WASM_API_EXTERN void wasm_module_exports(const wasm_module_t *, own wasm_exporttype_vec_t *out);
WASM_API_EXTERN void wasm_module_serialize(wasm_module_t *, own wasm_byte_vec_t *out);
WASM_API_EXTERN own wasm_module_t *wasm_module_deserialize(wasm_store_t *, const wasm_byte_vec_t *);

/* A handle of a module for other threads: each of them obtains its own. */
typedef wasm_module_t wasm_shared_module_t;
WASM_API_EXTERN own wasm_shared_module_t *wasm_module_share(wasm_module_t *);
WASM_API_EXTERN own wasm_module_t *wasm_module_obtain(wasm_store_t *, wasm_shared_module_t *);
WASM_API_EXTERN void wasm_shared_module_delete(own wasm_shared_module_t *);

WASM_API_EXTERN bool wasm_module_set_name(wasm_module_t *, const char *name);
WASM_API_EXTERN const char *wasm_module_get_name(wasm_module_t *);
WASM_API_EXTERN bool wasm_module_is_underlying_binary_freeable(const wasm_module_t *module);

/* ---- Functions, globals, tables, memories ---------------------------------------------------------------------------- */

WASM_DECLARE_REF(func)

typedef own wasm_trap_t *(*wasm_func_callback_t)(const wasm_val_vec_t *args, own wasm_val_vec_t *results);
typedef own wasm_trap_t *(*wasm_func_callback_with_env_t)(void *env, const wasm_val_vec_t *args,
                                                          wasm_val_vec_t *results);

/* A function lasts as long as the store. It has at most 32 parameters and results together. */
WASM_API_EXTERN own wasm_func_t *wasm_func_new(wasm_store_t *, const wasm_functype_t *, wasm_func_callback_t);
/* The finalizer is called when the store ends. */
WASM_API_EXTERN own wasm_func_t *wasm_func_new_with_env(wasm_store_t *, const wasm_functype_t *type,
                                                        wasm_func_callback_with_env_t, void *env,
                                                        void (*finalizer)(void *));
WASM_API_EXTERN own wasm_functype_t *wasm_func_type(const wasm_func_t *);
WASM_API_EXTERN size_t wasm_func_param_arity(const wasm_func_t *);
WASM_API_EXTERN size_t wasm_func_result_arity(const wasm_func_t *);
WASM_API_EXTERN own wasm_trap_t *wasm_func_call(const wasm_func_t *, const wasm_val_vec_t *args,
                                                wasm_val_vec_t *results);

WASM_DECLARE_REF(global)

WASM_API_EXTERN own wasm_global_t *wasm_global_new(wasm_store_t *, const wasm_globaltype_t *, const wasm_val_t *);
WASM_API_EXTERN own wasm_globaltype_t *wasm_global_type(const wasm_global_t *);
WASM_API_EXTERN void wasm_global_get(const wasm_global_t *, own wasm_val_t *out);
WASM_API_EXTERN void wasm_global_set(wasm_global_t *, const wasm_val_t *);

WASM_DECLARE_REF(table)

typedef uint32_t wasm_table_size_t;

WASM_API_EXTERN own wasm_table_t *wasm_table_new(wasm_store_t *, const wasm_tabletype_t *, wasm_ref_t *init);
WASM_API_EXTERN own wasm_tabletype_t *wasm_table_type(const wasm_table_t *);
WASM_API_EXTERN own wasm_ref_t *wasm_table_get(const wasm_table_t *, wasm_table_size_t index);
WASM_API_EXTERN bool wasm_table_set(wasm_table_t *, wasm_table_size_t index, wasm_ref_t *);
WASM_API_EXTERN wasm_table_size_t wasm_table_size(const wasm_table_t *);
WASM_API_EXTERN bool wasm_table_grow(wasm_table_t *, wasm_table_size_t delta, wasm_ref_t *init);

WASM_DECLARE_REF(memory)

typedef uint32_t wasm_memory_pages_t;

static const size_t MEMORY_PAGE_SIZE = 0x10000;

WASM_API_EXTERN own wasm_memory_t *wasm_memory_new(wasm_store_t *, const wasm_memorytype_t *);
WASM_API_EXTERN own wasm_memorytype_t *wasm_memory_type(const wasm_memory_t *);
/* Growing the memory moves the bytes. */
WASM_API_EXTERN byte_t *wasm_memory_data(wasm_memory_t *);
WASM_API_EXTERN size_t wasm_memory_data_size(const wasm_memory_t *);
WASM_API_EXTERN wasm_memory_pages_t wasm_memory_size(const wasm_memory_t *);
WASM_API_EXTERN bool wasm_memory_grow(wasm_memory_t *, wasm_memory_pages_t delta);

WASM_DECLARE_REF(extern)
WASM_DECLARE_VEC(extern, *)

WASM_API_EXTERN wasm_externkind_t wasm_extern_kind(const wasm_extern_t *);
WASM_API_EXTERN own wasm_externtype_t *wasm_extern_type(const wasm_extern_t *);

/* A function, global, table or memory is an extern: the same handle. The other way NULL for another kind. */
#define WASM_DECLARE_AS_EXTERN(name)                                                                   \
    WASM_API_EXTERN wasm_extern_t *wasm_##name##_as_extern(wasm_##name##_t *);                         \
    WASM_API_EXTERN wasm_##name##_t *wasm_extern_as_##name(wasm_extern_t *);                           \
    WASM_API_EXTERN const wasm_extern_t *wasm_##name##_as_extern_const(const wasm_##name##_t *);       \
    WASM_API_EXTERN const wasm_##name##_t *wasm_extern_as_##name##_const(const wasm_extern_t *);

WASM_DECLARE_AS_EXTERN(func)
WASM_DECLARE_AS_EXTERN(global)
WASM_DECLARE_AS_EXTERN(table)
WASM_DECLARE_AS_EXTERN(memory)

/* ---- Instances ------------------------------------------------------------------------------------------------------- */

#define WASM_DECLARE_REF_WITHOUT_NAME(name)                                                  \
    WASM_DECLARE_REF_FUNCTIONS(name)                                                         \
    WASM_API_EXTERN wasm_ref_t *wasm_##name##_as_ref(wasm_##name##_t *);                     \
    WASM_API_EXTERN wasm_##name##_t *wasm_ref_as_##name(wasm_ref_t *);                       \
    WASM_API_EXTERN const wasm_ref_t *wasm_##name##_as_ref_const(const wasm_##name##_t *);   \
    WASM_API_EXTERN const wasm_##name##_t *wasm_ref_as_##name##_const(const wasm_ref_t *);

WASM_DECLARE_REF_WITHOUT_NAME(instance)

/* Imports are in the module's order. NULL on failure, with the reason in `trap` unless that is NULL. */
WASM_API_EXTERN own wasm_instance_t *wasm_instance_new(wasm_store_t *, const wasm_module_t *,
                                                       const wasm_extern_vec_t *imports, own wasm_trap_t **trap);
/* The sizes have no effect: calls use the store's operand stack, and there is no application heap. */
WASM_API_EXTERN own wasm_instance_t *wasm_instance_new_with_args(wasm_store_t *, const wasm_module_t *,
                                                                 const wasm_extern_vec_t *imports,
                                                                 own wasm_trap_t **trap, const uint32_t stack_size,
                                                                 const uint32_t heap_size);
WASM_API_EXTERN own wasm_instance_t *wasm_instance_new_with_args_ex(wasm_store_t *, const wasm_module_t *,
                                                                    const wasm_extern_vec_t *imports,
                                                                    own wasm_trap_t **trap,
                                                                    const InstantiationArgs *inst_args);
WASM_API_EXTERN void wasm_instance_exports(const wasm_instance_t *, own wasm_extern_vec_t *out);
/* Time is not measured: 0. */
WASM_API_EXTERN double wasm_instance_sum_wasm_exec_time(const wasm_instance_t *);
WASM_API_EXTERN double wasm_instance_get_wasm_func_exec_time(const wasm_instance_t *, const char *);

/* Stands for an import that nothing is provided for: a call of such a function traps. Other kinds cannot be left out. */
WASM_API_EXTERN wasm_extern_t *wasm_extern_new_empty(wasm_store_t *, wasm_externkind_t);

/* ---- Short forms ----------------------------------------------------------------------------------------------------- */

#define WASM_EMPTY_VEC { 0, NULL, 0, 0, NULL }
#define WASM_ARRAY_VEC(array) \
    { sizeof(array) / sizeof(*(array)), array, sizeof(array) / sizeof(*(array)), sizeof(*(array)), NULL }

#define WASM_VALTYPE_NEW(name, kind)                            \
    static inline own wasm_valtype_t *wasm_valtype_new_##name(void) \
    {                                                           \
        return wasm_valtype_new(kind);                          \
    }

WASM_VALTYPE_NEW(i32, WASM_I32)
WASM_VALTYPE_NEW(i64, WASM_I64)
WASM_VALTYPE_NEW(f32, WASM_F32)
WASM_VALTYPE_NEW(f64, WASM_F64)
WASM_VALTYPE_NEW(v128, WASM_V128)
WASM_VALTYPE_NEW(anyref, WASM_EXTERNREF)
WASM_VALTYPE_NEW(funcref, WASM_FUNCREF)

#undef WASM_VALTYPE_NEW

static inline own wasm_functype_t *wasm_functype_new_arrays(size_t params_len, wasm_valtype_t *const params[],
                                                            size_t results_len, wasm_valtype_t *const results[])
{
    wasm_valtype_vec_t params_vec, results_vec;

    wasm_valtype_vec_new(&params_vec, params_len, params);
    wasm_valtype_vec_new(&results_vec, results_len, results);
    if (params_vec.size != params_len || results_vec.size != results_len) {
        wasm_valtype_vec_delete(&params_vec);
        wasm_valtype_vec_delete(&results_vec);
        return NULL;
    }
    return wasm_functype_new(&params_vec, &results_vec);
}

static inline own wasm_functype_t *wasm_functype_new_0_0(void)
{
    return wasm_functype_new_arrays(0, NULL, 0, NULL);
}

static inline own wasm_functype_t *wasm_functype_new_1_0(own wasm_valtype_t *p)
{
    wasm_valtype_t *ps[1] = { p };
    return wasm_functype_new_arrays(1, ps, 0, NULL);
}

static inline own wasm_functype_t *wasm_functype_new_2_0(own wasm_valtype_t *p1, own wasm_valtype_t *p2)
{
    wasm_valtype_t *ps[2] = { p1, p2 };
    return wasm_functype_new_arrays(2, ps, 0, NULL);
}

static inline own wasm_functype_t *wasm_functype_new_3_0(own wasm_valtype_t *p1, own wasm_valtype_t *p2,
                                                         own wasm_valtype_t *p3)
{
    wasm_valtype_t *ps[3] = { p1, p2, p3 };
    return wasm_functype_new_arrays(3, ps, 0, NULL);
}

static inline own wasm_functype_t *wasm_functype_new_0_1(own wasm_valtype_t *r)
{
    wasm_valtype_t *rs[1] = { r };
    return wasm_functype_new_arrays(0, NULL, 1, rs);
}

static inline own wasm_functype_t *wasm_functype_new_1_1(own wasm_valtype_t *p, own wasm_valtype_t *r)
{
    wasm_valtype_t *ps[1] = { p };
    wasm_valtype_t *rs[1] = { r };
    return wasm_functype_new_arrays(1, ps, 1, rs);
}

static inline own wasm_functype_t *wasm_functype_new_2_1(own wasm_valtype_t *p1, own wasm_valtype_t *p2,
                                                         own wasm_valtype_t *r)
{
    wasm_valtype_t *ps[2] = { p1, p2 };
    wasm_valtype_t *rs[1] = { r };
    return wasm_functype_new_arrays(2, ps, 1, rs);
}

static inline own wasm_functype_t *wasm_functype_new_3_1(own wasm_valtype_t *p1, own wasm_valtype_t *p2,
                                                         own wasm_valtype_t *p3, own wasm_valtype_t *r)
{
    wasm_valtype_t *ps[3] = { p1, p2, p3 };
    wasm_valtype_t *rs[1] = { r };
    return wasm_functype_new_arrays(3, ps, 1, rs);
}

static inline own wasm_functype_t *wasm_functype_new_0_2(own wasm_valtype_t *r1, own wasm_valtype_t *r2)
{
    wasm_valtype_t *rs[2] = { r1, r2 };
    return wasm_functype_new_arrays(0, NULL, 2, rs);
}

static inline own wasm_functype_t *wasm_functype_new_1_2(own wasm_valtype_t *p, own wasm_valtype_t *r1,
                                                         own wasm_valtype_t *r2)
{
    wasm_valtype_t *ps[1] = { p };
    wasm_valtype_t *rs[2] = { r1, r2 };
    return wasm_functype_new_arrays(1, ps, 2, rs);
}

static inline own wasm_functype_t *wasm_functype_new_2_2(own wasm_valtype_t *p1, own wasm_valtype_t *p2,
                                                         own wasm_valtype_t *r1, own wasm_valtype_t *r2)
{
    wasm_valtype_t *ps[2] = { p1, p2 };
    wasm_valtype_t *rs[2] = { r1, r2 };
    return wasm_functype_new_arrays(2, ps, 2, rs);
}

static inline own wasm_functype_t *wasm_functype_new_3_2(own wasm_valtype_t *p1, own wasm_valtype_t *p2,
                                                         own wasm_valtype_t *p3, own wasm_valtype_t *r1,
                                                         own wasm_valtype_t *r2)
{
    wasm_valtype_t *ps[3] = { p1, p2, p3 };
    wasm_valtype_t *rs[2] = { r1, r2 };
    return wasm_functype_new_arrays(3, ps, 2, rs);
}

/* An address of the host as an integer that modules can hold. */
static inline void wasm_val_init_ptr(own wasm_val_t *out, void *p)
{
#if UINTPTR_MAX == UINT32_MAX
    out->kind = WASM_I32;
    out->of.i32 = (int32_t)(intptr_t)p;
#else
    out->kind = WASM_I64;
    out->of.i64 = (int64_t)(intptr_t)p;
#endif
}

static inline void *wasm_val_ptr(const wasm_val_t *val)
{
#if UINTPTR_MAX == UINT32_MAX
    return (void *)(intptr_t)val->of.i32;
#else
    return (void *)(intptr_t)val->of.i64;
#endif
}

#define WASM_I32_VAL(i) { .kind = WASM_I32, ._paddings = { 0 }, .of = { .i32 = i } }
#define WASM_I64_VAL(i) { .kind = WASM_I64, ._paddings = { 0 }, .of = { .i64 = i } }
#define WASM_F32_VAL(z) { .kind = WASM_F32, ._paddings = { 0 }, .of = { .f32 = z } }
#define WASM_F64_VAL(z) { .kind = WASM_F64, ._paddings = { 0 }, .of = { .f64 = z } }
#define WASM_REF_VAL(r) { .kind = WASM_EXTERNREF, ._paddings = { 0 }, .of = { .ref = r } }
#define WASM_INIT_VAL { .kind = WASM_EXTERNREF, ._paddings = { 0 }, .of = { .ref = NULL } }

#ifndef KILOBYTE
#define KILOBYTE(n) ((n) * 1024)
#endif

#undef own

#ifdef __cplusplus
}
#endif

#endif /* WASM_C_API_H */
