//! Bulk operations, table instructions, growth and host functions that call back work in both modes
//! while several pointers lead to one memory or table. Short, so that Miri runs it: Miri reports
//! two live references to one object.

use std::sync::OnceLock;
use zonda::{
    AsStoreMut, Caller, Engine, Error, Extern, Func, Global, GlobalType, IndexType, Instance,
    Limits, Linker, Memory, MemoryType, Mode, Module, Sharing, Store, Table, TableType, Trap,
    TrapCode, Val, ValType,
};

const MODES: [Mode; 2] = [Mode::Classic, Mode::Fast];

/// Memories `m` and `n`, and tables `t` and `u`, are the same object in the instance that `link`
/// makes: imported twice.
const TEXT: &str = r#"(module
    (type $nullary (func (result i32)))
    (import "env" "memory" (memory $m 8 64 (pagesize 1)))
    (import "env" "memory" (memory $n 8 64 (pagesize 1)))
    (import "env" "table" (table $t 6 16 funcref))
    (import "env" "table" (table $u 6 16 funcref))
    (import "env" "back" (func $back (type $nullary)))
    (memory $own 8 16 (pagesize 1))
    (table $other 4 8 funcref)
    (global $g (mut funcref) (ref.null func))
    (data $bytes "\01\02\03\04\05\06\07\08")
    (elem $funcs func $one $two $back)
    (func $one (type $nullary) i32.const 1)
    (func $two (type $nullary) i32.const 2)
    (func (export "memories") (param $at i32) (param $from i32) (param $len i32)
        ;; A segment, then copies within the memory by one index, and by both.
        (memory.init $m $bytes (i32.const 0) (i32.const 0) (i32.const 8))
        (memory.copy (local.get $at) (local.get $from) (local.get $len))
        (memory.copy $m $n (local.get $at) (local.get $from) (local.get $len))
        (memory.copy $n $m (local.get $from) (local.get $at) (local.get $len))
        (memory.fill $n (i32.const 7) (i32.const 0x1ff) (i32.const 1))
        ;; To another memory and back.
        (memory.copy $own $m (i32.const 1) (i32.const 0) (i32.const 7))
        (memory.copy $n $own (i32.const 0) (i32.const 0) (i32.const 2)))
    (func (export "drop") (data.drop $bytes) (elem.drop $funcs))
    (func (export "tables") (param $at i32) (param $from i32) (param $len i32)
        (table.init $t $funcs (i32.const 0) (i32.const 0) (i32.const 3))
        (table.copy $t $t (local.get $at) (local.get $from) (local.get $len))
        (table.copy $u $t (local.get $at) (local.get $from) (local.get $len))
        (table.fill $u (i32.const 5) (table.get $t (i32.const 1)) (i32.const 1))
        (table.copy $other $u (i32.const 0) (i32.const 0) (i32.const 3))
        (table.copy $t $other (i32.const 3) (i32.const 0) (i32.const 1))
        (global.set $g (table.get $u (i32.const 0)))
        (table.set $t (i32.const 4) (global.get $g)))
    (func (export "grow") (param $delta i32) (result i32 i32 i32 i32)
        (memory.grow $m (local.get $delta)) (memory.size $n)
        (table.grow $u (ref.func $two) (local.get $delta)) (table.size $t))
    (func $call (export "call") (param $index i32) (result i32)
        (i32.store8 $m (i32.const 0) (i32.const 40))
        (call_indirect $t (type $nullary) (local.get $index))
        (i32.add (i32.load8_u $n (i32.const 0)))
        ;; What the host function has made the last element of the table.
        (i32.add (call_indirect $u (type $nullary) (i32.sub (table.size $t) (i32.const 1)))))
    (func (export "tail") (param $index i32) (result i32)
        (return_call_indirect $t (type $nullary) (local.get $index)))
    (func (export "direct") (result i32)
        (call $back) (i32.add (i32.load8_u $n (i32.const 0)))))"#;

/// What a host function that is called back makes an instance of, in the middle of a call.
const GUEST: &str = r#"(module
    (import "env" "memory" (memory 8 64 (pagesize 1)))
    (import "env" "table" (table 6 16 funcref))
    (func $five (result i32) i32.const 5)
    (data (i32.const 0) "\64")
    (elem (i32.const 3) func $five $five))"#;

/// What host functions find in the store.
#[derive(Default)]
struct Host {
    depth: u32,
    instance: Option<Instance>,
    memory: Option<Memory>,
    table: Option<Table>,
    guest: Option<Module<'static>>,
}

type Outcome<T> = Result<T, Error>;

/// Reads, writes, grows and shares what the calling code uses, and calls that code again.
fn back(mut caller: Caller<'_, '_, Host>) -> Outcome<i32> {
    let host = caller.data_mut();
    host.depth += 1;
    let depth = host.depth;
    let (memory, table) = (host.memory.unwrap(), host.table.unwrap());
    let (instance, guest) = (host.instance.unwrap(), host.guest.clone().unwrap());
    let (bytes, host) = memory.data_and_store_mut(&mut caller)?;
    bytes.copy_within(0..4, 2);
    host.depth += bytes[2] as u32 - 40;
    // May be refused: the types allow few more.
    let _ = memory.grow(&mut caller, 3);
    if depth == 1 {
        // New objects of the store, of which instances may have to be found anew.
        let mut linker = Linker::new();
        linker.define("env", "memory", Extern::Memory(memory))?;
        linker.define("env", "table", Extern::Table(table))?;
        linker.instantiate(caller.as_store_mut(), &guest)?;
        let func = Func::wrap(&mut caller, || 10)?;
        let ty = GlobalType { content: ValType::FuncRef, mutable: true };
        Global::new(&mut caller, ty, Val::FuncRef(Some(func)))?;
        let limits = Limits { min: 1, max: None };
        Memory::new(
            &mut caller,
            MemoryType { limits, page_shift: 0, index: IndexType::I32, sharing: Sharing::Unshared },
        )?;
        let ty = TableType { element: ValType::FuncRef, limits, index: IndexType::I32 };
        Table::new(&mut caller, ty, Val::FuncRef(None))?;
        table.grow(&mut caller, 1, Val::FuncRef(Some(func)))?;
        let tables = instance.get_typed_func::<(i32, i32, i32), ()>(&caller, "tables")?;
        tables.call(&mut caller, (0, 0, 0))?;
        // The element that the code is calling through, and the place where it is found from now
        // on.
        let this = table.get(&caller, 2)?;
        table.set(&mut caller, 2, Val::FuncRef(None))?;
        table.set(&mut caller, 1, this)?;
        memory.write(&mut caller, 0, &[40])?;
        let mut results = [Val::I32(0)];
        // Once more down to here, through the same instruction.
        let call = instance.get_func(&caller, "tail").unwrap();
        call.call(&mut caller, &[Val::I32(1)], &mut results)?;
        assert_eq!(results, [Val::I32(200)]);
    } else {
        memory.write(&mut caller, 0, &[101])?;
    }
    Ok(100 * depth as i32)
}

fn trap(error: Error) -> Trap {
    match error {
        Error::Trap(trap) => Trap { func: u32::MAX, offset: 0, ..trap },
        error => panic!("{error}"),
    }
}

/// The bytes of both modules. Parsed once, as Miri takes a minute for that.
fn bytes() -> &'static [Vec<u8>; 2] {
    static BYTES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    BYTES.get_or_init(|| [TEXT, GUEST].map(|text| wat::parse_str(text).unwrap()))
}

struct Linked {
    store: Store<'static, Host>,
    instance: Instance,
    memory: Memory,
    table: Table,
}

/// An instance to which one memory and one table are known by two indices each.
fn link(mode: Mode) -> Linked {
    let engine = Engine::new(mode);
    let [module, guest] = bytes();
    let module = Module::new(&engine, module).unwrap();
    let guest = Some(Module::new(&engine, guest).unwrap());
    let mut store = Store::new(&engine, Host { guest, ..Host::default() }).unwrap();
    let mut linker = Linker::new();
    let limits = Limits { min: 8, max: Some(64) };
    let memory = Memory::new(
        &mut store,
        MemoryType { limits, page_shift: 0, index: IndexType::I32, sharing: Sharing::Unshared },
    )
    .unwrap();
    let limits = Limits { min: 6, max: Some(16) };
    let ty = TableType { element: ValType::FuncRef, limits, index: IndexType::I32 };
    let table = Table::new(&mut store, ty, Val::FuncRef(None)).unwrap();
    linker.define("env", "memory", Extern::Memory(memory)).unwrap();
    linker.define("env", "table", Extern::Table(table)).unwrap();
    linker
        .func_wrap("env", "back", |caller: Caller<'_, '_, Host>| back(caller).map_err(trap))
        .unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let host = store.data_mut();
    (host.instance, host.memory, host.table) = (Some(instance), Some(memory), Some(table));
    Linked { store, instance, memory, table }
}

#[test]
fn one_memory_or_table_by_several_indices() {
    for mode in MODES {
        let Linked { mut store, instance, memory, table } = link(mode);
        let memories = instance.get_typed_func::<(i32, i32, i32), ()>(&store, "memories").unwrap();
        // Upwards, downwards, onto itself, nothing at the end; then past it, each way around.
        let mut expected = |at: usize, from: usize, len: usize| {
            let mut bytes = *b"\x01\x02\x03\x04\x05\x06\x07\x08";
            bytes.copy_within(from..from + len, at);
            bytes.copy_within(from..from + len, at);
            bytes.copy_within(at..at + len, from);
            bytes[7] = 0xff;
            [bytes[1], bytes[0]] = [bytes[0], 0];
            memories.call(&mut store, (at as i32, from as i32, len as i32)).unwrap();
            assert_eq!(memory.data(&store).unwrap(), bytes, "{at} {from} {len}");
        };
        expected(2, 0, 5);
        expected(0, 3, 5);
        expected(3, 3, 4);
        expected(8, 0, 0);
        expected(0, 8, 0);
        for (at, from, len) in [(4, 0, 5), (0, 4, 5), (9, 0, 0), (0, 9, 0), (-1, 0, 2)] {
            let error = memories.call(&mut store, (at, from, len)).unwrap_err();
            assert_eq!(trap(error), Trap::new(TrapCode::MemoryOutOfBounds));
        }
        let tables = instance.get_typed_func::<(i32, i32, i32), ()>(&store, "tables").unwrap();
        tables.call(&mut store, (2, 0, 2)).unwrap();
        let element = |index| table.get(&store, index).unwrap();
        let [first, ..] = [0, 1, 2, 3, 4, 5].map(element);
        assert!(first != Val::FuncRef(None));
        assert_eq!([2, 3, 4].map(element), [first; 3]);
        assert!(element(1) != first && element(5) == element(1));
        for (at, from, len) in [(4, 0, 3), (0, 4, 3), (7, 0, 0), (0, 7, 0)] {
            let error = tables.call(&mut store, (at, from, len)).unwrap_err();
            assert_eq!(trap(error), Trap::new(TrapCode::TableOutOfBounds));
        }
        // Growth by one index is seen by the other.
        let grow = instance.get_typed_func::<i32, (i32, i32, i32, i32)>(&store, "grow").unwrap();
        assert_eq!(grow.call(&mut store, 2), Ok((8, 10, 6, 8)));
        assert_eq!(grow.call(&mut store, 9), Ok((10, 19, -1, 8)));
        assert_eq!(grow.call(&mut store, 8), Ok((19, 27, 8, 16)));
        assert_eq!(memory.data(&store).unwrap().len(), 27);
        // A dropped segment is empty.
        instance.get_typed_func::<(), ()>(&store, "drop").unwrap().call(&mut store, ()).unwrap();
        for run in [memories, tables] {
            assert!(run.call(&mut store, (0, 0, 1)).is_err());
        }
    }
}

#[test]
fn a_host_function_changes_what_the_calling_code_uses() {
    for mode in MODES {
        for name in ["call", "tail", "direct"] {
            let Linked { mut store, instance, memory, table } = link(mode);
            let tables = instance.get_typed_func::<(i32, i32, i32), ()>(&store, "tables").unwrap();
            tables.call(&mut store, (0, 0, 0)).unwrap();
            memory.write(&mut store, 0, &[40, 41]).unwrap();
            let result = match name {
                "direct" => {
                    let run = instance.get_typed_func::<(), i32>(&store, name).unwrap();
                    run.call(&mut store, ())
                }
                _ => {
                    let run = instance.get_typed_func::<i32, i32>(&store, name).unwrap();
                    run.call(&mut store, 2)
                }
            };
            let expected = match name {
                "call" => 100 + 101 + 10,
                "tail" => 100,
                _ => 100 + 101,
            };
            assert_eq!(result, Ok(expected), "{name}");
            assert_eq!(store.data().depth, 2);
            assert_eq!(memory.size(&store), Ok(14));
            assert_eq!(table.size(&store), Ok(7));
        }
    }
}
