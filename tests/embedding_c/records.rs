//! `zonda_log_trap_record`: what a device logs is what a host reads.

use std::process::Command;
use zonda::capi::*;

const CHILD: &str = "ZONDA_TEST_LOGS_A_RECORD";

#[test]
fn a_record_is_logged_in_lines_that_the_host_reads() {
    // Three lines, the last one shorter, with all values of a digit.
    let bytes: Vec<u8> = (0..75u32).map(|n| (n * 37 + n / 7) as u8).collect();
    if std::env::var_os(CHILD).is_some() {
        // SAFETY: the bytes are live; NULL is nothing.
        unsafe {
            zonda_log_trap_record(bytes.as_ptr().cast(), bytes.len() as u32);
            zonda_log_trap_record(std::ptr::null(), 5);
        }
        return;
    }
    // The log goes to the standard error stream of a process of its own.
    let name = "records::a_record_is_logged_in_lines_that_the_host_reads";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let expected: Vec<String> = zonda_symbols::record::lines(&bytes).collect();
    assert_eq!(expected.len(), 3);
    for line in &expected {
        assert!(log.contains(line), "no {line} in\n{log}");
    }
    assert_eq!(log.matches("zonda-trap").count(), 3, "{log}");
}
