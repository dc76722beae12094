//! Functions that get or set one option of a socket.

use super::Func;
use crate::context::Wasi;
use crate::guest::{bytes, write, Stop};
use crate::platform::{Platform, SocketOption};
use crate::types::Errno;
use zonda::Call;

/// What a function gets or sets.
#[derive(Clone, Copy)]
enum What {
    /// A byte that is 0 or 1.
    Switch(SocketOption),
    /// The same, with a parameter that says IPv6.
    SwitchOf(SocketOption, SocketOption),
    /// A byte.
    Byte(SocketOption),
    /// 32 bits.
    Word(SocketOption),
    /// A byte and 32 bits.
    Linger,
    /// 64 bits: microseconds to receive or to send.
    Timeout { send: bool },
}

/// A function of this file.
#[derive(Clone, Copy)]
pub(super) struct Access {
    what: What,
    set: bool,
}

impl Access {
    /// The function with this number, which is none of the others.
    pub(super) fn of(func: Func) -> Access {
        use SocketOption::*;
        use What::*;
        let (set, what) = match func {
            Func::sock_get_broadcast => (false, Switch(Broadcast)),
            Func::sock_get_keep_alive => (false, Switch(KeepAlive)),
            Func::sock_get_linger => (false, What::Linger),
            Func::sock_get_recv_buf_size => (false, Word(RecvBufSize)),
            Func::sock_get_recv_timeout => (false, Timeout { send: false }),
            Func::sock_get_reuse_addr => (false, Switch(ReuseAddr)),
            Func::sock_get_reuse_port => (false, Switch(ReusePort)),
            Func::sock_get_send_buf_size => (false, Word(SendBufSize)),
            Func::sock_get_send_timeout => (false, Timeout { send: true }),
            Func::sock_get_tcp_fastopen_connect => (false, Switch(TcpFastopenConnect)),
            Func::sock_get_tcp_keep_idle => (false, Word(TcpKeepIdle)),
            Func::sock_get_tcp_keep_intvl => (false, Word(TcpKeepIntvl)),
            Func::sock_get_tcp_no_delay => (false, Switch(TcpNoDelay)),
            Func::sock_get_tcp_quick_ack => (false, Switch(TcpQuickAck)),
            Func::sock_get_ip_multicast_loop => {
                (false, SwitchOf(IpMulticastLoop, Ipv6MulticastLoop))
            }
            Func::sock_get_ip_multicast_ttl => (false, Byte(IpMulticastTtl)),
            Func::sock_get_ip_ttl => (false, Byte(IpTtl)),
            Func::sock_get_ipv6_only => (false, Switch(Ipv6Only)),
            Func::sock_set_broadcast => (true, Switch(Broadcast)),
            Func::sock_set_keep_alive => (true, Switch(KeepAlive)),
            Func::sock_set_linger => (true, What::Linger),
            Func::sock_set_recv_buf_size => (true, Word(RecvBufSize)),
            Func::sock_set_recv_timeout => (true, Timeout { send: false }),
            Func::sock_set_reuse_addr => (true, Switch(ReuseAddr)),
            Func::sock_set_reuse_port => (true, Switch(ReusePort)),
            Func::sock_set_send_buf_size => (true, Word(SendBufSize)),
            Func::sock_set_send_timeout => (true, Timeout { send: true }),
            Func::sock_set_tcp_fastopen_connect => (true, Switch(TcpFastopenConnect)),
            Func::sock_set_tcp_keep_idle => (true, Word(TcpKeepIdle)),
            Func::sock_set_tcp_keep_intvl => (true, Word(TcpKeepIntvl)),
            Func::sock_set_tcp_no_delay => (true, Switch(TcpNoDelay)),
            Func::sock_set_tcp_quick_ack => (true, Switch(TcpQuickAck)),
            Func::sock_set_ip_multicast_loop => {
                (true, SwitchOf(IpMulticastLoop, Ipv6MulticastLoop))
            }
            Func::sock_set_ip_multicast_ttl => (true, Byte(IpMulticastTtl)),
            Func::sock_set_ip_ttl => (true, Byte(IpTtl)),
            // What remains; `super::run` has taken the other functions.
            _ => (matches!(func, Func::sock_set_ipv6_only), Switch(Ipv6Only)),
        };
        Access { what, set }
    }
}

/// Gets or sets an option. The words behind the descriptor are addresses, or values.
pub(super) fn run<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    func: Access,
    args: [u32; 6],
) -> Result<(), Stop> {
    let [fd, first, second, ..] = args;
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let socket = descriptors.get_mut(fd).and_then(|descriptor| descriptor.socket(0));
    if func.set {
        let socket = socket?;
        let (option, value) = match func.what {
            What::Switch(option) => (option, Ok((first & 0xff != 0) as i32)),
            What::SwitchOf(ipv4, ipv6) => {
                let option = if first & 0xff != 0 { ipv6 } else { ipv4 };
                (option, Ok((second & 0xff != 0) as i32))
            }
            What::Byte(option) => (option, Ok((first & 0xff) as i32)),
            What::Word(option) => (option, i32::try_from(first)),
            What::Linger if first & 0xff == 0 => (SocketOption::Linger, Ok(-1)),
            What::Linger => (SocketOption::Linger, i32::try_from(second)),
            What::Timeout { send } => {
                let place = platform.timeout(socket, send).ok_or(Errno::Noprotoopt)?;
                *place = first as u64 | (second as u64) << 32;
                return Ok(());
            }
        };
        return Ok(platform.set_socket_option(socket, option, value.map_err(|_| Errno::Inval)?)?);
    }
    // Where the value goes is looked at before the descriptor, as pointers are in other functions.
    let (option, to, len) = match func.what {
        What::Switch(option) | What::Byte(option) => (option, first, 1),
        What::SwitchOf(ipv4, ipv6) => (if first & 0xff != 0 { ipv6 } else { ipv4 }, second, 1),
        What::Word(option) => (option, first, 4),
        What::Linger => (SocketOption::Linger, first, 1),
        What::Timeout { send } => {
            bytes(memory, first, 8)?;
            let time = *platform.timeout(socket?, send).ok_or(Errno::Noprotoopt)?;
            return write(memory, first, &time.to_le_bytes());
        }
    };
    bytes(memory, to, len)?;
    if let What::Linger = func.what {
        bytes(memory, second, 4)?;
    }
    let value = platform.socket_option(socket?, option)?;
    match func.what {
        What::Word(_) => write(memory, to, &value.to_le_bytes()),
        What::Byte(_) => write(memory, to, &[value as u8]),
        What::Linger => {
            write(memory, to, &[(value >= 0) as u8])?;
            write(memory, second, &value.max(0).to_le_bytes())
        }
        _ => write(memory, to, &[(value != 0) as u8]),
    }
}
