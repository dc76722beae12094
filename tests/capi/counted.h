/*
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef COUNTED_H
#define COUNTED_H

#include <stddef.h>

#include "check.h"

/*
 * Requests for memory, counted from 1: those from the first to the last of these fail, and are
 * counted as well. Blocks that were not given back.
 */
extern long fail_first, fail_last, requests, failures, blocks;

void *counted_malloc(size_t size);
void *counted_realloc(void *ptr, size_t size);
void counted_free(void *ptr);

#endif
