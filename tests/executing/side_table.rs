//! The side table against modules that are made to have its words mistaken for each other.

use zonda::{Engine, Linker, Mode, Module, Store};

fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &leb(content.len())[..], content].concat()
}

fn body(code: &[u8]) -> Vec<u8> {
    [&leb(code.len() + 1)[..], &[0], code].concat()
}

/// The instructions that give 1, by way of a drop that is a byte before the last one.
const DROP: [u8; 6] = [0x41, 1, 0x41, 2, 0x1a, 0x0b];

/// A block whose first branch goes over `distance` bytes and `entries` entries, to its end.
fn block(distance: usize, entries: usize) -> Vec<u8> {
    // br_if 0, then br_table with an entry less than is wanted, then what makes the distance right.
    let mut inner = vec![0];
    if entries > 1 {
        inner.extend([0x41, 0, 0x0e]);
        inner.extend(leb(entries - 2));
        inner.extend(vec![0; entries - 1]);
    }
    assert!(inner.len() < distance);
    inner.resize(distance - 1, 0x01);
    [&[0x02, 0x40, 0x41, 0, 0x0d], &inner[..], &[0x0b]].concat()
}

/// A module that exports function 0, which has no parameters and returns an i32; function 1, if
/// there is one, has an i64 parameter. And the offset behind the first function's drop.
fn module(bodies: &[Vec<u8>]) -> (Vec<u8>, usize) {
    let count = bodies.len() as u8;
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.extend(section(1, &[2, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7e, 0]));
    bytes.extend(section(3, &[&[count], &[0, 1][..bodies.len()]].concat()));
    bytes.extend(section(7, &[1, 1, b'f', 0, 0]));
    bytes.extend(section(10, &[&[count], &bodies.concat()[..]].concat()));
    let behind_first = bytes.len() - bodies[1..].concat().len();
    assert_eq!(bytes[behind_first - 2], 0x1a);
    (bytes, behind_first - 1)
}

/// Loads a module made for so many entries so that the address behind its drop has `low` in its
/// lowest 16 bits and three times the entries in the next ones: what a mark would say if it stood
/// where the table has something else. Returns what function 0 returns.
fn run(low: usize, make: impl FnOnce(usize) -> (Vec<u8>, usize)) -> i32 {
    let mut others = Vec::new();
    let (mut memory, entries, start) = loop {
        let memory = vec![0u8; 64 << 20];
        let first = memory.as_ptr() as usize;
        let ends = first + (1 << 20)..first + memory.len() - (1 << 20);
        let fits = |at: &usize| {
            (at >> 16 & 0xffff).is_multiple_of(3) && (1..0x8000).contains(&(at >> 16 & 0xffff))
        };
        let found = ends.clone().map(|at| at & !0xffff).step_by(1 << 16).skip(1).find(fits);
        if let Some(at) = found {
            break (memory, (at >> 16 & 0xffff) / 3, at - first);
        }
        others.push(memory);
        assert!(others.len() < 64, "no such addresses");
    };
    let (bytes, behind_drop) = make(entries);
    let at = start + low - behind_drop;
    memory[at..at + bytes.len()].copy_from_slice(&bytes);
    let engine = Engine::new(Mode::Classic);
    let module = Module::new(&engine, &memory[at..at + bytes.len()]).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let f = instance.get_typed_func::<(), i32>(&store, "f").unwrap();
    f.call(&mut store, ()).unwrap()
}

#[test]
fn the_map_of_locals_of_the_next_function_is_not_taken_for_the_mark_of_a_wide_drop() {
    // The map of one i64 is the word that begins a mark; the first entry follows.
    let distance = 0x7000;
    let result = run(distance, |entries| {
        module(&[body(&DROP), body(&[&block(distance, entries)[..], &[0x0b]].concat())])
    });
    assert_eq!(result, 1);
}

#[test]
fn a_large_branch_is_not_taken_for_the_mark_of_a_wide_drop() {
    // The low half of its distance is the word that begins a mark.
    let result =
        run(1, |entries| module(&[body(&[&block(0x1_8000, entries)[..], &DROP].concat())]));
    assert_eq!(result, 1);
}
