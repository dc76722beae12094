/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * For WebAssembly programs in C and C++ that run on Zonda: what they import from the firmware, and
 * what they export to it.
 */

#ifndef ZONDA_H
#define ZONDA_H

#ifdef __cplusplus
#define ZONDA_C extern "C"
#else
#define ZONDA_C
#endif

/* Before a declaration: the function is the firmware's, under this module and name. */
#define ZONDA_IMPORT(module, name)                                                                 \
	ZONDA_C __attribute__((import_module(module), import_name(name)))

/* Before a definition: the firmware can call the function under this name. */
#define ZONDA_EXPORT(name) ZONDA_C __attribute__((export_name(name)))

/* Stops the program with the trap "unreachable". */
#define ZONDA_TRAP() __builtin_trap()

#endif /* ZONDA_H */
