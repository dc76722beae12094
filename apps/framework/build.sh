#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build.sh APP.c… -o APP.wasm: compiles an application in C with the application library.
# CLANG: clang 19 [clang-19]. HEAP, STACK: bytes of the application's heap and stack [4096, 2048].
set -e
here=$(cd "$(dirname "$0")" && pwd)
clang=${CLANG:-clang-19}
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
# Optimized as a whole: fewer functions, of which a device keeps an index.
flags="--target=wasm32 -mcpu=mvp -Oz -flto -Wall -fno-builtin -I$here/../include -I$here/../include/libc
	-DAPP_HEAP_SIZE=${HEAP:-4096}"
(cd "$objects" && $clang $flags -c "$here"/*.c)
# Between --start-lib and --end-lib: of the library, an application contains what it uses.
$clang $flags -nostdlib -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size="${STACK:-2048}" -Wl,--strip-all \
	-Wl,--export=on_init -Wl,--export-if-defined=on_destroy -Wl,--export=malloc -Wl,--export=free \
	"$@" -Wl,--start-lib "$objects"/*.o -Wl,--end-lib
