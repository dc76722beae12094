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
        #[derive(Clone, Copy)]
        enum Func { $($name),* }

        /// All of them, by their numbers.
        const FUNCS: &[Func] = &[$(Func::$name),*];

        /// Names and signatures.
        const LIST: &str = concat!($(stringify!($name), $signature, " "),*);
    };
}

functions! {
    printf "(ii)i" vprintf "(ii)i" sprintf "(iii)i" vsprintf "(iii)i" snprintf "(iiii)i"
    vsnprintf "(iiii)i" puts "(i)i" putchar "(i)i"
    memcmp "(iii)i" memcpy "(iii)i" memmove "(iii)i" memset "(iii)i" memchr "(iii)i"
    emscripten_memcpy_big "(iii)i"
    strchr "(ii)i" strcmp "(ii)i" strncmp "(iii)i" strncasecmp "(iii)i" strcpy "(ii)i"
    strncpy "(iii)i" strlen "(i)i" strspn "(ii)i" strcspn "(ii)i" strstr "(ii)i"
    strdup "(i)i" _strdup "(i)i"
    malloc "(i)i" calloc "(ii)i" realloc "(ii)i" free "(i)"
    atoi "(i)i" strtol "(iii)i" strtoul "(iii)i"
    isupper "(i)i" isalpha "(i)i" isspace "(i)i" isgraph "(i)i" isprint "(i)i" isdigit "(i)i"
    isxdigit "(i)i" isalnum "(i)i" tolower "(i)i" toupper "(i)i"
    exit "(i)" abort "(i)" abortStackOverflow "(i)" nullFunc_X "(i)"
    __cxa_allocate_exception "(i)i" __cxa_begin_catch "(i)" __cxa_throw "(iii)"
    clock_gettime "(ii)i" clock "()I"
}

/// printf to the console.
fn print<S: Host>(call: &mut Call<'_, S>, text: u32, args: u32) -> Option<u32> {
    let mut sink = Sink::console();
    let count = format(call, &mut sink, text, args);
    sink.flush(call);
    count
}

/// printf into `size` bytes of memory, with a NUL behind if there is room for any byte.
fn print_to<S: Host>(
    call: &mut Call<'_, S>,
    at: u32,
    size: u32,
    text: u32,
    args: u32,
) -> Option<u32> {
    let room = size.saturating_sub(1);
    let count = format(call, &mut Sink::memory(at, room), text, args)?;
    if size != 0 {
        memory::set(call, at.checked_add(count.min(room))?, 0)?;
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

/// realloc; 0 for what is no block.
fn reallocate<S: Host>(call: &mut Call<'_, S>, at: u32, size: u32) -> Option<u32> {
    if at == 0 {
        return Some(allocate(call, size));
    }
    let Some(held) = call.state().block_size(at) else { return Some(0) };
    let new = allocate(call, size);
    if new != 0 {
        call.copy(new, at, held.min(size))?;
        call.state().free(at);
    }
    Some(new)
}

/// The class or the other case of a character of ASCII.
fn character(func: Func, c: u32) -> u32 {
    let ascii = u8::try_from(c).unwrap_or(0x80);
    let (upper, lower) = (ascii.is_ascii_uppercase(), ascii.is_ascii_lowercase());
    let (letter, digit) = (upper || lower, ascii.is_ascii_digit());
    let is = match func {
        Func::isupper => upper,
        Func::isalpha => letter,
        Func::isspace => text::is_space(ascii),
        Func::isgraph => ascii.is_ascii_graphic(),
        Func::isprint => (b' '..=b'~').contains(&ascii),
        Func::isdigit => digit,
        Func::isxdigit => ascii.is_ascii_hexdigit(),
        Func::isalnum => letter || digit,
        Func::tolower => return c.wrapping_add(32 * upper as u32),
        _ => return c.wrapping_sub(32 * lower as u32),
    };
    is as u32
}

/// strtol and strtoul: stores where the number ends, unless `end` is 0.
fn number<S: Host>(call: &mut Call<'_, S>, func: Func, [at, end, base]: [u32; 3]) -> Option<u32> {
    let (value, len) = text::integer(call.string(at)?, base as i32);
    if end != 0 {
        memory::write(call, end, &(at + len).to_le_bytes())?;
    }
    Some(match func {
        Func::strtol => value.clamp(i32::MIN as i64, i32::MAX as i64) as u32,
        // A negative number is that of its magnitude, negated.
        _ if value.unsigned_abs() <= u32::MAX as u64 => value as u32,
        _ => u32::MAX,
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
fn run<S: Host>(call: &mut Call<'_, S>, func: Func, [a, b, c, d]: [u32; 4]) -> Option<u32> {
    Some(match func {
        Func::printf | Func::vprintf => print(call, a, b)?,
        // As much as there is; behind that the call traps.
        Func::sprintf | Func::vsprintf => print_to(call, a, u32::MAX, b, c)?,
        Func::snprintf | Func::vsnprintf => {
            call.bytes(a, b)?;
            print_to(call, a, b, c, d)?
        }
        Func::puts => {
            let mut sink = Sink::console();
            let count = memory::len(call, a)?;
            for at in a..a + count {
                let byte = memory::byte(call, at)?;
                sink.put(call, byte)?;
            }
            sink.put(call, b'\n')?;
            sink.flush(call);
            count + 1
        }
        Func::putchar => {
            call.print(&[a as u8]);
            1
        }
        Func::memcmp => {
            call.bytes(a, c)?;
            call.bytes(b, c)?;
            memory::compare(call, a, b, c, false)?
        }
        Func::memcpy | Func::memmove | Func::emscripten_memcpy_big => {
            call.copy(a, b, c)?;
            a
        }
        Func::memset => {
            call.bytes_mut(a, c)?.iter_mut().for_each(|byte| *byte = b as u8);
            a
        }
        Func::memchr => memory::index(call.bytes(a, c)?, b as u8).map_or(0, |index| a + index),
        Func::strchr => {
            let text = call.string(a)?;
            // The NUL can be searched for.
            let end = (b as u8 == 0).then_some(text.len() as u32);
            end.or_else(|| memory::index(text, b as u8)).map_or(0, |index| a + index)
        }
        Func::strcmp => {
            call.string(b)?;
            call.string(a)?;
            memory::compare(call, a, b, u32::MAX, true)?
        }
        Func::strncmp => memory::compare(call, a, b, c, true)?,
        Func::strncasecmp => {
            text::compare_ignoring_case(call.string(a)?, call.string(b)?, c) as u32
        }
        Func::strcpy => {
            let len = memory::len(call, b)?;
            call.copy(a, b, len.checked_add(1)?)?;
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
        Func::strlen => memory::len(call, a)?,
        Func::strspn => text::span(call.string(a)?, call.string(b)?, true),
        Func::strcspn => text::span(call.string(a)?, call.string(b)?, false),
        Func::strstr => {
            text::find(call.string(a)?, call.string(b)?).map_or(0, |index| a + index as u32)
        }
        Func::strdup | Func::_strdup => {
            let len = memory::len(call, a)?.checked_add(1)?;
            let at = allocate(call, len);
            if at != 0 {
                call.copy(at, a, len)?;
            }
            at
        }
        Func::malloc | Func::__cxa_allocate_exception => allocate(call, a),
        Func::calloc => {
            let size = a.checked_mul(b);
            let at = size.map_or(0, |size| allocate(call, size));
            if at != 0 {
                call.bytes_mut(at, size?)?.iter_mut().for_each(|byte| *byte = 0);
            }
            at
        }
        Func::realloc => reallocate(call, a, b)?,
        Func::free => {
            call.state().free(a);
            0
        }
        Func::atoi => text::integer(call.string(a)?, 10).0 as u32,
        Func::strtol | Func::strtoul => number(call, func, [a, b, c])?,
        Func::clock_gettime => time(call, a, b)?,
        Func::isupper
        | Func::isalpha
        | Func::isspace
        | Func::isgraph
        | Func::isprint
        | Func::isdigit
        | Func::isxdigit
        | Func::isalnum
        | Func::tolower
        | Func::toupper => character(func, a),
        // `execute` knows the others.
        _ => 0,
    })
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
