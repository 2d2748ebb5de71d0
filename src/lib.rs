//! callseal seals call files to a list of recipient certificates, each file
//! as one OpenPGP message, and packs the messages into ordinary ZIP archives
//! whose members each open on their own with the key of any one recipient. CMS
//! messages are read and written as well, and fields of JSON documents sealed.
//!
//! ```no_run
//! use callseal::keys::{Keyring, Recipients};
//! use callseal::message::{Opener, SealOptions, SealPlan};
//! use callseal::sources::{SourceOptions, Sources};
//! use callseal::{ArchiveFile, Job};
//!
//! fn main() -> Result<(), callseal::Error> {
//!     // The IVR server packs for the customer and the vendor.
//!     let recipients = Recipients::from_files(&["customer.crt", "vendor.crt"])?;
//!     let plan = SealPlan::new(recipients, SealOptions::default())?;
//!     let found = Sources::collect(&["calls"], &SourceOptions::default())?;
//!     Job::new().pack(&found.files, &plan, "calls.zip")?;
//!
//!     // The vendor extracts.
//!     let keyring = Keyring::load(&["vendor.key"])?;
//!     let archive = ArchiveFile::open("calls.zip")?;
//!     let members = archive.select(&["calls/**/*.wav"])?;
//!     let extracted = Job::new().extract(&members, &Opener::new(&keyring), "extracted")?;
//!     assert!(extracted.failures.is_empty());
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
mod der;
pub mod fields;
#[doc(hidden)]
pub mod files;
mod hex;
mod index;
mod jobs;
pub mod keys;
mod manifest;
pub mod message;
mod oids;
pub mod output;
#[cfg(test)]
#[path = "../tests/support/packages.rs"]
mod packages;
mod read_ahead;
mod search;
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub mod service;
pub mod sources;
mod timestamp;
mod workers;

pub use jobs::{
    ArchiveFile, Converted, ConvertedMember, Error, ErrorKind, Extracted, Job, MemberCause,
    Members, Packed, Progress,
};
// Hidden, here and in the modules: what the program, the tests, the benches and
// the fuzz targets of this package use besides. It isn't an interface, and may
// change in any release.
#[doc(hidden)]
pub use jobs::{
    BundleFault, Bundled, Change, Claimed, Difference, Evidence, EvidenceFault, KeptSignatures,
    MessagePlace, OldSignatures, OpenedMembers, Sealed, ShareTarget, Shared, SharedMember, Signed,
    SignedArchive, SignedFault, SignedFiles, Verified,
};
#[doc(hidden)]
pub use search::{BadSearch, Found, FoundLine, LineSearch, SearchedText, Wanted};
#[doc(hidden)]
pub use timestamp::{NotATimestamp, Timestamp};
