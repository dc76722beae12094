/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of tests/capi/compat.c share: the program that runs.
 */

#ifndef COMPAT_H
#define COMPAT_H

#include <stdbool.h>
#include <stdint.h>

#include "wasm_export.h"

#define START(name, heap) start((uint8_t *)name##_wasm, sizeof(name##_wasm), heap)

extern char error[128];
extern wasm_module_t module;
extern wasm_module_inst_t instance;
extern wasm_exec_env_t exec_env;

/* Loads and instantiates; ends the program with the reason if that fails. */
void start(uint8_t *bytes, uint32_t size, uint32_t heap);
void stop(void);
/* Bytes of the linear memory. */
uint64_t memory_size(void);
/* Calls with one argument, which may be superfluous; the result, or -1 for an exception. */
int call(const char *name, uint32_t argument);

void test_objects(void);
void test_reflection(void);
void test_custom_section(void);
void test_contexts(void);
void test_objects_of_the_application(void);

#endif
