/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory: that of the program, and that of the runtime when it runs out or is used a thousand
 * times.
 */

#include <string.h>

#include <zephyr/ztest.h>

#include "fixture.h"

ZTEST_SUITE(memory, NULL, NULL, runtime_before, runtime_after, NULL);

/* For tests that start the runtime themselves. */
ZTEST_SUITE(pool, NULL, NULL, NULL, NULL, NULL);

ZTEST(memory, test_grow)
{
	struct program program;
	uint32_t argv[1] = {100};

	program_start(&program, &loops_wasm, 0);

	zassert_true(call(&program, "grow", 1, argv));
	zassert_equal(argv[0], 64);
	zassert_true(call(&program, "size", 0, argv));
	zassert_equal(argv[0], 164);

	/* Beyond the maximum that the module declares. */
	argv[0] = 4000;
	zassert_true(call(&program, "grow", 1, argv));
	zassert_equal((int32_t)argv[0], -1);
	zassert_true(call(&program, "size", 0, argv));
	zassert_equal(argv[0], 164);

	program_stop(&program);
}

ZTEST(memory, test_addresses)
{
	struct program program;
	wasm_module_inst_t instance;
	uint8_t *start;

	program_start(&program, &loops_wasm, 0);
	instance = program.instance;

	zassert_true(wasm_runtime_validate_app_addr(instance, 0, 64));
	zassert_true(wasm_runtime_validate_app_addr(instance, 63, 1));
	zassert_false(wasm_runtime_validate_app_addr(instance, 63, 2));
	wasm_runtime_clear_exception(instance);
	zassert_false(wasm_runtime_validate_app_addr(instance, UINT32_MAX, 2));
	wasm_runtime_clear_exception(instance);

	start = wasm_runtime_addr_app_to_native(instance, 0);
	zassert_not_null(start);
	zassert_equal(wasm_runtime_addr_app_to_native(instance, 63), start + 63);
	zassert_is_null(wasm_runtime_addr_app_to_native(instance, 64));
	zassert_equal(wasm_runtime_addr_native_to_app(instance, start + 63), 63);
	zassert_equal(wasm_runtime_addr_native_to_app(instance, start + 64), 0);

	zassert_true(wasm_runtime_validate_native_addr(instance, start, 64));
	zassert_false(wasm_runtime_validate_native_addr(instance, start, 65));
	wasm_runtime_clear_exception(instance);
	zassert_false(wasm_runtime_validate_native_addr(instance, &program, 1));
	wasm_runtime_clear_exception(instance);

	program_stop(&program);
}

ZTEST(memory, test_app_heap)
{
	struct program program;
	void *native = NULL;
	uint64_t first;
	uint64_t second;

	program_start(&program, &loops_wasm, 1024);

	first = wasm_runtime_module_malloc(program.instance, 100, &native);
	zassert_not_equal(first, 0);
	zassert_true(wasm_runtime_validate_app_addr(program.instance, first, 100));
	zassert_equal(wasm_runtime_addr_app_to_native(program.instance, first), native);
	memset(native, 0x55, 100);

	second = wasm_runtime_module_dup_data(program.instance, "zonda", 6);
	zassert_not_equal(second, 0);
	zassert_true(second >= first + 100 || second + 6 <= first);
	zassert_mem_equal(wasm_runtime_addr_app_to_native(program.instance, second), "zonda", 6);

	/* More than the heap has. */
	zassert_equal(wasm_runtime_module_malloc(program.instance, 2000, &native), 0);
	wasm_runtime_clear_exception(program.instance);

	wasm_runtime_module_free(program.instance, first);
	wasm_runtime_module_free(program.instance, second);

	/* All of it can be had again. */
	first = wasm_runtime_module_malloc(program.instance, 800, NULL);
	zassert_not_equal(first, 0);
	wasm_runtime_module_free(program.instance, first);

	program_stop(&program);
}

ZTEST(memory, test_runtime_malloc)
{
	uint32_t before = pool_free();
	uint8_t *block = wasm_runtime_malloc(1000);

	zassert_not_null(block);
	memset(block, 0xaa, 1000);
	zassert_true(pool_free() <= before - 1000);

	zassert_is_null(wasm_runtime_malloc(POOL_SIZE));
	wasm_runtime_free(block);
	zassert_equal(pool_free(), before);
}

ZTEST(memory, test_reload_1000_times)
{
	uint32_t before = pool_free();
	struct program program;

	for (int i = 0; i < 1000; i++) {
		uint32_t argv[1] = {10};

		program_start(&program, &loops_wasm, 256);
		zassert_true(call(&program, "grow", 1, argv));
		wasm_runtime_set_exception(program.instance, "left behind");
		program_stop(&program);
		zassert_equal(pool_free(), before, "%u bytes are lost in round %d",
			      before - pool_free(), i);
	}
}

ZTEST(memory, test_custom_data)
{
	struct program program;
	int data;

	program_start(&program, &loops_wasm, 0);
	zassert_is_null(wasm_runtime_get_custom_data(program.instance));
	wasm_runtime_set_custom_data(program.instance, &data);
	zassert_equal(wasm_runtime_get_custom_data(program.instance), &data);
	program_stop(&program);
}

/*
 * With a pool of every size from too small for anything to enough: what does not fit is an error
 * with a text, and what has been made by then is given back.
 */
ZTEST(pool, test_out_of_memory)
{
	bool loaded = false;
	bool instantiated = false;
	bool called = false;

	for (uint32_t size = 256; !called; size += 64) {
		char error[96] = "";
		wasm_module_t module;
		wasm_module_inst_t instance;
		wasm_exec_env_t exec_env;
		uint32_t before;

		zassert_true(size < POOL_SIZE, "%d %d", loaded, instantiated);
		if (!runtime_start_in(size)) {
			continue;
		}
		before = pool_free();

		module = load(&traps_wasm, error, sizeof(error));
		if (module == NULL) {
			zassert_false(loaded, "%u bytes are too few, fewer were not", size);
			zassert_not_equal(error[0], '\0');
			goto destroy;
		}
		loaded = true;

		instance = wasm_runtime_instantiate(module, STACK_SIZE, 0, error, sizeof(error));
		if (instance == NULL) {
			zassert_false(instantiated, "%u bytes are too few, fewer were not", size);
			zassert_not_equal(error[0], '\0');
			goto unload;
		}
		instantiated = true;

		exec_env = wasm_runtime_create_exec_env(instance, STACK_SIZE);
		if (exec_env != NULL) {
			wasm_function_inst_t func =
				wasm_runtime_lookup_function(instance, "call_value");
			uint32_t argv[1];

			zassert_not_null(func);
			zassert_true(wasm_runtime_call_wasm(exec_env, func, 0, argv));
			zassert_equal(argv[0], 42);
			called = true;
			wasm_runtime_destroy_exec_env(exec_env);
		}
		wasm_runtime_deinstantiate(instance);
unload:
		wasm_runtime_unload(module);
destroy:
		zassert_equal(pool_free(), before, "%u bytes are lost of %u", before - pool_free(),
			      size);
		wasm_runtime_destroy();
	}
}

static int allocations;

static void *count_malloc(unsigned int size)
{
	ARG_UNUSED(size);
	allocations++;
	return NULL;
}

static void *count_realloc(void *ptr, unsigned int size)
{
	ARG_UNUSED(ptr);
	ARG_UNUSED(size);
	allocations++;
	return NULL;
}

static void count_free(void *ptr)
{
	ARG_UNUSED(ptr);
}

/* Functions of the application that have no memory to give. */
ZTEST(pool, test_allocator_of_the_application)
{
	RuntimeInitArgs args;
	char error[96] = "";

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Allocator;
	args.mem_alloc_option.allocator.malloc_func = count_malloc;
	args.mem_alloc_option.allocator.realloc_func = count_realloc;
	args.mem_alloc_option.allocator.free_func = count_free;

	allocations = 0;
	if (wasm_runtime_full_init(&args)) {
		zassert_is_null(load(&types_wasm, error, sizeof(error)));
		zassert_not_equal(error[0], '\0');
		wasm_runtime_destroy();
	}
	zassert_true(allocations > 0);
}
