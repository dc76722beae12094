/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Misbehaves: its timer never returns. Its fuel ends the event. The manager restarts the
 * application, which goes on in the same way, until no restart is left.
 */

#include "wasm_app.h"
#include "wa-inc/timer_wasm_app.h"

static void tick(user_timer_t timer)
{
	for (volatile int forever = 1; forever;) {
	}
}

void on_init(void)
{
	printf("misbehaves\n");
	api_timer_create(50, false, true, tick);
}
