//! Criterion: a build with the feature `precompiled-only` runs precompiled modules, and refuses
//! every other module with an error that says what it loads.

use zonda::{ArtifactErrorKind, Engine, Error, Linker, Mode, Module, Store};
use zonda_compiler::{compile, CompileOptions};

const SOURCE: &str = r#"(module (func (export "twice") (param i32) (result i32) (i32.add (local.get 0) (local.get 0))))"#;

/// The bytes at an address that is a multiple of 4.
fn aligned(bytes: &[u8]) -> Vec<u32> {
    let words = bytes
        .chunks(4)
        .map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte)));
    words.collect()
}

#[test]
fn precompiled_modules_run_and_others_are_refused() {
    let source = wat::parse_str(SOURCE).unwrap();
    let engine = Engine::new(Mode::Fast);
    for keep_code in [false, true] {
        let options =
            CompileOptions { word_size: size_of::<usize>() as u8, keep_code, debug: false };
        let file = compile(&source, &options).unwrap();
        let words = aligned(&file);
        // SAFETY: the words hold as many bytes, rounded up.
        let file = unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), file.len()) };
        assert_eq!(Module::validate(&engine, file), Ok(()));
        let module = Module::new(&engine, file).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let twice = instance.get_typed_func::<(i32,), i32>(&store, "twice").unwrap();
        assert_eq!(twice.call(&mut store, (21,)), Ok(42));
    }
    for mode in Mode::ALL {
        for bytes in [&source[..], b"\0asm\x01\0\0\0", b"", b"\0zn"] {
            let results = [
                Module::new(&Engine::new(*mode), bytes).map(drop),
                Module::from_vec(&Engine::new(*mode), bytes).map(drop),
                Module::validate(&Engine::new(*mode), bytes),
            ];
            for result in results {
                let Err(Error::Artifact(error)) = result else { panic!("{mode:?}: {result:?}") };
                assert_eq!(error.kind, ArtifactErrorKind::NotPrecompiled);
                assert!(error.to_string().contains("zonda compile"), "{error}");
            }
        }
    }
}
