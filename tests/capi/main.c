/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The C API as an application in C uses it, linked with libzonda_c.a: what the other files of the
 * program share, loading, modes, and running a whole program. tests/embedding_c builds and runs it,
 * with the modules that stand in modules.h. Exits with 0 when all is well.
 */

#include "main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Alignas(8) char pool[POOL];
char error[128];

void init_with_pool(void)
{
	RuntimeInitArgs args;

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Pool;
	args.mem_alloc_option.pool.heap_buf = pool;
	args.mem_alloc_option.pool.heap_size = sizeof(pool);
	args.native_module_name = "env";
	args.native_symbols = (NativeSymbol *)natives;
	args.n_native_symbols = sizeof(natives) / sizeof(natives[0]);
	CHECK(wasm_runtime_full_init(&args));
}

void init_with_callbacks(void)
{
	RuntimeInitArgs args;

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Allocator;
	args.mem_alloc_option.allocator.malloc_func = (void *)counted_malloc;
	args.mem_alloc_option.allocator.realloc_func = (void *)counted_realloc;
	args.mem_alloc_option.allocator.free_func = (void *)counted_free;
	CHECK(wasm_runtime_full_init(&args));
}

uint32_t free_bytes(void)
{
	mem_alloc_info_t info;

	CHECK(wasm_runtime_get_mem_alloc_info(&info));
	CHECK(info.total_size <= sizeof(pool) &&
	      info.total_free_size + info.highmark_size >= info.total_size);
	return info.total_free_size;
}

struct program start(const uint8_t *bytes, uint32_t size, uint32_t heap_size)
{
	struct program program;

	program.module = wasm_runtime_load((uint8_t *)bytes, size, error, sizeof(error));
	CHECK(program.module != NULL);
	program.instance =
		wasm_runtime_instantiate(program.module, 2048, heap_size, error, sizeof(error));
	if (program.instance == NULL) {
		puts(error);
	}
	CHECK(program.instance != NULL);
	CHECK(error[0] == '\0');
	program.exec_env = wasm_runtime_create_exec_env(program.instance, 4096);
	CHECK(program.exec_env != NULL);
	return program;
}

void stop(struct program *program)
{
	wasm_runtime_destroy_exec_env(program->exec_env);
	wasm_runtime_deinstantiate(program->instance);
	wasm_runtime_unload(program->module);
}

bool call(struct program *program, const char *name, uint32_t argc, uint32_t argv[])
{
	wasm_function_inst_t function = wasm_runtime_lookup_function(program->instance, name);

	CHECK(function != NULL);
	wasm_runtime_clear_exception(program->instance);
	return wasm_runtime_call_wasm(program->exec_env, function, argc, argv);
}

/* Compares the instance's exception, and clears it. */
void check_exception(wasm_module_inst_t instance, const char *text)
{
	const char *exception = wasm_runtime_get_exception(instance);

	CHECK(exception != NULL);
	if (strncmp(exception, "Exception: ", 11) != 0 || strcmp(exception + 11, text) != 0) {
		printf("expected %s, got %s\n", text, exception);
		exit(1);
	}
	wasm_runtime_clear_exception(instance);
	CHECK(wasm_runtime_get_exception(instance) == NULL);
}

void check_trap(struct program *program, const char *name, uint32_t argc, uint32_t argv[],
		const char *text)
{
	CHECK(!call(program, name, argc, argv));
	check_exception(program->instance, text);
}

/* Tests. */

/* Not every malloc is one. A module could have numbers of its choice made references of. */
static void test_other_types(void)
{
	/*
	 * (module
	 *   (memory (export "memory") 1) (memory 1)
	 *   (func (export "malloc") (param externref) (result i32) (i32.const 1024))
	 *   (func (export "free") (param i32))
	 *   (func (export "main") (param externref i32) (result i32) (i32.const 7))
	 *   (func (i32.store 1 (i32.const 0) (i32.const 0))))
	 */
	static const uint8_t others_wasm[] = {
		0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x13, 0x04, 0x60, 0x01, 0x6f,
		0x01, 0x7f, 0x60, 0x01, 0x7f, 0x00, 0x60, 0x02, 0x6f, 0x7f, 0x01, 0x7f, 0x60, 0x00,
		0x00, 0x03, 0x05, 0x04, 0x00, 0x01, 0x02, 0x03, 0x05, 0x05, 0x02, 0x00, 0x01, 0x00,
		0x01, 0x07, 0x21, 0x04, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x06,
		0x6d, 0x61, 0x6c, 0x6c, 0x6f, 0x63, 0x00, 0x00, 0x04, 0x66, 0x72, 0x65, 0x65, 0x00,
		0x01, 0x04, 0x6d, 0x61, 0x69, 0x6e, 0x00, 0x02, 0x0a, 0x1a, 0x04, 0x05, 0x00, 0x41,
		0x80, 0x08, 0x0b, 0x02, 0x00, 0x0b, 0x04, 0x00, 0x41, 0x07, 0x0b, 0x0a, 0x00, 0x41,
		0x00, 0x41, 0x00, 0x36, 0x42, 0x01, 0x00, 0x0b};
	char *argv[1] = {"program"};
	struct program program;

	init_with_pool();
	program = start(others_wasm, sizeof(others_wasm), 1024);
	CHECK(wasm_runtime_module_malloc(program.instance, 8, NULL) >= 65536);
	CHECK(!wasm_application_execute_main(program.instance, 1, argv));
	CHECK(strstr(wasm_runtime_get_exception(program.instance),
		     "invalid function type of main function") != NULL);
	/*
	 * Its code does not see its first memory in classic mode, for a load or store is of the
	 * other one; native functions do.
	 */
	CHECK(wasm_runtime_set_running_mode(program.instance, Mode_Zonda_Classic));
	CHECK(wasm_runtime_addr_app_to_native(program.instance, 65535) != NULL);
	stop(&program);
	wasm_runtime_destroy();
}

/* Sections of memories and tables with one, and what is wrong with it. */
#define SECTION(bytes, text) {bytes, sizeof(bytes) - 1, text}
static const struct {
	const char *section;
	uint32_t size;
	const char *text;
} limits[] = {
	SECTION("\5\4\1\1\2\2", NULL),
	SECTION("\5\4\1\1\2\1", "size minimum must not be greater than maximum"),
	SECTION("\5\6\1\1\0\201\200\4", "at most 65536 pages"),
	SECTION("\5\6\1\1\0\200\201\4", "at most 65536 pages"),
	SECTION("\5\5\1\0\201\200\4", "at most 65536 pages"),
	SECTION("\4\5\1\160\1\2\2", NULL),
	SECTION("\4\5\1\160\1\2\1", "size minimum must not be greater than maximum"),
};

static void test_loading_errors(void)
{
	uint8_t bytes[sizeof(natives_wasm)];
	char tiny[8];
	InstantiationArgs args = {0, 0, 1};
	LoadArgs copied = {NULL, false, true, false};
	struct program program;

	CHECK(wasm_runtime_init());
	CHECK(wasm_runtime_load((uint8_t *)"nonsense", 8, error, sizeof(error)) == NULL);
	CHECK(strcmp(error, "WASM module load failed: magic header not detected (offset 0)") == 0);
	CHECK(wasm_runtime_load((uint8_t *)"nonsense", 8, tiny, sizeof(tiny)) == NULL &&
	      strcmp(tiny, "WASM mo") == 0);
	CHECK(wasm_runtime_load(NULL, 0, NULL, 0) == NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		memcpy(bytes, "\0asm\1\0\0", 8);
		memcpy(bytes + 8, limits[i].section, limits[i].size);
		program.module = wasm_runtime_load(bytes, 8 + limits[i].size, error, sizeof(error));
		CHECK((program.module != NULL) == (limits[i].text == NULL));
		CHECK(program.module != NULL || strstr(error, limits[i].text) != NULL);
		wasm_runtime_unload(program.module);
	}

	memcpy(bytes, natives_wasm, sizeof(bytes));
	program.module = wasm_runtime_load_ex(bytes, sizeof(bytes), &copied, error, sizeof(error));
	CHECK(program.module != NULL);
	memset(bytes, 0, sizeof(bytes));
	program.instance = wasm_runtime_instantiate_ex(program.module, &args, error, sizeof(error));
	CHECK(program.instance != NULL &&
	      wasm_runtime_get_module(program.instance) == program.module);
	program.exec_env = wasm_runtime_create_exec_env(program.instance, 0);
	CHECK(call(&program, "mirror_of_nothing", 0, NULL));
	stop(&program);

	program.module =
		wasm_runtime_load((uint8_t *)start_wasm, sizeof(start_wasm), error, sizeof(error));
	CHECK(program.module != NULL);
	CHECK(wasm_runtime_instantiate(program.module, 0, 0, error, sizeof(error)) == NULL);
	CHECK(strcmp(error, "WASM module instantiate failed: Exception: unreachable") == 0);
	wasm_runtime_unload(program.module);
	wasm_runtime_destroy();
	CHECK(allocated_blocks == 0);
}

/*
 * A start function that does not end is stopped, for nobody else could; and what is called later is
 * not bounded by it.
 */
static void test_endless_start(void)
{
	static const uint8_t endless[] = {0,    'a', 's', 'm', 1, 0,    0,  0, 1,  4, 1,
					  0x60, 0,   0,   3,   2, 1,    0,  8, 1,  0, 10,
					  9,    1,   7,   0,   3, 0x40, 12, 0, 11, 11};
	char error[128];
	wasm_module_t module;
	wasm_module_inst_t instance;

	init_with_pool();
	module = wasm_runtime_load((uint8_t *)endless, sizeof(endless), error, sizeof(error));
	CHECK(module != NULL);
	instance = wasm_runtime_instantiate(module, 4096, 0, error, sizeof(error));
	CHECK(instance == NULL);
	CHECK(strcmp(error,
		     "WASM module instantiate failed: Exception: instruction limit exceeded") == 0);
	wasm_runtime_unload(module);
	wasm_runtime_destroy();
}

static void test_data_and_version(void)
{
	struct program program;
	uint32_t major = 99, minor = 99, patch = 99;

	init_with_pool();
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(wasm_runtime_get_custom_data(program.instance) == NULL);
	wasm_runtime_set_custom_data(program.instance, &program);
	CHECK(wasm_runtime_get_custom_data(program.instance) == &program);
	CHECK(wasm_runtime_get_user_data(program.exec_env) == NULL);
	wasm_runtime_set_user_data(program.exec_env, &major);
	CHECK(wasm_runtime_get_user_data(program.exec_env) == &major);
	CHECK(wasm_runtime_get_module_inst(program.exec_env) == program.instance);
	CHECK(wasm_runtime_get_function_attachment(program.exec_env) == NULL);
	wasm_runtime_get_version(&major, &minor, &patch);
	CHECK(major < 10 && minor < 99 && patch < 99);
	CHECK(wasm_runtime_is_running_mode_supported(Mode_Interp));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_LLVM_JIT));

	wasm_runtime_set_instruction_count_limit(program.exec_env, 1000);
	check_trap(&program, "forever", 0, NULL, "instruction limit exceeded");
	wasm_runtime_set_instruction_count_limit(program.exec_env, -1);
	wasm_runtime_terminate(program.instance);
	check_trap(&program, "forever", 0, NULL, "terminated by user");
	CHECK(call(&program, "mirror_of_nothing", 0, NULL));
	stop(&program);
	wasm_runtime_destroy();
}

static void test_application(void)
{
	struct program program;
	char *argv[] = {"program", "one", "three"};
	char *numbers[] = {"-5", "0x10", "1.5", "-2.5e3"};
	char *wrong[] = {"5x", "0", "0", "0"};

	init_with_pool();
	program = start(main_wasm, sizeof(main_wasm), 256);
	CHECK(wasm_application_execute_main(program.instance, 3, argv));
	/* The sum of the lengths, and the number of arguments. */
	CHECK(*(int *)argv == 7 + 3 + 5 + 300);
	argv[0] = "program";
	stop(&program);

	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(!wasm_application_execute_main(program.instance, 1, argv));
	check_exception(program.instance, "lookup the entry point symbol (like _start, main, "
					  "_main, __main_argc_argv) failed");
	/* What this prints is compared by who runs this program. */
	CHECK(wasm_application_execute_func(program.instance, "mirror", 4, numbers));
	CHECK(!wasm_application_execute_func(program.instance, "mirror", 4, wrong));
	check_exception(program.instance, "invalid input argument 0: 5x");
	CHECK(!wasm_application_execute_func(program.instance, "mirror", 3, numbers));
	check_exception(program.instance, "invalid input argument count");
	CHECK(!wasm_application_execute_func(program.instance, "nowhere", 0, NULL));
	check_exception(program.instance, "lookup function nowhere failed");
	CHECK(wasm_application_execute_func(program.instance, "mirror_of_nothing", 0, NULL));
	fflush(stdout);
	stop(&program);
	wasm_runtime_destroy();
}

static const RunningMode interpreters[] = {Mode_Zonda_Classic, Mode_Zonda_Fast};

static void test_modes(RunningMode preferred)
{
	struct program program;
	RuntimeInitArgs args;
	uint32_t before;

	CHECK(wasm_runtime_is_running_mode_supported(0));
	CHECK(wasm_runtime_is_running_mode_supported(Mode_Interp));
	CHECK(wasm_runtime_is_running_mode_supported(Mode_Zonda_Classic));
	CHECK(wasm_runtime_is_running_mode_supported(Mode_Zonda_Fast));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_Fast_JIT));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_LLVM_JIT));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_Multi_Tier_JIT));
	CHECK(!wasm_runtime_is_running_mode_supported(Mode_Zonda_Fast + 1));

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = Alloc_With_Pool;
	args.mem_alloc_option.pool.heap_buf = pool;
	args.mem_alloc_option.pool.heap_size = sizeof(pool);
	args.running_mode = Mode_LLVM_JIT;
	CHECK(!wasm_runtime_full_init(&args));
	args.running_mode = Mode_Zonda_Classic;
	CHECK(wasm_runtime_full_init(&args));
	program = start(main_wasm, sizeof(main_wasm), 0);
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Zonda_Classic);
	stop(&program);
	wasm_runtime_destroy();

	/* One instance, from mode to mode. Code of its own is freed. */
	init_with_pool();
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Interp);
	CHECK(!wasm_runtime_set_running_mode(program.instance, Mode_Fast_JIT));
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Interp);
	before = free_bytes();
	for (int i = 0; i < 6; i++) {
		uint32_t argv[1] = {interpreters[i % 2]};

		CHECK(wasm_runtime_set_running_mode(program.instance, interpreters[i % 2]));
		CHECK(wasm_runtime_get_running_mode(program.instance) == interpreters[i % 2]);
		CHECK((free_bytes() == before) == (interpreters[i % 2] == preferred));
		/* Not while it runs. */
		CHECK(call(&program, "change", 1, argv) && argv[0] == 42);
		CHECK(call(&program, "floats", 0, argv) && argv[0] == 1);
	}
	CHECK(wasm_runtime_set_running_mode(program.instance, Mode_Interp));
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Interp);
	CHECK(free_bytes() == before);
	stop(&program);

	/* The default is that of the time when the instance is made. */
	program.module = wasm_runtime_load((uint8_t *)natives_wasm, sizeof(natives_wasm), error,
					   sizeof(error));
	CHECK(program.module != NULL);
	for (int i = 0; i < 2; i++) {
		uint32_t argv[1] = {41};

		CHECK(wasm_runtime_set_default_running_mode(interpreters[i]));
		CHECK(!wasm_runtime_set_default_running_mode(Mode_LLVM_JIT));
		program.instance =
			wasm_runtime_instantiate(program.module, 2048, 0, error, sizeof(error));
		CHECK(program.instance != NULL);
		CHECK(wasm_runtime_get_running_mode(program.instance) == interpreters[i]);
		program.exec_env = wasm_runtime_get_exec_env_singleton(program.instance);
		CHECK(call(&program, "inc", 1, argv) && argv[0] == 42);
		wasm_runtime_deinstantiate(program.instance);
	}
	wasm_runtime_unload(program.module);
	wasm_runtime_destroy();

	init_with_pool();
	program = start(natives_wasm, sizeof(natives_wasm), 0);
	CHECK(wasm_runtime_get_running_mode(program.instance) == Mode_Interp);
	stop(&program);
	wasm_runtime_destroy();
}

/* With an argument all of it in classic mode, else in fast mode, which is the default. */
int main(int argc, char **argv)
{
	RuntimeInitArgs args;

	(void)argv;
	if (argc > 1) {
		zonda_platform_defaults.running_mode = Mode_Zonda_Classic;
	}

	memset(&args, 0, sizeof(args));
	args.mem_alloc_type = 7;
	CHECK(!wasm_runtime_full_init(&args));
	args.mem_alloc_type = Alloc_With_Pool;
	CHECK(!wasm_runtime_full_init(&args));

	test_natives();
	test_end_of_stack();
	test_typed_calls();
	test_memory(natives_wasm, sizeof(natives_wasm), false);
	test_memory(malloc_wasm, sizeof(malloc_wasm), true);
	test_other_types();
	test_heap_alone();
	test_registration();
	test_bare_pointers();
	test_loading_errors();
	test_data_and_version();
	test_endless_start();
	test_memory_limit();
	test_total_limit();
	test_application();
	test_modes(argc > 1 ? Mode_Zonda_Classic : Mode_Zonda_Fast);
	test_out_of_memory(natives_wasm, sizeof(natives_wasm), "inc");
	test_out_of_memory(main_wasm, sizeof(main_wasm), "twice");
	test_out_of_memory(malloc_wasm, sizeof(malloc_wasm), "malloc");
	test_reloading();
	test_malloc();
	CHECK(allocated_blocks == 0);
	puts("well");
	return 0;
}
