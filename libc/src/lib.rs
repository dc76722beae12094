//! The functions of a C library that a module imports from `env`, with WAMR's names and types
//! (`libc-builtin`): printf and its like, memory and strings, malloc from the application heap.
//!
//! Declared once with `host_module!`. Every pointer and length is checked against the linear memory
//! of the calling instance; what lies outside traps. What the functions do outside of WebAssembly is
//! the embedder's: [`Host`].
//!
//! - `format`: printf
//! - `decimal`: the digits of a floating-point number, exactly
//! - `text`: strings and numbers in them
#![no_std]
// The names are those of C.
#![allow(non_snake_case)]
#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods))]

mod decimal;
mod format;
mod text;

use format::{format, Sink};
use zonda::{host_module, Call, GuestStr, HostError, TrapCode};

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

/// A range of the memory, or a trap.
fn range(memory: &mut [u8], at: u32, len: u32) -> Result<&mut [u8], HostError> {
    let rest = memory.get_mut(at as usize..).ok_or(OUTSIDE)?;
    rest.get_mut(..len as usize).ok_or(OUTSIDE)
}

/// Copies `len` bytes within the memory, as memmove does.
fn copy(memory: &mut [u8], to: u32, from: u32, len: u32) -> Result<u32, HostError> {
    range(memory, from, len)?;
    range(memory, to, len)?;
    // Byte by byte, in the direction in which none is overwritten before it is copied.
    for index in 0..len {
        let index = if to <= from { index } else { len - 1 - index };
        let byte = memory.get((from + index) as usize).copied().ok_or(OUTSIDE)?;
        *memory.get_mut((to + index) as usize).ok_or(OUTSIDE)? = byte;
    }
    Ok(to)
}

/// printf to the console.
fn print<S: Host>(call: &mut Call<'_, S>, text: GuestStr, args: u32) -> Result<i32, HostError> {
    let (memory, state) = call.memory_and_state();
    let mut print = |text: &[u8]| state.print(text);
    let mut sink = Sink::console(&mut print);
    let count = format(memory, &mut sink, text.address(), args).ok_or(OUTSIDE);
    sink.flush();
    count
}

/// printf into `size` bytes of memory, with a NUL behind if there is room for any byte.
fn print_to<S: Host>(
    call: &mut Call<'_, S>,
    at: u32,
    size: u32,
    text: GuestStr,
    args: u32,
) -> Result<i32, HostError> {
    let memory = call.memory_mut();
    let mut sink = Sink::memory(at, size.saturating_sub(1));
    let count = format(memory, &mut sink, text.address(), args).ok_or(OUTSIDE)?;
    if size != 0 {
        let end = at as usize + (count.max(0) as u32).min(size - 1) as usize;
        *memory.get_mut(end).ok_or(OUTSIDE)? = 0;
    }
    Ok(count)
}

/// malloc.
fn allocate<S: Host>(call: &mut Call<'_, S>, size: u32) -> u32 {
    let (memory, state) = call.memory_and_state();
    let at = state.allocate(size);
    if at != 0 && range(memory, at, size).is_err() {
        state.free(at);
        return 0;
    }
    at
}

/// strdup.
fn duplicate<S: Host>(call: &mut Call<'_, S>, text: GuestStr) -> Result<u32, HostError> {
    let len = text.bytes(call.memory()).len() as u32;
    let at = allocate(call, len.saturating_add(1));
    if at != 0 {
        copy(call.memory_mut(), at, text.address(), len + 1)?;
    }
    Ok(at)
}

/// memcmp and strncmp: the difference of the first bytes that differ.
fn compare<S>(
    call: &Call<'_, S>,
    a: u32,
    b: u32,
    len: u32,
    strings: bool,
) -> Result<i32, HostError> {
    let memory = call.memory();
    for index in 0..len as u64 {
        let at = |start: u32| memory.get((start as u64 + index) as usize).copied().ok_or(OUTSIDE);
        let (a, b) = (at(a)?, at(b)?);
        if a != b {
            return Ok(a as i32 - b as i32);
        }
        if strings && a == 0 {
            break;
        }
    }
    Ok(0)
}

/// A character that a classification is asked for, if it is one of ASCII.
fn ascii(c: i32) -> u8 {
    u8::try_from(c).unwrap_or(0x80)
}

host_module! {
    /// The module `env`. Its state is the embedder.
    pub struct Env<S: Host> as "env" {
        fn printf(call, text: GuestStr, args: u32) -> Result<i32, HostError> {
            print(call, text, args)
        }
        fn vprintf(call, text: GuestStr, args: u32) -> Result<i32, HostError> {
            print(call, text, args)
        }
        fn sprintf(call, to: u32, text: GuestStr, args: u32) -> Result<i32, HostError> {
            // As much as there is; behind that the call traps.
            print_to(call, to, u32::MAX, text, args)
        }
        fn vsprintf(call, to: u32, text: GuestStr, args: u32) -> Result<i32, HostError> {
            print_to(call, to, u32::MAX, text, args)
        }
        fn snprintf(call, to: u32, size: u32, text: GuestStr, args: u32) -> Result<i32, HostError> {
            range(call.memory_mut(), to, size)?;
            print_to(call, to, size, text, args)
        }
        fn vsnprintf(call, to: u32, size: u32, text: GuestStr, args: u32) -> Result<i32, HostError> {
            range(call.memory_mut(), to, size)?;
            print_to(call, to, size, text, args)
        }
        fn puts(call, text: GuestStr) -> i32 {
            let (memory, state) = call.memory_and_state();
            state.print(text.bytes(memory));
            state.print(b"\n");
            text.bytes(memory).len() as i32 + 1
        }
        fn putchar(call, c: i32) -> i32 {
            call.state().print(&[c as u8]);
            1
        }
        fn memcmp(call, a: u32, b: u32, len: u32) -> Result<i32, HostError> {
            range(call.memory_mut(), a, len)?;
            range(call.memory_mut(), b, len)?;
            compare(call, a, b, len, false)
        }
        fn memcpy(call, to: u32, from: u32, len: u32) -> Result<u32, HostError> {
            copy(call.memory_mut(), to, from, len)
        }
        fn memmove(call, to: u32, from: u32, len: u32) -> Result<u32, HostError> {
            copy(call.memory_mut(), to, from, len)
        }
        fn memset(call, to: u32, c: i32, len: u32) -> Result<u32, HostError> {
            range(call.memory_mut(), to, len)?.iter_mut().for_each(|byte| *byte = c as u8);
            Ok(to)
        }
        fn memchr(call, at: u32, c: i32, len: u32) -> Result<u32, HostError> {
            let found = range(call.memory_mut(), at, len)?.iter().position(|&byte| byte == c as u8);
            Ok(found.map_or(0, |index| at + index as u32))
        }
        fn strchr(call, text: GuestStr, c: i32) -> u32 {
            let bytes = text.bytes(call.memory());
            // The NUL can be searched for.
            let found = match c as u8 {
                0 => Some(bytes.len()),
                c => bytes.iter().position(|&byte| byte == c),
            };
            found.map_or(0, |index| text.address() + index as u32)
        }
        fn strcmp(call, a: GuestStr, b: GuestStr) -> Result<i32, HostError> {
            compare(call, a.address(), b.address(), u32::MAX, true)
        }
        fn strncmp(call, a: u32, b: u32, len: u32) -> Result<i32, HostError> {
            compare(call, a, b, len, true)
        }
        fn strncasecmp(call, a: GuestStr, b: GuestStr, len: u32) -> i32 {
            text::compare_ignoring_case(a.bytes(call.memory()), b.bytes(call.memory()), len)
        }
        fn strcpy(call, to: u32, from: GuestStr) -> Result<u32, HostError> {
            let len = from.bytes(call.memory()).len() as u32;
            copy(call.memory_mut(), to, from.address(), len.saturating_add(1))
        }
        fn strncpy(call, to: u32, from: u32, len: u32) -> Result<u32, HostError> {
            let memory = call.memory_mut();
            range(memory, to, len)?;
            let mut ended = false;
            for index in 0..len as u64 {
                let byte = match ended {
                    true => 0,
                    false => memory.get((from as u64 + index) as usize).copied().ok_or(OUTSIDE)?,
                };
                ended = byte == 0;
                *memory.get_mut((to as u64 + index) as usize).ok_or(OUTSIDE)? = byte;
            }
            Ok(to)
        }
        fn strlen(call, text: GuestStr) -> u32 {
            text.bytes(call.memory()).len() as u32
        }
        fn strspn(call, text: GuestStr, set: GuestStr) -> u32 {
            text::span(text.bytes(call.memory()), set.bytes(call.memory()), true)
        }
        fn strcspn(call, text: GuestStr, set: GuestStr) -> u32 {
            text::span(text.bytes(call.memory()), set.bytes(call.memory()), false)
        }
        fn strstr(call, text: GuestStr, part: GuestStr) -> u32 {
            let found = text::find(text.bytes(call.memory()), part.bytes(call.memory()));
            found.map_or(0, |index| text.address() + index as u32)
        }
        fn strdup(call, text: GuestStr) -> Result<u32, HostError> {
            duplicate(call, text)
        }
        fn _strdup(call, text: GuestStr) -> Result<u32, HostError> {
            duplicate(call, text)
        }
        fn malloc(call, size: u32) -> u32 {
            allocate(call, size)
        }
        fn calloc(call, count: u32, size: u32) -> Result<u32, HostError> {
            let Some(size) = count.checked_mul(size) else { return Ok(0) };
            let at = allocate(call, size);
            if at != 0 {
                range(call.memory_mut(), at, size)?.iter_mut().for_each(|byte| *byte = 0);
            }
            Ok(at)
        }
        fn realloc(call, at: u32, size: u32) -> Result<u32, HostError> {
            if at == 0 {
                return Ok(allocate(call, size));
            }
            let Some(held) = call.state().block_size(at) else { return Ok(0) };
            let new = allocate(call, size);
            if new != 0 {
                copy(call.memory_mut(), new, at, held.min(size))?;
                call.state().free(at);
            }
            Ok(new)
        }
        fn free(call, at: u32) {
            call.state().free(at);
        }
        fn atoi(call, text: GuestStr) -> i32 {
            text::integer(text.bytes(call.memory()), 10).0 as i32
        }
        fn strtol(call, text: GuestStr, end: u32, base: i32) -> Result<i32, HostError> {
            let (value, len) = text::integer(text.bytes(call.memory()), base);
            if end != 0 {
                let at = text.address() + len;
                range(call.memory_mut(), end, 4)?.iter_mut().zip(at.to_le_bytes()).for_each(|(to, byte)| *to = byte);
            }
            Ok(value.clamp(i32::MIN as i64, i32::MAX as i64) as i32)
        }
        fn strtoul(call, text: GuestStr, end: u32, base: i32) -> Result<u32, HostError> {
            let (value, len) = text::integer(text.bytes(call.memory()), base);
            if end != 0 {
                let at = text.address() + len;
                range(call.memory_mut(), end, 4)?.iter_mut().zip(at.to_le_bytes()).for_each(|(to, byte)| *to = byte);
            }
            // A negative number is that of its magnitude, negated.
            let fits = value.unsigned_abs() <= u32::MAX as u64;
            Ok(if fits { value as u32 } else { u32::MAX })
        }
        fn isupper(_call, c: i32) -> i32 {
            ascii(c).is_ascii_uppercase() as i32
        }
        fn isalpha(_call, c: i32) -> i32 {
            ascii(c).is_ascii_alphabetic() as i32
        }
        fn isspace(_call, c: i32) -> i32 {
            text::is_space(ascii(c)) as i32
        }
        fn isgraph(_call, c: i32) -> i32 {
            ascii(c).is_ascii_graphic() as i32
        }
        fn isprint(_call, c: i32) -> i32 {
            matches!(ascii(c), b' '..=b'~') as i32
        }
        fn isdigit(_call, c: i32) -> i32 {
            ascii(c).is_ascii_digit() as i32
        }
        fn isxdigit(_call, c: i32) -> i32 {
            ascii(c).is_ascii_hexdigit() as i32
        }
        fn isalnum(_call, c: i32) -> i32 {
            ascii(c).is_ascii_alphanumeric() as i32
        }
        fn tolower(_call, c: i32) -> i32 {
            c + 32 * ascii(c).is_ascii_uppercase() as i32
        }
        fn toupper(_call, c: i32) -> i32 {
            c - 32 * ascii(c).is_ascii_lowercase() as i32
        }
        fn exit(call, code: i32) -> Result<(), HostError> {
            Err(call.state().exit("exit", code))
        }
        fn abort(call, code: i32) -> Result<(), HostError> {
            Err(call.state().exit("abort", code))
        }
        fn abortStackOverflow(call, code: i32) -> Result<(), HostError> {
            Err(call.state().exit("abortStackOverflow", code))
        }
        fn nullFunc_X(call, code: i32) -> Result<(), HostError> {
            Err(call.state().exit("nullFunc_X", code))
        }
        fn emscripten_memcpy_big(call, to: u32, from: u32, len: u32) -> Result<u32, HostError> {
            copy(call.memory_mut(), to, from, len)
        }
        fn __cxa_allocate_exception(call, size: u32) -> u32 {
            allocate(call, size)
        }
        fn __cxa_begin_catch(_call, exception: u32) {
            let _ = exception;
        }
        fn __cxa_throw(call, thrown: u32, info: u32, destructor: u32) -> Result<(), HostError> {
            let _ = (thrown, info, destructor);
            Err(call.state().exit("__cxa_throw", 0))
        }
        fn clock_gettime(call, number: u32, to: u32) -> Result<i32, HostError> {
            let time = call.state().clock(number);
            // struct timespec { int64_t tv_sec; int32_t tv_nsec; }, as wasm32 aligns it.
            let place = range(call.memory_mut(), to, 16)?;
            let Some(time) = time else { return Ok(-1) };
            let fields = (time / 1_000_000_000).to_le_bytes().into_iter().chain((time % 1_000_000_000).to_le_bytes());
            place.iter_mut().zip(fields).for_each(|(to, byte)| *to = byte);
            Ok(0)
        }
        fn clock(call) -> u64 {
            call.state().clock(1).unwrap_or(0)
        }
    }
}
