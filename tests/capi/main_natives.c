/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Native functions of the application in main.c: their arguments and results, calls with types,
 * registration, and the end of the operand stack.
 */

#include "main.h"

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

const NativeSymbol natives[NATIVES] = {
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

void test_natives(void)
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

void test_typed_calls(void)
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

void test_registration(void)
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
	CHECK(!wasm_runtime_register_natives("none", NULL, 1));
	CHECK(wasm_runtime_register_natives("none", NULL, 0));
	CHECK(!wasm_runtime_register_natives(NULL, (NativeSymbol *)again_inc, 1));
	CHECK(!wasm_runtime_register_natives("env", (NativeSymbol *)again_inc, 1));
	CHECK(strstr(last_message, "env.inc") != NULL);
	CHECK(wasm_runtime_register_natives("other", (NativeSymbol *)again_inc, 1));
	CHECK(!wasm_runtime_unregister_natives("env", (NativeSymbol *)again_inc));
	CHECK(wasm_runtime_unregister_natives("other", (NativeSymbol *)again_inc));
	CHECK(!wasm_runtime_unregister_natives("other", (NativeSymbol *)again_inc));
	wasm_runtime_destroy();
}

void test_bare_pointers(void)
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

/*
 * Native functions in the last slots of an operand stack: the runtime may read a few words beyond
 * the arguments, and those have to exist (AddressSanitizer sees it if not). Every size from one
 * that is too small to one that is large enough.
 */
void test_end_of_stack(void)
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
