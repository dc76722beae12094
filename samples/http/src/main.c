/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs an HTTP server in WebAssembly that may use 127.0.0.1, and asks it as a client.
 */

#include <errno.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>

#include "wasm_export.h"

static const uint8_t http_wasm[] = {
#include "http.wasm.inc"
};

K_THREAD_STACK_DEFINE(client_stack, 2048);
static struct k_thread client;

/* Asks for a path and prints the first line of the answer and its text. */
static int ask(const char *path)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(8080),
	};
	char text[256];
	size_t len = 0;
	int fd, count, result;

	net_addr_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	fd = zsock_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	if (fd < 0) {
		return -errno;
	}
	result = zsock_connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (result == 0) {
		count = snprintk(text, sizeof(text), "GET %s HTTP/1.0\r\n\r\n", path);
		result = zsock_send(fd, text, count, 0) == count ? 0 : -1;
	}
	if (result != 0) {
		result = -errno;
		zsock_close(fd);
		return result;
	}
	while (len < sizeof(text) - 1) {
		count = zsock_recv(fd, text + len, sizeof(text) - 1 - len, 0);
		if (count <= 0) {
			break;
		}
		len += count;
	}
	text[len] = '\0';
	zsock_close(fd);

	char *line = strstr(text, "\r\n");
	char *body = strstr(text, "\r\n\r\n");

	if (line == NULL || body == NULL) {
		return -EBADMSG;
	}
	*line = '\0';
	printk("client: %s, %s", text, body + 4);
	return 0;
}

static void run_client(void *a, void *b, void *c)
{
	static const char *const paths[] = {"/hello", "/nothing", "/quit"};
	int error = -ECONNREFUSED;

	ARG_UNUSED(a);
	ARG_UNUSED(b);
	ARG_UNUSED(c);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		/* The server may not listen yet. */
		for (int tries = 0; tries < 50; tries++) {
			error = ask(paths[i]);
			if (error == 0) {
				break;
			}
			k_msleep(20);
		}
		if (error != 0) {
			printk("client: %s: error %d\n", paths[i], error);
		}
	}
}

static int run_server(void)
{
	const char *addresses[] = {"127.0.0.1/32"};
	const char *wrong[] = {"127.0.0.1"};
	struct InstantiationArgs2 *args;
	char error[128];
	wasm_module_t module;
	wasm_module_inst_t instance;
	int result = 0;

	module = wasm_runtime_load((uint8_t *)http_wasm, sizeof(http_wasm), error, sizeof(error));
	if (module == NULL) {
		printk("load: %s\n", error);
		return -EINVAL;
	}
	/* A network that is none: the error names it. */
	wasm_runtime_set_wasi_addr_pool(module, wrong, ARRAY_SIZE(wrong));
	if (wasm_runtime_instantiate(module, CONFIG_ZONDA_STACK_SIZE, 0, error, sizeof(error)) ==
	    NULL) {
		printk("%s\n", error);
	}
	/* What this instance may use, in place of what the module's instances may. */
	if (!wasm_runtime_instantiation_args_create(&args)) {
		wasm_runtime_unload(module);
		return -ENOMEM;
	}
	wasm_runtime_instantiation_args_set_default_stack_size(args, CONFIG_ZONDA_STACK_SIZE);
	wasm_runtime_instantiation_args_set_wasi_addr_pool(args, addresses, ARRAY_SIZE(addresses));
	instance = wasm_runtime_instantiate_ex2(module, args, error, sizeof(error));
	wasm_runtime_instantiation_args_destroy(args);
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

int main(void)
{
	RuntimeInitArgs args = {
		.mem_alloc_type = Alloc_With_System_Allocator,
	};
	int result;

	if (!wasm_runtime_full_init(&args)) {
		printk("the runtime does not start\n");
		return -ENOMEM;
	}
	k_thread_create(&client, client_stack, K_THREAD_STACK_SIZEOF(client_stack), run_client, NULL,
			NULL, NULL, K_PRIO_PREEMPT(7), 0, K_NO_WAIT);
	result = run_server();
	k_thread_join(&client, K_SECONDS(5));
	wasm_runtime_destroy();
	printk("done: %d\n", result);
	return result;
}
