/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Samples of the functions that an instance runs: a timer's interrupt handler asks the runtime
 * which one it is, and counts it. The handler owns the table while the timer runs; others read
 * numbers that rise.
 */

#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "zonda_sampling.h"

/* A function with its samples; unused without any. */
struct row {
	uint32_t function;
	volatile uint32_t samples;
};

static struct row rows[CONFIG_ZONDA_SAMPLING_FUNCTIONS];
/* Samples of functions for which there was no row, and those that found no function. */
static volatile uint32_t others;
static volatile uint32_t elsewhere;

static wasm_module_inst_t sampled;
static k_tid_t sampled_thread;
static uint32_t period;
static uint32_t next_random;
static atomic_t is_on;

static void sample(struct k_timer *timer);
static K_TIMER_DEFINE(timer, sample, NULL);

/* The next period: on average the one that was chosen, and not in step with the program. */
static k_timeout_t next_period(void)
{
	uint32_t spread = period / 4;

	/* xorshift32 */
	next_random ^= next_random << 13;
	next_random ^= next_random >> 17;
	next_random ^= next_random << 5;
	return K_TICKS(period - spread + next_random % (2 * spread + 1));
}

/* The row of a function: the first one behind its place that is its own or unused; NULL if there is
 * none. */
static struct row *row_of(uint32_t function)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct row *row = &rows[(function + i) % ARRAY_SIZE(rows)];

		if (row->samples == 0 || row->function == function) {
			return row;
		}
	}
	return NULL;
}

static void sample(struct k_timer *unused)
{
	uint32_t function = UINT32_MAX;
	struct row *row;

	ARG_UNUSED(unused);
	/* In a handler, the thread that was interrupted. */
	if (k_current_get() == sampled_thread) {
		function = zonda_running_function(sampled);
	}
	if (function == UINT32_MAX) {
		elsewhere++;
	} else {
		row = row_of(function);
		if (row == NULL) {
			others++;
		} else {
			row->function = function;
			row->samples++;
		}
	}
	k_timer_start(&timer, next_period(), K_NO_WAIT);
}

int zonda_sampling_start(wasm_module_inst_t instance, k_tid_t thread, uint32_t period_us)
{
	uint64_t ticks = k_us_to_ticks_near64(period_us);

	if (ticks < 2 || ticks > INT32_MAX) {
		return -EINVAL;
	}
	if (!atomic_cas(&is_on, 0, 1)) {
		return -EBUSY;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rows[i] = (struct row){0};
	}
	others = 0;
	elsewhere = 0;
	sampled = instance;
	sampled_thread = thread;
	period = (uint32_t)ticks;
	next_random = 0x9e3779b9;
	k_timer_start(&timer, next_period(), K_NO_WAIT);
	return 0;
}

void zonda_sampling_stop(void)
{
	k_timer_stop(&timer);
	sampled = NULL;
	atomic_set(&is_on, 0);
}

uint32_t zonda_sampling_count(uint32_t function)
{
	struct row *row = row_of(function);

	return row == NULL ? 0 : row->samples;
}

uint32_t zonda_sampling_total(void)
{
	uint32_t total = others;

	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		total += rows[i].samples;
	}
	return total;
}

void zonda_sampling_print(void)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].samples != 0) {
			printk("zonda samples: function %u: %u\n", rows[i].function,
			       rows[i].samples);
		}
	}
	printk("zonda samples: other functions: %u\n", others);
	printk("zonda samples: elsewhere: %u\n", elsewhere);
}
