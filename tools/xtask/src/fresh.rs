//! `cargo xtask fresh`: the demo and all tests on a machine that has nothing but Debian 12 and Rust
//! from rustup.
//!
//! The machine is a folder that debootstrap fills. A clone of the commit that is checked out lies
//! in it; changes that are not committed are left out. The commands run in a chroot in namespaces
//! of their own, so that mounts and processes end with them, also when this program is killed.
//! Downloads come from where the host's come from: its Debian mirror, its proxy, its certificates.

use crate::report::Report;
use crate::{packages, shell};
use anyhow::{bail, Context, Result};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

const SUITE: &str = "bookworm";
const DEBOOTSTRAP: (&str, &str) = ("debootstrap", "debootstrap");

/// What README.md asks for: a system on which rustup works, and git.
const PACKAGES: &str = "build-essential,ca-certificates,git";

/// Where the clone lies in the machine.
const CLONE: &str = "root/zonda";

#[derive(clap::Args)]
pub struct Options {
    /// The folder that becomes the root of the Debian system; an existing one is replaced if
    /// `cargo xtask fresh` made it
    #[arg(long, default_value = "target/fresh")]
    folder: PathBuf,
    /// Keep the folder, which takes several gigabytes
    #[arg(long)]
    keep: bool,
    /// Run this command of cargo xtask with its arguments, in place of `demo` and `test`
    #[arg(last = true)]
    command: Vec<String>,
}

/// An archive of packages, as apt's lists of sources have it.
#[derive(Clone, Debug, PartialEq)]
struct Source {
    uri: String,
    suite: String,
    components: String,
}

/// The sources in a file of apt, in either of its formats.
fn sources(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    // deb [options] uri suite component...
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("deb ")) {
        let line = match line.trim().strip_prefix('[').and_then(|line| line.split_once(']')) {
            Some((_, rest)) => rest,
            None => line,
        };
        let mut words = line.split_whitespace();
        if let (Some(uri), Some(suite)) = (words.next(), words.next()) {
            let components = words.collect::<Vec<_>>().join(" ");
            sources.push(Source { uri: uri.to_owned(), suite: suite.to_owned(), components });
        }
    }
    // Fields, with an empty line between entries.
    for entry in text.split("\n\n") {
        let field = |name: &str| {
            let mut lines = entry.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
        };
        if !field("Types").is_some_and(|types| types.split_whitespace().any(|word| word == "deb")) {
            continue;
        }
        let (Some(uris), Some(suites)) = (field("URIs"), field("Suites")) else { continue };
        for uri in uris.split_whitespace() {
            sources.extend(suites.split_whitespace().map(|suite| Source {
                uri: uri.to_owned(),
                suite: suite.to_owned(),
                components: field("Components").unwrap_or_default().to_owned(),
            }));
        }
    }
    sources
}

/// The host's sources of this release of Debian, the release itself first.
fn host_sources() -> Result<Vec<Source>> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(more) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(more.flatten().map(|entry| entry.path()));
    }
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let mut found: Vec<Source> = texts.flat_map(|text| sources(&text)).collect();
    found.retain(|source| source.suite.split(['-', '/']).next() == Some(SUITE));
    found.sort_by_key(|source| source.suite.len());
    if found.first().is_none_or(|source| source.suite != SUITE) {
        bail!("apt's lists of sources name no mirror of Debian's release {SUITE}");
    }
    Ok(found)
}

/// A folder with a Debian system.
struct Machine {
    root: PathBuf,
}

/// Marks a folder that may be deleted.
const MARK: &str = ".made-by-cargo-xtask-fresh";

impl Machine {
    /// Removes what an earlier run left, and nothing else. Nothing is mounted in it outside of
    /// [`Machine::run`]'s namespace.
    fn clear(root: &Path) -> Result<()> {
        if !root.exists() {
            return Ok(());
        }
        if !root.join(MARK).exists() {
            bail!("{} exists and was not made by this command", root.display());
        }
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        let inside = |line: &str| {
            line.split(' ').nth(1).is_some_and(|mount| Path::new(mount).starts_with(root))
        };
        if let Some(mount) = mounts.lines().find(|line| inside(line)) {
            bail!("something is mounted in {}: {mount}", root.display());
        }
        fs::remove_dir_all(root).with_context(|| format!("cannot remove {}", root.display()))
    }

    fn new(root: &Path) -> Result<Machine> {
        packages::need(&[DEBOOTSTRAP])?;
        Machine::clear(root)?;
        fs::create_dir_all(root)?;
        fs::write(root.join(MARK), "")?;
        let sources = host_sources()?;
        let cache = std::path::absolute(shell::target_dir().join("fresh-packages"))?;
        fs::create_dir_all(&cache)?;
        shell::step(&format!("debootstrap {SUITE} from {}", sources[0].uri));
        let mut command = Command::new(DEBOOTSTRAP.0);
        command.args(["--variant=minbase", &format!("--include={PACKAGES}")]);
        command.arg(format!("--cache-dir={}", cache.display()));
        // Its progress is of no interest; its errors go to stderr.
        shell::output(command.arg(SUITE).arg(root).arg(&sources[0].uri))?;
        let machine = Machine { root: root.to_owned() };
        machine.configure(&sources)?;
        Ok(machine)
    }

    /// Lets it download as the host does.
    fn configure(&self, sources: &[Source]) -> Result<()> {
        let list: String = sources
            .iter()
            .map(|source| format!("deb {} {} {}\n", source.uri, source.suite, source.components))
            .collect();
        fs::write(self.root.join("etc/apt/sources.list"), list)?;
        let settings = shell::output(Command::new("apt-config").args([
            "dump",
            "--format",
            "%F \"%v\";%n",
            "Acquire",
        ]))?;
        fs::write(self.root.join("etc/apt/apt.conf.d/90host"), settings)?;
        for file in ["etc/resolv.conf", "etc/hosts"] {
            let _ = fs::copy(Path::new("/").join(file), self.root.join(file));
        }
        let certificates = Path::new("usr/local/share/ca-certificates");
        for entry in fs::read_dir(Path::new("/").join(certificates)).into_iter().flatten().flatten()
        {
            let to = self.root.join(certificates);
            fs::create_dir_all(&to)?;
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        self.run("update-ca-certificates", &mut |_| ())
    }

    /// Runs a line of the shell in it; each line of its output goes to `line`.
    fn run(&self, script: &str, line: &mut dyn FnMut(&str)) -> Result<()> {
        // When this program ends, unshare is killed; when unshare ends, `--kill-child` kills
        // everything inside.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "unshare"]);
        command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
        command.args(["sh", "-euc"]).arg(
            "mount -t proc proc \"$0/proc\"; mount -t sysfs sysfs \"$0/sys\"; mount --rbind /dev \"$0/dev\"; \
             mount -t tmpfs tmpfs \"$0/run\"; exec chroot \"$0\" /bin/sh -euc \"$1 2>&1\"",
        );
        command.arg(&self.root).arg(script);
        command.env_clear();
        for (name, value) in std::env::vars_os() {
            let text = name.to_string_lossy().to_lowercase();
            if text.ends_with("_proxy") || text == "term" {
                command.env(name, value);
            }
        }
        command.envs([
            ("HOME", "/root"),
            ("LANG", "C.UTF-8"),
            (
                "PATH",
                "/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("could not start unshare")?;
        let output = child.stdout.take().context("unshare has no output")?;
        for text in BufReader::new(output).split(b'\n') {
            line(String::from_utf8_lossy(&text?).trim_end());
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("`{script}` failed ({status})");
        }
        Ok(())
    }

    /// Rust from rustup, as a user installs it: the host's rustup, and a minimal stable toolchain
    /// that it downloads.
    fn install_rust(&self) -> Result<()> {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home =
            home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
        let rustup = home.context("neither CARGO_HOME nor HOME is set")?.join("bin/rustup");
        if !rustup.is_file() {
            bail!("{} is missing: this command needs rustup on the host", rustup.display());
        }
        let bin = self.root.join("root/.cargo/bin");
        fs::create_dir_all(&bin)?;
        fs::copy(rustup, bin.join("rustup"))?;
        for proxy in [
            "cargo",
            "rustc",
            "rustdoc",
            "rustfmt",
            "cargo-fmt",
            "cargo-clippy",
            "clippy-driver",
            "cargo-miri",
        ] {
            fs::hard_link(bin.join("rustup"), bin.join(proxy))?;
        }
        shell::step("rustup toolchain install stable, in the new system");
        let mut last = String::new();
        self.run("rustup toolchain install stable --profile minimal --no-self-update && rustup default stable", &mut |line| last = line.to_owned())
            .context(last.clone())
    }

    fn clone(&self) -> Result<()> {
        shell::step("cloning the repository into it");
        let mut command = Command::new("git");
        command.args(["clone", "--quiet", "--no-hardlinks", "--depth", "1"]);
        let from = format!("file://{}", shell::root().canonicalize()?.display());
        shell::run(command.arg(from).arg(self.root.join(CLONE)))
    }

    /// `cargo xtask command`, with its output on stderr and in a file beside the machine's folder.
    fn xtask(&self, command: &str) -> Result<()> {
        let name = command.split(' ').next().unwrap_or_default().replace('\'', "");
        let path = self.root.with_extension(format!("{name}.log"));
        let mut log = fs::File::create(&path)?;
        let mut last = String::new();
        let result = self.run(&format!("cd /{CLONE} && cargo xtask {command}"), &mut |line| {
            eprintln!("    | {line}");
            let _ = writeln!(log, "{line}");
            if !line.is_empty() {
                last = line.to_owned();
            }
        });
        println!("cargo xtask {command}: {last} ({})", path.display());
        result.with_context(|| format!("{last}; {} has the output", path.display()))
    }
}

pub fn run(options: &Options) -> Result<ExitCode> {
    if !packages::is_root() {
        bail!("debootstrap and chroot need root: run `sudo -E cargo xtask fresh`");
    }
    let root = std::path::absolute(shell::root().join(&options.folder))?;
    // Mounts are compared with it.
    fs::create_dir_all(root.parent().context("the folder has no parent")?)?;
    let root = root
        .parent()
        .context("the folder has no parent")?
        .canonicalize()?
        .join(root.file_name().context("the folder has no name")?);
    let mut report = Report::new();
    let mut machine = None;
    report.part("Debian, Rust and a clone", || {
        let made = Machine::new(&root)?;
        made.install_rust()?;
        made.clone()?;
        machine = Some(made);
        Ok(())
    });
    if let Some(machine) = &machine {
        let quoted =
            options.command.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''")));
        let asked = [quoted.collect::<Vec<_>>().join(" ")];
        let commands: &[&str] =
            if options.command.is_empty() { &["demo", "test"] } else { &[&asked[0]] };
        for command in commands {
            report.part(&format!("cargo xtask {command}"), || machine.xtask(command));
        }
    }
    if !options.keep {
        Machine::clear(&root)?;
    }
    print!("{}", report.summary());
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_in_both_formats() {
        let source = |uri: &str, suite: &str| Source {
            uri: uri.to_owned(),
            suite: suite.to_owned(),
            components: "main".to_owned(),
        };
        let lines = "# deb http://no/debian bookworm main\ndeb [arch=amd64 signed-by=/k] http://a/debian bookworm main\ndeb-src http://no bookworm main\ndeb http://b/security bookworm-security main\n";
        assert_eq!(
            sources(lines),
            [
                source("http://a/debian", "bookworm"),
                source("http://b/security", "bookworm-security")
            ]
        );
        let fields = "Types: deb\n# a comment\nURIs: http://a/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\nTypes: deb-src\nURIs: http://no\nSuites: bookworm\nComponents: main\n";
        assert_eq!(
            sources(fields),
            [source("http://a/debian", "bookworm"), source("http://a/debian", "bookworm-updates")]
        );
    }
}
