//! The job: a module and what to call in it. The host writes it into a file, and QEMU's loader puts that into memory
//! (`-device loader,addr=…`), so that one image measures any module. `tools/xtask/src/job.rs` writes what this reads.
//!
//! Words of 32 bits, little endian: magic, mode (as `zonda::Mode` numbers them), repeat, operand stack bytes, memory limit, count of arguments, length of the name, length of the module;
//! for each argument type (0 i32, 1 i64, 2 f32, 3 f64), low word, high word; the name and the module, each padded to a multiple of 4 bytes.

use core::slice;

/// Where xtask has the loader put it: the upper half of the code memory of mps2.
pub const ADDRESS: usize = 0x0020_0000;
const BYTES: usize = 2 << 20;
const MAGIC: u32 = u32::from_le_bytes(*b"ZJOB");

pub struct Job {
    pub mode: u32,
    /// 0: one call with the arguments. Else so many calls `x = name(x, i)`, i counting from 0.
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

impl Job {
    /// The job that the loader brought, if there is one.
    pub fn load() -> Option<Job> {
        // SAFETY: memory of the board that nobody writes; it has some value at every byte.
        Job::read(unsafe { slice::from_raw_parts(ADDRESS as *const u8, BYTES) })
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

    /// The mode that it asks for, if the image has it.
    pub fn mode(&self) -> Option<zonda::Mode> {
        zonda::Mode::ALL.iter().copied().find(|mode| *mode as u32 == self.mode)
    }

    pub fn arguments(&self) -> impl Iterator<Item = Argument> {
        self.arguments.chunks_exact(12).map(|chunk| {
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
