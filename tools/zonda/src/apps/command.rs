//! The commands that `zonda apps` and `zonda device` have in common.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Subcommand)]
pub enum AppCommand {
    /// List the applications and their states
    List,
    /// Print state, use and limits of an application
    Info { name: String },
    /// Install a package, or update the application of its name
    Install {
        /// A package, of `zonda pack`
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Accept a version that is lower than the installed one
        #[arg(long)]
        allow_older: bool,
    },
    /// Start an application, now and with the system
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
    /// Print what applications have printed last
    Log {
        /// Lines of this application only
        name: Option<String>,
    },
    /// Print the record of an application's last trap, for `zonda postmortem`
    Record { name: String },
    /// Print room and wear of the flash; of a device, its heap too
    Statistics,
    /// Send a request and print the response
    Request {
        /// The resource: /path, or /app/NAME/path
        url: String,
        /// The method
        #[arg(long, default_value = "get", value_parser = METHODS)]
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

/// Names of the methods; their numbers begin with 1.
pub const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// The lines of an application in the text that all have printed, without its name before them.
pub fn lines_of(name: &str, text: &str) -> String {
    let own = |line: &str| {
        let rest = line.strip_prefix(name)?.strip_prefix(": ")?;
        Some(format!("{rest}\n"))
    };
    text.lines().filter_map(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_application() {
        let text = "a: one\nab: two\na: three: four\nb: a: five\n";
        assert_eq!(lines_of("a", text), "one\nthree: four\n");
        assert_eq!(lines_of("c", text), "");
    }
}
