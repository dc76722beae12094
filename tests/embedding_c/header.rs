//! `include/wasm_export.h` is what cbindgen makes of src/capi and `include/zonda_platform.h` of
//! src/platform/interface.rs; both are C and C++. To write them anew:
//! `ZONDA_WRITE_HEADER=1 cargo test --features capi --test embedding_c header`.

use std::path::Path;
use std::process::Command;

/// In the order in which a reader wants the functions.
const SOURCES: [&str; 19] = [
    "enums",
    "types",
    "runtime",
    "heap",
    "natives",
    "module",
    "instance",
    "instantiation",
    "exec_env",
    "typed_calls",
    "native_stack",
    "externref",
    "context",
    "objects",
    "reflect",
    "package",
    "app_memory",
    "application",
    "fuel",
];

/// What is off by default.
const OPTIONAL: [&str; 8] = [
    "shared_heap",
    "modules",
    "diagnostics",
    "native_code",
    "trap_record",
    "exec_time",
    "sampling",
    "spawn",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Generates a header from sources and compares it with the one that is checked in.
fn check(config: &str, sources: &[String], header: &str) {
    let config = cbindgen::Config::from_file(root().join(config)).expect("the file is readable");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(root().join(source));
    }
    let mut made = Vec::new();
    builder.generate().expect("cbindgen understands the sources").write(&mut made);
    let path = root().join(header);
    if std::env::var_os("ZONDA_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("the header can be written");
    }
    let checked_in = std::fs::read(&path).unwrap_or_default();
    assert!(
        made == checked_in,
        "{header} is not what its sources say; ZONDA_WRITE_HEADER=1 writes it"
    );
}

#[test]
fn the_headers_are_what_the_sources_say() {
    let sources = SOURCES.map(|source| format!("src/capi/{source}.rs"));
    check("cbindgen.toml", &sources, "include/wasm_export.h");
    check("cbindgen-wasi.toml", &["src/capi/wasi.rs".to_owned()], "include/wasm_export_wasi.h");
    let sources = OPTIONAL.map(|source| format!("src/capi/{source}.rs"));
    check("cbindgen-options.toml", &sources, "include/wasm_export_options.h");
    let sources = ["src/platform/interface.rs".to_owned()];
    check("cbindgen-platform.toml", &sources, "include/zonda_platform.h");
}

#[test]
fn the_headers_are_c_and_cpp() {
    for (compiler, language, standard) in [("cc", "c", "c99"), ("c++", "c++", "c++11")] {
        if Command::new(compiler).arg("--version").output().is_err() {
            eprintln!("skipped: there is no {compiler}");
            continue;
        }
        let headers = [
            "wasm_export.h",
            "wasm_export_wasi.h",
            "wasm_export_options.h",
            "wasm_c_api.h",
            "zonda_platform.h",
            "zonda_wasi.h",
            "zonda_apps.h",
            "zonda_apps_platform.h",
        ];
        let output = Command::new(compiler)
            .args([
                "-x",
                language,
                &format!("-std={standard}"),
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
                "-fsyntax-only",
            ])
            .args(headers.map(|header| root().join("include").join(header)))
            .output()
            .expect("the compiler starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
