//! Every limit of the implementation, in one place. What goes beyond one is refused with an error, not truncated.
//!
//! Most follow the limits that browsers agreed on (WebAssembly JavaScript Interface, appendix "Implementation
//! Limits"); those marked "ours" come from the width of a field. A module may have as many bytes as 32 bits can count.

/// Types of functions. Ours: type indices are kept in 16 bits.
pub const MAX_TYPES: u32 = 65_535;
/// Functions, imported ones included.
pub const MAX_FUNCS: u32 = 1_000_000;
/// Imports.
pub const MAX_IMPORTS: u32 = 1_000_000;
/// Exports.
pub const MAX_EXPORTS: u32 = 1_000_000;
/// Globals, imported ones included.
pub const MAX_GLOBALS: u32 = 1_000_000;
/// Data segments.
pub const MAX_DATA_SEGMENTS: u32 = 100_000;
/// Element segments.
pub const MAX_ELEMENT_SEGMENTS: u32 = 100_000;
/// Tables, imported ones included.
pub const MAX_TABLES: u32 = 100;
/// Memories, imported ones included.
pub const MAX_MEMORIES: u32 = 100;
/// Elements of a table when it is instantiated or grown.
pub const MAX_TABLE_ELEMENTS: u32 = 10_000_000;
/// Parameters of a function type.
pub const MAX_PARAMS: u32 = 1_000;
/// Results of a function type.
pub const MAX_RESULTS: u32 = 1_000;
/// Bytes of a function body.
pub const MAX_BODY: u32 = 7_654_321;
/// Locals of a function, parameters included.
pub const MAX_LOCALS: u32 = 50_000;
/// Slots of 32 bits of the locals of a function. Ours: a slot is kept in 15 bits.
pub const MAX_LOCAL_SLOTS: u32 = 32_767;
/// Slots of 32 bits of the operands of a function. Ours: the number of dropped slots is kept in 16 bits.
pub const MAX_OPERAND_SLOTS: u32 = 65_535;
