//! Requests, responses and events as bytes: the packets of WAMR's application framework. Numbers
//! have their highest byte first. docs/apps.md specifies them.

use core::fmt;

use zonda::{OutOfMemory, TryVec};

/// First byte of every packet.
const VERSION: u8 = 1;
/// Bytes before the URI of a request.
const REQUEST_HEAD: usize = 18;
/// Bytes before the payload of a response.
const RESPONSE_HEAD: usize = 16;

/// `action` of an event; other values are CoAP's methods.
pub const EVENT: u8 = 6;
/// CoAP's GET.
pub const GET: u8 = 1;
/// CoAP's POST.
pub const POST: u8 = 2;
/// CoAP's PUT.
pub const PUT: u8 = 3;
/// CoAP's DELETE.
pub const DELETE: u8 = 4;

/// `status` of a response where no resource has the URI: CoAP's 4.04.
pub const NOT_FOUND: u8 = 132;
/// `status` of a response where the application cannot take the request, or ended: CoAP's 5.03.
pub const UNAVAILABLE: u8 = 163;

/// `fmt` of an attribute container.
pub const ATTRIBUTES: u16 = 99;

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// Shorter than its head, or the head says another length.
    Length,
    /// The first byte is another version.
    Version,
    /// The URI is empty, does not end with NUL, contains one, or is no text.
    Uri,
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PacketError::Length => "expected a packet of the length that its head says",
            PacketError::Version => "expected version 1 of the packet",
            PacketError::Uri => "expected a URI that ends with NUL",
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A request, or an event if its action is [`EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Number that the sender gives it; the response has it too.
    pub mid: u32,
    /// Method.
    pub action: u8,
    /// Format of the payload.
    pub fmt: u16,
    /// Who sent it; the manager fills it in.
    pub sender: u32,
    /// URI.
    pub url: &'a str,
    /// Payload.
    pub payload: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Request<'a>, PacketError> {
        let short = PacketError::Length;
        let (head, rest) = bytes.split_at_checked(REQUEST_HEAD).ok_or(short)?;
        let &[version, action, ..] = head else { return Err(short) };
        if version != VERSION {
            return Err(PacketError::Version);
        }
        let url_len = half(head, 12).ok_or(short)?;
        let payload_len = word(head, 14).ok_or(short)?;
        let (url, payload) = rest.split_at_checked(url_len.into()).ok_or(short)?;
        if payload.len() != payload_len as usize {
            return Err(short);
        }
        let url = url.strip_suffix(&[0]).filter(|url| !url.is_empty() && !url.contains(&0));
        let url = core::str::from_utf8(url.ok_or(PacketError::Uri)?);
        Ok(Request {
            mid: word(head, 4).ok_or(short)?,
            action,
            fmt: half(head, 2).ok_or(short)?,
            sender: word(head, 8).ok_or(short)?,
            url: url.map_err(|_| PacketError::Uri)?,
            payload,
        })
    }

    /// The packet.
    ///
    /// # Errors
    /// No memory, or a URI of more than 65,534 bytes.
    pub fn pack(&self) -> Result<TryVec<u8>, OutOfMemory> {
        let url_len = u16::try_from(self.url.len() + 1).map_err(|_| OutOfMemory)?;
        let payload_len = u32::try_from(self.payload.len()).map_err(|_| OutOfMemory)?;
        let len = REQUEST_HEAD + usize::from(url_len) + self.payload.len();
        let mut bytes = TryVec::with_capacity(len)?;
        bytes.append(&[VERSION, self.action])?;
        bytes.append(&self.fmt.to_be_bytes())?;
        bytes.append(&self.mid.to_be_bytes())?;
        bytes.append(&self.sender.to_be_bytes())?;
        bytes.append(&url_len.to_be_bytes())?;
        bytes.append(&payload_len.to_be_bytes())?;
        bytes.append(self.url.as_bytes())?;
        bytes.push(0)?;
        bytes.append(self.payload)?;
        Ok(bytes)
    }

    /// Bytes of the packet.
    pub fn packed_len(&self) -> usize {
        REQUEST_HEAD + self.url.len() + 1 + self.payload.len()
    }
}

/// A response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// Number of the request.
    pub mid: u32,
    /// Code.
    pub status: u8,
    /// Format of the payload.
    pub fmt: u16,
    /// Who sent the request.
    pub receiver: u32,
    /// Payload.
    pub payload: &'a [u8],
}

impl<'a> Response<'a> {
    /// Reads a response.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Response<'a>, PacketError> {
        let short = PacketError::Length;
        let (head, payload) = bytes.split_at_checked(RESPONSE_HEAD).ok_or(short)?;
        let &[version, status, ..] = head else { return Err(short) };
        if version != VERSION {
            return Err(PacketError::Version);
        }
        if word(head, 12).ok_or(short)? as usize != payload.len() {
            return Err(short);
        }
        Ok(Response {
            mid: word(head, 4).ok_or(short)?,
            status,
            fmt: half(head, 2).ok_or(short)?,
            receiver: word(head, 8).ok_or(short)?,
            payload,
        })
    }

    /// The packet.
    ///
    /// # Errors
    /// No memory.
    pub fn pack(&self) -> Result<TryVec<u8>, OutOfMemory> {
        let payload_len = u32::try_from(self.payload.len()).map_err(|_| OutOfMemory)?;
        let mut bytes = TryVec::with_capacity(RESPONSE_HEAD + self.payload.len())?;
        bytes.append(&[VERSION, self.status])?;
        bytes.append(&self.fmt.to_be_bytes())?;
        bytes.append(&self.mid.to_be_bytes())?;
        bytes.append(&self.receiver.to_be_bytes())?;
        bytes.append(&payload_len.to_be_bytes())?;
        bytes.append(self.payload)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_those_of_the_specification() {
        let request =
            Request { mid: 7, action: PUT, fmt: 99, sender: 0x01020304, url: "/a", payload: b"xy" };
        let bytes = request.pack().unwrap();
        let expected = b"\x01\x03\x00\x63\0\0\0\x07\x01\x02\x03\x04\0\x03\0\0\0\x02/a\0xy";
        assert_eq!(&bytes[..], expected);
        assert_eq!(Request::parse(&bytes), Ok(request));
        assert_eq!(request.packed_len(), bytes.len());
        let response = Response { mid: 7, status: 69, fmt: 0, receiver: 9, payload: b"z" };
        let bytes = response.pack().unwrap();
        assert_eq!(&bytes[..], b"\x01\x45\0\0\0\0\0\x07\0\0\0\x09\0\0\0\x01z");
        assert_eq!(Response::parse(&bytes), Ok(response));
    }

    #[test]
    fn damaged_packets_are_refused() {
        let request = Request { mid: 1, action: GET, fmt: 0, sender: 0, url: "a", payload: b"p" };
        let bytes = request.pack().unwrap();
        for len in 0..bytes.len() {
            assert_eq!(Request::parse(&bytes[..len]), Err(PacketError::Length), "{len}");
        }
        let change = |at: usize, value: u8| {
            let mut bytes = bytes.to_vec();
            bytes[at] = value;
            Request::parse(&bytes).map(|_| ()).unwrap_err()
        };
        assert_eq!(change(0, 2), PacketError::Version);
        assert_eq!(change(13, 1), PacketError::Length);
        assert_eq!(change(19, b'b'), PacketError::Uri);
        assert_eq!(change(18, 0), PacketError::Uri);
        assert_eq!(change(18, 0xff), PacketError::Uri);
        assert_eq!(change(14, 0xff), PacketError::Length);
        let response = Response { mid: 1, status: 0, fmt: 0, receiver: 0, payload: b"p" };
        let bytes = response.pack().unwrap();
        for len in 0..bytes.len() {
            assert_eq!(Response::parse(&bytes[..len]), Err(PacketError::Length), "{len}");
        }
    }
}
