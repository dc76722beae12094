//! A flash in a file or in RAM.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

use zonda_storage::{Flash, Geometry};

use super::lock;

enum Place {
    Ram(Arc<Mutex<Vec<u8>>>),
    File(File),
}

/// A flash in a file or in RAM.
pub struct HostFlash {
    place: Place,
    sector_size: u32,
}

impl HostFlash {
    /// An erased flash in RAM.
    pub fn ram(geometry: &Geometry) -> HostFlash {
        let len = geometry.sector_size as usize * usize::from(geometry.sectors);
        let bytes = Arc::new(Mutex::new(std::vec![0xFF; len]));
        HostFlash { place: Place::Ram(bytes), sector_size: geometry.sector_size }
    }

    /// A flash in a file, which is made, erased, if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened or made, or has another length.
    pub fn file(path: &Path, geometry: &Geometry) -> Result<HostFlash, Error> {
        let len = u64::from(geometry.sector_size) * u64::from(geometry.sectors);
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let flash = HostFlash { place: Place::File(file), sector_size: geometry.sector_size };
        let Place::File(file) = &flash.place else { return Ok(flash) };
        match file.metadata()?.len() {
            0 => file.write_all_at(&std::vec![0xFF; len as usize], 0)?,
            own if own == len => {}
            own => {
                let text = std::format!("the file has {own} bytes, expected {len}");
                return Err(Error::new(ErrorKind::InvalidData, text));
            }
        }
        Ok(flash)
    }

    /// The same flash once more: what a device finds when it is switched on again.
    ///
    /// # Errors
    /// The file cannot be opened again.
    pub fn again(&self) -> Result<HostFlash, zonda_storage::Error<ErrorKind>> {
        let place = match &self.place {
            Place::Ram(bytes) => Place::Ram(bytes.clone()),
            Place::File(file) => {
                let file = file.try_clone();
                Place::File(file.map_err(|error| zonda_storage::Error::Flash(error.kind()))?)
            }
        };
        Ok(HostFlash { place, sector_size: self.sector_size })
    }
}

/// A part of the flash in RAM.
fn part(bytes: &mut [u8], at: u32, len: usize) -> Result<&mut [u8], ErrorKind> {
    let part = bytes.get_mut(at as usize..).and_then(|rest| rest.get_mut(..len));
    part.ok_or(ErrorKind::InvalidInput)
}

impl Flash for HostFlash {
    type Error = ErrorKind;

    fn read(&mut self, at: u32, to: &mut [u8]) -> Result<(), ErrorKind> {
        match &self.place {
            Place::Ram(bytes) => {
                to.copy_from_slice(part(&mut lock(bytes), at, to.len())?);
                Ok(())
            }
            Place::File(file) => file.read_exact_at(to, at.into()).map_err(|error| error.kind()),
        }
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ErrorKind> {
        match &self.place {
            Place::Ram(bytes) => {
                part(&mut lock(bytes), at, from.len())?.copy_from_slice(from);
                Ok(())
            }
            Place::File(file) => file.write_all_at(from, at.into()).map_err(|error| error.kind()),
        }
    }

    fn erase(&mut self, sector: u16) -> Result<(), ErrorKind> {
        let size = self.sector_size;
        let at = u32::from(sector) * size;
        match &self.place {
            Place::Ram(bytes) => {
                part(&mut lock(bytes), at, size as usize)?.fill(0xFF);
                Ok(())
            }
            Place::File(file) => file
                .write_all_at(&std::vec![0xFF; size as usize], at.into())
                .map_err(|error| error.kind()),
        }
    }
}
