//! Criteria: a module that was compiled on the host returns the results of the module, executed in
//! place and without RAM for its code; and whatever else a file says, it is refused or does no
//! harm.

use crate::modules;

use crate::forge::{self, kind, load, survives};
use crate::run::Aligned;
use zonda::{
    ArtifactError, ArtifactErrorKind, Engine, Error, Grants, Linker, Mode, Module, ModuleError,
    ModuleErrorKind, Store, Trap, TrapCode,
};
use zonda_bench_env::Env;
use zonda_compiler::{compile, CompileOptions};
use zonda_exec::fast::RegOp;

/// The word size of this machine.
const HERE: u8 = size_of::<usize>() as u8;
const FAST: Mode = Mode::Fast;

fn options(word_size: u8, keep_code: bool) -> CompileOptions {
    CompileOptions { word_size, keep_code, debug: false }
}

/// Calls `run(argument)` of a module of the benchmarks.
fn run(module: &Module, mode: Mode, argument: i32) -> Result<i32, Error> {
    let mut linker = Linker::new();
    linker.define_module(Env::MODULE, Grants::All, |data| data)?;
    let mut store = Store::new(&Engine::new(mode), ())?;
    let instance = linker.instantiate(&mut store, module)?;
    instance.get_typed_func::<(i32,), i32>(&store, "run")?.call(&mut store, (argument,))
}

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

// --- what is right ---

#[test]
fn real_modules_give_their_results_from_a_file() {
    for module in modules::MODULES {
        for keep in [false, true] {
            let file = Aligned::new(&compile(module.bytes, &options(HERE, keep)).unwrap());
            let loaded = Module::new(&Engine::new(FAST), file.bytes()).unwrap();
            assert_eq!(loaded.info().code_bytes, 0, "{}: RAM for code", module.name);
            assert!(
                loaded.info().loaded_bytes < 1200 + module.bytes.len() as u32 / 20,
                "{}: {} bytes",
                module.name,
                loaded.info().loaded_bytes
            );
            assert_eq!(run(&loaded, FAST, module.argument), Ok(module.result), "{}", module.name);
        }
        // What is for the other word size is verified when it is made.
        assert!(compile(module.bytes, &options(12 - HERE, false)).is_ok());
    }
}

#[test]
fn the_benchmarks_give_the_same_results_from_a_file() {
    for (name, argument) in
        [("add", 3), ("crc32", 1), ("fib", 10), ("impcall", 100), ("impcall1", 100)]
    {
        let module =
            std::fs::read(format!("{}/tests/bench/{name}.wasm", env!("CARGO_MANIFEST_DIR")))
                .unwrap();
        let file = Aligned::new(&compile(&module, &options(HERE, false)).unwrap());
        let (engine, file) = (Engine::new(FAST), file.bytes());
        let (made, mapped) =
            (Module::new(&engine, &module).unwrap(), Module::new(&engine, file).unwrap());
        assert_eq!(run(&made, FAST, argument), run(&mapped, FAST, argument), "{name}");
        assert!(compile(&module, &options(12 - HERE, false)).is_ok());
    }
}

#[test]
fn the_header_is_as_specified() {
    let module = modules::module("sort").bytes;
    for (word_size, keep) in [(4, false), (8, false), (4, true), (8, true)] {
        let file = compile(module, &options(word_size, keep)).unwrap();
        assert_eq!(file[..8], [0, b'z', b'n', b'd', 2, 0, 1, word_size]);
        assert_eq!(u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize, file.len());
        assert_eq!(file[48..52], [3, 0, 0, 0]);
        let [kept, funcs, code] = forge::parts(&file);
        assert_eq!((kept.start, code.end), (88, file.len()));
        assert_eq!(funcs.len() % 16, 0);
        assert_eq!(file[code.end - 8..], [0; 8]);
        assert_eq!(file[kept] == *module, keep);
    }
    // SHA-256 of the module, as sha256sum says it of a module without functions.
    let file = compile(b"\0asm\x01\0\0\0", &options(4, false)).unwrap();
    assert_eq!(file[16..24], [0x93, 0xa4, 0x4b, 0xbb, 0x96, 0xc7, 0x51, 0x21]);
}

#[test]
fn the_code_section_is_left_out_and_all_else_is_kept() {
    let module = wasm("(module (memory 1) (func (export \"run\") (result i32) i32.const 7) (data (i32.const 3) \"abc\") (@custom \"name?\" \"x\"))");
    let file = Aligned::new(&compile(&module, &options(HERE, false)).unwrap());
    let [kept, ..] = forge::parts(file.bytes());
    let loaded = Module::new(&Engine::new(FAST), file.bytes()).unwrap();
    assert_eq!(loaded.bytes(), &file.bytes()[kept]);
    assert_eq!(loaded.custom_sections().map(|section| section.name).collect::<Vec<_>>(), ["name?"]);
    assert_eq!(loaded.exports().count(), 1);
    assert_eq!(loaded.funcs().count(), 1);
}

#[test]
fn classic_mode_needs_the_code_section() {
    let module = modules::module("sort");
    let stripped = Aligned::new(&compile(module.bytes, &options(HERE, false)).unwrap());
    let whole = Aligned::new(&compile(module.bytes, &options(4, true)).unwrap());
    let classic = Engine::new(Mode::Classic);
    let refused = Module::new(&classic, stripped.bytes()).map(drop);
    assert_eq!(kind(refused), Some(ArtifactErrorKind::NoBodies));
    // The word size does not matter to it.
    assert_eq!(
        run(&Module::new(&classic, whole.bytes()).unwrap(), Mode::Classic, module.argument),
        Ok(module.result)
    );

    // The same for an instance that is to change its mode.
    let changing = Aligned::new(&compile(module.bytes, &options(HERE, true)).unwrap());
    let mut store = Store::new(&classic, ()).unwrap();
    let loaded = Module::new(&Engine::new(FAST), stripped.bytes()).unwrap();
    let instance = Linker::new().instantiate(&mut store, &loaded).unwrap();
    assert_eq!(
        kind(instance.set_mode(&mut store, Mode::Classic)),
        Some(ArtifactErrorKind::NoBodies)
    );
    let loaded = Module::new(&Engine::new(FAST), changing.bytes()).unwrap();
    let instance = Linker::new().instantiate(&mut store, &loaded).unwrap();
    instance.set_mode(&mut store, Mode::Classic).unwrap();
    let run = instance.get_typed_func::<(i32,), i32>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, (module.argument,)), Ok(module.result));
}

#[test]
fn a_trap_says_where() {
    let module = wasm("(module (func (export \"run\") (param i32) (result i32) (drop (i32.div_u (i32.const 1) (local.get 0))) unreachable))");
    let offsets: Vec<u32> = [false, true]
        .map(|keep| {
            let file = Aligned::new(&compile(&module, &options(HERE, keep)).unwrap());
            let [_, _, code] = forge::parts(file.bytes());
            let loaded = Module::new(&Engine::new(FAST), file.bytes()).unwrap();
            let trapped = run(&loaded, FAST, 1);
            match trapped {
                Err(Error::Trap(Trap { code: TrapCode::Unreachable, func: 0, offset, .. }))
                    if keep =>
                {
                    offset
                }
                // The register instruction in the precompiled module.
                Err(Error::Trap(Trap { code: TrapCode::Unreachable, func: 0, offset, .. })) => {
                    assert_eq!(
                        (code.contains(&(offset as usize)), file.bytes()[offset as usize]),
                        (true, RegOp::Unreachable as u8)
                    );
                    offset
                }
                other => panic!("{other:?}"),
            }
        })
        .into();
    assert_eq!(module[offsets[1] as usize], 0x00);
}

#[test]
fn a_module_can_own_its_file_and_trust_it() {
    let module = modules::module("calls");
    let file = compile(module.bytes, &options(HERE, false)).unwrap();
    let engine = Engine::new(FAST);
    assert_eq!(
        run(&Module::from_vec(&engine, &file).unwrap(), FAST, module.argument),
        Ok(module.result)
    );
    let file = Aligned::new(&file);
    // SAFETY: it was made here.
    let trusted = unsafe { Module::new_trusted(&engine, file.bytes()) }.unwrap();
    assert_eq!(run(&trusted, FAST, module.argument), Ok(module.result));
    assert!(Module::validate(&engine, file.bytes()).is_ok());
}

#[test]
fn large_functions_are_verified() {
    // More than 256 slots, tail calls of all kinds, more than 32 KB of code.
    let locals = "i64 ".repeat(200);
    let sum = "(local.set 300 (i32.add (local.get 300) (local.get 299)))".repeat(2500);
    let module = wasm(&format!(
        "(module (type $t (func (param i32) (result i32))) (import \"env\" \"inc\" (func $host (type $t))) (table funcref (elem $one $large $host))
            (func $one (type $t) (local.get 0))
            (func $large (type $t) (local {locals}) (return_call_indirect (type $t) (i32.add (local.get 0) (i32.const 1)) (i32.const 2)))
            (func $direct (type $t) (local {locals}) (return_call $one (local.get 0)))
            (func $long (type $t) (local {locals} {i32s}) (loop {sum} (br_if 0 (i32.eqz (local.get 300)))) (return_call $host (local.get 300)))
            (func (export \"run\") (type $t) (local {locals})
                (local.set 1 (i64.extend_i32_u (local.get 0)))
                (local.set 200 (i64.add (local.get 1) (local.get 200)))
                (i32.add (call $large (i32.wrap_i64 (local.get 200))) (call $direct (local.get 0)))))",
        i32s = "i32 ".repeat(100),
    ));
    for size in [4, 8] {
        assert!(compile(&module, &options(size, false)).is_ok());
    }
    let file = Aligned::new(&compile(&module, &options(HERE, false)).unwrap());
    assert_eq!(run(&Module::new(&Engine::new(FAST), file.bytes()).unwrap(), FAST, 20), Ok(42));
}

/// The verifier sees that a frame has space for the results of a host function that is tail-called;
/// a loop would write them behind the operand stack.
#[test]
fn a_tail_call_of_the_host_has_room_for_its_results() {
    for call in ["(return_call $host)", "(return_call_indirect (type $t) (i32.const 0))"] {
        let results = " i32".repeat(20);
        let module = wasm(&format!(
            "(module (type $t (func (result{results}))) (import \"env\" \"many\" (func $host (type $t))) (table funcref (elem $host))
                (func (export \"run\") (type $t) {call}))"
        ));
        for size in [4, 8] {
            assert_eq!(kind(compile(&module, &options(size, false)).map(drop)), None, "{call}");
        }
        for mode in [FAST, Mode::Classic] {
            let module = Module::new(&Engine::new(mode), &module).unwrap();
            assert!(module.funcs().all(|func| func.operand_slots >= 20), "{call}");
        }
    }
}

// --- what cannot be compiled ---

#[test]
fn references_as_values_are_not_compiled() {
    for text in [
        "(module (func (param funcref)))",
        "(module (func (result externref) ref.null extern))",
        "(module (type (func (param externref))))",
        "(module (import \"a\" \"b\" (func (param externref))))",
        "(module (global funcref (ref.null func)))",
        "(module (import \"a\" \"b\" (global externref)))",
        "(module (table 1 funcref) (func (drop (table.get (i32.const 0)))))",
        "(module (table 1 funcref) (func (table.set (i32.const 0) (ref.null func))))",
        "(module (table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 0)))))",
        "(module (table 1 funcref) (func (table.fill (i32.const 0) (ref.null func) (i32.const 0))))",
        "(module (func $f (drop (ref.func $f))) (elem declare func $f))",
        "(module (func (drop (ref.is_null (ref.null func)))))",
    ] {
        assert_eq!(kind(compile(&wasm(text), &options(8, false)).map(drop)), Some(ArtifactErrorKind::References), "{text}");
    }
    // Tables and what moves their elements are fine.
    let text = "(module (table $a 9 funcref) (table $b 9 externref) (elem $e func $f) (type $t (func)) (func $f
        (table.init $a $e (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $e) (table.copy $a $a (i32.const 1) (i32.const 0) (i32.const 1))
        (call_indirect $a (type $t) (i32.const 1)) (drop (table.size $b))))";
    assert!(compile(&wasm(text), &options(8, false)).is_ok());
}

#[test]
fn a_bad_module_is_not_compiled() {
    let refused = compile(b"\0asm\x02\0\0\0", &options(4, false)).map(drop);
    let kind_of_module = ModuleErrorKind::Version;
    assert_eq!(refused, Err(Error::Module(ModuleError { kind: kind_of_module, offset: 4 })));
    assert_eq!(
        kind(compile(b"\0asm\x01\0\0\0", &options(5, false)).map(drop)),
        Some(ArtifactErrorKind::PointerSize)
    );
}

// --- damage ---

#[test]
fn a_file_that_is_cut_off_is_refused() {
    for name in ["calls", "sort", "tail", "machine"] {
        let file = compile(modules::module(name).bytes, &options(HERE, false)).unwrap();
        for length in 0..file.len() {
            assert!(load(&file[..length]).is_err(), "{name} cut at {length}");
            // Also where the length says so.
            let mut cut = file[..length].to_vec();
            if let Some(field) = cut.get_mut(12..16) {
                field.copy_from_slice(&(length as u32).to_le_bytes());
            }
            assert!(load(&cut).is_err(), "{name} cut at {length}");
        }
        for extra in 1..9 {
            assert_eq!(
                kind(load(&[&file[..], &vec![0; extra]].concat())),
                Some(ArtifactErrorKind::Layout)
            );
        }
    }
}

#[test]
fn a_file_with_one_byte_changed_is_refused_or_does_no_harm() {
    let mut refused = 0;
    let mut loaded = 0;
    for name in ["calls", "sort", "tail"] {
        let file = compile(modules::module(name).bytes, &options(HERE, false)).unwrap();
        let mut damaged = Aligned::new(&file);
        for at in 0..file.len() {
            for change in [0x01, 0x10, 0x80, 0xff] {
                damaged.bytes_mut()[at] ^= change;
                if survives(&damaged) {
                    loaded += 1;
                } else {
                    refused += 1;
                }
                damaged.bytes_mut()[at] ^= change;
            }
        }
    }
    assert!(refused > 3 * loaded / 4 && loaded > 1000, "{refused} refused, {loaded} loaded");
}

#[test]
fn headers_that_are_wrong_are_refused_for_what_is_wrong() {
    let file = compile(modules::module("calls").bytes, &options(HERE, false)).unwrap();
    let changed = |at: usize, value: u8| {
        let mut file = file.clone();
        file[at] = value;
        match Module::new(&Engine::new(FAST), Aligned::new(&file).bytes()) {
            Err(error) => error,
            Ok(_) => panic!("byte {at} = {value}"),
        }
    };
    let in_module = |kind, offset| Error::Module(ModuleError { kind, offset });
    assert_eq!(changed(1, b'y'), in_module(ModuleErrorKind::NotWasm, 0));
    // Errors of the module have their offset in the artifact.
    assert_eq!(changed(88 + 4, 2), in_module(ModuleErrorKind::Version, 88 + 4));
    let changed = |at: usize, value: u8| match changed(at, value) {
        Error::Artifact(ArtifactError { kind, offset }) => (kind, offset),
        error => panic!("byte {at} = {value}: {error}"),
    };
    assert_eq!(changed(4, 1), (ArtifactErrorKind::FormatVersion, 4));
    assert_eq!(changed(5, 1), (ArtifactErrorKind::FormatVersion, 4));
    assert_eq!(changed(6, 2), (ArtifactErrorKind::FormatVersion, 4));
    assert_eq!(changed(7, 12 - HERE), (ArtifactErrorKind::PointerSize, 7));
    assert_eq!(changed(7, 16).0, ArtifactErrorKind::PointerSize);
    assert_eq!(changed(11, 1), (ArtifactErrorKind::SwitchedOff, 8));
    for (at, value) in [
        (12, file[12] ^ 4),
        (48, 2),
        (48, 4),
        (52, 2),
        (56, 84),
        (56, 92),
        (64, 9),
        (68, file[68] ^ 4),
        (72, file[72] ^ 1),
        (76, 2),
        (84, file[84] ^ 8),
    ] {
        assert_eq!(changed(at, value).0, ArtifactErrorKind::Layout, "byte {at}");
    }
    // Bytes behind the last section that the file's length counts, and records that do not end with
    // one.
    let refused =
        |file: &[u8]| kind(Module::new(&Engine::new(FAST), Aligned::new(file).bytes()).map(drop));
    assert_eq!(refused(&file), None);
    let mut longer = [&file[..], &[0; 4]].concat();
    longer[12..16].copy_from_slice(&(file.len() as u32 + 4).to_le_bytes());
    assert_eq!(refused(&longer), Some(ArtifactErrorKind::Layout));
    let [module, funcs, code] = forge::parts(&file).map(|part| file[part].to_vec());
    assert_eq!(refused(&forge::sections([&module, &funcs, &code])), None);
    let more = [&funcs[..], &[0; 4]].concat();
    let unfinished = forge::sections([&module, &more, &code]);
    assert_eq!(refused(&unfinished), Some(ArtifactErrorKind::Layout));
    // Somewhere else than at a multiple of four.
    let shifted = Aligned::new(&[&[0; 2][..], &file].concat());
    let refused = Module::new(&Engine::new(FAST), &shifted.bytes()[2..]).map(drop);
    assert_eq!(kind(refused), Some(ArtifactErrorKind::Unaligned));
    // Between sections.
    let [module, funcs, _] = forge::parts(&file);
    if module.end != funcs.start {
        assert_eq!(changed(module.end, 1).0, ArtifactErrorKind::Layout);
    }
}

/// What is trusted is not verified, and what is no precompiled module is loaded like any other.
#[test]
fn trust_is_for_precompiled_modules() {
    let engine = Engine::new(FAST);
    let wasm = wat::parse_str("(module (func (export \"f\")))").unwrap();
    // SAFETY: it is a module, which is validated.
    assert!(unsafe { Module::new_trusted(&engine, &wasm) }.is_ok());
    // SAFETY: it is no module, and refused.
    assert!(unsafe { Module::new_trusted(&engine, &wasm[..wasm.len() - 1]) }.is_err());
    // `RetA` in a function without results: never called.
    let func =
        forge::Func::new(0, (0, 0, 0), 2, forge::code(&[(zonda_exec::fast::RegOp::RetA, &[])]));
    let file = Aligned::new(&forge::file(&wasm, &[func]));
    assert!(load(file.bytes()).is_err());
    // SAFETY: no function of it runs.
    assert!(unsafe { Module::new_trusted(&engine, file.bytes()) }.is_ok());
}
