/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Calls: every value type in and out, as cells and as typed values.
 */

#include <string.h>

#include <zephyr/ztest.h>

#include "fixture.h"

static struct program program;

static void before(void *fixture)
{
	runtime_before(fixture);
	program_start(&program, &types_wasm, 0);
}

static void after(void *fixture)
{
	program_stop(&program);
	runtime_after(fixture);
}

ZTEST_SUITE(call, NULL, NULL, before, after, NULL);

ZTEST(call, test_i32)
{
	static const int32_t values[] = {0, 1, -1, INT32_MIN, INT32_MAX};

	ARRAY_FOR_EACH(values, i) {
		uint32_t argv[1] = {values[i]};

		zassert_true(call(&program, "i32", 1, argv));
		zassert_equal((int32_t)argv[0], values[i]);
	}
}

ZTEST(call, test_i64)
{
	static const int64_t values[] = {0, 1, -1, INT64_MIN, INT64_MAX, 0x123456789abcdef0};

	ARRAY_FOR_EACH(values, i) {
		uint32_t argv[2];
		int64_t result;

		memcpy(argv, &values[i], sizeof(result));
		zassert_true(call(&program, "i64", 2, argv));
		memcpy(&result, argv, sizeof(result));
		zassert_equal(result, values[i]);
	}
}

ZTEST(call, test_f32)
{
	/* Among them a signalling NaN: bits are handed through, not values. */
	static const uint32_t values[] = {0, 0x3fc00000, 0x80000000, 0x7f800000, 0x7fa00001};

	ARRAY_FOR_EACH(values, i) {
		uint32_t argv[1] = {values[i]};

		zassert_true(call(&program, "f32", 1, argv));
		zassert_equal(argv[0], values[i]);
	}
}

ZTEST(call, test_f64)
{
	static const uint64_t values[] = {0, 0x3ff8000000000000, 0x8000000000000000,
					  0x7ff0000000000000, 0x7ff4000000000001};

	ARRAY_FOR_EACH(values, i) {
		uint32_t argv[2];
		uint64_t result;

		memcpy(argv, &values[i], sizeof(result));
		zassert_true(call(&program, "f64", 2, argv));
		memcpy(&result, argv, sizeof(result));
		zassert_equal(result, values[i]);
	}
}

ZTEST(call, test_mixed)
{
	int32_t a = -3;
	int64_t b = 1LL << 40;
	float c = 0.25f;
	double d = 1024.5;
	double result;
	uint32_t argv[6];

	memcpy(&argv[0], &a, sizeof(a));
	memcpy(&argv[1], &b, sizeof(b));
	memcpy(&argv[3], &c, sizeof(c));
	memcpy(&argv[4], &d, sizeof(d));
	zassert_true(call(&program, "sum", 6, argv));
	memcpy(&result, argv, sizeof(result));
	zassert_equal(result, a + b + (double)c + d);
}

ZTEST(call, test_two_results)
{
	int64_t b = 0x123456789abcdef0;
	int64_t first;
	uint32_t argv[3] = {42};

	memcpy(&argv[1], &b, sizeof(b));
	zassert_true(call(&program, "swap", 3, argv));
	memcpy(&first, argv, sizeof(first));
	zassert_equal(first, b);
	zassert_equal(argv[2], 42);
}

ZTEST(call, test_nothing)
{
	zassert_true(call(&program, "none", 0, NULL));
}

ZTEST(call, test_typed_values)
{
	wasm_function_inst_t sum = wasm_runtime_lookup_function(program.instance, "sum");
	wasm_function_inst_t swap = wasm_runtime_lookup_function(program.instance, "swap");
	wasm_val_t args[4] = {
		{.kind = WASM_I32, .of.i32 = -3},
		{.kind = WASM_I64, .of.i64 = 1LL << 40},
		{.kind = WASM_F32, .of.f32 = 0.25f},
		{.kind = WASM_F64, .of.f64 = 1024.5},
	};
	wasm_val_t results[2];

	zassert_not_null(sum);
	zassert_not_null(swap);

	zassert_true(wasm_runtime_call_wasm_a(program.exec_env, sum, 1, results, 4, args));
	zassert_equal(results[0].kind, WASM_F64);
	zassert_equal(results[0].of.f64, -3 + (1LL << 40) + 0.25 + 1024.5);

	zassert_true(wasm_runtime_call_wasm_a(program.exec_env, swap, 2, results, 2, args));
	zassert_equal(results[0].kind, WASM_I64);
	zassert_equal(results[0].of.i64, 1LL << 40);
	zassert_equal(results[1].kind, WASM_I32);
	zassert_equal(results[1].of.i32, -3);
}

ZTEST(call, test_wrong_number_of_arguments)
{
	wasm_function_inst_t add = wasm_runtime_lookup_function(program.instance, "add");
	uint32_t argv[2] = {1, 2};

	zassert_not_null(add);
	zassert_false(wasm_runtime_call_wasm(program.exec_env, add, 1, argv));
	zassert_not_null(wasm_runtime_get_exception(program.instance));
	wasm_runtime_clear_exception(program.instance);

	zassert_true(wasm_runtime_call_wasm(program.exec_env, add, 2, argv));
	zassert_equal(argv[0], 3);
}

ZTEST(call, test_execute_func)
{
	char *argv[] = {"19", "0x17"};

	/* Prints the result, as WAMR does. */
	zassert_true(wasm_application_execute_func(program.instance, "add", 2, argv));
	zassert_false(wasm_application_execute_func(program.instance, "no such export", 0, NULL));
	wasm_runtime_clear_exception(program.instance);
}
