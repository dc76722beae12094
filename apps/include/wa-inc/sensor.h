/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sensors; source compatible with the header of this name of WAMR's application framework.
 */

#ifndef ZONDA_APP_SENSOR_H
#define ZONDA_APP_SENSOR_H

#include "bi-inc/attr_container.h"

#ifdef __cplusplus
extern "C" {
#endif

struct _sensor;
typedef struct _sensor *sensor_t;

/* Handles a value of a sensor, which is freed when the function returns. */
typedef void (*sensor_event_handler_f)(sensor_t sensor, attr_container_t *sensor_event,
				       void *user_data);

/*
 * Opens a sensor by the name that the firmware gives it. NULL if there is none, if the application
 * has it open already or has as many as it may, or no memory. It is read from the first
 * sensor_config() on.
 */
sensor_t sensor_open(const char *name, int index, sensor_event_handler_f handler, void *user_data);

/* Reads the sensor each `interval` milliseconds; 0 stops that. The others mean what the sensor
 * says. */
bool sensor_config(sensor_t sensor, int interval, int bit_cfg, int delay);

/* Passes a configuration to the sensor. False if it does not accept it. */
bool sensor_config_with_attr_container(sensor_t sensor, attr_container_t *cfg);

/* Closes and frees a sensor. */
bool sensor_close(sensor_t sensor);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_APP_SENSOR_H */
