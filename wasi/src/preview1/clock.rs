//! Clocks and random numbers.

use crate::context::Wasi;
use crate::guest::Stop;
use crate::platform::Platform;
use crate::types::ClockId;
use zonda::{Call, GuestPtrMut, GuestSliceMut};

pub(super) fn res_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    id: u32,
    to: GuestPtrMut<u64>,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    to.write(memory, wasi.platform.clock_resolution(ClockId::from_number(id)?)?);
    Ok(())
}

pub(super) fn time_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    id: u32,
    to: GuestPtrMut<u64>,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    to.write(memory, wasi.platform.clock_now(ClockId::from_number(id)?)?);
    Ok(())
}

pub(super) fn random_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    to: GuestSliceMut<u8>,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    Ok(wasi.platform.random(to.bytes_mut(memory))?)
}
