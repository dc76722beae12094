//! Prints what is made of a module: `dump FILE [TARGET]` writes the intermediate representation to
//! standard output and the native module to FILE.native.

use std::error::Error;
use zonda_native::{compile, intermediate, Options, Target};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("no file")?;
    let target = match args.next() {
        Some(name) => Target::named(&name)?,
        None => Target::host()?,
    };
    let mut options = Options::new(target);
    options.size = args.next().as_deref() == Some("size");
    let module = wat::parse_file(&file)?;
    println!("{}", intermediate(&module, &options)?);
    std::fs::write(format!("{file}.native"), compile(&module, &options)?)?;
    Ok(())
}
