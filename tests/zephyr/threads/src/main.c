/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Eight threads, each with instances of its own, share one runtime for a minute, and are terminated
 * from an interrupt and from another thread all the while. Every result is checked, every
 * termination is accounted for, and the pool is as full as before.
 */

#include <string.h>

#include <zephyr/sys/printk.h>
#include <zephyr/ztest.h>

#include "worker.h"

#define SECONDS          60
/*
 * A worker that ends no round for so long is stuck. A termination request that is not granted for
 * so long is lost, for nobody repeats it.
 */
#define MOST_IDLE_S      10
/*
 * All preemptible. Two workers go before all others whenever they want to, also where these hold
 * the runtime's lock.
 */
#define PRIORITY(number) (6 + MIN(number, 2))

static uint8_t pool[32 * 1024] __aligned(8);
static K_THREAD_STACK_ARRAY_DEFINE(stacks, WORKERS, CONFIG_ZONDA_THREAD_STACK_SIZE);

struct worker workers[WORKERS];
struct k_spinlock lock;
volatile bool stopping;
wasm_module_t shared_module;

const uint8_t work_wasm[] = {
#include "work.wasm.inc"
};
const uint32_t work_wasm_size = sizeof(work_wasm);

ZTEST_SUITE(threads, NULL, NULL, NULL, NULL, NULL);

static mem_alloc_info_t pool_info(void)
{
	mem_alloc_info_t info;

	zassert_true(wasm_runtime_get_mem_alloc_info(&info));
	return info;
}

static void start(void)
{
	for (uint32_t i = 0; i < WORKERS; i++) {
		workers[i].number = i;
		workers[i].random = 1000 + i;
		workers[i].rest = 2 - MIN(i, 2);
		k_thread_create(&workers[i].thread, stacks[i], K_THREAD_STACK_SIZEOF(stacks[i]),
				worker_run, &workers[i], NULL, NULL, PRIORITY(i), 0, K_NO_WAIT);
	}
	stop_start();
}

/* False as soon as a worker has failed, is stuck, or runs on although it was terminated. */
static bool watch(void)
{
	uint32_t rounds[WORKERS] = {0};
	int64_t moved_at[WORKERS];
	int64_t end = k_uptime_get() + SECONDS * MSEC_PER_SEC;

	for (uint32_t i = 0; i < WORKERS; i++) {
		moved_at[i] = k_uptime_get();
	}
	while (k_uptime_get() < end) {
		k_msleep(100);
		for (uint32_t i = 0; i < WORKERS; i++) {
			struct worker *worker = &workers[i];
			k_spinlock_key_t key = k_spin_lock(&lock);
			int64_t now = k_uptime_get();
			bool ignored = worker->requested &&
				       now - worker->requested_at > MOST_IDLE_S * MSEC_PER_SEC;

			k_spin_unlock(&lock, key);
			if (worker->rounds != rounds[i]) {
				rounds[i] = worker->rounds;
				moved_at[i] = now;
			}
			if (worker->failure != NULL) {
				printk("worker %u, worker.c:%u: not %s\n", i, worker->failed_line,
				       (const char *)worker->failure);
				return false;
			}
			if (ignored) {
				printk("worker %u: a termination is not granted\n", i);
				return false;
			}
			if (now - moved_at[i] > MOST_IDLE_S * MSEC_PER_SEC) {
				printk("worker %u: no round for %u s\n", i, MOST_IDLE_S);
				return false;
			}
		}
	}
	return true;
}

/* The workers end; those that do not are ended, and then false is given. */
static bool end(void)
{
	bool ended = true;

	stopping = true;
	for (uint32_t i = 0; i < WORKERS; i++) {
		if (k_thread_join(&workers[i].thread, K_SECONDS(MOST_IDLE_S)) != 0) {
			printk("worker %u does not end\n", i);
			k_thread_abort(&workers[i].thread);
			ended = false;
		}
	}
	stop_end();
	return ended;
}

static void report(int64_t ms, uint32_t most_used)
{
	struct counts sum = {0};
	uint32_t of_interrupt = 0;
	uint32_t of_thread = 0;
	uint32_t least_stack = UINT32_MAX;

	printk("worker  rounds  loads  instances  calls  natives  traps  terminated (interrupt, "
	       "thread; later)  longest ms\n");
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct worker *worker = &workers[i];
		struct counts *counts = &worker->counts;
		size_t unused;

		printk("%6u %7u %6u %10u %6u %8u %6u %11u (%u, %u; %u) %u\n", i, worker->rounds,
		       counts->loads, counts->instances, counts->calls, counts->natives,
		       counts->traps, counts->terminated, worker->requests_of_interrupt,
		       worker->requests_of_thread, counts->terminated_later, worker->longest_ms);
		sum.loads += counts->loads;
		sum.instances += counts->instances;
		sum.calls += counts->calls;
		sum.natives += counts->natives;
		sum.traps += counts->traps;
		sum.terminated += counts->terminated;
		sum.terminated_later += counts->terminated_later;
		of_interrupt += worker->requests_of_interrupt;
		of_thread += worker->requests_of_thread;
		if (k_thread_stack_space_get(&worker->thread, &unused) == 0) {
			least_stack = MIN(least_stack, unused);
		}
	}
	printk("all in %u ms: %u loads, %u instances, %u calls, %u natives, %u traps, %u "
	       "terminated (%u by the interrupt, %u by the thread; "
	       "%u later)\n",
	       (uint32_t)ms, sum.loads, sum.instances, sum.calls, sum.natives, sum.traps,
	       sum.terminated, of_interrupt, of_thread, sum.terminated_later);
	printk("pool: at most %u of %u bytes used; thread stacks: %u of %u bytes never used\n",
	       most_used, sizeof(pool), least_stack, CONFIG_ZONDA_THREAD_STACK_SIZE);
}

ZTEST(threads, test_eight_threads_for_a_minute)
{
	RuntimeInitArgs args;
	mem_alloc_info_t empty, before, after;
	char error[96] = "";
	int64_t began;
	bool went_well, ended;

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Pool;
	args.mem_alloc_option.pool.heap_buf = pool;
	args.mem_alloc_option.pool.heap_size = sizeof(pool);
	zassert_true(wasm_runtime_full_init(&args));
	empty = pool_info();
	zassert_true(natives_register());
	shared_module =
		wasm_runtime_load((uint8_t *)work_wasm, work_wasm_size, error, sizeof(error));
	zassert_not_null(shared_module, "load: %s", error);
	before = pool_info();

	began = k_uptime_get();
	start();
	went_well = watch();
	ended = end();
	after = pool_info();
	report(k_uptime_get() - began, after.highmark_size);
	zassert_true(went_well && ended);

	for (uint32_t i = 0; i < WORKERS; i++) {
		struct worker *worker = &workers[i];

		zassert_is_null((const char *)worker->failure);
		/* Each did something of everything, and each request stopped one call. */
		zassert_true(worker->counts.loads > 0 && worker->counts.natives > 0 &&
			     worker->counts.traps > 0);
		zassert_true(worker->requests_of_interrupt > 0 && worker->requests_of_thread > 0);
		zassert_equal(worker->counts.terminated,
			      worker->requests_of_interrupt + worker->requests_of_thread);
	}
	zassert_true(workers[0].longest_ms <= MOST_MS);
	zassert_equal(after.total_free_size, before.total_free_size, "%u bytes are lost",
		      before.total_free_size - after.total_free_size);
	wasm_runtime_unload(shared_module);
	zassert_true(natives_unregister());
	after = pool_info();
	zassert_equal(after.total_free_size, empty.total_free_size);
	/* Not in pieces either. */
	zassert_not_null(shared_module = wasm_runtime_malloc(empty.total_free_size - 32));
	wasm_runtime_free(shared_module);
	wasm_runtime_destroy();
}
