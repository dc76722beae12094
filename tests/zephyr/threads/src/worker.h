/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this test share. A worker is a thread with instances of its own; `stop` has
 * what terminates them.
 *
 * Rule that the application owes the runtime (docs/threads.md): nobody terminates an instance that
 * is being freed. Here the handle is published and taken back under `lock`, which an interrupt
 * handler can hold, and terminated only under it.
 */

#ifndef ZONDA_TEST_WORKER_H_
#define ZONDA_TEST_WORKER_H_

#include <zephyr/kernel.h>

#include "wasm_export.h"

#define WORKERS 8
/*
 * The longest that a running call may go on after it was terminated, for the worker that nobody but
 * those who terminate goes before.
 */
#define MOST_MS 20

struct counts {
	uint32_t loads;
	uint32_t instances;
	uint32_t calls;
	uint32_t natives;
	uint32_t traps;
	/* Calls that ended by a termination request. */
	uint32_t terminated;
	/* Wishes that found no call, or one without a loop, and stopped a later one. */
	uint32_t terminated_later;
};

/*
 * After so many terminated calls a worker is left alone until one ends otherwise: the call of a
 * thread of low priority takes longer than the time between two requests.
 */
#define MOST_IN_A_ROW 20

struct worker {
	struct k_thread thread;
	uint32_t number;
	uint32_t random;
	/* How many times as long as a round it sleeps afterwards. */
	int32_t rest;

	/* Under `lock`: what may be terminated now, and the termination request that is pending. */
	wasm_module_inst_t target;
	bool requested;
	/* Calls that were terminated one after the other; see MOST_IN_A_ROW. */
	volatile uint32_t in_a_row;
	int64_t requested_at;
	uint32_t requests_of_interrupt;
	uint32_t requests_of_thread;

	/* Written by the worker alone, read by who watches. */
	volatile uint32_t rounds;
	volatile const char *failure;
	uint32_t failed_line;
	/*
	 * From the request, or the call if that came later, to the end of a call that would never
	 * end; with what other threads did meanwhile.
	 */
	uint32_t longest_ms;
	struct counts counts;
};

extern struct worker workers[WORKERS];
extern struct k_spinlock lock;
extern volatile bool stopping;

/* A module that all workers make instances of, and its bytes for those who load it themselves. */
extern wasm_module_t shared_module;
extern const uint8_t work_wasm[];
extern const uint32_t work_wasm_size;

bool natives_register(void);
bool natives_unregister(void);

/* The thread: rounds of work until `stopping`, or until something is not as it has to be. */
void worker_run(void *worker, void *unused_2, void *unused_3);

/* Starts and ends what terminates running instances: a timer's interrupt, and a thread. */
void stop_start(void);
void stop_end(void);

static inline uint32_t random_below(uint32_t *state, uint32_t limit)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 16) % limit;
}

#endif
