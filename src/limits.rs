//! All limits of the implementation. What exceeds one is refused with an error, not truncated.
//!
//! Most follow the limits that browsers agreed on (WebAssembly JavaScript Interface, appendix
//! "Implementation Limits"); those marked "ours" come from the width of a field. A module may have
//! as many bytes as 32 bits can count.

/// Types of functions. Zonda's own: type indices are kept in 16 bits.
pub const MAX_TYPES: u32 = 65_535;
/// Fields of a structure.
#[cfg(feature = "function-references")]
pub const MAX_FIELDS: u32 = 10_000;
/// Supertypes above a type.
#[cfg(feature = "function-references")]
pub const MAX_SUBTYPING_DEPTH: u32 = 63;
/// Functions, imported ones included.
pub const MAX_FUNCS: u32 = 1_000_000;
/// Imports.
pub const MAX_IMPORTS: u32 = 1_000_000;
/// Exports.
pub const MAX_EXPORTS: u32 = 1_000_000;
/// Globals, imported ones included. Zonda's own: register bytecode names a global in 16 bits.
pub const MAX_GLOBALS: u32 = 65_536;
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
/// Parameters of all functions that a module defines together, for each byte of the module. Zonda's
/// own: what loading takes stays proportional to the bytes.
pub const MAX_PARAMS_PER_BYTE: u32 = 16;
/// Bytes of a function body.
pub const MAX_BODY: u32 = 7_654_321;
/// Locals of a function, parameters included.
pub const MAX_LOCALS: u32 = 50_000;
/// Slots of 32 bits of the locals of a function. Zonda's own: a slot
/// is kept in 15 bits, and register bytecode counts what lies before and behind them as well.
pub const MAX_LOCAL_SLOTS: u32 = 32_700;
/// Slots of 32 bits of the operands of a function. Zonda's own: as above.
pub const MAX_OPERAND_SLOTS: u32 = 32_700;

// Distances of slots in large functions of register bytecode are numbers of 16 bits with a sign,
// places in the whole frame without one. 32 are more than what lies between locals and operands.
const _: () =
    assert!(MAX_LOCAL_SLOTS + 32 <= i16::MAX as u32 && MAX_OPERAND_SLOTS + 32 <= i16::MAX as u32);
const _: () = assert!(
    MAX_LOCAL_SLOTS + MAX_OPERAND_SLOTS + 2 * 32 <= u16::MAX as u32
        && zonda_exec::frame::OVERHEAD < 32
);
const _: () = assert!(MAX_GLOBALS - 1 <= u16::MAX as u32);
