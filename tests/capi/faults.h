/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the program in faults.c share.
 */

#ifndef FAULTS_H
#define FAULTS_H

#include "modules.h"
#include "counted.h"
#include "platform.h"
#include "wasm_export.h"

/* What run(9) of faults.wat gives. */
#define RESULT 271

/* faults_natives.c: the native functions, what they use, and a table that is registered and taken
 * back while code runs.
 */
#define NATIVES 2
extern const NativeSymbol natives[NATIVES];
extern const NativeSymbol more[1];

extern struct host {
	/* tick() terminates when it is called for this time. */
	long ticks, terminate_at;
	/* What act() uses besides its own instance. */
	wasm_module_inst_t other;
	wasm_exec_env_t second;
	uint32_t depth;
	/* Runs of act() that have not returned. */
	uint32_t inside;
} host;

bool call(wasm_exec_env_t exec_env, const char *name, uint32_t *value);
bool runs(wasm_exec_env_t exec_env);
bool exception_is(wasm_module_inst_t instance, const char *text);
void test_natives(void);

/* faults.c: the runtime's default mode in this run of the program, and the other one; the pool, and
 * the text of the last failure.
 */
extern RunningMode preferred, other_mode;
#define POOL (256 * 1024)
extern char pool[POOL];
extern char error[128];

/* Where memory comes from; the pool has `size` bytes, at any address. */
bool init(mem_alloc_type_t from, uint32_t size);
uint32_t free_bytes(void);
/* The largest block that can be had. */
uint32_t largest_block(void);

/* faults_memory.c */
bool no_memory(const char *what);
void test_out_of_memory(void);

#endif
