/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Applications: modules with a manifest that the application manager installs, runs side by side,
 * stops and replaces (docs/apps.md). Every function may be called by any thread, but not by a
 * handler, a subscriber or a sensor below: these are called by the thread of an application, and
 * call what is marked so. Texts end with NUL unless a length stands beside them.
 */

#ifndef ZONDA_APPS_H
#define ZONDA_APPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a function returns. The same numbers are the error codes of the SMP group. */
typedef enum zonda_app_result_t {
	ZONDA_APP_OK = 0,
	/* Something else, which the text says. */
	ZONDA_APP_ERROR = 1,
	/* No application has this name. */
	ZONDA_APP_UNKNOWN = 2,
	/* Not possible in the present state. */
	ZONDA_APP_STATE = 3,
	/* As many applications as CONFIG_ZONDA_APPS_MAX. */
	ZONDA_APP_FULL = 4,
	/* The package is refused: signature, manifest, module, import, key. */
	ZONDA_APP_PACKAGE = 5,
	/* The package has another name than was announced, or the name is none. */
	ZONDA_APP_NAME = 6,
	/* The package has a lower security version than what is installed. */
	ZONDA_APP_ROLLBACK = 7,
	/* The package has a lower version than what is installed: see ZONDA_APP_ALLOW_OLDER. */
	ZONDA_APP_OLDER = 8,
	/* An update is on trial already. */
	ZONDA_APP_TRIAL = 9,
	/* No update is on trial. */
	ZONDA_APP_NO_TRIAL = 10,
	/* The bytes of the application changed since they were installed, or cannot be read. */
	ZONDA_APP_DAMAGED = 11,
	/* The system has no thread for the application. */
	ZONDA_APP_THREAD = 12,
	/* No room in the flash. */
	ZONDA_APP_NO_SPACE = 13,
	/* The flash or its directory. */
	ZONDA_APP_STORAGE = 14,
	ZONDA_APP_OUT_OF_MEMORY = 15,
	/* No transfer is there, or it is at another offset. */
	ZONDA_APP_TRANSFER = 16,
	/* zonda_apps_start() was not called, failed, or was called before. */
	ZONDA_APP_NOT_STARTED = 17,
	/* No response in time. */
	ZONDA_APP_TIMEOUT = 18,
	/* An argument. */
	ZONDA_APP_INVALID = 19,
	/* What came is not what was announced: the hash. */
	ZONDA_APP_HASH = 20,
} zonda_app_result_t;

/* What an application is doing. */
typedef enum zonda_app_state_t {
	ZONDA_APP_INSTALLED = 0,
	ZONDA_APP_STARTING = 1,
	ZONDA_APP_RUNNING = 2,
	ZONDA_APP_STOPPING = 3,
	ZONDA_APP_STOPPED = 4,
	ZONDA_APP_FAILED = 5,
} zonda_app_state_t;

/* The name of a state. */
const char *zonda_app_state_name(zonda_app_state_t state);

/* Where a function says why it failed; NULL if nobody reads it. */
typedef struct zonda_app_error_t {
	char text[128];
} zonda_app_error_t;

/* Bytes of a name, with its NUL. */
#define ZONDA_APP_NAME_SIZE 33

/* What is known of an application. */
typedef struct zonda_app_info_t {
	char name[ZONDA_APP_NAME_SIZE];
	/* The version that runs is an update on trial. */
	bool on_trial;
	uint16_t version[3];
	/* A zonda_app_state_t. */
	uint32_t state;
	/* The number by which older packages are refused. */
	uint32_t security_version;
	/* Milliseconds until it is started again; UINT32_MAX if it is not. */
	uint32_t restart_in_ms;
	/* Messages that wait, registrations, and its requests that wait. */
	uint32_t queued;
	uint32_t subscriptions;
	uint32_t requests;
	/* Counted since the system started: events, messages that were lost, most fuel for one
	 * event, restarts. */
	uint32_t events;
	uint32_t dropped;
	uint32_t most_fuel;
	uint32_t restarts;
	/* Limits of the manifest: bytes and numbers. */
	uint32_t memory;
	uint32_t stack;
	uint32_t heap;
	uint32_t queue;
	uint32_t fuel;
	uint32_t event_ms;
	uint32_t thread_stack;
	uint32_t priority;
	/* Its place: 0 to CONFIG_ZONDA_APPS_MAX - 1. */
	uint32_t slot;
	/* Why it failed, or why its last update was taken back; or empty. */
	char failure[96];
} zonda_app_info_t;

/* Room and wear of the flash partition. */
typedef struct zonda_app_usage_t {
	uint32_t total;
	uint32_t free;
	/* The largest package that fits without moving others. */
	uint32_t largest;
	/* Erases in the life of the partition, all sectors together. */
	uint32_t erases;
	uint32_t directory_erases;
} zonda_app_usage_t;

/* Opens the partition, starts the manager and the applications that were on. Once. An erased
 * partition is formatted. */
zonda_app_result_t zonda_apps_start(zonda_app_error_t *error);
/* Stops all applications, as before switching off: those that are on start with the system. */
void zonda_apps_end(void);
zonda_app_result_t zonda_apps_usage(zonda_app_usage_t *usage, zonda_app_error_t *error);

/* Copies a part of the record of an application's last trap (docs/traps.md): at most `*size` bytes from
 * the offset `from` on. Stores how many these are in `*size`, and the length of the record in `*len`, 0
 * without a trap. The record stays while the application runs again, until its next trap or until it is
 * removed. With CONFIG_ZONDA_APPS_TRAP_RECORD. */
zonda_app_result_t zonda_app_trap_record(const char *name, uint32_t from, void *buf, uint32_t *size,
					 uint32_t *len);

/* Stores what is known of an application. */
zonda_app_result_t zonda_app_info(const char *name, zonda_app_info_t *info);
/* The same of the application in a place; ZONDA_APP_UNKNOWN if it is empty. For lists: every place
 * below CONFIG_ZONDA_APPS_MAX. */
zonda_app_result_t zonda_app_info_at(uint32_t slot, zonda_app_info_t *info);

/* Starts an application, now and with the system. Returns before on_init has. */
zonda_app_result_t zonda_app_start(const char *name, zonda_app_error_t *error);
/* Stops it, now and for the next start of the system. Waits for on_destroy, at most 5 s. */
zonda_app_result_t zonda_app_stop(const char *name, zonda_app_error_t *error);
zonda_app_result_t zonda_app_restart(const char *name, zonda_app_error_t *error);
/* Stops and removes it. */
zonda_app_result_t zonda_app_uninstall(const char *name, zonda_app_error_t *error);
/* Ends the trial of an update: it stays, or the version before it comes back. */
zonda_app_result_t zonda_app_confirm(const char *name, zonda_app_error_t *error);
zonda_app_result_t zonda_app_revert(const char *name, zonda_app_error_t *error);

/* Flags of an installation. */
/* Accept a lower version. The security version is not affected. */
#define ZONDA_APP_ALLOW_OLDER 1

/* Installs a package, or updates an application: one that runs is replaced, with a trial. */
zonda_app_result_t zonda_app_install(const void *package, size_t len, uint32_t flags,
				     zonda_app_error_t *error);

/* The same in parts, one transfer at a time. `id` are 32 bytes that name the package, such as its
 * SHA-256: a transfer of the same name, length and id continues, at the offset that is stored.
 * Another one takes the place of the present one. */
zonda_app_result_t zonda_app_upload_begin(const char *name, uint32_t len, const uint8_t *id,
					  uint32_t *offset, zonda_app_error_t *error);
/* The next bytes. With another offset than the transfer is at nothing is written, and the result is
 * ZONDA_APP_TRANSFER. Stores the offset that the next bytes have. */
zonda_app_result_t zonda_app_upload_write(uint32_t *offset, const void *data, uint32_t len,
					  zonda_app_error_t *error);
/* Checks what has come, and installs it. Ends the transfer. */
zonda_app_result_t zonda_app_upload_finish(uint32_t flags, zonda_app_error_t *error);
void zonda_app_upload_abort(void);

/* Requests, responses and events. Methods and codes are CoAP's. */
#define ZONDA_APP_GET    1
#define ZONDA_APP_POST   2
#define ZONDA_APP_PUT    3
#define ZONDA_APP_DELETE 4

#define ZONDA_APP_CONTENT     69  /* 2.05 */
#define ZONDA_APP_CHANGED     68  /* 2.04 */
#define ZONDA_APP_BAD_REQUEST 128 /* 4.00 */
#define ZONDA_APP_NOT_FOUND   132 /* 4.04 */
#define ZONDA_APP_UNAVAILABLE 163 /* 5.03 */

/* Formats of a payload. */
#define ZONDA_APP_TEXT       0
#define ZONDA_APP_ATTRIBUTES 99

typedef struct zonda_app_request_t {
	/* A method; of an event, 6. */
	uint8_t method;
	uint16_t format;
	/* Who sends it: a number of the running application; -3 for the firmware. */
	int32_t sender;
	/* Without a NUL. */
	const char *url;
	size_t url_len;
	const void *payload;
	size_t payload_len;
} zonda_app_request_t;

typedef struct zonda_app_response_t {
	uint8_t code;
	uint16_t format;
	const void *payload;
	size_t payload_len;
} zonda_app_response_t;

/* Sends a request to an application, and calls `take` with the response, before it returns.
 * `sender` is ignored. */
zonda_app_result_t zonda_app_request(const zonda_app_request_t *request, uint32_t timeout_ms,
				     void (*take)(const zonda_app_response_t *response, void *data),
				     void *data);
/* Publishes an event to the applications that have subscribed to exactly this URL. A subscriber of
 * the firmware is not told. */
void zonda_app_publish(const char *url, uint16_t format, const void *payload, size_t len);

/* A response that is being made: of a handler, for zonda_app_respond(). */
typedef struct zonda_app_answer_t zonda_app_answer_t;
/* Answers a request, with a copy of the payload. False if there is no memory. For handlers. A
 * request that a handler does not answer gets 5.03. */
bool zonda_app_respond(zonda_app_answer_t *answer, uint8_t code, uint16_t format,
		       const void *payload, size_t len);

/* A resource of the firmware: requests to this URL and below it come here, and not to applications.
 * Called by the thread that asks, on its stack. */
typedef struct zonda_app_resource_t {
	const char *url;
	void (*handle)(const zonda_app_request_t *request, zonda_app_answer_t *answer, void *data);
	void *data;
} zonda_app_resource_t;

/* A subscriber of the firmware: events that applications publish with exactly this URL; with NULL,
 * all. Called by the thread that publishes, on its stack. */
typedef struct zonda_app_subscriber_t {
	const char *url;
	void (*take)(const zonda_app_request_t *event, void *data);
	void *data;
} zonda_app_subscriber_t;

/* A value that a sensor has, as an attribute container that is being made. */
typedef struct zonda_app_value_t zonda_app_value_t;
/* Add an attribute. False if there is no memory. For sensors. */
bool zonda_app_value_int(zonda_app_value_t *value, const char *key, int32_t number);
bool zonda_app_value_double(zonda_app_value_t *value, const char *key, double number);
bool zonda_app_value_text(zonda_app_value_t *value, const char *key, const char *text);

/* A sensor that applications open by its name and index. Called by the thread of an application
 * that has opened it, on its stack, at the interval that the application chose. */
typedef struct zonda_app_sensor_t {
	const char *name;
	uint32_t index;
	/* False if there is no value now. */
	bool (*read)(zonda_app_value_t *value, const void *data);
	const void *data;
} zonda_app_sensor_t;

/* On Zephyr, these are defined anywhere in the firmware:
 *     ZONDA_APP_RESOURCE_DEFINE(led, "/led", handle_led, NULL);
 */
#define ZONDA_APP_RESOURCE_DEFINE(name, url_, handle_, data_)                                      \
	const STRUCT_SECTION_ITERABLE(zonda_app_resource_t, zonda_app_resource_##name) = {         \
		.url = url_, .handle = handle_, .data = data_}
#define ZONDA_APP_SUBSCRIBER_DEFINE(name, url_, take_, data_)                                      \
	const STRUCT_SECTION_ITERABLE(zonda_app_subscriber_t, zonda_app_subscriber_##name) = {     \
		.url = url_, .take = take_, .data = data_}
#define ZONDA_APP_SENSOR_DEFINE(name_, text_, index_, read_, data_)                                \
	const STRUCT_SECTION_ITERABLE(zonda_app_sensor_t, zonda_app_sensor_##name_) = {            \
		.name = text_, .index = index_, .read = read_, .data = data_}

/* The text that applications have printed, "NAME: line", newest last: copies at most `len` bytes of
 * it from a position that rises as long as the system runs, and stores where the next part begins.
 * Older text than CONFIG_ZONDA_APPS_LOG_SIZE is skipped. Returns the number of bytes. */
size_t zonda_app_log_read(uint32_t *position, char *to, size_t len);

#ifdef __cplusplus
}
#endif

#endif
