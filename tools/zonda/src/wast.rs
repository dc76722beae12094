//! `zonda wast`.

use std::path::PathBuf;

use zonda_script::{compile, run, Counts, Engine, Mode, Options, Script};

use crate::failure::Failure;
use crate::input::read;

/// Runs every script, prints a line of counts for each, and failures to standard error.
pub fn wast(mode: Mode, files: &[PathBuf]) -> Result<(), Failure> {
    let options = Options { engine: Engine::new(mode), ..Options::default() };
    let mut total = Counts::default();
    for path in files {
        let name = path.display().to_string();
        let bad = |text: String| Failure::Input(format!("{name}: {text}"));
        let source = String::from_utf8(read(path)?).map_err(|error| bad(error.to_string()))?;
        let bytes = compile(&name, &source).map_err(|error| Failure::Input(error.to_string()))?;
        let script = Script::new(&bytes).map_err(|error| bad(error.to_string()))?;
        let counts = run(&script, &options, &mut |line| eprintln!("{line}"))
            .map_err(|error| bad(error.to_string()))?;
        println!("{name}: {}", describe(counts));
        total.add(counts);
    }
    if files.len() > 1 {
        println!("total: {}", describe(total));
    }
    if total.failed == 0 {
        Ok(())
    } else {
        Err(Failure::Call(format!("{} directives failed", total.failed)))
    }
}

fn describe(counts: Counts) -> String {
    let Counts { passed, failed, unsupported, text } = counts;
    format!("{passed} passed, {failed} failed, {unsupported} unsupported, {text} text")
}
