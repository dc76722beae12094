/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs two ordinary programs: one in C, which prints with printf, and one in Rust, which prints with
 * println. They import WASI, and get their arguments and nothing else.
 */

#include <zephyr/kernel.h>

#include "wasm_export.h"

static const uint8_t hello_c[] = {
#include "hello_c.wasm.inc"
};

static const uint8_t hello_rust[] = {
#include "hello_rust.wasm.inc"
};

static int run(const uint8_t *bytes, uint32_t size, char **argv, int argc)
{
	char error[64];
	wasm_module_t module;
	wasm_module_inst_t instance;
	int result = 0;

	module = wasm_runtime_load((uint8_t *)bytes, size, error, sizeof(error));
	if (module == NULL) {
		printk("load: %s\n", error);
		return -EINVAL;
	}
	wasm_runtime_set_wasi_args(module, NULL, 0, NULL, 0, NULL, 0, argv, argc);

	instance = wasm_runtime_instantiate(module, CONFIG_ZONDA_STACK_SIZE, 0, error,
					    sizeof(error));
	if (instance == NULL) {
		printk("instantiate: %s\n", error);
		wasm_runtime_unload(module);
		return -ENOMEM;
	}

	if (!wasm_application_execute_main(instance, 0, NULL)) {
		printk("%s\n", wasm_runtime_get_exception(instance));
		result = -EFAULT;
	} else {
		printk("exit code %u\n", wasm_runtime_get_wasi_exit_code(instance));
	}

	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	return result;
}

int main(void)
{
	RuntimeInitArgs args = {
		.mem_alloc_type = Alloc_With_System_Allocator,
	};
	char *argv[] = {"hello", "Zephyr"};
	int result;

	if (!wasm_runtime_full_init(&args)) {
		printk("the runtime does not start\n");
		return -ENOMEM;
	}

	result = run(hello_c, sizeof(hello_c), argv, ARRAY_SIZE(argv));
	if (result == 0) {
		result = run(hello_rust, sizeof(hello_rust), argv, ARRAY_SIZE(argv));
	}
	wasm_runtime_destroy();
	printk("done: %d\n", result);
	return result;
}
