//! The C library through the Rust API, with a state of the embedder.

use zonda::{Engine, Error, Grants, HostError, Linker, Module, Store, TrapCode};
use zonda_libc::{Env, Host};

/// Keeps what is printed, and gives out memory from 4096 on.
#[derive(Default)]
struct Embedder {
    printed: Vec<u8>,
    blocks: Vec<(u32, u32)>,
}

impl Host for Embedder {
    fn print(&mut self, text: &[u8]) {
        self.printed.extend_from_slice(text);
    }

    fn allocate(&mut self, size: u32) -> u32 {
        let at = self.blocks.last().map_or(4096, |&(at, size)| at + size.next_multiple_of(8));
        self.blocks.push((at, size));
        at
    }

    fn block_size(&mut self, at: u32) -> Option<u32> {
        self.blocks.iter().find(|block| block.0 == at).map(|block| block.1)
    }

    fn clock(&mut self, number: u32) -> Option<u64> {
        (number < 2).then_some(1_500_000_002)
    }
}

const TEXT: &str = r#"(module
    (import "env" "printf" (func $printf (param i32 i32) (result i32)))
    (import "env" "strdup" (func $strdup (param i32) (result i32)))
    (import "env" "malloc" (func $malloc (param i32) (result i32)))
    (import "env" "exit" (func $exit (param i32)))
    (import "env" "clock_gettime" (func $time (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "%5.1f|%s\00")
    (data (i32.const 40) "\00\00\00\00\00\00\04\c0\50\00\00\00")
    (data (i32.const 80) "text\00")
    (func (export "print") (result i32) (call $printf (i32.const 16) (i32.const 40)))
    (func (export "copy") (result i32) (i32.load (call $strdup (i32.const 80))))
    (func (export "large") (result i32) (call $malloc (i32.const 100000)))
    (func (export "outside") (result i32) (call $printf (i32.const 16) (i32.const 65535)))
    (func (export "time") (result i64) (drop (call $time (i32.const 1) (i32.const 96)))
        (i64.add (i64.mul (i64.load (i32.const 96)) (i64.const 1000000000)) (i64.load32_u (i32.const 104))))
    (func (export "exit") (call $exit (i32.const 3))))"#;

#[test]
fn a_module_that_prints() -> Result<(), Error> {
    let bytes = wat::parse_str(TEXT).unwrap();
    let engine = Engine::default();
    let module = Module::new(&engine, &bytes)?;
    let mut store = Store::new(&engine, Embedder::default())?;
    let mut linker = Linker::new();
    linker.define_module(Env::<Embedder>::MODULE, Grants::All, |data| data)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let call = |store: &mut Store<Embedder>, name: &str| {
        instance.get_typed_func::<(), i32>(&*store, name)?.call(store, ())
    };
    assert_eq!(call(&mut store, "print")?, 10);
    assert_eq!(store.data().printed, b" -2.5|text");
    assert_eq!(call(&mut store, "copy")?, i32::from_le_bytes(*b"text"));
    // What the embedder gives out is not trusted either.
    assert_eq!(call(&mut store, "large")?, 0);
    let outside = call(&mut store, "outside").unwrap_err();
    assert!(matches!(outside, Error::Trap(trap) if trap.code == TrapCode::MemoryOutOfBounds));
    let time = instance.get_typed_func::<(), i64>(&store, "time")?.call(&mut store, ())?;
    assert_eq!(time, 1_500_000_002);
    let exit = instance.get_typed_func::<(), ()>(&store, "exit")?.call(&mut store, ());
    let code = HostError::Failed { number: 3, text: "the program has ended itself" };
    match exit {
        Err(Error::Trap(trap)) => {
            assert_eq!(
                HostError::Failed { number: trap.host, text: "the program has ended itself" },
                code
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(Env::<Embedder>::MODULE.names().count(), 52);
    Ok(())
}
