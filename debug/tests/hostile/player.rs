//! A debugger that sends hostile packets when the stub waits for one, and knows what a stub may
//! answer: one packet to each, stops at places that it has set, nothing while the program runs.

use crate::packets::{frame, sum, Numbers};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use zonda::debug::StopHandle;
use zonda_debug::{Link, PACKET};

const INTERRUPT: u8 = 3;

/// What has happened, for the end of the test: a generator that has become blind is noticed.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub packets: u64,
    pub breakpoints: u64,
    pub watchpoints: u64,
    pub steps: u64,
    pub interrupts: u64,
    pub traps: u64,
    pub set: u64,
    pub written: u64,
    pub errors: u64,
    pub takeovers: u64,
    pub attached: u64,
}

/// What was sent last and not judged.
struct Sent {
    body: Vec<u8>,
    /// Whether the stub takes it for a packet.
    is_packet: bool,
}

pub struct Player {
    pub numbers: Numbers,
    /// Packets that are still sent.
    left: usize,
    to_stub: VecDeque<u8>,
    from_stub: Vec<u8>,
    connected: bool,
    /// The stub reads, and has not closed the connection since.
    in_session: bool,
    acknowledged: bool,
    /// The bytes that are judged.
    judged: Vec<u8>,
    /// Sends packets of which it does not know where they end, and judges nothing.
    wild: bool,
    sent: Option<Sent>,
    /// A question that was sent while the program ran: it comes from another debugger.
    asked: bool,
    interrupted: bool,
    stepping: bool,
    /// Addresses of code: some of the program, and where it has stopped.
    places: Vec<u64>,
    breakpoints: Vec<u64>,
    watchpoints: Vec<u64>,
    pub counts: Counts,
    /// Whether the program may compute something else.
    pub has_written: bool,
    pub has_killed: bool,
    pub stop: Option<StopHandle>,
    pub error: Option<String>,
}

/// The link, whose other end is the player.
#[derive(Clone)]
pub struct Line(pub Arc<Mutex<Player>>);

/// The address behind the kind of a breakpoint: the reader of the stub is as tolerant.
fn address(body: &[u8]) -> Option<u64> {
    let digits: Vec<u8> = body.iter().skip(3).copied().take_while(u8::is_ascii_hexdigit).collect();
    u64::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()
}

impl Player {
    pub fn new(numbers: Numbers, places: Vec<u64>, wild: bool) -> Player {
        Player {
            numbers,
            left: 0,
            to_stub: VecDeque::new(),
            from_stub: Vec::new(),
            connected: false,
            in_session: false,
            acknowledged: true,
            judged: Vec::new(),
            wild,
            sent: None,
            asked: false,
            interrupted: false,
            stepping: false,
            places,
            breakpoints: Vec::new(),
            watchpoints: Vec::new(),
            counts: Counts::default(),
            has_written: false,
            has_killed: false,
            stop: None,
            error: None,
        }
    }

    /// A debugger connects, if none is. The stub first finds out that the one before has gone.
    pub fn attach(&mut self) {
        if !self.connected && !self.in_session {
            self.connected = true;
            self.left = 1 + self.numbers.below(60);
            self.counts.attached += 1;
            self.forget();
        }
        self.ask_for_a_stop();
    }

    fn ask_for_a_stop(&self) {
        if let Some(stop) = &self.stop {
            stop.stop();
        }
    }

    /// The session is a new one.
    fn forget(&mut self) {
        self.acknowledged = true;
        self.sent = None;
        self.asked = false;
        self.breakpoints.clear();
        self.watchpoints.clear();
    }

    fn fail(&mut self, what: &str) {
        let sent = self.sent.as_ref().map(|sent| String::from_utf8_lossy(&sent.body).into_owned());
        let answer = String::from_utf8_lossy(&self.judged).into_owned();
        self.error.get_or_insert(format!("{what}: {sent:?} was answered '{answer}'"));
    }

    /// The bodies of the packets that the stub has sent.
    fn answers(&mut self) -> Vec<Vec<u8>> {
        let bytes = std::mem::take(&mut self.from_stub);
        self.judged.clone_from(&bytes);
        let mut rest = &bytes[..];
        let mut answers = Vec::new();
        while let Some((&first, behind)) = rest.split_first() {
            rest = behind;
            match first {
                b'+' | b'-' if self.acknowledged || self.asked || self.wild => continue,
                b'$' => {}
                _ => {
                    self.fail("neither packet nor acknowledgement");
                    return answers;
                }
            }
            let end = rest.iter().position(|&byte| byte == b'#').unwrap_or(rest.len());
            let body = rest[..end].to_vec();
            if rest.get(end + 1..end + 3) != Some(format!("{:02x}", sum(&body)).as_bytes()) {
                self.fail("a wrong checksum");
                return answers;
            }
            rest = &rest[end + 3..];
            answers.push(body);
        }
        answers
    }

    /// Judges what was answered to what was sent last. The program has stopped.
    fn judge(&mut self) {
        let mut answers = self.answers();
        if self.wild {
            return;
        }
        let Some(sent) = self.sent.take() else {
            // The first packet of a session.
            if !answers.is_empty() {
                self.fail("an answer to nothing");
            }
            return;
        };
        let command = if sent.is_packet { sent.body.first().copied() } else { Some(b'#') };
        let wanted = match command {
            Some(b'#' | b'k') => 0,
            Some(b'q') if sent.body.starts_with(b"qRcmd,") => 2,
            _ => 1,
        };
        let resumed = matches!(command, Some(b'c' | b'C' | b's' | b'S'));
        if resumed && std::mem::take(&mut self.asked) {
            // The answer to the question of another debugger, or it came behind a stop.
            if answers.pop().as_deref() != Some(b"1") {
                self.sent = Some(sent);
                return self.fail("the other debugger has no answer");
            }
            if answers.is_empty() {
                self.forget();
                self.counts.takeovers += 1;
                return;
            }
        }
        if answers.len() != wanted {
            self.sent = Some(sent);
            return self.fail(&format!("{} answers in place of {wanted}", answers.len()));
        }
        let Some(answer) = answers.last() else { return };
        if resumed {
            let answer = answer.clone();
            if let Err(what) = self.stopped(&answer) {
                self.sent = Some(sent);
                self.fail(what);
            }
        } else {
            let (is_ok, is_error) = (answer == b"OK", answer == b"E01");
            self.counts.errors += u64::from(is_error);
            self.answered(&sent.body, is_ok);
        }
    }

    /// Notes what a packet has changed.
    fn answered(&mut self, body: &[u8], is_ok: bool) {
        let is = |text: &[u8]| is_ok && body.starts_with(text);
        self.acknowledged &= !is(b"QStartNoAckMode");
        if is(b"M") {
            self.has_written = true;
            self.counts.written += 1;
        }
        let Some(address) = address(body) else { return };
        if is(b"Z0") && !self.breakpoints.contains(&address) {
            self.breakpoints.push(address);
            self.counts.set += 1;
        } else if is(b"z0") {
            self.breakpoints.retain(|&set| set != address);
        } else if is(b"Z") {
            self.watchpoints.push(address);
            self.counts.set += 1;
        }
        // A watchpoint that is removed can be there once more, with another length.
    }

    /// The program has stopped: there has to be a reason.
    fn stopped(&mut self, answer: &[u8]) -> Result<(), &'static str> {
        let text = String::from_utf8_lossy(answer).into_owned();
        let interrupted = std::mem::take(&mut self.interrupted);
        let rest = text.get(3..).and_then(|rest| rest.strip_prefix("thread:1;"));
        let rest = rest.ok_or("no stop")?;
        let (why, pc) = rest
            .split_once("00:")
            .filter(|(why, _)| !why.contains("watch:"))
            .map_or_else(|| rest.split_once(";00:").ok_or("no address"), Ok)?;
        let pc = pc.strip_suffix(';').and_then(|pc| u64::from_str_radix(pc, 16).ok());
        let pc = pc.ok_or("an address that is none")?.swap_bytes();
        if self.places.len() < 200 && !self.places.contains(&pc) {
            self.places.push(pc);
        }
        match &text[..3] {
            "T02" if interrupted => self.counts.interrupts += 1,
            "T05" if why == "swbreak:;" => {
                self.counts.breakpoints += 1;
                return self
                    .breakpoints
                    .contains(&pc)
                    .then_some(())
                    .ok_or("a breakpoint that is not set");
            }
            "T05" if why.contains("watch:") => {
                self.counts.watchpoints += 1;
                let address = why.split(':').nth(1).and_then(|at| u64::from_str_radix(at, 16).ok());
                let is_set = address.is_some_and(|address| self.watchpoints.contains(&address));
                return is_set.then_some(()).ok_or("a watchpoint that is not set");
            }
            "T05" if self.stepping && why.is_empty() => self.counts.steps += 1,
            "T04" | "T06" | "T08" | "T0b" if why.is_empty() => self.counts.traps += 1,
            _ => return Err("no reason to stop"),
        }
        Ok(())
    }

    /// Sends the next packet.
    fn send(&mut self) {
        let Some(left) = self.left.checked_sub(1) else {
            self.connected = false;
            return;
        };
        self.left = left;
        self.counts.packets += 1;
        let mut body = self.numbers.body(&self.places);
        if !self.wild {
            for byte in &mut body {
                // The end of the packet, and an interrupt in its middle.
                if let b'#' | INTERRUPT = *byte {
                    *byte = b'.';
                }
            }
        }
        let packet = self.numbers.framed(&body);
        let right = frame(&body, sum(&body));
        let is_packet = packet.starts_with(&right);
        self.to_stub.extend(packet);
        if is_packet && body.len() <= PACKET {
            self.has_killed |= body.first() == Some(&b'k');
            self.stepping = matches!(body.first(), Some(b's' | b'S'));
        }
        // One that is too long is answered with an error.
        let body = if body.len() <= PACKET { body } else { b"?".to_vec() };
        self.sent = Some(Sent { body, is_packet });
    }

    /// The program runs on, and perhaps something comes.
    fn runs(&mut self) {
        match self.numbers.below(12) {
            0 | 1 => self.to_stub.push_back(INTERRUPT),
            2 => self.to_stub.push_back(b'+'),
            3 => {
                self.to_stub.extend(frame(b"qAttached", sum(b"qAttached")));
                self.asked = true;
            }
            4 => self.connected = false,
            // The interrupt behind a packet.
            _ if !self.to_stub.is_empty() => {}
            _ => return,
        }
        self.interrupted |= self.to_stub.contains(&INTERRUPT);
        self.ask_for_a_stop();
    }

    /// The call has ended. What was sent last may have no answer.
    pub fn ended(&mut self) {
        if !self.from_stub.iter().all(|byte| *byte == b'+') && !self.wild && self.connected {
            self.judged.clone_from(&self.from_stub);
            self.fail("an answer while the program ran");
        }
    }
}

impl Line {
    pub fn player(&self) -> MutexGuard<'_, Player> {
        self.0.lock().unwrap()
    }
}

impl Link for Line {
    fn is_connected(&self) -> bool {
        let player = self.player();
        player.connected || !player.to_stub.is_empty()
    }

    fn read(&self) -> Option<u8> {
        let player = &mut *self.player();
        player.in_session = true;
        if let Some(byte) = player.to_stub.pop_front() {
            return Some(byte);
        }
        if player.connected && player.error.is_none() {
            player.judge();
            player.send();
        }
        if player.error.is_some() {
            player.connected = false;
            player.to_stub.clear();
        }
        player.to_stub.pop_front()
    }

    fn try_read(&self) -> Option<u8> {
        self.player().to_stub.pop_front()
    }

    fn write(&self, byte: u8) {
        self.player().from_stub.push(byte);
    }

    fn flush(&self) {}

    fn close(&self) {
        let mut player = self.player();
        player.connected = false;
        player.in_session = false;
        player.to_stub.clear();
        player.from_stub.clear();
        player.forget();
        // The next one comes at once.
        if player.numbers.one_in(3) && player.error.is_none() {
            player.attach();
        }
    }

    fn set_running(&self, running: bool) {
        if running {
            self.player().runs();
        }
    }
}
