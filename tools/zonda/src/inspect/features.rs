//! Which features beyond WebAssembly 1.0 a module uses.

use std::collections::BTreeSet;

use wasmparser::{
    BinaryReaderError, BlockType, CompositeInnerType, ConstExpr, DataKind, ElementItems,
    ElementKind, MemoryType, Operator, Parser, Payload, RefType, TableInit, TypeRef,
};

macro_rules! define_proposal {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        /// The proposal that brought an operation, as `wasmparser` calls it.
        fn proposal(operator: &Operator) -> &'static str {
            match operator {
                $( Operator::$op { .. } => stringify!($proposal), )*
                _ => "unknown",
            }
        }
    };
}
wasmparser::for_each_operator!(define_proposal);

/// Names of the features, sorted.
pub fn used(bytes: &[u8]) -> Result<Vec<String>, BinaryReaderError> {
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
                            CompositeInnerType::Func(func) if func.results().len() > 1 => {
                                self.add("multi-value")
                            }
                            CompositeInnerType::Func(_) => {}
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
                        TypeRef::Global(ty) if ty.mutable => self.add("mutable-global"),
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
                    self.constant(&global?.init_expr)?;
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
        }
    }
}
