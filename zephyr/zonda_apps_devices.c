/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of applications on Zephyr: pins, PWM, ADC and I2C that the firmware exports
 * (include/zonda_apps_devices.h), and the time of day. manager-c/src/devices.rs calls these
 * functions; results are those of docs/apps.md, "Devices".
 */

#include <errno.h>
#include <string.h>

#include <zephyr/kernel.h>

#ifdef CONFIG_POSIX_TIMERS
#include <zephyr/posix/time.h>
#endif

#include "zonda_apps_devices.h"
#include "zonda_apps_platform.h"

/* How a pin is open. */
#define INPUT         0
#define OUTPUT        1
#define OUTPUT_ACTIVE 2

/* The owner of a device: its place and how the device is open, in one number that is not 0. */
#define OWNER(slot, mode) ((atomic_val_t)(((slot) + 1) << 2 | (mode)))
#define MODE(owner)       ((owner) & 3)
#define IS_OF(owner, slot) ((owner) >> 2 == (atomic_val_t)(slot) + 1)

/* The result for an error of a driver. */
static int failed(int error)
{
	switch (error) {
	case 0:
		return 0;
	case -EINVAL:
		return -ZONDA_APPS_DEVICE_INVALID;
	case -ENOSYS:
	case -ENOTSUP:
		return -ZONDA_APPS_DEVICE_UNSUPPORTED;
	default:
		return -ZONDA_APPS_DEVICE_IO;
	}
}

/* The device of this number, if the application in this place has it open. */
static const zonda_app_device_t *find(uint32_t slot, uint32_t kind, uint32_t number)
{
	const zonda_app_device_t *device;
	size_t count;

	STRUCT_SECTION_COUNT(zonda_app_device_t, &count);
	if (number == 0 || number > count) {
		return NULL;
	}
	STRUCT_SECTION_GET(zonda_app_device_t, number - 1, &device);
	if (device->kind != kind || !IS_OF(atomic_get(device->owner), slot)) {
		return NULL;
	}
	return device;
}

static int prepare(const zonda_app_device_t *device, uint32_t mode)
{
	ARG_UNUSED(mode);

	switch (device->kind) {
#ifdef CONFIG_GPIO
	case ZONDA_APP_DEVICE_GPIO: {
		static const gpio_flags_t flags[] = {GPIO_INPUT, GPIO_OUTPUT_INACTIVE,
						     GPIO_OUTPUT_ACTIVE};
		const struct gpio_dt_spec *pin = device->spec;

		if (mode >= ARRAY_SIZE(flags)) {
			return -EINVAL;
		}
		return gpio_is_ready_dt(pin) ? gpio_pin_configure_dt(pin, flags[mode]) : -ENODEV;
	}
#endif
#ifdef CONFIG_PWM
	case ZONDA_APP_DEVICE_PWM:
		return pwm_is_ready_dt(device->spec) ? 0 : -ENODEV;
#endif
#ifdef CONFIG_ADC
	case ZONDA_APP_DEVICE_ADC:
		return adc_is_ready_dt(device->spec) ? adc_channel_setup_dt(device->spec) : -ENODEV;
#endif
#ifdef CONFIG_I2C
	case ZONDA_APP_DEVICE_I2C:
		return i2c_is_ready_dt(device->spec) ? 0 : -ENODEV;
#endif
	default:
		return -ENOTSUP;
	}
}

/* What drives something does so no longer. */
static void quieten(const zonda_app_device_t *device, uint32_t mode)
{
	ARG_UNUSED(mode);

#ifdef CONFIG_GPIO
	if (device->kind == ZONDA_APP_DEVICE_GPIO && mode != INPUT) {
		(void)gpio_pin_set_dt(device->spec, 0);
	}
#endif
#ifdef CONFIG_PWM
	if (device->kind == ZONDA_APP_DEVICE_PWM) {
		(void)pwm_set_pulse_dt(device->spec, 0);
	}
#endif
}

int zonda_apps_device_open(uint32_t slot, uint32_t kind, const char *name, size_t len,
			   uint32_t mode)
{
	uint32_t number = 0;

	if (kind == ZONDA_APP_DEVICE_GPIO ? mode > OUTPUT_ACTIVE : mode != 0) {
		return -ZONDA_APPS_DEVICE_INVALID;
	}
	STRUCT_SECTION_FOREACH(zonda_app_device_t, device) {
		int err;

		number++;
		if (device->kind != kind || strlen(device->name) != len ||
		    memcmp(device->name, name, len) != 0) {
			continue;
		}
		if (!atomic_cas(device->owner, 0, OWNER(slot, mode))) {
			return -ZONDA_APPS_DEVICE_BUSY;
		}
		err = prepare(device, mode);
		if (err != 0) {
			(void)atomic_set(device->owner, 0);
			return failed(err);
		}
		return (int)number;
	}
	return -ZONDA_APPS_DEVICE_UNKNOWN;
}

static void release(const zonda_app_device_t *device)
{
	quieten(device, MODE(atomic_get(device->owner)));
	(void)atomic_set(device->owner, 0);
}

int zonda_apps_device_close(uint32_t slot, uint32_t kind, uint32_t number)
{
	const zonda_app_device_t *device = find(slot, kind, number);

	if (device == NULL) {
		return -ZONDA_APPS_DEVICE_INVALID;
	}
	release(device);
	return 0;
}

void zonda_apps_device_close_all(uint32_t slot)
{
	STRUCT_SECTION_FOREACH(zonda_app_device_t, device) {
		if (IS_OF(atomic_get(device->owner), slot)) {
			release(device);
		}
	}
}

int zonda_apps_pin_get(uint32_t slot, uint32_t number)
{
#ifdef CONFIG_GPIO
	const zonda_app_device_t *device = find(slot, ZONDA_APP_DEVICE_GPIO, number);
	int value;

	if (device == NULL) {
		return -ZONDA_APPS_DEVICE_INVALID;
	}
	if (MODE(atomic_get(device->owner)) != INPUT) {
		return -ZONDA_APPS_DEVICE_UNSUPPORTED;
	}
	value = gpio_pin_get_dt(device->spec);
	return value < 0 ? failed(value) : value;
#else
	return -ZONDA_APPS_DEVICE_INVALID;
#endif
}

int zonda_apps_pin_set(uint32_t slot, uint32_t number, uint32_t level)
{
#ifdef CONFIG_GPIO
	const zonda_app_device_t *device = find(slot, ZONDA_APP_DEVICE_GPIO, number);

	if (device == NULL) {
		return -ZONDA_APPS_DEVICE_INVALID;
	}
	if (MODE(atomic_get(device->owner)) == INPUT) {
		return -ZONDA_APPS_DEVICE_UNSUPPORTED;
	}
	return failed(level == 2 ? gpio_pin_toggle_dt(device->spec)
				 : gpio_pin_set_dt(device->spec, (int)level));
#else
	return -ZONDA_APPS_DEVICE_INVALID;
#endif
}

int zonda_apps_pwm_set(uint32_t slot, uint32_t number, uint32_t period, uint32_t pulse)
{
#ifdef CONFIG_PWM
	const zonda_app_device_t *device = find(slot, ZONDA_APP_DEVICE_PWM, number);

	if (device == NULL) {
		return -ZONDA_APPS_DEVICE_INVALID;
	}
	return failed(pwm_set_dt(device->spec, period, pulse));
#else
	return -ZONDA_APPS_DEVICE_INVALID;
#endif
}

int zonda_apps_adc_read(uint32_t slot, uint32_t number, int32_t *raw, int32_t *millivolts)
{
#ifdef CONFIG_ADC
	const zonda_app_device_t *device = find(slot, ZONDA_APP_DEVICE_ADC, number);
	const struct adc_dt_spec *channel;
	/* A driver writes 2 bytes, or 4 for more than 16 bits. */
	uint32_t buffer = 0;
	struct adc_sequence sequence = {.buffer = &buffer, .buffer_size = sizeof(buffer)};
	int err;

	if (device == NULL) {
		return -ZONDA_APPS_DEVICE_INVALID;
	}
	channel = device->spec;
	err = adc_sequence_init_dt(channel, &sequence);
	if (err == 0) {
		err = adc_read_dt(channel, &sequence);
	}
	if (err != 0) {
		return failed(err);
	}
	*raw = channel->resolution > 16       ? (int32_t)buffer
	       : channel->channel_cfg.differential ? (int16_t)buffer
						   : (int32_t)(buffer & 0xFFFF);
	*millivolts = *raw;
	/* 1: the reference is known. */
	return adc_raw_to_millivolts_dt(channel, millivolts) == 0 ? 1 : 0;
#else
	return -ZONDA_APPS_DEVICE_INVALID;
#endif
}

int zonda_apps_i2c_transfer(uint32_t slot, uint32_t number, const uint8_t *write, size_t write_len,
			    uint8_t *read, size_t read_len)
{
#ifdef CONFIG_I2C
	const zonda_app_device_t *device = find(slot, ZONDA_APP_DEVICE_I2C, number);

	if (device == NULL) {
		return -ZONDA_APPS_DEVICE_INVALID;
	}
	if (read_len == 0) {
		return failed(i2c_write_dt(device->spec, write, write_len));
	}
	if (write_len == 0) {
		return failed(i2c_read_dt(device->spec, read, read_len));
	}
	return failed(i2c_write_read_dt(device->spec, write, write_len, read, read_len));
#else
	return -ZONDA_APPS_DEVICE_INVALID;
#endif
}

__weak bool zonda_app_wall_clock(uint64_t *seconds, uint32_t *nanoseconds)
{
#ifdef CONFIG_POSIX_TIMERS
	struct timespec time;

	if (clock_gettime(CLOCK_REALTIME, &time) == 0) {
		*seconds = time.tv_sec;
		*nanoseconds = time.tv_nsec;
		return true;
	}
#endif
	ARG_UNUSED(seconds);
	ARG_UNUSED(nanoseconds);
	return false;
}
