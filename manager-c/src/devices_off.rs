//! Without the feature `devices` the firmware has none for applications.

use zonda_manager::devices::Devices;

use crate::platform::Firmware;

impl Devices for Firmware {}
