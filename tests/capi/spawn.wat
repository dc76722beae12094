;; What threads run in tests/capi/spawn.c.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "host" "stop" (func $stop (param i32)))
  (memory (export "memory") 1)
  ;; A buffer of one byte at 16, and its vector.
  (data (i32.const 0) "\10\00\00\00\01\00\00\00")
  (func (export "forever") (param i32) (loop $again (br $again)))
  (func (export "trap") (param i32) unreachable)
  ;; The instruction behind a function that waits is not executed when the program is to end.
  (func (export "read") (param i32)
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    unreachable)
  ;; A byte from standard input to standard output, and as the result.
  (func (export "copy") (param i32) (result i32)
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.load8_u (i32.const 16)))
  ;; Neither calls nor loops behind the native function, which ends its own instance.
  (func (export "stop") (param i32) (call $stop (local.get 0)))
  ;; Adds to a word of the memory.
  (func (export "add") (param i32) (result i32)
    (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (local.get 0)))
    (i32.load (i32.const 64)))
  ;; Calls itself until the stack is full, and counts the calls.
  (global $depth (mut i32) (i32.const 0))
  (func $deep (param i32)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (call $deep (local.get 0)))
  (func (export "deep") (param i32)
    (global.set $depth (i32.const 0))
    (call $deep (local.get 0)))
  (func (export "depth") (param i32) (result i32) (global.get $depth)))
