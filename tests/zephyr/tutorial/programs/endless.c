/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Never returns. The firmware terminates it.
 */

__attribute__((import_module("env"), import_name("sleep_ms"))) void sleep_ms(int ms);

__attribute__((export_name("main"))) int run(void)
{
	for (;;) {
		sleep_ms(10);
	}
}
