/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of the firmware for applications, with Zephyr's drivers and settings: emulated pins, ADC,
 * PWM and I2C. The applications trap where a result is another one than it should be; here is what
 * has become of the devices.
 */

#include <string.h>

#include <zephyr/drivers/adc/adc_emul.h>
#include <zephyr/drivers/gpio/gpio_emul.h>
#include <zephyr/drivers/pwm/pwm_fake.h>
#include <zephyr/fff.h>
#include <zephyr/kernel.h>
#include <zephyr/settings/settings.h>
#include <zephyr/ztest.h>

#include "registers.h"
#include "zonda_apps.h"
#include "zonda_apps_devices.h"

DEFINE_FFF_GLOBALS;

static const uint8_t devices[] = {
#include <devices.zonda-app.inc>
};
static const uint8_t other[] = {
#include <other.zonda-app.inc>
};

ZONDA_APP_GPIO_EXPORT(led0);
ZONDA_APP_GPIO_EXPORT(button);
ZONDA_APP_PWM_EXPORT(motor);
ZONDA_APP_ADC_EXPORT(battery);
ZONDA_APP_I2C_EXPORT(registers);

bool zonda_app_wall_clock(uint64_t *seconds, uint32_t *nanoseconds)
{
	*seconds = 1700000000;
	*nanoseconds = 0;
	return true;
}

static const struct device *const gpio = DEVICE_DT_GET(DT_NODELABEL(gpio0));
static const struct device *const adc = DEVICE_DT_GET(DT_NODELABEL(adc0));

static zonda_app_error_t error;

/* The level of the LED's pin: the LED is active when it is low. */
static int led_level(void)
{
	return gpio_emul_output_get(gpio, 0);
}

static void up(const char *name, const uint8_t *package, size_t len)
{
	zonda_app_info_t info = {0};

	zassert_equal(zonda_app_install(package, len, 0, &error), ZONDA_APP_OK, "%s", error.text);
	zassert_equal(zonda_app_start(name, &error), ZONDA_APP_OK, "%s", error.text);
	for (int i = 0; i < 100 && info.state != ZONDA_APP_RUNNING; i++) {
		k_msleep(10);
		zassert_equal(zonda_app_info(name, &info), ZONDA_APP_OK);
		zassert_not_equal(info.state, ZONDA_APP_FAILED, "%s", info.failure);
	}
	zassert_equal(info.state, ZONDA_APP_RUNNING);
}

static int count_settings(const char *key, size_t len, settings_read_cb read, void *arg,
			  void *param)
{
	ARG_UNUSED(key);
	ARG_UNUSED(len);
	ARG_UNUSED(read);
	ARG_UNUSED(arg);

	*(int *)param += 1;
	return 0;
}

static int settings_of(const char *path)
{
	int count = 0;

	zassert_equal(settings_load_subtree_direct(path, count_settings, &count), 0);
	return count;
}

ZTEST(apps_devices, test_devices)
{
	char text[256];
	uint32_t position = 0;
	size_t len;

	zassert_equal(gpio_pin_configure(gpio, 1, GPIO_INPUT), 0);
	zassert_equal(gpio_emul_input_set(gpio, 1, 1), 0);
	zassert_equal(adc_emul_const_value_set(adc, 0, 1650), 0);
	up("devices", devices, sizeof(devices));
	zassert_equal(led_level(), 0);
	zassert_equal(registers[2], 0x63);
	zassert_equal(fake_pwm_set_cycles_fake.call_count, 1);
	zassert_equal(fake_pwm_set_cycles_fake.arg1_val, 3);
	zassert_equal(fake_pwm_set_cycles_fake.arg2_val, 20000);
	zassert_equal(fake_pwm_set_cycles_fake.arg3_val, 1500);
	zassert_equal(settings_of("zonda/devices"), 1);
	len = zonda_app_log_read(&position, text, sizeof(text) - 1);
	text[len] = '\0';
	zassert_not_null(strstr(text, "devices: warn: led0: button\n"), "%s", text);

	up("other", other, sizeof(other));
	zassert_equal(led_level(), 0);
	zassert_equal(settings_of("zonda/other"), CONFIG_ZONDA_APPS_SETTINGS_MAX);

	/* At the end nothing is driven. */
	zassert_equal(zonda_app_stop("devices", &error), ZONDA_APP_OK, "%s", error.text);
	zassert_equal(led_level(), 1);
	zassert_equal(fake_pwm_set_cycles_fake.arg3_val, 0);
	zassert_equal(settings_of("zonda/devices"), 1);

	/* Settings go with their application, and with no other one. */
	zassert_equal(zonda_app_uninstall("other", &error), ZONDA_APP_OK, "%s", error.text);
	zassert_equal(settings_of("zonda/other"), 0);
	zassert_equal(settings_of("zonda/devices"), 1);
	zassert_equal(zonda_app_uninstall("devices", &error), ZONDA_APP_OK, "%s", error.text);
	zassert_equal(settings_of("zonda"), 0);
	up("devices", devices, sizeof(devices));
	zassert_equal(led_level(), 0);
	zassert_equal(zonda_app_uninstall("devices", &error), ZONDA_APP_OK, "%s", error.text);
}

static void *set_up(void)
{
	/* What an earlier run has left in the file of the flash. */
	zassert_equal(zonda_apps_start(&error), ZONDA_APP_OK, "%s", error.text);
	(void)zonda_app_uninstall("devices", &error);
	(void)zonda_app_uninstall("other", &error);
	return NULL;
}

ZTEST_SUITE(apps_devices, NULL, set_up, NULL, NULL, NULL);
