/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Applications side by side: what each takes of the heap, what messages take in instructions, what
 * one that loops does to the others, and that nothing is left of those that are removed. Figures
 * are printed; docs/measurements.md has them.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/ztest.h>

#include "zonda_apps.h"
#include "zonda_platform.h"
#ifdef CONFIG_ZONDA_APPS_ZBUS
#include "zonda_apps_zbus.h"
#endif

static const uint8_t echo[] = {
#include <echo.zonda-app.inc>
};
static const uint8_t ping[] = {
#include <ping.zonda-app.inc>
};
static const uint8_t pong[] = {
#include <pong.zonda-app.inc>
};
/* Of samples/apps: in C, with the application library. */
static const uint8_t counter[] = {
#include <counter.zonda-app.inc>
};
static const uint8_t spin[] = {
#include <spin.zonda-app.inc>
};

/* Linear memory, operand stack, and the least stack of a thread. */
#define MEMORY 4096
#define STACK  1024
/* Tests give threads names, which are in their records. */
#ifdef CONFIG_THREAD_NAME
#define THREAD_NAME CONFIG_THREAD_MAX_NAME_LEN
#else
#define THREAD_NAME 0
#endif
#define KNOWN (MEMORY + STACK + CONFIG_ZONDA_APPS_THREAD_STACK_SIZE + THREAD_NAME)

/* QEMU's clock goes on with instructions; on native_sim it stands still while code executes. */
#define COUNTS_INSTRUCTIONS IS_ENABLED(CONFIG_QEMU_ICOUNT)

static zonda_app_error_t error;

/* Instructions that take `cycles` cycles of the clock. */
static uint32_t instructions(uint32_t cycles)
{
	uint64_t ns = k_cyc_to_ns_floor64(cycles);

#ifdef CONFIG_QEMU_ICOUNT_SHIFT
	return (uint32_t)(ns >> CONFIG_QEMU_ICOUNT_SHIFT);
#else
	return (uint32_t)ns;
#endif
}

static uint32_t heap_free(void)
{
	zonda_heap_info_t info;

	zassert_true(zonda_platform_heap_info(&info));
	return info.free;
}

static uint32_t flash_free(void)
{
	zonda_app_usage_t usage;

	zassert_equal(zonda_apps_usage(&usage, &error), ZONDA_APP_OK, "%s", error.text);
	return usage.free;
}

static void wait_running(const char *name)
{
	zonda_app_info_t info;

	for (int i = 0; i < 500; i++) {
		zassert_equal(zonda_app_info(name, &info), ZONDA_APP_OK);
		if (info.state == ZONDA_APP_RUNNING) {
			return;
		}
		k_msleep(10);
	}
	zassert_true(false, "%s: %s", name, info.failure);
}

static void up(const uint8_t *package, size_t len, const char *name)
{
	zassert_equal(zonda_app_install(package, len, 0, &error), ZONDA_APP_OK, "%s", error.text);
	zassert_equal(zonda_app_start(name, &error), ZONDA_APP_OK, "%s", error.text);
	wait_running(name);
}

static void down(const char *name)
{
	zassert_equal(zonda_app_uninstall(name, &error), ZONDA_APP_OK, "%s", error.text);
}

/* The package echo under the name echoNN. */
static const char *echo_up(int number)
{
	static uint8_t package[sizeof(echo)];
	static char name[] = "echo00";

	memcpy(package, echo, sizeof(echo));
	name[4] = '0' + number / 10;
	name[5] = '0' + number % 10;
	for (size_t i = 0; i + 6 <= sizeof(echo); i++) {
		if (memcmp(&package[i], "echo00", 6) == 0) {
			memcpy(&package[i], name, 6);
		}
	}
	up(package, sizeof(package), name);
	return name;
}

static void take_code(const zonda_app_response_t *response, void *data)
{
	*(uint8_t *)data = response->code;
}

static uint8_t ask(const char *url)
{
	const zonda_app_request_t request = {
		.method = ZONDA_APP_GET, .url = url, .url_len = strlen(url)};
	uint8_t code = 0;

	(void)zonda_app_request(&request, 2000, take_code, &code);
	return code;
}

/* The last of the events of ping and pong. */
static K_SEM_DEFINE(ended, 0, 1);

static void take_end(const zonda_app_request_t *event, void *data)
{
	ARG_UNUSED(event);
	ARG_UNUSED(data);

	k_sem_give(&ended);
}

ZONDA_APP_SUBSCRIBER_DEFINE(end, "z", take_end, NULL);

static void *set_up(void)
{
	uint32_t before = heap_free();

	zassert_equal(zonda_apps_start(&error), ZONDA_APP_OK, "%s", error.text);
	TC_PRINT("%u bytes of heap for each place\n",
		 (before - heap_free()) / CONFIG_ZONDA_APPS_MAX);
	/* What is allocated once. */
	(void)echo_up(0);
	down("echo00");
	k_msleep(100);
	return NULL;
}

static void many(int count)
{
	uint32_t before = heap_free();
	uint32_t flash = flash_free();
	uint32_t each;
	char url[] = "/app/echo00/x";

	for (int i = 0; i < count; i++) {
		(void)echo_up(i);
	}
	each = (before - heap_free()) / count;
	TC_PRINT("%d applications: %u bytes of heap for each, %u beside memory and stacks\n", count,
		 each, each - KNOWN);
	for (int i = 0; i < count; i++) {
		url[9] = '0' + i / 10;
		url[10] = '0' + i % 10;
		zassert_equal(ask(url), ZONDA_APP_CONTENT, "%s", url);
	}
	for (int i = 0; i < count; i++) {
		char name[] = "echo00";

		memcpy(name, &url[5], 4);
		name[4] = '0' + i / 10;
		name[5] = '0' + i % 10;
		down(name);
	}
	zassert_equal(heap_free(), before);
	zassert_equal(flash_free(), flash);
	if (!IS_ENABLED(CONFIG_64BIT)) {
		zassert_true(each - KNOWN <= CONFIG_TEST_MOST_FOR_EACH, "%u", each - KNOWN);
	}
}

ZTEST(apps, test_8_at_once)
{
	many(8);
}

ZTEST(apps, test_16_at_once)
{
	many(16);
}

/* Cycles of the thousand events of ping and pong each. */
static uint32_t round_of_events(void)
{
	uint32_t start = k_cycle_get_32();

	zonda_app_publish("x", 0, NULL, 0);
	zassert_equal(k_sem_take(&ended, K_SECONDS(60)), 0);
	return k_cycle_get_32() - start;
}

/* What a module with 50 functions takes more. */
ZTEST(apps, test_in_c)
{
	uint32_t before = heap_free();

	up(counter, sizeof(counter), "counter");
	TC_PRINT("an application in C: %u bytes of heap beside memory and stacks\n",
		 before - heap_free() - KNOWN);
	down("counter");
	zassert_equal(heap_free(), before);
}

ZTEST(apps, test_messages)
{
	uint32_t start;
	uint32_t cycles;

	up(ping, sizeof(ping), "ping");
	up(pong, sizeof(pong), "pong");
	(void)echo_up(0);
	cycles = round_of_events();
	if (COUNTS_INSTRUCTIONS) {
		/* ping has posted 1000, pong 999. */
		uint32_t each = instructions(cycles) / 1999;

		TC_PRINT("a message from one application to another: %u instructions\n", each);
		zassert_true(each <= CONFIG_TEST_MOST_FOR_MESSAGE, "%u", each);
	}
	start = k_cycle_get_32();
	for (int i = 0; i < 500; i++) {
		zassert_equal(ask("/app/echo00/x"), ZONDA_APP_CONTENT);
	}
	cycles = k_cycle_get_32() - start;
	if (COUNTS_INSTRUCTIONS) {
		uint32_t each = instructions(cycles) / 500;

		TC_PRINT("a request of the firmware and its response: %u instructions\n", each);
		zassert_true(each <= CONFIG_TEST_MOST_FOR_REQUEST, "%u", each);
	}
	down("ping");
	down("pong");
	down("echo00");
}

static void spin_now(void *unused1, void *unused2, void *unused3)
{
	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);

	(void)ask("/app/spin/x");
}

K_THREAD_STACK_DEFINE(asker_stack, 2048);
static struct k_thread asker;

/* An application that is less urgent and loops for ever takes nothing of the others' time. */
ZTEST(apps, test_one_that_loops)
{
	uint32_t alone;
	uint32_t beside;
	zonda_app_info_t info;

	if (!COUNTS_INSTRUCTIONS) {
		/* Time stands still while it loops, so the event would not end. */
		ztest_test_skip();
	}
	up(ping, sizeof(ping), "ping");
	up(pong, sizeof(pong), "pong");
	up(spin, sizeof(spin), "spin");
	alone = round_of_events();
	/* Nobody answers, so a thread of its own waits for the response. */
	(void)k_thread_create(&asker, asker_stack, K_THREAD_STACK_SIZEOF(asker_stack), spin_now,
			      NULL, NULL, NULL, 5, 0, K_NO_WAIT);
	k_msleep(20);
	zassert_equal(zonda_app_info("spin", &info), ZONDA_APP_OK);
	zassert_equal(info.state, ZONDA_APP_RUNNING);
	zassert_equal(info.queued, 0);
	beside = round_of_events();
	TC_PRINT("2,000 events take %u ms, %u ms beside one that loops\n", k_cyc_to_ms_ceil32(alone),
		 k_cyc_to_ms_ceil32(beside));
	zassert_true(beside < alone + alone / 10);
	(void)k_thread_join(&asker, K_FOREVER);
	/* Its event takes longer than its manifest says. */
	for (int i = 0; i < 1000 && info.state == ZONDA_APP_RUNNING; i++) {
		k_msleep(10);
		zassert_equal(zonda_app_info("spin", &info), ZONDA_APP_OK);
	}
	zassert_equal(info.state, ZONDA_APP_FAILED);
	zassert_str_equal(info.failure, "request: took longer than 5000 ms");
	down("spin");
	down("ping");
	down("pong");
}

ZTEST(apps, test_cycles)
{
	uint32_t heap = heap_free();
	uint32_t flash = flash_free();

	for (int i = 0; i < CONFIG_TEST_CYCLES; i++) {
		(void)echo_up(0);
		zassert_equal(ask("/app/echo00/x"), ZONDA_APP_CONTENT);
		zassert_equal(zonda_app_stop("echo00", &error), ZONDA_APP_OK, "%s", error.text);
		down("echo00");
	}
	zassert_equal(heap_free(), heap);
	zassert_equal(flash_free(), flash);
	TC_PRINT("%d cycles\n", CONFIG_TEST_CYCLES);
}

#ifdef CONFIG_ZONDA_APPS_ZBUS
/* Events of applications on zbus, the last of which is z. */
static atomic_t on_bus;
static K_SEM_DEFINE(ended_on_bus, 0, 1);

static void take_from_bus(const struct zbus_channel *channel)
{
	const struct zonda_app_event *event = zbus_chan_const_msg(channel);

	(void)atomic_inc(&on_bus);
	if (strcmp(event->url, "z") == 0 && event->len == 0 && event->sender > 0) {
		k_sem_give(&ended_on_bus);
	}
}

ZBUS_LISTENER_DEFINE(bus_listener, take_from_bus);
ZBUS_CHAN_ADD_OBS(zonda_app_events, bus_listener, 3);

ZTEST(apps, test_zbus)
{
	struct zonda_app_event first = {.url = "x"};

	(void)atomic_clear(&on_bus);
	k_sem_reset(&ended_on_bus);
	up(ping, sizeof(ping), "ping");
	up(pong, sizeof(pong), "pong");
	zassert_equal(zbus_chan_pub(&zonda_app_publications, &first, K_SECONDS(1)), 0);
	zassert_equal(k_sem_take(&ended_on_bus, K_SECONDS(60)), 0);
	/* 999 of each, and the last. */
	zassert_equal(atomic_get(&on_bus), 1999, "%ld", (long)atomic_get(&on_bus));
	/* What has no end of its URL is not published. */
	memset(first.url, 'x', sizeof(first.url));
	(void)zbus_chan_pub(&zonda_app_publications, &first, K_SECONDS(1));
	k_sem_reset(&ended);
	down("ping");
	down("pong");
}
#endif

ZTEST_SUITE(apps, NULL, set_up, NULL, NULL, NULL);
