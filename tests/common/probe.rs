//! A module of declared host functions that look at everything a program passes, and calls of them
//! with right and wrong pointers: the same for the Rust API and the C API.

use zonda::{
    host_module, Capability, GuestPtr, GuestPtrMut, GuestSlice, GuestSliceMut, GuestStr,
    GuestValue, HostError, TrapCode,
};

pub const SECRET: Capability = Capability::new("secret");

/// Calls that came to a function.
#[derive(Default)]
pub struct Calls(pub u32);

/// A structure in linear memory, as WASI's iovec.
#[derive(Clone, Copy)]
pub struct Pair {
    low: u32,
    high: u32,
}

impl GuestValue for Pair {
    const SIZE: usize = 8;
    fn read(bytes: &[u8]) -> Pair {
        let (low, high) = bytes.split_at(4);
        Pair { low: u32::read(low), high: u32::read(high) }
    }
    fn write(self, bytes: &mut [u8]) {
        let (low, high) = bytes.split_at_mut(4);
        self.low.write(low);
        self.high.write(high);
    }
}

host_module! {
    pub struct Probe: Calls as "probe" {
        fn bytes(call, text: GuestSlice<u8>) -> u32 {
            call.state().0 += 1;
            text.bytes(call.memory()).iter().map(|&byte| byte as u32).sum()
        }
        fn pairs(call, pairs: GuestSlice<Pair>) -> u32 {
            let count = pairs.len();
            assert_eq!(pairs.is_empty(), count == 0);
            assert_eq!(count * Pair::SIZE, pairs.bytes(call.memory()).len());
            call.state().0 += 1;
            assert!(pairs.get(call.memory(), pairs.len()).is_none());
            (0..pairs.len()).filter_map(|i| pairs.get(call.memory(), i)).map(|pair| pair.low + pair.high).sum()
        }
        fn fill(call, to: GuestSliceMut<u8>, byte: u32) {
            call.state().0 += 1;
            to.bytes_mut(call.memory_mut()).fill(byte as u8);
        }
        /// With slices that overlap: one of them is a range of addresses.
        fn copy(call, to: GuestSliceMut<u8>, from: GuestSlice<u8>) -> u32 {
            call.state().0 += 1;
            let len = to.len().min(from.len());
            let start = from.address() as usize;
            call.memory_mut().copy_within(start..start + len, to.address() as usize);
            len as u32
        }
        fn text(call, text: GuestStr) -> u32 {
            call.state().0 += 1;
            text.to_str(call.memory()).map_or(u32::MAX, |text| text.len() as u32)
        }
        fn load(call, at: GuestPtr<u64>) -> u64 {
            call.state().0 += 1;
            at.read(call.memory())
        }
        fn store(call, at: GuestPtrMut<u64>, value: u64) {
            call.state().0 += 1;
            at.write(call.memory_mut(), value);
        }
        fn maybe(call, at: Option<GuestPtr<u32>>) -> u32 {
            call.state().0 += 1;
            at.map_or(u32::MAX, |at| at.read(call.memory()))
        }
        fn many(call, a: i32, b: i64, c: f32, d: f64, e: u32, f: u64, g: f32, h: f64, i: i32, j: i64, k: f32, l: f64, m: i32, n: i64, o: f32, p: f64) -> f64 {
            call.state().0 += 1;
            let ints = a as f64 + b as f64 + e as f64 + f as f64 + i as f64 + j as f64 + m as f64 + n as f64;
            ints + c as f64 + d + g as f64 + h + k as f64 + l + o as f64 + p
        }
        fn fails(call) -> Result<(), HostError> {
            call.state().0 += 1;
            Err(HostError::Failed { number: 7, text: "out of paper" })
        }
        fn traps(call) -> Result<u32, HostError> {
            call.state().0 += 1;
            Err(TrapCode::IntegerOverflow.into())
        }
        fn guarded[SECRET](call) {
            call.state().0 += 1;
        }
    }
}

/// Calls every function: through code, and as an import that is exported again.
pub const PROGRAM: &str = r#"(module
    (import "probe" "bytes" (func $bytes (param i32 i32) (result i32)))
    (import "probe" "pairs" (func $pairs (param i32 i32) (result i32)))
    (import "probe" "fill" (func $fill (param i32 i32 i32)))
    (import "probe" "copy" (func $copy (param i32 i32 i32 i32) (result i32)))
    (import "probe" "text" (func $text (param i32) (result i32)))
    (import "probe" "load" (func $load (param i32) (result i64)))
    (import "probe" "store" (func $store (param i32 i64)))
    (import "probe" "maybe" (func $maybe (param i32) (result i32)))
    (import "probe" "many" (func $many (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64) (result f64)))
    (import "probe" "fails" (func $fails))
    (import "probe" "traps" (func $traps (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 100) "\01\02\03\04\05\06\07\08hello\00")
    (data (i32.const 65534) "AB")
    (export "bytes itself" (func $bytes)) (export "pairs itself" (func $pairs)) (export "fill itself" (func $fill))
    (export "copy itself" (func $copy)) (export "text itself" (func $text)) (export "load itself" (func $load))
    (export "store itself" (func $store)) (export "maybe itself" (func $maybe)) (export "fails itself" (func $fails))
    (export "traps itself" (func $traps))
    (func (export "bytes") (param i32 i32) (result i32) (call $bytes (local.get 0) (local.get 1)))
    (func (export "pairs") (param i32 i32) (result i32) (call $pairs (local.get 0) (local.get 1)))
    (func (export "fill") (param i32 i32 i32) (call $fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i32 i32 i32 i32) (result i32) (call $copy (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (func (export "text") (param i32) (result i32) (call $text (local.get 0)))
    (func (export "load") (param i32) (result i64) (call $load (local.get 0)))
    (func (export "store") (param i32 i64) (call $store (local.get 0) (local.get 1)))
    (func (export "maybe") (param i32) (result i32) (call $maybe (local.get 0)))
    (func (export "fails") (call $fails))
    (func (export "traps") (result i32) (call $traps))
    (func (export "many") (result i32)
      (f64.eq (f64.const 131071.5) (call $many (i32.const 1) (i64.const 2) (f32.const 4) (f64.const 8) (i32.const 16)
        (i64.const 32) (f32.const 64) (f64.const 128) (i32.const 256) (i64.const 512) (f32.const 1024) (f64.const 2048)
        (i32.const 4096) (i64.const 8192) (f32.const 16384) (f64.const 98304.5)))))"#;

/// A program without a memory.
pub const NO_MEMORY: &str = r#"(module
    (import "probe" "bytes" (func $bytes (param i32 i32) (result i32)))
    (import "probe" "text" (func $text (param i32) (result i32)))
    (export "bytes itself" (func $bytes))
    (func (export "bytes") (param i32 i32) (result i32) (call $bytes (local.get 0) (local.get 1)))
    (func (export "text") (param i32) (result i32) (call $text (local.get 0))))"#;

/// Imports the function that needs a capability.
pub const GUARDED: &str = r#"(module (import "probe" "bytes" (func (param i32 i32) (result i32)))
    (import "probe" "guarded" (func $guarded)) (func (export "run") (call $guarded)))"#;

/// Imports a function with another type.
pub const MISTYPED: &str = r#"(module (import "probe" "text" (func $text (param i64) (result i32)))
    (func (export "run") (drop (call $text (i64.const 0)))))"#;

#[derive(Clone, Copy, Debug)]
pub enum Arg {
    I32(u32),
    I64(u64),
}

/// What a call returns: nothing, a number, or a trap and the C API's exception.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Nothing,
    Number(u64),
    Trap(TrapCode, &'static str),
}

pub const OUT_OF_BOUNDS: Outcome =
    Outcome::Trap(TrapCode::MemoryOutOfBounds, "out of bounds memory access");

/// Calls in this order, and what each returns; both without " itself" and, but for `many`, with it.
pub const CALLS: &[(&str, &[Arg], Outcome)] = {
    use Arg::{I32, I64};
    use Outcome::{Nothing, Number, Trap};
    &[
        ("bytes", &[I32(100), I32(8)], Number(36)),
        ("bytes", &[I32(0), I32(65536)], Number(36 + 532 + 131)),
        ("bytes", &[I32(65536), I32(0)], Number(0)),
        ("bytes", &[I32(0), I32(0)], Number(0)),
        ("bytes", &[I32(65537), I32(0)], OUT_OF_BOUNDS),
        ("bytes", &[I32(0), I32(65537)], OUT_OF_BOUNDS),
        ("bytes", &[I32(65535), I32(2)], OUT_OF_BOUNDS),
        ("bytes", &[I32(u32::MAX), I32(1)], OUT_OF_BOUNDS),
        ("bytes", &[I32(u32::MAX), I32(u32::MAX)], OUT_OF_BOUNDS),
        ("bytes", &[I32(1), I32(u32::MAX)], OUT_OF_BOUNDS),
        ("pairs", &[I32(100), I32(1)], Number(0x0403_0201 + 0x0807_0605)),
        ("pairs", &[I32(65528), I32(1)], Number(0x4241_0000)),
        ("pairs", &[I32(100), I32(0)], Number(0)),
        ("pairs", &[I32(65529), I32(1)], OUT_OF_BOUNDS),
        ("pairs", &[I32(0), I32(8193)], OUT_OF_BOUNDS),
        // As many bytes as 2^32 would wrap to none.
        ("pairs", &[I32(0), I32(0x2000_0000)], OUT_OF_BOUNDS),
        ("pairs", &[I32(8), I32(0x2000_0001)], OUT_OF_BOUNDS),
        ("text", &[I32(108)], Number(5)),
        ("text", &[I32(113)], Number(0)),
        ("text", &[I32(65534)], OUT_OF_BOUNDS),
        ("text", &[I32(65536)], OUT_OF_BOUNDS),
        ("text", &[I32(u32::MAX)], OUT_OF_BOUNDS),
        ("load", &[I32(100)], Number(0x0807_0605_0403_0201)),
        ("load", &[I32(65528)], Number(0x4241 << 48)),
        ("load", &[I32(65529)], OUT_OF_BOUNDS),
        ("load", &[I32(u32::MAX - 3)], OUT_OF_BOUNDS),
        ("maybe", &[I32(0)], Number(u32::MAX as u64)),
        ("maybe", &[I32(100)], Number(0x0403_0201)),
        ("maybe", &[I32(65533)], OUT_OF_BOUNDS),
        ("store", &[I32(65529), I64(1)], OUT_OF_BOUNDS),
        ("store", &[I32(200), I64(0x1122_3344_5566_7788)], Nothing),
        ("load", &[I32(200)], Number(0x1122_3344_5566_7788)),
        ("copy", &[I32(201), I32(8), I32(200), I32(8)], Number(8)),
        ("load", &[I32(201)], Number(0x1122_3344_5566_7788)),
        ("copy", &[I32(65535), I32(2), I32(0), I32(1)], OUT_OF_BOUNDS),
        ("copy", &[I32(0), I32(1), I32(65535), I32(2)], OUT_OF_BOUNDS),
        ("fill", &[I32(200), I32(9), I32(0)], Nothing),
        ("load", &[I32(201)], Number(0)),
        ("fill", &[I32(65536), I32(1), I32(0)], OUT_OF_BOUNDS),
        ("fails", &[], Trap(TrapCode::Host, "out of paper")),
        ("traps", &[], Trap(TrapCode::IntegerOverflow, "integer overflow")),
        ("many", &[], Number(1)),
    ]
};
