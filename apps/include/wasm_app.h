/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What every application includes. It defines two functions, which the manager calls: on_init()
 * once when it starts, and on_destroy() once before it stops. Between events nothing of it runs.
 * docs/apps.md describes the API.
 */

#ifndef ZONDA_APP_WASM_APP_H
#define ZONDA_APP_WASM_APP_H

#include "bi-inc/attr_container.h"
#include "bi-inc/shared_utils.h"

#endif /* ZONDA_APP_WASM_APP_H */
