//! Makes a module of its text: `wat2wasm FROM TO`. For `cargo xtask wamr-samples`.

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (from, to) = arguments.next().zip(arguments.next()).context("wat2wasm FROM TO")?;
    let bytes = wat::parse_file(&from).with_context(|| format!("{from} is no module"))?;
    std::fs::write(&to, bytes).with_context(|| format!("cannot write {to}"))
}
