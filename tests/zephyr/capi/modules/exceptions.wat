;; Exceptions in both encodings: the older `try`, `catch`, `delegate` and `rethrow`, and `try_table`.
(module
  (tag $number (param i32))
  (tag $nothing)
  (func $throw (param i32)
    (throw $number (local.get 0)))
  ;; An odd number is thrown again, and caught outside with 100 more.
  (func (export "older") (param i32) (result i32)
    try (result i32)
      try (result i32)
        try
          (call $throw (local.get 0))
        delegate 0
        i32.const -1
      catch $nothing
        i32.const -2
      catch $number
        (if (i32.and (local.get 0) (i32.const 1))
          (then rethrow 1))
      end
    catch $number
      (i32.add (i32.const 100))
    catch_all
      i32.const -3
    end)
  (func (export "newer") (param i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $number $caught)
        (call $throw (local.get 0)))
      (i32.const -1)))
  (func (export "uncaught") (param i32)
    try
      (call $throw (local.get 0))
    catch $nothing
    end))
