;; Keeps values in floating-point registers for long, so that a context switch that loses them changes the result.
(module
  (import "env" "scale" (func $scale (param f32 f64) (result f64)))
  (func (export "run") (param $rounds i32) (param $start f64) (result f64)
    (local $sum f64)
    (local $small f32)
    (local.set $sum (local.get $start))
    (local.set $small (f32.const 1.5))
    (loop $next
      (local.set $sum
        (f64.sqrt (f64.add (f64.mul (local.get $sum) (local.get $sum)) (local.get $start))))
      (local.set $small
        (f32.add (f32.div (f32.const 1) (local.get $small)) (f32.const 0.25)))
      (local.set $sum (call $scale (local.get $small) (local.get $sum)))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $next (local.get $rounds)))
    (local.get $sum)))
