//! Failures of a command: the message and the exit code.

use std::fmt;
use std::process::ExitCode;

#[derive(Debug)]
pub enum Failure {
    /// The module trapped, a call failed, or a directive of a script failed.
    Call(String),
    /// The input is bad or the usage is wrong.
    Input(String),
}

impl Failure {
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.number())
    }

    /// The exit code as a number.
    pub fn number(&self) -> u8 {
        match self {
            Failure::Call(_) => 1,
            Failure::Input(_) => 2,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Call(text) | Failure::Input(text) => f.write_str(text),
        }
    }
}
