#!/bin/sh
# Rebuilds the modules of the tests from their text, byte for byte, with wasm-tools (`cargo install wasm-tools`).
set -e
cd "$(dirname "$0")"
for wat in */modules/*.wat; do
	${WASM_TOOLS:-wasm-tools} parse "$wat" -o "${wat%.wat}.wasm"
done
