//! Tells the crate whether the target has Thumb-2, which stable Rust does not say by itself.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(thumb2)");
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    // A hard-float ABI for a microcontroller has at least floats of 32 bits.
    println!("cargo::rustc-check-cfg=cfg(fpu)");
    if target.ends_with("eabihf") {
        println!("cargo::rustc-cfg=fpu");
    }
    // The DSP extension.
    println!("cargo::rustc-check-cfg=cfg(dsp)");
    if target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=dsp");
    }
    // Armv8-M Mainline.
    println!("cargo::rustc-check-cfg=cfg(v8m)");
    if target.starts_with("thumbv8m.main") {
        println!("cargo::rustc-cfg=v8m");
    }
    if target.starts_with("thumbv7") || target.starts_with("thumbv8m.main") {
        println!("cargo::rustc-cfg=thumb2");
    }
}
