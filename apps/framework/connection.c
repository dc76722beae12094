/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connections.
 */

#include "host.h"
#include "wa-inc/connection.h"

struct _connection {
	struct _connection *next;
	uint32 number;
	on_connection_event_f function;
	void *user_data;
};

static struct _connection *connections;

connection_t *api_open_connection(const char *name, attr_container_t *args,
				  on_connection_event_f on_event, void *user_data)
{
	struct _connection *connection = malloc(sizeof(*connection));

	if (connection == NULL) {
		return NULL;
	}
	connection->number = wasm_open_connection(name, (const char *)args,
						  attr_container_get_serialize_length(args));
	if (connection->number == NONE) {
		free(connection);
		return NULL;
	}
	connection->function = on_event;
	connection->user_data = user_data;
	connection->next = connections;
	connections = connection;
	return connection;
}

void api_close_connection(connection_t *conn)
{
	struct _connection **at = &connections;

	while (*at != NULL && *at != conn) {
		at = &(*at)->next;
	}
	if (*at != NULL) {
		*at = conn->next;
		wasm_close_connection(conn->number);
		free(conn);
	}
}

int api_send_on_connection(connection_t *conn, const char *data, uint32 len)
{
	return wasm_send_on_connection(conn->number, data, len);
}

bool api_config_connection(connection_t *conn, attr_container_t *cfg)
{
	return wasm_config_connection(conn->number, (const char *)cfg,
				      attr_container_get_serialize_length(cfg));
}

ENTRY(on_connection_data) void on_connection_data(uint32 number, char *buffer, uint32 size)
{
	struct _connection *conn;

	for (conn = connections; conn != NULL; conn = conn->next) {
		if (conn->number == number) {
			conn->function(
				conn, size == 0 ? CONN_EVENT_TYPE_DISCONNECT : CONN_EVENT_TYPE_DATA,
				buffer, size, conn->user_data);
			return;
		}
	}
}
