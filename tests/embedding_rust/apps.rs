//! The programs of `apps/`, one in each language: what they do, and that they come out of their
//! sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use zonda::{
    host_module, Engine, Grants, GuestSlice, Linker, Mode, Module, Store, StoreConfig, Val,
};

const LANGUAGES: [&str; 5] = ["assemblyscript", "c", "cpp", "rust", "zig"];

fn apps() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("apps")
}

fn module(language: &str) -> Vec<u8> {
    std::fs::read(apps().join(language).join("blink.wasm")).unwrap()
}

/// What a program has done.
#[derive(Default, PartialEq, Debug)]
struct Board {
    lit: bool,
    /// Milliseconds with the LED on, and off.
    on: i32,
    off: i32,
    switched: u32,
    printed: String,
}

host_module! {
    /// What a firmware provides.
    struct Env: Board as "env" {
        fn led_set(call, on: i32) {
            let board = call.state();
            board.switched += u32::from(board.lit != (on != 0));
            board.lit = on != 0;
        }
        fn sleep_ms(call, ms: i32) {
            let board = call.state();
            let time = if board.lit { &mut board.on } else { &mut board.off };
            *time += ms;
        }
        fn print(call, text: GuestSlice<u8>) {
            let (memory, board) = call.memory_and_state();
            board.printed += &String::from_utf8_lossy(text.bytes(memory));
        }
    }
}

/// What a program does, in each mode.
fn blinks_and_prints(program: &[u8], language: &str) {
    for mode in [Mode::Classic, Mode::Fast] {
        let engine = Engine::new(mode);
        let module = Module::from_vec(&engine, program).unwrap();
        // Where the pages are of 64 KiB, the program uses their beginning.
        let config = StoreConfig { memory_limit: 4096, ..StoreConfig::default() };
        let mut store = Store::with_config(&engine, Board::default(), config).unwrap();
        let mut linker = Linker::new();
        linker.define_module(Env::MODULE, Grants::All, |board: &mut Board| board).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let main = instance.get_func(&store, "main").unwrap();
        let ty = main.ty(&store).unwrap();
        let args: Vec<Val> = ty.params().map(Val::zero).collect();
        let mut results = [Val::I32(7)];
        main.call(&mut store, &args, &mut results).unwrap();
        assert_eq!(results, [Val::I32(0)], "{language}");
        let expected = Board {
            lit: false,
            on: 1500,
            off: 1500,
            switched: 6,
            printed: "blink 1\nblink 2\nblink 3\n".into(),
        };
        assert_eq!(store.data(), &expected, "{language}");
    }
}

#[test]
fn every_program_blinks_and_prints() {
    for language in LANGUAGES {
        blinks_and_prints(&module(language), language);
    }
}

/// Compiles a program again, with variables of the environment for the script.
fn built(language: &str, variables: &[(&str, &str)]) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new("sh");
    command.arg(apps().join("build.sh")).arg(language).arg(folder).envs(variables.to_vec());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{language}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(folder.join(format!("blink-{language}.wasm"))).unwrap()
}

fn succeeds(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

/// Needs clang 19, whose version is part of the bytes.
#[test]
fn programs_in_c_and_cpp_come_out_of_their_sources() {
    if !succeeds("clang-19", &["--version"]) || !succeeds("wasm-ld-19", &["--version"]) {
        eprintln!("skipped: clang-19 or lld-19 is not installed");
        return;
    }
    for language in ["c", "cpp"] {
        assert!(
            built(language, &[]) == module(language),
            "apps/{language}/blink.wasm is not what its source makes"
        );
    }
}

/// Compilers of any version: the bytes may differ, what the program does may not.
#[test]
fn programs_in_other_languages_are_compiled_again() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("apps-rust");
    for target in ["wasm32-unknown-unknown", "wasm32v1-none"] {
        let libraries = Command::new("rustc")
            .args(["--print", "target-libdir", "--target", target])
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        if !libraries.is_ok_and(|path| Path::new(&path).is_dir()) {
            eprintln!("skipped: Rust's target {target} is not installed");
            continue;
        }
        let folder = folder.to_str().unwrap();
        let variables = [("RUST_TARGET", target), ("CARGO_TARGET_DIR", folder)];
        blinks_and_prints(&built("rust", &variables), target);
    }
    for (language, tool, args) in [
        ("zig", "python3", &["-m", "ziglang", "version"][..]),
        ("assemblyscript", "npx", &["--no-install", "asc", "--version"][..]),
    ] {
        if succeeds(tool, args) {
            blinks_and_prints(&built(language, &[]), language);
        } else {
            eprintln!("skipped: {tool} {} fails", args.join(" "));
        }
    }
}
