//! Remote management of a host: the SMP group of applications as docs/apps.md specifies it, over
//! the same manager. `zephyr/zonda_apps_smp.c` is its counterpart on Zephyr; clients are tested
//! against both.
//!
//! [`Server::answer`] takes a packet and returns one: how packets come and go is the caller's.

use std::string::String;
use std::vec;
use std::vec::Vec;

use ciborium::Value;
use sha2::{Digest, Sha256};

use super::{Printed, Running};
use crate::outcome::{self, HASH, INVALID, TIMEOUT, TRANSFER, UNKNOWN};
use crate::packet::{Request, GET};
use crate::{Info, InstallOptions, RequestError, Transfer};

/// Default number of the group.
pub const GROUP: u16 = 74;

/// Commands of the group.
pub mod command {
    #![allow(missing_docs)]
    pub const LIST: u8 = 0;
    pub const INFO: u8 = 1;
    pub const UPLOAD: u8 = 2;
    pub const START: u8 = 3;
    pub const STOP: u8 = 4;
    pub const RESTART: u8 = 5;
    pub const UNINSTALL: u8 = 6;
    pub const CONFIRM: u8 = 7;
    pub const REVERT: u8 = 8;
    pub const REQUEST: u8 = 9;
    pub const EVENT: u8 = 10;
    pub const LOG: u8 = 11;
    pub const STATISTICS: u8 = 12;
    pub const LIMITS: u8 = 13;
    pub const RECORD: u8 = 14;
}

use command::*;

/// Bytes before the map of a packet.
const HEAD: usize = 8;
const READ: u8 = 0;
const WRITE: u8 = 2;
/// Errors of SMP itself.
const SMP_INVALID: u16 = 3;
const SMP_UNSUPPORTED: u16 = 8;
const SMP_TOO_OLD: u16 = 12;
/// Applications in one response to LIST, and bytes in one to LOG or RECORD, as on a device.
const LIST_PART: usize = 4;
const LOG_PART: usize = 192;
/// Longest wait for the response to a request.
const MOST_WAIT_MS: u64 = 5_000;

/// Keys and values of a packet.
pub type Map = Vec<(Value, Value)>;

/// Why a command has no response of success.
enum Refused {
    /// SMP's own number.
    Smp(u16),
    /// The group's number, and why.
    Group(i32, String),
}

type Answer = Result<Map, Refused>;

/// A package that is coming.
struct Incoming {
    transfer: Transfer,
    name: String,
    len: u32,
    sha: [u8; 32],
    has_come: Sha256,
    allow_older: bool,
}

/// Executes requests, one after the other.
pub struct Server<'m> {
    manager: &'m Running,
    printed: &'m Printed,
    group: u16,
    incoming: Option<Incoming>,
}

impl<'m> Server<'m> {
    /// A server for this manager, and what its applications have printed.
    pub fn new(manager: &'m Running, printed: &'m Printed, group: u16) -> Server<'m> {
        Server { manager, printed, group, incoming: None }
    }

    /// The response to a packet; None for what is none, which gets none.
    pub fn answer(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let (&[first, _, len1, len2, group1, group2, sequence, command], body) =
            packet.split_first_chunk::<HEAD>()?;
        let body = body.get(..usize::from(u16::from_be_bytes([len1, len2])))?;
        let group = u16::from_be_bytes([group1, group2]);
        let (operation, version) = (first & 7, first >> 3 & 3);
        if operation != READ && operation != WRITE {
            return None;
        }
        let map = ciborium::from_reader::<Value, _>(body).ok().and_then(|map| map.into_map().ok());
        let answer = match map {
            _ if group != self.group => Err(Refused::Smp(SMP_UNSUPPORTED)),
            _ if version == 0 => Err(Refused::Smp(SMP_TOO_OLD)),
            None => Err(Refused::Smp(SMP_INVALID)),
            Some(map) => self.execute(operation, command, &map),
        };
        let map = answer.unwrap_or_else(|refused| match refused {
            Refused::Smp(number) => vec![entry("rc", number)],
            Refused::Group(number, why) => vec![
                entry("err", Value::Map(vec![entry("group", group), entry("rc", number)])),
                entry("rsn", why),
            ],
        });
        let mut body = Vec::new();
        ciborium::into_writer(&Value::Map(map), &mut body).ok()?;
        let len = u16::try_from(body.len()).ok()?.to_be_bytes();
        let head = [first + 1, 0, len[0], len[1], group1, group2, sequence, command];
        Some([&head[..], &body].concat())
    }

    fn execute(&mut self, operation: u8, command: u8, map: &Map) -> Answer {
        let manager = self.manager;
        match (operation, command) {
            (READ, LIST) => self.list(map),
            (READ, INFO) => find(manager, map).map(|info| self.describe(&info)),
            (READ, LIMITS) => find(manager, map).map(|info| limits(&info)),
            (WRITE, UPLOAD) => {
                let done = self.upload(map);
                if matches!(done, Err(Refused::Group(..))) {
                    self.give_up();
                }
                done
            }
            (WRITE, START) => done(manager.start(name(map)?)),
            (WRITE, STOP) => done(manager.stop(name(map)?)),
            (WRITE, RESTART) => done(manager.restart(name(map)?)),
            (WRITE, UNINSTALL) => done(manager.uninstall(name(map)?)),
            (WRITE, CONFIRM) => done(manager.confirm(name(map)?)),
            (WRITE, REVERT) => done(manager.revert(name(map)?)),
            (WRITE, REQUEST) => self.request(map),
            (WRITE, EVENT) => {
                let (url, fmt, payload) = message(map)?;
                manager.publish(url, fmt, payload);
                Ok(Map::new())
            }
            (READ, LOG) => {
                let (next, text) = self.printed.read(number(map, "from")?.unwrap_or(0), LOG_PART);
                Ok(vec![entry("next", next), entry("data", Value::Bytes(text))])
            }
            (READ, STATISTICS) => self.statistics(),
            (READ, RECORD) => self.record(map),
            _ => Err(Refused::Smp(SMP_UNSUPPORTED)),
        }
    }

    fn list(&self, map: &Map) -> Answer {
        let from = number(map, "from")?.unwrap_or(0) as usize;
        let mut apps = Vec::new();
        let mut slot = from;
        while slot < self.manager.slots() && apps.len() < LIST_PART {
            if let Some(info) = self.manager.info_at(slot) {
                apps.push(Value::Map(head(&info)));
            }
            slot += 1;
        }
        let mut answer = vec![entry("apps", Value::Array(apps))];
        if slot < self.manager.slots() {
            answer.push(entry("next", slot as u64));
        }
        Ok(answer)
    }

    fn describe(&self, info: &Info) -> Map {
        let mut map = head(info);
        let statistics = &info.statistics;
        map.extend([
            entry("security", info.security_version),
            entry("queued", info.queued as u64),
            entry("registered", info.subscriptions as u64),
            entry("requests", info.requests as u64),
            entry("events", statistics.events),
            entry("lost", statistics.dropped),
            entry("most_fuel", statistics.most_fuel),
            entry("restarts", statistics.restarts),
        ]);
        if let Some(at) = info.restart_at {
            let now = crate::Platform::now(self.manager.platform());
            map.push(entry("restart_in", at.saturating_sub(now)));
        }
        if let Some(why) = info.failure.as_ref().or(info.reverted.as_ref()) {
            map.push(entry("failure", std::format!("{why}")));
        }
        map
    }

    /// A part of the record of an application's last trap.
    fn record(&self, map: &Map) -> Answer {
        let from = number(map, "from")?.unwrap_or(0) as usize;
        let part = |record: &[u8]| {
            let rest = record.get(from..).unwrap_or(&[]);
            let part = rest.get(..LOG_PART).unwrap_or(rest);
            vec![entry("len", record.len() as u64), entry("data", Value::Bytes(part.to_vec()))]
        };
        let unknown = || Refused::Group(UNKNOWN, outcome::TEXTS[UNKNOWN as usize].into());
        self.manager.trap_record(name(map)?, part).ok_or_else(unknown)
    }

    fn statistics(&self) -> Answer {
        let usage = self.manager.usage().map_err(refused)?;
        Ok(vec![
            entry("flash", usage.total),
            entry("flash_free", usage.free),
            entry("flash_largest", usage.largest),
            entry("erases", usage.erases),
            entry("dir_erases", usage.directory_erases),
            entry("places", self.manager.slots() as u64),
        ])
    }

    fn request(&self, map: &Map) -> Answer {
        let (url, fmt, payload) = message(map)?;
        let action = number(map, "method")?.unwrap_or(GET.into());
        let action = u8::try_from(action).map_err(|_| Refused::Smp(SMP_INVALID))?;
        let wait = number(map, "timeout")?.unwrap_or(2_000).min(MOST_WAIT_MS) as u32;
        let request = Request { mid: 0, action, fmt, sender: 0, url, payload };
        let answer = self.manager.request(&request, wait, |response| {
            vec![
                entry("code", response.status),
                entry("format", response.fmt),
                entry("data", Value::Bytes(response.payload.to_vec())),
            ]
        });
        answer.map_err(|error| {
            let number = match error {
                RequestError::Timeout => TIMEOUT,
                RequestError::OutOfMemory => outcome::OUT_OF_MEMORY,
            };
            Refused::Group(number, std::format!("{error}"))
        })
    }

    fn give_up(&mut self) {
        if let Some(incoming) = self.incoming.take() {
            self.manager.abort(incoming.transfer);
        }
    }

    /// A chunk of a package. The first one begins the transfer, or says where it continues; the
    /// last one installs.
    fn upload(&mut self, map: &Map) -> Answer {
        let offset = number(map, "off")?.ok_or(Refused::Smp(SMP_INVALID))?;
        let data = bytes(map, "data")?.unwrap_or(&[]);
        if offset == 0 {
            self.begin(map)?;
        }
        let missing = || {
            let text = outcome::TEXTS[TRANSFER as usize];
            Refused::Group(TRANSFER, text.into())
        };
        let incoming = self.incoming.as_mut().ok_or_else(missing)?;
        let at = incoming.transfer.written();
        // Data of another offset is not taken: the response says where the transfer is.
        if u64::from(at) != offset {
            return Ok(vec![entry("off", at)]);
        }
        self.manager.write(&mut incoming.transfer, data).map_err(refused)?;
        incoming.has_come.update(data);
        let at = incoming.transfer.written();
        if at == incoming.len {
            let incoming = self.incoming.take().ok_or_else(missing)?;
            if incoming.has_come.finalize()[..] != incoming.sha {
                self.manager.abort(incoming.transfer);
                return Err(Refused::Group(HASH, outcome::TEXTS[HASH as usize].into()));
            }
            let options = InstallOptions { allow_older: incoming.allow_older };
            self.manager.finish(incoming.transfer, options).map_err(refused)?;
        }
        Ok(vec![entry("off", at)])
    }

    fn begin(&mut self, map: &Map) -> Result<(), Refused> {
        let len = number(map, "len")?.and_then(|len| u32::try_from(len).ok());
        let len = len.filter(|&len| len != 0);
        let sha = bytes(map, "sha")?.and_then(|sha| <[u8; 32]>::try_from(sha).ok());
        let (Ok(name), Some(len), Some(sha)) = (name(map), len, sha) else {
            let why = "the first chunk has a name, a length, and a hash of 32 bytes";
            return Err(Refused::Group(INVALID, why.into()));
        };
        let is_same = |old: &Incoming| old.name == name && old.len == len && old.sha == sha;
        if self.incoming.as_ref().is_some_and(is_same) {
            return Ok(());
        }
        self.give_up();
        self.incoming = Some(Incoming {
            transfer: self.manager.begin(name, len).map_err(refused)?,
            name: name.into(),
            len,
            sha,
            has_come: Sha256::new(),
            allow_older: get(map, "older").and_then(Value::as_bool).unwrap_or(false),
        });
        Ok(())
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// An entry of a map.
fn entry(key: &str, value: impl Into<Value>) -> (Value, Value) {
    (Value::Text(key.into()), value.into())
}

/// The value of a key.
fn get<'a>(map: &'a Map, key: &str) -> Option<&'a Value> {
    map.iter().find(|(own, _)| own.as_text() == Some(key)).map(|(_, value)| value)
}

/// A number, where the key is there.
fn number(map: &Map, key: &str) -> Result<Option<u64>, Refused> {
    let Some(value) = get(map, key) else { return Ok(None) };
    let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
    number.map(Some).ok_or(Refused::Smp(SMP_INVALID))
}

/// Bytes, where the key is there.
fn bytes<'a>(map: &'a Map, key: &str) -> Result<Option<&'a [u8]>, Refused> {
    let Some(value) = get(map, key) else { return Ok(None) };
    value.as_bytes().map(|bytes| Some(&bytes[..])).ok_or(Refused::Smp(SMP_INVALID))
}

fn name(map: &Map) -> Result<&str, Refused> {
    get(map, "name").and_then(Value::as_text).ok_or(Refused::Smp(SMP_INVALID))
}

/// URL, format and payload of a request or an event.
fn message(map: &Map) -> Result<(&str, u16, &[u8]), Refused> {
    let invalid = || Refused::Smp(SMP_INVALID);
    let url = get(map, "url").and_then(Value::as_text).filter(|url| !url.is_empty());
    let url = url.filter(|url| url.len() < 128 && !url.contains('\0')).ok_or_else(invalid)?;
    let fmt = number(map, "format")?.unwrap_or(0);
    let fmt = u16::try_from(fmt).map_err(|_| invalid())?;
    Ok((url, fmt, bytes(map, "data")?.unwrap_or(&[])))
}

fn find(manager: &Running, map: &Map) -> Result<Info, Refused> {
    let unknown = || Refused::Group(UNKNOWN, outcome::TEXTS[UNKNOWN as usize].into());
    manager.info(name(map)?).ok_or_else(unknown)
}

/// Name, version and state.
fn head(info: &Info) -> Map {
    let version = info.version.0.iter().map(|&number| number.into()).collect();
    vec![
        entry("name", info.name.as_str()),
        entry("ver", Value::Array(version)),
        entry("state", info.state.name()),
        entry("trial", info.trial),
    ]
}

fn limits(info: &Info) -> Map {
    let limits = &info.limits;
    vec![
        entry("memory", limits.memory),
        entry("stack", limits.stack),
        entry("heap", limits.heap),
        entry("queue", limits.queue),
        entry("fuel", limits.fuel),
        entry("event_ms", limits.event_ms),
        entry("thread_stack", limits.thread_stack),
        entry("priority", limits.priority),
    ]
}

fn refused(error: crate::Error<std::io::ErrorKind>) -> Refused {
    Refused::Group(error.number(), std::format!("{error}"))
}

fn done(result: Result<(), crate::Error<std::io::ErrorKind>>) -> Answer {
    result.map(|()| Map::new()).map_err(refused)
}
