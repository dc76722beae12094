//! Flash and RAM that the runtime adds to a C application: the static library, linked with nothing but itself.
//!
//! What an application pulls in is what the linker keeps for the functions that it calls. So the library is linked with those functions as
//! roots and the platform's functions left open; no image without the runtime has to be subtracted. Soft float comes
//! from the library too and is counted; `memcpy` and its like are the C library's, as in a Zephyr image.

use crate::workloads::{Flash, FLASH, STATIC_RAM};
use crate::{shell, toolchain};
use anyhow::{bail, Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

const TARGET: &str = "thumbv7m-none-eabi";
const HEADER: &str = "include/wasm_export.h";
/// What the platform gives; see src/platform.
const PLATFORM: &str = "zonda_platform_";
/// What a device has besides modes, as Kconfig's defaults say.
const FEATURES: &[&str] = &["float", "tail-call", "multi-memory", "extended-const", "custom-page-sizes"];
/// What the application's C library gives anyway, before the library's own copies are looked at.
const LIBC: &[&str] = &[
    "memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen",
    "__aeabi_memcpy", "__aeabi_memcpy4", "__aeabi_memcpy8",
    "__aeabi_memmove", "__aeabi_memmove4", "__aeabi_memmove8",
    "__aeabi_memset", "__aeabi_memset4", "__aeabi_memset8",
    "__aeabi_memclr", "__aeabi_memclr4", "__aeabi_memclr8",
];
/// What an application calls that loads a module, gives it functions and calls it.
const APPLICATION: &[&str] = &[
    "wasm_runtime_full_init",
    "wasm_runtime_destroy",
    "wasm_runtime_load",
    "wasm_runtime_unload",
    "wasm_runtime_instantiate",
    "wasm_runtime_deinstantiate",
    "wasm_runtime_lookup_function",
    "wasm_runtime_create_exec_env",
    "wasm_runtime_destroy_exec_env",
    "wasm_runtime_call_wasm",
    "wasm_runtime_get_exception",
    "wasm_runtime_register_natives",
];
#[derive(clap::Args)]
pub struct Options {
    /// Also list the N largest symbols of each image
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "40")]
    symbols: Option<usize>,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Default)]
struct Sizes {
    text: u64,
    rodata: u64,
    data: u64,
    bss: u64,
}

impl Sizes {
    fn of(file: &object::File) -> Sizes {
        let mut sizes = Sizes::default();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            let has = |flag: u32| sh_flags & u64::from(flag) != 0;
            if !has(object::elf::SHF_ALLOC) {
                continue;
            }
            match section.kind() {
                SectionKind::UninitializedData => sizes.bss += section.size(),
                _ if has(object::elf::SHF_EXECINSTR) => sizes.text += section.size(),
                _ if has(object::elf::SHF_WRITE) => sizes.data += section.size(),
                _ => sizes.rodata += section.size(),
            }
        }
        sizes
    }

    fn flash(self) -> u64 {
        self.text + self.rodata + self.data
    }

    fn ram(self) -> u64 {
        self.data + self.bss
    }
}

struct Symbol {
    name: String,
    size: u64,
}

struct Row {
    config: String,
    /// What the application calls: `c-api` everything, `app` what a small one calls.
    calls: &'static str,
    sizes: Sizes,
    /// Largest first.
    symbols: Vec<Symbol>,
}

impl Row {
    /// Functions of `core::panicking` that are linked. The goal is none.
    fn panics(&self) -> impl Iterator<Item = &str> {
        self.symbols.iter().map(|symbol| symbol.name.as_str()).filter(|name| name.contains("core::panicking"))
    }
}

/// The functions that the header declares.
fn functions_of_header() -> Result<Vec<String>> {
    let header = fs::read_to_string(shell::root().join(HEADER)).with_context(|| format!("cannot read {HEADER}"))?;
    let mut names: Vec<String> = Vec::new();
    let comments_removed = header.lines().filter(|line| !line.trim_start().starts_with(['*', '/', '#']));
    for line in comments_removed {
        let words = line.match_indices('(').filter_map(|(at, _)| line[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next());
        names.extend(words.filter(|word| word.starts_with("wasm_") || word.starts_with("zonda_")).map(str::to_owned));
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        bail!("{HEADER} declares no function");
    }
    Ok(names)
}

/// Builds the static library with these modes.
fn library(modes: &[&str]) -> Result<PathBuf> {
    let features: Vec<String> = FEATURES.iter().chain(modes).map(|feature| format!("zonda/{feature}")).collect();
    shell::step(&format!("building libzonda_c.a for {TARGET} ({})", modes.join(", ")));
    let mut command = toolchain::cargo_build(TARGET)?;
    shell::run(command.args(["--package", "zonda-c", "--features", &features.join(",")]))?;
    Ok(shell::target_dir().join("device").join(TARGET).join("release/libzonda_c.a"))
}

/// Links what the roots need, and nothing else.
fn link(library: &Path, roots: &[String], image: &Path) -> Result<()> {
    let mut linker = toolchain::linker(TARGET)?;
    linker.args(["--gc-sections", "--unresolved-symbols=ignore-all", "--entry", &roots[0], "-o"]).arg(image);
    LIBC.iter().for_each(|name| {
        linker.arg(format!("--defsym={name}=0"));
    });
    roots.iter().for_each(|root| {
        linker.args(["--undefined", root]);
    });
    shell::run(linker.arg(library))
}

fn inspect(image: &Path, roots: &[String]) -> Result<(Sizes, Vec<Symbol>)> {
    let bytes = fs::read(image).with_context(|| format!("cannot read {}", image.display()))?;
    let file = object::File::parse(&*bytes)?;
    let name = |symbol: &object::Symbol| symbol.name().unwrap_or_default().to_owned();
    let open = file.symbols().filter(|symbol| symbol.is_undefined()).map(|symbol| name(&symbol));
    if let Some(other) = open.into_iter().find(|name| !name.is_empty() && !name.starts_with(PLATFORM)) {
        let hint = if roots.contains(&other) { "which the header declares" } else { "which nobody gives" };
        bail!("the library lacks {other}, {hint}");
    }
    let sized = file.symbols().filter(|symbol| symbol.size() != 0);
    let mut symbols: Vec<Symbol> =
        sized.map(|symbol| Symbol { name: format!("{:#}", rustc_demangle::demangle(&name(&symbol))), size: symbol.size() }).collect();
    symbols.sort_by_key(|symbol| std::cmp::Reverse(symbol.size));
    Ok((Sizes::of(&file), symbols))
}

fn measure() -> Result<Vec<Row>> {
    let all = functions_of_header()?;
    let some: Vec<String> = APPLICATION.iter().map(|name| (*name).to_owned()).collect();
    let mut rows = Vec::new();
    for Flash { config, modes, .. } in &FLASH {
        let library = library(modes)?;
        for (calls, roots) in [("c-api", &all), ("app", &some)] {
            let image = shell::target_dir().join(format!("size-{config}-{calls}.elf"));
            link(&library, roots, &image)?;
            let (sizes, symbols) = inspect(&image, roots)?;
            rows.push(Row { config: (*config).to_owned(), calls, sizes, symbols });
        }
    }
    Ok(rows)
}

fn print(rows: &[Row], json: bool, symbols: usize) {
    if !json {
        println!("{:<14} {:<6} {:<20} {:>7} {:>7} {:>6} {:>6} {:>7}  panics", "config", "calls", "target", "text", "rodata", "data", "bss", "flash");
    }
    for row in rows {
        let Sizes { text, rodata, data, bss } = row.sizes;
        let (flash, panics) = (row.sizes.flash(), row.panics().count());
        if json {
            let object = json!({
                "config": row.config, "target": TARGET, "text": text, "rodata": rodata, "data": data, "bss": bss,
                "flash": flash, "calls": row.calls, "panics": panics,
            });
            println!("{object}");
        } else {
            println!("{:<14} {:<6} {TARGET:<20} {text:>7} {rodata:>7} {data:>6} {bss:>6} {flash:>7}  {panics}", row.config, row.calls);
        }
        row.panics().for_each(|name| eprintln!("    links {name}"));
        row.symbols.iter().take(symbols).for_each(|symbol| eprintln!("    {:>6} {}", symbol.size, symbol.name));
    }
}

pub fn run(options: &Options) -> Result<()> {
    print(&measure()?, options.json, options.symbols.unwrap_or(0));
    if !options.json {
        println!("\nBytes that the runtime adds to an application that calls all of {HEADER} (c-api) or loads, links and calls (app).");
    }
    Ok(())
}

/// As a test: flash and static RAM stay within their limits.
pub fn check() -> Result<()> {
    let rows = measure()?;
    print(&rows, false, 0);
    let mut over = Vec::new();
    for row in rows.iter().filter(|row| row.calls == "c-api") {
        let most = FLASH.iter().find(|flash| flash.config == row.config).map_or(0, |flash| flash.limit);
        let (flash, ram) = (row.sizes.flash(), row.sizes.ram());
        if flash > most || ram > STATIC_RAM {
            over.push(format!("{} takes {flash} bytes of flash (at most {most}) and {ram} of static RAM (at most {STATIC_RAM})", row.config));
        }
    }
    if !over.is_empty() {
        bail!("{}", over.join("\n  "));
    }
    Ok(())
}
