//! Applications on a device that is managed from afar: installed, asked, updated and removed by
//! `zonda device`. The device is Zephyr on the emulated mps2/an385 where the workspace has what
//! remote management needs, else `zonda apps serve`.

use crate::{native, shell, zephyr};
use anyhow::{bail, Context, Result};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `zonda apps serve`, which ends when this is dropped.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whichever it is lives as long as this.
enum Device {
    Zephyr(zephyr::Device),
    Host { port: String, _served: Served },
}

impl Device {
    fn port(&self) -> &str {
        match self {
            Device::Zephyr(device) => &device.port,
            Device::Host { port, .. } => port,
        }
    }
}

fn serve(zonda: &Path, folder: &Path) -> Result<Device> {
    let dir = folder.join("device");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    let mut command = Command::new(zonda);
    command.args(["apps", "--dir"]).arg(&dir).args(["serve", "--uart", "--sensor", "temperature"]);
    let mut child = command.stdout(Stdio::piped()).spawn().context("could not start zonda")?;
    let output = child.stdout.take().context("zonda has no output")?;
    let served = Served(child);
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("UART: ").map(str::to_owned));
    let port = port.context("zonda apps serve names no UART")?;
    // Ends with the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Ok(Device::Host { port, _served: served })
}

/// The commands, as they are typed.
struct Client {
    zonda: PathBuf,
    port: String,
}

impl Client {
    /// Runs a command, prints it and its output, and returns the output.
    fn ask(&self, words: &[&str]) -> Result<String> {
        println!("\n$ zonda device --port {} {}", self.port, words.join(" "));
        let text = self.quietly(words)?;
        print!("{text}");
        Ok(text)
    }

    fn quietly(&self, words: &[&str]) -> Result<String> {
        shell::output(Command::new(&self.zonda).args(["device", "--port", &self.port]).args(words))
    }

    /// Repeats a command until it prints something, and shows it then.
    fn until(&self, words: &[&str], text: &str) -> Result<()> {
        let start = Instant::now();
        while !self.quietly(words)?.contains(text) {
            if start.elapsed() > Duration::from_secs(20) {
                bail!("zonda device {}: '{text}' was not printed", words.join(" "));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        self.ask(words).map(|_| ())
    }
}

/// The counter of samples/apps as version 1.1.0.
fn newer(zonda: &Path, folder: &Path, sample: &Path) -> Result<PathBuf> {
    let manifest = fs::read_to_string(sample.join("counter.toml"))?;
    let path = folder.join("counter.toml");
    fs::write(&path, manifest.replace("1.0.0", "1.1.0"))?;
    let package = folder.join("counter-1.1.0.zonda-app");
    let mut pack = Command::new(zonda);
    pack.arg("pack").arg(&path).arg(sample.join("counter.zonda-app")).arg("-o").arg(&package);
    shell::run(&mut pack)?;
    Ok(package)
}

pub fn run(on_host: bool) -> Result<()> {
    let zonda = native::tool_without()?;
    let folder = shell::target_dir().join("demo-apps");
    fs::create_dir_all(&folder)?;
    let base = zephyr::find().filter(|_| !on_host);
    let on_zephyr = base.as_ref().map(|base| zephyr::is_possible(base).map(|_| base));
    let device = match on_zephyr {
        Some(Ok(base)) => Device::Zephyr(zephyr::device(base, None)?),
        Some(Err(error)) => {
            eprintln!("{error:#}: this machine is the device.");
            serve(&zonda, &folder)?
        }
        None => serve(&zonda, &folder)?,
    };
    let client = Client { zonda: zonda.clone(), port: device.port().to_owned() };
    let sample = shell::root().join("samples/apps/wasm-app");
    let package = |name: &str| sample.join(name).display().to_string();
    client.until(&["list"], "")?;
    for name in ["counter", "display", "rogue"] {
        client.ask(&["install", &package(&format!("{name}.zonda-app"))])?;
        client.ask(&["start", name])?;
    }
    client.until(&["log"], "display: count")?;
    client.ask(&["request", "/count"])?;
    println!("\nrogue never returns from its timer: its fuel ends, and the others do not notice.");
    client.until(&["list"], "rogue            1.0.0 failed")?;
    println!("\nAn update is on trial for a minute, unless it is confirmed.");
    let newer = newer(&zonda, &folder, &sample)?;
    client.ask(&["install", &newer.display().to_string()])?;
    client.until(&["list"], "1.1.0 running, on trial")?;
    client.ask(&["confirm", "counter"])?;
    for name in ["counter", "display", "rogue"] {
        client.ask(&["uninstall", name])?;
    }
    client.ask(&["statistics"])?;
    Ok(())
}

/// As a test: the demo with this machine as the device.
pub fn check() -> Result<()> {
    run(true)
}
