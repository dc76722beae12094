//! Records of traps: what the runtime writes is what the reader of the host reads.

use zonda::{Engine, Linker, Mode, Module, Store};
use zonda_symbols::record::{ModuleId, Record};

/// Three functions of known locals; the innermost one traps.
const TEXT: &str = r#"(module (memory 1)
    (global $__stack_pointer (mut i32) (i32.const 32))
    (data (i32.const 32) "stack")
    (func $a (export "a") (param i32) (result i32) (local i64)
        (local.set 1 (i64.const 0x1_0000_0002))
        (call $b (i32.add (local.get 0) (i32.const 1))))
    (func $b (param i32) (result i32)
        (call $c (i32.add (local.get 0) (i32.const 1)) (i32.const 0)))
    (func $c (param i32 i32) (result i32)
        (i32.div_u (local.get 0) (local.get 1)))
    (func (export "deep") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (unreachable)))
        (call 3 (i32.sub (local.get 0) (i32.const 1)))))"#;

fn record(mode: Mode, name: &str, bytes: usize, memory: usize) -> Vec<u8> {
    let engine = Engine::new(mode);
    let module = Module::from_vec(&engine, wat::parse_str(TEXT).unwrap()).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    store.keep_trap_record(bytes, memory).unwrap();
    assert!(store.trap_record().is_none(), "nothing has trapped");
    let func = instance.get_typed_func::<u32, u32>(&store, name).unwrap();
    assert!(func.call(&mut store, 40).is_err());
    store.trap_record().expect("it trapped").to_vec()
}

#[test]
fn a_record_has_frames_locals_and_memory() {
    for mode in [Mode::Classic, Mode::Fast] {
        let bytes = record(mode, "a", 1024, 64);
        assert!(zonda_symbols::record::is_record(&bytes));
        let record = Record::parse(&bytes).expect("the record is complete");
        assert_eq!(record.message(), "integer divide by zero");
        let funcs: Vec<u32> = record.frames.iter().map(|frame| frame.func).collect();
        assert_eq!((funcs, record.more_frames), (vec![2, 1, 0], false));
        assert!(record.modules.iter().all(|id| matches!(id, ModuleId::Sections { .. })));
        // Where a local lies is the same in both modes: parameters first, i64 in two slots.
        let locals: Vec<_> = record.frames.iter().map(|frame| frame.locals.clone()).collect();
        assert_eq!(locals, [vec![42, 0], vec![41], vec![40, 2, 1]].map(Some));
        let (at, memory) = record.memory.expect("a part of the memory");
        // A quarter of the bytes lies below the stack pointer.
        assert_eq!((at, &memory[16..21]), (16, &b"stack"[..]));
        assert_eq!(record.stack_pointer, Some(32));
        assert_eq!(memory.len(), 64);
    }
}

/// A small buffer has the innermost frames, half of it at least, and says that there were more.
#[test]
fn a_small_buffer_says_what_is_missing() {
    for mode in [Mode::Classic, Mode::Fast] {
        for size in [96, 128, 200] {
            let bytes = record(mode, "deep", size, 16);
            assert!(bytes.len() <= size, "{} of {size}", bytes.len());
            let record = Record::parse(&bytes).expect("the record is complete");
            assert!(record.more_frames, "{size}");
            let frames = record.frames.len();
            assert!(frames > 1 && frames * 3 < size, "{frames} of {size}");
            assert!(record.frames.iter().all(|frame| frame.func == 3));
            // Locals of the innermost frames, as far as there is room, and none behind a gap.
            let with = record.frames.iter().take_while(|frame| frame.locals.is_some()).count();
            let all: Vec<_> = record.frames.iter().filter_map(|f| f.locals.clone()).collect();
            assert_eq!(all.len(), with);
            assert!(all.iter().zip(0..).all(|(locals, n)| *locals == vec![n]), "{all:?}");
            assert!(size < 200 || with > 0, "{size}");
        }
        // There is no record in a buffer without room for the least one.
        let engine = Engine::new(mode);
        let mut store = Store::new(&engine, ()).unwrap();
        store.keep_trap_record(8, 0).unwrap();
        assert!(store.trap_record().is_none());
    }
}

/// What a buffer holds, by its size: never fewer frames than a smaller one, and in sum what it held.
/// A part that is cut too early or too late changes the sums, and nothing else shows that.
#[test]
fn a_buffer_holds_what_it_held() {
    let (sizes, deep) = (40..=420, 40);
    let mut found = Vec::new();
    for mode in [Mode::Classic, Mode::Fast] {
        let engine = Engine::new(mode);
        let module = Module::from_vec(&engine, wat::parse_str(TEXT).unwrap()).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let func = instance.get_typed_func::<u32, u32>(&store, "deep").unwrap();
        for memory in [0, 16, 100] {
            let (mut before, mut sums) = ([0; 3], [0; 3]);
            for size in sizes.clone() {
                store.keep_trap_record(size, memory).unwrap();
                assert!(func.call(&mut store, deep).is_err());
                let Some(bytes) = store.trap_record() else {
                    assert_eq!(before, [0; 3], "{size}");
                    continue;
                };
                assert!(bytes.len() <= size, "{} of {size}", bytes.len());
                let record = Record::parse(bytes).expect("the record is complete");
                let frames = record.frames.len();
                let locals = record.frames.iter().filter(|frame| frame.locals.is_some()).count();
                let bytes = record.memory.as_ref().map_or(0, |(_, bytes)| bytes.len());
                assert_eq!(record.more_frames, frames <= deep as usize, "{size}");
                assert!(locals <= frames && bytes <= memory, "{size}");
                let now = [frames, locals, bytes];
                assert!(frames >= before[0], "{size}");
                sums.iter_mut().zip(now).for_each(|(sum, now)| *sum += now);
                before = now;
            }
            found.push(sums);
        }
    }
    // Frames, locals and bytes of memory in the records of all sizes.
    let expected = [[8897, 6764, 0], [8897, 4761, 5072], [8897, 2201, 17912]];
    assert_eq!(found, [expected, expected].concat());
}
