#!/bin/sh
# Rebuilds blinky.wasm, byte for byte, with clang and lld of LLVM 19 (CLANG names another).
# --stack-first and no stack leave a program that needs no memory with none, not with a page of 64 KiB.
set -e
cd "$(dirname "$0")"
${CLANG:-clang-19} --target=wasm32 -mcpu=mvp -Os -Wall -nostdlib \
	-Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=0 -Wl,--strip-all \
	-Wl,--export=__heap_base -Wl,--export=__data_end \
	-o "${1:-blinky.wasm}" blinky.c
