/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The line between the GDB remote stub (clib/src/debug.rs) and a debugger: a TCP port, at which one debugger
 * after the other attaches. A thread of its own accepts and receives; the stub reads and writes on the thread
 * that runs the program.
 */

#include <errno.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/net/socket.h>

LOG_MODULE_DECLARE(zonda, CONFIG_ZONDA_LOG_LEVEL);

/* How often the thread looks whether the stub has closed the connection: it may not close a socket for which
 * another thread waits.
 */
#define LOOK_MS 100

/* The connection. The thread goes from NONE to CONNECTED, from there to GONE when the debugger has ended it,
 * and from CLOSING to NONE; the stub from CONNECTED to CLOSING, and from GONE to NONE.
 */
enum connection {
	NONE,
	CONNECTED,
	GONE,
	CLOSING,
};
static atomic_t state = ATOMIC_INIT(NONE);
static int sock = -1;

/* What was received and not read. The thread fills it when it is empty, and then waits until the program's
 * thread has read all of it.
 */
static uint8_t received[128];
static size_t first;
static atomic_t count;
static K_SEM_DEFINE(arrived, 0, 1);
static K_SEM_DEFINE(noticed, 0, 1);

/* What was written and not sent. */
static uint8_t written[128];
static size_t used;

/* The stub frees what a request to stop uses when it has set `running` to false: both under the lock. */
static bool running;
static struct k_spinlock lock;
static bool started;

static K_THREAD_STACK_DEFINE(stack, CONFIG_ZONDA_DEBUG_TCP_STACK_SIZE);
static struct k_thread thread;

/* In clib/src/debug.rs. */
void zonda_debug_received(void);

/* The program stops, if it runs. */
static void ask(void)
{
	k_spinlock_key_t key = k_spin_lock(&lock);

	if (running) {
		zonda_debug_received();
	}
	k_spin_unlock(&lock, key);
}

static bool is_ready(short events, int32_t timeout)
{
	struct zsock_pollfd poll = {.fd = sock, .events = events};

	return zsock_poll(&poll, 1, timeout) != 0;
}

/* Receives until the connection ends. */
static void receive(void)
{
	while (atomic_get(&state) == CONNECTED) {
		ssize_t got;

		if (!is_ready(ZSOCK_POLLIN, LOOK_MS)) {
			continue;
		}
		got = zsock_recv(sock, received, sizeof(received), ZSOCK_MSG_DONTWAIT);
		if (got < 0 && errno == EAGAIN) {
			continue;
		}
		if (got <= 0) {
			return;
		}
		first = 0;
		atomic_set(&count, got);
		k_sem_give(&arrived);
		ask();
		while (atomic_get(&count) != 0 && atomic_get(&state) == CONNECTED) {
			(void)k_sem_take(&noticed, K_MSEC(LOOK_MS));
		}
	}
}

static int open_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(CONFIG_ZONDA_DEBUG_TCP_PORT),
	};
	int on = 1;
	int port = zsock_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);

	if (port < 0) {
		return -1;
	}
	(void)zsock_setsockopt(port, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (zsock_inet_pton(AF_INET, CONFIG_ZONDA_DEBUG_TCP_ADDRESS, &address.sin_addr) != 1 ||
	    zsock_bind(port, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    zsock_listen(port, 1) != 0) {
		(void)zsock_close(port);
		return -1;
	}
	return port;
}

static void serve(void *a, void *b, void *c)
{
	int port = open_port();

	ARG_UNUSED(a);
	ARG_UNUSED(b);
	ARG_UNUSED(c);
	if (port < 0) {
		LOG_ERR("no TCP port %d at %s for the debugger: error %d", CONFIG_ZONDA_DEBUG_TCP_PORT,
			CONFIG_ZONDA_DEBUG_TCP_ADDRESS, errno);
		return;
	}
	while (true) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);
		int on = 1;

		sock = zsock_accept(port, (struct sockaddr *)&peer, &len);
		if (sock < 0) {
			k_msleep(LOOK_MS);
			continue;
		}
		/* Packets are short, and the debugger waits for each. */
		(void)zsock_setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		atomic_set(&state, CONNECTED);
		k_sem_give(&arrived);
		ask();
		receive();
		if (atomic_cas(&state, CONNECTED, GONE)) {
			k_sem_give(&arrived);
			ask();
			/* The next debugger is another session: the stub has to notice the end of this
			 * one first.
			 */
			while (atomic_get(&state) == GONE) {
				(void)k_sem_take(&noticed, K_MSEC(LOOK_MS));
			}
		}
		atomic_set(&count, 0);
		(void)zsock_close(sock);
		atomic_set(&state, NONE);
	}
}

static void start(void)
{
	if (started) {
		return;
	}
	started = true;
	/* It receives before the program runs on, and waits nearly always. */
	(void)k_thread_create(&thread, stack, K_THREAD_STACK_SIZEOF(stack), serve, NULL, NULL, NULL,
			      K_PRIO_COOP(CONFIG_NUM_COOP_PRIORITIES - 1), 0, K_NO_WAIT);
	(void)k_thread_name_set(&thread, "zonda_debug");
}

bool zonda_debug_is_connected(void)
{
	return atomic_get(&state) == CONNECTED || atomic_get(&count) != 0;
}

int32_t zonda_debug_read(bool wait)
{
	uint8_t byte;

	while (atomic_get(&count) == 0) {
		if (!wait || !zonda_debug_is_connected()) {
			return -1;
		}
		(void)k_sem_take(&arrived, K_FOREVER);
	}
	byte = received[first++];
	if (atomic_dec(&count) == 1) {
		k_sem_give(&noticed);
	}
	return byte;
}

void zonda_debug_flush(void)
{
	size_t at = 0;

	while (at < used && atomic_get(&state) == CONNECTED) {
		ssize_t sent = zsock_send(sock, &written[at], used - at, ZSOCK_MSG_DONTWAIT);

		if (sent >= 0) {
			at += sent;
		} else if (errno != EAGAIN) {
			break;
		} else {
			(void)is_ready(ZSOCK_POLLOUT, LOOK_MS);
		}
	}
	used = 0;
}

void zonda_debug_write(uint8_t byte)
{
	if (used == sizeof(written)) {
		zonda_debug_flush();
	}
	written[used++] = byte;
}

static void set_running(bool is_running)
{
	k_spinlock_key_t key = k_spin_lock(&lock);

	running = is_running;
	k_spin_unlock(&lock, key);
}

void zonda_debug_set_running(bool is_running)
{
	set_running(is_running);
	start();
	/* What has come before is noticed now. */
	if (is_running && (atomic_get(&count) != 0 || atomic_get(&state) == GONE)) {
		ask();
	}
}

void zonda_debug_close(void)
{
	used = 0;
	atomic_set(&count, 0);
	if (!atomic_cas(&state, CONNECTED, CLOSING)) {
		(void)atomic_cas(&state, GONE, NONE);
	}
	set_running(true);
	k_sem_give(&noticed);
}

void zonda_debug_wait(void)
{
	if (!IS_ENABLED(CONFIG_ZONDA_DEBUG_WAIT) || zonda_debug_is_connected()) {
		return;
	}
	LOG_INF("waiting for a debugger at TCP port %d", CONFIG_ZONDA_DEBUG_TCP_PORT);
	while (!zonda_debug_is_connected()) {
		(void)k_sem_take(&arrived, K_FOREVER);
	}
}

const char *zonda_debug_name(void)
{
	return CONFIG_ZONDA_DEBUG_NAME;
}
