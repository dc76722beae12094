/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Power fails at each operation on Zephyr's flash simulator: while applications are installed,
 * updated, removed and moved together. After each failure the system starts again, with the flash
 * as it was left, and each application has to be wholly the old or wholly the new one, and run;
 * the others have to be as they were.
 *
 * A failure is a reset of the processor in the middle of a write or an erase. The simulated flash
 * is in memory that a reset keeps, and so is what the test has to know: which step, which
 * operation, and the flash before the step.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/reboot.h>
#include <zephyr/sys/util.h>

#include "zonda_apps.h"

#define PARTITION FIXED_PARTITION_ID(zonda_apps)
#define SIZE      FIXED_PARTITION_SIZE(zonda_apps)
#define SECTOR    1024
#define MAGIC     0x5a0cf001

static const uint8_t echo[] = {
#include <echo.zonda-app.inc>
};

/* A package that takes more sectors: the name of a version of echo, and the bytes behind it. */
static uint8_t package[5 * SECTOR];

/* What an application is: 0 for none, or its version. */
#define APPS 3
static const char *const names[APPS] = {"echo00", "echo01", "echo02"};

/* Steps: an application becomes a version of a size; version 0 removes it. Where the last one is
 * installed there is room, but not in one piece. */
static const struct step {
	const char *what;
	uint8_t app;
	uint8_t version;
	uint16_t padding;
	bool is_move;
} steps[] = {
	{"install", 0, 1, 700},  {"install", 1, 1, 1700}, {"update", 0, 2, 1700},
	{"install", 2, 1, 700},  {"update", 1, 2, 700},   {"uninstall", 0, 0, 0},
	{"update", 2, 2, 1700},  {"install", 0, 3, 700},  {"uninstall", 2, 0, 0},
	{"move", 2, 3, 4000, true}, {"uninstall", 0, 0, 0},  {"uninstall", 2, 0, 0},
};

enum phase {
	/* The operation of this number is to fail. */
	CUT,
	/* It has. */
	AFTER,
};

/* Kept by a reset. */
static struct {
	uint32_t magic;
	uint32_t step;
	uint32_t operation;
	/* How much of the operation is done before: half of it, or all of it. */
	enum part {
		HALF,
		ALL,
		PARTS,
	} part;
	enum phase phase;
	uint8_t versions[APPS];
	uint32_t cuts;
	uint32_t of_step;
	uint32_t old;
	uint32_t new;
	/* The partition before the step. */
	uint8_t before[SIZE];
} kept Z_GENERIC_SECTION(KEPT_MEMORY);

/* Operations until power fails; 0 for never. */
static uint32_t left;

int __real_zonda_apps_flash_write(uint32_t at, const void *from, size_t len);
int __real_zonda_apps_flash_erase(uint16_t sector);
int __wrap_zonda_apps_flash_write(uint32_t at, const void *from, size_t len);
int __wrap_zonda_apps_flash_erase(uint16_t sector);

static void fail(void)
{
	kept.phase = AFTER;
	kept.cuts++;
	kept.of_step++;
	sys_reboot(SYS_REBOOT_COLD);
}

int __wrap_zonda_apps_flash_write(uint32_t at, const void *from, size_t len)
{
	if (left > 0 && --left == 0) {
		/* In whole units. */
		(void)__real_zonda_apps_flash_write(at, from,
						    kept.part == HALF ? ROUND_DOWN(len / 2, 4) : len);
		fail();
	}
	return __real_zonda_apps_flash_write(at, from, len);
}

int __wrap_zonda_apps_flash_erase(uint16_t sector)
{
	if (left > 0 && --left == 0) {
		static const uint8_t zeros[SECTOR / 4];

		(void)__real_zonda_apps_flash_erase(sector);
		if (kept.part == HALF) {
			/* Some of it is not erased. */
			(void)__real_zonda_apps_flash_write(sector * SECTOR + SECTOR / 2, zeros,
							    sizeof(zeros));
		}
		fail();
	}
	return __real_zonda_apps_flash_erase(sector);
}

static void stop(const char *what, const char *why)
{
	printk("error: step %u (%s), operation %u: %s: %s\n", kept.step,
	       steps[MIN(kept.step, ARRAY_SIZE(steps) - 1)].what, kept.operation, what, why);
	k_sleep(K_FOREVER);
}

static void reset(void)
{
	sys_reboot(SYS_REBOOT_COLD);
}

/* Copies the partition. */
static void save(void)
{
	const struct flash_area *area;

	if (flash_area_open(PARTITION, &area) != 0 ||
	    flash_area_read(area, 0, kept.before, SIZE) != 0) {
		stop("flash", "cannot be read");
	}
}

static void restore(void)
{
	const struct flash_area *area;

	if (flash_area_open(PARTITION, &area) != 0 || flash_area_erase(area, 0, SIZE) != 0 ||
	    flash_area_write(area, 0, kept.before, SIZE) != 0) {
		stop("flash", "cannot be written");
	}
}

static void start(void)
{
	zonda_app_error_t error = {""};

	if (zonda_apps_start(&error) != ZONDA_APP_OK) {
		stop("start", error.text);
	}
}

/* The version of an application that is there; 0 for none. */
static uint32_t version_of(uint32_t app)
{
	zonda_app_info_t info;

	return zonda_app_info(names[app], &info) == ZONDA_APP_OK ? info.version[2] : 0;
}

/* Makes a package of echo: its name, its version as 1.0.N, and a custom section behind it. */
static size_t make(const struct step *step)
{
	static const char name[] = "echo00";
	/* [1, 0, 0] in the manifest. */
	static const uint8_t version[] = {0x83, 0x01, 0x00, 0x00};
	size_t len = sizeof(echo);

	memcpy(package, echo, len);
	for (size_t i = 0; i + sizeof(name) <= len; i++) {
		if (memcmp(&package[i], name, sizeof(name) - 1) == 0) {
			memcpy(&package[i], names[step->app], sizeof(name) - 1);
		}
		if (memcmp(&package[i], version, sizeof(version)) == 0) {
			package[i + 3] = step->version;
		}
	}
	/* Section 0, its size in two bytes, the name "x". */
	package[len++] = 0;
	package[len++] = 0x80 | (step->padding & 0x7F);
	package[len++] = step->padding >> 7;
	package[len++] = 1;
	package[len++] = 'x';
	memset(&package[len], step->version, step->padding - 2);
	return len + step->padding - 2;
}

static void execute(const struct step *step)
{
	zonda_app_error_t error = {""};
	zonda_app_result_t result =
		step->version == 0 ? zonda_app_uninstall(names[step->app], &error)
				   : zonda_app_install(package, make(step), 0, &error);

	if (result != ZONDA_APP_OK) {
		stop("step", error.text);
	}
}

static void take_code(const zonda_app_response_t *response, void *data)
{
	*(uint8_t *)data = response->code;
}

/* An application that is there runs. */
static void ask(uint32_t app)
{
	zonda_app_error_t error = {""};
	char url[] = "/app/echo00/x";
	const zonda_app_request_t request = {
		.method = ZONDA_APP_GET, .url = url, .url_len = sizeof(url) - 1};
	uint8_t code = 0;

	memcpy(&url[5], names[app], 6);
	if (zonda_app_start(names[app], &error) != ZONDA_APP_OK) {
		stop(names[app], error.text);
	}
	for (int i = 0; i < 100 && code != ZONDA_APP_CONTENT; i++) {
		(void)zonda_app_request(&request, 1000, take_code, &code);
	}
	if (code != ZONDA_APP_CONTENT) {
		stop(names[app], "does not answer");
	}
	/* What runs is not moved. */
	if (zonda_app_stop(names[app], &error) != ZONDA_APP_OK) {
		stop(names[app], error.text);
	}
}

/* After a failure: old or new, and nothing else lost. */
static void check(const struct step *step)
{
	for (uint32_t app = 0; app < APPS; app++) {
		uint32_t version = version_of(app);

		if (app == step->app) {
			kept.old += version == kept.versions[app];
			kept.new += version != kept.versions[app];
		}
		if (version != kept.versions[app] &&
		    (app != step->app || version != step->version)) {
			stop(names[app], "is neither old nor new");
		}
		if (version != 0) {
			ask(app);
		}
	}
	/* What is left of the step does not keep it from being done again. */
	if (version_of(step->app) != step->version) {
		execute(step);
	}
}

int main(void)
{
	const struct step *step;

	if (kept.magic != MAGIC) {
		memset(&kept, 0, sizeof(kept));
		memset(kept.before, 0xFF, sizeof(kept.before));
		kept.magic = MAGIC;
		kept.operation = 1;
		restore();
	}
	if (kept.step == ARRAY_SIZE(steps)) {
		printk("done: %u cuts, %u old, %u new\n", kept.cuts, kept.old, kept.new);
		kept.magic = 0;
		return 0;
	}
	step = &steps[kept.step];
	start();
	if (kept.phase == AFTER) {
		check(step);
		restore();
		kept.phase = CUT;
		if (++kept.part == PARTS) {
			kept.part = HALF;
			kept.operation++;
		}
		reset();
	}
	if (step->is_move) {
		zonda_app_usage_t usage;
		size_t len = make(step);

		if (zonda_apps_usage(&usage, NULL) != ZONDA_APP_OK || usage.largest >= len ||
		    usage.free < len) {
			stop("step", "has nothing to move");
		}
	}
	left = kept.operation;
	execute(step);
	/* It has fewer operations. */
	left = 0;
	if (version_of(step->app) != step->version) {
		stop("step", "is not done");
	}
	printk("%s: %u cuts\n", step->what, kept.of_step);
	save();
	kept.versions[step->app] = step->version;
	kept.step++;
	kept.operation = 1;
	kept.part = HALF;
	kept.of_step = 0;
	reset();
	return 0;
}
