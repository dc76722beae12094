/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Types and byte order for applications; source compatible with the header of this name of WAMR's
 * application framework.
 */

#ifndef ZONDA_APP_BH_PLATFORM_H
#define ZONDA_APP_BH_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t uint8;
typedef int8_t int8;
typedef uint16_t uint16;
typedef int16_t int16;
typedef unsigned int uint32;
typedef int int32;

/* How the application library allocates. */
#ifndef WA_MALLOC
#define WA_MALLOC malloc
#endif
#ifndef WA_FREE
#define WA_FREE free
#endif

/* The highest byte first, and back. */
static inline uint32 htonl(uint32 value)
{
	return __builtin_bswap32(value);
}

static inline uint32 ntohl(uint32 value)
{
	return __builtin_bswap32(value);
}

static inline uint16 htons(uint16 value)
{
	return __builtin_bswap16(value);
}

static inline uint16 ntohs(uint16 value)
{
	return __builtin_bswap16(value);
}

#define bh_memcpy_s(to, to_size, from, size) memcpy(to, from, size)

/* Stops the application with a trap. */
#ifdef NDEBUG
#define bh_assert(condition) ((void)0)
#else
#define bh_assert(condition) ((condition) ? (void)0 : __builtin_trap())
#endif

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_APP_BH_PLATFORM_H */
