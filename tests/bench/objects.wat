;; What objects of GC cost: `cargo xtask bench --features gc --wasm tests/bench/objects.wasm --call …`
;; (docs/measurements.md). An object of $node takes 16 bytes of the heap, and 4 for its handle.
(module
  (import "env" "start_trigger" (func $start))
  (import "env" "stop_trigger" (func $stop))
  (type $node (struct (field i32) (field (ref null $node))))
  (type $refs (array (mut (ref null $node))))
  (global $hole (mut (ref null $node)) (ref.null $node))
  (global $kept (mut (ref null $node)) (ref.null $node))

  (func $list (param $n i32)
    (loop $more
      (global.set $kept (struct.new $node (local.get $n) (global.get $kept)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; Makes and drops n objects while `live` others are kept.
  (func (export "garbage") (param $live i32) (param $n i32) (result i32)
    (if (local.get $live) (then (call $list (local.get $live))))
    (call $start)
    (loop $more
      (drop (struct.new $node (local.get $n) (ref.null $node)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $stop)
    (local.get $live))

  ;; The same loop without objects.
  (func (export "nothing") (param $n i32) (result i32)
    (call $start)
    (loop $more
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $stop)
    (local.get $n))

  ;; One allocation for which the heap is collected: it is full of a list of n objects, and the
  ;; first object is garbage, so that all others move.
  (func (export "pause") (param $n i32) (result i32)
    (global.set $hole (struct.new $node (i32.const 0) (ref.null $node)))
    (call $list (local.get $n))
    (global.set $hole (ref.null $node))
    (call $start)
    (drop (struct.new $node (i32.const 1) (ref.null $node)))
    (call $stop)
    (local.get $n))

  ;; The same with one array of n references to one object.
  (func (export "pause_array") (param $n i32) (result i32) (local $a (ref null $refs))
    (global.set $hole (struct.new $node (i32.const 0) (ref.null $node)))
    (local.set $a (array.new $refs (global.get $hole) (local.get $n)))
    (global.set $kept (array.get $refs (local.get $a) (i32.const 0)))
    (call $start)
    (drop (struct.new $node (i32.const 1) (ref.null $node)))
    (drop (struct.new $node (i32.const 1) (ref.null $node)))
    (call $stop)
    (array.len (local.get $a)))

  ;; Reads and writes of fields, n times each.
  (func (export "fields") (param $n i32) (result i32) (local $o (ref null $node))
    (local.set $o (struct.new $node (i32.const 3) (ref.null $node)))
    (call $start)
    (loop $more
      (drop (struct.get $node 0 (local.get $o)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $stop)
    (local.get $n)))
