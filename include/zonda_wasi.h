/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What WASI needs of a firmware beyond zonda_platform.h: zephyr/zonda_wasi.c defines it for Zephyr.
 * Functions return 0 or an error number of WASI (wasi/src/types.rs), unless they say otherwise.
 */

#ifndef ZONDA_WASI_H
#define ZONDA_WASI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types of files, by the numbers of WASI. */
#define ZONDA_WASI_DIRECTORY 3
#define ZONDA_WASI_REGULAR   4

/* How a file is opened. */
#define ZONDA_WASI_READ   1
#define ZONDA_WASI_WRITE  2
#define ZONDA_WASI_CREATE 4

/* Attributes of a file, and an entry of a directory. */
typedef struct zonda_wasi_stat_t {
	uint64_t size;
	/* A type of files. */
	uint32_t type;
	/* An entry's name, without a NUL. */
	uint32_t name_len;
	char name[256];
} zonda_wasi_stat_t;

/* Prints to standard output (1) or standard error (2). */
void zonda_wasi_print(int stream, const char *text, size_t len);
/* Reads from standard input; stores how many bytes, 0 at its end. With CONFIG_ZONDA_WASI_INPUT it does
 * not wait: 6 (again) when there is nothing yet. */
int zonda_wasi_read_input(char *to, size_t len, size_t *count);
/* With CONFIG_ZONDA_WASI_INPUT or sockets: whether reading would return something, or the end. */
bool zonda_wasi_input_ready(void);
/* Stores the time of a clock in nanoseconds: 0 real time, 1 monotonic. */
int zonda_wasi_clock(uint32_t clock, uint64_t *time);
/* The resolution of the clocks in nanoseconds. */
uint64_t zonda_wasi_resolution(void);
/* Fills with random bytes that nobody can predict. */
int zonda_wasi_random(uint8_t *to, size_t len);
/* Lets other threads run; sleeps. */
void zonda_wasi_yield(void);
void zonda_wasi_sleep(uint32_t milliseconds);

/* Files. Paths are absolute and end with NUL; a file is a pointer of the platform's own. */
int zonda_wasi_open(const char *path, uint32_t flags, void **file);
void zonda_wasi_close(void *file);
int zonda_wasi_read(void *file, uint8_t *to, size_t len, size_t *count);
int zonda_wasi_write(void *file, const uint8_t *from, size_t len, size_t *count);
/* Moves the position: whence is 0 from the beginning, 1 from the position, 2 from the end. */
int zonda_wasi_seek(void *file, int64_t offset, uint32_t whence, uint64_t *position);
int zonda_wasi_set_size(void *file, uint64_t size);
int zonda_wasi_sync(void *file);
int zonda_wasi_stat(const char *path, zonda_wasi_stat_t *stat);
/* Calls `each` for every entry until it returns false. */
int zonda_wasi_read_dir(const char *path, bool (*each)(void *data, const zonda_wasi_stat_t *entry),
			void *data);
int zonda_wasi_create_dir(const char *path);
/* Removes a file or an empty directory. */
int zonda_wasi_remove(const char *path);
int zonda_wasi_rename(const char *from, const char *to);

/* Sockets, with CONFIG_ZONDA_WASI_SOCKETS_EXT: numbers of the platform's. No function but connecting
 * and looking up waits: 6 (again) when it would. */

/* An address of IPv4, 4 bytes, or IPv6, 16; the port as a number. */
typedef struct zonda_wasi_address_t {
	uint8_t ip[16];
	uint16_t port;
	bool ipv6;
} zonda_wasi_address_t;

/* Options, by their numbers in wasi/src/platform.rs. */
enum zonda_wasi_option {
	ZONDA_WASI_BROADCAST,
	ZONDA_WASI_KEEP_ALIVE,
	ZONDA_WASI_REUSE_ADDR,
	ZONDA_WASI_REUSE_PORT,
	ZONDA_WASI_TCP_FASTOPEN_CONNECT,
	ZONDA_WASI_TCP_NO_DELAY,
	ZONDA_WASI_TCP_QUICK_ACK,
	ZONDA_WASI_IPV6_ONLY,
	ZONDA_WASI_IP_MULTICAST_LOOP,
	ZONDA_WASI_IPV6_MULTICAST_LOOP,
	ZONDA_WASI_IP_MULTICAST_TTL,
	ZONDA_WASI_IP_TTL,
	ZONDA_WASI_RECV_BUF_SIZE,
	ZONDA_WASI_SEND_BUF_SIZE,
	ZONDA_WASI_TCP_KEEP_IDLE,
	ZONDA_WASI_TCP_KEEP_INTVL,
	ZONDA_WASI_LINGER,
};

/* What is waited for: the socket can be read, or written. The rest is set by zonda_wasi_poll(). */
typedef struct zonda_wasi_wait_t {
	int socket;
	bool write;
	bool ready;
	bool hangup;
	bool failed;
} zonda_wasi_wait_t;

/* Waits until one of the sockets is ready or the time has passed. */
int zonda_wasi_poll(zonda_wasi_wait_t *waits, size_t count, uint32_t milliseconds);
int zonda_wasi_socket_open(bool ipv6, bool stream, int *number);
void zonda_wasi_socket_close(int number);
int zonda_wasi_socket_bind(int number, const zonda_wasi_address_t *to);
int zonda_wasi_socket_listen(int number, uint32_t backlog);
int zonda_wasi_socket_connect(int number, const zonda_wasi_address_t *to);
int zonda_wasi_socket_address(int number, bool remote, zonda_wasi_address_t *address);
int zonda_wasi_socket_accept(int number, int *accepted);
/* Receives; stores the sender unless `from` is NULL. */
int zonda_wasi_socket_receive(int number, uint8_t *to, size_t len, bool peek,
			      zonda_wasi_address_t *from, size_t *count);
/* Sends, to the other side if `to` is NULL. */
int zonda_wasi_socket_send(int number, const uint8_t *from, size_t len,
			   const zonda_wasi_address_t *to, size_t *count);
/* Ends receiving (1), sending (2) or both. */
int zonda_wasi_socket_shutdown(int number, uint32_t how);
/* 50 (noprotoopt) for an option that the platform does not have. */
int zonda_wasi_socket_option(int number, uint32_t option, int32_t *value);
int zonda_wasi_socket_set_option(int number, uint32_t option, int32_t value);
int zonda_wasi_socket_membership(int number, const zonda_wasi_address_t *group,
				 uint32_t interface, bool join);
/* Calls `each` for the addresses of a name; the family is 4, 6, or 0 for both. */
int zonda_wasi_resolve(const char *host, const char *service, uint32_t family,
		       void (*each)(void *data, const zonda_wasi_address_t *address), void *data);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_WASI_H */
