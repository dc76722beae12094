/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Subscribes to an event and prints it.
 */

#include "wasm_app.h"
#include "wa-inc/request.h"

static void on_bell(request_t *event)
{
	const attr_container_t *payload = event->payload;
	unsigned len = 0;

	attr_container_get_as_bytearray(payload, "bytes", &len);
	printf("%s: %s %u %lld %d %d %d %d\n", attr_container_get_tag(payload),
	       attr_container_get_as_string(payload, "text"), len,
	       attr_container_get_as_int64(payload, "i64"),
	       attr_container_get_as_uint16(payload, "u16"),
	       attr_container_get_as_byte(payload, "byte"),
	       attr_container_get_as_int(payload, "int"), attr_container_get_attr_num(payload));
	printf("%.2f %.2f %d %d\n", attr_container_get_as_float(payload, "float"),
	       attr_container_get_as_double(payload, "double"),
	       attr_container_get_as_bool(payload, "yes"),
	       attr_container_contain_key(payload, "no"));
}

void on_init(void)
{
	api_subscribe_event("alarm/bell", on_bell);
}
