//! Splits, counts and formats words: strings, a B-tree, formatting, the allocator of the standard library.

use std::collections::BTreeMap;
use std::fmt::Write;

const TEXT: &str = "the zonda wind falls down the eastern slope of the andes and the dust rises with the heat of the wind";

#[no_mangle]
pub extern "C" fn run(n: i32) -> i32 {
    let mut counts: BTreeMap<String, (u32, u64)> = BTreeMap::new();
    for round in 0..n {
        for (place, word) in TEXT.split(' ').enumerate() {
            let entry = counts.entry(if round % 2 == 0 { word.to_string() } else { word.to_uppercase() }).or_default();
            entry.0 += 1;
            entry.1 += place as u64 * 1_000_000_007;
        }
    }
    let mut text = String::new();
    for (word, (count, weight)) in &counts {
        let _ = write!(text, "{word:>8}={count:03}/{weight:x};");
    }
    text.bytes().fold(7u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())) as i32
}
