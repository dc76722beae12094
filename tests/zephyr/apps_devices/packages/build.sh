#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the packages from the text of the modules. Needs `zonda` (ZONDA: another command for it).
set -e
cd "$(dirname "$0")"
for app in devices other; do
	${ZONDA:-zonda} pack $app.toml $app.wat -o $app.zonda-app
done
