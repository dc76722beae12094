/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The SMP group of applications, for mcumgr. docs/apps.md specifies its commands. All of them are
 * executed by the thread of mcumgr, one at a time, so the state below needs no lock.
 */

#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/mgmt/mcumgr/mgmt/handlers.h>
#include <zephyr/mgmt/mcumgr/mgmt/mgmt.h>
#include <zephyr/mgmt/mcumgr/smp/smp.h>
#include <zephyr/sys/util.h>

#include <mgmt/mcumgr/util/zcbor_bulk.h>
#include <zcbor_common.h>
#include <zcbor_decode.h>
#include <zcbor_encode.h>

#ifdef CONFIG_ZONDA_APPS_SMP_HASH
#include <psa/crypto.h>
#endif

#include "zonda_apps.h"
#include "zonda_apps_zephyr.h"
#include "zonda_platform.h"

#define GROUP CONFIG_ZONDA_APPS_SMP_GROUP

enum command {
	LIST = 0,
	INFO = 1,
	UPLOAD = 2,
	START = 3,
	STOP = 4,
	RESTART = 5,
	UNINSTALL = 6,
	CONFIRM = 7,
	REVERT = 8,
	REQUEST = 9,
	EVENT = 10,
	LOG = 11,
	STATISTICS = 12,
	LIMITS = 13,
	RECORD = 14,
};

#define HASH_SIZE 32
/* Applications in one response to LIST, and bytes in one to LOG or RECORD: a response of the default
 * buffers holds 384 bytes. */
#define LIST_PART 4
#define LOG_PART  192
/* Of a URL, with its NUL. */
#define URL_SIZE  128

/* Adds the error of a command, with its reason as text. */
static int refuse(zcbor_state_t *zse, zonda_app_result_t result, const char *reason)
{
	bool ok = smp_add_cmd_err(zse, GROUP, (uint16_t)result) && zcbor_tstr_put_lit(zse, "rsn") &&
		  zcbor_tstr_put_term(zse, reason, sizeof(((zonda_app_error_t *)0)->text));

	return ok ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

static int finish(zcbor_state_t *zse, zonda_app_result_t result, const zonda_app_error_t *error)
{
	return result == ZONDA_APP_OK ? MGMT_ERR_EOK : refuse(zse, result, error->text);
}

/* Copies a text, with a NUL. False if it does not fit. */
static bool copy(char *to, size_t size, const struct zcbor_string *text)
{
	if (text->len >= size || memchr(text->value, '\0', text->len) != NULL) {
		return false;
	}
	memcpy(to, text->value, text->len);
	to[text->len] = '\0';
	return true;
}

/* The field `name` of a request. */
static bool read_name(struct smp_streamer *ctxt, char name[ZONDA_APP_NAME_SIZE])
{
	struct zcbor_string text = {0};
	size_t decoded;
	struct zcbor_map_decode_key_val fields[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("name", zcbor_tstr_decode, &text),
	};

	return zcbor_map_decode_bulk(ctxt->reader->zs, fields, ARRAY_SIZE(fields), &decoded) == 0 &&
	       text.len > 0 && copy(name, ZONDA_APP_NAME_SIZE, &text);
}

static bool put_uint(zcbor_state_t *zse, const char *key, uint32_t value)
{
	return zcbor_tstr_put_term(zse, key, 16) && zcbor_uint32_put(zse, value);
}

static bool put_text(zcbor_state_t *zse, const char *key, const char *text)
{
	return zcbor_tstr_put_term(zse, key, 16) &&
	       zcbor_tstr_put_term(zse, text, sizeof(((zonda_app_info_t *)0)->failure));
}

/* Name, version and state. */
static bool put_head(zcbor_state_t *zse, const zonda_app_info_t *info)
{
	return put_text(zse, "name", info->name) && zcbor_tstr_put_lit(zse, "ver") &&
	       zcbor_list_start_encode(zse, 3) && zcbor_uint32_put(zse, info->version[0]) &&
	       zcbor_uint32_put(zse, info->version[1]) && zcbor_uint32_put(zse, info->version[2]) &&
	       zcbor_list_end_encode(zse, 3) &&
	       put_text(zse, "state", zonda_app_state_name(info->state)) &&
	       zcbor_tstr_put_lit(zse, "trial") && zcbor_bool_put(zse, info->on_trial);
}

static int list(struct smp_streamer *ctxt)
{
	zcbor_state_t *zse = ctxt->writer->zs;
	zonda_app_info_t info;
	uint32_t slot = 0;
	uint32_t count = 0;
	size_t decoded;
	struct zcbor_map_decode_key_val fields[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("from", zcbor_uint32_decode, &slot),
	};
	bool ok;

	if (zcbor_map_decode_bulk(ctxt->reader->zs, fields, ARRAY_SIZE(fields), &decoded) != 0) {
		return MGMT_ERR_EINVAL;
	}
	ok = zcbor_tstr_put_lit(zse, "apps") && zcbor_list_start_encode(zse, LIST_PART);
	for (; ok && slot < CONFIG_ZONDA_APPS_MAX && count < LIST_PART; slot++) {
		if (zonda_app_info_at(slot, &info) == ZONDA_APP_OK) {
			ok = zcbor_map_start_encode(zse, 4) && put_head(zse, &info) &&
			     zcbor_map_end_encode(zse, 4);
			count++;
		}
	}
	ok = ok && zcbor_list_end_encode(zse, LIST_PART);
	/* Where the next request begins, if there may be more. */
	if (slot < CONFIG_ZONDA_APPS_MAX) {
		ok = ok && put_uint(zse, "next", slot);
	}
	return ok ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

/* Reads a name, and stores what is known of the application. */
static int find(struct smp_streamer *ctxt, zonda_app_info_t *info, bool *found)
{
	char name[ZONDA_APP_NAME_SIZE];

	*found = false;
	if (!read_name(ctxt, name)) {
		return MGMT_ERR_EINVAL;
	}
	if (zonda_app_info(name, info) != ZONDA_APP_OK) {
		return refuse(ctxt->writer->zs, ZONDA_APP_UNKNOWN, "no application has this name");
	}
	*found = true;
	return MGMT_ERR_EOK;
}

static int info(struct smp_streamer *ctxt)
{
	zcbor_state_t *zse = ctxt->writer->zs;
	struct zonda_apps_thread_use use;
	zonda_app_info_t info;
	bool ok;
	int rc = find(ctxt, &info, &ok);

	if (!ok) {
		return rc;
	}
	(void)zonda_apps_thread_use(info.slot, &use);
	ok = put_head(zse, &info) && put_uint(zse, "security", info.security_version) &&
	     put_uint(zse, "queued", info.queued) &&
	     put_uint(zse, "registered", info.subscriptions) &&
	     put_uint(zse, "requests", info.requests) && put_uint(zse, "events", info.events) &&
	     put_uint(zse, "lost", info.dropped) && put_uint(zse, "most_fuel", info.most_fuel) &&
	     put_uint(zse, "restarts", info.restarts);
	if (info.restart_in_ms != UINT32_MAX) {
		ok = ok && put_uint(zse, "restart_in", info.restart_in_ms);
	}
	if (use.stack_used != 0) {
		ok = ok && put_uint(zse, "stack_used", use.stack_used);
	}
	if (info.failure[0] != '\0') {
		ok = ok && put_text(zse, "failure", info.failure);
	}
	return ok ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

static int limits(struct smp_streamer *ctxt)
{
	zcbor_state_t *zse = ctxt->writer->zs;
	zonda_app_info_t info;
	bool ok;
	int rc = find(ctxt, &info, &ok);

	if (!ok) {
		return rc;
	}
	ok = put_uint(zse, "memory", info.memory) && put_uint(zse, "stack", info.stack) &&
	     put_uint(zse, "heap", info.heap) && put_uint(zse, "queue", info.queue) &&
	     put_uint(zse, "fuel", info.fuel) && put_uint(zse, "event_ms", info.event_ms) &&
	     put_uint(zse, "thread_stack", info.thread_stack) &&
	     put_uint(zse, "priority", info.priority);
	return ok ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

/* The hash of what has come, where PSA Crypto has SHA-256. */

#ifdef CONFIG_ZONDA_APPS_SMP_HASH
static psa_hash_operation_t hash;

static bool hash_begin(void)
{
	(void)psa_hash_abort(&hash);
	return psa_crypto_init() == PSA_SUCCESS &&
	       psa_hash_setup(&hash, PSA_ALG_SHA_256) == PSA_SUCCESS;
}

static bool hash_add(const struct zcbor_string *data)
{
	return psa_hash_update(&hash, data->value, data->len) == PSA_SUCCESS;
}

static bool hash_is(const uint8_t expected[HASH_SIZE])
{
	return psa_hash_verify(&hash, expected, HASH_SIZE) == PSA_SUCCESS;
}
#else
static bool hash_begin(void)
{
	return true;
}

static bool hash_add(const struct zcbor_string *data)
{
	ARG_UNUSED(data);
	return true;
}

static bool hash_is(const uint8_t expected[HASH_SIZE])
{
	ARG_UNUSED(expected);
	return true;
}
#endif

/* The transfer: its length, its hash and its flags. */
static uint32_t transfer_len;
static uint8_t transfer_hash[HASH_SIZE];
static uint32_t transfer_flags;

/* The first chunk: begins a transfer, or says where it continues. */
static zonda_app_result_t begin(const struct zcbor_string *text, const struct zcbor_string *sha,
				uint32_t len, bool older, uint32_t *offset,
				zonda_app_error_t *error)
{
	char name[ZONDA_APP_NAME_SIZE];
	zonda_app_result_t result;

	if (!copy(name, sizeof(name), text) || sha->len != HASH_SIZE || len == 0) {
		strcpy(error->text, "the first chunk has a name, a length, and a hash of 32 bytes");
		return ZONDA_APP_INVALID;
	}
	result = zonda_app_upload_begin(name, len, sha->value, offset, error);
	if (result == ZONDA_APP_OK) {
		transfer_len = len;
		memcpy(transfer_hash, sha->value, HASH_SIZE);
		transfer_flags = older ? ZONDA_APP_ALLOW_OLDER : 0;
		if (*offset == 0 && !hash_begin()) {
			strcpy(error->text, "SHA-256 is not available");
			result = ZONDA_APP_HASH;
		}
	}
	return result;
}

static int upload(struct smp_streamer *ctxt)
{
	zcbor_state_t *zse = ctxt->writer->zs;
	struct zcbor_string name = {0};
	struct zcbor_string sha = {0};
	struct zcbor_string data = {0};
	uint32_t offset = UINT32_MAX;
	uint32_t len = 0;
	bool older = false;
	zonda_app_error_t error = {""};
	zonda_app_result_t result = ZONDA_APP_OK;
	uint32_t at;
	size_t decoded;
	struct zcbor_map_decode_key_val fields[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("off", zcbor_uint32_decode, &offset),
		ZCBOR_MAP_DECODE_KEY_DECODER("data", zcbor_bstr_decode, &data),
		ZCBOR_MAP_DECODE_KEY_DECODER("len", zcbor_uint32_decode, &len),
		ZCBOR_MAP_DECODE_KEY_DECODER("name", zcbor_tstr_decode, &name),
		ZCBOR_MAP_DECODE_KEY_DECODER("sha", zcbor_bstr_decode, &sha),
		ZCBOR_MAP_DECODE_KEY_DECODER("older", zcbor_bool_decode, &older),
	};

	if (zcbor_map_decode_bulk(ctxt->reader->zs, fields, ARRAY_SIZE(fields), &decoded) != 0 ||
	    offset == UINT32_MAX) {
		return MGMT_ERR_EINVAL;
	}
	at = offset;
	if (offset == 0) {
		result = begin(&name, &sha, len, older, &at, &error);
	}
	/* Data of another offset than the transfer is at is not taken: the response says where it
	 * is. */
	if (result == ZONDA_APP_OK && at == offset) {
		uint32_t before = at;

		result = zonda_app_upload_write(&at, data.value, data.len, &error);
		if (result == ZONDA_APP_OK && !hash_add(&data)) {
			strcpy(error.text, "SHA-256 failed");
			result = ZONDA_APP_HASH;
		} else if (result == ZONDA_APP_TRANSFER && at != before) {
			result = ZONDA_APP_OK;
		} else if (result == ZONDA_APP_OK && at == transfer_len) {
			if (hash_is(transfer_hash)) {
				result = zonda_app_upload_finish(transfer_flags, &error);
			} else {
				strcpy(error.text,
				       "the package does not have the hash that was announced");
				result = ZONDA_APP_HASH;
			}
		}
	}
	if (result != ZONDA_APP_OK) {
		zonda_app_upload_abort();
		return refuse(zse, result, error.text);
	}
	return put_uint(zse, "off", at) ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

/* Commands with the name of an application. */
static int by_name(struct smp_streamer *ctxt,
		   zonda_app_result_t (*f)(const char *name, zonda_app_error_t *error))
{
	char name[ZONDA_APP_NAME_SIZE];
	zonda_app_error_t error;

	if (!read_name(ctxt, name)) {
		return MGMT_ERR_EINVAL;
	}
	return finish(ctxt->writer->zs, f(name, &error), &error);
}

static int start(struct smp_streamer *ctxt)
{
	return by_name(ctxt, zonda_app_start);
}

static int stop(struct smp_streamer *ctxt)
{
	return by_name(ctxt, zonda_app_stop);
}

static int restart(struct smp_streamer *ctxt)
{
	return by_name(ctxt, zonda_app_restart);
}

static int uninstall(struct smp_streamer *ctxt)
{
	return by_name(ctxt, zonda_app_uninstall);
}

static int confirm(struct smp_streamer *ctxt)
{
	return by_name(ctxt, zonda_app_confirm);
}

static int revert(struct smp_streamer *ctxt)
{
	return by_name(ctxt, zonda_app_revert);
}

/* A response of an application goes into that to the command. */
struct answer {
	zcbor_state_t *zse;
	bool ok;
};

static void take_response(const zonda_app_response_t *response, void *data)
{
	struct answer *answer = data;

	answer->ok = put_uint(answer->zse, "code", response->code) &&
		     put_uint(answer->zse, "format", response->format) &&
		     zcbor_tstr_put_lit(answer->zse, "data") &&
		     zcbor_bstr_encode_ptr(answer->zse, response->payload, response->payload_len);
}

/* What REQUEST and EVENT have in common. */
struct message {
	char url[URL_SIZE];
	uint32_t method;
	uint32_t format;
	uint32_t timeout_ms;
	struct zcbor_string data;
};

static bool read_message(struct smp_streamer *ctxt, struct message *message)
{
	struct zcbor_string url = {0};
	size_t decoded;
	struct zcbor_map_decode_key_val fields[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("url", zcbor_tstr_decode, &url),
		ZCBOR_MAP_DECODE_KEY_DECODER("method", zcbor_uint32_decode, &message->method),
		ZCBOR_MAP_DECODE_KEY_DECODER("format", zcbor_uint32_decode, &message->format),
		ZCBOR_MAP_DECODE_KEY_DECODER("data", zcbor_bstr_decode, &message->data),
		ZCBOR_MAP_DECODE_KEY_DECODER("timeout", zcbor_uint32_decode, &message->timeout_ms),
	};

	*message = (struct message){.method = ZONDA_APP_GET, .timeout_ms = 2000};
	return zcbor_map_decode_bulk(ctxt->reader->zs, fields, ARRAY_SIZE(fields), &decoded) == 0 &&
	       url.len > 0 && copy(message->url, sizeof(message->url), &url) &&
	       message->method <= UINT8_MAX && message->format <= UINT16_MAX;
}

static int request(struct smp_streamer *ctxt)
{
	struct message message;
	struct answer answer = {.zse = ctxt->writer->zs};
	zonda_app_request_t request;
	zonda_app_result_t result;

	if (!read_message(ctxt, &message)) {
		return MGMT_ERR_EINVAL;
	}
	request = (zonda_app_request_t){
		.method = (uint8_t)message.method,
		.format = (uint16_t)message.format,
		.url = message.url,
		.url_len = strlen(message.url),
		.payload = message.data.value,
		.payload_len = message.data.len,
	};
	result = zonda_app_request(&request,
				   MIN(message.timeout_ms, CONFIG_ZONDA_APPS_SMP_TIMEOUT_MS),
				   take_response, &answer);
	if (result != ZONDA_APP_OK) {
		return refuse(answer.zse, result,
			      result == ZONDA_APP_TIMEOUT ? "no response in time" : "no response");
	}
	return answer.ok ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

static int event(struct smp_streamer *ctxt)
{
	struct message message;

	if (!read_message(ctxt, &message)) {
		return MGMT_ERR_EINVAL;
	}
	zonda_app_publish(message.url, (uint16_t)message.format, message.data.value,
			  message.data.len);
	return MGMT_ERR_EOK;
}

static int log_text(struct smp_streamer *ctxt)
{
	zcbor_state_t *zse = ctxt->writer->zs;
	char text[LOG_PART];
	uint32_t position = 0;
	size_t len;
	size_t decoded;
	struct zcbor_map_decode_key_val fields[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("from", zcbor_uint32_decode, &position),
	};

	if (zcbor_map_decode_bulk(ctxt->reader->zs, fields, ARRAY_SIZE(fields), &decoded) != 0) {
		return MGMT_ERR_EINVAL;
	}
	len = zonda_app_log_read(&position, text, sizeof(text));
	return put_uint(zse, "next", position) && zcbor_tstr_put_lit(zse, "data") &&
			       zcbor_bstr_encode_ptr(zse, text, len)
		       ? MGMT_ERR_EOK
		       : MGMT_ERR_EMSGSIZE;
}

#ifdef CONFIG_ZONDA_APPS_TRAP_RECORD
/* A part of the record of an application's last trap. */
static int record(struct smp_streamer *ctxt)
{
	zcbor_state_t *zse = ctxt->writer->zs;
	char name[ZONDA_APP_NAME_SIZE];
	uint8_t data[LOG_PART];
	uint32_t size = sizeof(data);
	uint32_t from = 0;
	uint32_t len;
	struct zcbor_string text = {0};
	size_t decoded;
	struct zcbor_map_decode_key_val fields[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("name", zcbor_tstr_decode, &text),
		ZCBOR_MAP_DECODE_KEY_DECODER("from", zcbor_uint32_decode, &from),
	};

	if (zcbor_map_decode_bulk(ctxt->reader->zs, fields, ARRAY_SIZE(fields), &decoded) != 0 ||
	    text.len == 0 || !copy(name, sizeof(name), &text)) {
		return MGMT_ERR_EINVAL;
	}
	if (zonda_app_trap_record(name, from, data, &size, &len) != ZONDA_APP_OK) {
		return refuse(zse, ZONDA_APP_UNKNOWN, "no application has this name");
	}
	return put_uint(zse, "len", len) && zcbor_tstr_put_lit(zse, "data") &&
			       zcbor_bstr_encode_ptr(zse, data, size)
		       ? MGMT_ERR_EOK
		       : MGMT_ERR_EMSGSIZE;
}
#endif

static int statistics(struct smp_streamer *ctxt)
{
	zcbor_state_t *zse = ctxt->writer->zs;
	zonda_app_usage_t usage;
	zonda_heap_info_t heap;
	zonda_app_error_t error;
	zonda_app_result_t result = zonda_apps_usage(&usage, &error);
	bool ok;

	if (result != ZONDA_APP_OK) {
		return refuse(zse, result, error.text);
	}
	ok = put_uint(zse, "flash", usage.total) && put_uint(zse, "flash_free", usage.free) &&
	     put_uint(zse, "flash_largest", usage.largest) &&
	     put_uint(zse, "erases", usage.erases) &&
	     put_uint(zse, "dir_erases", usage.directory_erases) &&
	     put_uint(zse, "places", CONFIG_ZONDA_APPS_MAX);
	if (zonda_platform_heap_info(&heap)) {
		ok = ok && put_uint(zse, "heap", heap.total) &&
		     put_uint(zse, "heap_free", heap.free) && put_uint(zse, "heap_peak", heap.peak);
	}
	return ok ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

#ifdef CONFIG_MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL
/* The error of a client that speaks the first version of SMP. */
static int first_version(uint16_t result)
{
	switch (result) {
	case ZONDA_APP_UNKNOWN:
		return MGMT_ERR_ENOENT;
	case ZONDA_APP_STATE:
	case ZONDA_APP_TRIAL:
	case ZONDA_APP_NO_TRIAL:
	case ZONDA_APP_NOT_STARTED:
		return MGMT_ERR_EBADSTATE;
	case ZONDA_APP_OUT_OF_MEMORY:
	case ZONDA_APP_NO_SPACE:
	case ZONDA_APP_FULL:
		return MGMT_ERR_ENOMEM;
	case ZONDA_APP_TIMEOUT:
		return MGMT_ERR_ETIMEOUT;
	case ZONDA_APP_INVALID:
	case ZONDA_APP_NAME:
	case ZONDA_APP_TRANSFER:
		return MGMT_ERR_EINVAL;
	case ZONDA_APP_DAMAGED:
	case ZONDA_APP_HASH:
		return MGMT_ERR_ECORRUPT;
	case ZONDA_APP_PACKAGE:
	case ZONDA_APP_ROLLBACK:
	case ZONDA_APP_OLDER:
		return MGMT_ERR_EACCESSDENIED;
	default:
		return MGMT_ERR_EUNKNOWN;
	}
}
#endif

static const struct mgmt_handler handlers[] = {
	[LIST] = {.mh_read = list},
	[INFO] = {.mh_read = info},
	[UPLOAD] = {.mh_write = upload},
	[START] = {.mh_write = start},
	[STOP] = {.mh_write = stop},
	[RESTART] = {.mh_write = restart},
	[UNINSTALL] = {.mh_write = uninstall},
	[CONFIRM] = {.mh_write = confirm},
	[REVERT] = {.mh_write = revert},
	[REQUEST] = {.mh_write = request},
	[EVENT] = {.mh_write = event},
	[LOG] = {.mh_read = log_text},
	[STATISTICS] = {.mh_read = statistics},
	[LIMITS] = {.mh_read = limits},
#ifdef CONFIG_ZONDA_APPS_TRAP_RECORD
	[RECORD] = {.mh_read = record},
#endif
};

static struct mgmt_group group = {
	.mg_handlers = handlers,
	.mg_handlers_count = ARRAY_SIZE(handlers),
	.mg_group_id = GROUP,
#ifdef CONFIG_MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL
	.mg_translate_error = first_version,
#endif
#ifdef CONFIG_MCUMGR_GRP_ENUM_DETAILS_NAME
	.mg_group_name = "zonda apps",
#endif
};

static void register_group(void)
{
	mgmt_register_group(&group);
}

MCUMGR_HANDLER_DEFINE(zonda_apps, register_group);
