/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * WASI on Linux through the C API: what a module is given, what an instance is given in its place,
 * and that nothing is granted otherwise. The argument is a folder with a file "inside", beside
 * which there is a file "outside".
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "modules.h"
#include "wasm_export.h"

/* Error numbers of preview 1. */
enum {
	SUCCESS = 0,
	ACCES = 2,
	BADF = 8,
	PERM = 63
};

static char error[128];

static int32_t call(wasm_module_inst_t instance, const char *name)
{
	wasm_function_inst_t function = wasm_runtime_lookup_function(instance, name);
	wasm_exec_env_t exec_env = wasm_runtime_create_exec_env(instance, 0);
	uint32_t result[1] = {0};

	CHECK(function != NULL && exec_env != NULL);
	CHECK(wasm_runtime_call_wasm(exec_env, function, 0, result));
	wasm_runtime_destroy_exec_env(exec_env);
	return (int32_t)result[0];
}

/* Arguments or variables: their number, and the last byte of the last one. */
static int32_t strings(int count, char last)
{
	return count * 256 + last;
}

static void nothing_is_granted(wasm_module_inst_t instance)
{
	CHECK(call(instance, "args") / 256 == 0 && call(instance, "env") / 256 == 0);
	CHECK(call(instance, "directory") == BADF && call(instance, "inside") == BADF);
	CHECK(call(instance, "bind") != SUCCESS && call(instance, "lookup") == ACCES);
}

static void leaves(wasm_module_inst_t instance, uint32_t code)
{
	wasm_exec_env_t exec_env = wasm_runtime_create_exec_env(instance, 0);

	CHECK(wasm_runtime_get_wasi_exit_code(instance) == 0);
	CHECK(!wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, "leave"), 1,
				      &code));
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: wasi proc exit") == 0);
	CHECK(wasm_runtime_get_wasi_exit_code(instance) == code);
	wasm_runtime_destroy_exec_env(exec_env);
}

int main(int argc, char **argv)
{
	char mapped[512];
	const char *map[] = {mapped};
	const char *env[] = {"A=1", "B=2"};
	const char *networks[] = {"127.0.0.0/8"};
	const char *names[] = {"localhost"};
	const char *bad_networks[] = {"127.0.0.1"};
	char *args[] = {"program", "x"};
	struct InstantiationArgs2 *given;
	wasm_module_t module;
	wasm_module_inst_t instance;

	CHECK(argc >= 2);
	if (argc > 2) {
		CHECK(wasm_runtime_set_default_running_mode(Mode_Zonda_Classic));
	}
	(void)snprintf(mapped, sizeof(mapped), "/::%s", argv[1]);
	CHECK(wasm_runtime_init());
	module = wasm_runtime_load((uint8_t *)wasi_wasm, sizeof(wasi_wasm), error, sizeof(error));
	CHECK(module != NULL);

	instance = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	CHECK(instance != NULL);
	nothing_is_granted(instance);
	leaves(instance, 7);
	wasm_runtime_deinstantiate(instance);

	/* What the module is given, its instances have. */
	wasm_runtime_set_wasi_args(module, NULL, 0, map, 1, env, 2, args, 2);
	wasm_runtime_set_wasi_addr_pool(module, networks, 1);
	wasm_runtime_set_wasi_ns_lookup_pool(module, names, 1);
	instance = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	CHECK(instance != NULL);
	CHECK(call(instance, "args") == strings(2, 'x') &&
	      call(instance, "env") == strings(2, '2'));
	CHECK(call(instance, "directory") == SUCCESS && call(instance, "inside") == SUCCESS);
	CHECK(call(instance, "outside") == PERM);
	CHECK(call(instance, "bind") == SUCCESS && call(instance, "lookup") == SUCCESS);
	wasm_runtime_deinstantiate(instance);

	/* What an instance is given is in place of all of that. */
	CHECK(wasm_runtime_instantiation_args_create(&given));
	wasm_runtime_instantiation_args_set_wasi_arg(given, args, 1);
	instance = wasm_runtime_instantiate_ex2(module, given, error, sizeof(error));
	CHECK(instance != NULL);
	CHECK(call(instance, "args") == strings(1, 'm') && call(instance, "env") / 256 == 0);
	CHECK(call(instance, "directory") == BADF && call(instance, "lookup") == ACCES);
	CHECK(call(instance, "bind") != SUCCESS);
	wasm_runtime_deinstantiate(instance);

	wasm_runtime_instantiation_args_set_wasi_env(given, env, 1);
	wasm_runtime_instantiation_args_set_wasi_dir(given, NULL, 0, map, 1);
	wasm_runtime_instantiation_args_set_wasi_addr_pool(given, networks, 1);
	wasm_runtime_instantiation_args_set_wasi_ns_lookup_pool(given, names, 1);
	wasm_runtime_instantiation_args_set_wasi_stdio(given, -1, -1, -1);
	instance = wasm_runtime_instantiate_ex2(module, given, error, sizeof(error));
	CHECK(instance != NULL);
	CHECK(call(instance, "env") == strings(1, '1') && call(instance, "inside") == SUCCESS);
	CHECK(call(instance, "bind") == SUCCESS && call(instance, "lookup") == SUCCESS);
	CHECK(call(instance, "outside") == PERM);
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_instantiation_args_destroy(given);

	/* Each of the functions says by itself that the instance has arguments of its own. */
	CHECK(wasm_runtime_instantiation_args_create(&given));
	wasm_runtime_instantiation_args_set_wasi_stdio(given, -1, -1, -1);
	instance = wasm_runtime_instantiate_ex2(module, given, error, sizeof(error));
	CHECK(instance != NULL);
	nothing_is_granted(instance);
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_instantiation_args_destroy(given);

	/* What cannot be granted is named. */
	wasm_runtime_set_wasi_addr_pool(module, bad_networks, 1);
	CHECK(wasm_runtime_instantiate(module, 0, 0, error, sizeof(error)) == NULL);
	CHECK(strstr(error, "127.0.0.1") != NULL);
	wasm_runtime_set_wasi_addr_pool(module, NULL, 0);
	map[0] = "/::/nowhere";
	CHECK(wasm_runtime_instantiate(module, 0, 0, error, sizeof(error)) == NULL);
	CHECK(strstr(error, "/nowhere") != NULL);

	wasm_runtime_unload(module);
	wasm_runtime_destroy();
	printf("well\n");
	return 0;
}
