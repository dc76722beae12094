/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events of applications on zbus: include/zonda_apps_zbus.h.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/sys/util.h>

#include "zonda_apps.h"
#include "zonda_apps_zbus.h"

LOG_MODULE_DECLARE(zonda, CONFIG_ZONDA_LOG_LEVEL);

/* How long an application waits for a channel that somebody else uses. */
#define WAIT K_MSEC(100)

ZBUS_CHAN_DEFINE(zonda_app_events, struct zonda_app_event, NULL, NULL, ZBUS_OBSERVERS_EMPTY,
		 ZBUS_MSG_INIT(0));

/* The event that is being published: an application's stack has no room for it. */
static struct zonda_app_event event;
static K_MUTEX_DEFINE(event_mutex);

static void take_event(const zonda_app_request_t *from, void *data)
{
	int err = -EMSGSIZE;

	ARG_UNUSED(data);

	if (from->url_len < sizeof(event.url) && from->payload_len <= sizeof(event.payload)) {
		(void)k_mutex_lock(&event_mutex, K_FOREVER);
		event.sender = from->sender;
		event.format = from->format;
		event.len = (uint16_t)from->payload_len;
		memcpy(event.url, from->url, from->url_len);
		event.url[from->url_len] = '\0';
		/* A payload of no bytes may be at no place. */
		if (from->payload_len > 0) {
			memcpy(event.payload, from->payload, from->payload_len);
		}
		err = zbus_chan_pub(&zonda_app_events, &event, WAIT);
		(void)k_mutex_unlock(&event_mutex);
	}
	if (err != 0) {
		LOG_WRN("an event of an application is not on zbus: %d", err);
	}
}

ZONDA_APP_SUBSCRIBER_DEFINE(zbus, NULL, take_event, NULL);

static void publish(const struct zbus_channel *channel)
{
	const struct zonda_app_event *message = zbus_chan_const_msg(channel);

	if (memchr(message->url, '\0', sizeof(message->url)) == NULL ||
	    message->len > sizeof(message->payload)) {
		LOG_WRN("an event on zbus has no URL, or a wrong length");
		return;
	}
	zonda_app_publish(message->url, message->format, message->payload, message->len);
}

ZBUS_LISTENER_DEFINE(zonda_app_publisher, publish);
ZBUS_CHAN_DEFINE(zonda_app_publications, struct zonda_app_event, NULL, NULL,
		 ZBUS_OBSERVERS(zonda_app_publisher), ZBUS_MSG_INIT(0));
