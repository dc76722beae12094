//! `zonda apps`: the application manager on this machine. `serve` runs it over a folder; the other
//! commands talk to it.
//!
//! - `serve`: the manager, and the commands as it executes them
//! - `wire`: how commands and answers pass through the socket

mod serve;
mod wire;

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::input::read;

pub use serve::{payload as attribute_payload, show as show_response};

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
    /// Install a package, or update the application of its name
    Install {
        /// A package, of `zonda pack`
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Accept a version that is lower than the installed one
        #[arg(long)]
        allow_older: bool,
    },
    /// Start an application, now and with the manager
    Start { name: String },
    /// Stop an application
    Stop { name: String },
    /// Stop an application and start it again
    Restart { name: String },
    /// Stop and remove an application
    Uninstall { name: String },
    /// Keep an update that is on trial
    Confirm { name: String },
    /// Take an update back that is on trial
    Revert { name: String },
    /// List the applications, with the room that is left
    List,
    /// Print what is known of an application
    Info { name: String },
    /// Print the last lines that an application has printed
    Log { name: String },
    /// Send a request and print the response
    Request {
        /// The resource: /path, or /app/NAME/path
        url: String,
        /// The method
        #[arg(long, default_value = "get", value_parser = ["get", "post", "put", "delete"])]
        method: String,
        /// A payload: KEY=VALUE becomes an attribute of an attribute container, a number if it is
        /// one
        #[arg(value_name = "KEY=VALUE")]
        attributes: Vec<String>,
    },
    /// Publish an event
    Publish {
        url: String,
        /// A payload, as for `request`
        #[arg(value_name = "KEY=VALUE")]
        attributes: Vec<String>,
    },
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
    /// Places for applications
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u8).range(1..=62))]
    slots: u8,
    /// KiB of the flash, when it is made
    #[arg(long, value_name = "KIB", default_value = "1024", value_parser = clap::value_parser!(u32).range(32..=4096))]
    flash: u32,
    /// Seconds that an update is on trial
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    trial: u32,
}

fn capability() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(zonda_manager::capability_names())
}

pub fn apps(args: &AppsArgs) -> Result<(), Failure> {
    let words: Vec<&str> = match &args.command {
        AppsCommand::Serve(options) => return serve::serve(&args.dir, options),
        AppsCommand::Install { file, allow_older } => {
            let how = if *allow_older { "allow-older" } else { "" };
            return ask(&args.dir, &["install", how], &read(file)?);
        }
        AppsCommand::Start { name } => vec!["start", name],
        AppsCommand::Stop { name } => vec!["stop", name],
        AppsCommand::Restart { name } => vec!["restart", name],
        AppsCommand::Uninstall { name } => vec!["uninstall", name],
        AppsCommand::Confirm { name } => vec!["confirm", name],
        AppsCommand::Revert { name } => vec!["revert", name],
        AppsCommand::List => vec!["list"],
        AppsCommand::Info { name } => vec!["info", name],
        AppsCommand::Log { name } => vec!["log", name],
        AppsCommand::Request { url, method, attributes } => {
            let mut words = vec!["request", method, url];
            words.extend(attributes.iter().map(String::as_str));
            words
        }
        AppsCommand::Publish { url, attributes } => {
            let mut words = vec!["publish", url];
            words.extend(attributes.iter().map(String::as_str));
            words
        }
    };
    ask(&args.dir, &words, &[])
}

/// The socket of a folder.
fn socket(dir: &Path) -> PathBuf {
    dir.join("socket")
}

/// Sends a command, and prints the answer.
fn ask(dir: &Path, words: &[&str], data: &[u8]) -> Result<(), Failure> {
    let path = socket(dir);
    let bad = |error: std::io::Error| {
        Failure::Input(format!(
            "{}: {error}; `zonda apps serve --dir {}` runs the manager",
            path.display(),
            dir.display()
        ))
    };
    let mut stream = UnixStream::connect(&path).map_err(bad)?;
    wire::send(&mut stream, words.join("\0").as_bytes()).map_err(bad)?;
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
