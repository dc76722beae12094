//! What the store asks of a flash.

/// Sizes of a partition. They are known when a firmware runs, not when this crate is compiled, so
/// they are values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes of a sector: what one erase clears.
    pub sector_size: u32,
    /// Sectors of the partition.
    pub sectors: u16,
    /// Bytes that are written at once: a power of two, at most 64. Each unit is written once after
    /// an erase.
    pub write_size: u8,
    /// Sectors at the start that the directory uses in turns: at least 2. More of them wear less.
    pub directory_sectors: u16,
}

/// A partition of a flash.
pub trait Flash {
    /// An operation failed.
    type Error;

    /// Reads from an offset in the partition.
    ///
    /// # Errors
    /// The flash failed.
    fn read(&mut self, at: u32, to: &mut [u8]) -> Result<(), Self::Error>;

    /// Writes whole units to an offset that is a multiple of the unit. They are erased.
    ///
    /// # Errors
    /// The flash failed. Some of the units may have been written.
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Self::Error>;

    /// Sets all bytes of a sector to 0xFF.
    ///
    /// # Errors
    /// The flash failed. The sector may have any content.
    fn erase(&mut self, sector: u16) -> Result<(), Self::Error>;
}

impl<F: Flash> Flash for &mut F {
    type Error = F::Error;

    fn read(&mut self, at: u32, to: &mut [u8]) -> Result<(), Self::Error> {
        (**self).read(at, to)
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Self::Error> {
        (**self).write(at, from)
    }

    fn erase(&mut self, sector: u16) -> Result<(), Self::Error> {
        (**self).erase(sector)
    }
}
