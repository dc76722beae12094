/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * malloc and free of an application: a list of blocks, in the order of their addresses, in
 * APP_HEAP_SIZE bytes. The manager calls them too, to pass messages. A block is taken from the
 * first free one that is large enough; free ones that are neighbours become one when the next block
 * is looked for.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef APP_HEAP_SIZE
#define APP_HEAP_SIZE 4096
#endif

#define ALIGN 8

/* Before each block. */
struct block {
	uint32_t size; /* with this head: a multiple of ALIGN */
	uint32_t is_used;
};

static char heap[APP_HEAP_SIZE / ALIGN * ALIGN] __attribute__((aligned(ALIGN)));

#define END (heap + sizeof(heap))

static struct block *next(struct block *block)
{
	return (struct block *)((char *)block + block->size);
}

__attribute__((export_name("malloc"))) void *malloc(size_t size)
{
	struct block *block = (struct block *)heap;
	uint32_t needed;

	if (size > sizeof(heap)) {
		return NULL;
	}
	needed = sizeof(*block) + (size + ALIGN - 1) / ALIGN * ALIGN;
	if (block->size == 0) {
		block->size = sizeof(heap);
	}
	for (; (char *)block < END; block = next(block)) {
		if (block->is_used) {
			continue;
		}
		while ((char *)next(block) < END && !next(block)->is_used) {
			block->size += next(block)->size;
		}
		if (block->size < needed) {
			continue;
		}
		if (block->size > needed) {
			struct block *rest = (struct block *)((char *)block + needed);

			rest->size = block->size - needed;
			rest->is_used = 0;
			block->size = needed;
		}
		block->is_used = 1;
		return block + 1;
	}
	return NULL;
}

__attribute__((export_name("free"))) void free(void *at)
{
	if (at != NULL) {
		((struct block *)at - 1)->is_used = 0;
	}
}

void *calloc(size_t count, size_t size)
{
	void *at = size != 0 && count > sizeof(heap) / size ? NULL : malloc(count * size);

	return at == NULL ? NULL : memset(at, 0, count * size);
}

void *realloc(void *at, size_t size)
{
	uint32_t held = at == NULL ? 0 : ((struct block *)at - 1)->size - sizeof(struct block);
	void *new;

	if (at != NULL && size <= held) {
		return at;
	}
	new = malloc(size);
	if (new != NULL && at != NULL) {
		memcpy(new, at, held);
		free(at);
	}
	return new;
}

char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	return copy == NULL ? NULL : memcpy(copy, text, size);
}
