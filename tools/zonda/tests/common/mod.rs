//! What tests of the command line share. Not each of them uses all of it.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::{Command, Output};

pub fn zonda(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zonda")).args(args).output().expect("zonda runs")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file with this content, in a folder that is the test's own.
pub fn file(test: &str, name: &str, content: &[u8]) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[track_caller]
pub fn expect(output: &Output, code: i32, out: &str, err: &[&str]) {
    let (got_out, got_err) = (stdout(output), stderr(output));
    assert_eq!(output.status.code(), Some(code), "stdout: {got_out}\nstderr: {got_err}");
    assert_eq!(got_out, out);
    for part in err {
        assert!(got_err.contains(part), "'{part}' is not in: {got_err}");
    }
}
