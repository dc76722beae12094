/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * An emulated device on I2C: the first byte that is written is the number of a register, the others
 * follow from there on.
 */

#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

extern uint8_t registers[8];

#endif
