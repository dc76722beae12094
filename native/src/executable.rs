//! A native module in executable memory of this machine.

use memmap2::{Mmap, MmapMut};
use std::io;

/// A copy of a native module that this machine can execute. What is loaded from it must not outlive
/// it.
pub struct Executable(Mmap);

impl Executable {
    /// Copies a native module.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(artifact: &[u8]) -> io::Result<Executable> {
        let mut memory = MmapMut::map_anon(artifact.len().max(1))?;
        memory[..artifact.len()].copy_from_slice(artifact);
        Ok(Executable(memory.make_exec()?))
    }

    /// The module.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The module, which stays in memory until the process ends.
    pub fn leak(self) -> &'static [u8] {
        let memory: &'static Mmap = Box::leak(Box::new(self.0));
        memory
    }
}
