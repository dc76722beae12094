//! The table of register instructions. docs/register-bytecode.md specifies them.
//!
//! Depends on nothing. The decoder, the verifier, both loops and listings are generated from this
//! table or checked against it.
//!
//! A register instruction is an opcode of one byte and operands behind it, unaligned and
//! little-endian. A row reads
//!
//! ```text
//! opcode  Name  "name in listings"  [operands]  accumulator;
//! ```
//!
//! Operands, with their bytes:
//!
//! ```text
//! s 1  slot that is read              d 1  slot that is written
//! w 1  slot of a pair that is read    v 1  slot of a pair that is written
//! k 1  i8, a constant                 x 4  u32, a constant or the offset of an access
//! o 1  u8, the offset of an access    j 2  i16, a slot, or the distance of `frame` in slots
//! b 2  i16, from the opcode to the target                   l 4  the same as i32
//! g 2  u16, index of a global         f 2  u16, index of a function
//! c 1  slot of the first argument     u 2  u16, a slot from the start of the frame, or a number of slots
//! ```
//!
//! and operands of varying length:
//!
//! ```text
//! t  br_table: u16 n, then n + 1 targets as i16 (br_table.long: u32 n, i32), from the opcode
//! q  runtime: u8 opcode of WebAssembly, u16 slot behind the topmost operand, then the immediates as in WebAssembly
//! m  memory:  the same for a load or store
//! p  num:     u8 opcode of WebAssembly (0 to 7: 0xFC00 to 0xFC07), u8 slot of the result, u8 slot of each operand
//! ```
//!
//! and with the feature `simd`
//!
//! ```text
//! y  vector:  see `super::vector`
//! ```
//!
//! The last column says what happens to the accumulator: `keep`, `get` (it is an operand), `set`
//! (it is the result, or undefined), `both`. An instruction whose name ends with D writes its
//! result to the slot `d` as well; it has the operands of the one without D, then `d`.

/// The table, and `Vector` where there are vectors.
#[cfg(feature = "simd")]
#[macro_export]
macro_rules! register_ops {
    (vector { $m:ident $($a:tt)* } $($rows:tt)*) => {
        // A vector instruction: see `super::vector`.
        $m! { $($a)* $($rows)* 0xff Vector "vector" [y] keep; }
    };
    ($m:ident $($a:tt)*) => { $crate::scalar_register_ops! { register_ops vector { $m $($a)* } } };
}

/// The table, where there are no vectors.
#[cfg(not(feature = "simd"))]
#[macro_export]
macro_rules! register_ops {
    ($m:ident $($a:tt)*) => { $crate::scalar_register_ops! { $m $($a)* } };
}

/// The table without vectors.
#[macro_export]
macro_rules! scalar_register_ops {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        // Control (spec: 4.4.8).
        0x00 Unreachable "unreachable" [] keep;
        0x01 Meter "meter" [] keep;
        0x02 Br "br" [b] keep;
        0x03 BrLong "br.long" [l] keep;
        0x04 BrTable "br_table" [t] get;
        0x05 BrTableLong "br_table.long" [t] get;
        0x06 BrNzA "br_if.nz a" [b] get;
        0x07 BrZA "br_if.z a" [b] get;
        0x08 BrNzS "br_if.nz" [s b] keep;
        0x09 BrZS "br_if.z" [s b] keep;
        0x0a BrEqSS "br_if.eq" [s s b] keep;
        0x0b BrNeSS "br_if.ne" [s s b] keep;
        0x0c BrLtSSS "br_if.lt_s" [s s b] keep;
        0x0d Load32XD "i32.load" [x d] set;
        0x0e BrGeSSS "br_if.ge_s" [s s b] keep;
        0x0f Load8UXD "i32.load8_u" [x d] set;
        0x10 BrEqSK "br_if.eq" [s k b] keep;
        0x11 BrNeSK "br_if.ne" [s k b] keep;
        0x12 BrLtSSK "br_if.lt_s" [s k b] keep;
        0x13 BrLtUSK "br_if.lt_u" [s k b] keep;
        0x14 BrGeSSK "br_if.ge_s" [s k b] keep;
        0x15 ShlKA "i32.shl :a" [k] both;
        0x16 BrEqAK "br_if.eq a" [k b] get;
        0x17 BrNeAK "br_if.ne a" [k b] get;
        0x18 BrLtSAK "br_if.lt_s a" [k b] get;
        0x19 BrLtUAK "br_if.lt_u a" [k b] get;
        0x1a BrGeSAK "br_if.ge_s a" [k b] get;
        0x1b BrGeUAK "br_if.ge_u a" [k b] get;
        0x1c BrEqAS "br_if.eq a" [s b] get;
        0x1d BrNeAS "br_if.ne a" [s b] get;
        0x1e BrLtSAS "br_if.lt_s a" [s b] get;
        0x1f BrLtUAS "br_if.lt_u a" [s b] get;
        0x20 BrGeSAS "br_if.ge_s a" [s b] get;
        0x21 BrGeUAS "br_if.ge_u a" [s b] get;
        0x22 BrGtSAS "br_if.gt_s a" [s b] get;
        0x23 BrGtUAS "br_if.gt_u a" [s b] get;
        0x24 BrLeSAS "br_if.le_s a" [s b] get;
        0x25 BrLeUAS "br_if.le_u a" [s b] get;
        // Comparisons of i32: 1 or 0.
        0x26 EqAK "i32.eq a" [k] both;
        0x27 NeAK "i32.ne a" [k] both;
        0x28 LtSAK "i32.lt_s a" [k] both;
        0x29 LtUAK "i32.lt_u a" [k] both;
        0x2a GeSAK "i32.ge_s a" [k] both;
        0x2b GeUAK "i32.ge_u a" [k] both;
        0x2c EqAS "i32.eq a" [s] both;
        0x2d NeAS "i32.ne a" [s] both;
        0x2e LtSAS "i32.lt_s a" [s] both;
        0x2f LtUAS "i32.lt_u a" [s] both;
        0x30 LoopNeSK "loop_if.ne" [s k b] keep;
        0x31 GeUAS "i32.ge_u a" [s] both;
        0x32 GtSAS "i32.gt_s a" [s] both;
        0x33 GtUAS "i32.gt_u a" [s] both;
        0x34 LeSAS "i32.le_s a" [s] both;
        0x35 LeUAS "i32.le_u a" [s] both;
        // Calls and returns.
        0x36 Ret "return" [] keep;
        0x37 RetA "return a" [] get;
        0x38 RetS "return" [s] set;
        0x39 RetN "return" [u u] keep;
        0x3a Call "call" [f c] set;
        0x3b CallImport "call.import" [f c] set;
        0x3c Runtime "runtime" [q] set;
        0x3d Memory "memory" [m] set;
        // Numeric instructions without a register instruction of their own: the opcode of
        // WebAssembly follows.
        0x3e Num1 "num" [p] keep;
        0x3f Num2 "num" [p] keep;
        // Moves.
        0x40 Get "get" [s] set;
        0x41 Set "set a" [d] get;
        0x42 Copy "copy" [s d] keep;
        0x43 CopyW "copy.w" [w v] keep;
        0x44 Const8 "const a" [k] set;
        0x45 Const32 "const a" [x] set;
        0x46 Put8 "const" [k d] keep;
        0x47 Put32 "const" [x d] keep;
        0x48 CopyIn "copy.in" [j d] keep;
        0x49 CopyOut "copy.out" [s j] keep;
        0x4a Frame "frame" [j] keep;
        0x4b GlobalGet "global.get" [g] set;
        0x4c Load32AXD "i32.load a" [x d] both;
        0x4d GlobalSet "global.set a" [g] get;
        0x4e GlobalGetW "global.get.w" [g v] keep;
        0x4f GlobalSetW "global.set.w" [w g] keep;
        0x50 Select "select a" [s s] both;
        0x51 SelectD "select a" [s s d] both;
        0x52 SelectW "select.w a" [w w v] get;
        // i64.
        0x53 I64Add "i64.add" [w w v] keep;
        0x54 I64Sub "i64.sub" [w w v] keep;
        0x55 I64And "i64.and" [w w v] keep;
        0x56 I64Or "i64.or" [w w v] keep;
        0x57 I64Xor "i64.xor" [w w v] keep;
        // One operand, in the accumulator.
        0x58 Clz "i32.clz a" [] both;
        0x59 Ctz "i32.ctz a" [] both;
        0x5a Ext8S "i32.extend8_s a" [] both;
        0x5b Ext16S "i32.extend16_s a" [] both;
        0x5c Zext8 "i32.extend8_u a" [] both;
        0x5d Zext16 "i32.extend16_u a" [] both;
        0x5e MulSX "i32.mul" [s x] set;
        0x5f Ext16SD "i32.extend16_s a" [d] both;
        0x60 Zext8D "i32.extend8_u a" [d] both;
        0x61 Load32AID "i32.load a+" [s d] both;
        // Loads: the address is in a slot or in the accumulator, the offset has 8 or 32 bits (spec:
        // 4.4.7).
        0x62 Load32A "i32.load a" [o] both;
        0x63 Load8SA "i32.load8_s a" [o] both;
        0x64 Load8UA "i32.load8_u a" [o] both;
        0x65 Load16SA "i32.load16_s a" [o] both;
        0x66 Load16UA "i32.load16_u a" [o] both;
        0x67 Load32AD "i32.load a" [o d] both;
        0x68 Load8SAD "i32.load8_s a" [o d] both;
        0x69 Load8UAD "i32.load8_u a" [o d] both;
        0x6a Load16SAD "i32.load16_s a" [o d] both;
        0x6b Load16UAD "i32.load16_u a" [o d] both;
        0x6c Load32S "i32.load" [s o] set;
        0x6d Load8SS "i32.load8_s" [s o] set;
        0x6e Load8US "i32.load8_u" [s o] set;
        0x6f Load16SS "i32.load16_s" [s o] set;
        0x70 Load16US "i32.load16_u" [s o] set;
        0x71 Load32SD "i32.load" [s o d] set;
        0x72 Load8SSD "i32.load8_s" [s o d] set;
        0x73 Load8USD "i32.load8_u" [s o d] set;
        0x74 Load16SSD "i32.load16_s" [s o d] set;
        0x75 Load16USD "i32.load16_u" [s o d] set;
        0x76 Load32AX "i32.load a" [x] both;
        0x77 Load8SAX "i32.load8_s a" [x] both;
        0x78 Load8UAX "i32.load8_u a" [x] both;
        0x79 Load16SAX "i32.load16_s a" [x] both;
        0x7a Load16UAX "i32.load16_u a" [x] both;
        0x7b Load64A "i64.load a" [o v] get;
        0x7c Load64S "i64.load" [s o v] keep;
        // Stores: SA has the address in a slot and the value in the accumulator, AS the other way
        // round, SS both in slots.
        0x7d Store32SA "i32.store a" [s o] get;
        0x7e Store8SA "i32.store8 a" [s o] get;
        0x7f Store16SA "i32.store16 a" [s o] get;
        0x80 Store32AS "i32.store a:" [s o] get;
        0x81 Store8AS "i32.store8 a:" [s o] get;
        0x82 Store16AS "i32.store16 a:" [s o] get;
        0x83 Store32SS "i32.store" [s s o] keep;
        0x84 Store8SS "i32.store8" [s s o] keep;
        0x85 Store16SS "i32.store16" [s s o] keep;
        0x86 Store32SAX "i32.store a" [s x] get;
        0x87 Store8SAX "i32.store8 a" [s x] get;
        0x88 Store16SAX "i32.store16 a" [s x] get;
        0x89 Store64A "i64.store a:" [w o] get;
        0x8a Store64S "i64.store" [s w o] keep;
        // Two operands of i32: SS has both in slots, AS the first in the accumulator, SA the
        // second, SK and AK a constant as the second.
        0x8b AddSS "i32.add" [s s] set;
        0x8c AddAS "i32.add a" [s] both;
        0x8d AddSK "i32.add" [s k] set;
        0x8e AddAK "i32.add a" [k] both;
        0x8f AddSSD "i32.add" [s s d] set;
        0x90 AddASD "i32.add a" [s d] both;
        0x91 AddSKD "i32.add" [s k d] set;
        0x92 AddAKD "i32.add a" [k d] both;
        0x93 AddAX "i32.add a" [x] both;
        0x94 AddInc "i32.add!" [s k] set;
        0x95 SubSS "i32.sub" [s s] set;
        0x96 SubAS "i32.sub a" [s] both;
        0x97 SubSA "i32.sub :a" [s] both;
        0x98 SubSSD "i32.sub" [s s d] set;
        0x99 XorAX "i32.xor a" [x] both;
        0x9a SubSAD "i32.sub :a" [s d] both;
        0x9b SubKA "i32.sub :a" [k] both;
        0x9c MulSS "i32.mul" [s s] set;
        0x9d MulAS "i32.mul a" [s] both;
        0x9e MulAK "i32.mul a" [k] both;
        0x9f Load16SAXD "i32.load16_s a" [x d] both;
        0xa0 Add4SS "i32.shl 2 i32.add" [s s d] set;
        0xa1 AndSS "i32.and" [s s] set;
        0xa2 AndAS "i32.and a" [s] both;
        0xa3 AndSK "i32.and" [s k] set;
        0xa4 AndAK "i32.and a" [k] both;
        0xa5 BrWK "br_if.w" [k w k b] keep;
        0xa6 AndASD "i32.and a" [s d] both;
        0xa7 Load16SSSI "i32.load16_s +" [s s] set;
        0xa8 AndAKD "i32.and a" [k d] both;
        0xa9 AndAX "i32.and a" [x] both;
        0xaa Load32SSI "i32.load +" [s s] set;
        0xab OrAS "i32.or a" [s] both;
        0xac OrAK "i32.or a" [k] both;
        0xad Load32SI "i32.load 4*" [s s] set;
        0xae OrASD "i32.or a" [s d] both;
        0xaf XorSS "i32.xor" [s s] set;
        0xb0 XorAS "i32.xor a" [s] both;
        0xb1 XorAK "i32.xor a" [k] both;
        0xb2 Load32SID "i32.load 4*" [s s d] set;
        0xb3 XorASD "i32.xor a" [s d] both;
        0xb4 ShlSK "i32.shl" [s k] set;
        0xb5 ShlAK "i32.shl a" [k] both;
        0xb6 ShlAS "i32.shl a" [s] both;
        0xb7 ShlSA "i32.shl :a" [s] both;
        0xb8 ShlSKD "i32.shl" [s k d] set;
        0xb9 OrSS "i32.or" [s s] set;
        0xba ShrSSK "i32.shr_s" [s k] set;
        0xbb ShrSAK "i32.shr_s a" [k] both;
        0xbc ShrSAS "i32.shr_s a" [s] both;
        0xbd Load8USSI "i32.load8_u +" [s s] set;
        0xbe XorRotrSK "i32.rotr i32.xor a" [s k] both;
        0xbf Load8UAI "i32.load8_u a+" [s] both;
        0xc0 ShrUSK "i32.shr_u" [s k] set;
        0xc1 ShrUAK "i32.shr_u a" [k] both;
        0xc2 ShrUAS "i32.shr_u a" [s] both;
        0xc3 ShrUSA "i32.shr_u :a" [s] both;
        0xc4 ShrUSKD "i32.shr_u" [s k d] set;
        0xc5 ShrUAKD "i32.shr_u a" [k d] both;
        0xc6 RotrAK "i32.rotr a" [k] both;
        0xc7 RotrAS "i32.rotr a" [s] both;
        0xc8 RotlAS "i32.rotl a" [s] both;
        0xc9 DivSAS "i32.div_s a" [s] both;
        0xca DivSAK "i32.div_s a" [k] both;
        0xcb DivUAS "i32.div_u a" [s] both;
        0xcc DivUAK "i32.div_u a" [k] both;
        0xcd RemSAS "i32.rem_s a" [s] both;
        0xce RemSAK "i32.rem_s a" [k] both;
        0xcf RemUAS "i32.rem_u a" [s] both;
        0xd0 RemUAK "i32.rem_u a" [k] both;
        // Many slots.
        0xd1 Move "move" [u u u] keep;
        // Chosen by how often real modules execute what they replace (docs/register-bytecode.md).
        0xd2 Skip "skip" [] keep;
        0xd3 AddSX "i32.add" [s x] set;
        0xd4 AddSXD "i32.add" [s x d] set;
        0xd5 AddAXD "i32.add a" [x d] both;
        0xd6 AndSX "i32.and" [s x] set;
        0xd7 AndSXD "i32.and" [s x d] set;
        0xd8 AndAXD "i32.and a" [x d] both;
        0xd9 MulSK "i32.mul" [s k] set;
        0xda Load32AJ "i32.load 4*a+" [s] both;
        0xdb AddBrNeSS "i32.add! br_if.ne" [s k s b] set;
        0xdc RotrSK "i32.rotr" [s k] set;
        0xdd Store32SI "i32.store 4*" [s s s] keep;
        0xde RotrAKD "i32.rotr a" [k d] both;
        0xdf Zext8S "i32.extend8_u" [s] set;
        0xe0 Zext8SD "i32.extend8_u" [s d] set;
        0xe1 Zext16S "i32.extend16_u" [s] set;
        0xe2 Zext16SD "i32.extend16_u" [s d] set;
        0xe3 BrEqAX "br_if.eq a" [x b] get;
        0xe4 BrNeAX "br_if.ne a" [x b] get;
        0xe5 I64Mul "i64.mul" [w w v] keep;
        0xe6 I64ShlK "i64.shl" [w k v] keep;
        0xe7 I64ShrSK "i64.shr_s" [w k v] keep;
        0xe8 I64ShrUK "i64.shr_u" [w k v] keep;
        0xe9 I64RotlK "i64.rotl" [w k v] keep;
        // Values of 64 bits. `k` of a comparison is a number of `Test`.
        0xea PutW8 "const.w" [k v] keep;
        0xeb I64ExtUA "i64.extend_i32_u a" [v] get;
        0xec I64ExtUS "i64.extend_i32_u" [s v] keep;
        0xed I64ExtSA "i64.extend_i32_s a" [v] get;
        0xee I64Any "i64.any" [w] set;
        0xef I64AddK "i64.add" [w k v] keep;
        0xf0 I64MulU "i64.mul.u" [s s v] keep;
        0xf1 CompareW "compare.w" [k w w] set;
        0xf2 BrW "br_if.w" [k w w b] keep;
        0xf3 CompareS "compare.f32" [k s s] set;
        0xf4 BrS "br_if.f32" [k s s b] keep;
        0xf5 Load64AX "i64.load a" [x v] get;
        0xf6 Store64AX "i64.store a:" [w x] get;
        // Addresses that are constants, arrays, and sums of products.
        0xf7 Load32X "i32.load" [x] set;
        0xf8 Load8UX "i32.load8_u" [x] set;
        0xf9 Store32X "i32.store a" [x] get;
        0xfa Store8X "i32.store8 a" [x] get;
        0xfb Load32AI "i32.load a+" [s] both;
        0xfc MlaAS "i32.mul.add a" [s s] both;
        0xfd MlaASD "i32.mul.add a" [s s d] both;
        // The end of a loop that counts, as `AddBrNeSS`: adds a constant to a slot, and branches back
        // while the sum is not the third operand.
        0xfe AddBrNeSK "i32.add! br_if.ne" [s k k b] set;
    } };
}

/// The code of the first vector instruction as a runtime instruction; codes from here on are the
/// opcodes behind the prefix, which need more than a byte.
pub const VECTOR: u16 = 0xfd00;

/// The kind of an operand; see the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    None,
    Read,
    Write,
    ReadPair,
    WritePair,
    I8,
    Offset,
    U32,
    Branch,
    BranchLong,
    Global,
    Func,
    Args,
    WideSlot,
    U16,
    Special,
}

/// What happens to the accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulator {
    Keep,
    Get,
    Set,
    Both,
}

impl Kind {
    const fn from_bits(bits: u16) -> Kind {
        use Kind::*;
        [
            None, Read, Write, ReadPair, WritePair, I8, Offset, U32, Branch, BranchLong, Global,
            Func, Args, WideSlot, U16, Special,
        ][bits as usize & 15]
    }

    /// Its length in bytes; 0 for a varying length.
    pub const fn bytes(self) -> usize {
        use Kind::*;
        match self {
            None | Special => 0,
            Read | Write | ReadPair | WritePair | I8 | Offset | Args => 1,
            Branch | Global | Func | WideSlot | U16 => 2,
            U32 | BranchLong => 4,
        }
    }
}

macro_rules! kind {
    (s) => {
        Kind::Read
    };
    (d) => {
        Kind::Write
    };
    (w) => {
        Kind::ReadPair
    };
    (v) => {
        Kind::WritePair
    };
    (k) => {
        Kind::I8
    };
    (o) => {
        Kind::Offset
    };
    (x) => {
        Kind::U32
    };
    (b) => {
        Kind::Branch
    };
    (l) => {
        Kind::BranchLong
    };
    (g) => {
        Kind::Global
    };
    (f) => {
        Kind::Func
    };
    (c) => {
        Kind::Args
    };
    (j) => {
        Kind::WideSlot
    };
    (u) => {
        Kind::U16
    };
    (t) => {
        Kind::Special
    };
    (q) => {
        Kind::Special
    };
    (m) => {
        Kind::Special
    };
    (p) => {
        Kind::Special
    };
    (y) => {
        Kind::Special
    };
}

macro_rules! accumulator {
    (keep) => {
        Accumulator::Keep
    };
    (get) => {
        Accumulator::Get
    };
    (set) => {
        Accumulator::Set
    };
    (both) => {
        Accumulator::Both
    };
}

const fn pack(kinds: &[Kind]) -> u16 {
    let mut packed = 0;
    let mut i = kinds.len();
    while i > 0 {
        i -= 1;
        packed = packed << 4 | kinds[i] as u16;
    }
    packed
}

macro_rules! define {
    ($($code:literal $name:ident $text:literal [$($kind:ident)*] $acc:ident;)*) => {
        /// A register instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum RegOp { $(#[doc = $text] $name = $code,)* }

        impl RegOp {
            /// All register instructions, in the order of their opcodes.
            pub const ALL: &'static [RegOp] = &[$(RegOp::$name,)*];

            /// Its name in listings.
            pub const fn name(self) -> &'static str {
                match self { $(RegOp::$name => $text,)* }
            }

            /// What it does to the accumulator.
            pub const fn accumulator(self) -> Accumulator {
                match self { $(RegOp::$name => accumulator!($acc),)* }
            }
        }

        /// The operands of each register instruction, four bits each, the first in the lowest bits.
        static OPERANDS: [u16; RegOp::ALL.len()] = [$(pack(&[$(kind!($kind)),*]),)*];
    };
}

register_ops! { define }

// Opcodes follow each other, so that an opcode is known when it is below their number.
const _: () = {
    let mut i = 0;
    while i < RegOp::ALL.len() {
        assert!(RegOp::ALL[i] as usize == i);
        i += 1;
    }
};

impl RegOp {
    /// The register instruction with this opcode.
    pub fn from_code(code: u8) -> Option<RegOp> {
        RegOp::ALL.get(code as usize).copied()
    }

    /// Its operands, in order.
    pub fn operands(self) -> impl Iterator<Item = Kind> {
        let packed = OPERANDS[self as usize];
        (0..4)
            .map(move |i| Kind::from_bits(packed >> (4 * i)))
            .take_while(|&kind| kind != Kind::None)
    }
}

/// Relations, in the order in which the table has the instructions for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Relation {
    Eq,
    Ne,
    LtS,
    LtU,
    GeS,
    GeU,
    GtS,
    GtU,
    LeS,
    LeU,
}

/// What `CompareW`, `BrW`, `CompareS` and `BrS` test of their operands, by the number that `k` is.
/// The first six compare i64, the others f32 or f64; a comparison of floats is false when one of
/// them is a NaN, so that its opposite is a test of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Test {
    Eq,
    Ne,
    LtS,
    LtU,
    GeS,
    GeU,
    FloatEq,
    FloatNe,
    FloatLt,
    FloatLe,
    FloatNotLt,
    FloatNotLe,
}

impl Test {
    const ALL: [Test; 12] = {
        use Test::*;
        [Eq, Ne, LtS, LtU, GeS, GeU, FloatEq, FloatNe, FloatLt, FloatLe, FloatNotLt, FloatNotLe]
    };

    /// The test with this number.
    pub fn from_code(code: u8) -> Option<Test> {
        Test::ALL.get(code as usize).copied()
    }

    /// Whether it compares floats.
    pub const fn is_float(self) -> bool {
        self as u8 >= Test::FloatEq as u8
    }

    /// The test that holds when this one does not.
    pub const fn opposite(self) -> Test {
        use Test::*;
        match self {
            Eq => Ne,
            Ne => Eq,
            LtS => GeS,
            LtU => GeU,
            GeS => LtS,
            GeU => LtU,
            FloatEq => FloatNe,
            FloatNe => FloatEq,
            FloatLt => FloatNotLt,
            FloatLe => FloatNotLe,
            FloatNotLt => FloatLt,
            FloatNotLe => FloatLe,
        }
    }

    /// Whether the instruction may have this test as its number `k`: i64 and f64 have two slots,
    /// f32 has one, and a build without floats has none of theirs.
    pub fn fits(code: i32, wide: bool) -> bool {
        match u8::try_from(code).ok().and_then(Test::from_code) {
            Some(test) if test.is_float() => cfg!(feature = "float"),
            Some(_) => wide,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_those_of_the_table() {
        assert!(RegOp::AddSSD.operands().eq([Kind::Read, Kind::Read, Kind::Write]));
        assert!(RegOp::Ret.operands().eq([]));
        assert!(RegOp::Call.operands().eq([Kind::Func, Kind::Args]));
        assert_eq!(RegOp::from_code(0xff).is_some(), crate::vector::ENABLED);
    }

    // Not under Miri: thousands of comparisons of texts.
    #[cfg_attr(miri, ignore)]
    #[test]
    fn an_instruction_with_d_has_the_operands_of_the_one_without() {
        for &op in RegOp::ALL {
            let name = std::format!("{op:?}");
            if let Some(base) = name.strip_suffix('D').filter(|name| !name.ends_with("An")) {
                let base = RegOp::ALL.iter().find(|op| std::format!("{op:?}") == base).expect(base);
                assert!(op.operands().eq(base.operands().chain([Kind::Write])), "{name}");
            }
        }
    }
}
