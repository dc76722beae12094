;; What does not come back by itself, and memory that grows.
(module
  (memory (export "memory") 64 4096 (pagesize 1))
  (global $count (mut i32) (i32.const 0))
  (func (export "forever")
    (loop $again
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (br $again)))
  (func (export "count") (result i32) (global.get $count))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size)))
