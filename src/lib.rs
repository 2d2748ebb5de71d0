//! callseal seals call files to a list of recipient certificates, each file
//! as one OpenPGP message, and packs the messages into ordinary ZIP archives
//! whose members each open on their own with the key of any one recipient. CMS
//! messages are read and written as well, and fields of JSON documents sealed.
//!
//! ```no_run
//! use std::num::NonZeroUsize;
//! use std::path::Path;
//! use std::time::SystemTime;
//!
//! use callseal::keys::{Keyring, NoPassphrases, Party, Recipients, Requirements};
//! use callseal::message::{Expansion, Opener, SealPlan};
//! use callseal::message::{Compression, Format};
//! use callseal::output::Overwrite;
//! use callseal::{ArchiveFile, NoProgress, name_members, pack, sources};
//!
//! fn main() -> Result<(), callseal::Error> {
//!     let jobs = NonZeroUsize::MIN;
//!
//!     // The IVR server packs for the customer and the vendor.
//!     let parties = ["customer.crt", "vendor.crt"].map(Party::with_certificate);
//!     let requirements = Requirements::listed(SystemTime::now());
//!     let recipients = Recipients::load(&parties, &requirements, &mut |_| {})?;
//!     let plan = SealPlan::new(recipients, Format::Auto, Compression::Auto, false)?;
//!     let found = sources::collect(&["calls".into()], &Default::default(), &mut |_| {})?;
//!     let files = name_members(found)?;
//!     pack(&files, &plan, Path::new("calls.zip"), Overwrite::Refuse, jobs, &NoProgress)?;
//!
//!     // The vendor extracts.
//!     let keyring = Keyring::load(&["vendor.key".into()], &mut |_| {})?;
//!     let archive = ArchiveFile::open(Path::new("calls.zip"))?;
//!     let limits = Expansion::default();
//!     let opener = Opener::new(&keyring, &NoPassphrases, &limits);
//!     let members = archive.select(&["calls/**/*.wav".into()])?;
//!     let target = Path::new("extracted");
//!     let done = archive.extract(&members, target, Overwrite::Refuse, opener, jobs, &NoProgress)?;
//!     assert!(done.failures.is_empty());
//!     Ok(())
//! }
//! ```
//!
//! The library never prints, prompts, exits or reads the environment:
//! passphrases come through [`keys::Passphrases`], progress goes to
//! [`Progress`].

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod archive;
pub mod config;
pub mod fields;
pub mod files;
mod jobs;
pub mod keys;
pub mod message;
pub mod output;
pub mod sources;
mod timestamp;
mod workers;

pub use jobs::{
    ArchiveFile, Converted, ConvertedMember, Error, ErrorKind, Extracted, Inspection, MemberCause,
    NoProgress, Packed, PackedFile, Progress, inspect, name_members, pack, total_size,
};
pub use timestamp::{NotATimestamp, Timestamp};
