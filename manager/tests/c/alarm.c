/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Publishes an event again and again, with every type of value.
 */

#include "wasm_app.h"
#include "wa-inc/request.h"
#include "wa-inc/timer_wasm_app.h"

static void ring(user_timer_t timer)
{
	attr_container_t *event = attr_container_create("alarm");
	int8_t bytes[200] = {1, 2, 3};

	attr_container_set_string(&event, "text", "first");
	attr_container_set_bytearray(&event, "bytes", bytes, sizeof(bytes));
	attr_container_set_string(&event, "text", "another length");
	attr_container_set_int64(&event, "i64", -2);
	attr_container_set_uint64(&event, "u64", 1ULL << 63);
	attr_container_set_uint16(&event, "u16", 65535);
	attr_container_set_byte(&event, "byte", -1);
	attr_container_set_bool(&event, "yes", true);
	attr_container_set_float(&event, "float", 1.5f);
	attr_container_set_double(&event, "double", -2.25);
	attr_container_set_int(&event, "int", 1);
	attr_container_set_int(&event, "int", 7);
	api_publish_event("alarm/bell", FMT_ATTR_CONTAINER, event,
			  attr_container_get_serialize_length(event));
	attr_container_destroy(event);
	(void)timer;
}

void on_init(void)
{
	api_timer_create(20, true, true, ring);
}
