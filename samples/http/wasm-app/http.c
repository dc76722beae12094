/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A small HTTP server for WASI. Sockets are opened with the functions that WAMR's lib-socket has; what
 * is received and sent goes through read() and write().
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Functions and structures of wasi_socket_ext.h. */
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int name
WASI(sock_open)(int pool, int family, int type, int *fd);
WASI(sock_bind)(int fd, const void *address);
WASI(sock_listen)(int fd, int backlog);
WASI(sock_accept)(int fd, int flags, int *accepted);
WASI(sock_set_recv_timeout)(int fd, uint64_t microseconds);

struct address {
	int kind; /* IPv4 */
	uint8_t ip[4];
	uint16_t port;
	uint8_t rest[14];
};

static int answer(int fd)
{
	static char request[512];
	static char response[256];
	size_t len = 0;
	char path[64];

	while (len < sizeof(request) - 1) {
		ssize_t count = read(fd, request + len, sizeof(request) - 1 - len);

		if (count <= 0) {
			return 1;
		}
		len += count;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n") != NULL) {
			break;
		}
	}
	const char *end = strncmp(request, "GET ", 4) == 0 ? strchr(request + 4, ' ') : NULL;

	snprintf(path, sizeof(path), "%.*s", end == NULL ? 1 : (int)(end - request - 4),
		 end == NULL ? "?" : request + 4);
	printf("server: GET %s\n", path);
	int known = strcmp(path, "/hello") == 0 || strcmp(path, "/quit") == 0;
	len = snprintf(response, sizeof(response), "HTTP/1.0 %s\r\nContent-Type: text/plain\r\n\r\n%s %s\n",
		       known ? "200 OK" : "404 Not Found", known ? "hello from WebAssembly," : "there is no",
		       path);
	write(fd, response, len);
	return strcmp(path, "/quit") != 0;
}

/* Without arguments: for them the C library would use a heap that ends with the page. */
int main(void)
{
	struct address any = {.ip = {127, 0, 0, 1}, .port = 8080};
	struct address other = {.ip = {192, 0, 2, 1}, .port = 8080};
	int server, client, error, more = 1;

	error = sock_open(-1, 0, 1, &server);
	if (error != 0) {
		printf("socket: error %d\n", error);
		return 1;
	}
	/* The firmware allows 127.0.0.1 alone. */
	printf("server: 192.0.2.1 is %s\n", sock_bind(server, &other) == 2 ? "denied" : "allowed");
	error = sock_bind(server, &any);
	if (error == 0) {
		error = sock_listen(server, 2);
	}
	if (error != 0) {
		printf("bind, listen: error %d\n", error);
		return 1;
	}
	printf("server: listens\n");
	while (more) {
		error = sock_accept(server, 0, &client);
		if (error != 0) {
			printf("accept: error %d\n", error);
			return 1;
		}
		/* A client that says nothing does not keep the others. */
		sock_set_recv_timeout(client, 2000000);
		more = answer(client);
		close(client);
	}
	close(server);
	return 7;
}
