/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The functions of the C API for programs with WASI, in a library that is built with CONFIG_ZONDA_WASI. wasm_export.h includes
 * this file.
 *
 * Generated from src/capi by cbindgen. Do not edit.
 */

#ifndef WASM_EXPORT_WASI_H
#define WASM_EXPORT_WASI_H

#include "wasm_export.h"

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Sets what the programs of a WASI module get that are instantiated from now on: directories under
// their own names, or "name::path"; variables "NAME=VALUE"; arguments, the first of which is the
// program's name. The strings must stay until then. Nothing else is granted.
void wasm_runtime_set_wasi_args(wasm_module_t module,
                                const char *const *dir_list,
                                uint32_t dir_count,
                                const char *const *map_dir_list,
                                uint32_t map_dir_count,
                                const char *const *env,
                                uint32_t env_count,
                                char **argv,
                                int argc);

// The same, with the standard streams of the programs. In the library for Linux, each is a
// descriptor of the process, which an instance duplicates, or -1 for the process's own. In a firmware
// they are not used: the streams are the console.
void wasm_runtime_set_wasi_args_ex(wasm_module_t module,
                                   const char *const *dir_list,
                                   uint32_t dir_count,
                                   const char *const *map_dir_list,
                                   uint32_t map_dir_count,
                                   const char *const *env,
                                   uint32_t env_count,
                                   char **argv,
                                   int argc,
                                   int64_t stdinfd,
                                   int64_t stdoutfd,
                                   int64_t stderrfd);

// Sets the addresses that programs may bind, connect and send to: networks as "10.0.0.0/8";
// 0.0.0.0 and :: stand for every address of their kind. The strings must stay until the instances
// are made. Without the option for sockets nothing is granted.
void wasm_runtime_set_wasi_addr_pool(wasm_module_t module,
                                     const char *const *addr_pool,
                                     uint32_t addr_pool_size);

// Sets the names that programs may look up, or with "*" at the beginning ends of names. As above.
void wasm_runtime_set_wasi_ns_lookup_pool(wasm_module_t module,
                                          const char *const *ns_lookup_pool,
                                          uint32_t ns_lookup_pool_size);

// Sets the arguments of the program, for this instance in place of what its module has: once one
// of these functions is called, nothing that wasm_runtime_set_wasi_args() has set is used. The
// strings must stay until the instance is made.
void wasm_runtime_instantiation_args_set_wasi_arg(InstantiationArgs2 *p, char **argv, int argc);

// Sets its variables, "NAME=VALUE". As above.
void wasm_runtime_instantiation_args_set_wasi_env(InstantiationArgs2 *p,
                                                  const char *const *env,
                                                  uint32_t env_count);

// Sets its directories, under their own names, or "name::path". As above.
void wasm_runtime_instantiation_args_set_wasi_dir(InstantiationArgs2 *p,
                                                  const char *const *dir_list,
                                                  uint32_t dir_count,
                                                  const char *const *map_dir_list,
                                                  uint32_t map_dir_count);

// Sets its standard streams, as wasm_runtime_set_wasi_args_ex() does. As above.
void wasm_runtime_instantiation_args_set_wasi_stdio(InstantiationArgs2 *p,
                                                    int64_t stdinfd,
                                                    int64_t stdoutfd,
                                                    int64_t stderrfd);

// Sets the addresses that the program may bind, connect and send to, as
// wasm_runtime_set_wasi_addr_pool() does. As above.
void wasm_runtime_instantiation_args_set_wasi_addr_pool(InstantiationArgs2 *p,
                                                        const char *const *addr_pool,
                                                        uint32_t addr_pool_size);

// Sets the names that the program may look up. As above.
void wasm_runtime_instantiation_args_set_wasi_ns_lookup_pool(InstantiationArgs2 *p,
                                                             const char *const *ns_lookup_pool,
                                                             uint32_t ns_lookup_pool_size);

// Returns what the program has passed to proc_exit, 0 before.
uint32_t wasm_runtime_get_wasi_exit_code(wasm_module_inst_t module_inst);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WASM_EXPORT_WASI_H */
