/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs a program that uses the files of one directory on littlefs, /lfs/app, which it knows as /data.
 */

#include <string.h>

#include <zephyr/fs/fs.h>
#include <zephyr/fs/littlefs.h>
#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>

#include "wasm_export.h"

static const uint8_t file_wasm[] = {
#include "file.wasm.inc"
};

FS_LITTLEFS_DECLARE_DEFAULT_CONFIG(storage);
static struct fs_mount_t mount = {
	.type = FS_LITTLEFS,
	.fs_data = &storage,
	.storage_dev = (void *)FIXED_PARTITION_ID(storage_partition),
	.mnt_point = "/lfs",
};

static int run(void)
{
	const char *dirs[] = {"/data::/lfs/app"};
	char *argv[] = {"file"};
	char error[64];
	wasm_module_t module;
	wasm_module_inst_t instance;
	int result = 0;

	module = wasm_runtime_load((uint8_t *)file_wasm, sizeof(file_wasm), error, sizeof(error));
	if (module == NULL) {
		printk("load: %s\n", error);
		return -EINVAL;
	}
	wasm_runtime_set_wasi_args(module, NULL, 0, dirs, ARRAY_SIZE(dirs), NULL, 0, argv,
				   ARRAY_SIZE(argv));
	instance = wasm_runtime_instantiate(module, CONFIG_ZONDA_STACK_SIZE, 0, error,
					    sizeof(error));
	if (instance == NULL) {
		printk("instantiate: %s\n", error);
		wasm_runtime_unload(module);
		return -ENOMEM;
	}
	if (!wasm_application_execute_main(instance, 0, NULL)) {
		printk("%s\n", wasm_runtime_get_exception(instance));
		result = -EFAULT;
	} else {
		printk("exit code %u\n", wasm_runtime_get_wasi_exit_code(instance));
	}
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	return result;
}

/* What the program has left behind. */
static int show(void)
{
	struct fs_file_t file;
	char text[16] = "";
	int error;

	fs_file_t_init(&file);
	error = fs_open(&file, "/lfs/app/sub/b.txt", FS_O_READ);
	if (error == 0) {
		error = (int)MIN(fs_read(&file, text, sizeof(text) - 1), 0);
		fs_close(&file);
		printk("firmware: %s\n", text);
	}
	return error;
}

int main(void)
{
	RuntimeInitArgs args = {
		.mem_alloc_type = Alloc_With_System_Allocator,
	};
	struct fs_file_t secret;
	int result;

	(void)fs_mkfs(FS_LITTLEFS, (uintptr_t)mount.storage_dev, NULL, 0);
	result = fs_mount(&mount);
	if (result != 0) {
		printk("mount: %d\n", result);
		return result;
	}
	(void)fs_mkdir("/lfs/app");
	fs_file_t_init(&secret);
	if (fs_open(&secret, "/lfs/secret", FS_O_CREATE | FS_O_WRITE) == 0) {
		(void)fs_write(&secret, "secret", 6);
		(void)fs_close(&secret);
	}

	if (!wasm_runtime_full_init(&args)) {
		printk("the runtime does not start\n");
		return -ENOMEM;
	}
	result = run();
	wasm_runtime_destroy();
	if (result == 0) {
		result = show();
	}
	printk("done: %d\n", result);
	return result;
}
