/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests, responses and URIs; source compatible with the header of this name of WAMR's
 * application framework.
 */

#ifndef ZONDA_APP_SHARED_UTILS_H
#define ZONDA_APP_SHARED_UTILS_H

#include "bh_platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Formats of a payload: an attribute container, bytes that only sender and receiver understand. */
#define FMT_ATTR_CONTAINER 99
#define FMT_APP_RAW_BINARY 98

/* A request, or an event (action COAP_EVENT). */
typedef struct request {
	uint32 mid;           /* number that the sender gives it; its response has it too */
	char *url;            /* which resource, or which event */
	int action;           /* method: coap_method_t */
	int fmt;              /* format of the payload */
	void *payload;        /* NULL for none */
	int payload_len;      /* bytes of the payload */
	unsigned long sender; /* who sent it; the manager fills it in */
} request_t;

/* The response to a request. */
typedef struct response {
	uint32 mid;             /* that of the request */
	int status;             /* coap_status_t */
	int fmt;                /* format of the payload */
	void *payload;          /* NULL for none */
	int payload_len;        /* bytes of the payload */
	unsigned long reciever; /* who sent the request */
} response_t;

/*
 * Whether the path of a resource is that of a URL, or begins it up to a '/' or '?': the offset
 * behind it in the URL, with that character; 0 if not. A '/' at the start does not matter, nor one
 * at the end of the path.
 */
int check_url_start(const char *url, int url_len, const char *leading_str);

/*
 * Whether a URL matches a pattern: "/a" itself, "/a/" also everything below, "/a*" everything that
 * begins so, and with a
 * '*' behind a '/' everything below alone.
 */
bool match_url(char *pattern, char *matched);

/* Copies the value of a key in "key1=value1;key2=value2", with ';' or another delimiter; NULL if
 * the key is not there. */
char *find_key_value(char *buffer, int buffer_len, char *key, char *value, int value_len,
		     char delimiter);

/* Copies of all that belongs to a request or response; NULL without memory. The other two free
 * them. */
request_t *clone_request(request_t *request);
void request_cleaner(request_t *request);
response_t *clone_response(response_t *response);
void response_cleaner(response_t *response);

/* Fill in a request or response, and return it. Payload and URL are not copied. */
response_t *set_response(response_t *response, int status, int fmt, const char *payload,
			 int payload_len);
response_t *make_response_for_request(request_t *request, response_t *response);
request_t *init_request(request_t *request, char *url, int action, int fmt, void *payload,
			int payload_len);

/* To a packet and back. A packet is freed with free_req_resp_packet(); what was unpacked points
 * into it. */
char *pack_request(request_t *request, int *size);
request_t *unpack_request(char *packet, int size, request_t *request);
char *pack_response(response_t *response, int *size);
response_t *unpack_response(char *packet, int size, response_t *response);
void free_req_resp_packet(char *packet);

/* A copy of a text; NULL without memory. */
char *wa_strdup(const char *str);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_APP_SHARED_UTILS_H */
