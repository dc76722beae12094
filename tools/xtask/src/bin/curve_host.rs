//! What of `cargo xtask curve` needs the runtime: loads modules that are made to be expensive, and
//! says what that took.
//!
//! `curve-host FAMILY,… WAY,… BYTES,…` prints a line for each: family, way, bytes that were loaded,
//! nanoseconds, most bytes of heap at once. A way is a mode of execution, or `verify`:
//! the precompiled module that was made of the module is loaded. The load itself is the function
//! `curve_measured`, by whose name valgrind's tool callgrind knows what to count.

#[path = "../../../../tests/common/encode.rs"]
mod encode;
#[path = "../../../../tests/common/hostile.rs"]
mod hostile;

use anyhow::{bail, Context, Result};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;
use zonda::{ArtifactError, ArtifactErrorKind, Engine, Error, Mode, Module};
use zonda_compiler::{compile, CompileOptions};

/// The system's allocator, which counts.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn count(more: usize) {
    let live = LIVE.fetch_add(more, Relaxed) + more;
    PEAK.fetch_max(live, Relaxed);
}

// SAFETY: every request is passed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both are there while it is copied.
        count(size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What is counted: a module is loaded and dropped.
#[inline(never)]
#[unsafe(no_mangle)]
extern "Rust" fn curve_measured(engine: &Engine, bytes: &[u8]) -> Result<(), Error> {
    Module::new(engine, bytes).map(drop)
}

/// Bytes at an address that is a multiple of 4, as a precompiled module wants it.
fn aligned(bytes: &[u8]) -> Vec<u32> {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
    bytes.chunks(4).map(word).collect()
}

fn run(family: &hostile::Family, way: &str, size: usize) -> Result<()> {
    let verify = way == "verify";
    if verify && family.name.starts_with("gc-") {
        // No precompiled module has objects.
        return Ok(());
    }
    let module = (family.make)(size);
    let file = if verify {
        let options =
            CompileOptions { word_size: size_of::<usize>() as u8, ..CompileOptions::default() };
        match compile(&module, &options) {
            Err(Error::Artifact(ArtifactError { kind: ArtifactErrorKind::References, .. })) => {
                return Ok(())
            }
            file => file.with_context(|| format!("{} of {size} bytes", family.name))?,
        }
    } else {
        module
    };
    let words = aligned(&file);
    // SAFETY: the words have at least as many bytes as the file.
    let bytes = unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), file.len()) };
    let len = bytes.len();
    drop(file);
    let mode = if verify { "fast" } else { way };
    let engine = Engine::new(Mode::named(mode).with_context(|| format!("there is no way {way}"))?);
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let start = Instant::now();
    let result = curve_measured(&engine, bytes);
    let ns = start.elapsed().as_nanos();
    let peak = PEAK.load(Relaxed) - before;
    result.with_context(|| format!("{} of {size} bytes, {way}", family.name))?;
    println!("{} {way} {len} {ns} {peak}", family.name);
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [only] = &arguments[..] {
        if only == "list" {
            hostile::FAMILIES.iter().for_each(|family| println!("{} {}", family.name, family.what));
            return Ok(());
        }
    }
    let [families, ways, sizes] = &arguments[..] else {
        bail!("FAMILY,… WAY,… BYTES,…, or list")
    };
    let sizes: Vec<usize> = sizes.split(',').map(str::parse).collect::<Result<_, _>>()?;
    for name in families.split(',') {
        let family = hostile::FAMILIES
            .iter()
            .find(|family| family.name == name)
            .with_context(|| format!("there is no family {name}"))?;
        for way in ways.split(',') {
            for &size in &sizes {
                run(family, way, size)?;
            }
        }
    }
    Ok(())
}
