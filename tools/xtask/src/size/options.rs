//! What options for programs add to a small application in C: flash and static RAM, on top of the
//! same application without the option. The application calls what the option is there for.

use super::{inspect, library_of, link, Sizes, APPLICATION};
use crate::{features, shell};
use anyhow::{ensure, Result};

struct Part {
    /// The Kconfig option, without its prefix.
    name: &'static str,
    /// Features of the package `zonda-c`; those of the option last.
    features: &'static str,
    /// What the application calls besides.
    calls: &'static [&'static str],
    /// The part that the option needs: what is added on top of that one counts.
    needs: Option<&'static str>,
}

const WASI: &[&str] = &["wasm_runtime_set_wasi_args", "wasm_runtime_get_wasi_exit_code"];

const PARTS: &[Part] = &[
    Part {
        name: "DIAGNOSTICS",
        features: "zonda/diagnostics",
        calls: &[
            "wasm_runtime_dump_call_stack",
            "wasm_runtime_dump_call_stack_to_buf",
            "wasm_copy_callstack",
            "wasm_runtime_dump_mem_consumption",
            "zonda_get_usage",
        ],
        needs: None,
    },
    Part {
        name: "EXEC_TIME",
        features: "zonda/exec-time",
        calls: &[
            "wasm_runtime_sum_wasm_exec_time",
            "wasm_runtime_get_wasm_func_exec_time",
            "wasm_runtime_dump_perf_profiling",
        ],
        needs: None,
    },
    Part {
        name: "SAMPLING",
        features: "zonda/sampling",
        calls: &["zonda_running_function"],
        needs: None,
    },
    Part {
        name: "SPAWN",
        features: "zonda/spawn",
        calls: &["wasm_runtime_spawn_exec_env", "wasm_runtime_destroy_spawned_exec_env"],
        needs: None,
    },
    Part {
        name: "MULTI_MODULE",
        features: "zonda/multi-module",
        calls: &[
            "wasm_runtime_set_module_reader",
            "wasm_runtime_register_module",
            "wasm_runtime_find_module_registered",
        ],
        needs: None,
    },
    Part {
        name: "SHARED_HEAP",
        features: "zonda/shared-heap",
        calls: &[
            "wasm_runtime_create_shared_heap",
            "wasm_runtime_chain_shared_heaps",
            "wasm_runtime_unchain_shared_heaps",
            "wasm_runtime_attach_shared_heap",
            "wasm_runtime_detach_shared_heap",
            "wasm_runtime_shared_heap_malloc",
            "wasm_runtime_shared_heap_free",
        ],
        needs: None,
    },
    Part { name: "LIBC_BUILTIN", features: "libc-builtin", calls: &[], needs: None },
    Part {
        name: "LIBC_BUILTIN_FLOAT",
        features: "libc-builtin-float",
        calls: &[],
        needs: Some("LIBC_BUILTIN"),
    },
    Part { name: "WASI", features: "wasi", calls: WASI, needs: None },
    Part { name: "WASI_POLL", features: "wasi-poll", calls: WASI, needs: Some("WASI") },
    Part { name: "WASI_FILES", features: "wasi-files", calls: WASI, needs: Some("WASI") },
    Part { name: "WASI_INPUT", features: "wasi-input", calls: WASI, needs: Some("WASI") },
    Part { name: "WASI_UNSTABLE", features: "wasi-unstable", calls: WASI, needs: Some("WASI") },
    Part {
        name: "WASI_SOCKETS_EXT",
        features: "wasi-sockets-ext",
        calls: &[
            "wasm_runtime_set_wasi_args",
            "wasm_runtime_get_wasi_exit_code",
            "wasm_runtime_set_wasi_addr_pool",
            "wasm_runtime_set_wasi_ns_lookup_pool",
        ],
        needs: Some("WASI"),
    },
];

/// An application with a part, or without any.
fn measure(modes: &[&str], part: Option<&Part>) -> Result<Sizes> {
    let own = super::features_of(modes);
    let features = part.map_or(own.clone(), |part| format!("{own},{}", part.features));
    let name = part.map_or("none", |part| part.name);
    let library = library_of(&features, name)?;
    let calls = APPLICATION.iter().chain(part.map_or(&[][..], |part| part.calls));
    let roots: Vec<String> = calls.map(|name| (*name).to_owned()).collect();
    let image = shell::target_dir().join(format!("size-option-{name}.elf"));
    link(&library, &[], &roots, &image)?;
    Ok(inspect(&image, &roots)?.0)
}

/// The table, for an application with one execution mode.
pub fn run(config: &str) -> Result<()> {
    ensure!(features::MODES.contains(&config), "--config is one of {}", features::MODES.join(", "));
    let modes = [config];
    let none = measure(&modes, None)?;
    let mut found: Vec<(&str, Sizes)> = Vec::new();
    println!(
        "{:<20} {:>7} {:>5}  in {config} mode, added to {} bytes",
        "option",
        "flash",
        "RAM",
        none.flash()
    );
    for part in PARTS {
        let sizes = measure(&modes, Some(part))?;
        let below = part.needs.and_then(|needs| found.iter().find(|(name, _)| *name == needs));
        let below = below.map_or(none, |(_, sizes)| *sizes);
        let added = |own: u64, other: u64| own as i64 - other as i64;
        println!(
            "{:<20} {:>7} {:>5}{}",
            part.name,
            added(sizes.flash(), below.flash()),
            added(sizes.ram(), below.ram()),
            part.needs.map_or(String::new(), |needs| format!("  on top of {needs}")),
        );
        found.push((part.name, sizes));
    }
    Ok(())
}
