;; Never returns from its handler.
(module
  (memory (export "memory") 1)
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "free") (param i32))
  (func (export "on_init"))
  (func (export "on_request") (param i32 i32) (loop (br 0))))
