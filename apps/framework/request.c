/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who handles requests and events, and responses.
 */

#include "host.h"
#include "wa-inc/request.h"

/* Whoever handles a resource or an event. */
struct handler {
	struct handler *next;
	request_handler_f function;
	bool is_event;
	char url[];
};

static struct handler *handlers;

static bool add_handler(const char *url, request_handler_f function, bool is_event)
{
	struct handler *handler;
	size_t size = strlen(url) + 1;

	for (handler = handlers; handler != NULL; handler = handler->next) {
		if (handler->is_event == is_event && strcmp(handler->url, url) == 0) {
			handler->function = function;
			return true;
		}
	}
	handler = malloc(sizeof(*handler) + size);
	if (handler == NULL) {
		return false;
	}
	handler->next = handlers;
	handler->function = function;
	handler->is_event = is_event;
	memcpy(handler->url, url, size);
	handlers = handler;
	return true;
}

bool api_register_resource_handler(const char *url, request_handler_f handler)
{
	if (!add_handler(url, handler, false)) {
		return false;
	}
	wasm_register_resource(url);
	return true;
}

bool api_subscribe_event(const char *url, request_handler_f handler)
{
	if (!add_handler(url, handler, true)) {
		return false;
	}
	wasm_sub_event(url);
	return true;
}

ENTRY(on_request) void on_request(char *buffer, int size)
{
	request_t request;
	struct handler *handler;

	if (unpack_request(buffer, size, &request) == NULL) {
		return;
	}
	for (handler = handlers; handler != NULL; handler = handler->next) {
		bool is_event = request.action == COAP_EVENT;

		if (handler->is_event == is_event &&
		    check_url_start(request.url, strlen(request.url), handler->url) > 0) {
			handler->function(&request);
			return;
		}
	}
	if (request.action != COAP_EVENT) {
		response_t response;

		make_response_for_request(&request, &response);
		set_response(&response, NOT_FOUND_4_04, 0, NULL, 0);
		api_response_send(&response);
	}
}

void api_response_send(response_t *response)
{
	int size;
	char *packet = pack_response(response, &size);

	if (packet != NULL) {
		wasm_response_send(packet, size);
		free_req_resp_packet(packet);
	}
}
