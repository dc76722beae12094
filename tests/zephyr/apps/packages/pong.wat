;; Answers each event `y` with the event `x`.
(module
  (import "env" "wasm_sub_event" (func $subscribe (param i32)))
  (import "env" "wasm_post_request" (func $post (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "y\00")
  ;; Version, event; format, number, sender; length of the URL, of the payload; the URL.
  (data (i32.const 128) "\01\06\00\00\00\00\00\00\00\00\00\00\00\02\00\00\00\00x\00")
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "free") (param i32))
  (func (export "on_init") (call $subscribe (i32.const 64)))
  (func (export "on_request") (param i32) (param i32)
    (call $post (i32.const 128) (i32.const 20))))
