//! The chart of `cargo xtask curve`: instructions for each byte over the size of the module, a
//! panel for each way of loading, a line for each family; both axes are logarithmic.

use super::{Curves, Point, WAYS};
use crate::shell;
use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const TEXT: RGBColor = RGBColor(0x78, 0x7e, 0x87);
const COLOURS: [RGBColor; 5] = [
    RGBColor(0xe0, 0x7b, 0x26),
    RGBColor(0x3b, 0x82, 0xc4),
    RGBColor(0x3a, 0xa0, 0x6a),
    RGBColor(0xb0, 0x55, 0xb0),
    RGBColor(0xc0, 0x44, 0x44),
];
const WIDTH: i32 = 460;
const HEIGHT: i32 = 330;
const HEAD: i32 = 60;
const LEFT: i32 = 48;
/// Names of the lines that are named stand there.
const NAMES: i32 = 120;
const LOW: f64 = 1.0;
const HIGH: f64 = 10_000.0;

fn at(point: &Point, left: i32) -> (i32, i32) {
    // The axis begins at half of the smallest size: some families come out smaller than what was
    // asked for, and precompiled modules than the module.
    let along = ((point.bytes / 32768.0).log2() / 7.0).clamp(0.0, 1.0);
    let up = (point.each().max(LOW) / LOW).log10() / (HIGH / LOW).log10();
    (
        left + LEFT + (along * f64::from(WIDTH - LEFT - NAMES)) as i32,
        HEAD + HEIGHT - (up * f64::from(HEIGHT)) as i32,
    )
}

pub fn draw(curves: &Curves) -> Result<()> {
    let path = shell::root().join("docs/charts/validation.svg");
    let size = ((WIDTH * WAYS.len() as i32) as u32, (HEAD + HEIGHT + 50) as u32);
    let area = SVGBackend::new(&path, size).into_drawing_area();
    let text = |text: String, at: (i32, i32), size: i32, align: HPos| {
        let style =
            TextStyle::from(("sans-serif", size)).color(&TEXT).pos(Pos::new(align, VPos::Center));
        area.draw(&Text::new(text, at, style))
    };
    text(
        "Instructions for each byte of hostile modules (x86-64), by the size of what is loaded"
            .into(),
        (14, 16),
        18,
        HPos::Left,
    )?;
    for (number, way) in WAYS.iter().enumerate() {
        let left = WIDTH * number as i32;
        text(
            if *way == "verify" {
                "verifier of register bytecode".into()
            } else {
                format!("{way} mode")
            },
            (left + LEFT, 42),
            15,
            HPos::Left,
        )?;
        for power in 0..=4 {
            let y = HEAD + HEIGHT - HEIGHT * power / 4;
            area.draw(&PathElement::new(
                vec![(left + LEFT, y), (left + WIDTH - NAMES, y)],
                TEXT.mix(0.3).stroke_width(1),
            ))?;
            text(format!("{}", 10u32.pow(power as u32)), (left + LEFT - 6, y), 12, HPos::Right)?;
        }
        for (step, label) in ["64 KB", "256 KB", "1 MB", "4 MB"].iter().enumerate() {
            text(
                (*label).to_owned(),
                (
                    left + LEFT + (WIDTH - LEFT - NAMES) * (1 + 2 * step as i32) / 7,
                    HEAD + HEIGHT + 16,
                ),
                12,
                HPos::Center,
            )?;
        }
        let mut lines: Vec<(&str, &Vec<Point>)> = curves
            .iter()
            .filter(|((_, of), points)| {
                of == way && points.first().is_some_and(|point| point.bytes >= 8192.0)
            })
            .map(|((name, _), points)| (&name[..], points))
            .collect();
        lines.sort_by(|one, other| {
            other
                .1
                .last()
                .map_or(0.0, Point::each)
                .total_cmp(&one.1.last().map_or(0.0, Point::each))
        });
        let mut lowest = 0;
        for (rank, (name, points)) in lines.iter().enumerate().rev() {
            let path: Vec<(i32, i32)> = points.iter().map(|point| at(point, left)).collect();
            let colour = COLOURS.get(rank).map_or(TEXT.mix(0.35), |colour| colour.mix(1.0));
            area.draw(&PathElement::new(
                path,
                colour.stroke_width(if rank < COLOURS.len() { 2 } else { 1 }),
            ))?;
            let _ = name;
        }
        for ((name, points), colour) in lines.iter().zip(COLOURS) {
            let Some(last) = points.last() else { continue };
            let y = at(last, left).1.max(lowest + 14);
            lowest = y;
            let style = TextStyle::from(("sans-serif", 12))
                .color(&colour)
                .pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(
                format!("{name} {:.0}", last.each()),
                (left + WIDTH - NAMES + 4, y),
                style,
            ))?;
        }
    }
    area.present()?;
    shell::step("wrote docs/charts/validation.svg");
    Ok(())
}
