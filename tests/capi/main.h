/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the program in main.c share.
 */

#ifndef MAIN_H
#define MAIN_H

#include "modules.h"
#include "counted.h"
#include "platform.h"
#include "wasm_export.h"

/* A module with an instance and an execution environment. */
struct program {
	wasm_module_t module;
	wasm_module_inst_t instance;
	wasm_exec_env_t exec_env;
};

/* main_natives.c: the native functions that the modules import. */
#define NATIVES 12
extern const NativeSymbol natives[NATIVES];

/* main.c: the pool of init_with_pool(), and the text of the last failure. */
#define POOL (512 * 1024)
extern char pool[POOL];
extern char error[128];

void init_with_pool(void);
void init_with_callbacks(void);
uint32_t free_bytes(void);
struct program start(const uint8_t *bytes, uint32_t size, uint32_t heap_size);
void stop(struct program *program);
bool call(struct program *program, const char *name, uint32_t argc, uint32_t argv[]);
/* Compares the instance's exception, and clears it. */
void check_exception(wasm_module_inst_t instance, const char *text);
void check_trap(struct program *program, const char *name, uint32_t argc, uint32_t argv[],
		const char *text);

/* The tests. */
void test_natives(void);
void test_typed_calls(void);
void test_registration(void);
void test_bare_pointers(void);
void test_end_of_stack(void);
void test_total_limit(void);
void test_memory(const uint8_t *bytes, uint32_t size, bool own_allocator);
void test_heap_alone(void);
void test_memory_limit(void);
void test_out_of_memory(const uint8_t *bytes, uint32_t size, const char *name);
void test_reloading(void);
void test_malloc(void);

#endif
