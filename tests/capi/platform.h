/*
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef PLATFORM_H
#define PLATFORM_H

#include <stddef.h>
#include <stdint.h>

/* Blocks that zonda_platform_alloc() gave and that were not given back. */
extern unsigned allocated_blocks;
/*
 * Requests for memory, counted from 1: those from the first to the last of these fail, and are
 * counted as well.
 */
extern long platform_fail_first, platform_fail_last, platform_requests, platform_failures;
/* The last message in the log. */
extern char last_message[256];

extern struct zonda_defaults {
	uint32_t stack_size;
	uint32_t memory_limit;
	uint32_t running_mode;
	uint32_t nested_calls;
	uint32_t start_fuel;
} zonda_platform_defaults;

#endif
