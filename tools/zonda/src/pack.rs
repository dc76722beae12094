//! `zonda pack`: makes a package of a module and a TOML file, which becomes the manifest in the
//! custom section `zonda.app`.

use std::fs;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::Spanned;
use zonda::{Engine, Module};
use zonda_compiler::{compile, is_precompiled, CompileOptions};
use zonda_manifest::{
    with_section, Entry, Limits, Manifest, ManifestData, Restart, RestartPolicy, Version,
};
use zonda_signature::keys::OwnedPublicKey;
use zonda_signature::KeyId;

use crate::failure::Failure;
use crate::input::{bad_module, read, read_module};
use crate::PackArgs;

pub fn pack(args: &PackArgs) -> Result<(), Failure> {
    let text = read(&args.manifest)?;
    let text = String::from_utf8_lossy(&text);
    let mut data = parse(&text).map_err(|error| error.failure(&args.manifest, &text))?;
    if let Some(path) = &args.key {
        data.key = Some(key_id(path)?.0);
    }
    let bad = |cause: String| Failure::Input(format!("{}: {cause}", args.manifest.display()));
    let manifest = data.encode().map_err(|error| bad(error.to_string()))?;
    let path = args.module.as_path();
    let module = read_module(path)?;
    if is_precompiled(&module) {
        let text = "expected a module, found a precompiled module: `zonda pack --compile` compiles the module when it has \
                    its manifest";
        return Err(Failure::Input(format!("{}: offset 0x0: {text}", path.display())));
    }
    Module::new(&Engine::default(), &module).map_err(|error| bad_module(path, &error))?;
    let mut package = with_section(&module, &manifest)
        .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
    if args.compile {
        let options = CompileOptions { word_size: args.word_size, keep_code: false, debug: false };
        package = compile(&package, &options).map_err(|error| bad_module(path, &error))?;
    }
    let output = args.output.clone().unwrap_or_else(|| format!("{}.zonda-app", data.name).into());
    fs::write(&output, package)
        .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))
}

/// What `zonda inspect` prints of a manifest.
pub fn print(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let Some(section) = zonda_manifest::find(bytes) else { return Ok(()) };
    let manifest = Manifest::decode(section)
        .map_err(|error| Failure::Input(format!("{}: manifest: {error}", path.display())))?;
    println!("\napplication {} {}", manifest.name, manifest.version);
    let capabilities: Vec<&str> = manifest.capabilities().collect();
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    println!("  capabilities: {}", or_none(capabilities.join(", ")));
    let key = manifest.key.map(|key| KeyId(key).to_string());
    println!("  signed by: {}", key.as_deref().unwrap_or("any key that the device trusts"));
    let Restart { policy, first_ms, most_ms, attempts } = manifest.restart;
    match policy {
        RestartPolicy::Never => println!("  restart: never"),
        RestartPolicy::OnFailure => println!(
            "  restart: on failure, after {first_ms} ms up to {most_ms} ms, {} times",
            if attempts == 0 { "any number of".to_owned() } else { attempts.to_string() }
        ),
    }
    for entry in Entry::ALL {
        if manifest.entry(entry) != entry.export() {
            println!("  entry point {}: {}", entry.name(), manifest.entry(entry));
        }
    }
    println!("  limits:");
    for field in Limits::FIELDS {
        println!("    {:>10}  {}", (field.get)(&manifest.limits), field.name);
    }
    Ok(())
}

fn key_id(path: &Path) -> Result<KeyId, Failure> {
    let bytes = read(path)?;
    let bad = |cause: String| Failure::Input(format!("{}: {cause}", path.display()));
    let key = OwnedPublicKey::from_pem(&String::from_utf8_lossy(&bytes))
        .map_err(|error| bad(error.to_string()))?;
    let key = key.as_key();
    KeyId::of(key.algorithm, key.bytes).ok_or_else(|| bad("expected a public key".into()))
}

/// What is wrong in the file, and where.
struct Bad {
    at: usize,
    what: String,
}

impl Bad {
    fn failure(self, path: &Path, text: &str) -> Failure {
        let line = text.as_bytes().iter().take(self.at).filter(|&&byte| byte == b'\n').count() + 1;
        Failure::Input(format!("{}:{line}: {}", path.display(), self.what))
    }
}

fn bad<T>(spanned: &Spanned<T>, what: String) -> Bad {
    Bad { at: spanned.span().start, what }
}

/// Reads the TOML file.
fn parse(text: &str) -> Result<ManifestData, Bad> {
    let table = DeTable::parse(text).map_err(|error| Bad {
        at: error.span().map_or(0, |span| span.start),
        what: error.message().to_owned(),
    })?;
    let mut data = ManifestData::default();
    let mut has_version = false;
    for (key, value) in table.get_ref() {
        match key.get_ref().as_ref() {
            "name" => data.name = string("name", value)?.to_owned(),
            "version" => {
                let text = string("version", value)?;
                data.version = text.parse().map_err(|expected| {
                    bad(value, format!("version: expected {expected}, found \"{text}\""))
                })?;
                has_version = true;
            }
            "capabilities" => data.capabilities = strings("capabilities", value)?,
            "key" => data.key = Some(hex("key", value)?),
            "limits" => {
                for (key, value) in fields("limits", value)? {
                    let names = || Limits::FIELDS.iter().map(|field| field.name);
                    let name = key.get_ref().as_ref();
                    let field = Limits::FIELDS.iter().find(|field| field.name == name);
                    let field = field.ok_or_else(|| unknown("limits.", key, names()))?;
                    (field.set)(&mut data.limits, number(field.path, field.most, value)?);
                }
            }
            "entry" => {
                for (key, value) in fields("entry", value)? {
                    let name = key.get_ref().as_ref();
                    let entry = Entry::ALL.into_iter().find(|entry| entry.name() == name);
                    let names = || Entry::ALL.iter().map(|entry| entry.name());
                    let entry = entry.ok_or_else(|| unknown("entry.", key, names()))?;
                    let path = format!("entry.{name}");
                    data.entries.push((entry, string(&path, value)?.to_owned()));
                }
            }
            "restart" => restart(&mut data.restart, value)?,
            _ => {
                let known =
                    ["name", "version", "capabilities", "key", "limits", "entry", "restart"];
                return Err(unknown("", key, known.into_iter()));
            }
        }
    }
    for (field, missing) in [("name", data.name.is_empty()), ("version", !has_version)] {
        if missing {
            return Err(Bad { at: 0, what: format!("{field}: missing") });
        }
    }
    if data.version == Version::default() {
        return Err(Bad { at: 0, what: "version: expected more than 0.0.0".into() });
    }
    Ok(data)
}

fn restart(restart: &mut Restart, value: &Spanned<DeValue<'_>>) -> Result<(), Bad> {
    for (key, value) in fields("restart", value)? {
        let most = u32::MAX;
        match key.get_ref().as_ref() {
            "policy" => {
                let text = string("restart.policy", value)?;
                let policy = RestartPolicy::ALL.into_iter().find(|policy| policy.name() == text);
                restart.policy = policy.ok_or_else(|| {
                    let what = format!(
                        "restart.policy: expected \"never\" or \"on-failure\", found \"{text}\""
                    );
                    bad(value, what)
                })?;
            }
            "first_ms" => restart.first_ms = number("restart.first_ms", most, value)?,
            "most_ms" => restart.most_ms = number("restart.most_ms", most, value)?,
            "attempts" => restart.attempts = number("restart.attempts", most, value)?,
            _ => {
                let known = ["policy", "first_ms", "most_ms", "attempts"];
                return Err(unknown("restart.", key, known.into_iter()));
            }
        }
    }
    Ok(())
}

fn unknown<'n, T: AsRef<str>>(
    prefix: &str,
    key: &Spanned<T>,
    known: impl Iterator<Item = &'n str>,
) -> Bad {
    let known: Vec<&str> = known.collect();
    let name = key.get_ref().as_ref();
    bad(key, format!("{prefix}{name}: unknown; known are {}", known.join(", ")))
}

fn expected(path: &str, expected: &str, value: &Spanned<DeValue<'_>>) -> Bad {
    bad(value, format!("{path}: expected {expected}, found {}", value.get_ref().type_str()))
}

fn fields<'v, 't>(path: &str, value: &'v Spanned<DeValue<'t>>) -> Result<&'v DeTable<'t>, Bad> {
    match value.get_ref() {
        DeValue::Table(table) => Ok(table),
        _ => Err(expected(path, "a table", value)),
    }
}

fn string<'v>(path: &str, value: &'v Spanned<DeValue<'_>>) -> Result<&'v str, Bad> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => Err(expected(path, "a string", value)),
    }
}

fn strings(path: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Bad> {
    match value.get_ref() {
        DeValue::Array(items) => {
            items.iter().map(|item| string(path, item).map(str::to_owned)).collect()
        }
        _ => Err(expected(path, "an array of strings", value)),
    }
}

fn number(path: &str, most: u32, value: &Spanned<DeValue<'_>>) -> Result<u32, Bad> {
    let range = format!("a number from 0 to {most}");
    let DeValue::Integer(integer) = value.get_ref() else {
        return Err(expected(path, &range, value));
    };
    let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
    let number = number.and_then(|number| u32::try_from(number).ok());
    number
        .filter(|&number| number <= most)
        .ok_or_else(|| bad(value, format!("{path}: expected {range}, found {}", integer.as_str())))
}

/// 8 bytes in hexadecimal digits.
fn hex(path: &str, value: &Spanned<DeValue<'_>>) -> Result<[u8; 8], Bad> {
    let text = string(path, value)?;
    let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u64::from_str_radix(text, 16).ok().filter(|_| is_hex);
    let what = || {
        format!(
            "{path}: expected 16 hexadecimal digits, which `zonda verify` prints, found \"{text}\""
        )
    };
    number.map(u64::to_be_bytes).ok_or_else(|| bad(value, what()))
}
