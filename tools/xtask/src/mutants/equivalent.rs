//! Mutants that no test can notice, because the changed program does the same: `equivalent.txt`
//! names them, with the reason of each.

use serde_json::Value;

const LIST: &str = include_str!("equivalent.txt");

/// A line of the list. Lines of the source are named by what stands in them, since their numbers
/// change.
struct Entry<'a> {
    file: &'a str,
    /// `*` for all of the file.
    function: &'a str,
    what: &'a str,
    /// A part of the line; empty for any line of the function.
    text: &'a str,
}

/// The entries, each with the reason above it.
fn entries() -> impl Iterator<Item = (Entry<'static>, &'static str)> {
    let mut reason = "";
    LIST.lines().filter_map(move |line| {
        if let Some(text) = line.strip_prefix("# ") {
            reason = text;
        }
        let mut parts = line.split(" | ").map(str::trim).filter(|_| line.contains(".rs | "));
        let (file, function, what) = (parts.next()?, parts.next()?, parts.next()?);
        Some((Entry { file, function, what, text: parts.next().unwrap_or_default() }, reason))
    })
}

/// Why a mutant cannot be noticed.
pub fn reason(mutant: &Value) -> Option<&'static str> {
    let field = |key: &str| mutant[key].as_str().unwrap_or_default();
    let is_it = |entry: &Entry| {
        field("file") == entry.file
            && (entry.function == "*" || field("function") == entry.function)
            && field("what") == entry.what
            && field("text").contains(entry.text)
    };
    entries().find(|(entry, _)| is_it(entry)).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// An entry whose line is gone says something about code that is not there.
    #[test]
    fn each_entry_names_a_line_that_exists_and_has_a_reason() {
        for (entry, reason) in entries() {
            assert!(!reason.is_empty(), "{} {}", entry.file, entry.text);
            let text = fs::read_to_string(crate::shell::root().join(entry.file));
            let text = text.unwrap_or_else(|_| panic!("{} does not exist", entry.file));
            let function = format!("fn {}", entry.function);
            assert!(entry.function == "*" || text.contains(&function), "{function}");
            let found = text.lines().any(|line| line.contains(entry.text));
            assert!(found, "{} has no line with `{}`", entry.file, entry.text);
        }
    }
}
