//! The progress bar.

use std::sync::atomic::{AtomicU64, Ordering};

use callseal::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;

/// A bar with members, bytes, rate and time left. It's shown on terminals only.
pub struct Bar {
    bar: ProgressBar,
    verb: &'static str,
    members: AtomicU64,
    done: AtomicU64,
}

impl Bar {
    /// Creates a bar. `verb` names the work, such as `packing`.
    pub fn new(ui: &Ui, verb: &'static str) -> Self {
        let target = if ui.shows_progress() {
            ProgressDrawTarget::stderr_with_hz(8)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template(
            "{msg} [{wide_bar}] {bytes}/{total_bytes}, {binary_bytes_per_sec}, {eta} left",
        );
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            bar,
            verb,
            members: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }

    /// Returns the bar of a command that shows none.
    pub fn none() -> ProgressBar {
        ProgressBar::hidden()
    }

    /// Returns the bar itself, to hide it during a question.
    pub fn handle(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Removes the bar from the screen, to make room for the summary.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show_members(&self, done: u64) {
        let members = self.members.load(Ordering::Relaxed);
        self.bar
            .set_message(format!("{} {done}/{members}", self.verb));
    }
}

impl Progress for Bar {
    fn begin(&self, members: u64, bytes: u64) {
        self.members.store(members, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        self.bar.set_position(0);
        self.bar.set_length(bytes);
        self.show_members(0);
    }

    fn bytes(&self, count: u64) {
        self.bar.inc(count);
    }

    fn member(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        // Don't format what nobody sees.
        if !self.bar.is_hidden() {
            self.show_members(done);
        }
    }
}
