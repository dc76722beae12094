#!/bin/sh
# Compiles the programs with clang and lld of LLVM 19 (CLANG names another).
# The stack comes first and is small, so that all addresses are below CONFIG_ZONDA_MEMORY_LIMIT.
set -e
cd "$(dirname "$0")"
for program in sum endless; do
	${CLANG:-clang-19} --target=wasm32 -mcpu=mvp -Os -Wall -nostdlib \
		-Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=256 -Wl,--strip-all \
		-o "${1:-.}/$program.wasm" $program.c
done
