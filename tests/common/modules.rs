//! The real modules of tests/modules, with what they must return.

#![allow(dead_code)]

pub struct RealModule {
    pub name: &'static str,
    pub bytes: &'static [u8],
    /// `run(argument)` returns `result`. The same source, compiled for the host, returned it too
    /// (`heap`: wasmi did).
    pub argument: i32,
    pub result: i32,
}

macro_rules! modules {
    ($($name:literal ($argument:literal) = $result:literal;)*) => {
        pub const MODULES: &[RealModule] = &[$(RealModule {
            name: $name,
            bytes: include_bytes!(concat!("../modules/", $name, ".wasm")),
            argument: $argument,
            result: $result,
        },)*];
    };
}

modules! {
    "calls" (4) = 30;
    "generic" (50) = -1413440607;
    "heap" (200) = -487808408;
    "machine" (100) = 1592440235;
    "matrix" (3) = 255;
    "sha256" (1000) = -1961931170;
    "sort" (5) = -564508326;
    "tail" (1000) = -329499368;
    "text" (9) = 1754646102;
    "wide" (100) = 1452890485;
}

pub fn module(name: &str) -> &'static RealModule {
    MODULES.iter().find(|module| module.name == name).expect("a module of tests/modules")
}
