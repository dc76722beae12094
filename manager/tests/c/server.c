/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Answers requests with their payload and more, later from a timer, and refuses deletion.
 */

#include "wasm_app.h"
#include "wa-inc/request.h"
#include "wa-inc/timer_wasm_app.h"

/* Requests that wait for their answer, the last one first. */
static request_t *waiting[4];
static int count;

static void answer(user_timer_t timer)
{
	request_t *kept = waiting[--count];
	response_t response;
	attr_container_t *payload = attr_container_create("answer");

	attr_container_set_string(&payload, "was", kept->url);
	attr_container_set_int(&payload, "got", kept->payload_len);
	make_response_for_request(kept, &response);
	set_response(&response, CONTENT_2_05, FMT_ATTR_CONTAINER, (const char *)payload,
		     attr_container_get_serialize_length(payload));
	api_response_send(&response);
	attr_container_destroy(payload);
	request_cleaner(kept);
	(void)timer;
}

static void on_value(request_t *request)
{
	response_t response;

	if (request->action == COAP_DELETE) {
		make_response_for_request(request, &response);
		set_response(&response, METHOD_NOT_ALLOWED_4_05, 0, NULL, 0);
		api_response_send(&response);
		return;
	}
	waiting[count++] = clone_request(request);
	api_timer_create(10, false, true, answer);
}

void on_init(void)
{
	api_register_resource_handler("/value", on_value);
}
