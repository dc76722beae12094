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

/// A function of the program in C, and an adapter that is attached to it.
fn attached(function: &str, arguments: &[&str]) -> (Child, Adapter) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_zonda"))
        .args(["run", "--debug=0", "story-O0.wasm", "--invoke", function])
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
    let address = line.trim().rsplit(' ').next().unwrap();
    let mut adapter = Adapter::start(&programs());
    adapter.request("initialize", r#"{"adapterID":"lldb-dap","linesStartAt1":true}"#);
    adapter.send(
        "attach",
        &format!(
            r#"{{"program":"story-O0.wasm","stopOnEntry":true,"attachCommands":["process connect --plugin wasm connect://{address}"]}}"#
        ),
    );
    adapter.wait(r#""event":"initialized""#);
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
            r#"{{"source":{{"path":"{}"}},"breakpoints":[{{"line":16,"condition":"calls == 2"}}]}}"#,
            source.display()
        ),
    );
    assert!(breakpoints.contains(r#""verified":true"#), "{breakpoints}");
    adapter.send("configurationDone", "{}");
    adapter.wait(r#""event":"stopped""#);
    adapter.send("continue", r#"{"threadId":1}"#);
    adapter.wait(r#""reason":"breakpoint""#);
    let stack = adapter.request("stackTrace", r#"{"threadId":1,"levels":20}"#);
    for text in ["scale", "\"line\":16", "run", "\"line\":33", "trap", "\"line\":40"] {
        assert!(stack.contains(text), "{text}: {stack}");
    }
    let frame = number(&stack, "id");
    let scopes = adapter.request("scopes", &format!(r#"{{"frameId":{frame}}}"#));
    let locals = number(&scopes, "variablesReference");
    let arguments = format!(r#"{{"variablesReference":{locals}}}"#);
    let variables = adapter.request("variables", &arguments);
    assert!(variables.contains(r#""name":"before""#), "{variables}");
    adapter.send("next", r#"{"threadId":1}"#);
    adapter.wait(r#""reason":"step""#);
    adapter.send("stepOut", r#"{"threadId":1}"#);
    adapter.wait(r#""reason":"step""#);
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
