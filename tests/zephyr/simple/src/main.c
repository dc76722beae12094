/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * An application in the shape that WAMR's samples for Zephyr have: written against wasm_export.h
 * alone, no option of Zonda's in sight, a thread of its own, a pool of its own, a module in RAM,
 * main if there is one or else app_main.
 */

#include <stdio.h>
#include <string.h>

#include <zephyr/kernel.h>

#include "wasm_export.h"

#define WASM_STACK_SIZE   2048
#define WASM_HEAP_SIZE    1024
#define THREAD_STACK_SIZE 4096
#define THREAD_PRIORITY   5

/* Declared once more by old applications; the header must agree. */
bool wasm_application_execute_main(wasm_module_inst_t module_inst, int argc, char *argv[]);

static unsigned char program[] = {
#include "simple.wasm.inc"
};

static char pool[16 * 1024] = {0};

static K_THREAD_STACK_DEFINE(stack, THREAD_STACK_SIZE);
static struct k_thread thread;

static void run_app_main(wasm_module_inst_t inst, wasm_function_inst_t func)
{
	wasm_exec_env_t env = wasm_runtime_create_exec_env(inst, WASM_STACK_SIZE);
	uint32_t argv[2] = {0, 0};

	if (!env) {
		printf("no memory for a call\n");
		return;
	}
	wasm_runtime_call_wasm(env, func, 0, argv);
	if (!wasm_runtime_get_exception(inst)) {
		printf("result: %u\n", argv[0]);
	}
	wasm_runtime_destroy_exec_env(env);
}

static void run_instance(wasm_module_inst_t inst)
{
	wasm_function_inst_t app_main;
	const char *exception;

	if (wasm_runtime_lookup_function(inst, "main") ||
	    wasm_runtime_lookup_function(inst, "__main_argc_argv")) {
		wasm_application_execute_main(inst, 0, NULL);
	} else {
		app_main = wasm_runtime_lookup_function(inst, "app_main");
		if (!app_main) {
			printf("neither main nor app_main\n");
			return;
		}
		run_app_main(inst, app_main);
	}

	exception = wasm_runtime_get_exception(inst);
	if (exception) {
		printf("%s\n", exception);
	}
}

static void thread_main(void *p1, void *p2, void *p3)
{
	uint32_t start = k_uptime_get_32();
	RuntimeInitArgs init;
	wasm_module_t module;
	wasm_module_inst_t inst;
	char error[128];

	ARG_UNUSED(p1);
	ARG_UNUSED(p2);
	ARG_UNUSED(p3);

	memset(&init, 0, sizeof(init));
	init.mem_alloc_type = Alloc_With_Pool;
	init.mem_alloc_option.pool.heap_buf = pool;
	init.mem_alloc_option.pool.heap_size = sizeof(pool);
	if (!wasm_runtime_full_init(&init)) {
		printf("the runtime does not start\n");
		return;
	}

	module = wasm_runtime_load(program, sizeof(program), error, sizeof(error));
	if (module) {
		inst = wasm_runtime_instantiate(module, WASM_STACK_SIZE, WASM_HEAP_SIZE, error,
						sizeof(error));
		if (inst) {
			run_instance(inst);
			wasm_runtime_deinstantiate(inst);
		} else {
			printf("%s\n", error);
		}
		wasm_runtime_unload(module);
	} else {
		printf("%s\n", error);
	}

	wasm_runtime_destroy();
	printf("done in %u ms\n", k_uptime_get_32() - start);
}

int main(void)
{
	k_thread_create(&thread, stack, THREAD_STACK_SIZE, thread_main, NULL, NULL, NULL,
			THREAD_PRIORITY, 0, K_NO_WAIT);
	return 0;
}
