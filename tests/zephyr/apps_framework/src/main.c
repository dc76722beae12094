/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Applications in C with the API of WAMR's framework: timer, sensor, connection, requests and
 * events. Those of manager/tests/c, or the seven of the framework itself (CMakeLists.txt); what
 * they print shows that they do what they say. Afterwards each of them has to run still, and to
 * stop.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include "zonda_apps.h"

struct package {
	const char *name;
	const uint8_t *bytes;
	size_t len;
};

#include <packages.h>

/* Sensors that count. */
static bool read_sensor(zonda_app_value_t *value, const void *data)
{
	static int counts[2];
	const char *name = data;
	int *count = &counts[name[0] == 'o' || name[strlen(name) - 1] == '2'];

	return zonda_app_value_text(value, "name", name) &&
	       zonda_app_value_int(value, "value", (*count)++);
}

ZONDA_APP_SENSOR_DEFINE(inside, "inside", 0, read_sensor, "inside");
ZONDA_APP_SENSOR_DEFINE(outside, "outside", 0, read_sensor, "outside");
ZONDA_APP_SENSOR_DEFINE(test1, "sensor_test1", 0, read_sensor, "sensor_test1");
ZONDA_APP_SENSOR_DEFINE(test2, "sensor_test2", 0, read_sensor, "sensor_test2");

/* The server of those that have a connection: it prints what comes, says "again", prints once more,
 * and closes. */
static void serve(void *unused1, void *unused2, void *unused3)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7777)};
	int listener = zsock_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	char text[32];
	int stream;

	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);

	if (listener < 0 || zsock_bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    zsock_listen(listener, 1) != 0) {
		printk("error: the server of the test does not listen\n");
		return;
	}
	stream = zsock_accept(listener, NULL, NULL);
	for (int i = 0; i < 2; i++) {
		ssize_t len = zsock_recv(stream, text, sizeof(text) - 1, 0);

		if (len <= 0) {
			printk("error: the server of the test gets nothing\n");
			return;
		}
		text[len] = '\0';
		printk("server of the test: %s\n", text);
		if (i == 0) {
			(void)zsock_send(stream, "again", 5, 0);
		}
	}
	(void)zsock_close(stream);
	(void)zsock_close(listener);
}

K_THREAD_DEFINE(server, 2048, serve, NULL, NULL, NULL, 1, 0, 0);

int main(void)
{
	zonda_app_error_t error = {""};
	zonda_app_info_t info;
	uint32_t passed = 0;

	if (zonda_apps_start(&error) != ZONDA_APP_OK) {
		printk("error: %s\n", error.text);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		const struct package *package = &packages[i];

		/* What an earlier run has left in the file of a simulated flash. */
		(void)zonda_app_uninstall(package->name, NULL);
		if (zonda_app_install(package->bytes, package->len, 0, &error) != ZONDA_APP_OK ||
		    zonda_app_start(package->name, &error) != ZONDA_APP_OK) {
			printk("error: %s: %s\n", package->name, error.text);
			return 0;
		}
	}
	k_msleep(CONFIG_TEST_SECONDS * MSEC_PER_SEC);
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		const char *name = packages[i].name;

		if (zonda_app_info(name, &info) != ZONDA_APP_OK || info.state != ZONDA_APP_RUNNING) {
			printk("error: %s is %s: %s\n", name, zonda_app_state_name(info.state),
			       info.failure);
		} else if (zonda_app_stop(name, &error) != ZONDA_APP_OK) {
			printk("error: %s: %s\n", name, error.text);
		} else {
			passed++;
		}
		(void)zonda_app_uninstall(name, NULL);
	}
	printk("done: %u applications\n", passed);
	return 0;
}
