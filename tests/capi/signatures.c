/*
 * Native functions with up to 16 parameters of all types get the arguments that the module gives,
 * and the module gets their results. The functions, and the module, are generated:
 * tests/common/signatures.rs.
 */
#include <stdio.h>
#include <string.h>
#include "signatures.h"

/* Calls each function once; false after a line that says which is wrong. */
static bool run(RunningMode mode)
{
	RuntimeInitArgs args = {0};
	char error[128] = "";
	bool well = true;

	args.mem_alloc_type = Alloc_With_System_Allocator;
	args.running_mode = mode;
	if (!wasm_runtime_full_init(&args) ||
	    !wasm_runtime_register_natives("env", (NativeSymbol *)signature_natives,
					   signature_count)) {
		printf("the runtime does not start\n");
		return false;
	}
	wasm_module_t module = wasm_runtime_load((uint8_t *)signature_module, signature_module_size,
						 error, sizeof(error));
	wasm_module_inst_t instance =
		module == NULL ? NULL
			       : wasm_runtime_instantiate(module, 8192, 0, error, sizeof(error));
	if (instance == NULL) {
		printf("%s\n", error);
		return false;
	}
	wasm_exec_env_t env = wasm_runtime_create_exec_env(instance, 8192);

	for (uint32_t number = 0; number < signature_count; number++) {
		char name[16];
		uint32_t cells[4] = {0};

		snprintf(name, sizeof(name), "r%u", (unsigned)number);
		wasm_function_inst_t function = wasm_runtime_lookup_function(instance, name);
		bool called = function != NULL && wasm_runtime_call_wasm(env, function, 0, cells);
		uint32_t wrong = called ? signature_check(number, env, cells) : 103;
		if (wrong != 0) {
			const char *exception = wasm_runtime_get_exception(instance);
			printf("function %u, %s: %u is wrong%s%s\n", (unsigned)number,
			       signature_natives[number].signature, (unsigned)wrong,
			       exception == NULL ? "" : ": ", exception == NULL ? "" : exception);
			wasm_runtime_clear_exception(instance);
			well = false;
		}
	}
	wasm_runtime_destroy_exec_env(env);
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
	return well;
}

int main(void)
{
	bool well = run(Mode_Zonda_Classic);

	well = run(Mode_Zonda_Fast) && well;
	if (well) {
		printf("%u functions well\n", (unsigned)signature_count);
	}
	return !well;
}
