//! Charts of what was measured, beside what others need (`peers`), as SVG files for
//! docs/measurements.md.
//!
//! A panel for each workload, a bar for each runtime: full colour for what was measured now, pale
//! with an outline for what was measured elsewhere. The background is transparent and text is of a
//! middle grey, so that pages may be light or dark.

use super::cycles::NRF52840_CYCLES_PER_MS;
use super::peers::{Peers, DEVICE, HOST, NATIVE};
use super::{embench, number, Measured, Row};
use crate::modes;
use crate::shell;
use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

const TEXT: RGBColor = RGBColor(0x78, 0x7e, 0x87);
const CLASSIC: RGBColor = RGBColor(0x3b, 0x82, 0xc4);
const FAST: RGBColor = RGBColor(0xe0, 0x7b, 0x26);
const NATIVE_HERE: RGBColor = RGBColor(0x4c, 0xaf, 0x7d);
const OTHERS: RGBColor = RGBColor(0x8a, 0x92, 0x9c);

/// Pixels: of a panel, of what it is made of, and around it.
const PANEL: i32 = 460;
const LABELS: i32 = 112;
const VALUES: i32 = 76;
const BAR: i32 = 15;
const STEP: i32 = 20;
const TITLE: i32 = 26;
const GAP: i32 = 22;
const MARGIN: i32 = 14;
const COLUMNS: usize = 2;

#[derive(Clone, Copy, PartialEq)]
enum From {
    /// This run, with this colour.
    Here(RGBColor),
    Elsewhere,
}

struct Bar {
    label: String,
    value: f64,
    from: From,
}

struct Panel {
    title: String,
    bars: Vec<Bar>,
}

/// Three digits and a unit: 19.5 M, 312 k, 7.10.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        value if value >= 999_500.0 => (value / 1e6, " M"),
        value if value >= 9_995.0 => (value / 1e3, " k"),
        value => (value, ""),
    };
    let decimals = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}{unit}")
}

fn panel(peers: &Peers, measured: &[Measured]) -> Option<Panel> {
    let measured = measured.iter().find(|measured| measured.task.name == peers.workload)?;
    let ours = measured.rows.iter().map(|(mode, row)| Bar {
        label: format!("Zonda {}", mode.name),
        value: measured.task.cost(row) as f64 / peers.per as f64,
        from: From::Here(if *mode == modes::FAST { FAST } else { CLASSIC }),
    });
    let others = peers.peers.iter().map(|(name, value)| Bar {
        label: (*name).to_owned(),
        value: *value,
        from: From::Elsewhere,
    });
    let mut bars: Vec<Bar> = ours.chain(others).filter(|bar| bar.value > 0.0).collect();
    // The slowest first; native code, which is no interpreter, at the end in any case.
    bars.sort_by(|one, other| {
        (one.label == NATIVE).cmp(&(other.label == NATIVE)).then(other.value.total_cmp(&one.value))
    });
    Some(Panel { title: peers.title.to_owned(), bars })
}

fn height(panel: &Panel) -> i32 {
    TITLE + STEP * panel.bars.len() as i32 + GAP
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn text(area: &Area, text: &str, at: (i32, i32), size: i32, align: HPos) -> Result<()> {
    let style =
        TextStyle::from(("sans-serif", size)).color(&TEXT).pos(Pos::new(align, VPos::Center));
    Ok(area.draw(&Text::new(text.to_owned(), at, style))?)
}

fn swatch(area: &Area, corners: [(i32, i32); 2], from: From) -> Result<()> {
    match from {
        From::Here(colour) => area.draw(&Rectangle::new(corners, colour.filled()))?,
        From::Elsewhere => {
            area.draw(&Rectangle::new(corners, OTHERS.mix(0.3).filled()))?;
            area.draw(&Rectangle::new(corners, OTHERS.stroke_width(1)))?;
        }
    }
    Ok(())
}

fn draw_panel(area: &Area, panel: &Panel, (x, y): (i32, i32)) -> Result<()> {
    text(area, &panel.title, (x, y + TITLE / 2 - 3), 15, HPos::Left)?;
    let largest = panel.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    for (number, bar) in panel.bars.iter().enumerate() {
        let top = y + TITLE + STEP * number as i32;
        let left = x + LABELS;
        let length =
            ((PANEL - LABELS - VALUES) as f64 * bar.value / largest).round().max(1.0) as i32;
        text(area, &bar.label, (left - 8, top + BAR / 2 + 1), 13, HPos::Right)?;
        swatch(area, [(left, top), (left + length, top + BAR)], bar.from)?;
        text(area, &short(bar.value), (left + length + 7, top + BAR / 2 + 1), 13, HPos::Left)?;
    }
    Ok(())
}

fn chart(path: &Path, title: &str, [here, elsewhere]: [&str; 2], panels: &[Panel]) -> Result<()> {
    let rows: Vec<&[Panel]> = panels.chunks(COLUMNS).collect();
    let heights: Vec<i32> =
        rows.iter().map(|row| row.iter().map(height).max().unwrap_or(0)).collect();
    let head = 58;
    let width = MARGIN * 2 + PANEL * COLUMNS as i32;
    let size = (width as u32, (head + heights.iter().sum::<i32>()) as u32);
    let area = SVGBackend::new(path, size).into_drawing_area();
    text(&area, title, (MARGIN, 16), 18, HPos::Left)?;
    let legend = [(here, From::Here(FAST)), (elsewhere, From::Elsewhere)];
    let mut x = MARGIN;
    for (label, from) in legend {
        swatch(&area, [(x, 34), (x + 22, 34 + 11)], from)?;
        if let From::Here(_) = from {
            swatch(&area, [(x, 34), (x + 11, 34 + 11)], From::Here(CLASSIC))?;
        }
        text(&area, label, (x + 30, 40), 13, HPos::Left)?;
        x += 230;
    }
    let mut y = head;
    for (row, height) in rows.iter().zip(&heights) {
        for (column, panel) in row.iter().enumerate() {
            draw_panel(&area, panel, (MARGIN + PANEL * column as i32, y))?;
        }
        y += height;
    }
    Ok(area.present()?)
}

/// Writes the chart of what was measured on this target.
pub fn draw(target: &str, measured: &[Measured]) -> Result<()> {
    let (file, title, peers) = match target {
        "host" => ("host.svg", "Instructions on an x86-64 host, less is better", &HOST[..]),
        _ => ("device.svg", "Instructions on a Cortex-M3, less is better", &DEVICE[..]),
    };
    let panels: Vec<Panel> = peers
        .iter()
        .filter_map(|peers| panel(peers, measured))
        .filter(|panel| !panel.bars.is_empty())
        .collect();
    write(file, title, LEGEND, &panels)
}

const LEGEND: [&str; 2] =
    ["measured with this version", "measured elsewhere (WAMR, wasm3, native code and others)"];

fn write(file: &str, title: &str, legend: [&str; 2], panels: &[Panel]) -> Result<()> {
    let folder = shell::root().join("docs/charts");
    std::fs::create_dir_all(&folder)?;
    chart(&folder.join(file), title, legend, panels)?;
    shell::step(&format!("wrote docs/charts/{file}"));
    Ok(())
}

/// Writes the chart of Embench's programs: estimated milliseconds on an nRF52840, and those of the
/// fastest other runtime, which were measured on one.
pub fn draw_embench(measured: &[Measured], native: &[(String, Row)]) -> Result<()> {
    let ms = |row: &Row| number(row, "cycles") as f64 / NRF52840_CYCLES_PER_MS;
    let panels = measured.iter().filter_map(|Measured { task, rows }| {
        let (peer, name) = embench::peer(&task.name)?;
        let mut bars: Vec<Bar> = rows
            .iter()
            .map(|(mode, row)| Bar {
                label: format!("Zonda {}", mode.name),
                value: ms(row),
                from: From::Here(if *mode == modes::FAST { FAST } else { CLASSIC }),
            })
            .collect();
        bars.push(Bar { label: name.to_owned(), value: peer, from: From::Elsewhere });
        bars.sort_by(|one, other| other.value.total_cmp(&one.value));
        let here = native.iter().find(|(name, _)| *name == task.name);
        bars.extend(here.map(|(_, row)| Bar {
            label: NATIVE.to_owned(),
            value: ms(row),
            from: From::Here(NATIVE_HERE),
        }));
        Some(Panel { title: task.name.clone(), bars })
    });
    write(
        "embench.svg",
        "Embench 1.0 on an nRF52840, milliseconds, less is better",
        ["estimated with this version", "measured on hardware, elsewhere (the fastest other)"],
        &panels.collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_three_digits() {
        let values =
            [0.6, 7.1, 12.6, 214.0, 1_188.0, 90_040.0, 300_448.0, 5_766_588.0, 55_443_480.0];
        let texts = ["0.60", "7.10", "12.6", "214", "1188", "90.0 k", "300 k", "5.77 M", "55.4 M"];
        assert_eq!(values.map(short), texts);
    }

    #[test]
    fn a_chart_has_a_bar_with_its_value_for_each_runtime() {
        let bar = |label: &str, value, from| Bar { label: label.into(), value, from };
        let bars = vec![
            bar("Zonda fast", 3.0e6, From::Here(FAST)),
            bar("native code", 0.5, From::Elsewhere),
        ];
        let path = std::env::temp_dir().join(format!("zonda-chart-{}.svg", std::process::id()));
        chart(&path, "title", LEGEND, &[Panel { title: "work".into(), bars }]).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        for part in [
            "<svg",
            "Zonda fast",
            "native code",
            "3.00 M",
            "0.50",
            "measured elsewhere",
            "work",
            "</svg>",
        ] {
            assert!(svg.contains(part), "{part} is not in\n{svg}");
        }
    }
}
