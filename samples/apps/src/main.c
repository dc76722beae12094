/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs applications. The image brings three along, which are installed at the first start; after
 * that, the shell and remote management change them.
 */

#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include "start.h"
#include "zonda_apps.h"
#include "zonda_apps_devices.h"

static const uint8_t counter[] = {
#include "counter.zonda-app.inc"
};
static const uint8_t display[] = {
#include "display.zonda-app.inc"
};
static const uint8_t rogue[] = {
#include "rogue.zonda-app.inc"
};

/* The LED, for applications with the capability gpio. */
#if DT_HAS_ALIAS(led0) && defined(CONFIG_GPIO)
ZONDA_APP_GPIO_EXPORT(led0);
#endif

/* The events of the counter, for the firmware. */
static K_SEM_DEFINE(counted, 0, 10);

static void take_count(const zonda_app_request_t *event, void *data)
{
	ARG_UNUSED(event);
	ARG_UNUSED(data);

	k_sem_give(&counted);
}

ZONDA_APP_SUBSCRIBER_DEFINE(count, "count", take_count, NULL);

static void take_response(const zonda_app_response_t *response, void *data)
{
	ARG_UNUSED(data);

	printk("firmware asked: %u.%02u, %u bytes\n", response->code >> 5, response->code & 31,
	       (uint32_t)response->payload_len);
}

int main(void)
{
	zonda_app_error_t error = {""};
	zonda_app_info_t info;
	const zonda_app_request_t request = {
		.method = ZONDA_APP_GET, .url = "/app/counter/count", .url_len = 18};

	if (zonda_apps_start(&error) != ZONDA_APP_OK) {
		printk("error: %s\n", error.text);
		return 0;
	}
	if (IS_ENABLED(CONFIG_ZONDA_APPS_SMP)) {
		/* Whoever manages it from afar installs applications. */
		printk("ready\n");
		return 0;
	}
	install("display", display, sizeof(display));
	install("counter", counter, sizeof(counter));
	install("rogue", rogue, sizeof(rogue));

	for (int i = 0; i < 5; i++) {
		(void)k_sem_take(&counted, K_SECONDS(10));
	}
	if (zonda_app_request(&request, 1000, take_response, NULL) != ZONDA_APP_OK) {
		printk("error: no response\n");
	}
	/* Until no restart of the one that misbehaves is left. */
	do {
		k_msleep(100);
	} while (zonda_app_info("rogue", &info) == ZONDA_APP_OK &&
		 (info.state != ZONDA_APP_FAILED || info.restart_in_ms != UINT32_MAX));
	printk("rogue: %s, %u restarts\n", zonda_app_state_name(info.state), info.restarts);
	(void)zonda_app_info("counter", &info);
	printk("counter: %s, %u lost\n", zonda_app_state_name(info.state), info.dropped);
	if (zonda_app_stop("counter", &error) != ZONDA_APP_OK) {
		printk("error: %s\n", error.text);
	}
	(void)zonda_app_info("counter", &info);
	printk("counter: %s\n", zonda_app_state_name(info.state));
	printk("done\n");
	return 0;
}
