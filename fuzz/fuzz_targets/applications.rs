//! What the application manager reads of others: manifests, packages, packets, attribute
//! containers, directories in flash. Refused, or read without harm; what is read and can be written
//! is written the same way again.
#![no_main]

use zonda_manager::attributes::Attributes;
use zonda_manager::packet::{Request, Response};
use zonda_manifest::{find, Manifest, ManifestData};
use zonda_signature::SignedFile;
use zonda_storage::{Flash, Geometry, Storage, Version};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&what, rest)) = data.split_first() else { return };
    match what % 5 {
        0 => manifest(rest),
        1 => package(rest),
        2 => packet(rest),
        3 => attributes(rest),
        _ => directory(rest),
    }
});

/// An accepted manifest says the same when it is written and read again.
fn manifest(bytes: &[u8]) {
    let Ok(manifest) = Manifest::decode(bytes) else { return };
    let data = ManifestData::from(&manifest);
    let again = data.encode().expect("what was read can be written");
    assert!(again.len() <= bytes.len());
    let again = Manifest::decode(&again).expect("what was written can be read");
    assert_eq!(ManifestData::from(&again), data);
}

fn package(bytes: &[u8]) {
    let module = SignedFile::parse(bytes).map_or(bytes, |file| file.payload);
    if let Some(section) = find(module) {
        let _ = Manifest::decode(section);
    }
}

/// A packet has one encoding.
fn packet(bytes: &[u8]) {
    if let Ok(request) = Request::parse(bytes) {
        assert_eq!(&request.pack().expect("there is memory")[..], bytes);
    }
    if let Ok(response) = Response::parse(bytes) {
        assert_eq!(&response.pack().expect("there is memory")[..], bytes);
    }
}

fn attributes(bytes: &[u8]) {
    let Ok(attributes) = Attributes::parse(bytes) else { return };
    for (key, _) in attributes.iter() {
        if let Ok(key) = std::str::from_utf8(key) {
            assert!(attributes.get(key).is_some());
        }
    }
}

/// A flash in RAM.
struct Ram(Vec<u8>);

const SECTOR: usize = 512;
const SECTORS: u16 = 16;

impl Flash for Ram {
    type Error = ();

    fn read(&mut self, at: u32, to: &mut [u8]) -> Result<(), ()> {
        let at = at as usize;
        to.copy_from_slice(self.0.get(at..at + to.len()).ok_or(())?);
        Ok(())
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ()> {
        let at = at as usize;
        self.0.get_mut(at..at + from.len()).ok_or(())?.copy_from_slice(from);
        Ok(())
    }

    fn erase(&mut self, sector: u16) -> Result<(), ()> {
        let at = usize::from(sector) * SECTOR;
        self.0.get_mut(at..at + SECTOR).ok_or(())?.fill(0xFF);
        Ok(())
    }
}

/// A directory of any content, whose records get right checksums: it is mounted or refused, and
/// then used.
fn directory(bytes: &[u8]) {
    let mut flash = vec![0xFF; SECTOR * usize::from(SECTORS)];
    let records = flash.chunks_exact_mut(64).take(2 * SECTOR / 64);
    for (record, bytes) in records.zip(bytes.chunks(59)) {
        record[0] = 0x5A;
        record[1..=bytes.len()].copy_from_slice(bytes);
        let checksum = crc32(&record[..60]);
        record[60..].copy_from_slice(&checksum.to_le_bytes());
    }
    let geometry = Geometry {
        sector_size: SECTOR as u32,
        sectors: SECTORS,
        write_size: 4,
        directory_sectors: 2,
    };
    let Ok(mut storage) = Storage::mount(Ram(flash), geometry) else { return };
    let mut names = Vec::new();
    let _ = storage.applications(|application| names.push(*application));
    for application in names {
        let _ = storage.is_intact(&application);
        let _ = storage.find(&application.name, Version::Installed);
        let _ = storage.confirm(&application.name);
    }
    let _ = storage.usage();
    let _ = storage.defragment(|_| true);
    let Some(name) = zonda_storage::Name::new("new") else { return };
    if let Ok(mut install) = storage.install(name, 100) {
        let _ = storage.write(&mut install, &[7; 100]);
        let _ = storage.finish(install, Version::Installed, 0, 0);
    }
}

/// CRC-32 as in zip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
