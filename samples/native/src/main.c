/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs the same program in classic mode, in fast mode and as native code, and compares the times.
 */

#include <zephyr/kernel.h>

#include "kernel.wasm.h"
#include "kernel_native.wasm.h"
#include "wasm_export.h"

#define SEED 2026

struct variant {
	const char *name;
	RunningMode mode;
	/* wasm_runtime_load(), or zonda_load_trusted() for native code. */
	wasm_module_t (*load)(uint8_t *buf, uint32_t size, char *error_buf,
			      uint32_t error_buf_size);
	const uint8_t *bytes;
	uint32_t size;
	uint32_t result;
	uint32_t cycles;
};

static struct variant variants[] = {
	{"classic", Mode_Zonda_Classic, KERNEL_WASM_LOAD, kernel_wasm, sizeof(kernel_wasm)},
	{"fast", Mode_Zonda_Fast, KERNEL_WASM_LOAD, kernel_wasm, sizeof(kernel_wasm)},
	{"native", Mode_Interp, KERNEL_NATIVE_WASM_LOAD, kernel_native_wasm,
	 sizeof(kernel_native_wasm)},
};

/* Calls the program, and stores its result and how long that took. */
static bool call(struct variant *variant, wasm_module_inst_t instance)
{
	wasm_exec_env_t env = wasm_runtime_get_exec_env_singleton(instance);
	wasm_function_inst_t run = wasm_runtime_lookup_function(instance, "run");
	uint32_t cells[1] = {SEED};
	uint32_t start = k_cycle_get_32();
	bool done = wasm_runtime_call_wasm(env, run, 1, cells);

	variant->cycles = k_cycle_get_32() - start;
	variant->result = cells[0];
	if (!done) {
		printk("%s: %s\n", variant->name, wasm_runtime_get_exception(instance));
	}
	return done;
}

static bool measure(struct variant *variant)
{
	char error[128];
	wasm_module_t module;
	wasm_module_inst_t instance;
	bool done;

	/* Code is made for the default mode when a module is loaded; native code is there already. */
	wasm_runtime_set_default_running_mode(variant->mode);
	module = variant->load((uint8_t *)variant->bytes, variant->size, error, sizeof(error));
	if (module == NULL) {
		printk("%s: %s\n", variant->name, error);
		return false;
	}
	instance = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	if (instance == NULL) {
		printk("%s: %s\n", variant->name, error);
		wasm_runtime_unload(module);
		return false;
	}
	done = call(variant, instance);
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	if (done) {
		printk("%-7s %u bytes of flash, result %08x, %u cycles\n", variant->name,
		       variant->size, variant->result, variant->cycles);
	}
	return done;
}

int main(void)
{
	const struct variant *native = &variants[ARRAY_SIZE(variants) - 1];
	RuntimeInitArgs args = {.mem_alloc_type = Alloc_With_System_Allocator};

	if (!wasm_runtime_full_init(&args)) {
		printk("the runtime does not start\n");
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		if (!measure(&variants[i]) || variants[i].result != variants[0].result) {
			printk("%s: failed\n", variants[i].name);
			return 0;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(variants) - 1; i++) {
		uint32_t tenths = 10ULL * variants[i].cycles / MAX(native->cycles, 1);

		printk("native code is %u.%u times as fast as %s mode\n", tenths / 10, tenths % 10,
		       variants[i].name);
	}
	printk("done\n");
	return 0;
}
