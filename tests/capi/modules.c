/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Modules that import from modules, which the application reads or has loaded. tests/embedding_c
 * builds and runs this.
 */

#include "modules.h"
#include "counted.h"
#include "platform.h"
#include "wasm_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char error[128];
static uint32_t notes[8], note_count;
static wasm_module_t module;
static wasm_module_inst_t instance;
static wasm_exec_env_t exec_env;

static void note(wasm_exec_env_t env, int32_t number)
{
	(void)env;
	CHECK(note_count < 8);
	notes[note_count++] = (uint32_t)number;
}

static int32_t first(wasm_exec_env_t env, const char *text)
{
	(void)env;
	return text[0];
}

static int32_t native(wasm_exec_env_t env)
{
	(void)env;
	return 99;
}

static NativeSymbol natives[] = {{"note", (void *)note, "(i)", NULL},
				 {"first", (void *)first, "($)i", NULL}};
static NativeSymbol of_a_module[] = {{"native", (void *)native, "()i", NULL}};
/* In place of a function that a module has. */
static NativeSymbol instead[] = {{"B1", (void *)native, "()i", NULL}};

/* What is read, and the bytes that are with the runtime. */
static const char *read_names[16];
static unsigned read_count, buffers;

static bool reader(package_type_t module_type, const char *module_name, uint8_t **p_buffer,
		   uint32_t *p_size)
{
	static const struct {
		const char *name;
		const uint8_t *bytes;
		size_t size;
	} files[] = {{"mA", mA_wasm, sizeof(mA_wasm)},
		     {"mB", mB_wasm, sizeof(mB_wasm)},
		     {"mM", mM_wasm, sizeof(mM_wasm)},
		     {"mRound", mRound_wasm, sizeof(mRound_wasm)},
		     {"mRound2", mRound2_wasm, sizeof(mRound2_wasm)},
		     {"mOther", other_type_wasm, sizeof(other_type_wasm)},
		     {"mOwn", mOwn_wasm, sizeof(mOwn_wasm)},
		     {"mBroken", mA_wasm, 20}};

	CHECK(module_type == Wasm_Module_Bytecode && read_count < 16);
	if (strcmp("mUnread", module_name) == 0) {
		/* What a reader leaves behind that has failed is its own. */
		*p_buffer = (uint8_t *)mA_wasm;
		*p_size = sizeof(mA_wasm);
		return false;
	}
	if (strcmp("mNull", module_name) == 0) {
		*p_buffer = NULL;
		*p_size = 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].name, module_name) == 0) {
			read_names[read_count++] = files[i].name;
			*p_buffer = malloc(files[i].size);
			CHECK(*p_buffer != NULL);
			memcpy(*p_buffer, files[i].bytes, files[i].size);
			*p_size = (uint32_t)files[i].size;
			buffers++;
			return true;
		}
	}
	return false;
}

static void destroyer(uint8_t *buffer, uint32_t size)
{
	CHECK(size != 0);
	free(buffer);
	buffers--;
}

static wasm_module_t load(const uint8_t *bytes, size_t size)
{
	error[0] = 0;
	return wasm_runtime_load((uint8_t *)bytes, (uint32_t)size, error, sizeof(error));
}

static void init(bool with_reader)
{
	note_count = read_count = 0;
	CHECK(wasm_runtime_init());
	CHECK(wasm_runtime_register_natives("env", natives, 2));
	CHECK(wasm_runtime_register_natives("mN", of_a_module, 1));
	if (with_reader) {
		wasm_runtime_set_module_reader(reader, destroyer);
	}
}

static bool start(void)
{
	error[0] = 0;
	instance = wasm_runtime_instantiate(module, 0, 4096, error, sizeof(error));
	exec_env = instance ? wasm_runtime_create_exec_env(instance, 0) : NULL;
	return instance != NULL;
}

static void stop(void)
{
	wasm_runtime_destroy_exec_env(exec_env);
	wasm_runtime_deinstantiate(instance);
}

static void end(void)
{
	wasm_runtime_destroy();
	CHECK(allocated_blocks == 0 && buffers == 0);
}

static int32_t call(const char *name)
{
	wasm_function_inst_t function = wasm_runtime_lookup_function(instance, name);
	uint32_t cell = 0;

	CHECK(function != NULL);
	return wasm_runtime_call_wasm(exec_env, function, 0, &cell) ? (int32_t)cell : -1;
}

/* The reader finds mB, which needs mA; mC uses both. */
static void test_reader(void)
{
	char *argv[1] = {NULL};

	init(true);
	module = load(mC_wasm, sizeof(mC_wasm));
	CHECK(module != NULL);
	CHECK(read_count == 2 && strcmp(read_names[0], "mB") == 0 && strcmp(read_names[1], "mA") == 0);
	CHECK(wasm_runtime_find_module_registered("mC") == NULL);
	CHECK(wasm_runtime_find_module_registered("mA") != NULL);
	CHECK(wasm_runtime_find_module_registered("mB") != NULL);
	CHECK(wasm_runtime_find_module_registered("mA") != wasm_runtime_find_module_registered("mB"));
	CHECK(wasm_runtime_register_module("mC", module, error, sizeof(error)));
	CHECK(wasm_runtime_find_module_registered("mC") == module);
	/* Twice each, so that what one instance does another one does not see. */
	for (int i = 0; i < 2; i++) {
		note_count = 0;
		CHECK(start());
		/* Dependencies first. */
		CHECK(note_count == 3 && notes[0] == 1 && notes[1] == 2 && notes[2] == 3);
		CHECK(call("C1") == 31 && call("C2") == 21 && call("C3") == 11 && call("C4") == 11);
		CHECK(call("limit") == 77 && call("indirect") == 11 && call("native") == 99);
		/* One instance of mA, and its memory for what it calls. */
		CHECK(call("bump") == 2 && call("bump") == 4 && call("first") == 'o');
		CHECK(call("trap") == -1);
		CHECK(strcmp(wasm_runtime_get_exception(instance), "Exception: unreachable") == 0);
		wasm_runtime_clear_exception(instance);
		/* The heap of the application is that of mC's memory. */
		CHECK(wasm_runtime_module_malloc(instance, 64, NULL) >= 65536);
		CHECK(!wasm_application_execute_func(instance, "C5", 0, argv));
		stop();
	}
	wasm_runtime_unload(module);
	CHECK(wasm_runtime_find_module_registered("mC") == NULL);
	/* A memory that a dependency imports. */
	module = load(memoryless_wasm, sizeof(memoryless_wasm));
	CHECK(module != NULL && read_count == 3 && start() && call("load") == 'o');
	stop();
	wasm_runtime_unload(module);
	end();
}

/* Without a reader, the application registers what it has loaded. */
static void test_register(void)
{
	wasm_module_t a, b;

	init(false);
	a = load(mA_wasm, sizeof(mA_wasm));
	CHECK(a != NULL && wasm_runtime_register_module("mA", a, error, sizeof(error)));
	CHECK(wasm_runtime_register_module("mA", a, error, sizeof(error)));
	CHECK(!wasm_runtime_register_module("mX", a, error, sizeof(error)));
	CHECK(strstr(error, "the module has another name") != NULL);
	CHECK(!wasm_runtime_register_module("", a, error, sizeof(error)));
	CHECK(!wasm_runtime_register_module("mY", NULL, error, sizeof(error)));
	b = load(mB_wasm, sizeof(mB_wasm));
	CHECK(b != NULL && !wasm_runtime_register_module("mA", b, error, sizeof(error)));
	CHECK(strstr(error, "another module has the name") != NULL);
	platform_fail_first = platform_fail_last = platform_requests + 1;
	CHECK(!wasm_runtime_register_module("mB", b, error, sizeof(error)));
	platform_fail_first = platform_fail_last = 0;
	CHECK(wasm_runtime_register_module("mB", b, error, sizeof(error)));
	module = load(mC_wasm, sizeof(mC_wasm));
	CHECK(module != NULL && start() && call("C4") == 11 && note_count == 3);
	stop();
	wasm_runtime_unload(module);
	/* A module whose dependencies alone have something to run. */
	note_count = 0;
	module = load(quiet_wasm, sizeof(quiet_wasm));
	CHECK(module != NULL && start() && call("twice") == 42 && note_count == 2);
	stop();
	wasm_runtime_unload(module);
	wasm_runtime_unload(b);
	wasm_runtime_unload(a);
	CHECK(wasm_runtime_find_module_registered("mA") == NULL);
	/* What nobody has is a call that traps. */
	module = load(needs_missing_wasm, sizeof(needs_missing_wasm));
	CHECK(module != NULL && start());
	stop();
	wasm_runtime_unload(module);
	end();
}

/* A native function comes before a module's of the same names. */
static void test_native_function_in_place_of_a_module_s(void)
{
	init(true);
	CHECK(wasm_runtime_register_natives("mB", instead, 1));
	module = load(mC_wasm, sizeof(mC_wasm));
	CHECK(module != NULL && start());
	CHECK(call("C2") == 99 && call("C3") == 11 && call("C4") == 11);
	stop();
	wasm_runtime_unload(module);
	end();
}

static void test_refusals(void)
{
	static const struct {
		const uint8_t *bytes;
		size_t size;
		const char *text;
	} loads[] = {
		{needs_missing_wasm, sizeof(needs_missing_wasm),
		 "WASM module load failed: module mMissing: the module reader has not found it"},
		{needs_unread_wasm, sizeof(needs_unread_wasm),
		 "module mUnread: the module reader has not found it"},
		{needs_null_wasm, sizeof(needs_null_wasm), "module mNull: it cannot be loaded"},
		{needs_broken_wasm, sizeof(needs_broken_wasm), "module mBroken: it cannot be loaded"},
		{mRound_wasm, sizeof(mRound_wasm), "module mRound2: it cannot be loaded"},
	}, links[] = {
		{other_type_wasm, sizeof(other_type_wasm), "(mA, A1)"},
		{no_export_wasm, sizeof(no_export_wasm), "(mA, nothing)"},
		{below_fails_wasm, sizeof(below_fails_wasm), "(mOther, f)"},
		{imports_memory_wasm, sizeof(imports_memory_wasm), "(mOwn, f)"},
	};

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		init(true);
		CHECK(load(loads[i].bytes, loads[i].size) == NULL);
		CHECK(strstr(error, loads[i].text) != NULL);
		end();
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		init(true);
		module = load(links[i].bytes, links[i].size);
		CHECK(module != NULL && !start() && strstr(error, links[i].text) != NULL);
		wasm_runtime_unload(module);
		end();
	}
	/* Memory that runs out at every place: nothing is lost, and then it works. */
	for (long i = 1;; i++) {
		bool done = false;

		init(true);
		platform_fail_first = platform_fail_last = platform_requests + i;
		module = load(mC_wasm, sizeof(mC_wasm));
		if (module != NULL) {
			done = start();
			if (done) {
				done = exec_env != NULL && platform_requests < platform_fail_first;
				stop();
			}
			wasm_runtime_unload(module);
		}
		platform_fail_first = platform_fail_last = 0;
		end();
		if (done) {
			CHECK(i > 20);
			break;
		}
	}
}

/* With an argument all of it in classic mode, else in fast mode, which is the default. */
int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		zonda_platform_defaults.running_mode = Mode_Zonda_Classic;
	}
	test_reader();
	test_register();
	test_native_function_in_place_of_a_module_s();
	test_refusals();
	puts("well");
	return 0;
}
