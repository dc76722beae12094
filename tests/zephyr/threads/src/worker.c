/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a worker does in a round: make an instance of the shared module or of one that it loads
 * itself, in one mode or the other, call it in many ways, each with a result that is known, and
 * free all of it again.
 */

#include <string.h>

#include <zephyr/sys/util.h>

#include "worker.h"

/* Operand stack of a call. */
#define STACK_SIZE 640
/*
 * More terminated calls than this do not follow one another: then no termination is requested, but
 * for one that was made before.
 */
#define MOST_TRIES (MOST_IN_A_ROW + 2)

#define TERMINATED "terminated by user"

/* Notes the first thing that is not as it has to be; the worker ends then. */
#define CHECK(worker, condition)                                                                   \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(worker)->failed_line = __LINE__;                                          \
			(worker)->failure = #condition;                                            \
			return false;                                                              \
		}                                                                                  \
	} while (false)

/*
 * An instance, and who works with it: what native functions find as the user data of the
 * environment.
 */
struct job {
	struct worker *worker;
	wasm_module_inst_t instance;
	wasm_exec_env_t exec_env;
	uint32_t natives;
};

static struct job *job_of(wasm_exec_env_t exec_env)
{
	struct job *job = wasm_runtime_get_user_data(exec_env);

	job->natives++;
	if (job->exec_env != exec_env || wasm_runtime_get_module_inst(exec_env) != job->instance ||
	    k_current_get() != &job->worker->thread) {
		wasm_runtime_set_exception(job->instance, "the environment is another worker's");
	}
	return job;
}

static int32_t native_pause(wasm_exec_env_t exec_env, int32_t number)
{
	struct job *job = job_of(exec_env);

	if (random_below(&job->worker->random, 2) == 0) {
		k_yield();
	} else {
		k_msleep(1);
	}
	return number + 1;
}

static int32_t native_sum(wasm_exec_env_t exec_env, const uint8_t *bytes, uint32_t len)
{
	int32_t sum = 0;

	(void)job_of(exec_env);
	for (uint32_t i = 0; i < len; i++) {
		sum += bytes[i];
	}
	return sum;
}

static const NativeSymbol natives[] = {
	{"pause", (void *)native_pause, "(i)i", NULL},
	{"sum", (void *)native_sum, "(*~)i", NULL},
};

/* Every worker registers and takes back a table of its own now and then. */
static const char *const own_names[WORKERS] = {"w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"};

bool natives_register(void)
{
	return wasm_runtime_register_natives("env", (NativeSymbol *)natives, ARRAY_SIZE(natives));
}

bool natives_unregister(void)
{
	return wasm_runtime_unregister_natives("env", (NativeSymbol *)natives);
}

static uint32_t mix(uint32_t seed, uint32_t turns)
{
	uint32_t sum = 0;

	for (; turns != 0; turns--) {
		seed = seed * 1664525u + 1013904223u;
		sum ^= seed;
	}
	return sum;
}

/* A call was terminated; false if nobody had requested that. */
static bool granted(struct worker *worker)
{
	k_spinlock_key_t key = k_spin_lock(&lock);
	bool requested = worker->requested;

	worker->requested = false;
	worker->in_a_row++;
	k_spin_unlock(&lock, key);
	worker->counts.terminated += requested;
	return requested;
}

/*
 * Calls an export until it is not terminated. Then it gives `result`, or traps with the text
 * `trap`, if there is one. Each of the calls behind a terminated one shows that the instance is
 * none the worse for it.
 */
static bool expect(struct job *job, const char *name, uint32_t argc, uint32_t arg_0, uint32_t arg_1,
		   uint32_t result, const char *trap)
{
	struct worker *worker = job->worker;
	wasm_function_inst_t func = wasm_runtime_lookup_function(job->instance, name);

	CHECK(worker, func != NULL);
	for (int tries = 0; tries < MOST_TRIES; tries++) {
		uint32_t argv[2] = {arg_0, arg_1};
		const char *exception;

		worker->counts.calls++;
		wasm_runtime_clear_exception(job->instance);
		if (wasm_runtime_call_wasm(job->exec_env, func, argc, argv)) {
			worker->in_a_row = 0;
			CHECK(worker, wasm_runtime_get_exception(job->instance) == NULL);
			CHECK(worker, trap == NULL);
			CHECK(worker, argv[0] == result);
			return true;
		}
		exception = wasm_runtime_get_exception(job->instance);
		CHECK(worker, exception != NULL);
		exception += strlen("Exception: ");
		if (strcmp(exception, TERMINATED) != 0) {
			CHECK(worker, trap != NULL);
			CHECK(worker, strcmp(exception, trap) == 0);
			worker->counts.traps++;
			worker->in_a_row = 0;
			return true;
		}
		CHECK(worker, granted(worker));
	}
	CHECK(worker, !"every call was terminated");
	return false;
}

/* Calls an export that never returns, unless it is terminated. */
static bool endless(struct job *job, const char *name)
{
	struct worker *worker = job->worker;
	int64_t began = k_uptime_get();
	int64_t ms;

	/* Nothing else ends it. */
	worker->in_a_row = 0;
	worker->counts.calls++;
	wasm_runtime_clear_exception(job->instance);
	CHECK(worker,
	      !wasm_runtime_call_wasm(job->exec_env,
				      wasm_runtime_lookup_function(job->instance, name), 0, NULL));
	CHECK(worker,
	      strcmp(wasm_runtime_get_exception(job->instance), "Exception: " TERMINATED) == 0);
	/* Written by nobody else before it is granted. */
	ms = k_uptime_get() - MAX(began, worker->requested_at);
	worker->longest_ms = MAX(worker->longest_ms, (uint32_t)ms);
	CHECK(worker, granted(worker));
	return true;
}

static bool something(struct job *job)
{
	static const char *const ways[] = {"spin", "spin_indirect", "spin_and_pause"};
	uint32_t *random = &job->worker->random;
	uint32_t number = random_below(random, 200);

	switch (random_below(random, 10)) {
	case 0:
		return expect(job, "triangle", 1, 8, 0, 36, NULL);
	case 1:
		return expect(job, "triangle", 1, 1000, 0, 0, "wasm operand stack overflow");
	case 2:
		return expect(job, "divide", 1, number, 0, 0, "integer divide by zero");
	case 3:
		return expect(job, "unreachable", 0, 0, 0, 0, "unreachable");
	case 4:
		return expect(job, "beyond", 0, 0, 0, 0, "out of bounds memory access");
	case 5:
		return expect(job, "sum_beyond", 0, 0, 0, 0, "out of bounds memory access");
	case 6:
		return expect(job, "sum", 1, number, 0, 64 * number, NULL);
	case 7:
		return expect(job, "pause", 1, number, 0, number + 1, NULL);
	case 8:
		return endless(job, ways[random_below(random, ARRAY_SIZE(ways))]);
	default:
		return expect(job, "mix", 2, number, 100 + number, mix(number, 100 + number), NULL);
	}
}

/*
 * Lets those who terminate have the instance, or takes it back. Returns whether a request is still
 * to be granted.
 */
static bool publish(struct worker *worker, wasm_module_inst_t target)
{
	k_spinlock_key_t key = k_spin_lock(&lock);
	bool requested = worker->requested;

	worker->target = target;
	k_spin_unlock(&lock, key);
	return requested;
}

static bool use(struct job *job)
{
	struct worker *worker = job->worker;
	bool done = true;

	CHECK(worker, !publish(worker, job->instance));
	for (uint32_t left = 4 + random_below(&worker->random, 8); left != 0 && done; left--) {
		done = something(job);
	}
	if (publish(worker, NULL) && done) {
		/* It came when nothing ran that looks for it, and stops what does. */
		done = endless(job, "spin");
		worker->counts.terminated_later++;
	}
	/* Nobody terminates it any more, so a single try has to do. */
	if (done) {
		uint32_t argv[2] = {worker->random, 50};
		uint32_t result = mix(worker->random, 50);

		worker->counts.calls++;
		wasm_runtime_clear_exception(job->instance);
		CHECK(worker, wasm_runtime_call_wasm(
				      job->exec_env,
				      wasm_runtime_lookup_function(job->instance, "mix"), 2, argv));
		CHECK(worker, argv[0] == result);
	}
	return done;
}

static bool with_instance(struct worker *worker, wasm_module_t module)
{
	static const RunningMode modes[] = {Mode_Interp, Mode_Zonda_Classic, Mode_Zonda_Fast};
	RunningMode mode = modes[random_below(&worker->random, ARRAY_SIZE(modes))];
	bool own_env = random_below(&worker->random, 2) == 0;
	struct job job = {.worker = worker};
	char error[64];
	bool done;

	job.instance = wasm_runtime_instantiate(module, STACK_SIZE, 0, error, sizeof(error));
	CHECK(worker, job.instance != NULL);
	worker->counts.instances++;
	CHECK(worker, wasm_runtime_set_running_mode(job.instance, mode));
	if (own_env) {
		job.exec_env = wasm_runtime_create_exec_env(job.instance, STACK_SIZE);
	} else {
		job.exec_env = wasm_runtime_get_exec_env_singleton(job.instance);
	}
	CHECK(worker, job.exec_env != NULL);
	wasm_runtime_set_user_data(job.exec_env, &job);
	done = use(&job);
	worker->counts.natives += job.natives;
	if (own_env) {
		wasm_runtime_destroy_exec_env(job.exec_env);
	}
	wasm_runtime_deinstantiate(job.instance);
	return done;
}

/* A module of the worker's own, of the same bytes, and a table of native functions of its own. */
static bool with_own(struct worker *worker)
{
	const char *name = own_names[worker->number];
	char error[64];
	wasm_module_t module;
	bool done;

	CHECK(worker,
	      wasm_runtime_register_natives(name, (NativeSymbol *)natives, ARRAY_SIZE(natives)));
	module = wasm_runtime_load((uint8_t *)work_wasm, work_wasm_size, error, sizeof(error));
	CHECK(worker, module != NULL);
	worker->counts.loads++;
	done = with_instance(worker, module);
	wasm_runtime_unload(module);
	CHECK(worker, wasm_runtime_unregister_natives(name, (NativeSymbol *)natives));
	return done;
}

void worker_run(void *self, void *unused_2, void *unused_3)
{
	struct worker *worker = self;
	bool done = true;

	ARG_UNUSED(unused_2);
	ARG_UNUSED(unused_3);
	(void)wasm_runtime_init_thread_env();
	while (done && !stopping) {
		bool own = random_below(&worker->random, 3) == 0;
		int64_t began = k_uptime_get();

		done = own ? with_own(worker) : with_instance(worker, shared_module);
		worker->rounds++;
		/* Who goes before others leaves them time. */
		k_msleep(1 + (int32_t)(k_uptime_get() - began) * worker->rest);
	}
	wasm_runtime_destroy_thread_env();
}
