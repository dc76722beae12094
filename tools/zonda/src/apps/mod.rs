//! `zonda apps`: the application manager on this machine. `serve` runs it over a folder; the other
//! commands talk to it.
//!
//! - `command`: the commands, which `zonda device` has too
//! - `serve`: the manager, and the commands as it executes them
//! - `remote`: the manager as a device with remote management, over UDP and a pseudo terminal
//! - `wire`: how commands and answers pass through the socket

mod command;
mod remote;
mod serve;
mod wire;

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use zonda_manager::host::devices::Simulated;

use crate::failure::Failure;
use crate::input::read;

pub use command::{lines_of, AppCommand, METHODS};
pub use serve::{
    payload as attribute_payload, record as show_record, show as show_response, NO_RECORD,
};

#[derive(Args)]
pub struct AppsArgs {
    /// The folder of the manager: its flash, and the socket on which it listens
    #[arg(long, value_name = "DIR", default_value = ".zonda-apps", global = true)]
    dir: PathBuf,
    #[command(subcommand)]
    command: AppsCommand,
}

#[derive(Subcommand)]
enum AppsCommand {
    /// Run the manager until it is interrupted; applications that were on are started
    Serve(ServeArgs),
    #[command(flatten)]
    App(AppCommand),
}

#[derive(Args)]
pub struct ServeArgs {
    /// A key to trust; may be repeated. With a key, packages without a signature are refused
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// Accept packages without a signature also with --key
    #[arg(long)]
    allow_unsigned: bool,
    /// A capability to grant; may be repeated [default: all]
    #[arg(long, value_name = "NAME", value_parser = capability())]
    grant: Vec<String>,
    /// A sensor that counts up from 0; may be repeated
    #[arg(long, value_name = "NAME")]
    sensor: Vec<String>,
    /// A simulated device; may be repeated: gpio:NAME, pwm:NAME, adc:NAME=VALUE (0 to 4095, of 3,300 mV),
    /// i2c:NAME=REGISTERS (hexadecimal)
    #[arg(long, value_name = "KIND:NAME", value_parser = device)]
    device: Vec<(String, Simulated)>,
    /// Places for applications
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u8).range(1..=62))]
    slots: u8,
    /// KiB of the flash, when it is made
    #[arg(long, value_name = "KIB", default_value = "1024", value_parser = clap::value_parser!(u32).range(32..=4096))]
    flash: u32,
    /// Seconds that an update is on trial
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    trial: u32,
    /// Be managed as a device is, by `zonda device --udp ADDRESS`
    #[arg(long, value_name = "ADDRESS")]
    udp: Option<String>,
    /// Be managed as a device is, by `zonda device --port`: prints the name of the UART
    #[arg(long)]
    uart: bool,
}

fn capability() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(zonda_manager::capability_names())
}

/// A simulated device from its option.
fn device(text: &str) -> Result<(String, Simulated), String> {
    let (kind, rest) = text.split_once(':').ok_or("expected KIND:NAME")?;
    let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
    let state = match kind {
        "gpio" if value.is_empty() => Simulated::Pin(false),
        "gpio" => Simulated::Pin(value == "1"),
        "pwm" => Simulated::Pwm(0, 0),
        "adc" => {
            let value = value.parse().ok().filter(|value| (0..4096).contains(value));
            Simulated::Adc(value.ok_or("adc: expected NAME=VALUE with a value from 0 to 4095")?)
        }
        "i2c" => {
            Simulated::I2c(registers(value).ok_or("i2c: expected NAME=REGISTERS in hexadecimal")?)
        }
        _ => return Err("expected gpio, pwm, adc or i2c".into()),
    };
    Ok((name.into(), state))
}

/// Bytes in hexadecimal.
fn registers(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    digits.map(byte).collect()
}

pub fn apps(args: &AppsArgs) -> Result<(), Failure> {
    let command = match &args.command {
        AppsCommand::Serve(options) => return serve::serve(&args.dir, options),
        AppsCommand::App(command) => command,
    };
    let with = |words: &[&str], more: &[String]| {
        let more = more.iter().map(String::as_str);
        words.iter().copied().chain(more).collect::<Vec<_>>().join("\0")
    };
    let words = match command {
        AppCommand::Install { file, allow_older } => {
            let how = if *allow_older { "allow-older" } else { "" };
            return ask(&args.dir, &with(&["install", how], &[]), &read(file)?);
        }
        AppCommand::Start { name } => with(&["start", name], &[]),
        AppCommand::Stop { name } => with(&["stop", name], &[]),
        AppCommand::Restart { name } => with(&["restart", name], &[]),
        AppCommand::Uninstall { name } => with(&["uninstall", name], &[]),
        AppCommand::Confirm { name } => with(&["confirm", name], &[]),
        AppCommand::Revert { name } => with(&["revert", name], &[]),
        AppCommand::List => with(&["list"], &[]),
        AppCommand::Info { name } => with(&["info", name], &[]),
        AppCommand::Log { name } => with(&["log"], name.as_slice()),
        AppCommand::Record { name } => with(&["record", name], &[]),
        AppCommand::Statistics => with(&["statistics"], &[]),
        AppCommand::Request { url, method, attributes } => {
            with(&["request", method, url], attributes)
        }
        AppCommand::Publish { url, attributes } => with(&["publish", url], attributes),
    };
    ask(&args.dir, &words, &[])
}

/// The socket of a folder.
fn socket(dir: &Path) -> PathBuf {
    dir.join("socket")
}

/// Sends a command, and prints the answer.
fn ask(dir: &Path, words: &str, data: &[u8]) -> Result<(), Failure> {
    let path = socket(dir);
    let bad = |error: std::io::Error| {
        Failure::Input(format!(
            "{}: {error}; `zonda apps serve --dir {}` runs the manager",
            path.display(),
            dir.display()
        ))
    };
    let mut stream = UnixStream::connect(&path).map_err(bad)?;
    wire::send(&mut stream, words.as_bytes()).map_err(bad)?;
    wire::send(&mut stream, data).map_err(bad)?;
    let answer = wire::receive(&mut stream).map_err(bad)?;
    let text = String::from_utf8_lossy(answer.get(1..).unwrap_or(&[])).into_owned();
    match answer.first() {
        Some(0) => {
            print!("{text}");
            Ok(())
        }
        _ => Err(Failure::Call(text)),
    }
}
