/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Attribute containers: keys with typed values, as bytes. Source compatible with the header of this
 * name of WAMR's application framework; docs/apps.md has the layout.
 */

#ifndef ZONDA_APP_ATTR_CONTAINER_H
#define ZONDA_APP_ATTR_CONTAINER_H

#include "bh_platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Types of values. The two lowest bits of those from BYTE to BOOLEAN are the logarithm of their
 * size. */
enum {
	ATTR_TYPE_BEGIN = 0,
	ATTR_TYPE_BYTE = 0,
	ATTR_TYPE_INT8 = 0,
	ATTR_TYPE_SHORT = 1,
	ATTR_TYPE_INT16 = 1,
	ATTR_TYPE_INT = 2,
	ATTR_TYPE_INT32 = 2,
	ATTR_TYPE_INT64 = 3,
	ATTR_TYPE_UINT8 = 4,
	ATTR_TYPE_UINT16 = 5,
	ATTR_TYPE_UINT32 = 6,
	ATTR_TYPE_UINT64 = 7,
	ATTR_TYPE_FLOAT = 10,
	ATTR_TYPE_DOUBLE = 11,
	ATTR_TYPE_BOOLEAN = 12,
	ATTR_TYPE_STRING = 13,
	ATTR_TYPE_BYTEARRAY = 14,
	ATTR_TYPE_END = 14
};

/* Bit of `flags`: the container cannot be changed. */
#define ATTR_CONT_READONLY_SHIFT 2

typedef struct attr_container {
	char flags[2];
	char buf[1];
} attr_container_t;

/* An empty container; NULL without memory. A tag of NULL is an empty one. */
attr_container_t *attr_container_create(const char *tag);
void attr_container_destroy(const attr_container_t *attr_cont);

/*
 * Set the value of a key. The container may get another address. False if it is read only, the key
 * is empty or longer than 65,534 bytes, or without memory.
 */
bool attr_container_set_short(attr_container_t **p_attr_cont, const char *key, short value);
bool attr_container_set_int16(attr_container_t **p_attr_cont, const char *key, int16_t value);
bool attr_container_set_int(attr_container_t **p_attr_cont, const char *key, int value);
bool attr_container_set_int32(attr_container_t **p_attr_cont, const char *key, int32_t value);
bool attr_container_set_uint32(attr_container_t **p_attr_cont, const char *key, uint32_t value);
bool attr_container_set_int64(attr_container_t **p_attr_cont, const char *key, int64_t value);
bool attr_container_set_uint64(attr_container_t **p_attr_cont, const char *key, uint64_t value);
bool attr_container_set_byte(attr_container_t **p_attr_cont, const char *key, int8_t value);
bool attr_container_set_int8(attr_container_t **p_attr_cont, const char *key, int8_t value);
bool attr_container_set_uint8(attr_container_t **p_attr_cont, const char *key, uint8_t value);
bool attr_container_set_uint16(attr_container_t **p_attr_cont, const char *key, uint16_t value);
bool attr_container_set_float(attr_container_t **p_attr_cont, const char *key, float value);
bool attr_container_set_double(attr_container_t **p_attr_cont, const char *key, double value);
bool attr_container_set_bool(attr_container_t **p_attr_cont, const char *key, bool value);
bool attr_container_set_string(attr_container_t **p_attr_cont, const char *key, const char *value);
bool attr_container_set_bytearray(attr_container_t **p_attr_cont, const char *key,
				  const int8_t *value, unsigned length);

const char *attr_container_get_tag(const attr_container_t *attr_cont);
uint16_t attr_container_get_attr_num(const attr_container_t *attr_cont);
bool attr_container_contain_key(const attr_container_t *attr_cont, const char *key);

/*
 * The value of a key as this type; 0 if the key is not there. Of a value of another type as many of
 * its bytes count as the type has, and missing ones are 0.
 */
short attr_container_get_as_short(const attr_container_t *attr_cont, const char *key);
int16_t attr_container_get_as_int16(const attr_container_t *attr_cont, const char *key);
int attr_container_get_as_int(const attr_container_t *attr_cont, const char *key);
int32_t attr_container_get_as_int32(const attr_container_t *attr_cont, const char *key);
uint32_t attr_container_get_as_uint32(const attr_container_t *attr_cont, const char *key);
int64_t attr_container_get_as_int64(const attr_container_t *attr_cont, const char *key);
uint64_t attr_container_get_as_uint64(const attr_container_t *attr_cont, const char *key);
int8_t attr_container_get_as_byte(const attr_container_t *attr_cont, const char *key);
int8_t attr_container_get_as_int8(const attr_container_t *attr_cont, const char *key);
uint8_t attr_container_get_as_uint8(const attr_container_t *attr_cont, const char *key);
uint16_t attr_container_get_as_uint16(const attr_container_t *attr_cont, const char *key);
float attr_container_get_as_float(const attr_container_t *attr_cont, const char *key);
double attr_container_get_as_double(const attr_container_t *attr_cont, const char *key);
bool attr_container_get_as_bool(const attr_container_t *attr_cont, const char *key);

/* A text, or an array of bytes; NULL if the key is not there. They are in the container. */
char *attr_container_get_as_string(const attr_container_t *attr_cont, const char *key);
const int8_t *attr_container_get_as_bytearray(const attr_container_t *attr_cont, const char *key,
					      unsigned *array_length);

/* Bytes of the container, and a copy that is read only. */
unsigned attr_container_get_serialize_length(const attr_container_t *attr_cont);
bool attr_container_serialize(char *buf, const attr_container_t *attr_cont);
bool attr_container_is_constant(const attr_container_t *attr_cont);

/* Prints tag, keys and values. */
void attr_container_dump(const attr_container_t *attr_cont);

#ifndef attr_container_malloc
#define attr_container_malloc WA_MALLOC
#endif
#ifndef attr_container_free
#define attr_container_free WA_FREE
#endif
#ifndef attr_container_printf
#define attr_container_printf printf
#endif

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_APP_ATTR_CONTAINER_H */
