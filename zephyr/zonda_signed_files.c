/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Signatures of files, checked by PSA Crypto. Keys are those of CONFIG_ZONDA_SIGNED_FILES_KEYS.
 */
#include <psa/crypto.h>
#include <zephyr/sys/util.h>

#include "zonda_platform.h"

#define DIGEST_SIZE    32
#define SIGNATURE_SIZE 64

/* Of the C file that the build makes from the PEM files. */
extern const zonda_public_key_t zonda_public_keys[];
extern const uint32_t zonda_public_key_count;

const zonda_public_keys_t *zonda_platform_get_public_keys(void)
{
	static zonda_public_keys_t keys;

	/* The same values whoever comes first: no lock is needed. */
	keys.keys = zonda_public_keys;
	keys.count = zonda_public_key_count;
	keys.required = IS_ENABLED(CONFIG_ZONDA_SIGNED_FILES_REQUIRED);
	return &keys;
}

/* The SHA-256 of payload and header. */
static psa_status_t digest_of(const zonda_signature_t *file, uint8_t digest[DIGEST_SIZE])
{
	psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
	size_t size;
	psa_status_t status = psa_hash_setup(&hash, PSA_ALG_SHA_256);

	if (status == PSA_SUCCESS) {
		status = psa_hash_update(&hash, file->payload, file->payload_len);
	}
	if (status == PSA_SUCCESS) {
		status = psa_hash_update(&hash, file->header, file->header_len);
	}
	if (status == PSA_SUCCESS) {
		status = psa_hash_finish(&hash, digest, DIGEST_SIZE, &size);
	}
	(void)psa_hash_abort(&hash);
	return status;
}

static psa_status_t verify(const zonda_signature_t *file, const uint8_t digest[DIGEST_SIZE])
{
	const bool ecdsa = file->algorithm == ZONDA_ECDSA_P256;
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_key_id_t key;
	psa_status_t status;

	if (ecdsa) {
		psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
		psa_set_key_bits(&attributes, 256);
		psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
		psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
	} else {
		psa_set_key_type(&attributes,
				 PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_TWISTED_EDWARDS));
		psa_set_key_bits(&attributes, 255);
		psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_MESSAGE);
		psa_set_key_algorithm(&attributes, PSA_ALG_PURE_EDDSA);
	}
	status = psa_import_key(&attributes, file->key, file->key_len, &key);
	if (status != PSA_SUCCESS) {
		return status;
	}
	if (ecdsa) {
		status = psa_verify_hash(key, PSA_ALG_ECDSA(PSA_ALG_SHA_256), digest, DIGEST_SIZE,
					 file->signature, SIGNATURE_SIZE);
	} else {
		status = psa_verify_message(key, PSA_ALG_PURE_EDDSA, digest, DIGEST_SIZE,
					    file->signature, SIGNATURE_SIZE);
	}
	(void)psa_destroy_key(key);
	return status;
}

zonda_signature_result_t zonda_platform_check_signature(const zonda_signature_t *file)
{
	uint8_t digest[DIGEST_SIZE];
	psa_status_t status = psa_crypto_init();

	if (status == PSA_SUCCESS) {
		status = digest_of(file, digest);
	}
	if (status == PSA_SUCCESS) {
		status = verify(file, digest);
	}
	switch (status) {
	case PSA_SUCCESS:
		return ZONDA_SIGNATURE_VALID;
	case PSA_ERROR_INVALID_SIGNATURE:
		return ZONDA_SIGNATURE_WRONG;
	default:
		return ZONDA_SIGNATURE_NOT_CHECKED;
	}
}
