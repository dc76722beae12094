/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Modes: those of the configuration and no other, each with the same results.
 */

#include <zephyr/ztest.h>

#include "fixture.h"

static const struct {
	RunningMode number;
	bool built_in;
} modes[] = {
	{Mode_Zonda_Classic, IS_ENABLED(CONFIG_ZONDA_CLASSIC)},
	{Mode_Zonda_Fast, IS_ENABLED(CONFIG_ZONDA_FAST)},
	{Mode_Fast_JIT, false},
	{Mode_LLVM_JIT, false},
	{Mode_Multi_Tier_JIT, false},
};

ZTEST_SUITE(modes, NULL, NULL, runtime_before, runtime_after, NULL);

ZTEST(modes, test_what_is_built_in_is_supported)
{
	zassert_true(wasm_runtime_is_running_mode_supported(Mode_Interp));
	ARRAY_FOR_EACH(modes, i) {
		zassert_equal(wasm_runtime_is_running_mode_supported(modes[i].number),
			      modes[i].built_in);
		zassert_equal(wasm_runtime_set_default_running_mode(modes[i].number),
			      modes[i].built_in);
	}
}

/*
 * The mode that the configuration prefers is the module's; an instance in another takes memory for
 * code of its own.
 */
ZTEST(modes, test_an_instance_in_each_mode)
{
	bool prefers_classic =
		!IS_ENABLED(CONFIG_ZONDA_FAST) || IS_ENABLED(CONFIG_ZONDA_DEFAULT_MODE_CLASSIC);
	RunningMode preferred = prefers_classic ? Mode_Zonda_Classic : Mode_Zonda_Fast;
	struct program program;
	uint32_t before;

	program_start(&program, &types_wasm, 0);
	zassert_equal(wasm_runtime_get_running_mode(program.instance), Mode_Interp);
	before = pool_free();
	ARRAY_FOR_EACH(modes, i) {
		uint32_t argv[2] = {19, 23};

		zassert_equal(wasm_runtime_set_running_mode(program.instance, modes[i].number),
			      modes[i].built_in);
		if (modes[i].built_in) {
			zassert_equal(wasm_runtime_get_running_mode(program.instance),
				      modes[i].number);
			zassert_equal(pool_free() == before, modes[i].number == preferred);
		}
		zassert_true(call(&program, "add", 2, argv));
		zassert_equal(argv[0], 42);
	}
	zassert_true(wasm_runtime_set_running_mode(program.instance, Mode_Interp));
	zassert_equal(wasm_runtime_get_running_mode(program.instance), Mode_Interp);
	zassert_equal(pool_free(), before);
	program_stop(&program);
}
