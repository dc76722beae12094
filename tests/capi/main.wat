;; main(argc, argv) = the sum of the arguments' lengths + 100 * argc.
(module
  (memory (export "memory") 1)
  (global i64 (i64.const 5))
  (table 4 funcref)
  (elem (i32.const 1) $length)
  (func $length (param $text i32) (result i32)
    (local $len i32)
    (loop $next
      (if (i32.load8_u (i32.add (local.get $text) (local.get $len)))
        (then (local.set $len (i32.add (local.get $len) (i32.const 1))) (br $next))))
    (local.get $len))
  (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "main") (param $argc i32) (param $argv i32) (result i32)
    (local $sum i32)
    (local.set $sum (i32.mul (local.get $argc) (i32.const 100)))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $argc)))
        (local.set $sum (i32.add (local.get $sum) (call_indirect (param i32) (result i32) (i32.load (local.get $argv)) (i32.const 1))))
        (local.set $argv (i32.add (local.get $argv) (i32.const 4)))
        (local.set $argc (i32.sub (local.get $argc) (i32.const 1)))
        (br $next)))
    (local.get $sum)))
