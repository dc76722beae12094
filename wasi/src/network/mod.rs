//! Sockets that programs open: WAMR's extension of preview 1, 48 functions with the names, types
//! and structures of its lib-socket.
//!
//! A program may bind, connect and send to what the embedder allows ([`Wasi::allow_network`]), and
//! look up names that it allows ([`Wasi::allow_lookup`]).
//!
//! - `pool`: what is allowed
//! - `address`: addresses in memory
//! - `options`: the functions that get or set one option
//!
//! The functions are a list that one function executes, as most of them do little: every address of
//! memory that one has is checked here.

mod address;
mod options;
mod pool;

pub(crate) use pool::Network;

use crate::context::Wasi;
use crate::descriptor::{rights, Descriptor};
use crate::guest::{answer, bytes, write, Stop, OUTSIDE};
use crate::platform::{Lookup, Object, Platform, SocketKind};
use crate::preview1::{sock, waiting};
use crate::types::{Errno, FdFlags, Iovec, RiFlags};
use core::marker::PhantomData;
use core::net::SocketAddr;
use options::Access;
use zonda::{Call, GuestSlice, HostError, HostModule, TryVec};

/// Declares the functions: their numbers, and the list of names with signatures.
macro_rules! functions {
    ($($name:ident $ty:literal)*) => {
        #[derive(Clone, Copy)]
        #[allow(non_camel_case_types)]
        enum Func { $($name,)* }

        const FUNCS: &[Func] = &[$(Func::$name,)*];
        const LIST: &str = concat!($($ty, " ", stringify!($name), " ",)*);
    };
}

functions! {
    sock_addr_local "(ii)i"
    sock_addr_remote "(ii)i"
    sock_addr_resolve "(iiiiii)i"
    sock_bind "(ii)i"
    sock_close "(i)i"
    sock_connect "(ii)i"
    sock_listen "(ii)i"
    sock_open "(iiii)i"
    sock_recv_from "(iiiiii)i"
    sock_send_to "(iiiiii)i"
    sock_set_ip_add_membership "(iii)i"
    sock_set_ip_drop_membership "(iii)i"
    sock_get_broadcast "(ii)i"
    sock_get_keep_alive "(ii)i"
    sock_get_linger "(iii)i"
    sock_get_recv_buf_size "(ii)i"
    sock_get_recv_timeout "(ii)i"
    sock_get_reuse_addr "(ii)i"
    sock_get_reuse_port "(ii)i"
    sock_get_send_buf_size "(ii)i"
    sock_get_send_timeout "(ii)i"
    sock_get_tcp_fastopen_connect "(ii)i"
    sock_get_tcp_keep_idle "(ii)i"
    sock_get_tcp_keep_intvl "(ii)i"
    sock_get_tcp_no_delay "(ii)i"
    sock_get_tcp_quick_ack "(ii)i"
    sock_get_ip_multicast_loop "(iii)i"
    sock_get_ip_multicast_ttl "(ii)i"
    sock_get_ip_ttl "(ii)i"
    sock_get_ipv6_only "(ii)i"
    sock_set_broadcast "(ii)i"
    sock_set_keep_alive "(ii)i"
    sock_set_linger "(iii)i"
    sock_set_recv_buf_size "(ii)i"
    sock_set_recv_timeout "(iI)i"
    sock_set_reuse_addr "(ii)i"
    sock_set_reuse_port "(ii)i"
    sock_set_send_buf_size "(ii)i"
    sock_set_send_timeout "(iI)i"
    sock_set_tcp_fastopen_connect "(ii)i"
    sock_set_tcp_keep_idle "(ii)i"
    sock_set_tcp_keep_intvl "(ii)i"
    sock_set_tcp_no_delay "(ii)i"
    sock_set_tcp_quick_ack "(ii)i"
    sock_set_ip_multicast_loop "(iii)i"
    sock_set_ip_multicast_ttl "(ii)i"
    sock_set_ip_ttl "(ii)i"
    sock_set_ipv6_only "(ii)i"
}

const _: () = assert!(FUNCS.len() == 48);

/// Numbers of families of addresses; anything else is either.
const INET4: u32 = 0;
const INET6: u32 = 1;
/// Numbers of types of sockets.
const DGRAM: u32 = 0;
const STREAM: u32 = 1;

/// An address in the memory of the program.
fn address<P: Platform>(call: &Call<'_, Wasi<P>>, at: u32) -> Result<SocketAddr, Stop> {
    let bytes = call.bytes(at, address::ADDRESS as u32).ok_or(OUTSIDE)?;
    Ok(address::read(bytes)?)
}

fn open<P: Platform>(call: &mut Call<'_, Wasi<P>>, args: [u32; 6]) -> Result<(), Stop> {
    // The first is a pool of descriptors, which WAMR does not look at either.
    let [_, family, ty, to, ..] = args;
    let (memory, Wasi { platform, descriptors, network, .. }) = call.memory_and_state();
    bytes(memory, to, 4)?;
    let ipv6 = match family {
        INET4 => false,
        INET6 => true,
        _ => return Err(Errno::Afnosupport.into()),
    };
    let stream = match ty {
        DGRAM => false,
        STREAM => true,
        _ => return Err(Errno::Prototype.into()),
    };
    if network.is_empty() {
        return Err(Errno::Acces.into());
    }
    descriptors.has_room()?;
    let object = Object::Socket(platform.open_socket(SocketKind { ipv6, stream })?);
    let opened = descriptors.add(Descriptor {
        object,
        flags: FdFlags::default(),
        rights: rights::SOCKET,
        inheriting: rights::SOCKET,
        preopen: None,
    })?;
    write(memory, to, &opened.to_le_bytes())
}

fn local_or_remote<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    [fd, to, ..]: [u32; 6],
    remote: bool,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    bytes(memory, to, address::ADDRESS as u32)?;
    let found = platform.address(descriptors.get_mut(fd)?.socket(0)?, remote)?;
    write(memory, to, &address::write(found))
}

fn bind<P: Platform>(call: &mut Call<'_, Wasi<P>>, args: [u32; 6]) -> Result<(), Stop> {
    let to = address(call, args[1])?;
    let Wasi { platform, descriptors, network, .. } = call.state();
    let socket = descriptors.get_mut(args[0])?.socket(0)?;
    network.require(to.ip())?;
    Ok(platform.bind(socket, to)?)
}

fn listen<P: Platform>(call: &mut Call<'_, Wasi<P>>, args: [u32; 6]) -> Result<(), Stop> {
    let Wasi { platform, descriptors, .. } = call.state();
    let socket = descriptors.get_mut(args[0])?.socket(rights::SOCK_ACCEPT)?;
    // The system would bind a socket that has no address to all of them.
    if platform.address(socket, false).map_or(0, |own| own.port()) == 0 {
        return Err(Errno::Inval.into());
    }
    Ok(platform.listen(socket, args[1])?)
}

fn connect<P: Platform>(call: &mut Call<'_, Wasi<P>>, args: [u32; 6]) -> Result<(), Stop> {
    let to = address(call, args[1])?;
    let ended = call.termination();
    let Wasi { platform, descriptors, network, .. } = call.state();
    let descriptor = descriptors.get_mut(args[0])?;
    let socket = descriptor.socket(0)?;
    network.require(to.ip())?;
    match platform.connect(socket, to) {
        Err(Errno::Inprogress) if !descriptor.flags.has(FdFlags::NONBLOCK) => {
            Ok(waiting::connected(platform, descriptor, &|| ended.is_pending())?)
        }
        done => Ok(done?),
    }
}

/// A range of buffers.
fn buffers<P: Platform>(
    call: &Call<'_, Wasi<P>>,
    at: u32,
    count: u32,
) -> Result<GuestSlice<Iovec>, Stop> {
    GuestSlice::new(call.memory(), at, count).ok_or(OUTSIDE)
}

fn receive_from<P: Platform>(call: &mut Call<'_, Wasi<P>>, args: [u32; 6]) -> Result<(), Stop> {
    let [fd, to, count, flags, from, received] = args;
    let to = buffers(call, to, count)?;
    // The address of the sender may be left out.
    if from != 0 {
        call.bytes(from, address::ADDRESS as u32).ok_or(OUTSIDE)?;
    }
    call.bytes(received, 4).ok_or(OUTSIDE)?;
    let (len, sender) = sock::receive(call, fd, &to, RiFlags::from_number(flags)?)?;
    let memory = call.memory_mut();
    write(memory, received, &len.to_le_bytes())?;
    if from != 0 {
        write(memory, from, &sender.map_or([0; address::ADDRESS], address::write))?;
    }
    Ok(())
}

fn send_to<P: Platform>(call: &mut Call<'_, Wasi<P>>, args: [u32; 6]) -> Result<(), Stop> {
    let [fd, from, count, flags, to, sent] = args;
    let from = buffers(call, from, count)?;
    let to = address(call, to)?;
    call.bytes(sent, 4).ok_or(OUTSIDE)?;
    let state = call.state();
    state.descriptors.get_mut(fd)?.socket(rights::FD_WRITE)?;
    if flags != 0 {
        return Err(Errno::Inval.into());
    }
    state.network.require(to.ip())?;
    let len = sock::transmit(call, fd, &from, Some(to))?;
    write(call.memory_mut(), sent, &len.to_le_bytes())
}

fn membership<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    [fd, group, interface, ..]: [u32; 6],
    join: bool,
) -> Result<(), Stop> {
    let bytes = call.bytes(group, address::IP as u32).ok_or(OUTSIDE)?;
    let group = address::read_ip(bytes)?;
    let Wasi { platform, descriptors, network, .. } = call.state();
    let socket = descriptors.get_mut(fd)?.socket(0)?;
    network.require(group)?;
    Ok(platform.membership(socket, group, interface, join)?)
}

/// A copy of a string of the program, which the memory's borrow would keep from being answered.
fn text<P: Platform>(call: &Call<'_, Wasi<P>>, at: u32) -> Result<TryVec<u8>, Stop> {
    let found = call.string(at).ok_or(OUTSIDE)?;
    // A name has at most 253 characters.
    if found.len() > 255 {
        return Err(Errno::Nametoolong.into());
    }
    let mut own = TryVec::with_capacity(found.len())?;
    own.append(found)?;
    Ok(own)
}

fn resolve<P: Platform>(call: &mut Call<'_, Wasi<P>>, args: [u32; 6]) -> Result<(), Stop> {
    let [host, service, hints, to, room, found] = args;
    let (host, service) = (text(call, host)?, text(call, service)?);
    let hints = call.bytes(hints, 12).ok_or(OUTSIDE)?;
    let number = |at: usize| {
        let mut own = [0; 4];
        own.iter_mut().zip(hints.iter().skip(at)).for_each(|(to, from)| *to = *from);
        u32::from_le_bytes(own)
    };
    let mut wanted = Lookup::default();
    if hints.get(8).is_some_and(|&enabled| enabled != 0) {
        wanted.stream = match number(0) {
            DGRAM => Some(false),
            STREAM => Some(true),
            _ => None,
        };
        wanted.ipv6 = match number(4) {
            INET4 => Some(false),
            INET6 => Some(true),
            _ => None,
        };
    }
    let (memory, Wasi { platform, network, .. }) = call.memory_and_state();
    let size = room.checked_mul(address::INFO as u32).ok_or(OUTSIDE)?;
    bytes(memory, to, size)?;
    bytes(memory, found, 4)?;
    network.require_name(&host)?;
    let host = core::str::from_utf8(&host).map_err(|_| Errno::Ilseq)?;
    let service = core::str::from_utf8(&service).map_err(|_| Errno::Ilseq)?;
    let mut count: u32 = 0;
    let mut outcome = Ok(());
    platform.resolve(host, service, wanted, &mut |address, stream| {
        if count < room && outcome.is_ok() {
            // Inside of the memory, as the range was checked above.
            let at = to + count * address::INFO as u32;
            let ty = if stream { STREAM } else { DGRAM };
            outcome = write(memory, at, &address::write(address))
                .and_then(|()| write(memory, at + address::ADDRESS as u32, &ty.to_le_bytes()));
        }
        count = count.saturating_add(1);
    })?;
    outcome?;
    write(memory, found, &count.to_le_bytes())
}

fn run<P: Platform>(call: &mut Call<'_, Wasi<P>>, func: Func, args: [u32; 6]) -> Result<(), Stop> {
    match func {
        Func::sock_addr_local => local_or_remote(call, args, false),
        Func::sock_addr_remote => local_or_remote(call, args, true),
        Func::sock_addr_resolve => resolve(call, args),
        Func::sock_bind => bind(call, args),
        // Not a function of sockets in WAMR either: fd_close is.
        Func::sock_close => Err(Errno::Nosys.into()),
        Func::sock_connect => connect(call, args),
        Func::sock_listen => listen(call, args),
        Func::sock_open => open(call, args),
        Func::sock_recv_from => receive_from(call, args),
        Func::sock_send_to => send_to(call, args),
        Func::sock_set_ip_add_membership => membership(call, args, true),
        Func::sock_set_ip_drop_membership => membership(call, args, false),
        func => options::run(call, Access::of(func), args),
    }
}

/// The functions of the extension, beside [`Preview1`](crate::Preview1) and of the same state.
pub struct Sockets<P>(PhantomData<fn(&mut P)>);

impl<P: Platform> Sockets<P> {
    /// The functions.
    pub const MODULE: HostModule<Wasi<P>> =
        HostModule::listed("wasi_snapshot_preview1", LIST, execute::<P>);
}

fn execute<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    number: usize,
    args: &[u32],
) -> Result<u64, HostError> {
    let mut words = [0; 6];
    words.iter_mut().zip(args).for_each(|(to, from)| *to = *from);
    let Some(&func) = FUNCS.get(number) else { return Ok(Errno::Nosys as u64) };
    answer(run(call, func, words)).map(u64::from)
}
