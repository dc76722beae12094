//! Flash and RAM that the runtime adds to a C application: the static library, linked with nothing
//! but itself.
//!
//! What an application pulls in is what the linker keeps for the functions that it calls. So the
//! library is linked with those functions as roots and the platform's functions left open; no image
//! without the runtime has to be subtracted. Soft float and 64-bit division come from the library
//! too and are counted; `memcpy` and its like are the C library's, as in a Zephyr image. Where GCC
//! for Arm is installed, the column "libgcc" has the flash with GCC's arithmetic in place of the
//! library's, as CMakeLists.txt links it.

mod options;

use crate::workloads::{Flash, FLASH, STATIC_RAM};
use crate::{features, libgcc, shell, toolchain};
use anyhow::{bail, Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const TARGET: &str = "thumbv7m-none-eabi";
const HEADER: &str = "include/wasm_export.h";
/// What the platform provides; see src/platform, and wasi/src/firmware.
const PLATFORM: [&str; 2] = ["zonda_platform_", "zonda_wasi_"];
/// What the application's C library provides anyway, before the library's own copies are looked at.
const LIBC: &[&str] = &[
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "bcmp",
    "strlen",
    "__aeabi_memcpy",
    "__aeabi_memcpy4",
    "__aeabi_memcpy8",
    "__aeabi_memmove",
    "__aeabi_memmove4",
    "__aeabi_memmove8",
    "__aeabi_memset",
    "__aeabi_memset4",
    "__aeabi_memset8",
    "__aeabi_memclr",
    "__aeabi_memclr4",
    "__aeabi_memclr8",
];
/// Parts of the names of what the compiler puts where it cannot exclude a panic.
const PANICS: &[&str] = &[
    "core::panicking",
    "core::panic::",
    "unwrap_failed",
    "expect_failed",
    "core::slice::index",
    "rust_begin_unwind",
    "handle_alloc_error",
];
/// What the panic handler of `clib` says. It stands in an image that can panic even where all of
/// these functions were made part of their callers.
const HANDLER: &[u8] = b"zonda: panic";
/// What an application calls that loads a module, registers functions for it and calls it.
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
/// What one calls through the standard C API, as the program of docs/standard-c-api.md.
const STANDARD: &[&str] = &[
    "wasm_engine_new",
    "wasm_engine_delete",
    "wasm_store_new",
    "wasm_store_delete",
    "wasm_module_new_ex",
    "wasm_module_delete",
    "wasm_valtype_new",
    "wasm_valtype_vec_new",
    "wasm_valtype_vec_delete",
    "wasm_functype_new",
    "wasm_functype_delete",
    "wasm_func_new",
    "wasm_func_delete",
    "wasm_func_as_extern",
    "wasm_extern_as_func",
    "wasm_extern_vec_delete",
    "wasm_instance_new",
    "wasm_instance_exports",
    "wasm_instance_delete",
    "wasm_func_call",
    "wasm_trap_delete",
];

#[derive(clap::Args)]
pub struct Options {
    /// Measure the standard C API in place of wasm_export.h
    #[arg(long)]
    standard: bool,
    /// Also list the N largest symbols of each image
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "40")]
    symbols: Option<usize>,
    /// Also list the bytes of each crate in each image
    #[arg(long)]
    crates: bool,
    /// Print one JSON object per row in place of the table
    #[arg(long)]
    json: bool,
    /// Features of the runtime besides, separated by commas, such as `exceptions`
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// Features that are on by default to leave out, separated by commas, such as `float`
    #[arg(long, value_delimiter = ',', conflicts_with = "standard", value_parser = features::LANGUAGE)]
    without: Vec<String>,
    /// Only the row with this name
    #[arg(long)]
    config: Option<String>,
    /// What options for programs add to a small application (docs/measurements.md)
    #[arg(long, conflicts_with_all = ["standard", "features"])]
    options: bool,
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
    /// Flash with libgcc's arithmetic, where GCC for Arm is installed.
    with_libgcc: Option<u64>,
    /// Largest first.
    symbols: Vec<Symbol>,
    /// Whether the panic handler is linked.
    handler: bool,
}

impl Row {
    /// Functions that are linked only because something can panic. There are none.
    fn panics(&self) -> impl Iterator<Item = &str> {
        let names = self.symbols.iter().map(|symbol| symbol.name.as_str());
        names.filter(|name| PANICS.iter().any(|part| name.contains(part)))
    }
}

/// The functions that the header declares.
fn functions_of_header() -> Result<Vec<String>> {
    let header = fs::read_to_string(shell::root().join(HEADER))
        .with_context(|| format!("cannot read {HEADER}"))?;
    let mut names: Vec<String> = Vec::new();
    let comments_removed =
        header.lines().filter(|line| !line.trim_start().starts_with(['*', '/', '#']));
    // A function that the header itself defines is in no library.
    let comments_removed = comments_removed.filter(|line| !line.starts_with("static inline"));
    for line in comments_removed {
        let words = line.match_indices('(').filter_map(|(at, _)| {
            line[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()
        });
        names.extend(
            words
                .filter(|word| word.starts_with("wasm_") || word.starts_with("zonda_"))
                .map(str::to_owned),
        );
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        bail!("{HEADER} declares no function");
    }
    Ok(names)
}

/// The features of a library with these modes, as an argument of cargo.
pub fn features_of(modes: &[&str]) -> String {
    features_without(modes, &[])
}

/// The same without some that are on by default.
fn features_without(modes: &[&str], less: &[String]) -> String {
    // Besides modes, as Kconfig's defaults say.
    let language = features::LANGUAGE.into_iter().filter(|name| less.iter().all(|off| off != name));
    features::of_zonda(language.chain(modes.iter().copied()))
}

/// Builds the static library with these modes.
pub fn library(modes: &[&str]) -> Result<PathBuf> {
    library_with(modes, &[], &[])
}

/// The same with more features, and without some that are on by default.
fn library_with(modes: &[&str], more: &[String], less: &[String]) -> Result<PathBuf> {
    let all: Vec<&str> = modes.iter().copied().chain(more.iter().map(String::as_str)).collect();
    library_of(&features_without(&all, less), &modes.join(", "))
}

/// The static library with these features of its package; `what` is said on the console.
fn library_of(features: &str, what: &str) -> Result<PathBuf> {
    shell::step(&format!("building libzonda_c.a for {TARGET} ({what})"));
    let mut command = toolchain::cargo_build(TARGET)?;
    shell::run(command.args(["--package", "zonda-c", "--features", features]))?;
    Ok(shell::target_dir().join("device").join(TARGET).join("release/libzonda_c.a"))
}

/// Links what the roots need, and nothing else. Definitions in `objects` win over those in the
/// library.
fn link(library: &Path, objects: &[PathBuf], roots: &[String], image: &Path) -> Result<()> {
    let mut linker = toolchain::linker(TARGET)?;
    linker
        .args(["--gc-sections", "--unresolved-symbols=ignore-all", "--entry", &roots[0], "-o"])
        .arg(image);
    LIBC.iter().for_each(|name| {
        linker.arg(format!("--defsym={name}=0"));
    });
    roots.iter().for_each(|root| {
        linker.args(["--undefined", root]);
    });
    shell::run(linker.args(objects).arg(library))
}

fn is_platform(name: &str) -> bool {
    PLATFORM.iter().any(|start| name.starts_with(start))
}

fn inspect(image: &Path, roots: &[String]) -> Result<(Sizes, Vec<Symbol>, bool)> {
    let bytes = fs::read(image).with_context(|| format!("cannot read {}", image.display()))?;
    let file = object::File::parse(&*bytes)?;
    let name = |symbol: &object::Symbol| symbol.name().unwrap_or_default().to_owned();
    let open = file.symbols().filter(|symbol| symbol.is_undefined()).map(|symbol| name(&symbol));
    if let Some(other) = open.into_iter().find(|name| !name.is_empty() && !is_platform(name)) {
        let hint = if roots.contains(&other) {
            "which the header declares"
        } else {
            "which nothing provides"
        };
        bail!("the library lacks {other}, {hint}");
    }
    let sized = file.symbols().filter(|symbol| symbol.size() != 0);
    let mut symbols: Vec<Symbol> = sized
        .map(|symbol| Symbol {
            name: format!("{:#}", rustc_demangle::demangle(&name(&symbol))),
            size: symbol.size(),
        })
        .collect();
    symbols.sort_by_key(|symbol| std::cmp::Reverse(symbol.size));
    let handler = bytes.windows(HANDLER.len()).any(|window| window == HANDLER);
    Ok((Sizes::of(&file), symbols, handler))
}

fn measure(more: &[String], less: &[String], only: Option<&str>) -> Result<Vec<Row>> {
    let all = functions_of_header()?;
    let some: Vec<String> = APPLICATION.iter().map(|name| (*name).to_owned()).collect();
    let objects = if libgcc::is_installed() { Some(libgcc::objects(TARGET)?) } else { None };
    let mut rows = Vec::new();
    for Flash { config, modes, .. } in
        FLASH.iter().filter(|row| only.is_none_or(|only| row.config == only))
    {
        let library = library_with(modes, more, less)?;
        for (calls, roots) in [("c-api", &all), ("app", &some)] {
            let image = shell::target_dir().join(format!("size-{config}-{calls}.elf"));
            link(&library, &[], roots, &image)?;
            let (sizes, symbols, handler) = inspect(&image, roots)?;
            let with_libgcc = match &objects {
                None => None,
                Some(objects) => {
                    let image = image.with_extension("libgcc.elf");
                    link(&library, objects, roots, &image)?;
                    Some(inspect(&image, roots)?.0.flash())
                }
            };
            let config = (*config).to_owned();
            rows.push(Row { config, calls, sizes, with_libgcc, symbols, handler });
        }
    }
    Ok(rows)
}

/// The standard C API: a program that uses little of it, and all that the page's table lists.
fn measure_standard() -> Result<Vec<Row>> {
    let page = fs::read_to_string(shell::root().join("docs/standard-c-api.md"))?;
    let mut all = Vec::new();
    for cell in page.lines().filter_map(|line| line.strip_prefix("| `wasm_")?.split('`').next()) {
        let (before, rest) = cell.split_once('{').unwrap_or((cell, "}"));
        let (choices, after) = rest.split_once('}').unwrap_or((rest, ""));
        all.extend(choices.split(',').map(|choice| format!("wasm_{before}{choice}{after}")));
    }
    let some: Vec<String> = STANDARD.iter().map(|name| (*name).to_owned()).collect();
    let mut rows = Vec::new();
    for Flash { config, modes, .. } in &FLASH {
        let features = format!("{},standard-c-api", features_of(modes));
        let library = library_of(&features, &modes.join(", "))?;
        for (calls, roots) in [("c-api", &all), ("app", &some)] {
            let image = shell::target_dir().join(format!("size-standard-{config}-{calls}.elf"));
            link(&library, &[], roots, &image)?;
            let (sizes, symbols, handler) = inspect(&image, roots)?;
            let config = (*config).to_owned();
            rows.push(Row { config, calls, sizes, with_libgcc: None, symbols, handler });
        }
    }
    Ok(rows)
}

fn print(rows: &[Row], json: bool, symbols: usize) {
    if !json {
        println!(
            "{:<14} {:<6} {:<20} {:>7} {:>7} {:>6} {:>6} {:>7} {:>7}  panics",
            "config", "calls", "target", "text", "rodata", "data", "bss", "flash", "libgcc"
        );
    }
    for row in rows {
        let Sizes { text, rodata, data, bss } = row.sizes;
        let (flash, panics) = (row.sizes.flash(), row.panics().count());
        if json {
            let object = json!({
                "config": row.config, "target": TARGET, "text": text, "rodata": rodata, "data": data, "bss": bss,
                "flash": flash, "flash_libgcc": row.with_libgcc, "calls": row.calls, "panics": panics,
            });
            println!("{object}");
        } else {
            let libgcc = row.with_libgcc.map_or("-".to_owned(), |bytes| bytes.to_string());
            println!("{:<14} {:<6} {TARGET:<20} {text:>7} {rodata:>7} {data:>6} {bss:>6} {flash:>7} {libgcc:>7}  {panics}", row.config, row.calls);
        }
        row.panics().for_each(|name| eprintln!("    links {name}"));
        row.symbols
            .iter()
            .take(symbols)
            .for_each(|symbol| eprintln!("    {:>6} {}", symbol.size, symbol.name));
    }
}

/// What is wrong with an image that can panic.
fn panicking(row: &Row) -> Option<String> {
    let names: Vec<&str> = row.panics().collect();
    let what = match (names.is_empty(), row.handler) {
        (true, false) => return None,
        (true, true) => "the panic handler".to_owned(),
        (false, _) => names.join(", "),
    };
    Some(format!("{} ({}) can panic: it links {what}", row.config, row.calls))
}

/// The crate that a symbol comes from, by its name: that of a path, and `core` for the
/// implementations on types without one.
fn crate_of(name: &str) -> &str {
    let path = name
        .trim_start_matches(['<', '&', '*', '[', '('])
        .trim_start_matches("mut ")
        .trim_start_matches("const ");
    let first = path.split("::").next().filter(|first| *first != path);
    match first {
        Some(first) if first.starts_with("zonda") => "zonda",
        Some(first) if first.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => first,
        Some(_) => "core",
        None if ["wasm_", "zonda_", "__rust"].iter().any(|start| name.starts_with(start)) => {
            "zonda"
        }
        None => "compiler_builtins",
    }
}

fn print_crates(rows: &[Row]) {
    println!("\nBytes of symbols by crate; constants without a name are in none of them.");
    for row in rows {
        let mut crates: BTreeMap<&str, u64> = BTreeMap::new();
        for symbol in &row.symbols {
            *crates.entry(crate_of(&symbol.name)).or_default() += symbol.size;
        }
        let list: Vec<String> =
            crates.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
        println!("{:<14} {:<6} {}", row.config, row.calls, list.join(", "));
    }
}

pub fn run(options: &Options) -> Result<()> {
    if options.options {
        return options::run(options.config.as_deref().unwrap_or("fast"));
    }
    let rows = if options.standard {
        measure_standard()?
    } else {
        measure(&options.features, &options.without, options.config.as_deref())?
    };
    print(&rows, options.json, options.symbols.unwrap_or(0));
    if options.crates {
        print_crates(&rows);
    }
    if !options.json {
        let header = if options.standard { "include/wasm_c_api.h" } else { HEADER };
        println!("\nBytes that the runtime adds to an application that calls all of {header} (c-api) or loads, links and calls (app).");
    }
    Ok(())
}

/// As a test: flash and static RAM stay within their limits, and nothing can panic.
pub fn check() -> Result<()> {
    let rows = measure(&[], &[], None)?;
    print(&rows, false, 0);
    let mut over: Vec<String> = rows.iter().filter_map(panicking).collect();
    // Nor does what is off by default link a panic.
    let options = features::OFF_BY_DEFAULT.map(str::to_owned);
    over.extend(measure(&options, &[], Some("everything"))?.iter().filter_map(panicking));
    for row in &rows {
        let limits = FLASH.iter().find(|flash| flash.config == row.config);
        let most =
            limits.map_or(0, |flash| if row.calls == "app" { flash.app } else { flash.limit });
        let (flash, ram) = (row.sizes.flash(), row.sizes.ram());
        if flash > most || ram > STATIC_RAM {
            over.push(format!("{} ({}) takes {flash} bytes of flash (at most {most}) and {ram} of static RAM (at most {STATIC_RAM})", row.config, row.calls));
        }
    }
    if !over.is_empty() {
        bail!("{}", over.join("\n  "));
    }
    Ok(())
}
