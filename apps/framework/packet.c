/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests and responses as packets (docs/apps.md), and their copies. Numbers have their highest
 * byte first.
 */

#include "bi-inc/shared_utils.h"

#define VERSION       1
#define REQUEST_HEAD  18
#define RESPONSE_HEAD 16

static void put_half(char *to, uint16 value)
{
	value = htons(value);
	memcpy(to, &value, 2);
}

static void put_word(char *to, uint32 value)
{
	value = htonl(value);
	memcpy(to, &value, 4);
}

static uint16 half(const char *from)
{
	uint16 value;

	memcpy(&value, from, 2);
	return ntohs(value);
}

static uint32 word(const char *from)
{
	uint32 value;

	memcpy(&value, from, 4);
	return ntohl(value);
}

/* What request and response have in common. */
static void put_head(char *to, int code, int fmt, uint32 mid, uint32 party)
{
	to[0] = VERSION;
	to[1] = code;
	put_half(to + 2, fmt);
	put_word(to + 4, mid);
	put_word(to + 8, party);
}

char *pack_request(request_t *request, int *size)
{
	size_t url_len = strlen(request->url) + 1;
	char *packet;

	if (request->payload_len < 0 || url_len > UINT16_MAX) {
		return NULL;
	}
	packet = WA_MALLOC(REQUEST_HEAD + url_len + request->payload_len);
	if (packet == NULL) {
		return NULL;
	}
	put_head(packet, request->action, request->fmt, request->mid, request->sender);
	put_half(packet + 12, url_len);
	put_word(packet + 14, request->payload_len);
	memcpy(packet + REQUEST_HEAD, request->url, url_len);
	memcpy(packet + REQUEST_HEAD + url_len, request->payload, request->payload_len);
	*size = REQUEST_HEAD + url_len + request->payload_len;
	return packet;
}

request_t *unpack_request(char *packet, int size, request_t *request)
{
	uint32 url_len, payload_len;

	if (size < REQUEST_HEAD || packet[0] != VERSION) {
		return NULL;
	}
	url_len = half(packet + 12);
	payload_len = word(packet + 14);
	if (url_len == 0 || url_len > (uint32)size - REQUEST_HEAD ||
	    payload_len != (uint32)size - REQUEST_HEAD - url_len ||
	    packet[REQUEST_HEAD + url_len - 1] != '\0') {
		return NULL;
	}
	request->action = (uint8)packet[1];
	request->fmt = half(packet + 2);
	request->mid = word(packet + 4);
	request->sender = word(packet + 8);
	request->url = packet + REQUEST_HEAD;
	request->payload = payload_len > 0 ? packet + REQUEST_HEAD + url_len : NULL;
	request->payload_len = payload_len;
	return request;
}

char *pack_response(response_t *response, int *size)
{
	char *packet;

	if (response->payload_len < 0) {
		return NULL;
	}
	packet = WA_MALLOC(RESPONSE_HEAD + response->payload_len);
	if (packet == NULL) {
		return NULL;
	}
	put_head(packet, response->status, response->fmt, response->mid, response->reciever);
	put_word(packet + 12, response->payload_len);
	memcpy(packet + RESPONSE_HEAD, response->payload, response->payload_len);
	*size = RESPONSE_HEAD + response->payload_len;
	return packet;
}

response_t *unpack_response(char *packet, int size, response_t *response)
{
	uint32 payload_len;

	if (size < RESPONSE_HEAD || packet[0] != VERSION) {
		return NULL;
	}
	payload_len = word(packet + 12);
	if (payload_len != (uint32)size - RESPONSE_HEAD) {
		return NULL;
	}
	response->status = (uint8)packet[1];
	response->fmt = half(packet + 2);
	response->mid = word(packet + 4);
	response->reciever = word(packet + 8);
	response->payload = payload_len > 0 ? packet + RESPONSE_HEAD : NULL;
	response->payload_len = payload_len;
	return response;
}

void free_req_resp_packet(char *packet)
{
	WA_FREE(packet);
}

/* A copy of a payload. One without bytes may be any value, which is copied itself. False without
 * memory. */
static bool copy_payload(void **payload, int len)
{
	void *copy;

	if (len <= 0) {
		return true;
	}
	copy = WA_MALLOC(len);
	if (copy == NULL) {
		return false;
	}
	memcpy(copy, *payload, len);
	*payload = copy;
	return true;
}

request_t *clone_request(request_t *request)
{
	request_t *copy = WA_MALLOC(sizeof(*copy));

	if (copy == NULL) {
		return NULL;
	}
	*copy = *request;
	copy->url = wa_strdup(request->url);
	if (copy->url == NULL || !copy_payload(&copy->payload, copy->payload_len)) {
		WA_FREE(copy->url);
		WA_FREE(copy);
		return NULL;
	}
	return copy;
}

void request_cleaner(request_t *request)
{
	WA_FREE(request->url);
	if (request->payload_len > 0) {
		WA_FREE(request->payload);
	}
	WA_FREE(request);
}

response_t *clone_response(response_t *response)
{
	response_t *copy = WA_MALLOC(sizeof(*copy));

	if (copy == NULL) {
		return NULL;
	}
	*copy = *response;
	if (!copy_payload(&copy->payload, copy->payload_len)) {
		WA_FREE(copy);
		return NULL;
	}
	return copy;
}

void response_cleaner(response_t *response)
{
	if (response->payload_len > 0) {
		WA_FREE(response->payload);
	}
	WA_FREE(response);
}

response_t *set_response(response_t *response, int status, int fmt, const char *payload,
			 int payload_len)
{
	response->status = status;
	response->fmt = fmt;
	response->payload = (void *)payload;
	response->payload_len = payload_len;
	return response;
}

response_t *make_response_for_request(request_t *request, response_t *response)
{
	response->mid = request->mid;
	response->reciever = request->sender;
	return response;
}

request_t *init_request(request_t *request, char *url, int action, int fmt, void *payload,
			int payload_len)
{
	static uint32 last_mid;

	request->mid = ++last_mid;
	request->url = url;
	request->action = action;
	request->fmt = fmt;
	request->payload = payload;
	request->payload_len = payload_len;
	request->sender = 0;
	return request;
}
