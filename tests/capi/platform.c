/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The platform functions for tests on a developer's machine, as a firmware would define them.
 */

#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned allocated_blocks;
bool platform_stack_used_up;
char last_message[256];
long platform_fail_first, platform_fail_last, platform_requests, platform_failures;

zonda_defaults_t zonda_platform_defaults = {
	.stack_size = 4096,
	.nested_calls = 16,
	.start_fuel = 1000,
};

const zonda_defaults_t *zonda_platform_get_defaults(void)
{
	return &zonda_platform_defaults;
}

void *zonda_platform_alloc(size_t size, size_t align)
{
	void *memory = NULL;

	platform_requests++;
	if (platform_fail_first <= platform_requests && platform_requests <= platform_fail_last) {
		platform_failures++;
	} else if (align <= 16) {
		memory = malloc(size);
	}
	allocated_blocks += memory != NULL;
	return memory;
}

void zonda_platform_free(void *ptr)
{
	allocated_blocks -= ptr != NULL;
	free(ptr);
}

void zonda_platform_log(int level, const char *text, size_t len)
{
	(void)level;
	if (len >= sizeof(last_message)) {
		len = sizeof(last_message) - 1;
	}
	memcpy(last_message, text, len);
	last_message[len] = '\0';
}

void zonda_platform_console(const char *text, size_t len)
{
	fwrite(text, 1, len, stdout);
}

bool zonda_platform_stack_suffices(zonda_stack_use_t purpose)
{
	(void)purpose;
	return !platform_stack_used_up;
}

bool zonda_platform_heap_info(zonda_heap_info_t *info)
{
	(void)info;
	return false;
}

/* A clock that goes on by a millisecond each time. */
uint64_t zonda_platform_uptime(void)
{
	static uint64_t time;

	return time += 1000;
}

static int locked;

void zonda_platform_lock(void)
{
	if (locked++ != 0) {
		abort();
	}
}

void zonda_platform_unlock(void)
{
	if (--locked != 0) {
		abort();
	}
}

void zonda_platform_abort(const char *text, size_t len)
{
	fprintf(stderr, "%.*s\n", (int)len, text);
	abort();
}
