/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The part of stdlib that the firmware offers to programs (libc-builtin), imported from "env", and
 * the allocator of the application library.
 */

#ifndef ZONDA_LIBC_STDLIB_H
#define ZONDA_LIBC_STDLIB_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZONDA_LIBC_STDLIB(name) __attribute__((import_module("env"), import_name(#name)))

/* From the heap of the program: APP_HEAP_SIZE bytes of its memory. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *at, size_t size);
void free(void *at);

ZONDA_LIBC_STDLIB(atoi) int atoi(const char *text);
ZONDA_LIBC_STDLIB(strtol) long strtol(const char *text, char **end, int base);
ZONDA_LIBC_STDLIB(strtoul) unsigned long strtoul(const char *text, char **end, int base);
ZONDA_LIBC_STDLIB(exit) void exit(int code) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_LIBC_STDLIB_H */
