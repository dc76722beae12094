#!/bin/sh
# Compiles the programs with clang and lld of LLVM 19 (CLANG names another).
# The flags are those of zonda_add_program(), with STACK 256.
set -e
cd "$(dirname "$0")"
for program in sum endless; do
	${CLANG:-clang-19} --target=wasm32 -mcpu=mvp -Os -Wall -nostdlib \
		-Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=256 -Wl,--strip-all \
		-Wl,--export=__heap_base -Wl,--export=__data_end \
		-o "${1:-.}/$program.wasm" $program.c
done
