//! `zonda inspect --code`: the register bytecode of each function, beside the WebAssembly
//! instructions that it was made from.

use std::collections::BTreeMap;

use wasmparser::{Operator, Parser, Payload};
use zonda::Module;
use zonda_compiler::{ListedInstruction, Listing};

/// Width of the column of WebAssembly instructions.
const LEFT: usize = 44;

/// Prints the listing of a module, whose bytes are `bytes`.
pub fn print(module: &Module, bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    let Some(listing) = Listing::new(module)? else { return Ok(()) };
    let mut by_offset: BTreeMap<u32, Vec<ListedInstruction>> = BTreeMap::new();
    for instruction in listing.instructions() {
        let offset = instruction.wasm_offset.unwrap_or(0);
        by_offset.entry(offset).or_default().push(instruction);
    }
    let mut func = module.info().imported_funcs;
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::CodeSectionEntry(body) = payload? else { continue };
        println!("\nfunction {func}");
        let mut depth = 1;
        for operator in body.get_operators_reader()?.into_iter_with_offsets() {
            let (operator, offset) = operator?;
            if matches!(
                operator,
                Operator::End
                    | Operator::Else
                    | Operator::Catch { .. }
                    | Operator::CatchAll
                    | Operator::Delegate { .. }
            ) {
                depth -= 1;
            }
            let text = format!(
                "{:6x} {:indent$}{}",
                offset,
                "",
                name(&operator),
                indent = 2 * depth.min(8)
            );
            if matches!(
                operator,
                Operator::Block { .. }
                    | Operator::Loop { .. }
                    | Operator::If { .. }
                    | Operator::TryTable { .. }
                    | Operator::Try { .. }
                    | Operator::Catch { .. }
                    | Operator::CatchAll
                    | Operator::Else
            ) {
                depth += 1;
            }
            let ops = by_offset.remove(&(offset as u32)).unwrap_or_default();
            let mut left = text.as_str();
            if ops.is_empty() {
                println!("{left}");
            }
            for op in ops.iter().filter(|op| op.func == func) {
                let hex: String =
                    op.bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                println!("{left:LEFT$} {:5} {hex:16}  {}", op.code_offset, op.text);
                left = "";
            }
        }
        func += 1;
    }
    let mut handlers = listing.handlers().peekable();
    if handlers.peek().is_some() {
        println!("\nhandlers");
    }
    handlers.for_each(|handler| println!("{handler}"));
    Ok(())
}

/// An instruction: the parser's name for it, with its immediates.
pub fn name(operator: &Operator) -> String {
    let text = format!("{operator:?}");
    text.chars().filter(|c| !c.is_whitespace() || *c == ' ').take(34).collect()
}
