//! Waiting for clocks and descriptors.

use crate::context::Wasi;
use crate::descriptor::rights;
use crate::guest::{bytes, bytes_mut, Stop, ENDED, OUTSIDE};
use crate::platform::{Platform, Wait};
use crate::types::{ClockId, Errno, Event, Subscription};
use core::marker::PhantomData;
use zonda::{Call, GuestPtrMut, GuestValue, TryVec};

/// What one subscription waits for.
enum Waits {
    /// So many nanoseconds from the beginning of the call.
    For(u64),
    /// The descriptor at this place in the list of those.
    On(usize),
    /// Nothing: it has this result.
    Failed(Errno),
}

/// A subscription. The program's own record is gone when it gets its events in the same memory.
struct Item {
    userdata: u64,
    tag: u8,
    waits: Waits,
}

const CLOCK: u8 = 0;
const READ: u8 = 1;
const WRITE: u8 = 2;
/// `timeout` is a time.
const ABSTIME: u16 = 1;

/// How long a subscription to a clock waits.
fn duration<P: Platform>(platform: &mut P, subscription: &Subscription) -> Result<u64, Errno> {
    let clock = match ClockId::from_number(subscription.number)? {
        clock @ (ClockId::Realtime | ClockId::Monotonic) => clock,
        ClockId::ProcessCpu | ClockId::ThreadCpu => return Err(Errno::Notsup),
    };
    match subscription.flags {
        0 => Ok(subscription.timeout),
        ABSTIME => Ok(subscription.timeout.saturating_sub(platform.clock_now(clock)?)),
        _ => Err(Errno::Inval),
    }
}

/// `S` is how a program has its subscriptions.
pub(super) fn oneoff<P: Platform, S: GuestValue + Into<Subscription>>(
    call: &mut Call<'_, Wasi<P>>,
    from: u32,
    to: u32,
    count: u32,
    events: GuestPtrMut<u32>,
    _: PhantomData<S>,
) -> Result<(), Stop> {
    if count == 0 {
        return Err(Errno::Inval.into());
    }
    let ended = call.termination();
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let size = |of: usize| count.checked_mul(of as u32).ok_or(OUTSIDE);
    let subscriptions = bytes(memory, from, size(S::SIZE)?)?;
    let out = size(Event::SIZE)?;
    bytes(memory, to, out)?;

    let begin = platform.clock_now(ClockId::Monotonic)?;
    let mut items = TryVec::with_capacity(count as usize)?;
    let mut waits = TryVec::new();
    let mut timeout: Option<u64> = None;
    for record in subscriptions.chunks_exact(S::SIZE) {
        let subscription = S::read(record).into();
        let Subscription { userdata, tag, number, .. } = subscription;
        let what = match tag {
            CLOCK => match duration(platform, &subscription) {
                Ok(nanoseconds) => Waits::For(nanoseconds),
                Err(errno) => Waits::Failed(errno),
            },
            READ | WRITE => match descriptors.get(number).and_then(|descriptor| {
                descriptor.require(rights::POLL_FD_READWRITE).map(|()| descriptor)
            }) {
                Ok(descriptor) => {
                    let object = &descriptor.object;
                    waits.push(Wait { object, write: tag == WRITE, ready: None })?;
                    Waits::On(waits.len() - 1)
                }
                Err(errno) => Waits::Failed(errno),
            },
            _ => Waits::Failed(Errno::Inval),
        };
        let least = match &what {
            Waits::For(nanoseconds) => *nanoseconds,
            Waits::On(_) => u64::MAX,
            Waits::Failed(_) => 0,
        };
        if !matches!(what, Waits::On(_)) {
            timeout = Some(timeout.unwrap_or(u64::MAX).min(least));
        }
        items.push(Item { userdata, tag, waits: what })?;
    }

    platform.poll(&mut waits, timeout, &|| ended.is_pending())?;

    let passed = platform.clock_now(ClockId::Monotonic)?.saturating_sub(begin);
    let mut happened: u32 = 0;
    let mut records = bytes_mut(memory, to, out)?.as_chunks_mut::<{ Event::SIZE }>().0.iter_mut();
    for Item { userdata, tag, waits: what } in items.iter() {
        let (userdata, tag) = (*userdata, *tag);
        let mut event = Event { userdata, error: 0, tag, bytes: 0, hangup: false };
        match what {
            Waits::For(nanoseconds) if *nanoseconds <= passed => {}
            Waits::For(_) => continue,
            Waits::On(index) => match waits.get(*index).and_then(|wait| wait.ready) {
                Some(ready) => {
                    event.error = ready.error.map_or(0, |errno| errno as u16);
                    event.bytes = ready.bytes;
                    event.hangup = ready.hangup;
                }
                None => continue,
            },
            Waits::Failed(errno) => event.error = *errno as u16,
        }
        if let Some(record) = records.next() {
            event.write(record);
            happened += 1;
        }
    }
    if happened == 0 {
        return Err(if ended.is_pending() { ENDED } else { Errno::Intr }.into());
    }
    events.write(memory, happened);
    Ok(())
}
