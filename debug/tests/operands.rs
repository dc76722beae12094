//! Operands of every type in the frames of a stopped program.

use zonda::debug::{Debugger, Program, Resume, Stop};
use zonda::{Engine, Linker, Mode, Module, Store};

/// Operands of four types lie below the call, whose argument is one more.
const MODULE: &str = r#"(module
    (func $callee (param i64) (result i32) (nop) (i32.const 5))
    (func (export "run") (param i32) (result i32) (local i64)
        (i64.const 0x1122334455667788)
        (i32.const -2)
        (block (param i64 i32) (result i64 i32 f64 f32)
            (f64.const 1.5)
            (f32.const -0.5)
            (i64.const 9)
            (call $callee)
            (drop))
        (drop) (drop) (drop) (drop)
        (local.get 0)))"#;

/// The operands of a frame.
type Operands = Vec<Vec<u8>>;

/// Notes the operands of all frames before each instruction.
#[derive(Default)]
struct Notes(Vec<Vec<Operands>>);

impl Debugger for Notes {
    fn stopped(&mut self, program: &mut Program, _: Stop) -> Resume {
        program.take_request();
        program.stop_at_every_instruction(true);
        let operands = |frame| {
            let operand = |index| program.operand(&frame, index).map(|bytes| bytes.to_vec());
            let known: Operands = (0..10).map_while(operand).collect();
            assert_eq!(operand(u32::MAX), None);
            known
        };
        self.0.push(program.frames().map(operands).collect());
        Resume::Continue
    }
}

#[test]
fn operands_have_their_types() {
    let values: [Vec<u8>; 5] = [
        0x1122_3344_5566_7788_u64.to_le_bytes().to_vec(),
        (-2i32).to_le_bytes().to_vec(),
        1.5f64.to_le_bytes().to_vec(),
        (-0.5f32).to_le_bytes().to_vec(),
        9u64.to_le_bytes().to_vec(),
    ];
    let first = |count: usize| values[..count].to_vec();
    let with = |mut below: Operands, value: i32| {
        below.push(value.to_le_bytes().to_vec());
        below
    };
    // Before each instruction: the running frame, and the caller's below it, whose argument has
    // become a local.
    let run: Vec<Vec<Operands>> = [0, 1, 2, 2, 3, 4, 5].map(|count| vec![first(count)]).to_vec();
    let callee = [first(0), with(first(0), 5)].map(|own| vec![own, first(4)]);
    // `end` of the callee comes with its result; behind it the result is an operand of the caller.
    let rest = [with(first(4), 5), first(4), first(4), first(3), first(2), first(1), first(0)];
    let rest = rest.map(|own| vec![own]);
    let last = [vec![with(first(0), 3)]];
    let mut expected = run;
    expected.push(vec![first(0), first(4)]);
    expected.extend(callee);
    expected.extend(rest);
    expected.extend(last);
    for mode in [Mode::Classic, Mode::Fast] {
        let engine = Engine::new(mode);
        let module = Module::from_vec(&engine, wat::parse_str(MODULE).unwrap()).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let notes: *mut Notes = Box::into_raw(Box::default());
        // SAFETY: the notes live longer than the store.
        store.set_debugger(unsafe { &mut *notes });
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        store.stop_handle().stop();
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, 3).unwrap(), 3);
        drop(store);
        // SAFETY: the store, which borrowed them, is gone.
        let notes = unsafe { Box::from_raw(notes) };
        assert_eq!(notes.0, expected);
    }
}
