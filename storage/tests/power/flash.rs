//! A flash whose power can be cut.

use crate::random::Random;
use zonda_storage::{Flash, Geometry};

/// The power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("power failed")
    }
}

#[derive(Clone)]
pub struct Simulated {
    pub geometry: Geometry,
    bytes: Vec<u8>,
    /// Units of writing that were written since the sector was erased.
    written: Vec<bool>,
    /// Operations that are left until the power is cut.
    left: Option<u64>,
    /// Operations so far: an erase, or a call that writes.
    pub operations: u64,
    pub erases: Vec<u64>,
    random: Random,
}

impl Simulated {
    pub fn new(geometry: Geometry, seed: u64) -> Simulated {
        let size = geometry.sector_size as usize * usize::from(geometry.sectors);
        Simulated {
            geometry,
            bytes: vec![0xFF; size],
            written: vec![false; size / usize::from(geometry.write_size)],
            left: None,
            operations: 0,
            erases: vec![0; usize::from(geometry.sectors)],
            random: Random::new(seed ^ 0xF1A5),
        }
    }

    /// Cuts the power during an operation: the next one is 0.
    pub fn cut_at(&mut self, operation: Option<u64>) {
        self.left = operation;
    }

    /// Other random contents after the next cut.
    pub fn reseed(&mut self, seed: u64) {
        self.random = Random::new(seed);
    }

    fn is_cut(&self) -> bool {
        self.left == Some(0)
    }

    pub fn bytes(&self, at: u32, len: u32) -> &[u8] {
        &self.bytes[at as usize..(at + len) as usize]
    }

    /// Any content; beginnings of sectors often look like records.
    pub fn fill_with_noise(&mut self, seed: u64) {
        let mut random = Random::new(seed);
        for byte in &mut self.bytes {
            *byte = if random.below(3) == 0 { 0xFF } else { random.next() as u8 };
        }
        for slot in self.bytes.as_chunks_mut::<64>().0 {
            if random.below(2) == 0 {
                slot[0] = 0x5A;
                slot[1] = random.below(9) as u8;
                for small in [4, 5, 6, 7, 8, 9, 13, 14, 15] {
                    slot[small] = if small % 2 == 0 { random.below(20) as u8 } else { 0 };
                }
                let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&slot[..60]);
                slot[60..].copy_from_slice(&checksum.to_le_bytes());
            }
        }
        if let Some(slot) = self.bytes.first_chunk_mut::<64>() {
            slot[0] = 0x5A;
            slot[1] = 7;
            let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&slot[..60]);
            slot[60..].copy_from_slice(&checksum.to_le_bytes());
        }
        let units = self.written.len();
        for unit in 0..units {
            let size = usize::from(self.geometry.write_size);
            self.written[unit] = self.bytes[unit * size..][..size].iter().any(|byte| *byte != 0xFF);
        }
    }

    /// Whether the next operation happens, is cut in its middle (None), or finds no power.
    fn power(&mut self) -> Result<bool, Cut> {
        match &mut self.left {
            Some(0) => Err(Cut),
            Some(left) => {
                self.operations += 1;
                *left -= 1;
                Ok(*left > 0)
            }
            None => {
                self.operations += 1;
                Ok(true)
            }
        }
    }
}

impl Flash for Simulated {
    type Error = Cut;

    fn read(&mut self, at: u32, to: &mut [u8]) -> Result<(), Cut> {
        if self.is_cut() {
            return Err(Cut);
        }
        to.copy_from_slice(&self.bytes[at as usize..at as usize + to.len()]);
        Ok(())
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Cut> {
        let size = usize::from(self.geometry.write_size);
        assert_eq!((at as usize % size, from.len() % size), (0, 0), "whole units");
        let happens = self.power()?;
        // The units before this one are written, those behind it are not.
        let units = from.len() / size;
        let torn = if happens { units } else { self.random.below(units as u64 + 1) as usize };
        for (index, unit) in from.chunks_exact(size).enumerate().take(torn + 1) {
            let number = at as usize / size + index;
            assert!(!self.written[number], "unit {number} is written twice");
            let place = &mut self.bytes[number * size..][..size];
            for (byte, wanted) in place.iter_mut().zip(unit) {
                // Of the unit that was being written, some bits.
                *byte = if index < torn { *wanted } else { wanted | self.random.next() as u8 };
            }
            // Whether bits were written cannot be seen where they were to be 1.
            self.written[number] = index < torn || place.iter().any(|byte| *byte != 0xFF);
        }
        if happens {
            Ok(())
        } else {
            Err(Cut)
        }
    }

    fn erase(&mut self, sector: u16) -> Result<(), Cut> {
        let happens = self.power()?;
        let (size, unit) =
            (self.geometry.sector_size as usize, usize::from(self.geometry.write_size));
        let from = usize::from(sector) * size;
        self.erases[usize::from(sector)] += 1;
        let kind = if happens { 0 } else { self.random.below(4) };
        for at in from..from + size {
            self.bytes[at] = match kind {
                // Complete.
                0 => 0xFF,
                // Not begun.
                1 => self.bytes[at],
                // Some bits are set already.
                2 => self.bytes[at] | self.random.next() as u8,
                // The first half is done.
                _ if at < from + size / 2 => 0xFF,
                _ => self.bytes[at],
            };
        }
        for number in from / unit..(from + size) / unit {
            self.written[number] =
                self.bytes[number * unit..][..unit].iter().any(|byte| *byte != 0xFF);
        }
        if happens {
            Ok(())
        } else {
            Err(Cut)
        }
    }
}
