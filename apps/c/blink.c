/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Blinks three times and prints each time.
 */

#include "zonda.h"

ZONDA_IMPORT("env", "led_set") void led_set(int on);
ZONDA_IMPORT("env", "sleep_ms") void sleep_ms(int ms);
ZONDA_IMPORT("env", "print") void print(const char *text, int len);

ZONDA_EXPORT("main") int blink(void)
{
	char line[] = "blink 0\n";

	for (int i = 1; i <= 3; i++) {
		line[6] = (char)('0' + i);
		led_set(1);
		sleep_ms(500);
		led_set(0);
		sleep_ms(500);
		print(line, sizeof(line) - 1);
	}
	return 0;
}
