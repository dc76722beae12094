/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The smallest program that hands a string to the firmware.
 */

__attribute__((import_module("env"), import_name("print"))) void print(const char *text, int len);

__attribute__((export_name("main"))) int hello(void)
{
	static const char text[] = "Hello from WebAssembly!\n";

	print(text, sizeof(text) - 1);
	return 0;
}

__attribute__((export_name("add"))) int add(int a, int b)
{
	return a + b;
}
