/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Settings of applications in Zephyr's settings, as zonda/NAME/KEY. manager-c/src/devices.rs calls
 * these functions; what a name and a key may contain was checked.
 */

#include <errno.h>

#include <zephyr/kernel.h>
#include <zephyr/settings/settings.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include "zonda_apps_platform.h"

/* Longest key. */
#define KEY 24

BUILD_ASSERT(sizeof("zonda//") + ZONDA_APP_NAME_SIZE + KEY <= SETTINGS_MAX_NAME_LEN + 2,
	     "SETTINGS_MAX_NAME_LEN is too small for the settings of applications");

/* One function of settings at a time: they count, then write. */
static K_MUTEX_DEFINE(mutex);

static int begin(void)
{
	(void)k_mutex_lock(&mutex, K_FOREVER);
	/* Nothing happens where it is initialised. */
	return settings_subsys_init() == 0 ? 0 : -ZONDA_APPS_DEVICE_IO;
}

static int end(int result)
{
	(void)k_mutex_unlock(&mutex);
	return result;
}

/* A value that is looked for. */
struct search {
	void *to;
	size_t room;
	/* The length of the value; negative if there is none. */
	int len;
};

static int take(const char *key, size_t len, settings_read_cb read, void *arg, void *param)
{
	struct search *search = param;

	/* The subtree of a key is its value; it has no others below. */
	if (key != NULL && key[0] != '\0') {
		return 0;
	}
	search->len = (int)len;
	if (search->room > 0 && read(arg, search->to, MIN(search->room, len)) < 0) {
		search->len = -ZONDA_APPS_DEVICE_IO;
	}
	return 0;
}

static int look(const char *path, void *to, size_t room)
{
	struct search search = {.to = to, .room = room, .len = -ZONDA_APPS_DEVICE_NOT_FOUND};

	if (settings_load_subtree_direct(path, take, &search) != 0) {
		return -ZONDA_APPS_DEVICE_IO;
	}
	return search.len;
}

/* The keys of an application: their number, and one of them. */
struct keys {
	uint32_t count;
	char first[KEY + 1];
};

static int count(const char *key, size_t len, settings_read_cb read, void *arg, void *param)
{
	struct keys *keys = param;

	ARG_UNUSED(read);
	ARG_UNUSED(arg);

	if (key != NULL && key[0] != '\0' && len > 0) {
		keys->count++;
		(void)snprintk(keys->first, sizeof(keys->first), "%s", key);
	}
	return 0;
}

static void path_of(char *path, size_t size, const char *name, const char *key)
{
	(void)snprintk(path, size, "zonda/%s/%s", name, key);
}

int zonda_apps_setting_get(const char *name, const char *key, void *to, size_t room)
{
	char path[SETTINGS_MAX_NAME_LEN + 1];
	int result = begin();

	path_of(path, sizeof(path), name, key);
	return end(result != 0 ? result : look(path, to, room));
}

int zonda_apps_setting_set(const char *name, const char *key, const void *value, size_t len)
{
	char path[SETTINGS_MAX_NAME_LEN + 1];
	struct keys keys = {0};
	int result = begin();
	int err;

	if (result != 0) {
		return end(result);
	}
	path_of(path, sizeof(path), name, key);
	result = look(path, NULL, 0);
	if (value == NULL) {
		return end(result < 0                       ? result
			   : settings_delete(path) == 0 ? 0
							    : -ZONDA_APPS_DEVICE_IO);
	}
	if (result < 0) {
		char own[sizeof("zonda/") + ZONDA_APP_NAME_SIZE];

		(void)snprintk(own, sizeof(own), "zonda/%s", name);
		if (settings_load_subtree_direct(own, count, &keys) != 0) {
			return end(-ZONDA_APPS_DEVICE_IO);
		}
		if (keys.count >= CONFIG_ZONDA_APPS_SETTINGS_MAX) {
			return end(-ZONDA_APPS_DEVICE_NO_ROOM);
		}
	}
	err = settings_save_one(path, value, len);
	return end(err == 0                              ? 0
		   : err == -ENOSPC || err == -ENOMEM ? -ZONDA_APPS_DEVICE_NO_ROOM
						      : -ZONDA_APPS_DEVICE_IO);
}

void zonda_apps_settings_forget(const char *name)
{
	char own[sizeof("zonda/") + ZONDA_APP_NAME_SIZE];
	char path[SETTINGS_MAX_NAME_LEN + 1];

	if (begin() == 0) {
		(void)snprintk(own, sizeof(own), "zonda/%s", name);
		/* One at a time: nothing is deleted while the list is read. */
		for (uint32_t i = 0; i < CONFIG_ZONDA_APPS_SETTINGS_MAX; i++) {
			struct keys keys = {0};

			if (settings_load_subtree_direct(own, count, &keys) != 0 ||
			    keys.count == 0) {
				break;
			}
			path_of(path, sizeof(path), name, keys.first);
			(void)settings_delete(path);
		}
	}
	(void)end(0);
}
