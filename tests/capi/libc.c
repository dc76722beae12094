/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The C library that modules import from env: each function through a module that exports it again,
 * with good arguments and with hostile ones.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counted.h"
#include "modules.h"
#include "platform.h"
#include "wasm_export.h"

/* The end of the linear memory: a page, and the heap. */
#define END (65536 + 4096)

static char error[128];
static wasm_module_inst_t instance;
static wasm_exec_env_t exec_env;

static const struct {
	const char *name;
	uint32_t params;
} functions[] = {
	{"printf", 2},
	{"vprintf", 2},
	{"sprintf", 3},
	{"vsprintf", 3},
	{"snprintf", 4},
	{"vsnprintf", 4},
	{"puts", 1},
	{"putchar", 1},
	{"memcmp", 3},
	{"memcpy", 3},
	{"memmove", 3},
	{"memset", 3},
	{"memchr", 3},
	{"strchr", 2},
	{"strcmp", 2},
	{"strncmp", 3},
	{"strncasecmp", 3},
	{"strcpy", 2},
	{"strncpy", 3},
	{"strlen", 1},
	{"strspn", 2},
	{"strcspn", 2},
	{"strstr", 2},
	{"strdup", 1},
	{"_strdup", 1},
	{"malloc", 1},
	{"calloc", 2},
	{"realloc", 2},
	{"free", 1},
	{"atoi", 1},
	{"strtol", 3},
	{"strtoul", 3},
	{"isupper", 1},
	{"isalpha", 1},
	{"isspace", 1},
	{"isgraph", 1},
	{"isprint", 1},
	{"isdigit", 1},
	{"isxdigit", 1},
	{"isalnum", 1},
	{"tolower", 1},
	{"toupper", 1},
	{"exit", 1},
	{"abort", 1},
	{"abortStackOverflow", 1},
	{"nullFunc_X", 1},
	{"emscripten_memcpy_big", 3},
	{"__cxa_allocate_exception", 1},
	{"__cxa_begin_catch", 1},
	{"__cxa_throw", 3},
	{"clock_gettime", 2},
	{"clock", 0},
};

/* The result of a function; the exception is pending if it fails. */
static uint32_t call(const char *name, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	uint32_t argv[4] = {a, b, c, d};

	wasm_runtime_clear_exception(instance);
	return wasm_runtime_call_wasm(exec_env, wasm_runtime_lookup_function(instance, name), 4,
				      argv)
		       ? argv[0]
		       : 0xdeadbeef;
}

static bool fails(const char *text)
{
	const char *exception = wasm_runtime_get_exception(instance);

	return exception != NULL && strstr(exception, text) != NULL;
}

static char *at(uint32_t address)
{
	char *pointer = wasm_runtime_addr_app_to_native(instance, address);

	CHECK(pointer != NULL);
	return pointer;
}

static void test_printing(void)
{
	CHECK(call("printf", 16, 72, 0, 0) == 21);
	CHECK(call("puts", 96, 0, 0, 0) == 5);
	CHECK(call("putchar", 'x', 0, 0, 0) == 1 && call("putchar", '\n', 0, 0, 0) == 1);
	CHECK(call("sprintf", 1000, 104, 112, 0) == 8 && strcmp(at(1000), "zonda=-7") == 0);
	memset(at(1000), '!', 16);
	CHECK(call("snprintf", 1000, 4, 104, 112) == 8 && memcmp(at(1000), "zon\0!", 5) == 0);
	CHECK(call("snprintf", 0, 0, 104, 112) == 8);
	CHECK(call("vsnprintf", 1000, 100, 104, 112) == 8 && strcmp(at(1000), "zonda=-7") == 0);
	CHECK(call("vsprintf", 1100, 104, 112, 0) == 8 && strcmp(at(1100), "zonda=-7") == 0);
	/* The result does not fit behind the last bytes. */
	call("sprintf", END - 6, 104, 112, 0);
	CHECK(fails("out of bounds memory access"));
	call("snprintf", END - 6, 7, 104, 112);
	CHECK(fails("out of bounds memory access"));
	CHECK(call("snprintf", END - 6, 6, 104, 112) == 8 && memcmp(at(END - 6), "zonda", 6) == 0);
}

static void test_memory(void)
{
	CHECK(call("memset", 1000, 'a', 10, 0) == 1000 && call("memset", 1010, 0, 1, 0) == 1010);
	CHECK(call("strlen", 1000, 0, 0, 0) == 10);
	CHECK(call("memcpy", 1001, 64, 5, 0) == 1001 && strcmp(at(1000), "azondaaaaa") == 0);
	CHECK(call("memmove", 1002, 1000, 6, 0) == 1002 && strcmp(at(1000), "azazondaaa") == 0);
	CHECK(call("memmove", 1000, 1002, 6, 0) == 1000 && strcmp(at(1000), "azondadaaa") == 0);
	CHECK(call("emscripten_memcpy_big", 1000, 64, 6, 0) == 1000 &&
	      strcmp(at(1000), "zonda") == 0);
	CHECK(call("memcmp", 1000, 64, 6, 0) == 0 && call("memcmp", 64, 144, 5, 0) == 'z' - 'Z');
	CHECK(call("memchr", 64, 'd', 6, 0) == 67 && call("memchr", 64, 'q', 6, 0) == 0);
	CHECK(call("strcpy", 1200, 64, 0, 0) == 1200 && strcmp(at(1200), "zonda") == 0);
	memset(at(1300), '!', 16);
	CHECK(call("strncpy", 1300, 64, 8, 0) == 1300 && memcmp(at(1300), "zonda\0\0\0!", 9) == 0);
	CHECK(call("strcmp", 64, 1200, 0, 0) == 0 && (int32_t)call("strcmp", 144, 64, 0, 0) < 0);
	CHECK(call("strncmp", 64, 1200, 100, 0) == 0);
	CHECK(call("strncasecmp", 64, 144, 5, 0) == 0 && call("strncasecmp", 64, 144, 6, 0) != 0);
	CHECK(call("strchr", 64, 'n', 0, 0) == 66 && call("strchr", 64, 0, 0, 0) == 69 &&
	      call("strchr", 64, 'q', 0, 0) == 0);
	memcpy(at(1400), "nd", 3);
	CHECK(call("strstr", 64, 1400, 0, 0) == 66 && call("strstr", 1400, 64, 0, 0) == 0);
	CHECK(call("strspn", 64, 144, 0, 0) == 0 && call("strcspn", 64, 1400, 0, 0) == 2);
	CHECK(call("atoi", 129, 0, 0, 0) == 0 && call("strtol", 128, 1500, 0, 0) == (uint32_t)-31);
	CHECK(*(uint32_t *)at(1500) == 134 && call("strtoul", 128, 0, 16, 0) == (uint32_t)-31);
	memcpy(at(1600), "99999999999", 12);
	CHECK(call("strtol", 1600, 0, 10, 0) == INT32_MAX &&
	      call("strtoul", 1600, 0, 10, 0) == UINT32_MAX);
}

static void test_heap(void)
{
	uint32_t a = call("malloc", 100, 0, 0, 0), b = call("calloc", 10, 10, 0, 0), c;

	CHECK(a >= 65536 && b >= 65536 && a != b);
	memset(at(a), 7, 100);
	for (int i = 0; i < 100; i++) {
		CHECK(at(b)[i] == 0);
	}
	c = call("realloc", a, 300, 0, 0);
	CHECK(c != 0 && at(c)[0] == 7 && at(c)[99] == 7);
	a = call("strdup", 64, 0, 0, 0);
	CHECK(a != 0 && strcmp(at(a), "zonda") == 0 && call("_strdup", 64, 0, 0, 0) != 0);
	CHECK(call("realloc", 0, 8, 0, 0) != 0 && call("realloc", 12345, 8, 0, 0) == 0);
	CHECK(call("malloc", 100000, 0, 0, 0) == 0 && call("malloc", UINT32_MAX, 0, 0, 0) == 0);
	CHECK(call("calloc", 65536, 65536, 0, 0) == 0);
	call("free", a, 0, 0, 0);
	call("free", a, 0, 0, 0);
	call("free", 0, 0, 0, 0);
	call("free", 64, 0, 0, 0);
	CHECK(wasm_runtime_get_exception(instance) == NULL);
	CHECK(call("__cxa_allocate_exception", 16, 0, 0, 0) != 0);
}

static void test_characters(void)
{
	CHECK(call("isupper", 'A', 0, 0, 0) && !call("isupper", 'a', 0, 0, 0));
	CHECK(call("isalpha", 'z', 0, 0, 0) && !call("isalpha", '0', 0, 0, 0));
	CHECK(call("isspace", '\v', 0, 0, 0) && !call("isspace", 'x', 0, 0, 0));
	CHECK(call("isgraph", '!', 0, 0, 0) && !call("isgraph", ' ', 0, 0, 0));
	CHECK(call("isprint", ' ', 0, 0, 0) && !call("isprint", 127, 0, 0, 0));
	CHECK(call("isdigit", '9', 0, 0, 0) && !call("isdigit", 'a', 0, 0, 0));
	CHECK(call("isxdigit", 'F', 0, 0, 0) && !call("isxdigit", 'g', 0, 0, 0));
	CHECK(call("isalnum", '9', 0, 0, 0) && !call("isalnum", '_', 0, 0, 0));
	CHECK(call("tolower", 'A', 0, 0, 0) == 'a' && call("tolower", 'a', 0, 0, 0) == 'a');
	CHECK(call("toupper", 'z', 0, 0, 0) == 'Z' && call("toupper", (uint32_t)-1, 0, 0, 0) ==
							      (uint32_t)-1);
	CHECK(!call("isalpha", 256 + 'a', 0, 0, 0) && !call("isalpha", (uint32_t)-1, 0, 0, 0));
}

static void test_ends(void)
{
	call("exit", 3, 0, 0, 0);
	CHECK(fails("Exception: env.exit(3)"));
	call("abort", (uint32_t)-2, 0, 0, 0);
	CHECK(fails("Exception: env.abort(-2)"));
	call("abortStackOverflow", 1, 0, 0, 0);
	CHECK(fails("env.abortStackOverflow(1)"));
	call("nullFunc_X", 1, 0, 0, 0);
	CHECK(fails("env.nullFunc_X(1)"));
	call("__cxa_throw", 0, 0, 0, 0);
	CHECK(fails("env.__cxa_throw(0)"));
	call("__cxa_begin_catch", 0, 0, 0, 0);
	CHECK(wasm_runtime_get_exception(instance) == NULL);
	CHECK(call("clock_gettime", 0, 1000, 0, 0) == (uint32_t)-1 && call("clock", 0, 0, 0, 0) == 0);
}

/* Every function with addresses and lengths at the borders: it traps, or it does not. */
static void test_hostile_arguments(void)
{
	static const uint32_t values[] = {0, 1, 64, END - 1, END, 80000, 0x80000000, 0xfffffff8,
					  UINT32_MAX};
	enum { COUNT = sizeof(values) / sizeof(values[0]) };
	uint32_t trapped = 0;

	for (uint32_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		const char *name = functions[i].name;

		/* These print, and are tested above. */
		if (strcmp(name, "putchar") == 0 || strcmp(name, "puts") == 0 ||
		    strcmp(name, "printf") == 0 || strcmp(name, "vprintf") == 0) {
			continue;
		}
		for (uint32_t n = 0; n < COUNT * COUNT * COUNT; n++) {
			call(name, values[n % COUNT], values[n / COUNT % COUNT],
			     values[n / COUNT / COUNT], values[n % COUNT]);
			trapped += fails("out of bounds memory access");
		}
	}
	CHECK(trapped > 1000);
	for (uint32_t i = 0; i < 2; i++) {
		const char *name = i == 0 ? "printf" : "vprintf";

		call(name, END, 72, 0, 0);
		CHECK(fails("out of bounds memory access"));
		memcpy(at(2000), "%d", 3);
		call(name, 2000, END - 3, 0, 0);
		CHECK(fails("out of bounds memory access"));
		call("puts", UINT32_MAX, 0, 0, 0);
		CHECK(fails("out of bounds memory access"));
	}
}

/* With an argument all of it in classic mode, else in fast mode, which is the default. */
int main(int argc, char **argv)
{
	wasm_module_t module;

	(void)argv;
	if (argc > 1) {
		zonda_platform_defaults.running_mode = Mode_Zonda_Classic;
	}
	CHECK(wasm_runtime_init());
	module = wasm_runtime_load((uint8_t *)libc_wasm, sizeof(libc_wasm), error, sizeof(error));
	CHECK(module != NULL && wasm_runtime_resolve_symbols(module));
	/* What is built in counts as registered; bytes that are no text name nothing. */
	CHECK(wasm_runtime_is_import_func_linked("env", "puts"));
	CHECK(!wasm_runtime_is_import_func_linked("env", "put"));
	CHECK(!wasm_runtime_is_import_func_linked("env", "puts\xff"));
	CHECK(!wasm_runtime_is_import_func_linked("\xff", "puts"));
	instance = wasm_runtime_instantiate(module, 4096, 4096, error, sizeof(error));
	CHECK(instance != NULL);
	exec_env = wasm_runtime_get_exec_env_singleton(instance);
	test_printing();
	test_memory();
	test_heap();
	test_characters();
	test_ends();
	test_hostile_arguments();
	wasm_runtime_deinstantiate(instance);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
	CHECK(allocated_blocks == 0);
	puts("well");
	return 0;
}
