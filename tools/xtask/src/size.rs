//! Flash and RAM that the runtime adds to an image: the image with it, less the image without it.

use crate::bench;
use crate::firmware::{self, Board};
use anyhow::{bail, Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind};
use serde_json::json;
use std::fs;
use std::path::Path;

const BOARD: Board = Board::Mps2;
/// Flash and static RAM that classic mode with the whole C API may take.
const FLASH: i64 = 36 * 1024;
const STATIC_RAM: i64 = 256;

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
    text: i64,
    rodata: i64,
    data: i64,
    bss: i64,
}

impl Sizes {
    fn of(image: &Path) -> Result<Sizes> {
        let bytes = fs::read(image).with_context(|| format!("cannot read {}", image.display()))?;
        let file = object::File::parse(&*bytes)?;
        let mut sizes = Sizes::default();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            if sh_flags & u64::from(object::elf::SHF_ALLOC) == 0 {
                continue;
            }
            let size = section.size() as i64;
            match section.kind() {
                SectionKind::Text => sizes.text += size,
                SectionKind::Data => sizes.data += size,
                SectionKind::UninitializedData => sizes.bss += size,
                _ => sizes.rodata += size,
            }
        }
        Ok(sizes)
    }

    fn less(self, other: Sizes) -> Sizes {
        Sizes {
            text: self.text - other.text,
            rodata: self.rodata - other.rodata,
            data: self.data - other.data,
            bss: self.bss - other.bss,
        }
    }

    fn flash(self) -> i64 {
        self.text + self.rodata + self.data
    }
}

struct Symbol {
    name: String,
    size: u64,
}

fn symbols(image: &Path) -> Result<Vec<Symbol>> {
    let bytes = fs::read(image)?;
    let file = object::File::parse(&*bytes)?;
    let sized = file.symbols().filter(|symbol| symbol.size() != 0);
    let named = sized.filter_map(|symbol| {
        Some(Symbol { name: format!("{:#}", rustc_demangle::demangle(symbol.name().ok()?)), size: symbol.size() })
    });
    let mut found: Vec<Symbol> = named.collect();
    found.sort_by_key(|symbol| std::cmp::Reverse(symbol.size));
    Ok(found)
}

struct Row {
    config: String,
    api: &'static str,
    sizes: Sizes,
    /// Functions of `core::panicking` that the image links.
    panics: Vec<String>,
    largest: Vec<Symbol>,
}

/// Images: the whole C API, and an application that loads, links, instantiates and calls.
const IMAGES: [(&str, &str); 2] = [("size_full", "c-api"), ("size_app", "app")];

fn measure(with_symbols: usize) -> Result<Vec<Row>> {
    let empty = Sizes::of(&firmware::build("size_empty", BOARD, &["full", "capi"])?)?;
    let mut rows = Vec::new();
    for (mode, _) in bench::MODES {
        for (image, api) in IMAGES {
            let image = firmware::build(image, BOARD, &["full", "capi", mode])?;
            let all = symbols(&image)?;
            let panics = all.iter().map(|symbol| symbol.name.clone()).filter(|name| name.contains("core::panicking"));
            rows.push(Row {
                config: mode.to_owned(),
                api,
                sizes: Sizes::of(&image)?.less(empty),
                panics: panics.collect(),
                largest: all.into_iter().take(with_symbols).collect(),
            });
        }
    }
    Ok(rows)
}

fn print(rows: &[Row], json: bool) {
    if !json {
        println!(
            "{:<14} {:<6} {:<20} {:>7} {:>7} {:>6} {:>6} {:>7}  panicking",
            "config", "image", "target", "text", "rodata", "data", "bss", "flash"
        );
    }
    for row in rows {
        let Sizes { text, rodata, data, bss } = row.sizes;
        let (flash, panics, target) = (row.sizes.flash(), row.panics.len(), BOARD.target());
        if json {
            let object = json!({
                "config": row.config, "target": target, "text": text, "rodata": rodata, "data": data, "bss": bss,
                "flash": flash, "image": row.api, "panicking": panics,
            });
            println!("{object}");
        } else {
            println!(
                "{:<14} {:<6} {target:<20} {text:>7} {rodata:>7} {data:>6} {bss:>6} {flash:>7}  {panics}",
                row.config, row.api
            );
        }
        row.panics.iter().for_each(|name| eprintln!("    links {name}"));
        row.largest.iter().for_each(|symbol| eprintln!("    {:>6} {}", symbol.size, symbol.name));
    }
}

pub fn run(options: &Options) -> Result<()> {
    print(&measure(options.symbols.unwrap_or(0))?, options.json);
    if !options.json {
        println!("\nBytes that the runtime adds to an image without it. c-api: every function of wasm_export.h; app: load, link, call.");
    }
    Ok(())
}

/// As a test: flash and static RAM stay within what is promised.
pub fn check() -> Result<()> {
    let rows = measure(0)?;
    print(&rows, false);
    for row in rows.iter().filter(|row| row.config == "classic" && row.api == "c-api") {
        let ram = row.sizes.data + row.sizes.bss;
        if row.sizes.flash() > FLASH || ram > STATIC_RAM {
            bail!("classic takes {} bytes of flash (at most {FLASH}) and {ram} of static RAM (at most {STATIC_RAM})", row.sizes.flash());
        }
    }
    Ok(())
}
