/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The part of string that the firmware offers to programs (libc-builtin), imported from "env".
 * strdup is in the application library, because it allocates.
 */

#ifndef ZONDA_LIBC_STRING_H
#define ZONDA_LIBC_STRING_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZONDA_LIBC_STRING(name) __attribute__((import_module("env"), import_name(#name)))

ZONDA_LIBC_STRING(memcmp) int memcmp(const void *a, const void *b, size_t size);
ZONDA_LIBC_STRING(memcpy) void *memcpy(void *to, const void *from, size_t size);
ZONDA_LIBC_STRING(memmove) void *memmove(void *to, const void *from, size_t size);
ZONDA_LIBC_STRING(memset) void *memset(void *to, int byte, size_t size);
ZONDA_LIBC_STRING(memchr) void *memchr(const void *from, int byte, size_t size);
ZONDA_LIBC_STRING(strchr) char *strchr(const char *text, int c);
ZONDA_LIBC_STRING(strcmp) int strcmp(const char *a, const char *b);
ZONDA_LIBC_STRING(strncmp) int strncmp(const char *a, const char *b, size_t size);
ZONDA_LIBC_STRING(strncasecmp) int strncasecmp(const char *a, const char *b, size_t size);
ZONDA_LIBC_STRING(strcpy) char *strcpy(char *to, const char *from);
ZONDA_LIBC_STRING(strncpy) char *strncpy(char *to, const char *from, size_t size);
ZONDA_LIBC_STRING(strlen) size_t strlen(const char *text);
ZONDA_LIBC_STRING(strspn) size_t strspn(const char *text, const char *set);
ZONDA_LIBC_STRING(strcspn) size_t strcspn(const char *text, const char *set);
ZONDA_LIBC_STRING(strstr) char *strstr(const char *text, const char *part);
char *strdup(const char *text);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_LIBC_STRING_H */
