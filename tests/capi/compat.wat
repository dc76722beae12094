;; Modules for tests/capi/compat.c, each behind a line with its name.
;; # fitted
;; As the linker makes a C program: data and stack end at __heap_base. sum(at, len) adds bytes.
(module
  (memory (export "memory") 1)
  (global (mut i32) (i32.const 4096))
  (global (export "__data_end") i32 (i32.const 1100))
  (global (export "__heap_base") i32 (i32.const 4096))
  (data (i32.const 1024) "\01\02\03\04")
  (func (export "sum") (param i32 i32) (result i32) (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get 1)))
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.add (local.get 0) (local.get 1)))))
        (br $next)))
    (local.get $sum)))
;; # sized
;; The same, but it may ask for its size.
(module
  (memory (export "memory") 1)
  (global (mut i32) (i32.const 4096))
  (global (export "__data_end") i32 (i32.const 1100))
  (global (export "__heap_base") i32 (i32.const 4096))
  (func (export "size") (result i32) (memory.size)))
;; # unfit
;; The stack lies behind the heap's base: the symbols are no linker's.
(module
  (memory (export "memory") 1)
  (global (mut i32) (i32.const 8192))
  (global (export "__data_end") i32 (i32.const 1100))
  (global (export "__heap_base") i32 (i32.const 4096)))
;; # varied
;; The heap's base can change: the symbol is no linker's.
(module
  (memory (export "memory") 1)
  (global (mut i32) (i32.const 4096))
  (global (export "__data_end") i32 (i32.const 1100))
  (global (export "__heap_base") (mut i32) (i32.const 4096)))
;; # stackless
;; The first global can not change, so it is no stack pointer.
(module
  (memory (export "memory") 1)
  (global (export "__heap_base") i32 (i32.const 4096))
  (global (export "__data_end") i32 (i32.const 1100)))
;; # lent
;; Memory and table come from outside.
(module
  (import "env" "memory" (memory 1 2))
  (import "env" "__indirect_function_table" (table 3 funcref))
  (data (i32.const 100) "zonda\00")
  (elem (i32.const 1) $two)
  (func $two (result i32) (i32.const 2))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
;; # lent_twice
(module (import "env" "memory" (memory 1)) (import "env" "memory" (memory 2)))
;; # lent_tables
(module
  (import "env" "__indirect_function_table" (table 1 funcref))
  (import "env" "__indirect_function_table" (table 1 funcref)))
;; # lent_global
(module (import "env" "memory" (global i32)))
;; # ctors
;; Counts what ran before anybody called: each step multiplies by ten and adds its number.
(module
  (global $seen (mut i32) (i32.const 0))
  (func $step (param i32) (global.set $seen (i32.add (i32.mul (global.get $seen) (i32.const 10)) (local.get 0))))
  (func $start (call $step (i32.const 1)))
  (start $start)
  (func (export "_initialize") (call $step (i32.const 2)))
  (func (export "__post_instantiate") (call $step (i32.const 3)))
  (func (export "__wasm_call_ctors") (call $step (i32.const 4)))
  (func (export "seen") (result i32) (global.get $seen)))
;; # reactor
;; The same with an import of WASI.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (global $seen (mut i32) (i32.const 0))
  (func $step (param i32) (global.set $seen (i32.add (i32.mul (global.get $seen) (i32.const 10)) (local.get 0))))
  (func $start (call $step (i32.const 1)))
  (start $start)
  (func (export "_initialize") (call $step (i32.const 2)))
  (func (export "__post_instantiate") (call $step (i32.const 3)))
  (func (export "__wasm_call_ctors") (call $step (i32.const 4)))
  (func (export "seen") (result i32) (global.get $seen)))
;; # bad_ctors
(module (func (export "__wasm_call_ctors") (unreachable)))
;; # odd_ctors
;; Another type: it is not called.
(module (func (export "__wasm_call_ctors") (param i32) (unreachable)))
;; # command
(module
  (global $seen (mut i32) (i32.const 0))
  (func (export "_start") (global.set $seen (i32.const 7)))
  (func (export "main") (result i32) (unreachable))
  (func (export "seen") (result i32) (global.get $seen))
  (func (export "trap") (unreachable)))
;; # main_result
(module
  (memory (export "memory") 1)
  (func (export "main") (param i32 i32) (result i32) (i32.add (local.get 0) (i32.const 40))))
;; # main_plain
(module
  (memory (export "memory") 1)
  (global $seen (mut i32) (i32.const 0))
  (func (export "main") (param i32 i32) (global.set $seen (local.get 0)))
  (func (export "seen") (result i32) (global.get $seen)))
;; # main_bare
(module (func (export "main") (result i32) (i32.const 5)))
;; # ticking
;; An imported function that is exported, and one that calls it, the second time in place of returning.
(module
  (import "env" "tick" (func $tick))
  (export "tick" (func $tick))
  (func (export "twice") (call $tick) (return_call $tick)))

;; # objects
(module
  (memory (export "memory") 1 3)
  (global (export "count") (mut i64) (i64.const 0x100000002))
  (global (export "fixed") f32 (f32.const 1))
  (table (export "table") 4 9 funcref)
  (elem (i32.const 1) $sum)
  (func $sum (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "count_low") (result i32) (i32.wrap_i64 (global.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "mix") (param i32 i64 f32 f64) (result f64)
    (f64.add (f64.mul (f64.convert_i32_s (local.get 0)) (f64.const 1000))
      (f64.add (f64.mul (f64.convert_i64_s (local.get 1)) (f64.const 100))
        (f64.add (f64.mul (f64.promote_f32 (local.get 2)) (f64.const 10)) (local.get 3))))))
;; # reflected
(module
  (import "env" "known" (func (param i32) (result i32)))
  (import "env" "unknown" (func (param i64 f32 f64 externref funcref) (result f32 i64)))
  (import "env" "table" (table 3 externref))
  (import "env" "memory" (memory 2 7))
  (import "other" "global" (global f64))
  (table 1 funcref)
  (global (mut i32) (i32.const 0))
  (func)
  (export "f" (func 2))
  (export "g" (global 1))
  (export "" (table 1)))
;; # long_types
;; Types of (i64 f64 ...) to (i32 ... f32), with 130, 2, 0 and 127 parameters and 1, 1, 300 and 128 results; the numbers of
;; the second one, and the number of parameters of the third one, take more bytes than they need.
(module binary
  "\00\61\73\6d\01\00\00\00\01\c8\05\04\60\82\01\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e"
  "\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e"
  "\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e"
  "\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e"
  "\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\01\7d\60\82\80\80\80\00\7e\7c\81\80\00\7d\60"
  "\80\00\ac\02\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7d\60\7f\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c"
  "\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c"
  "\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c"
  "\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c"
  "\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\7c\7e\80\01\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f"
  "\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7f\7d\03\05\04\00\01\02\03\07\11\04\01\61\00"
  "\00\01\62\00\01\01\63\00\02\01\64\00\03\0a\11\04\03\00\00\0b\03\00\00\0b\03\00\00\0b\03\00\00\0b")
;; # references
(module
  (import "env" "swap" (func $swap (param externref externref) (result externref)))
  (func (export "swap") (param externref externref) (result externref) (call $swap (local.get 0) (local.get 1)))
  (func (export "same") (param externref) (result externref) (local.get 0)))
;; # raw
(module
  (import "env" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
  (import "env" "length" (func $length (param i32) (result i32)))
  (import "env" "fail" (func $fail))
  (memory (export "memory") 1)
  (data (i32.const 8) "zonda\00")
  (func (export "mix") (result i32)
    (i32.trunc_f64_s (call $mix (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))))
  (func (export "length") (param i32) (result i32) (call $length (local.get 0)))
  (func (export "fail") (call $fail)))
;; # stacked
(module
  (import "env" "has_stack" (func $has_stack (param i32) (result i32)))
  (func (export "has_stack") (param i32) (result i32) (call $has_stack (local.get 0))))
