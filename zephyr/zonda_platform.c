/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The platform interface of Zonda, include/zonda_platform.h, on Zephyr. The runtime depends on
 * nothing else of Zephyr.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/sys_heap.h>
#include <zephyr/sys/util.h>

#include "wasm_export.h"
#include "zonda_platform.h"

LOG_MODULE_REGISTER(zonda, CONFIG_ZONDA_LOG_LEVEL);

/* Without CONFIG_LOG, errors and warnings go to the console: they name the option to change. */
#ifdef CONFIG_LOG
#define REPORT(...) LOG_WRN(__VA_ARGS__)
#else
#define REPORT(format, ...) printk("zonda: " format "\n", ##__VA_ARGS__)
#endif

/* Memory. An allocation that fails returns NULL, which the runtime reports to the application. */

#ifdef CONFIG_ZONDA_USER_MODE
#include <zephyr/app_memory/app_memdomain.h>
#include <zephyr/init.h>
#include <zephyr/sys/mutex.h>

/* The static data of this file and of the runtime lie in this partition. A thread in user mode that
 * has it in its memory domain can use the runtime; CMakeLists.txt names the libraries. */
K_APPMEM_PARTITION_DEFINE(zonda_partition);

/* The kernel's heaps and mutexes are out of reach in user mode. */
static struct sys_heap zonda_heap;
static struct sys_mutex zonda_heap_mutex;
static uint8_t zonda_heap_memory[CONFIG_ZONDA_HEAP_SIZE] __aligned(8);

static int init_heap(void)
{
	sys_heap_init(&zonda_heap, zonda_heap_memory, sizeof(zonda_heap_memory));
	return 0;
}

/* After the kernel has cleared the partitions. */
SYS_INIT(init_heap, APPLICATION, 0);
#define HEAP (&zonda_heap)
#elif defined(CONFIG_ZONDA_HEAP_POOL)
K_HEAP_DEFINE(zonda_heap, CONFIG_ZONDA_HEAP_SIZE);
#define HEAP (&zonda_heap.heap)
#else
/* Defined by the kernel; CONFIG_ZONDA_HEAP_SIZE is a part of it. */
extern struct k_heap _system_heap;
#define HEAP (&_system_heap.heap)
#endif

/* Fills in the size and the use of the heap. False if Zephyr keeps no account of it
 * (CONFIG_SYS_HEAP_RUNTIME_STATS). */
bool zonda_platform_heap_info(zonda_heap_info_t *info)
{
#ifdef CONFIG_SYS_HEAP_RUNTIME_STATS
	struct sys_memory_stats stats;

	if (sys_heap_runtime_stats_get(HEAP, &stats) != 0) {
		return false;
	}
	info->total = stats.free_bytes + stats.allocated_bytes;
	info->free = stats.free_bytes;
	info->peak = stats.max_allocated_bytes;
	return true;
#else
	ARG_UNUSED(info);
	return false;
#endif
}

static void report_failed_allocation(size_t size)
{
	zonda_heap_info_t info;

	if (zonda_platform_heap_info(&info)) {
		REPORT("cannot allocate %u bytes: %u of %u bytes of the heap are free",
		       (uint32_t)size, info.free, info.total);
	} else {
		REPORT("cannot allocate %u bytes", (uint32_t)size);
	}
	REPORT("increase CONFIG_ZONDA_HEAP_SIZE=%u, or set CONFIG_ZONDA_MEMORY_LIMIT=%u (linear "
	       "memory)",
	       CONFIG_ZONDA_HEAP_SIZE, CONFIG_ZONDA_MEMORY_LIMIT);
}

void *zonda_platform_alloc(size_t size, size_t align)
{
#ifdef CONFIG_ZONDA_USER_MODE
	(void)sys_mutex_lock(&zonda_heap_mutex, K_FOREVER);
	void *memory = sys_heap_aligned_alloc(&zonda_heap, align, size);
	(void)sys_mutex_unlock(&zonda_heap_mutex);
#elif defined(CONFIG_ZONDA_HEAP_POOL)
	void *memory = k_heap_aligned_alloc(&zonda_heap, align, size, K_NO_WAIT);
#else
	void *memory = k_aligned_alloc(align, size);
#endif

	if (memory == NULL) {
		report_failed_allocation(size);
	}
	return memory;
}

void zonda_platform_free(void *ptr)
{
#ifdef CONFIG_ZONDA_USER_MODE
	(void)sys_mutex_lock(&zonda_heap_mutex, K_FOREVER);
	sys_heap_free(&zonda_heap, ptr);
	(void)sys_mutex_unlock(&zonda_heap_mutex);
#elif defined(CONFIG_ZONDA_HEAP_POOL)
	k_heap_free(&zonda_heap, ptr);
#else
	k_free(ptr);
#endif
}

/* Thread stacks. */

/* What a message needs itself. With less, only the application reports that the stack is too small.
 */
#define STACK_TO_REPORT (IS_ENABLED(CONFIG_64BIT) ? 1024 : 512)

/*
 * Whether the stack of the current thread is large enough for what it is about to do; true where
 * Zephyr cannot tell. Threads of native_sim run on stacks of the host. A thread in user mode cannot
 * read where its stack lies; the MPU ends it when it leaves the stack.
 */
bool zonda_platform_stack_suffices(zonda_stack_use_t purpose)
{
#if defined(CONFIG_THREAD_STACK_INFO) && !defined(CONFIG_ARCH_POSIX)
	if (k_is_user_context()) {
		return true;
	}

	const struct k_thread *thread = k_current_get();
	const char *name = k_thread_name_get((k_tid_t)thread);
	uintptr_t here = (uintptr_t)&name;
	size_t needed = purpose == ZONDA_STACK_LOAD ? CONFIG_ZONDA_LOAD_STACK_SIZE
						    : CONFIG_ZONDA_CALL_STACK_SIZE;
	size_t left = here - thread->stack_info.start;

	/* An address outside of the stack is that of an interrupt handler, or of a stack that the
	 * application has switched to. */
	if (left >= thread->stack_info.size || left >= needed) {
		return true;
	}
	if (left < STACK_TO_REPORT) {
		return false;
	}
	REPORT("thread %s: %u bytes of stack are left, %s a module needs %u",
	       name != NULL && name[0] != '\0' ? name : "without name", (uint32_t)left,
	       purpose == ZONDA_STACK_LOAD ? "loading" : "calling", (uint32_t)needed);
	REPORT("increase its stack (CONFIG_MAIN_STACK_SIZE=%u for main)", CONFIG_MAIN_STACK_SIZE);
	return false;
#else
	ARG_UNUSED(purpose);
	return true;
#endif
}

#ifdef CONFIG_ZONDA_NATIVE
/*
 * The stack of the current thread down to what a call of a native function needs; SIZE_MAX on a
 * stack that Zephyr does not know.
 */
size_t zonda_platform_native_stack(void)
{
	const struct k_thread *thread = k_current_get();
	uintptr_t here = (uintptr_t)&thread;
	size_t left = here - thread->stack_info.start;

	if (left >= thread->stack_info.size) {
		return SIZE_MAX;
	}
	return left > CONFIG_ZONDA_CALL_STACK_SIZE ? left - CONFIG_ZONDA_CALL_STACK_SIZE : 0;
}
#endif

#ifdef CONFIG_ZONDA_EXEC_TIME
uint64_t zonda_platform_uptime(void)
{
	return k_ticks_to_us_floor64(k_uptime_ticks());
}
#endif

/* Configuration that an application can override for each instance. */
const zonda_defaults_t *zonda_platform_get_defaults(void)
{
	static const zonda_defaults_t defaults = {
		.stack_size = CONFIG_ZONDA_STACK_SIZE,
		.memory_limit = CONFIG_ZONDA_MEMORY_LIMIT,
		.total_limit = CONFIG_ZONDA_INSTANCE_LIMIT,
		.running_mode = IS_ENABLED(CONFIG_ZONDA_DEFAULT_MODE_CLASSIC) ? Mode_Zonda_Classic
									      : Mode_Interp,
		.nested_calls = CONFIG_ZONDA_NESTED_CALLS,
#ifdef CONFIG_ZONDA_FUEL
		.start_fuel = CONFIG_ZONDA_START_FUEL,
#endif
		.bare_pointers = IS_ENABLED(CONFIG_ZONDA_NATIVES_BARE_POINTERS),
		.whole_memory = !IS_ENABLED(CONFIG_ZONDA_SHRINK_MEMORY),
	};

	return &defaults;
}

/*
 * Messages. The levels are those of Rust's log crate: 1 for errors to 5 for traces. Deferred
 * logging copies a string up to its NUL, which `text` does not have, hence the buffer.
 */
void zonda_platform_log(int level, const char *text, size_t len)
{
	char line[96];

	len = MIN(len, sizeof(line) - 1);
	memcpy(line, text, len);
	line[len] = '\0';

	switch (level) {
	case 1:
#ifdef CONFIG_LOG
		LOG_ERR("%s", line);
		break;
#endif
	case 2:
		REPORT("%s", line);
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

/* All threads share registered functions and the heap. Zephyr's mutexes are recursive. */

#ifdef CONFIG_ZONDA_USER_MODE
static struct sys_mutex zonda_mutex;

void zonda_platform_lock(void)
{
	(void)sys_mutex_lock(&zonda_mutex, K_FOREVER);
}

void zonda_platform_unlock(void)
{
	(void)sys_mutex_unlock(&zonda_mutex);
}
#else
static K_MUTEX_DEFINE(zonda_mutex);

void zonda_platform_lock(void)
{
	(void)k_mutex_lock(&zonda_mutex, K_FOREVER);
}

void zonda_platform_unlock(void)
{
	(void)k_mutex_unlock(&zonda_mutex);
}
#endif

/* What the panic handler calls. */
FUNC_NORETURN void zonda_platform_abort(const char *text, size_t len)
{
	printk("Zonda: %.*s\n", (int)len, text);
	k_panic();
	CODE_UNREACHABLE;
}

#ifdef CONFIG_ARM
/*
 * What rustc calls to copy and fill memory on Arm (run-time ABI for the Arm architecture, 4.3.4).
 * Neither libgcc nor Zephyr's minimal C library has these functions, so those of rustc's compiler
 * library would be linked: 2,400 bytes of flash beside the functions of the C library, which are
 * linked anyway. If the C library has them, its own are used.
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
