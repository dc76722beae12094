/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Gives a request or an event to the manager.
 */

#include "host.h"

bool app_post(request_t *request)
{
	int size;
	char *packet = pack_request(request, &size);

	if (packet == NULL) {
		return false;
	}
	wasm_post_request(packet, size);
	free_req_resp_packet(packet);
	return true;
}
