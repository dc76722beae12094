//! Imports and exports, also of modules that this runtime does not support and of precompiled
//! modules for other devices.

use wasmparser::{
    BinaryReaderError, CompositeInnerType, ExternalKind, FuncType, GlobalType, MemoryType, Parser,
    Payload, TableType, TypeRef, ValType,
};

/// Prints the imports and exports of a module.
pub fn print(bytes: &[u8]) -> Result<(), BinaryReaderError> {
    print_payloads(Parser::new(0).parse_all(bytes))
}

/// Prints the imports and exports of the module in a precompiled module. The runtime has validated
/// it, and it may lack its code section, which `wasmparser` reports as an error behind the last
/// section.
pub fn print_validated(bytes: &[u8]) -> Result<(), BinaryReaderError> {
    print_payloads(Parser::new(0).parse_all(bytes).take_while(Result::is_ok))
}

fn print_payloads<'a>(
    payloads: impl Iterator<Item = Result<Payload<'a>, BinaryReaderError>>,
) -> Result<(), BinaryReaderError> {
    let mut externs = Externs::default();
    for payload in payloads {
        externs.payload(&payload?)?;
    }
    println!("\nimports:");
    externs.imports.iter().for_each(|line| println!("  {line}"));
    println!("\nexports:");
    externs.exports.iter().for_each(|line| println!("  {line}"));
    Ok(())
}

#[derive(Default)]
struct Externs {
    /// Descriptions of the function types.
    types: Vec<String>,
    /// Descriptions by index space.
    funcs: Vec<String>,
    tables: Vec<String>,
    memories: Vec<String>,
    globals: Vec<String>,
    /// Lines to print.
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Externs {
    fn payload(&mut self, payload: &Payload) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    for ty in group?.into_types() {
                        self.types.push(match &ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => func(ty),
                            _ => "func of a type that is not a function type".into(),
                        });
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    let text = self.import(&import.ty);
                    self.imports.push(format!("{}.{}: {text}", import.module, import.name));
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section.clone() {
                    let text = self.func(ty?);
                    self.funcs.push(text);
                }
            }
            Payload::TableSection(section) => {
                for item in section.clone() {
                    self.tables.push(table(&item?.ty));
                }
            }
            Payload::MemorySection(section) => {
                for ty in section.clone() {
                    self.memories.push(memory(&ty?));
                }
            }
            Payload::GlobalSection(section) => {
                for item in section.clone() {
                    self.globals.push(global(&item?.ty));
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    let (space, kind) = match export.kind {
                        ExternalKind::Func => (&self.funcs, "func"),
                        ExternalKind::Table => (&self.tables, "table"),
                        ExternalKind::Memory => (&self.memories, "memory"),
                        ExternalKind::Global => (&self.globals, "global"),
                        _ => (&Vec::new(), "tag"),
                    };
                    let text = space.get(export.index as usize).map_or(kind, String::as_str);
                    self.exports.push(format!("{}: {text}", export.name));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Describes an import and adds it to its index space.
    fn import(&mut self, ty: &TypeRef) -> String {
        let (text, space) = match ty {
            TypeRef::Func(index) => (self.func(*index), &mut self.funcs),
            TypeRef::Table(ty) => (table(ty), &mut self.tables),
            TypeRef::Memory(ty) => (memory(ty), &mut self.memories),
            TypeRef::Global(ty) => (global(ty), &mut self.globals),
            _ => return "tag".into(),
        };
        space.push(text.clone());
        text
    }

    fn func(&self, ty: u32) -> String {
        self.types.get(ty as usize).cloned().unwrap_or_else(|| format!("func of type {ty}"))
    }
}

fn func(ty: &FuncType) -> String {
    let list =
        |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("func ({}) -> ({})", list(ty.params()), list(ty.results()))
}

fn table(ty: &TableType) -> String {
    format!("table of {}, {} elements, {}", ty.element_type, ty.initial, most(ty.maximum))
}

fn memory(ty: &MemoryType) -> String {
    let page = 1u64 << ty.page_size_log2.unwrap_or(16);
    format!("memory, {} pages of {page} bytes, {}", ty.initial, most(ty.maximum))
}

fn global(ty: &GlobalType) -> String {
    format!("global {}{}", if ty.mutable { "mutable " } else { "" }, ty.content_type)
}

fn most(max: Option<u64>) -> String {
    max.map_or_else(|| "no maximum".into(), |max| format!("at most {max}"))
}
