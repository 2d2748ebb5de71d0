//! A service that seals calls as they end, and never loses one.
//!
//! A call is always whole in the spool (or in its claims), or durable and checked in
//! the outbox. What is where is read from the file system alone:
//!
//! 1. `claim`: files that have settled are renamed into the directory of a batch,
//!    `SPOOL/.callseal/claims/BATCH/`.
//! 2. `sealing`: they are sealed into `OUTBOX/.callseal/sealed/BATCH.zip`, which is
//!    flushed and read back.
//! 3. `release`: after a grace, each claim is read again, and removed or moved if
//!    it's still what was sealed.
//! 4. `bundling`: the messages of batches without claims become archives in the
//!    outbox (`making`), or single files there (`publishing`).
//!
//! `recovery` finds out at the start where each batch was left. What takes long is a `task`
//! beside the service: archives, and calls that are `large`.

mod ahead;
mod aside;
mod backoff;
mod batch_id;
mod batches;
mod bundles;
mod bundling;
mod claim;
mod claiming;
mod closer;
mod control;
mod damaged;
mod error;
mod faults;
mod intake;
mod large;
mod lock;
mod making;
mod names;
mod outside;
mod passed_over;
mod places;
mod publishing;
mod pulse;
mod recovery;
mod release;
mod releasing;
mod reload;
mod report;
mod run;
mod sealing;
mod settling;
mod stamp;
mod state;
mod status_file;
mod task;
mod tree;
mod walk;
mod watches;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

pub use control::Control;
pub use error::ServiceError;
pub use outside::{Backlog, Holder, SeenOutbox, SeenSpool};
pub use places::{check, refuse_nested};
pub use pulse::Pulse;
pub use report::{Event, Observer, SealedCall, Work};
pub use state::State;
pub use status_file::StatusFile;

use self::ahead::Sealing;
use self::aside::Aside;
use self::backoff::Backoff;
use self::batch_id::BatchId;
use self::batches::Waiting;
use self::bundles::Bundles;
use self::bundling::Ready;
use self::closer::Closer;
use self::damaged::Damaged;
use self::large::Large;
use self::making::Making;
use self::passed_over::PassedOver;
use self::places::Place;
use self::pulse::Workers;
use self::recovery::Held;
use self::sealing::SealedBatches;
use self::settling::Settling;
use self::watches::Watches;
pub use crate::config::{Bundle, Then, Watch as Settings};
use crate::keys::SigningKey;
use crate::message::SealPlan;
use crate::output::Directory;
use crate::sources::Filter;

/// The service's own directory, in the spool and in the outbox.
const OWN: &str = ".callseal";

/// The time between two looks at the whole spool.
const RESCAN: Duration = Duration::from_secs(30);

/// The same if the system doesn't say what has changed.
const POLL: Duration = Duration::from_secs(5);

/// A year. No wait is longer, and no run for cron.
const FAR_OFF: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The most files whose claims are kept. While there are more, nothing is sealed: each
/// takes some 300 bytes of memory.
const MOST_KEPT: usize = 100_000;

/// What calls are sealed with.
#[derive(Debug)]
pub struct Loaded {
    /// The recipients.
    pub plan: SealPlan,
    /// The keys that sign archives.
    pub signing: Vec<SigningKey>,
    /// The present settings.
    pub settings: Settings,
}

/// Where a service gets from what it seals with.
pub trait Loader {
    /// Loads the recipients and keys anew.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotLoaded`]: any of them can't be used. Nothing may be sealed
    /// then.
    fn load(&mut self) -> Result<Loaded, ServiceError>;

    /// Returns why the file at `path` isn't to be sealed, though it's in the spool. It's
    /// left alone then.
    fn objection(&self, path: &Path) -> Option<String>;
}

/// A service for one spool and one outbox.
pub struct Service<'a> {
    settings: Settings,
    /// The settings as they were loaded last: some take a restart.
    loaded: Settings,
    filter: Arc<Filter>,
    workers: Workers,
    observer: &'a dyn Observer,
    spool: Arc<Place>,
    outbox: Arc<Place>,
    moved: Option<Arc<Directory>>,
    closer: Closer,
    sealed: SealedBatches,
    bundles: Bundles,
    damaged: Damaged,
    watches: Option<Watches>,
    /// Whether it was reported that not all directories are watched.
    is_polling: bool,
    settling: Settling,
    aside: Aside,
    passed_over: PassedOver,
    /// The batches that are being sealed, in the order of their times. There are none
    /// while the service waits.
    sealing: VecDeque<Sealing>,
    large: Large,
    /// The batches whose claims are there still.
    waiting: Vec<Waiting>,
    /// The batches whose claims were let go, which isn't known to be on the disk. They
    /// aren't bundled before the next start.
    unflushed: BTreeSet<BatchId>,
    /// The batches that are looked at again, since something in them couldn't be seen.
    held: BTreeMap<BatchId, Held>,
    /// The batches without claims.
    ready: BTreeMap<BatchId, Ready>,
    /// Whether it is known where the last service left each batch.
    is_recovered: bool,
    /// The archives that are to be made: there are batches in their directories. They
    /// aren't known at the start.
    to_make: Option<VecDeque<String>>,
    /// The first of them, while it's being made.
    making: Option<Making>,
    next_scan: Instant,
    last_scan: Instant,
    /// How many files the last look has found for which there was no room.
    left: u64,
    /// When the oldest file was written that the last look has found.
    oldest: Option<SystemTime>,
    /// How it did when that was reported last.
    reported: State,
    has_reported_news: bool,
    next_report: Instant,
    is_report_due: bool,
    /// Whether the recipients and keys could be loaded when they were needed last.
    is_loaded: bool,
    /// When calls are sealed again, if that has failed.
    backoff: Backoff,
    /// When archives are made again, if that has failed.
    archive_backoff: Backoff,
    /// Until when files wait for which there was no room.
    postponed: Option<Instant>,
}

/// What a service has done until its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The number of files that can't be sealed: those that were set aside, and those
    /// that would be tried again.
    pub failing: usize,
    /// The number of archives that are damaged.
    pub damaged: usize,
}

impl<'a> Service<'a> {
    /// Opens the spool and the outbox, locks them, and finds out where the last
    /// service ended.
    ///
    /// # Errors
    ///
    /// The directories can't be used, or another service works in them.
    pub fn open(
        settings: Settings,
        workers: NonZeroUsize,
        observer: &'a dyn Observer,
    ) -> Result<Self, ServiceError> {
        places::refuse_nested([&settings])?;
        let spool = Arc::new(places::open_spool(&settings)?);
        let outbox = Arc::new(places::open_outbox(&settings)?);
        let now = Instant::now();
        let service = Self {
            filter: filter(&settings)?,
            moved: places::open_moved(&settings, &spool.root)?,
            closer: match workers.get() {
                1 => Closer::default(),
                _ => Closer::new(),
            },
            sealed: SealedBatches::open(&outbox)?,
            bundles: Bundles::open(&outbox)?,
            damaged: Damaged::open(&outbox)?,
            watches: None,
            is_polling: false,
            settling: Settling::default(),
            aside: Aside::default(),
            passed_over: PassedOver::default(),
            sealing: VecDeque::new(),
            large: Large::default(),
            waiting: Vec::new(),
            unflushed: BTreeSet::new(),
            held: BTreeMap::new(),
            ready: BTreeMap::new(),
            is_recovered: false,
            to_make: None,
            making: None,
            next_scan: now,
            last_scan: now,
            left: 0,
            oldest: None,
            reported: State::default(),
            next_report: now,
            has_reported_news: false,
            is_report_due: false,
            is_loaded: true,
            backoff: Backoff::default(),
            archive_backoff: Backoff::default(),
            postponed: None,
            loaded: settings.clone(),
            settings,
            workers: Workers::new(workers),
            observer,
            spool,
            outbox,
        };
        service.check_directories()?;
        Ok(service)
    }

    /// Returns what shows that it goes on.
    pub fn pulse(&self) -> Arc<Pulse> {
        self.workers.pulse.clone()
    }

    /// Opens the file in which the program says how the service does.
    ///
    /// # Errors
    ///
    /// It can't be opened.
    pub fn status_file(&self) -> Result<StatusFile, ServiceError> {
        StatusFile::open(&self.spool)
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // Nothing is written to the outbox once that isn't locked any more.
        for sealing in self.sealing.drain(..).chain(self.large.sealing.take()) {
            sealing.abandon();
        }
        if let Some(releasing) = self.large.releasing.take() {
            releasing.task.abandon();
        }
        if let Some(making) = self.making.take() {
            making.abandon();
        }
    }
}

/// Returns the time after a wait.
fn later(wait: Duration) -> Instant {
    Instant::now() + wait.min(FAR_OFF)
}

/// Returns the choice of files.
fn filter(settings: &Settings) -> Result<Arc<Filter>, ServiceError> {
    let filter = Filter::new(&settings.include, &settings.exclude);
    Ok(Arc::new(filter.map_err(crate::Error::from)?))
}

#[cfg(test)]
mod tests;
