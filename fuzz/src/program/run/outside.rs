//! The same program in wasmtime, which is not linked: a Python program runs it with the wheel of
//! PyPI (wasmtime.py). Programs go there as a line of JSON each, and what they showed comes back as
//! a line of words.

use super::super::ast::{Item, Program, Source, Ty, HOST};
use super::{hash, identities, observed, Obs, Run, Trap};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program that runs them.
const SCRIPT: &str = include_str!("wasmtime.py");

/// A process that runs programs, one after the other.
pub struct Outside {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Outside {
    /// Starts it with the Python that `ZONDA_PYTHON` names, or `python3`.
    ///
    /// # Errors
    /// Python does not start, or has no wasmtime.
    pub fn start() -> Result<Outside, String> {
        let python = std::env::var("ZONDA_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut child = Command::new(&python)
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{python} does not start: {error}"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or("the process has no pipes")?;
        let mut outside = Outside { child, input, output: BufReader::new(output) };
        let host: Vec<String> = HOST
            .iter()
            .map(|func| format!("[{},{}]", kinds(func.params), kinds(func.results)))
            .collect();
        match outside.ask(&format!("[{}]", host.join(","))) {
            Ok(answer) if answer == "ready" => Ok(outside),
            _ => Err(format!(
                "{python} has no package wasmtime: install it (`{python} -m pip install wasmtime`), or name a \
                 Python that has it in ZONDA_PYTHON"
            )),
        }
    }

    fn ask(&mut self, line: &str) -> Result<String, String> {
        let text = |error: std::io::Error| format!("wasmtime's process: {error}");
        writeln!(self.input, "{line}").map_err(text)?;
        self.input.flush().map_err(text)?;
        let mut answer = String::new();
        if self.output.read_line(&mut answer).map_err(text)? == 0 {
            return Err("wasmtime's process ended".into());
        }
        Ok(answer.trim_end().to_owned())
    }

    /// Runs a program.
    ///
    /// # Errors
    /// wasmtime refuses a module, something is not found, or the process ended.
    pub fn run(&mut self, program: &Program, bytes: &[Vec<u8>]) -> Result<Run, String> {
        let answer = self.ask(&describe(program, bytes))?;
        if let Some(error) = answer.strip_prefix('E') {
            return Err(error.to_owned());
        }
        let seen =
            answer.split(' ').filter(|word| !word.is_empty()).map(read).collect::<Option<_>>();
        let seen = seen.ok_or_else(|| format!("wasmtime's process said {answer}"))?;
        Ok(Run { seen, ..Run::default() })
    }
}

/// wasmtime's numbers of types.
fn kind(ty: Ty) -> u32 {
    match ty {
        Ty::I32 => 0,
        Ty::I64 => 1,
        Ty::F32 => 2,
        Ty::F64 => 3,
        Ty::Func => 5,
        Ty::Extern => 6,
    }
}

fn kinds(types: &[Ty]) -> String {
    let numbers: Vec<String> = types.iter().map(|&ty| kind(ty).to_string()).collect();
    format!("[{}]", numbers.join(","))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// A program as wasmtime.py reads it.
fn describe(program: &Program, bytes: &[Vec<u8>]) -> String {
    let modules = program.modules.iter().enumerate().map(|(index, module)| {
        let hex: String = bytes[index].iter().map(|byte| format!("{byte:02x}")).collect();
        let imports = module.imports.iter().map(|(item, from)| match from {
            Source::Host(which) => format!("\"h:{which}\""),
            Source::Module(from, index) => {
                let letter = match item {
                    Item::Func(_) => 'f',
                    Item::Memory(_) => 'm',
                    Item::Table(_) => 't',
                    Item::Global(..) => 'g',
                };
                format!("\"{from}:{letter}{index}\"")
            }
        });
        let [_, memories, tables, globals] = module.imported();
        let own = |first: u32, count: usize| list((first..first + count as u32).map(|i| i.to_string()));
        let identities = identities(program, index);
        let functions = module
            .exported
            .iter()
            .filter_map(|&func| Some(format!("[{func},{}]", identities.get(func as usize)?)));
        format!(
            "{{\"wasm\":\"{hex}\",\"imports\":{},\"globals\":{},\"tables\":{},\"memories\":{},\"functions\":{}}}",
            list(imports),
            own(globals, module.globals.len()),
            own(tables, module.tables.len()),
            own(memories, module.memories.len()),
            list(functions),
        )
    });
    let calls = program.calls.iter().map(|call| {
        let module = &program.modules[call.module];
        let ty = &module.types[module.func_types()[call.func as usize] as usize];
        let args =
            ty.params.iter().zip(&call.args).map(|(&ty, bits)| format!("[{},{bits}]", kind(ty)));
        format!("[{},\"f{}\",{},{}]", call.module, call.func, list(args), ty.results.len())
    });
    format!("{{\"modules\":{},\"calls\":{}}}", list(modules), list(calls))
}

/// One word of what a program showed.
fn read(word: &str) -> Option<Obs> {
    let rest = word.get(1..)?;
    Some(match word.as_bytes()[0] {
        b'I' => Obs::Instantiated(rest.parse().ok()?),
        b'C' => Obs::Call(rest.parse().ok()?),
        b'R' => Obs::Returned,
        b'H' => Obs::Host(rest.parse().ok()?),
        b'B' => Obs::Table(rest.parse().ok()?),
        b'T' => Obs::Trapped(match rest {
            "unreachable" => Trap::Unreachable,
            "memory" => Trap::Memory,
            "table" => Trap::Table,
            "null" => Trap::NullElement,
            "signature" => Trap::Signature,
            "divide" => Trap::DivideByZero,
            "overflow" => Trap::Overflow,
            "conversion" => Trap::Conversion,
            "limit" => Trap::Limit,
            _ => Trap::Other,
        }),
        b'V' => {
            let (kind, bits) = rest.split_once(':')?;
            let ty = match kind {
                "0" => Ty::I32,
                "1" => Ty::I64,
                "2" => Ty::F32,
                "3" => Ty::F64,
                "5" => Ty::Func,
                _ => Ty::Extern,
            };
            Obs::Value(ty, observed(ty, u64::from_str_radix(bits, 16).ok()?))
        }
        // Zeros at the end are left out.
        b'M' => {
            let (len, hex) = rest.split_once(':')?;
            let len: usize = len.parse().ok()?;
            let mut data = Vec::with_capacity(len);
            for at in (0..hex.len()).step_by(2) {
                data.push(u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?);
            }
            data.resize(len, 0);
            Obs::Memory(len as u64, hash(&data))
        }
        _ => return None,
    })
}
