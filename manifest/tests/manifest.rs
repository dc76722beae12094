//! Manifests: what is written is read back, damaged ones are refused with the field, and sections
//! are found in modules.

use zonda_manifest::*;

fn full() -> ManifestData {
    ManifestData {
        name: "blinky".into(),
        version: Version([1, 2, 300]),
        limits: Limits { memory: 2_000, fuel: 0, priority: 200, ..Limits::default() },
        capabilities: vec!["request".into(), "sensor".into()],
        entries: vec![(Entry::Timer, "tick".into()), (Entry::Init, "begin".into())],
        key: Some(*b"\0\x11\x22\x33\x44\x55\x66\x77"),
        restart: Restart { policy: RestartPolicy::OnFailure, attempts: 3, ..Restart::default() },
    }
}

fn small() -> ManifestData {
    ManifestData { name: "a".into(), ..ManifestData::default() }
}

/// By hand, after RFC 8949: what the specification in docs/apps.md shows.
const EXAMPLE: &[u8] = &[
    0xa6, 0x00, 0x01, 0x01, 0x66, b'b', b'l', b'i', b'n', b'k', b'y', 0x02, 0x83, 0x01, 0x02, 0x19,
    0x01, 0x2c, 0x03, 0xa2, 0x00, 0x19, 0x07, 0xd0, 0x0a, 0x00, 0x04, 0x81, 0x66, b's', b'e', b'n',
    b's', b'o', b'r', 0x07, 0xa1, 0x00, 0x01,
];

#[test]
fn the_example_of_the_specification() {
    let manifest = Manifest::decode(EXAMPLE).unwrap();
    assert_eq!((manifest.name, manifest.version), ("blinky", Version([1, 2, 300])));
    assert_eq!((manifest.limits.memory, manifest.limits.fuel), (2_000, 0));
    assert_eq!(manifest.limits.stack, Limits::default().stack);
    assert!(manifest.capabilities().eq(["sensor"]));
    assert_eq!(manifest.restart.policy, RestartPolicy::OnFailure);
    assert_eq!(ManifestData::from(&manifest).encode().unwrap(), EXAMPLE);
}

#[test]
fn what_is_written_is_read_back() {
    for data in [full(), small()] {
        let bytes = data.encode().unwrap();
        let manifest = Manifest::decode(&bytes).unwrap();
        let mut expected = data.clone();
        expected.entries.sort_by_key(|(entry, _)| *entry as u8);
        assert_eq!(ManifestData::from(&manifest), expected);
    }
    let bytes = full().encode().unwrap();
    let manifest = Manifest::decode(&bytes).unwrap();
    assert_eq!(manifest.entry(Entry::Timer), "tick");
    assert_eq!(manifest.entry(Entry::Destroy), "on_destroy");
}

/// Every cut, and every byte with every other value: decoding ends, and whatever is accepted is the
/// one encoding of what it says, or says a default value.
#[test]
fn damaged_manifests_are_refused_or_say_something_else() {
    let bytes = full().encode().unwrap();
    for len in 0..bytes.len() {
        let error = Manifest::decode(&bytes[..len]).unwrap_err();
        assert!(error.offset as usize <= len);
    }
    let mut accepted = 0;
    for at in 0..bytes.len() {
        for value in 0..=255 {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            let Ok(manifest) = Manifest::decode(&damaged) else { continue };
            accepted += 1;
            let again = ManifestData::from(&manifest).encode().unwrap();
            let again = ManifestData::from(&Manifest::decode(&again).unwrap());
            assert_eq!(ManifestData::from(&manifest), again);
            assert_eq!(
                damaged == bytes,
                again == ManifestData::from(&Manifest::decode(&bytes).unwrap())
            );
        }
    }
    assert!(accepted > bytes.len());
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Manifest::decode(&longer).unwrap_err().expected, "the end");
    assert_eq!(Manifest::decode(&[0; MOST_BYTES + 1]).unwrap_err().expected, "1024 bytes or less");
}

#[test]
fn errors_name_the_field_and_what_was_expected() {
    let text = |bytes: &[u8]| Manifest::decode(bytes).unwrap_err().to_string();
    assert_eq!(text(b""), "manifest: offset 0x0: expected a map");
    assert_eq!(
        text(&[0xa1, 0x00, 0x02]),
        "format: offset 0x3: expected 1, the version of the format that is known"
    );
    assert_eq!(
        text(&[0xa1, 0x00, 0x01]),
        "name: offset 0x3: expected a value, for the field is missing"
    );
    assert_eq!(
        text(&[0xa2, 0x00, 0x01, 0x01, 0x62, b'a', b'/']),
        "name: offset 0x4: expected a name: 1 to 32 letters, digits, '-', '_' or '.'"
    );
    assert_eq!(
        text(&[0xa2, 0x00, 0x01, 0x03, 0xa1, 0x0d, 0x19, 0x01, 0x00]),
        "limits.priority: offset 0x6: expected a number of at most 255"
    );
    assert_eq!(
        text(&[0xa2, 0x00, 0x01, 0x03, 0xa1, 0x0e, 0x00]),
        "limits: offset 0x5: expected the number of a limit that is known"
    );
    assert_eq!(
        text(&[0xa2, 0x01, 0x61, b'a', 0x00, 0x01]),
        "manifest: offset 0x4: expected a key that is larger than the one before"
    );
    assert_eq!(
        text(&[0xa1, 0x08, 0x00]),
        "manifest: offset 0x1: expected the number of a field that is known"
    );
    let mut data = small();
    data.capabilities = vec!["a".into(); 33];
    assert_eq!(data.encode().unwrap_err().expected, "at most 32 names");
}

#[test]
fn sections_are_found_replaced_and_first() {
    let empty = b"\0asm\x01\0\0\0";
    let other = [&empty[..], &[0, 5, 3, b'a', b'b', b'c', 9]].concat();
    assert_eq!(find(empty), None);
    assert_eq!(find(&other), None);
    for module in [&empty[..], &other] {
        let one = with_section(module, EXAMPLE).unwrap();
        assert_eq!(find(&one), Some(EXAMPLE));
        assert!(one.ends_with(&module[8..]));
        let two = with_section(&one, b"other").unwrap();
        assert_eq!(find(&two), Some(&b"other"[..]));
        assert_eq!(two.len(), one.len() - EXAMPLE.len() + 5);
    }
    for len in 0..other.len() {
        let cut = &other[..len];
        assert_eq!(with_section(cut, EXAMPLE).is_ok(), len == 8, "{len}");
        assert_eq!(find(cut), None);
    }
    // A section whose name or size leads outside.
    assert_eq!(find(&[&empty[..], &[0, 2, 9, b'z']].concat()), None);
    assert_eq!(find(&[&empty[..], &[0, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat()), None);
    assert_eq!(find(&[&empty[..], &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat()), None);
}

#[test]
fn a_precompiled_module_has_the_manifest_of_its_module() {
    let module = with_section(b"\0asm\x01\0\0\0", EXAMPLE).unwrap();
    let mut file = b"\0znd".to_vec();
    file.resize(52, 0);
    for word in [1, 88, module.len() as u32] {
        file.extend(word.to_le_bytes());
    }
    file.resize(88, 0);
    file.extend(&module);
    assert_eq!(find(&file), Some(EXAMPLE));
    for len in 0..file.len() {
        assert_ne!(find(&file[..len]), Some(EXAMPLE));
    }
}
