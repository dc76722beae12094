/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Terminates instances of workers chosen at random: in the interrupt of a timer, and in a thread.
 * Each termination request is made once and waits until the worker has seen it granted, so that
 * none is lost unseen.
 */

#include "worker.h"

#define PERIOD_MS 4
/*
 * Workers that are looked at for one that can be terminated. With all of them, no call of a worker
 * that is alone would come to its end.
 */
#define LOOKED_AT 3

static K_THREAD_STACK_DEFINE(stack, 1024);
static struct k_thread thread;

static void terminate_one(uint32_t *random, bool in_interrupt)
{
	uint32_t first = random_below(random, WORKERS);
	k_spinlock_key_t key = k_spin_lock(&lock);

	for (uint32_t i = 0; i < LOOKED_AT; i++) {
		struct worker *worker = &workers[(first + i) % WORKERS];

		if (worker->target == NULL || worker->requested ||
		    worker->in_a_row >= MOST_IN_A_ROW) {
			continue;
		}
		worker->requested = true;
		worker->requested_at = k_uptime_get();
		if (in_interrupt) {
			worker->requests_of_interrupt++;
		} else {
			worker->requests_of_thread++;
		}
		wasm_runtime_terminate(worker->target);
		break;
	}
	k_spin_unlock(&lock, key);
}

static void in_interrupt(struct k_timer *timer)
{
	static uint32_t random = 77;

	ARG_UNUSED(timer);
	terminate_one(&random, true);
}

static K_TIMER_DEFINE(timer, in_interrupt, NULL);

static void in_thread(void *unused_1, void *unused_2, void *unused_3)
{
	uint32_t random = 78;

	ARG_UNUSED(unused_1);
	ARG_UNUSED(unused_2);
	ARG_UNUSED(unused_3);
	/* Until no worker is left: one of them may be in a loop that only this ends. */
	for (;;) {
		k_msleep(1 + random_below(&random, 8));
		terminate_one(&random, false);
	}
}

void stop_start(void)
{
	k_timer_start(&timer, K_MSEC(PERIOD_MS), K_MSEC(PERIOD_MS));
	k_thread_create(&thread, stack, K_THREAD_STACK_SIZEOF(stack), in_thread, NULL, NULL, NULL,
			2, 0, K_NO_WAIT);
}

void stop_end(void)
{
	k_timer_stop(&timer);
	k_thread_abort(&thread);
}
