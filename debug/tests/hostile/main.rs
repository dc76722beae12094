//! Packets that no debugger sends, at the stub and at a trap record: they are refused or end the
//! session, and the program computes what it computes without a debugger.
//!
//! ZONDA_PACKETS is the number of sessions, ZONDA_SEED the start of the numbers.

mod packets;
mod player;
mod sessions;

use packets::Numbers;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn sessions_of_hostile_packets() {
    let seed = number("ZONDA_SEED").unwrap_or(0x5eed_0016);
    sessions::run(seed, number("ZONDA_PACKETS").unwrap_or(400));
}

/// Each session ends.
#[cfg(feature = "std")]
#[test]
fn hostile_packets_at_a_record() {
    use zonda::TrapCode;
    use zonda_debug::remains::{Frame, Module, Remains};
    let module = Module { name: "a&b.wasm".into(), bytes: vec![7; 300] };
    let frame = |offset| Frame { module: 0, offset, locals: vec![vec![1; 4], vec![2; 16]] };
    let remains = Remains {
        modules: vec![module, Module::default()],
        frames: vec![frame(16), frame(u32::MAX), Frame { module: 9, ..Frame::default() }],
        global: Some(64),
        memory: Some((64, vec![3; 40])),
        trap: Some(TrapCode::Unreachable),
        message: "unreachable".into(),
    };
    let mut numbers = Numbers::new(number("ZONDA_SEED").unwrap_or(0x5eed_0055));
    let (mut answers, mut packets) = (0, 0);
    for _ in 0..number("ZONDA_PACKETS").unwrap_or(2_000) {
        let mut input = Vec::new();
        let places = [0x4000_0001_0000_0010, 0x4000_0001_ffff_ffff];
        for _ in 0..1 + numbers.below(40) {
            let body = numbers.body(&places);
            input.extend(numbers.framed(&body));
            packets += 1;
        }
        let mut output = Vec::new();
        // A packet that is none ends the session.
        let _ = remains.serve(&input[..], &mut output);
        answers += output.len();
    }
    println!("{packets} packets at a record, {answers} bytes of answers");
    assert!(answers > packets, "the record does not answer");
}
