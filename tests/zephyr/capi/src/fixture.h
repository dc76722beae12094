/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What all suites share: a runtime in a pool of known size, the modules, and a program made of one
 * of them. Owns the pool. Every suite starts and destroys the runtime around each of its tests.
 */

#ifndef ZONDA_TEST_FIXTURE_H_
#define ZONDA_TEST_FIXTURE_H_

#include <stddef.h>
#include <stdint.h>

#include "wasm_export.h"

#define POOL_SIZE  (24 * 1024)
#define STACK_SIZE 1024

struct module_bytes {
	const uint8_t *bytes;
	uint32_t size;
};

extern const struct module_bytes types_wasm;
extern const struct module_bytes traps_wasm;
extern const struct module_bytes natives_wasm;
extern const struct module_bytes loops_wasm;

struct program {
	wasm_module_t module;
	wasm_module_inst_t instance;
	wasm_exec_env_t exec_env;
};

/* Starts the runtime in the first `size` bytes of the pool. */
bool runtime_start_in(uint32_t size);

/*
 * For ZTEST_SUITE: starts it in the whole pool, and asserts that a test gave back all it took from
 * it.
 */
void runtime_before(void *fixture);
void runtime_after(void *fixture);

/* What is taken from the pool up to here need not be given back. */
void pool_mark(void);

/* Bytes of the pool that are free. */
uint32_t pool_free(void);

wasm_module_t load(const struct module_bytes *from, char *error, uint32_t error_size);

/* Loads and instantiates; asserts that both succeed. */
void program_start(struct program *program, const struct module_bytes *from,
		   uint32_t app_heap_size);
void program_stop(struct program *program);

/* Calls an export with and for 32-bit cells; asserts that it exists. */
bool call(struct program *program, const char *name, uint32_t argc, uint32_t argv[]);

/* Asserts that the call traps, and with this text behind "Exception: ". */
void assert_trap(struct program *program, const char *name, uint32_t argc, uint32_t argv[],
		 const char *text);

#endif
