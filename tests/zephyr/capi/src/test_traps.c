/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Traps: each kind with its text, and a program that goes on working behind every one of them.
 */

#include <string.h>

#include <zephyr/ztest.h>

#include "fixture.h"

static struct program program;

static void before(void *fixture)
{
	runtime_before(fixture);
	program_start(&program, &traps_wasm, 0);
}

static void after(void *fixture)
{
	program_stop(&program);
	runtime_after(fixture);
}

ZTEST_SUITE(traps, NULL, NULL, before, after, NULL);

ZTEST(traps, test_every_kind)
{
	static const struct {
		const char *name;
		const char *text;
	} traps[] = {
		{"unreachable", "unreachable"},
		{"div_zero", "integer divide by zero"},
		{"div_overflow", "integer overflow"},
		{"trunc", "invalid conversion to integer"},
		{"trunc_overflow", "integer overflow"},
		{"load", "out of bounds memory access"},
		{"load_wrapped", "out of bounds memory access"},
		{"store", "out of bounds memory access"},
		{"fill", "out of bounds memory access"},
		{"call_undefined", "undefined element"},
		{"call_uninitialized", "uninitialized element"},
		{"call_mismatch", "indirect call type mismatch"},
		{"table_get", "out of bounds table access"},
		{"recurse", "wasm operand stack overflow"},
	};

	ARRAY_FOR_EACH(traps, i) {
		uint32_t argv[1];

		assert_trap(&program, traps[i].name, 0, argv, traps[i].text);

		zassert_true(call(&program, "call_value", 0, argv));
		zassert_equal(argv[0], 42);
	}
}

ZTEST(traps, test_arguments_that_trap)
{
	uint32_t argv[2] = {7, 0};

	assert_trap(&program, "div", 2, argv, "integer divide by zero");

	argv[0] = INT32_MIN;
	argv[1] = -1;
	assert_trap(&program, "div", 2, argv, "integer overflow");

	argv[0] = -7;
	argv[1] = 2;
	zassert_true(call(&program, "div", 2, argv));
	zassert_equal((int32_t)argv[0], -3);
}

ZTEST(traps, test_exception_of_the_host)
{
	wasm_runtime_set_exception(program.instance, "out of coffee");
	zassert_ok(
		strcmp(wasm_runtime_get_exception(program.instance), "Exception: out of coffee"));
	wasm_runtime_clear_exception(program.instance);
	zassert_is_null(wasm_runtime_get_exception(program.instance));
}
