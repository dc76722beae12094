//! The features beyond WebAssembly 1.0 that a module uses, and the build options of the runtime
//! that it needs.

use std::collections::BTreeSet;

use wasmparser::{
    BinaryReaderError, BlockType, CompositeInnerType, ConstExpr, DataKind, ElementItems,
    ElementKind, MemoryType, Operator, Parser, Payload, RefType, TableInit, TypeRef, ValType,
};

macro_rules! define_proposal {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        /// The proposal that an instruction belongs to, as `wasmparser` names it.
        fn proposal(operator: &Operator) -> &'static str {
            match operator {
                $( Operator::$op { .. } => stringify!($proposal), )*
                _ => "unknown",
            }
        }
    };
}
wasmparser::for_each_operator!(define_proposal);

/// Build options of the runtime (Kconfig), by the feature that needs them.
const OPTIONS: [(&str, &str); 14] = [
    ("float", "CONFIG_ZONDA_FLOAT"),
    ("tail-call", "CONFIG_ZONDA_TAIL_CALL"),
    ("multi-memory", "CONFIG_ZONDA_MULTI_MEMORY"),
    ("extended-const", "CONFIG_ZONDA_EXTENDED_CONST"),
    ("custom-page-sizes", "CONFIG_ZONDA_CUSTOM_PAGE_SIZES"),
    ("memory64", "CONFIG_ZONDA_MEMORY64"),
    ("wide-arithmetic", "CONFIG_ZONDA_WIDE_ARITHMETIC"),
    ("simd", "CONFIG_ZONDA_SIMD"),
    ("relaxed-simd", "CONFIG_ZONDA_SIMD"),
    ("exceptions", "CONFIG_ZONDA_EXCEPTIONS"),
    ("legacy-exceptions", "CONFIG_ZONDA_LEGACY_EXCEPTIONS"),
    ("function-references", "CONFIG_ZONDA_FUNCTION_REFERENCES"),
    ("gc", "CONFIG_ZONDA_GC"),
    ("threads", "CONFIG_ZONDA_THREADS"),
];
/// Features of WebAssembly 2.0, which the runtime always has.
const ALWAYS: [&str; 6] = [
    "bulk-memory",
    "multi-value",
    "mutable-global",
    "reference-types",
    "saturating-float-to-int",
    "sign-extension",
];

/// Prints the features that a module uses and the build options that it needs.
pub fn print(bytes: &[u8]) -> Result<(), BinaryReaderError> {
    let features = used(bytes)?;
    let named = |name: &String| {
        let known = ALWAYS.contains(&name.as_str()) || OPTIONS.iter().any(|(of, _)| of == name);
        if known {
            name.clone()
        } else {
            format!("{name} (not supported)")
        }
    };
    let list = |names: Vec<String>, none: &str| {
        if names.is_empty() {
            none.to_owned()
        } else {
            names.join(", ")
        }
    };
    let proposals = features.iter().filter(|name| *name != "float").map(named).collect();
    let options = of(&features).map(str::to_owned).collect();
    println!("\nfeatures: {}", list(proposals, "WebAssembly 1.0"));
    println!("needed build options: {}", list(options, "none"));
    Ok(())
}

/// The build options that features need.
fn of(features: &[String]) -> impl Iterator<Item = &'static str> {
    let used = |of: &str| features.iter().any(|name| name == of);
    let mut options: Vec<_> =
        OPTIONS.iter().filter(|(of, _)| used(of)).map(|(_, option)| *option).collect();
    options.dedup();
    options.into_iter()
}

/// The build options that a module needs for the features that it uses.
pub fn options(bytes: &[u8]) -> Result<Vec<&'static str>, BinaryReaderError> {
    Ok(of(&used(bytes)?).collect())
}

/// Names of the features, sorted.
fn used(bytes: &[u8]) -> Result<Vec<String>, BinaryReaderError> {
    let mut found = Found::default();
    for payload in Parser::new(0).parse_all(bytes) {
        found.payload(&payload?)?;
    }
    if found.memories > 1 {
        found.add("multi-memory");
    }
    if found.tables > 1 {
        found.add("reference-types");
    }
    Ok(found.features.into_iter().map(|name| name.replace('_', "-")).collect())
}

#[derive(Default)]
struct Found {
    features: BTreeSet<&'static str>,
    memories: u32,
    tables: u32,
}

impl Found {
    fn add(&mut self, feature: &'static str) {
        self.features.insert(feature);
    }

    fn payload(&mut self, payload: &Payload) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    for ty in group?.into_types() {
                        match &ty.composite_type.inner {
                            CompositeInnerType::Func(func) => {
                                if func.results().len() > 1 {
                                    self.add("multi-value");
                                }
                                func.params()
                                    .iter()
                                    .chain(func.results())
                                    .for_each(|ty| self.value(*ty));
                            }
                            _ => self.add("gc"),
                        }
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    match import?.ty {
                        TypeRef::Memory(ty) => self.memory(ty),
                        TypeRef::Table(ty) => self.table(ty.element_type),
                        TypeRef::Global(ty) => {
                            self.value(ty.content_type);
                            if ty.mutable {
                                self.add("mutable-global");
                            }
                        }
                        TypeRef::Tag(_) => self.add("exceptions"),
                        _ => {}
                    }
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    let table = table?;
                    self.table(table.ty.element_type);
                    if let TableInit::Expr(_) = table.init {
                        self.add("function-references");
                    }
                }
            }
            Payload::MemorySection(section) => {
                for ty in section.clone() {
                    self.memory(ty?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section.clone() {
                    let global = global?;
                    self.value(global.ty.content_type);
                    self.constant(&global.init_expr)?;
                }
            }
            Payload::TagSection(_) => self.add("exceptions"),
            Payload::DataCountSection { .. } => self.add("bulk-memory"),
            Payload::ElementSection(section) => {
                for element in section.clone() {
                    let element = element?;
                    match element.kind {
                        ElementKind::Active { offset_expr, .. } => self.constant(&offset_expr)?,
                        ElementKind::Passive => self.add("bulk-memory"),
                        ElementKind::Declared => self.add("reference-types"),
                    }
                    if let ElementItems::Expressions(_, expressions) = element.items {
                        self.add("reference-types");
                        for expression in expressions {
                            self.constant(&expression?)?;
                        }
                    }
                }
            }
            Payload::DataSection(section) => {
                for data in section.clone() {
                    match data?.kind {
                        DataKind::Active { offset_expr, .. } => self.constant(&offset_expr)?,
                        DataKind::Passive => self.add("bulk-memory"),
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for local in body.get_locals_reader()? {
                    self.value(local?.1);
                }
                for operator in body.get_operators_reader()? {
                    self.operator(&operator?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn operator(&mut self, operator: &Operator) {
        if let Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } =
            operator
        {
            if let BlockType::FuncType(_) = blockty {
                self.add("multi-value");
            }
        }
        let proposal = proposal(operator);
        if proposal != "mvp" {
            self.add(proposal);
        }
        // The name of an instruction on floats contains their type.
        if !self.features.contains("float") {
            let name = format!("{operator:?}");
            if name.contains("F32") || name.contains("F64") {
                self.add("float");
            }
        }
    }

    fn value(&mut self, ty: ValType) {
        match ty {
            ValType::F32 | ValType::F64 => self.add("float"),
            ValType::V128 => self.add("simd"),
            ValType::Ref(ty) => self.reference(ty),
            _ => {}
        }
    }

    /// A type of references beyond those of 2.0.
    fn reference(&mut self, ty: RefType) {
        use wasmparser::{AbstractHeapType as Abstract, HeapType};
        match ty.heap_type() {
            HeapType::Abstract { ty: Abstract::Func | Abstract::Extern, .. } => {
                if !ty.is_nullable() {
                    self.add("function-references");
                }
            }
            HeapType::Abstract { ty: Abstract::Exn | Abstract::NoExn, .. } => {
                self.add("exceptions");
            }
            HeapType::Abstract { .. } => self.add("gc"),
            _ => self.add("function-references"),
        }
    }

    fn constant(&mut self, expression: &ConstExpr) -> Result<(), BinaryReaderError> {
        for operator in expression.get_operators_reader() {
            match operator? {
                Operator::I32Add
                | Operator::I32Sub
                | Operator::I32Mul
                | Operator::I64Add
                | Operator::I64Sub
                | Operator::I64Mul => self.add("extended-const"),
                operator => self.operator(&operator),
            }
        }
        Ok(())
    }

    fn memory(&mut self, ty: MemoryType) {
        self.memories += 1;
        if ty.memory64 {
            self.add("memory64");
        }
        if ty.shared {
            self.add("threads");
        }
        if ty.page_size_log2.is_some() {
            self.add("custom-page-sizes");
        }
    }

    fn table(&mut self, element: RefType) {
        self.tables += 1;
        if element != RefType::FUNCREF {
            self.add("reference-types");
            self.reference(element);
        }
    }
}
