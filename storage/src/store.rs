//! Applications in the partition.

use core::fmt;

use crc::{Digest, NoTable};

use crate::flash::{Flash, Geometry};
use crate::journal::Journal;
use crate::record::{Kind, Name, Record, CRC, RECORD};

/// Most sectors of a partition: one bit each says whether it is used.
const MOST_SECTORS: u16 = 1024;

/// Why the store refuses, or what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The flash failed. The state in flash is the old or the new one: mount again.
    Flash(E),
    /// The sizes of the partition; what is expected.
    Geometry(&'static str),
    /// There is no directory.
    NotFormatted,
    /// As many applications as the directory holds.
    DirectoryFull,
    /// No room for an application.
    NoSpace {
        /// Bytes that it needs, in whole sectors.
        wanted: u32,
        /// Bytes of the largest free extent.
        largest: u32,
        /// All free bytes; moving the applications together makes one extent of them.
        free: u32,
    },
    /// No application has this name.
    NotFound,
    /// The application has no version on trial.
    NoTrial,
    /// Another application is being installed.
    Installing,
    /// More bytes than were announced.
    TooLong,
    /// Fewer bytes than were announced; how many are missing.
    Incomplete(u32),
    /// What was written is not what stands in the flash.
    Checksum,
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Flash(error) => write!(f, "the flash failed: {error}"),
            Error::Geometry(expected) => write!(f, "the partition is not usable: expected {expected}"),
            Error::NotFormatted => f.write_str("the partition has no directory: format it"),
            Error::DirectoryFull => f.write_str("the directory is full"),
            Error::NoSpace { wanted, largest, free } => write!(
                f,
                "no room: {wanted} bytes wanted, {largest} bytes in one piece, {free} bytes free in all"
            ),
            Error::NotFound => f.write_str("no application has this name"),
            Error::NoTrial => f.write_str("no version is on trial"),
            Error::Installing => f.write_str("another application is being installed"),
            Error::TooLong => f.write_str("more bytes than were announced"),
            Error::Incomplete(missing) => write!(f, "{missing} bytes are missing"),
            Error::Checksum => f.write_str("the flash does not hold what was written"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Error<E> {}

/// Which of the two versions under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The one that stays.
    Installed,
    /// The one that is tried beside it, until it is confirmed or reverted.
    Trial,
}

/// An application in the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name.
    pub name: Name,
    /// Whether it is on trial.
    pub version: Version,
    /// Offset of its first byte in the partition: the start of a sector.
    pub offset: u32,
    /// Its length in bytes.
    pub len: u32,
    /// CRC-32 of its bytes.
    pub checksum: u32,
    /// The number by which older versions are refused.
    pub security_version: u32,
    /// Bits that the caller keeps with it.
    pub flags: u8,
    /// It is being moved: its bytes are at `offset` in part only. [`Storage::mount`] and
    /// [`Storage::defragment`] continue.
    pub moving: bool,
}

/// An application that is being written. [`Storage::finish`] or [`Storage::abort`] ends it.
#[must_use]
pub struct Install {
    name: Name,
    start: u16,
    len: u32,
    /// Bytes that were given.
    given: u32,
    /// The last of them, up to a unit of writing.
    rest: [u8; RECORD],
    /// Whether `rest` is in flash.
    flushed: bool,
    digest: Digest<'static, u32, NoTable>,
}

impl Install {
    /// Bytes that were written so far: where a sender continues.
    pub fn written(&self) -> u32 {
        self.given
    }

    /// Length in bytes that was announced.
    pub fn length(&self) -> u32 {
        self.len
    }
}

/// What a step of [`Storage::defragment`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A sector was moved; there is more to do.
    Moved,
    /// There is nothing to do.
    Done,
}

/// Room and wear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes for applications.
    pub total: u32,
    /// Bytes that are free.
    pub free: u32,
    /// Bytes of the largest free extent.
    pub largest: u32,
    /// How often data sectors were erased, together, in the life of the partition.
    pub erases: u32,
    /// How often sectors of the directory were erased, together.
    pub directory_erases: u32,
}

/// The store: applications in a partition.
pub struct Storage<F> {
    flash: F,
    geometry: Geometry,
    journal: Journal,
    /// First sector and number of sectors of what is being installed.
    reserved: Option<(u16, u16)>,
}

/// A bit for each sector of the partition: whether it is used.
struct Used([u32; MOST_SECTORS as usize / 32]);

impl Used {
    fn mark(&mut self, start: u16, count: u16) {
        for sector in start..start.saturating_add(count).min(MOST_SECTORS) {
            self.0[usize::from(sector / 32)] |= 1 << (sector % 32);
        }
    }

    fn is(&self, sector: u16) -> bool {
        self.0[usize::from(sector / 32)] >> (sector % 32) & 1 != 0
    }
}

impl<F: Flash> Storage<F> {
    /// Opens the partition, and ends a move that was interrupted.
    ///
    /// # Errors
    /// [`Error::NotFormatted`], [`Error::Geometry`], [`Error::Flash`].
    pub fn mount(flash: F, geometry: Geometry) -> Result<Storage<F>, Error<F::Error>> {
        let mut flash = flash;
        check(&geometry)?;
        let journal = Journal::open(&mut flash, geometry)?;
        let mut storage = Storage { flash, geometry, journal, reserved: None };
        while storage.continue_move()? {}
        Ok(storage)
    }

    /// Makes an empty directory; what was there is gone.
    ///
    /// # Errors
    /// [`Error::Geometry`], [`Error::Flash`].
    pub fn format(flash: F, geometry: Geometry) -> Result<Storage<F>, Error<F::Error>> {
        let mut flash = flash;
        check(&geometry)?;
        let journal = Journal::format(&mut flash, geometry)?;
        Ok(Storage { flash, geometry, journal, reserved: None })
    }

    /// The flash, for reading what was installed where it is not memory mapped.
    pub fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// Calls `each` with every application and every version on trial.
    ///
    /// # Errors
    /// [`Error::Flash`].
    pub fn applications(
        &mut self,
        mut each: impl FnMut(&Application),
    ) -> Result<(), Error<F::Error>> {
        let geometry = self.geometry;
        self.records(|record, version| each(&application(&geometry, record, version)))
    }

    /// The application of a name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoTrial`], [`Error::Flash`].
    pub fn find(&mut self, name: &Name, version: Version) -> Result<Application, Error<F::Error>> {
        let record = self.record(name, version)?;
        Ok(application(&self.geometry, &record, version))
    }

    /// Whether the bytes of an application are those that were installed.
    ///
    /// # Errors
    /// [`Error::Flash`].
    pub fn is_intact(&mut self, application: &Application) -> Result<bool, Error<F::Error>> {
        Ok(self.checksum(application.offset, application.len)? == application.checksum)
    }

    /// Room and wear.
    ///
    /// # Errors
    /// [`Error::Flash`].
    pub fn usage(&mut self) -> Result<Usage, Error<F::Error>> {
        let used = self.used()?;
        let (mut free, mut largest, mut run) = (0, 0, 0);
        let data = self.geometry.directory_sectors..self.geometry.sectors;
        let total = u32::from(data.end - data.start) * self.geometry.sector_size;
        for sector in data {
            run = if used.is(sector) { 0 } else { run + self.geometry.sector_size };
            free += if used.is(sector) { 0 } else { self.geometry.sector_size };
            largest = largest.max(run);
        }
        let directory_erases = self.journal.sequence();
        Ok(Usage { total, free, largest, erases: self.journal.erases, directory_erases })
    }

    /// Begins to install `len` bytes under a name. What has the name stays as it is until
    /// [`Storage::finish`].
    ///
    /// # Errors
    /// [`Error::NoSpace`], [`Error::DirectoryFull`], [`Error::Installing`], [`Error::Flash`].
    pub fn install(&mut self, name: Name, len: u32) -> Result<Install, Error<F::Error>> {
        if self.reserved.is_some() {
            return Err(Error::Installing);
        }
        let mut count = 0;
        self.records(|_, _| count += 1)?;
        if count >= self.journal.capacity() {
            return Err(Error::DirectoryFull);
        }
        let used = self.used()?;
        let sectors = len.div_ceil(self.geometry.sector_size);
        let last = self.journal.last(&mut self.flash)?;
        // Behind what was written last, so that all sectors wear alike.
        let from = last.map_or(0, |record| {
            record.start.saturating_add(sectors_of(&self.geometry, record.len))
        });
        let start = u16::try_from(sectors).ok().and_then(|count| self.gap(&used, from, count));
        let Some(start) = start else {
            let usage = self.usage()?;
            let wanted = sectors.saturating_mul(self.geometry.sector_size);
            return Err(Error::NoSpace { wanted, largest: usage.largest, free: usage.free });
        };
        self.reserved = Some((start, sectors_of(&self.geometry, len)));
        let (rest, digest) = ([0xFF; RECORD], CRC.digest());
        Ok(Install { name, start, len, given: 0, rest, flushed: false, digest })
    }

    /// Writes the next bytes of what is being installed.
    ///
    /// # Errors
    /// [`Error::TooLong`]: nothing is written. [`Error::Flash`].
    pub fn write(&mut self, install: &mut Install, mut data: &[u8]) -> Result<(), Error<F::Error>> {
        if data.len() > (install.len - install.given) as usize {
            return Err(Error::TooLong);
        }
        install.digest.update(data);
        while !data.is_empty() {
            let at = install.given as usize % RECORD;
            let (now, later) = data.split_at(data.len().min(RECORD - at));
            install.rest[at..at + now.len()].copy_from_slice(now);
            install.given += now.len() as u32;
            data = later;
            if at + now.len() == RECORD {
                self.flush(install)?;
            }
        }
        Ok(())
    }

    /// Writes the last unit of what was given.
    fn flush(&mut self, install: &mut Install) -> Result<(), Error<F::Error>> {
        let at = (install.given - 1) / RECORD as u32 * RECORD as u32;
        let size = self.geometry.sector_size;
        if at.is_multiple_of(size) {
            self.erase(install.start + (at / size) as u16)?;
        }
        self.flash
            .write(u32::from(install.start) * size + at, &install.rest)
            .map_err(Error::Flash)?;
        install.rest = [0xFF; RECORD];
        Ok(())
    }

    /// Writes the last bytes of what is being installed, of which all were given, so that they can
    /// be read before [`Storage::finish`].
    ///
    /// # Errors
    /// [`Error::Incomplete`], [`Error::Flash`].
    pub fn complete(&mut self, install: &mut Install) -> Result<(), Error<F::Error>> {
        if install.given < install.len {
            return Err(Error::Incomplete(install.len - install.given));
        }
        if !install.flushed && !(install.given as usize).is_multiple_of(RECORD) {
            self.flush(install)?;
        }
        install.flushed = true;
        Ok(())
    }

    /// Offset in the partition of what is being installed, for whoever checks it before it is
    /// finished. Bytes up to the last multiple of 64 are there, and all of them after
    /// [`Storage::complete`].
    pub fn offset(&self, install: &Install) -> u32 {
        u32::from(install.start) * self.geometry.sector_size
    }

    /// Makes what was written the application of its name, or the version on trial beside it. Until
    /// this returns, the old one is there, whatever happens; afterwards the new one.
    ///
    /// # Errors
    /// [`Error::Incomplete`], [`Error::Checksum`], [`Error::Flash`]; what had the name stays.
    pub fn finish(
        &mut self,
        mut install: Install,
        version: Version,
        security_version: u32,
        flags: u8,
    ) -> Result<Application, Error<F::Error>> {
        self.reserved = None;
        self.complete(&mut install)?;
        let offset = self.offset(&install);
        let checksum = install.digest.finalize();
        if self.checksum(offset, install.len)? != checksum {
            return Err(Error::Checksum);
        }
        let record = Record {
            kind: match version {
                Version::Installed => Kind::Put,
                Version::Trial => Kind::Trial,
            },
            flags,
            name: install.name,
            start: install.start,
            len: install.len,
            checksum,
            version: security_version,
            to: install.start,
            done: 0,
            erases: 0,
        };
        self.journal.append(&mut self.flash, record)?;
        Ok(application(&self.geometry, &record, version))
    }

    /// Gives up what is being installed.
    pub fn abort(&mut self, _: Install) {
        self.reserved = None;
    }

    /// Makes the version on trial the application.
    ///
    /// # Errors
    /// [`Error::NoTrial`], [`Error::Flash`].
    pub fn confirm(&mut self, name: &Name) -> Result<(), Error<F::Error>> {
        let record = self.record(name, Version::Trial)?;
        self.journal.append(&mut self.flash, Record { kind: Kind::Put, ..record })
    }

    /// Removes the version on trial; the application stays.
    ///
    /// # Errors
    /// [`Error::NoTrial`], [`Error::Flash`].
    pub fn revert(&mut self, name: &Name) -> Result<(), Error<F::Error>> {
        let record = self.record(name, Version::Trial)?;
        self.journal.append(&mut self.flash, Record { kind: Kind::Revert, ..record })
    }

    /// Removes an application and its version on trial.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Flash`].
    pub fn remove(&mut self, name: &Name) -> Result<(), Error<F::Error>> {
        let record = match self.record(name, Version::Installed) {
            Err(Error::NotFound) => {
                self.record(name, Version::Trial).map_err(|error| match error {
                    Error::NoTrial => Error::NotFound,
                    error => error,
                })?
            }
            found => found?,
        };
        self.journal.append(&mut self.flash, Record { kind: Kind::Remove, ..record })
    }

    /// Changes the flags of an application.
    ///
    /// # Errors
    /// As for [`Storage::find`].
    pub fn set_flags(
        &mut self,
        name: &Name,
        version: Version,
        flags: u8,
    ) -> Result<(), Error<F::Error>> {
        let record = self.record(name, version)?;
        self.journal.append(&mut self.flash, Record { kind: place(version), flags, ..record })
    }

    /// Moves one sector of an application that `may_move` to a lower place, so that free sectors
    /// come together. May be called again at any time, or not at all.
    ///
    /// # Errors
    /// [`Error::Installing`], [`Error::Flash`].
    pub fn defragment(
        &mut self,
        may_move: impl Fn(&Application) -> bool,
    ) -> Result<Progress, Error<F::Error>> {
        if self.reserved.is_some() {
            return Err(Error::Installing);
        }
        if self.continue_move()? {
            return Ok(Progress::Moved);
        }
        let used = self.used()?;
        let geometry = self.geometry;
        // The lowest application with a free sector below it, and the first of these sectors.
        let mut found: Option<(Record, Version)> = None;
        self.records(|record, version| {
            let is_lower = found.is_none_or(|(best, _)| record.start < best.start);
            let has_room = record.len > 0
                && record.start > geometry.directory_sectors
                && !used.is(record.start - 1);
            if is_lower && has_room && may_move(&application(&geometry, record, version)) {
                found = Some((*record, version));
            }
        })?;
        let Some((record, version)) = found else { return Ok(Progress::Done) };
        let mut to = record.start;
        while to > geometry.directory_sectors && !used.is(to - 1) {
            to -= 1;
        }
        let record = Record { kind: place(version), to, done: 0, ..record };
        self.journal.append(&mut self.flash, record)?;
        self.continue_move()?;
        Ok(Progress::Moved)
    }

    /// Moves a sector of the application that is being moved; whether there is one.
    fn continue_move(&mut self) -> Result<bool, Error<F::Error>> {
        let mut found: Option<(Record, Version)> = None;
        self.records(|record, version| {
            if record.to != record.start {
                found = Some((*record, version));
            }
        })?;
        let Some((record, version)) = found else { return Ok(false) };
        let size = self.geometry.sector_size;
        let (from, to) = (record.start + record.done, record.to + record.done);
        self.erase(to)?;
        // Only what belongs to the application: behind it the sector stays erased.
        let len = (record.len - u32::from(record.done) * size).min(size);
        for at in (0..len).step_by(RECORD) {
            let mut bytes = [0; RECORD];
            self.flash.read(u32::from(from) * size + at, &mut bytes).map_err(Error::Flash)?;
            self.flash.write(u32::from(to) * size + at, &bytes).map_err(Error::Flash)?;
        }
        let kind = place(version);
        let done = record.done + 1;
        let record = if done == sectors_of(&self.geometry, record.len) {
            Record { kind, start: record.to, done: 0, ..record }
        } else {
            Record { kind, done, ..record }
        };
        self.journal.append(&mut self.flash, record)?;
        Ok(true)
    }

    fn erase(&mut self, sector: u16) -> Result<(), Error<F::Error>> {
        self.journal.erases = self.journal.erases.saturating_add(1);
        self.flash.erase(sector).map_err(Error::Flash)
    }

    fn checksum(&mut self, offset: u32, len: u32) -> Result<u32, Error<F::Error>> {
        let mut digest = CRC.digest();
        let mut bytes = [0; RECORD];
        for at in (0..len).step_by(RECORD) {
            let part = &mut bytes[..(len - at).min(RECORD as u32) as usize];
            self.flash.read(offset + at, part).map_err(Error::Flash)?;
            digest.update(part);
        }
        Ok(digest.finalize())
    }

    /// Calls `each` with the records that count.
    fn records(&mut self, mut each: impl FnMut(&Record, Version)) -> Result<(), Error<F::Error>> {
        let mut slot = 0;
        while let Some((name, at)) = self.journal.next_name(&mut self.flash, slot)? {
            slot = at + 1;
            let newest = self.journal.newest(&mut self.flash, &name)?;
            if let Some(record) = &newest.put {
                each(record, Version::Installed);
            }
            if let Some(record) = &newest.trial {
                each(record, Version::Trial);
            }
        }
        Ok(())
    }

    fn record(&mut self, name: &Name, version: Version) -> Result<Record, Error<F::Error>> {
        let newest = self.journal.newest(&mut self.flash, name)?;
        match version {
            Version::Installed => newest.put.ok_or(Error::NotFound),
            Version::Trial => newest.trial.ok_or(Error::NoTrial),
        }
    }

    /// The sectors that are used: by the directory, by applications, where one is moved to, by what
    /// is being installed.
    fn used(&mut self) -> Result<Used, Error<F::Error>> {
        let mut used = Used([0; MOST_SECTORS as usize / 32]);
        used.mark(0, self.geometry.directory_sectors);
        if let Some((start, count)) = self.reserved {
            used.mark(start, count);
        }
        let geometry = self.geometry;
        self.records(|record, _| {
            let count = sectors_of(&geometry, record.len);
            used.mark(record.start, count);
            used.mark(record.to, count);
        })?;
        Ok(used)
    }

    /// The first of `count` free sectors: behind `from` if there are some, else anywhere.
    fn gap(&self, used: &Used, from: u16, count: u16) -> Option<u16> {
        let first = self.geometry.directory_sectors;
        let last = self.geometry.sectors.checked_sub(count)?;
        let fits = |start: &u16| (*start..*start + count).all(|sector| !used.is(sector));
        (from.max(first)..=last).find(fits).or_else(|| (first..=last).find(fits))
    }
}

fn check<E>(geometry: &Geometry) -> Result<(), Error<E>> {
    let Geometry { sector_size, sectors, write_size, directory_sectors } = *geometry;
    let expected = if !write_size.is_power_of_two() || usize::from(write_size) > RECORD {
        "units of writing of 1 to 64 bytes, a power of two"
    } else if sector_size % RECORD as u32 != 0 || sector_size < 8 * RECORD as u32 {
        "sectors of at least 512 bytes, a multiple of 64"
    } else if sectors > MOST_SECTORS || u32::from(sectors).checked_mul(sector_size).is_none() {
        "at most 1024 sectors, and less than 4 GiB"
    } else if directory_sectors < 2 || directory_sectors >= sectors {
        "at least 2 sectors for the directory, and one behind them"
    } else {
        return Ok(());
    };
    Err(Error::Geometry(expected))
}

/// Sectors that so many bytes take. They were checked to fit into the partition, or come from a
/// record.
fn sectors_of(geometry: &Geometry, len: u32) -> u16 {
    u16::try_from(len.div_ceil(geometry.sector_size)).unwrap_or(u16::MAX)
}

fn place(version: Version) -> Kind {
    match version {
        Version::Installed => Kind::Place,
        Version::Trial => Kind::PlaceTrial,
    }
}

fn application(geometry: &Geometry, record: &Record, version: Version) -> Application {
    Application {
        name: record.name,
        version,
        offset: u32::from(record.start) * geometry.sector_size,
        len: record.len,
        checksum: record.checksum,
        security_version: record.version,
        flags: record.flags,
        moving: record.to != record.start,
    }
}
