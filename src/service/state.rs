//! How a service does.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Stat, StatxFlags, statx};

use super::ahead::Sealing;
use super::report::Event;
use super::settling::Candidate;
use super::{Service, later};

/// The least time between two reports.
const PAUSE: Duration = Duration::from_secs(1);

/// How a service does at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The number of files that wait to be sealed.
    pub waiting: u64,
    /// When the oldest of them was written.
    pub oldest: Option<SystemTime>,
    /// The number of files that are sealed, and kept for a grace.
    pub kept: u64,
    /// The number of sealed files that are to be bundled.
    pub to_bundle: u64,
    /// The number of files that were set aside.
    pub set_aside: u64,
    /// The first of them, and why.
    pub named: Vec<(PathBuf, String)>,
    /// The number of entries of the spool that aren't files, or can't be read.
    pub passed_over: u64,
    /// The number of batches whose archives are damaged.
    pub damaged: u64,
    /// The number of batches that are bundled after a restart.
    pub unflushed: u64,
    /// Whether the system doesn't say what has changed in some directories.
    pub is_polling: bool,
}

impl Service<'_> {
    /// Reports how it does, unless it has just done so.
    pub(super) fn report_state(&mut self) {
        let now = Instant::now();
        match self.next_report > now {
            // Where the last report had something new, more follows.
            true => self.is_report_due |= self.has_reported_news,
            false => self.report_state_now(),
        }
    }

    pub(super) fn report_state_now(&mut self) {
        let state = self.state();
        self.next_report = later(PAUSE);
        self.is_report_due = false;
        self.has_reported_news = self.reported != state;
        if self.has_reported_news {
            self.observer.note(&Event::State(&state));
            self.reported = state;
        }
    }

    /// Returns when it's time to report how it does, if that may have changed.
    pub(super) fn report_due(&self) -> Option<Instant> {
        self.is_report_due.then_some(self.next_report)
    }

    fn state(&self) -> State {
        let sealing: usize = self.all_sealing().map(Sealing::files).sum();
        let waiting = (self.settling.len() + self.large.waiting() + sealing) as u64;
        let waiting = waiting + self.left;
        let named = self.aside.named();
        let named = named.map(|(file, why)| (file.shown(&self.spool.path), why.to_owned()));
        State {
            waiting,
            oldest: self.oldest.filter(|_| waiting > 0),
            kept: (self.kept() - sealing) as u64,
            to_bundle: self.ready.values().map(|ready| ready.members).sum(),
            set_aside: self.aside.count_set_aside() as u64,
            named: named.collect(),
            passed_over: self.passed_over.len(),
            damaged: self.damaged.len() as u64,
            unflushed: self.unflushed.len() as u64,
            is_polling: self.is_polling,
        }
    }

    /// Notes how old a file is that waits.
    pub(super) fn note_age(&mut self, file: &Candidate, stat: &Stat) {
        let modified = modified(stat);
        if self.oldest.is_some_and(|oldest| modified >= oldest) {
            return;
        }
        let path = file.shown(std::path::Path::new(""));
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let found = statx(self.spool.root.handle(), path, flags, StatxFlags::BTIME);
        let written = match found {
            Ok(found) => written(stat, &found),
            Err(_) => modified.min(changed(stat)),
        };
        if self.oldest.is_none_or(|oldest| written < oldest) {
            self.oldest = Some(written);
        }
    }
}

/// Returns when a file was written to last. Its date may have been set to any time, but
/// nothing was written to it before it was there.
pub(super) fn written(stat: &Stat, found: &rustix::fs::Statx) -> SystemTime {
    let modified = modified(stat);
    let written = match found.stx_mask & StatxFlags::BTIME.bits() {
        0 => modified,
        _ => modified.max(time(found.stx_btime.tv_sec, found.stx_btime.tv_nsec)),
    };
    // Nobody can set this one, and it's never before the last writing.
    written.min(changed(stat))
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the types differ from system to system"
)]
fn changed(stat: &Stat) -> SystemTime {
    time(stat.st_ctime as i64, stat.st_ctime_nsec as u32)
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the types differ from system to system"
)]
pub(super) fn modified(stat: &Stat) -> SystemTime {
    time(stat.st_mtime as i64, stat.st_mtime_nsec as u32)
}

fn time(seconds: i64, nanoseconds: u32) -> SystemTime {
    let since = Duration::new(u64::try_from(seconds).unwrap_or_default(), nanoseconds);
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
