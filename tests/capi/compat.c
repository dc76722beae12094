/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an application that was written for WAMR relies on without saying so: what instantiation
 * makes and runs, and which calls are refused.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "counted.h"
#include "modules.h"
#include "platform.h"
#include "wasm_export.h"

char error[128];
wasm_module_t module;
wasm_module_inst_t instance;
wasm_exec_env_t exec_env;

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

void start(uint8_t *bytes, uint32_t size, uint32_t heap)
{
	if (!try_start(bytes, size, heap)) {
		puts(error);
		exit(1);
	}
}

void stop(void)
{
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
}

int call(const char *name, uint32_t argument)
{
	uint32_t argv[2] = {argument, 4};

	if (!wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, name), 2,
				    argv)) {
		return -1;
	}
	return (int)argv[0];
}

uint64_t memory_size(void)
{
	uint64_t end = 0;

	return wasm_runtime_get_app_addr_range(instance, 0, NULL, &end) ? end : 0;
}

static void test_memory(void)
{
	/* The library of the tests has all options, and pointers of 8 bytes: records of an instance
	 * are larger than in an application that has 24 KiB. */
	static _Alignas(8) char pool[24 * 1024 + 512];
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
	/* What is not in the pool is not freed: WAMR's samples free an address of a program. */
	wasm_runtime_free((void *)(uintptr_t)0xffff0000);
	wasm_runtime_free(&args);
	wasm_runtime_free(pool + sizeof(pool));
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
	START(varied, 0);
	CHECK(memory_size() == 65536);
	stop();
	START(stackless, 0);
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
	CHECK(!try_start((uint8_t *)lent_tables_wasm, sizeof(lent_tables_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: failed to link import table (env, "
			    "__indirect_function_table)") == 0);
	CHECK(!try_start((uint8_t *)lent_global_wasm, sizeof(lent_global_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: failed to link import global (env, "
			    "memory)") == 0);
	wasm_runtime_destroy();
}

static void test_first_functions(void)
{
	char name[] = "x", *arguments[] = {name};

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
	/* It has no result, so none is written over the arguments. */
	START(command, 0);
	CHECK(wasm_application_execute_main(instance, 1, arguments) && arguments[0] == name);
	stop();
	wasm_runtime_destroy();
}

/* What main() returns replaces the first argument, where there are both. */
static void test_main_functions(void)
{
	char name[] = "x", *arguments[] = {name};
	int result;

	CHECK(wasm_runtime_init());
	START(main_result, 4096);
	CHECK(wasm_application_execute_main(instance, 0, NULL));
	CHECK(wasm_application_execute_main(instance, 0, arguments) && arguments[0] == name);
	CHECK(wasm_application_execute_main(instance, 1, arguments));
	memcpy(&result, arguments, sizeof(result));
	CHECK(result == 41);
	stop();
	arguments[0] = name;
	START(main_plain, 4096);
	CHECK(wasm_application_execute_main(instance, 1, arguments) && call("seen", 0) == 1);
	CHECK(arguments[0] == name);
	CHECK(wasm_application_execute_main(instance, 0, NULL) && call("seen", 0) == 0);
	stop();
	START(main_bare, 0);
	CHECK(wasm_application_execute_main(instance, 1, NULL));
	CHECK(wasm_application_execute_main(instance, 1, arguments));
	memcpy(&result, arguments, sizeof(result));
	CHECK(result == 5);
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
	/* Unless warnings are not wanted. */
	last_message[0] = '\0';
	wasm_runtime_set_log_level(WASM_LOG_LEVEL_ERROR);
	CHECK(wasm_runtime_register_natives("bare", natives, 2) && last_message[0] == '\0');
	CHECK(wasm_runtime_unregister_natives("bare", natives));
	wasm_runtime_set_log_level(WASM_LOG_LEVEL_WARNING);
	CHECK(wasm_runtime_register_natives("bare", natives, 3));
	zonda_platform_defaults.bare_pointers = false;
	CHECK(wasm_runtime_unregister_natives("bare", natives));
	wasm_runtime_destroy();
}

static unsigned ticks;

static void tick(wasm_exec_env_t env)
{
	(void)env;
	ticks++;
}

/*
 * A call without arguments and results needs next to nothing of an operand stack: the smallest one
 * has room for it. A call for which the native stack has no room is refused.
 */
static void test_calls_without_operands(void)
{
	NativeSymbol natives[] = {{"tick", (void *)tick, "()", NULL}};
	wasm_exec_env_t smallest;

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", natives, 1));
	START(ticking, 0);
	smallest = wasm_runtime_create_exec_env(instance, 1);
	CHECK(smallest != NULL);
	CHECK(wasm_runtime_call_wasm(smallest, wasm_runtime_lookup_function(instance, "tick"), 0,
				     NULL));
	CHECK(ticks == 1 && call("twice", 0) != -1 && ticks == 3);
	platform_stack_used_up = true;
	CHECK(call("tick", 0) == -1 && ticks == 3);
	CHECK(strstr(wasm_runtime_get_exception(instance), "native stack overflow") != NULL);
	wasm_runtime_clear_exception(instance);
	CHECK(call("twice", 0) == -1 && ticks == 3);
	platform_stack_used_up = false;
	wasm_runtime_clear_exception(instance);
	CHECK(call("twice", 0) != -1 && ticks == 5);
	wasm_runtime_destroy_exec_env(smallest);
	stop();
	wasm_runtime_destroy();
}

static void raw_mix(wasm_exec_env_t env, uint64_t *args)
{
	native_raw_return_type(double, args);
	native_raw_get_arg(int32_t, a, args);
	native_raw_get_arg(int64_t, b, args);
	native_raw_get_arg(float, c, args);
	native_raw_get_arg(double, d, args);

	(void)env;
	native_raw_set_return(a * 1000.0 + (double)b * 100.0 + c * 10.0 + d);
}

static void raw_length(wasm_exec_env_t env, uint64_t *args)
{
	native_raw_return_type(uint32_t, args);
	native_raw_get_arg(char *, text, args);

	(void)env;
	native_raw_set_return((uint32_t)strlen(text));
}

static void raw_fail(wasm_exec_env_t env, uint64_t *args)
{
	(void)args;
	wasm_runtime_set_exception(wasm_runtime_get_module_inst(env), "raw");
}

static void test_raw_natives(void)
{
	static NativeSymbol natives[] = {{"mix", (void *)raw_mix, "(iIfF)F", NULL},
					 {"length", (void *)raw_length, "($)i", NULL},
					 {"fail", (void *)raw_fail, "()", NULL}};

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives_raw("env", natives, 3));
	START(raw, 0);
	CHECK(call("mix", 0) == 1234 && call("length", 8) == 5);
	CHECK(call("length", 65535) == 0);
	CHECK(call("length", 65536) == -1);
	CHECK(strstr(wasm_runtime_get_exception(instance), "out of bounds memory access"));
	wasm_runtime_clear_exception(instance);
	CHECK(call("fail", 0) == -1);
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: raw") == 0);
	stop();
	CHECK(wasm_runtime_unregister_natives("env", natives));
	wasm_runtime_destroy();
}

/* Asks the runtime whether there is stack for as many bytes, then for a call. */
static unsigned stack_asked;

static uint32_t has_stack(wasm_exec_env_t env, uint32_t size)
{
	stack_asked++;
	if (!wasm_runtime_detect_native_stack_overflow_size(env, size)) {
		return 0;
	}
	return 1 + (wasm_runtime_begin_blocking_op(env) ? 1 : 0);
}

/* With AddressSanitizer the address of a local variable says nothing of the stack. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCALS_ELSEWHERE
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LOCALS_ELSEWHERE
#endif

static void test_native_stack(void)
{
	static NativeSymbol natives[] = {{"has_stack", (void *)has_stack, "(i)i", NULL}};
	wasm_module_inst_t before;
#ifndef LOCALS_ELSEWHERE
	uint8_t here;
#endif

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", natives, 1));
	START(stacked, 0);
	CHECK(call("has_stack", 1 << 20) == 2);
#ifndef LOCALS_ELSEWHERE
	wasm_runtime_set_native_stack_boundary(exec_env, &here - (1 << 20));
	CHECK(call("has_stack", 1 << 10) == 2 && call("has_stack", 1 << 20) == -1);
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: native stack overflow") ==
	      0);
	wasm_runtime_clear_exception(instance);
	wasm_runtime_set_native_stack_boundary(exec_env, &here + 4096);
	CHECK(!wasm_runtime_detect_native_stack_overflow(exec_env));
	wasm_runtime_clear_exception(instance);
	/* The call does not begin. */
	stack_asked = 0;
	CHECK(call("has_stack", 0) == -1 && stack_asked == 0);
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: native stack overflow") ==
	      0);
	wasm_runtime_clear_exception(instance);
#endif
	wasm_runtime_set_native_stack_boundary(exec_env, NULL);
	CHECK(wasm_runtime_detect_native_stack_overflow(exec_env) && call("has_stack", 0) == 2);
	wasm_runtime_terminate(instance);
	CHECK(!wasm_runtime_begin_blocking_op(exec_env));
	wasm_runtime_end_blocking_op(exec_env);
	before = wasm_runtime_get_module_inst(exec_env);
	wasm_runtime_set_module_inst(exec_env, before);
	CHECK(wasm_runtime_get_module_inst(exec_env) == before);
	CHECK(!wasm_runtime_is_wasi_mode(instance) &&
	      wasm_runtime_lookup_wasi_start_function(instance) == NULL);
	wasm_runtime_set_bounds_checks(instance, false);
	CHECK(wasm_runtime_is_bounds_checks_enabled(instance));
	wasm_runtime_set_max_thread_num(4);
	stop();
	START(reactor, 0);
	CHECK(wasm_runtime_is_wasi_mode(instance));
	stop();
	START(command, 0);
	CHECK(wasm_runtime_lookup_wasi_start_function(instance) ==
	      wasm_runtime_lookup_function(instance, "_start"));
	stop();
	wasm_runtime_destroy();
}

static void test_aligned_blocks(void)
{
	NativeSymbol *base = (NativeSymbol *)&module;
	char *block;

	CHECK(get_base_lib_export_apis(&base) == 0 && base == NULL);
	CHECK(wasm_runtime_init());
	for (uint32_t alignment = 1; alignment <= 4096; alignment *= 2) {
		for (uint32_t times = 1; times <= 5; times++) {
			block = wasm_runtime_aligned_alloc(alignment * times, alignment);
			CHECK(block != NULL && (uintptr_t)block % alignment == 0);
			memset(block, 7, alignment * times);
			if (times % 2 == 0) {
				block = wasm_runtime_realloc(block, alignment * times * 3);
				CHECK(block != NULL && block[0] == 7 &&
				      block[alignment * times - 1] == 7);
				memset(block, 9, alignment * times * 3);
			}
			wasm_runtime_free(block);
		}
	}
	CHECK(wasm_runtime_aligned_alloc(24, 3) == NULL &&
	      wasm_runtime_aligned_alloc(0, 8) == NULL &&
	      wasm_runtime_aligned_alloc(9, 8) == NULL &&
	      wasm_runtime_aligned_alloc(8, 0) == NULL &&
	      wasm_runtime_aligned_alloc(UINT32_MAX, 1) == NULL &&
	      wasm_runtime_aligned_alloc(1u << 31, 1u << 31) == NULL);
	wasm_runtime_destroy();
}

/* The sections of `fitted`, behind its first 8 bytes. */
static void test_sections(void)
{
	static wasm_section_t list[16];
	const uint8_t *at = fitted_wasm + 8, *end = fitted_wasm + sizeof(fitted_wasm);
	size_t count = 0;

	while (at < end) {
		uint32_t size = 0, shift = 0;

		list[count].section_type = *at++;
		do {
			size |= (uint32_t)(*at & 0x7f) << shift;
			shift += 7;
		} while (*at++ & 0x80);
		list[count].section_body = (uint8_t *)at;
		list[count].section_body_size = size;
		if (count != 0) {
			list[count - 1].next = &list[count];
		}
		count++;
		at += size;
	}
	CHECK(count > 3 && wasm_runtime_init());
	module = wasm_runtime_load_from_sections(list, false, error, sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 8192, 0, error, sizeof(error));
	CHECK(instance != NULL);
	exec_env = wasm_runtime_get_exec_env_singleton(instance);
	CHECK(exec_env != NULL && call("sum", 1024) == 10);
	stop();
	CHECK(wasm_runtime_load_from_sections(list, true, error, sizeof(error)) == NULL);
	CHECK(strstr(error, "magic header"));
	list[1].section_type = 300;
	CHECK(wasm_runtime_load_from_sections(list, false, error, sizeof(error)) == NULL);
	list[1].section_type = list[0].section_type;
	CHECK(wasm_runtime_load_from_sections(list, false, error, sizeof(error)) == NULL);
	/* A module without sections. */
	module = wasm_runtime_load_from_sections(NULL, false, error, sizeof(error));
	CHECK(module != NULL);
	wasm_runtime_unload(module);
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
	test_main_functions();
	test_pending_exception();
	test_bare_pointers();
	test_calls_without_operands();
	test_objects();
	test_reflection();
	test_custom_section();
	test_contexts();
	test_objects_of_the_application();
	test_raw_natives();
	test_native_stack();
	test_aligned_blocks();
	test_sections();
	CHECK(allocated_blocks == 0);
	puts("well");
	return 0;
}
