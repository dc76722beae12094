/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The part of stdio that the firmware offers to programs (libc-builtin), imported from "env".
 */

#ifndef ZONDA_LIBC_STDIO_H
#define ZONDA_LIBC_STDIO_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZONDA_LIBC(name) __attribute__((import_module("env"), import_name(#name)))

ZONDA_LIBC(printf) int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
ZONDA_LIBC(vprintf) int vprintf(const char *format, va_list args);
ZONDA_LIBC(sprintf)
int sprintf(char *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
ZONDA_LIBC(vsprintf) int vsprintf(char *to, const char *format, va_list args);
ZONDA_LIBC(snprintf)
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
ZONDA_LIBC(vsnprintf) int vsnprintf(char *to, size_t size, const char *format, va_list args);
ZONDA_LIBC(puts) int puts(const char *text);
ZONDA_LIBC(putchar) int putchar(int c);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_LIBC_STDIO_H */
