/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The standard C API as an application uses it: each scenario makes a store, does what a known
 * program does, and deletes everything, in one of two orders. Each one is run as it is, and then
 * once for each of its requests for memory, which fails: whatever happens, everything is freed.
 * tests/embedding_c/standard.rs builds and runs this, with the modules that stand in modules.h.
 * Exits with 0 when all is well.
 */

#include "modules.h"
#include "standard.h"

int failed_at;
bool delete_store_first;
int finalized;

void finalize(void *info)
{
	(void)info;
	finalized++;
}

bool open_scene(struct scene *scene, const uint8_t *bytes, size_t size)
{
	wasm_byte_vec_t binary;

	memset(scene, 0, sizeof(*scene));
	finalized = 0;
	failed_at = 0;
	scene->engine = wasm_engine_new();
	scene->store = wasm_store_new(scene->engine);
	wasm_byte_vec_new(&binary, size, (const char *)bytes);
	if (scene->store != NULL && binary.data != NULL) {
		CHECK(binary.size == size && binary.num_elems == size);
		scene->module = wasm_module_new(scene->store, &binary);
	}
	wasm_byte_vec_delete(&binary);
	CHECK(binary.data == NULL && binary.size == 0);
	return scene->module != NULL;
}

bool start_scene(struct scene *scene, wasm_extern_t **imports, size_t count)
{
	wasm_extern_vec_t vec = {.size = count, .data = imports};

	scene->instance = wasm_instance_new(scene->store, scene->module, &vec, &scene->trap);
	if (scene->instance == NULL) {
		return false;
	}
	wasm_instance_exports(scene->instance, &scene->exports);
	return scene->exports.data != NULL;
}

void close_scene(struct scene *scene)
{
	if (delete_store_first) {
		wasm_store_delete(scene->store);
	}
	wasm_trap_delete(scene->trap);
	wasm_module_delete(scene->module);
	wasm_instance_delete(scene->instance);
	wasm_extern_vec_delete(&scene->exports);
	if (!delete_store_first) {
		wasm_store_delete(scene->store);
	}
	wasm_engine_delete(scene->engine);
}

bool message_is(const wasm_trap_t *trap, const char *expected)
{
	wasm_message_t message;
	bool is;

	wasm_trap_message(trap, &message);
	if (message.data == NULL) {
		return false;
	}
	CHECK(message.data[message.size - 1] == '\0' && message.num_elems == message.size);
	is = strcmp(message.data, expected) == 0;
	if (!is) {
		printf("expected %s, got %s\n", expected, message.data);
	}
	CHECK(is);
	wasm_byte_vec_delete(&message);
	return is;
}

wasm_func_t *func(const struct scene *scene, size_t i)
{
	CHECK(i < scene->exports.size);
	CHECK(wasm_extern_kind(scene->exports.data[i]) == WASM_EXTERN_FUNC);
	return wasm_extern_as_func(scene->exports.data[i]);
}

bool call_i32(const wasm_func_t *function, size_t argc, const int32_t *argv, int32_t *result)
{
	wasm_val_t args[4], results[1] = {WASM_INIT_VAL};
	wasm_val_vec_t args_vec = {.size = argc, .data = args};
	wasm_val_vec_t results_vec = {.size = result != NULL, .data = results};
	wasm_trap_t *trap;

	for (size_t i = 0; i < argc; i++) {
		args[i] = (wasm_val_t)WASM_I32_VAL(argv[i]);
	}
	trap = wasm_func_call(function, &args_vec, &results_vec);
	if (trap != NULL) {
		message_is(trap, "Exception: allocate memory failed");
		wasm_trap_delete(trap);
		return false;
	}
	if (result != NULL) {
		CHECK(results[0].kind == WASM_I32 && results_vec.num_elems == 1);
		*result = results[0].of.i32;
	}
	return true;
}

bool traps(const wasm_func_t *function, size_t argc, const int32_t *argv, size_t resultc,
	   const char *expected)
{
	wasm_val_t args[4], results[1] = {WASM_INIT_VAL};
	wasm_val_vec_t args_vec = {.size = argc, .data = args};
	wasm_val_vec_t results_vec = {.size = resultc, .data = results};
	wasm_trap_t *trap;
	bool well = true;

	for (size_t i = 0; i < argc; i++) {
		args[i] = (wasm_val_t)WASM_I32_VAL(argv[i]);
	}
	trap = wasm_func_call(function, &args_vec, &results_vec);
	CHECK(trap != NULL);
	if (platform_failures == 0) {
		well = message_is(trap, expected);
	}
	wasm_trap_delete(trap);
	return well;
}

/* Functions of the application, and calls in both directions. */

wasm_trap_t *print(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	CHECK(args->size == 1 && args->num_elems == 1 && results->size == 1);
	CHECK(results->data[0].kind == WASM_I32);
	wasm_val_copy(&results->data[0], &args->data[0]);
	return NULL;
}

wasm_trap_t *closure(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	CHECK(args->size == 0);
	results->data[0] = (wasm_val_t)WASM_I32_VAL(*(int *)env);
	return NULL;
}

static bool callback(void)
{
	static int env = 42;
	struct scene scene;
	wasm_functype_t *print_type = NULL, *closure_type = NULL;
	wasm_func_t *print_func = NULL, *closure_func = NULL, *copy = NULL;
	int32_t result;

	TRY(open_scene(&scene, MODULE(std_callback)));
	TRY(print_type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
	TRY(closure_type = wasm_functype_new_0_1(wasm_valtype_new_i32()));
	TRY(print_func = wasm_func_new(scene.store, print_type, print));
	TRY(closure_func =
		    wasm_func_new_with_env(scene.store, closure_type, closure, &env, finalize));
	copy = wasm_func_copy(closure_func);
	CHECK(wasm_func_same(copy, closure_func) && !wasm_func_same(copy, print_func));
	CHECK(!wasm_func_same(copy, NULL) && wasm_func_same(NULL, NULL));
	CHECK(wasm_func_param_arity(print_func) == 1 && wasm_func_result_arity(print_func) == 1);
	/* Without a module between. */
	TRY(call_i32(print_func, I32S(7), &result));
	CHECK(result == 7);
	{
		wasm_extern_t *imports[] = {wasm_func_as_extern(print_func),
					    wasm_func_as_extern(copy)};

		TRY(start_scene(&scene, imports, 2));
	}
	/* What an instance imports stays. */
	wasm_func_delete(print_func);
	print_func = NULL;
	wasm_func_delete(copy);
	copy = NULL;
	wasm_instance_delete(scene.instance);
	scene.instance = NULL;
	TRY(call_i32(func(&scene, 0), I32S(3, 4), &result));
	CHECK(result == 49);
	TRY(traps(func(&scene, 0), I32S(3), 1, "Exception: fewer arguments than parameters"));
	TRY(traps(func(&scene, 0), I32S(3, 4), 0, "Exception: no room for the results"));
	CHECK(finalized == 0);
end:
	wasm_functype_delete(print_type);
	wasm_functype_delete(closure_type);
	wasm_func_delete(print_func);
	wasm_func_delete(copy);
	close_scene(&scene);
	/* It takes a handle of the function to own the environment. */
	CHECK(finalized == (closure_func != NULL));
	wasm_func_delete(closure_func);
	return failed_at == 0;
}

static wasm_trap_t *swap(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	CHECK(args->size == 5 && results->size == 5);
	wasm_val_copy(&results->data[0], &args->data[1]);
	wasm_val_copy(&results->data[1], &args->data[3]);
	wasm_val_copy(&results->data[2], &args->data[2]);
	wasm_val_copy(&results->data[3], &args->data[4]);
	wasm_val_copy(&results->data[4], &args->data[0]);
	return NULL;
}

static bool multi(void)
{
	struct scene scene;
	wasm_valtype_t *params[] = {wasm_valtype_new_i32(), wasm_valtype_new_i64(),
				    wasm_valtype_new_f32(), wasm_valtype_new_f64(),
				    wasm_valtype_new_i64()};
	wasm_valtype_t *returned[] = {wasm_valtype_new_i64(), wasm_valtype_new_f64(),
				      wasm_valtype_new_f32(), wasm_valtype_new_i64(),
				      wasm_valtype_new_i32()};
	wasm_valtype_vec_t param_types, result_types;
	wasm_functype_t *type = NULL;
	wasm_func_t *swap_func = NULL;

	TRY(open_scene(&scene, MODULE(std_multi)));
	wasm_valtype_vec_new(&param_types, 5, params);
	wasm_valtype_vec_new(&result_types, 5, returned);
	if (param_types.data == NULL || result_types.data == NULL) {
		wasm_valtype_vec_delete(&param_types);
		wasm_valtype_vec_delete(&result_types);
		TRY(false);
	}
	TRY(type = wasm_functype_new(&param_types, &result_types));
	TRY(swap_func = wasm_func_new(scene.store, type, swap));
	{
		wasm_extern_t *imports[] = {wasm_func_as_extern(swap_func)};

		TRY(start_scene(&scene, imports, 1));
	}
	{
		wasm_val_t args[] = {WASM_I32_VAL(-1), WASM_I64_VAL(1ll << 40), WASM_F32_VAL(1.5f),
				     WASM_F64_VAL(-2.25), WASM_I64_VAL(-5)};
		wasm_val_vec_t args_vec = WASM_ARRAY_VEC(args);
		wasm_val_vec_t results;
		wasm_trap_t *trap;

		wasm_val_vec_new_uninitialized(&results, 5);
		TRY(results.data != NULL);
		trap = wasm_func_call(func(&scene, 0), &args_vec, &results);
		if (trap != NULL) {
			wasm_trap_delete(trap);
			wasm_val_vec_delete(&results);
			TRY(false);
		}
		CHECK(results.num_elems == 5);
		CHECK(results.data[0].kind == WASM_I64 && results.data[0].of.i64 == 1ll << 40);
		CHECK(results.data[1].kind == WASM_F64 && results.data[1].of.f64 == -2.25);
		CHECK(results.data[2].kind == WASM_F32 && results.data[2].of.f32 == 1.5f);
		CHECK(results.data[3].kind == WASM_I64 && results.data[3].of.i64 == -5);
		CHECK(results.data[4].kind == WASM_I32 && results.data[4].of.i32 == -1);
		/* Arguments of another kind are refused. */
		args[0].kind = WASM_F32;
		trap = wasm_func_call(func(&scene, 0), &args_vec, &results);
		CHECK(trap != NULL);
		if (platform_failures == 0) {
			message_is(trap, "Exception: a value has another kind than the type says");
		}
		wasm_trap_delete(trap);
		wasm_val_vec_delete(&results);
	}
end:
	wasm_functype_delete(type);
	wasm_func_delete(swap_func);
	close_scene(&scene);
	return failed_at == 0;
}

/* Traps. */

static wasm_trap_t *fail(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	wasm_name_t message;
	wasm_trap_t *trap;

	(void)args;
	(void)results;
	wasm_name_new_from_string_nt(&message, "callback abort");
	trap = wasm_trap_new((wasm_store_t *)env, &message);
	wasm_name_delete(&message);
	if (trap != NULL) {
		wasm_trap_set_host_info_with_finalizer(trap, &finalized, finalize);
	}
	return trap;
}

static bool trap(void)
{
	struct scene scene;
	wasm_functype_t *type = NULL;
	wasm_func_t *fail_func = NULL;
	wasm_frame_t *origin = NULL;
	wasm_frame_vec_t trace = WASM_EMPTY_VEC;
	wasm_val_t results[1];
	wasm_val_vec_t empty = WASM_EMPTY_VEC, results_vec = {.size = 1, .data = results};
	bool well;

	TRY(open_scene(&scene, MODULE(std_trap)));
	TRY(type = wasm_functype_new_0_1(wasm_valtype_new_i32()));
	TRY(fail_func = wasm_func_new_with_env(scene.store, type, fail, scene.store, NULL));
	{
		wasm_extern_t *imports[] = {wasm_func_as_extern(fail_func)};

		TRY(start_scene(&scene, imports, 1));
	}
	for (size_t i = 0; i < 2; i++) {
		wasm_trap_delete(scene.trap);
		scene.trap = wasm_func_call(func(&scene, i), &empty, &results_vec);
		/* Where memory for the trap of the function was refused, the function returns. */
		TRY(scene.trap != NULL);
		if (platform_failures == 0) {
			TRY(message_is(scene.trap, i == 0 ? "Exception: callback abort"
							  : "Exception: unreachable"));
			CHECK(wasm_trap_get_host_info(scene.trap) == (i == 0 ? &finalized : NULL));
			CHECK(finalized == (int)i);
		}
		wasm_frame_delete(origin);
		origin = wasm_trap_origin(scene.trap);
		if (platform_failures == 0) {
			/* inner() and unreachable(); the second instruction of the first. */
			CHECK(origin != NULL && wasm_frame_func_index(origin) == (i == 0 ? 1 : 3));
			CHECK(wasm_frame_func_offset(origin) == (i == 0 ? 3 : 0));
			CHECK(wasm_frame_module_offset(origin) > 60);
			CHECK(wasm_instance_same(wasm_frame_instance(origin), scene.instance));
		}
		wasm_frame_vec_delete(&trace);
		wasm_trap_trace(scene.trap, &trace);
	}
	/* Without native stack for a call, nothing is called. */
	platform_stack_used_up = true;
	well = traps(func(&scene, 1), 0, NULL, 0, "Exception: native stack overflow");
	platform_stack_used_up = false;
	TRY(well);
	TRY(traps(func(&scene, 1), 0, NULL, 0, "Exception: unreachable"));
end:
	wasm_frame_delete(origin);
	wasm_frame_vec_delete(&trace);
	wasm_functype_delete(type);
	wasm_func_delete(fail_func);
	close_scene(&scene);
	return failed_at == 0;
}

/* A start function that traps; one whose import is missing. */
static bool start(void)
{
	struct scene scene;
	wasm_functype_t *type = NULL;
	wasm_func_t *fail_func = NULL;
	wasm_extern_t *placeholder = NULL;

	TRY(open_scene(&scene, MODULE(std_start)));
	TRY(type = wasm_functype_new_0_1(wasm_valtype_new_i32()));
	TRY(fail_func = wasm_func_new_with_env(scene.store, type, fail, scene.store, NULL));
	{
		wasm_extern_t *imports[] = {wasm_func_as_extern(fail_func)};

		TRY(!start_scene(&scene, imports, 1));
		/* Where memory for the trap of the function was refused, the function returns. */
		TRY(scene.instance == NULL);
		CHECK(scene.trap != NULL);
		if (platform_failures == 0) {
			TRY(message_is(scene.trap, "Exception: callback abort"));
		}
	}
	wasm_trap_delete(scene.trap);
	scene.trap = NULL;
	TRY(placeholder = wasm_extern_new_empty(scene.store, WASM_EXTERN_FUNC));
	CHECK(wasm_extern_as_func(placeholder) != NULL &&
	      wasm_extern_as_global(placeholder) == NULL);
	TRY(!start_scene(&scene, &placeholder, 1));
	CHECK(scene.trap != NULL);
	if (platform_failures == 0) {
		TRY(message_is(scene.trap, "Exception: call of an unlinked import"));
	}
end:
	wasm_functype_delete(type);
	wasm_func_delete(fail_func);
	wasm_extern_delete(placeholder);
	close_scene(&scene);
	return failed_at == 0;
}

/* A function that deletes what runs: nothing dangles. */

static struct scene *running;

static wasm_trap_t *destroy(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	wasm_val_t value = WASM_I32_VAL(1);
	wasm_val_vec_t args_vec = {.size = 1, .data = &value};

	(void)args;
	/* Nested, and into a handle that is deleted afterwards. */
	wasm_extern_vec_delete(&running->exports);
	wasm_instance_delete(running->instance);
	running->instance = NULL;
	wasm_module_delete(running->module);
	running->module = NULL;
	wasm_store_delete(running->store);
	running->store = NULL;
	(void)args_vec;
	results->data[0] = (wasm_val_t)WASM_I32_VAL(12);
	return NULL;
}

static bool deleted_while_running(void)
{
	struct scene scene;
	wasm_functype_t *type = NULL;
	wasm_func_t *f = NULL, *exported;
	wasm_val_t results[1] = {WASM_INIT_VAL};
	wasm_val_vec_t empty = WASM_EMPTY_VEC, results_vec = WASM_ARRAY_VEC(results);

	TRY(open_scene(&scene, MODULE(std_trap)));
	running = &scene;
	TRY(type = wasm_functype_new_0_1(wasm_valtype_new_i32()));
	TRY(f = wasm_func_new(scene.store, type, destroy));
	wasm_func_set_host_info_with_finalizer(f, &finalized, finalize);
	{
		wasm_extern_t *imports[] = {wasm_func_as_extern(f)};

		TRY(start_scene(&scene, imports, 1));
	}
	exported = func(&scene, 0);
	scene.trap = wasm_func_call(exported, &empty, &results_vec);
	TRY(scene.trap == NULL);
	CHECK(results[0].of.i32 == 12);
	/* The handle is there, and the store is not. */
	CHECK(wasm_func_param_arity(f) == 0 && wasm_func_type(f) == NULL);
	scene.trap = wasm_func_call(f, &empty, &results_vec);
	TRY(scene.trap != NULL);
	TRY(message_is(scene.trap, "the store was deleted"));
end:
	wasm_functype_delete(type);
	wasm_func_delete(f);
	close_scene(&scene);
	CHECK(f == NULL || finalized == 1);
	return failed_at == 0;
}

/* NULL everywhere. */
static bool null(void)
{
	wasm_byte_vec_t bytes = {.size = 9};
	wasm_extern_vec_t externs = {.size = 9};
	wasm_importtype_vec_t imports = {.size = 9};
	wasm_functype_t *type;
	wasm_val_t value;

	failed_at = 0;
	wasm_engine_delete(NULL);
	wasm_store_delete(NULL);
	CHECK(wasm_store_new(NULL) == NULL && wasm_module_new(NULL, NULL) == NULL);
	CHECK(!wasm_module_validate(NULL, NULL));
	CHECK(wasm_instance_new(NULL, NULL, NULL, NULL) == NULL);
	wasm_instance_exports(NULL, &externs);
	CHECK(externs.size == 0);
	wasm_module_imports(NULL, &imports);
	CHECK(imports.size == 0);
	wasm_module_serialize(NULL, &bytes);
	CHECK(bytes.size == 0);
	wasm_trap_message(NULL, &bytes);
	CHECK(wasm_trap_new(NULL, NULL) == NULL && wasm_trap_origin(NULL) == NULL);
	CHECK(wasm_func_call(NULL, NULL, NULL) == NULL && wasm_func_new(NULL, NULL, NULL) == NULL);
	type = wasm_functype_new(NULL, NULL);
	CHECK(type != NULL && wasm_functype_params(type)->size == 0);
	wasm_functype_delete(type);
	wasm_global_get(NULL, &value);
	CHECK(value.kind == WASM_EXTERNREF && value.of.ref == NULL);
	wasm_global_set(NULL, NULL);
	CHECK(wasm_table_get(NULL, 0) == NULL && !wasm_table_set(NULL, 0, NULL) &&
	      wasm_table_size(NULL) == 0);
	CHECK(wasm_memory_data(NULL) == NULL && wasm_memory_data_size(NULL) == 0 &&
	      !wasm_memory_grow(NULL, 0));
	CHECK(wasm_extern_as_func(NULL) == NULL && wasm_func_as_ref(NULL) == NULL &&
	      wasm_ref_as_func(NULL) == NULL);
	CHECK(wasm_extern_copy(NULL) == NULL && wasm_extern_type(NULL) == NULL);
	CHECK(wasm_functype_copy(NULL) == NULL && wasm_functype_params(NULL) == NULL);
	CHECK(wasm_globaltype_new(NULL, 0) == NULL && wasm_tabletype_new(NULL, NULL) == NULL);
	CHECK(wasm_memorytype_new(NULL) == NULL && wasm_importtype_copy(NULL) == NULL);
	CHECK(wasm_foreign_new(NULL) == NULL && wasm_frame_copy(NULL) == NULL);
	wasm_val_delete(NULL);
	wasm_val_copy(NULL, NULL);
	wasm_extern_vec_delete(NULL);
	wasm_byte_vec_copy(&bytes, NULL);
	CHECK(bytes.size == 0);
	return true;
}

/* Memory of the application's choice: the heap is the pool while there is an engine. */
static void pool(void)
{
	static _Alignas(8) char buffer[64 * 1024];
	static _Alignas(8) char too_small[8];
	MemAllocOption option = {.pool = {buffer, sizeof(buffer)}};
	wasm_config_t *config = wasm_config_new();
	wasm_engine_t *engine, *again;
	wasm_store_t *store;
	mem_alloc_info_t info;
	unsigned before = allocated_blocks;

	CHECK(wasm_config_set_mem_alloc_opt(config, Alloc_With_Pool, &option) == config);
	engine = wasm_engine_new_with_config(config);
	wasm_config_delete(config);
	CHECK(engine != NULL);
	again = wasm_engine_new();
	store = wasm_store_new(again);
	CHECK(store != NULL && allocated_blocks == before);
	CHECK(wasm_runtime_get_mem_alloc_info(&info) &&
	      info.total_free_size < info.total_size - 4096);
	wasm_store_delete(store);
	wasm_engine_delete(again);
	CHECK(wasm_runtime_get_mem_alloc_info(&info) && info.total_free_size == info.total_size);
	wasm_engine_delete(engine);

	option.pool.heap_buf = too_small;
	option.pool.heap_size = sizeof(too_small);
	CHECK(wasm_engine_new_with_args(Alloc_With_Pool, &option) == NULL);
	engine = wasm_engine_new();
	store = wasm_store_new(engine);
	CHECK(store != NULL && allocated_blocks > before);
	wasm_store_delete(store);
	wasm_engine_delete(engine);
	CHECK(allocated_blocks == before);
}

static const struct {
	const char *name;
	bool (*run)(void);
} scenarios[] = {
	{"callback", callback},
	{"multi", multi},
	{"trap", trap},
	{"start", start},
	{"global", global},
	{"memory", memory},
	{"imported", imported},
	{"table", table},
	{"references", references},
	{"reflect", reflect},
	{"shared", shared},
	{"deleted while running", deleted_while_running},
};

int main(int argc, char **argv)
{
	(void)argv;
	CHECK(wasm_runtime_set_default_running_mode(argc > 1 ? Mode_Zonda_Classic
							     : Mode_Zonda_Fast));
	zonda_platform_defaults.stack_size = 4096;
	null();
	pool();
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		for (int order = 0; order < 2; order++) {
			long total;
			unsigned before = allocated_blocks;

			delete_store_first = order;
			platform_failures = platform_requests = 0;
			platform_fail_first = platform_fail_last = 0;
			if (!scenarios[i].run()) {
				printf("%s: failed at line %d\n", scenarios[i].name, failed_at);
				return 1;
			}
			total = platform_requests;
			if (allocated_blocks != before) {
				printf("%s: %u blocks left\n", scenarios[i].name,
				       allocated_blocks - before);
				return 1;
			}
			for (long n = 1; n <= total; n++) {
				platform_failures = platform_requests = 0;
				platform_fail_first = platform_fail_last = n;
				scenarios[i].run();
				if (allocated_blocks != before) {
					printf("%s: request %ld failed, line %d: %u blocks left\n",
					       scenarios[i].name, n, failed_at,
					       allocated_blocks - before);
					return 1;
				}
			}
			platform_fail_first = platform_fail_last = 0;
			printf("%s: %ld requests, each refused once\n", scenarios[i].name, total);
		}
	}
	puts("well");
	return 0;
}
