//! What tests through the program share: a directory to work in, the program
//! and its peers run there, keys, and calls that go round.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test program uses a part of it"
)]

mod calls;
mod keys;
mod run;
mod scene;
mod terminal;

pub use calls::{CALL, content};
pub use keys::P256;
pub use run::{Outcome, Run, wait};
pub use scene::Scene;
