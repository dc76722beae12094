/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Blinks an LED from a WebAssembly program: loads it from flash, gives it two functions, runs its
 * main.
 */

#include <zephyr/drivers/gpio.h>
#include <zephyr/kernel.h>

#include "blinky.wasm.h"
#include "wasm_export.h"

static const struct gpio_dt_spec led = GPIO_DT_SPEC_GET(DT_ALIAS(led0), gpios);

static void led_set(wasm_exec_env_t exec_env, int32_t on)
{
	if (gpio_pin_set_dt(&led, on != 0) != 0) {
		wasm_runtime_set_exception(wasm_runtime_get_module_inst(exec_env),
					   "led0 does not answer");
		return;
	}
	printk("led0: %s\n", on != 0 ? "on" : "off");
}

static void sleep_ms(wasm_exec_env_t exec_env, int32_t ms)
{
	ARG_UNUSED(exec_env);
	k_msleep(ms);
}

static const NativeSymbol natives[] = {
	{"led_set", led_set, "(i)", NULL},
	{"sleep_ms", sleep_ms, "(i)", NULL},
};

/* Loads the program and runs it: the thread's function. */
static void run(void *unused_1, void *unused_2, void *unused_3)
{
	char error[64];
	wasm_module_t module;
	wasm_module_inst_t instance;
	const char *exception;

	ARG_UNUSED(unused_1);
	ARG_UNUSED(unused_2);
	ARG_UNUSED(unused_3);

	/* wasm_runtime_load(), unless the program is native code. */
	module = BLINKY_WASM_LOAD((uint8_t *)blinky_wasm, sizeof(blinky_wasm), error,
				  sizeof(error));
	if (module == NULL) {
		printk("load: %s\n", error);
		return;
	}

	instance = wasm_runtime_instantiate(module, CONFIG_ZONDA_STACK_SIZE,
					    CONFIG_ZONDA_APP_HEAP_SIZE, error, sizeof(error));
	if (instance == NULL) {
		printk("instantiate: %s\n", error);
		wasm_runtime_unload(module);
		return;
	}

	/* Returns when the program's main does, which blinky's never does. */
	wasm_application_execute_main(instance, 0, NULL);

	exception = wasm_runtime_get_exception(instance);
	if (exception != NULL) {
		printk("%s\n", exception);
	}

	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
}

static K_THREAD_STACK_DEFINE(stack, CONFIG_ZONDA_THREAD_STACK_SIZE);
static struct k_thread thread;

int main(void)
{
	RuntimeInitArgs args = {
		.mem_alloc_type = Alloc_With_System_Allocator,
		.native_module_name = "env",
		.native_symbols = (NativeSymbol *)natives,
		.n_native_symbols = ARRAY_SIZE(natives),
	};

	if (!gpio_is_ready_dt(&led) || gpio_pin_configure_dt(&led, GPIO_OUTPUT_INACTIVE) != 0) {
		printk("led0 is not ready\n");
		return -ENODEV;
	}

	if (!wasm_runtime_full_init(&args)) {
		printk("the runtime does not start\n");
		return -ENOMEM;
	}

	/* The firmware goes on with its own work; the program has a thread to itself. */
	k_thread_create(&thread, stack, K_THREAD_STACK_SIZEOF(stack), run, NULL, NULL, NULL,
			K_PRIO_PREEMPT(5), 0, K_NO_WAIT);
	return 0;
}
