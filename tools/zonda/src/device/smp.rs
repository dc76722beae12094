//! Requests and responses of SMP, in its second version: a head of 8 bytes and a map in CBOR.

use std::time::{Duration, Instant};

use ciborium::Value;

use super::link::Link;
use crate::failure::Failure;
use zonda_manager::outcome;

const HEAD: usize = 8;
/// How often a request is sent that may be executed twice.
const ATTEMPTS: u32 = 4;
/// The version, in its bits of the first byte.
const VERSION_2: u8 = 1 << 3;

#[derive(Clone, Copy)]
pub enum Operation {
    Read = 0,
    Write = 2,
}

/// Asks a device, one request after the other.
pub struct Client {
    link: Link,
    group: u16,
    timeout: Duration,
    sequence: u8,
}

/// Errors of SMP itself.
const ERRORS: [&str; 14] = [
    "ok",
    "unknown error",
    "out of memory",
    "invalid request",
    "timeout",
    "no such entry",
    "state",
    "the response is larger than the device's buffers: CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE",
    "not supported: the firmware has no CONFIG_ZONDA_APPS_SMP, or another CONFIG_ZONDA_APPS_SMP_GROUP (--group)",
    "corrupt",
    "busy",
    "access denied",
    "protocol too old",
    "protocol too new",
];

fn body(map: &[(Value, Value)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a vector does not fail.
    let _ = ciborium::into_writer(&Value::Map(map.to_vec()), &mut bytes);
    bytes
}

/// Bytes of the packet with this map.
pub fn packet_len(map: &[(Value, Value)]) -> usize {
    HEAD + body(map).len()
}

impl Client {
    pub fn new(link: Link, group: u16, timeout: Duration) -> Client {
        Client { link, group, timeout, sequence: 0 }
    }

    /// Sends a request, and returns the response. A request to read is sent again where none comes.
    pub fn ask(
        &mut self,
        operation: Operation,
        command: u8,
        map: Vec<(Value, Value)>,
    ) -> Result<Vec<(Value, Value)>, Failure> {
        match operation {
            Operation::Read => self.ask_again(operation, command, map),
            Operation::Write => {
                let response = self.ask_in(self.timeout, operation, command, &map)?;
                response.ok_or_else(|| self.link.silence(packet_len(&map)))
            }
        }
    }

    /// The same for any request that may be executed twice: a UART that loses a byte loses a
    /// packet.
    pub fn ask_again(
        &mut self,
        operation: Operation,
        command: u8,
        map: Vec<(Value, Value)>,
    ) -> Result<Vec<(Value, Value)>, Failure> {
        for _ in 0..ATTEMPTS {
            let response = self.ask_in(self.timeout / ATTEMPTS, operation, command, &map)?;
            if let Some(response) = response {
                return Ok(response);
            }
        }
        Err(self.link.silence(packet_len(&map)))
    }

    /// Sends a request; None if no response comes in this time.
    fn ask_in(
        &mut self,
        timeout: Duration,
        operation: Operation,
        command: u8,
        map: &[(Value, Value)],
    ) -> Result<Option<Vec<(Value, Value)>>, Failure> {
        self.sequence = self.sequence.wrapping_add(1);
        let body = body(map);
        let len = u16::try_from(body.len())
            .map_err(|_| Failure::Input("the request has more than 65,535 bytes".into()))?;
        let mut packet = vec![operation as u8 | VERSION_2, 0];
        packet.extend(len.to_be_bytes());
        packet.extend(self.group.to_be_bytes());
        packet.extend([self.sequence, command]);
        packet.extend(body);
        self.link.send(&packet)?;
        let end = Instant::now() + timeout;
        while let Some(packet) = self.link.receive(end.saturating_duration_since(Instant::now()))? {
            // Responses to earlier requests come late.
            if let Some(map) = response(&packet, operation, self.sequence, command) {
                return refused(map).map(Some);
            }
        }
        Ok(None)
    }
}

/// The map of the response to a request; None for anything else.
fn response(
    packet: &[u8],
    operation: Operation,
    sequence: u8,
    command: u8,
) -> Option<Vec<(Value, Value)>> {
    let (head, body) = packet.split_at_checked(HEAD)?;
    let is_it = head[0] & 7 == operation as u8 + 1 && head[6..] == [sequence, command];
    let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let body = body.get(..len).filter(|_| is_it)?;
    ciborium::from_reader::<Value, _>(body).ok()?.into_map().ok()
}

/// The response, unless it is an error.
fn refused(map: Vec<(Value, Value)>) -> Result<Vec<(Value, Value)>, Failure> {
    let number = |map: &Vec<(Value, Value)>, key| {
        let number = super::number(map, key)?;
        usize::try_from(number).ok()
    };
    let text = |key| super::get(&map, key).and_then(Value::as_text);
    if let Some(error) = super::get(&map, "err").and_then(Value::as_map) {
        let result = number(error, "rc").unwrap_or(1);
        let name = outcome::TEXTS.get(result).copied().unwrap_or("error");
        return Err(Failure::Call(text("rsn").unwrap_or(name).to_owned()));
    }
    match number(&map, "rc") {
        None | Some(0) => Ok(map),
        Some(error) => {
            let name = ERRORS.get(error).copied().unwrap_or("unknown error");
            Err(Failure::Call(format!("SMP: {name} ({error})")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Map;
    use std::net::UdpSocket;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// Asks a device that answers with these packets, in which the sequence is filled in.
    fn asked(answers: Vec<Vec<u8>>) -> (Vec<u8>, Result<Map, Failure>) {
        let device = UdpSocket::bind("127.0.0.1:0").unwrap();
        let link = Link::udp(&device.local_addr().unwrap().to_string()).unwrap();
        let thread = std::thread::spawn(move || {
            let mut request = [0; 512];
            let (len, from) = device.recv_from(&mut request).unwrap();
            for answer in answers {
                device.send_to(&answer, from).unwrap();
            }
            request[..len].to_vec()
        });
        let mut client = Client::new(link, 74, Duration::from_millis(500));
        let result = client.ask(Operation::Write, 3, vec![(text("name"), text("a"))]);
        (thread.join().unwrap(), result)
    }

    fn packet(head: [u8; 8], map: &[(Value, Value)]) -> Vec<u8> {
        let body = body(map);
        let mut packet = head.to_vec();
        packet[2..4].copy_from_slice(&(body.len() as u16).to_be_bytes());
        packet.extend(body);
        packet
    }

    #[test]
    fn requests_and_responses_are_those_of_the_protocol() {
        let late = packet([0x0b, 0, 0, 0, 0, 74, 9, 3], &[(text("late"), Value::Bool(true))]);
        let other = packet([0x09, 0, 0, 0, 0, 74, 1, 3], &[(text("read"), Value::Bool(true))]);
        let right = packet([0x0b, 0, 0, 0, 0, 74, 1, 3], &[(text("off"), 7.into())]);
        let (request, result) = asked(vec![late, other, vec![1, 2], right]);
        assert_eq!(request, b"\x0a\0\0\x08\0\x4a\x01\x03\xa1\x64name\x61a");
        assert_eq!(super::super::number(&result.unwrap(), "off"), Some(7));
    }

    #[test]
    fn a_request_to_read_is_sent_again() {
        let device = UdpSocket::bind("127.0.0.1:0").unwrap();
        let link = Link::udp(&device.local_addr().unwrap().to_string()).unwrap();
        let thread = std::thread::spawn(move || {
            let mut request = [0; 512];
            let (first, _) = device.recv_from(&mut request).unwrap();
            let (second, from) = device.recv_from(&mut request).unwrap();
            let head = [0x09, 0, 0, 0, 0, 74, request[6], request[7]];
            device.send_to(&packet(head, &[(text("off"), 7.into())]), from).unwrap();
            (first, second)
        });
        let mut client = Client::new(link, 74, Duration::from_secs(2));
        let result = client.ask(Operation::Read, 0, Vec::new()).unwrap();
        assert_eq!(super::super::number(&result, "off"), Some(7));
        assert_eq!(thread.join().unwrap(), (9, 9));
    }

    #[test]
    fn errors_have_their_reason() {
        let head = [0x0b, 0, 0, 0, 0, 74, 1, 3];
        let err = |rc: u64| (text("err"), Value::Map(vec![(text("rc"), rc.into())]));
        let failure =
            |map: &[(Value, Value)]| asked(vec![packet(head, map)]).1.unwrap_err().to_string();
        assert_eq!(failure(&[err(5), (text("rsn"), text("why"))]), "why");
        assert_eq!(failure(&[err(13)]), "no room in the flash");
        assert!(failure(&[(text("rc"), 8.into())]).contains("not supported"));
        assert!(asked(Vec::new()).1.unwrap_err().to_string().contains("no response"));
    }
}
