#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles file.wasm with rustc (rustup target add wasm32-wasip1).
set -e
cd "$(dirname "$0")"
rustc --target wasm32-wasip1 -C opt-level=z -C lto=fat -C panic=abort -C strip=symbols -C codegen-units=1 \
	-C link-args="-zstack-size=16384 --initial-memory=131072" file.rs -o "${1:-file.wasm}"
