/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs a WebAssembly program on a thread in user mode. One of the native functions has a defect;
 * the MPU keeps it from the kernel's memory, and the kernel ends that thread alone.
 */

#include <zephyr/app_memory/app_memdomain.h>
#include <zephyr/fatal.h>
#include <zephyr/kernel.h>
#include <zephyr/version.h>

#include "user_mode.wasm.h"
#include "wasm_export.h"
#include "zonda_zephyr.h"

/* Memory of the firmware that no thread in user mode may write. */
static volatile int setpoint = 42;

/* What the native function below is meant to write. */
K_APP_BMEM(zonda_partition) static int levels[4];

static void print(wasm_exec_env_t exec_env, const char *text, uint32_t len)
{
	ARG_UNUSED(exec_env);
	printk("%.*s", (int)len, text);
}

/* The defect: `index` comes from the program, and nothing checks it. */
static void poke(wasm_exec_env_t exec_env, uint32_t index, int32_t value)
{
	volatile int *level = (volatile int *)((uintptr_t)levels + index * sizeof(levels[0]));

	ARG_UNUSED(exec_env);
	*level = value;
}

static const NativeSymbol natives[] = {
	{"print", print, "(*~)", NULL},
	{"poke", poke, "(ii)", NULL},
};

static bool call_misuse(wasm_module_inst_t instance, uint32_t index)
{
	wasm_function_inst_t misuse = wasm_runtime_lookup_function(instance, "misuse");
	wasm_exec_env_t exec_env = wasm_runtime_create_exec_env(instance, CONFIG_ZONDA_STACK_SIZE);
	bool done = false;

	if (misuse == NULL || exec_env == NULL) {
		printk("no misuse, or no memory to call it\n");
	} else {
		done = wasm_runtime_call_wasm(exec_env, misuse, 1, &index);
	}
	if (exec_env != NULL) {
		wasm_runtime_destroy_exec_env(exec_env);
	}
	return done;
}

/* In user mode. */
static void run(void *p1, void *p2, void *p3)
{
	/* Distance from `levels` to `setpoint`, in elements. */
	uint32_t outside =
		(uint32_t)(((uintptr_t)&setpoint - (uintptr_t)levels) / sizeof(levels[0]));
	char error[64];
	wasm_module_t module;
	wasm_module_inst_t instance;
	RuntimeInitArgs args = {
		.mem_alloc_type = Alloc_With_System_Allocator,
		.native_module_name = "env",
		.native_symbols = (NativeSymbol *)natives,
		.n_native_symbols = ARRAY_SIZE(natives),
	};

	ARG_UNUSED(p1);
	ARG_UNUSED(p2);
	ARG_UNUSED(p3);

	if (!wasm_runtime_full_init(&args)) {
		printk("the runtime does not start\n");
		return;
	}
	module = wasm_runtime_load((uint8_t *)user_mode_wasm, sizeof(user_mode_wasm), error,
				   sizeof(error));
	if (module == NULL) {
		printk("load: %s\n", error);
		return;
	}
	instance = wasm_runtime_instantiate(module, CONFIG_ZONDA_STACK_SIZE,
					    CONFIG_ZONDA_APP_HEAP_SIZE, error, sizeof(error));
	if (instance == NULL) {
		printk("instantiate: %s\n", error);
		return;
	}

	printk("user mode: %s\n", k_is_user_context() ? "yes" : "no");
	if (!wasm_application_execute_main(instance, 0, NULL)) {
		printk("%s\n", wasm_runtime_get_exception(instance));
		return;
	}
	if (call_misuse(instance, 1)) {
		printk("index 1: written\n");
	}
	printk("index outside: the kernel ends the thread\n");
	(void)call_misuse(instance, outside);
	printk("not reached\n");
}

/* Zephyr's own handler stops the system. When this one returns, the kernel ends the thread. */
#if KERNEL_VERSION_NUMBER >= ZEPHYR_VERSION(3, 7, 0)
void k_sys_fatal_error_handler(unsigned int reason, const struct arch_esf *esf)
#else
void k_sys_fatal_error_handler(unsigned int reason, const z_arch_esf_t *esf)
#endif
{
	ARG_UNUSED(esf);
	printk("fault: %u\n", reason);
}

K_THREAD_STACK_DEFINE(stack, CONFIG_ZONDA_THREAD_STACK_SIZE);
static struct k_thread thread;

int main(void)
{
	int result = k_mem_domain_add_partition(&k_mem_domain_default, &zonda_partition);

	if (result != 0) {
		printk("no room for the runtime's partition: %d\n", result);
		return result;
	}
	(void)k_thread_create(&thread, stack, K_THREAD_STACK_SIZEOF(stack), run, NULL, NULL, NULL,
			      K_PRIO_PREEMPT(1), K_USER, K_NO_WAIT);
	(void)k_thread_join(&thread, K_FOREVER);
	printk("setpoint: %d\n", setpoint);
	return 0;
}
