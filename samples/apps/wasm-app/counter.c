/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counts, publishes each count as the event "count", and answers GET /count.
 */

#include "wasm_app.h"
#include "wa-inc/request.h"
#include "wa-inc/timer_wasm_app.h"

static int count;

static attr_container_t *state(void)
{
	attr_container_t *container = attr_container_create("count");

	attr_container_set_int(&container, "value", count);
	return container;
}

static void tick(user_timer_t timer)
{
	attr_container_t *payload = state();

	count++;
	attr_container_set_int(&payload, "value", count);
	api_publish_event("count", FMT_ATTR_CONTAINER, payload,
			  attr_container_get_serialize_length(payload));
	attr_container_destroy(payload);
}

static void on_count(request_t *request)
{
	attr_container_t *payload = state();
	response_t response[1];

	make_response_for_request(request, response);
	set_response(response, CONTENT_2_05, FMT_ATTR_CONTAINER, (void *)payload,
		     attr_container_get_serialize_length(payload));
	api_response_send(response);
	attr_container_destroy(payload);
}

void on_init(void)
{
	api_register_resource_handler("/count", on_count);
	api_timer_create(100, true, true, tick);
}

void on_destroy(void)
{
	printf("stopped at %d\n", count);
}
