/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * An ordinary program. Without parameters main() needs no malloc(), which takes memory up to the end
 * of the page that the program declares.
 */

#include <stdio.h>

int main(void)
{
	printf("C: hello, %s: %d 0x%x %.2f\n", "printf", 42, 42, 3.14159);
	return 3;
}
