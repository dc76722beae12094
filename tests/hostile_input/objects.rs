//! Generated programs on structures and arrays, in each mode, with a heap as small as they can do
//! with and with a large one, against an interpreter of what was generated (fuzz/src/objects).

use crate::zonda_fuzz::objects::{check, generate};

#[test]
fn generated_programs_on_objects() {
    // With `strict` each allocation collects.
    let count = if cfg!(feature = "strict") { 300 } else { 1_000 };
    let (mut ran, mut trapped, mut collections) = (0, 0, 0);
    for seed in 0..count {
        match check(&generate(seed)) {
            Ok(Some(checked)) => {
                ran += 1;
                trapped += u64::from(checked.trapped);
                collections += u64::from(checked.collections);
            }
            Ok(None) => {}
            Err(text) => panic!("seed {seed}: {text}"),
        }
    }
    println!("{ran} of {count} programs, {trapped} of them trap; {collections} collections");
    assert!(ran * 10 > count * 8, "only {ran} of {count} programs are short enough");
    assert!(trapped * 2 < ran, "{trapped} of {ran} programs trap");
    assert!(collections > 10 * ran, "only {collections} collections in {ran} programs");
}
