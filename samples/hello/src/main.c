/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Loads a WebAssembly program from flash, gives it a function to print with, runs its main and
 * calls its add.
 */

#include <zephyr/kernel.h>

#include "hello.wasm.h"
#include "wasm_export.h"

/* Signature "(*~)": the runtime has checked that text and len lie within the program's memory. */
static void print(wasm_exec_env_t exec_env, const char *text, uint32_t len)
{
	ARG_UNUSED(exec_env);
	printk("%.*s", (int)len, text);
}

static const NativeSymbol natives[] = {
	{"print", print, "(*~)", NULL},
};

static int call_add(wasm_module_inst_t instance, uint32_t a, uint32_t b)
{
	wasm_function_inst_t add = wasm_runtime_lookup_function(instance, "add");
	wasm_exec_env_t exec_env = wasm_runtime_create_exec_env(instance, CONFIG_ZONDA_STACK_SIZE);
	wasm_val_t args[2] = {
		{.kind = WASM_I32, .of = {.i32 = a}},
		{.kind = WASM_I32, .of = {.i32 = b}},
	};
	wasm_val_t results[1];
	int result = -ENOMEM;

	if (add == NULL || exec_env == NULL) {
		printk("no add, or no memory to call it\n");
	} else if (!wasm_runtime_call_wasm_a(exec_env, add, 1, results, 2, args)) {
		printk("%s\n", wasm_runtime_get_exception(instance));
		result = -EFAULT;
	} else {
		printk("%u + %u = %u\n", a, b, (uint32_t)results[0].of.i32);
		result = 0;
	}

	if (exec_env != NULL) {
		wasm_runtime_destroy_exec_env(exec_env);
	}
	return result;
}

static int run(void)
{
	char error[64];
	wasm_module_t module;
	wasm_module_inst_t instance;
	int result = 0;

	module = wasm_runtime_load((uint8_t *)hello_wasm, sizeof(hello_wasm), error, sizeof(error));
	if (module == NULL) {
		printk("load: %s\n", error);
		return -EINVAL;
	}

	instance = wasm_runtime_instantiate(module, CONFIG_ZONDA_STACK_SIZE,
					    CONFIG_ZONDA_APP_HEAP_SIZE, error, sizeof(error));
	if (instance == NULL) {
		printk("instantiate: %s\n", error);
		wasm_runtime_unload(module);
		return -ENOMEM;
	}

	if (!wasm_application_execute_main(instance, 0, NULL)) {
		printk("%s\n", wasm_runtime_get_exception(instance));
		result = -EFAULT;
	} else {
		result = call_add(instance, 19, 23);
	}

	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	return result;
}

int main(void)
{
	RuntimeInitArgs args = {
		.mem_alloc_type = Alloc_With_System_Allocator,
		.native_module_name = "env",
		.native_symbols = (NativeSymbol *)natives,
		.n_native_symbols = ARRAY_SIZE(natives),
	};
	int result;

	if (!wasm_runtime_full_init(&args)) {
		printk("the runtime does not start\n");
		return -ENOMEM;
	}

	result = run();
	wasm_runtime_destroy();
	printk("done: %d\n", result);
	return result;
}
