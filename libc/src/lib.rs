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
//! - `text`: numbers in strings
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
#[cfg(test)]
extern crate std;

use core::marker::PhantomData;
use format::Printer;
use memory::{Bytes, Memory};
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

/// The functions, in groups with one type.
macro_rules! functions {
    ($($signature:literal $($name:ident)*;)*) => {
        /// Their numbers in the list.
        #[allow(non_upper_case_globals, dead_code)]
        mod func {
            enum Number { $($($name),*),* }
            $($(pub(crate) const $name: usize = Number::$name as usize;)*)*
        }

        /// Types and names.
        const LIST: &str = concat!($($signature, " ", $(stringify!($name), " "),*),*);
    };
}

// Neighbours share code: the order matters to `print`, `is_of_class` and `execute`.
functions! {
    "(ii)i" printf vprintf;
    "(iii)i" sprintf vsprintf;
    "(iiii)i" snprintf vsnprintf;
    "(i)i" puts putchar
        isupper isalpha isspace isgraph isprint isdigit isxdigit isalnum tolower toupper
        strlen strdup _strdup atoi malloc __cxa_allocate_exception;
    "(iii)i" strtol strtoul memcpy memmove emscripten_memcpy_big memset
        memcmp strncmp strncasecmp strncpy memchr;
    "(ii)i" strchr strcmp strspn strcspn strstr strcpy calloc realloc clock_gettime;
    "(i)" free __cxa_begin_catch exit abort abortStackOverflow nullFunc_X;
    "(iii)" __cxa_throw;
    "()I" clock;
}

/// printf and its relatives, puts and putchar.
#[inline(never)]
fn print<S: Host>(memory: &mut Memory<'_, Call<'_, S>>, func: usize, args: &[u32]) -> u32 {
    let arg = |index: usize| args.get(index).copied().unwrap_or(0);
    // To the console, to memory, to memory with a size: where the text goes stands in front of the
    // format. puts and putchar follow, to the console again.
    let kind = func / 2 % 3;
    let (at, mut size) = (arg(0), 0);
    if kind == 1 {
        // As much as there is; behind that the call traps.
        size = u32::MAX;
    }
    if kind == 2 {
        size = arg(1);
        memory.has(at, size);
    }
    let mut printer = Printer::new(memory, kind == 0, at, size);
    if func == func::putchar {
        printer.put(at as u8);
    } else {
        printer.print(arg(kind), arg(kind + 1), func != func::puts);
        if func == func::puts {
            printer.put(b'\n');
        }
    }
    printer.end()
}

/// Whether a character of ASCII is of the class that a function asks for.
#[inline(never)]
fn is_of_class(func: usize, c: u32) -> bool {
    const fn of(funcs: &[usize]) -> u8 {
        let (mut bits, mut at) = (0, 0);
        while at < funcs.len() {
            bits |= 1 << (funcs[at] - isupper);
            at += 1;
        }
        bits
    }
    use func::*;
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
    let bit = 1u32.wrapping_shl((func - isupper) as u32);
    CLASSES.iter().any(|&(first, last, funcs)| {
        c.wrapping_sub(first as u32) <= (last - first) as u32 && funcs as u32 & bit != 0
    })
}

/// clock_gettime, with -1 for a clock that there is not.
fn time<S: Host>(memory: &mut Memory<'_, Call<'_, S>>, clock: u32, to: u32) -> u32 {
    let time = memory.bytes.state().clock(clock);
    // struct timespec { int64_t tv_sec; int32_t tv_nsec; }, as wasm32 aligns it.
    memory.has(to, 16);
    let Some(time) = time else { return u32::MAX };
    let seconds = time / 1_000_000_000;
    let words = [seconds as u32, (seconds >> 32) as u32, (time % 1_000_000_000) as u32, 0];
    for (word, index) in words.into_iter().zip(0..) {
        memory.set_word(to.wrapping_add(4 * index), word);
    }
    0
}

/// malloc, with a copy of as many of `len` bytes as fit.
#[inline(never)]
fn allocate<S: Host>(memory: &mut Memory<'_, Call<'_, S>>, size: u32, from: u32, len: u32) -> u32 {
    let at = memory.bytes.state().allocate(size);
    // What the embedder gives out is not trusted either.
    if at != 0 && memory.bytes.at(at, size).is_none() {
        memory.bytes.state().free(at);
        return 0;
    }
    if at != 0 {
        memory.copy(at, from, len.min(size));
    }
    at
}

/// Executes a function that does not end the program.
#[allow(clippy::match_overlapping_arm, reason = "an arm has the functions up to its last one")]
fn run<S: Host>(memory: &mut Memory<'_, Call<'_, S>>, func: usize, args: &[u32]) -> u32 {
    let arg = |index: usize| args.get(index).copied().unwrap_or(0);
    let (a, b, c) = (arg(0), arg(1), arg(2));
    match func {
        ..=func::putchar => print(memory, func, args),
        ..=func::isalnum => is_of_class(func, a) as u32,
        func::tolower | func::toupper => {
            // The other case, if one of the two is a capital letter.
            let other = a ^ 32;
            let upper = if func == func::tolower { a } else { other };
            if is_of_class(func::isupper, upper) {
                other
            } else {
                a
            }
        }
        func::memcmp | func::strcmp | func::strncmp | func::strncasecmp => {
            // Both, also where the first bytes differ.
            if func == func::memcmp && !(memory.has(a, c) && memory.has(b, c)) {
                return 0;
            }
            memory.compare(func, a, b, if func == func::strcmp { u32::MAX } else { c })
        }
        func::memcpy | func::memmove | func::emscripten_memcpy_big => {
            memory.copy(a, b, c);
            a
        }
        func::strcpy => {
            let len = memory.len(b);
            memory.copy(a, b, len.wrapping_add(1));
            a
        }
        func::strncpy => {
            let len = memory.find(b, c, 0);
            memory.copy(a, b, len);
            memory.fill(a.wrapping_add(len), c - len, 0);
            a
        }
        func::memset => {
            memory.fill(a, c, b as u8);
            a
        }
        func::memchr | func::strchr => {
            // The NUL can be searched for.
            let len = if func == func::strchr { memory.len(a).wrapping_add(1) } else { c };
            if !memory.has(a, len) {
                return 0;
            }
            let index = memory.find(a, len, b & 0xff);
            if index == len {
                0
            } else {
                a + index
            }
        }
        func::strlen => memory.len(a),
        func::strspn | func::strcspn => {
            let (len, set) = (memory.len(a), memory.len(b));
            let mut index = 0;
            while index < len {
                let byte = memory.byte(a, index);
                if (memory.find(b, set, byte) == set) == (func == func::strspn) {
                    break;
                }
                index += 1;
            }
            index
        }
        func::strstr => {
            let (len, part) = (memory.len(a), memory.len(b));
            let mut index = 0;
            while memory.compare(func::strncmp, a.wrapping_add(index), b, part) != 0 {
                if index == len {
                    return 0;
                }
                index += 1;
            }
            a.wrapping_add(index)
        }
        func::strdup | func::_strdup => {
            let size = memory.len(a).wrapping_add(1);
            allocate(memory, size, a, size)
        }
        func::malloc | func::__cxa_allocate_exception => allocate(memory, a, 0, 0),
        func::calloc => {
            let Some(size) = a.checked_mul(b) else { return 0 };
            let at = allocate(memory, size, 0, 0);
            if at != 0 {
                memory.fill(at, size, 0);
            }
            at
        }
        func::realloc => {
            let held = if a == 0 { Some(0) } else { memory.bytes.state().block_size(a) };
            let Some(held) = held else { return 0 };
            let at = allocate(memory, b, a, held);
            if at != 0 {
                memory.bytes.state().free(a);
            }
            at
        }
        func::free => {
            memory.bytes.state().free(a);
            0
        }
        func::atoi | func::strtol | func::strtoul => {
            let (end, base) = if func == func::atoi { (0, 10) } else { (b, c) };
            let (value, len) = text::integer(memory, a, base, func != func::strtoul);
            if end != 0 {
                memory.set_word(end, a.wrapping_add(len));
            }
            value
        }
        func::clock_gettime => time(memory, a, b),
        // `execute` knows the others.
        _ => 0,
    }
}

/// A function's name, as it stands in the list.
macro_rules! name_of {
    ($name:ident) => {
        const { word(LIST, stringify!($name)) }
    };
}

/// The word of a text that is equal to another one.
const fn word(text: &'static str, wanted: &str) -> &'static str {
    let (mut rest, wanted) = (text.as_bytes(), wanted.as_bytes());
    loop {
        let mut len = 0;
        while len < rest.len() && rest[len] != b' ' {
            len += 1;
        }
        let mut same = 0;
        while same < len && same < wanted.len() && rest[same] == wanted[same] {
            same += 1;
        }
        if same == len && same == wanted.len() {
            return match core::str::from_utf8(rest.split_at(len).0) {
                Ok(word) => word,
                Err(_) => panic!("the list is UTF-8"),
            };
        }
        rest = rest.split_at(len + 1).1;
    }
}

/// Executes a function by its number.
fn execute<S: Host>(call: &mut Call<'_, S>, index: usize, args: &[u32]) -> Result<u64, HostError> {
    let end = match index {
        func::exit => name_of!(exit),
        func::abort => name_of!(abort),
        func::abortStackOverflow => name_of!(abortStackOverflow),
        func::nullFunc_X => name_of!(nullFunc_X),
        func::__cxa_throw => name_of!(__cxa_throw),
        func::clock => return Ok(call.state().clock(1).unwrap_or(0)),
        func => {
            let mut memory = Memory { bytes: call, outside: false };
            let result = run(&mut memory, func, args);
            return if memory.outside { Err(OUTSIDE) } else { Ok(result as u64) };
        }
    };
    // What is thrown is no code.
    let code = if index == func::__cxa_throw { 0 } else { args.first().copied().unwrap_or(0) };
    Err(call.state().exit(end, code as i32))
}

/// The module `env`. Its state is the embedder.
pub struct Env<S>(PhantomData<fn(&mut S)>);

impl<S: Host + 'static> Env<S> {
    /// The functions.
    pub const MODULE: HostModule<S> = HostModule::listed("env", LIST, execute::<S>);
}
