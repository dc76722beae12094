//! The functions of a C library that a module imports from `env`, with WAMR's names and types
//! (`libc-builtin`): printf and its like, memory and strings, malloc from the application heap.
//!
//! The functions are a list that one function executes ([`zonda::HostList`]): most of them do less
//! than a conversion of their parameters would take. Every pointer and length is checked against
//! the linear memory of the calling instance and the shared heap that it has; what lies outside
//! traps. What the functions do outside of WebAssembly is the embedder's: [`Host`].
//!
//! - `memory`: bytes of the program
//! - `format`: printf
//! - `float`: floating-point numbers in printf (feature `float`)
//! - `decimal`: the digits of such a number, exactly
//! - `text`: strings and numbers in them
#![no_std]
// The names are those of C.
#![allow(non_camel_case_types)]
#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods))]

#[cfg(feature = "float")]
mod decimal;
#[cfg(feature = "float")]
mod float;
#[cfg(not(feature = "float"))]
#[path = "float_off.rs"]
mod float;
mod format;
mod memory;
mod text;

use core::marker::PhantomData;
use format::{format, Sink};
use memory::Bytes;
use zonda::{Call, HostError, HostModule, TrapCode};

/// An embedder of modules that use the C library.
pub trait Host {
    /// Prints what the program prints.
    fn print(&mut self, text: &[u8]);

    /// Allocates `size` bytes of the linear memory for the program; 0 without memory. The program
    /// is not trusted to keep out of them.
    fn allocate(&mut self, size: u32) -> u32 {
        let _ = size;
        0
    }

    /// Frees a block. What is none is ignored.
    fn free(&mut self, at: u32) {
        let _ = at;
    }

    /// Bytes of a block, at least as many as were asked for; `None` for what is none.
    fn block_size(&mut self, at: u32) -> Option<u32> {
        let _ = at;
        None
    }

    /// Nanoseconds of a clock: 0 for the time of day, 1 for one that only rises. `None` without it.
    fn clock(&mut self, number: u32) -> Option<u64> {
        let _ = number;
        None
    }

    /// The program ends itself: with `exit(code)`, or with one of the functions that abort. Returns
    /// what the call stops with.
    fn exit(&mut self, function: &'static str, code: i32) -> HostError {
        let _ = function;
        HostError::Failed { number: code as u32, text: "the program has ended itself" }
    }
}

const OUTSIDE: HostError = HostError::Trap(TrapCode::MemoryOutOfBounds);

/// The functions, each with the letters of its parameters and its result.
macro_rules! functions {
    ($($name:ident $signature:literal)*) => {
        /// A function of the list.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum Func { $($name),* }

        /// All of them, by their numbers.
        const FUNCS: &[Func] = &[$(Func::$name),*];

        /// Names and signatures.
        const LIST: &str = concat!($(stringify!($name), $signature, " "),*);
    };
}

// Neighbours share code: the order matters to `run` and `is_of_class`.
functions! {
    printf "(ii)i" vprintf "(ii)i" sprintf "(iii)i" vsprintf "(iii)i" snprintf "(iiii)i" vsnprintf "(iiii)i"
    putchar "(i)i" memcpy "(iii)i" memmove "(iii)i" emscripten_memcpy_big "(iii)i" memset "(iii)i"
    memcmp "(iii)i" strncmp "(iii)i" strncpy "(iii)i" memchr "(iii)i"
    strchr "(ii)i" puts "(i)i" strlen "(i)i" strdup "(i)i" _strdup "(i)i" atoi "(i)i" strtol "(iii)i" strtoul "(iii)i"
    strcmp "(ii)i" strncasecmp "(iii)i" strspn "(ii)i" strcspn "(ii)i" strstr "(ii)i"
    strcpy "(ii)i"
    malloc "(i)i" __cxa_allocate_exception "(i)i" calloc "(ii)i" realloc "(ii)i" free "(i)"
    isupper "(i)i" isalpha "(i)i" isspace "(i)i" isgraph "(i)i" isprint "(i)i" isdigit "(i)i" isxdigit "(i)i"
    isalnum "(i)i" tolower "(i)i" toupper "(i)i"
    exit "(i)" abort "(i)" abortStackOverflow "(i)" nullFunc_X "(i)" __cxa_throw "(iii)"
    __cxa_begin_catch "(i)" clock_gettime "(ii)i" clock "()I"
}

/// printf and its relatives: where the text goes stands in front of the format.
fn print<S: Host>(call: &mut Call<'_, S>, func: Func, args: [u32; 4]) -> Option<u32> {
    // To the console, to memory, to memory with a size.
    let kind = func as usize / 2;
    let [at, size, ..] = args;
    // As much as there is; behind that the call traps.
    let size = [0, u32::MAX, size].get(kind).copied()?;
    if kind == 2 {
        call.bytes(at, size)?;
    }
    let mut sink = Sink::new(kind == 0, at, size.saturating_sub(1));
    let (text, list) = (args.get(kind).copied()?, args.get(kind + 1).copied()?);
    let count = format(call, &mut sink, text, list)?;
    if size != 0 {
        memory::set(call, sink.at, 0)?;
    }
    Some(count)
}

/// malloc.
fn allocate<S: Host>(call: &mut Call<'_, S>, size: u32) -> u32 {
    let at = call.state().allocate(size);
    // What the embedder gives out is not trusted either.
    if at != 0 && call.bytes(at, size).is_none() {
        call.state().free(at);
        return 0;
    }
    at
}

/// Allocates `size` bytes with a copy of `len` bytes, or as many as fit.
fn reallocate<S: Host>(call: &mut Call<'_, S>, from: u32, len: u32, size: u32) -> Option<u32> {
    let at = allocate(call, size);
    if at != 0 {
        call.copy(at, from, len.min(size))?;
    }
    Some(at)
}

/// Whether a character of ASCII is of the class that a function asks for.
fn is_of_class(func: Func, c: u32) -> bool {
    const fn of(funcs: &[Func]) -> u8 {
        let (mut bits, mut at) = (0, 0);
        while at < funcs.len() {
            bits |= 1 << (funcs[at] as u8 - Func::isupper as u8);
            at += 1;
        }
        bits
    }
    use Func::*;
    /// From a character to another one: the functions whose classes have them.
    const CLASSES: [(u8, u8, u8); 8] = [
        (b'A', b'Z', of(&[isupper, isalpha, isalnum])),
        (b'a', b'z', of(&[isalpha, isalnum])),
        (b'0', b'9', of(&[isdigit, isxdigit, isalnum])),
        (b'A', b'F', of(&[isxdigit])),
        (b'a', b'f', of(&[isxdigit])),
        (9, 13, of(&[isspace])),
        (b' ', b' ', of(&[isspace, isprint])),
        (b'!', b'~', of(&[isgraph, isprint])),
    ];
    let bit = 1 << (func as u32 - isupper as u32);
    CLASSES.iter().any(|&(first, last, funcs)| {
        c.wrapping_sub(first as u32) <= (last - first) as u32 && funcs as u32 & bit != 0
    })
}

/// clock_gettime, with -1 for a clock that there is not.
fn time<S: Host>(call: &mut Call<'_, S>, clock: u32, to: u32) -> Option<u32> {
    let time = call.state().clock(clock);
    // struct timespec { int64_t tv_sec; int32_t tv_nsec; }, as wasm32 aligns it.
    call.bytes(to, 16)?;
    let Some(time) = time else { return Some(u32::MAX) };
    memory::write(call, to, &(time / 1_000_000_000).to_le_bytes())?;
    memory::write(call, to.checked_add(8)?, &(time % 1_000_000_000).to_le_bytes())?;
    Some(0)
}

/// Executes a function that does not end the program; `None` when something is outside of the
/// memory.
fn run<S: Host>(call: &mut Call<'_, S>, func: Func, args: [u32; 4]) -> Option<u32> {
    let [a, b, c, _] = args;
    if func <= Func::vsnprintf {
        return print(call, func, args);
    }
    // Parameters that are strings: the first, or both.
    let (mut first, mut second) = (&[][..], &[][..]);
    if func >= Func::strchr && func <= Func::strstr {
        first = call.string(a)?;
    }
    if func >= Func::strcmp && func <= Func::strcpy {
        second = call.string(b)?;
    }
    let len = first.len() as u32;
    Some(match func {
        Func::puts => format::line(call, a, len)?,
        Func::putchar => {
            call.print(&[a as u8]);
            1
        }
        Func::memcmp | Func::strcmp | Func::strncmp | Func::strncasecmp => {
            if func == Func::memcmp {
                call.bytes(a, c)?;
                call.bytes(b, c)?;
            }
            let len = if func == Func::strcmp { u32::MAX } else { c };
            let strings = func != Func::memcmp;
            memory::compare(call, [a, b, len], strings, func == Func::strncasecmp)?
        }
        Func::memcpy | Func::memmove | Func::emscripten_memcpy_big => {
            call.copy(a, b, c)?;
            a
        }
        Func::memset => fill(call, a, c, b)?,
        Func::memchr | Func::strchr => {
            let mut bytes = first;
            if func == Func::memchr {
                bytes = call.bytes(a, c)?;
            } else if b as u8 == 0 {
                // The NUL can be searched for.
                return Some(a + len);
            }
            text::find(bytes, &[b as u8]).map_or(0, |index| a + index)
        }
        Func::strcpy => {
            call.copy(a, b, (second.len() as u32).checked_add(1)?)?;
            a
        }
        Func::strncpy => {
            call.bytes(a, c)?;
            let mut byte = 1;
            for index in 0..c {
                if byte != 0 {
                    byte = memory::byte(call, b.checked_add(index)?)?;
                }
                memory::set(call, a + index, byte)?;
            }
            a
        }
        Func::strlen => len,
        Func::strspn | Func::strcspn => text::span(first, second, func == Func::strspn),
        Func::strstr => text::find(first, second).map_or(0, |index| a + index),
        Func::strdup | Func::_strdup => {
            let size = len.checked_add(1)?;
            reallocate(call, a, size, size)?
        }
        Func::malloc | Func::__cxa_allocate_exception => allocate(call, a),
        Func::calloc => match a.checked_mul(b).map_or(0, |size| allocate(call, size)) {
            0 => 0,
            at => fill(call, at, a.wrapping_mul(b), 0)?,
        },
        Func::realloc => {
            let held = if a == 0 { Some(0) } else { call.state().block_size(a) };
            let Some(held) = held else { return Some(0) };
            let at = reallocate(call, a, held, b)?;
            if at != 0 {
                call.state().free(a);
            }
            at
        }
        Func::free => {
            call.state().free(a);
            0
        }
        Func::atoi | Func::strtol | Func::strtoul => {
            let (end, base) = if func == Func::atoi { (0, 10) } else { (b, c) };
            let read = text::integer(first, base);
            if end != 0 {
                memory::write(call, end, &(a + read.len).to_le_bytes())?;
            }
            read.value(func != Func::strtoul)
        }
        Func::clock_gettime => time(call, a, b)?,
        Func::tolower | Func::toupper => {
            // The other case, if one of the two is a capital letter.
            let other = a ^ 32;
            let upper = if func == Func::tolower { a } else { other };
            if is_of_class(Func::isupper, upper) {
                other
            } else {
                a
            }
        }
        _ if func >= Func::isupper && func <= Func::isalnum => is_of_class(func, a) as u32,
        // `execute` knows the others.
        _ => 0,
    })
}

/// memset.
#[inline(never)]
fn fill<S: Host>(call: &mut Call<'_, S>, at: u32, len: u32, value: u32) -> Option<u32> {
    call.bytes_mut(at, len)?.iter_mut().for_each(|byte| *byte = value as u8);
    Some(at)
}

/// Executes a function by its number.
fn execute<S: Host>(call: &mut Call<'_, S>, index: usize, args: &[u32]) -> Result<u64, HostError> {
    let func = FUNCS.get(index).copied().ok_or(OUTSIDE)?;
    let mut words = [0; 4];
    words.iter_mut().zip(args).for_each(|(to, from)| *to = *from);
    let end = match func {
        Func::exit => "exit",
        Func::abort => "abort",
        Func::abortStackOverflow => "abortStackOverflow",
        Func::nullFunc_X => "nullFunc_X",
        Func::__cxa_throw => {
            words[0] = 0;
            "__cxa_throw"
        }
        Func::clock => return Ok(call.state().clock(1).unwrap_or(0)),
        _ => return run(call, func, words).map(u64::from).ok_or(OUTSIDE),
    };
    Err(call.state().exit(end, words[0] as i32))
}

/// The module `env`. Its state is the embedder.
pub struct Env<S>(PhantomData<fn(&mut S)>);

impl<S: Host + 'static> Env<S> {
    /// The functions.
    pub const MODULE: HostModule<S> = HostModule::listed("env", LIST, execute::<S>);
}
