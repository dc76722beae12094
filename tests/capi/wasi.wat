;; What a program of WASI was given, as numbers.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get"
    (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_addr_resolve"
    (func $resolve (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_open" (func $socket (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_bind" (func $bind (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "inside\00../outside\00localhost\00\00")
  ;; Address 127.0.0.1, any port.
  (data (i32.const 128) "\00\00\00\00\7f\00\00\01\00\00")
  ;; The number of arguments, and the last byte of the last one.
  (func (export "args") (result i32)
    (call $args_sizes (i32.const 0) (i32.const 4)) drop
    (call $args (i32.const 256) (i32.const 512)) drop
    (i32.load8_u (i32.add (i32.const 510) (i32.load (i32.const 4))))
    (i32.mul (i32.load (i32.const 0)) (i32.const 256))
    i32.add)
  (func (export "env") (result i32)
    (call $environ_sizes (i32.const 0) (i32.const 4)) drop
    (call $environ (i32.const 256) (i32.const 512)) drop
    (i32.load8_u (i32.add (i32.const 510) (i32.load (i32.const 4))))
    (i32.mul (i32.load (i32.const 0)) (i32.const 256))
    i32.add)
  ;; Error numbers: of the first preopened directory, of a file in it, and of one beside it.
  (func (export "directory") (result i32) (call $prestat (i32.const 3) (i32.const 0)))
  (func (export "inside") (result i32)
    (call $stat (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 6) (i32.const 1024)))
  (func (export "outside") (result i32)
    (call $stat (i32.const 3) (i32.const 0) (i32.const 71) (i32.const 10) (i32.const 1024)))
  (func (export "lookup") (result i32)
    (call $resolve (i32.const 82) (i32.const 92) (i32.const 200) (i32.const 1024) (i32.const 4) (i32.const 0)))
  (func (export "bind") (result i32)
    (call $socket (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)) drop
    (call $bind (i32.load (i32.const 0)) (i32.const 128)))
  (func (export "leave") (param i32) (call $exit (local.get 0))))
