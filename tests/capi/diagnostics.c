/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Call stacks of traps and of running calls, records of traps, memory consumption, and memories that
 * do not grow.
 * tests/embedding_c builds and runs this.
 */

#include "modules.h"
#include "counted.h"
#include "platform.h"
#include "wasm_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The functions of the module, imported ones counted. */
enum { A = 2, B, C, DEEP };

static char error[128], text[4096];
static wasm_module_t module;
static wasm_module_inst_t instance;
static wasm_exec_env_t exec_env;
static unsigned looked;
static struct {
	uint32_t pages, index, times;
	uint64_t size;
	enlarge_memory_error_reason_t reason;
} failed;

/* Of the running call: $c, called by $b through the table, called by $a. */
static void look(wasm_exec_env_t env, int32_t x, int32_t y)
{
	WASMCApiFrame frames[5];

	memset(frames, 0xaa, sizeof(frames));
	CHECK(x == 10 && y == 20);
	CHECK(wasm_copy_callstack(env, frames, 5, 0, error, sizeof(error)) == 3);
	CHECK(frames[0].func_index == C && frames[1].func_index == B && frames[2].func_index == A);
	CHECK(frames[0].instance == get_module_inst(env) && frames[0].module_offset == 0);
	/* A later function lies behind. */
	CHECK(frames[2].func_offset != 0 && frames[2].func_offset < frames[1].func_offset &&
	      frames[1].func_offset < frames[0].func_offset &&
	      frames[0].func_offset < sizeof(diagnostics_wasm));
	CHECK(wasm_copy_callstack(env, frames, 5, 2, error, sizeof(error)) == 1 &&
	      frames[0].func_index == A);
	CHECK(wasm_copy_callstack(env, frames, 2, 0, error, sizeof(error)) == 2 &&
	      frames[1].func_index == B);
	CHECK(wasm_copy_callstack(env, frames, 5, 9, error, sizeof(error)) == 0 && error[0] == 0);
	CHECK(wasm_copy_callstack(env, NULL, 5, 0, error, sizeof(error)) == 0);
	CHECK(strcmp(error, "buffer is missing") == 0);
	looked++;
}

/* Calls into the module, which traps; the stack of this call is behind that of the inner one. */
static int32_t again(wasm_exec_env_t env, int32_t x)
{
	WASMCApiFrame frames[5];
	uint32_t cell = (uint32_t)x;
	wasm_function_inst_t a = wasm_runtime_lookup_function(get_module_inst(env), "a");

	if (x == 4) {
		wasm_runtime_set_exception(get_module_inst(env), "failed");
		return 0;
	}
	CHECK(!wasm_runtime_call_wasm(env, a, 1, &cell));
	/* What runs now is what called this. */
	CHECK(wasm_copy_callstack(env, frames, 5, 0, error, sizeof(error)) == 3 &&
	      frames[0].func_index == C);
	return 0;
}

static void grow_failed(uint32_t inc_page_count, uint64_t current_memory_size, uint32_t memory_index,
			enlarge_memory_error_reason_t failure_reason, wasm_module_inst_t inst,
			wasm_exec_env_t env, void *user_data)
{
	CHECK(inst == instance && env == exec_env && user_data == &failed);
	failed.pages = inc_page_count;
	failed.size = current_memory_size;
	failed.index = memory_index;
	failed.reason = failure_reason;
	failed.times++;
}

static NativeSymbol natives[] = {{"look", (void *)look, "(ii)", NULL},
				 {"again", (void *)again, "(i)i", NULL}};

static bool call(const char *name, uint32_t *cell)
{
	return wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, name), 1, cell);
}

/* The lines of the call stack; each has the form "#00: 0x0123 - name". */
static unsigned lines(const char *names[], unsigned most)
{
	uint32_t size = wasm_runtime_get_call_stack_buf_size(exec_env), len;
	unsigned count = 0, number, offset;
	char name[64], line[96];

	memset(text, 0xaa, sizeof(text));
	len = wasm_runtime_dump_call_stack_to_buf(exec_env, text, sizeof(text));
	CHECK(len == strlen(text) && size == (len == 0 ? 0 : len + 1));
	for (char *at = text; (at = strchr(at, '#')) != NULL; at++) {
		CHECK(sscanf(at, "#%u: 0x%x - %63s\n", &number, &offset, name) == 3);
		CHECK(number == count && offset != 0 && offset < sizeof(diagnostics_wasm));
		CHECK(count >= most || strcmp(name, names[count]) == 0);
		/* Two digits and four at least. */
		snprintf(line, sizeof(line), "#%02u: 0x%04x - %s\n", number, offset, name);
		CHECK(strncmp(at, line, strlen(line)) == 0);
		count++;
	}
	/* What does not fit is cut off. */
	if (size > 4) {
		char part[4];

		CHECK(wasm_runtime_dump_call_stack_to_buf(exec_env, part, 4) == 3 &&
		      memcmp(part, text, 3) == 0 && part[3] == 0);
	}
	return count;
}

static void test_traps(void)
{
	static const char *inner[] = {"c", "b", "a"}, *both[] = {"c", "b", "a", "c", "b", "a"};
	static const char *deep[] = {"deep", "deep"};
	uint32_t cell = 0;

	CHECK(lines(NULL, 0) == 0);
	CHECK(!call("a", &cell) && lines(inner, 3) == 3);
	wasm_runtime_clear_exception(instance);
	CHECK(lines(NULL, 0) == 0);
	/* The native function looks, and then the call traps elsewhere. */
	cell = 3;
	CHECK(!call("a", &cell) && lines(inner, 3) == 3 && looked == 0);
	wasm_runtime_clear_exception(instance);
	cell = 1;
	CHECK(call("a", &cell) && looked == 1 && lines(NULL, 0) == 0);
	/* A call in a call. */
	cell = 2;
	CHECK(!call("a", &cell) && lines(both, 6) == 6);
	wasm_runtime_clear_exception(instance);
	/* Of a deep stack, the innermost. */
	cell = 200;
	wasm_runtime_destroy_exec_env(exec_env);
	exec_env = wasm_runtime_create_exec_env(instance, 65536);
	CHECK(!call("deep", &cell) && lines(deep, 2) == 64);
	wasm_runtime_clear_exception(instance);
	/* A stack that is too small. */
	wasm_runtime_destroy_exec_env(exec_env);
	exec_env = wasm_runtime_create_exec_env(instance, 512);
	cell = 200;
	CHECK(!call("deep", &cell) && lines(deep, 2) >= 2);
	wasm_runtime_clear_exception(instance);
	CHECK(wasm_copy_callstack(exec_env, (WASMCApiFrame *)text, 5, 0, error, sizeof(error)) == 0);
	CHECK(strcmp(error, "no native function runs") == 0);
}

/* docs/traps.md has the bytes. */
static void test_records(void)
{
	static uint8_t record[512];
	/* The number of a trap, and that of a host function which has failed. */
	enum { CODE = 6, FLAGS = 7, LENGTH = 8, HOST = 13 };
	uint32_t cell = 0, size;
	uint8_t code;

	CHECK(zonda_get_trap_record(instance) == 0);
	zonda_set_trap_record(instance, record, sizeof(record), 0);
	CHECK(zonda_get_trap_record(instance) == 0);
	CHECK(!call("a", &cell));
	size = zonda_get_trap_record(instance);
	code = record[CODE];
	CHECK(size > 16 && memcmp(record, "\0ztr\1", 5) == 0 && record[5] == sizeof(void *));
	CHECK(record[LENGTH] + 256u * record[LENGTH + 1] == size);
	CHECK(code != 0 && code != HOST && record[FLAGS] == 0);
	wasm_runtime_clear_exception(instance);
	/* Of a call in a call, the inner one. */
	memset(record, 0xaa, sizeof(record));
	cell = 2;
	CHECK(!call("a", &cell) && record[CODE] == code &&
	      zonda_get_trap_record(instance) == size);
	wasm_runtime_clear_exception(instance);
	/* A later failure of a native function is told. */
	cell = 4;
	CHECK(!call("a", &cell) && record[CODE] == HOST);
	wasm_runtime_clear_exception(instance);
	/* A small buffer: fewer frames, then no record, and nothing is written behind it. */
	for (uint32_t room = 0; room < size; room++) {
		memset(record, 0xaa, sizeof(record));
		zonda_set_trap_record(instance, record, room, 0);
		cell = 0;
		CHECK(!call("a", &cell));
		wasm_runtime_clear_exception(instance);
		for (uint32_t at = room; at < sizeof(record); at++) {
			CHECK(record[at] == 0xaa);
		}
		CHECK(zonda_get_trap_record(instance) <= room);
		CHECK(zonda_get_trap_record(instance) == 0 || record[FLAGS] != 0);
	}
	zonda_set_trap_record(instance, NULL, 0, 0);
	memset(record, 0xaa, sizeof(record));
	CHECK(!call("a", &cell) && record[0] == 0xaa && zonda_get_trap_record(instance) == 0);
	wasm_runtime_clear_exception(instance);
}

static void test_usage(void)
{
	zonda_usage_t before, after;
	uint32_t cell = 4;
	double all, deep;

	wasm_runtime_destroy_exec_env(exec_env);
	exec_env = wasm_runtime_create_exec_env(instance, 65536);
	zonda_get_usage(exec_env, &before);
	CHECK(before.linear_memory == 65536 && before.operand_stack >= 65536);
	CHECK(before.operand_stack_peak == 0 && before.app_heap == 0);
	all = wasm_runtime_sum_wasm_exec_time(instance);
	deep = wasm_runtime_get_wasm_func_exec_time(instance, "deep");
	CHECK(!call("deep", &cell));
	wasm_runtime_clear_exception(instance);
	zonda_get_usage(exec_env, &before);
	CHECK(before.operand_stack_peak > 4 * 16 && before.operand_stack_peak < 1024);
	cell = 50;
	CHECK(!call("deep", &cell));
	wasm_runtime_clear_exception(instance);
	zonda_get_usage(exec_env, &after);
	/* 46 frames more, each with at least a header. */
	CHECK(after.operand_stack_peak >= before.operand_stack_peak + 46 * 16);
	CHECK(after.operand_stack_peak < after.operand_stack);
	/* The clock goes on by a millisecond between start and end of each call. */
	CHECK(wasm_runtime_sum_wasm_exec_time(instance) == all + 2);
	CHECK(wasm_runtime_get_wasm_func_exec_time(instance, "deep") == deep + 2);
	CHECK(wasm_runtime_get_wasm_func_exec_time(instance, "nothing") == 0);
	wasm_runtime_destroy_exec_env(exec_env);
	exec_env = wasm_runtime_create_exec_env(instance, 512);
}

static void test_growth(void)
{
	uint32_t cell = 1;

	wasm_runtime_set_enlarge_mem_error_callback(grow_failed, &failed);
	CHECK(call("grow", &cell) && cell == 1 && failed.times == 0);
	cell = 7;
	CHECK(call("grow", &cell) && cell == UINT32_MAX && failed.times == 1 && failed.pages == 7);
	CHECK(failed.index == 0 && failed.size == 131072 && failed.reason == MAX_SIZE_REACHED);
	wasm_runtime_set_enlarge_mem_error_callback(NULL, NULL);
	cell = 7;
	CHECK(call("grow", &cell) && failed.times == 1);
}

static void start(void)
{
	CHECK(wasm_runtime_init() && wasm_runtime_register_natives("env", natives, 2));
	module = wasm_runtime_load((uint8_t *)diagnostics_wasm, sizeof(diagnostics_wasm), error,
				   sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 0, 0, error, sizeof(error));
	CHECK(instance != NULL);
	exec_env = wasm_runtime_create_exec_env(instance, 0);
	CHECK(exec_env != NULL);
}

static void stop(void)
{
	wasm_runtime_destroy_exec_env(exec_env);
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
	CHECK(allocated_blocks == 0);
}

/* With an argument all of it in classic mode, else in fast mode, which is the default. */
int main(int argc, char **argv)
{
	uint32_t cell = 0;

	(void)argv;
	if (argc > 1) {
		zonda_platform_defaults.running_mode = Mode_Zonda_Classic;
	}
	start();
	test_traps();
	test_records();
	test_usage();
	test_growth();
	CHECK(!call("a", &cell));
	/* Printed, for the test that runs this. */
	wasm_runtime_dump_call_stack(exec_env);
	fflush(stdout);
	wasm_runtime_dump_perf_profiling(instance);
	wasm_runtime_dump_mem_consumption(exec_env);
	/* The stack of another one is 8192 bytes larger than the 512 that this one has. */
	wasm_runtime_destroy_exec_env(exec_env);
	exec_env = wasm_runtime_create_exec_env(instance, 8704);
	CHECK(exec_env != NULL);
	wasm_runtime_dump_mem_consumption(exec_env);
	wasm_runtime_set_enlarge_mem_error_callback(grow_failed, &failed);
	stop();
	/* The next runtime does not know what was set for this one. */
	failed.times = 0;
	start();
	cell = 7;
	CHECK(call("grow", &cell) && cell == UINT32_MAX && failed.times == 0);
	stop();
	puts("well");
	return 0;
}
