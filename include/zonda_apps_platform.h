/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the application manager needs of a firmware beyond zonda_platform.h: zephyr/zonda_apps.c
 * defines it for Zephyr. manager-c/src/system.rs declares the same in Rust.
 *
 * Threads have places: 0 to the number of applications less 1, then one for requests of the
 * firmware, then one for the supervisor.
 */

#ifndef ZONDA_APPS_PLATFORM_H
#define ZONDA_APPS_PLATFORM_H

#include "zonda_apps.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The partition. */
typedef struct zonda_apps_geometry_t {
	uint32_t sector_size;
	uint16_t sectors;
	uint16_t write_size;
	uint16_t directory_sectors;
} zonda_apps_geometry_t;

/* What the firmware permits, and how many applications there may be. */
typedef struct zonda_apps_config_t {
	/* Packages without a signature: 0 refused, 1 if their code is validated or verified, 2 all.
	 */
	uint32_t unsigned_packages;
	/* Capabilities, separated by spaces. */
	const char *grants;
	uint32_t trial_ms;
	uint32_t slots;
} zonda_apps_config_t;

/* The number of a lock that nobody else has. At most 4 are asked for. */
uint32_t zonda_apps_new_lock(void);
void zonda_apps_lock(uint32_t number);
void zonda_apps_unlock(uint32_t number);

/* Milliseconds of a clock that rises. */
uint64_t zonda_apps_now(void);
/* Makes a thread that calls zonda_apps_run(slot) and ends. */
bool zonda_apps_spawn(uint32_t slot, const char *name, uint32_t stack_size, uint32_t priority);
/* Waits until it has ended, and frees it. Returns at once if there is none. */
void zonda_apps_join(uint32_t slot);
/* Waits for zonda_apps_wake() of the same place, which may have been called before, or until a
 * time; UINT64_MAX for no time. */
void zonda_apps_wait(uint32_t slot, uint64_t until);
void zonda_apps_wake(uint32_t slot);

/* The partition. Functions return 0 or a negative number. Offsets count from its start. */
int zonda_apps_flash_open(zonda_apps_geometry_t *geometry);
int zonda_apps_flash_read(uint32_t at, void *to, size_t len);
int zonda_apps_flash_write(uint32_t at, const void *from, size_t len);
int zonda_apps_flash_erase(uint16_t sector);
/* Where the partition is in memory, constant, NULL if it is not: then applications are copied to
 * RAM. */
const uint8_t *zonda_apps_flash_mapped(void);

const zonda_apps_config_t *zonda_apps_get_config(void);

/* What applications print, and what happens to them. `why` is empty or says what failed. */
void zonda_apps_print(const char *name, const char *text, size_t len);
void zonda_apps_changed(const char *name, zonda_app_state_t state, const char *why);

/* The tables of the firmware. */
const zonda_app_resource_t *zonda_apps_resources(size_t *count);
const zonda_app_subscriber_t *zonda_apps_subscribers(size_t *count);
const zonda_app_sensor_t *zonda_apps_sensors(size_t *count);

/* Called by the platform. */
void zonda_apps_run(uint32_t slot);
/* Does what has to be done and waits for more; for a thread that calls it in a loop and is more
 * urgent than the applications. After zonda_apps_start(). */
void zonda_apps_supervise(void);

#ifdef __cplusplus
}
#endif

#endif
