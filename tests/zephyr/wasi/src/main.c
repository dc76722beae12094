/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs one WASI program with files on littlefs and ends with its exit code. `cargo xtask wasi
 * --zephyr` runs the programs of wasi-testsuite with it. Environment variables of the host name
 * what the program is given:
 *
 *   ZONDA_PROGRAM  the module
 *   ZONDA_ARGS     its arguments
 *   ZONDA_ENV      its environment, NAME=VALUE
 *   ZONDA_FILES    files of the host that are copied into its directory, HOST=PATH; a PATH that ends
 *                  with / is a directory, and HOST is empty
 *   ZONDA_MODE     classic or fast
 *
 * The items of a list are separated by the byte 0x1f.
 */

#include <string.h>

#include <zephyr/fs/fs.h>
#include <zephyr/fs/littlefs.h>
#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>

#include <nsi_main.h>

#include "host.h"
#include "wasm_export.h"

#define ROOT  "/lfs/root"
#define LINES 16
/* A program that does not run: no exit code of the suite. */
#define FAILED 120

FS_LITTLEFS_DECLARE_DEFAULT_CONFIG(storage);
static struct fs_mount_t mount = {
	.type = FS_LITTLEFS,
	.fs_data = &storage,
	.storage_dev = (void *)FIXED_PARTITION_ID(storage_partition),
	.mnt_point = "/lfs",
};

static char text[3][4096];

/* The items of a variable, at most LINES. */
static uint32_t lines(const char *name, char *copy, char *line[LINES])
{
	const char *value = host_variable(name);
	uint32_t count = 0;

	if (value == NULL || value[0] == '\0' || strlen(value) >= sizeof(text[0])) {
		return 0;
	}
	strcpy(copy, value);
	while (copy != NULL && count < LINES) {
		char *end = strchr(copy, '\x1f');

		if (end != NULL) {
			*end++ = '\0';
		}
		line[count++] = copy;
		copy = end;
	}
	return count;
}

static int copy_file(const char *from, const char *path)
{
	struct fs_file_t file;
	uint32_t size = 0;
	uint8_t *bytes = host_read(from, &size);
	int result;

	if (bytes == NULL) {
		return -ENOENT;
	}
	fs_file_t_init(&file);
	result = fs_open(&file, path, FS_O_CREATE | FS_O_WRITE);
	if (result == 0) {
		result = fs_write(&file, bytes, size) == (ssize_t)size ? 0 : -EIO;
		result |= fs_close(&file);
	}
	return result;
}

static int prepare(void)
{
	char path[160] = ROOT "/";
	char *files[LINES];
	uint32_t count = lines("ZONDA_FILES", text[0], files);
	int result = fs_mkfs(FS_LITTLEFS, (uintptr_t)mount.storage_dev, NULL, 0);

	result = result != 0 ? result : fs_mount(&mount);
	result = result != 0 ? result : fs_mkdir(ROOT);
	for (uint32_t i = 0; i < count && result == 0; i++) {
		char *to = strchr(files[i], '=');
		size_t length = to == NULL ? 0 : strlen(to + 1);

		if (length == 0 || sizeof(ROOT) + length >= sizeof(path)) {
			return -EINVAL;
		}
		*to = '\0';
		strcpy(path + sizeof(ROOT), to + 1);
		if (to[length] == '/') {
			path[sizeof(ROOT) + length - 1] = '\0';
			result = fs_mkdir(path);
		} else {
			result = copy_file(files[i], path);
		}
	}
	return result;
}

static int run(void)
{
	RuntimeInitArgs init = {.mem_alloc_type = Alloc_With_System_Allocator};
	const char *mode = host_variable("ZONDA_MODE");
	const char *program = host_variable("ZONDA_PROGRAM");
	const char *dirs[] = {"/::" ROOT};
	char *args[LINES + 1] = {"program"};
	char *env[LINES];
	uint32_t n_args = 1 + lines("ZONDA_ARGS", text[1], args + 1);
	uint32_t n_env = lines("ZONDA_ENV", text[2], env);
	uint32_t size = 0;
	uint8_t *bytes = program == NULL ? NULL : host_read(program, &size);
	char error[96];
	wasm_module_t module;
	wasm_module_inst_t instance;

	if (bytes == NULL) {
		printk("ZONDA_PROGRAM is not readable\n");
		return FAILED;
	}
	init.running_mode = mode != NULL && strcmp(mode, "classic") == 0 ? Mode_Zonda_Classic
									 : Mode_Zonda_Fast;
	if (!wasm_runtime_full_init(&init)) {
		return FAILED;
	}
	module = wasm_runtime_load(bytes, size, error, sizeof(error));
	if (module == NULL) {
		printk("load: %s\n", error);
		return FAILED;
	}
	wasm_runtime_set_wasi_args(module, NULL, 0, dirs, host_variable("ZONDA_FILES") ? 1 : 0,
				   (const char **)env, n_env, args, n_args);
	instance = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	if (instance == NULL) {
		printk("instantiate: %s\n", error);
		return FAILED;
	}
	if (!wasm_application_execute_main(instance, 0, NULL)) {
		printk("%s\n", wasm_runtime_get_exception(instance));
		return FAILED + 1;
	}
	return (int)wasm_runtime_get_wasi_exit_code(instance);
}

int main(void)
{
	int result = prepare();

	if (result != 0) {
		printk("littlefs: %d\n", result);
		result = FAILED;
	} else {
		result = run();
	}
	/* The console shows complete lines. */
	printk("\n");
	nsi_exit(result);
	return 0;
}
