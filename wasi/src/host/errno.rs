//! Errors of the system as error numbers of WASI.

use crate::types::Errno;
use rustix::io::Errno as SystemErrno;
use std::io;

impl From<SystemErrno> for Errno {
    fn from(error: SystemErrno) -> Errno {
        macro_rules! same {
            ($($system:ident => $own:ident,)*) => {
                match error {
                    $(SystemErrno::$system => Errno::$own,)*
                    // Another number for AGAIN on some systems.
                    error if error == SystemErrno::WOULDBLOCK => Errno::Again,
                    error if error == SystemErrno::OPNOTSUPP => Errno::Notsup,
                    _ => Errno::Io,
                }
            };
        }
        same! {
            TOOBIG => TooBig, ACCESS => Acces, ADDRINUSE => Addrinuse, ADDRNOTAVAIL => Addrnotavail,
            AFNOSUPPORT => Afnosupport, AGAIN => Again, ALREADY => Already, BADF => Badf,
            BUSY => Busy, CONNABORTED => Connaborted, CONNREFUSED => Connrefused,
            CONNRESET => Connreset, DEADLK => Deadlk,
            DESTADDRREQ => Destaddrreq, DQUOT => Dquot, EXIST => Exist,
            FAULT => Fault, FBIG => Fbig, HOSTUNREACH => Hostunreach, ILSEQ => Ilseq,
            INPROGRESS => Inprogress, INTR => Intr, INVAL => Inval, IO => Io, ISCONN => Isconn,
            ISDIR => Isdir, LOOP => Loop, MFILE => Mfile, MLINK => Mlink, MSGSIZE => Msgsize,
            NAMETOOLONG => Nametoolong, NETDOWN => Netdown, NETRESET => Netreset,
            NETUNREACH => Netunreach, NFILE => Nfile, NOBUFS => Nobufs, NODEV => Nodev,
            NOENT => Noent, NOLCK => Nolck, NOMEM => Nomem, NOSPC => Nospc, NOSYS => Nosys,
            NOPROTOOPT => Noprotoopt, NOTCONN => Notconn, NOTDIR => Notdir, NOTEMPTY => Notempty, NOTSOCK => Notsock,
            NOTSUP => Notsup, NOTTY => Notty, NXIO => Nxio, OVERFLOW => Overflow, PERM => Perm,
            PIPE => Pipe, PROTONOSUPPORT => Protonosupport, PROTOTYPE => Prototype, RANGE => Range, ROFS => Rofs, SPIPE => Spipe, TIMEDOUT => Timedout,
            TXTBSY => Txtbsy, XDEV => Xdev,
        }
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        if let Some(number) = error.raw_os_error() {
            return SystemErrno::from_raw_os_error(number).into();
        }
        match error.kind() {
            io::ErrorKind::NotFound => Errno::Noent,
            // What cap-std says of a path that leads out of its directory.
            io::ErrorKind::PermissionDenied => Errno::Perm,
            io::ErrorKind::AlreadyExists => Errno::Exist,
            io::ErrorKind::InvalidInput => Errno::Inval,
            io::ErrorKind::Interrupted => Errno::Intr,
            io::ErrorKind::WouldBlock => Errno::Again,
            io::ErrorKind::Unsupported => Errno::Notsup,
            io::ErrorKind::OutOfMemory => Errno::Nomem,
            _ => Errno::Io,
        }
    }
}
