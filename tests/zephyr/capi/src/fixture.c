/*
 * SPDX-License-Identifier: Apache-2.0
 */

#include <string.h>

#include <zephyr/ztest.h>

#include "fixture.h"

static const uint8_t types_bytes[] = {
#include "types.wasm.inc"
};
static const uint8_t traps_bytes[] = {
#include "traps.wasm.inc"
};
static const uint8_t natives_bytes[] = {
#include "natives.wasm.inc"
};
static const uint8_t loops_bytes[] = {
#include "loops.wasm.inc"
};

const struct module_bytes types_wasm = {types_bytes, sizeof(types_bytes)};
const struct module_bytes traps_wasm = {traps_bytes, sizeof(traps_bytes)};
const struct module_bytes natives_wasm = {natives_bytes, sizeof(natives_bytes)};
const struct module_bytes loops_wasm = {loops_bytes, sizeof(loops_bytes)};

static uint8_t pool[POOL_SIZE] __aligned(8);
static uint32_t free_at_start;

/* The program that a failed assertion has left running. */
static struct program running;

bool runtime_start_in(uint32_t size)
{
	RuntimeInitArgs args;

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Pool;
	args.mem_alloc_option.pool.heap_buf = pool;
	args.mem_alloc_option.pool.heap_size = size;
	return wasm_runtime_full_init(&args);
}

uint32_t pool_free(void)
{
	mem_alloc_info_t info;

	zassert_true(wasm_runtime_get_mem_alloc_info(&info));
	zassert_true(info.total_free_size <= info.total_size);
	return info.total_free_size;
}

void pool_mark(void)
{
	free_at_start = pool_free();
}

void runtime_before(void *fixture)
{
	ARG_UNUSED(fixture);
	zassert_true(runtime_start_in(POOL_SIZE));
	pool_mark();
}

void runtime_after(void *fixture)
{
	ARG_UNUSED(fixture);
	if (running.module != NULL) {
		program_stop(&running);
	}
	zassert_equal(pool_free(), free_at_start, "%u bytes are lost", free_at_start - pool_free());
	wasm_runtime_destroy();
}

wasm_module_t load(const struct module_bytes *from, char *error, uint32_t error_size)
{
	return wasm_runtime_load((uint8_t *)from->bytes, from->size, error, error_size);
}

void program_start(struct program *program, const struct module_bytes *from, uint32_t app_heap_size)
{
	char error[96] = "";

	program->module = load(from, error, sizeof(error));
	zassert_not_null(program->module, "load: %s", error);
	program->instance = wasm_runtime_instantiate(program->module, STACK_SIZE, app_heap_size,
						     error, sizeof(error));
	zassert_not_null(program->instance, "instantiate: %s", error);
	program->exec_env = wasm_runtime_create_exec_env(program->instance, STACK_SIZE);
	zassert_not_null(program->exec_env);
	running = *program;
}

void program_stop(struct program *program)
{
	wasm_runtime_destroy_exec_env(program->exec_env);
	wasm_runtime_deinstantiate(program->instance);
	wasm_runtime_unload(program->module);
	running.module = NULL;
}

bool call(struct program *program, const char *name, uint32_t argc, uint32_t argv[])
{
	wasm_function_inst_t func = wasm_runtime_lookup_function(program->instance, name);

	zassert_not_null(func, "no export %s", name);
	wasm_runtime_clear_exception(program->instance);
	return wasm_runtime_call_wasm(program->exec_env, func, argc, argv);
}

void assert_trap(struct program *program, const char *name, uint32_t argc, uint32_t argv[],
		 const char *text)
{
	const char *exception;

	zassert_false(call(program, name, argc, argv), "%s does not trap", name);
	exception = wasm_runtime_get_exception(program->instance);
	zassert_not_null(exception, "%s leaves no exception", name);
	zassert_ok(strncmp(exception, "Exception: ", 11), "%s: %s", name, exception);
	zassert_ok(strcmp(exception + 11, text), "%s: %s, and not %s", name, exception, text);
	wasm_runtime_clear_exception(program->instance);
	zassert_is_null(wasm_runtime_get_exception(program->instance));
}
