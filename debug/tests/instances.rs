//! Two instances of one store under stock LLDB 22: the program of tests/debug, twice.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use zonda::{Engine, Linker, Mode, Module, Store};
use zonda_debug::tcp::Port;
use zonda_debug::{Names, Stub, PACKET};

/// The second module has no name, so that LLDB reads it from the program.
struct First;

impl Names for First {
    fn name(&self, instance: u32) -> Option<&[u8]> {
        (instance == 0).then_some(b"story-O0.wasm")
    }
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/debug")
}

#[test]
fn breakpoints_and_memories_of_two_instances() {
    if Command::new("lldb-22").arg("--version").output().is_err() {
        eprintln!("not run: lldb-22 is not installed");
        return;
    }
    let bytes = std::fs::read(programs().join("story-O0.wasm")).unwrap();
    let engine = Engine::new(Mode::Fast);
    let module = Module::from_vec(&engine, &bytes).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    let port = Port::open(0).unwrap();
    let address = port.address().unwrap();
    let tcp = port.serve(store.stop_handle()).unwrap();
    let packet = Box::leak(Box::new([0; PACKET]));
    store.set_debugger(Box::leak(Box::new(Stub::new(tcp.clone(), First, packet))));
    let linker = Linker::new();
    let first = linker.instantiate(&mut store, &module).unwrap();
    let second = linker.instantiate(&mut store, &module).unwrap();

    let script = format!(
        "process connect --plugin wasm connect://{address}\n\
         image list\n\
         b story.c:35\n\
         continue\n\
         p sum\n\
         continue\n\
         p sum\n\
         p total\n\
         memory read --size 4 --count 1 --format d 0x0000000100000404\n\
         memory read --size 4 --count 1 --format d 0x0000000200000404\n\
         expr total = 5\n\
         continue\n"
    );
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("instances.lldb");
    std::fs::write(&file, script).unwrap();
    let lldb = Command::new("lldb-22")
        .args(["--batch", "--no-lldbinit", "-s"])
        .arg(file)
        .current_dir(programs())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tcp.wait();
    let run = |store: &mut Store<()>, instance: zonda::Instance, n: i32| {
        let run = instance.get_typed_func::<i32, i32>(&*store, "run").unwrap();
        run.call(store, n).unwrap()
    };
    assert_eq!(run(&mut store, first, 2), 6);
    assert_eq!(run(&mut store, second, 3), 12);
    tcp.ended(0);
    let output = lldb.wait_with_output().unwrap();
    let output = [output.stdout, output.stderr].concat();
    let output = String::from_utf8_lossy(&output);
    let mut rest = &output[..];
    for text in [
        "story-O0.wasm",
        "instance-0000000000000001",
        "2 locations",
        "stop reason = breakpoint 1.1",
        "run(n=2) at story.c:35",
        "(int) 6",
        "stop reason = breakpoint 1.2",
        "run(n=3) at story.c:35",
        "(int) 12",
        // The memory of the instance that runs, then both by their numbers.
        "(int) 18",
        ": 9",
        ": 18",
        "(int) $0 = 5",
        "exited with status = 0",
    ] {
        let Some(at) = rest.find(text) else {
            panic!("LLDB has not printed '{text}' where it was expected:\n{output}");
        };
        rest = &rest[at + text.len()..];
    }
    // The debugger has changed `total` of the second instance.
    for (instance, total) in [(first, 9i32), (second, 5)] {
        let memory = instance.get_memory(&store, "memory").unwrap();
        assert_eq!(memory.data(&store).unwrap()[0x404..0x408], total.to_le_bytes());
    }
}
