/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs two WebAssembly programs in two threads, and terminates one of them.
 */

#include <string.h>

#include <zephyr/kernel.h>

#include "endless.wasm.h"
#include "sum.wasm.h"
#include "wasm_export.h"

struct program {
	const char *name;
	const uint8_t *bytes;
	uint32_t size;
	wasm_module_t module;
	wasm_module_inst_t instance;
	struct k_thread thread;
};

static struct program programs[] = {
	{.name = "sum", .bytes = sum_wasm, .size = sizeof(sum_wasm)},
	{.name = "endless", .bytes = endless_wasm, .size = sizeof(endless_wasm)},
};

static K_THREAD_STACK_ARRAY_DEFINE(stacks, ARRAY_SIZE(programs), CONFIG_ZONDA_THREAD_STACK_SIZE);

/* Signature "(*~)i": the runtime has checked that `len` bytes at `bytes` are inside the linear
 * memory. */
static int32_t sum(wasm_exec_env_t exec_env, const uint8_t *bytes, uint32_t len)
{
	int32_t result = 0;

	ARG_UNUSED(exec_env);
	for (uint32_t i = 0; i < len; i++) {
		result += bytes[i];
	}
	return result;
}

/* Signature "($)": the runtime has checked that the string ends inside the linear memory. */
static void print(wasm_exec_env_t exec_env, const char *text)
{
	const struct program *program =
		wasm_runtime_get_custom_data(wasm_runtime_get_module_inst(exec_env));

	printk("%s: %s\n", program->name, text);
}

static void sleep_ms(wasm_exec_env_t exec_env, int32_t ms)
{
	ARG_UNUSED(exec_env);
	k_msleep(ms);
}

static const NativeSymbol natives[] = {
	{"sum", sum, "(*~)i", NULL},
	{"print", print, "($)", NULL},
	{"sleep_ms", sleep_ms, "(i)", NULL},
};

static bool load(struct program *program)
{
	char error[96];

	program->module =
		wasm_runtime_load((uint8_t *)program->bytes, program->size, error, sizeof(error));
	if (program->module == NULL) {
		printk("%s: %s\n", program->name, error);
		return false;
	}
	/* 0: the operand stack has CONFIG_ZONDA_STACK_SIZE bytes. */
	program->instance = wasm_runtime_instantiate(program->module, 0, 0, error, sizeof(error));
	if (program->instance == NULL) {
		printk("%s: %s\n", program->name, error);
		return false;
	}
	wasm_runtime_set_custom_data(program->instance, program);
	return true;
}

/* The function of both threads. */
static void run(void *arg, void *unused_2, void *unused_3)
{
	struct program *program = arg;

	ARG_UNUSED(unused_2);
	ARG_UNUSED(unused_3);
	if (wasm_application_execute_main(program->instance, 0, NULL)) {
		printk("%s: returned 0\n", program->name);
	} else {
		/* After "Exception: ". */
		printk("%s: %s\n", program->name,
		       wasm_runtime_get_exception(program->instance) + strlen("Exception: "));
	}
}

int main(void)
{
	RuntimeInitArgs args = {
		.mem_alloc_type = Alloc_With_System_Allocator,
		.native_module_name = "env",
		.native_symbols = (NativeSymbol *)natives,
		.n_native_symbols = ARRAY_SIZE(natives),
	};

	if (!wasm_runtime_full_init(&args) || !load(&programs[0]) || !load(&programs[1])) {
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		k_thread_create(&programs[i].thread, stacks[i], K_THREAD_STACK_SIZEOF(stacks[i]),
				run, &programs[i], NULL, NULL, K_PRIO_PREEMPT(5), 0, K_NO_WAIT);
	}

	k_msleep(100);
	/* Any thread or interrupt handler may do this while the instance exists. */
	wasm_runtime_terminate(programs[1].instance);

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		k_thread_join(&programs[i].thread, K_FOREVER);
		wasm_runtime_deinstantiate(programs[i].instance);
		wasm_runtime_unload(programs[i].module);
	}
	wasm_runtime_destroy();
	printk("both programs have ended\n");
	return 0;
}
