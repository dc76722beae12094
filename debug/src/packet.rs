//! Packets of the GDB remote protocol: how they begin and end, their checksums, and the numbers in
//! them.
//!
//! Depends on nothing. Owns the invariant that a packet is handed on only when it is whole, fits the
//! buffer, and has the right checksum.

/// Takes what is sent to the debugger.
pub(crate) trait Output {
    /// Sends a byte, perhaps not before `flush`.
    fn write(&mut self, byte: u8);
    /// Sends what was written.
    fn flush(&mut self);
}

#[derive(Clone, Copy)]
enum State {
    /// Between packets.
    Idle,
    /// Behind the `$`.
    Body,
    /// Behind the `#`.
    Sum,
    /// Behind the first digit of the checksum.
    LastDigit(Option<u8>),
}

/// Receives packets, byte for byte.
pub(crate) struct Receiver {
    state: State,
    /// Bytes of the packet, also of those that do not fit.
    len: usize,
    sum: u8,
}

/// What a byte has completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Nothing,
    /// The buffer has a packet of this length.
    Packet(usize),
    /// A packet that does not fit the buffer.
    TooLong,
    /// A packet with a wrong checksum.
    Damaged,
}

impl Receiver {
    pub(crate) const fn new() -> Receiver {
        Receiver { state: State::Idle, len: 0, sum: 0 }
    }

    /// Takes the next byte. What lies between packets is passed over.
    pub(crate) fn take(&mut self, byte: u8, buffer: &mut [u8]) -> Received {
        match self.state {
            State::Idle if byte == b'$' => {
                (self.state, self.len, self.sum) = (State::Body, 0, 0);
            }
            State::Idle => {}
            State::Body if byte == b'#' => self.state = State::Sum,
            State::Body => {
                if let Some(place) = buffer.get_mut(self.len) {
                    *place = byte;
                }
                self.len = self.len.saturating_add(1);
                self.sum = self.sum.wrapping_add(byte);
            }
            State::Sum => self.state = State::LastDigit(digit(byte)),
            State::LastDigit(first) => {
                self.state = State::Idle;
                let sum = pair(first, digit(byte));
                return if sum != Some(self.sum) {
                    Received::Damaged
                } else if self.len > buffer.len() {
                    Received::TooLong
                } else {
                    Received::Packet(self.len)
                };
            }
        }
        Received::Nothing
    }
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte with these digits.
fn pair(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    Some(high? << 4 | low?)
}

/// Replaces the digits from `from` to `to` by the bytes that they write, which are moved to the start
/// of the buffer. Returns how many bytes that are; `None` where they are no digits.
pub(crate) fn decode(buffer: &mut [u8], from: usize, to: usize) -> Option<usize> {
    let count = to.checked_sub(from)? / 2;
    for number in 0..count {
        let at = from + 2 * number;
        let high = digit(*buffer.get(at)?);
        let low = digit(*buffer.get(at + 1)?);
        *buffer.get_mut(number)? = pair(high, low)?;
    }
    Some(count)
}

/// What is left of a packet.
pub(crate) struct Args<'p>(pub(crate) &'p [u8]);

impl Args<'_> {
    /// The next byte; 0 behind the last one.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// Whether these bytes come next. They are passed over if they do.
    pub(crate) fn skip(&mut self, bytes: &[u8]) -> bool {
        let rest = self.0.strip_prefix(bytes);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// A number in digits of this base, at most 16. `None` where there is no digit, and where the
    /// number has more than 64 bits.
    fn number(&mut self, base: u64) -> Option<u64> {
        let mut value = None;
        while let Some(next) = self.0.first().and_then(|&byte| digit(byte)) {
            if u64::from(next) >= base {
                break;
            }
            let higher = value.unwrap_or(0u64).checked_mul(base)?;
            value = Some(higher.checked_add(u64::from(next))?);
            self.byte();
        }
        value
    }

    /// Two numbers in digits of this base with a byte between them.
    pub(crate) fn two(&mut self, base: u64) -> Option<(u64, u64)> {
        let first = self.number(base)?;
        self.byte();
        Some((first, self.number(base)?))
    }
}

/// A packet that is sent.
pub(crate) struct Reply<'o, O: Output> {
    output: &'o mut O,
    sum: u8,
}

impl<'o, O: Output> Reply<'o, O> {
    /// Begins a packet.
    pub(crate) fn new(output: &'o mut O) -> Reply<'o, O> {
        output.write(b'$');
        Reply { output, sum: 0 }
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.sum = self.sum.wrapping_add(byte);
        self.output.write(byte);
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        for &byte in text {
            self.byte(byte);
        }
    }

    /// Bytes as digits.
    pub(crate) fn digits(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            for value in [byte >> 4, byte & 15] {
                self.byte(value + if value < 10 { b'0' } else { b'a' - 10 });
            }
        }
    }

    /// Bytes as they are, but for those that have a meaning in packets.
    pub(crate) fn binary(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let b'#' | b'$' | b'}' | b'*' = byte {
                self.byte(b'}');
                self.byte(byte ^ 0x20);
            } else {
                self.byte(byte);
            }
        }
    }

    /// Ends the packet and begins another one.
    pub(crate) fn next(&mut self) {
        self.end();
        self.output.write(b'$');
        self.sum = 0;
    }

    fn end(&mut self) {
        let sum = self.sum;
        self.output.write(b'#');
        self.digits(&[sum]);
    }

    /// Ends the packet and sends it.
    pub(crate) fn send(mut self) {
        self.end();
        self.output.flush();
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn receive(bytes: &[u8], room: usize) -> (Vec<Received>, Vec<u8>) {
        let mut buffer = std::vec![0; room];
        let mut receiver = Receiver::new();
        let all = bytes.iter().map(|&byte| receiver.take(byte, &mut buffer));
        (all.filter(|received| *received != Received::Nothing).collect(), buffer)
    }

    #[test]
    fn packets_are_whole_and_have_their_checksum() {
        let (received, buffer) = receive(b"+x$m10,2#2C+$OK#9a", 6);
        assert_eq!(received, [Received::Packet(5), Received::Packet(2)]);
        assert_eq!(&buffer, b"OK0,2\0");
        assert_eq!(receive(b"$OK#9b", 6).0, [Received::Damaged]);
        assert_eq!(receive(b"$OK#8a", 6).0, [Received::Damaged]);
        assert_eq!(receive(b"$OK#9g$OK#9a", 6).0, [Received::Damaged, Received::Packet(2)]);
        assert_eq!(receive(b"$#00", 6).0, [Received::Packet(0)]);
        assert_eq!(receive(b"$OK#9", 6).0, []);
        // Another packet begins behind the end of one only.
        assert_eq!(receive(b"$O$K#be", 6).0, [Received::Packet(3)]);
    }

    #[test]
    fn a_packet_fills_the_buffer_and_not_more() {
        assert_eq!(receive(b"$OK#9a", 2).0, [Received::Packet(2)]);
        let (received, buffer) = receive(b"$OK#9a$OK#9b", 1);
        assert_eq!(received, [Received::TooLong, Received::Damaged]);
        assert_eq!(buffer, b"O");
    }

    #[test]
    fn numbers_end_at_what_is_no_digit() {
        let mut args = Args(b"10,fFz");
        assert_eq!(args.two(16), Some((16, 255)));
        assert_eq!(args.0, b"z");
        assert_eq!(Args(b"10;12a").two(10), Some((10, 12)));
        assert_eq!(Args(b"ffffffffffffffff,0").two(16), Some((u64::MAX, 0)));
        for text in ["10000000000000000,0", "", "1", "1,", ",1", "a;1"] {
            assert_eq!(Args(text.as_bytes()).two(if text == "a;1" { 10 } else { 16 }), None);
        }
        assert_eq!(Args(b"18446744073709551615;1").two(10), Some((u64::MAX, 1)));
        assert_eq!(Args(b"18446744073709551616;1").two(10), None);
    }

    #[test]
    fn digits_become_bytes_where_they_lie() {
        let mut buffer = *b"M1:0aFf7";
        assert_eq!(decode(&mut buffer, 3, 7), Some(2));
        assert_eq!(&buffer[..2], &[0x0a, 0xff]);
        assert_eq!(decode(&mut b"0g".to_vec(), 0, 2), None);
        assert_eq!(decode(&mut b"00".to_vec(), 0, 4), None);
        assert_eq!(decode(&mut b"0a0f".to_vec(), 0, 3), Some(1));
        assert_eq!(decode(&mut b"00".to_vec(), 2, 1), None);
    }

    struct Kept(Vec<u8>);

    impl Output for Kept {
        fn write(&mut self, byte: u8) {
            self.0.push(byte);
        }
        fn flush(&mut self) {
            self.0.push(b'|');
        }
    }

    #[test]
    fn packets_are_sent_with_their_checksum() {
        let mut kept = Kept(Vec::new());
        let mut reply = Reply::new(&mut kept);
        reply.text(b"OK");
        reply.next();
        reply.digits(&[0x0f, 0xa0]);
        reply.binary(b"a#$}*");
        reply.send();
        let sum = b"0fa0a}\x03}\x04}]}\x0a".iter().fold(0u8, |sum, b| sum.wrapping_add(*b));
        let end = std::format!("#{sum:02x}|");
        assert_eq!(kept.0, [b"$OK#9a$0fa0a}\x03}\x04}]}\x0a", end.as_bytes()].concat());
        let mut kept = Kept(Vec::new());
        Reply::new(&mut kept).send();
        assert_eq!(kept.0, b"$#00|");
    }
}
