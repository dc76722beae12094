//! Sequences of WASI calls with hostile pointers, lengths, vectors of buffers, paths and descriptors, on
//! directories with files and symbolic links that lead out of them. A call returns an error number or
//! traps because of memory, and nothing outside of the preopened directories is read or changed.
#![no_main]

#[path = "../../wasi/tests/common/mod.rs"]
mod common;

use common::sequence::{program, Source};
use std::path::PathBuf;
use std::sync::OnceLock;

/// The bytes of an input, a choice in as few of them as it needs.
struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn take(&mut self, len: usize) -> u64 {
        let (bytes, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }
}

impl Source for Bytes<'_> {
    fn next(&mut self) -> u64 {
        self.take(8)
    }
    fn is_done(&self) -> bool {
        self.0.is_empty()
    }
    fn below(&mut self, limit: u64) -> u64 {
        self.take(if limit > 256 { 4 } else { 1 }) % limit
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    zonda_fuzz::calls::write_at_exit();
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    let name = || format!("zonda-fuzz-wasi-{}", std::process::id());
    let root = ROOT.get_or_init(|| common::folder(&name()));
    program(&mut Bytes(data), root, 300, zonda_fuzz::calls::count);
});
