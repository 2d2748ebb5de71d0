//! What a service is to do.

use std::path::PathBuf;
use std::time::Duration;

/// A spool that a service watches, and what becomes of the calls in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Its name, which the names of archives begin with.
    pub name: String,
    /// The directory in which calls appear.
    pub spool: PathBuf,
    /// The directory in which sealed calls appear.
    pub outbox: PathBuf,
    /// The profile of the recipients; `None` for the default one.
    pub profile: Option<String>,
    /// Only files that match one of these patterns are sealed; without patterns, all.
    pub include: Vec<String>,
    /// Files and directories that match one of these patterns are left alone.
    pub exclude: Vec<String>,
    /// The time for which a file has to be unchanged before it's sealed.
    pub settle: Duration,
    /// The time for which a sealed file is kept.
    pub grace: Duration,
    /// What becomes of a sealed file then.
    pub then: Then,
    /// What the sealed files are bundled into.
    pub bundle: Bundle,
    /// The keys that sign the archives.
    pub sign: Vec<PathBuf>,
}

/// What becomes of a file that is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is removed.
    Delete,
    /// It is moved to a directory of the same file system.
    Move(PathBuf),
}

/// What sealed files are bundled into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundle {
    /// Nothing: each is a message of its own.
    None,
    /// Archives of an hour, in UTC.
    Hourly,
    /// Archives of a day, in UTC.
    Daily,
    /// Archives of at least that many bytes.
    Size(u64),
    /// Archives of at least that many members.
    Count(u64),
}
