#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build.sh [SOURCES [FOLDER [APP…]]]: compiles applications with the headers of apps/include, and packs them: those of
# manager/tests/c into this folder, or others, such as those of WAMR's framework. Needs clang 19, lld 19, and `zonda`
# (ZONDA: another command for it).
set -e
here=$(cd "$(dirname "$0")" && pwd)
sources=${1:-$here/../../../../manager/tests/c}
folder=${2:-$here}
[ $# -gt 2 ] && shift 2 || set -- clock thermometer server asker listener alarm client
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for app in "$@"; do
	HEAP=2048 STACK=1024 "$here/../../../../apps/framework/build.sh" "$sources/$app.c" -o "$out/$app.wasm"
	sed "s/NAME/$app/" "$here/manifest.toml" > "$out/$app.toml"
	${ZONDA:-zonda} pack "$out/$app.toml" "$out/$app.wasm" -o "$folder/$app.zonda-app"
done
