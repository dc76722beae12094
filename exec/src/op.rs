//! The instructions of WebAssembly, declared once (spec: 5.4, appendix "Index of Instructions").
//!
//! There is a table for each way in which instructions are executed. Everything that needs the list
//! is generated from the tables: the type [`Op`], the names, the validator's signatures ([`Sig`]),
//! the visitor in the runtime crate, and the dispatch of numeric instructions in [`crate::numeric`]
//! and in the loops. Opcodes behind the prefix 0xFC are written 0xFCnn.

/// Control, parametric, variable and constant instructions. The validator types each by hand.
/// `opcode Name "text" method (immediate: Type, …);` The types are those of the visitor.
#[macro_export]
macro_rules! control_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x00 Unreachable "unreachable" visit_unreachable ();
        0x01 Nop "nop" visit_nop ();
        0x02 Block "block" visit_block (block: Block);
        0x03 Loop "loop" visit_loop (block: Block);
        0x04 If "if" visit_if (block: Block);
        0x05 Else "else" visit_else ();
        0x06 Try "try" visit_try (block: Block);
        0x07 Catch "catch" visit_catch (tag: u32, params: u32);
        0x08 Throw "throw" visit_throw (tag: u32);
        0x09 Rethrow "rethrow" visit_rethrow (depth: u32);
        0x0a ThrowRef "throw_ref" visit_throw_ref ();
        0x0b End "end" visit_end (results: u32);
        0x0c Br "br" visit_br (label: Label);
        0x0d BrIf "br_if" visit_br_if (label: Label);
        0x0e BrTable "br_table" visit_br_table (targets: BrTable<'_>);
        0x0f Return "return" visit_return (results: u32);
        0x10 Call "call" visit_call (callee: Func);
        0x11 CallIndirect "call_indirect" visit_call_indirect (callee: IndirectFunc);
        0x12 ReturnCall "return_call" visit_return_call (callee: Func);
        0x13 ReturnCallIndirect "return_call_indirect" visit_return_call_indirect (callee: IndirectFunc);
        0x14 CallRef "call_ref" visit_call_ref (callee: RefFunc);
        0x15 ReturnCallRef "return_call_ref" visit_return_call_ref (callee: RefFunc);
        0x18 Delegate "delegate" visit_delegate (depth: u32, results: u32);
        0x19 CatchAll "catch_all" visit_catch_all ();
        0x1a Drop "drop" visit_drop (slots: u32);
        0x1b Select "select" visit_select (slots: u32);
        0x1c SelectTyped "select" visit_select_typed (slots: u32);
        0x1f TryTable "try_table" visit_try_table (block: Block, catches: Catches<'_>);
        0x20 LocalGet "local.get" visit_local_get (local: Local);
        0x21 LocalSet "local.set" visit_local_set (local: Local);
        0x22 LocalTee "local.tee" visit_local_tee (local: Local);
        0x23 GlobalGet "global.get" visit_global_get (global: Global);
        0x24 GlobalSet "global.set" visit_global_set (global: Global);
        0x41 I32Const "i32.const" visit_i32_const (value: i32);
        0x42 I64Const "i64.const" visit_i64_const (value: i64);
        0x43 F32Const "f32.const" visit_f32_const (bits: u32);
        0x44 F64Const "f64.const" visit_f64_const (bits: u64);
        0xd0 RefNull "ref.null" visit_ref_null (ty: ValType);
        0xd5 BrOnNull "br_on_null" visit_br_on_null (label: Label);
        0xd6 BrOnNonNull "br_on_non_null" visit_br_on_non_null (label: Label);
    } };
}

/// Instructions on references, and on tables, memories and segments as a whole: their immediates
/// are indices. `opcode Name "text" method (index, …);`
#[macro_export]
macro_rules! object_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x25 TableGet "table.get" visit_table_get (table);
        0x26 TableSet "table.set" visit_table_set (table);
        0x3f MemorySize "memory.size" visit_memory_size (memory);
        0x40 MemoryGrow "memory.grow" visit_memory_grow (memory);
        0xd1 RefIsNull "ref.is_null" visit_ref_is_null ();
        0xd2 RefFunc "ref.func" visit_ref_func (func);
        0xd3 RefEq "ref.eq" visit_ref_eq ();
        0xd4 RefAsNonNull "ref.as_non_null" visit_ref_as_non_null ();
        0xfc08 MemoryInit "memory.init" visit_memory_init (data, memory);
        0xfc09 DataDrop "data.drop" visit_data_drop (data);
        0xfc0a MemoryCopy "memory.copy" visit_memory_copy (to, from);
        0xfc0b MemoryFill "memory.fill" visit_memory_fill (memory);
        0xfc0c TableInit "table.init" visit_table_init (elem, table);
        0xfc0d ElemDrop "elem.drop" visit_elem_drop (elem);
        0xfc0e TableCopy "table.copy" visit_table_copy (to, from);
        0xfc0f TableGrow "table.grow" visit_table_grow (table);
        0xfc10 TableSize "table.size" visit_table_size (table);
        0xfc11 TableFill "table.fill" visit_table_fill (table);
        0xfc13 I64Add128 "i64.add128" visit_i64_add128 ();
        0xfc14 I64Sub128 "i64.sub128" visit_i64_sub128 ();
        0xfc15 I64MulWideS "i64.mul_wide_s" visit_i64_mul_wide_s ();
        0xfc16 I64MulWideU "i64.mul_wide_u" visit_i64_mul_wide_u ();
    } };
}

/// Loads and stores. `opcode Name "text" method kind value-type log2-of-width memory-type;`
#[macro_export]
macro_rules! memory_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x28 I32Load "i32.load" visit_i32_load load I32 2 u32;
        0x29 I64Load "i64.load" visit_i64_load load I64 3 u64;
        0x2a F32Load "f32.load" visit_f32_load load F32 2 u32;
        0x2b F64Load "f64.load" visit_f64_load load F64 3 u64;
        0x2c I32Load8S "i32.load8_s" visit_i32_load8_s load I32 0 i8;
        0x2d I32Load8U "i32.load8_u" visit_i32_load8_u load I32 0 u8;
        0x2e I32Load16S "i32.load16_s" visit_i32_load16_s load I32 1 i16;
        0x2f I32Load16U "i32.load16_u" visit_i32_load16_u load I32 1 u16;
        0x30 I64Load8S "i64.load8_s" visit_i64_load8_s load I64 0 i8;
        0x31 I64Load8U "i64.load8_u" visit_i64_load8_u load I64 0 u8;
        0x32 I64Load16S "i64.load16_s" visit_i64_load16_s load I64 1 i16;
        0x33 I64Load16U "i64.load16_u" visit_i64_load16_u load I64 1 u16;
        0x34 I64Load32S "i64.load32_s" visit_i64_load32_s load I64 2 i32;
        0x35 I64Load32U "i64.load32_u" visit_i64_load32_u load I64 2 u32;
        0x36 I32Store "i32.store" visit_i32_store store I32 2 u32;
        0x37 I64Store "i64.store" visit_i64_store store I64 3 u64;
        0x38 F32Store "f32.store" visit_f32_store store F32 2 u32;
        0x39 F64Store "f64.store" visit_f64_store store F64 3 u64;
        0x3a I32Store8 "i32.store8" visit_i32_store8 store I32 0 u8;
        0x3b I32Store16 "i32.store16" visit_i32_store16 store I32 1 u16;
        0x3c I64Store8 "i64.store8" visit_i64_store8 store I64 0 u8;
        0x3d I64Store16 "i64.store16" visit_i64_store16 store I64 1 u16;
        0x3e I64Store32 "i64.store32" visit_i64_store32 store I64 2 u32;
    } };
}

/// Instructions on i32 that cannot trap; the loops have them inline. `opcode Name "text" method
/// arity operand result function;`
#[macro_export]
macro_rules! word_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x45 I32Eqz "i32.eqz" visit_i32_eqz unop I32 I32 i32_eqz;
        0x46 I32Eq "i32.eq" visit_i32_eq binop I32 I32 i32_eq;
        0x47 I32Ne "i32.ne" visit_i32_ne binop I32 I32 i32_ne;
        0x48 I32LtS "i32.lt_s" visit_i32_lt_s binop I32 I32 i32_lt_s;
        0x49 I32LtU "i32.lt_u" visit_i32_lt_u binop I32 I32 i32_lt_u;
        0x4a I32GtS "i32.gt_s" visit_i32_gt_s binop I32 I32 i32_gt_s;
        0x4b I32GtU "i32.gt_u" visit_i32_gt_u binop I32 I32 i32_gt_u;
        0x4c I32LeS "i32.le_s" visit_i32_le_s binop I32 I32 i32_le_s;
        0x4d I32LeU "i32.le_u" visit_i32_le_u binop I32 I32 i32_le_u;
        0x4e I32GeS "i32.ge_s" visit_i32_ge_s binop I32 I32 i32_ge_s;
        0x4f I32GeU "i32.ge_u" visit_i32_ge_u binop I32 I32 i32_ge_u;
        0x6a I32Add "i32.add" visit_i32_add binop I32 I32 i32_add;
        0x6b I32Sub "i32.sub" visit_i32_sub binop I32 I32 i32_sub;
        0x6c I32Mul "i32.mul" visit_i32_mul binop I32 I32 i32_mul;
        0x71 I32And "i32.and" visit_i32_and binop I32 I32 i32_and;
        0x72 I32Or "i32.or" visit_i32_or binop I32 I32 i32_or;
        0x73 I32Xor "i32.xor" visit_i32_xor binop I32 I32 i32_xor;
        0x74 I32Shl "i32.shl" visit_i32_shl binop I32 I32 i32_shl;
        0x75 I32ShrS "i32.shr_s" visit_i32_shr_s binop I32 I32 i32_shr_s;
        0x76 I32ShrU "i32.shr_u" visit_i32_shr_u binop I32 I32 i32_shr_u;
        0x77 I32Rotl "i32.rotl" visit_i32_rotl binop I32 I32 i32_rotl;
        0x78 I32Rotr "i32.rotr" visit_i32_rotr binop I32 I32 i32_rotr;
        0xc0 I32Extend8S "i32.extend8_s" visit_i32_extend8_s unop I32 I32 i32_extend8_s;
        0xc1 I32Extend16S "i32.extend16_s" visit_i32_extend16_s unop I32 I32 i32_extend16_s;
    } };
}

/// Comparisons of i64: `eq ne`, then signed and unsigned `lt gt le ge`. Columns as for
/// [`word_ops`]; one function computes all.
#[macro_export]
macro_rules! relation_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x51 I64Eq "i64.eq" visit_i64_eq binop I64 I32 i64_relation;
        0x52 I64Ne "i64.ne" visit_i64_ne binop I64 I32 i64_relation;
        0x53 I64LtS "i64.lt_s" visit_i64_lt_s binop I64 I32 i64_relation;
        0x54 I64LtU "i64.lt_u" visit_i64_lt_u binop I64 I32 i64_relation;
        0x55 I64GtS "i64.gt_s" visit_i64_gt_s binop I64 I32 i64_relation;
        0x56 I64GtU "i64.gt_u" visit_i64_gt_u binop I64 I32 i64_relation;
        0x57 I64LeS "i64.le_s" visit_i64_le_s binop I64 I32 i64_relation;
        0x58 I64LeU "i64.le_u" visit_i64_le_u binop I64 I32 i64_relation;
        0x59 I64GeS "i64.ge_s" visit_i64_ge_s binop I64 I32 i64_relation;
        0x5a I64GeU "i64.ge_u" visit_i64_ge_u binop I64 I32 i64_relation;
    } };
}

/// The other integer instructions; those with `try` can trap. Columns as for [`word_ops`].
#[macro_export]
macro_rules! integer_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x67 I32Clz "i32.clz" visit_i32_clz unop I32 I32 i32_clz;
        0x68 I32Ctz "i32.ctz" visit_i32_ctz unop I32 I32 i32_ctz;
        0x69 I32Popcnt "i32.popcnt" visit_i32_popcnt unop I32 I32 i32_popcnt;
        0x6d I32DivS "i32.div_s" visit_i32_div_s trybinop I32 I32 i32_div_s;
        0x6e I32DivU "i32.div_u" visit_i32_div_u trybinop I32 I32 i32_div_u;
        0x6f I32RemS "i32.rem_s" visit_i32_rem_s trybinop I32 I32 i32_rem_s;
        0x70 I32RemU "i32.rem_u" visit_i32_rem_u trybinop I32 I32 i32_rem_u;
        0x50 I64Eqz "i64.eqz" visit_i64_eqz unop I64 I32 i64_eqz;
        0x79 I64Clz "i64.clz" visit_i64_clz unop I64 I64 i64_clz;
        0x7a I64Ctz "i64.ctz" visit_i64_ctz unop I64 I64 i64_ctz;
        0x7b I64Popcnt "i64.popcnt" visit_i64_popcnt unop I64 I64 i64_popcnt;
        0x7c I64Add "i64.add" visit_i64_add binop I64 I64 i64_add;
        0x7d I64Sub "i64.sub" visit_i64_sub binop I64 I64 i64_sub;
        0x7e I64Mul "i64.mul" visit_i64_mul binop I64 I64 i64_mul;
        0x7f I64DivS "i64.div_s" visit_i64_div_s trybinop I64 I64 i64_div_s;
        0x80 I64DivU "i64.div_u" visit_i64_div_u trybinop I64 I64 i64_div_u;
        0x81 I64RemS "i64.rem_s" visit_i64_rem_s trybinop I64 I64 i64_rem_s;
        0x82 I64RemU "i64.rem_u" visit_i64_rem_u trybinop I64 I64 i64_rem_u;
        0x83 I64And "i64.and" visit_i64_and binop I64 I64 i64_and;
        0x84 I64Or "i64.or" visit_i64_or binop I64 I64 i64_or;
        0x85 I64Xor "i64.xor" visit_i64_xor binop I64 I64 i64_xor;
        0x86 I64Shl "i64.shl" visit_i64_shl binop I64 I64 i64_shl;
        0x87 I64ShrS "i64.shr_s" visit_i64_shr_s binop I64 I64 i64_shr_s;
        0x88 I64ShrU "i64.shr_u" visit_i64_shr_u binop I64 I64 i64_shr_u;
        0x89 I64Rotl "i64.rotl" visit_i64_rotl binop I64 I64 i64_rotl;
        0x8a I64Rotr "i64.rotr" visit_i64_rotr binop I64 I64 i64_rotr;
        0xa7 I32WrapI64 "i32.wrap_i64" visit_i32_wrap_i64 unop I64 I32 i32_wrap_i64;
        0xac I64ExtendI32S "i64.extend_i32_s" visit_i64_extend_i32_s unop I32 I64 i64_extend_i32_s;
        0xad I64ExtendI32U "i64.extend_i32_u" visit_i64_extend_i32_u unop I32 I64 i64_extend_i32_u;
        0xc2 I64Extend8S "i64.extend8_s" visit_i64_extend8_s unop I64 I64 i64_extend8_s;
        0xc3 I64Extend16S "i64.extend16_s" visit_i64_extend16_s unop I64 I64 i64_extend16_s;
        0xc4 I64Extend32S "i64.extend32_s" visit_i64_extend32_s unop I64 I64 i64_extend32_s;
    } };
}

/// Instructions on floats, and conversions between them and integers. Columns as for [`word_ops`];
/// the function names are not used, since `float::operation` computes all by opcode.
#[macro_export]
macro_rules! float_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x5b F32Eq "f32.eq" visit_f32_eq binop F32 I32 f32_eq;
        0x5c F32Ne "f32.ne" visit_f32_ne binop F32 I32 f32_ne;
        0x5d F32Lt "f32.lt" visit_f32_lt binop F32 I32 f32_lt;
        0x5e F32Gt "f32.gt" visit_f32_gt binop F32 I32 f32_gt;
        0x5f F32Le "f32.le" visit_f32_le binop F32 I32 f32_le;
        0x60 F32Ge "f32.ge" visit_f32_ge binop F32 I32 f32_ge;
        0x61 F64Eq "f64.eq" visit_f64_eq binop F64 I32 f64_eq;
        0x62 F64Ne "f64.ne" visit_f64_ne binop F64 I32 f64_ne;
        0x63 F64Lt "f64.lt" visit_f64_lt binop F64 I32 f64_lt;
        0x64 F64Gt "f64.gt" visit_f64_gt binop F64 I32 f64_gt;
        0x65 F64Le "f64.le" visit_f64_le binop F64 I32 f64_le;
        0x66 F64Ge "f64.ge" visit_f64_ge binop F64 I32 f64_ge;
        0x8b F32Abs "f32.abs" visit_f32_abs unop F32 F32 f32_abs;
        0x8c F32Neg "f32.neg" visit_f32_neg unop F32 F32 f32_neg;
        0x8d F32Ceil "f32.ceil" visit_f32_ceil unop F32 F32 f32_ceil;
        0x8e F32Floor "f32.floor" visit_f32_floor unop F32 F32 f32_floor;
        0x8f F32Trunc "f32.trunc" visit_f32_trunc unop F32 F32 f32_trunc;
        0x90 F32Nearest "f32.nearest" visit_f32_nearest unop F32 F32 f32_nearest;
        0x91 F32Sqrt "f32.sqrt" visit_f32_sqrt unop F32 F32 f32_sqrt;
        0x92 F32Add "f32.add" visit_f32_add binop F32 F32 f32_add;
        0x93 F32Sub "f32.sub" visit_f32_sub binop F32 F32 f32_sub;
        0x94 F32Mul "f32.mul" visit_f32_mul binop F32 F32 f32_mul;
        0x95 F32Div "f32.div" visit_f32_div binop F32 F32 f32_div;
        0x96 F32Min "f32.min" visit_f32_min binop F32 F32 f32_min;
        0x97 F32Max "f32.max" visit_f32_max binop F32 F32 f32_max;
        0x98 F32Copysign "f32.copysign" visit_f32_copysign binop F32 F32 f32_copysign;
        0x99 F64Abs "f64.abs" visit_f64_abs unop F64 F64 f64_abs;
        0x9a F64Neg "f64.neg" visit_f64_neg unop F64 F64 f64_neg;
        0x9b F64Ceil "f64.ceil" visit_f64_ceil unop F64 F64 f64_ceil;
        0x9c F64Floor "f64.floor" visit_f64_floor unop F64 F64 f64_floor;
        0x9d F64Trunc "f64.trunc" visit_f64_trunc unop F64 F64 f64_trunc;
        0x9e F64Nearest "f64.nearest" visit_f64_nearest unop F64 F64 f64_nearest;
        0x9f F64Sqrt "f64.sqrt" visit_f64_sqrt unop F64 F64 f64_sqrt;
        0xa0 F64Add "f64.add" visit_f64_add binop F64 F64 f64_add;
        0xa1 F64Sub "f64.sub" visit_f64_sub binop F64 F64 f64_sub;
        0xa2 F64Mul "f64.mul" visit_f64_mul binop F64 F64 f64_mul;
        0xa3 F64Div "f64.div" visit_f64_div binop F64 F64 f64_div;
        0xa4 F64Min "f64.min" visit_f64_min binop F64 F64 f64_min;
        0xa5 F64Max "f64.max" visit_f64_max binop F64 F64 f64_max;
        0xa6 F64Copysign "f64.copysign" visit_f64_copysign binop F64 F64 f64_copysign;
        0xa8 I32TruncF32S "i32.trunc_f32_s" visit_i32_trunc_f32_s tryunop F32 I32 i32_trunc_f32_s;
        0xa9 I32TruncF32U "i32.trunc_f32_u" visit_i32_trunc_f32_u tryunop F32 I32 i32_trunc_f32_u;
        0xaa I32TruncF64S "i32.trunc_f64_s" visit_i32_trunc_f64_s tryunop F64 I32 i32_trunc_f64_s;
        0xab I32TruncF64U "i32.trunc_f64_u" visit_i32_trunc_f64_u tryunop F64 I32 i32_trunc_f64_u;
        0xae I64TruncF32S "i64.trunc_f32_s" visit_i64_trunc_f32_s tryunop F32 I64 i64_trunc_f32_s;
        0xaf I64TruncF32U "i64.trunc_f32_u" visit_i64_trunc_f32_u tryunop F32 I64 i64_trunc_f32_u;
        0xb0 I64TruncF64S "i64.trunc_f64_s" visit_i64_trunc_f64_s tryunop F64 I64 i64_trunc_f64_s;
        0xb1 I64TruncF64U "i64.trunc_f64_u" visit_i64_trunc_f64_u tryunop F64 I64 i64_trunc_f64_u;
        0xb2 F32ConvertI32S "f32.convert_i32_s" visit_f32_convert_i32_s unop I32 F32 f32_convert_i32_s;
        0xb3 F32ConvertI32U "f32.convert_i32_u" visit_f32_convert_i32_u unop I32 F32 f32_convert_i32_u;
        0xb4 F32ConvertI64S "f32.convert_i64_s" visit_f32_convert_i64_s unop I64 F32 f32_convert_i64_s;
        0xb5 F32ConvertI64U "f32.convert_i64_u" visit_f32_convert_i64_u unop I64 F32 f32_convert_i64_u;
        0xb6 F32DemoteF64 "f32.demote_f64" visit_f32_demote_f64 unop F64 F32 f32_demote_f64;
        0xb7 F64ConvertI32S "f64.convert_i32_s" visit_f64_convert_i32_s unop I32 F64 f64_convert_i32_s;
        0xb8 F64ConvertI32U "f64.convert_i32_u" visit_f64_convert_i32_u unop I32 F64 f64_convert_i32_u;
        0xb9 F64ConvertI64S "f64.convert_i64_s" visit_f64_convert_i64_s unop I64 F64 f64_convert_i64_s;
        0xba F64ConvertI64U "f64.convert_i64_u" visit_f64_convert_i64_u unop I64 F64 f64_convert_i64_u;
        0xbb F64PromoteF32 "f64.promote_f32" visit_f64_promote_f32 unop F32 F64 f64_promote_f32;
        0xbc I32ReinterpretF32 "i32.reinterpret_f32" visit_i32_reinterpret_f32 unop F32 I32 reinterpret32;
        0xbd I64ReinterpretF64 "i64.reinterpret_f64" visit_i64_reinterpret_f64 unop F64 I64 reinterpret64;
        0xbe F32ReinterpretI32 "f32.reinterpret_i32" visit_f32_reinterpret_i32 unop I32 F32 reinterpret32;
        0xbf F64ReinterpretI64 "f64.reinterpret_i64" visit_f64_reinterpret_i64 unop I64 F64 reinterpret64;
        0xfc00 I32TruncSatF32S "i32.trunc_sat_f32_s" visit_i32_trunc_sat_f32_s unop F32 I32 i32_trunc_sat_f32_s;
        0xfc01 I32TruncSatF32U "i32.trunc_sat_f32_u" visit_i32_trunc_sat_f32_u unop F32 I32 i32_trunc_sat_f32_u;
        0xfc02 I32TruncSatF64S "i32.trunc_sat_f64_s" visit_i32_trunc_sat_f64_s unop F64 I32 i32_trunc_sat_f64_s;
        0xfc03 I32TruncSatF64U "i32.trunc_sat_f64_u" visit_i32_trunc_sat_f64_u unop F64 I32 i32_trunc_sat_f64_u;
        0xfc04 I64TruncSatF32S "i64.trunc_sat_f32_s" visit_i64_trunc_sat_f32_s unop F32 I64 i64_trunc_sat_f32_s;
        0xfc05 I64TruncSatF32U "i64.trunc_sat_f32_u" visit_i64_trunc_sat_f32_u unop F32 I64 i64_trunc_sat_f32_u;
        0xfc06 I64TruncSatF64S "i64.trunc_sat_f64_s" visit_i64_trunc_sat_f64_s unop F64 I64 i64_trunc_sat_f64_s;
        0xfc07 I64TruncSatF64U "i64.trunc_sat_f64_u" visit_i64_trunc_sat_f64_u unop F64 I64 i64_trunc_sat_f64_u;
    } };
}

/// The four number types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum NumType {
    I32 = 0,
    I64 = 1,
    F32 = 2,
    F64 = 3,
}

impl NumType {
    /// The type with this number; only the lowest two bits count.
    pub const fn from_bits(bits: u8) -> NumType {
        match bits & 3 {
            0 => NumType::I32,
            1 => NumType::I64,
            2 => NumType::F32,
            _ => NumType::F64,
        }
    }

    /// Slots that a value takes.
    pub const fn slots(self) -> u32 {
        match self {
            NumType::I32 | NumType::F32 => 1,
            NumType::I64 | NumType::F64 => 2,
        }
    }
}

/// The signature of a numeric instruction, a load or a store, in one byte.
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
    /// The class of the instruction.
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
    /// Whether the instruction has a float operand or result.
    #[inline]
    pub const fn is_float(self) -> bool {
        match self.class() {
            InstrClass::Plain => false,
            InstrClass::Numeric => (self.0 & 2) | (self.0 >> 2 & 2) != 0,
            InstrClass::Load | InstrClass::Store => self.0 & 2 != 0,
        }
    }
}

/// How the validator treats an instruction.
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

/// Calls `$m!` once with every instruction: the rows of [`control_ops`], [`object_ops`],
/// [`memory_ops`], and of the four tables of numeric instructions, each group in braces.
#[macro_export]
macro_rules! for_each_instruction {
    ($m:ident) => { $crate::control_ops! { for_each_instruction control $m } };
    (control $m:ident $($c:tt)*) => {
        $crate::object_ops! { for_each_instruction object $m { $($c)* } }
    };
    (object $m:ident { $($c:tt)* } $($o:tt)*) => {
        $crate::memory_ops! { for_each_instruction memory $m { $($c)* } { $($o)* } }
    };
    (memory $m:ident { $($c:tt)* } { $($o:tt)* } $($r:tt)*) => {
        $crate::word_ops! { for_each_instruction word $m { $($c)* } { $($o)* } { $($r)* } }
    };
    (word $m:ident { $($c:tt)* } { $($o:tt)* } { $($r:tt)* } $($w:tt)*) => {
        $crate::integer_ops! {
            for_each_instruction integer $m { $($c)* } { $($o)* } { $($r)* } { $($w)* }
        }
    };
    (integer $m:ident { $($c:tt)* } { $($o:tt)* } { $($r:tt)* } { $($w:tt)* } $($i:tt)*) => {
        $crate::relation_ops! {
            for_each_instruction relation $m { $($c)* } { $($o)* } { $($r)* } { $($w)* $($i)* }
        }
    };
    (relation $m:ident { $($c:tt)* } { $($o:tt)* } { $($r:tt)* } { $($n:tt)* } $($i:tt)*) => {
        $crate::float_ops! {
            for_each_instruction float $m { $($c)* } { $($o)* } { $($r)* } { $($n)* $($i)* }
        }
    };
    (float $m:ident { $($c:tt)* } { $($o:tt)* } { $($r:tt)* } { $($n:tt)* } $($f:tt)*) => {
        $m! { { $($c)* } { $($o)* } { $($r)* } { $($n)* $($f)* } }
    };
}

macro_rules! define {
    (
        { $($cc:literal $cn:ident $ct:literal $cv:ident $ci:tt;)* }
        { $($oc:literal $on:ident $ot:literal $ov:ident $oi:tt;)* }
        { $($mc:literal $mn:ident $mt:literal $mi:ident $mk:ident $mv:ident $ml:literal $mm:ident;)* }
        { $($nc:literal $nn:ident $nt:literal $ni:ident $ns:ident $na:ident $nr:ident $nf:ident;)* }
    ) => {
        /// An opcode. The number is that of the binary format, with a prefix in the upper byte.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Op {
            $(#[doc = $ct] $cn = $cc,)*
            $(#[doc = $ot] $on = $oc,)*
            $(#[doc = $mt] $mn = $mc,)*
            $(#[doc = $nt] $nn = $nc,)*
        }

        impl Op {
            /// All opcodes, in the order of the tables.
            pub const ALL: &'static [Op] = &[$(Op::$cn,)* $(Op::$on,)* $(Op::$mn,)* $(Op::$nn,)*];

            /// The opcode with this number, if there is one.
            pub const fn from_code(code: u16) -> Option<Op> {
                match code {
                    $($cc => Some(Op::$cn),)*
                    $($oc => Some(Op::$on),)*
                    $($mc => Some(Op::$mn),)*
                    $($nc => Some(Op::$nn),)*
                    _ => None,
                }
            }

            /// Its name in the text format.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Op::$cn => $ct,)*
                    $(Op::$on => $ot,)*
                    $(Op::$mn => $mt,)*
                    $(Op::$nn => $nt,)*
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

for_each_instruction! { define }

static SIGNATURES: [Sig; 256] = signatures();
static PREFIXED: [Sig; 8] = prefixed_signatures();

/// The signature of an instruction with an opcode of one byte.
#[inline]
pub fn sig(code: u8) -> Sig {
    SIGNATURES[code as usize]
}

/// The signature of the saturating conversion 0xFC00 + `code` (`code` is 0 to 7).
#[inline]
pub fn prefixed_sig(code: u8) -> Sig {
    PREFIXED[(code & 7) as usize]
}

/// Opcodes as numbers.
pub mod codes {
    use super::Op;
    macro_rules! codes {
        ($($constant:ident $name:ident)*) => { $(pub const $constant: u8 = Op::$name as u8;)* };
    }
    codes! {
        UNREACHABLE Unreachable NOP Nop BLOCK Block LOOP Loop IF If ELSE Else THROW Throw THROW_REF ThrowRef TRY_TABLE TryTable
        TRY Try CATCH Catch RETHROW Rethrow DELEGATE Delegate CATCH_ALL CatchAll END End BR Br BR_IF BrIf BR_TABLE BrTable RETURN Return
        CALL Call CALL_INDIRECT CallIndirect RETURN_CALL ReturnCall RETURN_CALL_INDIRECT ReturnCallIndirect
        DROP Drop SELECT Select SELECT_TYPED SelectTyped LOCAL_GET LocalGet LOCAL_SET LocalSet LOCAL_TEE LocalTee
        GLOBAL_GET GlobalGet GLOBAL_SET GlobalSet TABLE_GET TableGet TABLE_SET TableSet MEMORY_SIZE MemorySize MEMORY_GROW MemoryGrow
        I32_CONST I32Const I64_CONST I64Const F32_CONST F32Const F64_CONST F64Const
        REF_NULL RefNull REF_IS_NULL RefIsNull REF_FUNC RefFunc
        CALL_REF CallRef RETURN_CALL_REF ReturnCallRef REF_EQ RefEq REF_AS_NON_NULL RefAsNonNull
        BR_ON_NULL BrOnNull BR_ON_NON_NULL BrOnNonNull
        I32_EQZ I32Eqz I32_EQ I32Eq I32_GE_U I32GeU I32_CLZ I32Clz I32_CTZ I32Ctz I32_ADD I32Add
        I32_SUB I32Sub I32_MUL I32Mul I32_DIV_S I32DivS I32_DIV_U I32DivU I32_REM_S I32RemS
        I32_REM_U I32RemU I32_AND I32And I32_OR I32Or I32_XOR I32Xor I32_SHL I32Shl
        I32_SHR_S I32ShrS I32_SHR_U I32ShrU I32_ROTL I32Rotl I32_ROTR I32Rotr
        I32_EXTEND8_S I32Extend8S I32_EXTEND16_S I32Extend16S I32_WRAP_I64 I32WrapI64
        I64_EXTEND_I32_S I64ExtendI32S I64_EXTEND_I32_U I64ExtendI32U
        I32_REINTERPRET_F32 I32ReinterpretF32 F64_REINTERPRET_I64 F64ReinterpretI64 I64_ADD I64Add
        I64_SUB I64Sub I64_MUL I64Mul I64_AND I64And I64_XOR I64Xor I64_SHL I64Shl
        I64_SHR_S I64ShrS I64_SHR_U I64ShrU I64_ROTL I64Rotl I64_ROTR I64Rotr
        I64_EQZ I64Eqz I64_EQ I64Eq I64_GE_U I64GeU I64_OR I64Or F32_EQ F32Eq F64_GE F64Ge
        I64_EXTEND8_S I64Extend8S I64_EXTEND16_S I64Extend16S I64_EXTEND32_S I64Extend32S
        F32_ABS F32Abs F32_NEG F32Neg F64_ABS F64Abs F64_NEG F64Neg
    }
    macro_rules! prefixed {
        ($($constant:ident $name:ident)*) => { $(pub const $constant: u16 = Op::$name as u16;)* };
    }
    // Opcodes of two bytes: the prefix and the number behind it.
    prefixed! {
        MEMORY_INIT MemoryInit DATA_DROP DataDrop MEMORY_COPY MemoryCopy MEMORY_FILL MemoryFill
        TABLE_INIT TableInit ELEM_DROP ElemDrop TABLE_COPY TableCopy TABLE_GROW TableGrow
        TABLE_SIZE TableSize TABLE_FILL TableFill
        I64_ADD128 I64Add128 I64_SUB128 I64Sub128
        I64_MUL_WIDE_S I64MulWideS I64_MUL_WIDE_U I64MulWideU
    }
    /// The prefix of the opcodes 0xFCnn.
    pub const PREFIX: u8 = 0xfc;
    /// The prefix of instructions on objects ([`crate::gc`]).
    pub const GC_PREFIX: u8 = 0xfb;
    /// The prefix of vector instructions ([`crate::vector`]).
    pub const VECTOR_PREFIX: u8 = 0xfd;
    /// The prefix of atomic instructions ([`crate::atomic`]).
    pub const ATOMIC_PREFIX: u8 = 0xfe;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_code() {
        for &op in Op::ALL {
            assert_eq!(Op::from_code(op as u16), Some(op));
        }
        assert_eq!(Op::from_code(0x17), None);
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
