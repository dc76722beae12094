//! Writes a file with its mutants in it.

use super::find::{Mutant, Place};

/// An expression, or a position, with the mutants of it.
struct Edit<'a> {
    start: usize,
    end: usize,
    mutants: Vec<(usize, &'a Mutant)>,
}

/// The text with switches, and which mutant each range of it belongs to, the whole switch first.
pub fn render(
    text: &str,
    mutants: &[(usize, &Mutant)],
    is: &str,
) -> (String, Vec<(usize, usize, usize)>) {
    let mut edits: Vec<Edit> = Vec::new();
    for &(number, mutant) in mutants {
        match edits.iter_mut().find(|edit| (edit.start, edit.end) == (mutant.start, mutant.end)) {
            Some(edit) => edit.mutants.push((number, mutant)),
            None => edits.push(Edit {
                start: mutant.start,
                end: mutant.end,
                mutants: vec![(number, mutant)],
            }),
        }
    }
    // Outer ones before those inside of them.
    edits.sort_by_key(|edit| (edit.start, usize::MAX - edit.end));
    let mut out = String::new();
    let mut ranges = Vec::new();
    write(text, (0, text.len()), &edits, is, &mut out, &mut ranges);
    (out, ranges)
}

fn write(
    text: &str,
    (start, end): (usize, usize),
    edits: &[Edit],
    is: &str,
    out: &mut String,
    ranges: &mut Vec<(usize, usize, usize)>,
) {
    let mut at = start;
    let mut rest = edits;
    while let Some((edit, behind)) = rest.split_first() {
        let inner = behind.iter().take_while(|other| other.start < edit.end).count();
        let (inside, next) = behind.split_at(inner);
        out.push_str(&text[at..edit.start]);
        let from = out.len();
        for (number, mutant) in &edit.mutants {
            let begin = out.len();
            match mutant.place {
                Place::Expression => {
                    out.push_str(if begin == from { "(" } else { "" });
                    out.push_str(&format!("if {is}({number}) {{ {} }} else ", mutant.new));
                }
                Place::Statement => {
                    out.push_str(&format!(" if {is}({number}) {{ return {}; }}", mutant.new));
                }
                Place::Guard => out.push_str(&format!(" if !{is}({number})")),
            }
            ranges.push((*number, begin, out.len()));
        }
        if edit.mutants[0].1.place == Place::Expression {
            out.push_str("{ ");
            write(text, (edit.start, edit.end), inside, is, out, ranges);
            out.push_str(" })");
        }
        for (number, _) in &edit.mutants {
            ranges.push((*number, from, out.len()));
        }
        at = edit.end;
        rest = if edit.mutants[0].1.place == Place::Expression { next } else { behind };
    }
    out.push_str(&text[at..end]);
}
