/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sensors.
 */

#include "host.h"
#include "wa-inc/sensor.h"

struct _sensor {
	struct _sensor *next;
	uint32 number;
	sensor_event_handler_f function;
	void *user_data;
};

static struct _sensor *sensors;

sensor_t sensor_open(const char *name, int index, sensor_event_handler_f handler, void *user_data)
{
	struct _sensor *sensor = malloc(sizeof(*sensor));

	if (sensor == NULL) {
		return NULL;
	}
	sensor->number = wasm_sensor_open(name, index);
	if (sensor->number == NONE) {
		free(sensor);
		return NULL;
	}
	sensor->function = handler;
	sensor->user_data = user_data;
	sensor->next = sensors;
	sensors = sensor;
	return sensor;
}

bool sensor_config(sensor_t sensor, int interval, int bit_cfg, int delay)
{
	return wasm_sensor_config(sensor->number, interval, bit_cfg, delay);
}

bool sensor_config_with_attr_container(sensor_t sensor, attr_container_t *cfg)
{
	return wasm_sensor_config_with_attr_container(sensor->number, (const char *)cfg,
						      attr_container_get_serialize_length(cfg));
}

bool sensor_close(sensor_t sensor)
{
	struct _sensor **at = &sensors;

	while (*at != NULL && *at != sensor) {
		at = &(*at)->next;
	}
	if (*at == NULL) {
		return false;
	}
	*at = sensor->next;
	wasm_sensor_close(sensor->number);
	free(sensor);
	return true;
}

ENTRY(on_sensor_event) void on_sensor_event(uint32 number, char *buffer, int size)
{
	struct _sensor *sensor;

	(void)size;
	for (sensor = sensors; sensor != NULL; sensor = sensor->next) {
		if (sensor->number == number) {
			sensor->function(sensor, (attr_container_t *)buffer, sensor->user_data);
			return;
		}
	}
}
