#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build.sh LANGUAGE [FOLDER]: compiles one example, LANGUAGE/blink.*, to FOLDER/blink-LANGUAGE.wasm.
# docs/programs.md explains the flags.
set -e
cd "$(dirname "$0")"
out=$(realpath "${2:-.}")/blink-$1.wasm
# No WASI, no entry point; a stack of 256 bytes below the data; nothing but the exported functions.
wasm="--target=wasm32 -mcpu=mvp -Os -Wall -Iinclude -nostdlib -Wl,--no-entry -Wl,--stack-first
	-Wl,-z,stack-size=256 -Wl,--strip-all"
case $1 in
c) ${CLANG:-clang-19} $wasm -o "$out" c/blink.c ;;
cpp) ${CLANG:-clang-19} $wasm -x c++ -fno-exceptions -fno-rtti -o "$out" cpp/blink.cpp ;;
rust)
	# Rust's own linker has pages of one byte: the program takes 1,024 bytes of memory.
	RUSTFLAGS="-C link-args=--page-size=1 -C link-args=-zstack-size=512 -C link-args=--initial-memory=1024" \
		cargo build --quiet --release --locked --target "${RUST_TARGET:=wasm32-unknown-unknown}" \
		--manifest-path rust/Cargo.toml --target-dir "${CARGO_TARGET_DIR:=rust/target}"
	cp "$CARGO_TARGET_DIR/$RUST_TARGET/release/blink.wasm" "$out"
	;;
assemblyscript) ${ASC:-npx asc} assemblyscript/blink.ts -Osize --noAssert --runtime stub --use abort= -o "$out" ;;
zig)
	${ZIG:-python3 -m ziglang} build-exe zig/blink.zig -target wasm32-freestanding -mcpu=mvp -O ReleaseSmall \
		-fno-entry --export=main --stack 256 -fstrip -femit-bin="$out"
	;;
*) echo "usage: build.sh c|cpp|rust|assemblyscript|zig [FOLDER]" >&2; exit 2 ;;
esac
