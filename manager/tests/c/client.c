/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connects to a server, sends what it gets back to it, and is told when the server leaves.
 */

#include "wasm_app.h"
#include "wa-inc/connection.h"

#ifndef PORT
#define PORT 7777
#endif

static void on_event(connection_t *conn, conn_event_type_t type, const char *data, uint32 len,
		     void *user_data)
{
	if (type == CONN_EVENT_TYPE_DISCONNECT) {
		printf("the server has left %s\n", (char *)user_data);
		api_close_connection(conn);
		return;
	}
	api_send_on_connection(conn, data, len);
}

void on_init(void)
{
	attr_container_t *args = attr_container_create("");
	connection_t *conn;

	attr_container_set_string(&args, "address", "127.0.0.1");
	attr_container_set_uint16(&args, "port", PORT);
	printf("%d\n", api_open_connection("SERIAL", args, on_event, NULL) == NULL);
	conn = api_open_connection("TCP", args, on_event, "me");
	api_send_on_connection(conn, "hello", 5);
	attr_container_destroy(args);
}
