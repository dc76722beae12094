/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The C API as an application in C uses it, linked with libzonda_c.a. tests/capi_c.rs builds and
 * runs this, with the modules that stand in modules.h. Exits with 0 when all is well.
 */

#include "modules.h"
#include "counted.h"
#include "platform.h"
#include "wasm_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Native functions. What they see is checked by the module that calls them, or here. */

static int seen;

static void nop(wasm_exec_env_t exec_env)
{
	CHECK(wasm_runtime_get_function_attachment(exec_env) == &seen);
	seen++;
}

static int32_t inc(wasm_exec_env_t exec_env, int32_t x)
{
	(void)exec_env;
	return x + 1;
}

static int64_t all(wasm_exec_env_t exec_env, int32_t i, int64_t l, float f, double d, int32_t j,
		   int64_t m, float g, double e)
{
	(void)exec_env;
	CHECK(i == -1 && l == (1ll << 40) + 2 && f == 3.5f && d == 4.25 && j == 5 && m == -6 &&
	      g == 7.5f && e == 8.5);
	return (1ll << 33) + 9;
}

static float half(wasm_exec_env_t exec_env, float x)
{
	(void)exec_env;
	return x / 2;
}

static double third(wasm_exec_env_t exec_env, int64_t x)
{
	(void)exec_env;
	return (double)x / 4;
}

static int32_t sum(wasm_exec_env_t exec_env, const uint8_t *bytes, uint32_t len)
{
	wasm_module_inst_t module_inst = get_module_inst(exec_env);
	int32_t total = 0;

	CHECK(wasm_runtime_validate_native_addr(module_inst, (void *)bytes, len));
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

static size_t object(wasm_exec_env_t exec_env, size_t foreign)
{
	(void)exec_env;
	return foreign + 1;
}

/*
 * Registered without a signature, which is (). Whatever is in the result register when this returns
 * must not reach a module.
 */
static void bare(wasm_exec_env_t exec_env)
{
	CHECK(wasm_runtime_get_function_attachment(exec_env) == NULL);
	seen++;
}

static void fail(wasm_exec_env_t exec_env)
{
	wasm_runtime_set_exception(get_module_inst(exec_env), "out of coffee");
}

/* Whether a call is expected to go deeper than native functions may call back. */
static bool too_deep;

/* Calls back into the module on the same environment. */
static int32_t again(wasm_exec_env_t exec_env, int32_t depth)
{
	wasm_module_inst_t instance = get_module_inst(exec_env);
	uint32_t argv[1] = {(uint32_t)depth};

	bool done = wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, "down"),
					   1, argv);

	CHECK(wasm_runtime_get_function_attachment(exec_env) == (void *)exec_env);
	/* Otherwise the exception stands, and ends the caller as well. */
	CHECK(done || too_deep);
	return (int32_t)argv[0] + 1;
}

/* Counts the attempts to change how the running instance is executed that are refused. */
static int32_t change(wasm_exec_env_t exec_env, int32_t running_mode)
{
	wasm_module_inst_t instance = get_module_inst(exec_env);
	RunningMode before = wasm_runtime_get_running_mode(instance);
	int32_t refused = 0;

	refused += !wasm_runtime_set_running_mode(instance, (RunningMode)running_mode);
	refused += !wasm_runtime_set_running_mode(instance, before);
	CHECK(wasm_runtime_get_running_mode(instance) == before);
	return refused;
}

static void halt(wasm_exec_env_t exec_env)
{
	wasm_runtime_terminate(get_module_inst(exec_env));
}

static NativeSymbol again_native[1];

static const NativeSymbol natives[] = {
	EXPORT_WASM_API_WITH_ATT(nop, "()", &seen),
	EXPORT_WASM_API_WITH_SIG(inc, "(i)i"),
	EXPORT_WASM_API_WITH_SIG(all, "(iIfFiIfF)I"),
	EXPORT_WASM_API_WITH_SIG(half, "(f)f"),
	EXPORT_WASM_API_WITH_SIG(third, "(I)F"),
	EXPORT_WASM_API_WITH_SIG(sum, "(*~)i"),
	EXPORT_WASM_API_WITH_SIG(length, "($)i"),
	EXPORT_WASM_API_WITH_SIG(object, "(r)r"),
	EXPORT_WASM_API(bare),
	EXPORT_WASM_API(fail),
	EXPORT_WASM_API_WITH_SIG(halt, ""),
	EXPORT_WASM_API_WITH_SIG(change, "(i)i"),
};

/* Memory. */

static _Alignas(8) char pool[512 * 1024];
static char error[128];

static void init_with_pool(void)
{
	RuntimeInitArgs args;

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Pool;
	args.mem_alloc_option.pool.heap_buf = pool;
	args.mem_alloc_option.pool.heap_size = sizeof(pool);
	args.native_module_name = "env";
	args.native_symbols = (NativeSymbol *)natives;
	args.n_native_symbols = sizeof(natives) / sizeof(natives[0]);
	CHECK(wasm_runtime_full_init(&args));
}

static void init_with_callbacks(void)
{
	RuntimeInitArgs args;

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Allocator;
	args.mem_alloc_option.allocator.malloc_func = (void *)counted_malloc;
	args.mem_alloc_option.allocator.realloc_func = (void *)counted_realloc;
	args.mem_alloc_option.allocator.free_func = (void *)counted_free;
	CHECK(wasm_runtime_full_init(&args));
}

static uint32_t free_bytes(void)
{
	mem_alloc_info_t info;

	CHECK(wasm_runtime_get_mem_alloc_info(&info));
	CHECK(info.total_size <= sizeof(pool) &&
	      info.total_free_size + info.highmark_size >= info.total_size);
	return info.total_free_size;
}

struct program {
	wasm_module_t module;
	wasm_module_inst_t instance;
	wasm_exec_env_t exec_env;
};

static struct program start(const uint8_t *bytes, uint32_t size, uint32_t heap_size)
{
	struct program program;

	program.module = wasm_runtime_load((uint8_t *)bytes, size, error, sizeof(error));
	CHECK(program.module != NULL);
	program.instance =
		wasm_runtime_instantiate(program.module, 2048, heap_size, error, sizeof(error));
	if (program.instance == NULL) {
		puts(error);
	}
	CHECK(program.instance != NULL);
	CHECK(error[0] == '\0');
	program.exec_env = wasm_runtime_create_exec_env(program.instance, 4096);
	CHECK(program.exec_env != NULL);
	return program;
}

static void stop(struct program *program)
{
	wasm_runtime_destroy_exec_env(program->exec_env);
	wasm_runtime_deinstantiate(program->instance);
	wasm_runtime_unload(program->module);
}

static bool call(struct program *program, const char *name, uint32_t argc, uint32_t argv[])
{
	wasm_function_inst_t function = wasm_runtime_lookup_function(program->instance, name);

	CHECK(function != NULL);
	wasm_runtime_clear_exception(program->instance);
	return wasm_runtime_call_wasm(program->exec_env, function, argc, argv);
}

/* Compares the instance's exception, and clears it. */
static void check_exception(wasm_module_inst_t instance, const char *text)
{
	const char *exception = wasm_runtime_get_exception(instance);

	CHECK(exception != NULL);
	if (strncmp(exception, "Exception: ", 11) != 0 || strcmp(exception + 11, text) != 0) {
		printf("expected %s, got %s\n", text, exception);
		exit(1);
	}
	wasm_runtime_clear_exception(instance);
	CHECK(wasm_runtime_get_exception(instance) == NULL);
}

static void check_trap(struct program *program, const char *name, uint32_t argc, uint32_t argv[],
		       const char *text)
{
	CHECK(!call(program, name, argc, argv));
	check_exception(program->instance, text);
}

/* Tests. */

static void test_natives(void)
{
	struct program program;
	uint32_t argv[4];
	uint32_t before;

	init_with_pool();
	again_native[0] = (NativeSymbol){"again", (void *)again, "(i)i", NULL};
	CHECK(wasm_runtime_register_natives("env", again_native, 1));
	before = free_bytes();
	last_message[0] = '\0';
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(strcmp(last_message,
		     "failed to link import function (env, bare): registered with another type") ==
	      0);
	again_native[0].attachment = program.exec_env;

	CHECK(call(&program, "nop", 0, NULL) && seen == 1);
	argv[0] = 41;
	CHECK(call(&program, "inc", 1, argv) && argv[0] == 42);
	CHECK(call(&program, "all", 0, argv) && argv[0] == 9 && argv[1] == 2);
	CHECK(call(&program, "floats", 0, argv) && argv[0] == 1);

	argv[0] = 8;
	argv[1] = 4;
	CHECK(call(&program, "sum", 2, argv) && argv[0] == 1 + 2 + 3 + 4);
	argv[0] = 65536 - 4;
	argv[1] = 4;
	CHECK(call(&program, "sum", 2, argv) && argv[0] == 0);
	argv[0] = 65536 - 4;
	argv[1] = 5;
	check_trap(&program, "sum", 2, argv, "out of bounds memory access");
	argv[0] = 0xffffffff;
	argv[1] = 0xffffffff;
	check_trap(&program, "sum", 2, argv, "out of bounds memory access");

	argv[0] = 16;
	CHECK(call(&program, "length", 1, argv) && argv[0] == 5);
	argv[0] = 65536;
	check_trap(&program, "length", 1, argv, "out of bounds memory access");
	CHECK(call(&program, "fill_end", 0, argv));
	argv[0] = 65536 - 2;
	check_trap(&program, "length", 1, argv, "out of bounds memory access");

	check_trap(&program, "fail", 0, argv, "out of coffee");
	check_trap(&program, "halt", 0, argv, "terminated by user");
	check_trap(&program, "missing", 0, argv,
		   "failed to call unlinked import function (env, missing)");
	check_trap(&program, "mistyped", 0, argv,
		   "failed to call unlinked import function (env, inc)");
	CHECK(call(&program, "bare", 0, argv) && seen == 2);
	check_trap(&program, "leak", 0, argv,
		   "failed to call unlinked import function (env, bare)");
	CHECK(seen == 2);

	argv[0] = 5;
	CHECK(call(&program, "down", 1, argv) && argv[0] == 5);
	/* No deeper than was configured, and as deep after that. */
	for (uint32_t i = 0; i < 3; i++) {
		argv[0] = zonda_platform_defaults.nested_calls;
		CHECK(call(&program, "down", 1, argv) &&
		      argv[0] == zonda_platform_defaults.nested_calls);
		too_deep = true;
		argv[0] = zonda_platform_defaults.nested_calls + 1;
		check_trap(&program, "down", 1, argv, "native stack overflow");
		too_deep = false;
	}
	argv[0] = 1000;
	CHECK(call(&program, "inc", 1, argv) && argv[0] == 1001);

	check_trap(&program, "inc", 0, argv, "invalid argument count 0, must be no smaller than 1");
	CHECK(wasm_runtime_lookup_function(program.instance, "no such function") == NULL);

	stop(&program);
	CHECK(free_bytes() == before);
	wasm_runtime_destroy();
}

static void test_typed_calls(void)
{
	struct program program;
	wasm_val_t args[8], results[2];
	wasm_valkind_t kinds[4];
	wasm_function_inst_t function;

	init_with_pool();
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	function = wasm_runtime_lookup_function(program.instance, "mirror");
	CHECK(wasm_func_get_param_count(function, program.instance) == 4);
	CHECK(wasm_func_get_result_count(function, program.instance) == 4);
	wasm_func_get_param_types(function, program.instance, kinds);
	CHECK(kinds[0] == WASM_I32 && kinds[1] == WASM_I64 && kinds[2] == WASM_F32 &&
	      kinds[3] == WASM_F64);
	wasm_func_get_result_types(function, program.instance, kinds);
	CHECK(kinds[0] == WASM_F64 && kinds[3] == WASM_I32);

	memset(args, 0, sizeof(args));
	args[0].kind = WASM_I32;
	args[0].of.i32 = -5;
	args[1].kind = WASM_I64;
	args[1].of.i64 = -(1ll << 50);
	args[2].kind = WASM_F32;
	args[2].of.f32 = 1.5f;
	args[3].kind = WASM_F64;
	args[3].of.f64 = -2.5;
	CHECK(wasm_runtime_call_wasm_a(program.exec_env, function, 4, args + 4, 4, args));
	CHECK(args[4].kind == WASM_F64 && args[4].of.f64 == -2.5);
	CHECK(args[5].kind == WASM_F32 && args[5].of.f32 == 1.5f);
	CHECK(args[6].kind == WASM_I64 && args[6].of.i64 == -(1ll << 50));
	CHECK(args[7].kind == WASM_I32 && args[7].of.i32 == -5);

	CHECK(!wasm_runtime_call_wasm_a(program.exec_env, function, 3, args + 4, 4, args));
	check_exception(program.instance, "invalid argument or result count");
	CHECK(!wasm_runtime_call_wasm_a(program.exec_env, function, 4, args + 4, 3, args));
	check_exception(program.instance, "invalid argument or result count");
	args[1].kind = WASM_I32;
	CHECK(!wasm_runtime_call_wasm_a(program.exec_env, function, 4, args + 4, 4, args));
	check_exception(program.instance, "invalid input argument 1: type mismatch");

	function = wasm_runtime_lookup_function(program.instance, "refs");
	args[0].kind = WASM_EXTERNREF;
	args[0].of.foreign = 0x1234;
	args[1].kind = WASM_FUNCREF;
	args[1].of.i32 = -1;
	CHECK(wasm_runtime_call_wasm_a(program.exec_env, function, 2, results, 2, args));
	CHECK(results[0].kind == WASM_EXTERNREF && results[0].of.foreign == 0x1235);
	CHECK(results[1].kind == WASM_FUNCREF && results[1].of.i32 == -1);
	args[1].of.i32 = 3;
	CHECK(wasm_runtime_call_wasm_a(program.exec_env, function, 2, results, 2, args));
	CHECK(results[1].of.i32 == 3);
	/* What is not a function of the instance does not become a reference. */
	args[1].of.i32 = 1000;
	CHECK(!wasm_runtime_call_wasm_a(program.exec_env, function, 2, results, 2, args));
	check_exception(program.instance, "invalid input argument 1: unknown function");
	args[1].of.i32 = -2;
	CHECK(!wasm_runtime_call_wasm_a(program.exec_env, function, 2, results, 2, args));
	check_exception(program.instance, "invalid input argument 1: unknown function");

	stop(&program);
	wasm_runtime_destroy();
}

/* The firmware's limit for an instance: one page and its records fit, or not. */
static void test_total_limit(void)
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

static void test_memory(const uint8_t *bytes, uint32_t size, bool own_allocator)
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
		/* Growing goes on behind the heap and leaves it alone. */
		argv[0] = 1;
		CHECK(call(&program, "grow", 1, argv) && argv[0] == 2);
		CHECK(strcmp(addr_app_to_native(other), "hello") == 0);
		CHECK(validate_app_addr(0, 3 * 65536));
	}
	module_free(other);
	stop(&program);
	wasm_runtime_destroy();
}

/* Not every malloc is one. A module could have numbers of its choice made references of. */
static void test_other_types(void)
{
	/*
	 * (module
	 *   (memory (export "memory") 1) (memory 1)
	 *   (func (export "malloc") (param externref) (result i32) (i32.const 1024))
	 *   (func (export "free") (param i32))
	 *   (func (export "main") (param externref i32) (result i32) (i32.const 7))
	 *   (func (i32.store 1 (i32.const 0) (i32.const 0))))
	 */
	static const uint8_t others_wasm[] = {
		0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x13, 0x04, 0x60, 0x01, 0x6f,
		0x01, 0x7f, 0x60, 0x01, 0x7f, 0x00, 0x60, 0x02, 0x6f, 0x7f, 0x01, 0x7f, 0x60, 0x00,
		0x00, 0x03, 0x05, 0x04, 0x00, 0x01, 0x02, 0x03, 0x05, 0x05, 0x02, 0x00, 0x01, 0x00,
		0x01, 0x07, 0x21, 0x04, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x06,
		0x6d, 0x61, 0x6c, 0x6c, 0x6f, 0x63, 0x00, 0x00, 0x04, 0x66, 0x72, 0x65, 0x65, 0x00,
		0x01, 0x04, 0x6d, 0x61, 0x69, 0x6e, 0x00, 0x02, 0x0a, 0x1a, 0x04, 0x05, 0x00, 0x41,
		0x80, 0x08, 0x0b, 0x02, 0x00, 0x0b, 0x04, 0x00, 0x41, 0x07, 0x0b, 0x0a, 0x00, 0x41,
		0x00, 0x41, 0x00, 0x36, 0x42, 0x01, 0x00, 0x0b};
	char *argv[1] = {"program"};
	struct program program;

	init_with_pool();
	program = start(others_wasm, sizeof(others_wasm), 1024);
	CHECK(wasm_runtime_module_malloc(program.instance, 8, NULL) >= 65536);
	CHECK(!wasm_application_execute_main(program.instance, 1, argv));
	CHECK(strstr(wasm_runtime_get_exception(program.instance),
		     "invalid function type of main function") != NULL);
	/*
	 * Its code does not see its first memory in classic mode, for a load or store is of the
	 * other one; native functions do.
	 */
	CHECK(wasm_runtime_set_running_mode(program.instance, Mode_Zonda_Classic));
	CHECK(wasm_runtime_addr_app_to_native(program.instance, 65535) != NULL);
	stop(&program);
	wasm_runtime_destroy();
}

/* The heap of a memory without pages begins at address 0, which is no block's. */
static void test_heap_alone(void)
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

static bool refused(const char *symbol, const char *signature, uint32_t flags, const char *reason)
{
	NativeSymbol table[2] = {{"fine", (void *)nop, "()", NULL},
				 {symbol, (void *)inc, signature, NULL}};

	last_message[0] = '\0';
	/* One entry is refused, the other is there. */
	CHECK(zonda_register_natives_with("test", table, 2, flags));
	CHECK(wasm_runtime_unregister_natives("test", table));
	if (strstr(last_message, "refused") == NULL) {
		return false;
	}
	if (strstr(last_message, symbol) == NULL || strstr(last_message, reason) == NULL) {
		printf("%s\n", last_message);
		exit(1);
	}
	return true;
}

static void test_registration(void)
{
	static const NativeSymbol again_inc[] = {EXPORT_WASM_API_WITH_SIG(inc, "(i)i")};

	init_with_pool();
	CHECK(refused("x", "(*)", 0, "lacks its length"));
	CHECK(refused("x", "(i*i)", 0, "lacks its length"));
	CHECK(!refused("x", "(i*i)", ZONDA_NATIVES_BARE_POINTERS, ""));
	CHECK(refused("x", "(q)", 0, "unknown letter"));
	CHECK(refused("x", "i", 0, "begin"));
	CHECK(refused("x", "(i", 0, "lacks )"));
	CHECK(refused("x", "(i)ii", 0, "result"));
	CHECK(refused("x", "(~)", ZONDA_NATIVES_BARE_POINTERS, "follows no pointer"));
	CHECK(refused("fine", "()", 0, "already"));
	CHECK(!refused("x", NULL, 0, "") && !refused("x", "", 0, "") &&
	      !refused("x", "($*~)I", 0, ""));
	CHECK(!wasm_runtime_register_natives("env", (NativeSymbol *)again_inc, 1));
	CHECK(strstr(last_message, "env.inc") != NULL);
	CHECK(wasm_runtime_register_natives("other", (NativeSymbol *)again_inc, 1));
	CHECK(!wasm_runtime_unregister_natives("env", (NativeSymbol *)again_inc));
	CHECK(wasm_runtime_unregister_natives("other", (NativeSymbol *)again_inc));
	CHECK(!wasm_runtime_unregister_natives("other", (NativeSymbol *)again_inc));
	wasm_runtime_destroy();
}

static void test_bare_pointers(void)
{
	static const NativeSymbol bare[] = {EXPORT_WASM_API_WITH_SIG(length, "(*)i")};
	struct program program;
	uint32_t argv[1];

	CHECK(wasm_runtime_init());
	CHECK(zonda_register_natives_with("env", bare, 1, ZONDA_NATIVES_BARE_POINTERS));
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	argv[0] = 16;
	CHECK(call(&program, "length", 1, argv) && argv[0] == 5);
	argv[0] = 65536;
	check_trap(&program, "length", 1, argv, "out of bounds memory access");
	stop(&program);
	wasm_runtime_destroy();
	CHECK(allocated_blocks == 0);
}

static void test_loading_errors(void)
{
	uint8_t bytes[sizeof(natives_wasm)];
	char tiny[8];
	InstantiationArgs args = {0, 0, 1};
	LoadArgs copied = {NULL, false, true, false};
	struct program program;

	CHECK(wasm_runtime_init());
	CHECK(wasm_runtime_load((uint8_t *)"nonsense", 8, error, sizeof(error)) == NULL);
	CHECK(strcmp(error, "WASM module load failed: magic header not detected (offset 0)") == 0);
	CHECK(wasm_runtime_load((uint8_t *)"nonsense", 8, tiny, sizeof(tiny)) == NULL &&
	      strcmp(tiny, "WASM mo") == 0);
	CHECK(wasm_runtime_load(NULL, 0, NULL, 0) == NULL);

	memcpy(bytes, natives_wasm, sizeof(bytes));
	program.module = wasm_runtime_load_ex(bytes, sizeof(bytes), &copied, error, sizeof(error));
	CHECK(program.module != NULL);
	memset(bytes, 0, sizeof(bytes));
	program.instance = wasm_runtime_instantiate_ex(program.module, &args, error, sizeof(error));
	CHECK(program.instance != NULL &&
	      wasm_runtime_get_module(program.instance) == program.module);
	program.exec_env = wasm_runtime_create_exec_env(program.instance, 0);
	CHECK(call(&program, "mirror_of_nothing", 0, NULL));
	stop(&program);

	program.module = wasm_runtime_load((uint8_t *)start_wasm, sizeof(start_wasm), error, sizeof(error));
	CHECK(program.module != NULL);
	CHECK(wasm_runtime_instantiate(program.module, 0, 0, error, sizeof(error)) == NULL);
	CHECK(strcmp(error, "WASM module instantiate failed: Exception: unreachable") == 0);
	wasm_runtime_unload(program.module);
	wasm_runtime_destroy();
	CHECK(allocated_blocks == 0);
}

/*
 * A start function that does not end is stopped, for nobody else could; and what is called later is
 * not bounded by it.
 */
static void test_endless_start(void)
{
	static const uint8_t endless[] = {0,    'a', 's', 'm', 1, 0,    0,  0, 1,  4, 1,
					  0x60, 0,   0,   3,   2, 1,    0,  8, 1,  0, 10,
					  9,    1,   7,   0,   3, 0x40, 12, 0, 11, 11};
	char error[128];
	wasm_module_t module;
	wasm_module_inst_t instance;

	init_with_pool();
	module = wasm_runtime_load((uint8_t *)endless, sizeof(endless), error, sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 4096, 0, error, sizeof(error));
	CHECK(instance == NULL);
	CHECK(strcmp(error,
		     "WASM module instantiate failed: Exception: instruction limit exceeded") == 0);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
}

static void test_data_and_version(void)
{
	struct program program;
	uint32_t major = 99, minor = 99, patch = 99;

	init_with_pool();
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(wasm_runtime_get_custom_data(program.instance) == NULL);
	wasm_runtime_set_custom_data(program.instance, &program);
	CHECK(wasm_runtime_get_custom_data(program.instance) == &program);
	CHECK(wasm_runtime_get_user_data(program.exec_env) == NULL);
	wasm_runtime_set_user_data(program.exec_env, &major);
	CHECK(wasm_runtime_get_user_data(program.exec_env) == &major);
	CHECK(wasm_runtime_get_module_inst(program.exec_env) == program.instance);
	CHECK(wasm_runtime_get_function_attachment(program.exec_env) == NULL);
	wasm_runtime_get_version(&major, &minor, &patch);
	CHECK(major < 10 && minor < 99 && patch < 99);
	CHECK(wasm_runtime_is_running_mode_supported(Mode_Interp));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_LLVM_JIT));

	wasm_runtime_set_instruction_count_limit(program.exec_env, 1000);
	check_trap(&program, "forever", 0, NULL, "instruction limit exceeded");
	wasm_runtime_set_instruction_count_limit(program.exec_env, -1);
	wasm_runtime_terminate(program.instance);
	check_trap(&program, "forever", 0, NULL, "terminated by user");
	CHECK(call(&program, "mirror_of_nothing", 0, NULL));
	stop(&program);
	wasm_runtime_destroy();
}

static void test_memory_limit(void)
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

static void test_application(void)
{
	struct program program;
	char *argv[] = {"program", "one", "three"};
	char *numbers[] = {"-5", "0x10", "1.5", "-2.5e3"};
	char *wrong[] = {"5x", "0", "0", "0"};

	init_with_pool();
	program = start(main_wasm, sizeof(main_wasm), 256);
	CHECK(wasm_application_execute_main(program.instance, 3, argv));
	/* The sum of the lengths, and the number of arguments. */
	CHECK(*(int *)argv == 7 + 3 + 5 + 300);
	argv[0] = "program";
	stop(&program);

	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(!wasm_application_execute_main(program.instance, 1, argv));
	check_exception(
		program.instance,
		"lookup the entry point symbol (like _start, main, _main, __main_argc_argv) failed");
	/* What this prints is compared by who runs this program. */
	CHECK(wasm_application_execute_func(program.instance, "mirror", 4, numbers));
	CHECK(!wasm_application_execute_func(program.instance, "mirror", 4, wrong));
	check_exception(program.instance, "invalid input argument 0: 5x");
	CHECK(!wasm_application_execute_func(program.instance, "mirror", 3, numbers));
	check_exception(program.instance, "invalid input argument count");
	CHECK(!wasm_application_execute_func(program.instance, "nowhere", 0, NULL));
	check_exception(program.instance, "lookup function nowhere failed");
	CHECK(wasm_application_execute_func(program.instance, "mirror_of_nothing", 0, NULL));
	fflush(stdout);
	stop(&program);
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

static void test_out_of_memory(const uint8_t *bytes, uint32_t size, const char *name)
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

static void test_reloading(void)
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

static void test_malloc(void)
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

/*
 * Native functions in the last slots of an operand stack: the runtime may read a few words beyond
 * the arguments, and those have to exist (AddressSanitizer sees it if not). Every size from one
 * that is too small to one that is large enough.
 */
static void test_end_of_stack(void)
{
	static const char *const names[] = {"inc", "inc_twice", "sum", "length", "all", "down"};
	uint32_t done[6] = {0}, failed[6] = {0};
	struct program program;

	init_with_callbacks();
	CHECK(wasm_runtime_register_natives("env", (NativeSymbol *)natives, sizeof(natives) / sizeof(natives[0])));
	CHECK(wasm_runtime_register_natives("env", again_native, 1));
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	for (uint32_t size = 4; size <= 600; size += 4) {
		wasm_exec_env_t exec_env = wasm_runtime_create_exec_env(program.instance, size);

		again_native[0].attachment = exec_env;
		too_deep = true;
		for (int i = 0; i < 6; i++) {
			uint32_t argv[2] = {i == 5 ? 2 : 16, 2};

			if (wasm_runtime_call_wasm(
				    exec_env,
				    wasm_runtime_lookup_function(program.instance, names[i]), 2,
				    argv)) {
				done[i]++;
			} else {
				failed[i]++;
				check_exception(program.instance, "wasm operand stack overflow");
			}
		}
		wasm_runtime_destroy_exec_env(exec_env);
	}
	too_deep = false;
	for (int i = 0; i < 6; i++) {
		CHECK(done[i] != 0 && failed[i] != 0);
	}
	stop(&program);
	wasm_runtime_destroy();
	CHECK(blocks == 0);
}

static const RunningMode interpreters[] = {Mode_Zonda_Classic, Mode_Zonda_Fast};

static void test_modes(RunningMode preferred)
{
	struct program program;
	RuntimeInitArgs args;
	uint32_t before;

	CHECK(wasm_runtime_is_running_mode_supported(0));
	CHECK(wasm_runtime_is_running_mode_supported(Mode_Interp));
	CHECK(wasm_runtime_is_running_mode_supported(Mode_Zonda_Classic));
	CHECK(wasm_runtime_is_running_mode_supported(Mode_Zonda_Fast));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_Fast_JIT));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_LLVM_JIT));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_Multi_Tier_JIT));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_Zonda_Fast + 1));

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Pool;
	args.mem_alloc_option.pool.heap_buf = pool;
	args.mem_alloc_option.pool.heap_size = sizeof(pool);
	args.running_mode = Mode_LLVM_JIT;
	CHECK(!wasm_runtime_full_init(&args));
	args.running_mode = Mode_Zonda_Classic;
	CHECK(wasm_runtime_full_init(&args));
	program = start(main_wasm, sizeof(main_wasm), 0);
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Zonda_Classic);
	stop(&program);
	wasm_runtime_destroy();

	/* One instance, from mode to mode. Code of its own is freed. */
	init_with_pool();
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Interp);
	CHECK(!wasm_runtime_set_running_mode(program.instance, Mode_Fast_JIT));
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Interp);
	before = free_bytes();
	for (int i = 0; i < 6; i++) {
		uint32_t argv[1] = {interpreters[i % 2]};

		CHECK(wasm_runtime_set_running_mode(program.instance, interpreters[i % 2]));
		CHECK(wasm_runtime_get_running_mode(program.instance) == interpreters[i % 2]);
		CHECK((free_bytes() == before) == (interpreters[i % 2] == preferred));
		/* Not while it runs. */
		CHECK(call(&program, "change", 1, argv) && argv[0] == 42);
		CHECK(call(&program, "floats", 0, argv) && argv[0] == 1);
	}
	CHECK(wasm_runtime_set_running_mode(program.instance, Mode_Interp));
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Interp);
	CHECK(free_bytes() == before);
	stop(&program);

	/* The default is that of the time when the instance is made. */
	program.module =
		wasm_runtime_load((uint8_t *)natives_wasm, sizeof(natives_wasm), error, sizeof(error));
	CHECK(program.module != NULL);
	for (int i = 0; i < 2; i++) {
		uint32_t argv[1] = {41};

		CHECK(wasm_runtime_set_default_running_mode(interpreters[i]));
		CHECK(!wasm_runtime_set_default_running_mode(Mode_LLVM_JIT));
		program.instance =
			wasm_runtime_instantiate(program.module, 2048, 0, error, sizeof(error));
		CHECK(program.instance != NULL);
		CHECK(wasm_runtime_get_running_mode(program.instance) == interpreters[i]);
		program.exec_env = wasm_runtime_get_exec_env_singleton(program.instance);
		CHECK(call(&program, "inc", 1, argv) && argv[0] == 42);
		wasm_runtime_deinstantiate(program.instance);
	}
	wasm_runtime_unload(program.module);
	wasm_runtime_destroy();

	init_with_pool();
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Interp);
	stop(&program);
	wasm_runtime_destroy();
}

/* With an argument all of it in classic mode, else in fast mode, which is the default. */
int main(int argc, char **argv)
{
	RuntimeInitArgs args;

	(void)argv;
	if (argc > 1) {
		zonda_platform_defaults.running_mode = Mode_Zonda_Classic;
	}

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = 7;
	CHECK(!wasm_runtime_full_init(&args));
	args.mem_alloc_type = Alloc_With_Pool;
	CHECK(!wasm_runtime_full_init(&args));

	test_natives();
	test_end_of_stack();
	test_typed_calls();
	test_memory(natives_wasm, sizeof(natives_wasm), false);
	test_memory(malloc_wasm, sizeof(malloc_wasm), true);
	test_other_types();
	test_heap_alone();
	test_registration();
	test_bare_pointers();
	test_loading_errors();
	test_data_and_version();
	test_endless_start();
	test_memory_limit();
	test_total_limit();
	test_application();
	test_modes(argc > 1 ? Mode_Zonda_Classic : Mode_Zonda_Fast);
	test_out_of_memory(natives_wasm, sizeof(natives_wasm), "inc");
	test_out_of_memory(main_wasm, sizeof(main_wasm), "twice");
	test_out_of_memory(malloc_wasm, sizeof(malloc_wasm), "malloc");
	test_reloading();
	test_malloc();
	CHECK(allocated_blocks == 0);
	puts("well");
	return 0;
}
