/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events that are published.
 */

#include "host.h"
#include "wa-inc/request.h"

bool api_publish_event(const char *url, int fmt, void *payload, int payload_len)
{
	request_t request;

	init_request(&request, (char *)url, COAP_EVENT, fmt, payload, payload_len);
	return app_post(&request);
}
