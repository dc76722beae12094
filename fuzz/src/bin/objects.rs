//! Runs generated programs on structures and arrays (`fuzz/src/objects`): `objects FIRST COUNT`, or
//! `objects SEED` to print the program of a seed. Reports each disagreement, and what was looked
//! at.

use std::process::ExitCode;
use zonda_fuzz::objects::{check, generate, print};

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [first, count] = match numbers[..] {
        [seed] => {
            println!("{}", print(&generate(seed)));
            return ExitCode::SUCCESS;
        }
        [first, count] => [first, count],
        _ => {
            eprintln!("objects FIRST COUNT, or objects SEED");
            return ExitCode::FAILURE;
        }
    };
    let (mut ran, mut long, mut trapped, mut wrong) = (0u64, 0u64, 0u64, 0u64);
    let (mut collections, mut heap) = (0u64, 0u64);
    for seed in first..first + count {
        match check(&generate(seed)) {
            Ok(Some(checked)) => {
                ran += 1;
                trapped += u64::from(checked.trapped);
                collections += u64::from(checked.collections);
                heap += u64::from(checked.heap);
            }
            Ok(None) => long += 1,
            Err(text) => {
                wrong += 1;
                println!("seed {seed}: {text}");
            }
        }
    }
    println!(
        "{ran} programs of which {trapped} trap, {collections} collections in heaps of {} bytes on \
        average, {long} too long, {wrong} disagreements",
        heap / ran.max(1)
    );
    if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
