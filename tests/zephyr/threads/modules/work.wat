;; Work for many threads: what ends with a value that C can compute, what traps, and what never ends.
(module
  (type $endless (func))
  (import "env" "pause" (func $pause (param i32) (result i32)))
  (import "env" "sum" (func $sum (param i32 i32) (result i32)))
  (memory (export "memory") 64 256 (pagesize 1))
  (table 1 funcref)
  (elem (i32.const 0) $spin_indirect)
  (global $turns (export "turns") (mut i32) (i32.const 0))

  ;; `turns` steps of a linear congruential generator, each kept in memory for a while; gives the exclusive or of all of them.
  (func (export "mix") (param $seed i32) (param $turns i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (i32.and (i32.shl (local.get $turns) (i32.const 2)) (i32.const 60)) (local.get $seed))
      (local.set $sum (i32.xor (local.get $sum) (i32.load (i32.and (i32.shl (local.get $turns) (i32.const 2)) (i32.const 60)))))
      (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
    (local.get $sum))

  ;; 1 + 2 + … + n by calls, so that a large n overflows the operand stack.
  (func $triangle (export "triangle") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (local.get 0) (call $triangle (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))

  ;; The host lets other threads run and gives n + 1; then it sums bytes in memory.
  (func (export "pause") (param i32) (result i32) (call $pause (local.get 0)))
  (func (export "sum") (param $byte i32) (result i32)
    (memory.fill (i32.const 0) (local.get $byte) (i32.const 64))
    (call $sum (i32.const 0) (i32.const 64)))
  ;; The range that the host is given does not lie in memory.
  (func (export "sum_beyond") (result i32) (call $sum (i32.const 60) (i32.const 1000)))

  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))

  (func (export "divide") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 0)))
  (func (export "unreachable") (unreachable))
  (func (export "beyond") (result i32) (i32.load (i32.const 0x10000)))

  ;; Three ways to run for ever.
  (func (export "spin")
    (loop $again
      (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
      (br $again)))
  (func $spin_indirect (export "spin_indirect") (return_call_indirect (type $endless) (i32.const 0)))
  (func (export "spin_and_pause")
    (loop $again
      (drop (call $pause (i32.const 1)))
      (br $again))))
