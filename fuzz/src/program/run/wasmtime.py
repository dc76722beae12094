"""Runs generated programs in wasmtime, the wheel of PyPI: one line of JSON is a program, one line of words is what it showed.

outside.rs starts this program, describes each program to it, and reads the words. Values are handled by their bits: Python's floats
would change NaNs. Functions of wasmtime's Python classes that convert values are not used, but those of its C API below them.
"""

import json
import sys
from ctypes import POINTER, CFUNCTYPE, byref, c_uint8, c_void_p, create_string_buffer, string_at

import wasmtime
from wasmtime import _ffi as ffi

I32, I64, F32, F64, FUNC, EXTERN = 0, 1, 2, 3, 5, 6
CALLBACK, ABSENT = 7, 8

TYPES = {
    I32: wasmtime.ValType.i32,
    I64: wasmtime.ValType.i64,
    F32: wasmtime.ValType.f32,
    F64: wasmtime.ValType.f64,
    FUNC: wasmtime.ValType.funcref,
    EXTERN: wasmtime.ValType.externref,
}

# What run/mod.rs calls a trap, by wasmtime's code.
TRAPS = {
    "STACK_OVERFLOW": "limit",
    "MEMORY_OUT_OF_BOUNDS": "memory",
    "TABLE_OUT_OF_BOUNDS": "table",
    "INDIRECT_CALL_TO_NULL": "null",
    "BAD_SIGNATURE": "signature",
    "INTEGER_OVERFLOW": "overflow",
    "INTEGER_DIVISION_BY_ZERO": "divide",
    "BAD_CONVERSION_TO_INTEGER": "conversion",
    "UNREACHABLE": "unreachable",
}
CODES = {code.value: TRAPS.get(code.name, "other") for code in wasmtime.TrapCode}

M32 = 0xFFFF_FFFF
M64 = 0xFFFF_FFFF_FFFF_FFFF


class Failed(Exception):
    """Something that is not meant to happen with a program that the generator made."""


@CFUNCTYPE(None, c_void_p)
def nothing(_data):
    """Frees the data of a reference, which is a number."""


def bits_of(context, value):
    """The bits of a number; of a reference 0 for null, the number that the host gave it, or the function as wasmtime names it."""
    kind = value.kind
    if kind in (I32, F32):
        return value.of.i32 & M32
    if kind in (I64, F64):
        return value.of.i64 & M64
    if kind == EXTERN:
        if value.of.externref.store_id == 0:
            return 0
        return ffi.wasmtime_externref_data(context, byref(value.of.externref)) or 0
    if value.of.funcref.store_id == 0:
        return 0
    return bytes(value.of.funcref)


def put(context, value, kind, bits):
    """Makes `value` a value of a type."""
    value.kind = kind
    if kind in (I32, F32):
        value.of.i32 = bits - (1 << 32) if bits >= 1 << 31 else bits
    elif kind in (I64, F64):
        value.of.i64 = bits - (1 << 64) if bits >= 1 << 63 else bits
    elif kind == EXTERN:
        if bits == 0:
            value.of.externref.store_id = 0
        elif not ffi.wasmtime_externref_new(context, bits, nothing, byref(value.of.externref)):
            raise Failed("no reference was made")
    elif bits == 0:
        value.of.funcref.store_id = 0
    else:
        value.of.funcref = ffi.wasmtime_func_t.from_buffer_copy(bits)


def error_text(error):
    return str(wasmtime.WasmtimeError._from_ptr(error))


def trap_of(trap):
    """What a trap is, and frees it."""
    code = c_uint8(0)
    found = ffi.wasmtime_trap_code(trap, byref(code))
    name = CODES.get(code.value, "other") if found else "other"
    ffi.wasm_trap_delete(trap)
    return name


class Run:
    """One program."""

    def __init__(self, engine, host, program):
        self.host = host
        self.program = program
        self.store = wasmtime.Store(engine)
        self.engine = engine
        self.context = self.store._context()
        self.seen = []
        self.instances = []
        self.error = None

    def see(self, context, value):
        self.seen.append((value.kind, bits_of(context, value)))

    def export(self, instance, name):
        item = ffi.wasmtime_extern_t()
        text = name.encode()
        if not ffi.wasmtime_instance_export_get(self.context, byref(instance), create_string_buffer(text), len(text), byref(item)):
            raise Failed(f"no export {name}")
        return item

    def host_func(self, which):
        params, results = self.host[which]
        ty = wasmtime.FuncType([TYPES[kind]() for kind in params], [TYPES[kind]() for kind in results])
        item = ffi.wasmtime_extern_t()
        item.kind = 0
        ffi.wasmtime_func_new(self.context, ty.ptr(), called, which, nothing, byref(item.of.func))
        return item

    def call_host(self, which, caller, params, count, results):
        """A call of a host function: what run/mod.rs has each do."""
        context = ffi.wasmtime_caller_context(caller)
        self.seen.append(f"H{which}")
        args = []
        for index in range(count):
            self.see(context, params[index])
            args.append(bits_of(context, params[index]))
        kinds = self.host[which][1]
        values = []
        if which == 0:
            values = [(args[0] * 3 & M32) ^ 5]
        elif which == 1:
            values = [float_bits((args[0] >> 12) * 0.5)]
        elif which == 3:
            x = args[0]
            signed = x - (1 << 32) if x >= 1 << 31 else x
            values = [x ^ 0xFFFF, x * 0x1_0000_0001 & M64, float_bits((signed >> 3) * 0.25), x & 0xFF]
        elif which == 4:
            values = [args[1], args[0]]
        elif which == 5:
            value, trap = self.call_back(context, args[0], params[1])
            if trap:
                return trap
            values = [(value * 2 & M32) ^ 9]
        for index, (kind, value) in enumerate(zip(kinds, values)):
            put(context, results[index], kind, value)
        return None

    def call_back(self, context, func, argument):
        if func == 0:
            return 7, None
        raw = ffi.wasmtime_func_t.from_buffer_copy(func)
        ty = wasmtime.FuncType._from_ptr(ffi.wasmtime_func_type(context, byref(raw)), None)
        i32 = wasmtime.ValType.i32()
        if ty.params != [i32] or ty.results != [i32]:
            return 8, None
        args, results = (ffi.wasmtime_val_t * 1)(), (ffi.wasmtime_val_t * 1)()
        args[0].kind = I32
        args[0].of.i32 = argument.of.i32
        trap = POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_func_call(context, byref(raw), args, 1, results, 1, byref(trap))
        if error:
            raise Failed(error_text(error))
        return results[0].of.i32 & M32, trap

    def instantiate(self, index, described):
        module = wasmtime.Module(self.engine, bytes.fromhex(described["wasm"]))
        imports = (ffi.wasmtime_extern_t * len(described["imports"]))()
        hosts = {}
        for at, name in enumerate(described["imports"]):
            source, name = name.split(":")
            if source == "h":
                imports[at] = self.host_func(int(name))
            else:
                imports[at] = self.export(self.instances[int(source)], name)
        instance = ffi.wasmtime_instance_t()
        trap = POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_instance_new(self.context, module.ptr(), imports, len(imports), byref(instance), byref(trap))
        if error:
            raise Failed(f"module {index} is not instantiated: {error_text(error)}")
        if trap:
            self.seen.append(f"T{trap_of(trap)}")
            self.instances.append(None)
            return False
        self.seen.append(f"I{index}")
        self.instances.append(instance)
        return True

    def call(self, number, module, name, args, count):
        if module >= len(self.instances) or self.instances[module] is None:
            return
        self.seen.append(f"C{number}")
        func = self.export(self.instances[module], name).of.func
        params = (ffi.wasmtime_val_t * len(args))()
        for at, (kind, bits) in enumerate(args):
            put(self.context, params[at], kind, bits)
        results = (ffi.wasmtime_val_t * count)()
        trap = POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_func_call(self.context, byref(func), params, len(args), results, count, byref(trap))
        if self.error:
            raise self.error
        if error:
            raise Failed(error_text(error))
        if trap:
            self.seen.append(f"T{trap_of(trap)}")
            return
        for value in results:
            self.see(self.context, value)
        self.seen.append("R")

    def look(self, instance, described):
        value = ffi.wasmtime_val_t()
        for name in described["globals"]:
            ffi.wasmtime_global_get(self.context, byref(self.export(instance, f"g{name}").of.global_), byref(value))
            self.see(self.context, value)
        for name in described["tables"]:
            table = self.export(instance, f"t{name}").of.table
            size = ffi.wasmtime_table_size(self.context, byref(table))
            self.seen.append(f"B{size}")
            for at in range(size):
                if not ffi.wasmtime_table_get(self.context, byref(table), at, byref(value)):
                    raise Failed("no element")
                self.see(self.context, value)
        for name in described["memories"]:
            memory = self.export(instance, f"m{name}").of.memory
            size = ffi.wasmtime_memory_data_size(self.context, byref(memory))
            data = string_at(ffi.wasmtime_memory_data(self.context, byref(memory)), size) if size else b""
            self.seen.append(f"M{size}:{data.rstrip(bytes(1)).hex()}")

    def run(self):
        for index, described in enumerate(self.program["modules"]):
            if not self.instantiate(index, described):
                break
        for number, call in enumerate(self.program["calls"]):
            self.call(number, *call)
        modules = self.program["modules"]
        for instance, described in zip(self.instances, modules):
            if instance is not None:
                self.look(instance, described)
        # wasmtime names an imported function anew for each module that imports it: all names are asked for.
        known = {}
        for instance, described in zip(self.instances, modules):
            if instance is not None:
                for index, number in described["functions"]:
                    known.setdefault(bytes(self.export(instance, f"f{index}").of.func), number)
        complete = None not in self.instances
        words = []
        for seen in self.seen:
            if isinstance(seen, str):
                words.append(seen)
                continue
            kind, bits = seen
            if isinstance(bits, bytes):
                bits = known.get(bits, M64) if complete else M64 - 1
            words.append(f"V{kind}:{bits:x}")
        return " ".join(words)


def float_bits(value):
    import struct

    return struct.unpack("<Q", struct.pack("<d", value))[0]


running = None


@ffi.wasmtime_func_callback_t
def called(which, caller, params, count, results, _results):
    try:
        trap = running.call_host(which or 0, caller, params, count, results)
        if not trap:
            return 0
    except Exception as error:  # Nothing may leave a function that C calls.
        running.error = Failed(f"{type(error).__name__}: {error}")
        text = b"failed"
        trap = ffi.wasmtime_trap_new(create_string_buffer(text), len(text))
    import ctypes

    return ctypes.cast(trap, c_void_p).value


def engine():
    config = wasmtime.Config()
    config.wasm_tail_call = True
    config.wasm_multi_memory = True
    config.wasm_custom_page_sizes = True
    config.parallel_compilation = False
    config.cranelift_opt_level = "none"
    config.max_wasm_stack = 1 << 20
    return wasmtime.Engine(config)


def main():
    global running
    first = sys.stdin.readline()
    host = json.loads(first)
    print("ready", flush=True)
    shared, used = engine(), 0
    for line in sys.stdin:
        used += 1
        if used % 2000 == 0:
            shared = engine()
        running = Run(shared, host, json.loads(line))
        try:
            words = running.run()
        except Exception as error:
            words = "E" + " ".join(f"{type(error).__name__}: {error}".split())
        running.store.close()
        print(words, flush=True)


main()
