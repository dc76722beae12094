//! What a platform provides: the console, clocks, random numbers, files, sockets.
//!
//! Operations of sockets do not wait: they return `again` instead, and the functions of WASI wait
//! with [`Platform::poll`], which ends when the program is to end.
//!
//! The functions of WASI check descriptors, rights and memory before they come here; a platform
//! does what is asked, with one exception: it resolves paths, and none may lead out of the
//! directory that it is relative to, whatever `..`, absolute paths and symbolic links say and
//! whatever else changes the file system meanwhile.

use crate::types::{
    Advice, ClockId, Errno, FdFlags, Filestat, Filetype, OFlags, RiFlags, SdFlags, SetTime, Whence,
};
use core::net::{IpAddr, SocketAddr};

/// The three streams that a program begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Descriptor 0.
    Stdin,
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

/// What a descriptor is open for.
pub enum Object<P: Platform> {
    /// A stream.
    Stream(Stream),
    /// A file.
    File(P::File),
    /// A directory.
    Dir(P::Dir),
    /// A socket: one that accepts connections, or a connection.
    Socket(P::Socket),
}

/// How a path is opened.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// Whether a symbolic link at its end is followed.
    pub follow: bool,
    /// Create it, make it empty, and so on.
    pub oflags: OFlags,
    /// Flags of the descriptor.
    pub flags: FdFlags,
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
}

/// An entry of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'e> {
    /// Where the one behind it is: the cookie to read on from.
    pub next: u64,
    /// The number of the file; 0 where the platform has none.
    pub ino: u64,
    /// Its type.
    pub filetype: Filetype,
    /// Its name.
    pub name: &'e [u8],
}

/// A descriptor that a program waits for.
pub struct Wait<'w, P: Platform> {
    /// What it is open for.
    pub object: &'w Object<P>,
    /// To be written, else to be read.
    pub write: bool,
    /// Set by the platform when it is ready.
    pub ready: Option<Ready>,
}

/// A descriptor that is ready.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ready {
    /// Bytes that can be read or written at least, if the platform knows.
    pub bytes: u64,
    /// The other side has closed the connection.
    pub hangup: bool,
    /// What went wrong.
    pub error: Option<Errno>,
}

/// A kind of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketKind {
    /// IPv6, else IPv4.
    pub ipv6: bool,
    /// TCP, else UDP.
    pub stream: bool,
}

/// What a program asks of a name server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lookup {
    /// IPv6 or IPv4 alone.
    pub ipv6: Option<bool>,
    /// TCP or UDP alone.
    pub stream: Option<bool>,
}

/// Options of sockets, with the names of the functions. Switches are 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SocketOption {
    /// Sending to broadcast addresses.
    Broadcast,
    /// Probes on an idle connection.
    KeepAlive,
    /// Binding to an address that waits for old connections.
    ReuseAddr,
    /// Binding of several sockets to one port.
    ReusePort,
    /// Data with the first packet of a connection.
    TcpFastopenConnect,
    /// Sending of small packets at once.
    TcpNoDelay,
    /// Acknowledging at once.
    TcpQuickAck,
    /// No IPv4 on a socket of IPv6.
    Ipv6Only,
    /// Own multicast packets come back, IPv4.
    IpMulticastLoop,
    /// The same, IPv6.
    Ipv6MulticastLoop,
    /// Hops of multicast packets, 0 to 255.
    IpMulticastTtl,
    /// Hops of packets, 0 to 255.
    IpTtl,
    /// Bytes for what was received.
    RecvBufSize,
    /// Bytes for what is to be sent.
    SendBufSize,
    /// Seconds before the first probe.
    TcpKeepIdle,
    /// Seconds between probes.
    TcpKeepIntvl,
    /// Seconds that closing waits for data to be sent; -1 does not wait.
    Linger,
}

type Result<T> = core::result::Result<T, Errno>;

/// A system on which programs run. Methods that a platform leaves out return `notsup` or, where
/// programs expect it, do nothing.
pub trait Platform: Sized + 'static {
    /// An open file, with its position; closed when it is dropped.
    type File;
    /// An open directory.
    type Dir;
    /// A socket.
    type Socket;

    /// Reads from standard input, at least a byte unless it is at its end or `bytes` is empty. A
    /// platform that does not wait here returns `again`.
    ///
    /// # Errors
    /// As the system has them.
    fn stream_read(&mut self, stream: Stream, bytes: &mut [u8]) -> Result<usize>;
    /// Writes to a stream; returns how much of it.
    ///
    /// # Errors
    /// As the system has them.
    fn stream_write(&mut self, stream: Stream, bytes: &[u8]) -> Result<usize>;
    /// The type of a stream: [`Filetype::CharacterDevice`] for a terminal.
    fn stream_type(&mut self, stream: Stream) -> Filetype;

    /// The time of a clock in nanoseconds.
    ///
    /// # Errors
    /// [`Errno::Inval`] or [`Errno::Notsup`] for a clock that is not there.
    fn clock_now(&mut self, clock: ClockId) -> Result<u64>;
    /// The resolution of a clock in nanoseconds.
    ///
    /// # Errors
    /// As above.
    fn clock_resolution(&mut self, clock: ClockId) -> Result<u64>;
    /// Fills with random bytes that nobody can predict.
    ///
    /// # Errors
    /// [`Errno::Notsup`] without a source of such bytes.
    fn random(&mut self, bytes: &mut [u8]) -> Result<()>;
    /// Lets other threads run.
    fn yield_now(&mut self);

    /// Waits until a descriptor is ready or the timeout (nanoseconds) has passed; returns early
    /// where `ended` says that the program is to end. Sets `ready` of those that are.
    ///
    /// # Errors
    /// As the system has them.
    fn poll(
        &mut self,
        waits: &mut [Wait<'_, Self>],
        timeout: Option<u64>,
        ended: &dyn Fn() -> bool,
    ) -> Result<()>;

    /// Reads at the position of the file, and moves it.
    ///
    /// # Errors
    /// As the system has them; so for all that follow.
    fn read(&mut self, file: &mut Self::File, bytes: &mut [u8]) -> Result<usize>;
    /// Writes at the position of the file, and moves it.
    fn write(&mut self, file: &mut Self::File, bytes: &[u8]) -> Result<usize>;
    /// Reads at an offset; the position stays.
    fn read_at(&mut self, file: &mut Self::File, bytes: &mut [u8], offset: u64) -> Result<usize>;
    /// Writes at an offset; the position stays.
    fn write_at(&mut self, file: &mut Self::File, bytes: &[u8], offset: u64) -> Result<usize>;
    /// Moves the position; returns the new one.
    fn seek(&mut self, file: &mut Self::File, offset: i64, whence: Whence) -> Result<u64>;
    /// Attributes.
    fn file_stat(&mut self, file: &mut Self::File) -> Result<Filestat>;
    /// The type, which is known without asking the file system.
    fn file_type(&mut self, file: &Self::File) -> Filetype;
    /// Makes the file as long as this.
    fn set_size(&mut self, file: &mut Self::File, size: u64) -> Result<()>;
    /// Makes sure that there is space up to `offset + len`, and the file that long.
    fn allocate(&mut self, _file: &mut Self::File, _offset: u64, _len: u64) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// Notes how the file is going to be used.
    fn advise(&mut self, _: &mut Self::File, _offset: u64, _len: u64, _: Advice) -> Result<()> {
        Ok(())
    }
    /// Writes data, and unless `data_only` attributes, to the storage.
    fn sync(&mut self, file: &mut Self::File, data_only: bool) -> Result<()>;
    /// Sets the times.
    fn set_times(&mut self, _: &mut Self::File, _atim: SetTime, _mtim: SetTime) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// Sets the flags of an open file.
    fn set_flags(&mut self, _file: &mut Self::File, _flags: FdFlags) -> Result<()> {
        Err(Errno::Notsup)
    }

    /// Opens a path below a directory: a file, or a directory.
    fn open(&mut self, dir: &Self::Dir, path: &str, open: Open) -> Result<Object<Self>>;
    /// Attributes of a directory.
    fn dir_stat(&mut self, dir: &Self::Dir) -> Result<Filestat>;
    /// Calls `each` for the entries of a directory, `.` and `..` among them where the platform has
    /// them, from a cookie on (0 is the first), until it returns false.
    fn read_dir(
        &mut self,
        dir: &mut Self::Dir,
        cookie: u64,
        each: &mut dyn FnMut(Entry) -> bool,
    ) -> Result<()>;
    /// Writes a directory to the storage.
    fn sync_dir(&mut self, _dir: &Self::Dir) -> Result<()> {
        Ok(())
    }
    /// Sets the times of a directory.
    fn set_dir_times(&mut self, _: &Self::Dir, _atim: SetTime, _mtim: SetTime) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// Makes a directory.
    fn create_dir(&mut self, dir: &Self::Dir, path: &str) -> Result<()>;
    /// Removes an empty directory.
    fn remove_dir(&mut self, dir: &Self::Dir, path: &str) -> Result<()>;
    /// Removes a file.
    fn unlink(&mut self, dir: &Self::Dir, path: &str) -> Result<()>;
    /// Renames a file or a directory; replaces a file, or an empty directory.
    fn rename(&mut self, from: &Self::Dir, path: &str, to: &Self::Dir, new: &str) -> Result<()>;
    /// Makes a hard link.
    fn link(&mut self, _: &Self::Dir, _path: &str, _to: &Self::Dir, _new: &str) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// Makes a symbolic link.
    fn symlink(&mut self, _target: &str, _dir: &Self::Dir, _path: &str) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// Copies as much of a symbolic link as fits; returns how much.
    fn read_link(&mut self, _: &Self::Dir, _path: &str, _to: &mut [u8]) -> Result<usize> {
        Err(Errno::Inval)
    }
    /// Attributes of what a path names.
    fn path_stat(&mut self, dir: &Self::Dir, path: &str, follow: bool) -> Result<Filestat>;
    /// Sets the times of what a path names.
    fn set_path_times(
        &mut self,
        _dir: &Self::Dir,
        _path: &str,
        _follow: bool,
        _atim: SetTime,
        _mtim: SetTime,
    ) -> Result<()> {
        Err(Errno::Notsup)
    }

    /// Accepts a connection.
    fn accept(&mut self, _: &mut Self::Socket, _flags: FdFlags) -> Result<Self::Socket> {
        Err(Errno::Notsup)
    }
    /// Receives; returns how much.
    fn receive(&mut self, _: &mut Self::Socket, _to: &mut [u8], _: RiFlags) -> Result<usize> {
        Err(Errno::Notsup)
    }
    /// Sends; returns how much.
    fn send(&mut self, _socket: &mut Self::Socket, _bytes: &[u8]) -> Result<usize> {
        Err(Errno::Notsup)
    }
    /// Shuts directions of a connection down.
    fn shutdown(&mut self, _socket: &mut Self::Socket, _how: SdFlags) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// What a socket is: [`Filetype::SocketStream`] or [`Filetype::SocketDgram`].
    fn socket_type(&mut self, _socket: &Self::Socket) -> Filetype {
        Filetype::SocketStream
    }

    /// Opens a socket.
    fn open_socket(&mut self, _: SocketKind) -> Result<Self::Socket> {
        Err(Errno::Notsup)
    }
    /// Gives a socket its own address.
    fn bind(&mut self, _socket: &mut Self::Socket, _to: SocketAddr) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// Lets a socket accept connections.
    fn listen(&mut self, _socket: &mut Self::Socket, _backlog: u32) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// Connects a socket. `inprogress`: it is connected, or not, when it can be written;
    /// [`socket_error`](Platform::socket_error) says which.
    fn connect(&mut self, _socket: &mut Self::Socket, _to: SocketAddr) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// The outcome of connecting.
    fn socket_error(&mut self, _socket: &mut Self::Socket) -> Result<()> {
        Ok(())
    }
    /// A socket's own address, or that of the other side.
    fn address(&mut self, _socket: &mut Self::Socket, _remote: bool) -> Result<SocketAddr> {
        Err(Errno::Notsup)
    }
    /// Receives, with the address of the sender where the socket has many.
    fn receive_from(
        &mut self,
        _: &mut Self::Socket,
        _to: &mut [u8],
        _: RiFlags,
    ) -> Result<(usize, Option<SocketAddr>)> {
        Err(Errno::Notsup)
    }
    /// Sends to an address.
    fn send_to(&mut self, _: &mut Self::Socket, _bytes: &[u8], _to: SocketAddr) -> Result<usize> {
        Err(Errno::Notsup)
    }
    /// An option. `noprotoopt` for one that the platform does not have.
    fn socket_option(&mut self, _: &mut Self::Socket, _: SocketOption) -> Result<i32> {
        Err(Errno::Noprotoopt)
    }
    /// Sets an option.
    fn set_socket_option(&mut self, _: &mut Self::Socket, _: SocketOption, _to: i32) -> Result<()> {
        Err(Errno::Noprotoopt)
    }
    /// How long the functions wait to receive or to send, in microseconds; 0 for ever. Where it is
    /// stored, for a platform that has such sockets.
    fn timeout<'s>(&mut self, _: &'s mut Self::Socket, _send: bool) -> Option<&'s mut u64> {
        None
    }
    /// Joins or leaves a multicast group on an interface; 0 is any.
    fn membership(
        &mut self,
        _socket: &mut Self::Socket,
        _group: IpAddr,
        _interface: u32,
        _join: bool,
    ) -> Result<()> {
        Err(Errno::Notsup)
    }
    /// Looks a name up, with the number or name of a service, which may be empty: calls `each` with
    /// an address and whether it is for TCP.
    fn resolve(
        &mut self,
        _host: &str,
        _service: &str,
        _: Lookup,
        _each: &mut dyn FnMut(SocketAddr, bool),
    ) -> Result<()> {
        Err(Errno::Notsup)
    }
}
