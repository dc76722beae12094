/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A timer takes samples of functions whose shares of the time are known exactly: the samples agree
 * with them, whatever the functions are made of.
 */

#include <stdlib.h>

#include <zephyr/sys/printk.h>
#include <zephyr/ztest.h>

#include "wasm_export.h"
#include "zonda_sampling.h"

#define PERIOD_US 500
#define SAMPLES   8000

/* The functions of modules/shares.wat. */
enum {
	ONE,
	TWO,
	THREE,
	RUN,
	LEAF,
	LEAVES,
};

static uint8_t shares[] __aligned(4) = {
#include "shares.wasm.inc"
};

static wasm_module_t module;
static wasm_module_inst_t instance;
static wasm_exec_env_t exec_env;

/* On the thread of the tests, which has the stack for it. */
static void before(void *unused)
{
	RuntimeInitArgs init = {.mem_alloc_type = Alloc_With_System_Allocator};
	char error[64] = "";

	ARG_UNUSED(unused);
	if (exec_env != NULL) {
		return;
	}
	zassert_true(wasm_runtime_full_init(&init));
	module = wasm_runtime_load(shares, sizeof(shares), error, sizeof(error));
	zassert_not_null(module, "%s", error);
	instance = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	zassert_not_null(instance, "%s", error);
	exec_env = wasm_runtime_create_exec_env(instance, 1024);
	zassert_not_null(exec_env);
}

/* Runs a test in each mode. */
static void in_each_mode(void (*test)(void))
{
	static const RunningMode modes[] = {Mode_Zonda_Classic, Mode_Zonda_Fast};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		zassert_true(wasm_runtime_set_running_mode(instance, modes[i]));
		zassert_equal(wasm_runtime_get_running_mode(instance), modes[i]);
		test();
	}
}

static void call(const char *name, uint32_t rounds)
{
	wasm_function_inst_t func = wasm_runtime_lookup_function(instance, name);
	uint32_t args[1] = {rounds};

	zassert_not_null(func);
	zassert_true(wasm_runtime_call_wasm(exec_env, func, 1, args), "%s",
		     wasm_runtime_get_exception(instance));
}

/* Calls an export until so many samples were taken. */
static void sampled(const char *name, uint32_t rounds, uint32_t samples)
{
	int64_t start = k_uptime_get();

	zassert_equal(zonda_sampling_start(instance, k_current_get(), PERIOD_US), 0);
	while (zonda_sampling_total() < samples) {
		call(name, rounds);
		zassert_true(k_uptime_get() - start < 4 * samples * PERIOD_US / 1000, "no samples");
	}
	zonda_sampling_stop();
	zonda_sampling_print();
}

static void agree(void)
{
	sampled("run", 5, SAMPLES);
	for (uint32_t function = ONE; function <= THREE; function++) {
		int32_t exact = zonda_sampling_total() * (function + 1) / 6;
		int32_t count = zonda_sampling_count(function);

		zassert_true(abs(count - exact) * 100 <= 3 * exact,
			     "function %u: %d samples, not %d", function, count, exact);
	}
	zassert_true(zonda_sampling_count(RUN) < SAMPLES / 100);
	zassert_equal(zonda_sampling_count(LEAF), 0);
}

ZTEST(sampling, test_samples_agree_with_exact_shares)
{
	in_each_mode(agree);
}

static void leaf(void)
{
	sampled("leaves", 500, SAMPLES / 8);
	zassert_true(zonda_sampling_count(LEAF) > 2 * zonda_sampling_count(LEAVES));
	zassert_true(zonda_sampling_count(LEAVES) > 0);
}

ZTEST(sampling, test_a_function_without_calls_and_loops_is_sampled)
{
	in_each_mode(leaf);
}

static void only_what_runs(void)
{
	uint32_t total;

	zassert_equal(zonda_running_function(instance), UINT32_MAX);
	zassert_equal(zonda_sampling_start(instance, k_current_get(), PERIOD_US), 0);
	zassert_equal(zonda_sampling_start(instance, k_current_get(), PERIOD_US), -EBUSY);
	/* Native code of the thread, and time in which it has not the CPU. */
	k_busy_wait(20 * PERIOD_US);
	k_sleep(K_USEC(20 * PERIOD_US));
	zassert_equal(zonda_sampling_total(), 0);
	call("run", 10);
	total = zonda_sampling_total();
	zassert_true(total > 0);
	zonda_sampling_stop();
	call("run", 10);
	zassert_equal(zonda_sampling_total(), total);
	/* Another thread is sampled: this one is not. */
	zassert_equal(zonda_sampling_start(instance, NULL, PERIOD_US), 0);
	call("run", 10);
	zonda_sampling_stop();
	zassert_equal(zonda_sampling_total(), 0);
	zassert_equal(zonda_sampling_start(instance, k_current_get(), 100), -EINVAL);
}

ZTEST(sampling, test_only_what_runs_is_sampled)
{
	in_each_mode(only_what_runs);
}

ZTEST_SUITE(sampling, NULL, NULL, before, NULL, NULL);
