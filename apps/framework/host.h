/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the application library imports from the manager. docs/apps.md describes the functions.
 */

#ifndef ZONDA_APP_HOST_H
#define ZONDA_APP_HOST_H

#include "bi-inc/shared_utils.h"

#define HOST(name)  __attribute__((import_module("env"), import_name(#name)))
#define ENTRY(name) __attribute__((export_name(#name)))

/* What stands for no timer, sensor or connection. */
#define NONE ((uint32) - 1)

HOST(wasm_register_resource) void wasm_register_resource(const char *url);
HOST(wasm_response_send) bool wasm_response_send(const char *buffer, int size);
HOST(wasm_post_request) void wasm_post_request(const char *buffer, int size);
HOST(wasm_sub_event) void wasm_sub_event(const char *url);

HOST(wasm_create_timer) uint32 wasm_create_timer(int interval, bool is_period, bool auto_start);
HOST(wasm_timer_destroy) void wasm_timer_destroy(uint32 timer);
HOST(wasm_timer_cancel) void wasm_timer_cancel(uint32 timer);
HOST(wasm_timer_restart) void wasm_timer_restart(uint32 timer, int interval);
HOST(wasm_get_sys_tick_ms) uint32 wasm_get_sys_tick_ms(void);

HOST(wasm_sensor_open) uint32 wasm_sensor_open(const char *name, int index);
HOST(wasm_sensor_config)
bool wasm_sensor_config(uint32 sensor, uint32 interval, int bit_cfg, uint32 delay);
HOST(wasm_sensor_config_with_attr_container)
bool wasm_sensor_config_with_attr_container(uint32 sensor, const char *buffer, uint32 size);
HOST(wasm_sensor_close) bool wasm_sensor_close(uint32 sensor);

HOST(wasm_open_connection)
uint32 wasm_open_connection(const char *name, const char *args, uint32 args_size);
HOST(wasm_close_connection) void wasm_close_connection(uint32 connection);
HOST(wasm_send_on_connection)
int wasm_send_on_connection(uint32 connection, const char *data, uint32 size);
HOST(wasm_config_connection)
bool wasm_config_connection(uint32 connection, const char *config, uint32 size);

/* Gives a request or an event to the manager. False without memory. */
bool app_post(request_t *request);

#endif /* ZONDA_APP_HOST_H */
