/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests that are sent, and wait for their response.
 */

#include "host.h"
#include "wa-inc/request.h"
#include "wa-inc/timer_wasm_app.h"

/* How long a request waits. */
#define TIMEOUT_MS 5000

/* A request that waits. They are in the order in which they were sent. */
struct waiting {
	struct waiting *next;
	uint32 mid;
	uint32 since;
	response_handler_f function;
	void *user_data;
};

static struct waiting *first_waiting;
static user_timer_t timeout;

/* Stops the timer, or sets it for the request that has waited longest. */
static void set_timeout(void)
{
	uint32 waited;

	if (first_waiting == NULL) {
		if (timeout != NULL) {
			api_timer_cancel(timeout);
			timeout = NULL;
		}
		return;
	}
	waited = wasm_get_sys_tick_ms() - first_waiting->since;
	if (timeout != NULL) {
		api_timer_restart(timeout, waited < TIMEOUT_MS ? TIMEOUT_MS - waited : 0);
	}
}

static void on_timeout(user_timer_t timer)
{
	(void)timer;
	while (first_waiting != NULL &&
	       wasm_get_sys_tick_ms() - first_waiting->since >= TIMEOUT_MS) {
		struct waiting *waiting = first_waiting;

		first_waiting = waiting->next;
		waiting->function(NULL, waiting->user_data);
		free(waiting);
	}
	set_timeout();
}

void api_send_request(request_t *request, response_handler_f response_handler, void *user_data)
{
	struct waiting *waiting, **last = &first_waiting;

	if (request->action == COAP_EVENT) {
		app_post(request);
		return;
	}
	waiting = malloc(sizeof(*waiting));
	if (waiting == NULL) {
		return;
	}
	waiting->next = NULL;
	waiting->mid = request->mid;
	waiting->since = wasm_get_sys_tick_ms();
	waiting->function = response_handler;
	waiting->user_data = user_data;
	while (*last != NULL) {
		last = &(*last)->next;
	}
	*last = waiting;
	if (timeout == NULL) {
		timeout = api_timer_create(TIMEOUT_MS, false, false, on_timeout);
	}
	if (!app_post(request)) {
		*last = NULL;
		free(waiting);
	}
	set_timeout();
}

ENTRY(on_response) void on_response(char *buffer, int size)
{
	response_t response;
	struct waiting **at = &first_waiting;

	if (unpack_response(buffer, size, &response) == NULL) {
		return;
	}
	while (*at != NULL && (*at)->mid != response.mid) {
		at = &(*at)->next;
	}
	if (*at != NULL) {
		struct waiting *waiting = *at;

		*at = waiting->next;
		set_timeout();
		waiting->function(&response, waiting->user_data);
		free(waiting);
	}
}
