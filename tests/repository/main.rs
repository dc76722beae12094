//! What the repository promises about itself: requirements have tests, generated files match their sources.

mod rebuild;
mod requirements;
