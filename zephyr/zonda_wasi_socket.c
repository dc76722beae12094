/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sockets of WASI programs on Zephyr, include/zonda_wasi.h: zsock_*. The sockets of Zephyr wait, and
 * are asked with MSG_DONTWAIT or zsock_poll() whether they would.
 */

#include <errno.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>
#include <zephyr/sys/util.h>

#include "zonda_platform.h"
#include "zonda_wasi.h"

#define AGAIN      6
#define NOMEM      48
#define NOPROTOOPT 50
#define NOENT      44
#define NOTSUP     58

/* WASI's number for errno. */
static int failed(void)
{
	static const struct {
		uint8_t zephyr;
		uint8_t wasi;
	} numbers[] = {
		{EACCES, 2},           {EADDRINUSE, 3},   {EADDRNOTAVAIL, 4}, {EAFNOSUPPORT, 5},
		{EAGAIN, AGAIN},       {EALREADY, 7},     {EBADF, 8},         {EBUSY, 10},
		{ECONNABORTED, 13},    {ECONNREFUSED, 14}, {ECONNRESET, 15},  {EDESTADDRREQ, 17},
		{EHOSTUNREACH, 23},    {EINPROGRESS, 26}, {EINTR, 27},        {EINVAL, 28},
		{EISCONN, 30},         {EMFILE, 33},      {EMSGSIZE, 35},     {ENETDOWN, 38},
		{ENETUNREACH, 40},     {ENFILE, 41},      {ENOBUFS, 42},      {ENOENT, NOENT},
		{ENOMEM, NOMEM},       {ENOPROTOOPT, NOPROTOOPT}, {ENOTCONN, 53}, {ENOTSOCK, 57},
		{ENOTSUP, NOTSUP},     {EPERM, 63},       {EPIPE, 64},        {EPROTONOSUPPORT, 66},
		{EPROTOTYPE, 67},      {ETIMEDOUT, 73},
	};

	if (errno == EWOULDBLOCK) {
		return AGAIN;
	}
	if (errno == EOPNOTSUPP) {
		return NOTSUP;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (numbers[i].zephyr == errno) {
			return numbers[i].wasi;
		}
	}
	return 29;
}

static int outcome(int result)
{
	return result < 0 ? failed() : 0;
}

/* An address of Zephyr's; returns its size. */
static socklen_t to_zephyr(const zonda_wasi_address_t *from, struct sockaddr *to)
{
	memset(to, 0, sizeof(*to));
	if (from->ipv6) {
		to->sa_family = AF_INET6;
		net_sin6(to)->sin6_port = htons(from->port);
		memcpy(&net_sin6(to)->sin6_addr, from->ip, sizeof(struct in6_addr));
		return sizeof(struct sockaddr_in6);
	}
	to->sa_family = AF_INET;
	net_sin(to)->sin_port = htons(from->port);
	memcpy(&net_sin(to)->sin_addr, from->ip, sizeof(struct in_addr));
	return sizeof(struct sockaddr_in);
}

static void from_zephyr(const struct sockaddr *from, zonda_wasi_address_t *to)
{
	memset(to, 0, sizeof(*to));
	if (from->sa_family == AF_INET6) {
		to->ipv6 = true;
		to->port = ntohs(net_sin6(from)->sin6_port);
		memcpy(to->ip, &net_sin6(from)->sin6_addr, sizeof(struct in6_addr));
	} else if (from->sa_family == AF_INET) {
		to->port = ntohs(net_sin(from)->sin_port);
		memcpy(to->ip, &net_sin(from)->sin_addr, sizeof(struct in_addr));
	}
}

int zonda_wasi_poll(zonda_wasi_wait_t *waits, size_t count, uint32_t milliseconds)
{
	struct zsock_pollfd *fds = zonda_platform_alloc(count * sizeof(*fds), sizeof(void *));
	int result;

	if (fds == NULL) {
		return NOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		fds[i].fd = waits[i].socket;
		fds[i].events = waits[i].write ? ZSOCK_POLLOUT : ZSOCK_POLLIN;
		fds[i].revents = 0;
	}
	result = zsock_poll(fds, count, milliseconds);
	for (size_t i = 0; i < count && result >= 0; i++) {
		waits[i].ready = fds[i].revents != 0;
		waits[i].hangup = (fds[i].revents & ZSOCK_POLLHUP) != 0;
		waits[i].failed = (fds[i].revents & (ZSOCK_POLLERR | ZSOCK_POLLNVAL)) != 0;
	}
	zonda_platform_free(fds);
	return outcome(result);
}

int zonda_wasi_socket_open(bool ipv6, bool stream, int *number)
{
	*number = zsock_socket(ipv6 ? AF_INET6 : AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM,
			       stream ? IPPROTO_TCP : IPPROTO_UDP);
	return outcome(*number);
}

void zonda_wasi_socket_close(int number)
{
	(void)zsock_close(number);
}

int zonda_wasi_socket_bind(int number, const zonda_wasi_address_t *to)
{
	struct sockaddr address;
	socklen_t len = to_zephyr(to, &address);

	return outcome(zsock_bind(number, &address, len));
}

int zonda_wasi_socket_listen(int number, uint32_t backlog)
{
	return outcome(zsock_listen(number, MIN(backlog, INT_MAX)));
}

/* Waits, CONFIG_NET_SOCKETS_CONNECT_TIMEOUT at most. */
int zonda_wasi_socket_connect(int number, const zonda_wasi_address_t *to)
{
	struct sockaddr address;
	socklen_t len = to_zephyr(to, &address);

	return outcome(zsock_connect(number, &address, len));
}

int zonda_wasi_socket_address(int number, bool remote, zonda_wasi_address_t *to)
{
	struct sockaddr address = {0};
	socklen_t len = sizeof(address);
	int result = remote ? zsock_getpeername(number, &address, &len)
			    : zsock_getsockname(number, &address, &len);

	from_zephyr(&address, to);
	return outcome(result);
}

int zonda_wasi_socket_accept(int number, int *accepted)
{
	struct zsock_pollfd fd = {.fd = number, .events = ZSOCK_POLLIN};
	int ready = zsock_poll(&fd, 1, 0);

	if (ready <= 0) {
		return ready == 0 ? AGAIN : failed();
	}
	*accepted = zsock_accept(number, NULL, NULL);
	return outcome(*accepted);
}

int zonda_wasi_socket_receive(int number, uint8_t *to, size_t len, bool peek,
			      zonda_wasi_address_t *from, size_t *count)
{
	struct sockaddr address = {0};
	socklen_t size = sizeof(address);
	int flags = ZSOCK_MSG_DONTWAIT | (peek ? ZSOCK_MSG_PEEK : 0);
	ssize_t done = zsock_recvfrom(number, to, len, flags, from == NULL ? NULL : &address,
				      from == NULL ? NULL : &size);

	if (from != NULL) {
		from_zephyr(&address, from);
	}
	*count = MAX(done, 0);
	return outcome((int)MIN(done, 0));
}

int zonda_wasi_socket_send(int number, const uint8_t *from, size_t len,
			   const zonda_wasi_address_t *to, size_t *count)
{
	struct sockaddr address;
	socklen_t size = to == NULL ? 0 : to_zephyr(to, &address);
	ssize_t done = zsock_sendto(number, from, len, ZSOCK_MSG_DONTWAIT,
				    to == NULL ? NULL : &address, size);

	*count = MAX(done, 0);
	return outcome((int)MIN(done, 0));
}

int zonda_wasi_socket_shutdown(int number, uint32_t how)
{
	static const uint8_t directions[] = {ZSOCK_SHUT_RD, ZSOCK_SHUT_WR, ZSOCK_SHUT_RDWR};

	return outcome(zsock_shutdown(number, directions[CLAMP(how, 1, 3) - 1]));
}

/* Where Zephyr has an option. */
static bool find(uint32_t option, int *level, int *name)
{
	static const struct {
		uint8_t option;
		uint8_t level;
		uint8_t name;
	} options[] = {
		{ZONDA_WASI_KEEP_ALIVE, SOL_SOCKET, SO_KEEPALIVE},
		{ZONDA_WASI_REUSE_ADDR, SOL_SOCKET, SO_REUSEADDR},
		{ZONDA_WASI_REUSE_PORT, SOL_SOCKET, SO_REUSEPORT},
		{ZONDA_WASI_RECV_BUF_SIZE, SOL_SOCKET, SO_RCVBUF},
		{ZONDA_WASI_SEND_BUF_SIZE, SOL_SOCKET, SO_SNDBUF},
		{ZONDA_WASI_TCP_NO_DELAY, IPPROTO_TCP, TCP_NODELAY},
		{ZONDA_WASI_TCP_KEEP_IDLE, IPPROTO_TCP, TCP_KEEPIDLE},
		{ZONDA_WASI_TCP_KEEP_INTVL, IPPROTO_TCP, TCP_KEEPINTVL},
		{ZONDA_WASI_IPV6_ONLY, IPPROTO_IPV6, IPV6_V6ONLY},
#ifdef IP_TTL
		{ZONDA_WASI_IP_TTL, IPPROTO_IP, IP_TTL},
#endif
#ifdef IP_MULTICAST_TTL
		{ZONDA_WASI_IP_MULTICAST_TTL, IPPROTO_IP, IP_MULTICAST_TTL},
#endif
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (options[i].option == option) {
			*level = options[i].level;
			*name = options[i].name;
			return true;
		}
	}
	return false;
}

int zonda_wasi_socket_option(int number, uint32_t option, int32_t *value)
{
	int level, name, own = 0;
	socklen_t len = sizeof(own);
	int result;

	if (!find(option, &level, &name)) {
		return NOPROTOOPT;
	}
	result = zsock_getsockopt(number, level, name, &own, &len);
	*value = own;
	return outcome(result);
}

int zonda_wasi_socket_set_option(int number, uint32_t option, int32_t value)
{
	int level, name, own = value;

	if (!find(option, &level, &name)) {
		return NOPROTOOPT;
	}
	return outcome(zsock_setsockopt(number, level, name, &own, sizeof(own)));
}

int zonda_wasi_socket_membership(int number, const zonda_wasi_address_t *group,
				 uint32_t interface, bool join)
{
#if defined(CONFIG_NET_IPV6) && defined(IPV6_ADD_MEMBERSHIP)
	if (group->ipv6) {
		struct ipv6_mreq request = {.ipv6mr_ifindex = interface};

		memcpy(&request.ipv6mr_multiaddr, group->ip, sizeof(request.ipv6mr_multiaddr));
		return outcome(zsock_setsockopt(
			number, IPPROTO_IPV6,
			join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request,
			sizeof(request)));
	}
#endif
#if defined(CONFIG_NET_IPV4) && defined(IP_ADD_MEMBERSHIP)
	if (!group->ipv6) {
		struct ip_mreqn request = {0};

		memcpy(&request.imr_multiaddr, group->ip, sizeof(request.imr_multiaddr));
		/* The word is the address of the interface, in the order of the network. */
		memcpy(&request.imr_address, &interface, sizeof(request.imr_address));
		return outcome(zsock_setsockopt(
			number, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
			&request, sizeof(request)));
	}
#endif
	return NOTSUP;
}

/* Waits as long as the resolver does, CONFIG_NET_SOCKETS_DNS_TIMEOUT. */
int zonda_wasi_resolve(const char *host, const char *service, uint32_t family,
		       void (*each)(void *data, const zonda_wasi_address_t *address), void *data)
{
	struct zsock_addrinfo hints = {
		.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct zsock_addrinfo *found = NULL;
	int result = zsock_getaddrinfo(host, service[0] == '\0' ? NULL : service, &hints, &found);

	if (result != 0) {
		switch (result) {
		case DNS_EAI_AGAIN:
			return AGAIN;
		case DNS_EAI_MEMORY:
			return NOMEM;
		default:
			return NOENT;
		}
	}
	for (struct zsock_addrinfo *next = found; next != NULL; next = next->ai_next) {
		zonda_wasi_address_t address;

		from_zephyr(next->ai_addr, &address);
		each(data, &address);
	}
	zsock_freeaddrinfo(found);
	return 0;
}
