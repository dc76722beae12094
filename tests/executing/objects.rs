//! Typed references and objects: what the specification suite does not look at. Collections, with
//! roots wherever references can be; the limit of the heap; two instances whose types are equal;
//! host functions.

use crate::calls::{call, load, trap_code, MODES};
use zonda::{
    AnyKind, AnyRef, Caller, Engine, Error, Linker, Store, StoreConfig, TrapCode, Val, ValType,
};

fn small_store(object_bytes: u32) -> Store<'static, ()> {
    let config = StoreConfig { object_bytes, ..StoreConfig::default() };
    Store::with_config(&Engine::default(), (), config).unwrap()
}

/// A list and a tree that are kept in each kind of root, while much garbage is made.
const ROOTS: &str = r#"(module
    (type $node (struct (field i32) (field $next (mut (ref null $node)))))
    (type $refs (array (mut (ref null $node))))
    (global $g (mut (ref null $node)) (ref.null $node))
    (table $t 4 (ref null $node))
    (func $push (param $value i32) (param $list (ref null $node)) (result (ref $node))
        (struct.new $node (local.get $value) (local.get $list)))
    (func $sum (param $list (ref null $node)) (result i32) (local $s i32)
        (loop $more (result i32)
            (if (result i32) (ref.is_null (local.get $list))
                (then (local.get $s))
                (else
                    (local.set $s (i32.add (local.get $s) (struct.get $node 0 (local.get $list))))
                    (local.set $list (struct.get $node $next (local.get $list)))
                    (br $more)))))
    (func $list (param $n i32) (result (ref null $node)) (local $l (ref null $node))
        (loop $more
            (local.set $l (call $push (local.get $n) (local.get $l)))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $l))
    (func $garbage (param $n i32)
        (loop $more
            (drop (call $list (i32.const 20)))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "garbage") (param i32) (call $garbage (local.get 0)))
    (func (export "roots") (result i32 i32 i32 i32 i32)
        (local $a (ref null $refs)) (local $l (ref null $node))
        (global.set $g (call $list (i32.const 10)))
        (table.set $t (i32.const 2) (call $list (i32.const 11)))
        (local.set $a (array.new_default $refs (i32.const 30)))
        (array.set $refs (local.get $a) (i32.const 29) (call $list (i32.const 12)))
        (local.set $l (call $list (i32.const 13)))
        ;; On the operand stack while the others are made.
        (call $list (i32.const 14))
        (call $garbage (i32.const 300))
        (call $sum)
        (call $sum (local.get $l))
        (call $sum (array.get $refs (local.get $a) (i32.const 29)))
        (call $sum (table.get $t (i32.const 2)))
        (call $sum (global.get $g)))
    (func (export "long") (param i32) (result i32) (call $sum (call $list (local.get 0))))
    (func (export "array") (param i32) (result i32)
        (array.len (array.new_default $refs (local.get 0)))))"#;

#[test]
fn what_is_reachable_stays_and_the_rest_is_freed() {
    for mode in MODES {
        let mut store = small_store(8 << 10);
        let instance = Linker::new().instantiate(&mut store, &load(mode, ROOTS)).unwrap();
        let sum = |n: i32| Val::I32(n * (n + 1) / 2);
        let sums = [sum(14), sum(13), sum(12), sum(11), sum(10)];
        assert_eq!(call(&mut store, instance, "roots", &[]).unwrap(), sums, "{mode:?}");
        let (taken, used, objects, collections) = store.object_counts();
        assert!(collections > 5 && taken <= 8 << 10, "{taken} {collections}");
        assert!(used <= 8 << 10 && objects < 500, "{used} {objects}");
        // Garbage alone: the heap does not fill up.
        call(&mut store, instance, "garbage", &[Val::I32(2000)]).unwrap();
        assert!(store.object_counts().3 > 50);
        // A list that does not fit into the heap is a trap, and the next call works.
        let long =
            |store: &mut Store<'static, ()>, n| call(store, instance, "long", &[Val::I32(n)]);
        assert_eq!(trap_code(long(&mut store, 5000)), TrapCode::OutOfMemory);
        assert_eq!(long(&mut store, 100).unwrap(), [sum(100)]);
        // So are arrays of any length.
        for len in [3000, i32::MAX, -1] {
            let made = call(&mut store, instance, "array", &[Val::I32(len)]);
            assert_eq!(trap_code(made), TrapCode::OutOfMemory, "{len}");
        }
    }
}

/// A structure of each kind of field, and arrays of each width, which move when collections happen.
const FIELDS: &str = r#"(module
    (type $all (struct (field (mut i8)) (field (mut i64)) (field (mut i16)) (field (mut v128))
        (field (mut f64)) (field (mut anyref))))
    (type $bytes (array (mut i8)))
    (type $halves (array (mut i16)))
    (type $longs (array (mut i64)))
    (type $vectors (array (mut v128)))
    (func (export "fields") (result i32 i64 i32 i64 f64 i32)
        (local $o (ref null $all)) (local $i i32)
        (local.set $o (struct.new $all (i32.const 0x1ff) (i64.const -2) (i32.const 0x18000)
            (v128.const i64x2 3 4) (f64.const 2.5) (ref.i31 (i32.const -7))))
        (loop $more
            (drop (struct.new_default $all))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (i32.const 1000))))
        (struct.get_s $all 0 (local.get $o))
        (struct.get $all 1 (local.get $o))
        (struct.get_u $all 2 (local.get $o))
        (i64x2.extract_lane 1 (struct.get $all 3 (local.get $o)))
        (struct.get $all 4 (local.get $o))
        (i31.get_s (ref.cast (ref i31) (struct.get $all 5 (local.get $o)))))
    (func (export "arrays") (param $i i32) (result i32 i32 i64 i64)
        (local $b (ref $bytes)) (local $h (ref $halves)) (local $l (ref $longs))
        (local $v (ref $vectors))
        (local.set $b (array.new $bytes (i32.const 1) (i32.const 7)))
        (local.set $h (array.new $halves (i32.const 2) (i32.const 7)))
        (local.set $l (array.new $longs (i64.const 3) (i32.const 7)))
        (local.set $v (array.new $vectors (v128.const i64x2 4 5) (i32.const 7)))
        (array.set $bytes (local.get $b) (local.get $i) (i32.const -1))
        (array.set $halves (local.get $h) (local.get $i) (i32.const -2))
        (array.set $longs (local.get $l) (local.get $i) (i64.const -3))
        (array.copy $bytes $bytes (local.get $b) (i32.const 1) (local.get $b) (i32.const 0)
            (i32.const 6))
        (array.copy $longs $longs (local.get $l) (i32.const 0) (local.get $l) (i32.const 1)
            (i32.const 6))
        (array.get_u $bytes (local.get $b) (i32.add (local.get $i) (i32.const 1)))
        (array.get_s $halves (local.get $h) (local.get $i))
        (array.get $longs (local.get $l) (i32.sub (local.get $i) (i32.const 1)))
        (i64x2.extract_lane 1 (array.get $vectors (local.get $v) (local.get $i)))))"#;

#[test]
fn fields_and_elements_of_every_width() {
    for mode in MODES {
        let mut store = small_store(4 << 10);
        let instance = Linker::new().instantiate(&mut store, &load(mode, FIELDS)).unwrap();
        let fields = [
            Val::I32(-1),
            Val::I64(-2),
            Val::I32(0x8000),
            Val::I64(4),
            Val::F64(2.5f64.to_bits()),
            Val::I32(-7),
        ];
        assert_eq!(call(&mut store, instance, "fields", &[]).unwrap(), fields, "{mode:?}");
        for index in 1..6 {
            let got = call(&mut store, instance, "arrays", &[Val::I32(index)]).unwrap();
            assert_eq!(got, [Val::I32(255), Val::I32(-2), Val::I64(-3), Val::I64(5)], "{mode:?}");
        }
        let outside = call(&mut store, instance, "arrays", &[Val::I32(7)]);
        assert_eq!(trap_code(outside), TrapCode::ArrayOutOfBounds);
    }
}

/// Branches in classic mode go by the side table, backwards with a unit of fuel, and in a large
/// function by big entries.
#[test]
fn branches_on_references_in_small_and_large_functions() {
    for mode in MODES {
        for padding in [0, 3000, 70_000] {
            let drops = "(drop (i32.const 300))".repeat(padding);
            let text = format!(
                r#"(module
                (type $s (struct (field i32)))
                (func (export "null") (param $r (ref null $s)) (param i32) (result i32)
                    (block $null (result i32)
                        (i32.const 7)
                        (struct.get $s 0 (br_on_null $null (local.get $r)))
                        (drop) {drops} (drop (i32.const 1)) (i32.const 8)
                        (return (i32.add (i32.const 1))) ))
                (func (export "cast") (param $r anyref) (result i32)
                    (block $is (result (ref $s))
                        (br_on_cast $is anyref (ref $s) (local.get $r))
                        {drops} (drop) (return (i32.const -1)))
                    (struct.get $s 0))
                (func (export "make") (param i32) (result anyref)
                    (struct.new $s (local.get 0)))
                (func (export "loop") (param $r anyref) (result i32)
                    (loop $again (result i32)
                        {drops}
                        (br_on_null $again (ref.null any))
                        (drop) (i32.const 1))))"#
            );
            let mut store = small_store(4 << 10);
            let instance = Linker::new().instantiate(&mut store, &load(mode, &text)).unwrap();
            let got = call(&mut store, instance, "null", &[Val::AnyRef(None), Val::I32(0)]);
            assert_eq!(got.unwrap(), [Val::I32(7)], "{mode:?} {padding}");
            let made = call(&mut store, instance, "make", &[Val::I32(5)]).unwrap();
            let got = call(&mut store, instance, "cast", &made).unwrap();
            assert_eq!(got, [Val::I32(5)], "{mode:?} {padding}");
            let got = call(&mut store, instance, "cast", &[Val::AnyRef(None)]).unwrap();
            assert_eq!(got, [Val::I32(-1)], "{mode:?} {padding}");
            store.set_fuel(1000);
            let endless = call(&mut store, instance, "loop", &[Val::AnyRef(None)]);
            assert_eq!(trap_code(endless), TrapCode::OutOfFuel, "{mode:?} {padding}");
        }
    }
}

#[test]
fn instances_share_types_that_are_equal_and_no_others() {
    let maker = r#"(module
        (rec (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i32 i64)))))
        (func (export "a") (result anyref) (struct.new $a (i32.const 3)))
        (func (export "b") (result anyref) (struct.new $b (i32.const 4) (i64.const 5))))"#;
    let user = r#"(module
        (type $padding (func))
        (rec (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i32 i64)))))
        (rec (type $x (sub (struct (field i32)))) (type $y (sub $x (struct (field i32 i32)))))
        (func (export "a") (param anyref) (result i32 i32 i32)
            (ref.test (ref $a) (local.get 0)) (ref.test (ref $b) (local.get 0))
            (ref.test (ref $x) (local.get 0))))"#;
    for mode in MODES {
        let mut store = small_store(4 << 10);
        let maker = Linker::new().instantiate(&mut store, &load(mode, maker)).unwrap();
        let user = Linker::new().instantiate(&mut store, &load(mode, user)).unwrap();
        for (name, is_b) in [("a", 0), ("b", 1)] {
            let made = call(&mut store, maker, name, &[]).unwrap();
            let got = call(&mut store, user, "a", &made).unwrap();
            assert_eq!(got, [Val::I32(1), Val::I32(is_b), Val::I32(0)], "{mode:?} {name}");
        }
    }
}

#[test]
fn the_host_passes_and_keeps_references() {
    let text = r#"(module
        (type $s (struct (field i32)))
        (import "env" "same" (func $same (param anyref) (result anyref)))
        (func (export "make") (param i32) (result (ref $s)) (struct.new $s (local.get 0)))
        (func (export "get") (param (ref null $s)) (result i32) (struct.get $s 0 (local.get 0)))
        (func (export "through") (param i32) (result i32)
            (struct.get $s 0 (ref.cast (ref $s)
                (call $same (struct.new $s (local.get 0))))))
        (func (export "i31") (param i31ref) (result i32) (i31.get_s (local.get 0)))
        (func (export "out") (param anyref) (result externref)
            (extern.convert_any (local.get 0)))
        (func (export "in") (param externref) (result anyref)
            (any.convert_extern (local.get 0))))"#;
    for mode in MODES {
        let mut store = small_store(4 << 10);
        let any = AnyRef::from_i31(&store, 0);
        let any = [Val::AnyRef(Some(any)).ty()];
        let mut linker = Linker::new();
        let same = |_: Caller<'_, '_, ()>, from: &[Val], to: &mut [Val]| {
            to[0] = from[0];
            Ok(())
        };
        linker.func_new("env", "same", &any, &any, same).unwrap();
        let instance = linker.instantiate(&mut store, &load(mode, text)).unwrap();
        let got = call(&mut store, instance, "through", &[Val::I32(9)]).unwrap();
        assert_eq!(got, [Val::I32(9)]);
        let made = call(&mut store, instance, "make", &[Val::I32(6)]).unwrap();
        let Val::AnyRef(Some(object)) = made[0] else { panic!("{made:?}") };
        assert_eq!(object.kind(&store), Ok(AnyKind::Struct));
        object.hold(&mut store).unwrap();
        for number in 0..2000 {
            call(&mut store, instance, "make", &[Val::I32(number)]).unwrap();
        }
        assert_eq!(call(&mut store, instance, "get", &made).unwrap(), [Val::I32(6)]);
        object.release(&mut store).unwrap();
        // The type of a parameter is that of the object, or a type above it.
        let i31 = Val::AnyRef(Some(AnyRef::from_i31(&store, -5)));
        assert_eq!(call(&mut store, instance, "get", &[i31]), Err(Error::TypeMismatch));
        assert_eq!(
            call(&mut store, instance, "get", &[Val::FuncRef(None)]),
            Err(Error::TypeMismatch)
        );
        assert_eq!(call(&mut store, instance, "i31", &[i31]).unwrap(), [Val::I32(-5)]);
        let null = call(&mut store, instance, "get", &[Val::AnyRef(None)]);
        assert_eq!(trap_code(null), TrapCode::NullStructure);
        // There and back again.
        for value in [made[0], i31, Val::AnyRef(None)] {
            let out = call(&mut store, instance, "out", &[value]).unwrap();
            assert_eq!(call(&mut store, instance, "in", &out).unwrap(), [value]);
        }
        let number = Val::ExternRef(Some(77));
        let inside = call(&mut store, instance, "in", &[number]).unwrap();
        let Val::AnyRef(Some(host)) = inside[0] else { panic!("{inside:?}") };
        assert_eq!(host.kind(&store), Ok(AnyKind::Extern(77)));
        assert_eq!(call(&mut store, instance, "out", &inside).unwrap(), [number]);
        let other = small_store(4 << 10);
        assert_eq!(object.kind(&other), Err(Error::WrongStore));
        assert_eq!(ValType::FuncRef.name(), "funcref");
    }
}

/// An object of which nothing but an exception knows, and an exception of which nothing but an
/// object knows.
#[test]
fn exceptions_and_objects_keep_each_other() {
    let text = r#"(module
        (type $s (struct (field i32)))
        (type $holder (struct (field exnref)))
        (tag $e (param (ref $s)))
        (func $garbage (local $i i32)
            (loop $more
                (drop (struct.new $s (local.get $i)))
                (drop (block $h (result (ref $s) exnref)
                    (try_table (catch_ref $e $h) (throw $e (struct.new $s (i32.const -1))))
                    (unreachable)) )
                (drop)
                (br_if $more (i32.lt_u
                    (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000)))))
        (func (export "run") (result i32)
            (local $x exnref) (local $o (ref $holder))
            (block $h (result (ref $s) exnref)
                (try_table (catch_ref $e $h) (throw $e (struct.new $s (i32.const 42))))
                (unreachable))
            (local.set $o (struct.new $holder))
            (drop)
            (call $garbage)
            (block $h (result (ref $s))
                (try_table (catch $e $h) (throw_ref (struct.get $holder 0 (local.get $o))))
                (unreachable))
            (struct.get $s 0)))"#;
    for mode in MODES {
        let mut store = small_store(4 << 10);
        let instance = Linker::new().instantiate(&mut store, &load(mode, text)).unwrap();
        let got = call(&mut store, instance, "run", &[]).unwrap();
        assert_eq!(got, [Val::I32(42)], "{mode:?}");
    }
}

/// Neither marking nor moving takes more native stack for a longer list, and each collection takes
/// time in proportion to the heap.
#[test]
fn a_list_of_any_length_takes_no_native_stack() {
    let body = || {
        for mode in MODES {
            let mut store = small_store(4 << 20);
            let instance = Linker::new().instantiate(&mut store, &load(mode, ROOTS)).unwrap();
            let count = if cfg!(feature = "strict") { 1_000 } else { 100_000 };
            let got = call(&mut store, instance, "long", &[Val::I32(count)]).unwrap();
            let sum = i64::from(count) * i64::from(count + 1) / 2;
            assert_eq!(got, [Val::I32(sum as i32)], "{mode:?}");
        }
    };
    // Twenty bytes for each object of the list are more than this stack.
    let thread = std::thread::Builder::new().stack_size(256 << 10);
    thread.spawn(body).unwrap().join().unwrap();
}
