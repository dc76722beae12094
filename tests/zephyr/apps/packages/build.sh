#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the packages from the text of the modules. Needs `zonda` (ZONDA: another command for it).
set -e
cd "$(dirname "$0")"
for app in echo ping pong spin; do
	${ZONDA:-zonda} pack $app.toml $app.wat -o $app.zonda-app
done
