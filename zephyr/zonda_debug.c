/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The line between the GDB remote stub (clib/src/debug.rs) and a debugger: the UART that the devicetree
 * chooses as zonda,debug-uart. An interrupt receives; the stub reads and writes on the thread that runs
 * the program.
 */

#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>

LOG_MODULE_DECLARE(zonda, CONFIG_ZONDA_LOG_LEVEL);

#if !DT_HAS_CHOSEN(zonda_debug_uart)
#error "CONFIG_ZONDA_DEBUG_UART needs a UART: / { chosen { zonda,debug-uart = &uart1; }; }; in an overlay"
#endif

static const struct device *const uart = DEVICE_DT_GET(DT_CHOSEN(zonda_debug_uart));

/* What was received and not read: a ring, which is full with one byte less than it has. The interrupt
 * changes `last`, the thread of the program `first`. While it is full the UART is not read.
 */
#define ROOM 128
BUILD_ASSERT(IS_POWER_OF_TWO(ROOM) && ROOM <= 256);
static uint8_t received[ROOM];
static volatile uint8_t first;
static volatile uint8_t last;
static K_SEM_DEFINE(arrived, 0, 1);
static atomic_t connected;
static atomic_t running;
static bool started;

/* In clib/src/debug.rs. */
void zonda_debug_received(void);

static uint8_t behind(uint8_t at)
{
	return (at + 1) % ROOM;
}

static bool has_received(void)
{
	return first != last;
}

static void receive(const struct device *device, void *data)
{
	uint8_t byte;
	bool any = false;

	ARG_UNUSED(data);
	while (uart_irq_update(device) && uart_irq_rx_ready(device)) {
		if (behind(last) == first) {
			uart_irq_rx_disable(device);
			break;
		}
		if (uart_fifo_read(device, &byte, 1) == 1) {
			received[last] = byte;
			last = behind(last);
			any = true;
		}
	}
	if (any) {
		atomic_set(&connected, 1);
		k_sem_give(&arrived);
		if (atomic_get(&running)) {
			zonda_debug_received();
		}
	}
}

static void start(void)
{
	if (started) {
		return;
	}
	started = true;
	if (!device_is_ready(uart)) {
		LOG_ERR("the UART for the debugger is not ready");
		return;
	}
	uart_irq_callback_user_data_set(uart, receive, NULL);
	uart_irq_rx_enable(uart);
}

bool zonda_debug_is_connected(void)
{
	return atomic_get(&connected) != 0;
}

int32_t zonda_debug_read(bool wait)
{
	uint8_t byte;

	while (!has_received()) {
		if (!wait) {
			return -1;
		}
		(void)k_sem_take(&arrived, K_FOREVER);
	}
	byte = received[first];
	first = behind(first);
	uart_irq_rx_enable(uart);
	return byte;
}

void zonda_debug_write(uint8_t byte)
{
	uart_poll_out(uart, byte);
}

/* Nothing waits to be sent. */
void zonda_debug_flush(void)
{
}

void zonda_debug_close(void)
{
	atomic_set(&connected, 0);
	atomic_set(&running, 1);
	/* The next debugger is faster than this. */
	if (has_received()) {
		atomic_set(&connected, 1);
		zonda_debug_received();
	}
}

void zonda_debug_set_running(bool is_running)
{
	start();
	atomic_set(&running, is_running);
	/* What has come before is noticed now. */
	if (is_running && has_received()) {
		zonda_debug_received();
	}
}

void zonda_debug_wait(void)
{
	if (IS_ENABLED(CONFIG_ZONDA_DEBUG_WAIT) && !zonda_debug_is_connected()) {
		LOG_INF("waiting for a debugger at %s", uart->name);
		(void)k_sem_take(&arrived, K_FOREVER);
	}
}

const char *zonda_debug_name(void)
{
	return CONFIG_ZONDA_DEBUG_NAME;
}
