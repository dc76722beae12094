//! The directory: records in one of a ring of sectors.
//!
//! Records are appended. When the sector is full, the records that count are copied to the next
//! sector of the ring, whose header is written last: it has a higher sequence number, so it is the
//! directory from then on. A slot is written once. One that is neither erased nor a record was torn
//! by a power loss, and is skipped.

use crate::flash::{Flash, Geometry};
use crate::record::{Kind, Name, Record, RECORD};
use crate::store::Error;

/// Most slots that are used of a sector: looking for a record compares each with each.
const MOST: u32 = 256;

/// The state of the directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Journal {
    geometry: Geometry,
    /// The sector with the directory.
    sector: u16,
    sequence: u32,
    /// The slot that is written next.
    next: u32,
    /// Data sectors that were erased, as the newest record says and since.
    pub erases: u32,
}

/// The newest records of an application.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Newest {
    /// The application.
    pub put: Option<Record>,
    /// The version on trial.
    pub trial: Option<Record>,
}

impl Newest {
    fn apply(&mut self, record: &Record) {
        match record.kind {
            Kind::Remove => *self = Newest::default(),
            Kind::Put => *self = Newest { put: Some(*record), trial: None },
            Kind::Trial | Kind::PlaceTrial => self.trial = Some(*record),
            Kind::Revert => self.trial = None,
            // The version on trial stays.
            Kind::Place => self.put = Some(*record),
            Kind::Header => {}
        }
    }
}

impl Journal {
    /// Most records that may count: the others make room for changes, so that not each of them
    /// fills the sector.
    pub fn capacity(&self) -> u32 {
        Journal::slots(&self.geometry) * 3 / 4
    }

    fn slots(geometry: &Geometry) -> u32 {
        (geometry.sector_size / RECORD as u32).min(MOST)
    }

    /// Writes an empty directory. One that is there is replaced at once.
    pub fn format<F: Flash>(flash: &mut F, geometry: Geometry) -> Result<Journal, Error<F::Error>> {
        let old = match Journal::open(flash, geometry) {
            Ok(old) => old,
            Err(Error::NotFormatted) => Journal {
                geometry,
                sector: geometry.directory_sectors - 1,
                sequence: 0,
                next: 0,
                erases: 0,
            },
            Err(error) => return Err(error),
        };
        let sector = (old.sector + 1) % geometry.directory_sectors;
        flash.erase(sector).map_err(Error::Flash)?;
        let sequence = old.sequence + 1;
        old.write(flash, sector, 0, &Record::header(sequence, old.erases))?;
        Ok(Journal { sector, sequence, next: 1, ..old })
    }

    /// Finds the directory.
    pub fn open<F: Flash>(flash: &mut F, geometry: Geometry) -> Result<Journal, Error<F::Error>> {
        let mut found: Option<Journal> = None;
        for sector in 0..geometry.directory_sectors {
            let journal = Journal { geometry, sector, sequence: 0, next: 0, erases: 0 };
            let (_, header) = journal.read(flash, 0)?;
            // No directory moves so often; a number that cannot be followed by another one was
            // forged.
            let is_header = |record: &Record| record.kind == Kind::Header && record.len < u32::MAX;
            let Some(header) = header.filter(is_header) else { continue };
            if found.is_none_or(|found| found.sequence < header.len) {
                found = Some(Journal { sequence: header.len, erases: header.erases, ..journal });
            }
        }
        let mut journal = found.ok_or(Error::NotFormatted)?;
        // Behind the last slot that is not erased.
        journal.next = Journal::slots(&geometry);
        while journal.next > 1 && journal.read(flash, journal.next - 1)?.0 {
            journal.next -= 1;
        }
        for slot in 1..journal.next {
            if let (_, Some(record)) = journal.read(flash, slot)? {
                journal.erases = record.erases;
            }
        }
        Ok(journal)
    }

    /// How often the directory's sectors were erased, together.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    fn at(&self, sector: u16, slot: u32) -> u32 {
        u32::from(sector) * self.geometry.sector_size + slot * RECORD as u32
    }

    /// Whether a slot is erased, and the record in it.
    fn read<F: Flash>(
        &self,
        flash: &mut F,
        slot: u32,
    ) -> Result<(bool, Option<Record>), Error<F::Error>> {
        let mut bytes = [0; RECORD];
        flash.read(self.at(self.sector, slot), &mut bytes).map_err(Error::Flash)?;
        let record = Record::decode(&bytes).filter(|record| record.fits(&self.geometry));
        Ok((bytes == [0xFF; RECORD], record))
    }

    fn write<F: Flash>(
        &self,
        flash: &mut F,
        sector: u16,
        slot: u32,
        record: &Record,
    ) -> Result<(), Error<F::Error>> {
        flash.write(self.at(sector, slot), &record.encode()).map_err(Error::Flash)
    }

    /// Appends a record. When this returns, it is the newest one.
    pub fn append<F: Flash>(
        &mut self,
        flash: &mut F,
        mut record: Record,
    ) -> Result<(), Error<F::Error>> {
        record.erases = self.erases;
        if self.next == Journal::slots(&self.geometry) {
            self.compact(flash)?;
        }
        if self.next == Journal::slots(&self.geometry) {
            return Err(Error::DirectoryFull);
        }
        let slot = self.next;
        // Whether or not this fails: the slot may have been written.
        self.next += 1;
        self.write(flash, self.sector, slot, &record)
    }

    /// Copies what counts into the next sector of the ring.
    fn compact<F: Flash>(&mut self, flash: &mut F) -> Result<(), Error<F::Error>> {
        let target = (self.sector + 1) % self.geometry.directory_sectors;
        flash.erase(target).map_err(Error::Flash)?;
        let mut to = 1;
        let mut slot = 1;
        while let Some((name, at)) = self.next_name(flash, slot)? {
            slot = at + 1;
            let newest = self.newest(flash, &name)?;
            for record in [newest.put, newest.trial].into_iter().flatten() {
                self.write(flash, target, to, &record)?;
                to += 1;
            }
        }
        let sequence = self.sequence + 1;
        self.write(flash, target, 0, &Record::header(sequence, self.erases))?;
        (self.sector, self.sequence, self.next) = (target, sequence, to);
        Ok(())
    }

    /// The next name at or behind a slot that no earlier slot has, and its slot.
    pub fn next_name<F: Flash>(
        &self,
        flash: &mut F,
        from: u32,
    ) -> Result<Option<(Name, u32)>, Error<F::Error>> {
        'slots: for slot in from.max(1)..self.next {
            let (_, Some(record)) = self.read(flash, slot)? else { continue };
            if record.kind == Kind::Header {
                continue;
            }
            for earlier in 1..slot {
                if self.read(flash, earlier)?.1.is_some_and(|other| other.name == record.name) {
                    continue 'slots;
                }
            }
            return Ok(Some((record.name, slot)));
        }
        Ok(None)
    }

    /// What is newest of an application.
    pub fn newest<F: Flash>(&self, flash: &mut F, name: &Name) -> Result<Newest, Error<F::Error>> {
        let mut newest = Newest::default();
        for slot in 1..self.next {
            if let (_, Some(record)) = self.read(flash, slot)? {
                if record.name == *name {
                    newest.apply(&record);
                }
            }
        }
        Ok(newest)
    }

    /// The newest record of all.
    pub fn last<F: Flash>(&self, flash: &mut F) -> Result<Option<Record>, Error<F::Error>> {
        for slot in (1..self.next).rev() {
            if let (_, Some(record)) = self.read(flash, slot)? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}
