#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the applications and packs them. Needs clang 19, lld 19, and `zonda` (ZONDA: another command for it).
set -e
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for app in counter display rogue; do
	HEAP=1024 STACK=1024 ../../../apps/framework/build.sh $app.c -o "$out/$app.wasm"
	${ZONDA:-zonda} pack $app.toml "$out/$app.wasm" -o "${1:-.}/$app.zonda-app"
done
