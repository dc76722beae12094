/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What WASI needs of a firmware beyond zonda_platform.h: zephyr/zonda_wasi.c defines it for Zephyr.
 * Functions return 0 or an error number of WASI (wasi/src/types.rs), unless they say otherwise.
 */

#ifndef ZONDA_WASI_H
#define ZONDA_WASI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types of files, by the numbers of WASI. */
#define ZONDA_WASI_DIRECTORY 3
#define ZONDA_WASI_REGULAR   4

/* How a file is opened. */
#define ZONDA_WASI_READ   1
#define ZONDA_WASI_WRITE  2
#define ZONDA_WASI_CREATE 4

/* Attributes of a file, and an entry of a directory. */
typedef struct zonda_wasi_stat_t {
	uint64_t size;
	/* A type of files. */
	uint32_t type;
	/* An entry's name, without a NUL. */
	uint32_t name_len;
	char name[256];
} zonda_wasi_stat_t;

/* Prints to standard output (1) or standard error (2). */
void zonda_wasi_print(int stream, const char *text, size_t len);
/* Reads from standard input; stores how many bytes, 0 at its end. */
int zonda_wasi_read_input(char *to, size_t len, size_t *count);
/* Stores the time of a clock in nanoseconds: 0 real time, 1 monotonic. */
int zonda_wasi_clock(uint32_t clock, uint64_t *time);
/* The resolution of the clocks in nanoseconds. */
uint64_t zonda_wasi_resolution(void);
/* Fills with random bytes that nobody can predict. */
int zonda_wasi_random(uint8_t *to, size_t len);
/* Lets other threads run; sleeps. */
void zonda_wasi_yield(void);
void zonda_wasi_sleep(uint32_t milliseconds);

/* Files. Paths are absolute and end with NUL; a file is a pointer of the platform's own. */
int zonda_wasi_open(const char *path, uint32_t flags, void **file);
void zonda_wasi_close(void *file);
int zonda_wasi_read(void *file, uint8_t *to, size_t len, size_t *count);
int zonda_wasi_write(void *file, const uint8_t *from, size_t len, size_t *count);
/* Moves the position: whence is 0 from the beginning, 1 from the position, 2 from the end. */
int zonda_wasi_seek(void *file, int64_t offset, uint32_t whence, uint64_t *position);
int zonda_wasi_set_size(void *file, uint64_t size);
int zonda_wasi_sync(void *file);
int zonda_wasi_stat(const char *path, zonda_wasi_stat_t *stat);
/* Calls `each` for every entry until it returns false. */
int zonda_wasi_read_dir(const char *path, bool (*each)(void *data, const zonda_wasi_stat_t *entry),
			void *data);
int zonda_wasi_create_dir(const char *path);
/* Removes a file or an empty directory. */
int zonda_wasi_remove(const char *path);
int zonda_wasi_rename(const char *from, const char *to);

#ifdef __cplusplus
}
#endif

#endif /* ZONDA_WASI_H */
