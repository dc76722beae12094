/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the shell commands and the SMP group of applications know of their threads.
 */

#ifndef ZONDA_APPS_ZEPHYR_H
#define ZONDA_APPS_ZEPHYR_H

#include <stdbool.h>
#include <stdint.h>

/* 0 for what Zephyr does not account: INIT_STACKS for stacks, SCHED_THREAD_USAGE for cycles. */
struct zonda_apps_thread_use {
	uint32_t stack_size;
	uint32_t stack_used;
	uint64_t cycles;
};

/* Stores what the thread of the application in a place uses. False if it has none. */
bool zonda_apps_thread_use(uint32_t slot, struct zonda_apps_thread_use *use);

#endif
