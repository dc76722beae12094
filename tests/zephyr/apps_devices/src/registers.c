/*
 * SPDX-License-Identifier: Apache-2.0
 */

#define DT_DRV_COMPAT vnd_test_registers

#include <errno.h>

#include <zephyr/device.h>
#include <zephyr/drivers/emul.h>
#include <zephyr/drivers/i2c.h>
#include <zephyr/drivers/i2c_emul.h>
#include <zephyr/sys/util.h>

#include "registers.h"

uint8_t registers[8] = {10, 11, 12, 13};

static uint32_t next;

static int transfer(const struct emul *target, struct i2c_msg *msgs, int count, int addr)
{
	ARG_UNUSED(target);
	ARG_UNUSED(addr);

	for (int i = 0; i < count; i++) {
		bool is_number = (msgs[i].flags & I2C_MSG_READ) == 0;

		for (uint32_t j = 0; j < msgs[i].len; j++) {
			if (is_number) {
				next = msgs[i].buf[j];
				is_number = false;
				continue;
			}
			if (next >= ARRAY_SIZE(registers)) {
				return -EIO;
			}
			if ((msgs[i].flags & I2C_MSG_READ) != 0) {
				msgs[i].buf[j] = registers[next++];
			} else {
				registers[next++] = msgs[i].buf[j];
			}
		}
	}
	return 0;
}

static const struct i2c_emul_api api = {
	.transfer = transfer,
};

static int init(const struct emul *emul, const struct device *parent)
{
	ARG_UNUSED(emul);
	ARG_UNUSED(parent);

	return 0;
}

EMUL_DT_INST_DEFINE(0, init, NULL, NULL, &api, NULL)
/* The emulator is that of a device, which has nothing to do. */
DEVICE_DT_INST_DEFINE(0, NULL, NULL, NULL, NULL, POST_KERNEL, 90, NULL);
