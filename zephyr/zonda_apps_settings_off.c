/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Without CONFIG_SETTINGS applications have no settings.
 */

#include "zonda_apps_platform.h"

int zonda_apps_setting_get(const char *name, const char *key, void *to, size_t room)
{
	(void)name;
	(void)key;
	(void)to;
	(void)room;
	return -ZONDA_APPS_DEVICE_UNSUPPORTED;
}

int zonda_apps_setting_set(const char *name, const char *key, const void *value, size_t len)
{
	(void)name;
	(void)key;
	(void)value;
	(void)len;
	return -ZONDA_APPS_DEVICE_UNSUPPORTED;
}

void zonda_apps_settings_forget(const char *name)
{
	(void)name;
}
