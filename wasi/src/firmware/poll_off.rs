//! Waiting on a firmware whose programs have files and output alone: everything is ready at once,
//! and only time is waited for.

use super::{Firmware, Result};
use crate::platform::{Platform, Ready, Wait};
use crate::types::ClockId;

/// How long a program sleeps before it looks whether it is to end.
const SLICE: u64 = 20_000_000;

extern "C" {
    fn zonda_wasi_sleep(milliseconds: u32);
}

#[inline(always)]
pub(super) fn poll(
    firmware: &mut Firmware,
    waits: &mut [Wait<'_, Firmware>],
    timeout: Option<u64>,
    ended: &dyn Fn() -> bool,
) -> Result<()> {
    for wait in waits.iter_mut() {
        wait.ready = Some(Ready::default());
    }
    if !waits.is_empty() {
        return Ok(());
    }
    let begin = firmware.clock_now(ClockId::Monotonic)?;
    loop {
        let passed = firmware.clock_now(ClockId::Monotonic)?.saturating_sub(begin);
        let rest = timeout.unwrap_or(u64::MAX).saturating_sub(passed);
        if rest == 0 || ended() {
            return Ok(());
        }
        let milliseconds = rest.min(SLICE).div_ceil(1_000_000) as u32;
        // SAFETY: has no effect but time.
        unsafe { zonda_wasi_sleep(milliseconds) };
    }
}
