/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Faults in an application in C: memory that runs out at every place, native functions that do what
 * they should not, calls that are stopped at every step, thousands of instances, files with damage.
 * After each one everything that was allocated is back, and the same runtime goes on.
 * tests/capi_c.rs builds and runs this, with the modules that stand in modules.h. Exits with 0 when
 * all is well, and says what it injected.
 */

#include "modules.h"
#include "counted.h"
#include "platform.h"
#include "wasm_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What run(9) of faults.wat gives. */
#define RESULT 271

/* The runtime's default in this run of the program, and the other one. */
static RunningMode preferred, other_mode;
static char error[128];

/* Native functions. */

static struct {
	/* tick() terminates when it is called for this time. */
	long ticks, terminate_at;
	/* What act() uses besides its own instance. */
	wasm_module_inst_t other;
	wasm_exec_env_t second;
	uint32_t depth;
	/* Runs of act() that have not returned. */
	uint32_t inside;
} host;

static int32_t tick(wasm_exec_env_t exec_env, int32_t x)
{
	if (++host.ticks == host.terminate_at) {
		wasm_runtime_terminate(get_module_inst(exec_env));
	}
	return x + 1;
}

static bool call(wasm_exec_env_t exec_env, const char *name, uint32_t *value)
{
	wasm_function_inst_t function =
		wasm_runtime_lookup_function(wasm_runtime_get_module_inst(exec_env), name);

	CHECK(function != NULL);
	if (host.inside == 0) {
		wasm_runtime_clear_exception(wasm_runtime_get_module_inst(exec_env));
	}
	return wasm_runtime_call_wasm(exec_env, function, 1, value);
}

static bool runs(wasm_exec_env_t exec_env)
{
	uint32_t value = 9;

	return call(exec_env, "run", &value) && value == RESULT;
}

static bool exception_is(wasm_module_inst_t instance, const char *text)
{
	const char *exception = wasm_runtime_get_exception(instance);

	if (exception == NULL || strncmp(exception, "Exception: ", 11) != 0 ||
	    strcmp(exception + 11, text) != 0) {
		printf("expected %s, got %s\n", text, exception != NULL ? exception : "none");
		return false;
	}
	return true;
}

enum act {
	FINE,
	FAIL,
	RECURSE,
	RECURSE_AND_FORGIVE,
	OTHER_ENVIRONMENT,
	OTHER_INSTANCE,
	TERMINATE,
	NO_FUEL,
	GROW,
	SWITCH,
	SWITCH_OTHER,
	RELOAD,
	MALLOC,
	TRAP,
	TRAP_AND_FORGIVE,
	TERMINATE_INSIDE,
	REGISTER,
	PROGRAM,
	FAIL_AND_CALL,
	FAIL_AND_CALL_ELSEWHERE,
	FAIL_AND_TRAP_ELSEWHERE,
	ACTS,
};

/* A table that is registered and taken back while code runs. */
static const NativeSymbol more[] = {{"more", (void *)tick, "(i)i", NULL}};

static int32_t act(wasm_exec_env_t exec_env, int32_t what)
{
	wasm_module_inst_t instance = wasm_runtime_get_module_inst(exec_env);
	uint32_t value = 1;
	void *native;
	char *arguments[] = {"a"};

	host.inside++;
	switch (what) {
	case FAIL:
		wasm_runtime_set_exception(instance, "out of coffee");
		break;
	case FAIL_AND_CALL:
	case FAIL_AND_CALL_ELSEWHERE:
	case FAIL_AND_TRAP_ELSEWHERE:
		/*
		 * The exception stays until another one takes its place, on whichever environment
		 * something is called.
		 */
		wasm_runtime_set_exception(instance, "out of coffee");
		CHECK(!call(what == FAIL_AND_CALL ? exec_env : host.second,
			    what == FAIL_AND_TRAP_ELSEWHERE ? "trap" : "run", &value));
		CHECK(exception_is(instance, what == FAIL_AND_TRAP_ELSEWHERE
						     ? "integer divide by zero"
						     : "out of coffee"));
		break;
	case RECURSE:
		host.depth++;
		(void)call(exec_env, "down", &value);
		break;
	case RECURSE_AND_FORGIVE:
		/* Until as many calls are nested as the defaults allow. */
		host.depth++;
		value = RECURSE_AND_FORGIVE;
		if (!call(exec_env, "act_tail", &value)) {
			CHECK(exception_is(instance, "native stack overflow"));
			wasm_runtime_clear_exception(instance);
		}
		break;
	case OTHER_ENVIRONMENT:
		CHECK(runs(host.second));
		break;
	case OTHER_INSTANCE:
		value = FINE;
		CHECK(runs(wasm_runtime_get_exec_env_singleton(host.other)));
		CHECK(call(wasm_runtime_get_exec_env_singleton(host.other), "act", &value) &&
		      value == FINE);
		break;
	case TERMINATE:
		wasm_runtime_terminate(instance);
		break;
	case NO_FUEL:
		wasm_runtime_set_instruction_count_limit(exec_env, 0);
		break;
	case GROW:
		value = 700;
		CHECK(call(exec_env, "grow", &value));
		value = 5;
		CHECK(call(exec_env, "grow_table", &value));
		break;
	case SWITCH:
		CHECK(!wasm_runtime_set_running_mode(instance, Mode_Zonda_Classic));
		CHECK(!wasm_runtime_set_running_mode(instance, Mode_Zonda_Fast));
		break;
	case SWITCH_OTHER:
		CHECK(wasm_runtime_set_running_mode(host.other, other_mode) &&
		      runs(wasm_runtime_get_exec_env_singleton(host.other)));
		CHECK(wasm_runtime_set_running_mode(host.other, preferred) &&
		      runs(wasm_runtime_get_exec_env_singleton(host.other)));
		CHECK(wasm_runtime_set_default_running_mode(other_mode) &&
		      wasm_runtime_set_default_running_mode(preferred));
		break;
	case RELOAD: {
		wasm_module_t loaded =
			wasm_runtime_load((uint8_t *)faults_wasm, sizeof(faults_wasm), error, sizeof(error));
		wasm_module_inst_t made =
			wasm_runtime_instantiate(loaded, 2048, 64, error, sizeof(error));

		CHECK(loaded != NULL && made != NULL &&
		      runs(wasm_runtime_get_exec_env_singleton(made)));
		wasm_runtime_deinstantiate(made);
		wasm_runtime_unload(loaded);
		break;
	}
	case MALLOC:
		value = (uint32_t)wasm_runtime_module_malloc(instance, 40, &native);
		CHECK(value != 0 && wasm_runtime_addr_app_to_native(instance, value) == native);
		memset(native, 5, 40);
		wasm_runtime_module_free(instance, value);
		CHECK(wasm_runtime_module_malloc(instance, 1 << 20, NULL) == 0);
		break;
	case TRAP:
		CHECK(!call(exec_env, "trap", &value) &&
		      exception_is(instance, "integer divide by zero"));
		break;
	case TRAP_AND_FORGIVE:
		CHECK(!call(exec_env, "trap", &value) &&
		      exception_is(instance, "integer divide by zero"));
		wasm_runtime_clear_exception(instance);
		CHECK(runs(exec_env));
		break;
	case TERMINATE_INSIDE:
		wasm_runtime_terminate(instance);
		CHECK(!call(exec_env, "forever", &value) &&
		      exception_is(instance, "terminated by user"));
		break;
	case REGISTER:
		CHECK(wasm_runtime_register_natives("env", (NativeSymbol *)more, 1) &&
		      !wasm_runtime_register_natives("env", (NativeSymbol *)more, 1));
		CHECK(wasm_runtime_unregister_natives("env", (NativeSymbol *)more));
		break;
	case PROGRAM:
		CHECK(wasm_application_execute_main(instance, 1, arguments));
		CHECK(*(int *)arguments == 1 + 'a');
		CHECK(!wasm_application_execute_func(instance, "nowhere", 0, NULL));
		wasm_runtime_clear_exception(instance);
		break;
	default:
		break;
	}
	host.inside--;
	return what;
}

static const NativeSymbol natives[] = {
	EXPORT_WASM_API_WITH_SIG(tick, "(i)i"),
	EXPORT_WASM_API_WITH_SIG(act, "(i)i"),
};

/* Memory: of the application's functions, of a pool, of the platform. */

static _Alignas(8) char pool[256 * 1024];

/* Where memory comes from; the pool has `size` bytes, at any address. */
static bool init(mem_alloc_type_t from, uint32_t size)
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

static uint32_t free_bytes(void)
{
	mem_alloc_info_t info;

	CHECK(wasm_runtime_get_mem_alloc_info(&info));
	return info.total_free_size;
}

/* The largest block that can be had. */
static uint32_t largest_block(void)
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

/*
 * A life: everything once, until something says that there is no memory. True when nothing did.
 * Whatever is reported as done has the right result.
 */

static bool no_memory(const char *what)
{
	/* Where the bytes are known, the text goes on: what wants how many. */
	return strncmp(error, "WASM module ", 12) == 0 &&
	       strncmp(error + 12, what, strlen(what)) == 0;
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
	/* The module is told with -1, and nothing has changed then. */
	failed = failures + platform_failures;
	value = 0;
	CHECK(call(exec_env, "grow", &value));
	before = value;
	value = 100;
	CHECK(call(exec_env, "grow", &value));
	if (value != before) {
		CHECK(value == (uint32_t)-1);
		value = 0;
		CHECK(call(exec_env, "grow", &value) && value == before && runs(exec_env));
		goto end;
	}
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
			i == 1 ? wasm_runtime_load_ex((uint8_t *)bytes, size, &copied, error, sizeof(error))
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

static void test_out_of_memory(void)
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
	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", (NativeSymbol *)natives, 2));
	{
		wasm_module_t loaded =
			wasm_runtime_load((uint8_t *)faults_wasm, sizeof(faults_wasm), error, sizeof(error));
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

/* What native functions do, by every way in. Then the same instance runs as ever. */

struct expected {
	enum act what;
	/* NULL: the call goes well. */
	const char *exception;
};

static const struct expected expectations[] = {
	{FINE, NULL},
	{FAIL, "out of coffee"},
	{RECURSE, "native stack overflow"},
	{RECURSE_AND_FORGIVE, NULL},
	{OTHER_ENVIRONMENT, NULL},
	{OTHER_INSTANCE, NULL},
	{TERMINATE, "terminated by user"},
	{NO_FUEL, "instruction limit exceeded"},
	{GROW, NULL},
	{SWITCH, NULL},
	{SWITCH_OTHER, NULL},
	{RELOAD, NULL},
	{MALLOC, NULL},
	{TRAP, "integer divide by zero"},
	{TRAP_AND_FORGIVE, NULL},
	{TERMINATE_INSIDE, "terminated by user"},
	{REGISTER, NULL},
	{PROGRAM, NULL},
	{FAIL_AND_CALL, "out of coffee"},
	{FAIL_AND_CALL_ELSEWHERE, "out of coffee"},
	{FAIL_AND_TRAP_ELSEWHERE, "integer divide by zero"},
};

/*
 * act() is followed by more code, called through the table, called in place of its caller, and
 * called by the application.
 */
static const char *const ways[] = {"act", "act_indirect", "act_tail", "act_itself"};

static long act_in_every_way(wasm_module_t loaded, RunningMode mode)
{
	long calls = 0;

	CHECK(sizeof(expectations) / sizeof(expectations[0]) == ACTS);
	for (int i = 0; i < ACTS; i++) {
		for (int way = 0; way < 4; way++) {
			const struct expected *expected = &expectations[i];
			uint32_t at_start = free_bytes(), value = expected->what;
			wasm_module_inst_t instance =
				wasm_runtime_instantiate(loaded, 2048, 64, error, sizeof(error));
			wasm_exec_env_t exec_env;
			bool done;

			CHECK(instance != NULL && expected->what == (enum act)i);
			CHECK(wasm_runtime_set_running_mode(instance, mode));
			exec_env = wasm_runtime_create_exec_env(instance, 4096);
			host.second = wasm_runtime_create_exec_env(instance, 1024);
			host.depth = 0;
			CHECK(exec_env != NULL && host.second != NULL && runs(exec_env));
			done = call(exec_env, ways[way], &value);
			/*
			 * What comes after the native function is stopped; where nothing comes, the
			 * next call is.
			 */
			if (way > 0 && (expected->what == TERMINATE || expected->what == NO_FUEL)) {
				CHECK(done && value == expected->what);
				value = 9;
				done = call(exec_env, "run", &value);
			}
			CHECK(done == (expected->exception == NULL));
			CHECK(done ? value == expected->what
				   : exception_is(instance, expected->exception));
			CHECK((host.depth > 10) ==
			      (expected->what == RECURSE || expected->what == RECURSE_AND_FORGIVE));
			wasm_runtime_clear_exception(instance);
			wasm_runtime_set_instruction_count_limit(exec_env, -1);
			CHECK(runs(exec_env) && runs(host.second) &&
			      wasm_runtime_get_exception(instance) == NULL);
			CHECK(wasm_runtime_set_running_mode(instance, other_mode) &&
			      runs(exec_env));
			wasm_runtime_destroy_exec_env(exec_env);
			wasm_runtime_destroy_exec_env(host.second);
			wasm_runtime_deinstantiate(instance);
			CHECK(free_bytes() == at_start);
			calls++;
		}
	}
	return calls;
}

static void test_natives(void)
{
	wasm_module_t loaded;
	long calls;
	uint32_t at_start;

	CHECK(init(Alloc_With_Pool, sizeof(pool) - 8));
	at_start = free_bytes();
	loaded = wasm_runtime_load((uint8_t *)faults_wasm, sizeof(faults_wasm), error, sizeof(error));
	CHECK(loaded != NULL);
	host.other = wasm_runtime_instantiate(loaded, 4096, 0, error, sizeof(error));
	CHECK(host.other != NULL && wasm_runtime_get_exec_env_singleton(host.other) != NULL);
	calls = act_in_every_way(loaded, preferred) + act_in_every_way(loaded, other_mode);
	wasm_runtime_deinstantiate(host.other);
	wasm_runtime_unload(loaded);
	CHECK(free_bytes() == at_start);
	wasm_runtime_destroy();
	CHECK(calls >= 100);
	printf("injected: %ld calls of natives that trap, re-enter, stop or change what runs\n",
	       calls);
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
