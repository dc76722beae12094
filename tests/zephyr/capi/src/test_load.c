/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Loading: modules from flash, and what is not a module.
 */

#include <string.h>

#include <zephyr/ztest.h>

#include "fixture.h"

ZTEST_SUITE(load, NULL, NULL, runtime_before, runtime_after, NULL);

ZTEST(load, test_all_modules)
{
	const struct module_bytes *all[] = {&types_wasm, &traps_wasm, &loops_wasm};
	struct program program;

	ARRAY_FOR_EACH(all, i) {
		program_start(&program, all[i], 0);
		zassert_equal(wasm_runtime_get_module_inst(program.exec_env), program.instance);
		zassert_is_null(wasm_runtime_lookup_function(program.instance, "no such export"));
		program_stop(&program);
	}
}

ZTEST(load, test_two_instances_of_a_module)
{
	struct program program;
	wasm_module_inst_t second;
	char error[96];

	program_start(&program, &loops_wasm, 0);
	second = wasm_runtime_instantiate(program.module, STACK_SIZE, 0, error, sizeof(error));
	zassert_not_null(second, "%s", error);
	zassert_not_equal(second, program.instance);

	wasm_runtime_deinstantiate(second);
	program_stop(&program);
}

ZTEST(load, test_not_a_module)
{
	static const uint8_t text[] = "This is not WebAssembly.";
	static const uint8_t version_2[] = {0, 'a', 's', 'm', 2, 0, 0, 0};
	static const uint8_t bad_section[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 99, 0};
	const struct module_bytes bad[] = {
		{text, sizeof(text)},
		{text, 0},
		{version_2, sizeof(version_2)},
		{bad_section, sizeof(bad_section)},
	};
	char error[96];

	ARRAY_FOR_EACH(bad, i) {
		error[0] = '\0';
		zassert_is_null(load(&bad[i], error, sizeof(error)), "%zu", i);
		zassert_not_equal(error[0], '\0', "%zu", i);
	}

	/* An error buffer may be small. */
	memset(error, 'x', sizeof(error));
	zassert_is_null(load(&bad[0], error, 8));
	zassert_true(strlen(error) < 8);
	zassert_equal(error[8], 'x');

	/* Or missing. */
	zassert_is_null(load(&bad[0], NULL, 0));
}

ZTEST(load, test_truncated)
{
	char error[96];

	/*
	 * A module that ends between two sections can be a whole one, in all other places it is
	 * refused.
	 */
	for (uint32_t size = 0; size < natives_wasm.size; size++) {
		const struct module_bytes part = {natives_wasm.bytes, size};
		wasm_module_t module = load(&part, error, sizeof(error));

		if (module != NULL) {
			wasm_runtime_unload(module);
		} else {
			zassert_not_equal(error[0], '\0');
		}
	}
}
