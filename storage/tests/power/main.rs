//! Power is cut at every single flash operation of random histories. Afterwards each application is
//! wholly the old one or wholly the new one, and nothing else is lost.

mod flash;
mod history;
mod random;

use flash::Simulated;
use history::{run, Counts, Cuts, History};
use zonda_storage::Geometry;

/// Partitions that are full soon: small sectors, all units of writing, two and three sectors for
/// the directory.
const PARTITIONS: [Geometry; 4] = [
    Geometry { sector_size: 512, sectors: 14, write_size: 4, directory_sectors: 2 },
    Geometry { sector_size: 1024, sectors: 9, write_size: 8, directory_sectors: 3 },
    Geometry { sector_size: 512, sectors: 20, write_size: 64, directory_sectors: 2 },
    Geometry { sector_size: 576, sectors: 11, write_size: 1, directory_sectors: 2 },
];

/// Histories for each partition. ZONDA_HISTORIES sets another number.
fn histories() -> u64 {
    std::env::var("ZONDA_HISTORIES").map_or(12, |text| text.parse().expect("a number"))
}

#[test]
fn power_is_cut_at_every_operation() {
    let mut cuts = Cuts::default();
    for geometry in PARTITIONS {
        for seed in 0..histories() {
            run(&History::random(seed, geometry), Some(&mut cuts));
        }
    }
    println!("{cuts:?}");
    // Both happen, or the simulation is not one.
    assert!(cuts.old > 1000 && cuts.new > 100, "{cuts:?}");
}

#[test]
fn histories_do_what_they_are_for() {
    let mut did = Counts::default();
    for geometry in PARTITIONS {
        for seed in 0..40 {
            did.add(&run(&History::random(seed, geometry), None));
        }
    }
    println!("{did:?}");
    let Counts {
        installs,
        updates,
        trials,
        confirms,
        reverts,
        removes,
        moves,
        refusals,
        compactions,
    } = did;
    for (what, count) in [
        ("installs", installs),
        ("updates", updates),
        ("trials", trials),
        ("confirms", confirms),
        ("reverts", reverts),
        ("removes", removes),
        ("moves", moves),
        ("refusals", refusals),
        ("compactions", compactions),
    ] {
        assert!(count > 30, "{what}: {count}");
    }
}

#[test]
fn a_flash_with_any_content_does_no_harm() {
    for geometry in PARTITIONS {
        for seed in 0..2000 {
            let mut flash = Simulated::new(geometry, seed);
            flash.fill_with_noise(seed);
            let Ok(mut storage) = zonda_storage::Storage::mount(flash, geometry) else { continue };
            let _ = storage.applications(|_| {});
            let _ = storage.usage();
            let _ = storage.defragment(|_| true);
        }
    }
}

/// A header with the last sequence number, which no other one can follow, was forged. The fuzzer
/// found that it overflowed.
#[test]
fn a_forged_sequence_number_is_no_directory() {
    let geometry = PARTITIONS[0];
    let mounted = |sequence: u32| {
        let mut record = [0; 64];
        (record[0], record[1]) = (0x5A, 7);
        record[12..16].copy_from_slice(&sequence.to_le_bytes());
        let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&record[..60]);
        record[60..].copy_from_slice(&crc.to_le_bytes());
        let mut flash = Simulated::new(geometry, 1);
        (0..2).for_each(|sector| zonda_storage::Flash::erase(&mut flash, sector).unwrap());
        zonda_storage::Flash::write(&mut flash, 0, &record).unwrap();
        zonda_storage::Storage::mount(flash, geometry).is_ok()
    };
    assert!(mounted(u32::MAX - 1));
    assert!(!mounted(u32::MAX));
}
