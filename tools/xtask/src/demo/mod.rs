//! The blinking LED: a WebAssembly module blinks it, on Zephyr where it is found, else bare metal.
//! With `--apps`, applications on a device that is managed from afar (`apps`).

mod apps;

use crate::firmware::{self, LM3S6965};
use crate::qemu::{self, Run};
use crate::{packages, shell, zephyr};
use anyhow::{bail, Result};
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

const BLINKS: u32 = 10;
/// A blink takes a second; booting takes little.
const DEADLINE: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub struct Options {
    /// Run the bare-metal firmware, also where Zephyr is found
    #[arg(long)]
    bare_metal: bool,
    /// Show applications on a device that is managed from afar: installed, asked, updated, removed
    #[arg(long, conflicts_with = "bare_metal")]
    apps: bool,
    /// With --apps: this machine is the device, also where Zephyr is found
    #[arg(long, requires = "apps")]
    host: bool,
}

/// Shows the LED as lines `led0: on` and `led0: off` come.
struct Led {
    start: Instant,
    blinks: u32,
    live: bool,
}

impl Led {
    fn new() -> Led {
        Led { start: Instant::now(), blinks: 0, live: std::io::stdout().is_terminal() }
    }

    fn line(&mut self, line: &str) -> ControlFlow<()> {
        let on = match line {
            "led0: on" => true,
            "led0: off" => false,
            _ => {
                println!("{line}");
                return ControlFlow::Continue(());
            }
        };
        self.blinks += !on as u32;
        let seconds = self.start.elapsed().as_secs_f32();
        let number = self.blinks + on as u32;
        let state = if on { "\x1b[1;31m●\x1b[0m on " } else { "○ off" };
        let plain = if on { "on" } else { "off" };
        if self.live {
            print!("\r    led0 {state}   blink {number} of {BLINKS}   {seconds:.1} s ");
        } else {
            println!("led0 {plain}, blink {number} of {BLINKS}, {seconds:.1} s");
        }
        let _ = std::io::stdout().flush();
        if self.blinks == BLINKS {
            if self.live {
                println!();
            }
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn finish(self) -> Result<()> {
        if self.blinks < BLINKS {
            bail!("the LED blinked {} times, not {BLINKS}", self.blinks);
        }
        println!("{BLINKS} blinks. The LED is driven by samples/blinky/wasm-app/blinky.wasm.");
        Ok(())
    }
}

fn bare_metal() -> Result<()> {
    packages::need(&[packages::QEMU_ARM])?;
    let image = firmware::build("blinky", &LM3S6965, &["full", "classic"])?;
    shell::step("booting bare-metal firmware on QEMU's lm3s6965evb (Cortex-M3, 64 KB of RAM)");
    let run = Run {
        board: &LM3S6965,
        image: &image,
        load: None,
        count: false,
        plugin: None,
        deadline: DEADLINE,
    };
    let mut led = Led::new();
    run.each_line(|line| led.line(line))?;
    led.finish()
}

fn on_zephyr(base: &Path) -> Result<()> {
    packages::need(&[packages::QEMU_ARM])?;
    let build = shell::target_dir().join("demo-zephyr");
    zephyr::build(base, "qemu_cortex_m3", "samples/blinky", &build)?;
    shell::step("booting Zephyr on QEMU's lm3s6965evb (Cortex-M3, 64 KB of RAM)");
    let mut led = Led::new();
    qemu::lines_of(&mut zephyr::emulate(&build), DEADLINE, |line| led.line(line))?;
    led.finish()
}

pub fn run(options: &Options) -> Result<()> {
    if options.apps {
        return apps::run(options.host);
    }
    match zephyr::find() {
        Some(base) if !options.bare_metal => on_zephyr(&base),
        Some(_) => bare_metal(),
        None => {
            eprintln!("Zephyr was not found ({}), so the demo runs bare metal.", zephyr::SEARCHED);
            bare_metal()
        }
    }
}

/// As a test: the demo of applications on this machine.
pub fn check_apps() -> Result<()> {
    apps::check()
}

/// As a test: the bare-metal demo blinks.
pub fn check() -> Result<()> {
    bare_metal()
}
