//! `wasi_unstable`, the version before preview 1: the same functions, four of which have other
//! numbers or structures. Programs that were compiled before 2020 import it.

use super::{answer, fd, file, path, poll, Answer, Preview1};
use crate::context::Wasi;
use crate::platform::Platform;
use crate::types::{OldFilestat, OldSubscription, Whence};
use core::marker::PhantomData;
use zonda::{Call, GuestPtrMut, GuestSlice, HostFunc, HostModule};

/// The version before preview 1 on a platform.
pub struct Unstable<P>(PhantomData<fn(&mut P)>);

fn seek<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    offset: i64,
    whence: u32,
    to: GuestPtrMut<u64>,
) -> Answer {
    // Their order was another.
    let whence = match whence {
        0 => Whence::Cur as u32,
        1 => Whence::End as u32,
        2 => Whence::Set as u32,
        other => other,
    };
    answer(file::seek(call, fd, offset, whence, to))
}

fn fd_filestat<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestPtrMut<OldFilestat>,
) -> Answer {
    answer(fd::filestat_get(call, fd, to))
}

fn path_filestat<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    flags: u32,
    path: GuestSlice<u8>,
    to: GuestPtrMut<OldFilestat>,
) -> Answer {
    answer(path::filestat_get(call, fd, flags, path, to))
}

fn poll_oneoff<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    from: u32,
    to: u32,
    count: u32,
    events: GuestPtrMut<u32>,
) -> Answer {
    answer(poll::oneoff(call, from, to, count, events, PhantomData::<OldSubscription>))
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

impl<P: Platform> Unstable<P> {
    const OWN: [HostFunc<Wasi<P>>; 4] = [
        HostFunc::new("fd_seek", seek::<P>),
        HostFunc::new("fd_filestat_get", fd_filestat::<P>),
        HostFunc::new("path_filestat_get", path_filestat::<P>),
        HostFunc::new("poll_oneoff", poll_oneoff::<P>),
    ];

    const FUNCS: [HostFunc<Wasi<P>>; 46] = {
        let mut funcs = [Preview1::<P>::FUNCS[0]; 46];
        let mut index = 0;
        let mut replaced = 0;
        while index < funcs.len() {
            funcs[index] = Preview1::<P>::FUNCS[index];
            let mut own = 0;
            while own < Self::OWN.len() {
                if same(funcs[index].name(), Self::OWN[own].name()) {
                    funcs[index] = Self::OWN[own];
                    replaced += 1;
                    break;
                }
                own += 1;
            }
            index += 1;
        }
        assert!(replaced == Self::OWN.len());
        funcs
    };

    /// The functions.
    pub const MODULE: HostModule<Wasi<P>> = HostModule::new("wasi_unstable", &Self::FUNCS);
}
