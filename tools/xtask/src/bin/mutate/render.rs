//! Writes a file with its mutants in it.

use super::find::{Mutant, Place};

/// An expression, or a position, with the mutants of it.
struct Edit<'a> {
    start: usize,
    end: usize,
    /// Mutants whose function begins here.
    inside: Vec<usize>,
    mutants: Vec<(usize, &'a Mutant)>,
}

impl Edit<'_> {
    /// Whether it is an expression, which may have others in it.
    fn is_expression(&self) -> bool {
        self.mutants.first().is_some_and(|(_, mutant)| mutant.place == Place::Expression)
    }
}

/// The edit of a range.
fn edit<'e, 'a>(edits: &'e mut Vec<Edit<'a>>, start: usize, end: usize) -> &'e mut Edit<'a> {
    let at = edits.iter().position(|edit| (edit.start, edit.end) == (start, end));
    let at = at.unwrap_or_else(|| {
        edits.push(Edit { start, end, inside: Vec::new(), mutants: Vec::new() });
        edits.len() - 1
    });
    &mut edits[at]
}

/// The text with switches, and which mutant each range of it belongs to, the whole switch first.
/// `module` is the path of the module that knows which mutant a process has.
pub fn render(
    text: &str,
    mutants: &[(usize, &Mutant)],
    module: &str,
) -> (String, Vec<(usize, usize, usize)>) {
    let mut edits: Vec<Edit> = Vec::new();
    for &(number, mutant) in mutants {
        edit(&mut edits, mutant.start, mutant.end).mutants.push((number, mutant));
        edit(&mut edits, mutant.function_start, mutant.function_start).inside.push(number);
    }
    // Outer ones before those inside of them.
    edits.sort_by_key(|edit| (edit.start, usize::MAX - edit.end));
    let mut out = String::new();
    let mut ranges = Vec::new();
    write(text, (0, text.len()), &edits, module, &mut out, &mut ranges);
    (out, ranges)
}

fn write(
    text: &str,
    (start, end): (usize, usize),
    edits: &[Edit],
    module: &str,
    out: &mut String,
    ranges: &mut Vec<(usize, usize, usize)>,
) {
    let mut at = start;
    let mut rest = edits;
    while let Some((edit, behind)) = rest.split_first() {
        let inner = behind.iter().take_while(|other| other.start < edit.end).count();
        let (inside, next) = behind.split_at(inner);
        out.push_str(&text[at..edit.start]);
        for number in &edit.inside {
            out.push_str(&format!(" {module}::function::<{number}>();"));
        }
        let from = out.len();
        for (number, mutant) in &edit.mutants {
            let is = format!(
                "{{ #[used] static COMPILED: [u32; 3] = {module}::compiled({number}); \
                {module}::is::<{number}>() }}"
            );
            let begin = out.len();
            match mutant.place {
                Place::Expression => {
                    out.push_str(if begin == from { "(" } else { "" });
                    out.push_str(&format!("if {is} {{ {} }} else ", mutant.new));
                }
                Place::Statement => {
                    out.push_str(&format!(" if {is} {{ return {}; }}", mutant.new));
                }
                Place::Guard => out.push_str(&format!(" if !{is}")),
            }
            ranges.push((*number, begin, out.len()));
        }
        if edit.is_expression() {
            out.push_str("{ ");
            write(text, (edit.start, edit.end), inside, module, out, ranges);
            out.push_str(" })");
        }
        for (number, _) in &edit.mutants {
            ranges.push((*number, from, out.len()));
        }
        at = edit.end;
        rest = if edit.is_expression() { next } else { behind };
    }
    out.push_str(&text[at..end]);
}
