/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Exceptions in both encodings (CONFIG_ZONDA_LEGACY_EXCEPTIONS), in each mode that is built in.
 */

#include <zephyr/ztest.h>

#include "fixture.h"

static const uint8_t exceptions_bytes[] = {
#include "exceptions.wasm.inc"
};
static const struct module_bytes exceptions_wasm = {exceptions_bytes, sizeof(exceptions_bytes)};

static struct program program;

static void before(void *fixture)
{
	runtime_before(fixture);
	program_start(&program, &exceptions_wasm, 0);
}

static void after(void *fixture)
{
	program_stop(&program);
	runtime_after(fixture);
}

ZTEST_SUITE(exceptions, NULL, NULL, before, after, NULL);

static void assert_result(const char *name, uint32_t argument, uint32_t result)
{
	uint32_t argv[1] = {argument};

	zassert_true(call(&program, name, 1, argv));
	zassert_equal(argv[0], result, "%s(%u) = %u", name, argument, argv[0]);
}

ZTEST(exceptions, test_both_encodings_in_each_mode)
{
	static const RunningMode modes[] = {Mode_Zonda_Classic, Mode_Zonda_Fast};
	uint32_t argv[1] = {1};

	ARRAY_FOR_EACH(modes, i) {
		if (!wasm_runtime_set_running_mode(program.instance, modes[i])) {
			continue;
		}
		assert_result("older", 6, 6);
		/* Thrown again, and caught by the clause outside. */
		assert_result("older", 7, 107);
		assert_result("newer", 7, 7);
		assert_trap(&program, "uncaught", 1, argv, "uncaught wasm exception");
		assert_result("older", 9, 109);
	}
}
