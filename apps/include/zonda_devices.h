/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of the firmware, settings, the log and clocks, for applications. Each module is a
 * capability of the manifest, by the name that its functions begin with. docs/apps.md, "Devices",
 * describes them. A device is opened by the name under which the firmware exports it, and belongs
 * to the application until it closes it or ends. Numbers of devices are positive; functions return
 * 0, or what they say, or one of the errors.
 */

#ifndef ZONDA_APP_DEVICES_H
#define ZONDA_APP_DEVICES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An argument; also a device that the application does not have open. */
#define ZONDA_DEVICE_INVALID     (-1)
/* The firmware exports no device of this name and kind. */
#define ZONDA_DEVICE_UNKNOWN     (-2)
/* It is open already, here or in another application. */
#define ZONDA_DEVICE_BUSY        (-3)
/* The device or the firmware cannot do this. */
#define ZONDA_DEVICE_UNSUPPORTED (-4)
/* The device failed, or did not acknowledge. */
#define ZONDA_DEVICE_IO          (-5)
/* No setting has this key. */
#define ZONDA_DEVICE_NOT_FOUND   (-6)
/* As many settings as there may be. */
#define ZONDA_DEVICE_NO_ROOM     (-7)

#define ZONDA_DEVICE_(module, name) __attribute__((import_module(module), import_name(name)))

/* Pins. Active is what the devicetree says, high or low. */
#define GPIO_MODE_INPUT         0
#define GPIO_MODE_OUTPUT        1
/* An output that is active first. */
#define GPIO_MODE_OUTPUT_ACTIVE 2

ZONDA_DEVICE_("gpio", "open") int32_t gpio_open(const char *name, uint32_t mode);
ZONDA_DEVICE_("gpio", "close") int32_t gpio_close(int32_t pin);
/* Of an input: 1 if it is active, or 0. */
ZONDA_DEVICE_("gpio", "is_active") int32_t gpio_is_active(int32_t pin);
/* Of an output. */
ZONDA_DEVICE_("gpio", "set_active") int32_t gpio_set_active(int32_t pin);
ZONDA_DEVICE_("gpio", "set_inactive") int32_t gpio_set_inactive(int32_t pin);
ZONDA_DEVICE_("gpio", "toggle") int32_t gpio_toggle(int32_t pin);

/* PWM. The pulse is not longer than the period, which is not 0. */
ZONDA_DEVICE_("pwm", "open") int32_t pwm_open(const char *name);
ZONDA_DEVICE_("pwm", "close") int32_t pwm_close(int32_t pwm);
ZONDA_DEVICE_("pwm", "set") int32_t pwm_set(int32_t pwm, uint32_t period_ns, uint32_t pulse_ns);

/* Channels of an ADC. */
ZONDA_DEVICE_("adc", "open") int32_t adc_open(const char *name);
ZONDA_DEVICE_("adc", "close") int32_t adc_close(int32_t channel);
/* The value in units of the ADC. */
ZONDA_DEVICE_("adc", "read_raw") int32_t adc_read_raw(int32_t channel, int32_t *value);
/* The value in millivolts; ZONDA_DEVICE_UNSUPPORTED if the reference is not known. */
ZONDA_DEVICE_("adc", "read_millivolts")
int32_t adc_read_millivolts(int32_t channel, int32_t *value);

/* A device on an I2C bus, at its address. */
ZONDA_DEVICE_("i2c", "open") int32_t i2c_open(const char *name);
ZONDA_DEVICE_("i2c", "close") int32_t i2c_close(int32_t device);
ZONDA_DEVICE_("i2c", "read") int32_t i2c_read(int32_t device, void *to, uint32_t len);
ZONDA_DEVICE_("i2c", "write") int32_t i2c_write(int32_t device, const void *from, uint32_t len);
/* Writes at most 32 bytes, then reads, with a repeated start between them. */
ZONDA_DEVICE_("i2c", "write_read")
int32_t i2c_write_read(int32_t device, const void *from, uint32_t len, void *to, uint32_t to_len);

/* Settings of the application: keys of at most 24 letters, digits, '-', '_' and '.', values of 1 to
 * 256 bytes. They are there after a restart and after an update. */
/* Copies as much as has room; returns the length of all of it. */
ZONDA_DEVICE_("keyvalue", "get") int32_t keyvalue_get(const char *key, void *to, uint32_t room);
ZONDA_DEVICE_("keyvalue", "set")
int32_t keyvalue_set(const char *key, const void *value, uint32_t len);
ZONDA_DEVICE_("keyvalue", "delete") int32_t keyvalue_delete(const char *key);
/* 1 if there is a value, or 0. */
ZONDA_DEVICE_("keyvalue", "exists") int32_t keyvalue_exists(const char *key);

/* The log. */
#define LOGGING_TRACE    0
#define LOGGING_DEBUG    1
#define LOGGING_INFO     2
#define LOGGING_WARN     3
#define LOGGING_ERROR    4
#define LOGGING_CRITICAL 5

/* Logs a line: its level, the part of the application that it is from, the message. */
ZONDA_DEVICE_("logging", "log")
void logging_log(uint32_t level, const char *context, const char *message);

/* Clocks. Nanoseconds of one that only rises, and of its step. */
ZONDA_DEVICE_("clocks", "monotonic_now") uint64_t clocks_monotonic_now(void);
ZONDA_DEVICE_("clocks", "monotonic_resolution") uint64_t clocks_monotonic_resolution(void);
/* The time of day, since 1970; ZONDA_DEVICE_UNSUPPORTED where it is not known. */
ZONDA_DEVICE_("clocks", "wall_now")
int32_t clocks_wall_now(uint64_t *seconds, uint32_t *nanoseconds);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_APP_DEVICES_H */
