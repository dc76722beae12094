//! Calls with hostile pointers, lengths, vectors of buffers, paths and descriptors, in sequences
//! (common/sequence.rs).
//!
//! `ZONDA_FUZZ_SECONDS=600` runs for so long, from another seed each time.

mod common;

use common::folder;
use common::sequence::{program, Random};
use std::time::{Duration, Instant, SystemTime};

#[test]
fn hostile_calls_stay_inside() {
    let root = folder("hostile");
    let seconds = std::env::var("ZONDA_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let (seed, end) = match seconds {
        Some(seconds) => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            (now.as_nanos() as u64 | 1, Some(Instant::now() + Duration::from_secs(seconds)))
        }
        None => (0x5eed_0001, None),
    };
    let mut random = Random(seed);
    let (mut calls, mut done, mut sockets, mut programs) = (0u64, 0u64, 0u64, 0);
    let mut files = (0u64, 0u64);
    let mut by_name = std::collections::BTreeMap::<&str, u64>::new();
    while end.map_or(programs < 40, |end| Instant::now() < end) {
        println!("seed {:#x}", random.0);
        program(&mut random, &root, 1000, |name, succeeded| {
            calls += 1;
            done += u64::from(succeeded);
            *by_name.entry(name).or_default() += u64::from(succeeded);
            if name == "round trip" {
                files = (files.0 + 1, files.1 + u64::from(succeeded));
            }
            sockets += u64::from(succeeded && matches!(name, "sock_open" | "sock_accept"));
        });
        programs += 1;
    }
    println!("{calls} calls, {done} succeeded, {sockets} sockets, {files:?} files");
    // Calls that all fail would test nothing.
    for name in ["fd_read", "fd_write", "fd_seek", "path_open", "path_rename", "path_symlink"] {
        assert!(by_name.get(name).is_some_and(|&count| count > 0), "no {name} succeeded");
    }
    assert!(done > calls / 20, "{done} of {calls} calls succeeded");
    assert!(files.1 > programs, "{} of {} files were read back", files.1, files.0);
    assert!(sockets > programs, "{sockets} sockets in {programs} programs");
}
