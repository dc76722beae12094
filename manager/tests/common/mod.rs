//! Packages made of WebAssembly text, and a manager with a flash in RAM.
#![allow(dead_code)]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zonda_manager::host::{Event, HostFlash, Options, Running};
use zonda_manager::packet::{Request, GET};
use zonda_manager::{Error, Failure, Info, InstallOptions, State};
use zonda_manifest::{with_section, Limits, ManifestData, Version};
use zonda_storage::Geometry;

pub const GEOMETRY: Geometry =
    Geometry { sector_size: 4096, sectors: 32, write_size: 4, directory_sectors: 2 };

/// All capabilities.
pub const ALL: [&str; 5] = ["request", "resource", "subscribe", "sensor", "connection"];

/// A manifest with all capabilities and small limits.
pub fn manifest(name: &str) -> ManifestData {
    ManifestData {
        name: name.into(),
        version: Version([1, 0, 0]),
        capabilities: ALL.map(str::to_owned).to_vec(),
        limits: Limits { event_ms: 2_000, ..Limits::default() },
        ..ManifestData::default()
    }
}

/// A module that answers `/NAME` with 69 (2.05), has `on_init`, and whatever else the text defines.
/// Its allocator gives out one buffer at 1024; packets are made at 512, texts are from 64 on.
pub fn module(name: &str, more: &str) -> String {
    module_with_init(name, "", more)
}

pub fn module_with_init(name: &str, init: &str, more: &str) -> String {
    format!(
        r#"(module
        (import "env" "wasm_register_resource" (func $register (param i32)))
        (import "env" "wasm_response_send" (func $respond (param i32 i32) (result i32)))
        (import "env" "wasm_post_request" (func $post (param i32 i32)))
        (import "env" "wasm_sub_event" (func $subscribe (param i32)))
        (import "env" "wasm_create_timer" (func $timer (param i32 i32 i32) (result i32)))
        (import "env" "wasm_timer_cancel" (func $cancel (param i32)))
        (import "env" "wasm_timer_restart" (func $restart (param i32 i32)))
        (import "env" "wasm_timer_destroy" (func $destroy (param i32)))
        (import "env" "wasm_sensor_open" (func $sensor (param i32 i32) (result i32)))
        (import "env" "wasm_sensor_config" (func $config (param i32 i32 i32 i32) (result i32)))
        (import "env" "wasm_sensor_close" (func $close (param i32) (result i32)))
        (import "env" "puts" (func $puts (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 64) "/{name}\00")
        (func (export "malloc") (param i32) (result i32) (i32.const 1024))
        (func (export "free") (param i32))
        (func $answer (param $status i32) (param $packet i32)
            (i32.store8 (i32.const 512) (i32.const 1))
            (i32.store8 (i32.const 513) (local.get $status))
            (i32.store16 (i32.const 514) (i32.const 0))
            (i32.store (i32.const 516) (i32.load offset=4 (local.get $packet)))
            (i32.store (i32.const 520) (i32.load offset=8 (local.get $packet)))
            (i32.store (i32.const 524) (i32.const 0))
            (drop (call $respond (i32.const 512) (i32.const 16))))
        (func (export "on_init") (call $register (i32.const 64)) {init})
        {more})"#
    )
}

/// What answers requests.
pub const ANSWERS: &str = r#"(func (export "on_request") (param $packet i32) (param i32)
    (call $answer (i32.const 69) (local.get $packet)))"#;

pub fn package(manifest: &ManifestData, text: &str) -> Vec<u8> {
    let module = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    with_section(&module, &manifest.encode().unwrap()).unwrap()
}

/// A manager with what it has told.
pub struct Device {
    pub running: Running,
    pub told: Arc<Mutex<Vec<String>>>,
}

impl std::ops::Deref for Device {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl Device {
    pub fn new() -> Device {
        Device::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Options)) -> Device {
        Device::on(HostFlash::ram(&GEOMETRY), GEOMETRY, change)
    }

    pub fn on(flash: HostFlash, geometry: Geometry, change: impl FnOnce(&mut Options)) -> Device {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        // What has been printed since the last end of a line.
        let lines = Mutex::new(std::collections::BTreeMap::<String, String>::new());
        let mut options = Options {
            sensors: vec!["counter".into()],
            events: Box::new(move |name, event| {
                let text = match event {
                    Event::Printed(text) => {
                        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                        let line = lines.entry(name.to_owned()).or_default();
                        line.push_str(&String::from_utf8_lossy(text));
                        if !line.ends_with('\n') {
                            return;
                        }
                        format!("{name} prints {}", std::mem::take(line).trim_end())
                    }
                    Event::State(state, why) => {
                        let why = why.map_or(String::new(), |why| format!(": {why}"));
                        format!("{name} is {state}{why}")
                    }
                    Event::Published(request) => format!("event {}", request.url),
                };
                tell.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }),
            ..Options::default()
        };
        change(&mut options);
        Device { running: Running::start(flash, geometry, options).unwrap(), told }
    }

    pub fn put(
        &self,
        manifest: &ManifestData,
        text: &str,
    ) -> Result<(), Error<std::io::ErrorKind>> {
        self.install(&package(manifest, text), InstallOptions::default())
    }

    /// Installs, starts and waits until it runs.
    pub fn up(&self, manifest: &ManifestData, text: &str) {
        self.put(manifest, text).unwrap();
        self.start(&manifest.name).unwrap();
        self.wait_for(&manifest.name, |info| info.state != State::Starting);
        let info = self.info(&manifest.name).unwrap();
        assert_eq!(info.state, State::Running, "{:?}", info.failure);
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn wait_for(&self, name: &str, is_so: impl Fn(&Info) -> bool) -> Info {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let info = self.info(name).unwrap();
            if is_so(&info) {
                return info;
            }
            assert!(Instant::now() < end, "{info:?}\n{:?}", self.told.lock().unwrap());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[track_caller]
    pub fn wait_told(&self, text: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while !self.told.lock().unwrap().iter().any(|told| told.contains(text)) {
            assert!(Instant::now() < end, "{text}: {:?}", self.told.lock().unwrap());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[track_caller]
    pub fn failure(&self, name: &str) -> Failure {
        self.wait_for(name, |info| info.state == State::Failed).failure.unwrap()
    }

    /// The status of the response to a GET.
    #[track_caller]
    pub fn get(&self, url: &str) -> u8 {
        let request = Request { mid: 0, action: GET, fmt: 0, sender: 0, url, payload: &[] };
        self.request(&request, 30_000, |response| response.status).unwrap()
    }
}
