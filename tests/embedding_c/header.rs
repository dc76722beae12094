//! `include/wasm_export.h` is what cbindgen makes of src/capi, and is C and C++. To write it anew:
//! `ZONDA_WRITE_HEADER=1 cargo test --features capi --test embedding_c header`.

use std::path::Path;
use std::process::Command;

/// In the order in which a reader wants the functions.
const SOURCES: [&str; 10] = [
    "types",
    "runtime",
    "heap",
    "natives",
    "module",
    "instance",
    "exec_env",
    "app_memory",
    "application",
    "fuel",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_header_is_what_the_sources_say() {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml"))
        .expect("cbindgen.toml is readable");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root().join(format!("src/capi/{source}.rs")));
    }
    let mut made = Vec::new();
    builder.generate().expect("cbindgen understands src/capi").write(&mut made);
    let path = root().join("include/wasm_export.h");
    if std::env::var_os("ZONDA_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("the header can be written");
    }
    let checked_in = std::fs::read(&path).unwrap_or_default();
    assert!(
        made == checked_in,
        "include/wasm_export.h is not what src/capi says; ZONDA_WRITE_HEADER=1 writes it"
    );
}

#[test]
fn the_header_is_c_and_cpp() {
    for (compiler, language, standard) in [("cc", "c", "c99"), ("c++", "c++", "c++11")] {
        if Command::new(compiler).arg("--version").output().is_err() {
            eprintln!("skipped: there is no {compiler}");
            continue;
        }
        let header = root().join("include/wasm_export.h");
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
            .arg(header)
            .output()
            .expect("the compiler starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
