//! What is loaded and what is refused: precompiled modules and the verifier of their register
//! bytecode.

#![cfg(feature = "classic")]

mod errors;
#[path = "../common/forge.rs"]
mod forge;
mod info;
#[path = "../common/modules.rs"]
mod modules;
mod precompiled;
mod refused;
mod rules;
#[path = "../common/run.rs"]
mod run;
mod verifier;
mod verifier_module;
