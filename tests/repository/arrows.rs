//! Criterion: the source folders depend on each other only as the table in docs/design.md allows.
//!
//! The table is the only source of truth: its rows are the nodes, its column "may use" has the
//! arrows. A node is a folder or file of `src/` or `exec/`, named as a module path:
//! `src/code/fast/` is `code::fast`, `exec/` is `exec`. An entry that is longer than a node's name
//! (`exec::op`) allows that module alone.
//!
//! The test reads paths (`crate::…`, `super::…`, `zonda_exec::…`, and those that begin with a child
//! module) in `use` declarations and elsewhere. Test code is exempt.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A row of the table.
#[derive(Debug, PartialEq)]
struct Node {
    name: Vec<String>,
    /// As the first cell has it.
    path: String,
    /// Module paths; `None` allows everything.
    may_use: Option<Vec<Vec<String>>>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::to_owned).collect()
}

/// The module path of a source file or folder: `exec/src/fast/op.rs` is `exec::fast::op`,
/// `src/lib.rs` is `lib`.
fn module_path(path: &str) -> Vec<String> {
    let parts = path.trim_end_matches('/').trim_end_matches(".rs").split('/');
    let mut parts: Vec<String> = parts.filter(|part| *part != "src").map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    if parts.len() == 2 && parts[1] == "lib" {
        parts.pop();
    }
    parts
}

/// The rows of the table whose last column is "may use", as far as they are about `src/` and
/// `exec/`.
fn table(page: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut lines = page.lines();
    lines.by_ref().find(|line| line.starts_with('|') && line.ends_with("| may use |"));
    for line in lines.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some(path) = cells[0].split('`').nth(1) else { continue };
        if !path.starts_with("src/") && !path.starts_with("exec/") {
            continue;
        }
        assert_eq!(cells.len(), 3, "a row has three cells: {line}");
        let names = cells[2].split('`').skip(1).step_by(2).map(segments).collect();
        nodes.push(Node {
            name: module_path(path),
            path: path.to_owned(),
            may_use: (cells[2] != "everything").then_some(names),
        });
    }
    nodes
}

#[derive(Clone, Debug, PartialEq)]
struct Token {
    text: String,
    line: usize,
}

/// Identifiers and punctuation of Rust source text; comments and literals are left out.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_ident = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < chars.len() {
        let start = i;
        let mut text = None;
        if at(i) == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    _ => i += 1,
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if at(i) == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if at(i) == '\'' {
            // A character, or a lifetime.
            if at(i + 1) == '\\' {
                i += 3;
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            } else if at(i + 2) == '\'' {
                i += 3;
            } else {
                i += 1;
            }
        } else if is_ident(at(i)) {
            while is_ident(at(i)) {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            let hashes = (i..).take_while(|&j| at(j) == '#').count();
            if matches!(word.as_str(), "r" | "br" | "cr") && at(i + hashes) == '"' {
                let end: String = format!("\"{}", "#".repeat(hashes));
                let end: Vec<char> = end.chars().collect();
                i += hashes + 1;
                while i < chars.len() && !chars[i..].starts_with(&end) {
                    i += 1;
                }
                i += end.len();
            } else {
                text = Some(word);
            }
        } else if at(i) == ':' && at(i + 1) == ':' {
            i += 2;
            text = Some("::".to_owned());
        } else {
            i += 1;
            if !at(start).is_whitespace() {
                text = Some(at(start).to_string());
            }
        }
        if let Some(text) = text {
            tokens.push(Token { text, line });
        }
        line += chars[start..i.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

/// Leaves out items under `#[cfg(test)]` and its like.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    let mut kept = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        if !(text(i) == "#" && text(i + 1) == "[" && text(i + 2) == "cfg") {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        let end = (i..tokens.len()).find(|&j| text(j) == "]").unwrap_or(tokens.len());
        let words: Vec<&str> = (i..end).map(text).collect();
        let test =
            (words.contains(&"test") || words.contains(&"doctest")) && !words.contains(&"not");
        if !test {
            kept.extend_from_slice(&tokens[i..end]);
            i = end;
            continue;
        }
        // To the end of the item: a semicolon, or the brace that closes its first one.
        let (mut depth, mut j) = (0, end + 1);
        while j < tokens.len() {
            match text(j) {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            j += 1;
            if depth <= 0 && (text(j - 1) == "}" || text(j - 1) == ";") {
                break;
            }
        }
        i = j;
    }
    kept
}

/// A path that a file names, from the crate's root on: `exec::…` for the crate of the loops.
#[derive(Debug, PartialEq)]
struct Use {
    path: Vec<String>,
    line: usize,
}

/// What of `tokens` follows a path's prefix, whose next token is `::`; `use` trees are expanded.
/// Returns the position behind it.
fn tree(tokens: &[Token], mut i: usize, mut path: Vec<String>, uses: &mut Vec<Use>) -> usize {
    let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    while text(i) == "::" {
        match text(i + 1) {
            "{" => {
                i += 2;
                while i < tokens.len() && text(i) != "}" {
                    if text(i) == "," {
                        i += 1;
                        continue;
                    }
                    let mut inner = path.clone();
                    match text(i) {
                        "self" | "*" => {}
                        word => inner.push(word.to_owned()),
                    }
                    i = tree(tokens, i + 1, inner, uses);
                    if text(i) == "as" {
                        i += 2;
                    }
                }
                return i + 1;
            }
            "super" => _ = path.pop(),
            word if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                path.push(word.to_owned());
            }
            _ => break,
        }
        i += 2;
    }
    let line = tokens[i.min(tokens.len()) - 1].line;
    uses.push(Use { path, line });
    i
}

/// The paths that the source names. `module` is the file's own module path without the crate;
/// `prefix` is `exec` in the crate of the loops.
fn uses(tokens: &[Token], module: &[String], prefix: &[String]) -> Vec<Use> {
    let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    let children: BTreeSet<&str> = (0..tokens.len())
        .filter(|&i| text(i) == "mod" && matches!(text(i + 2), ";" | "{"))
        .map(|i| text(i + 1))
        .collect();
    let mut uses = Vec::new();
    // Modules in braces around the token, with the depth of their braces.
    let mut inline: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut i) = (0, 0);
    while i < tokens.len() {
        let before = i.checked_sub(1).map_or("", text);
        match text(i) {
            "{" => {
                depth += 1;
                if i >= 2 && text(i - 2) == "mod" {
                    inline.push((text(i - 1).to_owned(), depth));
                }
            }
            "}" => {
                if inline.last().is_some_and(|(_, of)| *of == depth) {
                    inline.pop();
                }
                depth -= 1;
            }
            word if text(i + 1) == "::" && before != "::" && before != "." => {
                let visibility =
                    before == "in" && i >= 3 && text(i - 2) == "(" && text(i - 3) == "pub";
                let inner = inline.iter().map(|(name, _)| name.clone());
                let here = || {
                    let mut path = prefix.to_vec();
                    path.extend(module.iter().cloned());
                    path.extend(inner);
                    path
                };
                let start = match word {
                    _ if visibility => None,
                    "crate" => Some(prefix.to_vec()),
                    "zonda_exec" => Some(vec!["exec".to_owned()]),
                    "self" => Some(here()),
                    "super" => {
                        let mut path = here();
                        path.pop();
                        Some(path)
                    }
                    child if children.contains(child) => {
                        let mut path = here();
                        path.push(child.to_owned());
                        Some(path)
                    }
                    _ => None,
                };
                if let Some(start) = start {
                    i = tree(tokens, i + 1, start, &mut uses);
                    continue;
                }
            }
            _ => {}
        }
        i += 1;
    }
    uses
}

/// What `lib.rs` of a crate makes of the first name behind `crate::`.
struct Names {
    modules: BTreeSet<String>,
    exported: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    own: BTreeSet<String>,
}

impl Names {
    fn new(tokens: &[Token], prefix: &[String]) -> Names {
        let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
        let mut names = Names {
            modules: BTreeSet::new(),
            exported: BTreeMap::new(),
            globs: Vec::new(),
            own: BTreeSet::new(),
        };
        for i in 0..tokens.len() {
            match text(i) {
                "mod" => _ = names.modules.insert(text(i + 1).to_owned()),
                "struct" | "enum" | "trait" | "type" | "fn" | "const" | "static"
                | "macro_rules" => {
                    let behind = if text(i + 1) == "!" { i + 2 } else { i + 1 };
                    names.own.insert(text(behind).to_owned());
                }
                "use" => {
                    let mut start = prefix.to_vec();
                    match text(i + 1) {
                        "crate" | "self" => {}
                        "zonda_exec" => start = vec!["exec".to_owned()],
                        module => start.push(module.to_owned()),
                    }
                    let mut found = Vec::new();
                    let end = tree(tokens, i + 2, start, &mut found);
                    if text(end) == "::" && text(end + 1) == "*" {
                        names.globs.extend(found.into_iter().map(|found| found.path));
                    } else {
                        for found in found {
                            names.exported.insert(found.path.last().unwrap().clone(), found.path);
                        }
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// The path that `path` means, whose first name (behind the crate's) is looked up here.
    fn resolve(&self, path: &[String], prefix: &[String]) -> Vec<String> {
        let rest = &path[prefix.len()..];
        let Some(first) = rest.first() else { return path.to_vec() };
        if self.modules.contains(first) {
            return path.to_vec();
        }
        if let Some(exported) = self.exported.get(first) {
            return [exported, &rest[1..]].concat();
        }
        match self.globs.first() {
            Some(glob) if !self.own.contains(first) => [glob, rest].concat(),
            // An item of `lib.rs`.
            _ if prefix.is_empty() => [&["lib".to_owned()], rest].concat(),
            _ => path.to_vec(),
        }
    }
}

/// The sources of both crates, without their tests: path, text.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    for folder in ["src", "exec/src"] {
        collect(&root().join(folder), &mut files);
    }
    files.sort();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn node_of<'a>(nodes: &'a [Node], path: &[String]) -> Option<&'a Node> {
    nodes.iter().filter(|node| path.starts_with(&node.name)).max_by_key(|node| node.name.len())
}

/// What is wrong: files without a row, rows without a file, arrows that the table does not have,
/// and entries of the table that nothing uses.
fn faults(nodes: &[Node], sources: &[(String, String)]) -> Vec<String> {
    let exec = ["exec".to_owned()];
    let read = |path: &str| {
        let text = sources.iter().find(|(name, _)| name == path).map_or("", |(_, text)| text);
        without_tests(&tokens(text))
    };
    let names = (Names::new(&read("src/lib.rs"), &[]), Names::new(&read("exec/src/lib.rs"), &exec));
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for (file, text) in sources {
        let own = module_path(file);
        let Some(node) = node_of(nodes, &own) else {
            faults.push(format!("{file}: docs/design.md has no row for it"));
            continue;
        };
        let of_exec = own.first().is_some_and(|first| first == "exec");
        let (prefix, module) = if of_exec { own.split_at(1) } else { own.split_at(0) };
        let module = if file == "src/lib.rs" { &[] } else { module };
        for Use { mut path, line } in uses(&without_tests(&tokens(text)), module, prefix) {
            if !path.starts_with(&exec) {
                path = names.0.resolve(&path, &[]);
            }
            if path.starts_with(&exec) {
                path = names.1.resolve(&path, &exec);
            }
            let Some(target) = node_of(nodes, &path) else {
                if !path.is_empty() {
                    faults.push(format!("{file}:{line}: {} is of no row", path.join("::")));
                }
                continue;
            };
            let Some(may_use) = &node.may_use else { continue };
            if target.name == node.name {
                continue;
            }
            let entry = may_use.iter().find(|entry| {
                **entry == target.name || entry.len() > target.name.len() && path.starts_with(entry)
            });
            match entry {
                Some(entry) => _ = used.insert((&node.name, entry)),
                None => faults.push(format!(
                    "{file}:{line}: {} uses {}, which the table in docs/design.md does not allow",
                    node.name.join("::"),
                    path.join("::")
                )),
            }
        }
    }
    for node in nodes {
        let name = node.name.join("::");
        let is_of = |(file, _): &(String, String)| {
            node_of(nodes, &module_path(file)).is_some_and(|of| of.name == node.name)
        };
        if !sources.iter().any(is_of) {
            faults.push(format!("{}: the row has no file", node.path));
        }
        for entry in node.may_use.iter().flatten() {
            if !used.contains(&(&node.name, entry)) {
                faults.push(format!("{name} does not use {}, which its row has", entry.join("::")));
            }
        }
    }
    faults
}

#[test]
fn folders_depend_on_each_other_as_the_design_says() {
    let nodes = table(&fs::read_to_string(root().join("docs/design.md")).unwrap());
    assert!(nodes.len() >= 8, "{} rows were read", nodes.len());
    let sources = sources();
    assert!(sources.len() > 80, "{} files were read", sources.len());
    let faults = faults(&nodes, &sources);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_wrong_arrow_is_noticed() {
    let page = "| folder | owns | may use |\n|---|---|---|\n\
        | `exec/` (crate) | a | nothing |\n\
        | `src/binary/` | b | `exec::op` |\n\
        | `src/store/` | c | `binary` |\n\
        | `src/lib.rs` | d | everything |\n";
    let nodes = table(page);
    let check = |binary: &str, store: &str| {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let sources = [
            file("src/lib.rs", "mod binary;\nmod store;\npub use store::Store;\npub struct Own;"),
            file("src/binary/reader.rs", binary),
            file("src/store/mod.rs", store),
            file("exec/src/lib.rs", "pub mod op;\nmod frame;\npub use frame::Frame;"),
            file("exec/src/frame.rs", ""),
        ];
        faults(&nodes, &sources)
    };
    let (binary, store) = ("use zonda_exec::op::Op;", "use crate::binary::reader;");
    assert_eq!(check(binary, store), [""; 0]);
    for wrong in [
        "use crate::store::Instance;",
        "use crate::{\n    store::{self, Instance},\n};",
        "use crate::Store;",
        "use crate::Own;",
        "use super::super::store as other;",
        "fn f() -> bool { crate::store::f() }",
        "mod inner { fn f() { super::super::super::store::f() } }",
        "macro_rules! f { () => { $crate::store::f() } }",
        "use zonda_exec::frame::OVERHEAD;",
        "use zonda_exec::Frame;",
    ] {
        let found = check(&format!("{binary}\n{wrong}"), store);
        assert!(
            !found.is_empty() && found.iter().all(|fault| fault.contains("does not allow")),
            "{wrong}: {found:?}"
        );
    }
    for harmless in [
        "// use crate::store::Instance;",
        "/* crate::store::f() /* nested */ */",
        "const A: &str = \"crate::store::f()\"; const B: &str = r#\"crate::store::\"f\"#;",
        "#[cfg(test)]\nmod tests {\n    use crate::store::Instance;\n}",
        "#[cfg(all(test, feature = \"std\"))]\nuse crate::store::{Instance, Other};",
        "fn f<'a>(c: char) -> bool { c == '\"' }\nuse core::fmt::Debug;",
        "pub(in crate::store) struct S;",
        "use super::types::A;",
    ] {
        assert_eq!(check(&format!("{binary}\n{harmless}"), store), [""; 0], "{harmless}");
    }
    // What is not used does not stay in the table.
    assert_eq!(check(binary, "").len(), 1);
    assert_eq!(check("", store).len(), 1);
    // A file and a row without the other.
    let without = |row: &str| {
        table(
            &page
                .lines()
                .filter(|line| !line.contains(row))
                .fold(String::new(), |page, line| page + line + "\n"),
        )
    };
    assert!(faults(&without("src/binary/"), &[("src/binary/mod.rs".to_owned(), String::new())])
        .iter()
        .any(|fault| fault.contains("has no row")));
    assert!(faults(&nodes, &[]).iter().any(|fault| fault.contains("the row has no file")));
}
