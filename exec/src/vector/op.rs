//! The table of vector instructions: what stands behind the prefix 0xFD (spec: 5.4.8, feature
//! `simd`).
//!
//! Depends on [`crate::op`] for the opcodes of scalar instructions. Validation, decoding, the
//! verifier, listings and execution are generated from the table or read it: a row says which
//! operands an instruction has (its *shape*), which lanes of them make a lane of the result (its
//! *map*), how wide and of which sign both are, and what is computed of them.
//!
//! ```text
//! opcode Name "text" Shape Map lanes-of-operands lanes-of-result operation;
//! ```
//!
//! The opcode is the number behind the prefix; from 0x100 on it is one of relaxed SIMD. The
//! operation is an [`Operation`] on integers, or where the map is `Scalar`, `Pseudo`, `Madd` or
//! `Nmadd` the name of the scalar instruction that computes a lane.

use crate::op::{NumType, Op};

/// The table.
#[macro_export]
macro_rules! vector_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        0x000 V128Load "v128.load" Load Same u64 u64 Id;
        0x001 V128Load8x8S "v128.load8x8_s" Load Low i8 i16 Id;
        0x002 V128Load8x8U "v128.load8x8_u" Load Low u8 i16 Id;
        0x003 V128Load16x4S "v128.load16x4_s" Load Low i16 i32 Id;
        0x004 V128Load16x4U "v128.load16x4_u" Load Low u16 i32 Id;
        0x005 V128Load32x2S "v128.load32x2_s" Load Low i32 i64 Id;
        0x006 V128Load32x2U "v128.load32x2_u" Load Low u32 i64 Id;
        0x007 V128Load8Splat "v128.load8_splat" Load Splat u8 u8 Id;
        0x008 V128Load16Splat "v128.load16_splat" Load Splat u16 u16 Id;
        0x009 V128Load32Splat "v128.load32_splat" Load Splat u32 u32 Id;
        0x00a V128Load64Splat "v128.load64_splat" Load Splat u64 u64 Id;
        0x00b V128Store "v128.store" Store Same u64 u64 Id;
        0x00c V128Const "v128.const" Const Same u64 u64 Id;
        0x00d I8x16Shuffle "i8x16.shuffle" Shuffle Shuffle u8 u8 Id;
        0x00e I8x16Swizzle "i8x16.swizzle" Binary Swizzle u8 u8 Id;
        0x00f I8x16Splat "i8x16.splat" Splat Splat u8 u8 Id;
        0x010 I16x8Splat "i16x8.splat" Splat Splat u16 u16 Id;
        0x011 I32x4Splat "i32x4.splat" Splat Splat i32 i32 Id;
        0x012 I64x2Splat "i64x2.splat" Splat Splat i64 i64 Id;
        0x013 F32x4Splat "f32x4.splat" Splat Splat f32 f32 Id;
        0x014 F64x2Splat "f64x2.splat" Splat Splat f64 f64 Id;
        0x015 I8x16ExtractLaneS "i8x16.extract_lane_s" Extract Same i8 i8 Id;
        0x016 I8x16ExtractLaneU "i8x16.extract_lane_u" Extract Same u8 u8 Id;
        0x017 I8x16ReplaceLane "i8x16.replace_lane" Replace Same u8 u8 Id;
        0x018 I16x8ExtractLaneS "i16x8.extract_lane_s" Extract Same i16 i16 Id;
        0x019 I16x8ExtractLaneU "i16x8.extract_lane_u" Extract Same u16 u16 Id;
        0x01a I16x8ReplaceLane "i16x8.replace_lane" Replace Same u16 u16 Id;
        0x01b I32x4ExtractLane "i32x4.extract_lane" Extract Same i32 i32 Id;
        0x01c I32x4ReplaceLane "i32x4.replace_lane" Replace Same i32 i32 Id;
        0x01d I64x2ExtractLane "i64x2.extract_lane" Extract Same i64 i64 Id;
        0x01e I64x2ReplaceLane "i64x2.replace_lane" Replace Same i64 i64 Id;
        0x01f F32x4ExtractLane "f32x4.extract_lane" Extract Same f32 f32 Id;
        0x020 F32x4ReplaceLane "f32x4.replace_lane" Replace Same f32 f32 Id;
        0x021 F64x2ExtractLane "f64x2.extract_lane" Extract Same f64 f64 Id;
        0x022 F64x2ReplaceLane "f64x2.replace_lane" Replace Same f64 f64 Id;
        0x023 I8x16Eq "i8x16.eq" Binary Same i8 i8 Eq;
        0x024 I8x16Ne "i8x16.ne" Binary Same i8 i8 Ne;
        0x025 I8x16LtS "i8x16.lt_s" Binary Same i8 i8 Lt;
        0x026 I8x16LtU "i8x16.lt_u" Binary Same u8 i8 Lt;
        0x027 I8x16GtS "i8x16.gt_s" Binary Same i8 i8 Gt;
        0x028 I8x16GtU "i8x16.gt_u" Binary Same u8 i8 Gt;
        0x029 I8x16LeS "i8x16.le_s" Binary Same i8 i8 Le;
        0x02a I8x16LeU "i8x16.le_u" Binary Same u8 i8 Le;
        0x02b I8x16GeS "i8x16.ge_s" Binary Same i8 i8 Ge;
        0x02c I8x16GeU "i8x16.ge_u" Binary Same u8 i8 Ge;
        0x02d I16x8Eq "i16x8.eq" Binary Same i16 i16 Eq;
        0x02e I16x8Ne "i16x8.ne" Binary Same i16 i16 Ne;
        0x02f I16x8LtS "i16x8.lt_s" Binary Same i16 i16 Lt;
        0x030 I16x8LtU "i16x8.lt_u" Binary Same u16 i16 Lt;
        0x031 I16x8GtS "i16x8.gt_s" Binary Same i16 i16 Gt;
        0x032 I16x8GtU "i16x8.gt_u" Binary Same u16 i16 Gt;
        0x033 I16x8LeS "i16x8.le_s" Binary Same i16 i16 Le;
        0x034 I16x8LeU "i16x8.le_u" Binary Same u16 i16 Le;
        0x035 I16x8GeS "i16x8.ge_s" Binary Same i16 i16 Ge;
        0x036 I16x8GeU "i16x8.ge_u" Binary Same u16 i16 Ge;
        0x037 I32x4Eq "i32x4.eq" Binary Same i32 i32 Eq;
        0x038 I32x4Ne "i32x4.ne" Binary Same i32 i32 Ne;
        0x039 I32x4LtS "i32x4.lt_s" Binary Same i32 i32 Lt;
        0x03a I32x4LtU "i32x4.lt_u" Binary Same u32 i32 Lt;
        0x03b I32x4GtS "i32x4.gt_s" Binary Same i32 i32 Gt;
        0x03c I32x4GtU "i32x4.gt_u" Binary Same u32 i32 Gt;
        0x03d I32x4LeS "i32x4.le_s" Binary Same i32 i32 Le;
        0x03e I32x4LeU "i32x4.le_u" Binary Same u32 i32 Le;
        0x03f I32x4GeS "i32x4.ge_s" Binary Same i32 i32 Ge;
        0x040 I32x4GeU "i32x4.ge_u" Binary Same u32 i32 Ge;
        0x041 F32x4Eq "f32x4.eq" Binary Scalar f32 f32 F32Eq;
        0x042 F32x4Ne "f32x4.ne" Binary Scalar f32 f32 F32Ne;
        0x043 F32x4Lt "f32x4.lt" Binary Scalar f32 f32 F32Lt;
        0x044 F32x4Gt "f32x4.gt" Binary Scalar f32 f32 F32Gt;
        0x045 F32x4Le "f32x4.le" Binary Scalar f32 f32 F32Le;
        0x046 F32x4Ge "f32x4.ge" Binary Scalar f32 f32 F32Ge;
        0x047 F64x2Eq "f64x2.eq" Binary Scalar f64 f64 F64Eq;
        0x048 F64x2Ne "f64x2.ne" Binary Scalar f64 f64 F64Ne;
        0x049 F64x2Lt "f64x2.lt" Binary Scalar f64 f64 F64Lt;
        0x04a F64x2Gt "f64x2.gt" Binary Scalar f64 f64 F64Gt;
        0x04b F64x2Le "f64x2.le" Binary Scalar f64 f64 F64Le;
        0x04c F64x2Ge "f64x2.ge" Binary Scalar f64 f64 F64Ge;
        0x04d V128Not "v128.not" Unary Same u64 u64 Not;
        0x04e V128And "v128.and" Binary Same u64 u64 And;
        0x04f V128Andnot "v128.andnot" Binary Same u64 u64 AndNot;
        0x050 V128Or "v128.or" Binary Same u64 u64 Or;
        0x051 V128Xor "v128.xor" Binary Same u64 u64 Xor;
        0x052 V128Bitselect "v128.bitselect" Ternary Bitselect u64 u64 Id;
        0x053 V128AnyTrue "v128.any_true" Test Any u64 u64 Id;
        0x054 V128Load8Lane "v128.load8_lane" LoadLane Same u8 u8 Id;
        0x055 V128Load16Lane "v128.load16_lane" LoadLane Same u16 u16 Id;
        0x056 V128Load32Lane "v128.load32_lane" LoadLane Same u32 u32 Id;
        0x057 V128Load64Lane "v128.load64_lane" LoadLane Same u64 u64 Id;
        0x058 V128Store8Lane "v128.store8_lane" StoreLane Same u8 u8 Id;
        0x059 V128Store16Lane "v128.store16_lane" StoreLane Same u16 u16 Id;
        0x05a V128Store32Lane "v128.store32_lane" StoreLane Same u32 u32 Id;
        0x05b V128Store64Lane "v128.store64_lane" StoreLane Same u64 u64 Id;
        0x05c V128Load32Zero "v128.load32_zero" Load Zero u32 u32 Id;
        0x05d V128Load64Zero "v128.load64_zero" Load Zero u64 u64 Id;
        0x05e F32x4DemoteF64x2Zero "f32x4.demote_f64x2_zero" Unary Scalar f64 f32 F32DemoteF64;
        0x05f F64x2PromoteLowF32x4 "f64x2.promote_low_f32x4" Unary Scalar f32 f64 F64PromoteF32;
        0x060 I8x16Abs "i8x16.abs" Unary Same i8 i8 Abs;
        0x061 I8x16Neg "i8x16.neg" Unary Same i8 i8 Neg;
        0x062 I8x16Popcnt "i8x16.popcnt" Unary Same u8 u8 Popcnt;
        0x063 I8x16AllTrue "i8x16.all_true" Test All u8 u8 Id;
        0x064 I8x16Bitmask "i8x16.bitmask" Test Bitmask u8 u8 Id;
        0x065 I8x16NarrowI16x8S "i8x16.narrow_i16x8_s" Binary Narrow i16 i8 IdSat;
        0x066 I8x16NarrowI16x8U "i8x16.narrow_i16x8_u" Binary Narrow i16 u8 IdSat;
        0x067 F32x4Ceil "f32x4.ceil" Unary Scalar f32 f32 F32Ceil;
        0x068 F32x4Floor "f32x4.floor" Unary Scalar f32 f32 F32Floor;
        0x069 F32x4Trunc "f32x4.trunc" Unary Scalar f32 f32 F32Trunc;
        0x06a F32x4Nearest "f32x4.nearest" Unary Scalar f32 f32 F32Nearest;
        0x06b I8x16Shl "i8x16.shl" Shift Same u8 u8 Shl;
        0x06c I8x16ShrS "i8x16.shr_s" Shift Same i8 i8 Shr;
        0x06d I8x16ShrU "i8x16.shr_u" Shift Same u8 u8 Shr;
        0x06e I8x16Add "i8x16.add" Binary Same u8 u8 Add;
        0x06f I8x16AddSatS "i8x16.add_sat_s" Binary Same i8 i8 AddSat;
        0x070 I8x16AddSatU "i8x16.add_sat_u" Binary Same u8 u8 AddSat;
        0x071 I8x16Sub "i8x16.sub" Binary Same u8 u8 Sub;
        0x072 I8x16SubSatS "i8x16.sub_sat_s" Binary Same i8 i8 SubSat;
        0x073 I8x16SubSatU "i8x16.sub_sat_u" Binary Same u8 u8 SubSat;
        0x074 F64x2Ceil "f64x2.ceil" Unary Scalar f64 f64 F64Ceil;
        0x075 F64x2Floor "f64x2.floor" Unary Scalar f64 f64 F64Floor;
        0x076 I8x16MinS "i8x16.min_s" Binary Same i8 i8 Min;
        0x077 I8x16MinU "i8x16.min_u" Binary Same u8 u8 Min;
        0x078 I8x16MaxS "i8x16.max_s" Binary Same i8 i8 Max;
        0x079 I8x16MaxU "i8x16.max_u" Binary Same u8 u8 Max;
        0x07a F64x2Trunc "f64x2.trunc" Unary Scalar f64 f64 F64Trunc;
        0x07b I8x16AvgrU "i8x16.avgr_u" Binary Same u8 u8 Average;
        0x07c I16x8ExtaddPairwiseI8x16S "i16x8.extadd_pairwise_i8x16_s" Unary Pairs i8 i16 Add;
        0x07d I16x8ExtaddPairwiseI8x16U "i16x8.extadd_pairwise_i8x16_u" Unary Pairs u8 u16 Add;
        0x07e I32x4ExtaddPairwiseI16x8S "i32x4.extadd_pairwise_i16x8_s" Unary Pairs i16 i32 Add;
        0x07f I32x4ExtaddPairwiseI16x8U "i32x4.extadd_pairwise_i16x8_u" Unary Pairs u16 u32 Add;
        0x080 I16x8Abs "i16x8.abs" Unary Same i16 i16 Abs;
        0x081 I16x8Neg "i16x8.neg" Unary Same i16 i16 Neg;
        0x082 I16x8Q15mulrSatS "i16x8.q15mulr_sat_s" Binary Same i16 i16 Q15Sat;
        0x083 I16x8AllTrue "i16x8.all_true" Test All u16 u16 Id;
        0x084 I16x8Bitmask "i16x8.bitmask" Test Bitmask u16 u16 Id;
        0x085 I16x8NarrowI32x4S "i16x8.narrow_i32x4_s" Binary Narrow i32 i16 IdSat;
        0x086 I16x8NarrowI32x4U "i16x8.narrow_i32x4_u" Binary Narrow i32 u16 IdSat;
        0x087 I16x8ExtendLowI8x16S "i16x8.extend_low_i8x16_s" Unary Low i8 i16 Id;
        0x088 I16x8ExtendHighI8x16S "i16x8.extend_high_i8x16_s" Unary High i8 i16 Id;
        0x089 I16x8ExtendLowI8x16U "i16x8.extend_low_i8x16_u" Unary Low u8 u16 Id;
        0x08a I16x8ExtendHighI8x16U "i16x8.extend_high_i8x16_u" Unary High u8 u16 Id;
        0x08b I16x8Shl "i16x8.shl" Shift Same u16 u16 Shl;
        0x08c I16x8ShrS "i16x8.shr_s" Shift Same i16 i16 Shr;
        0x08d I16x8ShrU "i16x8.shr_u" Shift Same u16 u16 Shr;
        0x08e I16x8Add "i16x8.add" Binary Same u16 u16 Add;
        0x08f I16x8AddSatS "i16x8.add_sat_s" Binary Same i16 i16 AddSat;
        0x090 I16x8AddSatU "i16x8.add_sat_u" Binary Same u16 u16 AddSat;
        0x091 I16x8Sub "i16x8.sub" Binary Same u16 u16 Sub;
        0x092 I16x8SubSatS "i16x8.sub_sat_s" Binary Same i16 i16 SubSat;
        0x093 I16x8SubSatU "i16x8.sub_sat_u" Binary Same u16 u16 SubSat;
        0x094 F64x2Nearest "f64x2.nearest" Unary Scalar f64 f64 F64Nearest;
        0x095 I16x8Mul "i16x8.mul" Binary Same u16 u16 Mul;
        0x096 I16x8MinS "i16x8.min_s" Binary Same i16 i16 Min;
        0x097 I16x8MinU "i16x8.min_u" Binary Same u16 u16 Min;
        0x098 I16x8MaxS "i16x8.max_s" Binary Same i16 i16 Max;
        0x099 I16x8MaxU "i16x8.max_u" Binary Same u16 u16 Max;
        0x09b I16x8AvgrU "i16x8.avgr_u" Binary Same u16 u16 Average;
        0x09c I16x8ExtmulLowI8x16S "i16x8.extmul_low_i8x16_s" Binary Low i8 i16 Mul;
        0x09d I16x8ExtmulHighI8x16S "i16x8.extmul_high_i8x16_s" Binary High i8 i16 Mul;
        0x09e I16x8ExtmulLowI8x16U "i16x8.extmul_low_i8x16_u" Binary Low u8 u16 Mul;
        0x09f I16x8ExtmulHighI8x16U "i16x8.extmul_high_i8x16_u" Binary High u8 u16 Mul;
        0x0a0 I32x4Abs "i32x4.abs" Unary Same i32 i32 Abs;
        0x0a1 I32x4Neg "i32x4.neg" Unary Same i32 i32 Neg;
        0x0a3 I32x4AllTrue "i32x4.all_true" Test All u32 u32 Id;
        0x0a4 I32x4Bitmask "i32x4.bitmask" Test Bitmask u32 u32 Id;
        0x0a7 I32x4ExtendLowI16x8S "i32x4.extend_low_i16x8_s" Unary Low i16 i32 Id;
        0x0a8 I32x4ExtendHighI16x8S "i32x4.extend_high_i16x8_s" Unary High i16 i32 Id;
        0x0a9 I32x4ExtendLowI16x8U "i32x4.extend_low_i16x8_u" Unary Low u16 u32 Id;
        0x0aa I32x4ExtendHighI16x8U "i32x4.extend_high_i16x8_u" Unary High u16 u32 Id;
        0x0ab I32x4Shl "i32x4.shl" Shift Same u32 u32 Shl;
        0x0ac I32x4ShrS "i32x4.shr_s" Shift Same i32 i32 Shr;
        0x0ad I32x4ShrU "i32x4.shr_u" Shift Same u32 u32 Shr;
        0x0ae I32x4Add "i32x4.add" Binary Same u32 u32 Add;
        0x0b1 I32x4Sub "i32x4.sub" Binary Same u32 u32 Sub;
        0x0b5 I32x4Mul "i32x4.mul" Binary Same u32 u32 Mul;
        0x0b6 I32x4MinS "i32x4.min_s" Binary Same i32 i32 Min;
        0x0b7 I32x4MinU "i32x4.min_u" Binary Same u32 u32 Min;
        0x0b8 I32x4MaxS "i32x4.max_s" Binary Same i32 i32 Max;
        0x0b9 I32x4MaxU "i32x4.max_u" Binary Same u32 u32 Max;
        0x0ba I32x4DotI16x8S "i32x4.dot_i16x8_s" Binary Dot i16 i32 Add;
        0x0bc I32x4ExtmulLowI16x8S "i32x4.extmul_low_i16x8_s" Binary Low i16 i32 Mul;
        0x0bd I32x4ExtmulHighI16x8S "i32x4.extmul_high_i16x8_s" Binary High i16 i32 Mul;
        0x0be I32x4ExtmulLowI16x8U "i32x4.extmul_low_i16x8_u" Binary Low u16 u32 Mul;
        0x0bf I32x4ExtmulHighI16x8U "i32x4.extmul_high_i16x8_u" Binary High u16 u32 Mul;
        0x0c0 I64x2Abs "i64x2.abs" Unary Same i64 i64 Abs;
        0x0c1 I64x2Neg "i64x2.neg" Unary Same i64 i64 Neg;
        0x0c3 I64x2AllTrue "i64x2.all_true" Test All u64 u64 Id;
        0x0c4 I64x2Bitmask "i64x2.bitmask" Test Bitmask u64 u64 Id;
        0x0c7 I64x2ExtendLowI32x4S "i64x2.extend_low_i32x4_s" Unary Low i32 i64 Id;
        0x0c8 I64x2ExtendHighI32x4S "i64x2.extend_high_i32x4_s" Unary High i32 i64 Id;
        0x0c9 I64x2ExtendLowI32x4U "i64x2.extend_low_i32x4_u" Unary Low u32 u64 Id;
        0x0ca I64x2ExtendHighI32x4U "i64x2.extend_high_i32x4_u" Unary High u32 u64 Id;
        0x0cb I64x2Shl "i64x2.shl" Shift Same u64 u64 Shl;
        0x0cc I64x2ShrS "i64x2.shr_s" Shift Same i64 i64 Shr;
        0x0cd I64x2ShrU "i64x2.shr_u" Shift Same u64 u64 Shr;
        0x0ce I64x2Add "i64x2.add" Binary Same u64 u64 Add;
        0x0d1 I64x2Sub "i64x2.sub" Binary Same u64 u64 Sub;
        0x0d5 I64x2Mul "i64x2.mul" Binary Same u64 u64 Mul;
        0x0d6 I64x2Eq "i64x2.eq" Binary Same i64 i64 Eq;
        0x0d7 I64x2Ne "i64x2.ne" Binary Same i64 i64 Ne;
        0x0d8 I64x2LtS "i64x2.lt_s" Binary Same i64 i64 Lt;
        0x0d9 I64x2GtS "i64x2.gt_s" Binary Same i64 i64 Gt;
        0x0da I64x2LeS "i64x2.le_s" Binary Same i64 i64 Le;
        0x0db I64x2GeS "i64x2.ge_s" Binary Same i64 i64 Ge;
        0x0dc I64x2ExtmulLowI32x4S "i64x2.extmul_low_i32x4_s" Binary Low i32 i64 Mul;
        0x0dd I64x2ExtmulHighI32x4S "i64x2.extmul_high_i32x4_s" Binary High i32 i64 Mul;
        0x0de I64x2ExtmulLowI32x4U "i64x2.extmul_low_i32x4_u" Binary Low u32 u64 Mul;
        0x0df I64x2ExtmulHighI32x4U "i64x2.extmul_high_i32x4_u" Binary High u32 u64 Mul;
        0x0e0 F32x4Abs "f32x4.abs" Unary Scalar f32 f32 F32Abs;
        0x0e1 F32x4Neg "f32x4.neg" Unary Scalar f32 f32 F32Neg;
        0x0e3 F32x4Sqrt "f32x4.sqrt" Unary Scalar f32 f32 F32Sqrt;
        0x0e4 F32x4Add "f32x4.add" Binary Scalar f32 f32 F32Add;
        0x0e5 F32x4Sub "f32x4.sub" Binary Scalar f32 f32 F32Sub;
        0x0e6 F32x4Mul "f32x4.mul" Binary Scalar f32 f32 F32Mul;
        0x0e7 F32x4Div "f32x4.div" Binary Scalar f32 f32 F32Div;
        0x0e8 F32x4Min "f32x4.min" Binary Scalar f32 f32 F32Min;
        0x0e9 F32x4Max "f32x4.max" Binary Scalar f32 f32 F32Max;
        0x0ea F32x4Pmin "f32x4.pmin" Binary Pseudo f32 f32 F32Lt;
        0x0eb F32x4Pmax "f32x4.pmax" Binary Pseudo f32 f32 F32Gt;
        0x0ec F64x2Abs "f64x2.abs" Unary Scalar f64 f64 F64Abs;
        0x0ed F64x2Neg "f64x2.neg" Unary Scalar f64 f64 F64Neg;
        0x0ef F64x2Sqrt "f64x2.sqrt" Unary Scalar f64 f64 F64Sqrt;
        0x0f0 F64x2Add "f64x2.add" Binary Scalar f64 f64 F64Add;
        0x0f1 F64x2Sub "f64x2.sub" Binary Scalar f64 f64 F64Sub;
        0x0f2 F64x2Mul "f64x2.mul" Binary Scalar f64 f64 F64Mul;
        0x0f3 F64x2Div "f64x2.div" Binary Scalar f64 f64 F64Div;
        0x0f4 F64x2Min "f64x2.min" Binary Scalar f64 f64 F64Min;
        0x0f5 F64x2Max "f64x2.max" Binary Scalar f64 f64 F64Max;
        0x0f6 F64x2Pmin "f64x2.pmin" Binary Pseudo f64 f64 F64Lt;
        0x0f7 F64x2Pmax "f64x2.pmax" Binary Pseudo f64 f64 F64Gt;
        0x0f8 I32x4TruncSatF32x4S "i32x4.trunc_sat_f32x4_s" Unary Scalar f32 i32 I32TruncSatF32S;
        0x0f9 I32x4TruncSatF32x4U "i32x4.trunc_sat_f32x4_u" Unary Scalar f32 i32 I32TruncSatF32U;
        0x0fa F32x4ConvertI32x4S "f32x4.convert_i32x4_s" Unary Scalar i32 f32 F32ConvertI32S;
        0x0fb F32x4ConvertI32x4U "f32x4.convert_i32x4_u" Unary Scalar i32 f32 F32ConvertI32U;
        0x0fc I32x4TruncSatF64x2SZero "i32x4.trunc_sat_f64x2_s_zero" Unary Scalar f64 i32 I32TruncSatF64S;
        0x0fd I32x4TruncSatF64x2UZero "i32x4.trunc_sat_f64x2_u_zero" Unary Scalar f64 i32 I32TruncSatF64U;
        0x0fe F64x2ConvertLowI32x4S "f64x2.convert_low_i32x4_s" Unary Scalar i32 f64 F64ConvertI32S;
        0x0ff F64x2ConvertLowI32x4U "f64x2.convert_low_i32x4_u" Unary Scalar i32 f64 F64ConvertI32U;
        0x100 I8x16RelaxedSwizzle "i8x16.relaxed_swizzle" Binary Swizzle u8 u8 Id;
        0x101 I32x4RelaxedTruncF32x4S "i32x4.relaxed_trunc_f32x4_s" Unary Scalar f32 i32 I32TruncSatF32S;
        0x102 I32x4RelaxedTruncF32x4U "i32x4.relaxed_trunc_f32x4_u" Unary Scalar f32 i32 I32TruncSatF32U;
        0x103 I32x4RelaxedTruncF64x2SZero "i32x4.relaxed_trunc_f64x2_s_zero" Unary Scalar f64 i32 I32TruncSatF64S;
        0x104 I32x4RelaxedTruncF64x2UZero "i32x4.relaxed_trunc_f64x2_u_zero" Unary Scalar f64 i32 I32TruncSatF64U;
        0x105 F32x4RelaxedMadd "f32x4.relaxed_madd" Ternary Madd f32 f32 F32Add;
        0x106 F32x4RelaxedNmadd "f32x4.relaxed_nmadd" Ternary Nmadd f32 f32 F32Add;
        0x107 F64x2RelaxedMadd "f64x2.relaxed_madd" Ternary Madd f64 f64 F64Add;
        0x108 F64x2RelaxedNmadd "f64x2.relaxed_nmadd" Ternary Nmadd f64 f64 F64Add;
        0x109 I8x16RelaxedLaneselect "i8x16.relaxed_laneselect" Ternary Bitselect u64 u64 Id;
        0x10a I16x8RelaxedLaneselect "i16x8.relaxed_laneselect" Ternary Bitselect u64 u64 Id;
        0x10b I32x4RelaxedLaneselect "i32x4.relaxed_laneselect" Ternary Bitselect u64 u64 Id;
        0x10c I64x2RelaxedLaneselect "i64x2.relaxed_laneselect" Ternary Bitselect u64 u64 Id;
        0x10d F32x4RelaxedMin "f32x4.relaxed_min" Binary Scalar f32 f32 F32Min;
        0x10e F32x4RelaxedMax "f32x4.relaxed_max" Binary Scalar f32 f32 F32Max;
        0x10f F64x2RelaxedMin "f64x2.relaxed_min" Binary Scalar f64 f64 F64Min;
        0x110 F64x2RelaxedMax "f64x2.relaxed_max" Binary Scalar f64 f64 F64Max;
        0x111 I16x8RelaxedQ15mulrS "i16x8.relaxed_q15mulr_s" Binary Same i16 i16 Q15Sat;
        0x112 I16x8RelaxedDotI8x16I7x16S "i16x8.relaxed_dot_i8x16_i7x16_s" Binary Dot i8 i16 Add;
        0x113 I32x4RelaxedDotI8x16I7x16AddS "i32x4.relaxed_dot_i8x16_i7x16_add_s" Ternary DotAdd i8 i32 Add;
    } };
}

/// Which operands and immediates an instruction has, and what its result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Shape {
    /// A memarg; an address; a vector.
    Load = 1,
    /// A memarg; an address and a vector; nothing.
    Store,
    /// A memarg and a lane; an address and a vector; a vector.
    LoadLane,
    /// A memarg and a lane; an address and a vector; nothing.
    StoreLane,
    /// Sixteen bytes; nothing; a vector.
    Const,
    /// Sixteen lanes; two vectors; a vector.
    Shuffle,
    /// A number; a vector.
    Splat,
    /// A lane; a vector; a number.
    Extract,
    /// A lane; a vector and a number; a vector.
    Replace,
    /// A vector; a vector.
    Unary,
    /// Two vectors; a vector.
    Binary,
    /// Three vectors; a vector.
    Ternary,
    /// A vector and an i32; a vector.
    Shift,
    /// A vector; an i32.
    Test,
}

/// Which lanes of the operands make a lane of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Map {
    /// Those at the same place.
    Same,
    /// Those of the lower half of the operands, whose lanes have half the width.
    Low,
    /// Those of the upper half.
    High,
    /// Two neighbours of one operand, whose lanes have half the width.
    Pairs,
    /// Two products of neighbours.
    Dot,
    /// One of the first operand, then of the second, whose lanes have twice the width.
    Narrow,
    /// The first one, for all.
    Splat,
    /// The first one; the others are 0.
    Zero,
    /// The one that the second operand says.
    Swizzle,
    /// The one that the immediate says.
    Shuffle,
    /// Bits of the first operand where the third has a one, else of the second.
    Bitselect,
    /// Whether a bit is set.
    Any,
    /// Whether no lane is 0.
    All,
    /// The signs of all lanes.
    Bitmask,
    /// As `Dot`, of bytes to sixteen bits; pairs of these are added to the third operand.
    DotAdd,
    /// A scalar instruction on those at the same place; lanes that it leaves are 0.
    Scalar,
    /// The second operand where the scalar comparison of the second with the first holds.
    Pseudo,
    /// The product of the first two and the third are added.
    Madd,
    /// The same with the product's opposite.
    Nmadd,
}

impl Map {
    const ALL: [Map; 19] = {
        use Map::*;
        [
            Same, Low, High, Pairs, Dot, Narrow, Splat, Zero, Swizzle, Shuffle, Bitselect, Any,
            All, Bitmask, DotAdd, Scalar, Pseudo, Madd, Nmadd,
        ]
    };
}

/// What an instruction computes of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// The first operand itself.
    Id,
    Add,
    Sub,
    Mul,
    Abs,
    Neg,
    Not,
    And,
    AndNot,
    Or,
    Xor,
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    Min,
    Max,
    /// (a + b + 1) / 2
    Average,
    Popcnt,
    Shl,
    /// With the sign where lanes have one.
    Shr,
    /// From here on the result is the nearest number that the lane can have.
    IdSat,
    AddSat,
    SubSat,
    /// (a * b + 2^14) / 2^15
    Q15Sat,
}

impl Operation {
    const ALL: [Operation; 27] = {
        use Operation::*;
        [
            Id, Add, Sub, Mul, Abs, Neg, Not, And, AndNot, Or, Xor, Eq, Ne, Lt, Gt, Le, Ge, Min,
            Max, Average, Popcnt, Shl, Shr, IdSat, AddSat, SubSat, Q15Sat,
        ]
    };

    /// Whether the result is the nearest number that the lane can have.
    pub(super) const fn saturates(self) -> bool {
        self as u8 >= Operation::IdSat as u8
    }
}

/// The type of a lane: bit 0 says that an integer has no sign, the bits above are log2 of its width
/// in bytes; floats follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(u8);

impl Lane {
    /// A byte without a sign.
    pub(super) const BYTE: Lane = Lane(1);

    /// log2 of the width in bytes.
    #[inline]
    pub const fn log2(self) -> u32 {
        // f32, f64: 8 and 9.
        if self.0 < 8 {
            self.0 as u32 >> 1
        } else {
            self.0 as u32 - 6
        }
    }

    /// Whether it is an integer with a sign.
    #[inline]
    pub(super) const fn is_signed(self) -> bool {
        self.0 & 1 == 0
    }

    /// The type of a number that is made of it or becomes it.
    pub const fn value(self) -> NumType {
        match self.0 {
            6 | 7 => NumType::I64,
            8 => NumType::F32,
            9 => NumType::F64,
            _ => NumType::I32,
        }
    }
}

/// A row of the table.
///
/// ```text
/// bit 31..28  lanes of the result      bit 23..19  map
/// bit 27..24  lanes of the operands    bit 18..15  shape; 0: no instruction has this opcode
/// bit 14..0   operation, or the scalar instruction: bit 10 set for the prefix 0xFC
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Row(u32);

macro_rules! lane {
    (i8) => {
        0
    };
    (u8) => {
        1
    };
    (i16) => {
        2
    };
    (u16) => {
        3
    };
    (i32) => {
        4
    };
    (u32) => {
        5
    };
    (i64) => {
        6
    };
    (u64) => {
        7
    };
    (f32) => {
        8
    };
    (f64) => {
        9
    };
}

macro_rules! operation {
    (Scalar $op:ident) => {
        Op::$op as u32 & 0x4ff
    };
    (Pseudo $op:ident) => {
        Op::$op as u32 & 0x4ff
    };
    (Madd $op:ident) => {
        Op::$op as u32 & 0x4ff
    };
    (Nmadd $op:ident) => {
        Op::$op as u32 & 0x4ff
    };
    ($map:ident $op:ident) => {
        Operation::$op as u32
    };
}

/// The number of opcodes.
const COUNT: usize = 0x114;

macro_rules! define {
    ($($code:literal $name:ident $text:literal $shape:ident $map:ident $from:ident $to:ident $op:ident;)*) => {
        /// The opcode of a vector instruction, without the prefix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum VectorOp { $(#[doc = $text] $name = $code,)* }

        impl VectorOp {
            /// All opcodes, in their order.
            pub const ALL: &'static [VectorOp] = &[$(VectorOp::$name,)*];

            /// Its name in the text format.
            pub const fn name(self) -> &'static str {
                match self { $(VectorOp::$name => $text,)* }
            }

            /// The instruction with this opcode.
            pub const fn from_code(code: u32) -> Option<VectorOp> {
                match code {
                    $($code => Some(VectorOp::$name),)*
                    _ => None,
                }
            }
        }

        static ROWS: [Row; COUNT] = {
            let mut rows = [Row(0); COUNT];
            $(rows[$code] = Row(
                lane!($to) << 28 | lane!($from) << 24 | (Map::$map as u32) << 19
                    | (Shape::$shape as u32) << 15 | operation!($map $op)
            );)*
            rows
        };
    };
}

vector_ops! { define }

impl Row {
    /// The row of the instruction with this opcode, if there is one and this build has its
    /// operations.
    #[inline]
    pub fn of(code: u32) -> Option<Row> {
        ROWS.get(code as usize).copied().filter(|row| row.0 != 0)
    }

    /// Which operands it has.
    #[inline]
    pub const fn shape(self) -> Shape {
        const ALL: [Shape; 16] = {
            use Shape::*;
            [
                Unary, Load, Store, LoadLane, StoreLane, Const, Shuffle, Splat, Extract, Replace,
                Unary, Binary, Ternary, Shift, Test, Unary,
            ]
        };
        ALL[(self.0 >> 15 & 15) as usize]
    }

    pub(super) fn map(self) -> Map {
        Map::ALL.get((self.0 >> 19 & 31) as usize).copied().unwrap_or(Map::Same)
    }

    /// The lanes of the operands.
    #[inline]
    pub const fn from(self) -> Lane {
        Lane((self.0 >> 24 & 15) as u8)
    }

    /// The lanes of the result.
    #[inline]
    pub const fn to(self) -> Lane {
        Lane((self.0 >> 28) as u8)
    }

    /// What it computes of integers.
    pub(super) fn operation(self) -> Operation {
        Operation::ALL.get((self.0 & 0xff) as usize).copied().unwrap_or(Operation::Id)
    }

    /// The opcode of the scalar instruction.
    pub(super) const fn scalar(self) -> u16 {
        let code = (self.0 & 0x4ff) as u16;
        if code < 0x100 {
            code
        } else {
            0xfc00 | code & 0xff
        }
    }

    /// The same with results of 16 bits and a sign.
    pub(super) const fn to_16_bits(self) -> Row {
        Row(self.0 & !(15 << 28) | 2 << 28)
    }

    /// Whether it has lanes of floats.
    pub const fn is_float(self) -> bool {
        self.from().0 >= 8 || self.to().0 >= 8
    }

    /// log2 of the bytes that it loads or stores.
    pub fn log2_width(self) -> u32 {
        match self.map() {
            Map::Low => 3,
            Map::Same if matches!(self.shape(), Shape::Load | Shape::Store) => 4,
            _ => self.from().log2(),
        }
    }

    /// The number of lanes that its immediate can name.
    pub const fn lanes(self) -> u8 {
        16 >> self.from().log2()
    }

    /// The bytes of its immediates, without a memarg.
    #[inline]
    pub const fn immediates(self) -> usize {
        match self.shape() {
            Shape::Const | Shape::Shuffle => 16,
            Shape::Extract | Shape::Replace | Shape::LoadLane | Shape::StoreLane => 1,
            _ => 0,
        }
    }

    /// The slots of its operands, the first one first; 0 where there is no further one. An address
    /// has one slot here.
    #[inline]
    pub const fn operands(self) -> [u32; 3] {
        let number = self.from().value().slots();
        match self.shape() {
            Shape::Const => [0; 3],
            Shape::Load => [1, 0, 0],
            Shape::Store | Shape::LoadLane | Shape::StoreLane => [1, 4, 0],
            Shape::Splat => [number, 0, 0],
            Shape::Extract | Shape::Unary | Shape::Test => [4, 0, 0],
            Shape::Replace => [4, number, 0],
            Shape::Shift => [4, 1, 0],
            Shape::Shuffle | Shape::Binary => [4, 4, 0],
            Shape::Ternary => [4, 4, 4],
        }
    }

    /// The slots of its result; 0 where there is none.
    #[inline]
    pub const fn results(self) -> u32 {
        match self.shape() {
            Shape::Store | Shape::StoreLane => 0,
            Shape::Extract => self.from().value().slots(),
            Shape::Test => 1,
            _ => 4,
        }
    }

    /// Whether it accesses memory.
    #[inline]
    pub const fn is_access(self) -> bool {
        matches!(self.shape(), Shape::Load | Shape::Store | Shape::LoadLane | Shape::StoreLane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_what_the_table_says() {
        assert_eq!(VectorOp::ALL.len(), 256);
        for &op in VectorOp::ALL {
            assert_eq!(VectorOp::from_code(op as u32), Some(op));
            assert!(Row::of(op as u32).is_some(), "{}", op.name());
        }
        for unknown in [0x9a, 0xa2, 0xa5, 0xc2, 0xee, COUNT as u32, u32::MAX] {
            assert!(Row::of(unknown).is_none() && VectorOp::from_code(unknown).is_none());
        }
        for (index, &map) in Map::ALL.iter().enumerate() {
            assert_eq!(map as usize, index);
        }
        for (index, &operation) in Operation::ALL.iter().enumerate() {
            assert_eq!(operation as usize, index);
        }
        let row = Row::of(VectorOp::I32x4TruncSatF64x2UZero as u32).unwrap();
        assert_eq!((row.shape(), row.map()), (Shape::Unary, Map::Scalar));
        assert_eq!((row.scalar(), row.is_float()), (Op::I32TruncSatF64U as u16, true));
        let row = Row::of(VectorOp::I16x8NarrowI32x4U as u32).unwrap();
        assert_eq!((row.map(), row.operation()), (Map::Narrow, Operation::IdSat));
        assert!(row.from().is_signed() && !row.to().is_signed() && !row.is_float());
        let row = Row::of(VectorOp::F64x2ReplaceLane as u32).unwrap();
        assert_eq!((row.operands(), row.results(), row.lanes()), ([4, 2, 0], 4, 2));
        let row = Row::of(VectorOp::V128Load16x4U as u32).unwrap();
        assert_eq!((row.operands(), row.results(), row.log2_width()), ([1, 0, 0], 4, 3));
    }
}
