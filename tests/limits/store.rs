//! The limit of a store as a whole: memories, tables and instances take from one budget, and what
//! does not fit is refused with the bytes that were wanted and that are left.

use super::MODES;
use zonda::{
    Engine, Error, IndexType, Instance, Limits, Linker, Memory, MemoryType, Mode, Module, Sharing,
    Shortage, ShortageOf, Store, StoreConfig, Table, TableType, Val, ValType,
};

fn store(mode: Mode, total_limit: u64) -> Store<'static, ()> {
    let config = StoreConfig { total_limit, ..StoreConfig::default() };
    Store::with_config(&Engine::new(mode), (), config).unwrap()
}

fn instantiate(store: &mut Store<'static, ()>, mode: Mode, text: &str) -> Result<Instance, Error> {
    let bytes = wat::parse_str(text).unwrap();
    let module = Module::from_vec(&Engine::new(mode), bytes).unwrap();
    Linker::new().instantiate(store, &module)
}

#[track_caller]
fn short<T: std::fmt::Debug>(result: Result<T, Error>) -> Shortage {
    match result {
        Err(Error::Shortage(shortage)) => shortage,
        other => panic!("no shortage: {other:?}"),
    }
}

/// Bytes that the store has left, as a memory that wants too many learns them.
fn left(store: &mut Store<'static, ()>) -> usize {
    let limits = Limits { min: 65_536, max: None };
    short(Memory::new(
        store,
        MemoryType { limits, page_shift: 16, index: IndexType::I32, sharing: Sharing::Unshared },
    ))
    .allowed()
    .unwrap()
}

#[test]
fn a_tiny_module_does_not_take_the_heap() {
    for mode in MODES {
        let memories = "(memory 1)".repeat(100);
        let mut limited = store(mode, 1 << 20);
        let before = left(&mut limited);
        let shortage = short(instantiate(&mut limited, mode, &format!("(module {memories})")));
        assert_eq!((shortage.of(), shortage.index()), (ShortageOf::Memory, 15));
        assert!(shortage.wanted() >= 1 << 16 && shortage.wanted() < (1 << 16) + 200);
        assert!(shortage.allowed().unwrap() < shortage.wanted());
        // The fifteen that were made are freed: nothing is lost however often this is tried.
        assert_eq!(left(&mut limited), before);
        let tables = "(table 100000 funcref)".repeat(100);
        let shortage = short(instantiate(&mut limited, mode, &format!("(module {tables})")));
        assert_eq!((shortage.of(), shortage.index()), (ShortageOf::Table, 2));
        assert!(shortage.wanted() >= 400_000 && shortage.wanted() < 400_200);
        assert_eq!(left(&mut limited), before);
        // Without a limit all of it is made.
        let mut free = store(mode, u64::MAX);
        assert!(instantiate(&mut free, mode, &format!("(module {memories})")).is_ok());
    }
}

#[test]
fn records_of_instances_count() {
    for mode in MODES {
        let mut limited = store(mode, 10_000);
        let mut made = 0;
        let shortage = loop {
            let before = left(&mut limited);
            match instantiate(&mut limited, mode, "(module (global i64 (i64.const 1)))") {
                Ok(_) => made += 1,
                other => break short(other),
            }
            assert!(left(&mut limited) < before);
        };
        assert_eq!(shortage.of(), ShortageOf::Instance);
        assert!(shortage.wanted() > shortage.allowed().unwrap());
        assert!((10..100).contains(&made), "{made}");
    }
}

#[test]
fn growth_takes_from_the_same_budget() {
    const TEXT: &str = r#"(module
        (memory (export "m") 100 (pagesize 1)) (memory $n (export "n") 100 (pagesize 1))
        (table (export "t") 10 funcref)
        (func (export "m+") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "n+") (param i32) (result i32) (memory.grow $n (local.get 0)))
        (func (export "t+") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#;
    for mode in MODES {
        let mut store = store(mode, 10_000);
        let instance = instantiate(&mut store, mode, TEXT).unwrap();
        let mut rest = left(&mut store);
        let grow = |store: &mut Store<'static, ()>, name: &str, delta: usize| {
            let grow = instance.get_typed_func::<i32, i32>(&*store, name).unwrap();
            grow.call(store, delta as i32).unwrap()
        };
        // One more than is left, then what is left but a hundred, in three steps.
        assert_eq!(grow(&mut store, "m+", rest + 1), -1);
        assert_eq!((grow(&mut store, "m+", 1000), grow(&mut store, "n+", 500)), (100, 100));
        assert_eq!(grow(&mut store, "t+", 250), 10);
        rest -= 1000 + 500 + 4 * 250;
        assert_eq!(left(&mut store), rest);
        assert_eq!(
            (grow(&mut store, "n+", rest + 1), grow(&mut store, "t+", rest / 4 + 1)),
            (-1, -1)
        );
        // The embedder is told why.
        let memory = instance.get_memory(&store, "n").unwrap();
        let shortage = short(memory.grow(&mut store, rest as u32 + 1));
        assert_eq!((shortage.wanted(), shortage.allowed()), (rest + 1, Some(rest)));
        let text = format!(
            "linear memory 1 wants {} bytes, {rest} are left of the store's limit (StoreConfig::total_limit)",
            rest + 1
        );
        assert_eq!(Error::Shortage(shortage).to_string(), text);
        let table = instance.get_table(&store, "t").unwrap();
        let null = Val::FuncRef(None);
        let shortage = short(table.grow(&mut store, rest as u32, null));
        assert_eq!((shortage.of(), shortage.wanted()), (ShortageOf::Table, 4 * rest));
        let limits = Limits { min: rest as u32, max: None };
        let shortage = short(Table::new(
            &mut store,
            TableType { element: ValType::FuncRef, limits, index: IndexType::I32 },
            null,
        ));
        assert_eq!((shortage.of(), shortage.index()), (ShortageOf::Table, 1));
        // All of it is used up by one who asks for what there is.
        assert_eq!(grow(&mut store, "n+", rest), 600);
        assert_eq!(
            (left(&mut store), grow(&mut store, "m+", 1), grow(&mut store, "m+", 0)),
            (0, -1, 1100)
        );
    }
}

/// What is logged while something runs on this thread.
#[cfg(feature = "log")]
fn logged(run: impl FnOnce()) -> Vec<(log::Level, String)> {
    use std::cell::RefCell;
    thread_local!(static LINES: RefCell<Vec<(log::Level, String)>> = const { RefCell::new(Vec::new()) });
    struct Lines;
    impl log::Log for Lines {
        fn enabled(&self, _: &log::Metadata) -> bool {
            true
        }
        fn log(&self, record: &log::Record) {
            LINES.with_borrow_mut(|lines| lines.push((record.level(), record.args().to_string())));
        }
        fn flush(&self) {}
    }
    // Another test of this process may have set it.
    let _ = log::set_logger(&Lines);
    log::set_max_level(log::LevelFilter::Warn);
    LINES.with_borrow_mut(Vec::clear);
    run();
    LINES.with_borrow_mut(core::mem::take)
}

/// A memory that the embedder limits is made, and a warning says that it is smaller than the module
/// wants; and only then.
#[cfg(feature = "log")]
#[test]
fn a_memory_that_is_cut_off_is_warned_about() {
    for mode in MODES {
        for (text, limit, cut) in [
            ("(module (memory 2))", 100_000, true),
            ("(module (memory 2))", 131_071, true),
            ("(module (memory 2))", 131_072, false),
            ("(module (memory 2))", 1 << 30, false),
            ("(module (memory 100 (pagesize 1)))", 99, true),
            ("(module (memory 100 (pagesize 1)))", 100, false),
        ] {
            let lines = logged(|| {
                let config = StoreConfig { memory_limit: limit, ..StoreConfig::default() };
                let mut store = Store::with_config(&Engine::new(mode), (), config).unwrap();
                instantiate(&mut store, mode, text).unwrap();
            });
            let warned = lines.iter().any(|(level, line)| {
                *level == log::Level::Warn && line.contains(&format!("limited to {limit} bytes"))
            });
            assert_eq!(warned, cut, "{text} of {limit} bytes: {lines:?}");
        }
    }
}

/// Each import of an instance takes from the budget.
#[test]
fn imports_are_counted() {
    for mode in MODES {
        let taken = |imports: usize| {
            let text = format!(
                "(module {} (func (export \"g\")))",
                r#"(import "m" "f" (func))"#.repeat(imports)
            );
            let mut store = store(mode, 1 << 20);
            let mut linker = Linker::new();
            linker.func_wrap("m", "f", || ()).unwrap();
            let before = left(&mut store);
            let bytes = wat::parse_str(text).unwrap();
            let module = Module::from_vec(&Engine::new(mode), bytes).unwrap();
            linker.instantiate(&mut store, &module).unwrap();
            before - left(&mut store)
        };
        let (few, many) = (taken(10), taken(510));
        // At least the address of what is called, and what it gets.
        assert!(many >= few + 500 * 2 * size_of::<usize>(), "{few}, {many}");
    }
}

/// A memory with 64-bit addresses that declares more than any has is refused by its size.
#[cfg(feature = "memory64")]
#[test]
fn a_64_bit_memory_of_4_gib_is_none() {
    for mode in MODES {
        let mut store = store(mode, u64::MAX);
        let refused = instantiate(&mut store, mode, "(module (memory i64 65536))");
        assert!(refused.is_err(), "{mode:?}");
    }
}
