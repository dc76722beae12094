// SPDX-License-Identifier: Apache-2.0

//! Writes, reads, lists, moves and removes files in /data, and tries to read what lies outside.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};

fn main() -> std::io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).open("/data/a.txt")?;
    file.write_all(b"one tw?")?;
    file.seek(SeekFrom::Start(6))?;
    file.write_all(b"o")?;
    file.rewind()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    println!("read: {text}");
    fs::create_dir("/data/sub")?;
    let mut names = Vec::new();
    for entry in fs::read_dir("/data")? {
        names.push(entry?.file_name().into_string().unwrap_or_default());
    }
    names.sort();
    println!("entries: {names:?}");
    drop(file);
    fs::rename("/data/a.txt", "/data/sub/b.txt")?;
    let size = fs::metadata("/data/sub/b.txt")?.len();
    println!("moved: {size} bytes, gone: {}", fs::metadata("/data/a.txt").is_err());
    fs::write("/data/c.txt", "x")?;
    fs::remove_file("/data/c.txt")?;
    for path in ["/data/../secret", "/data/sub/../../secret", "/lfs/secret", "/secret"] {
        if fs::read(path).is_ok() {
            println!("outside: {path} was read");
            std::process::exit(1);
        }
    }
    println!("outside: refused");
    std::process::exit(0);
}
