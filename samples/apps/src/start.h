/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the firmware of samples/apps and samples/apps_rust has in common.
 */

#ifndef START_H
#define START_H

#include <stddef.h>
#include <stdint.h>

/* Installs an application that is not there, starts it if it does not run, and says so. */
void install(const char *name, const uint8_t *package, size_t len);

#endif
