//! What each sample is built from, as its own scripts say, with Debian's clang in place of the
//! wasi-sdk.

/// A module of a sample: what it is made from, below the sample's folder, and its name.
pub enum Program {
    /// From text.
    Wat(&'static str, &'static str),
    /// By clang, for WAMR's libc-builtin, with options; several files are separated by spaces.
    Builtin(&'static str, &'static str, &'static [&'static str]),
    /// By clang with wasi-libc, with options.
    Wasi(&'static str, &'static str, &'static [&'static str]),
}

use Program::{Builtin, Wasi, Wat};

pub struct Sample {
    pub name: &'static str,
    /// Below WAMR's folder.
    pub folder: &'static str,
    /// Sources of the application, below the sample's folder; with `/`, below WAMR's.
    pub host: &'static [&'static str],
    /// Native functions in libraries that the application loads.
    pub libraries: &'static [&'static str],
    pub programs: &'static [Program],
    pub args: &'static [&'static str],
    /// Options of WAMR's build that the sample's source asks for.
    pub defines: &'static [&'static str],
    /// Whether clang has to build the application.
    pub clang: bool,
}

const NONE: Sample = Sample {
    name: "",
    folder: "",
    host: &["src/main.c"],
    libraries: &[],
    programs: &[],
    args: &[],
    defines: &[],
    clang: false,
};

const EXPORTS: &[&str] = &[
    "-O0",
    "-Wl,-z,stack-size=4096,--initial-memory=65536,--strip-all",
    "-Wl,--export=generate_float,--export=float_to_string,--export=calculate",
];
const WITH_MUL7: &[&str] = &[
    "-O0",
    "-Wl,-z,stack-size=4096,--initial-memory=65536,--strip-all",
    "-Wl,--export=generate_float,--export=float_to_string,--export=calculate,--export=mul7",
];
const SHARED_HEAP: &[&str] = &[
    "-O0",
    "-Wl,-z,stack-size=32768,--initial-memory=65536,--strip-all,--export=__heap_base",
    "-Wl,--export=__data_end,--export=__wasm_call_ctors,--export-all",
];
const REACTOR: &[&str] = &["-fno-exceptions", "-mexec-model=reactor"];
const COMMAND: &[&str] = &["-fno-exceptions"];

/// A program of the standard C API.
macro_rules! standard {
    ($($name:literal)*) => {
        [$(Sample {
            name: concat!("wasm-c-api/", $name),
            folder: "samples/wasm-c-api",
            host: &[concat!("src/", $name, ".c"), "src/utils/multi_module_utils.c"],
            programs: &[Wat(concat!("src/", $name, ".wat"), concat!($name, ".wasm"))],
            ..NONE
        }),*]
    };
}

pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "basic",
        folder: "samples/basic",
        host: &["src/main.c", "src/native_impl.c"],
        programs: &[Builtin("wasm-apps/testapp.c", "testapp.wasm", WITH_MUL7)],
        args: &["-f", "testapp.wasm"],
        ..NONE
    },
    Sample {
        name: "native-lib",
        folder: "samples/native-lib",
        host: &["/product-mini/platforms/posix/main.c"],
        libraries: &["test_add", "test_sqrt", "test_hello", "test_hello2"],
        programs: &[Builtin(
            "wasm-app/main.c",
            "test.wasm",
            &[
                "-Wl,-z,stack-size=8192,--max-memory=131072,--strip-all,--export=__main_argc_argv",
                "-Wl,--export=__heap_base,--export=__data_end",
            ],
        )],
        args: &[
            "--native-lib=./libtest_add.so",
            "--native-lib=./libtest_sqrt.so",
            "--native-lib=./libtest_hello.so",
            "--native-lib=./libtest_hello2.so",
            "test.wasm",
        ],
        ..NONE
    },
    Sample {
        name: "custom-section",
        folder: "samples/custom-section",
        host: &["src/main.c", "src/native_impl.c"],
        programs: &[Builtin(
            "wasm-apps/custom_section.c wasm-apps/custom_section_payload.s",
            "custom_section.wasm",
            &["-O0", "-Wl,--strip-all,--export=run_demo"],
        )],
        args: &["-f", "custom_section.wasm"],
        ..NONE
    },
    Sample {
        name: "file",
        folder: "samples/file",
        programs: &[Wasi("wasm-app/main.c", "file.wasm", &[])],
        args: &["-f", "file.wasm", "-d", "."],
        ..NONE
    },
    Sample {
        name: "inst-context",
        folder: "samples/inst-context",
        host: &["src/main.c", "src/native_impl.c"],
        programs: &[Builtin("wasm-apps/testapp.c", "testapp.wasm", EXPORTS)],
        args: &["-f", "testapp.wasm"],
        ..NONE
    },
    Sample {
        name: "multi-module",
        folder: "samples/multi-module",
        defines: &["-DWASM_ENABLE_MULTI_MODULE=1", "-DWASM_ENABLE_INTERP=1"],
        programs: &[
            Wasi("wasm-apps/mA.c", "mA.wasm", REACTOR),
            Wasi("wasm-apps/mB.c", "mB.wasm", REACTOR),
            Wasi("wasm-apps/mC.c", "mC.wasm", COMMAND),
            Wasi("wasm-apps/mD.cpp", "mD.wasm", COMMAND),
            Wasi("wasm-apps/mE.cpp", "mE.wasm", REACTOR),
        ],
        args: &["mC.wasm"],
        ..NONE
    },
    Sample {
        name: "native-stack-overflow",
        folder: "samples/native-stack-overflow",
        host: &["src/main.c", "src/native_impl.c"],
        programs: &[Wasi(
            "wasm-apps/testapp.c",
            "testapp.wasm",
            &["-mexec-model=reactor", "-Os", "-Wl,-z,stack-size=4096,--initial-memory=65536"],
        )],
        args: &["testapp.wasm", "test1"],
        clang: true,
        ..NONE
    },
    Sample {
        name: "terminate",
        folder: "samples/terminate",
        programs: &[Wat("wasm-apps/testapp.wat", "testapp.wasm")],
        args: &["-f", "testapp.wasm"],
        ..NONE
    },
    Sample {
        name: "shared-module",
        folder: "samples/shared-module",
        programs: &[Wat("wasm-apps/testapp.wat", "testapp.wasm")],
        args: &["-f", "testapp.wasm"],
        ..NONE
    },
    Sample {
        name: "import-func-callback",
        folder: "samples/import-func-callback",
        programs: &[Builtin("wasm-apps/test.c", "wasm-apps/test.wasm", &["-Wl,--export=test"])],
        ..NONE
    },
    Sample {
        name: "ref-types",
        folder: "samples/ref-types",
        host: &["src/hello.c"],
        programs: &[Wat("src/hello.wat", "hello.wasm")],
        ..NONE
    },
    Sample {
        name: "shared-heap",
        folder: "samples/shared-heap",
        programs: &[
            Builtin("wasm-apps/test1.c", "wasm-apps/test1.wasm", SHARED_HEAP),
            Builtin("wasm-apps/test2.c", "wasm-apps/test2.wasm", SHARED_HEAP),
        ],
        ..NONE
    },
    Sample {
        name: "shared-heap-chain",
        folder: "samples/shared-heap",
        host: &["src/shared_heap_chain.c"],
        programs: &[
            Builtin("wasm-apps/test1.c", "wasm-apps/test1.wasm", SHARED_HEAP),
            Builtin("wasm-apps/test2.c", "wasm-apps/test2.wasm", SHARED_HEAP),
        ],
        ..NONE
    },
];

pub const STANDARD: &[Sample] = &standard! {
    "callback" "callback_chain" "clone" "empty_imports" "global" "hello" "hostref" "memory" "multi"
    "reflect" "serialize" "table" "threads" "trap"
};

/// The one of the standard C API with two modules.
pub const TWO_MODULES: Sample = Sample {
    name: "wasm-c-api/globalexportimport",
    folder: "samples/wasm-c-api",
    host: &["src/globalexportimport.c", "src/utils/multi_module_utils.c"],
    programs: &[
        Wat("src/globalexportimport-0.wat", "globalexportimport-0.wasm"),
        Wat("src/globalexportimport-1.wat", "globalexportimport-1.wasm"),
    ],
    ..NONE
};
