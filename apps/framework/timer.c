/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Timers.
 */

#include "host.h"
#include "wa-inc/timer_wasm_app.h"

struct user_timer {
	struct user_timer *next;
	uint32 number;
	on_user_timer_update_f function;
};

static struct user_timer *timers;

user_timer_t api_timer_create(int interval, bool is_period, bool auto_start,
			      on_user_timer_update_f on_timer_update)
{
	struct user_timer *timer = malloc(sizeof(*timer));

	if (timer == NULL) {
		return NULL;
	}
	timer->number = wasm_create_timer(interval, is_period, auto_start);
	if (timer->number == NONE) {
		free(timer);
		return NULL;
	}
	timer->function = on_timer_update;
	timer->next = timers;
	timers = timer;
	return timer;
}

void api_timer_cancel(user_timer_t timer)
{
	struct user_timer **at = &timers;

	while (*at != NULL && *at != timer) {
		at = &(*at)->next;
	}
	if (*at != NULL) {
		*at = timer->next;
		wasm_timer_destroy(timer->number);
		free(timer);
	}
}

void api_timer_restart(user_timer_t timer, int interval)
{
	wasm_timer_restart(timer->number, interval);
}

ENTRY(on_timer_callback) void on_timer_callback(int number)
{
	struct user_timer *timer;

	for (timer = timers; timer != NULL; timer = timer->next) {
		if (timer->number == (uint32)number) {
			timer->function(timer);
			return;
		}
	}
}
