//! `zonda postmortem`: all that a trap record has; as text, or for a debugger.

use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;

use zonda_debug::remains::{Frame, Module, Remains};
use zonda_debug::tcp::Port;
use zonda_symbols::{Backtrace, Options, Program, Record};

use crate::debug::{lldb, start_lldb, WAITING};
use crate::failure::Failure;
use crate::symbolize::{open, symbolize, Found, SymbolizeArgs, NO_RECORD};

#[derive(clap::Args)]
pub struct PostmortemArgs {
    /// Open the record in LLDB, the last one of a log: LLDB shows the program stopped at its trap.
    /// With a port, wait there for a debugger
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true)]
    debug: Option<Option<u16>>,
    /// With --debug: a command for LLDB after it has opened the record; may be repeated
    #[arg(short = 'o', long = "one-line", value_name = "COMMAND", requires = "debug")]
    commands: Vec<String>,
    #[command(flatten)]
    record: SymbolizeArgs,
}

pub fn postmortem(args: &PostmortemArgs) -> Result<ExitCode, Failure> {
    let Some(port) = args.debug else {
        return symbolize(&args.record, true).map(|()| ExitCode::SUCCESS);
    };
    let lldb = match port {
        None => Some(lldb()?),
        Some(_) => None,
    };
    let mut remains = Remains::default();
    open(&args.record, |found, programs| {
        let last = match found {
            Found::Records(records) => records.into_iter().last(),
            Found::Log(_) => None,
        };
        let record = last.ok_or_else(|| NO_RECORD.to_owned())?;
        remains = of(&record, programs, &args.record)?;
        Ok(())
    })?;
    let failed = |error: std::io::Error| Failure::Input(format!("--debug: {error}"));
    let listener = Port::open(port.unwrap_or(0)).map_err(failed)?;
    let address = listener.address().map_err(failed)?;
    let listener: TcpListener = listener.into();
    let serve = move || {
        let (stream, _) = listener.accept()?;
        // Packets are short, and the debugger waits for each.
        stream.set_nodelay(true)?;
        remains.serve(&stream, &stream)
    };
    let Some(lldb) = lldb else {
        eprintln!("zonda: {WAITING}{address}");
        return serve().map(|()| ExitCode::SUCCESS).map_err(failed);
    };
    // It ends with this process.
    thread::spawn(serve);
    // LLDB reads whole lines of its cache, of which a record has a part only.
    let before = ["settings set target.process.disable-memory-cache true".to_owned()];
    // The trap is what the first `continue` stops at.
    let after = std::iter::once("continue".to_owned()).chain(args.commands.iter().cloned());
    start_lldb(&lldb, &before, &address.to_string(), after)
}

/// What a debugger is shown of a record.
fn of(record: &Record, programs: &[Program], args: &SymbolizeArgs) -> Result<Remains, String> {
    let backtrace = Backtrace::new(record, programs, args.is_forced(), Options::default())?;
    let module = |(program, path): (&Program, &std::path::PathBuf)| {
        let path = path.canonicalize().unwrap_or(path.clone());
        Module { name: path.to_string_lossy().into_owned(), bytes: program.bytes().to_vec() }
    };
    let mut frames = Vec::new();
    for place in backtrace.places() {
        // Of a module that the user has not named there is no position. The innermost frame tells
        // whose memory the record has.
        let known = place.program.zip(place.offset);
        let Some((program, offset)) = known else {
            match frames.is_empty() {
                true => return Err("the module that has trapped is not named".into()),
                false => continue,
            }
        };
        let number = programs.iter().position(|own| std::ptr::eq(own, program)).unwrap_or(0);
        let behind = program.behind(place.frame.func, offset).filter(|_| !frames.is_empty());
        frames.push(Frame {
            module: number as u32,
            offset: behind.unwrap_or(offset),
            locals: place.locals().iter().map(|local| local.bytes()).collect(),
        });
    }
    Ok(Remains {
        modules: programs.iter().zip(args.modules()).map(module).collect(),
        frames,
        global: record.stack_pointer,
        memory: record.memory.clone(),
        trap: record.trap(),
        message: record.message(),
    })
}
