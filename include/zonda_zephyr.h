/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What Zonda offers on Zephyr beside wasm_export.h.
 */

#ifndef ZONDA_ZEPHYR_H
#define ZONDA_ZEPHYR_H

#include <zephyr/app_memory/app_memdomain.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef CONFIG_ZONDA_USER_MODE
/*
 * The static data and the heap of the runtime. A thread in user mode that uses the runtime has this
 * partition in its memory domain: k_mem_domain_add_partition(&k_mem_domain_default,
 * &zonda_partition).
 */
extern struct k_mem_partition zonda_partition;
#endif

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_ZEPHYR_H */
