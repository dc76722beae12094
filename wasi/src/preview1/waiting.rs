//! Waiting of operations that return `again`: those of sockets, and of a console that is read.

#[cfg(feature = "sockets")]
use crate::descriptor::Descriptor;
use crate::guest::ENDED;
use crate::platform::{Object, Platform, Stream, Wait};
use crate::types::{Errno, FdFlags};

/// Waits until an object is ready: `again` when the time is over, [`ENDED`] when the program is to
/// end.
fn wait<P: Platform>(
    platform: &mut P,
    object: &Object<P>,
    write: bool,
    timeout: Option<u64>,
    ended: &dyn Fn() -> bool,
) -> Result<(), Errno> {
    let mut waits = [Wait { object, write, ready: None }];
    platform.poll(&mut waits, timeout, ended)?;
    match waits {
        // What is ready all the time and gives `again` must not keep a program that is to end.
        _ if ended() => Err(ENDED),
        [Wait { ready: Some(_), .. }] => Ok(()),
        _ => Err(Errno::Again),
    }
}

/// Reads from a stream.
pub(super) fn read<P: Platform>(
    platform: &mut P,
    stream: Stream,
    flags: FdFlags,
    bytes: &mut [u8],
    ended: &dyn Fn() -> bool,
) -> Result<usize, Errno> {
    loop {
        match platform.stream_read(stream, bytes) {
            Err(Errno::Again) if !flags.has(FdFlags::NONBLOCK) => {
                wait(platform, &Object::Stream(stream), false, None, ended)?;
            }
            done => return done,
        }
    }
}

/// How long a socket waits, in nanoseconds.
#[cfg(feature = "sockets")]
fn timeout<P: Platform>(
    platform: &mut P,
    descriptor: &mut Descriptor<P>,
    write: bool,
) -> Result<Option<u64>, Errno> {
    let time = platform.timeout(descriptor.socket(0)?, write).map_or(0, |time| *time);
    Ok((time != 0).then(|| time.saturating_mul(1000)))
}

/// What is done with a socket.
#[cfg(feature = "sockets")]
pub(crate) type Act<'a, P> =
    dyn FnMut(&mut P, &mut <P as Platform>::Socket) -> Result<(), Errno> + 'a;

/// Acts on a socket until it need not wait: that is once for a descriptor that does not wait.
#[cfg(feature = "sockets")]
pub(crate) fn until<P: Platform>(
    platform: &mut P,
    descriptor: &mut Descriptor<P>,
    write: bool,
    ended: &dyn Fn() -> bool,
    act: &mut Act<'_, P>,
) -> Result<(), Errno> {
    loop {
        match act(platform, descriptor.socket(0)?) {
            Err(Errno::Again) if !descriptor.flags.has(FdFlags::NONBLOCK) => {
                let timeout = timeout(platform, descriptor, write)?;
                wait(platform, &descriptor.object, write, timeout, ended)?;
            }
            done => return done,
        }
    }
}

/// Waits until a connection is made, or is not.
#[cfg(feature = "sockets-ext")]
pub(crate) fn connected<P: Platform>(
    platform: &mut P,
    descriptor: &mut Descriptor<P>,
    ended: &dyn Fn() -> bool,
) -> Result<(), Errno> {
    let timeout = timeout(platform, descriptor, true)?;
    wait(platform, &descriptor.object, true, timeout, ended).map_err(|error| match error {
        // As the system has it: the connection may still be made.
        Errno::Again => Errno::Inprogress,
        error => error,
    })?;
    platform.socket_error(descriptor.socket(0)?)
}
