//! What applications have printed last, as a device keeps it: lines with the name of the
//! application before them, each byte at a position that rises.

use std::collections::VecDeque;
use std::string::String;
use std::sync::Mutex;
use std::vec::Vec;

use super::lock;

/// The text, up to a number of bytes.
pub struct Printed {
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ring: VecDeque<u8>,
    /// Of the byte that comes next.
    position: u64,
    /// Who has written last, and whether its line has not ended.
    writer: String,
    is_in_line: bool,
}

impl Printed {
    /// Keeps this many bytes.
    pub fn new(most: usize) -> Printed {
        Printed { most, state: Mutex::default() }
    }

    /// Appends what an application prints.
    pub fn append(&self, name: &str, text: &[u8]) {
        let state = &mut *lock(&self.state);
        if state.writer != name {
            if state.is_in_line {
                state.put(b"\n");
            }
            state.is_in_line = false;
            state.writer = name.into();
        }
        for part in text.split_inclusive(|&byte| byte == b'\n') {
            if !state.is_in_line {
                state.put(name.as_bytes());
                state.put(b": ");
            }
            state.put(part);
            state.is_in_line = part.last() != Some(&b'\n');
        }
        let excess = state.ring.len().saturating_sub(self.most);
        state.ring.drain(..excess);
    }

    /// At most `len` bytes from a position on, or from the oldest that is kept, and the position
    /// behind them.
    pub fn read(&self, from: u64, len: usize) -> (u64, Vec<u8>) {
        let state = lock(&self.state);
        let oldest = state.position - state.ring.len() as u64;
        let from = if from > state.position { oldest } else { from.max(oldest) };
        let skipped = (from - oldest) as usize;
        let bytes: Vec<u8> = state.ring.iter().skip(skipped).take(len).copied().collect();
        (from + bytes.len() as u64, bytes)
    }
}

impl State {
    fn put(&mut self, bytes: &[u8]) {
        self.ring.extend(bytes);
        self.position += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_names_and_old_ones_go() {
        let printed = Printed::new(20);
        printed.append("a", b"one");
        printed.append("b", b"two\n");
        assert_eq!(printed.read(0, 100), (14, b"a: one\nb: two\n".to_vec()));
        assert_eq!(printed.read(3, 3), (6, b"one".to_vec()));
        printed.append("b", b"three\n");
        assert_eq!(printed.read(0, 100), (23, b"one\nb: two\nb: three\n".to_vec()));
        // A position of a device that was reset meanwhile.
        assert_eq!(printed.read(99, 3).1, b"one");
    }
}
