/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Prints the events "count", and toggles the LED. At the third it asks the counter for its value,
 * the firmware for the board, and reads a sensor.
 */

#include "wasm_app.h"
#include "wa-inc/request.h"
#include "wa-inc/sensor.h"
#include "zonda_devices.h"

/* The LED of the board, or an error where the firmware exports none. */
static int32_t led;

static void on_value(response_t *response, void *data)
{
	if (response == NULL || response->status != CONTENT_2_05) {
		printf("no answer\n");
		return;
	}
	printf("asked: %d\n", attr_container_get_as_int(response->payload, "value") >= 3);
}

static void on_board(response_t *response, void *data)
{
	if (response != NULL) {
		printf("board: %.*s\n", response->payload_len, (char *)response->payload);
	}
}

static void on_temperature(sensor_t sensor, attr_container_t *event, void *data)
{
	printf("temperature: %d\n", attr_container_get_as_int(event, "value"));
	sensor_close(sensor);
}

static void on_count(request_t *event)
{
	int value = attr_container_get_as_int(event->payload, "value");
	request_t request[1];

	int32_t toggled = gpio_toggle(led);

	printf("count %d\n", value);
	if (value != 3) {
		return;
	}
	logging_log(LOGGING_INFO, "led0", toggled == 0 ? "toggles" : "is not exported");
	init_request(request, "/count", COAP_GET, 0, NULL, 0);
	api_send_request(request, on_value, NULL);
	init_request(request, "/board", COAP_GET, 0, NULL, 0);
	api_send_request(request, on_board, NULL);
	sensor_config(sensor_open("temperature", 0, on_temperature, NULL), 50, 0, 0);
}

void on_init(void)
{
	led = gpio_open("led0", GPIO_MODE_OUTPUT);
	api_subscribe_event("count", on_count);
}
