//! Bytes to a manifest. docs/apps.md specifies the encoding; whatever deviates from it is refused,
//! with the field and what was expected.

use core::fmt;

use crate::cbor::{Expected, Major, Reader};
use crate::fields::{is_name, Entry, Limits, Restart, RestartPolicy, Version};

/// Largest manifest in bytes.
pub const MOST_BYTES: usize = 1_024;
/// Most capabilities that a manifest asks for.
pub const MOST_CAPABILITIES: u32 = 32;
/// Longest name of an exported function.
const ENTRY_LEN: usize = 64;
/// The version of the encoding.
pub(crate) const FORMAT: u32 = 1;

/// Why a manifest is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// Path of the field, for example `limits.memory`; `manifest` for the whole.
    pub field: &'static str,
    /// Offset in the manifest.
    pub offset: u32,
    /// What was expected there.
    pub expected: &'static str,
    /// The largest value, where it is a number.
    pub most: Option<u32>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: offset 0x{:x}: expected {}", self.field, self.offset, self.expected)?;
        self.most.map_or(Ok(()), |most| write!(f, " of at most {most}"))
    }
}

impl core::error::Error for ManifestError {}

/// What an application says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Manifest<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: Version,
    /// How much it may take.
    pub limits: Limits,
    /// Whether it is started again when it failed.
    pub restart: Restart,
    /// The key that has to have signed the package, and updates of it; by the name that signatures
    /// use.
    pub key: Option<[u8; 8]>,
    /// Behind the head of the array; each of so many strings was checked.
    capabilities: (Reader<'a>, u32),
    entries: [Option<&'a str>; Entry::ALL.len()],
}

impl<'a> Manifest<'a> {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] names the first field that is not as docs/apps.md specifies.
    pub fn decode(bytes: &'a [u8]) -> Result<Manifest<'a>, ManifestError> {
        let mut input = Input { reader: Reader::new(bytes), field: "manifest" };
        if bytes.len() > MOST_BYTES {
            return Err(input.error("1024 bytes or less"));
        }
        let mut manifest = Manifest {
            name: "",
            version: Version::default(),
            limits: Limits::default(),
            restart: Restart::default(),
            key: None,
            capabilities: (Reader::new(&[]), 0),
            entries: [None; Entry::ALL.len()],
        };
        let mut seen = 0u8;
        input.map(&mut |input, key| {
            seen |= u8::try_from(key).ok().and_then(|key| 1u8.checked_shl(key.into())).unwrap_or(0);
            manifest.field(input, key)
        })?;
        for (key, field) in [(0, "format"), (1, "name"), (2, "version")] {
            if seen >> key & 1 == 0 {
                input.field = field;
                return Err(input.error("a value, for the field is missing"));
            }
        }
        if !input.reader.is_at_end() {
            input.field = "manifest";
            return Err(input.error("the end"));
        }
        Ok(manifest)
    }

    /// Reads the field with this key.
    fn field(&mut self, input: &mut Input<'a>, key: u32) -> Result<(), ManifestError> {
        match key {
            0 => {
                input.field = "format";
                if input.number(u32::MAX)? != FORMAT {
                    return Err(input.error("1, the version of the format that is known"));
                }
            }
            1 => {
                input.field = "name";
                self.name = input.name()?;
            }
            2 => {
                input.field = "version";
                let expected = "an array of three numbers";
                if input.head(Major::Array, expected)? != 3 {
                    return Err(input.error(expected));
                }
                for to in &mut self.version.0 {
                    *to = input.number(u16::MAX.into())? as u16;
                }
            }
            3 => {
                input.field = "limits";
                let limits = &mut self.limits;
                input.map(&mut |input, key| {
                    let Some(field) = Limits::FIELDS.get(key as usize) else {
                        return Err(input.error("the number of a limit that is known"));
                    };
                    input.field = field.path;
                    (field.set)(limits, input.number(field.most)?);
                    Ok(())
                })?;
            }
            4 => {
                input.field = "capabilities";
                let count = input.head(Major::Array, "an array of names")?;
                if count > MOST_CAPABILITIES {
                    return Err(input.error("at most 32 names"));
                }
                self.capabilities = (input.reader, count);
                for _ in 0..count {
                    input.name()?;
                }
            }
            5 => {
                input.field = "entry";
                let entries = &mut self.entries;
                input.map(&mut |input, key| {
                    let Some(entry) = Entry::ALL.get(key as usize) else {
                        return Err(input.error("the number of an entry point that is known"));
                    };
                    input.field = entry.name();
                    let text = input.text("the name of a function, of 1 to 64 bytes", ENTRY_LEN)?;
                    if let Some(to) = entries.get_mut(key as usize) {
                        *to = Some(text);
                    }
                    Ok(())
                })?;
            }
            6 => {
                input.field = "key";
                let expected = "8 bytes";
                let bytes = input.reader.string(Major::Bytes, expected);
                let bytes = bytes.map_err(|expected| input.error(expected))?;
                self.key = Some(bytes.try_into().map_err(|_| input.error(expected))?);
            }
            7 => {
                input.field = "restart";
                let restart = &mut self.restart;
                input.map(&mut |input, key| {
                    match key {
                        0 => {
                            input.field = "restart.policy";
                            let number = input.number(RestartPolicy::ALL.len() as u32 - 1)?;
                            let policy = RestartPolicy::ALL.get(number as usize);
                            restart.policy = policy.copied().unwrap_or_default();
                        }
                        1 => {
                            input.field = "restart.first_ms";
                            restart.first_ms = input.number(u32::MAX)?;
                        }
                        2 => {
                            input.field = "restart.most_ms";
                            restart.most_ms = input.number(u32::MAX)?;
                        }
                        3 => {
                            input.field = "restart.attempts";
                            restart.attempts = input.number(u32::MAX)?;
                        }
                        _ => return Err(input.error("the number of a field that is known")),
                    }
                    Ok(())
                })?;
            }
            _ => return Err(input.error("the number of a field that is known")),
        }
        Ok(())
    }

    /// The capabilities that it asks for.
    pub fn capabilities(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (mut reader, count) = self.capabilities;
        (0..count)
            .filter_map(move |_| core::str::from_utf8(reader.string(Major::Text, "").ok()?).ok())
    }

    /// The name of the exported function for an entry point.
    pub fn entry(&self, entry: Entry) -> &'a str {
        self.entries.get(entry as usize).copied().flatten().unwrap_or(entry.export())
    }
}

/// What is read, and the field in which the reader is.
struct Input<'a> {
    reader: Reader<'a>,
    field: &'static str,
}

impl<'a> Input<'a> {
    #[cold]
    fn error(&self, expected: Expected) -> ManifestError {
        // A manifest has at most `MOST_BYTES`.
        let offset = u32::try_from(self.reader.at()).unwrap_or(u32::MAX);
        ManifestError { field: self.field, offset, expected, most: None }
    }

    fn head(&mut self, major: Major, expected: Expected) -> Result<u32, ManifestError> {
        self.reader.head(major, expected).map_err(|expected| self.error(expected))
    }

    fn number(&mut self, most: u32) -> Result<u32, ManifestError> {
        let start = self.reader;
        let value = self.reader.head(Major::Unsigned, "a number");
        value.ok().filter(|&value| value <= most).ok_or_else(|| {
            self.reader = start;
            ManifestError { most: Some(most), ..self.error("a number") }
        })
    }

    fn text(&mut self, expected: Expected, most: usize) -> Result<&'a str, ManifestError> {
        let start = self.reader;
        let bytes = self.reader.string(Major::Text, expected).unwrap_or(&[]);
        let text = core::str::from_utf8(bytes).unwrap_or("");
        if text.is_empty() || text.len() > most {
            self.reader = start;
            return Err(self.error(expected));
        }
        Ok(text)
    }

    fn name(&mut self) -> Result<&'a str, ManifestError> {
        let start = self.reader;
        let expected = "a name: 1 to 32 letters, digits, '-', '_' or '.'";
        let text = self.text(expected, usize::MAX)?;
        if !is_name(text.as_bytes()) {
            self.reader = start;
            return Err(self.error(expected));
        }
        Ok(text)
    }

    /// A map with numbers as keys, which rise. One function for all maps: a copy for each of them
    /// would take 1 KB of flash.
    #[inline(never)]
    fn map(
        &mut self,
        each: &mut dyn FnMut(&mut Input<'a>, u32) -> Result<(), ManifestError>,
    ) -> Result<(), ManifestError> {
        let field = self.field;
        let count = self.head(Major::Map, "a map")?;
        let mut least = 0;
        for _ in 0..count {
            self.field = field;
            let start = self.reader;
            let key = self.head(Major::Unsigned, "a key, which is a number")?;
            if key < least {
                self.reader = start;
                return Err(self.error("a key that is larger than the one before"));
            }
            least = key.saturating_add(1);
            let value = self.reader;
            each(self, key).map_err(|error| {
                // An unknown key is reported where it stands.
                if error.offset as usize == value.at() && error.field == field {
                    ManifestError { offset: start.at() as u32, ..error }
                } else {
                    error
                }
            })?;
        }
        Ok(())
    }
}
