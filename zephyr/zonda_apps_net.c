/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connections of applications over TCP and UDP, with Zephyr's sockets. One thread reads all of
 * them. manager-c/src/net.rs calls the functions.
 */

#include <errno.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>
#include <zephyr/sys/util.h>

#include "zonda_apps_platform.h"

#define MOST  CONFIG_ZONDA_APPS_CONNECTIONS_MAX
#define CHUNK CONFIG_ZONDA_APPS_CONNECTIONS_CHUNK

/* Until the reader looks at connections that have been opened or closed meanwhile, and until it
 * offers again what an application had no room for, in milliseconds. */
#define LOOK  100
#define AGAIN 5

static struct connection {
	zonda_apps_owner_t owner;
	/* -1 for none. */
	int socket;
	bool is_stream;
	/* The application was told that the other side has closed it. */
	bool is_over;
	/* The application has closed it; the reader does, which may be waiting for it. */
	bool is_closing;
	/* What has been read and not been taken; `is_held` also for the end, which has no bytes. */
	bool is_held;
	uint16_t len;
	uint8_t chunk[CHUNK];
} connections[MOST] = {[0 ... MOST - 1] = {.socket = -1}};

/* For the table. The reader has it while it gives something to an application, so that nothing is
 * given for a connection that was closed. */
static K_MUTEX_DEFINE(mutex);
/* Something is open. */
static K_SEM_DEFINE(open_sem, 0, 1);

static struct connection *find(const zonda_apps_owner_t *owner)
{
	for (size_t i = 0; i < MOST; i++) {
		if (connections[i].socket >= 0 && !connections[i].is_closing &&
		    memcmp(&connections[i].owner, owner, sizeof(*owner)) == 0) {
			return &connections[i];
		}
	}
	return NULL;
}

static bool parse(const char *address, uint16_t port, struct sockaddr *to, socklen_t *len)
{
	struct sockaddr_in *ipv4 = net_sin(to);
	struct sockaddr_in6 *ipv6 = net_sin6(to);

	memset(to, 0, sizeof(*to));
	if (zsock_inet_pton(AF_INET, address, &ipv4->sin_addr) == 1) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons(port);
		*len = sizeof(*ipv4);
		return true;
	}
	if (IS_ENABLED(CONFIG_NET_IPV6) && zsock_inet_pton(AF_INET6, address, &ipv6->sin6_addr) == 1) {
		ipv6->sin6_family = AF_INET6;
		ipv6->sin6_port = htons(port);
		*len = sizeof(*ipv6);
		return true;
	}
	return false;
}

bool zonda_apps_connect(const zonda_apps_owner_t *owner, bool is_stream, const char *address,
			uint16_t port)
{
	struct sockaddr to;
	socklen_t len;
	int socket;
	bool is_open = false;

	if (!parse(address, port, &to, &len)) {
		return false;
	}
	socket = zsock_socket(to.sa_family, is_stream ? SOCK_STREAM : SOCK_DGRAM,
			      is_stream ? IPPROTO_TCP : IPPROTO_UDP);
	if (socket < 0) {
		return false;
	}
	/* The thread of the application waits: CONFIG_NET_SOCKETS_CONNECT_TIMEOUT. */
	if (zsock_connect(socket, &to, len) == 0) {
		(void)k_mutex_lock(&mutex, K_FOREVER);
		for (size_t i = 0; i < MOST && !is_open; i++) {
			if (connections[i].socket < 0) {
				connections[i].owner = *owner;
				connections[i].is_stream = is_stream;
				connections[i].is_held = false;
				connections[i].is_over = false;
				connections[i].is_closing = false;
				connections[i].socket = socket;
				is_open = true;
			}
		}
		(void)k_mutex_unlock(&mutex);
	}
	if (is_open) {
		k_sem_give(&open_sem);
	} else {
		(void)zsock_close(socket);
	}
	return is_open;
}

int zonda_apps_send(const zonda_apps_owner_t *owner, const void *data, size_t len)
{
	struct connection *connection;
	int sent = -1;

	(void)k_mutex_lock(&mutex, K_FOREVER);
	connection = find(owner);
	if (connection != NULL) {
		sent = (int)zsock_send(connection->socket, data, len, ZSOCK_MSG_DONTWAIT);
	}
	(void)k_mutex_unlock(&mutex);
	return sent;
}

void zonda_apps_disconnect(const zonda_apps_owner_t *owner)
{
	struct connection *connection;

	(void)k_mutex_lock(&mutex, K_FOREVER);
	connection = find(owner);
	if (connection != NULL) {
		connection->is_closing = true;
	}
	(void)k_mutex_unlock(&mutex);
}

/* Reads what has come. With the mutex. */
static void read_from(struct connection *connection)
{
	ssize_t len = zsock_recv(connection->socket, connection->chunk, CHUNK, ZSOCK_MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || !connection->is_stream)) {
		return;
	}
	/* 0 is the end of a stream, and nothing of datagrams. A stream that fails has ended. */
	if (len <= 0 && !connection->is_stream) {
		return;
	}
	connection->len = len < 0 ? 0 : (uint16_t)len;
	connection->is_held = true;
}

/* Gives it to the application. Of a stream nothing is lost: it is offered again. */
static void give(struct connection *connection)
{
	bool is_taken = zonda_apps_received(&connection->owner, connection->chunk, connection->len);

	if (!is_taken && connection->is_stream) {
		return;
	}
	connection->is_held = false;
	/* Then nothing more comes; the application closes it. */
	connection->is_over = connection->len == 0;
}

static void receive(void *unused1, void *unused2, void *unused3)
{
	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);

	while (true) {
		struct zsock_pollfd polled[MOST];
		size_t places[MOST];
		size_t count = 0;
		bool is_open = false;
		int timeout = LOOK;

		(void)k_mutex_lock(&mutex, K_FOREVER);
		for (size_t i = 0; i < MOST; i++) {
			if (connections[i].socket < 0) {
				continue;
			}
			if (connections[i].is_closing) {
				(void)zsock_close(connections[i].socket);
				connections[i].socket = -1;
				continue;
			}
			is_open = true;
			if (connections[i].is_held) {
				timeout = AGAIN;
			} else if (!connections[i].is_over) {
				polled[count] = (struct zsock_pollfd){.fd = connections[i].socket,
								      .events = ZSOCK_POLLIN};
				places[count++] = i;
			}
		}
		(void)k_mutex_unlock(&mutex);
		if (!is_open) {
			(void)k_sem_take(&open_sem, K_FOREVER);
			continue;
		}
		if (count == 0) {
			k_msleep(timeout);
		} else {
			(void)zsock_poll(polled, (int)count, timeout);
		}
		(void)k_mutex_lock(&mutex, K_FOREVER);
		for (size_t i = 0; i < count; i++) {
			struct connection *connection = &connections[places[i]];

			if (!connection->is_closing && polled[i].revents != 0) {
				read_from(connection);
			}
		}
		for (size_t i = 0; i < MOST; i++) {
			if (connections[i].socket >= 0 && !connections[i].is_closing &&
			    connections[i].is_held) {
				give(&connections[i]);
			}
		}
		(void)k_mutex_unlock(&mutex);
	}
}

K_THREAD_DEFINE(zonda_apps_receiver, CONFIG_ZONDA_APPS_CONNECTIONS_STACK_SIZE, receive, NULL, NULL,
		NULL, CONFIG_ZONDA_APPS_PRIORITY, 0, 0);
