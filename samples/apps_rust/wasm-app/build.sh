#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the applications and packs them. Needs the Rust target wasm32-unknown-unknown and `zonda` (ZONDA: another
# command for it).
set -e
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-$PWD/target}
for app in counter display; do
	# Rust's linker has pages of one byte: the program takes 4,096 bytes of memory, 1,024 of which are its stack.
	RUSTFLAGS="-C link-args=--page-size=1 -C link-args=-zstack-size=1024 -C link-args=--initial-memory=4096" \
		cargo build --quiet --release --locked --target wasm32-unknown-unknown --manifest-path $app/Cargo.toml \
		--target-dir "$target"
	${ZONDA:-zonda} pack $app.toml "$target/wasm32-unknown-unknown/release/$app.wasm" -o "${1:-.}/$app.zonda-app"
done
