//! `zonda device`: applications on a device with remote management, over SMP (docs/apps.md
//! specifies the group).
//!
//! - `link`: a UART or UDP
//! - `frames`: packets on a UART
//! - `smp`: requests and responses

mod frames;
mod link;
mod smp;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use ciborium::Value;
use clap::Args;
use sha2::{Digest, Sha256};
use zonda_manager::host::smp::command::*;
use zonda_manager::host::smp::Map;
use zonda_manager::packet::{Response, ATTRIBUTES};

use crate::apps::{
    attribute_payload, lines_of, show_record, show_response, AppCommand, METHODS, NO_RECORD,
};
use crate::failure::Failure;
use crate::input::read;
pub use frames::{frames, Frames};
use smp::{Client, Operation};

#[derive(Args)]
pub struct DeviceArgs {
    /// The device is at this UART
    #[arg(long, value_name = "PATH", conflicts_with = "udp", global = true)]
    port: Option<PathBuf>,
    /// Baud rate of the UART
    #[arg(long, value_name = "BAUD", default_value = "115200", global = true)]
    baud: u32,
    /// The device is at this address, HOST:PORT; mcumgr's port is 1337
    #[arg(long, value_name = "ADDRESS", global = true)]
    udp: Option<String>,
    /// CONFIG_ZONDA_APPS_SMP_GROUP of the firmware
    #[arg(long, value_name = "N", default_value = "74", global = true)]
    group: u16,
    /// Bytes of the device's buffers; CONFIG_MCUMGR_TRANSPORT_UART_MTU and _NETBUF_SIZE are at
    /// least this
    #[arg(long, value_name = "BYTES", default_value = "256", value_parser = clap::value_parser!(u16).range(160..=2048), global = true)]
    mtu: u16,
    /// Seconds to wait for a response
    #[arg(long, value_name = "SECONDS", default_value = "20", global = true)]
    timeout: u16,
    /// Break an installation off after so many bytes, to try how it continues
    #[arg(long, value_name = "BYTES", hide = true, global = true)]
    stop_after: Option<usize>,
    #[command(subcommand)]
    command: AppCommand,
}

/// An entry of a request.
fn entry(key: &str, value: impl Into<Value>) -> (Value, Value) {
    (Value::Text(key.into()), value.into())
}

/// The value of a key.
fn get<'m>(map: &'m Map, key: &str) -> Option<&'m Value> {
    map.iter().find(|(own, _)| own.as_text() == Some(key)).map(|(_, value)| value)
}

fn number(map: &Map, key: &str) -> Option<u64> {
    get(map, key)?.as_integer()?.try_into().ok()
}

pub fn device(args: &DeviceArgs) -> Result<(), Failure> {
    let timeout = Duration::from_secs(args.timeout.into());
    let link = match (&args.port, &args.udp) {
        (Some(port), _) => link::Link::uart(port, args.baud)?,
        (None, Some(address)) => link::Link::udp(address)?,
        (None, None) => {
            return Err(Failure::Input(
                "expected --port PATH or --udp HOST:PORT: where is the device?".into(),
            ))
        }
    };
    let mut client = Client::new(link, args.group, timeout);
    let mut by_name = |command, name: &String| {
        client.ask(Operation::Write, command, vec![entry("name", name.as_str())]).map(|_| ())
    };
    match &args.command {
        AppCommand::Start { name } => by_name(START, name),
        AppCommand::Stop { name } => by_name(STOP, name),
        AppCommand::Restart { name } => by_name(RESTART, name),
        AppCommand::Uninstall { name } => by_name(UNINSTALL, name),
        AppCommand::Confirm { name } => by_name(CONFIRM, name),
        AppCommand::Revert { name } => by_name(REVERT, name),
        AppCommand::List => list(&mut client),
        AppCommand::Info { name } => {
            for command in [INFO, LIMITS] {
                print(&client.ask(Operation::Read, command, vec![entry("name", name.as_str())])?);
            }
            Ok(())
        }
        AppCommand::Statistics => {
            print(&client.ask(Operation::Read, STATISTICS, Map::new())?);
            Ok(())
        }
        AppCommand::Log { name } => log(&mut client, name.as_deref()),
        AppCommand::Record { name } => record(&mut client, name),
        AppCommand::Install { file, allow_older } => {
            let package = read(file)?;
            install(&mut client, &package, *allow_older, args.mtu.into(), args.stop_after)
        }
        AppCommand::Request { url, method, attributes } => {
            let method = METHODS.iter().position(|own| own == method);
            let mut map = message(url, attributes)?;
            map.push(entry("method", method.unwrap_or(0) as u64 + 1));
            request(&mut client, map)
        }
        AppCommand::Publish { url, attributes } => {
            client.ask(Operation::Write, EVENT, message(url, attributes)?).map(|_| ())
        }
    }
}

/// Prints a response, a key on each line.
fn print(map: &Map) {
    for (key, value) in map {
        let text = match value {
            Value::Integer(number) => i128::from(*number).to_string(),
            Value::Text(text) => text.clone(),
            Value::Bool(is) => if *is { "yes" } else { "no" }.into(),
            Value::Array(numbers) => version(numbers),
            other => format!("{other:?}"),
        };
        println!("{}: {text}", key.as_text().unwrap_or("?"));
    }
}

fn version(numbers: &[Value]) -> String {
    let numbers = numbers.iter().filter_map(|number| number.as_integer());
    let numbers: Vec<String> = numbers.map(|number| i128::from(number).to_string()).collect();
    numbers.join(".")
}

fn list(client: &mut Client) -> Result<(), Failure> {
    let mut next = Some(0);
    while let Some(place) = next {
        let map = client.ask(Operation::Read, LIST, vec![entry("from", place)])?;
        let apps = get(&map, "apps").and_then(Value::as_array);
        for app in apps.into_iter().flatten().filter_map(Value::as_map) {
            let text = |key| get(app, key).and_then(Value::as_text).unwrap_or("?");
            let version = version(get(app, "ver").and_then(Value::as_array).map_or(&[], |v| v));
            let is_trial = get(app, "trial").and_then(Value::as_bool) == Some(true);
            let trial = if is_trial { ", on trial" } else { "" };
            println!("{:<16} {version} {}{trial}", text("name"), text("state"));
        }
        // A device that names the same place again would be asked for ever.
        next = number(&map, "next").filter(|&to| to > place);
    }
    Ok(())
}

/// Prints the log, or the lines of one application.
fn log(client: &mut Client, name: Option<&str>) -> Result<(), Failure> {
    let mut place = 0;
    let mut all = Vec::new();
    loop {
        let map = client.ask(Operation::Read, LOG, vec![entry("from", place)])?;
        let bytes = get(&map, "data").and_then(Value::as_bytes).map_or(&[][..], |bytes| bytes);
        if bytes.is_empty() {
            break;
        }
        all.extend(bytes);
        let next = number(&map, "next").filter(|&next| next > place);
        place = next.ok_or_else(|| Failure::Call("the device repeats its log".into()))?;
    }
    if let Some(name) = name {
        all = lines_of(name, &String::from_utf8_lossy(&all)).into_bytes();
    }
    let written = std::io::stdout().write_all(&all);
    written.map_err(|error| Failure::Call(error.to_string()))
}

/// Prints the record of an application's last trap.
fn record(client: &mut Client, name: &str) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    loop {
        let from = entry("from", bytes.len() as u64);
        let map = client.ask(Operation::Read, RECORD, vec![entry("name", name), from])?;
        let part = get(&map, "data").and_then(Value::as_bytes).map_or(&[][..], |bytes| bytes);
        bytes.extend(part);
        // One that was replaced meanwhile does not fit together: its checksum says so.
        if part.is_empty() || number(&map, "len").is_none_or(|len| bytes.len() as u64 >= len) {
            break;
        }
    }
    let text = show_record(&bytes).ok_or_else(|| Failure::Call(NO_RECORD.into()))?;
    print!("{text}");
    Ok(())
}

/// URL and payload of a request or an event.
fn message(url: &str, attributes: &[String]) -> Result<Map, Failure> {
    let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
    let payload = attribute_payload(&attributes).map_err(Failure::Input)?;
    let format = if payload.is_empty() { 0 } else { ATTRIBUTES };
    Ok(vec![
        entry("url", url),
        entry("format", u64::from(format)),
        entry("data", Value::Bytes(payload)),
    ])
}

fn request(client: &mut Client, map: Map) -> Result<(), Failure> {
    let map = client.ask(Operation::Write, REQUEST, map)?;
    let payload = get(&map, "data").and_then(Value::as_bytes).map_or(&[][..], |bytes| bytes);
    let field = |key| number(&map, key).and_then(|number| u16::try_from(number).ok());
    let (Some(code), Some(fmt)) = (field("code"), field("format")) else {
        return Err(Failure::Call("the response has no code or format".into()));
    };
    let status = code.min(255) as u8;
    print!("{}", show_response(&Response { mid: 0, status, fmt, receiver: 0, payload }));
    Ok(())
}

/// Sends a package in chunks that the device's buffers hold.
fn install(
    client: &mut Client,
    package: &[u8],
    allow_older: bool,
    mtu: usize,
    stop_after: Option<usize>,
) -> Result<(), Failure> {
    let name = zonda_manifest::find(package).and_then(|section| {
        zonda_manifest::Manifest::decode(section).ok().map(|manifest| manifest.name)
    });
    let name = name.ok_or_else(|| {
        Failure::Input("not a package: it has no manifest; `zonda pack` makes one".into())
    })?;
    let total = package.len();
    let first = vec![
        entry("name", name),
        entry("len", total as u64),
        entry("sha", Value::Bytes(Sha256::digest(package).to_vec())),
        entry("older", allow_older),
    ];
    let mut at = 0;
    let mut extra = first;
    let mut rejected = 0;
    while at < total {
        let head = |data: &[u8]| {
            let data = Value::Bytes(data.to_vec());
            let mut map = vec![entry("off", at as u64), entry("data", data)];
            map.extend(extra.iter().cloned());
            map
        };
        // What the request takes beside the data; the length of the data takes up to 3 bytes more.
        let room = mtu.saturating_sub(smp::packet_len(&head(&[])) + 3);
        let chunk = &package[at..total.min(at + room.max(16))];
        // A chunk that came already is not taken twice. The last one installs: the transfer is gone
        // then.
        let is_last = at + chunk.len() == total;
        let map = if is_last {
            client.ask(Operation::Write, UPLOAD, head(chunk))?
        } else {
            client.ask_again(Operation::Write, UPLOAD, head(chunk))?
        };
        let next = number(&map, "off").and_then(|next| usize::try_from(next).ok());
        let next = next.filter(|&next| next <= total).ok_or_else(|| {
            Failure::Call("the device does not say where the transfer continues".into())
        })?;
        rejected = if next == at { rejected + 1 } else { 0 };
        if rejected > 3 {
            return Err(Failure::Call(format!(
                "the device does not take what follows byte {at}: has it CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE \
                 and _UART_MTU of --mtu {mtu} at least?"
            )));
        }
        if at == 0 && next > chunk.len() {
            eprintln!("continues at byte {next}");
        }
        at = next;
        extra = Map::new();
        progress(name, at, total);
        if stop_after.is_some_and(|most| at >= most) {
            eprintln!("broken off at byte {at}");
            return Ok(());
        }
    }
    Ok(())
}

/// A bar on a terminal.
fn progress(name: &str, at: usize, total: usize) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let done = at * 40 / total.max(1);
    let end = if at == total { "\n" } else { "" };
    eprint!("\r{name} [{}{}] {at}/{total}{end}", "#".repeat(done), " ".repeat(40 - done));
}
