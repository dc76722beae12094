#!/bin/sh
# Rebuilds user_mode.wasm, byte for byte, with clang and lld of LLVM 19 (CLANG names another).
set -e
cd "$(dirname "$0")"
${CLANG:-clang-19} --target=wasm32 -mcpu=mvp -Os -Wall -nostdlib \
	-Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=256 -Wl,--strip-all \
	-Wl,--export=__heap_base -Wl,--export=__data_end \
	-o "${1:-user_mode.wasm}" user_mode.c
