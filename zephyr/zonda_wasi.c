/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What WASI needs of Zephyr, include/zonda_wasi.h: the console, clocks, random numbers, and with
 * CONFIG_ZONDA_WASI_FILES the file system.
 */

#include <errno.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/random/random.h>
#include <zephyr/sys/util.h>

#ifdef CONFIG_ZONDA_WASI_FILES
#include <zephyr/fs/fs.h>
#endif

#ifdef CONFIG_POSIX_TIMERS
#include <zephyr/posix/time.h>
#endif

#include "zonda_platform.h"
#include "zonda_wasi.h"

/* WASI's number for an error of Zephyr. */
static int number(int error)
{
	static const struct {
		uint8_t zephyr;
		uint8_t wasi;
	} numbers[] = {
		{EACCES, 2}, {EAGAIN, 6},      {EBADF, 8},   {EBUSY, 10},  {EEXIST, 20},
		{EFBIG, 22}, {EINVAL, 28},     {EIO, 29},    {EISDIR, 31}, {EMFILE, 33},
		{ENODEV, 43}, {ENOENT, 44},    {ENOMEM, 48}, {ENOSPC, 51}, {ENOSYS, 52},
		{ENOTDIR, 54}, {ENOTEMPTY, 55}, {EPERM, 63},  {EROFS, 69},
	};

	if (error >= 0) {
		return 0;
	}
	if (error == -ENOTSUP) {
		return 58;
	}
	if (error == -ENAMETOOLONG) {
		return 37;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (numbers[i].zephyr == -error) {
			return numbers[i].wasi;
		}
	}
	return 29;
}

void zonda_wasi_print(int stream, const char *text, size_t len)
{
	ARG_UNUSED(stream);
	zonda_platform_console(text, len);
}

#ifndef CONFIG_ZONDA_WASI_INPUT

/* The console is not read: standard input is at its end. */
int zonda_wasi_read_input(char *to, size_t len, size_t *count)
{
	ARG_UNUSED(to);
	ARG_UNUSED(len);
	*count = 0;
	return 0;
}

bool zonda_wasi_input_ready(void)
{
	return true;
}

#endif /* CONFIG_ZONDA_WASI_INPUT */

/* Without POSIX timers the real time is that since the start. */
int zonda_wasi_clock(uint32_t clock, uint64_t *time)
{
#ifdef CONFIG_POSIX_TIMERS
	struct timespec now;

	if (clock == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0) {
		*time = (uint64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
		return 0;
	}
#endif
	ARG_UNUSED(clock);
	*time = k_ticks_to_ns_floor64(k_uptime_ticks());
	return 0;
}

uint64_t zonda_wasi_resolution(void)
{
	return k_ticks_to_ns_ceil64(1);
}

int zonda_wasi_random(uint8_t *to, size_t len)
{
#if defined(CONFIG_CSPRNG_ENABLED)
	return number(sys_csrand_get(to, len));
#elif defined(CONFIG_TEST_RANDOM_GENERATOR)
	sys_rand_get(to, len);
	return 0;
#else
	ARG_UNUSED(to);
	ARG_UNUSED(len);
	return number(-ENOTSUP);
#endif
}

void zonda_wasi_yield(void)
{
	k_yield();
}

void zonda_wasi_sleep(uint32_t milliseconds)
{
	k_msleep(milliseconds);
}

#ifdef CONFIG_ZONDA_WASI_FILES

int zonda_wasi_open(const char *path, uint32_t flags, void **to)
{
	struct fs_file_t *file = zonda_platform_alloc(sizeof(*file), sizeof(void *));
	fs_mode_t mode = 0;
	int error;

	if (file == NULL) {
		return number(-ENOMEM);
	}
	mode |= (flags & ZONDA_WASI_READ) ? FS_O_READ : 0;
	mode |= (flags & ZONDA_WASI_WRITE) ? FS_O_WRITE : 0;
	mode |= (flags & ZONDA_WASI_CREATE) ? FS_O_CREATE : 0;
	fs_file_t_init(file);
	error = fs_open(file, path, mode);
	if (error != 0) {
		zonda_platform_free(file);
		return number(error);
	}
	*to = file;
	return 0;
}

void zonda_wasi_close(void *file)
{
	(void)fs_close(file);
	zonda_platform_free(file);
}

int zonda_wasi_read(void *file, uint8_t *to, size_t len, size_t *count)
{
	ssize_t done = fs_read(file, to, len);

	*count = done < 0 ? 0 : done;
	return number((int)MIN(done, 0));
}

int zonda_wasi_write(void *file, const uint8_t *from, size_t len, size_t *count)
{
	ssize_t done = fs_write(file, from, len);

	*count = done < 0 ? 0 : done;
	return number((int)MIN(done, 0));
}

int zonda_wasi_seek(void *file, int64_t offset, uint32_t whence, uint64_t *position)
{
	static const uint8_t whences[] = {FS_SEEK_SET, FS_SEEK_CUR, FS_SEEK_END};
	off_t to = (off_t)offset;
	off_t now;
	int error;

	if (to != offset || whence >= ARRAY_SIZE(whences)) {
		return number(-EINVAL);
	}
	error = fs_seek(file, to, whences[whence]);
	if (error != 0) {
		return number(error);
	}
	now = fs_tell(file);
	*position = now < 0 ? 0 : now;
	return number((int)MIN(now, 0));
}

int zonda_wasi_set_size(void *file, uint64_t size)
{
	off_t to = (off_t)size;

	if (to < 0 || (uint64_t)to != size) {
		return number(-EFBIG);
	}
	return number(fs_truncate(file, to));
}

int zonda_wasi_sync(void *file)
{
	return number(fs_sync(file));
}

static void fill(zonda_wasi_stat_t *to, const struct fs_dirent *entry)
{
	to->size = entry->size;
	to->type = entry->type == FS_DIR_ENTRY_DIR ? ZONDA_WASI_DIRECTORY : ZONDA_WASI_REGULAR;
	to->name_len = MIN(strlen(entry->name), sizeof(to->name));
	memcpy(to->name, entry->name, to->name_len);
}

/* An entry is large for the stack of a thread: it has a name. */
int zonda_wasi_stat(const char *path, zonda_wasi_stat_t *stat)
{
	struct fs_dirent *entry = zonda_platform_alloc(sizeof(*entry), sizeof(void *));
	int error;

	if (entry == NULL) {
		return number(-ENOMEM);
	}
	error = fs_stat(path, entry);
	if (error == 0) {
		fill(stat, entry);
	}
	zonda_platform_free(entry);
	return number(error);
}

int zonda_wasi_read_dir(const char *path, bool (*each)(void *data, const zonda_wasi_stat_t *entry),
			void *data)
{
	struct reading {
		struct fs_dir_t dir;
		struct fs_dirent entry;
		zonda_wasi_stat_t stat;
	} *own = zonda_platform_alloc(sizeof(*own), sizeof(uint64_t));
	int error;

	if (own == NULL) {
		return number(-ENOMEM);
	}
	fs_dir_t_init(&own->dir);
	error = fs_opendir(&own->dir, path);
	if (error == 0) {
		do {
			error = fs_readdir(&own->dir, &own->entry);
			if (error != 0 || own->entry.name[0] == '\0') {
				break;
			}
			fill(&own->stat, &own->entry);
		} while (each(data, &own->stat));
		(void)fs_closedir(&own->dir);
	}
	zonda_platform_free(own);
	return number(error);
}

int zonda_wasi_create_dir(const char *path)
{
	return number(fs_mkdir(path));
}

int zonda_wasi_remove(const char *path)
{
	return number(fs_unlink(path));
}

int zonda_wasi_rename(const char *from, const char *to)
{
	return number(fs_rename(from, to));
}

#else

/* Nothing is ever open, so that nothing calls these. */

void zonda_wasi_close(void *file)
{
	ARG_UNUSED(file);
}

int zonda_wasi_read(void *file, uint8_t *to, size_t len, size_t *count)
{
	ARG_UNUSED(file);
	ARG_UNUSED(to);
	ARG_UNUSED(len);
	ARG_UNUSED(count);
	return number(-ENOSYS);
}

int zonda_wasi_write(void *file, const uint8_t *from, size_t len, size_t *count)
{
	ARG_UNUSED(file);
	ARG_UNUSED(from);
	ARG_UNUSED(len);
	ARG_UNUSED(count);
	return number(-ENOSYS);
}

int zonda_wasi_seek(void *file, int64_t offset, uint32_t whence, uint64_t *position)
{
	ARG_UNUSED(file);
	ARG_UNUSED(offset);
	ARG_UNUSED(whence);
	ARG_UNUSED(position);
	return number(-ENOSYS);
}

int zonda_wasi_stat(const char *path, zonda_wasi_stat_t *stat)
{
	ARG_UNUSED(path);
	ARG_UNUSED(stat);
	return number(-ENOSYS);
}

#endif /* CONFIG_ZONDA_WASI_FILES */
