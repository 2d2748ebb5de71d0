//! Shared parts of the tests through the program: a directory to work in, runs
//! of the program and its peers there, keys, and calls to seal and open.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test program uses a part of it"
)]

mod ca;
mod calls;
mod fields;
mod genesys;
mod kernel;
mod keys;
pub mod packages;
pub mod packets;
mod rsa;
mod run;
mod scene;
mod smime;
mod terminal;
pub mod ticks;
mod trust;

pub use ca::{Certificate, FAR_OFF, LONG_AGO, in_hours};
pub use calls::{CALL, content};
pub use fields::{Office, listed};
pub use genesys::ENVELOPED;
pub use kernel::WITHOUT_UNNAMED_FILES;
#[cfg(target_os = "linux")]
pub use kernel::as_an_owner;
pub use keys::P256;
pub use run::{Outcome, Run, Watchdog, wait};
pub use scene::Scene;
pub use smime::der_value;
pub use trust::{Trust, day};
