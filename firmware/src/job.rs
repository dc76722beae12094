//! The job: a module and a call. The host writes it to a file (`tools/xtask/src/job.rs`), and
//! QEMU's loader places the file in memory (`-device loader,addr=…`), so that one image measures
//! any module.
//!
//! Words of 32 bits, little endian: magic, mode (its number in `zonda::Mode`), repeat, operand
//! stack bytes, memory limit, number of arguments, length of the name, length of the module; for
//! each argument its type (0 i32, 1 i64, 2 f32, 3 f64), low word, high word; the name and the
//! module, each padded to a multiple of 4 bytes.

use crate::board;
use core::slice;

const MAGIC: u32 = u32::from_le_bytes(*b"ZJOB");

pub struct Job {
    pub mode: u32,
    /// 0: one call with the arguments. Otherwise the number of calls `x = name(x, i)`, i counting
    /// from 0.
    pub repeat: u32,
    pub stack_bytes: u32,
    pub memory_limit: u32,
    pub name: &'static str,
    pub module: &'static [u8],
    arguments: &'static [u8],
}

#[derive(Clone, Copy)]
pub enum Argument {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
}

struct Words(&'static [u8]);

impl Words {
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }

    fn bytes(&mut self, len: u32) -> Option<&'static [u8]> {
        let padded = (len as usize).checked_next_multiple_of(4)?;
        let (bytes, rest) = self.0.split_at_checked(padded)?;
        self.0 = rest;
        bytes.get(..len as usize)
    }
}

/// The memory where the host places a job or a script.
pub fn loaded() -> &'static [u8] {
    // SAFETY: the board reserves this memory, nobody writes it, and any bytes are valid.
    unsafe { slice::from_raw_parts(board::JOB as *const u8, board::JOB_BYTES) }
}

impl Job {
    /// The job that the host placed in memory, if there is one.
    pub fn load() -> Option<Job> {
        Job::read(loaded())
    }

    fn read(bytes: &'static [u8]) -> Option<Job> {
        let mut words = Words(bytes);
        if words.word()? != MAGIC {
            return None;
        }
        let [mode, repeat, stack_bytes, memory_limit] =
            [words.word()?, words.word()?, words.word()?, words.word()?];
        let [arguments, name, module] = [words.word()?, words.word()?, words.word()?];
        let arguments = words.bytes(arguments.checked_mul(12)?)?;
        let name = core::str::from_utf8(words.bytes(name)?).ok()?;
        let module = words.bytes(module)?;
        Some(Job { mode, repeat, stack_bytes, memory_limit, name, module, arguments })
    }

    /// The execution mode of the job, if the image has it.
    pub fn mode(&self) -> Option<zonda::Mode> {
        // Native mode is only there where it is alone.
        let modes = zonda::Mode::ALL.iter().copied().chain([zonda::Mode::DEFAULT]);
        modes.into_iter().find(|mode| *mode as u32 == self.mode)
    }

    /// Loads the module of the job.
    #[cfg(not(feature = "native"))]
    pub fn load_module(
        &self,
        engine: &zonda::Engine,
    ) -> Result<zonda::Module<'static>, zonda::Error> {
        zonda::Module::new(engine, self.module)
    }

    /// Loads the module of the job, a native module.
    #[cfg(feature = "native")]
    pub fn load_module(
        &self,
        engine: &zonda::Engine,
    ) -> Result<zonda::Module<'static>, zonda::Error> {
        // SAFETY: `cargo xtask bench` has compiled the module for this board.
        unsafe { zonda::Module::new_trusted(engine, self.module) }
    }

    pub fn arguments(&self) -> impl Iterator<Item = Argument> {
        self.arguments.as_chunks::<12>().0.iter().map(|chunk| {
            let word =
                |i: usize| u32::from_le_bytes([chunk[i], chunk[i + 1], chunk[i + 2], chunk[i + 3]]);
            let wide = word(4) as u64 | (word(8) as u64) << 32;
            match word(0) {
                1 => Argument::I64(wide),
                2 => Argument::F32(wide as u32),
                3 => Argument::F64(wide),
                _ => Argument::I32(wide as u32),
            }
        })
    }
}
