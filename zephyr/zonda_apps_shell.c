/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Shell commands for applications.
 */

#include <stdlib.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>

#include "zonda_apps.h"
#include "zonda_apps_zephyr.h"

/* Prints why a command failed, or nothing. */
static int say(const struct shell *sh, zonda_app_result_t result, const zonda_app_error_t *error)
{
	if (result == ZONDA_APP_OK) {
		return 0;
	}
	shell_error(sh, "%s", error->text);
	return -ENOEXEC;
}

static int cmd_list(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_info_t info;

	ARG_UNUSED(argc);
	ARG_UNUSED(argv);

	for (uint32_t slot = 0; slot < CONFIG_ZONDA_APPS_MAX; slot++) {
		if (zonda_app_info_at(slot, &info) == ZONDA_APP_OK) {
			shell_print(sh, "%-16s %u.%u.%u %s%s", info.name, info.version[0],
				    info.version[1], info.version[2],
				    zonda_app_state_name(info.state),
				    info.on_trial ? ", on trial" : "");
		}
	}
	return 0;
}

static int cmd_info(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_info_t info;
	zonda_app_usage_t usage;
	zonda_app_error_t error;
	zonda_app_result_t result;

	if (argc == 1) {
		result = zonda_apps_usage(&usage, &error);
		if (result == ZONDA_APP_OK) {
			shell_print(
				sh,
				"flash: %u bytes, %u free, %u in one piece, %u erases, %u of the "
				"directory",
				usage.total, usage.free, usage.largest, usage.erases,
				usage.directory_erases);
		}
		return say(sh, result, &error);
	}
	if (zonda_app_info(argv[1], &info) != ZONDA_APP_OK) {
		shell_error(sh, "no application has this name");
		return -ENOENT;
	}
	shell_print(sh, "%s %u.%u.%u: %s%s", info.name, info.version[0], info.version[1],
		    info.version[2], zonda_app_state_name(info.state),
		    info.on_trial ? ", on trial" : "");
	if (info.failure[0] != '\0') {
		shell_print(sh, "failure: %s", info.failure);
	}
	if (info.restart_in_ms != UINT32_MAX) {
		shell_print(sh, "starts again in %u ms", info.restart_in_ms);
	}
	shell_print(sh, "security version: %u", info.security_version);
	shell_print(sh,
		    "limits: memory %u, stack %u, heap %u, thread_stack %u, queue %u, fuel %u, "
		    "event_ms %u, priority %u",
		    info.memory, info.stack, info.heap, info.thread_stack, info.queue, info.fuel,
		    info.event_ms, info.priority);
	shell_print(sh, "now: %u messages, %u subscriptions, %u requests", info.queued,
		    info.subscriptions, info.requests);
	shell_print(sh, "so far: %u events, %u lost, most fuel %u, %u restarts", info.events,
		    info.dropped, info.most_fuel, info.restarts);
	return 0;
}

static int cmd_top(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_info_t info;
	struct zonda_apps_thread_use use;

	ARG_UNUSED(argc);
	ARG_UNUSED(argv);

	shell_print(sh, "%-16s %-9s %8s %8s %10s %11s %8s", "name", "state", "events", "lost",
		    "most fuel", "stack", "ms");
	for (uint32_t slot = 0; slot < CONFIG_ZONDA_APPS_MAX; slot++) {
		if (zonda_app_info_at(slot, &info) != ZONDA_APP_OK) {
			continue;
		}
		(void)zonda_apps_thread_use(slot, &use);
		shell_print(sh, "%-16s %-9s %8u %8u %10u %5u/%5u %8u", info.name,
			    zonda_app_state_name(info.state), info.events, info.dropped,
			    info.most_fuel, use.stack_used, use.stack_size,
			    (uint32_t)k_cyc_to_ms_floor64(use.cycles));
	}
	return 0;
}

/* Prints the lines of one application, or all. */
static int cmd_log(const struct shell *sh, size_t argc, char **argv)
{
	uint32_t position = 0;
	char line[96];
	size_t len = 0;
	size_t count;

	do {
		count = zonda_app_log_read(&position, &line[len], sizeof(line) - 1 - len);
		len += count;
		while (len > 0) {
			char *end = memchr(line, '\n', len);
			size_t part = end == NULL ? len : (size_t)(end - line) + 1;
			size_t name = argc > 1 ? strlen(argv[1]) : 0;

			if (end == NULL && count != 0 && len < sizeof(line) - 1) {
				break;
			}
			if (argc == 1 || (part > name && strncmp(line, argv[1], name) == 0 &&
					  line[name] == ':')) {
				shell_print(sh, "%.*s", (int)(end == NULL ? part : part - 1), line);
			}
			memmove(line, &line[part], len - part);
			len -= part;
		}
	} while (count != 0);
	return 0;
}

static int cmd_start(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_error_t error;

	ARG_UNUSED(argc);
	return say(sh, zonda_app_start(argv[1], &error), &error);
}

static int cmd_stop(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_error_t error;

	ARG_UNUSED(argc);
	return say(sh, zonda_app_stop(argv[1], &error), &error);
}

static int cmd_restart(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_error_t error;

	ARG_UNUSED(argc);
	return say(sh, zonda_app_restart(argv[1], &error), &error);
}

static int cmd_uninstall(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_error_t error;

	ARG_UNUSED(argc);
	return say(sh, zonda_app_uninstall(argv[1], &error), &error);
}

static int cmd_confirm(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_error_t error;

	ARG_UNUSED(argc);
	return say(sh, zonda_app_confirm(argv[1], &error), &error);
}

static int cmd_revert(const struct shell *sh, size_t argc, char **argv)
{
	zonda_app_error_t error;

	ARG_UNUSED(argc);
	return say(sh, zonda_app_revert(argv[1], &error), &error);
}

/* Names of applications for the key TAB. One thread of a shell uses it. */
static void name_of(size_t index, struct shell_static_entry *entry)
{
	static zonda_app_info_t info;
	size_t found = 0;

	entry->syntax = NULL;
	entry->handler = NULL;
	entry->subcmd = NULL;
	entry->help = NULL;
	for (uint32_t slot = 0; slot < CONFIG_ZONDA_APPS_MAX; slot++) {
		if (zonda_app_info_at(slot, &info) == ZONDA_APP_OK && found++ == index) {
			entry->syntax = info.name;
			return;
		}
	}
}

SHELL_DYNAMIC_CMD_CREATE(names, name_of);

SHELL_STATIC_SUBCMD_SET_CREATE(
	commands, SHELL_CMD_ARG(list, NULL, "Applications and their states.", cmd_list, 1, 0),
	SHELL_CMD_ARG(info, &names, "[NAME]: limits, use, failure; room of the flash.", cmd_info, 1,
		      1),
	SHELL_CMD_ARG(start, &names, "NAME: now and with the system.", cmd_start, 2, 0),
	SHELL_CMD_ARG(stop, &names, "NAME: until it is started.", cmd_stop, 2, 0),
	SHELL_CMD_ARG(restart, &names, "NAME", cmd_restart, 2, 0),
	SHELL_CMD_ARG(uninstall, &names, "NAME", cmd_uninstall, 2, 0),
	SHELL_CMD_ARG(confirm, &names, "NAME: its update stays.", cmd_confirm, 2, 0),
	SHELL_CMD_ARG(revert, &names, "NAME: the version before its update.", cmd_revert, 2, 0),
	SHELL_CMD_ARG(top, NULL, "What applications use.", cmd_top, 1, 0),
	SHELL_CMD_ARG(log, &names, "[NAME]: what applications printed.", cmd_log, 1, 1),
	SHELL_SUBCMD_SET_END);

SHELL_CMD_REGISTER(zonda, &commands, "WebAssembly applications", NULL);
