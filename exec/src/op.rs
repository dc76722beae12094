//! The operations of WebAssembly, declared once (spec: 5.4, appendix "Index of Instructions").
//!
//! Tables, one for each way in which an operation is executed. Everything that needs the list is
//! generated from them: the type [`Op`], the names, the validator's signatures ([`Sig`]), the dispatch of
//! numeric operations in [`crate::numeric`] and in the loops. A row reads
//!
//! ```text
//! code  Name  "name in the text format"  immediates-or-layout  …;
//! ```
//!
//! Codes behind the prefix 0xFC are written 0xFCnn; the loops see the prefix, the validator the whole code.

/// Control, variables, constants, references, tables, bulk: what is typed by hand in the validator.
/// `code Name "text" Immediates;`
#[macro_export]
macro_rules! plain_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x00 Unreachable "unreachable" None;
        0x01 Nop "nop" None;
        0x02 Block "block" Block;
        0x03 Loop "loop" Block;
        0x04 If "if" Block;
        0x05 Else "else" None;
        0x0b End "end" None;
        0x0c Br "br" Label;
        0x0d BrIf "br_if" Label;
        0x0e BrTable "br_table" Labels;
        0x0f Return "return" None;
        0x10 Call "call" Func;
        0x11 CallIndirect "call_indirect" TypeTable;
        0x12 ReturnCall "return_call" Func;
        0x13 ReturnCallIndirect "return_call_indirect" TypeTable;
        0x1a Drop "drop" None;
        0x1b Select "select" None;
        0x1c SelectTyped "select" ValTypes;
        0x20 LocalGet "local.get" Local;
        0x21 LocalSet "local.set" Local;
        0x22 LocalTee "local.tee" Local;
        0x23 GlobalGet "global.get" Global;
        0x24 GlobalSet "global.set" Global;
        0x25 TableGet "table.get" Table;
        0x26 TableSet "table.set" Table;
        0x3f MemorySize "memory.size" Memory;
        0x40 MemoryGrow "memory.grow" Memory;
        0x41 I32Const "i32.const" I32;
        0x42 I64Const "i64.const" I64;
        0x43 F32Const "f32.const" F32;
        0x44 F64Const "f64.const" F64;
        0xd0 RefNull "ref.null" RefType;
        0xd1 RefIsNull "ref.is_null" None;
        0xd2 RefFunc "ref.func" Func;
        0xfc08 MemoryInit "memory.init" DataMemory;
        0xfc09 DataDrop "data.drop" Data;
        0xfc0a MemoryCopy "memory.copy" MemoryMemory;
        0xfc0b MemoryFill "memory.fill" Memory;
        0xfc0c TableInit "table.init" ElemTable;
        0xfc0d ElemDrop "elem.drop" Elem;
        0xfc0e TableCopy "table.copy" TableTable;
        0xfc0f TableGrow "table.grow" Table;
        0xfc10 TableSize "table.size" Table;
        0xfc11 TableFill "table.fill" Table;
    } };
}

/// Loads and stores. `code Name "text" kind value-type log2-of-width memory-type;`
#[macro_export]
macro_rules! memory_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x28 I32Load "i32.load" load I32 2 u32;
        0x29 I64Load "i64.load" load I64 3 u64;
        0x2a F32Load "f32.load" load F32 2 u32;
        0x2b F64Load "f64.load" load F64 3 u64;
        0x2c I32Load8S "i32.load8_s" load I32 0 i8;
        0x2d I32Load8U "i32.load8_u" load I32 0 u8;
        0x2e I32Load16S "i32.load16_s" load I32 1 i16;
        0x2f I32Load16U "i32.load16_u" load I32 1 u16;
        0x30 I64Load8S "i64.load8_s" load I64 0 i8;
        0x31 I64Load8U "i64.load8_u" load I64 0 u8;
        0x32 I64Load16S "i64.load16_s" load I64 1 i16;
        0x33 I64Load16U "i64.load16_u" load I64 1 u16;
        0x34 I64Load32S "i64.load32_s" load I64 2 i32;
        0x35 I64Load32U "i64.load32_u" load I64 2 u32;
        0x36 I32Store "i32.store" store I32 2 u32;
        0x37 I64Store "i64.store" store I64 3 u64;
        0x38 F32Store "f32.store" store F32 2 u32;
        0x39 F64Store "f64.store" store F64 3 u64;
        0x3a I32Store8 "i32.store8" store I32 0 u8;
        0x3b I32Store16 "i32.store16" store I32 1 u16;
        0x3c I64Store8 "i64.store8" store I64 0 u8;
        0x3d I64Store16 "i64.store16" store I64 1 u16;
        0x3e I64Store32 "i64.store32" store I64 2 u32;
    } };
}

/// Operations on i32 that cannot trap; the loops hold them inline. `code Name "text" layout operand result function;`
#[macro_export]
macro_rules! word_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x45 I32Eqz "i32.eqz" unop I32 I32 i32_eqz;
        0x46 I32Eq "i32.eq" binop I32 I32 i32_eq;
        0x47 I32Ne "i32.ne" binop I32 I32 i32_ne;
        0x48 I32LtS "i32.lt_s" binop I32 I32 i32_lt_s;
        0x49 I32LtU "i32.lt_u" binop I32 I32 i32_lt_u;
        0x4a I32GtS "i32.gt_s" binop I32 I32 i32_gt_s;
        0x4b I32GtU "i32.gt_u" binop I32 I32 i32_gt_u;
        0x4c I32LeS "i32.le_s" binop I32 I32 i32_le_s;
        0x4d I32LeU "i32.le_u" binop I32 I32 i32_le_u;
        0x4e I32GeS "i32.ge_s" binop I32 I32 i32_ge_s;
        0x4f I32GeU "i32.ge_u" binop I32 I32 i32_ge_u;
        0x6a I32Add "i32.add" binop I32 I32 i32_add;
        0x6b I32Sub "i32.sub" binop I32 I32 i32_sub;
        0x6c I32Mul "i32.mul" binop I32 I32 i32_mul;
        0x71 I32And "i32.and" binop I32 I32 i32_and;
        0x72 I32Or "i32.or" binop I32 I32 i32_or;
        0x73 I32Xor "i32.xor" binop I32 I32 i32_xor;
        0x74 I32Shl "i32.shl" binop I32 I32 i32_shl;
        0x75 I32ShrS "i32.shr_s" binop I32 I32 i32_shr_s;
        0x76 I32ShrU "i32.shr_u" binop I32 I32 i32_shr_u;
        0x77 I32Rotl "i32.rotl" binop I32 I32 i32_rotl;
        0x78 I32Rotr "i32.rotr" binop I32 I32 i32_rotr;
        0xc0 I32Extend8S "i32.extend8_s" unop I32 I32 i32_extend8_s;
        0xc1 I32Extend16S "i32.extend16_s" unop I32 I32 i32_extend16_s;
    } };
}

/// Comparisons of i64: `eq ne`, then signed and unsigned `lt gt le ge`. Columns as for [`word_ops`]; there is one function for all.
#[macro_export]
macro_rules! relation_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x51 I64Eq "i64.eq" binop I64 I32 i64_relation;
        0x52 I64Ne "i64.ne" binop I64 I32 i64_relation;
        0x53 I64LtS "i64.lt_s" binop I64 I32 i64_relation;
        0x54 I64LtU "i64.lt_u" binop I64 I32 i64_relation;
        0x55 I64GtS "i64.gt_s" binop I64 I32 i64_relation;
        0x56 I64GtU "i64.gt_u" binop I64 I32 i64_relation;
        0x57 I64LeS "i64.le_s" binop I64 I32 i64_relation;
        0x58 I64LeU "i64.le_u" binop I64 I32 i64_relation;
        0x59 I64GeS "i64.ge_s" binop I64 I32 i64_relation;
        0x5a I64GeU "i64.ge_u" binop I64 I32 i64_relation;
    } };
}

/// The other integer operations; those with `try` can trap. Columns as for [`word_ops`].
#[macro_export]
macro_rules! integer_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x67 I32Clz "i32.clz" unop I32 I32 i32_clz;
        0x68 I32Ctz "i32.ctz" unop I32 I32 i32_ctz;
        0x69 I32Popcnt "i32.popcnt" unop I32 I32 i32_popcnt;
        0x6d I32DivS "i32.div_s" trybinop I32 I32 i32_div_s;
        0x6e I32DivU "i32.div_u" trybinop I32 I32 i32_div_u;
        0x6f I32RemS "i32.rem_s" trybinop I32 I32 i32_rem_s;
        0x70 I32RemU "i32.rem_u" trybinop I32 I32 i32_rem_u;
        0x50 I64Eqz "i64.eqz" unop I64 I32 i64_eqz;
        0x79 I64Clz "i64.clz" unop I64 I64 i64_clz;
        0x7a I64Ctz "i64.ctz" unop I64 I64 i64_ctz;
        0x7b I64Popcnt "i64.popcnt" unop I64 I64 i64_popcnt;
        0x7c I64Add "i64.add" binop I64 I64 i64_add;
        0x7d I64Sub "i64.sub" binop I64 I64 i64_sub;
        0x7e I64Mul "i64.mul" binop I64 I64 i64_mul;
        0x7f I64DivS "i64.div_s" trybinop I64 I64 i64_div_s;
        0x80 I64DivU "i64.div_u" trybinop I64 I64 i64_div_u;
        0x81 I64RemS "i64.rem_s" trybinop I64 I64 i64_rem_s;
        0x82 I64RemU "i64.rem_u" trybinop I64 I64 i64_rem_u;
        0x83 I64And "i64.and" binop I64 I64 i64_and;
        0x84 I64Or "i64.or" binop I64 I64 i64_or;
        0x85 I64Xor "i64.xor" binop I64 I64 i64_xor;
        0x86 I64Shl "i64.shl" binop I64 I64 i64_shl;
        0x87 I64ShrS "i64.shr_s" binop I64 I64 i64_shr_s;
        0x88 I64ShrU "i64.shr_u" binop I64 I64 i64_shr_u;
        0x89 I64Rotl "i64.rotl" binop I64 I64 i64_rotl;
        0x8a I64Rotr "i64.rotr" binop I64 I64 i64_rotr;
        0xa7 I32WrapI64 "i32.wrap_i64" unop I64 I32 i32_wrap_i64;
        0xac I64ExtendI32S "i64.extend_i32_s" unop I32 I64 i64_extend_i32_s;
        0xad I64ExtendI32U "i64.extend_i32_u" unop I32 I64 i64_extend_i32_u;
        0xc2 I64Extend8S "i64.extend8_s" unop I64 I64 i64_extend8_s;
        0xc3 I64Extend16S "i64.extend16_s" unop I64 I64 i64_extend16_s;
        0xc4 I64Extend32S "i64.extend32_s" unop I64 I64 i64_extend32_s;
    } };
}

/// Operations on floats, and conversions between them and integers. Columns as for [`word_ops`], but for the last: `float::operation`
/// computes them all by their place in this order, and the name only says which it is.
#[macro_export]
macro_rules! float_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x5b F32Eq "f32.eq" binop F32 I32 f32_eq;
        0x5c F32Ne "f32.ne" binop F32 I32 f32_ne;
        0x5d F32Lt "f32.lt" binop F32 I32 f32_lt;
        0x5e F32Gt "f32.gt" binop F32 I32 f32_gt;
        0x5f F32Le "f32.le" binop F32 I32 f32_le;
        0x60 F32Ge "f32.ge" binop F32 I32 f32_ge;
        0x61 F64Eq "f64.eq" binop F64 I32 f64_eq;
        0x62 F64Ne "f64.ne" binop F64 I32 f64_ne;
        0x63 F64Lt "f64.lt" binop F64 I32 f64_lt;
        0x64 F64Gt "f64.gt" binop F64 I32 f64_gt;
        0x65 F64Le "f64.le" binop F64 I32 f64_le;
        0x66 F64Ge "f64.ge" binop F64 I32 f64_ge;
        0x8b F32Abs "f32.abs" unop F32 F32 f32_abs;
        0x8c F32Neg "f32.neg" unop F32 F32 f32_neg;
        0x8d F32Ceil "f32.ceil" unop F32 F32 f32_ceil;
        0x8e F32Floor "f32.floor" unop F32 F32 f32_floor;
        0x8f F32Trunc "f32.trunc" unop F32 F32 f32_trunc;
        0x90 F32Nearest "f32.nearest" unop F32 F32 f32_nearest;
        0x91 F32Sqrt "f32.sqrt" unop F32 F32 f32_sqrt;
        0x92 F32Add "f32.add" binop F32 F32 f32_add;
        0x93 F32Sub "f32.sub" binop F32 F32 f32_sub;
        0x94 F32Mul "f32.mul" binop F32 F32 f32_mul;
        0x95 F32Div "f32.div" binop F32 F32 f32_div;
        0x96 F32Min "f32.min" binop F32 F32 f32_min;
        0x97 F32Max "f32.max" binop F32 F32 f32_max;
        0x98 F32Copysign "f32.copysign" binop F32 F32 f32_copysign;
        0x99 F64Abs "f64.abs" unop F64 F64 f64_abs;
        0x9a F64Neg "f64.neg" unop F64 F64 f64_neg;
        0x9b F64Ceil "f64.ceil" unop F64 F64 f64_ceil;
        0x9c F64Floor "f64.floor" unop F64 F64 f64_floor;
        0x9d F64Trunc "f64.trunc" unop F64 F64 f64_trunc;
        0x9e F64Nearest "f64.nearest" unop F64 F64 f64_nearest;
        0x9f F64Sqrt "f64.sqrt" unop F64 F64 f64_sqrt;
        0xa0 F64Add "f64.add" binop F64 F64 f64_add;
        0xa1 F64Sub "f64.sub" binop F64 F64 f64_sub;
        0xa2 F64Mul "f64.mul" binop F64 F64 f64_mul;
        0xa3 F64Div "f64.div" binop F64 F64 f64_div;
        0xa4 F64Min "f64.min" binop F64 F64 f64_min;
        0xa5 F64Max "f64.max" binop F64 F64 f64_max;
        0xa6 F64Copysign "f64.copysign" binop F64 F64 f64_copysign;
        0xa8 I32TruncF32S "i32.trunc_f32_s" tryunop F32 I32 i32_trunc_f32_s;
        0xa9 I32TruncF32U "i32.trunc_f32_u" tryunop F32 I32 i32_trunc_f32_u;
        0xaa I32TruncF64S "i32.trunc_f64_s" tryunop F64 I32 i32_trunc_f64_s;
        0xab I32TruncF64U "i32.trunc_f64_u" tryunop F64 I32 i32_trunc_f64_u;
        0xae I64TruncF32S "i64.trunc_f32_s" tryunop F32 I64 i64_trunc_f32_s;
        0xaf I64TruncF32U "i64.trunc_f32_u" tryunop F32 I64 i64_trunc_f32_u;
        0xb0 I64TruncF64S "i64.trunc_f64_s" tryunop F64 I64 i64_trunc_f64_s;
        0xb1 I64TruncF64U "i64.trunc_f64_u" tryunop F64 I64 i64_trunc_f64_u;
        0xb2 F32ConvertI32S "f32.convert_i32_s" unop I32 F32 f32_convert_i32_s;
        0xb3 F32ConvertI32U "f32.convert_i32_u" unop I32 F32 f32_convert_i32_u;
        0xb4 F32ConvertI64S "f32.convert_i64_s" unop I64 F32 f32_convert_i64_s;
        0xb5 F32ConvertI64U "f32.convert_i64_u" unop I64 F32 f32_convert_i64_u;
        0xb6 F32DemoteF64 "f32.demote_f64" unop F64 F32 f32_demote_f64;
        0xb7 F64ConvertI32S "f64.convert_i32_s" unop I32 F64 f64_convert_i32_s;
        0xb8 F64ConvertI32U "f64.convert_i32_u" unop I32 F64 f64_convert_i32_u;
        0xb9 F64ConvertI64S "f64.convert_i64_s" unop I64 F64 f64_convert_i64_s;
        0xba F64ConvertI64U "f64.convert_i64_u" unop I64 F64 f64_convert_i64_u;
        0xbb F64PromoteF32 "f64.promote_f32" unop F32 F64 f64_promote_f32;
        0xbc I32ReinterpretF32 "i32.reinterpret_f32" unop F32 I32 reinterpret32;
        0xbd I64ReinterpretF64 "i64.reinterpret_f64" unop F64 I64 reinterpret64;
        0xbe F32ReinterpretI32 "f32.reinterpret_i32" unop I32 F32 reinterpret32;
        0xbf F64ReinterpretI64 "f64.reinterpret_i64" unop I64 F64 reinterpret64;
        0xfc00 I32TruncSatF32S "i32.trunc_sat_f32_s" unop F32 I32 i32_trunc_sat_f32_s;
        0xfc01 I32TruncSatF32U "i32.trunc_sat_f32_u" unop F32 I32 i32_trunc_sat_f32_u;
        0xfc02 I32TruncSatF64S "i32.trunc_sat_f64_s" unop F64 I32 i32_trunc_sat_f64_s;
        0xfc03 I32TruncSatF64U "i32.trunc_sat_f64_u" unop F64 I32 i32_trunc_sat_f64_u;
        0xfc04 I64TruncSatF32S "i64.trunc_sat_f32_s" unop F32 I64 i64_trunc_sat_f32_s;
        0xfc05 I64TruncSatF32U "i64.trunc_sat_f32_u" unop F32 I64 i64_trunc_sat_f32_u;
        0xfc06 I64TruncSatF64S "i64.trunc_sat_f64_s" unop F64 I64 i64_trunc_sat_f64_s;
        0xfc07 I64TruncSatF64U "i64.trunc_sat_f64_u" unop F64 I64 i64_trunc_sat_f64_u;
    } };
}

/// What follows an operation's code in the binary format (spec: 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Immediates {
    None,
    Block,
    Label,
    Labels,
    Func,
    TypeTable,
    ValTypes,
    Local,
    Global,
    Table,
    TableTable,
    Memory,
    MemoryMemory,
    MemArg,
    Data,
    DataMemory,
    Elem,
    ElemTable,
    RefType,
    I32,
    I64,
    F32,
    F64,
}

/// The four number types, as the tables name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum NumType {
    I32 = 0,
    I64 = 1,
    F32 = 2,
    F64 = 3,
}

impl NumType {
    /// The type with this number (only the lowest two bits count).
    pub const fn from_bits(bits: u8) -> NumType {
        match bits & 3 {
            0 => NumType::I32,
            1 => NumType::I64,
            2 => NumType::F32,
            _ => NumType::F64,
        }
    }

    /// How many slots of 32 bits a value takes.
    pub const fn slots(self) -> u32 {
        match self {
            NumType::I32 | NumType::F32 => 1,
            NumType::I64 | NumType::F64 => 2,
        }
    }
}

/// The type of an operation in one byte: what the validator needs of a numeric operation, a load or a store.
///
/// ```text
/// bit 7..6  0 not in these tables, 1 numeric, 2 load, 3 store
/// bit 5     numeric: two operands; load: the value is sign-extended
/// bit 4     numeric: unused
/// bit 3..2  numeric: type of the operands; load and store: log2 of the width in bytes
/// bit 1..0  type of the result, or of the value that is stored
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sig(u8);

impl Sig {
    const fn numeric(operands: u8, operand: NumType, result: NumType) -> Sig {
        Sig(0x40 | (operands - 1) << 5 | (operand as u8) << 2 | result as u8)
    }
    const fn load(value: NumType, log2: u8, signed: bool) -> Sig {
        Sig(0x80 | (signed as u8) << 5 | log2 << 2 | value as u8)
    }
    const fn store(value: NumType, log2: u8, _: bool) -> Sig {
        Sig(0xc0 | log2 << 2 | value as u8)
    }
    /// Which table the operation stands in.
    #[inline]
    pub const fn class(self) -> InstrClass {
        match self.0 >> 6 {
            0 => InstrClass::Plain,
            1 => InstrClass::Numeric,
            2 => InstrClass::Load,
            _ => InstrClass::Store,
        }
    }
    /// Load: whether the value is sign-extended.
    #[inline]
    pub const fn is_signed_load(self) -> bool {
        self.0 & 0xe0 == 0xa0
    }
    /// Numeric: whether there are two operands.
    #[inline]
    pub const fn is_binary(self) -> bool {
        self.0 & 0x20 != 0
    }
    /// Numeric: the type of each operand.
    #[inline]
    pub const fn operand(self) -> NumType {
        NumType::from_bits(self.0 >> 2)
    }
    /// The type of the result, or of the value that is stored.
    #[inline]
    pub const fn value(self) -> NumType {
        NumType::from_bits(self.0)
    }
    /// Load and store: log2 of the width in bytes, which is the largest alignment.
    #[inline]
    pub const fn log2_width(self) -> u32 {
        (self.0 >> 2 & 3) as u32
    }
    /// Whether the operation works on floats in any way.
    #[inline]
    pub const fn is_float(self) -> bool {
        match self.class() {
            InstrClass::Plain => false,
            InstrClass::Numeric => (self.0 & 2) | (self.0 >> 2 & 2) != 0,
            InstrClass::Load | InstrClass::Store => self.0 & 2 != 0,
        }
    }
}

/// Which table an operation stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstrClass {
    Plain,
    Numeric,
    Load,
    Store,
}

macro_rules! operands {
    (unop) => {
        1
    };
    (tryunop) => {
        1
    };
    (binop) => {
        2
    };
    (trybinop) => {
        2
    };
}

// Each consumer is called with the rows of the table before it in braces, until all have been collected.
macro_rules! collect {
    (plain $($p:tt)*) => { memory_ops! { collect memory { $($p)* } } };
    (memory { $($p:tt)* } $($m:tt)*) => { word_ops! { collect word { $($p)* } { $($m)* } } };
    (word { $($p:tt)* } { $($m:tt)* } $($w:tt)*) => { integer_ops! { collect integer { $($p)* } { $($m)* } { $($w)* } } };
    (integer { $($p:tt)* } { $($m:tt)* } { $($w:tt)* } $($i:tt)*) => {
        relation_ops! { collect relation { $($p)* } { $($m)* } { $($w)* $($i)* } }
    };
    (relation { $($p:tt)* } { $($m:tt)* } { $($n:tt)* } $($i:tt)*) => {
        float_ops! { collect float { $($p)* } { $($m)* } { $($n)* $($i)* } }
    };
    (float { $($p:tt)* } { $($m:tt)* } { $($n:tt)* } $($f:tt)*) => { define! { { $($p)* } { $($m)* } { $($n)* $($f)* } } };
}

macro_rules! define {
    (
        { $($pc:literal $pn:ident $pt:literal $pi:ident;)* }
        { $($mc:literal $mn:ident $mt:literal $mk:ident $mv:ident $ml:literal $mm:ident;)* }
        { $($nc:literal $nn:ident $nt:literal $ns:ident $na:ident $nr:ident $nf:ident;)* }
    ) => {
        /// An operation. The number is its code in the binary format, with the prefix in the upper byte.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Op {
            $(#[doc = $pt] $pn = $pc,)*
            $(#[doc = $mt] $mn = $mc,)*
            $(#[doc = $nt] $nn = $nc,)*
        }

        impl Op {
            /// All operations, in the order of the tables.
            pub const ALL: &'static [Op] = &[$(Op::$pn,)* $(Op::$mn,)* $(Op::$nn,)*];

            /// The operation with this code, if there is one.
            pub const fn from_code(code: u16) -> Option<Op> {
                match code {
                    $($pc => Some(Op::$pn),)*
                    $($mc => Some(Op::$mn),)*
                    $($nc => Some(Op::$nn),)*
                    _ => None,
                }
            }

            /// Its name in the text format.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Op::$pn => $pt,)*
                    $(Op::$mn => $mt,)*
                    $(Op::$nn => $nt,)*
                }
            }

            /// What follows its code.
            pub const fn immediates(self) -> Immediates {
                match self {
                    $(Op::$pn => Immediates::$pi,)*
                    $(Op::$mn => Immediates::MemArg,)*
                    _ => Immediates::None,
                }
            }
        }

        const fn signatures() -> [Sig; 256] {
            let mut table = [Sig(0); 256];
            $(table[$mc] = Sig::$mk(NumType::$mv, $ml, <$mm>::MIN != 0);)*
            $(if $nc < 0x100 { table[$nc & 0xff] = Sig::numeric(operands!($ns), NumType::$na, NumType::$nr); })*
            table
        }

        const fn prefixed_signatures() -> [Sig; 8] {
            let mut table = [Sig(0); 8];
            $(if $nc >= 0xfc00 { table[$nc & 7] = Sig::numeric(operands!($ns), NumType::$na, NumType::$nr); })*
            table
        }
    };
}

plain_ops! { collect plain }

static SIGNATURES: [Sig; 256] = signatures();
static PREFIXED: [Sig; 8] = prefixed_signatures();

/// The type of the operation with this code, for codes of one byte.
#[inline]
pub fn sig(code: u8) -> Sig {
    SIGNATURES[code as usize]
}

/// The type of the saturating conversion 0xFC00 + `code` (`code` is 0 to 7).
#[inline]
pub fn prefixed_sig(code: u8) -> Sig {
    PREFIXED[(code & 7) as usize]
}

/// The codes of one byte as numbers, by which the validator and the runtime match.
pub mod codes {
    use super::Op;
    macro_rules! codes {
        ($($constant:ident $name:ident)*) => { $(pub const $constant: u8 = Op::$name as u8;)* };
    }
    codes! {
        UNREACHABLE Unreachable NOP Nop BLOCK Block LOOP Loop IF If ELSE Else END End BR Br BR_IF BrIf BR_TABLE BrTable RETURN Return
        CALL Call CALL_INDIRECT CallIndirect RETURN_CALL ReturnCall RETURN_CALL_INDIRECT ReturnCallIndirect
        DROP Drop SELECT Select SELECT_TYPED SelectTyped LOCAL_GET LocalGet LOCAL_SET LocalSet LOCAL_TEE LocalTee
        GLOBAL_GET GlobalGet GLOBAL_SET GlobalSet TABLE_GET TableGet TABLE_SET TableSet MEMORY_SIZE MemorySize MEMORY_GROW MemoryGrow
        I32_CONST I32Const I64_CONST I64Const F32_CONST F32Const F64_CONST F64Const
        REF_NULL RefNull REF_IS_NULL RefIsNull REF_FUNC RefFunc
        I32_ADD I32Add I32_SUB I32Sub I32_MUL I32Mul I64_ADD I64Add I64_SUB I64Sub I64_MUL I64Mul
    }
    /// What precedes the codes 0xFCnn.
    pub const PREFIX: u8 = 0xfc;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_code() {
        for &op in Op::ALL {
            assert_eq!(Op::from_code(op as u16), Some(op));
        }
        assert_eq!(Op::from_code(0x06), None);
    }

    #[test]
    fn signatures_are_those_of_the_tables() {
        assert!(sig(Op::Block as u8).class() == InstrClass::Plain);
        let add = sig(Op::F64Add as u8);
        assert!(
            add.class() == InstrClass::Numeric
                && add.is_binary()
                && add.operand() == NumType::F64
                && add.value() == NumType::F64
        );
        let load = sig(Op::I64Load16U as u8);
        assert!(
            load.class() == InstrClass::Load
                && load.log2_width() == 1
                && load.value() == NumType::I64
                && !load.is_float()
        );
        let store = sig(Op::F64Store as u8);
        assert!(store.class() == InstrClass::Store && store.log2_width() == 3 && store.is_float());
        let sat = prefixed_sig(5);
        assert!(!sat.is_binary() && sat.operand() == NumType::F32 && sat.value() == NumType::I64);
    }
}
