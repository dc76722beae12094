/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the application manager needs of a firmware beyond zonda_platform.h: zephyr/zonda_apps.c
 * defines it for Zephyr. manager-c/src/system.rs declares the same in Rust.
 *
 * Threads have places: 0 to the number of applications less 1, then one for requests of the
 * firmware, then one for the supervisor.
 */

#ifndef ZONDA_APPS_PLATFORM_H
#define ZONDA_APPS_PLATFORM_H

#include "zonda_apps.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The partition. */
typedef struct zonda_apps_geometry_t {
	uint32_t sector_size;
	uint16_t sectors;
	uint16_t write_size;
	uint16_t directory_sectors;
} zonda_apps_geometry_t;

/* What the firmware permits, and how many applications there may be. */
typedef struct zonda_apps_config_t {
	/* Packages without a signature: 0 refused, 1 if their code is validated or verified, 2 all.
	 */
	uint32_t unsigned_packages;
	/* Capabilities, separated by spaces. */
	const char *grants;
	uint32_t trial_ms;
	uint32_t slots;
} zonda_apps_config_t;

/* The number of a lock that nobody else has. At most 4 are asked for. */
uint32_t zonda_apps_new_lock(void);
void zonda_apps_lock(uint32_t number);
void zonda_apps_unlock(uint32_t number);

/* Milliseconds of a clock that rises. */
uint64_t zonda_apps_now(void);
/* Makes a thread that calls zonda_apps_run(slot) and ends. */
bool zonda_apps_spawn(uint32_t slot, const char *name, uint32_t stack_size, uint32_t priority);
/* Waits until it has ended, and frees it. Returns at once if there is none. */
void zonda_apps_join(uint32_t slot);
/* Waits for zonda_apps_wake() of the same place, which may have been called before, or until a
 * time; UINT64_MAX for no time. */
void zonda_apps_wait(uint32_t slot, uint64_t until);
void zonda_apps_wake(uint32_t slot);

/* The partition. Functions return 0 or a negative number. Offsets count from its start. */
int zonda_apps_flash_open(zonda_apps_geometry_t *geometry);
int zonda_apps_flash_read(uint32_t at, void *to, size_t len);
int zonda_apps_flash_write(uint32_t at, const void *from, size_t len);
int zonda_apps_flash_erase(uint16_t sector);
/* Where the partition is in memory, constant, NULL if it is not: then applications are copied to
 * RAM. */
const uint8_t *zonda_apps_flash_mapped(void);

const zonda_apps_config_t *zonda_apps_get_config(void);

/* What applications print, and what happens to them. `why` is empty or says what failed. */
void zonda_apps_print(const char *name, const char *text, size_t len);
void zonda_apps_changed(const char *name, zonda_app_state_t state, const char *why);

/* The tables of the firmware. */
const zonda_app_resource_t *zonda_apps_resources(size_t *count);
const zonda_app_subscriber_t *zonda_apps_subscribers(size_t *count);
const zonda_app_sensor_t *zonda_apps_sensors(size_t *count);

/* Devices of applications, with CONFIG_ZONDA_APPS_DEVICES (docs/apps.md, "Devices"). Functions
 * return 0 or what they say, or one of these numbers, negative. */
typedef enum zonda_apps_device_error_t {
	/* An argument; also a device that the application does not have open. */
	ZONDA_APPS_DEVICE_INVALID = 1,
	/* No device of this name and kind. */
	ZONDA_APPS_DEVICE_UNKNOWN = 2,
	/* It is open already. */
	ZONDA_APPS_DEVICE_BUSY = 3,
	/* The device or the system cannot do this. */
	ZONDA_APPS_DEVICE_UNSUPPORTED = 4,
	/* The device failed, or did not acknowledge. */
	ZONDA_APPS_DEVICE_IO = 5,
	/* No setting has this key. */
	ZONDA_APPS_DEVICE_NOT_FOUND = 6,
	/* No more settings. */
	ZONDA_APPS_DEVICE_NO_ROOM = 7,
} zonda_apps_device_error_t;

/* Opens a device for the application in a place. Kinds: 0 pin, 1 PWM, 2 ADC, 3 I2C. Modes of a
 * pin: 0 input, 1 output, 2 output that is active first. Returns the number of the device, which is
 * not 0. The others below return ZONDA_APPS_DEVICE_INVALID for a device that this application does
 * not have open. */
int zonda_apps_device_open(uint32_t slot, uint32_t kind, const char *name, size_t len,
			   uint32_t mode);
int zonda_apps_device_close(uint32_t slot, uint32_t kind, uint32_t device);
/* Closes all that the application has open. */
void zonda_apps_device_close_all(uint32_t slot);
/* Returns 1 if the input is active. */
int zonda_apps_pin_get(uint32_t slot, uint32_t device);
/* Levels: 0 inactive, 1 active, 2 the other one. */
int zonda_apps_pin_set(uint32_t slot, uint32_t device, uint32_t level);
/* Nanoseconds. */
int zonda_apps_pwm_set(uint32_t slot, uint32_t device, uint32_t period, uint32_t pulse);
/* Returns 1 if millivolts are stored as well, 0 if the reference is not known. */
int zonda_apps_adc_read(uint32_t slot, uint32_t device, int32_t *raw, int32_t *millivolts);
/* Writes, then reads; either may be empty, not both. */
int zonda_apps_i2c_transfer(uint32_t slot, uint32_t device, const uint8_t *write, size_t write_len,
			    uint8_t *read, size_t read_len);
/* Settings of an application. Names and keys are of letters, digits, '-', '_' and '.'. Copies as
 * much as has room; returns the length of all of it. */
int zonda_apps_setting_get(const char *name, const char *key, void *to, size_t room);
/* Deletes it if `value` is NULL. */
int zonda_apps_setting_set(const char *name, const char *key, const void *value, size_t len);
void zonda_apps_settings_forget(const char *name);
/* A message of an application. Levels: 0 trace, 1 debug, 2 info, 3 warning, 4 error, 5 critical. */
void zonda_apps_log(const char *name, uint32_t level, const char *context, size_t context_len,
		    const char *message, size_t message_len);
/* The time of day: false where it is not known. */
bool zonda_app_wall_clock(uint64_t *seconds, uint32_t *nanoseconds);

/* Connections of applications, with CONFIG_ZONDA_APPS_CONNECTIONS. Whose a connection is: the place
 * of the application, the number of its run, the number of the connection. */
typedef struct zonda_apps_owner_t {
	uint32_t slot;
	uint32_t id;
	uint32_t connection;
} zonda_apps_owner_t;

/* Opens a connection by TCP (a stream) or UDP. The address is numeric. */
bool zonda_apps_connect(const zonda_apps_owner_t *owner, bool is_stream, const char *address,
			uint16_t port);
/* Sends without waiting; how many bytes were taken, or a negative number. */
int zonda_apps_send(const zonda_apps_owner_t *owner, const void *data, size_t len);
/* Closes it. Afterwards zonda_apps_received() is not called for it. */
void zonda_apps_disconnect(const zonda_apps_owner_t *owner);
/* For the platform: what has come; no bytes when the other side has closed it. False if the
 * application has no room now. */
bool zonda_apps_received(const zonda_apps_owner_t *owner, const void *data, size_t len);

/* Called by the platform. */
void zonda_apps_run(uint32_t slot);
/* Does what has to be done and waits for more; for a thread that calls it in a loop and is more
 * urgent than the applications. After zonda_apps_start(). */
void zonda_apps_supervise(void);

#ifdef __cplusplus
}
#endif

#endif
