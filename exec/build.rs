//! Tells the crate whether the target has Thumb-2, which stable Rust does not say by itself.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(thumb2)");
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    if target.starts_with("thumbv7") || target.starts_with("thumbv8m.main") {
        println!("cargo::rustc-cfg=thumb2");
    }
}
