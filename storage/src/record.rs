//! A record of the directory.

use crate::flash::Geometry;
use crc::{Crc, NoTable, CRC_32_ISO_HDLC};

/// CRC-32 as in zip, without a table: records are short and rare.
pub(crate) static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// Bytes of a record.
pub(crate) const RECORD: usize = 64;
/// Longest name of an application in bytes.
pub const NAME_LEN: usize = 32;

/// The name of an application: 1 to [`NAME_LEN`] bytes without a zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name([u8; NAME_LEN]);

impl Name {
    /// None if the text is empty, too long, or contains a zero byte.
    pub fn new(text: &str) -> Option<Name> {
        let mut name = [0; NAME_LEN];
        let to = name.get_mut(..text.len())?;
        to.copy_from_slice(text.as_bytes());
        (!text.is_empty() && !text.contains('\0')).then_some(Name(name))
    }

    /// The text; empty if a record was written by something else and is no text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(NAME_LEN);
        core::str::from_utf8(&self.0[..len]).unwrap_or("")
    }
}

/// What a record says about the application that it names. Newer records count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Nothing is installed under the name.
    Remove = 1,
    /// The application, newly installed; nothing is on trial under the name.
    Put = 2,
    /// A version on trial beside the application.
    Trial = 3,
    /// The version on trial is gone, the application stays.
    Revert = 4,
    /// Another place or other flags of the application: it is at `start`, or being moved to `to`,
    /// where `done` sectors are already.
    Place = 5,
    /// The same for the version on trial.
    PlaceTrial = 6,
    /// The first record of a sector, written last: the sector is the directory. `len` is its
    /// sequence number.
    Header = 7,
}

impl Kind {
    fn numbered(number: u8) -> Option<Kind> {
        use Kind::*;
        let all = [Remove, Put, Trial, Revert, Place, PlaceTrial, Header];
        all.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// A record. Which fields mean something depends on its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub kind: Kind,
    /// Bits that the user of the store keeps with an application.
    pub flags: u8,
    pub name: Name,
    /// First sector of the application, counted in the partition.
    pub start: u16,
    /// Its length in bytes.
    pub len: u32,
    /// CRC-32 of its bytes.
    pub checksum: u32,
    /// The number by which older versions are refused.
    pub version: u32,
    /// First sector of where it is being moved to; `start` if it is not being moved.
    pub to: u16,
    /// Sectors that are there.
    pub done: u16,
    /// Data sectors that were erased in the life of the partition.
    pub erases: u32,
}

impl Record {
    pub const fn header(sequence: u32, erases: u32) -> Record {
        Record {
            kind: Kind::Header,
            flags: 0,
            name: Name([0; NAME_LEN]),
            start: 0,
            len: sequence,
            checksum: 0,
            version: 0,
            to: 0,
            done: 0,
            erases,
        }
    }

    /// The bytes of the record: fields, zeros, and the checksum of all that stands before it.
    pub fn encode(&self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[0] = FORMAT;
        bytes[1] = self.kind as u8;
        bytes[2] = self.flags;
        bytes[4..6].copy_from_slice(&self.start.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.to.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.done.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.len.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.checksum.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.version.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.erases.to_le_bytes());
        bytes[28..60].copy_from_slice(&self.name.0);
        let checksum = CRC.checksum(&bytes[..60]);
        bytes[60..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// None if these are not the bytes of a record.
    pub fn decode(bytes: &[u8; RECORD]) -> Option<Record> {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        if bytes[0] != FORMAT || word(60) != CRC.checksum(&bytes[..60]) {
            return None;
        }
        let mut name = [0; NAME_LEN];
        name.copy_from_slice(&bytes[28..60]);
        Some(Record {
            kind: Kind::numbered(bytes[1])?,
            flags: bytes[2],
            name: Name(name),
            start: half(4),
            to: half(6),
            done: half(8),
            len: word(12),
            checksum: word(16),
            version: word(20),
            erases: word(24),
        })
    }
}

impl Record {
    /// Whether what the record says lies in the partition. A directory with a record that does not
    /// was not written by this crate, or for another partition.
    pub fn fits(&self, geometry: &Geometry) -> bool {
        if self.kind == Kind::Header {
            return true;
        }
        let sectors = self.len.div_ceil(geometry.sector_size);
        let data = u32::from(geometry.directory_sectors)..=u32::from(geometry.sectors);
        let inside = |start: u16| {
            let start = u32::from(start);
            data.contains(&start) && sectors <= data.end() - start
        };
        // A move goes down, and something of it is still to do.
        let moves = self.to < self.start && u32::from(self.done) < sectors;
        inside(self.start)
            && inside(self.to)
            && (moves || (self.to == self.start && self.done == 0))
    }
}

/// The version of the format, and no erased byte.
const FORMAT: u8 = 0x5A;
