//! Histories of a partition, and a model of what it should hold.

use std::collections::BTreeMap;

use crate::flash::{Cut, Simulated};
use crate::random::Random;
use zonda_storage::{Error, Geometry, Name, Progress, Storage, Version};

/// What a user of the store does.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Installs or updates, with so many bytes; their content is the step's number.
    Install {
        name: u8,
        len: u32,
        trial: bool,
    },
    Confirm {
        name: u8,
    },
    Revert {
        name: u8,
    },
    Remove {
        name: u8,
    },
    Flags {
        name: u8,
        trial: bool,
        flags: u8,
    },
    /// So many steps of moving; applications of one name may not move.
    Defragment {
        steps: u32,
        fixed: u8,
    },
    /// Writes a part and gives up.
    Abort {
        name: u8,
        len: u32,
    },
    Remount,
}

pub struct History {
    geometry: Geometry,
    seed: u64,
    steps: Vec<Step>,
}

impl History {
    pub fn random(seed: u64, geometry: Geometry) -> History {
        let mut random = Random::new(seed);
        let room = u64::from(geometry.sector_size)
            * u64::from(geometry.sectors - geometry.directory_sectors);
        let mut steps = Vec::new();
        for _ in 0..30 {
            let name = random.below(4) as u8;
            // From a byte to a third of the partition.
            let len = (random.below(room / 3) + 1) as u32;
            let trial = random.below(3) == 0;
            steps.push(match random.below(16) {
                0..=5 => Step::Install { name, len, trial },
                6 => Step::Confirm { name },
                7 => Step::Revert { name },
                8 | 9 => Step::Remove { name },
                10 => Step::Flags { name, trial, flags: random.next() as u8 },
                11..=13 => {
                    Step::Defragment { steps: random.below(6) as u32, fixed: random.below(6) as u8 }
                }
                14 => Step::Abort { name, len },
                _ => Step::Remount,
            });
        }
        History { geometry, seed, steps }
    }
}

/// How often something happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub installs: u64,
    pub updates: u64,
    pub trials: u64,
    pub confirms: u64,
    pub reverts: u64,
    pub removes: u64,
    pub moves: u64,
    pub refusals: u64,
    pub compactions: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        self.installs += other.installs;
        self.updates += other.updates;
        self.trials += other.trials;
        self.confirms += other.confirms;
        self.reverts += other.reverts;
        self.removes += other.removes;
        self.moves += other.moves;
        self.refusals += other.refusals;
        self.compactions += other.compactions;
    }
}

/// Where the power was cut.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cuts {
    /// Cuts that left the state before the step.
    pub old: u64,
    /// Cuts that left the state after it.
    pub new: u64,
}

/// An application of the model: its bytes, its flags.
type Entry = (Vec<u8>, u8);

/// What the partition should hold: for each name the application and the version on trial.
type Model = BTreeMap<u8, (Option<Entry>, Option<Entry>)>;

fn name(number: u8) -> Name {
    Name::new(
        ["blink", "sensor", "display", "a name of exactly 32 characters."][usize::from(number)],
    )
    .expect("a name")
}

fn content(step: usize, len: u32) -> Vec<u8> {
    let mut random = Random::new(step as u64 + 1);
    (0..len).map(|_| random.next() as u8).collect()
}

/// Runs a history. With `cuts` it also cuts the power during each operation of each step, and goes
/// on for some steps with what is found then. Panics where the partition does not hold what it
/// should.
pub fn run(history: &History, mut cuts: Option<&mut Cuts>) -> Counts {
    let geometry = history.geometry;
    let mut flash = Simulated::new(geometry, history.seed);
    let mut counts = Counts::default();
    let mut model = Model::new();
    let mut storage = Storage::format(&mut flash, geometry).expect("the power is on");
    for number in 0..history.steps.len() {
        let context =
            || format!("seed {}, step {number}: {:?}", history.seed, history.steps[number]);
        let (old_flash, old_model) = (storage.flash().clone(), model.clone());
        storage = history
            .step(number, storage, &mut model, &mut counts)
            .unwrap_or_else(|Cut| panic!("{}: the power is on", context()));
        assert!(holds(&mut storage, &model), "{}", context());
        let usage = storage.usage().expect("the power is on");
        assert!(usage.largest <= usage.free && usage.free <= usage.total, "{}", context());
        if let Some(cuts) = &mut cuts {
            for at in 0.. {
                let (flash, model) = (old_flash.clone(), old_model.clone());
                if !history.cut(number, at, flash, model, cuts) {
                    break;
                }
            }
        }
    }
    let usage = storage.usage().expect("the power is on");
    counts.compactions = usage.directory_erases.into();
    // What the store says of wear is what happened, but for what the directory does not have yet.
    let data = usize::from(geometry.directory_sectors);
    let erased: u64 = flash.erases[data..].iter().sum();
    assert!((u64::from(usage.erases)..u64::from(usage.erases) + 64).contains(&erased));
    counts
}

impl History {
    fn step<'f>(
        &self,
        number: usize,
        storage: Storage<&'f mut Simulated>,
        model: &mut Model,
        counts: &mut Counts,
    ) -> Result<Storage<&'f mut Simulated>, Cut> {
        apply(storage, number, &self.steps[number], model, counts)
    }

    /// Cuts the power during the operation `at` of a step, and goes on; whether the step has such
    /// an operation.
    fn cut(
        &self,
        number: usize,
        at: u64,
        mut flash: Simulated,
        mut model: Model,
        cuts: &mut Cuts,
    ) -> bool {
        let geometry = self.geometry;
        let step = &self.steps[number];
        let context = || format!("seed {}, step {number}, operation {at}: {step:?}", self.seed);
        let before = model.clone();
        flash.reseed(at);
        // A move that the step found would be ended by mounting, which is not what is cut here.
        flash.cut_at(Some(at + 1));
        let mounted = Storage::mount(&mut flash, geometry);
        let result = mounted.and_then(|storage| {
            self.step(number, storage, &mut model, &mut Counts::default())
                .map(drop)
                .map_err(Error::Flash)
        });
        match result {
            Ok(()) => return false,
            Err(Error::Flash(Cut)) => {}
            Err(error) => panic!("{}: {error}", context()),
        }
        // Mounting ends a move. It is cut as well, once.
        flash.cut_at(Some(1 + at % 7));
        match Storage::mount(&mut flash, geometry).map(drop) {
            Ok(()) | Err(Error::Flash(Cut)) => flash.cut_at(None),
            Err(error) => panic!("{}: {error}", context()),
        }
        let mut storage = Storage::mount(&mut flash, geometry)
            .unwrap_or_else(|error| panic!("{}: {error}", context()));
        if holds(&mut storage, &model) {
            cuts.new += 1;
        } else {
            let is_old = holds(&mut storage, &before);
            assert!(is_old, "{}: neither the old nor the new state", context());
            cuts.old += 1;
            model = before;
        }
        let last = self.steps.len().min(number + 4);
        for later in number + 1..last {
            storage = self
                .step(later, storage, &mut model, &mut Counts::default())
                .unwrap_or_else(|Cut| panic!("{}: the power is on", context()));
            assert!(holds(&mut storage, &model), "{}, later step {later}", context());
        }
        true
    }
}

/// The partition holds what the model says: names, flags, and every byte.
fn holds(storage: &mut Storage<&mut Simulated>, model: &Model) -> bool {
    let mut found = Vec::new();
    storage.applications(|application| found.push(*application)).expect("the power is on");
    let expected: Vec<(u8, Version, &Entry)> = model
        .iter()
        .flat_map(|(number, (put, trial))| {
            let put = put.iter().map(|entry| (*number, Version::Installed, entry));
            put.chain(trial.iter().map(|entry| (*number, Version::Trial, entry)))
        })
        .collect();
    found.len() == expected.len()
        && expected.iter().all(|(number, version, (bytes, flags))| {
            let Some(application) = found.iter().find(|application| {
                application.name == name(*number) && application.version == *version
            }) else {
                return false;
            };
            let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes);
            let is_there = application.moving
                || storage.flash().bytes(application.offset, application.len) == bytes;
            is_there
                && application.len as usize == bytes.len()
                && application.checksum == checksum
                && application.flags == *flags
                && application.security_version == checksum ^ 1
        })
}

/// Does a step, with the store and with the model. After a cut the model has the new state.
fn apply<'f>(
    mut storage: Storage<&'f mut Simulated>,
    number: usize,
    step: &Step,
    model: &mut Model,
    counts: &mut Counts,
) -> Result<Storage<&'f mut Simulated>, Cut> {
    let geometry = storage.flash().geometry;
    let result = match *step {
        Step::Install { name: of, len, trial } => {
            let bytes = content(number, len);
            let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes);
            let version = if trial { Version::Trial } else { Version::Installed };
            // Flags of 0xFF, 0 and others.
            let flags = checksum as u8;
            let entry = model.entry(of).or_default();
            let was_there = entry.0.is_some();
            let old = entry.clone();
            if trial {
                entry.1 = Some((bytes.clone(), flags));
            } else {
                *entry = (Some((bytes.clone(), flags)), None);
            }
            let result = storage.install(name(of), len).and_then(|mut install| {
                let mut rest = &bytes[..];
                let mut random = Random::new(number as u64);
                while !rest.is_empty() {
                    let now = (random.below(200) as usize + 1).min(rest.len());
                    if let Err(error) = storage.write(&mut install, &rest[..now]) {
                        storage.abort(install);
                        return Err(error);
                    }
                    rest = &rest[now..];
                }
                assert_eq!(storage.write(&mut install, &[0]), Err(Error::TooLong));
                assert_eq!(install.written(), len);
                storage.finish(install, version, checksum ^ 1, flags).map(drop)
            });
            match result {
                Ok(()) if trial => counts.trials += 1,
                Ok(()) if was_there => counts.updates += 1,
                Ok(()) => counts.installs += 1,
                Err(Error::NoSpace { wanted, largest, .. }) => {
                    assert!(wanted > largest);
                    assert_eq!(wanted, len.div_ceil(geometry.sector_size) * geometry.sector_size);
                }
                Err(_) => {}
            }
            if result.is_err_and(|error| error != Error::Flash(Cut)) {
                model.insert(of, old);
            }
            result
        }
        Step::Confirm { name: of } => {
            let entry = model.entry(of).or_default();
            let expected = if entry.1.is_some() { Ok(()) } else { Err(Error::NoTrial) };
            if let Some(trial) = entry.1.take() {
                entry.0 = Some(trial);
            }
            let result = storage.confirm(&name(of));
            counts.confirms += u64::from(result.is_ok());
            checked(result, expected)
        }
        Step::Revert { name: of } => {
            let trial = model.entry(of).or_default().1.take();
            let expected = if trial.is_some() { Ok(()) } else { Err(Error::NoTrial) };
            let result = storage.revert(&name(of));
            counts.reverts += u64::from(result.is_ok());
            checked(result, expected)
        }
        Step::Remove { name: of } => {
            let old = model.remove(&of).unwrap_or_default();
            let is_there = old.0.is_some() || old.1.is_some();
            let expected = if is_there { Ok(()) } else { Err(Error::NotFound) };
            let result = storage.remove(&name(of));
            counts.removes += u64::from(result.is_ok());
            checked(result, expected)
        }
        Step::Flags { name: of, trial, flags } => {
            let entry = model.entry(of).or_default();
            let version = if trial { Version::Trial } else { Version::Installed };
            let missing = if trial { Error::NoTrial } else { Error::NotFound };
            let entry = if trial { &mut entry.1 } else { &mut entry.0 };
            let expected = if entry.is_some() { Ok(()) } else { Err(missing) };
            if let Some(entry) = entry {
                entry.1 = flags;
            }
            checked(storage.set_flags(&name(of), version, flags), expected)
        }
        Step::Defragment { steps, fixed } => {
            let may_move = |of: &zonda_storage::Application| fixed > 3 || of.name != name(fixed);
            (0..steps).try_for_each(|_| {
                let progress = storage.defragment(may_move)?;
                counts.moves += u64::from(progress == Progress::Moved);
                Ok(())
            })
        }
        Step::Abort { name: of, len } => storage.install(name(of), len).and_then(|mut install| {
            let written = storage.write(&mut install, &content(number, len / 2));
            let other = storage.install(name(of), 1).err();
            if written.is_ok() {
                assert_eq!(other, Some(Error::Installing));
                let missing = Err(Error::Incomplete(len - len / 2));
                assert_eq!(storage.finish(install, Version::Installed, 0, 0), missing);
            } else {
                storage.abort(install);
            }
            written
        }),
        Step::Remount => {
            return match Storage::mount(storage.into_flash(), geometry) {
                Ok(storage) => Ok(storage),
                Err(Error::Flash(Cut)) => Err(Cut),
                Err(error) => panic!("{error}"),
            }
        }
    };
    match result {
        Err(Error::Flash(Cut)) => return Err(Cut),
        Err(Error::NoSpace { .. } | Error::NotFound | Error::NoTrial | Error::DirectoryFull) => {
            counts.refusals += 1;
        }
        Err(error) => panic!("{error}"),
        Ok(()) => {}
    }
    Ok(storage)
}

/// The result, which is the expected one unless the power was cut.
#[track_caller]
fn checked(
    result: Result<(), Error<Cut>>,
    expected: Result<(), Error<Cut>>,
) -> Result<(), Error<Cut>> {
    if result != Err(Error::Flash(Cut)) {
        assert_eq!(result, expected);
    }
    result
}
