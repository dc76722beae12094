/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Calls of the standard C API in any order that the header allows, chosen by a seed: several
 * stores, handles that are deleted in any order or when their store is gone, references that are
 * deleted or not, functions that call back and delete what runs, memory that is refused. Looked for
 * are crashes and blocks that are not given back.
 *
 *     standard_sequences SEED COUNT
 *
 * runs COUNT sequences. tests/embedding_c/standard.rs builds and runs this, with the modules that
 * stand in modules.h.
 */

#include "modules.h"
#include "counted.h"
#include "platform.h"
#include "wasm_c_api.h"

#include <stdlib.h>
#include <string.h>

#define STORES  3
#define MODULES 4
#define HANDLES 48

/* The kinds of handles: what functions return that make or copy objects, and references, which end
 * with their store. */
enum kind {
	NOTHING,
	EXTERN,
	INSTANCE,
	TRAP,
	FOREIGN,
	REF,
	FRAME,
};

struct handle {
	enum kind kind;
	void *pointer;
	/* The store that it belongs to, by its number. */
	unsigned store;
};

static struct {
	wasm_engine_t *engine;
	struct {
		wasm_store_t *store;
		unsigned number;
	} stores[STORES];
	unsigned last_store;
	wasm_module_t *modules[MODULES];
	struct handle handles[HANDLES];
	int depth;
	/* Calls that are active. */
	int running;
	int steps;
	long finalizers, finalized;
} world;

static uint64_t state;

static uint32_t below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % limit;
}

static bool chance(uint32_t of)
{
	return below(of) == 0;
}

static const struct {
	const uint8_t *bytes;
	size_t size;
} binaries[] = {
#define BINARY(name) {name##_wasm, sizeof(name##_wasm)}
	BINARY(std_callback), BINARY(std_multi),      BINARY(std_trap),
	BINARY(std_global),   BINARY(std_memory),     BINARY(std_imported_memory),
	BINARY(std_table),    BINARY(std_references), BINARY(std_reflect),
	BINARY(std_start),    BINARY(std_same),
};

static void finalize(void *info)
{
	(void)info;
	world.finalized++;
}

/* The position of a live store, or -1. */
static int store_at(unsigned number)
{
	for (int i = 0; i < STORES; i++) {
		if (world.stores[i].store != NULL && world.stores[i].number == number) {
			return i;
		}
	}
	return -1;
}

static void release(struct handle *handle)
{
	struct handle taken = *handle;

	handle->kind = NOTHING;
	switch (taken.kind) {
	case EXTERN:
		wasm_extern_delete(taken.pointer);
		break;
	case INSTANCE:
		wasm_instance_delete(taken.pointer);
		break;
	case TRAP:
		wasm_trap_delete(taken.pointer);
		break;
	case FOREIGN:
		wasm_foreign_delete(taken.pointer);
		break;
	case REF:
		wasm_ref_delete(taken.pointer);
		break;
	case FRAME:
		wasm_frame_delete(taken.pointer);
		break;
	default:
		break;
	}
}

/* Keeps a handle, in place of another. */
static void keep(enum kind kind, void *pointer, unsigned store)
{
	struct handle *place = &world.handles[below(HANDLES)];

	if (pointer == NULL) {
		return;
	}
	if (place->kind == REF && chance(2)) {
		/* A reference may be forgotten. */
		place->kind = NOTHING;
	}
	release(place);
	/* A finalizer does nothing here that could have filled the place. */
	*place = (struct handle){kind, pointer, store};
}

/* A handle of this kind, of any store that it says; NULL if there is none. */
static struct handle *any(enum kind kind)
{
	unsigned from = below(HANDLES);

	for (unsigned i = 0; i < HANDLES; i++) {
		struct handle *handle = &world.handles[(from + i) % HANDLES];

		if (handle->kind == kind) {
			return handle;
		}
	}
	return NULL;
}

static wasm_extern_t *any_extern(wasm_externkind_t kind, unsigned *store)
{
	unsigned from = below(HANDLES);

	for (unsigned i = 0; i < HANDLES; i++) {
		struct handle *handle = &world.handles[(from + i) % HANDLES];

		if (handle->kind == EXTERN && wasm_extern_kind(handle->pointer) == kind) {
			*store = handle->store;
			return handle->pointer;
		}
	}
	*store = 0;
	return NULL;
}

static wasm_ref_t *any_ref(void)
{
	struct handle *handle = chance(3) ? NULL : any(REF);

	return handle != NULL ? handle->pointer : NULL;
}

static void random_value(wasm_val_t *value, wasm_valkind_t kind)
{
	memset(value, 0, sizeof(*value));
	value->kind = chance(30) ? WASM_F64 : kind;
	if (wasm_valkind_is_ref(value->kind)) {
		value->of.ref = any_ref();
	} else {
		value->of.i64 = below(3) != 0 ? below(20) : (int64_t)(state * 31);
	}
}

static void step(void);

static wasm_trap_t *host(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
	if (world.depth < 3) {
		world.depth++;
		for (uint32_t i = below(4); i != 0; i--) {
			step();
		}
		world.depth--;
	}
	for (size_t i = 0; i < results->size; i++) {
		if (args->size != 0 && args->data[0].kind == results->data[i].kind && chance(2)) {
			/* A reference counted or not, as both kinds of programs do. */
			if (chance(2) || results->size > 1) {
				wasm_val_copy(&results->data[i], &args->data[0]);
			} else {
				results->data[i] = args->data[0];
			}
		} else if (!wasm_valkind_is_ref(results->data[i].kind)) {
			random_value(&results->data[i], results->data[i].kind);
		}
	}
	if (chance(6)) {
		struct handle *trap = any(TRAP);

		/* One of the store, so that its references end with that. */
		return trap != NULL && trap->store == (uintptr_t)env ? wasm_trap_copy(trap->pointer)
								     : NULL;
	}
	return NULL;
}

static const wasm_valkind_t kinds[] = {WASM_I32,     WASM_I64,       WASM_F32, WASM_F64,
				       WASM_FUNCREF, WASM_EXTERNREF, WASM_I32, WASM_V128};

static void random_types(wasm_valtype_vec_t *types)
{
	wasm_valtype_t *some[6];
	size_t count = below(6);

	for (size_t i = 0; i < count; i++) {
		some[i] = wasm_valtype_new(kinds[below(chance(20) ? 8 : 7)]);
	}
	wasm_valtype_vec_new(types, count, some);
}

static void new_func(wasm_store_t *store, unsigned number, wasm_functype_t *type)
{
	wasm_func_t *func =
		wasm_func_new_with_env(store, type, host, (void *)(uintptr_t)number, finalize);

	world.finalizers += func != NULL;
	keep(EXTERN, wasm_func_as_extern(func), number);
	wasm_functype_delete(type);
}

/* Makes what a module imports, or takes what is there. */
static void new_instance(int at)
{
	unsigned number = world.stores[at].number;
	wasm_store_t *store = world.stores[at].store;
	wasm_module_t *module = world.modules[below(MODULES)];
	wasm_importtype_vec_t types;
	wasm_extern_t *imports[4] = {NULL};
	unsigned owners[4];
	wasm_extern_vec_t vec = {.data = imports};
	wasm_trap_t *trap = NULL;
	wasm_instance_t *instance;
	wasm_extern_vec_t exports;

	wasm_module_imports(module, &types);
	for (size_t i = 0; i < types.num_elems && i < 4; i++) {
		wasm_externtype_t *type = (wasm_externtype_t *)wasm_importtype_type(types.data[i]);
		wasm_val_t value = {0};

		owners[i] = number;
		if (chance(4)) {
			imports[i] = wasm_extern_copy(
				any_extern(wasm_externtype_kind(type), &owners[i]));
			continue;
		}
		if (chance(20)) {
			imports[i] = wasm_extern_new_empty(store, wasm_externtype_kind(type));
			continue;
		}
		switch (wasm_externtype_kind(type)) {
		case WASM_EXTERN_FUNC: {
			wasm_func_t *func =
				wasm_func_new_with_env(store, wasm_externtype_as_functype(type),
						       host, (void *)(uintptr_t)number, finalize);

			world.finalizers += func != NULL;
			imports[i] = wasm_func_as_extern(func);
			break;
		}
		case WASM_EXTERN_GLOBAL:
			value.kind = wasm_valtype_kind(
				wasm_globaltype_content(wasm_externtype_as_globaltype(type)));
			imports[i] = wasm_global_as_extern(wasm_global_new(
				store, wasm_externtype_as_globaltype(type), &value));
			break;
		case WASM_EXTERN_TABLE:
			imports[i] = wasm_table_as_extern(
				wasm_table_new(store, wasm_externtype_as_tabletype(type), NULL));
			break;
		default:
			imports[i] = wasm_memory_as_extern(
				wasm_memory_new(store, wasm_externtype_as_memorytype(type)));
			break;
		}
	}
	vec.size = chance(30) ? 0 : types.num_elems;
	wasm_importtype_vec_delete(&types);
	world.running++;
	instance = wasm_instance_new(store, module, &vec, chance(2) ? &trap : NULL);
	world.running--;
	for (size_t i = 0; i < 4; i++) {
		if (chance(2)) {
			wasm_extern_delete(imports[i]);
		} else {
			keep(EXTERN, imports[i], owners[i]);
		}
	}
	keep(TRAP, trap, number);
	if (instance != NULL) {
		wasm_instance_exports(instance, &exports);
		for (size_t i = 0; i < exports.num_elems; i++) {
			keep(EXTERN, wasm_extern_copy(exports.data[i]), number);
		}
		wasm_extern_vec_delete(&exports);
		keep(INSTANCE, instance, number);
	}
}

static void call(void)
{
	unsigned number;
	wasm_func_t *func = wasm_extern_as_func(any_extern(WASM_EXTERN_FUNC, &number));
	int at = store_at(number);
	wasm_functype_t *type;
	wasm_val_vec_t args, results;
	wasm_trap_t *trap;

	if (func == NULL || world.depth >= 3 || world.steps++ > 400) {
		return;
	}
	type = wasm_func_type(func);
	wasm_val_vec_new_uninitialized(&args, 6);
	wasm_val_vec_new_uninitialized(&results, below(2) ? 6 : wasm_func_result_arity(func));
	if (type != NULL && args.data != NULL) {
		const wasm_valtype_vec_t *params = wasm_functype_params(type);

		for (size_t i = 0; i < params->size && i < 6; i++) {
			random_value(&args.data[i], wasm_valtype_kind(params->data[i]));
			if (wasm_valkind_is_ref(args.data[i].kind)) {
				/* The vector owns its references. */
				wasm_ref_copy(args.data[i].of.ref);
			}
		}
	}
	wasm_functype_delete(type);
	world.running++;
	trap = wasm_func_call(func, &args, &results);
	world.running--;
	if (trap != NULL && at >= 0) {
		wasm_byte_vec_t message;
		wasm_frame_vec_t trace;

		wasm_trap_message(trap, &message);
		CHECK(message.data == NULL || message.data[message.size - 1] == '\0');
		wasm_byte_vec_delete(&message);
		wasm_trap_trace(trap, &trace);
		wasm_frame_vec_delete(&trace);
		keep(FRAME, wasm_trap_origin(trap), number);
	}
	keep(TRAP, trap, number);
	if (trap == NULL && results.num_elems != 0 && wasm_valkind_is_ref(results.data[0].kind) &&
	    results.data[0].of.ref != NULL) {
		keep(REF, wasm_ref_copy(results.data[0].of.ref), number);
	}
	wasm_val_vec_delete(&args);
	wasm_val_vec_delete(&results);
}

static void delete_store(int at)
{
	unsigned number = world.stores[at].number;
	wasm_store_t *store = world.stores[at].store;

	/* References of any store may be arguments of a call that is active. */
	if (store == NULL || world.running != 0) {
		return;
	}
	world.stores[at].store = NULL;
	for (int i = 0; i < HANDLES; i++) {
		if (world.handles[i].kind == REF && world.handles[i].store == number) {
			world.handles[i].kind = NOTHING;
		}
	}
	wasm_store_delete(store);
}

static void globals_tables_memories(void)
{
	unsigned number;
	wasm_val_t value;
	wasm_global_t *global;
	wasm_table_t *table;
	wasm_memory_t *memory;

	/* A handle of its own: what is kept may take the place of the other. */
	switch (below(3)) {
	case 0:
		global = wasm_extern_as_global(
			wasm_extern_copy(any_extern(WASM_EXTERN_GLOBAL, &number)));
		wasm_global_get(global, &value);
		if (wasm_valkind_is_ref(value.kind) && value.of.ref != NULL) {
			keep(REF, value.of.ref, number);
		}
		random_value(&value, value.kind);
		wasm_global_set(global, &value);
		wasm_globaltype_delete(wasm_global_type(global));
		wasm_global_delete(global);
		break;
	case 1:
		table = wasm_extern_as_table(
			wasm_extern_copy(any_extern(WASM_EXTERN_TABLE, &number)));
		keep(REF, wasm_table_get(table, below(12)), number);
		wasm_table_set(table, below(12), any_ref());
		if (wasm_table_size(table) < 100) {
			wasm_table_grow(table, below(4), any_ref());
		}
		wasm_tabletype_delete(wasm_table_type(table));
		wasm_table_delete(table);
		break;
	default:
		memory = wasm_extern_as_memory(any_extern(WASM_EXTERN_MEMORY, &number));
		if (wasm_memory_data_size(memory) != 0) {
			wasm_memory_data(memory)[below((uint32_t)wasm_memory_data_size(memory))] =
				1;
		}
		if (wasm_memory_size(memory) < 4) {
			wasm_memory_grow(memory, below(2));
		}
		wasm_memorytype_delete(wasm_memory_type(memory));
		break;
	}
}

static void references(void)
{
	struct handle *handle = &world.handles[below(HANDLES)];
	wasm_ref_t *ref = NULL;

	if (store_at(handle->store) < 0) {
		return;
	}
	switch (handle->kind) {
	case EXTERN:
		ref = chance(2) ? wasm_extern_as_ref(handle->pointer)
				: wasm_func_as_ref(wasm_extern_as_func(handle->pointer));
		break;
	case INSTANCE:
		ref = wasm_instance_as_ref(handle->pointer);
		break;
	case TRAP:
		ref = wasm_trap_as_ref(handle->pointer);
		break;
	case FOREIGN:
		ref = wasm_foreign_as_ref(handle->pointer);
		/* Who has the reference does not delete the object as well. */
		handle->kind = NOTHING;
		break;
	case REF:
		switch (below(3)) {
		case 0:
			ref = wasm_ref_copy(handle->pointer);
			break;
		case 1:
			keep(EXTERN, wasm_extern_copy(wasm_ref_as_extern(handle->pointer)),
			     handle->store);
			break;
		default:
			/* As a program for WAMR, which deletes what the conversion returns. */
			wasm_func_delete(wasm_ref_as_func(handle->pointer));
			break;
		}
		break;
	default:
		break;
	}
	keep(REF, ref, handle->store);
}

static void host_info(void)
{
	struct handle *one = &world.handles[below(HANDLES)], *other = any(one->kind);

	if (one->kind == EXTERN) {
		wasm_extern_get_host_info(one->pointer);
		wasm_extern_same(one->pointer, other->pointer);
		world.finalizers++;
		wasm_extern_set_host_info_with_finalizer(one->pointer, &world, finalize);
	} else if (one->kind == REF) {
		wasm_ref_get_host_info(one->pointer);
		wasm_ref_same(one->pointer, other->pointer);
		world.finalizers++;
		wasm_ref_set_host_info_with_finalizer(one->pointer, &world, finalize);
	} else if (one->kind == TRAP) {
		world.finalizers++;
		wasm_trap_set_host_info_with_finalizer(one->pointer, &world, finalize);
	}
}

static void step(void)
{
	int at = (int)below(STORES);
	wasm_store_t *store = world.stores[at].store;
	unsigned number = world.stores[at].number;
	struct handle *handle;

	if (store == NULL) {
		world.stores[at].store = wasm_store_new(world.engine);
		world.stores[at].number = ++world.last_store;
		return;
	}
	switch (below(16)) {
	case 0:
		if (chance(4)) {
			delete_store(at);
		}
		break;
	case 1:
	case 2:
		new_instance(at);
		break;
	case 3: {
		wasm_valtype_vec_t params, results;

		random_types(&params);
		random_types(&results);
		new_func(store, number, wasm_functype_new(&params, &results));
		break;
	}
	case 4:
	case 5:
	case 6:
	case 7:
		call();
		break;
	case 8:
	case 9:
		globals_tables_memories();
		break;
	case 10:
	case 11:
		references();
		break;
	case 12:
		keep(FOREIGN, wasm_foreign_new(store), number);
		break;
	case 13:
		host_info();
		break;
	case 14: {
		wasm_byte_vec_t message;

		wasm_byte_vec_new(&message, below(30),
				  "a message that may be cut off at any place");
		keep(TRAP, wasm_trap_new(store, &message), number);
		wasm_byte_vec_delete(&message);
		break;
	}
	default:
		handle = &world.handles[below(HANDLES)];
		if (handle->kind == FRAME) {
			keep(FRAME, wasm_frame_copy(handle->pointer), handle->store);
			wasm_frame_instance(handle->pointer);
		}
		release(handle);
		break;
	}
}

static void sequence(uint64_t seed)
{
	unsigned before = allocated_blocks;
	int order = (int)below(3);

	memset(&world, 0, sizeof(world));
	platform_requests = platform_failures = 0;
	platform_fail_first = chance(2) ? 0 : 1 + below(400);
	platform_fail_last = platform_fail_first + (chance(4) ? below(50) : 0);
	if (platform_fail_first == 0) {
		platform_fail_last = 0;
	}
	world.engine = wasm_engine_new();
	for (int i = 0; i < MODULES; i++) {
		size_t of = below(sizeof(binaries) / sizeof(binaries[0]));
		wasm_byte_vec_t bytes = {.size = binaries[of].size,
					 .data = (char *)(uintptr_t)binaries[of].bytes};
		wasm_store_t *any_store = wasm_store_new(world.engine);

		world.modules[i] = wasm_module_new(any_store, &bytes);
		wasm_store_delete(any_store);
	}
	for (uint32_t i = 20 + below(200); i != 0; i--) {
		step();
	}
	for (int i = 0; order == 0 && i < STORES; i++) {
		delete_store(i);
	}
	for (int i = 0; i < HANDLES; i++) {
		/* References may be left. */
		if (world.handles[i].kind != REF || order != 1) {
			release(&world.handles[i]);
		}
	}
	for (int i = 0; i < MODULES; i++) {
		wasm_module_delete(world.modules[i]);
	}
	for (int i = 0; i < STORES; i++) {
		delete_store(i);
	}
	wasm_engine_delete(world.engine);
	if (allocated_blocks != before) {
		printf("seed %llu: %u blocks left\n", (unsigned long long)seed,
		       allocated_blocks - before);
		exit(1);
	}
	CHECK(world.finalized == world.finalizers);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000;

	for (uint64_t i = 0; i < count; i++) {
		state = (seed + i) * 0x9e3779b97f4a7c15ull | 1;
		if (argc > 3) {
			printf("%llu\n", (unsigned long long)(seed + i));
			fflush(stdout);
		}
		wasm_runtime_set_default_running_mode(i % 2 ? Mode_Zonda_Classic : Mode_Zonda_Fast);
		sequence(seed + i);
	}
	puts("well");
	return 0;
}
