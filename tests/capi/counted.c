/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * An allocator of the application's, as Alloc_With_Allocator wants it, that counts and can be made
 * to fail.
 */

#include "counted.h"

#include <stdbool.h>
#include <string.h>

long fail_first, fail_last, requests, failures, blocks;

/* Blocks begin with their size. */
#define PREFIX 16

static bool fails(void)
{
	requests++;
	if (fail_first <= requests && requests <= fail_last) {
		failures++;
		return true;
	}
	return false;
}

void *counted_malloc(size_t size)
{
	char *block;

	if (fails()) {
		return NULL;
	}
	blocks++;
	block = malloc(PREFIX + size);
	CHECK(block != NULL);
	memcpy(block, &size, sizeof(size));
	return block + PREFIX;
}

void *counted_realloc(void *ptr, size_t size)
{
	char *block = (char *)ptr - PREFIX;
	size_t before;

	memcpy(&before, block, sizeof(before));
	/* One that makes a block smaller asks for nothing. */
	if (size > before && fails()) {
		return NULL;
	}
	block = realloc(block, PREFIX + size);
	CHECK(block != NULL);
	memcpy(block, &size, sizeof(size));
	return block + PREFIX;
}

void counted_free(void *ptr)
{
	if (ptr != NULL) {
		blocks--;
		free((char *)ptr - PREFIX);
	}
}
