//! Packets: those that LLDB sends, with addresses and numbers of the program or others, with pieces
//! exchanged and bytes damaged.

/// What LLDB sends, and some packets that it could send. `@` stands for an address in code, `&` for
/// one in memory, `%` for a small number in hexadecimal digits, `=` for one in decimal digits.
const PACKETS: [&str; 60] = [
    "QStartNoAckMode",
    "qSupported:xmlRegisters=i386,arm;multiprocess+;swbreak+",
    "qHostInfo",
    "qProcessInfo",
    "?",
    "qRegisterInfo0",
    "qXfer:libraries:read::0,1fff",
    "qXfer:libraries:read::%,%",
    "qXfer:features:read:target.xml:0,ffb",
    "qXfer:features:read:target.xml:%,%",
    "qfThreadInfo",
    "qsThreadInfo",
    "Hg1",
    "Hc-1",
    "p0",
    "P0=00",
    "g",
    "G0000000000000000",
    "qWasmCallStack:1",
    "qWasmLocal:=;=",
    "qWasmLocal:=;=",
    "qWasmLocal:0;4294967295",
    "qWasmGlobal:=;=",
    "qWasmStackValue:=;=",
    "qWasmStackValue:=;=",
    "qWasmStackValue:0;1000000",
    "m&,%",
    "m&,200",
    "mffff,8",
    "m@,%",
    "m4000000100000000,200",
    "M&,4:01020304",
    "M&,1:ff",
    "M@,1:00",
    "X10,2:ab",
    "Z0,@,1",
    "Z0,@,1",
    "Z0,@,1",
    "Z0,@,1",
    "z0,@,1",
    "z0,@,1",
    "Z2,&,4",
    "Z2,&,%",
    "z2,&,4",
    "Z3,&,8",
    "z3,&,8",
    "Z4,&,%",
    "z4,&,%",
    "Z4,fffffffffffffff0,8",
    "Z2,0,ffffffffffffffff",
    "vCont;s:1",
    "qRcmd,74726170",
    "x0,0",
    "qMemoryRegionInfo:0",
    "c",
    "c",
    "s",
    "s",
    "D",
    "k",
];

/// A generator of numbers: xorshift.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.max(1))
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// True once in so many times.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// A template with numbers; `places` are addresses in code.
    fn filled(&mut self, template: &str, places: &[u64]) -> Vec<u8> {
        let mut body = Vec::new();
        for byte in template.bytes() {
            match byte {
                b'@' => {
                    // The last ones are where the program has stopped.
                    let among = if self.one_in(2) { places.len().min(12) } else { places.len() };
                    let near = places[places.len() - 1 - self.below(among)];
                    let far = if self.one_in(4) { self.below(9) as u64 } else { 0 };
                    body.extend(format!("{:x}", near.wrapping_add(far)).bytes());
                }
                b'&' => {
                    // Data and stack of the programs, the ends of the memory, another instance.
                    let start =
                        [0, 0x400, 0x410, 0x420, 0x13e0, 0xfff0, 0xffff_fff0][self.below(7)];
                    let instance = [0, 0, 0, 0, 1, 2, 3][self.below(7)];
                    let address = (instance << 32) + start + self.below(40) as u64;
                    body.extend(format!("{address:x}").bytes());
                }
                b'%' => {
                    let number = [1, 2, 4, 7, 8, 9, 16, self.below(0x2100), 0][self.below(9)];
                    body.extend(format!("{number:x}").bytes());
                }
                b'=' => {
                    let number = [0, 0, 1, 1, 2, 3, self.below(20)][self.below(7)];
                    body.extend(format!("{number}").bytes());
                }
                byte => body.push(byte),
            }
        }
        body
    }

    /// The body of a packet. Most are as LLDB would send them.
    pub fn body(&mut self, places: &[u64]) -> Vec<u8> {
        let template = PACKETS[self.below(PACKETS.len())];
        let mut body = self.filled(template, places);
        match self.below(16) {
            0 => {
                // A piece of another one behind a piece of this one.
                let other = PACKETS[self.below(PACKETS.len())];
                let other = self.filled(other, places);
                body.truncate(self.below(body.len() + 1));
                body.extend(&other[self.below(other.len())..]);
            }
            1 => {
                for _ in 0..1 + self.below(3) {
                    if !body.is_empty() {
                        let at = self.below(body.len());
                        body[at] = self.below(256) as u8;
                    }
                }
            }
            2 => {
                let at = self.below(body.len() + 1);
                let digit = b"0123456789abcdef;:,.-=*$"[self.below(24)];
                let count = if self.one_in(8) { 9_000 } else { self.below(24) };
                body.splice(at..at, std::iter::repeat_n(digit, count));
            }
            _ => {}
        }
        body
    }

    /// A packet with this body, with a wrong checksum now and then, or an interrupt behind it.
    pub fn framed(&mut self, body: &[u8]) -> Vec<u8> {
        let sum = if self.one_in(40) { self.below(256) as u8 } else { sum(body) };
        let mut packet = frame(body, sum);
        if self.one_in(30) {
            packet.push(3);
        }
        packet
    }
}

pub fn sum(body: &[u8]) -> u8 {
    body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte))
}

pub fn frame(body: &[u8], sum: u8) -> Vec<u8> {
    [b"$", body, format!("#{sum:02x}").as_bytes()].concat()
}
