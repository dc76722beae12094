/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memories, tables, globals, types, custom sections, contexts and objects of the application, as an
 * application that was written for WAMR uses them.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "counted.h"
#include "modules.h"
#include "platform.h"

/* Objects of an instance, and calls through its table. */
void test_objects(void)
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
	CHECK(wasm_runtime_get_export_global_inst(instance, "fixed", &global) &&
	      !global.is_mutable);
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
	CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: uninitialized element") ==
	      0);
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

static uint32_t known(wasm_exec_env_t env, uint32_t value)
{
	(void)env;
	return value;
}

/* Types whose numbers of values take several bytes: because they are large, or because of how a
 * tool encodes them.
 */
static void check_long_types(void)
{
	static const wasm_valkind_t kinds[] = {WASM_I64, WASM_F64};
	static const uint32_t counts[][2] = {{130, 1}, {2, 1}, {0, 300}, {127, 128}};
	wasm_export_t export;

	module = wasm_runtime_load((uint8_t *)long_types_wasm, sizeof(long_types_wasm), error,
				   sizeof(error));
	CHECK(module != NULL && wasm_runtime_get_export_count(module) == 4);
	for (int32_t i = 0; i < 4; i++) {
		wasm_runtime_get_export_type(module, i, &export);
		CHECK(export.kind == WASM_IMPORT_EXPORT_KIND_FUNC);
		CHECK(wasm_func_type_get_param_count(export.u.func_type) == counts[i][0] &&
		      wasm_func_type_get_result_count(export.u.func_type) == counts[i][1]);
		for (uint32_t at = 0; at < counts[i][0]; at++) {
			CHECK(wasm_func_type_get_param_valkind(export.u.func_type, at) ==
			      kinds[at % 2]);
		}
		for (uint32_t at = 0; at < counts[i][1]; at++) {
			CHECK(wasm_func_type_get_result_valkind(export.u.func_type, at) ==
			      (at + 1 == counts[i][1] ? WASM_F32 : WASM_I32));
		}
		CHECK(wasm_func_type_get_param_valkind(export.u.func_type, counts[i][0]) ==
			      WASM_I32 &&
		      wasm_func_type_get_result_valkind(export.u.func_type, counts[i][1]) ==
			      WASM_I32);
	}
	wasm_runtime_unload(module);
}

/* Imports and exports. */
void test_reflection(void)
{
	static NativeSymbol natives[] = {{"known", (void *)known, "(i)i", NULL}};
	wasm_import_t import;
	wasm_export_t export;
	const char *name;

	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", natives, 1));
	check_long_types();
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
	CHECK(wasm_func_type_get_param_count(NULL) == 0 &&
	      wasm_func_type_get_result_count(NULL) == 0);

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
	CHECK(wasm_runtime_get_import_count(NULL) == -1 &&
	      wasm_runtime_get_export_count(NULL) == -1);
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

void test_custom_section(void)
{
	/* (module (@custom "note" "hello")) */
	static const uint8_t noted[] = {0, 'a', 's', 'm', 1,   0,   0,   0,   0,   10,
					4, 'n', 'o', 't', 'e', 'h', 'e', 'l', 'l', 'o'};
	LoadArgs copied = {NULL, false, true, false};
	const uint8_t *bytes;
	uint32_t len = 77;

	CHECK(wasm_runtime_init());
	module = wasm_runtime_load_ex((uint8_t *)noted, sizeof(noted), &copied, error,
				      sizeof(error));
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

void test_contexts(void)
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
	/* What lies under a key that is gone does not come back under the next one. */
	wasm_runtime_set_context(instance, keys[3], &ten);
	wasm_runtime_destroy_context_key(keys[3]);
	key = wasm_runtime_create_context_key(end_context);
	CHECK(key != NULL && wasm_runtime_create_context_key(NULL) == NULL);
	CHECK(wasm_runtime_get_context(instance, key) == NULL);
	stop();
	CHECK(ended == 1 && ended_instance == instance);
	wasm_runtime_destroy_context_key(key);
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

static int ended_objects;

static void count_end(void *object)
{
	CHECK(object != NULL);
	ended_objects++;
}

/*
 * A reference leads to its object for as long as it is listed, and to no other one. Below 2^31 it
 * is the object itself.
 */
static void check_references_of_objects(void)
{
	static const uintptr_t addresses[] = {
		1, 5, 0x7fffffff, 0x80000000u, 0xffffffff, (uintptr_t)&ended_objects, 77};
	enum {
		COUNT = sizeof(addresses) / sizeof(addresses[0])
	};
	wasm_module_inst_t other = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	uint32_t references[COUNT], again;
	void *object;

	CHECK(other != NULL);
	/* Each goes first, in the middle and last. */
	for (unsigned gone = 0; gone < COUNT; gone++) {
		for (unsigned i = 0; i < COUNT; i++) {
			object = (void *)addresses[i];
			CHECK(wasm_externref_obj2ref(other, object, &references[i]));
			CHECK(addresses[i] >= 0x80000000u && sizeof(uintptr_t) > 4
				      ? references[i] >= 0x80000000u
				      : references[i] == addresses[i]);
			for (unsigned j = 0; j < i; j++) {
				CHECK(references[i] != references[j]);
			}
			CHECK(wasm_externref_set_cleanup(other, object, count_end));
		}
		ended_objects = 0;
		CHECK(wasm_externref_objdel(other, (void *)addresses[gone]) && ended_objects == 1);
		CHECK(!wasm_externref_objdel(other, (void *)addresses[gone]));
		CHECK(!wasm_externref_objdel(instance, (void *)addresses[(gone + 1) % COUNT]));
		for (unsigned i = 0; i < COUNT; i++) {
			bool is_there = i != gone || addresses[i] < 0x80000000u;

			object = &again;
			CHECK(wasm_externref_ref2obj(references[i], &object) == is_there);
			CHECK(object == (is_there ? (void *)addresses[i] : NULL));
			if (i != gone) {
				CHECK(wasm_externref_obj2ref(other, (void *)addresses[i], &again) &&
				      again == references[i]);
			}
		}
		CHECK(ended_objects == 1);
	}
	/* Another instance's reference to an object is another one, and ends alone. */
	object = (void *)addresses[5];
	CHECK(wasm_externref_obj2ref(other, object, &references[5]) &&
	      wasm_externref_obj2ref(instance, object, &again) && again != references[5]);
	CHECK(wasm_externref_set_cleanup(other, object, count_end));
	ended_objects = 0;
	wasm_runtime_deinstantiate(other);
	CHECK(ended_objects == COUNT - 1);
	CHECK(!wasm_externref_ref2obj(references[5], &object) && object == NULL);
	CHECK(wasm_externref_ref2obj(again, &object) && object == (void *)addresses[5]);
	CHECK(wasm_externref_objdel(instance, object) && ended_objects == COUNT - 1);
}

void test_objects_of_the_application(void)
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
	CHECK(results[0].kind == WASM_EXTERNREF && results[0].of.foreign == (uintptr_t)&objects[1]);
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
	check_references_of_objects();
	stop();
	/* The one goes with the instance, the other one stays. */
	CHECK(ended == 11 && wasm_externref_ref2obj(reference, &object) && object == &objects[2]);
	CHECK(wasm_externref_objdel(instance, &objects[2]) && ended == 111);
	wasm_runtime_destroy();
}
