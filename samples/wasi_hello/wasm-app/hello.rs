// SPDX-License-Identifier: Apache-2.0

//! An ordinary program.

fn main() {
    let args: Vec<String> = std::env::args().collect();
    println!("Rust: {}: {} {:?}", args.join(", "), 42, [1, 2, 3]);
    std::process::exit(4);
}
