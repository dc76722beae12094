/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A program that never returns is terminated by another thread and by an interrupt handler.
 */

#include <zephyr/ztest.h>

#include "fixture.h"

static struct program program;

static K_THREAD_STACK_DEFINE(killer_stack, 1024);
static struct k_thread killer;

/* The clock of native_sim stands still while code runs, so no timer would expire and no other
 * thread would run. */
#define SKIP_WHERE_TIME_STANDS_STILL() Z_TEST_SKIP_IFDEF(CONFIG_ARCH_POSIX)

static void before(void *fixture)
{
	runtime_before(fixture);
	program_start(&program, &loops_wasm, 0);
}

static void after(void *fixture)
{
	program_stop(&program);
	runtime_after(fixture);
}

ZTEST_SUITE(terminate, NULL, NULL, before, after, NULL);

static void kill(void *instance, void *unused_2, void *unused_3)
{
	ARG_UNUSED(unused_2);
	ARG_UNUSED(unused_3);
	wasm_runtime_terminate(instance);
}

ZTEST(terminate, test_from_another_thread)
{
	uint32_t argv[1];

	SKIP_WHERE_TIME_STANDS_STILL();
	k_thread_create(&killer, killer_stack, K_THREAD_STACK_SIZEOF(killer_stack), kill,
			program.instance, NULL, NULL, K_PRIO_COOP(1), 0, K_MSEC(50));

	assert_trap(&program, "forever", 0, argv, "terminated by user");
	zassert_ok(k_thread_join(&killer, K_FOREVER));

	/* It did run, and it can run again. */
	zassert_true(call(&program, "count", 0, argv));
	zassert_true(argv[0] > 0);
}

static void kill_in_isr(struct k_timer *timer)
{
	wasm_runtime_terminate(k_timer_user_data_get(timer));
}

static K_TIMER_DEFINE(timer, kill_in_isr, NULL);

ZTEST(terminate, test_from_an_interrupt)
{
	uint32_t argv[1];

	SKIP_WHERE_TIME_STANDS_STILL();
	k_timer_user_data_set(&timer, program.instance);
	k_timer_start(&timer, K_MSEC(50), K_NO_WAIT);

	assert_trap(&program, "forever", 0, argv, "terminated by user");
}
