//! What a module declares, owned.

use zonda::toolchain::Declared;
use zonda::{GlobalType, MemoryType, ValType};

/// A function type.
#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub(crate) params: Vec<ValType>,
    pub(crate) results: Vec<ValType>,
    /// The first type that is equal to this one.
    pub(crate) canonical: u32,
}

/// Slots that values take on the operand stack.
pub(crate) fn slots(types: &[ValType]) -> u32 {
    types.iter().map(|ty| ty.slots()).sum()
}

/// LLVM's type of a value.
pub(crate) fn ir(ty: ValType) -> &'static str {
    match ty {
        ValType::I64 => "i64",
        ValType::F32 => "float",
        ValType::F64 => "double",
        _ => "i32",
    }
}

impl Type {
    /// LLVM's type of the results.
    pub(crate) fn result_ir(&self) -> String {
        match &self.results[..] {
            [] => "void".into(),
            [one] => ir(*one).into(),
            many => {
                format!("{{ {} }}", many.iter().map(|&ty| ir(ty)).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// What a module declares.
#[derive(Default)]
pub(crate) struct Shape {
    pub(crate) types: Vec<Type>,
    /// For each function the number of its type.
    pub(crate) funcs: Vec<u32>,
    pub(crate) imported_funcs: u32,
    /// For each function whether something outside of the code can call it.
    pub(crate) reachable: Vec<bool>,
    pub(crate) globals: Vec<GlobalType>,
    pub(crate) imported_globals: u32,
    pub(crate) memories: Vec<MemoryType>,
}

impl Shape {
    pub(crate) fn of(declared: &Declared) -> Shape {
        let types = (0..declared.types() as u32)
            .filter_map(|index| {
                let (params, results) = declared.ty(index)?;
                Some(Type {
                    params: params.collect(),
                    results: results.collect(),
                    canonical: declared.canonical(index),
                })
            })
            .collect();
        let funcs: Vec<u32> =
            (0..declared.funcs() as u32).map(|func| declared.func(func)).collect();
        Shape {
            types,
            reachable: (0..funcs.len() as u32).map(|func| declared.is_reachable(func)).collect(),
            funcs,
            imported_funcs: declared.imported_funcs(),
            globals: declared.globals().to_vec(),
            imported_globals: declared.imported_globals(),
            memories: declared.memories().to_vec(),
        }
    }

    pub(crate) fn func_type(&self, func: u32) -> &Type {
        &self.types[self.funcs[func as usize] as usize]
    }

    /// Bytes that memory 0 has at least, unless the embedder limits it.
    pub(crate) fn least_memory(&self) -> u64 {
        self.memories.first().map_or(0, |ty| u64::from(ty.limits.min) << ty.page_shift)
    }

    /// Whether memory 0 cannot grow.
    pub(crate) fn is_memory_fixed(&self) -> bool {
        self.memories.first().is_none_or(|ty| ty.limits.max == Some(ty.limits.min))
    }

    /// The slot of a global that the module defines, among those of its globals.
    pub(crate) fn cell(&self, global: u32) -> u32 {
        let own = &self.globals[self.imported_globals as usize..global as usize];
        own.iter().map(|ty| ty.content.slots()).sum()
    }
}
