;; Modules that import from each other: mC from mA and mB, mB from mA.

;; # mA
(module
    (import "env" "note" (func $note (param i32)))
    (import "env" "first" (func $first (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "of mA\00")
    (global (export "limit") i32 (i32.const 77))
    (global $count (export "count") (mut i32) (i32.const 0))
    (table (export "table") 3 funcref)
    (elem (i32.const 1) $A1)
    (func $A1 (export "A1") (result i32) (i32.const 11))
    (func (export "bump") (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (global.get $count))
    (func (export "first") (result i32) (call $first (i32.const 8)))
    (func (export "trap") unreachable)
    (func (export "__wasm_call_ctors") (call $note (i32.const 1))))

;; # mB
(module
    (import "mA" "A1" (func $A1 (result i32)))
    (import "mA" "bump" (func $bump (result i32)))
    (import "env" "note" (func $note (param i32)))
    (func (export "B1") (result i32) (i32.const 21))
    (func (export "B2") (result i32) (call $A1))
    (func (export "bump") (result i32) (call $bump))
    (func $start (call $note (i32.const 2)))
    (start $start))

;; # mC
(module
    (import "mB" "B1" (func $B1 (result i32)))
    (import "mB" "B2" (func $B2 (result i32)))
    (import "mB" "bump" (func $bumpB (result i32)))
    (import "mA" "bump" (func $bumpA (result i32)))
    (import "mA" "A1" (func $A1 (result i32)))
    (import "mA" "first" (func $first (result i32)))
    (import "mA" "trap" (func $trap))
    (import "mA" "limit" (global $limit i32))
    (import "mA" "count" (global $count (mut i32)))
    (import "mA" "table" (table $table 1 funcref))
    (import "env" "note" (func $note (param i32)))
    (import "mN" "native" (func $native (result i32)))
    (type $plain (func (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "C")
    (func (export "C1") (result i32) (i32.const 31))
    (func (export "C2") (result i32) (call $B1))
    (func (export "C3") (result i32) (call $A1))
    (func (export "C4") (result i32) (call $B2))
    (func (export "limit") (result i32) (global.get $limit))
    ;; Both reach one instance of mA.
    (func (export "bump") (result i32)
        (drop (call $bumpA)) (drop (call $bumpB)) (global.get $count))
    (func (export "indirect") (result i32) (call_indirect $table (type $plain) (i32.const 1)))
    (func (export "first") (result i32) (call $first))
    (func (export "trap") (call $trap))
    (func (export "native") (result i32) (call $native))
    (func (export "__wasm_call_ctors") (call $note (i32.const 3))))

;; # quiet
(module
    (import "mB" "B1" (func $B1 (result i32)))
    (func (export "twice") (result i32) (i32.add (call $B1) (call $B1))))

;; # memoryless
(module
    (import "mM" "memory" (memory 1))
    (func (export "load") (result i32) (i32.load8_u (i32.const 8))))

;; # mM
(module
    (import "mA" "memory" (memory 1))
    (export "memory" (memory 0)))

;; # mRound
(module (import "mRound2" "f" (func)) (func (export "f")))

;; # mRound2
(module (import "mRound" "f" (func)) (func (export "f")))

;; # other_type
(module (import "mA" "A1" (func (param i32))) (func (export "f")))

;; # no_export
(module (import "mA" "nothing" (func)) (func (export "f")))

;; # needs_missing
(module (import "mMissing" "f" (func)) (func (export "f")))

;; # needs_broken
(module (import "mBroken" "f" (func)) (func (export "f")))

;; # needs_unread
(module (import "mUnread" "A1" (func (result i32))) (func (export "f")))

;; # needs_null
(module (import "mNull" "A1" (func (result i32))) (func (export "f")))

;; # below_fails
(module (import "mOther" "f" (func)) (func (export "f")))

;; # imports_memory
(module (import "mOwn" "f" (func)) (func (export "f")))

;; # mOwn
(module (import "env" "memory" (memory 1)) (func (export "f")))
