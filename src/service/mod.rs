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
//!    outbox.
//!
//! `recovery` finds out at the start where each batch was left.

mod ahead;
mod aside;
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
mod names;
mod passed_over;
mod places;
mod publishing;
mod recovery;
mod release;
mod reload;
mod report;
mod sealing;
mod settling;
mod stamp;
mod tree;
mod walk;
mod watches;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use control::Control;
pub use error::ServiceError;
pub use places::{check, refuse_nested};
pub use report::{Event, Observer};

use self::ahead::Sealing;
use self::aside::Aside;
use self::batch_id::BatchId;
use self::batches::Waiting;
use self::bundles::Bundles;
use self::bundling::Ready;
use self::closer::Closer;
use self::damaged::Damaged;
use self::passed_over::PassedOver;
use self::places::Place;
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

/// Later than any run for cron ends.
const FAR_OFF: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The same if the system doesn't say what has changed.
const POLL: Duration = Duration::from_secs(5);

/// The most files whose claims are kept. While there are more, nothing is sealed: each
/// takes some 300 bytes of memory.
const MOST_KEPT: usize = 100_000;

/// The most batches that are sealed at a time: one is written to the disk while the next
/// one is encrypted.
const AHEAD: usize = 2;

/// The first wait after trouble. It doubles up to the last one.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LAST_BACKOFF: Duration = Duration::from_secs(60);

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
}

/// A service for one spool and one outbox.
pub struct Service<'a> {
    settings: Settings,
    /// The settings as they were loaded last: some take a restart.
    loaded: Settings,
    filter: Arc<Filter>,
    workers: NonZeroUsize,
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
    /// The batches whose claims are there still, in the order of their times.
    waiting: VecDeque<Waiting>,
    /// The batches that are looked at again, since something in them couldn't be seen.
    held: BTreeMap<BatchId, Held>,
    /// The batches without claims.
    ready: BTreeMap<BatchId, Ready>,
    /// Whether it is known where the last service left each batch.
    is_recovered: bool,
    /// Whether no archive is left that was begun.
    are_bundles_finished: bool,
    next_scan: Instant,
    last_scan: Instant,
    /// Whether the last look has found files for which there was no room.
    has_left_some: bool,
    trouble: Option<Trouble>,
    /// Until when files wait for which there was no room.
    postponed: Option<Instant>,
}

/// What keeps the service from sealing.
#[derive(Debug)]
struct Trouble {
    until: Instant,
    backoff: Duration,
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
            waiting: VecDeque::new(),
            held: BTreeMap::new(),
            ready: BTreeMap::new(),
            is_recovered: false,
            are_bundles_finished: false,
            next_scan: now,
            last_scan: now,
            has_left_some: false,
            trouble: None,
            postponed: None,
            loaded: settings.clone(),
            settings,
            workers,
            observer,
            spool,
            outbox,
        };
        service.check_directories()?;
        Ok(service)
    }

    /// Works until it's told to stop.
    pub fn run(&mut self, loader: &mut dyn Loader, control: &Control) -> Done {
        self.watch();
        self.scan(Instant::now());
        self.observer.note(&Event::Watching);
        while !control.is_stopped() {
            if control.takes_reload() {
                self.aside.clear();
                self.trouble = None;
                self.postponed = None;
                let reloaded = loader.load().and_then(|loaded| self.apply(loaded.settings));
                let reloaded = reloaded.and_then(|()| self.retry_claims(Instant::now()));
                if reloaded.is_err() {
                    self.conclude(reloaded);
                }
                self.next_scan = Instant::now();
            }
            let now = Instant::now();
            self.take_notices(now);
            if now >= self.next_scan {
                self.scan(now);
            }
            let is_blocked = self.trouble.as_ref().is_some_and(|t| t.until > now);
            if !is_blocked {
                let outcome = self.work(loader, control, now, false);
                self.conclude(outcome);
            }
            if self.has_left_some && self.settling.has_much_room() {
                self.scan_soon();
            }
            self.wait(control);
        }
        self.done()
    }

    /// Seals and bundles everything that has settled now, and ends.
    ///
    /// # Errors
    ///
    /// Nothing can be sealed, or not bundled. All calls are where they were, or
    /// sealed.
    pub fn run_once(
        &mut self,
        loader: &mut dyn Loader,
        control: &Control,
    ) -> Result<Done, ServiceError> {
        let start = Instant::now();
        self.check_places(start)?;
        self.scan(start);
        // What appears from now on, or changes, is for the next run.
        let until = start + self.settle(false);
        let mut no_room = None;
        while !control.is_stopped() {
            let now = Instant::now();
            let last = now >= until;
            // Nothing is looked for any more. Only the end is waited for.
            self.next_scan = match last {
                true => start + FAR_OFF,
                false => until,
            };
            let postponed = self.postponed;
            match self.work(loader, control, now, last) {
                // Others may fit.
                Err(error) if self.postponed != postponed => {
                    no_room = Some(error);
                    continue;
                }
                outcome => outcome?,
            }
            let is_due = self.settling.next_due().is_some_and(|due| due <= until);
            if last && !is_due && self.waiting.is_empty() {
                break;
            }
            self.wait(control);
        }
        no_room.map_or_else(|| Ok(self.done()), Err)
    }

    /// Does what is due: seals, lets go and bundles; all that is ready, or by the
    /// settings.
    fn work(
        &mut self,
        loader: &mut dyn Loader,
        control: &Control,
        now: Instant,
        all: bool,
    ) -> Result<(), ServiceError> {
        self.check_places(now)?;
        let mut outcome = Ok(());
        loop {
            while outcome.is_ok()
                && !control.is_stopped()
                && self.sealing.len() < AHEAD
                && self.kept() < MOST_KEPT
                && self.settling.next_due().is_some_and(|due| due <= now)
            {
                outcome = self.begin_batch(loader, now);
            }
            let is_last = self.sealing.is_empty();
            let ended = self.end_batch(now);
            // Sealed calls don't wait until a long queue is empty, or until there is
            // room for it.
            let released = self.release_due(Instant::now());
            outcome = outcome.and(ended).and(released);
            if is_last {
                break;
            }
        }
        outcome?;
        match control.is_stopped() {
            true => Ok(()),
            false => self.bundle_due(loader, all && self.waiting.is_empty()),
        }
    }

    /// Checks that the spool and the outbox are there, and finds out where the last
    /// service ended.
    fn check_places(&mut self, now: Instant) -> Result<(), ServiceError> {
        self.spool.check()?;
        self.outbox.check()?;
        if !self.is_recovered {
            self.recover(now)?;
            self.is_recovered = true;
        }
        self.look_at_held(now)
    }

    fn conclude(&mut self, outcome: Result<(), ServiceError>) {
        match outcome {
            // What there was no room for is still to be tried.
            Ok(()) if self.postponed.is_some_and(|until| Instant::now() <= until) => {}
            Ok(()) => {
                self.postponed = None;
                if self.trouble.take().is_some() {
                    self.observer.note(&Event::Recovered);
                }
            }
            Err(error) => {
                let last = self.trouble.as_ref().map(|trouble| trouble.backoff);
                let backoff = last.map_or(FIRST_BACKOFF, |last| (last * 2).min(LAST_BACKOFF));
                self.observer.note(&Event::Trouble {
                    error: &error,
                    again_in: backoff,
                });
                self.trouble = Some(Trouble {
                    until: Instant::now() + backoff,
                    backoff,
                });
            }
        }
    }

    /// Waits for the next thing to do.
    fn wait(&self, control: &Control) {
        if control.is_stopped() {
            // What has told so may have been read together with a reload.
            return;
        }
        let has_room = self.kept() < MOST_KEPT;
        let dues = [
            Some(self.next_scan),
            self.settling.next_due().filter(|_| has_room),
            self.waiting.front().map(|waiting| waiting.until),
        ];
        let due = dues.into_iter().flatten().min();
        // Until the next try after trouble, nothing else matters.
        let due = match &self.trouble {
            Some(trouble) if trouble.until > Instant::now() => Some(trouble.until),
            _ => due,
        };
        let left = due.map_or(RESCAN, |due| {
            due.saturating_duration_since(Instant::now()).min(RESCAN)
        });
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or_default(),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut sources = vec![PollFd::new(control.wake_handle(), PollFlags::IN)];
        if let Some(watches) = &self.watches {
            sources.push(PollFd::new(watches, PollFlags::IN));
        }
        // A signal may end it early. What is due is looked at anyway.
        let _ = poll(&mut sources, Some(&timeout));
    }

    fn done(&self) -> Done {
        Done {
            failing: self.aside.len() + self.held.len(),
            damaged: self.damaged.len(),
        }
    }
}

/// Returns the choice of files.
fn filter(settings: &Settings) -> Result<Arc<Filter>, ServiceError> {
    let filter = Filter::new(&settings.include, &settings.exclude);
    Ok(Arc::new(filter.map_err(crate::Error::from)?))
}
