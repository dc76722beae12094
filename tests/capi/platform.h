/*
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef PLATFORM_H
#define PLATFORM_H

#include "zonda_platform.h"

/* Blocks that zonda_platform_alloc() gave and that were not given back. */
extern unsigned allocated_blocks;
/*
 * Requests for memory, counted from 1: those from the first to the last of these fail, and are
 * counted as well.
 */
extern long platform_fail_first, platform_fail_last, platform_requests, platform_failures;
/* Whether the native stack suffices for nothing any more. */
extern bool platform_stack_used_up;
/* The last message in the log. */
extern char last_message[256];

/* What zonda_platform_get_defaults() returns. Constant in a firmware. */
extern zonda_defaults_t zonda_platform_defaults;

#endif
