//! The modules that the application loads; what their functions do is known to `model`.

use std::sync::OnceLock;

const TEXTS: [&str; 5] = [
    // Everything a call can meet.
    r#"(module
        (import "env" "twice" (func $twice (param i32) (result i32)))
        (import "env" "sum" (func $sum (param i32 i32) (result i32)))
        (import "env" "back" (func $back (param i32) (result i32)))
        (import "env" "missing" (func $missing))
        (memory (export "memory") 1 3)
        (table 4 funcref)
        (elem (i32.const 0) $twice $add $deep)
        (global $g (mut i32) (i32.const 7))
        (data (i32.const 2000) "text\00")
        (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export "add64") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
        (func (export "swap") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
            local.get 3 local.get 2 local.get 1 local.get 0)
        (func (export "trap") unreachable)
        (func (export "div") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
        (func (export "count") (param i32) (result i32)
            (global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g))
        (func (export "spin") (param i32) (result i32) (local i32)
            (loop (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))) (local.get 1))
        (func $deep (export "deep") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0))))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
        (func (export "same") (param externref) (result externref) (local.get 0))
        (func (export "same_func") (param funcref) (result funcref) (local.get 0))
        (func (export "twice") (param i32) (result i32) (call $twice (local.get 0)))
        (func (export "sum") (param i32 i32) (result i32) (call $sum (local.get 0) (local.get 1)))
        (func (export "back") (param i32) (result i32) (call $back (local.get 0)))
        (func (export "missing") (call $missing))
        (func (export "indirect") (param i32 i32) (result i32) (call_indirect (param i32) (result i32) (local.get 0) (local.get 1)))
        (func (export "main") (param i32 i32) (result i32) (i32.load8_u (i32.load (local.get 1)))))"#,
    // An allocator of its own, whose answers are sometimes lies; a small memory.
    r#"(module
        (memory (export "memory") 5000 9000 (pagesize 1))
        (global $next (mut i32) (i32.const 1024))
        (func (export "malloc") (param i32) (result i32) (local i32)
            (if (i32.eq (local.get 0) (i32.const 13)) (then unreachable))
            (if (i32.eq (local.get 0) (i32.const 14)) (then (return (i32.const 4999))))
            (if (i32.eq (local.get 0) (i32.const 15)) (then (return (i32.const -4))))
            (if (i32.eq (local.get 0) (i32.const 16)) (then (drop (memory.grow (i32.const 1000)))))
            (local.set 1 (global.get $next))
            (global.set $next (i32.add (local.get 1) (local.get 0)))
            (local.get 1))
        (func (export "free") (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then unreachable)))
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#,
    // Traps when it starts.
    r#"(module (memory 1) (func $start (drop (i32.load (i32.const -1)))) (start $start))"#,
    // Starts in the application.
    r#"(module
        (import "env" "back" (func $back (param i32) (result i32)))
        (func $start (drop (call $back (i32.const 2))))
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (start $start))"#,
    // No memory, and a segment that does not fit: refused when it is instantiated.
    r#"(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))"#,
];

/// The number of modules.
pub const COUNT: usize = TEXTS.len();

/// Modules of which every instance can be called as `model` says.
pub const RICH: usize = 0;
pub const OWN_MALLOC: usize = 1;
pub const TRAPS_AT_START: usize = 2;
pub const CALLS_AT_START: usize = 3;
pub const UNFIT_SEGMENT: usize = 4;

pub fn binary(number: usize) -> &'static [u8] {
    static BINARIES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let parse = |text: &&str| wat::parse_str(text).expect("the text is a module");
    &BINARIES.get_or_init(|| TEXTS.iter().map(parse).collect())[number]
}

/// Whether a module may have a start function: one that nobody knows might not end.
pub fn may_start(bytes: &[u8]) -> bool {
    let mut at = 8;
    while let Some(&id) = bytes.get(at) {
        at += 1;
        let (mut size, mut shift) = (0usize, 0);
        loop {
            let Some(&byte) = bytes.get(at) else { return false };
            at += 1;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 28 {
                break;
            }
        }
        if id == 8 {
            return true;
        }
        at = at.saturating_add(size);
    }
    false
}
