/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the firmware offers to applications: the resource /board and a sensor. How it installs
 * them.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include "start.h"
#include "zonda_apps.h"

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

void install(const char *name, const uint8_t *package, size_t len)
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
