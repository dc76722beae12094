//! Messages through a socket: the length, 4 bytes with the lowest first, and the bytes.

use std::io::{Error, ErrorKind, Read, Result, Write};

/// Longest message: the largest flash.
const MOST: u32 = 16 << 20;

pub fn send(to: &mut impl Write, bytes: &[u8]) -> Result<()> {
    let len = u32::try_from(bytes.len()).ok().filter(|&len| len <= MOST);
    let len = len.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the file is too large"))?;
    to.write_all(&len.to_le_bytes())?;
    to.write_all(bytes)
}

pub fn receive(from: &mut impl Read) -> Result<Vec<u8>> {
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    if len > MOST {
        return Err(Error::new(ErrorKind::InvalidData, "the message is too long"));
    }
    let mut bytes = vec![0; len as usize];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}
