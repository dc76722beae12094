//! Building the images of `firmware/`.

use crate::{shell, toolchain};
use anyhow::Result;
use std::path::PathBuf;

/// A board of `firmware/` and QEMU's machine for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Board {
    /// mps2-an385, Cortex-M3, with room for anything.
    Mps2,
    /// lm3s6965evb, Cortex-M3, 256 KB of flash, 64 KB of RAM.
    Lm3s6965,
}

impl Board {
    pub fn feature(self) -> &'static str {
        match self {
            Board::Mps2 => "mps2",
            Board::Lm3s6965 => "lm3s6965",
        }
    }

    pub fn machine(self) -> &'static str {
        match self {
            Board::Mps2 => "mps2-an385",
            Board::Lm3s6965 => "lm3s6965evb",
        }
    }

    pub fn target(self) -> &'static str {
        "thumbv7m-none-eabi"
    }
}

/// Builds the image `name` with the features (modes and parts of the runtime) and returns the path of its ELF file.
pub fn build(name: &str, board: Board, features: &[&str]) -> Result<PathBuf> {
    let features = [&[board.feature()], features].concat();
    let listed = features.join(",");
    shell::step(&format!("building firmware `{name}` for {} ({listed})", board.target()));
    let mut command = toolchain::cargo_build(board.target())?;
    command.args([
        "--package",
        "firmware",
        "--bin",
        name,
        "--no-default-features",
        "--features",
        &listed,
    ]);
    shell::run(&mut command)?;
    Ok(shell::target_dir().join("device").join(board.target()).join("release").join(name))
}
