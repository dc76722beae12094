/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory that runs out in the program of faults.c: at every allocation, and in pools of every size.
 */

#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A life: everything once, until something says that there is no memory. True when nothing did.
 * Whatever is reported as done has the right result.
 */

bool no_memory(const char *what)
{
	/* Where the bytes are known, the text goes on: what wants how many. */
	return strncmp(error, "WASM module ", 12) == 0 &&
	       strncmp(error + 12, what, strlen(what)) == 0;
}

/* An environment for another thread, with an instance like this one, in the mode of this one and
 * with its contexts.
 */
static bool spawns(wasm_exec_env_t exec_env)
{
	wasm_module_inst_t instance = wasm_runtime_get_module_inst(exec_env), other;
	void *key = wasm_runtime_create_context_key(NULL);
	wasm_exec_env_t spawned = NULL;

	CHECK(key != NULL);
	wasm_runtime_set_context(instance, key, &host);
	if (wasm_runtime_get_context(instance, key) == &host) {
		spawned = wasm_runtime_spawn_exec_env(exec_env);
	}
	if (spawned != NULL) {
		other = wasm_runtime_get_module_inst(spawned);
		CHECK(wasm_runtime_get_running_mode(other) ==
		      wasm_runtime_get_running_mode(instance));
		CHECK(wasm_runtime_get_context(other, key) == &host && runs(spawned));
		wasm_runtime_destroy_spawned_exec_env(spawned);
	}
	wasm_runtime_destroy_context_key(key);
	CHECK(runs(exec_env));
	return spawned != NULL;
}

/* An instance, used. */
static bool use(wasm_module_inst_t instance)
{
	wasm_exec_env_t exec_env = wasm_runtime_create_exec_env(instance, 2048);
	uint32_t value, before;
	uint64_t app[6];
	bool done = false;
	char *block = NULL, *grown;
	char *arguments[] = {"z"};
	long failed;

	memset(app, 0, sizeof(app));
	if (exec_env == NULL) {
		return false;
	}
	CHECK(runs(exec_env));
	for (value = 0; value < 3; value++) {
		RunningMode mode = value % 2 == 0 ? other_mode : preferred;
		RunningMode now = wasm_runtime_get_running_mode(instance);

		if (!wasm_runtime_set_running_mode(instance, mode)) {
			CHECK(wasm_runtime_get_running_mode(instance) == now && runs(exec_env));
			goto end;
		}
		CHECK(runs(exec_env));
	}
	if (!spawns(exec_env)) {
		goto end;
	}
	/* The module is told with -1, and nothing has changed then. */
	failed = failures + platform_failures;
	value = 0;
	CHECK(call(exec_env, "grow", &value));
	before = value;
	value = 100;
	CHECK(call(exec_env, "grow", &value));
	if (value == (uint32_t)-1) {
		value = 0;
		CHECK(call(exec_env, "grow", &value) && value == before && runs(exec_env));
		goto end;
	}
	/* The pages that the application heap begins count from now on. */
	CHECK(value >= before);
	before = value;
	value = 40;
	CHECK(call(exec_env, "grow_table", &value));
	if (value == (uint32_t)-1) {
		CHECK(runs(exec_env));
		goto end;
	}
	CHECK(value == 7 && failures + platform_failures == failed);
	value = before + 99;
	CHECK(wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, "store"), 1,
				     &value));
	value = before + 100;
	CHECK(!wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, "store"), 1,
				      &value));
	CHECK(exception_is(instance, "out of bounds memory access"));
	CHECK(runs(exec_env) && wasm_runtime_get_exception(instance) == NULL);
	for (int i = 0; i < 6; i++) {
		app[i] = wasm_runtime_module_dup_data(instance, "zonda", 6);
		if (app[i] == 0) {
			goto end;
		}
		CHECK(strcmp(wasm_runtime_addr_app_to_native(instance, app[i]), "zonda") == 0);
	}
	if (!wasm_application_execute_main(instance, 1, arguments)) {
		const char *exception = wasm_runtime_get_exception(instance);

		CHECK(strcmp(exception, "Exception: allocate memory failed") == 0 ||
		      strcmp(exception, "Exception: create singleton exec_env failed") == 0);
		CHECK(runs(exec_env));
		goto end;
	}
	CHECK(*(int *)arguments == 1 + 'z');
	block = wasm_runtime_malloc(10);
	if (block == NULL) {
		goto end;
	}
	strcpy(block, "zonda");
	grown = wasm_runtime_realloc(block, 3000);
	CHECK(strcmp(grown != NULL ? grown : block, "zonda") == 0);
	if (grown == NULL) {
		goto end;
	}
	block = grown;
	done = true;
end:
	wasm_runtime_free(block);
	for (int i = 0; i < 6; i++) {
		wasm_runtime_module_free(instance, app[i]);
	}
	wasm_runtime_destroy_exec_env(exec_env);
	return done;
}

static const LoadArgs copied = {NULL, false, true, false};

static bool life(void)
{
	wasm_module_t modules[3] = {NULL, NULL, NULL};
	wasm_module_inst_t instances[3] = {NULL, NULL, NULL};
	uint32_t value;
	bool done = false;

	if (!wasm_runtime_register_natives("more", (NativeSymbol *)more, 1)) {
		return false;
	}
	for (int i = 0; i < 3; i++) {
		const uint8_t *bytes = i == 2 ? main_zonda : faults_wasm;
		uint32_t size = i == 2 ? sizeof(main_zonda) : sizeof(faults_wasm);
		RunningMode mode =
			wasm_runtime_set_default_running_mode(i == 2 ? Mode_Zonda_Fast : preferred);

		CHECK(mode);
		modules[i] =
			i == 1 ? wasm_runtime_load_ex((uint8_t *)bytes, size, &copied, error,
						      sizeof(error))
			       : wasm_runtime_load((uint8_t *)bytes, size, error, sizeof(error));
		CHECK(modules[i] != NULL || no_memory("load failed: allocate memory failed"));
		if (modules[i] != NULL) {
			instances[i] = wasm_runtime_instantiate(modules[i], 1024, 64, error,
								sizeof(error));
			CHECK(instances[i] != NULL ||
			      no_memory("instantiate failed: allocate memory failed") ||
			      no_memory("instantiate failed: Exception: unreachable"));
		}
		if (instances[i] == NULL) {
			goto end;
		}
	}
	/* The last one has no bytes for classic mode. */
	if (use(instances[0]) && use(instances[1])) {
		wasm_exec_env_t exec_env = wasm_runtime_get_exec_env_singleton(instances[2]);

		value = 21;
		CHECK(exec_env == NULL || (call(exec_env, "twice", &value) && value == 42));
		done = exec_env != NULL;
	}
end:
	for (int i = 0; i < 3; i++) {
		wasm_runtime_deinstantiate(instances[i]);
		wasm_runtime_unload(modules[i]);
	}
	CHECK(wasm_runtime_set_default_running_mode(preferred));
	CHECK(wasm_runtime_unregister_natives("more", (NativeSymbol *)more));
	return done;
}

void test_out_of_memory(void)
{
	long injected = 0, lives = 0, sizes = 0;
	long left;
	uint32_t size, works = 0, at_start;

	/* The functions of an application: the n-th request alone, then all from it on. */
	for (int all = 0; all < 2; all++) {
		for (long n = 1;; n++) {
			bool done;

			CHECK(n < 5000);
			blocks = requests = failures = 0;
			fail_first = n;
			fail_last = all ? 1000000 : n;
			if (init(Alloc_With_Allocator, 0)) {
				left = blocks;
				done = life();
				CHECK(done == (failures == 0) && blocks == left);
				injected += failures;
				lives++;
				fail_last = 0;
				CHECK(life() && blocks == left);
				wasm_runtime_destroy();
			} else {
				CHECK(failures > 0);
				injected += failures;
				done = false;
			}
			CHECK(blocks == 0);
			if (done) {
				break;
			}
		}
	}
	fail_last = 0;

	/* Setting up that failed has not changed the default mode either. */
	preferred = other_mode;
	fail_first = fail_last = 1;
	requests = 0;
	CHECK(!init(Alloc_With_Allocator, 0));
	fail_last = 0;
	preferred = preferred == Mode_Zonda_Classic ? Mode_Zonda_Fast : Mode_Zonda_Classic;
	CHECK(wasm_runtime_init() &&
	      wasm_runtime_register_natives("env", (NativeSymbol *)natives, 2));
	{
		wasm_module_t loaded = wasm_runtime_load((uint8_t *)faults_wasm,
							 sizeof(faults_wasm), error, sizeof(error));
		wasm_module_inst_t instance =
			wasm_runtime_instantiate(loaded, 1024, 0, error, sizeof(error));

		CHECK(instance != NULL && wasm_runtime_get_running_mode(instance) == Mode_Interp);
		wasm_runtime_deinstantiate(instance);
		wasm_runtime_unload(loaded);
	}
	wasm_runtime_destroy();

	/* The platform's. Making a block smaller takes a new one there, and may fail without harm.
	 */
	for (int all = 0; all < 2; all++) {
		for (long n = 1;; n++) {
			unsigned before = allocated_blocks;
			bool done;

			platform_requests = platform_failures = 0;
			platform_fail_first = n;
			platform_fail_last = all ? 1000000 : n;
			if (init(Alloc_With_System_Allocator, 0)) {
				unsigned registered = allocated_blocks;

				done = life();
				CHECK(done || platform_failures > 0);
				CHECK(allocated_blocks == registered);
				lives++;
				injected += platform_failures;
				done = platform_failures == 0;
				platform_fail_last = 0;
				CHECK(life() && allocated_blocks == registered);
				wasm_runtime_destroy();
			} else {
				CHECK(platform_failures > 0);
				injected += platform_failures;
				done = false;
			}
			CHECK(allocated_blocks == before);
			if (done) {
				break;
			}
		}
	}
	platform_fail_last = 0;

	/* Pools of every size, up to some that are all large enough. */
	for (size = 0; works < 200; size += 8) {
		bool done = false;

		CHECK(size < sizeof(pool) - 8);
		sizes++;
		if (init(Alloc_With_Pool, size)) {
			at_start = free_bytes();
			done = life();
			CHECK(free_bytes() == at_start);
			/* In the same pool, the same again: nothing is in other pieces than before.
			 */
			CHECK(size % 64 != 0 || (life() == done && free_bytes() == at_start));
			wasm_runtime_destroy();
		}
		works = done ? works + 1 : 0;
		injected += !done;
	}
	CHECK(lives > 300 && injected > 5000 && sizes > 1000);
	printf("injected: %ld failing allocations in %ld lives, of them %ld pools that were too "
	       "small\n",
	       injected, lives, sizes - (long)works);
}
