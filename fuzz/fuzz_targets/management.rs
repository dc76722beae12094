//! Remote management: sequences of SMP packets, made of the right parts in any order or of any
//! bytes, against the manager of a host. Each response is one to its request; afterwards every
//! application can be removed, and the flash has as much room as before.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use ciborium::Value;
use std::sync::OnceLock;
use zonda_manager::host::smp::{command, Map, Server, GROUP};
use zonda_manager::host::{HostFlash, Options, Printed, Running};
use zonda_manifest::{with_section, Limits, ManifestData};
use zonda_storage::Geometry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // What is left when the input ends is left out.
    let _ = run(&mut Unstructured::new(data));
});

/// More take longer, and find nothing else.
const MOST_STEPS: usize = 24;
const GEOMETRY: Geometry =
    Geometry { sector_size: 512, sectors: 16, write_size: 4, directory_sectors: 2 };

/// Two small applications: one answers requests, the other traps.
fn packages() -> &'static [Vec<u8>; 2] {
    static PACKAGES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let answers = r#"(i64.store (i32.const 132) (i64.load offset=4 (local.get 0)))
            (drop (call $respond (i32.const 128) (i32.const 16)))"#;
        [("a", answers), ("b", "unreachable")].map(|(name, body)| {
            let module = wat::parse_str(format!(
                r#"(module (import "env" "wasm_response_send" (func $respond (param i32 i32) (result i32)))
                (memory (export "memory") 1) (data (i32.const 128) "\01\45\00\00")
                (func (export "malloc") (param i32) (result i32) (i32.const 1024))
                (func (export "free") (param i32)) (func (export "on_init"))
                (func (export "on_request") (param i32 i32) {body}))"#
            ))
            .expect("it is a module");
            let limits = Limits { memory: 4096, stack: 1024, ..Limits::default() };
            let manifest = ManifestData { name: name.into(), limits, ..ManifestData::default() };
            let manifest = manifest.encode().expect("it is a manifest");
            with_section(&module, &manifest).expect("it is a module")
        })
    })
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let options = Options { slots: 3, ..Options::default() };
    let manager = Running::start(HostFlash::ram(&GEOMETRY), GEOMETRY, options);
    let manager = manager.expect("the flash is erased");
    let printed = Printed::new(512);
    let free = manager.usage().expect("the flash is there").free;
    let mut server = Server::new(&manager, &printed, GROUP);
    let mut sequence = 0u8;
    for _ in 0..MOST_STEPS {
        if input.is_empty() {
            break;
        }
        sequence = sequence.wrapping_add(1);
        let Ok(packet) = packet(input, sequence) else { break };
        let Some(answer) = server.answer(&packet) else { continue };
        assert!(answer[0] == packet[0] + 1 && answer[4..8] == packet[4..8]);
        let len = u16::from_be_bytes([answer[2], answer[3]]);
        assert_eq!(usize::from(len) + 8, answer.len());
        let map: Value = ciborium::from_reader(&answer[8..]).expect("a response is CBOR");
        assert!(map.is_map());
    }
    drop(server);
    let mut names = Vec::new();
    manager.list(|info| names.push(info.name.as_str().to_owned()));
    for name in names {
        // The supervisor may hold it for a moment, to take an update back.
        let is_removed = (0..100).any(|_| {
            let is_removed = manager.uninstall(&name).is_ok();
            if !is_removed {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            is_removed
        });
        assert!(is_removed, "what is there can be removed");
    }
    assert_eq!(manager.usage().expect("the flash is there").free, free);
    Ok(())
}

/// A packet: any bytes, or the parts of a request.
fn packet(input: &mut Unstructured<'_>, sequence: u8) -> Result<Vec<u8>> {
    let number = input.int_in_range(0..=15u8)?;
    if number == 15 {
        let len = input.int_in_range(8..=120usize)?;
        let mut bytes = input.bytes(len.min(input.len()).max(8))?.to_vec();
        // The time that a request waits is not its own choice here.
        if bytes[7] == command::REQUEST {
            bytes[7] = command::INFO;
        }
        return Ok(bytes);
    }
    let reads = [command::LIST, command::INFO, command::LOG, command::STATISTICS, command::LIMITS];
    let operation = if reads.contains(&number) { 0 } else { 2 };
    let map = fields(input, number)?;
    let mut body = Vec::new();
    ciborium::into_writer(&Value::Map(map), &mut body).expect("it is a map");
    let len = (body.len() as u16).to_be_bytes();
    let group = GROUP.to_be_bytes();
    let head = [operation | 8, 0, len[0], len[1], group[0], group[1], sequence, number];
    Ok([&head[..], &body].concat())
}

fn fields(input: &mut Unstructured<'_>, number: u8) -> Result<Map> {
    let text = |text: &str| Value::Text(text.into());
    let mut map = Map::new();
    let which = u8::arbitrary(input)?;
    let package = &packages()[usize::from(which & 1)];
    let name = if which & 1 == 0 { "a" } else { "b" };
    let name = if which & 0x70 == 0x70 { "c" } else { name };
    match number {
        command::UPLOAD => {
            // The whole package, or parts of it, as they are or with a byte changed.
            let begin = if which & 2 == 0 { 0 } else { input.int_in_range(0..=package.len())? };
            let end = if which & 4 == 0 { package.len() } else { begin + 16 };
            let mut data = package[begin..end.min(package.len()).max(begin)].to_vec();
            if which & 8 != 0 && !data.is_empty() {
                let at = input.choose_index(data.len())?;
                data[at] ^= u8::arbitrary(input)?;
            }
            let off = if which & 0x30 == 0x30 { u32::arbitrary(input)? } else { begin as u32 };
            map.push((text("off"), off.into()));
            if begin == 0 {
                let len =
                    if which & 0x80 == 0 { package.len() as u32 } else { input.arbitrary()? };
                let sha = sha256(package);
                map.push((text("name"), text(name)));
                map.push((text("len"), len.into()));
                map.push((text("sha"), Value::Bytes(sha)));
                map.push((text("older"), Value::Bool(which & 0x40 != 0)));
            }
            map.push((text("data"), Value::Bytes(data)));
        }
        command::REQUEST | command::EVENT => {
            let urls = ["/app/a/x", "/app/b/x", "/nobody", ""];
            map.push((text("url"), text(urls[usize::from(which >> 1 & 3)])));
            map.push((text("method"), (which >> 3).into()));
            map.push((text("timeout"), 1000.into()));
            map.push((text("data"), Value::Bytes(vec![7; usize::from(which)])));
        }
        command::LIST | command::LOG => map.push((text("from"), u32::arbitrary(input)?.into())),
        _ => map.push((text("name"), text(name))),
    }
    Ok(map)
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).to_vec()
}
