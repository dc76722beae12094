//! Waiting for descriptors and time.

use super::{Host, Result};
use crate::platform::{Object, Ready, Wait};
use crate::types::{Errno, Filetype};
use rustix::event::{poll as system_poll, PollFd, PollFlags, Timespec};
use rustix::io::ioctl_fionread;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};
use std::vec::Vec;

/// How often a program that waits looks whether it is to end.
const SLICE: Duration = Duration::from_millis(50);

/// What the system can wait for; `None` for what is always ready.
fn descriptor<'w>(host: &'w Host, object: &'w Object<Host>) -> Option<BorrowedFd<'w>> {
    match object {
        Object::Stream(which) => Some(host.stream(*which)),
        Object::File(file) if file.filetype() == Filetype::RegularFile => None,
        Object::File(file) => Some(file.file.as_fd()),
        Object::Dir(_) => None,
        Object::Socket(socket) => Some(socket.as_fd()),
    }
}

fn ready(host: &Host, object: &Object<Host>, write: bool, flags: PollFlags) -> Ready {
    let readable = || {
        let fd = descriptor(host, object)?;
        ioctl_fionread(fd).ok()
    };
    Ready {
        bytes: if write { 0 } else { readable().unwrap_or(0) },
        hangup: flags.intersects(PollFlags::HUP | PollFlags::RDHUP),
        error: if flags.contains(PollFlags::NVAL) {
            Some(Errno::Badf)
        } else if flags.contains(PollFlags::ERR) && !write {
            Some(Errno::Io)
        } else {
            None
        },
    }
}

/// Whether a read returns at once: with bytes, at the end, or with an error.
pub(super) fn is_readable(fd: BorrowedFd<'_>) -> Result<bool> {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    Ok(system_poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&now))? != 0)
}

pub(super) fn poll(
    host: &Host,
    waits: &mut [Wait<'_, Host>],
    timeout: Option<u64>,
    ended: &dyn Fn() -> bool,
) -> Result<()> {
    let mut fds = Vec::new();
    let mut indexes = Vec::new();
    let mut any = false;
    for (index, wait) in waits.iter_mut().enumerate() {
        match descriptor(host, wait.object) {
            Some(fd) => {
                let flags = if wait.write { PollFlags::OUT } else { PollFlags::IN };
                fds.push(PollFd::from_borrowed_fd(fd, flags));
                indexes.push(index);
            }
            None => {
                wait.ready = Some(Ready::default());
                any = true;
            }
        }
    }
    let end = timeout.map(|timeout| Instant::now().checked_add(Duration::from_nanos(timeout)));
    loop {
        // `None`: for ever, as a time beyond all time is.
        let rest = match end {
            _ if any => Duration::ZERO,
            Some(Some(end)) => end.saturating_duration_since(Instant::now()),
            Some(None) | None => Duration::MAX,
        };
        let slice = rest.min(SLICE);
        let time = Timespec { tv_sec: 0, tv_nsec: slice.as_nanos() as _ };
        let count = match system_poll(&mut fds, Some(&time)) {
            Ok(count) => count,
            Err(rustix::io::Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        if count != 0 || any || slice == rest || ended() {
            break;
        }
    }
    for (fd, index) in fds.iter().zip(indexes) {
        if let (flags, Some(wait)) = (fd.revents(), waits.get_mut(index)) {
            if !flags.is_empty() {
                wait.ready = Some(ready(host, wait.object, wait.write, flags));
            }
        }
    }
    Ok(())
}
