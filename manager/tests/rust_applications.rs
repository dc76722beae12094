//! The applications in Rust of samples/apps_rust, as they are checked in: handlers, timers and a
//! sensor as closures of the crate `zonda-application`.

mod common;

use common::*;
use zonda_manager::{InstallOptions, State};

#[test]
fn the_sample_runs() {
    let device = Device::with(|options| options.sensors = vec!["temperature".into()]);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/apps_rust");
    for name in ["display", "counter"] {
        let package = std::fs::read(folder.join(format!("wasm-app/{name}.zonda-app"))).unwrap();
        device.install(&package, InstallOptions::default()).unwrap();
        device.start(name).unwrap();
        device.wait_for(name, |info| info.state == State::Running);
    }
    device.wait_told("display prints three");
    device.wait_told("display prints asked");
    // Nobody has the resource here, and the sensor counts from 0.
    device.wait_told("display prints board:");
    device.wait_told("display prints cold");
    assert_eq!(device.get("/count"), 69);
    assert_eq!(device.get("/count/x"), 69);
    assert_eq!(device.get("/app/counter/other"), 132);
    device.stop("counter").unwrap();
    device.wait_told("counter prints stops");
    // Nothing of the application is lost, and nothing fails, in many events.
    let info = device.info("display").unwrap();
    assert_eq!((info.state, info.statistics.dropped), (State::Running, 0), "{:?}", info.failure);
}
