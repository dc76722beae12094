/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads two sensors at different intervals, and closes one.
 */

#include "wasm_app.h"
#include "wa-inc/sensor.h"

static sensor_t inside, outside;

static void on_value(sensor_t sensor, attr_container_t *event, void *user_data)
{
	int value = attr_container_get_as_int(event, "value");

	printf("%s %d of %s\n", (char *)user_data, value,
	       attr_container_get_as_string(event, "name"));
	if (sensor == inside && value == 2) {
		attr_container_dump(event);
		printf("closed %d\n", sensor_close(sensor));
	}
}

void on_init(void)
{
	attr_container_t *config = attr_container_create("config");

	inside = sensor_open("inside", 0, on_value, "in");
	outside = sensor_open("outside", 0, on_value, "out");
	attr_container_set_int(&config, "gain", 2);
	printf("%d%d%d\n", sensor_open("nowhere", 0, on_value, NULL) == NULL,
	       sensor_config_with_attr_container(inside, config), sensor_config(inside, 5, 0, 0));
	sensor_config(outside, 10, 0, 0);
	attr_container_destroy(config);
}
