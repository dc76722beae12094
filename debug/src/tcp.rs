//! The link of a host: a TCP port, at which one debugger after the other attaches.
//!
//! A thread accepts connections and receives bytes. While the program runs, it asks for a stop for
//! each of them.

use crate::stub::Link;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::string::ToString;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::vec::Vec;
use zonda::debug::StopHandle;

#[derive(Default)]
struct State {
    stream: Option<TcpStream>,
    /// Bytes that were received and not read.
    received: VecDeque<u8>,
    /// Bytes that were written and not sent.
    written: Vec<u8>,
    /// Whether bytes that come ask for a stop.
    running: bool,
}

#[derive(Default)]
struct Channel {
    state: Mutex<State>,
    changed: Condvar,
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent whenever the lock is free.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, mut done: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        let waits = |state: &mut State| !done(state);
        self.changed.wait_while(self.lock(), waits).unwrap_or_else(PoisonError::into_inner)
    }
}

/// A port for debuggers.
#[derive(Clone)]
pub struct Tcp {
    channel: Arc<Channel>,
    handle: StopHandle,
}

/// A port that is not served yet.
pub struct Port(TcpListener);

impl From<Port> for TcpListener {
    fn from(port: Port) -> TcpListener {
        port.0
    }
}

impl Port {
    /// Opens a port of this machine, for connections from this machine; 0 for any that is free.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(port: u16) -> io::Result<Port> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(Port)
    }

    /// Its address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves the port from a thread, which asks `handle` for stops.
    ///
    /// # Errors
    /// Those of the system.
    pub fn serve(self, handle: StopHandle) -> io::Result<Tcp> {
        let channel = Arc::new(Channel::default());
        channel.lock().running = true;
        let tcp = Tcp { channel, handle };
        let server = tcp.clone();
        thread::Builder::new()
            .name("debugger".to_string())
            .spawn(move || server.accept(&self.0))?;
        Ok(tcp)
    }
}

impl Tcp {
    /// Waits for a debugger.
    pub fn wait(&self) {
        drop(self.channel.wait(|state| state.stream.is_some()));
    }

    /// The program has ended, with this exit code, and does not run again: tells the debugger.
    pub fn ended(&self, code: u8) {
        let mut packet = std::format!("W{code:02x}");
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        packet = std::format!("${packet}#{sum:02x}");
        self.channel.lock().written.extend(packet.bytes());
        self.flush();
    }

    fn accept(&self, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            // Packets are short, and the debugger waits for each.
            let _ = stream.set_nodelay(true);
            let Ok(mut reader) = stream.try_clone() else { continue };
            {
                let mut state = self.channel.lock();
                state.received.clear();
                state.written.clear();
                state.stream = Some(stream);
                // Before `wait` returns: the program must not run to its end first.
                self.handle.stop();
            }
            self.channel.changed.notify_all();
            let mut bytes = [0; 4096];
            loop {
                let count = reader.read(&mut bytes).unwrap_or(0);
                let mut state = self.channel.lock();
                state.received.extend(bytes.get(..count).unwrap_or(&[]));
                let closed = state.stream.is_none();
                if count == 0 {
                    state.stream = None;
                }
                // The end of a connection that the stub has closed interests nobody.
                let running = state.running && !(count == 0 && closed);
                drop(state);
                self.channel.changed.notify_all();
                if running {
                    self.handle.stop();
                }
                if count == 0 {
                    break;
                }
            }
        }
    }
}

impl Link for Tcp {
    fn is_connected(&self) -> bool {
        let state = self.channel.lock();
        state.stream.is_some() || !state.received.is_empty()
    }

    fn read(&self) -> Option<u8> {
        let mut state =
            self.channel.wait(|state| !state.received.is_empty() || state.stream.is_none());
        state.received.pop_front()
    }

    fn try_read(&self) -> Option<u8> {
        self.channel.lock().received.pop_front()
    }

    fn write(&self, byte: u8) {
        self.channel.lock().written.push(byte);
    }

    fn flush(&self) {
        let mut state = self.channel.lock();
        let bytes = std::mem::take(&mut state.written);
        if let Some(stream) = &mut state.stream {
            if stream.write_all(&bytes).is_err() {
                state.stream = None;
            }
        }
    }

    fn close(&self) {
        let mut state = self.channel.lock();
        if let Some(stream) = state.stream.take() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        state.received.clear();
        state.running = true;
    }

    fn set_running(&self, running: bool) {
        let mut state = self.channel.lock();
        state.running = running;
        // What has come before asks now.
        if running && (!state.received.is_empty() || state.stream.is_none()) {
            self.handle.stop();
        }
    }
}
