//! The manager over a folder, and the commands.

use std::fmt::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zonda_manager::attributes::{Attributes, Builder, Value};
use zonda_manager::host::devices::Settings;
use zonda_manager::host::{Event, HostFlash, Options, Printed, Running};
use zonda_manager::packet::{Request, Response, ATTRIBUTES};
use zonda_manager::{Info, InstallOptions, Platform, Policy, State, Unsigned};
use zonda_signature::keys::OwnedPublicKey;
use zonda_storage::Geometry;

use super::{lines_of, remote, socket, wire, ServeArgs, METHODS};
use crate::failure::Failure;
use crate::input::read;

/// Bytes of a sector of the flash.
const SECTOR: u32 = 4096;
/// Bytes that are kept of what applications print.
const PRINTED: usize = 64 * 1024;
/// How long a request waits for its response.
const REQUEST_MS: u32 = 10_000;

pub fn serve(dir: &Path, args: &ServeArgs) -> Result<(), Failure> {
    let input = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::Input(format!("{}: {error}", path.display()))
    };
    std::fs::create_dir_all(dir).map_err(|error| input(dir, &error))?;
    let path = dir.join("flash");
    // A flash that is there keeps its size.
    let existing = std::fs::metadata(&path).map(|data| data.len()).unwrap_or(0);
    let bytes = if existing == 0 { u64::from(args.flash) * 1024 } else { existing };
    let sectors = u16::try_from(bytes / u64::from(SECTOR)).unwrap_or(u16::MAX);
    let geometry = Geometry { sector_size: SECTOR, sectors, write_size: 4, directory_sectors: 4 };
    let flash = HostFlash::file(&path, &geometry).map_err(|error| input(&path, &error))?;
    let mut keys = Vec::new();
    for path in &args.key {
        let key = OwnedPublicKey::from_pem(&String::from_utf8_lossy(&read(path)?));
        let key = key.map_err(|error| input(path, &error))?;
        keys.push((key.as_key().algorithm, key.as_key().bytes.to_vec()));
    }
    let grants: Vec<&'static str> = zonda_manager::capability_names()
        .filter(|name| args.grant.is_empty() || args.grant.iter().any(|grant| grant == name))
        .collect();
    let is_open = keys.is_empty() || args.allow_unsigned;
    let policy = Policy {
        unsigned: if is_open { Unsigned::Verified } else { Unsigned::Refused },
        // Once for the process.
        grants: Vec::leak(grants),
        trial_ms: args.trial.saturating_mul(1000),
    };
    let printed = Arc::new(Printed::new(PRINTED));
    let told = printed.clone();
    // Of what was printed: the place up to which it was shown.
    let shown = Mutex::new(0);
    let options = Options {
        keys,
        policy,
        slots: args.slots.into(),
        sensors: args.sensor.clone(),
        devices: args.device.clone(),
        settings: Settings::Folder(dir.join("settings")),
        events: Box::new(move |name, event| match event {
            Event::Printed(text) => {
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                told.append(name, text);
                let (next, text) = told.read(*shown, PRINTED);
                *shown = next;
                print!("{}", String::from_utf8_lossy(&text));
            }
            Event::State(state, None) => println!("{name} is {state}"),
            Event::State(state, Some(why)) => println!("{name} is {state}: {why}"),
            Event::Published(_) => {}
        }),
    };
    let path = socket(dir);
    // One that nobody listens on was left over.
    if UnixStream::connect(&path).is_ok() {
        return Err(input(&path, &"a manager runs here already"));
    }
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).map_err(|error| input(&path, &error))?;
    let manager = Running::start(flash, geometry, options)
        .map_err(|error| input(&dir.join("flash"), &error))?;
    let udp = args.udp.as_deref().map(remote::udp).transpose()?;
    let uart = args.uart.then(remote::uart).transpose()?;
    println!("listening at {}", path.display());
    if let Some(address) = udp.as_ref().and_then(|socket| socket.local_addr().ok()) {
        println!("UDP: {address}");
    }
    if let Some(uart) = &uart {
        println!("UART: {}", uart.name);
    }
    std::thread::scope(|scope| {
        let (manager, printed) = (&manager, &*printed);
        if let Some(socket) = &udp {
            scope.spawn(move || remote::serve_udp(socket, manager, printed));
        }
        if let Some(uart) = &uart {
            scope.spawn(move || remote::serve_uart(uart, manager, printed));
        }
        for stream in listener.incoming().flatten() {
            scope.spawn(move || answer(stream, manager, printed));
        }
    });
    Ok(())
}

/// Executes the command of a connection.
fn answer(mut stream: UnixStream, manager: &Running, printed: &Printed) {
    // A client that says nothing does not hold a thread for ever.
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let (Ok(words), Ok(data)) = (wire::receive(&mut stream), wire::receive(&mut stream)) else {
        return;
    };
    let words = String::from_utf8_lossy(&words);
    let words: Vec<&str> = words.split('\0').collect();
    let (status, text) = match execute(&words, &data, manager, printed) {
        Ok(text) => (0, text),
        Err(text) => (1, text),
    };
    let _ = wire::send(&mut stream, &[&[status], text.as_bytes()].concat());
}

fn execute(
    words: &[&str],
    data: &[u8],
    manager: &Running,
    printed: &Printed,
) -> Result<String, String> {
    let done = |result: Result<(), zonda_manager::Error<std::io::ErrorKind>>| {
        result.map(|()| String::new()).map_err(|error| error.to_string())
    };
    match *words {
        ["install", how] => {
            let allow_older = how == "allow-older";
            done(manager.install(data, InstallOptions { allow_older }))
        }
        ["start", name] => done(manager.start(name)),
        ["stop", name] => done(manager.stop(name)),
        ["restart", name] => done(manager.restart(name)),
        ["uninstall", name] => done(manager.uninstall(name)),
        ["confirm", name] => done(manager.confirm(name)),
        ["revert", name] => done(manager.revert(name)),
        ["list"] => list(manager),
        ["info", name] => {
            let info = manager.info(name).ok_or("no application has this name")?;
            Ok(describe(&info, manager))
        }
        ["log", ref names @ ..] => {
            let (_, text) = printed.read(0, PRINTED);
            let text = String::from_utf8_lossy(&text).into_owned();
            let Some(name) = names.first() else { return Ok(text) };
            manager.info(name).ok_or("no application has this name")?;
            Ok(lines_of(name, &text))
        }
        ["record", name] => {
            let shown = manager.trap_record(name, record);
            shown.ok_or("no application has this name")?.ok_or_else(|| NO_RECORD.into())
        }
        ["statistics"] => statistics(manager),
        ["request", method, url, ref attributes @ ..] => {
            let action = METHODS.iter().position(|name| *name == method);
            let action = action.ok_or("unknown method")? as u8 + 1;
            let payload = payload(attributes)?;
            let fmt = if payload.is_empty() { 0 } else { ATTRIBUTES };
            let request = Request { mid: 0, action, fmt, sender: 0, url, payload: &payload };
            let answer = manager.request(&request, REQUEST_MS, show);
            answer.map_err(|error| format!("{url}: {error}"))
        }
        ["publish", url, ref attributes @ ..] => {
            let payload = payload(attributes)?;
            let fmt = if payload.is_empty() { 0 } else { ATTRIBUTES };
            manager.publish(url, fmt, &payload);
            Ok(String::new())
        }
        _ => Err("unknown command: is this the same version of zonda?".into()),
    }
}

/// What is said of an application that has not trapped.
pub const NO_RECORD: &str = "no trap of the application was recorded";

/// A trap record as lines that `zonda postmortem` reads; `None` where it is empty.
pub fn record(bytes: &[u8]) -> Option<String> {
    let lines = zonda_symbols::record::lines(bytes).map(|line| line + "\n");
    Some(lines.collect::<String>()).filter(|text| !text.is_empty())
}

fn statistics(manager: &Running) -> Result<String, String> {
    let usage = manager.usage().map_err(|error| error.to_string())?;
    let mut text = String::new();
    for (name, number) in [
        ("flash", usage.total),
        ("flash_free", usage.free),
        ("flash_largest", usage.largest),
        ("erases", usage.erases),
        ("dir_erases", usage.directory_erases),
        ("places", manager.slots() as u32),
    ] {
        let _ = writeln!(text, "{name}: {number}");
    }
    Ok(text)
}

fn list(manager: &Running) -> Result<String, String> {
    let mut text = String::new();
    manager.list(|info| {
        let trial = if info.trial { ", on trial" } else { "" };
        let why = info.failure.as_ref().map_or(String::new(), |why| format!(": {why}"));
        let _ =
            writeln!(text, "{} {} {}{trial}{why}", info.name.as_str(), info.version, info.state);
    });
    let usage = manager.usage().map_err(|error| error.to_string())?;
    let _ = writeln!(text, "{} of {} bytes of flash are free", usage.free, usage.total);
    Ok(text)
}

fn describe(info: &Info, manager: &Running) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name}: {value}");
    };
    line("name", info.name.as_str().into());
    line("version", info.version.to_string());
    line("security version", info.security_version.to_string());
    line("state", info.state.to_string());
    if info.trial {
        line("on trial", "the version before it comes back if it fails".into());
    }
    if let Some(why) = &info.failure {
        line(
            if info.state == State::Failed { "failure" } else { "when it stopped" },
            why.to_string(),
        );
    }
    if let Some(why) = &info.reverted {
        line("update taken back", why.to_string());
    }
    if let Some(at) = info.restart_at {
        let left = at.saturating_sub(manager.platform().now());
        line("restarts in", format!("{left} ms"));
    }
    let statistics = &info.statistics;
    line("events", statistics.events.to_string());
    line("restarts", statistics.restarts.to_string());
    line("messages lost", statistics.dropped.to_string());
    line("queue", format!("{} of {}", info.queued, info.limits.queue));
    line("subscriptions", format!("{} of {}", info.subscriptions, info.limits.subscriptions));
    line("requests that wait", format!("{} of {}", info.requests, info.limits.requests));
    line("most fuel for an event", format!("{} of {}", statistics.most_fuel, info.limits.fuel));
    for (name, limit) in [
        ("memory", info.limits.memory),
        ("stack", info.limits.stack),
        ("heap", info.limits.heap),
        ("time for an event in ms", info.limits.event_ms),
    ] {
        line(name, limit.to_string());
    }
    text
}

/// An attribute container of `KEY=VALUE`s; nothing of none.
pub fn payload(attributes: &[&str]) -> Result<Vec<u8>, String> {
    if attributes.is_empty() {
        return Ok(Vec::new());
    }
    let build = || {
        let mut builder = Builder::new("").ok()?;
        for attribute in attributes {
            let (key, value) = attribute.split_once('=')?;
            match (value.parse::<i32>(), value.parse::<f64>()) {
                (Ok(value), _) => builder.int(key, value).ok()?,
                (_, Ok(value)) => builder.double(key, value).ok()?,
                _ => builder.text(key, value).ok()?,
            }
        }
        Some(builder.finish().to_vec())
    };
    build().ok_or_else(|| "a payload: expected KEY=VALUE".into())
}

/// A response as text.
pub fn show(response: &Response<'_>) -> String {
    let mut text = format!("{}.{:02}\n", response.status >> 5, response.status & 31);
    if response.payload.is_empty() {
        return text;
    }
    let attributes =
        Attributes::parse(response.payload).ok().filter(|_| response.fmt == ATTRIBUTES);
    let Some(attributes) = attributes else {
        let _ = writeln!(text, "{}", String::from_utf8_lossy(response.payload));
        return text;
    };
    let _ = writeln!(text, "{}", String::from_utf8_lossy(attributes.tag()));
    for (key, value) in attributes.iter() {
        let _ = write!(text, "  {} = ", String::from_utf8_lossy(key));
        let _ = match value {
            Value::Signed(number) => writeln!(text, "{number}"),
            Value::Unsigned(number) => writeln!(text, "{number}"),
            Value::Float(number) => writeln!(text, "{number}"),
            Value::Double(number) => writeln!(text, "{number}"),
            Value::Boolean(is) => writeln!(text, "{is}"),
            Value::Text(value) => writeln!(text, "{:?}", String::from_utf8_lossy(value)),
            Value::Bytes(bytes) => writeln!(text, "{} bytes", bytes.len()),
        };
    }
    text
}
