//! What a module needs of what is around it: functions that the runtime has, and those that an
//! application has to provide; and with `--for zephyr` the options of an image.

use std::collections::BTreeSet;

use wasmparser::{BinaryReaderError, Parser, Payload, TypeRef};
use zonda_libc::Env;
use zonda_wasi::host::Host;
use zonda_wasi::{Preview1, Sockets, Unstable};

use super::features;
use crate::run::Libc;

/// Prints the imports that nobody provides and, for Zephyr, the options.
pub fn print(bytes: &[u8], for_zephyr: bool) -> Result<(), BinaryReaderError> {
    let mut own = Vec::new();
    let (mut wasi, mut unstable, mut libc) = (BTreeSet::new(), false, false);
    let modules = [Preview1::<Host>::MODULE, Sockets::MODULE, Unstable::MODULE];
    let library = Env::<Libc>::MODULE;
    for payload in Parser::new(0).parse_all(bytes) {
        // What lacks its code section ends with an error behind the sections that matter here.
        let Ok(Payload::ImportSection(section)) = payload else { continue };
        for import in section.into_imports() {
            let import = import?;
            let is_func = matches!(import.ty, TypeRef::Func(_));
            if is_func
                && import.module == library.name()
                && library.names().any(|name| name == import.name)
            {
                libc = true;
                continue;
            }
            let known = modules
                .iter()
                .filter(|module| is_func && module.name() == import.module)
                .find_map(|module| module.names().find(|name| *name == import.name));
            match known {
                Some(name) => {
                    wasi.insert(name);
                    unstable |= import.module == Unstable::<Host>::MODULE.name();
                }
                None => own.push(format!("{}.{}", import.module, import.name)),
            }
        }
    }
    println!("\nimports that the application has to provide: {}", listed(&own));
    if !for_zephyr {
        return Ok(());
    }
    println!("\noptions for Zephyr (prj.conf):\n  CONFIG_ZONDA=y");
    for option in features::options(bytes)? {
        println!("  {option}=y");
    }
    for option in wasi_options(&wasi) {
        println!("  {option}=y");
    }
    if unstable {
        println!("  CONFIG_ZONDA_WASI_UNSTABLE=y");
    }
    if libc {
        println!("  CONFIG_ZONDA_LIBC_BUILTIN=y");
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

/// Functions of sockets that preview 1 has.
const PREVIEW_1: [&str; 4] = ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"];

/// The options for functions of WASI. A C library imports `fd_seek` for its streams; only paths
/// need files.
fn wasi_options(names: &BTreeSet<&str>) -> Vec<&'static str> {
    let mut options = Vec::new();
    if !names.is_empty() {
        options.push("CONFIG_ZONDA_WASI");
    }
    if names.iter().any(|name| name.starts_with("path_") || *name == "fd_readdir") {
        options.push("CONFIG_ZONDA_WASI_FILES");
    }
    if names.contains("poll_oneoff") {
        options.push("CONFIG_ZONDA_WASI_POLL");
    }
    // Those of preview 1 need a socket, which only the extension opens.
    if names.iter().any(|name| name.starts_with("sock_") && !PREVIEW_1.contains(name)) {
        options.push("CONFIG_ZONDA_WASI_SOCKETS_EXT");
    }
    if names.contains("random_get") {
        options.push("CONFIG_CSPRNG_ENABLED");
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_by_function() {
        let options = |names: &[&'static str]| wasi_options(&names.iter().copied().collect());
        assert!(options(&[]).is_empty());
        assert_eq!(options(&["fd_write", "fd_seek"]), ["CONFIG_ZONDA_WASI"]);
        assert_eq!(options(&["sock_recv"]), ["CONFIG_ZONDA_WASI"]);
        assert_eq!(options(&["sock_open"]), ["CONFIG_ZONDA_WASI", "CONFIG_ZONDA_WASI_SOCKETS_EXT"]);
        assert_eq!(options(&["path_open"]), ["CONFIG_ZONDA_WASI", "CONFIG_ZONDA_WASI_FILES"]);
        assert_eq!(
            options(&["poll_oneoff", "random_get"]),
            ["CONFIG_ZONDA_WASI", "CONFIG_ZONDA_WASI_POLL", "CONFIG_CSPRNG_ENABLED"]
        );
    }
}
