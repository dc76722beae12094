//! Requests, responses and events as packets (docs/apps.md). Numbers have their highest byte first.

use alloc::vec::Vec;

use crate::attributes::{Attributes, Values};

const VERSION: u8 = 1;
const REQUEST_HEAD: usize = 18;
const RESPONSE_HEAD: usize = 16;
pub(crate) const EVENT: u8 = 6;
/// Format of an attribute container.
const ATTRIBUTES: u16 = 99;

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Method {
    Get = 1,
    Post = 2,
    Put = 3,
    Delete = 4,
}

/// A request or an event that has come.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub(crate) action: u8,
    pub(crate) mid: u32,
    pub(crate) sender: u32,
    /// The URL.
    pub url: &'a str,
    /// Format of the payload.
    pub format: u16,
    /// The payload.
    pub payload: &'a [u8],
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl<'a> Request<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Request<'a>> {
        let (head, rest) = bytes.split_at_checked(REQUEST_HEAD)?;
        let (url, payload) = rest.split_at_checked(half(head, 12)?.into())?;
        Some(Request {
            action: head[1],
            format: half(head, 2)?,
            mid: word(head, 4)?,
            sender: word(head, 8)?,
            url: core::str::from_utf8(url.strip_suffix(&[0])?).ok()?,
            payload,
        })
    }

    /// The method; None for another one than CoAP's four.
    pub fn method(&self) -> Option<Method> {
        [Method::Get, Method::Post, Method::Put, Method::Delete]
            .into_iter()
            .find(|method| *method as u8 == self.action)
    }

    /// The attributes of the payload; none if it is no attribute container.
    pub fn values(&self) -> Values<'a> {
        Values::of(self.format == ATTRIBUTES, self.payload)
    }
}

/// The packet of a request or an event.
pub(crate) fn request(action: u8, mid: u32, url: &str, format: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(REQUEST_HEAD + url.len() + 1 + payload.len());
    packet.extend_from_slice(&[VERSION, action]);
    packet.extend_from_slice(&format.to_be_bytes());
    packet.extend_from_slice(&mid.to_be_bytes());
    // The manager writes the sender.
    packet.extend_from_slice(&[0; 4]);
    packet.extend_from_slice(&(url.len() as u16 + 1).to_be_bytes());
    packet.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    packet.extend_from_slice(url.as_bytes());
    packet.push(0);
    packet.extend_from_slice(payload);
    packet
}

/// Format and bytes of a payload of attributes.
pub(crate) fn payload(attributes: Option<&Attributes>) -> (u16, &[u8]) {
    attributes.map_or((0, &[]), |attributes| (ATTRIBUTES, attributes.bytes()))
}

/// A response: one that has come, or the answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// CoAP's code: 69 is 2.05.
    pub code: u8,
    /// Format of the payload.
    pub format: u16,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Response {
    /// 2.05 with attributes.
    pub fn content(attributes: &Attributes) -> Response {
        Response { code: 69, format: ATTRIBUTES, payload: attributes.bytes().into() }
    }

    /// 2.05 with a text.
    pub fn text(text: &str) -> Response {
        Response { code: 69, format: 0, payload: text.as_bytes().into() }
    }

    /// A code without a payload.
    pub fn code(code: u8) -> Response {
        Response { code, format: 0, payload: Vec::new() }
    }

    /// The attributes of the payload; none if it is no attribute container.
    pub fn values(&self) -> Values<'_> {
        Values::of(self.format == ATTRIBUTES, &self.payload)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<(u32, Response)> {
        let (head, payload) = bytes.split_at_checked(RESPONSE_HEAD)?;
        let (code, format) = (head[1], half(head, 2)?);
        Some((word(head, 4)?, Response { code, format, payload: payload.into() }))
    }

    pub(crate) fn packet(&self, to: &Request<'_>) -> Vec<u8> {
        let mut packet = Vec::with_capacity(RESPONSE_HEAD + self.payload.len());
        packet.extend_from_slice(&[VERSION, self.code]);
        packet.extend_from_slice(&self.format.to_be_bytes());
        packet.extend_from_slice(&to.mid.to_be_bytes());
        packet.extend_from_slice(&to.sender.to_be_bytes());
        packet.extend_from_slice(&(self.payload.len() as u32).to_be_bytes());
        packet.extend_from_slice(&self.payload);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_those_of_the_specification() {
        let packet = request(3, 7, "/a", 99, b"xy");
        assert_eq!(packet, b"\x01\x03\x00\x63\0\0\0\x07\0\0\0\0\0\x03\0\0\0\x02/a\0xy");
        let request = Request::parse(&packet).unwrap();
        assert_eq!((request.url, request.payload, request.mid), ("/a", &b"xy"[..], 7));
        assert_eq!(request.method(), Some(Method::Put));
        let response = Response::text("z");
        let packet = response.packet(&Request { sender: 9, ..request });
        assert_eq!(packet, b"\x01\x45\0\0\0\0\0\x07\0\0\0\x09\0\0\0\x01z");
        assert_eq!(Response::parse(&packet), Some((7, response)));
        for len in 0..21 {
            assert!(Request::parse(&packet[..len.min(packet.len())]).is_none(), "{len}");
        }
    }
}
