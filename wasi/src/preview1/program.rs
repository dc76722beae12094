//! Arguments, environment, the end of the program.

use crate::context::{Strings, Wasi};
use crate::guest::{write, Stop, OUTSIDE};
use crate::platform::Platform;
use zonda::{Call, GuestPtrMut, HostError};

/// Writes strings to `buffer` and their addresses to `list`.
fn strings(memory: &mut [u8], strings: &Strings, list: u32, buffer: u32) -> Result<(), Stop> {
    write(memory, buffer, &strings.bytes)?;
    let (mut address, mut entry) = (buffer, list);
    for string in strings.bytes.split_inclusive(|&byte| byte == 0) {
        write(memory, entry, &address.to_le_bytes())?;
        entry = entry.checked_add(4).ok_or(OUTSIDE)?;
        address = address.wrapping_add(string.len() as u32);
    }
    Ok(())
}

fn sizes(memory: &mut [u8], strings: &Strings, count: GuestPtrMut<u32>, bytes: GuestPtrMut<u32>) {
    count.write(memory, strings.count);
    bytes.write(memory, strings.bytes.len() as u32);
}

pub(super) fn args_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    argv: u32,
    buffer: u32,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    strings(memory, &wasi.args, argv, buffer)
}

pub(super) fn args_sizes_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    count: GuestPtrMut<u32>,
    bytes: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    sizes(memory, &wasi.args, count, bytes);
    Ok(())
}

pub(super) fn environ_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    environ: u32,
    buffer: u32,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    strings(memory, &wasi.env, environ, buffer)
}

pub(super) fn environ_sizes_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    count: GuestPtrMut<u32>,
    bytes: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    sizes(memory, &wasi.env, count, bytes);
    Ok(())
}

/// The text is the exception that WAMR leaves.
pub(super) fn exit<P: Platform>(call: &mut Call<'_, Wasi<P>>, code: u32) -> Result<(), HostError> {
    call.state().exit_code = Some(code);
    Err(HostError::Failed { number: code, text: "wasi proc exit" })
}
