/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Spawned execution environments on Linux: threads that run a module beside each other, how they
 * end together, and what they have of their own.
 */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "modules.h"
#include "wasm_export.h"

#define TERMINATED "Exception: terminated by user"

static char error[128];
static wasm_module_t module;
static void *key;
static unsigned destroyed;

static bool exception_is(wasm_module_inst_t instance, const char *text)
{
	const char *exception = wasm_runtime_get_exception(instance);

	if (text == NULL || exception == NULL) {
		return text == exception;
	}
	return strcmp(exception, text) == 0;
}

static bool call(wasm_exec_env_t env, const char *name, uint32_t *cell)
{
	wasm_module_inst_t instance = wasm_runtime_get_module_inst(env);
	wasm_function_inst_t function = wasm_runtime_lookup_function(instance, name);

	CHECK(function != NULL);
	return wasm_runtime_call_wasm(env, function, 1, cell);
}

static wasm_module_inst_t new_instance(void)
{
	wasm_module_inst_t instance =
		wasm_runtime_instantiate(module, 8192, 8192, error, sizeof(error));

	CHECK(instance != NULL);
	return instance;
}

struct thread {
	pthread_t id;
	wasm_exec_env_t env;
	const char *function;
	/* What the instance of the environment had at the end. */
	char exception[128];
};

static void *run(void *data)
{
	struct thread *thread = data;
	wasm_module_inst_t instance = wasm_runtime_get_module_inst(thread->env);
	const char *exception;
	uint32_t cell = 0;

	CHECK(wasm_runtime_init_thread_env());
	CHECK(!call(thread->env, thread->function, &cell));
	exception = wasm_runtime_get_exception(instance);
	CHECK(exception != NULL);
	(void)snprintf(thread->exception, sizeof(thread->exception), "%s", exception);
	wasm_runtime_destroy_spawned_exec_env(thread->env);
	wasm_runtime_destroy_thread_env();
	return NULL;
}

static void start(struct thread *thread, wasm_exec_env_t parent, const char *function)
{
	thread->env = wasm_runtime_spawn_exec_env(parent);
	CHECK(thread->env != NULL);
	thread->function = function;
	CHECK(pthread_create(&thread->id, NULL, run, thread) == 0);
}

static void join(struct thread *thread, const char *exception)
{
	CHECK(pthread_join(thread->id, NULL) == 0);
	if (strcmp(thread->exception, exception) != 0) {
		printf("%s in place of %s\n", thread->exception, exception);
		exit(1);
	}
}

/* A request to one of them stops all, in code that runs and in a function that waits. */
static void test_termination(bool of_the_spawned)
{
	wasm_module_inst_t instance = new_instance();
	wasm_exec_env_t env = wasm_runtime_get_exec_env_singleton(instance);
	struct thread threads[3];

	start(&threads[0], env, "forever");
	start(&threads[1], env, "read");
	start(&threads[2], env, "forever");
	(void)usleep(50000);
	CHECK(exception_is(instance, NULL));
	wasm_runtime_terminate(of_the_spawned ? wasm_runtime_get_module_inst(threads[1].env)
					      : instance);
	for (unsigned i = 0; i < 3; i++) {
		join(&threads[i], TERMINATED);
	}
	/* The one that ran nothing has the exception as well, and none is spawned until it is
	 * cleared.
	 */
	CHECK(wasm_runtime_spawn_exec_env(env) == NULL);
	CHECK(exception_is(instance, TERMINATED));
	CHECK(wasm_runtime_spawn_exec_env(env) == NULL);
	wasm_runtime_clear_exception(instance);
	CHECK(exception_is(instance, NULL));
	start(&threads[0], env, "read");
	wasm_runtime_terminate(instance);
	join(&threads[0], TERMINATED);
	wasm_runtime_deinstantiate(instance);
}

/* A request that comes before the thread runs. */
static void test_termination_before_the_start(void)
{
	wasm_module_inst_t instance = new_instance();
	wasm_exec_env_t env = wasm_runtime_get_exec_env_singleton(instance);
	struct thread thread = {.function = "read"};
	uint32_t cell = 1;

	thread.env = wasm_runtime_spawn_exec_env(env);
	CHECK(thread.env != NULL);
	wasm_runtime_terminate(instance);
	CHECK(pthread_create(&thread.id, NULL, run, &thread) == 0);
	join(&thread, TERMINATED);
	CHECK(!call(env, "add", &cell) && exception_is(instance, TERMINATED));
	wasm_runtime_clear_exception(instance);
	CHECK(call(env, "add", &cell) && cell == 1);
	/* Without a spawned environment, with the request alone. */
	wasm_runtime_deinstantiate(instance);
	instance = new_instance();
	env = wasm_runtime_get_exec_env_singleton(instance);
	wasm_runtime_terminate(instance);
	CHECK(wasm_runtime_spawn_exec_env(env) == NULL);
	CHECK(!call(env, "forever", &cell) && exception_is(instance, TERMINATED));
	wasm_runtime_deinstantiate(instance);
}

/* Ends the instances: 0 by a request, 1 by an exception of its own instance, 2 by a request to
 * another one.
 */
static void stop(wasm_exec_env_t env, int32_t how)
{
	wasm_module_inst_t instance = wasm_runtime_get_module_inst(env);

	switch (how) {
	case 0:
		wasm_runtime_terminate(instance);
		break;
	case 1:
		wasm_runtime_set_exception(instance, "of a native function");
		break;
	default:
		wasm_runtime_terminate(wasm_runtime_get_custom_data(instance));
	}
}

static NativeSymbol natives[] = {EXPORT_WASM_API_WITH_SIG(stop, "(i)")};

/* A call whose native function has ended the instances fails, also if no code follows in which a
 * request is noticed.
 */
static void test_native_function_that_stops(void)
{
	wasm_module_inst_t instance = new_instance();
	wasm_exec_env_t env = wasm_runtime_get_exec_env_singleton(instance), spawned;

	wasm_runtime_set_custom_data(instance, instance);
	spawned = wasm_runtime_spawn_exec_env(env);
	CHECK(spawned != NULL);
	for (uint32_t how = 0; how < 3; how++) {
		const char *exception = how == 1 ? "Exception: of a native function" : TERMINATED;
		wasm_module_inst_t other = wasm_runtime_get_module_inst(spawned);
		/* From the second time on native code has a prepared call. */
		for (uint32_t times = 0; times < 3; times++) {
			wasm_val_t value = {.kind = WASM_I32, .of.i32 = (int32_t)how};
			wasm_function_inst_t function = wasm_runtime_lookup_function(other, "stop");
			uint32_t cell = how;

			if (times == 2) {
				CHECK(!wasm_runtime_call_wasm_a(spawned, function, 0, NULL, 1,
								&value));
			} else {
				CHECK(!call(spawned, "stop", &cell));
			}
			CHECK(exception_is(other, exception));
			CHECK(exception_is(instance, exception));
			wasm_runtime_clear_exception(other);
			wasm_runtime_clear_exception(instance);
			cell = 1;
			CHECK(call(spawned, "add", &cell) && call(env, "add", &cell));
		}
	}
	wasm_runtime_destroy_spawned_exec_env(spawned);
	wasm_runtime_deinstantiate(instance);
}

/* A trap of one of them ends the others, with its reason. */
static void test_exceptions(void)
{
	wasm_module_inst_t instance = new_instance();
	wasm_exec_env_t env = wasm_runtime_get_exec_env_singleton(instance);
	struct thread threads[2];
	uint32_t cell = 1;

	start(&threads[0], env, "forever");
	start(&threads[1], env, "trap");
	for (unsigned i = 0; i < 2; i++) {
		join(&threads[i], "Exception: unreachable");
	}
	CHECK(!call(env, "add", &cell));
	CHECK(exception_is(instance, "Exception: unreachable"));
	wasm_runtime_clear_exception(instance);
	start(&threads[0], env, "forever");
	wasm_runtime_set_exception(instance, "of the application");
	join(&threads[0], "Exception: of the application");
	/* It is not cleared for those that come later. */
	CHECK(wasm_runtime_spawn_exec_env(env) == NULL);
	wasm_runtime_set_exception(instance, NULL);
	CHECK(call(env, "add", &cell));
	wasm_runtime_deinstantiate(instance);
}

static void destroy(wasm_module_inst_t instance, void *ctx)
{
	CHECK(instance != NULL && ctx == &destroyed);
	destroyed++;
}

/* Memory, globals and the stack are the environment's own; contexts and custom data come along. */
static void test_own_state(void)
{
	wasm_module_inst_t instance = new_instance(), other, third;
	wasm_exec_env_t env = wasm_runtime_create_exec_env(instance, 4096), spawned, grandchild;
	uint32_t cell = 5, own = 0;

	key = wasm_runtime_create_context_key(destroy);
	CHECK(key != NULL);
	wasm_runtime_set_context(instance, key, &destroyed);
	wasm_runtime_set_custom_data(instance, &module);
	CHECK(call(env, "add", &cell) && cell == 5);
	spawned = wasm_runtime_spawn_exec_env(env);
	CHECK(spawned != NULL);
	other = wasm_runtime_get_module_inst(spawned);
	CHECK(other != instance && wasm_runtime_get_module(other) == module);
	CHECK(wasm_runtime_get_custom_data(other) == &module);
	CHECK(wasm_runtime_get_context(other, key) == &destroyed);
	CHECK(wasm_runtime_get_running_mode(other) == wasm_runtime_get_running_mode(instance));
	CHECK(call(spawned, "add", &own) && own == 0);
	own = 2;
	CHECK(call(spawned, "add", &own) && own == 2);
	cell = 1;
	CHECK(call(env, "add", &cell) && cell == 6);
	CHECK(wasm_runtime_module_malloc(other, 4096, NULL) != 0);
	/* One that was spawned spawns as well. */
	grandchild = wasm_runtime_spawn_exec_env(spawned);
	CHECK(grandchild != NULL);
	third = wasm_runtime_get_module_inst(grandchild);
	CHECK(wasm_runtime_get_context(third, key) == &destroyed);
	/* What was not spawned is left alone. */
	wasm_runtime_destroy_spawned_exec_env(env);
	wasm_runtime_destroy_spawned_exec_env(NULL);
	CHECK(call(env, "add", &cell) && cell == 12);
	/* In any order. */
	wasm_runtime_destroy_spawned_exec_env(spawned);
	CHECK(destroyed == 0);
	wasm_runtime_destroy_exec_env(env);
	wasm_runtime_deinstantiate(instance);
	CHECK(destroyed == 1);
	own = 3;
	CHECK(call(grandchild, "add", &own) && own == 3);
	wasm_runtime_destroy_spawned_exec_env(grandchild);
	CHECK(destroyed == 1);
	wasm_runtime_destroy_context_key(key);
}

/* Two that were not destroyed and their parent: a request to one reaches all of them. */
static void check_rest(wasm_exec_env_t env, wasm_exec_env_t *rest, unsigned count)
{
	wasm_module_inst_t instance = wasm_runtime_get_module_inst(env);

	wasm_runtime_terminate(wasm_runtime_get_module_inst(rest[0]));
	for (unsigned i = 0; i < count; i++) {
		uint32_t cell = 0;

		CHECK(!call(rest[i], "forever", &cell));
		CHECK(exception_is(wasm_runtime_get_module_inst(rest[i]), TERMINATED));
	}
	CHECK(exception_is(instance, TERMINATED));
	wasm_runtime_clear_exception(instance);
	for (unsigned i = 0; i < count; i++) {
		uint32_t cell = 0;

		wasm_runtime_clear_exception(wasm_runtime_get_module_inst(rest[i]));
		CHECK(call(rest[i], "add", &cell));
	}
}

/* Whichever of them goes first, next and last, the others stay together. */
static void test_any_order(void)
{
	for (unsigned order = 0; order < 27; order++) {
		wasm_module_inst_t instance = new_instance();
		wasm_exec_env_t env = wasm_runtime_get_exec_env_singleton(instance), spawned[4];

		for (unsigned i = 0; i < 4; i++) {
			spawned[i] = wasm_runtime_spawn_exec_env(env);
			CHECK(spawned[i] != NULL);
		}
		for (unsigned left = 4, rest = order; left > 1; left--, rest /= 3) {
			unsigned gone = rest % 3 % left;

			wasm_runtime_destroy_spawned_exec_env(spawned[gone]);
			memmove(&spawned[gone], &spawned[gone + 1],
				(left - 1 - gone) * sizeof(spawned[0]));
			check_rest(env, spawned, left - 1);
		}
		wasm_runtime_destroy_spawned_exec_env(spawned[0]);
		wasm_runtime_deinstantiate(instance);
	}
}

/* The first exception is the reason, whatever the others end with, and a long text is cut alike. */
static void test_first_exception(void)
{
	static const char *const texts[] = {"first",
					    "a text that is longer than an instance has room for: "
					    "what does not fit is cut off, "
					    "and the same of it is left in each of the instances"};

	for (unsigned i = 0; i < 2; i++) {
		wasm_module_inst_t instance = new_instance(), second, third;
		wasm_exec_env_t env = wasm_runtime_get_exec_env_singleton(instance);
		wasm_exec_env_t spawned[2] = {wasm_runtime_spawn_exec_env(env),
					      wasm_runtime_spawn_exec_env(env)};
		char text[128];

		CHECK(spawned[0] != NULL && spawned[1] != NULL);
		second = wasm_runtime_get_module_inst(spawned[0]);
		third = wasm_runtime_get_module_inst(spawned[1]);
		wasm_runtime_set_exception(second, texts[i]);
		(void)snprintf(text, sizeof(text), "%s", wasm_runtime_get_exception(second));
		CHECK(strncmp(text, "Exception: ", 11) == 0 &&
		      strncmp(text + 11, texts[i], strlen(text + 11)) == 0);
		CHECK(strlen(text) == (i == 0 ? 16 : 95));
		wasm_runtime_set_exception(third, "another one");
		CHECK(exception_is(third, "Exception: another one"));
		CHECK(exception_is(instance, text) && exception_is(second, text));
		wasm_runtime_clear_exception(third);
		/* A later text has nothing of the one before it. */
		wasm_runtime_set_exception(third, "x");
		wasm_runtime_clear_exception(instance);
		CHECK(exception_is(instance, NULL));
		wasm_runtime_clear_exception(third);
		wasm_runtime_set_exception(third, "y");
		CHECK(exception_is(instance, "Exception: y"));
		for (unsigned j = 0; j < 2; j++) {
			wasm_runtime_destroy_spawned_exec_env(spawned[j]);
		}
		wasm_runtime_deinstantiate(instance);
	}
}

/* How deep a function can call itself. */
static uint32_t depth(wasm_exec_env_t env)
{
	uint32_t cell = 0;

	CHECK(!call(env, "deep", &cell));
	wasm_runtime_clear_exception(wasm_runtime_get_module_inst(env));
	cell = 0;
	CHECK(call(env, "depth", &cell));
	return cell;
}

/* Sizes, limits and the mode are those of the parent, from generation to generation. */
static void test_same_limits(void)
{
	const InstantiationArgs args = {
		.default_stack_size = 2048, .host_managed_heap_size = 1024, .max_memory_pages = 3};
	RunningMode modes[] = {Mode_Zonda_Classic, Mode_Zonda_Fast};

	for (unsigned i = 0; i < 2; i++) {
		wasm_module_inst_t instance =
			wasm_runtime_instantiate_ex(module, &args, error, sizeof(error));
		wasm_exec_env_t env, other, generations[5];
		uint32_t deep;

		CHECK(instance != NULL && wasm_runtime_set_running_mode(instance, modes[i]));
		env = wasm_runtime_create_exec_env(instance, 4096);
		deep = depth(env);
		CHECK(deep > 50);
		for (unsigned j = 0; j < 5; j++) {
			wasm_module_inst_t own;

			generations[j] =
				wasm_runtime_spawn_exec_env(j == 0 ? env : generations[j - 1]);
			CHECK(generations[j] != NULL && depth(generations[j]) == deep);
			own = wasm_runtime_get_module_inst(generations[j]);
			CHECK(wasm_runtime_get_running_mode(own) == modes[i]);
			CHECK(wasm_memory_get_max_page_count(
				      wasm_runtime_get_default_memory(own)) ==
			      wasm_memory_get_max_page_count(
				      wasm_runtime_get_default_memory(instance)));
			CHECK(wasm_runtime_module_malloc(own, 512, NULL) != 0 &&
			      wasm_runtime_module_malloc(own, 1024, NULL) == 0);
			wasm_runtime_clear_exception(own);
			/* Its environment for calls of the application has the instance's size. */
			CHECK(depth(wasm_runtime_get_exec_env_singleton(own)) < deep);
		}
		/* Another environment of a spawned instance was not spawned. */
		other = wasm_runtime_create_exec_env(wasm_runtime_get_module_inst(generations[4]),
						     1024);
		CHECK(other != NULL);
		wasm_runtime_destroy_spawned_exec_env(other);
		CHECK(depth(other) > 0 && depth(generations[4]) == deep);
		wasm_runtime_destroy_exec_env(other);
		for (unsigned j = 0; j < 5; j++) {
			wasm_runtime_destroy_spawned_exec_env(generations[j]);
		}
		wasm_runtime_destroy_exec_env(env);
		wasm_runtime_deinstantiate(instance);
	}
}

/* Streams are descriptors of the process, which stays their owner. */
static void test_streams(void)
{
	wasm_module_inst_t instance;
	int in[2], out[2];
	char text[8] = "";
	uint32_t cell = 0;

	CHECK(pipe(in) == 0 && pipe(out) == 0);
	CHECK(write(in[1], "x", 1) == 1);
	wasm_runtime_set_wasi_args_ex(module, NULL, 0, NULL, 0, NULL, 0, NULL, 0, in[0], out[1],
				      -1);
	instance = new_instance();
	CHECK(call(wasm_runtime_get_exec_env_singleton(instance), "copy", &cell) && cell == 'x');
	CHECK(read(out[0], text, sizeof(text)) == 1 && text[0] == 'x');
	wasm_runtime_deinstantiate(instance);
	CHECK(write(out[1], "y", 1) == 1);
	/* One that is not open. */
	wasm_runtime_set_wasi_args_ex(module, NULL, 0, NULL, 0, NULL, 0, NULL, 0, -1, 1000000, -1);
	CHECK(wasm_runtime_instantiate(module, 0, 0, error, sizeof(error)) == NULL);
	CHECK(strstr(error, "standard stream that is no open descriptor: stdout") != NULL);
	for (unsigned i = 0; i < 2; i++) {
		CHECK(close(in[i]) == 0 && close(out[i]) == 0);
	}
}

int main(int argc, char **argv)
{
	int fds[2];

	(void)argv;
	if (argc > 1) {
		CHECK(wasm_runtime_set_default_running_mode(Mode_Zonda_Classic));
	}
	CHECK(wasm_runtime_init());
	CHECK(wasm_runtime_register_natives("host", natives, sizeof(natives) / sizeof(natives[0])));
	module = wasm_runtime_load((uint8_t *)spawn_wasm, sizeof(spawn_wasm), error, sizeof(error));
	CHECK(module != NULL);
	test_streams();
	/* Reading from standard input waits from here on. */
	CHECK(pipe(fds) == 0);
	wasm_runtime_set_wasi_args_ex(module, NULL, 0, NULL, 0, NULL, 0, NULL, 0, fds[0], -1, -1);
	test_termination(false);
	test_termination(true);
	test_termination_before_the_start();
	test_native_function_that_stops();
	test_exceptions();
	test_own_state();
	test_any_order();
	test_first_exception();
	test_same_limits();
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
	printf("well\n");
	return 0;
}
