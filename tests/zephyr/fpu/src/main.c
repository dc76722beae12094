/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two threads run programs that compute with floating point, and take turns at any instruction. A
 * register that a context switch loses changes a result.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/ztest.h>

#include "floats.wasm.h"
#include "wasm_export.h"

#define THREADS 2
#define ROUNDS  400

static K_THREAD_STACK_ARRAY_DEFINE(stacks, THREADS, CONFIG_ZONDA_THREAD_STACK_SIZE);

struct worker {
	struct k_thread thread;
	wasm_module_inst_t instance;
	double start;
	double expected;
	uint32_t wrong;
	bool failed;
};

static struct worker workers[THREADS];
static volatile const void *last;
static volatile uint32_t switches;

/* Counts how often the other thread has run since, and keeps values in registers for most of the
 * time: a handler of the interpreter holds them for a few instructions only. */
static double scale(wasm_exec_env_t exec_env, float small, double sum)
{
	const void *now = wasm_runtime_get_module_inst(exec_env);

	if (last != now) {
		last = now;
		switches++;
	}
	for (uint32_t i = 0; i < 100; i++) {
		small = small * 0.75f + 0.5f;
		sum = sum * 0.999 + (double)small;
	}
	return sum;
}

static NativeSymbol natives[] = {{"scale", scale, "(fF)F", NULL}};

static double run(struct worker *worker)
{
	wasm_function_inst_t function = wasm_runtime_lookup_function(worker->instance, "run");
	wasm_exec_env_t exec_env = wasm_runtime_create_exec_env(worker->instance, 1024);
	wasm_val_t args[2] = {
		{.kind = WASM_I32, .of = {.i32 = ROUNDS}},
		{.kind = WASM_F64, .of = {.f64 = worker->start}},
	};
	wasm_val_t result = {0};

	if (function == NULL || exec_env == NULL ||
	    !wasm_runtime_call_wasm_a(exec_env, function, 1, &result, 2, args)) {
		worker->failed = true;
	}
	if (exec_env != NULL) {
		wasm_runtime_destroy_exec_env(exec_env);
	}
	return result.of.f64;
}

static void work(void *arg, void *unused_2, void *unused_3)
{
	struct worker *worker = arg;

	ARG_UNUSED(unused_2);
	ARG_UNUSED(unused_3);
	for (uint32_t i = 0; i < 10; i++) {
		double result = run(worker);

		worker->wrong += memcmp(&result, &worker->expected, sizeof(result)) != 0;
	}
}

static void two_programs(RunningMode mode)
{
	RuntimeInitArgs init = {
		.mem_alloc_type = Alloc_With_System_Allocator,
		.native_module_name = "env",
		.native_symbols = natives,
		.n_native_symbols = ARRAY_SIZE(natives),
	};
	char error[64];
	wasm_module_t module;

	zassert_true(wasm_runtime_full_init(&init));
	module = wasm_runtime_load((uint8_t *)floats_wasm, sizeof(floats_wasm), error,
				   sizeof(error));
	zassert_not_null(module, "%s", error);
	for (uint32_t i = 0; i < THREADS; i++) {
		struct worker *worker = &workers[i];

		memset(worker, 0, sizeof(*worker));
		worker->instance = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
		zassert_not_null(worker->instance, "%s", error);
		zassert_true(wasm_runtime_set_running_mode(worker->instance, mode));
		worker->start = 1.0 + i;
		worker->expected = run(worker);
	}
	zassert_true(workers[0].expected != workers[1].expected);

	switches = 0;
	for (uint32_t i = 0; i < THREADS; i++) {
		k_thread_create(&workers[i].thread, stacks[i], K_THREAD_STACK_SIZEOF(stacks[i]),
				work, &workers[i], NULL, NULL, K_PRIO_PREEMPT(5),
				IS_ENABLED(CONFIG_FPU_SHARING) ? K_FP_REGS : 0, K_NO_WAIT);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		k_thread_join(&workers[i].thread, K_FOREVER);
		zassert_false(workers[i].failed, "%s",
			      wasm_runtime_get_exception(workers[i].instance));
		zassert_equal(workers[i].wrong, 0, "%u of 10 results are wrong", workers[i].wrong);
		wasm_runtime_deinstantiate(workers[i].instance);
	}
	zassert_true(switches > 10, "%u switches only", switches);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
}

ZTEST(fpu, test_classic)
{
	two_programs(Mode_Zonda_Classic);
}

ZTEST(fpu, test_fast)
{
	two_programs(Mode_Zonda_Fast);
}

ZTEST_SUITE(fpu, NULL, NULL, NULL, NULL, NULL);
