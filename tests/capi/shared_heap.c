/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Heaps that instances share: what programs, the C library and native functions reach of them, how
 * they are chained, and what is refused. tests/embedding_c builds and runs this.
 */

#include "modules.h"
#include "counted.h"
#include "platform.h"
#include "wasm_export.h"

#include <stdio.h>
#include <string.h>

#define KIB 1024u
#define OUTSIDE "Exception: out of bounds memory access"

static wasm_module_t module;
static wasm_module_inst_t instances[2];
static wasm_exec_env_t envs[2];
static char error[128];

static int32_t sum(wasm_exec_env_t exec_env, const uint8_t *bytes, uint32_t len)
{
	int32_t total = 0;

	CHECK(wasm_runtime_validate_native_addr(get_module_inst(exec_env), (void *)bytes, len));
	while (len--) {
		total += *bytes++;
	}
	return total;
}

static int32_t length(wasm_exec_env_t exec_env, const char *text)
{
	(void)exec_env;
	return (int32_t)strlen(text);
}

static NativeSymbol natives[] = {{"sum", (void *)sum, "(*~)i", NULL},
				 {"length", (void *)length, "($)i", NULL}};

static void start_instance(int i)
{
	instances[i] = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	CHECK(instances[i] != NULL);
	envs[i] = wasm_runtime_create_exec_env(instances[i], 0);
	CHECK(envs[i] != NULL);
}

static void stop_instance(int i)
{
	wasm_runtime_destroy_exec_env(envs[i]);
	wasm_runtime_deinstantiate(instances[i]);
}

/* Two instances of one module. */
static void start(void)
{
	CHECK(wasm_runtime_init());
	CHECK(wasm_runtime_register_natives("test", natives, 2));
	module = wasm_runtime_load((uint8_t *)shared_heap_wasm, sizeof(shared_heap_wasm), error,
				   sizeof(error));
	CHECK(module != NULL);
	for (int i = 0; i < 2; i++) {
		start_instance(i);
	}
}

static void stop(void)
{
	for (int i = 0; i < 2; i++) {
		stop_instance(i);
	}
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
	CHECK(allocated_blocks == 0);
}

/* Calls a function of an instance; false if it traps, with the exception cleared. */
static bool call(int i, const char *name, uint32_t *cells, uint32_t count)
{
	wasm_function_inst_t function = wasm_runtime_lookup_function(instances[i], name);
	bool done;

	CHECK(function != NULL);
	done = wasm_runtime_call_wasm(envs[i], function, count, cells);
	if (!done) {
		CHECK(strcmp(wasm_runtime_get_exception(instances[i]), OUTSIDE) == 0);
		wasm_runtime_clear_exception(instances[i]);
	}
	return done;
}

#define CALL(i, name, ...)                                                                         \
	(memset(cells, 0, sizeof(cells)), memcpy(cells, (uint32_t[]){__VA_ARGS__},                 \
						 sizeof((uint32_t[]){__VA_ARGS__})),               \
	 call(i, name, cells, sizeof((uint32_t[]){__VA_ARGS__}) / 4))

static uint32_t cells[8];

static wasm_shared_heap_t heap(uint32_t size, void *buffer)
{
	SharedHeapInitArgs args = {.size = size, .pre_allocated_addr = buffer};

	return wasm_runtime_create_shared_heap(&args);
}

/* One heap of the runtime, which both instances have. */
static void test_one_heap(void)
{
	wasm_shared_heap_t shared;
	uint32_t at, first;
	void *native;

	start();
	shared = heap(64 * KIB, NULL);
	CHECK(shared != NULL);
	first = UINT32_MAX - 64 * KIB + 1;
	/* Before it is attached nothing is there. */
	CHECK(!CALL(0, "load8", first) && !CALL(0, "load8", UINT32_MAX));
	CHECK(!wasm_runtime_validate_app_addr(instances[0], first, 1));
	wasm_runtime_clear_exception(instances[0]);
	CHECK(wasm_runtime_addr_app_to_native(instances[0], first) == NULL);
	CHECK(wasm_runtime_shared_heap_malloc(instances[0], 8, NULL) == 0);
	CHECK(CALL(0, "malloc_shared", 8) && cells[0] == 0);
	for (int i = 0; i < 2; i++) {
		CHECK(wasm_runtime_attach_shared_heap(instances[i], shared));
		CHECK(!wasm_runtime_attach_shared_heap(instances[i], shared));
	}
	/* The program allocates; the other one sees what it writes. */
	CHECK(CALL(0, "malloc_shared", 100) && cells[0] >= first);
	at = cells[0];
	CHECK(CALL(0, "write", at) && cells[0] == 7);
	CHECK(CALL(1, "print", at) && CALL(1, "length", at) && cells[0] == 707);
	CHECK(CALL(1, "sum", at, 2) && cells[0] == 'h' + 'e');
	/* So does the application. */
	native = wasm_runtime_addr_app_to_native(instances[1], at);
	CHECK(native != NULL && strcmp(native, "hello 7") == 0);
	CHECK(wasm_runtime_addr_native_to_app(instances[0], native) == at);
	CHECK(wasm_runtime_validate_app_addr(instances[0], at, 64 * KIB - (at - first)));
	CHECK(!wasm_runtime_validate_app_addr(instances[0], at, 64 * KIB - (at - first) + 1));
	wasm_runtime_clear_exception(instances[0]);
	CHECK(wasm_runtime_validate_app_str_addr(instances[0], at));
	CHECK(wasm_runtime_validate_native_addr(instances[0], native, 100));
	CHECK(!wasm_runtime_validate_native_addr(instances[0], native, 64 * KIB + 1));
	wasm_runtime_clear_exception(instances[0]);
	/* Blocks come back, and what is none is ignored. */
	CHECK(CALL(1, "free_shared", at + 16) && CALL(1, "free_shared", 8));
	CHECK(CALL(1, "free_shared", at));
	CHECK(wasm_runtime_shared_heap_malloc(instances[1], 64 * KIB, &native) == first);
	CHECK(wasm_runtime_addr_native_to_app(instances[0], native) == first);
	CHECK(wasm_runtime_shared_heap_malloc(instances[0], 1, NULL) == 0);
	wasm_runtime_shared_heap_free(instances[0], first);
	/* Every access at the limits, from all sides. */
	CHECK(CALL(0, "fill", first, 0xaa, 64 * KIB) && CALL(1, "load8", UINT32_MAX));
	CHECK(cells[0] == 0xffffffaa && CALL(1, "load8", first) && cells[0] == 0xffffffaa);
	CHECK(!CALL(0, "fill", first, 0, 64 * KIB + 1) && !CALL(0, "fill", first - 1, 0, 2));
	CHECK(CALL(0, "store64", UINT32_MAX - 11, 1, 2) && CALL(1, "load64", UINT32_MAX - 11));
	CHECK(cells[0] == 1 && cells[1] == 2);
	CHECK(!CALL(0, "load64", UINT32_MAX - 10) && !CALL(0, "store64", UINT32_MAX - 10, 1, 2));
	CHECK(!CALL(0, "load64", UINT32_MAX) && !CALL(0, "far", 256) && CALL(0, "far", 252));
	CHECK(CALL(0, "far", 0) && !CALL(0, "load8", first - 1) && !CALL(0, "load8", 64 * KIB));
	CHECK(!CALL(0, "store32", first - 1, 0) && CALL(0, "store32", first, 0x64636261));
	/* Between the memories. */
	CHECK(CALL(1, "copy", 300, first, 4) && CALL(1, "load8", 303) && cells[0] == 'd');
	CHECK(CALL(1, "copy", first + 8, 300, 4) && CALL(0, "load8", first + 11) && cells[0] == 'd');
	CHECK(CALL(1, "copy", first + 1, first, 12) && CALL(0, "load8", first + 12) &&
	      cells[0] == 'd');
	CHECK(!CALL(1, "copy", first, 64 * KIB - 3, 4) && !CALL(1, "copy", UINT32_MAX, 0, 2));
	CHECK(CALL(1, "init", first) && CALL(0, "load8", first + 6) && cells[0] == 'e');
	CHECK(!CALL(1, "init", UINT32_MAX - 5) && CALL(1, "init", UINT32_MAX - 6));
	CHECK(CALL(0, "memcpy", 400, first, 7) && CALL(0, "load8", 406) && cells[0] == 'e');
	CHECK(!CALL(0, "memcpy", first, 64 * KIB - 3, 4));
	/* A string without an end, and lengths that are too large. */
	CHECK(CALL(0, "fill", first, 'x', 64 * KIB) && !CALL(0, "length", first));
	CHECK(!CALL(0, "sum", first, 64 * KIB + 1) && !CALL(0, "sum", UINT32_MAX, 2));
	CHECK(CALL(0, "sum", UINT32_MAX, 1) && cells[0] == 'x');
	/* The own memory is as it was, also when it grows. */
	CHECK(CALL(0, "grow", 0) && cells[0] == 1 && CALL(0, "load8", 64 * KIB) &&
	      CALL(0, "load8", first));
	/* One lets go, the other one keeps it. */
	CHECK(!wasm_runtime_reset_shared_heap_chain(shared));
	wasm_runtime_detach_shared_heap(instances[0]);
	wasm_runtime_detach_shared_heap(instances[0]);
	CHECK(!CALL(0, "load8", first) && CALL(1, "load8", first) && cells[0] == 'x');
	wasm_runtime_detach_shared_heap(instances[1]);
	CHECK(wasm_runtime_reset_shared_heap_chain(shared));
	CHECK(wasm_runtime_attach_shared_heap(instances[1], shared));
	CHECK(CALL(1, "load8", first) && cells[0] == 0);
	stop();
}

/* A heap of the runtime in front of a buffer of the application. */
static void test_a_chain(void)
{
	static uint8_t buffer[4096], other[512];
	wasm_shared_heap_t own, ready, second, third;
	uint32_t last = UINT32_MAX - sizeof(buffer) + 1, at;

	start();
	own = heap(8 * KIB, NULL);
	ready = heap(sizeof(buffer), buffer);
	second = heap(KIB, NULL);
	third = heap(sizeof(other), other);
	CHECK(own && ready && second && third);
	CHECK(wasm_runtime_chain_shared_heaps(NULL, ready) == NULL);
	CHECK(wasm_runtime_chain_shared_heaps(own, NULL) == NULL);
	CHECK(wasm_runtime_chain_shared_heaps(own, own) == NULL);
	/* Two of the runtime. */
	CHECK(wasm_runtime_chain_shared_heaps(own, second) == NULL);
	/* An instance has one of them, or both are taken. */
	CHECK(wasm_runtime_attach_shared_heap(instances[0], own));
	CHECK(wasm_runtime_chain_shared_heaps(third, own) == NULL);
	CHECK(wasm_runtime_attach_shared_heap(instances[1], third));
	CHECK(wasm_runtime_chain_shared_heaps(third, own) == NULL);
	for (int i = 0; i < 2; i++) {
		wasm_runtime_detach_shared_heap(instances[i]);
	}
	CHECK(wasm_runtime_chain_shared_heaps(own, ready) == own);
	/* The first has one behind already, the second one in front. */
	CHECK(wasm_runtime_chain_shared_heaps(own, third) == NULL);
	CHECK(wasm_runtime_chain_shared_heaps(third, ready) == NULL);
	CHECK(!wasm_runtime_attach_shared_heap(instances[0], ready));
	CHECK(wasm_runtime_chain_shared_heaps(third, own) == third);
	for (int i = 0; i < 2; i++) {
		CHECK(wasm_runtime_attach_shared_heap(instances[i], third));
	}
	CHECK(wasm_runtime_chain_shared_heaps(second, third) == NULL);
	CHECK(wasm_runtime_unchain_shared_heaps(third, true) == NULL);
	/* Nor from the middle on. */
	CHECK(wasm_runtime_unchain_shared_heaps(own, false) == NULL);
	CHECK(!wasm_runtime_reset_shared_heap_chain(own));
	/* One range of addresses: third, own, ready. An access lies in one of them. */
	at = last - 8 * KIB;
	CHECK(wasm_runtime_shared_heap_malloc(instances[0], 8 * KIB, NULL) == at);
	CHECK(CALL(0, "load8", at - sizeof(other)) && !CALL(0, "load8", at - sizeof(other) - 1));
	CHECK(CALL(0, "store32", last, 0x12345678) && buffer[0] == 0x78 && buffer[3] == 0x12);
	CHECK(CALL(0, "store32", last - 4, 1) && !CALL(0, "store32", last - 3, 1));
	CHECK(!CALL(0, "fill", last - 4, 0, 8) && !CALL(0, "sum", last - 1, 2));
	CHECK(CALL(0, "store32", at - 4, 0x55) && other[508] == 0x55);
	CHECK(CALL(1, "load8", at - 4) && cells[0] == 0x55);
	CHECK(wasm_runtime_addr_app_to_native(instances[1], last + 5) == buffer + 5);
	CHECK(wasm_runtime_addr_native_to_app(instances[1], buffer + 5) == last + 5);
	/* What is not the runtime's is not freed. */
	wasm_runtime_shared_heap_free(instances[0], last);
	CHECK(wasm_runtime_shared_heap_malloc(instances[0], 1, NULL) == 0);
	wasm_runtime_shared_heap_free(instances[1], at);
	CHECK(wasm_runtime_shared_heap_malloc(instances[0], 1, NULL) == at);
	wasm_runtime_detach_shared_heap(instances[0]);
	wasm_runtime_detach_shared_heap(instances[1]);
	CHECK(wasm_runtime_reset_shared_heap_chain(third) && buffer[0] == 0 && other[508] == 0);
	CHECK(wasm_runtime_unchain_shared_heaps(third, false) == own);
	CHECK(wasm_runtime_unchain_shared_heaps(own, true) == ready);
	CHECK(wasm_runtime_unchain_shared_heaps(ready, true) == NULL);
	/* Alone it lies at the end again. */
	CHECK(wasm_runtime_attach_shared_heap(instances[0], own));
	CHECK(wasm_runtime_shared_heap_malloc(instances[0], 1, NULL) == UINT32_MAX - 8 * KIB + 1);
	/* An instance lets go when it ends. */
	CHECK(!wasm_runtime_reset_shared_heap_chain(own));
	stop_instance(0);
	CHECK(wasm_runtime_reset_shared_heap_chain(own));
	start_instance(0);
	stop();
}

static void test_refusals(void)
{
	start();
	CHECK(heap(0, NULL) == NULL && heap(255, NULL) == NULL && heap(UINT32_MAX, NULL) == NULL);
	CHECK(!wasm_runtime_attach_shared_heap(instances[0], NULL));
	CHECK(!wasm_runtime_reset_shared_heap_chain(NULL));
	CHECK(wasm_runtime_unchain_shared_heaps(NULL, true) == NULL);
	/* Each request for memory fails once. */
	for (long i = 1; i <= 4; i++) {
		platform_fail_first = platform_fail_last = platform_requests + i;
		CHECK(heap(KIB, NULL) == NULL);
	}
	platform_fail_first = platform_fail_last = 0;
	CHECK(heap(KIB, NULL) != NULL);
	stop();
}

/* With an argument all of it in classic mode, else in fast mode, which is the default. */
int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		zonda_platform_defaults.running_mode = Mode_Zonda_Classic;
	}
	test_one_heap();
	test_a_chain();
	test_refusals();
	puts("well");
	return 0;
}
