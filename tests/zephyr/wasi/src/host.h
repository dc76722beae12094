/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the runner asks of the host.
 */

#ifndef HOST_H
#define HOST_H

#include <stdint.h>

/* Reads a file of the host; NULL if that fails. */
uint8_t *host_read(const char *path, uint32_t *size);
/* A variable of the environment, or NULL. */
const char *host_variable(const char *name);

#endif
