/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs applications. The image brings three along, which are installed at the first start; after
 * that, the shell and remote management change them.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include "zonda_apps.h"

static const uint8_t counter[] = {
#include "counter.zonda-app.inc"
};
static const uint8_t display[] = {
#include "display.zonda-app.inc"
};
static const uint8_t rogue[] = {
#include "rogue.zonda-app.inc"
};

/* GET /board: what applications can ask the firmware. */
static void handle_board(const zonda_app_request_t *request, zonda_app_answer_t *answer, void *data)
{
	ARG_UNUSED(data);

	if (request->method == ZONDA_APP_GET) {
		(void)zonda_app_respond(answer, ZONDA_APP_CONTENT, ZONDA_APP_TEXT, CONFIG_BOARD,
					strlen(CONFIG_BOARD));
	}
}

ZONDA_APP_RESOURCE_DEFINE(board, "/board", handle_board, NULL);

/* A sensor that has always the same value. A firmware with a sensor reads its driver here. */
static bool read_temperature(zonda_app_value_t *value, const void *data)
{
	ARG_UNUSED(data);

	return zonda_app_value_int(value, "value", 21);
}

ZONDA_APP_SENSOR_DEFINE(temperature, "temperature", 0, read_temperature, NULL);

/* The events of the counter, for the firmware. */
static K_SEM_DEFINE(counted, 0, 10);

static void take_count(const zonda_app_request_t *event, void *data)
{
	ARG_UNUSED(event);
	ARG_UNUSED(data);

	k_sem_give(&counted);
}

ZONDA_APP_SUBSCRIBER_DEFINE(count, "count", take_count, NULL);

/* Installs an application that is not there, and starts it if it does not run. */
static void install(const char *name, const uint8_t *package, size_t len)
{
	zonda_app_info_t info;
	zonda_app_error_t error = {""};
	zonda_app_result_t result = ZONDA_APP_OK;

	if (zonda_app_info(name, &info) == ZONDA_APP_UNKNOWN) {
		result = zonda_app_install(package, len, 0, &error);
		info.state = ZONDA_APP_INSTALLED;
	}
	if (result == ZONDA_APP_OK && info.state == ZONDA_APP_INSTALLED) {
		result = zonda_app_start(name, &error);
	}
	printk("%s: %s\n", name, result == ZONDA_APP_OK ? "started" : error.text);
}

static void take_response(const zonda_app_response_t *response, void *data)
{
	ARG_UNUSED(data);

	printk("firmware asked: %u.%02u, %u bytes\n", response->code >> 5, response->code & 31,
	       (uint32_t)response->payload_len);
}

int main(void)
{
	zonda_app_error_t error = {""};
	zonda_app_info_t info;
	const zonda_app_request_t request = {
		.method = ZONDA_APP_GET, .url = "/app/counter/count", .url_len = 18};

	if (zonda_apps_start(&error) != ZONDA_APP_OK) {
		printk("error: %s\n", error.text);
		return 0;
	}
	if (IS_ENABLED(CONFIG_ZONDA_APPS_SMP)) {
		/* Whoever manages it from afar installs applications. */
		printk("ready\n");
		return 0;
	}
	install("display", display, sizeof(display));
	install("counter", counter, sizeof(counter));
	install("rogue", rogue, sizeof(rogue));

	for (int i = 0; i < 5; i++) {
		(void)k_sem_take(&counted, K_SECONDS(10));
	}
	if (zonda_app_request(&request, 1000, take_response, NULL) != ZONDA_APP_OK) {
		printk("error: no response\n");
	}
	/* Until no restart of the one that misbehaves is left. */
	do {
		k_msleep(100);
	} while (zonda_app_info("rogue", &info) == ZONDA_APP_OK &&
		 (info.state != ZONDA_APP_FAILED || info.restart_in_ms != UINT32_MAX));
	printk("rogue: %s, %u restarts\n", zonda_app_state_name(info.state), info.restarts);
	(void)zonda_app_info("counter", &info);
	printk("counter: %s, %u lost\n", zonda_app_state_name(info.state), info.dropped);
	if (zonda_app_stop("counter", &error) != ZONDA_APP_OK) {
		printk("error: %s\n", error.text);
	}
	(void)zonda_app_info("counter", &info);
	printk("counter: %s\n", zonda_app_state_name(info.state));
	printk("done\n");
	return 0;
}
