//! What the repository promises about itself: folders depend on each other as the design says,
//! requirements have tests, lints hold everywhere, generated files match their sources.

mod arrows;
#[path = "../common/features.rs"]
mod features;
mod lints;
mod options;
mod rebuild;
mod requirements;
mod smp;
