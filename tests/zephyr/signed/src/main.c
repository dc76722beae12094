/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Signed files: PSA Crypto checks them when they are loaded. Keys and files are those of the tests of zonda-signature; a Python
 * program signed them.
 */
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/ztest.h>

#include "wasm_export.h"

static const uint8_t p256[] = {
#include <p256.signed.inc>
};
static const uint8_t ed25519[] = {
#include <ed25519.signed.inc>
};

static uint8_t copy[sizeof(p256)];
static char error[128];

static void *set_up(void)
{
	zassert_true(wasm_runtime_init());
	return NULL;
}

static bool loads(const uint8_t *file, uint32_t size)
{
	wasm_module_t module = wasm_runtime_load((uint8_t *)file, size, error, sizeof(error));

	wasm_runtime_unload(module);
	return module != NULL;
}

ZTEST(signed_files, test_signed_file_loads)
{
	uint32_t start = k_cycle_get_32();

	zassert_true(loads(p256, sizeof(p256)), "%s", error);
	TC_PRINT("loaded in %u us\n", k_cyc_to_us_ceil32(k_cycle_get_32() - start));
	size_t unused;

	if (k_thread_stack_space_get(k_current_get(), &unused) == 0) {
		TC_PRINT("used %zu bytes of stack\n", CONFIG_ZTEST_STACK_SIZE - unused);
	}
}

ZTEST(signed_files, test_damaged_file_is_refused)
{
	/* Module, trailer and signature; each check takes 58 million instructions. */
	for (size_t i = 0; i < sizeof(p256); i += 9) {
		memcpy(copy, p256, sizeof(p256));
		copy[i] ^= 0x20;
		zassert_false(loads(copy, sizeof(copy)), "byte %zu", i);
	}
	/* The last one is in the signature. */
	zassert_str_equal(error, "WASM module load failed: the signature is wrong");
}

ZTEST(signed_files, test_unsigned_file_is_refused)
{
	zassert_false(loads(p256, 8));
	zassert_str_equal(error, "WASM module load failed: the file has no signature");
}

ZTEST(signed_files, test_unknown_key_is_named)
{
	memcpy(copy, p256, sizeof(p256));
	/* The name of the key, behind the module and the first 16 bytes of the trailer. */
	memset(copy + 8 + 16, 0xab, 8);
	zassert_false(loads(copy, sizeof(copy)));
	zassert_str_equal(error, "WASM module load failed: the file is signed with an unknown key: abababababababab");
}

ZTEST(signed_files, test_missing_algorithm_is_named)
{
	/* Mbed TLS has no Ed25519. */
	zassert_false(loads(ed25519, sizeof(ed25519)));
	zassert_str_equal(error, "WASM module load failed: the signature algorithm is not available: Ed25519");
}

ZTEST_SUITE(signed_files, NULL, set_up, NULL, NULL, NULL);
