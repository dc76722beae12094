/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What samples/blinky does, without WebAssembly: the firmware that its size is compared with.
 */

#include <zephyr/drivers/gpio.h>
#include <zephyr/kernel.h>

static const struct gpio_dt_spec led = GPIO_DT_SPEC_GET(DT_ALIAS(led0), gpios);

int main(void)
{
	if (!gpio_is_ready_dt(&led) || gpio_pin_configure_dt(&led, GPIO_OUTPUT_INACTIVE) != 0) {
		return -ENODEV;
	}
	for (bool on = true;; on = !on) {
		gpio_pin_set_dt(&led, on);
		printk("led0: %s\n", on ? "on" : "off");
		k_msleep(500);
	}
}
