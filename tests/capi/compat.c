/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an application that was written for WAMR relies on without saying so: what instantiation
 * makes and runs, and which calls are refused.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counted.h"
#include "modules.h"
#include "platform.h"
#include "wasm_export.h"

#define START(name, heap) start((uint8_t *)name##_wasm, sizeof(name##_wasm), heap)

static char error[128];
static wasm_module_t module;
static wasm_module_inst_t instance;
static wasm_exec_env_t exec_env;

/* Loads and instantiates; false with the reason in `error` when the latter fails. */
static bool try_start(uint8_t *bytes, uint32_t size, uint32_t heap)
{
	module = wasm_runtime_load(bytes, size, error, sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 2048, heap, error, sizeof(error));
	if (instance == NULL) {
		wasm_runtime_unload(module);
		return false;
	}
	exec_env = wasm_runtime_get_exec_env_singleton(instance);
	CHECK(exec_env != NULL);
	return true;
}

static void start(uint8_t *bytes, uint32_t size, uint32_t heap)
{
	if (!try_start(bytes, size, heap)) {
		puts(error);
		exit(1);
	}
}

static void stop(void)
{
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
}

/* Calls with one argument, which may be superfluous; the result, or -1 for an exception. */
static int call(const char *name, uint32_t argument)
{
	uint32_t argv[2] = {argument, 4};

	if (!wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, name), 2,
				    argv)) {
		return -1;
	}
	return (int)argv[0];
}

static uint64_t memory_size(void)
{
	uint64_t end = 0;

	return wasm_runtime_get_app_addr_range(instance, 0, NULL, &end) ? end : 0;
}

static void test_memory(void)
{
	/* The library of the tests has all options, and pointers of 8 bytes: records of an instance are
	 * larger than in an application that has 24 KiB. */
	static _Alignas(8) char pool[24 * 1024 + 512];
	RuntimeInitArgs args;
	char *native;
	uint64_t at;

	/* WAMR's application for Zephyr: a stack and a heap of 8 KiB out of 24 KiB. */
	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Pool;
	args.mem_alloc_option.pool.heap_buf = pool;
	args.mem_alloc_option.pool.heap_size = sizeof(pool);
	CHECK(wasm_runtime_full_init(&args));
	module = wasm_runtime_load((uint8_t *)fitted_wasm, sizeof(fitted_wasm), error,
				   sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 8192, 8192, error, sizeof(error));
	CHECK(instance != NULL);
	exec_env = wasm_runtime_get_exec_env_singleton(instance);
	CHECK(exec_env != NULL && memory_size() == 12288);
	CHECK(call("sum", 1024) == 10);
	/* What is not in the pool is not freed: WAMR's samples free an address of a program. */
	wasm_runtime_free((void *)(uintptr_t)0xffff0000);
	wasm_runtime_free(&args);
	wasm_runtime_free(pool + sizeof(pool));
	at = wasm_runtime_module_malloc(instance, 8000, (void **)&native);
	CHECK(at >= 4096 && at + 8000 <= 12288);
	memset(native, 1, 8000);
	CHECK(call("sum", (uint32_t)at) == 4 && call("sum", 1024) == 10);
	/* What lies behind is no memory. */
	CHECK(call("sum", 12288 - 3) == -1);
	CHECK(strstr(wasm_runtime_get_exception(instance), "out of bounds memory access"));
	stop();
	wasm_runtime_destroy();

	CHECK(wasm_runtime_init());
	START(fitted, 0);
	CHECK(memory_size() == 4096);
	stop();
	zonda_platform_defaults.whole_memory = true;
	START(fitted, 8);
	CHECK(memory_size() == 65536 + 8 && call("sum", 65536 + 4) == 0);
	stop();
	zonda_platform_defaults.whole_memory = false;
	START(sized, 0);
	CHECK(memory_size() == 65536 && call("size", 0) == 1);
	stop();
	START(unfit, 0);
	CHECK(memory_size() == 65536);
	stop();
	START(varied, 0);
	CHECK(memory_size() == 65536);
	stop();
	START(stackless, 0);
	CHECK(memory_size() == 65536);
	stop();
	wasm_runtime_destroy();
}

static void test_lent(void)
{
	CHECK(wasm_runtime_init());
	for (uint32_t heap = 0; heap <= 4096; heap += 4096) {
		START(lent, heap);
		CHECK(call("load", 101) == 'o' && call("call", 1) == 2);
		CHECK(call("call", 2) == -1);
		wasm_runtime_clear_exception(instance);
		/* The heap is no part of the two pages that the module may have. */
		CHECK(memory_size() == 65536 + heap);
		CHECK(call("grow", 1) == (heap == 0 ? 1 : 2) && call("grow", 1) == -1);
		CHECK(wasm_runtime_get_exception(instance) == NULL);
		CHECK((wasm_runtime_module_malloc(instance, 4096, NULL) != 0) == (heap != 0));
		stop();
	}
	/* Nothing else is made. */
	CHECK(!try_start((uint8_t *)lent_twice_wasm, sizeof(lent_twice_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: failed to link import memory (env, "
			    "memory)") == 0);
	CHECK(!try_start((uint8_t *)lent_tables_wasm, sizeof(lent_tables_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: failed to link import table (env, "
			    "__indirect_function_table)") == 0);
	CHECK(!try_start((uint8_t *)lent_global_wasm, sizeof(lent_global_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: failed to link import global (env, "
			    "memory)") == 0);
	wasm_runtime_destroy();
}

static void test_first_functions(void)
{
	char name[] = "x", *arguments[] = {name};

	CHECK(wasm_runtime_init());
	START(ctors, 0);
	CHECK(call("seen", 0) == 134);
	stop();
	START(reactor, 0);
	CHECK(call("seen", 0) == 123);
	stop();
	CHECK(!try_start((uint8_t *)bad_ctors_wasm, sizeof(bad_ctors_wasm), 0));
	CHECK(strcmp(error, "WASM module instantiate failed: Exception: unreachable") == 0);
	START(odd_ctors, 0);
	stop();
	START(command, 0);
	CHECK(wasm_application_execute_main(instance, 0, NULL) && call("seen", 0) == 7);
	stop();
	/* It has no result, so none is written over the arguments. */
	START(command, 0);
	CHECK(wasm_application_execute_main(instance, 1, arguments) && arguments[0] == name);
	stop();
	wasm_runtime_destroy();
}

/* What main() returns replaces the first argument, where there are both. */
static void test_main_functions(void)
{
	char name[] = "x", *arguments[] = {name};
	int result;

	CHECK(wasm_runtime_init());
	START(main_result, 4096);
	CHECK(wasm_application_execute_main(instance, 0, NULL));
	CHECK(wasm_application_execute_main(instance, 0, arguments) && arguments[0] == name);
	CHECK(wasm_application_execute_main(instance, 1, arguments));
	memcpy(&result, arguments, sizeof(result));
	CHECK(result == 41);
	stop();
	arguments[0] = name;
	START(main_plain, 4096);
	CHECK(wasm_application_execute_main(instance, 1, arguments) && call("seen", 0) == 1);
	CHECK(arguments[0] == name);
	CHECK(wasm_application_execute_main(instance, 0, NULL) && call("seen", 0) == 0);
	stop();
	START(main_bare, 0);
	CHECK(wasm_application_execute_main(instance, 1, NULL));
	CHECK(wasm_application_execute_main(instance, 1, arguments));
	memcpy(&result, arguments, sizeof(result));
	CHECK(result == 5);
	stop();
	wasm_runtime_destroy();
}

static void test_pending_exception(void)
{
	char *argv[1] = {"x"};

	CHECK(wasm_runtime_init());
	START(command, 0);
	CHECK(call("trap", 0) == -1);
	/* Until it is cleared nothing runs, and the reason stays. */
	CHECK(call("seen", 0) == -1);
	CHECK(!wasm_application_execute_main(instance, 1, argv));
	CHECK(!wasm_application_execute_func(instance, "seen", 0, NULL));
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: unreachable") == 0);
	wasm_runtime_clear_exception(instance);
	CHECK(call("seen", 0) == 0);
	wasm_runtime_set_exception(instance, "mine");
	CHECK(call("seen", 0) == -1);
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: mine") == 0);
	wasm_runtime_set_exception(instance, NULL);
	CHECK(call("seen", 0) == 0);
	stop();
	wasm_runtime_destroy();
}

static uint32_t first(wasm_exec_env_t env, uint8_t *at)
{
	(void)env;
	return at[0];
}

/* Tables that were written for WAMR are accepted as a whole, with one warning. */
static void test_bare_pointers(void)
{
	NativeSymbol natives[] = {
		{"first", (void *)first, "(*)i", NULL},
		{"second", (void *)first, "(i*)i", NULL},
		{"third", (void *)first, "(q)i", NULL},
	};

	CHECK(wasm_runtime_init());
	CHECK(wasm_runtime_register_natives("bare", natives, 3) == false);
	zonda_platform_defaults.bare_pointers = true;
	CHECK(wasm_runtime_register_natives("bare", natives, 2));
	CHECK(strstr(last_message, "natives of bare: of a pointer * without its length") != NULL);
	CHECK(wasm_runtime_unregister_natives("bare", natives));
	/* Unless warnings are not wanted. */
	last_message[0] = '\0';
	wasm_runtime_set_log_level(WASM_LOG_LEVEL_ERROR);
	CHECK(wasm_runtime_register_natives("bare", natives, 2) && last_message[0] == '\0');
	CHECK(wasm_runtime_unregister_natives("bare", natives));
	wasm_runtime_set_log_level(WASM_LOG_LEVEL_WARNING);
	CHECK(wasm_runtime_register_natives("bare", natives, 3));
	zonda_platform_defaults.bare_pointers = false;
	CHECK(wasm_runtime_unregister_natives("bare", natives));
	wasm_runtime_destroy();
}

static unsigned ticks;

static void tick(wasm_exec_env_t env)
{
	(void)env;
	ticks++;
}

/*
 * A call without arguments and results needs next to nothing of an operand stack: the smallest one
 * has room for it. A call for which the native stack has no room is refused.
 */
static void test_calls_without_operands(void)
{
	NativeSymbol natives[] = {{"tick", (void *)tick, "()", NULL}};
	wasm_exec_env_t smallest;

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", natives, 1));
	START(ticking, 0);
	smallest = wasm_runtime_create_exec_env(instance, 1);
	CHECK(smallest != NULL);
	CHECK(wasm_runtime_call_wasm(smallest, wasm_runtime_lookup_function(instance, "tick"), 0,
				     NULL));
	CHECK(ticks == 1 && call("twice", 0) != -1 && ticks == 3);
	platform_stack_used_up = true;
	CHECK(call("tick", 0) == -1 && ticks == 3);
	CHECK(strstr(wasm_runtime_get_exception(instance), "native stack overflow") != NULL);
	wasm_runtime_clear_exception(instance);
	CHECK(call("twice", 0) == -1 && ticks == 3);
	platform_stack_used_up = false;
	wasm_runtime_clear_exception(instance);
	CHECK(call("twice", 0) != -1 && ticks == 5);
	wasm_runtime_destroy_exec_env(smallest);
	stop();
	wasm_runtime_destroy();
}

/* Objects of an instance, and calls through its table. */
static void test_objects(void)
{
	wasm_global_inst_t global;
	wasm_table_inst_t table;
	wasm_memory_inst_t memory;
	wasm_function_inst_t function;
	wasm_val_t results[1];
	uint32_t argv[4];

	CHECK(wasm_runtime_init());
	START(objects, 0);
	CHECK(wasm_runtime_get_export_global_inst(instance, "count", &global));
	CHECK(global.kind == WASM_I64 && global.is_mutable);
	CHECK(memcmp(global.global_data, &(int64_t){0x100000002}, 8) == 0);
	memcpy(global.global_data, &(int64_t){-5}, 8);
	CHECK(call("count_low", 0) == -5);
	CHECK(wasm_runtime_get_export_global_inst(instance, "fixed", &global) && !global.is_mutable);
	CHECK(!wasm_runtime_get_export_global_inst(instance, "table", &global));
	CHECK(!wasm_runtime_get_export_global_inst(instance, "nowhere", &global));

	CHECK(wasm_runtime_get_export_table_inst(instance, "table", &table));
	CHECK(table.elem_kind == WASM_FUNCREF && table.cur_size == 4 && table.max_size == 9);
	CHECK(!wasm_runtime_get_export_table_inst(instance, "count", &table));
	function = wasm_table_get_func_inst(instance, &table, 1);
	CHECK(function != NULL && wasm_func_get_param_count(function, instance) == 2);
	argv[0] = 40;
	argv[1] = 2;
	CHECK(wasm_runtime_call_wasm(exec_env, function, 2, argv) && argv[0] == 42);
	CHECK(wasm_table_get_func_inst(instance, &table, 0) == NULL &&
	      wasm_table_get_func_inst(instance, &table, 4) == NULL &&
	      wasm_table_get_func_inst(instance, &table, UINT32_MAX) == NULL);

	argv[0] = 1;
	argv[1] = 2;
	CHECK(wasm_runtime_call_indirect(exec_env, 1, 2, argv) && argv[0] == 3);
	CHECK(!wasm_runtime_call_indirect(exec_env, 1, 1, argv));
	CHECK(strstr(wasm_runtime_get_exception(instance), "invalid argument count 1"));
	wasm_runtime_clear_exception(instance);
	CHECK(!wasm_runtime_call_indirect(exec_env, 0, 2, argv));
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: uninitialized element") == 0);
	wasm_runtime_clear_exception(instance);
	for (uint32_t index = 4; index != 0; index = index == 4 ? UINT32_MAX : 0) {
		CHECK(!wasm_runtime_call_indirect(exec_env, index, 2, argv));
		CHECK(strcmp(wasm_runtime_get_exception(instance),
			     "Exception: undefined element") == 0);
		wasm_runtime_clear_exception(instance);
	}

	memory = wasm_runtime_lookup_memory(instance, "memory");
	CHECK(memory != NULL && memory == wasm_runtime_get_default_memory(instance) &&
	      memory == wasm_runtime_get_memory(instance, 0) &&
	      wasm_runtime_get_memory(instance, 1) == NULL &&
	      wasm_runtime_lookup_memory(instance, "table") == NULL);
	CHECK(wasm_memory_get_cur_page_count(memory) == 1 &&
	      wasm_memory_get_max_page_count(memory) == 3 &&
	      wasm_memory_get_bytes_per_page(memory) == 65536 && !wasm_memory_get_shared(memory));
	memcpy((char *)wasm_memory_get_base_address(memory) + 65532, "end", 4);
	CHECK(!wasm_memory_enlarge(memory, 3) && !wasm_memory_enlarge(memory, UINT64_MAX) &&
	      wasm_memory_enlarge(memory, 1) && wasm_runtime_enlarge_memory(instance, 1));
	CHECK(!wasm_runtime_enlarge_memory(instance, 1) && wasm_memory_enlarge(memory, 0));
	CHECK(wasm_memory_get_cur_page_count(memory) == 3 && memory_size() == 3 * 65536);
	CHECK(strcmp((char *)wasm_memory_get_base_address(memory) + 65532, "end") == 0);
	CHECK(call("size", 0) == 3);

	CHECK(wasm_runtime_call_wasm_v(exec_env, wasm_runtime_lookup_function(instance, "mix"), 1,
				       results, 4, (int32_t)1, (int64_t)2, 3.0f, 4.0));
	CHECK(results[0].kind == WASM_F64 && results[0].of.f64 == 1234.0);
	CHECK(!wasm_runtime_call_wasm_v(exec_env, wasm_runtime_lookup_function(instance, "mix"), 1,
					results, 1, 1));
	CHECK(wasm_runtime_get_exception(instance) != NULL);
	stop();
	START(command, 0);
	CHECK(wasm_runtime_get_default_memory(instance) == NULL &&
	      !wasm_runtime_enlarge_memory(instance, 1));
	CHECK(!wasm_runtime_call_indirect(exec_env, 0, 0, argv));
	stop();
	wasm_runtime_destroy();
}

/* Imports and exports. */
static void test_reflection(void)
{
	static NativeSymbol natives[] = {{"known", (void *)first, "(i)i", NULL}};
	wasm_import_t import;
	wasm_export_t export;
	const char *name;

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", natives, 1));
	module = wasm_runtime_load((uint8_t *)reflected_wasm, sizeof(reflected_wasm), error,
				   sizeof(error));
	CHECK(module != NULL && wasm_runtime_get_import_count(module) == 5);
	wasm_runtime_get_import_type(module, 0, &import);
	CHECK(strcmp(import.module_name, "env") == 0 && strcmp(import.name, "known") == 0);
	CHECK(import.kind == WASM_IMPORT_EXPORT_KIND_FUNC && import.linked);
	CHECK(wasm_func_type_get_param_count(import.u.func_type) == 1 &&
	      wasm_func_type_get_result_count(import.u.func_type) == 1);
	name = import.module_name;
	wasm_runtime_get_import_type(module, 1, &import);
	/* One copy of a name. */
	CHECK(import.module_name == name && strcmp(import.name, "unknown") == 0 && !import.linked);
	CHECK(wasm_func_type_get_param_count(import.u.func_type) == 5 &&
	      wasm_func_type_get_param_valkind(import.u.func_type, 0) == WASM_I64 &&
	      wasm_func_type_get_param_valkind(import.u.func_type, 1) == WASM_F32 &&
	      wasm_func_type_get_param_valkind(import.u.func_type, 2) == WASM_F64 &&
	      wasm_func_type_get_param_valkind(import.u.func_type, 3) == WASM_EXTERNREF &&
	      wasm_func_type_get_param_valkind(import.u.func_type, 4) == WASM_FUNCREF &&
	      wasm_func_type_get_param_valkind(import.u.func_type, 5) == WASM_I32);
	CHECK(wasm_func_type_get_result_count(import.u.func_type) == 2 &&
	      wasm_func_type_get_result_valkind(import.u.func_type, 0) == WASM_F32 &&
	      wasm_func_type_get_result_valkind(import.u.func_type, 1) == WASM_I64);
	wasm_runtime_get_import_type(module, 2, &import);
	CHECK(import.kind == WASM_IMPORT_EXPORT_KIND_TABLE && !import.linked &&
	      wasm_table_type_get_elem_kind(import.u.table_type) == WASM_EXTERNREF &&
	      wasm_table_type_get_init_size(import.u.table_type) == 3 &&
	      wasm_table_type_get_max_size(import.u.table_type) == UINT32_MAX &&
	      !wasm_table_type_get_shared(import.u.table_type));
	wasm_runtime_get_import_type(module, 3, &import);
	CHECK(import.kind == WASM_IMPORT_EXPORT_KIND_MEMORY &&
	      wasm_memory_type_get_init_page_count(import.u.memory_type) == 2 &&
	      wasm_memory_type_get_max_page_count(import.u.memory_type) == 7 &&
	      !wasm_memory_type_get_shared(import.u.memory_type));
	wasm_runtime_get_import_type(module, 4, &import);
	CHECK(import.kind == WASM_IMPORT_EXPORT_KIND_GLOBAL &&
	      wasm_global_type_get_valkind(import.u.global_type) == WASM_F64 &&
	      !wasm_global_type_get_mutable(import.u.global_type));
	for (int32_t index = 5; index != 0; index = index == 5 ? -1 : 0) {
		wasm_runtime_get_import_type(module, index, &import);
		CHECK(import.name == NULL && import.u.func_type == NULL);
		wasm_runtime_get_export_type(module, index, &export);
		CHECK(export.name == NULL && export.u.func_type == NULL);
	}
	CHECK(wasm_func_type_get_param_count(NULL) == 0 && wasm_func_type_get_result_count(NULL) == 0);

	CHECK(wasm_runtime_get_export_count(module) == 3);
	wasm_runtime_get_export_type(module, 0, &export);
	CHECK(strcmp(export.name, "f") == 0 && export.kind == WASM_IMPORT_EXPORT_KIND_FUNC &&
	      wasm_func_type_get_param_count(export.u.func_type) == 0);
	wasm_runtime_get_export_type(module, 1, &export);
	CHECK(strcmp(export.name, "g") == 0 && export.kind == WASM_IMPORT_EXPORT_KIND_GLOBAL &&
	      wasm_global_type_get_valkind(export.u.global_type) == WASM_I32 &&
	      wasm_global_type_get_mutable(export.u.global_type));
	wasm_runtime_get_export_type(module, 2, &export);
	CHECK(strcmp(export.name, "") == 0 && export.kind == WASM_IMPORT_EXPORT_KIND_TABLE);
	CHECK(wasm_runtime_get_import_count(NULL) == -1 && wasm_runtime_get_export_count(NULL) == -1);
	wasm_runtime_get_import_type(NULL, 0, &import);
	wasm_runtime_get_export_type(module, 0, NULL);
	CHECK(!wasm_runtime_resolve_symbols(module));
	CHECK(wasm_runtime_is_import_func_linked("env", "known") &&
	      !wasm_runtime_is_import_func_linked("env", "unknown") &&
	      !wasm_runtime_is_import_func_linked(NULL, "\xff") &&
	      !wasm_runtime_is_import_global_linked("env", "known"));

	/* The module as a file. */
	CHECK(wasm_runtime_get_module_package_type(module) == Wasm_Module_Bytecode &&
	      wasm_runtime_get_module_package_version(module) == 1 &&
	      !wasm_runtime_is_underlying_binary_freeable(module));
	CHECK(get_package_type(main_zonda, sizeof(main_zonda)) == Wasm_Module_AoT &&
	      wasm_runtime_is_xip_file(main_zonda, sizeof(main_zonda)) &&
	      wasm_runtime_get_file_package_version(main_zonda, sizeof(main_zonda)) ==
		      wasm_runtime_get_current_package_version(Wasm_Module_AoT));
	CHECK(wasm_runtime_get_file_package_type(reflected_wasm, 8) == Wasm_Module_Bytecode &&
	      wasm_runtime_get_file_package_type(reflected_wasm, 7) == Package_Type_Unknown &&
	      get_package_type(NULL, 8) == Package_Type_Unknown &&
	      get_package_type((uint8_t *)"\0elf1234", 8) == Package_Type_Unknown &&
	      wasm_runtime_get_file_package_version(NULL, 0) == 0 &&
	      wasm_runtime_get_current_package_version(Package_Type_Unknown) == 0);
	CHECK(strcmp(wasm_runtime_get_module_name(module), "") == 0 &&
	      wasm_runtime_set_module_name(module, "one", error, sizeof(error)) &&
	      wasm_runtime_set_module_name(module, "another", error, sizeof(error)) &&
	      strcmp(wasm_runtime_get_module_name(module), "another") == 0);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
}

static void test_custom_section(void)
{
	/* (module (@custom "note" "hello")) */
	static const uint8_t noted[] = {0,   'a', 's', 'm', 1,   0,   0,   0,   0,  10,
					4,   'n', 'o', 't', 'e', 'h', 'e', 'l', 'l', 'o'};
	LoadArgs copied = {NULL, false, true, false};
	const uint8_t *bytes;
	uint32_t len = 77;

	CHECK(wasm_runtime_init());
	module = wasm_runtime_load_ex((uint8_t *)noted, sizeof(noted), &copied, error, sizeof(error));
	CHECK(module != NULL && wasm_runtime_is_underlying_binary_freeable(module));
	CHECK(wasm_runtime_get_custom_section(module, "not", &len) == NULL && len == 77);
	CHECK(wasm_runtime_get_custom_section(module, NULL, &len) == NULL);
	bytes = wasm_runtime_get_custom_section(module, "note", &len);
	CHECK(bytes != NULL && len == 5 && memcmp(bytes, "hello", 5) == 0);
	CHECK(wasm_runtime_get_custom_section(module, "note", NULL) == bytes);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
}

static int ended;
static wasm_module_inst_t ended_instance;

static void end_context(wasm_module_inst_t inst, void *ctx)
{
	ended += *(int *)ctx;
	ended_instance = inst;
}

static void end_object(void *object)
{
	ended += *(int *)object;
}

static void test_contexts(void)
{
	static int one = 1, ten = 10;
	void *keys[8], *key;
	InstantiationArgs2 *args;

	CHECK(wasm_runtime_init());
	for (int i = 0; i < 8; i++) {
		keys[i] = wasm_runtime_create_context_key(i == 0 ? end_context : NULL);
		CHECK(keys[i] != NULL && (i == 0 || keys[i] != keys[i - 1]));
	}
	CHECK(wasm_runtime_create_context_key(NULL) == NULL);
	START(command, 0);
	CHECK(wasm_runtime_get_context(instance, keys[0]) == NULL);
	wasm_runtime_set_context(instance, keys[0], &ten);
	wasm_runtime_set_context(instance, keys[0], &one);
	wasm_runtime_set_context_spread(instance, keys[1], &ten);
	CHECK(wasm_runtime_get_context(instance, keys[0]) == &one &&
	      wasm_runtime_get_context(instance, keys[1]) == &ten &&
	      wasm_runtime_get_context(instance, keys[2]) == NULL);
	ended = 0;
	stop();
	CHECK(ended == 1 && ended_instance == instance);
	wasm_runtime_destroy_context_key(keys[3]);
	key = wasm_runtime_create_context_key(NULL);
	CHECK(key == keys[3]);
	for (int i = 0; i < 8; i++) {
		wasm_runtime_destroy_context_key(keys[i]);
	}
	wasm_runtime_destroy_context_key(NULL);
	wasm_runtime_destroy_context_key((void *)99);

	/* Arguments as an object. */
	CHECK(wasm_runtime_instantiation_args_create(&args));
	wasm_runtime_instantiation_args_set_default_stack_size(args, 1024);
	wasm_runtime_instantiation_args_set_host_managed_heap_size(args, 256);
	wasm_runtime_instantiation_args_set_max_memory_pages(args, 1);
	wasm_runtime_instantiation_args_set_custom_data(args, &one);
	module = wasm_runtime_load((uint8_t *)objects_wasm, sizeof(objects_wasm), error,
				   sizeof(error));
	instance = wasm_runtime_instantiate_ex2(module, args, error, sizeof(error));
	CHECK(instance != NULL && wasm_runtime_get_custom_data(instance) == &one);
	CHECK(memory_size() == 65536 + 256 && !wasm_runtime_enlarge_memory(instance, 1));
	wasm_runtime_instantiation_args_destroy(args);
	wasm_runtime_instantiation_args_destroy(NULL);
	stop();
	wasm_runtime_destroy();
}

static uintptr_t swap_object(wasm_exec_env_t env, uintptr_t object, uintptr_t other)
{
	(void)env;
	return object == other ? 0 : other;
}

static void test_objects_of_the_application(void)
{
	static NativeSymbol natives[] = {{"swap", (void *)swap_object, "(rr)r", NULL}};
	static int objects[3] = {1, 10, 100};
	wasm_function_inst_t swap, same;
	wasm_val_t args[2], results[1];
	uint32_t reference, other;
	union {
		uintptr_t object;
		uint32_t cells[sizeof(uintptr_t) / 4];
	} cell;
	uint32_t argv[4];
	void *object;

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", natives, 1));
	START(references, 0);
	swap = wasm_runtime_lookup_function(instance, "swap");
	same = wasm_runtime_lookup_function(instance, "same");
	memset(args, 0, sizeof(args));
	args[0].kind = args[1].kind = WASM_EXTERNREF;
	args[0].of.foreign = (uintptr_t)&objects[0];
	args[1].of.foreign = (uintptr_t)&objects[1];
	CHECK(wasm_runtime_call_wasm_a(exec_env, swap, 1, results, 2, args));
	CHECK(results[0].kind == WASM_EXTERNREF &&
	      results[0].of.foreign == (uintptr_t)&objects[1]);
	args[1].of.foreign = args[0].of.foreign;
	CHECK(wasm_runtime_call_wasm_a(exec_env, swap, 1, results, 2, args) &&
	      results[0].of.foreign == 0);
	/* Numbers are objects as well. */
	args[0].of.foreign = 5;
	args[1].of.foreign = 7;
	CHECK(wasm_runtime_call_wasm_a(exec_env, swap, 1, results, 2, args) &&
	      results[0].of.foreign == 7);
	cell.object = (uintptr_t)&objects[2];
	memcpy(argv, cell.cells, sizeof(cell));
	CHECK(wasm_runtime_call_wasm(exec_env, same, 1, argv));
	CHECK(memcmp(argv, cell.cells, sizeof(cell)) == 0);
	cell.object = (uintptr_t)&objects[0];
	memcpy(argv, cell.cells, sizeof(cell));
	cell.object = (uintptr_t)&objects[1];
	memcpy(argv + sizeof(cell) / 4, cell.cells, sizeof(cell));
	CHECK(wasm_runtime_call_wasm(exec_env, swap, 2, argv));
	CHECK(memcmp(argv, cell.cells, sizeof(cell)) == 0);
	CHECK(wasm_runtime_call_wasm_v(exec_env, same, 1, results, 1, (uintptr_t)&objects[2]) &&
	      results[0].of.foreign == (uintptr_t)&objects[2]);

	CHECK(wasm_externref_obj2ref(instance, &objects[0], &reference) && reference != 0);
	CHECK(wasm_externref_obj2ref(instance, &objects[0], &other) && reference == other);
	CHECK(wasm_externref_ref2obj(reference, &object) && object == &objects[0]);
	CHECK(wasm_externref_obj2ref(instance, NULL, &other) && other == 0);
	CHECK(wasm_externref_ref2obj(0, &object) && object == NULL);
	ended = 0;
	CHECK(wasm_externref_obj2ref(instance, &objects[1], &other) && other != reference);
	CHECK(wasm_externref_set_cleanup(instance, &objects[0], end_object) &&
	      wasm_externref_set_cleanup(instance, &objects[1], end_object));
	CHECK(wasm_externref_objdel(instance, &objects[0]) && ended == 1 &&
	      !wasm_externref_objdel(instance, &objects[0]));
	CHECK(!wasm_externref_set_cleanup(instance, &ended, end_object) &&
	      !wasm_externref_set_cleanup(NULL, &objects[1], end_object));
	CHECK(wasm_externref_obj2ref(instance, &objects[2], &reference) &&
	      wasm_externref_set_cleanup(instance, &objects[2], end_object) &&
	      wasm_externref_retain(reference) && !wasm_externref_retain(0xfffffff1));
	stop();
	/* The one goes with the instance, the other one stays. */
	CHECK(ended == 11 && wasm_externref_ref2obj(reference, &object) && object == &objects[2]);
	CHECK(wasm_externref_objdel(instance, &objects[2]) && ended == 111);
	wasm_runtime_destroy();
}

static void raw_mix(wasm_exec_env_t env, uint64_t *args)
{
	native_raw_return_type(double, args);
	native_raw_get_arg(int32_t, a, args);
	native_raw_get_arg(int64_t, b, args);
	native_raw_get_arg(float, c, args);
	native_raw_get_arg(double, d, args);

	(void)env;
	native_raw_set_return(a * 1000.0 + (double)b * 100.0 + c * 10.0 + d);
}

static void raw_length(wasm_exec_env_t env, uint64_t *args)
{
	native_raw_return_type(uint32_t, args);
	native_raw_get_arg(char *, text, args);

	(void)env;
	native_raw_set_return((uint32_t)strlen(text));
}

static void raw_fail(wasm_exec_env_t env, uint64_t *args)
{
	(void)args;
	wasm_runtime_set_exception(wasm_runtime_get_module_inst(env), "raw");
}

static void test_raw_natives(void)
{
	static NativeSymbol natives[] = {{"mix", (void *)raw_mix, "(iIfF)F", NULL},
					 {"length", (void *)raw_length, "($)i", NULL},
					 {"fail", (void *)raw_fail, "()", NULL}};

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives_raw("env", natives, 3));
	START(raw, 0);
	CHECK(call("mix", 0) == 1234 && call("length", 8) == 5);
	CHECK(call("length", 65535) == 0);
	CHECK(call("length", 65536) == -1);
	CHECK(strstr(wasm_runtime_get_exception(instance), "out of bounds memory access"));
	wasm_runtime_clear_exception(instance);
	CHECK(call("fail", 0) == -1);
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: raw") == 0);
	stop();
	CHECK(wasm_runtime_unregister_natives("env", natives));
	wasm_runtime_destroy();
}

/* Asks the runtime whether there is stack for as many bytes, then for a call. */
static unsigned stack_asked;

static uint32_t has_stack(wasm_exec_env_t env, uint32_t size)
{
	stack_asked++;
	if (!wasm_runtime_detect_native_stack_overflow_size(env, size)) {
		return 0;
	}
	return 1 + (wasm_runtime_begin_blocking_op(env) ? 1 : 0);
}

/* With AddressSanitizer the address of a local variable says nothing of the stack. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCALS_ELSEWHERE
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LOCALS_ELSEWHERE
#endif

static void test_native_stack(void)
{
	static NativeSymbol natives[] = {{"has_stack", (void *)has_stack, "(i)i", NULL}};
	wasm_module_inst_t before;
#ifndef LOCALS_ELSEWHERE
	uint8_t here;
#endif

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", natives, 1));
	START(stacked, 0);
	CHECK(call("has_stack", 1 << 20) == 2);
#ifndef LOCALS_ELSEWHERE
	wasm_runtime_set_native_stack_boundary(exec_env, &here - (1 << 20));
	CHECK(call("has_stack", 1 << 10) == 2 && call("has_stack", 1 << 20) == -1);
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: native stack overflow") ==
	      0);
	wasm_runtime_clear_exception(instance);
	wasm_runtime_set_native_stack_boundary(exec_env, &here + 4096);
	CHECK(!wasm_runtime_detect_native_stack_overflow(exec_env));
	wasm_runtime_clear_exception(instance);
	/* The call does not begin. */
	stack_asked = 0;
	CHECK(call("has_stack", 0) == -1 && stack_asked == 0);
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: native stack overflow") ==
	      0);
	wasm_runtime_clear_exception(instance);
#endif
	wasm_runtime_set_native_stack_boundary(exec_env, NULL);
	CHECK(wasm_runtime_detect_native_stack_overflow(exec_env) && call("has_stack", 0) == 2);
	wasm_runtime_terminate(instance);
	CHECK(!wasm_runtime_begin_blocking_op(exec_env));
	wasm_runtime_end_blocking_op(exec_env);
	before = wasm_runtime_get_module_inst(exec_env);
	wasm_runtime_set_module_inst(exec_env, before);
	CHECK(wasm_runtime_get_module_inst(exec_env) == before);
	CHECK(!wasm_runtime_is_wasi_mode(instance) &&
	      wasm_runtime_lookup_wasi_start_function(instance) == NULL);
	wasm_runtime_set_bounds_checks(instance, false);
	CHECK(wasm_runtime_is_bounds_checks_enabled(instance));
	wasm_runtime_set_max_thread_num(4);
	stop();
	START(reactor, 0);
	CHECK(wasm_runtime_is_wasi_mode(instance));
	stop();
	START(command, 0);
	CHECK(wasm_runtime_lookup_wasi_start_function(instance) ==
	      wasm_runtime_lookup_function(instance, "_start"));
	stop();
	wasm_runtime_destroy();
}

static void test_aligned_blocks(void)
{
	NativeSymbol *base = (NativeSymbol *)&ended;
	char *block;

	CHECK(get_base_lib_export_apis(&base) == 0 && base == NULL);
	CHECK(wasm_runtime_init());
	for (uint32_t alignment = 1; alignment <= 4096; alignment *= 2) {
		for (uint32_t times = 1; times <= 5; times++) {
			block = wasm_runtime_aligned_alloc(alignment * times, alignment);
			CHECK(block != NULL && (uintptr_t)block % alignment == 0);
			memset(block, 7, alignment * times);
			if (times % 2 == 0) {
				block = wasm_runtime_realloc(block, alignment * times * 3);
				CHECK(block != NULL && block[0] == 7 &&
				      block[alignment * times - 1] == 7);
				memset(block, 9, alignment * times * 3);
			}
			wasm_runtime_free(block);
		}
	}
	CHECK(wasm_runtime_aligned_alloc(24, 3) == NULL && wasm_runtime_aligned_alloc(0, 8) == NULL &&
	      wasm_runtime_aligned_alloc(9, 8) == NULL && wasm_runtime_aligned_alloc(8, 0) == NULL &&
	      wasm_runtime_aligned_alloc(UINT32_MAX, 1) == NULL &&
	      wasm_runtime_aligned_alloc(1u << 31, 1u << 31) == NULL);
	wasm_runtime_destroy();
}

/* The sections of `fitted`, behind its first 8 bytes. */
static void test_sections(void)
{
	static wasm_section_t list[16];
	const uint8_t *at = fitted_wasm + 8, *end = fitted_wasm + sizeof(fitted_wasm);
	size_t count = 0;

	while (at < end) {
		uint32_t size = 0, shift = 0;

		list[count].section_type = *at++;
		do {
			size |= (uint32_t)(*at & 0x7f) << shift;
			shift += 7;
		} while (*at++ & 0x80);
		list[count].section_body = (uint8_t *)at;
		list[count].section_body_size = size;
		if (count != 0) {
			list[count - 1].next = &list[count];
		}
		count++;
		at += size;
	}
	CHECK(count > 3 && wasm_runtime_init());
	module = wasm_runtime_load_from_sections(list, false, error, sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 8192, 0, error, sizeof(error));
	CHECK(instance != NULL);
	exec_env = wasm_runtime_get_exec_env_singleton(instance);
	CHECK(exec_env != NULL && call("sum", 1024) == 10);
	stop();
	CHECK(wasm_runtime_load_from_sections(list, true, error, sizeof(error)) == NULL);
	CHECK(strstr(error, "magic header"));
	list[1].section_type = 300;
	CHECK(wasm_runtime_load_from_sections(list, false, error, sizeof(error)) == NULL);
	list[1].section_type = list[0].section_type;
	CHECK(wasm_runtime_load_from_sections(list, false, error, sizeof(error)) == NULL);
	/* A module without sections. */
	module = wasm_runtime_load_from_sections(NULL, false, error, sizeof(error));
	CHECK(module != NULL);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
}

/* With an argument all of it in classic mode, else in fast mode, which is the default. */
int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		zonda_platform_defaults.running_mode = Mode_Zonda_Classic;
	}
	test_memory();
	test_lent();
	test_first_functions();
	test_main_functions();
	test_pending_exception();
	test_bare_pointers();
	test_calls_without_operands();
	test_objects();
	test_reflection();
	test_custom_section();
	test_contexts();
	test_objects_of_the_application();
	test_raw_natives();
	test_native_stack();
	test_aligned_blocks();
	test_sections();
	CHECK(allocated_blocks == 0);
	puts("well");
	return 0;
}
