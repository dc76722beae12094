/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an application that was written for WAMR relies on without saying so: what instantiation
 * makes and runs, and which calls are refused.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counted.h"
#include "modules.h"
#include "platform.h"
#include "wasm_export.h"

#define START(name, heap) start((uint8_t *)name##_wasm, sizeof(name##_wasm), heap)

static char error[128];
static wasm_module_t module;
static wasm_module_inst_t instance;
static wasm_exec_env_t exec_env;

/* Loads and instantiates; false with the reason in `error` when the latter fails. */
static bool try_start(uint8_t *bytes, uint32_t size, uint32_t heap)
{
	module = wasm_runtime_load(bytes, size, error, sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 2048, heap, error, sizeof(error));
	if (instance == NULL) {
		wasm_runtime_unload(module);
		return false;
	}
	exec_env = wasm_runtime_get_exec_env_singleton(instance);
	CHECK(exec_env != NULL);
	return true;
}

static void start(uint8_t *bytes, uint32_t size, uint32_t heap)
{
	if (!try_start(bytes, size, heap)) {
		puts(error);
		exit(1);
	}
}

static void stop(void)
{
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
}

/* Calls with one argument, which may be superfluous; the result, or -1 for an exception. */
static int call(const char *name, uint32_t argument)
{
	uint32_t argv[2] = {argument, 4};

	if (!wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, name), 2,
				    argv)) {
		return -1;
	}
	return (int)argv[0];
}

static uint64_t memory_size(void)
{
	uint64_t end = 0;

	return wasm_runtime_get_app_addr_range(instance, 0, NULL, &end) ? end : 0;
}

static void test_memory(void)
{
	static _Alignas(8) char pool[24 * 1024];
	RuntimeInitArgs args;
	char *native;
	uint64_t at;

	/* WAMR's application for Zephyr: a stack and a heap of 8 KiB out of 24 KiB. */
	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Pool;
	args.mem_alloc_option.pool.heap_buf = pool;
	args.mem_alloc_option.pool.heap_size = sizeof(pool);
	CHECK(wasm_runtime_full_init(&args));
	module = wasm_runtime_load((uint8_t *)fitted_wasm, sizeof(fitted_wasm), error,
				   sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 8192, 8192, error, sizeof(error));
	CHECK(instance != NULL);
	exec_env = wasm_runtime_get_exec_env_singleton(instance);
	CHECK(exec_env != NULL && memory_size() == 12288);
	CHECK(call("sum", 1024) == 10);
	at = wasm_runtime_module_malloc(instance, 8000, (void **)&native);
	CHECK(at >= 4096 && at + 8000 <= 12288);
	memset(native, 1, 8000);
	CHECK(call("sum", (uint32_t)at) == 4 && call("sum", 1024) == 10);
	/* What lies behind is no memory. */
	CHECK(call("sum", 12288 - 3) == -1);
	CHECK(strstr(wasm_runtime_get_exception(instance), "out of bounds memory access"));
	stop();
	wasm_runtime_destroy();

	CHECK(wasm_runtime_init());
	START(fitted, 0);
	CHECK(memory_size() == 4096);
	stop();
	zonda_platform_defaults.whole_memory = true;
	START(fitted, 8);
	CHECK(memory_size() == 65536 + 8 && call("sum", 65536 + 4) == 0);
	stop();
	zonda_platform_defaults.whole_memory = false;
	START(sized, 0);
	CHECK(memory_size() == 65536 && call("size", 0) == 1);
	stop();
	START(unfit, 0);
	CHECK(memory_size() == 65536);
	stop();
	wasm_runtime_destroy();
}

static void test_lent(void)
{
	CHECK(wasm_runtime_init());
	for (uint32_t heap = 0; heap <= 4096; heap += 4096) {
		START(lent, heap);
		CHECK(call("load", 101) == 'o' && call("call", 1) == 2);
		CHECK(call("call", 2) == -1);
		wasm_runtime_clear_exception(instance);
		/* The heap is no part of the two pages that the module may have. */
		CHECK(memory_size() == 65536 + heap);
		CHECK(call("grow", 1) == (heap == 0 ? 1 : 2) && call("grow", 1) == -1);
		CHECK(wasm_runtime_get_exception(instance) == NULL);
		CHECK((wasm_runtime_module_malloc(instance, 4096, NULL) != 0) == (heap != 0));
		stop();
	}
	/* Nothing else is made. */
	CHECK(!try_start((uint8_t *)lent_twice_wasm, sizeof(lent_twice_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: failed to link import memory (env, "
			    "memory)") == 0);
	CHECK(!try_start((uint8_t *)lent_global_wasm, sizeof(lent_global_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: failed to link import global (env, "
			    "memory)") == 0);
	wasm_runtime_destroy();
}

static void test_first_functions(void)
{
	CHECK(wasm_runtime_init());
	START(ctors, 0);
	CHECK(call("seen", 0) == 134);
	stop();
	START(reactor, 0);
	CHECK(call("seen", 0) == 123);
	stop();
	CHECK(!try_start((uint8_t *)bad_ctors_wasm, sizeof(bad_ctors_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: Exception: unreachable") == 0);
	START(odd_ctors, 0);
	stop();
	START(command, 0);
	CHECK(wasm_application_execute_main(instance, 0, NULL) && call("seen", 0) == 7);
	stop();
	wasm_runtime_destroy();
}

static void test_pending_exception(void)
{
	char *argv[1] = {"x"};

	CHECK(wasm_runtime_init());
	START(command, 0);
	CHECK(call("trap", 0) == -1);
	/* Until it is cleared nothing runs, and the reason stays. */
	CHECK(call("seen", 0) == -1);
	CHECK(!wasm_application_execute_main(instance, 1, argv));
	CHECK(!wasm_application_execute_func(instance, "seen", 0, NULL));
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: unreachable") == 0);
	wasm_runtime_clear_exception(instance);
	CHECK(call("seen", 0) == 0);
	wasm_runtime_set_exception(instance, "mine");
	CHECK(call("seen", 0) == -1);
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: mine") == 0);
	wasm_runtime_set_exception(instance, NULL);
	CHECK(call("seen", 0) == 0);
	stop();
	wasm_runtime_destroy();
}

static uint32_t first(wasm_exec_env_t env, uint8_t *at)
{
	(void)env;
	return at[0];
}

/* Tables that were written for WAMR are accepted as a whole, with one warning. */
static void test_bare_pointers(void)
{
	NativeSymbol natives[] = {
		{"first", (void *)first, "(*)i", NULL},
		{"second", (void *)first, "(i*)i", NULL},
		{"third", (void *)first, "(q)i", NULL},
	};

	CHECK(wasm_runtime_init());
	CHECK(wasm_runtime_register_natives("bare", natives, 3) == false);
	zonda_platform_defaults.bare_pointers = true;
	CHECK(wasm_runtime_register_natives("bare", natives, 2));
	CHECK(strstr(last_message, "natives of bare: of a pointer * without its length") != NULL);
	CHECK(wasm_runtime_unregister_natives("bare", natives));
	CHECK(wasm_runtime_register_natives("bare", natives, 3));
	zonda_platform_defaults.bare_pointers = false;
	CHECK(wasm_runtime_unregister_natives("bare", natives));
	wasm_runtime_destroy();
}

/* With an argument all of it in classic mode, else in fast mode, which is the default. */
int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		zonda_platform_defaults.running_mode = Mode_Zonda_Classic;
	}
	test_memory();
	test_lent();
	test_first_functions();
	test_pending_exception();
	test_bare_pointers();
	CHECK(allocated_blocks == 0);
	puts("well");
	return 0;
}
