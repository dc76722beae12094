//! A tail call needs as many slots of the operand stack as a call of the same function in its
//! place: with one slot less it traps.

use zonda::{Engine, Error, Linker, Mode, Module, Store, StoreConfig, TrapCode};

/// Functions whose frame is much larger than that of the function that leaves for them.
const LARGE: &str = r#"(module
  (type $t (func (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
  (func $large (export "large") (type $t) (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    local.get 7))"#;

/// Leaves for it in each way in which a tail call is made.
const SMALL: &str = r#"(module
  (type $t (func (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
  (import "large" "large" (func $other (type $t)))
  (table funcref (elem $own $other))
  (func $own (export "own") (type $t) (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    local.get 7)
  (func (export "leave_for_own") (type $t)
    local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 local.get 6 local.get 7
    return_call $own)
  (func (export "leave_for_other") (type $t)
    local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 local.get 6 local.get 7
    return_call $other)
  (func (export "leave_for_own_by_table") (type $t)
    local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 local.get 6 local.get 7
    i32.const 0 return_call_indirect (type $t))
  (func (export "leave_for_other_by_table") (type $t)
    local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 local.get 6 local.get 7
    i32.const 1 return_call_indirect (type $t)))"#;

/// Whether a function returns with an operand stack of this many slots; else it has to be for want
/// of them that it does not.
fn returns(modes: (Mode, Mode), name: &str, slots: u32) -> bool {
    let (large, small) = (wat::parse_str(LARGE).unwrap(), wat::parse_str(SMALL).unwrap());
    let large = Module::new(&Engine::new(modes.0), &large).unwrap();
    let small = Module::new(&Engine::new(modes.1), &small).unwrap();
    let config = StoreConfig { stack_bytes: slots * 4, ..StoreConfig::default() };
    let mut store = Store::with_config(&Engine::default(), (), config).unwrap();
    let mut linker = Linker::new();
    let instance = linker.instantiate(&mut store, &large).unwrap();
    linker.instance(&store, "large", instance).unwrap();
    let instance = match name {
        "large" => instance,
        _ => linker.instantiate(&mut store, &small).unwrap(),
    };
    type Eight = (i64, i64, i64, i64, i64, i64, i64, i64);
    let func = instance.get_typed_func::<Eight, i64>(&store, name).unwrap();
    match func.call(&mut store, (1, 2, 3, 4, 5, 6, 7, 8)) {
        Ok(value) => {
            assert_eq!(value, 8, "{name} in {modes:?} with {slots} slots");
            true
        }
        Err(Error::Trap(trap)) => {
            assert_eq!(trap.code, TrapCode::StackOverflow, "{name} in {modes:?}, {slots} slots");
            false
        }
        Err(error) => panic!("{name} in {modes:?} with {slots} slots: {error}"),
    }
}

/// The least number of slots with which a function returns. It is between the arguments' and 400.
fn least(modes: (Mode, Mode), name: &str) -> u32 {
    let (mut low, mut high) = (16, 400);
    assert!(returns(modes, name, high));
    while low < high {
        let middle = (low + high) / 2;
        if returns(modes, name, middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[test]
fn a_tail_call_needs_as_much_stack_as_a_call() {
    let modes = [Mode::Classic, Mode::Fast];
    for (large, small) in modes.into_iter().flat_map(|a| modes.map(|b| (a, b))) {
        let both = (large, small);
        let (own, other) = (least(both, "own"), least(both, "large"));
        for (name, callee) in [
            ("leave_for_own", own),
            ("leave_for_own_by_table", own),
            ("leave_for_other", other),
            ("leave_for_other_by_table", other),
        ] {
            assert!(
                least(both, name) >= callee,
                "{name} in {both:?} needs less than {callee} slots"
            );
        }
    }
}
