/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Native functions of the program in faults.c that do what they should not, by every way in.
 */

#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Native functions. */

struct host host;

static int32_t tick(wasm_exec_env_t exec_env, int32_t x)
{
	if (++host.ticks == host.terminate_at) {
		wasm_runtime_terminate(get_module_inst(exec_env));
	}
	return x + 1;
}

bool call(wasm_exec_env_t exec_env, const char *name, uint32_t *value)
{
	wasm_function_inst_t function =
		wasm_runtime_lookup_function(wasm_runtime_get_module_inst(exec_env), name);

	CHECK(function != NULL);
	if (host.inside == 0) {
		wasm_runtime_clear_exception(wasm_runtime_get_module_inst(exec_env));
	}
	return wasm_runtime_call_wasm(exec_env, function, 1, value);
}

bool runs(wasm_exec_env_t exec_env)
{
	uint32_t value = 9;

	return call(exec_env, "run", &value) && value == RESULT;
}

bool exception_is(wasm_module_inst_t instance, const char *text)
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
const NativeSymbol more[1] = {{"more", (void *)tick, "(i)i", NULL}};

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

const NativeSymbol natives[NATIVES] = {
	EXPORT_WASM_API_WITH_SIG(tick, "(i)i"),
	EXPORT_WASM_API_WITH_SIG(act, "(i)i"),
};

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

void test_natives(void)
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
