/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Prints a line, and then uses a native function that trusts its argument.
 */

__attribute__((import_module("env"), import_name("print"))) void print(const char *text, int len);
__attribute__((import_module("env"), import_name("poke"))) void poke(unsigned int index, int value);

__attribute__((export_name("main"))) int run(void)
{
	static const char text[] = "Hello from WebAssembly!\n";

	print(text, sizeof(text) - 1);
	return 0;
}

__attribute__((export_name("misuse"))) void misuse(unsigned int index)
{
	poke(index, 0);
}
