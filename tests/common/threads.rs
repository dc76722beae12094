//! What the workers of both APIs do: the module of the Zephyr test, and a sequence of calls that a
//! seed determines.

use std::sync::atomic::{AtomicU32, Ordering};

/// Imports env.pause and env.sum; see its text beside it.
pub const WORK: &[u8] = include_bytes!("../zephyr/threads/modules/work.wasm");
pub const WORKERS: u32 = 8;
/// Instances that each worker makes.
pub const ROUNDS: u32 = 30;

/// One of those who need the terminating thread: without it they would not end, also when another
/// of them has failed.
pub struct Alive<'a>(&'a AtomicU32);

impl<'a> Alive<'a> {
    /// Counted by its creator beforehand.
    pub fn new(count: &'a AtomicU32) -> Alive<'a> {
        Alive(count)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call, and what determines its result.
#[derive(Clone, Copy, PartialEq)]
pub enum Work {
    Mix(u32, u32),
    Triangle(u32),
    TooDeep,
    Divide,
    Unreachable,
    Beyond,
    Sum(u32),
    SumBeyond,
    Pause(u32),
    /// A call that does not return.
    Endless(&'static str),
}

/// What the export `mix` computes.
pub fn mix(mut seed: u32, turns: u32) -> u32 {
    (0..turns).fold(0, |sum, _| {
        seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
        sum ^ seed
    })
}

/// Random numbers of a worker, the same in each run.
pub struct Worker {
    random: u32,
}

impl Worker {
    pub fn new(number: u32) -> Worker {
        Worker { random: 1000 + number }
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.random = self.random.wrapping_mul(1664525).wrapping_add(1013904223);
        (self.random >> 16) % limit
    }

    /// The calls of a round.
    pub fn plan(&mut self) -> Vec<Work> {
        (0..4 + self.below(8)).map(|_| self.work()).collect()
    }

    fn work(&mut self) -> Work {
        let number = self.below(200);
        match self.below(10) {
            0 => Work::Triangle(number / 10),
            1 => Work::TooDeep,
            2 => Work::Divide,
            3 => Work::Unreachable,
            4 => Work::Beyond,
            5 => Work::Sum(number),
            6 => Work::SumBeyond,
            7 => Work::Pause(number),
            8 => Work::Endless(["spin", "spin_indirect", "spin_and_pause"][number as usize % 3]),
            _ => Work::Mix(number, 1 + number * 10),
        }
    }

    /// How many endless calls a new worker will make in all rounds, for which the caller draws two
    /// numbers each.
    pub fn endless_calls(mut self) -> u32 {
        let mut count = 0;
        for _ in 0..ROUNDS {
            self.below(3);
            self.below(2);
            count +=
                self.plan().iter().filter(|work| matches!(work, Work::Endless(_))).count() as u32;
        }
        count
    }
}
