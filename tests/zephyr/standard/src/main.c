#include <stdio.h>
#include "wasm_c_api.h"

/*
 * (module
 *   (import "host" "print" (func $print (param i32)))
 *   (func (export "add") (param i32 i32)
 *     (call $print (i32.add (local.get 0) (local.get 1)))))
 */
static const unsigned char program[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x0a, 0x02, 0x60, 0x01, 0x7f, 0x00, 0x60,
    0x02, 0x7f, 0x7f, 0x00, 0x02, 0x0e, 0x01, 0x04, 0x68, 0x6f, 0x73, 0x74, 0x05, 0x70, 0x72, 0x69,
    0x6e, 0x74, 0x00, 0x00, 0x03, 0x02, 0x01, 0x01, 0x07, 0x07, 0x01, 0x03, 0x61, 0x64, 0x64, 0x00,
    0x01, 0x0a, 0x0b, 0x01, 0x09, 0x00, 0x20, 0x00, 0x20, 0x01, 0x6a, 0x10, 0x00, 0x0b,
};

static wasm_trap_t *print(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)results;
    printf("the module says %d\n", (int)args->data[0].of.i32);
    return NULL;
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);

    /* The module stays in flash: its bytes are not copied. */
    wasm_byte_vec_t binary = { .size = sizeof(program), .data = (char *)program };
    LoadArgs load = { .clone_wasm_binary = false };
    wasm_module_t *module = wasm_module_new_ex(store, &binary, &load);

    wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasm_func_t *host = wasm_func_new(store, type, print);
    wasm_functype_delete(type);

    wasm_extern_t *imports[] = { wasm_func_as_extern(host) };
    wasm_extern_vec_t import_vec = WASM_ARRAY_VEC(imports);
    wasm_instance_t *instance = wasm_instance_new(store, module, &import_vec, NULL);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    if (exports.size < 1) {
        printf("out of memory\n");
        return 1;
    }

    wasm_val_t args[] = { WASM_I32_VAL(40), WASM_I32_VAL(2) };
    wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
    wasm_val_vec_t results = WASM_EMPTY_VEC;
    wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &arg_vec, &results);
    printf(trap == NULL ? "it has returned\n" : "it has trapped\n");

    wasm_trap_delete(trap);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(host);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
