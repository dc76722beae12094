/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Faults in an application in C: memory that runs out at every place, native functions that do what
 * they should not, calls that are stopped at every step, thousands of instances, files with damage.
 * After each one everything that was allocated is back, and the same runtime goes on.
 * tests/embedding_c builds and runs this, with the modules that stand in modules.h. Exits with 0 when
 * all is well, and says what it injected. Here are stops, instances and files; memory and native
 * functions have files of their own.
 */

#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The runtime's default in this run of the program, and the other one. */
RunningMode preferred, other_mode;
char error[128];

/* Memory: of the application's functions, of a pool, of the platform. */

_Alignas(8) char pool[POOL];

/* Where memory comes from; the pool has `size` bytes, at any address. */
bool init(mem_alloc_type_t from, uint32_t size)
{
	RuntimeInitArgs args;

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = from;
	if (from == Alloc_With_Pool) {
		args.mem_alloc_option.pool.heap_buf = pool + size / 8 % 8;
		args.mem_alloc_option.pool.heap_size = size;
	} else if (from == Alloc_With_Allocator) {
		args.mem_alloc_option.allocator.malloc_func = (void *)counted_malloc;
		args.mem_alloc_option.allocator.realloc_func = (void *)counted_realloc;
		args.mem_alloc_option.allocator.free_func = (void *)counted_free;
	}
	args.running_mode = preferred;
	args.native_module_name = "env";
	args.native_symbols = (NativeSymbol *)natives;
	args.n_native_symbols = sizeof(natives) / sizeof(natives[0]);
	return wasm_runtime_full_init(&args);
}

uint32_t free_bytes(void)
{
	mem_alloc_info_t info;

	CHECK(wasm_runtime_get_mem_alloc_info(&info));
	return info.total_free_size;
}

/* The largest block that can be had. */
uint32_t largest_block(void)
{
	uint32_t low = 0, high = sizeof(pool);

	while (low < high) {
		uint32_t size = (low + high + 1) / 2;
		void *block = wasm_runtime_malloc(size);

		if (block != NULL) {
			low = size;
		} else {
			high = size - 1;
		}
		wasm_runtime_free(block);
	}
	return low;
}

/* Stops. */

static void test_stops(void)
{
	wasm_module_t loaded;
	wasm_module_inst_t instance;
	wasm_exec_env_t exec_env;
	long ends = 0, terminations = 0, ticks;
	uint32_t value;

	CHECK(init(Alloc_With_Pool, sizeof(pool) - 8));
	loaded = wasm_runtime_load((uint8_t *)faults_wasm, sizeof(faults_wasm), error, sizeof(error));
	CHECK(loaded != NULL);
	instance = wasm_runtime_instantiate(loaded, 2048, 0, error, sizeof(error));
	CHECK(instance != NULL);
	exec_env = wasm_runtime_get_exec_env_singleton(instance);
	for (int i = 0; i < 2; i++) {
		long fuel;

		CHECK(wasm_runtime_set_running_mode(instance, i == 0 ? preferred : other_mode));
		for (fuel = 0;; fuel++) {
			bool done;

			CHECK(fuel < 10000);
			wasm_runtime_set_instruction_count_limit(exec_env, (int)fuel);
			value = 9;
			done = call(exec_env, "run", &value);
			CHECK(done ? value == RESULT
				   : exception_is(instance, "instruction limit exceeded"));
			/* There is none left in either case. */
			value = 9;
			CHECK(!call(exec_env, "run", &value) &&
			      exception_is(instance, "instruction limit exceeded"));
			/* Terminated before it begins, also without fuel. */
			wasm_runtime_terminate(instance);
			CHECK(!call(exec_env, "run", &value) &&
			      exception_is(instance, "terminated by user"));
			terminations++;
			wasm_runtime_set_instruction_count_limit(exec_env, -1);
			CHECK(runs(exec_env) && wasm_runtime_get_exception(instance) == NULL);
			ends += 2;
			if (done) {
				break;
			}
		}
		CHECK(fuel > 100);
		host.ticks = 0;
		CHECK(runs(exec_env));
		ticks = host.ticks;
		CHECK(ticks > 9);
		for (long at = 1; at <= ticks; at++) {
			host.ticks = 0;
			host.terminate_at = at;
			value = 9;
			if (call(exec_env, "run", &value)) {
				/* Only the last one has no step behind it. */
				CHECK(value == RESULT && at == ticks &&
				      !call(exec_env, "run", &value));
			}
			CHECK((host.ticks == at || at == ticks) &&
			      exception_is(instance, "terminated by user"));
			terminations++;
			host.terminate_at = 0;
			CHECK(runs(exec_env));
		}
	}
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(loaded);
	wasm_runtime_destroy();
	CHECK(ends > 400 && terminations > 200);
	printf("injected: %ld ends of fuel, %ld terminations\n", ends, terminations);
}

/* Ten thousand instances, some of which trap, some of which are never made. */
static void test_instances(void)
{
	wasm_module_t loaded, refused;
	wasm_module_inst_t ring[3] = {NULL, NULL, NULL};
	uint32_t at_start, largest, value;
	long made = 0, trapped = 0, not_made = 0;

	CHECK(init(Alloc_With_Pool, sizeof(pool) - 8));
	at_start = free_bytes();
	largest = largest_block();
	CHECK(largest > sizeof(pool) - 400);
	loaded = wasm_runtime_load((uint8_t *)faults_wasm, sizeof(faults_wasm), error, sizeof(error));
	refused = wasm_runtime_load((uint8_t *)start_wasm, sizeof(start_wasm), error, sizeof(error));
	CHECK(loaded != NULL && refused != NULL);
	for (long n = 0; made < 10000; n++) {
		wasm_module_inst_t *place = &ring[n % 3];
		wasm_exec_env_t exec_env;

		wasm_runtime_deinstantiate(*place);
		*place = NULL;
		if (n % 7 == 3) {
			/* Its start function traps. */
			CHECK(wasm_runtime_instantiate(refused, 0, 0, error, sizeof(error)) ==
				      NULL &&
			      no_memory("instantiate failed: Exception: unreachable"));
			not_made++;
			continue;
		}
		if (n % 11 == 5) {
			/* Too much is asked for. */
			CHECK(wasm_runtime_instantiate(loaded, 2048, sizeof(pool), error,
						       sizeof(error)) == NULL &&
			      no_memory("instantiate failed: allocate memory failed"));
			not_made++;
			continue;
		}
		*place = wasm_runtime_instantiate(loaded, 1024 + 8 * (n % 32), 8 * (n % 16), error,
						  sizeof(error));
		CHECK(*place != NULL);
		made++;
		CHECK(n % 5 != 0 || wasm_runtime_set_running_mode(*place, other_mode));
		exec_env = n % 2 == 0 ? wasm_runtime_create_exec_env(*place, 2000)
				      : wasm_runtime_get_exec_env_singleton(*place);
		CHECK(runs(exec_env));
		if (n % 3 == 0) {
			value = 1;
			CHECK(!call(exec_env, "trap", &value) &&
			      exception_is(*place, "integer divide by zero"));
			trapped++;
		}
		value = 50;
		CHECK(n % 4 != 0 || (call(exec_env, "grow", &value) && value != (uint32_t)-1));
		CHECK(n % 16 < 2 || wasm_runtime_module_malloc(*place, 8, NULL) != 0);
		if (n % 2 == 0) {
			wasm_runtime_destroy_exec_env(exec_env);
		}
	}
	for (int i = 0; i < 3; i++) {
		wasm_runtime_deinstantiate(ring[i]);
	}
	wasm_runtime_unload(loaded);
	wasm_runtime_unload(refused);
	CHECK(free_bytes() == at_start && largest_block() == largest);
	wasm_runtime_destroy();
	CHECK(trapped > 2000 && not_made > 1000);
	printf("injected: %ld instances, %ld of them with a trap, and %ld that were not made\n",
	       made, trapped, not_made);
}

/* Files with damage: refused with a place inside of them, or a module that does no harm. */

static long accepted, refused_files;

static void try_file(const uint8_t *bytes, uint32_t size)
{
	static uint32_t cells[4096];
	InstantiationArgs args = {1024, 64, 0};
	wasm_module_t loaded = wasm_runtime_load((uint8_t *)bytes, size, error, sizeof(error));
	wasm_module_inst_t instance;
	const char *offset;

	if (loaded == NULL) {
		refused_files++;
		offset = strstr(error, " (offset ");
		CHECK(strncmp(error, "WASM module load failed: ", 25) == 0);
		CHECK(offset != NULL ? strtoul(offset + 9, NULL, 10) <= size
				     : no_memory("load failed: allocate memory failed"));
		return;
	}
	accepted++;
	instance = wasm_runtime_instantiate_ex(loaded, &args, error, sizeof(error));
	if (instance != NULL) {
		wasm_exec_env_t exec_env = wasm_runtime_get_exec_env_singleton(instance);
		static const char *const names[] = {"down",   "grow",  "refs",
						    "malloc", "twice", "main"};

		for (int i = 0; exec_env != NULL && i < 6; i++) {
			wasm_function_inst_t function =
				wasm_runtime_lookup_function(instance, names[i]);

			memset(cells, 0, sizeof(cells));
			wasm_runtime_set_instruction_count_limit(exec_env, 100);
			if (function != NULL &&
			    !wasm_runtime_call_wasm(exec_env, function, 2000, cells)) {
				CHECK(wasm_runtime_get_exception(instance) != NULL);
			}
		}
	}
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(loaded);
}

static void test_damage(const uint8_t *bytes, uint32_t size)
{
	static _Alignas(8) uint8_t copy[8192];
	uint32_t at_start;

	CHECK(size <= sizeof(copy));
	memcpy(copy, bytes, size);
	at_start = free_bytes();
	for (uint32_t length = 0; length < size; length++) {
		try_file(copy, length);
		CHECK(free_bytes() == at_start);
	}
	for (uint32_t at = 0; at < size; at++) {
		for (int change = 1; change < 256; change++) {
			copy[at] = bytes[at] ^ (uint8_t)change;
			try_file(copy, size);
			CHECK(free_bytes() == at_start);
		}
		copy[at] = bytes[at];
	}
}

/* With an argument all of it in classic mode, else in fast mode. */
int main(int argc, char **argv)
{
	(void)argv;
	setvbuf(stdout, NULL, _IOLBF, 0);
	preferred = argc > 1 ? Mode_Zonda_Classic : Mode_Zonda_Fast;
	other_mode = argc > 1 ? Mode_Zonda_Fast : Mode_Zonda_Classic;
	test_out_of_memory();
	test_natives();
	test_stops();
	test_instances();
	CHECK(init(Alloc_With_Pool, sizeof(pool) - 8));
	zonda_platform_defaults.memory_limit = 65536;
	/* Not one with a start function: nothing bounds that, and one byte can make it endless. */
	test_damage(natives_wasm, sizeof(natives_wasm));
	test_damage(main_wasm, sizeof(main_wasm));
	test_damage(main_zonda, sizeof(main_zonda));
	test_damage(malloc_wasm, sizeof(malloc_wasm));
	CHECK(accepted > 1000 && refused_files > 100000);
	printf("injected: %ld damaged files, of them %ld refused and %ld run\n",
	       accepted + refused_files, refused_files, accepted);
	wasm_runtime_destroy();
	CHECK(allocated_blocks == 0);
	puts("well");
	return 0;
}
