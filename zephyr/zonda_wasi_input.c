/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Standard input of WASI programs on Zephyr: what the UART of the console receives. A carriage return
 * becomes a line feed, and Ctrl-D (4) is the end of the input. Nothing is echoed.
 */

#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/ring_buffer.h>

#include "zonda_wasi.h"

#define AGAIN       6
#define END_OF_FILE 0x04

static const struct device *const console = DEVICE_DT_GET(DT_CHOSEN(zephyr_console));

#ifdef CONFIG_UART_INTERRUPT_DRIVEN

/* The interrupt writes, and one thread at a time reads: a ring buffer needs no lock for that. What
 * comes while it is full is lost. */
RING_BUF_DECLARE(received, CONFIG_ZONDA_WASI_INPUT_SIZE);
static atomic_t started;

static void receive(const struct device *device, void *data)
{
	uint8_t byte;

	ARG_UNUSED(data);
	while (uart_irq_update(device) && uart_irq_rx_ready(device)) {
		if (uart_fifo_read(device, &byte, 1) == 1) {
			(void)ring_buf_put(&received, &byte, 1);
		}
	}
}

/* The console is taken when a program reads for the first time. */
static void start(void)
{
	if (atomic_cas(&started, 0, 1)) {
		uart_irq_callback_user_data_set(console, receive, NULL);
		uart_irq_rx_enable(console);
	}
}

static bool look(uint8_t *byte)
{
	start();
	return ring_buf_peek(&received, byte, 1) == 1;
}

static void take(void)
{
	uint8_t byte;

	(void)ring_buf_get(&received, &byte, 1);
}

#else

/* Between two looks the UART keeps as much as its own buffer has. */
static uint8_t pending;
static bool is_pending;

static bool look(uint8_t *byte)
{
	if (!is_pending) {
		is_pending = uart_poll_in(console, &pending) == 0;
	}
	*byte = pending;
	return is_pending;
}

static void take(void)
{
	is_pending = false;
}

#endif /* CONFIG_UART_INTERRUPT_DRIVEN */

bool zonda_wasi_input_ready(void)
{
	uint8_t byte;

	return !device_is_ready(console) || look(&byte);
}

int zonda_wasi_read_input(char *to, size_t len, size_t *count)
{
	uint8_t byte;

	*count = 0;
	if (len == 0 || !device_is_ready(console)) {
		return 0;
	}
	while (*count < len && look(&byte)) {
		if (byte == END_OF_FILE) {
			/* The end is seen by the next read, if something was read before. */
			if (*count == 0) {
				take();
			}
			return 0;
		}
		take();
		to[(*count)++] = byte == '\r' ? '\n' : byte;
	}
	return *count == 0 ? AGAIN : 0;
}
