/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices that the firmware exports to applications (CONFIG_ZONDA_APPS_DEVICES, docs/apps.md). An
 * application opens them by the name of their devicetree alias, if it has the capability of their
 * kind: gpio, pwm, adc or i2c. On Zephyr, these are exported anywhere in the firmware:
 *     ZONDA_APP_GPIO_EXPORT(led0);
 */

#ifndef ZONDA_APPS_DEVICES_H
#define ZONDA_APPS_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include <zephyr/devicetree.h>
#ifdef CONFIG_ADC
#include <zephyr/drivers/adc.h>
#endif
#ifdef CONFIG_GPIO
#include <zephyr/drivers/gpio.h>
#endif
#ifdef CONFIG_I2C
#include <zephyr/drivers/i2c.h>
#endif
#ifdef CONFIG_PWM
#include <zephyr/drivers/pwm.h>
#endif
#include <zephyr/sys/atomic.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/sys/util.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of devices. */
#define ZONDA_APP_DEVICE_GPIO 0
#define ZONDA_APP_DEVICE_PWM  1
#define ZONDA_APP_DEVICE_ADC  2
#define ZONDA_APP_DEVICE_I2C  3

/* A device that is exported. */
typedef struct zonda_app_device_t {
	const char *name;
	/* The structure of its kind: gpio_dt_spec, pwm_dt_spec, adc_dt_spec, i2c_dt_spec. */
	const void *spec;
	/* Who has it open: 0, or a number that the functions of the manager give it. */
	atomic_t *owner;
	uint8_t kind;
} zonda_app_device_t;

#define ZONDA_APP_DEVICE_EXPORT_(alias_, prefix_, kind_, type_, ...)                               \
	static const type_ zonda_app_spec_##prefix_##_##alias_ = __VA_ARGS__;                      \
	static atomic_t zonda_app_owner_##prefix_##_##alias_;                                      \
	const STRUCT_SECTION_ITERABLE(zonda_app_device_t,                                          \
				      zonda_app_device_##prefix_##_##alias_) = {                   \
		.name = STRINGIFY(alias_),                                                         \
		.spec = &zonda_app_spec_##prefix_##_##alias_,                                      \
		.owner = &zonda_app_owner_##prefix_##_##alias_,                                    \
		.kind = kind_,                                                                     \
	}

/* Exports the pin of a node with a property `gpios`, such as a LED or a button, by its alias.
 * An application opens it as input or as output. */
#define ZONDA_APP_GPIO_EXPORT(alias)                                                               \
	ZONDA_APP_DEVICE_EXPORT_(alias, gpio, ZONDA_APP_DEVICE_GPIO, struct gpio_dt_spec,          \
				 GPIO_DT_SPEC_GET(DT_ALIAS(alias), gpios))

/* Exports the channel of a node with a property `pwms`. */
#define ZONDA_APP_PWM_EXPORT(alias)                                                                \
	ZONDA_APP_DEVICE_EXPORT_(alias, pwm, ZONDA_APP_DEVICE_PWM, struct pwm_dt_spec,             \
				 PWM_DT_SPEC_GET(DT_ALIAS(alias)))

/* Exports the first channel of a node with a property `io-channels`. */
#define ZONDA_APP_ADC_EXPORT(alias)                                                                \
	ZONDA_APP_DEVICE_EXPORT_(alias, adc, ZONDA_APP_DEVICE_ADC, struct adc_dt_spec,             \
				 ADC_DT_SPEC_GET(DT_ALIAS(alias)))

/* Exports a device on an I2C bus, at its address and no other one. */
#define ZONDA_APP_I2C_EXPORT(alias)                                                                \
	ZONDA_APP_DEVICE_EXPORT_(alias, i2c, ZONDA_APP_DEVICE_I2C, struct i2c_dt_spec,             \
				 I2C_DT_SPEC_GET(DT_ALIAS(alias)))

/* The time of day for applications: seconds since 1970 and nanoseconds; false where it is not
 * known. A firmware with a clock defines it; the one that is there without knows no time, or with
 * CONFIG_POSIX_TIMERS that of CLOCK_REALTIME. */
bool zonda_app_wall_clock(uint64_t *seconds, uint32_t *nanoseconds);

#ifdef __cplusplus
}
#endif

#endif
