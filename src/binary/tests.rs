//! Tests of the reader's integers: every input of up to three bytes, for widths that these bytes
//! hold. The reader is told the width, so this is the text that reads 32, 33 and 64 bits.

use super::reader::Reader;

/// What the specification says of an integer of `bits` bits: its value and length, or `None` when
/// these bytes are none (spec: 5.2.2).
fn expected(bytes: &[u8], bits: u32, signed: bool) -> Option<(i64, usize)> {
    let len = bytes.iter().position(|&byte| byte < 0x80)? + 1;
    let all = 7 * len as u32;
    let mut value = bytes[..len]
        .iter()
        .enumerate()
        .map(|(i, &byte)| ((byte & 0x7f) as i64) << (7 * i))
        .sum::<i64>();
    if signed && value >= 1 << (all - 1) {
        value -= 1 << all;
    }
    let range = if signed { -(1 << (bits - 1))..1 << (bits - 1) } else { 0..1i64 << bits };
    (len <= bits.div_ceil(7) as usize && range.contains(&value)).then_some((value, len))
}

#[test]
fn integers_of_a_few_bits_are_read_or_refused_as_the_specification_says() {
    // Widths with the remainders of 32, 33 and 64 bits in bytes of seven: 4, 5 and 1; and the
    // others. The reader asks that there is one, as there is for each of its widths.
    for bits in [8u32, 9, 10, 11, 12, 13, 15] {
        // Bytes that an integer may have, and a zero, which ends one that is too long.
        let len = bits.div_ceil(7) as usize;
        for signed in [false, true] {
            let mut read = 0;
            for number in (0..1u32 << (8 * len)).step_by(if cfg!(miri) { 1 << 12 | 1 } else { 1 }) {
                let bytes = number.to_le_bytes();
                let mut reader = Reader::new(&bytes[..len + 1], 0);
                let got = reader.leb(bits, signed).ok().map(|value| (value, reader.pos()));
                assert_eq!(
                    got,
                    expected(&bytes[..len + 1], bits, signed),
                    "{bytes:x?} as {bits} bits, signed: {signed}"
                );
                read += got.is_some() as u32;
            }
            assert!(read > 0);
        }
    }
}
