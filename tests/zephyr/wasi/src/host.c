/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the runner asks of the host. Compiled for the host, so that it knows nothing of Zephyr.
 */

#include <stdio.h>
#include <stdlib.h>

#include "host.h"

uint8_t *host_read(const char *path, uint32_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long length;

	if (file == NULL) {
		return NULL;
	}
	if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0 &&
	    fseek(file, 0, SEEK_SET) == 0) {
		bytes = malloc((size_t)length + 1);
		if (bytes != NULL && fread(bytes, 1, (size_t)length, file) != (size_t)length) {
			free(bytes);
			bytes = NULL;
		}
		*size = (uint32_t)length;
	}
	fclose(file);
	return bytes;
}

const char *host_variable(const char *name)
{
	return getenv(name);
}
