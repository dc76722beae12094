/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs two applications in Rust, which the image brings along. samples/apps has the same in C, with
 * more around it.
 */

#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "start.h"
#include "zonda_apps.h"

static const uint8_t counter[] = {
#include "counter.zonda-app.inc"
};
static const uint8_t display[] = {
#include "display.zonda-app.inc"
};

int main(void)
{
	zonda_app_error_t error = {""};

	if (zonda_apps_start(&error) != ZONDA_APP_OK) {
		printk("error: %s\n", error.text);
		return 0;
	}
	install("display", display, sizeof(display));
	install("counter", counter, sizeof(counter));
	k_msleep(1000);
	if (zonda_app_stop("counter", &error) != ZONDA_APP_OK) {
		printk("error: %s\n", error.text);
	}
	printk("done\n");
	return 0;
}
