//! Damages single instructions of the interpreter loops in Thumb-2, which cargo-mutants cannot
//! change, and runs the specification suite on the damaged image in QEMU. Damage that changes no
//! count of any script goes unnoticed, and is listed.

use crate::firmware::{self, BOARDS};
use crate::{modes, packages, shell, spec};
use anyhow::{bail, Context, Result};
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// A script of the suite ends in a few seconds; a damaged loop may not end.
const DEADLINE: Duration = Duration::from_secs(40);

/// An instruction that can be damaged.
#[derive(Clone, Debug, PartialEq)]
struct Damage {
    /// Offset in the loop's function.
    at: u64,
    /// Offset in the image's file.
    file: usize,
    old: Vec<u8>,
    new: Vec<u8>,
    what: &'static str,
}

/// A single changed field of a 16-bit instruction: a condition, an operation, a register or an
/// immediate (Armv7-M ARM, A5.2).
fn narrow(word: u16) -> Option<(u16, &'static str)> {
    Some(match word >> 11 {
        // lsl, lsr, asr (immediate); mov between registers is the first with a count of 0.
        0b00000..=0b00010 if word & 0x7c0 != 0 => (word ^ 0x40, "shift count"),
        0b00000 => (word ^ 0x08, "source register"),
        0b00011 => (word ^ 0x200, "add or subtract"),
        0b00100..=0b00111 => (word ^ 1, "immediate"),
        0b01000 if word & 0x400 == 0 => (word ^ 0x40, "operation"),
        // add, cmp, mov of any registers. Branches to registers are left alone.
        0b01000 if word & 0x300 != 0x300 => (word ^ 0x08, "source register"),
        0b01010..=0b01011 => (word ^ 0x40, "index register"),
        0b01100..=0b10001 => (word ^ 0x40, "offset"),
        0b11010 | 0b11011 if (word >> 8) & 0xf < 14 => (word ^ 0x100, "condition"),
        // cbz, cbnz
        0b10110 | 0b10111 if word & 0xf500 == 0xb100 => (word ^ 0x800, "condition"),
        _ => return None,
    })
}

/// The same of a 32-bit instruction (A5.3).
fn wide(first: u16, second: u16) -> Option<((u16, u16), &'static str)> {
    Some(match first >> 9 {
        // Data processing with a register or an immediate: the destination, or what is compared.
        0b1110101 if second & 0x0f00 != 0x0f00 => ((first, second ^ 0x100), "destination register"),
        0b1110101 => ((first, second ^ 1), "source register"),
        0b1111000..=0b1111011 if second & 0x8000 == 0 => ((first, second ^ 1), "immediate"),
        // Dispatch: damage to it is noticed by every program.
        0b1111100 if first & 0x10 != 0 && second >> 12 == 15 => return None,
        // Loads and stores of one register.
        0b1111100 if first & 0x80 != 0 => ((first, second ^ 4), "offset"),
        0b1111100 if second & 0x800 != 0 => ((first, second ^ 1), "offset"),
        0b1111100 => ((first, second ^ 0x10), "index shift"),
        // Loads and stores of two.
        0b1110100 if first & 0x40 != 0 && first & 0x120 != 0 => ((first, second ^ 1), "offset"),
        // Conditional branches.
        0b1111000..=0b1111011 if second & 0xd000 == 0x8000 && (first >> 6) & 0xf < 14 => {
            ((first ^ 0x40, second), "condition")
        }
        _ => return None,
    })
}

/// Damage to each instruction of `code`, which begins `at` in the function and `file` in the
/// image's file.
fn damages(code: &[u8], at: u64, file: usize) -> Vec<Damage> {
    let half = |i: usize| code.get(i..i + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    let mut damages = Vec::new();
    let mut i = 0;
    while let Some(first) = half(i) {
        let is_wide = first >> 11 >= 0b11101;
        let damaged = if is_wide {
            half(i + 2).and_then(|second| {
                let ((first, second), what) = wide(first, second)?;
                Some(([first.to_le_bytes(), second.to_le_bytes()].concat(), what))
            })
        } else {
            narrow(first).map(|(word, what)| (word.to_le_bytes().to_vec(), what))
        };
        let len = if is_wide { 4 } else { 2 };
        if let Some((new, what)) = damaged {
            damages.push(Damage {
                at: at + i as u64,
                file: file + i,
                old: code[i..i + len].to_vec(),
                new,
                what,
            });
        }
        i += len;
    }
    damages
}

/// The loop of a mode in an image: its damages, and the first opcode whose handler is at an offset.
fn find(image: &[u8], mode: &str) -> Result<(Vec<Damage>, BTreeMap<u64, usize>)> {
    let file = object::File::parse(image)?;
    let wanted = format!("zonda_exec::{mode}::thumb::enter");
    let symbol = file
        .symbols()
        .find(|symbol| {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name().unwrap_or_default()));
            name == wanted && symbol.size() > 0
        })
        .with_context(|| format!("the image has no {wanted}"))?;
    let start = symbol.address() & !1;
    let end = start + symbol.size();
    let section = file
        .sections()
        .find(|section| (section.address()..section.address() + section.size()).contains(&start))
        .context("the loop is in no section")?;
    let (of_section, _) = section.file_range().context("the loop's section is not in the file")?;
    // Mapping symbols say where code ($t) and data ($d) begin.
    let mut marks: BTreeMap<u64, bool> = file
        .symbols()
        .filter(|symbol| (start..end).contains(&symbol.address()))
        .filter_map(|symbol| match symbol.name().ok()?.get(..2)? {
            "$t" => Some((symbol.address(), true)),
            "$d" => Some((symbol.address(), false)),
            _ => None,
        })
        .collect();
    marks.entry(start).or_insert(true);
    let mut all = Vec::new();
    let mut handlers = BTreeMap::new();
    let starts: Vec<(u64, bool)> = marks.into_iter().collect();
    for (number, &(from, is_code)) in starts.iter().enumerate() {
        let to = starts.get(number + 1).map_or(end, |next| next.0);
        let at = (of_section + from - section.address()) as usize;
        let bytes = &image[at..at + (to - from) as usize];
        if is_code {
            all.extend(damages(bytes, from - start, at));
            continue;
        }
        // A table of handlers has addresses of this function.
        for (opcode, word) in bytes.as_chunks().0.iter().enumerate() {
            let address = u64::from(u32::from_le_bytes(*word));
            if address & 1 == 1 && (start..end).contains(&(address & !1)) {
                handlers.entry((address & !1) - start).or_insert(opcode);
            }
        }
    }
    if all.len() < 200 {
        bail!("only {} instructions of {wanted} can be damaged", all.len());
    }
    Ok((all, handlers))
}

/// What a script reports on the image; `None` if the image does not end in time or reports nothing.
fn counts(image: &Path, script: &Path) -> Option<String> {
    spec::script(&BOARDS[0], image, script, DEADLINE, false).ok()
}

/// Damages `sample` instructions of a mode's loop, which lie evenly apart, and returns the row of
/// the table and the unnoticed ones.
fn mode(name: &str, sample: usize) -> Result<(String, Vec<String>)> {
    let image = firmware::build("spec", &BOARDS[0], &["full", "spec", name])?;
    let scripts: Vec<PathBuf> =
        spec::scripts(false)?.into_iter().map(|(script, _)| script).collect();
    shell::step(&format!("{} scripts on the image that is not damaged", scripts.len()));
    let expected: Vec<Option<String>> =
        scripts.iter().map(|script| counts(&image, script)).collect();
    if expected.iter().any(Option::is_none) {
        bail!("the image that is not damaged does not run the suite");
    }
    let bytes = fs::read(&image)?;
    let (all, handlers) = find(&bytes, name)?;
    let step = (all.len() / sample.clamp(1, all.len())).max(1);
    let chosen: Vec<&Damage> = all.iter().skip(step / 2).step_by(step).take(sample).collect();
    shell::step(&format!("damaging {} of {} instructions", chosen.len(), all.len()));
    let folder = shell::target_dir().join("mutants-thumb");
    fs::create_dir_all(&folder)?;
    let next = Mutex::new(0..chosen.len());
    let unnoticed: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());
    let failed: Mutex<Option<anyhow::Error>> = Mutex::new(None);
    let lock = "another thread panicked";
    let one = |number: usize| -> Result<()> {
        let damage = chosen[number];
        let mut damaged = bytes.clone();
        damaged[damage.file..damage.file + damage.new.len()].copy_from_slice(&damage.new);
        let path = folder.join(format!("{name}-{number}.elf"));
        fs::write(&path, damaged)?;
        // The next script than the one before begins, so that what all scripts find is found soon
        // by any.
        let order = (0..scripts.len()).map(|i| (i + number * 7) % scripts.len());
        let noticed = order.into_iter().any(|i| counts(&path, &scripts[i]) != expected[i]);
        fs::remove_file(&path)?;
        eprintln!(
            "    {name} {:#06x} {}: {}",
            damage.at,
            damage.what,
            if noticed { "noticed" } else { "NOT NOTICED" }
        );
        if !noticed {
            let handler = handlers.range(..=damage.at).next_back();
            let handler = handler.map_or("the prologue".to_owned(), |(_, opcode)| {
                format!("the handler of opcode {opcode:#04x} or behind it")
            });
            let hex = |bytes: &[u8]| {
                bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
            };
            let line = format!(
                "| {name} | {:#06x} | {handler} | {} | `{}` → `{}` |",
                damage.at,
                damage.what,
                hex(&damage.old),
                hex(&damage.new)
            );
            unnoticed.lock().expect(lock).push((damage.at, line));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| loop {
                let Some(number) = next.lock().expect(lock).next() else { return };
                if let Err(error) = one(number) {
                    *failed.lock().expect(lock) = Some(error);
                    return;
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().expect(lock) {
        return Err(error);
    }
    let mut unnoticed = unnoticed.into_inner().expect(lock);
    unnoticed.sort();
    let caught = chosen.len() - unnoticed.len();
    let row = format!(
        "| {name} | {} | {} | {caught} | {:.1} |",
        all.len(),
        chosen.len(),
        100.0 * caught as f64 / chosen.len().max(1) as f64
    );
    Ok((row, unnoticed.into_iter().map(|(_, line)| line).collect()))
}

/// Prints a table of both loops, and the damage that went unnoticed.
pub fn run(sample: usize, only: Option<&str>) -> Result<()> {
    packages::need(&[BOARDS[0].emulator])?;
    let mut rows = Vec::new();
    let mut unnoticed = Vec::new();
    for mode_of in modes::ALL.iter().filter(|mode| only.is_none_or(|only| only == mode.name)) {
        let (row, lines) = mode(mode_of.name, sample)?;
        rows.push(row);
        unnoticed.extend(lines);
    }
    println!("| loop | instructions | damaged | noticed | % |\n|---|---:|---:|---:|---:|");
    rows.iter().for_each(|row| println!("{row}"));
    if !unnoticed.is_empty() {
        println!("\n| loop | at | in | changed | bytes |\n|---|---|---|---|---|");
        unnoticed.iter().for_each(|line| println!("{line}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_of_both_lengths_are_damaged_and_no_others() {
        // movs r0, #5; ldr.w r1, [r2, #4]; bx lr; beq
        let code = [0x05, 0x20, 0xd2, 0xf8, 0x04, 0x10, 0x70, 0x47, 0x02, 0xd0];
        let found = damages(&code, 0x10, 100);
        let short: Vec<(u64, usize, &[u8], &str)> =
            found.iter().map(|d| (d.at, d.file, &d.new[..], d.what)).collect();
        assert_eq!(
            short,
            [
                (0x10, 100, &[0x04, 0x20][..], "immediate"),
                (0x12, 102, &[0xd2, 0xf8, 0x00, 0x10][..], "offset"),
                (0x18, 108, &[0x02, 0xd1][..], "condition"),
            ]
        );
    }

    #[test]
    fn each_damage_changes_its_instruction() {
        for word in 0..=u16::MAX {
            if word >> 11 < 0b11101 {
                assert!(narrow(word).is_none_or(|(new, _)| new != word && new >> 11 < 0b11101));
            } else {
                for second in [0, 0x1234, 0x8765, 0xffff] {
                    let damaged = wide(word, second);
                    assert!(damaged.is_none_or(|(new, _)| new != (word, second)));
                }
            }
        }
    }
}
