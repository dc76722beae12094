;; Three functions with the same loop, which runs once, twice and three times as often: they take a
;; sixth, a third and a half of the time, in each mode.
(module
  (func $one (param $n i32) (result i32) (local $x i32)
    (loop $again
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 5)) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func $two (param $n i32) (result i32) (local $x i32)
    (loop $again
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 5)) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func $three (param $n i32) (result i32) (local $x i32)
    (loop $again
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 5)) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "run") (param $rounds i32) (result i32) (local $x i32)
    (loop $again
      (local.set $x (i32.add (local.get $x) (call $one (i32.const 1000))))
      (local.set $x (i32.add (local.get $x) (call $two (i32.const 2000))))
      (local.set $x (i32.add (local.get $x) (call $three (i32.const 3000))))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $x))
  ;; 129 instructions, with neither a call nor a loop, and a loop around its call.
  (func $leaf (param $n i32) (result i32)
    local.get $n
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor
    i32.const 3 i32.add i32.const 5 i32.mul i32.const 7 i32.add local.get $n i32.xor)
  (func (export "leaves") (param $rounds i32) (result i32) (local $x i32)
    (loop $again
      (local.set $x (call $leaf (local.get $x)))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $x)))
