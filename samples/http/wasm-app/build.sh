#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the program, to the file that is named. Debian packages: clang-19 lld-19 wasi-libc
# libclang-rt-19-dev-wasm32. A small stack lies below the data, so that the program needs little memory.
set -e
cd "$(dirname "$0")"
clang-19 --target=wasm32-wasi --sysroot=/usr -Oz -s \
	-Wl,-z,stack-size=4096,--stack-first \
	http.c -o "${1:-http.wasm}"
