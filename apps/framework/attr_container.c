/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Attribute containers (docs/apps.md). Everything that is read from one is checked against its
 * length: a container that came in a message may be anything.
 */

#include "bi-inc/attr_container.h"

/* Room that a container gets beyond what it needs when it is made or grows. */
#define SPARE 64

#define READ_ONLY (1 << ATTR_CONT_READONLY_SHIFT)

/* A position in a container that is read front to back. */
struct reader {
	const char *at;
	const char *end;
};

/* An attribute. */
struct attribute {
	const char *start;
	const char *end;
	const char *key;
	const char *value;
	uint32_t value_len;
	uint8_t type;
};

/* The next bytes; NULL if there are not so many. */
static const char *take(struct reader *reader, uint32_t len)
{
	const char *at = reader->at;

	if (len > (uint32_t)(reader->end - at)) {
		return NULL;
	}
	reader->at += len;
	return at;
}

/* A number of so many bytes, the lowest first. */
static bool take_number(struct reader *reader, uint32_t len, uint32_t *number)
{
	const uint8_t *bytes = (const uint8_t *)take(reader, len);

	if (bytes == NULL) {
		return false;
	}
	*number = 0;
	while (len-- > 0) {
		*number = *number << 8 | bytes[len];
	}
	return true;
}

/* A text with its length before it, which counts the NUL at its end. */
static const char *take_text(struct reader *reader)
{
	uint32_t len;
	const char *text;

	if (!take_number(reader, 2, &len) || len == 0) {
		return NULL;
	}
	text = take(reader, len);
	return text != NULL && text[len - 1] == '\0' ? text : NULL;
}

/* Begins to read: the tag, and the number of attributes. */
static bool begin(const attr_container_t *container, struct reader *reader, const char **tag,
		  uint32_t *count)
{
	uint32_t len;

	if (container == NULL) {
		return false;
	}
	reader->at = container->buf;
	reader->end = container->buf + 4;
	take_number(reader, 4, &len);
	reader->end = container->buf + len;
	if (len < 4) {
		return false;
	}
	*tag = take_text(reader);
	return *tag != NULL && take_number(reader, 2, count);
}

static bool take_attribute(struct reader *reader, struct attribute *attribute)
{
	uint32_t type;

	attribute->start = reader->at;
	attribute->key = take_text(reader);
	if (attribute->key == NULL || !take_number(reader, 1, &type)) {
		return false;
	}
	attribute->type = type;
	if (type == ATTR_TYPE_STRING) {
		attribute->value = take_text(reader);
		attribute->value_len = reader->at - attribute->value;
	} else {
		attribute->value_len = 1 << (type & 3);
		if (type == ATTR_TYPE_BYTEARRAY && !take_number(reader, 4, &attribute->value_len)) {
			return false;
		}
		attribute->value = take(reader, attribute->value_len);
	}
	attribute->end = reader->at;
	return attribute->value != NULL && type <= ATTR_TYPE_END;
}

/* The attribute of a key, or where the last one ends. */
static bool find(const attr_container_t *container, const char *key, struct attribute *attribute)
{
	struct reader reader;
	const char *tag;
	uint32_t count;

	attribute->end = NULL;
	if (key == NULL || !begin(container, &reader, &tag, &count)) {
		return false;
	}
	attribute->end = reader.at;
	while (count-- > 0) {
		if (!take_attribute(&reader, attribute)) {
			attribute->end = NULL;
			return false;
		}
		if (strcmp(attribute->key, key) == 0) {
			return true;
		}
	}
	return false;
}

static char *put(char *to, const void *from, uint32_t len)
{
	memcpy(to, from, len);
	return to + len;
}

static void set_count(attr_container_t *container, uint16_t change)
{
	struct reader reader;
	const char *tag;
	uint32_t count;

	if (begin(container, &reader, &tag, &count)) {
		uint16_t changed = count + change;

		put((char *)reader.at - 2, &changed, 2);
	}
}

attr_container_t *attr_container_create(const char *tag)
{
	uint16_t tag_len;
	uint32_t len;
	attr_container_t *container;

	if (tag == NULL) {
		tag = "";
	}
	if (strlen(tag) >= UINT16_MAX) {
		return NULL;
	}
	tag_len = strlen(tag) + 1;
	len = 4 + 2 + tag_len + 2 + SPARE;
	container = attr_container_malloc(2 + len);
	if (container != NULL) {
		memset(container, 0, 2 + len);
		put(put(put(container->buf, &len, 4), &tag_len, 2), tag, tag_len);
	}
	return container;
}

void attr_container_destroy(const attr_container_t *container)
{
	attr_container_free((void *)container);
}

/* The length of a container without its flags; 0 if it is none. */
static uint32_t length(const attr_container_t *container)
{
	uint32_t len = 0;

	if (container != NULL) {
		memcpy(&len, container->buf, 4);
	}
	return len;
}

/* Gives a container room behind `end`; where that is then, or NULL without memory. */
static char *grow(attr_container_t **container, char *end, uint32_t needed)
{
	uint32_t used = end - (char *)*container;
	uint32_t len = length(*container);
	attr_container_t *larger;

	if (2 + len - used >= needed) {
		return end;
	}
	if (needed > UINT32_MAX / 2 - used) {
		return NULL;
	}
	len = used - 2 + needed + SPARE;
	larger = attr_container_malloc(2 + len);
	if (larger == NULL) {
		return NULL;
	}
	memset(put((char *)larger, *container, used), 0, 2 + len - used);
	memcpy(larger->buf, &len, 4);
	attr_container_free(*container);
	*container = larger;
	return (char *)larger + used;
}

static bool set(attr_container_t **container, const char *key, uint8_t type, const void *value,
		uint32_t value_len)
{
	struct attribute attribute;
	uint16_t key_len, text_len = value_len;
	uint32_t head, needed;
	char *end;

	if (container == NULL || *container == NULL || key == NULL || value == NULL ||
	    *key == '\0' || strlen(key) >= UINT16_MAX || attr_container_is_constant(*container) ||
	    (type == ATTR_TYPE_STRING && value_len > UINT16_MAX)) {
		return false;
	}
	key_len = strlen(key) + 1;
	head = type == ATTR_TYPE_STRING ? 2 : type == ATTR_TYPE_BYTEARRAY ? 4 : 0;
	needed = 2 + key_len + 1 + head + value_len;
	if (needed < value_len) {
		return false;
	}
	if (find(*container, key, &attribute) &&
	    (uint32_t)(attribute.end - attribute.start) == needed) {
		/* A value of the same length takes the place of the old one. */
		put((char *)attribute.value - head - 1, &type, 1);
		memcpy((char *)attribute.value, value, value_len);
		return true;
	}
	/* No key is empty, so this finds the end of the last one. */
	find(*container, "", &attribute);
	end = attribute.end == NULL ? NULL : grow(container, (char *)attribute.end, needed);
	if (end == NULL) {
		return false;
	}
	if (find(*container, key, &attribute)) {
		/* The others move up. */
		memmove((char *)attribute.start, attribute.end, end - attribute.end);
		end -= attribute.end - attribute.start;
		set_count(*container, -1);
	}
	end = put(put(put(end, &key_len, 2), key, key_len), &type, 1);
	end = head == 2 ? put(end, &text_len, 2) : put(end, &value_len, head);
	put(end, value, value_len);
	set_count(*container, 1);
	return true;
}

#define SET(name, type, number)                                                                    \
	bool attr_container_set_##name(attr_container_t **container, const char *key, type value)  \
	{                                                                                          \
		return set(container, key, number, &value, sizeof(value));                         \
	}

SET(short, short, ATTR_TYPE_SHORT)
SET(int16, int16_t, ATTR_TYPE_INT16)
SET(int, int, ATTR_TYPE_INT)
SET(int32, int32_t, ATTR_TYPE_INT32)
SET(uint32, uint32_t, ATTR_TYPE_UINT32)
SET(int64, int64_t, ATTR_TYPE_INT64)
SET(uint64, uint64_t, ATTR_TYPE_UINT64)
SET(byte, int8_t, ATTR_TYPE_BYTE)
SET(int8, int8_t, ATTR_TYPE_INT8)
SET(uint8, uint8_t, ATTR_TYPE_UINT8)
SET(uint16, uint16_t, ATTR_TYPE_UINT16)
SET(float, float, ATTR_TYPE_FLOAT)
SET(double, double, ATTR_TYPE_DOUBLE)
SET(bool, bool, ATTR_TYPE_BOOLEAN)

bool attr_container_set_string(attr_container_t **container, const char *key, const char *value)
{
	return value != NULL && set(container, key, ATTR_TYPE_STRING, value, strlen(value) + 1);
}

bool attr_container_set_bytearray(attr_container_t **container, const char *key,
				  const int8_t *value, unsigned length)
{
	return set(container, key, ATTR_TYPE_BYTEARRAY, value, length);
}

/* Copies the value of a key, as many bytes as there are and as fit. */
static void get(const attr_container_t *container, const char *key, void *to, uint32_t len)
{
	struct attribute attribute;

	if (find(container, key, &attribute)) {
		memcpy(to, attribute.value, attribute.value_len < len ? attribute.value_len : len);
	}
}

#define GET(name, type)                                                                            \
	type attr_container_get_as_##name(const attr_container_t *container, const char *key)      \
	{                                                                                          \
		type value = 0;                                                                    \
                                                                                                   \
		get(container, key, &value, sizeof(value));                                        \
		return value;                                                                      \
	}

GET(short, short)
GET(int16, int16_t)
GET(int, int)
GET(int32, int32_t)
GET(uint32, uint32_t)
GET(int64, int64_t)
GET(uint64, uint64_t)
GET(byte, int8_t)
GET(int8, int8_t)
GET(uint8, uint8_t)
GET(uint16, uint16_t)
GET(float, float)
GET(double, double)

bool attr_container_get_as_bool(const attr_container_t *container, const char *key)
{
	return attr_container_get_as_byte(container, key) != 0;
}

const int8_t *attr_container_get_as_bytearray(const attr_container_t *container, const char *key,
					      unsigned *array_length)
{
	struct attribute attribute;

	if (array_length == NULL || !find(container, key, &attribute)) {
		return NULL;
	}
	*array_length = attribute.value_len;
	return (const int8_t *)attribute.value;
}

char *attr_container_get_as_string(const attr_container_t *container, const char *key)
{
	struct attribute attribute;

	/* Only a text is known to end with NUL. */
	return find(container, key, &attribute) && attribute.type == ATTR_TYPE_STRING
		       ? (char *)attribute.value
		       : NULL;
}

const char *attr_container_get_tag(const attr_container_t *container)
{
	struct reader reader;
	const char *tag;
	uint32_t count;

	return begin(container, &reader, &tag, &count) ? tag : NULL;
}

uint16_t attr_container_get_attr_num(const attr_container_t *container)
{
	struct reader reader;
	const char *tag;
	uint32_t count;

	return begin(container, &reader, &tag, &count) ? count : 0;
}

bool attr_container_contain_key(const attr_container_t *container, const char *key)
{
	struct attribute attribute;

	return find(container, key, &attribute);
}

unsigned attr_container_get_serialize_length(const attr_container_t *container)
{
	return container == NULL ? 0 : 2 + length(container);
}

bool attr_container_serialize(char *buf, const attr_container_t *container)
{
	if (buf == NULL || container == NULL) {
		return false;
	}
	memcpy(buf, container, 2 + length(container));
	buf[0] |= READ_ONLY;
	return true;
}

bool attr_container_is_constant(const attr_container_t *container)
{
	return container != NULL && (container->flags[0] & READ_ONLY) != 0;
}

void attr_container_dump(const attr_container_t *container)
{
	static const char *const NAMES[] = {"byte",  "short",  "int",    "int64",
					    "uint8", "uint16", "uint32", "uint64"};
	struct reader reader;
	struct attribute attribute;
	const char *tag;
	uint32_t count;

	if (!begin(container, &reader, &tag, &count)) {
		return;
	}
	attr_container_printf("Attribute container dump:\nTag: %s\nAttribute list:\n", tag);
	while (count-- > 0 && take_attribute(&reader, &attribute)) {
		uint64_t bits = 0;
		float single;
		double number;

		attr_container_printf("  key: %s", attribute.key);
		memcpy(&bits, attribute.value, attribute.value_len < 8 ? attribute.value_len : 8);
		switch (attribute.type) {
		case ATTR_TYPE_FLOAT:
			memcpy(&single, &bits, 4);
			attr_container_printf(", type: float, value: %f\n", (double)single);
			break;
		case ATTR_TYPE_DOUBLE:
			memcpy(&number, &bits, 8);
			attr_container_printf(", type: double, value: %f\n", number);
			break;
		case ATTR_TYPE_BOOLEAN:
			attr_container_printf(", type: bool, value: 0x%x\n", (unsigned)bits);
			break;
		case ATTR_TYPE_STRING:
			attr_container_printf(", type: string, value: %s\n", attribute.value);
			break;
		case ATTR_TYPE_BYTEARRAY:
			attr_container_printf(", type: byte array, length: %u\n",
					      attribute.value_len);
			break;
		default:
			attr_container_printf(", type: %s, value: 0x%llx\n",
					      NAMES[attribute.type & 7], bits);
			break;
		}
	}
	attr_container_printf("\n");
}
