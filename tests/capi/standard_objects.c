/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The scenarios of standard.c about globals, memories, tables, references, types and modules.
 */

#include "modules.h"
#include "standard.h"

/* Globals. */

static bool call_number(const wasm_func_t *function, wasm_val_t *result)
{
	wasm_val_vec_t empty = WASM_EMPTY_VEC, results = {.size = 1, .data = result};
	wasm_trap_t *trap = wasm_func_call(function, &empty, &results);

	wasm_trap_delete(trap);
	return trap == NULL;
}

bool global(void)
{
	struct scene scene;
	wasm_globaltype_t *f32_type = NULL, *i64_type = NULL, *type = NULL;
	wasm_global_t *f32 = NULL, *i64 = NULL, *own, *again;
	wasm_val_t value = WASM_F32_VAL(1.5f), read = WASM_INIT_VAL;

	TRY(open_scene(&scene, MODULE(std_global)));
	TRY(f32_type = wasm_globaltype_new(wasm_valtype_new_f32(), WASM_CONST));
	TRY(i64_type = wasm_globaltype_new(wasm_valtype_new_i64(), WASM_VAR));
	TRY(f32 = wasm_global_new(scene.store, f32_type, &value));
	/* A value of another kind. */
	CHECK(wasm_global_new(scene.store, i64_type, &value) == NULL);
	value = (wasm_val_t)WASM_I64_VAL(1ll << 40);
	TRY(i64 = wasm_global_new(scene.store, i64_type, &value));
	{
		wasm_extern_t *imports[] = {wasm_global_as_extern(f32), wasm_global_as_extern(i64)};

		TRY(start_scene(&scene, imports, 2));
	}
	own = wasm_extern_as_global(scene.exports.data[0]);
	again = wasm_extern_as_global(scene.exports.data[1]);
	CHECK(own != NULL && again != NULL);
	CHECK(wasm_global_same(again, i64) && !wasm_global_same(own, i64));
	wasm_global_get(own, &read);
	CHECK(read.kind == WASM_F64 && read.of.f64 == 3);
	value = (wasm_val_t)WASM_F64_VAL(-8.5);
	wasm_global_set(own, &value);
	TRY(call_number(func(&scene, 5), &read));
	CHECK(read.kind == WASM_F64 && read.of.f64 == -8.5);
	TRY(call_number(func(&scene, 2), &read));
	CHECK(read.kind == WASM_F32 && read.of.f32 == 1.5f);
	/* What is immutable, and another kind, change nothing. */
	wasm_global_set(f32, &value);
	value = (wasm_val_t)WASM_F32_VAL(7);
	wasm_global_set(f32, &value);
	wasm_global_get(f32, &read);
	CHECK(read.kind == WASM_F32 && read.of.f32 == 1.5f);
	value = (wasm_val_t)WASM_I64_VAL(-7);
	wasm_global_set(again, &value);
	TRY(call_number(func(&scene, 3), &read));
	CHECK(read.kind == WASM_I64 && read.of.i64 == -7);
	TRY(type = wasm_global_type(again));
	CHECK(wasm_globaltype_mutability(type) == WASM_VAR);
	CHECK(wasm_valtype_kind(wasm_globaltype_content(type)) == WASM_I64);
end:
	wasm_globaltype_delete(f32_type);
	wasm_globaltype_delete(i64_type);
	wasm_globaltype_delete(type);
	wasm_global_delete(f32);
	wasm_global_delete(i64);
	close_scene(&scene);
	return failed_at == 0;
}

/* Memories. */

bool memory(void)
{
	struct scene scene;
	wasm_memory_t *exported, *own = NULL;
	wasm_memorytype_t *type = NULL;
	wasm_limits_t limits = {5, 5};
	int32_t result;

	TRY(open_scene(&scene, MODULE(std_memory)));
	TRY(start_scene(&scene, NULL, 0));
	exported = wasm_extern_as_memory(scene.exports.data[0]);
	CHECK(exported != NULL && wasm_extern_as_func(scene.exports.data[0]) == NULL);
	CHECK(wasm_memory_size(exported) == 2 && wasm_memory_data_size(exported) == 0x20000);
	CHECK(wasm_memory_data(exported)[0] == 0 && wasm_memory_data(exported)[0x1003] == 4);
	TRY(call_i32(func(&scene, 3), I32S(0x1003, 6), NULL));
	CHECK(wasm_memory_data(exported)[0x1003] == 6);
	wasm_memory_data(exported)[0x1ffff] = 9;
	TRY(call_i32(func(&scene, 2), I32S(0x1ffff), &result));
	CHECK(result == 9);
	TRY(traps(func(&scene, 2), I32S(0x20000), 1, "Exception: out of bounds memory access"));
	TRY(wasm_memory_grow(exported, 1));
	CHECK(wasm_memory_size(exported) == 3);
	CHECK(!wasm_memory_grow(exported, 1) && wasm_memory_grow(exported, 0));
	CHECK(wasm_memory_data(exported)[0x1ffff] == 9);
	TRY(call_i32(func(&scene, 2), I32S(0x20000), &result));
	CHECK(result == 0);
	TRY(type = wasm_memory_type(exported));
	CHECK(wasm_memorytype_limits(type)->min == 3 && wasm_memorytype_limits(type)->max == 3);
	wasm_memorytype_delete(type);
	TRY(type = wasm_memorytype_new(&limits));
	TRY(own = wasm_memory_new(scene.store, type));
	CHECK(wasm_memory_size(own) == 5 && !wasm_memory_grow(own, 1));
end:
	wasm_memorytype_delete(type);
	wasm_memory_delete(own);
	close_scene(&scene);
	return failed_at == 0;
}

/* A memory and a table of the application, which an instance imports. */
bool imported(void)
{
	struct scene scene;
	wasm_memorytype_t *memory_type = NULL;
	wasm_tabletype_t *table_type = NULL;
	wasm_functype_t *type = NULL;
	wasm_memory_t *own_memory = NULL;
	wasm_table_t *own_table = NULL;
	wasm_func_t *element = NULL;
	wasm_limits_t one = {1, 0xffffffff};
	int32_t result;

	TRY(open_scene(&scene, MODULE(std_imported_memory)));
	TRY(memory_type = wasm_memorytype_new(&one));
	TRY(own_memory = wasm_memory_new(scene.store, memory_type));
	TRY(table_type = wasm_tabletype_new(wasm_valtype_new_funcref(), &one));
	TRY(type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
	TRY(element = wasm_func_new(scene.store, type, print));
	TRY(own_table = wasm_table_new(scene.store, table_type, wasm_func_as_ref(element)));
	{
		/* In the wrong order. */
		wasm_extern_t *imports[] = {wasm_table_as_extern(own_table),
					    wasm_memory_as_extern(own_memory)};

		TRY(!start_scene(&scene, imports, 2));
		CHECK(scene.trap != NULL);
		if (platform_failures == 0) {
			TRY(message_is(scene.trap, "incompatible import type (, memory)"));
		}
		/* One is missing. */
		wasm_trap_delete(scene.trap);
		scene.trap = NULL;
		TRY(!start_scene(&scene, &imports[1], 1));
		if (platform_failures == 0) {
			TRY(message_is(scene.trap, "failed to link import (, table)"));
		}
		wasm_trap_delete(scene.trap);
		scene.trap = NULL;
	}
	{
		wasm_extern_t *imports[] = {wasm_memory_as_extern(own_memory),
					    wasm_table_as_extern(own_table)};

		TRY(start_scene(&scene, imports, 2));
	}
	wasm_memory_data(own_memory)[77] = 88;
	TRY(call_i32(func(&scene, 0), I32S(77), &result));
	CHECK(result == 88);
	TRY(call_i32(func(&scene, 1), I32S(99), &result));
	CHECK(result == 99);
end:
	wasm_memorytype_delete(memory_type);
	wasm_tabletype_delete(table_type);
	wasm_functype_delete(type);
	wasm_memory_delete(own_memory);
	wasm_table_delete(own_table);
	wasm_func_delete(element);
	close_scene(&scene);
	return failed_at == 0;
}

/* Tables. Conversions are deleted, as a program for WAMR does, or not, as one for the standard
 * does. */

static wasm_trap_t *negate(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	results->data[0].kind = WASM_I32;
	results->data[0].of.i32 = -args->data[0].of.i32;
	return NULL;
}

bool table(void)
{
	struct scene scene;
	wasm_table_t *exported, *copy = NULL, *own = NULL;
	wasm_functype_t *type = NULL;
	wasm_func_t *negate_func = NULL;
	wasm_ref_t *ref = NULL, *element = NULL;
	wasm_tabletype_t *table_type = NULL;
	wasm_limits_t limits = {5, 5};
	int32_t result;

	TRY(open_scene(&scene, MODULE(std_table)));
	TRY(start_scene(&scene, NULL, 0));
	exported = wasm_extern_as_table(scene.exports.data[0]);
	CHECK(exported != NULL);
	TRY(type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
	TRY(negate_func = wasm_func_new(scene.store, type, negate));
	copy = wasm_table_copy(exported);
	CHECK(wasm_table_same(exported, copy));
	CHECK(wasm_table_size(exported) == 2 && wasm_table_get(exported, 0) == NULL);
	TRY(element = wasm_table_get(exported, 1));
	CHECK(wasm_ref_as_func(element) != NULL && wasm_ref_as_table(element) == NULL);
	CHECK(wasm_func_same(wasm_ref_as_func(element), func(&scene, 2)));
	TRY(traps(func(&scene, 1), I32S(0, 0), 1, "Exception: uninitialized element"));
	TRY(call_i32(func(&scene, 1), I32S(7, 1), &result));
	CHECK(result == 7);
	TRY(traps(func(&scene, 1), I32S(0, 2), 1, "Exception: undefined element"));

	CHECK(wasm_table_set(exported, 0, wasm_func_as_ref(func(&scene, 3))));
	CHECK(wasm_table_set(exported, 1, NULL));
	ref = wasm_func_as_ref(func(&scene, 2));
	CHECK(!wasm_table_set(exported, 2, ref));
	wasm_ref_delete(ref);
	TRY(call_i32(func(&scene, 1), I32S(7, 0), &result));
	CHECK(result == 666);

	TRY(wasm_table_grow(exported, 5, wasm_func_as_ref(negate_func)));
	CHECK(wasm_table_size(exported) == 7 && !wasm_table_grow(exported, 5, NULL));
	TRY(call_i32(func(&scene, 1), I32S(5, 6), &result));
	CHECK(result == -5);
	/* No function. */
	CHECK(!wasm_table_set(exported, 0, wasm_table_as_ref(exported)));

	TRY(table_type = wasm_tabletype_new(wasm_valtype_new_funcref(), &limits));
	TRY(own = wasm_table_new(scene.store, table_type, NULL));
	CHECK(wasm_table_size(own) == 5 && !wasm_table_grow(own, 1, NULL) &&
	      wasm_table_grow(own, 0, NULL));
	wasm_tabletype_delete(table_type);
	TRY(table_type = wasm_table_type(exported));
	CHECK(wasm_tabletype_limits(table_type)->min == 7 &&
	      wasm_tabletype_limits(table_type)->max == 10);
	CHECK(wasm_valtype_kind(wasm_tabletype_element(table_type)) == WASM_FUNCREF);
end:
	wasm_ref_delete(element);
	wasm_table_delete(copy);
	wasm_table_delete(own);
	wasm_functype_delete(type);
	wasm_func_delete(negate_func);
	wasm_tabletype_delete(table_type);
	close_scene(&scene);
	return failed_at == 0;
}

/* References to objects of the application, and to functions. */

static wasm_trap_t *same_object(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	/* As WAMR's samples do, and as one that does not count. */
	if (delete_store_first) {
		wasm_val_copy(&results->data[0], &args->data[0]);
	} else {
		results->data[0] = args->data[0];
	}
	return NULL;
}

static wasm_trap_t *pick(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	CHECK(args->data[0].kind == WASM_FUNCREF && args->data[1].of.ref == NULL);
	CHECK(wasm_func_param_arity(wasm_ref_as_func_const(args->data[0].of.ref)) == 1);
	if (delete_store_first) {
		wasm_val_copy(&results->data[0], &args->data[0]);
	} else {
		results->data[0] = args->data[0];
	}
	return NULL;
}

static wasm_ref_t *no_memory;

/* Calls a function with a reference and perhaps an index before it; `no_memory` if it traps. */
static wasm_ref_t *call_ref(const wasm_func_t *function, int32_t index, wasm_ref_t *ref,
			    size_t argc, size_t resultc)
{
	wasm_val_t args[] = {WASM_I32_VAL(index), WASM_REF_VAL(ref)}, results[1] = {WASM_INIT_VAL};
	wasm_val_vec_t args_vec = {.size = argc, .data = argc == 2 || index >= 0 ? args : args + 1};
	wasm_val_vec_t results_vec = {.size = resultc, .data = results};
	wasm_trap_t *trap = wasm_func_call(function, &args_vec, &results_vec);

	if (trap != NULL) {
		message_is(trap, "Exception: allocate memory failed");
		wasm_trap_delete(trap);
		return no_memory;
	}
	return results[0].of.ref;
}

static bool is(wasm_ref_t *actual, const wasm_ref_t *expected)
{
	if (actual == no_memory) {
		return false;
	}
	CHECK(actual == expected || wasm_ref_same(actual, expected));
	wasm_ref_delete(actual);
	return true;
}

bool references(void)
{
	static char nothing;
	struct scene scene;
	wasm_functype_t *type = NULL, *pick_type = NULL;
	wasm_func_t *f = NULL, *pick_func = NULL;
	wasm_ref_t *one = NULL, *two = NULL, *copy;
	wasm_foreign_t *foreign = NULL;
	wasm_global_t *kept;
	wasm_table_t *exported;
	wasm_val_t value;

	no_memory = (wasm_ref_t *)(void *)&nothing;
	TRY(open_scene(&scene, MODULE(std_references)));
	TRY(type = wasm_functype_new_1_1(wasm_valtype_new_anyref(), wasm_valtype_new_anyref()));
	TRY(pick_type =
		    wasm_functype_new_2_1(wasm_valtype_new_funcref(), wasm_valtype_new_funcref(),
					  wasm_valtype_new_funcref()));
	TRY(f = wasm_func_new(scene.store, type, same_object));
	TRY(pick_func = wasm_func_new(scene.store, pick_type, pick));
	{
		wasm_extern_t *imports[] = {wasm_func_as_extern(f), wasm_func_as_extern(pick_func)};

		TRY(start_scene(&scene, imports, 2));
	}
	kept = wasm_extern_as_global(scene.exports.data[0]);
	exported = wasm_extern_as_table(scene.exports.data[1]);
	TRY(one = wasm_foreign_as_ref(wasm_foreign_new(scene.store)));
	TRY(foreign = wasm_foreign_new(scene.store));
	two = wasm_foreign_as_ref(foreign);
	wasm_ref_set_host_info(one, (void *)1);
	wasm_ref_set_host_info_with_finalizer(two, (void *)2, finalize);
	CHECK(wasm_foreign_get_host_info(foreign) == (void *)2 &&
	      wasm_foreign_same(wasm_ref_as_foreign(two), foreign));
	copy = wasm_ref_copy(one);
	CHECK(wasm_ref_same(copy, one) && !wasm_ref_same(copy, two));
	CHECK(wasm_ref_get_host_info(copy) == (void *)1);
	wasm_ref_delete(copy);

	/* A global. */
	TRY(is(call_ref(func(&scene, 3), 0, NULL, 0, 1), NULL));
	CHECK(call_ref(func(&scene, 2), -1, one, 1, 0) != no_memory || platform_failures);
	TRY(platform_failures == 0);
	TRY(is(call_ref(func(&scene, 3), 0, NULL, 0, 1), one));
	value.kind = WASM_EXTERNREF;
	value.of.ref = two;
	wasm_global_set(kept, &value);
	wasm_global_get(kept, &value);
	CHECK(value.kind == WASM_EXTERNREF && value.of.ref == two);
	wasm_val_delete(&value);
	CHECK(value.of.ref == NULL);
	wasm_global_set(kept, &value);
	TRY(is(call_ref(func(&scene, 3), 0, NULL, 0, 1), NULL));

	/* A table. */
	TRY(is(call_ref(func(&scene, 5), 1, NULL, 1, 1), NULL));
	call_ref(func(&scene, 4), 0, one, 2, 0);
	call_ref(func(&scene, 4), 1, two, 2, 0);
	TRY(is(call_ref(func(&scene, 5), 0, NULL, 1, 1), one));
	TRY(is(call_ref(func(&scene, 5), 1, NULL, 1, 1), two));
	TRY(wasm_table_set(exported, 2, one));
	TRY(is(wasm_table_get(exported, 2), one));
	/* Any reference is an object of the application to a module. */
	TRY(wasm_table_set(exported, 3, wasm_func_as_ref(f)));
	TRY(is(call_ref(func(&scene, 5), 3, NULL, 1, 1), wasm_func_as_ref(f)));

	/* Functions of the application. */
	TRY(is(call_ref(func(&scene, 6), -1, NULL, 1, 1), NULL));
	TRY(is(call_ref(func(&scene, 6), -1, one, 1, 1), one));
	{
		wasm_val_t args[] = {{.kind = WASM_FUNCREF, .of = {.ref = wasm_func_as_ref(f)}},
				     {.kind = WASM_FUNCREF, .of = {.ref = NULL}}};
		wasm_val_t results[1];
		wasm_val_vec_t args_vec = WASM_ARRAY_VEC(args),
			       results_vec = WASM_ARRAY_VEC(results);
		wasm_trap_t *trap = wasm_func_call(func(&scene, 7), &args_vec, &results_vec);

		scene.trap = trap;
		TRY(trap == NULL);
		CHECK(results[0].kind == WASM_FUNCREF);
		CHECK(wasm_func_same(wasm_ref_as_func(results[0].of.ref), f));
		/* The element of a table is another handle of the function, with the same host
		 * information. */
		wasm_func_set_host_info_with_finalizer(f, (void *)3, finalize);
		CHECK(wasm_ref_get_host_info(results[0].of.ref) == (void *)3);
		wasm_val_delete(&results[0]);
		/* One of another store. */
		{
			wasm_store_t *other = wasm_store_new(scene.engine);
			wasm_foreign_t *stranger = wasm_foreign_new(other);

			if (stranger != NULL) {
				args[0].of.ref = wasm_foreign_as_ref(stranger);
				trap = wasm_func_call(func(&scene, 7), &args_vec, &results_vec);
				CHECK(trap != NULL);
				if (platform_failures == 0) {
					message_is(
						trap,
						"Exception: a reference belongs to another store");
				}
				wasm_trap_delete(trap);
				wasm_foreign_delete(stranger);
			}
			wasm_store_delete(other);
		}
	}
	CHECK(finalized == 0);
	wasm_ref_delete(one);
	wasm_ref_delete(two);
	/* The module's table has it. */
	TRY(is(call_ref(func(&scene, 5), 1, NULL, 1, 1), two));
	CHECK(finalized == 0);
	one = two = NULL;
end:
	if (failed_at != 0) {
		wasm_ref_delete(one);
		wasm_ref_delete(two);
	}
	wasm_functype_delete(type);
	wasm_functype_delete(pick_type);
	wasm_func_delete(pick_func);
	if (!delete_store_first) {
		wasm_func_delete(f);
	}
	close_scene(&scene);
	if (failed_at == 0) {
		CHECK(finalized == 1 + !delete_store_first);
	}
	if (delete_store_first) {
		wasm_func_delete(f);
	}
	return failed_at == 0;
}

/* Types, names, vectors. */

static bool name_is(const wasm_name_t *name, const char *expected)
{
	return name->size == strlen(expected) && memcmp(name->data, expected, name->size) == 0;
}

bool reflect(void)
{
	struct scene scene;
	wasm_importtype_vec_t imports = WASM_EMPTY_VEC, imports_copy = WASM_EMPTY_VEC;
	wasm_exporttype_vec_t exports = WASM_EMPTY_VEC, exports_copy = WASM_EMPTY_VEC;
	wasm_functype_vec_t types = WASM_EMPTY_VEC, types_copy = WASM_EMPTY_VEC;
	wasm_externtype_t *type = NULL;
	const wasm_functype_t *functype;
	wasm_name_t name = WASM_EMPTY_VEC;
	wasm_exporttype_t *export = NULL;

	TRY(open_scene(&scene, MODULE(std_reflect)));
	wasm_module_imports(scene.module, &imports);
	TRY(imports.data != NULL);
	CHECK(imports.size == 2 && imports.num_elems == 2);
	CHECK(name_is(wasm_importtype_module(imports.data[0]), "env"));
	CHECK(name_is(wasm_importtype_name(imports.data[0]), "f") &&
	      !wasm_importtype_is_linked(imports.data[0]));
	functype = wasm_externtype_as_functype_const(wasm_importtype_type(imports.data[0]));
	CHECK(functype != NULL &&
	      wasm_externtype_as_globaltype_const(wasm_importtype_type(imports.data[0])) == NULL);
	CHECK(wasm_functype_params(functype)->size == 2 &&
	      wasm_functype_results(functype)->size == 1);
	CHECK(wasm_valtype_kind(wasm_functype_params(functype)->data[1]) == WASM_EXTERNREF);
	CHECK(wasm_externtype_kind(wasm_importtype_type(imports.data[1])) == WASM_EXTERN_MEMORY);
	wasm_importtype_vec_copy(&imports_copy, &imports);
	TRY(imports_copy.data != NULL);
	CHECK(name_is(wasm_importtype_name(imports_copy.data[1]), "m"));

	wasm_module_exports(scene.module, &exports);
	TRY(exports.data != NULL);
	CHECK(exports.size == 4 && name_is(wasm_exporttype_name(exports.data[2]), "table"));
	CHECK(wasm_externtype_kind(wasm_exporttype_type(exports.data[1])) == WASM_EXTERN_GLOBAL);
	wasm_exporttype_vec_copy(&exports_copy, &exports);
	TRY(exports_copy.data != NULL);

	{
		const wasm_memorytype_t *memorytype = wasm_externtype_as_memorytype_const(
			wasm_exporttype_type(exports_copy.data[3]));

		CHECK(wasm_memorytype_limits(memorytype)->min == 1 &&
		      wasm_memorytype_limits(memorytype)->max == 4);
	}
	wasm_functype_vec_new_uninitialized(&types, 3);
	TRY(types.data != NULL);
	CHECK(types.data[2] == NULL);
	TRY(types.data[0] = wasm_functype_copy(functype));
	TRY(types.data[1] = wasm_functype_new_3_2(wasm_valtype_new_i32(), wasm_valtype_new_f64(),
						  wasm_valtype_new_i64(), wasm_valtype_new_v128(),
						  wasm_valtype_new_f32()));
	wasm_functype_vec_copy(&types_copy, &types);
	TRY(types_copy.data != NULL);
	CHECK(wasm_functype_results(types_copy.data[1])->size == 2 && types_copy.data[2] == NULL);
	/* v128 is a type, but no function can have it. */
	CHECK(wasm_func_new(scene.store, types.data[1], print) == NULL);
	CHECK(wasm_valtype_new(77) == NULL);

	wasm_name_new_from_string(&name, "exported");
	TRY(name.data != NULL);
	TRY(type = wasm_externtype_copy(wasm_exporttype_type(exports.data[1])));
	export = wasm_exporttype_new(&name, type);
	type = NULL;
	CHECK(name.data == NULL);
	TRY(export);
	CHECK(name_is(wasm_exporttype_name(export), "exported"));
end:
	wasm_exporttype_delete(export);
	wasm_name_delete(&name);
	wasm_externtype_delete(type);
	wasm_functype_vec_delete(&types);
	wasm_functype_vec_delete(&types_copy);
	wasm_importtype_vec_delete(&imports);
	wasm_importtype_vec_delete(&imports_copy);
	wasm_exporttype_vec_delete(&exports);
	wasm_exporttype_vec_delete(&exports_copy);
	close_scene(&scene);
	return failed_at == 0;
}

/* Two instances of one store; identity through imports; modules that are shared, serialized and
 * named. */
bool shared(void)
{
	struct scene scene;
	wasm_functype_t *type = NULL;
	wasm_globaltype_t *global_type = NULL;
	wasm_func_t *f = NULL;
	wasm_global_t *g = NULL;
	wasm_shared_module_t *share = NULL;
	wasm_module_t *obtained = NULL, *deserialized = NULL, *in_place = NULL;
	wasm_byte_vec_t bytes = WASM_EMPTY_VEC;
	wasm_instance_t *second = NULL;
	wasm_extern_vec_t exports = WASM_EMPTY_VEC;
	wasm_val_t value = WASM_I32_VAL(5);
	int env = 6;

	TRY(open_scene(&scene, MODULE(std_same)));
	TRY(type = wasm_functype_new_0_1(wasm_valtype_new_i32()));
	TRY(global_type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_CONST));
	TRY(f = wasm_func_new_with_env(scene.store, type, closure, &env, NULL));
	TRY(g = wasm_global_new(scene.store, global_type, &value));
	{
		wasm_extern_t *imports[] = {wasm_func_as_extern(f), wasm_global_as_extern(g)};

		TRY(start_scene(&scene, imports, 2));
	}
	CHECK(wasm_extern_same(scene.exports.data[0], wasm_func_as_extern(f)));
	CHECK(wasm_extern_same(scene.exports.data[1], wasm_global_as_extern(g)));
	CHECK(!wasm_extern_same(scene.exports.data[1], wasm_func_as_extern(f)));
	TRY(share = wasm_module_share(scene.module));
	wasm_module_delete(scene.module);
	scene.module = NULL;
	TRY(obtained = wasm_module_obtain(scene.store, share));
	wasm_module_serialize(obtained, &bytes);
	TRY(bytes.data != NULL);
	CHECK(bytes.size == sizeof(std_same_wasm) &&
	      memcmp(bytes.data, std_same_wasm, bytes.size) == 0);
	CHECK(wasm_module_validate(scene.store, &bytes) || platform_failures != 0);
	TRY(deserialized = wasm_module_deserialize(scene.store, &bytes));
	bytes.data[0] = 1;
	CHECK(!wasm_module_validate(scene.store, &bytes) &&
	      wasm_module_new(scene.store, &bytes) == NULL);
	{
		LoadArgs args = {.name = "in place"};
		wasm_byte_vec_t constant = {.size = sizeof(std_same_wasm),
					    .data = (char *)(uintptr_t)std_same_wasm};

		TRY(in_place = wasm_module_new_ex(scene.store, &constant, &args));
		CHECK(strcmp(wasm_module_get_name(in_place), "in place") == 0);
		CHECK(!wasm_module_is_underlying_binary_freeable(in_place));
		CHECK(wasm_module_is_underlying_binary_freeable(obtained));
		CHECK(strcmp(wasm_module_get_name(obtained), "") == 0);
		TRY(wasm_module_set_name(obtained, "another"));
		CHECK(strcmp(wasm_module_get_name(obtained), "another") == 0);
	}
	/* What the first instance exports is what the second one imports. */
	second = wasm_instance_new_with_args(scene.store, in_place, &scene.exports, NULL,
					     KILOBYTE(8), 0);
	TRY(second);
	CHECK(!wasm_instance_same(second, scene.instance) && wasm_instance_same(second, second));
	wasm_instance_exports(second, &exports);
	TRY(exports.data != NULL);
	CHECK(wasm_extern_same(exports.data[0], scene.exports.data[0]));
	CHECK(wasm_extern_same(exports.data[1], wasm_global_as_extern(g)));
	{
		int32_t result;

		TRY(call_i32(wasm_extern_as_func(exports.data[0]), NONE, &result));
		CHECK(result == 6);
	}
end:
	wasm_functype_delete(type);
	wasm_globaltype_delete(global_type);
	wasm_func_delete(f);
	wasm_global_delete(g);
	wasm_shared_module_delete(share);
	wasm_module_delete(obtained);
	wasm_module_delete(deserialized);
	wasm_byte_vec_delete(&bytes);
	wasm_instance_delete(second);
	wasm_extern_vec_delete(&exports);
	close_scene(&scene);
	wasm_module_delete(in_place);
	return failed_at == 0;
}
