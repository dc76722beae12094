//! The list of sections.

use wasmparser::{BinaryReaderError, Parser, Payload};

/// Prints every section with its offset and size.
pub fn print(bytes: &[u8]) -> Result<(), BinaryReaderError> {
    println!("\nsections:");
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else { continue };
        let name = match &payload {
            Payload::CustomSection(section) => format!("custom \"{}\"", section.name()),
            _ => name(id).to_string(),
        };
        let items = count(&payload).map_or(String::new(), |count| format!("  {count} items"));
        println!("  0x{:06x}  {:>8} bytes  {name}{items}", range.start, range.end - range.start);
    }
    Ok(())
}

fn name(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

fn count(payload: &Payload) -> Option<u32> {
    Some(match payload {
        Payload::TypeSection(section) => section.count(),
        Payload::ImportSection(section) => section.count(),
        Payload::FunctionSection(section) => section.count(),
        Payload::TableSection(section) => section.count(),
        Payload::MemorySection(section) => section.count(),
        Payload::TagSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        Payload::ExportSection(section) => section.count(),
        Payload::ElementSection(section) => section.count(),
        Payload::DataSection(section) => section.count(),
        Payload::CodeSectionStart { count, .. } => *count,
        _ => return None,
    })
}
