/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Natives: every signature letter, what the runtime checks before it calls, and what it refuses to
 * register.
 */

#include <string.h>

#include <zephyr/ztest.h>

#include "fixture.h"

static struct program program;
static int attachment = 17;

static int32_t native_i(wasm_exec_env_t exec_env, int32_t x)
{
	zassert_equal(exec_env, program.exec_env);
	zassert_equal(wasm_runtime_get_module_inst(exec_env), program.instance);
	zassert_equal(wasm_runtime_get_function_attachment(exec_env), &attachment);
	return x + 1;
}

static int64_t native_I(wasm_exec_env_t exec_env, int64_t x)
{
	ARG_UNUSED(exec_env);
	return x + 1;
}

static float native_f(wasm_exec_env_t exec_env, float x)
{
	ARG_UNUSED(exec_env);
	return x + 0.5f;
}

static double native_F(wasm_exec_env_t exec_env, double x)
{
	ARG_UNUSED(exec_env);
	return x + 0.5;
}

static void native_none(wasm_exec_env_t exec_env)
{
	int *calls = wasm_runtime_get_user_data(exec_env);

	(*calls)++;
}

static int32_t native_buffer(wasm_exec_env_t exec_env, uint8_t *bytes, uint32_t len)
{
	int32_t sum = 0;

	ARG_UNUSED(exec_env);
	for (uint32_t i = 0; i < len; i++) {
		sum += bytes[i];
		bytes[i] = 0;
	}
	return sum;
}

static int32_t native_string(wasm_exec_env_t exec_env, const char *text)
{
	ARG_UNUSED(exec_env);
	return strlen(text);
}

static int64_t native_mixed(wasm_exec_env_t exec_env, int32_t i, int64_t I, float f, double F,
			    const uint8_t *bytes, uint32_t len, const char *text)
{
	ARG_UNUSED(exec_env);
	zassert_equal(i, -1);
	zassert_equal(I, 0x100000000);
	zassert_equal(f, 0.5f);
	zassert_equal(F, 1.5);
	zassert_equal(len, 4);
	zassert_mem_equal(bytes, "\1\2\3\4", 4);
	zassert_ok(strcmp(text, "zonda"));
	return I + i;
}

static int32_t native_many(wasm_exec_env_t exec_env, int32_t a, int32_t b, int32_t c, int32_t d,
			   int32_t e, int32_t f, int64_t g, double h)
{
	ARG_UNUSED(exec_env);
	return a + 10 * (b + 10 * (c + 10 * (d + 10 * (e + 10 * (f + 10 * (g + 10 * h))))));
}

static int32_t native_fails(wasm_exec_env_t exec_env)
{
	wasm_runtime_set_exception(wasm_runtime_get_module_inst(exec_env),
				   "native is out of order");
	return 0;
}

static const NativeSymbol natives[] = {
	{"i", native_i, "(i)i", &attachment},
	{"I", native_I, "(I)I", NULL},
	{"f", native_f, "(f)f", NULL},
	{"F", native_F, "(F)F", NULL},
	{"none", native_none, "()", NULL},
	{"buffer", native_buffer, "(*~)i", NULL},
	{"string", native_string, "($)i", NULL},
	{"mixed", native_mixed, "(iIfF*~$)I", NULL},
	{"many", native_many, "(iiiiiiIF)i", NULL},
	{"fails", native_fails, "()i", NULL},
};

static void before(void *fixture)
{
	runtime_before(fixture);
	zassert_true(wasm_runtime_register_natives("env", (NativeSymbol *)natives, ARRAY_SIZE(natives)));
	pool_mark();
	program_start(&program, &natives_wasm, 0);
}

static void after(void *fixture)
{
	program_stop(&program);
	runtime_after(fixture);
}

ZTEST_SUITE(natives, NULL, NULL, before, after, NULL);

ZTEST(natives, test_i)
{
	uint32_t argv[1] = {-5};

	zassert_true(call(&program, "call_i", 1, argv));
	zassert_equal((int32_t)argv[0], -4);
}

ZTEST(natives, test_I)
{
	uint32_t argv[2] = {UINT32_MAX, 7};

	zassert_true(call(&program, "call_I", 2, argv));
	zassert_equal(argv[0], 0);
	zassert_equal(argv[1], 8);
}

ZTEST(natives, test_f)
{
	float x = 1.25f;
	uint32_t argv[1];

	memcpy(argv, &x, sizeof(x));
	zassert_true(call(&program, "call_f", 1, argv));
	memcpy(&x, argv, sizeof(x));
	zassert_equal(x, 1.75f);
}

ZTEST(natives, test_F)
{
	double x = 1.25;
	uint32_t argv[2];

	memcpy(argv, &x, sizeof(x));
	zassert_true(call(&program, "call_F", 2, argv));
	memcpy(&x, argv, sizeof(x));
	zassert_equal(x, 1.75);
}

ZTEST(natives, test_user_data)
{
	int calls = 0;

	wasm_runtime_set_user_data(program.exec_env, &calls);
	zassert_true(call(&program, "call_none", 0, NULL));
	zassert_true(call(&program, "call_none", 0, NULL));
	zassert_equal(calls, 2);
}

ZTEST(natives, test_buffer)
{
	uint32_t argv[2] = {16, 4};

	zassert_true(call(&program, "call_buffer", 2, argv));
	zassert_equal(argv[0], 1 + 2 + 3 + 4);

	/* The native wrote zeros into the program's memory. */
	argv[0] = 16;
	argv[1] = 4;
	zassert_true(call(&program, "call_buffer", 2, argv));
	zassert_equal(argv[0], 0);

	/* All of the memory, up to its last byte. */
	argv[0] = 0;
	argv[1] = 1024;
	zassert_true(call(&program, "call_buffer", 2, argv));
	zassert_equal(argv[0], 'z' + 'o' + 'n' + 'd' + 'a' + 'e' + 'n' + 'd');
}

ZTEST(natives, test_buffer_out_of_bounds)
{
	static const uint32_t bad[][2] = {
		{1021, 4},       {0, 1025},        {1025, 1},
		{UINT32_MAX, 1}, {16, UINT32_MAX}, {UINT32_MAX, UINT32_MAX},
	};

	ARRAY_FOR_EACH(bad, i) {
		uint32_t argv[2] = {bad[i][0], bad[i][1]};

		assert_trap(&program, "call_buffer", 2, argv, "out of bounds memory access");
	}
}

ZTEST(natives, test_string)
{
	uint32_t argv[1] = {20};

	zassert_true(call(&program, "call_string", 1, argv));
	zassert_equal(argv[0], 5);

	argv[0] = 0;
	zassert_true(call(&program, "call_string", 1, argv));
	zassert_equal(argv[0], 0);
}

ZTEST(natives, test_string_out_of_bounds)
{
	/* The last one begins inside and has no end. */
	static const uint32_t bad[] = {1024, UINT32_MAX, 1021};

	ARRAY_FOR_EACH(bad, i) {
		uint32_t argv[1] = {bad[i]};

		assert_trap(&program, "call_string", 1, argv, "out of bounds memory access");
	}
}

ZTEST(natives, test_all_letters_at_once)
{
	uint32_t argv[2];
	int64_t result;

	zassert_true(call(&program, "call_mixed", 0, argv));
	memcpy(&result, argv, sizeof(result));
	zassert_equal(result, UINT32_MAX);
}

ZTEST(natives, test_more_arguments_than_registers)
{
	uint32_t argv[1];

	zassert_true(call(&program, "call_many", 0, argv));
	zassert_equal(argv[0], 87654321);
}

ZTEST(natives, test_native_that_fails)
{
	uint32_t argv[1] = {1};

	assert_trap(&program, "call_fails", 0, argv, "native is out of order");

	zassert_true(call(&program, "call_i", 1, argv));
	zassert_equal(argv[0], 2);
}

ZTEST(natives, test_refused)
{
	/* Bare pointers, letters that do not exist, and what is no signature at all. */
	static const NativeSymbol bad[][1] = {
		{{"bad", native_none, "(*)", NULL}},  {{"bad", native_none, "(*i)", NULL}},
		{{"bad", native_none, "(~)", NULL}},  {{"bad", native_none, "(x)", NULL}},
		{{"bad", native_none, "(i", NULL}},   {{"bad", native_none, "i", NULL}},
		{{"bad", native_none, "()ii", NULL}}, {{"bad", native_none, "()*", NULL}},
		{{"bad", NULL, "()", NULL}},
	};
	static const NativeSymbol twice[] = {
		{"twice", native_none, "()", NULL},
		{"twice", native_none, "()", NULL},
	};

	ARRAY_FOR_EACH(bad, i) {
		zassert_false(wasm_runtime_register_natives("bad", (NativeSymbol *)bad[i], 1), "%s",
			      bad[i][0].signature);
	}
	/* The second entry alone is refused. */
	zassert_true(wasm_runtime_register_natives("bad", (NativeSymbol *)twice, ARRAY_SIZE(twice)));
	zassert_true(wasm_runtime_unregister_natives("bad", (NativeSymbol *)twice));
}
