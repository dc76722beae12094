;; The older exceptions: try, catch, catch_all, rethrow, delegate (exception-handling proposal,
;; legacy/Exceptions.md). The official suite does not have them any more.

(module $throwers
  (tag $e (export "e"))
  (tag $i (export "i") (param i32))
  (func (export "throw") (param i32)
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e)))
    (if (i32.ne (local.get 0) (i32.const 0)) (then (throw $i (local.get 0))))))
(register "throwers")

(module
  (tag $e (import "throwers" "e"))
  (tag $i (import "throwers" "i") (param i32))
  (func $imported (import "throwers" "throw") (param i32))
  (tag $own)
  (tag $wide (param i64 f32 i32))
  (func $throw-if (param i32) (if (local.get 0) (then (throw $e))))
  (func $throw-wide (param i64) (throw $wide (local.get 0) (f32.const 1.5) (i32.const 7)))

  ;; Reached from before, a clause is skipped; operands below stay.
  (func (export "passed") (param i32) (result i32)
    (i32.const 1000)
    try (result i32)
      (call $throw-if (local.get 0))
      (i32.const 1)
    catch $own
      (i32.const 2)
    catch $e
      (i32.const 3)
    catch_all
      (i32.const 4)
    end
    i32.add)

  ;; Clauses in their order, the tags of another instance, and catch_all for what is left.
  (func (export "clauses") (param i32) (result i32)
    try (result i32)
      (call $imported (local.get 0))
      (i32.const 1)
    catch $own
      (i32.const 2)
    catch $i
      (i32.add (i32.const 100))
    catch_all
      (i32.const 4)
    end)

  ;; No clause at all, and none that fits.
  (func (export "without") (param i32) (result i32)
    try (result i32)
      try
        (call $throw-if (local.get 0))
      end
      (i32.const 1)
    catch_all
      (i32.const 2)
    end)
  (func (export "unfit") (param i32) (result i32)
    try (result i32)
      try
        (call $throw-if (local.get 0))
      catch $own
        (return (i32.const 9))
      end
      (i32.const 1)
    catch_all
      (i32.const 2)
    end)

  ;; Values of several types, which branches carry to the label of the try.
  (func (export "values") (param i64) (result i64 i32)
    try (result i64 i32)
      (call $throw-wide (local.get 0))
      (unreachable)
    catch $wide
      (if (i32.ne (i32.const 7)) (then (unreachable)))
      (if (f32.ne (f32.const 1.5)) (then (unreachable)))
      (i32.const 5)
      (br 0)
    end)

  ;; A block with parameters; a clause does not get them.
  (func (export "params") (param i32) (result i32)
    (local.get 0)
    try (param i32) (result i32)
      (if (result i32) (then (throw $i (i32.const 6))) (else (i32.const 5)))
    catch $i
      (i32.mul (i32.const 10))
    end)

  ;; A clause throws: its own try does not catch that, in any of its clauses.
  (func (export "in-clause") (param i32) (result i32)
    try (result i32)
      try (result i32)
        (throw $e)
      catch $e
        (call $imported (local.get 0))
        (i32.const 1)
      catch $i
        (drop)
        (i32.const 2)
      catch_all
        (i32.const 3)
      end
    catch $i
      (i32.add (i32.const 200))
    catch_all
      (i32.const 4)
    end)

  ;; A try in each part of a try.
  (func (export "nested") (param i32 i32) (result i32)
    try (result i32)
      try
        (call $imported (local.get 0))
      catch $e
        (local.set 1 (i32.add (local.get 1) (i32.const 10)))
      end
      (call $throw-if (local.get 1))
      (i32.const 1)
    catch $i
      try (param i32) (result i32)
        (drop)
        (throw $e)
      catch $e
        (call $imported (local.get 1))
        (i32.const 20)
      end
    catch $e
      try (result i32)
        (throw $wide (i64.const 1) (f32.const 2) (i32.const 3))
      catch $e
        (i32.const 30)
      catch $wide
        (drop)
        (drop)
        (drop)
        (i32.const 31)
      end
    end)

  ;; A loop through a clause.
  (func (export "again") (param i32) (result i32) (local i32)
    loop $l
      try
        (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (call $throw-if (local.get 0))
      catch_all
        (br $l)
      end
    end
    (local.get 1))

  ;; Branches out of what is covered, and to the label of the try.
  (func (export "out") (param i32) (result i32)
    block $out (result i32)
      try $t
        (br_if $out (i32.const 5) (i32.eq (local.get 0) (i32.const 1)))
        (drop)
        (br_if $t (i32.eq (local.get 0) (i32.const 2)))
        (call $throw-if (i32.eq (local.get 0) (i32.const 4)))
      catch_all
        (br $out (i32.const 6))
      end
      (call $throw-if (i32.eq (local.get 0) (i32.const 3)))
      (i32.const 7)
    end)

  ;; Code that is not reached.
  (func (export "dead") (result i32)
    (return (i32.const 1))
    try (result i32)
      try (result i32)
        (throw $e)
      delegate 0
    catch $i
      (rethrow 0)
    catch_all
      try (result i32)
        (i32.const 1)
      catch $e
        (rethrow 1)
      end
    end))

(assert_return (invoke "passed" (i32.const 0)) (i32.const 1001))
(assert_return (invoke "passed" (i32.const 1)) (i32.const 1003))
(assert_return (invoke "clauses" (i32.const 0)) (i32.const 1))
(assert_return (invoke "clauses" (i32.const 1)) (i32.const 4))
(assert_return (invoke "clauses" (i32.const 7)) (i32.const 107))
(assert_return (invoke "without" (i32.const 0)) (i32.const 1))
(assert_return (invoke "without" (i32.const 1)) (i32.const 2))
(assert_return (invoke "unfit" (i32.const 0)) (i32.const 1))
(assert_return (invoke "unfit" (i32.const 1)) (i32.const 2))
(assert_return (invoke "values" (i64.const -3)) (i64.const -3) (i32.const 5))
(assert_return (invoke "params" (i32.const 0)) (i32.const 5))
(assert_return (invoke "params" (i32.const 1)) (i32.const 60))
(assert_return (invoke "in-clause" (i32.const 0)) (i32.const 1))
(assert_return (invoke "in-clause" (i32.const 1)) (i32.const 4))
(assert_return (invoke "in-clause" (i32.const 7)) (i32.const 207))
(assert_return (invoke "nested" (i32.const 0) (i32.const 0)) (i32.const 1))
(assert_return (invoke "nested" (i32.const 1) (i32.const 0)) (i32.const 31))
(assert_return (invoke "nested" (i32.const 7) (i32.const 0)) (i32.const 20))
(assert_exception (invoke "nested" (i32.const 7) (i32.const 7)))
(assert_return (invoke "again" (i32.const 5)) (i32.const 15))
(assert_return (invoke "out" (i32.const 0)) (i32.const 7))
(assert_return (invoke "out" (i32.const 1)) (i32.const 5))
(assert_return (invoke "out" (i32.const 2)) (i32.const 7))
(assert_return (invoke "out" (i32.const 4)) (i32.const 6))
(assert_exception (invoke "out" (i32.const 3)))
(assert_return (invoke "dead") (i32.const 1))

;; rethrow.
(module
  (tag $e)
  (tag $i (param i32))
  (tag $j (param i32))
  (func $throw-i (param i32) (throw $i (local.get 0)))

  ;; What was caught by an outer clause, out of inner ones.
  (func $inner (param i32) (result i32)
    try $a (result i32)
      (call $throw-i (i32.const 1))
      (i32.const 0)
    catch $i
      try $b (param i32) (result i32)
        (drop)
        (throw $j (i32.const 2))
      catch $j
        try $c (param i32) (result i32)
          (drop)
          (throw $e)
        catch_all
          (if (i32.eq (local.get 0) (i32.const 0)) (then (rethrow $a)))
          (if (i32.eq (local.get 0) (i32.const 1)) (then (rethrow $b)))
          (if (i32.eq (local.get 0) (i32.const 2)) (then (rethrow $c)))
          (i32.const 3)
        end
      end
    end)
  (func (export "levels") (param i32) (result i32)
    try (result i32)
      (call $inner (local.get 0))
    catch $i
      (i32.add (i32.const 10))
    catch $j
      (i32.add (i32.const 20))
    catch $e
      (i32.const 30)
    end)

  ;; The value is what was caught, not what the clause has done with it since.
  (func (export "value") (result i32) (local i64)
    (local.set 0 (i64.const 0x123456789))
    try (result i32)
      try
        (throw $i (i32.const 41))
      catch $i
        (local.set 0 (i64.extend_i32_u))
        (call $clobber (i64.const -1))
        (rethrow 0)
      end
      (i32.const 0)
    catch $i
      (i32.add (i32.wrap_i64 (local.get 0)))
    end)
  (func $clobber (param i64) (local i64 i64 i64 i64) (local.set 1 (local.get 0)) (local.set 2 (local.get 0)) (local.set 3 (local.get 0)) (local.set 4 (local.get 0)))

  ;; A clause is entered again with another exception.
  (func (export "each") (param i32) (result i32) (local i32)
    loop $l
      try
        try
          (call $throw-i (local.get 0))
        catch_all
          (rethrow 0)
        end
      catch $i
        (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 10))))
      catch_all
        (unreachable)
      end
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $l (local.get 0))
    end
    (local.get 1))

  ;; Recursion: each call has its own.
  (func $down (param i32)
    try
      (if (i32.eqz (local.get 0)) (then (throw $e)))
      (call $throw-i (local.get 0))
    catch $i
      try (param i32)
        (call $down (i32.sub (i32.const 1)))
      catch $i
        (drop)
        (rethrow 1)
      catch $e
        (rethrow 1)
      end
    end)
  (func (export "down") (param i32) (result i32)
    try (result i32)
      (call $down (local.get 0))
      (i32.const 0)
    catch $i
    catch_all
      (i32.const -1)
    end)

  (func (export "uncaught")
    try
      (throw $i (i32.const 3))
    catch_all
      (rethrow 0)
    end)

  ;; Around it a try_table, and in it.
  (func (export "table-around") (result i32)
    block $h (result i32)
      try_table (result i32) (catch $i $h)
        try (result i32)
          (call $throw-i (i32.const 8))
          (i32.const 0)
        catch_all
          (rethrow 0)
        end
      end
    end)
  (func (export "table-inside") (result i32)
    try $t (result i32)
      (try_table (catch $j 0) (call $throw-i (i32.const 9)))
      (unreachable)
    catch $i
      (block $h (param i32) (result i32) (try_table (param i32) (catch $i $h) (drop) (rethrow $t)) (unreachable))
    end))

(assert_return (invoke "levels" (i32.const 0)) (i32.const 11))
(assert_return (invoke "levels" (i32.const 1)) (i32.const 22))
(assert_return (invoke "levels" (i32.const 2)) (i32.const 30))
(assert_return (invoke "levels" (i32.const 3)) (i32.const 3))
(assert_return (invoke "value") (i32.const 82))
(assert_return (invoke "each" (i32.const 4)) (i32.const 4321))
(assert_return (invoke "down" (i32.const 0)) (i32.const -1))
(assert_return (invoke "down" (i32.const 1)) (i32.const 1))
(assert_return (invoke "down" (i32.const 9)) (i32.const 9))
(assert_exception (invoke "uncaught"))
(assert_return (invoke "table-around") (i32.const 8))
(assert_return (invoke "table-inside") (i32.const 9))

;; delegate.
(module
  (tag $e)
  (tag $i (param i32))
  (func $throw-e (throw $e))
  (func $throw-if (param i32) (if (local.get 0) (then (throw $e))))

  ;; To the try around, past one between, to a block, to the caller.
  (func (export "around") (param i32) (result i32)
    try $t (result i32)
      try (result i32)
        (call $throw-if (local.get 0))
        (i32.const 1)
      delegate $t
    catch $e
      (i32.const 2)
    end)
  (func (export "past") (result i32)
    try $t (result i32)
      try (result i32)
        try (result i32)
          (call $throw-e)
          (i32.const 1)
        delegate $t
      catch_all
        (i32.const 2)
      end
    catch $i
    catch $e
      (i32.const 3)
    end)
  (func (export "block") (result i32)
    try (result i32)
      block $b
        try
          try
            (call $throw-e)
          delegate $b
        catch_all
          (return (i32.const 1))
        end
      end
      (i32.const 2)
    catch_all
      (i32.const 3)
    end)
  (func $to-caller (param i32)
    try
      try
        (call $throw-if (local.get 0))
      delegate 1
    catch_all
    end)
  (func (export "caller") (param i32) (result i32)
    try (result i32)
      (call $to-caller (local.get 0))
      (i32.const 1)
    catch_all
      (i32.const 2)
    end)

  ;; Only what it covers: code before and behind it, in the same try, is caught there.
  (func (export "beside") (param i32) (result i32)
    try $t (result i32)
      try (result i32)
        (call $throw-if (i32.eq (local.get 0) (i32.const 1)))
        try
          (call $throw-if (i32.eq (local.get 0) (i32.const 2)))
        delegate $t
        try
          (nop)
        delegate $t
        (call $throw-if (i32.eq (local.get 0) (i32.const 3)))
        (i32.const 10)
      catch $e
        (i32.const 11)
      end
    catch $e
      (i32.const 12)
    end)

  ;; A try in it catches first; what that does not catch is delegated.
  (func (export "inside") (param i32) (result i32)
    try $t (result i32)
      try (result i32)
        try (result i32)
          try (result i32)
            (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $i (i32.const 5))))
            (call $throw-if (local.get 0))
            (i32.const 0)
          catch $i
          end
        delegate $t
      catch_all
        (i32.const 20)
      end
    catch_all
      (i32.const 21)
    end)

  ;; To a try in whose clause it stands: to the next one around.
  (func (export "clause") (result i32)
    try (result i32)
      try $t (result i32)
        (throw $e)
      catch $e
        try (result i32)
          (throw $i (i32.const 1))
        delegate $t
      catch_all
        (i32.const 2)
      end
    catch $i
      (i32.add (i32.const 30))
    end)

  ;; One after the other, and to a delegate.
  (func (export "chain") (result i32)
    try $o (result i32)
      try (result i32)
        try $m (result i32)
          try (result i32)
            (call $throw-e)
            (i32.const 0)
          delegate $m
        delegate $o
      catch_all
        (i32.const 40)
      end
    catch_all
      (i32.const 41)
    end)

  ;; Operands below it, and results.
  (func (export "operands") (param i32) (result i32 i64)
    (i32.const 50)
    (i64.const 51)
    try (param i64) (result i64)
      (br_if 0 (local.get 0))
      (i64.add (i64.const 1))
    delegate 0)

  ;; To a try_table, and past one.
  (func (export "table") (result i32)
    block $h
      try_table $t (catch $e $h)
        try
          try
            (call $throw-e)
          delegate $t
        catch_all
          (return (i32.const 60))
        end
      end
      (return (i32.const 61))
    end
    (i32.const 62))
  (func (export "past-table") (result i32)
    try $o (result i32)
      block $h
        try_table (catch_all $h)
          try
            (call $throw-e)
          delegate $o
        end
      end
      (i32.const 70)
    catch_all
      (i32.const 71)
    end)

  ;; A tail call leaves the function: nothing of it catches.
  (func (export "tail") (result i32)
    try (result i32)
      (return_call $tail)
    catch_all
      (i32.const 80)
    end)
  (func $tail (result i32) (call $throw-e) (i32.const 81))

  ;; With a rethrow.
  (func (export "rethrow") (result i32)
    try (result i32)
      try $t (result i32)
        (throw $i (i32.const 9))
      catch $i
        (drop)
        try $u (result i32)
          try (result i32)
            (rethrow $t)
          delegate $u
        catch $e
          (i32.const 90)
        end
      end
    catch $i
      (i32.add (i32.const 90))
    end))

(assert_return (invoke "around" (i32.const 0)) (i32.const 1))
(assert_return (invoke "around" (i32.const 1)) (i32.const 2))
(assert_return (invoke "past") (i32.const 3))
(assert_return (invoke "block") (i32.const 3))
(assert_return (invoke "caller" (i32.const 0)) (i32.const 1))
(assert_return (invoke "caller" (i32.const 1)) (i32.const 2))
(assert_return (invoke "beside" (i32.const 0)) (i32.const 10))
(assert_return (invoke "beside" (i32.const 1)) (i32.const 11))
(assert_return (invoke "beside" (i32.const 2)) (i32.const 12))
(assert_return (invoke "beside" (i32.const 3)) (i32.const 11))
(assert_return (invoke "inside" (i32.const 0)) (i32.const 0))
(assert_return (invoke "inside" (i32.const 1)) (i32.const 5))
(assert_return (invoke "inside" (i32.const 2)) (i32.const 21))
(assert_return (invoke "clause") (i32.const 31))
(assert_return (invoke "chain") (i32.const 41))
(assert_return (invoke "operands" (i32.const 0)) (i32.const 50) (i64.const 52))
(assert_return (invoke "operands" (i32.const 1)) (i32.const 50) (i64.const 51))
(assert_return (invoke "table") (i32.const 62))
(assert_return (invoke "past-table") (i32.const 71))
(assert_exception (invoke "tail"))
(assert_return (invoke "rethrow") (i32.const 99))

;; A function with a large frame, which has the long encoding in fast mode.
(module
  (tag $i (param i32))
  (func $large (export "large") (param i32) (result i32)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64)
    (local $last i32)
    (local.set $last (i32.const 5))
    try (result i32)
      try (result i32)
        (throw $i (local.get 0))
      catch $i
        try (param i32)
          (drop)
          (throw $i (i32.const 77))
        catch $i
          (drop)
          (rethrow 1)
        end
        (i32.const 1)
      end
    catch $i
      (i32.add (local.get $last))
    end))
(assert_return (invoke "large" (i32.const 11)) (i32.const 16))

;; Not valid.
(assert_invalid (module (func (rethrow 0))) "invalid rethrow label")
(assert_invalid (module (func (block (rethrow 0)))) "invalid rethrow label")
(assert_invalid
  (module
    (func
      try
        (rethrow 0)
      delegate 0))
  "invalid rethrow label")
(assert_invalid
  (module
    (func
      try
        (rethrow 0)
      catch_all
      end))
  "invalid rethrow label")
(assert_invalid
  (module
    (func
      try
      catch_all
        (block (rethrow 0))
      end))
  "invalid rethrow label")
(assert_invalid
  (module
    (func
      try
      catch_all
        (rethrow 2)
      end))
  "unknown label")
(assert_invalid
  (module
    (func
      try
      catch_all
        try
          (rethrow 0)
        catch_all
        end
      end))
  "invalid rethrow label")
(assert_invalid
  (module
    (func
      try
      delegate 1))
  "unknown label")
(assert_invalid
  (module
    (func
      try
      catch 0
      end))
  "unknown tag")
(assert_invalid
  (module
    (func (result i32)
      try (result i32)
      end))
  "type mismatch")
(assert_invalid
  (module
    (func (result i32)
      try (result i32)
        (i64.const 42)
      end))
  "type mismatch")
(assert_invalid
  (module
    (func (result i32)
      try (result i32)
      delegate 0))
  "type mismatch")
(assert_invalid
  (module
    (tag)
    (func
      try
      catch 0
        (i32.const 42)
      end))
  "type mismatch")
(assert_invalid
  (module
    (tag (param i64))
    (func (result i32)
      try (result i32)
        (i32.const 42)
      catch 0
      end))
  "type mismatch")
(assert_invalid
  (module
    (tag (param i64))
    (func
      try
      catch 0
        (drop)
        (drop)
      end))
  "type mismatch")
(assert_invalid
  (module
    (func
      try
      catch_all
        (i32.const 42)
      end))
  "type mismatch")
(assert_invalid
  (module
    (func (param i32)
      try
        (local.get 0)
      catch_all
      end))
  "type mismatch")
(assert_invalid
  (module
    (func (result i32)
      try (result i32)
        (i32.const 1)
      catch_all
        (drop (br 0))
      end))
  "type mismatch")

;; What the text format does not allow: a clause without its try, in the wrong order, twice; a
;; delegate behind a clause; no end.
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\19\0b")
  "catch found outside of a try")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0d\03\01\00\00" "\0a\06\01\04\00\07\00\0b")
  "catch found outside of a try")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\09\01\07\00\02\40\19\0b\0b\0b")
  "catch found outside of a try")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\09\01\07\00\06\40\19\19\0b\0b")
  "catch found outside of a try")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0d\03\01\00\00" "\0a\0a\01\08\00\06\40\19\07\00\0b\0b")
  "catch found outside of a try")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\09\01\07\00\06\40\19\18\00\0b")
  "delegate found outside of a try")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\06\01\04\00\18\00\0b")
  "delegate found outside of a try")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\07\01\05\00\06\40\19\0b")
  "END opcode expected")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\06\01\04\00\06\40\0b")
  "END opcode expected")
(assert_malformed (module binary
  "\00asm" "\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\08\01\06\00\06\40\05\0b\0b")
  "else found outside of an if")
