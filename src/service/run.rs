//! What a service does, round by round.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::batches::Waiting;
use super::control::Control;
use super::error::ServiceError;
use super::faults::is_full;
use super::places::open_moved;
use super::report::{Event, Work};
use super::{Done, FAR_OFF, Loader, MOST_KEPT, RESCAN, Service, later};

/// The most batches that are sealed at a time. The workers share the processor: while one
/// batch waits for the disk, the next one is encrypted.
const AHEAD: usize = 2;

/// The longest wait while anything is done beside the service: its end is looked for then.
pub(super) const BESIDE: Duration = Duration::from_millis(50);

impl Service<'_> {
    /// Works until it's told to stop.
    pub fn run(&mut self, loader: &mut dyn Loader, control: &Control) -> Done {
        self.watch();
        self.scan();
        // Whatever is wrong with the recipients is known before the first call comes.
        self.is_loaded = false;
        self.observer.note(&Event::Watching);
        while !control.is_stopped() {
            if control.takes_reload() {
                self.reload(loader);
            }
            self.take_notices();
            if Instant::now() >= self.next_scan {
                self.scan();
            }
            let now = Instant::now();
            if self.backoff.waits_until(now).is_none() {
                self.seal_due(loader, control, now);
            }
            if self.archive_backoff.waits_until(now).is_none() && !control.is_stopped() {
                self.make_archives(loader);
            }
            if self.left > 0 && self.settling.has_much_room() {
                self.scan_soon();
            }
            self.report_state();
            self.wait(control);
        }
        if let Err(error) = self.end_tasks() {
            self.report(&error, None);
        }
        self.report_state_now();
        self.done()
    }

    /// Seals what is due.
    fn seal_due(&mut self, loader: &mut dyn Loader, control: &Control, now: Instant) {
        let postponed = self.postponed;
        match self.work(loader, control, now) {
            // What there was no room for is still to be tried.
            Ok(()) if self.postponed.is_some_and(|until| now <= until) => {}
            Ok(()) => {
                self.postponed = None;
                if self.backoff.succeed() {
                    self.observer.note(&Event::Recovered(Work::Sealing));
                }
            }
            Err(error) => {
                let again_in = self.backoff.fail();
                let again_in = match self.postponed {
                    // What needs no room is tried again before.
                    Some(until) if self.postponed != postponed => {
                        until.saturating_duration_since(Instant::now())
                    }
                    _ => again_in,
                };
                self.report(&error, Some(again_in));
            }
        }
    }

    /// Makes the archives that are due. What fails there keeps no call from being sealed.
    fn make_archives(&mut self, loader: &mut dyn Loader) {
        // Sealing says what is wrong with the directories.
        if !self.is_recovered || self.check_places().is_err() {
            return;
        }
        match self.bundle_due(loader, false) {
            Ok(()) if self.making.is_some() => {}
            Ok(()) => self.note_archives_made(),
            Err(error) => {
                let again_in = self.archive_backoff.fail();
                self.report_of(Work::Archives, &error, Some(again_in));
            }
        }
    }

    /// Notes that archives can be made.
    pub(super) fn note_archives_made(&mut self) {
        if self.archive_backoff.succeed() {
            self.observer.note(&Event::Recovered(Work::Archives));
        }
    }

    fn report(&self, error: &ServiceError, again_in: Option<Duration>) {
        self.report_of(Work::Sealing, error, again_in);
    }

    fn report_of(&self, work: Work, error: &ServiceError, again_in: Option<Duration>) {
        let trouble = Event::Trouble {
            work,
            error,
            again_in,
        };
        self.observer.note(&trouble);
    }

    /// Takes over the present settings, and tries again what has failed.
    fn reload(&mut self, loader: &mut dyn Loader) {
        self.aside.clear();
        self.backoff.try_now();
        self.archive_backoff.try_now();
        self.postponed = None;
        self.forget_waits();
        let reloaded = self.load(loader).and_then(|_| self.retry_claims());
        if let Err(error) = reloaded {
            let again_in = self.backoff.fail();
            self.report(&error, Some(again_in));
        }
        self.next_scan = Instant::now();
        self.observer.note(&Event::Reloaded);
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
        self.check_places()?;
        let taken_up = self.take_up_batches();
        if !self.is_recovered {
            taken_up?;
        }
        // Claims that were found settle until then, too.
        let mut until = self.look_once();
        let (mut no_room, mut failure) = (None, None);
        while !control.is_stopped() {
            // The config is read anew for each batch anyway.
            let _ = control.takes_reload();
            let now = Instant::now();
            let last = now >= until;
            // Nothing is looked for any more. Only the end is waited for.
            self.next_scan = match last {
                true => later(FAR_OFF),
                false => until,
            };
            let postponed = self.postponed;
            match self.work(loader, control, now) {
                // Others may fit.
                Err(error) if self.postponed != postponed => {
                    no_room = Some(error);
                    continue;
                }
                // What is wrong with one batch or archive keeps no call from being
                // sealed that is still to settle.
                outcome => failure = outcome.err(),
            }
            // What fails is tried again each second.
            self.backoff.succeed();
            if failure.is_some() {
                self.backoff.fail();
            }
            if last && self.kept() == 0 && self.is_recovered && !control.is_stopped() {
                failure = failure.or(self.bundle_due(loader, true).err());
            }
            let is_due = self.settling.next_due().is_some_and(|due| due <= until);
            // Others are still in their grace.
            let is_tried = |waiting: &Waiting| waiting.has_failed || waiting.until <= now;
            let is_stuck = is_due || self.waiting.iter().all(is_tried);
            if last && failure.is_some() && is_stuck && !self.large.is_busy() {
                break;
            }
            if last && !is_due && self.kept() == 0 {
                if self.left == 0 || no_room.is_some() {
                    break;
                }
                until = self.look_once();
            }
            self.report_state();
            self.wait(control);
        }
        if let Err(error) = self.end_tasks() {
            self.report(&error, None);
            failure.get_or_insert(error);
        }
        self.report_state_now();
        failure.or(no_room).map_or_else(|| Ok(self.done()), Err)
    }

    /// Looks at the whole spool. Returns when all that is there now has settled: what
    /// appears from now on, or changes, is for the next run.
    fn look_once(&mut self) -> Instant {
        self.scan();
        later(self.settle(false))
    }

    /// Seals what is due, and lets go of it. What has settled later than the horizon is for
    /// the next round.
    pub(super) fn work(
        &mut self,
        loader: &mut dyn Loader,
        control: &Control,
        horizon: Instant,
    ) -> Result<(), ServiceError> {
        self.check_places()?;
        let taken_up = self.take_up_batches();
        if !self.is_recovered {
            return taken_up;
        }
        let mut outcome = match self.is_loaded {
            true => Ok(()),
            false => self.load(loader).map(drop),
        };
        let mut no_room = Ok(());
        loop {
            while outcome.is_ok()
                && !control.is_asked()
                && self.sealing.len() < AHEAD
                && self.kept() < MOST_KEPT
                && self.settling.next_due().is_some_and(|due| due <= horizon)
            {
                outcome = self.begin_batch(loader, horizon);
            }
            let is_last = self.sealing.is_empty();
            for ended in [self.end_batch(), self.end_large()] {
                match ended {
                    // Others may fit.
                    Err(error) if is_full(&error) => no_room = no_room.and(Err(error)),
                    ended => outcome = outcome.and(ended),
                }
            }
            // Sealed calls don't wait until a long queue is empty, or until there is
            // room for it.
            outcome = outcome.and(self.release_due());
            self.report_state();
            if is_last {
                break;
            }
        }
        outcome.and(no_room).and(taken_up)
    }

    /// Waits until nothing is done beside the service any more.
    fn end_tasks(&mut self) -> Result<(), ServiceError> {
        // What takes longest comes last: the program may be ended before.
        let mut outcome = Ok(());
        if let Some(making) = self.making.take() {
            outcome = self.end_making(making);
        }
        if let Some(releasing) = self.large.releasing.take() {
            outcome = outcome.and(self.end_release(releasing));
        }
        if let Some(sealing) = self.large.sealing.take() {
            outcome = outcome.and(self.keep_sealed(sealing.end()));
        }
        outcome
    }

    /// Checks that the directories of the service are there.
    fn check_places(&mut self) -> Result<(), ServiceError> {
        self.spool.check()?;
        self.outbox.check()?;
        // Another directory of this name does as well.
        self.moved = open_moved(&self.settings, &self.spool.root)?;
        Ok(())
    }

    /// Finds out where the last service ended, and looks at batches again of which
    /// something couldn't be seen.
    fn take_up_batches(&mut self) -> Result<(), ServiceError> {
        match self.is_recovered {
            true => self.look_at_held(Instant::now()),
            false => self.recover(),
        }
    }

    /// Waits for the next thing to do.
    fn wait(&self, control: &Control) {
        if control.is_stopped() {
            // What has told so may have been read together with a reload.
            return;
        }
        let (now, has_room) = (Instant::now(), self.kept() < MOST_KEPT);
        let dues = match self.backoff.waits_until(now) {
            // Until the next try, nothing is sealed.
            Some(until) => [Some(until), None, None],
            None => [
                Some(self.next_scan),
                self.settling.next_due().filter(|_| has_room),
                self.waiting.iter().map(|waiting| waiting.until).min(),
            ],
        };
        let archives = self.archive_backoff.waits_until(now);
        let others = [archives, self.report_due()];
        let due = dues.into_iter().chain(others).flatten().min();
        let longest = match self.large.is_busy() || self.making.is_some() {
            true => BESIDE,
            false => RESCAN,
        };
        let left = due.map_or(longest, |due| {
            due.saturating_duration_since(Instant::now()).min(longest)
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
        let is_idle = !self.large.is_busy() && self.making.is_none();
        self.workers.pulse.wait(is_idle, || {
            let _ = poll(&mut sources, Some(&timeout));
        });
    }

    fn done(&self) -> Done {
        Done {
            failing: self.aside.len() + self.held.len() + self.unflushed.len(),
            damaged: self.damaged.len(),
        }
    }
}
