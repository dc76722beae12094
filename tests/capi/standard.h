/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the scenarios of standard.c and standard_objects.c share.
 */

#ifndef STANDARD_H
#define STANDARD_H

#include "counted.h"
#include "platform.h"
#include "wasm_c_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends a scenario that cannot go on, as memory was refused. */
#define TRY(condition)                                                                             \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			failed_at = __LINE__;                                                      \
			goto end;                                                                  \
		}                                                                                  \
	} while (0)

#define MODULE(name) name##_wasm, sizeof(name##_wasm)

struct scene {
	wasm_engine_t *engine;
	wasm_store_t *store;
	wasm_module_t *module;
	wasm_instance_t *instance;
	wasm_extern_vec_t exports;
	wasm_trap_t *trap;
};

/* The line at which the scenario could not go on; 0 if it could. */
extern int failed_at;
/* The order in which a scenario deletes. */
extern bool delete_store_first;
/* How often finalize() was called in this scenario. */
extern int finalized;

void finalize(void *info);
bool open_scene(struct scene *scene, const uint8_t *bytes, size_t size);
bool start_scene(struct scene *scene, wasm_extern_t **imports, size_t count);
void close_scene(struct scene *scene);
/* False if there is no memory for the message. */
bool message_is(const wasm_trap_t *trap, const char *expected);
wasm_func_t *func(const struct scene *scene, size_t i);
/* Calls a function with i32 parameters and results; false if there is no memory. */
bool call_i32(const wasm_func_t *function, size_t argc, const int32_t *argv, int32_t *result);
bool traps(const wasm_func_t *function, size_t argc, const int32_t *argv, size_t resultc,
	   const char *expected);

/* Functions of the application. */
wasm_trap_t *print(const wasm_val_vec_t *args, wasm_val_vec_t *results);
wasm_trap_t *closure(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results);

/* standard_objects.c */
bool global(void);
bool memory(void);
bool imported(void);
bool table(void);
bool references(void);
bool reflect(void);
bool shared(void);

#define I32S(...)                                                                                  \
	sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t), (int32_t[])                            \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define NONE 0, NULL

#endif
