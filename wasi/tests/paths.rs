//! No path leaves a preopened directory: every trick of the list in docs/wasi.md.

mod common;

use common::{folder, Probe};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use zonda_wasi::rights::{self, ALL, CHANGE, FD_READ, FD_WRITE};
use zonda_wasi::Errno;

const SECRET: &[u8] = b"outside";

/// A preopened directory `in` beside a directory `out` with a secret; the program has `in` as
/// descriptor 3.
struct World {
    root: PathBuf,
    probe: Probe,
}

impl World {
    fn new(name: &str) -> World {
        let root = folder(name);
        fs::create_dir_all(root.join("in/sub/deep")).unwrap();
        fs::create_dir_all(root.join("out/empty")).unwrap();
        fs::write(root.join("in/own"), b"inside").unwrap();
        fs::write(root.join("in/sub/own"), b"inside").unwrap();
        fs::write(root.join("out/secret"), SECRET).unwrap();
        let probe = Probe::new(&[(&root.join("in"), "/", ALL)]);
        World { root, probe }
    }

    fn outside(&self) -> PathBuf {
        self.root.join("out")
    }

    /// What lies outside, with its content.
    fn snapshot(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, Option<Vec<u8>>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    found.push((path.clone(), None));
                    walk(&path, found);
                } else {
                    let content = fs::read(&path).unwrap();
                    found.push((path, Some(content)));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.outside(), &mut found);
        for entry in fs::read_dir(&self.root).unwrap() {
            found.push((entry.unwrap().path(), None));
        }
        found.sort();
        found
    }

    /// Does everything with a path that names something outside; nothing succeeds, and nothing
    /// changes there. `dir` names the directory `out`.
    #[track_caller]
    fn refuse_all(&mut self, fd: u32, dir: &str) {
        let before = self.snapshot();
        let secret = format!("{dir}/secret");
        let new = format!("{dir}/new");
        let probe = &mut self.probe;
        let changes = FD_READ | FD_WRITE;
        for lookup in [0, 1] {
            for (path, oflags) in [(&secret, 0), (&secret, 8), (&new, 1), (&new, 5), (&new, 9)] {
                for rights in [0, FD_READ, FD_WRITE, changes] {
                    let opened = probe.open_with(fd, path, (lookup, oflags, rights, !0));
                    assert!(opened.is_err(), "{path}: {opened:?}");
                }
            }
            assert!(probe.open_with(fd, dir, (1, 2, rights::DIR, !0)).is_err(), "{dir}");
            assert!(probe.stat(fd, &secret, lookup == 1).is_err());
            let [at, len] = probe.path(&secret);
            let times = [fd.into(), lookup.into(), at, len, 1, 1, 5];
            assert!(probe.call("path_filestat_set_times", &times).is_err());
        }
        assert!(probe.readlink(fd, &secret).is_err());
        assert!(probe.at("path_create_directory", fd, &new).is_err());
        assert!(probe.at("path_remove_directory", fd, &format!("{dir}/empty")).is_err());
        assert!(probe.at("path_unlink_file", fd, &secret).is_err());
        assert!(probe.rename(fd, &secret, 3, "taken").is_err());
        assert!(probe.rename(3, "own", fd, &new).is_err());
        assert!(probe.rename(3, "own", fd, &secret).is_err());
        assert!(probe.link(fd, &secret, 3, "taken").is_err());
        assert!(probe.link(3, "own", fd, &new).is_err());
        assert!(probe.symlink("own", fd, &new).is_err());
        assert_eq!(self.snapshot(), before);
        assert!(!self.root.join("in/taken").exists());
        assert_eq!(fs::read(self.root.join("in/own")).unwrap(), b"inside");
    }
}

/// What is inside works, or the other tests say nothing.
#[test]
fn paths_inside_of_a_preopen_work() {
    let mut world = World::new("inside");
    symlink("sub/own", world.root.join("in/link")).unwrap();
    let probe = &mut world.probe;
    for path in ["own", "sub/own", "./sub/../own", "sub/deep/../../own", "link", "sub//own"] {
        let fd = probe.open(3, path).unwrap_or_else(|errno| panic!("{path}: {errno:?}"));
        assert_eq!(probe.read(fd).unwrap(), b"inside", "{path}");
        probe.call("fd_close", &[fd.into()]).unwrap();
    }
    assert_eq!(probe.readlink(3, "link").unwrap(), b"sub/own");
    probe.rename(3, "own", 3, "sub/moved").unwrap();
    probe.link(3, "sub/moved", 3, "own").unwrap();
    probe.at("path_create_directory", 3, "new").unwrap();
    probe.at("path_remove_directory", 3, "new").unwrap();
    probe.at("path_unlink_file", 3, "sub/moved").unwrap();
}

#[test]
fn dot_dot_does_not_leave() {
    let mut world = World::new("dotdot");
    for dir in ["../out", "sub/../../out", "./.././out", "sub/deep/../../../out", "..//out"] {
        world.refuse_all(3, dir);
    }
    assert_eq!(world.probe.open(3, ".."), Err(Errno::Perm));
}

/// A descriptor of a directory is a capability for what is below it, also where its parent is
/// preopened.
#[test]
fn dot_dot_does_not_leave_a_directory_that_was_opened() {
    let mut world = World::new("subdir");
    let sub = world.probe.open_with(3, "sub", (1, 2, rights::DIR, !0)).unwrap();
    world.refuse_all(sub, "../../out");
    assert_eq!(world.probe.open(sub, "../own"), Err(Errno::Perm));
    assert!(world.probe.open(sub, "own").is_ok());
}

#[test]
fn absolute_paths_are_refused() {
    let mut world = World::new("absolute");
    let out = world.outside().to_str().unwrap().to_owned();
    world.refuse_all(3, &out);
    world.refuse_all(3, &format!("/{out}"));
    assert_eq!(world.probe.open(3, "/"), Err(Errno::Perm));
    assert_eq!(world.probe.open(3, "/own"), Err(Errno::Perm));
}

#[test]
fn symbolic_links_do_not_leave() {
    let mut world = World::new("symlinks");
    let (own, out) = (world.root.join("in"), world.outside());
    symlink(&out, own.join("absolute")).unwrap();
    symlink("../out", own.join("relative")).unwrap();
    symlink("../../out", own.join("sub/relative")).unwrap();
    symlink("sub/relative", own.join("chain")).unwrap();
    symlink(out.join("secret"), own.join("file")).unwrap();
    symlink(out.join("new"), own.join("dangling")).unwrap();
    symlink("/proc/self/cwd", own.join("magic")).unwrap();
    for dir in ["absolute", "relative", "sub/relative", "chain", "sub/../chain", "chain/."] {
        world.refuse_all(3, dir);
    }
    let probe = &mut world.probe;
    for name in ["file", "dangling", "magic", "magic/.", "absolute/", "file/"] {
        for (oflags, access) in [(0, FD_READ), (1, FD_WRITE), (9, FD_WRITE), (2, 0)] {
            let opened = probe.open_with(3, name, (1, oflags, access, !0));
            assert!(opened.is_err(), "{name}");
        }
        assert!(probe.stat(3, name, true).is_err(), "{name}");
    }
    assert!(!out.join("new").exists());
    // What the link says is of the system outside.
    assert!(probe.readlink(3, "absolute").is_err());
    // The link itself is the program's.
    probe.stat(3, "file", false).unwrap();
    probe.at("path_unlink_file", 3, "file").unwrap();
    assert!(out.join("secret").exists());
}

#[test]
fn a_program_makes_no_link_that_leads_out() {
    let mut world = World::new("own-symlinks");
    let out = world.outside().to_str().unwrap().to_owned();
    assert!(world.probe.symlink(&out, 3, "absolute").is_err());
    // A relative one is text until something follows it.
    world.probe.symlink("../out", 3, "relative").unwrap();
    world.probe.symlink("../relative", 3, "sub/again").unwrap();
    world.refuse_all(3, "relative");
    world.refuse_all(3, "sub/again");
    // Nor does moving a link to where it means something else.
    world.probe.symlink("..", 3, "sub/deep/up").unwrap();
    world.probe.rename(3, "sub/deep/up", 3, "up").unwrap();
    world.refuse_all(3, "up/out");
}

/// Another process changes a directory to a symbolic link and back while the program opens what is
/// below it.
#[test]
fn races_do_not_leave() {
    let mut world = World::new("races");
    let own = world.root.join("in");
    fs::create_dir(own.join("real")).unwrap();
    fs::write(own.join("real/secret"), b"inside").unwrap();
    symlink("../out", own.join("link")).unwrap();
    fs::rename(own.join("real"), own.join("door")).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let changes = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                fs::rename(own.join("door"), own.join("real")).unwrap();
                fs::rename(own.join("link"), own.join("door")).unwrap();
                fs::rename(own.join("door"), own.join("link")).unwrap();
                fs::rename(own.join("real"), own.join("door")).unwrap();
            }
        });
        let (mut inside, mut refused) = (0, 0);
        let probe = &mut world.probe;
        for _ in 0..20_000 {
            match probe.open(3, "door/secret") {
                Ok(fd) => {
                    assert_eq!(probe.read(fd).unwrap(), b"inside");
                    probe.call("fd_close", &[fd.into()]).unwrap();
                    inside += 1;
                }
                Err(_) => refused += 1,
            }
            let made = probe.open_with(3, "door/made", (1, 1, FD_WRITE, 0));
            if let Ok(fd) = made {
                probe.call("fd_close", &[fd.into()]).unwrap();
                let _ = probe.at("path_unlink_file", 3, "door/made");
            }
        }
        over.store(true, Ordering::Relaxed);
        changes.join().unwrap();
        assert!(inside > 0 && refused > 0, "{inside} opened, {refused} refused: no race");
    });
    let outside: Vec<_> =
        world.snapshot().into_iter().filter(|(path, _)| path.ends_with("made")).collect();
    assert_eq!(outside, []);
}

#[test]
fn malformed_paths_are_refused() {
    let mut world = World::new("malformed");
    let probe = &mut world.probe;
    assert_eq!(probe.open(3, ""), Err(Errno::Noent));
    assert_eq!(probe.open(3, "own\0"), Err(Errno::Inval));
    assert_eq!(probe.open(3, "\0own"), Err(Errno::Inval));
    assert_eq!(probe.open(3, &"x".repeat(300)), Err(Errno::Nametoolong));
    assert_eq!(probe.open(3, &"x/".repeat(3000)), Err(Errno::Nametoolong));
    assert!(probe.open(3, &"../".repeat(2000)).is_err());
    let [at, _] = probe.path("abc");
    probe.put(at as u32, &[0xff, 0xc0]);
    let args = [3, 1, at, 2, 0, 0, 0, 0, 0];
    assert_eq!(probe.call("path_open", &args), Err(Errno::Ilseq));
}

/// The descriptors of the process are not those of the program.
#[test]
fn descriptors_of_the_process_are_out_of_reach() {
    let mut world = World::new("descriptors");
    let _open = fs::File::open(world.outside().join("secret")).unwrap();
    for fd in (4..64).chain([u32::MAX, 1 << 31]) {
        assert_eq!(world.probe.read(fd), Err(Errno::Badf), "{fd}");
        assert_eq!(world.probe.call("fd_close", &[fd.into()]), Err(Errno::Badf));
        assert_eq!(world.probe.call("fd_renumber", &[fd.into(), 3]), Err(Errno::Badf));
        assert_eq!(world.probe.call("fd_renumber", &[3, fd.into()]), Err(Errno::Badf));
    }
    assert!(world.probe.open(3, "own").is_ok());
}

/// Without a directory there is no file.
#[test]
fn a_program_has_no_directory_unless_it_is_given_one() {
    let mut probe = Probe::new(&[]);
    for fd in 0..8 {
        assert!(probe.open(fd, ".").is_err());
        assert!(probe.open(fd, "/etc/passwd").is_err());
        assert_eq!(probe.call("fd_prestat_get", &[fd.into(), 0]), Err(Errno::Badf));
    }
}

/// A directory to be read only stays so, whatever is opened in it and whatever rights are asked
/// for.
#[test]
fn a_directory_to_be_read_only_is_not_changed() {
    let root = folder("read-only");
    fs::create_dir_all(root.join("ro/sub/empty")).unwrap();
    fs::create_dir_all(root.join("rw")).unwrap();
    fs::write(root.join("ro/own"), b"inside").unwrap();
    fs::write(root.join("ro/sub/own"), b"inside").unwrap();
    let mut probe =
        Probe::new(&[(&root.join("ro"), "ro", ALL & !CHANGE), (&root.join("rw"), "rw", ALL)]);
    let sub = probe.open_with(3, "sub", (1, 2, ALL & !FD_WRITE & !FD_READ, ALL));
    let sub = sub.unwrap();
    for dir in [3, sub] {
        for (oflags, access) in [(0, FD_WRITE), (1, 0), (8, 0), (9, FD_WRITE), (5, FD_READ)] {
            let opened = probe.open_with(dir, "own", (1, oflags, access, !0));
            assert_eq!(opened, Err(Errno::Notcapable));
        }
        let file = probe.open_with(dir, "own", (1, 0, ALL & !FD_WRITE, ALL)).unwrap();
        assert_eq!(probe.read(file).unwrap(), b"inside");
        assert_eq!(probe.write(file, b"x"), Err(Errno::Notcapable));
        let file = file.into();
        assert_eq!(probe.call("fd_filestat_set_size", &[file, 0]), Err(Errno::Notcapable));
        assert_eq!(probe.call("fd_allocate", &[file, 0, 99]), Err(Errno::Notcapable));
        assert_eq!(probe.call("fd_filestat_set_times", &[file, 1, 1, 5]), Err(Errno::Notcapable));
        assert_eq!(probe.call("fd_fdstat_set_rights", &[file, ALL, ALL]), Err(Errno::Notcapable));
        for (name, path) in [
            ("path_create_directory", "new"),
            ("path_remove_directory", "sub/empty"),
            ("path_unlink_file", "own"),
        ] {
            assert_eq!(probe.at(name, dir, path), Err(Errno::Notcapable));
        }
        assert_eq!(probe.rename(dir, "own", 4, "taken"), Err(Errno::Notcapable));
        assert_eq!(probe.rename(dir, "own", dir, "taken"), Err(Errno::Notcapable));
        assert_eq!(probe.link(dir, "own", 4, "taken"), Err(Errno::Notcapable));
        assert_eq!(probe.symlink("own", dir, "new"), Err(Errno::Notcapable));
        let [at, len] = probe.path("own");
        let times = [dir.into(), 0, at, len, 1, 1, 5];
        assert_eq!(probe.call("path_filestat_set_times", &times), Err(Errno::Notcapable));
        assert_eq!(
            probe.call("fd_fdstat_set_rights", &[dir.into(), ALL, 0]),
            Err(Errno::Notcapable)
        );
    }
    assert_eq!(fs::read(root.join("ro/own")).unwrap(), b"inside");
    assert_eq!(fs::read(root.join("ro/sub/own")).unwrap(), b"inside");
    assert_eq!(fs::read_dir(root.join("ro")).unwrap().count(), 2);
}
