/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The platform of the application manager, include/zonda_apps_platform.h, on Zephyr: threads, the
 * flash partition `zonda_apps`, and the log of applications.
 */

#include <string.h>

#include <zephyr/drivers/flash.h>
#include <zephyr/kernel.h>
#include <zephyr/linker/section_tags.h>
#include <zephyr/logging/log.h>
#include <zephyr/storage/flash_map.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include "zonda_apps_platform.h"
#include "zonda_apps_zephyr.h"
#include "zonda_platform.h"

LOG_MODULE_DECLARE(zonda, CONFIG_ZONDA_LOG_LEVEL);

#define SLOTS      CONFIG_ZONDA_APPS_MAX
#define SUPERVISOR (SLOTS + 1)

BUILD_ASSERT(CONFIG_ZONDA_APPS_PRIORITY < CONFIG_NUM_PREEMPT_PRIORITIES,
	     "CONFIG_ZONDA_APPS_PRIORITY is not a preemptive priority");

const zonda_apps_config_t *zonda_apps_get_config(void)
{
	static const zonda_apps_config_t config = {
		.unsigned_packages = IS_ENABLED(CONFIG_ZONDA_APPS_UNSIGNED_REFUSED)    ? 0
				     : IS_ENABLED(CONFIG_ZONDA_APPS_UNSIGNED_VERIFIED) ? 1
										       : 2,
		.grants = CONFIG_ZONDA_APPS_GRANTS,
		.trial_ms = CONFIG_ZONDA_APPS_TRIAL_SECONDS * MSEC_PER_SEC,
		.slots = SLOTS,
	};

	return &config;
}

/* Locks. The manager asks for one lock for each value that it protects. */

static struct k_mutex locks[4];
static atomic_t lock_count;

uint32_t zonda_apps_new_lock(void)
{
	uint32_t number = (uint32_t)atomic_inc(&lock_count);

	if (number >= ARRAY_SIZE(locks)) {
		zonda_platform_abort("too many locks of the application manager", 41);
	}
	(void)k_mutex_init(&locks[number]);
	return number;
}

void zonda_apps_lock(uint32_t number)
{
	(void)k_mutex_lock(&locks[number], K_FOREVER);
}

void zonda_apps_unlock(uint32_t number)
{
	(void)k_mutex_unlock(&locks[number]);
}

/* Time and waiting. A semaphore for each place, which counts to 1. */

static K_SEM_DEFINE(supervisor_sem, 0, 1);
static K_SEM_DEFINE(request_sem, 0, 1);
static struct k_sem app_sems[SLOTS];

static struct k_sem *sem_of(uint32_t slot)
{
	return slot < SLOTS ? &app_sems[slot] : slot == SLOTS ? &request_sem : &supervisor_sem;
}

uint64_t zonda_apps_now(void)
{
	return (uint64_t)k_uptime_get();
}

void zonda_apps_wait(uint32_t slot, uint64_t until)
{
	k_timeout_t timeout = K_FOREVER;

	if (until != UINT64_MAX) {
		uint64_t now = zonda_apps_now();

		/* The manager looks at the time again when this returns. */
		timeout = until <= now ? K_NO_WAIT : K_MSEC(MIN(until - now, INT32_MAX));
	}
	(void)k_sem_take(sem_of(slot), timeout);
}

void zonda_apps_wake(uint32_t slot)
{
	k_sem_give(sem_of(slot));
}

/*
 * Threads. Stack and thread are one block of the runtime's heap: RAM is taken by applications that
 * run only. `threads_mutex` is for those that look at a thread of another application.
 */

static struct k_thread *threads[SLOTS];
static void *blocks[SLOTS];
static K_MUTEX_DEFINE(threads_mutex);

static void run(void *slot, void *unused1, void *unused2)
{
	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);

	zonda_apps_run((uint32_t)(uintptr_t)slot);
}

bool zonda_apps_spawn(uint32_t slot, const char *name, uint32_t stack_size, uint32_t priority)
{
	size_t size = MAX(stack_size, CONFIG_ZONDA_APPS_THREAD_STACK_SIZE);
	size_t stack_len = ROUND_UP(K_KERNEL_STACK_LEN(size), __alignof__(struct k_thread));
	int prio =
		(int)CLAMP(priority, CONFIG_ZONDA_APPS_PRIORITY, CONFIG_NUM_PREEMPT_PRIORITIES - 1);
	uint8_t *block;
	struct k_thread *thread;

	if (slot >= SLOTS) {
		return false;
	}
	block = zonda_platform_alloc(stack_len + sizeof(*thread),
				     MAX(Z_KERNEL_STACK_OBJ_ALIGN, __alignof__(struct k_thread)));
	if (block == NULL) {
		return false;
	}
	thread = (struct k_thread *)(block + stack_len);
	memset(thread, 0, sizeof(*thread));
	k_sem_init(&app_sems[slot], 0, 1);
	(void)k_thread_create(thread, (k_thread_stack_t *)block, size, run, (void *)(uintptr_t)slot,
			      NULL, NULL, prio, 0, K_FOREVER);
	(void)k_thread_name_set(thread, name);
	(void)k_mutex_lock(&threads_mutex, K_FOREVER);
	blocks[slot] = block;
	threads[slot] = thread;
	(void)k_mutex_unlock(&threads_mutex);
	k_thread_start(thread);
	return true;
}

void zonda_apps_join(uint32_t slot)
{
	struct k_thread *thread = slot < SLOTS ? threads[slot] : NULL;

	if (thread == NULL) {
		return;
	}
	(void)k_thread_join(thread, K_FOREVER);
	(void)k_mutex_lock(&threads_mutex, K_FOREVER);
	threads[slot] = NULL;
	(void)k_mutex_unlock(&threads_mutex);
	zonda_platform_free(blocks[slot]);
	blocks[slot] = NULL;
}

bool zonda_apps_thread_use(uint32_t slot, struct zonda_apps_thread_use *use)
{
	bool is_there;

	*use = (struct zonda_apps_thread_use){0};
	(void)k_mutex_lock(&threads_mutex, K_FOREVER);
	is_there = slot < SLOTS && threads[slot] != NULL;
	if (is_there) {
#if defined(CONFIG_THREAD_STACK_INFO) && defined(CONFIG_INIT_STACKS)
		size_t unused;

		use->stack_size = threads[slot]->stack_info.size;
		if (k_thread_stack_space_get(threads[slot], &unused) == 0) {
			use->stack_used = use->stack_size - unused;
		}
#endif
#ifdef CONFIG_SCHED_THREAD_USAGE
		k_thread_runtime_stats_t stats;

		if (k_thread_runtime_stats_get(threads[slot], &stats) == 0) {
			use->cycles = stats.execution_cycles;
		}
#endif
	}
	(void)k_mutex_unlock(&threads_mutex);
	return is_there;
}

/* The supervisor is more urgent than applications, whose events it ends. */

static void supervise(void *unused1, void *unused2, void *unused3)
{
	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);

	/* Until the manager is there. */
	zonda_apps_wait(SUPERVISOR, UINT64_MAX);
	while (true) {
		zonda_apps_supervise();
	}
}

K_THREAD_DEFINE(zonda_apps_supervisor, CONFIG_ZONDA_APPS_SUPERVISOR_STACK_SIZE, supervise, NULL,
		NULL, NULL, CONFIG_ZONDA_APPS_PRIORITY - 1, 0, 0);

/* The partition. */

#define PARTITION  DT_NODELABEL(zonda_apps)
#define FLASH_NODE DT_GPARENT(PARTITION)

BUILD_ASSERT(DT_NODE_EXISTS(PARTITION),
	     "the devicetree has no fixed partition with the label zonda_apps (docs/apps.md)");

/* What the directory of applications wants of a sector, and how many there may be. */
#define SMALLEST_SECTOR 512
#define MOST_SECTORS    1024

static const struct flash_area *area;
static uint32_t sector_size;

int zonda_apps_flash_open(zonda_apps_geometry_t *geometry)
{
	struct flash_pages_info page;
	const struct device *flash;
	int err = flash_area_open(DT_FIXED_PARTITION_ID(PARTITION), &area);

	if (err != 0) {
		return err;
	}
	flash = flash_area_get_device(area);
	if (flash == NULL || !device_is_ready(flash)) {
		return -ENODEV;
	}
	if (flash_area_erased_val(area) != 0xFF) {
		return -ENOTSUP;
	}
	err = flash_get_page_info_by_offs(flash, area->fa_off, &page);
	if (err != 0) {
		return err;
	}
	/* Pages that are small are taken together. All pages of the partition have one size. */
	sector_size = page.size;
	while (sector_size < SMALLEST_SECTOR || area->fa_size / sector_size > MOST_SECTORS) {
		sector_size *= 2;
	}
	geometry->sector_size = sector_size;
	geometry->sectors = area->fa_size / sector_size;
	geometry->write_size = flash_area_align(area);
	geometry->directory_sectors = CONFIG_ZONDA_APPS_DIRECTORY_SECTORS;
	return 0;
}

int zonda_apps_flash_read(uint32_t at, void *to, size_t len)
{
	return flash_area_read(area, at, to, len);
}

int zonda_apps_flash_write(uint32_t at, const void *from, size_t len)
{
	return flash_area_write(area, at, from, len);
}

int zonda_apps_flash_erase(uint16_t sector)
{
	/* Not flash_area_flatten(): what follows writes to erased flash. */
	return flash_area_erase(area, (off_t)sector * sector_size, sector_size);
}

#if DT_NODE_HAS_COMPAT(DT_PARENT(FLASH_NODE), zephyr_sim_flash)
#include <zephyr/drivers/flash/flash_simulator.h>

const uint8_t *zonda_apps_flash_mapped(void)
{
	size_t size;
	const uint8_t *memory = flash_simulator_get_memory(flash_area_get_device(area), &size);

	return memory == NULL ? NULL : memory + area->fa_off;
}
#else
const uint8_t *zonda_apps_flash_mapped(void)
{
#ifdef CONFIG_ZONDA_APPS_IN_PLACE
	return (const uint8_t *)(uintptr_t)DT_REG_ADDR(FLASH_NODE) + area->fa_off;
#else
	return NULL;
#endif
}
#endif

/*
 * What applications print: lines that begin with the application's name, on the console and in a
 * ring. `position` counts all bytes that were written to the ring.
 */

static K_MUTEX_DEFINE(log_mutex);
static char writer[ZONDA_APP_NAME_SIZE];
static bool in_line;

#if CONFIG_ZONDA_APPS_LOG_SIZE > 0
static char ring[CONFIG_ZONDA_APPS_LOG_SIZE];
static uint32_t ring_position;

static void keep(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		ring[ring_position % sizeof(ring)] = text[i];
		ring_position++;
	}
}

size_t zonda_app_log_read(uint32_t *position, char *to, size_t len)
{
	size_t count;

	(void)k_mutex_lock(&log_mutex, K_FOREVER);
	/* What is older, and positions of nothing, become the oldest that is kept. */
	if (ring_position - *position > MIN(ring_position, sizeof(ring))) {
		*position = ring_position - MIN(ring_position, sizeof(ring));
	}
	count = MIN(len, ring_position - *position);
	for (size_t i = 0; i < count; i++) {
		to[i] = ring[*position % sizeof(ring)];
		*position += 1;
	}
	(void)k_mutex_unlock(&log_mutex);
	return count;
}
#else
static void keep(const char *text, size_t len)
{
	ARG_UNUSED(text);
	ARG_UNUSED(len);
}

size_t zonda_app_log_read(uint32_t *position, char *to, size_t len)
{
	ARG_UNUSED(position);
	ARG_UNUSED(to);
	ARG_UNUSED(len);

	return 0;
}
#endif

static void put(const char *text, size_t len)
{
	keep(text, len);
	if (IS_ENABLED(CONFIG_ZONDA_APPS_CONSOLE)) {
		zonda_platform_console(text, len);
	}
}

/* With the mutex. */
static void print_part(const char *name, const char *text, size_t len)
{
	if (strcmp(writer, name) != 0) {
		if (in_line) {
			put("\n", 1);
		}
		in_line = false;
		strncpy(writer, name, sizeof(writer) - 1);
	}
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t part = end == NULL ? len : (size_t)(end - text) + 1;

		if (!in_line) {
			put(name, strlen(name));
			put(": ", 2);
		}
		put(text, part);
		in_line = end == NULL;
		text += part;
		len -= part;
	}
}

void zonda_apps_print(const char *name, const char *text, size_t len)
{
	(void)k_mutex_lock(&log_mutex, K_FOREVER);
	print_part(name, text, len);
	(void)k_mutex_unlock(&log_mutex);
}

#ifdef CONFIG_ZONDA_APPS_DEVICES
/* In the text of the application, as what it prints, and in Zephyr's log from warnings on. */
void zonda_apps_log(const char *name, uint32_t level, const char *context, size_t context_len,
		    const char *message, size_t message_len)
{
	static const char *const levels[] = {
		"trace: ", "debug: ", "info: ", "warn: ", "error: ", "critical: ",
	};
	const char *start = levels[MIN(level, ARRAY_SIZE(levels) - 1)];

	(void)k_mutex_lock(&log_mutex, K_FOREVER);
	print_part(name, start, strlen(start));
	print_part(name, context, context_len);
	print_part(name, ": ", 2);
	print_part(name, message, message_len);
	print_part(name, "\n", 1);
	(void)k_mutex_unlock(&log_mutex);
	if (IS_ENABLED(CONFIG_LOG) && level >= 3) {
		/* The texts have no NUL at their end, and the log is written later. */
		char line[96];

		(void)snprintk(line, sizeof(line), "%s: %.*s: %.*s", name, (int)context_len, context,
			       (int)message_len, message);
		if (level == 3) {
			LOG_WRN("%s", line);
		} else {
			LOG_ERR("%s", line);
		}
	}
}
#endif

void zonda_apps_changed(const char *name, zonda_app_state_t state, const char *why)
{
	LOG_INF("%s is %s", name, zonda_app_state_name(state));
	if (why[0] != '\0') {
		char line[112];
		int len = snprintk(line, sizeof(line), "(%s: %s)\n", zonda_app_state_name(state),
				   why);

		zonda_apps_print(name, line, MIN((size_t)len, sizeof(line) - 1));
	}
}

const char *zonda_app_state_name(zonda_app_state_t state)
{
	static const char *const names[] = {
		"installed", "starting", "running", "stopping", "stopped", "failed",
	};

	return (unsigned int)state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

/* What the firmware offers to applications. */

const zonda_app_resource_t *zonda_apps_resources(size_t *count)
{
	STRUCT_SECTION_COUNT(zonda_app_resource_t, count);
	STRUCT_SECTION_START_EXTERN(zonda_app_resource_t);
	return STRUCT_SECTION_START(zonda_app_resource_t);
}

const zonda_app_subscriber_t *zonda_apps_subscribers(size_t *count)
{
	STRUCT_SECTION_COUNT(zonda_app_subscriber_t, count);
	STRUCT_SECTION_START_EXTERN(zonda_app_subscriber_t);
	return STRUCT_SECTION_START(zonda_app_subscriber_t);
}

const zonda_app_sensor_t *zonda_apps_sensors(size_t *count)
{
	STRUCT_SECTION_COUNT(zonda_app_sensor_t, count);
	STRUCT_SECTION_START_EXTERN(zonda_app_sensor_t);
	return STRUCT_SECTION_START(zonda_app_sensor_t);
}
