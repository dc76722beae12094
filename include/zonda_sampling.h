/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Samples of the functions that an instance runs, taken by a timer (CONFIG_ZONDA_SAMPLING).
 * `zonda profile --samples` reads what zonda_sampling_print() prints.
 */
#ifndef ZONDA_SAMPLING_H
#define ZONDA_SAMPLING_H

#include <zephyr/kernel.h>

#include "wasm_export.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Takes a sample of the instance each `period_us` microseconds on average, from a timer's
 * interrupt, while `thread`, which calls its functions, has the CPU. Forgets the samples before.
 * The instance lives until zonda_sampling_stop(); there is one such profile at a time. Returns 0,
 * -EINVAL for a period of less than two ticks of the system clock, or -EBUSY while another profile
 * is taken.
 */
int zonda_sampling_start(wasm_module_inst_t instance, k_tid_t thread, uint32_t period_us);

/* Takes no more samples, and keeps those that were taken. */
void zonda_sampling_stop(void);

/* Returns how many samples a function has, by its index. */
uint32_t zonda_sampling_count(uint32_t function);

/* Returns how many samples were taken of functions of the instance. */
uint32_t zonda_sampling_total(void);

/* Prints the samples to the console, a line for each function. */
void zonda_sampling_print(void);

#ifdef __cplusplus
}
#endif

#endif
