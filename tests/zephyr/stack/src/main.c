/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Measures how much stack of a thread loading and calling need, compares it with what Kconfig says,
 * and checks that a thread with less is refused.
 */

#include <string.h>

#include <zephyr/sys/printk.h>
#include <zephyr/ztest.h>

#include "wasm_export.h"

#define LARGE 8192

static const uint8_t traps_wasm[] = {
#include "traps.wasm.inc"
};
static const uint8_t natives_wasm[] = {
#include "natives.wasm.inc"
};

static K_THREAD_STACK_DEFINE(stack, LARGE);
static struct k_thread thread;

/* What a thread does, and how many bytes of stack below its own frame that took. */
struct job {
	void (*body)(struct job *job);
	RunningMode mode;
	wasm_module_t module;
	wasm_module_inst_t instance;
	wasm_exec_env_t exec_env;
	char error[96];
	size_t used;
};

static int64_t mixed(wasm_exec_env_t exec_env, int32_t i, int64_t l, float f, double d,
		     const uint8_t *bytes, uint32_t len, const char *text)
{
	ARG_UNUSED(exec_env);
	ARG_UNUSED(bytes);
	ARG_UNUSED(text);
	return l + i + (int64_t)f + (int64_t)d + len;
}

static const NativeSymbol natives[] = {
	{"mixed", mixed, "(iIfF*~$)I", NULL},
};

/* zassert_str_equal() is newer than Zephyr 3.6. */
static void expect(const char *actual, const char *expected)
{
	zassert_not_null(actual);
	zassert_ok(strcmp(actual, expected), "%s, and not %s", actual, expected);
}

static void run(void *arg, void *unused_2, void *unused_3)
{
	struct job *job = arg;
	size_t unused;

	ARG_UNUSED(unused_2);
	ARG_UNUSED(unused_3);
	job->body(job);
	if (k_thread_stack_space_get(k_current_get(), &unused) == 0) {
		job->used = (uintptr_t)&unused - (k_current_get()->stack_info.start + unused);
	}
}

static void in_thread(struct job *job, size_t stack_size, void (*body)(struct job *job))
{
	job->body = body;
	job->used = 0;
	k_thread_create(&thread, stack, stack_size, run, job, NULL, NULL, K_PRIO_PREEMPT(5), 0,
			K_NO_WAIT);
	k_thread_join(&thread, K_FOREVER);
}

static void load(struct job *job)
{
	job->module = wasm_runtime_load((uint8_t *)natives_wasm, sizeof(natives_wasm), job->error,
					sizeof(job->error));
}

static void instantiate(struct job *job)
{
	job->instance =
		wasm_runtime_instantiate(job->module, 1024, 0, job->error, sizeof(job->error));
}

static void load_traps(struct job *job)
{
	job->module = wasm_runtime_load((uint8_t *)traps_wasm, sizeof(traps_wasm), job->error,
					sizeof(job->error));
}

static void call_native(struct job *job)
{
	uint32_t argv[2];

	wasm_runtime_clear_exception(job->instance);
	(void)wasm_runtime_call_wasm(
		job->exec_env, wasm_runtime_lookup_function(job->instance, "call_mixed"), 0, argv);
}

/* Until the operand stack is full. */
static void recurse(struct job *job)
{
	uint32_t argv[1];

	wasm_runtime_clear_exception(job->instance);
	(void)wasm_runtime_call_wasm(
		job->exec_env, wasm_runtime_lookup_function(job->instance, "recurse"), 0, argv);
}

static void trap_in_float(struct job *job)
{
	uint32_t argv[1];

	wasm_runtime_clear_exception(job->instance);
	(void)wasm_runtime_call_wasm(job->exec_env,
				     wasm_runtime_lookup_function(job->instance, "trunc"), 0, argv);
}

static void *start(void)
{
	RuntimeInitArgs args;

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_System_Allocator;
	args.native_module_name = "env";
	args.native_symbols = (NativeSymbol *)natives;
	args.n_native_symbols = ARRAY_SIZE(natives);
	zassert_true(wasm_runtime_full_init(&args));
	return NULL;
}

static void end(void *unused)
{
	ARG_UNUSED(unused);
	wasm_runtime_destroy();
}

ZTEST_SUITE(stack, NULL, start, NULL, NULL, end);

static size_t measure(const char *what, struct job *job, void (*body)(struct job *job))
{
	in_thread(job, LARGE, body);
	printk("%s: %u bytes of stack\n", what, (uint32_t)job->used);
	return job->used;
}

static void set_up(struct job *job, void (*body)(struct job *job))
{
	in_thread(job, LARGE, body);
	zassert_not_null(job->module, "%s", job->error);
	in_thread(job, LARGE, instantiate);
	zassert_not_null(job->instance, "%s", job->error);
	zassert_true(wasm_runtime_set_running_mode(job->instance, job->mode));
	job->exec_env = wasm_runtime_create_exec_env(job->instance, 1024);
	zassert_not_null(job->exec_env);
}

static void tear_down(struct job *job)
{
	wasm_runtime_destroy_exec_env(job->exec_env);
	wasm_runtime_deinstantiate(job->instance);
	wasm_runtime_unload(job->module);
}

static void needs(RunningMode mode)
{
	struct job job = {.mode = mode};
	size_t most;

	Z_TEST_SKIP_IFDEF(CONFIG_ARCH_POSIX);
	wasm_runtime_set_default_running_mode(mode);
	most = measure("load", &job, load);
	zassert_not_null(job.module, "%s", job.error);
	most = MAX(most, measure("instantiate", &job, instantiate));
	zassert_not_null(job.instance, "%s", job.error);
	zassert_true(most <= CONFIG_ZONDA_LOAD_STACK_SIZE, "loading needs %u bytes",
		     (uint32_t)most);

	job.exec_env = wasm_runtime_create_exec_env(job.instance, 1024);
	most = measure("call a native function", &job, call_native);
	zassert_is_null(wasm_runtime_get_exception(job.instance), "%s",
			wasm_runtime_get_exception(job.instance));
	tear_down(&job);

	set_up(&job, load_traps);
	most = MAX(most, measure("recurse", &job, recurse));
	expect(wasm_runtime_get_exception(job.instance), "Exception: wasm operand stack overflow");
	most = MAX(most, measure("trap of a float", &job, trap_in_float));
	expect(wasm_runtime_get_exception(job.instance),
	       "Exception: invalid conversion to integer");
	tear_down(&job);
	zassert_true(most <= CONFIG_ZONDA_CALL_STACK_SIZE, "calling needs %u bytes",
		     (uint32_t)most);
}

ZTEST(stack, test_classic)
{
	Z_TEST_SKIP_IFNDEF(CONFIG_ZONDA_CLASSIC);
	needs(Mode_Zonda_Classic);
}

ZTEST(stack, test_fast)
{
	Z_TEST_SKIP_IFNDEF(CONFIG_ZONDA_FAST);
	needs(Mode_Zonda_Fast);
}

ZTEST(stack, test_too_small)
{
	struct job job = {.mode = Mode_Interp};

	Z_TEST_SKIP_IFDEF(CONFIG_ARCH_POSIX);
	in_thread(&job, CONFIG_ZONDA_LOAD_STACK_SIZE - 64, load);
	zassert_is_null(job.module);
	expect(job.error, "WASM module load failed: native stack overflow");

	in_thread(&job, LARGE, load);
	zassert_not_null(job.module);
	in_thread(&job, CONFIG_ZONDA_LOAD_STACK_SIZE - 64, instantiate);
	zassert_is_null(job.instance);
	expect(job.error, "WASM module instantiate failed: native stack overflow");

	in_thread(&job, LARGE, instantiate);
	job.exec_env = wasm_runtime_create_exec_env(job.instance, 1024);
	in_thread(&job, CONFIG_ZONDA_CALL_STACK_SIZE - 64, call_native);
	expect(wasm_runtime_get_exception(job.instance), "Exception: native stack overflow");
	/* The instance is still usable. */
	in_thread(&job, LARGE, call_native);
	zassert_is_null(wasm_runtime_get_exception(job.instance));
	tear_down(&job);
}

/* The heap of the module, from which this test allocates. */
ZTEST(stack, test_heap_info)
{
	mem_alloc_info_t info;
	void *memory;
	uint32_t free_before;

	zassert_true(wasm_runtime_get_mem_alloc_info(&info));
	zassert_true(info.total_size > CONFIG_ZONDA_HEAP_SIZE / 2 &&
		     info.total_size <= CONFIG_ZONDA_HEAP_SIZE);
	free_before = info.total_free_size;
	memory = wasm_runtime_malloc(1000);
	zassert_not_null(memory);
	zassert_true(wasm_runtime_get_mem_alloc_info(&info));
	zassert_true(info.total_free_size + 1000 <= free_before);
	zassert_true(info.highmark_size >= 1000);
	wasm_runtime_free(memory);
	zassert_true(wasm_runtime_get_mem_alloc_info(&info));
	zassert_equal(info.total_free_size, free_before);
}
