//! Writes modules in the binary format (spec: 5), for tests whose modules are too large for text,
//! or must not be well formed.

#![allow(dead_code)] // Every program that includes this file uses some of it.

pub const I32: u8 = 0x7f;
pub const I64: u8 = 0x7e;
pub const FUNC_REF: u8 = 0x70;

/// Sections by their ids.
pub mod section {
    pub const TYPE: u8 = 1;
    pub const IMPORT: u8 = 2;
    pub const FUNCTION: u8 = 3;
    pub const TABLE: u8 = 4;
    pub const MEMORY: u8 = 5;
    pub const GLOBAL: u8 = 6;
    pub const EXPORT: u8 = 7;
    pub const ELEMENT: u8 = 9;
    pub const CODE: u8 = 10;
    pub const DATA: u8 = 11;
    pub const DATA_COUNT: u8 = 12;
}

/// Appends an unsigned number (spec: 5.2.2).
pub fn leb(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// An unsigned number.
pub fn number(value: u32) -> Vec<u8> {
    let mut out = Vec::new();
    leb(&mut out, value);
    out
}

/// Bytes after their length: a name, a body, a section's content.
pub fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut out = number(bytes.len() as u32);
    out.extend_from_slice(bytes);
    out
}

/// Items after their number.
pub fn vector<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Vec<u8> {
    let (mut count, mut all) = (0, Vec::new());
    for item in items {
        count += 1;
        all.extend_from_slice(item.as_ref());
    }
    let mut out = number(count);
    out.extend(all);
    out
}

/// `count` times the same item.
pub fn same(item: &[u8], count: usize) -> Vec<u8> {
    let mut out = number(count as u32);
    out.extend(item.repeat(count));
    out
}

/// A function type.
pub fn func_type(params: &[u8], results: &[u8]) -> Vec<u8> {
    let mut out = vec![0x60];
    out.extend(sized(params));
    out.extend(sized(results));
    out
}

/// A function body: groups of locals, and code without its last `end`.
pub fn body(locals: &[(u32, u8)], code: &[u8]) -> Vec<u8> {
    let groups = locals.iter().map(|&(count, ty)| {
        let mut group = number(count);
        group.push(ty);
        group
    });
    let mut out = vector(groups);
    out.extend_from_slice(code);
    out.push(0x0b);
    sized(&out)
}

/// An instruction with one number as immediate.
pub fn op(code: u8, immediate: u32) -> Vec<u8> {
    let mut out = vec![code];
    leb(&mut out, immediate);
    out
}

/// An export: its kind is 0 for a function, 1 for a table, 2 for a memory, 3 for a global.
pub fn export(name: &[u8], kind: u8, index: u32) -> Vec<u8> {
    let mut out = sized(name);
    out.push(kind);
    leb(&mut out, index);
    out
}

/// An import, with the description that follows its names.
pub fn import(module: &[u8], name: &[u8], description: &[u8]) -> Vec<u8> {
    let mut out = sized(module);
    out.extend(sized(name));
    out.extend_from_slice(description);
    out
}

/// A module that is written section by section.
#[derive(Clone)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    pub fn new() -> Encoder {
        Encoder { bytes: b"\0asm\x01\0\0\0".to_vec() }
    }

    /// A section with this content.
    pub fn section(mut self, id: u8, content: &[u8]) -> Encoder {
        self.bytes.push(id);
        leb(&mut self.bytes, content.len() as u32);
        self.bytes.extend_from_slice(content);
        self
    }

    /// The section, where there is something to be in it.
    pub fn list<T: AsRef<[u8]>>(self, id: u8, items: impl IntoIterator<Item = T>) -> Encoder {
        self.section(id, &vector(items))
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A module with types, and functions of them.
pub fn functions<'f>(
    types: &[Vec<u8>],
    funcs: impl IntoIterator<Item = (u32, &'f [u8])>,
) -> Encoder {
    let (mut indices, mut bodies) = (Vec::new(), Vec::new());
    for (ty, body) in funcs {
        indices.push(number(ty));
        bodies.push(body);
    }
    Encoder::new()
        .list(section::TYPE, types)
        .list(section::FUNCTION, indices)
        .list(section::CODE, bodies)
}
