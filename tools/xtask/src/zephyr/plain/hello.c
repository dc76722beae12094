/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What samples/hello prints, without WebAssembly: the firmware that its size is compared with.
 */

#include <zephyr/kernel.h>

int main(void)
{
	printk("Hello from C!\n");
	printk("%u + %u = %u\n", 19, 23, 19 + 23);
	printk("done: %d\n", 0);
	return 0;
}
