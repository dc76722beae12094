//! LLDB's debug adapter (lldb-dap-22), as editors start it: what `docs/debugging.md` shows for VS
//! Code. Where it is missing the test is not run, and says so.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::time::Duration;

/// The adapter, with messages in JSON.
struct Adapter {
    process: Child,
    input: ChildStdin,
    messages: Receiver<String>,
    seen: Vec<String>,
    sequence: u32,
}

impl Adapter {
    fn start(folder: &Path) -> Adapter {
        let mut process = Command::new("lldb-dap-22")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || loop {
            let mut line = String::new();
            if output.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let Some(length) = line.trim().strip_prefix("Content-Length: ") else { continue };
            let mut body = vec![0; length.parse().unwrap()];
            output.read_line(&mut line).unwrap();
            output.read_exact(&mut body).unwrap();
            if sender.send(String::from_utf8(body).unwrap()).is_err() {
                return;
            }
        });
        let input = process.stdin.take().unwrap();
        Adapter { process, input, messages, seen: Vec::new(), sequence: 0 }
    }

    fn send(&mut self, command: &str, arguments: &str) {
        self.sequence += 1;
        let body = format!(
            r#"{{"seq":{},"type":"request","command":"{command}","arguments":{arguments}}}"#,
            self.sequence
        );
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.input.flush().unwrap();
    }

    /// Waits for a message that contains the text, and returns it. Those before it were not waited
    /// for.
    fn wait(&mut self, text: &str) -> String {
        loop {
            match self.messages.recv_timeout(Duration::from_secs(30)) {
                Ok(message) if message.contains(text) => return message,
                Ok(message) => self.seen.push(message),
                Err(_) => panic!("no message with '{text}' after:\n{}", self.seen.join("\n")),
            }
        }
    }

    /// Sends a request and waits for its response.
    fn request(&mut self, command: &str, arguments: &str) -> String {
        self.send(command, arguments);
        let response = self.wait(&format!(r#""command":"{command}""#));
        assert!(response.contains(r#""success":true"#), "{response}");
        response
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The number behind a name in a message.
fn number(message: &str, name: &str) -> u64 {
    let at = message.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name}: {message}"));
    let digits = message[at + name.len() + 3..].trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap();
    digits[..end].parse().unwrap()
}

fn is_there() -> bool {
    let there = Command::new("lldb-dap-22").arg("--version").output().is_ok();
    if !there {
        eprintln!("not run: lldb-dap-22 is not installed");
    }
    there
}

fn programs() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/debug");
    folder.canonicalize().unwrap()
}

/// A function of the program in C under `zonda run --debug`, and the address of its debugger.
fn program(function: &str, arguments: &[&str], options: &[&str]) -> (Child, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_zonda"))
        .args(["run", "--debug=0"])
        .args(options)
        .args(["story-O0.wasm", "--invoke", function])
        .args(arguments)
        .current_dir(programs())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut messages = BufReader::new(program.stderr.take().unwrap());
    messages.read_line(&mut line).unwrap();
    std::thread::spawn(move || std::io::copy(&mut messages, &mut std::io::stderr()));
    (program, line.trim().rsplit(' ').next().unwrap().to_owned())
}

/// An adapter that is attached to a program, before it is configured.
fn attach(address: &str) -> Adapter {
    let mut adapter = Adapter::start(&programs());
    adapter.request("initialize", r#"{"adapterID":"lldb-dap","linesStartAt1":true}"#);
    adapter.send(
        "attach",
        &format!(
            r#"{{"program":"story-O0.wasm","stopOnEntry":true,"attachCommands":["process connect --plugin wasm connect://{address}"]}}"#
        ),
    );
    adapter.wait(r#""event":"initialized""#);
    adapter
}

fn attached(function: &str, arguments: &[&str]) -> (Child, Adapter) {
    let (program, address) = program(function, arguments, &[]);
    let adapter = attach(&address);
    (program, adapter)
}

#[test]
fn an_editor_interrupts_a_program() {
    if !is_there() {
        return;
    }
    let (mut program, mut adapter) = attached("spin", &[]);
    adapter.send("configurationDone", "{}");
    adapter.wait(r#""event":"stopped""#);
    for _ in 0..2 {
        adapter.request("continue", r#"{"threadId":1}"#);
        std::thread::sleep(Duration::from_millis(100));
        adapter.send("pause", r#"{"threadId":1}"#);
        adapter.wait(r#""event":"stopped""#);
    }
    let stack = adapter.request("stackTrace", r#"{"threadId":1,"levels":20}"#);
    assert!(stack.contains("spin"), "{stack}");
    let frame = number(&stack, "id");
    adapter.request(
        "evaluate",
        &format!(r#"{{"expression":"stop = 7","frameId":{frame},"context":"repl"}}"#),
    );
    adapter.send("continue", r#"{"threadId":1}"#);
    adapter.wait(r#""event":"exited""#);
    drop(adapter);
    assert_eq!(program.wait().unwrap().code(), Some(0));
}

/// The number with a name that follows a text.
fn number_behind(message: &str, text: &str, name: &str) -> u64 {
    let at = message.find(text).unwrap_or_else(|| panic!("{text}: {message}"));
    number(&message[at..], name)
}

/// The number of what the innermost frame has in a scope.
fn scope(adapter: &mut Adapter, name: &str) -> u64 {
    let stack = adapter.request("stackTrace", r#"{"threadId":1,"levels":20}"#);
    let frame = number(&stack, "id");
    let scopes = adapter.request("scopes", &format!(r#"{{"frameId":{frame}}}"#));
    number_behind(&scopes, &format!(r#""name":"{name}""#), "variablesReference")
}

fn variables(adapter: &mut Adapter, reference: u64) -> String {
    adapter.request("variables", &format!(r#"{{"variablesReference":{reference}}}"#))
}

fn line(adapter: &mut Adapter) -> u64 {
    number(&adapter.request("stackTrace", r#"{"threadId":1,"levels":1}"#), "line")
}

#[test]
fn an_editor_debugs_a_program() {
    if !is_there() {
        return;
    }
    let folder = programs();
    let (mut program, mut adapter) = attached("trap", &["2"]);
    let source = folder.join("story.c");
    let breakpoints = adapter.request(
        "setBreakpoints",
        &format!(
            r#"{{"source":{{"path":"{}"}},"breakpoints":[{{"line":33,"condition":"i == 1"}}]}}"#,
            source.display()
        ),
    );
    assert!(breakpoints.contains(r#""verified":true"#), "{breakpoints}");
    adapter.send("configurationDone", "{}");
    adapter.wait(r#""event":"stopped""#);
    adapter.send("continue", r#"{"threadId":1}"#);
    adapter.wait(r#""reason":"breakpoint""#);
    // Into the call, over a line.
    adapter.send("stepIn", r#"{"threadId":1}"#);
    adapter.wait(r#""reason":"step""#);
    let stack = adapter.request("stackTrace", r#"{"threadId":1,"levels":20}"#);
    for text in ["scale", "\"line\":13", "run", "\"line\":33", "trap", "\"line\":40"] {
        assert!(stack.contains(text), "{text}: {stack}");
    }
    for next in [14, 15, 16] {
        adapter.send("next", r#"{"threadId":1}"#);
        adapter.wait(r#""reason":"step""#);
        assert_eq!(line(&mut adapter), next);
    }
    // A local and a structure are shown, and changed.
    let locals = scope(&mut adapter, "Locals");
    let shown = variables(&mut adapter, locals);
    assert!(shown.contains(r#""name":"before""#), "{shown}");
    let point = number_behind(&shown, r#""name":"p""#, "variablesReference");
    let shown = variables(&mut adapter, point);
    for value in [r#""name":"x""#, r#""value":"2""#, r#""value":"10000000000""#] {
        assert!(shown.contains(value), "{value}: {shown}");
    }
    let set = format!(r#"{{"variablesReference":{locals},"name":"before","value":"5"}}"#);
    let set = adapter.request("setVariable", &set);
    assert!(set.contains(r#""value":"5""#), "{set}");
    // A watchpoint.
    let globals = scope(&mut adapter, "Globals");
    let info = format!(r#"{{"variablesReference":{globals},"name":"total"}}"#);
    let info = adapter.request("dataBreakpointInfo", &info);
    let id = info.split(r#""dataId":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let set = format!(r#"{{"breakpoints":[{{"dataId":"{id}","accessType":"write"}}]}}"#);
    let set = adapter.request("setDataBreakpoints", &set);
    assert!(set.contains(r#""verified":true"#), "{set}");
    adapter.send("continue", r#"{"threadId":1}"#);
    adapter.wait(r#""reason":"data breakpoint""#);
    assert_eq!(line(&mut adapter), 18);
    adapter.request("setDataBreakpoints", r#"{"breakpoints":[]}"#);
    // The product is that of the value that was changed: 3 in the first call, and 15.
    let globals = scope(&mut adapter, "Globals");
    let shown = variables(&mut adapter, globals);
    let total = shown.find(r#""name":"total""#).map(|at| &shown[at..]).unwrap();
    assert!(total.split('}').next().unwrap().contains(r#""value":"18""#), "{total}");
    adapter.send("stepOut", r#"{"threadId":1}"#);
    adapter.wait(r#""reason":"step""#);
    assert_eq!(line(&mut adapter), 33);
    adapter.send("continue", r#"{"threadId":1}"#);
    // The trap.
    adapter.wait(r#""reason":"exception""#);
    let stack = adapter.request("stackTrace", r#"{"threadId":1,"levels":20}"#);
    assert!(stack.contains("divide") && stack.contains("\"line\":24"), "{stack}");
    adapter.send("continue", r#"{"threadId":1}"#);
    adapter.wait(r#""event":"exited""#);
    drop(adapter);
    assert_eq!(program.wait().unwrap().code(), Some(1));
}

/// The first editor detaches, and the program runs on; the second ends it.
#[test]
fn an_editor_detaches_and_another_attaches() {
    if !is_there() {
        return;
    }
    let (mut program, address) = program("spin", &[], &["--no-wait", "--mode", "classic"]);
    for end in [false, true] {
        let mut adapter = attach(&address);
        adapter.send("configurationDone", "{}");
        adapter.wait(r#""event":"stopped""#);
        let stack = adapter.request("stackTrace", r#"{"threadId":1,"levels":20}"#);
        assert!(stack.contains("spin"), "{stack}");
        if end {
            let frame = number(&stack, "id");
            let stop = format!(r#"{{"expression":"stop = 7","frameId":{frame},"context":"repl"}}"#);
            adapter.request("evaluate", &stop);
            adapter.send("continue", r#"{"threadId":1}"#);
            adapter.wait(r#""event":"exited""#);
        } else {
            adapter.request("disconnect", r#"{"terminateDebuggee":false}"#);
        }
    }
    assert_eq!(program.wait().unwrap().code(), Some(0));
}
