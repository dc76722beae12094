/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory in the application in main.c: linear memory and its limits, the application heap, and an
 * allocator that fails.
 */

#include "main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The firmware's limit for an instance: one page and its records fit, or not. */
void test_total_limit(void)
{
	struct program program;
	wasm_module_t module;

	init_with_pool();
	zonda_platform_defaults.total_limit = 65536;
	module = wasm_runtime_load((uint8_t *)natives_wasm, sizeof(natives_wasm), error,
				   sizeof(error));
	CHECK(module != NULL);
	CHECK(wasm_runtime_instantiate(module, 2048, 0, error, sizeof(error)) == NULL);
	CHECK(error[0] != '\0');
	wasm_runtime_unload(module);
	/* Whatever was half made is back, and with room the same module runs. */
	zonda_platform_defaults.total_limit = 65536 + 4096;
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	stop(&program);
	zonda_platform_defaults.total_limit = 0;
	wasm_runtime_destroy();
}

void test_memory(const uint8_t *bytes, uint32_t size, bool own_allocator)
{
	struct program program;
	wasm_module_inst_t module_inst;
	uint64_t at, other, first, last;
	uint8_t *low, *high;
	void *native = NULL;
	uint32_t argv[1];

	init_with_pool();
	program = start(bytes, size, own_allocator ? 0 : 1024);
	module_inst = program.instance;

	CHECK(validate_app_addr(0, 65536) && !validate_app_addr(0, 1 << 20) &&
	      !validate_app_addr(UINT64_MAX, 2));
	CHECK(wasm_runtime_get_exception(module_inst) != NULL);
	wasm_runtime_clear_exception(module_inst);
	CHECK(addr_app_to_native(1 << 20) == NULL && addr_native_to_app(&native) == 0);
	CHECK(wasm_runtime_get_app_addr_range(module_inst, 1, &first, &last) && first == 0 &&
	      last >= 65536);
	CHECK(!wasm_runtime_get_app_addr_range(module_inst, last, NULL, NULL));
	low = addr_app_to_native(0);
	CHECK(wasm_runtime_get_native_addr_range(module_inst, low + 5, &low, &high) &&
	      (uint64_t)(high - low) == last);
	CHECK(wasm_runtime_validate_native_addr(module_inst, low, last) &&
	      !wasm_runtime_validate_native_addr(module_inst, low, last + 1));
	wasm_runtime_clear_exception(module_inst);

	at = module_malloc(100, &native);
	CHECK(at != 0 && native == addr_app_to_native(at) && addr_native_to_app(native) == at);
	CHECK(own_allocator == (at < 65536));
	memset(native, 7, 100);
	other = wasm_runtime_module_dup_data(module_inst, "hello", 6);
	CHECK(other != 0 && validate_app_str_addr(other) &&
	      strcmp(addr_app_to_native(other), "hello") == 0);
	CHECK(module_malloc(1 << 20, NULL) == 0);
	module_free(at);
	module_free(0);
	if (!own_allocator) {
		CHECK(module_malloc(100, &native) == at);
		/* The heap is not in what the program is told to have. */
		CHECK(call(&program, "take_all", 0, argv) && argv[0] == 1);
		CHECK(strcmp(addr_app_to_native(other), "hello") == 0);
		/* Growing goes on behind the heap and leaves it alone. */
		argv[0] = 1;
		CHECK(call(&program, "grow", 1, argv) && argv[0] == 2);
		CHECK(strcmp(addr_app_to_native(other), "hello") == 0);
		CHECK(validate_app_addr(0, 3 * 65536));
		CHECK(call(&program, "take_all", 0, argv) && argv[0] == 3);
	}
	module_free(other);
	stop(&program);
	wasm_runtime_destroy();
}

/* The heap of a memory without pages begins at address 0, which is no block's. */
void test_heap_alone(void)
{
	static const uint8_t empty_wasm[] = {
		0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00,
		0x00, 0x05, 0x03, 0x01, 0x00, 0x00}; /* (module (memory 0)) */
	struct program program;

	init_with_pool();
	program = start(empty_wasm, sizeof(empty_wasm), 64);
	CHECK(wasm_runtime_module_malloc(program.instance, 8, NULL) == 8);
	stop(&program);
	wasm_runtime_destroy();
}

void test_memory_limit(void)
{
	struct program program;
	wasm_module_inst_t module_inst;
	uint32_t argv[1] = {1};

	init_with_pool();
	zonda_platform_defaults.memory_limit = 2000;
	program = start(malloc_wasm, sizeof(malloc_wasm), 0);
	CHECK(strcmp(last_message, "memory of 1 pages cut to 2000 bytes") == 0);
	stop(&program);
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	module_inst = program.instance;
	CHECK(validate_app_addr(0, 2000) && !validate_app_addr(0, 2001));
	check_trap(&program, "fill_end", 0, NULL, "out of bounds memory access");
	CHECK(call(&program, "grow", 1, argv) && argv[0] == (uint32_t)-1);
	stop(&program);
	zonda_platform_defaults.memory_limit = 0;
	wasm_runtime_destroy();
}

/* Everything once, until something says that there is no memory. True when nothing did. */
static bool use_everything(const uint8_t *bytes, uint32_t size, const char *name)
{
	wasm_module_t module;
	wasm_module_inst_t instance = NULL;
	wasm_exec_env_t exec_env = NULL;
	uint32_t argv[4] = {3, 0, 0, 0};
	bool done = false;
	uint64_t at;

	if (!wasm_runtime_register_natives("env", (NativeSymbol *)natives, sizeof(natives) / sizeof(natives[0]))) {
		return false;
	}
	module = wasm_runtime_load((uint8_t *)bytes, size, error, sizeof(error));
	if (module == NULL) {
		CHECK(strcmp(error, "WASM module load failed: allocate memory failed") == 0);
		goto end;
	}
	instance = wasm_runtime_instantiate(module, 1024, 512, error, sizeof(error));
	if (instance == NULL) {
		/* WAMR's text, and where the bytes are known, what wants how many. */
		CHECK(strncmp(error, "WASM module instantiate failed: allocate memory failed",
			      54) == 0);
		goto end;
	}
	exec_env = wasm_runtime_create_exec_env(instance, 1024);
	if (exec_env == NULL) {
		goto end;
	}
	if (!wasm_runtime_set_running_mode(instance, Mode_Zonda_Classic) ||
	    !wasm_runtime_set_running_mode(instance, Mode_Zonda_Fast)) {
		/* As it was before. */
		CHECK(wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, name),
					     1, argv));
		goto end;
	}
	CHECK(wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, name), 1,
				     argv));
	at = wasm_runtime_module_malloc(instance, 64, NULL);
	if (at == 0) {
		goto end;
	}
	wasm_runtime_module_free(instance, at);
	done = true;
end:
	wasm_runtime_destroy_exec_env(exec_env);
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	CHECK(wasm_runtime_unregister_natives("env", (NativeSymbol *)natives));
	return done;
}

void test_out_of_memory(const uint8_t *bytes, uint32_t size, const char *name)
{
	init_with_callbacks();
	for (long n = 1;; n++) {
		bool done;

		CHECK(n < 10000);
		requests = 0;
		fail_first = fail_last = n;
		done = use_everything(bytes, size, name);
		CHECK(blocks == 0);
		if (requests < n) {
			CHECK(done);
			break;
		}
		CHECK(!done);
	}
	fail_last = 0;
	wasm_runtime_destroy();
}

void test_reloading(void)
{
	uint32_t before;

	init_with_pool();
	before = free_bytes();
	for (int i = 0; i < 1000; i++) {
		struct program program = start(natives_wasm, sizeof(natives_wasm), 64);
		uint32_t argv[1] = {1};

		CHECK(call(&program, "inc", 1, argv) && argv[0] == 2);
		stop(&program);
		CHECK(free_bytes() == before);
	}
	wasm_runtime_destroy();
}

void test_malloc(void)
{
	uint32_t before;
	char *block;

	init_with_pool();
	before = free_bytes();
	block = wasm_runtime_malloc(10);
	CHECK(block != NULL && ((uintptr_t)block & 7) == 0);
	strcpy(block, "zonda");
	block = wasm_runtime_realloc(block, 5000);
	CHECK(block != NULL && strcmp(block, "zonda") == 0);
	block = wasm_runtime_realloc(block, 6);
	CHECK(strcmp(block, "zonda") == 0);
	CHECK(wasm_runtime_realloc(block, 10 << 20) == NULL && strcmp(block, "zonda") == 0);
	wasm_runtime_free(block);
	wasm_runtime_free(NULL);
	CHECK(wasm_runtime_malloc(10 << 20) == NULL);
	wasm_runtime_free(wasm_runtime_malloc(0));
	CHECK(free_bytes() == before);
	wasm_runtime_destroy();
}
