//! What the repository promises about itself: folders depend on each other as the design says,
//! requirements have tests, lints hold everywhere, generated files match their sources.

mod arrows;
mod lints;
mod rebuild;
mod requirements;
