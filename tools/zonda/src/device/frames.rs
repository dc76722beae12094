//! Packets on a UART: lines of text (Zephyr's "SMP over console"). A packet has its length before it
//! and its CRC-16 behind it, in base64, in lines of at most 127 bytes. A line that begins a packet
//! has 06 09 at its start, one that continues it 04 14. Other lines are output of the console.

use crc::{Crc, CRC_16_XMODEM};

use crate::failure::Failure;

const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);
const BEGIN: [u8; 2] = [6, 9];
const CONTINUE: [u8; 2] = [4, 20];
/// Bytes of base64 in a line: with the two bytes before and the end of the line at most 127, and
/// whole groups of 4.
const LINE: usize = 124;
/// Longest packet.
pub const MOST: usize = 65_536 + 16;

/// The lines of a packet.
pub fn frames(packet: &[u8]) -> Result<Vec<u8>, Failure> {
    let len = u16::try_from(packet.len() + 2).map_err(|_| {
        Failure::Input("the packet has more than the 65,533 bytes that a UART takes".into())
    })?;
    let mut bytes = len.to_be_bytes().to_vec();
    bytes.extend(packet);
    bytes.extend(CRC.checksum(packet).to_be_bytes());
    let text = encode(&bytes);
    let mut lines = Vec::new();
    for (index, part) in text.chunks(LINE).enumerate() {
        lines.extend(if index == 0 { BEGIN } else { CONTINUE });
        lines.extend(part);
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Finds packets in what a UART receives.
#[derive(Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Of the packet that has begun: its length, itself, its CRC.
    packet: Vec<u8>,
}

impl Frames {
    /// Appends what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The next complete packet of what has come.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        while let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = line.trim_ascii_end();
            // Output of the console may stand before a frame in its line.
            let is_start = |pair: &[u8]| pair == BEGIN || pair == CONTINUE;
            let Some(at) = line.windows(2).position(is_start) else { continue };
            if line[at..].starts_with(&BEGIN) {
                self.packet.clear();
            }
            match decode(&line[at + 2..]) {
                Some(bytes) if self.packet.len() + bytes.len() <= MOST => self.packet.extend(bytes),
                _ => self.packet.clear(),
            }
            let Some((len, rest)) = self.packet.split_first_chunk() else { continue };
            let len = usize::from(u16::from_be_bytes(*len));
            if rest.len() < len {
                continue;
            }
            // With its CRC behind it, a packet has the CRC 0.
            let is_right = len > 2 && CRC.checksum(&rest[..len]) == 0;
            let packet = rest.get(..len.saturating_sub(2)).map(<[u8]>::to_vec);
            self.packet.clear();
            if let Some(packet) = packet.filter(|_| is_right) {
                return Some(packet);
            }
        }
        None
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 (RFC 4648, section 4).
fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for group in bytes.chunks(3) {
        let mut word = [0; 3];
        word[..group.len()].copy_from_slice(group);
        let word = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for digit in 0..4 {
            let is_there = digit <= group.len();
            let value = (word >> (18 - 6 * digit)) & 63;
            text.push(if is_there { DIGITS[value as usize] } else { b'=' });
        }
    }
    text
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    for (index, group) in text.chunks(4).enumerate() {
        let padding = group.iter().rev().take_while(|&&digit| digit == b'=').count();
        let is_last = (index + 1) * 4 == text.len();
        if padding > 2 || padding > 0 && !is_last {
            return None;
        }
        let mut word = 0;
        for &digit in &group[..4 - padding] {
            let value = DIGITS.iter().position(|&own| own == digit)?;
            word = word << 6 | value as u32;
        }
        let word = (word << (6 * padding)).to_be_bytes();
        bytes.extend(&word[1..4 - padding]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(packet: &[u8]) -> Vec<u8> {
        frames(packet).unwrap()
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(bytes.as_bytes()), text.as_bytes());
            assert_eq!(decode(text.as_bytes()).unwrap(), bytes.as_bytes());
        }
        for bad in ["Zg=", "Z===", "Zg==Zg==", "Z!==", "===="] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }

    /// The echo request of Zephyr's documentation of SMP over console would be the same; the CRC is
    /// that of "123456789".
    #[test]
    fn a_packet_is_a_line_of_text() {
        assert_eq!(CRC.checksum(b"123456789"), 0x31c3);
        let lines = lines(b"123456789");
        assert_eq!(
            lines,
            [b"\x06\x09".as_slice(), &encode(b"\0\x0b123456789\x31\xc3"), b"\n"].concat()
        );
    }

    #[test]
    fn packets_are_found_between_output_of_the_console() {
        let long: Vec<u8> = (0..=255).cycle().take(700).collect();
        let mut frames = Frames::default();
        let mut all = b"*** Booting\r\nhello ".to_vec();
        all.extend(lines(&long));
        all.extend(b"more\n");
        all.extend(lines(b"short"));
        assert!(all.split(|&byte| byte == b'\n').all(|line| line.len() <= 127 + 6));
        let mut found = Vec::new();
        for byte in all {
            frames.bytes.push(byte);
            found.extend(frames.next());
        }
        assert_eq!(found, [long, b"short".to_vec()]);
    }

    #[test]
    fn a_packet_has_to_fit_its_length() {
        assert!(frames(&vec![0; 65_533]).is_ok());
        assert!(frames(&vec![0; 65_534]).unwrap_err().to_string().contains("65,533"));
    }

    #[test]
    fn damaged_packets_are_left_out() {
        let right = lines(b"packet");
        for at in 0..right.len() - 1 {
            for flip in 1..=255u8 {
                let mut damaged = right.clone();
                damaged[at] ^= flip;
                let bytes = [damaged, right.clone()].concat();
                let mut frames = Frames { bytes, ..Frames::default() };
                let found: Vec<_> = std::iter::from_fn(|| frames.next()).collect();
                assert!(found.iter().all(|packet| packet == b"packet"), "{at} {flip}");
                assert!(!found.is_empty(), "{at} {flip}");
            }
        }
    }
}
