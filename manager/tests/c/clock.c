/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counts twice a second, and stops counting at three.
 */

#include "wasm_app.h"
#include "wa-inc/timer_wasm_app.h"

static int count;

static void tick(user_timer_t timer)
{
	printf("tick %d\n", ++count);
	if (count == 3) {
		api_timer_cancel(timer);
		/* A timer that is never started, and one that expires once. */
		api_timer_create(1, true, false, tick);
	}
}

void on_init(void)
{
	api_timer_restart(api_timer_create(1000, true, false, tick), 10);
}

void on_destroy(void)
{
	printf("bye at %d\n", count);
}
