/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Timers; source compatible with the header of this name of WAMR's application framework.
 */

#ifndef ZONDA_APP_TIMER_H
#define ZONDA_APP_TIMER_H

#include "bh_platform.h"

#ifdef __cplusplus
extern "C" {
#endif

struct user_timer;
typedef struct user_timer *user_timer_t;

/* Called when the timer expires. */
typedef void (*on_user_timer_update_f)(user_timer_t timer);

/* Makes a timer of so many milliseconds; NULL if the application has as many as it may, or no
 * memory. */
user_timer_t api_timer_create(int interval, bool is_period, bool auto_start,
			      on_user_timer_update_f on_timer_update);

/* Stops and frees a timer. It must not be used afterwards. */
void api_timer_cancel(user_timer_t timer);

/* Starts a timer, or starts it anew, with this interval. */
void api_timer_restart(user_timer_t timer, int interval);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_APP_TIMER_H */
