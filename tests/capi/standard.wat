;; The modules of standard.c, each behind a line with its name.

;; # std_callback
(module
  (import "host" "print" (func $print (param i32) (result i32)))
  (import "host" "closure" (func $closure (result i32)))
  (func (export "run") (param i32 i32) (result i32)
    (i32.add (call $print (i32.add (local.get 0) (local.get 1))) (call $closure))))

;; # std_multi
(module
  (import "" "f" (func $f (param i32 i64 f32 f64 i64) (result i64 f64 f32 i64 i32)))
  (func (export "g") (param i32 i64 f32 f64 i64) (result i64 f64 f32 i64 i32)
    (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))))

;; # std_trap
(module
  (import "" "callback" (func $callback (result i32)))
  (func $inner (result i32) (drop (i32.const 1)) (call $callback))
  (func (export "callback") (result i32) (nop) (call $inner))
  (func (export "unreachable") (result i32) (unreachable) (i32.const 1)))

;; # std_global
(module
  (import "host" "const f32" (global $f32 f32))
  (import "host" "mut i64" (global $i64 (mut i64)))
  (global $own (export "own") (mut f64) (f64.const 3))
  (export "mut i64" (global $i64))
  (func (export "get f32") (result f32) (global.get $f32))
  (func (export "get i64") (result i64) (global.get $i64))
  (func (export "set i64") (param i64) (global.set $i64 (local.get 0)))
  (func (export "get own") (result f64) (global.get $own)))

;; # std_memory
(module
  (memory (export "memory") 2 3)
  (func (export "size") (result i32) (memory.size))
  (func (export "load") (param i32) (result i32) (i32.load8_s (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (data (i32.const 0x1000) "\01\02\03\04"))

;; # std_imported_memory
(module
  (import "" "memory" (memory 1))
  (import "" "table" (table 1 funcref))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "call") (param i32) (result i32) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))

;; # std_table
(module
  (table (export "table") 2 10 funcref)
  (func (export "call_indirect") (param i32 i32) (result i32)
    (call_indirect (param i32) (result i32) (local.get 0) (local.get 1)))
  (func $f (export "f") (param i32) (result i32) (local.get 0))
  (func (export "g") (param i32) (result i32) (i32.const 666))
  (elem (i32.const 1) $f))

;; # std_references
(module
  (import "" "f" (func $f (param externref) (result externref)))
  (import "" "pick" (func $pick (param funcref funcref) (result funcref)))
  (global $kept (export "global") (mut externref) (ref.null extern))
  (table (export "table") 10 20 externref)
  (func (export "set") (param externref) (global.set $kept (local.get 0)))
  (func (export "get") (result externref) (global.get $kept))
  (func (export "table.set") (param i32 externref) (table.set 0 (local.get 0) (local.get 1)))
  (func (export "table.get") (param i32) (result externref) (table.get 0 (local.get 0)))
  (func (export "call") (param externref) (result externref) (call $f (local.get 0)))
  (func (export "pick") (param funcref funcref) (result funcref) (call $pick (local.get 0) (local.get 1))))

;; # std_reflect
(module
  (import "env" "f" (func (param i32 externref) (result f64)))
  (import "env" "m" (memory 1 4))
  (func (export "func") (param i32 f64 f32) (result i32 i64) unreachable)
  (global (export "global") f64 (f64.const 0))
  (table (export "table") 0 50 funcref)
  (export "memory" (memory 0)))

;; # std_start
(module
  (import "" "callback" (func $callback (result i32)))
  (func $start (drop (call $callback)))
  (start $start))

;; # std_same
(module
  (import "" "f" (func $f (result i32)))
  (import "" "g" (global $g i32))
  (export "f" (func $f))
  (export "g" (global $g)))
