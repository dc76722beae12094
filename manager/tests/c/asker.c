/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asks the server, somebody who is not there, and deletes.
 */

#include "wasm_app.h"
#include "wa-inc/request.h"

static void on_answer(response_t *response, void *user_data)
{
	if (response == NULL) {
		printf("%s: nothing\n", (char *)user_data);
		return;
	}
	printf("%s: %d\n", (char *)user_data, response->status);
	if (response->fmt == FMT_ATTR_CONTAINER) {
		attr_container_dump(response->payload);
	}
}

static void ask(char *url, int action, char *what)
{
	request_t request;

	init_request(&request, url, action, FMT_APP_RAW_BINARY, "hello", 5);
	api_send_request(&request, on_answer, what);
}

void on_init(void)
{
	ask("/app/server/value", COAP_PUT, "put");
	ask("value/below?x", COAP_GET, "get");
	ask("/app/server/other", COAP_GET, "other");
	ask("/nobody", COAP_GET, "nobody");
}
