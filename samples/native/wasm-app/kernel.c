/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A program that computes: fills a buffer and returns its CRC-32.
 */

#include "zonda.h"

static unsigned char buffer[1024];

ZONDA_EXPORT("run") unsigned int run(unsigned int seed)
{
	unsigned int crc = 0xffffffff;

	for (unsigned int i = 0; i < sizeof(buffer); i++) {
		seed = seed * 1103515245 + 12345;
		buffer[i] = seed >> 16;
	}
	for (unsigned int i = 0; i < sizeof(buffer); i++) {
		crc ^= buffer[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
		}
	}
	return ~crc;
}
