/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests and events between applications and the firmware; source compatible with the header of
 * this name of WAMR's application framework. Methods and codes are CoAP's (RFC 7252).
 */

#ifndef ZONDA_APP_REQUEST_H
#define ZONDA_APP_REQUEST_H

#include "bi-inc/shared_utils.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
	COAP_GET = 1,
	COAP_POST = 2,
	COAP_PUT = 3,
	COAP_DELETE = 4,
	COAP_EVENT = 6 /* no method of CoAP: an event is published */
} coap_method_t;

typedef enum {
	NO_ERROR = 0,
	CREATED_2_01 = 65,
	DELETED_2_02 = 66,
	VALID_2_03 = 67,
	CHANGED_2_04 = 68,
	CONTENT_2_05 = 69,
	CONTINUE_2_31 = 95,
	BAD_REQUEST_4_00 = 128,
	UNAUTHORIZED_4_01 = 129,
	BAD_OPTION_4_02 = 130,
	FORBIDDEN_4_03 = 131,
	NOT_FOUND_4_04 = 132, /* also: no application has the resource */
	METHOD_NOT_ALLOWED_4_05 = 133,
	NOT_ACCEPTABLE_4_06 = 134,
	PRECONDITION_FAILED_4_12 = 140,
	REQUEST_ENTITY_TOO_LARGE_4_13 = 141,
	UNSUPPORTED_MEDIA_TYPE_4_15 = 143,
	INTERNAL_SERVER_ERROR_5_00 = 160,
	NOT_IMPLEMENTED_5_01 = 161,
	BAD_GATEWAY_5_02 = 162,
	SERVICE_UNAVAILABLE_5_03 =
		163, /* also: the application has no room for the request, or has ended */
	GATEWAY_TIMEOUT_5_04 = 164,
	PROXYING_NOT_SUPPORTED_5_05 = 165,
	MEMORY_ALLOCATION_ERROR = 192,
	PACKET_SERIALIZATION_ERROR = 193,
	MANUAL_RESPONSE = 194,
	PING_RESPONSE = 195
} coap_status_t;

/* Handles a request or an event. What belongs to it is freed when the function returns. */
typedef void (*request_handler_f)(request_t *request);

/* Handles a response; NULL if there was none in five seconds. */
typedef void (*response_handler_f)(response_t *response, void *user_data);

/* Handles requests to a resource and to everything below it. False without memory. */
bool api_register_resource_handler(const char *url, request_handler_f handler);

/*
 * Sends a request to a resource "/path", or to that of one application with "/app/NAME/path"; the
 * response comes as an event. With CoAP's COAP_EVENT as action an event is published, and there is
 * no response.
 */
void api_send_request(request_t *request, response_handler_f response_handler, void *user_data);

/* Answers a request, also later, from another handler: make_response_for_request() keeps what is
 * needed. */
void api_response_send(response_t *response);

/* Publishes an event to whoever has subscribed to this very URL. False without memory. */
bool api_publish_event(const char *url, int fmt, void *payload, int payload_len);

/* Subscribes to an event. False without memory. */
bool api_subscribe_event(const char *url, request_handler_f handler);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_APP_REQUEST_H */
