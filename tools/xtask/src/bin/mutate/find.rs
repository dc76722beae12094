//! Places of a file that can be changed: operators, conditions, and results of functions, as
//! cargo-mutants chooses them, and in unsafe functions as well.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Item, ReturnType, Type, UnOp};

/// How a mutant is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In place of an expression.
    Expression,
    /// A function returns at its beginning.
    Statement,
    /// A match arm that does not match.
    Guard,
}

/// A change of one place.
pub struct Mutant {
    pub place: Place,
    pub start: usize,
    pub end: usize,
    /// What stands there then.
    pub new: String,
    pub line: usize,
    pub function: String,
    pub what: String,
    /// Whether the function is unsafe.
    pub is_unsafe: bool,
    /// Whether the function has code only where it is used: its own or its `impl`'s parameters of
    /// types, the trait that it is of, or `inline`.
    pub is_generic: bool,
    /// Where the body of the function begins.
    pub function_start: usize,
}

pub struct Finder<'a> {
    text: &'a str,
    features: &'a [String],
    function: Function,
    /// Whether the `impl` around has parameters of types.
    impl_is_generic: bool,
    pub found: Vec<Mutant>,
}

/// The function around.
#[derive(Clone, Default)]
struct Function {
    name: String,
    is_unsafe: bool,
    is_generic: bool,
    start: usize,
}

fn has_types(generics: &syn::Generics) -> bool {
    generics.params.iter().any(|param| !matches!(param, syn::GenericParam::Lifetime(_)))
}

/// A text without what the compiler does not see of it: spaces, and a comma at the end of a line.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<String>().replace(",)", ")")
}

/// Whether a body does what this result in its place does: it is that expression, or it is to give
/// `()` and does nothing but name its parameters.
fn does_the_same(block: &syn::Block, text: &str, result: &str) -> bool {
    let is_name = |expr: &Expr| match expr {
        Expr::Path(_) => true,
        Expr::Tuple(tuple) => tuple.elems.iter().all(|part| matches!(part, Expr::Path(_))),
        _ => false,
    };
    let does_nothing = |stmt: &syn::Stmt| match stmt {
        syn::Stmt::Local(local) => {
            matches!(local.pat, syn::Pat::Wild(_))
                && local.init.as_ref().is_some_and(|init| is_name(&init.expr))
        }
        _ => false,
    };
    let (last, before) = match block.stmts.split_last() {
        Some((syn::Stmt::Expr(last, None), before)) => (Some(last), before),
        _ => (None, &block.stmts[..]),
    };
    before.iter().all(does_nothing)
        && match last {
            Some(last) => plain(&text[last.span().byte_range()]) == plain(result),
            None => result == "()",
        }
}

/// Whether a condition is a constant of the build with this value.
fn is_constant(condition: &Expr, features: &[String], value: bool) -> bool {
    match condition {
        Expr::Macro(of) if of.mac.path.is_ident("cfg") => {
            of.mac.parse_body::<syn::Meta>().is_ok_and(|meta| holds(&meta, features) == value)
        }
        _ => false,
    }
}

/// Whether what has these attributes is compiled on the host with these features, and for no test.
fn is_compiled(attributes: &[syn::Attribute], features: &[String]) -> bool {
    attributes.iter().all(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<syn::Meta>().is_ok_and(|meta| holds(&meta, features))
        }
        meta => !meta.path().is_ident("test"),
    })
}

fn holds(meta: &syn::Meta, features: &[String]) -> bool {
    match meta {
        syn::Meta::Path(path) => path.is_ident("unix") || path.is_ident("debug_assertions"),
        syn::Meta::NameValue(pair) => {
            let Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
                return false;
            };
            let text = text.value();
            if pair.path.is_ident("feature") {
                return features.contains(&text);
            }
            let known = ["x86_64", "64", "linux", "little", "unix", "gnu"];
            // target_has_atomic = "8", "32"
            known.contains(&text.as_str()) || pair.path.is_ident("target_has_atomic")
        }
        syn::Meta::List(list) => {
            let parser = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
            let Ok(parts) = list.parse_args_with(parser) else { return false };
            let mut parts = parts.iter().map(|part| holds(part, features));
            if list.path.is_ident("all") {
                parts.all(|part| part)
            } else if list.path.is_ident("any") {
                parts.any(|part| part)
            } else {
                !parts.any(|part| part)
            }
        }
    }
}

/// The path that an attribute gives a module: `path = ""`, or `cfg_attr(condition, path = "")`
/// whose condition holds.
fn path(meta: &syn::Meta, features: &[String]) -> Option<String> {
    match meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        syn::Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let parser = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
            let parts = list.parse_args_with(parser).ok()?;
            let mut parts = parts.iter();
            let condition = parts.next()?;
            holds(condition, features).then(|| parts.find_map(|part| path(part, features)))?
        }
        _ => None,
    }
}

/// The modules that a file names and does not contain: their names, and their paths where they say
/// them.
pub fn modules(file: &syn::File, features: &[String]) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for item in &file.items {
        let Item::Mod(module) = item else { continue };
        if module.content.is_some() || !is_compiled(&module.attrs, features) {
            continue;
        }
        let path = module.attrs.iter().find_map(|attribute| path(&attribute.meta, features));
        found.push((module.ident.to_string(), path));
    }
    found
}

/// What a function can return in place of its result, by its type.
fn results(ty: &ReturnType) -> Vec<String> {
    let ReturnType::Type(_, ty) = ty else { return vec!["()".into()] };
    of_type(ty)
}

fn of_type(ty: &Type) -> Vec<String> {
    let texts = |list: &[&str]| list.iter().map(|text| text.to_string()).collect();
    match ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => texts(&["()"]),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return Vec::new() };
            let of = || match &last.arguments {
                syn::PathArguments::AngleBracketed(of) => of.args.iter().find_map(|of| match of {
                    syn::GenericArgument::Type(ty) => Some(of_type(ty)),
                    _ => None,
                }),
                _ => None,
            };
            match last.ident.to_string().as_str() {
                "bool" => texts(&["true", "false"]),
                "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => {
                    texts(&["0", "1"])
                }
                "Option" => texts(&["None"]),
                // Names of results with an error of the crate.
                "Result" | "Parsed" => {
                    let of = of().unwrap_or_default();
                    of.into_iter().map(|text| format!("Ok({text})")).collect()
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// What stands in place of an operator.
fn others(op: &BinOp) -> &'static [&'static str] {
    match op {
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::Lt(_) => &["==", ">", "<="],
        BinOp::Gt(_) => &["==", "<", ">="],
        BinOp::Le(_) => &[">"],
        BinOp::Ge(_) => &["<"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Add(_) => &["-", "*"],
        BinOp::Sub(_) => &["+", "/"],
        BinOp::Mul(_) => &["+", "/"],
        BinOp::Div(_) => &["%", "*"],
        BinOp::Rem(_) => &["/", "+"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::BitAnd(_) => &["|", "^"],
        BinOp::BitOr(_) => &["&", "^"],
        BinOp::BitXor(_) => &["|", "&"],
        BinOp::AddAssign(_) => &["-=", "*="],
        BinOp::SubAssign(_) => &["+=", "/="],
        BinOp::MulAssign(_) => &["+=", "/="],
        BinOp::DivAssign(_) => &["%=", "*="],
        BinOp::ShlAssign(_) => &[">>="],
        BinOp::ShrAssign(_) => &["<<="],
        BinOp::BitAndAssign(_) => &["|="],
        BinOp::BitOrAssign(_) => &["&="],
        BinOp::BitXorAssign(_) => &["|=", "&="],
        _ => &[],
    }
}

/// Whether a pattern may bind names: all but paths, literals and ranges, and lists of them.
fn binds(pat: &syn::Pat) -> bool {
    match pat {
        syn::Pat::Or(list) => list.cases.iter().any(binds),
        syn::Pat::Path(_) | syn::Pat::Lit(_) | syn::Pat::Range(_) => false,
        _ => true,
    }
}

/// Whether a condition binds names, as `a && let Some(b) = c` does.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

impl<'a> Finder<'a> {
    pub fn new(text: &'a str, features: &'a [String]) -> Finder<'a> {
        let function = Function::default();
        Finder { text, features, function, impl_is_generic: false, found: Vec::new() }
    }

    pub fn file(&mut self, file: &syn::File) {
        if is_compiled(&file.attrs, self.features) {
            self.visit_file(file);
        }
    }

    fn source(&self, node: &impl Spanned) -> &'a str {
        &self.text[node.span().byte_range()]
    }

    fn add(&mut self, place: Place, range: std::ops::Range<usize>, new: String, what: String) {
        let line = self.text[..range.start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        self.found.push(Mutant {
            place,
            start: range.start,
            end: range.end,
            new,
            line,
            function: self.function.name.clone(),
            what,
            is_unsafe: self.function.is_unsafe,
            is_generic: self.function.is_generic,
            function_start: self.function.start,
        });
    }

    fn body(
        &mut self,
        attributes: &[syn::Attribute],
        signature: &syn::Signature,
        block: &syn::Block,
        of_generic: bool,
    ) {
        if signature.constness.is_some() || !is_compiled(attributes, self.features) {
            return;
        }
        let start = block.brace_token.span.open().byte_range().end;
        let of_impl = |input: &syn::FnArg| match input {
            syn::FnArg::Typed(input) => matches!(*input.ty, Type::ImplTrait(_)),
            syn::FnArg::Receiver(_) => false,
        };
        let function = Function {
            name: signature.ident.to_string(),
            is_unsafe: signature.unsafety.is_some(),
            is_generic: of_generic
                || has_types(&signature.generics)
                || signature.inputs.iter().any(of_impl)
                || attributes.iter().any(|attribute| attribute.path().is_ident("inline")),
            start,
        };
        let outer = std::mem::replace(&mut self.function, function);
        if !block.stmts.is_empty() {
            for result in results(&signature.output) {
                if !does_the_same(block, self.text, &result) {
                    let what = format!("the body by {result}");
                    self.add(Place::Statement, start..start, result, what);
                }
            }
        }
        visit::visit_block(self, block);
        self.function = outer;
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        let of_generic = self.function.is_generic;
        self.body(&node.attrs, &node.sig, &node.block, of_generic);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.body(&node.attrs, &node.sig, &node.block, self.impl_is_generic);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(block) = &node.default {
            self.body(&node.attrs, &node.sig, block, true);
        }
    }

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if is_compiled(&node.attrs, self.features) {
            visit::visit_item_mod(self, node);
        }
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        // What debugging prints is tested nowhere on purpose.
        let is_debug = node.trait_.as_ref().is_some_and(|(_, path, _)| {
            path.segments.last().is_some_and(|last| last.ident == "Debug")
        });
        if is_compiled(&node.attrs, self.features) && !is_debug {
            let generic = has_types(&node.generics);
            let outer = std::mem::replace(&mut self.impl_is_generic, generic);
            visit::visit_item_impl(self, node);
            self.impl_is_generic = outer;
        }
    }

    // Constants are computed before a process can say which mutant it has.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_variant(&mut self, _: &'ast syn::Variant) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}

    fn visit_expr_repeat(&mut self, node: &'ast syn::ExprRepeat) {
        self.visit_expr(&node.expr);
    }

    fn visit_stmt(&mut self, node: &'ast syn::Stmt) {
        let attributes: &[syn::Attribute] = match node {
            syn::Stmt::Local(local) => &local.attrs,
            _ => &[],
        };
        if is_compiled(attributes, self.features) {
            visit::visit_stmt(self, node);
        }
    }

    fn visit_expr(&mut self, node: &'ast Expr) {
        let range = node.span().byte_range();
        match node {
            Expr::Binary(binary) if !has_let(node) => {
                let (left, right) = (self.source(&binary.left), self.source(&binary.right));
                let old = self.source(&binary.op);
                for other in others(&binary.op) {
                    let what = format!("{old} by {other}");
                    let new = format!("({left}) {other} ({right})");
                    self.add(Place::Expression, range.clone(), new, what);
                }
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)) => {
                let new = self.source(&unary.expr).to_owned();
                let what = format!("{} by nothing", self.source(&unary.op));
                self.add(Place::Expression, range, new, what);
            }
            Expr::Match(of) => {
                let any = of
                    .arms
                    .iter()
                    .any(|arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none());
                // What the arm for the rest, which comes next, does as well is no change.
                let no_change = match of.arms.as_slice() {
                    [.., arm, rest]
                        if matches!(rest.pat, syn::Pat::Wild(_))
                            && !binds(&arm.pat)
                            && plain(self.source(&arm.body)) == plain(self.source(&rest.body)) =>
                    {
                        Some(arm)
                    }
                    _ => None,
                };
                for arm in &of.arms {
                    if !is_compiled(&arm.attrs, self.features) {
                        continue;
                    }
                    if let Some((_, guard)) = &arm.guard {
                        if !has_let(guard) {
                            for (value, is) in [("true", true), ("false", false)] {
                                if is_constant(guard, self.features, is) {
                                    continue;
                                }
                                let what = format!("a guard by {value}");
                                let range = guard.span().byte_range();
                                self.add(Place::Expression, range, value.into(), what);
                            }
                        }
                    } else if any
                        && !matches!(arm.pat, syn::Pat::Wild(_))
                        && !no_change.is_some_and(|other| std::ptr::eq(other, arm))
                    {
                        let at = arm.pat.span().byte_range().end;
                        let pattern = self.source(&arm.pat).split_whitespace().collect::<Vec<_>>();
                        let what = format!("the match arm {} by nothing", pattern.join(" "));
                        self.add(Place::Guard, at..at, String::new(), what);
                    }
                }
            }
            _ => {}
        }
        visit::visit_expr(self, node);
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        if is_compiled(&node.attrs, self.features) {
            visit::visit_arm(self, node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let features = ["on".to_owned()];
        let mut finder = Finder::new(text, &features);
        finder.file(&syn::parse_file(text).unwrap());
        finder.found.into_iter().map(|mutant| mutant.what).collect()
    }

    #[test]
    fn what_changes_nothing_is_no_mutant() {
        assert_eq!(found("fn f() -> bool { false }"), ["the body by true"]);
        assert_eq!(found("fn f(a: u8) { let _ = a; }"), [""; 0]);
        assert_eq!(found("fn f(a: u8) { let _ = g(a); }"), ["the body by ()"]);
        assert_eq!(found("fn f() -> Result<(), E> { Ok(()) }"), [""; 0]);
        let guard =
            |of: &str| found(&format!("fn f() -> X {{ match x {{ 1 if {of} => 2, _ => 3 }} }}"));
        assert_eq!(guard("cfg!(feature = \"on\")"), ["a guard by false"]);
        assert_eq!(guard("cfg!(feature = \"off\")"), ["a guard by true"]);
        assert_eq!(guard("on()").len(), 2);
        let arms = |of: &str| found(&format!("fn f() -> X {{ match x {{ {of} _ => 3 }} }}"));
        assert_eq!(arms("1 => 3,"), [""; 0]);
        assert_eq!(arms("1 => 4,"), ["the match arm 1 by nothing"]);
        // Without the first arm, the second one matches.
        assert_eq!(arms("1 => 3, 0..=9 => 4,").len(), 2);
        assert_eq!(arms("One => 3,"), ["the match arm One by nothing"]);
    }
}
