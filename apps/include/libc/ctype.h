/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The part of ctype that the firmware offers to programs (libc-builtin), imported from "env".
 */

#ifndef ZONDA_LIBC_CTYPE_H
#define ZONDA_LIBC_CTYPE_H

#ifdef __cplusplus
extern "C" {
#endif

#define ZONDA_LIBC_CTYPE(name)                                                                     \
	__attribute__((import_module("env"), import_name(#name))) int name(int c)

ZONDA_LIBC_CTYPE(isupper);
ZONDA_LIBC_CTYPE(isalpha);
ZONDA_LIBC_CTYPE(isspace);
ZONDA_LIBC_CTYPE(isgraph);
ZONDA_LIBC_CTYPE(isprint);
ZONDA_LIBC_CTYPE(isdigit);
ZONDA_LIBC_CTYPE(isxdigit);
ZONDA_LIBC_CTYPE(isalnum);
ZONDA_LIBC_CTYPE(tolower);
ZONDA_LIBC_CTYPE(toupper);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_LIBC_CTYPE_H */
