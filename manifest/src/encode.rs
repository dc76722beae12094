//! Writes manifests, and puts them into modules. For the host.

use std::fmt;

use crate::decode::{Manifest, ManifestError, FORMAT};
use crate::fields::{Entry, Limits, Restart, Version};
use crate::section::SECTION;

/// A manifest to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestData {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// How much it may take.
    pub limits: Limits,
    /// The capabilities that it asks for.
    pub capabilities: Vec<String>,
    /// Entry points that have another name than usual.
    pub entries: Vec<(Entry, String)>,
    /// The key that has to have signed it.
    pub key: Option<[u8; 8]>,
    /// Whether it is started again when it failed.
    pub restart: Restart,
}

impl ManifestData {
    /// The encoding. What has its default value is left out.
    ///
    /// # Errors
    /// What a decoder would refuse.
    pub fn encode(&self) -> Result<Vec<u8>, ManifestError> {
        let mut fields = vec![(0, vec![])];
        head(&mut fields[0].1, 0, FORMAT);
        let mut name = Vec::new();
        string(&mut name, 3, self.name.as_bytes());
        fields.push((1, name));
        let mut version = Vec::new();
        head(&mut version, 4, 3);
        self.version.0.iter().for_each(|&part| head(&mut version, 0, part.into()));
        fields.push((2, version));
        let defaults = Limits::default();
        let limits = Limits::FIELDS
            .iter()
            .filter(|field| (field.get)(&self.limits) != (field.get)(&defaults))
            .map(|field| (field.key, number((field.get)(&self.limits))))
            .collect();
        fields.extend(optional_map(3, limits));
        if !self.capabilities.is_empty() {
            let mut bytes = Vec::new();
            head(&mut bytes, 4, self.capabilities.len() as u32);
            self.capabilities.iter().for_each(|name| string(&mut bytes, 3, name.as_bytes()));
            fields.push((4, bytes));
        }
        let mut entries = self.entries.clone();
        entries.sort_by_key(|(entry, _)| *entry as u8);
        let entries = entries.iter().map(|(entry, name)| {
            let mut bytes = Vec::new();
            string(&mut bytes, 3, name.as_bytes());
            (*entry as u32, bytes)
        });
        fields.extend(optional_map(5, entries.collect()));
        if let Some(key) = self.key {
            let mut bytes = Vec::new();
            string(&mut bytes, 2, &key);
            fields.push((6, bytes));
        }
        let (own, usual) = (&self.restart, Restart::default());
        let restart = [
            (0, own.policy as u32, usual.policy as u32),
            (1, own.first_ms, usual.first_ms),
            (2, own.most_ms, usual.most_ms),
            (3, own.attempts, usual.attempts),
        ];
        let restart = restart.iter().filter(|(_, own, usual)| own != usual);
        fields.extend(optional_map(7, restart.map(|&(key, own, _)| (key, number(own))).collect()));
        let bytes = map(&fields);
        Manifest::decode(&bytes)?;
        Ok(bytes)
    }
}

impl From<&Manifest<'_>> for ManifestData {
    fn from(manifest: &Manifest<'_>) -> ManifestData {
        let named = |entry: &Entry| {
            let name = manifest.entry(*entry);
            (name != entry.export()).then(|| (*entry, name.to_owned()))
        };
        ManifestData {
            name: manifest.name.to_owned(),
            version: manifest.version,
            limits: manifest.limits,
            capabilities: manifest.capabilities().map(str::to_owned).collect(),
            entries: Entry::ALL.iter().filter_map(named).collect(),
            key: manifest.key,
            restart: manifest.restart,
        }
    }
}

/// A head in its shortest form.
fn head(to: &mut Vec<u8>, major: u8, value: u32) {
    let major = major << 5;
    match value {
        0..24 => to.push(major | value as u8),
        24..0x100 => to.extend([major | 24, value as u8]),
        0x100..0x1_0000 => {
            to.push(major | 25);
            to.extend((value as u16).to_be_bytes());
        }
        _ => {
            to.push(major | 26);
            to.extend(value.to_be_bytes());
        }
    }
}

fn number(value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    head(&mut bytes, 0, value);
    bytes
}

fn string(to: &mut Vec<u8>, major: u8, bytes: &[u8]) {
    head(to, major, bytes.len() as u32);
    to.extend(bytes);
}

fn map(fields: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    head(&mut bytes, 5, fields.len() as u32);
    for (key, value) in fields {
        head(&mut bytes, 0, *key);
        bytes.extend(value);
    }
    bytes
}

fn optional_map(key: u32, fields: Vec<(u32, Vec<u8>)>) -> Option<(u32, Vec<u8>)> {
    (!fields.is_empty()).then(|| (key, map(&fields)))
}

/// The file is no WebAssembly module, or is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAModule {
    /// Offset at which a section was expected.
    pub offset: usize,
}

impl fmt::Display for NotAModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset 0x{:x}: expected a section of a module", self.offset)
    }
}

impl std::error::Error for NotAModule {}

/// The module with this manifest as its first section, so that whoever receives the file has it
/// early. Manifests that it had are left out.
///
/// # Errors
/// [`NotAModule`].
pub fn with_section(module: &[u8], manifest: &[u8]) -> Result<Vec<u8>, NotAModule> {
    let preamble = module.get(..8).filter(|start| start.starts_with(b"\0asm"));
    let mut file = preamble.ok_or(NotAModule { offset: 0 })?.to_vec();
    let mut contents = Vec::new();
    leb128(&mut contents, SECTION.len());
    contents.extend(SECTION.as_bytes());
    contents.extend(manifest);
    file.push(0);
    leb128(&mut file, contents.len());
    file.extend(contents);
    let mut at = 8;
    while at < module.len() {
        let section = section(&module[at..]).ok_or(NotAModule { offset: at })?;
        let is_manifest = crate::find(&[&module[..8], section].concat()).is_some();
        if !is_manifest {
            file.extend(section);
        }
        at += section.len();
    }
    Ok(file)
}

/// The first section: id, size and contents.
fn section(bytes: &[u8]) -> Option<&[u8]> {
    let mut size = 0usize;
    for (index, &byte) in bytes.get(1..)?.iter().take(5).enumerate() {
        size |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(..(index + 2).checked_add(size)?);
        }
    }
    None
}

fn leb128(to: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}
