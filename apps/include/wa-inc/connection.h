/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connections; source compatible with the header of this name of WAMR's application framework.
 */

#ifndef ZONDA_APP_CONNECTION_H
#define ZONDA_APP_CONNECTION_H

#include "bi-inc/attr_container.h"

#ifdef __cplusplus
extern "C" {
#endif

struct _connection;
typedef struct _connection connection_t;

typedef enum {
	CONN_EVENT_TYPE_DATA = 1,      /* data has come */
	CONN_EVENT_TYPE_DISCONNECT = 2 /* the other side has closed the connection */
} conn_event_type_t;

/* Handles what comes. The data is freed when the function returns. */
typedef void (*on_connection_event_f)(connection_t *conn, conn_event_type_t type, const char *data,
				      uint32 len, void *user_data);

/*
 * Opens a connection: "TCP" or "UDP", with the attributes "address" (text) and "port". NULL if that
 * fails, or if the application has as many as it may.
 */
connection_t *api_open_connection(const char *name, attr_container_t *args,
				  on_connection_event_f on_event, void *user_data);

/* Closes and frees a connection. */
void api_close_connection(connection_t *conn);

/* Sends without waiting. How many bytes were taken; -1 if none was. */
int api_send_on_connection(connection_t *conn, const char *data, uint32 len);

/* Configures a connection. False: no kind of connection has anything to configure yet. */
bool api_config_connection(connection_t *conn, attr_container_t *cfg);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_APP_CONNECTION_H */
