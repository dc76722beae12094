/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What Zonda needs of an operating system, given by Zephyr. The Rust side declares the same
 * functions in src/platform and knows nothing else of Zephyr.
 */

#include <errno.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/random/random.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include "wasm_export.h"

LOG_MODULE_REGISTER(zonda, CONFIG_ZONDA_LOG_LEVEL);

/* Memory. Runs out like any heap: NULL is an answer, and the runtime has one for it. */

#ifdef CONFIG_ZONDA_HEAP_POOL
K_HEAP_DEFINE(zonda_heap, CONFIG_ZONDA_HEAP_SIZE);
#endif

void *zonda_platform_alloc(size_t size, size_t align)
{
#ifdef CONFIG_ZONDA_HEAP_POOL
	return k_heap_aligned_alloc(&zonda_heap, align, size, K_NO_WAIT);
#else
	return k_aligned_alloc(align, size);
#endif
}

void zonda_platform_free(void *ptr)
{
#ifdef CONFIG_ZONDA_HEAP_POOL
	k_heap_free(&zonda_heap, ptr);
#else
	k_free(ptr);
#endif
}

/*
 * Defaults that the application can override for each instance; 0 for the limit means none. As
 * `Defaults` in src/platform.
 */
const struct {
	uint32_t stack_size;
	uint32_t memory_limit;
	uint32_t running_mode;
	uint32_t nested_calls;
	uint32_t start_fuel;
} zonda_platform_defaults = {
	.stack_size = CONFIG_ZONDA_STACK_SIZE,
	.memory_limit = CONFIG_ZONDA_MEMORY_LIMIT,
	.running_mode =
		IS_ENABLED(CONFIG_ZONDA_DEFAULT_MODE_CLASSIC) ? Mode_Zonda_Classic : Mode_Interp,
	.nested_calls = CONFIG_ZONDA_NESTED_CALLS,
#ifdef CONFIG_ZONDA_FUEL
	.start_fuel = CONFIG_ZONDA_START_FUEL,
#endif
};

/*
 * Messages. The levels of Rust's log crate are 1 for errors to 5 for traces. Deferred logging keeps
 * the address of a string or copies it up to its NUL, and the text has none, hence the buffer.
 */
void zonda_platform_log(int level, const char *text, size_t len)
{
	char line[96];

	len = MIN(len, sizeof(line) - 1);
	memcpy(line, text, len);
	line[len] = '\0';

	switch (level) {
	case 1:
		LOG_ERR("%s", line);
		break;
	case 2:
		LOG_WRN("%s", line);
		break;
	case 3:
		LOG_INF("%s", line);
		break;
	default:
		LOG_DBG("%s", line);
		break;
	}
}

void zonda_platform_console(const char *text, size_t len)
{
	printk("%.*s", (int)len, text);
}

/* Time. */

uint64_t zonda_platform_time_us(void)
{
	return k_ticks_to_us_floor64(k_uptime_ticks());
}

void zonda_platform_sleep_us(uint64_t us)
{
	/*
	 * Without 64-bit timeouts the longest sleep is 2^31 ticks; an hour at a time is within it
	 * at any tick rate.
	 */
	const uint64_t hour = 3600ULL * USEC_PER_SEC;

	while (us > hour) {
		k_sleep(K_HOURS(1));
		us -= hour;
	}
	k_sleep(K_USEC(us));
}

/* Registered functions and the heap are shared by all threads. Zephyr's mutexes are recursive. */

static K_MUTEX_DEFINE(zonda_mutex);

void zonda_platform_lock(void)
{
	(void)k_mutex_lock(&zonda_mutex, K_FOREVER);
}

void zonda_platform_unlock(void)
{
	(void)k_mutex_unlock(&zonda_mutex);
}

/* Returns 0, or a negative errno where the board has no source of random numbers. */
int zonda_platform_random(void *buf, size_t len)
{
#if defined(CONFIG_CSPRNG_ENABLED)
	return sys_csrand_get(buf, len);
#elif defined(CONFIG_ENTROPY_HAS_DRIVER) || defined(CONFIG_TEST_RANDOM_GENERATOR)
	sys_rand_get(buf, len);
	return 0;
#else
	ARG_UNUSED(buf);
	ARG_UNUSED(len);
	return -ENOTSUP;
#endif
}

/* The last resort of the panic handler. */
FUNC_NORETURN void zonda_platform_abort(const char *text, size_t len)
{
	printk("Zonda: %.*s\n", (int)len, text);
	k_panic();
	CODE_UNREACHABLE;
}

#ifdef CONFIG_ARM
/*
 * What rustc calls to copy and fill memory on Arm (run-time ABI for the Arm architecture, 4.3.4).
 * libgcc has none of it and Zephyr's minimal libc neither, so that the library that comes with
 * rustc would be taken: 2,400 bytes of flash for what the C library's functions, which are there
 * anyway, do. Where the C library has these too, its own win.
 */
__weak void __aeabi_memcpy(void *dest, const void *src, size_t len)
{
	(void)memcpy(dest, src, len);
}

__weak void __aeabi_memmove(void *dest, const void *src, size_t len)
{
	(void)memmove(dest, src, len);
}

__weak void __aeabi_memset(void *dest, size_t len, int byte)
{
	(void)memset(dest, byte, len);
}

__weak void __aeabi_memclr(void *dest, size_t len)
{
	(void)memset(dest, 0, len);
}

void __aeabi_memcpy4(void *dest, const void *src, size_t len)
	__attribute__((weak, alias("__aeabi_memcpy")));
void __aeabi_memcpy8(void *dest, const void *src, size_t len)
	__attribute__((weak, alias("__aeabi_memcpy")));
void __aeabi_memmove4(void *dest, const void *src, size_t len)
	__attribute__((weak, alias("__aeabi_memmove")));
void __aeabi_memmove8(void *dest, const void *src, size_t len)
	__attribute__((weak, alias("__aeabi_memmove")));
void __aeabi_memset4(void *dest, size_t len, int byte)
	__attribute__((weak, alias("__aeabi_memset")));
void __aeabi_memset8(void *dest, size_t len, int byte)
	__attribute__((weak, alias("__aeabi_memset")));
void __aeabi_memclr4(void *dest, size_t len) __attribute__((weak, alias("__aeabi_memclr")));
void __aeabi_memclr8(void *dest, size_t len) __attribute__((weak, alias("__aeabi_memclr")));
#endif /* CONFIG_ARM */
