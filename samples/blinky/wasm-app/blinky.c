/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A program that blinks. It can call what the firmware exports to it and reach nothing else.
 */

__attribute__((import_module("env"), import_name("led_set"))) void led_set(int on);
__attribute__((import_module("env"), import_name("sleep_ms"))) void sleep_ms(int ms);

__attribute__((export_name("main"))) int blink(void)
{
	for (;;) {
		led_set(1);
		sleep_ms(500);
		led_set(0);
		sleep_ms(500);
	}
}
