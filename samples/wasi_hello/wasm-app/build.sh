#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the programs. Debian packages: clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32; rustup target
# add wasm32-wasip1. A small stack lies below the data, so that a program needs little memory. The program in
# Rust has pages of one byte and exactly as much memory as it declares: its allocator must not find more.
set -e
cd "$(dirname "$0")"
out=${1:-.}
clang-19 --target=wasm32-wasi --sysroot=/usr -Oz -s \
	-Wl,-z,stack-size=4096,--stack-first \
	hello.c -o "$out/hello_c.wasm"
rustc --target wasm32-wasip1 -C opt-level=z -C lto=fat -C panic=abort -C strip=symbols -C codegen-units=1 \
	-C link-args="-zstack-size=4096 --page-size=1 --initial-memory=24576 --max-memory=24576" \
	hello.rs -o "$out/hello_rust.wasm"
