/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Passes a buffer and a string to the firmware.
 */

__attribute__((import_module("env"), import_name("sum"))) int sum(const unsigned char *bytes,
								  int len);
__attribute__((import_module("env"), import_name("print"))) void print(const char *text);

static const unsigned char numbers[] = {1, 2, 3, 4};

__attribute__((export_name("main"))) int run(void)
{
	print(sum(numbers, sizeof(numbers)) == 10 ? "1 + 2 + 3 + 4 = 10" : "wrong sum");
	return 0;
}
