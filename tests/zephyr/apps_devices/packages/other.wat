;; Runs beside `devices`: what that one has open is not to be had, and its settings are not there.
(module
  (import "gpio" "open" (func $gpio_open (param i32 i32) (result i32)))
  (import "gpio" "set_inactive" (func $set_inactive (param i32) (result i32)))
  (import "gpio" "close" (func $gpio_close (param i32) (result i32)))
  (import "keyvalue" "exists" (func $exists (param i32) (result i32)))
  (import "keyvalue" "set" (func $set (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "led0\00")
  (data (i32.const 112) "key\00")
  (data (i32.const 120) "0\00")
  (func $is (param $left i32) (param $right i32)
    (if (i32.ne (local.get $left) (local.get $right)) (then unreachable)))
  (func (export "on_init")
    (local $number i32)
    (call $is (call $gpio_open (i32.const 16) (i32.const 1)) (i32.const -3))
    (local.set $number (i32.const 10))
    (loop $each
      (call $is (call $set_inactive (local.get $number)) (i32.const -1))
      (call $is (call $gpio_close (local.get $number)) (i32.const -1))
      (local.set $number (i32.sub (local.get $number) (i32.const 1)))
      (br_if $each (i32.ge_s (local.get $number) (i32.const -1))))
    (call $is (call $exists (i32.const 112)) (i32.const 0))
    ;; Keys 0 to 7, and no ninth.
    (loop $each
      (call $is (call $set (i32.const 120) (i32.const 16) (i32.const 4)) (i32.const 0))
      (i32.store8 (i32.const 120) (i32.add (i32.load8_u (i32.const 120)) (i32.const 1)))
      (br_if $each (i32.lt_u (i32.load8_u (i32.const 120)) (i32.const 56))))
    (call $is (call $set (i32.const 120) (i32.const 16) (i32.const 4)) (i32.const -7))))
