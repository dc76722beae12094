/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs a program under the GDB remote stub: it waits for a debugger, calls `run` and `trap`, and
 * over a UART also `spin`, which runs until a debugger ends it, and prints what comes of it. The
 * clock of native_sim stands still in a loop, so that no byte would arrive there.
 */

#include <zephyr/kernel.h>

#include "wasm_export.h"

static const uint8_t story[] __aligned(4) = {
#include "story.wasm.inc"
};

static void call(wasm_module_inst_t instance, wasm_exec_env_t exec_env, const char *name, int32_t n)
{
	wasm_function_inst_t func = wasm_runtime_lookup_function(instance, name);
	wasm_val_t args[1] = {{.kind = WASM_I32, .of = {.i32 = n}}};
	wasm_val_t results[1];

	if (wasm_runtime_call_wasm_a(exec_env, func, 1, results, 1, args)) {
		printk("%s(%d) = %d\n", name, n, results[0].of.i32);
	} else {
		printk("%s(%d): %s\n", name, n, wasm_runtime_get_exception(instance));
		wasm_runtime_clear_exception(instance);
	}
}

static void spin(wasm_module_inst_t instance, wasm_exec_env_t exec_env)
{
	wasm_function_inst_t func = wasm_runtime_lookup_function(instance, "spin");
	wasm_val_t result;

	/* Its loop stops for a debugger in classic mode only (docs/debugging.md, "Modes"). */
	if (wasm_runtime_set_running_mode(instance, Mode_Zonda_Classic) &&
	    wasm_runtime_call_wasm_a(exec_env, func, 1, &result, 0, NULL)) {
		printk("spin() = %d\n", result.of.i32);
	} else {
		printk("spin(): %s\n", wasm_runtime_get_exception(instance));
	}
}

int main(void)
{
	RuntimeInitArgs init = {.mem_alloc_type = Alloc_With_System_Allocator};
	char error[64];
	wasm_module_t module;
	wasm_module_inst_t instance;
	wasm_exec_env_t exec_env;
	size_t unused;

	if (!wasm_runtime_full_init(&init)) {
		return -ENOMEM;
	}
	module = wasm_runtime_load((uint8_t *)story, sizeof(story), error, sizeof(error));
	if (module == NULL) {
		printk("load: %s\n", error);
		return -EINVAL;
	}
	instance = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	if (instance == NULL) {
		printk("instantiate: %s\n", error);
		return -ENOMEM;
	}
	exec_env = wasm_runtime_create_exec_env(instance, CONFIG_ZONDA_STACK_SIZE);
	call(instance, exec_env, "run", 3);
	call(instance, exec_env, "trap", 2);
	call(instance, exec_env, "run", 4);
	if (IS_ENABLED(CONFIG_ZONDA_DEBUG_UART)) {
		spin(instance, exec_env);
	}
	if (k_thread_stack_space_get(k_current_get(), &unused) == 0) {
		printk("stack: %u of %u bytes used\n", (uint32_t)(CONFIG_MAIN_STACK_SIZE - unused),
		       CONFIG_MAIN_STACK_SIZE);
	}
	wasm_runtime_destroy_exec_env(exec_env);
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	printk("done\n");
	return 0;
}
