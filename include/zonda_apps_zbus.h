/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events of applications on zbus, Zephyr's message bus (CONFIG_ZONDA_APPS_ZBUS, docs/apps.md).
 */

#ifndef ZONDA_APPS_ZBUS_H
#define ZONDA_APPS_ZBUS_H

#include <stdint.h>

#include <zephyr/zbus/zbus.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The message of both channels: an event. */
struct zonda_app_event {
	/* Who has published it: the number of an application that runs. */
	int32_t sender;
	/* Format of the payload: ZONDA_APP_TEXT, ZONDA_APP_ATTRIBUTES or another one. */
	uint16_t format;
	/* Bytes of the payload. */
	uint16_t len;
	/* With its NUL. */
	char url[CONFIG_ZONDA_APPS_ZBUS_URL_SIZE];
	uint8_t payload[CONFIG_ZONDA_APPS_ZBUS_PAYLOAD_SIZE];
};

/* What applications publish comes here. Listeners are called by the thread of the application that
 * publishes, on its stack. */
ZBUS_CHAN_DECLARE(zonda_app_events);
/* What is published here goes to the applications that have subscribed to its URL. */
ZBUS_CHAN_DECLARE(zonda_app_publications);

#ifdef __cplusplus
}
#endif

#endif
